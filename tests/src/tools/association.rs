//! A DIMSE peer in which a story says what it likes, right or wrong (PS3.8 §9.3, PS3.7 §9.3): one association of one
//! class, and the last answer to each request.

use super::scu::{command, element, item, p_data, unit};
use std::{io, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
/// No unit of a node is longer.
const UNIT_BYTES_MAX: u32 = 1 << 20;
const PENDING: [u16; 2] = [0xFF00, 0xFF01];

/// What is proposed.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub called: String,
    pub calling: String,
    pub class: String,
    pub version: u16,
    pub application: String,
    pub pdu_max: u32,
    /// A name and its passcode (PS3.7 D.3.3.7, type 2).
    pub identity: Option<(String, String)>,
}

/// What was answered to a proposal.
#[derive(Debug)]
pub enum Answered {
    Accepted(Association),
    /// Source and reason.
    Rejected(u8, u8),
}

impl Proposal {
    #[must_use]
    pub fn new(called: &str, calling: &str, class: &str) -> Self {
        let text = str::to_owned;
        let application = text("1.2.840.10008.3.1.1.1");
        let (called, calling, class) = (text(called), text(calling), text(class));
        Self { called, calling, class, version: 1, application, pdu_max: 65_536, identity: None }
    }

    fn bytes(&self) -> Vec<u8> {
        let title = |text: &str| format!("{text:<16}").into_bytes();
        let syntaxes = [item(0x30, self.class.as_bytes()), item(0x40, IMPLICIT_LE.as_bytes())].concat();
        let context = [&[1, 0, 0, 0], &syntaxes[..]].concat();
        let mut user = [item(0x51, &self.pdu_max.to_be_bytes()), item(0x52, b"2.25.1")].concat();
        if let Some((name, passcode)) = &self.identity {
            let sized = |text: &str| [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat();
            user.extend(item(0x58, &[&[2, 0], &sized(name)[..], &sized(passcode)].concat()));
        }
        let items = [item(0x10, self.application.as_bytes()), item(0x20, &context), item(0x50, &user)].concat();
        let head = [&self.version.to_be_bytes()[..], &[0, 0]].concat();
        unit(1, &[&head[..], &title(&self.called), &title(&self.calling), &[0; 32], &items].concat())
    }

    /// Proposes.
    ///
    /// # Errors
    /// When nobody listens, or what comes back is no answer.
    pub async fn send(&self, to: SocketAddr) -> io::Result<Answered> {
        let mut stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&self.bytes()).await?;
        let (kind, body) = heard(&mut stream).await?;
        match (kind, &body[..]) {
            (2, _) => Ok(Answered::Accepted(Association { stream, received: Vec::new() })),
            (3, [_, _, source, reason]) => Ok(Answered::Rejected(*source, *reason)),
            _ => Err(io::Error::other(format!("a unit {kind} to a proposal"))),
        }
    }

    /// Proposes, and is accepted.
    ///
    /// # Panics
    /// When it is not.
    pub async fn accepted(&self, to: SocketAddr) -> Association {
        match self.send(to).await {
            Ok(Answered::Accepted(association)) => association,
            other => panic!("{self:?}: {other:?}"),
        }
    }
}

async fn heard(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 6];
    stream.read_exact(&mut head).await?;
    let bytes = u32::from_be_bytes([head[2], head[3], head[4], head[5]]);
    if bytes > UNIT_BYTES_MAX {
        return Err(io::Error::other(format!("a unit of {bytes} bytes")));
    }
    let mut body = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
    stream.read_exact(&mut body).await?;
    Ok((head[0], body))
}

/// A command that was heard: the numbers in it.
#[derive(Clone, Debug, Default)]
pub struct Heard(Vec<(u16, u16)>);

impl Heard {
    fn read(mut bytes: &[u8]) -> Self {
        let mut numbers = Vec::new();
        while let Some((head, rest)) = bytes.split_first_chunk::<8>() {
            let length = usize::try_from(u32::from_le_bytes([head[4], head[5], head[6], head[7]])).unwrap();
            let Some((value, rest)) = rest.split_at_checked(length) else { break };
            if let [low, high] = value {
                numbers.push((u16::from_le_bytes([head[2], head[3]]), u16::from_le_bytes([*low, *high])));
            }
            bytes = rest;
        }
        Self(numbers)
    }

    /// A number of the command, as (0000,0900) its status.
    #[must_use]
    pub fn number(&self, element: u16) -> Option<u16> {
        self.0.iter().find(|(known, _)| *known == element).map(|(_, number)| *number)
    }
}

/// An association that stands.
#[derive(Debug)]
pub struct Association {
    stream: TcpStream,
    /// Fragments that came and were not looked at: whether of a command, whether the last, and the bytes.
    received: Vec<(bool, bool, Vec<u8>)>,
}

impl Association {
    async fn fragment(&mut self) -> io::Result<(bool, bool, Vec<u8>)> {
        while self.received.is_empty() {
            let (kind, body) = heard(&mut self.stream).await?;
            if kind != 4 {
                return Err(io::Error::other(format!("a unit {kind} instead of data")));
            }
            let mut rest = &body[..];
            while let Some((head, after)) = rest.split_first_chunk::<4>() {
                let length = usize::try_from(u32::from_be_bytes(*head)).unwrap();
                let (value, after) = after.split_at(length);
                self.received.push((value[1] & 1 == 1, value[1] & 2 == 2, value[2..].to_vec()));
                rest = after;
            }
        }
        Ok(self.received.remove(0))
    }

    async fn whole(&mut self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let (_, is_last, bytes) = self.fragment().await?;
            all.extend(bytes);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The next command; a data set that comes with it is passed over.
    ///
    /// # Errors
    /// When the association is broken off.
    pub async fn hear(&mut self) -> io::Result<Heard> {
        let heard = Heard::read(&self.whole().await?);
        if heard.number(0x800) != Some(0x101) {
            self.whole().await?;
        }
        Ok(heard)
    }

    /// Says a command, and the data set that belongs to it.
    ///
    /// # Errors
    /// When the association is broken off.
    pub async fn say(&mut self, request: &[Vec<u8>], data: Option<&[u8]>) -> io::Result<()> {
        let kind = element(0, 0x800, &if data.is_some() { 0u16 } else { 0x101 }.to_le_bytes());
        let mut all = request.to_vec();
        let at = all.iter().position(|one| u16::from_le_bytes([one[2], one[3]]) > 0x800).unwrap_or(all.len());
        all.insert(at, kind);
        let mut bytes = command(&all);
        if let Some(data) = data {
            bytes.extend(p_data(false, data));
        }
        self.stream.write_all(&bytes).await
    }

    /// Says a request and gives the status of its last answer.
    ///
    /// # Errors
    /// When the association is broken off, or an answer has no status.
    pub async fn ask(&mut self, request: &[Vec<u8>], data: Option<&[u8]>) -> io::Result<u16> {
        self.say(request, data).await?;
        self.last().await
    }

    /// The status of the last answer to what was said.
    ///
    /// # Errors
    /// When the association is broken off, or an answer has no status.
    pub async fn last(&mut self) -> io::Result<u16> {
        loop {
            let status = self.hear().await?.number(0x900);
            let status = status.ok_or_else(|| io::Error::other("an answer without a status"))?;
            if !PENDING.contains(&status) {
                return Ok(status);
            }
        }
    }

    /// Releases.
    ///
    /// # Errors
    /// When it is not answered.
    pub async fn release(mut self) -> io::Result<()> {
        self.stream.write_all(&unit(5, &[0; 4])).await?;
        heard(&mut self.stream).await.map(drop)
    }
}
