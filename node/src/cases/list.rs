//! The one list: who filters it, how it is ordered, and pages that stay where they are while it changes.
//!
//! A page begins behind the place of the last row of the page before, by what rows are ordered by. So a row that did not
//! move is neither missed nor shown twice, whatever others do.

use super::{
    book::Whole,
    due::{Delays, Due, Tab},
};
use protocol::{
    SiteId,
    case::event::{Kind, Priority},
    identity::names,
    ids::Id128,
};
use std::{collections::BTreeMap, sync::Arc};

/// What is wanted; `None` and empty: all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) tab: Option<Tab>,
    pub(crate) priorities: Vec<Priority>,
    /// The requesting site.
    pub(crate) site: Option<SiteId>,
    pub(crate) modality: Option<String>,
    pub(crate) kind: Option<Kind>,
    /// Claimed by this account here.
    pub(crate) claimed_by: Option<String>,
    /// Words, of which each begins a word of the name, or is in identifier, accession number or question.
    pub(crate) text: Option<String>,
    pub(crate) limit: usize,
    /// The cursor of the page before.
    pub(crate) after: Option<Place>,
}

/// What rows are ordered by: open ones by priority, time left and age; then those that are over, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    rank: u8,
    due: u64,
    asked: u64,
    name: Id128,
}

impl Place {
    fn of(whole: &Whole, tab: Tab, due: Option<Due>) -> Self {
        let name = whole.name();
        if tab == Tab::Done {
            return Self { rank: u8::MAX, due: u64::MAX - whole.changed.0, asked: 0, name };
        }
        let rank = match whole.state.ask.priority {
            Priority::P0 => 0,
            Priority::P1 => 1,
            Priority::P2 => 2,
            Priority::P3 => 3,
        };
        Self { rank, due: due.map_or(u64::MAX, |due| due.at.0), asked: whole.requested.0, name }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02x}{:016x}{:016x}{}", self.rank, self.due, self.asked, self.name)
    }
}

impl std::str::FromStr for Place {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let part = |from: usize, to: usize| text.get(from..to).ok_or(());
        let number = |from, to| part(from, to).and_then(|digits| u64::from_str_radix(digits, 16).map_err(|_| ()));
        Ok(Self {
            rank: part(0, 2).and_then(|digits| u8::from_str_radix(digits, 16).map_err(|_| ()))?,
            due: number(2, 18)?,
            asked: number(18, 34)?,
            name: text.get(34..).ok_or(())?.parse().map_err(|_| ())?,
        })
    }
}

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Arc<Whole>>,
    /// There are more behind this place.
    pub(crate) next: Option<Place>,
    /// Rows that fit, in all tabs asked for.
    pub(crate) total: usize,
    /// Rows of each tab that fit otherwise.
    pub(crate) tabs: BTreeMap<Tab, usize>,
    /// Open ones by requesting site, whatever is filtered.
    pub(crate) open_by_site: BTreeMap<SiteId, usize>,
}

/// A word that was typed.
#[derive(Debug)]
struct Typed {
    /// As names are compared: it may be two, as of `le-goff`.
    names: Vec<String>,
    /// As it is looked for elsewhere.
    text: String,
}

impl Typed {
    fn all(text: &str) -> Vec<Self> {
        let typed = |word: &str| Self { names: names::words(word), text: word.to_lowercase() };
        text.split_whitespace().map(typed).collect()
    }

    /// Whether it begins words of a name.
    fn is_of(&self, name: &[String]) -> bool {
        !self.names.is_empty()
            && self.names.iter().all(|typed| name.iter().any(|word| word.starts_with(typed.as_str())))
    }
}

/// Whether every word that was typed begins a word of the name, or is in one of the other fields.
fn has_all(name: &str, fields: [&str; 3], typed: &[Typed]) -> bool {
    if typed.is_empty() {
        return true;
    }
    let name = names::words(name);
    let mut others = typed.iter().filter(|word| !word.is_of(&name)).peekable();
    // The rest is looked at only where the name does not have all.
    if others.peek().is_none() {
        return true;
    }
    let fields = fields.map(str::to_lowercase);
    others.all(|word| fields.iter().any(|field| field.contains(word.text.as_str())))
}

impl Filter {
    fn fits(&self, whole: &Whole, us: &SiteId, typed: &[Typed]) -> bool {
        let (state, ask) = (&whole.state, &whole.state.ask);
        (self.priorities.is_empty() || self.priorities.contains(&ask.priority))
            && self.site.is_none_or(|site| site == state.requester.0)
            && self.modality.as_ref().is_none_or(|code| *code == ask.modality)
            && self.kind.is_none_or(|kind| kind == ask.kind)
            && self.claimed_by.as_ref().is_none_or(|person| whole.is_claimed_by(us, person))
            && has_all(&ask.patient.name, [&ask.patient.id, &ask.accession.0, &ask.question], typed)
    }
}

pub(super) fn page<'a>(
    all: impl Iterator<Item = &'a Arc<Whole>>,
    filter: &Filter,
    delays: &Delays,
    us: SiteId,
) -> Page {
    let typed = filter.text.as_deref().map(Typed::all).unwrap_or_default();
    let (mut tabs, mut open_by_site) = (BTreeMap::new(), BTreeMap::new());
    let mut found: Vec<(Place, &Arc<Whole>)> = Vec::new();
    for whole in all {
        let tab = whole.tab(&us);
        if tab != Tab::Done {
            *open_by_site.entry(whole.state.requester.0).or_insert(0) += 1;
        }
        if !filter.fits(whole, &us, &typed) {
            continue;
        }
        *tabs.entry(tab).or_insert(0) += 1;
        if filter.tab.is_none_or(|wanted| wanted == tab) {
            found.push((Place::of(whole, tab, whole.due(delays)), whole));
        }
    }
    let total = found.len();
    if let Some(after) = filter.after {
        found.retain(|(place, _)| *place > after);
    }
    let limit = filter.limit.max(1);
    if found.len() > limit {
        // Only what is shown has to be in order.
        let _ = found.select_nth_unstable_by_key(limit, |(place, _)| *place);
    }
    let more = found.len() > limit;
    found.truncate(limit);
    found.sort_unstable_by_key(|(place, _)| *place);
    let next = found.last().filter(|_| more).map(|(place, _)| *place);
    Page { rows: found.into_iter().map(|(_, whole)| whole.clone()).collect(), next, total, tabs, open_by_site }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_found_by_the_beginnings_of_names_and_by_parts_of_its_numbers_and_question() {
        let found = |name: &str, typed: &str| has_all(name, ["IPP-4711", "A0099", "AVC gauche ?"], &Typed::all(typed));
        let kervella = "KERVELLA^Maïwenn";
        for typed in [
            "kervella maiwenn",
            "Maïwenn  Kervella",
            "ker MAÏ",
            "kervella^maiwenn",
            "",
            "  ",
            "kervella 47",
            "avc kerv",
        ] {
            assert!(found(kervella, typed), "{typed}");
        }
        for typed in ["kervella paul", "ervella", "kervella^paul", "maiwenna", "kervella ^", "kervella 48"] {
            assert!(!found(kervella, typed), "{typed}");
        }
        for (name, typed) in [
            ("DURAND^PAUL", "durand"),
            ("DURAND^PAUL", "paul d"),
            ("LE GOFF^Jean-François", "le-goff francois"),
            ("LE GOFF^Jean-François", "jean-f"),
            ("d'Ornano^Zoé", "ornano zoe"),
            ("", "ipp-4711"),
            ("", "a00"),
            ("", "avc gauche"),
        ] {
            assert!(found(name, typed), "{name}: {typed}");
        }
        assert!(!found("", "durand"));
    }
}
