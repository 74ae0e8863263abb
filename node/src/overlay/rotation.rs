//! Changing our key, and hearing that a peer changed its own.
//!
//! Every greeting carries the chain of keys of whoever greets, in the signature of its site record. So a peer that is connected
//! is told by a greeting over the key before, signed with the next; one that was away, when it is met: it dials the site by
//! the key that it knows, another answers, and is let in to greet and nothing else. A chain that goes on from the one known is
//! accepted; one that parts from it is the end of all trust with that site ([`crate::trust::Heard::Conflict`]). Where both changed
//! their keys, either finds a stranger: [`super::knock`].
//!
//! # At a crash
//! The next key lies ready, then trust records it, then peers are told, then it is in use: a crash before the record leaves
//! the key before, a crash after it the next, at the next start (`identity`). Peers that were not told meet the next key.
//!
//! # Not here
//! What an accepted key means for grants and what was signed: `trust`. The pixel plane: `transfer`, by the same news.

use super::{Inner, OverlayError, OverlayEvent, converse::ANSWER_LEAVES};
use crate::{
    audit::{Act, Actor, Event, Outcome},
    tasks,
    trust::Heard,
};
use protocol::{
    Key, Keys, Refusal, SiteId, Timestamp,
    message::{Answer, Request, SiteRecord},
    signed::Signed,
};
use std::{sync::Arc, time::Duration};

/// How long connected peers have to take the next key before it is in use; whoever did not meets it.
const TOLD_WITHIN: Duration = Duration::from_millis(700);
/// How long the site has to hear that its keys part before its connections go.
const PARTING: Duration = Duration::from_millis(500);
/// A stranger may be a peer's next key, which we shall have heard of within this.
const UNKNOWN_FOR: Duration = Duration::from_secs(3);

/// What a change of our key brought about.
#[derive(Clone, Debug)]
pub(crate) struct Rotated {
    /// Peers that took it at once; the others meet it.
    pub(crate) told: Vec<SiteId>,
    pub(crate) untold: Vec<SiteId>,
}

impl super::Overlay {
    /// Changes our key. `void_from`: the key in use may be in other hands since; grants from then on are void.
    ///
    /// # Errors
    /// When the key cannot be changed or recorded: nothing is changed then.
    pub(crate) async fn rotate(&self, void_from: Option<Timestamp>, actor: Actor) -> Result<Rotated, OverlayError> {
        // Finished even if the caller stops waiting.
        let inner = self.inner.clone();
        let work = async move { inner.rotate(void_from, actor).await };
        self.inner.tasks.spawn("rotation", work).await.unwrap_or(Err(OverlayError::Unreachable))
    }
}

impl Inner {
    async fn rotate(self: Arc<Self>, void_from: Option<Timestamp>, actor: Actor) -> Result<Rotated, OverlayError> {
        let _one = self.rotating.lock().await;
        let next = self.identity.prepare(tasks::now(), void_from)?;
        let note = if void_from.is_some() { "the key before may be in other hands" } else { "in good order" };
        let event = Event::new(Act::KeyChanged, actor).note(format!("{note}; {}", fingerprint(&next.keys().current())));
        self.audit.record(event).await.map_err(|why| OverlayError::Transport(why.to_string()))?;
        self.trust.succeed(next.keys().clone()).await?;
        let record = Signed::seal(&next, &self.record);
        let (mut told, mut untold) = (Vec::new(), Vec::new());
        let telling = self.trusted().map(|peer| {
            let hello = Request::Hello { record: record.clone(), now: tasks::now() };
            let inner = &self;
            async move {
                let said = tokio::time::timeout(TOLD_WITHIN, inner.ask(peer, &hello)).await;
                (peer, matches!(said, Ok(Some(Answer::Hello { .. }))))
            }
        });
        for (peer, took_it) in futures::future::join_all(telling).await {
            if took_it { told.push(peer) } else { untold.push(peer) }
        }
        self.identity.adopt(next)?;
        // Peers that took it let the key before go once their answer has left.
        tokio::time::sleep(ANSWER_LEAVES).await;
        self.link.rekey(self.identity.key()).await;
        Ok(Rotated { told, untold })
    }

    /// The keys that a peer's site record shows. Nothing else of what came with it counts if they part from those known.
    pub(super) async fn hear_keys(self: &Arc<Self>, record: &Signed<SiteRecord>) -> Result<(), Refusal> {
        let keys = record.keys().ok_or(Refusal::Malformed)?;
        self.note_keys(&keys).await
    }

    pub(super) async fn note_keys(self: &Arc<Self>, keys: &Keys) -> Result<(), Refusal> {
        let site = keys.site();
        let heard = self.trust.hear_keys(keys).await.map_err(|why| super::converse::refusal(&why))?;
        match heard {
            Heard::Known => Ok(()),
            Heard::Changed => {
                self.note_changed(keys).await;
                Ok(())
            }
            Heard::Old => {
                self.alerts.security("signed by a key that the site has changed", site, None).await;
                Err(Refusal::Revoked)
            }
            Heard::Conflict | Heard::Settled => {
                self.alerts.security("two successors of the site's key", site, None).await;
                Err(Refusal::NotPaired)
            }
        }
    }

    /// Trust says that a site has another key: it is let in by that one, and by no other.
    pub(super) fn keys_changed(self: &Arc<Self>, site: SiteId) {
        let inner = self.clone();
        self.tasks.spawn("keys", async move {
            // The answer to the greeting that said so leaves first.
            tokio::time::sleep(ANSWER_LEAVES).await;
            inner.allow(&site).await;
            inner.tell(OverlayEvent::Contact(site));
        });
    }

    /// Nobody knows which of two keys is the site: neither is let in. It is told, if it can be.
    pub(super) fn keys_part(self: &Arc<Self>, site: SiteId) {
        let inner = self.clone();
        self.tasks.spawn("keys", async move {
            if site != inner.identity.site() {
                let shown = inner.trust.keys_of(&site).keys;
                inner.tell_fork(None, &shown).await;
            }
            // Whoever answered where the site was dialled is being told; nothing else is answered to either key any more.
            tokio::time::sleep(PARTING).await;
            if inner.trust.is_in_conflict(&site) {
                inner.link.disallow(site).await;
            }
            inner.tell(OverlayEvent::Contact(site));
        });
    }

    /// A site was dialled and another key answered: it is the site's next one, or it is not heard.
    pub(super) fn claimed(self: &Arc<Self>, site: SiteId, key: Key) {
        let inner = self.clone();
        self.tasks.spawn("keys", async move {
            if inner.trust.peer_formerly_with(&key).is_none() {
                inner.hear_claimant(site, key).await;
            }
            inner.link.unclaim(key).await;
        });
    }

    async fn hear_claimant(self: &Arc<Self>, site: SiteId, key: Key) {
        let hello = Request::Hello { record: self.record_now(), now: tasks::now() };
        let answer = self.link.ask_claimant(key, protocol::wire::encode(&hello)).await;
        let answer = answer.and_then(|bytes| protocol::wire::decode::<Answer>(&bytes).ok());
        let Some(Answer::Hello { record, .. }) = answer else { return };
        // Whoever has the address of a site now need not be the site.
        let Some(keys) = record.keys().filter(|keys| keys.current() == key && record.open(&site).is_ok()) else {
            return;
        };
        if self.note_keys(&keys).await.is_ok() {
            self.allow(&site).await;
        } else if self.trust.is_in_conflict(&site) {
            self.tell_fork(Some(key), &keys).await;
        }
    }

    /// Keys of a third site as another peer shows them: whether they go with those known here. Older ones do.
    pub(super) async fn goes_with_known(&self, keys: &Keys) -> bool {
        let site = keys.site();
        match self.trust.hear_keys(keys).await {
            Ok(Heard::Conflict | Heard::Settled) => {
                self.alerts.security("two successors of the site's key", site, None).await;
                false
            }
            Ok(Heard::Known | Heard::Old | Heard::Changed) => true,
            Err(_) => false,
        }
    }

    /// A peer knows other keys of ours than we have.
    pub(super) async fn hear_that_keys_part(self: &Arc<Self>, from: SiteId, keys: &Keys) -> Result<(), Refusal> {
        if keys.site() != self.identity.site() {
            return Err(Refusal::Malformed);
        }
        match self.trust.hear_keys(keys).await.map_err(|why| super::converse::refusal(&why))? {
            Heard::Conflict | Heard::Settled => {
                self.alerts.security("it knows another successor of our key", from, None).await;
                Ok(())
            }
            // It does not know our newest yet.
            Heard::Known | Heard::Old | Heard::Changed => Ok(()),
        }
    }

    /// A site that lost its key was paired anew under another name: the old one is over, with all copies and grants, and its
    /// agreements are offered to the new one, to be signed by both.
    pub(super) async fn replace_lost(self: &Arc<Self>, old: SiteId, new: SiteId) {
        let rows = self.trust.agreements().into_iter().filter(|row| row.peer == old && row.state.stands());
        let texts: Vec<_> = rows.map(|row| row.agreement).collect();
        let note = format!("it lost its key; now {}", new.short());
        self.record(Event::new(Act::PeerRevoked, Actor::default()).peer(old).note(note)).await;
        if let Err(why) = self.trust.revoke_peer(&old).await {
            tracing::error!(%why, "a site that lost its key is not revoked; an administrator must do it");
            return;
        }
        for text in texts {
            let id = tasks::random_id();
            let offered = match self.trust.offer(text.between_anew(id, &old, new, tasks::now())).await {
                Ok(offered) => offered,
                Err(why) => {
                    tracing::warn!(%why, "an agreement with a site that lost its key is not offered anew");
                    continue;
                }
            };
            self.record(Event::new(Act::AgreementOffered, Actor::default()).peer(new).basis(id)).await;
            match self.trust.keep_mail(&new, Request::Agreement(offered)).await {
                Ok(_) => drop(self.send_mail(new)),
                Err(why) => tracing::warn!(%why, "an agreement that is offered anew is not sent"),
            }
        }
    }

    /// A key knocked that is no peer's. One that was a peer's is named; one that turns out to be a peer's next one is none.
    pub(super) async fn knocked(&self, key: Option<Key>, note: String) {
        let former = key.and_then(|key| self.trust.peer_formerly_with(&key));
        if let Some(site) = former {
            self.alerts.security("a key that the site has changed knocked", site, None).await;
            return;
        }
        tokio::select! {
            () = self.tasks.stopping() => {}
            () = tokio::time::sleep(UNKNOWN_FOR) => {}
        }
        if key.is_some_and(|key| self.trust.peer_with(&key).is_some()) {
            return;
        }
        let site = key.map(|key| key.as_site());
        let mut event = Event::new(Act::SecurityAlert, Actor { site, ..Actor::default() });
        event.peer = site;
        self.record(event.outcome(Outcome::Refused(Refusal::NotPaired)).note(note)).await;
    }
}

/// What people compare: the first characters of a key.
fn fingerprint(key: &Key) -> String {
    key.as_site().short()
}
