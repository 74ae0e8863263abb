//! The catalog feed: what a site tells one peer of its studies, as an ordered list with a cursor.
//!
//! Each peer has its own feed, numbered from 1, holding only what its agreements and grants cover. The peer pulls from
//! its cursor and is nudged when there is news. Only the newest entry of a study matters, so a holder may drop older
//! ones; numbers therefore rise but may have gaps. When the holder cannot continue a cursor (restored from backup,
//! feed rebuilt) the epoch changes and the peer starts again from nothing.

use crate::{
    digest::Digest,
    identity::{Identifier, Standing},
    ids::{Id128, SiteId, Uid},
    manifest::StudyCard,
    signed::{Domain, Signed},
    time::Timestamp,
    wire::Wire,
};
use serde::{Deserialize, Serialize};

/// Where a peer stands in a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Random per life of the feed; 0 when nothing was pulled yet.
    pub epoch: u64,
    /// Number of the last entry applied.
    pub position: u64,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub position: u64,
    /// What happened.
    pub change: Change,
}

/// What happened to a study, as far as this peer is concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// The study is covered; this card replaces an older one.
    Told {
        /// Signed by the custodian.
        card: Signed<StudyCard>,
        /// The agreement or grant by which it is told.
        basis: Basis,
    },
    /// The study is no longer covered, or gone: forget the card and erase copies.
    Withdrawn {
        /// Which.
        study: Uid,
    },
}

/// By what a study may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Basis {
    /// A clause of this agreement announces it.
    Agreement(Id128),
    /// A grant names it.
    Grant {
        /// The grant.
        id: Id128,
        /// The agreement it was given under.
        agreement: Id128,
        /// When it runs out.
        expires: Timestamp,
    },
}

impl Basis {
    /// The agreement or grant itself: its name in the log.
    #[must_use]
    pub fn id(&self) -> Id128 {
        match self {
            Self::Agreement(id) | Self::Grant { id, .. } => *id,
        }
    }

    /// The agreement that stands behind it.
    #[must_use]
    pub fn agreement(&self) -> Id128 {
        match self {
            Self::Agreement(id) => *id,
            Self::Grant { agreement, .. } => *agreement,
        }
    }
}

/// A study that its holder does not have at hand at once: it lies in its cold tier, or in the PACS beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nearline {
    /// Which.
    pub study: Uid,
    /// Seconds that bringing it back may take, where the holder knows.
    pub recall_s: Option<u32>,
}

/// In which time zone the dates and times of a holder's studies are: DICOM's have none of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zones {
    /// The holder's, by its name in the IANA database (`Europe/Paris`), where it says.
    pub site: Option<String>,
    /// Minutes ahead of UTC (0008,0201), of those studies whose objects say so themselves.
    pub offsets: Vec<(Uid, i16)>,
}

impl Zones {
    /// Whether it may be kept: offsets as DICOM allows them, and a name that may be looked up.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_name = |name: &String| {
            (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b))
        };
        self.site.as_ref().is_none_or(is_name) && self.offsets.iter().all(|(_, minutes)| is_utc_offset(*minutes))
    }
}

/// How sure a holder is of whose a study is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identified {
    /// Which.
    pub study: Uid,
    /// Of the card of this version: what was corrected since may be another's.
    pub version: u64,
    /// How sure.
    pub standing: Standing,
    /// The national number, of a qualified identity and of no other.
    pub national: Option<Identifier>,
}

impl Identified {
    /// Whether it may be kept: a number that is one, by the national issuer, of a qualified identity.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_number = |one: &Identifier| Identifier::national(&one.issuer, &one.id).as_ref() == Some(one);
        self.national.as_ref().is_none_or(|one| self.standing == Standing::Qualified && is_number(one))
    }
}

/// Whether so many minutes ahead of UTC can be a Timezone Offset From UTC (0008,0201).
#[must_use]
pub const fn is_utc_offset(minutes: i16) -> bool {
    -12 * 60 <= minutes && minutes <= 14 * 60
}

/// A page of a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The feed's epoch: another than the cursor's means "forget everything of mine first".
    pub epoch: u64,
    /// Entries after the cursor, in order; at most [`crate::limits::CATALOG_PAGE_MAX`].
    pub entries: Vec<Entry>,
    /// Whether more follow at once.
    pub more: bool,
}

/// A hint: of the studies told to a peer this one is meant for it. It gives no right and tells nothing that the card does
/// not; whether anything is fetched because of it is the peer's own decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// For whom.
    pub to: SiteId,
    /// Which study: one whose card the peer has.
    pub study: Uid,
    /// Digest of the manifest as it was when it was offered.
    pub manifest: Digest,
    /// When, by the holder's clock.
    pub at: Timestamp,
}
impl Wire for Offer {
    const VERSION: u8 = 1;
    const NAME: &'static str = "offer";
}
impl Domain for Offer {
    const DOMAIN: &'static str = "confrere/offer/1";
}
