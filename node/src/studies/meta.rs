//! Preamble and meta group (PS3.10 §7.1) for the file of a copied object, made from its manifest entry.
//!
//! A peer sends data sets; the meta group it first received stays with it. The one made here says the same of class,
//! instance and transfer syntax, and is the same at every call.

use crate::archive::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use bytes::Bytes;
use protocol::manifest::InstanceEntry;

/// The bytes before the data set.
pub(super) fn part10_head(entry: &InstanceEntry) -> Bytes {
    let mut group = Vec::with_capacity(256);
    // OB has two reserved bytes and a long length.
    group.extend_from_slice(&[0x02, 0x00, 0x01, 0x00, b'O', b'B', 0, 0, 2, 0, 0, 0, 0x00, 0x01]);
    text(&mut group, 0x0002, *b"UI", entry.sop_class.as_str(), 0);
    text(&mut group, 0x0003, *b"UI", entry.instance.as_str(), 0);
    text(&mut group, 0x0010, *b"UI", entry.transfer_syntax.as_str(), 0);
    text(&mut group, 0x0012, *b"UI", IMPLEMENTATION_CLASS_UID, 0);
    text(&mut group, 0x0013, *b"SH", IMPLEMENTATION_VERSION_NAME, b' ');
    let mut head = vec![0; 128];
    head.extend_from_slice(b"DICM");
    head.extend_from_slice(&[0x02, 0x00, 0x00, 0x00, b'U', b'L', 4, 0]);
    head.extend_from_slice(&u32::try_from(group.len()).unwrap_or(u32::MAX).to_le_bytes());
    head.extend_from_slice(&group);
    head.into()
}

fn text(group: &mut Vec<u8>, element: u16, vr: [u8; 2], value: &str, padding: u8) {
    // UIDs are at most 64 characters.
    let length = u16::try_from(value.len().next_multiple_of(2)).unwrap_or(u16::MAX);
    group.extend_from_slice(&0x0002u16.to_le_bytes());
    group.extend_from_slice(&element.to_le_bytes());
    group.extend_from_slice(&vr);
    group.extend_from_slice(&length.to_le_bytes());
    group.extend_from_slice(value.as_bytes());
    if value.len() % 2 == 1 {
        group.push(padding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Digest, Uid};

    fn uid(text: &str) -> Uid {
        Uid::parse(text).unwrap()
    }

    #[test]
    fn a_dicom_reader_reads_what_was_made() {
        let entry = InstanceEntry {
            instance: uid("1.2.3.4.5"),
            sop_class: uid("1.2.840.10008.5.1.4.1.1.2"),
            transfer_syntax: uid("1.2.840.10008.1.2.1"),
            number: Some(1),
            frames: 1,
            bytes: 0,
            digest: Digest::of(b""),
            header_bytes: 0,
            header_digest: Digest::of(b""),
        };
        let head = part10_head(&entry);
        let meta = dicom_object::FileMetaTable::from_reader(&head[128..]).unwrap();
        assert_eq!(meta.media_storage_sop_instance_uid(), "1.2.3.4.5");
        assert_eq!(meta.media_storage_sop_class_uid(), "1.2.840.10008.5.1.4.1.1.2");
        assert_eq!(meta.transfer_syntax(), "1.2.840.10008.1.2.1");
        assert_eq!(usize::try_from(meta.information_group_length).unwrap(), head.len() - 128 - 4 - 12);
    }
}
