use super::*;
use std::{pin::pin, task::Poll, time::Duration};

fn holder() -> SiteId {
    SiteId([7; 32])
}

fn study(n: u32) -> Uid {
    Uid::parse(&format!("2.25.{n}")).unwrap()
}

fn agreement(n: u8) -> Id128 {
    Id128([n; 16])
}

const LATER: Timestamp = Timestamp(1_000_000_000);

fn open(dir: &Path, quota_bytes: u64) -> Cache {
    Cache::open(dir, &CacheConfig { quota_bytes }, &Tasks::default()).unwrap()
}

fn object(len: usize) -> (Digest, Vec<u8>) {
    let bytes: Vec<u8> = (0..len).map(|i| (i / 7).to_le_bytes()[0] ^ (i >> 9).to_le_bytes()[0]).collect();
    (Digest::of(&bytes), bytes)
}

async fn fill(copy: &Copy, bytes: &[u8], chunks: impl Iterator<Item = u64>) {
    for index in chunks {
        let from = usize::try_from(index).unwrap() * CHUNK;
        let to = bytes.len().min(from + CHUNK);
        copy.write(index, chunks_of(&bytes[from..to])).await.unwrap();
    }
}

#[tokio::test]
async fn a_partial_copy_survives_a_restart_and_is_completed() {
    let dir = tempfile::tempdir().unwrap();
    let (digest, bytes) = object(300_001);
    let basis = Basis::Agreement(agreement(1));
    {
        let lease = open(dir.path(), u64::MAX).lease(&holder(), &study(1), &basis, LATER, 1).unwrap();
        let copy = lease.object(&digest, bytes.len() as u64).await.unwrap();
        assert_eq!(copy.missing(0), Some((0, 5)));
        fill(&copy, &bytes, [0, 2].into_iter()).await;
        assert_eq!(copy.missing(0), Some((1, 1)));
        assert_eq!(copy.read(0, CHUNK_BYTES + 1).await.unwrap(), None);
    }
    let cache = open(dir.path(), u64::MAX);
    let lease = cache.lease(&holder(), &study(1), &basis, LATER, 1).unwrap();
    let copy = lease.object(&digest, bytes.len() as u64).await.unwrap();
    assert_eq!(copy.missing(1), Some((1, 1)));
    assert_eq!(copy.missing(2), Some((3, 2)));
    fill(&copy, &bytes, [1, 3, 4].into_iter()).await;
    assert!(copy.is_complete());
    assert_eq!(copy.read(0, u64::MAX).await.unwrap().unwrap(), bytes);
    assert_eq!(copy.read(65_530, 20).await.unwrap().unwrap(), bytes[65_530..65_550]);
    assert_eq!(cache.kept(&holder(), &study(1)).objects, 1);
}

#[tokio::test]
async fn ending_an_agreement_makes_copies_and_notes_unreadable() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path(), u64::MAX);
    let lease = cache.lease(&holder(), &study(1), &Basis::Agreement(agreement(1)), LATER, 1).unwrap();
    lease.put("manifest", Bytes::from_static(b"who and what")).await.unwrap();
    cache.put_note(&agreement(1), "directory", b"cards").unwrap();
    assert_eq!(lease.take("manifest").await.unwrap().unwrap(), "who and what");
    assert_eq!(cache.end_agreement(&agreement(1)).unwrap(), 1);
    assert!(matches!(lease.take("manifest").await, Err(CacheError::Erased)));
    assert_eq!(cache.note(&agreement(1), "directory").unwrap(), None);
    assert_eq!(cache.bytes(), 0);
}

#[tokio::test]
async fn a_study_on_two_bases_outlives_one_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path(), u64::MAX);
    let grant = Basis::Grant { id: agreement(9), agreement: agreement(2), expires: LATER };
    let lease = cache.lease(&holder(), &study(1), &Basis::Agreement(agreement(1)), LATER, 1).unwrap();
    cache.lease(&holder(), &study(1), &grant, LATER, 1).unwrap();
    lease.put("x", Bytes::from_static(b"y")).await.unwrap();
    assert_eq!(cache.end_agreement(&agreement(1)).unwrap(), 0);
    assert_eq!(lease.take("x").await.unwrap().unwrap(), "y");
    // The grant stands under agreement 2: ending that erases the study.
    assert_eq!(cache.end_agreement(&agreement(2)).unwrap(), 1);
    assert!(matches!(lease.take("x").await, Err(CacheError::Erased)));
}

#[tokio::test]
async fn a_damaged_chunk_counts_as_missing() {
    let dir = tempfile::tempdir().unwrap();
    let (digest, bytes) = object(200_000);
    let cache = open(dir.path(), u64::MAX);
    let lease = cache.lease(&holder(), &study(1), &Basis::Agreement(agreement(1)), LATER, 1).unwrap();
    let copy = lease.object(&digest, bytes.len() as u64).await.unwrap();
    fill(&copy, &bytes, 0..4).await;
    let file = fs::read_dir(&lease.study.dir).unwrap().next().unwrap().unwrap().path();
    let mut stored = fs::read(&file).unwrap();
    stored[70_000] ^= 1;
    fs::write(&file, stored).unwrap();
    assert_eq!(copy.read(0, 200_000).await.unwrap(), None);
    assert_eq!(copy.missing(0), Some((1, 1)));
    fill(&copy, &bytes, [1].into_iter()).await;
    assert_eq!(copy.read(0, 200_000).await.unwrap().unwrap(), bytes);
}

#[tokio::test]
async fn the_quota_erases_the_least_recently_used_idle_study() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path(), 250_000);
    let basis = Basis::Agreement(agreement(1));
    let (digest, bytes) = object(100_000);
    for n in 1..=3 {
        let lease = cache.lease(&holder(), &study(n), &basis, LATER, 1).unwrap();
        let copy = lease.object(&digest, bytes.len() as u64).await.unwrap();
        fill(&copy, &bytes, 0..2).await;
    }
    assert_eq!(cache.kept(&holder(), &study(1)), Kept::default());
    assert_eq!(cache.kept(&holder(), &study(3)).objects, 1);
    assert!(cache.bytes() <= 250_000);
}

#[tokio::test]
async fn leases_end_with_their_time() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path(), u64::MAX);
    let lease = cache.lease(&holder(), &study(1), &Basis::Agreement(agreement(1)), Timestamp(5_000), 1).unwrap();
    assert_eq!(cache.expire(Timestamp(4_999)).unwrap(), 0);
    assert_eq!(cache.expire(Timestamp(5_000)).unwrap(), 1);
    assert!(matches!(lease.take("x").await, Err(CacheError::Erased)));
}

#[tokio::test]
async fn no_plain_byte_and_no_uid_is_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path(), u64::MAX);
    let lease = cache.lease(&holder(), &study(123_456), &Basis::Agreement(agreement(1)), LATER, 1).unwrap();
    lease.put("LEFEVRE", Bytes::from_static(b"LEFEVRE^AGNES")).await.unwrap();
    let mut stack = vec![dir.path().to_path_buf()];
    let mut seen = 0;
    while let Some(path) = stack.pop() {
        assert!(!path.to_string_lossy().contains("2.25.123456"));
        if path.is_dir() {
            stack.extend(fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else {
            seen += 1;
            let bytes = fs::read(path).unwrap();
            assert!(!bytes.windows(7).any(|w| w == b"LEFEVRE") && !bytes.windows(8).any(|w| w == b"2.25.123"));
        }
    }
    assert_eq!(seen, 2);
}

/// A lease by agreement 1, and an object of four whole chunks and a last short one.
async fn five_chunks(cache: &Cache) -> (Copy, Vec<u8>) {
    let lease = cache.lease(&holder(), &study(1), &Basis::Agreement(agreement(1)), LATER, 1).unwrap();
    let (digest, bytes) = object(300_001);
    (lease.object(&digest, bytes.len() as u64).await.unwrap(), bytes)
}

/// Damages what is on the disk of a copy.
fn damage(cache: &Cache, places: impl Iterator<Item = usize>) {
    let lease = cache.find(&holder(), &study(1)).unwrap();
    let file = fs::read_dir(&lease.study.dir).unwrap().next().unwrap().unwrap().path();
    let mut stored = fs::read(&file).unwrap();
    places.for_each(|at| stored[at] ^= 1);
    fs::write(&file, stored).unwrap();
}

#[tokio::test]
async fn what_comes_while_a_chunk_is_written_is_all_written_next() {
    let dir = tempfile::tempdir().unwrap();
    let (copy, bytes) = five_chunks(&open(dir.path(), u64::MAX)).await;
    let (to, mut writing) = copy.writing(0);
    let mut chunks = chunks_of(&bytes).into_iter();
    to.send(chunks.next().unwrap()).await.unwrap();
    let first = {
        let mut first = pin!(writing.next());
        // Begun with what is there, and nothing else.
        let begun = futures::poll!(first.as_mut());
        for chunk in chunks {
            to.send(chunk).await.unwrap();
        }
        drop(to);
        match begun {
            Poll::Ready(done) => done,
            Poll::Pending => first.await,
        }
    };
    assert_eq!(first.unwrap(), Some(CHUNK_BYTES));
    assert_eq!(copy.missing(0), Some((1, 4)));
    assert_eq!(writing.next().await.unwrap(), Some(bytes.len() as u64 - CHUNK_BYTES));
    assert_eq!(writing.next().await.unwrap(), None);
    assert!(copy.is_complete());
    assert_eq!(copy.read(0, u64::MAX).await.unwrap().unwrap(), bytes);
}

#[tokio::test]
async fn a_write_that_fails_is_told_and_what_was_written_before_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (copy, bytes) = five_chunks(&open(dir.path(), u64::MAX)).await;
    let (to, mut writing) = copy.writing(0);
    for chunk in chunks_of(&bytes[..2 * CHUNK]) {
        to.send(chunk).await.unwrap();
    }
    assert_eq!(writing.next().await.unwrap(), Some(2 * CHUNK_BYTES));
    // Only the last one may be short.
    for chunk in chunks_of(&bytes[2 * CHUNK..3 * CHUNK - 1]) {
        to.send(chunk).await.unwrap();
    }
    assert!(matches!(writing.next().await, Err(CacheError::Damaged)));
    assert_eq!(copy.missing(0), Some((2, 3)));
    assert_eq!(copy.read(0, 2 * CHUNK_BYTES).await.unwrap().unwrap(), bytes[..2 * CHUNK]);
}

#[tokio::test]
async fn erased_during_a_write_nothing_more_is_written_or_kept() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path(), u64::MAX);
    let (copy, bytes) = five_chunks(&cache).await;
    assert_eq!(copy.read(0, u64::MAX).await.unwrap(), None);
    let (to, mut writing) = copy.writing(0);
    let mut chunks = chunks_of(&bytes).into_iter();
    to.send(chunks.next().unwrap()).await.unwrap();
    {
        let mut first = pin!(writing.next());
        let begun = futures::poll!(first.as_mut());
        assert_eq!(cache.end_agreement(&agreement(1)).unwrap(), 1);
        if begun.is_pending() {
            // Before the end or after it.
            let _ = first.await;
        }
    }
    for chunk in chunks {
        to.send(chunk).await.unwrap();
    }
    assert!(matches!(writing.next().await, Err(CacheError::Erased)));
    assert!(matches!(copy.read(0, 1).await, Err(CacheError::Erased)));
    assert_eq!((cache.inner.fresh.chunks(), cache.bytes()), (0, 0));
}

#[tokio::test]
async fn what_was_handed_over_is_written_though_its_bringer_goes() {
    let (dir, tasks) = (tempfile::tempdir().unwrap(), Tasks::default());
    let cache = Cache::open(dir.path(), &CacheConfig { quota_bytes: u64::MAX }, &tasks).unwrap();
    let (copy, bytes) = five_chunks(&cache).await;
    let (to, writing) = copy.writing(1);
    for chunk in chunks_of(&bytes[CHUNK..]) {
        to.send(chunk).await.unwrap();
    }
    drop(writing);
    assert!(tasks.stop(Duration::from_secs(30)).await.is_empty());
    assert_eq!(copy.missing(0), Some((0, 1)));
    fill(&copy, &bytes, 0..1).await;
    assert_eq!(copy.read(0, u64::MAX).await.unwrap().unwrap(), bytes);
}

#[tokio::test]
async fn who_waits_is_given_what_was_just_verified_and_the_others_what_is_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path(), u64::MAX);
    let (copy, bytes) = five_chunks(&cache).await;
    assert_eq!(copy.read(100, 100_000).await.unwrap(), None);
    let (to, mut writing) = copy.writing(0);
    for chunk in chunks_of(&bytes) {
        to.send(chunk).await.unwrap();
    }
    writing.next().await.unwrap();
    assert_eq!(cache.inner.fresh.chunks(), 2);
    // Of each chunk a byte.
    damage(&cache, (0..5).map(|chunk| chunk * (CHUNK + 16) + 1_000));
    assert_eq!(copy.read(100, 100_000).await.unwrap().unwrap(), bytes[100..100_100]);
    assert_eq!(copy.read(CHUNK_BYTES, 10).await.unwrap().unwrap(), bytes[CHUNK..CHUNK + 10]);
    // Not all of it was waited for.
    assert_eq!(copy.read(100, 200_000).await.unwrap(), None);
    drop((copy, to, writing));
    assert_eq!(cache.inner.fresh.chunks(), 0, "nobody has it open");
}

#[tokio::test]
async fn what_is_kept_for_who_waits_is_bounded_and_goes_with_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path(), u64::MAX);
    let lease = cache.lease(&holder(), &study(1), &Basis::Agreement(agreement(1)), LATER, 1).unwrap();
    let (digest, bytes) = object(17 << 20);
    let copy = lease.object(&digest, bytes.len() as u64).await.unwrap();
    for mib in 0..17 {
        assert_eq!(copy.read(mib << 20, 1 << 20).await.unwrap(), None);
    }
    fill(&copy, &bytes, 0..17 * 16).await;
    assert_eq!(cache.inner.fresh.chunks(), 256);
    assert_eq!(copy.read(16 << 20, 1 << 20).await.unwrap().unwrap(), bytes[16 << 20..]);
    assert_eq!(cache.end_agreement(&agreement(1)).unwrap(), 1);
    assert_eq!(cache.inner.fresh.chunks(), 0);
    assert!(matches!(copy.read(16 << 20, 1 << 20).await, Err(CacheError::Erased)));
}
