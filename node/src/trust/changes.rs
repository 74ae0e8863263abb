//! The changes: each checked against the state, made durable, then in effect — withdrawals the other way round.

use super::{
    Peer, Record, Trust, TrustError, hours,
    records::{State, Text},
};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Uid,
    agreement::{Agreement, Level, Purpose, SignedAgreement},
    countersigned::Text as _,
    grant::{FORWARD_MAX, Grant, GrantKind},
    ids::Id128,
    message::SiteRecord,
    signed::Signed,
    wire,
};
use std::{sync::PoisonError, time::Duration};
use tokio::sync::OwnedMutexGuard;

/// Offers of one peer that may wait for us: more is noise.
const RECEIVED_MAX: usize = 16;
/// Grants of one peer kept at once.
pub(super) const GRANTS_MAX: usize = 4096;
/// The longest a grant may last, hours. Twenty-four is the rule (see docs/security.md); who asks for more says so.
pub(super) const GRANT_HOURS_MAX: u32 = 720;
/// How far two sites' clocks may lie apart without a fresh permission seeming to come from the future.
pub(super) const CLOCKS_DIFFER: Duration = Duration::from_secs(600);

type Changing = OwnedMutexGuard<()>;

/// How a study is shared: what is not said is as wide as it may be, but for passing it on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// `None`: as long as the grant that it narrows; of one of ours it must be said.
    pub(crate) hours: Option<u32>,
    pub(crate) level: Option<Level>,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) copies_max: Option<u32>,
    pub(crate) forward: Vec<SiteId>,
}

impl Given {
    /// For so many hours, and nothing else said.
    #[cfg(test)]
    pub(crate) fn hours(hours: u32) -> Self {
        Self { hours: Some(hours), ..Self::default() }
    }
}

impl Trust {
    pub(super) async fn changing(&self) -> Changing {
        self.inner.changing.clone().lock_owned().await
    }

    fn effect(&self, record: Record) {
        let events = {
            let mut state = self.inner.state.write().unwrap_or_else(PoisonError::into_inner);
            state.apply(record)
        };
        if !events.is_empty() {
            self.inner.watch.judge_again(&self.state(), tasks::now());
        }
        for event in events {
            // Nobody may be listening.
            let _ = self.inner.events.send(event);
        }
    }

    /// Durable, then in effect; finished even if the caller stops waiting.
    pub(super) async fn commit(&self, changing: Changing, record: Record) -> Result<(), TrustError> {
        let trust = self.clone();
        let written = self.inner.tasks.spawn("trust", async move {
            trust.inner.journal.append(record.kind(), wire::encode(&record)).await?;
            trust.effect(record);
            drop(changing);
            Ok(())
        });
        written.await.unwrap_or(Err(TrustError::Journal(crate::journal::JournalError::Closed)))
    }

    /// In effect at once, then durable.
    pub(super) async fn withdraw(&self, changing: Changing, record: Record) -> Result<(), TrustError> {
        self.effect(record.clone());
        let trust = self.clone();
        let written = self.inner.tasks.spawn("trust", async move {
            trust.inner.journal.append(record.kind(), wire::encode(&record)).await?;
            drop(changing);
            Ok(())
        });
        written.await.unwrap_or(Err(TrustError::Journal(crate::journal::JournalError::Closed)))
    }

    /// After a pairing. A site paired again after its revocation begins without agreements.
    pub(crate) async fn add_peer(&self, peer: Peer) -> Result<(), TrustError> {
        let changing = self.changing().await;
        if peer.site == self.inner.identity.site() || peer.record.open(&peer.site).is_err() {
            return Err(Refusal::Malformed.into());
        }
        // A key that the site changed for another pairs no more.
        if !peer.record.keys().is_some_and(|keys| self.state().may_pair(&keys)) {
            return Err(Refusal::Revoked.into());
        }
        self.commit(changing, Record::PeerAdded(Peer { revoked: None, ..peer })).await
    }

    /// A newer site record of a peer (signature checked here). One that says the same again is not recorded.
    pub(crate) async fn note_record(&self, site: &SiteId, record: Signed<SiteRecord>) -> Result<(), TrustError> {
        let changing = self.changing().await;
        let known = self.peer(site).ok_or(TrustError::NoPeer)?;
        let new = record.open(site).map_err(|_| Refusal::Malformed)?;
        // A peer that takes the name of another site would be taken for it.
        let is_renamed = new.name != known.name;
        if !new.is_sound() || (is_renamed && self.is_anothers(&new.name, site)) {
            return Err(Refusal::Malformed.into());
        }
        if let Ok(old) = known.record.open(site) {
            let same = old.name == new.name && old.overlay == new.overlay && old.pixels == new.pixels;
            if same || old.issued >= new.issued {
                return Ok(());
            }
        }
        self.commit(changing, Record::PeerMoved { site: *site, name: new.name, record }).await
    }

    /// Whether a name is another trusted peer's, however it is spaced and cased.
    fn is_anothers(&self, name: &str, site: &SiteId) -> bool {
        let plain = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let (state, name) = (self.state(), plain(name));
        let others = state.peers.values().filter(|peer| peer.revoked.is_none() && peer.site != *site);
        others.map(|peer| plain(&peer.name)).any(|other| other == name)
    }

    /// Everything with that site is over: agreements and grants end, permits are withdrawn before this returns.
    pub(crate) async fn revoke_peer(&self, site: &SiteId) -> Result<(), TrustError> {
        let changing = self.changing().await;
        self.state().peers.get(site).filter(|peer| peer.revoked.is_none()).ok_or(TrustError::NoPeer)?;
        self.withdraw(changing, Record::PeerRevoked { site: *site, at: tasks::now() }).await
    }

    /// A draft of ours, signed by us. A draft with the id of an active agreement is its next version: one above the newest.
    pub(crate) async fn offer(&self, mut agreement: Agreement) -> Result<SignedAgreement, TrustError> {
        let changing = self.changing().await;
        let us = self.inner.identity.site();
        let peer = other_party(&agreement, &us).ok_or(Refusal::Malformed)?;
        {
            let state = self.state();
            state.peer(&peer).ok_or(TrustError::NoPeer)?;
            if let Some(kept) = state.agreements.get(&agreement.id) {
                if kept.ended.is_some() || kept.peer != peer {
                    return Err(TrustError::State);
                }
                agreement.version = agreement.version.max(kept.newest().saturating_add(1));
            }
        }
        if !agreement.is_sound() || !zones_known(&agreement) {
            return Err(Refusal::Malformed.into());
        }
        let signed = SignedAgreement::draft(&self.inner.identity.key(), &agreement);
        self.commit(changing, Record::Agreement { peer, signed: signed.clone() }).await?;
        Ok(signed)
    }

    /// What a peer sent: an offer (kept as Received) or the countersigned text of our offer (becomes Active). What is
    /// known already is taken without effect: it may come twice.
    pub(crate) async fn receive(&self, from: &SiteId, signed: SignedAgreement) -> Result<(), TrustError> {
        let changing = self.changing().await;
        let (agreement, signers) = signed.open()?;
        let us = self.inner.identity.site();
        if other_party(&agreement, &us) != Some(*from) || !signers.contains(from) || !zones_known(&agreement) {
            return Err(Refusal::Malformed.into());
        }
        let news = self.state().is_news(from, &agreement, signers.contains(&us))?;
        if !news {
            return Ok(());
        }
        self.commit(changing, Record::Agreement { peer: *from, signed }).await
    }

    /// Countersigns what was received; gives the text to send back. In force here from now on.
    pub(crate) async fn accept(&self, id: &Id128) -> Result<SignedAgreement, TrustError> {
        let changing = self.changing().await;
        let (peer, mut signed) = {
            let state = self.state();
            let kept = state.agreements.get(id).ok_or(TrustError::NoAgreement)?;
            let pending = kept.pending.as_ref().filter(|t| !t.ours && kept.ended.is_none()).ok_or(TrustError::State)?;
            state.peer(&kept.peer).ok_or(TrustError::NoPeer)?;
            (kept.peer, pending.signed.clone())
        };
        signed.sign(&self.inner.identity.key());
        self.commit(changing, Record::Agreement { peer, signed: signed.clone() }).await?;
        Ok(signed)
    }

    /// Ends an agreement; by us (`from` ours) or as told by the peer. Permits are withdrawn before this returns.
    pub(crate) async fn end(&self, id: &Id128, from: &SiteId) -> Result<(), TrustError> {
        let changing = self.changing().await;
        let (peer, ended) = {
            let state = self.state();
            let kept = state.agreements.get(id).ok_or(TrustError::NoAgreement)?;
            (kept.peer, kept.ended.is_some())
        };
        if *from != self.inner.identity.site() && *from != peer {
            return Err(TrustError::NoAgreement);
        }
        if ended {
            return Ok(());
        }
        self.withdraw(changing, Record::AgreementEnded { agreement: *id, by: *from, at: tasks::now() }).await
    }

    /// Gives a grant for one of our studies under the active agreement with that peer.
    ///
    /// # Errors
    /// [`TrustError::NoAgreement`]; [`TrustError::Wider`] for a level or a purpose that is not agreed, or where studies are
    /// not passed on.
    pub(crate) async fn share(&self, study: &Uid, peer: &SiteId, given: &Given) -> Result<Signed<Grant>, TrustError> {
        let changing = self.changing().await;
        let hours = given.hours.unwrap_or_default();
        if !(1..=GRANT_HOURS_MAX).contains(&hours) || given.forward.len() > FORWARD_MAX {
            return Err(Refusal::Malformed.into());
        }
        let (now, us) = (tasks::now(), self.inner.identity.site());
        let grant = {
            let state = self.state();
            state.peer(peer).ok_or(TrustError::NoPeer)?;
            if state.is_silent(peer) {
                return Err(Refusal::Suspended.into());
            }
            let open = state.active_with(peer, now).filter(|a| !state.is_closing(&a.id));
            let under = open.filter_map(|a| a.clause(&us, peer).map(|c| (a, c))).next();
            let (text, clause) = under.ok_or(TrustError::NoAgreement)?;
            given.within(text, clause)?;
            Grant {
                id: tasks::random_id(),
                issuer: us,
                subject: *peer,
                basis: text.id,
                study: study.clone(),
                level: given.level.unwrap_or(clause.level),
                not_before: now.before(CLOCKS_DIFFER),
                expires: now.after(Duration::from_secs(u64::from(hours) * 3600)),
                kind: GrantKind::Shared,
                parent: None,
                purpose: given.purpose,
                copies_max: given.copies_max,
                forward: given.forward.clone(),
            }
        };
        let signed = self.inner.identity.seal(&grant);
        self.commit(changing, Record::Grant(signed.clone())).await?;
        Ok(signed)
    }

    /// Keeps a grant a peer gave us.
    pub(crate) async fn receive_grant(&self, from: &SiteId, signed: Signed<Grant>) -> Result<(), TrustError> {
        let changing = self.changing().await;
        let grant = signed.open(from).map_err(|_| Refusal::Malformed)?;
        let now = tasks::now();
        let lasts = Duration::from_secs(u64::from(GRANT_HOURS_MAX) * 3600) + 2 * CLOCKS_DIFFER;
        let is_ours = grant.issuer == *from && grant.subject == self.inner.identity.site() && grant.parent.is_none();
        if !is_ours || !grant.is_sound() || grant.expires > now.after(lasts) {
            return Err(Refusal::Malformed.into());
        }
        self.vouch(from, &signed, grant.not_before.after(CLOCKS_DIFFER))?;
        {
            let state = self.state();
            state.peer(from).ok_or(Refusal::NotPaired)?;
            state
                .standing(&grant.basis, now)
                .filter(|a| other_party(a, from).is_some())
                .ok_or(Refusal::NotPermitted)?;
            if state.grants.contains_key(&grant.id) || grant.expires <= now {
                return Ok(());
            }
            if state.grants.values().filter(|g| g.issuer == *from && g.expires > now).count() >= GRANTS_MAX {
                return Err(Refusal::Busy(60_000).into());
            }
        }
        self.commit(changing, Record::Grant(signed)).await
    }

    /// Takes a grant back, with all that narrow it; by us, or as told by a site that gave it or what it narrows. Permits are
    /// withdrawn before this returns. Gives who else is to be told, and of which.
    pub(crate) async fn revoke_grant(&self, id: &Id128, from: &SiteId) -> Result<Vec<(SiteId, Id128)>, TrustError> {
        let changing = self.changing().await;
        let told = {
            let state = self.state();
            // It ended by itself, or it never was theirs: nothing of theirs stands either way.
            let Some(grant) = state.grants.get(id) else { return Ok(Vec::new()) };
            if !state.chain(grant).iter().any(|link| link.issuer == *from) {
                return Ok(Vec::new());
            }
            let us = self.inner.identity.site();
            let gone = state.with_children(id).into_iter().filter_map(|id| state.grants.get(&id));
            let told = gone.flat_map(|grant| {
                let of_chain = [Some(grant.subject), Some(grant.issuer), state.holder_of(grant)];
                of_chain.into_iter().flatten().map(|site| (site, grant.id))
            });
            let told: std::collections::BTreeSet<_> = told.collect();
            told.into_iter().filter(|(site, _)| *site != us && site != from && state.peer(site).is_some()).collect()
        };
        self.withdraw(changing, Record::GrantRevoked { grant: *id, by: *from }).await?;
        Ok(told)
    }
}

impl Given {
    /// What is agreed is not shared away by a grant.
    fn within(&self, text: &Agreement, clause: &protocol::agreement::Clause) -> Result<(), TrustError> {
        let wide = [
            (self.level.is_none_or(|level| level <= clause.level), "level"),
            (self.purpose.is_none_or(|purpose| text.is_for(purpose)), "purpose"),
            (self.forward.is_empty() || clause.onward, "onward"),
            (self.copies_max != Some(0), "copies"),
        ];
        match wide.into_iter().find(|(holds, _)| !holds) {
            Some((_, what)) => Err(TrustError::Wider(what)),
            None => Ok(()),
        }
    }
}

pub(super) fn other_party(agreement: &Agreement, us: &SiteId) -> Option<SiteId> {
    let [a, b] = &agreement.parties;
    match (a.site == *us, b.site == *us) {
        (true, false) => Some(b.site),
        (false, true) => Some(a.site),
        _ => None,
    }
}

fn zones_known(agreement: &Agreement) -> bool {
    agreement.clauses.iter().filter_map(|c| c.hours.as_ref()).all(|h| hours::is_known_zone(&h.time_zone))
}

impl State {
    /// Whether a text from a peer changes anything.
    ///
    /// # Errors
    /// When it does not follow on what both know.
    fn is_news(&self, from: &SiteId, text: &Agreement, signed_by_us: bool) -> Result<bool, TrustError> {
        self.peer(from).ok_or(Refusal::NotPaired)?;
        let Some(kept) = self.agreements.get(&text.id) else {
            if signed_by_us {
                return Err(TrustError::NoAgreement);
            }
            let waiting = self.agreements.values().filter(|k| k.peer == *from && k.waits_for_us()).count();
            return if waiting < RECEIVED_MAX { Ok(true) } else { Err(Refusal::Busy(60_000).into()) };
        };
        if kept.peer != *from {
            return Err(Refusal::Malformed.into());
        }
        if kept.active.as_ref().is_some_and(|t| t.agreement == *text) {
            return Ok(false);
        }
        let newer = kept.active.as_ref().is_none_or(|t| text.version > t.agreement.version);
        if kept.ended.is_some() || !newer {
            return Err(TrustError::State);
        }
        let same = |t: &Text| t.agreement == *text;
        let is_no_newer = |t: &Text| text.version <= t.agreement.version;
        match (&kept.pending, signed_by_us) {
            (Some(pending), true) if pending.ours && same(pending) => Ok(true),
            (_, true) => Err(TrustError::State),
            // Two offers crossed: that of the smaller key stays, at both sites.
            (Some(pending), false) if pending.ours && self.us < *from && is_no_newer(pending) => Err(TrustError::State),
            (Some(pending), false) if !pending.ours && same(pending) => Ok(false),
            // Another text under a number that was given already.
            (Some(pending), false) if !pending.ours && is_no_newer(pending) => Err(TrustError::State),
            (_, false) => Ok(true),
        }
    }
}

impl super::records::Kept {
    /// The number of the newest version, in force or waiting.
    fn newest(&self) -> u32 {
        self.active.iter().chain(&self.pending).map(|t| t.agreement.version).max().unwrap_or(0)
    }

    fn waits_for_us(&self) -> bool {
        self.ended.is_none() && self.pending.as_ref().is_some_and(|t| !t.ours)
    }
}
