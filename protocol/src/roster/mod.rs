//! Coverage, rosters and shifts: which sites read for which, who is on duty when, which minutes have nobody, and who is asked
//! for a study, in which order.
//!
//! A *coverage* is one text that all its sites sign ([`SignedCoverage`]); it lets nobody read anything, which agreements do.
//! A *shift* is a fact that its person's site states of itself ([`crate::duty`]), so that what several sites say never
//! conflicts: each speaks for its own people alone, and of one fact the newest word holds ([`newest`]). Everything else here
//! is worked out from the two, and the same at every site that knows the same: [`holes`], [`who`].
//!
//! # Not here
//! Signing, keeping and telling: `node::trust`, `node::overlay`. Alarms, screens and hand-overs: `node::roster`. What a study
//! lets itself be read by: [`crate::agreement`].

mod calendar;
mod course;
mod coverage;
mod holes;
mod holidays;
pub mod ical;
mod spans;
#[cfg(test)]
mod tests;
mod who;

pub use calendar::{Calendar, EXTRA_DAYS_MAX, PERIOD_DAYS_MAX, WEEK_SPANS_MAX, date_of, day_of, is_known_zone, zone};
pub use course::{Step, StepError, TAKE_BEFORE};
pub use coverage::{
    Coverage, CoverageEnd, NAME_MAX, READERS_MAX, Reader, SignedCoverage, Target, TargetError, Tier, default_targets,
};
pub use holes::{HOLES_MAX, Hole, holes};
pub use holidays::{Holiday, Holidays, easter};
pub use spans::Spans;
pub use who::{Rung, Skip, Wanted, lacking, who};

use crate::{
    duty::{Duty, Shift, What},
    ids::{Id128, SiteId},
};
use std::collections::BTreeMap;

/// A shift with its name and who states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// Whose word it is.
    pub site: SiteId,
    /// Its name there.
    pub id: Id128,
    /// What is stated.
    pub shift: Shift,
}

/// Of all that sites stated, in whatever order it was heard and however often: the newest word on each shift.
#[must_use]
pub fn newest<'a>(facts: impl IntoIterator<Item = (SiteId, &'a Duty)>) -> Vec<Stated> {
    let mut known: BTreeMap<(SiteId, Id128), &Duty> = BTreeMap::new();
    for (site, duty) in facts {
        let kept = known.entry((site, duty.id)).or_insert(duty);
        if duty.supersedes(kept) {
            *kept = duty;
        }
    }
    let shift = |((site, id), duty): ((SiteId, Id128), &Duty)| match &duty.what {
        What::Shift(shift) => Some(Stated { site, id, shift: shift.clone() }),
        What::Case(_) => None,
    };
    known.into_iter().filter_map(shift).collect()
}
