//! Secrets that a staged change takes out: nothing blocks for it, and that the history keeps them is
//! said (decision 13).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use lychgate_model::{Category, Finding, Mode, ObjectId, ObjectKind, RuleId, Source, limits};
use lychgate_policy::{Asked, Candidate, weigh};
use lychgate_scan::{Scanned, ValueTag};
use lychgate_wire::frame::Entry;

use crate::candidates::Found;
use crate::hits::Hits;
use crate::reply::Reply;
use crate::session::Session;

/// What stood where a staged change changes or deletes something.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    sides: Vec<Side>,
    asked: bool,
    known: HashMap<ObjectId, Option<Arc<Scanned>>>,
}

#[derive(Debug)]
struct Side {
    path: Vec<u8>,
    mode: Mode,
    id: ObjectId,
}

impl Removed {
    /// Whether old sides that come now are these.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked
    }

    /// Keeps what stands in an old side; `None`: nothing.
    pub(crate) fn hold(&mut self, id: ObjectId, scanned: Option<Arc<Scanned>>) {
        self.known.insert(id, scanned);
    }
}

impl Session {
    /// Takes note of what stood at the path of a staged entry.
    pub(crate) fn take_out(&mut self, entry: &Entry<'_>) {
        let asks = self.is_staged() && self.promised.tells_changes;
        let stood = entry.old.filter(|old| asks && old.mode.is_blob());
        let Some(old) = stood.filter(|old| entry.new.is_none_or(|new| new.id != old.id)) else {
            return;
        };
        if self.removed.sides.len() < limits::TAKEN_OUT {
            self.removed.sides.push(Side {
                path: entry.path.to_vec(),
                mode: old.mode,
                id: old.id,
            });
        }
    }

    /// Asks once, after everything a verdict rests on, for the small ones of these sides that are
    /// not known.
    pub(crate) fn removed_question(&mut self) -> Option<Reply> {
        let late = self.hurried || self.cut;
        if late || self.removed.asked || self.removed.sides.is_empty() {
            return None;
        }
        self.removed.asked = true;
        let mut ids: Vec<ObjectId> = self.removed.sides.iter().map(|s| s.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let known = self.cache.get(self.context.peer, self.engine.shelf(), &ids);
        let mut wanted = Vec::new();
        for (id, known) in ids.into_iter().zip(known) {
            match known {
                Some(known) if known.size <= limits::TAKEN_OUT_BYTES => {
                    self.removed.hold(id, known.scanned);
                }
                // Of what is too large nothing is said, whoever happens to know it.
                Some(_) => {}
                None => wanted.push(id),
            }
        }
        (!wanted.is_empty()).then_some(Reply::Small(limits::TAKEN_OUT_BYTES, wanted))
    }

    /// Secrets in content that is changed or deleted, and that nothing in this change holds any
    /// more.
    pub(crate) fn removed_secrets(&mut self, hits: &Hits) -> Vec<Candidate> {
        let removed = std::mem::take(&mut self.removed);
        if removed.known.values().all(Option::is_none) {
            return Vec::new();
        }
        let blobs = hits.objects.iter().filter(|h| h.kind == ObjectKind::Blob);
        let stays: HashSet<(u32, ValueTag)> = blobs
            .flat_map(|h| &h.scanned.findings)
            .map(|f| (f.rule, f.value))
            .collect();
        let mut candidates = Vec::new();
        for side in &removed.sides {
            let Some(Some(scanned)) = removed.known.get(&side.id) else {
                continue;
            };
            let mut scanned = Scanned::clone(scanned);
            scanned
                .findings
                .retain(|f| !stays.contains(&(f.rule, f.value)));
            let found = Found {
                path: &side.path,
                shown: Some(self.masked_path(&side.path)),
                object: Some((side.id, ObjectKind::Blob)),
                link: side.mode == Mode::Symlink,
                file: side.mode != Mode::Symlink,
                ..Found::default()
            };
            self.take(&found, &scanned, None, &mut candidates);
        }
        candidates.retain(|c| {
            let of_content = matches!(c.finding.source, Source::Blob | Source::Symlink);
            c.finding.category == Category::Secret && of_content
        });
        // What the baseline lists is a secret all the same.
        candidates.iter_mut().for_each(|c| c.listed = None);
        candidates
    }

    /// One line about those that would have denied the commit that brought them.
    pub(crate) fn removed_note(
        &self,
        candidates: Vec<Candidate>,
        asked: &Asked<'_>,
    ) -> Option<String> {
        if candidates.is_empty() {
            return None;
        }
        let known = |id: &RuleId| self.engine.rules().rule(id).is_some();
        let mut out = weigh(&self.policy, asked, &known, candidates, Vec::new()).findings;
        out.retain(|f| f.blocks);
        let mut seen = HashSet::new();
        out.retain(|f| seen.insert((f.path.clone(), f.rule.clone(), f.span.line)));
        said(&out)
    }
}

fn said(out: &[Finding]) -> Option<String> {
    let first = out.first()?;
    let path = first.path.as_ref().map(ToString::to_string);
    let place = path.unwrap_or_default();
    let (line, rule) = (first.span.line, &first.rule);
    let (more, them) = match out.len() - 1 {
        0 => (String::new(), "it"),
        more => (format!(" and {more} more"), "them"),
    };
    Some(format!(
        "taken out of {place}:{line}: {rule}{more}. The history keeps {them}: rotate {them} \
         (lychgate rules explain {rule})"
    ))
}
