//! Digests and verified ranges.
//!
//! A digest is BLAKE3 over the data set bytes as received. A range of an object is believed by way of the object's
//! *groups*: the BLAKE3 chaining values of each 16 KiB of it. The groups merge to the digest (so a lie about them is
//! found before any byte is used), and each group of bytes is then checked against its own value as it arrives: a
//! wrong byte is found within 16 KiB, whatever the object's size. The list costs 0.2 % of the bytes.
//!
//! # Not here
//! Reading and sending: `node::transfer`.

use crate::limits::{GROUP, GROUP_BYTES};
use blake3::hazmat::{self, HasherExt, Mode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// BLAKE3, 32 bytes. Shown in hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
impl std::str::FromStr for Digest {
    type Err = NotADigest;
    fn from_str(s: &str) -> Result<Self, NotADigest> {
        let bytes = data_encoding::HEXLOWER.decode(s.as_bytes()).map_err(|_| NotADigest)?;
        Ok(Self(bytes.try_into().map_err(|_| NotADigest)?))
    }
}

/// The text is not 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a digest (64 hex digits)")]
pub struct NotADigest;

/// The chaining values of an object's groups, in order. An object of one group or less has the empty list: its digest
/// itself is the check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups(pub Vec<[u8; 32]>);

impl Groups {
    /// How many values an object of `bytes` bytes has.
    #[must_use]
    pub fn count(bytes: u64) -> u64 {
        if bytes <= GROUP_BYTES { 0 } else { bytes.div_ceil(GROUP_BYTES) }
    }

    /// Computes the groups and the digest of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> (Self, Digest) {
        if bytes.len() <= GROUP {
            return (Self::default(), Digest::of(bytes));
        }
        let values: Vec<[u8; 32]> =
            bytes.chunks(GROUP).zip(0..).map(|(group, index)| group_value(index, group)).collect();
        let digest = Digest(merge_root(&values));
        (Self(values), digest)
    }

    /// Whether these values are those of the object `digest` of `bytes` bytes.
    #[must_use]
    pub fn belong_to(&self, digest: &Digest, bytes: u64) -> bool {
        self.0.len() as u64 == Self::count(bytes) && (self.0.is_empty() || merge_root(&self.0) == digest.0)
    }

    /// Checks group number `index` (its bytes complete) of an object whose groups already [`Groups::belong_to`] it.
    #[must_use]
    pub fn holds(&self, index: u64, group: &[u8], digest: &Digest) -> bool {
        if self.0.is_empty() {
            return index == 0 && Digest::of(group) == *digest;
        }
        usize::try_from(index).ok().and_then(|i| self.0.get(i)).is_some_and(|value| group_value(index, group) == *value)
    }
}

fn group_value(index: u64, group: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(index * GROUP_BYTES);
    hasher.update(group);
    hasher.finalize_non_root()
}

/// BLAKE3's tree over equal leaves: the left child takes the largest power of two of leaves that leaves one over.
fn merge(values: &[[u8; 32]]) -> [u8; 32] {
    match values {
        [] => [0; 32],
        [one] => *one,
        _ => {
            let (left, right) = values.split_at(left_len(values.len()));
            hazmat::merge_subtrees_non_root(&merge(left), &merge(right), Mode::Hash)
        }
    }
}

fn merge_root(values: &[[u8; 32]]) -> [u8; 32] {
    let (left, right) = values.split_at(left_len(values.len()));
    *hazmat::merge_subtrees_root(&merge(left), &merge(right), Mode::Hash).as_bytes()
}

fn left_len(leaves: usize) -> usize {
    leaves.div_ceil(2).next_power_of_two()
}

/// Groups and digest of bytes that come in pieces, in bounded memory (32 bytes a group).
#[derive(Debug, Default)]
pub struct GroupsBuilder {
    values: Vec<[u8; 32]>,
    partial: Vec<u8>,
}

impl GroupsBuilder {
    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.partial.len() == GROUP {
                self.close_group();
            }
            // A whole group that others follow is hashed where it lies. The last one waits: alone it is the root.
            if self.partial.is_empty()
                && bytes.len() > GROUP
                && let Some((group, later)) = bytes.split_at_checked(GROUP)
            {
                self.values.push(group_value(self.values.len() as u64, group));
                bytes = later;
                continue;
            }
            let take = (GROUP - self.partial.len()).min(bytes.len());
            let (now, later) = bytes.split_at(take);
            self.partial.extend_from_slice(now);
            bytes = later;
        }
    }

    fn close_group(&mut self) {
        self.values.push(group_value(self.values.len() as u64, &self.partial));
        self.partial.clear();
    }

    /// The groups and the digest of everything taken.
    #[must_use]
    pub fn finish(mut self) -> (Groups, Digest) {
        if self.values.is_empty() {
            return (Groups::default(), Digest::of(&self.partial));
        }
        self.close_group();
        let digest = Digest(merge_root(&self.values));
        (Groups(self.values), digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn groups_merge_to_the_plain_digest(len in 0usize..400_000, seed: u8) {
            let bytes: Vec<u8> = (0..len).map(|i| i.to_le_bytes()[0].wrapping_mul(31) ^ i.to_le_bytes()[1] ^ seed).collect();
            let (groups, digest) = Groups::of(&bytes);
            prop_assert_eq!(digest, Digest::of(&bytes));
            prop_assert!(groups.belong_to(&digest, len as u64));
            for (i, group) in bytes.chunks(GROUP).enumerate() {
                prop_assert!(groups.holds(i as u64, group, &digest));
            }
        }

        #[test]
        fn pieces_of_any_size_come_to_the_same(groups in 0usize..8, more in 0usize..3, sizes in prop::collection::vec(1usize..70_000, 1..8)) {
            // Also what ends with a whole group, or just beside one.
            let bytes: Vec<u8> = (0..(groups * GROUP + more).saturating_sub(1)).map(|i| (i % 251).to_le_bytes()[0]).collect();
            let (mut builder, mut rest) = (GroupsBuilder::default(), bytes.as_slice());
            for size in sizes.iter().cycle() {
                let (now, later) = rest.split_at((*size).min(rest.len()));
                builder.update(now);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(builder.finish(), Groups::of(&bytes));
            prop_assert_eq!(Groups::of(&bytes).1, Digest::of(&bytes));
        }

        #[test]
        fn a_flipped_bit_is_found_in_its_group(len in 1usize..100_000, at: prop::sample::Index, bit in 0u8..8) {
            let mut bytes = vec![7u8; len];
            let (groups, digest) = Groups::of(&bytes);
            let at = at.index(len);
            bytes[at] ^= 1 << bit;
            for (i, group) in bytes.chunks(GROUP).enumerate() {
                let is_wrong = at / GROUP == i;
                prop_assert_eq!(groups.holds(i as u64, group, &digest), !is_wrong);
            }
        }

        #[test]
        fn a_changed_list_does_not_belong(len in 16_385usize..200_000, at: prop::sample::Index) {
            let bytes = vec![1u8; len];
            let (mut groups, digest) = Groups::of(&bytes);
            let at = at.index(groups.0.len());
            groups.0[at][0] ^= 1;
            prop_assert!(!groups.belong_to(&digest, len as u64));
        }
    }
}
