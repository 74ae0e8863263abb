//! What is said in a case: every step is an event, signed by the site where it was made and naming the person.
//!
//! # Not here
//! What the events come to: [`super::state`]. Who holds the events, and their way to the other sites: `node`.

use crate::{
    digest::Digest,
    ids::{Id128, SiteId, Uid},
    limits::is_hidden,
    signed::Domain,
    time::Timestamp,
    wire::{self, Wire},
};
use serde::{Deserialize, Serialize};

/// Characters of a name: of an account, a role, an issuer.
pub const NAME_MAX: usize = 64;
/// Characters of a sentence: a reason, a message.
pub const TEXT_MAX: usize = 4_000;
/// Bytes of the text of a report: some thirty pages.
pub const REPORT_BYTES_MAX: usize = 64 * 1024;
/// Studies and key images that a request names.
pub const STUDIES_MAX: usize = 64;
/// Events that an event follows directly. More islands than sites there are not.
pub const AFTER_MAX: usize = 64;
/// Events of one case. A case has some tens.
pub const EVENTS_MAX: usize = 4_096;
/// An event, bytes encoded.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;

/// Telediagnosis or an expert's opinion (French CSP R.6316-1: *téléradiologie*, *téléexpertise*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// The reader judges the request, gives the protocol, reads and is the author of the report.
    Diagnosis,
    /// The expert answers a question about images that are there.
    Expertise,
}

/// Clinical priority; the delays of each are the coverage's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// Stroke, polytrauma.
    P0,
    /// Emergency.
    P1,
    /// In-patient.
    P2,
    /// Routine.
    P3,
}

/// What the patient said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Consent {
    /// Informed, and does not oppose it.
    Informed,
    /// Cannot be asked; an emergency.
    Unable,
    /// Not asked yet.
    Open,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Drawn anew for each case; the case's name is made of it and of the site that asks.
    pub nonce: Id128,
    /// Which of the two.
    pub kind: Kind,
    /// How urgent.
    pub priority: Priority,
    /// The question.
    pub question: String,
    /// What is known of the patient for it, contra-indications, earlier imaging.
    pub context: String,
    /// Why it is asked of another site.
    pub justification: String,
    /// What the patient said.
    pub consent: Consent,
    /// Modality asked for or sent, a DICOM code.
    pub modality: String,
    /// The studies it is about, where they are there already.
    pub studies: Vec<Uid>,
    /// Accession number of the examination, with who issued it; empty: none yet.
    pub accession: (String, String),
    /// Where the scanner room or the requester is reached by telephone.
    pub telephone: String,
}

/// Kinds of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// Unverified; a final one follows.
    Preliminary,
    /// Signed, verified.
    Final,
    /// Adds to a final one.
    Addendum,
}

/// A report as its author signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Which of the three.
    pub standing: Standing,
    /// Its text, in the language and form of the author's editor.
    pub text: String,
    /// Studies that were read, with the version of the manifest that was there.
    pub read: Vec<(Uid, u32)>,
    /// Whether it holds a result that somebody must hear of at once.
    pub critical: bool,
    /// Why it was signed although images were missing, could not be decoded or verified; empty: none were.
    pub despite: String,
}

/// How far two reports of one case differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// They say the same.
    None,
    /// A matter of words.
    Minor,
    /// Would not have changed what was done.
    Moderate,
    /// Should have changed what was done.
    Major,
    /// Harmed the patient, or could have.
    Severe,
}

/// How somebody learnt of a critical result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Heard {
    /// A named clinician at the requesting site acknowledged it there.
    Here,
    /// Told on the telephone, who, and they read it back.
    Call {
        /// Their name and function.
        who: String,
        /// Whether they said it back.
        read_back: bool,
    },
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// It begins; the first event of every case.
    Requested(Box<Ask>),
    /// The requesting site asks another to take it, until then.
    Offered {
        /// Whom.
        to: SiteId,
        /// When the next one is asked.
        until: Timestamp,
    },
    /// Nobody answered in time.
    TimedOut {
        /// Who was asked.
        to: SiteId,
    },
    /// Taken, with the protocol of the examination if one is needed.
    Accepted {
        /// The protocol; empty: none is needed.
        protocol: String,
    },
    /// Not taken.
    Refused {
        /// Why.
        reason: String,
    },
    /// The examination is made.
    Acquired {
        /// The studies.
        studies: Vec<Uid>,
    },
    /// The post-examination complement is sent; from here on the request cannot be cancelled.
    Complement {
        /// What happened in the examination: contrast agent, dose, incidents.
        text: String,
    },
    /// All images can be read at the reader's site.
    ImagesReady {
        /// What there is, with the version of each manifest.
        studies: Vec<(Uid, u32)>,
        /// Whether somebody or something confirmed that no more will come.
        count_confirmed: bool,
    },
    /// Somebody takes it to read it.
    Claimed,
    /// And gives it back.
    Released {
        /// Why: idle, end of shift, by choice.
        reason: String,
    },
    /// To a colleague of the same site, who takes it thereby.
    HandedOver {
        /// Account of the colleague.
        to: String,
    },
    /// Images are being looked at.
    Reading,
    /// A report, preliminary, final or an addendum.
    Reported(Box<Report>),
    /// The report is in the requester's archive.
    Delivered {
        /// The event that reported.
        report: Digest,
    },
    /// A named person at the requesting site has read it.
    Acknowledged {
        /// The event that reported.
        report: Digest,
    },
    /// Somebody who acts on it knows of a critical result.
    Heard {
        /// The event that reported.
        report: Digest,
        /// How.
        how: Heard,
    },
    /// Two reports were compared.
    Compared {
        /// The events that reported.
        reports: [Digest; 2],
        /// How far they differ.
        class: Class,
        /// In words.
        text: String,
    },
    /// More is needed to go on.
    InfoAsked {
        /// What.
        text: String,
    },
    /// Here it is.
    InfoGiven {
        /// What.
        text: String,
    },
    /// Waits, for a reason that is not the reader's.
    OnHold {
        /// Why.
        reason: String,
    },
    /// Goes on.
    Resumed,
    /// Higher persons were called.
    Escalated {
        /// Whom, why.
        text: String,
    },
    /// Called off by the requesting site.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// Nobody takes it; the requesting site helps itself.
    Unserved {
        /// Why.
        reason: String,
    },
    /// Done.
    Closed,
    /// Opened again, for an addendum.
    Reopened {
        /// Why.
        reason: String,
    },
    /// Said among those who take part.
    Said {
        /// What.
        text: String,
    },
}

/// An event of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Which case.
    pub case: Id128,
    /// Where it was made; the site signs it.
    pub site: SiteId,
    /// Account of the person; empty: the node itself, as for [`Step::TimedOut`].
    pub person: String,
    /// In what role.
    pub role: String,
    /// Greater than that of every event it follows (Lamport's clock): orders events without any wall clock.
    pub clock: u64,
    /// By the site's wall clock: shown, and what delays are counted from; orders nothing.
    pub at: Timestamp,
    /// The last events its author knew, by [`Event::digest`]: all they follow was known as well.
    pub after: Vec<Digest>,
    /// What was done.
    pub step: Step,
}

impl Wire for Event {
    const VERSION: u8 = 1;
    const NAME: &'static str = "event of a case";
}
impl Domain for Event {
    const DOMAIN: &'static str = "confrere/case/1";
}

/// The name of the case that a site begins with this nonce: no other site can begin one of the same name.
#[must_use]
pub fn case_name(requester: &SiteId, nonce: &Id128) -> Id128 {
    let digest = Digest::of(&[b"confrere/case-name\0", &requester.0[..], &nonce.0[..]].concat());
    let mut name = [0; 16];
    name.copy_from_slice(digest.0.split_at(16).0);
    Id128(name)
}

fn is_line(text: &str, max: usize) -> bool {
    text.chars().count() <= max && !text.chars().any(is_hidden)
}

/// Words over several lines; what hides or turns the writing is not among them.
fn is_text(text: &str, max: usize) -> bool {
    text.len() <= max.saturating_mul(4)
        && text.chars().count() <= max
        && !text.chars().any(|c| is_hidden(c) && !matches!(c, '\n' | '\t'))
}

fn says(text: &str) -> bool {
    !text.trim().is_empty() && is_text(text, TEXT_MAX)
}

impl Ask {
    /// Whether it holds what a request must, within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_code =
            |text: &str| text.len() <= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        says(&self.question)
            && is_text(&self.context, TEXT_MAX)
            && is_text(&self.justification, TEXT_MAX)
            && is_code(&self.modality)
            && self.studies.len() <= STUDIES_MAX
            && is_line(&self.accession.0, NAME_MAX)
            && is_line(&self.accession.1, NAME_MAX)
            && is_line(&self.telephone, NAME_MAX)
    }
}

impl Report {
    /// Whether it is one that may be signed.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.text.trim().is_empty()
            && self.text.len() <= REPORT_BYTES_MAX
            && is_text(&self.text, REPORT_BYTES_MAX)
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
            | Self::Said { text } => says(text),
            Self::Compared { reports: [one, other], text, .. } => one != other && is_text(text, TEXT_MAX),
            Self::Acquired { studies } => studies.len() <= STUDIES_MAX,
            Self::ImagesReady { studies, .. } => studies.len() <= STUDIES_MAX,
            Self::HandedOver { to } => !to.is_empty() && is_line(to, NAME_MAX),
            Self::Heard { how: Heard::Call { who, .. }, .. } => !who.trim().is_empty() && is_line(who, NAME_MAX),
            Self::Heard { how: Heard::Here, .. }
            | Self::Offered { .. }
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
                | Self::Closed
        )
    }
}

impl Event {
    /// Its name.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&wire::encode(self))
    }

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
