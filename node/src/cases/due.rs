//! What a case is for this site: its part, the tab it stands under, and what is due by when.
//!
//! # Not here
//! What is done when time is up: `desk`.

use super::{book::Whole, record::Settings};
use protocol::{
    SiteId, Timestamp,
    case::{
        event::{Event, Kind, Priority, Standing, Step},
        state::{Answer, Comparison, Stage},
    },
    roster::{Coverage, Target},
};
use std::{sync::Arc, time::Duration};

/// How long an opinion waits for an answer where no hour is named.
const OPINION_WITHIN: Duration = Duration::from_secs(86_400);

/// This site's part in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It asks.
    Requester,
    /// It reads.
    Reader,
    /// It is asked.
    Asked,
    /// It was asked once.
    Party,
}

impl Part {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Reader => "reader",
            Self::Asked => "asked",
            Self::Party => "party",
        }
    }
}

/// Where it stands in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tab {
    /// Waits for this site's answer.
    Offered,
    /// Waits for images, or for others.
    Waiting,
    /// Can be read.
    Ready,
    /// Somebody has it.
    Reading,
    /// A final report is owed.
    Preliminary,
    /// It waits for whoever asked.
    Reported,
    /// Over.
    Done,
}

impl Tab {
    pub(crate) const ALL: [(Self, &'static str); 7] = [
        (Self::Offered, "offered"),
        (Self::Waiting, "waiting"),
        (Self::Ready, "ready"),
        (Self::Reading, "reading"),
        (Self::Preliminary, "preliminary"),
        (Self::Reported, "reported"),
        (Self::Done, "done"),
    ];

    pub(crate) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(tab, _)| *tab == self).map_or("", |(_, word)| *word)
    }
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DueKind {
    /// An answer to the offer.
    Answer,
    /// A preliminary report, or a final one at once.
    Preliminary,
    /// The final one.
    Final,
    /// Somebody who acts on it is to know of a critical result.
    Hear,
    /// The opinion, or the report, by when the requester wants it.
    Wanted,
    /// Somebody compares two reports that may differ.
    Compare,
}

impl DueKind {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Preliminary => "preliminary",
            Self::Final => "final",
            Self::Hear => "hear",
            Self::Wanted => "wanted",
            Self::Compare => "compare",
        }
    }
}

/// What is due, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) what: DueKind,
    pub(crate) at: Timestamp,
    /// When the time for it began.
    pub(crate) since: Timestamp,
}

impl Due {
    fn of(what: DueKind, since: Timestamp, within: Duration) -> Self {
        Self { what, at: since.after(within), since }
    }
}

/// How long things may take: what the coverage between the two sites says, else what this site has set.
#[derive(Clone, Debug)]
pub(crate) struct Delays {
    settings: Arc<Settings>,
    coverages: Vec<Coverage>,
}

impl Delays {
    pub(crate) const fn new(settings: Arc<Settings>, coverages: Vec<Coverage>) -> Self {
        Self { settings, coverages }
    }

    /// What the sites of a coverage signed. All that know its text work out the same.
    fn target(&self, whole: &Whole, reader: &SiteId) -> Option<Target> {
        let (requester, ask) = (&whole.state.requester.0, &whole.state.ask);
        if ask.kind != Kind::Diagnosis || reader == requester {
            return None;
        }
        let code = |code: &String| if code.is_empty() { Vec::new() } else { vec![code.clone()] };
        let (modalities, regions) = (code(&ask.modality), code(&ask.region));
        let is_it = |coverage: &&Coverage| {
            coverage.is_for(requester)
                && coverage.reads(reader)
                && coverage.is_in_force(whole.requested)
                && coverage.is_about(&modalities, &regions)
        };
        let first = self.coverages.iter().filter(is_it).min_by_key(|coverage| (coverage.drafted, coverage.id));
        first.map(|coverage| coverage.target(ask.priority))
    }

    /// From the offer to the answer of this site.
    pub(crate) fn answer(&self, whole: &Whole, reader: &SiteId) -> Duration {
        let set = || self.settings.answer(whole.state.ask.priority);
        self.target(whole, reader).map_or_else(set, |target| minutes(target.acknowledge))
    }

    /// Until when a site that is asked now may answer. An opinion that is not urgent may be answered until it is wanted, or within a
    /// day, and never for a shorter time than others: whoever is asked for one need not sit before the list.
    pub(crate) fn answer_until(&self, whole: &Whole, reader: &SiteId, now: Timestamp) -> Timestamp {
        let (ask, usual) = (&whole.state.ask, now.after(self.answer(whole, reader)));
        if ask.kind != Kind::Expertise || ask.priority <= Priority::P1 {
            return usual;
        }
        let wanted = whole.state.particulars.answer_by.filter(|by| *by > now);
        wanted.unwrap_or_else(|| now.after(OPINION_WITHIN)).max(usual)
    }

    /// From the request to a preliminary report.
    pub(crate) fn preliminary(&self, whole: &Whole) -> Duration {
        let state = &whole.state;
        let reader = state.reader.or_else(|| state.asked.last().map(|asked| asked.site));
        let target = reader.and_then(|reader| self.target(whole, &reader));
        target.map_or_else(|| self.settings.preliminary(state.ask.priority), |target| minutes(target.report))
    }
}

fn minutes(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

impl Whole {
    /// The rank of whoever is asked or passed over next.
    pub(crate) fn next_rank(&self) -> u16 {
        let state = &self.state;
        let ranks = state.asked.iter().map(|asked| asked.rank).chain(state.skipped.iter().map(|skipped| skipped.rank));
        ranks.max().unwrap_or(0).saturating_add(1)
    }

    pub(crate) fn part(&self, us: &SiteId) -> Part {
        let state = &self.state;
        if state.requester.0 == *us {
            return Part::Requester;
        }
        if state.reader == Some(*us) {
            return Part::Reader;
        }
        if self.is_asked(us) { Part::Asked } else { Part::Party }
    }

    /// Whether its images are still to be read: it is open, or some came after the report.
    pub(crate) fn is_to_read(&self) -> bool {
        self.state.stage.is_open() || self.state.images_after_report
    }

    /// Whether a site is asked now, and nobody has taken the case.
    pub(crate) fn is_asked(&self, site: &SiteId) -> bool {
        let waits = |answer: &Answer| matches!(answer, Answer::Waiting { .. });
        self.state.stage.is_open() && self.state.asked.iter().any(|asked| asked.site == *site && waits(&asked.answer))
    }

    pub(crate) fn tab(&self, us: &SiteId) -> Tab {
        let state = &self.state;
        match state.stage {
            // A critical result may come from an island when the case is over: it is over when somebody has heard it.
            Stage::Closed if state.reports.iter().any(|report| report.unheard) => Tab::Reported,
            Stage::Closed | Stage::Cancelled | Stage::Unserved => Tab::Done,
            Stage::Final | Stage::Delivered | Stage::Acknowledged if state.claim.is_none() => Tab::Reported,
            Stage::Preliminary if state.claim.is_none() => Tab::Preliminary,
            _ if state.claim.is_some() => Tab::Reading,
            Stage::ImagesReady | Stage::Reading | Stage::Reopened => Tab::Ready,
            _ if self.is_asked(us) => Tab::Offered,
            _ => Tab::Waiting,
        }
    }

    /// Since when two reports lie side by side: the later of the two.
    pub(super) fn both_since(&self, comparison: &Comparison) -> Option<Timestamp> {
        let of_both = self.state.reports.iter().filter(|report| comparison.reports.contains(&report.event));
        of_both.map(|report| report.at).max()
    }

    /// The next that is due; a critical result before all.
    pub(crate) fn due(&self, delays: &Delays) -> Option<Due> {
        self.dues(delays).into_iter().next()
    }

    /// All that is due at once: a critical result, then the rest by time.
    pub(crate) fn dues(&self, delays: &Delays) -> Vec<Due> {
        let unheard = self.state.reports.iter().find(|report| report.unheard);
        let hear = unheard.map(|unheard| Due::of(DueKind::Hear, unheard.at, delays.settings.hear()));
        let owed = self.state.comparisons.iter().filter(|comparison| comparison.class.is_none());
        // Whoever acted on the one report may have to act otherwise: no later than a report is due from the request.
        let since = owed.filter_map(|comparison| self.both_since(comparison)).min();
        let compared = since.map(|since| Due::of(DueKind::Compare, since, delays.preliminary(self)));
        let mut rest: Vec<Due> = compared.into_iter().chain(self.due_reading(delays)).collect();
        rest.sort_by_key(|due| due.at);
        hear.into_iter().chain(rest).collect()
    }

    /// What is due of whoever reads, or is asked to.
    fn due_reading(&self, delays: &Delays) -> Option<Due> {
        let (settings, state, due) = (&delays.settings, &self.state, Due::of);
        // Also while it is on hold: whoever waits for something is not waited for longer.
        if !state.stage.is_open() {
            return None;
        }
        let priority = state.ask.priority;
        if state.stage == Stage::Reopened {
            let opened = |event: &Event| matches!(event.step, Step::Reopened { .. }).then_some(event.at);
            let since = self.in_effect().filter_map(opened).last()?;
            return Some(due(DueKind::Final, since, settings.last(priority)));
        }
        let has_final = state.reports.iter().any(|r| r.report.standing == Standing::Final);
        let preliminary = state.reports.iter().rev().find(|r| r.report.standing == Standing::Preliminary);
        match (has_final, preliminary) {
            (true, _) => None,
            (false, Some(report)) => Some(due(DueKind::Final, report.at, settings.last(priority))),
            (false, None) => {
                // On hold an answer is not timed: what is late meanwhile is the report.
                let is_timed = state.reader.is_none() && !state.on_hold;
                let waiting = state.asked.iter().find_map(|asked| match asked.answer {
                    Answer::Waiting { until } if is_timed => Some((asked.site, until)),
                    _ => None,
                });
                Some(match waiting {
                    Some((site, until)) => {
                        let since = until.before(delays.answer(self, &site));
                        Due { what: DueKind::Answer, at: until, since }
                    }
                    None => match state.particulars.answer_by {
                        Some(at) => Due { what: DueKind::Wanted, at, since: self.requested },
                        None => due(DueKind::Preliminary, self.requested, delays.preliminary(self)),
                    },
                })
            }
        }
    }
}
