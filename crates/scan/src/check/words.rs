//! Whether a value of the right length and alphabet is a name somebody chose.

use super::Outcome;

/// Names hold at most one digit in this many characters.
const PER_DIGIT: usize = 16;
/// Words of names have this many letters or more, in the mean, times two.
const MEAN_TWICE: usize = 7;

/// Fails for identifiers: few digits, and words between their humps and joints that are longer
/// than chance makes them (two letters, where case is free). Holds for nothing: that a value does
/// not read like a name makes no token of it.
pub(super) fn mixed(value: &[u8]) -> Outcome {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    if digits > value.len() / PER_DIGIT {
        return Outcome::Unclear;
    }
    let mut words = 0usize;
    let mut letters = 0usize;
    let mut before = b'-';
    for &b in value {
        if b.is_ascii_alphabetic() {
            letters += 1;
            let hump = b.is_ascii_uppercase() && !before.is_ascii_uppercase();
            words += usize::from(hump || !before.is_ascii_alphabetic());
        }
        before = b;
    }
    if words > 0 && letters * 2 >= words * MEAN_TWICE {
        Outcome::Fails
    } else {
        Outcome::Unclear
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_tokens() {
        for name in [
            "args_url_oauth_token",
            "getCustomerSubscriptionListForUser1",
            "EXPECTED_PRIVATE_TOKEN_OF_THE_USER",
            "config-private-token",
            "readable",
        ] {
            assert_eq!(mixed(name.as_bytes()), Outcome::Fails, "{name}");
        }
        for token in [
            "kX2vLmQ8rT5wZ1nB7cYd",
            "qWzXvKtRbNmPLsDfGhJk",
            "a1b2c3d4e5f6a7b8c9d0",
            "",
            "1234567890",
        ] {
            assert_eq!(mixed(token.as_bytes()), Outcome::Unclear, "{token}");
        }
    }
}
