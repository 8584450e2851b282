//! Questions to the client about objects with a hit: where they stand, and what stood there before.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use lychgate_model::{Hook, Mode, ObjectId, limits};
use lychgate_scan::Rule;
use lychgate_wire::frame::Place;

use crate::before::Known;
use crate::hits::{Hit, Hits, Route, Stand};
use crate::promised::Demanded;
use crate::reply::Reply;

/// Ids in one question: whoever answers goes through all of the change for it.
const BATCH: usize = limits::OFFER;
/// Old sides looked at in one session; what lies beyond counts as not there, so its twin is new.
const SIDES: usize = 20_000;

/// What is asked next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Places,
    Old,
    Deleted,
    Gone,
    Over,
}

/// The questions of one session, in order.
#[derive(Debug)]
pub(crate) struct Questions {
    stage: Stage,
    queue: VecDeque<Vec<ObjectId>>,
    sides: usize,
    /// Lists of ids as received, each kept once: places of one commit bring the same ones.
    lists: HashSet<Arc<[ObjectId]>>,
    compare: bool,
    /// What breaks a promise, until its places are known.
    broken: Vec<Demanded>,
}

impl Questions {
    /// Places of every hit; old sides where the hook has any (contract 2.1: not for `--all`).
    pub(crate) fn new(hook: Hook, hits: &Hits, broken: Vec<Demanded>) -> Self {
        let asks = !matches!(hook, Hook::CommitMsg | Hook::CheckPath | Hook::CheckStdin);
        // Only a staged gitlink has a place, and a path that stood needs none.
        let mut seen = HashSet::new();
        let led = |r: &&Route| !r.stood && (r.staged || r.new.mode != Mode::Gitlink);
        let led = hits.paths.iter().filter(led).map(|r| r.new.id);
        let runs = hits.executables.iter();
        let runs = runs.filter(|e| e.matters).map(|e| e.id);
        let of = |clean| move |h: &&Hit| h.scanned.is_clean() == clean;
        let found = hits.objects.iter().filter(of(false)).map(|h| h.id);
        let watched = hits.objects.iter().filter(of(true)).map(|h| h.id);
        let ids: Vec<ObjectId> = found
            .chain(led)
            .chain(runs)
            .chain(watched)
            .filter(|id| seen.insert(*id))
            .take(limits::PLACES)
            .collect();
        let queue = if asks { batches(&ids) } else { VecDeque::new() };
        let compare = asks && hook != Hook::CheckAll;
        Self {
            stage: Stage::Places,
            queue,
            sides: 0,
            lists: HashSet::new(),
            compare,
            broken,
        }
    }

    /// The next question; `None` when everything is known. `rules`: where the client tells at
    /// which paths deleted sides stood. `cached` looks an old side up.
    pub(crate) fn next(
        &mut self,
        hits: &mut Hits,
        rules: Option<&[Rule]>,
        cached: &dyn Fn(&[ObjectId]) -> Vec<Option<crate::cache::Known>>,
    ) -> Option<Reply> {
        loop {
            if let Some(ids) = self.queue.pop_front() {
                return Some(match self.stage {
                    Stage::Places => Reply::Places(ids),
                    _ => Reply::Content(ids),
                });
            }
            if self.stage == Stage::Places {
                self.stand_broken(hits);
            }
            self.stage = match self.stage {
                Stage::Places if self.compare => Stage::Old,
                Stage::Old => Stage::Deleted,
                Stage::Deleted => Stage::Gone,
                _ => Stage::Over,
            };
            if self.stage == Stage::Gone {
                let sides = rules.map(|rules| hits.moved_sides(rules));
                match sides.filter(|sides| !sides.is_empty()) {
                    Some(sides) => return Some(Reply::Gone(sides)),
                    None => continue,
                }
            }
            if self.stage == Stage::Over {
                return None;
            }
            let ids = self.unknown(hits);
            let known = cached(&ids);
            let mut wanted = Vec::new();
            for (id, known) in ids.into_iter().zip(known) {
                match known {
                    Some(known) => {
                        hits.sides.insert(id, known.scanned);
                    }
                    None => wanted.push(id),
                }
            }
            self.queue = batches(&wanted);
        }
    }

    /// Sides of this stage that nobody looked at yet, for hits the sides before did not explain.
    fn unknown(&mut self, hits: &Hits) -> Vec<ObjectId> {
        let mut seen = HashSet::new();
        let mut out = Vec::new();
        let mut known = Known::default();
        for hit in &hits.objects {
            for stand in &hit.places {
                if stand.old.contains(&hit.id) {
                    continue;
                }
                let sides = match self.stage {
                    // Even of what only moved: rules with paths of their own ask for no other.
                    Stage::Old => &stand.old,
                    _ if stand.deleted.contains(&hit.id) => continue,
                    _ if hits.explained(hit, stand, &mut known) => continue,
                    _ => &stand.deleted,
                };
                for id in sides.iter() {
                    let room = self.sides < SIDES;
                    if room && !hits.sides.contains_key(id) && seen.insert(*id) {
                        self.sides += 1;
                        out.push(*id);
                    }
                }
            }
        }
        out
    }

    /// Takes an answer to a question about places.
    /// `demanded`: something is asked of this very place, be its object clean.
    pub(crate) fn place(&mut self, hits: &mut Hits, demanded: bool, place: &Place<'_>) {
        hits.leads(place);
        let Some(hit) = hits.find(&place.object) else {
            return;
        };
        if hit.places.len() >= limits::PLACES_PER_OBJECT {
            return;
        }
        // A clean blob is asked for because of what is demanded at paths, and at no other.
        if hit.scanned.is_clean() && !demanded {
            return;
        }
        hit.places.push(Stand {
            commit: (!place.commit.is_null()).then_some(place.commit),
            path: place.path.to_vec(),
            mode: place.mode,
            note: place.reference.starts_with(b"refs/notes/"),
            old: self.list(&place.old),
            deleted: self.list(&place.deleted),
        });
    }

    /// Adds the places at which promises are broken, where they were not told: a list of places
    /// may be full.
    fn stand_broken(&mut self, hits: &mut Hits) {
        for broken in std::mem::take(&mut self.broken) {
            let (old, deleted) = (self.list(&broken.old), self.list(&[]));
            let Some(hit) = hits.find(&broken.id) else {
                continue;
            };
            let told =
                |s: &Stand| s.path == broken.path && (s.old == old || broken.commit.is_none());
            if !hit.places.iter().any(told) {
                hit.places.push(Stand {
                    commit: broken.commit,
                    path: broken.path,
                    mode: broken.mode,
                    note: false,
                    old,
                    deleted,
                });
            }
        }
    }

    fn list(&mut self, ids: &[ObjectId]) -> Arc<[ObjectId]> {
        if let Some(kept) = self.lists.get(ids) {
            return kept.clone();
        }
        let list: Arc<[ObjectId]> = ids.into();
        self.lists.insert(list.clone());
        list
    }
}

fn batches(ids: &[ObjectId]) -> VecDeque<Vec<ObjectId>> {
    ids.chunks(BATCH).map(<[_]>::to_vec).collect()
}
