//! Writing a calendar file.

use crate::{
    duty::{Shift, ShiftState},
    ids::Id128,
    roster::calendar::zone,
    time::Timestamp,
};
use jiff::tz::{AmbiguousOffset, Dst, TimeZone};

/// Octets of a line before it is folded.
const FOLD: usize = 75;
/// Onsets of a time zone that are written: eight years of two.
const ONSETS_MAX: usize = 16;

/// A shift to be written.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Its name.
    pub id: &'a Id128,
    /// When it was said.
    pub stated: Timestamp,
    /// What.
    pub shift: &'a Shift,
}

/// A file of these shifts, by the wall of a time zone; `name`: of the calendar. `None`: there is no such time zone.
#[must_use]
pub fn write(name: &str, time_zone: &str, shifts: &[Written<'_>]) -> Option<String> {
    let zone = zone(time_zone)?;
    let mut file = File(String::new());
    file.line("BEGIN:VCALENDAR");
    file.line("VERSION:2.0");
    file.line("PRODID:-//Confrere//Roster//EN");
    file.line("CALSCALE:GREGORIAN");
    file.text("X-WR-CALNAME", name);
    let first = shifts.iter().map(|written| written.shift.start).min();
    let last = shifts.iter().map(|written| written.shift.end).max();
    if let Some((first, last)) = first.zip(last) {
        file.zone(&zone, time_zone, first, last);
    }
    for written in shifts {
        file.event(&zone, time_zone, written);
    }
    file.line("END:VCALENDAR");
    Some(file.0)
}

fn jiff_at(at: Timestamp) -> jiff::Timestamp {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX)
}

fn offset_text(seconds: i32) -> String {
    let (sign, all) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60);
    if rest == 0 { format!("{sign}{hours:02}{minutes:02}") } else { format!("{sign}{hours:02}{minutes:02}{rest:02}") }
}

fn utc(at: Timestamp) -> String {
    jiff_at(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

struct File(String);

impl File {
    /// Folded between characters (3.1).
    fn line(&mut self, line: &str) {
        let mut room = FOLD;
        for c in line.chars() {
            if c.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = FOLD - 1;
            }
            self.0.push(c);
            room -= c.len_utf8();
        }
        self.0.push_str("\r\n");
    }

    fn text(&mut self, name: &str, text: &str) {
        let mut said = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '\\' | ';' | ',' => said.extend(['\\', c]),
                '\n' => said.push_str("\\n"),
                c if c.is_control() => {}
                c => said.push(c),
            }
        }
        self.line(&format!("{name}:{said}"));
    }

    /// The rules of the zone over the period: what holds at its beginning, and each change within it.
    fn zone(&mut self, zone: &TimeZone, name: &str, first: Timestamp, last: Timestamp) {
        self.line("BEGIN:VTIMEZONE");
        self.line(&format!("TZID:{name}"));
        let (first, last) = (jiff_at(first), jiff_at(last));
        let before = zone.preceding(first).next().map(|change| change.timestamp());
        let later = zone.following(first).map(|change| change.timestamp()).take_while(|at| *at <= last);
        let onsets: Vec<jiff::Timestamp> = before.into_iter().chain(later).take(ONSETS_MAX).collect();
        if onsets.is_empty() {
            let offset = offset_text(zone.to_offset(first).seconds());
            self.observance("STANDARD", "19700101T000000", [&offset, &offset]);
        }
        for at in onsets {
            let before = at.checked_sub(jiff::SignedDuration::from_millis(1)).unwrap_or(at);
            let (from, info) = (zone.to_offset(before), zone.to_offset_info(at));
            let kind = if info.dst() == Dst::Yes { "DAYLIGHT" } else { "STANDARD" };
            let wall = from.to_datetime(at).strftime("%Y%m%dT%H%M%S").to_string();
            self.observance(kind, &wall, [&offset_text(from.seconds()), &offset_text(info.offset().seconds())]);
        }
        self.line("END:VTIMEZONE");
    }

    fn observance(&mut self, kind: &str, start: &str, [from, to]: [&str; 2]) {
        self.line(&format!("BEGIN:{kind}"));
        self.line(&format!("DTSTART:{start}"));
        self.line(&format!("TZOFFSETFROM:{from}"));
        self.line(&format!("TZOFFSETTO:{to}"));
        self.line(&format!("END:{kind}"));
    }

    fn time(&mut self, name: &str, zone: &TimeZone, time_zone: &str, at: Timestamp) {
        let wall = zone.to_datetime(jiff_at(at));
        let ambiguous = zone.to_ambiguous_timestamp(wall);
        let is_second = matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. })
            && ambiguous.earlier().is_ok_and(|first| first != jiff_at(at));
        if is_second {
            self.line(&format!("{name}:{}", utc(at)));
        } else {
            self.line(&format!("{name};TZID={time_zone}:{}", wall.strftime("%Y%m%dT%H%M%S")));
        }
    }

    fn event(&mut self, zone: &TimeZone, time_zone: &str, written: &Written<'_>) {
        let Written { id, stated, shift } = written;
        self.line("BEGIN:VEVENT");
        self.line(&format!("UID:{id}@confrere"));
        // A later word on it has a higher one; seconds fit into an INTEGER (3.3.8) until 2038, and stay the same then.
        self.line(&format!("SEQUENCE:{}", (stated.0 / 1_000).min(0x7fff_ffff)));
        self.line(&format!("DTSTAMP:{}", utc(*stated)));
        self.time("DTSTART", zone, time_zone, shift.start);
        self.time("DTEND", zone, time_zone, shift.end);
        self.text("SUMMARY", &format!("{} ({} {})", shift.person, shift.presence.word(), shift.rank));
        self.line(&format!("CATEGORIES:{}", shift.presence.word().to_ascii_uppercase()));
        let status = match shift.state {
            ShiftState::Planned => "TENTATIVE",
            ShiftState::Ended if shift.taken.is_none() => "CANCELLED",
            _ => "CONFIRMED",
        };
        self.line(&format!("STATUS:{status}"));
        if !shift.telephone.is_empty() {
            self.text("CONTACT", &shift.telephone);
        }
        self.text("X-CONFRERE-PERSON", &shift.person);
        self.line(&format!("X-CONFRERE-RANK:{}", shift.rank));
        if !shift.competences.is_empty() {
            self.line(&format!("X-CONFRERE-COMPETENCES:{}", shift.competences.join(",")));
        }
        self.line("END:VEVENT");
    }
}
