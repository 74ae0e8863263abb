//! Keepings: by which one site keeps a second copy of another's backup, and what the two say about it.
//!
//! Both sign the same text, as they do an agreement; it says nothing about studies. The keeper fetches files that the
//! owner sealed under its own passphrase, compares each with a list that the owner signed, and can be asked at any time
//! to prove that it has the bytes. Either may end it; the copy stays [`Keeping::days_after`] days more, so that neither a
//! mistake nor a thief at the owner's takes it along at once.
//!
//! # Not here
//! Files and passphrases: `node::backup`. When something is fetched: `node::spare`.

use crate::{
    agreement::{Party, WeeklyHours},
    countersigned::{Countersigned, Text},
    digest::Digest,
    ids::{Id128, SiteId, Uid},
    limits::KEPT_PAGES_MAX,
    signed::{Domain, Signed},
    time::Timestamp,
    wire::Wire,
};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// The least that may be asked of a line, bytes a second: slower than this a night's images never arrive.
const RATE_MIN: u64 = 16 * 1024;
/// A copy does not stay longer than this after the end.
const DAYS_AFTER_MAX: u32 = 365;

/// The text that both sites sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeping {
    /// Of this text. A later text between the same two takes its place.
    pub id: Id128,
    /// Whose backup it is.
    pub owner: Party,
    /// Who keeps the second copy.
    pub keeper: Party,
    /// The room at the keeper's, bytes.
    pub bytes_max: u64,
    /// How fast it may be copied, bytes a second.
    pub bytes_per_second: u64,
    /// When it may be copied; `None`: always.
    pub hours: Option<WeeklyHours>,
    /// Days that the copy stays after the end, or after another backup has taken its place.
    pub days_after: u32,
    /// When it was drafted.
    pub drafted: Timestamp,
}

impl Wire for Keeping {
    const VERSION: u8 = 1;
    const NAME: &'static str = "keeping";
}
impl Domain for Keeping {
    const DOMAIN: &'static str = "confrere/keeping/1";
}
impl Text for Keeping {
    const SIGNED: &'static str = "signed keeping";

    fn between(&self) -> Vec<SiteId> {
        vec![self.owner.site, self.keeper.site]
    }

    fn is_sound(&self) -> bool {
        self.owner.site != self.keeper.site
            && self.owner.is_sound()
            && self.keeper.is_sound()
            && self.bytes_max > 0
            && self.bytes_per_second >= RATE_MIN
            && self.days_after <= DAYS_AFTER_MAX
            && self.hours.as_ref().is_none_or(WeeklyHours::is_sound)
    }
}

/// A keeping's bytes with the signatures collected so far.
pub type SignedKeeping = Countersigned<Keeping>;

impl Keeping {
    /// What stands for the study in requests of the pixel plane: the UID made of its name (PS3.5 B.2).
    #[must_use]
    pub fn uid(&self) -> Uid {
        self.id.uid()
    }

    /// The other one.
    #[must_use]
    pub fn other(&self, us: &SiteId) -> Option<SiteId> {
        match (self.owner.site == *us, self.keeper.site == *us) {
            (true, false) => Some(self.keeper.site),
            (false, true) => Some(self.owner.site),
            _ => None,
        }
    }
}

/// The end of a keeping, by either party alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepingEnd {
    /// Which.
    pub keeping: Id128,
    /// When.
    pub at: Timestamp,
}
impl Wire for KeepingEnd {
    const VERSION: u8 = 1;
    const NAME: &'static str = "keeping's end";
}
impl Domain for KeepingEnd {
    const DOMAIN: &'static str = "confrere/keeping-end/1";
}

/// The keeper's receipt: what it kept under an ended keeping is erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Which.
    pub keeping: Id128,
    /// Sealed files erased.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When.
    pub at: Timestamp,
}
impl Wire for Erased {
    const VERSION: u8 = 1;
    const NAME: &'static str = "keeping's receipt";
}
impl Domain for Erased {
    const DOMAIN: &'static str = "confrere/keeping-receipt/1";
}

/// A file of a backup folder. Its path is made of this alone, so that no name off the wire reaches a disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SealedName {
    /// A sealed file, by the keyed hash it is called by.
    Data(Digest),
    /// How the key is made of the passphrase.
    Description,
    /// A sealed list, by the civil time it was taken at: fourteen digits.
    Snapshot(u64),
}

impl SealedName {
    /// Below the backup folder.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Data(name) => {
                let name = HEXLOWER.encode(&name.0);
                format!("data/{}/{name}", name.get(..2).unwrap_or_default())
            }
            Self::Description => "confrere.backup".to_owned(),
            Self::Snapshot(at) => format!("snapshots/{at:014}"),
        }
    }

    /// Of a path below the backup folder; `None` for what does not belong there.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let name = match path.split('/').collect::<Vec<_>>().as_slice() {
            ["confrere.backup"] => Self::Description,
            ["snapshots", at] => Self::Snapshot(at.parse().ok()?),
            ["data", _, name] => Self::Data(Digest(HEXLOWER.decode(name.as_bytes()).ok()?.try_into().ok()?)),
            _ => return None,
        };
        (name.path() == path).then_some(name)
    }
}

/// One file of a backup's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedFile {
    /// Which.
    pub name: SealedName,
    /// Its size, sealed.
    pub bytes: u64,
    /// Of its sealed bytes.
    pub digest: Digest,
}

/// A page of a backup's list. New files come behind the old, so that only the last pages change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPage(pub Vec<SealedFile>);
impl Wire for ListPage {
    const VERSION: u8 = 1;
    const NAME: &'static str = "page of a backup's list";
}

/// What the owner signs of its backup folder as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListHead {
    /// Which folder: the digest of its description.
    pub folder: Digest,
    /// Its newest snapshot, as [`SealedName::Snapshot`] has it.
    pub snapshot: u64,
    /// When that was taken.
    pub taken: Timestamp,
    /// All files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Digests of the encoded pages.
    pub pages: Vec<Digest>,
}
impl ListHead {
    /// Whether it lies within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.pages.len() <= KEPT_PAGES_MAX
    }
}
impl Wire for ListHead {
    const VERSION: u8 = 1;
    const NAME: &'static str = "head of a backup's list";
}
impl Wire for Signed<ListHead> {
    const VERSION: u8 = 1;
    const NAME: &'static str = "signed head of a backup's list";
}
impl Domain for ListHead {
    const DOMAIN: &'static str = "confrere/backup-list/1";
}

/// Why nothing more is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Halt {
    /// What is there and what is missing are more than was agreed: so many bytes.
    Full(u64),
    /// The keeper's disk has no room.
    NoRoom,
}

/// How the copy stands, in the keeper's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The snapshot that is whole there, with all that it names, and when it was taken.
    pub whole: Option<(u64, Timestamp)>,
    /// Files on its disk, and their bytes.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files known to it and not there yet.
    pub missing_files: u64,
    /// Their bytes.
    pub missing_bytes: u64,
    /// Why it does not go on.
    pub halt: Option<Halt>,
}

/// What the two ask one another on the pixel plane; all answers are blobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// The keeper: the signed head of the list, after saying how its copy stands.
    Head(Standing),
    /// The keeper: a page of the list.
    Page(Digest),
    /// The keeper: bytes of a sealed file, at most [`crate::limits::KEPT_PIECE_BYTES_MAX`].
    Piece {
        /// Which.
        name: SealedName,
        /// First byte.
        at: u64,
        /// How many, where there are so many.
        bytes: u32,
    },
    /// The owner: BLAKE3 of a sealed file, keyed with a number that was drawn just now. Who does not have the bytes cannot
    /// tell it.
    Prove {
        /// Page of the list that names the file.
        page: Digest,
        /// Its place in the page.
        place: u32,
        /// The key.
        key: Digest,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn keeping() -> Keeping {
        let party = |seed| Party { site: SiteId(key(seed).verifying_key().to_bytes()), name: format!("site {seed}") };
        Keeping {
            id: Id128([0xff; 16]),
            owner: party(1),
            keeper: party(2),
            bytes_max: 1 << 40,
            bytes_per_second: 1 << 20,
            hours: None,
            days_after: 30,
            drafted: Timestamp(0),
        }
    }

    #[test]
    fn it_takes_both_signatures() {
        let mut signed = SignedKeeping::draft(&key(2), &keeping());
        assert!(signed.open_countersigned().is_err());
        signed.sign(&key(1));
        assert_eq!(signed.open_countersigned(), Ok(keeping()));
    }

    #[test]
    fn nobody_keeps_its_own() {
        let mut own = keeping();
        own.keeper = own.owner.clone();
        assert!(!own.is_sound());
        assert!(!Keeping { bytes_max: 0, ..keeping() }.is_sound());
        assert!(!Keeping { bytes_per_second: 1, ..keeping() }.is_sound());
    }

    #[test]
    fn the_largest_name_is_a_uid() {
        assert_eq!(keeping().uid().as_str(), "2.25.340282366920938463463374607431768211455");
    }

    #[test]
    fn a_name_is_a_path_and_a_path_a_name() {
        for name in
            [SealedName::Description, SealedName::Snapshot(20_261_128_170_212), SealedName::Data(Digest([7; 32]))]
        {
            assert_eq!(SealedName::of(&name.path()), Some(name));
        }
        for path in ["../etc/passwd", "data/ab/0c", "snapshots/1", "data/07/../07", "snapshots/20261128170212.new", ""]
        {
            assert_eq!(SealedName::of(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn what_comes_off_the_wire_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = crate::wire::decode::<ListPage>(&bytes);
            let _ = crate::wire::decode::<ListHead>(&bytes);
            if let Ok(signed) = crate::wire::decode::<SignedKeeping>(&bytes) {
                let _ = signed.open();
            }
        }
    }
}
