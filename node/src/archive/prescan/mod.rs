//! The first look at bytes from outside, before any other parser sees them.
//!
//! It walks a data set without recursion and without believing a length: every declared length must lie within what is
//! left and within what it stands in, nesting and number of elements are bounded, deflated bytes are inflated up to a
//! bound. What passes is safe to give to a parser that trusts lengths. On its way it picks what rows need and finds
//! where the header ends. As other archives do, it takes odd lengths, unknown value representations, padding at the
//! end, missing optional elements and elements out of order.
//!
//! The **header** is the data set up to its first bulk element (pixels, document, spectrum, waveforms, or a large byte
//! value behind everything display needs), whole elements only, within [`HEADER_BYTES_MAX`]. A deflated data set
//! cannot be cut: its header is all of its stored bytes, or nothing when they are over the bound.
//!
//! # Not here
//! Preamble and meta group: [`super::part10`]. Decoding pixels: the doors.

use super::rows::{SeriesSays, StudySays};
use attributes::Found;
use protocol::{Uid, coding::Grid, limits::HEADER_BYTES_MAX};
use scan::{Layout, Walk};
use source::{Inflated, Range, Slice, Source, Window};
use std::fs::File;

mod attributes;
mod charset;
mod scan;
mod source;

#[cfg(test)]
mod tests;

pub(super) use scan::Coding;

/// Bytes kept of a value: the longest one wanted is some 600 bytes of a name in three scripts.
const VALUE_BYTES_MAX: u32 = 2048;

/// Why a data set is not taken in.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScanError {
    #[error("{0}")]
    Malformed(&'static str),
    #[error("{0}")]
    TooLarge(&'static str),
    #[error(transparent)]
    Io(std::io::Error),
}

/// Bytes of a data set.
#[derive(Clone, Copy, Debug)]
pub(super) enum DataSet<'a> {
    Memory(&'a [u8]),
    /// A file, where the data set starts in it, and its size.
    File(&'a File, u64, u64),
}

impl DataSet<'_> {
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, _, bytes) => *bytes,
        }
    }
}

/// What a data set says of itself.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) sop_class: Option<Uid>,
    pub(super) sop_instance: Option<Uid>,
    pub(super) study: StudySays,
    pub(super) series: SeriesSays,
    pub(super) number: Option<i32>,
    pub(super) frames: u32,
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) header_bytes: u32,
}

/// See [`super::text_of`].
pub(super) fn text(charset: &[u8], value: &[u8]) -> Option<String> {
    charset::Charsets::parse(charset).text(value)
}

/// Text in the character set that a data set declares; what it cannot write becomes `?`. Where none is declared: UTF-8.
pub(super) fn encode(charset: &[u8], text: &str) -> Vec<u8> {
    charset::Charsets::parse(charset).encode(text)
}

/// The whole of a value in the character sets that a data set declares.
pub(super) fn decode(charset: &[u8], value: &[u8]) -> String {
    charset::Charsets::parse(charset).decode(value)
}

/// Whether a text can be written in the character set that a data set declares without losing a letter.
pub(super) fn fits(charset: &[u8], text: &str) -> bool {
    let charsets = charset::Charsets::parse(charset);
    charsets.decode(&charsets.encode(text)) == text
}

/// Whether the data set of a transfer syntax is deflated, and how its elements are written. What is not known is read
/// as explicit little endian, as PS3.5 asks of all encapsulated syntaxes.
pub(super) fn coding_of(transfer_syntax: &Uid) -> (bool, Coding) {
    match transfer_syntax.as_str() {
        "1.2.840.10008.1.2" | "1.2.840.113619.5.2" => (false, Coding::ImplicitLe),
        "1.2.840.10008.1.2.2" => (false, Coding::ExplicitBe),
        "1.2.840.10008.1.2.1.99" | "1.2.840.10008.1.2.4.95" | "1.2.840.10008.1.2.4.205" => (true, Coding::ExplicitLe),
        _ => (false, Coding::ExplicitLe),
    }
}

/// The transfer syntax of a bare data set, by the look of its first element.
pub(super) fn guess(front: &[u8]) -> Option<&'static str> {
    let &[a, b, _, _, v1, v2, ..] = front else { return None };
    let is_vr = dicom_core::VR::from_binary([v1, v2]).is_some();
    // The first group is a low even number: 0008 in practice.
    match (a, b, is_vr) {
        (2..=0x10, 0, true) => Some("1.2.840.10008.1.2.1"),
        (2..=0x10, 0, false) => Some("1.2.840.10008.1.2"),
        (0, 2..=0x10, true) => Some("1.2.840.10008.1.2.2"),
        _ => None,
    }
}

/// Looks at a whole data set.
///
/// # Errors
/// See [`ScanError`].
pub(super) fn scan(data: DataSet<'_>, transfer_syntax: &Uid) -> Result<Scanned, ScanError> {
    let (is_deflated, coding) = coding_of(transfer_syntax);
    let mut found = Found::default();
    let layout = match (data, is_deflated) {
        (DataSet::Memory(bytes), false) => walk(&mut Slice::new(bytes), coding, &mut found),
        (DataSet::Memory(bytes), true) => walk(&mut Window::new(Inflated::new(bytes)), coding, &mut found),
        (DataSet::File(file, start, bytes), false) => {
            walk(&mut Window::new(Range::new(file, start, bytes)), coding, &mut found)
        }
        (DataSet::File(file, start, bytes), true) => {
            walk(&mut Window::new(Inflated::new(Range::new(file, start, bytes))), coding, &mut found)
        }
    }?;
    if layout.bytes == 0 {
        return Err(ScanError::Malformed("no data set"));
    }
    let header = if is_deflated { whole_or_nothing(data.bytes()) } else { header_end(&layout) };
    Ok(Scanned {
        sop_class: found.sop_class()?,
        sop_instance: found.sop_instance()?,
        study: found.study()?,
        series: found.series()?,
        number: found.instance_number(),
        frames: found.frames(layout.has_pixels, layout.bytes),
        rows: found.rows(coding),
        columns: found.columns(coding),
        header_bytes: u32::try_from(header).unwrap_or(0),
    })
}

fn walk<S: Source>(source: &mut S, coding: Coding, found: &mut Found) -> Result<Layout, ScanError> {
    Walk::new(source, coding, HEADER_BYTES_MAX, found).run()
}

fn whole_or_nothing(bytes: u64) -> u64 {
    if bytes <= HEADER_BYTES_MAX { bytes } else { 0 }
}

fn header_end(layout: &Layout) -> u64 {
    let end = layout.bulk.unwrap_or(layout.bytes);
    if end <= HEADER_BYTES_MAX {
        return end;
    }
    layout.large.filter(|large| *large <= HEADER_BYTES_MAX).unwrap_or(layout.boundary)
}

/// What the front of a data set says of its study, its series and itself; `None` where it names no study.
pub(super) fn says_in_front(front: &[u8], transfer_syntax: &Uid) -> Option<(StudySays, SeriesSays, Option<Uid>)> {
    let (is_deflated, coding) = coding_of(transfer_syntax);
    let mut found = Found::default();
    // Cut somewhere, as below.
    let _ = if is_deflated {
        walk(&mut Window::new(Inflated::new(front)), coding, &mut found)
    } else {
        walk(&mut Slice::new(front), coding, &mut found)
    };
    Some((found.study().ok()?, found.series().ok()?, found.sop_instance().ok().flatten()))
}

/// Whether a transfer syntax leaves pixel data as it is (PS3.5 A.1, A.2, A.3).
pub(super) fn is_native(transfer_syntax: &Uid) -> bool {
    matches!(transfer_syntax.as_str(), "1.2.840.10008.1.2" | "1.2.840.10008.1.2.1" | "1.2.840.10008.1.2.2")
}

/// Bytes behind a header that [`grid`] looks at: the head of the element there.
pub(super) const ELEMENT_HEAD_BYTES: u64 = 12;

/// How samples stand in native pixel data, where they begin and where they end; `front` is the header and the head of the
/// element behind it. What is wrong here costs nothing but how well the pixels can be coded.
pub(super) fn grid(front: &[u8], header_bytes: usize, transfer_syntax: &Uid) -> Option<(Grid, u64, u64)> {
    let (_, coding) = coding_of(transfer_syntax);
    let (header, head) = front.split_at_checked(header_bytes)?;
    let (length, head_bytes) = match (head, coding) {
        ([0xE0, 0x7F, 0x10, 0, a, b, c, d, ..], Coding::ImplicitLe) => (u32::from_le_bytes([*a, *b, *c, *d]), 8),
        ([0xE0, 0x7F, 0x10, 0, b'O', _, _, _, a, b, c, d, ..], Coding::ExplicitLe) => {
            (u32::from_le_bytes([*a, *b, *c, *d]), 12)
        }
        ([0x7F, 0xE0, 0, 0x10, b'O', _, _, _, a, b, c, d, ..], Coding::ExplicitBe) => {
            (u32::from_be_bytes([*a, *b, *c, *d]), 12)
        }
        _ => return None,
    };
    let mut found = Found::of_pixels();
    walk(&mut Slice::new(header), coding, &mut found).ok()?;
    let start = header_bytes as u64 + head_bytes;
    Some((found.grid(coding)?, start, start + u64::from(length)))
}

/// SOP Class and SOP Instance UID from the front of a data set, as far as it is there.
pub(super) fn names_in_front(front: &[u8], transfer_syntax: &Uid) -> (Option<Uid>, Option<Uid>) {
    let (is_deflated, coding) = coding_of(transfer_syntax);
    let mut found = Found::default();
    // The front is cut somewhere, so that an error is expected; what stands before it counts.
    let _ = if is_deflated {
        walk(&mut Window::new(Inflated::new(front)), coding, &mut found)
    } else {
        walk(&mut Slice::new(front), coding, &mut found)
    };
    (found.sop_class().ok().flatten(), found.sop_instance().ok().flatten())
}
