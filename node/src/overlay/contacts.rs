//! Who is connected, by which road, since when last heard, and how far their clock is off.

use super::Contact;
use crate::tasks;
use protocol::{SiteId, Timestamp};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The table. Bounded by the number of peers.
#[derive(Debug, Default)]
pub(super) struct Contacts(Mutex<HashMap<SiteId, Contact>>);

const NEVER: Contact = Contact { connected: false, last: None, road: None, clock_offset_ms: None };

impl Contacts {
    fn change(&self, site: &SiteId, change: impl FnOnce(&mut Contact)) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(table.entry(*site).or_insert(NEVER));
    }

    pub(super) fn of(&self, site: &SiteId) -> Contact {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(site).cloned().unwrap_or(NEVER)
    }

    pub(super) fn is_connected(&self, site: &SiteId) -> bool {
        self.of(site).connected
    }

    pub(super) fn road(&self, site: &SiteId, road: Option<&'static str>) {
        self.change(site, |c| c.road = road);
    }

    pub(super) fn connected(&self, site: &SiteId, connected: bool) {
        self.change(site, |c| c.connected = connected);
    }

    pub(super) fn heard(&self, site: &SiteId) {
        self.change(site, |c| c.last = Some(tasks::now()));
    }

    /// Their clock said `theirs` when ours said `ours`.
    pub(super) fn clock(&self, site: &SiteId, theirs: Timestamp, ours: Timestamp) {
        let offset = i128::from(theirs.0) - i128::from(ours.0);
        self.change(site, |c| c.clock_offset_ms = i64::try_from(offset).ok());
    }

    pub(super) fn forget(&self, site: &SiteId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(site);
    }
}
