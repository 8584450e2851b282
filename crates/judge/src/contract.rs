//! Which paths a repository promises to keep encrypted (SE-24): by `.sops.yaml`, by
//! `.gitattributes`, or by a name that says so. What a blob is, the scan has told.
//!
//! ```text
//! documents of any side -> Contract;   (Contract, path, Sealed?) -> a finding, or none
//! ```

mod attributes;
mod sops;

use lychgate_model::path::{Promise, promise};
use lychgate_scan::{Sealed, structural};

use crate::session::{Paper, PaperContent};

/// Where SOPS looks for its rules.
pub(crate) const SOPS: &str = ".sops.yaml";
/// Where filters are given to paths; at the top only.
pub(crate) const ATTRIBUTES: &str = ".gitattributes";

/// What some document or name demands of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) by: Sealed,
    /// What demands it, for people.
    pub(crate) source: &'static str,
}

/// Everything that is demanded: what any side of a document says, holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contract {
    sops: Vec<sops::Rule>,
    attributes: Vec<attributes::Attributes>,
}

impl Contract {
    /// Reads the documents; with it a note on each that could not be read whole.
    pub(crate) fn of(papers: &[Paper]) -> (Self, Vec<String>) {
        let mut contract = Self::default();
        let mut notes = Vec::new();
        for paper in papers {
            if paper.path != SOPS && paper.path != ATTRIBUTES {
                continue;
            }
            let bytes = match &paper.content {
                PaperContent::Absent => continue,
                PaperContent::Bytes(bytes) => bytes,
                PaperContent::Unusable(why) => {
                    notes.push(format!("{}: not read: {why}", paper.path));
                    continue;
                }
            };
            let text = String::from_utf8_lossy(bytes);
            if paper.path == SOPS {
                let (rules, left) = sops::read(&text);
                contract.sops.extend(rules);
                notes.extend(left.map(|why| format!("{SOPS}: {why}")));
            } else {
                let read = attributes::Attributes::read(&text);
                if !read.is_empty() {
                    contract.attributes.push(read);
                }
            }
        }
        notes.sort();
        notes.dedup();
        (contract, notes)
    }

    /// Whether a document demands anything, beside what names say.
    pub(crate) fn is_written(&self) -> bool {
        !(self.sops.is_empty() && self.attributes.is_empty())
    }

    /// What is demanded at a path.
    pub(crate) fn at(&self, path: &[u8]) -> Option<Demand> {
        if path == SOPS.as_bytes() || path == ATTRIBUTES.as_bytes() {
            return None;
        }
        let attributes = self.attributes.iter().find_map(|a| a.filter(path));
        if let Some(by) = attributes {
            let source = ATTRIBUTES;
            return Some(Demand { by, source });
        }
        if self.sops.iter().any(|rule| rule.fits(path)) {
            let (by, source) = (Sealed::Sops, SOPS);
            return Some(Demand { by, source });
        }
        let source = "its name";
        named(path).map(|by| Demand { by, source })
    }
}

impl Demand {
    /// Whether a blob keeps it: encrypted by whichever tool is encrypted.
    pub(crate) fn is_kept(self, sealed: Option<Sealed>) -> bool {
        match self.by {
            Sealed::Lfs => sealed == Some(Sealed::Lfs),
            _ => sealed.is_some(),
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
            Sealed::OpenPgp => structural::PLAIN_OPENPGP,
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
