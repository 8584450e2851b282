//! The file itself: sorted, without times, places or line numbers, so that it changes only with
//! what it lists and two branches that add to it merge.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use lychgate_judge::BASELINE;
use lychgate_scan::{Baseline, Entry};

use crate::check::judge;
use crate::failure::{Failure, Kind};

const HEADER: [&str; 2] = [
    "# Secrets that stand here and are known, by rule; each line a salted key, no value.",
    "# Written by: lychgate baseline",
];
/// Git merges the file line by line: an entry of either side is kept.
const ATTRIBUTES: &str = "baseline merge=union\n";

/// A baseline being written.
#[derive(Default)]
pub(crate) struct Listing {
    top: PathBuf,
    before: String,
    stands: Baseline,
    held: BTreeSet<u32>,
    added: BTreeSet<Entry>,
}

impl Listing {
    /// What stands in the work tree at `top`.
    pub(super) fn read(top: &Path, not: &str) -> Result<Self, Failure> {
        let before = match std::fs::read_to_string(top.join(BASELINE)) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(unwritten(not, &e)),
        };
        let stands = Baseline::parse(BASELINE, &before).map_err(|problems| {
            judge::unusable(&format!("{not}: {BASELINE} cannot be used"), &problems)
        })?;
        Ok(Self {
            top: top.to_path_buf(),
            before,
            stands,
            ..Self::default()
        })
    }

    pub(crate) fn top(&self) -> &Path {
        &self.top
    }

    /// What it listed when it was read.
    pub(crate) fn stands(&self) -> &Baseline {
        &self.stands
    }

    /// An entry that stands there was met.
    pub(crate) fn holds(&mut self, entry: u32) {
        self.held.insert(entry);
    }

    /// One entry more.
    pub(crate) fn add(&mut self, entry: Entry) {
        self.added.insert(entry);
    }

    /// Writes it if it changes, and says how. `whole`: what was not met is gone.
    pub(crate) fn write(
        &self,
        not: &str,
        prune: bool,
        whole: bool,
    ) -> Result<Vec<String>, Failure> {
        let stands = (0u32..).zip(self.stands.entries());
        let (kept, gone): (Vec<_>, Vec<_>) =
            stands.partition(|(number, _)| !whole || self.held.contains(number));
        let mut entries: BTreeSet<&Entry> = kept.iter().map(|(_, e)| *e).collect();
        if !prune {
            entries.extend(gone.iter().map(|(_, e)| *e));
        }
        entries.extend(&self.added);
        let mut text = String::new();
        let theirs = self.before.lines().map(str::trim_end);
        let theirs = theirs.filter(|l| l.trim_start().starts_with('#') && !HEADER.contains(l));
        for line in HEADER.into_iter().chain(theirs) {
            text.push_str(line);
            text.push('\n');
        }
        for entry in &entries {
            let _ = writeln!(text, "{entry}");
        }
        let nothing = entries.is_empty() && self.before.is_empty();
        let mut lines = Vec::new();
        if !nothing {
            let folder = self.top.join(BASELINE);
            let folder = folder.parent().unwrap_or(&self.top);
            std::fs::create_dir_all(folder).map_err(|e| unwritten(not, &e))?;
            if text != self.before {
                replace(&self.top.join(BASELINE), &text).map_err(|e| unwritten(not, &e))?;
            }
            let attributes = folder.join(".gitattributes");
            if !attributes.exists() {
                replace(&attributes, ATTRIBUTES).map_err(|e| unwritten(not, &e))?;
            }
        }
        let mut said = format!(
            "{BASELINE}: {} added, {} kept",
            self.added.len(),
            kept.len()
        );
        if whole && !gone.is_empty() {
            let fate = if prune {
                "dropped"
            } else {
                "no longer found (--prune drops them)"
            };
            let _ = write!(said, ", {} {fate}", gone.len());
        }
        lines.push(said);
        if text != self.before && !nothing {
            lines.push("commit it with: git add .lychgate".to_owned());
        }
        Ok(lines)
    }
}

/// Whole or not at all.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    std::fs::write(&draft, text)?;
    std::fs::rename(&draft, path)
}

fn unwritten(not: &str, error: &io::Error) -> Failure {
    Failure::new(Kind::Incomplete, format!("{not}: {BASELINE}")).because(error)
}
