//! Grants that narrow others: the chain from a grant to the holder's own, and passing one on.
//!
//! A grant that narrows another is signed by the site that the other one was for. It counts at the holder only, which
//! looks at the whole chain each time that it is asked; what a parent loses its children lose with it.
//!
//! # At a crash
//! A grant is recorded at the holder before the site that passes it on keeps it, and there before it is said to the site
//! that it is for. One that the holder alone has opens nothing that anybody asks for, and runs out.
//!
//! # Not here
//! In what a link must be narrower: [`protocol::grant::Narrow`]. Telling: `overlay`.

use super::{
    Record, Trust, TrustError,
    changes::{CLOCKS_DIFFER, GRANT_HOURS_MAX, GRANTS_MAX, Given},
    judge::{Chain, Ground, Link},
    records::State,
};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Timestamp,
    agreement::Purpose,
    catalog::Basis,
    grant::{CHAIN_MAX, DEPTH_MAX, Grant, GrantCheck, GrantKind, Narrow, Use},
    ids::Id128,
    signed::Signed,
};
use std::time::Duration;

/// A grant as lists show it: with the sites that it came through, the holder first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GrantRow {
    pub(crate) grant: Grant,
    pub(crate) holder: Option<SiteId>,
    pub(crate) through: Vec<SiteId>,
    pub(crate) ancestors: Vec<Id128>,
    /// Copies that were read into, of those that it lets.
    pub(crate) copies: usize,
}

impl State {
    /// A grant, what it narrows, and so on; the last is the holder's unless one is not known.
    pub(super) fn chain<'s>(&'s self, grant: &'s Grant) -> Vec<&'s Grant> {
        let up = |grant: &&'s Grant| grant.parent.and_then(|parent| self.grants.get(&parent));
        std::iter::successors(Some(grant), up).take(CHAIN_MAX + 1).collect()
    }

    /// The grant of the study's holder that a chain begins with; `None` where it is not whole.
    pub(super) fn root<'s>(&'s self, grant: &'s Grant) -> Option<&'s Grant> {
        self.chain(grant).last().copied().filter(|root| root.parent.is_none())
    }

    pub(super) fn holder_of(&self, grant: &Grant) -> Option<SiteId> {
        self.root(grant).map(|root| root.issuer)
    }

    /// Of the two that a grant is between, as seen from here, the other one.
    pub(super) fn other_of(&self, grant: &Grant) -> SiteId {
        if grant.subject == self.us { self.holder_of(grant).unwrap_or(grant.issuer) } else { grant.subject }
    }

    /// A grant and all that narrow it, also over others.
    pub(super) fn with_children(&self, id: &Id128) -> Vec<Id128> {
        let below = |grant: &&Grant| self.chain(grant).iter().any(|link| link.id == *id || link.parent == Some(*id));
        self.grants.values().filter(below).map(|grant| grant.id).collect()
    }

    /// Whether a chain is whole and each link of it narrower than the next; gives the holder's grant.
    pub(super) fn narrowed<'s>(
        &'s self,
        chain: &mut Chain<'_>,
        grant: &'s Grant,
        now: Timestamp,
    ) -> Result<&'s Grant, Refusal> {
        let mut link = grant;
        let mut depth = 0;
        while let Some(above) = &link.parent {
            let mut of_link = Chain { ground: Ground::Grant(link.id), say: &mut *chain.say };
            let parent = of_link.some(Link::Parent, self.grants.get(above))?;
            depth += 1;
            of_link.need(Link::Depth, depth <= DEPTH_MAX)?;
            Narrow::ALL
                .into_iter()
                .try_for_each(|what| of_link.need(Link::Narrow(what), link.narrows(what, parent)))?;
            let mut of_parent = Chain { ground: Ground::Grant(parent.id), say: &mut *chain.say };
            for check in [GrantCheck::Begun, GrantCheck::NotOver] {
                let wanted = Use { by: &parent.subject, study: &parent.study, level: parent.level, purpose: None };
                of_parent.need(Link::Grant(check), parent.holds(check, &wanted, now))?;
            }
            link = parent;
        }
        Ok(link)
    }

    /// Whether a copy may be read into under each grant of a chain.
    pub(super) fn copies_left(
        &self,
        chain: &mut Chain<'_>,
        grant: &Grant,
        copy: Option<&Id128>,
    ) -> Result<(), Refusal> {
        for link in self.chain(grant) {
            let Some(most) = link.copies_max else { continue };
            let mut of_link = Chain { ground: Ground::Grant(link.id), say: &mut *chain.say };
            of_link.need(Link::Copies, self.has_copies_left(&link.id, most, copy))?;
        }
        Ok(())
    }

    fn has_copies_left(&self, grant: &Id128, most: u32, copy: Option<&Id128>) -> bool {
        let Some(read) = self.read_into.get(grant) else { return most > 0 };
        copy.is_some_and(|copy| read.contains(copy)) || u32::try_from(read.len()).is_ok_and(|count| count < most)
    }

    /// A copy was read into: counts for each grant of the chain that has a limit.
    pub(super) fn note_read_into(&mut self, grant: &Id128, copy: Id128) {
        let Some(grant) = self.grants.get(grant) else { return };
        let limited = self.chain(grant).into_iter().filter(|link| link.copies_max.is_some());
        let limited: Vec<Id128> = limited.map(|link| link.id).collect();
        for id in limited {
            self.read_into.entry(id).or_default().insert(copy);
        }
    }

    /// The third site does not know what the other two agreed: it is told for what.
    fn first_purpose(&self, agreement: &Id128) -> Option<Purpose> {
        self.agreements.get(agreement)?.active.as_ref()?.agreement.purposes.first().copied()
    }

    /// In what a grant that is not kept yet would be wider than its parent.
    fn wider(&self, grant: &Grant) -> Option<&'static str> {
        let Some(parent) = grant.parent.and_then(|parent| self.grants.get(&parent)) else {
            return Some(Link::Parent.word());
        };
        if self.chain(parent).len() > DEPTH_MAX {
            return Some(Link::Depth.word());
        }
        let wide = Narrow::ALL.into_iter().find(|what| !grant.narrows(*what, parent));
        wide.map(|what| Link::Narrow(what).word())
    }
}

impl Trust {
    /// All live grants that we gave, were given or passed on.
    pub(crate) fn grants(&self) -> Vec<GrantRow> {
        let (state, now) = (self.state(), tasks::now());
        let concerns = |grant: &&Grant| {
            let ours = [grant.issuer, grant.subject].contains(&state.us) || state.holder_of(grant) == Some(state.us);
            ours && now < grant.expires
        };
        let row = |grant: &Grant| {
            let chain = state.chain(grant);
            GrantRow {
                grant: grant.clone(),
                holder: state.holder_of(grant),
                through: chain.iter().rev().map(|link| link.issuer).collect(),
                ancestors: chain.iter().skip(1).map(|link| link.id).collect(),
                copies: state.read_into.get(&grant.id).map_or(0, std::collections::BTreeSet::len),
            }
        };
        state.grants.values().filter(concerns).map(row).collect()
    }

    /// A narrower grant than one that we have, for another site or for ours, with all that it narrows. It is not kept yet.
    ///
    /// # Errors
    /// [`TrustError::NoGrant`]; [`TrustError::Wider`] names what would be wider.
    pub(crate) fn narrow(&self, parent: &Id128, to: &SiteId, given: &Given) -> Result<Vec<Signed<Grant>>, TrustError> {
        let (us, now) = (self.inner.identity.site(), tasks::now());
        let state = self.state();
        state.peer(to).ok_or(TrustError::NoPeer)?;
        let above = state.grants.get(parent).filter(|grant| grant.subject == us && now < grant.expires);
        let above = above.ok_or(TrustError::NoGrant)?;
        let asked = given.hours.map(|hours| now.after(Duration::from_secs(u64::from(hours) * 3600)));
        let grant = Grant {
            id: tasks::random_id(),
            issuer: us,
            subject: *to,
            basis: above.basis,
            study: above.study.clone(),
            level: given.level.unwrap_or(above.level),
            not_before: above.not_before.max(now.before(CLOCKS_DIFFER)),
            expires: asked.unwrap_or(above.expires),
            kind: GrantKind::Shared,
            parent: Some(*parent),
            purpose: given.purpose.or(above.purpose).or_else(|| state.first_purpose(&above.basis)),
            copies_max: given.copies_max.or(above.copies_max),
            forward: given.forward.clone(),
        };
        if let Some(what) = state.wider(&grant) {
            return Err(TrustError::Wider(what));
        }
        let signed = self.inner.identity.seal(&grant);
        let above = state.chain(above).into_iter().map(|link| state.given.get(&link.id).cloned());
        let chain: Option<Vec<_>> = std::iter::once(Some(signed)).chain(above).collect();
        chain.ok_or(TrustError::NoGrant)
    }

    /// The holder of what a chain begins with, as its last grant says.
    pub(crate) fn holder_of_chain(chain: &[Signed<Grant>]) -> Option<SiteId> {
        chain.last().map(Signed::claimed_signer)
    }

    /// Keeps one of our own that the holder has.
    pub(crate) async fn keep_narrowed(&self, chain: &[Signed<Grant>]) -> Result<Grant, TrustError> {
        let changing = self.changing().await;
        let signed = chain.first().ok_or(Refusal::Malformed)?;
        let grant = signed.open(&self.inner.identity.site()).map_err(|_| Refusal::Malformed)?;
        self.commit(changing, Record::Grant(signed.clone())).await?;
        Ok(grant)
    }

    /// What another site passes on: a study of ours, or one that we may read. Gives the grant where it is news.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for what is not signed by whom it says; [`TrustError::Wider`] for what is wider than its
    /// parent; [`Refusal::NotPermitted`] where the agreement does not let studies be passed on; [`Refusal::NotPaired`]
    /// where the site that it is for is none of ours.
    pub(crate) async fn receive_narrowed(
        &self,
        from: &SiteId,
        chain: Vec<Signed<Grant>>,
    ) -> Result<Option<Grant>, TrustError> {
        let changing = self.changing().await;
        let now = tasks::now();
        let opened = opened(from, &chain)?;
        let leaf = opened.first().ok_or(Refusal::Malformed)?;
        let lasts = Duration::from_secs(u64::from(GRANT_HOURS_MAX) * 3600) + 2 * CLOCKS_DIFFER;
        if leaf.expires > now.after(lasts) {
            return Err(Refusal::Malformed.into());
        }
        {
            let state = self.state();
            state.peer(from).ok_or(Refusal::NotPaired)?;
            if state.grants.contains_key(&leaf.id) || leaf.expires <= now {
                return Ok(None);
            }
            let live = state.grants.values().filter(|g| g.issuer == *from && g.expires > now).count();
            if live >= GRANTS_MAX {
                return Err(Refusal::Busy(60_000).into());
            }
            if leaf.subject == self.inner.identity.site() {
                let holder = opened.last().ok_or(Refusal::Malformed)?.issuer;
                state.peer(&holder).ok_or(Refusal::NotPaired)?;
                are_narrower(&opened)?;
            } else {
                state.may_pass_on(leaf, now)?;
            }
        }
        let record = if leaf.subject == self.inner.identity.site() {
            Record::Chain(chain.clone())
        } else {
            Record::Grant(chain.first().cloned().ok_or(Refusal::Malformed)?)
        };
        self.commit(changing, record).await?;
        Ok(Some(leaf.clone()))
    }

    /// A peer says again what it passed on of ours before we were restored.
    pub(super) async fn relearn_narrowed(&self, from: &SiteId, signed: &Signed<Grant>) -> Result<(), TrustError> {
        let changing = self.changing().await;
        let grant = signed.open(from).map_err(|_| Refusal::Malformed)?;
        if grant.issuer != *from || !grant.is_sound() {
            return Err(Refusal::Malformed.into());
        }
        {
            let state = self.state();
            if state.grants.contains_key(&grant.id) {
                return Ok(());
            }
            state.may_pass_on(&grant, tasks::now())?;
        }
        self.commit(changing, Record::Grant(signed.clone())).await
    }

    /// Counts a copy that is read into, before its first byte leaves.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] where another one was counted meanwhile and none is left.
    pub(crate) async fn note_read_into(&self, basis: Option<&Basis>, copy: Option<Id128>) -> Result<(), TrustError> {
        let Some(Basis::Grant { id, .. }) = basis else { return Ok(()) };
        let is_limited = |state: &State| {
            state.grants.get(id).is_some_and(|grant| state.chain(grant).iter().any(|link| link.copies_max.is_some()))
        };
        if !is_limited(&self.state()) {
            return Ok(());
        }
        let changing = self.changing().await;
        {
            let state = self.state();
            let Some(grant) = state.grants.get(id) else { return Err(Refusal::Revoked.into()) };
            let mut chain = Chain { ground: Ground::Grant(*id), say: &mut |_| {} };
            state.copies_left(&mut chain, grant, copy.as_ref())?;
            let known = |copy| state.read_into.get(id).is_some_and(|read| read.contains(copy));
            if copy.as_ref().is_some_and(known) {
                return Ok(());
            }
        }
        // One that is not named is counted all the same.
        let copy = copy.unwrap_or_else(tasks::random_id);
        self.commit(changing, Record::ReadInto { grant: *id, copy }).await
    }
}

impl State {
    /// Whether what we lent may be lent on like this.
    fn may_pass_on(&self, grant: &Grant, now: Timestamp) -> Result<(), TrustError> {
        if let Some(what) = self.wider(grant) {
            return Err(TrustError::Wider(what));
        }
        let parent = grant.parent.and_then(|parent| self.grants.get(&parent)).ok_or(TrustError::NoGrant)?;
        let root = self.root(parent).filter(|root| root.issuer == self.us).ok_or(TrustError::NoGrant)?;
        self.peer(&grant.subject).ok_or(Refusal::NotPaired)?;
        let clause = self.active(&root.basis, now).and_then(|text| text.clause(&root.issuer, &root.subject));
        let onward = clause.is_some_and(|clause| clause.onward);
        if onward || grant.subject == root.subject { Ok(()) } else { Err(TrustError::Wider(Link::Onward.word())) }
    }
}

/// The grants of a chain as they were signed: each by whom it says, each the parent of the one before.
fn opened(from: &SiteId, chain: &[Signed<Grant>]) -> Result<Vec<Grant>, TrustError> {
    if !(2..=CHAIN_MAX).contains(&chain.len()) {
        return Err(Refusal::Malformed.into());
    }
    let open = |signed: &Signed<Grant>| {
        let by = signed.claimed_signer();
        signed.open(&by).ok().filter(|grant| grant.issuer == by && grant.is_sound())
    };
    let opened: Option<Vec<Grant>> = chain.iter().map(open).collect();
    let opened = opened.ok_or(Refusal::Malformed)?;
    let linked = opened.windows(2).all(|pair| match pair {
        [child, parent] => child.parent == Some(parent.id),
        _ => false,
    });
    let is_whole = opened.last().is_some_and(|root| root.parent.is_none());
    let is_theirs = opened.first().is_some_and(|leaf| leaf.issuer == *from);
    if linked && is_whole && is_theirs { Ok(opened) } else { Err(Refusal::Malformed.into()) }
}

fn are_narrower(opened: &[Grant]) -> Result<(), TrustError> {
    for pair in opened.windows(2) {
        let [child, parent] = pair else { continue };
        if let Some(what) = Narrow::ALL.into_iter().find(|what| !child.narrows(*what, parent)) {
            return Err(TrustError::Wider(Link::Narrow(what).word()));
        }
    }
    Ok(())
}
