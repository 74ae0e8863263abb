//! Makes of a stored object, for a receiver that does not take its transfer syntax, the same object in a plain one.
//!
//! What is stored, and what its digest covers, stays as it is. The answer is made frame by frame while it is sent, so
//! that one frame at a time is in memory. The first frame is decoded before anything is sent: an object that cannot be
//! decoded is refused whole. Decompression makes no new instance (PS3.4 B.4.1.3, PS3.3 C.12.1.1.2): UIDs stay, and so
//! does what says that the image was once compressed with loss.
//!
//! Left out: group lengths, offset tables, a compressed icon, and what stands behind compressed pixel data (padding, and
//! signatures, which are over the compressed bytes).

use super::{
    Decoders, Fault, codecs,
    dataset::{self, DataSet, DataSetError, Syntax, Value, to_little_endian},
    decode::Samples,
    framed::{Framed, framed},
    map::Walker,
    picture::{Picture, UNREADABLE, attributes},
    source::{CHUNK_BYTES, Source},
    write::{Changes, Plain, Unwritable, Writer},
};
use crate::archive;
use bytes::Bytes;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use protocol::{Uid, manifest::InstanceEntry};
use std::{collections::VecDeque, sync::Arc};

/// Bytes of elements behind the header that are read at once because a sequence is among them.
const REST_BYTES_MAX: u64 = 64 << 20;
/// Elements behind the header: bulk values and a few others.
const BEHIND_MAX: usize = 10_000;
/// Big-endian pixels under an implicit little-endian header: nobody knows what of it to swap.
const GE_PRIVATE: &str = "1.2.840.113619.5.2";

/// An object on its way into a plain syntax.
#[derive(Debug)]
pub(crate) struct Transcoded {
    decoders: Decoders,
    source: Source,
    entry: Arc<InstanceEntry>,
    plain: Plain,
    pieces: VecDeque<Piece>,
    bytes: u64,
}

#[derive(Debug)]
enum Piece {
    Own(Bytes),
    /// A range of the stored data set; in big endian, its values have this VR.
    Stored {
        offset: u64,
        len: u64,
        swap: Option<VR>,
    },
    Frames(Box<Frames>),
}

#[derive(Debug)]
struct Frames {
    /// Whose frames; `None`: of no study that was opened.
    study: Option<Uid>,
    framed: Framed,
    attributes: Picture,
    /// Decoded before anything was sent.
    first: Option<Samples>,
    next: u64,
    photometric: String,
    planar: bool,
}

impl From<Unwritable> for Fault {
    fn from(_: Unwritable) -> Self {
        UNREADABLE
    }
}

impl Transcoded {
    /// Whether objects of a transfer syntax are worth trying.
    pub(crate) fn is_possible(transfer_syntax: &str) -> bool {
        let syntax = Syntax::of(transfer_syntax);
        transfer_syntax != GE_PRIVATE && (!syntax.encapsulated || !syntax.deflated && codecs::known(transfer_syntax))
    }

    /// Begins; `header` is the data set up to its first bulk element, as the manifest has it.
    ///
    /// # Errors
    /// [`Fault::Unreadable`] or [`Fault::DataSet`] where the object cannot be had otherwise than as it is stored.
    pub(crate) async fn begin(
        decoders: &Decoders,
        mut source: Source,
        mut entry: InstanceEntry,
        header: &[u8],
        plain: Plain,
    ) -> Result<Self, Fault> {
        let mut syntax = Syntax::of(entry.transfer_syntax.as_str());
        if !Self::is_possible(entry.transfer_syntax.as_str()) {
            return Err(UNREADABLE);
        }
        let mut header = Bytes::copy_from_slice(header);
        let given = source.clone();
        if syntax.deflated {
            if entry.bytes > dataset::INFLATED_BYTES_MAX {
                return Err(DataSetError::Size.into());
            }
            header = decoders.inflate(source.whole(&entry, 0, entry.bytes).await?).await?;
            syntax.deflated = false;
            entry.bytes = header.len() as u64;
            source = Source::Memory { from: 0, bytes: header.clone() };
        }
        let set = DataSet::parse_whole(&header, syntax)?;
        let corrected = given.corrected(&entry.transfer_syntax, &header)?;
        let shown = corrected.as_ref().map(|header| DataSet::parse_whole(header, syntax)).transpose()?;
        let mut changes = Changes::new();
        if compressed_icon(&set) {
            changes.insert(tags::ICON_IMAGE_SEQUENCE, None);
        }
        let allocated = set.count(tags::BITS_ALLOCATED, syntax).unwrap_or(0);
        let mut making = Making { plain, syntax, source, entry, allocated, pieces: VecDeque::new() };
        let behind = header.len() as u64;
        let frames = if syntax.encapsulated && making.has_fragments(behind).await? {
            let framed = framed(making.source.clone(), making.entry.clone(), &header, behind, syntax).await?;
            let study = given.study().cloned();
            Some(Frames::begin(decoders, (study, framed), &set, syntax, &mut changes).await?)
        } else {
            None
        };
        let mut writer = Writer::new(plain, syntax);
        writer.data_set(shown.as_ref().unwrap_or(&set), &changes)?;
        making.pieces.push_back(Piece::Own(writer.out.into()));
        drop(set);
        making.behind(behind, frames).await?;
        let Making { source, entry, pieces, .. } = making;
        let bytes = pieces.iter().map(Piece::bytes).fold(0u64, u64::saturating_add);
        Ok(Self { decoders: decoders.clone(), source, entry: Arc::new(entry), plain, pieces, bytes })
    }

    /// Bytes of the whole data set that is made.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Preamble and meta group for it as a file.
    pub(crate) fn front(&self) -> Bytes {
        archive::front(self.plain.uid(), &self.entry.sop_class, &self.entry.instance).into()
    }

    /// The next bytes; `None` behind the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            match self.pieces.front_mut() {
                None => return Ok(None),
                Some(Piece::Own(bytes)) => {
                    let bytes = std::mem::take(bytes);
                    self.pieces.pop_front();
                    if !bytes.is_empty() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Piece::Stored { len: 0, .. }) => _ = self.pieces.pop_front(),
                Some(Piece::Stored { offset, len, swap }) => {
                    let most = (*len).min(CHUNK_BYTES);
                    let bytes = self.source.range(&self.entry, *offset, most).await?;
                    *offset += most;
                    *len -= most;
                    return Ok(Some(swap.map_or_else(|| bytes.clone(), |vr| to_little_endian(&bytes, vr).into())));
                }
                Some(Piece::Frames(frames)) => match frames.next(&self.decoders).await? {
                    Some(bytes) => return Ok(Some(bytes)),
                    None => _ = self.pieces.pop_front(),
                },
            }
        }
    }
}

impl Piece {
    fn bytes(&self) -> u64 {
        match self {
            Self::Own(bytes) => bytes.len() as u64,
            Self::Stored { len, .. } => *len,
            Self::Frames(frames) => frames.bytes(),
        }
    }
}

fn compressed_icon(set: &DataSet<'_>) -> bool {
    let encapsulated =
        |item: &DataSet<'_>| matches!(item.element(tags::PIXEL_DATA).map(|e| &e.value), Some(Value::Encapsulated));
    set.items(tags::ICON_IMAGE_SEQUENCE).iter().any(encapsulated)
}

/// The list of pieces while it is put together.
struct Making {
    plain: Plain,
    syntax: Syntax,
    source: Source,
    entry: InstanceEntry,
    /// Bits Allocated.
    allocated: u32,
    pieces: VecDeque<Piece>,
}

impl Making {
    /// Whether pixel data in fragments follow: objects without pixels are also stored under syntaxes of codecs.
    async fn has_fragments(&self, behind: u64) -> Result<bool, Fault> {
        let found = Walker::new(&self.source, &self.entry).find(behind, tags::PIXEL_DATA, self.syntax).await?;
        Ok(found.is_some_and(|(head, _)| head.length.is_none()))
    }

    /// What follows the header.
    async fn behind(&mut self, mut at: u64, mut frames: Option<Frames>) -> Result<(), Fault> {
        for _ in 0..BEHIND_MAX {
            if at >= self.entry.bytes {
                return Ok(());
            }
            let head = Walker::new(&self.source, &self.entry).head(at, self.syntax).await?;
            let head = head.ok_or(DataSetError::Broken)?;
            let value = at + head.head_bytes as u64;
            match head.length {
                None if head.tag == tags::PIXEL_DATA => {
                    return self.frames(frames.take().ok_or(UNREADABLE)?);
                }
                Some(length) if head.vr != VR::SQ && head.tag.0 != 0xFFFE => {
                    self.copy(head.tag, head.vr, value, length)?;
                    at = value.saturating_add(length.into());
                }
                _ => return self.rest(at, frames).await,
            }
        }
        Err(DataSetError::Elements.into())
    }

    /// A bulk value.
    fn copy(&mut self, tag: Tag, vr: VR, offset: u64, length: u32) -> Result<(), Fault> {
        let offsets = [tags::EXTENDED_OFFSET_TABLE, tags::EXTENDED_OFFSET_TABLE_LENGTHS];
        if tag.1 == 0 || offsets.contains(&tag) {
            return Ok(());
        }
        if offset.saturating_add(length.into()) > self.entry.bytes {
            return Err(DataSetError::Broken.into());
        }
        let mut writer = Writer::new(self.plain, self.syntax);
        let even = length.checked_next_multiple_of(2).ok_or(UNREADABLE)?;
        writer.head(tag, vr, even);
        self.pieces.push_back(Piece::Own(writer.out.into()));
        let swap = self.syntax.big_endian.then_some(match (tag, self.allocated) {
            (tags::PIXEL_DATA, 32) if vr == VR::OW => VR::OL,
            (tags::PIXEL_DATA, 64) if vr == VR::OW => VR::OV,
            _ => vr,
        });
        self.pieces.push_back(Piece::Stored { offset, len: length.into(), swap });
        if even > length {
            self.pieces.push_back(Piece::Own(Bytes::from_static(&[0])));
        }
        Ok(())
    }

    fn frames(&mut self, frames: Frames) -> Result<(), Fault> {
        let bytes = frames.bytes();
        let even = u32::try_from(bytes.next_multiple_of(2)).ok().filter(|even| *even < u32::MAX);
        let even = even.ok_or(Fault::Unreadable("the image is too large to be sent uncompressed"))?;
        let vr = if frames.attributes.layout.allocated > 8 { VR::OW } else { VR::OB };
        let mut writer = Writer::new(self.plain, self.syntax);
        writer.head(tags::PIXEL_DATA, vr, even);
        self.pieces.push_back(Piece::Own(writer.out.into()));
        self.pieces.push_back(Piece::Frames(Box::new(frames)));
        if u64::from(even) > bytes {
            self.pieces.push_back(Piece::Own(Bytes::from_static(&[0])));
        }
        Ok(())
    }

    /// Elements among which is a sequence: read and written whole.
    async fn rest(&mut self, at: u64, frames: Option<Frames>) -> Result<(), Fault> {
        let len = self.entry.bytes - at;
        // A compressed image behind such a sequence would be read as part of it.
        if frames.is_some() || len > REST_BYTES_MAX {
            return Err(UNREADABLE);
        }
        let bytes = self.source.whole(&self.entry, at, len).await?;
        let mut writer = Writer::new(self.plain, self.syntax);
        writer.data_set(&DataSet::parse_whole(&bytes, self.syntax)?, &Changes::new())?;
        self.pieces.push_back(Piece::Own(writer.out.into()));
        Ok(())
    }
}

impl Frames {
    async fn begin(
        decoders: &Decoders,
        (study, framed): (Option<Uid>, Framed),
        set: &DataSet<'_>,
        syntax: Syntax,
        changes: &mut Changes,
    ) -> Result<Self, Fault> {
        let attributes = attributes(set, syntax, &framed);
        // Bits that do not fill bytes would have to be joined across frames.
        let whole = attributes.layout.allocated >= 8 || attributes.pixels().is_multiple_of(8);
        if framed.map.frames() != attributes.layout.frames || !whole && attributes.layout.frames > 1 {
            return Err(UNREADABLE);
        }
        let (first, photometric) = (None, String::new());
        let mut frames = Self { study, framed, attributes, first, next: 0, photometric, planar: false };
        let first = frames.decode(decoders, 0).await?;
        frames.photometric.clone_from(&first.photometric);
        frames.planar = first.planar;
        frames.first = Some(first);
        frames.describe(set, changes);
        Ok(frames)
    }

    /// What the data set says of its pixels once they are plain.
    fn describe(&self, set: &DataSet<'_>, changes: &mut Changes) {
        changes.insert(tags::PHOTOMETRIC_INTERPRETATION, Some((VR::CS, self.photometric.clone().into_bytes())));
        if self.attributes.layout.samples > 1 {
            let planar = u16::from(self.planar).to_le_bytes().to_vec();
            changes.insert(tags::PLANAR_CONFIGURATION, Some((VR::US, planar)));
        }
        changes.insert(tags::EXTENDED_OFFSET_TABLE, None);
        changes.insert(tags::EXTENDED_OFFSET_TABLE_LENGTHS, None);
        // These lose for certain; of the others the writer knew, and said so (PS3.3 C.7.6.1.1.5).
        let lossy = self.attributes.transfer_syntax.strip_prefix("1.2.840.10008.1.2.4.");
        let lossy = lossy.is_some_and(|rest| matches!(rest, "50" | "51" | "52" | "53" | "54" | "55" | "56"));
        if lossy && set.ascii(tags::LOSSY_IMAGE_COMPRESSION).as_deref() != Some("01") {
            changes.insert(tags::LOSSY_IMAGE_COMPRESSION, Some((VR::CS, b"01".to_vec())));
            if set.ascii(tags::LOSSY_IMAGE_COMPRESSION_METHOD).is_none() {
                changes.insert(tags::LOSSY_IMAGE_COMPRESSION_METHOD, Some((VR::CS, b"ISO_10918_1".to_vec())));
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.attributes.decoded_bytes().saturating_mul(self.attributes.layout.frames)
    }

    async fn decode(&self, decoders: &Decoders, index: u64) -> Result<Samples, Fault> {
        let bytes = self.framed.held(index).await?;
        let picture = Picture { bytes, ..self.attributes.clone() };
        decoders.samples_of(self.study.as_ref(), &self.framed.entry, index, &picture).await
    }

    async fn next(&mut self, decoders: &Decoders) -> Result<Option<Bytes>, Fault> {
        if self.next >= self.attributes.layout.frames {
            return Ok(None);
        }
        let samples = match self.first.take() {
            Some(first) => first,
            None => self.decode(decoders, self.next).await?,
        };
        self.next += 1;
        // One description holds for all frames.
        if samples.photometric != self.photometric || samples.planar != self.planar {
            return Err(UNREADABLE);
        }
        Ok(Some(samples.bytes.into()))
    }
}
