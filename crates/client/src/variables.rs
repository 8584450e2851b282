//! Which of a hook's variables a judge is told: what forges and Git say about a push, and who
//! makes a commit.
//!
//! The first are labels a pusher may have set, and the judge treats them so. Names that hold
//! credentials are left out.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use lychgate_git::Person;

const PREFIXES: [&[u8]; 4] = [b"GL_", b"GITEA_", b"GITHUB_", b"GIT_PUSH_"];
const CREDENTIALS: [&[u8]; 3] = [b"TOKEN", b"SECRET", b"PASSWORD"];

/// Variables taken at most.
const COUNT: usize = 256;
/// Bytes of a value taken at most: longer ones are left out.
const VALUE: usize = 4 << 10;
/// Bytes of all of them.
const TOTAL: usize = 256 << 10;

/// The variables a judge is told, in the order given.
pub(crate) fn told(variables: &[(OsString, OsString)]) -> Vec<(&[u8], &[u8])> {
    let mut told = Vec::new();
    let mut total = 0;
    for (name, value) in variables {
        let (name, value) = (name.as_bytes(), value.as_bytes());
        let known = PREFIXES.iter().any(|p| name.starts_with(p));
        let credential = CREDENTIALS
            .iter()
            .any(|c| name.windows(c.len()).any(|w| w == *c));
        if !known || credential || name.len() > VALUE || value.len() > VALUE {
            continue;
        }
        total += name.len() + value.len();
        if told.len() == COUNT || total > TOTAL {
            break;
        }
        told.push((name, value));
    }
    told
}

/// The author and committer of the commit that is being made, as its headers. Git names the author
/// to `commit-msg` and the committer only where somebody put one into the environment; what it
/// does not name comes from the configuration, which is read only then. Empty: neither says any.
pub(crate) fn persons<E>(
    variables: &[(OsString, OsString)],
    configured: impl FnOnce() -> Result<[Person; 2], E>,
) -> Result<Vec<u8>, E> {
    let value = |name: &str| {
        let found = variables.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_bytes())
    };
    let roles = [
        ("author", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"),
        ("committer", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
    ];
    let is_named = |name: &str| value(name).is_some();
    let configured = match roles.iter().all(|(_, n, m)| is_named(n) && is_named(m)) {
        true => Default::default(),
        false => configured()?,
    };
    let mut headers = Vec::new();
    for ((header, name, mail), person) in roles.into_iter().zip(&configured) {
        let name = value(name).or(person.name.as_deref());
        let mail = value(mail).or(person.mail.as_deref());
        let mail = mail.or_else(|| value("EMAIL"));
        if name.is_none() && mail.is_none() {
            continue;
        }
        let parts = [
            header.as_bytes(),
            b" ",
            name.unwrap_or_default(),
            b" <",
            mail.unwrap_or_default(),
            b">",
        ];
        let line = parts.concat();
        // A line of its own would be another header.
        headers.extend(line.iter().map(|b| if *b == b'\n' { b' ' } else { *b }));
        headers.push(b'\n');
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_are_headers_and_the_environment_comes_first() {
        let of = |variables: &[(&str, &str)], configured: [Person; 2]| {
            let owned: Vec<(OsString, OsString)> = variables
                .iter()
                .map(|(k, v)| (k.into(), v.into()))
                .collect();
            let headers = persons(&owned, || Ok::<_, ()>(configured));
            String::from_utf8(headers.unwrap()).unwrap()
        };
        let nobody = || [Person::default(), Person::default()];
        let person = |name: &str, mail: &str| Person {
            name: Some(name.into()),
            mail: Some(mail.into()),
        };
        let author = [("GIT_AUTHOR_NAME", "A B"), ("GIT_AUTHOR_EMAIL", "a@b")];
        assert_eq!(of(&author, nobody()), "author A B <a@b>\n");
        let configured = [person("C", "c@d"), person("E", "e@f")];
        assert_eq!(
            of(&author, configured),
            "author A B <a@b>\ncommitter E <e@f>\n"
        );
        let odd = [("GIT_COMMITTER_NAME", "x\n\ny"), ("GIT_DIR", ".git")];
        assert_eq!(of(&odd, nobody()), "committer x  y <>\n");
        assert_eq!(of(&[("GIT_DIR", ".git")], nobody()), "");
        let mail = of(&[("EMAIL", "g@h")], [person("C", "c@d"), Person::default()]);
        assert_eq!(mail, "author C <c@d>\ncommitter  <g@h>\n");
    }

    #[test]
    fn a_configuration_nobody_needs_is_not_read() {
        let variables: Vec<(OsString, OsString)> = ["AUTHOR", "COMMITTER"]
            .iter()
            .flat_map(|who| ["NAME", "EMAIL"].map(|what| format!("GIT_{who}_{what}")))
            .map(|name| (name.into(), "".into()))
            .collect();
        let refused = || Err("read");
        assert_eq!(
            persons(&variables, refused).unwrap(),
            b"author  <>\ncommitter  <>\n"
        );
        assert_eq!(persons(&variables[1..], refused), Err("read"));
    }

    fn names(variables: &[(&str, &str)]) -> Vec<String> {
        let owned: Vec<(OsString, OsString)> = variables
            .iter()
            .map(|(k, v)| (k.into(), v.into()))
            .collect();
        told(&owned)
            .into_iter()
            .map(|(k, _)| String::from_utf8_lossy(k).into_owned())
            .collect()
    }

    #[test]
    fn forges_are_told_and_credentials_are_not() {
        let told = names(&[
            ("GL_ID", "user-1"),
            ("GITEA_PUSHER_NAME", "a"),
            ("GITHUB_USER_LOGIN", "b"),
            ("GIT_PUSH_OPTION_0", "c"),
            ("GITHUB_TOKEN", "d"),
            ("GITEA_ACTIONS_SECRET", "e"),
            ("HOME", "/h"),
            ("GIT_DIR", "."),
        ]);
        assert_eq!(
            told,
            [
                "GL_ID",
                "GITEA_PUSHER_NAME",
                "GITHUB_USER_LOGIN",
                "GIT_PUSH_OPTION_0"
            ]
        );
    }

    #[test]
    fn a_pusher_cannot_make_them_grow() {
        let long = "x".repeat(VALUE + 1);
        assert_eq!(names(&[("GL_A", &long), ("GL_B", "1")]), ["GL_B"]);
        let many: Vec<String> = (0..COUNT + 9).map(|i| format!("GL_{i}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|n| (n.as_str(), "")).collect();
        assert_eq!(names(&many).len(), COUNT);
        let full = "x".repeat(VALUE);
        let large: Vec<String> = (0..COUNT).map(|i| format!("GL_{i}")).collect();
        let large: Vec<(&str, &str)> = large.iter().map(|n| (n.as_str(), full.as_str())).collect();
        assert!(names(&large).len() < COUNT);
    }
}
