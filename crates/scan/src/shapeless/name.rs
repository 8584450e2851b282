//! A name split into words, and what those words promise.

use std::ops::Range;

use super::evidence::Fact;
use super::{turns, words};

/// Longest name looked at.
pub(super) const LONGEST: usize = 80;
const WORDS: usize = 12;

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The kind of credential.
    pub(super) fact: Fact,
    /// Where the word for it stands.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) qualified: bool,
    /// A verb before it: `getPassword`, which is no assignment when called.
    pub(super) verb: bool,
}

impl Name {
    /// Of a statement that names no column: `IDENTIFIED BY`.
    pub(super) const PASSWORD: Self = Self {
        fact: Fact::Password,
        start: 0,
        end: 0,
        qualified: true,
        verb: false,
    };
}

/// Reads the name at `at` of `text`. `own` is the keyword that led here. `None`: the name says
/// that the value is something else: a label, a length, a public key.
/// `typed`: it is the name of a field that something is typed into.
pub(super) fn read(text: &[u8], at: Range<usize>, own: &Range<usize>, typed: bool) -> Option<Name> {
    let mut parts = [(0usize, 0usize); WORDS];
    let count = split(text, at.clone(), &mut parts)?;
    let parts = parts.get(..count)?;
    let word = |i: usize| {
        let (start, end) = parts.get(i).copied()?;
        text.get(start..end)
    };
    // The last word that means a credential decides; what follows must not change its meaning.
    let mut found: Option<(usize, Fact, usize, usize)> = None;
    for i in 0..count {
        let (Some(this), Some(&(start, end))) = (word(i), parts.get(i)) else {
            continue;
        };
        let mut before = i.checked_sub(1).and_then(word).unwrap_or_default();
        // `aes256Key`, `sm4_key`
        if before.iter().all(u8::is_ascii_digit) {
            before = i.checked_sub(2).and_then(word).unwrap_or(before);
        }
        if let Some((fact, from)) = credential(this, before) {
            let start = match from {
                Some(cut) => start + cut,
                None => i
                    .checked_sub(1)
                    .and_then(|j| parts.get(j))
                    .map_or(start, |p| p.0),
            };
            found = Some((i, fact, start, end));
        }
    }
    let (last, fact, start, end) = match found {
        Some(found) => found,
        None => {
            // A word of the rule's own, at the end of a word of the name.
            let i = parts
                .iter()
                .position(|p| p.0 <= own.start && own.end <= p.1)?;
            let at = (i, Fact::OwnWord, own.start, own.end);
            let known = words::is_credential_part(text.get(own.clone())?);
            (!known && parts.get(i)?.1 == own.end).then_some(at)?
        }
    };
    for i in last + 1..count {
        let after = word(i)?;
        let neutral = words::is_neutral_after(after) || (typed && turns::field(after));
        if !neutral {
            return None;
        }
    }
    let mut qualified = false;
    let mut verb = false;
    let part = memchr::memrchr(b'.', text.get(at.start..start)?).map_or(0, |dot| at.start + dot);
    for i in 0..last {
        let before = word(i)?;
        if parts.get(i)?.1 <= part {
            if turns::denies_in_path(before) {
                return None;
            }
            continue;
        }
        let hashed = fact == Fact::Secret && before.eq_ignore_ascii_case(b"hash");
        // `ClearTextPassword`
        let clear = before.eq_ignore_ascii_case(b"text")
            && i.checked_sub(1)
                .and_then(word)
                .is_some_and(|w| words::is_any(w, &[b"clear", b"plain"]));
        let key = matches!(fact, Fact::ApiKey | Fact::WeakName);
        // `encKey` encrypts, `enc_password` is encrypted.
        let enc = key && before.eq_ignore_ascii_case(b"enc");
        let field = typed && turns::field(before);
        // `map_apikey` is the key of maps, `map_key` that of an entry.
        let maps = fact == Fact::ApiKey
            && end - start >= b"apikey".len()
            && words::is_any(before, &[b"map"]);
        let kept = hashed || clear || enc || field || maps;
        if (turns::denies_before(before) && !kept)
            || (fact == Fact::Token && turns::no_token(before))
            || (key && turns::no_key(before))
        {
            return None;
        }
        verb |= words::is_verb(before) && !(fact == Fact::Password && words::takes(before));
        qualified |= words::qualifies(before);
    }
    let this = word(last)?;
    qualified |= this.len() > end - start.min(end) && fact != Fact::WeakName;
    Some(Name {
        fact,
        start,
        end,
        qualified,
        verb,
    })
}

/// What a word means, with the word before it; where in the word it begins, `None`: already in the
/// word before.
fn credential(word: &[u8], before: &[u8]) -> Option<(Fact, Option<usize>)> {
    let is = |w: &[u8], list: &[&[u8]]| list.iter().any(|l| w.eq_ignore_ascii_case(l));
    let ends = |list: &[&[u8]]| {
        list.iter().find_map(|l| {
            let cut = word.len().checked_sub(l.len())?;
            let tail = word.get(cut..)?;
            tail.eq_ignore_ascii_case(l).then_some(cut)
        })
    };
    if is(word, &[b"key", b"keys"]) {
        return match () {
            () if is(before, words::KEY_OF) => Some((Fact::ApiKey, None)),
            () if is(word, &[b"key"]) => Some((Fact::WeakName, Some(0))),
            () => None,
        };
    }
    if is(word, &[b"hash"]) {
        return None;
    }
    if is(word, &[b"word"]) && is(before, &[b"pass"]) {
        return Some((Fact::Password, None));
    }
    if is(word, &[b"passe"]) && is(before, &[b"de"]) {
        return Some((Fact::Password, Some(0)));
    }
    if let Some(cut) = ends(words::PASSWORD) {
        return Some((Fact::Password, Some(cut)));
    }
    if is(word, &[b"pass"]) && turns::one_of_many(before) {
        return None;
    }
    if is(word, &[b"pass", b"pw", b"psw", b"pword", b"psk"]) || ends(words::PASS).is_some() {
        return Some((Fact::Password, Some(0)));
    }
    if let Some(cut) = ends(words::KEYS) {
        return Some((Fact::ApiKey, Some(cut)));
    }
    if let Some(cut) = ends(&[b"secret"]) {
        return Some((Fact::Secret, Some(cut)));
    }
    if let Some(cut) = ends(&[b"token"]) {
        return Some((Fact::Token, Some(cut)));
    }
    if is(word, words::CREDENTIAL) {
        return Some((Fact::Credential, Some(0)));
    }
    if is(word, words::SALTS) {
        return Some((Fact::Salt, Some(0)));
    }
    if is(word, &[b"code"]) && is(before, &[b"auth"]) {
        return Some((Fact::Token, None));
    }
    if is(word, &[b"authcode"]) {
        return Some((Fact::Token, Some(0)));
    }
    if is(word, &[b"certificate"]) && is(before, &[b"app"]) {
        return Some((Fact::ApiKey, None));
    }
    is(word, &[b"auth"]).then_some((Fact::WeakName, Some(0)))
}

/// Splits at what joins words and at changes of case. `None`: more words than a name has.
fn split(text: &[u8], at: Range<usize>, out: &mut [(usize, usize); WORDS]) -> Option<usize> {
    let mut count = 0;
    let mut start = at.start;
    let mut add = |from: usize, to: usize| {
        if from < to {
            *out.get_mut(count)? = (from, to);
            count += 1;
        }
        Some(())
    };
    for i in at.clone() {
        let this = *text.get(i)?;
        if !this.is_ascii_alphanumeric() {
            add(start, i)?;
            start = i + 1;
            continue;
        }
        if i == start {
            continue;
        }
        let before = *text.get(i - 1)?;
        let next = text.get(i + 1).filter(|_| i + 1 < at.end);
        let rises = before.is_ascii_lowercase() && this.is_ascii_uppercase();
        let word = before.is_ascii_uppercase()
            && this.is_ascii_uppercase()
            && next.is_some_and(u8::is_ascii_lowercase);
        let digit = before.is_ascii_digit() != this.is_ascii_digit();
        if rises || word || digit {
            add(start, i)?;
            start = i;
        }
    }
    add(start, at.end)?;
    Some(count)
}
