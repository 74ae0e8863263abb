//! Calendar files: what is read lies within its bounds, and what is written of it is read the same.

use protocol::{
    Timestamp,
    duty::{SHIFT_MAX, Shift, ShiftState},
    ids::Id128,
    roster::ical::{self, EVENTS_MAX, Event, Written},
};

fn shift(event: &Event) -> Shift {
    let state = if event.confirmed { ShiftState::Confirmed } else { ShiftState::Planned };
    Shift {
        competences: event.competences.clone(),
        presence: event.presence,
        rank: event.rank,
        telephone: event.telephone.clone(),
        ..Shift::of(event.person.clone(), [event.start, event.end], state)
    }
}

pub(crate) fn calendar(bytes: &[u8]) {
    let zone = jiff::tz::TimeZone::UTC;
    let Ok(events) = ical::read(bytes, &zone) else { return };
    assert!(events.len() <= EVENTS_MAX);
    for event in &events {
        assert!(event.start < event.end && event.end.since(event.start) <= SHIFT_MAX && !event.person.is_empty());
        // Years that a calendar program writes; seconds are not told by the wall.
        let plain = |at: Timestamp| at.0.is_multiple_of(1_000) && at.0 < 4_102_444_800_000;
        let simple = event.competences.iter().all(|code| code.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !plain(event.start) || !plain(event.end) || !simple {
            continue;
        }
        let (id, shift) = (Id128([1; 16]), shift(event));
        let file = ical::write("fuzz", "Europe/Paris", &[Written { id: &id, stated: Timestamp(0), shift: &shift }]);
        let again = file.map(|file| ical::read(file.as_bytes(), &zone));
        let same = |told: &Event| {
            (&told.person, told.start, told.end, told.presence, told.rank, &told.telephone)
                == (&event.person, event.start, event.end, event.presence, event.rank, &event.telephone)
        };
        assert!(again.is_some_and(|read| read.is_ok_and(|read| read.len() == 1 && read.iter().all(same))), "{event:?}");
    }
}
