//! The workitems of a case: one for each time that it was to be taken, and how far each is.
//!
//! A procedure step that is in progress never becomes scheduled again (PS3.4 CC.1.1); a case whose reader gives it back does. So
//! what was given back ends there, canceled, and the case goes on as another workitem. A final report completes whichever is
//! open, whoever wrote it; what follows (an addendum, a second reading, the case put away) changes it no more.
//!
//! # Not here
//! The attributes of a workitem: [`super::item`].

use crate::cases::Whole;
use protocol::{
    SiteId, Timestamp, Uid,
    case::event::{Event, Standing, Step},
    ids::Id128,
};

/// Procedure Step State (0074,1000).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepState {
    Scheduled,
    InProgress,
    Completed,
    Canceled,
}

impl StepState {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::InProgress => "IN PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Canceled => "CANCELED",
        }
    }

    pub(super) const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Canceled)
    }
}

/// One workitem of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// Which, from 0.
    pub(super) number: u32,
    /// Since when it can be taken.
    pub(super) since: Timestamp,
    /// When it was taken, where and by whom.
    pub(super) taken: Option<(Timestamp, SiteId, String)>,
    pub(super) ended: Option<Timestamp>,
    /// Why it was not completed.
    pub(super) reason: String,
    pub(super) progress: StepState,
}

impl Turn {
    const fn new(number: u32, since: Timestamp) -> Self {
        Self { number, since, taken: None, ended: None, reason: String::new(), progress: StepState::Scheduled }
    }

    fn end(&mut self, at: Timestamp, progress: StepState, reason: &str) {
        (self.ended, self.progress, self.reason) = (Some(at), progress, reason.to_owned());
    }

    fn take(&mut self, event: &Event, person: &str) {
        let since = self.taken.as_ref().map_or(event.at, |(at, ..)| *at);
        self.taken = Some((since, event.site, person.to_owned()));
        self.progress = StepState::InProgress;
    }
}

/// All of them, in their order; the last is the one that is open, if any is.
pub(super) fn turns(whole: &Whole) -> Vec<Turn> {
    let mut over = Vec::new();
    let mut turn = Turn::new(0, whole.requested);
    for event in whole.in_effect() {
        match &event.step {
            Step::Claimed => turn.take(event, &event.person),
            Step::HandedOver { to } => turn.take(event, to),
            Step::Regulated { to, .. } if !to.is_empty() => turn.take(event, to),
            Step::Released { reason } | Step::Refused { reason } | Step::Regulated { reason, .. }
                if turn.progress == StepState::InProgress =>
            {
                turn.end(event.at, StepState::Canceled, reason);
                let next = Turn::new(turn.number.saturating_add(1), event.at);
                over.push(std::mem::replace(&mut turn, next));
            }
            // Nothing is scheduled after it, unless a report crosses it.
            Step::Cancelled { reason } | Step::Unserved { reason } => turn.end(event.at, StepState::Canceled, reason),
            Step::Reported(report) | Step::Illustrated { report, .. } if report.standing == Standing::Final => {
                if turn.progress == StepState::Canceled {
                    let next = Turn::new(turn.number.saturating_add(1), event.at);
                    over.push(std::mem::replace(&mut turn, next));
                }
                if turn.taken.is_none() {
                    turn.take(event, &event.person);
                }
                turn.end(event.at, StepState::Completed, "");
                break;
            }
            _ => {}
        }
    }
    over.push(turn);
    over
}

/// The UID of a workitem: that of the case, and the number below it where it is not the first.
pub(super) fn uid(case: &Id128, number: u32) -> String {
    let of_case = case.uid();
    if number == 0 { of_case.to_string() } else { format!("{of_case}.{number}") }
}

/// The case, and which of its workitems.
pub(super) fn parse(uid: &str) -> Option<(Id128, u32)> {
    let uid = Uid::parse(uid).ok()?.to_string();
    let (case, number) = match uid.strip_prefix("2.25.")?.split_once('.') {
        None => (uid.strip_prefix("2.25.")?, 0),
        Some((case, number)) => (case, number.parse().ok().filter(|number| *number > 0)?),
    };
    let case = Id128(case.parse::<u128>().ok()?.to_be_bytes());
    (self::uid(&case, number) == uid).then_some((case, number))
}

/// Input Readiness State (0040,4041): ready where the images can be read and this site has taken the case.
pub(super) fn readiness(whole: &Whole, us: &SiteId) -> &'static str {
    let state = &whole.state;
    match (state.images.is_empty(), state.reader == Some(*us)) {
        (false, true) => "READY",
        _ if state.ask.studies.is_empty() => "UNAVAILABLE",
        _ => "INCOMPLETE",
    }
}
