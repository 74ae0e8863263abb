//! What a data set says of how stored values become grey levels or colours: modality scale or table, window or table,
//! palette (PS3.3 C.7.6.3.1.5, C.11.1, C.11.2).
//!
//! # Not here
//! Doing it: [`super::grey`].

use super::{
    Fault,
    dataset::{DataSet, Numbers, Syntax, readable},
    grey::{Function, Window},
    overlay::{Overlay, overlays},
};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// How stored values become grey levels or colours.
#[derive(Clone, Debug)]
pub(crate) struct Tones {
    pub(crate) modality: Modality,
    /// Where both are given, the window is applied: either may be (C.11.2).
    pub(crate) window: Option<Window>,
    pub(crate) voi: Option<Lut>,
    pub(crate) palette: Option<[Palette; 3]>,
    pub(crate) overlays: Vec<Overlay>,
}

/// From stored values to those of the modality.
#[derive(Clone, Debug)]
pub(crate) enum Modality {
    Linear { slope: f64, intercept: f64 },
    Lut(Lut),
}

impl Modality {
    pub(crate) fn value(&self, stored: f64) -> f64 {
        match self {
            Self::Linear { slope, intercept } => stored * slope + intercept,
            Self::Lut(lut) => f64::from(lut.entry(stored)),
        }
    }
}

/// A table of a Modality or VOI LUT Sequence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lut {
    first: i64,
    entries: Vec<u16>,
    /// The largest entry that its bits allow.
    top: u16,
}

impl Lut {
    pub(crate) fn of(item: &DataSet<'_>, syntax: Syntax) -> Option<Self> {
        let [count, first, bits] = item.numbers(tags::LUT_DESCRIPTOR, syntax).try_into().ok()?;
        let bytes = item.bytes(tags::LUT_DATA)?;
        // Small whole numbers of sixteen bits.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let (count, first, bits) = (entries_of(count), first as i64, bits as u32);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let entries: Vec<u16> = if bits <= 8 && bytes.len() < count * 2 {
            bytes.iter().take(count).map(|b| u16::from(*b)).collect()
        } else {
            Numbers::new(bytes, VR::US, syntax.big_endian).take(count).map(|n| n.as_f64() as u16).collect()
        };
        let top = u16::MAX.checked_shr(16_u32.checked_sub(bits)?)?;
        (!entries.is_empty() && top > 0).then_some(Self { first, entries, top })
    }

    /// The entry of a value; beyond the ends, the outermost (C.11.1.1, C.11.2.1.1).
    fn entry(&self, value: f64) -> u16 {
        // Saturates, and what is not a number is the first.
        #[allow(clippy::cast_possible_truncation)]
        let index = (value.round() as i64).saturating_sub(self.first).max(0);
        let index = usize::try_from(index).unwrap_or(usize::MAX).min(self.entries.len().saturating_sub(1));
        self.entries.get(index).copied().unwrap_or(0)
    }

    /// As part of the range that an eye sees.
    pub(crate) fn part(&self, value: f64) -> f64 {
        f64::from(self.entry(value)) / f64::from(self.top)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Palette {
    first: i64,
    levels: Vec<u8>,
}

pub(crate) fn tones(header: &[u8], transfer_syntax: &str, index: u64) -> Result<Tones, Fault> {
    let syntax = Syntax::of(transfer_syntax);
    let header = readable(header, syntax)?;
    let set = DataSet::parse(&header, syntax)?;
    let frame = usize::try_from(index).ok().and_then(|i| set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).get(i));
    let shared = set.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
    let number = |group: Tag, tag: Tag| {
        let inner = |groups: Option<&DataSet<'_>>| groups?.items(group).first()?.number(tag, syntax);
        inner(frame).or_else(|| inner(shared)).or_else(|| set.number(tag, syntax))
    };
    let value = |tag| number(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, tag);
    let voi = |tag| number(tags::FRAME_VOILUT_SEQUENCE, tag);
    let of_group =
        |groups: Option<&DataSet<'_>>| groups?.items(tags::FRAME_VOILUT_SEQUENCE).first()?.ascii(tags::VOILUT_FUNCTION);
    let function = of_group(frame).or_else(|| of_group(shared)).or_else(|| set.ascii(tags::VOILUT_FUNCTION));
    let function = function.and_then(|f| f.parse().ok()).unwrap_or(Function::Linear);
    // Only the linear function has no narrower window than 1 (C.11.2.1.2, .3).
    let is_wide = |width: f64| if function == Function::Linear { width >= 1.0 } else { width > 0.0 };
    let window = voi(tags::WINDOW_CENTER).zip(voi(tags::WINDOW_WIDTH)).filter(|(_, width)| is_wide(*width));
    let lut = |sequence| set.items(sequence).first().and_then(|item| Lut::of(item, syntax));
    let modality = match lut(tags::MODALITY_LUT_SEQUENCE) {
        Some(lut) => Modality::Lut(lut),
        None => Modality::Linear {
            slope: value(tags::RESCALE_SLOPE).filter(|s| *s != 0.0).unwrap_or(1.0),
            intercept: value(tags::RESCALE_INTERCEPT).unwrap_or(0.0),
        },
    };
    Ok(Tones {
        modality,
        window: window.map(|(center, width)| Window { center, width, function }),
        voi: lut(tags::VOILUT_SEQUENCE),
        palette: palette(&set, syntax),
        overlays: overlays(&set, syntax, index),
    })
}

/// The number of entries of a descriptor: of 16 bits without sign whatever its VR says, and none for 65,536 (C.7.6.3.1.5).
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn entries_of(count: f64) -> usize {
    match (count as i64) & 0xffff {
        0 => 1 << 16,
        count => count as usize,
    }
}

fn palette(set: &DataSet<'_>, syntax: Syntax) -> Option<[Palette; 3]> {
    let one = |descriptor: Tag, data: Tag, segmented: Tag| -> Option<(i64, f64, Vec<u16>)> {
        let [entries, first, bits] = set.numbers(descriptor, syntax).try_into().ok()?;
        let entries = entries_of(entries);
        let plain = set.bytes(data).filter(|bytes| !bytes.is_empty());
        let bytes = match plain {
            Some(bytes) => bytes,
            None => set.bytes(segmented)?,
        };
        #[allow(clippy::cast_possible_truncation)]
        let first = first as i64;
        let is_short = bits <= 8.0 && (plain.is_none() || bytes.len() < entries * 2);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let mut words: Vec<u16> = if is_short {
            bytes.iter().map(|byte| u16::from(*byte)).collect()
        } else {
            Numbers::new(bytes, VR::US, syntax.big_endian).map(|n| n.as_f64() as u16).collect()
        };
        if plain.is_none() {
            words = expanded(&words, if is_short { 1 } else { 2 }, entries)?;
        }
        words.truncate(entries);
        Some((first, bits, words))
    };
    let all = [
        one(
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        )?,
        one(
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        )?,
        one(
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        )?,
    ];
    // Eight-bit palettes are also written in words, in the low byte; and so by some who say that they have sixteen bits.
    let are_low = all.iter().all(|(_, _, words)| words.iter().all(|word| *word < 0x100));
    Some(all.map(|(first, bits, words)| {
        let is_low = bits <= 8.0 || are_low;
        let level = |word: u16| {
            let [low, high] = word.to_le_bytes();
            if is_low { low } else { high }
        };
        Palette { first, levels: words.into_iter().map(level).collect() }
    }))
}

/// A table of segments (C.7.9.2): runs of entries, straight lines, and segments said again. `width`: bytes of a word.
fn expanded(words: &[u16], width: usize, entries: usize) -> Option<Vec<u16>> {
    let mut out: Vec<u16> = Vec::new();
    let mut at = 0;
    while out.len() < entries && at < words.len() {
        let (kind, length) = (*words.get(at)?, usize::from(*words.get(at + 1)?));
        if kind != 2 {
            at = segment(words, at, &mut out)?;
            continue;
        }
        // The place of the first of them, in bytes: low words first.
        let place = words.get(at + 2..at + 2 + 4 / width)?;
        let place = place.iter().rev().fold(0usize, |all, word| all << (8 * width) | usize::from(*word));
        at += 2 + 4 / width;
        let mut there = place / width;
        for _ in 0..length {
            if out.len() >= entries {
                break;
            }
            there = segment(words, there, &mut out)?;
        }
    }
    (out.len() >= entries).then_some(out)
}

/// Appends a run (0) or a line (1) that begins at `at`; gives where it ends.
fn segment(words: &[u16], at: usize, out: &mut Vec<u16>) -> Option<usize> {
    let (kind, length) = (*words.get(at)?, usize::from(*words.get(at + 1)?));
    match kind {
        0 => {
            out.extend_from_slice(words.get(at + 2..at + 2 + length)?);
            Some(at + 2 + length)
        }
        1 => {
            let (from, to) = (f64::from(*out.last()?), f64::from(*words.get(at + 2)?));
            let steps = f64::from(u16::try_from(length).ok()?);
            // Between two words, so it is one.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let value = |step: usize| (from + (to - from) * (step as f64) / steps).round() as u16;
            out.extend((1..=length).map(value));
            Some(at + 3)
        }
        _ => None,
    }
}

impl Palette {
    pub(crate) fn level(&self, value: f64) -> u8 {
        #[allow(clippy::cast_possible_truncation)]
        let index = (value as i64).saturating_sub(self.first).max(0);
        let index = usize::try_from(index).unwrap_or(usize::MAX).min(self.levels.len().saturating_sub(1));
        self.levels.get(index).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::dataset::{EXPLICIT_LE, Element, Value};

    fn item<'a>(descriptor: &'a [u8], data: &'a [u8]) -> DataSet<'a> {
        let element = |tag, bytes| Element { tag, vr: VR::US, value: Value::Bytes(bytes) };
        DataSet { elements: vec![element(tags::LUT_DESCRIPTOR, descriptor), element(tags::LUT_DATA, data)] }
    }

    #[test]
    fn segments_are_put_together() {
        // Two entries, a line of three up to 8, and the first segment once more.
        let words = [0, 2, 1, 2, 1, 3, 8, 2, 1, 0, 0];
        assert_eq!(expanded(&words, 2, 7), Some(vec![1, 2, 4, 6, 8, 1, 2]));
        let bytes = [0, 2, 1, 2, 1, 3, 8, 2, 1, 0, 0, 0, 0];
        assert_eq!(expanded(&bytes, 1, 7), Some(vec![1, 2, 4, 6, 8, 1, 2]));
        for wrong in [&[][..], &[0, 9, 1], &[1, 3, 8], &[0, 1, 5, 2, 9, 7, 0], &[7, 1, 1], &[0, 1, 5, 2, 0, 0, 0]] {
            assert_eq!(expanded(wrong, 2, 7), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_descriptor_counts_without_a_sign() {
        let plain = Syntax::of(EXPLICIT_LE);
        let data = vec![7u8; 2 * 40_000];
        let element = |tag, vr, bytes| Element { tag, vr, value: Value::Bytes(bytes) };
        let descriptor = [0x40, 0x9C, 0x18, 0xFC, 16, 0];
        let item = DataSet {
            elements: vec![element(tags::LUT_DESCRIPTOR, VR::SS, &descriptor), element(tags::LUT_DATA, VR::OW, &data)],
        };
        let lut = Lut::of(&item, plain).unwrap();
        assert_eq!((lut.first, lut.entries.len()), (-1000, 40_000));
    }

    #[test]
    fn a_palette_of_segments_and_one_of_low_bytes_are_shown() {
        let plain = Syntax::of(EXPLICIT_LE);
        let element = |tag, vr, bytes| Element { tag, vr, value: Value::Bytes(bytes) };
        let descriptor = [2, 0, 0, 0, 16, 0];
        let (segmented, low) = ([0, 0, 2, 0, 0x10, 0, 0xFF, 0], [0x10, 0, 0xFF, 0]);
        let red = element(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, VR::US, &descriptor[..]);
        let green = element(tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, VR::US, &descriptor[..]);
        let blue = element(tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, VR::US, &descriptor[..]);
        let set = DataSet {
            elements: vec![
                red,
                green,
                blue,
                element(tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA, VR::OW, &low[..]),
                element(tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA, VR::OW, &segmented[..]),
                element(tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA, VR::OW, &segmented[..]),
            ],
        };
        let palette = palette(&set, plain).unwrap();
        assert_eq!(palette.each_ref().map(|one| one.levels.clone()), [[0x10, 0xFF], [0x10, 0xFF], [0x10, 0xFF]]);
    }

    #[test]
    fn the_windows_of_a_frame_are_its_own_in_function_too() {
        // FrameVOILUTSequence in the shared groups: centre 0.5, width 0.25, SIGMOID.
        let mut values = [&[0x28u8, 0, 0x50, 0x10][..], b"DS", &[4, 0], b"0.5 "].concat();
        values.extend([&[0x28u8, 0, 0x51, 0x10][..], b"DS", &[4, 0], b"0.25"].concat());
        values.extend([&[0x28u8, 0, 0x56, 0x10][..], b"CS", &[8, 0], b"SIGMOID "].concat());
        let sequence = |tag: [u8; 4], inner: &[u8]| {
            let length = |extra: usize| u32::try_from(inner.len() + extra).unwrap().to_le_bytes();
            [&tag[..], b"SQ", &[0, 0], &length(8), &[0xFE, 0xFF, 0, 0xE0], &length(0), inner].concat()
        };
        let header = sequence([0, 0x52, 0x29, 0x92], &sequence([0x28, 0, 0x32, 0x91], &values));
        let window = tones(&header, EXPLICIT_LE, 0).unwrap().window;
        assert_eq!(window, Some(Window { center: 0.5, width: 0.25, function: Function::Sigmoid }));
    }

    #[test]
    fn a_table_maps_its_range_and_holds_its_ends_beyond() {
        let plain = Syntax::of(EXPLICIT_LE);
        // Three entries from 10, of 12 bits.
        let lut = Lut::of(&item(&[3, 0, 10, 0, 12, 0], &[0, 0, 0xFF, 7, 0xFF, 0xF]), plain).unwrap();
        assert_eq!([5.0, 10.0, 11.0, 12.0, 900.0].map(|v| lut.entry(v)), [0, 0, 0x7FF, 0xFFF, 0xFFF]);
        assert!((lut.part(12.0) - 1.0).abs() < 1e-9);
        assert!((Modality::Lut(lut).value(11.0) - 2047.0).abs() < 1e-9);
        let bytes = Lut::of(&item(&[3, 0, 0, 0, 8, 0], &[1, 2, 3]), plain).unwrap();
        assert_eq!(bytes.entry(1.0), 2, "eight bits may stand in bytes");
        for (descriptor, data) in [
            (&[0u8; 0][..], &[1u8][..]),
            (&[1, 0, 0, 0, 17, 0], &[1]),
            (&[1, 0, 0, 0, 0, 0], &[1]),
            (&[1, 0, 0, 0, 16, 0], &[]),
        ] {
            assert_eq!(Lut::of(&item(descriptor, data), plain), None, "{descriptor:?}");
        }
    }
}
