//! What an object says it is in its own data set: SOP class and instance, as a C-STORE request must announce them.
//!
//! The meta group of many files says something else, or nothing; whoever receives the object looks at the data set.
//! Only its first elements are read. Whatever is odd there gives nothing, and the meta group is believed.

use bytes::Buf;
use protocol::Uid;
use std::io::{Read, Seek, SeekFrom};

/// Up to (0008,0018) nothing long comes before in real objects.
const FRONT_BYTES_MAX: u64 = 64 * 1024;

const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

/// SOP class and instance, as far as they are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) sop_class: Option<Uid>,
    pub(super) sop_instance: Option<Uid>,
}

/// The transfer syntax of a data set without meta group, by the look of its first element.
pub(super) fn guess_syntax(front: &[u8]) -> Option<Uid> {
    let first = front.first_chunk::<8>()?;
    if first[0] != 8 || first[1] != 0 || first[3] != 0 {
        return None;
    }
    let explicit = first[4].is_ascii_uppercase() && first[5].is_ascii_uppercase();
    Uid::parse(if explicit { super::negotiate::EXPLICIT_LE } else { super::negotiate::IMPLICIT_LE }).ok()
}

/// Reads the front of the data set that begins at `offset`.
pub(super) fn read(file: &mut (impl Read + Seek), offset: u64, syntax: &str) -> Announced {
    let mut front = Vec::new();
    let begun = file.seek(SeekFrom::Start(offset)).and_then(|_| {
        if syntax == DEFLATED {
            // A stream cut at the bound ends in an error; what came before it is enough.
            let mut inflating = flate2::read::DeflateDecoder::new(file).take(FRONT_BYTES_MAX);
            inflating.read_to_end(&mut front)
        } else {
            file.take(FRONT_BYTES_MAX).read_to_end(&mut front)
        }
    });
    if let Err(error) = begun {
        tracing::debug!(%error, "the front of a data set was read in part");
    }
    elements(&front, syntax == EXPLICIT_BE, syntax != super::negotiate::IMPLICIT_LE)
}

fn elements(mut front: &[u8], big: bool, explicit: bool) -> Announced {
    let mut announced = Announced::default();
    while let Some((tag, length)) = head(&mut front, big, explicit) {
        if tag > 0x0008_0018 {
            break;
        }
        let Some(value) = usize::try_from(length).ok().and_then(|length| front.get(..length)) else { break };
        let uid = || Uid::parse(std::str::from_utf8(value).ok()?).ok();
        match tag {
            0x0008_0016 => announced.sop_class = uid(),
            0x0008_0018 => announced.sop_instance = uid(),
            _ => {}
        }
        front.advance(value.len());
    }
    announced
}

/// Tag and length of the next element.
fn head(front: &mut &[u8], big: bool, explicit: bool) -> Option<(u32, u32)> {
    if front.len() < 8 {
        return None;
    }
    let short = |front: &mut &[u8]| if big { front.get_u16() } else { front.get_u16_le() };
    let long = |front: &mut &[u8]| if big { front.get_u32() } else { front.get_u32_le() };
    let tag = (u32::from(short(front)) << 16) | u32::from(short(front));
    if !explicit {
        return Some((tag, long(front)));
    }
    let vr = [front.get_u8(), front.get_u8()];
    let length = short(front);
    if !matches!(&vr, b"OB" | b"OW" | b"SQ" | b"UN" | b"UT" | b"UC" | b"UR") {
        return Some((tag, u32::from(length)));
    }
    (front.len() >= 4).then(|| (tag, long(front)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dimse::negotiate::{EXPLICIT_LE, IMPLICIT_LE};
    use proptest::prelude::*;
    use std::io::{Cursor, Write};

    /// Character set, class and instance in one of the encodings.
    fn front(big: bool, explicit: bool) -> Vec<u8> {
        let mut out = Vec::new();
        for (element, vr, value) in [(5u16, b"CS", "ISO_IR 192"), (0x16, b"UI", "1.2\0"), (0x18, b"UI", "2.25.77\0")] {
            for number in [8u16, element] {
                out.extend(if big { number.to_be_bytes() } else { number.to_le_bytes() });
            }
            let length = u16::try_from(value.len()).unwrap();
            if explicit {
                out.extend(vr);
                out.extend(if big { length.to_be_bytes() } else { length.to_le_bytes() });
            } else {
                out.extend(u32::from(length).to_le_bytes());
            }
            out.extend(value.bytes());
        }
        out
    }

    #[test]
    fn every_encoding_is_read() {
        let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        deflated.write_all(&front(false, true)).unwrap();
        for (syntax, bytes) in [
            (IMPLICIT_LE, front(false, false)),
            (EXPLICIT_LE, front(false, true)),
            (EXPLICIT_BE, front(true, true)),
            (DEFLATED, deflated.finish().unwrap()),
            ("1.2.840.10008.1.2.4.80", front(false, true)),
        ] {
            let announced = read(&mut Cursor::new([b"skipped".to_vec(), bytes].concat()), 7, syntax);
            assert_eq!(announced.sop_class, Uid::parse("1.2").ok(), "{syntax}");
            assert_eq!(announced.sop_instance, Uid::parse("2.25.77").ok(), "{syntax}");
        }
        assert_eq!(guess_syntax(&front(false, true)).unwrap().as_str(), EXPLICIT_LE);
        assert_eq!(guess_syntax(&front(false, false)).unwrap().as_str(), IMPLICIT_LE);
        assert_eq!(guess_syntax(b"%PDF-1.4"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), syntax in 0usize..4) {
            let syntax = [IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE, DEFLATED][syntax];
            let _ = read(&mut Cursor::new(bytes), 0, syntax);
        }
    }
}
