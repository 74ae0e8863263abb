//! Somebody stands between two sites that pair, with keys of their own, a hundred times: never does either site end up
//! paired with them.
//!
//! The relay is a real one: it rewrites the invitation to its own address and key, and speaks the pairing's protocol to
//! both sides at once.

use crate::SITE;
use ed25519_dalek::SigningKey;
use protocol::{
    SiteId, Timestamp,
    message::SiteRecord,
    pairing::{Code, Event, Invitation, Inviter, Joiner, MESSAGE_BYTES_MAX},
    signed::Signed,
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, SystemTime},
};
use tests::{Pair, Site, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

const ROUNDS: usize = 100;

/// What the relay does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Way {
    /// It guesses the code.
    Guesses,
    /// It has overheard the code: both exchanges succeed, and only the digits can tell.
    Overhears,
    /// It passes messages on and changes one byte of one of them.
    Meddles,
}

/// A key of the relay's own, under the name of a site.
struct Face {
    key: SigningKey,
    record: Signed<SiteRecord>,
}

impl Face {
    fn of(seed: u8, name: &str, at: SocketAddr) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let addresses = vec![at.to_string()];
        let record = SiteRecord { name: name.to_owned(), overlay: addresses.clone(), pixels: addresses, issued: now() };
        Self { record: Signed::seal(&key, &record), key }
    }
    fn site(&self) -> SiteId {
        SiteId(self.key.verifying_key().to_bytes())
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp(u64::try_from(since.as_millis()).unwrap())
}

async fn read_frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let length = usize::from(stream.read_u16_le().await.ok()?);
    assert!(length <= MESSAGE_BYTES_MAX);
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await.ok()?;
    Some(bytes)
}

async fn write_frame(stream: &mut TcpStream, bytes: &[u8]) -> Option<()> {
    let length = u16::try_from(bytes.len()).unwrap();
    stream.write_all(&[&length.to_le_bytes(), bytes].concat()).await.ok()
}

/// Plays a whole exchange as the joiner towards the inviting site; the stream is held, so that it does not look gone.
async fn play_joiner(stream: &mut TcpStream, mut joiner: Joiner) -> bool {
    loop {
        while let Some(message) = joiner.poll_message() {
            if write_frame(stream, &message).await.is_none() {
                return false;
            }
        }
        match joiner.poll_event() {
            Some(Event::Compare { .. }) => return true,
            Some(_) => return false,
            None => {}
        }
        let Some(frame) = read_frame(stream).await else { return false };
        let _ = joiner.handle_message(now(), &frame);
    }
}

/// Plays the inviter towards the joining site.
async fn play_inviter(stream: &mut TcpStream, mut inviter: Inviter) -> bool {
    inviter.begin(now(), &[7; 32]).unwrap();
    loop {
        let Some(frame) = read_frame(stream).await else { return false };
        let _ = inviter.handle_message(now(), &frame);
        while let Some(message) = inviter.poll_message() {
            if write_frame(stream, &message).await.is_none() {
                return false;
            }
        }
        match inviter.poll_event() {
            Some(Event::Compare { .. }) => return true,
            Some(_) => return false,
            None => {}
        }
    }
}

/// Passes frames on in both directions, one byte of the `nth` changed.
async fn meddle(mut left: TcpStream, mut right: TcpStream, nth: usize, seed: usize) {
    for number in 0.. {
        let (from, to) = if number % 2 == 0 { (&mut left, &mut right) } else { (&mut right, &mut left) };
        let Some(mut frame) = read_frame(from).await else { return };
        if number == nth {
            let at = seed.wrapping_mul(7919) % frame.len();
            frame[at] ^= 1 << (seed % 8);
        }
        if write_frame(to, &frame).await.is_none() {
            return;
        }
    }
}

/// The newest pairing of a site's list, by its id.
async fn pairing(site: &Site, id: &str) -> Option<Value> {
    let rows = site.get("/api/pairings").await.ok().json();
    rows.as_array()?.iter().find(|row| row["id"] == *id).cloned()
}

async fn refuse(site: &Site, id: &str) {
    let _ = site.post(&format!("/api/pairings/{id}/confirm"), &json!({ "accept": false })).await;
}

/// The invitation stays as it is but for the road; one byte of the exchange is changed. Whether it is noticed.
async fn meddled(
    pair: &Pair,
    (real, to_a, spoken): (Invitation, SocketAddr, &str),
    (listener, at): (TcpListener, SocketAddr),
    number: usize,
) -> bool {
    // The invitation stays as it is but for the road: the key in it is the inviting site's.
    let shown = Invitation { addresses: vec![at.to_string()], ..real };
    let mut between = JoinSet::new();
    let _ = between.spawn(async move {
        let (left, _) = listener.accept().await.unwrap();
        meddle(left, TcpStream::connect(to_a).await.unwrap(), number % 4, number).await;
    });
    let asked = json!({ "invitation": shown.to_string(), "code": spoken });
    let joined = pair.b.post("/api/peers/join", &asked).await;
    let noticed = joined.status != 200;
    refuse(&pair.b, &shown.id.to_string()).await;
    noticed
}

/// One round. Whether the sites, or the people who look at their screens, notice.
async fn round(pair: &Pair, way: Way, number: usize) -> bool {
    let told = pair.a.post("/api/peers/invitations", &json!({})).await.ok().json();
    let (text, spoken) = (told["invitation"].as_str().unwrap(), told["code"].as_str().unwrap());
    let real: Invitation = text.parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let to_a: SocketAddr = real.addresses.iter().find_map(|address| address.parse().ok()).unwrap();
    let id = real.id.to_string();
    if way == Way::Meddles {
        return meddled(pair, (real, to_a, spoken), (listener, at), number).await;
    }
    let (as_a, as_b) = (Face::of(41, "CH Nord", at), Face::of(42, "CHU Sud", at));
    let shown = Invitation { site: as_a.site(), addresses: vec![at.to_string()], ..real.clone() };
    let code: Code = match way {
        Way::Overhears => spoken.parse().unwrap(),
        _ => Code::draw(&[u8::try_from(number).unwrap(); 16]),
    };
    let (inviter, joiner) = (
        Inviter::new(as_a.key, as_a.record, shown.clone(), code.clone()),
        Joiner::new(as_b.key, as_b.record, real.clone(), &code, &[9; 32]),
    );
    // Held until the people have looked.
    let (looked, looking) = tokio::sync::oneshot::channel::<()>();
    let mut between = JoinSet::new();
    let _ = between.spawn(async move {
        let towards_a = async {
            let mut stream = TcpStream::connect(to_a).await.unwrap();
            (play_joiner(&mut stream, joiner).await, stream)
        };
        let towards_b = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            (play_inviter(&mut stream, inviter).await, stream)
        };
        let ((at_a, a), (at_b, b)) = tokio::join!(towards_a, towards_b);
        if way == Way::Overhears {
            let _ = looking.await;
        }
        drop((a, b));
        (at_a, at_b)
    });
    let asked = json!({ "invitation": shown.to_string(), "code": spoken });
    let joined = pair.b.post("/api/peers/join", &asked).await;
    let noticed = match way {
        Way::Overhears => {
            // Both machines are content; two people read six digits to one another.
            assert_eq!(joined.status, 200, "the exchange with an overheard code succeeds");
            let digits =
                |row: Option<Value>| row.filter(|row| row["state"] == "compare").map(|row| row["digits"].clone());
            let at_a = eventually!(10, "digits at A", digits(pairing(&pair.a, &id).await));
            let at_b = eventually!(10, "digits at B", digits(pairing(&pair.b, &id).await));
            at_a != at_b
        }
        _ => joined.status != 200,
    };
    for site in [&pair.a, &pair.b] {
        refuse(site, &id).await;
    }
    let _ = looked.send(());
    let (at_a, at_b) =
        tokio::time::timeout(Duration::from_secs(30), between.join_next()).await.unwrap().unwrap().unwrap();
    assert_eq!((at_a, at_b), (way == Way::Overhears, way == Way::Overhears), "{way:?}");
    noticed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_is_caught_a_hundred_times_of_a_hundred() {
    let pair = Pair::strangers(SITE).await;
    let mut caught: HashMap<Way, usize> = HashMap::new();
    for number in 0..ROUNDS {
        let way = [Way::Guesses, Way::Overhears, Way::Meddles][number % 3];
        if round(&pair, way, number).await {
            *caught.entry(way).or_default() += 1;
        }
    }
    println!("caught: {caught:?}");
    assert_eq!(caught.values().sum::<usize>(), ROUNDS, "{caught:?}");
    for site in [&pair.a, &pair.b] {
        assert_eq!(site.get("/api/peers").await.ok().json(), json!([]), "nobody is a peer of {}", site.name);
    }
    // Left alone, the two still pair.
    pair.pair().await;
}
