//! Which patients each peer may find known here: who has covered studies under a qualified national number, as a list made
//! once in the life of the key and the changes since.
//!
//! A list is made when its peer first asks, and again with another key, or when more changed than goes beside an answer. What
//! comes, changes and goes is looked at when somebody asks, at most every few seconds.
//!
//! # Not here
//! What a record is: [`protocol::presence::set`]. Which study counts for whom: `trust`.

use super::Inner;
use crate::{
    archive::{ArchiveError, StudyRow},
    overlay::feed::Known,
    tasks,
};
use protocol::{
    Refusal, SiteId, Timestamp, Uid,
    agreement::StudyFacts,
    ids::Id128,
    presence::{
        Counts, KEY_LASTS, RECENT_MAX, SetName, Subject,
        oprf::{HolderKey, Output},
        set::{Recent, Records},
    },
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How old an answer may be while things change: short for people, long enough that a busy archive is not gone through for
/// every question.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Studies named one by one as changed; beyond, all are looked at.
const CHANGED_MAX: usize = 10_000;

/// What a peer looks into.
#[derive(Debug)]
pub(super) struct List {
    pub(super) key: Arc<HolderKey>,
    drawn: Instant,
    pub(super) set: SetName,
    pub(super) records: Arc<Records>,
    pub(super) recent: Recent,
    /// What was looked at until then is in it.
    pub(super) as_of: Timestamp,
    /// Whose records it holds, in their order.
    patients: Arc<Vec<(Subject, Counts)>>,
    looked: Instant,
    rounds: Rounds,
}

/// All lists, and what they are made of.
#[derive(Debug, Default)]
pub(super) struct Lists {
    made: Mutex<HashMap<SiteId, Arc<List>>>,
    changed: Mutex<Changed>,
    /// Studies that came or changed.
    studies: AtomicU64,
    /// What may close what was open.
    rights: AtomicU64,
    work: Arc<tokio::sync::Mutex<Work>>,
}

/// Each goes up with a change of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rounds {
    studies: u64,
    rights: u64,
}

/// What changed since it was last looked at.
#[derive(Debug, Default)]
struct Changed {
    studies: HashSet<Uid>,
    all: bool,
}

/// Held by whoever makes a list; one at a time.
#[derive(Debug, Default)]
struct Work {
    /// `None`: not gone through yet.
    studies: Option<HashMap<Uid, (Subject, StudyFacts)>>,
    key: Option<Key>,
}

#[derive(Debug)]
struct Key {
    key: Arc<HolderKey>,
    drawn: Instant,
    outputs: HashMap<Subject, Output>,
}

/// The qualified national number of whoever a study is of.
fn subject(row: &StudyRow) -> Option<Subject> {
    let national = row.national()?;
    Subject::parse(&national.issuer, &national.id)
}

impl Lists {
    fn made(&self) -> MutexGuard<'_, HashMap<SiteId, Arc<List>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) -> MutexGuard<'_, Changed> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rounds(&self) -> Rounds {
        Rounds { studies: self.studies.load(Ordering::Acquire), rights: self.rights.load(Ordering::Acquire) }
    }

    /// What peers may know may be otherwise: nothing older is answered from.
    pub(super) fn touch(&self) {
        self.rights.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn study_changed(&self, study: &Uid) {
        let mut changed = self.changed();
        if !changed.all {
            changed.studies.insert(study.clone());
        }
        if changed.studies.len() > CHANGED_MAX {
            *changed = Changed { studies: HashSet::new(), all: true };
        }
        drop(changed);
        self.studies.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn begin_anew(&self) {
        *self.changed() = Changed { studies: HashSet::new(), all: true };
        self.touch();
    }

    pub(super) fn forget(&self, peer: &SiteId) {
        self.made().remove(peer);
    }

    /// A list that is of now, or was looked at a moment ago when only studies came since.
    pub(super) fn fresh(&self, peer: &SiteId) -> Option<Arc<List>> {
        let rounds = self.rounds();
        let made = self.made();
        let list = made.get(peer)?;
        let is_recent = list.rounds == rounds || list.looked.elapsed() < LOOK_EVERY;
        (list.rounds.rights == rounds.rights && is_recent && list.drawn.elapsed() < KEY_LASTS).then(|| list.clone())
    }
}

impl Work {
    /// Takes in what changed.
    fn catch_up(&mut self, changed: Changed, from: Known<'_>) -> Result<(), ArchiveError> {
        let known = match &mut self.studies {
            Some(known) if !changed.all => known,
            _ => {
                let mut studies = HashMap::new();
                // First what the PACS beside us has; what is here as well is ours.
                from.each(&mut |rows| {
                    for row in rows {
                        note(&mut studies, &row.study.clone(), Some(row), from)?;
                    }
                    Ok(())
                })?;
                self.studies = Some(studies);
                return Ok(());
            }
        };
        for study in changed.studies {
            note(known, &study, from.study(&study)?, from)?;
        }
        Ok(())
    }

    /// The key of now.
    fn key(&mut self) -> Result<&mut Key, Refusal> {
        if self.key.as_ref().is_none_or(|key| key.drawn.elapsed() >= KEY_LASTS) {
            let key = Arc::new(HolderKey::draw(&rand::random())?);
            self.key = Some(Key { key, drawn: Instant::now(), outputs: HashMap::new() });
        }
        self.key.as_mut().ok_or(Refusal::Internal)
    }
}

fn note(
    studies: &mut HashMap<Uid, (Subject, StudyFacts)>,
    study: &Uid,
    row: Option<StudyRow>,
    from: Known<'_>,
) -> Result<(), ArchiveError> {
    match row.as_ref().and_then(|row| Some((row, subject(row)?))) {
        Some((row, subject)) => drop(studies.insert(study.clone(), (subject, from.archive.facts(row)?))),
        None => drop(studies.remove(study)),
    }
    Ok(())
}

/// Records of patients for a peer.
fn records<'a>(
    key: &mut Key,
    patients: impl Iterator<Item = &'a (Subject, Counts)> + Clone,
    to: (&SiteId, &Id128),
) -> Result<Records, Refusal> {
    for (subject, _) in patients.clone() {
        if !key.outputs.contains_key(subject) {
            key.outputs.insert(subject.clone(), key.key.output(subject)?);
        }
    }
    let outputs = &key.outputs;
    let rows = patients.filter_map(|(subject, counts)| Some((outputs.get(subject)?, *counts)));
    Records::make(rows, to, &rand::random()).ok_or_else(|| {
        tracing::error!("more patients than a list of presence holds");
        Refusal::Internal
    })
}

/// What is otherwise now than in a list: both in their order.
fn otherwise(then: &[(Subject, Counts)], now: &BTreeMap<Subject, Counts>) -> Vec<(Subject, Counts)> {
    let before: BTreeMap<&Subject, &Counts> = then.iter().map(|(subject, counts)| (subject, counts)).collect();
    let gone = before.keys().filter(|subject| !now.contains_key(**subject));
    let mut changed: Vec<_> = gone.map(|subject| ((*subject).clone(), Counts::default())).collect();
    changed.extend(now.iter().filter(|(s, c)| before.get(s) != Some(c)).map(|(s, c)| (s.clone(), *c)));
    changed
}

impl Inner {
    pub(super) async fn make_list(self: Arc<Self>, peer: SiteId) -> Result<Arc<List>, Refusal> {
        let mut work = self.presence.lists.work.clone().lock_owned().await;
        if let Some(list) = self.presence.lists.fresh(&peer) {
            return Ok(list);
        }
        let inner = self.clone();
        let making = self.tasks.spawn_blocking("presence list", move || inner.look(&mut work, peer));
        making.await.unwrap_or(Err(Refusal::Busy(1000)))
    }

    /// Makes a peer's list, or what changed since it was made. Blocks on the index.
    fn look(&self, work: &mut Work, peer: SiteId) -> Result<Arc<List>, Refusal> {
        let lists = &self.presence.lists;
        let rounds = lists.rounds();
        let (as_of, looked) = (tasks::now(), Instant::now());
        let changed = std::mem::take(&mut *lists.changed());
        if let Err(why) = work.catch_up(changed, self.known()) {
            tracing::error!(%why, "which patients are known");
            lists.begin_anew();
            return Err(Refusal::Internal);
        }
        let mut now = BTreeMap::<Subject, Counts>::new();
        let studies = work.studies.iter().flat_map(HashMap::values);
        for (subject, facts) in self.trust.known_to(&peer, studies.map(|(subject, facts)| (subject, facts))) {
            now.entry(subject.clone()).or_default().add(&facts.modalities);
        }
        let key = work.key()?;
        let before = lists.made().get(&peer).filter(|list| Arc::ptr_eq(&list.key, &key.key)).cloned();
        let before = before.map(|list| (otherwise(&list.patients, &now), list));
        let recent_id = tasks::random_id();
        let list = match before.filter(|(changed, _)| changed.len() <= RECENT_MAX) {
            Some((changed, list)) => {
                let recent = Recent { id: recent_id, records: records(key, changed.iter(), (&peer, &recent_id))? };
                List {
                    key: list.key.clone(),
                    drawn: list.drawn,
                    set: list.set,
                    records: list.records.clone(),
                    recent,
                    as_of,
                    patients: list.patients.clone(),
                    looked,
                    rounds,
                }
            }
            None => {
                let patients: Vec<(Subject, Counts)> = now.into_iter().collect();
                let id = tasks::random_id();
                let made = Arc::new(records(key, patients.iter(), (&peer, &id))?);
                let recent = Recent { id: recent_id, records: records(key, [].iter(), (&peer, &recent_id))? };
                let set = SetName { id, key: key.key.public() };
                let (drawn, patients) = (key.drawn, Arc::new(patients));
                List { key: key.key.clone(), drawn, set, records: made, recent, as_of, patients, looked, rounds }
            }
        };
        let list = Arc::new(list);
        lists.made().insert(peer, list.clone());
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(n: u64) -> Subject {
        let number = 2_550_814_168_000 + n;
        Subject::parse("1.2.250.1.213.1.4.8", &format!("{number}{:02}", 97 - number % 97)).unwrap()
    }
    const fn ct(count: u8) -> Counts {
        Counts([count, 0, 0, 0, 0, 0, 0, 0])
    }

    #[test]
    fn what_came_went_and_changed_is_otherwise() {
        let then = [(subject(1), ct(1)), (subject(2), ct(1)), (subject(3), ct(1))];
        let now = BTreeMap::from([(subject(1), ct(1)), (subject(2), ct(2)), (subject(4), ct(1))]);
        let mut changed = otherwise(&then, &now);
        changed.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let mut wanted = vec![(subject(2), ct(2)), (subject(3), Counts::default()), (subject(4), ct(1))];
        wanted.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(changed, wanted);
        assert!(otherwise(&then, &then.iter().cloned().collect()).is_empty());
    }

    #[test]
    fn many_changes_are_all() {
        let lists = Lists::default();
        (0..=CHANGED_MAX).for_each(|n| lists.study_changed(&format!("1.2.{n}").parse().unwrap()));
        let changed = lists.changed();
        assert!(changed.all && changed.studies.is_empty());
    }
}
