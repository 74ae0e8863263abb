//! Agreements as their first version was written: without regions, purposes, parties' numbers, and what is said of
//! emergencies. Such texts stay signed as they are; what they do not say, they do not allow.

use super::{About, Clause as Now, Field, Level, Party, Preset, WeeklyHours};
use crate::{
    ids::{Id128, SiteId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Clause {
    holder: SiteId,
    reader: SiteId,
    announce: bool,
    level: Level,
    modalities: Vec<String>,
    modalities_excluded: Vec<String>,
    since_days: Option<u32>,
    hours: Option<WeeklyHours>,
    fields: Vec<Field>,
    cache_days: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Agreement {
    id: Id128,
    version: u32,
    parties: [Party; 2],
    preset: Preset,
    clauses: Vec<Clause>,
    not_before: Timestamp,
    not_after: Option<Timestamp>,
    drafted: Timestamp,
}

impl From<Clause> for Now {
    fn from(old: Clause) -> Self {
        Self {
            holder: old.holder,
            reader: old.reader,
            announce: old.announce,
            level: old.level,
            modalities: old.modalities,
            modalities_excluded: old.modalities_excluded,
            regions: Vec::new(),
            regions_excluded: Vec::new(),
            since_days: old.since_days,
            hours: old.hours,
            fields: old.fields,
            cache_days: old.cache_days,
            onward: false,
            kbits_max: None,
            break_glass: None,
            with_case: false,
            on_duty: false,
            presence: false,
        }
    }
}

impl From<Agreement> for super::Agreement {
    fn from(old: Agreement) -> Self {
        Self {
            id: old.id,
            version: old.version,
            parties: old.parties,
            about: [About::default(), About::default()],
            legal_reference: String::new(),
            purposes: Vec::new(),
            preset: old.preset,
            clauses: old.clauses.into_iter().map(Into::into).collect(),
            not_before: old.not_before,
            not_after: old.not_after,
            drafted: old.drafted,
        }
    }
}
