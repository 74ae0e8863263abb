//! Bytes on their way in: kept in memory while few, else written to a temporary file, hashed as they come.
//!
//! # Not here
//! Looking into them and making them count: [`super::ingest`].

use super::{
    Form, IngestError, Inner,
    blobs::Temp,
    ingest::{self, Prepared},
    part10::{self, FRONT_BYTES_MAX, Front},
    prescan,
    small::SMALL_BYTES_MAX,
};
use bytes::Bytes;
use protocol::{Digest, digest::GroupsBuilder, limits::OBJECT_BYTES_MAX};
use std::{
    io::Write,
    sync::{Arc, atomic::Ordering},
};
use tokio::task::JoinHandle;

/// Up to this size an object waits in memory and is written at once.
const MEMORY_BYTES_MAX: usize = 1 << 20;
/// All objects together beyond their first [`FRONT_BYTES_MAX`] bytes.
const MEMORY_BYTES_ALL: u64 = 32 << 20;
/// Bytes gathered for one write.
const WRITE_BYTES: usize = 256 * 1024;
/// Written bytes are pushed to disk in such steps, so that the last sync has little to do.
const SYNC_BYTES: u64 = 64 << 20;

/// Bytes on their way in, hashed while they are written to a spool file. Dropping it forgets them.
#[derive(Debug)]
pub(crate) struct Spool {
    inner: Arc<Inner>,
    pub(super) form: Form,
    pub(super) body: Body,
    bytes: u64,
    /// Counted into [`Inner::spooled`].
    counted: u64,
}

/// An object that may be looked at before its turn.
#[derive(Debug)]
pub(crate) enum Ahead {
    Spool(Box<Spool>),
    /// What it becomes, and what is left if the node stops.
    Looking(JoinHandle<Spool>, Box<Spool>),
}

impl Ahead {
    /// The object, once it was looked at.
    pub(crate) async fn spool(self) -> Spool {
        match self {
            Self::Spool(spool) => *spool,
            Self::Looking(looking, lost) => looking.await.unwrap_or(*lost),
        }
    }
}

#[derive(Debug)]
pub(super) enum Body {
    Memory(Vec<u8>),
    File(Box<Writing>),
    /// It was looked at before its turn to be taken in.
    Looked(Box<Prepared>),
    Refused(IngestError),
    /// A write failed or was cut off: the rest is worth nothing.
    Lost,
}

/// A temporary file being written.
#[derive(Debug)]
pub(super) struct Writing {
    pub(super) temp: Temp,
    pub(super) front: Front,
    pub(super) meta_bytes: u32,
    pub(super) meta_digest: Digest,
    pub(super) hasher: GroupsBuilder,
    pub(super) data_bytes: u64,
    buffer: Vec<u8>,
    unsynced: u64,
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.inner.spooled.fetch_sub(self.counted, Ordering::Relaxed);
    }
}

impl Spool {
    pub(super) fn new(inner: Arc<Inner>, form: Form) -> Self {
        Self { inner, form, body: Body::Memory(Vec::new()), bytes: 0, counted: 0 }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`IngestError::Malformed`] as soon as the front shows that this is no DICOM object; afterwards nothing more is
    /// taken.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), IngestError> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > OBJECT_BYTES_MAX {
            return Err(IngestError::TooLarge("object"));
        }
        match &mut self.body {
            Body::Memory(held) => {
                held.extend_from_slice(&bytes);
                let length = held.len();
                if self.may_hold(length) {
                    return Ok(());
                }
            }
            Body::File(writing) => {
                writing.buffer.extend_from_slice(&bytes);
                if writing.buffer.len() < WRITE_BYTES {
                    return Ok(());
                }
            }
            Body::Looked(_) | Body::Refused(_) | Body::Lost => {
                return Err(IngestError::Malformed("an earlier part was not taken"));
            }
        }
        self.spill().await
    }

    fn may_hold(&mut self, length: usize) -> bool {
        if length <= FRONT_BYTES_MAX {
            return true;
        }
        let beyond = (length - FRONT_BYTES_MAX) as u64;
        let added = beyond - self.counted;
        let all = self.inner.spooled.fetch_add(added, Ordering::Relaxed) + added;
        self.counted = beyond;
        length <= MEMORY_BYTES_MAX && all <= MEMORY_BYTES_ALL
    }

    /// Has a whole object hashed, looked at and written at once, while others still come in. It counts no more than
    /// before, and is forgotten if dropped; what is wrong with it is said when it is taken in.
    pub(crate) fn look_ahead(mut self, person: &str) -> Ahead {
        let is_large = matches!(&self.body, Body::Memory(bytes) if bytes.len() > SMALL_BYTES_MAX);
        let turn = self.inner.ingesting.clone().try_acquire_owned();
        let (true, Ok(turn)) = (is_large || matches!(self.body, Body::File(_)), turn) else {
            return Ahead::Spool(Box::new(self));
        };
        let (tasks, person) = (self.inner.tasks.clone(), person.to_owned());
        let mut lost = Self::new(self.inner.clone(), self.form.clone());
        lost.body = Body::Lost;
        let inner = self.inner.clone();
        let looking = tasks.spawn_blocking("look ahead", move || {
            let body = std::mem::replace(&mut self.body, Body::Lost);
            self.body = match ingest::look_and_write(&inner, &self.form, body, person) {
                Ok(prepared) => Body::Looked(prepared),
                Err(error) => Body::Refused(error),
            };
            inner.spooled.fetch_sub(std::mem::take(&mut self.counted), Ordering::Relaxed);
            drop(turn);
            self
        });
        Ahead::Looking(looking, Box::new(lost))
    }

    /// Moves what memory holds to the file.
    async fn spill(&mut self) -> Result<(), IngestError> {
        let body = std::mem::replace(&mut self.body, Body::Lost);
        let (inner, form) = (self.inner.clone(), self.form.clone());
        let spilled = self.inner.tasks.spawn_blocking("spool", move || match body {
            Body::Memory(held) => Writing::begin(&inner, &form, &held),
            Body::File(mut writing) => writing.flush().map(|()| writing),
            Body::Looked(_) | Body::Refused(_) | Body::Lost => Err(IngestError::Stopping),
        });
        self.body = Body::File(spilled.await.map_err(|_| IngestError::Stopping)??);
        self.inner.spooled.fetch_sub(std::mem::take(&mut self.counted), Ordering::Relaxed);
        Ok(())
    }
}

impl AsRef<std::fs::File> for Writing {
    fn as_ref(&self) -> &std::fs::File {
        &self.temp.file
    }
}

impl Writing {
    fn begin(inner: &Inner, form: &Form, held: &[u8]) -> Result<Box<Self>, IngestError> {
        inner.blobs.require_room(held.len() as u64)?;
        let front = front_of(form, held)?;
        let data = held.get(front.data_at..).unwrap_or_default();
        let meta = meta_of(form, &front, held, || prescan::names_in_front(data, &front.transfer_syntax))?;
        let mut temp = inner.blobs.temp()?;
        temp.file.write_all(&meta)?;
        let mut writing = Self {
            temp,
            meta_bytes: u32::try_from(meta.len()).unwrap_or(u32::MAX),
            meta_digest: Digest::of(&meta),
            hasher: GroupsBuilder::default(),
            data_bytes: 0,
            buffer: Vec::new(),
            unsynced: 0,
            front,
        };
        writing.take(data)?;
        writing.buffer.reserve(WRITE_BYTES);
        Ok(Box::new(writing))
    }

    fn take(&mut self, data: &[u8]) -> Result<(), IngestError> {
        self.temp.file.write_all(data)?;
        self.hasher.update(data);
        self.data_bytes += data.len() as u64;
        self.unsynced += data.len() as u64;
        if self.unsynced >= SYNC_BYTES {
            self.temp.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(())
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> Result<(), IngestError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.take(&buffer)?;
        buffer.clear();
        self.buffer = buffer;
        Ok(())
    }
}

/// What stands before the data set, by the form in which it came.
pub(super) fn front_of(form: &Form, bytes: &[u8]) -> Result<Front, IngestError> {
    match form {
        Form::File => Ok(part10::front(bytes)?),
        Form::DataSet { transfer_syntax, sop_class, sop_instance, .. } => Ok(Front {
            data_at: 0,
            has_meta: false,
            transfer_syntax: transfer_syntax.clone(),
            sop_class: Some(sop_class.clone()),
            sop_instance: Some(sop_instance.clone()),
        }),
    }
}

/// Preamble and meta group: as received, or made. `names` tells what a bare data set says of itself.
pub(super) fn meta_of(
    form: &Form,
    front: &Front,
    bytes: &[u8],
    names: impl FnOnce() -> (Option<protocol::Uid>, Option<protocol::Uid>),
) -> Result<Vec<u8>, IngestError> {
    if front.has_meta {
        return Ok(bytes.get(..front.data_at).unwrap_or_default().to_vec());
    }
    let (class, instance) = match (&front.sop_class, &front.sop_instance) {
        (Some(class), Some(instance)) => (Some(class.clone()), Some(instance.clone())),
        _ => names(),
    };
    let class = class.ok_or(IngestError::Malformed("no SOP Class UID"))?;
    let instance = instance.ok_or(IngestError::Malformed("no SOP Instance UID"))?;
    let source = match form {
        Form::DataSet { source, .. } => source.as_ref(),
        Form::File => None,
    };
    Ok(part10::make(front.transfer_syntax.as_str(), &class, &instance, source))
}
