//! JSON web tokens: RFC 7519 for the claims, RFC 7515 for the parts.

use super::base64::decode;
use super::json::{members, text};
use super::{Outcome, holds};
use crate::check::expiry;
use crate::scanned::Day;

/// Header and payload, decoded.
fn parts(value: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut parts = value.split(|&b| b == b'.');
    let (header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    // A token that carries another begins with a word of its own.
    let header = header
        .rsplit(|&b| b == b'_')
        .find(|h| h.starts_with(b"ey"))
        .unwrap_or(header);
    Some((decode(header)?, decode(payload)?))
}

/// The header names an algorithm, the payload is an object. The signature is not judged; a token
/// that says it has none, or that its role is the public one, gives nothing away; one of an issuer
/// that cannot be, or with the claims that manuals show, is an example.
pub(super) fn verify(value: &[u8]) -> Outcome {
    let Some((header, payload)) = parts(value) else {
        return Outcome::Fails;
    };
    let (mut algorithm, mut role) = (None, None);
    let (mut subject, mut name, mut example) = (None, None, false);
    let whole = members(&header, &mut |key, found| {
        if key == b"alg" {
            algorithm = text(found);
        }
    }) && members(&payload, &mut |key, found| {
        match key {
            b"role" => role = text(found),
            b"sub" => subject = text(found),
            b"name" => name = text(found),
            b"iss" => example |= text(found).is_some_and(is_reserved),
            // RFC 7519, 3.1.
            _ => example |= key == b"http://example.com/is_root",
        }
    });
    // What the debugger at jwt.io shows first.
    let shown = subject == Some(b"1234567890") && name == Some(b"John Doe");
    match algorithm {
        Some(name) if whole && name.eq_ignore_ascii_case(b"none") => Outcome::Public,
        Some(_) if whole && role == Some(b"anon") => Outcome::Public,
        Some(_) if whole && (example || shown) => Outcome::Shown,
        Some(_) => holds(whole),
        None => Outcome::Fails,
    }
}

/// Whether an issuer stands at a host that nobody can have: RFC 2606, 2 and 3. Machines of
/// developers are called `.test`, and share keys with others.
fn is_reserved(issuer: &[u8]) -> bool {
    let mut parts = issuer.split(|b| matches!(b, b'/' | b'\\' | b':' | b'?' | b'#'));
    let scheme = |part: &&[u8]| !part.is_empty() && !matches!(*part, b"http" | b"https");
    let Some(host) = parts.find(scheme) else {
        return false;
    };
    let mut labels = host.rsplit(|b| *b == b'.');
    let (top, next) = (labels.next().unwrap_or_default(), labels.next());
    let is = |word: &[u8]| next.is_some_and(|next| next.eq_ignore_ascii_case(word));
    let reserved = |tops: &[&[u8]]| tops.iter().any(|t| top.eq_ignore_ascii_case(t));
    (is(b"example") && reserved(&[b"com", b"org", b"net"]))
        || (next.is_some() && reserved(&[b"example", b"invalid"]))
}

/// The day of `exp`: the last on which the token may be worth something.
pub(super) fn until(value: &[u8]) -> Option<Day> {
    let (_, payload) = parts(value)?;
    let mut seconds = None;
    members(&payload, &mut |key, found| {
        if key == b"exp" {
            let whole = found.split(|&b| b == b'.').next().unwrap_or_default();
            seconds = std::str::from_utf8(whole).ok().and_then(|n| n.parse().ok());
        }
    });
    expiry::of_unix(seconds?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64URL;

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.c2ln", B64URL.encode(header), B64URL.encode(payload))
    }

    fn judged(header: &str, payload: &str) -> Outcome {
        verify(token(header, payload).as_bytes())
    }

    #[test]
    fn a_token_is_two_objects_of_which_the_first_names_an_algorithm() {
        let header = r#"{"alg":"HS256"}"#;
        assert_eq!(judged(header, r#"{"sub":"a"}"#), Outcome::Holds);
        assert_eq!(judged(r#"{"typ":"JWT"}"#, r#"{"sub":"a"}"#), Outcome::Fails);
        assert_eq!(judged(r#"{"alg":7}"#, r#"{"sub":"a"}"#), Outcome::Fails);
        assert_eq!(judged(header, r#"{"sub":"a""#), Outcome::Fails);
        assert_eq!(judged("{", "{}"), Outcome::Fails);
        for bad in ["a.b", "..", ""] {
            assert_eq!(verify(bad.as_bytes()), Outcome::Fails, "{bad}");
        }
    }

    #[test]
    fn the_long_token_of_a_forge_app_carries_one() {
        let inner = token(r#"{"alg":"RS256","kid":"k"}"#, r#"{"iss":"1"}"#);
        let whole = format!("{}_12345_{inner}", concat!("gh", "s"));
        assert_eq!(verify(whole.as_bytes()), Outcome::Holds);
        let cut = whole.replacen("ey", "ez", 1);
        assert_eq!(verify(cut.as_bytes()), Outcome::Fails);
    }

    #[test]
    fn unsigned_and_anonymous_ones_give_nothing_away() {
        assert_eq!(judged(r#"{"alg":"none"}"#, "{}"), Outcome::Public);
        let header = r#"{"alg":"HS256"}"#;
        assert_eq!(judged(header, r#"{"role":"anon"}"#), Outcome::Public);
        assert_eq!(judged(header, r#"{"role":"service_role"}"#), Outcome::Holds);
    }

    #[test]
    fn examples_say_what_they_are() {
        let header = r#"{"alg":"HS256"}"#;
        for shown in [
            r#"{"iss":"https://auth.example.com/","aud":"x"}"#,
            r#"{"iss":"https:\/\/EXAMPLE.org\/a"}"#,
            r#"{"iss":"example.net"}"#,
            r#"{"iss":"http://id.shop.example:8080"}"#,
            r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#,
            r#"{"iss":"joe","http://example.com/is_root":true}"#,
        ] {
            assert_eq!(judged(header, shown), Outcome::Shown, "{shown}");
        }
        for live in [
            r#"{"iss":"https://accounts.shop.com/example.com"}"#,
            r#"{"iss":"https://example.com.shop.io"}"#,
            r#"{"iss":"https://myexample.com"}"#,
            r#"{"iss":"test"}"#,
            r#"{"iss":"http://id.shop.test:8080"}"#,
            r#"{"iss":""}"#,
            r#"{"sub":"1234567890","name":"Ada"}"#,
            r#"{"aud":"https://example.com"}"#,
        ] {
            assert_eq!(judged(header, live), Outcome::Holds, "{live}");
        }
    }

    #[test]
    fn the_day_it_ends_is_read() {
        let at = |payload| until(token(r#"{"alg":"HS256"}"#, payload).as_bytes());
        let day = |year, month, day| Some(Day { year, month, day });
        assert_eq!(at(r#"{"exp":1516239022}"#), day(2018, 1, 18));
        assert_eq!(at(r#"{"exp":4102444800.5}"#), day(2100, 1, 1));
        for none in [r#"{"exp":"soon"}"#, r#"{"iat":1}"#, r#"{"exp":-9}"#] {
            assert_eq!(at(none), None, "{none}");
        }
    }
}
