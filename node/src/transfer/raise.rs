//! What runs becomes more urgent, or less: its holder is told, or it is taken back and asked for anew.
//!
//! # Not here
//! How urgent what is: [`super::schedule`]. Running it: [`super::pump`]. When prefetch gives way to another line: [`super::access`].

use super::{errand::Span, fetch::Run as Fetching, pump::Pump, schedule::Urgency};
use protocol::fetch::{Priority, Request, What};
use std::sync::Arc;

impl Pump {
    /// Nobody looks at a span as before: it waits as less.
    pub(crate) fn lower(&self, span: &Span, to: Urgency) {
        let lent = {
            let mut queue = self.queue();
            if !queue.lower(span, to) {
                return;
            }
            queue.lent_to(span)
        };
        match lent {
            None => self.let_pass(self, span, to),
            Some(site) => {
                if let Some(helper) = span.pump_of(&site) {
                    helper.let_pass(self, span, to);
                }
            }
        }
    }

    /// What runs and is no longer looked at is taken back where nothing of it came yet and much stands before it: all that is
    /// asked for behind it would wait for it. What is about to come goes on.
    fn let_pass(&self, home: &Self, span: &Span, to: Urgency) {
        let run = self.table().get(span).cloned();
        let is_about_to_come =
            |run: &Arc<Fetching>| run.moved().is_some() || (run.asked().is_some() && !self.is_far_back(run));
        if run.as_ref().is_some_and(is_about_to_come) {
            return;
        }
        home.queue().lower_running(span, to);
        if let Some(run) = run {
            run.hasten();
        }
    }

    /// A running request became urgent. What stands far back in the holder's queue is asked for anew, since a connection keeps
    /// the order in which it was given bytes; of what is about to come the holder is told. Best effort: without it the image
    /// comes a little later.
    pub(super) fn raise(&self, span: &Span, priority: Priority) {
        let run = self.table().get(span).cloned();
        if let Some(run) = run {
            let is_far = priority >= Priority::Screen && run.moved().is_none() && self.is_far_back(&run);
            // What was not asked for yet will be asked for as what it is now.
            if !run.raise(priority, self.expects(priority)) {
                return;
            }
            if is_far {
                return run.hasten();
            }
        }
        let object = &span.object;
        let (Some(live), Some(errand)) = (self.line.live(), object.errand.upgrade()) else { return };
        let request = Request {
            study: errand.study.clone(),
            reader: object.reader.clone(),
            priority,
            what: What::Reprioritize { digest: object.digest },
        };
        self.tasks.spawn("transfer.raise", async move {
            if let Ok((mut send, _recv)) = live.connection.open_bi().await {
                let _ = super::wire::write_request(&mut send, &request).await;
            }
        });
    }

    /// Whether what stands before it takes longer than asking anew does. Nothing stands before what was not asked for yet.
    fn is_far_back(&self, run: &Fetching) -> bool {
        let (Some(since), (.., priority)) = (run.asked(), run.wanted()) else { return false };
        let is_before =
            |other: &&Arc<Fetching>| other.asked().is_some_and(|asked| asked < since) && other.wanted().2 >= priority;
        let before: u64 = self.table().values().filter(is_before).map(|other| other.left()).sum();
        let Some(live) = self.line.live() else { return false };
        before as f64 > self.rate_now().max(1.0) * live.connection.rtt().as_secs_f64()
    }

    /// Somebody waits on another line: what nobody waits for here and did not begin to come is taken back until there is room.
    pub(super) fn give_way(&self) {
        let is_idle = |run: &&Arc<Fetching>| run.wanted().2 <= Priority::Prefetch && run.moved().is_none();
        let idle: Vec<Arc<Fetching>> = self.table().values().filter(is_idle).cloned().collect();
        for run in idle {
            run.hasten();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::world, Fetching, Priority, Span};
    use protocol::{Digest, Uid, ids::Id128};
    use std::{net::SocketAddr, time::Duration};

    #[tokio::test(flavor = "multi_thread")]
    async fn who_looks_away_lets_it_go_along_with_its_series() {
        let (a, b) = (world::Site::new("CH Nord", 1).await, world::Site::new("Clinique Sud", 2).await);
        // Nobody answers there: all that is asked for waits.
        b.pair_by(&a, SocketAddr::from(([127, 0, 0, 1], 9))).await;
        let (study, digest) = (Uid::parse("1.2.826.67").unwrap(), Digest::of(b"two spans"));
        let errand = b.transfer.errand(&a.id(), &study, b.lease(&a, &study, Id128([1; 16]))).unwrap();
        let (of, reader) = ((&digest, 1_500_000), world::reader());
        let (object, shown) = errand.look(of, (0, 1_500_000), (Priority::Screen, true), &reader).unwrap();
        let (_, waits) = errand.look(of, (0, 1_500_000), (Priority::Series, false), &reader).unwrap();
        assert_eq!((errand.pump.load(), errand.pump.take(&errand).len()), ((2, 0), 0));
        errand.look_away(&object, shown);
        let left: Vec<_> = errand.pump.take(&errand).iter().map(|(span, priority)| (span.index, *priority)).collect();
        assert_eq!(left, [(0, Priority::Series), (1, Priority::Series)]);
        errand.look_away(&object, waits);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_not_asked_for_yet_is_asked_for_as_what_it_became() {
        let (a, b) = (world::Site::new("CH Nord", 1).await, world::Site::new("Clinique Sud", 2).await);
        b.pair_by(&a, SocketAddr::from(([127, 0, 0, 1], 9))).await;
        let (study, digest) = (Uid::parse("1.2.826.68").unwrap(), Digest::of(b"two spans"));
        let errand = b.transfer.errand(&a.id(), &study, b.lease(&a, &study, Id128([1; 16]))).unwrap();
        let object = errand.want((&digest, 1_500_000), (0, 1_500_000), Priority::Series, &world::reader()).unwrap();
        // It waits for the group values that come with the first span of its object.
        let run = Fetching::new(Span { object, index: 1 }, None, Priority::Series, Duration::ZERO);
        assert_eq!((run.asked(), run.raise(Priority::Screen, Duration::ZERO)), (None, false));
        assert_eq!(run.ask(), Priority::Screen);
        assert!(run.asked().is_some() && run.raise(Priority::Emergency, Duration::ZERO), "its holder is to be told");
    }
}
