//! Rules that are code and not patterns: tree hygiene (RF-10) and allow lines.
//!
//! They are part of every rule set, behind the rules of the packs.

use std::borrow::Cow;

use lychgate_model::{Category, Confidence, RuleId, Severity};

use crate::advice::Advice;
use crate::rule::{NewBy, Paths, Rule};
use crate::scanned::RawFinding;

/// A name that some file system reads as `.git`.
pub const DOT_GIT: &str = "tree.dot-git";
/// A name that leads out of its folder, or that no path can have.
pub const BAD_NAME: &str = "tree.bad-name";
/// One name twice in one tree.
pub const DUPLICATE: &str = "tree.duplicate-entry";
/// Two names that differ by case alone.
pub const CASE_COLLISION: &str = "tree.case-collision";
/// A tree object that cannot be read or is out of order.
pub const MALFORMED: &str = "tree.malformed";
/// `.gitmodules` as a symlink.
pub const GITMODULES_SYMLINK: &str = "tree.gitmodules-symlink";
/// A submodule's URL that Git would take for an option or a command.
pub const SUBMODULE_URL: &str = "tree.submodule-url";
/// A submodule's name or path that leads out of the repository.
pub const SUBMODULE_PATH: &str = "tree.submodule-path";
/// A submodule whose update runs a command.
pub const SUBMODULE_COMMAND: &str = "tree.submodule-command";
/// A symlink that leads out of the repository.
pub const SYMLINK_ESCAPE: &str = "tree.symlink-escape";
/// A file that becomes executable.
pub const EXECUTABLE: &str = "tree.executable";
/// A file above the size that a policy sets.
pub const OVERSIZED: &str = "tree.oversized";
/// What Git LFS should keep and does not, or a pointer of its that leads nowhere.
pub const LFS_MISMATCH: &str = "tree.lfs-mismatch";
/// A comment that begins like an allow line and cannot be read.
pub const ALLOW_MALFORMED: &str = "allow.malformed";
/// An allow line whose last day has passed; for the judge, which knows the date.
pub const ALLOW_EXPIRED: &str = "allow.expired";
/// An allow line that reaches too far ahead; for the judge, which knows the date.
pub const ALLOW_TOO_FAR: &str = "allow.too-far";

/// A file that SOPS should have encrypted.
pub const PLAIN_SOPS: &str = "encryption.sops";
/// A file that git-crypt should have encrypted.
pub const PLAIN_GIT_CRYPT: &str = "encryption.git-crypt";
/// A file that Ansible Vault should have encrypted.
pub const PLAIN_ANSIBLE_VAULT: &str = "encryption.ansible-vault";
/// A file that age should have encrypted.
pub const PLAIN_AGE: &str = "encryption.age";
/// A file that OpenPGP should have encrypted.
pub const PLAIN_OPENPGP: &str = "encryption.openpgp";
/// A file that transcrypt or one of its kin should have encrypted.
pub const PLAIN_SALTED: &str = "encryption.transcrypt";

/// Counts up when what these rules find changes: part of the matching digest.
pub(crate) const VERSION: u32 = 4;

struct Entry {
    id: &'static str,
    title: &'static str,
    severity: Severity,
    why: &'static str,
    fix: &'static str,
    cwe: &'static [u32],
}

const TABLE: [Entry; 22] = [
    Entry {
        id: DOT_GIT,
        title: "name that reads as .git",
        severity: Severity::Critical,
        why: "On Windows or macOS a checkout would write into the repository's own .git folder.",
        fix: "Rename the entry.",
        cwe: &[22, 178],
    },
    Entry {
        id: BAD_NAME,
        title: "name that leads out of its folder",
        severity: Severity::Critical,
        why: "A checkout would write outside of the working tree.",
        fix: "Build the tree again without the entry.",
        cwe: &[22],
    },
    Entry {
        id: DUPLICATE,
        title: "one name twice in a tree",
        severity: Severity::High,
        why: "What is reviewed and what is checked out may differ.",
        fix: "Build the tree again with each name once.",
        cwe: &[436],
    },
    Entry {
        id: CASE_COLLISION,
        title: "names that differ by case alone",
        severity: Severity::Medium,
        why: "On Windows and macOS one of the two replaces the other.",
        fix: "Rename one of them.",
        cwe: &[178],
    },
    Entry {
        id: MALFORMED,
        title: "tree object that is out of order",
        severity: Severity::High,
        why: "Git does not write such trees; programs read them differently.",
        fix: "Build the tree again with Git itself.",
        cwe: &[436],
    },
    Entry {
        id: GITMODULES_SYMLINK,
        title: ".gitmodules as a symlink",
        severity: Severity::High,
        why: "The link hides the file that says what a recursive clone fetches.",
        fix: "Commit .gitmodules as a file.",
        cwe: &[59],
    },
    Entry {
        id: SUBMODULE_URL,
        title: "submodule URL that acts as an option",
        severity: Severity::Critical,
        why: "A recursive clone with an old Git would run what the URL says.",
        fix: "Write a https or ssh URL.",
        cwe: &[88],
    },
    Entry {
        id: SUBMODULE_PATH,
        title: "submodule outside of the repository",
        severity: Severity::High,
        why: "A recursive clone with an old Git would write outside of the working tree.",
        fix: "Give the submodule a name and a path inside the repository.",
        cwe: &[22],
    },
    Entry {
        id: SUBMODULE_COMMAND,
        title: "submodule update that runs a command",
        severity: Severity::Critical,
        why: "An update of submodules with an old Git would run the command.",
        fix: "Use checkout, rebase or merge.",
        cwe: &[78],
    },
    Entry {
        id: SYMLINK_ESCAPE,
        title: "symlink that leads out of the repository",
        severity: Severity::Note,
        why: "What it leads to differs from machine to machine.",
        fix: "Link to a path inside the repository.",
        cwe: &[59],
    },
    Entry {
        id: EXECUTABLE,
        title: "file that becomes executable",
        severity: Severity::Note,
        why: "What can be run is looked at more closely than what is only read.",
        fix: "Run git update-index --chmod=-x FILE, unless it is meant to be run.",
        cwe: &[732],
    },
    Entry {
        id: OVERSIZED,
        title: "file above the size the policy sets",
        severity: Severity::Medium,
        why: "Every clone carries it for ever, also after it is deleted.",
        fix: "Keep it outside of Git or in Git LFS, and commit without it.",
        cwe: &[400],
    },
    Entry {
        id: LFS_MISMATCH,
        title: "file that Git LFS does not hold as promised",
        severity: Severity::Medium,
        why: "The history gets the content itself, or a pointer that leads to none.",
        fix: "Run git lfs install, then git add --renormalize FILE.",
        cwe: &[],
    },
    Entry {
        id: ALLOW_MALFORMED,
        title: "allow line that cannot be read",
        severity: Severity::Medium,
        why: "It silences nothing, whatever its author meant.",
        fix: "Write the rule, until YYYY-MM-DD and because with a reason, or remove the line.",
        cwe: &[],
    },
    Entry {
        id: ALLOW_EXPIRED,
        title: "allow line that has expired",
        severity: Severity::Medium,
        why: "It silences nothing any more.",
        fix: "Mend what it excused, or remove the line.",
        cwe: &[],
    },
    Entry {
        id: ALLOW_TOO_FAR,
        title: "allow line that reaches too far ahead",
        severity: Severity::Medium,
        why: "An exception holds 90 days at most; this one silences nothing.",
        fix: "Write a nearer date.",
        cwe: &[],
    },
    Entry {
        id: PLAIN_SOPS,
        title: "file that SOPS should have encrypted",
        severity: Severity::High,
        why: ".sops.yaml or its own name says that it is encrypted; what is committed is plain.",
        fix: "Run sops encrypt --in-place FILE, then git add FILE again.",
        cwe: &[312],
    },
    Entry {
        id: PLAIN_GIT_CRYPT,
        title: "file that git-crypt should have encrypted",
        severity: Severity::High,
        why: ".gitattributes says that it is encrypted; what is committed is plain: the filter did not run.",
        fix: "Run git-crypt unlock or init, then git add --renormalize FILE; git-crypt status -f mends all.",
        cwe: &[312],
    },
    Entry {
        id: PLAIN_ANSIBLE_VAULT,
        title: "file that Ansible Vault should have encrypted",
        severity: Severity::High,
        why: "A vault file of an inventory holds what only deployments may read; this one is plain.",
        fix: "Run ansible-vault encrypt FILE, then git add FILE again.",
        cwe: &[312],
    },
    Entry {
        id: PLAIN_AGE,
        title: "file that age should have encrypted",
        severity: Severity::High,
        why: "Its name or .gitattributes says that it is encrypted; what is committed is plain.",
        fix: "Run age -R RECIPIENTS -o FILE.age FILE, and commit that instead of the plain file.",
        cwe: &[312],
    },
    Entry {
        id: PLAIN_OPENPGP,
        title: "file that OpenPGP should have encrypted",
        severity: Severity::High,
        why: "Its name says that it is encrypted; what is committed is plain.",
        fix: "Run gpg --encrypt FILE, and commit FILE.gpg instead of the plain file.",
        cwe: &[312],
    },
    Entry {
        id: PLAIN_SALTED,
        title: "file that transcrypt should have encrypted",
        severity: Severity::High,
        why: ".gitattributes says that it is encrypted; what is committed is plain: the filter did not run.",
        fix: "Set the filter up (transcrypt -c CIPHER -p PASSWORD), then git add --renormalize FILE.",
        cwe: &[312],
    },
];

/// The rules, in the order of the table above.
pub(crate) fn rules() -> Vec<Rule> {
    TABLE
        .iter()
        .filter_map(|entry| {
            let tree = entry.id.starts_with("tree.");
            let modules = entry.id.starts_with("tree.submodule");
            let advice = Advice {
                why: entry.why,
                fix: entry.fix,
                ..Advice::default()
            };
            Some(Rule {
                id: RuleId::new(entry.id)?,
                version: VERSION,
                pack: Cow::Borrowed("lychgate"),
                title: Cow::Borrowed(entry.title),
                severity: entry.severity,
                confidence: Confidence::High,
                category: if tree {
                    Category::Tree
                } else {
                    Category::Process
                },
                check: None,
                new: NewBy::Value,
                paths: if modules {
                    Paths::gitmodules()
                } else {
                    Paths::default()
                },
                cwe: entry.cwe.to_vec(),
                advice: advice.packed(),
                by_path: false,
                beside: false,
                foreign: None,
            })
        })
        .collect()
}

/// How bad a structural rule says it is.
pub fn severity(id: &str) -> Severity {
    let entry = TABLE.iter().find(|e| e.id == id);
    entry.map_or(Severity::Medium, |e| e.severity)
}

/// What a rule of these finds, as far as it is the rule's; `base`: the number of the first of them.
pub(crate) fn raw(base: u32, id: &str) -> RawFinding {
    RawFinding::of(base + position(id), severity(id), Confidence::High)
}

/// The place of a rule in [`rules`].
pub(crate) fn position(id: &str) -> u32 {
    TABLE
        .iter()
        .position(|e| e.id == id)
        .and_then(|i| u32::try_from(i).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_a_rule_that_fits_a_report() {
        let rules = rules();
        assert_eq!(rules.len(), TABLE.len());
        for (at, rule) in rules.iter().enumerate() {
            assert_eq!(position(rule.id.as_str()) as usize, at);
            let advice = rule.advice();
            assert!(rule.title.len() <= 60 && advice.why.len() <= 160 && advice.fix.len() <= 160);
        }
        let url = &rules[position(SUBMODULE_URL) as usize];
        assert!(url.paths.applies_to(b".gitmodules"));
        assert!(!url.paths.applies_to(b"docs/x.md"));
    }
}
