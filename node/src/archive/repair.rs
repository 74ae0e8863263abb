//! Rotten objects become what was stored again: from our own disks, or from bytes that somebody else brings.
//!
//! What is found to be other than what was stored is a record in the journal, and so is its repair: the list of what
//! still waits survives a restart and a lost index. Bytes that are brought are compared with the digest before they take
//! their place, and take it by the one way in. The meta group is that of the file that was set aside where it is still
//! sound, so that the file is byte for byte what it was; otherwise one is made, and the data set alone is the same.
//!
//! # At a crash
//! Before the record of a repair, the object is either not there, and repaired again, or there, and found to be whole at
//! the next look. What was being brought lies under `tmp` and is swept.
//!
//! # Not here
//! Finding rot: [`super::scrub`] and [`super::object`]. Asking peers: `studies`; the PACS beside the node: `sources`.

use super::{
    Archive, ArchiveError, ArchiveEvent, Form, IngestError, Inner, Source, Spool,
    conflict::submit,
    index::Applied,
    ingest::{self, Only, digest_of},
    object::{self, Fault},
    part10,
    rows::{InstanceRow, RepairRecord, RepairedFrom, RotRecord, RotRow, StoredInstance, kind},
    spool::{self, Body},
};
use crate::audit::{Act, Actor, Event, Outcome};
use bytes::Bytes;
use protocol::{Digest, Uid, wire};
use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    sync::Arc,
};

/// Objects that may wait for repair: more than these have lost a disk, not some sectors, and need a backup.
const WAITING_MAX: usize = 10_000;
/// Bytes read of a file set aside at once.
const PIECE_BYTES: u64 = 256 * 1024;

/// Writes down that an object is to be repaired, unless that is known.
pub(super) async fn found(inner: &Arc<Inner>, study: &Uid, instance: &StoredInstance) -> Result<(), ArchiveError> {
    let entry = &instance.row.entry;
    if !waits(inner, &entry.digest)?
        && inner.index.rots()?.iter().filter(|row| row.repaired.is_none()).count() < WAITING_MAX
    {
        let record = RotRecord {
            at: crate::tasks::now(),
            study: study.clone(),
            instance: entry.instance.clone(),
            digest: entry.digest,
            bytes: entry.bytes,
        };
        submit(inner, kind::ROT, wire::encode(&record), None, Applied::Rot(record)).await?;
    }
    let _ = inner.events.send(ArchiveEvent::Rotten);
    Ok(())
}

/// Whether an object was found rotten and is not repaired yet.
pub(super) fn waits(inner: &Inner, digest: &Digest) -> Result<bool, ArchiveError> {
    Ok(inner.index.rot(digest)?.is_some_and(|row| row.repaired.is_none()))
}

/// The file of a rotten object leaves its place for good bytes. Until then who reads it reads around what is spoilt.
pub(super) fn make_room(inner: &Inner, digest: &Digest) -> std::io::Result<()> {
    inner.groups().pop(digest);
    inner.alerted().pop(digest);
    inner.blobs.set_aside(digest)
}

impl Archive {
    /// All that was ever found rotten, newest first, with what became of it.
    ///
    /// # Errors
    /// When the index cannot be read; so with all that follow.
    pub(crate) fn rotten(&self) -> Result<Vec<RotRow>, ArchiveError> {
        let mut rows = self.inner.index.rots()?;
        rows.sort_by(|a, b| (b.found, &b.digest).cmp(&(a.found, &a.digest)));
        Ok(rows)
    }

    /// What waits for repair and is still held: an object that was erased or replaced meanwhile needs none.
    pub(crate) fn to_repair(&self) -> Result<Vec<(Uid, InstanceRow)>, ArchiveError> {
        let mut waiting = Vec::new();
        for rot in self.rotten()?.into_iter().filter(|rot| rot.repaired.is_none()) {
            let held = self.inner.index.by_digest(&rot.study, &rot.digest)?;
            waiting.extend(held.map(|held| (rot.study, held.row)));
        }
        Ok(waiting)
    }

    /// Repairs an object by what is here: its file is whole again, there is a cold copy, or only the front of the file
    /// that was set aside is spoilt. Whether it is repaired.
    ///
    /// # Errors
    /// As [`Self::repair`].
    pub(crate) async fn repair_here(&self, study: &Uid, digest: &Digest) -> Result<bool, IngestError> {
        let inner = &self.inner;
        let Some(held) = inner.index.by_digest(study, digest)? else { return Ok(false) };
        let (shared, wanted) = (inner.clone(), held.clone());
        let looked = inner.tasks.spawn_blocking("repair", move || here(&shared, &wanted)).await;
        match looked.map_err(|_| IngestError::Stopping)? {
            Here::Nothing => Ok(false),
            Here::Whole(from) => {
                let event = Event::new(Act::ObjectRepaired, node()).study(study).amount(1, held.row.entry.bytes);
                self.evidence(event.note(note(&held.row, from))).await?;
                self.repaired(&held.row, from).await?;
                Ok(true)
            }
            Here::Data(file, at) => {
                let mut spool = self.repair_spool(study, &held.row).await?;
                self.copy(&mut spool, file, (at, held.row.entry.bytes)).await?;
                self.repair(study, &held.row, spool, RepairedFrom::Here).await?;
                Ok(true)
            }
        }
    }

    async fn copy<F>(&self, spool: &mut Spool, file: Arc<F>, (at, bytes): (u64, u64)) -> Result<(), IngestError>
    where
        F: AsRef<File> + Send + Sync + 'static,
    {
        let end = at.saturating_add(bytes);
        let mut next = at;
        while next < end {
            let (file, len) = (file.clone(), (end - next).min(PIECE_BYTES));
            let read = self.inner.tasks.spawn_blocking("repair", move || {
                let mut piece = vec![0; usize::try_from(len).unwrap_or(0)];
                (*file).as_ref().read_exact_at(&mut piece, next).map(|()| Bytes::from(piece))
            });
            spool.write(read.await.map_err(|_| IngestError::Stopping)??).await?;
            next += len;
        }
        Ok(())
    }

    /// Begins taking in an object's data set again; what stands before it is written already.
    ///
    /// # Errors
    /// As [`Archive::spool`].
    pub(crate) async fn repair_spool(&self, study: &Uid, row: &InstanceRow) -> Result<Spool, IngestError> {
        let inner = self.inner.clone();
        let held = inner.index.by_digest(study, &row.entry.digest)?;
        let front = self.inner.tasks.spawn_blocking("repair", move || {
            let held = held?;
            spoilt(&inner, &held.row.entry.digest).find_map(|file| front_of(&file, &held))
        });
        let entry = &row.entry;
        let front = front
            .await
            .map_err(|_| IngestError::Stopping)?
            .unwrap_or_else(|| part10::make(entry.transfer_syntax.as_str(), &entry.sop_class, &entry.instance, None));
        let mut spool = self.spool(Form::File).await?;
        spool.write(Bytes::from(front)).await?;
        Ok(spool)
    }

    /// Takes in what was brought, if it is the object, and writes down that it is repaired.
    ///
    /// # Errors
    /// As [`Archive::ingest`]; [`IngestError::Malformed`] for any other object: nothing of it is kept then.
    pub(crate) async fn repair(
        &self,
        study: &Uid,
        row: &InstanceRow,
        spool: Spool,
        from: RepairedFrom,
    ) -> Result<(), IngestError> {
        let mut event = Event::new(Act::ObjectRepaired, node()).study(study).amount(1, row.entry.bytes);
        event.peer = if let RepairedFrom::Peer(site) = from { Some(site) } else { None };
        self.bring((study, row), spool, from, event.note(note(row, from))).await
    }

    /// Takes in what a PACS sent, as [`Self::repair`]. What it wrote before the data set is its own, and is left.
    ///
    /// # Errors
    /// As [`Self::repair`].
    pub(crate) async fn repair_from_source(
        &self,
        study: &Uid,
        row: &InstanceRow,
        came: Spool,
        source: &str,
    ) -> Result<(), IngestError> {
        let spool = self.fronted_anew(study, row, came).await?;
        self.bring((study, row), spool, RepairedFrom::Source, from_source(study, row, source)).await
    }

    /// Writes down that what a PACS sent by the door has repaired an object.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn came_from_source(
        &self,
        study: &Uid,
        row: &InstanceRow,
        source: &str,
    ) -> Result<(), IngestError> {
        self.evidence(from_source(study, row, source)).await?;
        Ok(self.repaired(row, RepairedFrom::Source).await?)
    }

    /// Whether an object was found rotten and is not repaired yet.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn waits_for_repair(&self, digest: &Digest) -> Result<bool, ArchiveError> {
        waits(&self.inner, digest)
    }

    /// The data set that came, behind what stood before ours.
    async fn fronted_anew(&self, study: &Uid, row: &InstanceRow, mut came: Spool) -> Result<Spool, IngestError> {
        let mut spool = self.repair_spool(study, row).await?;
        match std::mem::replace(&mut came.body, Body::Lost) {
            Body::Memory(bytes) => {
                let at = spool::front_of(&came.form, &bytes)?.data_at.min(bytes.len());
                spool.write(Bytes::from(bytes).slice(at..)).await?;
            }
            Body::File(mut writing) => {
                let flushed = self.inner.tasks.spawn_blocking("repair", move || writing.flush().map(|()| writing));
                let writing = flushed.await.map_err(|_| IngestError::Stopping)??;
                let range = (u64::from(writing.meta_bytes), writing.data_bytes);
                self.copy(&mut spool, Arc::new(*writing), range).await?;
            }
            Body::Refused(error) => return Err(error),
            Body::Looked(_) | Body::Lost => return Err(IngestError::Malformed("an earlier part was not taken")),
        }
        Ok(spool)
    }

    async fn bring(
        &self,
        (study, row): (&Uid, &InstanceRow),
        spool: Spool,
        from: RepairedFrom,
        event: Event,
    ) -> Result<(), IngestError> {
        self.evidence(event.clone()).await?;
        let only = Only { study: study.clone(), digest: Some(row.entry.digest) };
        let taken = ingest::take_in(self.inner.clone(), spool, Source { actor: node() }, Some(only)).await;
        if let Err(error) = taken {
            self.evidence(event.outcome(Outcome::Failed)).await?;
            return Err(error);
        }
        self.repaired(row, from).await?;
        Ok(())
    }

    async fn repaired(&self, row: &InstanceRow, from: RepairedFrom) -> Result<(), ArchiveError> {
        let digest = row.entry.digest;
        self.inner.alerted().pop(&digest);
        self.inner.groups().pop(&digest);
        tracing::info!(instance = %row.entry.instance, ?from, "a rotten object is repaired");
        let record = RepairRecord { at: crate::tasks::now(), digest, from };
        submit(&self.inner, kind::REPAIR, wire::encode(&record), None, Applied::Repair(record)).await
    }

    async fn evidence(&self, event: Event) -> Result<(), IngestError> {
        self.inner.audit.record(event).await.map(|_| ()).map_err(|error| IngestError::Storage(error.to_string()))
    }
}

fn node() -> Actor {
    Actor { person: "node".to_owned(), ..Actor::default() }
}

fn note(row: &InstanceRow, from: RepairedFrom) -> String {
    let from = match from {
        RepairedFrom::Sender => "its file is whole again",
        RepairedFrom::Here => "from our own disk",
        RepairedFrom::Peer(_) => "from a peer",
        RepairedFrom::Source => "from a PACS beside the node",
    };
    format!("instance {}: {from}", row.entry.instance)
}

fn from_source(study: &Uid, row: &InstanceRow, source: &str) -> Event {
    let event = Event::new(Act::ObjectRepaired, node()).study(study).amount(1, row.entry.bytes);
    event.note(format!("instance {}: from source {source}", row.entry.instance))
}

/// What our own disks have of a rotten object.
enum Here {
    Nothing,
    Whole(RepairedFrom),
    /// A file set aside with a sound data set, and where that begins.
    Data(Arc<Sound>, u64),
}

/// A file whose data set was read and found to be what was stored.
struct Sound(File);

impl AsRef<File> for Sound {
    fn as_ref(&self) -> &File {
        &self.0
    }
}

fn here(inner: &Inner, held: &StoredInstance) -> Here {
    let digest = &held.row.entry.digest;
    if inner.blobs.path(digest).exists() && object::fault(inner, held).is_none() {
        return Here::Whole(RepairedFrom::Sender);
    }
    if inner.has_copy(held).unwrap_or(false) && inner.recall_over(held).is_ok() {
        return Here::Whole(RepairedFrom::Here);
    }
    let (at, bytes) = (u64::from(held.row.meta_bytes), held.row.entry.bytes);
    for file in spoilt(inner, digest) {
        if digest_of(&file, at, bytes).is_ok_and(|read| read == *digest) {
            return Here::Data(Arc::new(Sound(file)), at);
        }
    }
    Here::Nothing
}

/// Files of this object: the one in its place, and those that were set aside.
fn spoilt(inner: &Inner, digest: &Digest) -> impl Iterator<Item = File> {
    let begin = format!("{digest}-");
    let entries = fs::read_dir(inner.blobs.rotten()).into_iter().flatten().filter_map(Result::ok);
    let ours = entries.filter(move |entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&begin)));
    let aside = ours.map(|entry| entry.path());
    std::iter::once(inner.blobs.path(digest)).chain(aside).filter_map(|path| File::open(path).ok())
}

/// What stands before the data set, if it is what was stored.
fn front_of(file: &File, held: &StoredInstance) -> Option<Vec<u8>> {
    let mut front = vec![0; usize::try_from(held.row.meta_bytes).ok()?];
    file.read_exact_at(&mut front, 0).ok()?;
    (Digest::of(&front) == held.meta_digest).then_some(front)
}

/// Whether a fault is one that other bytes repair. A folder that is not there has lost its disk.
pub(super) fn is_repairable(inner: &Inner, digest: &Digest, fault: Fault) -> bool {
    fault.is_rot() || (fault == Fault::Missing && inner.blobs.folder(digest).is_dir())
}
