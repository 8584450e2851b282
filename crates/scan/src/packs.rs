//! The packs compiled in: one line each; a test compares this list with the folder.

use crate::ruleset::PackSource;

/// Every file of `config/packs`.
pub const BUILT_IN: &[PackSource<'static>] = &[];
