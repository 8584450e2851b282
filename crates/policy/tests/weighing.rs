//! Candidates in, states and a decision out; and what can never happen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use jiff::civil::{Date, date};
use lychgate_model::{
    Category, Confidence, Decision, Finding, Hook, ObjectId, Reason, ReasonCode, RepoPath, RuleId,
    Severity, Source, Span, State,
};
use lychgate_policy::{
    Asked, Candidate, Exception, Marked, Organisation, Policy, RepositoryPolicy, exception,
    trailers, weigh,
};
use proptest::prelude::*;

const TODAY: Date = date(2026, 11, 21);

fn rule(name: &str) -> RuleId {
    RuleId::new(name).unwrap()
}

fn object(n: u8) -> ObjectId {
    ObjectId::from_bytes(&[n; 20]).unwrap()
}

fn candidate(severity: Severity, existing: bool) -> Candidate {
    let finding = Finding {
        path: Some(RepoPath(b"a".to_vec())),
        span: Span {
            line: 5,
            ..Span::default()
        },
        source: Source::Blob,
        object: Some(object(7)),
        commit: None,
        rule: rule("test.a"),
        title: String::new(),
        category: Category::Secret,
        severity,
        confidence: Confidence::High,
        fingerprint: None,
        masked: String::new(),
        state: State::New,
        blocks: false,
        allowed_by: None,
        via: None,
    };
    Candidate {
        finding,
        existing,
        shapeless: false,
        listed: None,
        marks: Vec::new(),
    }
}

fn allow(id: &str, until: Date) -> Marked {
    let exception = Exception::Allow {
        rule: rule(id),
        until,
        reason: "r".into(),
    };
    Marked { line: 5, exception }
}

fn organisation(text: &str) -> Organisation {
    Organisation::parse("org", &format!("schema = 1\n{text}\n"))
        .0
        .unwrap()
}

fn decide(policy: &Policy, hook: Hook, candidates: Vec<Candidate>) -> lychgate_policy::Weighed {
    let asked = Asked {
        hook,
        head: b"refs/heads/main",
        refs: &[],
        repository: b"/r",
        today: TODAY,
    };
    weigh(
        policy,
        &asked,
        &|id| id.as_str().starts_with("test."),
        candidates,
        Vec::new(),
    )
}

#[test]
fn severity_decides_from_the_threshold_on() {
    for (threshold, severity, denied) in [
        ("medium", Severity::Low, false),
        ("medium", Severity::Medium, true),
        ("medium", Severity::Critical, true),
        ("note", Severity::Note, true),
        ("critical", Severity::High, false),
        ("critical", Severity::Critical, true),
    ] {
        let policy = Policy::floor(&organisation(&format!(
            "[blocks]\ndefault = \"{threshold}\""
        )));
        let said = decide(&policy, Hook::PreCommit, vec![candidate(severity, false)]);
        assert_eq!(
            said.decision == Decision::Deny,
            denied,
            "{threshold} {severity:?}"
        );
        assert_eq!(said.findings[0].blocks, denied);
        let debt = decide(&policy, Hook::PreCommit, vec![candidate(severity, true)]);
        assert_eq!(
            (debt.decision, debt.findings[0].state),
            (Decision::Allow, State::Existing)
        );
    }
}

#[test]
fn reasons_weigh_as_their_code_says_and_findings_weigh_most() {
    let policy = Policy::floor(&organisation(""));
    let reason = |code| Reason {
        code,
        message: "m".into(),
        help: String::new(),
    };
    let asked = Asked {
        hook: Hook::PreReceive,
        head: b"",
        refs: &[],
        repository: b"",
        today: TODAY,
    };
    for code in ReasonCode::ALL {
        let said = weigh(&policy, &asked, &|_| true, Vec::new(), vec![reason(code)]);
        assert_eq!(said.decision, code.decision(), "{code:?}");
        let with = vec![candidate(Severity::High, false)];
        let said = weigh(&policy, &asked, &|_| true, with, vec![reason(code)]);
        assert_eq!(
            (said.decision, said.reasons.len()),
            (Decision::Deny, 1),
            "{code:?}"
        );
    }
    let observe = Policy::floor(&organisation("mode = \"observe\""));
    for code in ReasonCode::ALL {
        let said = weigh(&observe, &asked, &|_| true, Vec::new(), vec![reason(code)]);
        let denies = code.decision() == Decision::Deny;
        assert_eq!(said.decision == Decision::Allow, denies, "{code:?}");
        assert_eq!(said.notes.len(), usize::from(denies));
    }
}

#[test]
fn an_allow_line_counts_by_surface_rule_line_and_day() {
    let policy = Policy::floor(&organisation(""));
    let pusher = Policy::floor(&organisation("inline = \"pusher\""));
    let day = date(2026, 12, 1);
    let case = |policy: &Policy, hook, mark: Marked, source| {
        let mut c = candidate(Severity::High, false);
        c.finding.source = source;
        decide(policy, hook, with_marks(&[c], &[mark])).findings[0].state
    };
    use Source::{Blob, Message, Note, Path, Symlink};
    assert_eq!(
        case(&policy, Hook::PreCommit, allow("test.a", day), Blob),
        State::Allowed
    );
    assert_eq!(
        case(&policy, Hook::PreCommit, allow("test.b", day), Blob),
        State::New
    );
    assert_eq!(
        case(
            &policy,
            Hook::PreCommit,
            allow("test.a", date(2026, 11, 20)),
            Blob
        ),
        State::New
    );
    assert_eq!(
        case(&policy, Hook::PreCommit, allow("test.a", TODAY), Blob),
        State::Allowed
    );
    assert_eq!(
        case(
            &policy,
            Hook::PreCommit,
            allow("test.a", date(2027, 2, 19)),
            Blob
        ),
        State::Allowed
    );
    assert_eq!(
        case(
            &policy,
            Hook::PreCommit,
            allow("test.a", date(2027, 2, 20)),
            Blob
        ),
        State::New
    );
    assert_eq!(
        case(&policy, Hook::PreReceive, allow("test.a", day), Blob),
        State::New
    );
    assert_eq!(
        case(&pusher, Hook::PreReceive, allow("test.a", day), Blob),
        State::Allowed
    );
    for source in [Path, Symlink, Note, Message] {
        assert_eq!(
            case(&pusher, Hook::PreCommit, allow("test.a", day), source),
            State::New
        );
    }
    for (line, expected) in [
        (4, State::Allowed),
        (5, State::Allowed),
        (3, State::New),
        (6, State::New),
    ] {
        let mark = Marked {
            line,
            ..allow("test.a", day)
        };
        assert_eq!(
            case(&policy, Hook::PreCommit, mark, Blob),
            expected,
            "{line}"
        );
    }
}

#[test]
fn an_allow_line_is_about_one_value() {
    let day = date(2026, 12, 1);
    let (a, b) = (rule("test.a"), rule("test.b"));
    for (found, covered) in [
        (vec![(&a, 5, 1), (&a, 6, 2)], vec![true, false]),
        (vec![(&a, 6, 2)], vec![true]),
        (vec![(&a, 5, 1), (&a, 5, 2)], vec![true, false]),
        (vec![(&a, 5, 1), (&a, 5, 1)], vec![true, true]),
        (vec![(&b, 5, 1), (&a, 6, 2)], vec![false, true]),
        (vec![(&a, 6, 1), (&a, 6, 2)], vec![true, false]),
        (vec![(&a, 4, 1), (&a, 7, 2)], vec![false, false]),
    ] {
        let marks = [allow("test.a", day)];
        let about = exception::about(&marks, &found);
        let said: Vec<bool> = about.iter().map(|m| !m.is_empty()).collect();
        assert_eq!(said, covered, "{found:?}");
    }
}

#[test]
fn trailers_are_found_as_git_finds_them() {
    let required = vec!["Issue".to_owned()];
    for (message, comments, found) in [
        ("t\n\nIssue: 7\n", false, true),
        ("t\n\nbody\n\nissue: 7\n", false, true),
        ("t\r\n\r\nIssue: 7\r\n", false, true),
        ("t\n\nIssue: 7\nSigned-off-by: a <a@b>\n", false, true),
        ("t\n\nIssue:\n 7\n", false, true),
        ("t\n\nIssue : 7\n", false, true),
        ("t\n\nIssue: 7\n\n\n", false, true),
        (
            "t\n\nIssue: 7\n# Please enter the message\n#\tmodified: a\n",
            true,
            true,
        ),
        // Of `core.commentChar` and `core.commentString` only their work is seen.
        (
            "t\n\nIssue: 7\n; Please enter the message\n;\n; On branch\n;\tnew file: a\n;\n",
            true,
            true,
        ),
        (
            "t\n\nIssue: 7\n\n// Please enter\n//\n// On\n//\n",
            true,
            true,
        ),
        (
            "t\n\nIssue: 7\n\n// Please enter\n//\n// On\n//\n",
            false,
            false,
        ),
        ("t\n\n; Issue: 7\n;\n; On branch\n", true, false),
        ("Issue: 7\n", false, false),
        ("\n\nIssue: 7\n", false, false),
        ("t\n\nIssue:\n", false, false),
        ("t\n\nIssue: 7\n\nbody\n", false, false),
        ("t\n\nsee\nIssue: 7\n", false, false),
        ("t\n\nsee\nIssue: 7\nSigned-off-by: a <a@b>\n", false, true),
        ("t\n\n#Issue: 7\n", true, false),
        ("t\nIssue: 7\n", false, false),
        ("", false, false),
        ("t\n\nIssues: 7\n", false, false),
        ("t\n\n: 7\n", false, false),
    ] {
        let missing = trailers::missing(message.as_bytes(), &required, comments);
        assert_eq!(missing.is_empty(), found, "{message:?}");
    }
}

fn severity() -> impl Strategy<Value = Severity> {
    proptest::sample::select(Severity::ALL.to_vec())
}

prop_compose! {
    fn layer()(default in proptest::option::of(severity()), reference in proptest::option::of((0usize..3, severity())), trailers in any::<bool>(), protect in any::<bool>(), inline in 0usize..4) -> String {
        let mut text = String::from("schema = 1\n");
        if let Some(word) = ["off", "accepted", "pusher"].get(inline) {
            text += &format!("inline = \"{word}\"\n");
        }
        if let Some(s) = default {
            text += &format!("[blocks]\ndefault = \"{}\"\n", s.name());
        }
        if let Some((at, s)) = reference {
            let pattern = ["refs/heads/**", "refs/heads/main", "**"][at];
            text += &format!("[[ref]]\npattern = \"{pattern}\"\nblocks = \"{}\"\n", s.name());
        }
        if trailers {
            text += "[message]\ntrailers = [\"Issue\"]\n";
        }
        if protect {
            text += "[refs]\nprotected = [\"refs/heads/main\"]\n";
        }
        text
    }
}

fn judged(policy: &Policy, candidates: Vec<Candidate>) -> lychgate_policy::Weighed {
    let asked = Asked {
        hook: Hook::PreCommit,
        head: b"",
        refs: &[],
        repository: b"",
        today: TODAY,
    };
    weigh(policy, &asked, &|_| true, candidates, Vec::new())
}

#[test]
fn without_a_shape_only_what_is_sure_blocks() {
    let blocks = |text: &str, confidence, shapeless| {
        let policy = Policy::compose(&organisation(text), &[]).unwrap();
        let mut c = candidate(Severity::High, false);
        c.finding.confidence = confidence;
        c.shapeless = shapeless;
        let said = judged(&policy, vec![c]);
        said.findings[0].blocks
    };
    assert!(blocks("", Confidence::High, true));
    assert!(!blocks("", Confidence::Medium, true));
    assert!(blocks("", Confidence::Low, false));
    let stricter = "[blocks]\nshapeless = \"medium\"";
    assert!(blocks(stricter, Confidence::Medium, true));
    let laxer = "[blocks]\nshapeless = \"certain\"";
    assert!(!blocks(laxer, Confidence::High, true));
}

#[test]
fn a_repository_cannot_ask_for_more_sureness_than_the_floor() {
    let text = "schema = 1\n[blocks]\nshapeless = \"certain\"\n";
    let lower = RepositoryPolicy::parse("repo", text).0.unwrap();
    let problems = Policy::compose(&organisation(""), &[lower]).unwrap_err();
    assert_eq!(problems[0].key, "blocks.shapeless");
    let text = "schema = 1\n[blocks]\nshapeless = \"medium\"\n";
    let lower = RepositoryPolicy::parse("repo", text).0.unwrap();
    let policy = Policy::compose(&organisation(""), &[lower]).unwrap();
    assert_eq!(policy.blocks_shapeless_from(), Confidence::Medium);
}

prop_compose! {
    fn found()(severity in severity(), existing in any::<bool>(), source in 0usize..Source::ALL.len(), line in 0u32..3) -> Candidate {
        let mut c = candidate(severity, existing);
        c.finding.source = Source::ALL[source];
        c.finding.span.line = line;
        c.finding.masked = format!("{}", line % 2);
        c
    }
}

fn mark() -> impl Strategy<Value = Marked> {
    let days = -10i32..120;
    let rules = proptest::sample::select(vec!["test.a", "test.b", "other"]);
    (0u32..3, rules, days, any::<bool>()).prop_map(|(line, id, days, ours)| {
        let until = TODAY.checked_add(jiff::Span::new().days(days)).unwrap();
        let exception = match ours {
            true => Exception::Allow {
                rule: rule(id),
                until,
                reason: "r".into(),
            },
            false => Exception::Foreign {
                tool: "x".into(),
                next_line: days % 2 == 0,
            },
        };
        Marked { line, exception }
    })
}

fn with_marks(found: &[Candidate], marks: &[Marked]) -> Vec<Candidate> {
    let keys: Vec<_> = found
        .iter()
        .map(|c| {
            (
                &c.finding.rule,
                c.finding.span.line,
                c.finding.masked.clone(),
            )
        })
        .collect();
    let about = exception::about(marks, &keys);
    let with = |(c, marks): (&Candidate, Vec<&Marked>)| Candidate {
        marks: marks.into_iter().cloned().collect(),
        ..c.clone()
    };
    found.iter().zip(about).map(with).collect()
}

fn blocked(said: &lychgate_policy::Weighed) -> usize {
    said.findings.iter().filter(|f| f.blocks).count()
}

proptest! {
    /// Whatever a repository's policy says, it blocks at least what the floor blocks.
    #[test]
    fn tightening_never_removes_a_block(
        floor in layer(),
        lower in proptest::collection::vec(layer(), 0..3),
        found in proptest::collection::vec(found(), 0..6),
        marks in proptest::collection::vec(mark(), 0..4),
        server in any::<bool>(),
    ) {
        let organisation = Organisation::parse("org", &floor).0.unwrap();
        let lower: Vec<_> =
            lower.iter().filter_map(|t| RepositoryPolicy::parse("p", t).0).collect();
        let hook = if server { Hook::PreReceive } else { Hook::PreCommit };
        let before = Policy::floor(&organisation);
        if let Ok(after) = Policy::compose(&organisation, &lower) {
            let all = with_marks(&found, &marks);
            let (loose, tight) =
                (decide(&before, hook, all.clone()), decide(&after, hook, all));
            prop_assert!(tight.decision >= loose.decision);
            for (a, b) in loose.findings.iter().zip(&tight.findings) {
                prop_assert!(!a.blocks || b.blocks);
            }
            for name in [&b"refs/heads/main"[..], b"refs/heads/x", b"refs/tags/v"] {
                prop_assert!(after.blocks_at(Some(name)) <= before.blocks_at(Some(name)));
                prop_assert!(after.is_protected(name) || !before.is_protected(name));
            }
            prop_assert!(after.trailers().len() >= before.trailers().len());
        }
    }

    /// The order in which two states of a policy are given does not matter.
    #[test]
    fn composing_has_no_order(floor in layer(), a in layer(), b in layer()) {
        let organisation = Organisation::parse("org", &floor).0.unwrap();
        let parse = |t: &str| RepositoryPolicy::parse("p", t).0.unwrap();
        let one = Policy::compose(&organisation, &[parse(&a), parse(&b)]);
        let two = Policy::compose(&organisation, &[parse(&b), parse(&a)]);
        prop_assert_eq!(one.is_ok(), two.is_ok());
        if let (Ok(one), Ok(two)) = (one, two) {
            for name in [None, Some(&b"refs/heads/main"[..]), Some(b"refs/tags/v")] {
                prop_assert_eq!(one.blocks_at(name), two.blocks_at(name));
            }
            prop_assert_eq!(one.inline(), two.inline());
        }
    }

    /// One exception more never makes anything block that did not.
    #[test]
    fn an_exception_never_adds_a_block(
        floor in layer(),
        foreign in any::<bool>(),
        found in proptest::collection::vec(found(), 0..6),
        marks in proptest::collection::vec(mark(), 0..4),
        more in mark(),
        server in any::<bool>(),
    ) {
        let text = if foreign {
            floor.replace("schema = 1\n", "schema = 1\nforeign_markers = \"honour\"\n")
        } else {
            floor
        };
        let policy = Policy::floor(&Organisation::parse("org", &text).0.unwrap());
        let hook = if server { Hook::PreReceive } else { Hook::PreCommit };
        let before = decide(&policy, hook, with_marks(&found, &marks));
        let marks = [marks, vec![more]].concat();
        let after = decide(&policy, hook, with_marks(&found, &marks));
        prop_assert!(blocked(&after) <= blocked(&before));
        prop_assert!(after.decision <= before.decision);
    }

    /// No text makes reading a policy panic, and none is half read.
    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,200}|(schema = 1\n)?(\\[[a-z\\[\\]]{1,8}\\]?\n|[a-z]{1,8} ?= ?[\\[\"a-z0-9\\]]{0,6}\n){0,8}") {
        let (made, problems) = RepositoryPolicy::parse("p", &text);
        prop_assert_eq!(made.is_some(), problems.is_empty());
        let (made, problems) = Organisation::parse("p", &text);
        prop_assert_eq!(made.is_some(), problems.is_empty());
    }
}
