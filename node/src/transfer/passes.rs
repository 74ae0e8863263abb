//! A custodian's passes: tells a peer that reads a study which other sites may give it, and takes that back.
//!
//! A reader is judged as for reading here; the evidence of each pass is on disk before the pass leaves. When the permit that
//! it was given under ends, or the other site may not pass studies on any more, that site is told at once, again and again
//! until it has heard or the pass is over by itself.
//!
//! # At a crash
//! Passes given before are not taken back any more: they end within minutes by themselves.
//!
//! # Not here
//! Who may lend to whom, and what a pass covers: `trust`, `protocol::pass`. Giving by one: [`super::lend`].

use super::{
    give::Sender,
    keys,
    roads::relay::about_roads,
    serve::{Server, Visit},
    wire,
};
use crate::{
    audit::{Act, Actor, Event},
    tasks,
    trust::{Lender, Permit, TrustEvent},
};
use bytes::Bytes;
use protocol::{
    Refusal, SiteId, Timestamp,
    agreement::StudyFacts,
    fetch::{Answer, Request, What},
    ids::Id128,
    ledger::alias,
    pass::{PASS_LASTS, PASS_PEERS_MAX, PASSES_MAX, Pass, Passes},
};
use quinn::SendStream;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::broadcast::error::RecvError;

/// Answers with passes of one peer that are watched at once; more wait.
const WATCHED_MAX: usize = 1024;
/// Between two tries to tell that a pass is over.
const TELL_AGAIN: Duration = Duration::from_secs(1);
/// How long telling takes at most.
const TELL_WITHIN: Duration = Duration::from_secs(3);

/// How many answers are watched for each peer. Bounded by the number of peers.
#[derive(Debug, Default)]
pub(crate) struct Watched(Mutex<HashMap<SiteId, usize>>);

impl Watched {
    fn enter(&self, peer: SiteId) -> bool {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = watched.entry(peer).or_default();
        let has_room = *count < WATCHED_MAX;
        *count += usize::from(has_room);
        has_room
    }

    fn leave(&self, peer: &SiteId) {
        if let Some(count) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(peer) {
            *count = count.saturating_sub(1);
        }
    }
}

/// Passes of one answer.
struct Given {
    peer: SiteId,
    person: String,
    permit: Permit,
    facts: StudyFacts,
    version: u64,
    passes: Vec<(Id128, SiteId)>,
    expires: Timestamp,
}

impl Server {
    /// Answers [`What::Passes`] of a reader that has a permit.
    pub(super) async fn give_passes(
        self: &Arc<Self>,
        visit: &Visit,
        permit: &Permit,
        request: &Request,
        send: &mut SendStream,
    ) {
        // Images that are waited for would keep it back as long as any come: the readers would never hear of another holder.
        let mut sender = Sender::first(send);
        let answer = match self.passes(visit, permit, request).await {
            Ok(passes) => protocol::wire::encode(&passes),
            Err(refusal) => {
                let _ = sender.head(&Answer::Refused(refusal)).await;
                let _ = send.finish();
                return;
            }
        };
        let length = u32::try_from(answer.len()).unwrap_or_default();
        if sender.head(&Answer::Blob { bytes: length }).await.is_ok() && sender.piece(Bytes::from(answer)).await.is_ok()
        {
            let _ = sender.finish().await;
        }
    }

    async fn passes(self: &Arc<Self>, visit: &Visit, permit: &Permit, request: &Request) -> Result<Passes, Refusal> {
        let What::Passes { manifest, peers } = &request.what else { return Err(Refusal::Malformed) };
        if peers.len() > PASS_PEERS_MAX {
            return Err(Refusal::Malformed);
        }
        let internal = |fault: &dyn std::fmt::Display| {
            tracing::error!(%fault, "the index cannot be read");
            Refusal::Internal
        };
        let row = self.archive.study(&request.study).map_err(|fault| internal(&fault))?.ok_or(Refusal::NotHeld)?;
        let facts = self.archive.facts(&row).map_err(|fault| internal(&fault))?;
        let sealed = self.archive.manifest(&request.study).map_err(|fault| internal(&fault))?;
        if sealed.is_none_or(|sealed| sealed.reference.digest != *manifest) {
            return Err(Refusal::NotHeld);
        }
        let mut lenders = self.trust.lenders(&visit.peer, &facts, row.version);
        lenders.retain(|lender| peers.contains(&alias(&lender.site)));
        lenders.truncate(PASSES_MAX);
        // A copy without a name would have no end that anybody hears of.
        if lenders.is_empty() || request.reader.copy.is_none() {
            return Ok(Passes::default());
        }
        self.begun
            .take(&visit.peer, std::time::Instant::now())
            .map_err(|wait| Refusal::Busy(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).max(1)))?;
        let passes: Vec<Pass> =
            lenders.iter().map(|lender| self.pass(visit.peer, permit, request, lender, *manifest)).collect();
        let written = passes.iter().map(|pass| {
            let actor = Actor {
                person: request.reader.person.clone(),
                role: request.reader.role.clone(),
                site: Some(visit.peer),
                ..Actor::default()
            };
            let event = Event::new(Act::PassGiven, actor).peer(visit.peer).study(&pass.study).basis(pass.agreement);
            let event = event.amount(u64::from(row.instances), row.bytes);
            self.alerts.audit().record(event.note(format!("pass {}, to read it at {}", pass.id, pass.holder)))
        });
        for recorded in futures::future::join_all(written).await {
            recorded.map_err(|fault| {
                tracing::error!(%fault, "no evidence, no pass");
                Refusal::Internal
            })?;
        }
        self.watch(Given {
            peer: visit.peer,
            person: request.reader.person.clone(),
            permit: permit.clone(),
            facts,
            version: row.version,
            expires: passes.iter().map(|pass| pass.expires).max().unwrap_or_default(),
            passes: passes.iter().map(|pass| (pass.id, pass.holder)).collect(),
        })?;
        Ok(Passes(passes.iter().map(|pass| self.kept.identity.seal(pass)).collect()))
    }

    fn pass(
        &self,
        subject: SiteId,
        permit: &Permit,
        request: &Request,
        lender: &Lender,
        manifest: protocol::Digest,
    ) -> Pass {
        let issued = tasks::now();
        let until = permit.expires.map_or(lender.until, |at| at.min(lender.until));
        Pass {
            id: tasks::random_id(),
            custodian: self.trust.us(),
            holder: lender.site,
            subject,
            study: request.study.clone(),
            manifest,
            reader: request.reader.clone(),
            agreement: lender.agreement,
            issued,
            expires: issued.after(PASS_LASTS).min(until),
        }
    }

    /// Watches what was given, from before it is.
    fn watch(self: &Arc<Self>, given: Given) -> Result<(), Refusal> {
        if !self.watched.enter(given.peer) {
            return Err(Refusal::Busy(60_000));
        }
        let server = self.clone();
        self.tasks.spawn("transfer.passes", async move {
            let peer = given.peer;
            server.watch_over(given).await;
            server.watched.leave(&peer);
        });
        Ok(())
    }

    async fn watch_over(&self, mut given: Given) {
        let mut news = self.trust.events();
        let gone = self.reader_gone(given.peer, &given.person);
        tokio::pin!(gone);
        let stop = self.tasks.stop_token();
        let lasts = given.expires.since(tasks::now());
        let over = tokio::time::sleep(lasts);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = &mut over => return,
                _ = given.permit.ended() => break,
                () = &mut gone => break,
                event = news.recv() => match event {
                    Ok(TrustEvent::RosterChanged | TrustEvent::RosterTold { .. } | TrustEvent::PeerChanged(_)) => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => {
                        let lenders = self.trust.lenders(&given.peer, &given.facts, given.version);
                        let lends = |site: &SiteId| lenders.iter().any(|lender| lender.site == *site);
                        let (still, ended): (Vec<_>, Vec<_>) =
                            std::mem::take(&mut given.passes).into_iter().partition(|(_, holder)| lends(holder));
                        given.passes = still;
                        self.tell_over(ended, given.expires);
                        if given.passes.is_empty() {
                            return;
                        }
                    }
                    Err(RecvError::Closed) => return,
                },
            }
        }
        self.tell_over(given.passes, given.expires);
    }

    /// Tells each holder that a pass is over until it has heard.
    fn tell_over(&self, passes: Vec<(Id128, SiteId)>, expires: Timestamp) {
        for (id, holder) in passes {
            let Some(inner) = self.roads.get() else { return };
            let stop = self.tasks.stop_token();
            self.tasks.spawn("transfer.pass.over", async move {
                while tasks::now() < expires {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        told = tokio::time::timeout(TELL_WITHIN, inner.say_pass_over(&holder, id)) => {
                            if matches!(told, Ok(true)) {
                                return;
                            }
                        }
                    }
                    inner.tasks.pause(TELL_AGAIN).await;
                }
            });
        }
    }
}

impl super::Inner {
    /// Whether the holder has heard it, or is none any more.
    async fn say_pass_over(&self, holder: &SiteId, id: Id128) -> bool {
        // Whoever is no peer any more erased its copies.
        let Some(pump) = self.pump(holder) else { return true };
        let Ok(live) = pump.line().reach(TELL_WITHIN).await else { return false };
        // Of a version that knows no passes: it gives nothing by one.
        if !keys::knows_passes(&live.connection) {
            return true;
        }
        let said = async {
            let (mut send, mut recv) = live.connection.open_bi().await.ok()?;
            wire::write_request(&mut send, &about_roads(What::PassOver(id))).await.ok()?;
            wire::read_answer(&mut recv).await.ok()
        };
        matches!(said.await, Some(Answer::Blob { .. }))
    }
}
