//! For what studies of another site may be read.
//!
//! # Not here
//! What follows where an agreement names some: [`super::Agreement::is_for`].

use serde::{Deserialize, Serialize};

/// For what the readers of an agreement may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// The care of the patient.
    Care,
    /// Reading for a site during its on-call hours.
    OnCall,
    /// An expert's opinion.
    Expertise,
    /// Danger to life.
    Emergency,
    /// Review of quality.
    Quality,
    /// Second readings of mammography screening: the derogation, which has to be named.
    Screening,
}

impl Purpose {
    /// In the order of lists.
    pub const ALL: [Self; 6] =
        [Self::Care, Self::OnCall, Self::Expertise, Self::Emergency, Self::Quality, Self::Screening];
}
