//! Small synthetic DICOM Part 10 files, made here: explicit little endian, a phantom with noise, no patient.

use protocol::Digest;
use std::{
    fs,
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
};

const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// A study to be made.
#[derive(Clone, Debug)]
pub struct Study {
    pub uid: String,
    pub patient_name: String,
    pub patient_id: String,
    pub issuer: Option<String>,
    /// A Patient ID beside the first, with the object identifier of whoever issued it.
    pub other_id: Option<(String, String)>,
    pub date: String,
    pub accession: String,
    pub description: String,
    pub modality: String,
    pub region: String,
    pub institution: Option<String>,
    /// Timezone Offset From UTC.
    pub utc_offset: Option<String>,
    pub series: u32,
    /// Instances in each series.
    pub instances: u32,
    pub rows: u16,
    pub columns: u16,
}

/// One instance made.
#[derive(Clone, Debug)]
pub struct Instance {
    pub study: String,
    pub series: String,
    pub uid: String,
    pub number: u32,
    /// The whole Part 10 file.
    pub file: Vec<u8>,
    /// Where its data set starts.
    pub data_set_at: usize,
    /// Its pixels.
    pub pixels: Vec<u8>,
}

impl Instance {
    #[must_use]
    pub fn data_set(&self) -> &[u8] {
        &self.file[self.data_set_at..]
    }

    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.data_set())
    }

    /// The same image with one frame in another transfer syntax, as these bytes.
    ///
    /// # Panics
    /// When it has one already.
    #[must_use]
    pub fn encapsulated(&self, transfer_syntax: &str, frame: &[u8]) -> Self {
        const DELIMITER: [u8; 8] = [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
        let before = self.data_set().len().checked_sub(12 + self.pixels.len()).unwrap();
        let mut set = self.data_set()[..before].to_vec();
        set.extend_from_slice(&[0xe0, 0x7f, 0x10, 0x00]);
        set.extend_from_slice(b"OB\0\0\xff\xff\xff\xff");
        // An empty table of offsets, and the frame.
        for item in [&[][..], frame] {
            let odd = item.len() % 2;
            set.extend_from_slice(&[0xfe, 0xff, 0x00, 0xe0]);
            set.extend_from_slice(&u32::try_from(item.len() + odd).unwrap().to_le_bytes());
            set.extend_from_slice(item);
            set.extend(std::iter::repeat_n(0, odd));
        }
        set.extend_from_slice(&DELIMITER);
        let (file, data_set_at) = part10(CT, &self.uid, &set, transfer_syntax);
        Self { file, data_set_at, pixels: frame.to_vec(), ..self.clone() }
    }

    /// `/studies/…/series/…/instances/…`
    #[must_use]
    pub fn path(&self) -> String {
        format!("/studies/{}/series/{}/instances/{}", self.study, self.series, self.uid)
    }
}

/// A new UID under the UUID root.
#[must_use]
pub fn uid() -> String {
    let random = u128::from(RandomState::new().hash_one(1)) << 64 | u128::from(RandomState::new().hash_one(2));
    format!("2.25.{random}")
}

impl Default for Study {
    fn default() -> Self {
        Self {
            uid: uid(),
            patient_name: "Lefèvre^Zoé".to_owned(),
            patient_id: format!("P{:08}", RandomState::new().hash_one(3) % 100_000_000),
            issuer: None,
            other_id: None,
            date: "20260301".to_owned(),
            accession: "A1".to_owned(),
            description: "Scanner thoracique".to_owned(),
            modality: "CT".to_owned(),
            region: "CHEST".to_owned(),
            institution: None,
            utc_offset: None,
            series: 1,
            instances: 4,
            rows: 64,
            columns: 64,
        }
    }
}

impl Study {
    /// A study with so many images in one series.
    #[must_use]
    pub fn of(instances: u32) -> Self {
        Self { instances, ..Self::default() }
    }

    #[must_use]
    pub fn named(mut self, patient: &str) -> Self {
        patient.clone_into(&mut self.patient_name);
        self
    }

    #[must_use]
    pub fn modality(mut self, modality: &str) -> Self {
        modality.clone_into(&mut self.modality);
        self
    }

    /// Body Part Examined.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    #[must_use]
    pub fn size(mut self, rows: u16, columns: u16) -> Self {
        (self.rows, self.columns) = (rows, columns);
        self
    }

    /// Makes the instances, in order.
    #[must_use]
    pub fn make(&self) -> Vec<Instance> {
        let series = (1..=self.series).map(|number| (number, uid()));
        series.flat_map(|(number, series)| (1..=self.instances).map(move |i| self.one(&series, number, i))).collect()
    }

    /// Makes one more instance of a series.
    #[must_use]
    pub fn one(&self, series: &str, series_number: u32, number: u32) -> Instance {
        self.showing(phantom(self.rows, self.columns, number), series, (series_number, number))
    }

    /// Makes an instance of a series with these pixels, 16 bits each; `numbers`: of the series, and in it.
    #[must_use]
    pub fn showing(&self, pixels: Vec<u8>, series: &str, (series_number, number): (u32, u32)) -> Instance {
        let instance = uid();
        let mut set = Elements::default();
        set.text(0x0008_0005, b"CS", "ISO_IR 192");
        set.text(0x0008_0016, b"UI", CT);
        set.text(0x0008_0018, b"UI", &instance);
        set.text(0x0008_0020, b"DA", &self.date);
        set.text(0x0008_0030, b"TM", "101500");
        set.text(0x0008_0050, b"SH", &self.accession);
        set.text(0x0008_0060, b"CS", &self.modality);
        if let Some(institution) = &self.institution {
            set.text(0x0008_0080, b"LO", institution);
        }
        set.text(0x0008_0090, b"PN", "Durand^Élise");
        if let Some(offset) = &self.utc_offset {
            set.text(0x0008_0201, b"SH", offset);
        }
        set.text(0x0008_1030, b"LO", &self.description);
        set.text(0x0008_103e, b"LO", "Série axiale");
        set.text(0x0010_0010, b"PN", &self.patient_name);
        set.text(0x0010_0020, b"LO", &self.patient_id);
        if let Some(issuer) = &self.issuer {
            set.text(0x0010_0021, b"LO", issuer);
        }
        set.text(0x0010_0030, b"DA", "19610524");
        set.text(0x0010_0040, b"CS", "F");
        if let Some((id, issuer)) = &self.other_id {
            let mut universal = Elements::default();
            universal.text(0x0040_0032, b"UT", issuer);
            universal.text(0x0040_0033, b"CS", "ISO");
            let mut other = Elements::default();
            other.text(0x0010_0020, b"LO", id);
            other.text(0x0010_0022, b"CS", "TEXT");
            other.element(0x0010_0024, b"SQ", &universal.item());
            set.element(0x0010_1002, b"SQ", &other.item());
        }
        set.text(0x0018_0015, b"CS", &self.region);
        set.text(0x0018_0050, b"DS", "1");
        set.text(0x0020_000d, b"UI", &self.uid);
        set.text(0x0020_000e, b"UI", series);
        set.text(0x0020_0010, b"SH", "1");
        set.text(0x0020_0011, b"IS", &series_number.to_string());
        set.text(0x0020_0013, b"IS", &number.to_string());
        set.text(0x0020_0032, b"DS", &format!("0\\0\\{number}"));
        set.text(0x0020_0037, b"DS", "1\\0\\0\\0\\1\\0");
        set.text(0x0020_0052, b"UI", &self.uid);
        set.number(0x0028_0002, 1);
        set.text(0x0028_0004, b"CS", "MONOCHROME2");
        set.number(0x0028_0010, self.rows);
        set.number(0x0028_0011, self.columns);
        set.text(0x0028_0030, b"DS", "1\\1");
        set.number(0x0028_0100, 16);
        set.number(0x0028_0101, 16);
        set.number(0x0028_0102, 15);
        set.number(0x0028_0103, 0);
        set.text(0x0028_1050, b"DS", "600");
        set.text(0x0028_1051, b"DS", "1600");
        set.text(0x0028_1052, b"DS", "-1024");
        set.text(0x0028_1053, b"DS", "1");
        set.element(0x7fe0_0010, b"OW", &pixels);
        let (file, data_set_at) = part10(CT, &instance, &set.0, EXPLICIT_LE);
        let (study, series) = (self.uid.clone(), series.to_owned());
        Instance { study, series, uid: instance, number, file, data_set_at, pixels }
    }

    /// Makes the study and writes it as files.
    #[must_use]
    pub fn write(&self, folder: &Path) -> (Vec<Instance>, Vec<PathBuf>) {
        let made = self.make();
        let paths = write(&made, folder);
        (made, paths)
    }
}

/// Writes instances as files.
///
/// # Panics
/// When the folder is not writable.
#[must_use]
pub fn write(instances: &[Instance], folder: &Path) -> Vec<PathBuf> {
    fs::create_dir_all(folder).unwrap();
    let name = |i: &Instance| folder.join(format!("{}.dcm", i.uid));
    instances.iter().map(|i| fs::write(name(i), &i.file).map(|()| name(i)).unwrap()).collect()
}

/// A disc of tissue with a spine and noise; the slice number moves the spine.
fn phantom(rows: u16, columns: u16, slice: u32) -> Vec<u8> {
    let (cy, cx) = (f32::from(rows) / 2.0, f32::from(columns) / 2.0);
    let mut noise = slice.wrapping_mul(2_654_435_761) | 1;
    let mut pixels = Vec::with_capacity(usize::from(rows) * usize::from(columns) * 2);
    for y in 0..rows {
        for x in 0..columns {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (dy, dx) = ((f32::from(y) - cy) / cy, (f32::from(x) - cx) / cx);
            let is_body = dx * dx + dy * dy < 0.8;
            let is_spine = dx.abs() < 0.1 && (dy - 0.5).abs() < 0.1;
            let tissue: u16 = if is_spine {
                1_700
            } else if is_body {
                1_050
            } else {
                20
            };
            let grain = u16::try_from(noise >> 27).unwrap_or_default();
            pixels.extend_from_slice(&(tissue + grain).to_le_bytes());
        }
    }
    pixels
}

/// Elements in explicit little endian.
#[derive(Debug, Default)]
pub struct Elements(pub Vec<u8>);

impl Elements {
    /// As the one item of a sequence.
    pub(crate) fn item(&self) -> Vec<u8> {
        let length = u32::try_from(self.0.len()).unwrap().to_le_bytes();
        [&[0xfe, 0xff, 0, 0xe0][..], &length, &self.0].concat()
    }

    pub fn element(&mut self, tag: u32, vr: &[u8; 2], value: &[u8]) {
        let padding = value.len() % 2;
        let length = u32::try_from(value.len() + padding).unwrap();
        self.0.extend_from_slice(&u16::try_from(tag >> 16).unwrap().to_le_bytes());
        self.0.extend_from_slice(&u16::try_from(tag & 0xffff).unwrap().to_le_bytes());
        self.0.extend_from_slice(vr);
        if matches!(vr, b"OB" | b"OW" | b"UN" | b"SQ" | b"UT") {
            self.0.extend_from_slice(&[0, 0]);
            self.0.extend_from_slice(&length.to_le_bytes());
        } else {
            self.0.extend_from_slice(&u16::try_from(length).unwrap().to_le_bytes());
        }
        self.0.extend_from_slice(value);
        if padding == 1 {
            self.0.push(if vr == b"UI" || vr == b"OB" { 0 } else { b' ' });
        }
    }

    pub fn text(&mut self, tag: u32, vr: &[u8; 2], value: &str) {
        self.element(tag, vr, value.as_bytes());
    }

    pub fn number(&mut self, tag: u32, value: u16) {
        self.element(tag, b"US", &value.to_le_bytes());
    }
}

/// Preamble, meta group and data set; with the offset of the data set.
pub(crate) fn part10(sop_class: &str, instance: &str, data_set: &[u8], transfer_syntax: &str) -> (Vec<u8>, usize) {
    let mut meta = Elements::default();
    meta.element(0x0002_0001, b"OB", &[0, 1]);
    meta.text(0x0002_0002, b"UI", sop_class);
    meta.text(0x0002_0003, b"UI", instance);
    meta.text(0x0002_0010, b"UI", transfer_syntax);
    meta.text(0x0002_0012, b"UI", "2.25.1");
    let mut length = Elements::default();
    length.element(0x0002_0000, b"UL", &u32::try_from(meta.0.len()).unwrap().to_le_bytes());
    let mut file = vec![0; 128];
    file.extend_from_slice(b"DICM");
    file.extend_from_slice(&length.0);
    file.extend_from_slice(&meta.0);
    let data_set_at = file.len();
    file.extend_from_slice(data_set);
    (file, data_set_at)
}

/// Where the data set of a Part 10 file starts: after the elements of group 0002, which are explicit little endian
/// whatever follows. 0 for bytes without a preamble and a meta group.
#[must_use]
pub fn data_set_at(file: &[u8]) -> usize {
    let mut at = if file.get(128..132) == Some(b"DICM") { 132 } else { 0 };
    let start = at;
    while let Some(head) = file.get(at..at + 8) {
        if head[..2] != [2, 0] {
            return if at == start { 0 } else { at };
        }
        let is_long = matches!(&head[4..6], b"OB" | b"OW" | b"UN" | b"SQ" | b"UT" | b"OF");
        let (skip, length) = if is_long {
            let Some(long) = file.get(at + 8..at + 12) else { return at };
            (12, u32::from_le_bytes([long[0], long[1], long[2], long[3]]) as usize)
        } else {
            (8, usize::from(u16::from_le_bytes([head[6], head[7]])))
        };
        at = at.saturating_add(skip).saturating_add(length);
    }
    at.min(file.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_set_is_found_again() {
        for instance in Study::of(2).make() {
            assert_eq!(data_set_at(&instance.file), instance.data_set_at);
            assert!(instance.data_set().ends_with(&instance.pixels));
        }
        assert_eq!(data_set_at(b"nothing of the kind"), 0);
    }
}
