//! Reading a calendar file.

use super::{
    DEPTH_MAX, EVENTS_MAX, Event, IcalError, Wrong,
    lines::{Line, lines},
    zones::{Brought, instant},
};
use crate::{
    duty::{COMPETENCES_MAX, Presence, RANK_MAX, SHIFT_MAX, is_telephone},
    time::Timestamp,
};
use jiff::tz::TimeZone;
use std::time::Duration;

/// Zones of one file.
const ZONES_MAX: usize = 16;

/// The shifts of a file; `floating`: the time zone of times that name none.
///
/// # Errors
/// The first fault, and nothing of what stands before it.
pub fn read(bytes: &[u8], floating: &TimeZone) -> Result<Vec<Event>, IcalError> {
    let lines = lines(bytes)?;
    let zones = zones(&lines)?;
    let mut open: Vec<&str> = Vec::new();
    let mut events = Vec::new();
    let mut event: Option<Draft> = None;
    for line in &lines {
        match line.name.as_str() {
            "BEGIN" => {
                if open.len() >= DEPTH_MAX {
                    return Err(line.wrong(Wrong::TooDeep));
                }
                if open.is_empty() != line.value.eq_ignore_ascii_case("VCALENDAR") {
                    return Err(line.wrong(Wrong::NotCalendar));
                }
                if is(&line.value, "VEVENT") {
                    if open.len() != 1 {
                        return Err(line.wrong(Wrong::Unbalanced));
                    }
                    event = Some(Draft::new(line.number));
                }
                open.push(&line.value);
            }
            "END" => {
                if !open.pop().is_some_and(|last| is(last, &line.value)) {
                    return Err(line.wrong(Wrong::Unbalanced));
                }
                if is(&line.value, "VEVENT")
                    && let Some(draft) = event.take()
                {
                    if events.len() >= EVENTS_MAX {
                        return Err(line.wrong(Wrong::TooMany));
                    }
                    events.push(draft.finish()?);
                }
            }
            _ if open.is_empty() => return Err(line.wrong(Wrong::NotCalendar)),
            // What lies within an event (an alarm of the program's) is the program's.
            _ if open.len() == 2 => {
                if let Some(draft) = event.as_mut() {
                    draft.take(line, &zones, floating)?;
                }
            }
            _ => {}
        }
    }
    match (open.is_empty(), lines.last()) {
        (true, Some(_)) => Ok(events),
        (_, last) => Err(IcalError { line: last.map_or(1, |line| line.number), wrong: Wrong::NotCalendar }),
    }
}

fn is(text: &str, word: &str) -> bool {
    text.eq_ignore_ascii_case(word)
}

/// Zones may stand behind the events that use them.
fn zones(lines: &[Line]) -> Result<Vec<Brought>, IcalError> {
    let (mut zones, mut zone, mut observing): (Vec<Brought>, Option<Brought>, bool) = (Vec::new(), None, false);
    for line in lines {
        match (line.name.as_str(), line.value.as_str()) {
            ("BEGIN", value) if is(value, "VTIMEZONE") => zone = Some(Brought::default()),
            ("END", value) if is(value, "VTIMEZONE") => {
                if zones.len() >= ZONES_MAX {
                    return Err(line.wrong(Wrong::TooMany));
                }
                zones.extend(zone.take());
            }
            ("BEGIN", value) if is(value, "STANDARD") || is(value, "DAYLIGHT") => {
                observing = true;
                if let Some(zone) = zone.as_mut() {
                    zone.begin_observance(line)?;
                }
            }
            ("END", value) if is(value, "STANDARD") || is(value, "DAYLIGHT") => observing = false,
            ("TZID", name) if !observing => {
                if let Some(zone) = zone.as_mut() {
                    name.clone_into(&mut zone.name);
                }
            }
            _ => {
                if let Some(zone) = zone.as_mut().filter(|_| observing) {
                    zone.observe(line)?;
                }
            }
        }
    }
    Ok(zones)
}

/// An event while it is read.
struct Draft {
    event: Event,
    has_start: bool,
    has_end: bool,
    lasts: Option<Duration>,
    is_day: bool,
    summary: String,
}

impl Draft {
    fn new(line: usize) -> Self {
        let event = Event {
            uid: String::new(),
            person: String::new(),
            start: Timestamp(0),
            end: Timestamp(0),
            presence: Presence::OnSite,
            rank: 1,
            competences: Vec::new(),
            telephone: String::new(),
            confirmed: false,
            cancelled: false,
            line,
        };
        Self { event, has_start: false, has_end: false, lasts: None, is_day: false, summary: String::new() }
    }

    fn take(&mut self, line: &Line, zones: &[Brought], floating: &TimeZone) -> Result<(), IcalError> {
        let event = &mut self.event;
        match line.name.as_str() {
            "RRULE" | "RDATE" | "RECURRENCE-ID" => return Err(line.wrong(Wrong::Repeats)),
            "UID" => event.uid = line.text(),
            "DTSTART" => {
                (event.start, self.has_start) = (instant(line, zones, floating)?, true);
                self.is_day = !line.value.contains('T');
            }
            "DTEND" => (event.end, self.has_end) = (instant(line, zones, floating)?, true),
            "DURATION" => self.lasts = Some(duration(&line.value).ok_or_else(|| line.wrong(Wrong::NotTime))?),
            "SUMMARY" => self.summary = line.text(),
            "X-CONFRERE-PERSON" => event.person = line.text(),
            "X-CONFRERE-RANK" => event.rank = line.value.parse().map_err(|_| line.wrong(Wrong::Unfit))?,
            "X-CONFRERE-COMPETENCES" => event.competences = line.list(),
            "CONTACT" => event.telephone = line.text(),
            "CATEGORIES" if line.list().iter().any(|word| is(word, Presence::AtHome.word())) => {
                event.presence = Presence::AtHome;
            }
            "STATUS" => {
                (event.confirmed, event.cancelled) = (is(&line.value, "CONFIRMED"), is(&line.value, "CANCELLED"));
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Event, IcalError> {
        let Self { mut event, has_start, has_end, lasts, is_day, summary } = self;
        let wrong = |wrong: Wrong| IcalError { line: event.line, wrong };
        if !has_end {
            let lasts = lasts.or_else(|| is_day.then_some(Duration::from_secs(86_400)));
            event.end = event.start.after(lasts.ok_or_else(|| wrong(Wrong::NoSpan))?);
        }
        if !has_start || event.start >= event.end || event.end.since(event.start) > SHIFT_MAX {
            return Err(wrong(Wrong::NoSpan));
        }
        if event.person.is_empty() {
            let name = summary.split([',', ';', '(', '\n', '–', '—']).next().unwrap_or_default();
            name.trim().clone_into(&mut event.person);
        }
        if event.person.is_empty() || !crate::fetch::is_person(&event.person) {
            return Err(wrong(Wrong::Nobody));
        }
        let codes = event.competences.iter().all(|code| (1..=16).contains(&code.len()) && code.is_ascii());
        let fit = (1..=RANK_MAX).contains(&event.rank) && codes && event.competences.len() <= COMPETENCES_MAX;
        if fit && is_telephone(&event.telephone) { Ok(event) } else { Err(wrong(Wrong::Unfit)) }
    }
}

/// `PT12H`, `P1D`, `P1W` (3.3.6).
fn duration(text: &str) -> Option<Duration> {
    let (mut seconds, mut number, mut in_time) = (0u64, String::new(), false);
    for c in text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?.chars() {
        let unit = match (c, in_time) {
            ('0'..='9', _) if number.len() < 6 => {
                number.push(c);
                continue;
            }
            ('T', false) if number.is_empty() => {
                in_time = true;
                continue;
            }
            ('W', false) => 604_800,
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    number.is_empty().then_some(Duration::from_secs(seconds))
}
