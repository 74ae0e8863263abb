//! Rosters: who of this site is on duty when, which minutes of what was agreed have nobody, and who is asked for a study now.
//!
//! Shifts are facts that this site states of its own people (`trust`), signed and told to the sites of their coverage. What is
//! worked out from them is `protocol::roster`'s, so that all sites that know the same see the same holes and ask the same
//! people. A hole stands as an alarm within a second of the change that made it, and again as its time comes near; a shift
//! whose person has no live screen is said to be silent, to this site's alarms and to the sites that it covers; a hand-over
//! counts when the one who comes has acknowledged it, and takes the open cases along.
//!
//! # At a crash
//! Shifts and hand-overs are facts in trust's journal. When a screen was last live is forgotten: it counts from the start. A
//! hand-over that was acknowledged and not carried out is carried out at the next look.
//!
//! # Not here
//! What a shift opens: `trust`. Telling other sites: `overlay`. Cases: whoever keeps them lends them to [`Roster::lend_cases`].

mod alarms;
mod credentials;
mod error;
mod files;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod plan;
mod relief;
mod screens;
#[cfg(test)]
mod tests;

pub(crate) use credentials::Papers;
pub(crate) use error::RosterError;
pub(crate) use files::{Fate, Imported};
pub(crate) use plan::{NewShift, Planned};
pub(crate) use relief::{Bearer, CaseRow, CasesError, OpenCases};

use crate::{
    alarms::Alarms,
    audit::Audit,
    cases::{Fit, Present},
    tasks::{self, Tasks},
    trust::{Action, DutyRow, Trust},
    users::{Account, Users},
};
use protocol::{
    SiteId, Timestamp,
    duty::{Duty, What},
    ids::Id128,
    roster::{self, Rung, Stated, Wanted, who},
};
use screens::Screens;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::broadcast::error::RecvError;

/// How often screens and hand-overs are looked at.
const STEP_EVERY: Duration = Duration::from_secs(5);

/// What it is built from.
#[derive(Debug)]
pub(crate) struct RosterParts {
    pub(crate) site: SiteId,
    pub(crate) trust: Trust,
    pub(crate) users: Users,
    pub(crate) alarms: Alarms,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
    /// How often the calendar is looked at without news.
    pub(crate) look_every: Duration,
    /// A screen is silent after so long.
    pub(crate) silent_after: Duration,
}

/// For what somebody is looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// Whose study it is; `None`: this site's.
    pub(crate) site: Option<SiteId>,
    /// Of the study; empty: not known yet.
    pub(crate) modalities: Vec<String>,
    pub(crate) regions: Vec<String>,
    /// `None`: now.
    pub(crate) at: Option<Timestamp>,
    /// Sites and people that refused it.
    pub(crate) refused: Vec<SiteId>,
    pub(crate) refused_by: Vec<(SiteId, Id128)>,
    /// Sites that cannot be reached.
    pub(crate) unreached: Vec<SiteId>,
}

#[derive(Debug)]
struct Inner {
    site: SiteId,
    trust: Trust,
    users: Users,
    alarms: Alarms,
    audit: Audit,
    tasks: Tasks,
    look_every: Duration,
    silent_after: Duration,
    screens: Screens,
    cases: RwLock<Option<Arc<dyn OpenCases>>>,
    /// One change of a shift of ours at a time: each is made of the word before.
    changing: tokio::sync::Mutex<()>,
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Roster(Arc<Inner>);

impl Roster {
    /// Nothing is looked at before [`Self::start`].
    pub(crate) fn open(parts: RosterParts) -> Self {
        let RosterParts { site, trust, users, alarms, audit, tasks, look_every, silent_after } = parts;
        Self(Arc::new(Inner {
            site,
            trust,
            users,
            alarms,
            audit,
            tasks,
            look_every,
            silent_after,
            screens: Screens::since(tasks::now()),
            cases: RwLock::default(),
            changing: tokio::sync::Mutex::default(),
        }))
    }

    /// Looks at rosters until the node stops.
    pub(crate) fn start(&self) {
        self.0.tasks.spawn("roster", self.clone().run());
    }

    /// Who keeps the cases. Beside these, and until somebody says so, there are those that are stated as facts of duty.
    pub(crate) fn lend_cases(&self, cases: Arc<dyn OpenCases>) {
        *self.0.cases.write().unwrap_or_else(PoisonError::into_inner) = Some(cases);
    }

    fn cases(&self) -> relief::Open {
        let lent = self.0.cases.read().unwrap_or_else(PoisonError::into_inner).clone();
        relief::Open::new(self.0.trust.clone(), lent)
    }

    async fn run(self) {
        let (mut news, mut people) = (self.0.trust.events(), self.0.users.changes());
        let mut ticks = tokio::time::interval(STEP_EVERY.min(self.0.look_every));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut looked: Option<Timestamp> = None;
        loop {
            let is_due = looked.is_none_or(|at| tasks::now().since(at) >= self.0.look_every);
            if is_due {
                self.look().await;
                looked = Some(tasks::now());
            }
            self.settle().await;
            tokio::select! {
                () = self.0.tasks.stopping() => return,
                _ = ticks.tick() => {}
                event = news.recv() => match event {
                    Ok(crate::trust::TrustEvent::RosterChanged) | Err(RecvError::Lagged(_)) => looked = None,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return,
                },
                changed = people.changed() => match changed {
                    Ok(()) => looked = None,
                    Err(_) => return,
                },
            }
        }
    }

    /// All shifts that are known, here and at the sites of coverages, by their newest word.
    pub(crate) fn shifts(&self) -> Vec<Stated> {
        let rows = self.0.trust.duties();
        roster::newest(rows.iter().map(|row| (row.site, &row.duty)))
    }

    /// The same with what was said when.
    pub(crate) fn rows(&self) -> Vec<DutyRow> {
        self.0.trust.duties().into_iter().filter(|row| matches!(row.duty.what, What::Shift(_))).collect()
    }

    /// One of ours.
    fn own(&self, id: &Id128) -> Result<(Duty, protocol::duty::Shift), RosterError> {
        let duty = self.0.trust.own_duty(id).ok_or(RosterError::NoShift)?;
        match &duty.what {
            What::Shift(shift) => {
                let shift = shift.clone();
                Ok((duty, shift))
            }
            What::Case(_) => Err(RosterError::NoShift),
        }
    }

    /// Whether somebody of this site may read these modalities now, as far as their credentials are recorded. The days of a
    /// paper are those of the site's time zone.
    pub(crate) fn papers(&self, person: &str, modalities: &[String], time_zone: Option<&str>) -> Papers {
        credentials::papers(&self.0.users.accounts(), person, modalities, tasks::now(), time_zone)
    }

    /// Of these people of this site, those who may read anything now, by their roles and as far as their credentials are recorded.
    pub(crate) fn readers_of<'a>(&self, people: impl Iterator<Item = &'a String>, time_zone: Option<&str>) -> Vec<Fit> {
        let (all, now) = (self.0.users.accounts(), tasks::now());
        let is_here = |name: &str| {
            let reads = |account: &&Account| !account.is_disabled && account.person.allows(Action::ReportCases);
            let mut known = all.iter().filter(reads);
            known.any(|account| account.person.name.eq_ignore_ascii_case(name))
        };
        let fit = |name: &'a String| Some((name.clone(), credentials::readable(&all, name, now, time_zone)?));
        people.filter(|name| is_here(name)).filter_map(fit).collect()
    }

    /// Who is asked for a study, in order, and why others are not. The first without a reason is the one.
    pub(crate) fn who(&self, question: &Question) -> Vec<Rung> {
        let wanted = Wanted {
            site: question.site.as_ref().unwrap_or(&self.0.site),
            modalities: &question.modalities,
            regions: &question.regions,
            at: question.at.unwrap_or_else(tasks::now),
            refused: &question.refused,
            refused_by: &question.refused_by,
            unreached: &question.unreached,
        };
        who(&wanted, &self.0.trust.coverages_in_force(), &self.shifts())
    }

    /// A screen of somebody's is live, and looked at.
    pub(crate) fn alive(&self, person: &str) {
        self.0.screens.alive(person, tasks::now());
    }

    /// Who of this site is on duty now, and whose screen is live.
    pub(crate) fn present(&self) -> Present {
        let now = tasks::now();
        let runs =
            |stated: &Stated| stated.site == self.0.site && stated.shift.state.counts() && stated.shift.is_time(now);
        let running = self.shifts().into_iter().filter(runs);
        let on_duty = running.map(|stated| (stated.shift.person, stated.shift.competences)).collect();
        let live = self.0.screens.live(now, self.0.silent_after);
        Present { live, on_duty, ..Present::default() }
    }

    fn log(error: &RosterError) {
        tracing::error!(%error, "the roster could not be brought up to date; it is tried again");
    }
}
