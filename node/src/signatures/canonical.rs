//! The stream of bytes that a signature is made over (PS3.3 C.12.1.1.3.1.1): explicit VR little endian, elements in the
//! order of their tags; sequences, items and fragments without their lengths, ended by a delimiter's tag.

use crate::pixels::dataset::{DataSet, Element, Value, is_short, to_little_endian};
use aws_lc_rs::digest;
use dicom_core::{Tag, VR};

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
const MAC_PARAMETERS: Tag = Tag(0x4FFE, 0x0001);
const PADDING: Tag = Tag(0xFFFC, 0xFFFC);

/// An element that must not be signed, or cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsignable;

/// Feeds elements to a hash.
pub(super) struct Stream {
    context: digest::Context,
    big_endian: bool,
}

impl Stream {
    pub(super) fn new(algorithm: &'static digest::Algorithm, big_endian: bool) -> Self {
        Self { context: digest::Context::new(algorithm), big_endian }
    }

    pub(super) fn finish(self) -> digest::Digest {
        self.context.finish()
    }

    fn tag(&mut self, Tag(group, number): Tag) {
        self.context.update(&group.to_le_bytes());
        self.context.update(&number.to_le_bytes());
    }

    /// An element of the data set itself; `fragments`: those of its pixels, where they are encapsulated.
    pub(super) fn element(&mut self, element: &Element<'_>, fragments: &[&[u8]]) -> Result<(), Unsignable> {
        if !is_signable(element) {
            return Err(Unsignable);
        }
        match &element.value {
            Value::Bytes(bytes) => self.plain(element, bytes),
            Value::Items(items) => self.sequence(element.tag, items),
            Value::Encapsulated => {
                self.tag(element.tag);
                self.context.update(b"OB\0\0");
                for fragment in fragments {
                    self.tag(ITEM);
                    self.context.update(fragment);
                }
                self.tag(SEQUENCE_END);
                Ok(())
            }
        }
    }

    fn plain(&mut self, element: &Element<'_>, bytes: &[u8]) -> Result<(), Unsignable> {
        let swapped = self.big_endian.then(|| to_little_endian(bytes, element.vr));
        let value = swapped.as_deref().unwrap_or(bytes);
        let length = u32::try_from(value.len().next_multiple_of(2)).map_err(|_| Unsignable)?;
        self.tag(element.tag);
        self.context.update(element.vr.to_string().as_bytes());
        if is_short(element.vr) {
            self.context.update(&u16::try_from(length).map_err(|_| Unsignable)?.to_le_bytes());
        } else {
            self.context.update(&[0, 0]);
            self.context.update(&length.to_le_bytes());
        }
        self.context.update(value);
        if value.len() % 2 == 1 {
            let is_text =
                is_short(element.vr) && element.vr != VR::UI || matches!(element.vr, VR::UT | VR::UC | VR::UR);
            self.context.update(if is_text { b" " } else { b"\0" });
        }
        Ok(())
    }

    fn sequence(&mut self, tag: Tag, items: &[DataSet<'_>]) -> Result<(), Unsignable> {
        self.tag(tag);
        self.context.update(b"SQ\0\0");
        for item in items {
            self.tag(ITEM);
            for element in item.elements.iter().filter(|element| !is_left_out(element.tag)) {
                match &element.value {
                    Value::Bytes(bytes) if element.vr != VR::UN => self.plain(element, bytes)?,
                    Value::Items(items) => self.sequence(element.tag, items)?,
                    Value::Bytes(_) | Value::Encapsulated => return Err(Unsignable),
                }
            }
        }
        self.tag(SEQUENCE_END);
        Ok(())
    }
}

/// Whether it may be signed (PS3.3 C.12.1.1.3.1.1).
pub(super) fn is_signable(element: &Element<'_>) -> bool {
    element.tag.0 >= 8 && !is_left_out(element.tag) && element.vr != VR::UN
}

/// What no signature is made over, in items of sequences too: lengths of groups, signatures and what they are made by,
/// padding.
fn is_left_out(tag: Tag) -> bool {
    tag.1 == 0 || tag.0 == 0xFFFA || tag == MAC_PARAMETERS || tag == PADDING
}
