//! Permits: checked uses of a right, and the watch over those in use.
//!
//! Every permit on a peer's or a peer-facing right is remembered here with the facts it was judged by. When anything is
//! withdrawn or a text changes, all are judged again, and those that no longer hold are cut before the change returns.

use super::{
    judge::{Question, Verdict},
    records::State,
};
use crate::tasks;
use lru::LruCache;
use protocol::{
    Refusal, SiteId, Timestamp, Uid,
    agreement::{Level, StudyFacts},
    catalog::Basis,
};
use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Permits watched at once. The least recently asked is cut, and its user asks again: nothing goes unwatched.
const WATCHED_MAX: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();
/// The longest sleep before the clock is read again: it may have been set.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// One checked use of a right. Only [`super::Trust::authorize`] makes one. Whoever serves under it also waits on
/// [`Permit::ended`].
#[derive(Clone, Debug)]
pub(crate) struct Permit {
    pub(crate) study: Uid,
    pub(crate) level: Level,
    pub(crate) basis: Option<Basis>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) withdrawn: CancellationToken,
}

impl Permit {
    /// Whether it allows this now.
    pub(crate) fn allows(&self, study: &Uid, level: Level) -> Result<(), Refusal> {
        if self.withdrawn.is_cancelled() {
            return Err(Refusal::Revoked);
        }
        if self.expires.is_some_and(|at| tasks::now() >= at) {
            return Err(Refusal::Expired);
        }
        if *study != self.study || level > self.level {
            return Err(Refusal::NotPermitted);
        }
        Ok(())
    }

    /// Resolves when it was withdrawn or has expired, with the refusal to give.
    pub(crate) async fn ended(&self) -> Refusal {
        loop {
            let left = match self.expires {
                Some(at) if tasks::now() >= at => return Refusal::Expired,
                Some(at) => at.since(tasks::now()).min(LOOK_AGAIN),
                None => LOOK_AGAIN,
            };
            tokio::select! {
                () = self.withdrawn.cancelled() => return Refusal::Revoked,
                () = tokio::time::sleep(left) => {}
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    holder: SiteId,
    reader: SiteId,
    study: Uid,
    level: Level,
    basis: Basis,
}

#[derive(Debug)]
struct Watched {
    facts: StudyFacts,
    until: Option<Timestamp>,
    token: CancellationToken,
}

/// The permits in use.
#[derive(Debug)]
pub(super) struct Watch(Mutex<LruCache<Key, Watched>>);

impl Watch {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(WATCHED_MAX)))
    }

    /// Makes a permit of a verdict and watches it. Called while the state is held for reading, so that no withdrawal
    /// falls between verdict and watch.
    pub(super) fn permit(&self, asked: &Question<'_>, verdict: Verdict) -> Permit {
        let key = Key {
            holder: *asked.holder,
            reader: *asked.reader,
            study: asked.study.study.clone(),
            level: asked.level,
            basis: verdict.basis,
        };
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = watched.get(&key).filter(|w| w.until == verdict.until && w.facts == *asked.study);
        let token = match known {
            Some(known) => known.token.clone(),
            None => {
                let token = CancellationToken::new();
                let fresh = Watched { facts: asked.study.clone(), until: verdict.until, token: token.clone() };
                if let Some((_, old)) = watched.push(key, fresh) {
                    // Either the least recently asked of others, or the same use judged by older facts.
                    old.token.cancel();
                }
                token
            }
        };
        Permit {
            study: asked.study.study.clone(),
            level: asked.level,
            basis: Some(verdict.basis),
            expires: verdict.until,
            withdrawn: token,
        }
    }

    /// A study of ours is other than it was: permits on it are judged anew by what it is now.
    pub(super) fn facts_changed(&self, state: &State, facts: &StudyFacts, now: Timestamp) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, one) in watched.iter_mut() {
            if key.holder == state.us && key.study == facts.study {
                one.facts = facts.clone();
            }
        }
        drop(watched);
        self.judge_again(state, now);
    }

    /// Judges every watched permit again and cuts those that no longer hold as they stood.
    pub(super) fn judge_again(&self, state: &State, now: Timestamp) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<Key> =
            watched.iter().filter(|(k, w)| !still_holds(state, k, w, now)).map(|(k, _)| k.clone()).collect();
        for key in gone {
            if let Some(cut) = watched.pop(&key) {
                cut.token.cancel();
            }
        }
    }
}

fn still_holds(state: &State, key: &Key, watched: &Watched, now: Timestamp) -> bool {
    let question = Question {
        holder: &key.holder,
        reader: &key.reader,
        study: &watched.facts,
        level: key.level,
        told: Some(&key.basis),
    };
    state.judge(&question, now).is_ok_and(|v| v.until == watched.until)
}
