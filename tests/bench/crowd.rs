//! A crowd at the DICOM port: associations held open, connections that say nothing and ones that stop in the middle of
//! their proposal, and how long a scanner's C-ECHO takes meanwhile.

use std::{net::SocketAddr, time::Duration, time::Instant};
use tests::{Site, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const HELD: usize = 200;
const SILENT: usize = 100;
const HALF_OPEN: usize = 100;
const ECHOES: usize = 100;

fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 0], &length[..], body].concat()
}

fn unit(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 0], &length[..], body].concat()
}

/// A proposal of verification in implicit VR little endian.
fn proposal(called: &str) -> Vec<u8> {
    let title = |text: &str| format!("{text:<16}").into_bytes();
    let context = [&[1, 0, 0, 0], &item(0x30, b"1.2.840.10008.1.1")[..], &item(0x40, b"1.2.840.10008.1.2")].concat();
    let user = [item(0x51, &[0, 0, 0x40, 0]), item(0x52, b"1.2.3.4")].concat();
    let items = [item(0x10, b"1.2.840.10008.3.1.1.1"), item(0x20, &context), item(0x50, &user)].concat();
    unit(1, &[&[0, 1, 0, 0], &title(called)[..], &title("CROWD"), &[0; 32], &items].concat())
}

/// C-ECHO-RQ, message 1.
fn echo() -> Vec<u8> {
    let element = |number: u16, value: &[u8]| {
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        [&[0, 0], &number.to_le_bytes()[..], &length, value].concat()
    };
    let body = [
        element(2, b"1.2.840.10008.1.1\0"),
        element(0x100, &[0x30, 0]),
        element(0x110, &[1, 0]),
        element(0x800, &[1, 1]),
    ]
    .concat();
    let command = [element(0, &u32::try_from(body.len()).unwrap().to_le_bytes()), body].concat();
    let length = u32::try_from(command.len() + 2).unwrap().to_be_bytes();
    unit(4, &[&length[..], &[1, 3], &command].concat())
}

/// The kind of the next unit, which is read whole.
async fn heard(stream: &mut TcpStream) -> u8 {
    let mut head = [0; 6];
    stream.read_exact(&mut head).await.unwrap();
    let bytes = u32::from_be_bytes([head[2], head[3], head[4], head[5]]);
    let mut body = vec![0; usize::try_from(bytes).unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    head[0]
}

async fn associate(to: SocketAddr, called: &str) -> TcpStream {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(&proposal(called)).await.unwrap();
    assert_eq!(heard(&mut stream).await, 2, "not accepted");
    stream
}

/// Connect, associate, echo, release: what a modality's "verify" button does.
async fn verify(to: SocketAddr, called: &str) -> Duration {
    let began = Instant::now();
    let mut stream = associate(to, called).await;
    stream.write_all(&echo()).await.unwrap();
    assert_eq!(heard(&mut stream).await, 4, "no answer");
    stream.write_all(&unit(5, &[0; 4])).await.unwrap();
    assert_eq!(heard(&mut stream).await, 6, "no release");
    began.elapsed()
}

async fn verify_often(to: SocketAddr, called: &str) -> (Duration, Duration) {
    let mut all = Vec::new();
    for _ in 0..ECHOES {
        all.push(verify(to, called).await);
    }
    all.sort();
    (all[ECHOES / 2], all[ECHOES - 1])
}

pub(crate) async fn run(binary: &str) {
    let site = Site::open(binary, "CH Nord").await;
    let (to, called) = (site.dimse(), site.ae_title.clone());
    let alone = verify_often(to, &called).await;
    let mut crowd = Vec::new();
    for _ in 0..HELD {
        crowd.push(associate(to, &called).await);
    }
    for _ in 0..SILENT {
        crowd.push(TcpStream::connect(to).await.unwrap());
    }
    let proposal = proposal(&called);
    for _ in 0..HALF_OPEN {
        let mut stream = TcpStream::connect(to).await.unwrap();
        stream.write_all(&proposal[..proposal.len() / 2]).await.unwrap();
        crowd.push(stream);
    }
    let within = verify_often(to, &called).await;
    let memory = site.memory(false) >> 20;
    drop(crowd);
    // The crowd gone, every place is free again.
    eventually!(30, "an association as before", Some(associate(to, &called).await));
    println!("C-ECHO with connection, association and release, of {ECHOES}: middle and longest, ms");
    for (name, (middle, longest)) in [("alone", alone), ("in the crowd", within)] {
        println!("{name:<40} {:>8.2} {:>8.2}", middle.as_secs_f64() * 1e3, longest.as_secs_f64() * 1e3);
    }
    println!("the crowd: {HELD} associations held, {SILENT} silent, {HALF_OPEN} half a proposal; memory {memory} MiB");
    assert!(within.1 < Duration::from_millis(100), "an echo took {:?}", within.1);
}
