//! Verified bytes on their way from a stream into the lease.
//!
//! Groups are checked as they come. A chunk of which all are right is written beside the reading, so that neither the stream
//! nor the disk waits for the other.
//!
//! # At a crash
//! What was written is there; what was verified and waits for the disk is asked for again.
//!
//! # Not here
//! Asking: [`super::fetch`]. Coded bytes: [`super::coded`]. Writing: `archive::cache`.

use super::{failure::Failure, fetch::Fault};
use crate::archive::cache::{CHUNK_BYTES, Chunk, Copy, Room};
use bytes::{BufMut, BytesMut};
use protocol::{
    Digest,
    digest::Groups,
    limits::{GROUP, GROUP_BYTES},
};
use quinn::{ReadError, ReadExactError};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::mpsc,
};

#[expect(clippy::cast_possible_truncation, reason = "64 KiB")]
const CHUNK: usize = CHUNK_BYTES as usize;
/// Groups of one chunk of the cache.
pub(super) const CHUNK_GROUPS: u64 = CHUNK_BYTES / GROUP_BYTES;

/// How far bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many came.
    Came(u64),
    /// So many were right.
    Verified(u64),
    /// So many are in the lease.
    Kept(u64),
}

/// Receives bytes of an object as they are, from the beginning of chunk `first` on, into its copy. What was verified before a
/// fault of the stream is kept; a fault of the disk ends the reading at once.
///
/// # Errors
/// [`Fault`], when they did not come whole, are not the object's, or cannot be kept.
pub(super) async fn into_copy<R: AsyncRead + Unpin>(
    recv: &mut R,
    copy: &Copy,
    (first, bytes): (u64, u64),
    sums: (&Groups, &Digest),
    note: &(dyn Fn(Step) + Sync),
) -> Result<(), Fault> {
    let (to, mut writing) = copy.writing(first);
    let reading = async { Ok::<_, Fault>(chunks(recv, (first, bytes), sums, to, note).await) };
    let keeping = async {
        while let Some(bytes) = writing.next().await.map_err(|_| Failure::Cache)? {
            note(Step::Kept(bytes));
        }
        Ok::<_, Fault>(())
    };
    let (read, ()) = tokio::try_join!(reading, keeping)?;
    read
}

/// Reads chunks and hands over those that are right.
async fn chunks<R: AsyncRead + Unpin>(
    recv: &mut R,
    (first, bytes): (u64, u64),
    sums: (&Groups, &Digest),
    to: mpsc::Sender<Chunk>,
    note: &(dyn Fn(Step) + Sync),
) -> Result<(), Fault> {
    let mut left = usize::try_from(bytes).map_err(|_| Failure::Protocol)?;
    let (mut room, mut group) = (Room::default(), first * CHUNK_GROUPS);
    while left > 0 {
        let size = left.min(CHUNK);
        verified(recv, (group, size), sums, room.next_of(left), note).await?;
        note(Step::Verified(size as u64));
        to.send(room.take()).await.map_err(|_| Failure::Cache)?;
        group += CHUNK_GROUPS;
        left -= size;
    }
    Ok(())
}

/// Reads so many bytes behind what is in `into`, of which the first are group `group` of an object, checking every group as it
/// comes.
///
/// # Errors
/// [`Fault`], at the first that is not the object's.
pub(super) async fn verified<R: AsyncRead + Unpin>(
    recv: &mut R,
    (mut group, bytes): (u64, usize),
    (groups, digest): (&Groups, &Digest),
    into: &mut BytesMut,
    note: &(dyn Fn(Step) + Sync),
) -> Result<(), Fault> {
    let end = into.len() + bytes;
    while into.len() < end {
        let from = into.len();
        let to = end.min(from + GROUP);
        while into.len() < to {
            more(recv, to - into.len(), into).await?;
        }
        note(Step::Came((to - from) as u64));
        let is_right = into.get(from..).is_some_and(|bytes| groups.holds(group, bytes, digest));
        if !is_right {
            return Err(Failure::Corrupt.into());
        }
        group += 1;
    }
    Ok(())
}

/// Waits for bytes and puts them behind what is in `into`: at least one, at most so many. Gives their number.
///
/// # Errors
/// [`Fault`], also when no more come.
pub(super) async fn more<R: AsyncRead + Unpin>(
    recv: &mut R,
    bytes_max: usize,
    into: &mut BytesMut,
) -> Result<usize, Fault> {
    into.reserve(bytes_max);
    match recv.read_buf(&mut into.limit(bytes_max)).await {
        Ok(0) => Err(Failure::Protocol.into()),
        Ok(count) => Ok(count),
        Err(fault) => {
            Err(fault.downcast::<ReadError>().map_or(Fault::Lost, |fault| ReadExactError::ReadError(fault).into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        archive::cache::{Cache, Lease},
        config::CacheConfig,
        tasks::Tasks,
    };
    use protocol::{SiteId, Timestamp, Uid, catalog::Basis, ids::Id128};
    use std::{
        io,
        pin::Pin,
        sync::Mutex,
        task::{Context, Poll},
    };
    use tokio::io::{AsyncWriteExt, ReadBuf};

    const AGREEMENT: Id128 = Id128([1; 16]);

    struct Bench {
        _dir: tempfile::TempDir,
        cache: Cache,
        lease: Lease,
        bytes: Vec<u8>,
        groups: Groups,
        digest: Digest,
        steps: Mutex<Vec<Step>>,
    }

    impl Bench {
        /// An object of four whole chunks and a last short one.
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let cache = Cache::open(dir.path(), &CacheConfig { quota_bytes: u64::MAX }, &Tasks::default()).unwrap();
            let (holder, study) = (SiteId([7; 32]), Uid::parse("2.25.1").unwrap());
            let lease = cache.lease(&holder, &study, &Basis::Agreement(AGREEMENT), Timestamp(1_000_000), 1).unwrap();
            let bytes: Vec<u8> =
                (0..4 * CHUNK + 700).map(|i| (i / 7).to_le_bytes()[0] ^ (i >> 9).to_le_bytes()[0]).collect();
            let (groups, digest) = Groups::of(&bytes);
            Self { _dir: dir, cache, lease, bytes, groups, digest, steps: Mutex::default() }
        }

        async fn copy(&self) -> Copy {
            self.lease.object(&self.digest, self.bytes.len() as u64).await.unwrap()
        }

        /// Receives from chunk `first` to the end.
        async fn receive(&self, recv: &mut (impl AsyncRead + Unpin), first: u64) -> Result<(), Fault> {
            let bytes = self.bytes.len() as u64 - first * CHUNK_BYTES;
            let note = |step| self.steps.lock().unwrap().push(step);
            into_copy(recv, &self.copy().await, (first, bytes), (&self.groups, &self.digest), &note).await
        }

        fn sum(&self, of: impl Fn(Step) -> u64) -> u64 {
            self.steps.lock().unwrap().iter().map(|step| of(*step)).sum()
        }
    }

    /// A stream that gives what it has, and is lost then.
    struct Lost<'a>(&'a [u8]);

    impl AsyncRead for Lost<'_> {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            if self.0.is_empty() {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::NotConnected, ReadError::ClosedStream)));
            }
            Pin::new(&mut self.0).poll_read(cx, buf)
        }
    }

    #[tokio::test]
    async fn all_of_it_comes_with_its_last_short_chunk() {
        let bench = Bench::new();
        bench.receive(&mut bench.bytes.as_slice(), 0).await.unwrap();
        let copy = bench.copy().await;
        assert!(copy.is_complete());
        assert_eq!(copy.read(0, u64::MAX).await.unwrap().unwrap(), bench.bytes);
        let all = bench.bytes.len() as u64;
        assert_eq!(bench.sum(|step| if let Step::Came(n) = step { n } else { 0 }), all);
        assert_eq!(bench.sum(|step| if let Step::Verified(n) = step { n } else { 0 }), all);
        assert_eq!(bench.sum(|step| if let Step::Kept(n) = step { n } else { 0 }), all);
    }

    #[tokio::test]
    async fn what_came_before_the_line_was_lost_stays_and_the_rest_comes_later() {
        let bench = Bench::new();
        let (before, later) = bench.bytes.split_at(2 * CHUNK);
        // In the midst of the third chunk.
        let mut cut = Lost(&bench.bytes[..before.len() + GROUP + 5]);
        assert_eq!(bench.receive(&mut cut, 0).await, Err(Fault::Lost));
        let copy = bench.copy().await;
        assert_eq!(copy.missing(0), Some((2, 3)));
        assert_eq!(copy.read(0, before.len() as u64).await.unwrap().unwrap(), before);
        bench.receive(&mut &later[..], 2).await.unwrap();
        assert_eq!(copy.read(0, u64::MAX).await.unwrap().unwrap(), bench.bytes);
    }

    #[tokio::test]
    async fn nothing_of_a_chunk_with_a_wrong_byte_is_kept() {
        let bench = Bench::new();
        let mut wrong = bench.bytes.clone();
        wrong[CHUNK + 3 * GROUP] ^= 1;
        assert_eq!(bench.receive(&mut wrong.as_slice(), 0).await, Err(Fault::Failed(Failure::Corrupt)));
        assert_eq!(bench.copy().await.missing(0), Some((1, 4)));
        // Less than was announced is no end either.
        let short = &bench.bytes[CHUNK..2 * CHUNK + 1];
        assert_eq!(bench.receive(&mut &short[..], 1).await, Err(Fault::Failed(Failure::Protocol)));
        assert_eq!(bench.copy().await.missing(0), Some((2, 3)));
    }

    #[tokio::test]
    async fn what_cannot_be_kept_ends_the_reading_of_a_stream_that_is_silent() {
        let bench = Bench::new();
        let copy = bench.copy().await;
        let (mut holder, mut asker) = tokio::io::duplex(2 * CHUNK);
        holder.write_all(&bench.bytes[..CHUNK]).await.unwrap();
        bench.cache.end_agreement(&AGREEMENT).unwrap();
        let (sums, bytes) = ((&bench.groups, &bench.digest), bench.bytes.len() as u64);
        let ended = into_copy(&mut asker, &copy, (0, bytes), sums, &|_| {}).await;
        assert_eq!(ended, Err(Fault::Failed(Failure::Cache)));
        assert_eq!(copy.missing(0), Some((0, 5)));
    }
}
