//! Values split into several literals: `"AB" + "CD"`, `"AB" "CD"`, `['AB', 'CD'].join('')`.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::packed::Searcher;

use super::named;
use super::survey::{bits, follows, mark};
use super::view::{View, is_value};
use super::{Hints, Scene};
use crate::masks::{BLOCK, Block};

/// Bytes between two literals of one value: an operator, line ends, indentation.
pub(super) const BETWEEN: usize = 160;
/// Bytes of one literal.
const LITERAL: usize = 8 << 10;
/// Bytes of one view.
const MOST: usize = 16 << 10;
/// Bytes around a list in which the word that joins it is looked for.
const CALL: usize = 32;

/// Calls `each` with a view of every chain of literals, joined.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let &Scene {
        text,
        from,
        begins,
        hints,
        survey,
    } = scene;
    let mut calls = Calls::default();
    let mut at = from;
    while let Some(block) = survey.next(mark::JOIN, at) {
        for bit in bits(Block::of(text, block).quotes()) {
            let quote = block + bit;
            if quote < at {
                continue;
            }
            let Some(opens) = join(text, quote, (begins, hints), &mut calls) else {
                continue;
            };
            let end = chain(text, (quote, opens), hints, &mut calls, view);
            if !each(view) {
                return;
            }
            at = end.max(quote + 1);
        }
        at = at.max(block + BLOCK);
    }
}

/// Bytes that may stand between two literals: of operators, calls and prefixes of literals.
const BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let all = b" \t\r\n\x0c+.&\\,|<>~^_()concatrfbuL@$";
    let mut i = 0;
    while i < all.len() {
        table[all[i] as usize] = true;
        i += 1;
    }
    table
};

/// Whether a value may be cut beside this: of keys, and of the signs that passwords have.
fn is_part(b: u8) -> bool {
    is_value(b)
        || matches!(
            b,
            b'!' | b'#' | b'$' | b'*' | b'?' | b'@' | b'^' | b'&' | b'~'
        )
}

/// Whether the quote at `quote` can close a literal that goes on in another: most are followed by
/// something else, and that is seen soonest. What it refuses, [`join`] does not join.
pub(super) fn may_go_on(text: &[u8], quote: usize, hints: Hints) -> bool {
    let byte = |at: usize| text.get(at).copied().unwrap_or(0);
    let behind = |at: usize| {
        let rest = text.get(at..).unwrap_or_default().iter();
        at + rest.take_while(|b| b.is_ascii_whitespace()).count()
    };
    let first = byte(quote + 1);
    if follows(first) & mark::JOIN == 0 || !quote.checked_sub(1).is_some_and(|i| is_part(byte(i))) {
        return false;
    }
    match first {
        b',' => hints.joins,
        b';' => hints.goes_on,
        // A line may go on in many ways, but not beyond a sign that neither joins nor opens.
        b' ' => {
            let next = behind(quote + 2);
            let sign = byte(next);
            let joins = BYTES.get(usize::from(sign)).is_some_and(|may| *may);
            joins
                || matches!(sign, b'"' | b'\'' | b'`' | b';')
                || memchr::memchr(b'\n', text.get(quote + 2..next).unwrap_or_default()).is_some()
        }
        b')' => {
            let next = behind(quote + 2);
            matches!(byte(next), b'+' | b'.' | b'&' | b';')
                || memchr::memchr(b'\n', text.get(quote + 2..next).unwrap_or_default()).is_some()
        }
        _ => true,
    }
}

/// Whether a literal that ends in the line before `at`, or one before it, may go on in another
/// behind. Nothing is read farther behind `at` than to find that out of a list. Each question takes
/// one off `asked`; when none are left, it may.
pub(super) fn goes_on(text: &[u8], at: usize, hints: Hints, asked: &mut usize) -> bool {
    // How far whitespace goes on behind does not count.
    let near = text.get(..text.len().min(at + BETWEEN)).unwrap_or(text);
    let from = at.saturating_sub(BETWEEN + 1);
    let head = text.get(from..at).unwrap_or_default().iter().enumerate();
    let mut calls = Calls::default();
    // A literal that nothing closes ends with its line.
    let mut ends = head.filter(|(_, b)| matches!(b, b'"' | b'\'' | b'`' | b'\n'));
    ends.any(|(i, _)| {
        if !may_go_on(near, from + i, hints) {
            return false;
        }
        let Some(left) = asked.checked_sub(1) else {
            return true;
        };
        *asked = left;
        let opens = joined(text, from + i, (0, hints), &mut calls);
        opens.is_some_and(|opens| opens >= at)
    })
}

/// Where the next literal's content begins, if the quote at `quote` closes one and what stands
/// between only joins them.
fn join(
    text: &[u8],
    quote: usize,
    (from, hints): (usize, Hints),
    calls: &mut Calls,
) -> Option<usize> {
    let may = may_go_on(text, quote, hints);
    may.then(|| joined(text, quote, (from, hints), calls))?
}

/// The same of a quote that may.
fn joined(
    text: &[u8],
    quote: usize,
    (from, hints): (usize, Hints),
    calls: &mut Calls,
) -> Option<usize> {
    let most = text.len().min(quote + 1 + BETWEEN);
    let between = text.get(quote + 1..most)?;
    let first = *between.first()?;
    let behind = |opens: usize| {
        let next = between.get(opens + 1).filter(|b| is_part(**b));
        next.map(|_| quote + 1 + opens + 1)
    };
    let bridged = match first {
        b';' | b'\r' | b'\n' => hints.goes_on,
        b'.' | b')' | b' ' => true,
        _ => false,
    };
    if let Some(opens) = bridged.then(|| bridge(between)).flatten() {
        return behind(opens);
    }
    if first == b';' {
        return None;
    }
    if first == b',' && !hints.joins {
        return None;
    }
    // `string("AB") + "CD"`: most calls that end are followed by something else.
    if first == b')' {
        let next = between.get(1..)?.iter().find(|b| !b.is_ascii_whitespace());
        if !matches!(next, Some(b'+' | b'.' | b'&')) {
            return None;
        }
    }
    let opens = between
        .iter()
        .position(|&b| !BYTES.get(usize::from(b)).is_some_and(|may| *may))?;
    if between.get(opens..)?.starts_with(b"/*") {
        return behind(commented(between, opens)?);
    }
    if !matches!(between.get(opens)?, b'"' | b'\'' | b'`') {
        return None;
    }
    let operator = between.get(..opens)?;
    let prefix = operator
        .iter()
        .rev()
        .take(2)
        .take_while(|b| matches!(b, b'r' | b'f' | b'b' | b'u' | b'L' | b'@' | b'$'))
        .count();
    let operator = operator.get(..operator.len() - prefix)?;
    let next = *between.get(opens + 1)?;
    if !is_part(next) {
        return None;
    }
    let trimmed = operator.trim_ascii();
    let joins = match trimmed {
        // Side by side: of a shell even with one mark, which elsewhere means a mark in a value.
        b"" => true,
        b"+" | b"." | b".." | b"&" | b"++" | b"||" | b"<<" | b"<>" | b"~" | b"\\" | b"_"
        | b"& _" | b"^" | b".concat(" | b") +" | b")+" | b") ." | b")." | b") &" => true,
        b"," => hints.joins && calls.join(text, quote, from),
        // A line that ends with an operator, and a comment or a sign that goes on.
        _ => trimmed
            .iter()
            .all(|b| b.is_ascii_whitespace() || matches!(b, b'+' | b'.' | b'\\' | b'&' | b'_')),
    };
    joins.then_some(quote + 1 + opens + 1)
}

/// Where the next literal opens behind a comment that begins at `opens`.
fn commented(between: &[u8], opens: usize) -> Option<usize> {
    let sign = between.get(..opens)?.trim_ascii();
    let joins = matches!(
        sign,
        b"" | b"+" | b"." | b".." | b"&" | b"<>" | b"||" | b"++"
    );
    let end = opens + memchr::memmem::find(between.get(opens..)?, b"*/")? + 2;
    let rest = between.get(end..)?.trim_ascii_start();
    let quote = matches!(rest.first()?, b'"' | b'\'' | b'`');
    (joins && quote).then_some(between.len() - rest.len())
}

/// Where the next literal opens behind a call or a statement that goes on with the first:
/// `").append("`, `".to_string() + "`, `";` and `t += "` on the next line.
fn bridge(between: &[u8]) -> Option<usize> {
    let opens = |rest: &[u8]| {
        let rest = rest.trim_ascii_start();
        let prefix = rest
            .iter()
            .take(2)
            .take_while(|b| matches!(b, b'r' | b'f' | b'b' | b'u' | b'L' | b'@' | b'$'));
        let rest = rest.get(prefix.count()..)?;
        let quote = matches!(rest.first()?, b'"' | b'\'' | b'`');
        quote.then_some(between.len() - rest.len())
    };
    for word in [
        &b".to_string()"[..],
        b".to_owned()",
        b".into()",
        b".ToString()",
        b"s",
    ] {
        if let Some(rest) = between.strip_prefix(word) {
            let rest = rest.trim_ascii_start();
            return opens(
                rest.strip_prefix(b"+")?
                    .strip_prefix(b" &")
                    .unwrap_or(rest.get(1..)?),
            );
        }
    }
    // A line of PowerShell that goes on.
    let plain = between.trim_ascii_start();
    if let Some(rest) = plain
        .strip_prefix(b"+ `\n")
        .or_else(|| plain.strip_prefix(b"+ `\r\n"))
    {
        return opens(rest);
    }
    let rest = plain.strip_prefix(b")").unwrap_or(plain).trim_ascii_start();
    for word in [
        &b".append("[..],
        b".Append(",
        b".concat(",
        b".push_str(",
        b"<<",
    ] {
        if let Some(rest) = rest.strip_prefix(word) {
            return opens(rest);
        }
    }
    let rest = rest.strip_prefix(b";").unwrap_or(rest);
    let line = rest.trim_ascii_start();
    let crossed = between.get(..between.len() - line.len())?;
    if !crossed.contains(&b'\n') {
        return None;
    }
    let part = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$' | b'-' | b'>');
    let (name, rest) = line.split_at_checked(line.iter().take(64).take_while(part).count())?;
    // The dot of `.=` is none of the name's.
    let (name, rest) = match (name.strip_suffix(b"."), rest) {
        (Some(short), [b'=', ..]) => (short, line.get(short.len()..)?),
        _ => (name, rest),
    };
    let rest = rest.trim_ascii_start();
    if name.is_empty() {
        return None;
    }
    if let Some(rest) = rest
        .strip_prefix(b"+=")
        .or_else(|| rest.strip_prefix(b".="))
        .or_else(|| rest.strip_prefix(b"<<"))
    {
        return opens(rest);
    }
    let inside = rest.strip_prefix(b"(")?;
    if [&b".append"[..], b".Append", b".push_str"]
        .iter()
        .any(|w| name.ends_with(w))
        || name == b"append"
    {
        return opens(inside);
    }
    let to = name
        .ends_with(b"strcat")
        .then(|| memchr::memchr(b',', inside.get(..inside.len().min(64))?))?;
    opens(inside.get(to? + 1..)?)
}

/// Words that join a list, before it or behind it; the last before it only.
const WORDS: [&[u8]; 7] = [
    b"oncat", b"join", b"Join", b"implode", b"CONCAT", b"Sprint(", b"paste0(",
];
/// Bytes of the longest.
const LONGEST: usize = 7;

/// Bytes in which the next word is looked for at once.
const AT_ONCE: usize = 256;

/// The word at `at` of `text`, of the first `count`.
fn word(text: &[u8], at: usize, count: usize) -> Option<&'static [u8]> {
    let rest = text.get(at..)?;
    if !matches!(
        rest.first()?,
        b'o' | b'j' | b'J' | b'i' | b'C' | b'S' | b'p'
    ) {
        return None;
    }
    let words = WORDS.iter().take(count);
    words.copied().find(|word| rest.starts_with(word))
}

/// Where the first word begins that begins in `range` of `text`.
fn first_word(text: &[u8], range: Range<usize>) -> Option<usize> {
    static WIDE: LazyLock<Option<Searcher>> = LazyLock::new(|| Searcher::new(WORDS));
    let until = text.len().min(range.end + LONGEST - 1);
    let part = text.get(range.start..until)?;
    let found = match &*WIDE {
        Some(wide) => wide.find(part).map(|m| range.start + m.start()),
        // Not on every machine.
        None => (range.start..range.end).find(|at| word(text, *at, WORDS.len()).is_some()),
    };
    found.filter(|at| *at < range.end)
}

/// What is known of the words around the lists of a text, whose items come in order: nothing is
/// read once for each of them.
#[derive(Default)]
struct Calls {
    /// Words that begin before this were looked for; where the last of them begins that matters,
    seen: usize,
    last: Option<usize>,
    /// and the next one, which is all that was found of those behind.
    next: Option<usize>,
    /// Words that begin before this were asked for.
    asked: usize,
    /// No bracket closes in here.
    open: Range<usize>,
    /// Where one closes at its end: whether a word stands behind it.
    closes: Option<bool>,
}

impl Calls {
    /// Whether a list of literals stands in a call that joins them.
    fn join(&mut self, text: &[u8], at: usize, from: usize) -> bool {
        self.begins(text, at, from) || self.ends(text, at)
    }

    /// Whether the call begins in what stands before `at`.
    fn begins(&mut self, text: &[u8], at: usize, from: usize) -> bool {
        let far = at.saturating_sub(BETWEEN);
        let near = at.saturating_sub(LONGEST);
        if self.asked > near {
            (self.seen, self.last, self.next) = (0, None, None);
        }
        self.asked = near;
        // As many as end before `at`, and one more or none up to there.
        loop {
            match self.next {
                Some(next) if next < near => self.last = self.next.take(),
                None if self.seen < at => {
                    let from = self.seen.max(far);
                    let to = at + AT_ONCE;
                    self.next = first_word(text, from..to);
                    self.seen = self.next.map_or(to, |next| next + 1);
                }
                Some(_) | None => break,
            }
        }
        let least = far.max(from.min(at));
        let before = text.get(..at).unwrap_or_default();
        self.last.is_some_and(|begin| begin >= least)
            || self.next.is_some_and(|next| next < at)
                && (near.max(least)..at).any(|begin| word(before, begin, WORDS.len()).is_some())
    }

    /// Whether its end, behind `at`, says so.
    fn ends(&mut self, text: &[u8], at: usize) -> bool {
        let most = text.len().min(at + LITERAL.min(1024));
        if at < self.open.start || self.open.end < at {
            (self.open, self.closes) = (at..at, None);
        }
        if self.closes.is_none() {
            let rest = text.get(self.open.end..most).unwrap_or_default();
            let found = memchr::memchr2(b']', b')', rest);
            self.open.end += found.unwrap_or(rest.len());
            self.closes = found.map(|_| {
                let closes = self.open.end;
                says(text, closes..text.len().min(closes + CALL))
            });
        }
        let closes = self.open.end;
        match self.closes {
            None => false,
            Some(_) if closes >= most => false,
            Some(says) if closes + CALL <= most => says,
            Some(_) => says(text, closes..most),
        }
    }
}

/// Whether a word that joins stands in `tail`.
fn says(text: &[u8], mut tail: Range<usize>) -> bool {
    let part = text.get(..tail.end).unwrap_or_default();
    tail.any(|at| word(part, at, WORDS.len() - 1).is_some())
}

/// Joins the chain whose first literal closes at `quote`; returns where it ends.
fn chain(
    text: &[u8],
    (quote, opens): (usize, usize),
    hints: Hints,
    calls: &mut Calls,
    view: &mut View,
) -> usize {
    view.begin("joined literals");
    // The first literal is hidden too: its value begins there.
    let start = literal_start(text, quote);
    let open = named::copy(text, start, view);
    let core = view.plain.len();
    view.copy(text, start..quote);
    let mut at = opens;
    loop {
        let end = literal_end(text, at);
        view.copy(text, at..end.start);
        let next = (view.plain.len() < MOST)
            .then(|| join(text, end.start, (0, hints), calls))
            .flatten();
        match next {
            Some(next) => at = next,
            None => {
                view.core = core..view.plain.len();
                named::close(text, end.start, open, view);
                return end.start;
            }
        }
    }
}

fn literal_start(text: &[u8], quote: usize) -> usize {
    let Some(&mark) = text.get(quote) else {
        return quote;
    };
    let least = quote.saturating_sub(LITERAL);
    let head = text.get(least..quote).unwrap_or_default();
    memchr::memrchr2(mark, b'\n', head).map_or(least, |n| least + n + 1)
}

/// Where the literal whose content begins at `at` closes: the place of its quote.
fn literal_end(text: &[u8], at: usize) -> Range<usize> {
    let mark = at.checked_sub(1).and_then(|i| text.get(i)).copied();
    let most = text.len().min(at + LITERAL);
    let tail = text.get(at..most).unwrap_or_default();
    let end = at + memchr::memchr2(mark.unwrap_or(b'"'), b'\n', tail).unwrap_or(tail.len());
    end..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same without a memory, word by word.
    fn plainly(text: &[u8], at: usize, from: usize) -> bool {
        let least = at.saturating_sub(BETWEEN).max(from.min(at));
        let holds = |part: &[u8], words: &[&[u8]]| {
            let mut found = words.iter().map(|w| memchr::memmem::find(part, w));
            found.any(|at| at.is_some())
        };
        if holds(text.get(least..at).unwrap_or_default(), &WORDS) {
            return true;
        }
        let after = text.get(at..text.len().min(at + 1024)).unwrap_or_default();
        let Some(closes) = after.iter().position(|b| matches!(b, b']' | b')')) else {
            return false;
        };
        let end = after.len().min(closes + CALL);
        holds(&after[closes..end], &WORDS[..6])
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let word = proptest::sample::select(WORDS.to_vec()).prop_map(<[u8]>::to_vec);
        let sign = proptest::sample::select(b"])\"', ;+.abs=\n".to_vec()).prop_map(|b| vec![b]);
        let far = (1usize..400).prop_map(|n| vec![b'x'; n]);
        let list = (1usize..60).prop_map(|n| b"\"ab\", ".repeat(n));
        let part = prop_oneof![2 => word, 6 => sign, 2 => far, 2 => list];
        proptest::collection::vec(part, 1..30).prop_map(|parts| parts.concat())
    }

    #[test]
    fn comments_and_statements_between_are_no_end() {
        use super::super::tests::{VALUE, one, scan};
        let (head, tail) = VALUE.split_at(12);
        for between in ["\" + /* part */ \"", "\")\n    append(\"", "\"\nkey << \""] {
            let text = format!("buildString {{ append(\"x\")\nkey = (\"{head}{between}{tail}\")");
            assert_eq!(one(text.as_bytes()).1, "joined literals", "{text}");
        }
        let twin = format!("key = f(\"{head}\", /* part */ \"{tail}\")");
        assert!(scan(twin.as_bytes()).findings.is_empty());
    }

    proptest! {
        #[test]
        fn calls_are_remembered_as_they_are(
            text in text(),
            steps in proptest::collection::vec((0usize..9, 0usize..200, any::<bool>()), 1..200),
            from in 0usize..300,
        ) {
            let (mut calls, mut at) = (Calls::default(), from);
            for (step, leap, back) in steps {
                at = if step == 0 { at + leap } else { at + step };
                if at >= text.len() {
                    at = from.min(text.len());
                }
                let from = if back { 0 } else { from };
                prop_assert_eq!(calls.join(&text, at, from), plainly(&text, at, from));
            }
        }

        #[test]
        fn what_cannot_go_on_is_not_joined(
            text in "[a\"'`]{1,3}[\"'`][ \n)+.&;,<|~=s\\\\]{0,4}[ \n]{0,3}(t|b|)[ \n]{0,2}(\\+=|\\.=|\\.append\\(|\\.concat\\(|\\.into\\(\\) \\+|\\(|strcat\\(t,|)[ \n)]{0,2}[rfb]?[\"'`][ab ]",
            (joins, goes_on) in (any::<bool>(), any::<bool>()),
        ) {
            let text = text.as_bytes();
            let hints = Hints { joins, goes_on, ..Hints::default() };
            for at in 1..text.len() {
                let next = text.get(at + 1).copied().unwrap_or(0);
                let quote = matches!(text[at], b'"' | b'\'' | b'`');
                let beside = is_part(text[at - 1]) && follows(next) & mark::JOIN != 0;
                if quote && beside && !may_go_on(text, at, hints) {
                    let mut calls = Calls::default();
                    prop_assert_eq!(joined(text, at, (0, hints), &mut calls), None);
                }
            }
        }
    }
}
