//! A case that somebody who regulates moves at the site that reads it: not from under somebody who is at work on it, and to nobody
//! who may not read it or is not on duty.
//!
//! # Not here
//! What a move does, and over which reports there is none: `protocol::case`. Who regulates: [`crate::cases::may`].

use super::{Desk, UnfitReader};
use crate::{cases::Whole, tasks};
use protocol::Timestamp;
use std::time::Duration;

/// Whoever claimed, wrote or looked within so long is at work.
const AT_WORK: Duration = Duration::from_secs(300);

/// Whether somebody who did something last then is at work.
fn is_at_work(last: Timestamp, now: Timestamp) -> bool {
    now < last.after(AT_WORK)
}

/// Whether somebody can be given a case by duty: where the roster has nobody here now, there is none to go by.
fn is_on_duty(on_duty: &[(String, Vec<String>)], person: &str) -> bool {
    on_duty.is_empty() || on_duty.iter().any(|(name, _)| name.eq_ignore_ascii_case(person))
}

impl Desk {
    /// Whether a case may be taken from whoever has it here; `is_known`: the caller knows that they are at work, and means it.
    ///
    /// # Errors
    /// [`UnfitReader::AtWork`].
    pub(crate) fn may_take_from(&self, whole: &Whole, is_known: bool) -> Result<(), UnfitReader> {
        let cases = &self.inner.parts.cases;
        // Nothing was seen of what was done before the start.
        let last = |at: Timestamp| at.max(cases.active(&whole.name())).max(self.inner.started);
        let is_theirs = whole.state.claim.as_ref().filter(|claim| claim.site == self.inner.us());
        match is_theirs.is_some_and(|claim| is_at_work(last(claim.at), tasks::now())) && !is_known {
            true => Err(UnfitReader::AtWork),
            false => Ok(()),
        }
    }

    /// Whether a case may be given to somebody here.
    ///
    /// # Errors
    /// [`UnfitReader`].
    pub(crate) fn may_be_given(&self, whole: &Whole, to: &str) -> Result<(), UnfitReader> {
        self.may_read(whole, to)?;
        match is_on_duty(&self.inner.parts.roster.present().on_duty, to) {
            true => Ok(()),
            false => Err(UnfitReader::NotOnDuty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wrote_some_minutes_ago_is_at_work_and_whoever_is_silent_is_not() {
        let last = Timestamp(1_000_000);
        assert!(is_at_work(last, last));
        assert!(is_at_work(last, Timestamp(1_000_000 + 299_999)));
        assert!(!is_at_work(last, Timestamp(1_000_000 + 300_000)));
        assert!(is_at_work(last, Timestamp(1)), "a clock that was put back makes nobody silent");
    }

    #[test]
    fn a_roster_that_has_anybody_on_duty_counts_for_everybody() {
        let on_duty = [("leroy".to_owned(), Vec::new()), ("martin".to_owned(), vec!["CT".to_owned()])];
        assert!(is_on_duty(&on_duty, "leroy") && is_on_duty(&on_duty, "Martin"));
        assert!(!is_on_duty(&on_duty, "bernard"));
        assert!(is_on_duty(&[], "bernard"), "where no roster is kept");
    }
}
