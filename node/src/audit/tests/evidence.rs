//! A bundle proves what it says to anybody with two public keys, and a changed one proves nothing.

use super::*;
use crate::audit::{
    bundle::Bundle,
    records::{self, RECEIPT},
    verify::{Fault, Report, verify},
};
use crate::identity::Identity;
use data_encoding::BASE64;
use protocol::{
    Timestamp,
    ledger::{Receipt, Seen},
    signed::Signed,
};
use std::collections::BTreeSet;

struct Site {
    audit: Audit,
    identity: Identity,
    _dir: tempfile::TempDir,
}

impl Site {
    fn open(seed: u8) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let audit = Audit::open(dir.path(), &Tasks::default()).unwrap();
        Self { audit, identity: Identity::from_seed(&[seed; 32]), _dir: dir }
    }

    /// What `overlay` does over a wire, by hand.
    async fn exchange(&self, other: &Self) {
        let (us, them) = (self.identity.site(), other.identity.site());
        for crossing in self.audit.waiting(us, &them, 64).unwrap() {
            let signed = self.identity.seal(&crossing);
            let place = other.audit.keep_twin(&crossing, signed.clone()).await.unwrap();
            let receipt = other.identity.seal(&Receipt { of: crossing.hash(), place, at: Timestamp(7) });
            self.audit.keep_receipt(them, crossing.place, signed, receipt).await.unwrap();
        }
        let head = self.audit.head(us);
        let seen = Seen { head: head.clone(), unbroken: true, at: Timestamp(8) };
        let cosigned = other.identity.seal(&seen);
        self.audit.keep_cosigned(them, self.identity.seal(&head), (seen, cosigned)).await.unwrap();
    }

    fn bundle(&self, asked: &Asked) -> Bundle {
        let head = self.audit.head(self.identity.site());
        self.audit.bundle(asked, (&head, &self.identity.seal(&head)), "CH Nord").unwrap()
    }
}

async fn two_sites() -> (Site, Site) {
    let (a, b) = (Site::open(1), Site::open(2));
    for n in 0..600 {
        let event = Event::new(Act::StudyServed, actor("durand")).peer(b.identity.site()).study(&uid(n % 3));
        a.audit.record(event).await.unwrap();
    }
    a.exchange(&b).await;
    while !a.audit.waiting(a.identity.site(), &b.identity.site(), 1).unwrap().is_empty() {
        a.exchange(&b).await;
    }
    a.audit.record(Event::new(Act::SignIn, actor("durand"))).await.unwrap();
    (a, b)
}

fn checked(bundle: &Bundle, keys: &[&Site]) -> Report {
    let keys: BTreeSet<SiteId> = keys.iter().map(|site| site.identity.site()).collect();
    verify(&serde_json::to_vec(bundle).unwrap(), &keys, None)
}

#[tokio::test]
async fn a_bundle_holds_with_both_keys() {
    let (a, b) = two_sites().await;
    let of_one = Asked { studies: [uid(1)].into(), ..Asked::default() };
    let report = checked(&a.bundle(&of_one), &[&a, &b]);
    assert_eq!(report.faults, vec![]);
    assert_eq!(report.shown.len(), 200);
    assert!(report.shown.iter().all(|shown| shown.countersigned == Some((b.identity.site(), Timestamp(7)))));
    assert_eq!(report.seen.len(), 1);
    let proof = a.bundle(&of_one).records.iter().map(|record| record.proof.len()).max().unwrap();
    assert!(proof <= 11, "{proof} hashes for some 1,200 records");
}

#[tokio::test]
async fn a_changed_bundle_does_not_hold() {
    let (a, b) = two_sites().await;
    let c = Site::open(3);
    let asked = Asked { studies: [uid(2)].into(), ..Asked::default() };
    let good = a.bundle(&asked);
    let flipped = |text: &str| {
        let mut bytes = BASE64.decode(text.as_bytes()).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        BASE64.encode(&bytes)
    };
    let changed = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        checked(&bundle, &[&a, &b]).faults
    };
    let receipt = good.records.iter().position(|record| record.kind == RECEIPT).unwrap();
    let table: [(&str, Vec<Fault>); 9] = [
        ("a record is edited", changed(&|bundle| bundle.records[0].body = flipped(&bundle.records[0].body))),
        ("a record is moved", changed(&|bundle| bundle.records[0].place += 1)),
        ("a proof is damaged", changed(&|bundle| bundle.records[0].proof[2] = "00".repeat(32))),
        ("a countersignature is edited", changed(&|b| b.records[receipt].body = flipped(&b.records[receipt].body))),
        ("a countersignature is dropped", changed(&|bundle| drop(bundle.records.remove(receipt)))),
        ("the head is edited", changed(&|bundle| bundle.head = flipped(&bundle.head))),
        ("a cosignature is edited", changed(&|bundle| bundle.cosigned[0].seen = flipped(&bundle.cosigned[0].seen))),
        ("its proof is damaged", changed(&|bundle| bundle.cosigned[0].proof[0] = "00".repeat(32))),
        ("it is no bundle", changed(&|bundle| bundle.format = "another".to_owned())),
    ];
    for (what, faults) in &table {
        assert!(!faults.is_empty(), "{what}");
    }
    assert_eq!(table[0].1[0], Fault::Record(good.records[0].place));
    assert!(matches!(table[4].1[0], Fault::Missing(_, site) if site == b.identity.site()));
    assert!(matches!(checked(&good, &[&b]).faults[0], Fault::SiteKey(_)), "the site's own key is not given");
    assert!(checked(&good, &[&a]).faults.contains(&Fault::Key(b.identity.site())), "the peer's key is not given");
    assert!(!checked(&good, &[&a, &c]).faults.is_empty(), "another's key is given");
}

#[tokio::test]
async fn a_countersignature_that_another_made_is_none() {
    let (a, b) = (Site::open(1), Site::open(2));
    let event = Event::new(Act::StudyServed, actor("durand")).peer(b.identity.site()).study(&uid(1));
    a.audit.record(event).await.unwrap();
    let crossing = a.audit.waiting(a.identity.site(), &b.identity.site(), 1).unwrap().remove(0);
    // The site itself makes up the countersignature that it lacks, and records it as that of the peer.
    let forged = Receipt { of: crossing.hash(), place: 1, at: Timestamp(7) };
    let again = Signed::again(&forged, b.identity.site(), a.identity.seal(&forged).signature());
    a.audit.keep_receipt(b.identity.site(), crossing.place, a.identity.seal(&crossing), again).await.unwrap();
    let report = checked(&a.bundle(&Asked::default()), &[&a, &b]);
    assert!(report.faults.iter().any(|fault| matches!(fault, Fault::Receipt(_))), "{:?}", report.faults);
    assert!(report.faults.contains(&Fault::Missing(1, b.identity.site())));
}

#[tokio::test]
async fn a_log_from_before_there_was_a_ledger_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("journal/audit");
    std::fs::create_dir_all(&folder).unwrap();
    let tasks = Tasks::default();
    let mut old = Vec::new();
    for n in 1..=300u64 {
        let mut body = vec![1];
        let event = Event::new(Act::StudyServed, actor("durand")).peer(SiteId([7; 32])).study(&uid(1));
        body.extend(postcard::to_stdvec(&(n, event)).unwrap());
        old.push((records::ENTRY, body));
    }
    Journal::open(&folder, &tasks).unwrap().append_now(old).unwrap();
    tasks.stop(std::time::Duration::from_secs(5)).await;

    let audit = Audit::open(dir.path(), &Tasks::default()).unwrap();
    let state = audit.ledger_state();
    assert_eq!((state.before, state.size), (300, 301), "all of it, and where the ledger begins");
    assert_eq!(audit.peer_state(&SiteId([7; 32])).missing, 0, "nobody is asked to countersign the past");
    assert_eq!(audit.page(&Filter { limit: 1000, ..Filter::default() }).len(), 300);
    assert_eq!(audit.record(Event::new(Act::SignIn, actor("durand"))).await.unwrap(), 301);
    assert!(audit.check(SiteId([1; 32])).is_empty());
}

#[tokio::test]
async fn proofs_come_from_memory_and_disk_alike() {
    let dir = tempfile::tempdir().unwrap();
    let audit = Audit::open(dir.path(), &Tasks::default()).unwrap();
    let many: Vec<_> = (0..1000)
        .map(|n| {
            let audit = audit.clone();
            async move { audit.record(Event::new(Act::StudyOpened, actor("durand")).study(&uid(n))).await.unwrap() }
        })
        .collect();
    futures::future::join_all(many).await;
    let size = audit.ledger_state().size;
    let root = audit.ledger_state().root;
    assert_eq!(audit.root_at(size).unwrap(), root);
    for old in [1, 2, 255, 256, 257, 511, 512, 700, 1000] {
        let older = audit.root_at(old).unwrap();
        let proof = audit.consistency(old, size).unwrap();
        assert!(protocol::ledger::tree::is_consistent((old, &older), (size, &root), &proof), "{old}");
    }
}
