//! The `creation_rules` of a `.sops.yaml`, read line by line: of YAML no more than SOPS' own
//! examples use.

use lychgate_scan::PathPattern;

/// One rule that names files.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pattern: PathPattern,
}

/// Rules of one file.
const MOST: usize = 200;

/// Files of the kinds that repositories hold in the clear: a rule that takes all of a kind says
/// how it is encrypted, not that it has to be.
const ORDINARY: [&str; 10] = [
    "kustomization.yaml",
    "deploy/values.yml",
    "package.json",
    "README.md",
    "setup.ini",
    "main.tf",
    "src/main.c",
    "config.toml",
    "app.properties",
    "notes.txt",
];

/// Words of a pattern that names secrets: with `encrypted_regex` only some values are encrypted,
/// and files without any are nobody's.
const TELLING: [&str; 8] = [
    "secret", "cred", "enc", "sops", "vault", "passw", "private", "token",
];

impl Rule {
    pub(super) fn fits(&self, path: &[u8]) -> bool {
        self.pattern.is_match(path)
    }
}

#[derive(Default)]
struct Draft {
    pattern: Option<String>,
    partial: bool,
}

/// The rules that count, and what could not be read.
pub(super) fn read(text: &str) -> (Vec<Rule>, Option<String>) {
    let mut rules = Vec::new();
    let mut left = 0;
    let (drafts, unread) = drafts(text);
    left += unread;
    for draft in drafts {
        let Some(pattern) = draft.pattern else {
            continue;
        };
        let Ok(compiled) = PathPattern::new(&pattern) else {
            left += 1;
            continue;
        };
        let broad = ORDINARY.iter().any(|p| compiled.is_match(p.as_bytes()));
        let lower = pattern.to_ascii_lowercase();
        let telling = TELLING.iter().any(|word| lower.contains(word));
        if !broad && (telling || !draft.partial) {
            rules.push(Rule { pattern: compiled });
        }
    }
    let left = (left > 0).then(|| format!("{left} of its creation_rules could not be read"));
    (rules, left)
}

fn drafts(text: &str) -> (Vec<Draft>, usize) {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut unread = 0;
    let mut inside = false;
    // Columns of the dash of an item and of its keys.
    let mut dash = None;
    let mut keys = None;
    for line in text.lines() {
        let content = line.trim_start_matches(' ');
        let mut column = line.len() - content.len();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if column == 0 && !content.starts_with('-') {
            inside = content.split('#').next().map(str::trim_end) == Some("creation_rules:");
            let flow = content.starts_with("creation_rules:") && !inside;
            unread += usize::from(flow);
            (dash, keys) = (None, None);
            continue;
        }
        if !inside {
            continue;
        }
        let mut content = content;
        if let Some(rest) = content.strip_prefix('-')
            && (rest.is_empty() || rest.starts_with(' '))
            && *dash.get_or_insert(column) == column
        {
            if drafts.len() == MOST {
                return (drafts, unread + 1);
            }
            drafts.push(Draft::default());
            content = rest.trim_start();
            column += 1 + rest.len() - content.len();
            keys = (!content.is_empty()).then_some(column);
            unread += usize::from(content.starts_with('{'));
        }
        if *keys.get_or_insert(column) != column {
            continue;
        }
        let Some(draft) = drafts.last_mut() else {
            continue;
        };
        match content.split_once(':') {
            Some(("path_regex", value)) => match scalar(value.trim()) {
                Some(pattern) => draft.pattern = Some(pattern),
                None => unread += 1,
            },
            Some(("encrypted_regex" | "encrypted_suffix" | "encrypted_comment_regex", _)) => {
                draft.partial = true;
            }
            _ => {}
        }
    }
    (drafts, unread)
}

/// A scalar on one line; `None`: it goes on, or is no text.
fn scalar(value: &str) -> Option<String> {
    if let Some(rest) = value.strip_prefix('\'') {
        let mut out = String::new();
        let mut chars = rest.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\'' if chars.next_if_eq(&'\'').is_some() => out.push('\''),
                '\'' => return Some(out),
                c => out.push(c),
            }
        }
        return None;
    }
    if let Some(rest) = value.strip_prefix('"') {
        let mut out = String::new();
        let mut chars = rest.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => return Some(out),
                '\\' => match chars.next()? {
                    c @ ('\\' | '"' | '/') => out.push(c),
                    't' => out.push('\t'),
                    _ => return None,
                },
                c => out.push(c),
            }
        }
        return None;
    }
    if value.is_empty() || value.starts_with(['|', '>', '&', '*', '!', '{', '[']) {
        // A plain scalar cannot begin so; `[` is a list, and a pattern that begins so is quoted.
        return None;
    }
    let plain = value.split(" #").next().unwrap_or(value);
    Some(plain.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(text: &str, path: &str) -> bool {
        read(text).0.iter().any(|r| r.fits(path.as_bytes()))
    }

    #[test]
    fn rules_name_files() {
        let text = "\
# keys of the team
stores:
  yaml:
    indent: 2
creation_rules:
  # production
  - path_regex: ^prod/.*\\.ya?ml$  # all of it
    key_groups:
      - pgp:
          - path_regex: nested/.*
  - kms: arn
    path_regex: 'secrets/it''s/.*'
  - path_regex: \"\\\\.secret\\\\.json$\"
    encrypted_regex: ^(data)$
  - age: age1x
other: 1
";
        assert!(fits(text, "prod/a.yaml") && fits(text, "x/secrets/it's/b"));
        assert!(fits(text, "a.secret.json"));
        assert!(!fits(text, "nested/a") && !fits(text, "dev/a.yaml"));
        assert_eq!(read(text).1, None);
    }

    #[test]
    fn rules_for_a_kind_of_file_promise_nothing() {
        for pattern in [".*\\.yaml$", ".*", "\\.json$", "\\.(ya?ml|json)$"] {
            let text = format!("creation_rules:\n- path_regex: {pattern}\n  age: x\n");
            assert!(read(&text).0.is_empty(), "{pattern}");
        }
        let some =
            |p: &str| format!("creation_rules:\n- encrypted_regex: ^data$\n  path_regex: {p}\n");
        assert!(read(&some("apps/.*\\.yaml")).0.is_empty());
        assert_eq!(read(&some("apps/.*secret.*\\.yaml")).0.len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for text in [
            "creation_rules: [{path_regex: a}]\n",
            "creation_rules:\n- {path_regex: a}\n",
            "creation_rules:\n- path_regex: >-\n    a\n",
            "creation_rules:\n- path_regex: a(\n",
            "creation_rules:\n- path_regex: 'a\n",
        ] {
            assert!(read(text).1.is_some(), "{text}");
        }
        for text in [
            "",
            "x",
            "- a",
            "creation_rules:\n",
            "creation_rules:\n  path_regex: a\n",
        ] {
            assert!(read(text).0.is_empty(), "{text}");
        }
    }
}
