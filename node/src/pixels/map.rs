//! Finds the pixel data of an instance and where each of its frames lies, reading only what that takes.
//!
//! Native frames follow from the image's attributes. Encapsulated ones come from, in this order: the Extended Offset
//! Table, a Basic Offset Table whose entries point at items, one fragment per frame, one frame over all fragments, or
//! fragments that begin like a new picture of their codec. What none of these explains is refused, never guessed.
//!
//! # Not here
//! Decoding: [`super::decode`].

use super::{
    Fault,
    dataset::{self, DataSet, Head, Syntax},
    source::Source,
};
use bytes::Bytes;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use protocol::manifest::InstanceEntry;

/// Elements walked over between header and pixel data: there are never more than a few.
const WALK_MAX: usize = 10_000;
/// Fragments of one object: 100,000 frames in 10 pieces each.
const FRAGMENTS_MAX: usize = 1_000_000;
/// Frames of one object: an hour of video at 25 frames a second.
const FRAMES_MAX: u64 = 1_000_000;
/// Bytes read at once while walking: one group of a verified range.
const WINDOW_BYTES: u64 = protocol::limits::GROUP_BYTES;

/// A run of bytes of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// Where the frames of an instance lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FrameMap {
    /// Frames of `bits` each, one after the other, in a value at this place.
    Native { value: Extent, bits: u64, frames: u64, vr: VR },
    /// The fragments of each frame.
    Encapsulated(Vec<Vec<Extent>>),
}

impl FrameMap {
    pub(crate) fn frames(&self) -> u64 {
        match self {
            Self::Native { frames, .. } => *frames,
            Self::Encapsulated(frames) => frames.len() as u64,
        }
    }

    /// Rough size in memory, extents.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Native { .. } => 1,
            Self::Encapsulated(frames) => frames.iter().map(|f| f.len() + 2).sum(),
        }
    }

    /// The bytes of frame `index` (from 0). The second value: bits to cut off before it, for one-bit images whose
    /// frames do not begin on a byte.
    pub(crate) fn frame(&self, index: u64) -> Option<(Vec<Extent>, u64)> {
        match self {
            Self::Native { value, bits, frames, .. } => {
                if index >= *frames {
                    return None;
                }
                let (from, to) = (index.checked_mul(*bits)?, index.checked_add(1)?.checked_mul(*bits)?);
                let (offset, end) = (from / 8, to.div_ceil(8));
                let extent = Extent { offset: value.offset.checked_add(offset)?, len: end - offset };
                (end <= value.len).then_some((vec![extent], from % 8))
            }
            Self::Encapsulated(frames) => {
                usize::try_from(index).ok().and_then(|i| frames.get(i)).map(|f| (f.clone(), 0))
            }
        }
    }
}

/// The attributes that say how a frame is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) samples: u32,
    pub(crate) allocated: u32,
    pub(crate) photometric: String,
    pub(crate) frames: u64,
}

impl Layout {
    pub(crate) fn of(set: &DataSet<'_>, syntax: Syntax) -> Self {
        let count = |tag| set.count(tag, syntax);
        Self {
            rows: count(tags::ROWS).unwrap_or(0),
            columns: count(tags::COLUMNS).unwrap_or(0),
            samples: count(tags::SAMPLES_PER_PIXEL).unwrap_or(1),
            allocated: count(tags::BITS_ALLOCATED).unwrap_or(0),
            photometric: set.ascii(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default(),
            frames: count(tags::NUMBER_OF_FRAMES).map_or(1, u64::from).max(1),
        }
    }

    /// Bits of one native frame; `None` when the attributes make no sense.
    fn frame_bits(&self) -> Option<u64> {
        // Chroma is stored for every second pixel only (PS3.3 C.7.6.3.1.2).
        let halves =
            if matches!(self.photometric.as_str(), "YBR_FULL_422" | "YBR_PARTIAL_422") { 4 } else { self.samples * 2 };
        let bits = u64::from(self.rows)
            .checked_mul(self.columns.into())?
            .checked_mul(self.allocated.into())?
            .checked_mul(u64::from(halves))?
            / 2;
        (bits > 0).then_some(bits)
    }
}

/// Reads heads of elements and items through a small window.
pub(crate) struct Walker<'a> {
    source: &'a Source,
    entry: &'a InstanceEntry,
    window: Bytes,
    from: u64,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(source: &'a Source, entry: &'a InstanceEntry) -> Self {
        Self { source, entry, window: Bytes::new(), from: 0 }
    }

    /// Up to `len` (at most 16) bytes at `at`; fewer at the end of the data set.
    async fn peek(&mut self, at: u64, len: u64) -> Result<&[u8], Fault> {
        let end = at.saturating_add(len).min(self.entry.bytes);
        if at < self.from || end > self.from + self.window.len() as u64 {
            let from = (at - at % WINDOW_BYTES).max(self.source.first());
            let wanted = (end.max(from) - from).next_multiple_of(WINDOW_BYTES);
            let wanted = wanted.min(self.entry.bytes.saturating_sub(from));
            self.window = self.source.range(self.entry, from, wanted).await?;
            self.from = from;
        }
        let start = usize::try_from(at.saturating_sub(self.from)).unwrap_or(usize::MAX).min(self.window.len());
        let stop = usize::try_from(end.saturating_sub(self.from)).unwrap_or(usize::MAX).clamp(start, self.window.len());
        Ok(self.window.get(start..stop).unwrap_or_default())
    }

    pub(crate) async fn head(&mut self, at: u64, syntax: Syntax) -> Result<Option<Head>, Fault> {
        if at >= self.entry.bytes {
            return Ok(None);
        }
        Ok(dataset::head(self.peek(at, 12).await?, syntax, false))
    }

    /// Walks over top-level elements from `at` to the one with this tag: its head and the place of its value.
    pub(crate) async fn find(&mut self, mut at: u64, tag: Tag, syntax: Syntax) -> Result<Option<(Head, u64)>, Fault> {
        for _ in 0..WALK_MAX {
            let Some(head) = self.head(at, syntax).await? else { return Ok(None) };
            let value = at + head.head_bytes as u64;
            if head.tag == tag {
                return Ok(Some((head, value)));
            }
            // An undefined length before it cannot be skipped without reading it, and a header ends before one.
            let Some(length) = head.length.filter(|_| head.tag < tag) else { return Ok(None) };
            at = value.saturating_add(length.into());
        }
        Ok(None)
    }
}

const PIXEL_TAGS: [Tag; 3] = [tags::PIXEL_DATA, tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA];

/// Finds the frames. `header`: the parsed header; `from`: where walking begins (its length).
pub(crate) async fn map(
    source: &Source,
    entry: &InstanceEntry,
    header: &DataSet<'_>,
    from: u64,
    syntax: Syntax,
) -> Result<FrameMap, Fault> {
    let layout = Layout::of(header, syntax);
    let mut walker = Walker::new(source, entry);
    let mut found = None;
    for tag in PIXEL_TAGS {
        found = walker.find(from, tag, syntax).await?;
        if found.is_some() {
            break;
        }
    }
    let Some((head, value)) = found else { return Err(Fault::NotFound) };
    match head.length {
        Some(length) => native(entry, &layout, head.vr, Extent { offset: value, len: length.into() }),
        None => {
            let extended = extended_offsets(header, syntax);
            encapsulated(&mut walker, value, layout.frames, extended, syntax).await
        }
    }
}

fn native(entry: &InstanceEntry, layout: &Layout, vr: VR, value: Extent) -> Result<FrameMap, Fault> {
    const UNCLEAR: Fault = Fault::Damaged("the image's size and its pixel data do not fit");
    let len = value.len.min(entry.bytes.saturating_sub(value.offset));
    let mut bits = layout.frame_bits().ok_or(UNCLEAR)?;
    if layout.frames > FRAMES_MAX {
        return Err(UNCLEAR);
    }
    // Writers that say 422 but store all samples.
    let full =
        u64::from(layout.rows) * u64::from(layout.columns) * u64::from(layout.allocated) * u64::from(layout.samples);
    if full.checked_mul(layout.frames).is_some_and(|b| b.div_ceil(8) <= len) {
        bits = full;
    }
    if bits.checked_mul(layout.frames).is_none_or(|b| b.div_ceil(8) > len) {
        return Err(UNCLEAR);
    }
    Ok(FrameMap::Native { value: Extent { len, ..value }, bits, frames: layout.frames, vr })
}

/// Offsets and lengths of the Extended Offset Table.
fn extended_offsets(header: &DataSet<'_>, syntax: Syntax) -> Option<Vec<Extent>> {
    let read =
        |tag| header.bytes(tag).map(|b| dataset::Numbers::new(b, VR::OV, syntax.big_endian).filter_map(unsigned));
    let offsets = read(tags::EXTENDED_OFFSET_TABLE)?;
    let lengths = read(tags::EXTENDED_OFFSET_TABLE_LENGTHS)?;
    Some(offsets.zip(lengths).map(|(offset, len)| Extent { offset, len }).collect())
}

fn unsigned(number: dataset::Number) -> Option<u64> {
    match number {
        dataset::Number::Unsigned(n) => Some(n),
        _ => None,
    }
}

const ITEM: Tag = Tag(0xFFFE, 0xE000);

async fn encapsulated(
    walker: &mut Walker<'_>,
    at: u64,
    frames: u64,
    extended: Option<Vec<Extent>>,
    syntax: Syntax,
) -> Result<FrameMap, Fault> {
    const BROKEN: Fault = Fault::Damaged("the fragments of the pixel data cannot be told apart into frames");
    let table = walker.head(at, syntax).await?.filter(|h| h.tag == ITEM).ok_or(BROKEN)?;
    let table_bytes = u64::from(table.length.unwrap_or(0));
    let base = at + 8 + table_bytes;
    if frames > FRAMES_MAX || base > walker.entry.bytes {
        return Err(BROKEN);
    }
    if let Some(map) = by_extended_table(walker, base, frames, extended, syntax).await? {
        return Ok(map);
    }
    let mut offsets = Vec::new();
    if table_bytes == frames * 4 {
        let bytes = walker.source.whole(walker.entry, at + 8, table_bytes).await?;
        offsets = dataset::Numbers::new(&bytes, VR::UL, syntax.big_endian).filter_map(unsigned).collect();
    }
    let fragments = fragments(walker, base, syntax).await?;
    let count = fragments.len() as u64;
    if count == 0 {
        return Err(BROKEN);
    }
    if let Some(map) = by_basic_table(&fragments, &offsets, base) {
        return Ok(map);
    }
    // A video is one stream, however many frames it shows.
    let video = super::is_video(walker.entry.transfer_syntax.as_str());
    if frames == 1 || video {
        return Ok(FrameMap::Encapsulated(vec![fragments]));
    }
    if count == frames {
        return Ok(FrameMap::Encapsulated(fragments.into_iter().map(|f| vec![f]).collect()));
    }
    by_codec_starts(walker, fragments, frames).await?.ok_or(BROKEN)
}

async fn by_extended_table(
    walker: &mut Walker<'_>,
    base: u64,
    frames: u64,
    extended: Option<Vec<Extent>>,
    syntax: Syntax,
) -> Result<Option<FrameMap>, Fault> {
    let Some(table) = extended.filter(|t| t.len() as u64 == frames) else { return Ok(None) };
    let mut map = Vec::with_capacity(table.len());
    for (i, place) in table.iter().enumerate() {
        let Some(at) = base.checked_add(place.offset) else { return Ok(None) };
        // The first and the last tell whether the table speaks of this object.
        if i == 0 || i + 1 == table.len() {
            let item = walker.head(at, syntax).await?.filter(|h| h.tag == ITEM);
            if item.is_none_or(|h| u64::from(h.length.unwrap_or(0)) < place.len) {
                return Ok(None);
            }
        }
        let offset = at + 8;
        if offset.checked_add(place.len).is_none_or(|end| end > walker.entry.bytes) {
            return Ok(None);
        }
        map.push(vec![Extent { offset, len: place.len }]);
    }
    Ok(Some(FrameMap::Encapsulated(map)))
}

/// All fragments up to the delimiter, or to the end where it is missing.
async fn fragments(walker: &mut Walker<'_>, base: u64, syntax: Syntax) -> Result<Vec<Extent>, Fault> {
    let mut at = base;
    let mut fragments = Vec::new();
    while let Some(head) = walker.head(at, syntax).await? {
        let Some(length) = head.length.filter(|_| head.tag == ITEM) else { break };
        let extent = Extent { offset: at + 8, len: length.into() };
        at = extent.offset + extent.len;
        if at > walker.entry.bytes || fragments.len() >= FRAGMENTS_MAX {
            return Err(Fault::Damaged("the pixel data are cut off or in too many fragments"));
        }
        fragments.push(extent);
    }
    Ok(fragments)
}

fn by_basic_table(fragments: &[Extent], offsets: &[u64], base: u64) -> Option<FrameMap> {
    if offsets.first() != Some(&0) || !offsets.is_sorted_by(|a, b| a < b) {
        return None;
    }
    let mut frames: Vec<Vec<Extent>> = Vec::with_capacity(offsets.len());
    let mut next = offsets.iter().peekable();
    for fragment in fragments {
        let place = fragment.offset.checked_sub(8)?.checked_sub(base)?;
        if next.next_if(|offset| **offset == place).is_some() {
            frames.push(Vec::new());
        }
        frames.last_mut()?.push(*fragment);
    }
    next.peek().is_none().then_some(FrameMap::Encapsulated(frames))
}

async fn by_codec_starts(
    walker: &mut Walker<'_>,
    fragments: Vec<Extent>,
    frames: u64,
) -> Result<Option<FrameMap>, Fault> {
    let mut map: Vec<Vec<Extent>> = Vec::new();
    for fragment in fragments {
        let start = walker.peek(fragment.offset, fragment.len.min(4)).await?;
        if matches!(start, [0xFF, 0xD8, 0xFF, ..] | [0xFF, 0x4F, 0xFF, 0x51] | [0xFF, 0x0A, ..]) {
            map.push(Vec::new());
        }
        match map.last_mut() {
            Some(frame) => frame.push(fragment),
            None => return Ok(None),
        }
    }
    Ok((map.len() as u64 == frames).then_some(FrameMap::Encapsulated(map)))
}

/// Moves a one-bit frame that begins inside a byte to the beginning.
pub(crate) fn shift_bits(bytes: &[u8], skip: u64, bits: u64) -> Vec<u8> {
    let skip = u32::try_from(skip % 8).unwrap_or(0);
    let count = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX).min(bytes.len());
    let mut out: Vec<u8> = (0..count)
        .map(|i| {
            let low = bytes.get(i).copied().unwrap_or(0);
            let high = bytes.get(i + 1).copied().unwrap_or(0);
            // Pixels fill a byte from its lowest bit (PS3.5 §8.1.1).
            if skip == 0 { low } else { low >> skip | high << (8 - skip) }
        })
        .collect();
    let used = bits % 8;
    if let Some(last) = out.last_mut().filter(|_| used != 0) {
        *last &= (1u8 << used) - 1;
    }
    out
}
