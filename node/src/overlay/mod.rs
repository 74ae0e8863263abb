//! The control plane: pairing, the swarm of paired sites, the catalog feed and the directory it fills (stub).
use crate::{
    archive::{Archive, cache::Cache},
    audit::Audit,
    config::Config,
    identity::Identity,
    tasks::Tasks,
    trust::{Trust, TrustError},
};
use protocol::{SiteId, Timestamp, Uid, agreement::SignedAgreement, catalog::Basis, ids::Id128, manifest::StudyCard};
use std::sync::Arc;
use tokio::sync::broadcast;

/// A peer's study as it told us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteStudy {
    /// The site that told us and serves it.
    pub(crate) holder: SiteId,
    pub(crate) card: StudyCard,
    pub(crate) basis: Basis,
    /// When the card reached us.
    pub(crate) told: Timestamp,
}

/// How a peer is reached right now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) connected: bool,
    /// Last time anything was heard from it in this run or before.
    pub(crate) last: Option<Timestamp>,
    /// `quic` or `tcp`.
    pub(crate) road: Option<&'static str>,
    /// Their clock minus ours at the last hello, milliseconds.
    pub(crate) clock_offset_ms: Option<i64>,
}

/// A pairing on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pairing {
    pub(crate) id: Id128,
    /// Whether we invited.
    pub(crate) inviter: bool,
    pub(crate) state: PairingState,
    pub(crate) expires: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PairingState {
    /// Invitation open, nobody came yet.
    Waiting {
        tries_left: u8,
    },
    /// Keys agreed: both admins compare.
    Compare {
        peer_name: String,
        peer: SiteId,
        digits: String,
        confirmed_here: bool,
        confirmed_there: bool,
    },
    Done {
        peer_name: String,
        peer: SiteId,
    },
    Failed {
        reason: PairingFailure,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PairingFailure {
    #[error("the spoken code is wrong")]
    WrongCode,
    #[error("the invitation has expired or was used")]
    Expired,
    #[error("the other site cannot be reached")]
    Unreachable,
    #[error("the invitation is not readable")]
    BadInvitation,
    #[error("one side said the digits differ")]
    Rejected,
    #[error("the other side broke the protocol")]
    Protocol,
    #[error("this site is paired already")]
    AlreadyPaired,
}

/// News for those above.
#[derive(Clone, Debug)]
pub(crate) enum OverlayEvent {
    /// A card came, changed or went.
    Directory {
        holder: SiteId,
        study: Uid,
    },
    /// Many at once (an agreement ended, a feed began anew).
    DirectoryReset {
        holder: SiteId,
    },
    /// A peer came or went.
    Contact(SiteId),
    Pairing(Id128),
}

/// What is printed and spoken for an invitation.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    pub(crate) id: Id128,
    /// The text to send.
    pub(crate) text: String,
    /// The code to speak; eight digits in two groups.
    pub(crate) code: String,
    pub(crate) expires: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum OverlayError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: std::net::SocketAddr, source: std::io::Error },
    #[error("the peer cannot be reached; it will hear of this when it returns")]
    Unreachable,
    #[error(transparent)]
    Pairing(#[from] PairingFailure),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("{0}")]
    Transport(String),
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Overlay;

/// What the overlay is built from.
#[derive(Debug)]
pub(crate) struct OverlayParts {
    pub(crate) config: Arc<Config>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) trust: Trust,
    pub(crate) archive: Archive,
    pub(crate) cache: Cache,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
}

impl Overlay {
    /// Binds, reads the kept directory, starts the swarm and the feeds.
    pub(crate) async fn start(_parts: OverlayParts) -> Result<Self, OverlayError> {
        todo!()
    }
    pub(crate) fn events(&self) -> broadcast::Receiver<OverlayEvent> {
        todo!()
    }
    pub(crate) fn contact(&self, _site: &SiteId) -> Contact {
        todo!()
    }
    /// All studies told to us whose basis is in force.
    pub(crate) fn remote_studies(&self) -> Vec<RemoteStudy> {
        todo!()
    }
    /// Who told us of this study (in force only).
    pub(crate) fn holders(&self, _study: &Uid) -> Vec<RemoteStudy> {
        todo!()
    }
    pub(crate) async fn invite(&self) -> Result<Invitation, OverlayError> {
        todo!()
    }
    /// Joins with an invitation and the spoken code; ends in state Compare.
    pub(crate) async fn join(&self, _invitation: &str, _code: &str) -> Result<Pairing, OverlayError> {
        todo!()
    }
    pub(crate) fn pairings(&self) -> Vec<Pairing> {
        todo!()
    }
    /// This side's admin says whether digits and name agree. Both yes: the peer is added at both.
    pub(crate) async fn confirm(&self, _pairing: &Id128, _accept: bool) -> Result<Pairing, OverlayError> {
        todo!()
    }
    /// Sends an agreement now, or when the peer is next met (kept until received).
    pub(crate) async fn send_agreement(&self, _peer: &SiteId, _signed: SignedAgreement) -> Result<(), OverlayError> {
        todo!()
    }
    pub(crate) async fn send_ending(&self, _peer: &SiteId, _agreement: &Id128) -> Result<(), OverlayError> {
        todo!()
    }
    pub(crate) async fn send_grant(
        &self,
        _peer: &SiteId,
        _grant: protocol::Signed<protocol::grant::Grant>,
    ) -> Result<(), OverlayError> {
        todo!()
    }
    /// Tells the peer goodbye (best effort) and closes its connections.
    pub(crate) async fn drop_peer(&self, _peer: &SiteId) {
        todo!()
    }
}
