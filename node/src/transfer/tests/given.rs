//! What a holder knows of what it gives.
//!
//! # Not here
//! The register, the rates and the memory by themselves: beside each of them.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_a_few_ranges_arrive_equal_and_the_holder_lists_whom_it_gave_them() {
    let (a, b, agreement) = pair_of_sites().await;
    let card = a.store("1.2.826.7", 6, 3_000_000).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &entries(&manifest), Priority::Series);
    eventually("all objects here", || errand.tally().objects == 6).await;
    for entry in entries(&manifest) {
        assert_eq!(Digest::of(&bytes_of(&lease, &entry).await.unwrap()), entry.digest);
    }
    let total_of = |site: &Site| site.transfer.given().into_iter().find(|(peer, _)| *peer == b.id()).map(|(_, t)| t);
    eventually("nothing is given any more", || total_of(&a).is_some_and(|total| total.streams == 0)).await;
    let rows = a.transfer.outgoing();
    let [row] = rows.as_slice() else { panic!("one study, one site: {rows:?}") };
    assert_eq!((row.peer, &row.study, row.priority, row.line), (b.id(), &card.study, None, None));
    // Some may have gone coded.
    assert!(row.bytes > 1_000_000, "{row:?}");
    assert_eq!(total_of(&a).map(|total| total.bytes), Some(row.bytes));
    assert_eq!((row.kbits_max, row.is_held_back), (None, false));
    assert!(b.transfer.outgoing().is_empty() && b.transfer.given().is_empty());
    drop((errand, lease));
    stop(a).await;
    stop(b).await;
}
