//! What the swarm tells upwards.
//!
//! # Not here
//! The swarm: [`super::swarm`]. Who hears it: [`super::converse`].

use libp2p::request_response;
use protocol::{Key, SiteId};
use tokio::sync::oneshot;

/// Where an answer goes.
#[derive(Debug)]
pub(super) enum Channel {
    Line(request_response::ResponseChannel<Vec<u8>>),
    /// The question came by another road.
    Aside(oneshot::Sender<Vec<u8>>),
}

/// What happened.
#[derive(Debug)]
pub(super) enum News {
    /// A connection to a site; it may have others, alive or dead.
    Connected(SiteId),
    /// The last one is gone.
    Disconnected(SiteId),
    /// The roads to a site changed: QUIC if any connection has it.
    Road(SiteId, Option<&'static str>),
    Asked {
        site: SiteId,
        bytes: Vec<u8>,
        channel: Channel,
    },
    /// A key that is no peer's was refused, or let into the hall.
    Stranger {
        key: Option<Key>,
        from: String,
    },
    /// This one was let into the hall.
    Visitor(Key),
    /// A key that is no peer's asks something: one in the hall, or one that answered where a peer was dialled.
    Heard {
        key: Key,
        bytes: Vec<u8>,
        channel: Channel,
    },
    /// This site was dialled, and this key answered.
    Claims(SiteId, Key),
}
