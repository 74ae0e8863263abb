//! How long a patient's studies are kept: from facts and a set of rules to a day, with the reasons. No clock, no
//! storage; nothing here deletes.
//!
//! # France
//! Public hospitals (Code de la santé publique, R.1112-7): twenty years from the last stay or visit, each of which
//! starts the time again for all that is kept of the patient; never before the 28th birthday; ten years from death
//! where death came within ten years of the last visit. Private practice: five years from the study, the first three
//! at hand.
//!
//! What is not known counts against deletion: an unknown birth date may be today's newborn, and a last visit counts only
//! if somebody looked it up after the time it gives had run out, since a later visit would have started it again.

use serde::{Deserialize, Serialize};

/// Days since 1970-01-01 (Gregorian calendar).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day(pub i64);

impl Day {
    /// `YYYYMMDD`; `None` for anything that is no day of the calendar.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
        let civil = (number(0..4)?, number(4..6)?, number(6..8)?);
        let day = Self::of(civil);
        (day.civil() == civil).then_some(day)
    }

    /// After Howard Hinnant's `days_from_civil`.
    fn of((year, month, day): (i64, i64, i64)) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Year, month, day; after Howard Hinnant's `civil_from_days`.
    #[must_use]
    pub fn civil(self) -> (i64, i64, i64) {
        let shifted = self.0.saturating_add(719_468);
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    /// The same day so many years later; 29 February becomes 1 March.
    #[must_use]
    pub fn years_later(self, years: u8) -> Self {
        let (year, month, day) = self.civil();
        Self::of((year + i64::from(years), month, day))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// Which rules hold at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rules {
    /// Public hospitals and private ones with public service.
    FranceHospital,
    /// Private practice.
    FrancePractice,
}

/// A last visit as somebody looked it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The day of the visit, or of the end of the stay.
    pub last: Day,
    /// The day on which that was looked up.
    pub asserted: Day,
}

/// What is known of a study and its patient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Of the study in question; `None`: it does not say.
    pub study: Option<Day>,
    /// Of all of the patient's studies that the site holds, this one among them. A study without a day counts by the
    /// day on which it arrived.
    pub studies: Vec<Day>,
    /// Whether the patient is known by an identifier: without one, nobody knows what else is kept of them.
    pub is_identified: bool,
    /// The objects name several birth dates, or several patients.
    pub is_contradicted: bool,
    pub birth: Option<Day>,
    pub death: Option<Day>,
    pub visit: Option<Visit>,
    /// Litigation holds in force.
    pub holds: usize,
}

/// A sentence of the explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// So many years from the last visit.
    Visit { last: Day, until: Day },
    /// Not before the 28th birthday.
    Minor { birth: Day, until: Day },
    /// The birth date is unknown: as if born on the day of the last visit.
    BirthUnknown { until: Day },
    /// Ten years from a death within ten years of the last visit.
    Death { death: Day, until: Day },
    /// Five years from the study.
    Practice { study: Day, until: Day },
    /// At hand at the site until then.
    AtHand { until: Day },
    /// Blocks: a litigation hold.
    Hold,
    /// Blocks: nobody recorded the last visit.
    VisitUnknown,
    /// Blocks: the last visit was looked up before the time ran out.
    VisitOld { asserted: Day },
    /// Blocks: the study names no patient.
    Unidentified,
    /// Blocks: the objects contradict one another about the patient.
    Contradicted,
    /// Blocks: the study bears no day.
    Undated,
}

impl Reason {
    /// A stable word for the interface.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Visit { .. } => "visit",
            Self::Minor { .. } => "minor",
            Self::BirthUnknown { .. } => "birth-unknown",
            Self::Death { .. } => "death",
            Self::Practice { .. } => "practice",
            Self::AtHand { .. } => "at-hand",
            Self::Hold => "hold",
            Self::VisitUnknown => "visit-unknown",
            Self::VisitOld { .. } => "visit-old",
            Self::Unidentified => "unidentified",
            Self::Contradicted => "contradicted",
            Self::Undated => "undated",
        }
    }

    /// Whether nothing may be deleted while it stands, whatever the day.
    #[must_use]
    pub const fn blocks(self) -> bool {
        matches!(
            self,
            Self::Hold
                | Self::VisitUnknown
                | Self::VisitOld { .. }
                | Self::Unidentified
                | Self::Contradicted
                | Self::Undated
        )
    }

    /// The days it speaks of: since when, until when.
    #[must_use]
    pub const fn days(self) -> (Option<Day>, Option<Day>) {
        match self {
            Self::Visit { last: since, until }
            | Self::Minor { birth: since, until }
            | Self::Death { death: since, until }
            | Self::Practice { study: since, until } => (Some(since), Some(until)),
            Self::BirthUnknown { until } | Self::AtHand { until } => (None, Some(until)),
            Self::VisitOld { asserted } => (Some(asserted), None),
            Self::Hold | Self::VisitUnknown | Self::Unidentified | Self::Contradicted | Self::Undated => (None, None),
        }
    }
}

/// Until when a study is kept, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The first day on which it may go, if nothing blocks; `None`: not known.
    pub until: Option<Day>,
    pub reasons: Vec<Reason>,
}

impl Kept {
    /// Whether it may be proposed for deletion on a day.
    #[must_use]
    pub fn is_free(&self, today: Day) -> bool {
        self.until.is_some_and(|until| until <= today) && !self.reasons.iter().any(|reason| reason.blocks())
    }
}

/// Decides by the rules.
#[must_use]
pub fn decide(rules: Rules, facts: &Facts) -> Kept {
    let mut reasons = Vec::new();
    let until = match rules {
        Rules::FranceHospital => hospital(facts, &mut reasons),
        Rules::FrancePractice => practice(facts, &mut reasons),
    };
    if facts.holds > 0 {
        reasons.push(Reason::Hold);
    }
    Kept { until, reasons }
}

fn hospital(facts: &Facts, reasons: &mut Vec<Reason>) -> Option<Day> {
    if !facts.is_identified {
        reasons.push(Reason::Unidentified);
    }
    if facts.is_contradicted {
        reasons.push(Reason::Contradicted);
    }
    let told = facts.visit.map(|visit| visit.last);
    let Some(last) = facts.studies.iter().copied().chain(facts.study).chain(told).max() else {
        reasons.push(Reason::VisitUnknown);
        return None;
    };
    let mut until = last.years_later(20);
    reasons.push(Reason::Visit { last, until });
    let grown = facts.birth.unwrap_or(last).years_later(28);
    if grown > until {
        until = grown;
        reasons.push(match facts.birth {
            Some(birth) => Reason::Minor { birth, until },
            None => Reason::BirthUnknown { until },
        });
    }
    if let Some(death) = facts.death.filter(|death| *death < last.years_later(10)) {
        // What was made after death is kept as long from its own day.
        until = death.max(last).years_later(10);
        reasons.push(Reason::Death { death, until });
    }
    match facts.visit {
        None => reasons.push(Reason::VisitUnknown),
        Some(visit) if visit.asserted < until => reasons.push(Reason::VisitOld { asserted: visit.asserted }),
        Some(_) => {}
    }
    Some(until)
}

fn practice(facts: &Facts, reasons: &mut Vec<Reason>) -> Option<Day> {
    let Some(study) = facts.study else {
        reasons.push(Reason::Undated);
        return None;
    };
    let until = study.years_later(5);
    reasons.push(Reason::Practice { study, until });
    reasons.push(Reason::AtHand { until: study.years_later(3) });
    Some(until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    /// A patient born in 1960, one study in 2000, the last visit in 2001 looked up in 2030.
    fn facts() -> Facts {
        Facts {
            study: Some(day("20000105")),
            studies: vec![day("20000105")],
            is_identified: true,
            birth: Some(day("19600101")),
            visit: Some(Visit { last: day("20010310"), asserted: day("20300101") }),
            ..Facts::default()
        }
    }

    fn until(facts: &Facts) -> String {
        decide(Rules::FranceHospital, facts).until.map(|day| day.to_string()).unwrap_or_default()
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(day("19700101"), Day(0));
        assert_eq!(day("20000301"), Day(11_017));
        assert_eq!(day("20000229").years_later(20).to_string(), "2020-02-29");
        assert_eq!(day("20000229").years_later(5).to_string(), "2005-03-01");
        for unfit in ["20230229", "20231301", "20230100", "2023011", "2023é01"] {
            assert_eq!(Day::parse(unfit), None, "{unfit}");
        }
    }

    #[test]
    fn each_visit_starts_twenty_years_for_all() {
        assert_eq!(until(&facts()), "2021-03-10");
        let mut later = facts();
        later.studies.push(day("20100601"));
        assert_eq!(until(&later), "2030-06-01", "another study of the patient");
    }

    #[test]
    fn minors_are_kept_to_their_28th_birthday() {
        let mut minor = facts();
        minor.birth = Some(day("19991231"));
        assert_eq!(until(&minor), "2027-12-31");
        minor.birth = None;
        assert_eq!(until(&minor), "2029-03-10", "who knows how young");
    }

    #[test]
    fn ten_years_from_death_within_ten_of_the_visit() {
        let mut dead = facts();
        dead.death = Some(day("20050101"));
        assert_eq!(until(&dead), "2015-01-01");
        dead.death = Some(day("20110311"));
        assert_eq!(until(&dead), "2021-03-10", "too long after the visit to count");
        dead.death = Some(day("20001224"));
        assert_eq!(until(&dead), "2011-03-10", "made after death");
    }

    #[test]
    fn what_is_not_known_blocks() {
        let today = day("20300101");
        assert!(decide(Rules::FranceHospital, &facts()).is_free(today));
        let blocked = |change: fn(&mut Facts), reason: Reason| {
            let mut facts = facts();
            change(&mut facts);
            let kept = decide(Rules::FranceHospital, &facts);
            assert!(!kept.is_free(today) && kept.reasons.contains(&reason), "{kept:?}");
        };
        blocked(|f| f.visit = None, Reason::VisitUnknown);
        blocked(|f| f.holds = 1, Reason::Hold);
        blocked(|f| f.is_identified = false, Reason::Unidentified);
        blocked(|f| f.is_contradicted = true, Reason::Contradicted);
        let old = Visit { last: day("20010310"), asserted: day("20210309") };
        let mut looked_up_early = facts();
        looked_up_early.visit = Some(old);
        let kept = decide(Rules::FranceHospital, &looked_up_early);
        assert!(!kept.is_free(today) && kept.reasons.contains(&Reason::VisitOld { asserted: old.asserted }));
    }

    #[test]
    fn a_practice_keeps_each_study_five_years() {
        let kept = decide(Rules::FrancePractice, &facts());
        assert_eq!(kept.until, Some(day("20050105")));
        assert!(kept.reasons.contains(&Reason::AtHand { until: day("20030105") }));
        let undated = Facts { study: None, ..facts() };
        assert!(!decide(Rules::FrancePractice, &undated).is_free(day("99991231")));
    }

    fn some_day() -> impl Strategy<Value = Day> {
        (-40_000i64..60_000).prop_map(Day)
    }

    fn some_facts() -> impl Strategy<Value = Facts> {
        let option = || proptest::option::of(some_day());
        let days = proptest::collection::vec(some_day(), 0..6);
        let visit = proptest::option::of((some_day(), some_day()));
        (option(), days, any::<bool>(), any::<bool>(), option(), option(), visit, 0usize..3).prop_map(
            |(study, studies, is_identified, is_contradicted, birth, death, visit, holds)| Facts {
                study,
                studies,
                is_identified,
                is_contradicted,
                birth,
                death,
                visit: visit.map(|(last, asserted)| Visit { last, asserted }),
                holds,
            },
        )
    }

    fn rules() -> impl Strategy<Value = Rules> {
        prop_oneof![Just(Rules::FranceHospital), Just(Rules::FrancePractice)]
    }

    proptest! {
        #[test]
        fn days_are_read_as_they_are_written(number in -700_000i64..2_000_000) {
            let day = Day(number);
            prop_assert_eq!(Day::of(day.civil()), day);
            let next = Day(number + 1).civil();
            prop_assert!(next > day.civil());
        }

        #[test]
        fn a_hold_keeps_everything(rules in rules(), facts in some_facts(), today in some_day()) {
            let held = Facts { holds: facts.holds + 1, ..facts };
            prop_assert!(!decide(rules, &held).is_free(today));
        }

        #[test]
        fn once_free_stays_free(rules in rules(), facts in some_facts(), today in some_day(), more in 0i64..9000) {
            let kept = decide(rules, &facts);
            prop_assert!(!kept.is_free(today) || kept.is_free(Day(today.0 + more)));
        }

        #[test]
        fn another_visit_never_frees_sooner(facts in some_facts(), other in some_day()) {
            let facts = Facts { death: None, ..facts };
            let before = decide(Rules::FranceHospital, &facts).until;
            let mut more = facts;
            more.studies.push(other);
            prop_assert!(decide(Rules::FranceHospital, &more).until >= before);
        }

        #[test]
        fn nothing_goes_within_ten_years_of_a_visit_or_a_death(facts in some_facts(), today in some_day()) {
            if decide(Rules::FranceHospital, &facts).is_free(today) {
                for day in facts.studies.iter().chain(&facts.study) {
                    prop_assert!(day.years_later(10) <= today);
                }
            }
        }

        #[test]
        fn every_decision_has_its_reasons(rules in rules(), facts in some_facts()) {
            let kept = decide(rules, &facts);
            prop_assert!(!kept.reasons.is_empty());
            let latest = kept.reasons.iter().any(|reason| reason.days().1 == kept.until);
            prop_assert!(kept.until.is_none() || latest, "the day is one that a reason names");
        }
    }
}
