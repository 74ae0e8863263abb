//! A signed report written out: as DICOM SR (Basic Text SR, sections of PS3.16 TID 2000), as PDF for people, and that PDF as a DICOM
//! object.
//!
//! The signed event is the report; what is made here says the same and can be made again. A preliminary one is unverified in
//! both, and the PDF says so across every page. UIDs are drawn from the event's digest, so that a report is filed once however
//! often it is tried.
//!
//! # At a crash
//! Nothing is kept here.
//!
//! # Not here
//! Putting them into the archive: `desk`. Who may see them: the doors.

mod letters;
mod pdf;
mod sr;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use pdf::pdf;
#[cfg(test)]
pub(crate) use sr::documents;
pub(crate) use sr::{Document, Unwritable, document};

use crate::{cases::Whole, words::Language};
use dicom_dictionary_std::uids;
use protocol::{
    Digest, Timestamp, Uid,
    case::{
        event::{KeyImage, Patient, Report, Standing},
        state::Reported,
    },
    ids::Id128,
};

/// Station Name (0008,1010) of the series that are made here: what is in them is no image that came.
pub(crate) const STATION: &str = crate::archive::REPORT_STATION;

/// A report with all that its reader has to know beside it.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    pub(crate) case: Id128,
    /// The event that reported.
    pub(crate) event: Digest,
    /// Which of the case's reports, from 1.
    pub(crate) number: usize,
    pub(crate) patient: Patient,
    /// As whom the requesting site has identified them since it was signed.
    pub(crate) identified: Option<Patient>,
    /// Accession number and its issuer; empty: none.
    pub(crate) accession: (String, String),
    pub(crate) question: String,
    /// Names of the site that asked and of the one that reported.
    pub(crate) requester: String,
    pub(crate) reader: String,
    /// Account of the author.
    pub(crate) person: String,
    pub(crate) at: Timestamp,
    pub(crate) report: Report,
    /// Images that its author points at.
    pub(crate) images: Vec<KeyImage>,
    /// Earlier reports that this one stands in the place of, or adds to.
    pub(crate) before: Vec<Digest>,
    /// The final report that took its place since, where it is a preliminary one.
    pub(crate) superseded: Option<Superseded>,
    pub(crate) beside: Beside,
}

/// By whom a report was replaced, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Superseded {
    pub(crate) person: String,
    pub(crate) site: String,
    pub(crate) at: Timestamp,
}

/// What is known where the report is written out, and is no word of its author's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beside {
    /// Address of the images in this site's viewer.
    pub(crate) viewer: Option<String>,
    /// How long this site keeps the images; `None`: they are not its own.
    pub(crate) kept: Option<Kept>,
    /// Objects that the report points at.
    pub(crate) references: Vec<Reference>,
    /// Of objects of earlier reports, those that lie under the second of their UIDs ([`Kind::instances`]).
    pub(crate) seconds: Vec<Uid>,
}

/// How long images are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// To this day at least, `YYYYMMDD`.
    Until(String),
    /// No end is known.
    Open,
}

/// An image, or a document that points at images, that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) study: Uid,
    pub(crate) series: Uid,
    pub(crate) class: Uid,
    pub(crate) instance: Uid,
    /// From 1, where one frame is meant.
    pub(crate) frame: Option<u32>,
    /// It is an image, and no document about images.
    pub(crate) is_image: bool,
    /// What is to be seen there, or was measured.
    pub(crate) text: String,
}

impl Sheet {
    /// Of a report of a case. `name`: what a site is called here.
    pub(crate) fn of(whole: &Whole, reported: &Reported, name: impl Fn(&protocol::SiteId) -> String) -> Self {
        let state = &whole.state;
        let earlier = state.reports.iter().take_while(|one| one.event != reported.event);
        let is_before = |one: &&Reported| match reported.report.standing {
            Standing::Preliminary => one.report.standing == Standing::Preliminary && one.person == reported.person,
            Standing::Final => one.report.standing == Standing::Preliminary,
            Standing::Addendum => one.report.standing == Standing::Final,
            Standing::SecondReading => false,
        };
        let number = state.reports.iter().position(|one| one.event == reported.event).map_or(1, |at| at + 1);
        Self {
            case: state.case,
            event: reported.event,
            number,
            patient: reported.patient.clone(),
            identified: Some(&state.ask.patient).filter(|known| **known != reported.patient).cloned(),
            accession: state.ask.accession.clone(),
            question: state.ask.question.clone(),
            requester: name(&state.requester.0),
            reader: name(&reported.site),
            person: reported.person.clone(),
            at: reported.at,
            report: reported.report.clone(),
            images: whole.key_images_of(reported).cloned().collect(),
            before: earlier.filter(is_before).map(|one| one.event).collect(),
            superseded: state.superseded_by(&reported.event).map(|last| Superseded {
                person: last.person.clone(),
                site: name(&last.site),
                at: last.at,
            }),
            beside: Beside::default(),
        }
    }

    /// What is said where the patient was identified after it was signed.
    fn identified(&self) -> Option<String> {
        let known = self.identified.as_ref()?;
        let born = words::day(self.language(), &known.birth_date);
        let id = format!("{} ({})", known.id, known.issuer);
        let parts = [words::person(&known.name), born, if known.id.is_empty() { String::new() } else { id }];
        Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "))
    }

    /// Whether a final one is still to come.
    pub(crate) fn is_preliminary(&self) -> bool {
        self.report.standing == Standing::Preliminary
    }

    fn language(&self) -> Language {
        Language::of(&self.report.language)
    }
}

/// Kinds of objects that a report is filed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sr,
    Pdf,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Sr, Self::Pdf];

    /// Its SOP class.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Sr => uids::BASIC_TEXT_SR_STORAGE,
            Self::Pdf => uids::ENCAPSULATED_PDF_STORAGE,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sr => "confrere report sr 1",
            Self::Pdf => "confrere report pdf 1",
        }
    }

    /// SOP Instance UID of a report's object of this kind.
    pub(crate) fn instance(self, event: &Digest) -> Uid {
        drawn(self.name(), &event.0)
    }

    /// Under which SOP Instance UIDs it may lie: its own, and a second one where somebody else's object lies under that.
    pub(crate) fn instances(self, event: &Digest) -> [Uid; 2] {
        [self.instance(event), drawn(self.name(), &[&event.0[..], &b"second"[..]].concat())]
    }

    /// Series Instance UID of a case's objects of this kind.
    pub(crate) fn series(self, case: &Id128) -> Uid {
        drawn(self.name(), &case.0)
    }
}

/// A UID under the root for UUIDs (PS3.5 B.2), always the same of the same words.
fn drawn(what: &str, of: &[u8]) -> Uid {
    let key = blake3::derive_key(what, of);
    let number = key.first_chunk::<16>().map_or(0, |first| u128::from_be_bytes(*first));
    // Version 8 and variant of RFC 9562, so that it is a UUID as the root wants it.
    let number = (number & !(0xF << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62);
    format!("2.25.{number}").parse().unwrap_or_else(|_| unreachable!("digits and dots"))
}
