//! Erasing: what it takes, what it leaves, and that nothing of it happens by itself.

use super::*;
use crate::archive::{
    Claim, RetainError, Target,
    index::Applied,
    retain,
    rows::{CloseRecord, kind},
};
use protocol::retention::Day;
use std::{fs, time::SystemTime};

fn actor(person: &str) -> Actor {
    Actor { person: person.to_owned(), ..Actor::default() }
}

/// A study of 1990 of a grown patient.
fn old(study: &str, patient: &str, instances: usize) -> Vec<Made> {
    (1..=instances)
        .map(|n| {
            let mut made = Made::new(study, &format!("{study}.1"), &format!("{study}.1.{n}"));
            made.text(0x0008_0020, "DA", "19900102").text(0x0010_0020, "LO", patient);
            made.text(0x0010_0030, "DA", "19400101").pixels(format!("{study} {n} pixels").as_bytes());
            made
        })
        .collect()
}

async fn stored(site: &Site, all: &[Made]) -> Uid {
    let mut study = None;
    for made in all {
        study = Some(site.store_as(made.form(), &made.data_set()).await.unwrap().study);
    }
    let study = study.unwrap();
    site.settled(&study).await;
    study
}

async fn visited(site: &Site, study: &Uid) {
    let claim = Claim::Visit(Day::parse("19900102").unwrap());
    site.archive.claim(study.clone(), claim, "asked the HIS", actor("amy")).await.unwrap();
}

fn files(dir: &Path) -> usize {
    (0..=u8::MAX).map(|n| fs::read_dir(dir.join(format!("objects/{n:02x}"))).unwrap().count()).sum()
}

/// Whether any byte sequence of the objects is still in the journal.
fn is_in_journal(dir: &Path, what: &str) -> bool {
    let segments = fs::read_dir(dir.join("journal/archive")).unwrap();
    segments.into_iter().any(|segment| {
        let bytes = fs::read(segment.unwrap().path()).unwrap();
        bytes.windows(what.len()).any(|window| window == what.as_bytes())
    })
}

#[tokio::test]
async fn what_stands_in_a_conflict_is_not_called_erased() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 20);
    let mut made = old("1.8", "P8", 1);
    let study = stored(&site, &made).await;
    visited(&site, &study).await;
    let proposal = site.archive.propose(Target::Study(study.clone()), "time is past", actor("amy")).await.unwrap();
    made[0].pixels(b"other bytes");
    assert!(site.store_as(made[0].form(), &made[0].data_set()).await.is_err());
    let refused = site.archive.erase(proposal.id, actor("ben")).await;
    assert!(matches!(refused, Err(RetainError::Contested)), "{refused:?}");
    assert!(site.archive.study(&study).unwrap().is_some() && files(dir.path()) == 2);
    site.close().await;
}

#[tokio::test]
async fn a_closed_conflict_lets_the_study_go() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 20);
    let mut made = old("1.8", "P8", 1);
    let study = stored(&site, &made).await;
    visited(&site, &study).await;
    made[0].pixels(b"sent again otherwise");
    let again = |site: &Site| {
        let (form, bytes, archive) = (made[0].form(), made[0].data_set(), site.archive.clone());
        let site = Site { archive, audit: site.audit.clone(), tasks: site.tasks.clone() };
        async move { site.store_as(form, &bytes).await }
    };
    assert!(again(&site).await.is_err());
    let id = site.archive.conflicts(true, 0, 9).unwrap()[0].id;
    let close = |reason: &'static str| site.archive.close_conflicts(vec![id], reason, actor("amy"));
    assert!(matches!(close("").await, Err(ConflictError::Undecided)));
    site.archive.resolve(id, ConflictState::Kept, "", actor("amy")).await.unwrap();
    assert!(matches!(close(" ").await, Err(ConflictError::TooSoon)));
    let hold = site.archive.claim(study.clone(), Claim::Hold, "court", actor("carl")).await.unwrap();
    assert!(matches!(close("resent by mistake").await, Err(ConflictError::Held)));
    site.archive.claim(study.clone(), Claim::Release(hold.id), "settled", actor("carl")).await.unwrap();
    assert_eq!(files(dir.path()), 2, "nothing went");

    let closed = close("resent by mistake").await.unwrap()[0].closed.clone().unwrap();
    assert_eq!((closed.person.as_str(), closed.reason.as_str()), ("amy", "resent by mistake"));
    assert_eq!((closed.gone, closed.is_done), (Digest::of(&made[0].data_set()), true));
    assert_eq!(files(dir.path()), 1);
    assert!(!is_in_journal(dir.path(), "sent again otherwise"));
    let undone = site.archive.resolve(id, ConflictState::Open, "", actor("amy")).await;
    assert!(matches!(undone, Err(ConflictError::Closed)));
    assert!(matches!(close("again").await, Err(ConflictError::Closed)));
    // The same bytes once more: refused as before, and a decision stands on them.
    assert!(matches!(again(&site).await, Err(IngestError::Conflict { .. })));
    assert_eq!((files(dir.path()), site.archive.conflicts(false, 0, 9).unwrap().len()), (1, 1));

    site.kill().await;
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let site = Site::open(dir.path(), 20);
    assert_eq!(site.archive.conflicts(false, 0, 9).unwrap()[0].closed.as_ref(), Some(&closed));
    let proposal = site.archive.propose(Target::Study(study.clone()), "time is past", actor("amy")).await.unwrap();
    site.archive.erase(proposal.id, actor("ben")).await.unwrap();
    assert_eq!((files(dir.path()), site.archive.totals().studies), (0, 0));
    // What lost the decision is a new arrival now, and its rival another conflict.
    assert!(!again(&site).await.unwrap().known);
    let first = old("1.8", "P8", 1);
    assert!(site.store_as(first[0].form(), &first[0].data_set()).await.is_err());
    assert_eq!(site.archive.conflicts(true, 0, 9).unwrap().len(), 1);
    site.close().await;
}

#[tokio::test]
async fn a_kill_after_a_conflict_was_closed_is_made_good() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 20);
    let mut made = old("1.8", "P8", 1);
    let (study, first) = (stored(&site, &made).await, Digest::of(&made[0].data_set()));
    made[0].pixels(b"the corrected image");
    assert!(site.store_as(made[0].form(), &made[0].data_set()).await.is_err());
    let id = site.archive.conflicts(true, 0, 9).unwrap()[0].id;
    let row = site.archive.resolve(id, ConflictState::Taken, "", actor("amy")).await.unwrap();
    assert_eq!(row.held, first);
    let (at, person, instance) = (crate::tasks::now(), "amy".to_owned(), row.instance);
    let record = CloseRecord { id, at, person, reason: "checked".to_owned(), instance, gone: first };
    site.archive.inner.journal.append_now(vec![(kind::CLOSE, protocol::wire::encode(&record))]).unwrap();
    site.kill().await;
    assert_eq!(files(dir.path()), 2, "killed before a file went");
    let site = Site::open(dir.path(), 20);
    let deadline = Instant::now() + Duration::from_secs(20);
    while !site.archive.conflict(id).await.unwrap().0.closed.unwrap().is_done {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    assert_eq!(files(dir.path()), 1);
    site.close().await;
    // The journal still names the first file as of this instance; a rebuild must not miss it.
    rebuild(dir.path(), &mut |_| {}).unwrap();
    let site = Site::open(dir.path(), 20);
    let rows = site.archive.instances(&study, &uid("1.8.1")).unwrap();
    assert_eq!(rows[0].entry.digest, Digest::of(&made[0].data_set()));
    site.close().await;
}

#[tokio::test]
async fn takes_two_persons_and_leaves_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 20);
    let study = stored(&site, &old("1.7", "P7", 3)).await;
    let other = stored(&site, &old("1.6", "P6", 1)).await;
    let target = || Target::Study(study.clone());
    let refused = site.archive.propose(target(), "old", actor("amy")).await;
    assert!(matches!(refused, Err(RetainError::Kept)), "nobody looked up the last visit: {refused:?}");
    visited(&site, &study).await;
    assert!(matches!(site.archive.propose(target(), " ", actor("amy")).await, Err(RetainError::NoReason)));
    let proposal = site.archive.propose(target(), "time is past", actor("amy")).await.unwrap();
    assert!(matches!(site.archive.propose(target(), "again", actor("ben")).await, Err(RetainError::Proposed)));
    assert!(matches!(site.archive.erase(proposal.id, actor("amy")).await, Err(RetainError::SamePerson)));
    assert_eq!((files(dir.path()), site.archive.totals().studies), (4, 2), "nothing went");
    assert!(is_in_journal(dir.path(), "1.7 2 pixels"), "else the last assertion says nothing");

    let erased = site.archive.erase(proposal.id, actor("ben")).await.unwrap();
    assert_eq!((erased.proposer.as_str(), erased.approver.as_str(), erased.instances.len()), ("amy", "ben", 3));
    assert!(site.archive.study(&study).unwrap().is_none());
    assert_eq!((files(dir.path()), site.archive.totals().studies), (1, 1));
    assert!(!dir.path().join("manifests/1.7").exists() && dir.path().join("manifests/1.6").exists());
    for n in 1..=3 {
        assert!(!is_in_journal(dir.path(), &format!("1.7 {n} pixels")));
    }
    assert!(site.archive.proposals().unwrap().is_empty());
    assert!(site.archive.erasures(0, 9).unwrap()[0].is_done);

    // So after a kill and a lost index.
    site.kill().await;
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let site = Site::open(dir.path(), 20);
    assert_eq!((files(dir.path()), site.archive.totals().studies), (1, 1));
    assert!(site.archive.study(&study).unwrap().is_none() && site.archive.study(&other).unwrap().is_some());
    assert_eq!(site.archive.erasures(0, 9).unwrap()[0].record, erased);
    // Sent again it is a new arrival, and the evidence says so.
    assert!(!site.store_as(old("1.7", "P7", 1)[0].form(), &old("1.7", "P7", 1)[0].data_set()).await.unwrap().known);
    let log = site.audit.page(&Filter { limit: 50, ..Filter::default() });
    let notes = format!("{log:?}");
    assert!(notes.contains("erased before"), "{notes}");
    site.close().await;
}

#[tokio::test]
async fn a_hold_or_a_visit_in_between_stops_it() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 20);
    let study = stored(&site, &old("1.7", "P7", 1)).await;
    visited(&site, &study).await;
    let proposal = site.archive.propose(Target::Study(study.clone()), "past", actor("amy")).await.unwrap();
    let hold = site.archive.claim(study.clone(), Claim::Hold, "court", actor("carl")).await.unwrap();
    assert!(matches!(site.archive.erase(proposal.id, actor("ben")).await, Err(RetainError::Kept)));
    site.archive.claim(study.clone(), Claim::Release(hold.id), "settled", actor("carl")).await.unwrap();
    // The patient comes again: a new study starts the time of the old one anew.
    let mut again = old("1.8", "P7", 1);
    again[0].text(0x0008_0020, "DA", "20240601");
    let _ = stored(&site, &again).await;
    assert!(matches!(site.archive.erase(proposal.id, actor("ben")).await, Err(RetainError::Kept)));
    site.archive.withdraw(proposal.id, actor("amy")).await.unwrap();
    assert!(matches!(site.archive.erase(proposal.id, actor("ben")).await, Err(RetainError::NotFound)));
    assert_eq!(site.archive.totals().studies, 2);
    site.close().await;
}

#[tokio::test]
async fn what_another_instance_shares_stays() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 20);
    let all = old("1.7", "P7", 2);
    let study = stored(&site, &all).await;
    // The same data set once more, taken for another instance: as a broken device does.
    let record = |inner: &Arc<Inner>| {
        let digest = Digest::of(&all[0].data_set());
        let mut record = rebuild::record_of(&inner.blobs.path(&digest), &digest, SystemTime::now()).unwrap();
        record.instance.row.entry.instance = uid("1.6.1.1");
        (record.study.study, record.series.series) = (uid("1.6"), uid("1.6.1"));
        record
    };
    let twin = record(&site.archive.inner);
    site.archive.inner.journal.append_now(vec![(kind::INGEST, protocol::wire::encode(&twin))]).unwrap();
    site.archive.inner.apply(&Applied::Ingest(Box::new(twin)), site.archive.inner.journal.end());
    visited(&site, &study).await;
    let proposal = site.archive.propose(Target::Study(study.clone()), "past", actor("amy")).await.unwrap();
    site.archive.erase(proposal.id, actor("ben")).await.unwrap();
    assert_eq!(files(dir.path()), 1);
    let rows = site.archive.instances(&uid("1.6"), &uid("1.6.1")).unwrap();
    let object = object::open(&site.archive.inner, &uid("1.6"), &rows[0].entry.digest).await.unwrap();
    assert_eq!(object.range(0, u64::MAX).await.unwrap(), all[0].data_set());
    site.close().await;
}

#[tokio::test]
async fn a_kill_after_the_record_is_made_good() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 20);
    let all = old("1.7", "P7", 3);
    let study = stored(&site, &all).await;
    visited(&site, &study).await;
    let proposal = site.archive.propose(Target::Study(study.clone()), "past", actor("amy")).await.unwrap();
    let kept: Vec<_> = all.iter().map(|made| site.archive.inner.blobs.path(&Digest::of(&made.data_set()))).collect();
    let bytes: Vec<_> = kept.iter().map(|path| fs::read(path).unwrap()).collect();
    let record = retain::record(&site.archive.inner, proposal, &actor("ben")).unwrap();
    site.archive.inner.journal.append_now(vec![(kind::ERASE, protocol::wire::encode(&record))]).unwrap();
    site.kill().await;
    assert_eq!(kept.iter().filter(|path| path.exists()).count(), bytes.len(), "killed before a file went");
    let site = Site::open(dir.path(), 20);
    let deadline = Instant::now() + Duration::from_secs(20);
    while !site.archive.erasures(0, 1).unwrap()[0].is_done {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    assert_eq!((files(dir.path()), site.archive.totals().instances), (0, 0));
    assert!(!is_in_journal(dir.path(), "1.7 1 pixels"));
    site.close().await;
}

#[tokio::test]
async fn what_is_rejected_goes_only_this_way() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 20);
    let all = old("1.7", "P7", 2);
    let study = stored(&site, &all).await;
    let other = stored(&site, &old("1.8", "P7", 1)).await;
    let asked = Rejecting {
        study: study.clone(),
        series: None,
        instance: None,
        reason: RejectReason::WrongWorklistEntry,
        note: String::new(),
    };
    let rejection = site.archive.reject(asked, actor("amy")).await.unwrap();
    // A hold on the patient is on what was rejected, too.
    let hold = site.archive.claim(other.clone(), Claim::Hold, "court", actor("carl")).await.unwrap();
    let target = || Target::Rejection(rejection.id);
    assert!(matches!(site.archive.propose(target(), "wrong patient", actor("amy")).await, Err(RetainError::Kept)));
    site.archive.claim(other, Claim::Release(hold.id), "settled", actor("carl")).await.unwrap();
    let proposal = site.archive.propose(target(), "wrong patient", actor("amy")).await.unwrap();
    site.archive.erase(proposal.id, actor("ben")).await.unwrap();
    assert_eq!(files(dir.path()), 1);
    assert!(site.archive.rejections(0, 9).unwrap().is_empty());
    assert!(!site.store_as(all[0].form(), &all[0].data_set()).await.unwrap().known, "no rejection stands");
    site.close().await;
}
