//! Any bytes as a zlib stream of a length that is told: the same comes out as from another decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| lychgate_git::fuzzing::inflate(input));
