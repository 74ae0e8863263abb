//! Coded bytes between two sites, and a holder whose coded bytes are others than it signed.

use super::*;
use protocol::{
    coding::{self, Grid, Layout, PLANES},
    congestion::Law,
    fetch::Answer,
};
use std::sync::atomic::{AtomicUsize, Ordering};

async fn pair_that_codes() -> (Site, Site, protocol::ids::Id128) {
    let (a, b) = (Site::coding("CH Nord", 1).await, Site::coding("Clinique Sud", 2).await);
    a.pair(&b).await;
    let agreement = a.agree(&b).await;
    (a, b, agreement)
}

/// Fetches all of a study and gives what it took.
async fn fetched(a: &Site, b: &Site, agreement: protocol::ids::Id128, card: &StudyCard) -> Tally {
    let (_, manifest) = b.transfer.manifest(&a.id(), card, &reader()).await.unwrap();
    let all = entries(&manifest);
    let lease = b.lease(a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &all, Priority::Series);
    eventually("all objects here", || errand.tally().objects == all.len() as u64).await;
    for entry in all {
        assert_eq!(Digest::of(&bytes_of(&lease, &entry).await.unwrap()), entry.digest);
    }
    errand.tally()
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_bytes_come_and_they_are_the_same() {
    let (a, b, agreement) = pair_that_codes().await;
    // Images of one range, and one of many that begin anywhere in a row.
    for (study, instances, pixel_bytes) in [("1.2.826.71", 20, 300_000), ("1.2.826.72", 1, 12_000_000)] {
        let card = a.store_of(study, instances, pixel_bytes, 0x0007).await;
        let tally = fetched(&a, &b, agreement, &card).await;
        assert_eq!(tally.fetched, card.bytes);
        assert!(tally.wire * 2 < tally.fetched, "{} of {}", tally.wire, tally.fetched);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_become_smaller_comes_as_it_is() {
    let (a, b, agreement) = pair_that_codes().await;
    let card = a.store("1.2.826.73", 5, 300_000).await;
    let tally = fetched(&a, &b, agreement, &card).await;
    assert_eq!((tally.fetched, tally.wire), (card.bytes, card.bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_does_not_code_is_given_plain_bytes_and_gives_them() {
    let (a, b) = (Site::coding("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
    a.pair(&b).await;
    let agreement = a.agree(&b).await;
    for (holder, asker, study) in [(&a, &b, "1.2.826.74"), (&b, &a, "1.2.826.75")] {
        let card = holder.store_of(study, 5, 100_000, 0x0007).await;
        let tally = fetched(holder, asker, agreement, &card).await;
        assert_eq!((tally.fetched, tally.wire), (card.bytes, card.bytes));
    }
}

/// A holder of one object that answers requests for coded bytes as the test says, and plain ones truly.
fn holder(
    asker: SiteId,
    object: Bytes,
    answer: impl Fn(&[u8]) -> (u8, Vec<u8>) + Send + Sync + 'static,
) -> (Endpoint, tokio::task::JoinHandle<()>, Arc<AtomicUsize>) {
    let keys = Keys::new(&ed25519_dalek::SigningKey::from_bytes(&[7; 32])).unwrap();
    let gate: Gate = Arc::new(move |key: &Key| *key == Key::from(asker));
    let endpoint =
        endpoint::bind(SocketAddr::from(([127, 0, 0, 1], 0)), &keys, gate, (false, Law::ByPath)).unwrap().endpoint;
    let (listening, count) = (endpoint.clone(), Arc::new(AtomicUsize::new(0)));
    let coded_asked = count.clone();
    let serving = Tasks::default().spawn("holder", async move {
        while let Some(incoming) = listening.accept().await {
            let Ok(connection) = incoming.await else { continue };
            while let Ok((mut send, mut recv)) = connection.accept_bi().await {
                let request = wire::read_request(&mut recv).await.unwrap();
                let (What::Range { groups, first_group, groups_wanted, .. }
                | What::Coded { groups, first_group, groups_wanted, .. }) = &request.what
                else {
                    continue;
                };
                let size = object.len() as u64;
                let from = usize::try_from((first_group * 16_384).min(size)).unwrap();
                let len = protocol::fetch::groups_bytes(size, *first_group, *groups_wanted);
                let plain = &object[from..from + usize::try_from(len).unwrap()];
                let values = if *groups { Groups::of(&object).0.0.concat() } else { Vec::new() };
                let (object_bytes, count) = (size, u32::try_from(values.len() / 32).unwrap());
                let bytes = u32::try_from(plain.len()).unwrap();
                let (head, body) = if matches!(request.what, What::Coded { .. }) {
                    coded_asked.fetch_add(1, Ordering::Relaxed);
                    let (coding, body) = answer(plain);
                    let coded = u32::try_from(body.len()).unwrap();
                    (Answer::Coded { object_bytes, values: count, bytes, coding, coded }, body)
                } else {
                    (Answer::Range { object_bytes, values: count, bytes }, plain.to_vec())
                };
                wire::write_answer(&mut send, &head).await.unwrap();
                let _ = send.write_all(&values).await;
                let _ = send.write_all(&body).await;
                let _ = send.finish();
            }
        }
    });
    (endpoint, serving, count)
}

/// Whether the object came, whether it failed, alerts, and how often coded bytes were asked for.
async fn answered(
    answer: impl Fn(&[u8]) -> (u8, Vec<u8>) + Send + Sync + 'static,
) -> (bool, Option<Failure>, usize, usize) {
    let b = Site::coding("Clinique Sud", 2).await;
    let object: Bytes = (0..300_000u32).map(|i| (i / 600 % 7).to_le_bytes()[0]).collect();
    let (endpoint, serving, asked) = holder(b.id(), object.clone(), answer);
    let c = Site::new("Menteur", 7).await;
    b.pair_by(&c, endpoint.local_addr().unwrap()).await;
    let study = Uid::parse("1.2.826.76").unwrap();
    let lease = b.lease(&c, &study, protocol::ids::Id128([1; 16]));
    let errand = b.transfer.errand(&c.id(), &study, lease.clone()).unwrap();
    let digest = Digest::of(&object);
    let wanted = errand.want((&digest, 300_000), (0, 300_000), Priority::Screen, &reader()).unwrap();
    eventually("it ended", || wanted.failure().is_some() || errand.has(&digest)).await;
    let has = errand.has(&digest);
    if has {
        let copy = lease.object(&digest, 300_000).await.unwrap();
        assert_eq!(copy.read(0, 300_000).await.unwrap().unwrap(), object, "nothing else was ever kept");
    }
    serving.abort();
    let alerts = b.events(Act::SecurityAlert);
    assert!(alerts.iter().all(|e| e.study.as_ref() == Some(&study) && e.peer == Some(c.id())));
    (has, wanted.failure(), alerts.len(), asked.load(Ordering::Relaxed))
}

fn coded(bytes: &[u8]) -> (u8, Vec<u8>) {
    let layout = Grid::new(300, 1, 16).map(|grid| Layout::at(grid, (0, bytes.len() as u64), 0));
    (PLANES, coding::encode(bytes, layout.as_ref()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_holder_of_coded_bytes_is_believed() {
    assert_eq!(answered(coded).await, (true, None, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_image_well_coded_is_found_and_the_stored_bytes_come() {
    let other = |bytes: &[u8]| {
        let mut other = bytes.to_vec();
        other[200_000] ^= 1;
        coded(&other)
    };
    assert_eq!(answered(other).await, (true, None, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_decoded_is_found_and_the_stored_bytes_come() {
    assert_eq!(answered(|_| (PLANES, vec![9; 1000])).await, (true, None, 1, 1));
    assert_eq!(answered(|_| (PLANES, Vec::new())).await, (true, None, 1, 1));
    let short = |bytes: &[u8]| coded(&bytes[..bytes.len() / 2]);
    assert_eq!(answered(short).await, (true, None, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coding_that_was_not_named_breaks_the_protocol() {
    let (has, failure, ..) = answered(|bytes| (99, coded(bytes).1)).await;
    assert_eq!((has, failure), (false, Some(Failure::Protocol)));
    let (has, failure, ..) = answered(|bytes| (PLANES, vec![1; bytes.len()])).await;
    assert_eq!((has, failure), (false, Some(Failure::Protocol)), "more bytes than there are");
}
