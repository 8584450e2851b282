//! Exit codes of `lychgate`: an interface others script against (contract 9.2). In hook mode
//! everything but allow is [`DENY`].

use crate::verdict::Decision;

/// Allow.
pub const ALLOW: u8 = 0;
/// Deny.
pub const DENY: u8 = 1;
/// The command line cannot be understood.
pub const USAGE: u8 = 2;
/// Not judged completely; a bug is this too.
pub const INDETERMINATE: u8 = 3;
/// A policy or pack was refused.
pub const REFUSED: u8 = 4;
/// Nothing was judged: the daemon is away and in-process was refused by configuration.
pub const UNAVAILABLE: u8 = 5;

/// The code of a verdict. When several apply: 4 before 1 before 3 before 0.
pub fn of(verdict: &crate::Verdict) -> u8 {
    use crate::verdict::ReasonCode;
    if verdict.reasons.iter().any(|r| r.code == ReasonCode::Policy) {
        return REFUSED;
    }
    match verdict.decision {
        Decision::Allow => ALLOW,
        Decision::Deny => DENY,
        Decision::Indeterminate => INDETERMINATE,
    }
}
