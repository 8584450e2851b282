//! What each frame of a client does to a session.

use std::hash::BuildHasher;
use std::sync::Arc;

use lychgate_model::limits::Deltas;
use lychgate_model::path::printable;
use lychgate_model::{
    HashKind, Hook, ObjectId, ObjectKind, ReasonCode, RefKind, RefUpdate, Unread, delta, limits,
};
use lychgate_wire::frame::{Entry, Facts, Hello, Made, Object, RefuseCode, Role, Unreadable, caps};
use lychgate_wire::version;

use crate::causes;
use crate::engine::Engine;
use crate::identity::Identity;
use crate::intake::Unfit;
use crate::reply::{Refusal, Reply};
use crate::session::{Asking, Session, protocol, short};
use crate::work::{Shared, What};

/// What a judge's Hello says that it can, and what follows it at once; `None`: the rules are not
/// loaded yet.
pub fn greeting(engine: Option<&Engine>) -> (u64, Option<Deltas>) {
    let deltas = engine.map(|engine| engine.organisation().bounds().deltas());
    let raised = deltas.filter(|deltas| *deltas != Deltas::default());
    let promise = if raised.is_some() { caps::DELTAS } else { 0 };
    (caps::OFFERS | caps::PERSONS | caps::MADE | promise, raised)
}

impl Session {
    pub(crate) fn hello(&mut self, hello: &Hello<'_>) -> Result<(), Refusal> {
        if version::agreed(hello).is_none() {
            let message = format!("protocol {} is not spoken here", hello.major);
            return Err(Refusal {
                code: RefuseCode::Version,
                message,
            });
        }
        self.promised.tells_changes = hello.capabilities & caps::CHANGES != 0;
        let (capabilities, deltas) = greeting(Some(&self.engine));
        self.say(Reply::Hello {
            build: self.context.build.clone(),
            capabilities: capabilities | self.context.capabilities,
        });
        if let Some(deltas) = deltas {
            self.say(Reply::Deltas(deltas));
        }
        Ok(())
    }

    pub(crate) fn facts(&mut self, facts: &Facts<'_>) {
        self.summary.hook = Some(facts.hook);
        self.summary.repository = printable(facts.repository);
        self.shared = Some(Shared {
            engine: self.engine.clone(),
            state: self.state.clone(),
            hash: facts.object_format,
            trailers: Arc::from([]),
            texts: Arc::default(),
            cut: Arc::default(),
            left_out: Arc::default(),
        });
        self.asking = Some(Asking {
            hook: facts.hook,
            want_findings: facts.want_findings,
            repository: facts.repository.to_vec(),
            head: facts.head.to_vec(),
            head_born: facts.head_born,
        });
    }

    pub(crate) fn reference(&mut self, update: &RefUpdate) {
        self.counter.reference(update);
        self.ref_bytes += update.name.len();
        if update.name.len() > limits::REF_NAME {
            let most = limits::REF_NAME;
            return self.refuse_refs(format!("a ref name is longer than {most} bytes"));
        }
        if self.ref_bytes > limits::REF_BYTES {
            let most = limits::REF_BYTES >> 20;
            return self.refuse_refs(format!("the ref names are more than {most} MiB"));
        }
        if update.kind != RefKind::Delete {
            self.intake.name(What::Reference, &update.name);
        }
        self.refs.push(update.clone());
    }

    pub(crate) fn offer(&mut self, ids: &[ObjectId]) {
        self.counter.offer(ids);
        let known = self.cache.get(self.context.peer, self.engine.shelf(), ids);
        let trailers = self.shared.as_ref().is_some_and(|s| !s.trailers.is_empty());
        let staged = self.is_staged();
        let mut needed = Vec::with_capacity(ids.len());
        for (id, known) in ids.iter().zip(known) {
            match known {
                // The message of a commit is not remembered, and it is asked for here.
                Some(known) if !(trailers && known.kind == ObjectKind::Commit) => {
                    self.coverage.cached_objects += 1;
                    self.coverage.cached_bytes += known.size;
                    self.judged += 1;
                    if staged {
                        self.cover(self.key(id));
                    }
                    if known.kind == ObjectKind::Blob {
                        self.weigh_size(*id, known.size);
                    }
                    match known.scanned {
                        None if known.kind == ObjectKind::Blob => self.watch_pushed(*id),
                        None => {}
                        Some(scanned) if self.admits(&scanned) => {
                            self.hits.object(*id, known.kind, scanned);
                        }
                        Some(_) => {}
                    }
                    needed.push(false);
                }
                _ => needed.push(self.needed.insert(self.key(id))),
            }
        }
        self.say(Reply::Need(needed));
    }

    pub(crate) fn entry(&mut self, entry: &Entry<'_>) {
        self.counter.entry(entry);
        self.promised_entry(entry, entry.new);
        self.take_out(entry);
        // A path that goes is no content of what comes.
        let Some(new) = entry.new else { return };
        let staged = self.is_staged();
        let what = What::Path {
            new,
            stood: entry.old.is_some(),
            staged,
        };
        self.intake.name(what, entry.path);
        self.watch_mode(entry, new);
        if staged && new.mode.is_blob() {
            let key = self.key(&new.id);
            self.expected.insert(key);
        }
    }

    pub(crate) fn object(&mut self, object: &Object<'_>) -> Result<(), Refusal> {
        let Some(shared) = &self.shared else {
            return Err(protocol("an object before Facts"));
        };
        let what = match object.role {
            Role::New | Role::Old => What::Object {
                role: object.role,
                kind: object.kind,
                id: object.id,
            },
            Role::Message if object.kind == ObjectKind::Commit => What::Persons,
            Role::Message => What::Message,
            Role::File => What::File,
        };
        self.intake
            .begin(shared, what, object.kind, object.path, object.size);
        let key = self.key(&object.id);
        let offered = object.role == Role::New && self.needed.remove(&key);
        self.counter.object(object, offered);
        if object.role == Role::New {
            self.cover(key);
            if object.kind == ObjectKind::Blob {
                self.weigh_size(object.id, object.size);
            }
        }
        Ok(())
    }

    pub(crate) fn data(&mut self, bytes: &[u8]) {
        // The order has counted these bytes already: nothing open means they were the last. Once
        // questions are asked, only old sides come.
        let left = self.order.open_object().map_or(0, |(_, left)| left);
        let role = if self.questions.is_some() {
            Role::Old
        } else {
            Role::New
        };
        self.counter.data(role, bytes.len());
        self.intake.data(bytes, left);
    }

    /// All of the open object, as a delta. The order has seen that it gives the object's size.
    pub(crate) fn made(&mut self, made: &Made<'_>) -> Result<(), Refusal> {
        let size = delta::head(made.delta).map_or(0, |head| head.result);
        self.counter
            .data(Role::New, usize::try_from(size).unwrap_or(usize::MAX));
        let taken = self.intake.made(made.base, made.delta);
        taken.map_err(|Unfit| protocol("a delta that does not fit what it is made from"))
    }

    pub(crate) fn unreadable(&mut self, what: &Unreadable<'_>) {
        self.counter.unreadable(what);
        self.intake.cut();
        let key = self.key(&what.id);
        self.needed.remove(&key);
        self.cover(key);
        let shown = self.shown_path(what.path);
        let name = match (shown.is_empty(), what.id.is_null()) {
            (false, _) => shown,
            (true, false) => format!("object {}", short(&what.id)),
            (true, true) => "something that belongs to the change".to_owned(),
        };
        let mut why = printable(what.reason.as_bytes());
        let file = |a: &Asking| matches!(a.hook, Hook::CheckPath | Hook::CheckStdin);
        let help = if self.asking.as_ref().is_some_and(file) {
            "make it readable, or leave it out".to_owned()
        } else {
            let unread = Unread::read(what.reason);
            if matches!(unread, Some(Unread::Mode(_))) {
                why = format!("{why} (tree {})", short(&what.id));
            }
            // A name that holds a secret is shown masked, and nowhere else.
            let plain = !what.path.is_empty() && name == printable(what.path);
            causes::help(unread, plain.then_some(what.path))
        };
        self.tell(ReasonCode::Unreadable, format!("{name}: {why}"), &help);
    }

    /// Asks later where a blob of a push stands, and what stood there before: it may stand where
    /// another stood, and such paths are told by no entry. Clients from 1.1 on are asked for them.
    pub(crate) fn watch_pushed(&mut self, id: ObjectId) {
        let asked = self.promised.tells_changes || self.is_staged();
        if asked || !self.contract.is_written() {
            return;
        }
        let empty = Identity::new(self.hash(), ObjectKind::Blob, 0).is(&id);
        if self.watched.len() >= limits::PLACES {
            let most = limits::PLACES;
            self.tell_once(format!("more than {most} files may have to be encrypted"));
        } else if !empty {
            self.watched.push(id);
        }
    }

    /// Whether objects stand anywhere.
    pub(crate) fn has_places(&self) -> bool {
        let nowhere = |h| matches!(h, Hook::CommitMsg | Hook::CheckPath | Hook::CheckStdin);
        self.asking.as_ref().is_some_and(|a| !nowhere(a.hook))
    }

    pub(crate) fn hash(&self) -> HashKind {
        self.shared.as_ref().map_or(HashKind::Sha1, |s| s.hash)
    }

    /// Covered ids are kept only where entries name blobs; offers of a push keep their own count.
    pub(crate) fn cover(&mut self, key: u64) {
        if self.is_staged() {
            self.covered.insert(key);
        }
    }

    pub(crate) fn is_staged(&self) -> bool {
        let staged = |h| {
            matches!(
                h,
                Hook::PreCommit | Hook::PreMergeCommit | Hook::CheckStaged
            )
        };
        self.asking.as_ref().is_some_and(|a| staged(a.hook))
    }

    pub(crate) fn key(&self, id: &ObjectId) -> u64 {
        self.keyed.hash_one(id.as_bytes())
    }
}
