//! Studies of ours that came lately: by when they came, not by when they say that they were made. A scanner's clock may be wrong,
//! and some say no date.
//!
//! The archive is gone through once, in the background, and its news are followed from then on; who asks each second sees only
//! what is kept here. What a source brought long after it was made, in a migration or as a prior, is not of these days.
//!
//! # At a crash
//! It is gone, and the next start goes through the archive again.
//!
//! # Not here
//! Which of them lack a request: [`super::images`].

use super::Inner;
use crate::{
    archive::{Archive, ArchiveError, ArchiveEvent, StudyRow},
    sources::Sources,
    tasks,
};
use protocol::{Timestamp, Uid};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::Instant,
};

const DAY: Duration = Duration::from_secs(86_400);
/// A study that came before that came before there was a desk, or is nobody's any more.
const LATELY: Duration = Duration::from_secs(2 * 86_400);
/// Studies kept: two days of a large house. Beyond, those that came first go.
const KEPT_MAX: usize = 5_000;
/// An archive that could not be read is gone through again after this.
const AGAIN: Duration = Duration::from_secs(60);

/// The studies, in the order in which they came.
#[derive(Debug, Default)]
struct Book {
    rows: HashMap<Uid, Arc<StudyRow>>,
    order: BTreeSet<(Timestamp, Uid)>,
}

impl Book {
    /// A study as it is now; `None`: it is none of these, or not here any more.
    fn put(&mut self, study: &Uid, row: Option<StudyRow>) {
        if let Some(before) = self.rows.remove(study) {
            let _ = self.order.remove(&(before.arrived, study.clone()));
        }
        let Some(row) = row else { return };
        let _ = self.order.insert((row.arrived, study.clone()));
        let _ = self.rows.insert(study.clone(), Arc::new(row));
        if self.order.len() > KEPT_MAX {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, study)) = self.order.pop_first() {
            let _ = self.rows.remove(&study);
        }
    }

    /// Forgets those that came before.
    fn forget(&mut self, since: Timestamp) {
        while self.order.first().is_some_and(|(arrived, _)| *arrived < since) {
            self.drop_first();
        }
    }
}

/// See the module. Empty until the archive was gone through.
#[derive(Debug, Default)]
pub(super) struct Lately(Mutex<Book>);

impl Lately {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that came lately, the last first.
    pub(super) fn rows(&self, now: Timestamp) -> Vec<Arc<StudyRow>> {
        let mut book = self.book();
        book.forget(now.before(LATELY));
        book.order.iter().rev().filter_map(|(_, study)| book.rows.get(study).cloned()).collect()
    }
}

/// The row of a study that came since.
fn came(archive: &Archive, sources: &Sources, study: &Uid, since: Timestamp) -> Result<Option<StudyRow>, ArchiveError> {
    let Some(row) = archive.study(study)?.filter(|row| row.arrived >= since) else { return Ok(None) };
    // A day more, as dates are of the scanner's place.
    let least = tasks::civil(row.arrived.before(LATELY + DAY));
    let is_old = row.date.as_deref().zip(least.get(..8)).is_some_and(|(made, least)| made < least);
    let senders = if is_old { archive.senders(study)? } else { Vec::new() };
    let is_brought = !senders.is_empty() && senders.iter().all(|sender| sources.brings(sender));
    Ok((!is_brought).then_some(row))
}

/// All that came since; as far as it got where the node stops.
fn all(
    archive: &Archive,
    sources: &Sources,
    since: Timestamp,
    is_stopping: &dyn Fn() -> bool,
) -> Result<Book, ArchiveError> {
    let mut book = Book::default();
    for study in archive.every_study()? {
        if is_stopping() {
            break;
        }
        let row = came(archive, sources, &study, since)?;
        book.put(&study, row);
    }
    Ok(book)
}

impl Inner {
    /// Goes through the archive, and follows what comes. Runs until the node stops.
    pub(super) async fn follow_arrivals(self: Arc<Self>, mut news: Receiver<ArchiveEvent>) {
        let mut due = Some(Instant::now());
        loop {
            if due.is_some_and(|at| at <= Instant::now()) {
                due = if self.read_arrivals().await { None } else { Some(Instant::now() + AGAIN) };
            }
            let again = due.unwrap_or_else(Instant::now);
            let news = tokio::select! {
                () = self.parts.tasks.stopping() => return,
                () = tokio::time::sleep_until(again), if due.is_some() => continue,
                news = news.recv() => news,
            };
            match news {
                Ok(ArchiveEvent::Growing(study) | ArchiveEvent::Settled(study) | ArchiveEvent::Amended(study, _)) => {
                    if let Err(error) = self.arrived(&study) {
                        tracing::error!(%error, "it could not be read which study came; all are looked at again");
                        due = due.or_else(|| Some(Instant::now() + AGAIN));
                    }
                }
                Ok(ArchiveEvent::Conflicts | ArchiveEvent::Rotten) => {}
                Err(RecvError::Lagged(_)) => due = Some(Instant::now()),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Whether it could be done.
    async fn read_arrivals(&self) -> bool {
        let (archive, sources) = (self.parts.archive.clone(), self.parts.sources.clone());
        let (stop, since) = (self.parts.tasks.stop_token(), tasks::now().before(LATELY));
        let read = move || all(&archive, &sources, since, &|| stop.is_cancelled());
        match self.parts.tasks.spawn_blocking("desk arrivals read", read).await {
            Ok(Ok(book)) => {
                *self.lately.book() = book;
                true
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "it could not be read which studies came lately; it is tried again");
                false
            }
            Err(_) => false,
        }
    }

    fn arrived(&self, study: &Uid) -> Result<(), ArchiveError> {
        let since = tasks::now().before(LATELY);
        let row = came(&self.parts.archive, &self.parts.sources, study, since)?;
        self.lately.book().put(study, row);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::manifest::{Completeness, Patient};

    fn row(study: &str, arrived: u64, date: Option<&str>) -> StudyRow {
        StudyRow {
            study: study.parse().unwrap(),
            patient: Patient::default(),
            date: date.map(str::to_owned),
            time: None,
            utc_offset_min: None,
            national: None,
            modalities: Vec::new(),
            body_parts: Vec::new(),
            description: None,
            accession: None,
            referrer: None,
            study_id: None,
            series: 1,
            instances: 1,
            bytes: 1,
            arrived: Timestamp(arrived),
            changed: Timestamp(arrived),
            completeness: Completeness::Complete,
            version: 1,
            patient_conflict: false,
            amended: None,
            labels: Vec::new(),
        }
    }

    fn known(lately: &Lately, now: u64) -> Vec<String> {
        lately.rows(Timestamp(now)).iter().map(|row| row.study.to_string()).collect()
    }

    #[test]
    fn they_stand_as_they_came_whatever_they_say_of_their_date() {
        let lately = Lately::default();
        let put = |study: &str, arrived: u64, date| {
            let row = row(study, arrived, date);
            lately.book().put(&row.study.clone(), Some(row));
        };
        put("1.1", 1_000, Some("20991231"));
        put("1.2", 3_000, Some("19700101"));
        put("1.3", 2_000, None);
        assert_eq!(known(&lately, 4_000), ["1.2", "1.3", "1.1"]);
        // Read anew, and gone.
        put("1.1", 1_000, None);
        assert_eq!(known(&lately, 4_000), ["1.2", "1.3", "1.1"]);
        lately.book().put(&"1.3".parse().unwrap(), None);
        assert_eq!(known(&lately, 4_000), ["1.2", "1.1"]);
        // Two days later.
        let later = u64::try_from(LATELY.as_millis()).unwrap() + 2_000;
        assert_eq!(known(&lately, later), ["1.2"]);
        assert_eq!(lately.book().rows.len(), 1);
    }

    #[test]
    fn they_are_bounded() {
        let mut book = Book::default();
        for nth in 0..=KEPT_MAX {
            let row = row(&format!("1.{nth}"), nth as u64, None);
            book.put(&row.study.clone(), Some(row));
        }
        assert_eq!((book.rows.len(), book.order.len()), (KEPT_MAX, KEPT_MAX));
        assert!(!book.rows.contains_key(&"1.0".parse().unwrap()), "the one that came first goes");
    }
}
