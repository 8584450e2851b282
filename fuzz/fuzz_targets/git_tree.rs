//! Any bytes as two trees: no panic, no unbounded memory.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| lychgate_git::fuzzing::tree(input));
