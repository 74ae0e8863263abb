//! `[collector]`: where the events of the log go, as DICOM audit messages over syslog by TLS. Off unless set.

use super::{alarms::host_and_port, read::Section};
use std::path::{Path, PathBuf};

/// The section, where it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CollectorConfig {
    /// `address`: `host:port`
    pub(crate) host: String,
    pub(crate) port: u16,
    /// `ca`: PEM authorities of the collector's certificate.
    pub(crate) ca: PathBuf,
    /// `cert`, `key`: what we show where the collector asks for it; both or neither.
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

impl CollectorConfig {
    /// Paths are relative to the node's folder.
    pub(super) fn below(&mut self, dir: &Path) {
        self.ca = dir.join(&self.ca);
        for named in [&mut self.certificate, &mut self.key] {
            *named = named.take().map(|relative| dir.join(relative));
        }
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Option<CollectorConfig> {
    let server = section.text("address", None, "a server with a port, like \"syslog.example:6514\"", |text| {
        host_and_port(text).map(Some)
    });
    let (ca, certificate, key) = (section.path("ca"), section.path("cert"), section.path("key"));
    if server.is_none() && (ca.is_some() || certificate.is_some() || key.is_some()) {
        section.fault("address", "is needed with the other settings of the section");
    }
    if server.is_some() && ca.is_none() {
        section.fault("ca", "the collector's certificate is checked: name the authority of it");
    }
    if certificate.is_some() != key.is_some() {
        section.fault("cert", "cert and key are set together");
    }
    let (host, port) = server?;
    Some(CollectorConfig { host, port, ca: ca?, certificate, key })
}
