//! The tree over a log (RFC 9162 §2.1, SHA-256): heads, proofs that a record is in it, proofs that it only grew.
//!
//! A leaf is hashed with 0x00 before it, an inner node with 0x01, so that neither is ever taken for the other. Whoever
//! makes proofs gives the hashes of complete subtrees; whoever checks them needs nothing but the proof.
//!
//! # Not here
//! Keeping the hashes: `node::audit`.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Hashes in a proof at most: a log has fewer than 2^64 records.
pub const PROOF_HASHES_MAX: usize = 64;

/// SHA-256, 32 bytes. Shown in hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Of a record's bytes.
    #[must_use]
    pub fn leaf(bytes: &[u8]) -> Self {
        Self::leaf_of(&[bytes])
    }

    /// Of bytes that lie in parts.
    #[must_use]
    pub fn leaf_of(parts: &[&[u8]]) -> Self {
        let mut sha = Sha256::new_with_prefix([0]);
        parts.iter().for_each(|part| sha.update(part));
        Self(sha.finalize().into())
    }

    /// Of two subtrees.
    #[must_use]
    pub fn node(left: &Self, right: &Self) -> Self {
        let mut bytes = [1; 65];
        bytes[1..33].copy_from_slice(&left.0);
        bytes[33..].copy_from_slice(&right.0);
        Self(Sha256::digest(bytes).into())
    }

    /// Of a log without records.
    #[must_use]
    pub fn empty() -> Self {
        Self(Sha256::digest([]).into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The largest power of two below `n`; `n` is at least 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// The root over the records `from..to`, as it occurs in a tree. `complete` gives the hash over the records
/// `index << level .. (index + 1) << level`.
///
/// # Errors
/// Those of `complete`.
pub fn root<E>(from: u64, to: u64, complete: &mut impl FnMut(u32, u64) -> Result<Hash, E>) -> Result<Hash, E> {
    let count = to.saturating_sub(from);
    if count == 0 {
        return Ok(Hash::empty());
    }
    if count.is_power_of_two() {
        let level = count.ilog2();
        return complete(level, from >> level);
    }
    let middle = from + split(count);
    Ok(Hash::node(&root(from, middle, complete)?, &root(middle, to, complete)?))
}

/// Proof that the record at `place` is in the log of `size` records; empty where it is not.
///
/// # Errors
/// Those of `complete`.
pub fn inclusion<E>(
    place: u64,
    size: u64,
    complete: &mut impl FnMut(u32, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let (mut from, mut to, mut proof) = (0, size, Vec::new());
    if place >= size {
        return Ok(proof);
    }
    while to - from > 1 {
        let middle = from + split(to - from);
        if place < middle {
            proof.push(root(middle, to, complete)?);
            to = middle;
        } else {
            proof.push(root(from, middle, complete)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proof that the log of `old` records is the beginning of the log of `size`; empty where `old` is none or all of it.
///
/// # Errors
/// Those of `complete`.
pub fn consistency<E>(
    old: u64,
    size: u64,
    complete: &mut impl FnMut(u32, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let mut proof = Vec::new();
    if old == 0 || old >= size {
        return Ok(proof);
    }
    let (mut from, mut to, mut is_known) = (0, size, true);
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(root(middle, to, complete)?);
            to = middle;
        } else {
            proof.push(root(from, middle, complete)?);
            from = middle;
            is_known = false;
        }
    }
    if !is_known {
        proof.push(root(from, to, complete)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether a leaf is at `place` of the log of `size` records with this root (RFC 9162 §2.1.3.2).
#[must_use]
pub fn is_included(leaf: &Hash, place: u64, (size, root): (u64, &Hash), proof: &[Hash]) -> bool {
    if place >= size || proof.len() > PROOF_HASHES_MAX {
        return false;
    }
    let (mut at, mut last, mut hash) = (place, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = Hash::node(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = Hash::node(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Whether the older log is the beginning of the newer (RFC 9162 §2.1.4.2).
#[must_use]
pub fn is_consistent(older: (u64, &Hash), newer: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((old, old_root), (size, new_root)) = (older, newer);
    if old > size || proof.len() > PROOF_HASHES_MAX {
        return false;
    }
    if old == size {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return proof.is_empty() && *old_root == Hash::empty();
    }
    let (first, rest) = if old.is_power_of_two() {
        (*old_root, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else { return false };
        (*first, rest)
    };
    let (mut at, mut last) = (old - 1, size - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut of_old, mut of_new) = (first, first);
    for hash in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            of_old = Hash::node(hash, &of_old);
            of_new = Hash::node(hash, &of_new);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            of_new = Hash::node(&of_new, hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && of_old == *old_root && of_new == *new_root
}
