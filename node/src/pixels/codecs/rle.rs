//! RLE (PS3.5 annex G).

use crate::pixels::{
    Fault,
    picture::{Picture, TOO_LARGE, UNREADABLE},
};

/// RLE (PS3.5 annex G): one segment of PackBits for each byte of each sample, most significant first.
pub(super) fn decode(picture: &Picture) -> Result<Vec<u8>, Fault> {
    let pixels = usize::try_from(picture.pixels()).map_err(|_| TOO_LARGE)?;
    if !picture.layout.allocated.is_multiple_of(8) {
        return Err(UNREADABLE);
    }
    let width = (picture.layout.allocated / 8) as usize;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::map::Layout;
    use dicom_core::VR;

    #[test]
    fn four_bytes_of_a_sample_stand_in_four_segments() {
        // Two pixels of 32 bits, 01020304 and 05060708, most significant bytes first.
        let mut bytes = vec![0u8; 64];
        bytes[0] = 4;
        for (segment, pair) in [[1u8, 5], [2, 6], [3, 7], [4, 8]].into_iter().enumerate() {
            bytes[4 + segment * 4] = u8::try_from(bytes.len()).unwrap();
            bytes.extend([1, pair[0], pair[1], 128]);
        }
        let picture = |bytes: Vec<u8>| Picture {
            bytes: bytes.into(),
            transfer_syntax: "1.2.840.10008.1.2.5".to_owned(),
            encapsulated: true,
            big_endian: false,
            vr: VR::OB,
            layout: Layout {
                rows: 1,
                columns: 2,
                samples: 1,
                allocated: 32,
                photometric: "MONOCHROME2".to_owned(),
                frames: 1,
            },
            stored: 32,
            high: 31,
            signed: false,
            planar: false,
        };
        assert_eq!(decode(&picture(bytes.clone())).unwrap(), [4, 3, 2, 1, 8, 7, 6, 5]);
        bytes[0] = 3;
        assert!(decode(&picture(bytes)).is_err(), "as many segments as bytes of a pixel");
    }
}
