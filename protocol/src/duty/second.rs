//! Facts of duty as they were before a trial said why something failed.

use super::{Licence, OpenCase, Presence, Relief, Relieves, Shift, ShiftState, Taken, Trial};
use crate::{ids::Id128, time::Timestamp};
use serde::Deserialize;

/// Version 2.
#[derive(Deserialize)]
pub(super) struct Duty {
    id: Id128,
    serial: u64,
    at: Timestamp,
    what: What,
}

#[derive(Deserialize)]
enum What {
    Shift(Box<SecondShift>),
    Case(OpenCase),
}

#[derive(Deserialize)]
struct SecondShift {
    person: String,
    role: String,
    competences: Vec<String>,
    start: Timestamp,
    end: Timestamp,
    state: ShiftState,
    coverage: Option<Id128>,
    presence: Presence,
    rank: u8,
    telephone: String,
    licences: Vec<Licence>,
    taken: Option<SecondTaken>,
    silent: Option<Timestamp>,
    relief: Option<Relief>,
    relieves: Option<Relieves>,
}

#[derive(Deserialize)]
struct SecondTaken {
    at: Timestamp,
    sound: bool,
    notifications: bool,
    answered: u8,
    unanswered: u8,
}

impl From<SecondTaken> for Taken {
    fn from(second: SecondTaken) -> Self {
        let SecondTaken { at, sound, notifications, answered, unanswered } = second;
        let of = |did: bool| if did { Trial::Worked } else { Trial::NotTried };
        Self { at, sound: of(sound), notifications: of(notifications), link: Trial::NotTried, answered, unanswered }
    }
}

impl From<Duty> for super::Duty {
    fn from(second: Duty) -> Self {
        let what = match second.what {
            What::Case(case) => super::What::Case(case),
            What::Shift(shift) => {
                let span = [shift.start, shift.end];
                let shift = *shift;
                let SecondShift { role, competences, coverage, presence, rank, telephone, licences, .. } = shift;
                let SecondShift { silent, relief, relieves, .. } = shift;
                super::What::Shift(Shift {
                    role,
                    competences,
                    coverage,
                    presence,
                    rank,
                    telephone,
                    licences,
                    taken: shift.taken.map(Into::into),
                    silent,
                    relief,
                    relieves,
                    ..Shift::of(shift.person, span, shift.state)
                })
            }
        };
        Self { id: second.id, serial: second.serial, at: second.at, what }
    }
}
