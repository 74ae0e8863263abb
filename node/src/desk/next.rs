//! What this node has to do in a case now: a pure question of what the case is, what is set, what is here, and the time.
//!
//! # Not here
//! Doing it: [`super`].

use super::order;
use crate::cases::{Delays, DueKind, Settings, Whole};
use protocol::{
    SiteId, Timestamp, Uid,
    case::{
        event::{Counted, Joined, Kind, Skip, Step},
        state::{Answer, Reported, Stage},
    },
    roster::Rung,
};
use std::time::Duration;

/// Before so much of the time for it is over, nobody is called: a fifth of it is left.
const WARNED_AT_PERCENT: u32 = 80;

/// For what a reader is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// DICOM codes; empty: not said.
    pub(super) modality: &'a str,
    pub(super) region: &'a str,
    pub(super) at: Timestamp,
}

/// A study of ours as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) study: Uid,
    /// Of the manifest; `None`: still arriving.
    pub(super) version: Option<u64>,
    /// Reports that were filed in it are not counted.
    pub(super) instances: u32,
}

/// What is asked of the world outside the case.
pub(super) trait World {
    /// Who is on duty for a study of ours, in order, and why others are not asked.
    fn rungs(&self, wanted: &Wanted<'_>) -> Vec<Rung>;
    /// Why a site may not be asked now.
    fn bars(&self, site: &SiteId, kind: Kind) -> Option<Skip>;
    fn name(&self, site: &SiteId) -> String;
    /// Studies of ours among those of the case.
    fn images(&self, studies: &[Uid]) -> Vec<Image>;
    /// How many instances of a study its modality says it made.
    fn counted(&self, study: &Uid) -> Option<u32>;
    /// When an image of a study of ours came or was changed last.
    fn touched(&self, study: &Uid) -> Timestamp;
    /// Whether a report to us is in the archive, or need not be.
    fn is_filed(&self, whole: &Whole, reported: &Reported) -> bool;
    /// A study of ours that belongs to the case by accession number and equal identity.
    fn joins(&self, whole: &Whole) -> Option<Uid>;
    /// When the one who has the claim did something last.
    fn active(&self, whole: &Whole) -> Timestamp;
}

/// What is looked at.
pub(super) struct View<'a> {
    pub(super) whole: &'a Whole,
    pub(super) settings: &'a Settings,
    pub(super) delays: &'a Delays,
    pub(super) us: SiteId,
    pub(super) now: Timestamp,
    /// Since when this node runs: what happened before it could not see.
    pub(super) started: Timestamp,
    pub(super) world: &'a dyn World,
}

/// The next step of ours, if there is one.
pub(super) fn step(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    if state.requester.0 == view.us {
        let by_requester = [join, count, ready, deliver, close];
        let found = by_requester.into_iter().find_map(|ask| ask(view)).or_else(|| route(view));
        if found.is_some() {
            return found;
        }
    }
    if state.claim.as_ref().is_some_and(|claim| claim.site == view.us)
        && let Some(released) = idle(view)
    {
        return Some(released);
    }
    escalate(view)
}

fn join(view: &View<'_>) -> Option<Step> {
    let open = view.whole.state.stage.is_open();
    let study = open.then(|| view.world.joins(view.whole)).flatten()?;
    Some(Step::Acquired { studies: vec![study], how: Joined::Accession })
}

/// What the modality says it made, where it says so, and otherwise than before.
fn count(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    let is_said = |study: &Uid, count: u32| {
        state.expected.iter().any(|known| *known == (study.clone(), count, Counted::Modality))
    };
    let counted = |study: &Uid| {
        view.world.counted(study).filter(|count| !is_said(study, *count)).map(|count| (study.clone(), count))
    };
    let (study, instances) = state.stage.is_open().then(|| state.ask.studies.iter().find_map(counted)).flatten()?;
    Some(Step::Expected { study, instances, by: Counted::Modality })
}

/// All studies of the case that are ours have settled, and a manifest is newer than what was said.
fn ready(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    if !state.stage.is_open() || state.ask.studies.is_empty() || state.reader.is_none() {
        return None;
    }
    let images = view.world.images(&state.ask.studies);
    let settled: Option<Vec<(Uid, u64)>> = images.iter().map(|i| Some((i.study.clone(), i.version?))).collect();
    let settled = settled.filter(|settled| !settled.is_empty())?;
    let is_confirmed = images.len() == state.ask.studies.len() && images.iter().all(|image| is_counted(view, image));
    let is_news = settled.iter().any(|(study, version)| is_news(view, study, *version));
    let is_other_count = is_confirmed && !state.count_confirmed;
    (is_news || is_other_count).then_some(Step::ImagesReady { studies: settled, count_confirmed: is_confirmed })
}

/// Whether this version has other images than those that were said to be ready: a report that was filed makes one as well.
fn is_news(view: &View<'_>, study: &Uid, version: u64) -> bool {
    let Some((_, said)) = view.whole.state.images.iter().find(|(known, _)| known == study) else { return true };
    let said_at = view.whole.in_effect().filter_map(|event| match &event.step {
        Step::ImagesReady { studies, .. } if studies.iter().any(|(known, _)| known == study) => Some(event.at),
        _ => None,
    });
    version > *said && said_at.max().is_none_or(|at| view.world.touched(study) > at)
}

/// Whether somebody counted, and as many are there as each of them said.
fn is_counted(view: &View<'_>, image: &Image) -> bool {
    let mut counts = view.whole.state.expected.iter().filter(|(study, ..)| *study == image.study).peekable();
    counts.peek().is_some() && counts.all(|(_, expected, _): &(Uid, u32, Counted)| *expected == image.instances)
}

/// A report is delivered when it lies beside its images here, or durable in the case where there are none.
fn deliver(view: &View<'_>) -> Option<Step> {
    let mut reports = view.whole.state.reports.iter();
    let report = reports.find(|report| !report.delivered && view.world.is_filed(view.whole, report))?;
    Some(Step::Delivered { report: report.event })
}

fn close(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    (state.stage == Stage::Acknowledged && !state.owes()).then_some(Step::Closed)
}

/// Whom to ask, and who did not answer.
fn route(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    let can_be_taken = state.stage.is_open() && state.reader.is_none() && state.reports.is_empty() && !state.on_hold;
    if !can_be_taken {
        return None;
    }
    let waiting = state.asked.iter().find_map(|asked| match asked.answer {
        Answer::Waiting { until } => Some((asked.site, until)),
        _ => None,
    });
    if let Some((to, until)) = waiting {
        return (until <= view.now).then_some(Step::TimedOut { to });
    }
    order::next(view)
}

/// Who has the claim, and neither wrote nor looked for too long, gives it back; a report once signed keeps it.
fn idle(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    let claim = state.claim.as_ref()?;
    let active = [claim.at, view.started, view.world.active(view.whole)].into_iter().max()?;
    let is_idle = state.reports.is_empty() && active.after(view.settings.idle()) <= view.now;
    is_idle.then(|| Step::Released { reason: "idle".to_owned() })
}

/// Words of the reasons for which a node escalates by itself; the interface has sentences for them.
pub(super) const NOBODY_ANSWERS: &str = "nobody-answers";

fn due_reason(what: DueKind) -> &'static str {
    match what {
        DueKind::Answer => "answer-due",
        DueKind::Preliminary => "preliminary-due",
        DueKind::Final => "final-due",
        DueKind::Hear => "critical-unheard",
    }
}

/// Once for each reason: nobody is left to be asked, or the time for what is due has nearly passed.
fn escalate(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    if !state.stage.is_open() {
        return None;
    }
    let said = |reason: &str| {
        view.whole.in_effect().any(|event| matches!(&event.step, Step::Escalated { text } if text == reason))
    };
    let by_us = state.owner().site == view.us;
    let nobody_left = state.requester.0 == view.us
        && state.stage == Stage::Requested
        && !state.on_hold
        && state.reader.is_none()
        && state.reports.is_empty();
    if nobody_left && !said(NOBODY_ANSWERS) {
        return Some(Step::Escalated { text: NOBODY_ANSWERS.to_owned() });
    }
    let due = view.whole.due(view.delays)?;
    // A critical result is the requester's to hear and the reader's to call.
    let is_ours = by_us || (due.what == DueKind::Hear && state.requester.0 == view.us);
    let within = due.at.since(due.since);
    let warned = match due.what {
        DueKind::Hear | DueKind::Answer => due.at,
        DueKind::Preliminary | DueKind::Final => due.since.after(within.saturating_mul(WARNED_AT_PERCENT) / 100),
    };
    let reason = due_reason(due.what);
    let is_time = warned <= view.now && within > Duration::ZERO && due.what != DueKind::Answer;
    (is_ours && is_time && !said(reason)).then(|| Step::Escalated { text: reason.to_owned() })
}
