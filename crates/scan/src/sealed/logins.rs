//! A container client's settings (`.docker/config.json`) that name registries and who keeps their
//! passwords, and hold none.

use crate::check::members;

/// Longest file looked at.
const LONGEST: usize = 16 * 1024;
/// Settings that hold no password; a login is none of an empty object alone.
const PLAIN: &[&[u8]] = &[
    b"credsStore",
    b"credHelpers",
    b"currentContext",
    b"detachKeys",
    b"experimental",
    b"psFormat",
    b"imagesFormat",
    b"stackOrchestrator",
];

/// Whether a whole file is such settings: nothing else, or it may be a login after all.
pub(super) fn are_open(bytes: &[u8]) -> bool {
    if bytes.len() > LONGEST || bytes.trim_ascii_start().first() != Some(&b'{') {
        return false;
    }
    let (mut open, mut kept) = (true, false);
    let whole = members(bytes, &mut |key, value| {
        let known = matches!(key, b"auths" | b"credsStore" | b"credHelpers");
        kept |= known;
        open &= match key {
            b"auths" => are_empty(value),
            b"credHelpers" => are_names(value),
            _ => PLAIN.contains(&key) && is_name(value),
        };
    });
    whole && open && kept
}

/// `{"registry": {}}`: the password is with the helper.
fn are_empty(value: &[u8]) -> bool {
    let mut empty = true;
    let whole = members(value, &mut |_, login| {
        let mut none = true;
        empty &= members(login, &mut |_, _| none = false) && none;
    });
    whole && empty
}

/// `{"registry": "helper"}`.
fn are_names(value: &[u8]) -> bool {
    let mut names = true;
    members(value, &mut |_, helper| names &= is_name(helper)) && names
}

/// What a helper, a context, a format or a key is called.
fn is_name(value: &[u8]) -> bool {
    const LONGEST: usize = 24;
    let word = |b: &u8| b.is_ascii_alphabetic() || b"\"-_., {}\\".contains(b);
    let parts = value.split(|b| !b.is_ascii_alphabetic());
    value.iter().all(word) && parts.map(<[u8]>::len).all(|n| n <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::are_open;

    #[test]
    fn logins_that_a_helper_keeps_are_open_until_one_is_here() {
        for open in [
            r#"{"auths":{"r":{}},"credsStore":"ecr-login"}"#,
            r#"{ "auths": {}, "credHelpers": {"gcr.io": "gcloud", "eu.gcr.io": "gcloud"} }"#,
            r#"{"credsStore": "osxkeychain", "currentContext": "colima"}"#,
        ] {
            assert!(are_open(open.as_bytes()), "{open}");
        }
        for kept in [
            r#"{"auths":{"r":{"auth":"Z2FyZGVu"}},"credsStore":"ecr-login"}"#,
            r#"{"auths":{"r":{},"s":{"identitytoken":"garden"}}}"#,
            r#"{"auths":{"r":{}},"HttpHeaders":{"X-Auth":"garden"}}"#,
            r#"{"auths":{"r":{}}} garden"#,
            r#"{"auths":"garden"}"#,
            r#"{"auths":{"r":{}},"credsStore":"Kq7Zr2XwVb91"}"#,
            r#"{"experimental":"enabled"}"#,
            "{}",
            "",
        ] {
            assert!(!are_open(kept.as_bytes()), "{kept}");
        }
    }
}
