//! The walk over a data set's elements. It keeps its own stack, so that no nesting reaches the thread's.

use super::{ScanError, attributes::Found, source::Source};
use dicom_core::{Tag, VR, dictionary::DataDictionary, dictionary::DataDictionaryEntry};

/// Nesting of sequences; real objects stay below ten.
const DEPTH_MAX: usize = 64;
/// Elements and fragments together: a multi-frame object of some 100,000 frames has as many.
const ELEMENTS_MAX: u64 = 2_000_000;
/// From this size on a value is bulk where no rule of the standard says so.
const LARGE_BYTES: u64 = 64 * 1024;
const UNDEFINED: u32 = u32::MAX;

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    ImplicitLe,
    ExplicitLe,
    ExplicitBe,
}

/// Where the parts of a data set lie.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    /// Start of the first element that the standard calls bulk.
    pub(super) bulk: Option<u64>,
    /// Start of the first large value of any other element.
    pub(super) large: Option<u64>,
    /// End of the last top-level element that ends within the bound of headers.
    pub(super) boundary: u64,
    pub(super) has_pixels: bool,
    pub(super) bytes: u64,
}

struct Element {
    tag: u32,
    vr: Vr,
    length: u32,
    head: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Vr {
    Sequence,
    Unknown,
    Bytes,
    Other,
}

struct Frame {
    /// Where it ends, when its length is defined.
    end: Option<u64>,
    is_item: bool,
    coding: Coding,
    /// Of a sequence.
    tag: u32,
}

pub(super) struct Walk<'a, S: Source> {
    source: &'a mut S,
    coding: Coding,
    header_max: u64,
    stack: Vec<Frame>,
    elements: u64,
    /// The top-level element being passed: tag and start.
    top: (u32, u64),
    layout: Layout,
    found: &'a mut Found,
}

const ITEM: u32 = 0xFFFE_E000;
const ITEM_END: u32 = 0xFFFE_E00D;
const SEQUENCE_END: u32 = 0xFFFE_E0DD;
const WAVEFORMS: u32 = 0x5400_0100;

fn is_pixels(tag: u32) -> bool {
    matches!(tag, 0x7FE0_0008..=0x7FE0_0010)
}

/// Bulk by name: pixels, documents, spectra.
fn is_bulk(tag: u32) -> bool {
    is_pixels(tag) || matches!(tag, 0x0042_0011 | 0x5600_0020)
}

impl<'a, S: Source> Walk<'a, S> {
    pub(super) fn new(source: &'a mut S, coding: Coding, header_max: u64, found: &'a mut Found) -> Self {
        let layout = Layout::default();
        Self { source, coding, header_max, stack: Vec::new(), elements: 0, top: (0, 0), layout, found }
    }

    /// Walks to the end. On an error, what was found so far stays found.
    pub(super) fn run(mut self) -> Result<Layout, ScanError> {
        loop {
            self.close_ended();
            if self.source.peek(1)?.is_empty() {
                break;
            }
            self.elements += 1;
            if self.elements > ELEMENTS_MAX {
                return Err(ScanError::TooLarge("elements"));
            }
            let is_sequence = self.stack.last().is_some_and(|frame| !frame.is_item);
            let goes_on = if is_sequence { self.item()? } else { self.element()? };
            if !goes_on {
                break;
            }
        }
        if !self.stack.is_empty() {
            return Err(ScanError::Malformed("it ends inside a sequence"));
        }
        self.layout.bytes = self.source.position();
        Ok(self.layout)
    }

    fn close_ended(&mut self) {
        while self.stack.last().is_some_and(|frame| frame.end == Some(self.source.position())) {
            self.pop();
        }
    }

    fn pop(&mut self) {
        self.stack.pop();
        if self.stack.is_empty() {
            let (tag, start) = self.top;
            let end = self.source.position();
            if tag == WAVEFORMS && end - start > LARGE_BYTES {
                self.layout.bulk.get_or_insert(start);
            }
            self.passed(end);
        }
    }

    /// A top-level element ends here.
    fn passed(&mut self, end: u64) {
        if end <= self.header_max {
            self.layout.boundary = end;
        }
    }

    fn coding(&self) -> Coding {
        self.stack.last().map_or(self.coding, |frame| frame.coding)
    }

    /// Whether a value of this length, starting here, ends within everything around it.
    fn fits(&self, length: u64) -> bool {
        let end = self.source.position().saturating_add(length);
        self.source.may_have(length) && self.stack.iter().rev().find_map(|f| f.end).is_none_or(|limit| end <= limit)
    }

    fn pass(&mut self, length: u64) -> Result<(), ScanError> {
        if self.fits(length) && self.source.skip(length)? {
            Ok(())
        } else {
            Err(ScanError::Malformed("a value is longer than what is left"))
        }
    }

    /// `tag`: of a sequence; an item has that of items.
    fn push(&mut self, length: u32, tag: u32, coding: Coding) -> Result<(), ScanError> {
        if self.stack.len() >= 2 * DEPTH_MAX {
            return Err(ScanError::TooLarge("nested sequences"));
        }
        let end = if length == UNDEFINED {
            None
        } else if self.fits(u64::from(length)) {
            Some(self.source.position() + u64::from(length))
        } else {
            return Err(ScanError::Malformed("a sequence is longer than what is left"));
        };
        self.stack.push(Frame { end, is_item: tag == ITEM, coding, tag });
        Ok(())
    }

    /// Tag and 32-bit length, as items and implicit elements have them.
    fn tag_and_length(&mut self, coding: Coding) -> Result<(u32, u32), ScanError> {
        match self.source.peek(8)? {
            &[a, b, c, d, e, f, g, h] => Ok((tag(coding, [a, b, c, d]), number(coding, [e, f, g, h]))),
            _ => Err(ScanError::Malformed("it ends inside an element's head")),
        }
    }

    /// Inside a sequence: an item begins, or the sequence ends.
    fn item(&mut self) -> Result<bool, ScanError> {
        let coding = self.coding();
        let (tag, length) = self.tag_and_length(coding)?;
        self.pass(8)?;
        match tag {
            ITEM => {
                if self.stack.len() == 1 {
                    self.found.begin_item(self.top.0);
                }
                self.push(length, ITEM, coding)?;
            }
            SEQUENCE_END if self.stack.last().is_some_and(|frame| frame.end.is_none()) => self.pop(),
            _ => return Err(ScanError::Malformed("something other than an item in a sequence")),
        }
        Ok(true)
    }

    /// At top level or inside an item: an element, or the item's end.
    fn element(&mut self) -> Result<bool, ScanError> {
        let element = self.head()?;
        if element.tag >> 16 == 0xFFFE {
            self.pass(8)?;
            let ends_item = element.tag == ITEM_END && self.stack.last().is_some_and(|f| f.end.is_none());
            if ends_item {
                self.pop();
            } else if !(self.stack.is_empty() && element.tag != ITEM && element.length == 0) {
                return Err(ScanError::Malformed("a delimiter where none belongs"));
            }
            return Ok(true);
        }
        if element.tag == 0 && self.stack.is_empty() {
            return self.padding();
        }
        let start = self.source.position();
        self.pass(element.head)?;
        if self.stack.is_empty() {
            self.top = (element.tag, start);
            self.note_bulk(&element, start);
        }
        self.value(&element)?;
        Ok(true)
    }

    fn note_bulk(&mut self, element: &Element, start: u64) {
        if is_bulk(element.tag) {
            self.layout.bulk.get_or_insert(start);
            self.layout.has_pixels |= is_pixels(element.tag);
        } else if element.vr != Vr::Sequence && element.length != UNDEFINED && u64::from(element.length) > LARGE_BYTES {
            self.layout.large.get_or_insert(start);
            // Behind everything that display needs, such a value is as good as pixels.
            if element.tag > 0x5201_0000 && element.vr != Vr::Other {
                self.layout.bulk.get_or_insert(start);
            }
        }
    }

    fn value(&mut self, element: &Element) -> Result<(), ScanError> {
        let coding = self.coding();
        if element.length == UNDEFINED {
            return match element.vr {
                _ if is_pixels(element.tag) => self.fragments(coding),
                Vr::Unknown if coding != Coding::ImplicitLe => self.push(UNDEFINED, element.tag, Coding::ImplicitLe),
                Vr::Sequence | Vr::Unknown => self.push(UNDEFINED, element.tag, coding),
                Vr::Bytes | Vr::Other => Err(ScanError::Malformed("a value without length that may not be so")),
            };
        }
        if element.vr == Vr::Sequence && (element.length == 0 || self.begins_with_item(coding)?) {
            self.push(element.length, element.tag, coding)?;
            self.close_ended();
            return Ok(());
        }
        let length = u64::from(element.length);
        if self.stack.is_empty() && self.fits(length) && self.found.wants(element.tag) {
            let kept = element.length.min(super::VALUE_BYTES_MAX);
            let value = self.source.peek(kept as usize)?;
            self.found.keep(element.tag, value)?;
        } else if matches!(self.stack.len(), 2 | 4) && self.found.wants_within(self.top.0) && self.fits(length) {
            let inner = self.stack.get(2).map(|frame| frame.tag);
            let value = self.source.peek(element.length.min(super::VALUE_BYTES_MAX) as usize)?;
            self.found.keep_within(self.top.0, inner, element.tag, value);
        }
        self.pass(length)?;
        if self.stack.is_empty() {
            self.passed(self.source.position());
        }
        Ok(())
    }

    fn begins_with_item(&mut self, coding: Coding) -> Result<bool, ScanError> {
        Ok(match self.source.peek(4)? {
            &[a, b, c, d] => coding != Coding::ImplicitLe || matches!(tag(coding, [a, b, c, d]), ITEM | SEQUENCE_END),
            _ => false,
        })
    }

    /// Encapsulated pixels: items of bytes up to the delimiter.
    fn fragments(&mut self, coding: Coding) -> Result<(), ScanError> {
        loop {
            self.elements += 1;
            if self.elements > ELEMENTS_MAX {
                return Err(ScanError::TooLarge("fragments"));
            }
            let (tag, length) = self.tag_and_length(coding)?;
            self.pass(8)?;
            match tag {
                ITEM if length != UNDEFINED => self.pass(u64::from(length))?,
                SEQUENCE_END => break,
                _ => return Err(ScanError::Malformed("something other than a fragment in pixel data")),
            }
        }
        if self.stack.is_empty() {
            self.passed(self.source.position());
        }
        Ok(())
    }

    /// Zeroes up to the end are padding; anything else is not.
    fn padding(&mut self) -> Result<bool, ScanError> {
        loop {
            let bytes = self.source.peek(super::source::PEEK_BYTES_MAX)?;
            if bytes.is_empty() {
                return Ok(false);
            }
            if bytes.iter().any(|b| *b != 0) {
                return Err(ScanError::Malformed("something behind the last element"));
            }
            let passed = bytes.len() as u64;
            self.source.skip(passed)?;
        }
    }

    fn head(&mut self) -> Result<Element, ScanError> {
        let coding = self.coding();
        let bytes = self.source.peek(12)?;
        let &[a, b, c, d, v1, v2, l1, l2, ..] = bytes else {
            let is_padding = self.stack.is_empty() && bytes.iter().all(|b| *b == 0);
            let zero = Element { tag: 0, vr: Vr::Other, length: 0, head: 0 };
            return is_padding.then_some(zero).ok_or(ScanError::Malformed("it ends inside an element's head"));
        };
        let tag = tag(coding, [a, b, c, d]);
        if coding == Coding::ImplicitLe || tag >> 16 == 0xFFFE {
            let vr = if coding == Coding::ImplicitLe { dictionary_vr(tag) } else { Vr::Other };
            return Ok(Element { tag, vr, length: number(coding, [v1, v2, l1, l2]), head: 8 });
        }
        let vr = VR::from_binary([v1, v2]);
        let is_long = match vr {
            Some(VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::SQ | VR::SV) => true,
            Some(VR::UC | VR::UN | VR::UR | VR::UT | VR::UV) => true,
            Some(_) => false,
            // New representations have the long form, whose two reserved bytes are zero.
            None => l1 == 0 && l2 == 0,
        };
        let kind = match vr {
            Some(VR::SQ) => Vr::Sequence,
            Some(VR::UN) | None => Vr::Unknown,
            Some(VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW) => Vr::Bytes,
            Some(_) => Vr::Other,
        };
        if !is_long {
            let length = match coding {
                Coding::ExplicitBe => u16::from_be_bytes([l1, l2]),
                Coding::ExplicitLe | Coding::ImplicitLe => u16::from_le_bytes([l1, l2]),
            };
            return Ok(Element { tag, vr: kind, length: u32::from(length), head: 8 });
        }
        match bytes.get(8..12) {
            Some(&[a, b, c, d]) => Ok(Element { tag, vr: kind, length: number(coding, [a, b, c, d]), head: 12 }),
            _ => Err(ScanError::Malformed("it ends inside an element's head")),
        }
    }
}

fn number(coding: Coding, bytes: [u8; 4]) -> u32 {
    match coding {
        Coding::ExplicitBe => u32::from_be_bytes(bytes),
        Coding::ExplicitLe | Coding::ImplicitLe => u32::from_le_bytes(bytes),
    }
}

fn tag(coding: Coding, [a, b, c, d]: [u8; 4]) -> u32 {
    match coding {
        Coding::ExplicitBe => u32::from_be_bytes([a, b, c, d]),
        Coding::ExplicitLe | Coding::ImplicitLe => u32::from_be_bytes([b, a, d, c]),
    }
}

/// Implicit elements say no VR; only sequences and byte strings need to be told from the rest.
fn dictionary_vr(tag: u32) -> Vr {
    let [a, b, c, d] = tag.to_be_bytes();
    let tag = Tag(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    match dicom_dictionary_std::StandardDataDictionary.by_tag(tag).map(|entry| entry.vr().relaxed()) {
        Some(VR::SQ) => Vr::Sequence,
        Some(VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW) => Vr::Bytes,
        Some(VR::UN) | None => Vr::Unknown,
        Some(_) => Vr::Other,
    }
}
