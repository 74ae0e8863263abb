use super::*;
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
