//! What stood before, summed up once for every list of old sides.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use lychgate_model::{ObjectId, ObjectKind, Source};
use lychgate_policy::Exception;
use lychgate_scan::shown::depends_on_path;
use lychgate_scan::{RawFinding, Rule, Scanned, Sealed, ValueTag};
use lychgate_wire::bound;

use crate::candidates::marked;
use crate::hits::{Hit, Hits, Stand};
use crate::sure::sure_at;

/// How often each (rule, value) stands on old sides.
pub(crate) type Stood = HashMap<(u32, ValueTag), usize>;

/// What a list of old sides holds.
#[derive(Debug, Default)]
pub(crate) struct Sides {
    pub(crate) values: Stood,
    exceptions: HashSet<Exception>,
    /// One of them was looked at, and is not encrypted.
    pub(crate) plain: bool,
}

/// Whether a rule looks at some paths only.
pub(crate) fn is_scoped(rule: &Rule) -> bool {
    !(rule.paths.only.is_empty() && rule.paths.never.is_empty())
}

/// Lists already summed up. Places of one commit share theirs, and a push has many places.
#[derive(Debug, Default)]
pub(crate) struct Known(HashMap<usize, Arc<Sides>>);

impl Known {
    /// The sum of a list, which lives as long as `hits`.
    pub(crate) fn of(&mut self, hits: &Hits, ids: &Arc<[ObjectId]>) -> Arc<Sides> {
        let key = Arc::as_ptr(ids).cast::<u8>().addr();
        let known = self.0.entry(key);
        known.or_insert_with(|| Arc::new(hits.sum(ids))).clone()
    }
}

/// What one place is compared with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    /// The very same object stood at this path.
    pub(crate) same: bool,
    /// The very same object stood at a path that is gone.
    pub(crate) moved: bool,
    /// At this path.
    pub(crate) here: Arc<Sides>,
    /// At paths that are gone.
    pub(crate) gone: Arc<Sides>,
    /// What stood at them, one by one, as far as rules ask for paths.
    pub(crate) moved_from: Vec<(Arc<Scanned>, Vec<u8>)>,
    pub(crate) path: Vec<u8>,
    pub(crate) commit: Option<ObjectId>,
}

impl Before {
    pub(crate) fn at(hits: &Hits, hit: &Hit, stand: &Stand, known: &mut Known) -> Self {
        Self {
            same: stand.old.contains(&hit.id),
            moved: stand.deleted.contains(&hit.id),
            here: known.of(hits, &stand.old),
            gone: known.of(hits, &stand.deleted),
            moved_from: hits.moved_from(hit, stand),
            path: stand.path.clone(),
            commit: stand.commit,
        }
    }

    /// How often a finding's value stood. A rule with paths of its own may not have looked at a
    /// path that is gone: what stood there counts where the rule would have told it, and been as
    /// sure of it.
    pub(crate) fn count(&self, raw: &RawFinding, rule: &Rule) -> usize {
        let key = (raw.rule, raw.value);
        let of = |sides: &Sides| sides.values.get(&key).copied().unwrap_or(0);
        // So does one whose values have no shape: the path is part of the evidence.
        let scoped = rule.asks_for_paths() || !raw.evidence.is_none() || depends_on_path(rule);
        match (self.same, self.moved && !scoped) {
            (false, false) if scoped => of(&self.here).max(self.told_where_it_stood(raw, rule)),
            (false, false) => of(&self.here).max(of(&self.gone)),
            _ => usize::MAX,
        }
    }

    fn told_where_it_stood(&self, raw: &RawFinding, rule: &Rule) -> usize {
        let sure = sure_at(raw, rule, &self.path);
        let told = |(scanned, path): &(Arc<Scanned>, Vec<u8>)| {
            let same = |f: &&RawFinding| {
                (f.rule, f.value) == (raw.rule, raw.value)
                    && rule.applies_to(path)
                    && !rule.excuses(f, Some(path), self.commit.as_ref())
                    && sure_at(f, rule, path) >= sure
            };
            scanned.findings.iter().filter(same).count()
        };
        self.moved_from.iter().map(told).max().unwrap_or(0)
    }

    /// Whether an exception stood.
    pub(crate) fn excepted(&self, exception: &Exception) -> bool {
        let held = |sides: &Sides| sides.exceptions.contains(exception);
        self.same || self.moved || held(&self.here) || held(&self.gone)
    }
}

impl Hits {
    /// Deleted sides of which it has to be known where they stood, for rules that ask for paths:
    /// each with its commit, null for what is staged.
    pub(crate) fn moved_sides(&self, rules: &[Rule]) -> Vec<(ObjectId, ObjectId)> {
        let asks = |f: &&RawFinding| {
            let rule = rules.get(f.rule as usize);
            f.source == Source::Blob
                && (!f.evidence.is_none()
                    || rule.is_some_and(|r| r.asks_for_paths() || depends_on_path(r)))
        };
        let mut out = Vec::new();
        let mut seen = HashSet::new();
        for hit in self.objects.iter().filter(|h| h.kind == ObjectKind::Blob) {
            let asking: Vec<&RawFinding> = hit.scanned.findings.iter().filter(asks).collect();
            for stand in hit.places.iter().filter(|_| !asking.is_empty()) {
                if stand.old.contains(&hit.id) {
                    continue;
                }
                for id in stand.deleted.iter() {
                    let same = |f: &RawFinding| {
                        asking
                            .iter()
                            .any(|a| (a.rule, a.value) == (f.rule, f.value))
                    };
                    let holds = self
                        .side(hit, id)
                        .is_some_and(|s| s.findings.iter().any(same));
                    let null = ObjectId::null(id.kind());
                    let pair = (stand.commit.unwrap_or(null), *id);
                    if holds && out.len() < bound::GONE && seen.insert(pair) {
                        out.push(pair);
                    }
                }
            }
        }
        out
    }

    /// What is known of a deleted side; of a hit that moved, itself.
    fn side(&self, hit: &Hit, id: &ObjectId) -> Option<Arc<Scanned>> {
        if *id == hit.id {
            return Some(hit.scanned.clone());
        }
        self.sides.get(id)?.clone()
    }

    fn moved_from(&self, hit: &Hit, stand: &Stand) -> Vec<(Arc<Scanned>, Vec<u8>)> {
        if self.gone.is_empty() {
            return Vec::new();
        }
        let mut out = Vec::new();
        for id in stand.deleted.iter() {
            let paths = self.gone.get(&(stand.commit, *id));
            for path in paths.into_iter().flatten() {
                out.extend(self.side(hit, id).map(|side| (side, path.clone())));
            }
        }
        out
    }

    fn sum(&self, ids: &[ObjectId]) -> Sides {
        let mut sum = Sides::default();
        let plain = |s: &Option<Arc<Scanned>>| {
            s.as_ref()
                .is_none_or(|s| !s.sealed.is_some_and(Sealed::keeps))
        };
        sum.plain = ids.iter().any(|id| self.sides.get(id).is_some_and(plain));
        for scanned in ids.iter().filter_map(|id| self.sides.get(id)?.as_deref()) {
            let mut here = Stood::new();
            for f in &scanned.findings {
                *here.entry((f.rule, f.value)).or_default() += 1;
            }
            for (key, count) in here {
                let most = sum.values.entry(key).or_default();
                *most = count.max(*most);
            }
            let marks = scanned.markers.iter().filter_map(marked);
            sum.exceptions.extend(marks.map(|m| m.exception));
        }
        sum
    }

    /// Whether every finding of a hit stands on the old sides of one place, deleted ones left out.
    pub(crate) fn explained(&self, hit: &Hit, stand: &Stand, known: &mut Known) -> bool {
        let here = known.of(self, &stand.old);
        let mut findings = hit.scanned.findings.iter();
        findings.all(|f| here.values.contains_key(&(f.rule, f.value)))
    }
}
