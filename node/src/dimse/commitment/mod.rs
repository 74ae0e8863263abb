//! Storage commitment, push model (PS3.4 Annex J): a sender asks whether what it sent is safe, before it deletes it.
//!
//! "Committed" is said of an instance only after its row came from a durable journal record and every byte of its file
//! was read again from disk and found to be what was stored. The answer goes back over the association of the question
//! as long as that is open; else over a new one, to the address that an admin gave for that AE, again and again until it
//! is taken or a week has passed.
//!
//! # At a crash
//! A question is a file on disk before it is answered with success, and stays one until its answer was taken: after a
//! restart it is judged and answered anew. An answer that was taken just before the crash is given twice.
//!
//! # Not here
//! Taking instances in ([`super::store_scp`]).

mod items;
mod queue;
mod report;
mod scp;
mod scu;
#[cfg(test)]
mod tests;

pub(super) use queue::Held;
pub(super) use report::Reporter;
pub(super) use scp::CommitmentScp;
pub(crate) use scu::{Patience as CommitPatience, commit, failure};

/// The class, and its one well-known instance.
pub(crate) const PUSH_MODEL: &str = "1.2.840.10008.1.20.1";
const PUSH_MODEL_INSTANCE: &str = "1.2.840.10008.1.20.1.1";
/// Request Storage Commitment, the one action type.
const REQUEST: u16 = 1;
/// Event types: all committed; some failed.
const ALL_COMMITTED: u16 = 1;
const SOME_FAILED: u16 = 2;
/// Bytes of a request or report: the instances of the largest study with long UIDs.
const DATA_BYTES_MAX: usize = 4 << 20;
/// Instances of one request.
const INSTANCES_MAX: usize = 20_000;

/// What a peer asks to be committed, read and written; and that, read and written again.
#[cfg(any(test, feature = "fuzz"))]
pub(super) fn written_twice(
    bytes: &bytes::Bytes,
    transfer_syntax: &str,
) -> Option<(bytes::Bytes, Option<bytes::Bytes>)> {
    let write = |bytes| Some(items::Transaction::decode(bytes, transfer_syntax).ok()?.encode(transfer_syntax, None));
    let once = write(bytes)?;
    let twice = write(&once);
    Some((once, twice))
}
