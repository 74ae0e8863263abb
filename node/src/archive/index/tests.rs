use super::*;
use crate::archive::query::StudyQuery;
use crate::archive::rows::{SeriesSays, StudySays};
use protocol::{
    Timestamp,
    manifest::{InstanceEntry, Patient},
};

fn uid(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}

fn record(study: u32, series: u32, instance: u32) -> Applied {
    let digest = Digest::of(format!("{study}.{series}.{instance}").as_bytes());
    let entry = InstanceEntry {
        instance: uid(&format!("1.{study}.{series}.{instance}")),
        sop_class: uid("1.2.840.10008.5.1.4.1.1.2"),
        transfer_syntax: uid("1.2.840.10008.1.2.1"),
        number: i32::try_from(instance).ok(),
        frames: 1,
        bytes: 10,
        digest,
        header_bytes: 5,
        header_digest: digest,
    };
    let row = InstanceRow { entry, rows: 1, columns: 1, meta_bytes: 100, received: Timestamp(5) };
    Applied::Ingest(Box::new(IngestRecord {
        study: StudySays {
            study: uid(&format!("1.{study}")),
            patient: Patient::default(),
            date: None,
            time: None,
            utc_offset_min: None,
            national: None,
            description: None,
            accession: None,
            referrer: None,
            study_id: None,
        },
        series: SeriesSays {
            series: uid(&format!("1.{study}.{series}")),
            modality: "CT".into(),
            number: None,
            description: None,
            body_part: None,
            date: None,
            time: None,
            station: None,
            institution: None,
        },
        instance: StoredInstance { row, meta_digest: digest },
        person: String::new(),
    }))
}

#[test]
fn a_long_series_lies_in_full_chunks_and_every_instance_is_found_by_uid_and_digest() {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    for i in (0..1000).rev() {
        index.apply(&record(1, i % 2, i), Position(u64::from(1000 - i))).unwrap();
        if i % 97 == 0 {
            index.write().unwrap();
        }
    }
    index.write().unwrap();
    drop(index);
    let index = Index::open(dir.path()).unwrap();
    assert_eq!(index.applied(), Position(1000));
    for series in 0..2 {
        let series = uid(&format!("1.1.{series}"));
        let stored: StoredSeries = index.get(keys::series(&uid("1.1"), &series)).unwrap().unwrap();
        assert_eq!((stored.chunks, stored.row.instances), (8, 500));
        let rows = index.instances(&uid("1.1"), &series).unwrap();
        assert!(rows.is_sorted_by_key(|i| i.row.entry.number) && rows.len() == 500);
    }
    for i in 0..1000 {
        let found = index.sop(&uid(&format!("1.1.{}.{i}", i % 2))).unwrap().unwrap();
        assert_eq!(index.by_digest(&uid("1.1"), &found.row.entry.digest).unwrap().unwrap(), found);
        assert!(index.by_digest(&uid("1.2"), &found.row.entry.digest).unwrap().is_none());
    }
    assert!(index.sop(&uid("1.1.0.1000")).unwrap().is_none());
}

#[test]
fn applying_again_changes_nothing_and_what_was_not_written_is_not_applied() {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    for i in 0..10 {
        index.apply(&record(1, 1, i), Position(u64::from(i) + 1)).unwrap();
    }
    index.write().unwrap();
    index.apply(&record(1, 1, 10), Position(11)).unwrap();
    assert_eq!(index.study(&uid("1.1")).unwrap().unwrap().instances, 11);
    index.forget();
    assert!(index.write().is_err());
    drop(index);
    let index = Index::open(dir.path()).unwrap();
    assert_eq!(index.applied(), Position(10));
    for i in 5..12 {
        index.apply(&record(1, 1, i), Position(u64::from(i) + 1)).unwrap();
    }
    assert_eq!(index.study(&uid("1.1")).unwrap().unwrap().instances, 12);
    assert_eq!(index.totals(), Totals { studies: 1, instances: 12, bytes: 120 });
}

/// What the register lets through is what the rows say, for every kind of search, before and after changes.
#[test]
fn lists_from_the_register_are_those_of_the_rows() {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    let names = ["Lefèvre^Zoé", "Martin^Anne", "MARTIN^Luc", "山田^太郎", ""];
    let take = |n: u32, day: u32, modality: &str, at: u64| {
        let Applied::Ingest(mut record) = record(n, day, u32::try_from(at).unwrap()) else { unreachable!() };
        record.study.patient.name = Some(names[n as usize % 5].to_owned()).filter(|name| !name.is_empty());
        record.study.patient.id = Some(format!("P{}", n % 7));
        record.study.description = Some(format!("Examen {n}"));
        record.study.date = (!n.is_multiple_of(6)).then(|| format!("202401{:02}", 1 + n % 28));
        record.series.modality = modality.to_owned();
        index.apply(&Applied::Ingest(record), Position(at)).unwrap();
    };
    let modality = |n: u32| format!("M{}", n % 40);
    for n in 0..120 {
        take(n, 1, &modality(n), u64::from(n) + 1);
    }
    index.write().unwrap();
    let query = |edit: &dyn Fn(&mut StudyQuery)| {
        let mut query = StudyQuery::default();
        edit(&mut query);
        query
    };
    let queries = [
        query(&|_| {}),
        query(&|q| q.patient_name = Some("martin*".into())),
        query(&|q| q.patient_name = Some("*zoe".into())),
        query(&|q| (q.patient_name, q.fuzzy) = (Some("ann".into()), true)),
        query(&|q| q.patient_name = Some("*".into())),
        query(&|q| q.modalities = vec!["M3".into(), "M39".into()]),
        query(&|q| (q.date_from, q.date_to) = (Some("20240103".into()), Some("20240109".into()))),
        query(&|q| (q.date_from, q.modalities) = (Some("20240120".into()), vec!["M2*".into()])),
        query(&|q| q.date_to = Some("202401".into())),
        query(&|q| q.text = Some("martin 17".into())),
        query(&|q| (q.text, q.description) = (Some("zoe".into()), Some("*5".into()))),
        query(&|q| q.patient_id = Some("P*".into())),
    ];
    for round in 0..2 {
        for query in &queries {
            let mut rows: Vec<StudyRow> = Vec::new();
            index.each_row(&mut |row| rows.extend(Some(row).filter(|row| query.matches(row)))).unwrap();
            rows.sort_by_key(StudyRow::place);
            for (offset, limit) in [(0, 1000), (3, 10), (20, 5)] {
                let wanted: Vec<&Uid> = rows.iter().skip(offset).take(limit).map(|row| &row.study).collect();
                let got = index.studies(query, offset, limit).unwrap();
                assert_eq!(got.iter().map(|row| &row.study).collect::<Vec<_>>(), wanted, "{round} {query:?}");
            }
            assert!(round > 0 || !rows.is_empty() || query.date_to.is_some(), "{query:?}");
        }
        // Studies grow, get their date, and new ones come.
        for n in 0..150 {
            take(n, 2, &modality(n + 1), 1000 + u64::from(n));
        }
        index.write().unwrap();
    }
}

#[test]
fn after_much_writing_a_stop_renews_what_sled_starts_from_and_keeps_every_row() {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    for i in 0..200 {
        index.apply(&record(i, 0, 0), Position(u64::from(i + 1))).unwrap();
    }
    index.sync(dir.path()).unwrap();
    let starts_from = || {
        let names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with("snap.")).collect::<Vec<_>>()
    };
    let before = starts_from();
    index.renew(dir.path()).unwrap();
    assert_eq!(starts_from(), before, "little was written");
    index.written.store(RENEWED_FROM, Ordering::Relaxed);
    index.renew(dir.path()).unwrap();
    assert_ne!(starts_from(), before);
    assert_eq!(index.written.load(Ordering::Relaxed), 0);
    drop(index);
    let index = Index::open(dir.path()).unwrap();
    assert_eq!(index.all().unwrap().len(), 200);
    assert_eq!(index.applied(), Position(200));
}

#[test]
fn a_stop_does_not_wait_for_the_register() {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    index.apply(&record(1, 0, 0), Position(1)).unwrap();
    index.write().unwrap();
    assert!(index.warm(&|| true).is_err());
    assert_eq!(index.studies(&StudyQuery::default(), 0, 10).unwrap().len(), 1, "a search makes it all the same");
}
