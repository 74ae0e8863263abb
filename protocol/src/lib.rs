//! What Confrere sites say to one another, and how they judge it.
//!
//! This crate decides; the `node` crate does. Everything here is a value or a state machine: it takes messages and
//! the time as arguments and gives messages and verdicts back. It opens no socket and no file and reads no clock, so
//! that every rule about trust, disclosure and integrity can be tested by the thousand in virtual time.
//!
//! # Wire and store
//! Bytes that leave a process (messages, signed objects, journal records) are [`wire`] envelopes: a version byte and a
//! postcard body. Decoding walks the chain of versions; committed byte vectors (`vectors/`) keep it so.
//!
//! # Not here
//! Sockets, clocks, files, DICOM parsing: all in `node`. Time zones are those of the database that the program carries
//! ([`roster`]), so that two sites with one program have one opinion of a night.

pub mod agreement;
pub mod case;
pub mod catalog;
pub mod coding;
pub mod congestion;
pub mod copies;
pub mod countersigned;
pub mod digest;
pub mod duty;
pub mod fetch;
pub mod glass;
pub mod grant;
pub mod history;
pub mod identity;
pub mod ids;
pub mod keeping;
pub mod ledger;
pub mod limits;
pub mod line;
pub mod manifest;
pub mod message;
pub mod pairing;
pub mod pass;
pub mod presence;
pub mod preview;
pub mod priors;
pub mod refusal;
pub mod relearn;
pub mod retention;
pub mod roads;
pub mod roster;
pub mod signed;
pub mod succession;
pub mod time;
pub mod wire;

#[cfg(test)]
mod vectors;

pub use digest::Digest;
pub use ids::{AeTitle, SiteId, Uid};
pub use refusal::Refusal;
pub use signed::Signed;
pub use succession::{Key, Keys, SiteKey};
pub use time::Timestamp;
