//! The socket that quinn has: UDP, and every tunnel beside it.
//!
//! # Not here
//! What a tunnel is: [`super::tunnel`].

use super::{Table, is_tunnel};
use bytes::Bytes;
use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{RecvMeta, Transmit},
};
use std::{
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::sync::mpsc;

/// Datagrams that came by tunnels and that quinn has not taken yet; a tunnel waits when it is full.
const INBOX_MAX: usize = 1024;

/// A datagram from a tunnel's address.
pub(crate) type Came = (SocketAddr, Bytes);

/// See the module.
#[derive(Debug)]
pub(crate) struct Socket {
    udp: Arc<dyn AsyncUdpSocket>,
    table: Arc<Table>,
    came: Mutex<mpsc::Receiver<Came>>,
}

impl Socket {
    /// Around a UDP socket. What tunnels bring goes into the sender.
    pub(crate) fn new(udp: Arc<dyn AsyncUdpSocket>, table: Arc<Table>) -> (Arc<Self>, mpsc::Sender<Came>) {
        let (inbox, came) = mpsc::channel(INBOX_MAX);
        (Arc::new(Self { udp, table, came: Mutex::new(came) }), inbox)
    }

    /// Sends a few bytes that mean nothing by UDP: they open a way back through an address translator. Best effort.
    pub(crate) fn knock(&self, to: SocketAddr) {
        let is_v6 = self.udp.local_addr().is_ok_and(|own| own.is_ipv6());
        let destination = match to.ip() {
            std::net::IpAddr::V4(v4) if is_v6 => SocketAddr::from((v4.to_ipv6_mapped(), to.port())),
            std::net::IpAddr::V6(_) if !is_v6 => return,
            _ => to,
        };
        // Too short for a packet of QUIC, and without its fixed bit: whatever gets it drops it.
        let knock = Transmit { destination, ecn: None, contents: &[0; 8], segment_size: None, src_ip: None };
        let _ = self.udp.try_send(&knock);
    }

    fn take_tunnelled(&self, cx: &mut Context<'_>, bufs: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta]) -> usize {
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = 0;
        for (buf, meta) in bufs.iter_mut().zip(meta.iter_mut()) {
            let Poll::Ready(Some((addr, bytes))) = came.poll_recv(cx) else { break };
            let len = bytes.len().min(buf.len());
            if let (Some(into), Some(from)) = (buf.get_mut(..len), bytes.get(..len)) {
                into.copy_from_slice(from);
            }
            *meta = RecvMeta { addr, len, stride: len, ecn: None, dst_ip: None };
            taken += 1;
        }
        taken
    }
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        self.udp.clone().create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        if !is_tunnel(&transmit.destination) {
            return self.udp.try_send(transmit);
        }
        // A full tunnel drops, as a full queue on the way does; one that is gone brings nothing.
        if let Some(tunnel) = self.table.at(&transmit.destination) {
            let size = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
            transmit.contents.chunks(size).for_each(|datagram| tunnel.send(datagram));
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        // Half of the places: neither kind of road waits for the other.
        let half = (bufs.len() / 2).max(1);
        let taken = match (bufs.get_mut(..half), meta.get_mut(..half)) {
            (Some(bufs), Some(meta)) => self.take_tunnelled(cx, bufs, meta),
            _ => 0,
        };
        let (Some(bufs), Some(rest)) = (bufs.get_mut(taken..), meta.get_mut(taken..)) else {
            return Poll::Ready(Ok(taken));
        };
        if rest.is_empty() {
            return Poll::Ready(Ok(taken));
        }
        match self.udp.poll_recv(cx, bufs, rest) {
            Poll::Ready(Ok(more)) => {
                // Nobody's datagram comes by UDP from a tunnel's address, unless somebody made it up.
                rest.iter_mut().take(more).filter(|meta| is_tunnel(&meta.addr)).for_each(|meta| meta.len = 0);
                Poll::Ready(Ok(taken + more))
            }
            Poll::Ready(Err(fault)) if taken == 0 => Poll::Ready(Err(fault)),
            Poll::Pending if taken == 0 => Poll::Pending,
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Ready(Ok(taken)),
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.udp.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.udp.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.udp.may_fragment()
    }
}
