//! What modalities say that they made (MPPS): how many instances of which study, step by step.
//!
//! A step is kept from its begin to its end, also where no case is about its study yet. When all steps of a study have ended, their
//! sum is the modality's count.
//!
//! # At a crash
//! A step that was answered is in the journal.
//!
//! # Not here
//! What a case makes of a count: `desk`, and `protocol::case`.

use super::{CaseError, Cases, record::Record};
use crate::audit::{Act, Actor, Event as Evidence};
use protocol::{Timestamp, Uid};
use serde::{Deserialize, Serialize};

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Made {
    InProgress,
    Completed,
    /// Broken off; what was made is there.
    Discontinued,
}

impl Made {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in progress",
            Self::Completed => "completed",
            Self::Discontinued => "discontinued",
        }
    }
}

/// A performed procedure step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Performed {
    /// Its SOP Instance UID.
    pub(crate) step: Uid,
    pub(crate) study: Uid,
    pub(crate) made: Made,
    pub(crate) instances: u32,
    pub(crate) at: Timestamp,
}

impl Cases {
    /// Keeps how far a step is. Durable when it returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn perform(&self, performed: Performed, actor: Actor) -> Result<(), CaseError> {
        let note = format!("performed procedure step, {}: {} instances", performed.made.word(), performed.instances);
        let evidence = Evidence::new(Act::CaseChanged, actor).study(&performed.study).note(note);
        self.change(Record::Performed(performed), evidence).await
    }

    pub(crate) fn performed(&self, step: &Uid) -> Option<Performed> {
        self.book().performed(step)
    }

    /// How many instances of a study its modality made, when all steps that are known of it have ended.
    pub(crate) fn counted(&self, study: &Uid) -> Option<u32> {
        self.book().counted(study)
    }
}
