//! Who listens to which cases: subscriptions of other workstations, kept for as long as they are wanted.
//!
//! A subscriber is a name that its client chose, and belongs to the person who first used it. A whole list, a filtered one and
//! single items can be subscribed to side by side. What nobody has used or changed for a while makes room when there is none.
//!
//! # At a crash
//! What was answered is in the journal.
//!
//! # Not here
//! What is told, and how, and what the names of items are: `dicomweb`.

use super::{CaseError, Cases, record::Record};
use crate::tasks;
use protocol::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
    time::Duration,
};

/// Subscribers at once: some for each workstation that there may be.
const SUBSCRIBERS_MAX: usize = 256;
/// Items that one listens to by name.
pub(crate) const SUBSCRIBED_ITEMS_MAX: usize = 1_000;
/// Conditions of a filter, and characters of each.
const CONDITIONS_MAX: usize = 64;
const CONDITION_CHARS_MAX: usize = 1_024;
/// One that was neither used nor changed for so long gives its place to another.
const UNUSED_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Attributes on the way to one of nested ones, as pairs of group and element, and what it is to be.
pub(crate) type Wanted = (Vec<(u16, u16)>, String);

/// What one listens to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) person: String,
    pub(crate) is_global: bool,
    pub(crate) filter: Option<Vec<Wanted>>,
    pub(crate) items: BTreeSet<String>,
    /// When it was changed, or used as far as that was seen since the start.
    used: Timestamp,
}

impl Subscription {
    pub(crate) const fn hears_lists(&self) -> bool {
        self.is_global || self.filter.is_some()
    }

    fn hears_nothing(&self) -> bool {
        !self.hears_lists() && self.items.is_empty()
    }

    fn change(&mut self, change: Subscribing) {
        match change {
            Subscribing::Worklist => self.is_global = true,
            Subscribing::Filtered(filter) => self.filter = Some(filter),
            Subscribing::Item(item) => {
                let _ = self.items.insert(item);
            }
            Subscribing::NotItem(item) => {
                let _ = self.items.remove(&item);
            }
            Subscribing::ItemsOnly(items) => {
                let room = SUBSCRIBED_ITEMS_MAX.saturating_sub(self.items.len());
                self.items.extend(items.into_iter().take(room));
                (self.is_global, self.filter) = (false, None);
            }
            Subscribing::Nothing => {
                (self.is_global, self.filter) = (false, None);
                self.items.clear();
            }
        }
    }
}

/// A change of what one listens to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Subscribing {
    /// All of the list.
    Worklist,
    /// Those of the list that meet all of this.
    Filtered(Vec<Wanted>),
    /// One more by its name.
    Item(String),
    NotItem(String),
    /// These and what was named before, and no list any more.
    ItemsOnly(Vec<String>),
    Nothing,
}

impl Subscribing {
    fn is_bounded(&self) -> bool {
        match self {
            Self::Filtered(filter) => {
                let fits = |(path, value): &Wanted| path.len() <= 8 && value.chars().count() <= CONDITION_CHARS_MAX;
                filter.len() <= CONDITIONS_MAX && filter.iter().all(fits)
            }
            Self::ItemsOnly(items) => items.len() <= SUBSCRIBED_ITEMS_MAX,
            Self::Worklist | Self::Item(_) | Self::NotItem(_) | Self::Nothing => true,
        }
    }
}

/// Why nothing is subscribed to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscribeError {
    #[error("there are too many subscribers")]
    Busy,
    #[error("the name of the subscriber is somebody else's")]
    Others,
    #[error("too much for one subscriber")]
    TooMuch,
    #[error(transparent)]
    Case(#[from] CaseError),
}

/// A change as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscribed {
    name: String,
    person: String,
    change: Subscribing,
    at: Timestamp,
}

/// All of them, by name.
#[derive(Debug, Default)]
pub(super) struct Subscriptions(BTreeMap<String, Subscription>);

impl Subscriptions {
    fn of(&self, name: &str, person: &str) -> Option<&Subscription> {
        self.0.get(name).filter(|one| one.person == person)
    }

    fn allows(&self, name: &str, person: &str, (change, now): (&Subscribing, Timestamp)) -> Result<(), SubscribeError> {
        let known = self.0.get(name);
        if known.is_some_and(|one| one.person != person) {
            return Err(SubscribeError::Others);
        }
        let items = known.map_or(0, |one| one.items.len());
        let is_full = matches!(change, Subscribing::Item(_)) && items >= SUBSCRIBED_ITEMS_MAX;
        if is_full || !change.is_bounded() {
            return Err(SubscribeError::TooMuch);
        }
        let has_room = known.is_some() || self.0.len() < SUBSCRIBERS_MAX || self.unused(now).is_some();
        if has_room { Ok(()) } else { Err(SubscribeError::Busy) }
    }

    /// The one that was not used for the longest, where that is long enough.
    fn unused(&self, now: Timestamp) -> Option<(&String, &Subscription)> {
        self.0.iter().min_by_key(|(_, one)| one.used).filter(|(_, one)| one.used.after(UNUSED_FOR) <= now)
    }

    /// What ends so that another name has room.
    fn makes_room(&self, name: &str, at: Timestamp) -> Option<Subscribed> {
        if self.0.contains_key(name) || self.0.len() < SUBSCRIBERS_MAX {
            return None;
        }
        let (name, one) = self.unused(at)?;
        Some(Subscribed { name: name.clone(), person: one.person.clone(), change: Subscribing::Nothing, at })
    }

    pub(super) fn take(&mut self, Subscribed { name, person, change, at }: Subscribed) {
        let one = self.0.entry(name.clone()).or_insert_with(|| Subscription { person, ..Subscription::default() });
        one.change(change);
        one.used = one.used.max(at);
        if one.hears_nothing() {
            let _ = self.0.remove(&name);
        }
    }
}

impl Cases {
    /// What a person's own subscriber listens to.
    pub(crate) fn subscription(&self, name: &str, person: &str) -> Option<Subscription> {
        self.book().subscriptions.of(name, person).cloned()
    }

    /// A subscriber is listening just now.
    pub(crate) fn note_listening(&self, name: &str) {
        let mut book = self.inner.book.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = book.subscriptions.0.get_mut(name) {
            one.used = tasks::now();
        }
    }

    /// Changes what a subscriber listens to. Durable when it returns.
    ///
    /// # Errors
    /// See [`SubscribeError`].
    pub(crate) async fn subscribe(&self, name: &str, person: &str, change: Subscribing) -> Result<(), SubscribeError> {
        let (this, name, person) = (self.clone(), name.to_owned(), person.to_owned());
        let done = self.inner.tasks.spawn("subscription", async move {
            let _writing = this.inner.writing.lock().await;
            let at = tasks::now();
            this.book().subscriptions.allows(&name, &person, (&change, at))?;
            let gone = this.book().subscriptions.makes_room(&name, at);
            for subscribed in gone.into_iter().chain([Subscribed { name, person, change, at }]) {
                let record = Record::Subscribed(subscribed);
                this.write(&record).await?;
                this.inner.book.write().unwrap_or_else(PoisonError::into_inner).change(record);
            }
            Ok(())
        });
        done.await.unwrap_or_else(|_| Err(CaseError::Stopping.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn does(all: &mut Subscriptions, name: &str, change: Subscribing, at: u64) -> Result<(), SubscribeError> {
        let at = Timestamp(at);
        all.allows(name, "dr", (&change, at))?;
        if let Some(gone) = all.makes_room(name, at) {
            all.take(gone);
        }
        all.take(Subscribed { name: name.to_owned(), person: "dr".to_owned(), change, at });
        Ok(())
    }

    #[test]
    fn a_subscriber_ends_with_the_last_that_it_hears() {
        let mut all = Subscriptions::default();
        does(&mut all, "WS1", Subscribing::Item("2.25.1".to_owned()), 1).unwrap();
        does(&mut all, "WS1", Subscribing::Worklist, 2).unwrap();
        does(&mut all, "WS1", Subscribing::ItemsOnly(vec!["2.25.2".to_owned()]), 3).unwrap();
        let one = all.of("WS1", "dr").unwrap();
        assert!(!one.hears_lists() && one.items.len() == 2);
        assert_eq!(all.of("WS1", "other"), None);
        does(&mut all, "WS1", Subscribing::NotItem("2.25.1".to_owned()), 4).unwrap();
        does(&mut all, "WS1", Subscribing::NotItem("2.25.2".to_owned()), 5).unwrap();
        assert_eq!(all.of("WS1", "dr"), None);
    }

    #[test]
    fn room_is_made_of_what_nobody_uses() {
        let mut all = Subscriptions::default();
        for n in 0..SUBSCRIBERS_MAX {
            does(&mut all, &format!("WS{n}"), Subscribing::Worklist, n as u64).unwrap();
        }
        let month = u64::try_from(UNUSED_FOR.as_millis()).unwrap();
        assert!(matches!(does(&mut all, "NEW", Subscribing::Worklist, month - 1), Err(SubscribeError::Busy)));
        does(&mut all, "NEW", Subscribing::Worklist, month).unwrap();
        assert!(all.of("WS0", "dr").is_none() && all.of("WS1", "dr").is_some() && all.0.len() == SUBSCRIBERS_MAX);
        let much = Subscribing::Filtered(vec![(vec![(0x10, 0x10)], "x".repeat(CONDITION_CHARS_MAX + 1))]);
        assert!(matches!(does(&mut all, "WS1", much, month), Err(SubscribeError::TooMuch)));
    }
}
