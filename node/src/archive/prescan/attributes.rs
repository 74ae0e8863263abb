//! What rows need of a data set: raw values as found, and what they say.

use super::{ScanError, charset::Charsets, scan::Coding};
use crate::archive::rows::{SeriesSays, StudySays};
use protocol::{Uid, catalog::is_utc_offset, coding::Grid, identity::Identifier, manifest::Patient};
use std::collections::BTreeMap;

const CHARSET: u32 = 0x0008_0005;
const SOP_CLASS: u32 = 0x0008_0016;
const SOP_INSTANCE: u32 = 0x0008_0018;
const STUDY_DATE: u32 = 0x0008_0020;
const SERIES_DATE: u32 = 0x0008_0021;
const STUDY_TIME: u32 = 0x0008_0030;
const SERIES_TIME: u32 = 0x0008_0031;
const ACCESSION: u32 = 0x0008_0050;
const MODALITY: u32 = 0x0008_0060;
const UTC_OFFSET: u32 = 0x0008_0201;
const INSTITUTION: u32 = 0x0008_0080;
const REFERRER: u32 = 0x0008_0090;
const STATION: u32 = 0x0008_1010;
const STUDY_DESCRIPTION: u32 = 0x0008_1030;
const SERIES_DESCRIPTION: u32 = 0x0008_103E;
const PATIENT_NAME: u32 = 0x0010_0010;
const PATIENT_ID: u32 = 0x0010_0020;
const ISSUER: u32 = 0x0010_0021;
const QUALIFIERS: u32 = 0x0010_0024;
const BIRTH_DATE: u32 = 0x0010_0030;
const SEX: u32 = 0x0010_0040;
const OTHER_IDS: u32 = 0x0010_1002;
const BODY_PART: u32 = 0x0018_0015;
const STUDY: u32 = 0x0020_000D;
const SERIES: u32 = 0x0020_000E;
const STUDY_ID: u32 = 0x0020_0010;
const SERIES_NUMBER: u32 = 0x0020_0011;
const INSTANCE_NUMBER: u32 = 0x0020_0013;
const SAMPLES: u32 = 0x0028_0002;
const PLANAR: u32 = 0x0028_0006;
const FRAMES: u32 = 0x0028_0008;
const UNIVERSAL_ID: u32 = 0x0040_0032;
const ROWS: u32 = 0x0028_0010;
const COLUMNS: u32 = 0x0028_0011;
const BITS_ALLOCATED: u32 = 0x0028_0100;
const REPRESENTATION: u32 = 0x0028_0103;

const WANTED: [u32; 29] = [
    CHARSET,
    SOP_CLASS,
    SOP_INSTANCE,
    STUDY_DATE,
    SERIES_DATE,
    STUDY_TIME,
    SERIES_TIME,
    ACCESSION,
    MODALITY,
    INSTITUTION,
    REFERRER,
    UTC_OFFSET,
    STATION,
    STUDY_DESCRIPTION,
    SERIES_DESCRIPTION,
    PATIENT_NAME,
    PATIENT_ID,
    ISSUER,
    BIRTH_DATE,
    SEX,
    BODY_PART,
    STUDY,
    SERIES,
    STUDY_ID,
    SERIES_NUMBER,
    INSTANCE_NUMBER,
    FRAMES,
    ROWS,
    COLUMNS,
];

/// What tells how samples stand in native pixel data.
const OF_PIXELS: [u32; 5] = [SAMPLES, PLANAR, COLUMNS, BITS_ALLOCATED, REPRESENTATION];

/// Patient IDs beside the first that are looked at.
const OTHERS_MAX: usize = 16;

/// Raw values of the wanted top-level elements.
#[derive(Debug)]
pub(super) struct Found {
    values: BTreeMap<u32, Vec<u8>>,
    wanted: &'static [u32],
    ids: Ids,
}

/// A Patient ID with whoever issued it, as raw values.
#[derive(Debug, Default)]
struct Id {
    id: Vec<u8>,
    issuer: Vec<u8>,
    universal: Vec<u8>,
}

/// Patient IDs in sequences: who issued the first (0010,0024), and others (0010,1002).
#[derive(Debug, Default)]
struct Ids {
    universal: Vec<u8>,
    others: Vec<Id>,
}

impl Default for Found {
    fn default() -> Self {
        Self { values: BTreeMap::new(), wanted: &WANTED, ids: Ids::default() }
    }
}

impl Found {
    /// For what tells how samples stand.
    pub(super) fn of_pixels() -> Self {
        Self { wanted: &OF_PIXELS, ..Self::default() }
    }

    /// Whether values inside this top-level sequence are wanted.
    pub(super) fn wants_within(&self, sequence: u32) -> bool {
        matches!(sequence, OTHER_IDS | QUALIFIERS) && self.wanted.contains(&PATIENT_ID)
    }

    /// An item of a top-level sequence begins.
    pub(super) fn begin_item(&mut self, sequence: u32) {
        if sequence == OTHER_IDS && self.ids.others.len() < OTHERS_MAX {
            self.ids.others.push(Id::default());
        }
    }

    /// A value inside a top-level sequence; `inner`: inside a sequence of it.
    pub(super) fn keep_within(&mut self, sequence: u32, inner: Option<u32>, tag: u32, value: &[u8]) {
        let place = match (sequence, inner, tag) {
            (QUALIFIERS, None, UNIVERSAL_ID) => Some(&mut self.ids.universal),
            (OTHER_IDS, None, PATIENT_ID) => self.ids.others.last_mut().map(|one| &mut one.id),
            (OTHER_IDS, None, ISSUER) => self.ids.others.last_mut().map(|one| &mut one.issuer),
            (OTHER_IDS, Some(QUALIFIERS), UNIVERSAL_ID) => self.ids.others.last_mut().map(|one| &mut one.universal),
            _ => None,
        };
        // One that stands twice with two values is no number, since a number has no comma.
        match place {
            Some(place) if place.is_empty() || *place == *value => *place = value.to_vec(),
            Some(place) => place.push(b','),
            None => {}
        }
    }

    /// The one national number that it tells of the patient; of two it is not known which.
    fn national(&self) -> Option<Identifier> {
        let text = |raw: &[u8]| std::str::from_utf8(raw).ok().map(|text| text.trim_matches(['\0', ' ']).to_owned());
        let number = |id: &[u8], by: [&[u8]; 2]| {
            let id = text(id)?;
            by.into_iter().find_map(|issuer| Identifier::national(&text(issuer)?, &id))
        };
        let (id, issuer) = (self.raw(PATIENT_ID).unwrap_or_default(), self.raw(ISSUER).unwrap_or_default());
        let first = number(id, [&self.ids.universal, issuer]);
        let others = self.ids.others.iter().filter_map(|one| number(&one.id, [&one.universal, &one.issuer]));
        let mut numbers: Vec<Identifier> = first.into_iter().chain(others).collect();
        numbers.dedup();
        if numbers.len() == 1 { numbers.pop() } else { None }
    }

    pub(super) fn wants(&self, tag: u32) -> bool {
        tag < 0x0029_0000 && self.wanted.contains(&tag)
    }

    /// How samples stand; `None` where that is not known, or not of 8 or 16 bits.
    pub(super) fn grid(&self, coding: Coding) -> Option<Grid> {
        let samples = self.short(SAMPLES, coding).max(1);
        let (columns, is_planar) = (u32::from(self.columns(coding)), self.short(PLANAR, coding) == 1);
        let step = if is_planar { 1 } else { u8::try_from(samples).ok()? };
        let width = columns * u32::from(step);
        let grid = Grid::new(width, step, self.short(BITS_ALLOCATED, coding))?;
        let is_signed = self.short(REPRESENTATION, coding) == 1;
        Some(grid.signed(is_signed).big_endian(coding == Coding::ExplicitBe))
    }

    /// An element that stands twice with two values has none that could be trusted.
    pub(super) fn keep(&mut self, tag: u32, value: &[u8]) -> Result<(), ScanError> {
        match self.values.get(&tag) {
            Some(before) if before != value => Err(ScanError::Malformed("an element stands twice with two values")),
            Some(_) => Ok(()),
            None => {
                self.values.insert(tag, value.to_vec());
                Ok(())
            }
        }
    }

    fn raw(&self, tag: u32) -> Option<&[u8]> {
        self.values.get(&tag).map(Vec::as_slice)
    }

    /// A UID; empty or padding alone counts as missing, anything else must be one.
    fn uid(&self, tag: u32, fault: &'static str) -> Result<Option<Uid>, ScanError> {
        let Some(raw) = self.raw(tag) else { return Ok(None) };
        let text = std::str::from_utf8(raw).map_err(|_| ScanError::Malformed(fault))?.trim_matches(['\0', ' ']);
        if text.is_empty() {
            return Ok(None);
        }
        Uid::parse(text).map(Some).map_err(|_| ScanError::Malformed(fault))
    }

    pub(super) fn sop_class(&self) -> Result<Option<Uid>, ScanError> {
        self.uid(SOP_CLASS, "the SOP Class UID is not a UID")
    }

    pub(super) fn sop_instance(&self) -> Result<Option<Uid>, ScanError> {
        self.uid(SOP_INSTANCE, "the SOP Instance UID is not a UID")
    }

    pub(super) fn study(&self) -> Result<StudySays, ScanError> {
        let charsets = self.charsets();
        let text = |tag| self.raw(tag).and_then(|raw| charsets.text(raw));
        let first = |tag| text(tag).and_then(|t| first_value(&t));
        Ok(StudySays {
            study: self
                .uid(STUDY, "the Study Instance UID is not a UID")?
                .ok_or(ScanError::Malformed("no Study Instance UID"))?,
            patient: Patient {
                name: text(PATIENT_NAME).filter(|name| name.contains(|c| c != '^' && c != '=' && c != ' ')),
                birth_date: self.date(BIRTH_DATE),
                sex: self.code(SEX),
                id: first(PATIENT_ID),
                issuer: first(ISSUER),
            },
            date: self.date(STUDY_DATE),
            time: self.time(STUDY_TIME),
            utc_offset_min: self.utc_offset(),
            national: self.national(),
            description: text(STUDY_DESCRIPTION),
            accession: first(ACCESSION),
            referrer: text(REFERRER),
            study_id: first(STUDY_ID),
        })
    }

    pub(super) fn series(&self) -> Result<SeriesSays, ScanError> {
        let charsets = self.charsets();
        let text = |tag| self.raw(tag).and_then(|raw| charsets.text(raw));
        Ok(SeriesSays {
            series: self
                .uid(SERIES, "the Series Instance UID is not a UID")?
                .ok_or(ScanError::Malformed("no Series Instance UID"))?,
            modality: self.code(MODALITY).unwrap_or_else(|| "OT".to_owned()),
            number: self.integer(SERIES_NUMBER),
            description: text(SERIES_DESCRIPTION),
            body_part: self.code(BODY_PART),
            date: self.date(SERIES_DATE),
            time: self.time(SERIES_TIME),
            station: text(STATION),
            institution: text(INSTITUTION),
        })
    }

    pub(super) fn instance_number(&self) -> Option<i32> {
        self.integer(INSTANCE_NUMBER)
    }

    /// As declared, but never more than the data set has bits.
    pub(super) fn frames(&self, has_pixels: bool, bytes: u64) -> u32 {
        if !has_pixels {
            return 0;
        }
        let declared = self.integer(FRAMES).and_then(|n| u32::try_from(n).ok()).unwrap_or(1).max(1);
        declared.min(u32::try_from(bytes.saturating_mul(8)).unwrap_or(u32::MAX))
    }

    pub(super) fn rows(&self, coding: Coding) -> u16 {
        self.short(ROWS, coding)
    }

    pub(super) fn columns(&self, coding: Coding) -> u16 {
        self.short(COLUMNS, coding)
    }

    fn charsets(&self) -> Charsets {
        Charsets::parse(self.raw(CHARSET).unwrap_or_default())
    }

    /// A code string: printable ASCII, at most 16 characters, upper case.
    fn code(&self, tag: u32) -> Option<String> {
        let raw = self.raw(tag)?;
        let text: String = raw.iter().take_while(|b| **b != b'\\').map(|b| char::from(*b)).collect();
        let code: String = text.trim_matches(['\0', ' ']).chars().filter(char::is_ascii_graphic).take(16).collect();
        (!code.is_empty()).then(|| code.to_uppercase())
    }

    fn integer(&self, tag: u32) -> Option<i32> {
        let text = std::str::from_utf8(self.raw(tag)?).ok()?;
        text.split('\\').next()?.trim_matches(['\0', ' ', '+']).parse().ok()
    }

    fn short(&self, tag: u32, coding: Coding) -> u16 {
        match (self.raw(tag), coding) {
            (Some(&[a, b, ..]), Coding::ExplicitBe) => u16::from_be_bytes([a, b]),
            (Some(&[a, b, ..]), _) => u16::from_le_bytes([a, b]),
            _ => 0,
        }
    }

    /// `YYYYMMDD`; also as ACR-NEMA wrote it, with dots. What is no date is none.
    fn date(&self, tag: u32) -> Option<String> {
        let text = std::str::from_utf8(self.raw(tag)?).ok()?.trim_matches(['\0', ' ']);
        let is_dotted = text.len() == 10 && text.get(4..5) == Some(".") && text.get(7..8) == Some(".");
        let digits = if is_dotted { text.replace('.', "") } else { text.to_owned() };
        if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let part = |range| digits.get(range).and_then(|t: &str| t.parse::<u8>().ok());
        let is_date = matches!(part(4..6), Some(1..=12)) && matches!(part(6..8), Some(1..=31));
        is_date.then_some(digits)
    }

    /// `&ZZXX` in minutes ahead of UTC. What is no offset is none.
    fn utc_offset(&self) -> Option<i16> {
        let text = std::str::from_utf8(self.raw(UTC_OFFSET)?).ok()?.trim_matches(['\0', ' ']);
        let (sign, digits) = text.split_at_checked(1)?;
        let sign = match sign {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (hours, minutes) = (digits.get(..2)?.parse::<i16>().ok()?, digits.get(2..)?.parse::<i16>().ok()?);
        let offset = sign * (hours * 60 + minutes);
        (minutes < 60 && is_utc_offset(offset)).then_some(offset)
    }

    /// `HHMMSS` of a time given to the hour, minute or second.
    fn time(&self, tag: u32) -> Option<String> {
        let text = std::str::from_utf8(self.raw(tag)?).ok()?.trim_matches(['\0', ' ']);
        let mut digits: String = text.split('.').next()?.replace(':', "");
        let is_time = matches!(digits.len(), 2 | 4 | 6) && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_time {
            return None;
        }
        while digits.len() < 6 {
            digits.push('0');
        }
        let below =
            |range, max: u8| digits.get(range).and_then(|t: &str| t.parse::<u8>().ok()).is_some_and(|n| n <= max);
        (below(0..2, 23) && below(2..4, 59) && below(4..6, 60)).then_some(digits)
    }
}

fn first_value(text: &str) -> Option<String> {
    let first = text.split('\\').next()?.trim();
    (!first.is_empty()).then(|| first.to_owned())
}
