//! The two servers: this node, and Debian's Orthanc with its DICOMweb plugin.

use serde_json::json;
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tests::{Site, eventually, http::Ask, ports::Port};

pub(crate) const RECEIVER: &str = "RECEIVER";

/// A server that is measured.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) dimse: SocketAddr,
    pub(crate) http: SocketAddr,
    /// Where DICOMweb begins.
    pub(crate) root: &'static str,
    token: Option<String>,
    kind: Kind,
}

enum Kind {
    Node(Box<Site>),
    Orthanc { folder: TempDir, process: Option<Child>, _ports: [Port; 2] },
}

impl Server {
    pub(crate) async fn node(binary: &str, receiver: u16) -> Self {
        let site = Site::init(binary, "CH Nord");
        site.configure("archive", "settle", toml::Value::String("3s".to_owned()));
        site.add_ae(RECEIVER, receiver, "own");
        site.add_ae("WORKSTATION", receiver, "own");
        site.serve().await;
        Self {
            name: "node",
            title: site.ae_title.clone(),
            dimse: site.dimse(),
            http: site.portal(),
            root: "/dicomweb",
            token: Some(site.token.clone()),
            kind: Kind::Node(Box::new(site)),
        }
    }

    /// Durable as configured by default (it syncs its files), without authentication, which costs it nothing.
    pub(crate) async fn orthanc(receiver: u16) -> Self {
        let (dimse, http) = (Port::reserve(), Port::reserve());
        let folder = TempDir::with_prefix("confrere-orthanc-").unwrap();
        let storage = folder.path().join("storage");
        let modality = json!([RECEIVER, "127.0.0.1", receiver]);
        let config = json!({
            "Name": "beside", "StorageDirectory": storage, "IndexDirectory": storage,
            "DicomAet": "ORTHANC", "DicomPort": dimse.number(), "HttpPort": http.number(),
            "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
            "DicomAlwaysAllowStore": true, "DicomAlwaysAllowFind": true, "DicomAlwaysAllowGet": true,
            "DicomAlwaysAllowMove": true, "DicomCheckCalledAet": false, "SynchronousCMove": true,
            "DicomModalities": { "receiver": modality }, "LimitFindResults": 0, "LimitFindInstances": 0,
            "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"],
            "DicomWeb": { "Enable": true, "Root": "/dicom-web/", "EnableWado": true },
        });
        fs::write(folder.path().join("orthanc.json"), config.to_string()).unwrap();
        let mut server = Self {
            name: "orthanc",
            title: "ORTHANC".to_owned(),
            dimse: dimse.address(),
            http: http.address(),
            root: "/dicom-web",
            token: None,
            kind: Kind::Orthanc { folder, process: None, _ports: [dimse, http] },
        };
        server.start().await;
        server
    }

    /// Starts; gives the time until it answers.
    pub(crate) async fn start(&mut self) -> Duration {
        let began = Instant::now();
        match &mut self.kind {
            Kind::Node(site) => site.serve().await,
            Kind::Orthanc { folder, process, .. } => {
                let log = fs::File::create(folder.path().join("log")).unwrap();
                let mut command = Command::new("Orthanc");
                command.arg(folder.path().join("orthanc.json")).env("TCP_NODELAY", "1").stdin(Stdio::null());
                let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn();
                *process = Some(child.expect("Orthanc: apt-get install orthanc orthanc-dicomweb"));
                let address = self.http;
                eventually!(60, "Orthanc answers", {
                    let answer = tests::http::ask(address, Ask::get("/dicom-web/studies?limit=1")).await.ok()?;
                    answer.status.is_success().then_some(())
                });
            }
        }
        began.elapsed()
    }

    pub(crate) async fn stop(&mut self) {
        match &mut self.kind {
            Kind::Node(site) => site.stop().await,
            Kind::Orthanc { process, .. } => {
                let Some(mut child) = process.take() else { return };
                let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
                assert!(killed.success());
                eventually!(60, "Orthanc stops", child.try_wait().unwrap());
            }
        }
    }

    fn pid(&self) -> u32 {
        match &self.kind {
            Kind::Node(site) => site.pid(),
            Kind::Orthanc { process, .. } => process.as_ref().map(Child::id).expect("it runs"),
        }
    }

    /// Seconds of CPU since its start, all threads, user and system.
    pub(crate) fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        ticks / 100.0
    }

    /// Resident memory now and at most since [`Server::forget_peak`], MB.
    pub(crate) fn memory(&self) -> (f64, f64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1000.0
        };
        (field("VmRSS:"), field("VmHWM:"))
    }

    pub(crate) fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").unwrap();
    }

    pub(crate) fn ask(&self, path: &str) -> Ask {
        self.with_token(Ask::get(format!("{}{path}", self.root)))
    }

    pub(crate) fn post(&self, path: &str) -> Ask {
        self.with_token(Ask::new(hyper::Method::POST, format!("{}{path}", self.root)))
    }

    fn with_token(&self, ask: Ask) -> Ask {
        match &self.token {
            Some(token) => ask.bearer(token),
            None => ask,
        }
    }

    /// Makes the node's index again; it must not run.
    pub(crate) fn rebuild(&self) {
        match &self.kind {
            Kind::Node(site) => drop(site.cli(&["rebuild"]).ok()),
            Kind::Orthanc { .. } => unreachable!("the node's own"),
        }
    }

    /// Bytes on disk below its folder, blocks that are in use.
    pub(crate) fn disk(&self) -> u64 {
        match &self.kind {
            Kind::Node(site) => used(&site.dir()),
            Kind::Orthanc { folder, .. } => used(&folder.path().join("storage")),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Kind::Orthanc { process: Some(child), .. } = &mut self.kind {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn used(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let items = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let of = |path: PathBuf| {
        let meta = fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() { used(&path) + meta.blocks() * 512 } else { meta.blocks() * 512 }
    };
    items.map(|item| of(item.path())).sum()
}
