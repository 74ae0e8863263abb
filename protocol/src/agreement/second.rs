//! Agreements as their second version was written: before a clause could ask for an open case or for somebody on duty.
//! Such texts stay signed as they are; what they do not ask, is not asked.

use super::{About, BreakGlass, Clause as Now, Field, Level, Party, Preset, Purpose, WeeklyHours};
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
    regions: Vec<String>,
    regions_excluded: Vec<String>,
    since_days: Option<u32>,
    hours: Option<WeeklyHours>,
    fields: Vec<Field>,
    cache_days: u32,
    onward: bool,
    kbits_max: Option<u32>,
    break_glass: Option<BreakGlass>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Agreement {
    id: Id128,
    version: u32,
    parties: [Party; 2],
    about: [About; 2],
    legal_reference: String,
    purposes: Vec<Purpose>,
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
            regions: old.regions,
            regions_excluded: old.regions_excluded,
            since_days: old.since_days,
            hours: old.hours,
            fields: old.fields,
            cache_days: old.cache_days,
            onward: old.onward,
            kbits_max: old.kbits_max,
            break_glass: old.break_glass,
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
            about: old.about,
            legal_reference: old.legal_reference,
            purposes: old.purposes,
            preset: old.preset,
            clauses: old.clauses.into_iter().map(Into::into).collect(),
            not_before: old.not_before,
            not_after: old.not_after,
            drafted: old.drafted,
        }
    }
}
