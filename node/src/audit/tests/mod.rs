//! The log from outside: numbering, pages, restart.

mod evidence;

use super::*;
use protocol::{SiteId, Uid};

fn actor(name: &str) -> Actor {
    Actor { person: name.to_owned(), role: "radiologist".to_owned(), ..Actor::default() }
}

fn uid(n: usize) -> Uid {
    Uid::parse(&format!("1.2.{n}")).unwrap()
}

#[tokio::test]
async fn entries_are_numbered_and_found_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = Tasks::default();
    let audit = Audit::open(dir.path(), &tasks).unwrap();
    assert_eq!(audit.record(Event::new(Act::NodeStarted, actor("local"))).await.unwrap(), 1);
    assert_eq!(audit.record(Event::new(Act::StudyOpened, actor("durand")).study(&uid(7))).await.unwrap(), 2);
    drop(audit);
    tasks.stop(std::time::Duration::from_secs(5)).await;

    let tasks = Tasks::default();
    let audit = Audit::open(dir.path(), &tasks).unwrap();
    assert_eq!(audit.record(Event::new(Act::NodeStarted, actor("local"))).await.unwrap(), 3);
    let page = audit.page(&Filter { limit: 10, ..Filter::default() });
    assert_eq!(page.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(page[1].1.actor.person, "durand");
}

#[tokio::test]
async fn a_page_gives_what_the_filter_asks_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let audit = Audit::open(dir.path(), &Tasks::default()).unwrap();
    let peer = SiteId([7; 32]);
    for n in 0..30 {
        let act = if n % 10 == 0 { Act::SecurityAlert } else { Act::StudyOpened };
        let mut event = Event::new(act, actor("durand")).study(&uid(n % 3));
        if n % 2 == 0 {
            event = event.peer(peer);
        }
        audit.record(event).await.unwrap();
    }
    let alerts = audit.page(&Filter { alerts_only: true, limit: 10, ..Filter::default() });
    assert_eq!(alerts.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [21, 11, 1]);
    let of_study = audit.page(&Filter { study: Some(uid(1)), limit: 3, ..Filter::default() });
    assert_eq!(of_study.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [29, 26, 23]);
    let next = audit.page(&Filter { study: Some(uid(1)), before: Some(23), limit: 2, ..Filter::default() });
    assert_eq!(next.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [20, 17]);
    let of_peer = audit.page(&Filter { peer: Some(peer), limit: 100, ..Filter::default() });
    assert_eq!(of_peer.len(), 15);
}

#[tokio::test]
async fn entries_that_left_memory_are_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let audit = Audit::open(dir.path(), &Tasks::default()).unwrap();
    let many: Vec<_> = (0..700)
        .map(|n| {
            let audit = audit.clone();
            async move { audit.record(Event::new(Act::StudyOpened, actor("durand")).study(&uid(n))).await.unwrap() }
        })
        .collect();
    futures::future::join_all(many).await;
    audit.ledger().forget_below(650);
    let page = audit.page(&Filter { limit: 700, ..Filter::default() });
    assert_eq!(page.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (1..=700).rev().collect::<Vec<_>>());
    let old = audit.page(&Filter { before: Some(300), limit: 100, ..Filter::default() });
    assert_eq!(old.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (200..300).rev().collect::<Vec<_>>());
}

#[test]
fn texts_are_cut_to_their_bounds() {
    let event = Event::new(Act::SignIn, actor(&"é".repeat(500))).note("à".repeat(500)).bounded();
    assert_eq!(event.actor.person.chars().count(), 64);
    assert_eq!(event.note.chars().count(), 200);
}

#[test]
fn stored_bytes_stay_readable() {
    let mut event = Event::new(Act::StudyServed, actor("durand")).study(&uid(3)).amount(2, 3).note("x");
    event.at = protocol::Timestamp(1);
    let now = Entry { number: 9, event: event.clone(), salt: [5; 16], twin: true };
    let written = "0209010b0006647572616e640b726164696f6c6f67697374000105312e322e33000002030178\
                   0505050505050505050505050505050501";
    assert_eq!(data_encoding::HEXLOWER.encode(&wire::encode(&now)), written);
    let before = "0109010b0006647572616e640b726164696f6c6f67697374000105312e322e33000002030178";
    let before = data_encoding::HEXLOWER.decode(before.as_bytes()).unwrap();
    assert_eq!(wire::decode::<Entry>(&before), Ok(Entry { number: 9, event, salt: [0; 16], twin: false }));
}

#[tokio::test]
async fn from_where_somebody_acted_is_kept_beside_the_entry() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = Tasks::default();
    let audit = Audit::open(dir.path(), &tasks).unwrap();
    let here = actor("durand").from(Some(Origin::new("::ffff:10.1.2.3".parse().unwrap(), "CT1")));
    audit.record(Event::new(Act::SignIn, here.clone())).await.unwrap();
    audit.record(Event::new(Act::SignIn, actor("local"))).await.unwrap();
    let before = audit.ledger_state();
    drop(audit);
    tasks.stop(std::time::Duration::from_secs(5)).await;

    let audit = Audit::open(dir.path(), &Tasks::default()).unwrap();
    assert_eq!((audit.ledger_state().size, audit.ledger_state().root), (before.size, before.root));
    let page = audit.page(&Filter { limit: 10, ..Filter::default() });
    assert_eq!((page[0].1.actor.from.clone(), &page[1].1.actor), (None, &here));
    assert_eq!(page[1].1.actor.from.as_ref().unwrap().address, std::net::IpAddr::from([10, 1, 2, 3]));
    audit.ledger().forget_below(3);
    let page = audit.page(&Filter { limit: 10, ..Filter::default() });
    assert_eq!(page[1].1.actor, here, "read back from the journal");
    assert!(audit.check(SiteId([1; 32])).is_empty());
}
