//! Whether a peer knows a patient, asked so that a peer without the patient learns nothing (level L0).
//!
//! A national number is one of some ten thousand million: a hash of it, keyed or not, is no secret from whoever holds the key.
//! So the asker sends a point that is the number hidden under a factor drawn for this one question; the holder multiplies it
//! with its key and proves that it was the key that it published ([`oprf`], RFC 9497). What comes out is looked up in a
//! list that the holder gave beforehand and that means nothing without it ([`set`]). The holder sees a random point and
//! nothing else, whoever is meant; the asker learns of the patients that it asked for, one a question, and so many
//! questions a day.
//!
//! # Not here
//! Who may ask: [`crate::agreement`] and `node::trust`. Counting the questions, and the key's life: `node::overlay`.

pub mod oprf;
pub mod pace;
pub mod set;

#[cfg(test)]
mod tests;

use crate::{
    identity::ins::{self, Ins},
    ids::{Id128, SiteId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// Questions of one site in a minute: a desk with several people at it.
pub const MINUTE_MAX: u32 = 30;
/// Questions of one site in a day. Going through the population of one town would take longer than a key lives.
pub const DAY_MAX: u32 = 500;
/// How long a key lives; what was asked under it says nothing about lists of the next one.
pub const KEY_LASTS: Duration = Duration::from_secs(7 * 86_400);
/// Patients in a list at most.
pub const PATIENTS_MAX: usize = 1 << 20;
/// Records in one page of a list: half of [`crate::limits::MESSAGE_BYTES_MAX`].
pub const PAGE_RECORDS: usize = 1 << 15;
/// Records of what changed since the list was made: 32 KiB beside each answer at most.
pub const RECENT_MAX: usize = 2048;

/// Which patient: a qualified national number, and whether it is one for tests only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject([u8; 16]);

/// No number in logs.
impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

impl Subject {
    /// By an identifier with who issued it; `None` where it is not the national one, or not well formed.
    #[must_use]
    pub fn parse(issuer: &str, id: &str) -> Option<Self> {
        let is_test = ins::is_national(issuer)?;
        let number = Ins::parse(id)?;
        let mut bytes = [0; 16];
        bytes[0] = u8::from(is_test);
        bytes[1..].copy_from_slice(number.as_str().as_bytes().get(..15)?);
        Some(Self(bytes))
    }

    fn input(&self) -> Vec<u8> {
        [&b"confrere/presence/1"[..], &self.0].concat()
    }
}

/// A point of ristretto255 as it travels. Whether it is one is seen when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Element(pub [u8; 32]);

/// That a point was multiplied with the key of another one (RFC 9497 §2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof(pub [[u8; 32]; 2]);

/// Kinds of examination that are counted apart, by the modalities that belong to each; all else is the last.
pub const KINDS: [(&str, &[&str]); 8] = [
    ("CT", &["CT"]),
    ("MR", &["MR"]),
    ("XR", &["CR", "DX", "RG", "IO", "PX"]),
    ("US", &["US", "IVUS"]),
    ("MG", &["MG"]),
    ("NM", &["NM", "PT"]),
    ("XA", &["XA", "RF"]),
    ("OT", &[]),
];

/// Studies of one patient by kind; 255 stands for more as well. None at all: not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts(pub [u8; 8]);

impl Counts {
    /// Counts one study. Its reports and markings are no kind of their own where it has images.
    pub fn add(&mut self, modalities: &[String]) {
        let has = |kind: &&(&str, &[&str])| modalities.iter().any(|m| kind.1.contains(&m.as_str()));
        let mut any = false;
        for (count, _) in self.0.iter_mut().zip(&KINDS).filter(|(_, kind)| has(kind)) {
            *count = count.saturating_add(1);
            any = true;
        }
        if let (false, Some(other)) = (any, self.0.last_mut()) {
            *other = other.saturating_add(1);
        }
    }

    /// Whether there is any.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.0.iter().any(|count| *count > 0)
    }

    /// Those that there are, by kind.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, u8)> {
        KINDS.into_iter().zip(self.0).filter(|(_, count)| *count > 0).map(|((kind, _), count)| (kind, count))
    }
}

/// Which list of a holder's is meant, and by which key it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SetName {
    /// Drawn for it.
    pub id: Id128,
    /// The public half of the key.
    pub key: Element,
}

/// The holder's answer to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluated {
    /// The list to look into.
    pub set: SetName,
    /// The point, multiplied.
    pub element: Element,
    /// By that key.
    pub proof: Proof,
    /// Until when what is in the list and in what changed since was looked at.
    pub as_of: Timestamp,
    /// What is otherwise than in the list; a patient without studies is no longer in it.
    pub recent: set::Recent,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPage {
    /// Of which.
    pub set: SetName,
    /// Pages in all; each but the last is full.
    pub pages: u32,
    /// Its records.
    pub records: set::Records,
}

impl SetPage {
    /// Whether it is page `number` of a list within bounds.
    #[must_use]
    pub fn is_sound(&self, number: u32) -> bool {
        let most = u32::try_from(PATIENTS_MAX / PAGE_RECORDS).unwrap_or(u32::MAX);
        let (count, full) = (self.records.len(), PAGE_RECORDS);
        number < self.pages
            && self.pages <= most
            && self.records.is_whole()
            && (count == full || (self.pages == 1 && (1..full).contains(&count)))
    }
}

/// Under what a record is hidden beside the holder's key: for whom, and in which list or list of changes.
fn context(asker: &SiteId, list: &Id128) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[..32].copy_from_slice(&asker.0);
    bytes[32..].copy_from_slice(&list.0);
    bytes
}
