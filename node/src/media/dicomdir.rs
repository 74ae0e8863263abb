//! DICOMDIR: the directory of a medium (PS3.3 F, PS3.10 §8.6), in Explicit VR Little Endian.
//!
//! Records lie depth first; each refers to the next on its level and to the first below it by its place in the file,
//! which is known once all are there.
//!
//! # Not here
//! What a record says: [`super::record`].

use super::record::{self, File, Kind};
use crate::{
    archive,
    pixels::dataset::{EXPLICIT_LE, Syntax},
    tasks,
};
use dicom_core::Tag;
use protocol::Uid;

const MEDIA_STORAGE_DIRECTORY: &str = "1.2.840.10008.1.3.10";
/// `(FFFE,E000)` and a length.
const ITEM_HEAD: usize = 8;
/// Where a record's value says what is next and what is below: behind the heads of these elements.
const NEXT_AT: usize = 8;
const BELOW_AT: usize = 30;

#[derive(Debug)]
struct Record {
    bytes: Vec<u8>,
    next: Option<usize>,
    below: Option<usize>,
}

/// A directory on its way.
#[derive(Debug, Default)]
pub(super) struct Directory {
    records: Vec<Record>,
    /// The last record of each level, patient to leaf.
    last: [Option<usize>; 4],
    first: Option<usize>,
    pending: Vec<Pending>,
}

/// An object waiting to be put in: patients come together only when all are known.
#[derive(Debug)]
struct Pending {
    patient: u32,
    study: u32,
    series: u32,
    keys: [Vec<u8>; 4],
    leaf: &'static str,
}

/// What stands before an object in the directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) patient: u32,
    pub(super) study: u32,
    pub(super) series: u32,
    pub(super) image: u32,
}

impl Directory {
    /// Takes an object in.
    pub(super) fn add(&mut self, place: Place, header: &[u8], syntax: Syntax, file: &File<'_>) {
        let is_new = |same: &dyn Fn(&Pending) -> bool| !self.pending.last().is_some_and(same);
        let kind = Kind::of_class(file.sop_class);
        let upper = |kind: Kind, wanted: bool, number: u32| {
            if wanted { record::keys(kind, header, syntax, file, number) } else { Vec::new() }
        };
        // Only the first object of a study or series speaks for it.
        let keys = [
            upper(Kind::Patient, is_new(&|p| p.study == place.study), 0),
            upper(Kind::Study, is_new(&|p| p.study == place.study), place.study),
            upper(Kind::Series, is_new(&|p| p.series == place.series), place.series),
            record::keys(kind, header, syntax, file, place.image),
        ];
        let Place { patient, study, series, .. } = place;
        self.pending.push(Pending { patient, study, series, keys, leaf: kind.word() });
    }

    fn push(&mut self, level: usize, word: &str, keys: &[u8]) {
        let mut bytes = Vec::with_capacity(64 + keys.len());
        let mut element = |number: u16, vr: &[u8; 2], value: &[u8]| {
            bytes.extend_from_slice(&4u16.to_le_bytes());
            bytes.extend_from_slice(&number.to_le_bytes());
            bytes.extend_from_slice(vr);
            bytes.extend_from_slice(&u16::try_from(value.len()).unwrap_or(0).to_le_bytes());
            bytes.extend_from_slice(value);
        };
        element(0x1400, b"UL", &[0; 4]);
        element(0x1410, b"US", &0xFFFFu16.to_le_bytes());
        element(0x1420, b"UL", &[0; 4]);
        let mut text = word.as_bytes().to_vec();
        if text.len() % 2 == 1 {
            text.push(b' ');
        }
        element(0x1430, b"CS", &text);
        bytes.extend_from_slice(keys);
        let at = self.records.len();
        self.records.push(Record { bytes, next: None, below: None });
        let above = level.checked_sub(1).and_then(|above| self.last.get(above).copied().flatten());
        match (self.last.get(level).copied().flatten(), above) {
            (Some(before), _) => self.change(before, |record| record.next = Some(at)),
            (None, Some(above)) => self.change(above, |record| record.below = Some(at)),
            (None, None) => self.first = Some(at),
        }
        for (n, last) in self.last.iter_mut().enumerate() {
            if n == level {
                *last = Some(at);
            } else if n > level {
                *last = None;
            }
        }
    }

    fn change(&mut self, at: usize, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.records.get_mut(at) {
            change(record);
        }
    }

    /// The file.
    pub(super) fn finish(mut self, name: &str) -> Vec<u8> {
        let mut pending = std::mem::take(&mut self.pending);
        // Stable: within a patient, what came first stays first.
        pending.sort_by_key(|p| p.patient);
        let mut before = (0, 0, 0);
        for p in &pending {
            let [patient, study, series, leaf] = &p.keys;
            if p.patient != before.0 {
                self.push(0, Kind::Patient.word(), patient);
            }
            if p.study != before.1 {
                self.push(1, Kind::Study.word(), study);
            }
            if p.series != before.2 {
                self.push(2, Kind::Series.word(), series);
            }
            self.push(3, p.leaf, leaf);
            before = (p.patient, p.study, p.series);
        }
        self.write(name)
    }

    fn write(self, name: &str) -> Vec<u8> {
        let instance = Uid::parse(&format!("2.25.{}", u128::from_be_bytes(tasks::random_id().0)));
        let class = Uid::parse(MEDIA_STORAGE_DIRECTORY);
        let mut out = match (class, instance) {
            (Ok(class), Ok(instance)) => archive::front(EXPLICIT_LE, &class, &instance),
            _ => Vec::new(),
        };
        let mut name = name.as_bytes().to_vec();
        if name.len() % 2 == 1 {
            name.push(b' ');
        }
        // File-set ID, two offsets, the consistency flag, and the head of the sequence.
        let fixed = 8 + name.len() + 12 + 12 + 10 + 12;
        let begin = out.len() + fixed;
        let mut places = Vec::with_capacity(self.records.len());
        let mut at = begin;
        for record in &self.records {
            places.push(u32::try_from(at).unwrap_or(u32::MAX));
            at += ITEM_HEAD + record.bytes.len();
        }
        let place = |record: Option<usize>| record.and_then(|n| places.get(n).copied()).unwrap_or(0).to_le_bytes();
        let last = self.last.first().copied().flatten();
        let mut head = |tag: Tag, vr: &[u8], value: &[u8]| {
            out.extend_from_slice(&tag.0.to_le_bytes());
            out.extend_from_slice(&tag.1.to_le_bytes());
            out.extend_from_slice(vr);
            out.extend_from_slice(value);
        };
        head(Tag(4, 0x1130), b"CS", &u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
        out.extend_from_slice(&name);
        for (element, record) in [(0x1200, self.first), (0x1202, last)] {
            out.extend_from_slice(&[4, 0]);
            out.extend_from_slice(&u16::to_le_bytes(element));
            out.extend_from_slice(b"UL\x04\x00");
            out.extend_from_slice(&place(record));
        }
        out.extend_from_slice(&[4, 0, 0x12, 0x12, b'U', b'S', 2, 0, 0, 0]);
        out.extend_from_slice(&[4, 0, 0x20, 0x12, b'S', b'Q', 0, 0]);
        out.extend_from_slice(&u32::try_from(at - begin).unwrap_or(u32::MAX).to_le_bytes());
        for mut record in self.records {
            for (at, offset) in [(NEXT_AT, place(record.next)), (BELOW_AT, place(record.below))] {
                if let Some(value) = record.bytes.get_mut(at..at + 4) {
                    value.copy_from_slice(&offset);
                }
            }
            out.extend_from_slice(&[0xFE, 0xFF, 0x00, 0xE0]);
            out.extend_from_slice(&u32::try_from(record.bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.append(&mut record.bytes);
        }
        out
    }
}

/// How a header is read.
pub(super) fn syntax(transfer_syntax: &Uid) -> Syntax {
    Syntax::of(transfer_syntax.as_str())
}
