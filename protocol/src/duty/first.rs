//! Facts of duty as they were before rosters: a shift was a person, hours and a state.

use super::{OpenCase, Shift, ShiftState};
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
            What::Shift(shift) => {
                let span = [shift.start, shift.end];
                let FirstShift { role, competences, .. } = shift;
                super::What::Shift(Shift { role, competences, ..Shift::of(shift.person, span, shift.state) })
            }
        };
        Self { id: first.id, serial: first.serial, at: first.at, what }
    }
}
