//! What strangers' and peers' bytes meet at trust, for the fuzz targets (see `crate::fuzz`): messages of both planes,
//! agreements and what is said of them, grants, site records, keys, invitations, pairing messages, events of cases.

use super::sentences::{Language, sentences};
use crate::audit::fuzz::read_again;
use ed25519_dalek::SigningKey;
use protocol::{
    Refusal, SiteId, Timestamp,
    agreement::{Agreement, Check, Closing, Ending, Level, Moment, SignedAgreement, StudyFacts, Suspension, Withheld},
    case::{Case, event::Event as CaseEvent},
    catalog::Offer,
    copies::CopyErased,
    duty::Duty,
    fetch,
    glass::{GlassRequest, Whom},
    grant::{Grant, Use},
    identity::Link,
    ids::Id128,
    keeping::{Erased, Keeping, KeepingEnd, ListHead, ListPage, SignedKeeping},
    manifest::{Manifest, StudyCard},
    message::{self, SiteRecord},
    pairing::{Code, Event, Invitation, Inviter, Joiner},
    presence::{
        PAGE_RECORDS, Subject,
        oprf::{Asking, HolderKey},
        set::Records,
    },
    signed::{SignatureBytes, Signed, verify_bytes},
    succession::{Fork, Keys, Relation, SUCCESSIONS_MAX},
    time::WeekMinute,
    wire,
};

/// Each text and message by itself.
pub(crate) fn trust(bytes: &[u8]) {
    read_again::<Ending>(bytes);
    read_again::<SiteRecord>(bytes);
    read_again::<StudyCard>(bytes);
    read_again::<Manifest>(bytes);
    read_again::<fetch::Request>(bytes);
    read_again::<protocol::pass::Pass>(bytes);
    read_again::<protocol::pass::Passes>(bytes);
    read_again::<fetch::Answer>(bytes);
    read_again::<message::Request>(bytes);
    read_again::<message::Answer>(bytes);
    read_again::<Suspension>(bytes);
    read_again::<Closing>(bytes);
    read_again::<Offer>(bytes);
    read_again::<CopyErased>(bytes);
    read_again::<GlassRequest>(bytes);
    read_again::<Whom>(bytes);
    read_again::<Keeping>(bytes);
    read_again::<KeepingEnd>(bytes);
    read_again::<Erased>(bytes);
    read_again::<ListHead>(bytes);
    read_again::<ListPage>(bytes);
    read_again::<Link>(bytes);
    read_again::<Invitation>(bytes);
    if let Ok(text) = wire::decode::<Agreement>(bytes) {
        read_again::<Agreement>(&wire::encode(&text));
        for language in [Language::French, Language::English] {
            let _ = sentences(&text, language);
        }
        judged(&text);
    }
    if let Ok(signed) = wire::decode::<SignedAgreement>(bytes) {
        // Nobody who fuzzes has both keys.
        assert!(!signed.open().is_ok_and(|(_, signers)| signers.len() > 2));
    }
    if let Ok(duty) = wire::decode::<Duty>(bytes) {
        // What is sound is over at some time.
        assert!(!duty.is_sound() || duty.over() > Timestamp(0));
    }
    if let Ok(signed) = wire::decode::<SignedKeeping>(bytes) {
        let _ = signed.open();
    }
    if let Ok(grant) = wire::decode::<Grant>(bytes) {
        let stranger = SiteId([0xee; 32]);
        let wanted = Use { by: &stranger, study: &grant.study, level: Level::Card, purpose: None };
        let is_its_own = grant.subject == stranger;
        assert!(is_its_own || grant.covers(&wanted, grant.not_before) == Err(Refusal::NotPermitted));
    }
}

/// What an agreement says is said again the same, and a clause that lacks one thing covers nothing.
fn judged(text: &Agreement) {
    let at = Moment { now: Timestamp(1_769_870_000_000), week_minute: WeekMinute(600) };
    let Ok(study) = "1.2.3".parse() else { return };
    let (modalities, regions) = (vec!["CT".into()], vec!["HEAD".into()]);
    let study = StudyFacts { study, modalities, regions, day: 20_000, withheld: Withheld::NOTHING };
    for clause in &text.clauses {
        let holds = |check| clause.holds(check, &study, Level::Pixels, at);
        assert_eq!(clause.covers(&study, Level::Pixels, at).is_ok(), Check::ALL.into_iter().all(holds));
    }
}

/// Chains of keys, and signatures that carry them: what holds is said again the same, and nothing in front of it does.
pub(crate) fn succession(bytes: &[u8]) {
    read_again::<Keys>(bytes);
    read_again::<Fork>(bytes);
    if let Ok(keys) = wire::decode::<Keys>(bytes) {
        assert!(keys.successions().len() <= SUCCESSIONS_MAX && keys.before().len() == keys.successions().len());
        assert_eq!(keys.relation(&keys), Relation::Same);
        let first = Keys::first(keys.site());
        let is_first = keys.successions().is_empty();
        assert_eq!(keys.relation(&first), if is_first { Relation::Same } else { Relation::Ahead });
    }
    if let Ok(signature) = postcard::from_bytes::<SignatureBytes>(bytes) {
        // Nobody who fuzzes has a key.
        assert!(!verify_bytes(&SiteId([0xee; 32]), "confrere/fuzz/1", bytes, &signature));
    }
}

/// What comes in answer to a blind question, and as one: a point that is none is refused, an answer of whoever has no key is
/// never believed, and a list of any bytes is looked into.
pub(crate) fn presence(bytes: &[u8]) {
    let asker = SiteId([0xee; 32]);
    let Some(patient) = Subject::parse("1.2.250.1.213.1.4.8", "255081416802538") else { return };
    let (Ok(key), Ok((asking, _))) = (HolderKey::draw(&[7; 32]), Asking::blind(&patient, &[8; 32])) else { return };
    let Ok(output) = key.output(&patient) else { return };
    if let Ok(message::Request::Presence(element)) = wire::decode::<message::Request>(bytes) {
        let _ = key.evaluate(&element, &[9; 32]);
    }
    match wire::decode::<message::Answer>(bytes) {
        Ok(message::Answer::Presence(answer)) => {
            assert!(asking.finish(&answer.set.key, &answer.element, &answer.proof).is_err());
            let is_sound = answer.recent.is_sound();
            assert!(!is_sound || answer.recent.records.len().is_power_of_two());
        }
        Ok(message::Answer::PresenceSet(page)) => {
            let is_sound = page.is_sound(0);
            assert!(!is_sound || page.records.len() <= PAGE_RECORDS);
        }
        Ok(_) | Err(_) => {}
    }
    let records = Records::from_bytes(bytes.to_vec());
    let _ = (records.is_sound(), records.page(1, 64), records.find(&output, (&asker, &Id128([1; 16]))));
}

/// Events of one case, as a peer sends them: in whatever order they come, what is taken comes to the same state.
pub(crate) fn case(bytes: &[u8]) {
    read_again::<CaseEvent>(bytes);
    let events: Vec<CaseEvent> = frames(bytes).filter_map(|frame| wire::decode(frame).ok()).collect();
    let Some(begun) = events.iter().find_map(|event| Case::begin(event.clone()).ok()) else { return };
    let (mut one, mut other) = (begun.clone(), begun);
    taken(&mut one, events.iter());
    taken(&mut other, events.iter().rev());
    assert_eq!(one.events(), other.events());
    assert_eq!(one.heads(), other.heads());
    assert_eq!(one.state(), other.state(), "the order in which events come says nothing");
    assert_eq!(one.lacking(one.heads()), Vec::<&CaseEvent>::new());
    assert_eq!(one.lacking(&std::collections::BTreeSet::new()).len(), one.events().len());
}

/// Admits all that can be, until nothing new comes of it.
fn taken<'a>(case: &mut Case, events: impl Iterator<Item = &'a CaseEvent> + Clone) {
    loop {
        let admitted = events.clone().filter(|event| case.admit((*event).clone()).unwrap_or_default());
        if admitted.count() == 0 {
            return;
        }
    }
}

/// Frames as on the wire: a length of two bytes, then the message.
fn frames(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (length, body) = rest.split_first_chunk::<2>()?;
        let (message, next) = body.split_at(usize::from(u16::from_le_bytes(*length)).min(body.len()));
        rest = next;
        Some(message)
    })
}

/// An invitation, a code, and the messages of a pairing: whoever does not know the code never gets to compare digits.
pub(crate) fn pairing(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = text.parse::<Code>();
        if let Ok(invitation) = text.parse::<Invitation>() {
            assert!(invitation.to_string().parse::<Invitation>().is_ok_and(|again| again == invitation));
        }
    }
    let (key, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let record = |key: &SigningKey| {
        let record =
            SiteRecord { name: "CH Nord".into(), overlay: Vec::new(), pixels: Vec::new(), issued: Timestamp(1) };
        Signed::seal(key, &record)
    };
    let invitation = Invitation {
        id: Id128([3; 16]),
        site: SiteId(key.verifying_key().to_bytes()),
        name: "CH Nord".into(),
        addresses: Vec::new(),
        expires: Timestamp(1000),
    };
    let code = Code::draw(&[4; 16]);
    let mut inviter = Inviter::new(key.clone(), record(&key), invitation.clone(), code.clone());
    let mut joiner = Joiner::new(other.clone(), record(&other), invitation, &code, &[5; 32]);
    let _ = inviter.begin(Timestamp(1), &[6; 32]);
    for message in frames(bytes) {
        let _ = inviter.handle_message(Timestamp(2), message);
        let _ = joiner.handle_message(Timestamp(2), message);
    }
    let told = std::iter::from_fn(|| inviter.poll_event()).chain(std::iter::from_fn(|| joiner.poll_event()));
    for event in told {
        assert!(!matches!(event, Event::Compare { .. } | Event::Done { .. }), "{event:?}");
    }
}
