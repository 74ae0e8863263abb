//! Preamble and meta group: found at the front of what came in as a file, made for what came without.
//!
//! As other archives do, it takes files without preamble, meta groups whose length is wrong or missing, and bare data
//! sets whose transfer syntax shows in their first element. What was received is kept; a meta group is made only where
//! there was none.
//!
//! # Not here
//! The data set: [`super::prescan`].

use super::prescan::{self, ScanError};
use protocol::{AeTitle, Uid};

/// Names this program in files it completes and associations it takes part in.
pub(crate) const IMPLEMENTATION_CLASS_UID: &str = "2.25.112391472817461937450382716492083746151";
/// See [`IMPLEMENTATION_CLASS_UID`].
pub(crate) const IMPLEMENTATION_VERSION_NAME: &str = "CONFRERE_1";

/// The meta group lies within so many bytes from the front: private information in it may be some 100 KiB.
pub(super) const FRONT_BYTES_MAX: usize = 256 * 1024;

/// What stands before a data set.
#[derive(Debug)]
pub(super) struct Front {
    /// Where the data set begins.
    pub(super) data_at: usize,
    /// Whether there is a meta group; without, one is to be made.
    pub(super) has_meta: bool,
    pub(super) transfer_syntax: Uid,
    pub(super) sop_class: Option<Uid>,
    pub(super) sop_instance: Option<Uid>,
}

/// Reads the front of a file: all of it, or at least [`FRONT_BYTES_MAX`] bytes.
pub(super) fn front(bytes: &[u8]) -> Result<Front, ScanError> {
    let begin = if bytes.get(128..132) == Some(b"DICM") { 132 } else { 0 };
    let (mut at, mut syntax, mut sop_class, mut sop_instance) = (begin, None, None, None);
    while let Some(element) = meta_element(bytes, at)? {
        let uid = std::str::from_utf8(element.value).ok().and_then(|text| Uid::parse(text).ok());
        match element.number {
            0x0002 => sop_class = uid,
            0x0003 => sop_instance = uid,
            0x0010 => syntax = uid,
            _ => {}
        }
        at = element.end;
    }
    let transfer_syntax = match syntax {
        Some(uid) => uid,
        None => {
            let guess = prescan::guess(bytes.get(at..).unwrap_or_default());
            guess.and_then(|text| Uid::parse(text).ok()).ok_or(ScanError::Malformed("not a DICOM file"))?
        }
    };
    if at == bytes.len() {
        return Err(ScanError::Malformed("no data set"));
    }
    Ok(Front { data_at: at, has_meta: at > begin, transfer_syntax, sop_class, sop_instance })
}

struct MetaElement<'a> {
    number: u16,
    value: &'a [u8],
    end: usize,
}

fn meta_element(bytes: &[u8], at: usize) -> Result<Option<MetaElement<'_>>, ScanError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let &[2, 0, e1, e2, v1, v2, l1, l2, ..] = rest else { return Ok(None) };
    let cut = ScanError::Malformed("the meta group is cut off or over the bound");
    let (head, length): (usize, usize) = match [v1, v2] {
        [b'O', b'B' | b'W'] | [b'U', b'N' | b'T'] | [b'S', b'Q'] => match rest.get(8..12) {
            Some(&[a, b, c, d]) => (12, u32::from_le_bytes([a, b, c, d]) as usize),
            _ => return Err(cut),
        },
        [b'A'..=b'Z', b'A'..=b'Z'] => (8, usize::from(u16::from_le_bytes([l1, l2]))),
        _ => (8, u32::from_le_bytes([v1, v2, l1, l2]) as usize),
    };
    let value = head.checked_add(length).and_then(|end| rest.get(head..end)).ok_or(cut)?;
    Ok(Some(MetaElement { number: u16::from_le_bytes([e1, e2]), value, end: at + head + length }))
}

/// Preamble and meta group for a data set that came without.
pub(super) fn make(transfer_syntax: &str, sop_class: &Uid, sop_instance: &Uid, source: Option<&AeTitle>) -> Vec<u8> {
    let mut group = Vec::with_capacity(512);
    group.extend_from_slice(&[2, 0, 1, 0, b'O', b'B', 0, 0, 2, 0, 0, 0, 0, 1]);
    push(&mut group, 0x02, *b"UI", sop_class.as_str(), 0);
    push(&mut group, 0x03, *b"UI", sop_instance.as_str(), 0);
    push(&mut group, 0x10, *b"UI", transfer_syntax, 0);
    push(&mut group, 0x12, *b"UI", IMPLEMENTATION_CLASS_UID, 0);
    push(&mut group, 0x13, *b"SH", IMPLEMENTATION_VERSION_NAME, b' ');
    if let Some(source) = source {
        push(&mut group, 0x16, *b"AE", source.as_str(), b' ');
    }
    let mut meta = vec![0; 128];
    meta.extend_from_slice(b"DICM");
    meta.extend_from_slice(&[2, 0, 0, 0, b'U', b'L', 4, 0]);
    meta.extend_from_slice(&u32::try_from(group.len()).unwrap_or(u32::MAX).to_le_bytes());
    meta.extend_from_slice(&group);
    meta
}

/// Values here are names of at most 64 characters.
fn push(group: &mut Vec<u8>, number: u8, vr: [u8; 2], text: &str, pad: u8) {
    let padded = text.len() + text.len() % 2;
    group.extend_from_slice(&[2, 0, number, 0]);
    group.extend_from_slice(&vr);
    group.extend_from_slice(&u16::try_from(padded).unwrap_or(u16::MAX).to_le_bytes());
    group.extend_from_slice(text.as_bytes());
    group.resize(group.len() + padded - text.len(), pad);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(text: &str) -> Uid {
        Uid::parse(text).unwrap()
    }

    #[test]
    fn a_made_front_is_read_back() {
        let source = AeTitle::parse("CT_1").unwrap();
        let mut bytes = make("1.2.840.10008.1.2", &uid("1.2.3"), &uid("1.2.3.4"), Some(&source));
        let data_at = bytes.len();
        bytes.extend_from_slice(&[8, 0, 5, 0, 0, 0, 0, 0]);
        let front = front(&bytes).unwrap();
        assert_eq!(front.data_at, data_at);
        assert!(front.has_meta);
        assert_eq!(front.transfer_syntax, uid("1.2.840.10008.1.2"));
        assert_eq!((front.sop_class, front.sop_instance), (Some(uid("1.2.3")), Some(uid("1.2.3.4"))));
    }

    #[test]
    fn a_bare_data_set_shows_its_syntax_and_other_bytes_are_no_file() {
        let bare = front(&[8, 0, 5, 0, b'C', b'S', 0, 0]).unwrap();
        assert_eq!((bare.data_at, bare.has_meta, bare.transfer_syntax), (0, false, uid("1.2.840.10008.1.2.1")));
        assert_eq!(front(&[8, 0, 5, 0, 0, 0, 0, 0]).unwrap().transfer_syntax, uid("1.2.840.10008.1.2"));
        assert_eq!(front(&[0, 8, 0, 5, b'C', b'S', 0, 0]).unwrap().transfer_syntax, uid("1.2.840.10008.1.2.2"));
        for bytes in [&b""[..], &[0; 128], b"hello, world", &[2, 0, 0x10, 0, b'U', b'I', 200, 0, 1]] {
            assert!(front(bytes).is_err());
        }
    }
}
