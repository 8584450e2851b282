//! Key files of Google's service accounts.

use super::json::{members, string};
use super::{Outcome, der};

/// What such a file must have beside the key itself.
const NEEDED: [&[u8]; 4] = [b"type", b"private_key_id", b"private_key", b"client_email"];

/// The value of a member anywhere in a text that may be cut: the key's name, a colon, a string.
fn member<'t>(text: &'t [u8], name: &[u8]) -> Option<&'t [u8]> {
    let mut rest = text;
    loop {
        let at = memchr::memmem::find(rest, name)?;
        let after = rest.get(at + name.len()..)?;
        let quoted = at > 0 && rest.get(at - 1) == Some(&b'"');
        if let (true, Some(tail)) = (quoted, after.strip_prefix(b"\"")) {
            let tail = tail.trim_ascii_start().strip_prefix(b":")?;
            return Some(string(tail.trim_ascii_start())?.0);
        }
        rest = after;
    }
}

/// A whole file, or a stretch of one around its key: it proves itself when it has every field it
/// needs and a key that parses. A stretch may be too short to show all.
pub(super) fn service_account(value: &[u8], around: &[u8]) -> Outcome {
    let filled = |name: &&&[u8]| member(around, name).is_some_and(|text| !text.is_empty());
    let all = NEEDED.iter().filter(filled).count() == NEEDED.len();
    let whole = members(around, &mut |_, _| {});
    let key = match member(around, b"private_key") {
        Some(key) => der::pem(key),
        None => der::pem(value),
    };
    match key {
        Outcome::Holds if all => Outcome::Holds,
        Outcome::Holds if !whole => Outcome::Unclear,
        Outcome::Holds => Outcome::Fails,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::der::tests::{block, pkcs8};

    fn file(email: &str, key: &str) -> String {
        let key = key.replace('\n', "\\n");
        format!(
            r#"{{"type": "service_account", "project_id": "p", "private_key_id": "{}",
                "private_key": "{key}", "client_email": "{email}", "token_uri": "u"}}"#,
            "ab12".repeat(10)
        )
    }

    #[test]
    fn a_file_has_its_fields_and_a_key_that_parses() {
        let key = block("PRIVATE KEY", &pkcs8());
        let good = file("a@p.iam.example", &key);
        let judged = |text: &str| service_account(text.as_bytes(), text.as_bytes());
        assert_eq!(judged(&good), Outcome::Holds);
        let stretch = &good[1..good.find("token_uri").unwrap()];
        assert_eq!(judged(stretch), Outcome::Holds);
        let cut = &good[..good.find("client_email").unwrap()];
        assert_eq!(judged(cut), Outcome::Unclear);
        assert_eq!(judged(&file("", &key)), Outcome::Fails);
        let empty = block("PRIVATE KEY", b"...");
        assert_eq!(judged(&file("a@p.iam.example", &empty)), Outcome::Fails);
        assert_eq!(judged("{}"), Outcome::Fails);
    }
}
