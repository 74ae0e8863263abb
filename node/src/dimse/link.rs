//! One TCP connection that carries units: buffered, with a deadline on every read and write.
//!
//! Memory grows with what has arrived, never with what a header claims. Reading may be dropped at any await: what has
//! arrived stays in the buffer.

use super::{
    pdu::{self, Abort, DATA_BYTES_MAX, HEADER_BYTES, PDV_HEADER_BYTES, Pdu, PduError, Pdv},
    stream::Stream,
};
use bytes::{Buf, Bytes, BytesMut};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// How long each thing may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// ARTIM of PS3.8 §9.1.4: for the first unit, and for the close after the last.
    pub(crate) artim: Duration,
    /// For the next unit inside a message, and for every write.
    pub(crate) unit: Duration,
    /// Between messages.
    pub(crate) idle: Duration,
    /// Before what could not be delivered is tried again, at first; then longer.
    pub(crate) retry: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { artim: seconds(30), unit: seconds(60), idle: seconds(120), retry: seconds(10) }
    }
}

/// Why a connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("connection: {0}")]
    Io(#[from] std::io::Error),
    #[error("the peer closed the connection")]
    Closed,
    #[error("the peer was silent for too long")]
    Silent,
    #[error("{0}")]
    Pdu(#[from] PduError),
    #[error("the peer broke the protocol: {0}")]
    Unexpected(&'static str),
    #[error("the peer aborted the association (source {}, reason {})", .0.source, .0.reason)]
    Aborted(Abort),
}

impl LinkError {
    /// What to tell the peer before closing; `None` where nothing can be told any more.
    pub(crate) const fn abort(&self) -> Option<Abort> {
        match self {
            Self::Io(_) | Self::Closed | Self::Aborted(_) => None,
            Self::Silent => Some(Abort::UNSPECIFIED),
            Self::Pdu(e) => Some(e.abort()),
            Self::Unexpected(_) => Some(Abort::UNEXPECTED),
        }
    }
}

/// Outgoing bytes are sent when so many wait, or at [`Link::flush`].
const FLUSH_BYTES: usize = 64 * 1024;
/// The least that is asked of the socket at once.
const READ_BYTES_MIN: usize = 16 * 1024;

/// A connection.
#[derive(Debug)]
pub(crate) struct Link {
    stream: Stream,
    inbound: BytesMut,
    outbound: BytesMut,
    pub(crate) patience: Patience,
}

impl Link {
    /// Nagle's algorithm costs 40–50 ms a message with peers that delay acknowledgements: it is off.
    pub(crate) fn new(stream: impl Into<Stream>, patience: Patience) -> Result<Self, LinkError> {
        let stream = stream.into();
        stream.socket().set_nodelay(true)?;
        Ok(Self { stream, inbound: BytesMut::new(), outbound: BytesMut::new(), patience })
    }

    /// The next unit, whole, within a time.
    pub(crate) async fn read(&mut self, within: Duration) -> Result<Pdu, LinkError> {
        timeout(within, self.read_whole()).await.map_err(|_| LinkError::Silent)?
    }

    async fn read_whole(&mut self) -> Result<Pdu, LinkError> {
        let (kind, bytes) = loop {
            match pdu::header(&self.inbound)? {
                Some(found) => break found,
                None => self.fill(HEADER_BYTES).await?,
            }
        };
        while self.inbound.len() < HEADER_BYTES + bytes {
            let missing = HEADER_BYTES + bytes - self.inbound.len();
            self.fill(missing).await?;
        }
        self.inbound.advance(HEADER_BYTES);
        Ok(pdu::decode(kind, self.inbound.split_to(bytes).freeze())?)
    }

    async fn fill(&mut self, missing: usize) -> Result<(), LinkError> {
        self.inbound.reserve(missing.min(self.inbound.len()).max(READ_BYTES_MIN));
        // DCMTK writes a short answer in two pieces and, under Nagle's algorithm, holds the second until the first is
        // acknowledged: without this the kernel does so 40 ms later. It falls back by itself, so it is asked each time.
        // Where it cannot be asked, answers are slow and nothing is wrong.
        #[cfg(target_os = "linux")]
        if let Err(error) = socket2::SockRef::from(self.stream.socket()).set_tcp_quickack(true) {
            tracing::debug!(%error, "acknowledgements are left to the kernel");
        }
        match self.stream.read_buf(&mut self.inbound).await? {
            0 => Err(LinkError::Closed),
            _ => Ok(()),
        }
    }

    /// Sends a unit at once.
    pub(crate) async fn write(&mut self, unit: &Pdu) -> Result<(), LinkError> {
        pdu::encode(unit, &mut self.outbound);
        self.flush().await
    }

    /// Queues one fragment as a unit of its own; sends when enough waits.
    pub(crate) async fn write_fragment(&mut self, pdv: Pdv) -> Result<(), LinkError> {
        pdu::encode(&Pdu::Data(vec![pdv]), &mut self.outbound);
        if self.outbound.len() >= FLUSH_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Sends what waits.
    pub(crate) async fn flush(&mut self) -> Result<(), LinkError> {
        while !self.outbound.is_empty() {
            let sent = timeout(self.patience.unit, self.stream.write_buf(&mut self.outbound));
            if sent.await.map_err(|_| LinkError::Silent)?? == 0 {
                return Err(LinkError::Closed);
            }
        }
        // TLS may hold back what the socket did not take at once.
        timeout(self.patience.unit, self.stream.flush()).await.map_err(|_| LinkError::Silent)??;
        Ok(())
    }

    /// Tells the peer that it ends here, as far as it still listens, and closes.
    pub(crate) async fn abort(mut self, abort: Abort) {
        self.outbound.clear();
        if self.write(&Pdu::Abort(abort)).await.is_ok() {
            self.close().await;
        }
    }

    /// Closes our side and waits, within bounds, for the peer to close his: closing with unread bytes would reset the
    /// connection and take our last unit away from him.
    pub(crate) async fn close(mut self) {
        const DRAIN_BYTES_MAX: usize = 4 << 20;
        let wait = self.patience.artim.min(Duration::from_secs(5));
        let drain = async {
            self.stream.shutdown().await?;
            let mut drained = 0;
            while drained < DRAIN_BYTES_MAX {
                self.inbound.clear();
                self.inbound.reserve(READ_BYTES_MIN);
                match self.stream.read_buf(&mut self.inbound).await? {
                    0 => break,
                    bytes => drained += bytes,
                }
            }
            Ok::<_, std::io::Error>(())
        };
        // Whichever way it ends, the connection is over.
        let _ = timeout(wait, drain).await;
    }
}

/// Bytes of a fragment that fit a peer who takes units of `pdu_max` (0: any), an even number.
pub(crate) fn fragment_bytes(pdu_max: u32) -> usize {
    let unit = if pdu_max == 0 { DATA_BYTES_MAX } else { pdu_max.min(DATA_BYTES_MAX) };
    (usize::try_from(unit).unwrap_or(usize::MAX).saturating_sub(PDV_HEADER_BYTES) & !1).max(2)
}

/// Cuts bytes into fragments of at most `most` bytes; at least one, the last marked.
pub(crate) fn fragments(context: u8, command: bool, mut bytes: Bytes, most: usize) -> Vec<Pdv> {
    let mut all = Vec::with_capacity(bytes.len() / most + 1);
    loop {
        let piece = bytes.split_to(bytes.len().min(most));
        let last = bytes.is_empty();
        all.push(Pdv { context, command, last, bytes: piece });
        if last {
            return all;
        }
    }
}
