//! The pixel plane's messages: one bidirectional stream per request, on a connection whose two keys are pinned.
//!
//! The asker writes a `u16` little-endian length and a [`Request`]; the holder answers with a `u32` length, an
//! [`Answer`], and then the bytes the answer speaks of. Objects travel as verified ranges (see [`crate::digest`]): the
//! group values first where asked for, then the bytes of the groups.
//!
//! # Not here
//! Permission: the holder asks its `trust` for every request. Scheduling and congestion: `node::transfer`.

use crate::{
    agreement::Purpose,
    digest::Digest,
    ids::{Id128, SiteId, Uid},
    keeping::Ask,
    ledger::Hash,
    limits::GROUP_BYTES,
    pass::Pass,
    refusal::Refusal,
    signed::Signed,
    wire::{self, Wire, WireError},
};
use serde::{Deserialize, Serialize};

/// ALPN of the pixel plane, as every version speaks it.
pub const ALPN: &[u8] = b"confrere-pixels/1";
/// As [`ALPN`], between two that also know [`What::Coded`]. A connection is of the newest name that both ends know, so that
/// neither asks the other for what it cannot read.
pub const ALPN_CODED: &[u8] = b"confrere-pixels/2";
/// As [`ALPN_CODED`], between two that also know [`What::Opening`] and the requests about roads: [`What::Roads`] and those
/// after it.
pub const ALPN_ROADS: &[u8] = b"confrere-pixels/3";
/// As [`ALPN_ROADS`], between two that also know what stands for images ([`What::Glance`], [`What::Previews`]) and passes:
/// [`What::Passes`] and those after it.
pub const ALPN_PASSES: &[u8] = b"confrere-pixels/4";
/// As [`ALPN_PASSES`], between two that also know requests about the line itself: [`What::Line`] and [`What::Sample`].
pub const ALPN_LINES: &[u8] = b"confrere-pixels/5";
/// What is offered and taken, the newest first.
pub const ALPNS: [&[u8]; 5] = [ALPN_LINES, ALPN_PASSES, ALPN_ROADS, ALPN_CODED, ALPN];

/// What comes first. A higher one is sent before a lower one, also while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// Copies for a second site.
    Backup,
    /// Nobody waits yet.
    Prefetch,
    /// The rest of an opened series.
    Series,
    /// The image on the screen.
    Screen,
    /// An emergency's image on the screen.
    Emergency,
}

/// Who reads, for the holder's evidence. Names a member of staff, never a patient.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reader {
    /// Account name at the reading site, at most 64 characters.
    pub person: String,
    /// Role at the reading site.
    pub role: String,
    /// The leased copy that it is read into (see [`crate::copies`]); `None`: none, or of a site that does not name it.
    pub copy: Option<Id128>,
    /// For what. One that does not say reads for the care of the patient.
    pub purpose: Purpose,
}

/// Characters of a person's name, or of a role.
pub const PERSON_CHARS_MAX: usize = 64;

/// Whether a name may be written down as it is: nothing in it ends a line, turns the writing or cannot be seen.
#[must_use]
pub fn is_person(text: &str) -> bool {
    text.chars().count() <= PERSON_CHARS_MAX && !text.chars().any(crate::limits::is_hidden)
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Of which study: what permission is judged by.
    pub study: Uid,
    /// For whom.
    pub reader: Reader,
    /// How soon.
    pub priority: Priority,
    /// What.
    pub what: What,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The encoded manifest with this digest. Level L2.
    Manifest(Digest),
    /// The header pack of a series as of this manifest (level L3): zstd over the headers of its instances in manifest
    /// order, one after the other; lengths and digests are the manifest's.
    Headers {
        /// Digest of the manifest.
        manifest: Digest,
        /// Which series of it.
        series: Uid,
    },
    /// Bytes of one object's data set. Level L4 or L5.
    Range {
        /// Its digest.
        digest: Digest,
        /// Whether the group values shall come first.
        groups: bool,
        /// First group wanted.
        first_group: u64,
        /// Number of groups wanted; together at most [`crate::limits::RANGE_BYTES_MAX`].
        groups_wanted: u32,
    },
    /// Changes the priority of this connection's running requests for an object. Answered with nothing.
    Reprioritize {
        /// The object.
        digest: Digest,
    },
    /// As `Range`, of an object that the *asker* signed: its own bytes back, from the answering site's leased copy. Needs
    /// no agreement. A site that does not know it answers as to a malformed request.
    Return {
        /// Its digest.
        digest: Digest,
        /// Whether the group values shall come first.
        groups: bool,
        /// First group wanted.
        first_group: u64,
        /// Number of groups wanted; together at most [`crate::limits::RANGE_BYTES_MAX`].
        groups_wanted: u32,
    },
    /// Of a second copy of a backup, sealed as it is: between the two of a keeping, whose [`Keeping::uid`] stands for the
    /// study. A site that does not know it answers as to a malformed request.
    ///
    /// [`Keeping::uid`]: crate::keeping::Keeping::uid
    Kept(Ask),
    /// The encoded manifest with this digest, which the *asker* signed by its card. As `Return`.
    ReturnManifest(Digest),
    /// As `Range`, coded if the holder finds it worth it. Only on a connection of [`ALPN_CODED`].
    Coded {
        /// Its digest.
        digest: Digest,
        /// Whether the group values shall come first.
        groups: bool,
        /// First group wanted.
        first_group: u64,
        /// Number of groups wanted; together at most [`crate::limits::RANGE_BYTES_MAX`].
        groups_wanted: u32,
        /// Codings that the asker can take (see [`crate::coding`]), at most [`crate::coding::CODINGS_MAX`].
        codings: Vec<u8>,
    },
    /// Bytes that mean nothing, to try the link: so many at most, answered as a blob that may end before. Needs no
    /// agreement. A site that does not know it answers as to a malformed request.
    Trial {
        /// At most [`crate::limits::TRIAL_BYTES_MAX`].
        bytes: u32,
    },
    /// What this site does for others' roads: answered as a blob, a [`crate::roads::Offer`]. Needs no agreement. This and
    /// what follows only on a connection of [`ALPN_ROADS`].
    Roads,
    /// A road to another peer of the answering site: answered as an empty blob, after which the stream carries what the two
    /// say to each other, both ways, until either ends it.
    Relay {
        /// To whom.
        to: SiteId,
    },
    /// The other end of [`What::Relay`], as the relay tells it.
    Relayed {
        /// From whom.
        from: SiteId,
    },
    /// A message of the control plane, which has no road of its own: so many bytes follow the request. Answered as a blob.
    Message {
        /// At most [`crate::limits::MESSAGE_BYTES_MAX`].
        bytes: u32,
    },
    /// What a study is opened with, on one stream and so in one round trip: the manifest, answered as [`What::Manifest`];
    /// behind it the header pack of a series, answered as [`What::Headers`]; behind that the first bytes of an instance of
    /// that series with their group values, answered as [`What::Range`] or [`What::Coded`]. Where the second or third cannot
    /// be given the stream ends before it, and they are asked for by themselves. Only on a connection of [`ALPN_ROADS`].
    Opening {
        /// Digest of the manifest.
        manifest: Digest,
        /// Which series of it.
        series: Uid,
        /// The instance that is to be shown first; `None`: only headers.
        instance: Option<Uid>,
        /// Number of groups wanted of it; together at most [`crate::limits::RANGE_BYTES_MAX`].
        groups_wanted: u32,
        /// Codings that the asker can take, at most [`crate::coding::CODINGS_MAX`]; none: the bytes as they are.
        codings: Vec<u8>,
    },
    /// All of a study at a glance: a blob, the encoded [`Signed`](crate::Signed) [`StudyGlance`](crate::preview::StudyGlance)
    /// as of this manifest, at most [`crate::limits::GLANCE_BYTES_MAX`]. Level L4; conclusions of reports L5, or of a case in
    /// which the asker takes part. This and the next only on a connection of [`ALPN_PASSES`].
    Glance {
        /// Digest of the manifest.
        manifest: Digest,
    },
    /// Reduced frames of a part of a series: a blob, the encoded [`Signed`](crate::Signed)
    /// [`Previews`](crate::preview::Previews), at most [`crate::limits::PREVIEWS_BYTES_MAX`] and what names them. Level L4.
    Previews {
        /// Digest of the manifest.
        manifest: Digest,
        /// Which series of it.
        series: Uid,
        /// Which part of it.
        part: u32,
    },
    /// Who else, of these sites, may give the asker this study: asked of its custodian, and judged like reading it. Answered
    /// as a blob, [`crate::pass::Passes`]. This and what follows only on a connection of [`ALPN_PASSES`].
    Passes {
        /// As of which manifest.
        manifest: Digest,
        /// Hashes of the keys of peers of the asker (see [`crate::ledger::alias`]), at most
        /// [`crate::pass::PASS_PEERS_MAX`]: the custodian learns of none that it does not know.
        peers: Vec<Hash>,
    },
    /// As `Range`, or, with codings, as `Coded`: from the answering site's leased copy of another site's study, by that
    /// site's pass.
    Lent {
        /// Signed by the custodian.
        pass: Signed<Pass>,
        /// The object's digest.
        digest: Digest,
        /// Whether the group values shall come first.
        groups: bool,
        /// First group wanted.
        first_group: u64,
        /// Number of groups wanted; together at most [`crate::limits::RANGE_BYTES_MAX`].
        groups_wanted: u32,
        /// Codings that the asker can take, at most [`crate::coding::CODINGS_MAX`]; none: the bytes as they are.
        codings: Vec<u8>,
    },
    /// The asker takes back a pass that it signed for the answering site. Answered as an empty blob.
    PassOver(Id128),
    /// The bytes of what goes with a case ([`Attachment`]), for a site that takes part in it: a blob. The case's UID stands for
    /// the study. Asked only of sites that said, by an event, that they know of it.
    ///
    /// [`Attachment`]: crate::case::event::Attachment
    Attachment {
        /// Which case.
        case: Id128,
        /// Of the bytes.
        digest: Digest,
    },
    /// How the answering site's packets on this connection fare: a blob, a [`LineState`](crate::line::LineState). It tells of no
    /// study, needs no agreement and leaves no evidence; asked at most once a second while images come. This and the next only
    /// on a connection of [`ALPN_LINES`].
    Line,
    /// Bytes that mean nothing, so few that the asker learns what the line carries before somebody waits on it: a blob that may
    /// end before. Goes behind everything else, needs no agreement and leaves no evidence; refused as busy more than once a
    /// minute.
    Sample {
        /// At most [`crate::line::SAMPLE_BYTES_MAX`].
        bytes: u32,
    },
}

impl Wire for Request {
    const VERSION: u8 = 3;
    const NAME: &'static str = "pixel request";

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        let (study, person, role, copy, priority, what) = match version {
            1 => {
                let Request1 { study, reader: Reader1 { person, role }, priority, what } = wire::decode_body(body)?;
                (study, person, role, None, priority, what)
            }
            2 => {
                let Request2 { study, reader, priority, what } = wire::decode_body(body)?;
                (study, reader.person, reader.role, reader.copy, priority, what)
            }
            _ => return Err(WireError::Version { name: Self::NAME, version }),
        };
        Ok(Self { study, reader: Reader { person, role, copy, purpose: Purpose::Care }, priority, what })
    }
}

/// Before copies had names.
#[derive(Serialize, Deserialize)]
struct Request1 {
    study: Uid,
    reader: Reader1,
    priority: Priority,
    what: What,
}

#[derive(Serialize, Deserialize)]
struct Reader1 {
    person: String,
    role: String,
}

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// So many bytes follow: a manifest or a header pack.
    Blob {
        /// Their number.
        bytes: u32,
    },
    /// `values` group values of 32 bytes follow (0 when not asked for), then `bytes` bytes of the object.
    Range {
        /// Size of the whole object.
        object_bytes: u64,
        /// Number of group values.
        values: u32,
        /// Number of bytes after them.
        bytes: u32,
    },
    /// Refused; nothing follows.
    Refused(Refusal),
    /// To [`What::Coded`] only: as `Range`, but `coded` bytes follow the group values, which decode to `bytes` bytes of the
    /// object. `Range` itself answers too, where coding is not worth it.
    Coded {
        /// Size of the whole object.
        object_bytes: u64,
        /// Number of group values.
        values: u32,
        /// Number of bytes of the object.
        bytes: u32,
        /// By which coding, one of those that the asker named.
        coding: u8,
        /// Number of bytes that come in their place: fewer than `bytes`.
        coded: u32,
    },
}

/// Before it was said for what one reads.
#[derive(Serialize, Deserialize)]
struct Request2 {
    study: Uid,
    reader: Reader2,
    priority: Priority,
    what: What,
}

#[derive(Serialize, Deserialize)]
struct Reader2 {
    person: String,
    role: String,
    copy: Option<Id128>,
}

impl Wire for Answer {
    const VERSION: u8 = 1;
    const NAME: &'static str = "pixel answer";
}

/// Size in bytes of a run of groups of an object.
#[must_use]
pub fn groups_bytes(object_bytes: u64, first_group: u64, groups_wanted: u32) -> u64 {
    let from = first_group.saturating_mul(GROUP_BYTES).min(object_bytes);
    let to = first_group.saturating_add(u64::from(groups_wanted)).saturating_mul(GROUP_BYTES).min(object_bytes);
    to - from
}
