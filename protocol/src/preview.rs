//! What a study looks like before its images are here: a glance at all of it in one small answer, and reduced frames of a
//! stack.
//!
//! Neither is in the manifest, so the custodian signs what it sends; what is signed names study and manifest, and says of
//! each picture which instance of that manifest it shows. Nothing here is an image that a diagnosis may rest on: pictures of a
//! glance are lossy, and a reduced frame is a mean of what is in the object.
//!
//! # Not here
//! Making and showing them: `node::pixels`. Who may have them: those who may have the images.

use crate::{
    case::event::Standing,
    coding::{self, Grid, Layout},
    digest::Digest,
    ids::{SiteId, Uid},
    limits::{CONCLUSION_BYTES_MAX, GLANCE_BYTES_MAX, PREVIEW_INSTANCES, PREVIEW_SIDE_MAX},
    signed::{Domain, Signed},
    time::Timestamp,
    wire::Wire,
};
use serde::{Deserialize, Serialize};

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Absent {
    /// The object has none: a report, a plan.
    NoPicture,
    /// It cannot be decoded at the custodian, or is of a kind that is not reduced.
    Unreadable,
    /// It did not fit.
    NoRoom,
}

impl Absent {
    /// As it is told.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoPicture => "no-picture",
            Self::Unreadable => "unreadable",
            Self::NoRoom => "no-room",
        }
    }
}

/// A small lossy picture of one frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch {
    /// SOP Instance UID.
    pub instance: Uid,
    /// Which frame of it, from 0.
    pub frame: u32,
    /// Pixels in a row of the picture.
    pub width: u16,
    /// Rows of the picture.
    pub height: u16,
    /// The picture as JPEG.
    #[serde(with = "serde_bytes")]
    pub jpeg: Vec<u8>,
}

impl Sketch {
    fn is_sound(&self) -> bool {
        let sides = 1..=PREVIEW_SIDE_MAX;
        sides.contains(&self.width) && sides.contains(&self.height) && self.jpeg.starts_with(&[0xff, 0xd8, 0xff])
    }
}

/// A series at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesGlance {
    /// Series Instance UID.
    pub series: Uid,
    /// Modality.
    pub modality: String,
    /// Series Number, where it has one.
    pub number: Option<i32>,
    /// Series Description, where it has one; at most 64 characters.
    pub description: Option<String>,
    /// Number of instances.
    pub instances: u32,
    /// The image that a request named as important, else the middle one.
    pub picture: Result<Sketch, Absent>,
}

/// What a report of the study comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// Which kind of report.
    pub standing: Standing,
    /// The site where it was signed.
    pub site: SiteId,
    /// By whom.
    pub person: String,
    /// When, by that site's clock.
    pub at: Timestamp,
    /// Its conclusion, or as much of it as there is room for.
    pub text: String,
    /// Whether there is more of it.
    pub is_cut: bool,
}

/// A study at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StudyGlance {
    /// Study Instance UID.
    pub study: Uid,
    /// Digest of the manifest that it is of.
    pub manifest: Digest,
    /// In the order of the manifest; the first of very many.
    pub series: Vec<SeriesGlance>,
    /// Series that did not fit.
    pub series_left_out: u32,
    /// Of the last reports, the newest first; none where there are none, or the reader may not have them.
    pub conclusions: Vec<Conclusion>,
}

impl StudyGlance {
    /// Reports told of.
    pub const CONCLUSIONS_MAX: usize = 3;
    /// Series told of.
    pub const SERIES_MAX: usize = 64;

    /// Whether it is within its bounds, and of this study as of this manifest.
    #[must_use]
    pub fn is_of(&self, study: &Uid, manifest: &Digest) -> bool {
        let is_word =
            |text: &str, max: usize| text.chars().count() <= max && !text.chars().any(crate::limits::is_hidden);
        let is_series = |one: &SeriesGlance| {
            is_word(&one.modality, 16)
                && one.description.as_deref().is_none_or(|text| is_word(text, 64))
                && one.picture.as_ref().map_or(true, Sketch::is_sound)
        };
        let is_conclusion = |one: &Conclusion| is_word(&one.person, 64) && one.text.len() <= CONCLUSION_BYTES_MAX;
        self.study == *study
            && self.manifest == *manifest
            && self.series.len() <= Self::SERIES_MAX
            && self.conclusions.len() <= Self::CONCLUSIONS_MAX
            && self.series.iter().all(is_series)
            && self.conclusions.iter().all(is_conclusion)
    }
}

impl Wire for StudyGlance {
    const VERSION: u8 = 1;
    const NAME: &'static str = "study at a glance";
}
impl Domain for StudyGlance {
    const DOMAIN: &'static str = "confrere/glance/1";
}
impl Wire for Signed<StudyGlance> {
    const VERSION: u8 = 1;
    const NAME: &'static str = "signed glance";
}

/// What the samples of a reduced frame are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Samples {
    /// One a pixel, of one byte, without sign.
    Grey8,
    /// One a pixel, of two bytes, the lower first.
    Grey16 {
        /// In two's complement.
        signed: bool,
    },
    /// Three bytes a pixel: red, green, blue.
    Rgb,
}

impl Samples {
    /// Bytes of a pixel.
    #[must_use]
    pub const fn pixel_bytes(self) -> usize {
        match self {
            Self::Grey8 => 1,
            Self::Grey16 { .. } => 2,
            Self::Rgb => 3,
        }
    }

    fn grid(self, columns: u16) -> Option<Grid> {
        let columns = u32::from(columns);
        match self {
            Self::Grey8 => Grid::new(columns, 1, 8),
            Self::Grey16 { signed } => Grid::new(columns, 1, 16).map(|grid| grid.signed(signed)),
            Self::Rgb => Grid::new(columns * 3, 3, 8),
        }
    }
}

/// A frame with fewer pixels, each the mean of those in its place. Values stand for what they stand for in the object:
/// rescale, window and palette of its header apply, but that colours from a palette are given as red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduced {
    /// Which frame of the instance, from 0: the middle one of several.
    pub frame: u32,
    /// Rows.
    pub rows: u16,
    /// Pixels in a row.
    pub columns: u16,
    /// What they are.
    pub samples: Samples,
    /// A coded unit (see [`crate::coding`]), or the bytes as they are where they would not become fewer.
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

impl Reduced {
    /// Codes a frame; `None` where the number of bytes is not that of its pixels, or there are too many.
    #[must_use]
    pub fn of(frame: u32, (rows, columns): (u16, u16), samples: Samples, bytes: Vec<u8>) -> Option<Self> {
        let made = Self { frame, rows, columns, samples, bytes: Vec::new() };
        if !made.has_sides() || made.length() != bytes.len() {
            return None;
        }
        let layout = samples.grid(columns).map(|grid| Layout::at(grid, (0, bytes.len() as u64), 0));
        let coded = coding::encode(&bytes, layout.as_ref());
        Some(Self { bytes: coded.unwrap_or(bytes), ..made })
    }

    fn has_sides(&self) -> bool {
        let sides = 1..=PREVIEW_SIDE_MAX;
        sides.contains(&self.rows) && sides.contains(&self.columns)
    }

    fn length(&self) -> usize {
        usize::from(self.rows) * usize::from(self.columns) * self.samples.pixel_bytes()
    }

    /// Bytes that travel.
    #[must_use]
    pub fn coded_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Its samples, row by row; `None` where they are not what it says.
    #[must_use]
    pub fn pixels(&self) -> Option<Vec<u8>> {
        if !self.has_sides() {
            return None;
        }
        let length = self.length();
        if self.bytes.len() == length {
            return Some(self.bytes.clone());
        }
        coding::decode(&self.bytes, length).ok()
    }
}

/// Reduced frames of some instances of a series: those of one part of the manifest's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previews {
    /// Study Instance UID.
    pub study: Uid,
    /// Digest of the manifest whose order it follows.
    pub manifest: Digest,
    /// Series Instance UID.
    pub series: Uid,
    /// Which part: the instances from `part` × [`PREVIEW_INSTANCES`] on.
    pub part: u32,
    /// One for each instance.
    pub frames: Vec<Result<Reduced, Absent>>,
}

impl Previews {
    /// Whether it is that part of a series of so many instances.
    #[must_use]
    pub fn is_of(&self, (study, manifest): (&Uid, &Digest), series: &Uid, part: u32, instances: usize) -> bool {
        let first = usize::try_from(part).unwrap_or(usize::MAX).saturating_mul(PREVIEW_INSTANCES);
        let wanted = instances.saturating_sub(first).min(PREVIEW_INSTANCES);
        (&self.study, &self.manifest, &self.series, self.part) == (study, manifest, series, part)
            && self.frames.len() == wanted
            && self.frames.iter().flatten().all(Reduced::has_sides)
    }
}

impl Wire for Previews {
    const VERSION: u8 = 1;
    const NAME: &'static str = "previews";
}
impl Domain for Previews {
    const DOMAIN: &'static str = "confrere/previews/1";
}
impl Wire for Signed<Previews> {
    const VERSION: u8 = 1;
    const NAME: &'static str = "signed previews";
}

/// What of a conclusion fits: whole characters, and whether something was cut.
#[must_use]
pub fn cut(text: &str) -> (String, bool) {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|end| *end <= CONCLUSION_BYTES_MAX).last().unwrap_or(0);
    (text.get(..end).unwrap_or_default().to_owned(), end < text.len())
}

const _: () = assert!(CONCLUSION_BYTES_MAX * StudyGlance::CONCLUSIONS_MAX < GLANCE_BYTES_MAX / 2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;
    use ed25519_dalek::SigningKey;

    fn uid(text: &str) -> Uid {
        Uid::parse(text).unwrap()
    }

    fn slope(rows: u16, columns: u16, samples: Samples) -> Vec<u8> {
        let count = usize::from(rows) * usize::from(columns) * samples.pixel_bytes();
        (0..count).map(|at| u8::try_from(at / 3 % 251).unwrap()).collect()
    }

    #[test]
    fn a_reduced_frame_comes_back_as_it_was_and_in_fewer_bytes() {
        for samples in
            [Samples::Grey8, Samples::Grey16 { signed: true }, Samples::Grey16 { signed: false }, Samples::Rgb]
        {
            let bytes = slope(96, 128, samples);
            let reduced = Reduced::of(3, (96, 128), samples, bytes.clone()).unwrap();
            assert!(reduced.coded_bytes() < bytes.len(), "{samples:?}");
            assert_eq!(reduced.pixels(), Some(bytes), "{samples:?}");
        }
        // What does not become smaller goes as it is.
        let tiny = Reduced::of(0, (1, 1), Samples::Grey8, vec![7]).unwrap();
        assert_eq!(tiny.pixels(), Some(vec![7]));
    }

    #[test]
    fn a_frame_that_is_not_what_it_says_is_none() {
        assert_eq!(Reduced::of(0, (2, 2), Samples::Grey8, vec![0; 5]), None);
        assert_eq!(Reduced::of(0, (0, 2), Samples::Grey8, vec![]), None);
        assert_eq!(Reduced::of(0, (PREVIEW_SIDE_MAX + 1, 1), Samples::Grey8, vec![0; 513]), None);
        let lying = Reduced { frame: 0, rows: 9, columns: 9, samples: Samples::Rgb, bytes: vec![1, 2, 3] };
        assert_eq!(lying.pixels(), None);
    }

    #[test]
    fn previews_are_of_one_part_of_one_series_as_of_one_manifest() {
        let (study, series, manifest) = (uid("1.2"), uid("1.2.3"), Digest([4; 32]));
        let frames = vec![Err(Absent::Unreadable); 3];
        let part = Previews { study: study.clone(), manifest, series: series.clone(), part: 1, frames };
        let instances = PREVIEW_INSTANCES + 3;
        assert!(part.is_of((&study, &manifest), &series, 1, instances));
        assert!(!part.is_of((&study, &manifest), &series, 0, instances), "another part");
        assert!(!part.is_of((&study, &manifest), &series, 1, instances + 1), "one is missing");
        assert!(!part.is_of((&study, &Digest([5; 32])), &series, 1, instances), "another state of the study");
        assert!(!part.is_of((&uid("1.9"), &manifest), &series, 1, instances), "another study");
        assert!(!part.is_of((&study, &manifest), &uid("1.2.4"), 1, instances), "another series");
    }

    #[test]
    fn what_is_signed_is_believed_of_its_signer_only() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let site = SiteId(key.verifying_key().to_bytes());
        let picture =
            Ok(Sketch { instance: uid("1.2.3.4"), frame: 0, width: 2, height: 2, jpeg: vec![0xff, 0xd8, 0xff] });
        let series = SeriesGlance {
            series: uid("1.2.3"),
            modality: "CT".into(),
            number: Some(1),
            description: None,
            instances: 3,
            picture,
        };
        let glance = StudyGlance {
            study: uid("1.2"),
            manifest: Digest([4; 32]),
            series: vec![series],
            series_left_out: 0,
            conclusions: Vec::new(),
        };
        let bytes = wire::encode(&Signed::seal(&key, &glance));
        let read: Signed<StudyGlance> = wire::decode(&bytes).unwrap();
        assert_eq!(read.open(&site), Ok(glance.clone()));
        assert!(read.open(&SiteId([9; 32])).is_err());
        assert!(glance.is_of(&uid("1.2"), &Digest([4; 32])));
        assert!(!glance.is_of(&uid("1.2"), &Digest([5; 32])));
        let mut odd = glance;
        odd.series[0].description = Some("a\nb".into());
        assert!(!odd.is_of(&uid("1.2"), &Digest([4; 32])));
    }

    #[test]
    fn a_long_conclusion_is_cut_between_characters() {
        let (text, is_cut) = cut(&"é".repeat(CONCLUSION_BYTES_MAX));
        assert!(is_cut && text.len() <= CONCLUSION_BYTES_MAX && text.chars().all(|c| c == 'é'));
        assert_eq!(cut("short"), ("short".to_owned(), false));
    }
}
