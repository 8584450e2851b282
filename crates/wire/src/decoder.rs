//! Takes bytes as they arrive and gives back frames that borrow from them.
//!
//! The reader fills [`Decoder::space`] straight from the socket and asks for frames until there
//! are none. Data is handed out in the pieces in which it arrives, never gathered: between the
//! socket and the receiver's own buffer a byte of content is not copied, and a decoder stays
//! small however large the frames are. Every other frame is gathered, up to the frame's limit.

use lychgate_model::limits;

use crate::decode;
use crate::error::Error;
use crate::field::within;
use crate::frame::Frame;
use crate::tag;

/// What a decoder begins with: a small commit's answers need no more, and each page of a buffer
/// that nothing fills would still be a page fault of the hook.
const SMALL: usize = 4 << 10;
/// What it grows to while reads fill it, so that a stream of content takes few of them.
const LARGE: usize = 64 << 10;
/// Free bytes that are worth a read.
const FREE: usize = 2 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// At the head of a frame.
    Head,
    /// In a Data frame of which this much is still to be handed out.
    Data(usize),
    /// In a frame nobody wants of which this much is still to come.
    Skip(usize),
}

/// Bytes in, frames out.
#[derive(Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    came_full: bool,
    inside: Inside,
    failed: Option<Error>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder at the start of a stream. Allocates nothing until it is fed.
    pub const fn new() -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            end: 0,
            came_full: false,
            inside: Inside::Head,
            failed: None,
        }
    }

    /// Where the next bytes go; tell how many with [`Decoder::filled`]. Grows only by as much
    /// as has arrived, so that no announced length makes it allocate.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.buffer.len() - self.end < FREE {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let full = self.buffer.len() - self.end < FREE;
        if full || (self.came_full && self.buffer.len() < LARGE) {
            self.buffer.resize((self.buffer.len() * 2).max(SMALL), 0);
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// Says that `count` bytes were written to the front of [`Decoder::space`].
    pub fn filled(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.buffer.len());
        self.came_full = self.end == self.buffer.len();
    }

    /// Copies `bytes` in: for tests and readers that do not read into [`Decoder::space`].
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = self.space();
            let count = space.len().min(bytes.len());
            let (now, later) = bytes.split_at(count);
            if let Some(front) = space.get_mut(..count) {
                front.copy_from_slice(now);
            }
            self.filled(count);
            bytes = later;
        }
    }

    /// The next frame, or piece of a Data frame; `None`: more bytes are needed.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong. The stream has no meaning after it, so the same error is
    /// given for ever.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match self.advance() {
            Ok(Some((tag, from, to))) => {
                let body = self.buffer.get(from..to).unwrap_or_default();
                decode::frame(tag, body).inspect_err(|error| self.failed = Some(error.clone()))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Whether the stream may end here: between two frames.
    pub fn is_at_boundary(&self) -> bool {
        self.start == self.end && self.inside == Inside::Head
    }

    /// Whether [`Decoder::next`] would give nothing yet. Skips what is to be skipped.
    pub fn is_waiting(&mut self) -> bool {
        if self.failed.is_some() {
            return false;
        }
        let before = (self.start, self.inside);
        match self.advance() {
            Ok(None) => true,
            Ok(Some(_)) => {
                (self.start, self.inside) = before;
                false
            }
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }

    /// Gives memory back that only an unusually large frame needed.
    pub fn shrink(&mut self) {
        if self.start == self.end && self.buffer.len() > LARGE {
            (self.start, self.end) = (0, 0);
            self.buffer.truncate(LARGE);
            self.buffer.shrink_to_fit();
        }
    }

    /// Bytes held in memory, used or not.
    pub fn capacity(&self) -> usize {
        self.buffer.len()
    }

    /// Finds the next frame that is known: its tag and where its body stands in the buffer.
    fn advance(&mut self) -> Result<Option<(u8, usize, usize)>, Error> {
        loop {
            let arrived = self.end - self.start;
            match self.inside {
                Inside::Skip(0) | Inside::Data(0) => self.inside = Inside::Head,
                Inside::Skip(_) | Inside::Data(_) if arrived == 0 => return Ok(None),
                Inside::Skip(left) => {
                    let taken = left.min(arrived);
                    self.start += taken;
                    self.inside = Inside::Skip(left - taken);
                }
                Inside::Data(left) => {
                    let taken = left.min(arrived);
                    let from = self.start;
                    self.start += taken;
                    self.inside = Inside::Data(left - taken);
                    return Ok(Some((tag::DATA, from, from + taken)));
                }
                Inside::Head => match self.head()? {
                    None => return Ok(None),
                    Some((tag::DATA, length)) => {
                        within("data", length, limits::CHUNK)?;
                        if length == 0 {
                            return Err(Error::Empty("data"));
                        }
                        self.start += crate::bound::HEAD;
                        self.inside = Inside::Data(length);
                    }
                    Some((tag, length)) if tag & tag::OPTIONAL != 0 && !is_known(tag) => {
                        self.start += crate::bound::HEAD;
                        self.inside = Inside::Skip(length);
                    }
                    Some((tag, _)) if !is_known(tag) => return Err(Error::UnknownTag(tag)),
                    Some((_, length)) if arrived < crate::bound::HEAD + length => return Ok(None),
                    Some((tag, length)) => {
                        let from = self.start + crate::bound::HEAD;
                        self.start = from + length;
                        return Ok(Some((tag, from, from + length)));
                    }
                },
            }
        }
    }

    /// Tag and body length of the frame that begins at the front; checked against the limit as
    /// soon as the length is here.
    fn head(&self) -> Result<Option<(u8, usize)>, Error> {
        let arrived = self.buffer.get(self.start..self.end).unwrap_or_default();
        let Some((length, rest)) = arrived.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        within("frame", length.saturating_add(4), limits::FRAME)?;
        let Some(body) = length.checked_sub(1) else {
            return Err(Error::Empty("frame"));
        };
        Ok(rest.first().map(|tag| (*tag, body)))
    }
}

fn is_known(tag: u8) -> bool {
    matches!(
        tag,
        tag::HELLO
            | tag::REFUSE
            | tag::FACTS..=tag::MADE
            | tag::PLAN..=tag::VERDICT
            | tag::NESTED
            | tag::PROGRESS
            | tag::DELTAS
    )
}
