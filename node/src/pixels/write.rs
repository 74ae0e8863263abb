//! Writes data sets in plain syntaxes: implicit or explicit VR, little endian.

use super::dataset::{DataSet, Element, Syntax, Value, is_short, to_little_endian};
use dicom_core::{Tag, VR};
use std::collections::BTreeMap;

/// A plain syntax to write in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    /// Explicit VR Little Endian.
    Explicit,
    /// Implicit VR Little Endian, the default of every receiver.
    Implicit,
}

impl Plain {
    /// In the order of choice: explicit VR keeps the type of private elements.
    pub(crate) const ALL: [Self; 2] = [Self::Explicit, Self::Implicit];

    /// Its UID.
    pub(crate) fn uid(self) -> &'static str {
        match self {
            Self::Explicit => super::dataset::EXPLICIT_LE,
            Self::Implicit => "1.2.840.10008.1.2",
        }
    }
}

/// What becomes of elements on their way: another value, or none.
pub(crate) type Changes = BTreeMap<Tag, Option<(VR, Vec<u8>)>>;

/// Writes into a buffer.
pub(crate) struct Writer {
    pub(crate) out: Vec<u8>,
    plain: Plain,
    /// How the values that are written stand in their source.
    from: Syntax,
}

/// An element that cannot be written: encapsulated pixels inside a sequence, or a value of 4 GiB.
#[derive(Debug)]
pub(crate) struct Unwritable;

const UNDEFINED: u32 = u32::MAX;

impl Writer {
    pub(crate) fn new(plain: Plain, from: Syntax) -> Self {
        Self { out: Vec::new(), plain, from }
    }

    /// The elements of a data set in their order, with changes.
    pub(crate) fn data_set(&mut self, set: &DataSet<'_>, changes: &Changes) -> Result<(), Unwritable> {
        let mut changes = changes.iter().peekable();
        for element in &set.elements {
            while let Some((tag, change)) = changes.next_if(|(tag, _)| **tag < element.tag) {
                self.change(*tag, change.as_ref())?;
            }
            match changes.next_if(|(tag, _)| **tag == element.tag) {
                Some((tag, change)) => self.change(*tag, change.as_ref())?,
                None => self.element(element)?,
            }
        }
        changes.try_for_each(|(tag, change)| self.change(*tag, change.as_ref()))
    }

    fn change(&mut self, tag: Tag, change: Option<&(VR, Vec<u8>)>) -> Result<(), Unwritable> {
        change.map_or(Ok(()), |(vr, value)| self.value(tag, *vr, value))
    }

    fn element(&mut self, element: &Element<'_>) -> Result<(), Unwritable> {
        // Group lengths are no longer true, and are not needed.
        if element.tag.1 == 0 {
            return Ok(());
        }
        match &element.value {
            Value::Encapsulated => Err(Unwritable),
            Value::Bytes(bytes) if self.from.big_endian => {
                self.value(element.tag, element.vr, &to_little_endian(bytes, element.vr))
            }
            Value::Bytes(bytes) => self.value(element.tag, element.vr, bytes),
            Value::Items(items) => {
                self.head(element.tag, VR::SQ, UNDEFINED);
                for item in items {
                    self.mark(0xE000, UNDEFINED);
                    self.data_set(item, &Changes::new())?;
                    self.mark(0xE00D, 0);
                }
                self.mark(0xE0DD, 0);
                Ok(())
            }
        }
    }

    /// An element with a value in little endian; an odd one is padded.
    pub(crate) fn value(&mut self, tag: Tag, vr: VR, value: &[u8]) -> Result<(), Unwritable> {
        let even = value.len().next_multiple_of(2);
        let length = u32::try_from(even).ok().filter(|length| *length != UNDEFINED).ok_or(Unwritable)?;
        self.head(tag, vr, length);
        self.out.extend_from_slice(value);
        if even > value.len() {
            let text = is_short(vr) && vr != VR::UI || matches!(vr, VR::UT | VR::UC | VR::UR);
            self.out.push(if text { b' ' } else { 0 });
        }
        Ok(())
    }

    /// The head of an element.
    pub(crate) fn head(&mut self, tag: Tag, vr: VR, length: u32) {
        self.tag(tag);
        if self.plain == Plain::Implicit {
            self.out.extend(length.to_le_bytes());
            return;
        }
        match u16::try_from(length) {
            Ok(short) if is_short(vr) => {
                self.out.extend(vr.to_bytes());
                self.out.extend(short.to_le_bytes());
            }
            // A value too long for its VR is written as UN (PS3.5 §6.2.2).
            _ => {
                self.out.extend(if is_short(vr) { VR::UN } else { vr }.to_bytes());
                self.out.extend([0, 0]);
                self.out.extend(length.to_le_bytes());
            }
        }
    }

    fn tag(&mut self, tag: Tag) {
        self.out.extend(tag.0.to_le_bytes());
        self.out.extend(tag.1.to_le_bytes());
    }

    /// An item, or the end of one or of a sequence.
    fn mark(&mut self, element: u16, length: u32) {
        self.tag(Tag(0xFFFE, element));
        self.out.extend(length.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::dataset::EXPLICIT_LE;

    fn write(bytes: &[u8], from: &str, plain: Plain) -> Vec<u8> {
        let from = Syntax::of(from);
        let mut writer = Writer::new(plain, from);
        writer.data_set(&DataSet::parse_whole(bytes, from).unwrap(), &Changes::new()).unwrap();
        writer.out
    }

    const IMPLICIT: &str = "1.2.840.10008.1.2";

    /// Implicit VR: a name, a sequence with an item, a private element, Smallest Image Pixel Value of a signed image.
    fn implicit() -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |group: u16, element: u16, value: &[u8]| {
            out.extend(group.to_le_bytes());
            out.extend(element.to_le_bytes());
            out.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
            out.extend(value);
        };
        put(0x0008, 0x0000, &[9, 0, 0, 0]);
        put(0x0008, 0x1140, &[0xFE, 0xFF, 0, 0xE0, 12, 0, 0, 0, 8, 0, 0x55, 0x11, 4, 0, 0, 0, b'1', b'.', b'2', 0]);
        put(0x0010, 0x0010, b"A^B ");
        put(0x0011, 0x0010, b"ACME");
        put(0x0011, 0x1001, &[1, 2]);
        put(0x0028, 0x0103, &[1, 0]);
        put(0x0028, 0x0106, &[0xFF, 0xFF]);
        out
    }

    #[test]
    fn implicit_elements_get_the_vrs_of_the_dictionary() {
        let bytes = write(&implicit(), IMPLICIT, Plain::Explicit);
        let set = DataSet::parse_whole(&bytes, Syntax::of(EXPLICIT_LE)).unwrap();
        let vr = |tag| set.element(tag).unwrap().vr;
        assert!(set.element(Tag(8, 0)).is_none(), "group lengths are not written");
        assert_eq!(vr(Tag(0x0008, 0x1140)), VR::SQ);
        assert_eq!(set.items(Tag(0x0008, 0x1140))[0].ascii(Tag(0x0008, 0x1155)).unwrap(), "1.2");
        assert_eq!(vr(Tag(0x0010, 0x0010)), VR::PN);
        assert_eq!((vr(Tag(0x0011, 0x0010)), vr(Tag(0x0011, 0x1001))), (VR::LO, VR::UN));
        assert_eq!(vr(Tag(0x0028, 0x0106)), VR::SS, "by Pixel Representation");
    }

    #[test]
    fn there_and_back_says_the_same() {
        let explicit = write(&implicit(), IMPLICIT, Plain::Explicit);
        let back = write(&explicit, EXPLICIT_LE, Plain::Implicit);
        assert_eq!(write(&back, IMPLICIT, Plain::Explicit), explicit);
    }

    #[test]
    fn big_endian_values_are_turned_by_their_vr() {
        let big = [0, 0x28, 0, 0x10, b'U', b'S', 0, 2, 1, 2, 0, 0x28, 0, 0x30, b'D', b'S', 0, 2, b'1', b' '];
        let little = [0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 2, 1, 0x28, 0, 0x30, 0, b'D', b'S', 2, 0, b'1', b' '];
        assert_eq!(write(&big, "1.2.840.10008.1.2.2", Plain::Explicit), little);
    }

    #[test]
    fn a_value_too_long_for_its_vr_becomes_unknown() {
        let mut bytes = vec![0x28, 0, 0x30, 0];
        bytes.extend(70_000u32.to_le_bytes());
        bytes.extend(vec![b'1'; 70_000]);
        let explicit = write(&bytes, IMPLICIT, Plain::Explicit);
        assert_eq!(explicit[4..12], [b'U', b'N', 0, 0, 0x70, 0x11, 1, 0]);
    }

    #[test]
    fn nothing_is_left_out_silently() {
        let mut cut = implicit();
        cut.truncate(cut.len() - 1);
        assert!(DataSet::parse_whole(&cut, Syntax::of(IMPLICIT)).is_err());
        assert!(DataSet::parse(&cut, Syntax::of(IMPLICIT)).is_ok());
    }
}
