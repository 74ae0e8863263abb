//! Marker segments, as JPEG and JPEG-LS have them.

/// The next marker and its body; `at` goes behind it. `None` at the end, or where no marker can be made out.
pub(super) fn next<'a>(bytes: &'a [u8], at: &mut usize) -> Option<(u8, &'a [u8])> {
    loop {
        match bytes.get(*at..)? {
            [0xFF, 0xFF, ..] => *at += 1,
            [0xFF, marker @ (0x01 | 0xD0..=0xD9), ..] => {
                *at += 2;
                return Some((*marker, &[]));
            }
            [0xFF, marker, high, low, ..] if *marker >= 0xC0 => {
                let len = usize::from(u16::from_be_bytes([*high, *low]));
                let body = bytes.get(*at + 4..*at + 2 + len)?;
                *at += 2 + len;
                return Some((*marker, body));
            }
            // Encoders that pad what follows a scan.
            [_, _, ..] => *at += 1,
            _ => return None,
        }
    }
}
