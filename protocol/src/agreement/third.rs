//! Agreements as their third version was written: before a clause could let its reader ask for the presence of a patient.
//! Such texts stay signed as they are, and what lets nobody ask is still written so: sites of then read it.

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
    with_case: bool,
    on_duty: bool,
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
            with_case: old.with_case,
            on_duty: old.on_duty,
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

impl From<&Now> for Clause {
    fn from(new: &Now) -> Self {
        Self {
            holder: new.holder,
            reader: new.reader,
            announce: new.announce,
            level: new.level,
            modalities: new.modalities.clone(),
            modalities_excluded: new.modalities_excluded.clone(),
            regions: new.regions.clone(),
            regions_excluded: new.regions_excluded.clone(),
            since_days: new.since_days,
            hours: new.hours.clone(),
            fields: new.fields.clone(),
            cache_days: new.cache_days,
            onward: new.onward,
            kbits_max: new.kbits_max,
            break_glass: new.break_glass,
            with_case: new.with_case,
            on_duty: new.on_duty,
        }
    }
}

impl From<&super::Agreement> for Agreement {
    fn from(new: &super::Agreement) -> Self {
        Self {
            id: new.id,
            version: new.version,
            parties: new.parties.clone(),
            about: new.about.clone(),
            legal_reference: new.legal_reference.clone(),
            purposes: new.purposes.clone(),
            preset: new.preset,
            clauses: new.clauses.iter().map(Into::into).collect(),
            not_before: new.not_before,
            not_after: new.not_after,
            drafted: new.drafted,
        }
    }
}
