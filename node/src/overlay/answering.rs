//! Requests of peers being answered, bounded in all and for each: one that asks without end waits for itself.
//!
//! # Not here
//! What is answered: [`super::converse`].

use protocol::SiteId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Of all sites together; more are told to come back.
const ALL_MAX: usize = 64;
/// Of one site.
const SITE_MAX: usize = 16;

/// See the module. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Answering(Arc<Mutex<HashMap<SiteId, usize>>>);

/// One request, until it is answered.
#[derive(Debug)]
pub(super) struct Turn {
    of: Answering,
    site: SiteId,
}

impl Answering {
    fn running(&self) -> MutexGuard<'_, HashMap<SiteId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: enough is being answered.
    pub(super) fn begin(&self, site: SiteId) -> Option<Turn> {
        let mut running = self.running();
        let (all, its) = (running.values().sum::<usize>(), running.get(&site).copied().unwrap_or_default());
        if all >= ALL_MAX || its >= SITE_MAX {
            return None;
        }
        running.insert(site, its + 1);
        Some(Turn { of: self.clone(), site })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut running = self.of.running();
        match running.get_mut(&self.site) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(running.remove(&self.site)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_site_leaves_room_for_others_and_all_have_an_end() {
        let answering = Answering::default();
        let begin = |n: u8| answering.begin(SiteId([n; 32]));
        let first: Vec<Turn> = std::iter::from_fn(|| begin(1)).collect();
        assert_eq!(first.len(), SITE_MAX);
        let others: Vec<Turn> =
            (2..=9).flat_map(|n| std::iter::from_fn(move || begin(n)).collect::<Vec<_>>()).collect();
        assert_eq!(first.len() + others.len(), ALL_MAX);
        assert!(begin(10).is_none());
        drop(first);
        assert!(begin(10).is_some());
        drop(others);
        assert!(answering.running().is_empty());
    }
}
