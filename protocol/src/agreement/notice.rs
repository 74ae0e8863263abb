//! What one party alone says of an agreement: that it is suspended or resumed, that it ends when what is being read has been
//! read, and that it ends.
//!
//! # Not here
//! Whether to heed it, and what follows: `node::trust`.

use crate::{
    ids::{Id128, Uid},
    signed::Domain,
    time::Timestamp,
    wire::Wire,
};
use serde::{Deserialize, Serialize};

/// Studies named in a [`Closing`] at most: their UIDs are some 32 KiB.
pub const READING_MAX: usize = 512;
/// The longest that an agreement may take to end, hours: a week.
pub const CLOSING_HOURS_MAX: u32 = 168;

/// An agreement is suspended by its signer, or no longer. Either party may; it holds until the same party takes it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Which agreement, all versions.
    pub agreement: Id128,
    /// Suspended, or resumed.
    pub suspended: bool,
    /// When. Of one signer's notices the newest holds.
    pub at: Timestamp,
}
impl Wire for Suspension {
    const VERSION: u8 = 1;
    const NAME: &'static str = "agreement suspension";
}
impl Domain for Suspension {
    const DOMAIN: &'static str = "confrere/agreement-suspension/1";
}

/// An agreement ends when what is being read has been read: nothing new is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Which agreement, all versions.
    pub agreement: Id128,
    /// Studies that somebody was reading, of either party; at most [`READING_MAX`].
    pub reading: Vec<Uid>,
    /// It ends at this time at the latest.
    pub until: Timestamp,
    /// When it was said.
    pub at: Timestamp,
}
impl Wire for Closing {
    const VERSION: u8 = 1;
    const NAME: &'static str = "agreement closing";
}
impl Domain for Closing {
    const DOMAIN: &'static str = "confrere/agreement-closing/1";
}

/// The end of an agreement, by either party alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Which agreement, all versions.
    pub agreement: Id128,
    /// When.
    pub at: Timestamp,
}
impl Wire for Ending {
    const VERSION: u8 = 1;
    const NAME: &'static str = "agreement ending";
}
impl Domain for Ending {
    const DOMAIN: &'static str = "confrere/agreement-ending/1";
}
