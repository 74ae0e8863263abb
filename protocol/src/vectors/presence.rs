//! Vectors of the blind question whether a patient is known.

use super::check;
use crate::{
    ids::Id128,
    message,
    presence::{
        Element, Evaluated, Proof, SetName, SetPage,
        set::{Recent, Records},
    },
    time::Timestamp,
};

#[test]
fn what_is_asked_about_presence_stays_readable() {
    let set = SetName { id: Id128([5; 16]), key: Element([6; 32]) };
    let records = || Records::from_bytes((0..32).collect());
    let evaluated = Evaluated {
        set,
        element: Element([8; 32]),
        proof: Proof([[9; 32], [10; 32]]),
        as_of: Timestamp(1_769_870_000_000),
        recent: Recent { id: Id128([4; 16]), records: records() },
    };
    check("control-presence", &message::Request::Presence(Element([7; 32])));
    check("control-presence-set", &message::Request::PresenceSet { set: Some(Id128([5; 16])), page: 3 });
    check("control-presence-evaluated", &message::Answer::Presence(Box::new(evaluated)));
    check(
        "control-presence-page",
        &message::Answer::PresenceSet(Box::new(SetPage { set, pages: 4, records: records() })),
    );
}
