//! The one configuration file, `confrere.toml`: every field with its unit, default and bounds.
//!
//! Sections are named after the parts that read them. What admins change at run time (peers, agreements, users) is
//! data, not configuration.

use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf};

/// Name of the file in the node's folder.
pub(crate) const CONFIG_FILE: &str = "confrere.toml";

/// The whole file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) site: SiteConfig,
    #[serde(default)]
    pub(crate) portal: PortalConfig,
    #[serde(default)]
    pub(crate) dimse: DimseConfig,
    #[serde(default)]
    pub(crate) overlay: OverlayConfig,
    #[serde(default)]
    pub(crate) pixels: PixelsConfig,
    #[serde(default)]
    pub(crate) archive: ArchiveConfig,
    #[serde(default)]
    pub(crate) cache: CacheConfig,
}

/// Who this is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteConfig {
    /// The institution's name as peers see it, at most 64 characters.
    pub(crate) name: String,
    /// Language of texts made by the node: `fr` or `en`.
    #[serde(default = "french")]
    pub(crate) language: String,
}

fn french() -> String {
    "fr".to_owned()
}

/// The web door: portal, API, DICOMweb.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PortalConfig {
    pub(crate) listen: SocketAddr,
    /// PEM files; both or neither. Required beyond loopback.
    pub(crate) tls_cert: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    /// Serves the portal from a folder instead of the built-in files (development).
    pub(crate) web_dir: Option<PathBuf>,
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), tls_cert: None, tls_key: None, web_dir: None }
    }
}

/// The DIMSE door.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DimseConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) ae_title: String,
    /// Associations at once; further ones are rejected (A-ASSOCIATE-RJ, temporary congestion).
    pub(crate) associations_max: usize,
}

impl Default for DimseConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 11112)),
            ae_title: "CONFRERE".to_owned(),
            associations_max: 256,
        }
    }
}

/// The control plane.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PixelsConfig {
    /// UDP (QUIC); the TCP port of the same number carries pairing while an invitation is open.
    pub(crate) listen: SocketAddr,
    pub(crate) advertise: Vec<String>,
}

impl Default for PixelsConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 7411)), advertise: Vec::new() }
    }
}

/// The site's own studies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ArchiveConfig {
    /// A study is complete after so many milliseconds without a new instance.
    pub(crate) settle_ms: u64,
    /// Nothing is taken in when fewer bytes are free.
    pub(crate) free_bytes_min: u64,
}

impl Default for ArchiveConfig {
    fn default() -> Self {
        Self { settle_ms: 3_000, free_bytes_min: 1 << 30 }
    }
}

/// Leased copies of peers' studies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CacheConfig {
    /// Bytes kept at most; the least recently read go first.
    pub(crate) quota_bytes: u64,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { quota_bytes: 64 << 30 }
    }
}
