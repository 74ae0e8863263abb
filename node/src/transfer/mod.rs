//! The pixel plane (stub: interface fixed).
use crate::{archive::Archive, audit::Audit, config::Config, identity::Identity, tasks::Tasks, trust::Trust};
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
pub(crate) enum TransferError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: std::net::SocketAddr, source: std::io::Error },
    #[error("the holder cannot be reached")]
    Unreachable,
    #[error("{0}")]
    Refused(#[from] protocol::Refusal),
    /// What came was not what the holder signed. Audited as a security alert.
    #[error("what came is not what the site signed")]
    Corrupt,
    #[error("the holder broke the protocol")]
    Protocol,
    #[error("the transfer was given up")]
    Cancelled,
    #[error(transparent)]
    Cache(#[from] crate::archive::cache::CacheError),
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Transfer;

#[derive(Debug)]
pub(crate) struct TransferParts {
    pub(crate) config: Arc<Config>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) trust: Trust,
    pub(crate) archive: Archive,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
}

impl Transfer {
    /// Binds the endpoint and serves trusted peers.
    pub(crate) async fn start(_parts: TransferParts) -> Result<Self, TransferError> {
        todo!()
    }
}
