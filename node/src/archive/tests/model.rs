//! Random work with crashes, against a reference in memory: what is held, rejected and refused, and every byte.

use super::*;
use crate::archive::{
    edits::tag,
    rows::{ConflictState, RejectReason},
};
use proptest::prelude::*;
use protocol::manifest::Edit;
use std::collections::{BTreeMap, BTreeSet};

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
    /// The n-th of all conflicts: the next of the four states.
    Resolve(u8, u8),
    /// The n-th of all conflicts, for good.
    CloseConflict(u8),
    /// A study's patient gets this ID.
    Correct(u8, u8),
    /// Studies of one patient under that of a study.
    Merge(u8, u8),
    /// The n-th of the corrections that stand.
    Undo(u8),
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
        4 => (0u8..4, 0u8..4).prop_map(|(n, state)| Step::Resolve(n, state)),
        2 => (0u8..4).prop_map(Step::CloseConflict),
        2 => (0..STUDIES, 0u8..3).prop_map(|(study, id)| Step::Correct(study, id)),
        1 => (0u8..3, 0..STUDIES).prop_map(|(id, study)| Step::Merge(id, study)),
        2 => (0u8..4).prop_map(Step::Undo),
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
    /// Oldest first: number, instance, the version that was held, what was decided.
    conflicts: Vec<(u64, Name, u8, ConflictState)>,
    /// Those that are closed.
    closed: BTreeSet<u64>,
    /// Oldest first: number and what it means; merges name the patient.
    corrections: Vec<(u64, Means)>,
    /// What a study that is here shows, by the numbers of corrections.
    under: BTreeMap<u8, Vec<u64>>,
}

#[derive(Clone, Debug)]
enum Means {
    Edit(String),
    Merge(String, String),
}

impl Reference {
    fn is_rejected(&self, name: Name) -> bool {
        self.rejected.iter().any(|(_, names)| names.contains_key(&name))
    }

    /// The patient a study is shown under.
    fn patient(&self, study: u8) -> String {
        let mut shown = "P1".to_owned();
        for (id, means) in &self.corrections {
            if self.under.get(&study).is_some_and(|under| under.contains(id)) {
                match means {
                    Means::Edit(to) | Means::Merge(_, to) => shown.clone_from(to),
                }
            }
        }
        shown
    }

    fn is_here(&self, study: u8) -> bool {
        self.held.keys().any(|name| name.study == study)
    }

    /// A study came to be here: merges of its patient hold for it, in the order they were made.
    fn born(&mut self, study: u8) {
        let mut last = self.under.get(&study).and_then(|under| under.iter().max().copied()).unwrap_or(0);
        loop {
            let shown = self.patient(study);
            let next = self.corrections.iter().rev().find_map(|(id, means)| match means {
                Means::Merge(from, _) if *from == shown => Some(*id),
                _ => None,
            });
            let under = self.under.entry(study).or_default();
            match next {
                Some(id) if id > last && !under.contains(&id) => {
                    under.push(id);
                    last = id;
                }
                _ => return,
            }
        }
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
    let mut conflicts: Vec<_> = site.archive.conflicts(false, 0, 1000).unwrap();
    conflicts.reverse();
    let states: Vec<_> = conflicts.iter().map(|row| (row.id, row.state)).collect();
    assert_eq!(states, reference.conflicts.iter().map(|(id, .., state)| (*id, *state)).collect::<Vec<_>>());
    for row in &conflicts {
        let (_, both) = site.archive.conflict(row.id).await.unwrap();
        let whole = both.iter().flatten().count();
        assert_eq!(row.closed.is_some(), reference.closed.contains(&row.id));
        assert_eq!(whole, if row.closed.is_some() { 1 } else { 2 }, "whole files of {row:?}");
    }
    let mut corrections = site.archive.corrections(0, 1000).unwrap();
    corrections.retain(|row| row.undone.is_none());
    let numbers: Vec<u64> = corrections.iter().map(|row| row.record.id).rev().collect();
    assert_eq!(numbers, reference.corrections.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    for study in 0..STUDIES {
        let row = site.archive.study(&uid(&format!("1.{study}"))).unwrap();
        assert_eq!(row.is_some(), reference.is_here(study));
        let Some(row) = row else { continue };
        let shown = reference.patient(study);
        assert_eq!(row.patient.id.as_deref(), Some(shown.as_str()));
        let query = StudyQuery { patient_id: Some(shown), ..StudyQuery::default() };
        assert!(site.archive.studies(&query, 0, 9).unwrap().iter().any(|found| found.study == row.study));
    }
}

async fn resolve(site: &Site, reference: &mut Reference, n: u8, state: u8) {
    let state =
        [ConflictState::Open, ConflictState::Kept, ConflictState::Taken, ConflictState::Elsewhere][usize::from(state)];
    if reference.conflicts.is_empty() {
        let none = site.archive.resolve(7, state, "", Actor::default()).await;
        assert!(matches!(none, Err(ConflictError::NoConflict)));
        return;
    }
    let at = usize::from(n) % reference.conflicts.len();
    let (id, name, first, was) = reference.conflicts[at];
    let other = 1 - first;
    let swap = match (was == ConflictState::Taken, state == ConflictState::Taken) {
        (false, true) => Some((first, other)),
        (true, false) => Some((other, first)),
        _ => None,
    };
    let resolved = site.archive.resolve(id, state, "vu", Actor::default()).await;
    if reference.closed.contains(&id) {
        return assert!(matches!(resolved, Err(ConflictError::Closed)));
    }
    match (was == state, swap) {
        (true, _) => return assert!(matches!(resolved, Err(ConflictError::Decided))),
        (false, Some((out, into))) => {
            if reference.held.get(&name) != Some(&out) {
                return assert!(matches!(resolved, Err(ConflictError::Changed)), "{resolved:?}");
            }
            reference.held.insert(name, into);
        }
        (false, None) => {}
    }
    resolved.unwrap();
    reference.conflicts[at].3 = state;
}

async fn close_conflict(site: &Site, reference: &mut Reference, n: u8) {
    if reference.conflicts.is_empty() {
        return;
    }
    let (id, .., state) = reference.conflicts[usize::from(n) % reference.conflicts.len()];
    let closed = site.archive.close_conflicts(vec![id], "vu", Actor::default()).await;
    if reference.closed.contains(&id) {
        assert!(matches!(closed, Err(ConflictError::Closed)));
    } else if state == ConflictState::Open {
        assert!(matches!(closed, Err(ConflictError::Undecided)));
    } else {
        assert!(closed.unwrap()[0].closed.as_ref().unwrap().is_done);
        reference.closed.insert(id);
    }
}

async fn correct(site: &Site, reference: &mut Reference, study: u8, patient: u8) {
    let (uid, to) = (uid(&format!("1.{study}")), format!("P{patient}"));
    let edits = vec![Edit { tag: tag::PATIENT_ID, value: Some(to.clone()) }];
    let made = site.archive.correct(Correction::Edit { study: uid, edits }, "", Actor::default()).await;
    if !reference.is_here(study) {
        assert!(matches!(made, Err(CorrectError::NotHeld)));
    } else if reference.patient(study) == to {
        assert!(matches!(made, Err(CorrectError::Nothing)));
    } else {
        let id = made.unwrap().record.id;
        reference.corrections.push((id, Means::Edit(to)));
        reference.under.entry(study).or_default().push(id);
    }
}

async fn merge(site: &Site, reference: &mut Reference, patient: u8, like: u8) {
    let from = format!("P{patient}");
    let asked =
        Correction::Merge { from: PatientKey { id: from.clone(), issuer: None }, like: uid(&format!("1.{like}")) };
    let made = site.archive.correct(asked, "", Actor::default()).await;
    let studies: Vec<u8> = (0..STUDIES).filter(|s| reference.is_here(*s) && reference.patient(*s) == from).collect();
    if !reference.is_here(like) {
        assert!(matches!(made, Err(CorrectError::NotHeld)));
    } else if reference.patient(like) == from {
        assert!(matches!(made, Err(CorrectError::Nothing)));
    } else if studies.is_empty() {
        assert!(matches!(made, Err(CorrectError::NotHeld)));
    } else {
        let id = made.unwrap().record.id;
        reference.corrections.push((id, Means::Merge(from, reference.patient(like))));
        for study in studies {
            reference.under.entry(study).or_default().push(id);
        }
    }
}

async fn undo(site: &Site, reference: &mut Reference, n: u8) {
    if reference.corrections.is_empty() {
        let none = site.archive.uncorrect(u64::from(n), Actor::default()).await;
        return assert!(matches!(none, Err(CorrectError::NoCorrection)));
    }
    let at = usize::from(n) % reference.corrections.len();
    let (id, means) = reference.corrections[at].clone();
    let undone = site.archive.uncorrect(id, Actor::default()).await;
    if let Means::Merge(_, to) = means
        && reference
            .corrections
            .iter()
            .any(|(later, means)| *later > id && matches!(means, Means::Merge(from, _) if *from == to))
    {
        return assert!(matches!(undone, Err(CorrectError::BuiltOn)));
    }
    undone.unwrap();
    reference.corrections.remove(at);
    for under in reference.under.values_mut() {
        under.retain(|known| *known != id);
    }
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

async fn store(site: &Site, reference: &mut Reference, name: Name, version: u8) {
    let made = made(name, version);
    let stored = site.store_as(made.form(), &made.data_set()).await;
    match reference.held.get(&name) {
        Some(held) if *held != version => {
            assert!(matches!(stored, Err(IngestError::Conflict { .. })));
            if !reference.conflicts.iter().any(|(_, known, ..)| *known == name) {
                let id = site.archive.conflicts(false, 0, 1).unwrap()[0].id;
                reference.conflicts.push((id, name, *held, ConflictState::Open));
            }
        }
        Some(_) => assert!(stored.unwrap().known),
        None if reference.is_rejected(name) => {
            assert!(matches!(stored, Err(IngestError::Rejected { .. })), "{stored:?}");
        }
        None => {
            assert!(!stored.unwrap().known);
            let is_new = !reference.is_here(name.study);
            reference.held.insert(name, version);
            if is_new {
                reference.born(name.study);
            }
        }
    }
}

async fn live(dir: &Path, steps: Vec<Step>) {
    let mut reference = Reference::default();
    let mut site = Site::open(dir, 1);
    for step in steps {
        match step {
            Step::Store(name, version) => store(&site, &mut reference, name, version).await,
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
                let study = names.keys().next().map(|name| name.study).unwrap();
                let is_new = !reference.is_here(study);
                reference.held.extend(names);
                if is_new {
                    reference.born(study);
                }
            }
            Step::Resolve(n, state) => resolve(&site, &mut reference, n, state).await,
            Step::CloseConflict(n) => close_conflict(&site, &mut reference, n).await,
            Step::Correct(study, patient) => correct(&site, &mut reference, study, patient).await,
            Step::Merge(patient, like) => merge(&site, &mut reference, patient, like).await,
            Step::Undo(n) => undo(&site, &mut reference, n).await,
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
