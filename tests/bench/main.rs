//! Measurements between two real nodes.
fn main() {}
