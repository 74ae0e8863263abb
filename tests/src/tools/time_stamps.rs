//! A time-stamping authority (RFC 3161): OpenSSL, behind as little of HTTP as it takes.

use crate::ports::Port;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

const SETTINGS: &str = "[tsa]
serial = serial
crypto_device = builtin
signer_cert = tsa.crt
signer_key = tsa.key
certs = root.crt
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
[ts]
basicConstraints = CA:FALSE
extendedKeyUsage = critical,timeStamping
";

/// One that runs until it is dropped.
#[derive(Debug)]
pub struct TimeStamps {
    /// Where it is asked.
    pub url: String,
    /// Its root, PEM.
    pub root: PathBuf,
    // Ends with it.
    _running: JoinSet<()>,
    _port: Port,
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").current_dir(folder).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("openssl: {error}; `cargo ci tools` installs it"));
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl TimeStamps {
    /// Founds one in a folder, and starts it.
    ///
    /// # Panics
    /// When OpenSSL is not installed.
    pub async fn start(folder: &Path) -> Self {
        fs::write(folder.join("tsa.cnf"), SETTINGS).unwrap();
        fs::write(folder.join("serial"), "01\n").unwrap();
        let new = ["-newkey", "rsa:2048", "-nodes"];
        let root = ["req", "-x509", "-keyout", "root.key", "-out", "root.crt", "-days", "30", "-subj", "/CN=Root"];
        openssl(folder, &[&root[..], &new].concat());
        let own = ["req", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Time of the story"];
        openssl(folder, &[&own[..], &new].concat());
        let sign = ["x509", "-req", "-in", "tsa.csr", "-CA", "root.crt", "-CAkey", "root.key", "-set_serial", "7"];
        let to = ["-days", "30", "-extfile", "tsa.cnf", "-extensions", "ts", "-out", "tsa.crt"];
        openssl(folder, &[&sign[..], &to].concat());
        let port = Port::reserve();
        let listener = TcpListener::bind(port.address()).await.unwrap();
        let folder = folder.to_owned();
        let (url, root) = (format!("http://{}/tsa", port.address()), folder.join("root.crt"));
        let mut running = JoinSet::new();
        let _ = running.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, &folder).await;
            }
        });
        Self { url, root, _running: running, _port: port }
    }
}

async fn answer(mut stream: TcpStream, folder: &Path) {
    let mut asked = Vec::new();
    let question = loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap_or_default();
        asked.extend_from_slice(&piece[..read]);
        let head = asked.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(at) = head {
            let said = String::from_utf8_lossy(&asked[..at]).to_lowercase();
            assert!(said.starts_with("post /tsa http/1.1") && said.contains("application/timestamp-query"), "{said}");
            let length = said.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next());
            let length: usize = length.unwrap().trim().parse().unwrap();
            if asked.len() >= at + 4 + length {
                break asked[at + 4..at + 4 + length].to_vec();
            }
        }
        if read == 0 {
            return;
        }
    };
    fs::write(folder.join("question"), question).unwrap();
    openssl(
        folder,
        &["ts", "-reply", "-queryfile", "question", "-config", "tsa.cnf", "-section", "tsa", "-out", "answer"],
    );
    let answer = fs::read(folder.join("answer")).unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    let _gone = stream.write_all(&[head.as_bytes(), &answer].concat()).await;
}
