//! How one rule decides: pattern, entropy, stopwords, check.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use lychgate_model::{Confidence, Severity};

use crate::beside::{self, Table};
use crate::canonical::Canonical;
use crate::check::{Check, OnFailure, Outcome, Strength};
use crate::engine::Engine;
use crate::entropy::bits_per_byte;
use crate::gitleaks::{Foreign, Says, Seen};
use crate::scanned::Day;
use crate::shapeless::{self, ByHand};

/// The matching half of a rule. Compiles its pattern when first needed: most rules never fire.
#[derive(Clone, Debug)]
pub(crate) struct Matcher {
    keywords: Vec<Cow<'static, [u8]>>,
    pattern: Cow<'static, str>,
    /// Its program, if that was made when this one was built; empty else.
    program: &'static [u8],
    window: u32,
    entropy: f32,
    check: Option<Check>,
    on_failure: OnFailure,
    stopwords: Vec<Cow<'static, [u8]>>,
    /// Boxed: most rules never have one.
    compiled: OnceLock<Option<Box<Engine>>>,
    /// The paths of the rule decide; content is not looked at.
    path: bool,
    foreign: Option<Arc<Foreign>>,
    /// Names and values are read by hand ([`crate::shapeless`], [`crate::beside`]).
    by_hand: Option<ByHand>,
    /// The pattern as a table of services, once it is needed.
    table: OnceLock<Table>,
}

/// A window as wide as any text: some rules look at all of it wherever a keyword stands.
const EVERYWHERE: u32 = u32::MAX;

impl Matcher {
    pub(crate) fn new(
        keywords: Vec<Cow<'static, [u8]>>,
        pattern: Cow<'static, str>,
        window: u32,
        entropy: f32,
        check: Option<Check>,
        on_failure: OnFailure,
        stopwords: Vec<Cow<'static, [u8]>>,
    ) -> Self {
        let compiled = OnceLock::new();
        Self {
            keywords,
            pattern,
            program: &[],
            window,
            entropy,
            check,
            on_failure,
            stopwords,
            compiled,
            path: false,
            foreign: None,
            by_hand: None,
            table: OnceLock::new(),
        }
    }

    /// The same rule, whose pattern was read when this program was built.
    pub(crate) fn with_program(mut self, program: &'static [u8]) -> Self {
        self.program = program;
        self
    }

    /// A rule that finds whatever stands at its paths.
    pub(crate) fn path() -> Self {
        let on = OnFailure::Low;
        Self {
            path: true,
            ..Self::new(Vec::new(), Cow::Borrowed(""), 1, 0.0, None, on, Vec::new())
        }
    }

    /// Whether the path alone decides.
    pub(crate) fn is_path(&self) -> bool {
        self.path
    }

    /// A rule whose values are read by hand around its keywords.
    pub(crate) fn read_by_hand(
        how: ByHand,
        keywords: Vec<Cow<'static, [u8]>>,
        stopwords: Vec<Cow<'static, [u8]>>,
    ) -> Self {
        let (on, window) = (OnFailure::Low, 1);
        Self {
            by_hand: Some(how),
            ..Self::new(
                keywords,
                Cow::Borrowed(""),
                window,
                0.0,
                None,
                on,
                stopwords,
            )
        }
    }

    /// A rule that knows services by name; `pattern` is its table.
    pub(crate) fn beside(pattern: Cow<'static, str>, stopwords: Vec<Cow<'static, [u8]>>) -> Self {
        let keywords = beside::keywords(&pattern)
            .map(|k| Cow::Owned(k.into_bytes()))
            .collect();
        let how = ByHand::Beside;
        Self {
            pattern,
            ..Self::read_by_hand(how, keywords, stopwords)
        }
    }

    /// The table of a rule that knows services by name; empty for others, and for one that nobody
    /// tested.
    pub(crate) fn table(&self) -> &Table {
        self.table
            .get_or_init(|| Table::read(&self.pattern).unwrap_or_default())
    }

    /// How far before and behind the end of a keyword its value is read by hand; `None`: farther
    /// than is worth telling.
    pub(crate) fn read_around(&self) -> Option<(u64, u64)> {
        match self.by_hand? {
            ByHand::Assignment => Some((shapeless::BEHIND as u64, shapeless::AHEAD as u64)),
            ByHand::Beside => Some((beside::BEHIND as u64, self.table().ahead() as u64)),
            ByHand::KubernetesSecret | ByHand::Columns => None,
        }
    }

    /// What reads the values instead of a pattern.
    pub(crate) fn by_hand(&self) -> Option<ByHand> {
        self.by_hand
    }

    /// A rule of a `.gitleaks.toml`: a keyword anywhere makes its pattern look at everything.
    pub(crate) fn foreign(
        keywords: Vec<Cow<'static, [u8]>>,
        pattern: Cow<'static, str>,
        entropy: f32,
        foreign: Arc<Foreign>,
    ) -> Self {
        let on = OnFailure::Keep;
        Self {
            foreign: Some(foreign),
            ..Self::new(keywords, pattern, EVERYWHERE, entropy, None, on, Vec::new())
        }
    }

    /// The same rule with allow-lists of a file that is trusted.
    pub(crate) fn excused_by(&self, lists: Arc<Foreign>) -> Self {
        Self {
            foreign: Some(lists),
            ..self.clone()
        }
    }

    /// Whether its pattern runs though no keyword stands anywhere.
    pub(crate) fn is_always(&self) -> bool {
        self.keywords.is_empty() && !self.pattern.is_empty()
    }

    /// What the rule's own allow-lists say of a match.
    pub(crate) fn excuse(&self, seen: &Seen<'_>) -> Says {
        self.foreign
            .as_ref()
            .map_or(Says::Open(0), |foreign| foreign.weigh(seen))
    }

    pub(crate) fn keywords(&self) -> &[Cow<'static, [u8]>] {
        &self.keywords
    }

    /// Bytes looked at on either side of a keyword.
    pub(crate) fn window(&self) -> u64 {
        u64::from(self.window)
    }

    /// Compiles without keeping; says whatever is wrong with the pattern.
    pub(crate) fn compile(&self) -> Result<Engine, String> {
        if self.by_hand.is_some() || self.path {
            return Err("has no pattern".to_owned());
        }
        if turns_unicode_on(&self.pattern) {
            return Err("turns Unicode on with `(?u`: patterns are over bytes".to_owned());
        }
        Engine::tested(self.pattern.clone(), &self.keywords, self.group())
    }

    /// The group that a file of rules names.
    fn group(&self) -> u32 {
        let group = self.foreign.as_ref().map_or(0, |f| f.group);
        u32::try_from(group).unwrap_or(u32::MAX)
    }

    /// What counts of bytes that its pattern read. Rules of a `.gitleaks.toml` look at all of a
    /// text, and so pay less for each byte of it.
    pub(crate) fn price(&self, bytes: u64) -> u64 {
        if self.foreign.is_some() && self.window == EVERYWHERE {
            bytes / 16
        } else {
            bytes
        }
    }

    /// Whether it was needed before.
    pub(crate) fn is_compiled(&self) -> bool {
        self.compiled.get().is_some()
    }

    /// The compiled pattern; `None` only for a pattern that nobody tested.
    pub(crate) fn compiled(&self) -> Option<&Engine> {
        let made = || {
            let led = || Engine::led(self.pattern.clone(), &self.keywords, self.group()).ok();
            let engine = Engine::packed(self.pattern.clone(), self.program).or_else(led);
            engine.map(Box::new)
        };
        self.compiled.get_or_init(made).as_deref()
    }

    /// Severity and confidence of a value, from the rule's own; `around` is the whole match.
    /// `None`: no finding. What is only supposed to be a check never clears.
    pub(crate) fn weigh(
        &self,
        value: &[u8],
        around: &[u8],
        (severity, confidence): (Severity, Confidence),
    ) -> Option<(Severity, Confidence)> {
        if value.is_empty() || self.stopwords.iter().any(|w| contains_folded(value, w)) {
            return None;
        }
        if self.entropy > 0.0 && bits_per_byte(value) < self.entropy {
            return None;
        }
        let plain = self
            .check
            .is_none_or(|c| matches!(c, Check::Mixed | Check::Chosen));
        // Listed all the same: whoever wrote the rule asked for what it matches.
        if plain && self.foreign.is_none() && (is_shown(value) || is_of_manuals(around)) {
            return Some((severity.min(Severity::Low), Confidence::Low));
        }
        let Some(check) = self.check else {
            return Some((severity, confidence));
        };
        let refuted = match check.verify_in(value, around) {
            Outcome::Holds => {
                let raised = match check.strength() {
                    Strength::Proof | Strength::Supposed => Confidence::Certain,
                    Strength::Shape => confidence.max(Confidence::High),
                    Strength::Attribution => confidence,
                };
                return Some((severity, raised));
            }
            Outcome::Public => return Some((Severity::Note, confidence)),
            Outcome::Shown => return Some((severity.min(Severity::Low), Confidence::Low)),
            Outcome::Unclear => return Some((severity, confidence)),
            Outcome::Fails => matches!(check.strength(), Strength::Proof | Strength::Shape),
        };
        match self.on_failure {
            OnFailure::Keep => Some((severity, confidence)),
            OnFailure::Drop if refuted => None,
            OnFailure::Low if refuted => Some((severity.min(Severity::Low), Confidence::Low)),
            OnFailure::Drop | OnFailure::Low => {
                Some((severity, confidence.min(Confidence::Medium)))
            }
        }
    }

    /// The last day on which the value may be worth something, where it says one itself.
    pub(crate) fn until(&self, value: &[u8], around: &[u8]) -> Option<Day> {
        self.check?.until(value, around)
    }

    /// The longest keyword that `value` begins with, as public as the rule itself.
    pub(crate) fn public_prefix(&self, value: &[u8]) -> &[u8] {
        let starts = |k: &&Cow<'static, [u8]>| {
            value
                .get(..k.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(k))
        };
        self.keywords
            .iter()
            .filter(starts)
            .max_by_key(|k| k.len())
            .map_or(&[], |k| k)
    }

    /// What decides its matches, for a digest.
    pub(crate) fn canonical(&self, out: &mut Canonical) {
        if let Some(how) = self.by_hand {
            out.number(u64::from(match how {
                ByHand::Beside => beside::VERSION,
                ByHand::Assignment | ByHand::KubernetesSecret | ByHand::Columns => {
                    crate::shapeless::VERSION
                }
            }));
            out.number(how as u64);
        }
        if let Some(foreign) = &self.foreign {
            foreign.canonical(out);
        }
        out.text(&self.pattern);
        out.number(u64::from(self.window));
        out.number(u64::from(self.entropy.to_bits()));
        out.text(self.check.map_or("", Check::name));
        out.text(self.on_failure.name());
        out.list(self.keywords.iter().map(AsRef::as_ref));
        out.list(self.stopwords.iter().map(AsRef::as_ref));
    }
}

/// Whether a group of flags has `u` before any minus.
fn turns_unicode_on(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|flags| {
        let set = flags.bytes().take_while(u8::is_ascii_alphabetic);
        let names = flags.starts_with("P<");
        !names && set.into_iter().any(|b| b == b'u')
    })
}

/// Whether a token says of itself that it is an example, or runs through its alphabet: chance makes
/// neither.
fn is_shown(value: &[u8]) -> bool {
    let of =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'+' | b'/' | b'=');
    (16..=256).contains(&value.len())
        && value.iter().all(of)
        && (contains_folded(value, b"example")
            || contains_folded(value, b"1234567890")
            || climbs(value)
            || repeats(value))
}

/// Whether a match holds the pair that examples of databases are written with since 1977.
fn is_of_manuals(around: &[u8]) -> bool {
    memchr::memmem::find(around, b"://scott:tiger").is_some()
}

/// Whether twelve characters in a row are two, over and over: `1A1A1A1A1A1A`.
fn repeats(value: &[u8]) -> bool {
    let again = |w: &[u8]| w.iter().zip(w.iter().skip(2)).all(|(a, b)| a == b);
    value.windows(12).any(again)
}

/// Whether most characters are the next of the alphabet or of the digits, or nearly all of them
/// that or the same again: `00001111222233334444`.
fn climbs(value: &[u8]) -> bool {
    let far = |most: u8| {
        let near = |w: &&[u8]| matches!(w, [a, b] if a.abs_diff(*b) <= most);
        value.windows(2).filter(near).count()
    };
    let (near, same) = (far(1), far(0));
    (near - same) * 2 > value.len() || (near * 10 > value.len() * 9 && same < near)
}

/// Whether `text` holds the lower-case `word`, case aside.
fn contains_folded(text: &[u8], word: &[u8]) -> bool {
    !word.is_empty()
        && text
            .windows(word.len())
            .any(|w| w.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{Reader, Writer};
    use crate::program::{Program, parse};

    #[test]
    fn unicode_cannot_be_turned_on() {
        for (pattern, on) in [
            ("(?u)x", true),
            ("(?iu:x)", true),
            ("(?i)x", false),
            ("(?P<u>x)", false),
            ("(?:u)", false),
        ] {
            assert_eq!(turns_unicode_on(pattern), on, "{pattern}");
        }
    }

    #[test]
    fn stopwords_and_entropy_refuse() {
        let on = OnFailure::Low;
        let words = vec![Cow::Borrowed(&b"example"[..])];
        let m = Matcher::new(vec![], "x".into(), 1, 3.0, None, on, words);
        let weigh = |v: &[u8]| {
            m.weigh(v, v, (Severity::High, Confidence::Medium))
                .is_some()
        };
        assert!(weigh(b"a1b2c3d4e5f6g7h8"));
        assert!(!weigh(b"a1b2EXAMPLEd4e5f6g7h8"));
        assert!(!weigh(b"aaaaaaaabbbbbbbb"));
        let run = b"abcdefghijklmnop0123456789";
        let doubted = m.weigh(run, run, (Severity::High, Confidence::Medium));
        assert_eq!(doubted, Some((Severity::Low, Confidence::Low)));
        let steps = b"000011112222333344445555aaaabbbb";
        let doubted = m.weigh(steps, steps, (Severity::High, Confidence::Medium));
        assert_eq!(doubted, Some((Severity::Low, Confidence::Low)));
        let mixed = b"00d011c12a2e3b37f4405c5aaa9bb8b1";
        let kept = m.weigh(mixed, mixed, (Severity::High, Confidence::Medium));
        assert_eq!(kept, Some((Severity::High, Confidence::Medium)));
        assert!(weigh(b"qf7Hc2Zp9Lw4Xn8Tb3Ky"));
        assert!(!weigh(b""));
    }

    /// What the build script made of the patterns is what this program makes of them.
    #[test]
    fn every_pattern_of_every_pack_was_read_as_it_is_read_here() {
        let set = crate::RuleSet::built_in().unwrap();
        let mut count = 0;
        let all = set.searcher.matchers.iter().zip(set.rules());
        for (matcher, rule) in all.filter(|(m, _)| m.by_hand().is_none() && !m.is_path()) {
            let hir = parse(&matcher.pattern).unwrap();
            let made = Program::of(&hir, &matcher.keywords, matcher.group());
            let read = Program::read(Reader(matcher.program));
            assert_eq!(read.as_ref(), Some(&made), "{}", rule.id);
            let mut written = Writer::default();
            made.write(&mut written);
            assert_eq!(written.0, matcher.program, "{}", rule.id);
            for cut in [0, 1, 8, matcher.program.len() - 1] {
                let _ = Program::read(Reader(&matcher.program[..cut]));
            }
            count += 1;
        }
        assert!(count > 800, "{count}");
    }

    /// There is one engine ([`crate::engine`]): what does not fit into it does not compile.
    #[test]
    fn every_pattern_of_every_pack_compiles_and_all_are_small() {
        let set = crate::RuleSet::built_in().unwrap();
        let (mut total, mut count, mut led) = (0, 0, 0);
        let all = set.searcher.matchers.iter().zip(set.rules());
        for (matcher, rule) in all.filter(|(m, _)| m.by_hand().is_none() && !m.is_path()) {
            let engine = matcher
                .compile()
                .unwrap_or_else(|why| panic!("{}: {why}", rule.id));
            let bytes = engine.memory();
            assert!(bytes <= 384 << 10, "{}: {bytes} bytes", rule.id);
            total += bytes;
            count += 1;
            led += usize::from(engine.lead().is_some() || engine.heads().is_some());
        }
        assert!(total < 16 << 20, "all patterns: {total} bytes");
        // The others are looked for at every byte around a keyword.
        assert!(
            led * 100 > count * 88,
            "{led} of {count} tell where to look"
        );
    }
}
