//! What a session's last pieces of work scanned: the next goes on from there, for versions of a file
//! seldom all stand in one buffer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lychgate_scan::Left;

/// Bytes of buffers that are kept in this process at most, whatever sessions there are.
const MOST: usize = 16 << 20;
/// Bytes of one: another is kept while it is still read from.
const LARGEST: usize = 4 << 20;

static KEPT: AtomicUsize = AtomicUsize::new(0);

/// A buffer that was scanned, and what is known of the texts in it.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) buffer: Vec<u8>,
    pub(crate) left: Left,
}

impl Drop for Text {
    fn drop(&mut self) {
        KEPT.fetch_sub(self.buffer.capacity(), Ordering::Relaxed);
    }
}

/// The last text of shared buffers, and of objects that had one of their own. Ends with its
/// session.
#[derive(Debug, Default)]
pub(crate) struct Texts([Mutex<Option<Arc<Text>>>; 2]);

impl Texts {
    fn slot(&self, alone: bool) -> &Mutex<Option<Arc<Text>>> {
        let [shared, own] = &self.0;
        if alone { own } else { shared }
    }

    /// What was scanned last, of an object alone or of several.
    pub(crate) fn last(&self, alone: bool) -> Option<Arc<Text>> {
        let slot = self.slot(alone).lock();
        slot.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what was scanned in place of what was before.
    pub(crate) fn keep(&self, alone: bool, buffer: Vec<u8>, left: Left) {
        if left.is_empty() || buffer.len() > LARGEST {
            return;
        }
        let mut slot = self
            .slot(alone)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *slot = None;
        let size = buffer.capacity();
        let more = |kept: usize| kept.checked_add(size).filter(|sum| *sum <= MOST);
        let room = KEPT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        if room.is_ok() {
            *slot = Some(Arc::new(Text { buffer, left }));
        }
    }
}
