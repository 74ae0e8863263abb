//! Who here has opened or printed a report, and which of them know that it was found to differ from another.
//!
//! Whoever acted on a report may have to act otherwise: a difference that was found after somebody had the report in hand is theirs
//! to acknowledge, each for themselves. To open a case again is no acknowledgement. What was known when it was opened is kept
//! with the opening, so that nobody is asked for what stood beside the report when they saw it. The requesting site's own
//! acknowledgement is a step of the case; this is kept by each node for its own people and goes nowhere else.
//!
//! # At a crash
//! An opening is in the journal before the report is shown, an acknowledgement before it is answered.
//!
//! # Not here
//! How far reports differ, and what a case owes: `protocol::case`. Where reports are shown: the doors.

use super::{CaseError, Cases, book::Whole, record::Record};
use crate::{
    audit::{Act, Actor, Event as Evidence},
    tasks,
};
use protocol::{Digest, SiteId, Timestamp, ids::Id128};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

/// Openings remembered: of some months. Beyond, those of the oldest cases count no more.
const OPENINGS_MAX: usize = 100_000;
/// Comparisons that an opening names as known. A case has hardly more than one.
const KNEW_MAX: usize = 16;
/// Acknowledgements remembered. They are no more than openings, mostly.
const NOTED_MAX: usize = 100_000;

/// By what way somebody came to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Way {
    /// On a page of the portal, or by its API.
    Screen,
    /// As a PDF, to be printed or carried away.
    Printed,
    /// The objects in the archive, by DICOMweb.
    Dicom,
}

impl Way {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Printed => "printed",
            Self::Dicom => "dicom",
        }
    }
}

/// Reports of a case came into somebody's hands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) case: Id128,
    /// The events that reported.
    pub(crate) reports: Vec<Digest>,
    pub(crate) person: String,
    pub(crate) way: Way,
    pub(crate) at: Timestamp,
    /// Differences that stood beside them: the events that said so.
    pub(crate) knew: Vec<Digest>,
}

/// Somebody knows of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Noted {
    pub(crate) case: Id128,
    /// The event that said so.
    pub(crate) said_by: Digest,
    pub(crate) person: String,
    pub(crate) at: Timestamp,
}

/// Somebody who had one of two reports in hand before they were found to differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) person: String,
    /// The event by which they differ.
    pub(crate) said_by: Digest,
    /// The report they had, the last way they came to it, and when.
    pub(crate) report: Digest,
    pub(crate) way: Way,
    pub(crate) opened: Timestamp,
    /// When they said that they know; none: not yet.
    pub(crate) noted: Option<Timestamp>,
}

type Opening = (Timestamp, Vec<Digest>);

/// What is kept of each case.
type ByCase<K, V> = BTreeMap<Id128, BTreeMap<K, V>>;

/// Forgets the oldest cases where more than the bound is held, until nine tenths of it are: all are looked at, which is not to be
/// done for each one that comes. Gives how much is held then.
fn thinned<K, V>(cases: &mut ByCase<K, V>, mut held: usize, max: usize, at: impl Fn(&V) -> Timestamp) -> usize {
    if held <= max {
        return held;
    }
    let age = |(case, of): (&Id128, &BTreeMap<K, V>)| (of.values().map(&at).max(), *case);
    let mut by_age: Vec<_> = cases.iter().map(age).collect();
    by_age.sort_unstable();
    for (_, case) in by_age {
        if held <= max / 10 * 9 {
            break;
        }
        held = held.saturating_sub(cases.remove(&case).map_or(0, |gone| gone.len()));
    }
    held
}

/// Openings and acknowledgements, by case.
#[derive(Debug, Default)]
pub(super) struct Readers {
    openings: ByCase<(String, Digest, Way), Opening>,
    opened: usize,
    noted: ByCase<(Digest, String), Timestamp>,
    notes: usize,
}

impl Readers {
    /// Those of the reports that this is news of.
    fn fresh(&self, case: &Id128, reports: &[Digest], person: &str, way: Way) -> Vec<Digest> {
        let known = self.openings.get(case);
        let is_known =
            |report: &Digest| known.is_some_and(|known| known.contains_key(&(person.to_owned(), *report, way)));
        reports.iter().filter(|report| !is_known(report)).copied().collect()
    }

    /// The first opening counts: who opens it twice at once, on two screens, knows no more by the second.
    pub(super) fn open(&mut self, opened: Opened) {
        let of_case = self.openings.entry(opened.case).or_default();
        for report in opened.reports {
            if let Entry::Vacant(free) = of_case.entry((opened.person.clone(), report, opened.way)) {
                let _ = free.insert((opened.at, opened.knew.clone()));
                self.opened += 1;
            }
        }
        self.opened = thinned(&mut self.openings, self.opened, OPENINGS_MAX, |(at, _)| *at);
    }

    pub(super) fn note(&mut self, noted: Noted) {
        let of_case = self.noted.entry(noted.case).or_default();
        self.notes += usize::from(of_case.insert((noted.said_by, noted.person), noted.at).is_none());
        self.notes = thinned(&mut self.noted, self.notes, NOTED_MAX, |at| *at);
    }

    /// Who is to know of what was found in a case, each once for each difference.
    fn told(&self, whole: &Whole, us: SiteId) -> Vec<Told> {
        let (Some(openings), noted) = (self.openings.get(&whole.name()), self.noted.get(&whole.name())) else {
            return Vec::new();
        };
        let mut told: BTreeMap<(Digest, String), Told> = BTreeMap::new();
        for comparison in whole.state.comparisons.iter().filter(|comparison| comparison.differs()) {
            let Some(said_by) = comparison.said_by else { continue };
            let sayer = whole.case.events().get(&said_by).filter(|event| event.site == us);
            let sayer = sayer.map(|event| event.person.as_str());
            for ((person, report, way), (at, knew)) in openings {
                if !comparison.reports.contains(report) || knew.contains(&said_by) || sayer == Some(person.as_str()) {
                    continue;
                }
                let noted = noted.and_then(|noted| noted.get(&(said_by, person.clone()))).copied();
                let one = Told { person: person.clone(), said_by, report: *report, way: *way, opened: *at, noted };
                let _ = told.insert((said_by, person.clone()), one);
            }
        }
        told.into_values().collect()
    }
}

/// Differences that stand beside the reports of a case now.
fn differences(whole: &Whole) -> Vec<Digest> {
    let differing = whole.state.comparisons.iter().filter(|comparison| comparison.differs());
    differing.filter_map(|comparison| comparison.said_by).take(KNEW_MAX).collect()
}

impl Cases {
    /// Reports of a case are about to be shown to somebody. Durable when it returns, where it is news.
    ///
    /// # Errors
    /// When it cannot be written: then nothing is to be shown.
    pub(crate) async fn opened(
        &self,
        whole: &Whole,
        reports: &[Digest],
        way: Way,
        actor: Actor,
    ) -> Result<(), CaseError> {
        let (case, person) = (whole.name(), actor.person.clone());
        let reports = self.book().readers.fresh(&case, reports, &person, way);
        if reports.is_empty() {
            return Ok(());
        }
        let note = format!("{} of its reports, {}", reports.len(), way.word());
        let evidence = Evidence::new(Act::ReportOpened, actor).basis(case).note(note);
        let opened = Opened { case, reports, person, way, at: tasks::now(), knew: differences(whole) };
        self.remember(Record::Opened(opened), evidence).await
    }

    /// Somebody knows of the difference that an event found. Durable when it returns; whether it was theirs to know.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn noted(&self, whole: &Whole, said_by: Digest, actor: Actor) -> Result<bool, CaseError> {
        let owed = self.told(whole).into_iter().find(|told| told.person == actor.person && told.said_by == said_by);
        match owed {
            None => return Ok(false),
            Some(told) if told.noted.is_some() => return Ok(true),
            Some(_) => {}
        }
        let (case, person) = (whole.name(), actor.person.clone());
        let short: String = said_by.to_string().chars().take(12).collect();
        let evidence =
            Evidence::new(Act::DiscordanceAcknowledged, actor).basis(case).note(format!("compared: {short}"));
        self.change(Record::Noted(Noted { case, said_by, person, at: tasks::now() }), evidence).await?;
        Ok(true)
    }

    /// Who here had a report of the case in hand before it was found to differ from another, and whether they know.
    pub(crate) fn told(&self, whole: &Whole) -> Vec<Told> {
        self.book().readers.told(whole, self.us())
    }

    /// Cases of which somebody here opened a report and that hold a difference.
    pub(crate) fn discordant(&self) -> Vec<Arc<Whole>> {
        let book = self.book();
        let cases = book.readers.openings.keys().filter_map(|name| book.case(name));
        cases.filter(|whole| whole.state.comparisons.iter().any(|comparison| comparison.differs())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(case: u128, person: &str, at: u64) -> Opened {
        let reports = vec![Digest([1; 32])];
        let (case, person) = (Id128(case.to_be_bytes()), person.to_owned());
        Opened { case, reports, person, way: Way::Screen, at: Timestamp(at), knew: Vec::new() }
    }

    #[test]
    fn the_oldest_cases_are_forgotten_when_there_are_too_many_openings() {
        let mut readers = Readers::default();
        for n in 0..=OPENINGS_MAX as u64 {
            readers.open(opened(u128::from(n), "dr.un", n));
        }
        let (kept, gone) = (OPENINGS_MAX / 10 * 9, OPENINGS_MAX as u128 / 10);
        assert_eq!((readers.opened, readers.openings.len()), (kept, kept));
        let is_fresh = |case: u128| {
            !readers.fresh(&Id128(case.to_be_bytes()), &[Digest([1; 32])], "dr.un", Way::Screen).is_empty()
        };
        assert!(is_fresh(0) && is_fresh(gone), "what was forgotten counts when it is opened again");
        assert!(!is_fresh(gone + 1));
        readers.open(opened(gone + 1, "dr.un", 7));
        assert_eq!(readers.opened, kept, "the same once more is no more");
        let note = |n: u64| {
            let (case, person) = (Id128(u128::from(n).to_be_bytes()), "dr.un".to_owned());
            Noted { case, said_by: Digest([2; 32]), person, at: Timestamp(n) }
        };
        for n in 0..=NOTED_MAX as u64 {
            readers.note(note(n));
        }
        assert_eq!((readers.notes, readers.noted.len()), (NOTED_MAX / 10 * 9, NOTED_MAX / 10 * 9));
        assert!(readers.noted.contains_key(&note(NOTED_MAX as u64).case), "the newest is there");
    }

    #[test]
    fn what_was_known_at_the_first_opening_is_what_counts() {
        let mut readers = Readers::default();
        let again = |knew| Opened { knew, ..opened(1, "dr.un", 7) };
        readers.open(opened(1, "dr.un", 5));
        readers.open(again(vec![Digest([9; 32])]));
        let held: Vec<&Opening> = readers.openings.values().flat_map(BTreeMap::values).collect();
        let first: Opening = (Timestamp(5), Vec::new());
        assert_eq!((held, readers.opened), (vec![&first], 1));
    }
}
