//! What this node has to do in a case now: a pure question of what the case is, what is set, what is here, and the time.
//!
//! # Not here
//! Doing it: [`super`].

use super::order;
use crate::cases::{Delays, Due, DueKind, NOBODY_ANSWERS, OTHER_PATIENT, Settings, Whole};
use protocol::{
    SiteId, Timestamp, Uid,
    case::{
        event::{Counted, Joined, NUMBERS_MAX, Skip, Standing, Step, is_number},
        state::{Answer, Asked, Reported, Stage},
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
    fn bars(&self, site: &SiteId, whole: &Whole) -> Option<Skip>;
    fn name(&self, site: &SiteId) -> String;
    /// Studies of ours among those of the case.
    fn images(&self, studies: &[Uid]) -> Vec<Image>;
    /// How many instances of a study its modality says it made, or the PACS says it has.
    fn counted(&self, study: &Uid, by: Counted) -> Option<u32>;
    /// When an image of a study of ours came or was changed last.
    fn touched(&self, study: &Uid) -> Timestamp;
    /// Whether a report to us is in the archive, or need not be.
    fn is_filed(&self, whole: &Whole, reported: &Reported) -> bool;
    /// A study of ours that belongs to the case by accession number and equal identity.
    fn joins(&self, whole: &Whole) -> Option<Uid>;
    /// Whether images of the case, where they are known, say another patient.
    fn is_of_another(&self, whole: &Whole) -> bool;
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
        let by_requester = [join, count, mixed, ready, deliver, close];
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
    escalate(view).or_else(|| reachable(view))
}

/// Whether a step is due by the time alone, whatever is here and set: cheap, and asked of every open case each second.
pub(super) fn is_time(view: &View<'_>) -> bool {
    let state = &view.whole.state;
    let is_over = waited_for(view).is_some_and(|(_, until)| until <= view.now);
    let is_claimed = || state.claim.as_ref().is_some_and(|claim| claim.site == view.us);
    (state.requester.0 == view.us && is_over) || (is_claimed() && idle(view).is_some()) || escalate(view).is_some()
}

/// Where we are rung up, in every case that we ask or read: the others know no number of ours else.
fn reachable(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    let takes_part = state.requester.0 == view.us || state.reader == Some(view.us);
    if !state.stage.is_open() || !takes_part {
        return None;
    }
    let numbers = view.settings.telephones.iter().map(|to| (to.name.clone(), to.number.clone()));
    let numbers: Vec<(String, String)> = numbers.filter(is_number).take(NUMBERS_MAX).collect();
    let is_known = state.reachable.get(&view.us).map_or(numbers.is_empty(), |known| *known == numbers);
    (!is_known).then_some(Step::Reachable { numbers })
}

fn join(view: &View<'_>) -> Option<Step> {
    let open = view.whole.state.stage.is_open();
    let study = open.then(|| view.world.joins(view.whole)).flatten()?;
    Some(Step::Acquired { studies: vec![study], how: Joined::Accession })
}

/// What the modality says it made, or the PACS that it has, where they say so, and otherwise than before.
fn count(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    let counted = |study: &Uid| {
        [Counted::Modality, Counted::Pacs].into_iter().find_map(|by| {
            let instances = view.world.counted(study, by)?;
            let said = (study.clone(), instances, by);
            (!state.expected.contains(&said)).then(|| Step::Expected { study: study.clone(), instances, by })
        })
    };
    state.stage.is_open().then(|| state.ask.studies.iter().find_map(counted)).flatten()
}

/// Images that say another patient are told to all who see to the case, once somebody is to read them; whoever reads decides, and
/// says why.
fn mixed(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    let is_read = state.stage.is_open() && state.reader.is_some();
    let is_news = is_read && view.world.is_of_another(view.whole) && !is_said(view, OTHER_PATIENT);
    is_news.then(|| Step::Escalated { text: OTHER_PATIENT.to_owned() })
}

/// All studies of the case that are ours have settled, and a manifest is newer than what was said.
fn ready(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    // What comes after all was read and closed is told to those who read it.
    let is_over = state.stage == Stage::Closed && !state.reports.is_empty();
    if !(state.stage.is_open() || is_over) || state.ask.studies.is_empty() || state.reader.is_none() {
        return None;
    }
    let images = view.world.images(&state.ask.studies);
    let settled: Option<Vec<(Uid, u64)>> = images.iter().map(|i| Some((i.study.clone(), i.version?))).collect();
    let settled = settled.filter(|settled| !settled.is_empty())?;
    let is_confirmed = images.len() == state.ask.studies.len() && images.iter().all(|image| is_counted(view, image));
    let is_news = settled.iter().any(|(study, version)| is_news(view, study, *version));
    if is_over {
        return is_news.then_some(Step::ImagesReady { studies: settled, count_confirmed: is_confirmed });
    }
    let is_other_count = if state.count_confirmed { is_contradicted(view, &images) } else { is_confirmed };
    // Where only the count is other, the images are those that were said: a version that a report made is not news by this.
    let studies = if is_news { settled } else { state.images.clone() };
    (is_news || is_other_count).then_some(Step::ImagesReady { studies, count_confirmed: is_confirmed })
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

/// Whether somebody counted as many as are there, and nobody otherwise; a PACS that has fewer was not sent all.
fn is_counted(view: &View<'_>, image: &Image) -> bool {
    let counts = view.whole.state.expected.iter().filter(|(study, ..)| *study == image.study);
    let is_all = |expected: u32| expected == image.instances;
    let is_less = |expected: u32, by: Counted| by == Counted::Pacs && expected < image.instances;
    counts.clone().any(|(_, expected, _)| is_all(*expected))
        && counts.clone().all(|(_, expected, by)| is_all(*expected) || is_less(*expected, *by))
}

/// Whether somebody says that there are more than are here, and said so after it was confirmed that no more will come: also
/// where a person confirmed it.
fn is_contradicted(view: &View<'_>, images: &[Image]) -> bool {
    let is_more = |study: &Uid, count: u32| images.iter().any(|image| image.study == *study && image.instances < count);
    let mut is_contradicted = false;
    for event in view.whole.in_effect() {
        match &event.step {
            Step::ImagesReady { .. } => is_contradicted = false,
            Step::Expected { study, instances, by } => {
                let stands = view.whole.state.expected.contains(&(study.clone(), *instances, *by));
                is_contradicted |= stands && is_more(study, *instances);
            }
            _ => {}
        }
    }
    is_contradicted
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

/// Whether somebody is still to be found who reads it.
fn can_be_taken(view: &View<'_>) -> bool {
    let state = &view.whole.state;
    state.stage.is_open() && state.reader.is_none() && state.reports.is_empty() && !state.on_hold
}

/// Whose answer is waited for, and until when.
fn waited_for<'a>(view: &View<'a>) -> Option<(&'a Asked, Timestamp)> {
    let waits = |asked: &'a Asked| match asked.answer {
        Answer::Waiting { until } => Some((asked, until)),
        _ => None,
    };
    can_be_taken(view).then(|| view.whole.state.asked.iter().find_map(waits)).flatten()
}

/// Whom to ask, and who did not answer.
fn route(view: &View<'_>) -> Option<Step> {
    match waited_for(view) {
        Some((asked, until)) => {
            let is_over = until <= view.now || order::is_overtaken(view, (&asked.site, &asked.whom));
            is_over.then_some(Step::TimedOut { to: asked.site })
        }
        None => can_be_taken(view).then(|| order::next(view)).flatten(),
    }
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
fn due_reason(what: DueKind) -> &'static str {
    match what {
        DueKind::Answer => "answer-due",
        DueKind::Preliminary => "preliminary-due",
        DueKind::Final => "final-due",
        DueKind::Hear => "critical-unheard",
        DueKind::Wanted => "wanted-due",
        DueKind::Compare => "comparison-due",
    }
}

/// Whether an event makes a reason for escalating a new one: what was said before it is of what was before it.
fn renews(reason: &str, step: &Step) -> bool {
    match step {
        Step::Offered { .. } | Step::Resumed => true,
        Step::Reported(report) | Step::Illustrated { report, .. } => {
            report.critical && reason == due_reason(DueKind::Hear)
                || report.standing == Standing::Preliminary && reason == due_reason(DueKind::Final)
                || report.standing != Standing::Addendum && reason == due_reason(DueKind::Compare)
        }
        // Others may be owed still, or be owed next.
        Step::Compared { .. } => reason == due_reason(DueKind::Compare),
        Step::Prioritised { .. } | Step::Accepted { .. } => reason != due_reason(DueKind::Hear),
        // The addendum that is wanted is owed from then on.
        Step::Reopened { .. } => reason == due_reason(DueKind::Final),
        // Of somebody else, or other images than those it was said of.
        Step::Identified(_) | Step::Acquired { .. } => reason == OTHER_PATIENT,
        // Another hour may be named.
        Step::Specified(_) => reason == due_reason(DueKind::Wanted),
        _ => false,
    }
}

/// Whether a reason was said, and nothing has come since by which it would have to be said anew.
fn is_said(view: &View<'_>, reason: &str) -> bool {
    let mut said = false;
    for event in view.whole.in_effect() {
        match &event.step {
            Step::Escalated { text } if text == reason => said = true,
            step => said &= !renews(reason, step),
        }
    }
    said
}

/// Once for each reason and each time that it comes about: nobody is left to be asked, or the time for what is due has nearly
/// passed.
fn escalate(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    if !state.stage.is_open() {
        return None;
    }
    let said = |reason: &str| is_said(view, reason);
    let by_us = state.owner().site == view.us;
    let nobody_left = state.requester.0 == view.us
        && state.stage == Stage::Requested
        && !state.on_hold
        && state.reader.is_none()
        && state.reports.is_empty();
    if nobody_left && !said(NOBODY_ANSWERS) {
        return Some(Step::Escalated { text: NOBODY_ANSWERS.to_owned() });
    }
    view.whole.dues(view.delays).into_iter().find_map(|due| {
        // A critical result is the requester's to hear and the reader's to call.
        let is_ours = by_us || (due.what == DueKind::Hear && state.requester.0 == view.us);
        let reason = due_reason(due.what);
        (is_ours && is_to_be_said(&due, view.now) && !said(reason)).then(|| Step::Escalated { text: reason.to_owned() })
    })
}

/// Whether its time has come, or nearly.
fn is_to_be_said(due: &Due, now: Timestamp) -> bool {
    let within = due.at.since(due.since);
    let warned = match due.what {
        DueKind::Hear | DueKind::Answer | DueKind::Compare => due.at,
        DueKind::Preliminary | DueKind::Final | DueKind::Wanted => {
            due.since.after(within.saturating_mul(WARNED_AT_PERCENT) / 100)
        }
    };
    warned <= now && within > Duration::ZERO && due.what != DueKind::Answer
}
