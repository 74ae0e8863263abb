//! Rotten objects of ours are repaired: from our own disks, from a PACS beside the node, or from a peer that has the same
//! bytes.
//!
//! Only sites that know of the study already are asked: those it is told to, and those that told us of it. Each is asked
//! for our own bytes back, which needs no agreement, and then for its own instance as an agreement lets us. Whoever sends
//! other bytes is named in the log, and the next one is asked. What nobody has stays on the list and is tried again, the
//! longer it takes the less often, and at once when a peer comes or a PACS lists the study anew.
//!
//! # At a crash
//! The list is the archive's; it is gone through anew.
//!
//! # Not here
//! Taking the bytes in: `archive::repair`. Which bytes are right: their digest says, `transfer` compares.

use super::Shared;
use crate::{
    archive::{ArchiveError, ArchiveEvent, IngestError, InstanceRow, RepairedFrom, StudyRow},
    overlay::OverlayEvent,
    sources::SourcesEvent,
    transfer::{Lost, Recovery, Right, TransferError},
};
use protocol::{Digest, SiteId, Uid};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::broadcast::error::RecvError;

/// The list is gone through so often, for what no event tells.
const EVERY: Duration = Duration::from_secs(60);
/// An object that nobody had is tried again after this time, and then after twice that.
const PAUSE_MIN: Duration = Duration::from_secs(60);
const PAUSE_MAX: Duration = Duration::from_secs(6 * 3600);
/// Many events together are one going through.
const GATHER: Duration = Duration::from_millis(100);

/// When an object that nobody had is tried again.
struct Pause {
    study: Uid,
    until: Instant,
    time: Duration,
}

type Pauses = HashMap<Digest, Pause>;

pub(super) fn start(shared: &Arc<Shared>) {
    shared.tasks.spawn("studies.repair", run(shared.clone()));
}

async fn run(shared: Arc<Shared>) {
    let (mut archive, mut overlay) = (shared.archive.events(), shared.overlay.events());
    let mut sources = shared.sources.events();
    let mut pauses = Pauses::new();
    loop {
        if let Err(error) = go_through(&shared, &mut pauses).await {
            tracing::error!(%error, "rotten objects could not be looked for; it is tried later");
        }
        let due = tokio::time::sleep(EVERY);
        tokio::pin!(due);
        loop {
            tokio::select! {
                () = shared.tasks.stopping() => return,
                () = &mut due => break,
                event = archive.recv() => match event {
                    Ok(ArchiveEvent::Rotten) | Err(RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return,
                },
                event = sources.recv() => match event {
                    Ok(SourcesEvent::Study(study)) => {
                        let before = pauses.len();
                        pauses.retain(|_, pause| pause.study != study);
                        if pauses.len() < before {
                            break;
                        }
                    }
                    Ok(SourcesEvent::Many) | Err(RecvError::Lagged(_)) => {
                        pauses.clear();
                        break;
                    }
                    Err(RecvError::Closed) => return,
                },
                event = overlay.recv() => match event {
                    Ok(OverlayEvent::Contact(peer)) if shared.overlay.contact(&peer).connected => {
                        pauses.clear();
                        break;
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
        tokio::time::sleep(GATHER).await;
    }
}

async fn go_through(shared: &Arc<Shared>, pauses: &mut Pauses) -> Result<(), IngestError> {
    let waiting = shared.archive.to_repair()?;
    pauses.retain(|digest, _| waiting.iter().any(|(_, row)| row.entry.digest == *digest));
    for (study, row) in waiting {
        let digest = row.entry.digest;
        if pauses.get(&digest).is_some_and(|pause| pause.until > Instant::now()) {
            continue;
        }
        let repaired = tokio::select! {
            () = shared.tasks.stopping() => return Ok(()),
            repaired = repair(shared, &study, &row) => repaired,
        };
        match repaired {
            Ok(true) => {
                pauses.remove(&digest);
            }
            Ok(false) | Err(_) => {
                if let Err(error) = repaired {
                    tracing::warn!(instance = %row.entry.instance, %error, "a rotten object could not be repaired");
                }
                let before = pauses.get(&digest).map_or(PAUSE_MIN / 2, |pause| pause.time);
                let time = (before * 2).min(PAUSE_MAX);
                pauses.insert(digest, Pause { study, until: Instant::now() + time, time });
            }
        }
    }
    Ok(())
}

/// Whether the object is whole again.
async fn repair(shared: &Arc<Shared>, study: &Uid, row: &InstanceRow) -> Result<bool, IngestError> {
    if shared.archive.repair_here(study, &row.entry.digest).await? {
        return Ok(true);
    }
    if shared.sources.repair(study, row).await {
        return Ok(true);
    }
    let Some(known) = shared.archive.study(study)? else { return Ok(false) };
    for peer in may_have(shared, &known)? {
        for right in [Right::Owner, Right::Agreement] {
            if from_peer(shared, (study, row), peer, right).await? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Peers that know of the study: nobody else is to learn its name by being asked.
fn may_have(shared: &Shared, study: &StudyRow) -> Result<BTreeSet<SiteId>, ArchiveError> {
    let facts = shared.archive.facts(study)?;
    let told_us = shared.overlay.holders(&study.study).into_iter().map(|remote| remote.holder);
    let peers = shared.trust.peers().into_iter().filter(|peer| peer.revoked.is_none()).map(|peer| peer.site);
    Ok(told_us.chain(peers.filter(|peer| shared.trust.may_tell(peer, &facts).is_some())).collect())
}

/// Whether a peer had it, and it was taken in.
async fn from_peer(
    shared: &Arc<Shared>,
    (study, row): (&Uid, &InstanceRow),
    peer: SiteId,
    right: Right,
) -> Result<bool, IngestError> {
    let lost = Lost { study: study.clone(), digest: row.entry.digest, bytes: row.entry.bytes };
    let mut recovery = Recovery::new(peer, right, lost);
    let mut spool = None;
    loop {
        match shared.transfer.recover(&mut recovery).await {
            Ok(Some(piece)) => {
                // Made with the first piece: most peers have none.
                if spool.is_none() {
                    spool = Some(shared.archive.repair_spool(study, row).await?);
                }
                if let Some(spool) = &mut spool {
                    spool.write(piece).await?;
                }
            }
            Ok(None) => break,
            Err(error) => {
                if !matches!(error, TransferError::Refused(_)) {
                    tracing::info!(peer = %peer.short(), %error, "no repair from this peer");
                }
                return Ok(false);
            }
        }
    }
    let Some(spool) = spool else { return Ok(false) };
    shared.archive.repair(study, row, spool, RepairedFrom::Peer(peer)).await?;
    Ok(true)
}
