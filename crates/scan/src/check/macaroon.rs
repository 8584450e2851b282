//! Macaroons: libmacaroons' version 2 packets, walked to the signature.

use super::Outcome;
use super::base64::decode;

const END: u8 = 0;
const LOCATION: u8 = 1;
const IDENTIFIER: u8 = 2;
const VERIFIER: u8 = 4;
const SIGNATURE: u8 = 6;

/// One field: its kind, its content (none for the end of a section), and what follows.
fn field(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = data.split_first()?;
    if kind == END {
        return Some((kind, &[], rest));
    }
    let (mut length, mut shift, mut rest) = (0usize, 0u32, rest);
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
        shift += 7;
        if shift > 21 {
            return None;
        }
    }
    let (content, rest) = rest.split_at_checked(length)?;
    Some((kind, content, rest))
}

/// Whether sections of location and identifier, caveats, an empty section and a signature of 32
/// bytes follow each other, and nothing else.
fn is_whole(data: &[u8]) -> bool {
    let Some(mut rest) = data.strip_prefix(&[2]) else {
        return false;
    };
    let mut named = false;
    loop {
        let Some((kind, content, after)) = field(rest) else {
            return false;
        };
        rest = after;
        match kind {
            END if named => named = false,
            END => break,
            IDENTIFIER => named = true,
            LOCATION if !named => {
                // Printable hosts only: chance makes no whole macaroon, but close.
                if !content.iter().all(u8::is_ascii_graphic) {
                    return false;
                }
            }
            VERIFIER if named => {}
            _ => return false,
        }
    }
    field(rest).is_some_and(|(kind, content, after)| {
        kind == SIGNATURE && content.len() == 32 && after.is_empty()
    })
}

/// A token of the Python index: a macaroon whose location is a host. One that says so and cannot
/// be walked to its end may be cut or altered: nothing is said of it.
pub(super) fn pypi(value: &[u8]) -> Outcome {
    let body = value.strip_prefix(b"pypi-").unwrap_or(value);
    let Some(data) = decode(body) else {
        return Outcome::Fails;
    };
    let is_host = |host: &[u8]| {
        let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        host.len() >= 4 && host.iter().all(fits)
    };
    let named = data
        .strip_prefix(&[2])
        .and_then(field)
        .is_some_and(|(kind, host, _)| kind == LOCATION && is_host(host));
    match (named, is_whole(&data)) {
        (false, _) => Outcome::Fails,
        (true, true) => Outcome::Holds,
        (true, false) => Outcome::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64URL;

    fn packets(host: &str) -> Vec<u8> {
        let mut data = vec![2, 1, u8::try_from(host.len()).unwrap()];
        data.extend(host.as_bytes());
        data.extend([2, 4, b'1', b'2', b'3', b'4', 0]);
        data.extend([2, 11]);
        data.extend(b"[[0, 1], 2]");
        data.extend([0, 0, 6, 32]);
        data.extend([0xa5; 32]);
        data
    }

    fn judged(data: &[u8]) -> Outcome {
        let token = format!("{}{}", concat!("py", "pi-"), B64URL.encode(data));
        pypi(token.as_bytes())
    }

    #[test]
    fn a_whole_one_is_walked_to_its_signature() {
        let data = packets("pypi.org");
        assert_eq!(judged(&data), Outcome::Holds);
        assert_eq!(judged(&data[..data.len() - 1]), Outcome::Unclear);
        let mut more = data.clone();
        more.push(0);
        assert_eq!(judged(&more), Outcome::Unclear);
        let mut lies = data;
        lies[2] = 200;
        assert_eq!(judged(&lies), Outcome::Fails);
        assert_eq!(judged(&packets("a b.")), Outcome::Fails);
        assert_eq!(judged(&[2]), Outcome::Fails);
        assert_eq!(judged(&[]), Outcome::Fails);
    }

    #[test]
    fn lengths_that_lie_end_the_walk() {
        for bad in [&[1u8, 0xff, 0xff, 0xff, 0xff, 1][..], &[1, 0x80], &[1], &[]] {
            assert!(field(bad).is_none());
        }
    }
}
