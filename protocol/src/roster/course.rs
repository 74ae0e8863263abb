//! How a shift goes: planned → confirmed → active → handed over or ended.

use crate::{
    duty::{Relief, Relieves, Shift, ShiftState, Taken},
    time::Timestamp,
};
use std::time::Duration;

/// One may take a shift so long before it begins, to be there when it does.
pub const TAKE_BEFORE: Duration = Duration::from_secs(2 * 3600);

/// What may be done with a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its person says that they will be there.
    Confirm,
    /// Its person, or whoever plans, says that they may not be.
    Doubt,
    /// Its person is there and has tried what has to work. One that is stated again after a trial says so.
    Take(Taken),
    /// Its person would hand over.
    Offer(Relief),
    /// Its person would not, after all.
    Keep,
    /// Somebody else has acknowledged it.
    HandOver(Timestamp),
    /// It takes over from another one.
    Relieve(Relieves),
    /// It is over, or will not be.
    End(Timestamp),
    /// Since when no screen is live; `None`: one is again.
    Silence(Option<Timestamp>),
}

/// Why a step cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// It is not in a state for it.
    #[error("the shift is not in a state that allows this")]
    State,
    /// More than [`TAKE_BEFORE`] before its beginning, or after its end.
    #[error("it is not the time of the shift")]
    Time,
}

impl Shift {
    /// The shift after a step.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn step(&self, step: Step, now: Timestamp) -> Result<Self, StepError> {
        use ShiftState::{Active, Confirmed, Ended, HandedOver, Planned};
        let state = self.state;
        let need = |holds: bool, why: StepError| if holds { Ok(()) } else { Err(why) };
        let mut next = self.clone();
        match step {
            Step::Confirm => {
                need(state == Planned, StepError::State)?;
                need(now < self.end, StepError::Time)?;
                next.state = Confirmed;
            }
            Step::Doubt => {
                need(state == Confirmed, StepError::State)?;
                next.state = Planned;
            }
            Step::Take(taken) => {
                need(matches!(state, Confirmed | Active), StepError::State)?;
                need(now.after(TAKE_BEFORE) >= self.start && now < self.end, StepError::Time)?;
                (next.state, next.taken, next.silent) = (Active, Some(taken), None);
            }
            Step::Offer(relief) => {
                need(matches!(state, Confirmed | Active), StepError::State)?;
                next.relief = Some(relief);
            }
            Step::Keep => {
                need(state.counts() && self.relief.is_some(), StepError::State)?;
                next.relief = None;
            }
            Step::HandOver(at) => {
                need(state.counts() && self.relief.is_some(), StepError::State)?;
                next.state = HandedOver;
                next.cut(at);
            }
            Step::Relieve(relieves) => {
                need(state.counts(), StepError::State)?;
                next.relieves = Some(relieves);
            }
            Step::End(at) => {
                need(!matches!(state, Ended | HandedOver), StepError::State)?;
                next.state = Ended;
                next.cut(at);
            }
            Step::Silence(since) => {
                need(state.counts(), StepError::State)?;
                next.silent = since;
            }
        }
        Ok(next)
    }

    /// It ends at that time, if it has begun and would go on.
    fn cut(&mut self, at: Timestamp) {
        if self.start < at && at < self.end {
            self.end = at;
        }
    }

    /// Whether this one and another say of each other that the one takes over from the other.
    #[must_use]
    pub fn is_relieved_by(
        &self,
        site: &crate::ids::SiteId,
        id: &crate::ids::Id128,
        other: &Self,
        own: (&crate::ids::SiteId, &crate::ids::Id128),
    ) -> bool {
        let offered = self.relief.is_some_and(|relief| relief.site == *site && relief.shift == *id);
        let taken = other.relieves.is_some_and(|relieves| relieves.site == *own.0 && relieves.shift == *own.1);
        offered && taken && other.state.counts()
    }
}
