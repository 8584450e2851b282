//! Settings for an environment (`NAME=value`) that hold no secret: each value is empty, a reference,
//! a number, an address or words, and no name promises more.
//!
//! Read with care: what is doubtful is a secret, for the name of the file says that it is one.

/// Longest file looked at.
const LONGEST: usize = 16 * 1024;
/// Settings without which there is nothing to judge by.
const LEAST: usize = 2;

/// Parts of names whose values may be secrets, upper case.
const TELLING: &[&[u8]] = &[
    b"PASS",
    b"PW",
    b"SECRET",
    b"KEY",
    b"TOKEN",
    b"AUTH",
    b"CRED",
    b"SALT",
    b"DSN",
    b"PRIV",
    b"PIN",
    b"SIGN",
    b"SEED",
    b"HOOK",
    b"CONN",
    b"COOKIE",
    b"SESS",
    b"NONCE",
    b"CERT",
    b"LICEN",
    b"MNEMONIC",
    b"PHRASE",
    b"OTP",
    b"SID",
    b"BEARER",
    b"JWT",
    b"CIPHER",
    b"CRYPT",
    b"CODE",
];

/// Values that switch something, whatever its name.
const SWITCHES: &[&[u8]] = &[
    b"true", b"false", b"yes", b"no", b"on", b"off", b"none", b"0", b"1",
];

/// Whether a whole file is such settings, and some of them say where something is.
pub(super) fn are_open(bytes: &[u8]) -> bool {
    if bytes.len() > LONGEST {
        return false;
    }
    let (mut count, mut places, mut pages) = (0, 0, 0);
    for line in bytes.split(|b| *b == b'\n') {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let noted = line.strip_prefix(b"#").map(<[u8]>::trim_ascii_start);
        match (setting(noted.unwrap_or(line)), noted) {
            (Some((name, value)), _) => {
                let Some(place) = open(name, value) else {
                    return false;
                };
                pages += usize::from(is_page(value) && noted.is_none());
                count += usize::from(noted.is_none());
                // The name that Compose gives to what it starts is a place as well.
                let place = place || name == b"COMPOSE_PROJECT_NAME";
                places += usize::from(place && noted.is_none());
            }
            (None, Some(_)) => {}
            (None, None) => return false,
        }
    }
    let composed = count > 0 && memchr::memmem::find(bytes, b"COMPOSE_PROJECT_NAME=").is_some();
    places > 0 && (count >= LEAST || pages > 0 || composed)
}

/// `NAME=value`, `export NAME="value"`, without what quotes the value.
fn setting(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let at = memchr::memchr(b'=', line)?;
    let (name, value) = (
        line.get(..at)?.trim_ascii(),
        line.get(at + 1..)?.trim_ascii(),
    );
    let part = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
    if !name.first()?.is_ascii_uppercase() || !name.iter().all(part) {
        return None;
    }
    let quoted = match value {
        [open @ (b'"' | b'\''), inner @ .., close] if open == close => inner,
        _ => value,
    };
    Some((name, quoted))
}

/// Whether a value is a place or a reference; `None`: it may be a secret.
fn open(name: &[u8], value: &[u8]) -> Option<bool> {
    if value.is_empty() {
        return Some(false);
    }
    if is_reference(value) {
        return Some(true);
    }
    if SWITCHES.iter().any(|word| value.eq_ignore_ascii_case(word)) {
        return Some(false);
    }
    let page = is_page(value);
    let tells = |word: &&&[u8]| memchr::memmem::find(name, word).is_some();
    // Where a page is that says how keys are made.
    if TELLING
        .iter()
        .find(tells)
        .is_some_and(|word| !page || *word == b"HOOK")
    {
        return None;
    }
    let of = |b: &u8| b.is_ascii_alphanumeric() || b" ./:-_,#@${}=".contains(b);
    // `user:...@host`, `?token=...`
    let named = memchr::memchr(b'@', value)
        .and_then(|at| value.get(..at))
        .is_some_and(|user| user.contains(&b':') || user.contains(&b'/'));
    if value.len() > 256 || named || !value.iter().all(of) {
        return None;
    }
    let parts = value.split(|b| !b.is_ascii_alphanumeric());
    let plain = parts.filter(|part| !part.is_empty()).all(is_plain);
    plain.then(|| value.iter().any(|b| matches!(b, b'/' | b'.' | b' ')))
}

fn is_page(value: &[u8]) -> bool {
    value.starts_with(b"https://") || value.starts_with(b"http://")
}

/// A word, a number, or both and short: `utf8mb4`.
fn is_plain(part: &[u8]) -> bool {
    let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
    let rises = part
        .windows(2)
        .filter(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()));
    match digits {
        0 => part.len() <= 16 && rises.count() <= 2,
        _ if digits == part.len() => digits <= 8,
        _ => part.len() <= 7,
    }
}

/// `$NAME`, `${NAME}`: nothing that holds where it is not set.
fn is_reference(value: &[u8]) -> bool {
    // `{{ .Base }}`: a server fills it in.
    let filled = value
        .strip_prefix(b"{{")
        .and_then(|v| v.strip_suffix(b"}}"));
    if let Some(name) = filled.map(<[u8]>::trim_ascii) {
        let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
        return !name.is_empty() && name.iter().all(part);
    }
    let Some(name) = value.strip_prefix(b"$") else {
        return false;
    };
    if let [b'(', command @ .., b')'] = name {
        return fetches(command);
    }
    let name = match name {
        [b'{', inner @ .., b'}'] => inner,
        _ => name,
    };
    let part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    name.first().is_some_and(u8::is_ascii_alphabetic) && name.iter().all(part)
}

/// Commands that read what is kept elsewhere. One that prints its own words (`echo`) is none.
const FETCHERS: &[&[u8]] = &[
    b"cat",
    b"vault",
    b"pass",
    b"gopass",
    b"op",
    b"bw",
    b"aws",
    b"az",
    b"gcloud",
    b"kubectl",
    b"doppler",
    b"security",
    b"git",
    b"hostname",
    b"pwd",
    b"id",
    b"whoami",
    b"date",
    b"uname",
];

/// `$(cat /run/secrets/db)`: a command that reads, of words and nothing else.
fn fetches(command: &[u8]) -> bool {
    let command = command.trim_ascii();
    let first = command.split(|b| *b == b' ').next().unwrap_or_default();
    let of = |b: &u8| b.is_ascii_alphanumeric() || b" ./:-_=,".contains(b);
    let mut parts = command.split(|b| !b.is_ascii_alphanumeric());
    FETCHERS.contains(&first)
        && command.iter().all(of)
        && parts.all(|p| p.is_empty() || is_plain(p))
}

#[cfg(test)]
mod tests {
    use super::are_open;

    #[test]
    fn settings_are_open_until_one_is_not() {
        let plain = "# all of it is for the page\nexport SHOP_URL = \"https://shop.acme.net/a#b\"\n\
                     PORT=8080\nDB_HOST=/var/run/postgresql/\nDB_NAME=shop_v2\nDB_PASS=\n\
                     API_KEY=${API_KEY}\nUSE_KEY=true\nOAUTH_PAGE=https://acme.net/docs\n\nMAIL=shop@acme.net\nDEBUG=true\n# DB_PORT=5432\r\n";
        assert!(are_open(plain.as_bytes()));
        for one in [
            "DB_PASS=garden",
            "API_KEY=${API_KEY:-garden}",
            "SHOP_ID=4f9a02bc7e81d356",
            "CACHE=redis://:garden@cache.acme.net",
            "CACHE=redis://cache:garden@cache.acme.net",
            "LINK=https://acme.net/?x=1",
            "NOISE=Kq7Zr2Xw",
            "NOISE=kqzrxwvbnmtplkjhgfds",
            "NOISE=KqzRxwVbnMtp",
            "# SHOP_TOKEN=garden",
            "SHOP_HOOK=https://hook.acme.net/a/b",
            "OAUTH_PAGE=https://hook.acme.net/4f9a02bc7e81d356",
            "NUMBER=123456789",
            "word",
            "name=garden",
            "A=b\0c",
        ] {
            assert!(!are_open(format!("{plain}{one}\n").as_bytes()), "{one}");
        }
    }

    #[test]
    fn what_is_fetched_from_elsewhere_is_open() {
        let kept = "DB_PASS=${VAULT_DB_PASS}\nAPI_KEY=\"$(cat /run/secrets/api_key)\"\n";
        assert!(are_open(kept.as_bytes()));
        assert!(are_open(
            b"API_TOKEN=$(vault kv get -field=token secret/shop)\nA=${B}\n"
        ));
        for one in [
            "$(echo garden)",
            "$(cat <<< garden)",
            "$(cat /x; echo garden)",
            "$(cat Kq7Zr2XwVb91)",
            "$(cat /x)garden",
        ] {
            assert!(
                !are_open(format!("{kept}DB_PW={one}\n").as_bytes()),
                "{one}"
            );
        }
    }

    #[test]
    fn a_name_is_believed_where_little_speaks_against_it() {
        for little in ["", "# nothing\n", "A=1\n", "A=1\nB=true\n", "A=/b\n", "a\n"] {
            assert!(!are_open(little.as_bytes()), "{little:?}");
        }
        assert!(are_open(b"A=1\nB=/var/run\n"));
        assert!(are_open(b"A=\"Shop for iOS\"\nB='os=13,name=Phone 11'\n"));
        assert!(are_open(b"A = 'http://127.0.0.1:8080'\n"));
        assert!(are_open(b"COMPOSE_PROJECT_NAME=shop\n"));
        assert!(!are_open(b"COMPOSE_PROJECT_NAME=shop\nDB_PASS=garden\n"));
        assert!(are_open(b"A=true\nBASE={{ .Base }}\n"));
        let long = format!("A=1\nB=/var/run\n{}", "#\n".repeat(super::LONGEST));
        assert!(!are_open(long.as_bytes()));
    }
}
