//! Rosters as calendar files: written, and read with what would become of each line before anything does.

use super::{NewShift, Roster, RosterError};
use crate::{
    tasks,
    trust::{Action, Person},
};
use protocol::{
    Timestamp,
    duty::{ShiftState, What},
    ids::Id128,
    roster::{
        Coverage,
        ical::{self, Event, Written},
        zone,
    },
};

/// Between names in a file and ours.
const OURS: &str = "@confrere";

/// What becomes of an event of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    New,
    Moved,
    Same,
    /// It is over; what was is not planned.
    Past,
    Cancelled,
    /// Nobody here has that name.
    Unknown,
    /// The person is there twice, or the shift has been taken: it stays as it is here.
    Clash,
}

impl Fate {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Moved => "moved",
            Self::Same => "same",
            Self::Past => "past",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::Clash => "clash",
        }
    }
}

/// An event of a file, and what becomes of it.
#[derive(Clone, Debug)]
pub(crate) struct Imported {
    pub(crate) event: Event,
    pub(crate) fate: Fate,
}

/// The name of a shift that came from a file: the same file twice is the same shifts.
fn name_of(coverage: &Id128, event: &Event) -> Id128 {
    if let Some(id) = event.uid.strip_suffix(OURS).and_then(|text| text.parse().ok()) {
        return id;
    }
    let what = if event.uid.is_empty() {
        format!("{} {} {}", event.person, event.start.0, event.end.0)
    } else {
        event.uid.clone()
    };
    let key = [coverage.0.as_slice(), what.as_bytes()].concat();
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(blake3::derive_key("confrere roster 1 imported shift", &key)) {
        *to = from;
    }
    Id128(id)
}

impl Roster {
    /// This site's shifts of a coverage that touch a period.
    pub(crate) fn file(&self, coverage: &Coverage, from: Timestamp, until: Timestamp) -> String {
        let rows = self.rows();
        let mut written: Vec<Written<'_>> = rows
            .iter()
            .filter(|row| row.site == self.0.site)
            .filter_map(|row| match &row.duty.what {
                What::Shift(shift) => Some(Written { id: &row.duty.id, stated: row.duty.at, shift }),
                What::Case(_) => None,
            })
            .filter(|written| {
                let shift = written.shift;
                shift.coverage == Some(coverage.id) && shift.start < until && from < shift.end
            })
            .collect();
        written.sort_by_key(|written| (written.shift.start, written.shift.rank));
        ical::write(&coverage.name, &coverage.calendar.week.time_zone, &written).unwrap_or_default()
    }

    /// Reads a file into this site's shifts of a coverage; `is_trial`: only says what would become of it. With an event of
    /// somebody unknown or there twice nothing is changed.
    pub(crate) async fn import(
        &self,
        by: &Person,
        coverage: &Id128,
        bytes: &[u8],
        is_trial: bool,
    ) -> Result<Vec<Imported>, RosterError> {
        if !by.allows(Action::Administer) {
            return Err(RosterError::NotYours);
        }
        let text = self.0.trust.coverage(coverage).ok_or(RosterError::NoCoverage)?;
        if !text.reads(&self.0.site) {
            return Err(RosterError::NotReader);
        }
        let floating = zone(&text.calendar.week.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let events = ical::read(bytes, &floating)?;
        let mut looked: Vec<Imported> = Vec::with_capacity(events.len());
        for event in events {
            let clashes = looked.iter().any(|other| {
                matches!(other.fate, Fate::New | Fate::Moved)
                    && other.event.person.eq_ignore_ascii_case(&event.person)
                    && other.event.start < event.end
                    && event.start < other.event.end
            });
            let fate = self.fate(coverage, &event);
            let fate = if clashes && matches!(fate, Fate::New | Fate::Moved) { Fate::Clash } else { fate };
            looked.push(Imported { event, fate });
        }
        let is_fit = looked.iter().all(|row| !matches!(row.fate, Fate::Unknown | Fate::Clash));
        if is_trial || !is_fit {
            return Ok(looked);
        }
        for row in &looked {
            self.take_in(by, coverage, row).await?;
        }
        Ok(looked)
    }

    fn planned(&self, coverage: &Id128, event: &Event) -> NewShift {
        NewShift {
            person: event.person.clone(),
            competences: event.competences.clone(),
            start: event.start,
            end: event.end,
            coverage: Some(*coverage),
            presence: event.presence,
            rank: event.rank,
            telephone: event.telephone.clone(),
            confirmed: event.confirmed,
        }
    }

    fn fate(&self, coverage: &Id128, event: &Event) -> Fate {
        if event.end <= tasks::now() {
            return Fate::Past;
        }
        let known = self.own(&name_of(coverage, event)).ok().map(|(_, shift)| shift);
        if event.cancelled {
            return if known.is_some_and(|shift| shift.taken.is_some()) { Fate::Clash } else { Fate::Cancelled };
        }
        let Ok(shift) = self.made(&self.planned(coverage, event)) else { return Fate::Unknown };
        if self.require_apart(&name_of(coverage, event), &shift).is_err() {
            return Fate::Clash;
        }
        match known {
            None if self.0.trust.own_duty(&name_of(coverage, event)).is_some() => Fate::Clash,
            None => Fate::New,
            Some(known) => {
                let stands = !matches!(known.state, ShiftState::Ended | ShiftState::HandedOver);
                let same = stands
                    && known.person == shift.person
                    && (known.start, known.end, known.presence, known.rank)
                        == (shift.start, shift.end, shift.presence, shift.rank)
                    && known.competences == shift.competences
                    && known.telephone == shift.telephone
                    && (!event.confirmed || known.state != ShiftState::Planned);
                let moves = known.taken.is_none() && matches!(known.state, ShiftState::Planned | ShiftState::Confirmed);
                if same {
                    Fate::Same
                } else if moves {
                    Fate::Moved
                } else {
                    Fate::Clash
                }
            }
        }
    }

    async fn take_in(&self, by: &Person, coverage: &Id128, row: &Imported) -> Result<(), RosterError> {
        let id = name_of(coverage, &row.event);
        let new = self.planned(coverage, &row.event);
        match row.fate {
            Fate::New => self.plan(by, &new, Some(id)).await.map(drop),
            Fate::Moved => self.alter(by, &id, &new).await.map(drop),
            Fate::Cancelled if self.own(&id).is_ok_and(|(_, shift)| shift.state != ShiftState::Ended) => {
                self.end(by, &id).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}
