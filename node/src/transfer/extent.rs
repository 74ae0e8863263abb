//! How much a request asks for: what permission is judged by, and what the log says of it.
//!
//! # Not here
//! The judgement: [`super::serve`].

use crate::archive::StudyRow;
use protocol::{agreement::Level, fetch::What};

/// How much of a study is let out: each is an event of its own, so that the log does not take a glance for a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Extent {
    Images,
    Previews,
    Glance,
}

impl Extent {
    pub(super) const fn of(what: &What) -> Self {
        match what {
            What::Glance { .. } => Self::Glance,
            What::Previews { .. } => Self::Previews,
            _ => Self::Images,
        }
    }

    pub(super) const fn note(self) -> &'static str {
        match self {
            Self::Images => "",
            Self::Previews => "previews, not diagnostic",
            Self::Glance => "digest, not diagnostic",
        }
    }

    /// Bytes of originals.
    pub(super) const fn bytes(self, row: &StudyRow) -> u64 {
        if matches!(self, Self::Images) { row.bytes } else { 0 }
    }
}

pub(super) fn level(what: &What) -> Level {
    match what {
        What::Manifest(_) => Level::Manifest,
        What::Headers { .. } | What::Opening { instance: None, .. } => Level::Headers,
        What::Range { .. }
        | What::Coded { .. }
        | What::Opening { .. }
        | What::Glance { .. }
        | What::Previews { .. }
        | What::Return { .. }
        | What::ReturnManifest(_)
        | What::Reprioritize { .. }
        | What::Roads
        | What::Relay { .. }
        | What::Relayed { .. }
        | What::Message { .. }
        | What::Passes { .. }
        | What::Lent { .. }
        | What::PassOver(_)
        | What::Attachment { .. }
        | What::Line
        | What::Sample { .. }
        | What::Trial { .. }
        | What::Kept(_) => Level::Pixels,
    }
}
