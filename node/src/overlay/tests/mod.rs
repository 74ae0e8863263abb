mod ledger;
mod presence;

use super::*;
use crate::{
    archive::{Form, Source},
    audit::{Act, Actor, Filter},
    config::{
        ArchiveConfig, CacheConfig, DicomwebConfig, DimseConfig, OverlayConfig, PixelsConfig, PortalConfig, SiteConfig,
    },
    journal::Journal,
    trust::{AgreementState, Caller, ClauseTerms, Direction, Given, Held, Peer, Terms, draft},
};
use protocol::{
    Refusal,
    agreement::{Level, Preset, Withheld},
};
use std::time::Instant;
use tokio::runtime::Runtime;

const LONG: Duration = Duration::from_secs(20);

/// A site with all that an overlay stands on, on loopback, in a folder of its own.
struct Hospital {
    dir: tempfile::TempDir,
    config: Arc<Config>,
    identity: Arc<Identity>,
    tasks: Tasks,
    trust: Trust,
    archive: Archive,
    audit: Audit,
    cache: Cache,
    overlay: Overlay,
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A TCP port of loopback that is free now.
fn free_port() -> u16 {
    std::net::TcpListener::bind(loopback(0)).unwrap().local_addr().unwrap().port()
}

/// A folder, its index left away: it is made anew.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != "index") {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            let _ = std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

impl Hospital {
    async fn open(name: &str, seed: u8) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::open_in(dir, name, seed, free_port()).await
    }

    async fn open_in(dir: tempfile::TempDir, name: &str, seed: u8, port: u16) -> Self {
        let identity = Arc::new(Identity::from_seed(&[seed; 32]));
        let config = Arc::new(Config {
            site: SiteConfig::named(name),
            portal: PortalConfig::default(),
            dicomweb: DicomwebConfig::default(),
            dimse: DimseConfig::default(),
            overlay: OverlayConfig { listen: loopback(port), ..OverlayConfig::default() },
            // No pixel plane runs that would hand pairing its calls.
            pixels: PixelsConfig { listen: loopback(0), tcp: false, ..PixelsConfig::default() },
            relay: crate::config::RelayConfig::default(),
            archive: ArchiveConfig { settle_ms: 200, free_bytes_min: 0, scrub_days: 0, ..ArchiveConfig::default() },
            cache: CacheConfig::default(),
            alarms: crate::config::AlarmsConfig::default(),
            collector: None,
            oidc: None,
            signatures_ca: None,
        });
        let tasks = Tasks::default();
        let audit = Audit::open(dir.path(), &tasks).unwrap();
        let folder = dir.path().join("journal/site");
        std::fs::create_dir_all(&folder).unwrap();
        let trust = Trust::open(Journal::open(&folder, &tasks).unwrap(), identity.clone(), &tasks).unwrap();
        let archive = Archive::open(dir.path(), &config.archive, identity.clone(), audit.clone(), &tasks).unwrap();
        let cache = Cache::open(dir.path(), &config.cache, &tasks).unwrap();
        let sources = crate::sources::Sources::open(dir.path(), name, archive.clone(), audit.clone(), &tasks).unwrap();
        let cases = Cases::open(dir.path(), identity.clone(), trust.clone(), audit.clone(), &tasks).unwrap();
        let overlay = Overlay::start(OverlayParts {
            config: config.clone(),
            identity: identity.clone(),
            trust: trust.clone(),
            archive: archive.clone(),
            cache: cache.clone(),
            sources,
            cases,
            audit: audit.clone(),
            tasks: tasks.clone(),
        })
        .await
        .unwrap();
        Self { dir, config, identity, tasks, trust, archive, audit, cache, overlay }
    }

    fn site(&self) -> SiteId {
        self.identity.site()
    }

    async fn stop(self) -> tempfile::TempDir {
        self.archive.close().await.unwrap();
        assert_eq!(self.tasks.stop(LONG).await, Vec::<&str>::new());
        self.dir
    }

    /// Opens in a runtime of its own, which can die.
    async fn open_mortal(name: &'static str, seed: u8) -> (Self, Runtime) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let hospital = runtime.spawn(Self::open(name, seed)).await.unwrap();
        (hospital, runtime)
    }

    /// Ends as a killed process does: no task runs another step, and nobody is told goodbye.
    async fn die(self, runtime: Runtime) -> tempfile::TempDir {
        let dir = Tasks::default().spawn_blocking("death", move || {
            // The tasks hold what they need; what is dropped with the hospital is not the last of it.
            let Self { dir, archive, overlay, .. } = self;
            runtime.shutdown_timeout(Duration::from_millis(500));
            drop((archive, overlay));
            // What died may hold its index as long as this process lives: what was on disk goes on elsewhere.
            let left = tempfile::tempdir().unwrap();
            copy(dir.path(), left.path());
            left
        });
        dir.await.unwrap()
    }

    /// Knows another site as a peer, as after a pairing.
    async fn know(&self, other: &Self) {
        self.know_at(other, other.overlay.inner.record_now()).await;
    }
    async fn know_at(&self, other: &Self, record: Signed<SiteRecord>) {
        let name = other.config.site.name.clone();
        let peer = Peer { site: other.site(), name, record, paired: tasks::now(), revoked: None };
        self.trust.add_peer(peer).await.unwrap();
    }

    async fn agree(&self, other: &Self, preset: Preset, terms: &Terms) -> Id128 {
        let peer = self.trust.peer(&other.site()).unwrap();
        let text = draft((self.site(), &self.config.site.name), &peer, preset, terms).unwrap();
        let id = text.id;
        let signed = self.trust.offer(text).await.unwrap();
        self.overlay.send_agreement(&other.site(), signed).await.unwrap();
        let offered = || other.trust.agreements().iter().any(|r| r.state == AgreementState::Received);
        until("the offer arrives", offered).await;
        let signed = other.trust.accept(&id).await.unwrap();
        other.overlay.send_agreement(&self.site(), signed).await.unwrap();
        let active = || {
            let rows = self.trust.agreements();
            rows.iter().any(|r| r.agreement.id == id && r.state == AgreementState::Active)
                && rows.iter().filter(|r| r.agreement.id == id).count() == 1
        };
        until("the countersigned text arrives", active).await;
        id
    }

    /// Stores one instance of a study.
    async fn store(&self, study: &str, modality: &str, number: u32) {
        self.store_of(study, modality, number, ("42", "")).await;
    }

    /// The same, of a patient by identifier and issuer.
    async fn store_of(&self, study: &str, modality: &str, number: u32, patient: (&str, &str)) {
        let class = "1.2.840.10008.5.1.4.1.1.7";
        let instance = format!("{study}.1.{number}");
        let form = Form::DataSet {
            transfer_syntax: "1.2.840.10008.1.2.1".parse().unwrap(),
            sop_class: class.parse().unwrap(),
            sop_instance: instance.parse().unwrap(),
            source: None,
        };
        let mut spool = self.archive.spool(form).await.unwrap();
        spool.write(data_set(class, study, &instance, modality, patient).into()).await.unwrap();
        self.archive.ingest(spool, &Source { actor: Actor::default() }).await.unwrap();
    }

    fn audited(&self, act: Act) -> usize {
        let filter = Filter { act: Some(act), limit: 100, ..Filter::default() };
        self.audit.page(&filter).len()
    }

    fn lists(&self, study: &str) -> bool {
        !self.overlay.holders(&study.parse().unwrap()).is_empty()
    }
}

/// Explicit VR little endian, the few elements that a row needs.
fn data_set(class: &str, study: &str, instance: &str, modality: &str, (id, issuer): (&str, &str)) -> Vec<u8> {
    let series = format!("{study}.1");
    let elements: [(u16, u16, &str, &str); 12] = [
        (0x0008, 0x0016, "UI", class),
        (0x0008, 0x0018, "UI", instance),
        (0x0008, 0x0020, "DA", "20260105"),
        (0x0008, 0x0060, "CS", modality),
        (0x0008, 0x1030, "LO", "TDM CEREBRAL"),
        (0x0010, 0x0010, "PN", "MARTIN^PAUL"),
        (0x0010, 0x0020, "LO", id),
        (0x0010, 0x0021, "LO", issuer),
        (0x0010, 0x0030, "DA", "19500101"),
        (0x0010, 0x0040, "CS", "M"),
        (0x0020, 0x000d, "UI", study),
        (0x0020, 0x000e, "UI", &series),
    ];
    let mut bytes = Vec::new();
    for (group, element, vr, value) in elements {
        let mut value = value.as_bytes().to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == "UI" { 0 } else { b' ' });
        }
        bytes.extend_from_slice(&group.to_le_bytes());
        bytes.extend_from_slice(&element.to_le_bytes());
        bytes.extend_from_slice(vr.as_bytes());
        bytes.extend_from_slice(&u16::try_from(value.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(&value);
    }
    bytes
}

/// Waits for a condition, within a deadline.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LONG, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn met(a: &Hospital, b: &Hospital) {
    let both = || {
        let known = |x: &Hospital, y: &Hospital| {
            let contact = x.overlay.contact(&y.site());
            contact.connected && contact.clock_offset_ms.is_some()
        };
        known(a, b) && known(b, a)
    };
    until("the sites are connected", both).await;
}

async fn two_peers() -> (Hospital, Hospital) {
    let (a, b) = (Hospital::open("CH Nord", 1).await, Hospital::open("CH Sud", 2).await);
    a.know(&b).await;
    b.know(&a).await;
    met(&a, &b).await;
    (a, b)
}

const CT: &str = "1.2.3.100";
const MR: &str = "1.2.3.200";

#[tokio::test(flavor = "multi_thread")]
async fn two_admins_pair_their_sites() {
    let (a, b) = (Hospital::open("CH Nord", 1).await, Hospital::open("CH Sud", 2).await);
    let invitation = a.overlay.invite().await.unwrap();
    let wrong = if invitation.code.starts_with('0') { "11111111" } else { "00000000" };
    let refused = b.overlay.join(&invitation.text, wrong).await.unwrap_err();
    assert!(matches!(refused, OverlayError::Pairing(PairingFailure::WrongCode)), "{refused}");
    until("the failed attempt is on record", || a.audited(Act::PairingFailed) == 1).await;
    assert_eq!(a.overlay.pairings()[0].state, PairingState::Waiting { tries_left: 2 });

    let joined = b.overlay.join(&invitation.text, &invitation.code).await.unwrap();
    let digits_of = |p: &Pairing| match &p.state {
        PairingState::Compare { digits, peer_name, .. } => (digits.clone(), peer_name.clone()),
        other => panic!("{other:?}"),
    };
    until("A compares too", || matches!(a.overlay.pairings()[0].state, PairingState::Compare { .. })).await;
    let (at_a, at_b) = (digits_of(&a.overlay.pairings()[0]), digits_of(&joined));
    assert_eq!(at_a.0, at_b.0);
    assert_eq!((at_a.1.as_str(), at_b.1.as_str()), ("CH Sud", "CH Nord"));

    b.overlay.confirm(&joined.id, true, None).await.unwrap();
    assert!(a.trust.peer(&b.site()).is_none() && b.trust.peer(&a.site()).is_none(), "one yes is not enough");
    a.overlay.confirm(&invitation.id, true, None).await.unwrap();
    until("both are peers", || a.trust.peer(&b.site()).is_some() && b.trust.peer(&a.site()).is_some()).await;
    met(&a, &b).await;
    assert_eq!((a.audited(Act::PeerPaired), b.audited(Act::PeerPaired)), (1, 1));
    assert!(a.overlay.contact(&b.site()).road.is_some());
    let again = b.overlay.join(&invitation.text, &invitation.code).await.unwrap_err();
    assert!(matches!(again, OverlayError::Pairing(PairingFailure::AlreadyPaired)));
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_codes_close_the_door() {
    let (a, b) = (Hospital::open("CH Nord", 1).await, Hospital::open("CH Sud", 2).await);
    let invitation = a.overlay.invite().await.unwrap();
    let wrong = if invitation.code.starts_with('0') { "11111111" } else { "00000000" };
    for _ in 0..3 {
        b.overlay.join(&invitation.text, wrong).await.unwrap_err();
    }
    let over = || a.overlay.pairings()[0].state == PairingState::Failed { reason: PairingFailure::WrongCode };
    until("the invitation is over", over).await;
    let listening = || {
        let invitation: protocol::pairing::Invitation = invitation.text.parse().unwrap();
        std::net::TcpStream::connect(&invitation.addresses[0]).is_ok()
    };
    until("nobody listens any more", || !listening()).await;
    let late = b.overlay.join(&invitation.text, &invitation.code).await.unwrap_err();
    assert!(matches!(late, OverlayError::Pairing(PairingFailure::Unreachable)), "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn either_admin_can_refuse() {
    let (a, b) = (Hospital::open("CH Nord", 1).await, Hospital::open("CH Sud", 2).await);
    let invitation = a.overlay.invite().await.unwrap();
    let joined = b.overlay.join(&invitation.text, &invitation.code).await.unwrap();
    a.overlay.confirm(&invitation.id, false, None).await.unwrap();
    let rejected = PairingState::Failed { reason: PairingFailure::Rejected };
    until("both are told", || [&a, &b].iter().all(|h| h.overlay.pairings()[0].state == rejected)).await;
    b.overlay.confirm(&joined.id, true, None).await.unwrap();
    assert!(a.trust.peers().is_empty() && b.trust.peers().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_covered_study_is_told_within_moments_and_nothing_without_an_agreement() {
    let (a, b) = two_peers().await;
    a.store(CT, "CT", 1).await;
    a.store(MR, "MR", 1).await;
    a.agree(
        &b,
        Preset::All,
        &Terms {
            direction: Direction::Ours,
            all: ClauseTerms { modalities: vec!["CT".to_owned()], ..ClauseTerms::default() },
            ..Terms::default()
        },
    )
    .await;
    until("the CT is listed at B", || b.lists(CT)).await;
    let shown = b.overlay.remote_studies();
    assert_eq!(shown.len(), 1, "the MR is not covered");
    assert_eq!(shown[0].card.patient.name.as_deref(), Some("MARTIN^PAUL"));
    assert_eq!(shown[0].card.patient.issuer.as_deref(), Some("CH Nord"));

    let mut news = b.overlay.events();
    let began = Instant::now();
    a.store("1.2.3.300", "CT", 1).await;
    until("a new study is listed as arriving", || b.lists("1.2.3.300")).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    until("it becomes complete", || {
        let study = "1.2.3.300".parse().unwrap();
        b.overlay.holders(&study).iter().any(|r| r.card.manifest.is_some())
    })
    .await;
    let mut told = false;
    while let Ok(event) = news.try_recv() {
        told |= matches!(event, OverlayEvent::Directory { study, .. } if study.as_str() == "1.2.3.300");
    }
    assert!(told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrowed_agreement_withdraws_what_it_no_longer_covers() {
    let (a, b) = two_peers().await;
    a.store(CT, "CT", 1).await;
    a.store(MR, "MR", 1).await;
    let id = a.agree(&b, Preset::All, &Terms::default()).await;
    until("both are listed", || b.lists(CT) && b.lists(MR)).await;
    let facts = a.archive.study(&MR.parse().unwrap()).unwrap().unwrap().facts(Withheld::NOTHING);
    let permit = a.trust.authorize(Caller::Peer(&b.site()), &facts, Held::Here, Level::Pixels).unwrap();
    let ct = a.archive.study(&CT.parse().unwrap()).unwrap().unwrap().facts(Withheld::NOTHING);
    let kept = a.trust.authorize(Caller::Peer(&b.site()), &ct, Held::Here, Level::Pixels).unwrap();

    let terms = Terms {
        all: ClauseTerms { modalities: vec!["CT".to_owned()], ..ClauseTerms::default() },
        replaces: Some(id),
        ..Terms::default()
    };
    a.agree(&b, Preset::All, &terms).await;
    assert_eq!(permit.allows(&facts.study, Level::Pixels), Err(Refusal::Revoked), "what ran is cut");
    assert_eq!(kept.allows(&ct.study, Level::Pixels), Ok(()), "what is still covered goes on");
    until("the MR is gone at B", || !b.lists(MR)).await;
    assert!(b.lists(CT));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_agreement_takes_everything_with_it_on_both_sides() {
    let (a, b) = two_peers().await;
    a.store(CT, "CT", 1).await;
    let id = a.agree(&b, Preset::All, &Terms::default()).await;
    until("the study is listed", || b.lists(CT)).await;
    let basis = b.overlay.remote_studies()[0].basis;
    let study = CT.parse().unwrap();
    let lease = b.cache.lease(&a.site(), &study, &basis, tasks::now().after(LONG), 1).unwrap();
    let copy = lease.object(&protocol::Digest::of(b"pixels"), 6).await.unwrap();
    copy.write(0, crate::archive::cache::chunks_of(b"pixels")).await.unwrap();
    let began = Instant::now();
    a.trust.end(&id, &a.site()).await.unwrap();
    a.overlay.send_ending(&b.site(), &id).await.unwrap();
    until("B shows it no more", || !b.lists(CT)).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(b.trust.agreements().iter().all(|r| r.state == AgreementState::Ended));
    until("B says that copies were erased", || b.audited(Act::CacheErased) > 0).await;
    assert!(copy.read(0, 6).await.is_err(), "and they are");
    assert_eq!(b.audited(Act::AgreementEnded), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_study_is_listed_by_its_grant_alone() {
    let (a, b) = two_peers().await;
    a.store(CT, "CT", 1).await;
    a.store(MR, "MR", 1).await;
    a.agree(&b, Preset::CaseOnly, &Terms::default()).await;
    let grant = a.trust.share(&CT.parse().unwrap(), &b.site(), &Given::hours(24)).await.unwrap();
    let id = grant.open(&a.site()).unwrap().id;
    a.overlay.send_grant(&b.site(), grant).await.unwrap();
    until("the shared study is listed", || b.lists(CT)).await;
    assert!(!b.lists(MR));
    a.overlay.take_back(&id).await.unwrap();
    until("it is gone", || !b.lists(CT)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_and_noted() {
    let (a, c) = (Hospital::open("CH Nord", 1).await, Hospital::open("Inconnu", 3).await);
    a.store(CT, "CT", 1).await;
    c.know(&a).await;
    until("A notes a stranger", || a.audited(Act::SecurityAlert) > 0).await;
    let entry = a.audit.page(&Filter { act: Some(Act::SecurityAlert), limit: 1, ..Filter::default() });
    assert_eq!(entry[0].1.peer, Some(c.site()));
    assert_eq!(c.overlay.inner.ask(a.site(), &Request::Pull(protocol::catalog::Cursor::default())).await, None);
    assert!(!a.overlay.contact(&c.site()).connected);
    assert_eq!(a.audited(Act::SecurityAlert), 1, "one note a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_peer_is_told_and_cut_at_once() {
    let (a, b) = two_peers().await;
    a.store(CT, "CT", 1).await;
    a.agree(&b, Preset::All, &Terms::default()).await;
    until("the study is listed", || b.lists(CT)).await;
    let began = Instant::now();
    a.trust.revoke_peer(&b.site()).await.unwrap();
    a.overlay.drop_peer(&b.site()).await;
    until("B lists nothing", || !b.lists(CT)).await;
    until("they are apart", || !a.overlay.contact(&b.site()).connected && !b.overlay.contact(&a.site()).connected)
        .await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(b.trust.peer(&a.site()).is_none());
    until("nothing is left to say", || a.trust.farewells().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_was_away_hears_of_its_revocation_and_of_nothing_else() {
    let (a, b) = two_peers().await;
    a.store(CT, "CT", 1).await;
    a.agree(&b, Preset::All, &Terms::default()).await;
    until("the study is listed", || b.lists(CT)).await;
    let port = b.overlay.addresses()[0].port();
    let dir = b.stop().await;
    a.trust.revoke_peer(&SiteId(ed(2))).await.unwrap();
    a.store(MR, "MR", 1).await;
    let b = Hospital::open_in(dir, "CH Sud", 2, port).await;
    until("B knows", || b.trust.peer(&a.site()).is_none()).await;
    assert!(!b.lists(CT) && !b.lists(MR));
    until("nothing is left to say", || a.trust.farewells().is_empty()).await;
}

fn ed(seed: u8) -> [u8; 32] {
    Identity::from_seed(&[seed; 32]).site().0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_survives_a_restart_while_the_holder_is_down() {
    let (a, b) = two_peers().await;
    a.store(CT, "CT", 1).await;
    let id = a.agree(&b, Preset::All, &Terms::default()).await;
    until("the study is listed", || b.lists(CT)).await;
    until("the study is kept", || b.cache.note(&id, "directory/cursor").unwrap().is_some()).await;
    let (a_port, b_port) = (a.overlay.addresses()[0].port(), b.overlay.addresses()[0].port());
    let a_dir = a.stop().await;
    let b_dir = b.stop().await;
    let b = Hospital::open_in(b_dir, "CH Sud", 2, b_port).await;
    assert!(b.lists(CT), "kept over the restart");
    assert!(!b.overlay.contact(&SiteId(ed(1))).connected);

    let a = Hospital::open_in(a_dir, "CH Nord", 1, a_port).await;
    a.store(MR, "MR", 1).await;
    until("the feed goes on", || b.lists(MR) && b.lists(CT)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_ended_while_the_peer_is_away_reaches_it_when_it_returns() {
    let (a, b) = two_peers().await;
    a.store(CT, "CT", 1).await;
    let id = a.agree(&b, Preset::All, &Terms::default()).await;
    until("the study is listed", || b.lists(CT)).await;
    let port = b.overlay.addresses()[0].port();
    let dir = b.stop().await;
    a.trust.end(&id, &a.site()).await.unwrap();
    a.overlay.send_ending(&SiteId(ed(2)), &id).await.unwrap();
    assert_eq!(a.trust.mail_for(&SiteId(ed(2))).len(), 1);
    let b = Hospital::open_in(dir, "CH Sud", 2, port).await;
    until("B hears of it", || !b.lists(CT) && b.trust.agreements().iter().all(|r| r.state == AgreementState::Ended))
        .await;
    until("the mail is done", || a.trust.mail_for(&b.site()).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tcp_carries_what_udp_cannot() {
    let (a, b) = (Hospital::open("CH Nord", 1).await, Hospital::open("CH Sud", 2).await);
    // A plain TCP relay in front of A, on a port whose UDP side nobody answers: a firewall that eats UDP.
    let (silent, front, relay) = loop {
        let silent = tokio::net::UdpSocket::bind(loopback(0)).await.unwrap();
        let front = silent.local_addr().unwrap();
        // Another test may have the number for its TCP.
        if let Ok(relay) = tokio::net::TcpListener::bind(front).await {
            break (silent, front, relay);
        }
    };
    let behind = a.overlay.addresses()[0];
    a.tasks.spawn("relay", async move {
        while let Ok((mut outside, _)) = relay.accept().await {
            let mut inside = tokio::net::TcpStream::connect(behind).await.unwrap();
            tokio::io::copy_bidirectional(&mut outside, &mut inside).await.ok();
        }
    });
    let mut record = a.overlay.inner.record.clone();
    record.overlay = vec![front.to_string()];
    record.issued = tasks::now().after(LONG);
    b.know_at(&a, a.identity.seal(&record)).await;
    // A lets B in, but knows no way to it.
    let mut nowhere = b.overlay.inner.record.clone();
    nowhere.overlay = Vec::new();
    nowhere.issued = tasks::now().after(LONG);
    a.know_at(&b, b.identity.seal(&nowhere)).await;
    met(&a, &b).await;
    assert_eq!(b.overlay.contact(&a.site()).road, Some("tcp"));
    drop(silent);
}

/// Two peers under an agreement for everything, with one study listed at the second; the first can die.
async fn mortal_pair() -> ((Hospital, Runtime), Hospital) {
    let (a, runtime) = Hospital::open_mortal("CH Nord", 1).await;
    let b = Hospital::open("CH Sud", 2).await;
    a.know(&b).await;
    b.know(&a).await;
    met(&a, &b).await;
    a.store(CT, "CT", 1).await;
    a.agree(&b, Preset::All, &Terms::default()).await;
    until("the study is listed", || b.lists(CT)).await;
    ((a, runtime), b)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_dies_without_a_word_is_noticed_within_seconds() {
    let ((a, runtime), b) = mortal_pair().await;
    let site = a.site();
    let began = Instant::now();
    a.die(runtime).await;
    assert!(b.overlay.contact(&site).connected, "nobody said so");
    until("B notices", || !b.overlay.contact(&site).connected).await;
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
    assert!(b.lists(CT), "what it told is still known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_died_and_is_back_at_once_is_heard_over_its_new_connection() {
    let ((a, runtime), b) = mortal_pair().await;
    let (site, port) = (a.site(), a.overlay.addresses()[0].port());
    let dir = a.die(runtime).await;
    assert!(b.overlay.contact(&site).connected, "B still believes in the old connection");
    let a = Hospital::open_in(dir, "CH Nord", 1, port).await;
    let began = Instant::now();
    a.store(MR, "MR", 1).await;
    until("the new study is listed", || b.lists(MR) && b.lists(CT)).await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    b.store("1.2.3.300", "CT", 1).await;
    until("the way back is good too", || a.lists("1.2.3.300")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_follow_is_asked_for_anew_from_the_beginning() {
    let (a, b) = two_peers().await;
    a.store(CT, "CT", 1).await;
    a.agree(&b, Preset::All, &Terms::default()).await;
    until("the study is listed", || b.lists(CT)).await;
    // B believes to be further than A's feed is.
    let epoch = b.overlay.inner.directory.cursor(&a.site()).epoch;
    let ahead = protocol::catalog::Page { epoch, entries: vec![withdrawn("1.2.3.999", 1_000_000)], more: true };
    b.overlay.inner.directory.apply(&a.site(), ahead, tasks::now()).unwrap();
    let behind = protocol::catalog::Page { epoch, entries: vec![withdrawn("1.2.3.999", 5)], more: true };
    assert_eq!(b.overlay.inner.directory.apply(&a.site(), behind, tasks::now()).unwrap_err(), Refusal::Malformed);
    a.store(MR, "MR", 1).await;
    until("the feed goes on", || b.lists(MR) && b.lists(CT)).await;
}

fn withdrawn(study: &str, position: u64) -> protocol::catalog::Entry {
    let change = protocol::catalog::Change::Withdrawn { study: study.parse().unwrap() };
    protocol::catalog::Entry { position, change }
}
