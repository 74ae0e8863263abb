//! Stories of studies: two whole sites, from the one's archive to the other's reader.

use super::*;
use crate::{
    config::{Config, SiteConfig},
    identity::Identity,
    journal::Journal,
    overlay::OverlayParts,
    transfer::TransferParts,
    transfer::tests::world::{Site, eventually},
    trust::{Peer, Role},
};
use protocol::{Digest, fetch::Priority, manifest::Completeness, message::SiteRecord};
use std::{net::SocketAddr, time::Instant};

/// A node's parts over a folder, without peers: for the stories of the doors.
pub(crate) struct Alone {
    pub(crate) studies: Studies,
    pub(crate) archive: Archive,
    pub(crate) audit: Audit,
    pub(crate) journal: Journal,
    pub(crate) cases: crate::cases::Cases,
    pub(crate) trust: Trust,
    pub(crate) overlay: Overlay,
    pub(crate) identity: Arc<Identity>,
    pub(crate) tasks: Tasks,
}

pub(crate) async fn alone(dir: &std::path::Path) -> Alone {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut config = Config::parse("[site]\nname = \"CH Nord\"\n").unwrap();
    (config.overlay.listen, config.pixels.listen) = (any, any);
    config.archive.free_bytes_min = 0;
    let config = Arc::new(config);
    let tasks = Tasks::default();
    let identity = Arc::new(Identity::create(dir).unwrap());
    let audit = Audit::open(dir, &tasks).unwrap();
    let records = dir.join("journal").join("site");
    std::fs::create_dir_all(&records).unwrap();
    let journal = Journal::open(&records, &tasks).unwrap();
    let trust = Trust::open(journal.clone(), identity.clone(), &tasks).unwrap();
    let archive = Archive::open(dir, &config.archive, identity.clone(), audit.clone(), &tasks).unwrap();
    let cache = Cache::open(&dir.join("cache"), &config.cache, &tasks).unwrap();
    let sources = Sources::open(dir, "CH Nord", archive.clone(), audit.clone(), &tasks).unwrap();
    let cases = crate::cases::Cases::open(dir, identity.clone(), trust.clone(), audit.clone(), &tasks).unwrap();
    let parts = OverlayParts {
        config: config.clone(),
        identity: identity.clone(),
        trust: trust.clone(),
        archive: archive.clone(),
        cache: cache.clone(),
        sources: sources.clone(),
        cases: cases.clone(),
        audit: audit.clone(),
        tasks: tasks.clone(),
    };
    let overlay = Overlay::start(parts).await.unwrap();
    let links = Links::open(journal.clone(), identity.clone(), audit.clone(), &tasks).unwrap();
    let parts = TransferParts {
        config,
        identity: identity.clone(),
        trust: trust.clone(),
        archive: archive.clone(),
        cache: cache.clone(),
        sources: sources.clone(),
        cases: cases.clone(),
        second: crate::backup::Second::open(dir),
        held: crate::backup::Held::open(dir),
        audit: audit.clone(),
        tasks: tasks.clone(),
        past: crate::transfer::Past::default(),
    };
    let transfer = Transfer::start(parts).await.unwrap();
    let studies = Studies::start(StudiesParts {
        links,
        archive: archive.clone(),
        cache,
        trust: trust.clone(),
        sources,
        overlay: overlay.clone(),
        transfer,
        audit: audit.clone(),
        tasks: tasks.clone(),
        site: SiteConfig::named("CH Nord"),
    });
    Alone { studies, archive, audit, journal, cases, trust, overlay, identity, tasks }
}

struct Node {
    site: Site,
    overlay: Overlay,
    studies: Studies,
    config: Arc<Config>,
}

impl Node {
    async fn new(name: &'static str, seed: u8) -> Self {
        Self::on(Site::new(name, seed).await, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    async fn on(site: Site, overlay: SocketAddr) -> Self {
        let mut config = Config::parse(&format!("[site]\nname = \"{}\"\n", site.name)).unwrap();
        config.overlay.listen = overlay;
        config.pixels.listen = site.address();
        let config = Arc::new(config);
        let parts = || OverlayParts {
            config: config.clone(),
            identity: site.identity.clone(),
            trust: site.trust.clone(),
            archive: site.archive.clone(),
            cache: site.cache.clone(),
            sources: site.sources.clone(),
            cases: site.cases.clone(),
            audit: site.audit.clone(),
            tasks: site.tasks.clone(),
        };
        let started = Instant::now();
        let overlay = loop {
            match Overlay::start(parts()).await {
                Ok(overlay) => break overlay,
                Err(fault) => assert!(started.elapsed() < Duration::from_secs(5), "{fault}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let links = Journal::open(&site.dir.path().join("journal").join("links"), &site.tasks).unwrap();
        let links = Links::open(links, site.identity.clone(), site.audit.clone(), &site.tasks).unwrap();
        let studies = Studies::start(StudiesParts {
            links,
            archive: site.archive.clone(),
            cache: site.cache.clone(),
            trust: site.trust.clone(),
            sources: site.sources.clone(),
            overlay: overlay.clone(),
            transfer: site.transfer.clone(),
            audit: site.audit.clone(),
            tasks: site.tasks.clone(),
            site: SiteConfig::named(site.name),
        });
        Self { site, overlay, studies, config }
    }

    fn as_peer(&self) -> Peer {
        let record = SiteRecord {
            name: self.site.name.to_owned(),
            overlay: self.overlay.addresses().iter().map(ToString::to_string).collect(),
            pixels: vec![self.config.pixels.listen.to_string()],
            issued: tasks::now(),
        };
        let site = self.site.id();
        Peer {
            site,
            name: self.site.name.to_owned(),
            record: self.site.identity.seal(&record),
            paired: tasks::now(),
            revoked: None,
        }
    }

    async fn pair(&self, other: &Self) -> Id128 {
        self.site.trust.add_peer(other.as_peer()).await.unwrap();
        other.site.trust.add_peer(self.as_peer()).await.unwrap();
        self.site.agree(&other.site).await
    }

    async fn list(&self) -> Vec<FoundStudy> {
        self.studies.find(&durand(), &StudyQuery::default(), None, 0, 100).await.unwrap()
    }

    async fn lists(&self, study: &Uid, what: impl Fn(&FoundStudy) -> bool) -> FoundStudy {
        let started = Instant::now();
        loop {
            let found = self.list().await.into_iter().find(|f| f.row.study == *study && what(f));
            if let Some(found) = found {
                return found;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "never listed: {:?}", self.list().await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Notes of the alerts about a study.
    fn alerts(&self, study: &Uid) -> Vec<String> {
        let all = self.site.events(Act::SecurityAlert).into_iter();
        all.filter(|e| e.study.as_ref() == Some(study)).map(|e| e.note.to_string()).collect()
    }

    async fn stop(self) -> tempfile::TempDir {
        self.site.archive.close().await.unwrap();
        assert_eq!(self.site.tasks.stop(Duration::from_secs(10)).await, Vec::<&str>::new(), "tasks left");
        self.site.dir
    }
}

fn durand() -> Person {
    Person::new("durand".into(), Role::Radiologist)
}

async fn two_hospitals() -> (Node, Node, Id128) {
    let (a, b) = (Node::new("CH Nord", 11).await, Node::new("Clinique Sud", 12).await);
    let agreement = a.pair(&b).await;
    (a, b, agreement)
}

async fn read_all(open: &OpenStudy, priority: Priority) -> Result<usize, StudyError> {
    let mut read = 0;
    for series in open.series().await?.iter() {
        for (entry, header) in open.headers(&series.series).await? {
            assert_eq!(Digest::of(&header), entry.header_digest);
            let bytes = open.range(&entry, 0, entry.bytes, priority).await?;
            assert_eq!(Digest::of(&bytes), entry.digest);
            read += 1;
        }
    }
    Ok(read)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_of_one_hospital_is_read_at_the_other() {
    let (a, b, _) = two_hospitals().await;
    let card = a.site.store("1.2.826.20", 30, 200_000).await;
    let found = b.lists(&card.study, |f| f.row.completeness == Completeness::Complete).await;
    assert_eq!((found.holder, found.site_name.as_str(), found.row.instances), (Some(a.site.id()), "CH Nord", 30));
    assert_eq!(found.availability, Availability::Remote);
    let opening = Instant::now();
    let open = b.studies.open(&durand(), &card.study).await.unwrap();
    let series = open.series().await.unwrap();
    let middle = series[0].instances[15].clone();
    open.range(&middle, 0, middle.bytes, Priority::Screen).await.unwrap();
    eprintln!("first image after {:?}", opening.elapsed());
    // Nobody asks for the rest: it comes behind the first image.
    eventually("all is here", || b.studies.transfers().iter().any(|t| t.state == "done")).await;
    assert_eq!(read_all(&open, Priority::Screen).await.unwrap(), 30);
    let head = open.meta(&middle).await.unwrap();
    assert_eq!(&head[128..132], b"DICM");
    let found = b.lists(&card.study, |f| f.instances_here == 30).await;
    assert_eq!(found.availability, Availability::Online);
    let (opened, fetched) = (b.site.events(Act::StudyOpened), b.site.events(Act::StudyFetched));
    assert_eq!((opened.len(), fetched.len(), a.site.events(Act::StudyServed).len()), (1, 1, 1));
    // The holder goes: what is here stays readable, by another reader too and without the network.
    a.stop().await;
    let martin = Person::new("martin".into(), Role::Radiologist);
    let open = b.studies.open(&martin, &card.study).await.unwrap();
    assert_eq!(read_all(&open, Priority::Screen).await.unwrap(), 30);
    drop(open);
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_away_is_said_to_be_at_once_and_the_fetch_goes_on_when_it_returns() {
    let (a, b, _) = two_hospitals().await;
    let card = a.site.store("1.2.826.21", 20, 400_000).await;
    b.lists(&card.study, |f| f.row.completeness == Completeness::Complete).await;
    let open = b.studies.open(&durand(), &card.study).await.unwrap();
    let entry = open.series().await.unwrap()[0].instances[7].clone();
    let (pixels, overlay) = (a.site.address(), a.overlay.addresses()[0]);
    let dir = a.stop().await;
    eventually("B knows", || !b.overlay.contact(&card.custodian).connected).await;
    let asked = Instant::now();
    let answer = open.range(&entry, 0, entry.bytes, Priority::Screen).await;
    assert!(matches!(answer, Err(StudyError::Unreachable { .. })), "{answer:?}");
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    eventually("the strip says so", || b.studies.transfers().iter().any(|t| t.state == "waiting")).await;
    assert_eq!(b.lists(&card.study, |_| true).await.availability, Availability::Unreachable);
    let a = Node::on(Site::at("CH Nord", 11, dir, pixels).await, overlay).await;
    eventually("it goes on by itself", || b.studies.transfers().iter().any(|t| t.state == "done")).await;
    assert_eq!(read_all(&open, Priority::Screen).await.unwrap(), 20);
    drop(a);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_agreement_closes_what_is_open() {
    let (a, b, agreement) = two_hospitals().await;
    let card = a.site.store("1.2.826.22", 10, 100_000).await;
    b.lists(&card.study, |f| f.row.completeness == Completeness::Complete).await;
    let open = b.studies.open(&durand(), &card.study).await.unwrap();
    assert_eq!(read_all(&open, Priority::Screen).await.unwrap(), 10);
    b.site.trust.end(&agreement, &b.site.id()).await.unwrap();
    assert!(matches!(read_all(&open, Priority::Screen).await, Err(StudyError::Refused(_))));
    let again = b.studies.open(&durand(), &card.study).await;
    assert!(matches!(again, Err(StudyError::NotFound | StudyError::Refused(_))), "{again:?}");
    let started = Instant::now();
    while !b.list().await.is_empty() {
        assert!(started.elapsed() < Duration::from_secs(5), "still listed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_changed_at_the_holder_are_said_to_be_corrupt() {
    let (a, b, _) = two_hospitals().await;
    let card = a.site.store("1.2.826.23", 3, 100_000).await;
    b.lists(&card.study, |f| f.row.completeness == Completeness::Complete).await;
    let open = b.studies.open(&durand(), &card.study).await.unwrap();
    let entries = open.series().await.unwrap()[0].instances.clone();
    let file = a.site.file_of(&entries[1].digest);
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.len() - 2_000;
    bytes[at] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let answer = open.range(&entries[1], 0, entries[1].bytes, Priority::Screen).await;
    assert!(matches!(answer, Err(StudyError::Corrupt)), "{answer:?}");
    open.range(&entries[0], 0, entries[0].bytes, Priority::Screen).await.unwrap();
    eventually("the strip says so", || b.studies.transfers().iter().any(|t| t.state == "corrupt")).await;
    let met = std::collections::BTreeSet::from([entries[1].digest]);
    eventually("it is remembered when the study is closed", || b.site.cases.unverified(&card.study) == met).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_of_ours_is_opened_listed_first_and_written_down() {
    let (a, b, _) = two_hospitals().await;
    let card = a.site.store("1.2.826.24", 4, 50_000).await;
    b.site.store("1.2.826.24", 4, 50_000).await;
    b.lists(&card.study, |f| f.holder.is_none()).await;
    // B is told of the same study by A: it stays B's own.
    eventually("B is told", || !b.overlay.holders(&card.study).is_empty()).await;
    assert_eq!(b.list().await.len(), 1);
    assert_eq!(b.list().await[0].holder, None);
    let open = b.studies.open(&durand(), &card.study).await.unwrap();
    assert_eq!(read_all(&open, Priority::Screen).await.unwrap(), 4);
    let again = b.studies.open(&durand(), &card.study).await.unwrap();
    assert!(Arc::ptr_eq(&open, &again), "one opening while it is in use");
    assert_eq!(b.site.events(Act::StudyOpened).len(), 1);
    let auditor = Person::new("dpo".into(), Role::Auditor);
    assert!(matches!(b.studies.open(&auditor, &card.study).await, Err(StudyError::Refused(Refusal::Role))));
    let listed = b.studies.find(&auditor, &StudyQuery::default(), None, 0, 10).await;
    assert!(matches!(listed, Err(StudyError::Refused(Refusal::Role))));
    assert!(b.studies.find(&durand(), &StudyQuery::default(), Some(&[]), 0, 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_that_grew_is_fetched_as_far_as_it_grew() {
    let (a, b, _) = two_hospitals().await;
    let card = a.site.store("1.2.826.25", 5, 100_000).await;
    b.lists(&card.study, |f| f.row.completeness == Completeness::Complete).await;
    b.studies.prefetch(&durand(), &card.study).await.unwrap();
    b.lists(&card.study, |f| f.instances_here == 5).await;
    let open = b.studies.open(&durand(), &card.study).await.unwrap();
    let version = open.version().await.unwrap();
    a.site.store("1.2.826.25", 8, 100_000).await;
    b.lists(&card.study, |f| f.instances_here == 8).await;
    assert_ne!(open.version().await.unwrap(), version);
    assert_eq!(read_all(&open, Priority::Screen).await.unwrap(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_whole_copies_are_read_while_the_holder_is_away() {
    let (a, b, _) = two_hospitals().await;
    let card = a.site.store("1.2.826.26", 4, 100_000).await;
    b.lists(&card.study, |f| f.row.completeness == Completeness::Complete).await;
    let open = b.studies.open(&durand(), &card.study).await.unwrap();
    let series = open.series().await.unwrap();
    for entry in &series[0].instances {
        open.range(entry, 0, entry.bytes, Priority::Screen).await.unwrap();
    }
    eventually("all is here", || b.studies.transfers().iter().any(|t| t.state == "done")).await;
    // No header was asked for until now.
    a.stop().await;
    let entry = &series[0].instances[2];
    let header = open.header(&series[0].series, &entry.instance).await.unwrap();
    assert_eq!(Digest::of(&header), entry.header_digest);
    assert_eq!(read_all(&open, Priority::Screen).await.unwrap(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_here_does_not_hide_what_only_the_peer_has() {
    let (a, b, _) = two_hospitals().await;
    let card = a.site.store("1.2.826.27", 5, 100_000).await;
    b.lists(&card.study, |f| f.row.completeness == Completeness::Complete).await;
    let before = b.studies.open(&durand(), &card.study).await.unwrap();
    assert_eq!(before.series().await.unwrap()[0].instances.len(), 5);
    b.site.store("1.2.826.27", 2, 100_000).await;
    let found = b.lists(&card.study, |f| f.instances_here >= 2).await;
    assert_eq!((found.holder, found.row.instances, b.list().await.len()), (Some(a.site.id()), 5, 1));
    let open = b.studies.open(&durand(), &card.study).await.unwrap();
    assert!(!Arc::ptr_eq(&before, &open), "what came to be here is opened too");
    assert_eq!(read_all(&open, Priority::Screen).await.unwrap(), 5);
    for entry in &open.series().await.unwrap()[0].instances {
        assert_eq!(&open.meta(entry).await.unwrap()[128..132], b"DICM");
    }
    assert!(b.alerts(&card.study).is_empty());
    let open = b.studies.open(&durand(), &card.study).await.unwrap();
    assert_eq!(open.series().await.unwrap()[0].instances.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_instance_that_differs_the_custodians_is_shown_and_ours_is_told() {
    let (a, b, agreement) = two_hospitals().await;
    b.site.store("1.2.826.28", 6, 50_000).await;
    let own = b.studies.open(&durand(), &Uid::parse("1.2.826.28").unwrap()).await.unwrap();
    assert_eq!(read_all(&own, Priority::Screen).await.unwrap(), 6);
    let card = a.site.store("1.2.826.28", 5, 100_000).await;
    b.lists(&card.study, |f| f.holder == Some(a.site.id()) && f.row.completeness == Completeness::Complete).await;
    let open = b.studies.open(&durand(), &card.study).await.unwrap();
    assert_eq!(read_all(&open, Priority::Screen).await.unwrap(), 6);
    let sealed = a.site.archive.manifest(&card.study).unwrap().unwrap();
    let shown = open.series().await.unwrap();
    for theirs in &sealed.manifest.series[0].instances {
        assert!(shown[0].instances.contains(theirs), "the custodian's is shown");
    }
    let alerts = b.alerts(&card.study);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].starts_with("5 instances"), "{alerts:?}");
    // When the agreement ends, ours remains.
    b.site.trust.end(&agreement, &b.site.id()).await.unwrap();
    let own = b.studies.open(&durand(), &card.study).await.unwrap();
    assert_eq!(read_all(&own, Priority::Screen).await.unwrap(), 6);
    assert_eq!(own.found().holder, None);
}
