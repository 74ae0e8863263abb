//! Messages of the control plane, where it has no road of its own to a peer that this plane reaches.
//!
//! # At a crash
//! The asker hears nothing, and asks again.
//!
//! # Not here
//! What they say: `overlay`, which they are handed to.

use super::{Transfer, keys, roads::relay::about_roads, serve::Server, wire};
use protocol::{
    Refusal, SiteId,
    fetch::{Answer, What},
    limits::MESSAGE_BYTES_MAX,
    roads::RoadKind,
};
use quinn::{RecvStream, SendStream};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// A question and its answer take so long at most, as on the control plane.
const WITHIN: Duration = Duration::from_secs(10);
/// Messages not yet heard.
const WAITING_MAX: usize = 64;

/// A message of a peer, and where its answer goes.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) site: SiteId,
    pub(crate) bytes: Vec<u8>,
    pub(crate) reply: oneshot::Sender<Vec<u8>>,
}

impl Transfer {
    /// What peers say by this plane, from now on. Once.
    pub(crate) fn messages(&self) -> mpsc::Receiver<Message> {
        let (say, hear) = mpsc::channel(WAITING_MAX);
        let _ = self.inner.messages.set(say);
        hear
    }

    /// Peers that can be asked by this plane, and the road to each.
    pub(crate) fn heard(&self) -> BTreeMap<SiteId, RoadKind> {
        let pumps = self.inner.pumps.lock().unwrap_or_else(PoisonError::into_inner);
        let live = pumps.iter().filter_map(|(site, pump)| pump.line().live().map(|live| (*site, live)));
        live.filter(|(_, live)| keys::knows_roads(&live.connection))
            .map(|(site, live)| (site, live.road.kind))
            .collect()
    }

    /// Lines to these peers are kept open although no images are exchanged, and to no others.
    pub(crate) fn keep_open(&self, peers: &BTreeSet<SiteId>) {
        let pumps = self.inner.pumps.lock().unwrap_or_else(PoisonError::into_inner);
        pumps.iter().for_each(|(site, pump)| pump.line().keep_open(peers.contains(site)));
    }

    /// Asks a peer; `None` when it is not connected or does not answer in time.
    pub(crate) async fn ask_aside(&self, peer: &SiteId, bytes: &[u8]) -> Option<Vec<u8>> {
        let pump = self.inner.pumps.lock().unwrap_or_else(PoisonError::into_inner).get(peer).cloned()?;
        let live = pump.line().live().filter(|live| keys::knows_roads(&live.connection))?;
        let asked = async {
            let (mut send, mut recv) = live.connection.open_bi().await.ok()?;
            let what = What::Message { bytes: u32::try_from(bytes.len()).ok()? };
            wire::begin_request(&mut send, &about_roads(what)).await.ok()?;
            send.write_all(bytes).await.ok()?;
            let _ = send.finish();
            let Answer::Blob { bytes } = wire::read_answer(&mut recv).await.ok()? else { return None };
            let length = usize::try_from(bytes).ok().filter(|bytes| *bytes <= MESSAGE_BYTES_MAX)?;
            let answer = recv.read_to_end(MESSAGE_BYTES_MAX).await.ok()?;
            (answer.len() == length).then_some(answer)
        };
        tokio::time::timeout(WITHIN, asked).await.ok().flatten()
    }

    /// Who takes the TCP calls of sites that pair, where this plane has the port.
    pub(crate) fn hand_pairing_to(
        &self,
        taker: impl Fn(tokio::net::TcpStream, std::net::SocketAddr) + Send + Sync + 'static,
    ) {
        self.inner.roads.hand_pairing_to(Box::new(taker));
    }
}

impl Server {
    /// Hears a message, and gives the answer of whom it is for.
    pub(super) async fn hear(&self, site: SiteId, bytes: u32, (mut send, mut recv): (SendStream, RecvStream)) {
        let _ = send.set_priority(wire::FIRST);
        let heard = tokio::time::timeout(WITHIN, self.heard(site, bytes, &mut recv)).await;
        let answer = match heard {
            Ok(Ok(answer)) => answer,
            Ok(Err(refusal)) => {
                let _ = wire::write_answer(&mut send, &Answer::Refused(refusal)).await;
                let _ = send.finish();
                return;
            }
            Err(_) => return,
        };
        let bytes = u32::try_from(answer.len()).unwrap_or_default();
        if wire::write_answer(&mut send, &Answer::Blob { bytes }).await.is_ok() {
            let _ = send.write_all(&answer).await;
            let _ = send.finish();
        }
    }

    async fn heard(&self, site: SiteId, bytes: u32, recv: &mut RecvStream) -> Result<Vec<u8>, Refusal> {
        let inner = self.roads.get().ok_or(Refusal::Busy(1_000))?;
        let to = inner.messages.get().ok_or(Refusal::Busy(1_000))?;
        let length = usize::try_from(bytes).ok().filter(|bytes| *bytes <= MESSAGE_BYTES_MAX);
        let length = length.ok_or(Refusal::Malformed)?;
        let bytes = recv.read_to_end(length).await.map_err(|_| Refusal::Malformed)?;
        if bytes.len() != length {
            return Err(Refusal::Malformed);
        }
        let (reply, answer) = oneshot::channel();
        to.try_send(Message { site, bytes, reply }).map_err(|_| Refusal::Busy(500))?;
        answer.await.map_err(|_| Refusal::Busy(500))
    }
}
