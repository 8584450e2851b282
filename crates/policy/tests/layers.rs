//! Files: what they may say, what they may not, and who may say it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use lychgate_model::limits::Deltas;
use lychgate_model::{Problem, RefKind, RefUpdate, RuleId, Severity, Surface};
use lychgate_policy::organisation::{OBSERVE, REFERENCE, STANDARD, STRICT};
use lychgate_policy::{Bounds, Inline, Mode, Organisation, Policy, RepositoryPolicy};

fn organisation(text: &str) -> Organisation {
    let (made, problems) = Organisation::parse("org.toml", text);
    made.unwrap_or_else(|| panic!("{problems:?}"))
}

fn repository(text: &str) -> RepositoryPolicy {
    let (made, problems) = RepositoryPolicy::parse("policy.toml", text);
    made.unwrap_or_else(|| panic!("{problems:?}"))
}

fn shown(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn built_in_files_parse_and_mean_what_they_say() {
    let standard = organisation(STANDARD);
    assert_eq!(
        (standard.mode(), standard.inline()),
        (Mode::Enforce, Inline::Accepted)
    );
    assert_eq!(Policy::floor(&standard).blocks_at(None), Severity::Medium);
    assert_eq!(Organisation::built_in().mode(), Mode::Enforce);
    assert_eq!(organisation(OBSERVE).mode(), Mode::Observe);
    let strict = Policy::floor(&organisation(STRICT));
    assert_eq!(strict.blocks_at(None), Severity::Low);
    assert!(strict.is_protected(b"refs/tags/v1"));
    assert!(!strict.is_protected(b"refs/heads/topic"));
}

#[test]
fn the_reference_names_every_default() {
    let reference = organisation(REFERENCE);
    let bare = organisation("schema = 1\n");
    assert_eq!(reference.bounds(), &Bounds::default());
    assert_eq!(bare.bounds(), &Bounds::default());
    assert_eq!(reference.mode(), bare.mode());
    assert_eq!(reference.allowed_uids(), bare.allowed_uids());
    assert_eq!(reference.packs(), bare.packs());
    let (with, without) = (Policy::floor(&reference), Policy::floor(&bare));
    assert_eq!(with.inline(), without.inline());
    assert_eq!(with.blocks_at(None), without.blocks_at(None));
    assert_eq!(
        with.honours_foreign_markers(),
        without.honours_foreign_markers()
    );
    assert_eq!(with.contact(), without.contact());
    assert_eq!(with.trailers(), without.trailers());
}

/// Nobody says that less is looked at than without the file, and a hook's memory has an end.
#[test]
fn what_deltas_cost_is_raised_by_the_organisation_alone() {
    let raised =
        organisation("schema = 1\n[limits]\ndelta_result_mib = 1024\ndelta_chain = 5000\n");
    let deltas = raised.bounds().deltas();
    assert_eq!((deltas.result, deltas.chain), (1 << 30, 5000));
    let plain = organisation("schema = 1\n").bounds().deltas();
    assert_eq!(plain, Deltas::default());
    for line in [
        "delta_result_mib = 255",
        "delta_result_mib = 4097",
        "delta_chain = 4095",
        "delta_chain = 65537",
    ] {
        let (made, problems) =
            Organisation::parse("org.toml", &format!("schema = 1\n[limits]\n{line}\n"));
        assert!(
            made.is_none() && problems.len() == 1,
            "{line}: {problems:?}"
        );
    }
    let mut floor = organisation("schema = 1\n");
    let more = "schema = 1\n[limits]\ndelta_chain = 5000\n";
    assert!(floor.tighten_with("user.toml", more).is_err());
    let (made, problems) = RepositoryPolicy::parse("policy.toml", more);
    assert!(made.is_none() && !problems.is_empty());
}

/// A plain word that nobody knows is named, with the key that was meant where that can be told;
/// what may be a secret is not quoted.
#[test]
fn an_unknown_key_is_named_unless_it_may_be_a_secret() {
    let secret = ["q7", "tz2m4kxwb5jh3n"].concat();
    for (key, wanted) in [
        (
            "blocking",
            "org.toml:2:1: blocking: unknown key\n  help: did you mean `blocks`?",
        ),
        (
            "colour",
            "org.toml:2:1: colour: unknown key\n  help: known here: schema, ",
        ),
        (
            secret.as_str(),
            "org.toml:2:1: an unknown key of 16 characters\n  help: known here: ",
        ),
    ] {
        let (_, problems) = Organisation::parse("org.toml", &format!("schema = 1\n{key} = 1\n"));
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|p| p.starts_with(wanted)), "{said:?}");
        assert!(said.iter().all(|p| !p.contains(&secret)), "{said:?}");
    }
}

/// The help of an unknown key lists the keys that are known: each of them stands in the file.
#[test]
fn the_reference_names_every_key() {
    let sections = [
        "",
        "[blocks]",
        "[refs]",
        "[message]",
        "[limits]",
        "[daemon]",
        "[[ref]]",
        "[[accept]]",
    ];
    for section in sections {
        let (_, problems) = Organisation::parse(
            "org.toml",
            &format!("schema = 1\n{section}\nqqqqqqqqqqqq = 1\n"),
        );
        let unknown = problems.iter().find(|p| p.message.contains("unknown key"));
        let help = &unknown
            .unwrap_or_else(|| panic!("{section}: {problems:?}"))
            .help;
        for key in help.trim_start_matches("known here: ").split(", ") {
            let forms = [
                format!("\n{key} = "),
                format!("\n# {key} = "),
                format!("[{key}]"),
            ];
            assert!(
                forms.iter().any(|f| REFERENCE.contains(f)),
                "{section} {key}"
            );
        }
    }
}

/// Its commented examples are correct too.
#[test]
fn examples_of_the_reference_parse() {
    let mut text = String::new();
    let mut sections = false;
    for line in REFERENCE.lines() {
        let plain = line.strip_prefix("# ").unwrap_or(line);
        let stanza = plain.starts_with("[[");
        let pair = plain
            .split_once(" = ")
            .is_some_and(|(k, _)| k.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        if line.starts_with('#') && (stanza || (sections && pair)) {
            text.push_str(plain);
            text.push('\n');
            sections = true;
        } else {
            sections = false;
        }
    }
    assert!(
        text.contains("[[accept]]") && text.contains("[[ref]]"),
        "{text}"
    );
    organisation(&format!("schema = 1\n{text}"));
}

#[test]
fn all_problems_are_reported_at_once_with_their_places() {
    let text = "schema = 1\nmode = \"lax\"\nblock = 3\n\n[blocks]\n  default = \"severe\"\n\n\
                [refs]\nprotected = [\"main\", 7]\n\n[message]\ntrailers = [\"Is sue\"]\n";
    let (made, problems) = Organisation::parse("org.toml", text);
    assert!(made.is_none());
    assert_eq!(
        shown(&problems),
        [
            "org.toml:2:8: mode: expected enforce or observe, found a string of 3 characters",
            "org.toml:3:1: block: unknown key\n  help: did you mean `blocks`?",
            "org.toml:6:13: blocks.default: expected note, low, medium, high or critical, \
             found a string of 6 characters",
            "org.toml:9:14: refs.protected: a pattern fits full ref names: begin it with \
             `refs/` or `**`",
            "org.toml:9:22: refs.protected: expected a string, found an integer",
            "org.toml:12:13: message.trailers: not the key of a trailer\n  help: letters, digits \
             and hyphens, as in `Signed-off-by`",
        ]
    );
}

/// What a file says may be a secret: only a typing error for a known word is quoted.
#[test]
fn no_value_and_no_unknown_key_is_quoted() {
    let word = format!("{}IA{}", "AK", "Q7TZ2M4KXWB5JH3N");
    let digits = "48151623424815162342";
    let texts = [
        "W = 1",
        "inline = \"W\"",
        "inline = [\"W\"]",
        "[W]\nx = 1",
        "[[W]]",
        "[blocks]\nW = 1",
        "[blocks]\ndefault = \"W\"",
        "[[ref]]\npattern = \"W\"\nblocks = \"W\"",
        "[refs]\nprotected = [\"W\"]",
        "[message]\ntrailers = [\"W!\"]",
        "W",
        "inline = W",
        "W = 1\nW = 2",
        "[W]\n[W]",
        "W.x = 1\nW = 2",
        "W = 1\n[W.x]",
        "mode = \"W\"",
        "foreign_markers = \"W\"",
        "[limits]\nsessions = D",
        "schema = D",
        "[daemon]\nallowed_uids = [D]",
        "[[accept]]\nobject = \"W\"\nrule = \"W\"\nuntil = \"W\"\nW = 1",
    ];
    for text in texts {
        let text = text.replace('W', &word).replace('D', digits);
        let text = if text.starts_with("schema") {
            text
        } else {
            format!("schema = 1\n{text}\n")
        };
        let repository = RepositoryPolicy::parse("p", &text);
        let organisation = Organisation::parse("p", &text);
        assert!(repository.0.is_none() && organisation.0.is_none(), "{text}");
        for problem in shown(&repository.1).iter().chain(&shown(&organisation.1)) {
            let quoted = [word.as_str(), &digits[..8]];
            assert!(quoted.iter().all(|q| !problem.contains(q)), "{problem}");
        }
    }
    let (_, problems) = RepositoryPolicy::parse("p", "schema = 1\ninline = \"of\"\nreff = 1\n");
    assert_eq!(
        shown(&problems),
        [
            "p:2:10: inline: expected off, accepted or pusher, found \"of\"",
            "p:3:1: reff: unknown key\n  help: did you mean `ref`?",
        ]
    );
}

#[test]
fn broken_syntax_is_placed_and_never_yields_a_policy() {
    for (text, place) in [
        ("schema = 1\n[blocks\n", "policy.toml:2:8"),
        ("schema = 1\nx = \n", "policy.toml:2:"),
        ("schema = 1\nschema = 1\n", "policy.toml:2:1"),
    ] {
        let (made, problems) = RepositoryPolicy::parse("policy.toml", text);
        assert!(made.is_none(), "{text}");
        assert!(
            shown(&problems).iter().any(|p| p.starts_with(place)),
            "{text}: {problems:?}"
        );
    }
}

#[test]
fn the_schema_is_the_one_hard_check() {
    let (made, problems) = RepositoryPolicy::parse("p", "schema = 2\nnew_key = true\n");
    assert!(made.is_none());
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("schema 2 is not known"));
    let (made, problems) = RepositoryPolicy::parse("p", "inline = \"off\"\n");
    assert!(made.is_none());
    assert_eq!(
        shown(&problems),
        ["p:1:1: schema: is missing\n  help: begin the file with schema = 1"]
    );
    assert!(
        RepositoryPolicy::parse("p", "schema = 1\ninline = \"off\"\n")
            .0
            .is_some()
    );
}

#[test]
fn a_repository_cannot_say_what_only_the_organisation_may() {
    for key in [
        "mode = \"observe\"",
        "foreign_markers = \"honour\"",
        "packs = []",
        "gitleaks = \"trust\"",
        "baseline = \"off\"",
        "[limits]",
        "[[accept]]",
    ] {
        let (made, problems) = RepositoryPolicy::parse("p", &format!("schema = 1\n{key}\n"));
        assert!(made.is_none(), "{key}");
        let said = "only the organisation's file may hold this";
        assert!(problems.iter().any(|p| p.message == said), "{problems:?}");
    }
}

#[test]
fn loosening_is_refused_naming_key_and_layer() {
    let floor = organisation(
        "schema = 1\ninline = \"off\"\n[blocks]\ndefault = \"low\"\n\
         [[ref]]\npattern = \"refs/heads/scratch/**\"\nblocks = \"high\"\n",
    );
    let lax = repository(
        "schema = 1\ninline = \"pusher\"\n[blocks]\ndefault = \"high\"\n\
         [[ref]]\npattern = \"refs/heads/*\"\nblocks = \"critical\"\n",
    );
    let problems = Policy::compose(&floor, &[lax]).unwrap_err();
    let help = "\n  help: a lower layer can only tighten: remove the line, or make it stricter";
    assert_eq!(
        shown(&problems),
        [
            format!(
                "policy.toml:2:10: inline: \"pusher\" would loosen \"off\", which org.toml sets{help}"
            ),
            format!(
                "policy.toml:4:11: blocks.default: \"high\" would loosen \"low\", which org.toml sets{help}"
            ),
            format!(
                "policy.toml:7:10: ref.blocks: \"critical\" would loosen \"low\", which org.toml sets{help}"
            ),
        ]
    );
    let same = "schema = 1\n[[ref]]\npattern = \"refs/heads/scratch/x\"\nblocks = \"high\"\n";
    assert!(Policy::compose(&floor, &[repository(same)]).is_ok());
}

#[test]
fn tightening_counts_and_the_stricter_of_two_states_wins() {
    let floor = organisation("schema = 1\n");
    let head =
        repository("schema = 1\n[blocks]\ndefault = \"low\"\n[message]\ntrailers = [\"Issue\"]\n");
    let index = repository(
        "schema = 1\n[blocks]\ndefault = \"medium\"\n[refs]\nprotected = [\"refs/heads/x\"]\n",
    );
    for order in [[head.clone(), index.clone()], [index, head]] {
        let policy = Policy::compose(&floor, &order).unwrap();
        assert_eq!(policy.blocks_at(None), Severity::Low);
        assert_eq!(policy.blocks_at(Some(b"refs/heads/y")), Severity::Low);
        assert_eq!(policy.trailers(), ["Issue"]);
        assert!(policy.is_protected(b"refs/heads/x"));
    }
}

#[test]
fn a_configured_file_only_adds_and_tightens() {
    let mut floor =
        organisation("schema = 1\nmode = \"observe\"\n[blocks]\ndefault = \"medium\"\n");
    let added =
        "schema = 1\nmode = \"enforce\"\npacks = [\"/x/*.toml\"]\n[blocks]\ndefault = \"low\"\n";
    floor.tighten_with("added.toml", added).unwrap();
    assert_eq!(floor.mode(), Mode::Enforce);
    assert_eq!(floor.packs(), ["/x/*.toml"]);
    assert_eq!(Policy::floor(&floor).blocks_at(None), Severity::Low);
    for lax in [
        "mode = \"observe\"",
        "foreign_markers = \"honour\"",
        "[blocks]\ndefault = \"high\"",
        "inline = \"pusher\"",
        "[limits]\nclient_deadline_s = 1",
        "[daemon]\nallowed_uids = [0]",
        "[[accept]]\nrule = \"x\"",
    ] {
        let before = floor.clone();
        let refused = floor.tighten_with("lax.toml", &format!("schema = 1\n{lax}\n"));
        assert!(refused.is_err_and(|p| !p.is_empty()), "{lax}");
        assert_eq!(floor, before, "{lax}");
    }
}

#[test]
fn digests_follow_what_is_in_force() {
    let floor = organisation("schema = 1\n");
    let plain = Policy::floor(&floor).digest();
    assert_eq!(Policy::compose(&floor, &[]).unwrap().digest(), plain);
    let stricter = repository("schema = 1\n[blocks]\ndefault = \"low\"\n");
    assert_ne!(
        Policy::compose(&floor, &[stricter]).unwrap().digest(),
        plain
    );
}

fn update(name: &str, kind: RefKind) -> RefUpdate {
    let id = |n: u8| lychgate_model::ObjectId::from_bytes(&[n; 20]).unwrap();
    let null = lychgate_model::ObjectId::null(lychgate_model::HashKind::Sha1);
    let old = if kind == RefKind::Create { null } else { id(1) };
    let new = if kind == RefKind::Delete { null } else { id(2) };
    RefUpdate {
        name: name.as_bytes().to_vec(),
        old,
        new,
        kind,
    }
}

#[test]
fn protected_refs_go_forward_only() {
    use RefKind::{Create, Delete, FastForward, Forced};
    let text = "schema = 1\n[refs]\nprotected = [\"refs/heads/main\", \"refs/tags/v*\"]\n";
    let policy = Policy::floor(&organisation(text));
    let head = b"refs/heads/trunk";
    for (surface, name, kind, refused) in [
        (Surface::Server, "refs/heads/main", Create, false),
        (Surface::Server, "refs/heads/main", FastForward, false),
        (Surface::Server, "refs/heads/main", Forced, true),
        (Surface::Server, "refs/heads/main", Delete, true),
        (Surface::Client, "refs/heads/main", Forced, true),
        (Surface::Client, "refs/heads/main", FastForward, false),
        (Surface::Server, "refs/heads/topic", Forced, false),
        (Surface::Server, "refs/heads/topic", Delete, false),
        (Surface::Server, "refs/tags/v1", Create, false),
        (Surface::Server, "refs/tags/v1", FastForward, true),
        (Surface::Server, "refs/tags/v1", Forced, true),
        (Surface::Server, "refs/tags/x", Forced, false),
        (Surface::Server, "refs/heads/trunk", Create, false),
        (Surface::Server, "refs/heads/trunk", FastForward, false),
        (Surface::Server, "refs/heads/trunk", Delete, true),
        (Surface::Server, "refs/heads/trunk", Forced, true),
        (Surface::Client, "refs/heads/trunk", Delete, false),
        (Surface::Server, "refs/replace/0123", Create, true),
        (Surface::Server, "refs/lychgate/x", Create, true),
        (Surface::Server, "refs/notes/commits", Create, false),
    ] {
        let reason = policy.refused_ref(surface, &update(name, kind), head, name);
        assert_eq!(reason.is_some(), refused, "{name} {kind:?} {surface:?}");
    }
}

#[test]
fn a_lax_ref_excuses_nothing_for_a_stricter_one() {
    use lychgate_model::pattern::matches;
    let floor = organisation(
        "schema = 1\n[blocks]\ndefault = \"medium\"\n\
         [[ref]]\npattern = \"refs/heads/scratch/**\"\nblocks = \"critical\"\n\
         [[ref]]\npattern = \"refs/heads/release/*\"\nblocks = \"low\"\n",
    );
    let policy = Policy::floor(&floor);
    let counts = |target: &str, existing: &str| {
        let plan = policy.plan(&[update(target, RefKind::Create)], b"");
        let first = plan.iter().find(|(p, _)| matches(p, existing.as_bytes()));
        first.is_none_or(|(_, counts)| *counts)
    };
    for (target, existing, expected) in [
        ("refs/heads/main", "refs/heads/scratch/a", false),
        ("refs/heads/main", "refs/heads/topic", true),
        ("refs/heads/main", "refs/heads/release/1", true),
        ("refs/heads/scratch/b", "refs/heads/scratch/a", true),
        ("refs/heads/scratch/b", "refs/heads/main", true),
        ("refs/heads/release/2", "refs/heads/main", false),
        ("refs/heads/release/2", "refs/heads/release/1", true),
        ("refs/heads/main", "refs/lychgate/inbox/x", false),
        ("refs/heads/main", "refs/replace/x", false),
    ] {
        assert_eq!(
            counts(target, existing),
            expected,
            "{existing} for {target}"
        );
    }
}

#[test]
fn a_ref_without_required_trailers_excuses_nothing_for_one_with_them() {
    use lychgate_model::pattern::matches;
    let text = "schema = 1\n[refs]\nprotected = [\"refs/heads/main\"]\n[message]\ntrailers = [\"Issue\"]\n";
    let policy = Policy::floor(&organisation(text));
    let head = b"refs/heads/trunk";
    let counts = |target: &str, existing: &str| {
        let plan = policy.plan(&[update(target, RefKind::FastForward)], head);
        let first = plan.iter().find(|(p, _)| matches(p, existing.as_bytes()));
        first.is_none_or(|(_, counts)| *counts)
    };
    assert!(!counts("refs/heads/main", "refs/heads/topic"));
    assert!(counts("refs/heads/main", "refs/heads/main"));
    assert!(counts("refs/heads/main", "refs/heads/trunk"));
    assert!(counts("refs/heads/topic", "refs/heads/other"));
    assert!(!policy.requires_trailers(&[update("refs/heads/topic", RefKind::Create)], head));
    assert!(policy.requires_trailers(&[update("refs/heads/trunk", RefKind::Create)], head));
}

#[test]
fn a_key_of_the_organisation_is_refused_once_where_it_stands() {
    let (made, problems) = RepositoryPolicy::parse("p", "schema = 1\n\nmode = \"observe\"\n");
    assert!(made.is_none());
    let told: Vec<_> = problems
        .iter()
        .map(|p| (p.line, p.column, p.key.as_str()))
        .collect();
    assert_eq!(told, [(3, 1, "mode")]);
    assert!(RepositoryPolicy::parse("p", "schema = 1\n").0.is_some());
}

#[test]
fn approved_stores_are_those_every_layer_approves() {
    let list = |names: &str| format!("schema = 1\n[vaults]\napproved = [{names}]\n");
    let floor = organisation(&list("\"op\", \"vault\""));
    let with = |text: &str| Policy::compose(&floor, &[repository(text)]);
    assert_eq!(Policy::floor(&floor).vaults().unwrap(), ["op", "vault"]);
    assert_eq!(Policy::floor(&organisation("schema = 1\n")).vaults(), None);
    assert_eq!(
        with(&list("\"vault\"")).unwrap().vaults().unwrap(),
        ["vault"]
    );
    assert_eq!(with("schema = 1\n").unwrap().vaults().unwrap().len(), 2);
    let refused = shown(&with(&list("\"vault\", \"sops\"")).unwrap_err());
    assert!(refused[0].contains("vaults.approved") && refused[0].contains("org.toml"));
    let (_, problems) = RepositoryPolicy::parse("policy.toml", &list("\"shoebox\""));
    assert_eq!(problems.len(), 1, "{problems:?}");
    let free = organisation("schema = 1\n");
    let own = [repository(&list("\"op\"")), repository(&list("\"vault\""))];
    assert!(
        Policy::compose(&free, &own)
            .unwrap()
            .vaults()
            .unwrap()
            .is_empty()
    );
}

/// A pack that is found from the folder somebody stands in could be a repository's own.
#[test]
fn packs_are_named_by_whole_paths() {
    let parse =
        |packs: &str| Organisation::parse("org.toml", &format!("schema = 1\npacks = [{packs}]\n"));
    let (made, problems) = parse("\"/etc/lychgate/packs/*.toml\"");
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(made.unwrap().packs().len(), 1);
    for relative in ["\"packs/a.toml\"", "\"../a.toml\"", "\"*.toml\"", "\"\""] {
        let (_, problems) = parse(relative);
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(
            said[0].starts_with("org.toml:2:10: packs: a path that"),
            "{said:?}"
        );
    }
}

fn accept(key: &str, value: &str) -> String {
    let fields = [
        ("repository", "/srv/git/shop.git"),
        ("object", "0123456789012345678901234567890123456789"),
        ("rule", "test.a"),
        ("by", "ana"),
        ("reason", "revoked"),
        ("until", "2026-12-01"),
    ];
    let lines = fields.map(|(k, v)| format!("{k} = \"{}\"\n", if k == key { value } else { v }));
    format!("schema = 1\n[[accept]]\n{}", lines.concat())
}

#[test]
fn a_draft_of_an_acceptance_accepts_nothing_until_it_is_filled_in() {
    organisation(&accept("", ""));
    for key in ["repository", "by", "reason"] {
        for empty in ["", "  "] {
            let (made, problems) = Organisation::parse("org.toml", &accept(key, empty));
            assert!(made.is_none(), "{key}");
            let told = shown(&problems).join("\n");
            assert!(told.contains(&format!("accept.{key}: is empty")), "{told}");
        }
    }
}

#[test]
fn an_acceptance_that_does_nothing_is_named() {
    let idle = |text: &str| {
        let known = |rule: &RuleId| rule.as_str() == "test.a";
        organisation(text).idle(jiff::civil::date(2026, 12, 1), &known)
    };
    assert_eq!(idle(&accept("", "")), [""; 0]);
    let told = idle(&accept("rule", "test.b")).concat();
    assert!(told.contains("no rule is called that"), "{told}");
    // A repository's own rules are not known beforehand.
    for own in ["gitleaks.mine", "store.op"] {
        assert_eq!(idle(&accept("rule", own)), [""; 0]);
    }
    let told = idle(&accept("until", "2026-11-30")).concat();
    assert!(told.contains("test.a in 012345678901"), "{told}");
    assert!(told.contains("it ended 2026-11-30"), "{told}");
}
