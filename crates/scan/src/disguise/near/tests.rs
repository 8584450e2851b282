use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::super::survey::Survey;
use super::super::view::View;
use super::super::{SEEN, Scene};
use super::*;
use crate::alike::{Alike, same_beginning, same_end};

/// Everything that is entered: what it is and what it says.
type Views = HashSet<(&'static str, Vec<u8>, Range<usize>, Option<Vec<u8>>)>;

/// What the finders see in a part of a text.
fn seen(text: &[u8], zone: &Range<usize>, hints: Hints, views: &mut Views) {
    let mut survey = Survey::default();
    let end = text.len().min(zone.end.saturating_add(BEYOND));
    survey.of(text, zone.start..end, hints);
    let scene = Scene {
        text,
        from: zone.start,
        begins: 0,
        hints,
        survey: &survey,
    };
    for find in SEEN {
        find(&scene, &mut View::default(), &mut |view| {
            let plain = view.plain.clone();
            views.insert((view.kind, plain, view.core.clone(), view.apart()));
            true
        });
    }
}

/// How much of `text` is looked at near what is new since `past`, if nothing is overlooked.
fn near(past: &[u8], text: &[u8], hints: Hints) -> Result<usize, TestCaseError> {
    let mut alike = Alike::default();
    let prefix = same_beginning(past, text);
    let suffix = same_end(&past[prefix..], &text[prefix..]);
    alike.find(past, text, (prefix, suffix));
    let earlier = Earlier {
        veils: &Veils {
            ways: Ways::of(hints).unwrap(),
            cost: Cost {
                account: crate::effort::Effort::default().account().unwrap(),
                bytes: [0; 2],
            },
        },
        length: past.len(),
        stretches: alike.stretches(),
    };
    let mut chosen = Vec::new();
    zones(text, hints, &earlier, &mut chosen);
    let (mut known, mut whole) = (Views::new(), Views::new());
    seen(past, &(0..past.len()), hints, &mut known);
    seen(text, &(0..text.len()), hints, &mut whole);
    let mut last = 0;
    for zone in &chosen {
        prop_assert!(last <= zone.start && zone.start < zone.end && zone.end <= text.len());
        last = zone.end;
        seen(text, zone, hints, &mut known);
    }
    for view in &whole {
        let shown = String::from_utf8_lossy(&view.1);
        prop_assert!(known.contains(view), "{}: {:?} {:?}", view.0, shown, chosen);
    }
    Ok(chosen.iter().map(Range::len).sum())
}

const WORDS: [&str; 32] = [
    "key = base64.b64decode(",
    "let key =",
    "    (",
    "x = String.concat([",
    "names = paste0(",
    "    ], \"\".join",
    "use std::collections::HashMap;",
    "    let token = self.next(&mut stream)?;",
    "",
    "}",
    "    /// Ordinary words of a comment, that say what is what and why",
    "        $this->assertSame(['a' => 1], $x->all());",
    "            throw new \\LogicException('No hasher: \"%s\".');",
    "lorem ipsum dolor sit amet consectetur adipiscing elit",
    "x = \"one\" +",
    "    \"another\" +",
    "    'third' .",
    "$sql .= ' WHERE a = 1';",
    "s += \"more\";",
    "    'key', 'value',",
    "parts = ['ab', 'cd'].join('')",
    "    1, 2, 0x41,",
    "mac = 00:1b:44:11:3a:b7",
    "<a href=\"?q=%20x&amp;y=1\">it&#39;s</a>",
    "re = \"\\\\d+\\n\\t\\x41\"",
    "    ]",
    "def f(x):",
    "1234567890123456789012345678901234567890",
    "{",
    "    b'q', b'r',",
    "\"source\": [",
    "a=20 b=41",
];

/// Text as people hide it; `plain` is what they hide.
fn hidden(way: usize, plain: &str, width: usize) -> String {
    let each = |item: &dyn Fn(u8) -> String, between: &str| {
        plain.bytes().map(item).collect::<Vec<_>>().join(between)
    };
    let wrapped = |text: String, between: &str| {
        let lines = text.as_bytes().chunks(width).map(String::from_utf8_lossy);
        lines.collect::<Vec<_>>().join(between)
    };
    let rows = |item: &dyn Fn(u8) -> String, sign: &str, between: &str| {
        let rows = plain.as_bytes().chunks(width / 4 + 1).map(|row| {
            let items: Vec<_> = row.iter().map(|b| item(*b)).collect();
            items.join(sign)
        });
        rows.collect::<Vec<_>>().join(between)
    };
    let hex = |b: u8| format!("{b:02x}");
    // Two literals are joined where both sides are of a value.
    let line = || plain.replace(['\n', ' '], "_");
    match way {
        0 => STANDARD.encode(plain),
        1 => wrapped(STANDARD.encode(plain), "\n"),
        2 => wrapped(STANDARD.encode(plain), "\n    "),
        3 => wrapped(each(&hex, ""), "\n# "),
        4 => format!("[\n  {}\n]", rows(&|b| b.to_string(), ", ", ",\n  ")),
        5 => format!("{{{}}};", each(&|b| format!("0x{b:02x}"), ",\n\n")),
        6 => rows(&|b| format!("chr({b})"), " . ", "\n  . "),
        7 => rows(&hex, ":", ":\n    "),
        8 => rows(&hex, " ", "\n"),
        9 => rows(&|b| format!("={b:02X}"), "", "=\n"),
        10 => format!("\"{}\"", wrapped(line(), "\" +\n  \"")),
        11 => format!("'{}'", wrapped(line(), "'\n  '")),
        12 => format!("x = \"{}", wrapped(line(), "\";\nx += \"")),
        13 => format!("'{}'", wrapped(line(), "',\n  '")),
        14 => rows(&|b| format!("\\x{b:02x}"), "", "\n"),
        15 => rows(&|b| format!("%{b:02X}"), " and words ", "\n\n"),
        16 => rows(&|b| format!("&#{b};"), "", &"words and ".repeat(width / 7)),
        17 => format!("\"{}\"", wrapped(line(), "\\n\",\n    \"")),
        18 => wrapped(line(), "\\\n   "),
        19 => wrapped(line(), "=\n"),
        20 => format!("[{}]", each(&|b| format!("'{}'", char::from(b)), ",\n")),
        _ => format!("(\"{}", wrapped(line(), "\n")),
    }
}

/// A part of a text: some lines, or something hidden that is so long.
#[derive(Clone, Debug)]
enum Part {
    Lines(Vec<usize>),
    Hidden(usize, usize, usize),
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => prop::collection::vec(0usize..32, 1..30).prop_map(Part::Lines),
        2 => (0usize..22, 1usize..900, 4usize..90).prop_map(|(a, b, c)| Part::Hidden(a, b, c)),
    ]
}

fn text_of(parts: &[Part], crlf: bool) -> Vec<u8> {
    let mut text = String::new();
    for (i, part) in parts.iter().enumerate() {
        match part {
            Part::Lines(lines) => {
                for line in lines {
                    text += WORDS[line % WORDS.len()];
                    text += "\n";
                }
            }
            Part::Hidden(way, length, width) => {
                let words = (0..).map(|n| format!("word{} and key = {}x\n", n * 7 + i, n * 977));
                let mut plain = String::new();
                for word in words {
                    plain += &word;
                    if plain.len() >= *length {
                        break;
                    }
                }
                plain.truncate(*length);
                text += &hidden(*way, &plain, *width);
                text += if way % 3 == 0 { ";\n" } else { "\n" };
            }
        }
    }
    if crlf {
        text = text.replace('\n', "\r\n");
    }
    text.into_bytes()
}

#[derive(Clone, Debug)]
enum Edit {
    Byte(u8),
    Delete(usize),
    Insert(Part),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => prop::sample::select(b"x\" \n=:.,\\'+;&%[4".to_vec()).prop_map(Edit::Byte),
        2 => (1usize..300).prop_map(Edit::Delete),
        2 => part().prop_map(Edit::Insert),
    ]
}

fn edited(text: &[u8], at: prop::sample::Index, edit: &Edit) -> Vec<u8> {
    let mut text = text.to_vec();
    let at = at.index(text.len() + 1);
    match edit {
        Edit::Byte(b) => text.splice(at..text.len().min(at + 1), [*b]).count(),
        Edit::Delete(length) => text.drain(at..text.len().min(at + length)).count(),
        Edit::Insert(part) => {
            let part = text_of(std::slice::from_ref(part), false);
            text.splice(at..at, part).count()
        }
    };
    text
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    })]

    #[test]
    fn whatever_is_hidden_was_hidden_before_or_is_seen_near_what_is_new(
        parts in prop::collection::vec(part(), 2..14),
        edits in prop::collection::vec((any::<prop::sample::Index>(), edit()), 1..4),
        (joins, goes_on, crlf) in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let hints = Hints { joins, goes_on, ..Hints::default() };
        let past = text_of(&parts, crlf);
        let mut text = past.clone();
        for (at, edit) in &edits {
            text = edited(&text, *at, edit);
        }
        near(&past, &text, hints)?;
        near(&text, &past, hints)?;
    }
}

/// Ordinary text is passed over, and what stands in it is not.
#[test]
fn most_of_what_is_the_same_is_passed_over() {
    let lines: Vec<usize> = (0..600).map(|i| i * 7 % 8).collect();
    let past = text_of(&[Part::Lines(lines)], false);
    let half = past.len() / 2;
    let new = [&past[..half], b"\nnew\n", &past[half..]].concat();
    for joins in [false, true] {
        let hints = Hints {
            joins,
            ..Hints::default()
        };
        let least = BACK + if joins { AHEAD_OF_LISTS } else { AHEAD };
        let looked = near(&past, &new, hints).unwrap();
        assert!((least..least + 600).contains(&looked), "{looked}");
        assert_eq!(near(&new, &new, hints).unwrap(), 0);
    }
}

/// What is new decides about what stands so far from it that it is looked at for that alone.
#[test]
fn what_is_read_far_away_is_not_passed_over() {
    let lines: Vec<usize> = (0..200).map(|i| 6 + i * 7 % 7).collect();
    let plain = text_of(&[Part::Lines(lines)], false);
    let code = STANDARD.encode("password and other words");
    let hints = Hints {
        joins: true,
        ..Hints::default()
    };
    type Form<'f> = &'f dyn Fn(&str) -> [String; 2];
    // A name and what it is given, a call and its list, a list and the call behind it.
    let forms: [Form<'_>; 3] = [
        &|gap| ["key = (", "kex = ("].map(|name| format!("{name}{gap}\"{code}\"\n")),
        &|gap| ["join([", "juin(["].map(|call| format!("{call}{gap}'ab',\n'cd',\n'ef'\n")),
        &|gap| ["join", "juin"].map(|call| format!("['ab',\n'cd',{gap}\n].{call}('')\n")),
    ];
    for form in forms {
        let mut counts = HashSet::new();
        for gap in (0..1300).step_by(19) {
            let gap = " ".repeat(gap % 5) + &"\n".repeat(gap - gap % 5);
            let texts = form(&gap).map(|part| [&plain, part.as_bytes(), &plain].concat());
            let [one, other] = &texts;
            near(one, other, hints).unwrap();
            near(other, one, hints).unwrap();
            let views = texts.each_ref().map(|text| {
                let mut views = Views::new();
                seen(text, &(0..text.len()), hints, &mut views);
                views
            });
            counts.insert(views[0] != views[1]);
        }
        assert_eq!(counts.len(), 2, "it reads so far and no farther");
    }
}
