//! Any bytes as a value, alone and inside of a match: every offline check says something.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lychgate_scan::check::{Check, Outcome};

fuzz_target!(|data: &[u8]| {
    let (first, value) = data.split_first().unwrap_or((&0, &[]));
    let from = usize::from(*first).min(value.len());
    let inner = value.get(from..).unwrap_or_default();
    for check in Check::ALL {
        let said = check.verify_in(inner, value);
        assert_eq!(said, check.verify_in(inner, value));
        if let Some(day) = check.until(inner, value) {
            assert!((1970..=9999).contains(&day.year));
            assert!((1..=12).contains(&day.month) && (1..=31).contains(&day.day));
        }
        // One letter behind a value that proves itself is another value.
        if said == Outcome::Holds && matches!(check, Check::Github | Check::Wif | Check::Bech32) {
            let longer = [inner, b"q"].concat();
            assert!(check.verify(&longer) != Outcome::Holds || check == Check::Bech32);
        }
    }
});
