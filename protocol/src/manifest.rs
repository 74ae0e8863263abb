//! Study cards (level L1) and study manifests (level L2).
//!
//! A card is small, signed, and made for one peer: it carries only the identity fields that the agreement names. The
//! manifest behind it is the same for everybody, holds no identity and no free text, and is named by its digest in the
//! signed card: the card's signature thereby reaches every instance's digest and every header's.

use crate::{
    digest::Digest,
    ids::{SiteId, Uid},
    limits,
    signed::Domain,
    time::Timestamp,
    wire::{self, Wire, WireError},
};
use serde::{Deserialize, Serialize};

/// Identity of a patient as the custodian's objects state it. Compared only together with the issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patient {
    /// Patient's Name (0010,0010) in Unicode, components separated by `^`. `None`: not disclosed or absent.
    pub name: Option<String>,
    /// Patient's Birth Date (0010,0030), `YYYYMMDD`.
    pub birth_date: Option<String>,
    /// Patient's Sex (0010,0040).
    pub sex: Option<String>,
    /// Patient ID (0010,0020).
    pub id: Option<String>,
    /// Issuer of Patient ID (0010,0021); the custodian's site name where the object has none.
    pub issuer: Option<String>,
}

/// Whether a study is still growing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Completeness {
    /// First instances are here, more may come; no manifest yet.
    Arriving,
    /// Quiet for the settle delay; the manifest is signed. A later instance makes a new version.
    Complete,
}

/// What happened to a study that its readers must hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Amendment {
    /// Identity or attributes are other than the objects say.
    Corrected,
    /// Instances must no longer be shown.
    Rejected,
    /// Rejected instances are back.
    Reinstated,
    /// Other bytes took the place of an instance.
    Replaced,
}

/// One attribute as the custodian says it should read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Group and element number.
    pub tag: u32,
    /// Unicode text; `None`: empty, or not for this reader.
    pub value: Option<String>,
}

/// The last amendment of a study, and all attributes that now read otherwise than in its objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amended {
    /// When it was made.
    pub at: Timestamp,
    /// What it was.
    pub what: Amendment,
    /// At most [`EDITS_MAX`], each tag once.
    pub edits: Vec<Edit>,
}

/// Attributes of one study that are corrected.
pub const EDITS_MAX: usize = 32;

/// Level L1: what a peer is told of a study.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StudyCard {
    /// The site that vouches for the study.
    pub custodian: SiteId,
    /// Study Instance UID.
    pub study: Uid,
    /// Rises by one with every card of this study that this custodian signs.
    pub version: u64,
    /// Arriving or complete.
    pub completeness: Completeness,
    /// Study Date, `YYYYMMDD`, when known.
    pub date: Option<String>,
    /// Study Time, `HHMMSS`, when known.
    pub time: Option<String>,
    /// Modalities in Study, sorted.
    pub modalities: Vec<String>,
    /// Body parts examined, sorted.
    pub body_parts: Vec<String>,
    /// Study Description; only where the agreement names it.
    pub description: Option<String>,
    /// Accession Number; only where the agreement names it.
    pub accession: Option<String>,
    /// Referring Physician's Name; only where the agreement names it.
    pub referrer: Option<String>,
    /// The fields of identity that the agreement names.
    pub patient: Patient,
    /// Number of series.
    pub series: u32,
    /// Number of instances.
    pub instances: u32,
    /// Bytes of all data sets.
    pub bytes: u64,
    /// When the custodian received the study's first instance.
    pub arrived: Timestamp,
    /// When this card was made.
    pub issued: Timestamp,
    /// Digest and size of the encoded [`Manifest`]; `None` while arriving.
    pub manifest: Option<ManifestRef>,
    /// What was amended since the objects were made; `None`: nothing.
    pub amended: Option<Amended>,
}

/// [`StudyCard`] before it told of amendments.
#[derive(Deserialize)]
struct StudyCardV1 {
    custodian: SiteId,
    study: Uid,
    version: u64,
    completeness: Completeness,
    date: Option<String>,
    time: Option<String>,
    modalities: Vec<String>,
    body_parts: Vec<String>,
    description: Option<String>,
    accession: Option<String>,
    referrer: Option<String>,
    patient: Patient,
    series: u32,
    instances: u32,
    bytes: u64,
    arrived: Timestamp,
    issued: Timestamp,
    manifest: Option<ManifestRef>,
}

/// Names a manifest by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestRef {
    /// Digest of the encoded manifest.
    pub digest: Digest,
    /// Its size, bytes; at most [`limits::MANIFEST_BYTES_MAX`].
    pub bytes: u32,
}

impl Wire for StudyCard {
    const VERSION: u8 = 2;
    const NAME: &'static str = "study card";

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        if version != 1 {
            return Err(WireError::Version { name: Self::NAME, version });
        }
        let old: StudyCardV1 = wire::decode_body(body)?;
        Ok(Self {
            custodian: old.custodian,
            study: old.study,
            version: old.version,
            completeness: old.completeness,
            date: old.date,
            time: old.time,
            modalities: old.modalities,
            body_parts: old.body_parts,
            description: old.description,
            accession: old.accession,
            referrer: old.referrer,
            patient: old.patient,
            series: old.series,
            instances: old.instances,
            bytes: old.bytes,
            arrived: old.arrived,
            issued: old.issued,
            manifest: old.manifest,
            amended: None,
        })
    }
}
impl Domain for StudyCard {
    const DOMAIN: &'static str = "confrere/study-card/1";
}

/// Level L2: every instance of a study with its digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The site that vouches for it.
    pub custodian: SiteId,
    /// Study Instance UID.
    pub study: Uid,
    /// Series in the order of their first arrival.
    pub series: Vec<SeriesEntry>,
}

/// One series of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesEntry {
    /// Series Instance UID.
    pub series: Uid,
    /// Modality (0008,0060).
    pub modality: String,
    /// Series Number.
    pub number: Option<i32>,
    /// Instances sorted by instance number, then UID.
    pub instances: Vec<InstanceEntry>,
}

/// One instance of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceEntry {
    /// SOP Instance UID.
    pub instance: Uid,
    /// SOP Class UID.
    pub sop_class: Uid,
    /// Transfer Syntax UID of the data set.
    pub transfer_syntax: Uid,
    /// Instance Number.
    pub number: Option<i32>,
    /// Number of Frames; 1 for a single image, 0 where there are no pixels.
    pub frames: u32,
    /// Size of the data set, bytes.
    pub bytes: u64,
    /// Digest of the data set.
    pub digest: Digest,
    /// Length of the header: the data set from its start up to its first bulk element (or its end), bytes.
    pub header_bytes: u32,
    /// Digest of the header.
    pub header_digest: Digest,
}

impl Manifest {
    /// Number of instances.
    #[must_use]
    pub fn instances(&self) -> usize {
        self.series.iter().map(|s| s.instances.len()).sum()
    }

    /// Bytes of all data sets.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.series.iter().flat_map(|s| &s.instances).fold(0, |sum, i| sum.saturating_add(i.bytes))
    }

    /// Whether every size is within bounds and no instance stands twice: asked of every manifest from outside.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let mut seen = std::collections::HashSet::new();
        self.series.iter().flat_map(|s| &s.instances).all(|i| {
            i.bytes <= limits::OBJECT_BYTES_MAX
                && u64::from(i.header_bytes) <= i.bytes.min(limits::HEADER_BYTES_MAX)
                && seen.insert(&i.instance)
        })
    }
}

impl Wire for Manifest {
    const VERSION: u8 = 1;
    const NAME: &'static str = "manifest";
}
