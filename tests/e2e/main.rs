//! Real git against the real hook and the real daemon. One module per promise; a test is named
//! for what must hold, and every denial has its allowed twin.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

/// Debt that is written down.
mod baseline;
/// What a commit hook must see: the index git names, whatever the trick.
mod commit;
/// Who may say what.
mod exceptions;
/// Rules a repository brings in a `.gitleaks.toml`.
mod gitleaks;
/// Input made to hurt.
mod hostile;
/// Tree hygiene: files that run, that are too large, or that are not where they should be.
mod house;
/// Ways to bring a value in past the gate.
mod laundering;
/// What stood there before a commit changes it or takes it out.
mod old_sides;
/// Names, whole paths and what moves.
mod paths;
/// Who a commit is said to be by.
mod persons;
/// What is said while a push takes long.
mod progress;
/// What a server must see: every object a push makes reachable.
mod push;
/// What must not be found.
mod quiet;
/// Secrets without a shape.
mod shapeless;
/// When nobody answers, or somebody else does.
mod unavailable;
/// What a run leaves alone, and what is never run or shown.
mod untouched;
/// Who is served first.
mod waiting;
