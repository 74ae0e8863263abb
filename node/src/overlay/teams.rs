//! Names of teams that may be asked: ours are told to peers whose agreements let them ask us, at every greeting and when they
//! change; theirs are what they told last.
//!
//! A site that does not know the notice answers that it is malformed, and takes it for an oddity each time: it is not told again
//! for a day, or until it says the notice itself.
//!
//! # At a crash
//! What peers told is forgotten; they tell it at the next greeting.
//!
//! # Not here
//! Who is in a team, and what is kept for them: `cases`.

use super::{Inner, Overlay, converse::is_lost, once::OncePerSite};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Timestamp,
    case::event::{TEAMS_MAX, is_team},
    message::{Answer, Request},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A site that does not know the notice is told again after this: it may have a newer version by then.
const DEAF_FOR: Duration = Duration::from_secs(86_400);

/// What was told, both ways. Bounded by the peers.
#[derive(Debug, Default)]
pub(super) struct Teams {
    saying: OncePerSite,
    peers: Mutex<HashMap<SiteId, OfPeer>>,
}

#[derive(Debug, Default)]
struct OfPeer {
    /// Theirs.
    theirs: Vec<String>,
    /// It was told of some of ours, and has to hear when there are none any more.
    knows: bool,
    /// When it said that it does not know the notice.
    deaf: Option<Timestamp>,
}

impl Teams {
    fn all(&self) -> MutexGuard<'_, HashMap<SiteId, OfPeer>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a peer is told, so many names.
    fn is_to_hear(&self, peer: &SiteId, names: usize, now: Timestamp) -> bool {
        let all = self.all();
        let of = all.get(peer);
        let is_deaf = of.and_then(|of| of.deaf).is_some_and(|since| now.since(since) < DEAF_FOR);
        !is_deaf && (names > 0 || of.is_some_and(|of| of.knows))
    }

    fn was_told(&self, peer: SiteId, names: usize) {
        let mut all = self.all();
        let of = all.entry(peer).or_default();
        (of.knows, of.deaf) = (names > 0, None);
    }

    fn was_deaf(&self, peer: SiteId, now: Timestamp) {
        self.all().entry(peer).or_default().deaf = Some(now);
    }

    /// What a peer told before its greeting counts no more.
    pub(super) fn forget(&self, peer: &SiteId) {
        if let Some(of) = self.all().get_mut(peer) {
            of.theirs.clear();
        }
    }

    /// Whether the peer had been left alone: whoever says it knows it, and is told ours.
    fn hear(&self, peer: SiteId, names: Vec<String>) -> Result<bool, Refusal> {
        if names.len() > TEAMS_MAX || !names.iter().all(|name| is_team(name)) {
            return Err(Refusal::Malformed);
        }
        let mut all = self.all();
        let of = all.entry(peer).or_default();
        of.theirs = names;
        Ok(of.deaf.take().is_some())
    }

    fn of(&self, peer: &SiteId) -> Vec<String> {
        self.all().get(peer).map(|of| of.theirs.clone()).unwrap_or_default()
    }
}

impl Inner {
    pub(super) fn tell_teams(self: &Arc<Self>, peer: SiteId) {
        if self.contacts.is_connected(&peer) {
            let say = move |inner: Arc<Self>| async move { inner.say_teams(peer).await };
            self.once("teams", |inner| &inner.teams.saying, peer, say);
        }
    }

    /// Whether the peer has heard what it is to hear.
    async fn say_teams(&self, peer: SiteId) -> bool {
        let names: Vec<String> = match self.trust.may_ask_us(&peer) {
            true => self.cases.teams().iter().map(|team| team.name.clone()).collect(),
            false => Vec::new(),
        };
        let count = names.len();
        if !self.teams.is_to_hear(&peer, count, tasks::now()) {
            return true;
        }
        match self.ask(peer, &Request::Teams(names)).await {
            Some(Answer::Done) => self.teams.was_told(peer, count),
            Some(Answer::Refused(Refusal::Malformed | Refusal::Version)) => self.teams.was_deaf(peer, tasks::now()),
            answer if is_lost(answer.as_ref()) => return false,
            // It may not be told now: at the next greeting, or when they change.
            _ => {}
        }
        true
    }

    pub(super) fn hear_teams(self: &Arc<Self>, from: SiteId, names: Vec<String>) -> Result<(), Refusal> {
        if self.teams.hear(from, names)? {
            self.tell_teams(from);
        }
        Ok(())
    }
}

impl Overlay {
    /// Teams of a peer that may be asked, as it said last.
    pub(crate) fn teams_of(&self, peer: &SiteId) -> Vec<String> {
        self.inner.teams.of(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: SiteId = SiteId([7; 32]);
    const NOON: Timestamp = Timestamp(43_200_000);

    #[test]
    fn who_has_no_teams_says_nothing_unless_it_had_some() {
        let teams = Teams::default();
        assert!(!teams.is_to_hear(&PEER, 0, NOON) && teams.is_to_hear(&PEER, 1, NOON));
        teams.was_told(PEER, 1);
        assert!(teams.is_to_hear(&PEER, 0, NOON), "there are none any more");
        teams.was_told(PEER, 0);
        assert!(!teams.is_to_hear(&PEER, 0, NOON));
    }

    #[test]
    fn who_does_not_know_the_notice_is_left_alone_for_a_day_or_until_it_says_it_itself() {
        let teams = Teams::default();
        teams.was_deaf(PEER, NOON);
        assert!(!teams.is_to_hear(&PEER, 1, NOON.after(Duration::from_secs(3_600))));
        assert!(teams.is_to_hear(&PEER, 1, NOON.after(DEAF_FOR)));
        let says = || teams.hear(PEER, vec!["Neuroradiologie".to_owned()]);
        assert_eq!(says(), Ok(true), "it is told ours at once");
        assert!(teams.is_to_hear(&PEER, 1, NOON));
        assert_eq!(says(), Ok(false), "it has heard them");
    }

    #[test]
    fn a_peer_s_teams_are_those_it_told_last_and_within_bounds() {
        let teams = Teams::default();
        assert_eq!(teams.hear(PEER, vec!["Neuroradiologie".to_owned(), "Pédiatrie".to_owned()]), Ok(false));
        for wrong in [vec!["a\nb".to_owned()], vec![" ".to_owned()], vec!["x".to_owned(); TEAMS_MAX + 1]] {
            assert_eq!(teams.hear(PEER, wrong), Err(Refusal::Malformed));
        }
        assert_eq!(teams.of(&PEER), ["Neuroradiologie", "Pédiatrie"]);
        assert_eq!(teams.hear(PEER, vec!["Thorax".to_owned()]), Ok(false));
        assert_eq!(teams.of(&PEER), ["Thorax"]);
        teams.forget(&PEER);
        assert!(teams.of(&PEER).is_empty());
    }
}
