//! Which key speaks for a site: ours and peers'.
//!
//! A site is its name; its key may change (`protocol::succession`). From the moment a succession is accepted only the new
//! key is the site's: connections are made with it alone, and what the key before signs from then on is refused. What it
//! signed before stays good; grants are void from the time on that the succession names, where the key may be in other
//! hands.
//!
//! Two successors of one key are two holders of it, and nobody here can tell which is the site. Nothing is believed or told
//! then, whichever was heard first, until the administrators have paired the sites again: that replaces the keys, and what
//! was agreed goes on.
//!
//! # At a crash
//! A succession takes effect before it is recorded, as a withdrawal does; one that was not recorded is heard again, since
//! the site's every greeting carries it.
//!
//! # Not here
//! Our own next key: `identity`. Telling and hearing: `overlay`.

use super::{Peer, Record, Trust, TrustError, TrustEvent, changes::CLOCKS_DIFFER, records::State};
use crate::tasks;
use protocol::{
    Key, Keys, Refusal, SiteId, Timestamp,
    ids::Id128,
    signed::{Domain, Signed},
    succession::{Relation, Succession},
};
use std::time::Duration;

/// After this a change is settled: its notice stood so long that administrators could ask. Who shows another successor then has
/// an old key, and stops nobody.
const SETTLED_AFTER: Duration = Duration::from_secs(30 * 86_400);
/// Between making its next key and using it a site still signs with the one before.
const SETTLES: Duration = Duration::from_secs(30);

/// What is known of a site's keys.
#[derive(Clone, Debug)]
pub(super) struct Known {
    keys: Keys,
    /// When the newest was accepted; `None`: with the pairing.
    heard: Option<Timestamp>,
    /// Another successor was heard of.
    conflict: Option<Timestamp>,
    /// That one.
    rival: Option<Keys>,
    /// Changes that were settled when the newest was heard.
    settled: usize,
}

impl Known {
    /// Whether the change that another chain parts from was settled by `now`.
    fn is_settled(&self, other: &Keys, now: Timestamp) -> bool {
        let same = self.keys.successions().iter().zip(other.successions()).take_while(|(one, two)| one == two).count();
        same < self.settled || self.heard.is_none_or(|heard| now.since(heard) >= SETTLED_AFTER)
    }
}

/// A site's keys, for lists and alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRow {
    pub(crate) keys: Keys,
    /// When this site heard of the last change.
    pub(crate) heard: Option<Timestamp>,
    /// Since when two successors of one key are known: nothing is believed or told.
    pub(crate) conflict: Option<Timestamp>,
    /// The chain that parts from these.
    pub(crate) rival: Option<Keys>,
}

/// What hearing a site's keys brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Known,
    /// Of before the change that is known.
    Old,
    /// From now on the new key is the site's.
    Changed,
    /// They part from those known here.
    Conflict,
    /// They part from a change that was settled long ago, and were shown by somebody who came by himself: nothing is other
    /// than it was.
    Settled,
}

impl Trust {
    /// The keys of a site as known here; ours too.
    pub(crate) fn keys_of(&self, site: &SiteId) -> KeyRow {
        let state = self.state();
        match state.keys.get(site) {
            Some(Known { keys, heard, conflict, rival, .. }) => {
                KeyRow { keys: keys.clone(), heard: *heard, conflict: *conflict, rival: rival.clone() }
            }
            None => KeyRow { keys: Keys::first(*site), heard: None, conflict: None, rival: None },
        }
    }

    /// The key that speaks for a site.
    pub(crate) fn key_of(&self, site: &SiteId) -> Key {
        self.state().keys_of(site).current()
    }

    /// The trusted peer whose key this is now.
    pub(crate) fn peer_with(&self, key: &Key) -> Option<SiteId> {
        let state = self.state();
        let is_it = |peer: &&Peer| state.keys_of(&peer.site).current() == *key && state.peer(&peer.site).is_some();
        state.peers.values().find(is_it).map(|peer| peer.site)
    }

    /// The peer whose key this was before it changed it, or is while nobody knows who speaks for it.
    pub(crate) fn peer_formerly_with(&self, key: &Key) -> Option<SiteId> {
        let state = self.state();
        let was = |peer: &&Peer| {
            let keys = state.keys_of(&peer.site);
            keys.before().contains(key) || (keys.current() == *key && state.is_in_conflict(&peer.site))
        };
        state.peers.values().find(was).map(|peer| peer.site)
    }

    /// Whether two successors of a key of this site are known.
    pub(crate) fn is_in_conflict(&self, site: &SiteId) -> bool {
        self.state().is_in_conflict(site)
    }

    /// Keys that a peer shows, or somebody shows of it: they prove themselves.
    ///
    /// # Errors
    /// [`TrustError::NoPeer`]; when it cannot be recorded.
    pub(crate) async fn hear_keys(&self, keys: &Keys) -> Result<Heard, TrustError> {
        self.hear(keys, false).await
    }

    /// As [`Self::hear_keys`], of keys that somebody shows who came by himself, by no address that is known of the site.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn hear_knock(&self, keys: &Keys) -> Result<Heard, TrustError> {
        self.hear(keys, true).await
    }

    /// Whether a site is among the peers, believed at this time or not.
    pub(crate) fn is_listed(&self, site: &SiteId) -> bool {
        self.state().peers.get(site).is_some_and(|peer| peer.revoked.is_none())
    }

    async fn hear(&self, keys: &Keys, by_knock: bool) -> Result<Heard, TrustError> {
        let site = keys.site();
        let known = self.keys_of(&site);
        if known.conflict.is_none() && known.keys == *keys {
            return Ok(Heard::Known);
        }
        let changing = self.changing().await;
        let known = self.keys_of(&site);
        if site != self.inner.identity.site() && self.state().peers.get(&site).is_none_or(|p| p.revoked.is_some()) {
            return Err(TrustError::NoPeer);
        }
        let at = tasks::now();
        match keys.relation(&known.keys) {
            _ if known.conflict.is_some() => Ok(Heard::Conflict),
            Relation::Same => Ok(Heard::Known),
            Relation::Behind => Ok(Heard::Old),
            Relation::Conflict if by_knock && self.state().is_settled(&site, keys, at) => Ok(Heard::Settled),
            // Nobody but us changes our key.
            Relation::Ahead if site != self.inner.identity.site() => {
                self.withdraw(changing, Record::Succeeded { keys: keys.clone(), at }).await?;
                Ok(Heard::Changed)
            }
            Relation::Ahead | Relation::Conflict => {
                self.withdraw(changing, Record::KeysPart { keys: keys.clone(), at }).await?;
                Ok(Heard::Conflict)
            }
        }
    }

    /// We have a new key: durable when this returns.
    ///
    /// # Errors
    /// [`TrustError::State`] when the keys do not go on from ours.
    pub(crate) async fn succeed(&self, keys: Keys) -> Result<(), TrustError> {
        let changing = self.changing().await;
        let us = self.inner.identity.site();
        if keys.site() != us || keys.relation(&self.state().keys_of(&us)) != Relation::Ahead {
            return Err(TrustError::State);
        }
        self.commit(changing, Record::Succeeded { keys, at: tasks::now() }).await
    }

    /// Whether the key that signed something of a site's was the site's when it did, at `at` by the site's clock.
    ///
    /// # Errors
    /// [`Refusal::Malformed`]: the site had another key by then, or it is none of the site's.
    pub(crate) fn vouch<T: Domain>(&self, site: &SiteId, signed: &Signed<T>, at: Timestamp) -> Result<(), Refusal> {
        let keys = signed.keys().filter(|keys| keys.site() == *site).ok_or(Refusal::Malformed)?;
        let known = self.state().keys_of(site);
        match keys.relation(&known) {
            Relation::Same | Relation::Ahead => Ok(()),
            Relation::Behind => {
                let next = known.successions().get(keys.successions().len()).ok_or(Refusal::Malformed)?;
                if at <= signed_until(next) { Ok(()) } else { Err(Refusal::Malformed) }
            }
            Relation::Conflict => Err(Refusal::Malformed),
        }
    }
}

/// Until when the key before a change may have signed.
fn signed_until(next: &Succession) -> Timestamp {
    next.void_from.map_or_else(|| next.at.after(SETTLES), |void| void.min(next.at))
}

impl State {
    pub(super) fn keys_of(&self, site: &SiteId) -> Keys {
        self.keys.get(site).map_or_else(|| Keys::first(*site), |known| known.keys.clone())
    }

    pub(super) fn is_in_conflict(&self, site: &SiteId) -> bool {
        self.keys.get(site).is_some_and(|known| known.conflict.is_some())
    }

    fn is_settled(&self, site: &SiteId, other: &Keys, now: Timestamp) -> bool {
        self.keys.get(site).is_some_and(|known| known.is_settled(other, now))
    }

    /// With a pairing two people said whose key it is: it replaces what was known, but never by a key of before.
    pub(super) fn pair_keys(&mut self, peer: &Peer) {
        let Some(keys) = peer.record.keys().filter(|keys| keys.site() == peer.site) else { return };
        // Whoever pairs with us has settled who we are.
        if let Some(own) = self.keys.get_mut(&self.us) {
            (own.conflict, own.rival) = (None, None);
        }
        if self.may_pair(&keys) && (self.is_in_conflict(&peer.site) || keys != self.keys_of(&peer.site)) {
            let settled = keys.successions().len();
            self.keys.insert(peer.site, Known { keys, heard: None, conflict: None, rival: None, settled });
        }
    }

    /// Whether a site may be paired with these keys: a peer not with one that it changed for another.
    pub(super) fn may_pair(&self, keys: &Keys) -> bool {
        let site = keys.site();
        self.is_in_conflict(&site)
            // What was known of a site that was parted from is over: two people begin anew.
            || self.peers.get(&site).is_some_and(|peer| peer.revoked.is_some())
            || matches!(keys.relation(&self.keys_of(&site)), Relation::Same | Relation::Ahead)
    }

    pub(super) fn succeeded(&mut self, keys: Keys, at: Timestamp) -> Vec<TrustEvent> {
        let (site, before) = (keys.site(), self.keys_of(&keys.site()));
        if keys.relation(&before) != Relation::Ahead {
            return Vec::new();
        }
        let news = keys.successions().iter().skip(before.successions().len());
        let void_from = news.filter_map(|link| link.void_from).min();
        let known = self.keys.get(&site);
        // A change so soon after another settles neither.
        let is_fresh = |known: &&Known| known.heard.is_some_and(|heard| at.since(heard) < SETTLED_AFTER);
        let settled = known.filter(is_fresh).map_or_else(|| before.successions().len(), |known| known.settled);
        // Our next key is our answer to whoever made another: who does not take it says so again.
        let parted = known.filter(|known| site != self.us && known.conflict.is_some());
        let (conflict, rival) = parted.map_or((None, None), |known| (known.conflict, known.rival.clone()));
        self.keys.insert(site, Known { keys, heard: Some(at), conflict, rival, settled });
        let mut events = vec![TrustEvent::KeysChanged(site)];
        if let Some(from) = void_from {
            events.extend(self.void_grants(&site, from));
        }
        events
    }

    /// All grants so far were signed by keys of before.
    fn void_grants(&mut self, issuer: &SiteId, from: Timestamp) -> Vec<TrustEvent> {
        let given = self.grants.values().filter(|grant| grant.issuer == *issuer);
        let void: Vec<Id128> =
            given.filter(|grant| grant.not_before.after(CLOCKS_DIFFER) >= from).map(|grant| grant.id).collect();
        let mut events = Vec::new();
        for grant in void {
            self.given.remove(&grant);
            if let Some(gone) = self.grants.remove(&grant) {
                let peer = if gone.issuer == self.us { gone.subject } else { gone.issuer };
                events.push(TrustEvent::GrantRevoked { peer, grant });
            }
        }
        events
    }

    pub(super) fn keys_part(&mut self, keys: &Keys, at: Timestamp) -> Vec<TrustEvent> {
        let site = keys.site();
        let known = self.keys_of(&site);
        let fresh = Known { keys: known, heard: None, conflict: None, rival: None, settled: 0 };
        let entry = self.keys.entry(site).or_insert(fresh);
        if entry.conflict.is_some() {
            return Vec::new();
        }
        (entry.conflict, entry.rival) = (Some(at), Some(keys.clone()));
        vec![TrustEvent::KeysPart(site)]
    }
}

#[cfg(test)]
mod tests;
