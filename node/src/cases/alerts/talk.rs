//! What the other side did that this one must hear of: a hold, a report, an answer, a word.
//!
//! # Not here
//! What is urgent from the first minute: [`super`].

use super::{Alert, AlertKind, Look};
use crate::cases::Doing;
use protocol::case::{
    event::{Standing, Step},
    state::{Comparison, Stage},
};

impl Look<'_> {
    /// Whether it calls one of the two sides, whichever this site is.
    pub(super) fn calls_any(&self) -> bool {
        self.calls_requester() || (self.is_reader() && self.calls_reader())
    }

    pub(super) fn held(&self) -> Option<Alert> {
        let state = &self.whole.state;
        if !state.on_hold || !state.stage.is_open() || !self.calls_any() {
            return None;
        }
        let (_, digest, event) = self.last(|event| matches!(event.step, Step::OnHold { .. }))?;
        self.alert(AlertKind::Held, (digest, event))
    }

    /// Of whoever asked: what it is to be is theirs to say.
    pub(super) fn lowered(&self) -> Option<Alert> {
        if !self.whole.state.stage.is_open() || !self.calls_requester() {
            return None;
        }
        let (mut known, mut last) = (None, None);
        for (digest, event) in &self.steps {
            let (priority, is_said) = match &event.step {
                Step::Requested(ask) => (ask.priority, false),
                Step::Prioritised { priority, .. } => (*priority, true),
                _ => continue,
            };
            if is_said {
                let is_less = known.is_some_and(|before| priority > before) && event.site != self.us;
                last = is_less.then_some((*digest, *event));
            }
            known = Some(priority);
        }
        last.and_then(|row| self.alert(AlertKind::Lowered, row))
    }

    /// A comparison that nobody has made: whoever wrote the later report or is on duty where it is read, and whoever asked.
    pub(super) fn differs(&self) -> Option<Alert> {
        let state = &self.whole.state;
        let owed = state.comparisons.iter().rev().find(|comparison| comparison.class.is_none())?;
        let (digest, event) = self.steps.iter().find(|(known, _)| **known == owed.reports[1]).copied()?;
        let reads = (self.is_reader() || event.site == self.us) && self.calls_reader();
        // Its author is called as well: that they differ is not what they signed.
        (reads || self.calls_requester()).then(|| Alert {
            kind: AlertKind::Differs,
            event: *digest,
            site: event.site,
            person: event.person.clone(),
            at: event.at,
            text: String::new(),
        })
    }

    pub(super) fn reopened(&self) -> Option<Alert> {
        if self.whole.state.stage != Stage::Reopened || !self.calls_any() {
            return None;
        }
        let (_, digest, event) = self.last(|event| matches!(event.step, Step::Reopened { .. }))?;
        self.alert(AlertKind::Reopened, (digest, event))
    }

    /// Whoever had taken it.
    pub(super) fn cancelled(&self) -> Option<Alert> {
        if self.whole.state.stage != Stage::Cancelled || !self.is_reader() || !self.may(Doing::Reading) {
            return None;
        }
        let (at, digest, event) = self.last(|event| matches!(event.step, Step::Cancelled { .. }))?;
        let whom = match self.had(at) {
            "" => self.present.readers("", &self.whole.state.ask.modality),
            had => vec![had],
        };
        let calls = self.present.calls(&self.person.name, &whom);
        calls.then(|| self.alert(AlertKind::Cancelled, (digest, event))).flatten()
    }

    /// Whoever asked more, of whoever answered.
    pub(super) fn answered(&self) -> Option<Alert> {
        let state = &self.whole.state;
        if state.info_asked || !state.stage.is_open() {
            return None;
        }
        let (at, digest, event) = self.last(|event| matches!(event.step, Step::InfoGiven { .. }))?;
        let before = self.steps.iter().take(at).rev();
        let asked = before.map(|(_, event)| event).find(|event| matches!(event.step, Step::InfoAsked { .. }))?;
        let calls = asked.site == self.us
            && self.may(Doing::Speaking)
            && self.present.calls(&self.person.name, &[asked.person.as_str()]);
        calls.then(|| self.alert(AlertKind::Answered, (digest, event))).flatten()
    }

    /// A report that lasts, or of an urgent case, that nobody has read where it was asked for.
    pub(super) fn reported(&self) -> Option<Alert> {
        if !self.calls_requester() || !self.may(Doing::Acting) {
            return None;
        }
        let is_told = |standing: Standing| match standing {
            Standing::Preliminary | Standing::Final => self.is_urgent(),
            Standing::Addendum | Standing::SecondReading => true,
        };
        let last = self.whole.state.reports.last()?;
        // One with a critical result, or that may differ from another, calls in a way of its own.
        let calls_else = |comparison: &Comparison| {
            comparison.reports.contains(&last.event) && (comparison.class.is_none() || comparison.unread)
        };
        let is_else = last.report.critical || self.whole.state.comparisons.iter().any(calls_else);
        let is_news = !last.acknowledged && !is_else && is_told(last.report.standing);
        let row = self.steps.iter().find(|(known, _)| **known == last.event).copied()?;
        is_news.then(|| self.alert(AlertKind::Reported, row)).flatten()
    }

    /// The last word of the other side, until somebody here has written something after it.
    pub(super) fn said(&self) -> Option<Alert> {
        if !self.whole.state.stage.is_open() || !self.calls_any() {
            return None;
        }
        let (at, digest, event) = self.last(|event| matches!(event.step, Step::Said { .. }))?;
        let mut later = self.steps.iter().skip(at + 1);
        let is_seen = later.any(|(_, event)| event.site == self.us && !event.person.is_empty());
        let is_news = event.site != self.us && !is_seen;
        is_news.then(|| self.alert(AlertKind::Said, (digest, event))).flatten()
    }
}
