//! A-ASSOCIATE-RQ and -AC with their variable items (PS3.8 §9.3.2–3 and Annex D, PS3.7 Annex D.3).
//!
//! UIDs stay text here: one that is no UID makes its context refused, not the association.

use super::PduError;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::fmt;

/// The DICOM application context (PS3.7 Annex A.2.1).
pub(crate) const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// Contexts have odd identifiers from 1 to 255.
pub(crate) const CONTEXTS_MAX: usize = 128;
/// Roles and extended negotiations: one per SOP class in use.
const CLASS_ITEMS_MAX: usize = 256;
/// A UID has 64 characters; some pad.
const UID_BYTES_MAX: usize = 128;

/// What a requestor proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) version: u16,
    pub(crate) called: [u8; 16],
    pub(crate) calling: [u8; 16],
    pub(crate) application_context: String,
    pub(crate) contexts: Vec<Proposed>,
    pub(crate) user: UserItems,
}

/// A proposed presentation context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposed {
    pub(crate) id: u8,
    pub(crate) abstract_syntax: String,
    pub(crate) transfer_syntaxes: Vec<String>,
}

/// What an acceptor answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acceptance {
    pub(crate) called: [u8; 16],
    pub(crate) calling: [u8; 16],
    pub(crate) answers: Vec<Answer>,
    pub(crate) user: UserItems,
}

/// The answer to one context: 0 accepted, 3 abstract syntax not supported, 4 transfer syntaxes not supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) id: u8,
    pub(crate) result: u8,
    pub(crate) transfer_syntax: String,
}

/// The user information item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UserItems {
    /// The longest P-DATA unit the sender of this item takes; 0: any.
    pub(crate) pdu_max: Option<u32>,
    pub(crate) implementation_class: String,
    pub(crate) implementation_version: String,
    /// Operations invoked and performed at once.
    pub(crate) operations: Option<(u16, u16)>,
    pub(crate) roles: Vec<Role>,
    /// SOP class extended negotiation: class and its own bytes.
    pub(crate) extended: Vec<(String, Bytes)>,
    /// SOP class common extended negotiation: class and the service class it is of.
    pub(crate) common: Vec<(String, String)>,
    pub(crate) identity: Option<Identity>,
    /// Of an acceptor: the identity was checked and is right; its own bytes, none for a name and passcode.
    pub(crate) identified: Option<Bytes>,
}

/// SCP/SCU role selection for one SOP class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) sop_class: String,
    pub(crate) scu: bool,
    pub(crate) scp: bool,
}

/// User identity (PS3.7 D.3.3.7).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// 1 name, 2 name and passcode, 3 Kerberos, 4 SAML, 5 JSON web token.
    pub(crate) kind: u8,
    pub(crate) answer_wanted: bool,
    pub(crate) primary: Bytes,
    pub(crate) secondary: Bytes,
}

/// Never what it holds.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity of kind {}", self.kind)
    }
}

impl Identity {
    fn decode(mut item: Bytes) -> Result<Self, PduError> {
        if item.len() < 2 {
            return Err(PduError::Malformed("an identity is cut"));
        }
        let (kind, answer_wanted) = (item.get_u8(), item.get_u8() != 0);
        Ok(Self { kind, answer_wanted, primary: field(&mut item)?, secondary: field(&mut item)? })
    }

    fn encode(&self, out: &mut BytesMut) {
        out.put_slice(&[self.kind, u8::from(self.answer_wanted)]);
        for field in [&self.primary, &self.secondary] {
            out.put_u16(u16::try_from(field.len()).unwrap_or(u16::MAX));
            out.put_slice(field);
        }
    }
}

/// Bytes with their length before them; none where the item ends.
fn field(item: &mut Bytes) -> Result<Bytes, PduError> {
    if item.is_empty() {
        return Ok(Bytes::new());
    }
    if item.len() < 2 {
        return Err(PduError::Malformed("an item is cut"));
    }
    let bytes = usize::from(item.get_u16());
    if bytes > item.len() {
        return Err(PduError::Malformed("an item is cut"));
    }
    Ok(item.split_to(bytes))
}

impl Proposal {
    pub(super) fn decode(mut body: Bytes) -> Result<Self, PduError> {
        let (version, called, calling) = fixed(&mut body)?;
        let mut proposal = Self {
            version,
            called,
            calling,
            application_context: String::new(),
            contexts: Vec::new(),
            user: UserItems::default(),
        };
        while let Some((kind, item)) = next_item(&mut body)? {
            match kind {
                0x10 => proposal.application_context = text(&item)?,
                0x20 if proposal.contexts.len() < CONTEXTS_MAX => proposal.contexts.push(Proposed::decode(item)?),
                0x20 => return Err(PduError::Malformed("more than 128 presentation contexts")),
                0x50 => proposal.user = UserItems::decode(item)?,
                _ => {}
            }
        }
        Ok(proposal)
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        put_fixed(out, self.version, self.called, self.calling);
        item(0x10, out, |out| out.put_slice(APPLICATION_CONTEXT.as_bytes()));
        for context in &self.contexts {
            item(0x20, out, |out| {
                out.put_slice(&[context.id, 0, 0, 0]);
                item(0x30, out, |out| out.put_slice(context.abstract_syntax.as_bytes()));
                for syntax in &context.transfer_syntaxes {
                    item(0x40, out, |out| out.put_slice(syntax.as_bytes()));
                }
            });
        }
        item(0x50, out, |out| self.user.encode(out));
    }
}

impl Proposed {
    fn decode(mut body: Bytes) -> Result<Self, PduError> {
        let mut context =
            Self { id: context_id(&mut body)?.0, abstract_syntax: String::new(), transfer_syntaxes: Vec::new() };
        while let Some((kind, item)) = next_item(&mut body)? {
            match kind {
                0x30 => context.abstract_syntax = text(&item)?,
                0x40 => context.transfer_syntaxes.push(text(&item)?),
                _ => {}
            }
        }
        Ok(context)
    }
}

impl Acceptance {
    pub(super) fn decode(mut body: Bytes) -> Result<Self, PduError> {
        let (_, called, calling) = fixed(&mut body)?;
        let mut acceptance = Self { called, calling, answers: Vec::new(), user: UserItems::default() };
        while let Some((kind, item)) = next_item(&mut body)? {
            match kind {
                0x21 if acceptance.answers.len() < CONTEXTS_MAX => acceptance.answers.push(Answer::decode(item)?),
                0x21 => return Err(PduError::Malformed("more than 128 presentation contexts")),
                0x50 => acceptance.user = UserItems::decode(item)?,
                _ => {}
            }
        }
        Ok(acceptance)
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        put_fixed(out, 1, self.called, self.calling);
        item(0x10, out, |out| out.put_slice(APPLICATION_CONTEXT.as_bytes()));
        for answer in &self.answers {
            item(0x21, out, |out| {
                out.put_slice(&[answer.id, 0, answer.result, 0]);
                item(0x40, out, |out| out.put_slice(answer.transfer_syntax.as_bytes()));
            });
        }
        item(0x50, out, |out| self.user.encode(out));
    }
}

impl Answer {
    fn decode(mut body: Bytes) -> Result<Self, PduError> {
        let (id, result) = context_id(&mut body)?;
        let mut answer = Self { id, result, transfer_syntax: String::new() };
        while let Some((kind, item)) = next_item(&mut body)? {
            // The transfer syntax of a refused context has no meaning and may be anything.
            if kind == 0x40 && result == 0 {
                answer.transfer_syntax = text(&item)?;
            }
        }
        Ok(answer)
    }
}

impl UserItems {
    fn decode(mut body: Bytes) -> Result<Self, PduError> {
        let mut user = Self::default();
        while let Some((kind, mut item)) = next_item(&mut body)? {
            match kind {
                0x51 if item.len() >= 4 => user.pdu_max = Some(item.get_u32()),
                0x52 => user.implementation_class = lossy(&item),
                0x53 if item.len() >= 4 => user.operations = Some((item.get_u16(), item.get_u16())),
                0x54 if user.roles.len() < CLASS_ITEMS_MAX => user.roles.push(role(item)?),
                0x55 => user.implementation_version = lossy(&item),
                0x56 if user.extended.len() < CLASS_ITEMS_MAX => user.extended.push(prefixed(&mut item)?),
                0x57 if user.common.len() < CLASS_ITEMS_MAX => user.common.push(common(item)?),
                0x58 => user.identity = Some(Identity::decode(item)?),
                0x59 => user.identified = Some(field(&mut item)?),
                _ => {}
            }
        }
        Ok(user)
    }

    fn encode(&self, out: &mut BytesMut) {
        if let Some(pdu_max) = self.pdu_max {
            item(0x51, out, |out| out.put_u32(pdu_max));
        }
        item(0x52, out, |out| out.put_slice(self.implementation_class.as_bytes()));
        if let Some((invoked, performed)) = self.operations {
            item(0x53, out, |out| {
                out.put_u16(invoked);
                out.put_u16(performed);
            });
        }
        for role in &self.roles {
            item(0x54, out, |out| {
                put_prefixed(out, &role.sop_class);
                out.put_slice(&[u8::from(role.scu), u8::from(role.scp)]);
            });
        }
        item(0x55, out, |out| out.put_slice(self.implementation_version.as_bytes()));
        for (sop_class, bytes) in &self.extended {
            item(0x56, out, |out| {
                put_prefixed(out, sop_class);
                out.put_slice(bytes);
            });
        }
        for (sop_class, service) in &self.common {
            item(0x57, out, |out| {
                put_prefixed(out, sop_class);
                put_prefixed(out, service);
                out.put_u16(0);
            });
        }
        if let Some(identity) = &self.identity {
            item(0x58, out, |out| identity.encode(out));
        }
        if let Some(bytes) = &self.identified {
            item(0x59, out, |out| {
                out.put_u16(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
                out.put_slice(bytes);
            });
        }
    }
}

/// Class and service class; related general classes change nothing here.
fn common(mut item: Bytes) -> Result<(String, String), PduError> {
    let (sop_class, mut rest) = prefixed(&mut item)?;
    let (service, _) = prefixed(&mut rest)?;
    Ok((sop_class, service))
}

fn role(mut item: Bytes) -> Result<Role, PduError> {
    let (sop_class, rest) = prefixed(&mut item)?;
    match rest.as_ref() {
        [scu, scp, ..] => Ok(Role { sop_class, scu: *scu != 0, scp: *scp != 0 }),
        _ => Err(PduError::Malformed("a role is cut")),
    }
}

/// A UID with its length before it, and the rest of the item.
fn prefixed(item: &mut Bytes) -> Result<(String, Bytes), PduError> {
    if item.len() < 2 {
        return Err(PduError::Malformed("an item is cut"));
    }
    let bytes = usize::from(item.get_u16());
    if bytes > item.len() {
        return Err(PduError::Malformed("an item is cut"));
    }
    let uid = text(&item.split_to(bytes))?;
    Ok((uid, item.clone()))
}

fn put_prefixed(out: &mut BytesMut, uid: &str) {
    out.put_u16(u16::try_from(uid.len()).unwrap_or(u16::MAX));
    out.put_slice(uid.as_bytes());
}

fn fixed(body: &mut Bytes) -> Result<(u16, [u8; 16], [u8; 16]), PduError> {
    const FIXED_BYTES: usize = 68;
    if body.len() < FIXED_BYTES {
        return Err(PduError::Malformed("too short"));
    }
    let version = body.get_u16();
    body.advance(2);
    let (mut called, mut calling) = ([0; 16], [0; 16]);
    body.copy_to_slice(&mut called);
    body.copy_to_slice(&mut calling);
    body.advance(32);
    Ok((version, called, calling))
}

fn put_fixed(out: &mut BytesMut, version: u16, called: [u8; 16], calling: [u8; 16]) {
    out.put_u16(version);
    out.put_u16(0);
    out.put_slice(&called);
    out.put_slice(&calling);
    out.put_bytes(0, 32);
}

/// A context item's identifier and, in an answer, its result.
fn context_id(body: &mut Bytes) -> Result<(u8, u8), PduError> {
    match body.first_chunk::<4>() {
        Some(&[id, _, result, _]) if id % 2 == 1 => {
            body.advance(4);
            Ok((id, result))
        }
        Some(_) => Err(PduError::Malformed("a context's identifier is even")),
        None => Err(PduError::Malformed("a context is cut")),
    }
}

fn next_item(body: &mut Bytes) -> Result<Option<(u8, Bytes)>, PduError> {
    if body.is_empty() {
        return Ok(None);
    }
    if body.len() < 4 {
        return Err(PduError::Malformed("an item's header is cut"));
    }
    let kind = body.get_u8();
    body.advance(1);
    let bytes = usize::from(body.get_u16());
    if bytes > body.len() {
        return Err(PduError::Malformed("an item is longer than its unit"));
    }
    Ok(Some((kind, body.split_to(bytes))))
}

fn item(kind: u8, out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    out.put_slice(&[kind, 0, 0, 0]);
    let start = out.len();
    body(out);
    let bytes = u16::try_from(out.len() - start).unwrap_or(u16::MAX);
    if let Some(place) = out.get_mut(start - 2..start) {
        place.copy_from_slice(&bytes.to_be_bytes());
    }
}

fn text(bytes: &[u8]) -> Result<String, PduError> {
    if bytes.len() > UID_BYTES_MAX {
        return Err(PduError::Malformed("a UID is too long"));
    }
    Ok(lossy(bytes))
}

fn lossy(bytes: &[u8]) -> String {
    let cut = bytes.get(..bytes.len().min(UID_BYTES_MAX)).unwrap_or_default();
    String::from_utf8_lossy(cut).trim_matches(['\0', ' ']).to_owned()
}
