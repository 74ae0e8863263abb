//! What is said in a case: every step is an event, signed by the site where it was made and naming the person.
//!
//! # Not here
//! What the events come to: [`super::state`]. Who holds the events, and their way to the other sites: `node`.

mod attachment;
mod particulars;
mod patient;
mod sound;

pub use attachment::{ATTACHMENT_BYTES_MAX, ATTACHMENT_NAME_MAX, ATTACHMENTS_MAX, Attachment, Media};
pub use particulars::{Examination, Particulars};
pub use patient::{KeyImage, Patient};
pub use sound::{case_name, is_number, is_team};

use crate::{
    digest::Digest,
    ids::{Id128, SiteId, Uid},
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
/// Sites that a request names to be asked in turn.
pub const RANKS_MAX: usize = 16;
/// Numbers at which a site is reached.
pub const NUMBERS_MAX: usize = 16;
/// Teams that a site names to its peers.
pub const TEAMS_MAX: usize = 32;
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
    /// Who it is about.
    pub patient: Patient,
    /// What is known of the patient for it.
    pub context: String,
    /// What speaks against contrast agent, or a magnet: allergy, kidneys, implants, pregnancy.
    pub contraindications: String,
    /// Earlier imaging that is known of.
    pub priors: String,
    /// Why it is asked of another site.
    pub justification: String,
    /// What the patient said.
    pub consent: Consent,
    /// Modality asked for or sent, a DICOM code.
    pub modality: String,
    /// Body Part Examined, a DICOM code; empty: not said.
    pub region: String,
    /// The studies it is about, where they are there already.
    pub studies: Vec<Uid>,
    /// Accession number of the examination, with who issued it; empty: none yet.
    pub accession: (String, String),
    /// Where the scanner room or the requester is reached by telephone.
    pub telephone: String,
    /// Images and series that the question is about.
    pub key_images: Vec<KeyImage>,
    /// Whom to ask in turn: site, and person or team there; empty: as the requesting site has it set.
    pub to: Vec<(SiteId, String)>,
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
    /// Another physician's, who knows the final one: the two are to be compared.
    SecondReading,
}

/// A report as its author signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Which of the three.
    pub standing: Standing,
    /// Why it was asked.
    pub indication: String,
    /// How it was made, with what dose and agents.
    pub technique: String,
    /// What is seen.
    pub findings: String,
    /// What it comes to.
    pub conclusion: String,
    /// Its language, for example `fr` (ISO 639-1).
    pub language: String,
    /// Studies that were read, with the version of the manifest that was there.
    pub read: Vec<(Uid, u64)>,
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

/// How a study came to belong to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Joined {
    /// A person at the requesting site compared the identities and said so.
    Confirmed,
    /// By its accession number and that number's issuer, with equal identity.
    Accession,
}

/// Who says how many images there are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Counted {
    /// The technologist.
    Technologist,
    /// The modality, by its performed procedure step.
    Modality,
    /// The PACS.
    Pacs,
}

/// Why somebody was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Skip {
    /// The site cannot be reached.
    Unreachable,
    /// Nobody there is on duty.
    NobodyOnDuty,
    /// Whoever is on duty does not read that.
    NotCompetent,
    /// No agreement with the site covers it.
    NotAgreed,
    /// What the site reads for others does not include it.
    OutOfScope,
    /// It was refused there.
    Refused,
    /// Nobody there answered in time.
    TimedOut,
    /// It is not read from afar, or no agreement with the site derogates from that.
    FromAfar,
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
        /// Person or team there; empty: whoever is on duty.
        whom: String,
        /// Which of those that can be asked in turn, from 1.
        rank: u16,
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
    /// The examination is made, or more of it.
    Acquired {
        /// The studies.
        studies: Vec<Uid>,
        /// By what they belong to the case.
        how: Joined,
    },
    /// The post-examination complement is sent; from here on the request cannot be cancelled.
    Complement {
        /// What happened in the examination: contrast agent, dose, incidents.
        text: String,
    },
    /// All images can be read at the reader's site.
    ImagesReady {
        /// What there is, with the version of each manifest.
        studies: Vec<(Uid, u64)>,
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
    /// One that stands in the order of those to be asked is not asked.
    Skipped {
        /// Which in the order, from 1.
        rank: u16,
        /// Its name, as the requesting site knows it.
        whom: String,
        /// Why.
        why: Skip,
    },
    /// It is more, or less, urgent than was said.
    Prioritised {
        /// How urgent.
        priority: Priority,
        /// Why.
        reason: String,
    },
    /// A study will have so many instances.
    Expected {
        /// Which.
        study: Uid,
        /// How many.
        instances: u32,
        /// By whose count.
        by: Counted,
    },
    /// The requesting site adds something beside the images.
    Attached(Attachment),
    /// Where a site that takes part is rung up when its screens do not answer: all of it, name and number each.
    Reachable {
        /// In the order of calling.
        numbers: Vec<(String, String)>,
    },
    /// As [`Step::Reported`], by an author who points at images: the report shows them beside its words.
    Illustrated {
        /// The report.
        report: Box<Report>,
        /// The images, with what was measured there.
        images: Vec<KeyImage>,
    },
    /// The requesting site says more of what it asks for; what was said so before counts no more.
    Specified(Particulars),
    /// The requesting site knows who the patient is, or knows it better; of whom it has named already: a person there compared that
    /// with the patient, or with their wristband.
    Identified(Box<Patient>),
    /// A person reads in an emergency what their credentials do not cover, and says why.
    Uncovered {
        /// Why.
        reason: String,
    },
    /// Whoever regulates at the site that reads moves it: from who has it there to a colleague, or to whoever is on duty.
    Regulated {
        /// Account of who has it; empty: nobody has claimed it.
        from: String,
        /// Account of who has it from then on; empty: whoever is on duty.
        to: String,
        /// Why.
        reason: String,
    },
}

impl Step {
    /// The report, where it is one.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Reported(report) | Self::Illustrated { report, .. } => Some(report),
            _ => None,
        }
    }
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

impl Event {
    /// Its name.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&wire::encode(self))
    }
}
