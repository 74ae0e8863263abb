//! Rotten objects become what was stored again.

use super::*;
use protocol::SiteId;

const STUDY: &str = "1.7.1";

async fn stored(site: &Site, n: u32) -> (Made, Ingested) {
    let made = Made::new(STUDY, "1.7.1.1", &format!("1.7.1.1.{n}"));
    let ingested = site.store_as(made.form(), &made.data_set()).await.unwrap();
    (made, ingested)
}

fn spoil(path: &Path, at: impl Fn(usize) -> usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at(bytes.len());
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn became(site: &Site) -> Vec<Option<RepairedFrom>> {
    site.archive.rotten().unwrap().into_iter().map(|row| row.repaired.map(|(_, from)| from)).collect()
}

async fn bring(site: &Site, row: &InstanceRow, data_set: &[u8]) -> Result<(), IngestError> {
    let mut spool = site.archive.repair_spool(&uid(STUDY), row).await.unwrap();
    spool.write(Bytes::copy_from_slice(data_set)).await.unwrap();
    site.archive.repair(&uid(STUDY), row, spool, RepairedFrom::Peer(SiteId([9; 32]))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_bytes_that_are_the_same_and_by_no_others_and_the_list_survives_a_lost_index() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 1);
    let (made, ingested) = stored(&site, 1).await;
    let (other, _) = stored(&site, 2).await;
    site.settled(&uid(STUDY)).await;
    let (row, version) = (site.row(&ingested), site.archive.study(&uid(STUDY)).unwrap().unwrap().version);
    let path = site.archive.inner.blobs.path(&row.entry.digest);
    let before = fs::read(&path).unwrap();
    spoil(&path, |len| len - 1);
    assert_eq!(scrub::pass(&site.archive.inner, u64::MAX).await.unwrap().faults, 1);
    assert_eq!(became(&site), [None]);
    let waiting = site.archive.to_repair().unwrap();
    assert_eq!(waiting, [(uid(STUDY), row.clone())]);
    assert!(!site.archive.repair_here(&uid(STUDY), &row.entry.digest).await.unwrap(), "nothing here has it");

    // Another object of the study, and bytes that are none.
    assert!(bring(&site, &row, &other.data_set()).await.is_err());
    assert!(bring(&site, &row, &[0; 300]).await.is_err());
    assert_eq!(became(&site), [None]);
    assert!(site.archive.conflicts(true, 0, 9).unwrap().is_empty(), "nothing of them is kept");

    // The list is in the journal: killed and without an index, the object still counts and waits.
    site.kill().await;
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let site = Site::open(dir.path(), 1);
    assert_eq!(site.archive.to_repair().unwrap(), waiting);
    bring(&site, &row, &made.data_set()).await.unwrap();
    let from_peer = Some(RepairedFrom::Peer(SiteId([9; 32])));
    assert_eq!(became(&site), [from_peer]);
    assert_eq!(fs::read(&path).unwrap(), before, "the file is byte for byte what it was");
    assert_eq!(site.read(&ingested).await.unwrap().1, made.data_set());
    assert_eq!(site.archive.study(&uid(STUDY)).unwrap().unwrap().version, version, "it is the study it was");
    site.kill().await;
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let site = Site::open(dir.path(), 1);
    assert_eq!(became(&site), [from_peer]);
    assert!(site.archive.to_repair().unwrap().is_empty());
    let told = site.audit.page(&Filter { act: Some(Act::ObjectRepaired), limit: 9, ..Filter::default() });
    assert_eq!(told.iter().filter(|(_, event)| event.outcome == crate::audit::Outcome::Done).count(), 3);
    assert!(told.iter().all(|(_, event)| event.peer == Some(SiteId([9; 32]))));

    // Rotten a second time, it is found and waits a second time.
    spoil(&path, |len| len - 1);
    assert_eq!(scrub::pass(&site.archive.inner, u64::MAX).await.unwrap().faults, 1);
    assert_eq!(became(&site), [None]);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_our_own_disk_where_only_the_front_is_spoilt_and_by_who_sends_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 1);
    let (made, front) = stored(&site, 1).await;
    let (again, sent) = stored(&site, 2).await;
    let digest = |ingested| site.row(ingested).entry.digest;
    spoil(&site.archive.inner.blobs.path(&digest(&front)), |_| 140);
    fs::remove_file(site.archive.inner.blobs.path(&digest(&sent))).unwrap();
    assert_eq!(scrub::pass(&site.archive.inner, u64::MAX).await.unwrap().faults, 2);
    assert!(site.archive.repair_here(&uid(STUDY), &digest(&front)).await.unwrap());
    let (meta, data_set) = site.read(&front).await.unwrap();
    assert_eq!(data_set, made.data_set());
    assert_eq!(&meta[128..132], b"DICM");

    assert!(!site.archive.repair_here(&uid(STUDY), &digest(&sent)).await.unwrap());
    assert!(!site.store_as(again.form(), &again.data_set()).await.unwrap().known);
    assert_eq!(site.archive.to_repair().unwrap(), [], "who sends it again repairs it");
    let mut became = became(&site);
    became.sort();
    assert_eq!(became, [Some(RepairedFrom::Sender), Some(RepairedFrom::Here)]);
    assert_eq!(scrub::pass(&site.archive.inner, u64::MAX).await.unwrap().faults, 0);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_a_rotten_object_has_it_repaired_and_a_crash_after_that_forgets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 1);
    let (_, ingested) = stored(&site, 1).await;
    let row = site.row(&ingested);
    spoil(&site.archive.inner.blobs.path(&row.entry.digest), |len| len - 1);
    let mut news = site.archive.events();
    assert!(matches!(site.read(&ingested).await, Err(ReadError::Corrupt)));
    let heard = async { while !matches!(news.recv().await, Ok(ArchiveEvent::Rotten)) {} };
    tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap();
    assert_eq!(fs::read_dir(dir.path().join("objects/rotten")).unwrap().count(), 0, "its header is still read");
    fs::remove_file(site.archive.inner.blobs.path(&row.entry.digest)).unwrap();
    site.kill().await;
    // Taken in since the last start, without a file: it counts nevertheless, since it is known to wait.
    let site = Site::open(dir.path(), 1);
    assert_eq!(site.archive.to_repair().unwrap(), [(uid(STUDY), row)]);
    site.close().await;
}
