//! Sets of instants as spans, half-open, in order, none touching another.

use crate::time::Timestamp;

/// A set of instants. Whatever it is made of, each instant is in it once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<(Timestamp, Timestamp)>);

impl FromIterator<(Timestamp, Timestamp)> for Spans {
    /// In any order, overlapping or not; empty spans are left out.
    fn from_iter<I: IntoIterator<Item = (Timestamp, Timestamp)>>(spans: I) -> Self {
        let mut all: Vec<_> = spans.into_iter().filter(|(from, until)| from < until).collect();
        all.sort_unstable();
        let mut joined: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(all.len());
        for (from, until) in all {
            match joined.last_mut() {
                Some((_, end)) if from <= *end => *end = (*end).max(until),
                _ => joined.push((from, until)),
            }
        }
        Self(joined)
    }
}

impl Spans {
    /// One span; empty where it ends before it begins.
    #[must_use]
    pub fn one(from: Timestamp, until: Timestamp) -> Self {
        [(from, until)].into_iter().collect()
    }

    /// The spans, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[(Timestamp, Timestamp)] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an instant is in it.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.0.iter().any(|(from, until)| *from <= at && at < *until)
    }

    /// How much it is, milliseconds.
    #[must_use]
    pub fn length_ms(&self) -> u64 {
        self.0.iter().map(|(from, until)| until.0 - from.0).sum()
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let (mut a, mut b, mut both) = (self.0.iter().copied(), other.0.iter().copied(), Vec::new());
        let (mut left, mut right) = (a.next(), b.next());
        while let (Some((from, until)), Some((start, end))) = (left, right) {
            both.push((from.max(start), until.min(end)));
            if until <= end {
                left = a.next();
            } else {
                right = b.next();
            }
        }
        both.into_iter().collect()
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        let mut gone = other.0.iter().copied().peekable();
        for (mut from, until) in self.0.iter().copied() {
            while gone.next_if(|(_, end)| *end <= from).is_some() {}
            // One that reaches beyond this span is looked at again for the next.
            while let Some((start, end)) = gone.peek().copied().filter(|(start, _)| *start < until) {
                rest.push((from, start.max(from)));
                from = from.max(end);
                if end > until {
                    break;
                }
                gone.next();
            }
            rest.push((from, until.max(from)));
        }
        rest.into_iter().collect()
    }
}
