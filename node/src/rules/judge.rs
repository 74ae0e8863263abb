//! Whether a rule means a study, and why.
//!
//! # Not here
//! Whether it fires: that depends on when, too ([`super::fire`]).

use crate::{
    archive::{Archive, ArchiveError, Conditions, SeriesRow, StudyRow, text_matches},
    sources::{DayHours, Sources},
};
use protocol::Uid;

/// What is looked at of a study.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) row: StudyRow,
    pub(crate) series: Vec<SeriesRow>,
    /// Who brought it.
    pub(crate) senders: Vec<String>,
    /// All of them are PACS beside this node: it was recalled, or taken over.
    pub(crate) is_brought: bool,
}

/// One condition of a rule, held against a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// The condition's name, as the API has it.
    pub(crate) condition: &'static str,
    pub(crate) wanted: String,
    pub(crate) found: String,
    pub(crate) holds: bool,
}

impl Seen {
    /// A study as rules see it (blocking).
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn of(archive: &Archive, sources: &Sources, study: &Uid) -> Result<Option<Self>, ArchiveError> {
        archive.study(study)?.map(|row| Self::at(archive, sources, row)).transpose()
    }

    /// As [`Self::of`], of a row.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn at(archive: &Archive, sources: &Sources, row: StudyRow) -> Result<Self, ArchiveError> {
        let (series, senders) = (archive.series(&row.study)?, archive.senders(&row.study)?);
        let is_brought = !senders.is_empty() && senders.iter().all(|sender| sources.brings(sender));
        Ok(Self { row, series, senders, is_brought })
    }
}

/// The patient's age in years at the date of the study; where it has none, when it came in.
fn age(row: &StudyRow) -> Option<u16> {
    let number = |text: &str| text.parse::<u32>().ok();
    let born = row.patient.birth_date.as_deref().filter(|day| day.len() == 8).and_then(number)?;
    let arrived = crate::tasks::civil(row.arrived);
    let day = row.date.as_deref().or_else(|| arrived.get(..8)).and_then(number)?;
    // As YYYYMMDD: the difference in years, one less before the birthday.
    u16::try_from(day.checked_sub(born)? / 10_000).ok()
}

/// Whether all that a rule asks holds.
pub(crate) fn matches(conditions: &Conditions, seen: &Seen) -> bool {
    checks(conditions, seen).iter().all(|check| check.holds)
}

/// What a rule asks, each with what the study says. Of its series the one is shown that fits best.
pub(crate) fn checks(conditions: &Conditions, seen: &Seen) -> Vec<Check> {
    let best = seen.series.iter().map(|series| of_series(conditions, Some(series)));
    let best = best.max_by_key(|checks| checks.iter().filter(|check| check.holds).count());
    let mut checks = best.unwrap_or_else(|| of_series(conditions, None));
    checks.extend(of_study(conditions, &seen.row));
    checks.extend(listed("senders", &conditions.senders, &seen.senders));
    if seen.is_brought && conditions.senders.is_empty() {
        let wanted = "(no PACS beside this node, unless it is named)".to_owned();
        checks.push(Check { condition: "senders", wanted, found: seen.senders.join(", "), holds: false });
    }
    checks
}

/// What a rule on cards asks, each with what the card of a peer's study says.
pub(crate) fn card_checks(conditions: &Conditions, row: &StudyRow) -> Vec<Check> {
    let series = [
        listed("modalities", &conditions.modalities, &row.modalities),
        listed("body_parts", &conditions.body_parts, &row.body_parts),
    ];
    series.into_iter().flatten().chain(of_study(conditions, row)).collect()
}

fn of_study(conditions: &Conditions, row: &StudyRow) -> Vec<Check> {
    let text = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    let listed = [
        listed("descriptions", &conditions.descriptions, &text(&row.description)),
        listed("referrers", &conditions.referrers, &text(&row.referrer)),
    ];
    let mut checks: Vec<Check> = listed.into_iter().flatten().collect();
    if conditions.age_from.is_some() || conditions.age_to.is_some() {
        let age = age(row);
        let (from, to) = (conditions.age_from, conditions.age_to);
        let number = |number: Option<u16>| number.map(|number| number.to_string()).unwrap_or_default();
        checks.push(Check {
            condition: "age",
            wanted: format!("{}–{}", number(from), number(to)),
            found: number(age),
            holds: age.is_some_and(|age| from.is_none_or(|from| age >= from) && to.is_none_or(|to| age <= to)),
        });
    }
    if let Some(hours) = &conditions.hours {
        let at = row.changed;
        let span = hours.parse::<DayHours>().ok();
        checks.push(Check {
            condition: "hours",
            wanted: hours.clone(),
            found: DayHours::local(at),
            holds: span.is_some_and(|span| span.is_at(at)),
        });
    }
    checks
}

fn of_series(conditions: &Conditions, series: Option<&SeriesRow>) -> Vec<Check> {
    let one = |value: Option<&String>| value.cloned().into_iter().collect::<Vec<_>>();
    let values = [
        ("modalities", &conditions.modalities, one(series.map(|series| &series.modality))),
        ("stations", &conditions.stations, one(series.and_then(|series| series.station.as_ref()))),
        ("institutions", &conditions.institutions, one(series.and_then(|series| series.institution.as_ref()))),
        ("series_descriptions", &conditions.series_descriptions, one(series.and_then(|s| s.description.as_ref()))),
        ("body_parts", &conditions.body_parts, one(series.and_then(|series| series.body_part.as_ref()))),
    ];
    values.iter().filter_map(|(condition, wanted, found)| listed(condition, wanted, found)).collect()
}

fn listed(condition: &'static str, wanted: &[String], found: &[String]) -> Option<Check> {
    let holds = wanted.iter().any(|pattern| found.iter().any(|value| text_matches(pattern, value)));
    (!wanted.is_empty()).then(|| Check { condition, wanted: wanted.join(", "), found: found.join(", "), holds })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use protocol::{
        Timestamp,
        manifest::{Completeness, Patient},
    };

    pub(crate) fn seen() -> Seen {
        let row = StudyRow {
            study: Uid::parse("1.2.3").unwrap(),
            patient: Patient { birth_date: Some("20100601".into()), ..Patient::default() },
            date: Some("20260531".into()),
            time: None,
            utc_offset_min: None,
            national: None,
            modalities: vec!["CT".into(), "SR".into()],
            body_parts: vec![],
            description: Some("TDM Cérébral urgent".into()),
            accession: None,
            referrer: Some("Durand^Anne".into()),
            study_id: None,
            series: 2,
            instances: 2,
            bytes: 1,
            arrived: Timestamp(0),
            changed: Timestamp(0),
            completeness: Completeness::Complete,
            version: 1,
            patient_conflict: false,
            amended: None,
            labels: vec![],
        };
        Seen {
            row,
            series: vec![series("CT", "SCANNER1"), series("SR", "CAD")],
            senders: vec!["CT1".into()],
            is_brought: false,
        }
    }

    fn series(modality: &str, station: &str) -> SeriesRow {
        SeriesRow {
            series: Uid::parse("1.2.3.4").unwrap(),
            modality: modality.into(),
            number: None,
            description: Some(format!("{modality} axial")),
            body_part: None,
            date: None,
            time: None,
            station: Some(station.into()),
            institution: (modality == "CT").then(|| "Clinique de l'Étang".into()),
            instances: 1,
            bytes: 1,
        }
    }

    fn holds(edit: impl FnOnce(&mut Conditions)) -> bool {
        let mut conditions = Conditions::default();
        edit(&mut conditions);
        matches(&conditions, &seen())
    }

    #[test]
    fn of_a_card_one_value_of_each_kind_is_enough() {
        let holds = |edit: &dyn Fn(&mut Conditions)| {
            let mut conditions = Conditions::default();
            edit(&mut conditions);
            card_checks(&conditions, &seen().row).iter().all(|check| check.holds)
        };
        assert!(holds(&|c| (c.modalities, c.age_to) = (vec!["sr".into()], Some(15))));
        assert!(!holds(&|c| c.body_parts = vec!["HEAD".into()]), "what is not told matches nothing");
        assert!(!holds(&|c| c.descriptions = vec!["*thorax*".into()]));
    }

    #[test]
    fn one_pattern_of_each_list_must_match() {
        assert!(holds(|_| {}), "a rule without conditions means all");
        assert!(holds(|c| c.modalities = vec!["MR".into(), "ct".into()]));
        assert!(!holds(|c| c.modalities = vec!["C".into()]));
        assert!(holds(|c| c.descriptions = vec!["*cerebral*".into()]));
        assert!(holds(|c| c.referrers = vec!["durand*".into()]));
        assert!(holds(|c| c.senders = vec!["CT?".into()]));
        assert!(!holds(|c| c.body_parts = vec!["*".into()]), "what is not said matches nothing");
    }

    #[test]
    fn what_a_pacs_brought_is_meant_only_where_it_is_named() {
        let brought = Seen { is_brought: true, ..seen() };
        assert!(!matches(&Conditions::default(), &brought));
        assert!(matches(&Conditions { senders: vec!["CT1".into()], ..Conditions::default() }, &brought));
    }

    #[test]
    fn one_series_must_match_all_that_is_asked_of_series() {
        let both = |modality: &str, station: &str| {
            holds(|c| (c.modalities, c.stations) = (vec![modality.into()], vec![station.into()]))
        };
        assert!(both("CT", "SCANNER*"));
        let of = |modality: &str| {
            holds(|c| (c.modalities, c.institutions) = (vec![modality.into()], vec!["clinique*etang".into()]))
        };
        assert!(of("CT") && !of("SR"), "an institution is of its series");
        assert!(!both("CT", "CAD"), "the CT is not from CAD");
    }

    #[test]
    fn ages_are_those_at_the_study() {
        let between = |from, to| holds(|c| (c.age_from, c.age_to) = (from, to));
        assert!(between(Some(15), Some(15)), "the day before the sixteenth birthday");
        assert!(!between(Some(16), None) && between(None, Some(17)) && !between(None, Some(14)));
    }

    #[test]
    fn why_is_told() {
        let conditions =
            Conditions { modalities: vec!["MR".into()], senders: vec!["CT1".into()], ..Conditions::default() };
        let checks = checks(&conditions, &seen());
        let told: Vec<_> = checks.iter().map(|c| (c.condition, c.found.as_str(), c.holds)).collect();
        assert_eq!(told[1], ("senders", "CT1", true));
        assert!(told[0].0 == "modalities" && !told[0].2);
    }
}
