//! An object store from outside: `s3s-fs`, which speaks S3 over a folder and compares signatures.

use crate::{eventually, ports::Port};
use std::{
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The version that `cargo ci tools` installs.
const VERSION: &str = "0.14.1";
const ID: &str = "AKSTORYSTORYSTORY";
const SECRET: &str = "story+secret/0123456789abcdefghijklmnop";
const BUCKET: &str = "cold-tier";
const PREFIX: &str = "ch-nord/images";

/// A store with one bucket.
#[derive(Debug)]
pub struct ObjectStore {
    port: Port,
    root: PathBuf,
    process: Option<Child>,
}

impl ObjectStore {
    /// Starts one over a folder.
    ///
    /// # Panics
    /// When it is not installed.
    pub async fn start(root: &Path) -> Self {
        fs::create_dir_all(root.join(BUCKET)).unwrap();
        let mut store = Self { port: Port::reserve(), root: root.to_owned(), process: None };
        store.resume().await;
        store
    }

    /// Starts it again.
    pub async fn resume(&mut self) {
        // The running story lies in `<target>/<profile>/deps`.
        let target = std::env::current_exe().ok().and_then(|exe| exe.ancestors().nth(3).map(Path::to_path_buf));
        let program = target.unwrap_or_default().join(format!("tools/s3s-fs-{VERSION}/bin/s3s-fs"));
        let process = Command::new(&program)
            .args(["--host", "127.0.0.1", "--port", &self.port.number().to_string()])
            .args(["--access-key", ID, "--secret-key", SECRET])
            .arg(&self.root)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; `cargo ci tools` installs it", program.display()));
        self.process = Some(process);
        eventually!(10, "the object store listens", TcpStream::connect(self.port.address()).ok());
    }

    /// It is gone from one moment to the next.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// What `[archive]` says of it, but for `cold_store`; `secret` in place of the right one.
    #[must_use]
    pub fn settings(&self, scratch: &Path, secret: Option<&str>) -> Vec<(&'static str, String)> {
        let credentials = scratch.join("s3");
        fs::write(&credentials, format!("{ID}\n{}\n", secret.unwrap_or(SECRET))).unwrap();
        fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)).unwrap();
        vec![
            ("cold_bucket", BUCKET.to_owned()),
            ("cold_prefix", PREFIX.to_owned()),
            ("cold_credentials", credentials.display().to_string()),
        ]
    }

    /// Where it listens, without TLS.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.port.address())
    }

    /// Files of the objects, without the mark.
    #[must_use]
    pub fn objects(&self) -> Vec<PathBuf> {
        let prefix = self.root.join(BUCKET).join(PREFIX);
        let mut found = Vec::new();
        for shard in fs::read_dir(prefix).into_iter().flatten().flatten().filter(|item| item.path().is_dir()) {
            found.extend(fs::read_dir(shard.path()).unwrap().map(|item| item.unwrap().path()));
        }
        found.sort();
        found
    }

    /// Every file that the store keeps, uploads under way and what it notes of its own among them.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let (mut found, mut folders) = (Vec::new(), vec![self.root.clone()]);
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found
    }
}

impl Drop for ObjectStore {
    fn drop(&mut self) {
        self.kill();
    }
}
