//! Drafts of agreements from presets, and their clauses as sentences (stub: interface fixed, used by portal::agreements).
use super::{Trust, TrustError};
use protocol::{
    SiteId,
    agreement::{Agreement, Preset, WeeklyHours},
    ids::Id128,
};

/// Language of sentences.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Language {
    French,
    English,
}

/// The agreement's clauses in plain words, one sentence each or more.
pub(crate) fn sentences(_agreement: &Agreement, _language: Language) -> Vec<String> {
    todo!()
}

/// What an admin chose; [`Trust::drafted`] makes the text of it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) preset: Preset,
    pub(crate) peer: SiteId,
    /// Our name in the text.
    pub(crate) name: String,
    /// A clause by which they read ours.
    pub(crate) ours: bool,
    /// A clause by which we read theirs.
    pub(crate) theirs: bool,
    pub(crate) hours: Option<WeeklyHours>,
    pub(crate) modalities: Vec<String>,
    pub(crate) since_days: Option<u32>,
    pub(crate) cache_days: u32,
    /// The agreement this is the next version of.
    pub(crate) replaces: Option<Id128>,
}

impl Draft {
    /// The preset's defaults, both directions.
    pub(crate) fn new(_preset: Preset, _peer: SiteId, _name: String) -> Self {
        todo!()
    }
    /// Monday to Friday 18:00–08:00 and week-ends, Europe/Paris.
    pub(crate) fn nights_and_week_ends() -> WeeklyHours {
        todo!()
    }
}

impl Trust {
    /// The text of a draft: new id and version 1, or the next version of `replaces`.
    pub(crate) fn drafted(&self, _draft: Draft) -> Result<Agreement, TrustError> {
        todo!()
    }
}
