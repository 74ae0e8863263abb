//! Drafts of agreements from presets: what an admin chooses in one click, as the clauses that count.

use super::{Peer, changes::CLOCKS_DIFFER, hours};
use crate::tasks;
use protocol::{
    SiteId, Timestamp,
    agreement::{About, Agreement, BreakGlass, Clause, Field, Level, Party, Preset, Purpose, TEXT_MAX, WeeklyHours},
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

/// What an admin may choose of a clause beside the preset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClauseTerms {
    /// Default: all that there is.
    pub(crate) level: Option<Level>,
    /// For on-call; IANA name. Default: Europe/Paris.
    pub(crate) time_zone: Option<String>,
    /// Minutes of the week. For on-call the default is every night from 18:00 to 08:00, and all of Saturday and Sunday;
    /// where they are given with another preset they count as well.
    pub(crate) spans: Vec<(u16, u16)>,
    /// Only these; empty: all.
    pub(crate) modalities: Vec<String>,
    pub(crate) modalities_excluded: Vec<String>,
    /// Body parts examined; only these; empty: all.
    pub(crate) regions: Vec<String>,
    pub(crate) regions_excluded: Vec<String>,
    pub(crate) since_days: Option<u32>,
    /// Default: all, or for case-only those that tell whose study it is.
    pub(crate) fields: Option<Vec<Field>>,
    /// Default: 30.
    pub(crate) cache_days: Option<u32>,
    pub(crate) onward: bool,
    pub(crate) kbits_max: Option<u32>,
    /// The glass may be broken; each use is reviewed within so many hours.
    pub(crate) break_glass_hours: Option<u32>,
    /// Only with an open case.
    pub(crate) with_case: bool,
    /// Only for somebody on duty.
    pub(crate) on_duty: bool,
    /// The reader may ask whether the holder knows a patient.
    pub(crate) presence: bool,
}

/// What an admin may choose beside the preset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) direction: Direction,
    /// Of both clauses.
    pub(crate) all: ClauseTerms,
    /// Of the clause by which they read ours, where it differs.
    pub(crate) ours: Option<ClauseTerms>,
    /// Of the clause by which we read theirs, where it differs.
    pub(crate) theirs: Option<ClauseTerms>,
    /// What identifies us, and them.
    pub(crate) about: [About; 2],
    pub(crate) legal_reference: String,
    pub(crate) purposes: Vec<Purpose>,
    /// Default: now.
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) not_after: Option<Timestamp>,
    /// The agreement whose next version this is.
    pub(crate) replaces: Option<Id128>,
}

/// Why there is no draft, and at which of the terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{english}")]
pub(crate) struct Wrong {
    /// The name of the term in the API.
    pub(crate) term: &'static str,
    pub(crate) french: &'static str,
    pub(crate) english: &'static str,
}

const fn wrong(term: &'static str, french: &'static str, english: &'static str) -> Wrong {
    Wrong { term, french, english }
}

const ZONE: Wrong = wrong("time_zone", "ce fuseau horaire n’est pas connu ici", "the time zone is not known here");
const SPANS: Wrong = wrong(
    "spans",
    "les horaires sont dans la semaine (minutes 0 à 10080), 64 plages au plus",
    "hours must lie within the week (minutes 0 to 10080), at most 64 spans",
);
const NO_HOURS: Wrong = wrong(
    "spans",
    "des horaires ne valent pas quand tout se partage étude par étude",
    "hours mean nothing where studies are shared one by one",
);
const NO_CASE: Wrong = wrong(
    "with_case",
    "les dossiers ne comptent pas quand tout se partage étude par étude",
    "cases mean nothing where studies are shared one by one",
);
const NO_DUTY: Wrong = wrong(
    "on_duty",
    "les gardes ne comptent pas quand tout se partage étude par étude",
    "duty means nothing where studies are shared one by one",
);
const MODALITY: Wrong = wrong(
    "modalities",
    "une modalité est un code de 16 caractères au plus, 32 au plus",
    "a modality is a code string of at most 16 characters, at most 32 of them",
);
const NOT_MODALITY: Wrong = Wrong { term: "modalities_excluded", ..MODALITY };
const MODALITY_TWICE: Wrong = wrong(
    "modalities_excluded",
    "une modalité est à la fois permise et exclue",
    "a modality is both agreed and excluded",
);
const REGION: Wrong = wrong(
    "regions",
    "une région est un code de 16 caractères au plus, par exemple HEAD ; 32 au plus",
    "a region is a code string of at most 16 characters, for example HEAD; at most 32 of them",
);
const NOT_REGION: Wrong = Wrong { term: "regions_excluded", ..REGION };
const REGION_TWICE: Wrong =
    wrong("regions_excluded", "une région est à la fois permise et exclue", "a region is both agreed and excluded");
const SINCE: Wrong = wrong("since_days", "l’ancienneté va de 1 à 36500 jours", "the age of studies is 1 to 36500 days");
const CACHE: Wrong = wrong("cache_days", "les copies restent de 1 à 3650 jours", "copies stay 1 to 3650 days");
const KBITS: Wrong = wrong("kbits_max", "le débit va de 64 kbit/s vers le haut", "bandwidth is 64 kbit/s or more");
const REVIEW: Wrong = wrong(
    "break_glass_hours",
    "la relecture d’un bris de glace a lieu dans les 1 à 720 heures",
    "breaking the glass is reviewed within 1 to 720 hours",
);
const LINE: Wrong =
    wrong("legal_reference", "une seule ligne de 200 caractères au plus", "one line of at most 200 characters");
const PERIOD: Wrong = wrong("not_after", "la fin vient avant le début", "the end comes before the beginning");
const PAST: Wrong = wrong("not_after", "la fin est déjà passée", "the end is past already");

/// Nights and weekends, as on-call duty usually runs.
fn nights_and_weekends() -> Vec<(WeekMinute, WeekMinute)> {
    let at = |day: u16, hour: u16| WeekMinute(day * 1440 + hour * 60);
    let nights = (0..4).map(|day| (at(day, 18), at(day + 1, 8)));
    nights.chain([(at(4, 18), WeekMinute(WEEK_MINUTES)), (at(0, 0), at(0, 8))]).collect()
}

impl ClauseTerms {
    fn zone(&self) -> &str {
        self.time_zone.as_deref().unwrap_or(TIME_ZONE)
    }

    fn weekly(&self, preset: Preset) -> Option<WeeklyHours> {
        if preset != Preset::OnCall && self.spans.is_empty() {
            return None;
        }
        let spans = if self.spans.is_empty() {
            nights_and_weekends()
        } else {
            self.spans.iter().map(|&(from, to)| (WeekMinute(from), WeekMinute(to))).collect()
        };
        Some(WeeklyHours { time_zone: self.zone().to_owned(), spans })
    }

    fn is_within_week(&self) -> bool {
        let within = |&(from, to): &(u16, u16)| from < WEEK_MINUTES && to <= WEEK_MINUTES && from != to;
        self.spans.len() <= 64 && self.spans.iter().all(within)
    }

    /// All that is wrong.
    fn wrong(&self, preset: Preset) -> Vec<Wrong> {
        // Code strings (CS, PS3.5 §6.2); a modality has no spaces.
        let coded = |list: &[String], spaces: bool| {
            let fits = |b: u8| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_') || (spaces && b == b' ');
            let code = |m: &String| (1..=16).contains(&m.len()) && m.bytes().all(fits) && m.trim() == m;
            list.len() <= 32 && list.iter().all(code)
        };
        let twice = |a: &[String], b: &[String]| a.iter().any(|code| b.contains(code));
        let within = |value: Option<u32>, low: u32, high: u32| value.is_none_or(|v| (low..=high).contains(&v));
        let checks = [
            (hours::is_known_zone(self.zone()), ZONE),
            (self.is_within_week(), SPANS),
            (preset != Preset::CaseOnly || self.spans.is_empty(), NO_HOURS),
            (preset != Preset::CaseOnly || !self.with_case, NO_CASE),
            (preset != Preset::CaseOnly || !self.on_duty, NO_DUTY),
            (coded(&self.modalities, false), MODALITY),
            (coded(&self.modalities_excluded, false), NOT_MODALITY),
            (!twice(&self.modalities, &self.modalities_excluded), MODALITY_TWICE),
            (coded(&self.regions, true), REGION),
            (coded(&self.regions_excluded, true), NOT_REGION),
            (!twice(&self.regions, &self.regions_excluded), REGION_TWICE),
            (within(self.since_days, 1, 36_500), SINCE),
            (within(self.cache_days, 1, 3_650), CACHE),
            (within(self.kbits_max, 64, u32::MAX), KBITS),
            (within(self.break_glass_hours, 1, 720), REVIEW),
        ];
        checks.into_iter().filter(|(holds, _)| !holds).map(|(_, wrong)| wrong).collect()
    }

    fn clause(&self, holder: SiteId, reader: SiteId, preset: Preset) -> Clause {
        let case_only = preset == Preset::CaseOnly;
        // A granted study is read by somebody: they must be able to tell whose it is.
        let usual = || if case_only { [&IDENTITY[..], &[Field::Description]].concat() } else { ALL_FIELDS.to_vec() };
        let chosen = |fields: &Vec<Field>| ALL_FIELDS.into_iter().filter(|field| fields.contains(field)).collect();
        Clause {
            holder,
            reader,
            announce: !case_only,
            level: self.level.unwrap_or(Level::Objects),
            modalities: self.modalities.clone(),
            modalities_excluded: self.modalities_excluded.clone(),
            regions: self.regions.clone(),
            regions_excluded: self.regions_excluded.clone(),
            since_days: self.since_days,
            hours: self.weekly(preset),
            fields: self.fields.as_ref().map_or_else(usual, chosen),
            cache_days: self.cache_days.unwrap_or(CACHE_DAYS),
            onward: self.onward,
            kbits_max: self.kbits_max,
            break_glass: self.break_glass_hours.map(|review_hours| BreakGlass { review_hours }),
            with_case: self.with_case,
            on_duty: self.on_duty,
            presence: self.presence,
        }
    }
}

impl Terms {
    /// All that is wrong with them, each at its term.
    pub(crate) fn wrong(&self, preset: Preset, now: Timestamp) -> Vec<Wrong> {
        let clauses = [Some(&self.all), self.ours.as_ref(), self.theirs.as_ref()];
        let mut found: Vec<Wrong> = clauses.into_iter().flatten().flat_map(|terms| terms.wrong(preset)).collect();
        let is_line = |text: &str| text.chars().count() <= TEXT_MAX && !text.chars().any(char::is_control);
        let [us, them] = &self.about;
        let lines = [
            ("legal_reference", &self.legal_reference),
            ("our_national_id", &us.national_id),
            ("our_privacy_contact", &us.privacy_contact),
            ("their_national_id", &them.national_id),
            ("their_privacy_contact", &them.privacy_contact),
        ];
        found.extend(lines.into_iter().filter(|(_, text)| !is_line(text)).map(|(term, _)| Wrong { term, ..LINE }));
        if let Some(end) = self.not_after {
            let begins_later = self.not_before.is_some_and(|begin| begin >= end);
            found.extend(begins_later.then_some(PERIOD).or_else(|| (end <= now).then_some(PAST)));
        }
        found.dedup();
        found
    }
}

/// Drafts an agreement between this site and a peer.
///
/// # Errors
/// The first of [`Terms::wrong`].
pub(crate) fn draft(ours: (SiteId, &str), peer: &Peer, preset: Preset, terms: &Terms) -> Result<Agreement, Wrong> {
    draft_at(ours, peer, preset, terms, tasks::now())
}

pub(super) fn draft_at(
    ours: (SiteId, &str),
    peer: &Peer,
    preset: Preset,
    terms: &Terms,
    now: Timestamp,
) -> Result<Agreement, Wrong> {
    if let Some(wrong) = terms.wrong(preset, now).first() {
        return Err(*wrong);
    }
    let of_ours = || terms.ours.as_ref().unwrap_or(&terms.all).clause(ours.0, peer.site, preset);
    let of_theirs = || terms.theirs.as_ref().unwrap_or(&terms.all).clause(peer.site, ours.0, preset);
    let clauses = match terms.direction {
        Direction::Both => vec![of_ours(), of_theirs()],
        Direction::Ours => vec![of_ours()],
        Direction::Theirs => vec![of_theirs()],
    };
    let party = |site, name: &str| Party { site, name: name.to_owned() };
    let mut purposes = terms.purposes.clone();
    purposes.sort_unstable();
    purposes.dedup();
    Ok(Agreement {
        id: terms.replaces.unwrap_or_else(tasks::random_id),
        version: 1,
        parties: [party(ours.0, ours.1), party(peer.site, &peer.name)],
        about: terms.about.clone(),
        legal_reference: terms.legal_reference.trim().to_owned(),
        purposes,
        preset,
        clauses,
        not_before: terms.not_before.unwrap_or_else(|| now.before(CLOCKS_DIFFER)),
        not_after: terms.not_after,
        drafted: now,
    })
}
