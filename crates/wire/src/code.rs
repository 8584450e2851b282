//! The numbers that stand for the variants of an enum, in both directions from one table.
//!
//! A number once given is never given again. Zero stands for nothing.

use lychgate_model::{
    Category, Confidence, Decision, HashKind, Hook, Mode, ObjectKind, ReasonCode, RefKind,
    Severity, Source, State,
};

use crate::error::Error;
use crate::frame::{DocumentSide, RefuseCode, Role};

/// An enum whose variants have numbers.
pub(crate) trait Code: Copy + PartialEq + 'static {
    /// What a variant is, for errors.
    const WHAT: &'static str;
    /// The variants, in the order of their numbers, from 1.
    const VARIANTS: &'static [Self];

    /// The variant's number; 0 only if the table lacks it, which a test excludes.
    fn code(self) -> u8 {
        let place = Self::VARIANTS.iter().position(|v| *v == self);
        place.and_then(|p| u8::try_from(p + 1).ok()).unwrap_or(0)
    }

    /// The variant of a number.
    fn of(code: u8) -> Result<Self, Error> {
        usize::from(code)
            .checked_sub(1)
            .and_then(|place| Self::VARIANTS.get(place))
            .copied()
            .ok_or(Error::UnknownCode {
                what: Self::WHAT,
                code: u32::from(code),
            })
    }
}

impl Code for HashKind {
    const WHAT: &'static str = "object format";
    const VARIANTS: &'static [Self] = &[Self::Sha1, Self::Sha256];
}

impl Code for ObjectKind {
    const WHAT: &'static str = "object type";
    const VARIANTS: &'static [Self] = &[Self::Blob, Self::Tree, Self::Commit, Self::Tag];
}

impl Code for Hook {
    const WHAT: &'static str = "hook";
    const VARIANTS: &'static [Self] = &[
        Self::PreCommit,
        Self::PreMergeCommit,
        Self::CommitMsg,
        Self::PrePush,
        Self::PreReceive,
        Self::Update,
        Self::CheckStaged,
        Self::CheckRange,
        Self::CheckAll,
        Self::CheckPath,
        Self::CheckStdin,
    ];
}

impl Code for RefKind {
    const WHAT: &'static str = "kind of ref update";
    const VARIANTS: &'static [Self] =
        &[Self::Create, Self::Delete, Self::FastForward, Self::Forced];
}

impl Code for RefuseCode {
    const WHAT: &'static str = "reason to refuse";
    const VARIANTS: &'static [Self] = &[
        Self::Version,
        Self::Busy,
        Self::Draining,
        Self::NotAllowed,
        Self::Protocol,
        Self::Limit,
        Self::NotReady,
    ];
}

impl Code for DocumentSide {
    const WHAT: &'static str = "side of a document";
    const VARIANTS: &'static [Self] = &[Self::Base, Self::Index, Self::Target];
}

impl Code for Role {
    const WHAT: &'static str = "role of an object";
    const VARIANTS: &'static [Self] = &[Self::New, Self::Old, Self::Message, Self::File];
}

impl Code for Decision {
    const WHAT: &'static str = "decision";
    const VARIANTS: &'static [Self] = &[Self::Allow, Self::Indeterminate, Self::Deny];
}

impl Code for ReasonCode {
    const WHAT: &'static str = "reason";
    const VARIANTS: &'static [Self] = &[
        Self::Unreadable,
        Self::Coverage,
        Self::Deadline,
        Self::Fault,
        Self::Unsupported,
        Self::Busy,
        Self::Unavailable,
        Self::Protocol,
        Self::ProtectedRef,
        Self::Trailer,
        Self::Policy,
    ];
}

impl Code for Source {
    const WHAT: &'static str = "source of a finding";
    const VARIANTS: &'static [Self] = &[
        Self::Blob,
        Self::Path,
        Self::Symlink,
        Self::Message,
        Self::Author,
        Self::Committer,
        Self::Tagger,
        Self::Tag,
        Self::Ref,
        Self::Note,
    ];
}

impl Code for Category {
    const WHAT: &'static str = "category";
    const VARIANTS: &'static [Self] = &[Self::Secret, Self::Tree, Self::Process];
}

impl Code for Severity {
    const WHAT: &'static str = "severity";
    const VARIANTS: &'static [Self] = &[
        Self::Note,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];
}

impl Code for Confidence {
    const WHAT: &'static str = "confidence";
    const VARIANTS: &'static [Self] = &[Self::Low, Self::Medium, Self::High, Self::Certain];
}

impl Code for State {
    const WHAT: &'static str = "state of a finding";
    const VARIANTS: &'static [Self] = &[Self::New, Self::Existing, Self::Allowed];
}

impl Code for Mode {
    const WHAT: &'static str = "mode";
    const VARIANTS: &'static [Self] = &[
        Self::Regular,
        Self::Executable,
        Self::Symlink,
        Self::Gitlink,
        Self::Tree,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both_ways<T: Code + std::fmt::Debug>(all: &[T]) {
        for v in all {
            assert_eq!(T::of(v.code()), Ok(*v), "{v:?} has no number");
        }
        assert!(T::of(0).is_err());
        assert!(T::of(u8::try_from(T::VARIANTS.len() + 1).unwrap()).is_err());
    }

    #[test]
    fn every_variant_has_its_number() {
        both_ways(&Hook::ALL);
        both_ways(&ReasonCode::ALL);
        both_ways(&Source::ALL);
        both_ways(&Category::ALL);
        both_ways(&Severity::ALL);
        both_ways(&Confidence::ALL);
        both_ways(&[State::New, State::Existing, State::Allowed]);
        both_ways(&[Decision::Allow, Decision::Indeterminate, Decision::Deny]);
    }
}
