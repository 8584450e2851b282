//! A whole session from any bytes after a Hello: no panic, no allow unless the client said that
//! it was done, no work left that nobody takes.
#![no_main]

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use lychgate_judge::{Cache, Context, Engine, Reply, Scratch, Session, State};
use lychgate_model::Decision;
use lychgate_wire::{Decoder, Encoder, Frame, version};

fuzz_target!(|input: &[u8]| {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| Arc::new(Engine::built_in().expect("built-in rules")));
    let context = Context {
        peer: 0,
        today: jiff::civil::date(2026, 11, 21),
        request: String::new(),
        build: String::new(),
        capabilities: 0,
    };
    let cache = Arc::new(Cache::new(1 << 20));
    let state = Arc::new(State::open(None));
    let mut session = Session::new(Arc::clone(engine), cache, state, context);
    let mut bytes = Vec::new();
    let hello = Frame::Hello(version::hello(0, "fuzz", Vec::new()));
    Encoder::put(&hello, &mut bytes).expect("Hello fits");
    bytes.extend_from_slice(input);

    let mut scratch = Scratch::new();
    let mut decoder = Decoder::new();
    decoder.feed(&bytes);
    let mut done = false;
    while let Ok(Some(frame)) = decoder.next() {
        done |= matches!(frame, Frame::Done(_));
        if session.receive(&frame).is_err() {
            return;
        }
        while let Some(work) = session.work() {
            session.complete(work.run(&mut scratch));
        }
        while let Some(reply) = session.reply() {
            Encoder::put(&reply.frame(), &mut Vec::new()).expect("a judge's frames can be sent");
            if let Reply::Verdict(answer) = reply {
                assert!(done || answer.decision != Decision::Allow);
            }
        }
    }
    session.expire();
    while let Some(reply) = session.reply() {
        if let Reply::Verdict(answer) = reply {
            assert_ne!(answer.decision, Decision::Allow);
        }
    }
});
