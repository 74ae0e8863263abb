//! Drafts of agreements from presets: what an admin chooses in one click, as the clauses that count.

use super::{Peer, changes::CLOCKS_DIFFER, hours};
use crate::tasks;
use protocol::{
    SiteId, Timestamp,
    agreement::{About, Agreement, BreakGlass, Clause, Field, Level, Party, Preset, WeeklyHours},
    ids::Id128,
    time::{WEEK_MINUTES, WeekMinute},
};
use serde::{Deserialize, Serialize};

/// Everything that lets a reader be sure of the patient and of the examination.
pub(super) const IDENTITY: [Field; 4] = [Field::PatientName, Field::BirthDate, Field::Sex, Field::PatientId];
const ALL_FIELDS: [Field; 7] = [
    Field::PatientName,
    Field::BirthDate,
    Field::Sex,
    Field::PatientId,
    Field::Description,
    Field::Accession,
    Field::Referrer,
];
/// Days a copy stays where nothing else is said.
const CACHE_DAYS: u32 = 30;
const TIME_ZONE: &str = "Europe/Paris";

/// Whose studies are read by whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// Each reads the other's.
    #[default]
    Both,
    /// They read ours.
    Ours,
    /// We read theirs.
    Theirs,
}

/// What an admin may choose beside the preset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) direction: Direction,
    /// For on-call; IANA name. Default: Europe/Paris.
    pub(crate) time_zone: Option<String>,
    /// For on-call; minutes of the week. Default: every night from 18:00 to 08:00, and all of Saturday and Sunday.
    pub(crate) spans: Vec<(u16, u16)>,
    /// Only these; empty: all.
    pub(crate) modalities: Vec<String>,
    pub(crate) since_days: Option<u32>,
    /// Default: 30.
    pub(crate) cache_days: Option<u32>,
    /// The glass may be broken, and each time is reviewed within so many hours.
    pub(crate) break_glass_hours: Option<u32>,
    /// The agreement whose next version this is.
    pub(crate) replaces: Option<Id128>,
}

/// Why there is no draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TermsError {
    #[error("the time zone is not known here")]
    TimeZone,
    #[error("hours must lie within the week (minutes 0 to 10080), at most 64 spans")]
    Spans,
    #[error("a modality is a code string of at most 16 characters, at most 32 of them")]
    Modality,
}

/// Nights and weekends, as on-call duty usually runs.
fn nights_and_weekends() -> Vec<(WeekMinute, WeekMinute)> {
    let at = |day: u16, hour: u16| WeekMinute(day * 1440 + hour * 60);
    let nights = (0..4).map(|day| (at(day, 18), at(day + 1, 8)));
    nights.chain([(at(4, 18), WeekMinute(WEEK_MINUTES)), (at(0, 0), at(0, 8))]).collect()
}

fn weekly(terms: &Terms) -> Result<WeeklyHours, TermsError> {
    let time_zone = terms.time_zone.clone().unwrap_or_else(|| TIME_ZONE.to_owned());
    if !hours::is_known_zone(&time_zone) {
        return Err(TermsError::TimeZone);
    }
    let sound =
        terms.spans.len() <= 64 && terms.spans.iter().all(|&(f, t)| f < WEEK_MINUTES && t <= WEEK_MINUTES && f != t);
    if !sound {
        return Err(TermsError::Spans);
    }
    let spans = if terms.spans.is_empty() {
        nights_and_weekends()
    } else {
        terms.spans.iter().map(|&(from, to)| (WeekMinute(from), WeekMinute(to))).collect()
    };
    Ok(WeeklyHours { time_zone, spans })
}

/// Drafts an agreement between this site and a peer.
///
/// # Errors
/// [`TermsError`].
pub(crate) fn draft(ours: (SiteId, &str), peer: &Peer, preset: Preset, terms: &Terms) -> Result<Agreement, TermsError> {
    draft_at(ours, peer, preset, terms, tasks::now())
}

pub(super) fn draft_at(
    ours: (SiteId, &str),
    peer: &Peer,
    preset: Preset,
    terms: &Terms,
    now: Timestamp,
) -> Result<Agreement, TermsError> {
    let coded = |m: &String| (1..=16).contains(&m.len()) && m.bytes().all(|b| b.is_ascii_graphic());
    if terms.modalities.len() > 32 || !terms.modalities.iter().all(coded) {
        return Err(TermsError::Modality);
    }
    let hours = if preset == Preset::OnCall { Some(weekly(terms)?) } else { None };
    let case_only = preset == Preset::CaseOnly;
    let clause = |holder: SiteId, reader: SiteId| Clause {
        holder,
        reader,
        announce: !case_only,
        level: Level::Objects,
        modalities: terms.modalities.clone(),
        modalities_excluded: Vec::new(),
        since_days: terms.since_days,
        hours: hours.clone(),
        // A granted study is read by somebody: they must be able to tell whose it is.
        fields: if case_only { [&IDENTITY[..], &[Field::Description]].concat() } else { ALL_FIELDS.to_vec() },
        cache_days: terms.cache_days.unwrap_or(CACHE_DAYS),
        regions: Vec::new(),
        regions_excluded: Vec::new(),
        onward: false,
        kbits_max: None,
        break_glass: terms.break_glass_hours.map(|review_hours| BreakGlass { review_hours }),
    };
    let clauses = match terms.direction {
        Direction::Both => vec![clause(ours.0, peer.site), clause(peer.site, ours.0)],
        Direction::Ours => vec![clause(ours.0, peer.site)],
        Direction::Theirs => vec![clause(peer.site, ours.0)],
    };
    let party = |site, name: &str| Party { site, name: name.to_owned() };
    Ok(Agreement {
        id: terms.replaces.unwrap_or_else(tasks::random_id),
        version: 1,
        parties: [party(ours.0, ours.1), party(peer.site, &peer.name)],
        about: [About::default(), About::default()],
        legal_reference: String::new(),
        purposes: Vec::new(),
        preset,
        clauses,
        not_before: now.before(CLOCKS_DIFFER),
        not_after: None,
        drafted: now,
    })
}
