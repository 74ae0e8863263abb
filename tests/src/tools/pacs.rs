//! The PACS of other makers that stand beside a node: DCMTK's `dcmqrscp`, and Orthanc with its DICOMweb plugin.

use super::dcmtk;
use crate::{
    eventually,
    http::{self, Ask},
    ports::Port,
};
use serde_json::json;
use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// Which maker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    Dcmtk,
    Orthanc,
}

/// A PACS; it ends when dropped, its folder with it.
#[derive(Debug)]
pub struct Pacs {
    maker: Maker,
    pub title: &'static str,
    folder: TempDir,
    process: Option<Child>,
    dimse: Port,
    http: Port,
}

impl Pacs {
    /// DCMTK's; `node` is where C-MOVE may go: title and port.
    ///
    /// # Panics
    /// When it is not installed.
    pub async fn dcmtk(node: (&str, SocketAddr)) -> Self {
        let folder = TempDir::with_prefix("confrere-dcmqrscp-").unwrap();
        let dimse = Port::reserve();
        let images = folder.path().join("images");
        fs::create_dir(&images).unwrap();
        let config = format!(
            "NetworkTCPPort = {}\nMaxPDUSize = 16384\nMaxAssociations = 16\nHostTable BEGIN\n\
             node = ({}, 127.0.0.1, {})\nHostTable END\nVendorTable BEGIN\nVendorTable END\nAETable BEGIN\n\
             PACS {} RW (5000, 1024mb) ANY\nAETable END\n",
            dimse.number(),
            node.0,
            node.1.port(),
            images.display()
        );
        fs::write(folder.path().join("dcmqrscp.cfg"), config).unwrap();
        Self::started(Maker::Dcmtk, "PACS", folder, [dimse, Port::reserve()]).await
    }

    /// Orthanc.
    ///
    /// # Panics
    /// When it is not installed.
    pub async fn orthanc(node: (&str, SocketAddr)) -> Self {
        let folder = TempDir::with_prefix("confrere-orthanc-").unwrap();
        let (dimse, http) = (Port::reserve(), Port::reserve());
        let storage = folder.path().join("images");
        let config = json!({
            "Name": "pacs", "StorageDirectory": storage, "IndexDirectory": storage, "DicomAet": "ORTHANC",
            "DicomPort": dimse.number(), "HttpPort": http.number(), "RemoteAccessAllowed": false,
            "AuthenticationEnabled": true, "RegisteredUsers": { "node": "secret" },
            "DicomAlwaysAllowStore": true, "DicomAlwaysAllowFind": true, "DicomAlwaysAllowGet": true,
            "DicomAlwaysAllowMove": true, "DicomCheckCalledAet": false, "SynchronousCMove": true,
            "DicomModalities": { "node": [node.0, "127.0.0.1", node.1.port()] },
            "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"],
            "DicomWeb": { "Enable": true, "Root": "/dicom-web/", "EnableWado": true },
        });
        fs::write(folder.path().join("orthanc.json"), config.to_string()).unwrap();
        Self::started(Maker::Orthanc, "ORTHANC", folder, [dimse, http]).await
    }

    async fn started(maker: Maker, title: &'static str, folder: TempDir, [dimse, http]: [Port; 2]) -> Self {
        let mut pacs = Self { maker, title, folder, process: None, dimse, http };
        pacs.start().await;
        pacs
    }

    /// Where it listens, as the command line takes it.
    #[must_use]
    pub fn at(&self) -> String {
        format!("{}@{}", self.title, self.dimse.address())
    }

    /// The base of its DICOMweb.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/dicom-web", self.http.address())
    }

    /// Where its DICOMweb listens.
    #[must_use]
    pub fn web(&self) -> SocketAddr {
        self.http.address()
    }

    /// The folder of its images.
    #[must_use]
    pub fn images(&self) -> PathBuf {
        self.folder.path().join("images")
    }

    /// Starts it, and waits until it answers.
    pub async fn start(&mut self) {
        let folder = self.folder.path();
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut command = match self.maker {
            Maker::Dcmtk => {
                let mut command = Command::new("dcmqrscp");
                command.arg("-c").arg(folder.join("dcmqrscp.cfg"));
                command
            }
            Maker::Orthanc => {
                let mut command = Command::new("Orthanc");
                command.arg(folder.join("orthanc.json")).env("TCP_NODELAY", "1");
                command
            }
        };
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn();
        self.process = Some(child.expect("a PACS; `cargo ci tools` installs it (dcmtk, orthanc, orthanc-dicomweb)"));
        let (dimse, http, maker) = (self.dimse.address(), self.http.address(), self.maker);
        eventually!(60, "the PACS answers", {
            TcpStream::connect(dimse).ok()?;
            if maker == Maker::Orthanc {
                http::ask(http, Ask::get("/dicom-web/studies?limit=1")).await.ok()?;
            }
            Some(())
        });
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.process.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// A modality stores into it.
    ///
    /// # Panics
    /// When it does not take them.
    pub fn store(&self, paths: &[PathBuf]) {
        let said = dcmtk::store(self.dimse.address(), self.title, paths);
        assert!(said.success, "{}", said.text);
    }

    /// Loses an instance that it goes on to list (DCMTK's only).
    ///
    /// # Panics
    /// When there is no file of it.
    pub fn lose(&self, instance: &str) {
        let holds = |path: &PathBuf| {
            let bytes = fs::read(path).unwrap_or_default();
            bytes.windows(instance.len()).any(|window| window == instance.as_bytes()) && !path.ends_with("index.dat")
        };
        let found = fs::read_dir(self.images()).unwrap().map(|entry| entry.unwrap().path()).find(holds);
        fs::remove_file(found.expect("the PACS has a file of the instance")).unwrap();
    }
}

impl Drop for Pacs {
    fn drop(&mut self) {
        self.stop();
    }
}
