//! RLE (PS3.5 annex G).

use crate::pixels::{
    Fault,
    picture::{Picture, TOO_LARGE, UNREADABLE},
};

/// RLE (PS3.5 annex G): one segment of PackBits for each byte of each sample, most significant first.
pub(super) fn decode(picture: &Picture) -> Result<Vec<u8>, Fault> {
    let pixels = usize::try_from(picture.pixels()).map_err(|_| TOO_LARGE)?;
    let width = picture.layout.allocated.div_ceil(8) as usize;
    let segments = picture.layout.samples as usize * width;
    let mut out = vec![0; pixels * segments];
    let word = |at: usize| -> Option<usize> {
        let four: [u8; 4] = picture.bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(four)).ok()
    };
    if word(0) != Some(segments) || segments > 15 {
        return Err(UNREADABLE);
    }
    for segment in 0..segments {
        let from = word(4 + segment * 4).ok_or(UNREADABLE)?;
        let packed = picture.bytes.get(from..).ok_or(UNREADABLE)?;
        let (sample, byte) = (segment / width, segment % width);
        let first = sample * width + (width - 1 - byte);
        unpack(packed, out.iter_mut().skip(first).step_by(segments));
    }
    Ok(out)
}

/// Undoes PackBits into as many places as there are; ends early where the input does.
fn unpack<'o>(packed: &[u8], mut places: impl Iterator<Item = &'o mut u8>) {
    let mut input = packed.iter().copied();
    while let Some(control) = input.next() {
        match control {
            0..=127 => {
                for _ in 0..=control {
                    let (Some(byte), Some(place)) = (input.next(), places.next()) else { return };
                    *place = byte;
                }
            }
            128 => {}
            129..=255 => {
                let Some(byte) = input.next() else { return };
                for _ in 0..(257 - u16::from(control)) {
                    let Some(place) = places.next() else { return };
                    *place = byte;
                }
            }
        }
    }
}
