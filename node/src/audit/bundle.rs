//! Evidence for somebody else: records with their proofs, the head over them, and what peers signed to it.
//!
//! The bundle is JSON (docs/protocol.md, Evidence bundle), so that anybody may check it with SHA-256 and ed25519 alone.
//!
//! # Not here
//! Checking it: [`super::verify`].

use super::{
    Audit,
    ledger::Entry,
    records::{self, Countersigned, Twin},
    tree::Nodes,
};
use crate::journal::{JournalError, Position, Record};
use data_encoding::BASE64;
use protocol::{
    Timestamp, Uid,
    ledger::{Hash, Head, tree},
    signed::Signed,
    wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a bundle says it is.
pub(crate) const FORMAT: &str = "confrere-evidence/1";
/// Records in a bundle: beyond, somebody asks for less at a time.
const RECORDS_MAX: usize = 10_000;
/// Largest bundle that is read, bytes.
pub(crate) const BUNDLE_BYTES_MAX: u64 = 64 << 20;

/// What is asked for. Everything where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Events about these studies; none: about any.
    pub(crate) studies: BTreeSet<Uid>,
    /// Milliseconds since 1970, both inclusive.
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
}

impl Asked {
    fn wants(&self, study: Option<&Uid>, at: Timestamp) -> bool {
        (self.studies.is_empty() || study.is_some_and(|study| self.studies.contains(study)))
            && self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at <= to)
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("more than {RECORDS_MAX} records; ask for less")]
    TooMany,
}

/// A record and the proof that it is in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proved {
    pub(crate) place: u64,
    /// 1 entry, 2 twin, 3 countersignature, 12 entry with where it came from.
    pub(crate) kind: u8,
    /// Base64.
    pub(crate) body: String,
    /// Hex.
    pub(crate) proof: Vec<String>,
}

/// A peer's cosignature and the proof that the head of the bundle follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cosignature {
    pub(crate) peer: SiteKey,
    /// Base64.
    pub(crate) seen: String,
    pub(crate) proof: Vec<String>,
}

/// A site's key as people see it.
pub(crate) type SiteKey = String;

/// The whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bundle {
    pub(crate) format: String,
    /// Whose log.
    pub(crate) site: SiteKey,
    pub(crate) site_name: String,
    pub(crate) asked: Asked,
    /// Since when records are in the ledger as they are made.
    pub(crate) since: Timestamp,
    /// Records that were there before.
    pub(crate) before: u64,
    /// Base64.
    pub(crate) head: String,
    /// Base64 of a token (RFC 3161) over the bytes of `head`, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timestamp: Option<String>,
    pub(crate) cosigned: Vec<Cosignature>,
    pub(crate) records: Vec<Proved>,
}

struct Found {
    place: u64,
    kind: u8,
    body: Vec<u8>,
}

impl Audit {
    /// Makes a bundle under a head of ours (blocking; reads the whole log).
    pub(crate) fn bundle(
        &self,
        asked: &Asked,
        (head, signed): (&Head, &Signed<Head>),
        site_name: &str,
    ) -> Result<Bundle, BundleError> {
        let found = self.wanted(asked, head.size)?;
        let mut nodes = Nodes::new(&self.journal, &self.book, |book| &book.tree);
        let mut complete = |level, index| nodes.complete(level, index);
        let mut records = Vec::with_capacity(found.len());
        for Found { place, kind, body } in found {
            let proof = hex(&tree::inclusion(place, head.size, &mut complete)?);
            records.push(Proved { place, kind, body: BASE64.encode(&body), proof });
        }
        let newest: Vec<_> = {
            let book = self.book();
            let newest = book.cosigned.values().filter_map(|of_peer| of_peer.last());
            newest.filter(|cosigned| cosigned.size <= head.size).cloned().collect()
        };
        let mut cosigned = Vec::with_capacity(newest.len());
        for of_peer in newest {
            let proof = hex(&tree::consistency(of_peer.size, head.size, &mut complete)?);
            cosigned.push(Cosignature { peer: of_peer.peer.to_string(), seen: base64(&of_peer.seen), proof });
        }
        let state = self.ledger_state();
        Ok(Bundle {
            format: FORMAT.to_owned(),
            site: head.site.to_string(),
            site_name: site_name.to_owned(),
            asked: asked.clone(),
            since: state.since,
            before: state.before,
            head: base64(signed),
            timestamp: None,
            cosigned,
            records,
        })
    }

    fn wanted(&self, asked: &Asked, size: u64) -> Result<Vec<Found>, BundleError> {
        let (mut place, mut found, mut entries, mut is_over) = (0u64, Vec::new(), BTreeSet::new(), false);
        self.journal.replay(Position::default(), &mut |record: Record<'_>| {
            if !records::is_leaf(record.kind) || place >= size || is_over {
                return Ok(());
            }
            let is_wanted = match record.kind {
                records::ENTRY | records::ARRIVED => Entry::decode(record.kind, record.body)
                    .is_ok_and(|entry| asked.wants(entry.event.study.as_ref(), entry.event.at)),
                records::TWIN => wire::decode::<Twin>(record.body)
                    .ok()
                    .and_then(|twin| twin.crossing.open(&twin.site).ok())
                    .is_some_and(|told| asked.wants(told.study.as_ref(), told.at)),
                records::RECEIPT => {
                    wire::decode::<Countersigned>(record.body).is_ok_and(|receipt| entries.contains(&receipt.place))
                }
                _ => false,
            };
            if is_wanted {
                if records::is_entry(record.kind) {
                    entries.insert(place);
                }
                is_over = found.len() == RECORDS_MAX;
                found.push(Found { place, kind: record.kind, body: record.body.to_vec() });
            }
            place += 1;
            Ok(())
        })?;
        if is_over { Err(BundleError::TooMany) } else { Ok(found) }
    }
}

fn base64<T: Serialize>(value: &T) -> String {
    BASE64.encode(&postcard::to_stdvec(value).unwrap_or_default())
}

fn hex(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_string).collect()
}
