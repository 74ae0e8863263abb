//! The one configuration file, `confrere.toml`: every field with its unit, default and bounds.
//!
//! Sections are named after the parts that read them. What admins change at run time (peers, agreements, users) is
//! data, not configuration. All faults of a file are told at once, each with the path of its key.
//!
//! # Not here
//! Secrets: they are files of their own with mode 0600, which this file only names.

mod alarms;
mod cold;
mod collector;
mod oidc;
mod read;
#[cfg(test)]
mod tests;
mod units;
mod write;

pub(crate) use alarms::{AlarmMail, AlarmWebhook, AlarmsConfig, MailSecurity};
pub(crate) use cold::{BucketConfig, ColdPlace};
pub(crate) use collector::CollectorConfig;
pub(crate) use oidc::{OidcConfig, may_be_asked};

use protocol::{SiteId, congestion::Law, identity::Standing, retention::Rules};
use std::{
    fmt, io,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Name of the file in the node's folder.
pub(crate) const CONFIG_FILE: &str = "confrere.toml";

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) site: SiteConfig,
    pub(crate) portal: PortalConfig,
    pub(crate) dicomweb: DicomwebConfig,
    pub(crate) dimse: DimseConfig,
    pub(crate) overlay: OverlayConfig,
    pub(crate) pixels: PixelsConfig,
    pub(crate) relay: RelayConfig,
    pub(crate) archive: ArchiveConfig,
    pub(crate) cache: CacheConfig,
    pub(crate) alarms: AlarmsConfig,
    /// `None`: events stay here.
    pub(crate) collector: Option<CollectorConfig>,
    /// `None`: people sign in by password only.
    pub(crate) oidc: Option<OidcConfig>,
    /// `signatures.ca`: authorities of those who sign objects, PEM; `None`: no signer is known.
    pub(crate) signatures_ca: Option<PathBuf>,
}

/// Who this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SiteConfig {
    /// The institution's name as peers see it, at most 64 characters.
    pub(crate) name: String,
    /// Language of texts made by the node: `fr` or `en`.
    pub(crate) language: String,
    /// In which time zone its devices date what they make, by its IANA name; `None`: nobody said.
    pub(crate) time_zone: Option<String>,
    /// How sure it is of the identity of whom the national number stands in its images; `None`: nobody said.
    pub(crate) national_identity: Option<Standing>,
}

impl SiteConfig {
    /// A site of which nobody said more than its name.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), language: "fr".to_owned(), time_zone: None, national_identity: None }
    }
}

/// The web door: portal, API, DICOMweb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortalConfig {
    pub(crate) listen: SocketAddr,
    /// Where browsers find it, without a path, where that differs from `listen`.
    pub(crate) url: Option<String>,
    /// PEM files; both or neither. Required beyond loopback.
    pub(crate) tls_cert: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    /// Serves the portal from a folder instead of the built-in files (development).
    pub(crate) web_dir: Option<PathBuf>,
    /// Roles whose people need a second factor.
    pub(crate) second_factor: Vec<String>,
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            url: None,
            tls_cert: None,
            tls_key: None,
            web_dir: None,
            second_factor: Vec::new(),
        }
    }
}

/// The DICOMweb door, which listens with the portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DicomwebConfig {
    /// Other web pages that may ask, by their origin (`https://viewer.example`), with a token of their own. None unless
    /// said; 16 at most.
    pub(crate) cors_origins: Vec<String>,
    /// A search that names a patient by an ID with its issuer also asks peers, unless the search says otherwise.
    pub(crate) ask_peers: bool,
}

impl Default for DicomwebConfig {
    fn default() -> Self {
        Self { cors_origins: Vec::new(), ask_peers: true }
    }
}

/// The DIMSE door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DimseConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) ae_title: String,
    /// Associations at once; further ones are rejected (A-ASSOCIATE-RJ, temporary congestion).
    pub(crate) associations_max: usize,
    /// A C-FIND of an AE that reaches peers' studies, which names a patient by an ID with its issuer, also asks peers.
    pub(crate) ask_peers: bool,
    /// A second listener, by TLS; `tls_listen`, `tls_cert`, `tls_key`, `tls_ca`, `tls_anonymous`.
    pub(crate) tls: Option<DimseTls>,
}

/// DICOM by TLS (PS3.15 B.12, B.13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DimseTls {
    /// `tls_listen`
    pub(crate) listen: SocketAddr,
    /// `tls_cert`: PEM chain that we show, whoever calls.
    pub(crate) certificate: PathBuf,
    /// `tls_key`: PEM, mode 0600.
    pub(crate) key: PathBuf,
    /// `tls_ca`: PEM authorities of the certificates that others show.
    pub(crate) ca: PathBuf,
    /// `tls_anonymous`: callers need not show a certificate.
    pub(crate) anonymous: bool,
}

impl Default for DimseConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 11112)),
            ae_title: "CONFRERE".to_owned(),
            associations_max: 256,
            ask_peers: true,
            tls: None,
        }
    }
}

/// The control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OverlayConfig {
    /// UDP (QUIC) and TCP (fallback) on the same port.
    pub(crate) listen: SocketAddr,
    /// `host:port` told to peers, where it differs from `listen` (NAT, name).
    pub(crate) advertise: Vec<String>,
}

impl Default for OverlayConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 7410)), advertise: Vec::new() }
    }
}

/// The pixel plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PixelsConfig {
    /// UDP (QUIC); the TCP port of the same number carries pairing while an invitation is open, and, with `tcp`, images.
    pub(crate) listen: SocketAddr,
    pub(crate) advertise: Vec<String>,
    /// Where UDP does not pass, images go by TLS over TCP: dialled, and listened for.
    pub(crate) tcp: bool,
    /// How fast it sends.
    pub(crate) congestion: Law,
    /// When images are coded for the wire.
    pub(crate) coding: CodingMode,
}

/// When images are coded for the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CodingMode {
    /// Never, and peers are not asked for coded ones either.
    Off,
    /// When they are there sooner.
    #[default]
    Auto,
    /// Whenever they are fewer bytes, also when that takes longer: for links that are paid by the byte.
    Always,
}

impl CodingMode {
    /// Its name in the file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Auto => "auto",
            Self::Always => "always",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Off, Self::Auto, Self::Always].into_iter().find(|mode| mode.name() == name)
    }
}

impl Default for PixelsConfig {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 7411));
        Self { listen, advertise: Vec::new(), tcp: true, congestion: Law::default(), coding: CodingMode::default() }
    }
}

/// What this site carries between peers of its own that do not reach each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RelayConfig {
    /// Nothing unless said.
    pub(crate) enabled: bool,
    /// For whom, by their keys, 64 at most; empty: for every peer.
    pub(crate) peers: Vec<SiteId>,
    /// Kilobits a second, all together and both ways; 0: as fast as it goes.
    pub(crate) kbits_max: u32,
    /// Pairs at once, 1 to 256.
    pub(crate) connections_max: usize,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self { enabled: false, peers: Vec::new(), kbits_max: 0, connections_max: 8 }
    }
}

/// The site's own studies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArchiveConfig {
    /// `settle`: a study is complete after so long without a new instance, milliseconds.
    pub(crate) settle_ms: u64,
    /// `free_min`: nothing is taken in when fewer bytes are free.
    pub(crate) free_bytes_min: u64,
    /// Every stored byte is read again once in so many days; 0: never.
    pub(crate) scrub_days: u32,
    /// A decision on other bytes under a known UID can be undone for so many days, unless an administrator gives a reason.
    pub(crate) conflict_days: u32,
    /// `cold`, or `cold_store` and what goes with it; `None`: there is no cold tier.
    pub(crate) cold: Option<ColdPlace>,
    /// Studies go there when nobody used them for so long, milliseconds; 0: only by hand.
    pub(crate) cold_after_ms: u64,
    /// How long studies are kept.
    pub(crate) retention: Rules,
}

impl Default for ArchiveConfig {
    fn default() -> Self {
        Self {
            settle_ms: 3_000,
            free_bytes_min: 1 << 30,
            scrub_days: 30,
            conflict_days: 30,
            cold: None,
            cold_after_ms: 0,
            retention: Rules::FranceHospital,
        }
    }
}

/// Leased copies of peers' studies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CacheConfig {
    /// `quota`: bytes kept at most; the least recently read go first.
    pub(crate) quota_bytes: u64,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { quota_bytes: 64 << 30 }
    }
}

impl Config {
    /// Where browsers find the portal, without a slash at its end; `listen`: where it listens, a port given as 0 being known.
    pub(crate) fn portal_url(&self, listen: SocketAddr) -> String {
        let scheme = if self.portal.tls_cert.is_some() { "https" } else { "http" };
        let of_people = self.oidc.as_ref().map(|oidc| oidc.portal_url.clone());
        self.portal.url.clone().or(of_people).unwrap_or_else(|| format!("{scheme}://{listen}"))
    }
}

/// Where the doors and planes listen, once they do: a port given as 0 is known only then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) portal: SocketAddr,
    pub(crate) dimse: SocketAddr,
    pub(crate) overlay: SocketAddr,
    pub(crate) pixels: SocketAddr,
}

/// One thing wrong in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Path of the key, `section.key`; empty for the file as such.
    pub(crate) key: String,
    pub(crate) problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() { f.write_str(&self.problem) } else { write!(f, "{}: {}", self.key, self.problem) }
    }
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{0} is no node's folder; make a node with `confrere init --dir {0} --site NAME --ae-title TITLE`")]
    Missing(String),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} is not right:{}", listed(faults))]
    Faults { path: PathBuf, faults: Vec<Fault> },
}

fn listed(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}

impl Config {
    /// Reads and checks the file of a folder; paths in it are relative to the folder.
    ///
    /// # Errors
    /// With everything that is wrong at once.
    pub(crate) fn load(dir: &Path) -> Result<Self, ConfigError> {
        let path = dir.join(CONFIG_FILE);
        let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ConfigError::Missing(dir.display().to_string()),
            _ => ConfigError::Io { path: path.clone(), source },
        })?;
        let mut config = Self::parse(&text).map_err(|faults| ConfigError::Faults { path: path.clone(), faults })?;
        let portal = &mut config.portal;
        for named in [&mut portal.tls_cert, &mut portal.tls_key, &mut portal.web_dir] {
            *named = named.take().map(|relative| dir.join(relative));
        }
        if let Some(cold) = &mut config.archive.cold {
            cold.below(dir);
        }
        let alarms = &mut config.alarms;
        let (mail, webhook) = (alarms.mail.as_mut(), alarms.webhook.as_mut());
        let secrets = [mail.map(|m| &mut m.credentials), webhook.map(|w| &mut w.secret), Some(&mut alarms.tls_ca)];
        for named in secrets.into_iter().flatten() {
            *named = named.take().map(|relative| dir.join(relative));
        }
        if let Some(collector) = &mut config.collector {
            collector.below(dir);
        }
        if let Some(oidc) = &mut config.oidc {
            oidc.below(dir);
        }
        config.signatures_ca = config.signatures_ca.take().map(|relative| dir.join(relative));
        if let Some(tls) = &mut config.dimse.tls {
            for named in [&mut tls.certificate, &mut tls.key, &mut tls.ca] {
                *named = dir.join(&*named);
            }
        }
        let faults = config.missing_files();
        if faults.is_empty() { Ok(config) } else { Err(ConfigError::Faults { path, faults }) }
    }

    /// Reads and checks a text, without looking at the files it names.
    ///
    /// # Errors
    /// With everything that is wrong at once.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        read::read(text)
    }

    /// The file's text with every setting; `comments` tells what each is for.
    pub(crate) fn to_text(&self, comments: bool) -> String {
        write::write(self, comments)
    }

    /// Whether the portal speaks TLS.
    pub(crate) fn tls(&self) -> Option<(&Path, &Path)> {
        Some((self.portal.tls_cert.as_deref()?, self.portal.tls_key.as_deref()?))
    }

    fn missing_files(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut fault = |key: &str, problem: String| faults.push(Fault { key: key.to_owned(), problem });
        let dimse = self.dimse.tls.as_ref();
        let bucket = match &self.archive.cold {
            Some(ColdPlace::Bucket(bucket)) => Some(bucket),
            _ => None,
        };
        let public = [
            ("portal.tls_cert", self.portal.tls_cert.as_ref()),
            ("dimse.tls_cert", dimse.map(|tls| &tls.certificate)),
            ("dimse.tls_ca", dimse.map(|tls| &tls.ca)),
            ("alarms.tls_ca", self.alarms.tls_ca.as_ref()),
            ("collector.ca", self.collector.as_ref().map(|to| &to.ca)),
            ("collector.cert", self.collector.as_ref().and_then(|to| to.certificate.as_ref())),
            ("archive.cold_ca", bucket.and_then(|bucket| bucket.ca.as_ref())),
            ("oidc.ca", self.oidc.as_ref().and_then(|to| to.ca.as_ref())),
            ("signatures.ca", self.signatures_ca.as_ref()),
        ];
        for (key, path) in public {
            if let Some(path) = path
                && let Err(e) = std::fs::metadata(path)
            {
                fault(key, format!("{}: {e}", path.display()));
            }
        }
        let (mail, webhook) = (self.alarms.mail.as_ref(), self.alarms.webhook.as_ref());
        let secret = [
            ("portal.tls_key", self.portal.tls_key.as_ref()),
            ("dimse.tls_key", dimse.map(|tls| &tls.key)),
            ("alarms.smtp_credentials", mail.and_then(|mail| mail.credentials.as_ref())),
            ("collector.key", self.collector.as_ref().and_then(|to| to.key.as_ref())),
            ("alarms.webhook_secret", webhook.and_then(|webhook| webhook.secret.as_ref())),
            ("archive.cold_credentials", bucket.map(|bucket| &bucket.credentials)),
            ("oidc.client_secret", self.oidc.as_ref().map(|to| &to.client_secret)),
        ];
        for (key, path) in secret {
            let Some(path) = path else { continue };
            match std::fs::metadata(path) {
                Err(e) => fault(key, format!("{}: {e}", path.display())),
                Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
                    fault(key, format!("{} must have mode 0600 (chmod 600)", path.display()));
                }
                Ok(_) => {}
            }
        }
        if let Some(web) = &self.portal.web_dir
            && !web.is_dir()
        {
            fault("portal.web_dir", format!("{} is not a folder", web.display()));
        }
        faults
    }
}
