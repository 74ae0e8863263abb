//! What is held back of a study, whatever two sites agreed: the patient's opposition, and masking.
//!
//! # Not here
//! Who recorded it and when: the node's archive. What follows from it: the node's judgement.

use serde::{Deserialize, Serialize};

/// What the holder of a study holds back of it. Never sent: only the holder judges by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Withheld {
    /// The patient opposes that other sites see it. In an emergency the glass may be broken.
    pub opposed: bool,
    /// No other site sees it, in an emergency either.
    pub masked: bool,
    /// It is shared as agreed, but not by breaking the glass.
    pub no_break_glass: bool,
}

impl Withheld {
    /// Nothing.
    pub const NOTHING: Self = Self { opposed: false, masked: false, no_break_glass: false };

    /// What either says.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            opposed: self.opposed || other.opposed,
            masked: self.masked || other.masked,
            no_break_glass: self.no_break_glass || other.no_break_glass,
        }
    }

    /// Whether agreements and grants given by a person may open it.
    #[must_use]
    pub const fn lets_share(self) -> bool {
        !self.opposed && !self.masked
    }

    /// Whether an emergency may open it.
    #[must_use]
    pub const fn lets_break_glass(self) -> bool {
        !self.masked && !self.no_break_glass
    }
}
