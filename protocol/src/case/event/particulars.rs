//! What more there is to say of a request, and may be said anew while it is open: what kind of examination it is, who is with
//! the patient, and until when an answer is wanted.
//!
//! # Not here
//! What follows from it: [`super::super::practice`]. Delays where none is said: `node`.

use super::{NAME_MAX, sound::is_line};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What kind of examination it is, as far as rules of the practice depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Examination {
    /// Nothing was said.
    #[default]
    Unsaid,
    /// For a patient with a question: no screening.
    Clinical,
    /// Mammography screening, read for the first time.
    ScreeningFirst,
    /// Mammography screening that somebody has read already.
    ScreeningSecond,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Particulars {
    /// What kind of examination.
    pub examination: Examination,
    /// Nuclear medicine physician who is with the patient; empty: nobody named.
    pub on_site: String,
    /// Until when an answer is wanted; `None`: as the priority says.
    pub answer_by: Option<Timestamp>,
}

impl Particulars {
    /// Whether they are within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        is_line(&self.on_site, NAME_MAX)
    }

    /// Whether anything is said.
    #[must_use]
    pub fn says(&self) -> bool {
        *self != Self::default()
    }
}
