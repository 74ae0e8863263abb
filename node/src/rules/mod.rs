//! Rules: what is done with a study when it is complete – sent on to AEs, labelled, earlier studies brought, offered to
//! peers, moved to the cold tier – and which studies of peers are fetched before anybody asks.
//!
//! A rule on arrivals fires once for a study in each of its versions, and only for studies of which something came in since
//! it was last changed; what comes in later goes the same way where it was routed or offered. What rules set going is one
//! record, written after its evidence; all of it goes on from there over any stop. A route ends when the AE has
//! acknowledged every instance, or when somebody drops it. An AE that is away is tried again at growing intervals, for ever.
//! Nothing is pushed to a peer: it is told that a study is meant for it, and its own rule on cards may fetch it.
//!
//! # At a crash
//! A study that was complete and not looked at is looked at after the next start. Instances that an AE had acknowledged
//! are sent again where that was not written down yet: at most those of some seconds. Priors that were asked for on an
//! arrival and had not come are not asked for again.
//!
//! # Not here
//! The records ([`crate::archive`]); DIMSE, which the door of that name speaks for us ([`Courier`]); who may change rules;
//! whether a peer may be told or read ([`crate::trust`]).

mod cards;
mod fetch;
mod fire;
mod judge;
mod offer;
mod peers;
mod queue;
mod route;

pub(crate) use judge::{Check, Seen, checks, matches};
pub(crate) use peers::{FetchView, OfferView, PeerWork, Waste};
pub(crate) use queue::Waits;
pub(crate) use route::RouteView;

use crate::{
    archive::{Archive, ArchiveError, Rule, StudyRow, cache::Cache},
    audit::{Actor, Audit, AuditError},
    overlay::{OfferError, Overlay, RemoteStudy},
    sources::Sources,
    studies::{OpenStudy, Studies},
    tasks::Tasks,
    trust::Trust,
    words::Fault,
};
use futures::future::BoxFuture;
use protocol::{AeTitle, SiteId, Uid, manifest::InstanceEntry};
use queue::Queue;
use std::{fmt, sync::Arc};
use tokio::sync::Semaphore;

/// Why something of the queue is not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RulesError {
    #[error("nothing of that study waits there")]
    NoRoute,
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl From<OfferError> for RulesError {
    fn from(fault: OfferError) -> Self {
        match fault {
            OfferError::Archive(fault) => Self::Archive(fault),
            OfferError::Audit(fault) => Self::Audit(fault),
        }
    }
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
    pub(crate) cache: Cache,
    pub(crate) trust: Trust,
    pub(crate) overlay: Overlay,
    pub(crate) studies: Studies,
    pub(crate) sources: Sources,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
    pub(crate) courier: Arc<dyn Courier>,
}

#[derive(Debug)]
struct Inner {
    parts: RulesParts,
    lines: Queue<AeTitle, Fault>,
    offers: Queue<SiteId>,
    fetches: Queue<SiteId>,
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
        let (events, told) = (parts.archive.events(), parts.overlay.events());
        let lines = Queue::of(parts.archive.open_routes()?.into_iter().map(|(study, to)| (study, to, 0)));
        let offers = parts.archive.offers()?.into_iter().filter(|row| row.ended.is_none());
        let offers = Queue::of(offers.map(|row| (row.study, row.to, 0)));
        let fetches = fetch::waiting(parts.archive.fetches()?);
        let inner = Arc::new(Inner {
            parts,
            lines,
            offers,
            fetches,
            changing: tokio::sync::Mutex::default(),
            bringing: Arc::new(Semaphore::new(fire::BRINGING_MAX)),
        });
        inner.parts.tasks.spawn("rules", fire::run(inner.clone(), events));
        inner.parts.tasks.spawn("routes", route::run(inner.clone()));
        inner.parts.tasks.spawn("rules on cards", cards::run(inner.clone(), told));
        inner.parts.tasks.spawn("offers", offer::run(inner.clone()));
        inner.parts.tasks.spawn("fetches by rule", fetch::run(inner.clone()));
        Ok(Self(inner))
    }

    /// What waits to be sent, and how it is.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn routes(&self) -> Result<Vec<RouteView>, ArchiveError> {
        route::views(&self.0.lines, &self.0.parts.archive)
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

    /// What rules offer to peers and fetch from them: what waits, and the newest of what is over.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) async fn with_peers(&self) -> Result<PeerWork, RulesError> {
        peers::work(&self.0).await
    }

    /// Tries at once what waits for a peer or from it: one study, or all. A study whose offer was refused is offered again.
    ///
    /// # Errors
    /// [`RulesError::NoRoute`].
    pub(crate) async fn retry_with_peer(&self, peer: &SiteId, study: Option<&Uid>) -> Result<(), RulesError> {
        let inner = &self.0;
        let mut found = inner.offers.retry(peer, study) | inner.fetches.retry(peer, study);
        if let Some(study) = study {
            found |= offer::again(inner, peer, study).await?;
        }
        if found { Ok(()) } else { Err(RulesError::NoRoute) }
    }

    /// A study is not offered to a peer, and not fetched from it, after all.
    ///
    /// # Errors
    /// See [`RulesError`].
    pub(crate) async fn drop_with_peer(&self, peer: &SiteId, study: &Uid, actor: Actor) -> Result<(), RulesError> {
        peers::drop_one(&self.0, peer, study, actor).await
    }

    /// Of the newest cards of peers so many, and those of them that a rule on cards would mean.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn try_on_cards(&self, rule: &Rule, last: usize) -> Result<(usize, Vec<StudyRow>), ArchiveError> {
        peers::try_out(&self.0, rule, last)
    }
}

impl Inner {
    /// What a peer tells of a study, while its basis is in force.
    fn told(&self, holder: &SiteId, study: &Uid) -> Option<RemoteStudy> {
        self.parts.overlay.holders(study).into_iter().find(|told| told.holder == *holder)
    }
}
