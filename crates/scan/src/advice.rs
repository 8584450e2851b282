//! What a rule tells people: kept as one string of bytes and taken apart when somebody asks.
//! Most rules are never asked, and there are a thousand.

use std::borrow::Cow;

use crate::pack::{Reader, Writer};

/// What a rule tells people beside its title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice<'a> {
    /// Why it matters, one or two sentences.
    pub why: &'a str,
    /// How to mend the commit, one sentence.
    pub fix: &'a str,
    /// Who owns the rule; may be empty.
    pub owner: &'a str,
    /// Something it finds, as the template of an example; may be empty.
    pub bad: &'a str,
    /// Something harmless, the same way; may be empty.
    pub good: &'a str,
    /// Steps to replace what leaked.
    pub rotation: Vec<&'a str>,
    /// Steps to make what leaked worthless.
    pub revocation: Vec<&'a str>,
    /// Names of sources.
    pub references: Vec<&'a str>,
    /// Controls it serves, as `SSDF1.1:PW.5.1`.
    pub standards: Vec<&'a str>,
}

impl Advice<'_> {
    pub(crate) fn packed(&self) -> PackedAdvice {
        let mut out = Writer::default();
        for text in [self.why, self.fix, self.owner, self.bad, self.good] {
            out.text(text);
        }
        for list in [
            &self.rotation,
            &self.revocation,
            &self.references,
            &self.standards,
        ] {
            out.list(list.iter().copied());
        }
        PackedAdvice(Cow::Owned(out.0))
    }
}

/// The same as bytes, in the order of the fields.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PackedAdvice(pub(crate) Cow<'static, [u8]>);

impl PackedAdvice {
    /// Bytes that [`Advice::packed`] or the build script did not write say nothing.
    pub(crate) fn read(&self) -> Advice<'_> {
        self.fields().unwrap_or_default()
    }

    fn fields(&self) -> Option<Advice<'_>> {
        let mut from = Reader(&self.0);
        Some(Advice {
            why: from.text()?,
            fix: from.text()?,
            owner: from.text()?,
            bad: from.text()?,
            good: from.text()?,
            rotation: from.texts()?,
            revocation: from.texts()?,
            references: from.texts()?,
            standards: from.texts()?,
        })
    }
}

impl std::fmt::Debug for PackedAdvice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.read().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_read_again() {
        let advice = Advice {
            why: "why",
            fix: "fix",
            bad: "bad",
            rotation: vec!["a", ""],
            standards: vec!["b"],
            ..Advice::default()
        };
        assert_eq!(advice.packed().read(), advice);
    }

    #[test]
    fn other_bytes_say_nothing() {
        let whole = Advice {
            why: "why",
            references: vec!["a"],
            ..Advice::default()
        };
        let whole = whole.packed().0.into_owned();
        for end in 0..whole.len() {
            let cut = PackedAdvice(Cow::Owned(whole[..end].to_vec()));
            assert_eq!(cut.read(), Advice::default());
        }
        let huge = PackedAdvice(Cow::Owned(vec![0xff; 64]));
        assert_eq!(huge.read(), Advice::default());
    }
}
