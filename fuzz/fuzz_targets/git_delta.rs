//! Any bytes as a base and a delta: no panic, no unbounded memory.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| lychgate_git::fuzzing::delta(input));
