//! How many images the PACS beside this node says that a study of a case has: where a scanner sends to both, what the PACS has
//! and this node has not is missing here.
//!
//! Asked while a case waits to be read and the study is quiet here, or not here at all; again at intervals, since the PACS too may
//! still be receiving. Of a PACS that is slow no more is asked than it answers: a study once at a time, and so many studies.
//!
//! # At a crash
//! What was counted is in the case, and is asked again.
//!
//! # Not here
//! How a source is asked: `sources`. What a case makes of a count: [`super::next`].

use super::Inner;
use crate::cases::Whole;
use protocol::{Uid, case::state::Stage, manifest::Completeness};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// Studies asked for side by side.
const AT_ONCE: usize = 2;
/// A count is asked for again so long after the last asking was over.
const AGAIN: Duration = Duration::from_secs(30);
/// Studies that are being asked for or wait for their turn. Beyond, they are asked for at a later look.
const ASKED_MAX: usize = 64;
/// Of these, those that were asked for before: what was never asked for finds room.
const ASKED_AGAIN_MAX: usize = ASKED_MAX / 2;
/// Counts remembered, more than are asked for at once. Beyond, the oldest is asked for anew.
const KEPT_MAX: usize = 2_000;

/// What the PACS said of a study.
#[derive(Debug)]
struct Said {
    /// When the last asking began or, once it is over, ended.
    at: Instant,
    asking: bool,
    /// The last that was said; `None`: nothing, or not yet.
    count: Option<u32>,
}

#[derive(Debug, Default)]
struct Book {
    said: HashMap<Uid, Said>,
    /// Those of them that are being asked for.
    asking: usize,
}

impl Book {
    /// Forgets what was said longest ago.
    fn forget(&mut self) {
        let over = self.said.iter().filter(|(_, said)| !said.asking);
        let oldest = over.min_by_key(|(_, said)| said.at).map(|(study, _)| study.clone());
        let _ = oldest.and_then(|study| self.said.remove(&study));
    }
}

/// What the PACS said lately.
#[derive(Debug)]
pub(super) struct Counts {
    book: Mutex<Book>,
    turns: Arc<Semaphore>,
}

/// A study that is being asked for, until this is dropped: however it ends, it is over then.
#[derive(Debug)]
struct Asking {
    inner: Arc<Inner>,
    study: Uid,
    count: Option<u32>,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.inner.counts.end(&self.study, self.count);
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self { book: Mutex::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Counts {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is to be asked for now; it counts as being asked for then, until [`Self::end`].
    fn begin(&self, study: &Uid) -> bool {
        let mut book = self.book();
        let (count, room) = match book.said.get(study) {
            Some(said) if said.asking || said.at.elapsed() < AGAIN => return false,
            Some(said) => (said.count, ASKED_AGAIN_MAX),
            None => (None, ASKED_MAX),
        };
        if book.asking >= room {
            return false;
        }
        if book.said.len() >= KEPT_MAX && !book.said.contains_key(study) {
            book.forget();
        }
        let _ = book.said.insert(study.clone(), Said { at: Instant::now(), asking: true, count });
        book.asking += 1;
        true
    }

    /// It was asked for; `None`: nothing was said, and what was said before stands.
    fn end(&self, study: &Uid, count: Option<u32>) {
        let mut book = self.book();
        let Some(said) = book.said.get_mut(study).filter(|said| said.asking) else { return };
        *said = Said { at: Instant::now(), asking: false, count: count.or(said.count) };
        book.asking = book.asking.saturating_sub(1);
    }

    pub(super) fn of(&self, study: &Uid) -> Option<u32> {
        self.book().said.get(study).and_then(|said| said.count)
    }
}

impl Inner {
    /// Asks for the studies of a case of ours that nobody has reported on yet.
    pub(super) fn ask_counts(self: &Arc<Self>, whole: &Whole) {
        let state = &whole.state;
        let is_awaited = state.requester.0 == self.us() && state.stage <= Stage::Reading && state.reports.is_empty();
        if !is_awaited || !self.parts.sources.are_any() {
            return;
        }
        let is_quiet = |study: &&Uid| {
            let row = self.parts.archive.study(study).ok().flatten();
            row.is_none_or(|row| row.completeness == Completeness::Complete)
        };
        for study in state.ask.studies.iter().filter(is_quiet).filter(|study| self.counts.begin(study)) {
            let (inner, case) = (self.clone(), whole.name());
            let mut asking = Asking { inner: self.clone(), study: study.clone(), count: None };
            self.parts.tasks.spawn("desk count", async move {
                let Ok(_turn) = inner.counts.turns.clone().acquire_owned().await else { return };
                asking.count = inner.parts.sources.count(&asking.study).await;
                let is_said = asking.count.is_some();
                drop(asking);
                if is_said {
                    inner.look_at([case]);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study(n: usize) -> Uid {
        format!("1.2.{n}").parse().unwrap()
    }

    /// As if the last asking had been over for long.
    fn age(counts: &Counts, study: &Uid) {
        counts.book().said.get_mut(study).unwrap().at = Instant::now().checked_sub(AGAIN).unwrap();
    }

    #[test]
    fn a_study_is_asked_for_once_at_a_time_and_what_was_said_stands() {
        let (counts, one) = (Counts::default(), study(1));
        assert!(counts.begin(&one) && !counts.begin(&one));
        age(&counts, &one);
        assert!(!counts.begin(&one), "it is being asked for, however long that takes");
        counts.end(&one, Some(412));
        assert_eq!(counts.of(&one), Some(412));
        assert!(!counts.begin(&one), "it was asked for lately");
        age(&counts, &one);
        assert!(counts.begin(&one));
        assert_eq!(counts.of(&one), Some(412), "until something else is said");
        counts.end(&one, None);
        assert_eq!((counts.of(&one), counts.book().asking), (Some(412), 0));
    }

    #[test]
    fn no_more_are_asked_for_than_there_is_room_and_what_was_never_asked_for_finds_some() {
        let counts = Counts::default();
        for n in 0..ASKED_MAX {
            assert!(counts.begin(&study(n)));
            counts.end(&study(n), Some(1));
            age(&counts, &study(n));
        }
        let asked = (0..ASKED_MAX).filter(|n| counts.begin(&study(*n))).count();
        assert_eq!(asked, ASKED_AGAIN_MAX);
        let asked = (ASKED_MAX..3 * ASKED_MAX).filter(|n| counts.begin(&study(*n))).count();
        assert_eq!((asked, counts.book().asking), (ASKED_MAX - ASKED_AGAIN_MAX, ASKED_MAX));
    }

    #[test]
    fn the_oldest_is_forgotten_and_none_that_is_being_asked_for() {
        let (counts, asking, oldest) = (Counts::default(), study(0), study(1));
        assert!(counts.begin(&asking));
        for n in 1..=KEPT_MAX {
            assert!(counts.begin(&study(n)));
            counts.end(&study(n), Some(1));
        }
        assert_eq!((counts.of(&oldest), counts.of(&study(2)), counts.book().said.len()), (None, Some(1), KEPT_MAX));
        counts.end(&asking, Some(7));
        assert_eq!((counts.of(&asking), counts.book().asking), (Some(7), 0));
    }
}
