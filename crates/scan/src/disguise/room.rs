//! What is kept while an object's disguises are looked behind, and what that may still take.

use std::ops::Range;

use lychgate_model::limits;

use super::survey::Survey;
use super::view::View;
use super::{Unveiled, near, unpack};
use crate::search::State;

/// What unveiling reuses between objects.
#[derive(Debug, Default)]
pub(crate) struct Room {
    pub(crate) state: State,
    pub(super) views: Vec<View>,
    pub(super) surveys: Vec<Survey>,
    pub(super) unpackers: Vec<unpack::Unpacker>,
    /// Parts of the object that are looked at.
    pub(super) zones: Vec<Range<usize>>,
    /// What the object had cost before it was looked at, and what was added to that by what a
    /// glance tells of.
    pub(super) begun: Option<near::Bill>,
    pub(super) glanced: Option<near::Cost>,
    pub(crate) found: Vec<Unveiled>,
    /// Bytes that views of this object may still have, and those of what was packed in it: a bomb
    /// shuts no eye for what is only encoded.
    pub(super) left: usize,
    pub(super) left_packed: usize,
    /// Texts with places of their own so far.
    pub(super) homes: u32,
    /// The object is a PDF.
    pub(super) pdf: bool,
    /// A text was not judged to its end.
    pub(crate) truncated: bool,
    /// More was found than is kept.
    pub(crate) overfull: bool,
    /// More values without a shape than are kept.
    pub(crate) crowded: bool,
    /// A limit was met: what was not looked at, for people.
    pub(crate) left_out: Vec<&'static str>,
    pub(super) work: u64,
}

impl Room {
    /// Ready for an object of `size` bytes.
    pub(crate) fn reset(&mut self, size: usize) {
        self.found.clear();
        self.left_out.clear();
        self.work = 0;
        self.left = 0;
        self.left_packed = 0;
        self.homes = 0;
        self.pdf = false;
        self.truncated = false;
        self.overfull = false;
        self.crowded = false;
        self.allow(size);
    }

    /// More of the object has come.
    pub(crate) fn allow(&mut self, size: usize) {
        let more = size.saturating_mul(limits::VIEWS_PER_BYTE) + limits::VIEWS_AT_LEAST;
        for left in [&mut self.left, &mut self.left_packed] {
            *left = left.saturating_add(more).min(limits::VIEWS_MOST);
        }
    }

    /// Bytes given to patterns.
    pub(crate) fn work(&self) -> u64 {
        self.work
    }

    /// Overwrites what views held.
    pub(crate) fn wipe(&mut self) {
        self.views.iter_mut().for_each(View::wipe);
    }

    /// What views of the text `home` may still have.
    pub(super) fn left_of(&mut self, home: u32) -> &mut usize {
        match home {
            0 => &mut self.left,
            _ => &mut self.left_packed,
        }
    }

    /// Another text with places of its own.
    pub(super) fn home(&mut self) -> u32 {
        self.homes += 1;
        self.homes
    }

    pub(super) fn unveiled(&mut self, mark: Option<(u64, u64)>) {
        if let (Some(meter), Some(mark)) = (&mut self.state.meter, mark) {
            meter.unveiled(mark);
        }
    }

    pub(super) fn leave_out(&mut self, what: &'static str) {
        if !self.left_out.contains(&what) {
            self.left_out.push(what);
        }
    }
}
