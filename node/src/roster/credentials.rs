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
}
