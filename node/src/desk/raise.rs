//! What stands in cases and somebody must see to, said to the alarms: what is urgent by case, the rest counted. No condition
//! names a patient; what is urgent says whom to ring up.
//!
//! # Not here
//! Calling persons before their screens: `cases`.

use super::{
    Inner, Look,
    calls::{Known, Number},
    next::World,
};
use crate::{
    alarms::{Call, Callee, Kind as Alarm, Level},
    cases::{Delays, DueKind, Whole, priority_word},
};
use protocol::{
    Timestamp,
    case::{
        event::{Event, Priority, Step},
        state::{Answer, Stage},
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

/// Cases of one kind that are alarms at once, those longest late first: a call for each, and no storm.
const CASES_MAX: usize = 32;
/// A stroke that nobody here has answered for so long is told outside; and after half of the time for an answer, where that is
/// shorter.
const UNANSWERED: Duration = Duration::from_secs(60);

/// One case that is an alarm, and since when.
type Urgent = (Timestamp, Arc<Whole>);

impl Inner {
    pub(super) fn raise(&self, look: &Look) {
        let (Look { delays, now, .. }, us) = (look, self.us());
        let now = *now;
        let bare = self.bare.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut urgent: BTreeMap<Alarm, Vec<Urgent>> = BTreeMap::new();
        for whole in self.open_cases() {
            let is_ours = whole.state.owner().site == us || whole.state.requester.0 == us;
            if whole.state.ask.priority <= Priority::P1 && bare.contains(&whole.name()) {
                urgent.entry(Alarm::CaseWithoutImages).or_default().push((whole.requested, whole.clone()));
            }
            if let Some((kind, since)) = self.urgent(&whole, is_ours, (delays, now)) {
                urgent.entry(kind).or_default().push((since, whole));
            }
        }
        let unfiled = self.kept_out.lock().unwrap_or_else(PoisonError::into_inner).values().sum();
        let loose = self.loose(now).iter().filter(|loose| loose.is_late).count() as u64;
        let raised = |count: u64, level| (count > 0).then_some(level);
        let alarms = &self.parts.alarms;
        let bare = bare.len() as u64;
        alarms.set(Alarm::CasesWithoutImages, "", bare, raised(bare, Level::Warning));
        alarms.set(Alarm::StudiesWithoutRequest, "", loose, raised(loose, Level::Warning));
        alarms.set(Alarm::ReportsUnfiled, "", unfiled, raised(unfiled, Level::Critical));
        let known = if urgent.is_empty() { Known::default() } else { self.known() };
        for kind in [Alarm::CasesLate, Alarm::ResultsUnheard, Alarm::CaseUnanswered, Alarm::CaseWithoutImages] {
            self.stand(kind, urgent.remove(&kind).unwrap_or_default(), &known, now);
        }
    }

    /// What of a case is to be told outside now, and since when; the worst of it.
    fn urgent(&self, whole: &Whole, is_ours: bool, (delays, now): (&Delays, Timestamp)) -> Option<(Alarm, Timestamp)> {
        if let Some(since) = self.unanswered(whole, now) {
            return Some((Alarm::CaseUnanswered, since));
        }
        let due = whole.dues(delays).into_iter().find(|due| is_ours && due.at <= now)?;
        let kind = if due.what == DueKind::Hear { Alarm::ResultsUnheard } else { Alarm::CasesLate };
        Some((kind, due.at))
    }

    /// Whom to ring up about what of a case is told outside.
    fn to_call(&self, kind: Alarm, whole: &Whole, known: &Known) -> Vec<Number> {
        let us = self.us();
        let is_asking = whole.state.requester.0 == us && !whole.is_asked(&us);
        match kind {
            Alarm::ResultsUnheard | Alarm::CaseWithoutImages => self.requester_numbers(whole, known),
            Alarm::CaseUnanswered if !is_asking => self.own_numbers(whole, known),
            _ => self.reader_numbers(whole, known),
        }
    }

    /// Since when a P0 is without an answer: of this site, or of all that this site could ask.
    fn unanswered(&self, whole: &Whole, now: Timestamp) -> Option<Timestamp> {
        let (us, state) = (self.us(), &whole.state);
        let waits = state.stage.is_open() && state.reader.is_none() && state.reports.is_empty();
        if !waits || state.ask.priority != Priority::P0 {
            return None;
        }
        let own = state.asked.iter().find_map(|asked| match asked.answer {
            Answer::Waiting { until } if asked.site == us => Some(until),
            _ => None,
        });
        if let Some(until) = own {
            // By the clock and the delays of who asked: ours may be others.
            let asked = |event: &Event| matches!(event.step, Step::Offered { to, .. } if to == us).then_some(event.at);
            let asked = whole.in_effect().filter_map(asked).last().unwrap_or(whole.requested);
            let since = asked.after(UNANSWERED.min(until.since(asked) / 2));
            return (since <= now).then_some(since);
        }
        let nobody_left = state.requester.0 == us && state.stage == Stage::Requested && state.escalated;
        nobody_left.then_some(whole.requested)
    }

    /// Exactly these cases of a kind, each by its name.
    fn stand(&self, kind: Alarm, mut cases: Vec<Urgent>, known: &Known, now: Timestamp) {
        let alarms = &self.parts.alarms;
        cases.sort_by_key(|(since, whole)| (*since, whole.name()));
        cases.truncate(CASES_MAX);
        let subjects: Vec<String> = cases.iter().map(|(_, whole)| whole.name().to_string()).collect();
        for gone in alarms.subjects(kind).into_iter().filter(|subject| !subjects.contains(subject)) {
            alarms.set(kind, &gone, 0, None);
        }
        for ((since, whole), subject) in cases.into_iter().zip(&subjects) {
            let callee = |one: Number| Callee {
                site: self.name(&one.site),
                account: one.account,
                name: one.name,
                telephone: one.number,
            };
            let call = Call {
                case: subject.clone(),
                priority: priority_word(whole.state.ask.priority).to_owned(),
                whom: self.to_call(kind, &whole, known).into_iter().map(callee).collect(),
            };
            alarms.set_call(kind, subject, now.since(since).as_secs() / 60, Level::Critical, call);
        }
    }
}
