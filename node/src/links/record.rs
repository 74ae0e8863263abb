//! What the journal of the site holds of links.

use protocol::{Timestamp, Uid, identity::Link, ids::Id128, signed::SignatureBytes, wire::Wire};
use serde::{Deserialize, Serialize};

/// Of these records; trust and accounts have those below.
pub(super) const KIND: u8 = 64;

/// Variants are added at the end.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Record {
    /// With this site's signature.
    Asserted(Box<Link>, SignatureBytes),
    /// A study was opened by a link.
    Opened { link: Id128, study: Uid, person: String, at: Timestamp },
}

impl Wire for Record {
    const VERSION: u8 = 1;
    const NAME: &'static str = "record of links";
}
