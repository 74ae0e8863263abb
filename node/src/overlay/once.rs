//! One piece of work per site at a time; asked for again meanwhile, it runs once more.

use protocol::SiteId;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Which sites' work runs, and whether it shall run again. Bounded by the number of peers.
#[derive(Debug, Default)]
pub(super) struct OncePerSite(Mutex<HashMap<SiteId, bool>>);

impl OncePerSite {
    /// Whether the caller is to do it; otherwise whoever does it will do it again.
    pub(super) fn begin(&self, site: SiteId) -> bool {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match running.get_mut(&site) {
            Some(again) => {
                *again = true;
                false
            }
            None => {
                running.insert(site, false);
                true
            }
        }
    }

    /// Whether it is to be done again; otherwise it is over.
    pub(super) fn again(&self, site: &SiteId) -> bool {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match running.get_mut(site) {
            Some(again) if *again => {
                *again = false;
                true
            }
            _ => {
                running.remove(site);
                false
            }
        }
    }
}
