//! Evidence of what peers and strangers try, written down without letting them fill the log.
//!
//! The first of a kind is in the log at once. The same again within a minute is counted, and the count is one more record
//! when the minute is over, or when the node stops. Each peer has a share of kinds that are told apart in a minute, as it
//! may name a new study with every request; all strangers together have one share, as they may come with a new key
//! each time. What is over a share is counted together. So who asks in a loop, whatever it asks, costs a bounded number of
//! records a minute, and that it happened, and how often, is not lost.
//!
//! # At a crash
//! A count that was open is missing from the log; the first of its kind is not.
//!
//! # Not here
//! What is allowed: `trust`. The same for AEs: `dimse`.

use super::{Act, Actor, Audit, Event, Outcome};
use crate::tasks::Tasks;
use protocol::{Refusal, SiteId, Uid};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long the same is counted rather than written.
const WINDOW: Duration = Duration::from_secs(60);
/// Kinds told apart of one peer in a minute, and of all strangers together.
const SHARE: usize = 32;

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    Peer(SiteId),
    Stranger(SiteId),
    /// Over the share of a peer: not told apart.
    RestOf(SiteId),
    /// Over the share of all strangers.
    OtherStrangers,
}

impl Who {
    fn rest(self) -> Self {
        match self {
            Self::Peer(site) | Self::RestOf(site) => Self::RestOf(site),
            Self::Stranger(_) | Self::OtherStrangers => Self::OtherStrangers,
        }
    }

    fn is_rest(self) -> bool {
        self == self.rest()
    }
}

type Kind = (Who, &'static str, Option<Uid>);

#[derive(Debug)]
struct Counted {
    since: Instant,
    more: u64,
    /// What the count is written with.
    event: Event,
}

/// Writes such events. Clones share the counts.
#[derive(Clone, Debug)]
pub(crate) struct Alerts {
    audit: Audit,
    /// Bounded by the shares.
    counted: Arc<Mutex<HashMap<Kind, Counted>>>,
    /// Readers that each peer named within the minute. Bounded by the peers.
    gone: Arc<Mutex<HashMap<SiteId, (Instant, usize)>>>,
}

impl Alerts {
    pub(crate) fn new(audit: Audit) -> Self {
        Self { audit, counted: Arc::default(), gone: Arc::default() }
    }

    /// The log, for what is written every time.
    pub(crate) fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Something of a peer that admins must see.
    pub(crate) async fn security(&self, what: &'static str, peer: SiteId, study: Option<&Uid>) {
        let mut event = alert(what, peer);
        event.study = study.cloned();
        self.note(Who::Peer(peer), what, event).await;
    }

    /// Something of a site that is no peer.
    pub(crate) async fn stranger(&self, what: &'static str, site: SiteId) {
        self.note(Who::Stranger(site), what, alert(what, site)).await;
    }

    /// A peer asked for what it may not have; `why` is said of what is written at once.
    pub(crate) async fn refused(
        &self,
        actor: Actor,
        peer: SiteId,
        study: &Uid,
        refusal: Refusal,
        why: impl FnOnce() -> String,
    ) {
        let event = Event::new(Act::StudyServed, actor).outcome(Outcome::Refused(refusal)).peer(peer).study(study);
        match self.begun(Who::Peer(peer), refusal.code(), event, Instant::now()) {
            Some(event) if event.study.is_some() => self.write(event.note(why())).await,
            Some(event) => self.write(event).await,
            None => {}
        }
    }

    /// Somebody at a peer's reads no more. Within a minute so many are named as a peer has kinds; what it names beyond is
    /// counted, as it may name anybody, and as often as it likes.
    pub(crate) async fn reader_gone(&self, peer: SiteId, person: String) {
        let actor = Actor { person, site: Some(peer), ..Actor::default() };
        let event = Event::new(Act::ReaderGone, actor).peer(peer);
        let now = Instant::now();
        let is_named = {
            let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
            gone.retain(|_, (since, _)| now.saturating_duration_since(*since) < WINDOW);
            let (_, named) = gone.entry(peer).or_insert((now, 0));
            *named = named.saturating_add(1);
            *named <= SHARE
        };
        if is_named {
            return self.write(event).await;
        }
        if let Some(event) = self.begun(Who::Peer(peer), "readers gone", event, now) {
            self.write(event).await;
        }
    }

    async fn note(&self, who: Who, what: &'static str, event: Event) {
        if let Some(event) = self.begun(who, what, event, Instant::now()) {
            tracing::warn!(site = event.peer.map(|site| site.short()), "{what}");
            self.write(event).await;
        }
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<Kind, Counted>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts; gives what is to be written now.
    fn begun(&self, who: Who, what: &'static str, mut event: Event, now: Instant) -> Option<Event> {
        let mut counted = self.counted();
        let mut kind = (who, what, event.study.clone());
        let of_share = |(other, ..): &&Kind| !other.is_rest() && other.rest() == who.rest();
        if !counted.contains_key(&kind) && counted.keys().filter(of_share).count() >= SHARE {
            // Of no study, person or stranger in particular.
            kind = (who.rest(), what, None);
            event.study = None;
            event.actor = Actor { site: event.actor.site, ..Actor::default() };
            if kind.0 == Who::OtherStrangers {
                (event.peer, event.actor.site) = (None, None);
            }
        }
        if let Some(row) = counted.get_mut(&kind) {
            row.more += 1;
            return None;
        }
        counted.insert(kind, Counted { since: now, more: 0, event: event.clone() });
        Some(event)
    }

    /// The counts whose minute is over at `now`, as events; those of nothing are left away.
    fn over(&self, now: Instant) -> Vec<Event> {
        let mut over = Vec::new();
        self.counted().retain(|(_, what, _), row| {
            let is_over = now.saturating_duration_since(row.since) >= WINDOW;
            if is_over && row.more > 0 {
                let event = Event { at: crate::tasks::now(), ..row.event.clone() };
                over.push(event.note(format!("{what}: {} times more within a minute", row.more)));
            }
            !is_over
        });
        over
    }

    /// Writes counts as their minutes end, until the node stops.
    pub(crate) async fn run(self, tasks: Tasks) {
        let mut each = tokio::time::interval(WINDOW / 6);
        loop {
            let is_stopping = tokio::select! {
                () = tasks.stopping() => true,
                _ = each.tick() => false,
            };
            let until = if is_stopping { Instant::now() + WINDOW } else { Instant::now() };
            for event in self.over(until) {
                self.write(event).await;
            }
            if is_stopping {
                return;
            }
        }
    }

    async fn write(&self, event: Event) {
        if let Err(fault) = self.audit.record(event).await {
            tracing::error!(%fault, "an alert could not be written to the audit log");
        }
    }
}

fn alert(what: &'static str, site: SiteId) -> Event {
    let actor = Actor { site: Some(site), ..Actor::default() };
    Event::new(Act::SecurityAlert, actor).outcome(Outcome::Failed).peer(site).note(what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Filter;

    fn site(n: u32) -> SiteId {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        SiteId(bytes)
    }

    fn alerts() -> (tempfile::TempDir, Alerts) {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::open(folder.path(), &Tasks::default()).unwrap();
        (folder, Alerts::new(audit))
    }

    async fn minute_over(alerts: &Alerts) {
        for event in alerts.over(Instant::now() + WINDOW) {
            alerts.write(event).await;
        }
    }

    fn written(alerts: &Alerts) -> Vec<Event> {
        let page = alerts.audit.page(&Filter { limit: 1000, ..Filter::default() });
        page.into_iter().map(|(_, event)| event).collect()
    }

    #[tokio::test]
    async fn readers_that_are_gone_are_named_within_a_share() {
        let dir = tempfile::tempdir().unwrap();
        let audit = Audit::open(dir.path(), &Tasks::default()).unwrap();
        let alerts = Alerts::new(audit.clone());
        for n in 0..3 * SHARE {
            alerts.reader_gone(SiteId([1; 32]), format!("reader {n}")).await;
        }
        let written = audit.page(&Filter { limit: 1000, ..Filter::default() });
        assert_eq!(written.len(), SHARE + 1, "each of a share, and the first of the rest");
        assert_eq!(written.last().unwrap().1.actor.person, "reader 0");
    }

    #[tokio::test]
    async fn the_first_is_written_at_once_and_a_loop_of_them_as_one_count() {
        let (_folder, alerts) = alerts();
        for _ in 0..1000 {
            alerts.security("garbage", site(1), None).await;
        }
        alerts.security("garbage", site(2), None).await;
        alerts.security("corrupt", site(1), None).await;
        assert_eq!(written(&alerts).len(), 3);
        minute_over(&alerts).await;
        let notes: Vec<String> = written(&alerts).into_iter().map(|event| event.note).collect();
        assert_eq!(notes.len(), 4, "{notes:?}");
        assert!(notes.contains(&"garbage: 999 times more within a minute".to_owned()), "{notes:?}");
        alerts.security("garbage", site(1), None).await;
        assert_eq!(written(&alerts).len(), 5, "a new minute");
    }

    #[tokio::test]
    async fn ten_thousand_studies_cost_a_share_of_records_and_nobody_elses() {
        let (_folder, alerts) = alerts();
        let actor = || Actor { person: "mallory".to_owned(), ..Actor::default() };
        for n in 0..10_000 {
            let study = Uid::parse(&format!("1.2.{n}")).unwrap();
            alerts.refused(actor(), site(1), &study, Refusal::NotPermitted, || "no agreement".to_owned()).await;
        }
        let study = Uid::parse("1.2.7").unwrap();
        alerts.refused(actor(), site(2), &study, Refusal::NotPermitted, String::new).await;
        assert_eq!(written(&alerts).len(), SHARE + 2, "with the first of the rest, and the other peer's");
        minute_over(&alerts).await;
        let all = written(&alerts);
        let rest: Vec<&Event> = all.iter().filter(|event| event.note.contains("times more")).collect();
        assert_eq!(rest.len(), 1);
        let note = format!("not-permitted: {} times more within a minute", 10_000 - SHARE - 1);
        assert_eq!((rest[0].peer, rest[0].study.clone(), rest[0].note.as_str()), (Some(site(1)), None, note.as_str()));
    }

    #[tokio::test]
    async fn a_stranger_with_a_new_key_each_time_costs_one_share_and_no_peer_its_own() {
        let (_folder, alerts) = alerts();
        for n in 0..5000 {
            alerts.stranger("knocked", site(n)).await;
        }
        alerts.security("corrupt", site(1), None).await;
        assert_eq!(written(&alerts).len(), SHARE + 2);
        minute_over(&alerts).await;
        let all = written(&alerts);
        let rest = all.iter().find(|event| event.note.contains("times more")).unwrap();
        assert_eq!((rest.peer, rest.actor.site), (None, None));
        assert!(alerts.counted().is_empty());
    }
}
