//! Which bytes a report's object has that is filed: written down before it is, so that whatever else lies under its UID is not taken
//! for it.
//!
//! # At a crash
//! The record may be there and the object not: then it is filed.
//!
//! # Not here
//! Filing: `desk`. What the objects hold: `reports`.

use super::{CaseError, Cases, record::Record};
use crate::tasks;
use protocol::{Digest, Timestamp, Uid};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::PoisonError};

/// Objects of which it is remembered: of as many cases as are kept, two each. Beyond, the oldest are believed by their UID, once they
/// were said to be delivered.
const FILINGS_MAX: usize = 200_000;

/// An object that is about to be filed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filing {
    pub(crate) instance: Uid,
    /// Of its data set.
    pub(crate) object: Digest,
    pub(crate) at: Timestamp,
}

/// By SOP Instance UID.
#[derive(Debug, Default)]
pub(super) struct Filings(BTreeMap<Uid, (Digest, Timestamp)>);

impl Filings {
    pub(super) fn take(&mut self, filing: Filing) {
        let _ = self.0.insert(filing.instance, (filing.object, filing.at));
        if self.0.len() > FILINGS_MAX {
            // All are looked at, which is not to be done for each one that comes.
            let mut by_age: Vec<Timestamp> = self.0.values().map(|(_, at)| *at).collect();
            by_age.sort_unstable();
            let youngest_gone = by_age.get(FILINGS_MAX / 10).copied().unwrap_or_default();
            self.0.retain(|_, (_, at)| *at > youngest_gone);
        }
    }

    fn of(&self, instance: &Uid) -> Option<Digest> {
        self.0.get(instance).map(|(object, _)| *object)
    }
}

impl Cases {
    /// An object is about to be filed under this UID, with these bytes. Durable when it returns.
    ///
    /// # Errors
    /// When it cannot be written: then nothing is to be filed.
    pub(crate) async fn file(&self, instance: Uid, object: Digest) -> Result<(), CaseError> {
        if self.filing(&instance) == Some(object) {
            return Ok(());
        }
        let this = self.clone();
        self.finish(async move {
            let _writing = this.inner.writing.lock().await;
            let record = Record::Filing(Filing { instance, object, at: tasks::now() });
            this.write(&record).await?;
            this.inner.book.write().unwrap_or_else(PoisonError::into_inner).change(record);
            Ok(())
        })
        .await
    }

    /// With which bytes an object was to be filed under a UID; `None`: none was, or it is not remembered.
    pub(crate) fn filing(&self, instance: &Uid) -> Option<Digest> {
        self.book().filings.of(instance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filing(n: usize, object: u8) -> Filing {
        let instance = format!("1.2.{}", n + 1).parse().unwrap();
        Filing { instance, object: Digest([object; 32]), at: Timestamp(n as u64) }
    }

    #[test]
    fn the_last_word_counts_and_the_oldest_are_forgotten_when_there_are_too_many() {
        let mut filings = Filings::default();
        filings.take(filing(7, 1));
        filings.take(filing(7, 2));
        assert_eq!(filings.of(&filing(7, 0).instance), Some(Digest([2; 32])));
        assert_eq!(filings.of(&filing(8, 0).instance), None);
        for n in 0..=FILINGS_MAX {
            filings.take(filing(n, 3));
        }
        assert_eq!(filings.0.len(), FILINGS_MAX - FILINGS_MAX / 10);
        assert_eq!(filings.of(&filing(FILINGS_MAX / 10, 0).instance), None);
        assert_eq!(filings.of(&filing(FILINGS_MAX / 10 + 1, 0).instance), Some(Digest([3; 32])));
    }
}
