//! A case that somebody who regulates gave to a person, or took from them.
//!
//! # Not here
//! A claim that lost to another one, which nobody decided: [`super`].

use super::{Alert, AlertKind, Look};
use protocol::case::event::{Event, Step};

impl<'a> Look<'a> {
    /// Who had it before the event at a place; nobody: empty.
    pub(super) fn had(&self, at: usize) -> &'a str {
        let mut had = "";
        for (_, event) in self.steps.iter().take(at) {
            had = match &event.step {
                Step::Claimed => event.person.as_str(),
                Step::HandedOver { to } | Step::Regulated { to, .. } => to.as_str(),
                Step::Released { .. } | Step::Refused { .. } => "",
                _ => had,
            };
        }
        had
    }

    /// Whether whoever regulates left it to whoever is on duty, whomever it was asked of, and nobody has had it since.
    pub(super) fn is_for_duty(&self) -> bool {
        let left = self.steps.iter().rev().find_map(|(_, event)| match &event.step {
            Step::Regulated { to, .. } => Some(to.is_empty()),
            Step::Offered { .. } | Step::Claimed | Step::HandedOver { .. } => Some(false),
            step => step.report().map(|_| false),
        });
        left == Some(true)
    }

    /// Whether the person has done something in it since.
    fn acted_after(&self, at: usize) -> bool {
        self.steps.iter().skip(at + 1).any(|(_, event)| self.is_mine(event))
    }

    /// What they were given, by name or as who is on duty, until they do something in it.
    pub(super) fn given(&self) -> Option<Alert> {
        if !self.whole.state.stage.is_open() {
            return None;
        }
        let gives =
            |event: &Event| matches!(event.step, Step::Claimed | Step::HandedOver { .. } | Step::Regulated { .. });
        let (at, digest, event) = self.last(gives)?;
        let is_given = match &event.step {
            Step::Regulated { from, to, .. } if to.is_empty() => {
                let is_left = self.is_reader() && self.is_for_duty();
                is_left && *from != self.person.name && self.calls_reader()
            }
            Step::Regulated { .. } => self.whole.is_claimed_by(&self.us, &self.person.name),
            _ => false,
        };
        (is_given && !self.acted_after(at)).then(|| self.alert(AlertKind::Given, (digest, event))).flatten()
    }

    /// What they had, and somebody else here gave to another, or back to whoever asked.
    pub(super) fn taken(&self) -> Option<Alert> {
        if !self.whole.state.stage.is_open() || self.whole.is_claimed_by(&self.us, &self.person.name) {
            return None;
        }
        let takes = |at: usize, event: &Event| {
            let from = match &event.step {
                Step::Regulated { from, .. } => from.as_str(),
                Step::Refused { .. } => self.had(at),
                _ => "",
            };
            event.site == self.us && from == self.person.name
        };
        let mut rows = self.steps.iter().enumerate().rev();
        let (at, (digest, event)) = rows.find(|(at, (_, event))| takes(*at, event))?;
        (!self.acted_after(at)).then(|| self.alert(AlertKind::Taken, (*digest, *event))).flatten()
    }

    /// Whoever asked: somebody else reads it, or is to be found, than they know of.
    pub(super) fn moved(&self) -> Option<Alert> {
        if !self.whole.state.stage.is_open() || !self.calls_requester() {
            return None;
        }
        let takes = |event: &Event| matches!(&event.step, Step::Regulated { from, .. } if !from.is_empty());
        let (at, digest, event) = self.last(takes)?;
        let is_reported = self.steps.iter().skip(at + 1).any(|(_, event)| event.step.report().is_some());
        let is_told_else = match &event.step {
            Step::Regulated { from, to, .. } if event.site == self.us => [from, to].contains(&&self.person.name),
            _ => false,
        };
        (!is_reported && !is_told_else).then(|| self.alert(AlertKind::Moved, (digest, event))).flatten()
    }
}
