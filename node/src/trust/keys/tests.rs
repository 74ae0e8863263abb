use super::*;
use crate::{
    identity::Identity,
    trust::tests::{Site, agree, facts, radiologist, two_peers},
    trust::{Caller, Given, Held, Terms},
};
use protocol::{
    SiteKey,
    agreement::{Level, Preset},
    catalog::Basis,
    message::SiteRecord,
};

fn record() -> SiteRecord {
    SiteRecord { name: "CH Nord".to_owned(), overlay: Vec::new(), pixels: Vec::new(), issued: Timestamp(1) }
}

async fn agreed(a: &Site, b: &Site) -> Basis {
    Basis::Agreement(agree(a, b, Preset::All, &Terms::default()).await)
}

/// The site of a seed with a new key, made by somebody who has the one before.
fn next(of: &SiteKey, seed: u8, void_from: Option<Timestamp>) -> SiteKey {
    of.succeed(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]), tasks::now(), void_from).unwrap()
}

fn key(seed: u8) -> SiteKey {
    Identity::from_seed(&[seed; 32]).key()
}

#[tokio::test]
async fn a_peers_next_key_takes_the_place_of_the_one_before_and_what_was_agreed_goes_on() {
    let (a, b) = two_peers().await;
    let basis = agreed(&a, &b).await;
    let (old, new) = (key(1), next(&key(1), 11, None));
    assert_eq!(b.trust.hear_keys(old.keys()).await.unwrap(), Heard::Known);
    assert_eq!(b.trust.hear_keys(new.keys()).await.unwrap(), Heard::Changed);
    assert_eq!(b.trust.hear_keys(new.keys()).await.unwrap(), Heard::Known);
    assert_eq!(b.trust.hear_keys(old.keys()).await.unwrap(), Heard::Old);
    let (was, is) = (old.keys().current(), new.keys().current());
    assert_eq!((b.trust.peer_with(&was), b.trust.peer_with(&is)), (None, Some(a.site())));
    assert_eq!(b.trust.peer_formerly_with(&was), Some(a.site()));
    assert!(b.trust.in_force(&a.site(), &basis));
    // At the site itself the same.
    a.trust.succeed(new.keys().clone()).await.unwrap();
    assert!(a.trust.succeed(next(&old, 12, None).keys().clone()).await.is_err(), "one line");
    let b = b.again(2).await;
    assert_eq!(b.trust.key_of(&a.site()), is, "it is recorded");
    assert!(b.trust.in_force(&a.site(), &basis));
}

#[tokio::test]
async fn what_the_key_before_signs_later_is_not_believed() {
    let (a, b) = two_peers().await;
    let (old, new) = (key(1), next(&key(1), 11, None));
    let sealed = Signed::seal(&old, &record());
    let (before, after) = (tasks::now().before(Duration::from_secs(60)), tasks::now().after(SETTLES * 2));
    assert_eq!(b.trust.vouch(&a.site(), &sealed, after), Ok(()));
    b.trust.hear_keys(new.keys()).await.unwrap();
    assert_eq!(b.trust.vouch(&a.site(), &sealed, before), Ok(()));
    assert_eq!(b.trust.vouch(&a.site(), &sealed, after), Err(Refusal::Malformed));
    assert_eq!(b.trust.vouch(&a.site(), &Signed::seal(&new, &record()), after), Ok(()));
    assert!(b.trust.vouch(&a.site(), &Signed::seal(&key(9), &record()), before).is_err(), "another site's");
}

#[tokio::test]
async fn grants_of_a_key_that_may_be_in_other_hands_are_void_from_then_on() {
    let (a, b) = two_peers().await;
    agreed(&a, &b).await;
    let study = facts("1.2.3", "CT");
    let early = a.trust.share(&study.study, &b.site(), &Given::hours(2)).await.unwrap();
    b.trust.receive_grant(&a.site(), early.clone()).await.unwrap();
    let held = |trust: &Trust, signed: &Signed<protocol::grant::Grant>| {
        trust.state().grants.contains_key(&signed.open(&a.site()).unwrap().id)
    };
    // Stolen an hour ago: what was given since is void, at both sites.
    let new = next(&key(1), 11, Some(tasks::now().before(Duration::from_secs(3600))));
    b.trust.hear_keys(new.keys()).await.unwrap();
    assert!(!held(&b.trust, &early));
    assert!(b.trust.receive_grant(&a.site(), early.clone()).await.is_err(), "nor does it come again");
    assert!(held(&a.trust, &early));
    a.trust.succeed(new.keys().clone()).await.unwrap();
    assert!(!held(&a.trust, &early));
}

#[tokio::test]
async fn a_change_in_good_order_leaves_grants_and_permits() {
    let (a, b) = two_peers().await;
    let basis = agreed(&a, &b).await;
    let study = facts("1.2.3", "CT");
    let permit = b
        .trust
        .authorize(Caller::Person(&radiologist()), &study, Held::ByPeer(&a.site(), &basis), Level::Objects)
        .unwrap();
    b.trust.hear_keys(next(&key(1), 11, None).keys()).await.unwrap();
    assert_eq!(permit.allows(&study.study, Level::Objects), Ok(()));
}

#[tokio::test]
async fn of_two_successors_neither_is_believed_until_the_sites_are_paired_again() {
    let (a, b) = two_peers().await;
    let basis = agreed(&a, &b).await;
    let (ours, thiefs) = (next(&key(1), 11, None), next(&key(1), 66, None));
    assert_eq!(b.trust.hear_keys(thiefs.keys()).await.unwrap(), Heard::Changed);
    let study = facts("1.2.3", "CT");
    let permit = b
        .trust
        .authorize(Caller::Person(&radiologist()), &study, Held::ByPeer(&a.site(), &basis), Level::Objects)
        .unwrap();
    assert_eq!(b.trust.hear_keys(ours.keys()).await.unwrap(), Heard::Conflict);
    assert!(permit.allows(&study.study, Level::Objects).is_err(), "what runs is cut");
    for key in [&ours, &thiefs, &key(1)] {
        assert_eq!(b.trust.peer_with(&key.keys().current()), None);
        assert_ne!(b.trust.hear_keys(key.keys()).await.unwrap(), Heard::Changed);
    }
    assert!(b.trust.peer(&a.site()).is_none() && !b.trust.in_force(&a.site(), &basis));
    let b = b.again(2).await;
    assert!(b.trust.is_in_conflict(&a.site()), "it is recorded");
    // Two people spoke on the telephone: this is the site.
    let peer = Peer {
        site: a.site(),
        name: "CH Nord".to_owned(),
        record: Signed::seal(&ours, &record()),
        paired: tasks::now(),
        revoked: None,
    };
    b.trust.add_peer(peer).await.unwrap();
    assert_eq!(b.trust.peer_with(&ours.keys().current()), Some(a.site()));
    assert!(b.trust.in_force(&a.site(), &basis), "what was agreed goes on");
    let b = b.again(2).await;
    assert!(b.trust.in_force(&a.site(), &basis));
}

#[tokio::test]
async fn a_key_of_before_does_not_pair_again() {
    let (a, b) = two_peers().await;
    let new = next(&key(1), 11, None);
    b.trust.hear_keys(new.keys()).await.unwrap();
    let peer = |by: &SiteKey| Peer {
        site: a.site(),
        name: "CH Nord".to_owned(),
        record: Signed::seal(by, &record()),
        paired: tasks::now(),
        revoked: None,
    };
    assert!(b.trust.add_peer(peer(&key(1))).await.is_err());
    b.trust.add_peer(peer(&new)).await.unwrap();
    assert_eq!(b.trust.key_of(&a.site()), new.keys().current());
}

#[tokio::test]
async fn a_peer_that_shows_another_successor_of_ours_is_believed_by_our_own_signature() {
    let (a, _b) = two_peers().await;
    let (ours, thiefs) = (next(&key(1), 11, None), next(&key(1), 66, None));
    a.trust.succeed(ours.keys().clone()).await.unwrap();
    assert_eq!(a.trust.hear_keys(key(1).keys()).await.unwrap(), Heard::Old);
    assert_eq!(a.trust.hear_keys(thiefs.keys()).await.unwrap(), Heard::Conflict);
    assert!(a.trust.keys_of(&a.site()).conflict.is_some());
}

#[tokio::test]
async fn what_a_stranger_shows_stops_nobody_once_a_change_is_settled() {
    let (a, b) = two_peers().await;
    let (ours, thiefs) = (next(&key(1), 11, None), next(&key(1), 66, None));
    // Two people said with the pairing whose key this is.
    let peer = Peer {
        site: a.site(),
        name: "CH Nord".to_owned(),
        record: Signed::seal(&ours, &record()),
        paired: tasks::now(),
        revoked: None,
    };
    b.trust.add_peer(peer).await.unwrap();
    assert_eq!(b.trust.hear_knock(thiefs.keys()).await.unwrap(), Heard::Settled);
    assert_eq!(b.trust.hear_knock(key(1).keys()).await.unwrap(), Heard::Old);
    assert!(b.trust.peer(&a.site()).is_some(), "an old disk stops nobody");
    // A change that was only just heard of may have been the thief's.
    let newer = next(&ours, 12, None);
    assert_eq!(b.trust.hear_knock(newer.keys()).await.unwrap(), Heard::Changed);
    assert_eq!(b.trust.hear_knock(thiefs.keys()).await.unwrap(), Heard::Settled, "it parts before that change");
    let b = b.again(2).await;
    assert_eq!(b.trust.hear_knock(next(&ours, 67, None).keys()).await.unwrap(), Heard::Conflict);
    assert!(b.trust.peer(&a.site()).is_none());
    assert_eq!(b.trust.keys_of(&a.site()).rival.unwrap().current(), next(&ours, 67, None).keys().current());
    // Where the site is met at its own address, a settled change is none the less a fork.
    let (a, b) = two_peers().await;
    b.trust.hear_keys(ours.keys()).await.unwrap();
    assert_eq!(b.trust.hear_keys(thiefs.keys()).await.unwrap(), Heard::Conflict);
    assert!(b.trust.peer(&a.site()).is_none());
}

#[test]
fn a_change_is_settled_when_its_notice_has_stood() {
    let (ours, thiefs) = (next(&key(1), 11, None), next(&key(1), 66, None));
    let heard = Timestamp(1_000_000);
    let known = Known { keys: ours.keys().clone(), heard: Some(heard), conflict: None, rival: None, settled: 0 };
    assert!(!known.is_settled(thiefs.keys(), heard));
    assert!(!known.is_settled(thiefs.keys(), heard.after(SETTLED_AFTER - Duration::from_millis(1))));
    assert!(known.is_settled(thiefs.keys(), heard.after(SETTLED_AFTER)));
}

#[tokio::test]
async fn our_next_key_is_the_answer_to_another_successor_of_ours() {
    let (a, _b) = two_peers().await;
    let thiefs = next(&key(1), 66, None);
    assert_eq!(a.trust.hear_keys(thiefs.keys()).await.unwrap(), Heard::Conflict, "we made no such key");
    assert!(a.trust.is_in_conflict(&a.site()));
    let a = a.again(1).await;
    assert_eq!(a.trust.keys_of(&a.site()).rival.as_ref(), Some(thiefs.keys()));
    a.trust.succeed(next(&key(1), 11, Some(tasks::now())).keys().clone()).await.unwrap();
    assert!(!a.trust.is_in_conflict(&a.site()), "whoever does not take it says so again");
    assert_eq!(a.trust.hear_keys(thiefs.keys()).await.unwrap(), Heard::Conflict);
    assert!(a.trust.is_in_conflict(&a.site()));
}
