//! Hours of the day by the local clock, `19:00-06:00`: when a source may be read in bulk, or a rule holds.

use protocol::Timestamp;
use std::str::FromStr;

/// A half-open span of a day, which may go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DayHours {
    from: u16,
    to: u16,
}

impl DayHours {
    /// Whether a minute of the day lies in it; equal ends mean the whole day.
    fn contains(self, minute: u16) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }

    /// Whether it is that time now, here.
    pub(super) fn is_now(self) -> bool {
        self.is_at(crate::tasks::now())
    }

    /// Whether it was that time then, here.
    pub(crate) fn is_at(self, at: Timestamp) -> bool {
        zoned(at).is_some_and(|then| {
            let part = |number: i8| u16::try_from(number).unwrap_or(0);
            self.contains(part(then.hour()) * 60 + part(then.minute()))
        })
    }

    /// The time of day, here, as `HH:MM`.
    pub(crate) fn local(at: Timestamp) -> String {
        zoned(at).map(|then| format!("{:02}:{:02}", then.hour(), then.minute())).unwrap_or_default()
    }
}

fn zoned(at: Timestamp) -> Option<jiff::Zoned> {
    let then = jiff::Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()?;
    Some(then.to_zoned(jiff::tz::TimeZone::system()))
}

impl FromStr for DayHours {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let (from, to) = text.split_once('-').ok_or(())?;
        Ok(Self { from: minute(from).ok_or(())?, to: minute(to).ok_or(())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_goes_over_midnight() {
        let night: DayHours = "19:00-06:00".parse().unwrap();
        for (minute, is_in) in [(0, true), (359, true), (360, false), (12 * 60, false), (19 * 60, true)] {
            assert_eq!(night.contains(minute), is_in, "{minute}");
        }
        let noon: DayHours = "12:00-13:30".parse().unwrap();
        assert!(noon.contains(750) && !noon.contains(810) && !noon.contains(719));
        for wrong in ["", "19", "19:00", "24:00-06:00", "19:60-06:00", "a-b"] {
            assert!(wrong.parse::<DayHours>().is_err(), "{wrong}");
        }
    }
}
