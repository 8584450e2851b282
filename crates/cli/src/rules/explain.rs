//! `lychgate rules explain ID...`: everything there is to say about rules or reason codes.

use std::fmt::Write as _;

use lychgate_model::limits::COLUMNS;
use lychgate_model::{Category, ReasonCode, RuleId, limits};
use lychgate_scan::pack::shown;
use lychgate_scan::{Advice, NewBy, Rule, RuleSet, structural};

use crate::failure::{Failure, Kind};
use crate::here::engine;
use crate::page::{cut, wrapped};
use crate::surroundings::Surroundings;

/// Lines of an example that are shown.
const EXAMPLE: usize = 8;

/// The pages about `ids`, in their order, with an empty line between: all of them or none.
pub(super) fn text(around: &Surroundings, ids: &[String]) -> Result<String, Failure> {
    // Loading the rules is the work, and what is said of a reason code needs none.
    let mut loaded = None;
    let mut pages = Vec::with_capacity(ids.len());
    for id in ids {
        let code = ReasonCode::ALL.into_iter().find(|code| code.name() == id);
        pages.push(match code {
            Some(code) => reason(code),
            None => {
                let engine = match loaded.take() {
                    Some(engine) => engine,
                    None => engine(around, "nothing was explained")?,
                };
                page(loaded.insert(engine).rules(), id)?
            }
        });
    }
    Ok(pages.join("\n"))
}

/// The page about the rule `id`.
fn page(rules: &RuleSet, id: &str) -> Result<String, Failure> {
    let wanted = RuleId::new(id);
    if let Some(rule) = wanted.as_ref().and_then(|id| rules.rule(id)) {
        return Ok(about(rule));
    }
    // Rules that a policy would bring in.
    let stores = rules.approving(&[]).ok();
    let store = wanted.zip(stores.as_ref());
    if let Some(rule) = store.and_then(|(id, stores)| stores.rule(&id)) {
        let page = about(rule);
        return Ok(page + "\nIn force where a policy names the approved secret stores.\n");
    }
    let known = rules.rules().iter().map(|r| r.id.as_str());
    let near = nearest(id, known.chain(ReasonCode::ALL.map(ReasonCode::name)));
    let what = format!(
        "nothing is called {}",
        lychgate_model::path::printable(id.as_bytes())
    );
    let hint = match near {
        Some(near) => format!("lychgate rules explain {near}"),
        None => "lychgate rules list".to_owned(),
    };
    Err(Failure::new(Kind::Usage, what).hint(hint))
}

fn about(rule: &Rule) -> String {
    let mut out = format!("{}\n", rule.id);
    out += &wrapped(&rule.title, "  ", "  ");
    let _ = writeln!(
        out,
        "  severity {}, confidence {}, {}, pack {}, version {}",
        rule.severity.name(),
        rule.confidence.name(),
        rule.category.name(),
        rule.pack,
        rule.version
    );
    if rule.category == Category::Secret {
        let check = rule.check.unwrap_or("-");
        let _ = writeln!(out, "  provider {}, offline check {check}", rule.provider());
    }
    let mut part = |title: &str, text: &str| {
        if !text.is_empty() {
            let _ = write!(out, "\n{title}\n{}", wrapped(text, "  ", "  "));
        }
    };
    let advice = rule.advice();
    part("Why it matters", advice.why);
    part("How to mend the commit", advice.fix);
    for (title, steps) in [
        ("How to replace what leaked", &advice.rotation),
        ("How to revoke it", &advice.revocation),
    ] {
        if !steps.is_empty() {
            let _ = writeln!(out, "\n{title}");
            for (number, step) in (1..).zip(steps) {
                out += &wrapped(step, &format!("  {number}. "), "     ");
            }
        }
    }
    out += &examples(&advice);
    let _ = writeln!(out, "\nWhat makes it new");
    out += match rule.new {
        NewBy::Value => "  The value stands on no old side of the change.\n",
        NewBy::Line => "  Its line is among the added ones.\n",
    };
    for (what, globs) in [
        ("Only in", &rule.paths.only),
        ("Never in", &rule.paths.never),
    ] {
        if !globs.is_empty() {
            let _ = write!(out, "\n{what}\n{}", wrapped(&globs.join(" "), "  ", "  "));
        }
    }
    out += &way_out(rule);
    let mut tail = Vec::new();
    let weaknesses = rule.cwe.iter().map(|n| (n, crate::report::weakness(*n)));
    tail.extend(weaknesses.map(|(n, address)| format!("CWE-{n}, {address}")));
    tail.extend(advice.standards.iter().map(ToString::to_string));
    tail.extend(advice.references.iter().map(ToString::to_string));
    if !tail.is_empty() {
        let _ = writeln!(out, "\nSources");
        for one in tail {
            out += &wrapped(&one, "  ", "    ");
        }
    }
    if !advice.owner.is_empty() {
        let _ = write!(out, "\nOwner\n{}", wrapped(advice.owner, "  ", "  "));
    }
    out
}

/// Something that is found and something that is not. Values are told by what makes them up: no
/// page holds a text that looks like a secret.
fn examples(advice: &Advice<'_>) -> String {
    let mut out = String::new();
    for (title, example) in [("For example", advice.bad), ("Not", advice.good)] {
        if example.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{title}");
        for line in shown(example).lines().take(EXAMPLE) {
            let _ = writeln!(out, "  {}", cut(line, COLUMNS - 2));
        }
    }
    out
}

/// How an exception is asked for.
fn way_out(rule: &Rule) -> String {
    let Some(what) = without_a_line(rule) else {
        return format!(
            "\nTo let one stand: a comment on its line or the line above, for at most\n{} days\n\
             {}\n  Where a file can hold no comment: lychgate baseline\n",
            limits::ALLOW_DAYS,
            allow_line(rule)
        );
    };
    let text = match what {
        "" => "Mend or remove the allow line; no other one excuses it.".to_owned(),
        what => format!(
            "No allow line and no baseline excuses {what}. An [[accept]] in the organisation's \
             file does, for one object; drafts: lychgate check --all --accept-draft"
        ),
    };
    format!("\nTo let one stand\n{}", wrapped(&text, "  ", "  "))
}

/// What it finds, where that stands on no line of a file; empty: an allow line itself.
fn without_a_line(rule: &Rule) -> Option<&'static str> {
    use structural::{
        PLAIN_AGE, PLAIN_ANSIBLE_VAULT, PLAIN_GIT_CRYPT, PLAIN_SALTED, PLAIN_SOPS,
        SUBMODULE_COMMAND, SUBMODULE_PATH, SUBMODULE_URL,
    };
    let plain = [
        PLAIN_SOPS,
        PLAIN_GIT_CRYPT,
        PLAIN_ANSIBLE_VAULT,
        PLAIN_AGE,
        PLAIN_SALTED,
    ];
    let lines = [SUBMODULE_URL, SUBMODULE_PATH, SUBMODULE_COMMAND];
    match rule.id.as_str() {
        _ if rule.by_path => Some("a name"),
        id if plain.contains(&id) => Some("a whole file"),
        id if id.starts_with("allow.") => Some(""),
        id if lines.contains(&id) => None,
        _ if rule.category == Category::Tree => Some("an entry of a tree"),
        _ => None,
    }
}

/// The comment to copy, on one line of the page.
fn allow_line(rule: &Rule) -> String {
    let forms = [
        ("  ", "until YYYY-MM-DD because REASON"),
        ("  ", "until YYYY-MM-DD because WHY"),
        ("  ", "until DATE because WHY"),
    ];
    let line = |(indent, rest)| format!("{indent}lychgate: allow {} {rest}", rule.id);
    let fits = forms.into_iter().map(line).find(|l| l.len() <= COLUMNS);
    fits.unwrap_or_else(|| wrapped(&line(forms[2]), "", "").trim_end().to_owned())
}

fn reason(code: ReasonCode) -> String {
    let (what, next) = words(code);
    let mut out = format!("{}\n", code.name());
    let _ = writeln!(
        out,
        "  a verdict for this reason alone is {}",
        code.decision().name()
    );
    let _ = write!(out, "\nWhat it means\n{}", wrapped(what, "  ", "  "));
    let _ = write!(out, "\nWhat to do\n{}", wrapped(next, "  ", "  "));
    out
}

const fn words(code: ReasonCode) -> (&'static str, &'static str) {
    match code {
        ReasonCode::Unreadable => (
            "An object or file that belongs to the change could not be read, is damaged, or is \
             too large to be judged whole. What was not read is never taken to be clean.",
            "Run git fsck; fetch what a partial or shallow clone lacks; look at the file's mode. \
             Rewrite the commits that hold a mode no Git writes. Split or leave out what is too \
             large; [limits] in the organisation's file raises how far deltas are followed.",
        ),
        ReasonCode::Coverage => (
            "What the hook counted and what the judge counted differ, so something was lost or \
             added on the way.",
            "Try again. If it comes again, it is a bug: report it with the lines printed.",
        ),
        ReasonCode::Deadline => (
            "The time for one judgement passed before everything was judged.",
            "Try again: what was judged is remembered, and the next run goes on from there.",
        ),
        ReasonCode::Fault => (
            "The scan of an object failed. Only that object was not judged.",
            "It is a bug: report it with the object's id. The rest of the report holds.",
        ),
        ReasonCode::Unsupported => (
            "The repository uses a format or an extension the gate does not know how to read.",
            "Use a version of lychgate that knows it, or turn the extension off.",
        ),
        ReasonCode::Busy => (
            "The daemon had too much to do, or was shutting down.",
            "Try again. lychgate status says how many sessions are open.",
        ),
        ReasonCode::Unavailable => (
            "No daemon answered, and nothing else was allowed to judge.",
            "lychgate daemon start; on a server, look at the lychgated unit. lychgate doctor \
             names what is in the way.",
        ),
        ReasonCode::Protocol => (
            "The two programs do not understand each other: another version, or a broken message.",
            "lychgate doctor compares the versions. Install all three binaries together.",
        ),
        ReasonCode::ProtectedRef => (
            "The push would rewrite, move or delete a ref that the policy protects.",
            "Push a fast-forward, or ask whoever owns the policy.",
        ),
        ReasonCode::Trailer => (
            "The policy requires a trailer in every commit message, and one lacks it.",
            "Add the trailer: git commit --amend --trailer \"NAME: VALUE\".",
        ),
        ReasonCode::Policy => (
            "A policy or pack file cannot be used. The floor stays in force, and nothing passes \
             until the file is mended: a broken file never yields less than none.",
            "Mend the line that is named; lychgate rules check FILE reads a pack like a compiler.",
        ),
    }
}

/// The known name that shares the longest beginning with `id`, if that is worth suggesting.
fn nearest<'a>(id: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let shared = |name: &str| {
        name.bytes()
            .zip(id.bytes())
            .take_while(|(a, b)| a == b)
            .count()
    };
    known
        .max_by_key(|name| shared(name))
        .filter(|name| shared(name) >= 3)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use lychgate_judge::{Engine, Sources};

    use super::*;

    #[test]
    fn every_page_fits_the_screen() {
        let engine = Engine::load(&Sources::default()).unwrap();
        let rules = engine.rules().rules();
        assert!(rules.len() > 1000, "{}", rules.len());
        for page in rules.iter().map(about).chain(ReasonCode::ALL.map(reason)) {
            // A glob longer than the page stays whole.
            let words = |l: &str| l.split(' ').all(|w| w.len() < COLUMNS - 8);
            let wide = |l: &&str| l.len() > COLUMNS && words(l) || !l.is_ascii();
            let wide = page.lines().find(wide);
            assert_eq!(wide, None);
            let name = page.lines().next().unwrap();
            let allow = page.matches("lychgate: allow ").count();
            assert!(allow <= 1, "{name}");
            // An allow line never reaches a name, a tree or a file as a whole.
            let promised = allow == 1;
            let beyond = [
                "file.",
                "allow.",
                "encryption.sops",
                "tree.dot-git",
                "tree.symlink",
            ];
            let beyond = beyond.iter().any(|start| name.starts_with(start));
            assert!(!(promised && beyond), "{page}");
            let within = ["github.", "tree.submodule-url", "encryption.named-key"];
            let within = within.iter().any(|start| name.starts_with(start));
            assert!(promised || !within, "{page}");
            let asks = page.contains("[[accept]]") || name.starts_with("allow.");
            let rule = RuleId::new(name).is_some_and(|id| engine.rules().rule(&id).is_some());
            assert!(!rule || promised || asks, "{page}");
        }
    }
}
