//! Facts of duty: who reads at a site and when, and which cases are open. A site states them of itself, signed, to those
//! whose agreements ask for them; what stands in a clause ("only with a case", "while on duty") is judged by them.
//!
//! A fact is named by its signer and its number. One with a higher serial takes the place of the one before; one that is
//! over counts no more and is forgotten.
//!
//! # Not here
//! What a fact opens, and to whom it is told: `node::trust`. How a case goes: the reading room.

use crate::{
    ids::{Id128, SiteId, Uid},
    signed::Domain,
    time::Timestamp,
    wire::Wire,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Studies of one case.
pub const STUDIES_MAX: usize = 64;
/// Other sites of one case.
pub const PARTIES_MAX: usize = 16;
/// Modalities that a shift names.
pub const COMPETENCES_MAX: usize = 32;
/// The longest shift: a week.
pub const SHIFT_MAX: Duration = Duration::from_secs(168 * 3600);
/// The longest that a case is open without being stated anew: ninety days.
pub const CASE_MAX: Duration = Duration::from_secs(90 * 86_400);

/// One fact, as its signer states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// Its name at its signer.
    pub id: Id128,
    /// Of one fact the highest holds.
    pub serial: u64,
    /// When it was stated.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What is stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// Somebody of the signer's site is on duty.
    Shift(Shift),
    /// A case on studies of the signer's.
    Case(OpenCase),
}

/// Somebody reads at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Account name, as in [`crate::fetch::Reader::person`].
    pub person: String,
    /// Role.
    pub role: String,
    /// Modalities that the person reads; empty: all.
    pub competences: Vec<String>,
    /// From …
    pub start: Timestamp,
    /// … until.
    pub end: Timestamp,
    /// How far it has come.
    pub state: ShiftState,
}

/// How far a shift has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShiftState {
    /// Nobody has confirmed it.
    Planned,
    /// The person has.
    Confirmed,
    /// It runs.
    Active,
    /// Somebody else has taken over.
    HandedOver,
    /// It is over.
    Ended,
}

impl ShiftState {
    /// With their words for programs.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Planned, "planned"),
        (Self::Confirmed, "confirmed"),
        (Self::Active, "active"),
        (Self::HandedOver, "handed-over"),
        (Self::Ended, "ended"),
    ];

    /// Whether the person reads, if it is the time.
    #[must_use]
    pub const fn counts(self) -> bool {
        matches!(self, Self::Confirmed | Self::Active)
    }
}

/// A case that its signer opened with other sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCase {
    /// Its studies: of the patient, as the signer knows them.
    pub studies: Vec<Uid>,
    /// Whose it is: an account name.
    pub owner: String,
    /// The other sites.
    pub parties: Vec<SiteId>,
    /// Counts no longer than until then.
    pub until: Timestamp,
    /// Whether it is open.
    pub open: bool,
}

impl Wire for Duty {
    const VERSION: u8 = 1;
    const NAME: &'static str = "duty";
}
impl Domain for Duty {
    const DOMAIN: &'static str = "confrere/duty/1";
}

impl Shift {
    /// Whether the person is on duty now for a study of these modalities.
    #[must_use]
    pub fn covers(&self, modalities: &[String], now: Timestamp) -> bool {
        let reads = self.competences.is_empty() || modalities.iter().any(|m| self.competences.contains(m));
        self.state.counts() && self.start <= now && now < self.end && reads
    }
}

impl OpenCase {
    /// Whether it is open now.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open && now < self.until
    }
}

impl Duty {
    /// From when on it says nothing any more, whatever it says.
    #[must_use]
    pub const fn over(&self) -> Timestamp {
        match &self.what {
            What::Shift(shift) => shift.end,
            What::Case(case) => case.until,
        }
    }

    /// Whether it is within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match &self.what {
            What::Shift(shift) => {
                let named = [&shift.person, &shift.role].into_iter().all(|text| crate::fetch::is_person(text));
                let codes = shift.competences.iter().all(|code| (1..=16).contains(&code.len()) && code.is_ascii());
                named
                    && codes
                    && !shift.person.is_empty()
                    && shift.competences.len() <= COMPETENCES_MAX
                    && shift.start < shift.end
                    && shift.end.since(shift.start) <= SHIFT_MAX
            }
            What::Case(case) => {
                crate::fetch::is_person(&case.owner)
                    && (1..=STUDIES_MAX).contains(&case.studies.len())
                    && (1..=PARTIES_MAX).contains(&case.parties.len())
                    && case.until.since(self.at) <= CASE_MAX
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shift(state: ShiftState) -> Shift {
        Shift {
            person: "garde".into(),
            role: "radiologist".into(),
            competences: vec!["CT".into()],
            start: Timestamp(1_000),
            end: Timestamp(2_000),
            state,
        }
    }

    proptest! {
        #[test]
        fn a_shift_covers_its_minutes_and_its_modalities_only(at in 0u64..3_000, ct: bool, which in 0usize..5) {
            let (state, _) = ShiftState::ALL[which];
            let modalities = [if ct { "CT" } else { "MR" }.to_owned()];
            let wanted = ct && (1_000..2_000).contains(&at) && matches!(which, 1 | 2);
            prop_assert_eq!(shift(state).covers(&modalities, Timestamp(at)), wanted);
        }
    }

    #[test]
    fn what_has_no_bounds_is_not_sound() {
        let duty = |what| Duty { id: Id128([1; 16]), serial: 1, at: Timestamp(0), what };
        let case = OpenCase {
            studies: vec![Uid::parse("1.2.3").unwrap()],
            owner: "garde".into(),
            parties: vec![SiteId([2; 32])],
            until: Timestamp(0).after(CASE_MAX),
            open: true,
        };
        let sound = |what| duty(what).is_sound();
        assert!(sound(What::Shift(shift(ShiftState::Planned))) && sound(What::Case(case.clone())));
        assert!(!sound(What::Shift(Shift { end: Timestamp(1_000), ..shift(ShiftState::Active) })));
        assert!(!sound(What::Shift(Shift { end: Timestamp(u64::MAX), ..shift(ShiftState::Active) })));
        assert!(!sound(What::Shift(Shift { person: "a\nb".into(), ..shift(ShiftState::Active) })));
        assert!(!sound(What::Case(OpenCase { studies: Vec::new(), ..case.clone() })));
        assert!(!sound(What::Case(OpenCase { parties: vec![SiteId([2; 32]); PARTIES_MAX + 1], ..case.clone() })));
        assert!(!sound(What::Case(OpenCase { until: Timestamp(u64::MAX), ..case })));
    }
}
