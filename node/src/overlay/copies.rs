//! Copies of studies at other sites: receipts for those that we erased, said until their holder has them; and of ours, who
//! holds which, and which should be gone by now.
//!
//! A copy of ours is to be gone when the sites parted, when all that it was served by is over, when its site is no longer
//! told of the study, or when its time is up. Its site says so by itself; one that does not is asked at each greeting and
//! each look, and named when it does not answer within [`PATIENCE`].
//!
//! # At a crash
//! A receipt stays beside the keys until its holder has it (see `archive::cache`), and is recorded there before that is
//! said. Since when a copy should be gone is of the process: its site has a little more time then.
//!
//! # Not here
//! What was delivered, less what was erased: `trust`. Erasing: [`super::catalog`].

use super::{Inner, Overlay, converse::is_lost};
use crate::{
    audit::{Act, Actor, Event},
    tasks,
    trust::{CopyRow, TrustError},
};
use protocol::{
    SiteId, Timestamp, Uid,
    copies::{COPIES_MAX, CopyErased, Why},
    ids::Id128,
    message::{Answer, Request},
    signed::Signed,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long a site may take to say that a copy is gone, where the node does not look at itself more often.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same in looks: of nodes that look at themselves often.
const LOOKS_PATIENT: u64 = 5;

/// Where a copy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CopyState {
    /// It should be gone, and its site has not said that it is.
    Overdue,
    /// It should be gone since a moment.
    Ending,
    /// It may be there.
    Held,
    /// The sites parted before the receipt came: nobody will say.
    Unconfirmed,
    /// Erased, with its site's receipt.
    Erased,
}

impl CopyState {
    /// The word of the interface.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Ending => "ending",
            Self::Held => "held",
            Self::Unconfirmed => "unconfirmed",
            Self::Erased => "erased",
        }
    }
}

/// A copy of a study of ours at another site.
#[derive(Clone, Debug)]
pub(crate) struct CopyThere {
    pub(crate) row: CopyRow,
    pub(crate) state: CopyState,
}

/// Since when copies should be gone, as far as was looked.
#[derive(Debug, Default)]
pub(super) struct Due(Mutex<HashMap<(SiteId, Id128), Timestamp>>);

impl Due {
    fn since(&self, row: &CopyRow, now: Timestamp) -> Timestamp {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *since.entry((row.peer, row.copy)).or_insert(now)
    }

    fn keep(&self, standing: &HashSet<(SiteId, Id128)>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| standing.contains(key));
    }
}

impl Inner {
    /// Says receipts whenever there are any.
    pub(super) async fn watch_receipts(self: Arc<Self>) {
        let mut news = self.cache.receipts();
        loop {
            self.cache.creditors().into_iter().for_each(|site| self.pay(site));
            tokio::select! {
                () = self.tasks.stopping() => return,
                changed = news.changed() => if changed.is_err() { return },
            }
        }
    }

    pub(super) fn pay(self: &Arc<Self>, site: SiteId) {
        if self.trust.peer(&site).is_some() && self.contacts.is_connected(&site) {
            self.once("receipts", |inner| &inner.receipts, site, move |inner| async move { inner.pay_all(site).await });
        }
    }

    /// Whether the holder has all of its receipts, or will not take them.
    pub(super) async fn pay_all(&self, site: SiteId) -> bool {
        loop {
            let owed = self.cache.owed(&site, COPIES_MAX);
            if owed.is_empty() {
                return true;
            }
            let receipts = owed.iter().map(|erased| self.identity.seal(erased)).collect();
            match self.ask(site, &Request::CopiesErased(receipts)).await {
                Some(Answer::Done) => {}
                answer if is_lost(answer.as_ref()) => return false,
                answer => {
                    tracing::warn!(peer = %site.short(), ?answer, "receipts for erased copies are not taken there");
                    return true;
                }
            }
            let (cache, copies) = (self.cache.clone(), owed.iter().map(|erased| erased.copy).collect::<Vec<_>>());
            let paid = self.tasks.spawn_blocking("receipts", move || cache.paid(&site, &copies)).await;
            if let Ok(Err(why)) = paid {
                tracing::warn!(%why, "receipts are said again later");
                return true;
            }
        }
    }

    /// Receipts for a site that we part from, signed: as many as one message holds.
    pub(super) fn last_receipts(&self, site: &SiteId) -> Vec<Signed<CopyErased>> {
        self.cache.owed(site, COPIES_MAX).iter().map(|erased| self.identity.seal(erased)).collect()
    }

    /// Destroys the keys of all copies of a site's studies: the two part.
    pub(super) async fn erase_of(&self, site: SiteId) {
        let cache = self.cache.clone();
        let erased = self.tasks.spawn_blocking("erase", move || cache.end_holder(&site, Why::Parted)).await;
        match erased {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(studies)) => {
                let event = Event::new(Act::CacheErased, Actor::default()).peer(site).amount(studies, 0);
                self.record(event.note("studies whose copies were erased")).await;
            }
            Ok(Err(why)) => tracing::error!(%why, "erase"),
        }
    }

    /// A site says that copies are gone.
    pub(super) async fn copies_erased(
        &self,
        from: SiteId,
        receipts: Vec<Signed<CopyErased>>,
    ) -> Result<(), TrustError> {
        let news = self.trust.note_copies_erased(&from, receipts).await?;
        let written = news.into_iter().map(|erased| {
            let theirs = Actor { site: Some(from), ..Actor::default() };
            let mut event = Event::new(Act::CopyErased, theirs)
                .peer(from)
                .study(&erased.study)
                .amount(erased.instances, erased.bytes)
                .note(erased.why.word());
            event.basis = erased.bases.first().copied();
            self.record(event)
        });
        futures::future::join_all(written).await;
        Ok(())
    }

    /// Whether copies that a holder asks after are here; what is not gets its receipt.
    pub(super) async fn answer_copies(self: &Arc<Self>, holder: SiteId, asked: &[(Uid, Id128)]) -> Answer {
        // What is over is not said to be there because nobody has swept yet.
        let event = Event::new(Act::CacheErased, Actor::default()).peer(holder);
        self.erase(event, |inner| inner.cache.expire(tasks::now())).await;
        let here: HashMap<Id128, _> = self.cache.held(&holder).into_iter().map(|held| (held.copy, held)).collect();
        let owed: HashMap<Id128, _> =
            self.cache.owed(&holder, usize::MAX).into_iter().map(|erased| (erased.copy, erased)).collect();
        let (mut held, mut erased) = (Vec::new(), Vec::new());
        for (study, copy) in asked.iter().take(COPIES_MAX) {
            match here.get(copy).filter(|held| held.study == *study) {
                Some(is_here) => held.push(is_here.clone()),
                None => {
                    let now = tasks::now();
                    let receipt = owed.get(copy).cloned().unwrap_or_else(|| CopyErased {
                        copy: *copy,
                        study: study.clone(),
                        version: 0,
                        bases: Vec::new(),
                        instances: 0,
                        bytes: 0,
                        leased: now,
                        at: now,
                        why: Why::Unknown,
                    });
                    erased.push(self.identity.seal(&receipt));
                }
            }
        }
        Answer::Copies { held, erased }
    }

    /// A page of the copies that we have of a holder's studies.
    pub(super) fn held_copies(&self, holder: &SiteId, after: Option<&(Uid, Id128)>) -> Answer {
        let held = self.cache.held(holder).into_iter();
        let behind = held.filter(|held| after.is_none_or(|(study, copy)| (&held.study, &held.copy) > (study, copy)));
        Answer::Copies { held: behind.take(COPIES_MAX).collect(), erased: Vec::new() }
    }

    /// After a restore: which copies of ours does a peer have? Whether that is over.
    pub(super) async fn relearn_copies(&self, peer: SiteId) -> bool {
        let mut after: Option<(Uid, Id128)> = None;
        loop {
            let held = match self.ask(peer, &Request::CopiesHeld { after: after.clone() }).await {
                Some(Answer::Copies { held, .. }) => held,
                answer if is_lost(answer.as_ref()) => return false,
                // Of a version that keeps no account of copies.
                _ => return true,
            };
            let last = held.last().map(|held| (held.study.clone(), held.copy));
            for one in held {
                if let Err(why) = self.trust.note_copy_held(&peer, one).await {
                    tracing::error!(%why, "a copy that a peer has could not be recorded; it is asked again");
                    return false;
                }
            }
            match last {
                Some(last) if after.as_ref().is_none_or(|after| last > *after) => after = Some(last),
                _ => return true,
            }
        }
    }

    /// Asks a peer after copies that should be gone.
    pub(super) fn ask_after_copies(self: &Arc<Self>, peer: SiteId) {
        if self.contacts.is_connected(&peer) {
            let ask = move |inner: Arc<Self>| async move { inner.ask_after(peer).await };
            self.once("copies", |inner| &inner.copies_asked, peer, ask);
        }
    }

    async fn ask_after(self: &Arc<Self>, peer: SiteId) -> bool {
        let inner = self.clone();
        let look = move || inner.stand(inner.trust.copies_at(&peer, false));
        let Ok(there) = self.tasks.spawn_blocking("copies", look).await else { return true };
        let is_due = |there: &CopyThere| matches!(there.state, CopyState::Overdue | CopyState::Ending);
        let due: Vec<CopyRow> = there.into_iter().filter(is_due).map(|there| there.row).collect();
        for rows in due.chunks(COPIES_MAX) {
            let asked = rows.iter().map(|row| (row.study.clone(), row.copy)).collect();
            let (held, erased) = match self.ask(peer, &Request::CopiesAsked(asked)).await {
                Some(Answer::Copies { held, erased }) => (held, erased),
                answer => return !is_lost(answer.as_ref()),
            };
            if let Err(why) = self.copies_erased(peer, erased).await {
                tracing::warn!(peer = %peer.short(), %why, "receipts that were asked for are not taken");
                return true;
            }
            for one in held {
                // Opened again over there while it was here, or while we were away: it stays longer than we knew.
                let is_longer = rows.iter().any(|row| row.copy == one.copy && one.until > row.until);
                if is_longer && let Err(why) = self.trust.note_copy_held(&peer, one).await {
                    tracing::warn!(%why, "how long a copy stays could not be recorded");
                }
            }
        }
        true
    }

    /// Where copies stand now (blocking: looks at the index).
    fn stand(&self, rows: Vec<CopyRow>) -> Vec<CopyThere> {
        let now = tasks::now();
        let looks = Duration::from_millis(self.config.alarms.look_every_ms.saturating_mul(LOOKS_PATIENT));
        let patience = PATIENCE.min(looks);
        let state = |row: &CopyRow| {
            if row.erased.is_some() {
                return CopyState::Erased;
            }
            if self.trust.peer(&row.peer).is_none() {
                return CopyState::Unconfirmed;
            }
            if !self.is_due(row, now) {
                return CopyState::Held;
            }
            let waits = now.since(self.due.since(row, now)) < patience;
            if waits { CopyState::Ending } else { CopyState::Overdue }
        };
        rows.into_iter().map(|row| CopyThere { state: state(&row), row }).collect()
    }

    fn is_due(&self, row: &CopyRow, now: Timestamp) -> bool {
        row.until <= now
            || !row.bases.iter().any(|basis| self.trust.still_lent(&row.peer, basis))
            || !self.is_told(&row.peer, &row.study)
    }

    fn is_told(&self, peer: &SiteId, study: &Uid) -> bool {
        let row = match self.archive.study(study) {
            Ok(Some(row)) => row,
            Ok(None) => match self.sources.nearline_study(study, true) {
                Some(nearline) => nearline.row,
                None => return false,
            },
            // What cannot be looked up is not held against anybody.
            Err(_) => return true,
        };
        match self.archive.facts(&row) {
            Ok(facts) => self.trust.may_tell(peer, &facts).is_some(),
            Err(_) => true,
        }
    }
}

impl Overlay {
    async fn stand(&self, rows: Vec<CopyRow>) -> Vec<CopyThere> {
        let inner = self.inner.clone();
        let standing = self.inner.tasks.spawn_blocking("copies", move || inner.stand(rows));
        let mut there = standing.await.unwrap_or_default();
        there.sort_by_key(|there| (there.state, std::cmp::Reverse(there.row.since)));
        there
    }

    /// Copies of a study of ours at other sites: what is overdue first, what is erased last.
    pub(crate) async fn copies_of(&self, study: &Uid) -> Vec<CopyThere> {
        self.stand(self.inner.trust.copies_of(study)).await
    }

    /// Copies of our studies at a site.
    pub(crate) async fn copies_at(&self, site: &SiteId, with_erased: bool) -> Vec<CopyThere> {
        self.stand(self.inner.trust.copies_at(site, with_erased)).await
    }

    /// How many copies are overdue, by the site that does not say that they are gone; those that are met are asked again
    /// (blocking).
    pub(crate) fn overdue_copies(&self) -> BTreeMap<SiteId, u64> {
        let (mut overdue, mut standing) = (BTreeMap::new(), HashSet::new());
        for peer in self.inner.trusted() {
            let mut is_asked = false;
            for there in self.inner.stand(self.inner.trust.copies_at(&peer, false)) {
                is_asked |= there.state != CopyState::Held;
                if there.state == CopyState::Overdue {
                    *overdue.entry(peer).or_default() += 1;
                }
                if there.state != CopyState::Held {
                    standing.insert((peer, there.row.copy));
                }
            }
            if is_asked {
                self.inner.ask_after_copies(peer);
            }
        }
        self.inner.due.keep(&standing);
        overdue
    }

    /// Tells sites whose studies somebody had open that this person reads no more. Best effort: what ran for them has
    /// ended here already.
    pub(crate) fn tell_reader_gone(&self, person: &str, holders: impl IntoIterator<Item = SiteId>) {
        for holder in holders {
            let (inner, person) = (self.inner.clone(), person.to_owned());
            self.inner.tasks.spawn("reader gone", async move {
                let _ = inner.ask(holder, &Request::ReaderGone { person }).await;
            });
        }
    }
}
