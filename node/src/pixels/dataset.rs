//! Reads the elements of a data set (or of its header alone) from bytes in memory, without trusting one length of it.
//!
//! Peers' headers were checked against a signed digest, which says that the custodian vouches for them, not that they
//! are well formed. So every length is compared with what is left, nesting ends at [`DEPTH_MAX`], elements are counted
//! against [`ELEMENTS_MAX`], and nothing is allocated by a declared length: values are slices of the input. What
//! follows a broken element is left out; what came before it is kept, as other archives do.
//!
//! # Not here
//! Characters: the doors'. Reading an object piece by piece: [`super::map`].

use dicom_core::{
    Tag, VR,
    dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr},
};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use std::{borrow::Cow, io::Read};

/// Deepest nesting of sequences read; real objects stay below 15.
const DEPTH_MAX: usize = 64;
/// Elements in one data set, nested ones included: enhanced multi-frame objects of 5,000 frames have 300,000.
const ELEMENTS_MAX: usize = 1_000_000;
/// A deflated data set is inflated up to this size, bytes: keeps a bomb from filling the memory.
pub(crate) const INFLATED_BYTES_MAX: u64 = 128 << 20;
/// "Undefined length" on the wire.
const UNDEFINED: u32 = u32::MAX;

/// How the elements of a data set are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    pub(crate) explicit: bool,
    pub(crate) big_endian: bool,
    pub(crate) deflated: bool,
    /// Pixel data come in fragments of a codec.
    pub(crate) encapsulated: bool,
}

/// The plain syntax: Explicit VR Little Endian.
pub(crate) const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";

impl Syntax {
    pub(crate) fn of(transfer_syntax: &str) -> Self {
        let plain = Self { explicit: true, big_endian: false, deflated: false, encapsulated: false };
        match transfer_syntax {
            "1.2.840.10008.1.2" | "1.2.840.113619.5.2" => Self { explicit: false, ..plain },
            EXPLICIT_LE => plain,
            "1.2.840.10008.1.2.2" => Self { big_endian: true, ..plain },
            "1.2.840.10008.1.2.1.99" => Self { deflated: true, ..plain },
            "1.2.840.10008.1.2.4.95" | "1.2.840.10008.1.2.4.205" => {
                Self { deflated: true, encapsulated: true, ..plain }
            }
            _ => Self { encapsulated: true, ..plain },
        }
    }
}

/// Why a data set is not read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DataSetError {
    #[error("sequences are nested too deeply")]
    Depth,
    #[error("too many elements")]
    Elements,
    #[error("the deflated data set is too large")]
    Size,
    /// Only said by [`DataSet::parse_whole`].
    #[error("the data set is broken")]
    Broken,
}

/// An attribute and its value.
#[derive(Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: Tag,
    pub(crate) vr: VR,
    pub(crate) value: Value<'a>,
}

#[derive(Debug)]
pub(crate) enum Value<'a> {
    Bytes(&'a [u8]),
    Items(Vec<DataSet<'a>>),
    /// Encapsulated pixel data: the reading ends there.
    Encapsulated,
}

/// Elements in ascending order of their tags.
#[derive(Debug, Default)]
pub(crate) struct DataSet<'a> {
    pub(crate) elements: Vec<Element<'a>>,
}

impl<'a> DataSet<'a> {
    /// Reads a data set that is not deflated (see [`inflate`]).
    pub(crate) fn parse(bytes: &'a [u8], syntax: Syntax) -> Result<Self, DataSetError> {
        let mut reader =
            Reader { bytes, at: 0, syntax, left: ELEMENTS_MAX, signed: false, ended: false, fragments: None };
        reader.set(bytes.len(), 0)
    }

    /// Reads a data set of which nothing may be left out.
    ///
    /// # Errors
    /// As [`Self::parse`]; [`DataSetError::Broken`] where an element cannot be read.
    pub(crate) fn parse_whole(bytes: &'a [u8], syntax: Syntax) -> Result<Self, DataSetError> {
        let mut reader =
            Reader { bytes, at: 0, syntax, left: ELEMENTS_MAX, signed: false, ended: false, fragments: None };
        let set = reader.set(bytes.len(), 0)?;
        if reader.ended || reader.at < bytes.len() { Err(DataSetError::Broken) } else { Ok(set) }
    }

    /// Reads a data set past its encapsulated pixel data, whose fragments it gives beside.
    pub(crate) fn parse_past(bytes: &'a [u8], syntax: Syntax) -> Result<(Self, Vec<&'a [u8]>), DataSetError> {
        let fragments = Some(Vec::new());
        let mut reader = Reader { bytes, at: 0, syntax, left: ELEMENTS_MAX, signed: false, ended: false, fragments };
        let set = reader.set(bytes.len(), 0)?;
        Ok((set, reader.fragments.unwrap_or_default()))
    }

    pub(crate) fn element(&self, tag: Tag) -> Option<&Element<'a>> {
        self.elements.binary_search_by_key(&tag, |e| e.tag).ok().and_then(|i| self.elements.get(i))
    }

    /// The plain bytes of a value.
    pub(crate) fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        match self.element(tag)?.value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn items(&self, tag: Tag) -> &[Self] {
        match self.element(tag).map(|e| &e.value) {
            Some(Value::Items(items)) => items,
            _ => &[],
        }
    }

    /// A value of the default repertoire (codes, UIDs, numbers as text), trimmed; `None` when empty.
    pub(crate) fn ascii(&self, tag: Tag) -> Option<String> {
        let text: String = self.bytes(tag)?.iter().map(|b| char::from(*b)).collect();
        let text = text.trim_matches(['\0', ' ']);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The first of the values as a number: binary or text.
    pub(crate) fn number(&self, tag: Tag, syntax: Syntax) -> Option<f64> {
        self.numbers(tag, syntax).first().copied()
    }

    pub(crate) fn numbers(&self, tag: Tag, syntax: Syntax) -> Vec<f64> {
        let Some(element) = self.element(tag) else { return Vec::new() };
        let Value::Bytes(bytes) = element.value else { return Vec::new() };
        match element.vr {
            VR::DS | VR::IS => self
                .ascii(tag)
                .unwrap_or_default()
                .split('\\')
                .map_while(|s| s.trim().parse().ok().filter(|n: &f64| n.is_finite()))
                .collect(),
            vr => Numbers::new(bytes, vr, syntax.big_endian).map(Number::as_f64).collect(),
        }
    }

    /// A small unsigned number such as Rows.
    pub(crate) fn count(&self, tag: Tag, syntax: Syntax) -> Option<u32> {
        let number = self.number(tag, syntax)?;
        // In bounds, so nothing is cut off.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        (0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as u32)
    }
}

/// Inflates a deflated data set (or as much as there is of it).
pub(crate) fn inflate(bytes: &[u8]) -> Result<Vec<u8>, DataSetError> {
    let mut out = Vec::new();
    // A prefix of a stream ends early: what came out by then is what there is.
    let _ended_early = flate2::read::DeflateDecoder::new(bytes).take(INFLATED_BYTES_MAX + 1).read_to_end(&mut out);
    if out.len() as u64 > INFLATED_BYTES_MAX { Err(DataSetError::Size) } else { Ok(out) }
}

/// The bytes of a header as elements stand in it: inflated where it was deflated.
pub(crate) fn readable<'a>(header: &'a [u8], syntax: Syntax) -> Result<Cow<'a, [u8]>, DataSetError> {
    if syntax.deflated { inflate(header).map(Cow::Owned) } else { Ok(Cow::Borrowed(header)) }
}

/// Bytes of a big-endian value in little-endian order.
pub(crate) fn to_little_endian(bytes: &[u8], vr: VR) -> Vec<u8> {
    let width = match vr {
        VR::OW | VR::US | VR::SS | VR::AT => 2,
        VR::OF | VR::OL | VR::UL | VR::SL | VR::FL => 4,
        VR::OD | VR::OV | VR::FD | VR::UV | VR::SV => 8,
        _ => 1,
    };
    bytes.chunks(width).flat_map(|word| word.iter().rev().copied()).collect()
}

/// Pixel data of a big-endian object in little-endian order. Cells wider than a word are swapped whole, as writers do
/// and readers expect.
pub(crate) fn pixels_to_little_endian(bytes: &[u8], vr: VR, allocated: u32) -> Vec<u8> {
    match (vr, allocated) {
        (VR::OW, 32) => to_little_endian(bytes, VR::OL),
        (VR::OW, 64) => to_little_endian(bytes, VR::OV),
        _ => to_little_endian(bytes, vr),
    }
}

/// A number of a binary VR.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Signed(i64),
    Unsigned(u64),
    Single(f32),
    Double(f64),
}

impl Number {
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Signed(n) => n as f64,
            Self::Unsigned(n) => n as f64,
            Self::Single(n) => f64::from(n),
            Self::Double(n) => n,
        }
    }
}

/// The numbers of a binary value.
pub(crate) struct Numbers<'a> {
    bytes: &'a [u8],
    vr: VR,
    big_endian: bool,
}

impl<'a> Numbers<'a> {
    pub(crate) fn new(bytes: &'a [u8], vr: VR, big_endian: bool) -> Self {
        Self { bytes, vr, big_endian }
    }

    fn word<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (word, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        let mut word = *word;
        if self.big_endian {
            word.reverse();
        }
        Some(word)
    }
}

impl Iterator for Numbers<'_> {
    type Item = Number;
    fn next(&mut self) -> Option<Number> {
        Some(match self.vr {
            VR::US | VR::OW => Number::Unsigned(u16::from_le_bytes(self.word()?).into()),
            VR::SS => Number::Signed(i16::from_le_bytes(self.word()?).into()),
            VR::UL | VR::OL => Number::Unsigned(u32::from_le_bytes(self.word()?).into()),
            VR::SL => Number::Signed(i32::from_le_bytes(self.word()?).into()),
            VR::UV | VR::OV => Number::Unsigned(u64::from_le_bytes(self.word()?)),
            VR::SV => Number::Signed(i64::from_le_bytes(self.word()?)),
            VR::FL | VR::OF => Number::Single(f32::from_le_bytes(self.word()?)),
            VR::FD | VR::OD => Number::Double(f64::from_le_bytes(self.word()?)),
            _ => return None,
        })
    }
}

/// An element's head: tag, VR, declared length and the size of the head itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) tag: Tag,
    pub(crate) vr: VR,
    /// `None`: undefined.
    pub(crate) length: Option<u32>,
    pub(crate) head_bytes: usize,
}

/// Reads an element's head at the start of these bytes (12 are always enough).
pub(crate) fn head(bytes: &[u8], syntax: Syntax, signed: bool) -> Option<Head> {
    let half = |at: usize| -> Option<u16> {
        let two: [u8; 2] = bytes.get(at..at + 2)?.try_into().ok()?;
        Some(if syntax.big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    };
    let whole = |at: usize| -> Option<u32> {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(if syntax.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    };
    let tag = Tag(half(0)?, half(2)?);
    let written: [u8; 2] = bytes.get(4..6)?.try_into().ok()?;
    // Items have no VR; neither have elements of writers that forgot it.
    let explicit = syntax.explicit && tag.0 != 0xFFFE && written.iter().all(u8::is_ascii_uppercase);
    let (vr, length, head_bytes) = if !explicit {
        (dictionary_vr(tag, signed), whole(4)?, 8)
    } else {
        let vr = VR::from_binary(written).unwrap_or(VR::UN);
        let short = VR::from_binary(written).is_none() || is_short(vr);
        if short { (vr, u32::from(half(6)?), 8) } else { (vr, whole(8)?, 12) }
    };
    Some(Head { tag, vr, length: (length != UNDEFINED).then_some(length), head_bytes })
}

/// VRs whose explicit length has 16 bits (PS3.5 §7.1.2).
pub(crate) fn is_short(vr: VR) -> bool {
    use VR::{AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, PN, SH, SL, SS, ST, TM, UI, UL, US};
    matches!(vr, AE | AS | AT | CS | DA | DS | DT | FD | FL | IS | LO | LT | PN | SH | SL | SS | ST | TM | UI | UL | US)
}

/// The VR of an attribute by the dictionary; `signed`: Pixel Representation is 1.
pub(crate) fn dictionary_vr(tag: Tag, signed: bool) -> VR {
    if tag.1 == 0 {
        return VR::UL;
    }
    if tag.0 % 2 == 1 {
        return if (0x10..=0xff).contains(&tag.1) { VR::LO } else { VR::UN };
    }
    match StandardDataDictionary.by_tag(tag).map(DataDictionaryEntry::vr) {
        Some(VirtualVr::Xs) if signed => VR::SS,
        Some(vr) => vr.relaxed(),
        None => VR::UN,
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    syntax: Syntax,
    /// Elements still allowed.
    left: usize,
    signed: bool,
    /// Nothing after this point can be read.
    ended: bool,
    /// Those of the pixels, where the reading goes on behind them.
    fragments: Option<Vec<&'a [u8]>>,
}

impl<'a> Reader<'a> {
    /// Reads elements up to `end` or an item delimiter.
    fn set(&mut self, end: usize, depth: usize) -> Result<DataSet<'a>, DataSetError> {
        if depth > DEPTH_MAX {
            return Err(DataSetError::Depth);
        }
        let mut elements: Vec<Element<'a>> = Vec::new();
        while !self.ended && self.at < end {
            let Some(head) = self.bytes.get(self.at..end).and_then(|rest| head(rest, self.syntax, self.signed)) else {
                self.ended = true;
                break;
            };
            if head.tag.0 == 0xFFFE {
                self.at += head.head_bytes;
                break;
            }
            self.left = self.left.checked_sub(1).ok_or(DataSetError::Elements)?;
            self.at += head.head_bytes;
            if let Some(element) = self.element(head, end, depth)? {
                elements.push(element);
            }
        }
        if !elements.is_sorted_by(|a, b| a.tag < b.tag) {
            elements.sort_by_key(|e| e.tag);
            elements.dedup_by_key(|e| e.tag);
        }
        Ok(DataSet { elements })
    }

    fn element(&mut self, head: Head, end: usize, depth: usize) -> Result<Option<Element<'a>>, DataSetError> {
        let Head { tag, mut vr, length, .. } = head;
        let Some(length) = length else {
            if tag == tags::PIXEL_DATA || matches!(vr, VR::OB | VR::OW) {
                // Fragments of an icon are passed over; those of the image end the reading, unless they are wanted.
                self.ended = depth == 0 && self.fragments.is_none() || !self.pass_fragments(end, depth);
                return Ok(Some(Element { tag, vr, value: Value::Encapsulated }));
            }
            let items = self.items_as(vr, end, depth)?;
            return Ok(Some(Element { tag, vr: VR::SQ, value: Value::Items(items) }));
        };
        let Some(value_end) =
            usize::try_from(length).ok().and_then(|l| self.at.checked_add(l)).filter(|value_end| *value_end <= end)
        else {
            self.ended = true;
            return Ok(None);
        };
        let written = vr;
        if vr == VR::UN && tag.0.is_multiple_of(2) {
            vr = dictionary_vr(tag, self.signed);
        }
        if vr == VR::SQ {
            let items = self.items_as(written, value_end, depth)?;
            self.at = value_end;
            return Ok(Some(Element { tag, vr, value: Value::Items(items) }));
        }
        let value = self.bytes.get(self.at..value_end).unwrap_or_default();
        self.at = value_end;
        if tag == tags::PIXEL_REPRESENTATION {
            self.signed = value.contains(&1);
        }
        Ok(Some(Element { tag, vr, value: Value::Bytes(value) }))
    }

    /// Goes behind encapsulated pixel data.
    fn pass_fragments(&mut self, end: usize, depth: usize) -> bool {
        while let Some(head) = self.bytes.get(self.at..end).and_then(|rest| head(rest, self.syntax, false)) {
            self.at += head.head_bytes;
            match (head.tag, head.length) {
                (Tag(0xFFFE, 0xE0DD), _) => return true,
                (Tag(0xFFFE, 0xE000), Some(length)) if length as usize <= end - self.at.min(end) => {
                    let fragment = self.bytes.get(self.at..self.at + length as usize).unwrap_or_default();
                    if let Some(fragments) = self.fragments.as_mut().filter(|_| depth == 0) {
                        fragments.push(fragment);
                    }
                    self.at += length as usize;
                }
                _ => return false,
            }
        }
        false
    }

    /// Reads the items of a sequence; one written as UN is in Implicit VR (PS3.5 §6.2.2).
    fn items_as(&mut self, written: VR, end: usize, depth: usize) -> Result<Vec<DataSet<'a>>, DataSetError> {
        let before = self.syntax;
        if written == VR::UN {
            self.syntax.explicit = false;
        }
        let items = self.items(end, depth);
        self.syntax = before;
        items
    }

    fn items(&mut self, end: usize, depth: usize) -> Result<Vec<DataSet<'a>>, DataSetError> {
        let mut items = Vec::new();
        while !self.ended && self.at < end {
            let Some(head) = self.bytes.get(self.at..end).and_then(|rest| head(rest, self.syntax, self.signed)) else {
                self.ended = true;
                break;
            };
            if head.tag != Tag(0xFFFE, 0xE000) {
                // The delimiter ends the sequence; anything else is not ours to read.
                self.ended = head.tag != Tag(0xFFFE, 0xE0DD);
                self.at += head.head_bytes;
                break;
            }
            self.left = self.left.checked_sub(1).ok_or(DataSetError::Elements)?;
            self.at += head.head_bytes;
            let item_end = match head.length {
                None => end,
                Some(length) => {
                    let item_end = usize::try_from(length).ok().and_then(|l| self.at.checked_add(l));
                    let Some(item_end) = item_end.filter(|item_end| *item_end <= end) else {
                        self.ended = true;
                        break;
                    };
                    item_end
                }
            };
            items.push(self.set(item_end, depth + 1)?);
            if head.length.is_some() && !self.ended {
                self.at = item_end;
            }
        }
        Ok(items)
    }
}
