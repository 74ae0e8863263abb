//! What an acceptor answers to a proposal: which contexts, in which transfer syntax, and the user items.
//!
//! Every storage class is taken, standard or private, in whatever transfer syntax the sender has: bytes are kept as they
//! come, so no syntax is better than the one that needs no re-encoding there. Of several the sender's first is chosen,
//! except that implicit VR gives way to explicit VR where both are offered: it keeps the type of private elements.
//!
//! Where the requestor only takes objects (C-GET), a plain syntax is chosen before all others: what is stored in which
//! syntax is not known yet, and whatever can be decoded can be given in it.

use super::{
    commitment::PUSH_MODEL,
    pdu::{Acceptance, Answer, DATA_BYTES_MAX, Proposal, Proposed, Rejection, Role, UserItems, associate},
    performed::PERFORMED,
};
use bytes::Bytes;
use protocol::{AeTitle, Uid};

/// This implementation (PS3.7 D.3.3.2): a UUID-derived UID, and a name with the version.
pub(crate) const IMPLEMENTATION_CLASS: &str = "2.25.289384776243650173295103920475418260144";
pub(crate) const IMPLEMENTATION_VERSION: &str = concat!("CONFRERE_", env!("CARGO_PKG_VERSION"));

pub(crate) const VERIFICATION: &str = "1.2.840.10008.1.1";
pub(crate) const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
pub(crate) const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";

/// Query and retrieval (PS3.4 Annex C): patient root and study root, each C-FIND, C-MOVE, C-GET.
pub(crate) const QUERY_RETRIEVE: [&str; 6] = [
    "1.2.840.10008.5.1.4.1.2.1.1",
    "1.2.840.10008.5.1.4.1.2.1.2",
    "1.2.840.10008.5.1.4.1.2.1.3",
    "1.2.840.10008.5.1.4.1.2.2.1",
    "1.2.840.10008.5.1.4.1.2.2.2",
    "1.2.840.10008.5.1.4.1.2.2.3",
];

/// What an acceptor offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Serves {
    /// All that the node does.
    Node,
    /// Only to hear reports of storage commitment, from peers that are its providers.
    Reports,
}

impl Serves {
    fn takes(self, class: &str) -> bool {
        match self {
            Self::Node => {
                [VERIFICATION, PUSH_MODEL, PERFORMED].contains(&class)
                    || QUERY_RETRIEVE.contains(&class)
                    || is_storage(class)
            }
            Self::Reports => class == VERIFICATION || class == PUSH_MODEL,
        }
    }

    /// Whether a requestor may be the provider of a class: of storage by C-GET, of reports.
    fn is_used_of(self, class: &str) -> bool {
        match self {
            Self::Node => is_storage(class),
            Self::Reports => class == PUSH_MODEL,
        }
    }
}

/// The service class of storage (PS3.6 A), in common extended negotiation.
const STORAGE_SERVICE: &str = "1.2.840.10008.4.2";
/// Requests that a peer may have under way at once. They are answered in their order.
const INVOKED_MAX: u16 = 16;

/// A peer that takes shorter units than this is refused: PS3.8 gives no minimum, and one of a few bytes would make us
/// send a packet per byte.
const PEER_PDU_MIN: u32 = 1018;
/// Where the peer does not say: the usual size.
const PEER_PDU_DEFAULT: u32 = 16384;

/// A context that was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) id: u8,
    pub(crate) abstract_syntax: Uid,
    pub(crate) transfer_syntax: Uid,
    pub(crate) options: Options,
}

/// What was agreed on for a query or retrieval (PS3.4 C.5.1.1, C.5.2.1, C.5.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Keys above the level need not be given.
    pub(crate) relational: bool,
    /// Study Date and Study Time are one range.
    pub(crate) date_time: bool,
    /// Names match by their words' beginnings.
    pub(crate) fuzzy: bool,
}

impl Context {
    fn is_of(&self, class: &str) -> bool {
        self.abstract_syntax.as_str() == class
    }
}

impl Options {
    /// What of `asked` is done for a class.
    fn of(class: &str, asked: &[u8]) -> Self {
        let is_asked = |at: usize| asked.get(at) == Some(&1);
        let finds = class.ends_with(".1");
        Self { relational: is_asked(0), date_time: finds && is_asked(1), fuzzy: finds && is_asked(2) }
    }

    /// The answer, as long as what was asked and not longer than what is defined.
    fn answer(self, class: &str, asked: &[u8]) -> Bytes {
        let all = [self.relational, self.date_time, self.fuzzy, false, false];
        let defined = if class.ends_with(".1") { 5 } else { 2 };
        all.into_iter().take(asked.len().min(defined)).map(u8::from).collect()
    }
}

/// The outcome of a negotiation.
#[derive(Clone, Debug)]
pub(crate) struct Agreed {
    pub(crate) calling: AeTitle,
    pub(crate) contexts: Vec<Context>,
    pub(crate) peer_pdu_max: u32,
    /// Requests that the requestor may have under way at once (PS3.7 D.3.3.3), at least 1.
    pub(crate) invoked: u16,
    /// Classes of which the requestor is the SCP: those it takes by C-GET.
    pub(crate) taken_back: Vec<Uid>,
}

/// Judges a proposal to us, `called`.
pub(crate) fn judge(proposal: &Proposal, called: &AeTitle, serves: Serves) -> Result<(Acceptance, Agreed), Rejection> {
    if proposal.version & 1 == 0 {
        return Err(Rejection::PROTOCOL_VERSION);
    }
    if proposal.application_context != associate::APPLICATION_CONTEXT {
        return Err(Rejection::APPLICATION_CONTEXT);
    }
    if title(&proposal.called).as_ref() != Some(called) {
        return Err(Rejection::CALLED_TITLE);
    }
    let calling = title(&proposal.calling).ok_or(Rejection::CALLING_TITLE)?;
    let peer_pdu_max = peer_pdu_max(&proposal.user).ok_or(Rejection::NO_REASON)?;
    let mut contexts: Vec<Context> = Vec::with_capacity(proposal.contexts.len());
    let mut answers = Vec::with_capacity(proposal.contexts.len());
    for proposed in &proposal.contexts {
        if contexts.iter().any(|context| context.id == proposed.id) {
            return Err(Rejection::NO_REASON);
        }
        let takes = |role: &Role| role.sop_class == proposed.abstract_syntax && role.scp && !role.scu;
        let taken_only = proposal.user.roles.iter().any(takes);
        let (answer, context) = judge_context(proposed, &proposal.user, serves, taken_only);
        answers.push(answer);
        contexts.extend(context);
    }
    let user = user_items(&proposal.user, &contexts, serves);
    let taken_back = user.roles.iter().filter(|role| role.scp).filter_map(|role| Uid::parse(&role.sop_class).ok());
    let taken_back = taken_back.collect();
    let acceptance = Acceptance { called: proposal.called, calling: proposal.calling, answers, user };
    let invoked = acceptance.user.operations.map_or(1, |(invoked, _)| invoked.max(1));
    Ok((acceptance, Agreed { calling, contexts, peer_pdu_max, invoked, taken_back }))
}

/// An AE title of the fixed field.
pub(crate) fn title(field: &[u8; 16]) -> Option<AeTitle> {
    AeTitle::parse(std::str::from_utf8(field).ok()?).ok()
}

/// An AE title as the fixed field.
pub(crate) fn title_field(title: &AeTitle) -> [u8; 16] {
    let mut field = [b' '; 16];
    for (place, byte) in field.iter_mut().zip(title.as_str().bytes()) {
        *place = byte;
    }
    field
}

/// The longest unit the peer takes; `None` where it is too short to work with.
pub(crate) fn peer_pdu_max(user: &UserItems) -> Option<u32> {
    match user.pdu_max.unwrap_or(PEER_PDU_DEFAULT) {
        0 => Some(0),
        short if short < PEER_PDU_MIN => None,
        fit => Some(fit),
    }
}

/// What we say of ourselves, in requests and answers.
pub(crate) fn own_items() -> UserItems {
    UserItems {
        pdu_max: Some(DATA_BYTES_MAX),
        implementation_class: IMPLEMENTATION_CLASS.to_owned(),
        implementation_version: IMPLEMENTATION_VERSION.chars().take(16).collect(),
        ..UserItems::default()
    }
}

fn judge_context(proposed: &Proposed, user: &UserItems, serves: Serves, taken_only: bool) -> (Answer, Option<Context>) {
    let refused = |result| {
        let transfer_syntax = proposed.transfer_syntaxes.first().cloned().unwrap_or_else(|| IMPLICIT_LE.to_owned());
        (Answer { id: proposed.id, result, transfer_syntax }, None)
    };
    let Ok(abstract_syntax) = Uid::parse(&proposed.abstract_syntax) else { return refused(3) };
    let class = abstract_syntax.as_str();
    // Who says that a class of its own is no storage is believed.
    let is_other = user.common.iter().any(|(named, service)| named == class && service != STORAGE_SERVICE);
    if !serves.takes(class) || is_other && is_storage(class) {
        return refused(3);
    }
    // Other data sets than objects are read and written here, so only in what we write.
    let is_object = is_storage(class);
    let is_written = |text: &&String| is_object || [IMPLICIT_LE, EXPLICIT_LE].contains(&text.as_str());
    let Some(transfer_syntax) = choose(proposed.transfer_syntaxes.iter().filter(is_written), taken_only) else {
        return refused(4);
    };
    let answer = Answer { id: proposed.id, result: 0, transfer_syntax: transfer_syntax.to_string() };
    let asked = user.extended.iter().find(|(named, _)| named == class && QUERY_RETRIEVE.contains(&class));
    let options = asked.map(|(_, asked)| Options::of(class, asked)).unwrap_or_default();
    (answer, Some(Context { id: proposed.id, abstract_syntax, transfer_syntax, options }))
}

fn choose<'a>(offered: impl Iterator<Item = &'a String>, plain_first: bool) -> Option<Uid> {
    let legal: Vec<Uid> = offered.filter_map(|text| Uid::parse(text).ok()).collect();
    let first = legal.first()?;
    let find = |syntax: &str| legal.iter().find(|uid| uid.as_str() == syntax);
    if plain_first || first.as_str() == IMPLICIT_LE {
        find(EXPLICIT_LE).or_else(|| find(IMPLICIT_LE)).or(Some(first)).cloned()
    } else {
        Some(first.clone())
    }
}

/// Whether an abstract syntax names objects to store. Whatever is not a standard service is taken for a private class.
pub(crate) fn is_storage(class: &str) -> bool {
    /// Not objects, though among them: protocol approval and inventory queries (PS3.4 Annexes HH and KK).
    const SERVICES: [&str; 7] = ["200.4", "200.5", "200.6", "201.2", "201.3", "201.4", "201.5"];
    /// Radiotherapy objects beside the worklist services of the same arc.
    const TREATMENT: [&str; 3] = ["1", "7", "10"];
    match class.strip_prefix("1.2.840.10008.") {
        None => true,
        Some(standard) => {
            standard.strip_prefix("5.1.4.1.1.").is_some_and(|rest| !SERVICES.contains(&rest))
                || standard.strip_prefix("5.1.4.34.").is_some_and(|rest| TREATMENT.contains(&rest))
        }
    }
}

/// Answers to what was asked: several requests under way, but on an association by which objects come back, where only
/// their answers may come between, one; of ours one. A requestor may be the SCU of each storage class, and the SCP of
/// those it takes by C-GET; we keep every attribute and change none (PS3.4 B.3.1).
fn user_items(asked: &UserItems, contexts: &[Context], serves: Serves) -> UserItems {
    let is_agreed = |class: &str| contexts.iter().any(|context| context.abstract_syntax.as_str() == class);
    let roles = asked.roles.iter().filter(|role| is_agreed(&role.sop_class));
    let gets = contexts.iter().any(|context| QUERY_RETRIEVE[2..].iter().step_by(3).any(|get| context.is_of(get)));
    let invoked = |asked: u16| match (gets, asked) {
        (true, _) => 1,
        (false, 0) => INVOKED_MAX,
        (false, asked) => asked.min(INVOKED_MAX),
    };
    let extended = asked.extended.iter().filter_map(|(class, asked)| {
        let context = contexts.iter().find(|context| context.is_of(class))?;
        if is_storage(class) {
            return Some((class.clone(), Bytes::from_static(&[2, 0, 3, 0, 0, 0])));
        }
        let is_query = QUERY_RETRIEVE.contains(&class.as_str());
        is_query.then(|| (class.clone(), context.options.answer(class, asked)))
    });
    UserItems {
        operations: asked.operations.map(|(asked, _)| (invoked(asked), 1)),
        roles: roles
            .map(|role| Role {
                sop_class: role.sop_class.clone(),
                scu: role.scu,
                scp: role.scp && serves.is_used_of(&role.sop_class),
            })
            .collect(),
        extended: extended.collect(),
        ..own_items()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(contexts: Vec<Proposed>, user: UserItems) -> Proposal {
        Proposal {
            version: 1,
            called: *b"CHNORD          ",
            calling: *b"  CT1           ",
            application_context: associate::APPLICATION_CONTEXT.into(),
            contexts,
            user,
        }
    }

    fn context(id: u8, abstract_syntax: &str, transfer_syntaxes: &[&str]) -> Proposed {
        let transfer_syntaxes = transfer_syntaxes.iter().map(|&s| s.to_owned()).collect();
        Proposed { id, abstract_syntax: abstract_syntax.into(), transfer_syntaxes }
    }

    fn us() -> AeTitle {
        AeTitle::parse("CHNORD").unwrap()
    }

    #[test]
    fn storage_of_any_kind_is_taken_and_queries_are_not() {
        for class in [
            "1.2.840.10008.5.1.4.1.1.2",
            "1.2.840.10008.5.1.4.1.1.104.1",
            "1.2.840.10008.5.1.4.1.1.200.3",
            "1.2.840.10008.5.1.4.34.7",
            "1.3.12.2.1107.5.9.1",
        ] {
            assert!(is_storage(class), "{class}");
        }
        for class in [
            "1.2.840.10008.1.1",
            "1.2.840.10008.5.1.4.1.2.2.1",
            "1.2.840.10008.5.1.4.31",
            "1.2.840.10008.5.1.4.34.6.1",
            "1.2.840.10008.5.1.4.1.1.200.4",
            "1.2.840.10008.1.20.1",
            "1.2.840.10008.3.1.2.3.3",
        ] {
            assert!(!is_storage(class), "{class}");
        }
    }

    #[test]
    fn the_senders_syntax_is_kept() {
        let offered = |list: &[&str]| {
            choose(list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>().iter(), false).unwrap().to_string()
        };
        assert_eq!(offered(&["1.2.840.10008.1.2.4.80", IMPLICIT_LE]), "1.2.840.10008.1.2.4.80");
        assert_eq!(offered(&[IMPLICIT_LE, EXPLICIT_LE]), EXPLICIT_LE);
        assert_eq!(offered(&["1.2.840.10008.1.2.2", EXPLICIT_LE]), "1.2.840.10008.1.2.2");
        assert_eq!(offered(&["1.2.3.4.5"]), "1.2.3.4.5");
        assert_eq!(choose(["evil/../uid".to_owned()].iter(), false), None);
    }

    #[test]
    fn who_only_takes_objects_gets_a_context_in_which_all_can_be_given() {
        let ct = "1.2.840.10008.5.1.4.1.1.2";
        let agreed = |scu, offered: &[&str]| {
            let role = Role { sop_class: ct.to_owned(), scu, scp: true };
            let user = UserItems { roles: vec![role], ..UserItems::default() };
            let (_, agreed) = judge(&proposal(vec![context(1, ct, offered)], user), &us(), Serves::Node).unwrap();
            agreed.contexts[0].transfer_syntax.to_string()
        };
        let jpeg = "1.2.840.10008.1.2.4.70";
        assert_eq!(agreed(false, &[jpeg, IMPLICIT_LE, EXPLICIT_LE]), EXPLICIT_LE);
        assert_eq!(agreed(false, &[jpeg, IMPLICIT_LE]), IMPLICIT_LE);
        assert_eq!(agreed(false, &[jpeg]), jpeg);
        assert_eq!(agreed(true, &[jpeg, EXPLICIT_LE]), jpeg, "who also sends keeps its own");
    }

    #[test]
    fn each_context_gets_its_answer() {
        let contexts = vec![
            context(1, VERIFICATION, &[IMPLICIT_LE]),
            context(3, "1.2.840.10008.5.1.4.31", &[IMPLICIT_LE]),
            context(5, "1.2.840.10008.5.1.4.1.1.2", &[]),
            context(7, QUERY_RETRIEVE[3], &[IMPLICIT_LE]),
            context(9, QUERY_RETRIEVE[3], &["1.2.840.10008.1.2.2"]),
            context(11, QUERY_RETRIEVE[3], &["1.2.840.10008.1.2.2", IMPLICIT_LE]),
        ];
        let user = UserItems { operations: Some((0, 0)), ..UserItems::default() };
        let (acceptance, agreed) = judge(&proposal(contexts, user), &us(), Serves::Node).unwrap();
        assert_eq!(acceptance.answers.iter().map(|a| a.result).collect::<Vec<_>>(), [0, 3, 4, 0, 4, 0]);
        assert_eq!(acceptance.user.operations, Some((INVOKED_MAX, 1)));
        assert_eq!(agreed.calling.as_str(), "CT1");
        assert_eq!(agreed.contexts.len(), 3);
    }

    #[test]
    fn what_is_done_of_extended_negotiation_is_said_and_no_more() {
        let (find, mv, get) = (QUERY_RETRIEVE[3], QUERY_RETRIEVE[4], QUERY_RETRIEVE[5]);
        let all = |class: &str, bytes: usize| (class.to_owned(), Bytes::from(vec![1u8; bytes]));
        let contexts = |with_get: bool| {
            let classes = [find, mv, "1.2.840.10008.5.1.4.1.1.2", "1.3.9.1", "1.3.9.2", get];
            let classes = classes.into_iter().take(if with_get { 6 } else { 5 });
            (1..).step_by(2).zip(classes).map(|(id, class)| context(id, class, &[IMPLICIT_LE])).collect()
        };
        let user = UserItems {
            operations: Some((5, 5)),
            extended: vec![all(find, 7), all(mv, 1), (get.to_owned(), Bytes::from_static(&[0, 1])), all("1.9", 2)],
            common: vec![("1.3.9.1".into(), STORAGE_SERVICE.into()), ("1.3.9.2".into(), "1.3.9".into())],
            ..UserItems::default()
        };
        let (acceptance, agreed) = judge(&proposal(contexts(true), user.clone()), &us(), Serves::Node).unwrap();
        let answered: Vec<_> = acceptance.user.extended.iter().map(|(class, bytes)| (&**class, &bytes[..])).collect();
        assert_eq!(answered, [(find, &[1, 1, 1, 0, 0][..]), (mv, &[1]), (get, &[0, 0])]);
        let all_three = Options { relational: true, date_time: true, fuzzy: true };
        let relational = Options { relational: true, ..Options::default() };
        let options: Vec<_> = agreed.contexts.iter().map(|context| context.options).collect();
        let none = Options::default();
        assert_eq!(options, [all_three, relational, none, none, none]);
        assert_eq!(acceptance.answers[4].result, 3, "a private class that is no storage");
        assert_eq!(acceptance.user.operations, Some((1, 1)), "objects come back over it");
        let (acceptance, _) = judge(&proposal(contexts(false), user), &us(), Serves::Node).unwrap();
        assert_eq!(acceptance.user.operations, Some((5, 1)));
    }

    #[test]
    fn a_requestor_provides_reports_only_to_whom_waits_for_them() {
        let roles = vec![Role { sop_class: PUSH_MODEL.to_owned(), scu: false, scp: true }];
        let user = UserItems { roles, ..UserItems::default() };
        let proposal =
            proposal(vec![context(1, PUSH_MODEL, &[IMPLICIT_LE]), context(3, QUERY_RETRIEVE[0], &[IMPLICIT_LE])], user);
        for (serves, result, scp) in [(Serves::Node, 0, false), (Serves::Reports, 3, true)] {
            let (acceptance, _) = judge(&proposal, &us(), serves).unwrap();
            assert_eq!(acceptance.user.roles[0].scp, scp, "{serves:?}");
            assert_eq!(acceptance.answers[1].result, result, "{serves:?}");
        }
    }

    #[test]
    fn unfit_proposals_are_rejected_with_their_reason() {
        let other = AeTitle::parse("OTHER").unwrap();
        assert_eq!(
            judge(&proposal(vec![], UserItems::default()), &other, Serves::Node).unwrap_err(),
            Rejection::CALLED_TITLE
        );
        let tiny = UserItems { pdu_max: Some(1), ..UserItems::default() };
        assert_eq!(judge(&proposal(vec![], tiny), &us(), Serves::Node).unwrap_err(), Rejection::NO_REASON);
        let nobody = Proposal { calling: [b' '; 16], ..proposal(vec![], UserItems::default()) };
        assert_eq!(judge(&nobody, &us(), Serves::Node).unwrap_err(), Rejection::CALLING_TITLE);
        let twice = vec![context(1, VERIFICATION, &[IMPLICIT_LE]), context(1, VERIFICATION, &[IMPLICIT_LE])];
        assert_eq!(
            judge(&proposal(twice, UserItems::default()), &us(), Serves::Node).unwrap_err(),
            Rejection::NO_REASON
        );
        let unknown = Proposal { application_context: "1.2.3".into(), ..proposal(vec![], UserItems::default()) };
        assert_eq!(judge(&unknown, &us(), Serves::Node).unwrap_err(), Rejection::APPLICATION_CONTEXT);
    }
}
