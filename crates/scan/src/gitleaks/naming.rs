//! Names that such a file gives, and how much of its words may be said again: an id, a title or a
//! parser's complaint may hold a token, and what is printed here goes through hooks and sidebands.

use lychgate_model::RuleId;

use super::RULES;

/// Bytes of an id that are shown.
const SHOWN: usize = 60;
/// Letters and digits in one go that a word of a name has at most.
const LETTERS: usize = 14;
const DIGITS: usize = 5;
const MIXED: usize = 4;
/// Goes with digits in one id.
const NUMBERED: usize = 3;

/// What the rules of one file are called.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: Vec<(String, RuleId)>,
}

impl Names {
    /// The name of the rule that stands as number `number` of its file, from 1: its id in words
    /// of a-z and 0-9, or its number where the id may be a secret; told apart from those before.
    pub(super) fn give(&mut self, id: &str, number: usize) -> Option<RuleId> {
        let plain = if is_harmless(id) {
            plain(id)?
        } else {
            plain(&format!("rule-{number}"))?
        };
        let numbered = (2..=RULES + 1).filter_map(|n| RuleId::new(&format!("{plain}-{n}")));
        let name = std::iter::once(plain.clone())
            .chain(numbered)
            .find(|name| self.taken.iter().all(|(_, t)| t != name))?;
        self.taken.push((id.to_owned(), name.clone()));
        Some(name)
    }

    /// The rule of this file with that id.
    pub(super) fn of(&self, id: &str) -> Option<&RuleId> {
        let plain = plain(id);
        let same = |(written, name): &&(String, RuleId)| {
            written == id || plain.as_ref().is_some_and(|p| p == name)
        };
        self.taken.iter().find(same).map(|(_, name)| name)
    }
}

/// Ids there are free text; here they are words of a-z and 0-9.
fn plain(id: &str) -> Option<RuleId> {
    let words = id.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|w| !w.is_empty()).collect();
    let mut name = format!("gitleaks.{}", words.join("-").to_ascii_lowercase());
    name.truncate(SHOWN);
    RuleId::new(name.trim_end_matches(['.', '-']))
}

/// The id as a problem says it, or the rule's number.
pub(super) fn shown(id: &str, number: usize) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if id.len() <= SHOWN && id.chars().all(plain) && is_harmless(id) {
        id.to_owned()
    } else {
        format!("rule {number}")
    }
}

/// A key as a note says it, or that it is one.
pub(super) fn key(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if key.len() <= SHOWN && key.chars().all(plain) && is_harmless(key) {
        format!("`{key}`")
    } else {
        "one key".to_owned()
    }
}

/// Whether nothing in an id can be a secret: words as people make them, each short, with few
/// digits at most. What is not surely a name is none.
fn is_harmless(id: &str) -> bool {
    let runs = || id.split(|c: char| !c.is_ascii_alphanumeric());
    let numbered = runs().filter(|r| r.bytes().any(|b| b.is_ascii_digit()));
    runs().all(is_word) && numbered.count() <= NUMBERED
}

fn is_word(run: &str) -> bool {
    let bare = run.trim_start_matches(|c: char| c.is_ascii_digit());
    let letters = bare.bytes().take_while(u8::is_ascii_alphabetic).count();
    let rest = bare.get(letters..).unwrap_or_default();
    let last = rest.bytes().all(|b| b.is_ascii_digit());
    let digits = run.len() - letters;
    run.len() <= MIXED || (letters <= LETTERS && last && digits <= DIGITS)
}

/// A text with every run that may be a secret left out.
pub(super) fn said(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '_' | '='))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(run).unwrap_or((rest, ""));
        let parts = || word.split(|c: char| !c.is_ascii_alphanumeric());
        // Prose has longer words than ids have.
        let letters = |p: &str| p.bytes().all(|b| b.is_ascii_alphabetic()) && p.len() <= 20;
        out += match parts().all(|p| is_word(p) || letters(p)) {
            true => word,
            false => "...",
        };
        let mut others = after.chars();
        out.extend(others.next());
        rest = others.as_str();
    }
    out
}

/// The sentence of a parser without what it quotes of the file.
pub(super) fn unquoted(message: &str) -> String {
    let mut line = message.lines().next().unwrap_or_default().to_owned();
    for quote in ['"', '`', '\''] {
        let ends = line.find(quote).zip(line.rfind(quote));
        let Some((from, to)) = ends.filter(|(from, to)| from < to) else {
            continue;
        };
        let quoted = line.get(from + 1..to).unwrap_or_default();
        // One character is what a parser expected.
        if quoted.chars().count() > 1 {
            line.replace_range(from + 1..to, "...");
        }
    }
    said(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_as_people_write_them_are_said() {
        for id in [
            "aws-access-token",
            "Acme_Key",
            "1password-secret-key",
            "acme.v2",
            "ed25519-key",
            "slack legacy bot token",
            "x",
        ] {
            assert_eq!(shown(id, 7), id);
            let name = Names::default().give(id, 7).unwrap();
            assert!(!name.as_str().contains("rule-7"), "{id}: {name}");
        }
    }

    #[test]
    fn ids_that_may_be_secrets_are_not() {
        let mut made = String::from("ghp_");
        made.extend((0..36u8).map(|n| char::from(b'a' + n * 7 % 26)));
        for id in [
            made.as_str(),
            "de305d54-75b4-431b-adb2-eb6b9e546014",
            "xoxb-123456789012-abcdefghijkl",
            "a\nb",
        ] {
            assert_eq!(shown(id, 7), "rule 7");
        }
        let name = Names::default().give(&made, 7).unwrap();
        assert_eq!(name.as_str(), "gitleaks.rule-7");
        let title = said(&format!("Acme key, as in {made}, for deploys"));
        assert_eq!(title, "Acme key, as in ..., for deploys");
        let complaint = format!("invalid type: string \"{made}\", expected usize");
        let want = "invalid type: string \"...\", expected usize";
        assert_eq!(unquoted(&complaint), want);
    }
}
