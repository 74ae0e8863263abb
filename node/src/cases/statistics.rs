//! What was asked and read, by site and night: counts, delays against what is set, why cases were refused, why they were asked.
//!
//! Of whom is not said: no name, no identifier, no question. Delays are between the wall clocks of the sites whose events they
//! lie between. A night is the time from noon to noon of this site, called by the day on which it begins.
//!
//! # At a crash
//! Nothing is kept here: it is counted anew from the cases each time it is asked for.
//!
//! # Not here
//! Who may ask: the doors. What a delay should be: [`Delays`] and [`Settings`].

use super::{book::Whole, due::Delays, record::Settings};
use jiff::{SignedDuration, Timestamp as Instant, civil::Date, tz::TimeZone};
use protocol::{
    Digest, SiteId, Timestamp,
    case::{
        event::{Event, Kind, Priority, Skip, Standing, Step},
        state::{Answer, Stage},
    },
    ids::Id128,
};
use std::{collections::BTreeMap, time::Duration};

/// Different reasons told of one kind; the rest are counted together as "".
const REASONS_MAX: usize = 100;

/// A delay, and what it should be at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delay {
    pub(crate) took: Duration,
    pub(crate) within: Duration,
}

/// One case, without its patient.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) case: Id128,
    pub(crate) night: Date,
    pub(crate) requested: Timestamp,
    pub(crate) requester: SiteId,
    pub(crate) reader: Option<SiteId>,
    pub(crate) kind: Kind,
    pub(crate) priority: Priority,
    pub(crate) modality: String,
    pub(crate) region: String,
    pub(crate) stage: Stage,
    pub(crate) answer: Option<Delay>,
    pub(crate) preliminary: Option<Delay>,
    pub(crate) last: Option<Delay>,
    pub(crate) heard: Option<Delay>,
    /// From two reports that may differ to somebody who compared them.
    pub(crate) compared: Option<Delay>,
    pub(crate) refusals: Vec<String>,
    pub(crate) skips: Vec<Skip>,
    pub(crate) justification: String,
    /// Why it ended unread, where it did: withdrawn, or taken by nobody.
    pub(crate) unread: Option<String>,
}

/// Delays of one kind, put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Together {
    pub(crate) count: usize,
    pub(crate) in_time: usize,
    pub(crate) median: Duration,
    pub(crate) longest: Duration,
}

/// Cases of one night between two sites.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) night: Date,
    pub(crate) requester: SiteId,
    pub(crate) reader: Option<SiteId>,
    pub(crate) cases: usize,
    /// From P0.
    pub(crate) by_priority: [usize; 4],
    pub(crate) cancelled: usize,
    pub(crate) unserved: usize,
    pub(crate) refused: usize,
    pub(crate) answer: Together,
    pub(crate) preliminary: Together,
    pub(crate) last: Together,
    pub(crate) heard: Together,
    pub(crate) compared: Together,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) lines: Vec<Line>,
    pub(crate) groups: Vec<Group>,
    /// Reasons of refusals, and how often; the most frequent first.
    pub(crate) refusals: Vec<(String, usize)>,
    pub(crate) justifications: Vec<(String, usize)>,
    pub(crate) skips: Vec<(Skip, usize)>,
    /// Why cases ended unread, and how often.
    pub(crate) unread: Vec<(String, usize)>,
}

/// The night in which something was, where the clocks go so.
pub(crate) fn night_of(at: Timestamp, zone: &TimeZone) -> Date {
    let at = Instant::from_millisecond(i64::try_from(at.0).unwrap_or(0)).unwrap_or_default();
    let local = at.to_zoned(zone.clone()).datetime();
    local.saturating_sub(SignedDuration::from_hours(12)).date()
}

impl Statistics {
    /// Of the cases whose night lies in the range, both ends included, newest night first.
    pub(crate) fn of<'a>(
        cases: impl IntoIterator<Item = &'a Whole>,
        (settings, delays): (&Settings, &Delays),
        zone: &TimeZone,
        (from, to): (Date, Date),
    ) -> Self {
        let within = |whole: &&Whole| (from..=to).contains(&night_of(whole.requested, zone));
        let mut lines: Vec<Line> =
            cases.into_iter().filter(within).map(|whole| line(whole, (settings, delays), zone)).collect();
        lines.sort_by(|a, b| (b.night, a.requested, a.case).cmp(&(a.night, b.requested, b.case)));
        let mut groups: BTreeMap<(Date, SiteId, Option<SiteId>), Vec<&Line>> = BTreeMap::new();
        for line in &lines {
            groups.entry((line.night, line.requester, line.reader)).or_default().push(line);
        }
        let groups = groups.into_iter().rev().map(|(of, lines)| group(of, &lines)).collect();
        let refusals = counted(lines.iter().flat_map(|line| line.refusals.iter().cloned()));
        let justifications = counted(lines.iter().map(|line| line.justification.clone()));
        let mut skips: BTreeMap<Skip, usize> = BTreeMap::new();
        lines.iter().flat_map(|line| &line.skips).for_each(|why| *skips.entry(*why).or_default() += 1);
        let unread = counted(lines.iter().filter_map(|line| line.unread.clone()));
        Self { groups, refusals, justifications, skips: skips.into_iter().collect(), unread, lines }
    }
}

fn line(whole: &Whole, (settings, delays): (&Settings, &Delays), zone: &TimeZone) -> Line {
    let (state, ask) = (&whole.state, &whole.state.ask);
    let first = |is: &dyn Fn(&Event) -> bool| whole.in_effect().find(|event| is(event)).map(|event| event.at);
    let delay = |from: Option<Timestamp>, to: Option<Timestamp>, within| {
        from.zip(to).map(|(from, to)| Delay { took: to.since(from), within })
    };
    let offered = first(&|event| matches!(event.step, Step::Offered { .. }));
    let accepted = first(&|event| matches!(event.step, Step::Accepted { .. }));
    let read = state.reports.iter().filter(|report| report.report.standing != Standing::Addendum);
    let first_read = read.clone().map(|report| report.at).min();
    let preliminary = read.clone().find(|report| report.report.standing == Standing::Preliminary).map(|one| one.at);
    let last = read.clone().find(|report| report.report.standing == Standing::Final).map(|report| report.at);
    let critical = state.reports.iter().filter(|report| report.report.critical).map(|report| report.at).min();
    let heard = first(&|event| matches!(event.step, Step::Heard { .. }));
    let comparison = state.comparisons.first();
    let both = comparison.and_then(|comparison| whole.both_since(comparison));
    let is_of = |reports: &[Digest; 2]| comparison.is_some_and(|one| reports.iter().all(|r| one.reports.contains(r)));
    let compared = first(&|event| matches!(&event.step, Step::Compared { reports, .. } if is_of(reports)));
    let refusals = state.asked.iter().filter_map(|asked| match &asked.answer {
        Answer::Refused { reason } => Some(reason.trim().to_owned()),
        _ => None,
    });
    let ended = whole.in_effect().filter_map(|event| match &event.step {
        Step::Cancelled { reason } | Step::Unserved { reason } => Some(reason.trim().to_owned()),
        _ => None,
    });
    let unread = ended.last().filter(|_| matches!(state.stage, Stage::Cancelled | Stage::Unserved));
    let reader = state.reader.or_else(|| state.reports.first().map(|report| report.site));
    let answer_within = reader.map_or_else(|| settings.answer(ask.priority), |reader| delays.answer(whole, &reader));
    Line {
        case: whole.name(),
        night: night_of(whole.requested, zone),
        requested: whole.requested,
        requester: state.requester.0,
        reader,
        kind: ask.kind,
        priority: ask.priority,
        modality: ask.modality.clone(),
        region: ask.region.clone(),
        stage: state.stage,
        answer: delay(offered, accepted, answer_within),
        preliminary: delay(Some(whole.requested), first_read, delays.preliminary(whole)),
        last: delay(preliminary, last, settings.last(ask.priority)),
        heard: delay(critical, heard, settings.hear()),
        compared: delay(both, compared, delays.preliminary(whole)),
        refusals: refusals.collect(),
        skips: state.skipped.iter().map(|skipped| skipped.why).collect(),
        justification: ask.justification.trim().to_owned(),
        unread,
    }
}

fn group((night, requester, reader): (Date, SiteId, Option<SiteId>), lines: &[&Line]) -> Group {
    let count = |is: &dyn Fn(&Line) -> bool| lines.iter().filter(|line| is(line)).count();
    let delays = |of: fn(&Line) -> Option<Delay>| put_together(lines.iter().filter_map(|line| of(line)).collect());
    Group {
        night,
        requester,
        reader,
        cases: lines.len(),
        by_priority: [Priority::P0, Priority::P1, Priority::P2, Priority::P3]
            .map(|priority| count(&|line| line.priority == priority)),
        cancelled: count(&|line| line.stage == Stage::Cancelled),
        unserved: count(&|line| line.stage == Stage::Unserved),
        refused: count(&|line| !line.refusals.is_empty()),
        answer: delays(|line| line.answer),
        preliminary: delays(|line| line.preliminary),
        last: delays(|line| line.last),
        heard: delays(|line| line.heard),
        compared: delays(|line| line.compared),
    }
}

fn put_together(mut delays: Vec<Delay>) -> Together {
    delays.sort_by_key(|delay| delay.took);
    Together {
        count: delays.len(),
        in_time: delays.iter().filter(|delay| delay.took <= delay.within).count(),
        median: delays.get(delays.len() / 2).map_or(Duration::ZERO, |delay| delay.took),
        longest: delays.last().map_or(Duration::ZERO, |delay| delay.took),
    }
}

fn counted(reasons: impl Iterator<Item = String>) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for reason in reasons.filter(|reason| !reason.is_empty()) {
        let known = counts.contains_key(&reason) || counts.len() < REASONS_MAX;
        *counts.entry(if known { reason } else { String::new() }).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: &str = "Europe/Paris";

    fn delay(took_s: u64) -> Delay {
        Delay { took: Duration::from_secs(took_s), within: Duration::from_secs(900) }
    }

    #[test]
    fn a_night_is_called_by_the_day_on_which_it_begins() {
        let zone = TimeZone::get(ZONE).unwrap();
        let at = |text: &str| Timestamp(u64::try_from(text.parse::<Instant>().unwrap().as_millisecond()).unwrap());
        let night = |text: &str| night_of(at(text), &zone).to_string();
        assert_eq!(night("2026-11-29T20:00:00Z"), "2026-11-29");
        assert_eq!(night("2026-11-30T01:20:00Z"), "2026-11-29", "02:20 in Paris");
        assert_eq!(night("2026-11-30T10:59:59Z"), "2026-11-29");
        assert_eq!(night("2026-11-30T11:00:00Z"), "2026-11-30", "noon in Paris");
        // The night in which the clocks go back has 25 hours, and is one.
        assert_eq!(
            (night("2026-10-24T10:00:00Z"), night("2026-10-25T10:59:59Z")),
            ("2026-10-24".into(), "2026-10-24".into())
        );
    }

    #[test]
    fn delays_are_counted_with_those_in_time() {
        let all = put_together(vec![delay(1_000), delay(100), delay(900)]);
        assert_eq!((all.count, all.in_time), (3, 2));
        assert_eq!((all.median, all.longest), (Duration::from_secs(900), Duration::from_secs(1_000)));
        assert_eq!(put_together(Vec::new()), Together::default());
    }

    #[test]
    fn reasons_are_bounded_and_the_most_frequent_come_first() {
        let said = counted(["b", "a", "b", ""].into_iter().map(str::to_owned));
        assert_eq!(said, [("b".to_owned(), 2), ("a".to_owned(), 1)]);
        let many = counted((0..500).map(|n| n.to_string()));
        assert_eq!((many.len(), many.iter().map(|(_, n)| n).sum::<usize>()), (REASONS_MAX + 1, 500));
    }
}
