//! Takes instances into the archive. This is the only way in.
//!
//! What we promise about a stored instance is promised here, once: its bytes are on disk, under their digest or with the
//! record ([`super::small`]), before anyone is told so; its row appears whole or not at all; sending it again changes
//! nothing and succeeds; sending *other* bytes under the same SOP Instance UID is refused, which is in the audit log, and
//! keeps them aside ([`super::conflict`]).
//!
//! # At a crash
//! Before "record": a file no record names, removed by the sweep. After: the instance is stored, though its sender
//! may not have heard so and will send it again.
//!
//! # Not here
//! Who may send is the door's question. Whether peers hear of the study is [`super::settle`]'s.

use super::{
    Form, IngestError, Ingested, Inner, Source,
    blobs::Temp,
    conflict::Kept,
    index::Applied,
    part10::Front,
    prescan::{self, DataSet, Scanned},
    repair,
    rows::{IngestRecord, InstanceRow, StoredInstance, kind},
    small::SMALL_BYTES_MAX,
    spool::{self, Body, Spool, Writing},
};
use crate::{
    audit::{Act, Event, Outcome},
    journal::{Append, Then},
};
use protocol::{Digest, Uid, manifest::InstanceEntry, wire};
use std::{
    fs::File,
    io::Write,
    os::unix::fs::FileExt,
    sync::{Arc, PoisonError},
};

/// Objects looked at, written and synced side by side: what keeps a disk busy without filling memory.
pub(super) const INGESTS_MAX: u32 = 32;

/// An object that was looked at.
#[derive(Debug)]
pub(super) struct Prepared {
    body: Data,
    record: IngestRecord,
}

#[derive(Debug)]
enum Data {
    /// It was given its place.
    Gone,
    Memory {
        meta: Vec<u8>,
        bytes: Vec<u8>,
        data_at: usize,
    },
    File(Temp),
}

/// How far one try came.
enum Tried {
    Done(Ingested),
    Conflict(Box<Prepared>, Kept),
    Busy(Box<Prepared>),
}

/// What became of an object's bytes.
enum Placed {
    /// The same UID is on its way in already.
    Busy(Box<Prepared>),
    Known(Box<Prepared>),
    Conflict(Box<Prepared>, Kept),
    /// The file has its name; the record is to be written, with the file's bytes where they are few.
    New(Box<IngestRecord>, Vec<u8>, Reservation),
}

/// One SOP Instance UID on its way in, kept from being taken in twice at once.
struct Reservation {
    inner: Arc<Inner>,
    instance: Uid,
}

impl Reservation {
    fn take(inner: &Arc<Inner>, instance: &Uid) -> Option<Self> {
        let is_free = inner.reserved().insert(instance.clone());
        is_free.then(|| Self { inner: inner.clone(), instance: instance.clone() })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.inner.reserved().remove(&self.instance);
        self.inner.released.notify_waiters();
    }
}

/// What was asked for: nothing else is taken.
#[derive(Clone, Debug)]
pub(super) struct Only {
    pub(super) study: Uid,
    /// `None`: any object of the study.
    pub(super) digest: Option<Digest>,
}

/// All that must not be left half done happens in one piece on a blocking thread, whether the door still waits or not.
pub(super) async fn take_in(
    inner: Arc<Inner>,
    spool: Spool,
    source: Source,
    only: Option<Only>,
) -> Result<Ingested, IngestError> {
    let turn = inner.ingesting.clone().acquire_owned().await.map_err(|_| IngestError::Stopping)?;
    if inner.is_closed() {
        return Err(IngestError::Stopping);
    }
    let (mut turn, mut looked, mut spool) = (Some(turn), None, Some(spool));
    loop {
        let released = inner.released.notified();
        tokio::pin!(released);
        released.as_mut().enable();
        let (shared, person) = (inner.clone(), source.actor.person.clone());
        let (held, spooled, prepared) = (turn.take(), spool.take(), looked.take());
        let only = only.clone();
        let work = move || {
            shared.mend()?;
            let prepared = match (spooled, prepared) {
                (Some(spool), _) => look_for(spool, person, only.as_ref())?,
                (None, Some(prepared)) => prepared,
                (None, None) => return Err(IngestError::Stopping),
            };
            let _kept = shared.erasing.read().unwrap_or_else(PoisonError::into_inner);
            let tried = match place(&shared, prepared)? {
                Placed::New(record, attached, reservation) => {
                    let ingested = answer(&record, false);
                    make_count(&shared, record, attached)?;
                    drop(reservation);
                    Tried::Done(ingested)
                }
                Placed::Known(prepared) => Tried::Done(answer(&prepared.record, true)),
                Placed::Conflict(prepared, kept) => Tried::Conflict(prepared, kept),
                Placed::Busy(prepared) => Tried::Busy(prepared),
            };
            Ok((tried, held))
        };
        let worked = inner.tasks.spawn_blocking("ingest", work).await;
        let (tried, held) = worked.map_err(|_| IngestError::Stopping)??;
        match tried {
            Tried::Done(ingested) => return noted(&inner, ingested, &source).await,
            Tried::Conflict(prepared, kept) => {
                return Err(refuse_conflict(&inner, &prepared.record, kept, &source).await);
            }
            Tried::Busy(prepared) => (looked, turn) = (Some(prepared), held),
        }
        released.await;
    }
}

/// What was erased once and comes again is a new arrival, and the evidence says so.
async fn noted(inner: &Inner, ingested: Ingested, source: &Source) -> Result<Ingested, IngestError> {
    if !ingested.known
        && let Some(erasure) = inner.index.tomb(&ingested.instance)?
    {
        let note = format!("erased before ({erasure}), and here again: instance {}", ingested.instance);
        let event = Event::new(Act::StudyReceived, source.actor.clone()).study(&ingested.study).note(note);
        inner.audit.record(event.amount(1, ingested.bytes)).await.map_err(|e| IngestError::Storage(e.to_string()))?;
    }
    Ok(ingested)
}

fn answer(record: &IngestRecord, known: bool) -> Ingested {
    let entry = &record.instance.row.entry;
    Ingested {
        study: record.study.study.clone(),
        series: record.series.series.clone(),
        instance: entry.instance.clone(),
        sop_class: entry.sop_class.clone(),
        known,
        bytes: entry.bytes,
    }
}

/// Writes the record; once it is durable the row is there, before anybody is answered.
fn make_count(inner: &Arc<Inner>, record: Box<IngestRecord>, attached: Vec<u8>) -> Result<(), IngestError> {
    // With its bytes in the record, an object's name may wait.
    let folder = attached.is_empty().then(|| inner.blobs.folder(&record.instance.row.entry.digest));
    let body = wire::encode(&*record);
    let shared = inner.clone();
    let then = move |_, next| {
        let study = record.study.study.clone();
        shared.apply(&Applied::Ingest(record), next);
        shared.touched(&study);
    };
    let then: Then = Box::new(then);
    let folders = folder.into_iter().collect();
    let append = Append { folders, kind: kind::INGEST, body, attached, then: Some(then) };
    inner.journal.submit_here(append)?;
    Ok(())
}

async fn refuse_conflict(inner: &Inner, record: &IngestRecord, kept: Kept, source: &Source) -> IngestError {
    let instance = record.instance.row.entry.instance.clone();
    let kept = match kept {
        Kept::New(id) => format!("kept aside for review: conflict {id}"),
        Kept::Known(id) => format!("the same as in conflict {id}"),
        Kept::Full => "not kept: too many conflicts wait for review".to_owned(),
    };
    let event = Event::new(Act::InstanceRefused, source.actor.clone())
        .outcome(Outcome::Failed)
        .study(&record.study.study)
        .amount(1, record.instance.row.entry.bytes)
        .note(format!("other bytes are stored under SOP Instance UID {instance}; {kept}"));
    match inner.audit.record(event).await {
        Ok(_) => IngestError::Conflict { instance },
        Err(error) => IngestError::Storage(error.to_string()),
    }
}

/// As [`look`]; an object of another study, or another object, than was asked for is refused.
fn look_for(spool: Spool, person: String, only: Option<&Only>) -> Result<Box<Prepared>, IngestError> {
    let prepared = look(spool, person)?;
    let Some(only) = only else { return Ok(prepared) };
    if only.study != prepared.record.study.study {
        return Err(IngestError::OtherStudy);
    }
    if only.digest.is_some_and(|digest| digest != prepared.record.instance.row.entry.digest) {
        return Err(IngestError::Malformed("not the object that was asked for"));
    }
    Ok(prepared)
}

/// Looks at what came in, before anything of it counts.
fn look(mut spool: Spool, person: String) -> Result<Box<Prepared>, IngestError> {
    let body = std::mem::replace(&mut spool.body, Body::Lost);
    look_at(&spool.form, body, person)
}

fn look_at(form: &Form, body: Body, person: String) -> Result<Box<Prepared>, IngestError> {
    match body {
        Body::Memory(bytes) => look_at_memory(form, bytes, person).map(Box::new),
        Body::File(writing) => look_at_file(form, *writing, person).map(Box::new),
        Body::Looked(prepared) => Ok(prepared),
        Body::Refused(error) => Err(error),
        Body::Lost => Err(IngestError::Malformed("an earlier part was not taken")),
    }
}

/// As [`look`], and its bytes are in a file then, and on disk.
pub(super) fn look_and_write(
    inner: &Inner,
    form: &Form,
    body: Body,
    person: String,
) -> Result<Box<Prepared>, IngestError> {
    let mut prepared = look_at(form, body, person)?;
    inner.blobs.require_room(prepared.record.instance.row.entry.bytes)?;
    if let Some(temp) = temp(inner, std::mem::replace(&mut prepared.body, Data::Gone))? {
        temp.file.sync_data()?;
        prepared.body = Data::File(temp);
    }
    Ok(prepared)
}

pub(super) fn look_at_memory(form: &Form, bytes: Vec<u8>, person: String) -> Result<Prepared, IngestError> {
    let front = spool::front_of(form, &bytes)?;
    let data = bytes.get(front.data_at..).unwrap_or_default();
    let scanned = prescan::scan(DataSet::Memory(data), &front.transfer_syntax)?;
    let names = names(form, &front, &scanned)?;
    let meta = spool::meta_of(form, &front, &bytes, || (Some(names.0.clone()), Some(names.1.clone())))?;
    let digest = Digest::of(data);
    let header = data.get(..scanned.header_bytes as usize).unwrap_or_default();
    let sizes = Sizes {
        bytes: data.len() as u64,
        digest,
        header_digest: if header.len() == data.len() { digest } else { Digest::of(header) },
        meta_bytes: u32::try_from(meta.len()).unwrap_or(u32::MAX),
        meta_digest: Digest::of(&meta),
    };
    let data_at = front.data_at;
    let record = record(scanned, &front, names, &sizes, person);
    Ok(Prepared { body: Data::Memory { meta, bytes, data_at }, record })
}

#[cfg(any(test, feature = "fuzz"))]
impl Prepared {
    /// Preamble with meta group, and data set, of what was looked at in memory.
    pub(super) fn fronted(self) -> (Vec<u8>, Vec<u8>) {
        match self.body {
            Data::Memory { meta, bytes, data_at } => (meta, bytes.get(data_at..).unwrap_or_default().to_vec()),
            Data::File(_) | Data::Gone => (Vec::new(), Vec::new()),
        }
    }
}

fn look_at_file(form: &Form, mut writing: Writing, person: String) -> Result<Prepared, IngestError> {
    writing.flush()?;
    let file = &writing.temp.file;
    let start = u64::from(writing.meta_bytes);
    let scanned = prescan::scan(DataSet::File(file, start, writing.data_bytes), &writing.front.transfer_syntax)?;
    let names = names(form, &writing.front, &scanned)?;
    let header_digest = digest_of(file, start, u64::from(scanned.header_bytes))?;
    let (_, digest) = writing.hasher.finish();
    let sizes = Sizes {
        bytes: writing.data_bytes,
        digest,
        header_digest,
        meta_bytes: writing.meta_bytes,
        meta_digest: writing.meta_digest,
    };
    let record = record(scanned, &writing.front, names, &sizes, person);
    Ok(Prepared { body: Data::File(writing.temp), record })
}

/// The digest of part of a file, read in small pieces.
pub(super) fn digest_of(file: &File, start: u64, bytes: u64) -> std::io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 256 * 1024];
    let (mut at, end) = (start, start.saturating_add(bytes));
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
        let piece = buffer.get_mut(..wanted).unwrap_or_default();
        file.read_exact_at(piece, at)?;
        hasher.update(piece);
        at += wanted as u64;
    }
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// SOP Class and SOP Instance UID: the data set decides, what was announced completes it and must not differ.
fn names(form: &Form, front: &Front, scanned: &Scanned) -> Result<(Uid, Uid), IngestError> {
    if matches!(form, Form::DataSet { .. }) {
        if scanned.sop_class.is_some() && scanned.sop_class != front.sop_class {
            return Err(IngestError::ClassMismatch);
        }
        if scanned.sop_instance.is_some() && scanned.sop_instance != front.sop_instance {
            return Err(IngestError::InstanceMismatch);
        }
    }
    let class = scanned.sop_class.clone().or_else(|| front.sop_class.clone());
    let instance = scanned.sop_instance.clone().or_else(|| front.sop_instance.clone());
    Ok((
        class.ok_or(IngestError::Malformed("no SOP Class UID"))?,
        instance.ok_or(IngestError::Malformed("no SOP Instance UID"))?,
    ))
}

/// What was measured of the bytes.
pub(super) struct Sizes {
    pub(super) bytes: u64,
    pub(super) digest: Digest,
    pub(super) header_digest: Digest,
    pub(super) meta_bytes: u32,
    pub(super) meta_digest: Digest,
}

pub(super) fn record(
    scanned: Scanned,
    front: &Front,
    (sop_class, instance): (Uid, Uid),
    sizes: &Sizes,
    person: String,
) -> IngestRecord {
    let entry = InstanceEntry {
        instance,
        sop_class,
        transfer_syntax: front.transfer_syntax.clone(),
        number: scanned.number,
        frames: scanned.frames,
        bytes: sizes.bytes,
        digest: sizes.digest,
        header_bytes: scanned.header_bytes,
        header_digest: sizes.header_digest,
    };
    let row = InstanceRow {
        entry,
        rows: scanned.rows,
        columns: scanned.columns,
        meta_bytes: sizes.meta_bytes,
        received: crate::tasks::now(),
    };
    let instance = StoredInstance { row, meta_digest: sizes.meta_digest };
    IngestRecord { study: scanned.study, series: scanned.series, instance, person }
}

/// Gives the bytes their place, unless they are there or others are.
fn place(inner: &Arc<Inner>, mut prepared: Box<Prepared>) -> Result<Placed, IngestError> {
    let entry = prepared.record.instance.row.entry.clone();
    let Some(reservation) = Reservation::take(inner, &entry.instance) else { return Ok(Placed::Busy(prepared)) };
    match inner.sound(|index| index.sop(&entry.instance))? {
        Some(held) if held.row.entry.digest != entry.digest => {
            let kept = keep_aside(inner, &mut prepared, held.row.entry.digest)?;
            return Ok(Placed::Conflict(prepared, kept));
        }
        // What was found rotten makes room for what comes now.
        Some(held) if repair::waits(inner, &held.row.entry.digest)? => repair::make_room(inner, &entry.digest)?,
        Some(held) if inner.blobs.has(&held.row) || inner.has_copy(&held)? => return Ok(Placed::Known(prepared)),
        // Its file was lost: what comes now replaces it.
        Some(_) => {}
        None if inner.sound(|index| index.rejected(&entry.instance))?.is_some() => {
            return Err(IngestError::Rejected { instance: entry.instance });
        }
        None => {}
    }
    let twin = inner.sound(|index| index.any_by_digest(&entry.digest))?;
    let is_kept = |twin: &StoredInstance| Ok::<_, IngestError>(inner.blobs.has(&twin.row) || inner.has_copy(twin)?);
    if let Some(twin) = twin
        && is_kept(&twin)?
    {
        let instance = &mut prepared.record.instance;
        (instance.row.meta_bytes, instance.meta_digest) = (twin.row.meta_bytes, twin.meta_digest);
        return Ok(Placed::New(Box::new(prepared.record), Vec::new(), reservation));
    }
    inner.blobs.require_room(entry.bytes)?;
    let mut attached = Vec::new();
    match prepared.body {
        Data::Memory { meta, mut bytes, data_at } if meta.len() + bytes.len() - data_at <= SMALL_BYTES_MAX => {
            bytes.splice(..data_at, meta);
            inner.blobs.write_small(&bytes, &entry.digest)?;
            attached = bytes;
        }
        body => write(inner, body, &entry.digest)?,
    }
    Ok(Placed::New(Box::new(prepared.record), attached, reservation))
}

fn write(inner: &Inner, body: Data, digest: &Digest) -> Result<(), IngestError> {
    match temp(inner, body)? {
        Some(temp) => Ok(inner.blobs.place(temp, digest)?),
        None => Ok(()),
    }
}

/// The bytes as a file without a name.
fn temp(inner: &Inner, body: Data) -> Result<Option<Temp>, IngestError> {
    match body {
        Data::Gone => Ok(None),
        Data::File(temp) => Ok(Some(temp)),
        Data::Memory { meta, bytes, data_at } => {
            let mut temp = inner.blobs.temp()?;
            temp.file.write_all(&meta)?;
            temp.file.write_all(bytes.get(data_at..).unwrap_or_default())?;
            Ok(Some(temp))
        }
    }
}

/// Other bytes than `held` under its UID go aside. The caller holds the reservation.
fn keep_aside(inner: &Arc<Inner>, prepared: &mut Prepared, held: Digest) -> Result<Kept, IngestError> {
    let kept = inner.aside(&prepared.record, &held)?;
    let Kept::New(id) = kept else { return Ok(kept) };
    let entry = &prepared.record.instance.row.entry;
    if inner.blobs.require_room(entry.bytes).is_err() {
        return Ok(Kept::Full);
    }
    // The same data set may be held under another UID: its file stays as it is.
    if inner.sound(|index| index.any_by_digest(&entry.digest))?.is_none() {
        write(inner, std::mem::replace(&mut prepared.body, Data::Gone), &entry.digest)?;
    }
    inner.keep_aside(id, prepared.record.clone(), held)?;
    Ok(kept)
}
