//! The index made again: from the journal, and from the files themselves where the journal is hurt or gone.
//!
//! # At a crash
//! A new journal is made beside the old one and takes its place by renaming; before that, nothing is changed.
//!
//! # Not here
//! Objects whose file is hurt: [`super::Archive::verify`] finds them, a sender or a backup has them.

use super::{
    ArchiveError,
    blobs::Blobs,
    index::{Applied, Index},
    ingest::{self, Sizes, digest_of},
    part10::{self, FRONT_BYTES_MAX},
    prescan::{self, DataSet},
    rows::{
        AsideRecord, CloseRecord, ColdRecord, EraseRecord, FloorRecord, IngestRecord, ReinstateRecord, RejectRecord,
        RotRecord, SettleRecord, Totals, VoidRecord, WithPeers, kind,
    },
    small,
    state::State,
};
use crate::{
    journal::{self, Journal, JournalError, Position, Record},
    tasks::Tasks,
};
use protocol::{Digest, Timestamp, Uid, wire};
use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// Records written to a new journal at once.
const BATCH_RECORDS: usize = 1024;

pub(super) fn journal_dir(dir: &Path) -> PathBuf {
    dir.join("journal").join("archive")
}

pub(super) fn index_dir(dir: &Path) -> PathBuf {
    dir.join("index")
}

/// Opens the index and brings it up to the journal's end. One that does not open, or knows what the journal does not,
/// is moved aside and made again.
pub(super) fn open_index(dir: &Path, journal: &Journal) -> Result<Index, ArchiveError> {
    let path = index_dir(dir);
    let opened = Index::open(&path).and_then(|index| match index.applied() > journal.end() {
        true => Err(ArchiveError::Journal(JournalError::Closed)),
        false => Ok(index),
    });
    let index = match opened {
        Ok(index) => index,
        // A search that began before holds it still.
        Err(error) if error.is_locked() => return Err(error),
        Err(error) => {
            tracing::warn!(%error, "the index does not fit and is made again from the journal");
            set_aside(&path)?;
            Index::open(&path)?
        }
    };
    match catch_up(&index, journal, &mut |_| {}) {
        Err(ArchiveError::Journal(error)) => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "the index cannot be read and is made again from the journal");
            drop(index);
            remake(dir, journal, &mut |_| {})
        }
        Ok(()) => Ok(index),
    }
}

/// Makes the index from nothing but the journal.
pub(super) fn remake(dir: &Path, journal: &Journal, each: &mut dyn FnMut(u64)) -> Result<Index, ArchiveError> {
    let path = index_dir(dir);
    set_aside(&path)?;
    let index = Index::make(&path)?;
    catch_up(&index, journal, each)?;
    index.made()?;
    Index::open(&path)
}

/// The index only repeats what the journal says; one older copy is enough to find out what happened to it.
fn set_aside(path: &Path) -> Result<(), ArchiveError> {
    let aside = path.with_extension("aside");
    if aside.exists() {
        fs::remove_dir_all(&aside)?;
    }
    if path.exists() {
        fs::rename(path, aside)?;
    }
    Ok(())
}

/// Replays with errors of our own.
pub(super) fn replay(
    journal: &Journal,
    (from, upto): (Position, Position),
    each: &mut dyn FnMut(&Record<'_>) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let mut failed = None;
    let replayed = journal.replay_to(from, upto, &mut |record| {
        each(&record).map_err(|error| {
            failed = Some(error);
            JournalError::Closed
        })
    });
    match (failed, replayed) {
        (Some(error), _) => Err(error),
        (None, replayed) => Ok(replayed.map(|_| ())?),
    }
}

/// Where the last voiding of an instance stands: records before it do not count.
type Voids = HashMap<(Uid, Digest), Position>;

fn catch_up(index: &Index, journal: &Journal, each: &mut dyn FnMut(u64)) -> Result<(), ArchiveError> {
    let from = index.applied();
    let range = (from, journal.end());
    let mut voids = Voids::new();
    replay(journal, range, &mut |record| {
        if record.kind == kind::VOID {
            let void: VoidRecord = wire::decode(record.body)?;
            voids.insert((void.instance, void.digest), record.position);
        }
        Ok(())
    })?;
    let mut count = 0;
    replay(journal, range, &mut |record| {
        index.apply(&applied(record, &voids)?, record.next)?;
        count += 1;
        each(count);
        Ok(())
    })?;
    index.write()
}

fn applied(record: &Record<'_>, voids: &Voids) -> Result<Applied, ArchiveError> {
    Ok(match record.kind {
        kind::INGEST => {
            let ingest: IngestRecord = wire::decode(record.body)?;
            let entry = &ingest.instance.row.entry;
            let key = (entry.instance.clone(), entry.digest);
            match voids.get(&key) {
                Some(void) if record.position < *void => Applied::Nothing,
                _ => Applied::Ingest(Box::new(ingest)),
            }
        }
        kind::SETTLE => Applied::Settle(wire::decode::<SettleRecord>(record.body)?),
        kind::REJECT => Applied::Reject(wire::decode(record.body)?),
        kind::REINSTATE => Applied::Reinstate(wire::decode(record.body)?),
        kind::ASIDE => Applied::Aside(Box::new(wire::decode(record.body)?)),
        kind::RESOLVE => Applied::Resolve(Box::new(wire::decode(record.body)?)),
        kind::CORRECT => Applied::Correct(Box::new(wire::decode(record.body)?)),
        kind::UNCORRECT => Applied::Uncorrect(wire::decode(record.body)?),
        kind::COLD => Applied::Cold(wire::decode(record.body)?),
        kind::RECALL => Applied::Recall(wire::decode(record.body)?),
        kind::CLAIM => Applied::Claim(wire::decode(record.body)?),
        kind::PROPOSE => Applied::Propose(wire::decode(record.body)?),
        kind::WITHDRAW => Applied::Withdraw(wire::decode(record.body)?),
        kind::ERASE => Applied::Erase(wire::decode(record.body)?),
        kind::ERASED => Applied::Erased(wire::decode(record.body)?),
        kind::CLOSE => Applied::Close(wire::decode(record.body)?),
        kind::CLOSED => Applied::Closed(wire::decode(record.body)?),
        kind::NOTE => Applied::Note(wire::decode(record.body)?),
        kind::RULE => Applied::Rule(Box::new(wire::decode(record.body)?)),
        kind::LABEL => Applied::Label(wire::decode(record.body)?),
        kind::FIRE => Applied::Fire(wire::decode(record.body)?),
        kind::ROUTED => Applied::Routed(wire::decode(record.body)?),
        kind @ kind::OFFERED..=kind::USED => Applied::WithPeers(WithPeers::decode(kind, record.body)?),
        kind::ROT => Applied::Rot(wire::decode(record.body)?),
        kind::REPAIR => Applied::Repair(wire::decode(record.body)?),
        kind::WITHHOLD => Applied::Withhold(wire::decode(record.body)?),
        kind::RELEASE => Applied::Release(wire::decode(record.body)?),
        kind::FLOOR => Applied::Floor(wire::decode::<FloorRecord>(record.body)?.version),
        _ => Applied::Nothing,
    })
}

/// Records since `from` whose file is missing or short no longer count. Says whether there were any.
pub(super) fn void_missing(journal: &Journal, from: Position, blobs: &Blobs) -> Result<bool, ArchiveError> {
    let mut missing = HashMap::new();
    replay(journal, (from, journal.end()), &mut |record| {
        if record.kind == kind::INGEST {
            let ingest: IngestRecord = wire::decode(record.body)?;
            let entry = &ingest.instance.row.entry;
            let void = VoidRecord {
                study: ingest.study.study.clone(),
                series: ingest.series.series.clone(),
                instance: entry.instance.clone(),
                digest: entry.digest,
            };
            if blobs.has(&ingest.instance.row) {
                missing.remove(&entry.instance);
            } else {
                missing.insert(entry.instance.clone(), void);
            }
        } else if record.kind == kind::VOID {
            missing.remove(&wire::decode::<VoidRecord>(record.body)?.instance);
        } else if record.kind == kind::ROT {
            // It counts, and waits for its repair.
            missing.remove(&wire::decode::<RotRecord>(record.body)?.instance);
        } else if record.kind == kind::ERASE {
            for named in wire::decode::<EraseRecord>(record.body)?.instances {
                missing.remove(&named.instance);
            }
        } else if record.kind == kind::CLOSE {
            let close: CloseRecord = wire::decode(record.body)?;
            if missing.get(&close.instance).is_some_and(|void| void.digest == close.gone) {
                missing.remove(&close.instance);
            }
        }
        Ok(())
    })?;
    if missing.is_empty() {
        return Ok(false);
    }
    let copies = copies(journal)?;
    missing.retain(|_, void| !copies.contains(&void.digest));
    for void in missing.values() {
        tracing::error!(digest = %void.digest, "a stored instance has no whole file and no longer counts");
        journal.append_now(vec![(kind::VOID, wire::encode(void))])?;
    }
    Ok(!missing.is_empty())
}

/// Objects with a copy in the cold tier, by all that the journal says.
fn copies(journal: &Journal) -> Result<HashSet<Digest>, ArchiveError> {
    let mut copies = HashSet::new();
    replay(journal, (Position::default(), journal.end()), &mut |record| {
        if record.kind == kind::COLD {
            copies.extend(wire::decode::<ColdRecord>(record.body)?.digests);
        }
        Ok(())
    })?;
    Ok(copies)
}

/// Rebuilds the index of a folder from journal and files alone (no node running on it).
///
/// # Errors
/// When the disk cannot be read or written.
pub(crate) fn rebuild(dir: &Path, each: &mut dyn FnMut(u64)) -> Result<Totals, ArchiveError> {
    let blobs = Blobs::open(dir, 0)?;
    let path = journal_dir(dir);
    let tasks = Tasks::default();
    let journal = match sound_journal(&path, &tasks, &blobs)? {
        Some(journal) => journal,
        None => {
            write_journal(dir, &path, &blobs, each)?;
            let journal = Journal::open(&path, &tasks)?;
            State::Clean { position: journal.end() }.write(dir)?;
            journal
        }
    };
    let index = remake(dir, &journal, each)?;
    index.sync(&index_dir(dir))?;
    Ok(index.totals())
}

/// The journal, if every record can be read and it is not empty beside files.
fn sound_journal(path: &Path, tasks: &Tasks, blobs: &Blobs) -> Result<Option<Journal>, ArchiveError> {
    let opened = Journal::open(path, tasks).and_then(|journal| {
        journal.replay(Position::default(), &mut |_| Ok(()))?;
        Ok(journal)
    });
    match opened {
        Ok(journal) if journal.end() > Position::default() => Ok(Some(journal)),
        Ok(journal) => {
            let mut files = 0u64;
            blobs.each(&mut |_, _, _| files += 1)?;
            Ok((files == 0).then_some(journal))
        }
        Err(JournalError::Damaged { path, at }) => {
            tracing::warn!(path = %path.display(), at, "the journal is damaged; what it lost comes from the files");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether an object's file is there; where the journal still has its bytes, it is after this, and on disk.
fn is_whole(blobs: &Blobs, record: &IngestRecord, attached: Option<&[u8]>) -> bool {
    let digest = &record.instance.row.entry.digest;
    let kept = attached.map_or(Ok(false), |bytes| {
        small::keep(blobs, digest, bytes)?;
        File::open(blobs.folder(digest))?.sync_all().map(|()| true)
    });
    match kept {
        Ok(kept) => kept || blobs.has(&record.instance.row),
        Err(error) => {
            tracing::error!(%digest, %error, "a small object could not be written from the journal");
            false
        }
    }
}

/// Objects that a journal says are in the cold tier, or were found rotten: they count without a hot file.
fn without_file(journal: &Path) -> Result<HashSet<Digest>, ArchiveError> {
    let mut named = HashSet::new();
    journal::salvage(journal, &mut |kind, body, _| {
        match kind {
            kind::COLD => named.extend(wire::decode::<ColdRecord>(body).into_iter().flat_map(|record| record.digests)),
            kind::ROT => named.extend(wire::decode::<RotRecord>(body).map(|record| record.digest)),
            _ => {}
        }
        Ok(())
    })?;
    Ok(named)
}

/// A new journal of what the old one still says and of the files it does not name.
fn write_journal(dir: &Path, old: &Path, blobs: &Blobs, each: &mut dyn FnMut(u64)) -> Result<(), ArchiveError> {
    let fresh = old.with_extension("fresh");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    let journal = Journal::open(&fresh, &Tasks::default())?;
    let now = crate::tasks::now();
    let floor = FloorRecord { version: now.0 / 1000 };
    let mut batch = vec![(kind::FLOOR, wire::encode(&floor))];
    let mut named = HashSet::new();
    let spared = without_file(old)?;
    journal::salvage(old, &mut |kind, body, attached| {
        match kind {
            kind::INGEST => match wire::decode::<IngestRecord>(body) {
                Ok(record)
                    if spared.contains(&record.instance.row.entry.digest) || is_whole(blobs, &record, attached) =>
                {
                    named.insert(record.instance.row.entry.digest);
                }
                _ => return Ok(()),
            },
            // What was rejected stays so, also where the record of its arrival is lost.
            kind::REJECT => match wire::decode::<RejectRecord>(body) {
                Ok(record) => named.extend(record.instances.into_iter().map(|rejected| rejected.digest)),
                Err(_) => return Ok(()),
            },
            kind::ASIDE => match wire::decode::<AsideRecord>(body) {
                Ok(record) => named.extend([record.held, record.ingest.instance.row.entry.digest]),
                Err(_) => return Ok(()),
            },
            kind::REINSTATE => match wire::decode::<ReinstateRecord>(body) {
                Ok(record) if record.instances.iter().all(|ingest| blobs.has(&ingest.instance.row)) => {}
                _ => return Ok(()),
            },
            _ => {}
        }
        batch.push((kind, body.to_vec()));
        if batch.len() >= BATCH_RECORDS {
            journal.append_now(std::mem::take(&mut batch))?;
        }
        Ok(())
    })?;
    let mut files = Vec::new();
    blobs.each(&mut |digest, path, changed| {
        if !named.contains(&digest) {
            files.push((changed, digest, path.to_owned()));
        }
    })?;
    files.sort();
    for (index, (changed, digest, path)) in files.iter().enumerate() {
        match record_of(path, digest, *changed) {
            Ok(record) => batch.push((kind::INGEST, wire::encode(&record))),
            Err(error) => tracing::error!(%digest, %error, "a file is left out: it is not what its name says"),
        }
        if batch.len() >= BATCH_RECORDS {
            journal.append_now(std::mem::take(&mut batch))?;
        }
        each(index as u64 + 1);
    }
    if !batch.is_empty() {
        journal.append_now(batch)?;
    }
    drop(journal);
    if old.exists() {
        fs::rename(old, old.with_extension(format!("damaged-{}", now.0)))?;
    }
    fs::rename(&fresh, old)?;
    File::open(dir.join("journal"))?.sync_all()?;
    Ok(())
}

/// The record of an object by its file alone.
pub(super) fn record_of(path: &Path, digest: &Digest, changed: SystemTime) -> Result<IngestRecord, super::IngestError> {
    let fault = super::IngestError::Malformed;
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut head = vec![0; usize::try_from(length).unwrap_or(usize::MAX).min(FRONT_BYTES_MAX)];
    file.read_exact_at(&mut head, 0)?;
    let front = part10::front(&head)?;
    let meta = head.get(..front.data_at).unwrap_or_default();
    let (start, bytes) = (front.data_at as u64, length.saturating_sub(front.data_at as u64));
    if digest_of(&file, start, bytes)? != *digest {
        return Err(fault("its digest is another"));
    }
    let scanned = prescan::scan(DataSet::File(&file, start, bytes), &front.transfer_syntax)?;
    let class = scanned.sop_class.clone().or_else(|| front.sop_class.clone());
    let instance = scanned.sop_instance.clone().or_else(|| front.sop_instance.clone());
    let names =
        (class.ok_or_else(|| fault("no SOP Class UID"))?, instance.ok_or_else(|| fault("no SOP Instance UID"))?);
    let sizes = Sizes {
        bytes,
        digest: *digest,
        header_digest: digest_of(&file, start, u64::from(scanned.header_bytes))?,
        meta_bytes: u32::try_from(meta.len()).unwrap_or(u32::MAX),
        meta_digest: Digest::of(meta),
    };
    let mut record = ingest::record(scanned, &front, names, &sizes, "rebuild".to_owned());
    let since = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
    record.instance.row.received = Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    Ok(record)
}
