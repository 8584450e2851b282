//! Limits of single fields that follow from the frame's limit or from common sense; the numbers
//! that are decisions stand in `lychgate_model::limits`.

use lychgate_model::limits;

/// Bytes of a frame before its body: the length and the tag.
pub const HEAD: usize = 5;

/// Largest content of a Document frame: the document limit, or what a frame holds beside a path.
pub const DOCUMENT: usize = {
    let fits = limits::FRAME - limits::NAME - 64;
    if limits::DOCUMENT < fits {
        limits::DOCUMENT
    } else {
        fits
    }
};

/// Most content of a run, but for its last object: objects of role new, one after another with
/// nothing in between, that may be made from each other. A judge scans a run at once.
pub const RUN: usize = 704 << 10;
/// Largest object of a run.
pub const RUN_OBJECT: u64 = 256 << 10;
/// Longest delta of a Made frame.
pub const MADE: usize = 32 << 10;

/// Longest build string of a Hello.
pub const BUILD: usize = 256;
/// Documents a judge may name in its Hello.
pub const DOCUMENTS: usize = 64;
/// Folders a judge may ask for at once, and documents of folders a client may name.
pub const FOLDERS: usize = 1000;
/// Deleted sides a judge may ask for at once,
pub const GONE: usize = 1000;
/// and paths in answer to that.
pub const GONE_PATHS: usize = 20_000;
/// Places in answer to [`crate::frame::Want::Changes`].
pub const CHANGES: usize = 4_000_000;
/// Forge and push variables in Facts.
pub const VARIABLES: usize = 512;
/// Patterns in a Plan.
pub const PATTERNS: usize = 16_384;
/// Reasons and notes of a verdict, each.
pub const NOTES: usize = limits::FINDINGS;
/// Ids at old sides of one place, and deleted ones, each.
pub const SIDES: usize = limits::DELETED_SIDES;
