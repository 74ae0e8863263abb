//! Weekly hours in their own time zone: which minute of the week it is there, and when the present span ends.
//!
//! Wall-clock time decides: "18:00 to 08:00" stays that on the nights when the clocks change.

use jiff::{ToSpan, civil::Weekday, tz::TimeZone};
use protocol::{
    Timestamp,
    agreement::WeeklyHours,
    time::{WEEK_MINUTES, WeekMinute},
};
use std::time::Duration;

const DAY_MINUTES: u16 = 24 * 60;

fn zoned(now: Timestamp, zone: &str) -> Option<jiff::Zoned> {
    let at = jiff::Timestamp::from_millisecond(i64::try_from(now.0).ok()?).ok()?;
    Some(at.to_zoned(TimeZone::get(zone).ok()?))
}

fn minute_of(at: &jiff::Zoned) -> WeekMinute {
    let part = |n: i8| u16::try_from(n).unwrap_or(0);
    let day = part(at.weekday().since(Weekday::Monday));
    WeekMinute(day * DAY_MINUTES + part(at.hour()) * 60 + part(at.minute()))
}

/// The minute of the week in a time zone; `None` when the zone is not known here.
pub(super) fn week_minute(now: Timestamp, zone: &str) -> Option<WeekMinute> {
    zoned(now, zone).map(|at| minute_of(&at))
}

/// Whether the time zone is known here.
pub(super) fn is_known_zone(zone: &str) -> bool {
    zone.len() <= 64 && TimeZone::get(zone).is_ok()
}

/// When the hours that contain `now` end; `None` when they never do. Spans that meet count as one.
pub(super) fn end_of_span(hours: &WeeklyHours, now: Timestamp) -> Option<Timestamp> {
    let at = zoned(now, &hours.time_zone)?;
    let minute = minute_of(&at);
    let left = (0..WEEK_MINUTES).find(|ahead| !hours.contains(WeekMinute((minute.0 + ahead) % WEEK_MINUTES)))?;
    let start = at.datetime().with().second(0).subsec_nanosecond(0).build().ok()?;
    let end = start.checked_add(i64::from(left).minutes()).ok()?.to_zoned(at.time_zone().clone()).ok()?;
    let end = Timestamp(u64::try_from(end.timestamp().as_millisecond()).unwrap_or(0));
    // In the hour that the clocks repeat, the wall-clock end may lie behind: look again in a minute.
    Some(end.max(now.after(Duration::from_secs(60))).min(now.after(Duration::from_secs(8 * 24 * 3600))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(u64::try_from(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()).unwrap())
    }
    fn nights() -> WeeklyHours {
        let day = |d: u16, h: u16| WeekMinute(d * DAY_MINUTES + h * 60);
        let spans = (0..7).map(|d| (day(d, 18), day((d + 1) % 7, 8))).collect();
        WeeklyHours { time_zone: "Europe/Paris".to_owned(), spans }
    }

    #[test]
    fn the_minute_of_the_week_is_that_of_the_zone() {
        // Sunday 23:30 in Paris (UTC+1 in winter) is Sunday 22:30 UTC.
        assert_eq!(week_minute(at("2026-01-04T22:30:00Z"), "Europe/Paris"), Some(WeekMinute(6 * 1440 + 23 * 60 + 30)));
        assert_eq!(week_minute(at("2026-01-04T23:30:00Z"), "Europe/Paris"), Some(WeekMinute(30)));
        assert_eq!(week_minute(at("2026-01-04T23:30:00Z"), "Mars/Olympus"), None);
    }

    #[test]
    fn a_night_ends_at_eight_by_the_wall_clock_also_when_the_clocks_change() {
        assert_eq!(end_of_span(&nights(), at("2026-01-05T20:00:00Z")), Some(at("2026-01-06T07:00:00Z")));
        // 29 March 2026: 02:00 becomes 03:00. 08:00 is then 06:00 UTC.
        assert_eq!(end_of_span(&nights(), at("2026-03-28T22:00:00Z")), Some(at("2026-03-29T06:00:00Z")));
        // 25 October 2026: 03:00 becomes 02:00. 08:00 is 07:00 UTC.
        assert_eq!(end_of_span(&nights(), at("2026-10-24T22:00:00Z")), Some(at("2026-10-25T07:00:00Z")));
    }

    #[test]
    fn hours_without_a_gap_never_end() {
        let hours = WeeklyHours { time_zone: "UTC".to_owned(), spans: vec![(WeekMinute(0), WeekMinute(WEEK_MINUTES))] };
        assert_eq!(end_of_span(&hours, at("2026-01-05T20:00:00Z")), None);
    }
}
