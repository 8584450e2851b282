//! Any bytes as a commit, a tag or a tree: no panic, no unbounded memory.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| lychgate_git::fuzzing::commit(input));
