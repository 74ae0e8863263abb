//! What is wrong with rosters, said to the alarms: holes, silent screens, cases whose owner has gone home.

use super::{Roster, RosterError};
use crate::{
    alarms::{Call, Callee, Kind, Level},
    tasks,
};
use protocol::{
    Timestamp,
    duty::{Shift, ShiftState},
    roster::{Coverage, Hole, Stated, holes, zone},
};
use std::{collections::BTreeMap, time::Duration};

/// Holes are alarms from so long before; further ahead they are in the roster alone.
const HORIZON: Duration = Duration::from_secs(14 * 86_400);
/// Nearer than this each is a warning, further ahead those of a coverage are one notice …
const SOON: Duration = Duration::from_secs(48 * 3600);
/// … and nearer than this it is now.
const NOW: Duration = Duration::from_secs(4 * 3600);
/// Holes of one coverage that are alarms of their own, the nearest first.
const HOLES_MAX: usize = 24;
/// Characters of a coverage's name in an alarm, beside the times.
const NAME_SHOWN: usize = 24;

/// A hole as an alarm names it: which coverage, and its minutes by the wall of the coverage.
pub(super) fn named(coverage: &Coverage, hole: &Hole) -> String {
    let zone = zone(&coverage.calendar.week.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let wall = |at: Timestamp| {
        let at = jiff::Timestamp::from_millisecond(i64::try_from(at.0).unwrap_or(0)).unwrap_or_default();
        zone.to_datetime(at)
    };
    let name: String = coverage.name.chars().take(NAME_SHOWN).collect();
    let (from, until) = (wall(hole.from), wall(hole.until));
    let end = if from.date() == until.date() { "%H:%M" } else { "%m-%d %H:%M" };
    format!("{name} {}–{}", from.strftime("%Y-%m-%d %H:%M"), until.strftime(end))
}

/// How those are named together that are further ahead than [`SOON`].
fn named_ahead(coverage: &Coverage) -> String {
    let name: String = coverage.name.chars().take(NAME_SHOWN).collect();
    format!("{name} > {} h", SOON.as_secs() / 3600)
}

/// Alarms, each by its name: minutes, and how bad.
type Found = BTreeMap<String, (u64, Level)>;

/// The holes of a coverage join what was found: those that are near each by its name, those further ahead with all their minutes.
pub(super) fn join(
    found: &mut Found,
    coverage: &Coverage,
    holes: &[Hole],
    now: Timestamp,
    name: impl Fn(&Hole) -> String,
) {
    let mut near = 0;
    for hole in holes {
        let minutes = hole.until.since(hole.from).as_secs().div_ceil(60);
        let ahead = hole.from.since(now);
        if ahead > SOON {
            // Two coverages may begin with the same words.
            let (all, _) = found.entry(named_ahead(coverage)).or_insert((0, Level::Notice));
            *all += minutes;
        } else if near < HOLES_MAX {
            near += 1;
            let level = if ahead <= NOW { Level::Critical } else { Level::Warning };
            found.insert(name(hole), (minutes, level));
        }
    }
}

impl Roster {
    /// The holes of a coverage from now on, within a period.
    pub(crate) fn holes(&self, coverage: &Coverage, from: Timestamp, until: Timestamp) -> Vec<Hole> {
        holes(coverage, &self.shifts(), from, until)
    }

    /// One look at everything, for the alarms.
    pub(super) async fn look(&self) {
        let roster = self.clone();
        let looked = self.0.tasks.spawn_blocking("roster look", move || roster.look_here());
        if looked.await.is_err() {
            Self::log(&RosterError::Unfit("the roster could not be looked at"));
        }
    }

    fn look_here(&self) {
        let (now, shifts) = (tasks::now(), self.shifts());
        let mut found = Found::new();
        for coverage in self.0.trust.coverages_in_force() {
            let holes = holes(&coverage, &shifts, now, now.after(HORIZON));
            // A hole that has begun keeps its name while its minutes pass.
            let name = |hole: &Hole| self.standing_name(&coverage, hole, now).unwrap_or_else(|| named(&coverage, hole));
            join(&mut found, &coverage, &holes, now, name);
        }
        self.stand(Kind::CoverageHole, found);
        let silent = self.silent(&shifts, now);
        self.clear(Kind::ScreenSilent, |subject| silent.contains_key(subject));
        for (subject, (seconds, call)) in silent {
            self.0.alarms.set_call(Kind::ScreenSilent, &subject, seconds, Level::Critical, call);
        }
        self.stand(Kind::HandoverOwed, self.owed(&shifts, now));
    }

    /// The name under which a hole that runs stands already: that with the same end.
    fn standing_name(&self, coverage: &Coverage, hole: &Hole, now: Timestamp) -> Option<String> {
        if hole.from > now {
            return None;
        }
        let is = named(coverage, hole);
        let end = is.rsplit('–').next()?.to_owned();
        let name: String = coverage.name.chars().take(NAME_SHOWN).collect();
        let known = self.0.alarms.subjects(Kind::CoverageHole);
        known.into_iter().find(|subject| {
            subject.starts_with(&name)
                && subject.rsplit('–').next().is_some_and(|known| known == end || known.ends_with(&format!(" {end}")))
        })
    }

    /// How a shift is named in an alarm: never by its person.
    fn title(&self, shift: &Shift) -> String {
        let coverage = shift.coverage.and_then(|id| self.0.trust.coverage(&id));
        let name: String =
            coverage.map_or_else(String::new, |coverage| coverage.name).chars().take(NAME_SHOWN).collect();
        format!("{name} {} {}", shift.presence.word(), shift.rank).trim().to_owned()
    }

    fn ours<'a>(&'a self, shifts: &'a [Stated]) -> impl Iterator<Item = &'a Stated> {
        shifts.iter().filter(|stated| stated.site == self.0.site)
    }

    fn silent(&self, shifts: &[Stated], now: Timestamp) -> BTreeMap<String, (u64, Call)> {
        let silent = self.ours(shifts).filter(|stated| stated.shift.state.counts() && stated.shift.is_time(now));
        let row = |stated: &Stated| {
            let since = stated.shift.silent?;
            // A person that is there by another coverage's shift as well is one that is missing.
            let callee = Callee {
                site: String::new(),
                account: stated.shift.person.clone(),
                name: stated.shift.person.clone(),
                telephone: stated.shift.telephone.clone(),
            };
            let call = Call { case: String::new(), priority: String::new(), whom: vec![callee] };
            Some((self.title(&stated.shift), (now.since(since).as_secs(), call)))
        };
        silent.filter_map(row).collect()
    }

    /// Shifts of the last day that are over while cases are still their person's, who is not there any more.
    fn owed(&self, shifts: &[Stated], now: Timestamp) -> Found {
        let over = self.ours(shifts).filter(|stated| {
            let Shift { end, state, taken, .. } = &stated.shift;
            *end <= now && (state.counts() || *state == ShiftState::Ended && taken.is_some())
        });
        let row = |stated: &Stated| {
            let open = self.cases().of(&stated.shift.person).len();
            let is_owed = open > 0 && !self.has_other(&stated.shift, &stated.id, now);
            let cases = u64::try_from(open).unwrap_or(u64::MAX);
            is_owed.then(|| (self.title(&stated.shift), (cases, Level::Critical)))
        };
        over.filter_map(row).collect()
    }

    /// What does not stand any more is over.
    fn clear(&self, kind: Kind, stands: impl Fn(&str) -> bool) {
        for gone in self.0.alarms.subjects(kind).into_iter().filter(|subject| !stands(subject)) {
            self.0.alarms.set(kind, &gone, 0, None);
        }
    }

    /// Exactly these subjects of a kind.
    fn stand(&self, kind: Kind, standing: Found) {
        self.clear(kind, |subject| standing.contains_key(subject));
        for (subject, (value, level)) in standing {
            self.0.alarms.set(kind, &subject, value, Some(level));
        }
    }
}
