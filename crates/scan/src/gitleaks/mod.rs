//! An unmodified `.gitleaks.toml` as rules of ours (contract 3.4: at a gate it may add, not
//! loosen).
//!
//! ```text
//! file -> document -> (pattern translated, allow-lists compiled) -> rules added to a set
//! ```
//!
//! Its allow-lists speak only for the rules it defines. `useDefault` and `disabledRules` speak of
//! gitleaks' own rules, which are not here: ours stay, and a stanza that only tunes one of those has
//! no effect, which is said. What cannot be translated refuses the file.

mod allow;
mod document;
mod naming;
mod pattern;
mod required;
mod unknown;

use std::borrow::Cow;
use std::sync::Arc;

use lychgate_model::{Category, Confidence, ObjectId, Problem, RuleId, Severity};
use toml::Spanned;

use crate::advice::Advice;
use crate::canonical::Canonical;
use crate::engine::{Caches, Engine};
use crate::matcher::Matcher;
use crate::pack::Report;
use crate::rule::{NewBy, Paths, Rule};
use crate::ruleset::{PackSource, RuleSet};
use allow::{Allow, Target};
use document::{AllowDraft, Document, RuleDraft};
use naming::Names;
use unknown::Unknown;

pub(crate) use allow::{Says, Seen};
pub(crate) use required::keep as keep_required;

/// Where such a file stands.
const FILE: &[u8] = b".gitleaks.toml";
/// Rules in one file.
const RULES: usize = 1000;
/// Bytes of one pattern.
const PATTERN: usize = 8 << 10;
/// Parts of one compiled pattern: what a byte of text may cost at worst.
const PARTS: usize = 4096;
/// Bytes that all compiled patterns of one file may take, those of allow-lists among them.
const MEMORY: usize = 8 << 20;

/// What a rule from such a file has beside a pattern.
#[derive(Debug)]
pub(crate) struct Foreign {
    /// The group that is the value; 0: the first, else the whole match.
    pub(crate) group: usize,
    path: Option<(String, Engine)>,
    /// Without a pattern the path alone is what is found.
    pub(crate) only_path: bool,
    pub(crate) reported: bool,
    /// Not only allow-lists for a rule of ours.
    is_rule: bool,
    pub(crate) required: Vec<Required>,
    allow: Vec<Allow>,
}

/// Another rule that must have matched near by.
#[derive(Debug)]
pub(crate) struct Required {
    pub(crate) rule: RuleId,
    pub(crate) lines: Option<u32>,
    pub(crate) columns: Option<u32>,
}

impl Foreign {
    /// Allow-lists alone.
    fn of(allow: Vec<Allow>) -> Self {
        Self {
            group: 0,
            path: None,
            only_path: false,
            reported: true,
            is_rule: false,
            required: Vec::new(),
            allow,
        }
    }

    /// What decides matches, for a digest: as the file's author wrote it.
    pub(crate) fn canonical(&self, out: &mut Canonical) {
        out.text("gitleaks 1");
        out.number(self.group as u64);
        out.number(u64::from(self.only_path) | u64::from(self.reported) << 1);
        out.text(self.path.as_ref().map_or("", |(text, _)| text));
        out.number(self.required.len() as u64);
        for required in &self.required {
            out.text(required.rule.as_str());
            for most in [required.lines, required.columns] {
                out.number(most.map_or(u64::MAX, u64::from));
            }
        }
        out.number(self.allow.len() as u64);
        self.allow.iter().for_each(|list| out.text(&list.text));
    }

    /// What the lists say of a match, as far as content decides.
    pub(crate) fn weigh(&self, seen: &Seen<'_>) -> Says {
        allow::weigh(&self.allow, seen)
    }

    /// Whether the rule speaks about a path. About the file it stands in it does not: its own
    /// pattern is there.
    pub(crate) fn applies_to(&self, path: &[u8]) -> bool {
        if path == FILE && self.is_rule {
            return false;
        }
        self.path.as_ref().is_none_or(|(_, p)| matches(p, path))
    }

    /// Whether a list that was open excuses what stands here.
    pub(crate) fn excuses(
        &self,
        open: u32,
        path: Option<&[u8]>,
        commit: Option<&ObjectId>,
    ) -> bool {
        allow::excuses(&self.allow, open, path, commit)
    }

    /// Lists whose paths alone excuse: for a finding that is a path.
    pub(crate) fn excuses_path(&self, path: &[u8]) -> bool {
        self.excuses(u32::MAX, Some(path), None)
    }
}

/// A pattern over paths as a program written in Go reads it: of a document that names files.
#[derive(Clone, Debug)]
pub struct PathPattern(Arc<Engine>);

impl PathPattern {
    /// Compiles; unanchored.
    ///
    /// # Errors
    /// One sentence on what cannot be translated.
    pub fn new(go: &str) -> Result<Self, String> {
        compiled(go).map(|engine| Self(Arc::new(engine)))
    }

    /// Whether it matches anywhere in a path.
    pub fn is_match(&self, path: &[u8]) -> bool {
        matches(&self.0, path)
    }
}

fn matches(engine: &Engine, text: &[u8]) -> bool {
    let mut caches = Caches::default();
    caches.prepare(0, 1);
    engine.find(0, text, (0, text.len()), &mut caches).is_some()
}

impl RuleSet {
    /// This set and the rules of a `.gitleaks.toml`, which are named `gitleaks.<id>`. `trusted`:
    /// the file's global allow-lists speak for the rules of this set too.
    ///
    /// # Errors
    /// Every problem of the file; then nothing of it is used.
    pub fn adopting(&self, source: PackSource<'_>, trusted: bool) -> Result<Self, Vec<Problem>> {
        let mut report = Report::new(source.name, source.text);
        let (added, everywhere, idle) = read(&mut report);
        let problems = report.finish();
        if !problems.is_empty() {
            return Err(problems);
        }
        let everywhere = Arc::new(everywhere);
        let mut set = self.with(added, trusted.then_some(&everywhere));
        set.idle.clone_from(&self.idle);
        set.idle.extend(idle);
        Ok(set)
    }
}

/// The rules, the global lists as a rule of ours would have them, and what has no effect.
fn read(report: &mut Report<'_>) -> (Vec<(Rule, Matcher)>, Foreign, Vec<String>) {
    let text = report.text();
    let mut unknown = Unknown::default();
    let parsed = toml::Deserializer::parse(text)
        .and_then(|file| serde_ignored::deserialize(file, |path| unknown.take(&path)));
    let document: Document = match parsed {
        Ok(document) => document,
        Err(error) => {
            let help = "see gitleaks' own page on its configuration.";
            report.add(error.span(), "", naming::unquoted(error.message()), help);
            return (Vec::new(), Foreign::of(Vec::new()), Vec::new());
        }
    };
    if let Some(path) = &document.extend.path {
        let help = "copy the rules of that file into this one.";
        report.add(
            Some(path.span()),
            "extend.path",
            "names another file, which a gate does not read",
            help,
        );
    }
    if let Some(url) = &document.extend.url {
        let help = "copy the rules into this file.";
        report.add(
            Some(url.span()),
            "extend.url",
            "names an address: a gate makes no connections",
            help,
        );
    }
    if document.rules.len() > RULES {
        let message = format!("has more than {RULES} rules");
        report.add(None, "rules", message, "split off what is not needed here.");
        return (Vec::new(), Foreign::of(Vec::new()), Vec::new());
    }
    let mut global: Vec<&Spanned<AllowDraft>> = document.allowlists.iter().collect();
    if let Some(old) = &document.allowlist {
        if !global.is_empty() {
            let message = "stands beside `[[allowlists]]`";
            report.add(Some(old.span()), "allowlist", message, "keep one of both.");
        }
        global.push(old);
    }
    let mut names = Names::default();
    let named: Vec<Option<RuleId>> = (1..)
        .zip(&document.rules)
        .map(|(number, draft)| names.give(draft.id.as_ref()?.get_ref(), number))
        .collect();
    let mut memory = 0;
    let mut out = Vec::new();
    let mut idle = unknown.notes(&document);
    for ((number, draft), name) in (1..).zip(&document.rules).zip(named) {
        let id = draft.id.as_ref().filter(|id| !id.get_ref().is_empty());
        if let Some(id) = id.filter(|_| document.extend.use_default && draft.tunes()) {
            let id = naming::shown(id.get_ref(), number);
            idle.push(format!(
                ".gitleaks.toml: {id} tunes a rule of gitleaks: without effect here"
            ));
            continue;
        }
        let made = rule((number, draft, name), &global, &names, &mut memory, report);
        out.extend(made);
        if memory > MEMORY {
            let message = format!("patterns take more than {} MiB", MEMORY >> 20);
            let help = "make repeats smaller, or split off what is not needed here.";
            report.add(None, "rules", message, help);
            return (Vec::new(), Foreign::of(Vec::new()), Vec::new());
        }
    }
    let untargeted = global
        .iter()
        .filter(|l| l.get_ref().target_rules.is_empty());
    let mut compile = |text: &str, span, field: &str, report: &mut Report<'_>| {
        let made = compiled(text);
        made.map_err(|message| report.add(Some(span), field, message, "simplify it."))
            .ok()
    };
    let mut everywhere = Vec::new();
    for list in untargeted {
        everywhere.extend(allow_list(list, "allowlists", &mut compile, report));
    }
    (out, Foreign::of(everywhere), idle)
}

fn rule(
    (number, draft, name): (usize, &RuleDraft, Option<RuleId>),
    global: &[&Spanned<AllowDraft>],
    names: &Names,
    memory: &mut usize,
    report: &mut Report<'_>,
) -> Option<(Rule, Matcher)> {
    let before = report.len();
    let id = match &draft.id {
        Some(id) if !id.get_ref().is_empty() => id,
        _ => {
            let span = draft.regex.as_ref().or(draft.path.as_ref());
            report.add(span.map(Spanned::span), "rules.id", "is missing", "");
            return None;
        }
    };
    let Some(name) = name else {
        let help = "give it a letter or a digit.";
        report.add(Some(id.span()), "rules.id", "cannot be a name", help);
        return None;
    };
    let key = |field: &str| format!("{}: {field}", naming::shown(id.get_ref(), number));
    let mut compile = |text: &str, span, field: &str, report: &mut Report<'_>| {
        let made = compiled(text);
        *memory += made.as_ref().map_or(0, Engine::memory);
        made.map_err(|message| report.add(Some(span), &key(field), message, "simplify it."))
            .ok()
    };
    // There an empty pattern is none.
    let regex = draft.regex.as_ref().filter(|r| !r.get_ref().is_empty());
    let only_path = regex.is_none();
    if only_path && draft.path.is_none() {
        report.add(
            Some(id.span()),
            &key("regex"),
            "is missing",
            "a rule has `regex` or `path`.",
        );
    }
    let mut pattern = String::new();
    if let Some(regex) = regex {
        let engine = compile(regex.get_ref(), regex.span(), "regex", report);
        pattern = pattern::translate(regex.get_ref()).unwrap_or_default();
        if engine.is_some() && pattern::can_be_empty(&pattern) {
            let message = "can match nothing at all, and so everywhere";
            let help = "make it ask for at least one character.";
            report.add(Some(regex.span()), &key("regex"), message, help);
        }
        if engine.is_some_and(|e| e.groups() < draft.secret_group) {
            let message = "is more than the pattern has groups";
            report.add(Some(regex.span()), &key("secretGroup"), message, "");
        }
    }
    let path = draft.path.as_ref().and_then(|path| {
        let engine = compile(path.get_ref(), path.span(), "path", report)?;
        Some((path.get_ref().clone(), engine))
    });
    let mut lists: Vec<&Spanned<AllowDraft>> = draft.allowlists.iter().collect();
    if let Some(old) = &draft.allowlist {
        if !lists.is_empty() {
            let message = "stands beside `[[rules.allowlists]]`";
            report.add(
                Some(old.span()),
                &key("allowlist"),
                message,
                "keep one of both.",
            );
        }
        lists.push(old);
    }
    let targeted = |list: &&&Spanned<AllowDraft>| {
        let targets = &list.get_ref().target_rules;
        targets.is_empty() || targets.contains(id.get_ref())
    };
    lists.extend(global.iter().filter(targeted));
    let mut allow = Vec::new();
    for list in lists {
        allow.extend(allow_list(list, &key("allowlists"), &mut compile, report));
    }
    if allow.len() > allow::MOST {
        let message = format!("has more than {} lists", allow::MOST);
        report.add(
            Some(id.span()),
            &key("allowlists"),
            message,
            "put some into one.",
        );
    }
    let mut required = Vec::new();
    for wanted in &draft.required {
        let Some(rule) = names.of(wanted.id.get_ref()) else {
            let message = "names a rule that this file does not hold, and so could never hold";
            let help = "copy that rule into this file, or take the requirement out.";
            report.add(Some(wanted.id.span()), &key("required.id"), message, help);
            continue;
        };
        required.push(Required {
            rule: rule.clone(),
            lines: wanted.within_lines,
            columns: wanted.within_columns,
        });
    }
    if report.len() != before {
        return None;
    }
    let foreign = Arc::new(Foreign {
        group: draft.secret_group,
        path,
        only_path,
        reported: !draft.skip_report,
        is_rule: true,
        required,
        allow,
    });
    let keywords = draft.keywords.iter().filter(|k| !k.is_empty());
    let keywords = keywords.map(|k| Cow::Owned(k.to_ascii_lowercase().into_bytes()));
    let matcher = Matcher::foreign(
        keywords.collect(),
        pattern.into(),
        draft.entropy,
        foreign.clone(),
    );
    Some((described(name, draft, foreign), matcher))
}

fn described(id: RuleId, draft: &RuleDraft, foreign: Arc<Foreign>) -> Rule {
    let title = match draft.description.trim() {
        "" => format!("Match of {id}"),
        text => {
            let text: String = text.chars().filter(|c| !c.is_control()).collect();
            naming::said(&text).chars().take(120).collect()
        }
    };
    let advice = Advice {
        why: "This repository's .gitleaks.toml says that it is a secret.",
        fix: "Take it out of the commit and read it from where secrets are kept.",
        rotation: vec!["replace it where it was issued"],
        revocation: vec!["revoke it where it was issued"],
        ..Advice::default()
    };
    Rule {
        id,
        version: 1,
        pack: Cow::Borrowed("gitleaks"),
        title: Cow::Owned(title),
        severity: Severity::High,
        confidence: Confidence::Medium,
        category: Category::Secret,
        check: None,
        new: NewBy::Value,
        paths: Paths::default(),
        cwe: vec![798],
        advice: advice.packed(),
        by_path: false,
        beside: false,
        foreign: Some(foreign),
    }
}

fn compiled(go: &str) -> Result<Engine, String> {
    if go.len() > PATTERN {
        return Err(format!("has more than {PATTERN} bytes"));
    }
    let engine = Engine::any(&pattern::translate(go)?)?;
    match engine.parts() {
        ..=PARTS => Ok(engine),
        _ => Err(format!(
            "compiles to more than {PARTS} parts: bounded repeats are too large"
        )),
    }
}

/// Compiles a pattern that stands somewhere, for a field; says what is wrong with it.
type Compile<'c> =
    &'c mut dyn FnMut(&str, std::ops::Range<usize>, &str, &mut Report<'_>) -> Option<Engine>;

fn allow_list(
    draft: &Spanned<AllowDraft>,
    key: &str,
    compile: Compile<'_>,
    report: &mut Report<'_>,
) -> Option<Allow> {
    let span = || Some(draft.span());
    let list = draft.get_ref();
    let empty = list.commits.is_empty()
        && list.paths.is_empty()
        && list.regexes.is_empty()
        && list.stopwords.is_empty();
    if empty {
        let help = "give it commits, paths, regexes or stopwords.";
        report.add(
            span(),
            key,
            "holds nothing, and so would allow nothing",
            help,
        );
        return None;
    }
    let all = match list.condition.as_deref().unwrap_or("OR") {
        "OR" | "or" | "||" | "" => false,
        "AND" | "and" | "&&" => true,
        _ => {
            report.add(
                span(),
                &format!("{key}.condition"),
                "is neither OR nor AND",
                "",
            );
            return None;
        }
    };
    let target = match list.regex_target.as_deref().unwrap_or("secret") {
        "secret" | "" => Target::Secret,
        "match" => Target::Match,
        "line" => Target::Line,
        _ => {
            let key = format!("{key}.regexTarget");
            report.add(span(), &key, "is neither secret, match nor line", "");
            return None;
        }
    };
    let mut engines = |texts: &[String], field: &str| -> Vec<Engine> {
        let made = texts
            .iter()
            .map(|text| compile(text, draft.span(), field, report));
        made.flatten().collect()
    };
    let regexes = engines(&list.regexes, "allowlists.regexes");
    let paths = engines(&list.paths, "allowlists.paths");
    Some(Allow {
        text: format!("{list:?}"),
        all,
        target,
        regexes,
        paths,
        stopwords: list
            .stopwords
            .iter()
            .map(|w| w.to_lowercase().into_bytes())
            .collect(),
        commits: list.commits.iter().map(|c| c.to_lowercase()).collect(),
    })
}
