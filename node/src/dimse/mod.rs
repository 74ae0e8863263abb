//! The DIMSE door: verification, storage, storage commitment, query and retrieval, as provider and as user; performed procedure
//! steps, as provider.
//!
//! It translates DIMSE into calls of the archive and of studies and decides nothing. An instance is answered with success
//! only after [`Archive::ingest`] returned, which is after file, folder and record are on disk. Whoever connects costs
//! bounded memory and time at each stage: connected, associated, sending.
//!
//! # At a crash
//! A message cut in the middle leaves a spool that nobody names; the archive sweeps it. An instance stored but not yet
//! answered is sent again by its sender and found known.
//!
//! # Not here
//! What is stored how (`archive`), which studies there are and where (`studies`).

mod announce;
mod association;
mod availability;
mod caller;
mod commitment;
mod echo;
mod evidence;
mod files;
mod find_scp;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod identifier;
mod link;
mod listener;
mod message;
mod negotiate;
mod pdu;
mod performed;
mod question;
mod refusals;
mod retrieve_scp;
mod route_scu;
mod source_scu;
mod status;
mod store_scp;
mod store_scu;
mod stream;
mod tls;

#[cfg(test)]
mod tests;

use crate::{
    archive::Archive,
    audit::Audit,
    cases::Cases,
    config::DimseConfig,
    pixels::Decoders,
    studies::Studies,
    tasks::Tasks,
    users::{Fingerprint, KnownAe, Users},
};
use association::Wanted;
use link::{Link, LinkError, Patience};
use protocol::{AeTitle, Uid};
use std::{
    fmt,
    net::SocketAddr,
    path::PathBuf,
    str::FromStr,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};
use tokio::net::{TcpListener, TcpStream};

pub(crate) use commitment::{CommitPatience, commit, failure};
pub(crate) use echo::echo;
pub(crate) use files::find;
pub(crate) use store_scu::{Sent, send};
pub(crate) use tls::Calling;

/// What every association of the door works with.
#[derive(Clone, Debug)]
pub(crate) struct DimseParts {
    pub(crate) archive: Archive,
    pub(crate) studies: Studies,
    pub(crate) audit: Audit,
    pub(crate) cases: Cases,
    pub(crate) users: Users,
    pub(crate) tasks: Tasks,
    pub(crate) decoders: Decoders,
    /// The door's own folder: questions for storage commitment wait in it.
    pub(crate) dir: PathBuf,
}

/// The open door.
#[derive(Clone, Debug)]
pub(crate) struct DimseDoor {
    scu: Arc<source_scu::SourceScu>,
    router: Arc<route_scu::RouteScu>,
    address: SocketAddr,
    associations: Arc<AtomicUsize>,
    #[cfg(test)]
    ahead: Arc<tokio::sync::Semaphore>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum DimseError {
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    #[error("the AE title of the configuration is not one (1-16 printable characters)")]
    Title,
    #[error(transparent)]
    Folder(std::io::Error),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error("not a destination: {0} (expected AETITLE@HOST:PORT)")]
    Destination(String),
    #[error("cannot connect to {0}: {1}")]
    Connect(String, std::io::Error),
    #[error("no connection to {0} within {1} s")]
    ConnectTimeout(String, u64),
    #[error(transparent)]
    Request(#[from] association::RequestError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("{0}")]
    Refused(&'static str),
}

impl DimseDoor {
    /// Binds and begins to accept.
    pub(crate) async fn start(config: &DimseConfig, parts: DimseParts) -> Result<Self, DimseError> {
        Self::start_with(config, parts, Patience::default()).await
    }

    async fn start_with(config: &DimseConfig, parts: DimseParts, patience: Patience) -> Result<Self, DimseError> {
        let title = AeTitle::parse(&config.ae_title).map_err(|_| DimseError::Title)?;
        let failed = |e| DimseError::Listen(config.listen, e);
        let socket = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let (mut secured, mut calling) = (None, None);
        if let Some(tls) = &config.tls {
            let taking = tls::Taking::read(tls)?;
            calling = Some(Calling::read(&tls.ca, Some((&tls.certificate, &tls.key)))?);
            let failed = |e| DimseError::Listen(tls.listen, e);
            let socket = TcpListener::bind(tls.listen).await.map_err(failed)?;
            secured = Some((socket, taking));
        }
        let associations = Arc::new(AtomicUsize::new(0));
        let tasks = parts.tasks.clone();
        let reporter = commitment::Reporter::open((title.clone(), calling.clone()), patience, &parts)
            .map_err(DimseError::Folder)?;
        tasks.spawn("commitment reports", reporter.clone().run());
        let notifier =
            availability::Notifier { title: title.clone(), calling: calling.clone(), patience, parts: parts.clone() };
        tasks.spawn("availability notifications", notifier.run());
        let scu = Arc::new(source_scu::SourceScu { title: title.clone(), calling: calling.clone(), patience });
        let router = Arc::new(route_scu::RouteScu {
            title: title.clone(),
            calling: calling.clone(),
            patience,
            users: parts.users.clone(),
            decoders: parts.decoders.clone(),
        });
        let DimseConfig { associations_max, ask_peers, .. } = *config;
        let own = listener::Own { title, associations_max, ask_peers, patience, calling };
        let listener = listener::Listener::new(own, parts, reporter, associations.clone());
        #[cfg(test)]
        let ahead = listener.ahead();
        tasks.spawn("dimse listener", listener.clone().run(socket, None));
        if let Some((socket, taking)) = secured {
            tasks.spawn("dimse tls listener", listener.run(socket, Some(taking)));
        }
        Ok(Self {
            scu,
            router,
            address,
            associations,
            #[cfg(test)]
            ahead,
        })
    }

    /// What asks sources in this node's name.
    pub(crate) fn scu(&self) -> Arc<dyn crate::sources::Dimse> {
        self.scu.clone()
    }

    /// What sends in this node's name where rules say so.
    pub(crate) fn courier(&self) -> Arc<dyn crate::rules::Courier> {
        self.router.clone()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The count of associations established now, for status.
    pub(crate) fn counter(&self) -> Arc<AtomicUsize> {
        self.associations.clone()
    }

    /// Associations established now.
    #[cfg(test)]
    fn associations(&self) -> usize {
        self.associations.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// A DICOM peer to send to: `AETITLE@HOST:PORT`.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) title: AeTitle,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// How it is called by TLS, and the certificate pinned for it; else plainly.
    pub(crate) tls: Option<(Calling, Option<Fingerprint>)>,
}

impl Destination {
    /// A known AE, called with what we have for that; `None`: by TLS, and there is none here.
    fn of(ae: KnownAe, calling: Option<&Calling>) -> Option<Self> {
        let tls = match (ae.security.tls, calling) {
            (false, _) => None,
            (true, Some(calling)) => Some((calling.clone(), ae.security.certificate)),
            (true, None) => {
                tracing::error!(ae = %ae.title, "this AE is to be called by TLS, and dimse.tls_listen is not set");
                return None;
            }
        };
        Some(Self { title: ae.title, host: ae.host, port: ae.port, tls })
    }

    /// Whether both mean the same AE, called in the same way.
    fn is_same(&self, other: &Self) -> bool {
        let pin = |to: &Self| to.tls.as_ref().map(|(_, pin)| *pin);
        (&self.title, &self.host, self.port, pin(self)) == (&other.title, &other.host, other.port, pin(other))
    }
}

impl FromStr for Destination {
    type Err = DimseError;
    fn from_str(text: &str) -> Result<Self, DimseError> {
        let wrong = || DimseError::Destination(text.to_owned());
        let (title, place) = text.split_once('@').ok_or_else(wrong)?;
        let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            title: AeTitle::parse(title).map_err(|_| wrong())?,
            host: host.to_owned(),
            port: port.parse().map_err(|_| wrong())?,
            tls: None,
        })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", self.title, self.host, self.port)
    }
}

/// Connects and associates, in the roles that a user has.
async fn connect(
    to: &Destination,
    calling: &AeTitle,
    pairs: &[(Uid, Uid)],
    patience: Patience,
) -> Result<association::Association, DimseError> {
    connect_for(to, calling, Wanted { pairs, ..Wanted::default() }, patience).await
}

/// Connects and associates.
async fn connect_for(
    to: &Destination,
    calling: &AeTitle,
    wanted: Wanted<'_>,
    patience: Patience,
) -> Result<association::Association, DimseError> {
    const CONNECT_S: u64 = 15;
    let place = (to.host.as_str(), to.port);
    let stream = tokio::time::timeout(Duration::from_secs(CONNECT_S), TcpStream::connect(place))
        .await
        .map_err(|_| DimseError::ConnectTimeout(to.to_string(), CONNECT_S))?
        .map_err(|e| DimseError::Connect(to.to_string(), e))?;
    let link = match &to.tls {
        None => Link::new(stream, patience)?,
        Some((calling, pin)) => Link::new(calling.call(stream, &to.host, *pin, patience.artim).await?, patience)?,
    };
    Ok(association::request(link, calling, &to.title, wanted).await?)
}
