//! Other tools' files, as wishes: at this place, this value.

use serde_json::Value;
use sha1::{Digest as _, Sha1};

/// Entries of one file.
const MOST: usize = 100_000;

/// One entry of such a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// From the top of the work tree.
    pub(super) path: Vec<u8>,
    /// The other tool's rule.
    pub(super) rule: String,
    pub(super) commit: Option<String>,
    pub(super) line: Option<u32>,
    /// SHA-1 of the value, where the file tells it.
    pub(super) digest: Option<[u8; 20]>,
    /// Its length in bytes, where the file tells the value itself.
    pub(super) length: Option<usize>,
    /// It stands inside an archive; the line counts in there.
    pub(super) inside: bool,
}

/// What one file asks for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) wishes: Vec<Wish>,
    /// Lines that are no entries, from 1.
    pub(super) odd: Vec<usize>,
}

/// Why a line is no entry.
pub(super) const ODD: &str = "neither file:rule:line nor commit:file:rule:line";

/// What a file asks for; the format is told by its content.
pub(super) fn asked(bytes: &[u8]) -> Result<Asked, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
    let text = text.trim_start_matches('\u{feff}');
    let mut odd = Vec::new();
    let wishes = match text.trim_start().bytes().next() {
        Some(b'[' | b'{') => {
            let json: Value = serde_json::from_str(text).map_err(|e| {
                // What it quotes is the file's.
                format!("not JSON from line {} on, column {}", e.line(), e.column())
            })?;
            match (&json, json.get("results")) {
                (Value::Array(all), _) => {
                    let read = (1..).zip(all).map(|(number, one)| {
                        of_gitleaks(one).ok_or_else(|| {
                            format!("not a gitleaks report: entry {number} has no File")
                        })
                    });
                    read.collect::<Result<Vec<_>, _>>()?
                }
                (_, Some(Value::Object(files))) => {
                    let all = files.iter();
                    let all = all.flat_map(|(path, found)| {
                        let found = found.as_array().into_iter().flatten();
                        found.map(move |f| of_detect_secrets(path, f))
                    });
                    all.collect()
                }
                _ => {
                    let what = "neither a gitleaks report nor a detect-secrets baseline";
                    return Err(what.to_owned());
                }
            }
        }
        _ => {
            let mut wishes = Vec::new();
            for (number, line) in (1..).zip(text.lines().map(str::trim)) {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                match of_ignore(line) {
                    Some(wish) => wishes.push(wish),
                    None => odd.push(number),
                }
            }
            if let (true, Some(first)) = (wishes.is_empty(), odd.first()) {
                return Err(format!("line {first} is {ODD}"));
            }
            wishes
        }
    };
    if wishes.len() > MOST {
        return Err(format!("more entries than are read: {MOST}"));
    }
    Ok(Asked { wishes, odd })
}

/// `file:rule:line`, or `commit:file:rule:line`.
fn of_ignore(line: &str) -> Option<Wish> {
    let (rest, number) = line.rsplit_once(':')?;
    let (rest, rule) = rest.rsplit_once(':')?;
    let number = number.parse().ok()?;
    let (commit, file) = match rest.split_once(':') {
        Some((commit, file)) if is_commit(commit) => (Some(commit), file),
        _ => (None, rest),
    };
    let (path, inside) = outer(file);
    Some(Wish {
        path,
        rule: rule.to_owned(),
        commit: commit.map(str::to_owned),
        line: Some(number),
        digest: None,
        length: None,
        inside,
    })
}

fn of_gitleaks(found: &Value) -> Option<Wish> {
    let text = |key: &str| found.get(key).and_then(Value::as_str);
    let (path, inside) = outer(text("File")?);
    // What was redacted tells nothing: then the place has to do.
    let secret = text("Secret").filter(|s| !s.is_empty());
    let secret = secret.filter(|s| *s != "REDACTED" && !s.ends_with("...") && !s.contains("***"));
    Some(Wish {
        path,
        rule: text("RuleID").unwrap_or("?").to_owned(),
        commit: text("Commit").filter(|c| is_commit(c)).map(str::to_owned),
        line: line(found.get("StartLine")),
        digest: secret.map(|s| Sha1::digest(s.as_bytes()).into()),
        length: secret.map(str::len),
        inside,
    })
}

fn of_detect_secrets(path: &str, found: &Value) -> Wish {
    let text = |key: &str| found.get(key).and_then(Value::as_str);
    let kind = text("type").unwrap_or("?");
    // Of a private key only the first line was hashed, which all of them share.
    let hash = text("hashed_secret").filter(|_| kind != "Private Key");
    Wish {
        path: outer(path).0,
        rule: kind.to_owned(),
        commit: None,
        line: line(found.get("line_number")),
        digest: hash.and_then(unhex),
        length: None,
        inside: false,
    }
}

fn line(value: Option<&Value>) -> Option<u32> {
    value?.as_u64().and_then(|n| u32::try_from(n).ok())
}

/// The file outside of every archive, with slashes, and whether there is an archive.
fn outer(file: &str) -> (Vec<u8>, bool) {
    let file = file.replace('\\', "/");
    let file = file.strip_prefix("./").unwrap_or(&file);
    match file.split_once('!') {
        Some((archive, _)) if !archive.is_empty() => (archive.as_bytes().to_vec(), true),
        _ => (file.as_bytes().to_vec(), false),
    }
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 7..=64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn unhex(text: &str) -> Option<[u8; 20]> {
    let mut out = [0; 20];
    if text.len() != 40 || !text.is_ascii() {
        return None;
    }
    for (to, at) in out.iter_mut().zip((0..40).step_by(2)) {
        *to = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignore_file_has_three_or_four_fields() {
        let commit = "ab".repeat(20);
        let text = format!(
            "# why\n\na\\b.txt:aws:3\n{commit}:c.txt:aws:4\nd.zip!e/f:aws:5\n  g:h.txt:aws:6\n"
        );
        let read = asked(text.as_bytes()).unwrap().wishes;
        let told: Vec<(&str, bool, Option<u32>, bool)> = read
            .iter()
            .map(|w| {
                let path = std::str::from_utf8(&w.path).unwrap();
                (path, w.commit.is_some(), w.line, w.inside)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("a/b.txt", false, Some(3), false),
                ("c.txt", true, Some(4), false),
                ("d.zip", false, Some(5), true),
                ("g:h.txt", false, Some(6), false),
            ]
        );
        let why = asked(b"\n only words\n").unwrap_err();
        assert!(why.starts_with("line 2 is neither"), "{why}");
        // One odd line does not take the others with it.
        let read = asked(b"a:r:1\n# why\nodd\nb:r:x\nc:r:2\n").unwrap();
        assert_eq!((read.wishes.len(), read.odd), (2, vec![3, 4]));
    }

    #[test]
    fn a_report_tells_its_values_by_digest_alone() {
        let text = r#"[{"RuleID":"r","File":"a","StartLine":2,"Secret":"hunter2"},
            {"RuleID":"r","File":"a","StartLine":3,"Secret":"REDACTED"}]"#;
        let read = asked(text.as_bytes()).unwrap().wishes;
        assert!(read[0].digest.is_some() && read[1].digest.is_none());
        assert!(!format!("{read:?}").contains("hunter2"));
        let why = |text: &[u8]| asked(text).unwrap_err();
        assert!(why(b"[{\"File\":\"a\"},{}]").contains("entry 2"));
        assert!(why(b"{}").contains("neither"));
        assert_eq!(why(b"[\n{\"a\": b}]"), "not JSON from line 2 on, column 7");
    }

    #[test]
    fn the_length_goes_with_the_value() {
        let text = r#"[{"RuleID":"r","File":"a","StartLine":2,"Secret":"hunter2"}]"#;
        assert_eq!(asked(text.as_bytes()).unwrap().wishes[0].length, Some(7));
    }

    #[test]
    fn a_detect_secrets_baseline_hashes_all_but_private_keys() {
        let hash = "0f".repeat(20);
        let text = format!(
            r#"{{"version":"1.5.0","results":{{"a":[
                {{"type":"Secret Keyword","hashed_secret":"{hash}","line_number":2}},
                {{"type":"Private Key","hashed_secret":"{hash}","line_number":9}}]}}}}"#
        );
        let read = asked(text.as_bytes()).unwrap().wishes;
        assert_eq!(read[0].digest, Some([0x0f; 20]));
        assert_eq!((read[1].digest, read[1].line), (None, Some(9)));
    }
}
