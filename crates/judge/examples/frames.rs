//! What a session does on the caller's thread, frame by frame, without the work it hands out: in
//! the daemon that is the thread that serves everybody. The least and the median of many times,
//! in microseconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lychgate_judge::{Cache, Context, Engine, Session, State};
use lychgate_model::{
    HashKind, Hook, Mode, ObjectId, ObjectKind, RefKind, RefUpdate, Side, limits,
};
use lychgate_scan::Scratch;
use lychgate_wire::frame::{Entry, Facts, Frame, Object, Role, Unreadable};
use lychgate_wire::tally::Counter;
use lychgate_wire::version;
use sha1::{Digest as _, Sha1};

/// One session, with what each kind of frame took.
struct Measured {
    session: Session,
    scratch: Scratch,
    counter: Counter,
    times: BTreeMap<&'static str, Vec<Duration>>,
}

impl Measured {
    fn send(&mut self, what: &'static str, frame: &Frame<'_>) {
        let before = Instant::now();
        let received = self.session.receive(frame);
        let mut works = Vec::new();
        while let Some(work) = self.session.work() {
            works.push(work);
        }
        while self.session.reply().is_some() {}
        self.times.entry(what).or_default().push(before.elapsed());
        assert!(received.is_ok(), "{what}: {received:?}");
        while let Some(work) = works.pop() {
            let done = work.run(&mut self.scratch);
            let before = Instant::now();
            self.session.complete(done);
            while let Some(work) = self.session.work() {
                works.push(work);
            }
            let times = self.times.entry("(a piece of work comes back)");
            times.or_default().push(before.elapsed());
        }
    }

    fn object(&mut self, content: &[u8]) {
        let object = Object {
            role: Role::New,
            kind: ObjectKind::Blob,
            id: id_of(content),
            size: content.len() as u64,
            path: b"",
        };
        self.counter.object(&object, false);
        self.send("Object", &Frame::Object(object));
        for piece in content.chunks(limits::CHUNK) {
            self.counter.data(Role::New, piece.len());
            let what = match piece.len() {
                limits::CHUNK => "Data of 256 KiB",
                _ => "Data, small",
            };
            self.send(what, &Frame::Data(piece));
        }
    }
}

fn id_of(content: &[u8]) -> ObjectId {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", content.len()));
    hash.update(content);
    ObjectId::from_bytes(&hash.finalize()).unwrap_or(ObjectId::null(HashKind::Sha1))
}

fn small(n: u32) -> Vec<u8> {
    format!("line {n} of nothing\n").into_bytes()
}

fn push(engine: &Arc<Engine>, cache: &Arc<Cache>, known: bool) -> Measured {
    let context = Context {
        peer: 1000,
        today: jiff::civil::date(2026, 11, 21),
        request: String::new(),
        build: "frames".into(),
        capabilities: 0,
    };
    let state = Arc::new(State::open(None));
    let mut at = Measured {
        session: Session::new(engine.clone(), cache.clone(), state, context),
        scratch: Scratch::new(),
        counter: Counter::new(),
        times: BTreeMap::new(),
    };
    let hello = Frame::Hello(version::hello(0, "frames", Vec::new()));
    at.send("Hello", &hello);
    let facts = Frame::Facts(Facts {
        hook: Hook::PreReceive,
        object_format: HashKind::Sha1,
        want_findings: false,
        repository: b"/srv/git/x.git",
        head: b"refs/heads/main",
        head_born: true,
        variables: Vec::new(),
    });
    at.send("Facts", &facts);
    let null = ObjectId::null(HashKind::Sha1);
    for n in 0..200 {
        let update = RefUpdate {
            name: format!("refs/heads/{n}/{}", "n".repeat(4000)).into_bytes(),
            old: null,
            new: id_of(&small(n)),
            kind: RefKind::Create,
        };
        at.counter.reference(&update);
        at.send("Ref of 4 KB", &Frame::Ref(update));
    }
    at.send("Ready", &Frame::Ready);
    let numbers = 0..limits::OFFER as u32;
    if known {
        let ids: Vec<ObjectId> = numbers.map(|n| id_of(&small(n))).collect();
        for _ in 0..20 {
            at.counter.offer(&ids);
            at.send("Offer of 8,192 known", &Frame::Offer(ids.clone()));
        }
    } else {
        numbers.for_each(|n| at.object(&small(n)));
        at.object(&b"0123456789abcde\n".repeat(40 << 16));
    }
    for n in 0..200 {
        let path = format!("{n}/{}", "a-b/".repeat(5000)).into_bytes();
        let path = path.get(..limits::NAME - 16).unwrap_or_default();
        let new = Some(Side {
            mode: Mode::Regular,
            id: id_of(&small(n)),
        });
        let entry = Entry {
            path,
            old: None,
            new,
        };
        at.counter.entry(&entry);
        at.send("Entry, path of 16 KiB", &Frame::Entry(entry));
        let what = Unreadable {
            id: id_of(&small(n)),
            path,
            reason: "it is damaged",
        };
        at.counter.unreadable(&what);
        at.send("Unreadable, path of 16 KiB", &Frame::Unreadable(what));
    }
    let tally = at.counter.tally();
    at.send("Done", &Frame::Done(tally));
    at
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Arc::new(Engine::built_in().map_err(|problems| format!("{problems:?}"))?);
    let cache = Arc::new(Cache::new(256 << 20));
    for known in [false, true] {
        let mut times = push(&engine, &cache, known).times;
        for (what, all) in &mut times {
            all.sort();
            let middle = all.get(all.len() / 2).copied().unwrap_or_default();
            let least = all.first().copied().unwrap_or_default();
            println!(
                "{what}: least {} us, median {} us, of {}",
                least.as_micros(),
                middle.as_micros(),
                all.len()
            );
        }
        println!();
    }
    Ok(())
}
