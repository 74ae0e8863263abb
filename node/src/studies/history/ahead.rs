//! Priors brought before anybody asks for them: the relevant ones of a case that is to be read here.
//!
//! As many as help and no more: by rank, within a number and an amount for each case. What was brought and never opened is
//! counted, since it cost the line and the cache for nothing.
//!
//! # At a crash
//! What came lies in the leased cache; what did not is brought when the case is looked at again. The counts begin anew.
//!
//! # Not here
//! When: `desk`. Room on the line: `transfer` lets whoever waits go first.

use super::{HistoryLine, HistoryRow, SiteState, Studies, Subject};
use crate::{studies::Availability, trust::Person};
use lru::LruCache;
use protocol::{SiteId, Uid, priors::RELEVANT};
use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

/// Priors of one case.
const STUDIES_MAX: usize = 6;
/// Their bytes.
const BYTES_MAX: u64 = 2 << 30;
/// Studies remembered as brought.
const BROUGHT_MAX: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// Since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AheadFigures {
    pub(crate) studies: u64,
    pub(crate) bytes: u64,
    /// Of these, opened by somebody.
    pub(crate) opened: u64,
    pub(crate) opened_bytes: u64,
}

/// What looking for priors came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looked {
    /// Studies that are on their way.
    pub(crate) brought: usize,
    /// Sites that did not answer: what they have is not known.
    pub(crate) away: BTreeSet<SiteId>,
}

/// Bytes of each study, and whether somebody opened it.
type Studied = LruCache<Uid, (u64, bool)>;

/// What was brought.
#[derive(Debug)]
pub(in super::super) struct Brought(Mutex<(Studied, AheadFigures)>);

impl Default for Brought {
    fn default() -> Self {
        Self(Mutex::new((LruCache::new(BROUGHT_MAX), AheadFigures::default())))
    }
}

impl Brought {
    fn note(&self, study: &Uid, bytes: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.0.put(study.clone(), (bytes, false)).is_none() {
            all.1.studies += 1;
            all.1.bytes = all.1.bytes.saturating_add(bytes);
        }
    }

    /// A person opened a study.
    pub(in super::super) fn opened(&self, study: &Uid) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((bytes, is_opened)) = all.0.get_mut(study).filter(|(_, is_opened)| !is_opened) else { return };
        *is_opened = true;
        let bytes = *bytes;
        all.1.opened += 1;
        all.1.opened_bytes = all.1.opened_bytes.saturating_add(bytes);
    }

    fn has(&self, study: &Uid) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.contains(study)
    }

    fn figures(&self) -> AheadFigures {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

/// Those worth bringing, best first, as many as there is room for.
fn chosen(mut rows: Vec<HistoryRow>, current: &[Uid]) -> Vec<(Uid, u64)> {
    rows.retain(|row| {
        let found = &row.found;
        row.is.is_prior()
            && row.relevance >= RELEVANT
            && found.availability == Availability::Remote
            && !current.contains(&found.row.study)
    });
    rows.sort_by_cached_key(|row| (std::cmp::Reverse(row.relevance), row.found.row.place()));
    let mut room = BYTES_MAX;
    let fits = |row: HistoryRow| {
        let bytes = row.found.row.bytes;
        room = room.checked_sub(bytes)?;
        Some((row.found.row.study, bytes))
    };
    rows.into_iter().take(STUDIES_MAX).map_while(fits).collect()
}

impl Studies {
    /// Brings the relevant priors of a study that is to be read here.
    pub(crate) async fn bring_priors(&self, subject: Subject, current: &[Uid]) -> Looked {
        let (node, mut looked) = (Person::of_priors(), Looked::default());
        let Ok(mut lines) = self.history(&node, subject, true) else { return looked };
        let mut rows = std::collections::BTreeMap::new();
        while let Some(line) = lines.recv().await {
            match line {
                HistoryLine::Study(row) => drop(rows.insert(row.found.row.study.clone(), *row)),
                HistoryLine::Site { site: Some(site), state: SiteState::Away, .. } => drop(looked.away.insert(site)),
                _ => {}
            }
        }
        for (study, bytes) in chosen(rows.into_values().collect(), current) {
            if self.shared.history.brought.has(&study) {
                continue;
            }
            match self.prefetch(&node, &study).await {
                Ok(()) => {
                    self.shared.history.brought.note(&study, bytes);
                    looked.brought += 1;
                }
                Err(why) => tracing::info!(%study, %why, "a prior is not brought"),
            }
        }
        looked
    }

    /// What was brought before anybody asked, and how much of it was of use.
    pub(crate) fn ahead_figures(&self) -> AheadFigures {
        self.shared.history.brought.figures()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_brought_is_wasted_until_somebody_opens_it() {
        let (brought, one) = (Brought::default(), Uid::parse("1.2").unwrap());
        brought.note(&one, 100);
        brought.note(&one, 100);
        brought.opened(&Uid::parse("1.3").unwrap());
        assert_eq!(brought.figures(), AheadFigures { studies: 1, bytes: 100, opened: 0, opened_bytes: 0 });
        brought.opened(&one);
        brought.opened(&one);
        assert_eq!(brought.figures(), AheadFigures { studies: 1, bytes: 100, opened: 1, opened_bytes: 100 });
    }
}
