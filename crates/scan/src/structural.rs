//! Rules that are code and not patterns: tree hygiene (RF-10) and malformed allow lines.

/// A comment begins like an allow line and cannot be read.
pub const ALLOW_MALFORMED: &str = "allow.malformed";
/// An allow line whose last day has passed; for the judge, which knows the date.
pub const ALLOW_EXPIRED: &str = "allow.expired";
/// An allow line that reaches too far ahead; for the judge, which knows the date.
pub const ALLOW_TOO_FAR: &str = "allow.too-far";
