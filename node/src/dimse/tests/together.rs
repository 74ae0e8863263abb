//! What all associations have under way together: over the bound one waits for its turn, and nothing is lost.

use super::{asking::take_in, storing::data_set, *};
use crate::dimse::{link, listener::AHEAD_MAX};

const ASSOCIATIONS: u16 = 12;
const EACH: u16 = 8;

/// An association with room for [`EACH`] requests at once.
pub(super) async fn call(door: &Door) -> Link {
    let user = UserItems { operations: Some((EACH, 1)), ..negotiate::own_items() };
    let contexts =
        vec![Proposed { id: 1, abstract_syntax: CT.to_owned(), transfer_syntaxes: vec![EXPLICIT_LE.to_owned()] }];
    let proposal = Proposal {
        version: 1,
        called: negotiate::title_field(&title("CHNORD")),
        calling: negotiate::title_field(&title("CT1")),
        application_context: associate::APPLICATION_CONTEXT.to_owned(),
        contexts,
        user,
    };
    let mut there = door.link().await;
    there.write(&Pdu::AssociateRq(proposal)).await.unwrap();
    let Pdu::AssociateAc(accepted) = there.read(Duration::from_secs(20)).await.unwrap() else { panic!() };
    assert_eq!(accepted.user.operations, Some((EACH, 1)));
    there
}

fn instance(association: u16, message: u16) -> String {
    format!("2.25.15.1.{}", association * 100 + message)
}

/// Sends all requests of an association before any answer is read.
async fn send_all(there: &mut Link, association: u16) {
    for message in 1..=EACH {
        let instance = instance(association, message);
        let command = Command::store_request(message, &Uid::parse(CT).unwrap(), &Uid::parse(&instance).unwrap());
        let body = Bytes::from(data_set("2.25.15", &instance, 1));
        let command = link::fragments(1, true, command.encode(), 16_000);
        for pdv in command.into_iter().chain(link::fragments(1, false, body, 16_000)) {
            there.write_fragment(pdv).await.unwrap();
        }
    }
    there.flush().await.unwrap();
}

/// Reads the answers: message IDs and statuses, in the order in which they come.
async fn answers(there: &mut Link) -> Vec<(Option<u16>, Option<u16>)> {
    let mut heard = Vec::new();
    while heard.len() < usize::from(EACH) {
        let Pdu::Data(all) = there.read(Duration::from_secs(60)).await.unwrap() else { panic!("no answer") };
        for pdv in all {
            let answer = Command::decode(pdv.bytes).unwrap();
            heard.push((answer.number(0x0120), answer.status()));
        }
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_bound_stores_wait_and_none_is_lost_or_refused() {
    assert!(usize::from(ASSOCIATIONS * EACH) > AHEAD_MAX, "more than may be under way");
    let door = Door::open(usize::from(ASSOCIATIONS), Patience::default()).await;
    take_in(&door, data_set("2.25.15", "2.25.15.1.1", 1), "2.25.15.1.1").await;
    // Three rounds: with all places free, with two of them, and with none, whatever this machine's speed.
    for (round, left) in [(0, AHEAD_MAX), (1, 2), (2, 0)] {
        let ahead = door.door.ahead.clone();
        let taken = u32::try_from(AHEAD_MAX - left).unwrap();
        let others = ahead.acquire_many_owned(taken).await.unwrap();
        let mut all = Vec::new();
        for association in 1..=ASSOCIATIONS {
            let mut there = call(&door).await;
            send_all(&mut there, round * 100 + association).await;
            all.push(there);
        }
        for there in &mut all {
            let wanted: Vec<_> = (1..=EACH).map(|message| (Some(message), Some(0))).collect();
            assert_eq!(answers(there).await, wanted, "each in its turn");
        }
        drop((all, others));
        door.until_associations(0).await;
        let held = usize::from((round + 1) * ASSOCIATIONS * EACH) + 1;
        assert_eq!(door.held("2.25.15").len(), held);
        assert_eq!(door.door.ahead.available_permits(), AHEAD_MAX, "every place is given back");
    }
}
