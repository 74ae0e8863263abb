//! Screens that are live: a page that is looked at says so every some seconds.

use protocol::Timestamp;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// People that are remembered: beyond, those longest silent are forgotten, who are silent anyway.
const PEOPLE_MAX: usize = 4_096;
/// After this nobody needs to know any more when it was.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(86_400);

/// When each person's screen was last live.
#[derive(Debug)]
pub(super) struct Screens {
    /// What was before is not known.
    since: Timestamp,
    last: Mutex<HashMap<String, Timestamp>>,
}

impl Screens {
    pub(super) fn since(since: Timestamp) -> Self {
        Self { since, last: Mutex::default() }
    }

    pub(super) fn alive(&self, person: &str, now: Timestamp) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= PEOPLE_MAX && !last.contains_key(person) {
            last.retain(|_, at| now.since(*at) < FORGOTTEN_AFTER);
            if last.len() >= PEOPLE_MAX {
                return;
            }
        }
        last.insert(person.to_owned(), now);
    }

    /// Whose screens were live within so long.
    pub(super) fn live(&self, now: Timestamp, within: Duration) -> BTreeSet<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().filter(|(_, at)| now.since(**at) < within).map(|(person, _)| person.clone()).collect()
    }

    /// When it was last live; where it was not, since when that is known.
    pub(super) fn last(&self, person: &str) -> Timestamp {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.get(person).copied().unwrap_or(self.since)
    }
}
