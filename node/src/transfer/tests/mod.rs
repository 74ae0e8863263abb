//! Stories of the pixel plane: two sites over loopback, and a holder that lies.

mod address;
mod ahead;
mod coded;
mod given;
mod holders;
mod repair;
mod roads;
pub(crate) mod world;

use super::*;
use crate::audit::{Act, Outcome};
use protocol::{Digest, Key, congestion::Law, digest::Groups, manifest::InstanceEntry};
use std::{net::SocketAddr, time::Instant};
use world::{Road, Site, bytes_of, eventually, reader};

async fn pair_of_sites() -> (Site, Site, protocol::ids::Id128) {
    let (a, b) = (Site::new("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
    a.pair(&b).await;
    let agreement = a.agree(&b).await;
    (a, b, agreement)
}

fn entries(manifest: &Manifest) -> Vec<InstanceEntry> {
    manifest.series.iter().flat_map(|s| s.instances.clone()).collect()
}

fn want_all(errand: &Errand, entries: &[InstanceEntry], priority: Priority) -> Vec<Arc<Object>> {
    entries.iter().map(|e| errand.want((&e.digest, e.bytes), (0, e.bytes), priority, &reader()).unwrap()).collect()
}

async fn stop(site: Site) -> tempfile::TempDir {
    site.archive.close().await.unwrap();
    assert_eq!(site.tasks.stop(Duration::from_secs(10)).await, Vec::<&str>::new(), "tasks that did not stop");
    site.dir
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_study_arrives_equal_and_is_written_down() {
    let (a, b, agreement) = pair_of_sites().await;
    let card = a.store("1.2.826.1", 40, 300_000).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let series = &manifest.series[0];
    let named = card.manifest.unwrap().digest;
    let (_, headers) = b.transfer.headers(&a.id(), (&card.study, &named), series, &reader()).await.unwrap();
    assert_eq!(headers.len(), 40);
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &entries(&manifest), Priority::Series);
    eventually("all objects here", || errand.tally().objects == 40).await;
    for entry in entries(&manifest) {
        let bytes = bytes_of(&lease, &entry).await.unwrap();
        assert_eq!(Digest::of(&bytes), entry.digest);
    }
    assert_eq!(errand.tally().bytes, manifest.bytes());
    let served = a.events(Act::StudyServed);
    assert_eq!(served.len(), 1, "one event for one reading: {served:?}");
    assert_eq!((served[0].peer, &served[0].actor.person), (Some(b.id()), &"durand".to_owned()));
    drop((errand, lease));
    stop(a).await;
    stop(b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_objects_travel_in_ranges() {
    let (a, b, agreement) = pair_of_sites().await;
    let card = a.store("1.2.826.2", 1, 20_000_001).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let entry = entries(&manifest).remove(0);
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    // The last bytes first, as a viewer that jumps would.
    errand.want((&entry.digest, entry.bytes), (entry.bytes - 10, 10), Priority::Screen, &reader()).unwrap();
    let copy = lease.object(&entry.digest, entry.bytes).await.unwrap();
    eventually("the end is here", || copy.missing((entry.bytes - 1) / 65_536).is_none()).await;
    assert!(!copy.is_complete());
    want_all(&errand, std::slice::from_ref(&entry), Priority::Series);
    eventually("all is here", || copy.is_complete()).await;
    assert_eq!(Digest::of(&bytes_of(&lease, &entry).await.unwrap()), entry.digest);
    assert_eq!(errand.tally().fetched, entry.bytes, "no byte came twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_nothing_and_is_written_down() {
    let (a, c) = (Site::new("CH Nord", 1).await, Site::new("Inconnu", 3).await);
    // The stranger knows us; we do not know the stranger.
    c.pair_by(&a, a.address()).await;
    let card = a.store("1.2.826.3", 1, 1000).await;
    assert!(c.transfer.manifest(&a.id(), &card, &reader()).await.is_err());
    eventually("the knock is written down", || !a.events(Act::SecurityAlert).is_empty()).await;
    assert_eq!(a.events(Act::SecurityAlert)[0].peer, Some(c.id()));
    assert!(a.events(Act::StudyServed).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_agreement_is_refused() {
    let (a, b) = (Site::new("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
    a.pair(&b).await;
    let card = a.store("1.2.826.4", 1, 1000).await;
    let refused = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap_err();
    assert!(matches!(refused, TransferError::Refused(Refusal::NotPermitted)), "{refused:?}");
    let written = a.events(Act::StudyServed);
    assert!(written.iter().all(|e| e.outcome == Outcome::Refused(Refusal::NotPermitted)) && written.len() == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_changed_on_the_holders_disk_are_refused_by_the_holder() {
    let (a, b, agreement) = pair_of_sites().await;
    let card = a.store("1.2.826.5", 2, 100_000).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let all = entries(&manifest);
    let file = a.file_of(&all[0].digest);
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 5_000;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    let objects = want_all(&errand, &all, Priority::Series);
    eventually("the sound one is here", || errand.has(&all[1].digest)).await;
    eventually("the other is refused", || objects[0].failure() == Some(Failure::Refused(Refusal::Corrupt))).await;
    assert!(bytes_of(&lease, &all[0]).await.is_none());
    eventually("both write it down", || {
        !a.events(Act::SecurityAlert).is_empty() && !b.events(Act::SecurityAlert).is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_a_peer_stops_its_transfers_within_a_second() {
    let (a, b, agreement) = pair_of_sites().await;
    let card = a.store("1.2.826.6", 60, 1_500_000).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &entries(&manifest), Priority::Series);
    eventually("it flows", || errand.tally().objects > 2).await;
    let revoked = Instant::now();
    a.trust.revoke_peer(&b.id()).await.unwrap();
    eventually("the connection is closed", || !b.transfer.is_connected(&a.id())).await;
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    assert!(errand.tally().objects < 60, "the transfer was cut");
    assert!(b.transfer.manifest(&a.id(), &card, &reader()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_agreement_stops_a_running_transfer_within_a_second() {
    let (a, b, agreement) = pair_of_sites().await;
    let card = a.store("1.2.826.7", 60, 1_500_000).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &entries(&manifest), Priority::Series);
    eventually("it flows", || errand.tally().objects > 2).await;
    let ended = Instant::now();
    a.trust.end(&agreement, &a.id()).await.unwrap();
    eventually("the errand ended", || errand.ended.is_cancelled()).await;
    assert!(ended.elapsed() < Duration::from_secs(1), "{:?}", ended.elapsed());
    assert_eq!(errand.tally().failure, Some(Failure::Refused(Refusal::NotPermitted)));
    assert!(errand.tally().objects < 60);
    assert!(b.transfer.is_connected(&a.id()), "the sites stay paired");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_only_missing_chunks_are_asked_for() {
    let (a, b) = (Site::new("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
    let road = Road::to(a.address(), &a.tasks).await;
    a.pair_by(&b, SocketAddr::from(([127, 0, 0, 1], 9))).await;
    b.pair_by(&a, road.address).await;
    let agreement = a.agree(&b).await;
    let card = a.store("1.2.826.8", 30, 700_000).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &entries(&manifest), Priority::Series);
    eventually("some of it is here", || errand.tally().fetched > 3_000_000).await;
    road.is_open.store(false, std::sync::atomic::Ordering::Relaxed);
    // The pumps' tasks go with their site: as far as the lease knows, a crash.
    let address = b.address();
    let dir = stop(b).await;
    let first = errand.tally().fetched;
    assert!(first < manifest.bytes(), "cut in the middle");
    drop((errand, lease));
    road.is_open.store(true, std::sync::atomic::Ordering::Relaxed);
    let b = Site::at("Clinique Sud", 2, dir, address).await;
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &entries(&manifest), Priority::Series);
    eventually("all is here", || errand.tally().objects == 30).await;
    let total = first + errand.tally().fetched;
    // Chunks that were being written when the site stopped may come twice, or be here uncounted: one for each stream.
    assert!(total.abs_diff(manifest.bytes()) <= 32 * 65_536, "{total} of {}", manifest.bytes());
    for entry in entries(&manifest) {
        assert_eq!(Digest::of(&bytes_of(&lease, &entry).await.unwrap()), entry.digest);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_holder_is_unreachable_at_once_and_met_again_when_it_returns() {
    let (a, b) = (Site::new("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
    let road = Road::to(a.address(), &b.tasks).await;
    a.pair_by(&b, b.address()).await;
    b.pair_by(&a, road.address).await;
    let agreement = a.agree(&b).await;
    // Whoever dials, B's way to A leads over the road: A's own dial is told a closed port.
    let card = a.store("1.2.826.9", 20, 700_000).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let lease = b.lease(&a, &card.study, agreement);
    let dir_a = {
        let address = a.address();
        let dir = stop(a).await;
        eventually("B sees it go", || !b.transfer.is_connected(&Identity::from_seed(&[1; 32]).site())).await;
        (dir, address)
    };
    let holder = Identity::from_seed(&[1; 32]).site();
    let errand = b.transfer.errand(&holder, &card.study, lease.clone()).unwrap();
    want_all(&errand, &entries(&manifest), Priority::Screen);
    let asked = Instant::now();
    assert!(matches!(b.transfer.reach(&holder, Duration::from_millis(700)).await, Err(TransferError::Unreachable)));
    assert!(asked.elapsed() < Duration::from_secs(1));
    assert_eq!(errand.tally().objects, 0);
    let a = Site::at("CH Nord", 1, dir_a.0, dir_a.1).await;
    eventually("it goes on by itself", || errand.tally().objects == 20).await;
    drop((errand, lease));
    drop(a);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_road_is_found_and_the_transfer_goes_on_when_it_opens() {
    let (a, b) = (Site::new("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
    let road = Road::to(a.address(), &b.tasks).await;
    // Only B can dial: A is told a port where nobody listens.
    a.pair_by(&b, SocketAddr::from(([127, 0, 0, 1], 9))).await;
    b.pair_by(&a, road.address).await;
    let agreement = a.agree(&b).await;
    let card = a.store("1.2.826.10", 60, 1_000_000).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &entries(&manifest), Priority::Series);
    eventually("it flows", || errand.tally().objects > 2).await;
    road.is_open.store(false, std::sync::atomic::Ordering::Relaxed);
    eventually("the silence is noticed", || b.transfer.is_down(&a.id())).await;
    assert!(errand.tally().objects < 60);
    let opened = Instant::now();
    let before = errand.tally().fetched;
    road.is_open.store(true, std::sync::atomic::Ordering::Relaxed);
    eventually("bytes come again", || errand.tally().fetched > before).await;
    assert!(opened.elapsed() < Duration::from_secs(3), "{:?}", opened.elapsed());
    eventually("all is here", || errand.tally().objects == 60).await;
    assert!(errand.tally().fetched <= manifest.bytes() + 64 * 65_536);
}

/// A holder that speaks the protocol and lies about bytes: a test's own peer.
fn lying_holder(
    seed: u8,
    asker: SiteId,
    object: Bytes,
    lie: impl Fn(&mut Vec<u8>, &mut Vec<u8>) + Send + Sync + 'static,
) -> (Endpoint, tokio::task::JoinHandle<()>) {
    let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let keys = Keys::new(&key).unwrap();
    let gate: Gate = Arc::new(move |key: &Key| *key == Key::from(asker));
    let endpoint =
        endpoint::bind(SocketAddr::from(([127, 0, 0, 1], 0)), &keys, gate, (false, Law::ByPath)).unwrap().endpoint;
    let listening = endpoint.clone();
    let lie = Arc::new(lie);
    let serving = Tasks::default().spawn("liar", async move {
        while let Some(incoming) = listening.accept().await {
            let Ok(connection) = incoming.await else { continue };
            while let Ok((mut send, mut recv)) = connection.accept_bi().await {
                let request = wire::read_request(&mut recv).await.unwrap();
                let (What::Range { groups, first_group, groups_wanted, .. }
                | What::Lent { groups, first_group, groups_wanted, .. }
                | What::Return { groups, first_group, groups_wanted, .. }) = request.what
                else {
                    continue;
                };
                let size = object.len() as u64;
                let from = usize::try_from((first_group * 16_384).min(size)).unwrap();
                let len = protocol::fetch::groups_bytes(size, first_group, groups_wanted);
                let mut bytes = object[from..from + usize::try_from(len).unwrap()].to_vec();
                let mut values = if groups { Groups::of(&object).0.0.concat() } else { Vec::new() };
                lie(&mut values, &mut bytes);
                let answer = protocol::fetch::Answer::Range {
                    object_bytes: size,
                    values: u32::try_from(values.len() / 32).unwrap(),
                    bytes: u32::try_from(bytes.len()).unwrap(),
                };
                wire::write_answer(&mut send, &answer).await.unwrap();
                let _ = send.write_all(&values).await;
                let _ = send.write_all(&bytes).await;
                let _ = send.finish();
            }
        }
    });
    (endpoint, serving)
}

async fn told_a_lie(lie: impl Fn(&mut Vec<u8>, &mut Vec<u8>) + Send + Sync + 'static) -> (u64, Option<Failure>, usize) {
    let b = Site::new("Clinique Sud", 2).await;
    let object: Bytes = (0..300_000u32).map(|i| i.to_le_bytes()[1] ^ i.to_le_bytes()[0]).collect();
    let (liar, serving) = lying_holder(7, b.id(), object.clone(), lie);
    let c = Site::new("Menteur", 7).await;
    b.pair_by(&c, liar.local_addr().unwrap()).await;
    let study = Uid::parse("1.2.826.66").unwrap();
    let lease = b.lease(&c, &study, protocol::ids::Id128([1; 16]));
    let errand = b.transfer.errand(&c.id(), &study, lease.clone()).unwrap();
    let digest = Digest::of(&object);
    let wanted = errand.want((&digest, 300_000), (0, 300_000), Priority::Screen, &reader()).unwrap();
    eventually("it ended", || wanted.failure().is_some() || errand.has(&digest)).await;
    let copy = lease.object(&digest, 300_000).await.unwrap();
    eventually("the alert is written", || {
        wanted.failure() != Some(Failure::Corrupt) || !b.events(Act::SecurityAlert).is_empty()
    })
    .await;
    serving.abort();
    let here = copy.missing(0).map_or(300_000, |(first, _)| first * 65_536);
    let alerts = b.events(Act::SecurityAlert);
    assert!(alerts.iter().all(|e| e.study.as_ref() == Some(&study) && e.peer == Some(c.id())));
    (here, wanted.failure(), alerts.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_holder_is_believed() {
    assert_eq!(told_a_lie(|_, _| {}).await, (300_000, None, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_on_the_way_is_found_named_and_not_kept() {
    let flipped = told_a_lie(|_, bytes| bytes[150_000] ^= 4).await;
    assert_eq!(flipped, (2 * 65_536, Some(Failure::Corrupt), 1), "the chunks before it are sound and stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lie_about_the_groups_is_found_before_any_byte_is_used() {
    let forged = told_a_lie(|values, _| {
        if let Some(byte) = values.get_mut(40) {
            *byte ^= 1;
        }
    })
    .await;
    assert_eq!(forged, (0, Some(Failure::Corrupt), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_sends_less_than_was_signed_is_found() {
    let short = told_a_lie(|_, bytes| bytes.truncate(100_000)).await;
    assert_eq!(short, (0, Some(Failure::Corrupt), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_reader_waits_for_comes_before_what_was_asked_earlier() {
    let (a, b, agreement) = pair_of_sites().await;
    let card = a.store("1.2.826.11", 120, 600_000).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let all = entries(&manifest);
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &all, Priority::Prefetch);
    want_all(&errand, &all[119..], Priority::Screen);
    eventually("the image is here", || errand.has(&all[119].digest)).await;
    let others = errand.tally().objects;
    assert!(others < 60, "{others} others came first");
}
