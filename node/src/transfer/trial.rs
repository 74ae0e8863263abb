//! A trial of the link to a peer: bytes that mean nothing, as fast as they come, for five seconds at most.
//!
//! The holder makes them as it sends them, behind every image that somebody waits for; one trial at a time, and one a
//! minute for each peer. Both sites write down what they measured, and each countersigns the other's entry, so that a
//! figure that two sites argue about stands in both ledgers.
//!
//! # At a crash
//! A trial that was not written down was none.
//!
//! # Not here
//! Who may ask for one here: an administrator, says the door. What is tried by itself of a line of which nothing is known:
//! [`super::sample`].

use super::{
    Inner, REACH_WITHIN, Transfer, TransferError, endpoint::code, give::Sender, past::Run, serve::Server, wire,
};
use crate::audit::{Act, Actor, Event, Outcome};
use bytes::Bytes;
use protocol::{
    Refusal, SiteId,
    agreement::Purpose,
    fetch::{Answer, Priority, Reader, Request, What},
    ids::Id128,
    limits::TRIAL_BYTES_MAX,
};
use quinn::{Connection, SendStream};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A trial ends then, however few bytes came.
const LASTS: Duration = Duration::from_secs(5);
/// What the asker waits for: the trial, and a slow link's last packets.
const WITHIN: Duration = Duration::from_secs(15);
/// Between two trials of one peer.
const PAUSE: Duration = Duration::from_secs(60);
/// Written at once.
const PIECE_BYTES: usize = 64 << 10;

/// What a trial found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trial {
    pub(crate) bytes: u64,
    /// From the first byte to the last.
    pub(crate) took_s: f64,
    pub(crate) rtt_s: f64,
}

impl Trial {
    /// Bits of what was carried, a second.
    pub(crate) fn bits_per_s(&self) -> f64 {
        if self.took_s > 0.0 { self.bytes as f64 * 8.0 / self.took_s } else { 0.0 }
    }

    fn note(&self) -> String {
        format!("{:.1} Mb/s over {:.2} s, round trip {:.1} ms", self.bits_per_s() / 1e6, self.took_s, self.rtt_s * 1e3)
    }
}

/// Between two samples of one peer.
const SAMPLE_PAUSE: Duration = Duration::from_secs(60);

/// When each peer's last trial began, and its last sample. Bounded by the number of peers.
#[derive(Debug, Default)]
pub(crate) struct Trials {
    begun: Mutex<HashMap<SiteId, Instant>>,
    sampled: Mutex<HashMap<SiteId, Instant>>,
}

impl Trials {
    /// Takes a peer's turn; else gives how long there is none.
    fn take(&self, peer: &SiteId, now: Instant) -> Result<(), Duration> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        // One at a time, whoever asks.
        let busy = begun.values().map(|at| LASTS.saturating_sub(now.duration_since(*at))).max().unwrap_or_default();
        let own = begun.get(peer).map_or(Duration::ZERO, |at| PAUSE.saturating_sub(now.duration_since(*at)));
        let wait = busy.max(own);
        if !wait.is_zero() {
            return Err(wait);
        }
        begun.insert(*peer, now);
        Ok(())
    }

    /// Takes a peer's turn for a sample; else gives how long there is none.
    pub(super) fn take_sample(&self, peer: &SiteId, now: Instant) -> Result<(), Duration> {
        let mut sampled = self.sampled.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = sampled.get(peer).map_or(Duration::ZERO, |at| SAMPLE_PAUSE.saturating_sub(now.duration_since(*at)));
        if !wait.is_zero() {
            return Err(wait);
        }
        sampled.insert(*peer, now);
        Ok(())
    }
}

impl Server {
    /// Sends bytes that mean nothing.
    pub(super) async fn try_link(
        &self,
        peer: SiteId,
        connection: &Connection,
        request: &Request,
        send: &mut SendStream,
    ) {
        let What::Trial { bytes } = request.what else { return };
        let turn = self.trust.require_open().and_then(|()| {
            self.trials
                .take(&peer, Instant::now())
                .map_err(|wait| Refusal::Busy(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).max(1)))
        });
        let mut sender = Sender::new(send, Priority::Backup, None);
        if let Err(refusal) = turn {
            let _ = sender.head(&Answer::Refused(refusal)).await;
            let _ = sender.finish().await;
            return;
        }
        let bytes = bytes.min(TRIAL_BYTES_MAX);
        let began = Instant::now();
        let stop = self.tasks.stop_token();
        let pouring = pour(&mut sender, bytes, began + LASTS);
        let sent = tokio::select! {
            () = stop.cancelled() => None,
            sent = pouring => sent,
        };
        let Some(sent) = sent else {
            let _ = send.reset(code::STOPPING);
            return;
        };
        let _ = tokio::time::timeout(WITHIN, sender.finish()).await;
        let trial = Trial { bytes: sent, took_s: began.elapsed().as_secs_f64(), rtt_s: connection.rtt().as_secs_f64() };
        let reader = &request.reader;
        let actor = Actor { person: reader.person.clone(), role: reader.role.clone(), site: Some(peer), from: None };
        let event = Event::new(Act::LinkTried, actor).peer(peer).amount(0, sent).note(trial.note());
        if let Err(fault) = self.alerts.audit().record(event).await {
            tracing::error!(%fault, "a trial of a link was not written down");
        }
    }
}

/// Bytes that nothing on the way can make fewer. Gives how many were sent; `None`: the asker went.
async fn pour(to: &mut Sender<'_>, bytes: u32, until: Instant) -> Option<u64> {
    to.head(&Answer::Blob { bytes }).await.ok()?;
    let mut noise = blake3::Hasher::new();
    noise.update(&crate::tasks::now().0.to_le_bytes());
    let mut noise = noise.finalize_xof();
    let (mut sent, all) = (0u64, u64::from(bytes));
    while sent < all && Instant::now() < until {
        let size = usize::try_from(all - sent).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        let mut piece = vec![0; size];
        noise.fill(&mut piece);
        let piece = to.piece(Bytes::from(piece));
        match tokio::time::timeout_at(until.into(), piece).await {
            Ok(Ok(())) => sent += size as u64,
            Ok(Err(_)) => return None,
            Err(_) => break,
        }
    }
    Some(sent)
}

impl Transfer {
    /// Tries the link to a peer, and writes down what it found.
    ///
    /// # Errors
    /// [`TransferError::Unreachable`]; [`Refusal::Busy`] when the peer was tried a moment ago; [`TransferError::Protocol`]
    /// from a site that does not know of trials.
    pub(crate) async fn try_link(&self, peer: &SiteId, actor: Actor) -> Result<Trial, TransferError> {
        let tried = tokio::time::timeout(WITHIN, self.inner.try_link(peer, &actor)).await;
        let tried = tried.unwrap_or(Err(TransferError::Unreachable));
        let mut event = Event::new(Act::LinkTried, actor).peer(*peer);
        event = match &tried {
            Ok(trial) => event.amount(0, trial.bytes).note(trial.note()),
            Err(TransferError::Refused(refusal)) => event.outcome(Outcome::Refused(*refusal)),
            Err(_) => event.outcome(Outcome::Failed),
        };
        if let Err(fault) = self.inner.alerts.audit().record(event).await {
            tracing::error!(%fault, "a trial of a link was not written down");
            return Err(TransferError::Refused(Refusal::Internal));
        }
        tried
    }
}

impl Inner {
    async fn try_link(&self, peer: &SiteId, actor: &Actor) -> Result<Trial, TransferError> {
        let pump = self.pump(peer).ok_or(Refusal::NotPaired)?;
        let live = pump.line().reach(REACH_WITHIN).await?;
        // Stands where a request names its study; no study is called so.
        let study = Id128([0; 16]).uid();
        let (person, role) = (actor.person.chars().take(64).collect(), actor.role.clone());
        let reader = Reader { person, role, copy: None, purpose: Purpose::Quality };
        let what = What::Trial { bytes: TRIAL_BYTES_MAX };
        let request = Request { study, reader, priority: Priority::Backup, what };
        let (mut send, mut recv) = live.connection.open_bi().await.map_err(|_| TransferError::Unreachable)?;
        wire::write_request(&mut send, &request).await.map_err(|_| TransferError::Unreachable)?;
        match wire::read_answer(&mut recv).await.map_err(|_| TransferError::Protocol)? {
            Answer::Blob { bytes } if bytes <= TRIAL_BYTES_MAX => {}
            Answer::Refused(refusal) => return Err(refusal.into()),
            Answer::Blob { .. } | Answer::Range { .. } | Answer::Coded { .. } => return Err(TransferError::Protocol),
        }
        let began = Instant::now();
        let mut came = 0u64;
        while let Ok(Some(piece)) = recv.read_chunk(PIECE_BYTES, true).await {
            came += piece.bytes.len() as u64;
            pump.line().pulse.beat();
            if came > u64::from(TRIAL_BYTES_MAX) {
                return Err(TransferError::Protocol);
            }
        }
        let trial =
            Trial { bytes: came, took_s: began.elapsed().as_secs_f64(), rtt_s: live.connection.rtt().as_secs_f64() };
        let (past, peer) = (self.past.clone(), *peer);
        let run = Run { bytes: trial.bytes, wire: None, took_s: trial.took_s, rtt_s: trial.rtt_s };
        drop(self.tasks.spawn_blocking("transfer.past", move || past.note_run(&peer, run)));
        Ok(trial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_one_trial_a_minute_and_nobody_has_two_at_once() {
        let (trials, now) = (Trials::default(), Instant::now());
        let (a, b) = (SiteId([1; 32]), SiteId([2; 32]));
        assert_eq!(trials.take(&a, now), Ok(()));
        assert_eq!(trials.take(&b, now), Err(LASTS));
        assert_eq!(trials.take(&b, now + LASTS), Ok(()));
        assert_eq!(trials.take(&a, now + LASTS * 2), Err(PAUSE - LASTS * 2));
        assert_eq!(trials.take(&a, now + PAUSE), Ok(()));
    }

    #[test]
    fn a_peer_has_one_sample_a_minute_beside_its_trials() {
        let (trials, now) = (Trials::default(), Instant::now());
        let (a, b) = (SiteId([1; 32]), SiteId([2; 32]));
        assert_eq!((trials.take_sample(&a, now), trials.take_sample(&b, now)), (Ok(()), Ok(())));
        assert_eq!(trials.take_sample(&a, now + SAMPLE_PAUSE / 2), Err(SAMPLE_PAUSE / 2));
        assert_eq!(trials.take(&a, now), Ok(()), "who tries a link need not wait for it");
        assert_eq!(trials.take_sample(&a, now + SAMPLE_PAUSE), Ok(()));
    }
}
