//! Names of holes, and what they stand on.

use super::alarms::{join, named};
use crate::alarms::Level;
use protocol::{
    SiteId, Timestamp,
    agreement::{Party, WeeklyHours},
    ids::Id128,
    roster::{Calendar, Coverage, Hole, Holidays, Reader, Tier, default_targets},
};
use std::{collections::BTreeMap, time::Duration};

fn at(text: &str) -> Timestamp {
    Timestamp(u64::try_from(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()).unwrap())
}

/// Read at one site for another, by the wall of Paris.
fn coverage(name: &str) -> Coverage {
    let party = |seed| Party { site: SiteId([seed; 32]), name: format!("site {seed}") };
    let week = WeeklyHours { time_zone: "Europe/Paris".into(), spans: Vec::new() };
    Coverage {
        id: Id128([1; 16]),
        version: 1,
        name: name.to_owned(),
        beneficiaries: vec![party(1)],
        readers: vec![Reader { party: party(2), tier: Tier::Group }],
        modalities: Vec::new(),
        regions: Vec::new(),
        calendar: Calendar { week, holidays: Holidays::None, extra_days: Vec::new() },
        targets: default_targets(),
        telephone: String::new(),
        from: Timestamp(0),
        until: None,
        drafted: Timestamp(0),
    }
}

#[test]
fn a_hole_is_named_by_the_wall_of_its_coverage() {
    let coverage = coverage("Nuit commune du groupement hospitalier");
    let named = |from: &str, until: &str| {
        let name = named(&coverage, &Hole { from: at(from), until: at(until), modalities: Vec::new() });
        // No longer than an alarm's subject.
        assert!(name.chars().count() <= 64, "{name}");
        name
    };
    assert_eq!(
        named("2026-01-05T20:00:00Z", "2026-01-05T20:17:00Z"),
        "Nuit commune du groupeme 2026-01-05 21:00–21:17"
    );
    assert_eq!(
        named("2026-10-24T16:00:00Z", "2026-10-25T07:00:00Z"),
        "Nuit commune du groupeme 2026-10-24 18:00–10-25 08:00"
    );
}

#[test]
fn holes_that_are_near_are_alarms_each_and_those_further_ahead_are_one_for_their_coverage() {
    let now = at("2026-01-05T10:00:00Z");
    let (ours, other) = ("Nuit commune du groupement hospitalier", "Nuit commune du groupement voisin");
    let (ours, other) = (coverage(ours), coverage(other));
    // Ten hours in each of the next fourteen nights; and nobody in the next minutes.
    let hour = |from: u64, hours: u64| Hole {
        from: now.after(Duration::from_secs(from * 3600)),
        until: now.after(Duration::from_secs((from + hours) * 3600)),
        modalities: Vec::new(),
    };
    let mut holes = vec![hour(0, 1)];
    holes.extend((0..14).map(|night| hour(12 + night * 24, 10)));
    let mut found = BTreeMap::new();
    join(&mut found, &ours, &holes, now, |hole| named(&ours, hole));
    let wanted = [
        ("Nuit commune du groupeme 2026-01-05 11:00–12:00", (60, Level::Critical)),
        ("Nuit commune du groupeme 2026-01-05 23:00–01-06 09:00", (600, Level::Warning)),
        ("Nuit commune du groupeme 2026-01-06 23:00–01-07 09:00", (600, Level::Warning)),
        ("Nuit commune du groupeme > 48 h", (12 * 600, Level::Notice)),
    ];
    let wanted: BTreeMap<String, (u64, Level)> = wanted.map(|(name, said)| (name.to_owned(), said)).into();
    assert_eq!(found, wanted);
    // Of another whose name is cut to the same words they are counted together.
    join(&mut found, &other, &holes[4..5], now, |hole| named(&other, hole));
    assert_eq!(found["Nuit commune du groupeme > 48 h"], (13 * 600, Level::Notice));
}
