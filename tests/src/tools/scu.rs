//! A DIMSE client as small as the standard allows (PS3.8 §9.3, PS3.7 §9.3): thousands of associations cost no process,
//! and what is measured is the node's time.

use std::{io, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const VERIFICATION: &str = "1.2.840.10008.1.1";
const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
/// No unit of a node is longer.
const UNIT_BYTES_MAX: u32 = 1 << 20;

/// A variable item of an A-ASSOCIATE unit.
///
/// # Panics
/// When it is over 64 KiB.
#[must_use]
pub fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 0], &length[..], body].concat()
}

/// A unit.
///
/// # Panics
/// When it is over 4 GiB.
#[must_use]
pub fn unit(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 0], &length[..], body].concat()
}

/// An element in implicit VR little endian, padded: a UID or number of a command (group 0) with zero, a text with a space.
///
/// # Panics
/// When it is over 4 GiB.
#[must_use]
pub fn element(group: u16, number: u16, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(if group == 0 { 0 } else { b' ' });
    }
    let length = u32::try_from(value.len()).unwrap().to_le_bytes();
    [&group.to_le_bytes()[..], &number.to_le_bytes(), &length, &value].concat()
}

/// A command set with its group length, as one P-DATA unit in context 1.
///
/// # Panics
/// When it is over 4 GiB.
#[must_use]
pub fn command(elements: &[Vec<u8>]) -> Vec<u8> {
    let body = elements.concat();
    let length = element(0, 0, &u32::try_from(body.len()).unwrap().to_le_bytes());
    p_data(true, &[length, body].concat())
}

/// The last fragment of a command or data set, as one P-DATA unit in context 1.
///
/// # Panics
/// When it is over 4 GiB.
#[must_use]
pub fn p_data(is_command: bool, bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len() + 2).unwrap().to_be_bytes();
    unit(4, &[&length[..], &[1, if is_command { 3 } else { 2 }], bytes].concat())
}

/// A proposal of one class in implicit VR little endian, in context 1.
#[must_use]
pub fn proposal(called: &str, calling: &str, class: &str) -> Vec<u8> {
    let title = |text: &str| format!("{text:<16}").into_bytes();
    let syntaxes = [item(0x30, class.as_bytes()), item(0x40, IMPLICIT_LE.as_bytes())].concat();
    let context = [&[1, 0, 0, 0], &syntaxes[..]].concat();
    let user = [item(0x51, &65_536u32.to_be_bytes()), item(0x52, b"2.25.1")].concat();
    let items = [item(0x10, b"1.2.840.10008.3.1.1.1"), item(0x20, &context), item(0x50, &user)].concat();
    unit(1, &[&[0, 1, 0, 0], &title(called)[..], &title(calling), &[0; 32], &items].concat())
}

/// An association for verification.
#[derive(Debug)]
pub struct Verifier(TcpStream);

impl Verifier {
    /// Associates.
    ///
    /// # Errors
    /// When nobody listens, or the association is not accepted.
    pub async fn open(to: SocketAddr, called: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&proposal(called, "CROWD", VERIFICATION)).await?;
        let mut verifier = Self(stream);
        verifier.heard(2).await?;
        Ok(verifier)
    }

    /// The first half of a proposal, and no more.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn half(to: SocketAddr, called: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(to).await?;
        let proposal = proposal(called, "CROWD", VERIFICATION);
        stream.write_all(&proposal[..proposal.len() / 2]).await?;
        Ok(Self(stream))
    }

    /// C-ECHO.
    ///
    /// # Errors
    /// When it is not answered.
    pub async fn echo(&mut self) -> io::Result<()> {
        let request = [
            element(0, 2, VERIFICATION.as_bytes()),
            element(0, 0x100, &0x30u16.to_le_bytes()),
            element(0, 0x110, &1u16.to_le_bytes()),
            element(0, 0x800, &0x101u16.to_le_bytes()),
        ];
        self.0.write_all(&command(&request)).await?;
        self.heard(4).await
    }

    /// Releases and closes.
    ///
    /// # Errors
    /// When it is not answered.
    pub async fn release(mut self) -> io::Result<()> {
        self.0.write_all(&unit(5, &[0; 4])).await?;
        self.heard(6).await
    }

    /// Reads the next unit, which must be of this kind.
    async fn heard(&mut self, wanted: u8) -> io::Result<()> {
        let mut head = [0; 6];
        self.0.read_exact(&mut head).await?;
        let bytes = u32::from_be_bytes([head[2], head[3], head[4], head[5]]);
        if head[0] != wanted || bytes > UNIT_BYTES_MAX {
            return Err(io::Error::other(format!("a unit {} of {bytes} bytes instead of a {wanted}", head[0])));
        }
        let mut body = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
        self.0.read_exact(&mut body).await.map(drop)
    }
}

/// Connects, associates, echoes and releases: what a modality's "verify" button does.
///
/// # Errors
/// When any of it is not answered.
pub async fn verify(to: SocketAddr, called: &str) -> io::Result<()> {
    let mut verifier = Verifier::open(to, called).await?;
    verifier.echo().await?;
    verifier.release().await
}
