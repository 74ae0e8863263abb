//! What strangers' bytes meet on their way in, for the fuzz targets (see `crate::fuzz`).

use super::{
    Form,
    ingest::look_at_memory,
    matching::{name_matches, value_matches},
    part10,
    prescan::{self, DataSet},
};
use dicom_core::VR;
use protocol::Uid;
use std::{cell::RefCell, fs::File, os::unix::fs::FileExt};

/// Implicit, explicit, big-endian, deflated.
const SYNTAXES: [&str; 4] =
    ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"];

thread_local! {
    /// One file for all runs.
    static SPOOLED: RefCell<Option<File>> = RefCell::new(tempfile::tempfile().ok());
}

/// A data set, its first byte telling in which syntax: what memory shows, a file shows too.
pub(crate) fn prescan(bytes: &[u8]) {
    let Some((choice, data)) = bytes.split_first() else { return };
    let Some(Ok(syntax)) = SYNTAXES.get(usize::from(choice % 4)).map(|text| Uid::parse(text)) else { return };
    let memory = prescan::scan(DataSet::Memory(data), &syntax);
    SPOOLED.with_borrow(|file| {
        let Some(file) = file else { return };
        let written = file.set_len(0).and_then(|()| file.write_all_at(data, 6));
        assert!(written.is_ok(), "{written:?}");
        let filed = prescan::scan(DataSet::File(file, 6, data.len() as u64), &syntax);
        assert_eq!(format!("{:?}", memory.as_ref().ok()), format!("{:?}", filed.as_ref().ok()));
    });
    let Ok(scanned) = memory else { return };
    assert!(scanned.header_bytes as usize <= data.len(), "a header is part of its data set");
    let names = prescan::names_in_front(data, &syntax);
    assert_eq!(names, (scanned.sop_class, scanned.sop_instance));
}

/// A file as it is sent in: looked at as ingest does, and a meta group that was made says what it was made of.
pub(crate) fn part10(bytes: &[u8]) {
    let Ok(front) = part10::front(bytes) else { return };
    assert!(front.data_at < bytes.len());
    let Ok((meta, sent)) = look_at_memory(&Form::File, bytes.to_vec(), String::new()).map(|p| p.fronted()) else {
        return;
    };
    assert!(bytes.ends_with(&sent), "the data set is as it came");
    let stored = part10::front(&[meta.as_slice(), &sent].concat());
    let stored = stored.map(|front| (front.data_at, front.has_meta, front.transfer_syntax));
    assert_eq!(stored.ok(), Some((meta.len(), true, front.transfer_syntax)));
}

/// A pattern and a value, parted by a line end.
pub(crate) fn matching(bytes: &[u8]) {
    const VRS: [VR; 12] = {
        use VR::{CS, DA, DS, DT, IS, LO, LT, PN, SH, TM, UC, UI};
        [CS, DA, DS, DT, IS, LO, LT, PN, SH, TM, UC, UI]
    };
    let text = String::from_utf8_lossy(bytes);
    let Some((pattern, value)) = text.split_once('\n') else { return };
    for vr in VRS {
        let _ = value_matches(vr, pattern, value);
        assert!(value_matches(vr, "*", value), "universal");
    }
    let _ = (name_matches(pattern, Some(value), true), name_matches(pattern, Some(value), false));
    let value = value.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    if !value.is_empty() && !value.contains(['*', '?', '\\', '"']) {
        for vr in [VR::CS, VR::SH, VR::LO, VR::LT] {
            assert!(value_matches(vr, value, value), "{vr:?}: what is asked by itself is found");
        }
    }
}
