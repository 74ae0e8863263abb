//! Events of the log on their way to the house's collector: DICOM audit messages (PS3.15 A.5) over syslog by TLS
//! (RFC 5424, 5425), each at least once, in the order of their numbers.
//!
//! A batch goes over one connection. When it is written we say that no more will come (close_notify, RFC 5425 §4.4) and
//! wait for the collector to end its side too: it has then read everything. Only after that the place in the log moves
//! on. Nothing waits for the collector: the log is the queue, so memory holds one batch, however long it is away.
//!
//! # At a crash
//! The place is a number in `collector.state`, replaced as a whole. What was sent and not yet noted is sent again;
//! nothing is left out. Should the file be lost, the log is sent from its beginning.
//!
//! # Not here
//! The log itself ([`crate::audit`]); events by FHIR ([`fhir`]), which whoever asks for takes from the portal's door; what the collector does with a message it has read.

mod fhir;
mod message;
mod syslog;
#[cfg(test)]
mod tests;

use crate::{
    alarms::{Alarms, Kind, Rungs},
    archive::Archive,
    audit::{Audit, Event},
    config::CollectorConfig,
    tasks::{self, Tasks},
};
pub(crate) use fhir::{audit_event, codes, outcome_code};
pub(crate) use message::Source;
use message::Study;
use protocol::Timestamp;
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Messages over one connection: some 500 KB.
const BATCH: usize = 256;
/// How often the log is looked at while there is nothing to send.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Pauses after failures; the last one again and again.
const PAUSES_S: [u64; 6] = [1, 2, 5, 15, 30, 60];
/// An event whose number is missing was never durable, unless it is being written just now: after so long it is not.
const WRITTEN_WITHIN: Duration = Duration::from_secs(60);
/// Minutes by which the collector is behind.
const BEHIND: Rungs = Rungs { notice: 15, warning: 60, critical: 1_440, slack: 5 };
const FILE: &str = "collector.state";

/// What is needed of the node.
#[derive(Debug)]
pub(crate) struct CollectParts {
    pub(crate) dir: PathBuf,
    pub(crate) config: CollectorConfig,
    /// The site's name and its key, as messages name their source.
    pub(crate) site: String,
    pub(crate) key: String,
    pub(crate) audit: Audit,
    pub(crate) archive: Archive,
    pub(crate) alarms: Alarms,
    pub(crate) tasks: Tasks,
}

/// Sends until the node stops.
pub(crate) fn start(parts: CollectParts) {
    let tasks = parts.tasks.clone();
    tasks.spawn("collector", run(Arc::new(parts)));
}

async fn run(parts: Arc<CollectParts>) {
    let mut sent = read_place(&parts.dir);
    let mut failures = 0usize;
    loop {
        let pause = match next(&parts, sent, &mut failures).await {
            Some(last) => {
                sent = last;
                continue;
            }
            None if failures == 0 => LOOK_EVERY,
            None => {
                let at = failures.saturating_sub(1).min(PAUSES_S.len() - 1);
                Duration::from_secs(PAUSES_S.get(at).copied().unwrap_or(60))
            }
        };
        tokio::select! {
            () = parts.tasks.stopping() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Whether the collector lets us in: shakes hands and says nothing.
///
/// # Errors
/// In words, what it or a library says.
pub(crate) async fn reach(to: &CollectorConfig) -> Result<(), String> {
    syslog::send(to, &[]).await.map_err(|error| error.to_string())
}

/// Sends one batch; the last number of it once the collector has it, `None` where there is nothing or it failed.
async fn next(parts: &Arc<CollectParts>, sent: u64, failures: &mut usize) -> Option<u64> {
    let reading = parts.clone();
    let batch = parts.tasks.spawn_blocking("collector batch", move || Batch::read(&reading, sent)).await.ok()?;
    let now = tasks::now();
    let behind = batch.oldest.map_or(0, |at| now.since(at).as_secs() / 60);
    let level = BEHIND.level(behind, parts.alarms.level(Kind::CollectorBehind, ""));
    parts.alarms.set(Kind::CollectorBehind, "", behind, level);
    let last = batch.last?;
    let told = tokio::select! {
        () = parts.tasks.stopping() => return None,
        told = syslog::send(&parts.config, &batch.frames) => told,
    };
    let noted = told.map_err(|error| error.to_string()).and_then(|()| {
        let kept = write_place(&parts.dir, last);
        kept.map_err(|error| error.to_string())
    });
    match noted {
        Ok(()) => {
            *failures = 0;
            Some(last)
        }
        Err(error) => {
            *failures = failures.saturating_add(1);
            tracing::warn!(%error, failures = *failures, "the audit collector did not take a batch; it is sent again");
            None
        }
    }
}

/// Messages to be sent together.
struct Batch {
    frames: Vec<u8>,
    last: Option<u64>,
    oldest: Option<Timestamp>,
}

impl Batch {
    fn read(parts: &CollectParts, sent: u64) -> Self {
        let events = after(&parts.audit, sent, tasks::now());
        let source = Source { site: &parts.site, key: &parts.key };
        let mut frames = Vec::new();
        for (number, event) in &events {
            let study = event.study.as_ref().and_then(|study| study_of(&parts.archive, study));
            let xml = message::xml(&source, *number, event, study.as_ref());
            syslog::frame(&mut frames, &parts.site, event, &xml);
        }
        Self { frames, last: events.last().map(|(number, _)| *number), oldest: events.first().map(|(_, e)| e.at) }
    }
}

/// Up to a batch of events after a number, in order; it ends where one may still be on its way to the disk.
fn after(audit: &Audit, sent: u64, now: Timestamp) -> Vec<(u64, Event)> {
    let room = u64::try_from(BATCH).unwrap_or(u64::MAX);
    let before = sent.saturating_add(room).saturating_add(1);
    let filter = crate::audit::Filter { before: Some(before), limit: BATCH, ..Default::default() };
    let mut found: Vec<(u64, Event)> = audit.page(&filter).into_iter().filter(|(number, _)| *number > sent).collect();
    if found.is_empty() {
        // A whole batch of numbers that were never written: go to what follows them.
        let newest = audit.page(&crate::audit::Filter { limit: BATCH, ..Default::default() });
        found = newest.into_iter().filter(|(number, _)| *number > sent).collect();
    }
    found.sort_unstable_by_key(|(number, _)| *number);
    let mut expected = sent.saturating_add(1);
    let whole = found.iter().take_while(|(number, event)| {
        let fit = *number == expected || now.since(event.at) > WRITTEN_WITHIN;
        expected = number.saturating_add(1);
        fit
    });
    let whole = whole.count();
    found.truncate(whole);
    found
}

/// What messages say of a study of ours. Never a name.
pub(crate) fn study_of(archive: &Archive, study: &protocol::Uid) -> Option<Study> {
    let row = archive.study(study).ok()??;
    let mut classes: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for series in archive.series(study).ok()? {
        // One object tells the class of its series; the few series of mixed classes are counted under the first.
        if let Some(first) = archive.instances(study, &series.series).ok()?.first() {
            *classes.entry(first.entry.sop_class.to_string()).or_default() += u64::from(series.instances);
        }
    }
    Some(Study { patient_id: row.patient.id, accession: row.accession, classes: classes.into_iter().collect() })
}

fn read_place(dir: &Path) -> u64 {
    let text = fs::read_to_string(dir.join(FILE)).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

fn write_place(dir: &Path, number: u64) -> std::io::Result<()> {
    let (path, fresh) = (dir.join(FILE), dir.join("collector.state.new"));
    let mut file = File::create(&fresh)?;
    writeln!(file, "{number}")?;
    file.sync_all()?;
    fs::rename(fresh, path)?;
    File::open(dir)?.sync_all()
}
