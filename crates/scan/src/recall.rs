//! Values that are known already, without the values: content keys (contract 8), the files that
//! list them, and how a scan recognises and mints them.
//!
//! `lk1:<salt>:<mac> <rule id>`, where the mac is HMAC-SHA-256 under the salt of that entry over
//! rule and value, first 16 bytes. Whoever can guess a value can test the guess; nobody can read it.

use std::collections::HashMap;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use lychgate_model::{Digest, Problem, RuleId};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::rule::Rule;
use crate::value::{Secret, ValueKey};

/// How a content key begins; the version of how it is computed.
const PREFIX: &str = "lk1:";
/// Entries of one baseline.
const MOST: usize = 5000;
/// Problems reported of one baseline.
const PROBLEMS: usize = 20;
/// Comparisons of one text with entries; what is found beyond them is not recognised.
pub(crate) const COMPARISONS: u32 = 1 << 21;

type Keyed = Hmac<Sha256>;

/// A value of one rule, under a salt of its own: tells nothing to whoever does not know the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentKey {
    salt: [u8; 16],
    mac: [u8; 16],
}

impl ContentKey {
    /// Reads `lk1:<salt>:<mac>`, lower-case hex, as [`fmt::Display`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let (salt, mac) = text.strip_prefix(PREFIX)?.split_once(':')?;
        Some(Self {
            salt: unhex(salt)?,
            mac: unhex(mac)?,
        })
    }
}

impl fmt::Display for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.salt.iter().try_for_each(|b| write!(f, "{b:02x}"))?;
        f.write_str(":")?;
        self.mac.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

fn unhex(text: &str) -> Option<[u8; 16]> {
    let mut out = [0; 16];
    if text.len() != 2 * out.len() {
        return None;
    }
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    for (to, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *to = digit(high)? << 4 | digit(low)?;
    }
    Some(out)
}

/// One entry of a baseline: a value of one rule that stands there and is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// The value.
    pub key: ContentKey,
    /// The rule; may be one that is not in force.
    pub rule: RuleId,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.rule)
    }
}

/// What a baseline file lists, in the order of its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: Vec<Entry>,
}

impl Baseline {
    /// Reads a file; `name` is for people. Empty lines and lines that begin with `#` say nothing.
    ///
    /// # Errors
    /// Every line that is no entry, with its number; nothing of such a file counts.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut entries = Vec::new();
        let mut problems = Vec::new();
        let mut wrong = |line: u32, message: &str, help: &str| {
            problems.push(Problem {
                file: name.to_owned(),
                line,
                column: 0,
                key: String::new(),
                message: message.to_owned(),
                help: help.to_owned(),
            });
            problems.len() >= PROBLEMS
        };
        for (number, line) in (1u32..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // The line is not quoted: anything may stand there, a secret too.
            let full = match entry(line) {
                Some(_) if entries.len() >= MOST => wrong(
                    number,
                    &format!("more than {MOST} entries"),
                    "mend what is listed first",
                ),
                Some(entry) => {
                    entries.push(entry);
                    continue;
                }
                None if ["<<<<<<<", "=======", ">>>>>>>"]
                    .iter()
                    .any(|m| line.starts_with(m)) =>
                {
                    wrong(
                        number,
                        "a merge conflict is not resolved",
                        "keep the entries of both sides and delete the markers",
                    )
                }
                None => wrong(
                    number,
                    "expected `lk1:<salt>:<mac> <rule id>`",
                    "lychgate baseline writes this file; delete the line",
                ),
            };
            if full {
                break;
            }
        }
        if problems.is_empty() {
            Ok(Self { entries })
        } else {
            Err(problems)
        }
    }

    /// What it lists; [`Known::entry`] counts in this order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

fn entry(line: &str) -> Option<Entry> {
    let mut words = line.split_ascii_whitespace();
    let key = ContentKey::parse(words.next()?)?;
    let rule = RuleId::new(words.next()?)?;
    words.next().is_none().then_some(Entry { key, rule })
}

/// Which entry holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The baseline, in the order in which they were given.
    pub baseline: u8,
    /// Its entry.
    pub entry: u32,
}

/// A content key made for a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minted {
    /// A new one, under a salt of its own; the same for the same rule and value in one run.
    pub key: ContentKey,
    /// Which of the values that were asked for this is, if any.
    pub expected: Option<u32>,
}

/// What is remembered of a value. Nothing, unless the rules were told to:
/// [`crate::RuleSet::recalling`], [`crate::RuleSet::minting`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recalled {
    /// The first entry that holds it.
    pub known: Option<Known>,
    /// A key for it, where one was asked for.
    pub minted: Option<Box<Minted>>,
}

/// What a scan makes of values beside findings.
pub(crate) struct Recall {
    by_rule: HashMap<u32, Vec<Held>>,
    mint: Option<Mint>,
    /// Over everything that decides what is recognised.
    digest: Digest,
}

struct Held {
    keyed: Keyed,
    mac: [u8; 16],
    known: Known,
}

struct Mint {
    seed: ValueKey,
    expected: HashMap<[u8; 20], u32>,
}

// Keys stay out of every log.
impl fmt::Debug for Recall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recall(..)")
    }
}

impl Recall {
    /// Recognises what `baselines` hold of `rules`.
    pub(crate) fn new(rules: &[Rule], baselines: &[&Baseline]) -> Self {
        let numbers: HashMap<&str, u32> = (0u32..)
            .zip(rules)
            .map(|(n, r)| (r.id.as_str(), n))
            .collect();
        let mut by_rule: HashMap<u32, Vec<Held>> = HashMap::new();
        let mut hash = Sha256::new();
        for (baseline, listed) in (0u8..).zip(baselines) {
            hash.update([0xff, baseline]);
            for (entry, Entry { key, rule }) in (0u32..).zip(&listed.entries) {
                hash.update(key.salt);
                hash.update(key.mac);
                hash.update(rule.as_str());
                let number = numbers.get(rule.as_str());
                let (Some(&number), Ok(keyed)) = (number, Keyed::new_from_slice(&key.salt)) else {
                    continue;
                };
                by_rule.entry(number).or_default().push(Held {
                    keyed,
                    mac: key.mac,
                    known: Known { baseline, entry },
                });
            }
        }
        Self {
            by_rule,
            mint: None,
            digest: Digest(hash.finalize().into()),
        }
    }

    /// Makes keys too. `seed` is used for this run alone and kept nowhere: salts follow from it.
    pub(crate) fn with_mint(mut self, seed: [u8; 32], expected: &[[u8; 20]]) -> Self {
        let expected = expected.iter().copied().zip(0u32..).collect();
        self.mint = Some(Mint {
            seed: ValueKey::new(seed),
            expected,
        });
        self
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    /// What is to be said of a value of rule number `number`; `left`: comparisons still allowed.
    pub(crate) fn look(
        &self,
        number: u32,
        rule: &RuleId,
        secret: &Secret<'_>,
        left: &mut u32,
    ) -> Recalled {
        let held = self.by_rule.get(&number).map_or(&[][..], Vec::as_slice);
        let known = held.iter().find(|held| {
            let Some(rest) = left.checked_sub(1) else {
                return false;
            };
            *left = rest;
            mac(held.keyed.clone(), rule, secret) == held.mac
        });
        Recalled {
            known: known.map(|held| held.known),
            minted: self
                .mint
                .as_ref()
                .and_then(|mint| mint.of(rule, secret))
                .map(Box::new),
        }
    }
}

impl Mint {
    fn of(&self, rule: &RuleId, secret: &Secret<'_>) -> Option<Minted> {
        let salt = self.seed.keyed(b"lychgate/salt/v1\0")?;
        let salt = mac(salt, rule, secret);
        let keyed = Keyed::new_from_slice(&salt).ok()?;
        let mac = mac(keyed, rule, secret);
        let digest: [u8; 20] = Sha1::digest(secret.expose()).into();
        Some(Minted {
            key: ContentKey { salt, mac },
            expected: self.expected.get(&digest).copied(),
        })
    }
}

/// Over rule and value; carriage returns do not count, as in every identity of a value.
fn mac(mut keyed: Keyed, rule: &RuleId, secret: &Secret<'_>) -> [u8; 16] {
    keyed.update(b"lychgate/content/v1\0");
    keyed.update(rule.as_str().as_bytes());
    keyed.update(b"\0");
    for part in secret.expose().split(|&b| b == b'\r') {
        keyed.update(part);
    }
    let full: [u8; 32] = keyed.finalize().into_bytes().into();
    full.first_chunk::<16>().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> ContentKey {
        ContentKey {
            salt: [byte; 16],
            mac: [byte ^ 0xff; 16],
        }
    }

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let text = key(0x1f).to_string();
        assert_eq!(ContentKey::parse(&text), Some(key(0x1f)));
        for wrong in [
            "",
            "lk1:",
            "lk2:00:00",
            &text.to_uppercase(),
            &text[..text.len() - 1],
            &format!("{text}0"),
        ] {
            assert_eq!(ContentKey::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_file_is_read_line_by_line_and_every_bad_one_is_named() {
        let good = format!("# a\r\n\n{} test.a\r\n{} test.b\n", key(1), key(2));
        let read = Baseline::parse("b", &good).unwrap();
        assert_eq!(read.entries().len(), 2);
        assert_eq!(read.entries()[1].rule.as_str(), "test.b");
        let bad = format!("{} test.a\nhunter2\n<<<<<<< x\n{} A B\n", key(1), key(2));
        let lines: Vec<u32> = Baseline::parse("b", &bad)
            .unwrap_err()
            .iter()
            .map(|p| p.line)
            .collect();
        assert_eq!(lines, [2, 3, 4]);
        assert!(!format!("{:?}", Baseline::parse("b", &bad)).contains("hunter2"));
    }

    #[test]
    fn a_file_without_end_is_refused() {
        let many = format!("{} test.a\n", key(1)).repeat(MOST + 1);
        let problems = Baseline::parse("b", &many).unwrap_err();
        assert_eq!(problems[0].line as usize, MOST + 1);
        assert!(
            Baseline::parse("b", &"x\n".repeat(1 << 10))
                .unwrap_err()
                .len()
                == PROBLEMS
        );
    }
}
