//! Opens, wires, runs and closes all parts of a node. This page is the life of the process.
//!
//! One process holds a folder at a time. Parts are opened from the floor upwards and started from the reach upwards; the
//! doors open last, so that whoever gets in finds everything there. At stop the doors close first, what is running has
//! [`DRAIN_MAX`] to end, and the archive closes last.
//!
//! # At a crash
//! Nothing here needs to be undone: the lock falls with the process, a socket left over is replaced, and each part tells
//! its own story.
//!
//! # Not here
//! What the doors answer, and what is printed.

mod aside;
mod certificate;
mod create;
mod doors;
mod lend;
mod lock;
mod restored;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use certificate::expiry as certificate_expiry;
pub(crate) use create::{CreateError, Founding, create};
pub(crate) use doors::control_path;
#[cfg(test)]
pub(crate) use lend::lent;
pub(crate) use lock::{Lock, LockError};

use crate::{
    alarms::{Alarms, Kind},
    archive::{
        Archive, ArchiveError,
        cache::{Cache, CacheError},
    },
    audit::{Act, Actor, Audit, AuditError, Event},
    backup::{BackupError, Held, Second},
    cases::{CaseError, Cases},
    collect::{self, CollectParts},
    config::{Addresses, Config, ConfigError},
    desk::{Desk, DeskParts, Lent},
    dicomweb, dimse,
    identity::{Identity, IdentityError},
    journal::{Journal, JournalError},
    links::{LinkError, Links},
    media::Media,
    overlay::{Overlay, OverlayError, OverlayParts},
    pixels::Decoders,
    portal::{self, Local, PortalDoor, Uploads},
    reseal::{Reseal, ResealParts},
    roster::{Roster, RosterParts},
    rules::{Rules, RulesParts},
    sources::{SourceError, Sources},
    spare::{Spare, SpareParts},
    studies::{Studies, StudiesParts},
    tasks::{self, Tasks},
    transfer::{Past, Transfer, TransferError, TransferParts},
    trust::{Person, Role, Trust, TrustError},
    users::{Oidc, Users, UsersError},
};
use axum::{Extension, Router};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicUsize},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// What is running at stop may take so long to end.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// How often leases past their time are looked for.
const EXPIRY_EVERY: Duration = Duration::from_secs(60);

/// Why a node does not open or run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Users(#[from] UsersError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Cases(#[from] CaseError),
    #[error(transparent)]
    Links(#[from] LinkError),
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error("sources: {0}")]
    Sources(#[from] SourceError),
    #[error(transparent)]
    Dimse(#[from] dimse::DimseError),
    #[error(transparent)]
    Doors(#[from] doors::DoorError),
    #[error("{0}")]
    Folder(#[from] std::io::Error),
}

/// An open folder: everything a node has when nobody is connected.
pub(crate) struct Site {
    pub(crate) dir: PathBuf,
    pub(crate) config: Arc<Config>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) tasks: Tasks,
    audit: Audit,
    users: Users,
    oidc: Option<Oidc>,
    trust: Trust,
    pub(crate) archive: Archive,
    cache: Cache,
    sources: Sources,
    cases: Cases,
    links: Links,
    alarms: Alarms,
    roster: Roster,
    second: Second,
    held: Held,
    /// Keys of ours that the journal does not know yet.
    unrecorded: Option<protocol::Keys>,
    _lock: Lock,
}

/// What only a running node has.
struct Running {
    overlay: Overlay,
    studies: Studies,
    desk: Desk,
    rules: Rules,
    spare: Spare,
    reseal: Reseal,
}

/// Where the planes listen.
struct Planes {
    overlay: SocketAddr,
    pixels: SocketAddr,
}

impl Site {
    /// Opens a folder, from the floor upwards. Blocks while journals are read.
    ///
    /// # Errors
    /// When it is no node's folder, another process holds it, or a part of it is damaged.
    pub(crate) fn open(dir: &Path) -> Result<Self, SiteError> {
        let config = Arc::new(Config::load(dir)?);
        let dir = dir.canonicalize()?;
        let lock = Lock::take(&dir)?;
        let identity = Arc::new(Identity::load(&dir)?);
        let tasks = Tasks::default();
        let audit = Audit::open(&dir, &tasks)?;
        let records = dir.join("journal").join("site");
        std::fs::create_dir_all(&records)?;
        let journal = Journal::open(&records, &tasks)?;
        let trust = Trust::open(journal.clone(), identity.clone(), &tasks)?;
        let unrecorded = identity.settle(&trust.keys_of(&identity.site()).keys)?;
        let records_of_links = journal.clone();
        let users = Users::open(journal, identity.clone(), &factor_roles(&config), &tasks)?;
        let oidc = config.oidc.as_ref().map(|to| Oidc::open(to, identity.clone(), &tasks)).transpose()?;
        let links = Links::open(records_of_links, identity.clone(), audit.clone(), &tasks)?;
        let archive = Archive::open(&dir, &config.archive, identity.clone(), audit.clone(), &tasks)?;
        archive.read_notes_with(crate::pixels::rejection_note::read);
        let cache = Cache::open(&dir.join("cache"), &config.cache, &tasks)?;
        let sources = Sources::open(&dir, &config.site.name, archive.clone(), audit.clone(), &tasks)?;
        let cases = Cases::open(&dir, identity.clone(), trust.clone(), audit.clone(), &tasks)?;
        let alarms = Alarms::open(&dir, &config.alarms, &config.site.name, &config.site.language);
        let roster = Roster::open(RosterParts {
            site: identity.site(),
            trust: trust.clone(),
            users: users.clone(),
            alarms: alarms.clone(),
            audit: audit.clone(),
            tasks: tasks.clone(),
            look_every: Duration::from_millis(config.alarms.look_every_ms),
            silent_after: Duration::from_millis(config.alarms.screen_silent_ms),
        });
        let (second, held) = (Second::open(&dir), Held::open(&dir));
        let _lock = lock;
        Ok(Self {
            dir,
            config,
            identity,
            tasks,
            audit,
            users,
            oidc,
            trust,
            archive,
            cache,
            sources,
            cases,
            links,
            alarms,
            roster,
            second,
            held,
            unrecorded,
            _lock,
        })
    }

    /// Runs the node until a signal stops it. `ready` hears when all doors are open.
    ///
    /// # Errors
    /// When a door or plane cannot open; what was opened before is closed again.
    pub(crate) async fn serve(self, ready: impl FnOnce(&Self, &Addresses)) -> Result<(), SiteError> {
        let signal = doors::stop_signal()?;
        self.audit.record(Event::new(Act::NodeStarted, node_actor()).note(env!("CARGO_PKG_VERSION"))).await?;
        match self.start().await {
            Ok(addresses) => {
                ready(&self, &addresses);
                signal.await;
                tracing::info!("stopping");
                self.stop().await
            }
            Err(error) => {
                self.stop().await?;
                Err(error)
            }
        }
    }

    /// Starts the planes, then the view, then the doors.
    async fn start(&self) -> Result<Addresses, SiteError> {
        if let Some(keys) = &self.unrecorded {
            self.trust.succeed(keys.clone()).await?;
        }
        let restored = self.restored();
        let is_restored = restored.begin().await?;
        let overlay = Overlay::start(OverlayParts {
            config: self.config.clone(),
            identity: self.identity.clone(),
            trust: self.trust.clone(),
            archive: self.archive.clone(),
            cache: self.cache.clone(),
            sources: self.sources.clone(),
            cases: self.cases.clone(),
            audit: self.audit.clone(),
            tasks: self.tasks.clone(),
        })
        .await?;
        let transfer = Transfer::start(TransferParts {
            config: self.config.clone(),
            identity: self.identity.clone(),
            trust: self.trust.clone(),
            archive: self.archive.clone(),
            cache: self.cache.clone(),
            sources: self.sources.clone(),
            cases: self.cases.clone(),
            second: self.second.clone(),
            held: self.held.clone(),
            audit: self.audit.clone(),
            tasks: self.tasks.clone(),
            past: Past::open(&self.dir),
        })
        .await?;
        aside::join(&self.config, &overlay, &transfer, &self.tasks).await;
        let decoders = Decoders::telling(self.tasks.clone(), self.cases.clone());
        lend::pictures(&transfer, &decoders, &self.tasks);
        let planes = Planes {
            overlay: overlay.addresses().first().copied().unwrap_or(self.config.overlay.listen),
            pixels: transfer.address().unwrap_or(self.config.pixels.listen),
        };
        let spare = self.spare(&overlay, &transfer);
        let studies = Studies::start(StudiesParts {
            archive: self.archive.clone(),
            cache: self.cache.clone(),
            trust: self.trust.clone(),
            sources: self.sources.clone(),
            overlay: overlay.clone(),
            transfer,
            audit: self.audit.clone(),
            tasks: self.tasks.clone(),
            site: self.config.site.clone(),
            links: self.links.clone(),
        });
        studies.follow_people(self.users.losses());
        let desk = self.desk(&overlay, &studies);
        self.alarms.start(&self.tasks);
        self.roster.start();
        self.collect();
        self.tasks.spawn("watch", watch::run(self.watch(overlay.clone())));
        self.tasks.spawn("cache expiry", expire(self.cache.clone(), self.audit.clone(), self.tasks.clone()));
        if is_restored {
            self.tasks.spawn("restored", restored.run(overlay.clone()));
        }
        self.open_doors((overlay, studies, desk), spare, planes, decoders).await
    }

    /// Sends events of the log to the collector, where one is set.
    fn collect(&self) {
        let Some(config) = self.config.collector.clone() else {
            return self.alarms.set(Kind::CollectorBehind, "", 0, None);
        };
        collect::start(CollectParts {
            dir: self.dir.clone(),
            config,
            site: self.config.site.name.clone(),
            key: self.identity.site().to_string(),
            audit: self.audit.clone(),
            archive: self.archive.clone(),
            alarms: self.alarms.clone(),
            tasks: self.tasks.clone(),
        });
    }

    fn desk(&self, overlay: &Overlay, studies: &Studies) -> Desk {
        let desk = Desk::start(DeskParts {
            cases: self.cases.clone(),
            trust: self.trust.clone(),
            archive: self.archive.clone(),
            overlay: overlay.clone(),
            studies: studies.clone(),
            alarms: self.alarms.clone(),
            tasks: self.tasks.clone(),
            site_name: self.config.site.name.clone(),
            portal_url: self.config.portal_url(self.config.portal.listen),
            roster: self.roster.clone(),
            sources: self.sources.clone(),
            time_zone: self.config.site.time_zone.clone(),
        });
        self.roster.lend_cases(Arc::new(Lent::new(&desk)));
        desk.follow_people(self.users.losses());
        desk
    }

    fn spare(&self, overlay: &Overlay, transfer: &Transfer) -> Spare {
        Spare::start(SpareParts {
            identity: self.identity.clone(),
            trust: self.trust.clone(),
            overlay: overlay.clone(),
            transfer: transfer.clone(),
            second: self.second.clone(),
            held: self.held.clone(),
            audit: self.audit.clone(),
            tasks: self.tasks.clone(),
            every: Duration::from_millis(self.config.alarms.look_every_ms),
            free_bytes_min: self.config.archive.free_bytes_min,
            dir: self.dir.clone(),
        })
    }

    fn reseal(&self) -> Reseal {
        Reseal::start(ResealParts {
            dir: self.dir.clone(),
            identity: self.identity.clone(),
            users: self.users.clone(),
            archive: self.archive.clone(),
            cases: self.cases.clone(),
            audit: self.audit.clone(),
            tasks: self.tasks.clone(),
        })
    }

    fn restored(&self) -> restored::Restored {
        restored::Restored {
            dir: self.dir.clone(),
            trust: self.trust.clone(),
            archive: self.archive.clone(),
            audit: self.audit.clone(),
            tasks: self.tasks.clone(),
        }
    }

    fn watch(&self, overlay: Overlay) -> watch::Watch {
        watch::Watch {
            dir: self.dir.clone(),
            config: self.config.clone(),
            archive: self.archive.clone(),
            audit: self.audit.clone(),
            site: self.identity.site(),
            trust: self.trust.clone(),
            overlay,
            alarms: self.alarms.clone(),
            second: self.second.clone(),
            tasks: self.tasks.clone(),
        }
    }

    async fn open_doors(
        &self,
        (overlay, studies, desk): (Overlay, Studies, Desk),
        spare: Spare,
        planes: Planes,
        decoders: Decoders,
    ) -> Result<Addresses, SiteError> {
        let scanners = dimse::DimseDoor::start(
            &self.config.dimse,
            dimse::DimseParts {
                archive: self.archive.clone(),
                studies: studies.clone(),
                audit: self.audit.clone(),
                cases: self.cases.clone(),
                users: self.users.clone(),
                tasks: self.tasks.clone(),
                decoders: decoders.clone(),
                dir: self.dir.join("commitments"),
            },
        )
        .await?;
        self.sources.start(scanners.scu());
        let rules = Rules::start(RulesParts {
            archive: self.archive.clone(),
            cache: self.cache.clone(),
            trust: self.trust.clone(),
            overlay: overlay.clone(),
            studies: studies.clone(),
            sources: self.sources.clone(),
            audit: self.audit.clone(),
            tasks: self.tasks.clone(),
            courier: scanners.courier(),
        })?;
        let socket = doors::bind(self.config.portal.listen)?;
        let bound = Addresses {
            portal: socket.local_addr()?,
            dimse: scanners.address(),
            overlay: planes.overlay,
            pixels: planes.pixels,
        };
        let images = dicomweb::router(dicomweb::DicomwebDoor {
            studies: studies.clone(),
            archive: self.archive.clone(),
            audit: self.audit.clone(),
            cases: self.cases.clone(),
            reading_room: Some(desk.clone()),
            trust: self.trust.clone(),
            site_name: self.config.site.name.clone(),
            tasks: self.tasks.clone(),
            decoders: decoders.clone(),
            https: self.config.tls().is_some(),
            cors_origins: self.config.dicomweb.cors_origins.clone().into(),
            ask_peers: self.config.dicomweb.ask_peers,
        });
        let running = Running { overlay, studies, desk, rules, spare, reseal: self.reseal() };
        let door = self.portal_door(Some(running), scanners.counter(), bound, decoders);
        let routes = portal::router(door, images);
        doors::serve_control(&self.dir, local(routes.clone()), &self.tasks)?;
        doors::serve_portal(socket, self.config.tls(), routes, &self.tasks)?;
        Ok(bound)
    }

    /// The API of an open folder for the command line, as the control socket of a running node gives it. What needs peers
    /// says that no node runs.
    pub(crate) fn offline(&self) -> Router {
        let Config { portal, dimse, overlay, pixels, .. } = &*self.config;
        let bound =
            Addresses { portal: portal.listen, dimse: dimse.listen, overlay: overlay.listen, pixels: pixels.listen };
        local(portal::router(
            self.portal_door(None, Arc::default(), bound, Decoders::new(self.tasks.clone())),
            Router::new(),
        ))
    }

    fn portal_door(
        &self,
        running: Option<Running>,
        associations: Arc<AtomicUsize>,
        bound: Addresses,
        decoders: Decoders,
    ) -> PortalDoor {
        let (overlay, studies, desk, rules, spare, reseal) = running.map_or_else(Default::default, |running| {
            let Running { overlay, studies, desk, rules, spare, reseal } = running;
            (Some(overlay), Some(studies), Some(desk), Some(rules), Some(spare), Some(reseal))
        });
        PortalDoor {
            dir: self.dir.clone(),
            config: self.config.clone(),
            identity: self.identity.clone(),
            audit: self.audit.clone(),
            users: self.users.clone(),
            oidc: self.oidc.clone(),
            trust: self.trust.clone(),
            archive: self.archive.clone(),
            cache: self.cache.clone(),
            sources: self.sources.clone(),
            cases: self.cases.clone(),
            links: self.links.clone(),
            desk,
            media: Media {
                archive: self.archive.clone(),
                trust: self.trust.clone(),
                audit: self.audit.clone(),
                tasks: self.tasks.clone(),
                decoders,
                site_name: self.config.site.name.clone(),
                language: self.config.site.language.clone(),
            },
            uploads: Uploads::open(&self.dir),
            alarms: self.alarms.clone(),
            roster: self.roster.clone(),
            overlay,
            studies,
            signatures: Arc::new(Semaphore::new(1)),
            rules,
            spare,
            reseal,
            second: self.second.clone(),
            held: self.held.clone(),
            tasks: self.tasks.clone(),
            associations,
            bound,
            started: Instant::now(),
        }
    }

    /// Closes a running node.
    async fn stop(self) -> Result<(), SiteError> {
        doors::forget_control(&self.dir);
        let audit = self.audit.clone();
        let left = self.tasks.stop(DRAIN_MAX).await;
        let note = if left.is_empty() { String::new() } else { format!("cut off: {}", left.join(", ")) };
        if !left.is_empty() {
            tracing::warn!(tasks = left.join(", "), "cut off what did not end in time");
        }
        audit.record(Event::new(Act::NodeStopped, node_actor()).note(note)).await?;
        Ok(self.archive.close().await?)
    }

    /// Closes a folder that the command line opened.
    pub(crate) async fn close(self) -> Result<(), SiteError> {
        self.tasks.stop(DRAIN_MAX).await;
        Ok(self.archive.close().await?)
    }
}

/// The roles that the settings name.
fn factor_roles(config: &Config) -> Vec<Role> {
    let is_named = |role: &Role| config.portal.second_factor.iter().any(|word| word == role.word());
    Role::ALL.into_iter().filter(is_named).collect()
}

/// Routes for whoever holds the control socket or the folder itself: its owner, who may do everything.
fn local(routes: Router) -> Router {
    let owner = Person::new("local".to_owned(), Role::Admin);
    routes.layer(Extension(owner)).layer(Extension(Local))
}

fn node_actor() -> Actor {
    Actor { person: "node".to_owned(), ..Actor::default() }
}

/// Erases leases past their time, once a minute.
async fn expire(cache: Cache, audit: Audit, tasks: Tasks) {
    loop {
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(EXPIRY_EVERY) => {}
        }
        let leases = cache.clone();
        match tasks.spawn_blocking("cache expiry", move || leases.expire(tasks::now())).await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(studies)) => {
                let note = format!("{studies} studies past their time");
                if let Err(error) = audit.record(Event::new(Act::CacheErased, node_actor()).note(note)).await {
                    tracing::error!(%error, "cache expiry: evidence");
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "leases past their time were not erased"),
        }
    }
}
