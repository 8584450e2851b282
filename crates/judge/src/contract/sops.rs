//! The `creation_rules` of a `.sops.yaml`.

use lychgate_scan::PathPattern;
use saphyr_parser::{Event, Parser};

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

/// A mapping or sequence that is open.
struct Level {
    is_map: bool,
    /// Of a mapping: the key whose value comes.
    key: Option<String>,
}

/// The rules as written, in whatever style, and how many could not be read.
fn drafts(text: &str) -> (Vec<Draft>, usize) {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut unread = 0;
    let mut levels: Vec<Level> = Vec::new();
    // Nothing is built of the document: an alias is a name, and means nothing here.
    for event in Parser::new_from_str(text) {
        let Ok((event, _)) = event else {
            return (drafts, unread + 1);
        };
        if drafts.len() > MOST {
            drafts.pop();
            return (drafts, unread + 1);
        }
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                let is_map = matches!(event, Event::MappingStart(..));
                match (is_rule_list(&levels), key_of_rule(&levels)) {
                    (true, _) if is_map => drafts.push(Draft::default()),
                    (_, Some("path_regex")) => unread += 1,
                    _ => {}
                }
                levels.push(Level { is_map, key: None });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                levels.pop();
                close(&mut levels);
            }
            Event::Scalar(text, ..) => {
                let awaits = levels.last().is_some_and(|l| l.is_map && l.key.is_none());
                if awaits {
                    if let Some(level) = levels.last_mut() {
                        level.key = Some(text.into_owned());
                    }
                    continue;
                }
                match (key_of_rule(&levels), drafts.last_mut()) {
                    (Some("path_regex"), Some(draft)) => draft.pattern = Some(text.into_owned()),
                    (Some(key), Some(draft)) if PARTIAL.contains(&key) => draft.partial = true,
                    _ => {}
                }
                close(&mut levels);
            }
            Event::Alias(_) => {
                let rules = matches!(&levels[..], [top] if is_rules(top));
                let lost = matches!(key_of_rule(&levels), Some("path_regex" | "<<"));
                unread += usize::from(rules || lost || is_rule_list(&levels));
                close(&mut levels);
            }
            Event::DocumentStart(_) => levels.clear(),
            _ => {}
        }
    }
    (drafts, unread)
}

/// Keys of a rule that takes some values of a file only.
const PARTIAL: [&str; 3] = [
    "encrypted_regex",
    "encrypted_suffix",
    "encrypted_comment_regex",
];

fn is_rules(level: &Level) -> bool {
    level.key.as_deref() == Some("creation_rules")
}

/// Whether the next thing is one of the rules.
fn is_rule_list(levels: &[Level]) -> bool {
    matches!(levels, [top, list] if is_rules(top) && !list.is_map)
}

/// The key of a rule whose value comes.
fn key_of_rule(levels: &[Level]) -> Option<&str> {
    match levels {
        [top, list, rule] if is_rules(top) && !list.is_map => rule.key.as_deref(),
        _ => None,
    }
}

/// A value is complete.
fn close(levels: &mut [Level]) {
    if let Some(level) = levels.last_mut() {
        level.key = None;
    }
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
    fn every_style_of_yaml_is_read() {
        for text in [
            "creation_rules: [{path_regex: ^secrets/a$, age: x}]\n",
            "creation_rules:\n- {age: x, path_regex: ^secrets/a$}\n",
            "creation_rules:\n- path_regex: >-\n    ^secrets/a$\n",
            "creation_rules:\n- path_regex: |-\n    ^secrets/a$\n  age: x\n",
            "{\"creation_rules\": [{\"path_regex\": \"^secrets/a$\"}]}",
            "keys: &k [x]\n---\ncreation_rules:\n- age: *k\n  path_regex: '^secrets/a$'\n",
        ] {
            assert!(fits(text, "secrets/a") && !fits(text, "b"), "{text}");
            assert_eq!(read(text).1, None, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for text in [
            "creation_rules:\n- path_regex: a(\n",
            "creation_rules:\n- path_regex: 'a\n",
            "creation_rules:\n- path_regex: [a, b]\n",
            "x: &r a\ncreation_rules:\n- path_regex: *r\n",
            "x: &r []\ncreation_rules: *r\n",
            "creation_rules: [\n",
        ] {
            assert!(read(text).1.is_some(), "{text}");
        }
        for text in [
            "",
            "x",
            "- a",
            "creation_rules:\n",
            "creation_rules:\n  path_regex: a\n",
            "other:\n  creation_rules:\n  - path_regex: a\n",
        ] {
            assert!(read(text).0.is_empty(), "{text}");
        }
        // What stands before the fault counts.
        let text = "creation_rules:\n- path_regex: ^secrets/a$\n- path_regex: 'b\n";
        assert!(fits(text, "secrets/a") && read(text).1.is_some());
        let deep = "[".repeat(100_000);
        assert!(read(&format!("creation_rules: {deep}")).1.is_some());
    }
}
