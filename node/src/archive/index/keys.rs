//! Keys of the index. One tree holds all kinds, so that one batch changes them together.
//!
//! | first byte | rest | value |
//! |---|---|---|
//! | `s` | study | [`StoredStudy`](super::super::rows::StoredStudy) |
//! | `e` | study 0 series | [`StoredSeries`](super::super::rows::StoredSeries) |
//! | `c` | series number, chunk number | [`Chunk`](super::super::rows::Chunk) |
//! | `f`, `d` | 8 bytes of BLAKE3 of the SOP Instance UID; of the object's digest | [`Places`](super::super::rows::Places) |
//! | `o` | inverted date and time, study | – : the order of lists, newest first |
//! | `p`, `a` | Patient ID or accession number, 0, inverted date and time, study | – |
//! | `u` | study | – : not settled |
//! | `r` | number of a rejection | [`RejectRecord`](super::super::rows::RejectRecord) |
//! | `x` | SOP Instance UID | the number of the rejection it is under |
//! | `q` | number of a conflict | [`ConflictRow`](super::super::rows::ConflictRow) |
//! | `y` | SOP Instance UID | its conflicts |
//! | `k` | number of a correction | [`CorrectionRow`](super::super::rows::CorrectionRow) |
//! | `w` | study | its corrections |
//! | `g` | Patient ID, 0, issuer | the merges of this patient |
//! | `t` | study | [`StudyTier`](super::super::rows::StudyTier) |
//! | `K` | an object's digest | [`HasCopy`](super::super::rows::HasCopy) |
//! | `l`, `L` | 8 bytes of BLAKE3 of the study; of the Patient ID; number | [`ClaimRecord`](super::super::rows::ClaimRecord) |
//! | `W`, `Y` | number | [`Proposal`](super::super::rows::Proposal), [`StoredErase`](super::super::rows::StoredErase) |
//! | `R` `r` | number of a rule | [`RuleRecord`](super::super::rows::RuleRecord) |
//! | `R` `n` | – | the highest number of a rule |
//! | `R` `f` | study | [`Fired`](super::super::rows::Fired) |
//! | `R` `q`, `R` `o` | study 0 AE title | [`RouteRow`](super::super::rows::RouteRow); its rule: not all is sent |
//! | `R` `c` | study | [`ColdDue`](super::super::rows::ColdDue) |
//! | `R` `p` | study 0 peer | [`OfferRow`](super::super::rows::OfferRow) |
//! | `R` `h` | study 0 peer | [`HeardRecord`](super::super::rows::HeardRecord) |
//! | `R` `g` | study 0 peer | [`FetchRow`](super::super::rows::FetchRow) |
//! | `A` | study | [`StudyLabels`](super::super::rows::StudyLabels) |
//! | `z` | SOP Instance UID | the number of the erasure by which it went |
//! | `Q` | number | [`NoteRecord`](super::super::rows::NoteRecord) |
//! | `X` | SOP Instance UID of a rejection note | its number |
//! | `P` | an object's digest | [`RotRow`](super::super::rows::RotRow) |
//! | `B` | number | [`WithholdRecord`](super::super::rows::WithholdRecord) |
//! | `N` | – | the highest number given |
//! | `m` | – | [`Meta`](super::Meta) |

use super::super::rows::{PatientKey, Place, StudyRow};
use protocol::{AeTitle, Digest, SiteId, Uid, manifest::Completeness};

pub(super) const META: &[u8] = b"m";
/// Bytes of a Patient ID or accession number in a key: longer ones share it and are told apart by their rows.
const VALUE_BYTES_MAX: usize = 64;
/// `YYYYMMDDHHMMSS`.
pub(super) const WHEN_BYTES: usize = 14;

/// The highest number given to a claim or proposal.
pub(super) const NUMBER: &[u8] = b"N";
pub(super) const PROPOSAL: u8 = b'W';
pub(super) const ERASURE: u8 = b'Y';
pub(super) const ROT: u8 = b'P';

pub(super) fn rot(digest: &Digest) -> Vec<u8> {
    keyed(ROT, &digest.0)
}

pub(super) fn claims_of_study(study: &Uid) -> Vec<u8> {
    print(b'l', &Digest::of(study.as_str().as_bytes())).to_vec()
}

pub(super) fn claim_of_study(study: &Uid, id: u64) -> Vec<u8> {
    with_number(claims_of_study(study), id)
}

pub(super) fn claims_of_patient(patient: &str) -> Vec<u8> {
    print(b'L', &Digest::of(patient.as_bytes())).to_vec()
}

pub(super) fn claim_of_patient(patient: &str, id: u64) -> Vec<u8> {
    with_number(claims_of_patient(patient), id)
}

pub(super) const NOTE: u8 = b'Q';

pub(super) fn note(id: u64) -> Vec<u8> {
    with_number(vec![NOTE], id)
}

pub(super) fn note_of(instance: &Uid) -> Vec<u8> {
    keyed(b'X', instance.as_str().as_bytes())
}

pub(super) fn proposal(id: u64) -> Vec<u8> {
    with_number(vec![PROPOSAL], id)
}

pub(super) fn erasure(id: u64) -> Vec<u8> {
    with_number(vec![ERASURE], id)
}

pub(super) fn tomb(instance: &Uid) -> Vec<u8> {
    keyed(b'z', instance.as_str().as_bytes())
}

fn with_number(mut key: Vec<u8>, id: u64) -> Vec<u8> {
    key.extend_from_slice(&id.to_be_bytes());
    key
}

/// The key of a fingerprint.
pub(super) type Print = [u8; 9];

pub(super) fn study(study: &Uid) -> Vec<u8> {
    keyed(b's', study.as_str().as_bytes())
}

pub(super) fn unsettled(study: &Uid) -> Vec<u8> {
    keyed(b'u', study.as_str().as_bytes())
}

pub(super) const REJECTION: u8 = b'r';

pub(super) fn rejection(id: u64) -> [u8; 9] {
    numbered(REJECTION, id)
}

pub(super) fn rejected(instance: &Uid) -> Vec<u8> {
    keyed(b'x', instance.as_str().as_bytes())
}

pub(super) const CONFLICT: u8 = b'q';
pub(super) const CORRECTION: u8 = b'k';
pub(super) const CORRECTIONS_OF: u8 = b'w';

pub(super) fn numbered(kind: u8, id: u64) -> [u8; 9] {
    let mut key = [kind; 9];
    key[1..].copy_from_slice(&id.to_be_bytes());
    key
}

pub(super) fn conflicts_of(instance: &Uid) -> Vec<u8> {
    keyed(b'y', instance.as_str().as_bytes())
}

pub(super) fn corrections_of(study: &Uid) -> Vec<u8> {
    keyed(CORRECTIONS_OF, study.as_str().as_bytes())
}

pub(super) fn merged(patient: &PatientKey) -> Vec<u8> {
    let mut key = keyed(b'g', patient.id.as_bytes());
    key.push(0);
    // An issuer that is empty is not one that is missing.
    if let Some(issuer) = &patient.issuer {
        key.push(1);
        key.extend_from_slice(issuer.as_bytes());
    }
    key
}

pub(super) const TIER: u8 = b't';

pub(super) fn tier(study: &Uid) -> Vec<u8> {
    keyed(TIER, study.as_str().as_bytes())
}

pub(super) const COPY: u8 = b'K';

pub(super) fn copy(digest: &Digest) -> Vec<u8> {
    keyed(COPY, &digest.0)
}

pub(super) const RULES: &[u8] = b"Rr";
pub(super) const RULE_NUMBER: &[u8] = b"Rn";
pub(super) const ROUTES: &[u8] = b"Rq";
pub(super) const OPEN_ROUTES: &[u8] = b"Ro";
pub(super) const COLD_DUE: &[u8] = b"Rc";
pub(super) const OFFERS: &[u8] = b"Rp";
pub(super) const HEARD: &[u8] = b"Rh";
pub(super) const FETCHES: &[u8] = b"Rg";
pub(super) const LABELS: u8 = b'A';

pub(super) const WITHHELD: &[u8] = b"B";

pub(super) fn withheld(id: u64) -> Vec<u8> {
    with_number(WITHHELD.to_vec(), id)
}

pub(super) fn rule(id: u64) -> Vec<u8> {
    with_number(RULES.to_vec(), id)
}

pub(super) fn fired(study: &Uid) -> Vec<u8> {
    [b"Rf", study.as_str().as_bytes()].concat()
}

pub(super) fn routes_of(kind: &[u8], study: &Uid) -> Vec<u8> {
    [kind, study.as_str().as_bytes(), &[0]].concat()
}

pub(super) fn route(kind: &[u8], study: &Uid, to: &AeTitle) -> Vec<u8> {
    let mut key = routes_of(kind, study);
    key.extend_from_slice(to.as_str().as_bytes());
    key
}

pub(super) fn with_peer(kind: &[u8], study: &Uid, peer: &SiteId) -> Vec<u8> {
    let mut key = routes_of(kind, study);
    key.extend_from_slice(&peer.0);
    key
}

pub(super) fn cold_due(study: &Uid) -> Vec<u8> {
    [COLD_DUE, study.as_str().as_bytes()].concat()
}

pub(super) fn labels(study: &Uid) -> Vec<u8> {
    keyed(LABELS, study.as_str().as_bytes())
}

fn keyed(kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + rest.len());
    key.push(kind);
    key.extend_from_slice(rest);
    key
}

pub(super) fn series(study: &Uid, series: &Uid) -> Vec<u8> {
    let mut key = keyed(b'e', study.as_str().as_bytes());
    key.push(0);
    key.extend_from_slice(series.as_str().as_bytes());
    key
}

pub(super) fn chunk(place: Place) -> [u8; 9] {
    let mut key = [b'c'; 9];
    key[1..5].copy_from_slice(&place.series.to_be_bytes());
    key[5..].copy_from_slice(&place.chunk.to_be_bytes());
    key
}

pub(super) fn sop_print(instance: &Uid) -> Print {
    print(b'f', &Digest::of(instance.as_str().as_bytes()))
}

pub(super) fn digest_print(digest: &Digest) -> Print {
    print(b'd', digest)
}

fn print(kind: u8, digest: &Digest) -> Print {
    let mut key = [kind; 9];
    key[1..].copy_from_slice(&digest.0[..8]);
    key
}

/// Digits inverted, so that the newest comes first.
pub(super) fn inverted(when: &str) -> Vec<u8> {
    when.bytes().map(|b| b'0' + (b'9' - b.clamp(b'0', b'9'))).collect()
}

impl StudyRow {
    /// Where the study stands in lists: ascending places are newest first.
    pub(crate) fn place(&self) -> Option<Vec<u8>> {
        of(self).into_iter().next()
    }
}

/// When a study was made as `YYYYMMDDHHMMSS`; where it does not say, when it arrived.
fn when(row: &StudyRow) -> String {
    match &row.date {
        Some(date) => format!("{date}{}", row.time.as_deref().unwrap_or("000000")),
        None => crate::tasks::civil(row.arrived),
    }
}

pub(super) fn valued_prefix(kind: u8, value: &str) -> Vec<u8> {
    let bytes = value.as_bytes();
    let mut key = keyed(kind, bytes.get(..VALUE_BYTES_MAX).unwrap_or(bytes));
    key.push(0);
    key
}

/// The keys without value that a study has.
pub(super) fn of(row: &StudyRow) -> Vec<Vec<u8>> {
    let mut order = inverted(&when(row));
    order.extend_from_slice(row.study.as_str().as_bytes());
    let mut keys = vec![keyed(b'o', &order)];
    for (kind, value) in [(b'p', &row.patient.id), (b'a', &row.accession)] {
        if let Some(value) = value {
            let mut key = valued_prefix(kind, value);
            key.extend_from_slice(&order);
            keys.push(key);
        }
    }
    if row.completeness == Completeness::Arriving {
        keys.push(unsettled(&row.study));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_that_are_gone_through_hold_nothing_else() {
        let digest = Digest::of(b"x");
        assert!(!copy(&digest).starts_with(&[CORRECTION]), "copies are no corrections");
    }

    #[test]
    fn later_dates_sort_first() {
        assert!(inverted("20240101120000") < inverted("20231231235959"));
    }
}
