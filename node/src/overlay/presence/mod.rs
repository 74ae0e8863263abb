//! Whether peers know a patient, asked and answered blindly (level L0; [`protocol::presence`]).
//!
//! A holder keeps, for each peer whose agreement lets it ask, a list of the patients of covered studies; a peer pulls it
//! beforehand, and understands of it what it asks for, one patient a question, as often as the bounds allow. Each question
//! is in the log of both sites before anything of the answer shows; the patient in neither.
//!
//! # At a crash
//! Keys and lists lie in memory alone: a node that starts again draws another key, and peers pull another list. The
//! questions of the day are counted anew.
//!
//! # Not here
//! Who may ask, and of which studies: `trust`. What the holder keeps: [`lists`]. Asking: [`asking`].

mod asking;
mod lists;

pub(crate) use asking::PresenceAnswer;

use super::{Inner, once::OncePerSite};
use crate::{
    audit::{Act, Actor, Event, Outcome},
    pace::Pace,
    tasks,
    trust::TrustError,
};
use asking::Kept;
use lists::{List, Lists};
use protocol::{
    Refusal, SiteId, Uid,
    ids::Id128,
    message::Answer,
    presence::{DAY_MAX, Element, Evaluated, MINUTE_MAX, PAGE_RECORDS, SetPage, pace::Asked},
};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long a question waits for a list that is being made; then it is told to come again.
const MAKING_WAIT: Duration = Duration::from_millis(1500);
/// Pages of a list that one peer pulls at once: the longest list is 32 of them.
const PAGES_BURST: u32 = 128;
/// One more in so long.
const PAGE_EACH: Duration = Duration::from_secs(2);
/// Whoever is counted: peers, and people here.
const COUNTED_MAX: usize = 4096;

/// See the module.
#[derive(Debug)]
pub(super) struct Presence {
    lists: Lists,
    kept: Kept,
    /// Questions by peer.
    asked: Counted<SiteId>,
    /// Questions by people here.
    people: Counted<String>,
    pages: Pace<SiteId>,
    /// Lists that are being pulled.
    pulls: OncePerSite,
}

impl Default for Presence {
    fn default() -> Self {
        Self {
            lists: Lists::default(),
            kept: Kept::default(),
            asked: Counted::default(),
            people: Counted::default(),
            pages: Pace::new(PAGES_BURST, PAGE_EACH),
            pulls: OncePerSite::default(),
        }
    }
}

impl Presence {
    /// A study came, changed or went.
    pub(super) fn study_changed(&self, study: &Uid) {
        self.lists.study_changed(study);
    }

    /// Anything may be other than it was.
    pub(super) fn begin_anew(&self) {
        self.lists.begin_anew();
    }

    /// What a peer may ask may be other than it was.
    pub(super) fn trust_changed(&self) {
        self.lists.touch();
    }

    /// The list of a peer that is kept here.
    #[cfg(test)]
    pub(super) fn name_of(&self, peer: &SiteId) -> Option<protocol::presence::SetName> {
        self.kept.name_of(peer)
    }

    /// Nothing is agreed with it any more that was.
    pub(super) fn forget(&self, peer: &SiteId) {
        self.lists.forget(peer);
        self.kept.forget(peer);
    }
}

/// Questions of the last day, by who asks. More askers than there can be are all refused until some have a day behind them.
#[derive(Debug)]
struct Counted<K>(Mutex<HashMap<K, Asked>>);

impl<K> Default for Counted<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone> Counted<K> {
    fn take(&self, who: &K, most: (u32, u32)) -> Result<(), Refusal> {
        let (mut counted, now) = (self.0.lock().unwrap_or_else(PoisonError::into_inner), tasks::now());
        if counted.len() >= COUNTED_MAX && !counted.contains_key(who) {
            counted.retain(|_, asked| !asked.is_over(now));
            if counted.len() >= COUNTED_MAX {
                return Err(Refusal::Busy(1000));
            }
        }
        let taken = counted.entry(who.clone()).or_default().take(now, most);
        taken.map_err(|wait| Refusal::Busy(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).max(1)))
    }
}

impl Inner {
    /// A peer asks whether we know a patient. Neither it nor anything here says whom.
    pub(super) async fn answer_presence(
        self: &Arc<Self>,
        from: SiteId,
        blinded: Element,
    ) -> Result<Answer, TrustError> {
        let theirs = Actor { site: Some(from), ..Actor::default() };
        let event = Event::new(Act::PresenceAsked, theirs).peer(from);
        if let Err(refusal) = self.presence.asked.take(&from, (MINUTE_MAX, DAY_MAX)) {
            self.alerts.security("more questions for patients than are agreed", from, None).await;
            return Err(refusal.into());
        }
        let basis = match self.trust.authorize_presence(&from) {
            Ok(basis) => basis,
            Err(refusal) => {
                self.record(event.outcome(Outcome::Refused(refusal))).await;
                return Err(refusal.into());
            }
        };
        let list = self.list_for(from).await?;
        let (element, proof) = list.key.evaluate(&blinded, &rand::random())?;
        self.audit.record(event.basis(basis)).await.map_err(|why| {
            tracing::error!(%why, "no evidence, no answer");
            Refusal::Internal
        })?;
        let evaluated = Evaluated { set: list.set, element, proof, as_of: list.as_of, recent: list.recent.clone() };
        Ok(Answer::Presence(Box::new(evaluated)))
    }

    /// A peer pulls its list, page by page.
    pub(super) async fn presence_page(
        self: &Arc<Self>,
        from: SiteId,
        set: Option<Id128>,
        page: u32,
    ) -> Result<Answer, TrustError> {
        if self.presence.pages.take(&from, Instant::now()).is_err() {
            return Err(Refusal::Busy(2000).into());
        }
        self.trust.authorize_presence(&from)?;
        let list = self.list_for(from).await?;
        if set.is_some_and(|set| set != list.set.id) {
            return Err(Refusal::NotHeld.into());
        }
        let records = list.records.page(page, PAGE_RECORDS).ok_or(Refusal::Malformed)?;
        let pages = u32::try_from(list.records.len().div_ceil(PAGE_RECORDS)).unwrap_or(u32::MAX);
        Ok(Answer::PresenceSet(Box::new(SetPage { set: list.set, pages, records })))
    }

    /// The list of a peer, of now or of seconds ago; who asks first waits a while for it.
    async fn list_for(self: &Arc<Self>, peer: SiteId) -> Result<Arc<List>, Refusal> {
        if let Some(list) = self.presence.lists.fresh(&peer) {
            return Ok(list);
        }
        let inner = self.clone();
        let making = self.tasks.spawn("presence list", async move { inner.make_list(peer).await });
        match tokio::time::timeout(MAKING_WAIT, making).await {
            Ok(Ok(made)) => made,
            Ok(Err(_)) => Err(Refusal::Busy(1000)),
            // It goes on being made.
            Err(_) => Err(Refusal::Busy(2000)),
        }
    }
}
