//! What strangers' bytes meet at the ledger, for the fuzz targets (see `crate::fuzz`): proofs, heads, bundles.

use super::{stamp, verify::verify};
use crate::x509::Authorities;
use protocol::{
    SiteId,
    ledger::{Crossing, Follows, Hash, Head, Receipt, Seen, follows, tree},
    message,
    wire::{self, Wire},
};
use std::collections::BTreeSet;

/// A place, two sizes and a proof, as a peer sends them; and the signed values by themselves.
pub(crate) fn ledger(bytes: &[u8]) {
    read_again::<Head>(bytes);
    read_again::<Seen>(bytes);
    read_again::<Crossing>(bytes);
    read_again::<Receipt>(bytes);
    let _ = wire::decode::<message::Request>(bytes);
    let _ = wire::decode::<message::Answer>(bytes);
    let number = |at: usize| bytes.get(at..at + 8).and_then(|part| part.try_into().ok()).map_or(0, u64::from_le_bytes);
    let (place, old, size) = (number(0), number(8), number(16));
    let hashes: Vec<Hash> = bytes.get(24..).unwrap_or(&[]).as_chunks::<32>().0.iter().map(|hash| Hash(*hash)).collect();
    let (Some((root, rest)), leaf) = (hashes.split_first(), Hash::leaf(bytes)) else { return };
    assert!(!tree::is_included(&leaf, place, (size, root), rest), "a leaf that hashes its own proof is in no tree");
    let head = |size, root| Head { site: SiteId([1; 32]), size, root, at: protocol::Timestamp(1) };
    let held = head(old, leaf);
    let judged = follows(Some(&held), &head(size, *root), old, rest);
    assert!(judged != Follows::Yes || old == 0 && size > 0, "nothing follows from a root that nobody can know");
}

/// What reads as a value is written and read again the same.
pub(crate) fn read_again<T: Wire + PartialEq>(bytes: &[u8]) {
    if let Ok(value) = wire::decode::<T>(bytes) {
        assert!(wire::decode::<T>(&wire::encode(&value)).is_ok_and(|again| again == value));
    }
}

/// An evidence bundle: whoever checks one may have got it from anybody.
pub(crate) fn evidence(bytes: &[u8]) {
    let keys: BTreeSet<SiteId> = [SiteId([1; 32])].into();
    let report = verify(bytes, &keys, None);
    assert!(!report.faults.is_empty(), "nothing holds that no key of ours signed");
    let read = stamp::token(bytes).unwrap_or_default();
    for token in [bytes, &read] {
        assert!(stamp::check(token, b"a head", &Authorities::default()).is_err(), "nobody is named here");
    }
}
