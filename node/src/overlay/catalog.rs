//! The catalog at work: what the archive and trust tell becomes feed entries and nudges; what peers tell becomes rows;
//! what ends is erased.
//!
//! # At a crash
//! Feeds begin anew and peers pull again. Rows not yet written are pulled again. An erasure that was cut short is made
//! up at start: what stands under no agreement in force is not loaded and its keys are destroyed.

use super::{Inner, OverlayEvent, converse::is_lost, feed::Known};
use crate::{
    archive::{ArchiveEvent, cache::CacheError},
    audit::{Act, Actor, Event, Outcome},
    sources::SourcesEvent,
    tasks,
    trust::{AgreementState, TrustEvent},
};
use protocol::{
    Refusal, SiteId, Uid,
    copies::Why,
    ids::Id128,
    message::{Answer, Request},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::broadcast::error::RecvError;

/// How often the slices are gone through for what time alone changes (grants that lapse, studies that grow too old).
const SLICES_EVERY: Duration = Duration::from_secs(600);
/// How often copies under lapsed grants are looked for.
const LAPSED_EVERY: Duration = Duration::from_secs(15);

impl Inner {
    pub(super) fn known(&self) -> Known<'_> {
        Known {
            archive: &self.archive,
            sources: &self.sources,
            trust: &self.trust,
            identity: &self.identity,
            site_name: &self.config.site.name,
        }
    }

    pub(super) async fn page(self: &Arc<Self>, peer: SiteId, cursor: protocol::catalog::Cursor) -> Answer {
        let inner = self.clone();
        let page = self.tasks.spawn_blocking("catalog page", move || inner.feeds.page(&peer, cursor, inner.known()));
        match page.await {
            Ok(Ok(page)) => Answer::Page(page),
            Ok(Err(why)) => {
                tracing::error!(%why, "catalog page");
                Answer::Refused(Refusal::Internal)
            }
            Err(_) => Answer::Refused(Refusal::Busy(1000)),
        }
    }

    /// Runs work on feed and index off the runtime and nudges whom it names.
    pub(super) async fn feed_work(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<Vec<SiteId>, crate::archive::ArchiveError> + Send + 'static,
    ) {
        let inner = self.clone();
        match self.tasks.spawn_blocking("catalog", move || work(&inner)).await {
            Ok(Ok(news)) => news.into_iter().for_each(|peer| self.nudge(peer)),
            Ok(Err(why)) => tracing::error!(%why, "catalog"),
            Err(_) => {}
        }
    }

    /// Goes through a peer's slice; many changes, one run.
    fn slice(self: &Arc<Self>, peer: SiteId) {
        if !self.slices.begin(peer) {
            return;
        }
        let inner = self.clone();
        self.tasks.spawn("slice", async move {
            loop {
                let go_through = move |inner: &Self| {
                    let known = inner.trust.peer(&peer).is_some();
                    let news = known && inner.feeds.slice_changed(&peer, inner.known())?;
                    Ok(if news { vec![peer] } else { Vec::new() })
                };
                inner.feed_work(go_through).await;
                if !inner.slices.again(&peer) {
                    return;
                }
            }
        });
    }

    /// All slices.
    pub(super) fn look_again(self: &Arc<Self>) {
        self.presence.begin_anew();
        self.trusted().for_each(|peer| self.slice(peer));
    }

    pub(super) fn trusted(&self) -> impl Iterator<Item = SiteId> {
        self.trust.peers().into_iter().map(|p| p.site).filter(|site| self.trust.peer(site).is_some())
    }

    /// Tells a peer that there is news; many changes, one nudge.
    pub(super) fn nudge(self: &Arc<Self>, peer: SiteId) {
        if self.contacts.is_connected(&peer) {
            let say = move |inner: Arc<Self>| async move { !is_lost(inner.ask(peer, &Request::Nudge).await.as_ref()) };
            self.once("nudge", |inner| &inner.nudges, peer, say);
        }
    }

    /// Pulls a peer's feed to its end.
    pub(super) fn pull(self: &Arc<Self>, peer: SiteId) {
        // A peer that keeps sending bad pages is asked on and on, and written down once.
        let noted = Arc::new(AtomicBool::new(false));
        let pull = move |inner: Arc<Self>| {
            let noted = noted.clone();
            async move {
                match inner.pull_pages(peer).await {
                    Ok(done) => done,
                    Err(why) => {
                        if !noted.swap(true, Ordering::Relaxed) {
                            let event = Event::new(Act::SecurityAlert, Actor::default()).peer(peer);
                            inner.record(event.outcome(Outcome::Refused(why)).note("catalog page refused")).await;
                        }
                        false
                    }
                }
            }
        };
        self.once("pull", |inner| &inner.pulls, peer, pull);
    }

    /// Whether the end was reached; an error is a page that cannot be taken.
    async fn pull_pages(self: &Arc<Self>, peer: SiteId) -> Result<bool, Refusal> {
        loop {
            let page = match self.ask(peer, &Request::Pull(self.directory.cursor(&peer))).await {
                Some(Answer::Page(page)) => page,
                answer => return Ok(!is_lost(answer.as_ref())),
            };
            let (more, empty) = (page.more, page.entries.is_empty());
            if self.trust.peer(&peer).is_none() {
                return Ok(true);
            }
            let applied = self.directory.apply(&peer, page, tasks::now())?;
            self.erase_studies(peer, applied.withdrawn.clone(), Why::Withdrawn).await;
            self.erase_studies(peer, applied.outdated, Why::Outdated).await;
            for (study, at, what) in applied.amended {
                self.tell(OverlayEvent::Amended { holder: peer, study, amended: Some((at, what)) });
            }
            for study in &applied.withdrawn {
                self.tell(OverlayEvent::Amended { holder: peer, study: study.clone(), amended: None });
            }
            // What it says of a study is shown with what its card says.
            let mut is_heard = self.ask_where(peer, &applied.changed).await;
            is_heard &= self.ask_zones(peer, &applied.changed).await;
            is_heard &= self.ask_identified(peer, &applied.changed).await;
            for study in applied.changed.into_iter().chain(applied.withdrawn) {
                self.tell(OverlayEvent::Directory { holder: peer, study });
            }
            self.flush_soon(peer);
            if !is_heard {
                return Ok(false);
            }
            if !more || empty {
                return Ok(true);
            }
        }
    }

    /// Writes a peer's rows a moment later, so that a burst of pages is written once.
    fn flush_soon(self: &Arc<Self>, peer: SiteId) {
        if !self.flushes.begin(peer) {
            return;
        }
        let inner = self.clone();
        self.tasks.spawn("directory", async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(500)) => {}
                    () = inner.tasks.stopping() => {}
                }
                let writer = inner.clone();
                let write = inner
                    .tasks
                    .spawn_blocking("directory", move || writer.directory.flush(&peer, &writer.cache, &writer.trust));
                if let Ok(Err(why)) = write.await {
                    tracing::warn!(%why, "the directory is not written; it will be pulled again");
                }
                if !inner.flushes.again(&peer) {
                    return;
                }
            }
        });
    }

    pub(super) async fn erase(
        self: &Arc<Self>,
        event: Event,
        work: impl FnOnce(&Self) -> Result<u64, CacheError> + Send + 'static,
    ) {
        let inner = self.clone();
        let erased = self.tasks.spawn_blocking("erase", move || work(&inner)).await;
        match erased {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(studies)) => self.record(event.amount(studies, 0).note("studies whose copies were erased")).await,
            Ok(Err(why)) => {
                tracing::error!(%why, "erase");
                self.record(event.outcome(Outcome::Failed)).await;
            }
        }
    }

    async fn erase_studies(self: &Arc<Self>, holder: SiteId, studies: Vec<Uid>, why: Why) {
        if studies.is_empty() {
            return;
        }
        let event = Event::new(Act::CacheErased, Actor::default()).peer(holder);
        self.erase(event, move |inner| {
            let mut erased = 0;
            for study in &studies {
                if inner.cache.kept(&holder, study).objects > 0 {
                    erased += 1;
                }
                inner.cache.end_study(&holder, study, why)?;
            }
            Ok(erased)
        })
        .await;
    }

    pub(super) async fn agreement_ended(self: &Arc<Self>, peer: SiteId, agreement: Id128) {
        self.presence.forget(&peer);
        let gone = self.directory.end(&peer, |basis| basis.agreement() == agreement);
        self.tell(OverlayEvent::DirectoryReset { holder: peer });
        tracing::info!(peer = %peer.short(), rows = gone.len(), "an agreement ended");
        let event = Event::new(Act::CacheErased, Actor::default()).peer(peer).basis(agreement);
        let has_parted = self.trust.peer(&peer).is_none();
        self.erase(event, move |inner| {
            // All agreements end then, and this is why.
            let parted = if has_parted { inner.cache.end_holder(&peer, Why::Parted)? } else { 0 };
            Ok(parted.saturating_add(inner.cache.end_agreement(&agreement)?))
        })
        .await;
        self.slice(peer);
    }

    async fn grant_ended(self: &Arc<Self>, peer: SiteId, grant: Id128) {
        let gone =
            self.directory.end(&peer, |b| matches!(b, protocol::catalog::Basis::Grant { id, .. } if *id == grant));
        for study in gone {
            self.tell(OverlayEvent::Directory { holder: peer, study });
        }
        let event = Event::new(Act::CacheErased, Actor::default()).peer(peer).basis(grant);
        self.erase(event, move |inner| inner.cache.end_grant(&grant)).await;
        self.flush_soon(peer);
    }

    async fn trust_changed(self: &Arc<Self>, event: TrustEvent) {
        self.presence.trust_changed();
        match event {
            TrustEvent::PeerAdded(site) | TrustEvent::PeerChanged(site) => {
                self.allow(&site).await;
                self.tell(OverlayEvent::Contact(site));
            }
            TrustEvent::PeerRevoked(site) => {
                self.feeds.forget(&site);
                self.presence.forget(&site);
                self.directory.forget(&site);
                self.tell(OverlayEvent::DirectoryReset { holder: site });
                self.part_from(site);
            }
            TrustEvent::AgreementChanged { peer, .. } => {
                self.tell(OverlayEvent::DirectoryReset { holder: peer });
                self.slice(peer);
                self.pull(peer);
                self.presence_ahead(peer);
                // A clause may ask for more of it than was told.
                self.tell_duty(peer);
            }
            TrustEvent::AgreementEnded { peer, agreement } => self.agreement_ended(peer, agreement).await,
            // Nothing that a peer reads or is told.
            TrustEvent::KeepingChanged { .. } | TrustEvent::RosterChanged => {}
            TrustEvent::RosterTold { peer } => self.tell_duty(peer),
            TrustEvent::DutyChanged { peer } => {
                self.tell_duty(peer);
                self.tell(OverlayEvent::DirectoryReset { holder: peer });
                self.slice(peer);
            }
            TrustEvent::KeysChanged(site) => self.keys_changed(site),
            TrustEvent::KeysPart(site) => {
                self.tell(OverlayEvent::DirectoryReset { holder: site });
                self.keys_part(site);
            }
            TrustEvent::GrantChanged { peer } => {
                self.tell(OverlayEvent::DirectoryReset { holder: peer });
                self.slice(peer);
            }
            TrustEvent::GrantRevoked { peer, grant } => {
                self.grant_ended(peer, grant).await;
                self.slice(peer);
            }
        }
    }

    /// Destroys the keys of agreements that are over: an erasure that a crash cut short.
    pub(super) fn erase_left_over(&self) -> Result<(), CacheError> {
        for row in self.trust.agreements().into_iter().filter(|r| r.state == AgreementState::Ended) {
            self.cache.end_agreement(&row.agreement.id)?;
        }
        Ok(())
    }

    pub(super) async fn watch_archive(self: Arc<Self>, mut events: tokio::sync::broadcast::Receiver<ArchiveEvent>) {
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = self.tasks.stopping() => return,
            };
            match event {
                Ok(ArchiveEvent::Conflicts | ArchiveEvent::Rotten) => {}
                Ok(ArchiveEvent::Growing(study) | ArchiveEvent::Settled(study) | ArchiveEvent::Amended(study, _)) => {
                    self.presence.study_changed(&study);
                    self.feed_work(move |inner| inner.feeds.study_changed(&study, inner.known())).await;
                }
                Err(RecvError::Lagged(_)) => {
                    self.feeds.begin_anew();
                    self.presence.begin_anew();
                    self.trusted().for_each(|peer| self.nudge(peer));
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    pub(super) async fn watch_sources(self: Arc<Self>, mut events: tokio::sync::broadcast::Receiver<SourcesEvent>) {
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = self.tasks.stopping() => return,
            };
            match event {
                Ok(SourcesEvent::Study(study)) => {
                    self.presence.study_changed(&study);
                    self.feed_work(move |inner| inner.feeds.study_changed(&study, inner.known())).await;
                }
                Ok(SourcesEvent::Many) | Err(RecvError::Lagged(_)) => {
                    self.feeds.begin_anew();
                    self.presence.begin_anew();
                    self.trusted().for_each(|peer| self.nudge(peer));
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    pub(super) async fn watch_trust(self: Arc<Self>, mut events: tokio::sync::broadcast::Receiver<TrustEvent>) {
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = self.tasks.stopping() => return,
            };
            match event {
                Ok(event) => self.trust_changed(event).await,
                Err(RecvError::Lagged(_)) => self.catch_up_with_trust().await,
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Events were missed: whatever they were, this brings about the same.
    async fn catch_up_with_trust(self: &Arc<Self>) {
        for row in self.trust.agreements().into_iter().filter(|r| r.state == AgreementState::Ended) {
            self.agreement_ended(row.peer, row.agreement.id).await;
        }
        for peer in self.trust.peers() {
            let event = match peer.revoked {
                Some(_) => TrustEvent::PeerRevoked(peer.site),
                None => TrustEvent::PeerAdded(peer.site),
            };
            self.trust_changed(event).await;
            if peer.revoked.is_none() {
                self.tell_duty(peer.site);
            }
        }
        self.look_again();
    }

    pub(super) async fn watch_time(self: Arc<Self>) {
        let mut slices = tokio::time::interval(SLICES_EVERY);
        let mut lapsed = tokio::time::interval(LAPSED_EVERY);
        slices.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        lapsed.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = slices.tick() => {
                    self.look_again();
                    // Their clocks may have been set, and what was said over a live connection may still be lost.
                    self.trusted().for_each(|peer| self.greet_again(peer));
                }
                _ = lapsed.tick() => {
                    for (holder, grant) in self.directory.expired_grants(tasks::now()) {
                        self.grant_ended(holder, grant).await;
                    }
                    self.end_what_is_over().await;
                }
                () = self.tasks.stopping() => return,
            }
        }
    }
}
