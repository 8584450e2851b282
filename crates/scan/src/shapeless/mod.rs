//! Secrets without a shape: a name that promises one, an operator, a value in its quoting, and
//! evidence that adds up.
//!
//! ```text
//! keyword -> name -> words -> operator -> value -> evidence (scan) -> path -> confidence (judge)
//! ```
//!
//! Nothing is allocated, nothing outside of [`BEHIND`] and [`AHEAD`] bytes around the keyword is
//! read, so a finding is the same wherever the object was cut into pieces.

mod ahead;
mod callees;
mod calls;
mod cell;
pub(crate) mod columns;
mod comments;
mod content;
mod context;
mod evidence;
mod extent;
mod fallback;
pub(crate) mod kubernetes;
mod likeness;
mod list;
mod name;
mod operator;
mod own;
mod pair;
mod path;
mod places;
mod prose;
mod sayings;
mod slots;
mod sql;
mod triples;
mod turns;
pub(crate) mod words;

use std::ops::Range;

pub(crate) use content::is_chosen;
pub(crate) use context::searches;
pub use evidence::{Evidence, Fact, HIGH, MEDIUM};
pub(crate) use path::{is_exhibit, is_program};

use crate::exhibited;
use extent::Written;

/// Counts up when what is read or how it is weighed changes: what was remembered is judged anew.
pub(crate) const VERSION: u32 = 15;
/// Bytes read before the end of a keyword.
pub(crate) const BEHIND: usize = 320;
/// Bytes read after it.
pub(crate) const AHEAD: usize = 640;

/// What reads a rule's values instead of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByHand {
    /// `name = value`: [`read`].
    Assignment,
    /// The keys of a Kubernetes Secret: [`kubernetes::read`].
    KubernetesSecret,
    /// Keys beside the names of services: [`crate::beside::read`].
    Beside,
    /// The columns of tables: [`columns::read`].
    Columns,
}

impl ByHand {
    /// The words for them in packs; `pattern` is what is said when nothing is.
    pub(crate) const NAMES: [(&'static str, Option<Self>); 5] = [
        ("pattern", None),
        ("assignment", Some(Self::Assignment)),
        ("kubernetes-secret", Some(Self::KubernetesSecret)),
        ("beside", Some(Self::Beside)),
        ("columns", Some(Self::Columns)),
    ];

    /// Bytes after a keyword without which it cannot be read.
    pub(crate) const fn ahead(self) -> usize {
        match self {
            Self::Assignment => AHEAD,
            Self::KubernetesSecret => kubernetes::REACH,
            Self::Beside => crate::beside::AHEAD,
            Self::Columns => columns::REACH,
        }
    }
}

/// A value and what speaks for it, in the coordinates of the text given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) value: Range<usize>,
    pub(crate) evidence: Evidence,
}

/// Reads the assignment around a keyword that stands at `keyword` of `text`.
pub(crate) fn read(text: &[u8], keyword: Range<usize>) -> Option<Reading> {
    let from = keyword.end.saturating_sub(BEHIND);
    let to = text.len().min(keyword.end + AHEAD);
    let window = text.get(from..to)?;
    let keyword = keyword.start.checked_sub(from)?..keyword.end - from;
    let found = assignment(window, keyword)?;
    Some(Reading {
        value: found.value.start + from..found.value.end + from,
        evidence: found.evidence,
    })
}

fn assignment(text: &[u8], keyword: Range<usize>) -> Option<Reading> {
    // A keyword may bring its operator: `pass=`.
    let word = text.get(keyword.clone())?;
    let extra = word
        .iter()
        .rev()
        .take_while(|b| !b.is_ascii_alphanumeric())
        .count();
    let own = keyword.start..keyword.end - extra;
    let told = calls::read(text, word, own.end);
    let by_command = matches!(told, calls::Told::Lead(..));
    let (at, name, lead) = match told {
        calls::Told::Lead(lead, name) => (own.clone(), name, lead),
        calls::Told::Name => named(text, &own)?,
        calls::Told::Nothing => return None,
    };
    let header = name.fact == Fact::Credential || lead.fact == Fact::Flagged;
    let mut extent = extent::extent(text, &lead, at.start, header)?;
    // Spring's sign of a password that is not hashed.
    const PLAIN: &[u8] = b"{noop}";
    if text.get(extent.at.clone())?.starts_with(PLAIN) {
        extent.at.start += PLAIN.len();
    }
    let mut evidence = Evidence::NONE
        .with(name.fact)
        .with_if(Fact::Qualified, name.qualified);
    evidence = match extent.written {
        Written::Quoted => evidence.with(Fact::Quoted),
        // Commands take their words as they are.
        Written::Bare if by_command => evidence,
        Written::Inside => evidence,
        Written::Bare => evidence.with(Fact::Bare),
        Written::Statement => evidence.with(Fact::Bare).with(Fact::CodeLike),
    };
    let headed = name.fact == Fact::Credential
        && text
            .get(own.clone())
            .is_some_and(|w| words::begins(w, b"authorization"));
    evidence = evidence.with(if headed { Fact::Headed } else { lead.fact });
    let value = text.get(extent.at.clone())?;
    // Passwords that people choose begin with any sign, what programs make does not.
    let sign = value.first().is_some_and(|b| b"%@#!*".contains(b));
    if extent.written == Written::Bare && sign && name.fact != Fact::Password {
        return None;
    }
    // `MAX_PASSWORD = "MAX_PASSWORD"`
    let whole = bounds(text, &own).and_then(|at| text.get(at));
    if whole.is_some_and(|name| name.len() > 8 && value.eq_ignore_ascii_case(name)) {
        return None;
    }
    if lead.fact == Fact::Userinfo && own::is_anybodys(text, &extent.at) {
        return None;
    }
    if context::is_sealed(text, at.start, value) || is_key_id(whole, value) {
        return None;
    }
    // `('password', '<uuid>', ...)` is a row: what is of that kind is told by its number.
    if lead.fact == Fact::Listed
        && content::is_uuid(value)
        && pair::goes_on(text, extent.at.start - 1)
    {
        return None;
    }
    let evidence = content::weigh(value, name.fact, evidence)?;
    let published = name.fact == Fact::ApiKey && context::searches(text, at.start, &extent.at);
    let evidence = context::weigh(text, at.start, &extent.at, evidence);
    let evidence = evidence
        .with_if(Fact::OwnServer, own::is_own(whole, text, &extent.at))
        .with_if(
            Fact::Fallback,
            own::is_fallback(text, &extent.at) || whole.is_some_and(own::is_default),
        )
        .with_if(
            Fact::Passing,
            name.fact == Fact::Token && own::is_passing(text, at.start),
        )
        .with_if(
            Fact::ForDocuments,
            context::is_for_documents(text, at.start, &extent.at)
                || context::is_an_example(text, at.start, lead.fact)
                || exhibited::is_example(text, &extent.at),
        );
    (evidence.may_count() && !published).then_some(Reading {
        value: extent.at,
        evidence,
    })
}

/// `signingkey = ...` of Git: the number of a key of OpenPGP.
fn is_key_id(name: Option<&[u8]>, value: &[u8]) -> bool {
    let upper = !value.iter().any(u8::is_ascii_lowercase);
    let length = matches!(value.len(), 8 | 16) || (value.len() == 40 && upper);
    let own = name.is_some_and(|n| {
        n.eq_ignore_ascii_case(b"signingkey") || n.eq_ignore_ascii_case(b"user.signingkey")
    });
    own && length && value.iter().all(u8::is_ascii_hexdigit)
}

/// The name around a keyword, and what leads from it to a value.
fn named(text: &[u8], own: &Range<usize>) -> Option<(Range<usize>, name::Name, operator::Lead)> {
    let at = bounds(text, own)?;
    // Most names in code and prose lead to no value: that is seen soonest.
    let lead = operator::lead(text, at.start, at.end)?;
    // `password=password=...`
    let value = text.get(lead.at..)?;
    if words::begins(value, text.get(own.clone())?) {
        let word = value.iter().take(name::LONGEST);
        let length = word.take_while(|b| b.is_ascii_alphanumeric()).count();
        if matches!(value.get(length), Some(b'=' | b':')) {
            return None;
        }
    }
    // `PASS: all is well`, as tests say it.
    if lead.fact == Fact::Mapped && text.get(at.clone())? == b"PASS" {
        return None;
    }
    // `"PT"=>"Lisbon", "PW"=>"Melekeok"`: codes of countries.
    if text.get(at.clone())? == b"PW" && among_codes(text, at.start) {
        return None;
    }
    // What a form hands back: `<input type="hidden" name="_token" value="...">`.
    let head = text.get(at.start.saturating_sub(7)..at.start)?;
    let form = head.starts_with(b"name=") && head.ends_with(b"_");
    if lead.fact == Fact::Beside && form && text.get(at.clone())? == b"token" {
        return None;
    }
    let name = name::read(text, at.clone(), own, lead.fact == Fact::Typed)?;
    // `badge.svg?token=...` lets everybody see the badge.
    if name.fact == Fact::Token && own::is_badge(text, at.start) {
        return None;
    }
    // What a page allows its own scripts by is made anew with each answer.
    if name.fact == Fact::Salt && scripted(text, at.start) {
        return None;
    }
    // `<key>...</key>` of a list of names and values is a name.
    if lead.fact == Fact::Element && name.fact == Fact::WeakName && at.len() == b"key".len() {
        return None;
    }
    // Each name is read once, for the keyword in its deciding word.
    if own.end <= name.start || own.start >= name.end {
        return None;
    }
    let asks = lead.fact == Fact::Passed && name.verb;
    let lead = fallback::lead(text, &lead).unwrap_or(lead);
    (!asks).then_some((at, name, lead))
}

/// Whether other names of two quoted capitals stand before `start`.
fn among_codes(text: &[u8], start: usize) -> bool {
    let head = text.get(start.saturating_sub(80)..start.saturating_sub(1));
    let code = |w: &[u8]| match w {
        [open, a, b, close] => {
            open == close
                && matches!(open, b'"' | b'\'')
                && a.is_ascii_uppercase()
                && b.is_ascii_uppercase()
        }
        _ => false,
    };
    head.is_some_and(|head| head.windows(4).any(code))
}

/// Whether an attribute of a script or style begins at `start`: `<script nonce="...">`.
fn scripted(text: &[u8], start: usize) -> bool {
    let head = text
        .get(start.saturating_sub(80)..start)
        .unwrap_or_default();
    let tag = memchr::memrchr2(b'<', b'>', head).and_then(|i| head.get(i..));
    let tags = [&b"<script"[..], b"<style", b"<link"];
    tag.is_some_and(|tag| tags.iter().any(|t| words::begins(tag, t)))
}

/// The whole name around a part of it.
fn bounds(text: &[u8], own: &Range<usize>) -> Option<Range<usize>> {
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let before = text.get(..own.start)?;
    let after = text.get(own.end..)?;
    let back = before
        .iter()
        .rev()
        .take(name::LONGEST)
        .take_while(|b| part(b))
        .count();
    let on = after
        .iter()
        .take(name::LONGEST)
        .take_while(|b| part(b))
        .count();
    if back == name::LONGEST || on == name::LONGEST {
        return None;
    }
    let (mut start, mut end) = (own.start - back, own.end + on);
    while start < own.start && !text.get(start)?.is_ascii_alphanumeric() {
        start += 1;
    }
    while end > own.end && matches!(text.get(end - 1)?, b'-' | b'.') {
        end -= 1;
    }
    // `password->...` and `token--` end with the name.
    Some(start..end)
}
