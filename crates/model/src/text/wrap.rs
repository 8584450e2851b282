//! Lines of at most so many columns.

/// Columns of a label with its indent.
const LABEL: usize = 11;

/// `  label    text`, continued under the text, cut after `most` lines.
pub(super) fn labelled(columns: usize, label: &str, text: &str, most: usize) -> Vec<String> {
    wrapped(
        columns,
        &format!("  {label:<8} "),
        &" ".repeat(LABEL),
        text,
        most,
    )
}

/// `lead` and `text`, continued after `indent`, cut after `most` lines with an ellipsis.
pub(super) fn wrapped(
    columns: usize,
    lead: &str,
    indent: &str,
    text: &str,
    most: usize,
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = lead.to_owned();
    let mut fresh = true;
    for word in text.split_ascii_whitespace() {
        for part in pieces(word, columns - LABEL.max(indent.len())) {
            let gap = usize::from(!fresh);
            if line.len() + gap + part.len() > columns && !fresh {
                lines.push(std::mem::replace(&mut line, indent.to_owned()));
                fresh = true;
            } else if fresh && line.len() + part.len() > columns {
                // Not even alone beside a long lead.
                lines.push(line.trim_end().to_owned());
                line = indent.to_owned();
            }
            if !fresh {
                line.push(' ');
            }
            line.push_str(part);
            fresh = false;
        }
    }
    lines.push(line);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let fits = columns - 4;
            if last.len() > fits {
                let end = last.get(..fits).and_then(|s| s.rfind(' ')).unwrap_or(fits);
                last.truncate(end);
            }
            last.push_str(" ...");
        }
    }
    lines
}

/// A word in pieces that fit a line; ASCII, so that bytes are columns.
fn pieces(word: &str, width: usize) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at_checked(width).unwrap_or((rest, ""));
        rest = after;
        Some(piece)
    })
}

/// One line, cut at the end.
pub(super) fn shortened(columns: usize, line: &str) -> String {
    match line.get(..columns - 3) {
        Some(head) if line.len() > columns => format!("{head}..."),
        _ => line.to_owned(),
    }
}

/// A name shortened in the middle: both ends tell more than either alone.
pub(super) fn middle(name: &str, width: usize) -> String {
    if name.len() <= width {
        return name.to_owned();
    }
    let keep = width.saturating_sub(3);
    let tail = keep * 2 / 3;
    let head = name.get(..keep - tail).unwrap_or_default();
    let end = name.get(name.len() - tail..).unwrap_or_default();
    format!("{head}...{end}")
}
