//! Keys that gitleaks does not know either: it passes over them, so they refuse nothing; but what
//! somebody wrote has no effect, and that is said.

use serde_ignored::Path;

use super::document::Document;
use super::naming;

/// Keys that gitleaks knows and that change nothing of what is found here.
const KNOWN: &[&str] = &[
    "title",
    "description",
    "minVersion",
    "disabledRules",
    "tags",
    "id",
];
/// Notes on keys of one file.
const NOTES: usize = 8;

/// Keys that nothing reads, in their order: the number of the rule they stand in, from 0, and the
/// key.
#[derive(Debug, Default)]
pub(super) struct Unknown(Vec<(Option<usize>, String)>);

impl Unknown {
    /// One that the reader passed over.
    pub(super) fn take(&mut self, path: &Path<'_>) {
        let Path::Map { key, .. } = path else { return };
        if !KNOWN.contains(&key.as_str()) {
            self.0.push((rule(path), key.clone()));
        }
    }

    /// A sentence each.
    pub(super) fn notes(self, document: &Document) -> Vec<String> {
        let count = self.0.len();
        let note = |(rule, key): (Option<usize>, String)| {
            let named = rule.map(|at| {
                let id = document.rules.get(at).and_then(|r| r.id.as_ref());
                let id = id.map_or("", |id| id.get_ref().as_str());
                format!("{}: ", naming::shown(id, at + 1))
            });
            let key = naming::key(&key);
            let place = named.unwrap_or_default();
            format!(".gitleaks.toml: {place}{key} is no key of gitleaks: without effect")
        };
        let mut notes: Vec<String> = self.0.into_iter().take(NOTES).map(note).collect();
        if count > NOTES {
            notes.push(format!(".gitleaks.toml: {} more such keys", count - NOTES));
        }
        notes
    }
}

/// The number of the rule in which a key stands.
fn rule(path: &Path<'_>) -> Option<usize> {
    match path {
        Path::Seq { parent, index } => match parent {
            Path::Map {
                parent: Path::Root,
                key,
            } if key == "rules" => Some(*index),
            _ => rule(parent),
        },
        Path::Map { parent, .. }
        | Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => rule(parent),
        Path::Root => None,
    }
}
