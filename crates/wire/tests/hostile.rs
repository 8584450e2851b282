//! Bytes from a peer that means harm, is broken or is cut off: always an error, never a panic,
//! never a frame that was not sent, never memory for what only was announced.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod samples;

use lychgate_model::limits;
use lychgate_wire::{Decoder, Encoder, Error, Frame, bound};
use proptest::prelude::*;

fn bytes_of(frame: &Frame<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::put(frame, &mut out).unwrap();
    out
}

/// Everything a decoder says of `bytes`, as text: frames until it waits or fails.
fn drain(decoder: &mut Decoder) -> Result<usize, Error> {
    let mut frames = 0;
    while decoder.next()?.is_some() {
        frames += 1;
    }
    Ok(frames)
}

#[test]
fn a_stream_cut_at_any_byte_waits_and_yields_nothing() {
    for (name, frame) in samples::all() {
        let bytes = bytes_of(&frame);
        for cut in 1..bytes.len() {
            let mut decoder = Decoder::new();
            decoder.feed(&bytes[..cut]);
            match decoder.next() {
                Ok(None) => {}
                Ok(Some(Frame::Data(_))) if name == "data" => {}
                other => panic!("{name} cut at {cut}: {other:?}"),
            }
            assert!(
                !decoder.is_at_boundary(),
                "{name} cut at {cut} looks complete"
            );
        }
    }
}

#[test]
fn a_body_that_ends_early_or_late_is_an_error() {
    for (name, frame) in samples::all() {
        let bytes = bytes_of(&frame);
        let (tag, body) = (bytes[4], &bytes[5..]);
        for cut in 0..body.len() {
            let got = lychgate_wire::decode::frame(tag, &body[..cut]);
            let piece = matches!(frame, Frame::Data(_)) && cut > 0;
            assert_eq!(got.is_ok(), piece, "{name} with a body of {cut}: {got:?}");
        }
        let mut longer = body.to_vec();
        longer.push(0);
        let got = lychgate_wire::decode::frame(tag, &longer);
        // Hello and Refuse are frozen: what a later version appends is not looked at.
        let open = matches!(frame, Frame::Hello(_) | Frame::Refuse(_) | Frame::Data(_));
        assert_eq!(got.is_ok(), open, "{name} with a longer body: {got:?}");
    }
}

#[test]
fn a_frame_over_the_limit_is_refused_at_its_length_with_both_numbers() {
    let mut decoder = Decoder::new();
    let length = u32::try_from(limits::FRAME - 3).unwrap();
    decoder.feed(&length.to_be_bytes());
    let error = decoder.next().unwrap_err();
    assert_eq!(
        error.to_string(),
        "frame of 1048577 is over the limit of 1048576"
    );
    decoder.feed(&[0; 64]);
    assert_eq!(
        decoder.next(),
        Err(error),
        "the stream has no meaning after an error"
    );

    let mut decoder = Decoder::new();
    decoder.feed(b"GET / HTTP/1.1\r\n\r\n");
    assert!(matches!(
        decoder.next(),
        Err(Error::TooLong { what: "frame", .. })
    ));
}

#[test]
fn an_announced_length_costs_no_memory() {
    let mut decoder = Decoder::new();
    let length = u32::try_from(limits::FRAME - 4).unwrap();
    decoder.feed(&length.to_be_bytes());
    decoder.feed(&[0x14]);
    assert_eq!(decoder.next(), Ok(None));
    assert!(decoder.capacity() <= 8 << 10, "{}", decoder.capacity());
}

#[test]
fn content_is_handed_out_as_it_arrives() {
    let content = vec![7u8; limits::CHUNK];
    let mut bytes = bytes_of(&Frame::Data(&content));
    bytes.extend(bytes_of(&Frame::Ready));
    let mut decoder = Decoder::new();
    let mut got = Vec::new();
    let mut ready = 0;
    for piece in bytes.chunks(1000) {
        decoder.feed(piece);
        while let Some(frame) = decoder.next().unwrap() {
            match frame {
                Frame::Data(bytes) => got.extend_from_slice(bytes),
                Frame::Ready => ready += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!(decoder.capacity() <= 64 << 10);
    }
    assert_eq!((got == content, ready), (true, 1));
}

#[test]
fn empty_and_too_long_data_are_refused_by_both_sides() {
    let mut out = vec![1, 2];
    assert_eq!(
        Encoder::put(&Frame::Data(b""), &mut out),
        Err(Error::Empty("data"))
    );
    let large = vec![0; limits::CHUNK + 1];
    assert!(matches!(
        Encoder::put(&Frame::Data(&large), &mut out),
        Err(Error::TooLong { .. })
    ));
    assert_eq!(
        out,
        [1, 2],
        "a frame that cannot be sent leaves nothing behind"
    );
    for length in [0, limits::CHUNK + 1] {
        let mut decoder = Decoder::new();
        decoder.feed(&u32::try_from(length + 1).unwrap().to_be_bytes());
        decoder.feed(&[0x17]);
        assert!(decoder.next().is_err(), "{length}");
    }
}

#[test]
fn unknown_frames_are_skipped_if_they_say_so_and_refused_if_not() {
    let mut skipped = 6u32.to_be_bytes().to_vec();
    skipped.extend(b"\xc3.....");
    skipped.extend(bytes_of(&Frame::Ready));
    for step in 1..skipped.len() {
        let mut decoder = Decoder::new();
        let mut seen = 0;
        for piece in skipped.chunks(step) {
            decoder.feed(piece);
            while let Some(frame) = decoder.next().unwrap() {
                assert_eq!(frame, Frame::Ready);
                seen += 1;
            }
        }
        assert_eq!(seen, 1, "in pieces of {step}");
    }
    let mut decoder = Decoder::new();
    decoder.feed(&[0, 0, 0, 6, 0x43]);
    assert_eq!(decoder.next(), Err(Error::UnknownTag(0x43)));
}

#[test]
fn fields_over_their_limits_are_refused_with_both_numbers() {
    let name = vec![b'a'; limits::NAME + 1];
    let mut out = Vec::new();
    let entry = lychgate_wire::frame::Entry {
        path: &name,
        old: None,
        new: None,
    };
    let error = Encoder::put(&Frame::Entry(entry), &mut out).unwrap_err();
    assert_eq!(
        error.to_string(),
        "path of 16385 is over the limit of 16384"
    );

    let ids = vec![samples::id(1); limits::OFFER + 1];
    assert!(Encoder::put(&Frame::Offer(ids), &mut out).is_err());
    let mixed = vec![samples::id(1), samples::id256(1)];
    assert_eq!(
        Encoder::put(&Frame::Offer(mixed), &mut out),
        Err(Error::MixedIds)
    );
    assert!(out.is_empty());

    let document = lychgate_wire::frame::Document {
        side: lychgate_wire::frame::DocumentSide::Base,
        path: &name[1..],
        id: samples::id256(1),
        content: lychgate_wire::frame::DocumentContent::Bytes(&vec![b'x'; bound::DOCUMENT]),
    };
    Encoder::put(&Frame::Document(document), &mut out).expect("the largest document fits");
}

#[test]
fn the_same_stream_in_any_pieces_gives_the_same_frames() {
    let mut bytes = Vec::new();
    for (_, frame) in samples::all() {
        Encoder::put(&frame, &mut bytes).unwrap();
    }
    for step in [1, 2, 3, 5, 7, 64, 1000, bytes.len()] {
        let mut decoder = Decoder::new();
        let mut names = Vec::new();
        for piece in bytes.chunks(step) {
            decoder.feed(piece);
            while let Some(frame) = decoder.next().unwrap() {
                if names.last() != Some(&"Data") || frame.name() != "Data" {
                    names.push(frame.name());
                }
            }
        }
        let expected: Vec<&str> = samples::all().iter().map(|(_, f)| f.name()).collect();
        assert_eq!(names, expected, "in pieces of {step}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut decoder = Decoder::new();
        decoder.feed(&bytes);
        let _ = drain(&mut decoder);
    }

    #[test]
    fn no_body_makes_it_panic_and_what_decodes_encodes_to_the_same_bytes(
        which in 0usize..64,
        at in any::<prop::sample::Index>(),
        with in any::<u8>(),
    ) {
        let all = samples::all();
        let (_, frame) = &all[which % all.len()];
        let mut bytes = bytes_of(frame);
        if bytes.len() > 5 {
            let place = 5 + at.index(bytes.len() - 5);
            bytes[place] = with;
        }
        if let Ok(Some(decoded)) = lychgate_wire::decode::frame(bytes[4], &bytes[5..]) {
            let again = bytes_of(&decoded);
            if !matches!(decoded, Frame::Hello(_) | Frame::Refuse(_)) {
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
