use super::*;
use protocol::manifest::Completeness;

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_stored_twice_is_there_once_and_other_bytes_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 100_000);
    let mut made = Made::new("1.2.1", "1.2.1.1", "1.2.1.1.1");
    let first = site.store_as(made.form(), &made.data_set()).await.unwrap();
    assert!(!first.known);
    assert!(site.store_as(made.form(), &made.data_set()).await.unwrap().known);
    made.text(0x0010_0010, "PN", "Other^Name");
    let refused = site.store_as(made.form(), &made.data_set()).await;
    assert!(matches!(refused, Err(IngestError::Conflict { .. })), "{refused:?}");
    let page = site.audit.page(&Filter { limit: 10, ..Filter::default() });
    assert!(page.iter().any(|(_, event)| event.act == Act::InstanceRefused && event.study == Some(uid("1.2.1"))));
    let study = site.archive.study(&uid("1.2.1")).unwrap().unwrap();
    assert_eq!((study.instances, study.patient.name.as_deref()), (1, Some("Test^Anna")));
    let (meta, data) = site.read(&first).await.unwrap();
    assert_eq!(meta.get(128..132), Some(&b"DICM"[..]));
    assert_eq!(data, made.clone().text(0x0010_0010, "PN", "Test^Anna").data_set());
    assert_eq!(site.archive.totals(), Totals { studies: 1, instances: 1, bytes: data.len() as u64 });
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_takes_the_place_of_a_signed_report() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 100_000);
    let mut made = Made::new("1.2.5", "1.2.5.1", "1.2.5.1.1");
    made.text(0x0008_1010, "SH", REPORT_STATION);
    let first = site.store_as(made.form(), &made.data_set()).await.unwrap();
    let signed = made.data_set();
    // Other bytes under its UID, whatever they say that they are.
    made.text(0x0008_1010, "SH", "CT1").pixels(&[8; 100]);
    let refused = site.store_as(made.form(), &made.data_set()).await;
    assert!(matches!(refused, Err(IngestError::Conflict { .. })), "{refused:?}");
    let id = site.archive.conflicts(true, 0, 9).unwrap()[0].id;
    let decided = async |state| site.archive.resolve(id, state, "", Actor::default()).await;
    let taken = decided(ConflictState::Taken).await;
    assert!(matches!(taken, Err(ConflictError::Report)), "{taken:?}");
    assert_eq!(decided(ConflictState::Elsewhere).await.unwrap().state, ConflictState::Elsewhere);
    let taken = decided(ConflictState::Taken).await;
    assert!(matches!(taken, Err(ConflictError::Report)), "{taken:?}");
    assert_eq!(site.read(&first).await.unwrap().1, signed);
    // Nor where its own file is not at hand.
    fs::remove_file(site.archive.inner.blobs.path(&Digest::of(&signed))).unwrap();
    let taken = decided(ConflictState::Taken).await;
    assert!(matches!(taken, Err(ConflictError::Report)), "{taken:?}");
    assert_eq!(decided(ConflictState::Open).await.unwrap().state, ConflictState::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_senders_of_one_uid_exactly_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let site = Arc::new(Site::open(dir.path(), 100_000));
    let senders: Vec<_> = (0..24u8)
        .map(|i| {
            let site = site.clone();
            let mut made = Made::new("1.2.2", "1.2.2.1", "1.2.2.1.1");
            made.pixels(&[i / 12; 100]);
            site.tasks.clone().spawn("sender", async move { site.store_as(made.form(), &made.data_set()).await })
        })
        .collect();
    let (mut new, mut known, mut conflicts) = (0, 0, 0);
    for sender in senders {
        match sender.await.unwrap() {
            Ok(ingested) if ingested.known => known += 1,
            Ok(_) => new += 1,
            Err(IngestError::Conflict { .. }) => conflicts += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((new, known, conflicts), (1, 11, 12));
    assert_eq!(site.archive.totals().instances, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_announced_must_be_what_comes() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 100_000);
    let made = Made::new("1.2.3", "1.2.3.1", "1.2.3.1.1");
    let Form::DataSet { transfer_syntax, sop_class, sop_instance, source } = made.form() else { panic!() };
    let form = |class: &Uid, instance: &Uid| Form::DataSet {
        transfer_syntax: transfer_syntax.clone(),
        sop_class: class.clone(),
        sop_instance: instance.clone(),
        source: source.clone(),
    };
    let other = uid("1.2.840.10008.5.1.4.1.1.4");
    let wrong_class = site.store_as(form(&other, &sop_instance), &made.data_set()).await;
    assert!(matches!(wrong_class, Err(IngestError::ClassMismatch)));
    let wrong_instance = site.store_as(form(&sop_class, &uid("1.9")), &made.data_set()).await;
    assert!(matches!(wrong_instance, Err(IngestError::InstanceMismatch)));
    let mut nameless = made.clone();
    nameless.text(0x0008_0016, "UI", "").text(0x0008_0018, "UI", "");
    let stored = site.store_as(form(&sop_class, &sop_instance), &nameless.data_set()).await.unwrap();
    assert_eq!(stored.instance, sop_instance);
    let mut homeless = made.clone();
    homeless.text(0x0020_000D, "UI", "");
    assert!(matches!(site.store_as(made.form(), &homeless.data_set()).await, Err(IngestError::Malformed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_has_every_acknowledged_instance() {
    let dir = tempfile::tempdir().unwrap();
    let mut stored = Vec::new();
    for round in 0..3 {
        let site = Site::open(dir.path(), 100_000);
        for i in 0..100 {
            let made = Made::new("1.2.4", &format!("1.2.4.{}", i % 3 + 1), &format!("1.2.4.9.{round}.{i}"));
            stored.push(site.store_as(made.form(), &made.data_set()).await.unwrap());
        }
        fs::write(dir.path().join("objects/tmp/left"), b"half").unwrap();
        let orphan = Digest::of(b"orphan");
        fs::create_dir_all(site.archive.inner.blobs.folder(&orphan)).unwrap();
        fs::write(site.archive.inner.blobs.path(&orphan), b"nobody was told").unwrap();
        site.kill().await;
        let site = Site::open(dir.path(), 100_000);
        assert_eq!(site.archive.totals().instances, 100 * (round + 1));
        assert!(!site.archive.inner.blobs.path(&orphan).exists());
        assert!(!dir.path().join("objects/tmp/left").exists());
        for ingested in &stored {
            site.read(ingested).await.unwrap();
        }
        if round == 1 { site.close().await } else { site.kill().await }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_objects_are_whole_again_whatever_power_left_of_their_files() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 100_000);
    let mut stored = Vec::new();
    for i in 0..12 {
        let mut made = Made::new("1.2.6", "1.2.6.1", &format!("1.2.6.9.{i}"));
        made.pixels(&vec![i; 500 << i]);
        let ingested = site.store_as(made.form(), &made.data_set()).await.unwrap();
        let digest = Digest::of(&made.data_set());
        stored.push((ingested, site.archive.inner.blobs.path(&digest), made.data_set()));
    }
    let small = stored.iter().filter(|(_, path, _)| fs::metadata(path).unwrap().len() <= 65_536).count();
    assert!((4..12).contains(&small));
    site.kill().await;
    for (index, (_, path, _)) in stored.iter().enumerate().take(small) {
        let length = usize::try_from(fs::metadata(path).unwrap().len()).unwrap();
        match index % 4 {
            0 => fs::remove_file(path).unwrap(),
            1 => fs::write(path, vec![0; length]).unwrap(),
            2 => fs::write(path, b"torn").unwrap(),
            _ => {}
        }
    }
    let site = Site::open(dir.path(), 100_000);
    for (ingested, _, data) in &stored {
        assert_eq!(site.read(ingested).await.unwrap().1, data);
    }
    // Once their segment is closed, the journal has them no longer.
    let inner = site.archive.inner.clone();
    inner.journal.close_segment().unwrap();
    let journal = fs::metadata(dir.path().join("journal/archive/00000000000000000000.log")).unwrap().len();
    assert!(inner.forget(inner.journal.closed(), usize::MAX).unwrap() * 10 > journal * 9);
    site.close().await;
    assert_eq!(rebuild(dir.path(), &mut |_| {}).unwrap().instances, 12);
    let site = Site::open(dir.path(), 100_000);
    for (ingested, _, data) in &stored {
        assert_eq!(site.read(ingested).await.unwrap().1, data);
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_still_gives_the_small_objects_whose_files_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 100_000);
    let mut stored = Vec::new();
    for i in 0..6 {
        let made = Made::new("1.2.7", "1.2.7.1", &format!("1.2.7.9.{i}"));
        stored.push(site.store_as(made.form(), &made.data_set()).await.unwrap());
        fs::remove_file(site.archive.inner.blobs.path(&Digest::of(&made.data_set()))).unwrap();
    }
    site.kill().await;
    let journal = dir.path().join("journal/archive/00000000000000000000.log");
    let mut bytes = fs::read(&journal).unwrap();
    bytes[60] ^= 1;
    fs::write(&journal, bytes).unwrap();
    assert_eq!(rebuild(dir.path(), &mut |_| {}).unwrap().instances, 5);
    let site = Site::open(dir.path(), 100_000);
    for ingested in stored.iter().skip(1) {
        site.read(ingested).await.unwrap();
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_broken_index_comes_back_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 50);
    for i in 0..150 {
        let mut made = Made::new(&format!("1.3.{}", i % 4), &format!("1.3.{}.1", i % 4), &format!("1.3.9.{i}"));
        made.text(0x0020_0013, "IS", &(1000 - i).to_string());
        site.store_as(made.form(), &made.data_set()).await.unwrap();
    }
    for i in 0..4 {
        site.settled(&uid(&format!("1.3.{i}"))).await;
    }
    let (rows, totals) = (site.all_rows(), site.archive.totals());
    let manifest = site.archive.manifest(&uid("1.3.2")).unwrap().unwrap();
    assert!(manifest.manifest.is_sound());
    site.close().await;

    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let site = Site::open(dir.path(), 50);
    assert_eq!((site.all_rows(), site.archive.totals()), (rows.clone(), totals));
    site.close().await;

    fs::write(dir.path().join("index/db"), b"garbage").unwrap();
    fs::write(dir.path().join("index/conf"), b"garbage").unwrap();
    let site = Site::open(dir.path(), 50);
    assert_eq!(site.all_rows(), rows);
    site.close().await;

    assert_eq!(rebuild(dir.path(), &mut |_| {}).unwrap(), totals);
    fs::remove_dir_all(dir.path().join("manifests")).unwrap();
    let site = Site::open(dir.path(), 50);
    assert_eq!(site.all_rows(), rows);
    assert_eq!(site.archive.manifest(&uid("1.3.2")).unwrap().unwrap().reference, manifest.reference);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_damaged_journal_is_refused_and_rebuilt_from_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 50);
    let mut stored = Vec::new();
    for i in 0..20 {
        let made = Made::new("1.4", "1.4.1", &format!("1.4.1.{i}"));
        stored.push(site.store_as(made.form(), &made.data_set()).await.unwrap());
    }
    site.settled(&uid("1.4")).await;
    let (rows, totals) = (site.all_rows(), site.archive.totals());
    site.close().await;

    let journal = rebuild::journal_dir(dir.path());
    let segment = fs::read_dir(&journal).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[700] ^= 1;
    fs::write(&segment, bytes).unwrap();
    assert!(Site::try_open(dir.path(), 50).is_err());
    assert_eq!(rebuild(dir.path(), &mut |_| {}).unwrap(), totals);
    let site = Site::open(dir.path(), 50);
    site.settled(&uid("1.4")).await;
    assert!(site.archive.study(&uid("1.4")).unwrap().unwrap().version > rows[0].0.version);
    site.close().await;

    fs::remove_dir_all(&journal).unwrap();
    assert!(matches!(Site::try_open(dir.path(), 50), Err(ArchiveError::JournalLost)));
    assert_eq!(rebuild(dir.path(), &mut |_| {}).unwrap(), totals);
    let site = Site::open(dir.path(), 50);
    for ingested in &stored {
        site.read(ingested).await.unwrap();
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_its_file_no_longer_counts_and_the_instance_may_come_again() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 100_000);
    let mut made = [1, 2].map(|i| Made::new("1.5", "1.5.1", &format!("1.5.1.{i}")));
    for made in &mut made {
        made.pixels(&[7; 100_000]);
    }
    let first = site.store_as(made[0].form(), &made[0].data_set()).await.unwrap();
    site.store_as(made[1].form(), &made[1].data_set()).await.unwrap();
    let path = site.archive.inner.blobs.path(&site.row(&first).entry.digest);
    site.archive.inner.index.write().unwrap();
    site.kill().await;
    fs::write(&path, b"short").unwrap();
    let site = Site::open(dir.path(), 100_000);
    assert_eq!(site.archive.totals().instances, 1);
    let again = site.store_as(made[0].form(), &made[0].data_set()).await.unwrap();
    assert!(!again.known);
    site.read(&again).await.unwrap();
    site.kill().await;
    let site = Site::open(dir.path(), 100_000);
    assert_eq!(site.archive.totals().instances, 2);
    fs::remove_file(&path).unwrap();
    assert!(!site.store_as(made[0].form(), &made[0].data_set()).await.unwrap().known);
    site.read(&again).await.unwrap();
    assert_eq!(site.archive.totals().instances, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_found_refused_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 100_000);
    let (small, mut large) = (Made::new("1.6", "1.6.1", "1.6.1.1"), Made::new("1.6", "1.6.1", "1.6.1.2"));
    let noise: Vec<u8> = (0..20_000_000u32).map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    large.pixels(&noise);
    let small = site.store_as(small.form(), &small.data_set()).await.unwrap();
    let stored = site.store_as(large.form(), &large.data_set()).await.unwrap();
    let row = site.row(&stored);
    let object = object::open(&site.archive.inner, &stored.study, &row.entry.digest).await.unwrap();
    assert_eq!(object.range(0, u64::MAX).await.unwrap(), large.data_set());
    assert_eq!(object.range(16_000, 1_000).await.unwrap(), large.data_set()[16_000..17_000]);
    assert!(object.range(u64::MAX, 1).await.unwrap().is_empty());
    assert!(object.groups().belong_to(&row.entry.digest, row.entry.bytes));
    for ingested in [&small, &stored] {
        let row = site.row(ingested);
        let path = site.archive.inner.blobs.path(&row.entry.digest);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    assert!(matches!(site.read(&small).await, Err(ReadError::Corrupt)));
    assert_eq!(object.range(0, 50_000).await.unwrap(), large.data_set()[..50_000]);
    assert!(matches!(object.range(row.entry.bytes - 1, 1).await, Err(ReadError::Corrupt)));
    let alerts = site.audit.page(&Filter { limit: 10, alerts_only: true, ..Filter::default() });
    assert_eq!(alerts.len(), 2);
    let mut faults = Vec::new();
    site.archive.verify(&mut |verified| faults.extend(verified.fault.map(|_| verified.instance))).await.unwrap();
    faults.sort();
    assert_eq!(faults, [small.instance, stored.instance]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_arrives_settles_and_grows_into_a_next_version() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 150);
    let mut events = site.archive.events();
    for i in 0..10 {
        let made = Made::new("1.7", "1.7.1", &format!("1.7.1.{i}"));
        site.store_as(made.form(), &made.data_set()).await.unwrap();
    }
    assert!(matches!(events.recv().await, Ok(ArchiveEvent::Growing(study)) if study == uid("1.7")));
    assert!(site.archive.manifest(&uid("1.7")).unwrap().is_none());
    loop {
        if matches!(events.recv().await.unwrap(), ArchiveEvent::Settled(_)) {
            break;
        }
    }
    let row = site.archive.study(&uid("1.7")).unwrap().unwrap();
    assert_eq!((row.completeness, row.version, row.instances), (Completeness::Complete, 1, 10));
    let manifest = site.archive.manifest(&uid("1.7")).unwrap().unwrap();
    assert_eq!(manifest.manifest.instances(), 10);
    assert_eq!(manifest.reference.digest, Digest::of(&manifest.bytes));
    let late = Made::new("1.7", "1.7.2", "1.7.2.1");
    site.store_as(late.form(), &late.data_set()).await.unwrap();
    assert_eq!(site.archive.study(&uid("1.7")).unwrap().unwrap().completeness, Completeness::Arriving);
    site.kill().await;
    let site = Site::open(dir.path(), 150);
    site.settled(&uid("1.7")).await;
    assert_eq!(site.archive.study(&uid("1.7")).unwrap().unwrap().version, 2);
    assert_eq!(site.archive.manifest(&uid("1.7")).unwrap().unwrap().manifest.instances(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_patient_under_one_study_uid_is_kept_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 100_000);
    let mut made = Made::new("1.8", "1.8.1", "1.8.1.1");
    site.store_as(made.form(), &made.data_set()).await.unwrap();
    assert!(!site.archive.study(&uid("1.8")).unwrap().unwrap().patient_conflict);
    made.text(0x0008_0018, "UI", "1.8.1.2").text(0x0010_0020, "LO", "P2");
    site.store_as(made.form(), &made.data_set()).await.unwrap();
    let row = site.archive.study(&uid("1.8")).unwrap().unwrap();
    assert!(row.patient_conflict);
    assert_eq!((row.instances, row.patient.id.as_deref()), (2, Some("P1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_and_a_closed_archive_take_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = Tasks::default();
    let audit = Audit::open(dir.path(), &tasks).unwrap();
    let config = ArchiveConfig { settle_ms: 100, free_bytes_min: u64::MAX, scrub_days: 0, ..ArchiveConfig::default() };
    let identity = Arc::new(Identity::from_seed(&[7; 32]));
    let archive = Archive::open(dir.path(), &config, identity, audit, &tasks).unwrap();
    assert!(matches!(archive.spool(Form::File).await, Err(IngestError::NoSpace)));
    archive.close().await.unwrap();
    assert!(matches!(archive.spool(Form::File).await, Err(IngestError::Stopping)));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_newest_first_and_found_by_their_keys() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 100_000);
    for day in 1..=20 {
        let mut made = Made::new(&format!("1.9.{day}"), &format!("1.9.{day}.1"), &format!("1.9.{day}.1.1"));
        made.text(0x0008_0020, "DA", &format!("202402{day:02}"));
        made.text(0x0010_0020, "LO", &format!("P{}", day % 2)).text(0x0008_0050, "SH", &format!("ACC{day}"));
        site.store_as(made.form(), &made.data_set()).await.unwrap();
    }
    let found = |query: StudyQuery, offset, limit| -> Vec<String> {
        let rows = site.archive.studies(&query, offset, limit).unwrap();
        rows.into_iter().map(|row| row.date.unwrap()[6..].to_owned()).collect()
    };
    assert_eq!(found(StudyQuery::default(), 0, 3), ["20", "19", "18"]);
    assert_eq!(found(StudyQuery::default(), 18, 9), ["02", "01"]);
    let of_patient = StudyQuery { patient_id: Some("P1".into()), ..StudyQuery::default() };
    assert_eq!(found(of_patient, 1, 2), ["17", "15"]);
    let of_accession = StudyQuery { accession: Some("ACC7".into()), ..StudyQuery::default() };
    assert_eq!(found(of_accession, 0, 9), ["07"]);
    let between = |from: &str, to: &str| StudyQuery {
        date_from: Some(from.into()),
        date_to: Some(to.into()),
        ..StudyQuery::default()
    };
    assert_eq!(found(between("20240204", "20240206"), 0, 9), ["06", "05", "04"]);
    assert!(found(between("20240206", "20240204"), 0, 9).is_empty());
    let named = StudyQuery { study: vec![uid("1.9.3"), uid("1.9.12"), uid("1.1")], ..StudyQuery::default() };
    assert_eq!(found(named, 0, 9), ["12", "03"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotten_objects_are_set_aside_reported_and_replaced_by_what_is_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 1);
    let made = |n: u32| Made::new(&format!("1.2.{}", n / 3), "1.2.3.1", &format!("1.2.3.1.{n}"));
    let mut stored = Vec::new();
    for n in 0..9 {
        stored.push(site.store_as(made(n).form(), &made(n).data_set()).await.unwrap());
    }
    let inner = &site.archive.inner;
    let passed = scrub::pass(inner, u64::MAX).await.unwrap();
    assert_eq!((passed.objects, passed.faults, passed.is_cut), (9, 0, false));

    // A flipped bit, a file cut short, one gone.
    let path = |n: usize| inner.blobs.path(&site.row(&stored[n]).entry.digest);
    let (flipped, short, gone) = (path(1), path(4), path(7));
    let mut bytes = fs::read(&flipped).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&flipped, &bytes).unwrap();
    fs::OpenOptions::new().write(true).open(&short).unwrap().set_len(200).unwrap();
    fs::remove_file(&gone).unwrap();
    // A pass that was cut off goes on behind its mark.
    fs::write(dir.path().join("scrub.state"), "1.2.0").unwrap();
    let passed = scrub::pass(inner, u64::MAX).await.unwrap();
    assert_eq!((passed.objects, passed.faults), (6, 2));
    let passed = scrub::pass(inner, u64::MAX).await.unwrap();
    assert_eq!((passed.objects, passed.faults), (9, 3), "those set aside are missing, and told no second time");
    assert_eq!(fs::read_dir(dir.path().join("objects/rotten")).unwrap().count(), 2);
    let alerts = site.audit.page(&Filter { alerts_only: true, limit: 100, ..Filter::default() });
    assert_eq!(alerts.len(), 3);
    for n in [1, 4, 7] {
        assert!(site.read(&stored[n]).await.is_err(), "never shown");
        let made = made(u32::try_from(n).unwrap());
        assert!(!site.store_as(made.form(), &made.data_set()).await.unwrap().known);
        assert_eq!(site.read(&stored[n]).await.unwrap().1, made.data_set());
    }
    assert_eq!(scrub::pass(inner, u64::MAX).await.unwrap().faults, 0);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settling_that_was_overtaken_is_made_good() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 50);
    let made = Made::new("1.2.3", "1.2.3.1", "1.2.3.1.1");
    let study = site.store_as(made.form(), &made.data_set()).await.unwrap().study;
    site.settled(&study).await;
    let before = site.archive.study(&study).unwrap().unwrap();
    // The manifest was made of rows that were others when it was written down: as many, but not these.
    let overtaken = rows::SettleRecord {
        study: study.clone(),
        version: before.version + 1,
        manifest: ManifestRef { digest: Digest::of(b"other rows"), bytes: 10 },
        instances: before.instances,
        at: crate::tasks::now(),
    };
    let mut events = site.archive.events();
    settle::note(&site.archive.inner, overtaken).await.unwrap();
    site.archive.inner.arrivals.settle_now(&study);
    let settled = async {
        while site.archive.study(&study).unwrap().unwrap().version < before.version + 2 {
            let _ = events.recv().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), settled).await.expect("the manifest stays that of other rows");
    let manifest = settle::newest(&site.archive.inner, &study).unwrap().unwrap().manifest;
    assert_eq!(
        manifest.series[0].instances[0].digest,
        site.archive.instances(&study, &uid("1.2.3.1")).unwrap()[0].entry.digest
    );
}
