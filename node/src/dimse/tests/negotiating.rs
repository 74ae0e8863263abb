//! What is agreed on beyond contexts: who asks, how much at once, and how keys match.

use super::{
    asking::{FIND, GET, Peer, door, identifier, take_in},
    storing::data_set,
    *,
};
use crate::{
    audit::{Act, Filter},
    dimse::{
        message::{AFFECTED_INSTANCE, C_GET_RQ, C_STORE_RQ, C_STORE_RSP},
        pdu::Identity,
        status::Status,
    },
    trust::Role,
    users::Reach,
};
use dicom_dictionary_std::tags;

const PASSWORD: &str = "Correct-horse-battery-9";

fn identity(kind: u8, name: &str, passcode: &str) -> UserItems {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    let identity = Identity { kind, answer_wanted: true, primary: bytes(name), secondary: bytes(passcode) };
    UserItems { identity: Some(identity), ..negotiate::own_items() }
}

async fn propose(door: &Door, calling: &str, class: &str, user: UserItems) -> (Link, Pdu) {
    let mut link = door.link().await;
    let proposal = Proposal {
        version: 1,
        called: negotiate::title_field(&title("CHNORD")),
        calling: negotiate::title_field(&title(calling)),
        application_context: associate::APPLICATION_CONTEXT.to_owned(),
        contexts: vec![Proposed {
            id: 1,
            abstract_syntax: class.to_owned(),
            transfer_syntaxes: vec![EXPLICIT_LE.to_owned()],
        }],
        user,
    };
    link.write(&Pdu::AssociateRq(proposal)).await.unwrap();
    let answer = link.read(Duration::from_secs(20)).await.unwrap();
    (link, answer)
}

#[tokio::test]
async fn a_user_is_whom_an_account_says_or_nobody() {
    let door = Door::open(8, Patience::default()).await;
    door.parts.users.add_user("durand", Role::Radiologist, PASSWORD, false).await.unwrap();
    let (_link, answer) = propose(&door, "TESTER", VERIFICATION, identity(2, "durand", PASSWORD)).await;
    let Pdu::AssociateAc(accepted) = answer else { panic!("{answer:?}") };
    assert_eq!(accepted.user.identified, Some(Bytes::new()), "the positive response");
    for wrong in [identity(2, "durand", "guess"), identity(2, "nobody", PASSWORD), identity(1, "durand", "")] {
        let (_link, answer) = propose(&door, "TESTER", VERIFICATION, wrong).await;
        assert_eq!(answer, Pdu::AssociateRj(Rejection::IDENTITY));
    }
    // What cannot be checked is not confirmed.
    let (_link, answer) = propose(&door, "TESTER", VERIFICATION, identity(5, "a token", "")).await;
    let Pdu::AssociateAc(accepted) = answer else { panic!("{answer:?}") };
    assert_eq!(accepted.user.identified, None);
    let log = door.parts.audit.page(&Filter { act: Some(Act::SignIn), limit: 10, ..Filter::default() });
    assert_eq!(log.iter().filter(|(_, event)| event.actor.person == "durand").count(), 1, "{log:?}");
    assert_eq!(log.iter().filter(|(_, event)| event.note == "DIMSE user identity").count(), 1, "{log:?}");
}

#[tokio::test]
async fn a_user_at_an_ae_may_what_both_may() {
    let door = door().await;
    door.parts.users.add_user("durand", Role::Radiologist, PASSWORD, false).await.unwrap();
    door.parts.users.add_user("audit", Role::Auditor, PASSWORD, false).await.unwrap();
    let keys = [(tags::QUERY_RETRIEVE_LEVEL, "STUDY"), (tags::STUDY_INSTANCE_UID, "")];
    let (mut peer, _) = Peer::call_with(&door, identity(2, "durand", PASSWORD)).await;
    assert_eq!(peer.find(&keys).await.0.len(), 3);
    let (mut peer, _) = Peer::call_with(&door, identity(2, "audit", PASSWORD)).await;
    assert_eq!(peer.find(&keys).await.1, Status::NOT_AUTHORIZED.code);
    let log = door.parts.audit.page(&Filter { act: Some(Act::StudiesQueried), limit: 10, ..Filter::default() });
    assert!(log.iter().any(|(_, event)| event.actor.person == "durand"), "{log:?}");
}

#[tokio::test]
async fn stores_sent_ahead_are_answered_in_order() {
    const AHEAD: u16 = 12;
    let door = Door::open(8, Patience::default()).await;
    let user = UserItems { operations: Some((AHEAD, 1)), ..negotiate::own_items() };
    let (mut link, answer) = propose(&door, "CT1", CT, user).await;
    let Pdu::AssociateAc(accepted) = answer else { panic!("{answer:?}") };
    assert_eq!(accepted.user.operations, Some((AHEAD, 1)));
    let instance = |n: u16| format!("1.2.7.1.{n}");
    for n in 1..=AHEAD {
        let command = Command::store_request(n, &Uid::parse(CT).unwrap(), &Uid::parse(&instance(n)).unwrap());
        let body = Bytes::from(data_set("1.2.7", &instance(n), 1));
        let command = link::fragments(1, true, command.encode(), 16_000);
        for pdv in command.into_iter().chain(link::fragments(1, false, body, 16_000)) {
            link.write_fragment(pdv).await.unwrap();
        }
    }
    link.flush().await.unwrap();
    for n in 1..=AHEAD {
        let Pdu::Data(all) = link.read(Duration::from_secs(20)).await.unwrap() else { panic!("no data") };
        let answer = Command::decode(all[0].bytes.clone()).unwrap();
        assert_eq!((answer.field(), answer.answered_id(), answer.status()), (Some(C_STORE_RSP), Some(n), Some(0)));
    }
    let study = door.parts.archive.study(&Uid::parse("1.2.7").unwrap()).unwrap().unwrap();
    assert_eq!(study.instances, u32::from(AHEAD));
}

fn extended(find: &'static [u8], get: &'static [u8]) -> UserItems {
    let extended = vec![(FIND.to_owned(), Bytes::from_static(find)), (GET.to_owned(), Bytes::from_static(get))];
    UserItems { extended, ..negotiate::own_items() }
}

#[tokio::test]
async fn relational_questions_need_no_keys_above_their_level() {
    let door = door().await;
    let (series, images) = (tags::SERIES_INSTANCE_UID, tags::SOP_INSTANCE_UID);
    let at = |level| (tags::QUERY_RETRIEVE_LEVEL, level);
    let wanted = [at("IMAGE"), (images, "1.2.2.1.1"), (series, ""), (tags::STUDY_INSTANCE_UID, "")];

    let mut strict = Peer::call(&door).await;
    assert_eq!(strict.find(&wanted).await.1, Status::BAD_IDENTIFIER.code, "not agreed on");
    strict.say(3, &Command::question(C_GET_RQ, 9, GET), Some(identifier(&wanted[..2]))).await;
    assert_eq!(strict.hear().await.0.status(), Some(Status::BAD_IDENTIFIER.code));

    let (mut peer, accepted) = Peer::call_with(&door, extended(&[1, 0, 0], &[1])).await;
    assert_eq!(accepted.user.extended.iter().map(|(_, bytes)| bytes[0]).collect::<Vec<_>>(), [1, 1]);
    let (found, status) = peer.find(&wanted).await;
    assert_eq!((found.len(), status), (1, 0));
    assert_eq!(found[0].text(tags::STUDY_INSTANCE_UID).as_deref(), Some("1.2.2"));
    let its_series = found[0].text(series).unwrap();
    let of_series = [at("SERIES"), (series, its_series.as_str()), (tags::STUDY_INSTANCE_UID, "")];
    let (found, _) = peer.find(&of_series).await;
    assert!(found.iter().any(|row| row.text(tags::STUDY_INSTANCE_UID).as_deref() == Some("1.2.2")), "{found:?}");
    assert_eq!(peer.find(&[at("SERIES"), (series, "1.2.99")]).await.0.len(), 0);
    assert!(peer.find(&[at("SERIES"), (series, ""), (tags::PATIENT_ID, "ID12")]).await.0.len() >= 3);

    peer.say(3, &Command::question(C_GET_RQ, 9, GET), Some(identifier(&wanted[..2]))).await;
    let (store, _) = peer.hear().await;
    assert_eq!((store.field(), store.uid(AFFECTED_INSTANCE)), (Some(C_STORE_RQ), Uid::parse("1.2.2.1.1").ok()));
    peer.say(5, &Command::answer(&store, Status::SUCCESS), None).await;
    let (last, _) = peer.hear().await;
    assert_eq!((last.status(), last.number(0x1021)), (Some(0), Some(1)), "one and no other");
}

#[tokio::test]
async fn names_match_fuzzily_only_where_agreed_on() {
    let door = Door::open(8, Patience::default()).await;
    door.knows("VIEWER", AeRights { query: Reach::Own, ..AeRights::SCANNER }).await;
    take_in(&door, data_set("1.2.1", "1.2.1.1.1", 1), "1.2.1.1.1").await;
    // The name is TEST^A….
    let keys = [(tags::QUERY_RETRIEVE_LEVEL, "STUDY"), (tags::PATIENT_NAME, "a tes")];
    assert_eq!(Peer::call(&door).await.find(&keys).await.0.len(), 0);
    let (mut peer, _) = Peer::call_with(&door, extended(&[0, 0, 1], &[0])).await;
    assert_eq!(peer.find(&keys).await.0.len(), 1);
}
