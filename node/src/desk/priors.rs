//! Priors of a case that is to be read here, brought before anybody opens it.
//!
//! Looked for when the case is first seen to be asked of this site or read by it, and its images are known here: by then the
//! node knows whose it is and by what earlier studies are ranked. A site that was away then is asked when it is back. So they are
//! of a study that another hospital makes in the hours in which somebody here reads for it, before anybody asks.
//!
//! # At a crash
//! It is looked for again; what came is there.
//!
//! # Not here
//! Which studies those are, and how many: `studies`.

use super::{Inner, next::World};
use crate::{cases::Whole, roster::Question, studies::Subject, tasks};
use protocol::{
    Digest, SiteId, Timestamp, Uid,
    case::state::{Answer, Stage},
    identity::{Identifier, contradictions},
    ids::Id128,
    manifest::{Completeness, Patient, StudyCard},
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;

/// Cases remembered as looked at. Beyond, they are looked at again, which brings nothing twice.
const SEEN_MAX: usize = 10_000;
/// Cases looked at side by side: each asks all peers.
const AT_ONCE: usize = 2;
/// Who issues the French national number.
const NATIONAL: &str = "1.2.250.1.213.1.4.8";

/// A study that came longer ago is nobody's of this night.
const FRESH: Duration = Duration::from_secs(3_600);
/// How often a case is looked at: a site that comes and goes is not asked without end.
const TRIES_MAX: u8 = 8;

/// What became of looking at a case.
#[derive(Debug, Default)]
struct Looked {
    tries: u8,
    /// It is being looked at, or waits for its turn.
    is_looking: bool,
    /// Sites that did not answer, once the look is over.
    away: BTreeSet<SiteId>,
    /// Sites that came while it was looked at: they may have been asked before they were there.
    back: BTreeSet<SiteId>,
}

/// Which cases were looked at.
#[derive(Debug)]
pub(super) struct Priors {
    seen: Mutex<HashMap<Id128, Looked>>,
    turns: Arc<Semaphore>,
}

impl Default for Priors {
    fn default() -> Self {
        Self { seen: Mutex::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Priors {
    fn seen(&self) -> MutexGuard<'_, HashMap<Id128, Looked>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is seen for the first time.
    fn is_new(&self, case: Id128) -> bool {
        let mut seen = self.seen();
        if seen.len() >= SEEN_MAX {
            seen.clear();
        }
        let is_new = !seen.contains_key(&case);
        if is_new {
            let _ = seen.insert(case, Looked { tries: 1, is_looking: true, ..Looked::default() });
        }
        is_new
    }

    /// The look is over: keeps who did not answer. Whether it is to be looked at again at once: one of those came meanwhile and
    /// is there.
    fn away(&self, case: Id128, away: BTreeSet<SiteId>, is_there: impl Fn(&SiteId) -> bool) -> bool {
        let mut seen = self.seen();
        let Some(looked) = seen.get_mut(&case) else { return false };
        let back = std::mem::take(&mut looked.back);
        let is_again = looked.tries < TRIES_MAX && away.intersection(&back).any(is_there);
        looked.is_looking = is_again;
        looked.tries += u8::from(is_again);
        looked.away = if is_again { BTreeSet::new() } else { away };
        is_again
    }

    /// A site is there: cases of which it was not asked are to be looked at again. Where a look is not over yet, its end says so.
    fn returned(&self, site: &SiteId) -> Vec<Id128> {
        let mut again = Vec::new();
        for (case, looked) in self.seen().iter_mut() {
            if looked.is_looking {
                let _ = looked.back.insert(*site);
            } else if looked.tries < TRIES_MAX && looked.away.contains(site) {
                looked.away.clear();
                looked.is_looking = true;
                looked.tries += 1;
                again.push(*case);
            }
        }
        again
    }
}

/// What a study of which there is no case is remembered by.
fn of_study(study: &Uid) -> Id128 {
    let mut name = [0; 16];
    for (to, from) in name.iter_mut().zip(Digest::of(study.as_str().as_bytes()).0) {
        *to = from;
    }
    Id128(name)
}

impl Inner {
    /// Whether somebody here is to read it.
    fn is_read_here(&self, whole: &Whole) -> bool {
        let (us, state) = (self.us(), &whole.state);
        let is_asked =
            state.asked.iter().any(|asked| asked.site == us && matches!(asked.answer, Answer::Waiting { .. }));
        let is_claimed = state.claim.as_ref().is_some_and(|claim| claim.site == us);
        state.stage < Stage::Final && (is_asked || is_claimed || state.reader == Some(us))
    }

    /// Whose studies a case is about: the record of its images as far as it is known here, with what the requesting site says
    /// beside it. Where the two speak of two people, what the requesting site says.
    fn subject_of(&self, whole: &Whole) -> Subject {
        let (studies, ask, requester) = (&self.parts.studies, &whole.state.ask, whole.state.requester.0);
        let of_images = ask.studies.iter().find_map(|study| studies.subject(study).ok());
        let told = |text: &str| Some(text.to_owned()).filter(|text| !text.trim().is_empty());
        let asked = &ask.patient;
        // A number that names no issuer is the requesting site's own.
        let issuer = || told(&asked.issuer).unwrap_or_else(|| self.name(&requester));
        let patient = Patient {
            name: told(&asked.name),
            birth_date: told(&asked.birth_date),
            sex: told(&asked.sex),
            id: told(&asked.id),
            issuer: told(&asked.id).map(|_| issuer()),
        };
        let national = Identifier { issuer: NATIONAL.to_owned(), id: asked.national.clone() };
        let site = Some(requester).filter(|site| *site != self.us());
        let subject = studies.subject_of(&patient, vec![national], site);
        match of_images {
            Some(images) if contradictions(&images.whose.record, &subject.whose.record).is_empty() => {
                let mut whose = images.whose;
                let more = subject.whose.identifiers.into_iter().filter(|one| !whose.identifiers.contains(one));
                let more: Vec<Identifier> = more.collect();
                whose.identifiers.extend(more);
                Subject { whose, current: images.current }
            }
            of_images => Subject { current: of_images.and_then(|images| images.current), ..subject },
        }
    }

    /// Brings the priors of a case that is to be read here; at once, and behind whoever waits for images.
    pub(super) fn bring_priors(self: &Arc<Self>, whole: &Whole) {
        if !self.is_read_here(whole) {
            return;
        }
        let subject = self.subject_of(whole);
        // Without images there is nothing to rank by.
        let is_known = subject.current.is_some() && !subject.whose.identifiers.is_empty();
        if is_known && self.priors.is_new(whole.name()) {
            self.look_for_priors(whole, subject);
        }
    }

    /// A study came to a peer: where somebody here is on duty for it, its priors are brought as those of a case are.
    pub(super) fn bring_priors_of_duty(self: &Arc<Self>, holder: &SiteId, study: &Uid) {
        let (parts, now) = (&self.parts, tasks::now());
        let told = parts.overlay.holders(study).into_iter().find(|told| told.holder == *holder);
        let is_fresh = |card: &StudyCard| {
            card.custodian == *holder && card.completeness == Completeness::Complete && card.arrived.after(FRESH) > now
        };
        let Some(card) = told.map(|told| told.card).filter(is_fresh) else { return };
        if !self.is_on_duty_for(holder, &card, now) {
            return;
        }
        let Ok(subject) = parts.studies.subject(study) else { return };
        if subject.whose.identifiers.is_empty() || !self.priors.is_new(of_study(study)) {
            return;
        }
        let (inner, study) = (self.clone(), study.clone());
        parts.tasks.spawn("desk priors", async move {
            let Ok(_turn) = inner.priors.turns.clone().acquire_owned().await else { return };
            let looked = inner.parts.studies.bring_priors(subject, std::slice::from_ref(&study)).await;
            tracing::info!(%study, brought = looked.brought, "priors of a study on duty are brought");
            // The look is over, and is not repeated: a case of it is looked at for itself.
            let _ = inner.priors.away(of_study(&study), BTreeSet::new(), |_| false);
        });
    }

    /// Whether whoever would be asked first for it is of this site.
    fn is_on_duty_for(&self, holder: &SiteId, card: &StudyCard, now: Timestamp) -> bool {
        let (modalities, regions) = (card.modalities.clone(), card.body_parts.clone());
        let question = Question { site: Some(*holder), modalities, regions, at: Some(now), ..Question::default() };
        let ladder = self.parts.roster.who(&question);
        ladder.iter().find(|rung| rung.skip.is_none()).is_some_and(|rung| rung.site == self.us())
    }

    /// A peer is there again: what it was not asked then, it is asked now.
    pub(super) fn ask_for_priors_again(self: &Arc<Self>, peer: &SiteId) {
        for case in self.priors.returned(peer) {
            self.look_for_priors_again(&case);
        }
    }

    /// Which peer came was not heard: all that are there are asked now what they were not asked then.
    pub(super) fn ask_all_for_priors_again(self: &Arc<Self>) {
        let peers = self.parts.trust.peers().into_iter().map(|peer| peer.site);
        for peer in peers.filter(|peer| self.parts.overlay.contact(peer).connected) {
            self.ask_for_priors_again(&peer);
        }
    }

    fn look_for_priors_again(self: &Arc<Self>, case: &Id128) {
        let whole = self.parts.cases.case(case).filter(|whole| self.is_read_here(whole));
        if let Some(whole) = whole {
            self.look_for_priors(&whole, self.subject_of(&whole));
        }
    }

    fn look_for_priors(self: &Arc<Self>, whole: &Whole, subject: Subject) {
        let (inner, case) = (self.clone(), whole.name());
        let current: Vec<Uid> = whole.state.ask.studies.clone();
        self.parts.tasks.spawn("desk priors", async move {
            let Ok(_turn) = inner.priors.turns.clone().acquire_owned().await else { return };
            let looked = inner.parts.studies.bring_priors(subject, &current).await;
            tracing::info!(%case, brought = looked.brought, away = looked.away.len(), "priors are brought");
            let is_there = |site: &SiteId| inner.parts.overlay.contact(site).connected;
            if inner.priors.away(case, looked.away, is_there) {
                inner.look_for_priors_again(&case);
            }
        });
    }
}

impl super::Desk {
    /// See [`Inner::subject_of`].
    pub(crate) fn subject_of(&self, whole: &Whole) -> Subject {
        self.inner.subject_of(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_away_is_asked_when_it_is_back_and_not_without_end() {
        let (priors, case, other) = (Priors::default(), Id128([1; 16]), Id128([2; 16]));
        let (away, there) = (SiteId([1; 32]), SiteId([2; 32]));
        let ends = || priors.away(case, BTreeSet::from([away]), |_| true);
        assert!(priors.is_new(case) && !priors.is_new(case) && priors.is_new(other));
        for _ in 1..TRIES_MAX {
            assert!(!ends(), "it has not come back");
            assert!(priors.returned(&there).is_empty());
            assert_eq!(priors.returned(&away), [case]);
        }
        assert!(!ends() && priors.returned(&away).is_empty());
    }

    #[test]
    fn who_comes_back_while_it_is_looked_at_is_asked_at_its_end() {
        let (priors, case, away) = (Priors::default(), Id128([1; 16]), SiteId([1; 32]));
        let ends = |is_there: bool| priors.away(case, BTreeSet::from([away]), |_| is_there);
        assert!(priors.is_new(case) && priors.returned(&away).is_empty(), "the look is not over");
        assert!(ends(true), "it may have been asked before it was there");
        assert!(!ends(true), "it is there, does not answer, and is not asked without end");
        assert_eq!(priors.returned(&away), [case]);
        assert!(priors.returned(&away).is_empty() && !ends(false), "it came and went");
        for _ in 3..TRIES_MAX {
            assert_eq!(priors.returned(&away), [case]);
            assert!(priors.returned(&away).is_empty());
            assert!(!ends(false));
        }
        assert!(priors.returned(&away).is_empty(), "often enough");
    }
}
