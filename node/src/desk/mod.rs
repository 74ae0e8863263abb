//! The desk: what cases need that nobody does by hand. Whom to ask next, who let the time pass, which images belong, what must
//! be told before it is too late.
//!
//! One question is asked of a case again and again: what has this node to do in it now ([`next`])? The answer is a step or
//! none; it is done by [`crate::cases`] as any person's, and asked again. So nothing is remembered here, and a node that was
//! down goes on where it stands. The question is asked of a case when something happened in it, and when time passed
//! ([`turns`]).
//!
//! # At a crash
//! What was not done is done at the next look.
//!
//! # Not here
//! What a step does: `protocol::case`. Who is on duty: `roster`.

mod attachments;
mod calls;
mod counts;
mod duty;
mod file;
#[cfg(test)]
mod filed_tests;
mod images;
mod join;
mod lately;
mod lent;
mod mixed;
mod moving;
mod next;
mod order;
mod priors;
mod raise;
mod readers;
mod request;
mod sign;
#[cfg(test)]
mod tests;
mod turns;

pub(crate) use calls::Number;
pub(crate) use images::StudyHere;
pub(crate) use join::{JoinError, Repeated, compared, contradictions};
pub(crate) use lent::Lent;
pub(crate) use mixed::Otherwise;
pub(crate) use readers::UnfitReader;
pub(crate) use request::{AskError, Asking, needs_check, unnamed};
pub(crate) use sign::{Lack, ShownCase, SignError, ToSign};

use crate::{
    alarms::Alarms,
    archive::{Archive, ArchiveEvent},
    audit::Actor,
    cases::{CaseError, Cases, Delays, News, Settings, Whole},
    overlay::{Overlay, OverlayEvent},
    roster::Roster,
    sources::Sources,
    studies::Studies,
    tasks::{self, Tasks},
    trust::Trust,
};
use next::View;
use protocol::{
    SiteId, Timestamp,
    case::event::{Priority, Step},
    ids::Id128,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, broadcast};

/// How often time is looked at. What is due is told a second late at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Steps that a case may need one after the other: ranks that are passed over, mostly. What is left waits for the next look.
const STEPS_MAX: usize = 64;

/// What the desk is made of.
#[derive(Debug)]
pub(crate) struct DeskParts {
    pub(crate) cases: Cases,
    pub(crate) trust: Trust,
    pub(crate) archive: Archive,
    pub(crate) overlay: Overlay,
    pub(crate) studies: Studies,
    pub(crate) alarms: Alarms,
    pub(crate) tasks: Tasks,
    pub(crate) site_name: String,
    /// Where browsers find the portal.
    pub(crate) portal_url: String,
    pub(crate) roster: Roster,
    pub(crate) sources: Sources,
    /// By which the days of credentials are.
    pub(crate) time_zone: Option<String>,
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    parts: DeskParts,
    started: Timestamp,
    /// To be looked at. Bounded by the cases there are.
    due: Mutex<BTreeSet<Id128>>,
    news: Notify,
    /// Cases of which reports are not in the archive though images of it are, and how many; over, or not.
    kept_out: Mutex<BTreeMap<Id128, u64>>,
    /// Cases that wait for images and have none.
    bare: Mutex<BTreeSet<Id128>>,
    turns: Mutex<turns::Turns>,
    priors: priors::Priors,
    bringing: attachments::Bringing,
    counts: counts::Counts,
    lately: lately::Lately,
}

impl Desk {
    pub(crate) fn start(parts: DeskParts) -> Self {
        let tasks = parts.tasks.clone();
        let (case_news, archive_news) = (parts.cases.news(), parts.archive.events());
        let overlay_news = parts.overlay.events();
        let (started, due, news) = (tasks::now(), Mutex::default(), Notify::new());
        let (priors, bringing) = (priors::Priors::default(), attachments::Bringing::default());
        let (counts, lately) = (counts::Counts::default(), lately::Lately::default());
        let arrivals = parts.archive.events();
        let (kept_out, bare, turns) = (Mutex::default(), Mutex::default(), Mutex::default());
        let inner =
            Arc::new(Inner { parts, started, due, news, kept_out, bare, turns, priors, bringing, counts, lately });
        // Also those that are over: what a stop left undone of them is done.
        inner.look_at(inner.parts.cases.all().iter().map(|whole| whole.name()));
        tasks.spawn("desk", inner.clone().run());
        tasks.spawn("desk cases", inner.clone().follow_cases(case_news));
        tasks.spawn("desk images", inner.clone().follow_archive(archive_news));
        tasks.spawn("desk arrivals", inner.clone().follow_arrivals(arrivals));
        tasks.spawn("desk peers", inner.clone().follow_overlay(overlay_news));
        Self { inner }
    }

    /// Accounts here lose their rights: who had a claim gives it back, and what they wrote is the next one's to go on with.
    pub(crate) fn follow_people(&self, mut lost: broadcast::Receiver<String>) {
        let inner = self.inner.clone();
        self.inner.parts.tasks.spawn("desk people", async move {
            loop {
                let person = tokio::select! {
                    person = lost.recv() => person,
                    () = inner.parts.tasks.stopping() => return,
                };
                match person {
                    Ok(person) => inner.release_all(&person).await,
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        });
    }
}

/// What all cases are looked at with, taken once for each look.
struct Look {
    settings: Arc<Settings>,
    delays: Delays,
    now: Timestamp,
}

/// In whose name the node acts by itself.
fn nobody() -> Actor {
    Actor { role: "node".to_owned(), ..Actor::default() }
}

impl Inner {
    fn us(&self) -> SiteId {
        self.parts.cases.us()
    }

    fn look_at(&self, cases: impl IntoIterator<Item = Id128>) {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).extend(cases);
        self.news.notify_one();
    }

    /// Those that are not over, and those that are and whose report could not be filed.
    fn open_cases(&self) -> impl Iterator<Item = Arc<Whole>> {
        let kept_out = self.kept_out.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_open = move |whole: &Arc<Whole>| {
            whole.state.stage.is_open() || whole.state.owes() || kept_out.contains_key(&whole.name())
        };
        self.parts.cases.all().into_iter().filter(is_open)
    }

    async fn follow_cases(self: Arc<Self>, mut news: broadcast::Receiver<News>) {
        loop {
            let news = tokio::select! {
                news = news.recv() => news,
                () = self.parts.tasks.stopping() => return,
            };
            match news {
                Ok(News::Case { case, .. }) => self.look_at([case]),
                Ok(News::Heard { .. }) => {}
                Ok(News::Settings) | Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.look_at(self.open_cases().map(|whole| whole.name()));
                }
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    async fn follow_archive(self: Arc<Self>, mut news: broadcast::Receiver<ArchiveEvent>) {
        loop {
            let news = tokio::select! {
                news = news.recv() => news,
                () = self.parts.tasks.stopping() => return,
            };
            match news {
                Ok(ArchiveEvent::Settled(study) | ArchiveEvent::Amended(study, _)) => {
                    let about = |whole: &Arc<Whole>| {
                        let ask = &whole.state.ask;
                        // A report that was kept out of the archive may have its place now, long after the case was over.
                        ask.studies.contains(&study) || (whole.state.stage.is_open() && !ask.accession.0.is_empty())
                    };
                    self.look_at(self.parts.cases.all().iter().filter(|whole| about(whole)).map(|whole| whole.name()));
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.look_at(self.open_cases().map(|whole| whole.name()));
                }
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    async fn follow_overlay(self: Arc<Self>, mut news: broadcast::Receiver<OverlayEvent>) {
        loop {
            let news = tokio::select! {
                news = news.recv() => news,
                () = self.parts.tasks.stopping() => return,
            };
            match news {
                // The peer was asked, and cannot be: the next one is.
                Ok(OverlayEvent::CaseRefused { peer, case }) => {
                    let is_asked = self.parts.cases.case(&case).is_some_and(|whole| whole.is_asked(&peer));
                    if is_asked {
                        self.did(self.parts.cases.act(case, nobody(), Step::TimedOut { to: peer }).await);
                    }
                }
                Ok(OverlayEvent::Directory { holder, study }) => self.bring_priors_of_duty(&holder, &study),
                Ok(OverlayEvent::Contact(peer)) if self.parts.overlay.contact(&peer).connected => {
                    self.ask_for_priors_again(&peer);
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => self.ask_all_for_priors_again(),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    async fn run(self: Arc<Self>) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let all = tokio::select! {
                _ = looks.tick() => true,
                () = self.news.notified() => false,
                () = self.parts.tasks.stopping() => return,
            };
            let mut due = std::mem::take(&mut *self.due.lock().unwrap_or_else(PoisonError::into_inner));
            let look = self.look();
            if all {
                due.extend(self.turn(&look));
                self.raise(&look);
            }
            for case in due {
                self.go_on(case, &look).await;
            }
        }
    }

    fn look(&self) -> Look {
        let (settings, delays) = (self.parts.cases.settings(), self.parts.cases.delays());
        Look { settings, delays, now: tasks::now() }
    }

    /// Cases that are looked at because time has passed.
    fn turn(&self, look: &Look) -> BTreeSet<Id128> {
        let open = |whole: Arc<Whole>| turns::Open {
            case: whole.name(),
            is_urgent: whole.state.ask.priority <= Priority::P1 && whole.state.reader.is_none(),
            is_time: next::is_time(&self.view(&whole, look)),
        };
        let open: Vec<turns::Open> = self.open_cases().map(open).collect();
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).next(&open)
    }

    /// Does what there is to do in a case.
    async fn go_on(self: &Arc<Self>, case: Id128, look: &Look) {
        for _ in 0..STEPS_MAX {
            let Some(whole) = self.parts.cases.case(&case) else { return };
            self.state_duty(&whole).await;
            self.file(&whole).await;
            self.see_images(&whole, look.now);
            self.bring_priors(&whole);
            self.bring_attachments(&whole);
            self.ask_counts(&whole);
            let Some(step) = next::step(&self.view(&whole, look)) else { return };
            if !self.did(self.parts.cases.act(case, nobody(), step).await) {
                return;
            }
        }
    }

    /// Whether it was done. What has no effect was overtaken by somebody.
    fn did(&self, done: Result<Arc<Whole>, CaseError>) -> bool {
        match done {
            Ok(_) => true,
            Err(CaseError::Void(why)) => {
                tracing::debug!(%why, "overtaken");
                false
            }
            Err(error) => {
                tracing::error!(%error, "what a case needs could not be done");
                false
            }
        }
    }

    fn view<'a>(&'a self, whole: &'a Whole, look: &'a Look) -> View<'a> {
        let Look { settings, delays, now } = look;
        View { whole, settings, delays, us: self.us(), now: *now, started: self.started, world: self }
    }

    async fn release_all(&self, person: &str) {
        let us = self.us();
        for whole in self.open_cases().filter(|whole| whole.is_claimed_by(&us, person)) {
            let step = Step::Released { reason: "account-disabled".to_owned() };
            self.did(self.parts.cases.act(whole.name(), nobody(), step).await);
        }
    }
}
