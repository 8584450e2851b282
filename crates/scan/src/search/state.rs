//! What a pass over a text remembers, and what the object may still cost.

use std::ops::Range;

use super::again;
use super::hot::Hot;
use super::room::Worth;
use super::same::Same;
use super::text::Found;
use crate::beside::Read;
use crate::disguise::Hints;
use crate::effort;
use crate::engine::Caches;
use crate::marker::Heard;
use crate::meter::Meter;
use crate::prefilter::Hits;
use crate::recall::COMPARISONS;
use crate::searcher::Searcher;
use crate::shapeless::Reading;
use crate::window::Window;

/// What one pass over one text has to remember.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(super) hits: Hits,
    pub(super) again: again::Again,
    pub(super) caches: Caches,
    pub(super) windows: Vec<Window>,
    /// Rules whose window was used.
    pub(super) touched: Vec<u32>,
    /// Markers too near to the end of a piece to be read.
    pub(super) waiting: Vec<(u8, u64)>,
    /// Keywords of names, the same: rule, length, end.
    pub(super) names: Vec<(u32, u8, u64)>,
    /// Keywords of patterns, the same.
    pub(super) keywords: Vec<(u32, u8, u64)>,
    /// Values found without a shape that block nowhere, and where the last one begins.
    pub(super) shapeless: (usize, Option<u64>),
    /// What names led to, to be known again.
    pub(super) same: Same<Reading>,
    /// The same of names of services.
    pub(super) beside: Same<Read>,
    /// A match that is no finding whatever stands around it: its rule, from where to where it is,
    /// and its value within.
    pub(super) refused: (u32, Range<u64>, Range<usize>),
    /// Where something came of keywords, be it that it was weighed and left.
    pub(super) hot: Hot,
    /// Where the document of the last Kubernetes Secret ends.
    pub(super) document: u64,
    /// There were more than [`super::SHAPELESS_MOST`].
    pub(crate) crowded: bool,
    pub(crate) found: Vec<Found>,
    /// Where values begin that are not quite keys of the service named beside them.
    pub(super) near: Vec<u64>,
    pub(crate) heard: Vec<Heard>,
    pub(crate) truncated: bool,
    /// Values without a shape were found for which there is no room: no more are looked for, and
    /// what has a shape takes the place of those that are kept.
    pub(crate) overfull: bool,
    /// Of what is kept, all is worth as much as this.
    pub(super) no_room_for: Option<Worth>,
    pub(crate) incomplete: bool,
    pub(crate) submodules: bool,
    /// Comparisons with known values still allowed.
    pub(super) comparisons: u32,
    /// Which disguises there may be.
    pub(crate) hints: Hints,
    /// Bytes given to patterns; what tests hold against the size of the input.
    pub(crate) work: u64,
    /// Where costs are counted, if they are.
    pub(crate) meter: Option<Box<Meter>>,
}

impl State {
    /// Both work in turn for one worker: what patterns built for one serves the other.
    pub(crate) fn lend_caches(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.caches, &mut other.caches);
    }

    /// The time, where it is asked for.
    pub(super) fn begun(&self) -> Option<u64> {
        self.meter.as_ref().map(|m| m.now())
    }

    /// Ready for another text under `searcher`; keeps memory, nothing else.
    pub(crate) fn reset(&mut self, searcher: &Searcher) {
        let rules = searcher.matchers.len();
        for rule in self.touched.drain(..) {
            if let Some(w) = self.windows.get_mut(rule as usize) {
                *w = Window::default();
            }
        }
        self.windows.resize(rules, Window::default());
        self.caches.prepare(searcher.instance, rules);
        self.waiting.clear();
        self.names.clear();
        self.keywords.clear();
        self.shapeless = (0, None);
        self.document = 0;
        self.crowded = false;
        self.found.clear();
        self.near.clear();
        self.heard.clear();
        self.refused = (0, 0..0, 0..0);
        self.hot.clear();
        self.truncated = false;
        self.overfull = false;
        self.no_room_for = None;
        self.incomplete = false;
        self.submodules = false;
        self.comparisons = COMPARISONS;
        self.hints = Hints::default();
        self.work = 0;
    }

    /// What the object may not cost any more is not judged, and that is said.
    pub(super) fn afford(&mut self, units: u64) -> bool {
        self.caches.effort.charge(units);
        self.truncated |= self.caches.effort.is_over();
        !self.truncated
    }

    /// A new object of `size` bytes, or as many as have come.
    pub(crate) fn begin(&mut self, size: usize) {
        self.caches.begin(size);
    }

    /// More of the object has come.
    pub(crate) fn allow(&mut self, size: usize) {
        self.caches.effort.allow(size);
    }

    /// What the object has cost, in about nanoseconds.
    pub(crate) fn spent(&self) -> u64 {
        self.caches.effort.spent()
    }

    /// What it may cost.
    pub(crate) fn allowed(&self) -> u64 {
        self.caches.effort.allowed()
    }

    /// Whether the object has cost what it may.
    pub(crate) fn is_over(&self) -> bool {
        self.caches.effort.is_over()
    }

    /// So many bytes came out of something packed.
    pub(crate) fn unpacked(&mut self, size: usize) {
        self.caches.effort.unpacked(size);
    }

    /// A text behind a disguise is about to be looked at.
    pub(crate) fn view(&mut self) {
        self.caches.effort.charge(effort::VIEW);
    }
}
