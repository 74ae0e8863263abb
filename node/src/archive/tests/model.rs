//! Random work with crashes, against a reference in memory: what is held, rejected and refused, and every byte.

use super::*;
use crate::archive::rows::RejectReason;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Two studies of two series of three instances.
const STUDIES: u8 = 2;
const SERIES: u8 = 2;
const INSTANCES: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    study: u8,
    series: u8,
    instance: u8,
}

#[derive(Clone, Debug)]
enum Step {
    /// The version of its bytes: another one than is held is a conflict.
    Store(Name, u8),
    RejectStudy(u8),
    RejectSeries(u8, u8),
    RejectInstance(Name),
    /// The n-th of the rejections that stand.
    Reinstate(u8),
    Kill,
    Close,
    /// The index goes; or `confrere rebuild`.
    LoseIndex,
    Rebuild,
}

fn step() -> impl Strategy<Value = Step> {
    let name = || (0..STUDIES, 0..SERIES, 0..INSTANCES);
    let named = |(study, series, instance)| Name { study, series, instance };
    prop_oneof![
        12 => (name(), 0u8..10).prop_map(move |(n, v)| Step::Store(named(n), u8::from(v == 0))),
        1 => (0..STUDIES).prop_map(Step::RejectStudy),
        1 => (0..STUDIES, 0..SERIES).prop_map(|(a, b)| Step::RejectSeries(a, b)),
        2 => name().prop_map(move |n| Step::RejectInstance(named(n))),
        3 => (0u8..4).prop_map(Step::Reinstate),
        1 => Just(Step::Kill),
        1 => Just(Step::Close),
        1 => Just(Step::LoseIndex),
        1 => Just(Step::Rebuild),
    ]
}

fn made(name: Name, version: u8) -> Made {
    let Name { study, series, instance } = name;
    let (study, series) = (format!("1.{study}"), format!("1.{study}.{series}"));
    let mut made = Made::new(&study, &series, &format!("{series}.{instance}"));
    made.text(0x0008_0060, "CS", if name.series == 0 { "CT" } else { "SR" });
    made.pixels(&[version; 64]);
    made
}

/// What must be so.
#[derive(Default)]
struct Reference {
    held: BTreeMap<Name, u8>,
    /// Newest last, as they were made.
    rejected: Vec<(u64, BTreeMap<Name, u8>)>,
}

impl Reference {
    fn is_rejected(&self, name: Name) -> bool {
        self.rejected.iter().any(|(_, names)| names.contains_key(&name))
    }

    fn take(&mut self, which: impl Fn(&Name) -> bool) -> BTreeMap<Name, u8> {
        let names: Vec<Name> = self.held.keys().copied().filter(|name| which(name)).collect();
        names.into_iter().map(|name| (name, self.held.remove(&name).unwrap())).collect()
    }
}

async fn insist(site: &Site, reference: &Reference) {
    let mut there = BTreeMap::new();
    for (study, series) in site.all_rows() {
        let count: usize = series.iter().map(|(_, instances)| instances.len()).sum();
        assert_eq!((study.instances as usize, study.series as usize), (count, series.len()));
        let mut modalities: Vec<String> = series.iter().map(|(row, _)| row.modality.clone()).collect();
        modalities.sort();
        modalities.dedup();
        assert_eq!(study.modalities, modalities);
        assert_eq!(study.bytes, series.iter().map(|(row, _)| row.bytes).sum::<u64>());
        for (row, instances) in series {
            assert_eq!(row.instances as usize, instances.len());
            for instance in instances {
                let part = |n: usize| instance.entry.instance.as_str().split('.').nth(n).unwrap().parse().unwrap();
                let name = Name { study: part(1), series: part(2), instance: part(3) };
                let object = object::open(&site.archive.inner, &study.study, &instance.entry.digest).await.unwrap();
                let bytes = object.range(0, u64::MAX).await.unwrap();
                there.insert(name, u8::from(bytes == made(name, 1).data_set()));
                assert_eq!(bytes, made(name, there[&name]).data_set());
            }
        }
    }
    assert_eq!(there, reference.held);
    let totals = site.archive.totals();
    assert_eq!(usize::try_from(totals.instances).unwrap(), reference.held.len());
    let standing: Vec<u64> = site.archive.rejections(0, 100).unwrap().into_iter().map(|r| r.id).rev().collect();
    assert_eq!(standing, reference.rejected.iter().map(|(id, _)| *id).collect::<Vec<_>>());
}

async fn reject(site: &Site, reference: &mut Reference, asked: (u8, Option<u8>, Option<u8>)) {
    let (study, series, instance) = asked;
    let rejecting = Rejecting {
        study: uid(&format!("1.{study}")),
        series: series.map(|series| uid(&format!("1.{study}.{series}"))),
        instance: instance.map(|n| uid(&format!("1.{study}.{}.{n}", series.unwrap()))),
        reason: RejectReason::Quality,
        note: "doppelt".to_owned(),
    };
    let taken = reference.take(|name| {
        name.study == study && series.is_none_or(|s| s == name.series) && instance.is_none_or(|i| i == name.instance)
    });
    match site.archive.reject(rejecting, Actor::default()).await {
        Ok(record) => {
            assert_eq!(record.instances.len(), taken.len());
            reference.rejected.push((record.id, taken));
        }
        Err(RejectError::NotHeld) => assert!(taken.is_empty()),
        Err(other) => panic!("{other}"),
    }
}

async fn live(dir: &Path, steps: Vec<Step>) {
    let mut reference = Reference::default();
    let mut site = Site::open(dir, 1);
    for step in steps {
        match step {
            Step::Store(name, version) => {
                let made = made(name, version);
                let stored = site.store_as(made.form(), &made.data_set()).await;
                match reference.held.get(&name) {
                    Some(held) if *held != version => assert!(matches!(stored, Err(IngestError::Conflict { .. }))),
                    Some(_) => assert!(stored.unwrap().known),
                    None if reference.is_rejected(name) => {
                        assert!(matches!(stored, Err(IngestError::Rejected { .. })), "{stored:?}");
                    }
                    None => {
                        assert!(!stored.unwrap().known);
                        reference.held.insert(name, version);
                    }
                }
            }
            Step::RejectStudy(study) => reject(&site, &mut reference, (study, None, None)).await,
            Step::RejectSeries(study, series) => reject(&site, &mut reference, (study, Some(series), None)).await,
            Step::RejectInstance(n) => {
                reject(&site, &mut reference, (n.study, Some(n.series), Some(n.instance))).await;
            }
            Step::Reinstate(n) if reference.rejected.is_empty() => {
                let none = site.archive.reinstate(u64::from(n), Actor::default()).await;
                assert!(matches!(none, Err(RejectError::NoRejection)));
            }
            Step::Reinstate(n) => {
                let (id, names) = reference.rejected.remove(usize::from(n) % reference.rejected.len());
                site.archive.reinstate(id, Actor::default()).await.unwrap();
                reference.held.extend(names);
            }
            Step::Kill => {
                site.kill().await;
                site = Site::open(dir, 1);
            }
            Step::Close => {
                site.close().await;
                site = Site::open(dir, 1);
            }
            Step::LoseIndex => {
                site.kill().await;
                fs::remove_dir_all(dir.join("index")).unwrap();
                site = Site::open(dir, 1);
            }
            Step::Rebuild => {
                site.close().await;
                rebuild(dir, &mut |_| {}).unwrap();
                site = Site::open(dir, 1);
            }
        }
        insist(&site, &reference).await;
    }
    site.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn the_archive_is_what_was_done_to_it(steps in proptest::collection::vec(step(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(live(dir.path(), steps));
    }
}
