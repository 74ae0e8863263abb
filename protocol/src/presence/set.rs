//! The list into which an asker looks: a record for each patient, and as many that stand for nobody as it takes to make the
//! number a power of two.
//!
//! A record is sixteen bytes: eight by which it is found, eight that hide the counts. Both are drawn from what the function
//! made of the patient, for one asker and one list: of a patient that was not asked for nothing in it can be told from
//! chance, not even that two lists hold the same one. Two patients under one mark: one in 2⁶⁴ for each in the list.
//!
//! # Not here
//! Which patients: the holder's node.

use super::{Counts, PATIENTS_MAX, RECENT_MAX, context, oprf::Output};
use crate::ids::{Id128, SiteId};
use serde::{Deserialize, Serialize};

/// Bytes of a record.
pub const RECORD_BYTES: usize = 16;
/// The fewest records of a list: below it sizes tell nothing at all.
pub const RECORDS_MIN: usize = 64;

/// Records one behind the other, in the order of their bytes.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records(#[serde(with = "serde_bytes")] Vec<u8>);

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Records({})", self.len())
    }
}

/// What changed since a list was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Drawn for it.
    pub id: Id128,
    /// Its records.
    pub records: Records,
}

/// How many records stand for so many patients; `None`: more than a list holds.
#[must_use]
pub fn padded(patients: usize) -> Option<usize> {
    let padded = patients.max(RECORDS_MIN).checked_next_power_of_two()?;
    (padded <= PATIENTS_MAX).then_some(padded)
}

fn record(output: &Output, counts: Counts, (asker, list): (&SiteId, &Id128)) -> [u8; RECORD_BYTES] {
    let mut bytes = [0; RECORD_BYTES];
    let mut drawn = blake3::Hasher::new_keyed(&output.0);
    drawn.update(b"confrere/presence-record/1").update(&context(asker, list));
    drawn.finalize_xof().fill(&mut bytes);
    for (byte, count) in bytes[8..].iter_mut().zip(counts.0) {
        *byte ^= count;
    }
    bytes
}

impl Records {
    /// A list for one asker. `seed` draws the records that stand for nobody, and is used for nothing else.
    /// `None`: more patients than a list holds.
    pub fn make<'a>(
        patients: impl IntoIterator<Item = (&'a Output, Counts)>,
        to: (&SiteId, &Id128),
        seed: &[u8; 32],
    ) -> Option<Self> {
        let mut made: Vec<[u8; RECORD_BYTES]> =
            patients.into_iter().map(|(output, counts)| record(output, counts, to)).collect();
        let mut chance = blake3::Hasher::new_derive_key("confrere presence 1 padding").update(seed).finalize_xof();
        made.resize_with(padded(made.len())?, || {
            let mut nobody = [0; RECORD_BYTES];
            chance.fill(&mut nobody);
            nobody
        });
        made.sort_unstable();
        Some(Self(made.concat()))
    }

    /// Bytes as they came.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Their bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len() / RECORD_BYTES
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no part of a record is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.0.len().is_multiple_of(RECORD_BYTES)
    }

    fn each(&self) -> &[[u8; RECORD_BYTES]] {
        self.0.as_chunks().0
    }

    /// Whether it is a list as one is made: of a size that tells nothing, in order.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.is_whole() && padded(self.len()) == Some(self.len()) && self.each().is_sorted()
    }

    /// Page `number` of so many records each; `None` behind the last.
    #[must_use]
    pub fn page(&self, number: u32, records: usize) -> Option<Self> {
        let part = self.0.chunks(records.checked_mul(RECORD_BYTES)?).nth(usize::try_from(number).ok()?)?;
        Some(Self(part.to_vec()))
    }

    /// What the list says of a patient; `None`: nothing.
    #[must_use]
    pub fn find(&self, output: &Output, to: (&SiteId, &Id128)) -> Option<Counts> {
        let wanted = record(output, Counts::default(), to);
        let records = self.each();
        let at = records.partition_point(|one| one[..8] < wanted[..8]);
        let found = records.get(at).filter(|one| one[..8] == wanted[..8])?;
        let mut counts = Counts::default();
        for (count, (byte, hidden)) in counts.0.iter_mut().zip(found[8..].iter().zip(&wanted[8..])) {
            *count = byte ^ hidden;
        }
        Some(counts)
    }
}

impl Recent {
    /// Whether it is within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.records.len() <= RECENT_MAX && self.records.is_sound()
    }
}

/// What a list and what changed since say of a patient together: what changed counts.
#[must_use]
pub fn look(output: &Output, asker: &SiteId, list: (&Records, &Id128), recent: &Recent) -> Counts {
    let (records, id) = list;
    let in_list = records.find(output, (asker, id));
    let changed = recent.records.find(output, (asker, &recent.id));
    changed.or(in_list).unwrap_or_default()
}
