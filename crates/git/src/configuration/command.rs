//! What `git -c` and its like say: settings in variables.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::Setting;
use crate::environment::Environment;

/// Settings of `GIT_CONFIG_COUNT` that are taken.
const COUNT: usize = 1000;

pub(super) fn settings(env: &Environment) -> Vec<Setting> {
    let mut found = Vec::new();
    let mut take = |key: &[u8], value: Option<&[u8]>| {
        found.push(Setting {
            key: canonical(key),
            value: value.map(<[u8]>::to_vec),
        });
    };
    let count = env
        .configuration("GIT_CONFIG_COUNT")
        .and_then(OsStr::to_str);
    let count: usize = count.and_then(|count| count.parse().ok()).unwrap_or(0);
    for n in 0..count.min(COUNT) {
        let said = |what: &str| env.configuration(&format!("GIT_CONFIG_{what}_{n}"));
        if let (Some(key), Some(value)) = (said("KEY"), said("VALUE")) {
            take(key.as_bytes(), Some(value.as_bytes()));
        }
    }
    let parameters = env
        .configuration("GIT_CONFIG_PARAMETERS")
        .unwrap_or_default();
    let mut rest = parameters.as_bytes();
    while let Some((key, after)) = quoted(rest) {
        rest = after;
        // Older ones quote key and value together.
        let together = key.iter().position(|b| *b == b'=');
        if let Some(after) = rest.strip_prefix(b"=") {
            let (value, after) = quoted(after).map_or((None, after), |(v, after)| (Some(v), after));
            take(&key, value.as_deref());
            rest = after;
        } else if let Some((key, value)) = together.and_then(|at| key.split_at_checked(at)) {
            take(key, value.get(1..));
        } else {
            take(&key, None);
        }
    }
    found
}

/// Section and name in lower case; what stands between the first dot and the last is as it is.
fn canonical(key: &[u8]) -> Vec<u8> {
    let mut out = key.to_vec();
    let first = key.iter().position(|b| *b == b'.').unwrap_or(key.len());
    let last = key.iter().rposition(|b| *b == b'.').unwrap_or(0);
    for part in [0..first, last..key.len()] {
        if let Some(part) = out.get_mut(part) {
            part.make_ascii_lowercase();
        }
    }
    out
}

/// The text in single quotes at the front, blanks before it left out, and what follows.
fn quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.trim_ascii_start().strip_prefix(b"'")?;
    let mut out = Vec::new();
    loop {
        let end = rest.iter().position(|b| *b == b'\'')?;
        let (part, after) = rest.split_at_checked(end)?;
        out.extend_from_slice(part);
        let after = after.get(1..)?;
        // A quote, or an exclamation mark, stands outside of the quotes, behind a backslash.
        match after {
            [b'\\', byte @ (b'\'' | b'!'), b'\'', more @ ..] => {
                out.push(*byte);
                rest = more;
            }
            _ => return Some((out, after)),
        }
    }
}
