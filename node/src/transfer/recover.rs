//! The asker's side of a repair: bytes of one object from a peer, a range at a time, every group of 16 KiB compared with
//! the digest before it is given on.
//!
//! # Not here
//! Which peers may be asked, and where the bytes go: `studies`. Giving back: [`super::give_back`].

use super::{BLOB_TRIES, REACH_WITHIN, REPAIR, Transfer, TransferError, fetch, fetch::Fault, silence};
use bytes::Bytes;
use protocol::{
    Digest, Refusal, SiteId, Uid,
    agreement::Purpose,
    digest::Groups,
    fetch::{Priority, Reader, Request, What},
    limits::{GROUP_BYTES, RANGE_BYTES_MAX},
    manifest::{Manifest, StudyCard},
};
use std::sync::Arc;

/// Groups of one request.
const GROUPS: u64 = RANGE_BYTES_MAX / GROUP_BYTES;

/// By what right a peer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// It is our own: the peer has a copy of what we signed.
    Owner,
    /// An agreement lets us read the peer's own instance.
    Agreement,
}

/// An object to be had again.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub(crate) study: Uid,
    pub(crate) digest: Digest,
    pub(crate) bytes: u64,
}

/// How far asking one peer for one object came.
#[derive(Debug)]
pub(crate) struct Recovery {
    peer: SiteId,
    right: Right,
    lost: Lost,
    groups: Option<Arc<Groups>>,
    next: u64,
}

impl Recovery {
    pub(crate) fn new(peer: SiteId, right: Right, lost: Lost) -> Self {
        Self { peer, right, lost, groups: None, next: 0 }
    }

    fn request(&self) -> Request {
        let (digest, groups) = (self.lost.digest, self.groups.is_none() && Groups::count(self.lost.bytes) > 0);
        let groups_wanted = u32::try_from(GROUPS).unwrap_or(1);
        let what = match self.right {
            Right::Owner => What::Return { digest, groups, first_group: self.next, groups_wanted },
            Right::Agreement => What::Range { digest, groups, first_group: self.next, groups_wanted },
        };
        let reader = Reader { person: "node".to_owned(), role: REPAIR.to_owned(), copy: None, purpose: Purpose::Care };
        Request { study: self.lost.study.clone(), reader, priority: Priority::Backup, what }
    }
}

impl Transfer {
    /// The manifest that a card of ours names, given back by a peer that copied the study; believed by the card.
    ///
    /// # Errors
    /// [`TransferError`].
    pub(crate) async fn manifest_back(&self, peer: &SiteId, card: &StudyCard) -> Result<Manifest, TransferError> {
        let named = card.manifest.ok_or(Refusal::NotHeld)?;
        let reader = Reader { person: "node".to_owned(), role: REPAIR.to_owned(), copy: None, purpose: Purpose::Care };
        let what = What::ReturnManifest(named.digest);
        let request = Request { study: card.study.clone(), reader, priority: Priority::Backup, what };
        let bytes = self.blob(peer, &request, fetch::manifest_bytes_max(card)).await?;
        match fetch::believe_manifest(card, &bytes) {
            Ok(manifest) => Ok(manifest),
            Err(fault) => {
                Err(self.doubt(peer, &card.study, "a manifest given back is not the one we signed", fault).await)
            }
        }
    }

    /// The next piece of an object, verified; `None` at its end.
    ///
    /// # Errors
    /// [`TransferError::Corrupt`] is in the audit log already.
    pub(crate) async fn recover(&self, recovery: &mut Recovery) -> Result<Option<Bytes>, TransferError> {
        if recovery.next.saturating_mul(GROUP_BYTES) >= recovery.lost.bytes {
            return Ok(None);
        }
        let pump = self.inner.pump(&recovery.peer).ok_or(Refusal::NotPaired)?;
        let request = recovery.request();
        for _ in 0..BLOB_TRIES {
            let live = pump.line().reach(REACH_WITHIN).await?;
            pump.line().pulse.beat();
            let came = tokio::select! {
                () = live.abandoned.cancelled() => Err(Fault::Lost),
                () = silence(pump.line(), &live) => Err(Fault::Lost),
                came = fetch::piece(&live, &request, recovery.lost.bytes, recovery.groups.clone()) => came,
            };
            match came {
                Ok((groups, bytes)) => {
                    (recovery.groups, recovery.next) = (Some(groups), recovery.next + GROUPS);
                    return Ok(Some(bytes));
                }
                Err(Fault::Lost) => {}
                Err(Fault::Failed(failure)) => {
                    let what = "bytes for a repair are not those that were signed";
                    return Err(self.doubt(&recovery.peer, &recovery.lost.study, what, failure.into()).await);
                }
            }
        }
        Err(TransferError::Unreachable)
    }
}
