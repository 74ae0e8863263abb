//! Why an object does not come.
//!
//! # Not here
//! What is done about it: [`super::pump`], [`super::errand`].

use super::TransferError;
use crate::archive::cache::CacheError;
use protocol::Refusal;

/// Why an object does not come. A clonable summary of [`TransferError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Refused(Refusal),
    Corrupt,
    Protocol,
    /// The lease was erased or cannot be written.
    Cache,
    /// An administrator called it off.
    CalledOff,
}

impl Failure {
    /// Whether the holder's or the sent bytes are not those that were signed.
    pub(crate) fn is_corrupt(self) -> bool {
        matches!(self, Self::Corrupt | Self::Refused(Refusal::Corrupt))
    }
}

impl From<Failure> for TransferError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Refused(refusal),
            Failure::Corrupt => Self::Corrupt,
            Failure::Protocol => Self::Protocol,
            Failure::Cache => Self::Cache(CacheError::Erased),
            Failure::CalledOff => Self::Cancelled,
        }
    }
}
