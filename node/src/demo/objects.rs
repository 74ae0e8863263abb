//! Makes the demo's files: each series as DICOM objects with all that a viewer needs, written to a folder.
//!
//! The same seed and day give the same files, UIDs included.

use super::{
    patients::{Kind, Series, Study},
    phantom::{
        chest::{self, View},
        noise::{Grain, Noise},
        part10::DataSet,
        section::{self, Weighting},
        ultrasound,
    },
};
use anyhow::{Context as _, Result};
use jiff::{ToSpan as _, civil::Date};
use protocol::Digest;
use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

/// A study that was made.
#[derive(Clone, Debug)]
pub(crate) struct MadeStudy {
    pub(crate) study: String,
    pub(crate) description: &'static str,
    pub(crate) instances: Vec<MadeInstance>,
}

/// An object that was made, and what must come back of it.
#[derive(Clone, Debug)]
pub(crate) struct MadeInstance {
    pub(crate) path: PathBuf,
    pub(crate) series: String,
    pub(crate) instance: String,
    pub(crate) data_set_bytes: usize,
    pub(crate) digest: Digest,
    /// Of each frame; none where there are no pictures.
    pub(crate) frames: Vec<Digest>,
}

/// Makes all studies under a folder, on every processor.
pub(crate) fn make(folder: &Path, studies: &[Study], seed: u64, today: Date) -> Result<Vec<MadeStudy>> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let maker = Maker { folder, seed, today, grain: Grain::new(seed, 1024), field: Noise::new(seed ^ 0xf1e1d) };
    let mut jobs = Vec::new();
    for (s, study) in studies.iter().enumerate() {
        for (e, series) in study.series.iter().enumerate() {
            jobs.extend((0..series.instances).map(|i| (s, e, i)));
        }
    }
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, MadeInstance)>> {
        let mut made = Vec::new();
        while let Some(&(s, e, i)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(study) = studies.get(s) {
                made.push((s, maker.instance(study, e, i)?));
            }
        }
        Ok(made)
    };
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(16);
    let made: Result<Vec<_>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let parts =
            running.into_iter().map(|run| run.join().map_err(|_| anyhow::anyhow!("a picture could not be made"))?);
        parts.collect()
    });
    let mut made: Vec<_> = made?.into_iter().flatten().collect();
    made.sort_by(|a, b| (a.0, &a.1.path).cmp(&(b.0, &b.1.path)));
    let gathered = studies.iter().enumerate().map(|(s, study)| MadeStudy {
        study: maker.uid(&[study.accession]),
        description: study.description,
        instances: made.iter().filter(|(of, _)| *of == s).map(|(_, instance)| instance.clone()).collect(),
    });
    Ok(gathered.collect())
}

struct Maker<'a> {
    folder: &'a Path,
    seed: u64,
    today: Date,
    grain: Grain,
    field: Noise,
}

/// Pictures of an object: their bytes, and into how many frames they fall.
struct Pixels {
    bytes: Vec<u8>,
    frames: usize,
}

impl Maker<'_> {
    /// A UID below 2.25 that belongs to these words.
    fn uid(&self, words: &[&str]) -> String {
        let text = format!("{}/{}/{}", self.seed, self.today, words.join("/"));
        let number = Digest::of(text.as_bytes()).0.first_chunk::<16>().map_or(0, |b| u128::from_be_bytes(*b));
        format!("2.25.{number}")
    }

    fn instance(&self, study: &Study, series_index: usize, index: usize) -> Result<MadeInstance> {
        let series = study.series.get(series_index).context("no such series")?;
        let (e, i) = (series_index.to_string(), index.to_string());
        let series_uid = self.uid(&[study.accession, &e]);
        let instance = self.uid(&[study.accession, &e, &i]);
        let mut set = self.common(study, series, series_index, &series_uid);
        set.text(0x0008_0018, "UI", &instance);
        set.text(0x0020_0013, "IS", &(index + 1).to_string());
        let pixels = self.fill(&mut set, series, index, study.description);
        let frames = pixels.map(|pixels| {
            let frame = (pixels.bytes.len() / pixels.frames.max(1)).max(1);
            let digests: Vec<_> = pixels.bytes.chunks(frame).map(Digest::of).collect();
            set.bytes(0x7fe0_0010, if series.modality == "US" { "OB" } else { "OW" }, pixels.bytes);
            digests
        });
        let body = set.encode();
        let path = self.folder.join(format!("{}-{series_index}-{index:04}.dcm", study.accession));
        let file = [set.meta(), body.clone()].concat();
        std::fs::write(&path, file).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(MadeInstance {
            path,
            series: series_uid,
            instance,
            data_set_bytes: body.len(),
            digest: Digest::of(&body),
            frames: frames.unwrap_or_default(),
        })
    }

    /// Patient, study, series and equipment.
    fn common(&self, study: &Study, series: &Series, series_index: usize, series_uid: &str) -> DataSet {
        let day = self.today.checked_sub(study.days_ago.days()).unwrap_or(self.today).strftime("%Y%m%d").to_string();
        let patient = &study.patient;
        let mut set = DataSet::new(patient.latin);
        for tag in [0x0008_0020, 0x0008_0021, 0x0008_0023] {
            set.text(tag, "DA", &day);
        }
        for tag in [0x0008_0030, 0x0008_0031, 0x0008_0033] {
            set.text(tag, "TM", study.time);
        }
        set.text(0x0008_0050, "SH", study.accession);
        set.text(0x0008_0060, "CS", series.modality);
        set.text(0x0008_0070, "LO", "Confrere");
        set.text(0x0008_0080, "LO", "Centre hospitalier Nord");
        set.text(0x0008_0090, "PN", study.referrer);
        set.text(0x0008_1010, "SH", &format!("NORD-{}1", series.modality));
        set.text(0x0008_1030, "LO", study.description);
        set.text(0x0008_103e, "LO", series.description);
        set.text(0x0008_1090, "LO", "Generator");
        set.text(0x0010_0010, "PN", patient.name);
        set.text(0x0010_0020, "LO", patient.id);
        set.text(0x0010_0021, "LO", "CH Nord");
        set.text(0x0010_0030, "DA", patient.birth_date);
        set.text(0x0010_0040, "CS", patient.sex);
        set.text(0x0018_0015, "CS", series.body_part);
        set.text(0x0018_1020, "LO", env!("CARGO_PKG_VERSION"));
        set.text(0x0020_000d, "UI", &self.uid(&[study.accession]));
        set.text(0x0020_000e, "UI", series_uid);
        set.text(0x0020_0010, "SH", study.accession.rsplit('-').next().unwrap_or_default());
        set.text(0x0020_0011, "IS", &(series_index + 1).to_string());
        set
    }

    fn fill(&self, set: &mut DataSet, series: &Series, index: usize, title: &str) -> Option<Pixels> {
        match &series.kind {
            Kind::Ct { head, bottom, spacing, thickness } => {
                let z = bottom + spacing * number(index);
                let values = section::ct(head, z, *thickness, index, &self.grain);
                let bytes = values.iter().flat_map(|hu| (hu + 1024).to_le_bytes()).collect();
                ct(set, *thickness, *spacing);
                self.place(set, z, 512);
                Some(Pixels { bytes, frames: 1 })
            }
            Kind::Mr { head, weighting } => {
                let z = -52.0 + 4.6 * number(index);
                let values = section::mr(head, z, *weighting, index, (&self.grain, &self.field));
                mr(set, *weighting);
                self.place(set, z, 256);
                Some(Pixels { bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect(), frames: 1 })
            }
            Kind::Radiographs(views) => {
                let view = views.get(index).copied().unwrap_or(View::PosteroAnterior);
                let values = chest::radiograph(view, self.seed ^ 0xc4e57);
                radiograph(set, view);
                Some(Pixels { bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect(), frames: 1 })
            }
            Kind::Ultrasound { frames } => {
                ultrasound_loop(set, *frames);
                let bytes = (0..*frames).flat_map(|frame| ultrasound::frame(frame, *frames, self.seed)).collect();
                Some(Pixels { bytes, frames: *frames })
            }
            Kind::Document(lines) => {
                document(set, lines, title);
                None
            }
            Kind::Report(sections) => {
                report(set, sections);
                None
            }
        }
    }

    /// Where an axial picture lies in the patient.
    fn place(&self, set: &mut DataSet, z: f32, side: u16) {
        let pixel = section::FIELD_MM / f32::from(side);
        let corner = pixel / 2.0 - section::FIELD_MM / 2.0;
        set.decimals(0x0020_0032, &[corner, corner, z]);
        set.decimals(0x0020_0037, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        set.text(0x0020_0052, "UI", &self.uid(&["frame of reference"]));
        set.text(0x0020_1040, "LO", "");
        set.decimals(0x0020_1041, &[z]);
        set.decimals(0x0028_0030, &[pixel, pixel]);
        grey(set, (side, side), (16, 12));
    }
}

fn number(i: usize) -> f32 {
    f32::from(u16::try_from(i).unwrap_or(u16::MAX))
}

/// One grey sample a pixel, unsigned.
fn grey(set: &mut DataSet, (rows, columns): (u16, u16), (allocated, stored): (u16, u16)) {
    set.short(0x0028_0002, 1);
    set.text(0x0028_0004, "CS", "MONOCHROME2");
    set.short(0x0028_0010, rows);
    set.short(0x0028_0011, columns);
    set.short(0x0028_0100, allocated);
    set.short(0x0028_0101, stored);
    set.short(0x0028_0102, stored - 1);
    set.short(0x0028_0103, 0);
}

fn ct(set: &mut DataSet, thickness: f32, spacing: f32) {
    set.text(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\AXIAL");
    set.text(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.2");
    set.decimals(0x0018_0050, &[thickness]);
    set.text(0x0018_0060, "DS", "120");
    set.decimals(0x0018_0088, &[spacing]);
    set.text(0x0018_1151, "IS", "260");
    set.text(0x0018_1210, "SH", "H31s");
    set.text(0x0018_5100, "CS", "HFS");
    set.text(0x0028_1050, "DS", "40\\500");
    set.text(0x0028_1051, "DS", "80\\2500");
    set.text(0x0028_1055, "LO", "Encéphale\\Os");
    set.text(0x0028_1052, "DS", "-1024");
    set.text(0x0028_1053, "DS", "1");
    set.text(0x0028_1054, "LO", "HU");
}

fn mr(set: &mut DataSet, weighting: Weighting) {
    let (sequence, repetition, echo, inversion) = match weighting {
        Weighting::T1 => ("SE", "520", "9", None),
        Weighting::Flair => ("IR", "9000", "118", Some("2500")),
    };
    set.text(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\M\\NORM");
    set.text(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.4");
    set.text(0x0018_0020, "CS", sequence);
    set.text(0x0018_0021, "CS", "NONE");
    set.text(0x0018_0022, "CS", "");
    set.text(0x0018_0023, "CS", "2D");
    set.text(0x0018_0050, "DS", "4");
    set.text(0x0018_0080, "DS", repetition);
    set.text(0x0018_0081, "DS", echo);
    if let Some(inversion) = inversion {
        set.text(0x0018_0082, "DS", inversion);
    }
    set.text(0x0018_0087, "DS", "1.5");
    set.text(0x0018_0088, "DS", "4.6");
    set.text(0x0018_0091, "IS", "1");
    set.text(0x0018_5100, "CS", "HFS");
    set.text(0x0028_1050, "DS", "420");
    set.text(0x0028_1051, "DS", "840");
}

fn radiograph(set: &mut DataSet, view: View) {
    let (position, orientation) = match view {
        View::PosteroAnterior => ("PA", "L\\F"),
        View::Lateral => ("LL", "P\\F"),
    };
    set.text(0x0008_0008, "CS", "ORIGINAL\\PRIMARY");
    set.text(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.1.1");
    set.text(0x0008_0068, "CS", "FOR PRESENTATION");
    set.text(0x0018_0060, "DS", "125");
    set.text(0x0018_1164, "DS", "0.38\\0.38");
    set.text(0x0018_5101, "CS", position);
    set.text(0x0020_0020, "CS", orientation);
    set.text(0x0020_0062, "CS", "U");
    grey(set, (1024, 1024), (16, 12));
    set.text(0x0028_0030, "DS", "0.38\\0.38");
    set.text(0x0028_0301, "CS", "NO");
    set.text(0x0028_1040, "CS", "LOG");
    set.short_signed(0x0028_1041, -1);
    set.text(0x0028_1050, "DS", "1750");
    set.text(0x0028_1051, "DS", "2900");
    set.text(0x0028_1052, "DS", "0");
    set.text(0x0028_1053, "DS", "1");
    set.text(0x0028_1054, "LO", "US");
    set.text(0x0028_2110, "CS", "00");
    set.text(0x2050_0020, "CS", "IDENTITY");
}

fn ultrasound_loop(set: &mut DataSet, frames: usize) {
    set.text(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\ABDOMINAL");
    set.text(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.3.1");
    set.text(0x0018_1063, "DS", "50");
    set.text(0x0020_0020, "CS", "");
    set.text(0x0028_0008, "IS", &frames.to_string());
    set.tag(0x0028_0009, 0x0018_1063);
    let side = |v: usize| u16::try_from(v).unwrap_or(u16::MAX);
    grey(set, (side(ultrasound::ROWS), side(ultrasound::COLUMNS)), (8, 8));
    set.text(0x0028_2110, "CS", "00");
}

/// A letter as an encapsulated PDF.
fn document(set: &mut DataSet, lines: &[&str], title: &str) {
    set.text(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.104.1");
    set.text(0x0008_0064, "CS", "WSD");
    set.text(0x0028_0301, "CS", "NO");
    set.text(0x0042_0010, "ST", title);
    set.sequence(0x0040_a043, &[]);
    set.text(0x0042_0012, "LO", "application/pdf");
    set.bytes(0x0042_0011, "OB", pdf(lines));
}

/// One page of text, as small as a valid PDF is.
fn pdf(lines: &[&str]) -> Vec<u8> {
    let mut text = String::from("BT /F1 12 Tf 14 TL 60 780 Td\n");
    for line in lines {
        let escaped: String = line.chars().map(escape).collect();
        text.push_str(&format!("({escaped}) Tj T*\n"));
    }
    text.push_str("ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut out = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (i, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", i + 1));
    }
    let start = out.len();
    out.push_str("xref\n0 6\n0000000000 65535 f \n");
    for place in places {
        out.push_str(&format!("{place:010} 00000 n \n"));
    }
    out.push_str(&format!("trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"));
    out.into_bytes()
}

/// A character of a PDF text: beyond ASCII as the octal number of its Latin-1 place.
fn escape(c: char) -> String {
    match c {
        '(' | ')' | '\\' => format!("\\{c}"),
        c if c.is_ascii() => c.to_string(),
        c => format!("\\{:03o}", u8::try_from(u32::from(c)).unwrap_or(b'?')),
    }
}

/// A report as a Basic Text SR: a section and a text for each heading.
fn report(set: &mut DataSet, sections: &[(&str, &str)]) {
    set.text(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.88.11");
    set.sequence(0x0008_1111, &[]);
    set.text(0x0040_a040, "CS", "CONTAINER");
    let name = concept(set, "18748-4", "LN", "Diagnostic imaging report");
    set.sequence(0x0040_a043, &[name]);
    set.text(0x0040_a050, "CS", "SEPARATE");
    set.sequence(0x0040_a372, &[]);
    set.text(0x0040_a491, "CS", "COMPLETE");
    set.text(0x0040_a493, "CS", "UNVERIFIED");
    let content: Vec<_> = sections
        .iter()
        .enumerate()
        .map(|(i, (heading, text))| {
            let mut item = set.item();
            item.text(0x0040_a010, "CS", "CONTAINS");
            item.text(0x0040_a040, "CS", "TEXT");
            item.sequence(0x0040_a043, &[concept(set, &format!("S{i}"), "99CONFRERE", heading)]);
            item.text(0x0040_a160, "UT", text);
            item
        })
        .collect();
    set.sequence(0x0040_a730, &content);
}

fn concept(set: &DataSet, code: &str, scheme: &str, meaning: &str) -> DataSet {
    let mut item = set.item();
    item.text(0x0008_0100, "SH", code);
    item.text(0x0008_0102, "SH", scheme);
    item.text(0x0008_0104, "LO", meaning);
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{demo::patients, dimse};

    #[test]
    fn the_objects_are_legal_and_always_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let today = Date::constant(2026, 3, 1);
        let mut studies = patients::studies();
        for series in studies.iter_mut().flat_map(|study| study.series.iter_mut()) {
            series.instances = series.instances.min(2);
        }
        let made = make(&folder.path().join("a"), &studies, 1, today).unwrap();
        let again = make(&folder.path().join("b"), &studies, 1, today).unwrap();
        let digests =
            |all: &[MadeStudy]| -> Vec<_> { all.iter().flat_map(|s| &s.instances).map(|i| i.digest).collect() };
        assert_eq!(digests(&made), digests(&again));
        let (found, skipped) = dimse::find(&[folder.path().join("a")]);
        assert!(skipped.is_empty(), "{skipped:?}");
        let all: Vec<_> = made.iter().flat_map(|study| &study.instances).collect();
        assert_eq!(found.len(), all.len());
        for file in &found {
            let instance = all.iter().find(|made| made.path == file.path).unwrap();
            assert_eq!(file.sop_instance.as_str(), instance.instance);
            assert_eq!(file.data_set_bytes, instance.data_set_bytes as u64);
            let object = dicom_object::open_file(&file.path).unwrap();
            assert_eq!(object.element_by_name("SOPInstanceUID").unwrap().to_str().unwrap(), instance.instance);
            assert!(!object.element_by_name("PatientName").unwrap().to_str().unwrap().is_ascii());
        }
    }
}
