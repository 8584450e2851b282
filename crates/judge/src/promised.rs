//! Files that a document or a name promises to be kept in some way (SE-24, RF-10): which they are,
//! found out before it is asked where what was found stands.
//!
//! ```text
//! Entry, Nested -> documents of folders -> Changes -> what breaks a promise
//! ```

use std::collections::{BTreeSet, VecDeque};

use lychgate_model::{Mode, ObjectId, ObjectKind, RefUpdate, Side, Surface};
use lychgate_wire::bound;
use lychgate_wire::frame::{Document, DocumentContent, DocumentSide, Entry, Place};

use crate::contract::of_folder;
use crate::identity::Identity;
use crate::reply::Reply;
use crate::session::{PaperContent, Session};

/// Promises held against blobs in one session.
const DEMANDS: usize = 1_000_000;

/// A blob at a path of which something is promised.
#[derive(Clone, Debug)]
pub(crate) struct Demanded {
    pub(crate) id: ObjectId,
    pub(crate) path: Vec<u8>,
    pub(crate) mode: Mode,
    pub(crate) commit: Option<ObjectId>,
    /// What stood there.
    pub(crate) old: Vec<ObjectId>,
}

/// What is asked next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Before,
    Documents,
    Changes,
    Over,
}

/// What is known of promises in one session.
#[derive(Debug, Default)]
pub(crate) struct Promised {
    /// The client answers a question about changes.
    pub(crate) tells_changes: bool,
    stage: Stage,
    /// Documents of folders.
    documents: BTreeSet<Vec<u8>>,
    queue: VecDeque<Vec<(DocumentSide, Vec<u8>)>>,
    demanded: Vec<Demanded>,
}

impl Promised {
    /// Whether places come that nobody asked for by id.
    pub(crate) fn hears_changes(&self) -> bool {
        self.stage == Stage::Changes
    }
}

impl Session {
    /// A folder has a document of its own.
    pub(crate) fn own_document(&mut self, path: &[u8]) {
        let is_one = of_folder(path).is_some_and(|(folder, _)| !folder.is_empty());
        if !is_one || self.promised.documents.contains(path) {
            return;
        }
        if self.promised.documents.len() < bound::FOLDERS {
            self.promised.documents.insert(path.to_vec());
        } else {
            let most = bound::FOLDERS;
            self.tell_once(format!(
                "more than {most} folders have attributes of their own"
            ));
        }
    }

    /// What an entry says: that a document changes, or that something stands at a promised path.
    pub(crate) fn promised_entry(&mut self, entry: &Entry<'_>, new: Option<Side>) {
        self.own_document(entry.path);
        let Some(new) = new else { return };
        if self.contract.at(entry.path).is_some() {
            let old = entry.old.filter(|old| old.mode.is_blob());
            self.demand(Demanded {
                id: new.id,
                path: entry.path.to_vec(),
                mode: new.mode,
                commit: None,
                old: old.map(|old| old.id).into_iter().collect(),
            });
        }
    }

    /// What an answer about changes says.
    pub(crate) fn promised_place(&mut self, place: &Place<'_>) {
        if self.contract.at(place.path).is_some() {
            self.demand(Demanded {
                id: place.object,
                path: place.path.to_vec(),
                mode: place.mode,
                commit: (!place.commit.is_null()).then_some(place.commit),
                old: place.old.clone(),
            });
        }
    }

    fn demand(&mut self, demanded: Demanded) {
        let file = matches!(demanded.mode, Mode::Regular | Mode::Executable);
        // Nobody encrypts an empty file, and Git LFS leaves it as it is.
        let empty = Identity::new(self.hash(), ObjectKind::Blob, 0).is(&demanded.id);
        if !file || empty {
            return;
        }
        if self.promised.demanded.len() < DEMANDS {
            self.promised.demanded.push(demanded);
        } else {
            self.tell_once(format!(
                "more than {DEMANDS} files are promised to be encrypted"
            ));
        }
    }

    /// A document of a folder, as asked for.
    pub(crate) fn promised_document(&mut self, document: &Document<'_>) {
        if !self.promised.documents.contains(document.path) {
            return;
        }
        let content = match document.content {
            DocumentContent::Absent => PaperContent::Absent,
            DocumentContent::Bytes(bytes) => PaperContent::Bytes(bytes.to_vec()),
            DocumentContent::Unusable(why) => PaperContent::Unusable(why.to_owned()),
        };
        let left = self.contract.add(document.side, document.path, &content);
        let left = left.filter(|note| !self.notes.contains(note));
        self.notes.extend(left);
    }

    /// The next question about promises; `None`: all is known.
    pub(crate) fn promised_question(&mut self) -> Option<Reply> {
        loop {
            match self.promised.stage {
                Stage::Before => {
                    self.promised.queue = self.documents_to_read();
                    self.promised.stage = Stage::Documents;
                }
                Stage::Documents => {
                    if let Some(batch) = self.promised.queue.pop_front() {
                        return Some(Reply::Documents(batch));
                    }
                    let mut folders = self.contract.folders();
                    if self.is_staged() {
                        // Of what the top says, entries have told.
                        folders = self.contract.own_folders();
                    }
                    if self.promised.tells_changes && self.has_places() && !folders.is_empty() {
                        self.promised.stage = Stage::Changes;
                        return Some(Reply::Changes(folders));
                    }
                    self.promised.stage = Stage::Over;
                }
                Stage::Changes => self.promised.stage = Stage::Over,
                Stage::Over => return None,
            }
        }
    }

    fn documents_to_read(&self) -> VecDeque<Vec<(DocumentSide, Vec<u8>)>> {
        let Some(asking) = &self.asking else {
            return VecDeque::new();
        };
        let mut sides = vec![DocumentSide::Base];
        let moved = |u: &RefUpdate| u.name == asking.head && !u.new.is_null();
        if self.is_staged() {
            sides.push(DocumentSide::Index);
        } else if self.surface() == Surface::Server && self.refs.iter().any(moved) {
            sides.push(DocumentSide::Target);
        }
        let all = self.promised.documents.iter();
        let all = all.flat_map(|path| sides.iter().map(|side| (*side, path.clone())));
        let all: Vec<_> = all.collect();
        all.chunks(bound::DOCUMENTS).map(<[_]>::to_vec).collect()
    }

    /// What breaks a promise; what is kept is nobody's business any more. Hits are in order.
    pub(crate) fn broken_promises(&mut self) -> Vec<Demanded> {
        let mut demanded = std::mem::take(&mut self.promised.demanded);
        demanded.retain(|d| {
            let sealed = self.hits.sealed(&d.id);
            let demand = self.contract.at(&d.path);
            demand.is_some_and(|demand| !demand.is_kept(sealed))
        });
        self.watched.extend(demanded.iter().map(|d| d.id));
        demanded
    }
}
