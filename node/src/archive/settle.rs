//! Studies that are quiet get their manifest.
//!
//! A study is *arriving* from its first instance on. Some seconds after its last one it *settles*: its manifest is
//! made from the rows, kept under `manifests/`, and named by a journal record with the study's next version. A later
//! instance makes it arrive again.
//!
//! # At a crash
//! A study that had not settled settles after the next start. A manifest file newer than its record is written again:
//! the same rows make the same bytes.
//!
//! # Not here
//! Cards, and who is told: `overlay`.

use super::{
    ArchiveError, ArchiveEvent, Inner, SealedManifest,
    index::{Applied, Index},
    rows::{SettleRecord, StoredStudy, kind},
};
use crate::journal::Append;
use bytes::Bytes;
use protocol::{
    Digest, SiteId, Uid,
    limits::MANIFEST_BYTES_MAX,
    manifest::{Completeness, Manifest, ManifestRef, SeriesEntry},
    wire,
};
use std::{
    collections::HashMap,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// News of one growing study come at most so often.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Studies that were touched and have not settled.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    studies: Mutex<HashMap<Uid, Arrival>>,
    changed: Notify,
}

#[derive(Debug)]
struct Arrival {
    last: Instant,
    told: Instant,
    has_news: bool,
}

/// What is to be done now, and when to look again.
#[derive(Debug, Default)]
struct Due {
    tell: Vec<Uid>,
    settle: Vec<Uid>,
    next: Option<Instant>,
}

impl Arrivals {
    fn studies(&self) -> MutexGuard<'_, HashMap<Uid, Arrival>> {
        self.studies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An instance came in. Says whether to tell at once.
    pub(super) fn touch(&self, study: &Uid) -> bool {
        let now = Instant::now();
        let mut studies = self.studies();
        if let Some(arrival) = studies.get_mut(study) {
            arrival.last = now;
            let tells = now - arrival.told >= TELL_EVERY;
            if tells {
                arrival.told = now;
            } else {
                arrival.has_news = true;
            }
            return tells;
        }
        studies.insert(study.clone(), Arrival { last: now, told: now, has_news: false });
        self.changed.notify_one();
        true
    }

    /// It is to settle at once: nothing more is waited for.
    pub(super) fn settle_now(&self, study: &Uid) {
        let now = Instant::now();
        let past = now.checked_sub(Duration::from_secs(3600)).unwrap_or(now);
        self.studies().insert(study.clone(), Arrival { last: past, told: now, has_news: false });
        self.changed.notify_one();
    }

    fn due(&self, now: Instant, quiet: Duration) -> Due {
        let mut due = Due::default();
        let mut studies = self.studies();
        studies.retain(|study, arrival| {
            if now >= arrival.last + quiet {
                due.settle.push(study.clone());
                return false;
            }
            let mut next = arrival.last + quiet;
            if arrival.has_news {
                if now >= arrival.told + TELL_EVERY {
                    due.tell.push(study.clone());
                    (arrival.told, arrival.has_news) = (now, false);
                } else {
                    next = next.min(arrival.told + TELL_EVERY);
                }
            }
            due.next = Some(due.next.map_or(next, |earlier| earlier.min(next)));
            true
        });
        due
    }
}

/// Runs until the node stops.
pub(super) async fn run(inner: Arc<Inner>) {
    let quiet = Duration::from_millis(inner.config.settle_ms);
    loop {
        let due = inner.arrivals.due(Instant::now(), quiet);
        for study in due.tell {
            let _ = inner.events.send(ArchiveEvent::Growing(study));
        }
        for study in due.settle {
            if let Err(error) = settle(&inner, &study).await {
                tracing::error!(%error, "a study could not settle; it is tried again");
                inner.arrivals.touch(&study);
            }
        }
        let wake = due.next.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        tokio::select! {
            () = inner.tasks.stopping() => return,
            () = tokio::time::sleep_until(wake) => {}
            () = inner.arrivals.changed.notified() => {}
        }
    }
}

async fn settle(inner: &Arc<Inner>, study: &Uid) -> Result<(), ArchiveError> {
    let (shared, uid) = (inner.clone(), study.clone());
    let made = inner.tasks.spawn_blocking("settle", move || make(&shared, &uid)).await;
    match made.map_err(std::io::Error::other)?? {
        Some(record) => note(inner, record).await,
        None => Ok(()),
    }
}

/// Writes that a study has settled.
pub(super) async fn note(inner: &Arc<Inner>, record: SettleRecord) -> Result<(), ArchiveError> {
    let (shared, study) = (inner.clone(), record.study.clone());
    let append = Append {
        folders: vec![inner.manifests.clone()],
        kind: kind::SETTLE,
        body: wire::encode(&record),
        then: Some(Box::new(move |_, next| {
            shared.apply(&Applied::Settle(record), next);
            let _ = shared.events.send(ArchiveEvent::Settled(study));
        })),
        ..Append::default()
    };
    inner.journal.submit(append).await?;
    Ok(())
}

fn make(inner: &Inner, study: &Uid) -> Result<Option<SettleRecord>, ArchiveError> {
    let Some(stored) = inner.index.stored_study(study)? else { return Ok(None) };
    let manifest = manifest_of(&inner.index, inner.identity.site(), &stored)?;
    let bytes = wire::encode(&manifest);
    // A settling may be overtaken by a change that leaves as many instances: only what the rows say is complete.
    if stored.row.completeness == Completeness::Complete && stored.manifest == Some(reference(&bytes)) {
        return Ok(None);
    }
    if bytes.len() > MANIFEST_BYTES_MAX {
        tracing::error!(bytes = bytes.len(), "a study has too many instances for a manifest and stays arriving");
        return Ok(None);
    }
    let fresh = inner.manifests.join("fresh");
    let mut file = File::create(&fresh)?;
    file.write_all(&bytes)?;
    file.sync_data()?;
    std::fs::rename(&fresh, path(&inner.manifests, study))?;
    Ok(Some(SettleRecord {
        study: study.clone(),
        version: stored.row.version.max(inner.index.floor()) + 1,
        manifest: reference(&bytes),
        instances: u32::try_from(manifest.instances()).unwrap_or(u32::MAX),
        at: crate::tasks::now(),
    }))
}

fn reference(bytes: &[u8]) -> ManifestRef {
    ManifestRef { digest: Digest::of(bytes), bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX) }
}

/// UIDs are digits and dots, beginning with a digit: safe as names of files.
fn path(manifests: &Path, study: &Uid) -> PathBuf {
    manifests.join(study.as_str())
}

fn manifest_of(index: &Index, custodian: SiteId, stored: &StoredStudy) -> Result<Manifest, ArchiveError> {
    let study = &stored.row.study;
    let mut series = Vec::with_capacity(stored.series.len());
    for row in index.series(study)? {
        let instances = index.instances(study, &row.series)?.into_iter().map(|i| i.row.entry).collect();
        series.push(SeriesEntry { series: row.series, modality: row.modality, number: row.number, instances });
    }
    Ok(Manifest { custodian, study: study.clone(), series })
}

/// The newest manifest; made again from the rows where its file is lost.
pub(super) fn newest(inner: &Inner, study: &Uid) -> Result<Option<SealedManifest>, ArchiveError> {
    let Some(stored) = inner.index.stored_study(study)? else { return Ok(None) };
    let Some(reference_) = stored.manifest else { return Ok(None) };
    if let Some(sealed) = inner.sealed().get(&reference_.digest) {
        return Ok(Some(sealed.clone()));
    }
    let kept = std::fs::read(path(&inner.manifests, study)).ok().filter(|bytes| reference(bytes) == reference_);
    let bytes = match kept {
        Some(bytes) => bytes,
        None => {
            let bytes = wire::encode(&manifest_of(&inner.index, inner.identity.site(), &stored)?);
            if reference(&bytes) != reference_ {
                tracing::warn!("a study's newest manifest is lost; it comes with the next settling");
                return Ok(None);
            }
            bytes
        }
    };
    let manifest = Arc::new(wire::decode::<Manifest>(&bytes)?);
    let sealed = SealedManifest { reference: reference_, bytes: Bytes::from(bytes), manifest };
    inner.sealed().put(reference_.digest, sealed.clone());
    Ok(Some(sealed))
}
