//! Holes: the minutes of a coverage's calendar in which nobody is on duty whose papers cover its scope.

use super::{Coverage, Spans, Stated};
use crate::{
    duty::{Shift, ShiftState},
    time::Timestamp,
};

/// Holes that are named at once; there may be more behind them.
pub const HOLES_MAX: usize = 512;

/// Nobody is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// From …
    pub from: Timestamp,
    /// … until.
    pub until: Timestamp,
    /// For which modalities of the scope; empty: for a scope that names none.
    pub modalities: Vec<String>,
}

/// When somebody is, or was, there for a modality; `None`: for all, whatever comes.
fn of_shift(shift: &Shift, modality: Option<&String>) -> Spans {
    let worked = match shift.state {
        ShiftState::Confirmed | ShiftState::Active => true,
        // Of one that was cut short the end is when it was.
        ShiftState::HandedOver | ShiftState::Ended => shift.taken.is_some(),
        ShiftState::Planned => false,
    };
    let competent =
        shift.competences.is_empty() || modality.is_some_and(|modality| shift.competences.contains(modality));
    if !worked || !competent {
        return Spans::default();
    }
    let papers = shift.licences.iter().filter(|paper| match modality {
        Some(modality) => paper.is_for(modality),
        None => paper.modalities.is_empty(),
    });
    let licensed: Spans =
        papers.map(|paper| (paper.from.unwrap_or(Timestamp(0)), paper.until.unwrap_or(Timestamp(u64::MAX)))).collect();
    Spans::one(shift.start, shift.end).and(&licensed)
}

/// The holes of a coverage within a period, in order. Those of its shifts count that its reading sites state.
#[must_use]
pub fn holes(coverage: &Coverage, shifts: &[Stated], from: Timestamp, until: Timestamp) -> Vec<Hole> {
    let (from, until) = (from.max(coverage.from), coverage.until.map_or(until, |end| end.min(until)));
    let asked = coverage.calendar.within(from, until);
    let ours: Vec<&Shift> = shifts
        .iter()
        .filter(|stated| stated.shift.coverage == Some(coverage.id) && coverage.reads(&stated.site))
        .map(|stated| &stated.shift)
        .collect();
    let without = |modality: Option<&String>| {
        let there: Spans = ours.iter().flat_map(|shift| of_shift(shift, modality).as_slice().to_vec()).collect();
        asked.without(&there)
    };
    if coverage.modalities.is_empty() {
        let spans = without(None);
        let hole = |(from, until): &(Timestamp, Timestamp)| Hole { from: *from, until: *until, modalities: Vec::new() };
        return spans.as_slice().iter().take(HOLES_MAX).map(hole).collect();
    }
    let by_modality: Vec<(&String, Spans)> =
        coverage.modalities.iter().map(|modality| (modality, without(Some(modality)))).collect();
    together(&by_modality)
}

/// Holes of several modalities as people read them: each minute once, with all that is missing in it.
fn together(by_modality: &[(&String, Spans)]) -> Vec<Hole> {
    let ends = |(_, spans): &(&String, Spans)| -> Vec<Timestamp> {
        spans.as_slice().iter().flat_map(|(from, until)| [*from, *until]).collect()
    };
    let mut edges: Vec<Timestamp> = by_modality.iter().flat_map(ends).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut holes: Vec<Hole> = Vec::new();
    for (from, until) in edges.iter().zip(edges.iter().skip(1)) {
        let missing = by_modality.iter().filter(|(_, spans)| spans.contains(*from));
        let modalities: Vec<String> = missing.map(|(modality, _)| (*modality).clone()).collect();
        let room = holes.len() < HOLES_MAX;
        match holes.last_mut() {
            _ if modalities.is_empty() => {}
            Some(last) if last.until == *from && last.modalities == modalities => last.until = *until,
            _ if room => holes.push(Hole { from: *from, until: *until, modalities }),
            _ => break,
        }
    }
    holes
}
