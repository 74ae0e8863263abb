//! Time zones of calendar files: those of the database by their names, and those that a file brings with it (RFC 5545, 3.6.5),
//! as far as other programs write them: onsets by date, or yearly by month and weekday.

use super::{IcalError, Wrong, lines::Line};
use crate::{roster::calendar, time::Timestamp};
use jiff::{
    civil::{Date, DateTime, Weekday},
    tz::{AmbiguousOffset, TimeZone},
};

/// Observances of one zone in a file.
const OBSERVANCES_MAX: usize = 256;

/// A zone that a file brings.
#[derive(Debug, Default)]
pub(super) struct Brought {
    pub(super) name: String,
    observances: Vec<Observance>,
}

#[derive(Clone, Debug, Default)]
struct Observance {
    start: Option<DateTime>,
    from_s: Option<i64>,
    to_s: Option<i64>,
    yearly: Option<Yearly>,
}

#[derive(Clone, Copy, Debug)]
struct Yearly {
    month: i8,
    nth: i8,
    weekday: Weekday,
    until: Option<i16>,
}

impl Brought {
    pub(super) fn begin_observance(&mut self, line: &Line) -> Result<(), IcalError> {
        if self.observances.len() >= OBSERVANCES_MAX {
            return Err(line.wrong(Wrong::TooMany));
        }
        self.observances.push(Observance::default());
        Ok(())
    }

    /// A property of the observance that was begun last.
    pub(super) fn observe(&mut self, line: &Line) -> Result<(), IcalError> {
        let Some(last) = self.observances.last_mut() else { return Ok(()) };
        match line.name.as_str() {
            "DTSTART" => last.start = Some(local(&line.value).ok_or_else(|| line.wrong(Wrong::NotTime))?),
            "TZOFFSETFROM" => last.from_s = Some(offset(&line.value).ok_or_else(|| line.wrong(Wrong::NotTime))?),
            "TZOFFSETTO" => last.to_s = Some(offset(&line.value).ok_or_else(|| line.wrong(Wrong::NotTime))?),
            "RRULE" => last.yearly = Some(yearly(&line.value).ok_or_else(|| line.wrong(Wrong::NoZone))?),
            _ => {}
        }
        Ok(())
    }

    /// What the wall shows is so many seconds ahead of UTC.
    fn offset_at(&self, at: DateTime) -> Option<i64> {
        let last = |o: &Observance| Some((o.last_before(at)?, o.to_s?));
        let found = self.observances.iter().filter_map(last).max();
        // Before the first onset it is what that one leaves behind.
        let first = self.observances.iter().filter(|o| o.start.is_some()).min_by_key(|o| o.start);
        found.map(|(_, to)| to).or_else(|| first.and_then(|o| o.from_s))
    }
}

impl Observance {
    /// Its latest onset that is not after a time on the wall.
    fn last_before(&self, at: DateTime) -> Option<DateTime> {
        let start = self.start.filter(|start| *start <= at)?;
        let Some(rule) = self.yearly else { return Some(start) };
        let years = [at.year(), at.year().saturating_sub(1)];
        let onset = |year: i16| {
            let year = rule.until.map_or(year, |until| year.min(until));
            Some(rule.day(year)?.to_datetime(start.time())).filter(|onset| *onset <= at)
        };
        Some(years.into_iter().filter_map(onset).max().map_or(start, |onset| onset.max(start)))
    }
}

impl Yearly {
    fn day(self, year: i16) -> Option<Date> {
        Date::new(year, self.month, 1).ok()?.nth_weekday_of_month(self.nth, self.weekday).ok()
    }
}

fn yearly(rule: &str) -> Option<Yearly> {
    let part = |name: &str| {
        rule.split(';').find_map(|part| part.split_once('=').filter(|(key, _)| key.eq_ignore_ascii_case(name)))
    };
    part("FREQ").filter(|(_, value)| value.eq_ignore_ascii_case("YEARLY"))?;
    let month: i8 = part("BYMONTH")?.1.parse().ok()?;
    let day = part("BYDAY")?.1;
    let at = day.len().checked_sub(2)?;
    let (nth, weekday) = (day.get(..at)?, day.get(at..)?);
    let nth: i8 = if nth.is_empty() { 1 } else { nth.parse().ok()? };
    let weekday = match weekday.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    let until = part("UNTIL").and_then(|(_, value)| value.get(..4)?.parse().ok());
    ((1..=12).contains(&month) && (1..=5).contains(&nth.unsigned_abs())).then_some(Yearly {
        month,
        nth,
        weekday,
        until,
    })
}

fn offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, text.get(1..)?),
        b'-' => (-1, text.get(1..)?),
        _ => return None,
    };
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).and_then(|two| two.parse::<i64>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4).unwrap_or(0));
    (hours < 24 && minutes < 60 && seconds < 60).then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

/// `20260105T200000`, or a day, which begins at midnight.
pub(super) fn local(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once('T').unwrap_or((text, "000000"));
    let fit = |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    if !fit(day, 8) || !fit(time, 6) {
        return None;
    }
    let two = |text: &str, at: usize| text.get(at..at + 2).and_then(|two| two.parse::<i8>().ok());
    let year: i16 = day.get(..4)?.parse().ok()?;
    let date = Date::new(year, two(day, 4)?, two(day, 6)?).ok()?;
    // A leap second is the second before.
    let second = two(time, 4)?.min(59);
    Some(date.to_datetime(jiff::civil::Time::new(two(time, 0)?, two(time, 2)?, second, 0).ok()?))
}

fn stamp(ms: i64) -> Option<Timestamp> {
    u64::try_from(ms).ok().map(Timestamp)
}

/// A zone of the database by what files call it: `Europe/Paris`, or `/some.program/20070101/Europe/Paris`.
fn known(name: &str) -> Option<TimeZone> {
    let last = || {
        let mut parts = name.rsplit('/');
        let (city, area) = (parts.next()?, parts.next()?);
        calendar::zone(&format!("{area}/{city}"))
    };
    calendar::zone(name).or_else(last)
}

/// The instant that a date-time property means; `floating`: the zone of a time that names none.
pub(super) fn instant(line: &Line, brought: &[Brought], floating: &TimeZone) -> Result<Timestamp, IcalError> {
    let value = line.value.trim();
    let not_time = || line.wrong(Wrong::NotTime);
    if let Some(utc) = value.strip_suffix('Z') {
        let at = local(utc).ok_or_else(not_time)?;
        return of_zone(line, at, &TimeZone::UTC);
    }
    let at = local(value).ok_or_else(not_time)?;
    let Some(name) = line.parameter("TZID") else { return of_zone(line, at, floating) };
    if let Some(zone) = known(name) {
        return of_zone(line, at, &zone);
    }
    let zone = brought.iter().find(|zone| zone.name == name);
    let ahead = zone.and_then(|zone| zone.offset_at(at)).ok_or_else(|| line.wrong(Wrong::NoZone))?;
    let utc = TimeZone::UTC.to_timestamp(at).map_err(|_| not_time())?;
    stamp(utc.as_millisecond().saturating_sub(ahead * 1_000)).ok_or_else(not_time)
}

fn of_zone(line: &Line, at: DateTime, zone: &TimeZone) -> Result<Timestamp, IcalError> {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        return Err(line.wrong(Wrong::Skipped));
    }
    // Of two equal hours the first (RFC 5545, 3.3.5).
    let at = ambiguous.earlier().map_err(|_| line.wrong(Wrong::NotTime))?;
    stamp(at.as_millisecond()).ok_or_else(|| line.wrong(Wrong::NotTime))
}
