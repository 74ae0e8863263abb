//! What an admin lets an AE do, and takes away.

use super::{
    asking::{GET, Peer, door, identifier},
    storing::data_set,
    *,
};
use crate::{
    audit::{Act, Filter},
    dimse::{
        message::{AFFECTED_INSTANCE, C_GET_RQ, C_STORE_RQ, C_STORE_RSP},
        status::Status,
    },
    users::Reach,
};
use dicom_dictionary_std::tags;

async fn refused(door: &Door, pairs: &[(&str, &str)]) -> Option<Rejection> {
    match door.associate(pairs).await {
        Err(association::RequestError::Rejected(rejection)) => Some(rejection),
        _ => None,
    }
}

/// Asks for one operation and gives its status.
async fn asked(door: &Door, class: &str, command: &Command, data: Option<Bytes>) -> u16 {
    let mut association = door.associate(&[(class, EXPLICIT_LE)]).await.unwrap();
    match data {
        Some(data) => association.send_with(1, command, data).await.unwrap(),
        None => association.send(1, command).await.unwrap(),
    }
    let Incoming::Command(_, answer) = association.next().await.unwrap() else { panic!("a release") };
    answer.status().unwrap()
}

#[tokio::test]
async fn an_ae_without_any_right_is_not_associated_with_and_a_count_of_it_is_kept() {
    let door = Door::open(8, Patience::default()).await;
    assert_eq!(refused(&door, &[(VERIFICATION, IMPLICIT_LE)]).await, None, "unknown, from this machine");
    door.knows("TESTER", AeRights::NONE).await;
    for _ in 0..20 {
        let rejection = refused(&door, &[(VERIFICATION, IMPLICIT_LE)]).await;
        assert_eq!(rejection, Some(Rejection::CALLING_TITLE));
    }
    door.knows("TESTER", AeRights { destination: true, ..AeRights::NONE }).await;
    assert_eq!(refused(&door, &[(VERIFICATION, IMPLICIT_LE)]).await, Some(Rejection::CALLING_TITLE));
    let log = door.parts.audit.page(&Filter { act: Some(Act::SignIn), limit: 100, ..Filter::default() });
    assert_eq!(log.len(), 1, "{log:?}");
    door.knows("TESTER", AeRights { echo: true, ..AeRights::NONE }).await;
    assert_eq!(refused(&door, &[(VERIFICATION, IMPLICIT_LE)]).await, None);
}

#[tokio::test]
async fn each_right_opens_its_operation_and_no_other() {
    let door = Door::open(8, Patience::default()).await;
    let echo = Command::echo_request(3, VERIFICATION);
    let (class, instance) = (Uid::parse(CT).unwrap(), Uid::parse("1.2.4.1.1").unwrap());
    let store = Command::store_request(5, &class, &instance);
    let body = || Some(Bytes::from(data_set("1.2.4", "1.2.4.1.1", 1)));

    door.knows("TESTER", AeRights { echo: true, ..AeRights::NONE }).await;
    assert_eq!(asked(&door, VERIFICATION, &echo, None).await, 0);
    assert_eq!(asked(&door, CT, &store, body()).await, Status::NOT_AUTHORIZED.code);
    assert!(door.parts.archive.study(&Uid::parse("1.2.4").unwrap()).unwrap().is_none());

    door.knows("TESTER", AeRights { store: true, ..AeRights::NONE }).await;
    assert_eq!(asked(&door, VERIFICATION, &echo, None).await, Status::NOT_AUTHORIZED.code);
    assert_eq!(asked(&door, CT, &store, body()).await, 0);
}

#[tokio::test]
async fn a_right_taken_away_ends_the_retrieval_that_runs() {
    let door = door().await;
    let mut peer = Peer::call(&door).await;
    let keys = [(tags::QUERY_RETRIEVE_LEVEL, "PATIENT"), (tags::PATIENT_ID, "ID12")];
    peer.say(3, &Command::question(C_GET_RQ, 9, GET), Some(identifier(&keys))).await;
    let (store, _) = peer.hear().await;
    assert_eq!(store.field(), Some(C_STORE_RQ));
    assert!(store.uid(AFFECTED_INSTANCE).is_some());
    door.knows("VIEWER", AeRights { query: Reach::None, ..AeRights::SCANNER }).await;
    peer.say(5, &Command::answer(&store, Status::SUCCESS), None).await;
    let last = loop {
        let (command, _) = peer.hear().await;
        assert_ne!(command.field(), Some(C_STORE_RQ), "nothing more leaves");
        assert_ne!(command.field(), Some(C_STORE_RSP));
        if command.status() != Some(Status::PENDING.code) {
            break command;
        }
    };
    assert_eq!(last.status(), Some(Status::NOT_AUTHORIZED.code));
    assert_eq!((last.number(0x1021), last.number(0x1022)), (Some(1), Some(2)));
}
