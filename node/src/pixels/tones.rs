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
        let (count, first, bits) = (if count == 0.0 { 65_536 } else { count as usize }, first as i64, bits as u32);
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
    let number = |group: Tag, tag: Tag| {
        let frame =
            usize::try_from(index).ok().and_then(|i| set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).get(i));
        let shared = set.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
        let inner = |groups: Option<&DataSet<'_>>| groups?.items(group).first()?.number(tag, syntax);
        inner(frame).or_else(|| inner(shared)).or_else(|| set.number(tag, syntax))
    };
    let value = |tag| number(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, tag);
    let voi = |tag| number(tags::FRAME_VOILUT_SEQUENCE, tag);
    let window = voi(tags::WINDOW_CENTER).zip(voi(tags::WINDOW_WIDTH)).filter(|(_, width)| *width >= 1.0);
    let function = set.ascii(tags::VOILUT_FUNCTION).and_then(|f| f.parse().ok()).unwrap_or(Function::Linear);
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

fn palette(set: &DataSet<'_>, syntax: Syntax) -> Option<[Palette; 3]> {
    let one = |descriptor: Tag, data: Tag| -> Option<Palette> {
        let [entries, first, bits] = set.numbers(descriptor, syntax).try_into().ok()?;
        let bytes = set.bytes(data)?;
        #[allow(clippy::cast_possible_truncation)]
        let (entries, first) = (if entries == 0.0 { 65_536 } else { entries as i64 }, first as i64);
        let entries = usize::try_from(entries).ok()?;
        let levels = if bits <= 8.0 && bytes.len() < entries * 2 {
            bytes.iter().copied().take(entries).collect()
        } else {
            let words = Numbers::new(bytes, VR::US, syntax.big_endian).take(entries);
            // Eight-bit palettes are also written in words, in the low byte or in the high one.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            words.map(|n| if bits <= 8.0 { n.as_f64() as u16 as u8 } else { (n.as_f64() as u16 >> 8) as u8 }).collect()
        };
        Some(Palette { first, levels })
    };
    Some([
        one(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA)?,
        one(tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA)?,
        one(tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA)?,
    ])
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
