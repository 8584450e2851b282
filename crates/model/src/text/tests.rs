use super::*;
use crate::coverage::Coverage;
use crate::finding::{Confidence, Severity, Source, Span};
use crate::ids::{Digest, ObjectId, RuleId};
use crate::path::RepoPath;
use crate::verdict::ReasonCode;

fn finding(path: &str, line: u32, rule: &str, masked: &str) -> Finding {
    Finding {
        path: Some(RepoPath(path.as_bytes().to_vec())),
        span: Span {
            line,
            column: 21,
            byte_end: 40,
            ..Span::default()
        },
        source: Source::Blob,
        object: ObjectId::from_hex(&[b'a'; 40]),
        commit: None,
        rule: RuleId::new(rule).unwrap(),
        title: "GitHub personal access token".into(),
        category: Category::Secret,
        severity: Severity::Critical,
        confidence: Confidence::High,
        fingerprint: None,
        masked: masked.into(),
        state: State::New,
        blocks: true,
        allowed_by: None,
        via: None,
    }
}

fn note(rule: &str) -> RuleNote {
    RuleNote {
        id: RuleId::new(rule).unwrap(),
        title: String::new(),
        why: "Whoever can read the repository can act as the owner of the token.".into(),
        fix: "Read it from the environment or a secret store; git add the mended file and commit \
              again."
            .into(),
        rotate: "create a new token; deploy it; delete this one".into(),
        owner: String::new(),
    }
}

fn verdict(findings: Vec<Finding>, reasons: Vec<Reason>) -> Verdict {
    let by_reason = reasons.iter().map(|r| r.code.decision()).max();
    let mut ids: Vec<&str> = findings.iter().map(|f| f.rule.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    Verdict {
        decision: if findings.iter().any(|f| f.blocks) {
            Decision::Deny
        } else {
            by_reason.unwrap_or(Decision::Allow)
        },
        rules: ids.into_iter().map(note).collect(),
        findings,
        reasons,
        notes: Vec::new(),
        coverage: Coverage::default(),
        rule_set: Digest::default(),
        policy: Digest::default(),
        request: String::new(),
    }
}

fn view(hook: Hook) -> View<'static> {
    View {
        hook,
        allow_until: Some("2026-12-21"),
        baseline: true,
        contact: "",
        full_list: None,
    }
}

fn reason(code: ReasonCode, message: &str, help: &str) -> Reason {
    Reason {
        code,
        message: message.into(),
        help: help.into(),
    }
}

/// What everything a person reads keeps to.
fn fits(lines: &[String]) {
    for line in lines {
        assert!(
            line.len() <= limits::COLUMNS,
            "{} columns: {line}",
            line.len()
        );
        assert!(line.bytes().all(|b| (0x20..=0x7e).contains(&b)), "{line:?}");
        assert_eq!(line.trim_end(), line);
    }
}

fn same(lines: &[String], expected: &str) {
    fits(lines);
    assert_eq!(lines.join("\n"), expected.trim());
}

#[test]
fn one_secret_in_a_commit() {
    let found = finding("deploy.py", 7, "github.pat", "ghp_... (40 characters)");
    let lines = lines(&verdict(vec![found], vec![]), &view(Hook::PreCommit));
    assert!(lines.len() <= limits::DENIAL_LINES);
    same(
        &lines,
        "
lychgate: commit denied: 1 new secret
deploy.py:7:21  github.pat (critical)
  found    GitHub personal access token, ghp_... (40 characters)
  why      Whoever can read the repository can act as the owner of the token.
  fix      Read it from the environment or a secret store; git add the mended
           file and commit again.
  rotate   create a new token; deploy it; delete this one
  allow    # lychgate: allow github.pat until 2026-12-21 because <why>
  more     lychgate rules explain github.pat",
    );
}

#[test]
fn one_secret_in_a_push() {
    let mut found = finding("src/main.rs", 7, "github.pat", "ghp_... (40 characters)");
    found.commit = ObjectId::from_hex(&[b'c'; 40]);
    let mut verdict = verdict(vec![found], vec![]);
    verdict.request = "0123456789abcdef".into();
    let view = View {
        contact: "sec@example.org",
        ..view(Hook::PreReceive)
    };
    same(
        &lines(&verdict, &view),
        "
lychgate: push denied: 1 new secret
src/main.rs:7:21  github.pat (critical)
  found    GitHub personal access token, ghp_... (40 characters)
  commit   cccccccccccc (git show cccccccccccc)
  why      Whoever can read the repository can act as the owner of ...
  fix      Read it from the environment or a secret store; git add the
           mended file and commit again.
  rewrite  git rebase -i cccccccccccc^, or amend it; one on top keeps it
  rotate   create a new token; deploy it; delete this one
  accept   ask sec@example.org; allow lines do not count
  more     lychgate rules explain github.pat
  request  0123456789abcdef",
    );
}

#[test]
fn several_secrets_are_listed_in_columns() {
    let all = vec![
        finding("a.py", 7, "github.pat", "ghp_... (40 characters)"),
        finding("a.py", 10, "aws.access-key-id", "AKIA... (20 characters)"),
        finding("b.py", 1, "github.pat", "ghp_... (40 characters)"),
    ];
    same(
        &lines(&verdict(all, vec![]), &view(Hook::PreCommit)),
        "
lychgate: commit denied: 3 new secrets in 2 files
a.py:7:21   github.pat         ghp_... (40 characters)
a.py:10:21  aws.access-key-id  AKIA... (20 characters)
b.py:1:21   github.pat         ghp_... (40 characters)
  github.pat: Read it from the environment or a secret store; git add the ...
    why: Whoever can read the repository can act as the owner of the token.
    rotate: create a new token; deploy it; delete this one
  aws.access-key-id: Read it from the environment or a secret store; git ...
    why: Whoever can read the repository can act as the owner of the token.
    rotate: create a new token; deploy it; delete this one
  more     lychgate rules explain RULE: why, and how to rotate it
  allow    # lychgate: allow RULE until 2026-12-21 because <why>",
    );
}

/// What has to be done comes before a second line of anything; where not even that has room, the
/// last lines name what tells it.
#[test]
fn each_rule_of_a_push_says_once_how_to_rotate_as_far_as_there_is_room() {
    let of = |rules: &[&str], hook| {
        let found = rules.iter().zip(1u32..);
        let found = found.map(|(rule, n)| {
            let mut found = finding("a.py", n, rule, "x...");
            found.commit = ObjectId::from_hex(&[b'c'; 40]);
            found
        });
        let mut verdict = verdict(found.collect(), vec![]);
        verdict.request = "0123456789abcdef".into();
        let said = lines(&verdict, &view(hook));
        fits(&said);
        assert!(said.len() <= limits::DENIAL_LINES, "{said:#?}");
        let count = |word: &str| {
            said.iter()
                .filter(|l| l.trim_start().starts_with(word))
                .count()
        };
        assert!(
            said.iter()
                .any(|l| l.contains("more     lychgate rules explain RULE"))
        );
        (count("why: "), count("rotate: "))
    };
    for hook in [Hook::PrePush, Hook::PreReceive] {
        assert_eq!(of(&["github.pat", "github.pat"], hook), (1, 1));
        assert_eq!(of(&["github.pat", "npm.token"], hook), (0, 2));
        assert_eq!(
            of(&["github.pat", "npm.token", "slack.bot", "a.b"], hook),
            (0, 0)
        );
    }
    // Where nothing is short, everything is said.
    assert_eq!(of(&["github.pat", "github.pat"], Hook::PreCommit), (1, 1));
}

#[test]
fn many_secrets_are_capped_at_a_hook_and_all_printed_by_a_check() {
    let all: Vec<_> = (1..=40)
        .map(|n| finding("a.py", n, "github.pat", "ghp_..."))
        .collect();
    let verdict = verdict(all, vec![]);
    let hook = View {
        full_list: Some("/home/u/.local/state/lychgate/reports/1.txt"),
        ..view(Hook::PreCommit)
    };
    assert!(is_capped(&verdict, &hook));
    let said = lines(&verdict, &hook);
    fits(&said);
    let left = "  ... and 34 more; all 40: /home/u/.local/state/lychgate/reports/1.txt";
    assert!(said.iter().any(|l| l == left), "{said:#?}");
    assert_eq!(said.len(), limits::DENIAL_LINES, "{said:#?}");
    assert_eq!(full_list(&verdict, &hook).len(), 41);
    let check = view(Hook::CheckStaged);
    assert!(!is_capped(&verdict, &check));
    assert_eq!(
        lines(&verdict, &check)
            .iter()
            .filter(|l| l.starts_with("a.py:"))
            .count(),
        40
    );
}

#[test]
fn a_denial_of_many_rules_is_short_and_says_what_it_leaves_out() {
    let rules = ["github.pat", "aws.access-key-id", "slack.bot", "npm.token"];
    let all: Vec<_> = (1..=33)
        .map(|n| finding("a.py", n, rules[n as usize % 4], "x..."))
        .collect();
    let many = reason(ReasonCode::Fault, &"word ".repeat(99), "");
    for reasons in [vec![], vec![many.clone()], vec![many.clone(), many]] {
        let said = lines(&verdict(all.clone(), reasons), &view(Hook::PreCommit));
        fits(&said);
        assert!(said.len() <= limits::DENIAL_LINES, "{said:#?}");
        assert!(
            said.iter().any(|l| l.contains("fixes of 3 more")),
            "{said:#?}"
        );
    }
    let few = verdict(all[..2].to_vec(), vec![]);
    assert!(!is_capped(&few, &view(Hook::PreCommit)));
    let said = lines(&few, &view(Hook::PreCommit));
    assert!(!said.iter().any(|l| l.contains("fixes of")), "{said:#?}");
}

#[test]
fn findings_of_a_push_stand_under_their_commits() {
    let mut all: Vec<_> = (1..=3)
        .map(|n| finding("a.py", n, "github.pat", "ghp_..."))
        .collect();
    for (f, c) in all.iter_mut().zip([b'c', b'd', b'c']) {
        f.commit = ObjectId::from_hex(&[c; 40]);
    }
    let said = lines(&verdict(all.clone(), vec![]), &view(Hook::PrePush));
    fits(&said);
    let rewrite = |said: &[String]| said.iter().any(|l| l.starts_with("  rewrite  "));
    assert!(rewrite(&said), "{said:#?}");
    // What is not committed yet needs no other commit.
    all.iter_mut().for_each(|f| f.commit = None);
    assert!(!rewrite(&lines(
        &verdict(all, vec![]),
        &view(Hook::PreCommit)
    )));
    assert_eq!(
        said.get(1..6).unwrap(),
        [
            "in commit cccccccccccc (git show cccccccccccc)",
            "a.py:1:21  github.pat  ghp_...",
            "a.py:3:21  github.pat  ghp_...",
            "in commit dddddddddddd (git show dddddddddddd)",
            "a.py:2:21  github.pat  ghp_...",
        ]
    );
}

#[test]
fn a_server_lists_all_of_a_few_commits_and_of_many_what_fits_its_page() {
    let listed = |count: u32| {
        let mut all: Vec<_> = (1..=count)
            .map(|n| finding("a.py", n, "github.pat", "ghp_..."))
            .collect();
        for f in &mut all {
            f.commit = ObjectId::from_hex(format!("{:040x}", f.span.line).as_bytes());
        }
        let said = lines(&verdict(all, vec![]), &view(Hook::PreReceive));
        assert!(said.len() <= limits::SERVER_LINES, "{}", said.len());
        said.iter().filter(|l| l.starts_with("a.py:")).count()
    };
    assert_eq!((listed(2), listed(50)), (2, 50));
    // A commit is a line, too.
    assert_eq!(listed(300), 88);
}

#[test]
fn what_did_not_happen_stands_first() {
    let missing = reason(
        ReasonCode::Unreadable,
        "src/a.bin: the object is missing",
        "git fsck names what is damaged",
    );
    same(
        &lines(
            &verdict(vec![], vec![missing.clone()]),
            &view(Hook::PreCommit),
        ),
        "
lychgate: commit not checked: src/a.bin: the object is missing
  next     git fsck names what is damaged",
    );
    let policy = reason(
        ReasonCode::Policy,
        ".lychgate/policy.toml:2:1: blokcs: unknown key",
        "did you mean `blocks`?",
    );
    same(
        &lines(
            &verdict(vec![], vec![missing, policy]),
            &view(Hook::PreCommit),
        ),
        "
lychgate: commit denied: .lychgate/policy.toml:2:1: blokcs: unknown key
  next     did you mean `blocks`?
lychgate: also: src/a.bin: the object is missing
  next     git fsck names what is damaged",
    );
}

#[test]
fn nothing_is_said_when_there_is_nothing_to_say() {
    let mut debt = finding("a.py", 1, "github.pat", "ghp_... (40 characters)");
    (debt.state, debt.blocks) = (State::Existing, false);
    let verdict = verdict(vec![debt], vec![]);
    assert!(lines(&verdict, &view(Hook::PreCommit)).is_empty());
    assert!(lines(&verdict, &view(Hook::CheckStaged)).is_empty());
    assert!(others(&[]).is_empty());
    same(
        &others(&verdict.findings),
        "
lychgate: 1 finding that does not block
a.py:1:21  github.pat  ghp_... (40 characters), existing",
    );
}

#[test]
fn hostile_names_and_texts_cannot_break_a_line() {
    let long = "d/".repeat(3000) + "\u{1b}]0;x\u{7}\n\u{202e}.py";
    for rule in ["abc", &format!("a{}", "b".repeat(63))] {
        for path in ["a\nb.py", long.as_str(), "\u{1b}[2J"] {
            for source in Source::ALL {
                let mut found = finding(path, u32::MAX, rule, &"*".repeat(300));
                found.source = source;
                found.title = "t\u{1b}[31m ".repeat(40);
                for hook in Hook::ALL {
                    let one = verdict(vec![found.clone()], vec![]);
                    let said = lines(&one, &view(hook));
                    let paste = |l: &String| l.contains("lychgate: allow ") && rule.len() > 32;
                    let (pasted, rest): (Vec<String>, _) = said.into_iter().partition(paste);
                    fits(&rest);
                    let most = limits::DENIAL_LINES;
                    assert!(
                        pasted.len() <= 1 && rest.len() + pasted.len() <= most,
                        "{rest:#?}"
                    );
                    let two = vec![found.clone(), finding("b", 2, "abc", "x")];
                    let why = reason(ReasonCode::Fault, &"word ".repeat(99), &"x".repeat(999));
                    let said = lines(&verdict(two, vec![why.clone()]), &view(hook));
                    fits(&said.into_iter().filter(|l| !paste(l)).collect::<Vec<_>>());
                    fits(&lines(&verdict(vec![], vec![why]), &view(hook)));
                }
            }
        }
    }
}

#[test]
fn the_allow_line_is_a_comment_of_the_file() {
    for (path, comment) in [
        (
            "a.py",
            Some("# lychgate: allow abc until 2026-12-21 because <why>"),
        ),
        (
            "dir.c/Makefile",
            Some("# lychgate: allow abc until 2026-12-21 because <why>"),
        ),
        (
            "a.RS",
            Some("// lychgate: allow abc until 2026-12-21 because <why>"),
        ),
        (
            "a.html",
            Some("<!-- lychgate: allow abc until 2026-12-21 because <why> -->"),
        ),
        (
            "a.css",
            Some("/* lychgate: allow abc until 2026-12-21 because <why> */"),
        ),
        (
            "a.sql",
            Some("-- lychgate: allow abc until 2026-12-21 because <why>"),
        ),
        ("a.json", None),
        (
            "a.ml",
            Some("(* lychgate: allow abc until 2026-12-21 because <why> *)"),
        ),
        ("a.vim", Some("only if it is none, on the line above:")),
    ] {
        let verdict = verdict(vec![finding(path, 1, "abc", "x")], vec![]);
        let said = lines(&verdict, &view(Hook::PreCommit));
        let line = said.iter().find_map(|l| l.strip_prefix("  allow    "));
        let listed = "lychgate baseline --staged lists it as known (it holds no comment)";
        assert_eq!(line, comment.or(Some(listed)), "{path}");
        for quiet in [
            View {
                allow_until: None,
                ..view(Hook::PreCommit)
            },
            view(Hook::PreReceive),
        ] {
            let said = lines(&verdict, &quiet);
            assert!(
                !said.iter().any(|l| l.contains("lychgate: allow")),
                "{said:#?}"
            );
        }
    }
}

#[test]
fn notes_are_wrapped() {
    let mut verdict = verdict(vec![], vec![]);
    verdict.notes = vec![
        "allowed: a.py:1 abc until 2026-12-01 (7 days left)".into(),
        "allowed: a.py:1 github.personal-access-token until 2026-11-25 (3 days left), \
         used once"
            .into(),
        "x".repeat(200),
    ];
    let said = lines(&verdict, &view(Hook::PreCommit));
    fits(&said);
    assert_eq!(
        said[0],
        "lychgate: allowed: a.py:1 abc until 2026-12-01 (7 days left)"
    );
    assert_eq!(
        said[1..3],
        [
            "lychgate: allowed: a.py:1 github.personal-access-token until 2026-11-25 (3 days",
            "  left), used once",
        ]
    );
    assert!(said.len() <= 7, "{said:#?}");
}

#[test]
fn what_does_not_block_is_told_whole_and_with_its_commit() {
    let mut quiet = finding(
        "a.py",
        1,
        "github.personal-access-token",
        "ghp_... (40 characters)",
    );
    (quiet.state, quiet.blocks) = (State::Allowed, false);
    quiet.allowed_by = Some("allow line until 2026-12-01 (7 days left): a test of it all".into());
    let mut other = quiet.clone();
    other.commit = ObjectId::from_hex(&[b'c'; 40]);
    let verdict = verdict(vec![quiet, other], vec![]);
    let said = others(&verdict.findings);
    fits(&said);
    assert_eq!(said[0], "lychgate: 2 findings that do not block");
    assert!(
        said.iter().any(|l| l.ends_with("a test of it all")),
        "{said:#?}"
    );
    assert!(said.contains(&"in commit cccccccccccc (git show cccccccccccc)".to_owned()));
}

#[test]
fn every_denial_says_how_to_ask_for_an_exception() {
    let told = |finding: Finding, view: &View<'_>| {
        let said = lines(&verdict(vec![finding.clone()], vec![]), view);
        fits(&said);
        let several = lines(&verdict(vec![finding.clone(), finding], vec![]), view);
        fits(&several);
        for ways in [&said, &several] {
            let is_way = |l: &&String| l.starts_with("  allow  ") || l.starts_with("  accept ");
            assert_eq!(ways.iter().filter(is_way).count(), 1, "{ways:#?}");
        }
        said.join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let client = view(Hook::PreCommit);
    let json = || finding("a.json", 3, "github.pat", "ghp_...");
    assert!(told(json(), &client).contains("allow lychgate baseline --staged lists it"));
    let pushed = told(json(), &view(Hook::PrePush));
    assert!(
        pushed.contains("allow lychgate baseline lists it"),
        "{pushed}"
    );
    let off = View {
        allow_until: None,
        ..client
    };
    let code = || finding("a.py", 3, "github.pat", "ghp_...");
    assert!(told(code(), &off).contains("(allow lines are turned off)"));
    let neither = View {
        baseline: false,
        contact: "sec@example.org",
        ..off
    };
    assert!(told(code(), &neither).contains("ask sec@example.org for an [[accept]]: allow lines"));
    for (source, what) in [
        (Source::Path, "excuses a name"),
        (Source::Symlink, "excuses a link"),
        (Source::Message, "excuses a message"),
    ] {
        let mut found = code();
        found.source = source;
        let said = told(found.clone(), &client);
        assert!(
            said.contains("ask an administrator for an [[accept]]"),
            "{said}"
        );
        assert!(said.contains(what), "{said}");
        // What is not written yet has no id that could be accepted.
        found.object = None;
        let said = told(found, &client);
        assert!(
            said.contains(what) && !said.contains("[[accept]]"),
            "{said}"
        );
    }
    let mut whole = finding("secrets/a.yaml", 1, "encryption.sops", "");
    whole.span.byte_end = whole.span.byte_start;
    let said = told(whole, &client);
    assert!(said.contains("excuses a whole file"), "{said}");
    assert!(!said.contains("lychgate: allow"), "{said}");
}

#[test]
fn a_server_leaves_room_for_what_git_puts_before_each_line() {
    let long = "a/very/long/folder/".repeat(5) + "and-a-name.py";
    let found = |n| finding(&long, n, "github.pat", "ghp_... (40 characters)");
    let reason = reason(
        ReasonCode::ProtectedRef,
        "refs/heads/main is protected: what stands there would be lost by this push of yours",
        "push a commit that has what stands there as a parent, or ask somebody for more",
    );
    for verdict in [
        verdict(vec![found(1)], vec![]),
        verdict((1..40).map(found).collect(), vec![]),
        verdict(vec![found(1)], vec![reason.clone()]),
        verdict(vec![], vec![reason]),
    ] {
        let widest = |hook| {
            let lines = lines(&verdict, &view(hook));
            fits(&lines);
            lines.iter().map(String::len).max().unwrap_or(0)
        };
        assert!(widest(Hook::PreReceive) + "remote: ".len() <= limits::COLUMNS);
        assert!(widest(Hook::PrePush) > 72, "a client has the whole width");
    }
}

#[test]
fn the_full_list_shortens_nothing() {
    let long = "a/very/long/folder/".repeat(9) + "and-a-name.py";
    let found = finding(&long, 3, "github.pat", "ghp_... (40 characters)");
    let all = full_list(&verdict(vec![found], vec![]), &view(Hook::PreCommit));
    let line = format!("{long}:3:21  github.pat  ghp_... (40 characters)");
    assert_eq!(all.get(1), Some(&line));
}
