//! Which paths a repository promises to keep encrypted (SE-24): by `.sops.yaml`, by
//! `.gitattributes`, or by a name that says so. What a blob is, the scan has told.
//!
//! ```text
//! documents of any side -> Contract;   (Contract, path, Sealed?) -> a finding, or none
//! ```

mod attributes;
mod sops;

use lychgate_model::path::{Promise, printable, promise};
use lychgate_scan::{Sealed, structural};
use lychgate_wire::frame::DocumentSide;

use crate::session::{Paper, PaperContent};

/// Where SOPS looks for its rules.
pub(crate) const SOPS: &str = ".sops.yaml";
/// Where filters are given to paths.
pub(crate) const ATTRIBUTES: &str = ".gitattributes";

/// What some document or name demands of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) by: Sealed,
    /// What demands it, for people.
    pub(crate) source: &'static str,
}

/// What the documents of one side say; each with its folder, which ends with a slash unless it is
/// the top.
#[derive(Clone, Debug)]
struct Said {
    side: DocumentSide,
    /// The deepest folder first.
    attributes: Vec<(Vec<u8>, attributes::Attributes)>,
    sops: Vec<(Vec<u8>, Vec<sops::Rule>)>,
}

impl Said {
    /// The tool that filters a path, by the deepest `.gitattributes` that says anything of it.
    fn filter(&self, path: &[u8]) -> Option<Sealed> {
        let mut said = self.attributes.iter();
        let said = said.find_map(|(folder, a)| a.filter(path.strip_prefix(&folder[..])?));
        said.flatten()
    }

    fn is_sops(&self, path: &[u8]) -> bool {
        self.sops.iter().any(|(folder, rules)| {
            let below = path.strip_prefix(&folder[..]);
            below.is_some_and(|path| rules.iter().any(|rule| rule.fits(path)))
        })
    }

    /// Folders whose documents promise anything.
    fn folders(&self) -> impl Iterator<Item = &[u8]> {
        let attributes = self.attributes.iter();
        let attributes = attributes.filter(|(_, a)| !a.is_idle()).map(|(f, _)| f);
        let sops = self.sops.iter().map(|(f, _)| f);
        let all = attributes.chain(sops);
        all.map(|f| f.strip_suffix(b"/").unwrap_or(f))
    }
}

/// Everything that is demanded: what any side of a document says of encryption, holds; of Git LFS,
/// what the newest side says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contract {
    /// The newest last.
    sides: Vec<Said>,
}

/// The name of a document that any folder may have, and that folder; `None`: it is none.
pub(crate) fn of_folder(path: &[u8]) -> Option<(&[u8], &'static str)> {
    let start = path.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    let (folder, name) = path.split_at_checked(start)?;
    let known = [SOPS, ATTRIBUTES].into_iter();
    let known = known.filter(|known| known.as_bytes() == name);
    known.map(|known| (folder, known)).next()
}

impl Contract {
    /// Reads the documents; with it a note on each that could not be read whole.
    pub(crate) fn of(papers: &[Paper]) -> (Self, Vec<String>) {
        let mut contract = Self::default();
        let mut notes = Vec::new();
        for paper in papers {
            let path = paper.path.as_bytes();
            notes.extend(contract.add(paper.side, path, &paper.content));
        }
        notes.sort();
        notes.dedup();
        (contract, notes)
    }

    /// Reads one more document, if it is one; says what could not be read of it.
    pub(crate) fn add(
        &mut self,
        side: DocumentSide,
        path: &[u8],
        content: &PaperContent,
    ) -> Option<String> {
        let (folder, name) = of_folder(path)?;
        let at = match self.sides.iter().position(|s| s.side == side) {
            Some(at) => at,
            None => {
                self.sides.push(Said {
                    side,
                    attributes: Vec::new(),
                    sops: Vec::new(),
                });
                self.sides.sort_by_key(|s| s.side != DocumentSide::Base);
                self.sides.iter().position(|s| s.side == side)?
            }
        };
        let said = self.sides.get_mut(at)?;
        let shown = printable(path);
        let bytes = match content {
            PaperContent::Absent => return None,
            PaperContent::Bytes(bytes) => bytes,
            PaperContent::Unusable(why) => return Some(format!("{shown}: not read: {why}")),
        };
        let text = String::from_utf8_lossy(bytes);
        if name == SOPS {
            let (rules, left) = sops::read(&text);
            if !rules.is_empty() {
                said.sops.push((folder.to_vec(), rules));
            }
            return left.map(|why| format!("{shown}: {why}"));
        }
        let read = attributes::Attributes::read(&text);
        let left = read
            .is_cut
            .then(|| format!("{shown}: not all of it was read"));
        said.attributes.push((folder.to_vec(), read));
        let depth = |f: &[u8]| std::cmp::Reverse(f.len());
        said.attributes.sort_by_key(|(folder, _)| depth(folder));
        left
    }

    /// The folders below which a document demands anything; the empty name is the top.
    pub(crate) fn folders(&self) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = Vec::new();
        for folder in self.sides.iter().flat_map(Said::folders) {
            if folder.is_empty() {
                return vec![Vec::new()];
            }
            if !all.iter().any(|known| known == folder) {
                all.push(folder.to_vec());
            }
        }
        all
    }

    /// Those of them that are not the top.
    pub(crate) fn own_folders(&self) -> Vec<Vec<u8>> {
        let all = self.sides.iter().flat_map(Said::folders);
        let mut own: Vec<Vec<u8>> = all.filter(|f| !f.is_empty()).map(<[u8]>::to_vec).collect();
        own.sort();
        own.dedup();
        own
    }

    /// Whether a document demands anything, beside what names say.
    pub(crate) fn is_written(&self) -> bool {
        self.sides.iter().any(|s| s.folders().next().is_some())
    }

    /// What is demanded at a path.
    pub(crate) fn at(&self, path: &[u8]) -> Option<Demand> {
        if self.sides.is_empty() && promise(path).is_none() {
            return None;
        }
        if of_folder(path).is_some() {
            return None;
        }
        let filters = self.sides.iter().map(|said| said.filter(path));
        let filters: Vec<Option<Sealed>> = filters.collect();
        let encrypts = |tool: &&Sealed| **tool != Sealed::Lfs;
        let source = ATTRIBUTES;
        if let Some(by) = filters.iter().flatten().find(encrypts) {
            return Some(Demand { by: *by, source });
        }
        if self.sides.iter().any(|said| said.is_sops(path)) {
            let (by, source) = (Sealed::Sops, SOPS);
            return Some(Demand { by, source });
        }
        if let Some(by) = named(path) {
            let source = "its name";
            return Some(Demand { by, source });
        }
        let newest = filters.last().copied().flatten();
        newest.map(|by| Demand { by, source })
    }
}

impl Demand {
    /// Whether a blob keeps it: encrypted by whichever tool is encrypted.
    pub(crate) fn is_kept(self, sealed: Option<Sealed>) -> bool {
        match self.by {
            Sealed::Lfs => sealed == Some(Sealed::Lfs),
            _ => sealed.is_some_and(Sealed::keeps),
        }
    }

    /// The rule that is broken.
    pub(crate) fn rule(self) -> &'static str {
        match self.by {
            Sealed::Sops => structural::PLAIN_SOPS,
            Sealed::GitCrypt => structural::PLAIN_GIT_CRYPT,
            Sealed::AnsibleVault => structural::PLAIN_ANSIBLE_VAULT,
            Sealed::Age => structural::PLAIN_AGE,
            Sealed::Salted => structural::PLAIN_SALTED,
            Sealed::Lfs => structural::LFS_MISMATCH,
            // Nobody asks that a file be open.
            Sealed::OpenPgp | Sealed::Open => structural::PLAIN_OPENPGP,
        }
    }
}

/// What a name alone says.
fn named(path: &[u8]) -> Option<Sealed> {
    promise(path).map(|promise| match promise {
        Promise::Age => Sealed::Age,
        Promise::OpenPgp => Sealed::OpenPgp,
        Promise::Sops => Sealed::Sops,
        Promise::AnsibleVault => Sealed::AnsibleVault,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_how_they_are_encrypted() {
        for (path, want) in [
            ("secrets/db.age", Some(Sealed::Age)),
            (".age", None),
            ("store/mail.gpg", Some(Sealed::OpenPgp)),
            ("key.asc", None),
            ("a/db.sops.yaml", Some(Sealed::Sops)),
            (".sops.yaml", None),
            ("db.sops.md", None),
            ("group_vars/all/vault.yml", Some(Sealed::AnsibleVault)),
            ("host_vars/web.vault.yaml", Some(Sealed::AnsibleVault)),
            ("group_vars/all/vars.yml", None),
            ("vault.yml", None),
            ("page", None),
        ] {
            assert_eq!(named(path.as_bytes()), want, "{path}");
        }
    }
}
