//! One piece of work per site at a time; asked for again meanwhile, it runs once more, and what failed is tried again
//! while the site is connected. A new connection asks for everything anew, so nothing is tried without one.

use super::Inner;
use protocol::SiteId;
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, task::JoinHandle};

/// After a first failure: a connection that was just replaced fails what it carried, and the other one is there.
const PAUSE_MIN: Duration = Duration::from_millis(200);
/// A peer that keeps failing costs a request in so long.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Which sites' work runs, and whether it shall run again. Bounded by the number of peers.
#[derive(Debug, Default)]
pub(super) struct OncePerSite {
    running: Mutex<HashMap<SiteId, bool>>,
    asked: Notify,
}

impl OncePerSite {
    fn change<T>(&self, change: impl FnOnce(&mut HashMap<SiteId, bool>) -> T) -> T {
        change(&mut self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the caller is to do it; otherwise whoever does it will do it again.
    pub(super) fn begin(&self, site: SiteId) -> bool {
        let ours = self.change(|running| match running.get_mut(&site) {
            Some(again) => {
                *again = true;
                false
            }
            None => {
                running.insert(site, false);
                true
            }
        });
        if !ours {
            self.asked.notify_waiters();
        }
        ours
    }

    /// Whether it is to be done again; otherwise it is over.
    pub(super) fn again(&self, site: &SiteId) -> bool {
        self.change(|running| match running.get_mut(site) {
            Some(again) if *again => {
                *again = false;
                true
            }
            _ => {
                running.remove(site);
                false
            }
        })
    }

    /// What begins now is what was asked for.
    fn taken_up(&self, site: &SiteId) {
        self.change(|running| running.insert(*site, false));
    }

    /// Resolves when it is asked for while it runs.
    async fn asked_again(&self, site: &SiteId) {
        loop {
            let news = self.asked.notified();
            if self.change(|running| running.get(site).copied().unwrap_or(false)) {
                return;
            }
            news.await;
        }
    }
}

impl Inner {
    /// Runs work for a site unless it runs already; it tells whether it is done. `None`: whoever runs it does it again.
    pub(super) fn once<F>(
        self: &Arc<Self>,
        name: &'static str,
        which: fn(&Self) -> &OncePerSite,
        site: SiteId,
        work: impl Fn(Arc<Self>) -> F + Send + 'static,
    ) -> Option<JoinHandle<()>>
    where
        F: Future<Output = bool> + Send + 'static,
    {
        if !which(self).begin(site) {
            return None;
        }
        let inner = self.clone();
        Some(self.tasks.spawn(name, async move {
            let once = which(&inner);
            let mut pause = PAUSE_MIN;
            loop {
                once.taken_up(&site);
                if !work(inner.clone()).await && inner.contacts.is_connected(&site) {
                    let asked = async {
                        tokio::time::sleep(PAUSE_MIN).await;
                        once.asked_again(&site).await;
                    };
                    pause = tokio::select! {
                        () = asked => PAUSE_MIN,
                        () = tokio::time::sleep(pause) => (pause * 2).min(PAUSE_MAX),
                        () = inner.tasks.stopping() => return,
                    };
                    continue;
                }
                if !once.again(&site) {
                    return;
                }
            }
        }))
    }
}
