//! Questions and retrievals as a peer's bytes put them: cancelled, in Latin-1, of patients that share an ID.

use super::{storing::data_set, *};
use crate::{
    archive::{Form, Source},
    audit::Actor,
    dimse::{
        identifier::{Identifier, encode},
        link::fragments,
        message::{C_FIND_RQ, C_GET_RQ, C_STORE_RQ},
        pdu::{Pdv, Role},
        status::Status,
    },
    users::{AeRights, Reach},
};
use dicom_dictionary_std::tags;
use std::collections::{BTreeMap, VecDeque};

pub(super) const FIND: &str = "1.2.840.10008.5.1.4.1.2.1.1";
pub(super) const GET: &str = "1.2.840.10008.5.1.4.1.2.1.3";

/// A requestor that says what a story needs, in one packet if need be.
pub(super) struct Peer {
    link: Link,
    waiting: VecDeque<Pdv>,
}

impl Peer {
    pub(super) async fn call(door: &Door) -> Self {
        let (peer, accepted) = Self::call_with(door, negotiate::own_items()).await;
        assert!(accepted.answers.iter().all(|answer| answer.result == 0), "{accepted:?}");
        peer
    }

    /// With user items of the story's.
    pub(super) async fn call_with(door: &Door, user: UserItems) -> (Self, associate::Acceptance) {
        let context = |id, class: &str| Proposed {
            id,
            abstract_syntax: class.to_owned(),
            transfer_syntaxes: vec![EXPLICIT_LE.to_owned()],
        };
        let role = Role { sop_class: CT.to_owned(), scu: false, scp: true };
        let mut link = door.link().await;
        let proposal = Proposal {
            version: 1,
            called: negotiate::title_field(&title("CHNORD")),
            calling: negotiate::title_field(&title("VIEWER")),
            application_context: associate::APPLICATION_CONTEXT.to_owned(),
            contexts: vec![context(1, FIND), context(3, GET), context(5, CT)],
            user: UserItems { roles: vec![role], ..user },
        };
        link.write(&Pdu::AssociateRq(proposal)).await.unwrap();
        let Pdu::AssociateAc(accepted) = link.read(Duration::from_secs(10)).await.unwrap() else { panic!() };
        (Self { link, waiting: VecDeque::new() }, accepted)
    }

    /// Queues; nothing leaves before the next flush.
    pub(super) async fn say(&mut self, context: u8, command: &Command, data: Option<Bytes>) {
        for pdv in fragments(context, true, command.encode(), 16_000) {
            self.link.write_fragment(pdv).await.unwrap();
        }
        for pdv in data.into_iter().flat_map(|data| fragments(context, false, data, 16_000)) {
            self.link.write_fragment(pdv).await.unwrap();
        }
    }

    async fn whole(&mut self) -> Bytes {
        let mut whole = Vec::new();
        loop {
            while self.waiting.is_empty() {
                let Pdu::Data(all) = self.link.read(Duration::from_secs(10)).await.unwrap() else { panic!() };
                self.waiting.extend(all);
            }
            let pdv = self.waiting.pop_front().unwrap();
            whole.extend_from_slice(&pdv.bytes);
            if pdv.last {
                return whole.into();
            }
        }
    }

    pub(super) async fn hear(&mut self) -> (Command, Option<Bytes>) {
        self.link.flush().await.unwrap();
        let command = Command::decode(self.whole().await).unwrap();
        let data = if command.has_data_set() { Some(self.whole().await) } else { None };
        (command, data)
    }

    /// Asks and hears all answers: those with a data set, and the last status.
    pub(super) async fn find(&mut self, keys: &[(dicom_core::Tag, &str)]) -> (Vec<Identifier>, u16) {
        self.say(1, &Command::question(C_FIND_RQ, 7, FIND), Some(identifier(keys))).await;
        let mut answers = Vec::new();
        loop {
            match self.hear().await {
                (_, Some(data)) => answers.push(Identifier::decode(&data, EXPLICIT_LE)),
                (command, None) => return (answers, command.status().unwrap()),
            }
        }
    }
}

pub(super) fn identifier(keys: &[(dicom_core::Tag, &str)]) -> Bytes {
    let keys: BTreeMap<_, _> = keys.iter().map(|(tag, value)| (*tag, (*value).to_owned())).collect();
    encode(&keys, EXPLICIT_LE, true)
}

pub(in crate::dimse) async fn take_in(door: &Door, body: Vec<u8>, instance: &str) {
    let uid = |text: &str| Uid::parse(text).unwrap();
    let (transfer_syntax, sop_class, sop_instance) = (uid(EXPLICIT_LE), uid(CT), uid(instance));
    let form = Form::DataSet { transfer_syntax, sop_class, sop_instance, source: None };
    let mut spool = door.parts.archive.spool(form).await.unwrap();
    spool.write(body.into()).await.unwrap();
    door.parts.archive.ingest(spool, &Source { actor: Actor::default() }).await.unwrap();
}

pub(super) async fn door() -> Door {
    let door = Door::open(8, Patience::default()).await;
    door.knows("VIEWER", AeRights { query: Reach::Own, ..AeRights::SCANNER }).await;
    for study in ["1.2.1", "1.2.2", "1.2.3"] {
        let instance = format!("{study}.1.1");
        take_in(&door, data_set(study, &instance, 1), &instance).await;
    }
    door
}

#[tokio::test]
async fn a_cancelled_search_ends() {
    let door = door().await;
    let mut peer = Peer::call(&door).await;
    let keys = [(tags::QUERY_RETRIEVE_LEVEL, "STUDY"), (tags::STUDY_INSTANCE_UID, "")];
    assert_eq!(peer.find(&keys).await.0.len(), 3);
    // Question and cancellation arrive together.
    peer.say(1, &Command::question(C_FIND_RQ, 7, FIND), Some(identifier(&keys))).await;
    peer.say(1, &Command::cancel(7), None).await;
    let (last, data) = peer.hear().await;
    assert_eq!((last.status(), data), (Some(Status::CANCELLED.code), None));
    assert_eq!(peer.find(&keys).await.0.len(), 3, "the association goes on");
}

#[tokio::test]
async fn a_cancelled_retrieval_ends_after_the_instance_under_way() {
    let door = door().await;
    let mut peer = Peer::call(&door).await;
    let keys = [(tags::QUERY_RETRIEVE_LEVEL, "PATIENT"), (tags::PATIENT_ID, "ID12")];
    peer.say(3, &Command::question(C_GET_RQ, 9, GET), Some(identifier(&keys))).await;
    let (store, body) = peer.hear().await;
    assert_eq!(store.field(), Some(C_STORE_RQ));
    assert_eq!(body.unwrap().len(), data_set("1.2.1", "1.2.1.1.1", 1).len());
    peer.say(3, &Command::cancel(9), None).await;
    peer.say(5, &Command::answer(&store, Status::SUCCESS), None).await;
    let (last, _) = peer.hear().await;
    assert_eq!(last.status(), Some(Status::CANCELLED.code));
    assert_eq!((last.number(0x1020), last.number(0x1021), last.number(0x1022)), (Some(2), Some(1), Some(0)));
}

#[tokio::test]
async fn a_patient_id_of_two_issuers_is_not_retrieved_without_its_issuer() {
    let door = door().await;
    let mut other = data_set("1.2.9", "1.2.9.1.1", 1);
    let issuer = [&[0x10u8, 0, 0x21, 0][..], b"LO", &[6, 0], b"CHSUD "].concat();
    let after_id = other.windows(4).position(|four| four == [0x20, 0, 0x0d, 0]).unwrap();
    other.splice(after_id..after_id, issuer);
    take_in(&door, other, "1.2.9.1.1").await;
    let mut peer = Peer::call(&door).await;
    let level = (tags::QUERY_RETRIEVE_LEVEL, "PATIENT");
    let (patients, _) = peer.find(&[level, (tags::PATIENT_ID, "ID12"), (tags::ISSUER_OF_PATIENT_ID, "")]).await;
    assert_eq!(patients.len(), 2, "two patients, never one");
    let of_sex = [level, (tags::PATIENT_ID, "ID12"), (tags::PATIENT_SEX, "F")];
    assert_eq!(peer.find(&of_sex).await.0.len(), 0, "neither says so");
    let keys = [level, (tags::PATIENT_ID, "ID12")];
    peer.say(3, &Command::question(C_GET_RQ, 9, GET), Some(identifier(&keys))).await;
    assert_eq!(peer.hear().await.0.status(), Some(Status::BAD_IDENTIFIER.code));
    let keys = [level, (tags::PATIENT_ID, "ID12"), (tags::ISSUER_OF_PATIENT_ID, "CHSUD")];
    peer.say(3, &Command::question(C_GET_RQ, 10, GET), Some(identifier(&keys))).await;
    assert_eq!(peer.hear().await.0.field(), Some(C_STORE_RQ));
}

#[tokio::test]
async fn a_question_in_latin_1_is_understood_and_answered_so() {
    let door = door().await;
    let mut body = data_set("1.2.8", "1.2.8.1.1", 1);
    let at = body.windows(6).position(|six| six == b"TEST^A").unwrap();
    body[at..at + 6].copy_from_slice(b"L\xc9A^\xc7 ");
    body.splice(0..0, [&[8u8, 0, 5, 0][..], b"CS", &[10, 0], b"ISO_IR 100"].concat());
    take_in(&door, body, "1.2.8.1.1").await;
    let mut peer = Peer::call(&door).await;
    for asked in ["LÉA*", "lea*"] {
        let charset = (tags::SPECIFIC_CHARACTER_SET, "ISO_IR 100");
        let keys = [charset, (tags::QUERY_RETRIEVE_LEVEL, "STUDY"), (tags::PATIENT_NAME, asked)];
        let (found, status) = peer.find(&keys).await;
        assert_eq!((found.len(), status), (1, 0), "{asked}");
        assert_eq!(found[0].text(tags::PATIENT_NAME).as_deref(), Some("LÉA^Ç"));
        assert_eq!(found[0].is_latin_1(), !asked.is_ascii(), "as the question was");
    }
    let (_, status) = peer.find(&[(tags::QUERY_RETRIEVE_LEVEL, "GALAXY")]).await;
    assert_eq!(status, Status::BAD_IDENTIFIER.code);
}

#[tokio::test]
async fn what_can_be_no_date_is_refused_and_not_taken_for_nothing_asked() {
    let door = door().await;
    let mut peer = Peer::call(&door).await;
    let studies = [(tags::QUERY_RETRIEVE_LEVEL, "STUDY"), (tags::STUDY_INSTANCE_UID, "")];
    for (asked, found) in [
        ((tags::STUDY_DATE, "20260301"), Some(3)),
        ((tags::STUDY_DATE, "202603*"), Some(3)),
        ((tags::STUDY_DATE, "20260302-"), Some(0)),
        ((tags::STUDY_DATE, "*"), Some(3)),
        ((tags::STUDY_TIME, "*"), Some(3)),
        ((tags::STUDY_DATE, "yesterday"), None),
        ((tags::STUDY_DATE, "20260301-today"), None),
        ((tags::STUDY_DATE, "2026??01"), None),
        ((tags::STUDY_TIME, "noon"), None),
        ((tags::PATIENT_BIRTH_DATE, "x"), None),
    ] {
        let (answers, status) = peer.find(&[&studies[..], &[asked]].concat()).await;
        match found {
            Some(found) => assert_eq!((answers.len(), status), (found, 0), "{asked:?}"),
            None => assert_eq!((answers.len(), status), (0, Status::BAD_IDENTIFIER.code), "{asked:?}"),
        }
    }
    let series =
        [(tags::QUERY_RETRIEVE_LEVEL, "SERIES"), (tags::STUDY_INSTANCE_UID, "1.2.1"), (tags::SERIES_DATE, "yesterday")];
    assert_eq!(peer.find(&series).await.1, Status::BAD_IDENTIFIER.code);
}

#[tokio::test]
async fn what_a_series_does_not_say_matches_nothing() {
    let door = door().await;
    let mut peer = Peer::call(&door).await;
    let level = |level| [(tags::QUERY_RETRIEVE_LEVEL, level), (tags::STUDY_INSTANCE_UID, "1.2.1")];
    for (asked, found) in [
        ((tags::MODALITY, "CT"), 1),
        ((tags::SERIES_DESCRIPTION, ""), 1),
        ((tags::SERIES_DESCRIPTION, "*"), 1),
        ((tags::SERIES_DESCRIPTION, "THORAX"), 0),
        ((tags::BODY_PART_EXAMINED, "HEAD"), 0),
        ((tags::SERIES_DATE, "20260301"), 0),
    ] {
        let (answers, status) = peer.find(&[&level("SERIES")[..], &[asked]].concat()).await;
        assert_eq!((answers.len(), status), (found, 0), "{asked:?}");
        let image = [&level("IMAGE")[..], &[(tags::SERIES_INSTANCE_UID, "1.2.1.1"), asked]].concat();
        assert_eq!(peer.find(&image).await.0.len(), found, "{asked:?}");
    }
}

#[tokio::test]
async fn a_retrieval_means_one_patient_and_no_pattern() {
    let door = door().await;
    let mut peer = Peer::call(&door).await;
    for pattern in ["ID1*", "ID1?", "*"] {
        let keys = [(tags::QUERY_RETRIEVE_LEVEL, "PATIENT"), (tags::PATIENT_ID, pattern)];
        peer.say(3, &Command::question(C_GET_RQ, 9, GET), Some(identifier(&keys))).await;
        assert_eq!(peer.hear().await.0.status(), Some(Status::BAD_IDENTIFIER.code), "{pattern}");
    }
}

#[tokio::test]
async fn warnings_of_the_receiver_are_counted_apart() {
    let door = door().await;
    let mut peer = Peer::call(&door).await;
    let keys = [(tags::QUERY_RETRIEVE_LEVEL, "PATIENT"), (tags::PATIENT_ID, "ID12")];
    peer.say(3, &Command::question(C_GET_RQ, 9, GET), Some(identifier(&keys))).await;
    let mut answers = vec![Status::SUCCESS.code, 0xB007, Status::SUCCESS.code];
    let last = loop {
        let (command, _) = peer.hear().await;
        match command.field() {
            Some(C_STORE_RQ) => {
                let status = Status { code: answers.pop().unwrap(), comment: "" };
                peer.say(5, &Command::answer(&command, status), None).await;
            }
            _ if command.status() == Some(Status::PENDING.code) => {}
            _ => break command,
        }
    };
    assert_eq!(last.status(), Some(0xB000));
    assert_eq!([0x1021, 0x1022, 0x1023].map(|count| last.number(count)), [Some(2), Some(0), Some(1)]);
}

#[tokio::test]
async fn a_cancellation_overtakes_what_waits_behind_the_operation() {
    let door = door().await;
    let mut peer = Peer::call(&door).await;
    let keys = [(tags::QUERY_RETRIEVE_LEVEL, "STUDY"), (tags::STUDY_INSTANCE_UID, "")];
    for id in [11, 12] {
        peer.say(1, &Command::question(C_FIND_RQ, id, FIND), Some(identifier(&keys))).await;
    }
    peer.say(1, &Command::cancel(11), None).await;
    let (first, data) = peer.hear().await;
    assert_eq!((first.answered_id(), first.status(), data), (Some(11), Some(Status::CANCELLED.code), None));
    for _ in 0..3 {
        let (next, data) = peer.hear().await;
        assert_eq!((next.answered_id(), data.is_some()), (Some(12), true));
    }
    assert_eq!(peer.hear().await.0.status(), Some(0));
}
