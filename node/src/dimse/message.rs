//! Command sets (PS3.7 §6.3, Annex E): implicit VR little endian, group 0000.

use super::status::Status;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use protocol::{AeTitle, Uid};
use std::collections::BTreeMap;

/// A command has some twenty short elements; whoever sends more is not heard.
pub(crate) const COMMAND_BYTES_MAX: usize = 64 * 1024;

pub(crate) const C_STORE_RQ: u16 = 0x0001;
pub(crate) const C_STORE_RSP: u16 = 0x8001;
pub(crate) const C_GET_RQ: u16 = 0x0010;
pub(crate) const C_FIND_RQ: u16 = 0x0020;
pub(crate) const C_MOVE_RQ: u16 = 0x0021;
pub(crate) const C_ECHO_RQ: u16 = 0x0030;
pub(crate) const C_ECHO_RSP: u16 = 0x8030;
pub(crate) const N_EVENT_REPORT_RQ: u16 = 0x0100;
pub(crate) const N_EVENT_REPORT_RSP: u16 = 0x8100;
pub(crate) const N_ACTION_RQ: u16 = 0x0130;
pub(crate) const N_ACTION_RSP: u16 = 0x8130;
pub(crate) const N_SET_RQ: u16 = 0x0120;
pub(crate) const N_CREATE_RQ: u16 = 0x0140;
pub(crate) const N_CREATE_RSP: u16 = 0x8140;
pub(crate) const C_CANCEL_RQ: u16 = 0x0FFF;
/// The bit that makes a response of a request.
pub(crate) const RESPONSE: u16 = 0x8000;

const GROUP_LENGTH: u16 = 0x0000;
pub(crate) const AFFECTED_CLASS: u16 = 0x0002;
pub(crate) const REQUESTED_CLASS: u16 = 0x0003;
const FIELD: u16 = 0x0100;
const MESSAGE_ID: u16 = 0x0110;
const ANSWERED_ID: u16 = 0x0120;
const DESTINATION: u16 = 0x0600;
const PRIORITY: u16 = 0x0700;
const DATA_SET: u16 = 0x0800;
const STATUS: u16 = 0x0900;
const COMMENT: u16 = 0x0902;
pub(crate) const AFFECTED_INSTANCE: u16 = 0x1000;
pub(crate) const REQUESTED_INSTANCE: u16 = 0x1001;
pub(crate) const EVENT_TYPE: u16 = 0x1002;
pub(crate) const ACTION_TYPE: u16 = 0x1008;
const REMAINING: u16 = 0x1020;
const COMPLETED: u16 = 0x1021;
const FAILED: u16 = 0x1022;
const WARNING: u16 = 0x1023;
const ORIGINATOR: u16 = 0x1030;
const ORIGINATOR_ID: u16 = 0x1031;

/// Data Set Type: no data set follows.
const NO_DATA_SET: u16 = 0x0101;
/// Any other value: one follows.
const A_DATA_SET: u16 = 0x0000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed command: {0}")]
pub(crate) struct CommandError(pub(crate) &'static str);

/// A command set: its elements by element number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Command {
    elements: BTreeMap<u16, Bytes>,
}

impl Command {
    pub(crate) fn decode(mut bytes: Bytes) -> Result<Self, CommandError> {
        let mut command = Self::default();
        while bytes.has_remaining() {
            if bytes.len() < 8 {
                return Err(CommandError("an element is cut"));
            }
            let (group, element) = (bytes.get_u16_le(), bytes.get_u16_le());
            let length = usize::try_from(bytes.get_u32_le()).unwrap_or(usize::MAX);
            if group != 0 {
                return Err(CommandError("an element outside group 0000"));
            }
            if length > bytes.len() {
                return Err(CommandError("an element is longer than the command"));
            }
            command.elements.insert(element, bytes.split_to(length));
        }
        Ok(command)
    }

    pub(crate) fn encode(&self) -> Bytes {
        let mut body = BytesMut::with_capacity(256);
        for (element, value) in self.elements.iter().filter(|(element, _)| **element != GROUP_LENGTH) {
            put(&mut body, *element, value);
        }
        let mut out = BytesMut::with_capacity(body.len() + 12);
        put(&mut out, GROUP_LENGTH, &u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.put_slice(&body);
        out.freeze()
    }

    pub(crate) fn number(&self, element: u16) -> Option<u16> {
        self.elements.get(&element)?.first_chunk::<2>().map(|b| u16::from_le_bytes(*b))
    }

    pub(crate) fn uid(&self, element: u16) -> Option<Uid> {
        Uid::parse(std::str::from_utf8(self.elements.get(&element)?).ok()?).ok()
    }

    /// The Command Field: which operation, or which answer.
    pub(crate) fn field(&self) -> Option<u16> {
        self.number(FIELD)
    }

    pub(crate) fn id(&self) -> u16 {
        self.number(MESSAGE_ID).unwrap_or_default()
    }

    pub(crate) fn answered_id(&self) -> Option<u16> {
        self.number(ANSWERED_ID)
    }

    pub(crate) fn status(&self) -> Option<u16> {
        self.number(STATUS)
    }

    /// The peer's Error Comment, printable characters only.
    pub(crate) fn comment(&self) -> Option<String> {
        let text = String::from_utf8_lossy(self.elements.get(&COMMENT)?);
        let text: String = text.trim_matches(['\0', ' ']).chars().filter(|c| !c.is_control()).take(64).collect();
        (!text.is_empty()).then_some(text)
    }

    pub(crate) fn has_data_set(&self) -> bool {
        self.number(DATA_SET).is_some_and(|kind| kind != NO_DATA_SET)
    }

    fn with(mut self, element: u16, value: u16) -> Self {
        self.elements.insert(element, Bytes::copy_from_slice(&value.to_le_bytes()));
        self
    }

    fn with_text(mut self, element: u16, value: &str, pad: u8) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(pad);
        }
        self.elements.insert(element, Bytes::from(bytes));
        self
    }

    pub(crate) fn echo_request(id: u16, class: &str) -> Self {
        Self::default()
            .with_text(AFFECTED_CLASS, class, 0)
            .with(FIELD, C_ECHO_RQ)
            .with(MESSAGE_ID, id)
            .with(DATA_SET, NO_DATA_SET)
    }

    pub(crate) fn store_request(id: u16, class: &Uid, instance: &Uid) -> Self {
        Self::default()
            .with_text(AFFECTED_CLASS, class.as_str(), 0)
            .with(FIELD, C_STORE_RQ)
            .with(MESSAGE_ID, id)
            .with(PRIORITY, 0)
            .with(DATA_SET, A_DATA_SET)
            .with_text(AFFECTED_INSTANCE, instance.as_str(), 0)
    }

    /// The answer to a request: its class and instance as they came, and the status.
    pub(crate) fn answer(request: &Self, status: Status) -> Self {
        let field = request.field().unwrap_or_default() | RESPONSE;
        let mut answer = Self::default()
            .with(FIELD, field)
            .with(ANSWERED_ID, request.id())
            .with(DATA_SET, NO_DATA_SET)
            .with(STATUS, status.code);
        for element in [AFFECTED_CLASS, AFFECTED_INSTANCE] {
            if let Some(value) = request.elements.get(&element).filter(|value| value.len() <= 64) {
                answer.elements.insert(element, value.clone());
            }
        }
        if status.comment.is_empty() { answer } else { answer.with_text(COMMENT, status.comment, b' ') }
    }
}

/// Of the normalized services (PS3.7 §10): an instance acts, and reports what happened.
impl Command {
    pub(crate) fn action_request(id: u16, class: &str, instance: &str, action: u16) -> Self {
        Self::default()
            .with_text(REQUESTED_CLASS, class, 0)
            .with(FIELD, N_ACTION_RQ)
            .with(MESSAGE_ID, id)
            .with(DATA_SET, A_DATA_SET)
            .with_text(REQUESTED_INSTANCE, instance, 0)
            .with(ACTION_TYPE, action)
    }

    pub(crate) fn create_request(id: u16, class: &str, instance: &str) -> Self {
        Self::default()
            .with_text(AFFECTED_CLASS, class, 0)
            .with(FIELD, N_CREATE_RQ)
            .with(MESSAGE_ID, id)
            .with(DATA_SET, A_DATA_SET)
            .with_text(AFFECTED_INSTANCE, instance, 0)
    }

    pub(crate) fn event_report(id: u16, class: &str, instance: &str, event: u16) -> Self {
        Self::default()
            .with_text(AFFECTED_CLASS, class, 0)
            .with(FIELD, N_EVENT_REPORT_RQ)
            .with(MESSAGE_ID, id)
            .with(DATA_SET, A_DATA_SET)
            .with_text(AFFECTED_INSTANCE, instance, 0)
            .with(EVENT_TYPE, event)
    }

    /// The answer to an N-ACTION or N-EVENT-REPORT: the instance that was asked is the one affected, its type returned.
    pub(crate) fn normalized_answer(request: &Self, status: Status) -> Self {
        let mut answer = Self::answer(request, status);
        for (asked, affected) in [(REQUESTED_CLASS, AFFECTED_CLASS), (REQUESTED_INSTANCE, AFFECTED_INSTANCE)] {
            if let Some(value) = request.elements.get(&asked).filter(|value| value.len() <= 64) {
                answer.elements.insert(affected, value.clone());
            }
        }
        for kind in [EVENT_TYPE, ACTION_TYPE] {
            if let Some(value) = request.number(kind) {
                answer = answer.with(kind, value);
            }
        }
        answer
    }
}

/// How far a retrieval is (PS3.7 §9.1.3.1): sub-operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) remaining: u16,
    pub(crate) completed: u16,
    pub(crate) failed: u16,
    /// Stored, but the receiver warned of something.
    pub(crate) warned: u16,
}

impl Command {
    /// The answer with a data set behind it.
    pub(crate) fn answer_with_data(request: &Self, status: Status) -> Self {
        Self::answer(request, status).with(DATA_SET, A_DATA_SET)
    }

    /// With the counts of a retrieval; what remains is told until the last answer.
    pub(crate) fn with_counts(self, counts: Counts, is_last: bool) -> Self {
        let counted = self.with(COMPLETED, counts.completed).with(FAILED, counts.failed).with(WARNING, counts.warned);
        if is_last { counted } else { counted.with(REMAINING, counts.remaining) }
    }

    /// With whom a C-MOVE came from, whose sub-operation this is.
    pub(crate) fn moved_for(self, title: &AeTitle, id: u16) -> Self {
        self.with_text(ORIGINATOR, title.as_str(), b' ').with(ORIGINATOR_ID, id)
    }

    /// A C-FIND, C-GET or C-MOVE, whose identifier follows.
    pub(crate) fn question(field: u16, id: u16, class: &str) -> Self {
        Self::default()
            .with_text(AFFECTED_CLASS, class, 0)
            .with(FIELD, field)
            .with(MESSAGE_ID, id)
            .with(PRIORITY, 0)
            .with(DATA_SET, A_DATA_SET)
    }

    /// To where a C-MOVE goes.
    pub(crate) fn moved_to(self, title: &AeTitle) -> Self {
        self.with_text(DESTINATION, title.as_str(), b' ')
    }

    /// How many sub-operations of a retrieval failed so far.
    pub(crate) fn failures(&self) -> u16 {
        self.number(FAILED).unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn cancel(id: u16) -> Self {
        Self::default().with(FIELD, C_CANCEL_RQ).with(ANSWERED_ID, id).with(DATA_SET, NO_DATA_SET)
    }

    /// The Move Destination.
    pub(crate) fn destination(&self) -> Option<AeTitle> {
        AeTitle::parse(std::str::from_utf8(self.elements.get(&DESTINATION)?).ok()?.trim_matches([' ', '\0'])).ok()
    }
}

fn put(out: &mut BytesMut, element: u16, value: &[u8]) {
    out.put_u16_le(0);
    out.put_u16_le(element);
    out.put_u32_le(u32::try_from(value.len()).unwrap_or(u32::MAX));
    out.put_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_and_its_answer_survive_the_wire() {
        let (class, instance) = (Uid::parse("1.2.840.10008.5.1.4.1.1.2").unwrap(), Uid::parse("2.25.17").unwrap());
        let request = Command::decode(Command::store_request(7, &class, &instance).encode()).unwrap();
        assert_eq!(request.field(), Some(C_STORE_RQ));
        assert!(request.has_data_set());
        assert_eq!(request.uid(AFFECTED_INSTANCE), Some(instance));
        let answer = Command::decode(Command::answer(&request, Status::DUPLICATE).encode()).unwrap();
        assert_eq!(answer.field(), Some(C_STORE_RSP));
        assert_eq!(answer.answered_id(), Some(7));
        assert_eq!(answer.status(), Some(0x0111));
        assert_eq!(answer.uid(AFFECTED_CLASS), Some(class));
        assert_eq!(answer.comment().as_deref(), Some(Status::DUPLICATE.comment));
        assert!(!answer.has_data_set());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(command) = Command::decode(Bytes::from(bytes)) {
                let _ = (command.field(), command.comment(), command.uid(AFFECTED_CLASS), command.encode());
            }
        }
    }
}
