//! Two sites in one process over loopback, made of the real parts.

use crate::{
    archive::{
        Archive, Form, Source,
        cache::{Cache, Lease},
    },
    audit::{Act, Audit, Event, Filter},
    cases::Cases,
    config::{ArchiveConfig, CacheConfig, CodingMode, Config, RelayConfig},
    identity::Identity,
    journal::Journal,
    tasks::{self, Tasks},
    transfer::{Transfer, TransferParts},
    trust::{Direction, Peer, Terms, Trust, draft},
};
use bytes::Bytes;
use protocol::{
    Digest, SiteId, Uid,
    agreement::{Preset, Purpose},
    catalog::Basis,
    fetch::Reader,
    ids::Id128,
    manifest::{Completeness, InstanceEntry, StudyCard},
    message::SiteRecord,
};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

pub(crate) struct Site {
    pub(crate) name: &'static str,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) identity: Arc<Identity>,
    pub(crate) trust: Trust,
    pub(crate) audit: Audit,
    pub(crate) archive: Archive,
    pub(crate) cache: Cache,
    pub(crate) sources: crate::sources::Sources,
    pub(crate) cases: Cases,
    pub(crate) transfer: Transfer,
    pub(crate) tasks: Tasks,
}

const SETTLE_MS: u64 = 100;

fn journal(dir: &Path, tasks: &Tasks) -> Journal {
    let folder = dir.join("journal").join("site");
    std::fs::create_dir_all(&folder).unwrap();
    Journal::open(&folder, tasks).unwrap()
}

impl Site {
    pub(crate) async fn new(name: &'static str, seed: u8) -> Self {
        Self::at(name, seed, tempfile::tempdir().unwrap(), SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// A site that codes whatever becomes smaller.
    pub(crate) async fn coding(name: &'static str, seed: u8) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let coding = |config: &mut Config| config.pixels.coding = CodingMode::Always;
        Self::with(name, seed, tempfile::tempdir().unwrap(), listen, coding).await
    }

    /// A site that relays, within these bounds.
    pub(crate) async fn relaying(name: &'static str, seed: u8, relay: RelayConfig) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::with(name, seed, tempfile::tempdir().unwrap(), listen, |config| config.relay = relay).await
    }

    pub(crate) async fn at(name: &'static str, seed: u8, dir: tempfile::TempDir, listen: SocketAddr) -> Self {
        Self::with(name, seed, dir, listen, |_| {}).await
    }

    async fn with(
        name: &'static str,
        seed: u8,
        dir: tempfile::TempDir,
        listen: SocketAddr,
        set: impl FnOnce(&mut Config),
    ) -> Self {
        let tasks = Tasks::default();
        let identity = Arc::new(Identity::from_seed(&[seed; 32]));
        let trust = Trust::open(journal(dir.path(), &tasks), identity.clone(), &tasks).unwrap();
        let audit = Audit::open(dir.path(), &tasks).unwrap();
        let settings =
            ArchiveConfig { settle_ms: SETTLE_MS, free_bytes_min: 0, scrub_days: 0, ..ArchiveConfig::default() };
        let archive = Archive::open(dir.path(), &settings, identity.clone(), audit.clone(), &tasks).unwrap();
        let cache = Cache::open(dir.path(), &CacheConfig::default(), &tasks).unwrap();
        let mut config = Config::parse(&format!("[site]\nname = \"{name}\"\n")).unwrap();
        config.pixels.listen = listen;
        config.pixels.coding = CodingMode::Off;
        set(&mut config);
        let config = Arc::new(config);
        let sources = crate::sources::Sources::open(dir.path(), name, archive.clone(), audit.clone(), &tasks).unwrap();
        let cases = Cases::open(dir.path(), identity.clone(), trust.clone(), audit.clone(), &tasks).unwrap();
        let parts = || TransferParts {
            config: config.clone(),
            identity: identity.clone(),
            trust: trust.clone(),
            archive: archive.clone(),
            cache: cache.clone(),
            sources: sources.clone(),
            cases: cases.clone(),
            second: crate::backup::Second::open(dir.path()),
            held: crate::backup::Held::open(dir.path()),
            audit: audit.clone(),
            tasks: tasks.clone(),
            past: crate::transfer::Past::default(),
        };
        // The socket of a life before is given back by its last task, a moment after it stopped.
        let started = std::time::Instant::now();
        let transfer = loop {
            match Transfer::start(parts()).await {
                Ok(transfer) => break transfer,
                Err(fault) => assert!(started.elapsed() < Duration::from_secs(5), "{fault}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        Self { name, dir, identity, trust, audit, archive, cache, sources, cases, transfer, tasks }
    }

    pub(crate) fn id(&self) -> SiteId {
        self.identity.site()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.transfer.address().unwrap()
    }

    pub(crate) fn as_peer(&self, pixels: SocketAddr) -> Peer {
        self.as_peer_at(&[pixels])
    }

    /// As a peer with several addresses.
    pub(crate) fn as_peer_at(&self, pixels: &[SocketAddr]) -> Peer {
        let record = SiteRecord {
            name: self.name.to_owned(),
            overlay: Vec::new(),
            pixels: pixels.iter().map(ToString::to_string).collect(),
            issued: tasks::now(),
        };
        Peer {
            site: self.id(),
            name: self.name.to_owned(),
            record: self.identity.seal(&record),
            paired: tasks::now(),
            revoked: None,
        }
    }

    /// Pairs the sites; the other's pixel plane is found at its own address.
    pub(crate) async fn pair(&self, other: &Self) {
        self.pair_by(other, other.address()).await;
        other.pair_by(self, self.address()).await;
    }

    pub(crate) async fn pair_by(&self, other: &Self, address: SocketAddr) {
        self.trust.add_peer(other.as_peer(address)).await.unwrap();
    }

    /// Signs the preset "everything" with a paired site. Gives the agreement.
    pub(crate) async fn agree(&self, other: &Self) -> Id128 {
        let peer = self.trust.peer(&other.id()).unwrap();
        let terms = Terms { direction: Direction::Both, ..Terms::default() };
        let text = draft((self.id(), self.name), &peer, Preset::All, &terms).unwrap();
        let offered = self.trust.offer(text.clone()).await.unwrap();
        other.trust.receive(&self.id(), offered).await.unwrap();
        let signed = other.trust.accept(&text.id).await.unwrap();
        self.trust.receive(&other.id(), signed).await.unwrap();
        text.id
    }

    /// Takes in a study of one series and waits until it is complete.
    pub(crate) async fn store(&self, study: &str, instances: u32, pixel_bytes: usize) -> StudyCard {
        self.store_of(study, instances, pixel_bytes, 0xffff).await
    }

    /// As [`Self::store`], of pixels that use these bits.
    pub(crate) async fn store_of(&self, study: &str, instances: u32, pixel_bytes: usize, bits: u16) -> StudyCard {
        let study = Uid::parse(study).unwrap();
        let mut news = self.archive.events();
        for number in 1..=instances {
            let (class, instance, bytes) = object(&study, number, pixel_bytes, bits);
            let form = Form::DataSet {
                transfer_syntax: Uid::parse("1.2.840.10008.1.2.1").unwrap(),
                sop_class: class,
                sop_instance: instance,
                source: None,
            };
            let mut spool = self.archive.spool(form).await.unwrap();
            spool.write(bytes).await.unwrap();
            self.archive.ingest(spool, &Source { actor: crate::audit::Actor::default() }).await.unwrap();
        }
        // On a busy machine the study may settle more than once on the way.
        let is_whole = || {
            let sealed = self.archive.manifest(&study).unwrap();
            sealed.is_some_and(|m| m.manifest.instances() >= instances as usize)
        };
        let settled = async {
            while !is_whole() {
                let _ = news.recv().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), settled).await.unwrap();
        self.card(&study)
    }

    pub(crate) fn card(&self, study: &Uid) -> StudyCard {
        let row = self.archive.study(study).unwrap().unwrap();
        let sealed = self.archive.manifest(study).unwrap();
        StudyCard {
            custodian: self.id(),
            study: study.clone(),
            version: row.version,
            completeness: Completeness::Complete,
            date: row.date,
            time: row.time,
            modalities: row.modalities,
            body_parts: row.body_parts,
            description: None,
            accession: None,
            referrer: None,
            patient: row.patient,
            series: row.series,
            instances: row.instances,
            bytes: row.bytes,
            arrived: row.arrived,
            issued: tasks::now(),
            manifest: sealed.map(|m| m.reference),
            amended: row.amended,
        }
    }

    pub(crate) fn lease(&self, holder: &Self, study: &Uid, agreement: Id128) -> Lease {
        let until = tasks::now().after(Duration::from_secs(86_400));
        self.cache.lease(&holder.id(), study, &Basis::Agreement(agreement), until, 1).unwrap()
    }

    pub(crate) fn events(&self, act: Act) -> Vec<Event> {
        let filter = Filter { act: Some(act), limit: 1000, ..Filter::default() };
        self.audit.page(&filter).into_iter().map(|(_, event)| event).collect()
    }

    /// The stored file that holds an object.
    pub(crate) fn file_of(&self, digest: &Digest) -> std::path::PathBuf {
        let mut folders = vec![self.dir.path().join("objects")];
        let name = digest.to_string();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.to_string_lossy().replace(['/', '.'], "").contains(&name) {
                    return path;
                }
            }
        }
        panic!("no file of {digest}");
    }
}

pub(crate) fn reader() -> Reader {
    Reader { person: "durand".into(), role: "radiologist".into(), copy: None, purpose: Purpose::Care }
}

/// Waits for something to become true.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(20), "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn bytes_of(lease: &Lease, entry: &InstanceEntry) -> Option<Bytes> {
    lease.object(&entry.digest, entry.bytes).await.unwrap().read(0, entry.bytes).await.unwrap()
}

/// A CT-like object in explicit little endian: its class, its instance UID and its data set.
fn object(study: &Uid, number: u32, pixel_bytes: usize, bits: u16) -> (Uid, Uid, Bytes) {
    let class = "1.2.840.10008.5.1.4.1.1.2";
    let instance = format!("{study}.1.{number}");
    let mut set = Vec::new();
    let mut put = |group: u16, element: u16, vr: &str, value: &[u8]| {
        let pad = if vr == "UI" { 0 } else { b' ' };
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(pad);
        }
        set.extend_from_slice(&group.to_le_bytes());
        set.extend_from_slice(&element.to_le_bytes());
        set.extend_from_slice(vr.as_bytes());
        if vr == "OW" {
            set.extend_from_slice(&[0, 0]);
            set.extend_from_slice(&u32::try_from(value.len()).unwrap().to_le_bytes());
        } else {
            set.extend_from_slice(&u16::try_from(value.len()).unwrap().to_le_bytes());
        }
        set.extend_from_slice(&value);
    };
    put(0x0008, 0x0016, "UI", class.as_bytes());
    put(0x0008, 0x0018, "UI", instance.as_bytes());
    put(0x0008, 0x0020, "DA", b"20260301");
    put(0x0008, 0x0060, "CS", b"CT");
    put(0x0010, 0x0010, "PN", b"ESSAI^JEANNE");
    put(0x0010, 0x0020, "LO", b"P-1");
    put(0x0020, 0x000D, "UI", study.as_str().as_bytes());
    put(0x0020, 0x000E, "UI", format!("{study}.1").as_bytes());
    put(0x0020, 0x0013, "IS", number.to_string().as_bytes());
    put(0x0028, 0x0010, "US", &64u16.to_le_bytes());
    put(0x0028, 0x0011, "US", &64u16.to_le_bytes());
    put(0x0028, 0x0100, "US", &16u16.to_le_bytes());
    let mut seed = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let pixels: Vec<u8> = (0..pixel_bytes.next_multiple_of(2))
        .map(|at| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed.to_le_bytes()[3] & bits.to_le_bytes()[at % 2]
        })
        .collect();
    put(0x7FE0, 0x0010, "OW", &pixels);
    (Uid::parse(class).unwrap(), Uid::parse(&instance).unwrap(), set.into())
}

/// A road whose packets the test lets through or drops.
pub(crate) struct Road {
    pub(crate) address: SocketAddr,
    pub(crate) is_open: Arc<std::sync::atomic::AtomicBool>,
}

impl Road {
    /// Forwards UDP to a site; one socket per sender, so that answers find their way back.
    pub(crate) async fn to(target: SocketAddr, tasks: &Tasks) -> Self {
        use std::{collections::HashMap, sync::atomic::AtomicBool};
        use tokio::net::UdpSocket;
        let front = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let address = front.local_addr().unwrap();
        let is_open = Arc::new(AtomicBool::new(true));
        let (open, spawner) = (is_open.clone(), tasks.clone());
        tasks.spawn("road", async move {
            let stop = spawner.stop_token();
            let mut backs: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
            let mut packet = vec![0; 65_536];
            loop {
                let (len, from) = tokio::select! {
                    () = stop.cancelled() => return,
                    got = front.recv_from(&mut packet) => match got { Ok(got) => got, Err(_) => continue },
                };
                if !open.load(std::sync::atomic::Ordering::Relaxed) {
                    continue;
                }
                let back = match backs.get(&from) {
                    Some(back) => back.clone(),
                    None => {
                        let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                        back.connect(target).await.unwrap();
                        backs.insert(from, back.clone());
                        let returning =
                            bring_back(front.clone(), back.clone(), from, open.clone(), spawner.stop_token());
                        spawner.spawn("road back", returning);
                        back
                    }
                };
                let _ = back.send(&packet[..len]).await;
            }
        });
        Self { address, is_open }
    }
}

async fn bring_back(
    front: Arc<tokio::net::UdpSocket>,
    back: Arc<tokio::net::UdpSocket>,
    to: SocketAddr,
    is_open: Arc<std::sync::atomic::AtomicBool>,
    stop: tokio_util::sync::CancellationToken,
) {
    let mut packet = vec![0; 65_536];
    loop {
        let got = tokio::select! {
            () = stop.cancelled() => return,
            got = back.recv(&mut packet) => got,
        };
        if let Ok(len) = got
            && is_open.load(std::sync::atomic::Ordering::Relaxed)
        {
            let _ = front.send_to(&packet[..len], to).await;
        }
    }
}
