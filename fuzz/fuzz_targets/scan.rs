//! Any bytes as any object: no panic, spans inside the object, nothing raw in what comes out.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use lychgate_model::{HashKind, ObjectKind};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch, ValueKey};

fuzz_target!(|input: &[u8]| {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    let rules = RULES.get_or_init(|| RuleSet::built_in().expect("built-in rules"));
    let Some((first, bytes)) = input.split_first() else { return };
    let kinds = [ObjectKind::Blob, ObjectKind::Tree, ObjectKind::Commit, ObjectKind::Tag];
    let kind = kinds[usize::from(first & 3)];
    let hash = if first & 4 == 0 { HashKind::Sha1 } else { HashKind::Sha256 };
    let key = ValueKey::new([7; 32]);
    let mut out = Scanned::default();
    rules.scan(Input { kind, hash, bytes }, &key, &mut Scratch::new(), &mut out);
    for finding in &out.findings {
        let span = &finding.span;
        assert!(span.byte_start <= span.byte_end && span.byte_end <= bytes.len() as u64);
        assert!(span.line >= 1 && span.column >= 1 && span.end_line >= span.line);
    }
});
