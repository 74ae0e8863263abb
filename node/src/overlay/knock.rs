//! Keys that are no peer's, and say who they are: a peer's next key, which we had not heard of.
//!
//! What is heard of such a key is one greeting. The signature of its site record carries the chain of keys; where that ends in
//! the very key of the connection and goes on from the chain known of a peer, it is the peer, and is answered with a
//! greeting as it would be over a connection of its own. So two sites find one another though each changed its key while
//! the other was away, and one that cannot be dialled is not lost. Whoever is none of the peers is answered nothing.
//!
//! A chain that *parts* from the known one is two holders of one key. Soon after a change both are stopped, as anywhere else
//! (`crate::trust`). A change of long ago stays: else whoever finds an old disk could bring two hospitals to a stand from
//! anywhere. Either way the site is told, with both chains as they are known here ([`protocol::succession::Fork`]): it alone can
//! tell which of them it did not make.
//!
//! # At a crash
//! Nothing is kept here: whoever knocks knocks again.
//!
//! # Not here
//! Who gets into the hall: [`super::gate`]. What the chains mean: `trust::keys`.

use super::{Inner, converse::ANSWER_LEAVES, news::Channel};
use crate::{
    audit::{Act, Actor, Event},
    pace::Pace,
    tasks,
    trust::{Heard, TrustError},
};
use protocol::{
    Key, Keys, Refusal, SiteId,
    message::{Answer, Request},
    signed::Signed,
    succession::{Fork, Relation},
    wire,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Greetings that are looked at of one key.
pub(super) fn greetings_pace() -> Pace<Key> {
    Pace::new(2, Duration::from_secs(5))
}

/// How long a stranger has in the hall.
const HEARD_WITHIN: Duration = Duration::from_secs(3);
/// How long the site has to take it that its keys part.
const TOLD_WITHIN: Duration = Duration::from_millis(700);

impl Inner {
    /// A stranger is in the hall: it leaves soon, or comes again as a peer.
    pub(super) fn visited(self: &Arc<Self>, key: Key) {
        let inner = self.clone();
        self.tasks.spawn("visitor", async move {
            inner.tasks.pause(HEARD_WITHIN).await;
            inner.link.unclaim(key).await;
        });
    }

    /// A key that is no peer's asks something. Not answered, it hears at once that nothing came.
    pub(super) fn heard(self: &Arc<Self>, key: Key, bytes: &[u8], channel: Channel) {
        if self.greetings.take(&key, Instant::now()).is_err() {
            return;
        }
        let Ok(Request::Hello { record, .. }) = wire::decode::<Request>(bytes) else { return };
        // Only who says that it is a peer of ours is worth looking at its signatures.
        if !self.trust.is_listed(&record.claimed_signer()) {
            return;
        }
        let inner = self.clone();
        self.tasks.spawn("keys", async move {
            let proven = |keys: &Keys| keys.current() == key && record.open(&keys.site()).is_ok();
            let Some(keys) = record.keys().filter(proven) else { return };
            let Some(answer) = inner.knocks(key, &keys).await else { return };
            let is_it = matches!(answer, Answer::Hello { .. });
            inner.link.answer(channel, wire::encode(&answer)).await;
            if !is_it {
                return;
            }
            if let Err(why) = inner.trust.note_record(&keys.site(), record).await {
                tracing::warn!(peer = %keys.site().short(), %why, "its site record is not taken");
            }
            tokio::time::sleep(ANSWER_LEAVES).await;
            inner.allow(&keys.site()).await;
        });
    }

    async fn knocks(self: &Arc<Self>, key: Key, keys: &Keys) -> Option<Answer> {
        let site = keys.site();
        let heard = match self.trust.hear_knock(keys).await {
            Ok(heard) => heard,
            Err(why) => {
                tracing::warn!(peer = %site.short(), %why, "a key that knocks is not taken");
                return None;
            }
        };
        match heard {
            Heard::Known => {}
            Heard::Changed => self.note_changed(keys).await,
            Heard::Old => {
                self.alerts.security("a key that the site has changed knocked", site, None).await;
                self.tell_fork(Some(key), keys).await;
                return Some(Answer::Refused(Refusal::Revoked));
            }
            Heard::Conflict => {
                self.alerts.security("two successors of the site's key", site, None).await;
                self.tell_fork(Some(key), keys).await;
                return Some(Answer::Refused(Refusal::Revoked));
            }
            Heard::Settled => {
                self.alerts.security("another successor of a key that the site changed long ago", site, None).await;
                // The site is whoever it was; and the one that knocks may be it, were we deceived so long.
                self.tell_fork(None, keys).await;
                self.tell_fork(Some(key), keys).await;
                return Some(Answer::Refused(Refusal::Revoked));
            }
        }
        Some(Answer::Hello { record: self.record_now(), now: tasks::now() })
    }

    pub(super) async fn note_changed(&self, keys: &Keys) {
        let theirs = Actor { site: Some(keys.site()), ..Actor::default() };
        let note = format!("signed by the key before; now {}", keys.current().as_site().short());
        self.record(Event::new(Act::KeyChanged, theirs).peer(keys.site()).note(note)).await;
    }

    /// Tells a site of two chains of its keys: the one known here, and the one that was shown. `to`: whoever has this key, else
    /// the site as it is known.
    pub(super) async fn tell_fork(&self, to: Option<Key>, shown: &Keys) {
        let row = self.trust.keys_of(&shown.site());
        // While nobody knows which is the site, the two that made it so are what it is told.
        let shown = row.rival.as_ref().unwrap_or(shown);
        let fork = Fork { known: row.keys.clone(), shown: shown.clone(), at: tasks::now() };
        let request = Request::KeysFork(Box::new(self.identity.seal(&fork)));
        let told = async {
            match to {
                Some(key) => drop(self.link.ask_claimant(key, wire::encode(&request)).await),
                None => drop(self.ask(row.keys.site(), &request).await),
            }
        };
        // Whoever does not answer knocks again.
        let _ = tokio::time::timeout(TOLD_WITHIN, told).await;
    }

    /// A peer knows other keys of ours than we have: both chains are ours by our own signatures, or it is believed nothing.
    pub(super) async fn hear_fork(self: &Arc<Self>, from: SiteId, signed: &Signed<Fork>) -> Result<(), TrustError> {
        let fork = signed.open(&from).map_err(|_| Refusal::Malformed)?;
        self.trust.vouch(&from, signed, fork.at)?;
        let us = self.identity.site();
        let are_ours = [&fork.known, &fork.shown].iter().all(|keys| keys.site() == us);
        if !are_ours || fork.known.relation(&fork.shown) == Relation::Same {
            return Err(Refusal::Malformed.into());
        }
        for keys in [&fork.known, &fork.shown] {
            self.hear_that_keys_part(from, keys).await?;
        }
        Ok(())
    }
}
