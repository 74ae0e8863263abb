//! A confrère that is only played: it pairs as one does, signs what it is offered, keeps a list of patients, and answers blind
//! questions for them; what it hears is kept, and it may be made to answer badly.

use super::control::Peer;
use crate::{Site, eventually, hospital, wait::holds};
use ed25519_dalek::SigningKey;
use protocol::{
    Refusal, SiteId, Timestamp,
    agreement::SignedAgreement,
    catalog::Page,
    ids::Id128,
    message::{Answer, Request, SiteRecord},
    pairing::{Event, Invitation, Joiner},
    presence::{
        Counts, Element, Evaluated, PAGE_RECORDS, SetName, SetPage, Subject,
        oprf::{HolderKey, Output},
        set::{Recent, Records},
    },
    signed::Signed,
    wire,
};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::SystemTime,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    task::JoinSet,
};

/// Issuer of the French national number.
pub const INS: &str = "1.2.250.1.213.1.4.8";

/// The `n`th of many well-formed national numbers.
#[must_use]
pub fn ins(n: u64) -> String {
    let number = 2_550_814_168_000 + n;
    format!("{number}{:02}", 97 - number % 97)
}

/// The patient of that number.
#[must_use]
pub fn subject(ins: &str) -> Subject {
    Subject::parse(INS, ins).unwrap()
}

pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp(u64::try_from(since.as_millis()).unwrap())
}

/// What it holds for one asker, and how it answers for it.
#[derive(Debug)]
pub struct Holding {
    key: HolderKey,
    set: SetName,
    records: Records,
    to: SiteId,
}

impl Holding {
    /// Patients of whom it has one CT each.
    #[must_use]
    pub fn of(seed: [u8; 32], patients: impl IntoIterator<Item = Subject>, to: SiteId) -> Self {
        let key = HolderKey::draw(&seed).unwrap();
        let id = Id128([5; 16]);
        let outputs: Vec<Output> = patients.into_iter().map(|patient| key.output(&patient).unwrap()).collect();
        let one = Counts([1, 0, 0, 0, 0, 0, 0, 0]);
        let records = Records::make(outputs.iter().map(|output| (output, one)), (&to, &id), &seed).unwrap();
        Self { set: SetName { id, key: key.public() }, key, records, to }
    }

    /// The answer as it should be.
    #[must_use]
    pub fn evaluate(&self, blinded: &Element) -> Evaluated {
        let (element, proof) = self.key.evaluate(blinded, &[3; 32]).unwrap();
        let id = Id128([6; 16]);
        let records = Records::make([], (&self.to, &id), &[4; 32]).unwrap();
        Evaluated { set: self.set, element, proof, as_of: now(), recent: Recent { id, records } }
    }

    fn page(&self, page: u32) -> Option<SetPage> {
        let records = self.records.page(page, PAGE_RECORDS)?;
        let pages = u32::try_from(self.records.len().div_ceil(PAGE_RECORDS)).unwrap();
        Some(SetPage { set: self.set, pages, records })
    }
}

/// How it answers a blind question.
type Answers = Box<dyn FnMut(&Holding, &Element) -> Option<Answer> + Send>;
/// What was asked of it about patients, as it came.
type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

/// Paired with a site and connected to it.
#[derive(Debug)]
pub struct Confrere {
    pub id: SiteId,
    peer: Peer,
    heard: Heard,
    _signs: JoinSet<()>,
}

/// Paired with a site, and away.
#[derive(Debug)]
pub struct Paired {
    seed: [u8; 32],
    pub id: SiteId,
    pub(super) record: Signed<SiteRecord>,
}

async fn read_frame(stream: &mut TcpStream) -> Vec<u8> {
    let length = usize::from(stream.read_u16_le().await.unwrap());
    let mut bytes = vec![0; length];
    let _ = stream.read_exact(&mut bytes).await.unwrap();
    bytes
}

async fn say_all(stream: &mut TcpStream, joiner: &mut Joiner) {
    while let Some(message) = joiner.poll_message() {
        let length = u16::try_from(message.len()).unwrap();
        stream.write_all(&[&length.to_le_bytes(), message.as_slice()].concat()).await.unwrap();
    }
}

impl Paired {
    /// Joins by an invitation of the site, whose administrator says yes.
    pub async fn with(site: &Site, seed: [u8; 32], name: &str) -> Self {
        let key = SigningKey::from_bytes(&seed);
        let nowhere = vec!["127.0.0.1:9".to_owned()];
        let record = SiteRecord { name: name.to_owned(), overlay: nowhere.clone(), pixels: nowhere, issued: now() };
        let record = Signed::seal(&key, &record);
        let id = SiteId(key.verifying_key().to_bytes());
        let told = site.post("/api/peers/invitations", &json!({})).await.ok().json();
        let invitation: Invitation = told["invitation"].as_str().unwrap().parse().unwrap();
        let code = told["code"].as_str().unwrap().parse().unwrap();
        let to: SocketAddr = invitation.addresses.iter().find_map(|address| address.parse().ok()).unwrap();
        let name = invitation.id.to_string();
        let mut stream = TcpStream::connect(to).await.unwrap();
        let mut joiner = Joiner::new(key, record.clone(), invitation, &code, &seed);
        loop {
            say_all(&mut stream, &mut joiner).await;
            match joiner.poll_event() {
                Some(Event::Compare { .. }) => break,
                Some(event) => panic!("{event:?}"),
                None => {}
            }
            let frame = read_frame(&mut stream).await;
            joiner.handle_message(now(), &frame).unwrap();
        }
        joiner.confirm(true).unwrap();
        say_all(&mut stream, &mut joiner).await;
        let _ = site.post(&format!("/api/pairings/{name}/confirm"), &json!({ "accept": true })).await.ok();
        let known = id.to_string();
        eventually!(10, "they are paired", hospital::peer(site, &known).await);
        Self { seed, id, record }
    }

    /// Calls the site. `holding`: what it answers from; `answers`: how.
    pub async fn meet(
        self,
        site: &Site,
        holding: Holding,
        mut answers: impl FnMut(&Holding, &Element) -> Option<Answer> + Send + 'static,
    ) -> Confrere {
        let answers: Answers = Box::new(move |holding, element| answers(holding, element));
        let heard = Heard::default();
        let (offered, mut offers) = mpsc::channel(16);
        let says = says(self.record.clone(), (holding, answers), heard.clone(), offered);
        let peer = Peer::dial(self.seed, site.overlay(), says).await.expect("a peer is let in");
        let (signer, key) = (peer.clone(), SigningKey::from_bytes(&self.seed));
        let mut signs = JoinSet::new();
        let _ = signs.spawn(async move {
            while let Some(mut offer) = offers.recv().await {
                SignedAgreement::sign(&mut offer, &key);
                let _ = signer.ask(&Request::Agreement(offer)).await;
            }
        });
        let known = self.id.to_string();
        let is_met = async || hospital::peer(site, &known).await.filter(|peer| peer["connected"] == true);
        eventually!(20, "they have met", is_met().await);
        Confrere { id: self.id, peer, heard, _signs: signs }
    }
}

fn says(
    record: Signed<SiteRecord>,
    (holding, mut answers): (Holding, Answers),
    heard: Heard,
    offered: mpsc::Sender<SignedAgreement>,
) -> impl FnMut(Request) -> Option<Answer> + Send + 'static {
    move |request| {
        if matches!(request, Request::Presence(_) | Request::PresenceSet { .. }) {
            heard.lock().unwrap().push(wire::encode(&request));
        }
        Some(match request {
            Request::Hello { .. } => Answer::Hello { record: record.clone(), now: now() },
            Request::Pull(_) => Answer::Page(Page { epoch: 1, entries: Vec::new(), more: false }),
            Request::Agreement(offer) => {
                let _ = offered.try_send(offer);
                Answer::Done
            }
            Request::Presence(blinded) => return answers(&holding, &blinded),
            Request::PresenceSet { page, .. } => match holding.page(page) {
                Some(page) => Answer::PresenceSet(Box::new(page)),
                None => Answer::Refused(Refusal::Malformed),
            },
            Request::Nudge | Request::Duty(_) => Answer::Done,
            _ => Answer::Refused(Refusal::Malformed),
        })
    }
}

impl Confrere {
    /// The site drafts, it signs; gives the agreement in force. `terms` lack the site.
    pub async fn agree(&self, site: &Site, terms: &Value) -> Value {
        let mut terms = terms.clone();
        terms["site"] = json!(self.id.to_string());
        let offered = site.post("/api/agreements", &terms).await.ok().json();
        let id = offered["id"].as_str().unwrap().to_owned();
        eventually!(15, "the agreement is in force", {
            hospital::agreement(site, &id).await.filter(|row| row["state"] == "active")
        })
    }

    /// What it was asked about patients so far; begins anew.
    #[must_use]
    pub fn heard(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    /// Waits until its list was pulled.
    pub async fn is_pulled(&self) {
        let pulled = |bytes: &Vec<u8>| matches!(wire::decode(bytes), Ok(Request::PresenceSet { .. }));
        eventually!(20, "its list is pulled", holds(self.heard.lock().unwrap().iter().any(pulled)));
    }

    /// Asks the site.
    pub async fn ask(&self, request: &Request) -> Option<Answer> {
        self.peer.ask(request).await
    }
}
