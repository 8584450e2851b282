//! What was found, at every place where it stands, with what stood there before (contract 2).

use std::collections::{HashMap, HashSet};

use lychgate_model::{
    Category, Confidence, Finding, Mode, ObjectKind, ReasonCode, RepoPath, RuleId, Severity,
    Source, Span, State, Surface, limits,
};
use lychgate_policy::Unread;
use lychgate_policy::exception::{Standing, about};
use lychgate_policy::{Candidate, Exception, Marked};
use lychgate_scan::shown::is_shown;
use lychgate_scan::{
    Marker, MarkerKind, NewBy, RawFinding, Rule, Scanned, Sealed, ValueTag, structural,
};

use crate::before::{Before, Known, Stood, is_scoped};
use crate::hits::{Hit, Hits};
use crate::session::{Session, short};
use crate::sure::{keep_the_shaped, sure_at};

/// Findings weighed of one session.
const CANDIDATES: usize = 5 * limits::FINDINGS;

impl Session {
    pub(crate) fn candidates(&mut self, hits: &Hits) -> Vec<Candidate> {
        let mut out = Vec::new();
        let mut known = Known::default();
        for hit in &hits.objects {
            self.unseen(hit);
            self.object_at(hits, hit, &mut known, &mut out);
            self.bound(&mut out);
        }
        self.paths(hits, &mut known, &mut out);
        self.executables(hits, &mut out);
        for file in &hits.files {
            let path = self.masked_path(&file.name);
            let name = RepoPath(path.clone()).to_string();
            self.incomplete(&file.scanned, &name);
            self.unread(&name, &file.scanned);
            let found = Found {
                path: &file.name,
                shown: Some(path),
                file: true,
                size: Some(file.size),
                ..Found::default()
            };
            let mut scanned = file.scanned.clone();
            let sealed = match file.size {
                0 => Some(Sealed::Open),
                _ => scanned.sealed,
            };
            self.hold_names_against(sealed, &mut scanned);
            self.take(&found, &scanned, None, &mut out);
        }
        for reference in &hits.references {
            // The name is the secret: it is told by its kind alone.
            self.take(&Found::default(), &reference.scanned, None, &mut out);
        }
        if let Some(message) = &hits.message {
            self.incomplete(message, "the commit message");
            self.unread("the commit message", message);
            self.take(&Found::default(), message, None, &mut out);
        }
        if let Some(persons) = &hits.persons {
            self.incomplete(persons, "the author and committer");
            self.take(&Found::default(), persons, None, &mut out);
        }
        out
    }

    /// Keeps the list within bounds: debt, which never blocks, goes first.
    pub(crate) fn bound(&mut self, out: &mut Vec<Candidate>) {
        if out.len() <= CANDIDATES {
            return;
        }
        let before = out.len();
        out.retain(|c| !c.existing);
        if out.len() > CANDIDATES {
            out.truncate(CANDIDATES);
            let message = format!("more than {CANDIDATES} new findings, the rest was not weighed");
            if !self.reasons.iter().any(|r| r.message == message) {
                self.tell(
                    ReasonCode::Unreadable,
                    message,
                    "push or commit less at once",
                );
            }
        }
        self.unlisted += before - out.len();
    }

    /// What was not looked at in an object, or not judged.
    fn unseen(&mut self, hit: &Hit) {
        if hit.scanned.not_looked_at.is_empty() && !hit.scanned.truncated {
            return;
        }
        let first = hit.places.first();
        let path = first.map(|p| p.path.clone()).unwrap_or_default();
        let name = match self.shown_path(&path).as_str() {
            "" => format!("{} {}", hit.kind.name(), short(&hit.id)),
            path => path.to_owned(),
        };
        self.unread(&name, &hit.scanned);
        self.incomplete(&hit.scanned, &name);
    }

    /// Said, or INDETERMINATE where policy wants it so.
    fn unread(&mut self, name: &str, scanned: &Scanned) {
        if scanned.not_looked_at.is_empty() {
            return;
        }
        let what = scanned.not_looked_at.join(", ");
        let message = format!("{name}: not looked at: {what}");
        match self.policy.unread() {
            Unread::Note => self.notes.push(message),
            Unread::Deny => self.tell(
                ReasonCode::Unreadable,
                message,
                "put it unpacked, or have unread = \"note\" set",
            ),
        }
    }

    fn incomplete(&mut self, scanned: &Scanned, subject: &str) {
        if scanned.truncated {
            self.coverage.complete = false;
            let (why, help) = match scanned.exhausted {
                true => (
                    "what looks like the beginning of a secret stands in it too often".to_owned(),
                    "split the file: each part may hold as much; or leave it out, if it is generated",
                ),
                false => (
                    format!("more than {} findings", limits::FINDINGS_PER_OBJECT),
                    "split the file, or remove what was found; what rules for other files find counts too",
                ),
            };
            self.tell(
                ReasonCode::Unreadable,
                format!("{subject}: {why}: not all was judged"),
                help,
            );
        }
    }

    fn object_at(&mut self, hits: &Hits, hit: &Hit, known: &mut Known, out: &mut Vec<Candidate>) {
        // One path is reported once: each finding where it is new, or else as it stood.
        let mut at: HashMap<(&[u8], bool, bool), usize> = HashMap::new();
        let mut paths: Vec<Vec<Candidate>> = Vec::new();
        for stand in &hit.places {
            let before = Before::at(hits, hit, stand, known);
            let shown = self.masked_path(&stand.path);
            let found = Found {
                path: &stand.path,
                shown: (!stand.path.is_empty()).then_some(shown),
                object: Some((hit.id, hit.kind)),
                commit: stand.commit,
                link: stand.mode == Mode::Symlink,
                note: stand.note,
                file: matches!(stand.mode, Mode::Regular | Mode::Executable)
                    && hit.kind == ObjectKind::Blob,
                size: None,
            };
            let mut here = Vec::new();
            self.take(&found, &hit.scanned, Some(&before), &mut here);
            let key = (stand.path.as_slice(), found.link, found.note);
            let index = *at.entry(key).or_insert(paths.len());
            match paths.get_mut(index) {
                // What is found at one path is the same and in the same order at every commit.
                Some(kept) => {
                    for (kept, candidate) in kept.iter_mut().zip(here) {
                        if kept.existing && !candidate.existing {
                            *kept = candidate;
                        }
                    }
                }
                None => paths.push(here),
            }
        }
        let start = out.len();
        out.extend(paths.into_iter().flatten());
        // Where the list of places is full there may be more, of another name and not excused.
        let is_full = hit.places.len() >= limits::PLACES_PER_OBJECT;
        if hit.places.is_empty() || is_full {
            let told: HashSet<(RuleId, Span)> = out
                .iter()
                .skip(start)
                .filter(|c| !c.existing)
                .map(|c| (c.finding.rule.clone(), c.finding.span))
                .collect();
            let found = Found {
                object: Some((hit.id, hit.kind)),
                commit: (hit.kind == ObjectKind::Commit).then_some(hit.id),
                ..Found::default()
            };
            let mut elsewhere = Vec::new();
            self.take(&found, &hit.scanned, None, &mut elsewhere);
            elsewhere.retain(|c| !told.contains(&(c.finding.rule.clone(), c.finding.span)));
            out.append(&mut elsewhere);
        }
    }

    /// Paths of entries: existing where something stood at the very path before, wherever else
    /// its value stood (decision 7).
    fn paths(&mut self, hits: &Hits, known: &mut Known, out: &mut Vec<Candidate>) {
        let told = self.new_names(hits, known);
        for route in &hits.paths {
            let mut scanned = route.scanned.clone();
            scanned.findings.retain(|f| {
                let folders = told.get(&(f.rule, f.value));
                !folders.is_some_and(|all| all.contains(folder(&route.path, f)))
            });
            let sealed = match is_empty(&route.new.id) {
                true => Some(Sealed::Open),
                false => hits.sealed(&route.new.id),
            };
            self.hold_names_against(sealed, &mut scanned);
            let shown = self.masked_path(&route.path);
            let found = Found {
                path: &route.path,
                shown: Some(shown),
                // What stands under the name: an acceptance is of that alone.
                object: route
                    .new
                    .mode
                    .is_blob()
                    .then_some((route.new.id, ObjectKind::Blob)),
                commit: route.commit,
                ..Found::default()
            };
            let before = Before {
                same: route.stood,
                ..Before::default()
            };
            self.take(&found, &scanned, Some(&before), out);
            self.bound(out);
        }
    }

    /// What is encrypted may have the name of what is not; what holds nothing but open settings is
    /// told, and low.
    fn hold_names_against(&self, sealed: Option<Sealed>, scanned: &mut Scanned) {
        let named = |f: &RawFinding| rule_at(self, f.rule).is_some_and(|r| r.by_path);
        match sealed {
            Some(Sealed::Open) => {
                for f in scanned.findings.iter_mut().filter(|f| named(f)) {
                    f.severity = f.severity.min(Severity::Low);
                    f.confidence = Confidence::Low;
                }
            }
            Some(_) => scanned.findings.retain(|f| !named(f)),
            None => {}
        }
    }

    /// The folders in which each value is told as new already, by the tree object that names it.
    fn new_names<'h>(&self, hits: &'h Hits, known: &mut Known) -> Names<'h> {
        let mut names = Names::new();
        let trees = hits.objects.iter().filter(|h| h.kind == ObjectKind::Tree);
        for hit in trees.filter(|_| !hits.paths.is_empty()) {
            for stand in &hit.places {
                let before = Before::at(hits, hit, stand, known);
                for raw in &hit.scanned.findings {
                    let rule = rule_at(self, raw.rule).filter(|rule| !is_scoped(rule));
                    let told = raw.evidence.is_none();
                    if told && rule.is_some_and(|rule| before.count(raw, rule) == 0) {
                        let folders = names.entry((raw.rule, raw.value)).or_default();
                        folders.insert(&stand.path);
                    }
                }
            }
        }
        names
    }

    /// Findings and exceptions of one object at one place.
    pub(crate) fn take(
        &self,
        found: &Found<'_>,
        scanned: &Scanned,
        old: Option<&Before>,
        out: &mut Vec<Candidate>,
    ) {
        let marks: Vec<Marked> = scanned.markers.iter().filter_map(marked).collect();
        let tree = found.object.is_some_and(|o| o.1 == ObjectKind::Tree);
        let applies = |raw: &&RawFinding| {
            let rule = rule_at(self, raw.rule)?;
            // A tree object knows no whole paths; those that a push adds come as entries.
            if tree && raw.source == Source::Path && is_scoped(rule) {
                return None;
            }
            let named = matches!(raw.source, Source::Blob | Source::Path) && !found.path.is_empty();
            let path = named.then_some(found.path);
            let excused = rule.excuses(raw, path, found.commit.as_ref());
            (!excused && path.is_none_or(|path| rule.applies_to(path))).then_some(rule)
        };
        let here = scanned.findings.iter();
        let mut here: Vec<(&RawFinding, &Rule)> =
            here.filter_map(|raw| Some((raw, applies(&raw)?))).collect();
        here.retain(|(raw, rule)| sure_at(raw, rule, found.path).is_some());
        keep_the_shaped(&mut here, found.path);
        let keys: Vec<_> = here
            .iter()
            .map(|(raw, rule)| (&rule.id, raw.span.line, raw.value))
            .collect();
        let mut counts = Stood::new();
        for ((raw, rule), marks) in here.iter().zip(about(&marks, &keys)) {
            let count = counts.entry((raw.rule, raw.value)).or_default();
            *count += 1;
            let before = old.map_or(0, |old| old.count(raw, rule));
            let compared = matches!(raw.source, Source::Blob | Source::Path);
            let existing = compared
                && match rule.new {
                    NewBy::Value => before > 0,
                    NewBy::Line => before >= *count,
                };
            let marks = marks.into_iter().cloned().collect();
            let finding = self.finding(found, raw, rule);
            out.push(Candidate {
                finding,
                existing,
                shapeless: !raw.evidence.is_none(),
                listed: crate::baseline::listed(&raw.recalled),
                marks,
            });
        }
        self.spent(found, &scanned.markers, old, out);
        self.about_the_file(found, scanned, old, out);
    }

    /// Allow lines that are findings themselves: expired, too far ahead, of a rule nobody knows.
    fn spent(
        &self,
        found: &Found<'_>,
        markers: &[Marker],
        old: Option<&Before>,
        out: &mut Vec<Candidate>,
    ) {
        let known = |id: &RuleId| self.engine.rules().rule(id).is_some();
        for marker in markers {
            let Some(mark) = marked(marker) else {
                continue;
            };
            let Exception::Allow { rule, until, .. } = &mark.exception else {
                continue;
            };
            let (id, why) = match mark.exception.standing(self.context.today, known) {
                Standing::Expired => (
                    structural::ALLOW_EXPIRED,
                    format!("until {until} has passed"),
                ),
                Standing::TooFar => (
                    structural::ALLOW_TOO_FAR,
                    format!("more than {} days ahead", limits::ALLOW_DAYS),
                ),
                Standing::Unknown => (
                    structural::ALLOW_MALFORMED,
                    format!("no rule is called {rule}"),
                ),
                Standing::Counts(_) | Standing::Foreign => continue,
            };
            let Some(rule) = RuleId::new(id).and_then(|id| self.engine.rules().rule(&id)) else {
                continue;
            };
            let existing = old.is_some_and(|old| old.excepted(&mark.exception));
            let raw = RawFinding {
                span: marker.span,
                masked: why.into(),
                ..RawFinding::of(0, rule.severity, rule.confidence)
            };
            let mut finding = self.finding(found, &raw, rule);
            finding.fingerprint = None;
            out.push(Candidate {
                finding,
                existing,
                shapeless: false,
                listed: None,
                marks: Vec::new(),
            });
        }
    }

    pub(crate) fn finding(&self, found: &Found<'_>, raw: &RawFinding, rule: &Rule) -> Finding {
        let source = match raw.source {
            Source::Blob if found.link => Source::Symlink,
            Source::Blob if found.note => Source::Note,
            other => other,
        };
        let tree = found
            .object
            .is_some_and(|(_, kind)| kind == ObjectKind::Tree);
        let path = match source {
            // The name itself is not kept: the folder and the mask say where.
            Source::Path if tree => {
                let folder = found.shown.clone().map(|p| [p, b"/".to_vec()].concat());
                let mut path = folder.unwrap_or_default();
                path.extend_from_slice(raw.masked.as_bytes());
                Some(RepoPath(path))
            }
            Source::Blob | Source::Path | Source::Symlink | Source::Note => {
                found.shown.clone().map(RepoPath)
            }
            _ => None,
        };
        let told = self.state.persisted() && self.surface() == Surface::Client;
        Finding {
            path,
            span: raw.span,
            source,
            object: found.object.map(|(id, _)| id),
            commit: found.commit,
            rule: rule.id.clone(),
            title: rule.title.to_string(),
            category: rule.category,
            severity: self.policy.raised(
                &rule.id,
                found.path,
                severity_on(self.context.today, raw, rule, found.path),
            ),
            confidence: confidence_on(
                self.context.today,
                raw,
                sure_at(raw, rule, found.path).unwrap_or(raw.confidence),
            ),
            fingerprint: (told && rule.category == Category::Secret)
                .then(|| raw.value.fingerprint()),
            masked: raw.masked.to_string(),
            state: State::New,
            blocks: false,
            allowed_by: None,
            via: raw.via.as_deref().map(str::to_owned),
        }
    }
}

/// A value past the day that it names itself opens nothing any more; it is told, and low.
/// So is what is shown to strangers at its path.
pub(crate) fn severity_on(
    today: jiff::civil::Date,
    raw: &RawFinding,
    rule: &Rule,
    path: &[u8],
) -> Severity {
    match is_over(today, raw) || is_shown(raw, rule, path) {
        true => raw.severity.min(Severity::Low),
        false => raw.severity,
    }
}

/// That it is a secret is as little sure.
fn confidence_on(today: jiff::civil::Date, raw: &RawFinding, sure: Confidence) -> Confidence {
    match is_over(today, raw) {
        true => sure.min(Confidence::Low),
        false => sure,
    }
}

/// Whether the day is past that a value names itself.
fn is_over(today: jiff::civil::Date, raw: &RawFinding) -> bool {
    let now = (
        i32::from(today.year()),
        i32::from(today.month()),
        i32::from(today.day()),
    );
    raw.until
        .is_some_and(|d| (i32::from(d.year), i32::from(d.month), i32::from(d.day)) < now)
}

/// Whether an object is a file without content.
fn is_empty(id: &lychgate_model::ObjectId) -> bool {
    const EMPTY: [&[u8]; 2] = [
        b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        b"473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
    ];
    let mut empty = EMPTY
        .iter()
        .map(|hex| lychgate_model::ObjectId::from_hex(hex));
    empty.any(|empty| empty.as_ref() == Some(id))
}

/// Where something was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found<'a> {
    /// The path as it is, for the paths of rules.
    pub(crate) path: &'a [u8],
    /// The path as it may be shown.
    pub(crate) shown: Option<Vec<u8>>,
    pub(crate) object: Option<(lychgate_model::ObjectId, ObjectKind)>,
    pub(crate) commit: Option<lychgate_model::ObjectId>,
    pub(crate) link: bool,
    pub(crate) note: bool,
    /// A file's content was scanned, whole.
    pub(crate) file: bool,
    /// Its size, of a file outside of Git.
    pub(crate) size: Option<u64>,
}

/// Values by rule, and folders.
type Names<'h> = HashMap<(u32, ValueTag), HashSet<&'h [u8]>>;

/// The folder of the name in which something found in a path begins.
fn folder<'p>(path: &'p [u8], raw: &RawFinding) -> &'p [u8] {
    let start = usize::try_from(raw.span.byte_start).unwrap_or(usize::MAX);
    let before = path.get(..start).unwrap_or(path);
    let slash = before.iter().rposition(|b| *b == b'/');
    slash.and_then(|at| path.get(..at)).unwrap_or_default()
}

pub(crate) fn rule_at(session: &Session, index: u32) -> Option<&Rule> {
    session
        .engine
        .rules()
        .rules()
        .get(usize::try_from(index).ok()?)
}

/// An exception written in content, if its date is one.
pub(crate) fn marked(marker: &Marker) -> Option<Marked> {
    let exception = match &marker.kind {
        MarkerKind::Allow {
            rule,
            until,
            reason,
        } => {
            let year = i16::try_from(until.year).ok()?;
            let (month, day) = (
                i8::try_from(until.month).ok()?,
                i8::try_from(until.day).ok()?,
            );
            let until = jiff::civil::Date::new(year, month, day).ok()?;
            Exception::Allow {
                rule: rule.clone(),
                until,
                reason: reason.to_string(),
            }
        }
        MarkerKind::Foreign { tool, next_line } => Exception::Foreign {
            tool: (*tool).to_owned(),
            next_line: *next_line,
        },
    };
    Some(Marked {
        line: marker.span.line,
        exception,
    })
}
