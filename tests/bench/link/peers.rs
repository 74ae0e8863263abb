//! What others make of the same images on the same link: HTTP/2 from nginx, C-STORE of DCMTK, C-MOVE of Orthanc. All over the
//! kernel's BBR, and without Nagle's delay where DCMTK has it.

use crate::{
    net::{HOLDER, Link, Net, READER, Sent},
    sites::Sites,
};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;
use tests::ports::Port;

const TITLE: &str = "READER";
/// Streams of HTTP/2 at once.
const STREAMS: &str = "16";

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Http2,
    Store,
    Move,
}

/// How it went; `first_s` where it can be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Went {
    pub(crate) total_s: f64,
    pub(crate) first_s: Option<f64>,
    pub(crate) is_whole: bool,
    pub(crate) sent: Sent,
}

/// A process that goes with its owner.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        // What answers to a signal takes its children with it.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

pub(crate) struct Peers {
    folder: TempDir,
    http: Port,
    receiver: Port,
    orthanc: Port,
    _running: Vec<Held>,
    files: Vec<PathBuf>,
    study: String,
}

fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(["/usr/sbin".into()]).any(|folder| folder.join(program).is_file())
}

fn held(mut command: Command, log: &Path) -> Held {
    let log = fs::File::create(log).unwrap();
    let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn();
    Held(child.expect("the program is installed: cargo ci tools"))
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

impl Peers {
    /// Those that are installed (`-dhl`: a namespace has no names to look up), serving the study of the two sites.
    pub(crate) fn open(net: &Net, sites: &Sites) -> Self {
        net.unshape();
        let folder = TempDir::with_prefix("confrere-link-peers-").unwrap();
        let (http, receiver, orthanc) = (Port::reserve(), Port::reserve(), Port::reserve());
        let mut peers = Self {
            http,
            receiver,
            orthanc,
            _running: Vec::new(),
            files: sites.files.clone(),
            study: sites.study[0].study.clone(),
            folder,
        };
        let running = [peers.nginx(net), peers.storescp(), peers.start_orthanc(net)];
        peers._running = running.into_iter().flatten().collect();
        peers.fill_orthanc(net);
        peers
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn nginx(&self, net: &Net) -> Option<Held> {
        if !has("nginx") {
            return None;
        }
        let root = self.files.first()?.parent()?;
        let (port, folder) = (self.http.number(), self.folder.path().display());
        let config = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; user root;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000; http2_chunk_size 16k;\n\
             client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};\n\
             uwsgi_temp_path {folder}; scgi_temp_path {folder};\n\
             server {{ listen {HOLDER}:{port} http2; root {}; }} }}\n",
            root.display()
        );
        fs::write(self.at("nginx.conf"), config).unwrap();
        let mut command = net.at_holder("nginx");
        command.arg("-c").arg(self.at("nginx.conf"));
        Some(held(command, &self.at("nginx.log")))
    }

    fn storescp(&self) -> Option<Held> {
        if !has("storescp") {
            return None;
        }
        let mut command = Command::new("storescp");
        command.args(["-dhl", "--ignore", "-aet", TITLE, &self.receiver.number().to_string()]).env("TCP_NODELAY", "1");
        Some(held(command, &self.at("storescp.log")))
    }

    fn start_orthanc(&self, net: &Net) -> Option<Held> {
        if !has("Orthanc") {
            return None;
        }
        let storage = self.at("storage");
        let config = json!({
            "Name": "link", "StorageDirectory": storage, "IndexDirectory": storage, "HttpServerEnabled": false,
            "DicomAet": "ORTHANC", "DicomPort": self.orthanc.number(), "DicomCheckCalledAet": false,
            "DicomAlwaysAllowStore": true, "DicomAlwaysAllowFind": true, "DicomAlwaysAllowMove": true,
            "SynchronousCMove": true, "SaveJobs": false,
            "DicomModalities": { "reader": { "AET": TITLE, "Host": READER, "Port": self.receiver.number() } },
        });
        fs::write(self.at("orthanc.json"), config.to_string()).unwrap();
        let mut command = net.at_holder("Orthanc");
        command.arg(self.at("orthanc.json")).env("TCP_NODELAY", "1");
        Some(held(command, &self.at("orthanc.log")))
    }

    fn fill_orthanc(&self, net: &Net) {
        if !has("Orthanc") {
            return;
        }
        let port = self.orthanc.number().to_string();
        let began = Instant::now();
        while !succeeds(net.at_holder("echoscu").args(["-aec", "ORTHANC", "127.0.0.1", &port])) {
            assert!(began.elapsed() < Duration::from_secs(30), "Orthanc answers");
            std::thread::sleep(Duration::from_millis(200));
        }
        let mut command = net.at_holder("storescu");
        let command = command.args(["-aec", "ORTHANC", "127.0.0.1", &port]).args(&self.files);
        assert!(succeeds(command.env("TCP_NODELAY", "1")), "Orthanc takes the study");
    }

    /// Whether it is installed.
    pub(crate) fn is_here(peer: Peer) -> bool {
        match peer {
            Peer::Http2 => has("nginx") && has("h2load"),
            Peer::Store => has("storescu") && has("storescp"),
            Peer::Move => has("Orthanc") && has("movescu") && has("storescp"),
        }
    }

    /// Has it carry the first `link.images`; Orthanc's C-MOVE carries the study, and is asked only for all of it.
    pub(crate) fn carry(&self, net: &Net, peer: Peer, link: &Link, limit: Duration) -> Went {
        let files = &self.files[..link.images.min(self.files.len())];
        let before = net.sent();
        let began = Instant::now();
        let (is_whole, first_s) = match peer {
            Peer::Http2 => self.fetch(files, limit),
            Peer::Store => {
                let mut command = net.at_holder("timeout");
                command.arg(limit.as_secs().to_string()).args(["storescu", "-aec", TITLE, READER]);
                command.arg(self.receiver.number().to_string()).args(files).env("TCP_NODELAY", "1");
                (succeeds(&mut command), None)
            }
            Peer::Move => {
                let mut command = Command::new("timeout");
                let study = format!("0020,000D={}", self.study);
                command.arg(limit.as_secs().to_string()).args(["movescu", "-S", "-aet", TITLE, "-aem", TITLE]);
                command.args(["-aec", "ORTHANC", "-k", "0008,0052=STUDY", "-k", &study, HOLDER]);
                command.arg(self.orthanc.number().to_string()).env("TCP_NODELAY", "1");
                (succeeds(&mut command), None)
            }
        };
        let total_s = began.elapsed().as_secs_f64();
        let after = net.sent();
        let sent = Sent {
            packets: after.packets - before.packets,
            bytes: after.bytes - before.bytes,
            dropped: after.dropped - before.dropped,
        };
        Went { total_s, first_s, is_whole, sent }
    }

    /// All files over one connection; the first that is whole is the first image.
    fn fetch(&self, files: &[PathBuf], limit: Duration) -> (bool, Option<f64>) {
        let mut list = String::new();
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy();
            list += &format!("http://{HOLDER}:{}/{name}\n", self.http.number());
        }
        fs::write(self.at("list"), list).unwrap();
        let _ = fs::remove_file(self.at("times"));
        let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let mut command = Command::new("timeout");
        command.arg(limit.as_secs().to_string());
        command.args(["h2load", "-n", &files.len().to_string(), "-c", "1", "-m", STREAMS, "-w", "24", "-W", "25"]);
        command.arg("--input-file").arg(self.at("list")).arg("--log-file").arg(self.at("times"));
        let is_whole = succeeds(&mut command);
        // Of each answer: when it was asked for and how long it took, microseconds.
        let times = fs::read_to_string(self.at("times")).unwrap_or_default();
        let ends = times.lines().filter_map(|line| {
            let fields: Vec<f64> = line.split('\t').filter_map(|field| field.parse().ok()).collect();
            (fields.len() == 3 && fields[1] == 200.0).then(|| (fields[0] + fields[2]) / 1e6 - began)
        });
        (is_whole && ends.clone().count() == files.len(), ends.min_by(f64::total_cmp))
    }
}
