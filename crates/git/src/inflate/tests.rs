use zlib_rs::{DeflateConfig, ReturnCode, Strategy, compress_slice};

use super::Whole;
use crate::objects::Inflater;

/// What a decoder says that everybody uses.
fn reference(input: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut inflater = Inflater::default();
    inflater.begin();
    let mut output = vec![0; size + 1];
    let (mut read, mut written) = (0, 0);
    loop {
        let progress = inflater.step(&input[read..], &mut output[written..])?;
        read += progress.read;
        written += progress.written;
        if progress.ended {
            output.truncate(written);
            return (written == size).then_some(output);
        }
        if progress.read == 0 && progress.written == 0 {
            return None;
        }
    }
}

fn check(whole: &mut Whole, input: &[u8], size: usize) -> bool {
    let mut output = vec![0; size];
    let decoded = whole.inflate(input, &mut output).map(|()| output);
    let expected = reference(input, size);
    assert_eq!(decoded, expected, "{size} of {input:02x?}");
    decoded.is_some()
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}

/// Content of many kinds: one byte, text, what cannot be made smaller, symbols of which each is half
/// as frequent as the one before, so that codes are as long as they can be.
fn contents(random: &mut Random) -> Vec<Vec<u8>> {
    let mut contents = vec![Vec::new(), vec![0; 1], vec![7; 70_000]];
    for size in [1, 2, 3, 17, 64, 258, 259, 1000, 5000, 40_000, 140_000] {
        contents.push((0..size).map(|_| random.below(256) as u8).collect());
        contents.push((0..size).map(|n| b"abcabd\n"[n % 7]).collect());
        let words = [
            &b"let "[..],
            b"fn ",
            b"= ",
            b"pub(crate) ",
            b";\n",
            b"self.",
        ];
        let mut text = Vec::new();
        while text.len() < size {
            text.extend_from_slice(words[random.below(words.len())]);
        }
        contents.push(text);
        contents.push(
            (0..size)
                .map(|_| (random.0 ^ random.below(2) as u64).leading_zeros() as u8)
                .collect(),
        );
        contents.push(
            (0..size)
                .map(|_| (random.below(1 << 20) as u32).leading_zeros() as u8)
                .collect(),
        );
    }
    contents
}

fn streams(content: &[u8]) -> Vec<Vec<u8>> {
    let mut streams = Vec::new();
    for level in [0, 1, 6, 9] {
        for strategy in [
            Strategy::Default,
            Strategy::Fixed,
            Strategy::HuffmanOnly,
            Strategy::Rle,
        ] {
            let config = DeflateConfig {
                level,
                strategy,
                ..DeflateConfig::default()
            };
            let mut room = vec![0; content.len() + content.len() / 4 + 100];
            let (stream, code) = compress_slice(&mut room, content, config);
            assert_eq!(code, ReturnCode::Ok);
            streams.push(stream.to_vec());
        }
    }
    streams
}

#[test]
fn whatever_was_compressed_comes_out() {
    let mut whole = Whole::default();
    for content in contents(&mut Random(5)) {
        for stream in streams(&content) {
            let mut output = vec![1; content.len()];
            assert_eq!(whole.inflate(&stream, &mut output), Some(()));
            assert!(output == content);
            // What follows a stream is not its concern.
            let more = [&stream[..], b"more of the pack"].concat();
            assert_eq!(whole.inflate(&more, &mut output), Some(()));
            // Room for one byte more or less than there is, and a stream that ends early.
            assert!(!check(&mut whole, &stream, content.len() + 1));
            if let Some(less) = content.len().checked_sub(1) {
                assert!(!check(&mut whole, &stream, less));
            }
            for cut in [1, 4, 5, stream.len() / 2, stream.len()] {
                assert!(!check(
                    &mut whole,
                    &stream[..stream.len() - cut],
                    content.len()
                ));
            }
        }
    }
}

#[test]
fn the_front_of_what_was_compressed_comes_out() {
    let mut random = Random(8);
    let mut whole = Whole::default();
    for content in contents(&mut random) {
        for stream in streams(&content) {
            for size in [0, 1, 300, content.len(), content.len() + 9] {
                let mut output = vec![1; size];
                let written = whole.front(&stream, &mut output);
                assert!(output[..written] == content[..written]);
                // The longest copy is of 258 bytes; a block that is not compressed comes whole.
                let least = content.len().min(size.saturating_sub(257));
                let stored = stream.len() > content.len();
                assert!(written >= least || stored, "{written} of {size}");
                let cut = &stream[..random.below(stream.len())];
                let written = whole.front(cut, &mut output);
                assert!(output[..written] == content[..written]);
            }
        }
    }
}

#[test]
fn what_is_damaged_is_damaged_for_others_too() {
    let mut random = Random(11);
    let mut whole = Whole::default();
    let mut survived = 0;
    for content in contents(&mut random) {
        if content.len() > 5000 {
            continue;
        }
        for stream in streams(&content) {
            for _ in 0..12 {
                let mut bad = stream.clone();
                // The head of a block says most.
                let most = if random.below(2) == 0 { 24 } else { bad.len() };
                let at = random.below(most.min(bad.len()));
                bad[at] ^= 1 << random.below(8);
                survived += usize::from(check(&mut whole, &bad, content.len()));
            }
        }
    }
    assert!(survived > 0, "bits that say nothing");
}

#[test]
fn streams_nobody_would_write() {
    let mut random = Random(3);
    let mut whole = Whole::default();
    for _ in 0..60_000 {
        // A right head, then a block with codes of its own or fixed ones, then anything.
        let mut stream = vec![0x78, 0x9c, [3, 5, 4, 2, 1, 0][random.below(6)]];
        let length = random.below(60);
        stream.extend((0..length).map(|_| random.below(256) as u8));
        for at in 2..stream.len().min(9) {
            stream[at] &= [0xff, 0xff, 0x0f][random.below(3)];
        }
        let size = random.below(20);
        check(&mut whole, &stream, size);
    }
}
