//! Facts of duty as they were before rosters: a shift was a person, hours and a state.

use super::{OpenCase, Presence, Shift, ShiftState};
use crate::{ids::Id128, time::Timestamp};
use serde::Deserialize;

/// Version 1.
#[derive(Deserialize)]
pub(super) struct Duty {
    id: Id128,
    serial: u64,
    at: Timestamp,
    what: What,
}

#[derive(Deserialize)]
enum What {
    Shift(FirstShift),
    Case(OpenCase),
}

#[derive(Deserialize)]
struct FirstShift {
    person: String,
    role: String,
    competences: Vec<String>,
    start: Timestamp,
    end: Timestamp,
    state: ShiftState,
}

impl From<Duty> for super::Duty {
    fn from(first: Duty) -> Self {
        let what = match first.what {
            What::Case(case) => super::What::Case(case),
            What::Shift(shift) => super::What::Shift(Shift {
                person: shift.person,
                role: shift.role,
                competences: shift.competences,
                start: shift.start,
                end: shift.end,
                state: shift.state,
                coverage: None,
                presence: Presence::OnSite,
                rank: 1,
                telephone: String::new(),
                licences: Vec::new(),
                taken: None,
                silent: None,
                relief: None,
                relieves: None,
            }),
        };
        Self { id: first.id, serial: first.serial, at: first.at, what }
    }
}
