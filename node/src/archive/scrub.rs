//! Disks forget. Every stored byte is read again and compared with its digest, in the background, once in `scrub_days`.
//!
//! The pace spreads the archive's bytes over that time, so that nobody notices. An object that is not what was stored
//! is set aside under `objects/rotten/`, never shown again and reported as a security alert; the same instance sent
//! again takes its place. A file that is missing or cannot be read is reported and left where it is.
//!
//! # At a crash
//! A pass goes on behind the study it had finished; a file that was set aside is where its name says, or still in its
//! place and found the next time.
//!
//! # Not here
//! Bringing a rotten object back: [`super::repair`]. Reading on demand, which verifies too: [`super::object`].

use super::{
    ArchiveError, Inner,
    object::{self, Fault},
    repair,
    rows::StoredInstance,
};
use crate::audit::{Act, Actor, Event, Outcome};
use protocol::{Timestamp, Uid};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

const DAY_S: u64 = 86_400;
/// Bytes a second at least: a small archive is read through in hours.
const RATE_MIN: u64 = 256 * 1024;
/// Cold copies are read at this part of the pace: their disk may be far.
const COLD_SLOWER: u64 = 4;
/// Between two passes over little or nothing, and after a fault of the index.
const REST: Duration = Duration::from_secs(3600);

/// How a pass went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) objects: u64,
    pub(super) bytes: u64,
    pub(super) faults: u64,
    /// The node stops: the rest is for the next start.
    pub(super) is_cut: bool,
}

fn mark(dir: &Path) -> PathBuf {
    dir.join("scrub.state")
}

/// A pass that came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastPass {
    pub(crate) at: Timestamp,
    pub(crate) objects: u64,
    pub(crate) faults: u64,
}

/// How it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scrubbed {
    /// Studies of this pass read so far, of all.
    pub(crate) done: u64,
    pub(crate) of: u64,
    /// Since the last start, or before.
    pub(crate) last: Option<LastPass>,
}

fn last(dir: &Path) -> PathBuf {
    dir.join("scrub.last")
}

pub(super) fn state(inner: &Inner) -> Result<Scrubbed, ArchiveError> {
    let behind = fs::read_to_string(mark(&inner.dir)).unwrap_or_default();
    let all = inner.index.all()?;
    let done = all.iter().filter(|study| study.as_str() <= behind.as_str()).count();
    let last = fs::read(last(&inner.dir)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(Scrubbed { done: done as u64, of: all.len() as u64, last })
}

/// Runs until the node stops.
pub(super) async fn run(inner: Arc<Inner>) {
    let days = u64::from(inner.config.scrub_days);
    if days == 0 {
        return;
    }
    loop {
        let rate = (inner.index.totals().bytes / (days * DAY_S)).max(RATE_MIN);
        match pass(&inner, rate).await {
            Ok(passed) if passed.is_cut => return,
            Ok(Passed { objects, bytes, faults, .. }) => {
                let pass = LastPass { at: crate::tasks::now(), objects, faults };
                if let Err(error) = fs::write(last(&inner.dir), serde_json::to_vec(&pass).unwrap_or_default()) {
                    tracing::warn!(%error, "scrub.last was not written");
                }
                tracing::info!(objects, bytes, faults, "every stored byte was read again");
            }
            Err(error) => tracing::error!(%error, "stored bytes could not be read again; it is tried later"),
        }
        tokio::select! {
            () = inner.tasks.stopping() => return,
            () = tokio::time::sleep(REST) => {}
        }
    }
}

/// One pass, from behind the last mark to the end, at so many bytes a second.
pub(super) async fn pass(inner: &Arc<Inner>, rate: u64) -> Result<Passed, ArchiveError> {
    let behind = fs::read_to_string(mark(&inner.dir)).unwrap_or_default();
    let mut passed = Passed::default();
    for study in inner.index.all()?.into_iter().filter(|study| study.as_str() > behind.as_str()) {
        for series in inner.index.series(&study)? {
            for instance in inner.index.instances(&study, &series.series)? {
                let began = Instant::now();
                let (shared, held) = (inner.clone(), instance.clone());
                // Twice: what a bus or a cable spoils once is no reason to take an object out.
                let looked = inner.tasks.spawn_blocking("scrub", move || {
                    object::fault(&shared, &held).and_then(|_| object::fault(&shared, &held))
                });
                let looked = looked.await;
                if let Some(fault) = looked.map_err(std::io::Error::other)? {
                    passed.faults += 1;
                    rotten(inner, &study, &instance, fault).await?;
                }
                let bytes = instance.row.entry.bytes;
                passed.objects += 1;
                passed.bytes = passed.bytes.saturating_add(bytes);
                let rate = if inner.index.has_copy(&instance.row.entry.digest)? { rate / COLD_SLOWER } else { rate };
                let due = Duration::from_millis(bytes.saturating_mul(1000) / rate.max(1));
                tokio::select! {
                    () = inner.tasks.stopping() => return Ok(Passed { is_cut: true, ..passed }),
                    () = tokio::time::sleep(due.saturating_sub(began.elapsed())) => {}
                }
            }
        }
        // Should it be lost, a little is read twice.
        fs::write(mark(&inner.dir), study.as_str())?;
    }
    fs::write(mark(&inner.dir), "")?;
    Ok(passed)
}

/// Evidence first; then the object leaves its place, unless the row changed meanwhile.
async fn rotten(inner: &Arc<Inner>, study: &Uid, instance: &StoredInstance, fault: Fault) -> Result<(), ArchiveError> {
    let entry = &instance.row.entry;
    if inner.index.sop(&entry.instance)?.is_none_or(|now| now.row.entry.digest != entry.digest) {
        return Ok(());
    }
    if fault == Fault::Unreachable {
        tracing::debug!(instance = %entry.instance, "not read again: the cold tier is not there");
        return Ok(());
    }
    tracing::error!(instance = %entry.instance, fault = fault.text(), "a stored object is not what was stored");
    if inner.alerted().put(entry.digest, ()).is_none() {
        let event = Event::new(Act::SecurityAlert, Actor::default())
            .outcome(Outcome::Failed)
            .study(study)
            .amount(1, entry.bytes)
            .note(format!("read again: instance {}: {}", entry.instance, fault.text()));
        if let Err(error) = inner.audit.record(event).await {
            inner.alerted().pop(&entry.digest);
            return Err(ArchiveError::Io(std::io::Error::other(error)));
        }
    }
    if fault.is_rot() {
        set_aside(inner, entry.digest).await?;
    }
    if repair::is_repairable(inner, &entry.digest, fault) {
        repair::found(inner, study, instance).await?;
    }
    Ok(())
}

async fn set_aside(inner: &Arc<Inner>, digest: protocol::Digest) -> Result<(), ArchiveError> {
    let shared = inner.clone();
    let moved = inner.tasks.spawn_blocking("scrub", move || {
        shared.groups().pop(&digest);
        // A hot file that is rotten is copied back from its cold copy by whoever reads it next.
        if shared.blobs.path(&digest).exists() || !shared.index.has_copy(&digest).unwrap_or(false) {
            return shared.blobs.set_aside(&digest);
        }
        shared.cold.set_aside(&digest)
    });
    Ok(moved.await.map_err(std::io::Error::other)??)
}

/// Whoever read an object found it rotten. It is looked at again and waits for its repair; until then it stays where it
/// is, since what of it is sound (its header, most often) is what the other images of its series are read with.
pub(super) async fn look_again(inner: Arc<Inner>, study: Uid, instance: Arc<StoredInstance>) {
    let (shared, held) = (inner.clone(), instance.clone());
    let looked = inner.tasks.spawn_blocking("scrub", move || object::fault(&shared, &held)).await;
    if let Ok(Some(fault)) = looked
        && repair::is_repairable(&inner, &instance.row.entry.digest, fault)
        && let Err(error) = repair::found(&inner, &study, &instance).await
    {
        tracing::error!(%error, "a rotten object could not be written down; the next pass does it");
    }
}
