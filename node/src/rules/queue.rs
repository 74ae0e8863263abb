//! Studies that wait for a destination: one at a time to each, to a few destinations at once, again and again until all is
//! done.
//!
//! A destination that is away delays all that goes there; a study that is refused delays itself only. What is due at one
//! destination stands in order, so that taking the next looks at destinations, not at all that waits.
//!
//! # Not here
//! What is done with a study: [`super::route`], [`super::offer`], [`super::fetch`]. What waits over a stop: the index.

use super::Inner;
use crate::{archive::Print, tasks};
use protocol::{Timestamp, Uid};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Until the next try, doubled with each.
const RETRY: Duration = Duration::from_secs(5);
/// The longest time between two tries.
const AWAY_MAX: Duration = Duration::from_secs(900);
const REFUSED_MAX: Duration = Duration::from_secs(3600);

/// Why an attempt failed: of the node itself; the log says more.
pub(super) const INTERNAL: &str = "internal";

/// A destination and a study.
pub(super) type Key<D> = (D, Uid);

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Ended<W = String> {
    Done,
    /// Some of it was not taken, or it broke off.
    Refused(W),
    Away(W),
    /// Nothing is wrong: it is not time yet, and why.
    Later(Duration, Option<W>),
}

/// How one that waits is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waits<W = String> {
    /// `waiting`, `sending` or `failing`.
    pub(crate) state: &'static str,
    pub(crate) attempts: u32,
    /// What was wrong last, or what it waits for.
    pub(crate) error: Option<W>,
    /// When it is tried again; `None`: now.
    pub(crate) again: Option<Timestamp>,
}

#[derive(Debug)]
struct Waiting<W> {
    /// Lower ranks go first.
    rank: u8,
    number: u64,
    attempts: u32,
    due: Instant,
    error: Option<W>,
    is_wrong: bool,
    /// What did not go the last time: it goes last.
    failed: HashSet<Print>,
    /// While it is being done: cuts that off.
    running: Option<CancellationToken>,
}

/// One destination.
#[derive(Debug)]
struct Line<W> {
    attempts: u32,
    due: Instant,
    error: Option<W>,
    is_busy: bool,
    /// What may go as soon as the destination may.
    ready: BTreeSet<(u8, u64, Uid)>,
    later: BTreeSet<(Instant, Uid)>,
}

#[derive(Debug)]
struct State<D, W> {
    waiting: BTreeMap<Key<D>, Waiting<W>>,
    lines: BTreeMap<D, Line<W>>,
    last: u64,
}

/// All that waits; `W` says what is wrong.
#[derive(Debug)]
pub(super) struct Queue<D, W = String> {
    state: Mutex<State<D, W>>,
    woken: Notify,
}

fn later(attempts: u32, most: Duration) -> Instant {
    Instant::now() + RETRY.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(most)
}

impl<D: Ord + Clone, W: Clone> Default for Queue<D, W> {
    fn default() -> Self {
        let state = State { waiting: BTreeMap::new(), lines: BTreeMap::new(), last: 0 };
        Self { state: Mutex::new(state), woken: Notify::new() }
    }
}

impl<W> Line<W> {
    /// Moves what is due by now to what may go.
    fn promote(&mut self, now: Instant, place: impl Fn(&Uid) -> Option<(u8, u64)>) {
        while let Some((at, _)) = self.later.first()
            && *at <= now
        {
            if let Some((_, study)) = self.later.pop_first()
                && let Some((rank, number)) = place(&study)
            {
                self.ready.insert((rank, number, study));
            }
        }
    }

    /// When something may go, if anything waits.
    fn next(&self) -> Option<Instant> {
        if self.is_busy {
            return None;
        }
        if !self.ready.is_empty() {
            return Some(self.due);
        }
        self.later.first().map(|(at, _)| self.due.max(*at))
    }

    fn forget(&mut self, study: &Uid, waiting: &Waiting<W>) {
        self.ready.remove(&(waiting.rank, waiting.number, study.clone()));
        self.later.remove(&(waiting.due, study.clone()));
    }
}

impl<D: Ord + Clone, W: Clone> Queue<D, W> {
    /// Of what waited before a stop.
    pub(super) fn of(open: impl IntoIterator<Item = (Uid, D, u8)>) -> Self {
        let queue = Self::default();
        open.into_iter().for_each(|(study, to, rank)| queue.add(&study, to, rank));
        queue
    }

    fn state(&self) -> MutexGuard<'_, State<D, W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.state().waiting.len()
    }

    pub(super) fn add(&self, study: &Uid, to: D, rank: u8) {
        let now = Instant::now();
        let state = &mut *self.state();
        let key = (to, study.clone());
        if state.waiting.contains_key(&key) {
            return;
        }
        state.last += 1;
        let line = state.lines.entry(key.0.clone()).or_insert_with(|| Line {
            attempts: 0,
            due: now,
            error: None,
            is_busy: false,
            ready: BTreeSet::new(),
            later: BTreeSet::new(),
        });
        line.ready.insert((rank, state.last, study.clone()));
        let fresh = Waiting {
            rank,
            number: state.last,
            attempts: 0,
            due: now,
            error: None,
            is_wrong: false,
            failed: HashSet::new(),
            running: None,
        };
        state.waiting.insert(key, fresh);
        self.woken.notify_one();
    }

    /// Says whether there was anything to try.
    pub(super) fn retry(&self, to: &D, study: Option<&Uid>) -> bool {
        let now = Instant::now();
        let state = &mut *self.state();
        let Some(line) = state.lines.get_mut(to) else { return false };
        let mut found = false;
        let theirs = state.waiting.iter_mut().filter(|((d, uid), _)| d == to && study.is_none_or(|study| study == uid));
        for ((_, uid), waiting) in theirs {
            found = true;
            if waiting.running.is_none() {
                line.forget(uid, waiting);
                waiting.due = now;
                line.ready.insert((waiting.rank, waiting.number, uid.clone()));
            }
        }
        if found {
            line.due = now;
        }
        self.woken.notify_one();
        found
    }

    /// A destination is there again: it is tried at once.
    pub(super) fn awake(&self, to: &D) {
        if let Some(line) = self.state().lines.get_mut(to) {
            line.due = Instant::now();
        }
        self.woken.notify_one();
    }

    /// Takes one out, and cuts off what is being done for it.
    pub(super) fn remove(&self, key: &Key<D>) {
        let state = &mut *self.state();
        let Some(waiting) = state.waiting.remove(key) else { return };
        if let Some(line) = state.lines.get_mut(&key.0) {
            line.forget(&key.1, &waiting);
        }
        if let Some(running) = waiting.running {
            running.cancel();
        }
    }

    /// What is due now, or else when something is.
    fn take(&self, tasks: &tasks::Tasks, now: Instant) -> Result<(Key<D>, CancellationToken), Option<Instant>> {
        let state = &mut *self.state();
        let (lines, waiting) = (&mut state.lines, &mut state.waiting);
        for (to, line) in lines.iter_mut() {
            line.promote(now, |study| waiting.get(&(to.clone(), study.clone())).map(|w| (w.rank, w.number)));
        }
        let next = lines.iter_mut().filter_map(|(to, line)| Some((line.next()?, to, line))).min_by_key(|(at, ..)| *at);
        let Some((at, to, line)) = next else { return Err(None) };
        let Some((_, _, study)) = (at <= now).then(|| line.ready.pop_first()).flatten() else { return Err(Some(at)) };
        let (key, stop) = ((to.clone(), study), tasks.stop_token());
        if let Some(waiting) = waiting.get_mut(&key) {
            waiting.running = Some(stop.clone());
            line.is_busy = true;
        }
        Ok((key, stop))
    }

    pub(super) fn failed(&self, key: &Key<D>) -> HashSet<Print> {
        self.state().waiting.get(key).map(|waiting| waiting.failed.clone()).unwrap_or_default()
    }

    /// An attempt is over.
    pub(super) fn ended(&self, key: &Key<D>, ended: Ended<W>, failed: HashSet<Print>) {
        let state = &mut *self.state();
        self.woken.notify_one();
        let Some(line) = state.lines.get_mut(&key.0) else { return };
        line.is_busy = false;
        match &ended {
            Ended::Away(why) => {
                line.attempts = line.attempts.saturating_add(1);
                line.due = later(line.attempts, AWAY_MAX);
                line.error = Some(why.clone());
            }
            Ended::Refused(_) | Ended::Done => (line.attempts, line.due, line.error) = (0, Instant::now(), None),
            Ended::Later(..) => {}
        }
        // Taken out meanwhile, and perhaps put in anew.
        let Some(waiting) = state.waiting.get_mut(key).filter(|waiting| waiting.running.is_some()) else { return };
        if matches!(ended, Ended::Done) {
            state.waiting.remove(key);
            return;
        }
        waiting.running = None;
        waiting.failed = failed;
        waiting.due = match ended {
            Ended::Refused(why) => {
                waiting.attempts = waiting.attempts.saturating_add(1);
                (waiting.error, waiting.is_wrong) = (Some(why), true);
                later(waiting.attempts, REFUSED_MAX)
            }
            Ended::Later(wait, why) => {
                if let Some(why) = why {
                    (waiting.error, waiting.is_wrong) = (Some(why), false);
                }
                Instant::now() + wait
            }
            Ended::Done | Ended::Away(_) => Instant::now(),
        };
        line.later.insert((waiting.due, key.1.clone()));
    }

    /// What is being done now waits for something, and goes on by itself.
    pub(super) fn pauses(&self, key: &Key<D>, why: Option<W>) {
        if let Some(waiting) = self.state().waiting.get_mut(key) {
            (waiting.error, waiting.is_wrong) = (why, false);
        }
    }

    /// What waits, as it is: the first so many.
    pub(super) fn views(&self, most: usize) -> Vec<(Key<D>, Waits<W>)> {
        let (now, clock) = (Instant::now(), tasks::now());
        let state = self.state();
        let view = |(key, waiting): (&Key<D>, &Waiting<W>)| {
            let line = state.lines.get(&key.0)?;
            let attempts = waiting.attempts.saturating_add(line.attempts);
            let is_wrong = waiting.is_wrong || line.error.is_some();
            let word = match (&waiting.running, is_wrong) {
                (Some(_), _) => "sending",
                (None, true) => "failing",
                (None, false) => "waiting",
            };
            let left = waiting.due.max(line.due).saturating_duration_since(now);
            let again = (left > Duration::ZERO && waiting.running.is_none()).then(|| clock.after(left));
            let error = waiting.error.clone().or_else(|| line.error.clone());
            Some((key.clone(), Waits { state: word, attempts, error, again }))
        };
        state.waiting.iter().filter_map(view).take(most).collect()
    }
}

/// One that is being done.
pub(super) struct Job<D> {
    pub(super) key: Key<D>,
    pub(super) stop: CancellationToken,
}

/// Does what is due, until the node stops: so many at once. The attempt tells the queue how it ended.
pub(super) async fn run<D, W, F>(
    inner: Arc<Inner>,
    queue: fn(&Inner) -> &Queue<D, W>,
    (name, at_once): (&'static str, usize),
    attempt: impl Fn(Arc<Inner>, Job<D>) -> F,
) where
    D: Ord + Clone + Send + 'static,
    W: Clone + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(at_once));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.ok()?;
            loop {
                let woken = queue(&inner).woken.notified();
                match queue(&inner).take(&inner.parts.tasks, Instant::now()) {
                    Ok((key, stop)) => return Some((place, Job { key, stop })),
                    Err(None) => woken.await,
                    Err(Some(at)) => _ = tokio::time::timeout_at(at, woken).await,
                }
            }
        };
        let next = tokio::select! {
            () = inner.parts.tasks.stopping() => return,
            next = next => next,
        };
        let Some((place, job)) = next else { return };
        let attempt = attempt(inner.clone(), job);
        inner.parts.tasks.spawn(name, async move {
            attempt.await;
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::AeTitle;

    fn uid(text: &str) -> Uid {
        Uid::parse(text).unwrap()
    }

    fn ae(text: &str) -> AeTitle {
        AeTitle::parse(text).unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(1)
    }

    #[test]
    fn one_that_is_away_delays_all_and_a_refusal_its_study_only() {
        let tasks = tasks::Tasks::default();
        let lines = Queue::<_>::of([(uid("1.1"), ae("A"), 0), (uid("1.2"), ae("A"), 0), (uid("1.1"), ae("B"), 0)]);
        let (first, _) = lines.take(&tasks, soon()).unwrap();
        let (second, _) = lines.take(&tasks, soon()).unwrap();
        assert_ne!(first.0, second.0, "one study at a time to each");
        assert!(lines.take(&tasks, soon()).is_err());
        let (to_a, to_b) = if first.0 == ae("A") { (first, second) } else { (second, first) };
        lines.ended(&to_b, Ended::Done, HashSet::new());
        assert_eq!(lines.len(), 2);

        lines.ended(&to_a, Ended::Away("asleep".into()), HashSet::new());
        assert!(matches!(lines.take(&tasks, soon()), Err(Some(_))), "nothing goes there");
        lines.awake(&ae("A"));
        let (again, _) = lines.take(&tasks, soon()).unwrap();
        lines.ended(&again, Ended::Refused("a class it does not know".into()), HashSet::from([[1; 16]]));
        assert_eq!(lines.failed(&again).len(), 1);
        let (other, _) = lines.take(&tasks, soon()).unwrap();
        assert_ne!(other, again, "the other study goes");
        lines.ended(&other, Ended::Done, HashSet::new());
        assert!(lines.take(&tasks, soon()).is_err());
        assert!(lines.retry(&ae("A"), None) && !lines.retry(&ae("B"), None));
        assert_eq!(lines.take(&tasks, soon()).unwrap().0, again);
    }

    #[test]
    fn lower_ranks_go_first_and_then_what_came_first() {
        let tasks = tasks::Tasks::default();
        let queue = Queue::<_>::of([(uid("1.3"), 7, 1), (uid("1.2"), 7, 1), (uid("1.1"), 7, 2)]);
        queue.add(&uid("1.9"), 7, 0);
        let order = ["1.9", "1.3", "1.2", "1.1"].map(uid);
        for expected in order {
            let (key, _) = queue.take(&tasks, soon()).unwrap();
            assert_eq!(key.1, expected);
            queue.ended(&key, Ended::Done, HashSet::new());
        }
        assert!(matches!(queue.take(&tasks, soon()), Err(None)));
    }

    #[test]
    fn what_is_taken_out_while_it_is_done_is_cut_off_and_does_not_come_back() {
        let tasks = tasks::Tasks::default();
        let queue = Queue::<_>::of([(uid("1.1"), 7, 0), (uid("1.2"), 7, 0)]);
        let (key, stop) = queue.take(&tasks, soon()).unwrap();
        queue.remove(&key);
        assert!(stop.is_cancelled());
        queue.remove(&(7, uid("1.2")));
        queue.ended(&key, Ended::Later(Duration::ZERO, None), HashSet::new());
        assert!(queue.len() == 0 && matches!(queue.take(&tasks, soon()), Err(None)));
    }

    #[test]
    fn what_waits_for_its_time_is_not_wrong() {
        let tasks = tasks::Tasks::default();
        let queue = Queue::<_>::of([(uid("1.1"), 7, 0)]);
        let (key, _) = queue.take(&tasks, soon()).unwrap();
        queue.ended(&key, Ended::Later(Duration::from_secs(60), Some("hours".to_owned())), HashSet::new());
        let (_, waits) = queue.views(9).remove(0);
        assert!(waits.state == "waiting" && waits.error.as_deref() == Some("hours") && waits.again.is_some());
    }

    #[test]
    fn intervals_grow_to_their_bound() {
        let wait = |attempts| later(attempts, AWAY_MAX).saturating_duration_since(Instant::now());
        assert!(wait(1) <= RETRY && wait(2) > RETRY && wait(40) <= AWAY_MAX && wait(40) > AWAY_MAX / 2);
    }
}
