//! The messages of a pairing.

use crate::{
    ids::{Id128, SiteId},
    message::SiteRecord,
    signed::{SignatureBytes, Signed},
    wire::Wire,
};
use serde::{Deserialize, Serialize};

/// One message; see the picture in [`super`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// The joiner's first.
    Open {
        /// Which invitation.
        invitation: Id128,
        /// The joiner's key.
        site: SiteId,
        /// Its name and addresses.
        record: Signed<SiteRecord>,
        /// SPAKE2, side A.
        #[serde(with = "serde_bytes")]
        element: Vec<u8>,
        /// Digest of the joiner's nonce.
        commitment: [u8; 32],
    },
    /// The inviter's answer.
    Reply {
        /// Its name and addresses.
        record: Signed<SiteRecord>,
        /// SPAKE2, side B.
        #[serde(with = "serde_bytes")]
        element: Vec<u8>,
        /// The inviter's nonce.
        nonce: [u8; 32],
    },
    /// The joiner knows the code and holds its key.
    Prove {
        /// What it committed to.
        nonce: [u8; 32],
        /// Key confirmation over the transcript.
        mac: [u8; 32],
        /// By the joiner's site key, over the transcript.
        signature: SignatureBytes,
    },
    /// So does the inviter.
    Proved {
        /// Key confirmation over the transcript.
        mac: [u8; 32],
        /// By the inviter's site key, over the transcript.
        signature: SignatureBytes,
    },
    /// What a side's person said.
    Confirm {
        /// Yes or no.
        accept: bool,
        /// Under the session key.
        mac: [u8; 32],
    },
    /// Over, and why. Not authenticated: for a clear sentence only; it can end a pairing but never complete one.
    Refused(Reason),
}

/// Why the inviter refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// The key confirmation does not hold.
    WrongCode,
    /// No such invitation (any more).
    Expired,
    /// The message did not belong there.
    Protocol,
}

impl Wire for Message {
    const VERSION: u8 = 1;
    const NAME: &'static str = "pairing message";
}
