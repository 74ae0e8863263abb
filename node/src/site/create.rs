//! Makes the folder of a new node: configuration, key, and a certificate where the portal is to be seen from outside.

use super::certificate;
use crate::{
    config::{
        AlarmsConfig, ArchiveConfig, CONFIG_FILE, CacheConfig, Config, ConfigError, DicomwebConfig, DimseConfig, Fault,
        OverlayConfig, PixelsConfig, PortalConfig, RelayConfig, SiteConfig,
    },
    identity::{Identity, IdentityError},
};
use protocol::SiteId;
use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// What a new node is asked for; what is not given has its default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Founding {
    pub(crate) site: String,
    pub(crate) ae_title: String,
    pub(crate) language: Option<String>,
    pub(crate) portal: Option<SocketAddr>,
    pub(crate) dimse: Option<SocketAddr>,
    pub(crate) overlay: Option<SocketAddr>,
    pub(crate) pixels: Option<SocketAddr>,
}

/// What was made.
#[derive(Clone, Debug)]
pub(crate) struct Created {
    pub(crate) site: SiteId,
    pub(crate) config: Config,
    /// SHA-256 of the self-signed certificate, where one was made.
    pub(crate) fingerprint: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateError {
    #[error("{0} exists already: this folder has a node")]
    Exists(PathBuf),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("the certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// Founds a node in a folder, which is made where it is missing. The configuration is written last: a folder without it
/// is no node's.
pub(crate) fn create(dir: &Path, founding: &Founding) -> Result<Created, CreateError> {
    let path = dir.join(CONFIG_FILE);
    if path.exists() {
        return Err(CreateError::Exists(path));
    }
    let config = settings(founding);
    let text = config.to_text(true);
    if let Err(faults) = Config::parse(&text) {
        return Err(
            ConfigError::Faults { path: PathBuf::from("the given settings"), faults: in_options(faults) }.into()
        );
    }
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| CreateError::Io { path, source }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io(dir))?;
    let identity = match Identity::create(dir) {
        // An earlier attempt ended between key and configuration.
        Err(IdentityError::Exists) => Identity::load(dir)?,
        made => made?,
    };
    let mut fingerprint = None;
    if let (Some(cert), Some(key)) = (&config.portal.tls_cert, &config.portal.tls_key) {
        let made = certificate::make(&founding.site, config.portal.listen.ip())?;
        write(&dir.join(cert), made.cert.as_bytes(), 0o644).map_err(io(&dir.join(cert)))?;
        write(&dir.join(key), made.key.as_bytes(), 0o600).map_err(io(&dir.join(key)))?;
        fingerprint = Some(made.fingerprint);
    }
    for folder in ["journal", "objects", "cache"] {
        DirBuilder::new().recursive(true).mode(0o700).create(dir.join(folder)).map_err(io(&dir.join(folder)))?;
    }
    write(&path, text.as_bytes(), 0o600).map_err(io(&path))?;
    fs::File::open(dir).and_then(|folder| folder.sync_all()).map_err(io(dir))?;
    Ok(Created { site: identity.site(), config, fingerprint })
}

/// The machine's time zone, where it names a place: a machine that runs by UTC says nothing of the devices around it.
fn place() -> Option<String> {
    let zone = jiff::tz::TimeZone::system();
    zone.iana_name().filter(|name| name.contains('/') && !name.starts_with("Etc/")).map(str::to_owned)
}

fn settings(founding: &Founding) -> Config {
    let (portal, dimse) = (PortalConfig::default(), DimseConfig::default());
    let (overlay, pixels) = (OverlayConfig::default(), PixelsConfig::default());
    let listen = founding.portal.unwrap_or(portal.listen);
    let outside = !listen.ip().is_loopback();
    Config {
        site: SiteConfig {
            language: founding.language.clone().unwrap_or_else(|| "fr".to_owned()),
            time_zone: place(),
            ..SiteConfig::named(&founding.site)
        },
        portal: PortalConfig {
            listen,
            tls_cert: outside.then(|| PathBuf::from("portal.crt")),
            tls_key: outside.then(|| PathBuf::from("portal.key")),
            ..portal
        },
        dicomweb: DicomwebConfig::default(),
        dimse: DimseConfig {
            listen: founding.dimse.unwrap_or(dimse.listen),
            ae_title: founding.ae_title.clone(),
            ..dimse
        },
        overlay: OverlayConfig { listen: founding.overlay.unwrap_or(overlay.listen), ..overlay },
        pixels: PixelsConfig { listen: founding.pixels.unwrap_or(pixels.listen), ..pixels },
        relay: RelayConfig::default(),
        archive: ArchiveConfig::default(),
        cache: CacheConfig::default(),
        alarms: AlarmsConfig::default(),
        collector: None,
        oidc: None,
        signatures_ca: None,
    }
}

/// Names the option of `init` instead of the key of a file that does not exist yet.
fn in_options(faults: Vec<Fault>) -> Vec<Fault> {
    let option = |key: &str| match key {
        "site.name" => Some("--site"),
        "site.language" => Some("--language"),
        "dimse.ae_title" => Some("--ae-title"),
        "portal.listen" => Some("--portal"),
        "dimse.listen" => Some("--dimse"),
        "overlay.listen" => Some("--overlay"),
        "pixels.listen" => Some("--pixels"),
        _ => None,
    };
    let named = |fault: Fault| match option(&fault.key) {
        Some(option) => Fault { key: option.to_owned(), ..fault },
        None => fault,
    };
    faults.into_iter().map(named).collect()
}

/// Whole under another name, synced, renamed: never found half written.
fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}
