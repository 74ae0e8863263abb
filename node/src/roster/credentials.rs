//! What an account's papers let read, as other sites are told: modalities and times. Numbers of licences stay here.

use crate::users::{Account, Credential};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use protocol::{
    Timestamp,
    duty::{LICENCES_MAX, Licence},
    roster::{Skip, lacking, zone},
};

/// Nothing, for an account that is not in use. Days are those of a time zone, the last one included.
pub(super) fn licences(account: Option<&Account>, time_zone: Option<&str>) -> Vec<Licence> {
    let zone = time_zone.and_then(zone).unwrap_or(TimeZone::UTC);
    let papers = account.filter(|account| !account.is_disabled).map(|account| &account.professional.credentials);
    papers.into_iter().flatten().map(|paper| licence(paper, &zone)).take(LICENCES_MAX).collect()
}

/// What this site knows of what somebody may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Papers {
    /// The site keeps no register of credentials: nobody's were entered.
    Unrecorded,
    /// They hold.
    Cover,
    /// They do not, for these modalities; none named where nothing holds.
    Lack { why: Skip, modalities: Vec<String> },
}

/// Of one person among the accounts of the site. A register in which anybody stands counts for everybody.
pub(super) fn papers(
    all: &[Account],
    person: &str,
    modalities: &[String],
    at: Timestamp,
    zone: Option<&str>,
) -> Papers {
    if all.iter().all(|account| account.is_disabled || account.professional.credentials.is_empty()) {
        return Papers::Unrecorded;
    }
    let account = all.iter().find(|account| account.person.name.eq_ignore_ascii_case(person));
    match lacking(&licences(account, zone), modalities, at) {
        None => Papers::Cover,
        Some((why, modalities)) => Papers::Lack { why, modalities },
    }
}

/// Modalities that somebody may read now, as far as it is recorded; none named: all. `None`: nothing.
pub(super) fn readable(all: &[Account], person: &str, at: Timestamp, zone: Option<&str>) -> Option<Vec<String>> {
    if all.iter().all(|account| account.is_disabled || account.professional.credentials.is_empty()) {
        return Some(Vec::new());
    }
    let account = all.iter().find(|account| account.person.name.eq_ignore_ascii_case(person));
    let held: Vec<Licence> = licences(account, zone).into_iter().filter(|paper| paper.holds(at)).collect();
    if held.iter().any(|paper| paper.modalities.is_empty()) {
        return Some(Vec::new());
    }
    (!held.is_empty()).then(|| held.into_iter().flat_map(|paper| paper.modalities).collect())
}

fn licence(paper: &Credential, zone: &TimeZone) -> Licence {
    let midnight = |text: &Option<String>, later: i32| {
        let day = text.as_ref()?.parse::<Date>().ok()?.checked_add(later.days()).ok()?;
        let at = zone.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok()?;
        u64::try_from(at.as_millisecond()).ok().map(Timestamp)
    };
    Licence { modalities: paper.modalities.clone(), from: midnight(&paper.from, 0), until: midnight(&paper.until, 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        trust::{Person, Role},
        users::Professional,
    };

    #[test]
    fn the_last_day_of_a_paper_is_a_day_of_the_coverage() {
        let paper = Credential {
            licence: "75/1".into(),
            modalities: vec!["CT".into()],
            from: None,
            until: Some("2026-10-25".into()),
        };
        let paris = licence(&paper, &zone("Europe/Paris").unwrap());
        // Midnight of a day of 25 hours: 23:00 UTC.
        assert_eq!(paris.until.map(|at| at.0), Some(1_792_969_200_000));
        assert!(paris.holds(Timestamp(1_792_969_199_999)) && !paris.holds(Timestamp(1_792_969_200_000)));
    }

    fn account(name: &str, modalities: Option<&[&str]>, until: Option<&str>) -> Account {
        let paper = |codes: &[&str]| Credential {
            licence: "75/1".into(),
            modalities: codes.iter().map(|code| (*code).to_owned()).collect(),
            from: None,
            until: until.map(str::to_owned),
        };
        Account {
            person: Person::new(name.to_owned(), Role::Radiologist),
            is_disabled: false,
            must_change: false,
            has_factor: false,
            needs_factor: false,
            professional: Professional { rpps: None, credentials: modalities.map(paper).into_iter().collect() },
            has_password: true,
            origin: None,
        }
    }

    #[test]
    fn what_somebody_may_read_now_is_what_their_papers_say_and_all_where_nobody_keeps_any() {
        let now = Timestamp(1_792_969_200_000);
        let unrecorded = [account("leroy", None, None)];
        assert_eq!(readable(&unrecorded, "leroy", now, None), Some(Vec::new()));
        let all = [
            account("leroy", Some(&["CT", "MR"]), None),
            account("martin", Some(&[]), None),
            account("bernard", Some(&["CT"]), Some("2020-01-01")),
            account("morel", None, None),
        ];
        assert_eq!(readable(&all, "Leroy", now, None), Some(vec!["CT".to_owned(), "MR".to_owned()]));
        assert_eq!(readable(&all, "martin", now, None), Some(Vec::new()), "all modalities");
        assert_eq!((readable(&all, "bernard", now, None), readable(&all, "morel", now, None)), (None, None));
    }
}
