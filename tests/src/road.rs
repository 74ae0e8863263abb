//! The road between a reader and a holder's pixel plane, in the hands of the story.
//!
//! A road listens where the holder says it listens, with the holder's own key, and asks the true holder with the
//! reader's key: to the reader it *is* the holder. It can pass bytes on as they are, change them, or hold them back.
//! Against it a reader's own checks are all that stands; a node that lies could do no more.
//!
//! # Not here
//! The control plane: cards and agreements come from the true holder, unaltered.

use crate::tools::quic::{self, Key};
use protocol::{
    fetch::{ALPNS, Answer, Request, What},
    wire,
};
use quinn::{Connection, RecvStream, SendStream, VarInt};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

/// What becomes of bytes on the road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// They pass as they are.
    Honest,
    /// One bit of every object's range is turned.
    WrongByte,
    /// One bit of the list of group values is turned.
    WrongList,
    /// One bit of every header pack is turned.
    WrongHeaders,
    /// One bit of every manifest is turned.
    WrongManifest,
    /// One bit of everything coded is turned.
    WrongCoding,
}

#[derive(Debug)]
struct Shared {
    conduct: Mutex<Conduct>,
    /// KiB of objects that may still pass.
    allowance: Semaphore,
    passed: AtomicU64,
    coded: AtomicU64,
    lines: AtomicUsize,
    asked: AtomicUsize,
    to: SocketAddr,
    reader: Key,
    names: &'static [&'static [u8]],
}

/// A road. Gone when dropped.
#[derive(Debug)]
pub struct Road {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

const PIECE: usize = 1024;

impl Road {
    /// Opens a road at `at`, in the name of `holder`, to the true holder at `to`, in the name of `reader`. Pairing
    /// (TCP) passes as it is; images by TCP do not.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn open(at: SocketAddr, holder: &Key, to: SocketAddr, reader: Key) -> anyhow::Result<Self> {
        Self::of_version(at, holder, to, reader, &ALPNS).await
    }

    /// As [`Self::open`], between ends that agree on one of these names of the pixel plane only.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn of_version(
        at: SocketAddr,
        holder: &Key,
        to: SocketAddr,
        reader: Key,
        names: &'static [&'static [u8]],
    ) -> anyhow::Result<Self> {
        let endpoint = quic::listen_as(at, holder, names)?;
        let pairing = TcpListener::bind(at).await?;
        let shared = Arc::new(Shared {
            conduct: Mutex::new(Conduct::Honest),
            allowance: Semaphore::new(Semaphore::MAX_PERMITS / 2),
            passed: AtomicU64::new(0),
            coded: AtomicU64::new(0),
            lines: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            to,
            reader,
            names,
        });
        let mut tasks = JoinSet::new();
        let lines = shared.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Some(incoming) = endpoint.accept().await {
                if let Ok(connection) = incoming.await {
                    connections.spawn(carry(connection, lines.clone()));
                }
            }
        });
        tasks.spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((mut call, _)) = pairing.accept().await {
                calls.spawn(async move {
                    // A tunnel (TLS) would lead past the road.
                    let mut first = [0; 1];
                    if matches!(call.peek(&mut first).await, Ok(1)) && first == [0x16] {
                        return;
                    }
                    if let Ok(mut holder) = TcpStream::connect(to).await {
                        let _ = tokio::io::copy_bidirectional(&mut call, &mut holder).await;
                    }
                });
            }
        });
        Ok(Self { shared, _tasks: tasks })
    }

    /// Changes what becomes of bytes from now on.
    pub fn conduct(&self, conduct: Conduct) {
        *self.shared.conduct.lock().unwrap() = conduct;
    }

    /// Lets only so many more KiB of objects pass; the rest waits on the road.
    pub fn allow_only(&self, kib: usize) {
        self.shared.allowance.forget_permits(usize::MAX >> 4);
        self.shared.allowance.add_permits(kib);
    }

    /// Lets everything pass again.
    pub fn allow_all(&self) {
        self.shared.allowance.add_permits(Semaphore::MAX_PERMITS / 2 - self.shared.allowance.available_permits());
    }

    /// Connections that the holder keeps open over this road.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.shared.lines.load(Ordering::Relaxed)
    }

    /// Requests that passed, but those that only say how urgent another is.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::Relaxed)
    }

    /// Bytes of objects that passed.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::Relaxed)
    }

    /// Bytes of objects that would have passed in place of those that passed coded.
    #[must_use]
    pub fn coded(&self) -> u64 {
        self.shared.coded.load(Ordering::Relaxed)
    }
}

/// Carries one connection of the reader until either end closes it.
async fn carry(reader: Connection, shared: Arc<Shared>) {
    // Asked of the holder it would be in the reader's name.
    if !shared.reader.is_of(&reader) {
        return reader.close(VarInt::from_u32(1), b"a road of somebody else");
    }
    let Ok(holder) = quic::dial_as(shared.to, &shared.reader, shared.names).await else {
        reader.close(VarInt::from_u32(1), b"the holder is away");
        return;
    };
    shared.lines.fetch_add(1, Ordering::Relaxed);
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            accepted = reader.accept_bi() => match accepted {
                Ok((answer, request)) => { streams.spawn(pass(request, answer, holder.clone(), shared.clone())); }
                Err(_) => break,
            },
            _ = holder.closed() => break,
        }
    }
    shared.lines.fetch_sub(1, Ordering::Relaxed);
    reader.close(VarInt::from_u32(1), b"");
    holder.close(VarInt::from_u32(1), b"");
}

/// Carries one request and its answer. A reset at the holder becomes a reset for the reader.
async fn pass(mut from_reader: RecvStream, mut to_reader: SendStream, holder: Connection, shared: Arc<Shared>) {
    if pass_on(&mut from_reader, &mut to_reader, &holder, &shared).await.is_err() {
        let _ = to_reader.reset(VarInt::from_u32(1));
    }
}

async fn pass_on(
    from_reader: &mut RecvStream,
    to_reader: &mut SendStream,
    holder: &Connection,
    shared: &Shared,
) -> anyhow::Result<()> {
    let request = from_reader.read_to_end(1 << 16).await?;
    let what = wire::decode::<Request>(request.get(2..).unwrap_or_default())?.what;
    let (mut to_holder, mut from_holder) = holder.open_bi().await?;
    to_holder.write_all(&request).await?;
    to_holder.finish()?;
    if matches!(what, What::Reprioritize { .. }) {
        let _ = from_holder.read_to_end(1 << 10).await;
        to_reader.finish()?;
        return Ok(());
    }
    // What is asked about the line itself is asked when the nodes see fit: it is neither counted nor changed.
    if matches!(what, What::Line | What::Sample { .. }) {
        tokio::io::copy(&mut from_holder, to_reader).await?;
        to_reader.finish()?;
        return Ok(());
    }
    shared.asked.fetch_add(1, Ordering::Relaxed);
    let parts: &[Conduct] = match what {
        What::Manifest(_) => &[Conduct::WrongManifest],
        What::Headers { .. } => &[Conduct::WrongHeaders],
        What::Opening { .. } => &[Conduct::WrongManifest, Conduct::WrongHeaders, Conduct::WrongByte],
        _ => &[Conduct::WrongByte],
    };
    let is_object = !matches!(what, What::Manifest(_) | What::Headers { .. } | What::Kept(_) | What::Trial { .. });
    for (nth, spoils) in parts.iter().enumerate() {
        let head = match quic::read_head(&mut from_holder).await {
            // The later parts may be left out.
            Err(_) if nth > 0 => break,
            head => head?,
        };
        pass_part(&mut from_holder, to_reader, head, (*spoils, is_object), shared).await?;
    }
    to_reader.finish()?;
    Ok(())
}

/// One answer: its head, and the bytes it speaks of.
async fn pass_part(
    from_holder: &mut RecvStream,
    to_reader: &mut SendStream,
    (head, answer): (Vec<u8>, Answer),
    (spoils, is_object): (Conduct, bool),
    shared: &Shared,
) -> anyhow::Result<()> {
    to_reader.write_all(&head).await?;
    let (mut left, spoils, is_object) = match answer {
        Answer::Blob { bytes } => (bytes, spoils, false),
        Answer::Range { bytes, .. } => (bytes, spoils, is_object),
        Answer::Coded { bytes, coded, .. } => {
            shared.coded.fetch_add(bytes.into(), Ordering::Relaxed);
            (coded, Conduct::WrongCoding, is_object)
        }
        Answer::Refused(_) => (0, spoils, false),
    };
    if let Answer::Range { values, .. } | Answer::Coded { values, .. } = answer {
        let mut list = vec![0; values as usize * 32];
        from_holder.read_exact(&mut list).await?;
        turn_bit(&mut list, shared.now(Conduct::WrongList));
        to_reader.write_all(&list).await?;
    }
    let mut turned = false;
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let most = PIECE.min(left as usize);
        let Some(read) = from_holder.read(&mut piece[..most]).await? else { break };
        left -= u32::try_from(read)?;
        if is_object {
            shared.allowance.acquire().await?.forget();
            shared.passed.fetch_add(read as u64, Ordering::Relaxed);
        }
        turn_bit(&mut piece[..read], !turned && shared.now(spoils));
        turned = true;
        to_reader.write_all(&piece[..read]).await?;
    }
    Ok(())
}

impl Shared {
    fn now(&self, conduct: Conduct) -> bool {
        *self.conduct.lock().unwrap() == conduct
    }
}

fn turn_bit(bytes: &mut [u8], wanted: bool) {
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle).filter(|_| wanted) {
        *byte ^= 1;
    }
}
