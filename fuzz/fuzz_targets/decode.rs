//! Any bytes, in any pieces: no panic, the same frames however they are cut, and what decodes
//! encodes to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lychgate_wire::{Decoder, Encoder, Frame};

/// Everything a decoder gives for `bytes` fed in pieces of `step`, encoded again. Data is joined,
/// because it is handed out as it arrives.
fn frames(bytes: &[u8], step: usize) -> (Vec<u8>, Vec<u8>, bool) {
    let mut decoder = Decoder::new();
    let (mut content, mut others) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(step) {
        decoder.feed(piece);
        loop {
            match decoder.next() {
                Ok(Some(Frame::Data(data))) => content.extend_from_slice(data),
                Ok(Some(frame)) => {
                    let start = others.len();
                    Encoder::put(&frame, &mut others).expect("what was decoded can be sent");
                    let body = &others[start..];
                    let again = lychgate_wire::decode::frame(body[4], &body[5..]);
                    assert_eq!(again.as_ref(), Ok(&Some(frame)));
                }
                Ok(None) => break,
                Err(_) => return (content, others, true),
            }
        }
    }
    (content, others, false)
}

fuzz_target!(|input: &[u8]| {
    let Some((step, bytes)) = input.split_first() else { return };
    let whole = frames(bytes, bytes.len().max(1));
    let pieces = frames(bytes, usize::from(*step).max(1));
    assert_eq!(whole, pieces);
});
