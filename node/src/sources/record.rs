//! The records of the journal `sources`: sources, migrations, and what became of each study of a migration.
//!
//! # Not here
//! Credentials of sources: files of their own ([`super::secret`]).

use crate::users::Fingerprint;
use protocol::{
    AeTitle, Timestamp, Uid,
    wire::{self, Wire, WireError},
};
use serde::{Deserialize, Serialize};

/// A PACS beside this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    /// 1 to 32 letters, digits, `-` and `_`; the name of its files.
    pub(crate) name: String,
    pub(crate) access: Access,
    /// Issuer of the Patient IDs in which it names none.
    pub(crate) issuer: String,
    pub(crate) purposes: Purposes,
    pub(crate) limits: Limits,
    /// When it may be read in bulk, `19:00-06:00` by the local clock; `None`: always.
    pub(crate) hours: Option<String>,
}

/// How a source is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Access {
    Dimse(DimseAccess),
    Dicomweb(WebAccess),
}

/// A source by DIMSE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DimseAccess {
    pub(crate) title: AeTitle,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) by: RetrieveBy,
    pub(crate) tls: bool,
    pub(crate) certificate: Option<Fingerprint>,
}

/// How instances come from a source by DIMSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RetrieveBy {
    /// Over the association that asks.
    Get,
    /// The source calls this node, which must know it as an AE that may store.
    Move,
}

/// A source by DICOMweb.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WebAccess {
    /// Base of QIDO-RS and WADO-RS, without a slash at its end.
    pub(crate) url: String,
    /// PEM file of the authorities believed besides the system's.
    pub(crate) ca: Option<String>,
}

/// What a source may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Purposes {
    /// Its studies stand in the lists of this site, and are retrieved when opened.
    pub(crate) list: bool,
    /// And in the catalog of peers, as far as agreements go.
    pub(crate) peers: bool,
    /// Earlier studies of a patient are looked for when one arrives.
    pub(crate) priors: bool,
    pub(crate) migrate: bool,
    /// Rejection notes among what it gives are obeyed.
    pub(crate) reject: bool,
}

/// A source as version 1 wrote it: none may reject.
#[derive(Debug, Serialize, Deserialize)]
struct SourceV1 {
    name: String,
    access: Access,
    issuer: String,
    /// List, peers, priors, migrate.
    purposes: (bool, bool, bool, bool),
    limits: Limits,
    hours: Option<String>,
}

impl Wire for Source {
    const VERSION: u8 = 2;
    const NAME: &'static str = "source";

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        if version != 1 {
            return Err(WireError::Version { name: Self::NAME, version });
        }
        let SourceV1 { name, access, issuer, purposes, limits, hours } = wire::decode_body(body)?;
        let (list, peers, priors, migrate) = purposes;
        let purposes = Purposes { list, peers, priors, migrate, reject: false };
        Ok(Self { name, access, issuer, purposes, limits, hours })
    }
}

/// How much is asked of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Studies retrieved at once.
    pub(crate) concurrent: u8,
    /// Megabytes (10⁶ bytes) a second in bulk; 0: as fast as it goes.
    pub(crate) mb_per_s: u32,
    /// Days back that are listed.
    pub(crate) days: u32,
    /// Earlier studies retrieved before anybody asks; 0: none.
    pub(crate) prefetch: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SourceGone {
    pub(super) name: String,
}

/// Studies of a source taken over in bulk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Migration {
    pub(crate) id: u64,
    pub(crate) source: String,
    /// Study dates, inclusive, `YYYYMMDD`; either side open.
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    /// Any of these; empty: all.
    pub(crate) modalities: Vec<String>,
    /// What is here already is retrieved too, and compared.
    pub(crate) compare: bool,
    pub(crate) limits: Limits,
    pub(crate) hours: Option<String>,
    pub(crate) person: String,
    pub(crate) begun: Timestamp,
}

/// What an admin, or the end, made of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MigrationState {
    Running,
    Paused,
    Cancelled,
    Done,
}

impl MigrationState {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StateSet {
    pub(super) id: u64,
    pub(super) state: MigrationState,
    pub(super) at: Timestamp,
}

/// A study of which all was asked for; a later record about the same study replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StudyDone {
    pub(super) id: u64,
    pub(super) outcome: Outcome,
}

/// What became of one study.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) study: Uid,
    pub(crate) date: Option<String>,
    pub(crate) series: u32,
    /// Instances that the source lists.
    pub(crate) said: u32,
    /// Instances that its study says it has, where that is another number.
    pub(crate) announced: Option<u32>,
    /// Of those, here before.
    pub(crate) had: u32,
    /// Of those, taken in now.
    pub(crate) got: u32,
    pub(crate) bytes: u64,
    /// Listed by the source and not here.
    pub(crate) missing: Vec<Uid>,
    /// Sent by the source and not taken in, with the reason.
    pub(crate) refused: Vec<(Uid, String)>,
    /// Sent with other bytes than are here under the same UID.
    pub(crate) conflicts: Vec<Uid>,
    /// The source and what it sent do not name the same patient.
    pub(crate) patient_differs: bool,
    /// Why it ended early.
    pub(crate) error: Option<String>,
    pub(crate) at: Timestamp,
}

impl Outcome {
    /// Whether all that the source has of it is here, and nothing speaks against it.
    pub(crate) fn is_complete(&self) -> bool {
        self.error.is_none()
            && self.missing.is_empty()
            && self.refused.is_empty()
            && self.conflicts.is_empty()
            && !self.patient_differs
            && self.announced.is_none_or(|announced| announced <= self.said)
    }
}

macro_rules! records {
    ($($variant:ident($type:ty) = $kind:literal;)*) => {
        /// Any of them.
        #[derive(Clone, Debug)]
        pub(super) enum Record { $($variant($type),)* }

        $(impl From<$type> for Record {
            fn from(record: $type) -> Self {
                Self::$variant(record)
            }
        })*

        impl Record {
            pub(super) const fn kind(&self) -> u8 {
                match self { $(Self::$variant(_) => $kind,)* }
            }
            /// `None`: a kind that is not known here.
            pub(super) fn decode(kind: u8, body: &[u8]) -> Result<Option<Self>, WireError> {
                match kind {
                    $($kind => Ok(Some(Self::$variant(wire::decode(body)?))),)*
                    _ => Ok(None),
                }
            }
        }
    };
}

records! {
    SourceSet(Source) = 1;
    SourceGone(SourceGone) = 2;
    Begun(Migration) = 3;
    State(StateSet) = 4;
    Study(StudyDone) = 5;
}

macro_rules! first_version {
    ($($type:ty, $name:literal;)*) => {
        $(impl Wire for $type {
            const VERSION: u8 = 1;
            const NAME: &'static str = $name;
        })*
    };
}

first_version! {
    SourceGone, "removed source";
    Migration, "migration";
    StateSet, "migration state";
    StudyDone, "migrated study";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_written_as_ever() {
        let source = Source {
            name: "pacs".to_owned(),
            access: Access::Dimse(DimseAccess {
                title: AeTitle::parse("PACS").unwrap(),
                host: "h".to_owned(),
                port: 104,
                by: RetrieveBy::Move,
                tls: false,
                certificate: None,
            }),
            issuer: "CH".to_owned(),
            purposes: Purposes { list: true, peers: true, priors: false, migrate: true, reject: true },
            limits: Limits { concurrent: 2, mb_per_s: 10, days: 30, prefetch: 0 },
            hours: None,
        };
        let bytes = b"\x02\x04pacs\x00\x04PACS\x01h\x68\x01\x00\x00\x02CH\x01\x01\x00\x01\x01\x02\x0a\x1e\x00\x00";
        assert_eq!(wire::encode(&source), bytes);
        assert_eq!(wire::decode::<Source>(bytes).unwrap(), source);
        let first = b"\x01\x04pacs\x00\x04PACS\x01h\x68\x01\x00\x00\x02CH\x01\x01\x00\x01\x02\x0a\x1e\x00\x00";
        let before = Source { purposes: Purposes { reject: false, ..source.purposes }, ..source };
        assert_eq!(wire::decode::<Source>(first).unwrap(), before);
    }
}
