//! Blobs that stand for something else: targets of symlinks, pointers of Git LFS.

use lychgate_model::{Source, Span};

use crate::ruleset::RuleSet;
use crate::scanned::{Link, RawFinding};
use crate::value::{Secret, ValueKey};
use crate::{sealed, structural, tree};

impl RuleSet {
    /// What is to be said of a blob if it is a symlink (RF-10).
    pub(crate) fn link(&self, target: &[u8], key: &ValueKey) -> Option<Box<Link>> {
        let climbs = tree::climbs(target)?;
        let rule = structural::SYMLINK_ESCAPE;
        let length = u32::try_from(String::from_utf8_lossy(target).chars().count());
        let finding = RawFinding {
            span: Span {
                line: 1,
                column: 1,
                end_line: 1,
                end_column: length.unwrap_or(u32::MAX).saturating_add(1),
                byte_start: 0,
                byte_end: target.len() as u64,
            },
            source: Source::Symlink,
            value: Secret::new(target).tag(key),
            masked: "target outside of the repository".into(),
            ..structural::raw(self.structural, rule)
        };
        Some(Box::new(Link { climbs, finding }))
    }

    /// A pointer of Git LFS that leads nowhere (RF-10).
    pub(crate) fn pointer(&self, bytes: &[u8], key: &ValueKey) -> Option<RawFinding> {
        let wrong = sealed::pointer(bytes)?.err()?;
        let rule = structural::LFS_MISMATCH;
        Some(RawFinding {
            value: Secret::new(bytes).tag(key),
            masked: wrong.into(),
            ..structural::raw(self.structural, rule)
        })
    }
}
