//! (sketch)
