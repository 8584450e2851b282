use proptest::prelude::*;
use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Hir;

use crate::fields::{Reader, Writer};

use super::{Group, Led, Steps, Trail};

fn hir(pattern: &str) -> Hir {
    let mut parser = regex_syntax::ParserBuilder::new();
    let mut parser = parser.unicode(false).utf8(false).build();
    parser.parse(pattern).unwrap()
}

/// What steps lead to from each place, beside what the automata of another crate say.
fn compare(pattern: &str, text: &[u8], to: usize) -> Result<(), TestCaseError> {
    let hir = hir(pattern);
    let group = Group::of(&hir).value;
    let Some(steps) = Steps::of(&hir, group) else {
        return Ok(());
    };
    let mut written = Writer::default();
    steps.write(&mut written);
    let read = Steps::read(&mut Reader(&written.0));
    prop_assert_eq!(read.as_ref(), Some(&steps));
    let regex = Regex::builder().build_from_hir(&hir).unwrap();
    let mut slots = vec![None; 2 * group as usize + 2];
    let mut trail = Trail::default();
    for from in 0..=to {
        let input = Input::new(text).range(from..to).anchored(Anchored::Yes);
        slots.fill(None);
        let want = regex.search_slots(&input, &mut slots).map(|_| {
            let at = |i: u32| slots[i as usize].map(|n| n.get());
            let value = at(2 * group).zip(at(2 * group + 1));
            (at(1).unwrap(), value.filter(|_| group > 0))
        });
        let mut left = 1 << 20;
        let got = match steps.follow(text, (from, to), &mut trail, &mut left) {
            Led::To(end, value) => Some((end, value)),
            Led::Nowhere => None,
            Led::TooFar => continue,
        };
        prop_assert_eq!(got, want, "{} from {}", pattern, from);
        let input = Input::new(text).range(from..to);
        let want = regex.search(&input).map(|m| (m.start(), m.end()));
        let got = match steps.seek(text, (from, to), &mut trail, &mut left) {
            (at, Led::To(end, _)) => Some((at, end)),
            (_, Led::Nowhere) => None,
            (_, Led::TooFar) => continue,
        };
        prop_assert_eq!(got, want, "{} anywhere from {}", pattern, from);
    }
    Ok(())
}

#[test]
fn steps_find_what_the_pattern_prefers() {
    for (pattern, text) in [
        (r"\b(xyz_[a-z]{3,})\b", "xyz_abc xyz_ab_xyz_abcd"),
        (r"a{2,4}?b?", "aaaaab"),
        (r"(a|ab)(?P<secret>c|bcd)?", "abcd"),
        (r"(?:[a-c]{1,3},)+(d)", "ab,c,abc,d"),
        (
            r"(?i:key|keyed)[:=]{1,2}([a-z-]{2,5})\b",
            "KEY:=ab-cd- keyed=a",
        ),
        (r"(?m)^ab$|^$", "ab\n\nab"),
        (r"x.{0,5}?y|x", "x123y x1\ny"),
        (r"(?:(a)|b)*c", "ababc"),
        (r"\Bx\B", "axa x"),
        (r"[^a]*a$", "bbaba"),
    ] {
        compare(pattern, text.as_bytes(), text.len()).unwrap();
    }
}

#[test]
fn what_takes_too_many_steps_is_not_known() {
    let steps = Steps::of(&hir("(?:[ab]*[ac]*)[ad]*x"), 0).unwrap();
    let text = "a".repeat(300);
    let mut left = 1000;
    let mut trail = Trail::default();
    let led = steps.follow(text.as_bytes(), (0, 300), &mut trail, &mut left);
    assert_eq!(led, Led::TooFar);
    assert_eq!(left, 0);
}

#[test]
fn what_steps_cannot_do_is_left_to_others() {
    for pattern in ["(?:a?)*b", "(?:|a)+", r"\b{start}a", "a{70000}"] {
        assert_eq!(Steps::of(&hir(pattern), 0), None, "{pattern}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(2000)
    })]

    #[test]
    fn steps_and_automata_agree(
        pattern in r"(([ab@]|\.|[a-c]|\[\^a\]|\\w|ab)(\?|\*|\+|\{2\}|\{1,3\}|\{2,\})?\??|\(([a-c]|ab|[a-c]\*|\(b\|c\)|a\|@b|bc\|b)(\|[a-c]{1,2})?\)(\?|\*\?|\+|\{0,2\})?|\(\?i:(a|bc)\)|\\b|\\B|\^|\$){1,6}",
        text in "([a-cA-C]{1,6}|[0-9]{2}|[@. ]|\n){1,8}",
        cut in 0..4usize,
    ) {
        let to = text.len().saturating_sub(cut);
        compare(&pattern, text.as_bytes(), to)?;
    }
}
