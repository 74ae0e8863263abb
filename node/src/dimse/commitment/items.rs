//! The data sets of requests and reports: a transaction, what it names, and what failed.
//!
//! Reading is one pass without recursion over at most [`INSTANCES_MAX`] items; nothing is allocated by a declared length.

use super::INSTANCES_MAX;
use crate::dimse::{
    identifier::{self, UNDEFINED, head},
    negotiate::{EXPLICIT_LE, IMPLICIT_LE},
};
use bytes::{Bytes, BytesMut};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use protocol::Uid;
use serde::{Deserialize, Serialize};

const ITEM: Tag = Tag(0xFFFE, 0xE000);

/// An instance by class and UID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) sop_class: Uid,
    pub(crate) sop_instance: Uid,
}

/// A transaction with the instances it names: of a request those asked for, of a report those committed and those not,
/// each with its Failure Reason (0008,1197).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) uid: Uid,
    pub(super) named: Vec<Named>,
    pub(super) failed: Vec<(Named, u16)>,
}

/// Why bytes are no transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Without a transaction UID, or an item without class or instance.
    Incomplete,
    TooMany,
}

#[derive(Default)]
struct Item {
    sop_class: Option<Uid>,
    sop_instance: Option<Uid>,
    reason: u16,
}

impl Transaction {
    pub(super) fn decode(bytes: &Bytes, transfer_syntax: &str) -> Result<Self, Unfit> {
        let explicit = transfer_syntax != IMPLICIT_LE;
        let mut uid = None;
        let (mut named, mut failed) = (Vec::new(), Vec::new());
        let (mut in_failed, mut open, mut at) = (false, None::<Item>, 0usize);
        while let Some(head) = bytes.get(at..).and_then(|rest| head(rest, explicit)) {
            at += head.bytes;
            let is_entered = head.vr == VR::SQ || head.tag.0 == 0xFFFE || head.length == UNDEFINED;
            let length = if is_entered { 0 } else { usize::try_from(head.length).unwrap_or(usize::MAX) };
            let end = at.checked_add(length).filter(|end| *end <= bytes.len()).ok_or(Unfit::Incomplete)?;
            let value = bytes.slice(at..end);
            at = end;
            let begins = head.tag == ITEM || head.vr == VR::SQ;
            if begins && let Some(item) = open.take() {
                item.close(in_failed, &mut named, &mut failed)?;
            }
            let text = || Uid::parse(std::str::from_utf8(&value).ok()?).ok();
            match (head.tag, open.as_mut()) {
                (ITEM, _) => open = Some(Item::default()),
                (tags::REFERENCED_SOP_SEQUENCE, _) => in_failed = false,
                (tags::FAILED_SOP_SEQUENCE, _) => in_failed = true,
                (tags::TRANSACTION_UID, None) => uid = uid.or_else(text),
                (tags::REFERENCED_SOP_CLASS_UID, Some(item)) => item.sop_class = text(),
                (tags::REFERENCED_SOP_INSTANCE_UID, Some(item)) => item.sop_instance = text(),
                (tags::FAILURE_REASON, Some(item)) => {
                    item.reason = value.first_chunk::<2>().map_or(0, |two| u16::from_le_bytes(*two));
                }
                _ => {}
            }
        }
        if let Some(item) = open {
            item.close(in_failed, &mut named, &mut failed)?;
        }
        Ok(Self { uid: uid.ok_or(Unfit::Incomplete)?, named, failed })
    }

    /// Writes it; `retrieve_from` is the AE title under which what is committed can be had.
    pub(super) fn encode(&self, transfer_syntax: &str, retrieve_from: Option<&str>) -> Bytes {
        let explicit = transfer_syntax == EXPLICIT_LE;
        let mut out = BytesMut::new();
        if let Some(title) = retrieve_from {
            identifier::put(&mut out, tags::RETRIEVE_AE_TITLE, title.as_bytes(), explicit);
        }
        identifier::put(&mut out, tags::TRANSACTION_UID, self.uid.as_str().as_bytes(), explicit);
        let failed = self.failed.iter().map(|(named, reason)| (named, Some(*reason)));
        put_sequence(&mut out, tags::FAILED_SOP_SEQUENCE, failed, explicit);
        let named = self.named.iter().map(|named| (named, None));
        put_sequence(&mut out, tags::REFERENCED_SOP_SEQUENCE, named, explicit);
        out.freeze()
    }
}

impl Item {
    fn close(self, failed: bool, named: &mut Vec<Named>, refused: &mut Vec<(Named, u16)>) -> Result<(), Unfit> {
        if named.len() + refused.len() >= INSTANCES_MAX {
            return Err(Unfit::TooMany);
        }
        let (Some(sop_class), Some(sop_instance)) = (self.sop_class, self.sop_instance) else {
            return Err(Unfit::Incomplete);
        };
        let one = Named { sop_class, sop_instance };
        if failed {
            refused.push((one, self.reason))
        } else {
            named.push(one)
        }
        Ok(())
    }
}

/// Appends items of instances, where there are any.
fn put_sequence<'a>(
    out: &mut BytesMut,
    tag: Tag,
    items: impl Iterator<Item = (&'a Named, Option<u16>)>,
    explicit: bool,
) {
    let mut items = items
        .map(|(named, reason)| {
            let mut item = BytesMut::new();
            let (class, instance) = (named.sop_class.as_str(), named.sop_instance.as_str());
            identifier::put(&mut item, tags::REFERENCED_SOP_CLASS_UID, class.as_bytes(), explicit);
            identifier::put(&mut item, tags::REFERENCED_SOP_INSTANCE_UID, instance.as_bytes(), explicit);
            if let Some(reason) = reason {
                identifier::put(&mut item, tags::FAILURE_REASON, &reason.to_le_bytes(), explicit);
            }
            item
        })
        .peekable();
    if items.peek().is_some() {
        identifier::put_items(out, tag, items, explicit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(n: u32) -> Named {
        let uid = |text: &str| Uid::parse(text).unwrap();
        Named { sop_class: uid("1.2.840.10008.5.1.4.1.1.2"), sop_instance: uid(&format!("2.25.{n}")) }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let uid = Uid::parse("2.25.99").unwrap();
        let both = Transaction { uid, named: vec![named(1), named(22)], failed: vec![(named(3), 0x0112)] };
        for syntax in [IMPLICIT_LE, EXPLICIT_LE] {
            assert_eq!(Transaction::decode(&both.encode(syntax, Some("NORD")), syntax), Ok(both.clone()), "{syntax}");
        }
    }

    #[test]
    fn sequences_of_undefined_length_are_read() {
        let mut bytes = Vec::new();
        let mut put = |tag: Tag, length: u32, value: &[u8]| {
            bytes.extend(tag.0.to_le_bytes());
            bytes.extend(tag.1.to_le_bytes());
            bytes.extend(length.to_le_bytes());
            bytes.extend(value);
        };
        put(tags::TRANSACTION_UID, 8, b"2.25.99\0");
        put(tags::REFERENCED_SOP_SEQUENCE, UNDEFINED, b"");
        for _ in 0..2 {
            put(ITEM, UNDEFINED, b"");
            put(tags::REFERENCED_SOP_CLASS_UID, 4, b"1.2\0");
            put(tags::REFERENCED_SOP_INSTANCE_UID, 6, b"2.25.7");
            put(Tag(0xFFFE, 0xE00D), 0, b"");
        }
        put(Tag(0xFFFE, 0xE0DD), 0, b"");
        let read = Transaction::decode(&Bytes::from(bytes), IMPLICIT_LE).unwrap();
        assert_eq!((read.uid.as_str(), read.named.len(), read.failed.len()), ("2.25.99", 2, 0));
        assert_eq!(read.named[1].sop_instance.as_str(), "2.25.7");
    }

    #[test]
    fn what_lacks_something_is_refused() {
        let transaction = Transaction { uid: Uid::parse("2.25.99").unwrap(), named: vec![named(1)], failed: vec![] };
        let bytes = transaction.encode(IMPLICIT_LE, None);
        assert_eq!(Transaction::decode(&bytes.slice(16..), IMPLICIT_LE), Err(Unfit::Incomplete), "no transaction");
        let cut = bytes.slice(..bytes.len() - 16);
        assert_eq!(Transaction::decode(&cut, IMPLICIT_LE), Err(Unfit::Incomplete), "no instance");
        let many = Transaction { named: vec![named(1); INSTANCES_MAX + 1], ..transaction };
        assert_eq!(Transaction::decode(&many.encode(IMPLICIT_LE, None), IMPLICIT_LE), Err(Unfit::TooMany));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), explicit: bool) {
            let syntax = if explicit { EXPLICIT_LE } else { IMPLICIT_LE };
            let _ = Transaction::decode(&Bytes::from(bytes), syntax);
        }
    }
}
