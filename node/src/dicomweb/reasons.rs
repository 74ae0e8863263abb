//! Why instances were not stored (STOW-RS), in words.
//!
//! The answer's Failure Reason (0008,1197) is a code, and PS3.18 has no attribute for a sentence beside it. The
//! sentences go into `Warning` headers (299, as PS3.18 has them for searches), one for each kind of refusal, in the
//! language the client asked for: French or English. Never a name, never a UID.
//!
//! # Not here
//! The codes: [`super::stow`].

use super::stow::Failure;
use crate::archive::IngestError;
use axum::http::{HeaderMap, HeaderValue, header};

const OTHER_STUDY: (&str, &str) = ("an instance is of another study", "une instance est d'un autre examen");

/// In English, then in French with the letters of ISO 8859-1 only, which is what a header may hold.
const fn words(failure: &Failure) -> (&'static str, &'static str) {
    match failure {
        Failure::OtherStudy => OTHER_STUDY,
        Failure::Ingest(error) => match error {
            IngestError::OtherStudy => OTHER_STUDY,
            IngestError::Conflict { .. } => (
                "other bytes are stored under this SOP Instance UID; these are kept aside for review",
                "d'autres octets sont enregistrés sous ce SOP Instance UID ; ceux-ci sont mis de côté",
            ),
            IngestError::Rejected { .. } => ("the instance was rejected here", "l'instance a été rejetée ici"),
            IngestError::ClassMismatch => (
                "the SOP Class of the file is not that of its data set",
                "la classe SOP du fichier n'est pas celle de ses données",
            ),
            IngestError::InstanceMismatch => (
                "the SOP Instance UID of the file is not that of its data set",
                "le SOP Instance UID du fichier n'est pas celui de ses données",
            ),
            IngestError::NoSpace => ("the disk is full", "le disque est plein"),
            IngestError::TooLarge(_) => ("the instance is too large", "l'instance est trop grande"),
            IngestError::Stopping => {
                ("the node is stopping; send again later", "le noeud s'arrête ; renvoyez plus tard")
            }
            IngestError::Malformed(_) => ("this is not a readable DICOM object", "ce n'est pas un objet DICOM lisible"),
            IngestError::Storage(_) => ("a fault inside the node", "une panne interne du noeud"),
        },
    }
}

/// Whether the client would rather read French (RFC 9110 §12.5.4). English where it says nothing of either.
fn is_french(headers: &HeaderMap) -> bool {
    let wish = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let weight = |language: &str| {
        let of = wish.split(',').filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let is_it = tag.trim().split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case(language));
            let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
            is_it.then_some(weight)
        });
        of.fold(0.0, f32::max)
    };
    weight("fr") > weight("en")
}

/// One `Warning` for each kind of refusal, in the order they first occur.
pub(super) fn warnings<'a>(asked: &HeaderMap, failures: impl Iterator<Item = &'a Failure>) -> HeaderMap {
    let is_french = is_french(asked);
    let mut said = Vec::new();
    let mut headers = HeaderMap::new();
    for (english, french) in failures.map(words) {
        let sentence = if is_french { french } else { english };
        if said.contains(&sentence) {
            continue;
        }
        said.push(sentence);
        let text = format!("299 confrere \"{sentence}\"");
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
        if let Ok(value) = HeaderValue::from_bytes(&latin) {
            headers.append(header::WARNING, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(wish: &'static str, failures: &[Failure]) -> Vec<String> {
        let asked = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(wish))]);
        let headers = warnings(&asked, failures.iter());
        let text = |value: &HeaderValue| value.as_bytes().iter().copied().map(char::from).collect();
        headers.get_all(header::WARNING).iter().map(text).collect()
    }

    #[test]
    fn each_kind_of_refusal_is_said_once_in_the_language_asked_for() {
        let failures =
            [Failure::Ingest(IngestError::NoSpace), Failure::OtherStudy, Failure::Ingest(IngestError::NoSpace)];
        let english = ["299 confrere \"the disk is full\"", "299 confrere \"an instance is of another study\""];
        assert_eq!(said("", &failures), english);
        assert_eq!(said("de, en;q=0.8, fr;q=0.5", &failures), english);
        assert_eq!(said("fr-CA", &failures)[0], "299 confrere \"le disque est plein\"");
        let stopping = [Failure::Ingest(IngestError::Stopping)];
        assert_eq!(said("en;q=0.5, fr;q=0.9", &stopping), ["299 confrere \"le noeud s'arrête ; renvoyez plus tard\""]);
        assert!(said("fr", &[]).is_empty());
    }
}
