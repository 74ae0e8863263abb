//! Bytes given back to the site that signed them.

use super::{world::Site, *};
use crate::archive::cache::{Lease, chunks_of};

async fn copied(b: &Site, lease: &Lease, object: &[u8]) -> Digest {
    let digest = Digest::of(object);
    let copy = lease.object(&digest, object.len() as u64).await.unwrap();
    copy.write(0, chunks_of(object)).await.unwrap();
    assert!(copy.is_complete() && b.cache.bytes() > 0);
    digest
}

async fn recover(site: &Site, peer: SiteId, right: Right, lost: Lost) -> Result<Vec<u8>, TransferError> {
    let mut recovery = Recovery::new(peer, right, lost);
    let mut bytes = Vec::new();
    while let Some(piece) = site.transfer.recover(&mut recovery).await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn pattern(bytes: u32) -> Vec<u8> {
    (0..bytes).map(|i| i.to_le_bytes()[1] ^ i.to_le_bytes()[0]).collect()
}

/// The pairing is enough for the owner; nobody else is given anything.
#[tokio::test(flavor = "multi_thread")]
async fn the_owner_has_its_own_bytes_back_without_an_agreement_and_nobody_else() {
    let (a, b, c) = (Site::new("CH Nord", 1).await, Site::new("CHU Sud", 2).await, Site::new("Clinique", 3).await);
    a.pair(&b).await;
    c.pair(&b).await;
    let study = Uid::parse("1.2.826.80").unwrap();
    let lease = b.lease(&a, &study, protocol::ids::Id128([1; 16]));
    for size in [1, 16_384, 65_537, 3_000_001] {
        let object = pattern(size);
        let digest = copied(&b, &lease, &object).await;
        let lost = Lost { study: study.clone(), digest, bytes: object.len() as u64 };
        assert!(recover(&a, b.id(), Right::Owner, lost.clone()).await.unwrap() == object);
        let other = recover(&c, b.id(), Right::Owner, lost.clone()).await.unwrap_err();
        assert!(matches!(other, TransferError::Refused(Refusal::NotHeld)), "{other:?}");
        let unagreed = recover(&a, b.id(), Right::Agreement, lost).await.unwrap_err();
        assert!(matches!(unagreed, TransferError::Refused(Refusal::NotPermitted)), "{unagreed:?}");
    }
    let told = b.events(Act::ObjectReturned);
    assert_eq!(told.len(), 1, "one event for one study: {told:?}");
    assert_eq!((told[0].peer, told[0].actor.role.as_str()), (Some(a.id()), "repair"));
    // What is copied in part is not given, and what was erased is gone.
    let partial = lease.object(&Digest([5; 32]), 200_000).await.unwrap();
    partial.write(0, chunks_of(&[0; 65_536])).await.unwrap();
    let lost = |digest, bytes| Lost { study: study.clone(), digest, bytes };
    assert!(recover(&a, b.id(), Right::Owner, lost(Digest([5; 32]), 200_000)).await.is_err());
    let object = pattern(65_537);
    b.cache.end_study(&a.id(), &study, protocol::copies::Why::Withdrawn).unwrap();
    let gone = recover(&a, b.id(), Right::Owner, lost(Digest::of(&object), 65_537)).await.unwrap_err();
    assert!(matches!(gone, TransferError::Refused(Refusal::NotHeld)), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_gives_back_other_bytes_is_found_out_and_named() {
    let a = Site::new("CH Nord", 1).await;
    for (size, n) in [(10_000u32, 7u8), (300_000, 8)] {
        let object: Bytes = pattern(size).into();
        let (liar, serving) = lying_holder(n, a.id(), object.clone(), |_, bytes| bytes[5_000] ^= 1);
        let c = Site::new("Menteur", n).await;
        a.pair_by(&c, liar.local_addr().unwrap()).await;
        let study = Uid::parse("1.2.826.81").unwrap();
        let lost = Lost { study, digest: Digest::of(&object), bytes: object.len() as u64 };
        let fault = recover(&a, c.id(), Right::Owner, lost).await.unwrap_err();
        assert!(matches!(fault, TransferError::Corrupt), "{fault:?}");
        let alerts = a.events(Act::SecurityAlert);
        assert!(alerts.iter().any(|event| event.peer == Some(c.id())), "{alerts:?}");
        serving.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_gone_is_not_waited_for() {
    let (a, b) = (Site::new("CH Nord", 1).await, Site::new("CHU Sud", 2).await);
    a.pair_by(&b, b.address()).await;
    let lost = Lost { study: Uid::parse("1.2.826.82").unwrap(), digest: Digest([1; 32]), bytes: 10 };
    stop(b).await;
    let peer = a.trust.peers()[0].site;
    let fault = recover(&a, peer, Right::Owner, lost).await.unwrap_err();
    assert!(matches!(fault, TransferError::Unreachable), "{fault:?}");
    assert!(a.events(Act::SecurityAlert).is_empty());
}
