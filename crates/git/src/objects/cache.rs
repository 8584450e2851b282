//! Decoded objects that other objects are stored against.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use lychgate_model::ObjectKind;

/// Which entry: the pack's serial number and where it begins.
type Key = (u32, usize);

/// The bases used last. Without it, reading the trees of a history would decode the long chains
/// they stand in once for each tree.
#[derive(Debug, Default)]
pub(crate) struct Bases {
    entries: HashMap<Key, (ObjectKind, Arc<Vec<u8>>)>,
    /// In the order they came, which is the order they go.
    order: VecDeque<Key>,
    bytes: usize,
}

impl Bases {
    /// Bytes held at most.
    const CAPACITY: usize = 24 << 20;
    /// A base above this is not kept.
    const LARGEST: usize = 2 << 20;

    pub(crate) fn get(&self, key: Key) -> Option<(ObjectKind, Arc<Vec<u8>>)> {
        self.entries.get(&key).cloned()
    }

    pub(crate) fn keep(&mut self, key: Key, kind: ObjectKind, content: &Arc<Vec<u8>>) {
        if content.len() > Self::LARGEST || self.entries.contains_key(&key) {
            return;
        }
        self.bytes += content.len();
        self.entries.insert(key, (kind, Arc::clone(content)));
        self.order.push_back(key);
        while self.bytes > Self::CAPACITY {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            if let Some((_, content)) = self.entries.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(content.len());
            }
        }
    }
}
