//! Studies on their way to AEs: one at a time to each AE, to a few AEs at once, again and again until all is there.
//!
//! What of a study is not sent is asked of the index each time; the record of what was sent follows the AE's answers, some
//! hundreds of instances or some seconds behind. An AE that is away delays all that goes there; an instance that an AE
//! refuses delays its study only, and goes last at the next try.
//!
//! # Not here
//! DIMSE: [`super::Courier`].

use super::{Inner, Item, Ledger, NotSent, RulesError, fire::is_dealt, person};
use crate::{
    archive::{Archive, ArchiveError, Print, RouteRow, Routed, print},
    audit::{Act, Actor, Event},
    tasks,
    words::{Code, Fault},
};
use futures::{FutureExt, future::BoxFuture};
use protocol::{AeTitle, Timestamp, Uid, manifest::Completeness};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// AEs that are sent to at once.
const AES_MAX: usize = 4;
/// Until the next try, doubled with each.
const RETRY: Duration = Duration::from_secs(5);
/// The longest time between two tries.
const AWAY_MAX: Duration = Duration::from_secs(900);
const REFUSED_MAX: Duration = Duration::from_secs(3600);
/// While a study arrives again.
const ARRIVING: Duration = Duration::from_secs(2);
/// Acknowledged instances that are not written down yet, at most: those that are sent again after a crash.
const UNWRITTEN_MAX: usize = 256;
const UNWRITTEN_FOR: Duration = Duration::from_secs(5);
/// At a stop, an instance that is being sent may end within this.
const STOP_MAX: Duration = Duration::from_secs(3);
/// Rows shown at once.
const SHOWN_MAX: usize = 500;

type Key = (AeTitle, Uid);

/// A study that waits for an AE, as the portal shows it.
#[derive(Clone, Debug)]
pub(crate) struct RouteView {
    pub(crate) study: Uid,
    pub(crate) to: AeTitle,
    pub(crate) row: RouteRow,
    /// Of the study, now.
    pub(crate) instances: u32,
    /// `waiting`, `sending` or `failing`.
    pub(crate) state: &'static str,
    pub(crate) attempts: u32,
    /// What was wrong last.
    pub(crate) error: Option<Fault>,
    /// When it is tried again; `None`: now.
    pub(crate) again: Option<Timestamp>,
}

#[derive(Debug)]
struct Waiting {
    attempts: u32,
    due: Instant,
    error: Option<Fault>,
    /// What did not go the last time: it goes last.
    failed: HashSet<Print>,
    /// While it is sent: cuts that off.
    running: Option<CancellationToken>,
}

/// One AE.
#[derive(Debug)]
struct Line {
    attempts: u32,
    due: Instant,
    error: Option<Fault>,
    is_busy: bool,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeMap<Key, Waiting>,
    aes: BTreeMap<AeTitle, Line>,
}

/// All that waits.
#[derive(Debug, Default)]
pub(super) struct Lines {
    state: Mutex<State>,
    woken: Notify,
}

fn later(attempts: u32, most: Duration) -> Instant {
    Instant::now() + RETRY.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(most)
}

impl Lines {
    pub(super) fn of(open: Vec<(Uid, AeTitle)>) -> Self {
        let lines = Self::default();
        open.into_iter().for_each(|(study, to)| lines.add(&study, to));
        lines
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.state().waiting.len()
    }

    pub(super) fn add(&self, study: &Uid, to: AeTitle) {
        let now = Instant::now();
        let mut state = self.state();
        state.aes.entry(to.clone()).or_insert(Line { attempts: 0, due: now, error: None, is_busy: false });
        let fresh = Waiting { attempts: 0, due: now, error: None, failed: HashSet::new(), running: None };
        state.waiting.entry((to, study.clone())).or_insert(fresh);
        drop(state);
        self.woken.notify_one();
    }

    /// Says whether there was anything to try.
    pub(super) fn retry(&self, to: &AeTitle, study: Option<&Uid>) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        let mut found = false;
        for ((title, uid), waiting) in &mut state.waiting {
            if title == to && study.is_none_or(|study| study == uid) {
                waiting.due = now;
                found = true;
            }
        }
        if let Some(line) = state.aes.get_mut(to).filter(|_| found) {
            line.due = now;
        }
        drop(state);
        self.woken.notify_one();
        found
    }

    /// What is due now, or else when something is.
    fn take(&self, tasks: &tasks::Tasks, now: Instant) -> Result<(Key, CancellationToken), Option<Instant>> {
        let state = &mut *self.state();
        let due = |(key, waiting): (&Key, &Waiting)| {
            let line = state.aes.get(&key.0).filter(|line| !line.is_busy && waiting.running.is_none())?;
            Some((waiting.due.max(line.due), key.clone()))
        };
        match state.waiting.iter().filter_map(due).min() {
            Some((at, key)) if at <= now => {
                let stop = tasks.stop_token();
                if let Some(waiting) = state.waiting.get_mut(&key) {
                    waiting.running = Some(stop.clone());
                }
                if let Some(line) = state.aes.get_mut(&key.0) {
                    line.is_busy = true;
                }
                Ok((key, stop))
            }
            next => Err(next.map(|(at, _)| at)),
        }
    }

    fn failed(&self, key: &Key) -> HashSet<Print> {
        self.state().waiting.get(key).map(|waiting| waiting.failed.clone()).unwrap_or_default()
    }

    /// An attempt is over.
    fn ended(&self, key: &Key, ended: Ended, failed: HashSet<Print>) {
        let state = &mut *self.state();
        if let Some(line) = state.aes.get_mut(&key.0) {
            line.is_busy = false;
            match &ended {
                Ended::Away(why) => {
                    line.attempts = line.attempts.saturating_add(1);
                    line.due = later(line.attempts, AWAY_MAX);
                    line.error = Some(why.clone());
                }
                Ended::Refused(_) | Ended::Done => (line.attempts, line.due, line.error) = (0, Instant::now(), None),
                Ended::Arriving => {}
            }
        }
        match (state.waiting.get_mut(key), ended) {
            (Some(_), Ended::Done) => _ = state.waiting.remove(key),
            (Some(waiting), ended) => {
                waiting.running = None;
                waiting.failed = failed;
                match ended {
                    Ended::Refused(why) => {
                        waiting.attempts = waiting.attempts.saturating_add(1);
                        waiting.due = later(waiting.attempts, REFUSED_MAX);
                        waiting.error = Some(why);
                    }
                    _ => {
                        waiting.due =
                            Instant::now() + if matches!(ended, Ended::Arriving) { ARRIVING } else { Duration::ZERO }
                    }
                }
            }
            (None, _) => {}
        }
        self.woken.notify_one();
    }

    /// What waits, as it is: the first of them.
    pub(super) fn views(&self, archive: &Archive) -> Result<Vec<RouteView>, ArchiveError> {
        let now = Instant::now();
        let shown: Vec<_> = {
            let state = self.state();
            let view = |(key, waiting): (&Key, &Waiting)| {
                let line = state.aes.get(&key.0)?;
                let attempts = waiting.attempts.saturating_add(line.attempts);
                let error = waiting.error.clone().or_else(|| line.error.clone());
                let word = match (&waiting.running, &error) {
                    (Some(_), _) => "sending",
                    (None, Some(_)) => "failing",
                    (None, None) => "waiting",
                };
                let left = waiting.due.max(line.due).saturating_duration_since(now);
                Some((key.clone(), word, attempts, error, left))
            };
            state.waiting.iter().filter_map(view).take(SHOWN_MAX).collect()
        };
        let mut views = Vec::with_capacity(shown.len());
        for ((to, study), state, attempts, error, left) in shown {
            let Some(row) = archive.route(&study, &to)? else { continue };
            let instances = archive.study(&study)?.map_or(0, |row| row.instances);
            let again = (left > Duration::ZERO).then(|| tasks::now().after(left));
            views.push(RouteView { study, to, row, instances, state, attempts, error, again });
        }
        Ok(views)
    }
}

/// How an attempt ended.
#[derive(Debug)]
enum Ended {
    Done,
    /// Some of it was not taken, or it broke off.
    Refused(Fault),
    Away(Fault),
    Arriving,
}

/// Sends what is due, until the node stops.
pub(super) async fn run(inner: Arc<Inner>) {
    let places = Arc::new(Semaphore::new(AES_MAX));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.ok()?;
            loop {
                let woken = inner.lines.woken.notified();
                match inner.lines.take(&inner.parts.tasks, Instant::now()) {
                    Ok((key, stop)) => return Some((place, key, stop)),
                    Err(None) => woken.await,
                    Err(Some(at)) => _ = tokio::time::timeout_at(at, woken).await,
                }
            }
        };
        let next = tokio::select! {
            () = inner.parts.tasks.stopping() => return,
            next = next => next,
        };
        let Some((place, key, stop)) = next else { return };
        inner.parts.tasks.spawn("route", attempt(inner.clone(), place, key, stop));
    }
}

async fn attempt(inner: Arc<Inner>, _place: OwnedSemaphorePermit, key: Key, stop: CancellationToken) {
    let mut failed = inner.lines.failed(&key);
    let sending = send(&inner, &key, &stop, &mut failed);
    // What is on its way ends, and is written down.
    let cut = async {
        stop.cancelled().await;
        tokio::time::sleep(STOP_MAX).await;
    };
    let ended = tokio::select! {
        () = cut => Ok(Ended::Arriving),
        ended = sending => ended,
    };
    let ended = ended.unwrap_or_else(|error| {
        tracing::error!(%error, to = %key.0, "a study cannot be routed now");
        Ended::Refused(Fault::new(Code::Here, error))
    });
    if let Ended::Refused(why) | Ended::Away(why) = &ended {
        tracing::warn!(to = %key.0, study = %key.1, %why, "a study is not routed; it is tried again");
    }
    inner.lines.ended(&key, ended, failed);
}

/// What of a study waits for an AE (blocking): with `None` it is not there any more.
fn outstanding(archive: &Archive, (to, study): &Key) -> Result<Option<(RouteRow, Vec<Item>)>, ArchiveError> {
    let Some(row) = archive.route(study, to)?.filter(|row| row.is_open) else { return Ok(None) };
    let mut items = Vec::new();
    for series in archive.series(study)? {
        let held = archive.instances(study, &series.series)?.into_iter().filter(|held| !is_dealt(&row, held));
        items.extend(held.map(|held| Item { series: series.series.clone(), entry: held.entry }));
    }
    Ok(Some((row, items)))
}

async fn waits(inner: &Inner, key: &Key) -> Result<Option<(RouteRow, Vec<Item>)>, ArchiveError> {
    let (archive, named) = (inner.parts.archive.clone(), key.clone());
    let looking = inner.parts.tasks.spawn_blocking("route", move || outstanding(&archive, &named));
    looking.await.map_err(std::io::Error::other)?
}

async fn send(
    inner: &Inner,
    key: &Key,
    stop: &CancellationToken,
    failed: &mut HashSet<Print>,
) -> Result<Ended, RulesError> {
    let (to, study) = key;
    let parts = &inner.parts;
    if parts.archive.study(study)?.is_some_and(|row| row.completeness == Completeness::Arriving) {
        return Ok(Ended::Arriving);
    }
    let Some((row, mut items)) = waits(inner, key).await? else { return Ok(Ended::Done) };
    let sent = if items.is_empty() {
        Ok(())
    } else {
        items.sort_by_key(|item| failed.contains(&print(&item.entry.digest)));
        let open = match parts.studies.open_own(&person(row.rule), study).await {
            Ok(open) => open,
            Err(error) => return Ok(Ended::Refused(Fault::new(Code::FilesLost, error))),
        };
        failed.clear();
        let bytes = items.iter().map(|item| item.entry.bytes).sum();
        let mut sending = Sending {
            inner,
            key,
            stop,
            rule: row.rule,
            amount: (u64::try_from(items.len()).unwrap_or(u64::MAX), bytes),
            sent: Vec::new(),
            since: Instant::now(),
            failed,
            why: None,
        };
        let sent = parts.courier.send(to, &open, &items, &mut sending).await;
        sending.write().await?;
        match (sent, sending.why) {
            (Ok(()), Some(why)) => Err(NotSent::Broken(why)),
            (sent, _) => sent,
        }
    };
    match sent {
        _ if stop.is_cancelled() => return Ok(Ended::Arriving),
        Err(NotSent::Away(why)) => return Ok(Ended::Away(why)),
        Err(NotSent::Broken(why)) => return Ok(Ended::Refused(why)),
        Ok(()) => {}
    }
    let _changing = inner.changing.lock().await;
    if waits(inner, key).await?.is_some_and(|(_, items)| !items.is_empty()) {
        // More came in meanwhile.
        return Ok(Ended::Arriving);
    }
    parts.archive.routed(study, to, Routed { is_done: true, ..Routed::default() }).await?;
    Ok(Ended::Done)
}

/// Writes down what an AE acknowledges.
struct Sending<'a> {
    inner: &'a Inner,
    key: &'a Key,
    stop: &'a CancellationToken,
    rule: u64,
    amount: (u64, u64),
    sent: Vec<Print>,
    since: Instant,
    failed: &'a mut HashSet<Print>,
    why: Option<Fault>,
}

impl Sending<'_> {
    async fn write(&mut self) -> Result<(), ArchiveError> {
        if self.sent.is_empty() {
            return Ok(());
        }
        let routed = Routed { sent: std::mem::take(&mut self.sent), ..Routed::default() };
        self.since = Instant::now();
        self.inner.parts.archive.routed(&self.key.1, &self.key.0, routed).await
    }
}

impl Ledger for Sending<'_> {
    fn begin(&mut self) -> BoxFuture<'_, bool> {
        async move {
            let actor = Actor { person: person(self.rule).name, role: "node".to_owned(), site: None };
            let event = Event::new(Act::StudyExported, actor).study(&self.key.1);
            let event = event.amount(self.amount.0, self.amount.1).note(format!("C-STORE to {}", self.key.0));
            let written = self.inner.parts.audit.record(event).await;
            if let Err(error) = &written {
                tracing::error!(%error, "nothing is sent: it cannot be logged");
            }
            written.is_ok()
        }
        .boxed()
    }

    fn answered<'a>(&'a mut self, item: &'a Item, fault: Option<Fault>) -> BoxFuture<'a, bool> {
        async move {
            let print = print(&item.entry.digest);
            match fault {
                None => self.sent.push(print),
                Some(Fault { code, detail }) => {
                    self.failed.insert(print);
                    self.why = Some(Fault::new(code, format_args!("{} {detail}", item.entry.instance)));
                }
            }
            let is_over = self.stop.is_cancelled();
            if !is_over && self.sent.len() < UNWRITTEN_MAX && self.since.elapsed() < UNWRITTEN_FOR {
                return true;
            }
            let written = self.write().await;
            if let Err(error) = &written {
                tracing::error!(%error, "a route stops: what was sent cannot be written down");
            }
            written.is_ok() && !is_over
        }
        .boxed()
    }
}

/// What waits of a study for an AE is not sent.
pub(super) async fn drop_one(inner: &Inner, study: &Uid, to: &AeTitle, actor: Actor) -> Result<(), RulesError> {
    let key = (to.clone(), study.clone());
    let _changing = inner.changing.lock().await;
    let (_, items) = waits(inner, &key).await?.ok_or(RulesError::NoRoute)?;
    let note = format!("dropped: what is not sent to {to}");
    let event = Event::new(Act::RuleChanged, actor).study(study).note(note);
    let bytes = items.iter().map(|item| item.entry.bytes).sum();
    inner.parts.audit.record(event.amount(u64::try_from(items.len()).unwrap_or(u64::MAX), bytes)).await?;
    let removed = inner.lines.state().waiting.remove(&key);
    if let Some(running) = removed.and_then(|waiting| waiting.running) {
        running.cancel();
    }
    let dropped = items.iter().map(|item| print(&item.entry.digest)).collect();
    inner.parts.archive.routed(study, to, Routed { dropped, is_done: true, ..Routed::default() }).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(text: &str) -> Uid {
        Uid::parse(text).unwrap()
    }

    fn ae(text: &str) -> AeTitle {
        AeTitle::parse(text).unwrap()
    }

    #[test]
    fn an_ae_that_is_away_delays_all_and_a_refusal_its_study_only() {
        let tasks = tasks::Tasks::default();
        let lines = Lines::of(vec![(uid("1.1"), ae("A")), (uid("1.2"), ae("A")), (uid("1.1"), ae("B"))]);
        let soon = || Instant::now() + Duration::from_millis(1);
        let (first, _) = lines.take(&tasks, soon()).unwrap();
        let (second, _) = lines.take(&tasks, soon()).unwrap();
        assert_ne!(first.0, second.0, "one study at a time to each");
        assert!(lines.take(&tasks, soon()).is_err());
        let (to_a, to_b) = if first.0 == ae("A") { (first, second) } else { (second, first) };
        lines.ended(&to_b, Ended::Done, HashSet::new());
        assert_eq!(lines.len(), 2);

        lines.ended(&to_a, Ended::Away(Code::Unreachable.into()), HashSet::new());
        assert!(matches!(lines.take(&tasks, soon()), Err(Some(_))), "nothing goes there");
        let (again, _) = lines.take(&tasks, Instant::now() + RETRY).unwrap();
        lines.ended(&again, Ended::Refused(Code::Refused.into()), HashSet::from([[1; 16]]));
        assert_eq!(lines.failed(&again).len(), 1);
        let (other, _) = lines.take(&tasks, soon()).unwrap();
        assert_ne!(other, again, "the other study goes");
        lines.ended(&other, Ended::Done, HashSet::new());
        assert!(lines.take(&tasks, soon()).is_err());
        assert!(lines.retry(&ae("A"), None) && !lines.retry(&ae("B"), None));
        assert_eq!(lines.take(&tasks, soon()).unwrap().0, again);
    }

    #[test]
    fn intervals_grow_to_their_bound() {
        let wait = |attempts| later(attempts, AWAY_MAX).saturating_duration_since(Instant::now());
        assert!(wait(1) <= RETRY && wait(2) > RETRY && wait(40) <= AWAY_MAX && wait(40) > AWAY_MAX / 2);
    }
}
