//! What a written report says beside its author's words, in the report's language.
//!
//! # Not here
//! The author's words.

use super::Sheet;
use crate::words::{Language, in_language};
use jiff::{Timestamp as Instant, tz::TimeZone};
use protocol::case::event::Standing;

/// The date and time of a report here, with what the clock is ahead of UTC.
pub(super) fn when(sheet: &Sheet) -> String {
    let at = Instant::from_millisecond(i64::try_from(sheet.at.0).unwrap_or(0)).unwrap_or_default();
    let format = match sheet.language() {
        Language::English => "%Y-%m-%d %H:%M (UTC%:z)",
        Language::French => "%d/%m/%Y %H:%M (UTC%:z)",
    };
    at.to_zoned(TimeZone::system()).strftime(format).to_string()
}

/// A DICOM date as people write it; what is none stays.
pub(super) fn day(language: Language, date: &str) -> String {
    let parts = (date.get(..4), date.get(4..6), date.get(6..8));
    let (Some(year), Some(month), Some(day)) = parts else { return date.to_owned() };
    match language {
        Language::English => format!("{year}-{month}-{day}"),
        Language::French => format!("{day}/{month}/{year}"),
    }
}

/// A name as people write it: family name first, as the components are.
pub(super) fn person(name: &str) -> String {
    let alphabetic = name.split('=').next().unwrap_or_default();
    alphabetic.split('^').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

pub(super) fn title(sheet: &Sheet) -> String {
    let language = sheet.language();
    match sheet.report.standing {
        Standing::Preliminary => {
            in_language!(language, "Preliminary imaging report" | "Compte rendu provisoire d'imagerie")
        }
        Standing::Final => in_language!(language, "Imaging report" | "Compte rendu d'imagerie"),
        Standing::Addendum => {
            in_language!(language, "Addendum to an imaging report" | "Additif à un compte rendu d'imagerie")
        }
        Standing::SecondReading => in_language!(language, "Second reading" | "Seconde lecture"),
    }
}

/// Headings of the four parts, in their order.
pub(super) fn headings(sheet: &Sheet) -> [String; 4] {
    let language = sheet.language();
    [
        in_language!(language, "Indication" | "Indication"),
        in_language!(language, "Technique" | "Technique"),
        in_language!(language, "Findings" | "Résultats"),
        in_language!(language, "Conclusion" | "Conclusion"),
    ]
}

/// A word for a label of the patient's block and below.
#[derive(Clone, Copy, Debug)]
pub(super) enum Label {
    Patient,
    Born,
    Identifier,
    Accession,
    Asked,
    Question,
    Read,
    Critical,
    Despite,
    Signed,
    Preliminary,
    PreliminaryNote,
    Letters,
    Case,
    Page,
    Nobody,
    Viewer,
    KeptUntil,
    KeptOpen,
}

pub(super) fn label(sheet: &Sheet, label: Label) -> String {
    let l = sheet.language();
    match label {
        Label::Patient => in_language!(l, "Patient" | "Patient"),
        Label::Born => in_language!(l, "Born" | "Né(e) le"),
        Label::Identifier => in_language!(l, "Identifier" | "Identifiant"),
        Label::Accession => in_language!(l, "Accession number" | "Numéro d'examen"),
        Label::Asked => in_language!(l, "Asked by" | "Demandé par"),
        Label::Question => in_language!(l, "Question" | "Question posée"),
        Label::Read => in_language!(l, "Images that were read" | "Images lues"),
        Label::Critical => in_language!(
            l,
            "Critical result: somebody has to be told of it at once." | "Résultat critique : à communiquer sans délai."
        ),
        Label::Despite => in_language!(l, "Signed although images were missing" | "Signé malgré des images manquantes"),
        Label::Signed => in_language!(l, "Signed by" | "Signé par"),
        Label::Preliminary => in_language!(l, "PRELIMINARY" | "PROVISOIRE"),
        Label::PreliminaryNote => in_language!(
            l,
            "Preliminary report, not verified: a final report follows and may differ."
                | "Compte rendu provisoire, non validé : un compte rendu définitif suivra et peut en différer."
        ),
        Label::Letters => in_language!(
            l,
            "Some letters cannot be printed here; the signed text has them."
                | "Certains caractères ne peuvent être imprimés ici ; le texte signé les contient."
        ),
        Label::Case => in_language!(l, "Case" | "Dossier"),
        Label::Page => in_language!(l, "page" | "page"),
        Label::Viewer => in_language!(l, "Images in the viewer" | "Images dans la visionneuse"),
        Label::KeptUntil => in_language!(l, "Images kept at least until" | "Images conservées au moins jusqu'au"),
        Label::KeptOpen => in_language!(
            l,
            "The images are kept; no end of it is known yet."
                | "Les images sont conservées, sans terme connu à ce jour."
        ),
        Label::Nobody => in_language!(l, "unknown patient" | "patient inconnu"),
    }
}
