//! Cases between the sites that take part: each gives the others what they lack.
//!
//! After every event, and of all cases at every greeting. Of what a peer has said that it has, what follows is sent at once;
//! otherwise heads are compared first. What is not answered is sent again, and cases that a peer does not take are left
//! until the next greeting, which compares all.
//!
//! # At a crash
//! Events are in the journal of cases; what peers have is asked at the next greeting.
//!
//! # Not here
//! Which events may come: `cases`.

use super::{Inner, OverlayEvent, converse::is_lost, once::OncePerSite};
use crate::{
    cases::{HEADS_PAGE_MAX, Heads, News, Team},
    trust::TrustError,
};
use protocol::{
    Digest, Refusal, SiteId,
    case::event::Event,
    ids::Id128,
    message::{Answer, Request},
    signed::Signed,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// What of each peer is known, by case. Bounded by the peers and the cases shared with them.
#[derive(Debug, Default)]
pub(super) struct Told {
    saying: OncePerSite,
    peers: Mutex<HashMap<SiteId, OfPeer>>,
}

#[derive(Debug, Default)]
struct OfPeer {
    /// To be told of these.
    untold: BTreeSet<Id128>,
    /// It has these, and all that they follow.
    has: BTreeMap<Id128, Vec<Digest>>,
}

impl Told {
    fn all(&self) -> MutexGuard<'_, HashMap<SiteId, OfPeer>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self, peer: SiteId, cases: impl IntoIterator<Item = Id128>) {
        self.all().entry(peer).or_default().untold.extend(cases);
    }

    /// Of all cases it is asked anew.
    fn forget(&self, peer: &SiteId) {
        self.all().remove(peer);
    }

    /// The next to be told, with what the peer has of each as far as is known.
    fn next(&self, peer: &SiteId) -> Vec<(Id128, Option<Vec<Digest>>)> {
        let mut all = self.all();
        let Some(of) = all.get_mut(peer) else { return Vec::new() };
        let next: Vec<Id128> = of.untold.iter().take(HEADS_PAGE_MAX).copied().collect();
        next.into_iter()
            .map(|case| {
                let _ = of.untold.remove(&case);
                (case, of.has.get(&case).cloned())
            })
            .collect()
    }

    fn has(&self, peer: SiteId, case: Id128, heads: Vec<Digest>) {
        let _ = self.all().entry(peer).or_default().has.insert(case, heads);
    }

    fn lacks(&self, peer: &SiteId, case: &Id128) {
        if let Some(of) = self.all().get_mut(peer) {
            let _ = of.has.remove(case);
        }
    }
}

impl Inner {
    /// Hears what happens in cases here.
    pub(super) async fn watch_cases(self: Arc<Self>, mut news: Receiver<News>) {
        let mut teams: Option<Arc<Vec<Team>>> = None;
        loop {
            let news = tokio::select! {
                news = news.recv() => news,
                () = self.tasks.stopping() => return,
            };
            match news {
                Ok(News::Case { case, events, from }) => self.case_changed(case, &events, from),
                Ok(News::Settings) => {
                    let now = self.cases.teams();
                    // Most that is set is no news to peers.
                    if teams.as_ref().is_none_or(|told| !Arc::ptr_eq(told, &now)) {
                        teams = Some(now);
                        self.trusted().for_each(|peer| self.tell_teams(peer));
                    }
                }
                Ok(News::Heard { .. }) => {}
                Err(RecvError::Lagged(_)) => self.trusted().for_each(|peer| {
                    self.tell_all_cases(peer);
                    self.tell_teams(peer);
                }),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn case_changed(self: &Arc<Self>, case: Id128, events: &[Digest], from: Option<SiteId>) {
        let Some(whole) = self.cases.case(&case) else { return };
        for party in whole.state.parties.iter().filter(|party| **party != self.identity.site()) {
            // Whoever brought the last events has all that they follow.
            if from == Some(*party) && whole.case.heads().iter().all(|head| events.contains(head)) {
                self.cases_told.has(*party, case, whole.case.heads().iter().copied().collect());
            } else if self.trust.peer(party).is_some() {
                self.cases_told.changed(*party, [case]);
                self.tell_cases(*party);
            }
        }
    }

    /// At a greeting: the peer may have been restored, or an island.
    pub(super) fn tell_all_cases(self: &Arc<Self>, peer: SiteId) {
        self.cases_told.forget(&peer);
        self.cases_told.changed(peer, self.cases.shared_with(&peer));
        self.tell_cases(peer);
    }

    fn tell_cases(self: &Arc<Self>, peer: SiteId) {
        if self.contacts.is_connected(&peer) {
            let say = move |inner: Arc<Self>| async move { inner.say_cases(peer).await };
            self.once("cases", |inner| &inner.cases_told.saying, peer, say);
        }
    }

    /// Whether the peer has all that it can have.
    async fn say_cases(&self, peer: SiteId) -> bool {
        loop {
            let next = self.cases_told.next(&peer);
            if next.is_empty() {
                return true;
            }
            let cases: Vec<Id128> = next.iter().map(|(case, _)| *case).collect();
            match self.say_these(peer, next).await {
                Some(true) => {}
                // It does not know cases.
                Some(false) => return true,
                None => {
                    self.cases_told.changed(peer, cases);
                    return false;
                }
            }
        }
    }

    /// `None`: to be said again.
    async fn say_these(&self, peer: SiteId, next: Vec<(Id128, Option<Vec<Digest>>)>) -> Option<bool> {
        let ours: BTreeMap<Id128, Vec<Digest>> =
            next.iter().filter_map(|(case, _)| Some((*case, self.cases.heads(case, &peer)?))).collect();
        let (mut lacking, mut unknown): (Heads, Heads) = (Vec::new(), Vec::new());
        for (case, has) in next {
            match (has, ours.get(&case)) {
                (Some(has), Some(_)) => lacking.push((case, has)),
                (None, Some(heads)) => unknown.push((case, heads.clone())),
                (_, None) => {}
            }
        }
        if !unknown.is_empty() {
            let asked: BTreeSet<Id128> = unknown.iter().map(|(case, _)| *case).collect();
            let theirs = match self.ask(peer, &Request::CaseHeads(unknown)).await {
                Some(Answer::CaseHeads(theirs)) => theirs,
                answer if is_lost(answer.as_ref()) => return None,
                _ => return Some(false),
            };
            let mut complete = asked.clone();
            for (case, heads) in theirs.into_iter().filter(|(case, _)| asked.contains(case)) {
                let _ = complete.remove(&case);
                lacking.push((case, heads));
            }
            complete.iter().filter_map(|case| Some((case, ours.get(case)?))).for_each(|(case, heads)| {
                self.cases_told.has(peer, *case, heads.clone());
            });
        }
        self.send_events(peer, &lacking, &ours).await
    }

    async fn send_events(&self, peer: SiteId, lacking: &Heads, ours: &BTreeMap<Id128, Vec<Digest>>) -> Option<bool> {
        let mut refused: BTreeMap<Id128, Refusal> = BTreeMap::new();
        for page in self.cases.pages(&peer, lacking) {
            match self.ask(peer, &Request::CaseEvents(page)).await {
                Some(Answer::CasesHeard(not)) => refused.extend(not),
                answer if is_lost(answer.as_ref()) => return None,
                _ => return Some(false),
            }
        }
        for (case, _) in lacking {
            match (refused.get(case), ours.get(case)) {
                (None, Some(heads)) => self.cases_told.has(peer, *case, heads.clone()),
                // It does not have what we thought: heads are compared.
                (Some(Refusal::NotHeld), _) => {
                    let was_known = self.cases_told.all().get(&peer).is_some_and(|of| of.has.contains_key(case));
                    self.cases_told.lacks(&peer, case);
                    if was_known {
                        self.cases_told.changed(peer, [*case]);
                    }
                }
                (Some(why), _) => {
                    tracing::warn!(peer = %peer.short(), case = %case, %why, "a case is not taken there");
                    self.tell(OverlayEvent::CaseRefused { peer, case: *case });
                }
                (None, None) => {}
            }
        }
        Some(true)
    }

    /// A peer says where its cases stand, or brings events.
    pub(super) async fn told_of_cases(self: &Arc<Self>, from: SiteId, request: Request) -> Result<Answer, TrustError> {
        match request {
            Request::CaseHeads(told) => self.answer_case_heads(from, &told),
            Request::CaseEvents(page) => self.hear_cases(from, page).await,
            _ => Err(Refusal::Malformed.into()),
        }
    }

    /// A peer says where its cases stand.
    fn answer_case_heads(self: &Arc<Self>, from: SiteId, told: &Heads) -> Result<Answer, TrustError> {
        if told.len() > HEADS_PAGE_MAX {
            return Err(Refusal::Malformed.into());
        }
        for (case, heads) in told {
            // It lacks something: it is told, by who is asked.
            if self.cases.is_ahead_of(&from, case, heads) {
                self.cases_told.lacks(&from, case);
                self.cases_told.changed(from, [*case]);
            }
        }
        self.tell_cases(from);
        Ok(Answer::CaseHeads(self.cases.lacking_here(&from, told)))
    }

    /// A peer brings events.
    async fn hear_cases(&self, from: SiteId, page: Vec<Signed<Event>>) -> Result<Answer, TrustError> {
        let heard = match self.cases.hear(from, page).await {
            Ok(heard) => heard,
            Err(error) => {
                tracing::error!(%error, "events of a case could not be kept");
                return Ok(Answer::Refused(Refusal::Internal));
            }
        };
        if let Some(what) = heard.alarming {
            self.alerts.security(what, from, None).await;
        }
        if heard.is_nothing() {
            return Ok(Answer::Refused(Refusal::Malformed));
        }
        Ok(Answer::CasesHeard(heard.refused))
    }
}
