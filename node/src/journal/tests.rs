use super::*;
use std::fs;

use segment::HEADER_BYTES as HEADER;

type Read = Vec<(u8, Vec<u8>)>;

fn all(journal: &Journal, from: Position) -> Result<Read, JournalError> {
    let mut read = Vec::new();
    journal.replay(from, &mut |record| {
        assert!(record.position < record.next);
        read.push((record.kind, record.body.to_vec()));
        Ok(())
    })?;
    Ok(read)
}

fn last_segment(dir: &Path) -> PathBuf {
    segment::list(dir).unwrap().pop().unwrap().1
}

#[tokio::test]
async fn what_was_appended_is_read_back_in_order_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = Tasks::default();
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    assert_eq!(journal.end(), Position(0));
    let mut middle = Position(0);
    for i in 0..20u8 {
        let at = journal.append(i % 3, vec![i; usize::from(i)]).await.unwrap();
        if i == 10 {
            middle = at;
        }
    }
    drop(journal);
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    let read = all(&journal, Position(0)).unwrap();
    assert_eq!(read, (0..20u8).map(|i| (i % 3, vec![i; usize::from(i)])).collect::<Read>());
    assert_eq!(all(&journal, middle).unwrap().len(), 10);
    assert!(all(&journal, journal.end()).unwrap().is_empty());
}

#[tokio::test]
async fn many_writers_share_syncs_and_hear_their_own_place_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = Tasks::default();
    let journal = Journal::open(&dir.path().join("j"), &tasks).unwrap();
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let appends: Vec<_> = (0..300u32)
        .map(|i| {
            let (journal, order, folder) = (journal.clone(), order.clone(), dir.path().to_owned());
            tasks.spawn("append", async move {
                let then: Then = Box::new(move |at, next| {
                    assert!(at < next);
                    order.lock().unwrap().push((at, i));
                });
                let body = i.to_le_bytes().to_vec();
                journal
                    .submit(Append { folders: vec![folder], kind: 7, body, then: Some(then), ..Append::default() })
                    .await
                    .unwrap()
            })
        })
        .collect();
    for append in appends {
        append.await.unwrap();
    }
    let told = order.lock().unwrap().clone();
    assert!(told.is_sorted());
    let bodies: Vec<u32> = all(&journal, Position(0))
        .unwrap()
        .iter()
        .map(|(_, b)| u32::from_le_bytes(b[..].try_into().unwrap()))
        .collect();
    assert_eq!(bodies, told.iter().map(|(_, i)| *i).collect::<Vec<_>>());
    assert!(tasks.stop(std::time::Duration::from_secs(5)).await.is_empty());
    journal.append(1, vec![1]).await.unwrap();
}

#[tokio::test]
async fn a_torn_tail_is_cut_at_every_length() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = Tasks::default();
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    journal.append(1, b"kept".to_vec()).await.unwrap();
    let durable = journal.end();
    journal.append(2, b"torn away".to_vec()).await.unwrap();
    let path = last_segment(dir.path());
    let mut whole = fs::read(&path).unwrap();
    whole.truncate(usize::try_from(HEADER + journal.end().0).unwrap());
    let keep = usize::try_from(HEADER + durable.0).unwrap();
    for cut in keep..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let journal = Journal::open(dir.path(), &tasks).unwrap();
        assert_eq!(journal.end(), durable, "cut at {cut}");
        assert_eq!(all(&journal, Position(0)).unwrap(), [(1, b"kept".to_vec())]);
    }
    for flip in keep..whole.len() {
        let mut bytes = whole.clone();
        bytes[flip] ^= 0x40;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(Journal::open(dir.path(), &tasks).unwrap().end(), durable, "flip at {flip}");
    }
    fs::write(&path, [&whole[..keep], &[0; 4096][..]].concat()).unwrap();
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    journal.append(3, b"after".to_vec()).await.unwrap();
    assert_eq!(all(&journal, Position(0)).unwrap(), [(1, b"kept".to_vec()), (3, b"after".to_vec())]);
}

#[tokio::test]
async fn damage_among_durable_records_is_an_error_and_the_rest_can_be_salvaged() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = Tasks::default();
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    for text in ["one", "two", "three"] {
        journal.append(1, text.as_bytes().to_vec()).await.unwrap();
    }
    let path = last_segment(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(3).position(|w| w == b"two").unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(Journal::open(dir.path(), &tasks), Err(JournalError::Damaged { .. })));
    let mut read = Vec::new();
    let hurt = salvage(dir.path(), &mut |_, body, _| {
        read.push(body.to_vec());
        Ok(())
    });
    assert!(hurt.unwrap());
    assert_eq!(read, [b"one".to_vec(), b"three".to_vec()]);
}

#[tokio::test]
async fn segments_follow_one_another_and_a_missing_one_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = Tasks::default();
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    for i in 0..10u8 {
        journal.append(i, vec![i; 15 << 20]).await.unwrap();
    }
    let segments = segment::list(dir.path()).unwrap();
    assert!(segments.len() >= 3);
    assert!(segments.iter().all(|(_, path)| fs::metadata(path).unwrap().len() <= 64 << 20));
    drop(journal);
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    assert_eq!(all(&journal, Position(0)).unwrap().len(), 10);
    fs::remove_file(&segments[1].1).unwrap();
    assert!(matches!(all(&journal, Position(0)), Err(JournalError::Damaged { .. })));
    assert!(matches!(journal.append(0, vec![0; (16 << 20) + 1]).await, Err(JournalError::TooLarge(_))));
}

#[tokio::test]
async fn after_a_failed_write_nothing_of_it_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = Tasks::default();
    let journal = Journal::open(&dir.path().join("j"), &tasks).unwrap();
    journal.append(1, b"before".to_vec()).await.unwrap();
    let missing = dir.path().join("missing");
    assert!(
        journal
            .submit(Append { folders: vec![missing], kind: 2, body: b"lost".to_vec(), ..Append::default() })
            .await
            .is_err()
    );
    journal.append(3, b"behind".to_vec()).await.unwrap();
    assert_eq!(all(&journal, Position(0)).unwrap(), [(1, b"before".to_vec()), (3, b"behind".to_vec())]);
}

#[tokio::test]
async fn a_segment_begun_but_not_written_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = Tasks::default();
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    journal.append(1, b"a".to_vec()).await.unwrap();
    let end = journal.end();
    drop(journal);
    fs::write(dir.path().join(segment::file_name(end.0)), b"CFR").unwrap();
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    assert_eq!(journal.end(), end);
    journal.append(1, b"b".to_vec()).await.unwrap();
    assert_eq!(all(&journal, Position(0)).unwrap().len(), 2);
}

/// Bodies, attachments and places of all records.
fn places(journal: &Journal, from: Position) -> Vec<(Position, Vec<u8>, Option<Vec<u8>>)> {
    let mut read = Vec::new();
    let mut each = |record: Record<'_>| {
        read.push((record.next, record.body.to_vec(), record.attached.map(<[u8]>::to_vec)));
        Ok(())
    };
    journal.replay(from, &mut each).unwrap();
    read
}

async fn with_attachments(dir: &Path, tasks: &Tasks) -> Journal {
    let journal = Journal::open(dir, tasks).unwrap();
    for i in 0..9u8 {
        let attached = vec![i; 1000 * usize::from(i % 3)];
        journal.submit(Append { kind: i, body: vec![i; 5], attached, ..Append::default() }).await.unwrap();
        if i == 4 {
            journal.close_segment().unwrap();
        }
    }
    journal
}

#[tokio::test]
async fn attachments_leave_closed_segments_and_records_keep_their_places() {
    let (dir, tasks) = (tempfile::tempdir().unwrap(), Tasks::default());
    let journal = with_attachments(dir.path(), &tasks).await;
    let before = places(&journal, Position(0));
    assert_eq!(before[5].2, Some(vec![5; 2000]));
    assert_eq!(journal.forget(journal.end(), 1).unwrap(), 1000 + 2000 + 1000 - 8, "a header of eight bytes more");
    assert_eq!(journal.forget(journal.end(), 1).unwrap(), 0);
    let check = |journal: &Journal| {
        let after = places(journal, Position(0));
        for (index, (was, is)) in before.iter().zip(&after).enumerate() {
            assert_eq!((&was.0, &was.1), (&is.0, &is.1));
            assert_eq!(is.2, if index < 5 { None } else { was.2.clone() });
            // From behind any record, the rest follows.
            assert_eq!(places(journal, was.0), after[index + 1..]);
        }
    };
    check(&journal);
    drop(journal);
    check(&Journal::open(dir.path(), &tasks).unwrap());
}

#[tokio::test]
async fn a_thinned_segment_that_is_hurt_is_damage_and_what_can_be_read_is_salvaged() {
    let (dir, tasks) = (tempfile::tempdir().unwrap(), Tasks::default());
    let journal = with_attachments(dir.path(), &tasks).await;
    journal.forget(journal.end(), 1).unwrap();
    let first = segment::list(dir.path()).unwrap().remove(0).1;
    let sound = fs::read(&first).unwrap();
    for at in 0..sound.len() {
        let mut hurt = sound.clone();
        hurt[at] ^= 0x20;
        fs::write(&first, hurt).unwrap();
        let read = journal.replay(Position(0), &mut |_| Ok(()));
        assert!(matches!(read, Err(JournalError::Damaged { .. })), "byte {at}");
        let mut bodies = Vec::new();
        let mut each = |_: u8, body: &[u8], _: Option<&[u8]>| {
            bodies.push(body[0]);
            Ok(())
        };
        assert!(salvage(dir.path(), &mut each).unwrap());
        assert!(bodies.ends_with(&[5, 6, 7, 8]) && bodies.is_sorted(), "{bodies:?}");
        // One byte hurts one record, or the head of the file.
        assert!(bodies.len() >= if at < 28 { 4 } else { 8 }, "byte {at}: {bodies:?}");
    }
    for length in 0..sound.len() {
        fs::write(&first, &sound[..length]).unwrap();
        assert!(journal.replay(Position(0), &mut |_| Ok(())).is_err(), "{length} bytes");
    }
}

#[tokio::test]
async fn nothing_is_written_behind_a_thinned_segment() {
    let (dir, tasks) = (tempfile::tempdir().unwrap(), Tasks::default());
    let journal = with_attachments(dir.path(), &tasks).await;
    journal.forget(journal.end(), 1).unwrap();
    drop(journal);
    // What a power cut may leave, where the newest segment's name was never on disk.
    fs::remove_file(last_segment(dir.path())).unwrap();
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    assert_eq!(places(&journal, Position(0)).len(), 5);
    journal.append(9, vec![99]).await.unwrap();
    let read = all(&Journal::open(dir.path(), &tasks).unwrap(), Position(0)).unwrap();
    assert_eq!(read.last().unwrap(), &(9, vec![99]));
}

#[tokio::test]
async fn zeros_are_made_ready_for_records_and_zeros_among_records_are_damage() {
    let (dir, tasks) = (tempfile::tempdir().unwrap(), Tasks::default());
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    for i in 0..5u8 {
        journal.append(i, vec![i; 100]).await.unwrap();
    }
    let (path, end) = (last_segment(dir.path()), journal.end());
    drop(journal);
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 256 << 10);
    let written = usize::try_from(end.0 + HEADER).unwrap();
    assert!(bytes[written..].iter().all(|byte| *byte == 0));
    let journal = Journal::open(dir.path(), &tasks).unwrap();
    assert_eq!((journal.end(), all(&journal, Position(0)).unwrap().len()), (end, 5));
    drop(journal);
    // The second batch gone to zeros: what stands behind it was durable after it.
    let mut hurt = bytes[..written].to_vec();
    hurt[20 + 125..20 + 250].fill(0);
    fs::write(&path, &hurt).unwrap();
    assert!(matches!(Journal::open(dir.path(), &tasks), Err(JournalError::Damaged { .. })));
    let mut kinds = Vec::new();
    let mut each = |kind: u8, _: &[u8], _: Option<&[u8]>| {
        kinds.push(kind);
        Ok(())
    };
    assert!(salvage(dir.path(), &mut each).unwrap());
    assert_eq!(kinds, [0, 2, 3, 4]);
}
