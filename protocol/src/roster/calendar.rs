//! When a coverage has to have somebody: hours of the week by the clock on the wall, and holidays.
//!
//! An instant is within a calendar if the clock on the wall then shows a minute that is. So on the night of 23 hours nothing is
//! asked of the hour that does not exist, and on that of 25 hours the hour that comes twice is asked for twice.

use super::{Holiday, Holidays, Spans};
use crate::{
    agreement::WeeklyHours,
    time::{Timestamp, WEEK_MINUTES},
};
use jiff::{
    ToSpan,
    civil::Date,
    tz::{TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// Spans of one week: four a day and some.
pub const WEEK_SPANS_MAX: usize = 32;
/// Days beside the law's on which it is the whole day.
pub const EXTRA_DAYS_MAX: usize = 64;
/// The longest period that is worked out at once, days: a year and a week.
pub const PERIOD_DAYS_MAX: u16 = 373;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 1_440 * MINUTE_MS;

/// When somebody has to be on duty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// The week, in its time zone. Without a span: always.
    pub week: WeeklyHours,
    /// Days on which it is the whole day.
    pub holidays: Holidays,
    /// Other such days, as days since 1970-01-01.
    pub extra_days: Vec<i32>,
}

/// A time zone by its name in the IANA database that the program carries.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    if name.len() > 64 || !name.is_ascii() {
        return None;
    }
    DATABASE.get_or_init(TimeZoneDatabase::bundled).get(name).ok()
}

/// Whether there is such a time zone.
#[must_use]
pub fn is_known_zone(name: &str) -> bool {
    zone(name).is_some()
}

/// A day by its number since 1970-01-01.
#[must_use]
pub fn date_of(day: i32) -> Option<Date> {
    Date::new(1970, 1, 1).ok()?.checked_add(day.days()).ok()
}

/// The number of a day since 1970-01-01.
#[must_use]
pub fn day_of(date: Date) -> i32 {
    let first = Date::new(1970, 1, 1).ok();
    first.and_then(|first| first.until(date).ok()).map_or(0, |span| span.get_days())
}

fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

pub(super) fn instant(ms: i64) -> Timestamp {
    Timestamp(u64::try_from(ms).unwrap_or(0))
}

/// Pieces of a period within which the clock on the wall runs evenly: from, until, and its offset, milliseconds.
fn even(zone: &TimeZone, from: i64, until: i64) -> Vec<(i64, i64, i64)> {
    let mut pieces = Vec::new();
    let mut start = from;
    while start < until {
        let Ok(at) = jiff::Timestamp::from_millisecond(start) else { break };
        let offset = i64::from(zone.to_offset(at).seconds()) * 1_000;
        let next = zone.following(at).next().map_or(i64::MAX, |change| change.timestamp().as_millisecond());
        let end = until.min(next.max(start.saturating_add(1)));
        pieces.push((start, end, offset));
        start = end;
    }
    pieces
}

impl Calendar {
    /// Whether its time zone exists and its lists are within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.week.is_sound()
            && self.week.spans.len() <= WEEK_SPANS_MAX
            && is_known_zone(&self.week.time_zone)
            && self.extra_days.len() <= EXTRA_DAYS_MAX
    }

    /// Whether it is the whole day on that day, and the holiday that it is by law.
    #[must_use]
    pub fn holiday(&self, date: Date) -> (bool, Option<Holiday>) {
        let by_law = self.holidays.on(date);
        (by_law.is_some() || self.extra_days.contains(&day_of(date)), by_law)
    }

    /// The minutes of a day as it is on the wall.
    fn of_day(&self, day: i64) -> Vec<(i64, i64)> {
        let whole = || vec![(0, 1_440)];
        let Some(date) = i32::try_from(day).ok().and_then(date_of) else { return Vec::new() };
        if self.week.spans.is_empty() || self.holiday(date).0 {
            return whole();
        }
        let base = i64::from(date.weekday().to_monday_zero_offset()) * 1_440;
        let pieces = self.week.spans.iter().flat_map(|(from, to)| {
            let (from, to, week) = (i64::from(from.0), i64::from(to.0), i64::from(WEEK_MINUTES));
            if from <= to { vec![(from, to)] } else { vec![(from, week), (0, to)] }
        });
        let of_day = pieces.map(|(from, to)| ((from - base).clamp(0, 1_440), (to - base).clamp(0, 1_440)));
        of_day.filter(|(from, to)| from < to).collect()
    }

    /// The instants of a period within the calendar; of a longer period than [`PERIOD_DAYS_MAX`] the beginning.
    #[must_use]
    pub fn within(&self, from: Timestamp, until: Timestamp) -> Spans {
        let Some(zone) = zone(&self.week.time_zone) else { return Spans::default() };
        let from = millis(from);
        let until = millis(until).min(from.saturating_add(i64::from(PERIOD_DAYS_MAX) * DAY_MS));
        let mut found = Vec::new();
        for (start, end, offset) in even(&zone, from, until) {
            let (wall_start, wall_end) = (start + offset, end + offset);
            for day in wall_start.div_euclid(DAY_MS)..=wall_end.div_euclid(DAY_MS) {
                for (first, last) in self.of_day(day) {
                    let (first, last) = (day * DAY_MS + first * MINUTE_MS, day * DAY_MS + last * MINUTE_MS);
                    found.push((instant(first.max(wall_start) - offset), instant(last.min(wall_end) - offset)));
                }
            }
        }
        found.into_iter().collect()
    }
}
