//! (sketch)
fn main() {}
