//! The harness of the stories: real nodes in folders of their own, real peers, real outside tools.
//!
//! A story is read from top to bottom and knows the node only from outside: its command line, its HTTP API, DICOMweb,
//! DIMSE and its files. Nothing of the node is replaced by a stand-in. Whatever takes time is waited for with
//! [`eventually!`]: a condition and a deadline, never a pause that is hoped to be long enough.
//!
//! # Not here
//! The stories (`tests/end_to_end`) and the measurements (`tests/bench`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a harness fails by panicking, in the story that uses it"
)]

pub mod browser;
pub mod certificates;
pub mod corpus;
pub mod documents;
pub mod fault;
pub mod hospital;
pub mod http;
pub mod multipart;
pub mod part10;
pub mod passage;
pub mod ports;
pub mod road;
pub mod site;
pub mod tools;
pub mod wait;

/// The folder of the package whose tests run, as cargo says when it starts them: with a target folder shared by checkouts
/// it is not always where they were compiled.
#[must_use]
pub fn here() -> std::path::PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), std::path::PathBuf::from)
}

pub use hospital::{OverRoad, Pair, Preset};
pub use http::{Client, Response};
pub use part10::{Instance, Study};
pub use site::Site;
