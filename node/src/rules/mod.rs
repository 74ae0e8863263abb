//! Rules on arrival: what is done with a study when it is complete – sent on to AEs, labelled, earlier studies brought,
//! moved to the cold tier.
//!
//! A rule fires once for a study in each of its versions, and only for studies of which something came in since it was
//! last changed; what comes in later goes the same way where it was routed. What rules set going is one record, written
//! after its evidence; routes and the cold tier go on from there over any stop. A route ends when the AE has acknowledged
//! every instance, or when somebody drops it. An AE that is away is tried again at growing intervals, for ever.
//!
//! # At a crash
//! A study that was complete and not looked at is looked at after the next start. Instances that an AE had acknowledged
//! are sent again where that was not written down yet: at most those of some seconds. Priors that were asked for and had
//! not come are not asked for again.
//!
//! # Not here
//! The records ([`crate::archive`]); DIMSE, which the door of that name speaks for us ([`Courier`]); who may change rules.

mod fire;
mod judge;
mod route;

pub(crate) use judge::{Check, Seen, checks, matches};
pub(crate) use route::RouteView;

use crate::{
    archive::{Archive, ArchiveError},
    audit::{Actor, Audit, AuditError},
    sources::Sources,
    studies::{OpenStudy, Studies},
    tasks::Tasks,
    trust::{Person, Role},
    words::Fault,
};
use futures::future::BoxFuture;
use protocol::{AeTitle, Uid, manifest::InstanceEntry};
use route::Lines;
use std::{fmt, sync::Arc};
use tokio::sync::Semaphore;

/// Why something of the queue is not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RulesError {
    #[error("nothing of that study waits for that AE")]
    NoRoute,
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Why a study did not get to an AE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// The AE is not there, not known, or takes nothing: so with all studies.
    Away(Fault),
    /// It broke off in the midst of this one.
    Broken(Fault),
}

/// An instance to send.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) series: Uid,
    pub(crate) entry: InstanceEntry,
}

/// Who speaks DIMSE for us.
pub(crate) trait Courier: fmt::Debug + Send + Sync {
    /// Sends instances of a study to a known AE that may be sent to, and tells of each.
    fn send<'a>(
        &'a self,
        to: &'a AeTitle,
        study: &'a Arc<OpenStudy>,
        items: &'a [Item],
        ledger: &'a mut dyn Ledger,
    ) -> BoxFuture<'a, Result<(), NotSent>>;
}

/// Who hears how it goes.
pub(crate) trait Ledger: Send {
    /// The AE is there: instances leave now. `false`: they must not.
    fn begin(&mut self) -> BoxFuture<'_, bool>;
    /// What became of one. `false`: no more are to be sent.
    fn answered<'a>(&'a mut self, item: &'a Item, fault: Option<Fault>) -> BoxFuture<'a, bool>;
}

/// What rules work with.
#[derive(Debug)]
pub(crate) struct RulesParts {
    pub(crate) archive: Archive,
    pub(crate) studies: Studies,
    pub(crate) sources: Sources,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
    pub(crate) courier: Arc<dyn Courier>,
}

#[derive(Debug)]
struct Inner {
    parts: RulesParts,
    lines: Lines,
    /// Held from a look at what of a study is not sent to the record that follows from it.
    changing: tokio::sync::Mutex<()>,
    /// Places to look for priors of a study.
    bringing: Arc<Semaphore>,
}

/// The rules at work. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Rules(Arc<Inner>);

impl Rules {
    /// Goes on with what waits, and looks at what comes in.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn start(parts: RulesParts) -> Result<Self, ArchiveError> {
        let events = parts.archive.events();
        let lines = Lines::of(parts.archive.open_routes()?);
        let inner = Arc::new(Inner {
            parts,
            lines,
            changing: tokio::sync::Mutex::default(),
            bringing: Arc::new(Semaphore::new(fire::BRINGING_MAX)),
        });
        inner.parts.tasks.spawn("rules", fire::run(inner.clone(), events));
        inner.parts.tasks.spawn("routes", route::run(inner.clone()));
        Ok(Self(inner))
    }

    /// What waits to be sent, and how it is.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn routes(&self) -> Result<Vec<RouteView>, ArchiveError> {
        self.0.lines.views(&self.0.parts.archive)
    }

    /// Tries at once: one study, or all that wait for an AE.
    ///
    /// # Errors
    /// [`RulesError::NoRoute`].
    pub(crate) fn retry(&self, to: &AeTitle, study: Option<&Uid>) -> Result<(), RulesError> {
        if self.0.lines.retry(to, study) { Ok(()) } else { Err(RulesError::NoRoute) }
    }

    /// What of a study was not sent to an AE is not sent.
    ///
    /// # Errors
    /// See [`RulesError`].
    pub(crate) async fn drop_route(&self, study: &Uid, to: &AeTitle, actor: Actor) -> Result<(), RulesError> {
        route::drop_one(&self.0, study, to, actor).await
    }
}

/// In whose name a rule acts.
fn person(rule: u64) -> Person {
    Person { name: format!("rule {rule}"), role: Role::Referrer }
}
