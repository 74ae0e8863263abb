//! Pairing: how two sites come to trust each other's key, by a code that two people speak over the phone.
//!
//! One site invites: it prints an [`Invitation`] (sent by any road, not secret) and a spoken [`Code`] (8 digits, used
//! once, at most [`LIFE`] old, at most [`TRIES`] tries). The other joins with both. Four messages agree on a key by
//! SPAKE2 over the code and prove it in both directions together with both site keys; then both people see the other
//! site's name and the same six digits, and both say yes.
//!
//! ```text
//! joiner                                   inviter
//!   Open   {id, key, record, X, H(n)}  ─►
//!                                      ◄─  Reply  {record, Y, m}
//!   Prove  {n, mac, signature}         ─►    a wrong mac spends a try; nothing that depends on the code was said yet
//!                                      ◄─  Proved {mac, signature}
//!   Confirm{accept, mac}               ◄►  Confirm{accept, mac}
//! ```
//!
//! # What is promised
//! - Whoever does not know the code learns nothing that lets it try codes offline; each wrong code costs a try.
//! - Every MAC and signature is over the whole transcript: the invitation, both keys, both site records (with the
//!   names and addresses) and both nonces. A relay that changes anything, or stands between with a key of its own,
//!   makes the confirmation fail.
//! - Should the code leak, the digits still catch a man in the middle: each side commits to its part of the digits
//!   before it sees the other's, so that they cannot be searched for.
//! - Whatever is lost, repeated, cut or replayed: nobody ends up paired with anybody but the site that its people
//!   confirmed. (One side may be done while the other's last message was lost: the other pairs again.)
//!
//! # Not here
//! Sockets, framing and connection limits: `node::overlay`. Randomness comes from the caller. What is sent is
//! authenticated, not secret: site names and addresses are no patient data.

mod invitation;
mod inviter;
mod joiner;
mod keys;
mod message;

pub use invitation::{Code, CodeError, Invitation, InvitationError};
pub use inviter::Inviter;
pub use joiner::Joiner;
pub(crate) use keys::Entropy;
pub use message::{Message, Reason};

use crate::{ids::SiteId, message::SiteRecord, signed::Signed};
use std::time::Duration;

/// How long an invitation is good.
pub const LIFE: Duration = Duration::from_secs(600);
/// How long two people may take to compare and confirm.
pub const COMPARE: Duration = Duration::from_secs(600);
/// How many wrong codes an invitation bears.
pub const TRIES: u8 = 3;
/// Largest message, bytes: two site records with 16 addresses each are below 5 KiB.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024;

/// What a machine has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The key is agreed and proven: both people compare now.
    Compare {
        /// The other site, which has proven its key.
        peer: SiteId,
        /// Its name.
        name: String,
        /// Six digits, the same on both screens.
        digits: String,
    },
    /// The other side's person said yes.
    ConfirmedThere,
    /// Both said yes: this is a peer from now on.
    Done {
        /// The other site.
        peer: SiteId,
        /// Its name.
        name: String,
        /// Where it is found.
        record: Signed<SiteRecord>,
    },
    /// This attempt is over; the invitation is still open for another.
    AttemptFailed(Failure),
    /// It is over.
    Failed(Failure),
}

/// Why a pairing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The key confirmation does not hold: a wrong code, or somebody in between.
    #[error("the spoken code is wrong")]
    WrongCode,
    /// Too old, or used.
    #[error("the invitation has expired or was used")]
    Expired,
    /// One of the two people said no.
    #[error("one side said the digits differ")]
    Rejected,
    /// A message that does not belong there.
    #[error("the other side broke the protocol")]
    Protocol,
}

/// A message was not one that this state allows. The machine has ended the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pairing: {0}")]
pub struct Violation(pub &'static str);

/// Opens a site record that came in a pairing: signed by its site, name and addresses within bounds.
fn open_record(site: &SiteId, record: &Signed<SiteRecord>) -> Result<SiteRecord, Violation> {
    let open = record.open(site).map_err(|_| Violation("site record not signed by its site"))?;
    if open.is_sound() { Ok(open) } else { Err(Violation("site record out of bounds")) }
}

#[cfg(test)]
mod tests;
