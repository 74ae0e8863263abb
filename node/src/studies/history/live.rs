//! Peers asked now which studies of one patient they have: the one way in which it is done, for the history and for searches
//! of the doors that name a patient by an identifier with its issuer.
//!
//! A search takes the answers to its own question and to no other: what one person was told is not listed for the next. It ends
//! within two seconds; who did not answer until then is named, and written down. Pages behind the first go on in what the first
//! was told, so that they neither overlap nor ask again. Whoever drops the search ends the questions.
//!
//! # At a crash
//! Nothing is kept.
//!
//! # Not here
//! The question between sites: `overlay`. Whether a study is of the patient: [`super::same`].

use super::{LINE_MAX, PEERS_MAX, ROWS_MAX, Studies};
use crate::{
    archive::{StudyQuery, StudyRow},
    audit::{Act, Event},
    overlay::{HistoryAnswer, RemoteStudy},
    pace::Pace,
    studies::{FoundStudy, Shared, StudyError},
    tasks,
    trust::{Action, Person},
};
use futures::{StreamExt, stream::FuturesUnordered};
use lru::LruCache;
use protocol::{
    Refusal, SiteId, Uid, agreement::Purpose, catalog::Basis, history::HistoryAsked, identity::Identifier,
    limits::is_hidden,
};
use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A search waits for peers so long; what is known here comes with it.
const WAIT: Duration = Duration::from_millis(1_900);
/// Searches of one person that ask at once: the patients of a workstation's list …
const BURST: u32 = 100;
/// … and one more in so long. What peers hear of this site is not used up by a program that asks on and on.
const EACH: Duration = Duration::from_secs(1);
/// Searches whose further pages are expected.
const PAGED_MAX: NonZeroUsize = NonZeroUsize::new(32).unwrap();
/// Nobody turns a page later.
const PAGED: Duration = Duration::from_secs(600);

/// How one peer answered.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) site: SiteId,
    pub(super) name: String,
    pub(super) answer: HistoryAnswer,
    pub(super) began: Instant,
}

/// A peer that did not tell all that it may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Silent {
    pub(crate) name: String,
    /// `away`, `refused`, `unknown` (it does not know the question) or `more` (than one answer holds).
    pub(crate) why: &'static str,
}

/// What peers answered to one search.
#[derive(Debug, Default)]
pub(crate) struct Live {
    identifier: Option<Identifier>,
    studies: HashMap<(SiteId, Uid), RemoteStudy>,
    silent: Vec<Silent>,
    /// Whoever searches asked too often: no peer was asked.
    is_too_often: bool,
}

impl Live {
    /// Who did not answer, by name.
    pub(crate) fn silent(&self) -> &[Silent] {
        &self.silent
    }

    pub(crate) const fn is_too_often(&self) -> bool {
        self.is_too_often
    }

    /// Whose a study is whose card does not say it, as its holder answered of this very card.
    pub(in super::super) fn name(&self, remote: &RemoteStudy, row: &mut StudyRow) {
        // Most lists are asked of nobody.
        if self.studies.is_empty() || row.patient.id.is_some() {
            return;
        }
        let answered = self.studies.get(&(remote.holder, remote.card.study.clone()));
        let is_it = answered.is_some_and(|answered| answered.card.version == remote.card.version);
        if let Some(identifier) = self.identifier.as_ref().filter(|_| is_it) {
            row.patient.id = Some(identifier.id.clone());
            row.patient.issuer = Some(identifier.issuer.clone());
        }
    }

    /// The answers that are not among these.
    pub(in super::super) fn beside(&self, listed: &[RemoteStudy]) -> Vec<RemoteStudy> {
        if self.studies.is_empty() {
            return Vec::new();
        }
        let mut rest: HashMap<(&SiteId, &Uid), &RemoteStudy> =
            self.studies.values().map(|remote| ((&remote.holder, &remote.card.study), remote)).collect();
        for remote in listed {
            rest.remove(&(&remote.holder, &remote.card.study));
        }
        rest.into_values().cloned().collect()
    }
}

/// By who searches and for whom: when, and what came.
type Paged = LruCache<(String, Identifier), (Instant, Arc<Live>)>;

/// Answers of searches that are paged through, by who searches for whom; and how often each may ask.
#[derive(Debug)]
pub(in super::super) struct Searches {
    paged: Mutex<Paged>,
    pace: Pace<String>,
}

impl Default for Searches {
    fn default() -> Self {
        Self { paged: Mutex::new(LruCache::new(PAGED_MAX)), pace: Pace::new(BURST, EACH) }
    }
}

impl Searches {
    fn page(&self, key: &(String, Identifier)) -> Option<Arc<Live>> {
        let mut paged = self.paged.lock().unwrap_or_else(PoisonError::into_inner);
        paged.get(key).filter(|(at, _)| at.elapsed() < PAGED).map(|(_, live)| live.clone())
    }

    fn keep(&self, key: (String, Identifier), live: &Arc<Live>) {
        let mut paged = self.paged.lock().unwrap_or_else(PoisonError::into_inner);
        paged.put(key, (Instant::now(), live.clone()));
    }
}

/// The one patient that a search names by an identifier with its issuer; `None`: it names nobody, or more than one.
fn named(query: &StudyQuery) -> Option<Identifier> {
    let exact = |text: &Option<String>| {
        let text = text.as_deref()?.trim();
        let is_long = text.chars().count() > LINE_MAX || text.chars().any(is_hidden);
        (!text.is_empty() && !is_long && !text.contains(['*', '?', '\\'])).then(|| text.to_owned())
    };
    Some(Identifier { issuer: exact(&query.issuer)?, id: exact(&query.patient_id)? })
}

impl Shared {
    /// Keeps that a holder answered with a study of this identifier, unless its card says that it is somebody else's.
    pub(super) fn vouch(&self, remote: &RemoteStudy, identifier: &Identifier) -> bool {
        let said = self.whose_told(remote, &self.site_name_of(&remote.holder)).identifiers;
        let is_it = said.is_empty() || said.contains(identifier);
        if is_it {
            let card = &remote.card;
            self.history.vouched.note(remote.holder, &card.study, card.version, identifier.clone());
        }
        is_it
    }
}

impl Studies {
    /// Peers, with their names.
    pub(super) fn peers(&self) -> Vec<(SiteId, String)> {
        let trust = &self.shared.trust;
        let peers = trust.peers().into_iter().filter(|peer| trust.peer(&peer.site).is_some());
        peers.map(|peer| (peer.site, peer.name)).take(PEERS_MAX).collect()
    }

    /// Asks peers side by side.
    pub(super) fn ask<'a>(
        &'a self,
        person: &'a Person,
        peers: Vec<(SiteId, String)>,
        patient: &'a [Identifier],
    ) -> FuturesUnordered<impl Future<Output = Asked> + 'a> {
        let ask = |(site, name): (SiteId, String)| async move {
            let began = Instant::now();
            let answer = self.ask_one(person, site, patient.to_vec()).await;
            Asked { site, name, answer, began }
        };
        peers.into_iter().map(ask).collect()
    }

    async fn ask_one(&self, person: &Person, site: SiteId, patient: Vec<Identifier>) -> HistoryAnswer {
        let shared = &self.shared;
        let basis = match shared.trust.may_ask(&site, &shared.trust.us()) {
            Ok(agreement) => Basis::Agreement(agreement),
            Err(refusal) => return HistoryAnswer::Refused(refusal),
        };
        let purpose = shared.trust.purposes(&basis).first().copied().unwrap_or(Purpose::Care);
        let (id, role) = (tasks::random_id(), person.role.word().to_owned());
        let asked = HistoryAsked { id, patient, person: person.name.clone(), role, purpose };
        match shared.overlay.ask_history(site, &asked, person.actor()).await {
            Ok(answer) => answer,
            Err(why) => {
                tracing::error!(%why, "no evidence, no question");
                HistoryAnswer::Refused(Refusal::Internal)
            }
        }
    }

    /// As [`Studies::find`]; where the query names one patient by an identifier with its issuer and the role reads studies, with
    /// what peers answer now.
    ///
    /// # Errors
    /// As [`Studies::find`].
    pub(crate) async fn find_live(
        &self,
        person: &Person,
        query: &StudyQuery,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<FoundStudy>, Arc<Live>), StudyError> {
        let live = match named(query).filter(|_| person.allows(Action::ReadStudies)) {
            Some(identifier) => self.live(person, identifier, offset > 0).await?,
            None => Arc::default(),
        };
        Ok((self.find_among(person, query.clone(), live.clone(), (offset, limit)).await?, live))
    }

    async fn live(&self, person: &Person, identifier: Identifier, is_further: bool) -> Result<Arc<Live>, StudyError> {
        let searches = &self.shared.history.searches;
        let key = (person.name.clone(), identifier.clone());
        if let Some(live) = is_further.then(|| searches.page(&key)).flatten() {
            return Ok(live);
        }
        let us = self.shared.trust.us();
        let mut peers = self.peers();
        peers.retain(|(site, _)| self.shared.trust.may_ask(site, &us).is_ok());
        if peers.is_empty() {
            return Ok(Arc::default());
        }
        if searches.pace.take(&person.name, Instant::now()).is_err() {
            return Ok(Arc::new(Live { is_too_often: true, ..Live::default() }));
        }
        let live = Arc::new(self.answers(person, identifier, peers).await);
        if !live.silent.is_empty() {
            let names: Vec<&str> = live.silent.iter().map(|one| one.name.as_str()).collect();
            let names = names.join(", ");
            tracing::info!(%names, "peers that a search asked did not answer");
            let event = Event::new(Act::StudiesQueried, person.actor());
            let event = event.note(format!("peers that did not answer: {names}"));
            self.shared.audit.record(event).await.map_err(StudyError::internal)?;
        }
        searches.keep(key, &live);
        Ok(live)
    }

    async fn answers(&self, person: &Person, identifier: Identifier, peers: Vec<(SiteId, String)>) -> Live {
        let mut waiting: HashMap<SiteId, String> = peers.iter().cloned().collect();
        let (patient, mut studies, mut silent) = ([identifier.clone()], HashMap::new(), Vec::new());
        let mut answers = self.ask(person, peers, &patient);
        let ends = tokio::time::Instant::now() + WAIT;
        while let Ok(Some(Asked { site, name, answer, .. })) = tokio::time::timeout_at(ends, answers.next()).await {
            waiting.remove(&site);
            let why = match answer {
                HistoryAnswer::Told(told, more) => {
                    let told = told.into_iter().map(|(_, remote)| remote);
                    for remote in told.filter(|remote| self.shared.vouch(remote, &identifier)) {
                        if studies.len() < ROWS_MAX {
                            studies.insert((remote.holder, remote.card.study.clone()), remote);
                        }
                    }
                    if !more {
                        continue;
                    }
                    "more"
                }
                HistoryAnswer::Refused(_) => "refused",
                HistoryAnswer::Away => "away",
                HistoryAnswer::Unknown => "unknown",
            };
            silent.push(Silent { name, why });
        }
        silent.extend(waiting.into_values().map(|name| Silent { name, why: "away" }));
        silent.sort_by(|one, other| one.name.cmp(&other.name));
        Live { identifier: Some(identifier), studies, silent, is_too_often: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_is_named_by_one_identifier_with_its_issuer_and_by_nothing_less() {
        let query = |id: &str, issuer: &str| {
            let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            StudyQuery { patient_id: text(id), issuer: text(issuer), ..StudyQuery::default() }
        };
        let found = named(&query(" 42 ", "CH Nord")).unwrap();
        assert_eq!((found.id.as_str(), found.issuer.as_str()), ("42", "CH Nord"));
        for (id, issuer) in [("42", ""), ("", "CH Nord"), ("4*", "CH Nord"), ("42", "*"), ("4?", "CH Nord")] {
            assert_eq!(named(&query(id, issuer)), None, "{id:?} {issuer:?}");
        }
        assert_eq!(named(&query("42\\43", "CH Nord")), None, "two patients");
        assert_eq!(named(&query("4\u{202e}2", "CH Nord")), None);
        let name = StudyQuery { patient_name: Some("KERVELLA^MAIWENN".to_owned()), ..query("", "") };
        assert_eq!(named(&name), None, "never by name");
    }

    #[test]
    fn further_pages_go_on_in_what_the_first_was_told() {
        let searches = Searches::default();
        let key = |person: &str| (person.to_owned(), Identifier { issuer: "X".to_owned(), id: "1".to_owned() });
        let live =
            Arc::new(Live { silent: vec![Silent { name: "CHU Sud".to_owned(), why: "away" }], ..Live::default() });
        searches.keep(key("durand"), &live);
        assert!(Arc::ptr_eq(&searches.page(&key("durand")).unwrap(), &live));
        assert!(searches.page(&key("martin")).is_none(), "another person asks for themselves");
    }
}
