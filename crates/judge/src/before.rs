//! What stood before, summed up once for every list of old sides.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use lychgate_model::ObjectId;
use lychgate_policy::Exception;
use lychgate_scan::{RawFinding, Rule, Scanned, ValueTag};

use crate::candidates::marked;
use crate::hits::{Hit, Hits, Stand};

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
}

impl Before {
    pub(crate) fn at(hits: &Hits, hit: &Hit, stand: &Stand, known: &mut Known) -> Self {
        Self {
            same: stand.old.contains(&hit.id),
            moved: stand.deleted.contains(&hit.id),
            here: known.of(hits, &stand.old),
            gone: known.of(hits, &stand.deleted),
        }
    }

    /// How often a finding's value stood. A rule with paths of its own may not have looked at a
    /// path that is gone, so what stood there tells it nothing.
    pub(crate) fn count(&self, raw: &RawFinding, rule: &Rule) -> usize {
        let key = (raw.rule, raw.value);
        let of = |sides: &Sides| sides.values.get(&key).copied().unwrap_or(0);
        // So does one whose values have no shape: the path is part of the evidence.
        let scoped = is_scoped(rule) || !raw.evidence.is_none();
        match (self.same, self.moved && !scoped) {
            (false, false) if scoped => of(&self.here),
            (false, false) => of(&self.here).max(of(&self.gone)),
            _ => usize::MAX,
        }
    }

    /// Whether an exception stood.
    pub(crate) fn excepted(&self, exception: &Exception) -> bool {
        let held = |sides: &Sides| sides.exceptions.contains(exception);
        self.same || self.moved || held(&self.here) || held(&self.gone)
    }
}

impl Hits {
    fn sum(&self, ids: &[ObjectId]) -> Sides {
        let mut sum = Sides::default();
        let plain = |s: &Option<Arc<Scanned>>| s.as_ref().is_none_or(|s| s.sealed.is_none());
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
