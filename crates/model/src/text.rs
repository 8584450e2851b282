//! A verdict as a person reads it (sketch).
