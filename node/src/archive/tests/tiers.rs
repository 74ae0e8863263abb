//! The cold tier: what moves comes back byte for byte, whatever happens in between.

use super::*;
use crate::archive::edits::tag;
use protocol::manifest::Edit;
use std::fs;

struct Tiered {
    dir: tempfile::TempDir,
    cold: tempfile::TempDir,
}

impl Tiered {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), cold: tempfile::tempdir().unwrap() }
    }

    fn root(&self) -> PathBuf {
        self.cold.path().join("mount")
    }

    fn open(&self) -> Site {
        self.open_with(0)
    }

    fn open_with(&self, cold_after_ms: u64) -> Site {
        let tasks = Tasks::default();
        let audit = Audit::open(self.dir.path(), &tasks).unwrap();
        let config = ArchiveConfig {
            settle_ms: 20,
            free_bytes_min: 0,
            scrub_days: 0,
            cold: Some(crate::config::ColdPlace::Folder(self.root())),
            cold_after_ms,
            ..ArchiveConfig::default()
        };
        let identity = Arc::new(Identity::from_seed(&[7; 32]));
        let archive = Archive::open(self.dir.path(), &config, identity, audit.clone(), &tasks).unwrap();
        Site { archive, audit, tasks }
    }
}

/// Small, middling, large; the last two of one object under two names would be twins.
fn made() -> Vec<Made> {
    let with = |instance: &str, bytes: usize| {
        let mut made = Made::new("1.9", "1.9.1", instance);
        made.pixels(&(0..bytes).map(|n| u8::try_from(n / 7 % 251).unwrap()).collect::<Vec<_>>());
        made
    };
    vec![with("1.9.1.1", 100), with("1.9.1.2", 200_000), with("1.9.1.3", 9_000_000)]
}

async fn stored(site: &Site, all: &[Made]) -> Vec<Ingested> {
    let mut stored = Vec::new();
    for made in all {
        stored.push(site.store_as(made.form(), &made.data_set()).await.unwrap());
    }
    site.settled(&stored[0].study).await;
    stored
}

/// Asks, and waits for its end.
async fn moved(site: &Site, study: &Uid, is_to_cold: bool) {
    let mut events = site.archive.events();
    site.archive.move_study(study, is_to_cold).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let waits = site.archive.cold_status().unwrap().moves;
        assert!(waits.iter().all(|one| one.error.is_none()), "{waits:?}");
        if waits.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{waits:?}");
        let _ = tokio::time::timeout(Duration::from_secs(1), events.recv()).await;
    }
}

async fn insist(site: &Site, all: &[Made], stored: &[Ingested]) {
    for (made, ingested) in all.iter().zip(stored) {
        assert_eq!(site.read(ingested).await.unwrap().1, made.data_set());
    }
}

fn hot(site: &Site, ingested: &Ingested) -> PathBuf {
    site.archive.inner.blobs.path(&site.row(ingested).entry.digest)
}

#[tokio::test]
async fn a_study_goes_cold_and_is_read_as_before() {
    let folders = Tiered::new();
    let site = folders.open();
    let all = made();
    let stored = stored(&site, &all).await;
    let study = stored[0].study.clone();
    let before = site.all_rows();
    let metas: Vec<Bytes> = {
        let mut metas = Vec::new();
        for one in &stored {
            metas.push(site.read(one).await.unwrap().0);
        }
        metas
    };
    moved(&site, &study, true).await;
    assert_eq!(site.archive.tier(&study).unwrap(), Tier::Cold);
    assert!(stored.iter().all(|one| !hot(&site, one).exists()), "the hot files are gone");
    assert_eq!(site.all_rows(), before, "no list tells another thing");
    // Sent again it is known, and nothing is stored.
    assert!(site.store_as(all[0].form(), &all[0].data_set()).await.unwrap().known);
    assert!(!hot(&site, &stored[0]).exists());
    let mut faults = Vec::new();
    site.archive.verify(&mut |looked| faults.extend(looked.fault)).await.unwrap();
    assert!(faults.is_empty(), "verify reads cold copies: {faults:?}");

    // The index is lost and the process killed: the journal knows.
    site.kill().await;
    fs::remove_dir_all(folders.dir.path().join("index")).unwrap();
    let site = folders.open();
    assert_eq!(site.all_rows(), before);
    assert_eq!(site.archive.tier(&study).unwrap(), Tier::Cold);
    for (one, meta) in stored.iter().zip(&metas) {
        assert_eq!(site.read(one).await.unwrap().0, meta);
    }
    insist(&site, &all, &stored).await;
    assert!(site.archive.cold_status().unwrap().pace.is_some());
    // Opening one brought all of it back, in the background.
    moved(&site, &study, false).await;
    assert_eq!(site.archive.tier(&study).unwrap(), Tier::Hot);
    assert!(stored.iter().all(|one| hot(&site, one).exists()));
    site.close().await;
}

#[tokio::test]
async fn a_kill_between_record_and_removal_leaves_no_two_places() {
    let folders = Tiered::new();
    let site = folders.open();
    let all = made();
    let stored = stored(&site, &all).await;
    let files: Vec<_> = stored.iter().map(|one| (hot(&site, one), fs::read(hot(&site, one)).unwrap())).collect();
    moved(&site, &stored[0].study, true).await;
    site.kill().await;
    for (path, bytes) in &files {
        fs::write(path, bytes).unwrap();
    }
    // One of the copies is not what was written: its hot file stays.
    let spoiled = folders.root().join(files[1].0.parent().unwrap().file_name().unwrap());
    let spoiled = spoiled.join(format!("{}.zst", files[1].0.file_name().unwrap().to_str().unwrap()));
    let mut bytes = fs::read(&spoiled).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&spoiled, bytes).unwrap();
    let site = folders.open();
    // The worker begins with what is left over, and takes no move before.
    let other = Made::new("1.8", "1.8.1", "1.8.1.1");
    let other = self::stored(&site, &[other]).await;
    moved(&site, &other[0].study, true).await;
    assert!(!files[0].0.exists() && files[1].0.exists() && !files[2].0.exists());
    insist(&site, &all, &stored).await;
    site.close().await;
}

#[tokio::test]
async fn a_cold_tier_that_is_not_there_is_said_and_loses_nothing() {
    let folders = Tiered::new();
    let site = folders.open();
    let all = made();
    let stored = stored(&site, &all).await;
    let study = stored[0].study.clone();
    moved(&site, &study, true).await;
    // The mount is gone; its empty mount point is there.
    let away = folders.cold.path().join("away");
    fs::rename(folders.root(), &away).unwrap();
    fs::create_dir(folders.root()).unwrap();
    assert_eq!(site.archive.tier(&study).unwrap(), Tier::Unreachable);
    assert!(matches!(site.read(&stored[0]).await, Err(ReadError::Offline)));
    assert!(matches!(site.archive.move_study(&study, false), Err(TierError::Unreachable(Away::Unmarked))));
    assert!(site.store_as(all[0].form(), &all[0].data_set()).await.unwrap().known, "what cannot be asked is trusted");
    site.kill().await;
    let site = folders.open();
    assert_eq!(fs::read_dir(folders.root()).unwrap().count(), 0, "nothing is written to a folder that is not the tier");
    assert_eq!(site.archive.totals().instances, 3, "nor does anything stop counting");
    fs::remove_dir(folders.root()).unwrap();
    fs::rename(&away, folders.root()).unwrap();
    insist(&site, &all, &stored).await;
    site.close().await;
}

#[tokio::test]
async fn each_instance_tells_where_it_is() {
    let folders = Tiered::new();
    let site = folders.open();
    let all = made();
    let mut stored = stored(&site, &all).await;
    let study = stored[0].study.clone();
    let tiers = |site: &Site, stored: &[Ingested]| {
        stored.iter().map(|one| site.archive.instance_tier(&site.row(one)).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(tiers(&site, &stored), [Some(Tier::Hot); 3]);
    moved(&site, &study, true).await;
    assert_eq!(tiers(&site, &stored), [Some(Tier::Cold); 3]);
    // One more comes, with the others away from the hot tier.
    let late = Made::new("1.9", "1.9.1", "1.9.1.4");
    stored.push(site.store_as(late.form(), &late.data_set()).await.unwrap());
    assert_eq!(site.archive.tier(&study).unwrap(), Tier::Cold);
    let cold = Some(Tier::Cold);
    assert_eq!(tiers(&site, &stored), [cold, cold, cold, Some(Tier::Hot)]);
    let away = folders.cold.path().join("away");
    fs::rename(folders.root(), &away).unwrap();
    let offline = Some(Tier::Unreachable);
    assert_eq!(tiers(&site, &stored), [offline, offline, offline, Some(Tier::Hot)]);
    fs::rename(&away, folders.root()).unwrap();
    fs::remove_file(hot(&site, &stored[3])).unwrap();
    assert_eq!(tiers(&site, &stored[3..]), [None], "lost, and there is no copy");
    site.close().await;
}

#[tokio::test]
async fn a_rotten_file_stays_until_its_cold_copy_is_here() {
    let folders = Tiered::new();
    let site = folders.open();
    let all = made();
    let stored = stored(&site, &all).await;
    let study = stored[0].study.clone();
    moved(&site, &study, true).await;
    moved(&site, &study, false).await;
    let (path, digest) = (hot(&site, &stored[1]), site.row(&stored[1]).entry.digest);
    let sound = fs::read(&path).unwrap();
    let mut rotten = sound.clone();
    let last = rotten.len() - 1;
    rotten[last] ^= 1;
    fs::write(&path, &rotten).unwrap();
    let away = folders.cold.path().join("away");
    fs::rename(folders.root(), &away).unwrap();
    assert!(!site.archive.repair_here(&study, &digest).await.unwrap(), "the tier is away");
    assert_eq!(fs::read(&path).unwrap(), rotten, "its header still serves the series");
    fs::rename(&away, folders.root()).unwrap();
    assert!(site.archive.repair_here(&study, &digest).await.unwrap());
    assert_eq!(fs::read(&path).unwrap(), sound);
    insist(&site, &all, &stored).await;
    site.close().await;
}

#[tokio::test]
async fn a_rotten_copy_is_set_aside_and_what_is_sent_again_takes_its_place() {
    let folders = Tiered::new();
    let site = folders.open();
    let all = made();
    let stored = stored(&site, &all).await;
    moved(&site, &stored[0].study, true).await;
    let digest = site.row(&stored[1]).entry.digest;
    let path = folders.root().join(format!("{:02x}", digest.0[0])).join(format!("{digest}.dcm.zst"));
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 9;
    bytes[last] ^= 0x10;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(site.read(&stored[1]).await, Err(ReadError::Corrupt)));
    let passed = scrub::pass(&site.archive.inner, u64::MAX).await.unwrap();
    assert_eq!((passed.objects, passed.faults), (3, 1));
    assert!(!path.exists());
    assert_eq!(fs::read_dir(folders.root().join("rotten")).unwrap().count(), 1);
    assert!(!site.store_as(all[1].form(), &all[1].data_set()).await.unwrap().known);
    insist(&site, &all, &stored).await;
    site.close().await;
}

#[tokio::test]
async fn the_history_of_corrections_is_not_mistaken_for_cold_copies() {
    let folders = Tiered::new();
    let site = folders.open();
    let stored = stored(&site, &made()).await;
    let study = stored[0].study.clone();
    moved(&site, &study, true).await;
    let edits = vec![Edit { tag: tag::PATIENT_ID, value: Some("P9".to_owned()) }];
    let made = site.archive.correct(Correction::Edit { study, edits }, "", Actor::default()).await.unwrap();
    assert_eq!(site.archive.corrections(0, 10).unwrap(), [made]);
    site.close().await;
}

#[tokio::test]
async fn what_is_rejected_comes_back_from_the_cold_tier() {
    let folders = Tiered::new();
    let site = folders.open();
    let all = made();
    let stored = stored(&site, &all).await;
    let study = stored[0].study.clone();
    moved(&site, &study, true).await;
    let asked = Rejecting { study, series: None, instance: None, reason: RejectReason::Quality, note: String::new() };
    let record = site.archive.reject(asked, Actor::default()).await.unwrap();
    assert!(matches!(site.store_as(all[0].form(), &all[0].data_set()).await, Err(IngestError::Rejected { .. })));
    site.archive.reinstate(record.id, Actor::default()).await.unwrap();
    insist(&site, &all, &stored).await;
    site.close().await;
}

#[tokio::test]
async fn a_study_that_nobody_used_goes_by_itself() {
    let folders = Tiered::new();
    let site = folders.open();
    let all = made();
    let stored = stored(&site, &all).await;
    site.close().await;
    let site = folders.open_with(1);
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut events = site.archive.events();
    while site.archive.tier(&stored[0].study).unwrap() != Tier::Cold {
        assert!(Instant::now() < deadline, "{:?}", site.archive.cold_status());
        let _ = tokio::time::timeout(Duration::from_millis(50), events.recv()).await;
    }
    insist(&site, &all, &stored).await;
    site.close().await;
}
