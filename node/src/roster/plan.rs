//! Planning and living shifts: made, moved, confirmed, taken, ended. Who plans is an administrator; what is one's own, each does.

use super::{Roster, RosterError, credentials};
use crate::{
    audit::{Act, Event},
    tasks,
    trust::{Action, Person},
};
use protocol::{
    SiteId, Timestamp,
    duty::{Duty, Licence, Presence, Shift, ShiftState, Taken, Trial, What},
    ids::Id128,
    roster::{Coverage, Stated, Step},
};

/// A shift as somebody plans it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewShift {
    /// Account name.
    pub(crate) person: String,
    /// Modalities that the person is there for; empty: all.
    pub(crate) competences: Vec<String>,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) coverage: Option<Id128>,
    pub(crate) presence: Presence,
    pub(crate) rank: u8,
    pub(crate) telephone: String,
    /// The person has said yes: themselves here, or to the one who plans.
    pub(crate) confirmed: bool,
}

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) duty: Duty,
}

impl Roster {
    fn may(by: &Person, person: &str) -> Result<(), RosterError> {
        let own = by.name.eq_ignore_ascii_case(person) && by.allows(Action::ReadStudies);
        if own || by.allows(Action::Administer) { Ok(()) } else { Err(RosterError::NotYours) }
    }

    /// The coverage of a shift, if this site reads under it.
    fn coverage_of(&self, id: Option<&Id128>) -> Result<Option<Coverage>, RosterError> {
        let Some(id) = id else { return Ok(None) };
        let coverage = self.0.trust.coverage(id).ok_or(RosterError::NoCoverage)?;
        if coverage.reads(&self.0.site) { Ok(Some(coverage)) } else { Err(RosterError::NotReader) }
    }

    /// What an account's papers let read, by the days of a coverage's time zone.
    pub(super) fn licences_of(&self, person: &str, coverage: Option<&Coverage>) -> Vec<Licence> {
        let zone = coverage.map(|coverage| coverage.calendar.week.time_zone.as_str());
        credentials::licences(self.0.users.account(person).as_ref(), zone)
    }

    /// The fact that a plan comes to. An account counts; so that a machine may read for somebody, a shift of the site's own
    /// needs none.
    pub(super) fn made(&self, new: &NewShift) -> Result<Shift, RosterError> {
        let coverage = self.coverage_of(new.coverage.as_ref())?;
        let account = self.0.users.account(&new.person).filter(|account| !account.is_disabled);
        if account.is_none() && coverage.is_some() {
            return Err(RosterError::NoAccount);
        }
        let (person, role) = account.as_ref().map_or_else(
            || (new.person.clone(), String::new()),
            |account| (account.person.name.clone(), account.person.role.word().to_owned()),
        );
        Ok(Shift {
            licences: self.licences_of(&person, coverage.as_ref()),
            person,
            role,
            competences: new.competences.clone(),
            start: new.start,
            end: new.end,
            state: if new.confirmed { ShiftState::Confirmed } else { ShiftState::Planned },
            coverage: new.coverage,
            presence: new.presence,
            rank: new.rank,
            telephone: new.telephone.trim().to_owned(),
            taken: None,
            silent: None,
            relief: None,
            relieves: None,
        })
    }

    /// Nobody is there twice.
    pub(super) fn require_apart(&self, id: &Id128, shift: &Shift) -> Result<(), RosterError> {
        let meets = |other: &Stated| {
            other.site == self.0.site
                && other.id != *id
                && other.shift.person == shift.person
                && other.shift.coverage == shift.coverage
                && !matches!(other.shift.state, ShiftState::Ended | ShiftState::HandedOver)
                && other.shift.start < shift.end
                && shift.start < other.shift.end
        };
        if self.shifts().iter().any(meets) { Err(RosterError::Overlap) } else { Ok(()) }
    }

    /// Evidence, then the fact.
    pub(super) async fn state(&self, by: &Person, id: Id128, did: &str, shift: Shift) -> Result<Planned, RosterError> {
        let word = ShiftState::ALL.iter().find(|(state, _)| *state == shift.state).map_or("", |(_, word)| *word);
        let duty = Duty { id, serial: 1, at: tasks::now(), what: What::Shift(shift) };
        if !duty.is_sound() {
            return Err(RosterError::Unfit(
                "a shift has a person, a beginning and an end within a week, and a rank of 1 to 9",
            ));
        }
        let note = format!("shift {id}: {did}, {word}");
        self.0.audit.record(Event::new(Act::DutyStated, by.actor()).basis(id).note(note)).await?;
        let duty = self.0.trust.state_duty_as(id, duty.what).await?;
        Ok(Planned { duty })
    }

    /// Plans a shift; `id`: under a name of the caller's.
    pub(crate) async fn plan(&self, by: &Person, new: &NewShift, id: Option<Id128>) -> Result<Planned, RosterError> {
        Self::may(by, &new.person)?;
        let _one = self.0.changing.lock().await;
        let shift = self.made(new)?;
        if shift.end <= tasks::now() {
            return Err(RosterError::Unfit("the shift is over already"));
        }
        let id = id.unwrap_or_else(tasks::random_id);
        if self.0.trust.own_duty(&id).is_some() {
            return Err(RosterError::Overlap);
        }
        self.require_apart(&id, &shift)?;
        self.state(by, id, "planned", shift).await
    }

    /// Moves a shift, or makes it another's: whose it is must confirm it again, unless that is who asks or is said to have.
    pub(crate) async fn alter(&self, by: &Person, id: &Id128, new: &NewShift) -> Result<Planned, RosterError> {
        Self::may(by, &new.person)?;
        let _one = self.0.changing.lock().await;
        let (_, known) = self.own(id)?;
        Self::may(by, &known.person)?;
        if known.taken.is_some() || !matches!(known.state, ShiftState::Planned | ShiftState::Confirmed) {
            return Err(RosterError::Begun);
        }
        let mut shift = self.made(new)?;
        let same = known.person == shift.person && known.start == shift.start && known.end == shift.end;
        if same && known.state == ShiftState::Confirmed {
            shift.state = ShiftState::Confirmed;
        }
        self.require_apart(id, &shift)?;
        self.state(by, *id, "moved", shift).await
    }

    /// One step of a shift's course.
    pub(crate) async fn step(&self, by: &Person, id: &Id128, step: Step) -> Result<Planned, RosterError> {
        let _one = self.0.changing.lock().await;
        self.step_here(by, id, step).await
    }

    /// The same for whoever changes shifts already.
    pub(super) async fn step_here(&self, by: &Person, id: &Id128, step: Step) -> Result<Planned, RosterError> {
        let (_, known) = self.own(id)?;
        Self::may(by, &known.person)?;
        let next = known.step(step, tasks::now())?;
        self.state(by, *id, did(step), next).await
    }

    /// Its person is there. Links to the covered sites were tried by whoever asks.
    pub(crate) async fn take(
        &self,
        by: &Person,
        id: &Id128,
        tried: [Trial; 3],
        links: [u8; 2],
    ) -> Result<Planned, RosterError> {
        let ([sound, notifications, link], [answered, unanswered]) = (tried, links);
        let taken = Taken { at: tasks::now(), sound, notifications, link, answered, unanswered };
        let planned = self.step(by, id, Step::Take(taken)).await?;
        self.alive(&by.name);
        Ok(planned)
    }

    /// Ends a shift that runs, or takes away one that will not be. While its person has open cases it goes on, unless an
    /// administrator plans away what has not begun.
    pub(crate) async fn end(&self, by: &Person, id: &Id128) -> Result<Planned, RosterError> {
        let (_, known) = self.own(id)?;
        let now = tasks::now();
        let runs = known.state.counts() && known.is_time(now);
        if runs && !self.cases().of(&known.person).is_empty() && !self.has_other(&known, id, now) {
            return Err(RosterError::OpenCases);
        }
        self.step(by, id, Step::End(now)).await
    }

    /// Whether the person is on duty by another shift as well.
    pub(super) fn has_other(&self, shift: &Shift, id: &Id128, now: Timestamp) -> bool {
        let is_other = |other: &Stated| {
            other.site == self.0.site
                && other.id != *id
                && other.shift.person == shift.person
                && other.shift.state.counts()
                && other.shift.is_time(now)
        };
        self.shifts().iter().any(is_other)
    }

    /// Whose one of our shifts is.
    pub(crate) fn person_of(&self, id: &Id128) -> Result<String, RosterError> {
        self.own(id).map(|(_, shift)| shift.person)
    }

    /// Covered sites of a shift, but for this one.
    pub(crate) fn covered(&self, id: &Id128) -> Result<Vec<SiteId>, RosterError> {
        let (_, shift) = self.own(id)?;
        let coverage = shift.coverage.and_then(|id| self.0.trust.coverage(&id));
        let sites = coverage.into_iter().flat_map(|coverage| coverage.beneficiaries);
        Ok(sites.map(|party| party.site).filter(|site| *site != self.0.site).collect())
    }
}

/// What a step is called in the evidence.
const fn did(step: Step) -> &'static str {
    match step {
        Step::Confirm => "confirmed",
        Step::Doubt => "confirmation taken back",
        Step::Take(_) => "taken",
        Step::Offer(_) => "hand-over offered",
        Step::Keep => "hand-over taken back",
        Step::HandOver(_) => "handed over",
        Step::Relieve(_) => "hand-over acknowledged",
        Step::End(_) => "ended",
        Step::Silence(Some(_)) => "no live screen",
        Step::Silence(None) => "a screen is live again",
    }
}
