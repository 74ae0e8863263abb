//! Tampering with a log, whatever is done to it, is found by the site itself and by the peer, with the record.

use super::*;
use crate::{
    audit::{Event, Finding, Wrong},
    journal::{Position, Record},
};
use protocol::ledger::{Hash, Head};

type Records = Vec<(u8, Vec<u8>)>;
const ENTRY: u8 = 1;
const COSIGNED: u8 = 4;

fn uid(n: u32) -> Uid {
    format!("1.2.840.{n}").parse().unwrap()
}

async fn share(from: &Hospital, to: &Hospital, n: u32) -> u64 {
    let event = Event::new(Act::StudyShared, Actor::default()).peer(to.site()).study(&uid(n));
    from.audit.record(event).await.unwrap()
}

/// All is countersigned and cosigned on both sides.
async fn settled(a: &Hospital, b: &Hospital) {
    let done = |x: &Hospital, y: &Hospital| {
        let state = x.audit.peer_state(&y.site());
        let size = x.audit.ledger_state().size;
        state.missing == 0 && state.cosigned.is_some_and(|(seen, ..)| seen == size)
    };
    until("all is countersigned and cosigned", || {
        a.overlay.inner.tell_ledger(b.site());
        b.overlay.inner.tell_ledger(a.site());
        done(a, b) && done(b, a)
    })
    .await;
}

fn findings(hospital: &Hospital, of: SiteId) -> Vec<Finding> {
    let all = hospital.audit.ledger_state().findings;
    all.into_iter().map(|(finding, _)| finding).filter(|finding| finding.site == of).collect()
}

/// Rewrites a stopped site's audit log, checksums and all, as whoever owns its disk could.
async fn rewrite(dir: &std::path::Path, change: impl FnOnce(&mut Records)) {
    let folder = dir.join("journal/audit");
    let tasks = Tasks::default();
    let mut records = Records::new();
    {
        let journal = Journal::open(&folder, &tasks).unwrap();
        let mut keep = |record: Record<'_>| {
            records.push((record.kind, record.body.to_vec()));
            Ok(())
        };
        journal.replay(Position::default(), &mut keep).unwrap();
    }
    tasks.stop(LONG).await;
    change(&mut records);
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    let tasks = Tasks::default();
    if !records.is_empty() {
        Journal::open(&folder, &tasks).unwrap().append_now(records).unwrap();
    }
    tasks.stop(LONG).await;
}

/// Where the entry about this study stands in the file.
fn entry_of(records: &Records, n: u32) -> usize {
    let wanted = uid(n).to_string();
    let names = |(kind, body): &(u8, Vec<u8>)| {
        *kind == ENTRY && body.windows(wanted.len()).any(|bytes| bytes == wanted.as_bytes())
    };
    records.iter().position(names).unwrap()
}

struct Case {
    what: &'static str,
    change: fn(&mut Records),
    /// What the site itself finds at its start; `None`: nothing it has says so.
    own: Option<Wrong>,
    /// What the peer finds.
    theirs: Wrong,
    /// Whether the record that is about study 5 must be named.
    named: bool,
}

const CASES: [Case; 8] = [
    Case {
        what: "a record is edited",
        change: |records| {
            let at = entry_of(records, 5);
            // Of the salt and the flag at its end: the event reads as before, and is another record.
            let byte = records[at].1.len() - 3;
            records[at].1[byte] ^= 1;
        },
        own: Some(Wrong::Changed),
        theirs: Wrong::Forked,
        named: true,
    },
    Case {
        what: "a record is edited and all cosigned heads are taken out",
        change: |records| {
            let at = entry_of(records, 5);
            let byte = records[at].1.len() - 3;
            records[at].1[byte] ^= 1;
            records.retain(|(kind, _)| *kind != COSIGNED);
        },
        own: None,
        theirs: Wrong::Forked,
        named: true,
    },
    Case {
        what: "a record is dropped",
        change: |records| {
            let at = entry_of(records, 5);
            records.remove(at);
        },
        own: Some(Wrong::Changed),
        theirs: Wrong::Forked,
        named: true,
    },
    Case {
        what: "two records change places",
        change: |records| {
            let (a, b) = (entry_of(records, 5), entry_of(records, 7));
            records.swap(a, b);
        },
        own: Some(Wrong::Changed),
        theirs: Wrong::Forked,
        named: true,
    },
    Case {
        what: "a record is put in",
        change: |records| {
            let at = entry_of(records, 5);
            let copy = records[at].clone();
            records.insert(at, copy);
        },
        own: Some(Wrong::Changed),
        theirs: Wrong::Forked,
        named: false,
    },
    Case {
        what: "the log is cut before a record",
        change: |records| {
            let at = entry_of(records, 5);
            let heads: Records = records.iter().filter(|(kind, _)| *kind == COSIGNED).cloned().collect();
            records.truncate(at);
            records.extend(heads);
        },
        own: Some(Wrong::Shorter),
        theirs: Wrong::Shorter,
        named: true,
    },
    Case {
        what: "the log is cut with all that was said about it",
        change: |records| {
            let at = entry_of(records, 5);
            records.truncate(at);
        },
        own: None,
        theirs: Wrong::Shorter,
        named: true,
    },
    Case { what: "the whole log is replaced", change: Vec::clear, own: None, theirs: Wrong::Shorter, named: true },
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_a_log_is_found_with_site_and_record() {
    for case in CASES {
        let (a, b) = two_peers().await;
        let mut fifth = 0;
        for n in 1..10 {
            let number = share(&a, &b, n).await;
            if n == 5 {
                fifth = number;
            }
        }
        settled(&a, &b).await;
        assert!(a.audit.check(a.site()).is_empty() && b.audit.check(b.site()).is_empty(), "{}", case.what);
        let (site, port) = (a.site(), a.config.overlay.listen.port());
        let dir = a.stop().await;
        rewrite(dir.path(), case.change).await;
        let a = Hospital::open_in(dir, "CH Nord", 1, port).await;
        let own = a.audit.check(site);
        assert_eq!(own.first().map(|finding| finding.wrong), case.own, "{}: {own:?}", case.what);
        if let (Some(finding), true) = (own.first(), case.named) {
            let named = finding.number == Some(fifth) || finding.wrong == Wrong::Shorter;
            assert!(named, "{}: {finding:?}", case.what);
        }
        met(&a, &b).await;
        until(case.what, || {
            a.overlay.inner.tell_ledger(b.site());
            !findings(&b, site).is_empty()
        })
        .await;
        let found = findings(&b, site);
        // A log that was cut has grown on when the peer sees it as late as that: then it is another, not a shorter one.
        let grown = case.theirs == Wrong::Shorter && found[0].wrong == Wrong::Forked;
        assert!(grown || found[0].wrong == case.theirs, "{}: {found:?}", case.what);
        assert!(!case.named || found[0].number.is_some_and(|number| number <= fifth), "{}: {found:?}", case.what);
        if case.named && case.theirs == Wrong::Forked {
            assert_eq!(found[0].number, Some(fifth), "{}: {found:?}", case.what);
        }
        until("it is a security alert", || b.audited(Act::SecurityAlert) > 0).await;
        let (dir_a, dir_b) = (a.stop().await, b.stop().await);
        drop((dir_a, dir_b));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_peers_that_were_shown_different_logs_find_it_when_they_meet() {
    let (b, c) = two_peers().await;
    let forker = Hospital::open("CH Est", 3).await;
    b.know(&forker).await;
    c.know(&forker).await;
    let head = |root: &[u8]| Head { site: forker.site(), size: 40, root: Hash::leaf(root), at: tasks::now() };
    let (one, other) = (head(b"for b"), head(b"for c"));
    b.audit.keep_held(one.clone(), forker.identity.seal(&one), true).await.unwrap();
    c.audit.keep_held(other.clone(), forker.identity.seal(&other), true).await.unwrap();
    until("both find the fork", || {
        b.overlay.inner.tell_ledger(c.site());
        c.overlay.inner.tell_ledger(b.site());
        let forked = |x: &Hospital| findings(x, forker.site()).iter().any(|finding| finding.wrong == Wrong::Forked);
        forked(&b) && forked(&c)
    })
    .await;
    let finding = findings(&b, forker.site()).into_iter().find(|finding| finding.wrong == Wrong::Forked).unwrap();
    let signed: Vec<Head> = finding.heads.iter().map(|head| head.open(&forker.site()).unwrap()).collect();
    assert_eq!(signed, [one, other], "the two heads, each signed by the site itself, are the proof");
    for hospital in [b, c, forker] {
        drop(hospital.stop().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_countersigned_waits_and_names_the_record() {
    let (a, b) = two_peers().await;
    settled(&a, &b).await;
    let port = b.config.overlay.listen.port();
    let b_site = b.site();
    let dir = b.stop().await;
    let event = Event::new(Act::StudyShared, Actor::default()).peer(b_site).study(&uid(1));
    let number = a.audit.record(event).await.unwrap();
    let state = a.audit.peer_state(&b_site);
    assert_eq!((state.missing, state.oldest.map(|(_, number, _)| number)), (1, Some(number)));
    // Across a restart of the one that waits.
    let a_port = a.config.overlay.listen.port();
    let a_dir = a.stop().await;
    let a = Hospital::open_in(a_dir, "CH Nord", 1, a_port).await;
    assert_eq!(a.audit.peer_state(&b_site).missing, 1);
    let b = Hospital::open_in(dir, "CH Sud", 2, port).await;
    met(&a, &b).await;
    settled(&a, &b).await;
    assert_eq!(a.audit.peer_state(&b_site).missing, 0);
    for hospital in [a, b] {
        drop(hospital.stop().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_never_makes_an_honest_log_look_forked() {
    let (mut a, mut runtime) = Hospital::open_mortal("CH Nord", 1).await;
    let b = Hospital::open("CH Sud", 2).await;
    a.know(&b).await;
    b.know(&a).await;
    met(&a, &b).await;
    let (site, port) = (a.site(), a.config.overlay.listen.port());
    for round in 0..4 {
        let mut answered = Vec::new();
        for n in 0..5 {
            answered.push(share(&a, &b, round * 10 + n).await);
        }
        let dir = a.die(runtime).await;
        let fresh = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        a = fresh.spawn(Hospital::open_in(dir, "CH Nord", 1, port)).await.unwrap();
        runtime = fresh;
        let kept = a.audit.page(&Filter { limit: 1000, ..Filter::default() });
        assert!(answered.iter().all(|number| kept.iter().any(|(kept, _)| kept == number)), "nothing answered is lost");
        met(&a, &b).await;
        settled(&a, &b).await;
        assert_eq!((findings(&a, site), findings(&b, site)), (vec![], vec![]));
        assert!(a.audit.check(site).is_empty());
    }
    drop(a.die(runtime).await);
    drop(b.stop().await);
}
