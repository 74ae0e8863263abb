//! Names of holes, and what they stand on.

use super::alarms::named;
use protocol::{
    SiteId, Timestamp,
    agreement::{Party, WeeklyHours},
    ids::Id128,
    roster::{Calendar, Coverage, Hole, Holidays, Reader, Tier, default_targets},
};

fn at(text: &str) -> Timestamp {
    Timestamp(u64::try_from(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()).unwrap())
}

#[test]
fn a_hole_is_named_by_the_wall_of_its_coverage() {
    let party = |seed| Party { site: SiteId([seed; 32]), name: format!("site {seed}") };
    let week = WeeklyHours { time_zone: "Europe/Paris".into(), spans: Vec::new() };
    let coverage = Coverage {
        id: Id128([1; 16]),
        version: 1,
        name: "Nuit commune du groupement hospitalier".into(),
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
    };
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
