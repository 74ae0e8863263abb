//! Nights of 23 and 25 hours, holidays, holes, ladders, and calendar files.

use super::*;
use crate::{
    agreement::{Party, WeeklyHours},
    countersigned::Text,
    duty::{Licence, Presence, Relief, Relieves, ShiftState, Taken, Trial},
    time::{Timestamp, WeekMinute},
};
use jiff::civil::date;
use proptest::prelude::*;

const HOUR: u64 = 3_600_000;

fn at(text: &str) -> Timestamp {
    Timestamp(u64::try_from(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()).unwrap())
}
fn site(seed: u8) -> SiteId {
    SiteId([seed; 32])
}
fn party(seed: u8) -> Party {
    Party { site: site(seed), name: format!("site {seed}") }
}

/// Every night from 18:00 to 08:00, and the whole of holidays.
fn nights(time_zone: &str) -> Calendar {
    let minute = |day: u16, hour: u16| WeekMinute((day % 7) * 1_440 + hour * 60);
    let spans = (0..7).map(|day| (minute(day, 18), minute(day + 1, 8))).collect();
    let week = WeeklyHours { time_zone: time_zone.to_owned(), spans };
    Calendar { week, holidays: Holidays::France, extra_days: Vec::new() }
}

fn coverage() -> Coverage {
    Coverage {
        id: Id128([7; 16]),
        version: 1,
        name: "Nuit commune".into(),
        beneficiaries: vec![party(1), party(2)],
        readers: vec![Reader { party: party(2), tier: Tier::Group }, Reader { party: party(3), tier: Tier::Company }],
        modalities: vec!["CT".into(), "MR".into()],
        regions: Vec::new(),
        calendar: nights("Europe/Paris"),
        targets: default_targets(),
        telephone: "+33 1 00 00 00 00".into(),
        from: Timestamp(0),
        until: None,
        drafted: Timestamp(0),
    }
}

fn shift(start: Timestamp, end: Timestamp) -> Shift {
    Shift {
        person: "martin".into(),
        role: "radiologist".into(),
        competences: Vec::new(),
        start,
        end,
        state: ShiftState::Confirmed,
        coverage: Some(Id128([7; 16])),
        presence: Presence::OnSite,
        rank: 1,
        telephone: String::new(),
        licences: vec![Licence { modalities: Vec::new(), from: None, until: None }],
        taken: None,
        silent: None,
        relief: None,
        relieves: None,
    }
}

fn stated(who: u8, id: u8, shift: Shift) -> Stated {
    Stated { site: site(who), id: Id128([id; 16]), shift }
}

#[test]
fn easter_and_what_follows_it_are_those_of_the_almanac() {
    for (year, month, day) in [(1961, 4, 2), (2008, 3, 23), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2038, 4, 25)] {
        assert_eq!(easter(year), Some(date(year, month, day)));
    }
    let named = |holidays: Holidays, year: i16| {
        let days = (1..=366).filter_map(|day| date(year, 1, 1).with().day_of_year(day).build().ok());
        days.filter_map(|day| holidays.on(day).map(|holiday| (day, holiday))).collect::<Vec<_>>()
    };
    let france = named(Holidays::France, 2026);
    assert_eq!(france.len(), 11);
    for (day, holiday) in [
        (date(2026, 4, 6), Holiday::EasterMonday),
        (date(2026, 5, 14), Holiday::Ascension),
        (date(2026, 5, 25), Holiday::WhitMonday),
        (date(2026, 11, 11), Holiday::Armistice),
    ] {
        assert!(france.contains(&(day, holiday)), "{day}");
    }
    let alsace = named(Holidays::AlsaceMoselle, 2026);
    assert_eq!(alsace.len(), 13);
    assert!(alsace.contains(&(date(2026, 4, 3), Holiday::GoodFriday)));
    // Ascension on 8 May, which is a holiday already, in 1997, 2024's is the 9th.
    assert_eq!(named(Holidays::France, 1997).len(), 10);
    assert!(named(Holidays::None, 2026).is_empty());
}

#[test]
fn the_nights_of_the_clock_change_have_thirteen_and_fifteen_hours() {
    let hours = |from: &str, until: &str| nights("Europe/Paris").within(at(from), at(until)).length_ms() / HOUR;
    assert_eq!(hours("2026-01-05T12:00:00Z", "2026-01-06T12:00:00Z"), 14);
    // 29 March 2026, and 25 October 2026.
    let spring = nights("Europe/Paris").within(at("2026-03-28T12:00:00Z"), at("2026-03-29T12:00:00Z"));
    assert_eq!(spring.as_slice(), [(at("2026-03-28T17:00:00Z"), at("2026-03-29T06:00:00Z"))]);
    let autumn = nights("Europe/Paris").within(at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z"));
    assert_eq!(autumn.as_slice(), [(at("2026-10-24T16:00:00Z"), at("2026-10-25T07:00:00Z"))]);
    // 14 July, a Tuesday: from Monday 18:00 until Wednesday 08:00.
    assert_eq!(hours("2026-07-13T12:00:00Z", "2026-07-15T10:00:00Z"), 38);
}

#[test]
fn an_hour_that_comes_twice_is_asked_for_twice_and_one_that_does_not_come_not_at_all() {
    let minutes = |from: u16, to: u16, day: u16| {
        let minute = |of_day: u16| WeekMinute(day * 1_440 + of_day);
        let week = WeeklyHours { time_zone: "Europe/Paris".into(), spans: vec![(minute(from), minute(to))] };
        Calendar { week, holidays: Holidays::None, extra_days: Vec::new() }
    };
    let night = |calendar: Calendar, from: &str| calendar.within(at(from), at(from).after(TAKE_BEFORE * 12));
    // Sunday 02:00–03:00 by the wall.
    assert_eq!(night(minutes(120, 180, 6), "2026-10-24T22:00:00Z").length_ms(), 2 * HOUR);
    assert!(night(minutes(120, 180, 6), "2026-03-28T23:00:00Z").is_empty());
    // Half of the hour: each of its halves, apart.
    assert_eq!(night(minutes(150, 180, 6), "2026-10-24T22:00:00Z").as_slice().len(), 2);
}

fn spans(seeds: &[(u16, u16)]) -> Spans {
    seeds
        .iter()
        .map(|(from, len)| (Timestamp(u64::from(*from)), Timestamp(u64::from(*from) + u64::from(*len))))
        .collect()
}

proptest! {
    #[test]
    fn sets_of_spans_are_sets(a in prop::collection::vec((0u16..300, 0u16..40), 0..12), b in prop::collection::vec((0u16..300, 0u16..40), 0..12)) {
        let (left, right) = (spans(&a), spans(&b));
        let within = |seeds: &[(u16, u16)], t: u16| seeds.iter().any(|(from, len)| (*from..from + len).contains(&t));
        let (both, rest) = (left.and(&right), left.without(&right));
        let mut length = 0;
        for t in 0..360u16 {
            let instant = Timestamp(u64::from(t));
            let (in_a, in_b) = (within(&a, t), within(&b, t));
            prop_assert_eq!(left.contains(instant), in_a);
            prop_assert_eq!(both.contains(instant), in_a && in_b);
            prop_assert_eq!(rest.contains(instant), in_a && !in_b);
            length += u64::from(in_a);
        }
        prop_assert_eq!(left.length_ms(), length);
        prop_assert_eq!(both.length_ms() + rest.length_ms(), length, "nothing is lost, nothing counted twice");
    }

    /// Any calendar, any days of a year, some zones with their own ideas: the minutes asked for are those that the wall shows.
    #[test]
    fn a_calendar_asks_for_the_minutes_that_the_wall_shows(
        spans in prop::collection::vec((0u16..10_080, 0u16..10_080), 1..5),
        day in 0u64..730,
        which in 0usize..5,
    ) {
        let zones = ["Europe/Paris", "UTC", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"];
        let spans = spans.into_iter().map(|(from, to)| (WeekMinute(from), WeekMinute(to))).collect();
        let week = WeeklyHours { time_zone: zones[which].to_owned(), spans };
        let calendar = Calendar { week: week.clone(), holidays: Holidays::AlsaceMoselle, extra_days: vec![20_500] };
        let from = Timestamp(at("2026-01-01T00:00:00Z").0 + day * 24 * HOUR);
        let found = calendar.within(from, Timestamp(from.0 + 48 * HOUR));
        let zone = zone(zones[which]).unwrap();
        let mut asked = 0;
        for minute in 0..48 * 60u64 {
            let instant = Timestamp(from.0 + minute * 60_000);
            let wall = zone.to_datetime(jiff::Timestamp::from_millisecond(i64::try_from(instant.0).unwrap()).unwrap());
            let of_week = wall.weekday().to_monday_zero_offset() as u16 * 1_440 + wall.hour() as u16 * 60 + wall.minute() as u16;
            let wanted = week.contains(WeekMinute(of_week)) || calendar.holiday(wall.date()).0;
            prop_assert_eq!(found.contains(instant), wanted, "{} {}", wall, zones[which]);
            asked += u64::from(wanted);
        }
        prop_assert_eq!(found.length_ms(), asked * 60_000);
        // Whoever asks day by day asks for the same.
        let halves = [0u64, 17].map(|hour| from.0 + hour * HOUR);
        let apart = calendar.within(from, Timestamp(halves[1])).length_ms() + calendar.within(Timestamp(halves[1]), Timestamp(from.0 + 48 * HOUR)).length_ms();
        prop_assert_eq!(apart, found.length_ms());
    }

    /// What sites stated, in any order and told more than once, comes to the same holes; and those are the minutes that
    /// nobody who may read it has.
    #[test]
    fn any_order_of_words_gives_the_same_holes(
        words in prop::collection::vec((1u8..5, 0u8..4, 1u64..6, 0u64..40, 1u64..20, 0usize..5, 0u8..4), 0..24),
        order in Just(()).prop_perturb(|(), mut random| random.next_u64()),
    ) {
        let from = at("2026-10-24T00:00:00Z");
        let duty = |(who, id, serial, start, hours, state, papers): (u8, u8, u64, u64, u64, usize, u8)| {
            let modality = |bit: u8, code: &str| (papers & bit != 0).then(|| code.to_owned());
            let modalities: Vec<String> = [modality(1, "CT"), modality(2, "MR")].into_iter().flatten().collect();
            let licences = if papers == 0 { Vec::new() } else { vec![Licence { modalities, from: None, until: None }] };
            let begin = Timestamp(from.0 + start * HOUR);
            let what = Shift {
                state: ShiftState::ALL[state].0, licences, ..shift(begin, Timestamp(begin.0 + hours * HOUR))
            };
            (site(who), Duty { id: Id128([id; 16]), serial, at: from, what: What::Shift(what) })
        };
        let facts: Vec<(SiteId, Duty)> = words.into_iter().map(duty).collect();
        let mut shuffled: Vec<(SiteId, Duty)> = facts.iter().chain(&facts).cloned().collect();
        let mut seed = order | 1;
        for last in (1..shuffled.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(last, usize::try_from(seed >> 33).unwrap() % (last + 1));
        }
        let all = |facts: &[(SiteId, Duty)]| newest(facts.iter().map(|(site, duty)| (*site, duty)));
        let (known, other) = (all(&facts), all(&shuffled));
        let until = Timestamp(from.0 + 72 * HOUR);
        let found = holes(&coverage(), &known, from, until);
        prop_assert_eq!(&found, &holes(&coverage(), &other, from, until));
        let asked = coverage().calendar.within(from, until);
        for minute in (0..72 * 60u64).step_by(15) {
            let instant = Timestamp(from.0 + minute * 60_000);
            for modality in ["CT", "MR"] {
                let is_there = known.iter().any(|one| {
                    [site(2), site(3)].contains(&one.site) && one.shift.state.counts() && one.shift.is_time(instant)
                        && one.shift.licences.iter().any(|paper| paper.is_for(modality))
                });
                let hole = found.iter().filter(|hole| hole.from <= instant && instant < hole.until && hole.modalities.contains(&modality.to_owned()));
                prop_assert_eq!(hole.count(), usize::from(asked.contains(instant) && !is_there));
            }
        }
    }
}

#[test]
fn a_hole_has_its_exact_minutes_and_says_what_is_missing() {
    let night = |id: u8, from: &str, until: &str, modalities: &[&str]| {
        let modalities = modalities.iter().map(|&code| code.to_owned()).collect();
        let licences = vec![Licence { modalities, from: None, until: Some(at("2026-10-25T03:00:00Z")) }];
        stated(2, id, Shift { licences, ..shift(at(from), at(until)) })
    };
    let shifts = [
        night(1, "2026-10-24T16:00:00Z", "2026-10-25T00:17:00Z", &["CT", "MR"]),
        night(2, "2026-10-25T00:17:00Z", "2026-10-25T07:00:00Z", &["CT"]),
    ];
    let found = holes(&coverage(), &shifts, at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z"));
    let hole = |from: &str, until: &str, modalities: &[&str]| Hole {
        from: at(from),
        until: at(until),
        modalities: modalities.iter().map(|&code| code.to_owned()).collect(),
    };
    // The paper ends in the night.
    let wanted = [
        hole("2026-10-25T00:17:00Z", "2026-10-25T03:00:00Z", &["MR"]),
        hole("2026-10-25T03:00:00Z", "2026-10-25T07:00:00Z", &["CT", "MR"]),
    ];
    assert_eq!(found, wanted);
    // A site that does not read under it fills nothing.
    let stranger = stated(1, 3, shift(at("2026-10-24T16:00:00Z"), at("2026-10-25T07:00:00Z")));
    assert_eq!(holes(&coverage(), &[stranger], at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z")).len(), 1);
}

#[test]
fn a_coverage_says_who_it_is_between_and_is_signed_by_all() {
    let sound = |change: fn(&mut Coverage)| {
        let mut text = coverage();
        change(&mut text);
        text.is_sound()
    };
    assert!(sound(|_| {}));
    assert_eq!(coverage().between(), [site(1), site(2), site(3)]);
    assert!(!sound(|text| text.name = "a\u{202e}b".into()));
    assert!(!sound(|text| text.beneficiaries.clear()));
    assert!(!sound(|text| text.readers.push(Reader { party: party(3), tier: Tier::Own })));
    assert!(!sound(|text| text.calendar.week.time_zone = "Mars/Olympus".into()));
    assert!(!sound(|text| text.targets[0].report = 1));
    assert!(!sound(|text| text.targets[1].acknowledge = 1), "what is less urgent has no shorter delay");
    assert!(!sound(|text| text.telephone = "DROP TABLE".into()));
    assert!(!sound(|text| text.until = Some(text.from)));

    let key = |seed: u8| ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let of = |seed: u8| Party { site: SiteId(key(seed).verifying_key().to_bytes()), name: format!("site {seed}") };
    let text = Coverage {
        beneficiaries: vec![of(1)],
        readers: vec![Reader { party: of(2), tier: Tier::Group }, Reader { party: of(3), tier: Tier::Region }],
        ..coverage()
    };
    let mut signed = SignedCoverage::draft(&key(1), &text);
    assert_eq!(signed.open().unwrap().1.len(), 1);
    let (mut second, mut third) = (signed.clone(), signed.clone());
    second.sign(&key(2));
    third.sign(&key(3));
    assert!(signed.open_countersigned().is_err());
    assert!(signed.join(&second) && signed.join(&third) && !signed.join(&third));
    assert_eq!(signed.open_countersigned().unwrap(), text);
    signed.sign(&key(4));
    assert!(signed.open().is_err(), "a stranger's signature");
}

#[test]
fn coverages_stay_readable() {
    use crate::{message::Request, signed::Signed, vectors::check};
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let mut text = coverage();
    text.beneficiaries[0].site = SiteId(key.verifying_key().to_bytes());
    check("coverage", &text);
    let end = CoverageEnd { coverage: text.id, at: Timestamp(5) };
    check("coverage-end", &end);
    check("control-coverage", &Request::Coverage(SignedCoverage::draft(&key, &text)));
    check("control-coverage-end", &Request::CoverageEnd(Signed::seal(&key, &end)));
}

#[test]
fn who_is_asked_first_and_why_the_others_are_not() {
    let (from, until) = (at("2026-01-05T17:00:00Z"), at("2026-01-06T07:00:00Z"));
    let now = at("2026-01-05T22:00:00Z");
    let mut own = shift(from, until);
    (own.coverage, own.presence, own.silent) = (None, Presence::AtHome, Some(now));
    let unlicensed = Shift { licences: Vec::new(), rank: 1, ..shift(from, until) };
    let expired = Shift {
        licences: vec![Licence { modalities: vec!["CT".into()], from: None, until: Some(from) }],
        rank: 2,
        ..shift(from, until)
    };
    let other = Shift { competences: vec!["MR".into()], rank: 3, ..shift(from, until) };
    let planned = Shift { state: ShiftState::Planned, rank: 4, ..shift(from, until) };
    let ready = Shift { rank: 5, ..shift(from, until) };
    let shifts = [
        stated(1, 9, own),
        stated(2, 1, unlicensed),
        stated(2, 2, expired),
        stated(2, 3, other),
        stated(2, 4, planned),
        stated(2, 5, ready),
    ];
    let modalities = ["CT".to_owned(), "SR".to_owned()];
    let wanted = Wanted {
        site: &site(1),
        modalities: &modalities,
        regions: &[],
        at: now,
        refused: &[],
        refused_by: &[],
        unreached: &[],
    };
    let told = |wanted: &Wanted<'_>, shifts: &[Stated]| -> Vec<(Tier, Option<Skip>)> {
        who(wanted, &[coverage()], shifts).into_iter().map(|rung| (rung.tier, rung.skip)).collect()
    };
    let ladder = [
        (Tier::Own, Some(Skip::Silent)),
        (Tier::Group, Some(Skip::NoCredential)),
        (Tier::Group, Some(Skip::CredentialExpired)),
        (Tier::Group, Some(Skip::OtherCompetence)),
        (Tier::Group, Some(Skip::NotConfirmed)),
        (Tier::Group, None),
        (Tier::Company, Some(Skip::NotOnDuty)),
    ];
    assert_eq!(told(&wanted, &shifts), ladder);
    let mut reversed = shifts.to_vec();
    reversed.reverse();
    assert_eq!(told(&wanted, &reversed), ladder, "whatever the order in which it was heard");
    let refused = told(&Wanted { refused: &[site(2)], ..wanted }, &shifts);
    assert!(refused[1..6].iter().all(|(_, skip)| *skip == Some(Skip::Refused)), "{refused:?}");
    let away = told(&Wanted { unreached: &[site(2)], ..wanted }, &shifts);
    assert_eq!(away[5], (Tier::Group, Some(Skip::Unreached)));
    let ultrasound = ["US".to_owned()];
    let outside = told(&Wanted { modalities: &ultrasound, ..wanted }, &shifts);
    assert_eq!(outside[1..], [(Tier::Group, Some(Skip::OutsideScope)), (Tier::Company, Some(Skip::OutsideScope))]);
    assert!(told(&Wanted { site: &site(9), ..wanted }, &shifts).is_empty(), "nobody reads for a stranger");
}

#[test]
fn a_shift_goes_its_course_and_no_other() {
    let (from, until) = (at("2026-01-05T17:00:00Z"), at("2026-01-06T07:00:00Z"));
    let planned = Shift { state: ShiftState::Planned, ..shift(from, until) };
    let taken = Step::Take(Taken {
        at: from,
        sound: Trial::Worked,
        notifications: Trial::Worked,
        link: Trial::Worked,
        answered: 2,
        unanswered: 0,
    });
    assert_eq!(planned.step(taken, from), Err(StepError::State));
    let confirmed = planned.step(Step::Confirm, Timestamp(0)).unwrap();
    assert_eq!(confirmed.step(taken, at("2026-01-05T14:00:00Z")), Err(StepError::Time));
    let active = confirmed.step(taken, at("2026-01-05T16:30:00Z")).unwrap();
    assert_eq!(active.state, ShiftState::Active);
    let now = at("2026-01-06T02:00:00Z");
    assert_eq!(active.step(Step::HandOver(now), now), Err(StepError::State), "to whom?");
    let (us, them) = ((site(2), Id128([1; 16])), (site(3), Id128([2; 16])));
    let offered = active.step(Step::Offer(Relief { site: them.0, shift: them.1, at: now, cases: 3 }), now).unwrap();
    let next = shift(now, until);
    assert!(!offered.is_relieved_by(&them.0, &them.1, &next, (&us.0, &us.1)));
    let relieves = Relieves { site: us.0, shift: us.1, at: now };
    let next = next.step(Step::Relieve(relieves), now).unwrap();
    assert!(offered.is_relieved_by(&them.0, &them.1, &next, (&us.0, &us.1)));
    let over = offered.step(Step::HandOver(now), now).unwrap();
    assert_eq!((over.state, over.end), (ShiftState::HandedOver, now));
    assert_eq!(over.step(Step::End(now), now), Err(StepError::State));
}

fn files() -> (Vec<Shift>, String) {
    // Into the second of the two hours from 02:00 to 03:00, over the change in spring, and a name that needs escapes.
    let mut odd = shift(at("2026-10-24T16:00:00Z"), at("2026-10-25T01:30:00Z"));
    (odd.person, odd.telephone) = ("d'été, l; a\\b".into(), "+33 (0)1 00-00".into());
    let second = Shift {
        presence: Presence::AtHome,
        rank: 2,
        state: ShiftState::Planned,
        competences: vec!["CT".into(), "MR".into()],
        ..shift(at("2026-10-25T01:30:00Z"), at("2026-10-25T07:00:00Z"))
    };
    let shifts = vec![odd, second, shift(at("2026-03-28T17:00:00Z"), at("2026-03-29T06:00:00Z"))];
    let ids = [Id128([1; 16]), Id128([2; 16]), Id128([3; 16])];
    let written: Vec<_> =
        shifts.iter().zip(&ids).map(|(shift, id)| ical::Written { id, stated: Timestamp(0), shift }).collect();
    let file = ical::write("Nuit commune – été", "Europe/Paris", &written).unwrap();
    (shifts, file)
}

#[test]
fn a_roster_comes_back_from_its_file_over_the_changes_of_the_clock() {
    let (shifts, file) = files();
    assert!(file.lines().all(|line| line.len() <= 75) && file.contains("\r\n") && file.contains("BEGIN:DAYLIGHT"));
    assert!(file.contains("DTEND:20261025T013000Z"), "the second of two equal hours is told in UTC: {file}");
    assert!(file.contains("DTSTART;TZID=Europe/Paris:20260328T180000"));
    let read = ical::read(file.as_bytes(), &jiff::tz::TimeZone::UTC).unwrap();
    let told = |shift: &Shift| {
        let Shift { person, start, end, presence, rank, competences, telephone, .. } = shift.clone();
        (person, start, end, presence, rank, competences, telephone)
    };
    let heard = read.iter().map(|e| {
        let ical::Event { person, start, end, presence, rank, competences, telephone, .. } = e.clone();
        (person, start, end, presence, rank, competences, telephone)
    });
    assert_eq!(heard.collect::<Vec<_>>(), shifts.iter().map(told).collect::<Vec<_>>());
    assert_eq!(read.iter().map(|e| e.confirmed).collect::<Vec<_>>(), [true, false, true]);
}

const OUTLOOK: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Martin (garde)\r\n\
    DTSTART;TZID=\"Romance Standard Time\":20261024T180000\r\nDURATION:PT15H\r\nEND:VEVENT\r\nBEGIN:VTIMEZONE\r\n\
    TZID:Romance Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n\
    RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\n\
    TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n\
    END:VCALENDAR\r\n";

#[test]
fn a_file_of_another_program_is_read_by_the_zone_that_it_brings() {
    let read = ical::read(OUTLOOK.as_bytes(), &jiff::tz::TimeZone::UTC).unwrap();
    assert_eq!((read[0].start, read[0].end), (at("2026-10-24T16:00:00Z"), at("2026-10-25T07:00:00Z")));
    assert_eq!((read[0].person.as_str(), read[0].confirmed), ("Martin", false));
    let zone = zone("Europe/Paris").unwrap();
    let floating = OUTLOOK.replace(";TZID=\"Romance Standard Time\"", "");
    assert_eq!(ical::read(floating.as_bytes(), &zone).unwrap()[0].start, at("2026-10-24T16:00:00Z"));
}

#[test]
fn hostile_files_are_refused_with_the_line_and_the_reason() {
    use ical::Wrong;
    let event = |inside: &str| {
        format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\n{inside}END:VEVENT\r\nEND:VCALENDAR\r\n")
    };
    let fit = "DTSTART:20260105T200000Z\r\nDTEND:20260106T070000Z\r\n";
    let deep = format!("BEGIN:VCALENDAR\r\n{}", "BEGIN:VALARM\r\n".repeat(100_000 / 16));
    let many = format!(
        "BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n",
        format!("BEGIN:VEVENT\r\nSUMMARY:x\r\n{fit}END:VEVENT\r\n").repeat(1_101)
    );
    let cases: Vec<(String, usize, Wrong)> = vec![
        (String::new(), 1, Wrong::NotCalendar),
        ("<html>\r\n".into(), 1, Wrong::NotLine),
        ("BEGIN:VCARD\r\nEND:VCARD\r\n".into(), 1, Wrong::NotCalendar),
        ("BEGIN:VCALENDAR\r\n".into(), 1, Wrong::NotCalendar),
        ("BEGIN:VCALENDAR\r\nX:\0\r\n".to_owned(), 2, Wrong::NotText),
        (deep, 5, Wrong::TooDeep),
        (many, 5_506, Wrong::TooMany),
        (event(&format!("{fit}RRULE:FREQ=DAILY;COUNT=999999999\r\n")), 6, Wrong::Repeats),
        (event("DTSTART:20260105T200000Z\r\n"), 2, Wrong::NoSpan),
        (event("DTSTART:20260105T200000Z\r\nDTEND:20260105T200000Z\r\n"), 2, Wrong::NoSpan),
        (event("DTSTART:20260105T200000Z\r\nDURATION:P9W\r\n"), 2, Wrong::NoSpan),
        (event("DTSTART:99999999T999999Z\r\n"), 4, Wrong::NotTime),
        (event("DTSTART;TZID=Mars/Olympus:20260105T200000\r\n"), 4, Wrong::NoZone),
        (event("DTSTART;TZID=Europe/Paris:20260329T023000\r\n"), 4, Wrong::Skipped),
        (event(&format!("{fit}X-CONFRERE-RANK:0\r\n")), 2, Wrong::Unfit),
        (event(&format!("{fit}X-CONFRERE-PERSON:a\\nb\r\n")), 2, Wrong::Nobody),
        (event("BEGIN:VEVENT\r\n"), 4, Wrong::Unbalanced),
        (format!("BEGIN:VCALENDAR\r\nX:{}\r\n", "a".repeat(5_000)), 2, Wrong::LongLine),
        ("X".repeat(ical::BYTES_MAX + 1), 1, Wrong::TooLarge),
    ];
    for (file, line, wrong) in cases {
        let said = ical::read(file.as_bytes(), &jiff::tz::TimeZone::UTC).unwrap_err();
        let head: String = file.chars().take(120).collect();
        assert_eq!((said.line, said.wrong), (line, wrong), "{head}");
    }
    assert_eq!(ical::read(&[0xff, 0xfe], &jiff::tz::TimeZone::UTC).unwrap_err().wrong, Wrong::NotText);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_fall(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0usize..600, flip in any::<u8>()) {
        let _ = ical::read(&bytes, &jiff::tz::TimeZone::UTC);
        let mut file = OUTLOOK.as_bytes().to_vec();
        let at = cut % file.len();
        file[at] = flip;
        let _ = ical::read(&file, &jiff::tz::TimeZone::UTC);
        file.truncate(at);
        let _ = ical::read(&file, &jiff::tz::TimeZone::UTC);
    }
}
