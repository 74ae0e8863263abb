//! Who retrieves by C-GET, and to whom C-MOVE sends, with what arrives kept as it came: programs of others write it anew.

use super::scu::{command, element, item, p_data, unit};
use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

const GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";
const MOVE: &str = "1.2.840.10008.5.1.4.1.2.2.2";
const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
/// No peer is silent for longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Data sets as they came, by SOP Instance UID.
pub type Received = HashMap<String, Vec<u8>>;

/// How a retrieval ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub status: u16,
    pub completed: u16,
    pub failed: u16,
}

/// Retrieves a study by C-GET: `pairs` are the SOP classes and transfer syntaxes that are taken, at most 127.
///
/// # Errors
/// When the association breaks or is not accepted.
///
/// # Panics
/// When more pairs are given than there are contexts.
pub fn get(
    to: SocketAddr,
    [calling, called]: [&str; 2],
    study: &str,
    pairs: &[(String, String)],
) -> io::Result<(Received, Ended)> {
    let mut contexts = vec![context(1, GET, IMPLICIT_LE)];
    let mut roles = Vec::new();
    for (index, (class, syntax)) in pairs.iter().enumerate() {
        contexts.push(context(u8::try_from(3 + 2 * index).unwrap(), class, syntax));
        let length = u16::try_from(class.len()).unwrap().to_be_bytes();
        roles.push(item(0x54, &[&length[..], class.as_bytes(), &[0, 1]].concat()));
    }
    let mut link = Link::open(to, called, calling, &contexts, &roles.concat())?;
    link.ask(GET, 0x10, &[], study)?;
    let mut received = Received::new();
    let ended = link.serve(&mut |instance, data_set| _ = received.insert(instance, data_set))?;
    link.release()?;
    Ok((received, ended.ok_or_else(|| io::Error::other("the association was released before the end"))?))
}

/// Has studies sent to an AE by C-MOVE, one after the other over one association.
///
/// # Errors
/// When the association breaks or is not accepted.
pub fn move_to(
    to: SocketAddr,
    [calling, called]: [&str; 2],
    destination: &str,
    studies: &[String],
) -> io::Result<Vec<Ended>> {
    let mut link = Link::open(to, called, calling, &[context(1, MOVE, IMPLICIT_LE)], &[])?;
    let mut all = Vec::new();
    for study in studies {
        let more = [element(0, 0x600, format!("{destination:<16}").as_bytes())];
        link.ask(MOVE, 0x21, &more, study)?;
        all.extend(link.serve(&mut |_, _| {})?);
    }
    link.release()?;
    Ok(all)
}

/// An AE that takes whatever is proposed in the first of the proposed syntaxes.
#[derive(Debug)]
pub struct Taker {
    pub port: u16,
    received: Arc<Mutex<Received>>,
}

impl Taker {
    /// Listens until the story ends.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Received::new()));
        let taken = received.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let taken = taken.clone();
                thread::spawn(move || {
                    Link::accept(stream)?.serve(&mut |uid, set| _ = taken.lock().unwrap().insert(uid, set))
                });
            }
        });
        Self { port, received }
    }

    /// What arrived.
    ///
    /// # Panics
    /// When an association's thread did.
    #[must_use]
    pub fn received(&self) -> Received {
        self.received.lock().unwrap().clone()
    }
}

fn context(id: u8, class: &str, syntax: &str) -> Vec<u8> {
    let items = [item(0x30, class.as_bytes()), item(0x40, syntax.as_bytes())].concat();
    item(0x20, &[&[id, 0, 0, 0], &items[..]].concat())
}

/// An association's unit: titles, contexts, user information.
fn associate(kind: u8, titles: &[u8], contexts: &[Vec<u8>], user: &[u8]) -> Vec<u8> {
    let user = [&item(0x51, &0u32.to_be_bytes())[..], &item(0x52, b"2.25.1"), user].concat();
    let items = [item(0x10, b"1.2.840.10008.3.1.1.1"), contexts.concat(), item(0x50, &user)].concat();
    unit(kind, &[&[0, 1, 0, 0], titles, &[0; 32], &items].concat())
}

struct Link(TcpStream);

impl Link {
    fn open(to: SocketAddr, called: &str, calling: &str, contexts: &[Vec<u8>], user: &[u8]) -> io::Result<Self> {
        let mut link = Self::over(TcpStream::connect(to)?)?;
        let titles = format!("{called:<16}{calling:<16}");
        link.0.write_all(&associate(1, titles.as_bytes(), contexts, user))?;
        match link.unit()? {
            (2, _) => Ok(link),
            (kind, body) => Err(io::Error::other(format!("not accepted: {kind} {body:?}"))),
        }
    }

    fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    /// Takes every context in its first syntax.
    fn accept(stream: TcpStream) -> io::Result<Self> {
        let mut link = Self::over(stream)?;
        let (kind, body) = link.unit()?;
        let (1, Some(titles), Some(mut rest)) = (kind, body.get(4..36), body.get(68..)) else {
            return Err(io::Error::other("no proposal"));
        };
        let mut answers = Vec::new();
        while let Some((kind, body)) = next_item(&mut rest) {
            let Some((head, mut items)) = body.split_at_checked(4).filter(|_| kind == 0x20) else { continue };
            let mut syntax = None;
            while let Some((kind, body)) = next_item(&mut items) {
                syntax = syntax.or_else(|| (kind == 0x40).then_some(body));
            }
            answers.push(item(0x21, &[&[head[0], 0, 0, 0], &item(0x40, syntax.unwrap_or_default())[..]].concat()));
        }
        link.0.write_all(&associate(2, titles, &answers, &[]))?;
        Ok(link)
    }

    fn unit(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 6];
        self.0.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[2], head[3], head[4], head[5]]);
        let mut body = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.0.read_exact(&mut body)?;
        Ok((head[0], body))
    }

    /// A retrieval of a study.
    fn ask(&mut self, class: &str, field: u16, more: &[Vec<u8>], study: &str) -> io::Result<()> {
        let mut request = vec![
            element(0, 2, class.as_bytes()),
            element(0, 0x100, &field.to_le_bytes()),
            element(0, 0x110, &1u16.to_le_bytes()),
        ];
        request.extend(more.iter().cloned());
        request.extend([element(0, 0x700, &0u16.to_le_bytes()), element(0, 0x800, &1u16.to_le_bytes())]);
        let mut uid = study.as_bytes().to_vec();
        uid.resize(uid.len().next_multiple_of(2), 0);
        let keys = [element(8, 0x52, b"STUDY "), element(0x20, 0xd, &uid)].concat();
        self.0.write_all(&[command(&request), p_data(false, &keys)].concat())
    }

    /// Takes what is stored until a retrieval ends; `None` when the peer released.
    fn serve(&mut self, keep: &mut dyn FnMut(String, Vec<u8>)) -> io::Result<Option<Ended>> {
        let (mut said, mut data, mut storing) = (Vec::new(), Vec::new(), None);
        loop {
            let (kind, body) = self.unit()?;
            if kind == 5 {
                self.0.write_all(&unit(6, &[0; 4]))?;
                return Ok(None);
            }
            if kind != 4 {
                return Err(io::Error::other(format!("unit {kind}: {body:?}")));
            }
            let mut rest = &body[..];
            while let Some((context, control, bytes)) = next_value(&mut rest) {
                let is_command = control & 1 == 1;
                if is_command { &mut said } else { &mut data }.extend_from_slice(bytes);
                if control & 2 == 0 {
                    continue;
                }
                if is_command {
                    let command = elements(&std::mem::take(&mut said));
                    if let Some(ended) = ended(&command) {
                        // What failed is named behind the answer, and not of interest here.
                        return if number(&command, 0x800) == 0x101 { Ok(()) } else { self.pass_data() }
                            .map(|()| Some(ended));
                    }
                    storing = Some(command).filter(|command| number(command, 0x100) == 1);
                } else if let Some(request) = storing.take() {
                    let uid = request.get(&0x1000).map(|uid| text(uid)).unwrap_or_default();
                    keep(uid, std::mem::take(&mut data));
                    self.0.write_all(&stored(context, &request))?;
                }
            }
        }
    }

    fn pass_data(&mut self) -> io::Result<()> {
        loop {
            let (_, body) = self.unit()?;
            let mut rest = &body[..];
            while let Some((_, control, _)) = next_value(&mut rest) {
                if control & 2 == 2 {
                    return Ok(());
                }
            }
        }
    }

    fn release(&mut self) -> io::Result<()> {
        self.0.write_all(&unit(5, &[0; 4]))?;
        self.unit().map(drop)
    }
}

/// The last answer to a retrieval.
fn ended(command: &HashMap<u16, Vec<u8>>) -> Option<Ended> {
    let is_last =
        matches!(number(command, 0x100), 0x8010 | 0x8021) && !matches!(number(command, 0x900), 0xff00 | 0xff01);
    let count = |element| number(command, element);
    is_last.then(|| Ended { status: count(0x900), completed: count(0x1021), failed: count(0x1022) })
}

/// C-STORE-RSP: success.
fn stored(context: u8, request: &HashMap<u16, Vec<u8>>) -> Vec<u8> {
    let same = |number: u16| element(0, number, request.get(&number).map(Vec::as_slice).unwrap_or_default());
    let id = request.get(&0x110).map(Vec::as_slice).unwrap_or_default();
    let mut answer = command(&[
        same(2),
        element(0, 0x100, &0x8001u16.to_le_bytes()),
        element(0, 0x120, id),
        element(0, 0x800, &0x101u16.to_le_bytes()),
        element(0, 0x900, &0u16.to_le_bytes()),
        same(0x1000),
    ]);
    // Unit head, value length, then the context.
    answer[10] = context;
    answer
}

fn next_item<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (head, after) = rest.split_at_checked(4)?;
    let (body, after) = after.split_at_checked(usize::from(u16::from_be_bytes([head[2], head[3]])))?;
    *rest = after;
    Some((head[0], body))
}

fn next_value<'a>(rest: &mut &'a [u8]) -> Option<(u8, u8, &'a [u8])> {
    let (head, after) = rest.split_at_checked(6)?;
    let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let (body, after) = after.split_at_checked(length.checked_sub(2)?)?;
    *rest = after;
    Some((head[4], head[5], body))
}

fn elements(mut rest: &[u8]) -> HashMap<u16, Vec<u8>> {
    let mut all = HashMap::new();
    while let Some((head, after)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let Some((value, after)) = after.split_at_checked(length) else { break };
        all.insert(u16::from_le_bytes([head[2], head[3]]), value.to_vec());
        rest = after;
    }
    all
}

fn number(command: &HashMap<u16, Vec<u8>>, element: u16) -> u16 {
    command.get(&element).and_then(|v| v.first_chunk::<2>()).map_or(0, |two| u16::from_le_bytes(*two))
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim_matches(['\0', ' ']).to_owned()
}
