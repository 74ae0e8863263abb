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
pub(super) type Changes = BTreeMap<Tag, Option<(VR, Vec<u8>)>>;

/// Writes into a buffer.
pub(super) struct Writer {
    pub(super) out: Vec<u8>,
    plain: Plain,
    /// How the values that are written stand in their source.
    from: Syntax,
}

/// An element that cannot be written: encapsulated pixels inside a sequence, or a value of 4 GiB.
#[derive(Debug)]
pub(super) struct Unwritable;

const UNDEFINED: u32 = u32::MAX;

impl Writer {
    pub(super) fn new(plain: Plain, from: Syntax) -> Self {
        Self { out: Vec::new(), plain, from }
    }

    /// The elements of a data set in their order, with changes.
    pub(super) fn data_set(&mut self, set: &DataSet<'_>, changes: &Changes) -> Result<(), Unwritable> {
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
    pub(super) fn value(&mut self, tag: Tag, vr: VR, value: &[u8]) -> Result<(), Unwritable> {
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
    pub(super) fn head(&mut self, tag: Tag, vr: VR, length: u32) {
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
