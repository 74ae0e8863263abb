//! The house's collector from outside: rsyslog, which takes syslog by TLS from whoever shows a certificate.

use crate::{
    certificates::{Authority, Issued},
    eventually,
    ports::Port,
};
use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A collector that writes what it gets into a file, one message a line.
#[derive(Debug)]
pub struct Collector {
    port: Port,
    folder: PathBuf,
    process: Option<Child>,
}

impl Collector {
    /// Writes its configuration; it does not run yet.
    #[must_use]
    pub fn new(folder: &Path, authority: &Authority, own: &Issued) -> Self {
        let port = Port::reserve();
        let (ca, certificate, key) = (authority.certificate.display(), own.certificate.display(), own.key.display());
        let (here, number) = (folder.display(), port.number());
        let text = format!(
            r#"global(workDirectory="{here}" maxMessageSize="64k" defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile="{ca}" defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imtcp" port="{number}" address="127.0.0.1")
template(name="raw" type="string" string="%rawmsg%\n")
action(type="omfile" file="{here}/messages" template="raw")
"#
        );
        fs::write(folder.join("rsyslog.conf"), text).unwrap();
        Self { port, folder: folder.to_owned(), process: None }
    }

    /// Runs it.
    ///
    /// # Panics
    /// When it is not installed.
    pub async fn start(&mut self) {
        let process = Command::new("/usr/sbin/rsyslogd")
            .arg("-n")
            .arg("-f")
            .arg(self.folder.join("rsyslog.conf"))
            .arg("-i")
            .arg(self.folder.join("pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("rsyslogd: {error}; `cargo ci tools` installs it"));
        self.process = Some(process);
        eventually!(20, "the collector listens", TcpStream::connect(self.port.address()).ok());
    }

    /// It is gone from one moment to the next.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        // What a killed one leaves behind would keep the next from starting.
        let _ = fs::remove_file(self.folder.join("pid"));
    }

    /// `host:port`
    #[must_use]
    pub fn address(&self) -> String {
        self.port.address().to_string()
    }

    /// All messages so far.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        let text = fs::read(self.folder.join("messages")).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.kill();
    }
}
