//! The one owner of a journal's last segment.
//!
//! Whoever appends leaves the record in the queue; if nobody writes, a blocking task begins to (or the appender itself,
//! where it may block), and goes on until the queue is empty. There is never more than one, nothing idles between, and a record left while the node stops is still
//! written, because the stop waits for the task.

use super::{
    Append, JournalError, Position, Then,
    segment::{self, BATCH_BYTES, BODY_BYTES_MAX, HEADER_BYTES, Next, Reader, SEGMENT_BYTES_MAX},
};
use crate::tasks::Tasks;
use std::{
    collections::{BTreeSet, VecDeque},
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{Semaphore, oneshot};

/// Appends that may wait: more than all doors together can have in flight.
const WAITING_MAX: usize = 4096;
/// Bytes of one batch, about: keeps the answer of the first from waiting for too many others.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// A segment grows in such steps, by zeros: a sync of what is then written over them need not wait for the file system's
/// own journal to note a new length.
const STEP_BYTES: u64 = 256 << 10;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) dir: PathBuf,
    tasks: Tasks,
    room: Semaphore,
    queue: Mutex<Queue>,
    writer: Mutex<Writer>,
    /// Behind the last durable record.
    pub(super) end: AtomicU64,
    /// Where the last segment begins.
    pub(super) base: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Somebody writes, or is about to. If not, nothing waits.
    is_drained: bool,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({} waiting)", self.waiting.len())
    }
}

struct Waiting {
    append: Append,
    answer: oneshot::Sender<Result<Position, JournalError>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leaves a record in the queue and waits until it is durable. Dropping the future does not take the record back.
pub(super) async fn submit(shared: &Arc<Shared>, append: Append) -> Result<Position, JournalError> {
    require_size(&append)?;
    let _room = shared.room.acquire().await.map_err(|_| JournalError::Closed)?;
    let (answer, answered) = oneshot::channel();
    let begins = shared.enqueue(Waiting { append, answer });
    if begins {
        let shared = shared.clone();
        shared.tasks.clone().spawn_blocking("journal writer", move || shared.drain());
    }
    answered.await.map_err(|_| JournalError::Closed)?
}

impl Shared {
    pub(super) fn open(dir: &Path, tasks: &Tasks) -> Result<Self, JournalError> {
        let writer = Writer::open(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            tasks: tasks.clone(),
            room: Semaphore::new(WAITING_MAX),
            queue: Mutex::default(),
            end: AtomicU64::new(writer.end),
            base: AtomicU64::new(writer.base),
            writer: Mutex::new(writer),
        })
    }

    pub(super) fn append_now(&self, appends: &[Append]) -> Result<(), JournalError> {
        appends.iter().try_for_each(require_size)?;
        let mut writer = lock(&self.writer);
        for batch in appends.chunks(WAITING_MAX) {
            writer.write(batch)?;
            self.publish(&writer);
        }
        Ok(())
    }

    fn publish(&self, writer: &Writer) {
        self.end.store(writer.end, Ordering::Release);
        self.base.store(writer.base, Ordering::Release);
    }

    pub(super) fn close_segment(&self) -> Result<(), JournalError> {
        let mut writer = lock(&self.writer);
        if writer.end > writer.base {
            let end = writer.end;
            writer.reopen()?;
            writer.begin_segment(end)?;
            self.publish(&writer);
        }
        Ok(())
    }

    /// Leaves a record in the queue from a blocking thread and waits until it is durable. Where nobody writes, this
    /// thread does: a lone appender pays no change of threads. The caller bounds how many threads wait here.
    pub(super) fn submit_here(self: &Arc<Self>, append: Append) -> Result<Position, JournalError> {
        if append.body.len() > BODY_BYTES_MAX {
            return Err(JournalError::TooLarge(append.body.len()));
        }
        let (answer, answered) = oneshot::channel();
        if self.enqueue(Waiting { append, answer }) && self.write_batch() {
            // Others came meanwhile; this thread's own record is in already.
            let shared = self.clone();
            self.tasks.spawn_blocking("journal writer", move || shared.drain());
        }
        answered.blocking_recv().map_err(|_| JournalError::Closed)?
    }

    /// Says whether the caller is to see to it that the queue is written.
    fn enqueue(&self, waiting: Waiting) -> bool {
        let mut queue = lock(&self.queue);
        queue.waiting.push_back(waiting);
        !std::mem::replace(&mut queue.is_drained, true)
    }

    fn drain(&self) {
        while self.write_batch() {}
    }

    /// Writes what waits as one batch. Says whether more waits; if not, the queue is left to the next who comes.
    fn write_batch(&self) -> bool {
        let mut writer = lock(&self.writer);
        let batch = take_batch(&mut lock(&self.queue).waiting);
        let (appends, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|w| (w.append, w.answer)).unzip();
        match if appends.is_empty() { Ok(Vec::new()) } else { writer.write(&appends) } {
            Ok(places) => {
                self.publish(&writer);
                let thens: Vec<Option<Then>> = appends.into_iter().map(|a| a.then).collect();
                for ((then, answer), (position, next)) in thens.into_iter().zip(answers).zip(places) {
                    if let Some(then) = then {
                        then(position, next);
                    }
                    let _ = answer.send(Ok(position));
                }
            }
            Err(error) => {
                tracing::error!(%error, records = answers.len(), "a journal batch was not written");
                for answer in answers {
                    let _ = answer.send(Err(repeat(&error)));
                }
            }
        }
        let mut queue = lock(&self.queue);
        queue.is_drained = !queue.waiting.is_empty();
        queue.is_drained
    }
}

fn bytes_of(append: &Append) -> usize {
    segment::record_bytes(append.body.len(), append.attached.len())
}

fn require_size(append: &Append) -> Result<(), JournalError> {
    let bytes = append.body.len() + append.attached.len();
    if bytes > BODY_BYTES_MAX { Err(JournalError::TooLarge(bytes)) } else { Ok(()) }
}

fn take_batch(waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let (mut batch, mut bytes) = (Vec::with_capacity(waiting.len()), 0);
    while let Some(next) = waiting.front() {
        bytes += bytes_of(&next.append);
        if !batch.is_empty() && bytes > BATCH_BYTES_MAX {
            break;
        }
        batch.extend(waiting.pop_front());
    }
    batch
}

/// The same error for another waiter.
fn repeat(error: &JournalError) -> JournalError {
    match error {
        JournalError::Io { path, source } => {
            let again = source.raw_os_error().map_or_else(|| source.kind().into(), io::Error::from_raw_os_error);
            JournalError::Io { path: path.clone(), source: again }
        }
        JournalError::Damaged { path, at } => JournalError::Damaged { path: path.clone(), at: *at },
        JournalError::TooLarge(bytes) => JournalError::TooLarge(*bytes),
        JournalError::Closed => JournalError::Closed,
    }
}

#[derive(Debug)]
struct Writer {
    dir: PathBuf,
    path: PathBuf,
    base: u64,
    /// `None` after a failure, until the file is known to end where it should.
    file: Option<File>,
    /// Behind the last durable record.
    end: u64,
    /// Bytes that the file has; zeros stand behind the last record.
    reach: u64,
    buffer: Vec<u8>,
}

impl Writer {
    fn open(dir: &Path) -> Result<Self, JournalError> {
        make_folder(dir).map_err(JournalError::io(dir))?;
        let mut segments = segment::list(dir)?;
        // A segment whose header is not whole was being begun when the node died: it holds nothing.
        if let Some((base, path)) = segments.last()
            && Reader::open(path, *base)?.is_none()
        {
            let bytes = std::fs::metadata(path).map_err(JournalError::io(path))?.len();
            if bytes > HEADER_BYTES {
                return Err(JournalError::Damaged { path: path.clone(), at: *base });
            }
            std::fs::remove_file(path).map_err(JournalError::io(path))?;
            segments.pop();
        }
        let mut writer = Self {
            dir: dir.to_owned(),
            path: PathBuf::new(),
            base: 0,
            file: None,
            end: 0,
            reach: 0,
            buffer: Vec::new(),
        };
        match segments.last() {
            None => writer.begin_segment(0)?,
            Some((base, path)) => {
                writer.base = *base;
                writer.path.clone_from(path);
                writer.end = sound_end(path, *base)?;
                if Reader::open(path, *base)?.is_some_and(|reader| reader.is_thinned()) {
                    // Nothing is written behind what was thinned.
                    writer.begin_segment(writer.end)?;
                } else {
                    writer.reopen()?;
                }
            }
        }
        Ok(writer)
    }

    fn begin_segment(&mut self, base: u64) -> Result<(), JournalError> {
        let path = self.dir.join(segment::file_name(base));
        let begin = || -> io::Result<File> {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
            file.write_all(&segment::header(base))?;
            file.sync_all()?;
            sync_folder(&self.dir)?;
            Ok(file)
        };
        let file = begin().map_err(|source| {
            // Left behind, it would be taken for a gap once the segment before it grows.
            let _ = std::fs::remove_file(&path);
            JournalError::Io { path: path.clone(), source }
        })?;
        (self.path, self.base, self.end, self.reach, self.file) = (path, base, base, HEADER_BYTES, Some(file));
        Ok(())
    }

    /// Cuts the segment back to what is durable.
    fn reopen(&mut self) -> Result<(), JournalError> {
        let length = HEADER_BYTES + (self.end - self.base);
        let open = || -> io::Result<File> {
            let file = OpenOptions::new().write(true).open(&self.path)?;
            if file.metadata()?.len() != length {
                file.set_len(length)?;
            }
            file.sync_all()?;
            Ok(file)
        };
        self.file = Some(open().map_err(JournalError::io(&self.path))?);
        self.reach = length;
        Ok(())
    }

    /// One batch: folders, one write, one sync. Gives each record's place and the one behind it.
    fn write(&mut self, appends: &[Append]) -> Result<Vec<(Position, Position)>, JournalError> {
        if self.file.is_none() {
            self.reopen()?;
        }
        let bytes: usize = appends.iter().map(bytes_of).sum::<usize>() + BATCH_BYTES;
        if self.end > self.base && self.end - self.base + bytes as u64 > SEGMENT_BYTES_MAX - HEADER_BYTES {
            // A closed segment ends with its last record.
            self.reopen()?;
            self.begin_segment(self.end)?;
        }
        let folders: BTreeSet<&PathBuf> = appends.iter().flat_map(|a| &a.folders).collect();
        for folder in folders {
            sync_folder(folder).map_err(JournalError::io(folder))?;
        }
        self.buffer.clear();
        segment::push_batch(&mut self.buffer, self.end);
        let mut places = Vec::with_capacity(appends.len());
        for append in appends {
            let position = Position(self.end + self.buffer.len() as u64);
            segment::push_record(&mut self.buffer, append.kind, &append.body, &append.attached);
            places.push((position, Position(self.end + self.buffer.len() as u64)));
        }
        let Some(file) = self.file.take() else { return Err(JournalError::Closed) };
        let (offset, bytes) = (HEADER_BYTES + (self.end - self.base), self.buffer.len());
        let wanted = offset + bytes as u64;
        if wanted > self.reach {
            let reach = wanted.next_multiple_of(STEP_BYTES);
            self.buffer.resize(usize::try_from(reach - offset).unwrap_or(bytes), 0);
        }
        file.write_all_at(&self.buffer, offset)
            .and_then(|()| file.sync_data())
            .map_err(JournalError::io(&self.path))?;
        self.file = Some(file);
        self.reach = self.reach.max(offset + self.buffer.len() as u64);
        self.end += bytes as u64;
        if self.buffer.capacity() > BATCH_BYTES_MAX {
            self.buffer = Vec::new();
        }
        Ok(places)
    }
}

/// Behind the last whole record of the last segment. What follows it was never durable, or this is damage.
fn sound_end(path: &Path, base: u64) -> Result<u64, JournalError> {
    let damaged = |at| JournalError::Damaged { path: path.to_owned(), at };
    let mut reader = Reader::open(path, base)?.ok_or_else(|| damaged(base))?;
    let mut end = base;
    loop {
        match reader.next()? {
            Next::Record { next, .. } => end = next.0,
            Next::End if reader.left() == 0 || reader.to_batch_behind(end)?.is_none() => return Ok(end),
            Next::End => return Err(damaged(end)),
            Next::Bad { at } => {
                if reader.to_batch_behind(at)?.is_some() {
                    return Err(damaged(at));
                }
                tracing::warn!(path = %path.display(), at, bytes = reader.end() - end, "a torn journal tail is cut");
                return Ok(end);
            }
        }
    }
}

/// Makes a journal's folder, and sees to it that a power cut does not take it with all that is in it: its name, and
/// that of the folder of journals, are on disk. Always, since an earlier start may not have come to that.
fn make_folder(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    dir.ancestors().skip(1).take(2).filter(|above| !above.as_os_str().is_empty()).try_for_each(sync_folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
