//! The protocol data units of PS3.8 §9.3: bytes to values and back.
//!
//! Every length is checked against a bound before anything is kept for it, and every item against the bytes that are
//! there. Data fragments are slices of the unit they came in: nothing is copied.
//!
//! # Not here
//! Reading from a socket ([`super::link`]); what an association may do next ([`super::association`]).

use bytes::{Buf, BufMut, Bytes, BytesMut};

pub(crate) mod associate;

pub(crate) use associate::{Acceptance, Answer, Identity, Proposal, Proposed, Role, UserItems};

/// Bytes of type, reserved and length before every unit.
pub(crate) const HEADER_BYTES: usize = 6;
/// The longest P-DATA unit we announce and take: large enough that a CT slice is two units, small enough that each
/// association's buffer stays small.
pub(crate) const DATA_BYTES_MAX: u32 = 256 * 1024;
/// The longest A-ASSOCIATE unit taken: 128 contexts with some sixty transfer syntaxes each fit.
pub(crate) const ASSOCIATE_BYTES_MAX: u32 = 512 * 1024;
/// A data value's own header: length, context, control.
pub(crate) const PDV_HEADER_BYTES: usize = 6;

/// One unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pdu {
    AssociateRq(Proposal),
    AssociateAc(Acceptance),
    AssociateRj(Rejection),
    Data(Vec<Pdv>),
    ReleaseRq,
    ReleaseRp,
    Abort(Abort),
}

/// A fragment of a command or data set (PS3.8 Annex E).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pdv {
    pub(crate) context: u8,
    pub(crate) command: bool,
    pub(crate) last: bool,
    pub(crate) bytes: Bytes,
}

/// Why an association was not accepted (PS3.8 §9.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) result: u8,
    pub(crate) source: u8,
    pub(crate) reason: u8,
}

impl Rejection {
    pub(crate) const NO_REASON: Self = Self { result: 1, source: 1, reason: 1 };
    pub(crate) const APPLICATION_CONTEXT: Self = Self { result: 1, source: 1, reason: 2 };
    pub(crate) const CALLING_TITLE: Self = Self { result: 1, source: 1, reason: 3 };
    pub(crate) const CALLED_TITLE: Self = Self { result: 1, source: 1, reason: 7 };
    pub(crate) const PROTOCOL_VERSION: Self = Self { result: 1, source: 2, reason: 2 };
    /// ACSE, no reason: an identity that is not right (PS3.7 D.3.3.7).
    pub(crate) const IDENTITY: Self = Self { result: 1, source: 2, reason: 1 };
    pub(crate) const LOCAL_LIMIT: Self = Self { result: 2, source: 3, reason: 2 };

    /// What the log of whoever rejected says.
    pub(crate) const fn told(self) -> &'static str {
        match (self.source, self.reason) {
            (1, 2) => "another application context than DICOM's",
            (1, 3) => "no calling AE title",
            (1, 7) => "another called AE title than ours",
            (2, 2) => "another protocol version",
            (3, 2) => "as many associations as are allowed",
            _ => "a proposal that cannot be agreed on",
        }
    }

    /// What a person is told.
    pub(crate) const fn sentence(self) -> &'static str {
        match (self.source, self.reason) {
            (1, 2) => "the application context is not supported",
            (1, 3) => "the calling AE title is not known there",
            (1, 7) => "the called AE title is not known there",
            (2, 1) => "no reason given, as for a user that is not known there",
            (2, 2) => "the protocol version is not supported",
            (3, 1) => "the peer is congested",
            (3, 2) => "the peer has as many associations as it allows",
            _ => "no reason given",
        }
    }
}

/// An association cut off (PS3.8 §9.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Abort {
    /// 0 service user, 2 service provider.
    pub(crate) source: u8,
    pub(crate) reason: u8,
}

impl Abort {
    pub(crate) const USER: Self = Self { source: 0, reason: 0 };
    pub(crate) const UNSPECIFIED: Self = Self { source: 2, reason: 0 };
    pub(crate) const UNRECOGNIZED: Self = Self { source: 2, reason: 1 };
    pub(crate) const UNEXPECTED: Self = Self { source: 2, reason: 2 };
    pub(crate) const INVALID: Self = Self { source: 2, reason: 6 };
}

/// Why bytes are not a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PduError {
    #[error("unit type {0:#04x} is not known")]
    Kind(u8),
    #[error("a unit of {0} bytes is over the bound")]
    TooLong(u32),
    #[error("malformed unit: {0}")]
    Malformed(&'static str),
}

impl PduError {
    pub(crate) const fn abort(self) -> Abort {
        match self {
            Self::Kind(_) => Abort::UNRECOGNIZED,
            Self::TooLong(_) | Self::Malformed(_) => Abort::INVALID,
        }
    }
}

/// Reads type and length, once six bytes are there, and checks the length against the bound of that type.
pub(crate) fn header(bytes: &[u8]) -> Result<Option<(u8, usize)>, PduError> {
    let Some(&[kind, _, a, b, c, d]) = bytes.first_chunk::<HEADER_BYTES>() else {
        // An unknown type is refused on its first byte: whoever speaks another protocol need not send more.
        return bytes.first().map_or(Ok(None), |kind| bound(*kind).map(|_| None));
    };
    let bytes = u32::from_be_bytes([a, b, c, d]);
    if bytes > bound(kind)? {
        return Err(PduError::TooLong(bytes));
    }
    Ok(Some((kind, usize::try_from(bytes).map_err(|_| PduError::TooLong(bytes))?)))
}

const fn bound(kind: u8) -> Result<u32, PduError> {
    match kind {
        1 | 2 => Ok(ASSOCIATE_BYTES_MAX),
        4 => Ok(DATA_BYTES_MAX),
        3 | 5 | 6 | 7 => Ok(64),
        _ => Err(PduError::Kind(kind)),
    }
}

/// Reads the body of a unit.
pub(crate) fn decode(kind: u8, mut body: Bytes) -> Result<Pdu, PduError> {
    match kind {
        1 => Ok(Pdu::AssociateRq(Proposal::decode(body)?)),
        2 => Ok(Pdu::AssociateAc(Acceptance::decode(body)?)),
        3 => {
            let [_, result, source, reason] = four(&mut body)?;
            Ok(Pdu::AssociateRj(Rejection { result, source, reason }))
        }
        4 => Ok(Pdu::Data(fragments(body)?)),
        5 => Ok(Pdu::ReleaseRq),
        6 => Ok(Pdu::ReleaseRp),
        7 => {
            let [_, _, source, reason] = four(&mut body)?;
            Ok(Pdu::Abort(Abort { source, reason }))
        }
        _ => Err(PduError::Kind(kind)),
    }
}

fn four(body: &mut Bytes) -> Result<[u8; 4], PduError> {
    body.first_chunk::<4>().copied().ok_or(PduError::Malformed("too short"))
}

fn fragments(mut body: Bytes) -> Result<Vec<Pdv>, PduError> {
    let mut all = Vec::with_capacity(2);
    while body.has_remaining() {
        if body.remaining() < PDV_HEADER_BYTES {
            return Err(PduError::Malformed("a fragment's header is cut"));
        }
        let bytes = usize::try_from(body.get_u32()).unwrap_or(usize::MAX);
        if bytes < 2 || bytes > body.remaining() {
            return Err(PduError::Malformed("a fragment's length is not that of its bytes"));
        }
        let context = body.get_u8();
        let control = body.get_u8();
        let bytes = body.split_to(bytes - 2);
        all.push(Pdv { context, command: control & 1 != 0, last: control & 2 != 0, bytes });
    }
    if all.is_empty() { Err(PduError::Malformed("a data unit without a fragment")) } else { Ok(all) }
}

/// Appends a unit.
pub(crate) fn encode(pdu: &Pdu, out: &mut BytesMut) {
    match pdu {
        Pdu::AssociateRq(proposal) => framed(1, out, |out| proposal.encode(out)),
        Pdu::AssociateAc(acceptance) => framed(2, out, |out| acceptance.encode(out)),
        Pdu::AssociateRj(r) => framed(3, out, |out| out.put_slice(&[0, r.result, r.source, r.reason])),
        Pdu::Data(all) => framed(4, out, |out| all.iter().for_each(|pdv| encode_fragment(pdv, out))),
        Pdu::ReleaseRq => framed(5, out, |out| out.put_u32(0)),
        Pdu::ReleaseRp => framed(6, out, |out| out.put_u32(0)),
        Pdu::Abort(a) => framed(7, out, |out| out.put_slice(&[0, 0, a.source, a.reason])),
    }
}

fn encode_fragment(pdv: &Pdv, out: &mut BytesMut) {
    out.put_u32(u32::try_from(pdv.bytes.len() + 2).unwrap_or(u32::MAX));
    out.put_u8(pdv.context);
    out.put_u8(u8::from(pdv.command) | (u8::from(pdv.last) << 1));
    out.put_slice(&pdv.bytes);
}

fn framed(kind: u8, out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    out.put_slice(&[kind, 0, 0, 0, 0, 0]);
    let start = out.len();
    body(out);
    let bytes = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(start - 4..start) {
        place.copy_from_slice(&bytes.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round(pdu: &Pdu) -> Pdu {
        let mut out = BytesMut::new();
        encode(pdu, &mut out);
        let (kind, bytes) = header(&out).unwrap().unwrap();
        assert_eq!(bytes + HEADER_BYTES, out.len());
        decode(kind, out.freeze().slice(HEADER_BYTES..)).unwrap()
    }

    #[test]
    fn every_unit_survives_the_wire() {
        let user = UserItems {
            pdu_max: Some(16384),
            implementation_class: "1.2.3".into(),
            implementation_version: "TEST".into(),
            operations: Some((1, 1)),
            roles: vec![Role { sop_class: "1.2.840.10008.1.1".into(), scu: true, scp: false }],
            extended: vec![("1.2.840.10008.5.1.4.1.1.2".into(), Bytes::from_static(&[2, 0, 3, 0, 0, 0]))],
            common: vec![("1.2.3".into(), "1.2.840.10008.4.2".into())],
            identity: Some(Identity {
                kind: 2,
                answer_wanted: true,
                primary: Bytes::from_static(b"durand"),
                secondary: Bytes::from_static(b"secret"),
            }),
            identified: None,
        };
        let contexts = vec![Proposed {
            id: 1,
            abstract_syntax: "1.2.840.10008.1.1".into(),
            transfer_syntaxes: vec!["1.2.840.10008.1.2".into(), "1.2.840.10008.1.2.1".into()],
        }];
        for pdu in [
            Pdu::AssociateRq(Proposal {
                version: 1,
                called: *b"CHNORD          ",
                calling: *b"CT1             ",
                application_context: associate::APPLICATION_CONTEXT.into(),
                contexts,
                user: user.clone(),
            }),
            Pdu::AssociateAc(Acceptance {
                called: *b"CHNORD          ",
                calling: *b"CT1             ",
                answers: vec![Answer { id: 1, result: 0, transfer_syntax: "1.2.840.10008.1.2".into() }],
                user: UserItems { identity: None, identified: Some(Bytes::new()), ..user },
            }),
            Pdu::AssociateRj(Rejection::CALLED_TITLE),
            Pdu::Data(vec![
                Pdv { context: 1, command: true, last: true, bytes: Bytes::from_static(b"abcd") },
                Pdv { context: 1, command: false, last: false, bytes: Bytes::from_static(b"") },
            ]),
            Pdu::ReleaseRq,
            Pdu::ReleaseRp,
            Pdu::Abort(Abort::INVALID),
        ] {
            assert_eq!(round(&pdu), pdu);
        }
    }

    #[test]
    fn a_length_of_four_gibibytes_is_refused_before_its_bytes() {
        for kind in 1..=7 {
            assert_eq!(header(&[kind, 0, 0xff, 0xff, 0xff, 0xff]), Err(PduError::TooLong(u32::MAX)));
        }
        assert_eq!(header(b"GET / HTTP/1.1"), Err(PduError::Kind(b'G')));
        assert_eq!(header(b"\x16"), Err(PduError::Kind(0x16)));
        assert_eq!(header(&[4, 0, 0]), Ok(None));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(kind in 0u8..9, body in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(kind, Bytes::from(body));
        }

        #[test]
        fn no_variable_items_make_it_panic(kind in 1u8..3, items in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut body = vec![0u8; 68];
            body[1] = 1;
            body.extend(items);
            let _ = decode(kind, Bytes::from(body));
        }
    }
}
