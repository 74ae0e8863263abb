//! Peers that the control plane has no road to, and that the pixel plane reaches: their messages go by way of it.
//!
//! # Not here
//! The pixel plane: whoever wires the planes gives it ([`Aside`]).

use super::{Overlay, news::Channel};
use futures::future::BoxFuture;
use protocol::SiteId;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::Arc,
};
use tokio::sync::oneshot;

/// Another road for messages.
pub(crate) trait Aside: Send + Sync + Debug {
    /// Asks a site; `None` when it does not answer.
    fn ask(&self, site: SiteId, bytes: Vec<u8>) -> BoxFuture<'static, Option<Vec<u8>>>;
    /// Sites that can be asked, and the word of the road to each.
    fn heard(&self) -> BTreeMap<SiteId, &'static str>;
    /// These are missed: a road to each is to be kept open.
    fn miss(&self, sites: &BTreeSet<SiteId>);
}

/// Looks a peer is missed for before another road is taken: both roads of its own were dialled by then.
const LOOKS: u32 = 3;

/// Who is reached by it now.
#[derive(Debug, Default)]
pub(super) struct Beside {
    road: Option<Arc<dyn Aside>>,
    missed: BTreeMap<SiteId, u32>,
    reached: BTreeMap<SiteId, &'static str>,
}

/// What changed about a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Came(SiteId),
    Went(SiteId),
    Road(SiteId),
}

impl Beside {
    pub(super) fn set(&mut self, road: Arc<dyn Aside>) {
        self.road = Some(road);
    }

    /// The word of the road that a peer is reached by.
    pub(super) fn road(&self, site: &SiteId) -> Option<&'static str> {
        self.reached.get(site).copied()
    }

    /// How a peer is asked that is reached by it.
    pub(super) fn ask(&self, site: &SiteId, bytes: Vec<u8>) -> Option<BoxFuture<'static, Option<Vec<u8>>>> {
        self.reached.get(site)?;
        Some(self.road.as_ref()?.ask(*site, bytes))
    }

    /// It has a road of its own again.
    pub(super) fn leave(&mut self, site: &SiteId) {
        self.missed.remove(site);
        self.reached.remove(site);
    }

    /// Looks once a second, given all who have no road of their own.
    pub(super) fn look(&mut self, missing: &[SiteId]) -> Vec<Change> {
        let Some(road) = &self.road else { return Vec::new() };
        self.missed.retain(|site, _| missing.contains(site));
        for site in missing {
            let looks = self.missed.entry(*site).or_default();
            *looks = looks.saturating_add(1);
        }
        let missed: BTreeSet<SiteId> =
            self.missed.iter().filter(|(_, looks)| **looks >= LOOKS).map(|(site, _)| *site).collect();
        road.miss(&missed);
        let mut heard = if missed.is_empty() { BTreeMap::new() } else { road.heard() };
        heard.retain(|site, _| missed.contains(site));
        let mut changes: Vec<Change> =
            self.reached.keys().filter(|site| !heard.contains_key(site)).map(|site| Change::Went(*site)).collect();
        for (site, word) in &heard {
            match self.reached.get(site) {
                None => changes.push(Change::Came(*site)),
                Some(before) if before != word => changes.push(Change::Road(*site)),
                Some(_) => {}
            }
        }
        self.reached = heard;
        changes
    }
}

impl Overlay {
    /// From now on messages to peers without a road of their own go this way.
    pub(crate) async fn reach_by(&self, aside: Arc<dyn Aside>) {
        self.inner.link.reach_by(aside).await;
    }

    /// A peer said something by another road; the answer goes where it came from.
    pub(crate) fn hear(&self, site: SiteId, bytes: Vec<u8>, reply: oneshot::Sender<Vec<u8>>) {
        self.inner.asked(site, bytes, Channel::Aside(reply));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, PoisonError};

    #[derive(Debug, Default)]
    struct Fake(Mutex<(BTreeMap<SiteId, &'static str>, BTreeSet<SiteId>)>);

    impl Aside for Fake {
        fn ask(&self, _: SiteId, bytes: Vec<u8>) -> BoxFuture<'static, Option<Vec<u8>>> {
            Box::pin(async move { Some(bytes) })
        }
        fn heard(&self) -> BTreeMap<SiteId, &'static str> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
        }
        fn miss(&self, sites: &BTreeSet<SiteId>) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone_from(sites);
        }
    }

    #[test]
    fn who_is_missed_for_a_while_and_heard_elsewhere_is_reached_there_until_it_is_not_missed() {
        let (a, b) = (SiteId([1; 32]), SiteId([2; 32]));
        let road = Arc::new(Fake::default());
        let mut beside = Beside::default();
        beside.set(road.clone());
        road.0.lock().unwrap().0.extend([(a, "relay"), (b, "direct")]);
        assert_eq!(beside.look(&[a]), []);
        assert_eq!(beside.look(&[a]), []);
        assert_eq!(beside.look(&[a]), [Change::Came(a)]);
        assert_eq!(road.0.lock().unwrap().1, BTreeSet::from([a]));
        assert!(beside.ask(&a, Vec::new()).is_some() && beside.ask(&b, Vec::new()).is_none());
        road.0.lock().unwrap().0.insert(a, "punched");
        assert_eq!(beside.look(&[a]), [Change::Road(a)]);
        assert_eq!(beside.road(&a), Some("punched"));
        road.0.lock().unwrap().0.remove(&a);
        assert_eq!(beside.look(&[a]), [Change::Went(a)]);
        road.0.lock().unwrap().0.insert(a, "relay");
        assert_eq!(beside.look(&[a]), [Change::Came(a)]);
        beside.leave(&a);
        assert_eq!(beside.look(&[]), []);
        assert!(beside.ask(&a, Vec::new()).is_none());
    }
}
