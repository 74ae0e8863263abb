//! One tunnel: datagrams and a few words between two sites, over any ordered stream of bytes, inside TLS.
//!
//! A frame is a `u16` little-endian length, a kind, and so many bytes. What does not fit the queue of a tunnel is dropped, as a
//! router would: QUIC's own control of its rate keeps the queue short. Whoever carries the bytes (a relay) can end the
//! tunnel; it can change or repeat nothing without TLS noticing, which is told apart from an end ([`Fault::Tampered`]).
//!
//! # At a crash
//! The other end sees the stream end.
//!
//! # Not here
//! Streams: [`super::tcp`], [`super::relay`]. What words bring about: [`super::punch`].

use super::{Road, socket::Came};
use bytes::{Buf, Bytes, BytesMut};
use protocol::{
    SiteId,
    roads::{DATAGRAM_BYTES_MAX, TunnelWord},
    wire,
};
use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{Notify, mpsc},
};
use tokio_util::sync::CancellationToken;

/// Bytes that wait to be written: what a 100 Mb/s link carries in a sixth of a second.
const QUEUE_BYTES_MAX: usize = 2 << 20;
/// Read and written at once.
const PIECE_BYTES: usize = 64 << 10;
/// Without a byte for so long nobody uses the tunnel: a connection over it sends something every 1.5 s.
const SILENT_MAX: Duration = Duration::from_secs(15);
/// How long the last bytes may take.
const GOODBYE_WITHIN: Duration = Duration::from_millis(300);
/// Words of one tunnel not heard yet; more are not heard.
const WORDS_MAX: usize = 4;
/// The head of a frame.
const HEAD_BYTES: usize = 3;

/// Kinds of frames.
mod kind {
    pub(super) const DATAGRAM: u8 = 0;
    pub(super) const WORD: u8 = 1;
}

/// Why a tunnel ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the stream ended: {0}")]
    Lost(io::Error),
    /// What came was not what the other end sent.
    #[error("the bytes were changed on the way")]
    Tampered,
    #[error("the other end broke the protocol")]
    Malformed,
}

impl From<io::Error> for Fault {
    fn from(fault: io::Error) -> Self {
        if is_tampered(&fault) { Self::Tampered } else { Self::Lost(fault) }
    }
}

/// Whether TLS found that bytes are not those that the other end sent, or heard the other end say so.
fn is_tampered(fault: &io::Error) -> bool {
    use rustls::{AlertDescription as Said, Error};
    let tls = fault.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    matches!(
        tls,
        Some(
            Error::DecryptError
                | Error::InvalidMessage(_)
                | Error::InappropriateMessage { .. }
                | Error::InappropriateHandshakeMessage { .. }
                | Error::PeerMisbehaved(_)
                | Error::PeerSentOversizedRecord
                | Error::InvalidCertificate(_)
                | Error::AlertReceived(
                    Said::BadRecordMac
                        | Said::DecryptError
                        | Said::DecodeError
                        | Said::RecordOverflow
                        | Said::UnexpectedMessage
                        | Said::IllegalParameter
                )
        )
    )
}

/// What waits to be written.
#[derive(Debug, Default)]
struct Out {
    bytes: Mutex<BytesMut>,
    news: Notify,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Tunnel {
    pub(crate) number: u32,
    /// What quinn takes it for.
    pub(crate) address: SocketAddr,
    pub(crate) peer: SiteId,
    pub(crate) road: Road,
    pub(crate) since: Instant,
    /// It ended, or is to end.
    pub(crate) over: CancellationToken,
    out: Out,
    words: (mpsc::Sender<TunnelWord>, tokio::sync::Mutex<mpsc::Receiver<TunnelWord>>),
}

impl Tunnel {
    pub(super) fn new(number: u32, address: SocketAddr, peer: SiteId, road: Road) -> Self {
        let (say, hear) = mpsc::channel(WORDS_MAX);
        Self {
            number,
            address,
            peer,
            road,
            since: Instant::now(),
            over: CancellationToken::new(),
            out: Out::default(),
            words: (say, tokio::sync::Mutex::new(hear)),
        }
    }

    /// Sends a datagram, or drops it.
    pub(super) fn send(&self, datagram: &[u8]) {
        self.push(kind::DATAGRAM, datagram);
    }

    /// Says a word to the other end.
    pub(crate) fn say(&self, word: &TunnelWord) {
        self.push(kind::WORD, &wire::encode(word));
    }

    /// The next word of the other end. One listens at a time.
    pub(crate) async fn hear(&self) -> Option<TunnelWord> {
        let mut words = self.words.1.lock().await;
        tokio::select! {
            () = self.over.cancelled() => None,
            word = words.recv() => word,
        }
    }

    fn push(&self, kind: u8, bytes: &[u8]) {
        let Some(length) = u16::try_from(bytes.len()).ok().filter(|_| bytes.len() <= DATAGRAM_BYTES_MAX) else {
            return;
        };
        {
            let mut out = self.out.bytes.lock().unwrap_or_else(PoisonError::into_inner);
            if out.len() + bytes.len() + HEAD_BYTES > QUEUE_BYTES_MAX {
                return;
            }
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&[kind]);
            out.extend_from_slice(bytes);
        }
        self.out.news.notify_one();
    }

    fn take(&self) -> Bytes {
        let mut out = self.out.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let size = out.len().min(PIECE_BYTES);
        out.split_to(size).freeze()
    }

    /// Carries until either end ends it. The caller closes the tunnel then.
    ///
    /// # Errors
    /// [`Fault`], where it was not an orderly end.
    pub(super) async fn carry<S>(&self, stream: S, inbox: &mpsc::Sender<Came>) -> Result<(), Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let (mut read, mut write) = tokio::io::split(stream);
        let carried = tokio::select! {
            () = self.over.cancelled() => Ok(()),
            read = self.receive(&mut read, inbox) => read,
            written = self.transmit(&mut write) => written.map_err(Fault::from),
        };
        let _ = tokio::time::timeout(GOODBYE_WITHIN, write.shutdown()).await;
        carried
    }

    async fn transmit(&self, write: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        loop {
            let piece = self.take();
            if piece.is_empty() {
                write.flush().await?;
                self.out.news.notified().await;
            } else {
                write.write_all(&piece).await?;
            }
        }
    }

    async fn receive(&self, read: &mut (impl AsyncRead + Unpin), inbox: &mpsc::Sender<Came>) -> Result<(), Fault> {
        let mut buffer = BytesMut::with_capacity(PIECE_BYTES);
        loop {
            while let Some((kind, bytes)) = frame(&mut buffer)? {
                match kind {
                    // The stream waits while quinn is busy: nothing is dropped here.
                    kind::DATAGRAM => {
                        let taken = inbox.send((self.address, bytes)).await;
                        if taken.is_err() {
                            return Ok(());
                        }
                    }
                    kind::WORD => {
                        let word = wire::decode(&bytes).map_err(|_| Fault::Malformed)?;
                        // More than are heard tell nothing new.
                        let _ = self.words.0.try_send(word);
                    }
                    // A later version's.
                    _ => {}
                }
            }
            buffer.reserve(PIECE_BYTES);
            let came = tokio::time::timeout(SILENT_MAX, read.read_buf(&mut buffer)).await;
            if came.map_err(|_| Fault::Lost(io::ErrorKind::TimedOut.into()))?? == 0 {
                return Ok(());
            }
        }
    }
}

/// Takes a whole frame out of what came.
fn frame(buffer: &mut BytesMut) -> Result<Option<(u8, Bytes)>, Fault> {
    let [low, high, kind, rest @ ..] = &buffer[..] else { return Ok(None) };
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    if length == 0 || length > DATAGRAM_BYTES_MAX {
        return Err(Fault::Malformed);
    }
    let kind = *kind;
    if rest.len() < length {
        return Ok(None);
    }
    buffer.advance(HEAD_BYTES);
    Ok(Some((kind, buffer.split_to(length).freeze())))
}

/// Any bytes are frames or are refused, for the fuzz targets.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz(bytes: &[u8]) {
    let mut buffer = BytesMut::from(bytes);
    let mut left = bytes.len();
    while let Ok(Some((_, frame))) = frame(&mut buffer) {
        assert!((1..=DATAGRAM_BYTES_MAX).contains(&frame.len()));
        assert_eq!(buffer.len() + frame.len() + HEAD_BYTES, left);
        left = buffer.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::roads::RoadKind;
    use std::sync::Arc;

    fn tunnel() -> Arc<Tunnel> {
        super::super::Table::default().open(SiteId([1; 32]), Road::of(RoadKind::Tcp)).unwrap()
    }

    #[tokio::test]
    async fn datagrams_and_words_come_as_they_were_sent_and_in_order() {
        let (here, there) = (tunnel(), tunnel());
        let (ours, theirs) = tokio::io::duplex(4096);
        let (inbox, mut came) = mpsc::channel::<Came>(8);
        let (other, _other) = mpsc::channel::<Came>(8);
        let sent: Vec<Vec<u8>> = (1..200u8).map(|n| vec![n; 1 + usize::from(n) * 7 % 1452]).collect();
        let story = async {
            for datagram in &sent {
                here.send(datagram);
                let (from, bytes) = came.recv().await.unwrap();
                assert_eq!((from, &bytes[..]), (there.address, &datagram[..]));
            }
            here.say(&TunnelWord::Go);
            assert_eq!(there.hear().await, Some(TunnelWord::Go));
            here.over.cancel();
        };
        let (a, b, ()) = tokio::join!(here.carry(ours, &other), there.carry(theirs, &inbox), story);
        assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
    }

    #[tokio::test]
    async fn a_queue_that_is_full_drops_what_comes_last() {
        let tunnel = tunnel();
        for _ in 0..10_000 {
            tunnel.send(&[7; 1000]);
        }
        assert!(tunnel.out.bytes.lock().unwrap().len() <= QUEUE_BYTES_MAX);
        let mut queued = BytesMut::from(&tunnel.out.bytes.lock().unwrap()[..]);
        while let Ok(Some((kind, bytes))) = frame(&mut queued) {
            assert_eq!((kind, &bytes[..]), (kind::DATAGRAM, &[7; 1000][..]));
        }
        assert!(queued.is_empty(), "whole frames only");
    }

    #[test]
    fn frames_over_their_bound_are_refused_before_they_are_waited_for() {
        for length in [0u16, 1501, u16::MAX] {
            let mut buffer = BytesMut::from(&[&length.to_le_bytes()[..], &[0]].concat()[..]);
            assert!(matches!(frame(&mut buffer), Err(Fault::Malformed)), "{length}");
        }
        assert!(frame(&mut BytesMut::from(&[9, 0][..])).unwrap().is_none());
        fuzz(&[1, 0, 0, 9, 1, 0]);
    }
}
