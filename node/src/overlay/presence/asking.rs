//! Asking all peers side by side whether they know a patient, and the lists of theirs that the answers are looked up in.
//!
//! Each peer is sent a point of its own, so that two of them cannot tell that they were asked for the same patient. A list is
//! pulled when a peer is met and when an answer names another one: whatever comes out, the same is asked of it.
//!
//! # Not here
//! The function: [`protocol::presence::oprf`].

use super::Inner;
use crate::{
    audit::{Act, Event},
    overlay::Overlay,
    trust::Person,
};
use lru::LruCache;
use protocol::{
    Refusal, SiteId, Timestamp,
    message::{Answer, Request},
    presence::{
        Counts, Evaluated, SetName, SetPage, Subject,
        oprf::Asking,
        set::{Records, look},
    },
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Questions of one person in a minute and in a day: somebody who has a patient before them.
const PERSON_MAX: (u32, u32) = (10, 200);
/// Whoever has not answered by then is named as not reached.
const ANSWER_WAIT: Duration = Duration::from_secs(2);
/// Lists of peers in memory: 16 MiB is the longest of one.
const KEPT_BYTES_MAX: usize = 256 << 20;

/// What came of asking one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PresenceAnswer {
    /// It knows the patient; with how many studies, as of when.
    Knows(Counts, Timestamp),
    /// It does not, as of when.
    DoesNot(Timestamp),
    NotReached,
    /// It was not asked, or does not answer.
    Refused(Refusal),
    /// What it answered is not by the key that it published, or cannot be read. Never taken for "no".
    Faulty,
}

/// Peers' lists, those used last.
#[derive(Debug)]
pub(super) struct Kept(Mutex<LruCache<SiteId, (SetName, Arc<Records>)>>);

impl Default for Kept {
    fn default() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl Kept {
    fn change<T>(&self, change: impl FnOnce(&mut LruCache<SiteId, (SetName, Arc<Records>)>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn of(&self, peer: &SiteId, set: &SetName) -> Option<Arc<Records>> {
        self.change(|kept| kept.get(peer).filter(|(name, _)| name == set).map(|(_, records)| records.clone()))
    }

    fn keep(&self, peer: SiteId, set: SetName, records: Arc<Records>) {
        self.change(|kept| {
            kept.put(peer, (set, records));
            let bytes = |kept: &LruCache<_, (_, Arc<Records>)>| -> usize {
                kept.iter().map(|(_, (_, records))| records.as_bytes().len()).sum()
            };
            while kept.len() > 1 && bytes(kept) > KEPT_BYTES_MAX {
                kept.pop_lru();
            }
        });
    }

    #[cfg(test)]
    pub(super) fn name_of(&self, peer: &SiteId) -> Option<SetName> {
        self.change(|kept| kept.peek(peer).map(|(name, _)| *name))
    }

    pub(super) fn forget(&self, peer: &SiteId) {
        self.change(|kept| kept.pop(peer));
    }
}

impl Overlay {
    /// Asks every peer; in the order of the peers.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when the person has asked too often.
    pub(crate) async fn ask_presence(
        &self,
        person: &Person,
        subject: &Subject,
    ) -> Result<Vec<(SiteId, PresenceAnswer)>, Refusal> {
        let inner = &self.inner;
        inner.presence.people.take(&person.name, PERSON_MAX)?;
        let ask = |peer: SiteId| {
            let (inner, person, subject) = (inner.clone(), person.clone(), subject.clone());
            let asking = self.inner.tasks.spawn("presence", async move {
                let asked = Box::pin(inner.ask_one(peer, &person, &subject));
                tokio::time::timeout(ANSWER_WAIT, asked).await.unwrap_or(PresenceAnswer::NotReached)
            });
            (peer, asking)
        };
        // All are under way before the first is waited for.
        let under_way: Vec<_> = inner.trusted().map(ask).collect();
        let mut answers = Vec::with_capacity(under_way.len());
        for (peer, asking) in under_way {
            answers.push((peer, asking.await.unwrap_or(PresenceAnswer::NotReached)));
        }
        Ok(answers)
    }
}

impl Inner {
    async fn ask_one(self: &Arc<Self>, peer: SiteId, person: &Person, subject: &Subject) -> PresenceAnswer {
        let basis = match self.trust.authorize_asking_presence(Some(person), &peer) {
            Ok(basis) => basis,
            Err(refusal) => return PresenceAnswer::Refused(refusal),
        };
        if !self.contacts.is_connected(&peer) {
            return PresenceAnswer::NotReached;
        }
        // What is told of it to the peer is who asked, and never for whom or what came of it.
        let event = Event::new(Act::PresenceAsked, person.actor()).peer(peer).basis(basis);
        if let Err(why) = self.audit.record(event).await {
            tracing::error!(%why, "no evidence, no question");
            return PresenceAnswer::Refused(Refusal::Internal);
        }
        let Ok((asking, element)) = Asking::blind(subject, &rand::random()) else {
            return PresenceAnswer::Refused(Refusal::Internal);
        };
        match self.ask(peer, &Request::Presence(element)).await {
            Some(Answer::Presence(evaluated)) => self.read_presence(peer, &asking, &evaluated).await,
            Some(Answer::Refused(refusal)) => PresenceAnswer::Refused(refusal),
            Some(_) => self.is_faulty(peer).await,
            None => PresenceAnswer::NotReached,
        }
    }

    async fn is_faulty(&self, peer: SiteId) -> PresenceAnswer {
        self.alerts.security("an answer about a patient that does not hold", peer, None).await;
        PresenceAnswer::Faulty
    }

    async fn read_presence(self: &Arc<Self>, peer: SiteId, asking: &Asking, evaluated: &Evaluated) -> PresenceAnswer {
        let Evaluated { set, element, proof, as_of, recent } = evaluated;
        let Ok(output) = asking.finish(&set.key, element, proof) else { return self.is_faulty(peer).await };
        if !recent.is_sound() {
            return self.is_faulty(peer).await;
        }
        // Before anything is looked up: what is pulled says nothing of what was found.
        let records = match self.presence.kept.of(&peer, set) {
            Some(records) => records,
            None => match self.pull_presence(peer, Some(set)).await {
                Ok(records) => records,
                Err(Pulled::Lost) => return PresenceAnswer::NotReached,
                Err(Pulled::Refused(refusal)) => return PresenceAnswer::Refused(refusal),
                Err(Pulled::Faulty) => return self.is_faulty(peer).await,
            },
        };
        let counts = look(&output, &self.trust.us(), (&records, &set.id), recent);
        if counts.is_known() { PresenceAnswer::Knows(counts, *as_of) } else { PresenceAnswer::DoesNot(*as_of) }
    }

    /// Pulls a peer's list, if we may ask it anything, before anybody does.
    pub(in crate::overlay) fn presence_ahead(self: &Arc<Self>, peer: SiteId) {
        if self.trust.authorize_asking_presence(None, &peer).is_err() {
            return;
        }
        self.once(
            "presence",
            |inner| &inner.presence.pulls,
            peer,
            move |inner| async move {
                match inner.pull_presence(peer, None).await {
                    // It is being made, perhaps.
                    Err(Pulled::Lost | Pulled::Refused(Refusal::Busy(_) | Refusal::Internal)) => false,
                    Err(Pulled::Faulty) => {
                        inner.is_faulty(peer).await;
                        true
                    }
                    Ok(_) | Err(Pulled::Refused(_)) => true,
                }
            },
        );
    }

    async fn presence_page_of(&self, peer: SiteId, set: Option<SetName>, page: u32) -> Result<SetPage, Pulled> {
        let answer = self.ask(peer, &Request::PresenceSet { set: set.map(|set| set.id), page }).await;
        match answer {
            Some(Answer::PresenceSet(got)) if got.is_sound(page) && set.is_none_or(|set| set == got.set) => Ok(*got),
            None => Err(Pulled::Lost),
            Some(Answer::Refused(refusal)) => Err(Pulled::Refused(refusal)),
            Some(_) => Err(Pulled::Faulty),
        }
    }

    /// Pulls a list page by page and keeps it; that of now, unless one is named.
    async fn pull_presence(&self, peer: SiteId, set: Option<&SetName>) -> Result<Arc<Records>, Pulled> {
        let first = self.presence_page_of(peer, set.copied(), 0).await?;
        let (set, pages) = (first.set, first.pages);
        if let Some(known) = self.presence.kept.of(&peer, &set) {
            return Ok(known);
        }
        let mut bytes = first.records.as_bytes().to_vec();
        for number in 1..pages {
            let page = self.presence_page_of(peer, Some(set), number).await?;
            if page.pages != pages {
                return Err(Pulled::Faulty);
            }
            bytes.extend_from_slice(page.records.as_bytes());
        }
        let records = Records::from_bytes(bytes);
        if !records.is_sound() {
            return Err(Pulled::Faulty);
        }
        let records = Arc::new(records);
        self.presence.kept.keep(peer, set, records.clone());
        Ok(records)
    }
}

/// Why a list did not come.
#[derive(Debug)]
enum Pulled {
    Lost,
    Refused(Refusal),
    Faulty,
}
