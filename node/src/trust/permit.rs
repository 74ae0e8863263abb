//! Permits: checked uses of a right, and the watch over those in use.
//!
//! Every permit on a peer's or a peer-facing right is remembered here with the facts it was judged by. When anything is
//! withdrawn or a text changes, all are judged again, and those that no longer hold are cut before the change returns.

use super::{
    judge::{By, Question, Verdict},
    records::State,
};
use crate::tasks;
use lru::LruCache;
use protocol::{
    Refusal, SiteId, Timestamp, Uid,
    agreement::{Level, StudyFacts},
    catalog::Basis,
    ids::Id128,
    pass::Pass,
};
use std::{
    collections::{BTreeSet, HashMap},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Permits watched at once. The least recently asked is cut, and its user asks again: nothing goes unwatched.
const WATCHED_MAX: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();
/// Passes in use at once; the least recently used is cut, and its user asks again.
const LENT_MAX: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
/// Passes of one custodian that are remembered as taken back: as many as it can give in the time that one lasts.
const OVER_MAX: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
/// The longest sleep before the clock is read again: it may have been set.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// What was asked for nothing for so long is not being read any more.
const READING: Duration = Duration::from_secs(15 * 60);

/// One checked use of a right. Only [`super::Trust::authorize`] makes one. Whoever serves under it also waits on
/// [`Permit::ended`].
#[derive(Clone, Debug)]
pub(crate) struct Permit {
    pub(crate) study: Uid,
    pub(crate) level: Level,
    pub(crate) basis: Option<Basis>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) withdrawn: CancellationToken,
    pub(super) used: Used,
}

/// When a permit was last used, in milliseconds since 1970.
#[derive(Clone, Debug, Default)]
pub(super) struct Used(Arc<AtomicU64>);

impl Used {
    fn now(&self) {
        self.0.store(tasks::now().0, Ordering::Relaxed);
    }
    fn is_since(&self, at: Timestamp) -> bool {
        self.0.load(Ordering::Relaxed) >= at.0
    }
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
        self.used.now();
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
    by: By,
}

#[derive(Debug)]
struct Watched {
    facts: StudyFacts,
    until: Option<Timestamp>,
    token: CancellationToken,
    used: Used,
}

/// A study that is being read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reading {
    pub(crate) study: Uid,
    pub(crate) holder: SiteId,
}

/// What a copy of a custodian's is given by.
#[derive(Debug)]
struct Lent {
    agreement: Id128,
    subject: SiteId,
    token: CancellationToken,
    used: Used,
}

/// Passes in use, and those that were taken back. Bounded by the number of peers.
#[derive(Debug)]
struct Passes {
    lent: LruCache<(SiteId, Id128), Lent>,
    over: HashMap<SiteId, LruCache<Id128, ()>>,
}

/// The permits in use.
#[derive(Debug)]
pub(super) struct Watch {
    watched: Mutex<LruCache<Key, Watched>>,
    passes: Mutex<Passes>,
    since: Timestamp,
}

impl Watch {
    pub(super) fn new() -> Self {
        let passes = Passes { lent: LruCache::new(LENT_MAX), over: HashMap::new() };
        Self { watched: Mutex::new(LruCache::new(WATCHED_MAX)), passes: Mutex::new(passes), since: tasks::now() }
    }

    /// Watches a pass that was found good. Called while the state is held for reading, as [`Self::permit`].
    ///
    /// # Errors
    /// [`Refusal::Revoked`]: its custodian took it back.
    pub(super) fn lent(&self, pass: &Pass) -> Result<(CancellationToken, Used), Refusal> {
        let mut passes = self.passes.lock().unwrap_or_else(PoisonError::into_inner);
        if passes.over.get(&pass.custodian).is_some_and(|over| over.contains(&pass.id)) {
            return Err(Refusal::Revoked);
        }
        let key = (pass.custodian, pass.id);
        if let Some(known) = passes.lent.get(&key).filter(|lent| lent.subject == pass.subject) {
            known.used.now();
            return Ok((known.token.clone(), known.used.clone()));
        }
        let (token, used) = (CancellationToken::new(), Used::default());
        used.now();
        let (agreement, subject) = (pass.agreement, pass.subject);
        let fresh = Lent { agreement, subject, token: token.clone(), used: used.clone() };
        if let Some((_, old)) = passes.lent.push(key, fresh) {
            old.token.cancel();
        }
        Ok((token, used))
    }

    pub(super) fn pass_over(&self, custodian: &SiteId, id: &Id128) {
        let mut passes = self.passes.lock().unwrap_or_else(PoisonError::into_inner);
        passes.over.entry(*custodian).or_insert_with(|| LruCache::new(OVER_MAX)).put(*id, ());
        if let Some(lent) = passes.lent.pop(&(*custodian, *id)) {
            lent.token.cancel();
        }
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
            by: asked.by.clone(),
        };
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let known = watched.get(&key).filter(|w| w.until == verdict.until && w.facts == *asked.study);
        let (token, used) = match known {
            Some(known) => (known.token.clone(), known.used.clone()),
            None => {
                let (token, used) = (CancellationToken::new(), Used::default());
                let facts = asked.study.clone();
                let fresh = Watched { facts, until: verdict.until, token: token.clone(), used: used.clone() };
                if let Some((_, old)) = watched.push(key, fresh) {
                    // Either the least recently asked of others, or the same use judged by older facts.
                    old.token.cancel();
                }
                (token, used)
            }
        };
        used.now();
        Permit {
            study: asked.study.study.clone(),
            level: asked.level,
            basis: Some(verdict.basis),
            expires: verdict.until,
            withdrawn: token,
            used,
        }
    }

    /// A study of ours is other than it was: permits on it are judged anew by what it is now.
    pub(super) fn facts_changed(&self, state: &State, facts: &StudyFacts, now: Timestamp) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, one) in watched.iter_mut() {
            if key.holder == state.us && key.study == facts.study {
                one.facts = facts.clone();
            }
        }
        drop(watched);
        self.judge_again(state, now);
    }

    /// What is being read under an agreement or a grant under it, on either side.
    pub(super) fn reading(&self, agreement: &Id128, now: Timestamp) -> BTreeSet<Reading> {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.before(READING);
        let live =
            watched.iter().filter(|(key, kept)| key.basis.agreement() == *agreement && kept.used.is_since(since));
        live.map(|(key, _)| Reading { study: key.study.clone(), holder: key.holder }).collect()
    }

    /// Whether what is being read since a moment is known: it was watched from then on, or for long enough.
    pub(super) fn remembers(&self, at: Timestamp, now: Timestamp) -> bool {
        self.since <= at || self.since.after(READING) <= now
    }

    /// Judges every watched permit again and cuts those that no longer hold as they stood.
    pub(super) fn judge_again(&self, state: &State, now: Timestamp) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<Key> =
            watched.iter().filter(|(k, w)| !still_holds(state, k, w, now)).map(|(k, _)| k.clone()).collect();
        for key in gone {
            if let Some(cut) = watched.pop(&key) {
                cut.token.cancel();
            }
        }
        drop(watched);
        let mut passes = self.passes.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |custodian: &SiteId, lent: &Lent| {
            state.lets_pass_on((custodian, &lent.agreement), &lent.subject, now).is_some()
        };
        let gone = passes.lent.iter().filter(|((custodian, _), lent)| !holds(custodian, lent));
        let gone: Vec<(SiteId, Id128)> = gone.map(|(key, _)| *key).collect();
        for key in gone {
            if let Some(cut) = passes.lent.pop(&key) {
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
        by: key.by.clone(),
    };
    state.judge(&question, now).is_ok_and(|v| v.until == watched.until)
}
