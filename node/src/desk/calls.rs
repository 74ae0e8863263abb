//! Whom to ring up about a case when screens do not answer: numbers of each site that takes part, as far as they are known here.
//!
//! A requester knows the reader's side by the coverage and by the shift of whoever is asked; each side knows what the other
//! said of itself in the case.
//!
//! # Not here
//! Sending them out: `alarms`. That nobody answers: [`super::next`].

use super::{Desk, Inner};
use crate::{cases::Whole, tasks};
use protocol::{
    SiteId,
    case::{event::NUMBERS_MAX, state::Answer},
    ids::Id128,
    roster::{Coverage, Stated},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Of what a number is. Words of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberOf {
    /// Of the scanner room or the requester: it stands in the request.
    Request,
    /// Of the person on duty.
    Shift,
    /// Of the coverage.
    Coverage,
    /// Of the site's list.
    Site,
}

impl NumberOf {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Shift => "shift",
            Self::Coverage => "coverage",
            Self::Site => "site",
        }
    }
}

/// Somebody who can be rung up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) site: SiteId,
    pub(crate) of: NumberOf,
    /// Account of the person; empty: nobody's own.
    pub(crate) account: String,
    /// What it is called there; may be empty.
    pub(crate) name: String,
    pub(crate) number: String,
}

/// Who is on duty and who covers whom: taken once for all numbers that are worked out at one time.
#[derive(Debug, Default)]
pub(super) struct Known {
    shifts: Vec<Stated>,
    coverages: Vec<Coverage>,
}

/// Each number of a site once, as many as can be shown.
fn each_once(all: Vec<Number>) -> Vec<Number> {
    let mut once: Vec<Number> = Vec::new();
    for one in all.into_iter().filter(|one| !one.number.trim().is_empty()) {
        let is_known = once.iter().any(|known| (known.site, &known.number) == (one.site, &one.number));
        if !is_known && once.len() < NUMBERS_MAX {
            once.push(one);
        }
    }
    once
}

impl Known {
    /// Of those on duty at a site, whoever is asked first; those of a coverage for the requester, or the site's own.
    pub(super) fn on_duty(&self, site: &SiteId, requester: Option<&SiteId>, whom: &str) -> Vec<Number> {
        let now = tasks::now();
        let is_for = |coverage: Option<Id128>| {
            let (Some(requester), Some(id)) = (requester, coverage) else { return true };
            self.coverages.iter().any(|coverage| coverage.id == id && coverage.is_for(requester))
        };
        let runs = |stated: &&Stated| {
            let shift = &stated.shift;
            stated.site == *site && shift.state.counts() && shift.is_time(now) && is_for(shift.coverage)
        };
        let mut running: Vec<&Stated> = self.shifts.iter().filter(runs).collect();
        running.sort_by_key(|stated| (stated.shift.person != whom, stated.shift.rank, stated.id));
        let number = |stated: &Stated| Number {
            site: *site,
            of: NumberOf::Shift,
            account: stated.shift.person.clone(),
            name: stated.shift.person.clone(),
            number: stated.shift.telephone.clone(),
        };
        running.into_iter().map(number).collect()
    }

    fn of_coverages(&self, site: &SiteId, requester: Option<&SiteId>) -> Vec<Number> {
        let fits = |coverage: &&Coverage| match requester {
            Some(requester) => coverage.reads(site) && coverage.is_for(requester),
            None => coverage.has(site),
        };
        let number = |coverage: &Coverage| Number {
            site: *site,
            of: NumberOf::Coverage,
            account: String::new(),
            name: coverage.name.clone(),
            number: coverage.telephone.clone(),
        };
        self.coverages.iter().filter(fits).map(number).collect()
    }
}

impl Inner {
    /// Who is on duty and who covers whom now.
    pub(super) fn known(&self) -> Known {
        Known { shifts: self.parts.roster.shifts(), coverages: self.parts.trust.coverages_in_force() }
    }

    /// What a site says of itself: ours by what is set, others' by their word in the case.
    fn of_list(&self, whole: &Whole, site: &SiteId) -> Vec<Number> {
        let known = if *site == self.us() {
            self.parts.cases.settings().telephones.iter().map(|to| (to.name.clone(), to.number.clone())).collect()
        } else {
            whole.state.reachable.get(site).cloned().unwrap_or_default()
        };
        let number = |(name, number)| Number { site: *site, of: NumberOf::Site, account: String::new(), name, number };
        known.into_iter().map(number).collect()
    }

    /// Numbers of a site in a case.
    fn of_site(&self, whole: &Whole, site: &SiteId, known: &Known) -> Vec<Number> {
        let (state, requester) = (&whole.state, whole.state.requester.0);
        let mut all = Vec::new();
        if *site == requester {
            let (account, number) = (state.requester.1.clone(), state.ask.telephone.clone());
            all.push(Number { site: *site, of: NumberOf::Request, name: account.clone(), account, number });
        } else {
            let asked = state.asked.iter().rev().find(|asked| asked.site == *site);
            let whom = match &state.claim {
                Some(claim) if claim.site == *site => claim.person.as_str(),
                _ => asked.map_or("", |asked| asked.whom.as_str()),
            };
            all.extend(known.on_duty(site, Some(&requester), whom));
            all.extend(known.of_coverages(site, Some(&requester)));
        }
        all.extend(self.of_list(whole, site));
        each_once(all)
    }

    /// The sites that read, or were asked to: who has it or is asked now first.
    fn readers_of(whole: &Whole) -> Vec<SiteId> {
        let state = &whole.state;
        let asked = state.asked.iter().rev();
        let waits = asked.clone().filter(|asked| matches!(asked.answer, Answer::Waiting { .. }));
        let mut sites = Vec::new();
        let wrote = state.reports.iter().rev().map(|report| report.site);
        for site in state.reader.into_iter().chain(wrote).chain(waits.map(|a| a.site)).chain(asked.map(|a| a.site)) {
            if !sites.contains(&site) {
                sites.push(site);
            }
        }
        sites
    }

    /// Whoever can act on the request, at the requesting site.
    pub(super) fn requester_numbers(&self, whole: &Whole, known: &Known) -> Vec<Number> {
        self.of_site(whole, &whole.state.requester.0, known)
    }

    /// Whoever reads it, or was asked to.
    pub(super) fn reader_numbers(&self, whole: &Whole, known: &Known) -> Vec<Number> {
        let sites = Self::readers_of(whole);
        each_once(sites.iter().flat_map(|site| self.of_site(whole, site, known)).collect())
    }

    /// Those who are on duty here, whoever is asked by name first.
    pub(super) fn own_numbers(&self, whole: &Whole, known: &Known) -> Vec<Number> {
        let (us, requester) = (self.us(), whole.state.requester.0);
        let asked = whole.state.asked.iter().rev().find(|asked| asked.site == us);
        let mut all = known.on_duty(&us, Some(&requester), asked.map_or("", |asked| asked.whom.as_str()));
        all.extend(self.of_list(whole, &us));
        each_once(all)
    }
}

impl Desk {
    /// All numbers of a case, the other sites' before ours.
    pub(crate) fn numbers(&self, whole: &Whole) -> Vec<Number> {
        let (us, known) = (self.inner.us(), self.inner.known());
        let mut sites = vec![whole.state.requester.0];
        sites.extend(Inner::readers_of(whole));
        sites.push(us);
        sites.sort_by_key(|site| *site == us);
        each_once(sites.iter().flat_map(|site| self.inner.of_site(whole, site, &known)).collect())
    }

    /// Numbers of sites, whatever it is about: of their open cases, their people on duty, their coverages, and what they said
    /// last, though no case is open.
    pub(crate) fn site_numbers(&self, sites: &[SiteId]) -> BTreeMap<SiteId, Vec<Number>> {
        let (inner, known) = (&self.inner, self.inner.known());
        let of = |site: SiteId, number: String| Number {
            site,
            of: NumberOf::Request,
            account: String::new(),
            name: String::new(),
            number,
        };
        let mut open: BTreeMap<SiteId, BTreeSet<String>> = BTreeMap::new();
        let mut newest: BTreeMap<SiteId, Arc<Whole>> = BTreeMap::new();
        for whole in inner.parts.cases.all() {
            let (state, requester) = (&whole.state, whole.state.requester.0);
            if state.stage.is_open() {
                let _ = open.entry(requester).or_default().insert(state.ask.telephone.clone());
            }
            for site in state.reachable.keys().chain([&requester]) {
                let is_newer = newest.get(site).is_none_or(|before| before.changed < whole.changed);
                let _ = is_newer.then(|| newest.insert(*site, whole.clone()));
            }
        }
        let mut numbers = |site: &SiteId| {
            let mut all: Vec<Number> =
                open.remove(site).into_iter().flatten().map(|number| of(*site, number)).collect();
            all.extend(known.on_duty(site, None, ""));
            all.extend(known.of_coverages(site, None));
            let last = newest.get(site);
            all.extend(last.map(|whole| inner.of_list(whole, site)).unwrap_or_default());
            let last = last.filter(|whole| whole.state.requester.0 == *site);
            all.extend(last.map(|whole| of(*site, whole.state.ask.telephone.clone())));
            (*site, each_once(all))
        };
        sites.iter().map(&mut numbers).collect()
    }
}
