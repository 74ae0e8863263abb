//! The control plane: pairing, the swarm of paired sites, the catalog feed and the directory it fills.
//!
//! Small bounded messages between sites that trust each other, over QUIC or TCP with TLS. Whatever a peer says is
//! judged by `trust`; whatever people decided about a peer is said to it until it answers that it has it.
//!
//! # At a crash
//! Decisions and mail are in trust's journal; the directory is kept sealed and completed by the next pull; feeds begin
//! anew. Nothing said by a peer is lost that it does not say again.
//!
//! # Not here
//! Pixels: `transfer`. Permission: `trust`. Merging own and peers' studies: `studies`.

mod answering;
mod aside;
mod callers;
mod cards;
mod cases;
mod catalog;
mod codec;
mod contacts;
mod converse;
mod copies;
mod delegated;
mod dial;
mod directory;
mod duty;
mod feed;
mod gate;
mod glass;
mod history;
mod identified;
mod keepings;
mod knock;
mod ledger;
mod lines;
mod names;
mod nearline;
mod news;
mod notices;
mod offer;
mod once;
mod pairing;
mod presence;
mod relearn;
mod rotation;
mod swarm;
mod teams;
#[cfg(test)]
mod tests;
mod zones;

pub(crate) use aside::Aside;
pub(crate) use copies::{CopyState, CopyThere};
pub(crate) use duty::COVERAGE;
pub(crate) use keepings::KEEPING;

use crate::{
    archive::{Archive, ArchiveError, cache::Cache},
    audit::{Actor, Alerts, Audit, Event},
    backup::Forgotten,
    cases::Cases,
    config::Config,
    identity::Identity,
    pace::Pace,
    tasks::{self, Tasks},
    trust::{Trust, TrustError},
};
pub(crate) use feed::{Seen, SeenStudy};
pub(crate) use history::HistoryAnswer;
pub(crate) use offer::{OfferError, Said};
pub(crate) use presence::PresenceAnswer;

use contacts::Contacts;
use directory::Directory;
use feed::Feeds;
use once::OncePerSite;
use pairing::Pairings;
use protocol::{
    SiteId, Timestamp, Uid,
    agreement::{Ending, SignedAgreement},
    catalog::{Basis, Identified, Nearline},
    grant::Grant,
    ids::Id128,
    manifest::{Amendment, StudyCard},
    message::{Request, SiteRecord},
    signed::{SignatureBytes, Signed},
};
use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};
use swarm::Link;
use tokio::{
    sync::{Mutex, broadcast},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// News kept for a slow listener; one that falls further behind reads the lists anew.
const EVENTS_KEPT: usize = 1024;
/// How long sending waits for the peer's answer before leaving it to the mail.
const SEND_WAIT: Duration = Duration::from_secs(2);

/// A peer's study as it told us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteStudy {
    /// The site that told us and serves it.
    pub(crate) holder: SiteId,
    pub(crate) card: StudyCard,
    pub(crate) basis: Basis,
    /// When the card reached us.
    pub(crate) told: Timestamp,
    /// It is not at hand at once where it lies, as far as the holder told since our start.
    pub(crate) nearline: Option<Nearline>,
    /// Minutes ahead of UTC of its date and time, where its objects say so.
    pub(crate) utc_offset_min: Option<i16>,
    /// How sure the holder is of whose it is, where it says so.
    pub(crate) identified: Option<Identified>,
    /// The holder's, over the card: should it forget the study, it believes nothing else.
    pub(crate) signature: SignatureBytes,
}

/// How a peer is reached right now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) connected: bool,
    /// Last time anything was heard from it in this run or before.
    pub(crate) last: Option<Timestamp>,
    /// `quic` or `tcp`; by way of the pixel plane the word of its road: `direct`, `punched`, `tcp` or `relay`.
    pub(crate) road: Option<&'static str>,
    /// Their clock minus ours at the last hello, milliseconds.
    pub(crate) clock_offset_ms: Option<i64>,
}

/// A pairing on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pairing {
    pub(crate) id: Id128,
    /// Whether we invited.
    pub(crate) inviter: bool,
    pub(crate) state: PairingState,
    pub(crate) expires: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PairingState {
    /// Invitation open, nobody came yet.
    Waiting {
        tries_left: u8,
    },
    /// Keys agreed: both admins compare.
    Compare {
        peer_name: String,
        peer: SiteId,
        digits: String,
        confirmed_here: bool,
        confirmed_there: bool,
    },
    Done {
        peer_name: String,
        peer: SiteId,
    },
    Failed {
        reason: PairingFailure,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PairingFailure {
    #[error("the spoken code is wrong")]
    WrongCode,
    #[error("the invitation has expired or was used")]
    Expired,
    #[error("the other site cannot be reached")]
    Unreachable,
    #[error("the invitation is not readable")]
    BadInvitation,
    #[error("one side said the digits differ")]
    Rejected,
    #[error("the other side broke the protocol")]
    Protocol,
    #[error("this site is paired already")]
    AlreadyPaired,
}

/// News for those above.
#[derive(Clone, Debug)]
pub(crate) enum OverlayEvent {
    /// A card came, changed or went.
    Directory {
        holder: SiteId,
        study: Uid,
    },
    /// A peer amended a study it told of before: when and how. `None`: it withdrew it.
    Amended {
        holder: SiteId,
        study: Uid,
        amended: Option<(Timestamp, Amendment)>,
    },
    /// Many at once (an agreement ended, a feed began anew).
    DirectoryReset {
        holder: SiteId,
    },
    /// A peer came or went.
    Contact(SiteId),
    Pairing(Id128),
    /// A peer does not take a case of ours.
    CaseRefused {
        peer: SiteId,
        case: Id128,
    },
}

/// What is printed and spoken for an invitation.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    pub(crate) id: Id128,
    /// The text to send.
    pub(crate) text: String,
    /// The code to speak; eight digits in two groups.
    pub(crate) code: String,
    pub(crate) expires: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum OverlayError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error(transparent)]
    Pairing(#[from] PairingFailure),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Identity(#[from] crate::identity::IdentityError),
    #[error("the site cannot be reached")]
    Unreachable,
    #[error("{0}")]
    Transport(String),
}

/// What the overlay is built from.
#[derive(Debug)]
pub(crate) struct OverlayParts {
    pub(crate) config: Arc<Config>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) trust: Trust,
    pub(crate) archive: Archive,
    pub(crate) cache: Cache,
    pub(crate) sources: crate::sources::Sources,
    pub(crate) cases: Cases,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Overlay {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Arc<Config>,
    identity: Arc<Identity>,
    trust: Trust,
    archive: Archive,
    cache: Cache,
    sources: crate::sources::Sources,
    cases: Cases,
    audit: Audit,
    tasks: Tasks,
    link: Link,
    record: SiteRecord,
    contacts: Contacts,
    feeds: Feeds,
    directory: Directory,
    pairings: Pairings,
    /// Where the calls of sites that pair go while an invitation is open, if the pixel plane has the TCP port.
    pairing_calls: pairing::Calls,
    /// The open invitation's listener: how to stop it, and when it has.
    inviting: Mutex<Option<(CancellationToken, JoinHandle<()>)>>,
    alerts: Alerts,
    answering: answering::Answering,
    /// Questions by site.
    questions: converse::Questions,
    /// Greetings by keys that are no peer's.
    greetings: Pace<protocol::Key>,
    greets: OncePerSite,
    nudges: OncePerSite,
    pulls: OncePerSite,
    slices: OncePerSite,
    flushes: OncePerSite,
    mails: OncePerSite,
    partings: OncePerSite,
    ledgers: OncePerSite,
    receipts: OncePerSite,
    copies_asked: OncePerSite,
    duties: OncePerSite,
    duties_heard: duty::Heard,
    cases_told: cases::Told,
    teams: teams::Teams,
    presence: presence::Presence,
    due: copies::Due,
    unheard: converse::Unheard,
    relearning: relearn::Relearning,
    /// One change of our key at a time.
    rotating: Mutex<()>,
    events: broadcast::Sender<OverlayEvent>,
}

impl Inner {
    /// The directory as the last run left it.
    async fn read_kept(self: &Arc<Self>) {
        let reader = self.clone();
        let read = self.tasks.spawn_blocking("directory", move || {
            reader.erase_left_over()?;
            reader.directory.load(&reader.cache, &reader.trust)
        });
        if let Ok(Err(why)) = read.await {
            tracing::warn!(%why, "the kept directory is not readable; it will be pulled again");
        }
    }

    /// What is done as time passes, and as entries of the ledger are written.
    fn watch_clocks(self: &Arc<Self>) {
        self.tasks.spawn("overlay alerts", self.alerts.clone().run(self.tasks.clone()));
        self.tasks.spawn("time watch", self.clone().watch_time());
        self.tasks.spawn("ledger watch", self.clone().watch_ledger());
        self.tasks.spawn("receipts watch", self.clone().watch_receipts());
    }

    fn tell(&self, event: OverlayEvent) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    /// Evidence of what has happened already; where the effect must wait for it, the caller asks `audit` itself.
    async fn record(&self, event: Event) {
        if let Err(why) = self.audit.record(event).await {
            tracing::error!(%why, "evidence was not recorded");
        }
    }

    fn record_now(&self) -> Signed<SiteRecord> {
        self.identity.seal(&self.record)
    }
}

/// Where this machine is found when it listens at `listen`: the address itself, or that by which it reaches the world.
fn own_addresses(listen: SocketAddr) -> Vec<String> {
    let ip = if listen.ip().is_unspecified() { outward_ip().unwrap_or_else(|| listen.ip()) } else { listen.ip() };
    vec![SocketAddr::new(ip, listen.port()).to_string()]
}

/// The address of the interface that the default route uses; nothing is sent.
fn outward_ip() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn told(advertise: &[String], listen: SocketAddr) -> Vec<String> {
    if advertise.is_empty() { own_addresses(listen) } else { advertise.iter().take(8).cloned().collect() }
}

impl Overlay {
    /// Binds, reads the kept directory, starts the swarm and the feeds.
    pub(crate) async fn start(parts: OverlayParts) -> Result<Self, OverlayError> {
        let OverlayParts { config, identity, trust, archive, cache, sources, cases, audit, tasks } = parts;
        // Listening begins before anything is read: no change falls between.
        let (trust_events, archive_events) = (trust.events(), archive.events());
        let (source_events, case_news) = (sources.events(), cases.news());
        let (link, news) = swarm::start(config.overlay.listen, &identity.key(), &tasks).await?;
        let record = SiteRecord {
            name: config.site.name.clone(),
            overlay: told(&config.overlay.advertise, link.listen),
            pixels: told(&config.pixels.advertise, config.pixels.listen),
            issued: tasks::now(),
        };
        let inner = Arc::new(Inner {
            config,
            identity,
            trust,
            archive,
            cache,
            sources,
            cases,
            alerts: Alerts::new(audit.clone()),
            audit,
            tasks: tasks.clone(),
            link,
            record,
            contacts: Contacts::default(),
            feeds: Feeds::default(),
            directory: Directory::default(),
            pairings: Pairings::default(),
            pairing_calls: pairing::Calls::default(),
            inviting: Mutex::new(None),
            answering: answering::Answering::default(),
            questions: converse::Questions::default(),
            greetings: knock::greetings_pace(),
            greets: OncePerSite::default(),
            nudges: OncePerSite::default(),
            pulls: OncePerSite::default(),
            slices: OncePerSite::default(),
            flushes: OncePerSite::default(),
            mails: OncePerSite::default(),
            partings: OncePerSite::default(),
            ledgers: OncePerSite::default(),
            receipts: OncePerSite::default(),
            copies_asked: OncePerSite::default(),
            duties: OncePerSite::default(),
            duties_heard: duty::Heard::default(),
            cases_told: cases::Told::default(),
            teams: teams::Teams::default(),
            presence: presence::Presence::default(),
            due: copies::Due::default(),
            unheard: converse::Unheard::default(),
            relearning: relearn::Relearning::default(),
            rotating: Mutex::default(),
            events: broadcast::channel(EVENTS_KEPT).0,
        });
        inner.read_kept().await;
        tasks.spawn("converse", inner.clone().listen(news));
        tasks.spawn("catalog", inner.clone().watch_archive(archive_events));
        tasks.spawn("source news", inner.clone().watch_sources(source_events));
        tasks.spawn("cases watch", inner.clone().watch_cases(case_news));
        tasks.spawn("trust watch", inner.clone().watch_trust(trust_events));
        inner.watch_clocks();
        inner.allow_all().await;
        Ok(Self { inner })
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<OverlayEvent> {
        self.inner.events.subscribe()
    }

    /// Where the control plane listens.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        vec![self.inner.link.listen]
    }

    pub(crate) fn contact(&self, site: &SiteId) -> Contact {
        self.inner.contacts.of(site)
    }

    /// All studies told to us whose basis is in force.
    pub(crate) fn remote_studies(&self) -> Vec<RemoteStudy> {
        self.inner.directory.shown(&self.inner.trust, |_| true)
    }

    /// What a peer sees of ours now: made by what makes its feed, not by a copy of the rules.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) async fn seen_by(&self, peer: SiteId, offset: usize, limit: usize) -> Result<Seen, ArchiveError> {
        let inner = self.inner.clone();
        let look = self.inner.tasks.spawn_blocking("view as", move || inner.known().seen_by(&peer, offset, limit));
        // Stopping: nothing is seen any more.
        look.await.unwrap_or_else(|_| Ok(Seen::default()))
    }

    /// Who told us of this study (in force only).
    pub(crate) fn holders(&self, study: &Uid) -> Vec<RemoteStudy> {
        self.inner.directory.of_study(&self.inner.trust, study)
    }

    /// In which time zone a peer's devices date what they make, by its IANA name, as it said last.
    pub(crate) fn zone_of(&self, peer: &SiteId) -> Option<String> {
        self.inner.directory.zone(peer)
    }

    /// Peers that have not told yet what a restored node forgot.
    pub(crate) fn unlearnt(&self) -> Vec<SiteId> {
        self.inner.trusted().filter(|peer| !self.inner.relearning.has(peer)).collect()
    }

    /// Studies of ours that peers know and we do not, as far as peers told.
    pub(crate) fn forgotten(&self) -> Vec<Forgotten> {
        self.inner.relearning.forgotten()
    }

    /// There is something to pull for everybody: the door to peers is open again.
    pub(crate) fn nudge_all(&self) {
        self.inner.trusted().for_each(|peer| self.inner.nudge(peer));
    }

    pub(crate) async fn invite(&self) -> Result<Invitation, OverlayError> {
        self.inner.invite().await
    }

    /// Joins with an invitation and the spoken code; ends in state Compare.
    pub(crate) async fn join(&self, invitation: &str, code: &str) -> Result<Pairing, OverlayError> {
        self.inner.join(invitation, code).await
    }

    pub(crate) fn pairings(&self) -> Vec<Pairing> {
        self.inner.pairings.list()
    }

    /// This side's admin says whether digits and name agree. Both yes: the peer is added at both.
    /// `replaces`: the peer that it is, which has lost its key: that one is revoked, and its agreements are offered anew.
    pub(crate) async fn confirm(
        &self,
        pairing: &Id128,
        accept: bool,
        replaces: Option<SiteId>,
    ) -> Result<Pairing, OverlayError> {
        self.inner.confirm(pairing, accept, replaces).await
    }

    /// Tells a peer that a study of ours is meant for it, in the name of a rule.
    ///
    /// # Errors
    /// When the index cannot be read, or there can be no evidence.
    pub(crate) async fn offer(&self, peer: &SiteId, study: &Uid, actor: Actor) -> Result<Said, OfferError> {
        self.inner.offer(*peer, study, actor).await
    }

    async fn post(&self, peer: &SiteId, request: Request) -> Result<(), OverlayError> {
        self.inner.trust.keep_mail(peer, request).await?;
        if let Some(sending) = self.inner.send_mail(*peer) {
            // Not delivered within this is not an error: it is kept, and said until the peer has heard it.
            let _ = tokio::time::timeout(SEND_WAIT, sending).await;
        }
        Ok(())
    }

    /// Sends an agreement now, or when the peer is next met (kept until received).
    pub(crate) async fn send_agreement(&self, peer: &SiteId, signed: SignedAgreement) -> Result<(), OverlayError> {
        self.post(peer, Request::Agreement(signed)).await
    }

    pub(crate) async fn send_ending(&self, peer: &SiteId, agreement: &Id128) -> Result<(), OverlayError> {
        let ending = Ending { agreement: *agreement, at: tasks::now() };
        self.post(peer, Request::End(self.inner.identity.seal(&ending))).await
    }

    pub(crate) async fn send_grant(&self, peer: &SiteId, grant: Signed<Grant>) -> Result<(), OverlayError> {
        self.post(peer, Request::Grant(grant)).await
    }

    /// Tells the peer goodbye (best effort) and closes its connections. A site that cannot be told now is told when it
    /// is next met, and until then gets nothing but that.
    pub(crate) async fn drop_peer(&self, peer: &SiteId) {
        // Trust's own event brings this about as well; whoever comes first does it.
        let (inner, peer) = (self.inner.clone(), *peer);
        let _ = self.inner.tasks.spawn("goodbye", async move { inner.say_goodbye(peer).await }).await;
    }
}
