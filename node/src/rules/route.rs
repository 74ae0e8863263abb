//! Studies on their way to AEs.
//!
//! What of a study is not sent is asked of the index each time; the record of what was sent follows the AE's answers, some
//! hundreds of instances or some seconds behind. An instance that an AE refuses goes last at the next try.
//!
//! # Not here
//! Order and intervals: [`super::queue`]. DIMSE: [`super::Courier`].

use super::{
    Inner, Item, Ledger, NotSent, RulesError,
    fire::is_dealt,
    queue::{self, Ended, Job, Queue, Waits},
};
use crate::{
    archive::{Archive, ArchiveError, Print, RouteRow, Routed, print},
    audit::{Act, Actor, Event},
    trust::Person,
    words::{Code, Fault},
};
use futures::{FutureExt, future::BoxFuture};
use protocol::{AeTitle, Uid, manifest::Completeness};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// AEs that are sent to at once.
const AES_MAX: usize = 4;
/// While a study arrives again.
const ARRIVING: Duration = Duration::from_secs(2);
/// Acknowledged instances that are not written down yet, at most: those that are sent again after a crash.
const UNWRITTEN_MAX: usize = 256;
const UNWRITTEN_FOR: Duration = Duration::from_secs(5);
/// At a stop, an instance that is being sent may end within this.
const STOP_MAX: Duration = Duration::from_secs(3);
/// Rows shown at once.
const SHOWN_MAX: usize = 500;

type Key = queue::Key<AeTitle>;

/// A study that waits for an AE, as the portal shows it.
#[derive(Clone, Debug)]
pub(crate) struct RouteView {
    pub(crate) study: Uid,
    pub(crate) to: AeTitle,
    pub(crate) row: RouteRow,
    /// Of the study, now.
    pub(crate) instances: u32,
    pub(crate) waits: Waits<Fault>,
}

/// What waits, as it is: the first of them.
pub(super) fn views(lines: &Queue<AeTitle, Fault>, archive: &Archive) -> Result<Vec<RouteView>, ArchiveError> {
    let mut views = Vec::new();
    for ((to, study), waits) in lines.views(SHOWN_MAX) {
        let Some(row) = archive.route(&study, &to)? else { continue };
        let instances = archive.study(&study)?.map_or(0, |row| row.instances);
        views.push(RouteView { study, to, row, instances, waits });
    }
    Ok(views)
}

const fn again() -> Ended<Fault> {
    Ended::Later(ARRIVING, None)
}

/// Sends what is due, until the node stops.
pub(super) async fn run(inner: Arc<Inner>) {
    queue::run(inner, |inner| &inner.lines, ("route", AES_MAX), attempt).await;
}

async fn attempt(inner: Arc<Inner>, Job { key, stop }: Job<AeTitle>) {
    let mut failed = inner.lines.failed(&key);
    let sending = send(&inner, &key, &stop, &mut failed);
    // What is on its way ends, and is written down.
    let cut = async {
        stop.cancelled().await;
        tokio::time::sleep(STOP_MAX).await;
    };
    let ended = tokio::select! {
        () = cut => Ok(again()),
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
) -> Result<Ended<Fault>, RulesError> {
    let (to, study) = key;
    let parts = &inner.parts;
    if parts.archive.study(study)?.is_some_and(|row| row.completeness == Completeness::Arriving) {
        return Ok(again());
    }
    let Some((row, mut items)) = waits(inner, key).await? else { return Ok(Ended::Done) };
    let sent = if items.is_empty() {
        Ok(())
    } else {
        items.sort_by_key(|item| failed.contains(&print(&item.entry.digest)));
        let open = match parts.studies.open_own(&Person::of_rule(row.rule), study).await {
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
        _ if stop.is_cancelled() => return Ok(again()),
        Err(NotSent::Away(why)) => return Ok(Ended::Away(why)),
        Err(NotSent::Broken(why)) => return Ok(Ended::Refused(why)),
        Ok(()) => {}
    }
    let _changing = inner.changing.lock().await;
    if waits(inner, key).await?.is_some_and(|(_, items)| !items.is_empty()) {
        // More came in meanwhile.
        return Ok(again());
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
            let actor = Actor { person: Person::of_rule(self.rule).name, role: "node".to_owned(), ..Actor::default() };
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
    inner.lines.remove(&key);
    let dropped = items.iter().map(|item| print(&item.entry.digest)).collect();
    inner.parts.archive.routed(study, to, Routed { dropped, is_done: true, ..Routed::default() }).await?;
    Ok(())
}
