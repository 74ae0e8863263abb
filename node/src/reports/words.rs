//! What a written report says beside its author's words, in the report's language.
//!
//! # Not here
//! The author's words.

use super::Sheet;
use crate::words::{Language, in_language};
use jiff::{Timestamp as Instant, tz::TimeZone};
use protocol::{Timestamp, case::event::Standing};

/// The date and time of a report here, with what the clock is ahead of UTC.
pub(super) fn when(sheet: &Sheet) -> String {
    moment(sheet.language(), sheet.at)
}

/// A moment as people here write it.
pub(super) fn moment(language: Language, at: Timestamp) -> String {
    let at = Instant::from_millisecond(i64::try_from(at.0).unwrap_or(0)).unwrap_or_default();
    let format = match language {
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
    Identified,
    Signed,
    Preliminary,
    PreliminaryNote,
    Superseded,
    SupersededNote,
    Letters,
    Case,
    Page,
    Nobody,
    Viewer,
    KeptUntil,
    KeptOpen,
    KeyImages,
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
        Label::Despite => in_language!(
            l,
            "Signed although images were missing, not readable or not counted"
                | "Signé malgré des images manquantes, illisibles ou non comptées"
        ),
        Label::Identified => in_language!(
            l,
            "Identified after this report was signed, by the requesting site, as"
                | "Identifié après la signature de ce compte rendu, par le site demandeur, comme"
        ),
        Label::Signed => in_language!(l, "Signed by" | "Signé par"),
        Label::Preliminary => in_language!(l, "PRELIMINARY" | "PROVISOIRE"),
        Label::PreliminaryNote => in_language!(
            l,
            "Preliminary report, not verified: a final report follows and may differ."
                | "Compte rendu provisoire, non validé : un compte rendu définitif suivra et peut en différer."
        ),
        Label::Superseded => in_language!(l, "SUPERSEDED" | "REMPLACÉ"),
        Label::SupersededNote => in_language!(
            l,
            "Preliminary report, superseded by the final one of"
                | "Compte rendu provisoire, remplacé par le compte rendu définitif de"
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
        Label::KeyImages => in_language!(l, "Key images" | "Images clés"),
        Label::Nobody => in_language!(l, "unknown patient" | "patient inconnu"),
    }
}
