//! What is well made by itself: bounds of texts and lists, and what each step must hold.
//!
//! # Not here
//! Whether a step may come now: [`super::super::state`].

use super::{
    AFTER_MAX, Ask, Counted, Event, Heard, Joined, NAME_MAX, NUMBERS_MAX, RANKS_MAX, REPORT_BYTES_MAX, Report,
    STUDIES_MAX, Step, TEXT_MAX, patient::is_short_code,
};
use crate::{
    digest::Digest,
    ids::{Id128, SiteId},
    limits::is_hidden,
};

/// The name of the case that a site begins with this nonce: no other site can begin one of the same name.
#[must_use]
pub fn case_name(requester: &SiteId, nonce: &Id128) -> Id128 {
    let digest = Digest::of(&[b"confrere/case-name\0", &requester.0[..], &nonce.0[..]].concat());
    let mut name = [0; 16];
    name.copy_from_slice(digest.0.split_at(16).0);
    Id128(name)
}

pub(super) fn is_line(text: &str, max: usize) -> bool {
    text.chars().count() <= max && !text.chars().any(is_hidden)
}

/// Words over several lines; what hides or turns the writing is not among them.
fn is_text(text: &str, max: usize) -> bool {
    text.len() <= max.saturating_mul(4)
        && text.chars().count() <= max
        && !text.chars().any(|c| is_hidden(c) && !matches!(c, '\n' | '\t'))
}

/// Capitals, digits, and what body parts have besides.
pub(super) fn is_code(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn says(text: &str) -> bool {
    !text.trim().is_empty() && is_text(text, TEXT_MAX)
}

/// Whether somebody can be rung up by it: a name, which may be empty, and a number as people write it.
#[must_use]
pub fn is_number((name, number): &(String, String)) -> bool {
    is_line(name, NAME_MAX) && is_line(number, NAME_MAX) && number.chars().any(|c| c.is_ascii_digit())
}

/// Whether a team may be called so: it is named where a person may be.
#[must_use]
pub fn is_team(name: &str) -> bool {
    !name.trim().is_empty() && is_line(name, NAME_MAX)
}

impl Ask {
    /// Whether it holds what a request must, within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        says(&self.question)
            && self.patient.is_sound()
            && [&self.context, &self.contraindications, &self.priors, &self.justification]
                .into_iter()
                .all(|text| is_text(text, TEXT_MAX))
            && is_short_code(&self.modality)
            && is_short_code(&self.region)
            && self.to.len() <= RANKS_MAX
            && self.to.iter().all(|(_, whom)| is_line(whom, NAME_MAX))
            && self.key_images.len() <= STUDIES_MAX
            && self.key_images.iter().all(super::KeyImage::is_sound)
            && self.studies.len() <= STUDIES_MAX
            && is_line(&self.accession.0, NAME_MAX)
            && is_line(&self.accession.1, NAME_MAX)
            && is_line(&self.telephone, NAME_MAX)
    }
}

impl Report {
    /// Indication, technique, findings, conclusion.
    #[must_use]
    pub fn parts(&self) -> [&str; 4] {
        [&self.indication, &self.technique, &self.findings, &self.conclusion]
    }

    /// Whether it says of the patient what another says.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        (&self.findings, &self.conclusion) == (&other.findings, &other.conclusion)
    }

    /// Whether it is one that may be signed.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let parts = self.parts();
        parts[2..].iter().any(|part| !part.trim().is_empty())
            && parts.iter().map(|part| part.len()).sum::<usize>() <= REPORT_BYTES_MAX
            && parts.iter().all(|part| is_text(part, REPORT_BYTES_MAX))
            && self.language.len() <= 8
            && self.language.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
            && self.read.len() <= STUDIES_MAX
            && is_text(&self.despite, TEXT_MAX)
    }
}

impl Step {
    /// Whether it holds what it must, within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Requested(ask) => ask.is_sound(),
            Self::Reported(report) => report.is_sound(),
            Self::Illustrated { report, images } => {
                let is_some = !images.is_empty() && images.len() <= STUDIES_MAX;
                is_some && images.iter().all(super::KeyImage::is_sound) && report.is_sound()
            }
            Self::Attached(attachment) => attachment.is_sound(),
            Self::Specified(particulars) => particulars.is_sound(),
            Self::Identified(patient) => patient.is_named() && patient.is_sound(),
            Self::Accepted { protocol: text } | Self::Complement { text } => is_text(text, TEXT_MAX),
            Self::Refused { reason: text }
            | Self::Released { reason: text }
            | Self::InfoAsked { text }
            | Self::InfoGiven { text }
            | Self::OnHold { reason: text }
            | Self::Escalated { text }
            | Self::Cancelled { reason: text }
            | Self::Unserved { reason: text }
            | Self::Reopened { reason: text }
            | Self::Said { text }
            | Self::Uncovered { reason: text }
            | Self::Prioritised { reason: text, .. } => says(text),
            Self::Skipped { rank, whom, .. } => *rank > 0 && !whom.is_empty() && is_line(whom, NAME_MAX),
            Self::Offered { rank, whom, .. } => *rank > 0 && is_line(whom, NAME_MAX),
            Self::Compared { reports: [one, other], text, .. } => one != other && is_text(text, TEXT_MAX),
            Self::Acquired { studies, .. } => studies.len() <= STUDIES_MAX,
            Self::ImagesReady { studies, .. } => studies.len() <= STUDIES_MAX,
            Self::HandedOver { to } => !to.is_empty() && is_line(to, NAME_MAX),
            Self::Regulated { from, to, reason } => {
                from != to && is_line(from, NAME_MAX) && is_line(to, NAME_MAX) && says(reason)
            }
            Self::Heard { how: Heard::Call { who, .. }, .. } => !who.trim().is_empty() && is_line(who, NAME_MAX),
            Self::Reachable { numbers } => numbers.len() <= NUMBERS_MAX && numbers.iter().all(is_number),
            Self::Heard { how: Heard::Here, .. }
            | Self::Expected { .. }
            | Self::TimedOut { .. }
            | Self::Claimed
            | Self::Reading
            | Self::Delivered { .. }
            | Self::Acknowledged { .. }
            | Self::Resumed
            | Self::Closed => true,
        }
    }

    /// Whether a node may make it without a person.
    #[must_use]
    pub fn is_by_itself(&self) -> bool {
        matches!(
            self,
            Self::Offered { .. }
                | Self::TimedOut { .. }
                | Self::ImagesReady { .. }
                | Self::Delivered { .. }
                | Self::Released { .. }
                | Self::Escalated { .. }
                | Self::Unserved { .. }
                | Self::Skipped { .. }
                | Self::Acquired { how: Joined::Accession, .. }
                | Self::Expected { by: Counted::Modality | Counted::Pacs, .. }
                | Self::Closed
                | Self::Reachable { .. }
        )
    }
}

impl Event {
    /// Whether it is well made by itself, whatever came before.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let begins = matches!(self.step, Step::Requested(_));
        is_line(&self.person, NAME_MAX)
            && is_line(&self.role, NAME_MAX)
            && (!self.person.is_empty() || self.step.is_by_itself())
            && self.after.len() <= AFTER_MAX
            && self.after.is_empty() == begins
            && (self.clock == 0) == begins
            && self.step.is_sound()
            && match &self.step {
                Step::Requested(ask) => self.case == case_name(&self.site, &ask.nonce),
                _ => true,
            }
    }
}
