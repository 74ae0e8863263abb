//! One hospital: a real node process in a folder of its own.

use crate::{
    eventually,
    http::{self, Ask, Response},
    multipart,
    ports::Port,
};
use hyper::Method;
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A node answers this long after its start at the latest, an index to be rebuilt included.
const READY_WITHIN_S: u32 = 30;
/// A node asked to stop is gone by then.
const STOPPED_WITHIN_S: u32 = 20;

/// A node, running or not.
#[derive(Debug)]
pub struct Site {
    pub name: String,
    pub ae_title: String,
    /// The bearer token of an administrator.
    pub token: String,
    binary: PathBuf,
    home: TempDir,
    portal: Port,
    dimse: Port,
    overlay: Port,
    pixels: Port,
    process: Mutex<Option<Child>>,
    environment: Mutex<Vec<(String, OsString)>>,
}

/// What the command line said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Insists on exit code 0.
    #[must_use]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self
    }
}

impl Site {
    /// Initialises a site, not yet serving. `binary` is `env!("CARGO_BIN_EXE_site")` of the story.
    #[must_use]
    pub fn init(binary: &str, name: &str) -> Self {
        let mut site = Self::unmade(binary, name);
        site.make(&[]);
        // Stories do not wait three seconds for every study, and a build machine's disk may be small.
        site.configure("archive", "settle", toml::Value::String("700ms".to_owned()));
        site.configure("archive", "free_min", toml::Value::String("1 MiB".to_owned()));
        site
    }

    /// A site of which only the folder for its folder exists.
    #[must_use]
    pub fn unmade(binary: &str, name: &str) -> Self {
        let ae_title: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
        Self {
            name: name.to_owned(),
            ae_title,
            token: String::new(),
            binary: PathBuf::from(binary),
            home: TempDir::with_prefix("confrere-story-").unwrap(),
            portal: Port::reserve(),
            dimse: Port::reserve(),
            overlay: Port::reserve(),
            pixels: Port::reserve(),
            process: Mutex::new(None),
            environment: Mutex::new(Vec::new()),
        }
    }

    /// Initialises it, with more in the environment, and adds the administrator's token.
    pub fn make(&mut self, environment: &[(String, OsString)]) {
        let addresses = [
            ("--portal", self.portal.address()),
            ("--dimse", self.dimse.address()),
            ("--overlay", self.overlay.address()),
            ("--pixels", self.pixels.address()),
        ]
        .map(|(option, address)| [option.to_owned(), address.to_string()]);
        let addresses: Vec<&str> = addresses.iter().flatten().map(String::as_str).collect();
        let begin = [&["init", "--site", &self.name, "--ae-title", &self.ae_title][..], &addresses].concat();
        let _ = self.cli_in(environment, &begin).ok();
        let said = self.cli_in(environment, &["token", "add", "story", "--role", "admin"]).ok();
        self.token = long_word(&said);
    }

    /// Initialises and serves.
    pub async fn open(binary: &str, name: &str) -> Self {
        let site = Self::init(binary, name);
        site.serve().await;
        site
    }

    /// The node's folder.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.home.path().join("site")
    }

    /// A folder for what the story makes, beside the node's.
    #[must_use]
    pub fn scratch(&self, name: &str) -> PathBuf {
        let folder = self.home.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[must_use]
    pub fn portal(&self) -> SocketAddr {
        self.portal.address()
    }

    #[must_use]
    pub fn dimse(&self) -> SocketAddr {
        self.dimse.address()
    }

    #[must_use]
    pub fn overlay(&self) -> SocketAddr {
        self.overlay.address()
    }

    #[must_use]
    pub fn pixels(&self) -> SocketAddr {
        self.pixels.address()
    }

    /// Changes one setting of `confrere.toml`. In force from the next start.
    pub fn configure(&self, section: &str, field: &str, value: toml::Value) {
        let path = self.dir().join("confrere.toml");
        let mut config: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let section = config.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        section.as_table_mut().unwrap().insert(field.to_owned(), value);
        fs::write(&path, config.to_string()).unwrap();
    }

    /// What the node finds in its environment from its next start on, besides the story's own.
    pub fn environment(&self, set: &[(String, OsString)]) {
        *self.environment.lock().unwrap() = set.to_vec();
    }

    /// Runs a command of the command line on this site's folder.
    #[must_use]
    pub fn cli(&self, arguments: &[&str]) -> Said {
        self.cli_in(&[], arguments)
    }

    /// Runs a command of the command line on this site's folder, with more in its environment.
    #[must_use]
    pub fn cli_in(&self, environment: &[(String, OsString)], arguments: &[&str]) -> Said {
        let Output { status, stdout, stderr } = Command::new(&self.binary)
            .args(arguments)
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .envs(environment.iter().cloned())
            .arg("--dir")
            .arg(self.dir())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: status.code(), out: text(&stdout), err: text(&stderr) }
    }

    /// Starts a command of the command line that waits for something; its output can be read while it does.
    #[must_use]
    pub fn cli_start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(&self.binary);
        command.args(arguments).env("LC_ALL", "C").env("TZ", "UTC").arg("--dir").arg(self.dir());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs a command that belongs to no folder.
    #[must_use]
    pub fn tool(&self, arguments: &[&str], paths: &[PathBuf]) -> Said {
        let mut command = Command::new(&self.binary);
        let output = command
            .args(arguments)
            .args(paths)
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// A machine client's token.
    #[must_use]
    pub fn new_token(&self, name: &str, role: &str) -> String {
        let said = self.cli(&["token", "add", name, "--role", role]).ok();
        long_word(&said)
    }

    /// Makes a DICOM peer on this machine known, with what it may find and retrieve.
    pub fn add_ae(&self, title: &str, port: u16, query: &str) {
        let _ = self.cli(&["ae", "add", title, "127.0.0.1", &port.to_string(), "--query", query]).ok();
    }

    /// A person with a password.
    #[must_use]
    pub fn new_user(&self, name: &str, role: &str) -> String {
        let password = "Correct-horse-battery-9".to_owned();
        let file = self.scratch("passwords").join(name);
        fs::write(&file, &password).unwrap();
        let file = file.to_string_lossy().into_owned();
        let _ = self.cli(&["user", "add", name, "--role", role, "--password-file", &file]).ok();
        password
    }

    /// Starts the node and waits until it answers.
    pub async fn serve(&self) {
        self.start();
        let what = format!("{} answers", self.name);
        eventually!(READY_WITHIN_S, what, {
            self.insist_it_runs();
            let answer = http::ask(self.portal(), Ask::get("/api/site")).await.ok()?;
            (answer.status.is_success() && TcpStream::connect(self.dimse()).is_ok()).then_some(())
        });
    }

    /// Starts the node and does not wait.
    pub fn start(&self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let child = Command::new(&self.binary)
            .args(["serve", "--dir"])
            .arg(self.dir())
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .envs(self.environment.lock().unwrap().iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let before = self.process.lock().unwrap().replace(child);
        assert!(before.is_none(), "{} runs already", self.name);
    }

    fn insist_it_runs(&self) {
        let mut process = self.process.lock().unwrap();
        if let Some(status) = process.as_mut().and_then(|child| child.try_wait().unwrap()) {
            drop(process);
            panic!("{} ended ({status}):\n{}", self.name, self.log_tail());
        }
    }

    /// Whether the process is there.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.process.lock().unwrap().as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// SIGKILL: what a power cut does to a process.
    pub fn kill(&self) {
        if let Some(mut child) = self.process.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGSTOP: it is there, and says nothing more.
    pub fn halt(&self) {
        let status = Command::new("kill").args(["-STOP", &self.pid().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// SIGTERM, and waits for the end. A node that has died already is none the worse.
    pub async fn stop(&self) {
        let Some(mut child) = self.process.lock().unwrap().take() else { return };
        if child.try_wait().unwrap().is_some() {
            return;
        }
        let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(status.success());
        let what = format!("{} stops", self.name);
        eventually!(STOPPED_WITHIN_S, what, child.try_wait().unwrap());
    }

    /// The process's number.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.lock().unwrap().as_ref().map(Child::id).expect("a running node")
    }

    /// Resident memory, bytes; the most it ever was when `peak`.
    #[must_use]
    pub fn memory(&self, peak: bool) -> u64 {
        let pid = self.pid();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let field = if peak { "VmHWM:" } else { "VmRSS:" };
        let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1024
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("log")
    }

    /// What the node wrote to its log.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// Asks as the administrator.
    pub async fn ask(&self, ask: Ask) -> Response {
        self.try_ask(ask).await.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Asks as the administrator; the node may be away.
    ///
    /// # Errors
    /// When it is.
    pub async fn try_ask(&self, ask: Ask) -> anyhow::Result<Response> {
        http::ask(self.portal(), ask.bearer(&self.token)).await
    }

    pub async fn get(&self, path: &str) -> Response {
        self.ask(Ask::get(path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.ask(Ask::new(Method::POST, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.ask(Ask::new(Method::DELETE, path)).await
    }

    /// The site's key, as text.
    pub async fn id(&self) -> String {
        self.get("/api/site").await.ok().json()["site_id"].as_str().expect("a site has a key").to_owned()
    }

    /// Stores Part 10 files by STOW-RS.
    pub async fn stow(&self, files: &[&[u8]]) -> Response {
        let body = multipart::body(files);
        self.ask(Ask::new(Method::POST, "/dicomweb/studies").body(&multipart::dicom_type(), body)).await
    }

    /// Sends files by C-STORE with our own SCU.
    #[must_use]
    pub fn c_store(&self, paths: &[PathBuf]) -> Said {
        let to = format!("{}@{}", self.ae_title, self.dimse());
        self.tool(&["send", "--to", &to], paths)
    }

    /// A study as the list shows it, if it does.
    pub async fn listed(&self, study: &str) -> Option<Value> {
        let answer = self.try_ask(Ask::get(format!("/api/studies/{study}"))).await.ok()?;
        answer.status.is_success().then(|| answer.json())
    }

    /// Waits until the list shows a study as complete with so many instances.
    pub async fn settled(&self, study: &str, instances: usize) -> Value {
        let what = format!("{} lists {study} as complete with {instances} instances", self.name);
        eventually!(30, what, {
            let row = self.listed(study).await?;
            (row["completeness"] == "complete" && row["instances"] == json!(instances)).then_some(row)
        })
    }

    /// The data set of an instance, as WADO-RS gives it with the stored transfer syntax.
    pub async fn retrieve(&self, path: &str) -> Result<bytes::Bytes, Response> {
        let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
        let answer = self.ask(Ask::get(format!("/dicomweb{path}")).header("accept", accept)).await;
        if !answer.status.is_success() {
            return Err(answer);
        }
        let parts = multipart::parts(&answer);
        assert_eq!(parts.len(), 1, "one instance is one part");
        Ok(parts[0].clone())
    }

    /// One frame, as the viewer asks for it.
    pub async fn frame(&self, path: &str, number: u32) -> Response {
        let accept = "multipart/related; type=application/octet-stream; transfer-syntax=*";
        self.ask(Ask::get(format!("/dicomweb{path}/frames/{number}")).header("accept", accept)).await
    }

    /// The newest entries of the access log.
    pub async fn audit(&self, query: &str) -> Vec<Value> {
        let log = self.get(&format!("/api/audit?limit=200{query}")).await.ok().json();
        log["entries"].as_array().cloned().unwrap_or_default()
    }

    /// Files below the node's folder that hold these bytes, with the offset of the first occurrence.
    #[must_use]
    pub fn files_with(&self, bytes: &[u8]) -> Vec<(PathBuf, usize)> {
        let mut found = Vec::new();
        walk(&self.dir(), &mut |path| {
            let content = fs::read(path).unwrap_or_default();
            let first = bytes.first().copied().unwrap_or_default();
            let at = content.iter().enumerate().find(|(at, b)| **b == first && content[*at..].starts_with(bytes));
            if let Some((at, _)) = at {
                found.push((path.to_path_buf(), at));
            }
        });
        found
    }

    /// Time until `look` gives something.
    pub async fn measure<T>(within_s: u32, what: &str, look: impl AsyncFnMut() -> Option<T>) -> (T, Duration) {
        let began = Instant::now();
        let found = crate::wait::until(Duration::from_secs(u64::from(within_s)), what, look).await;
        (found, began.elapsed())
    }
}

/// The token is the one long word.
fn long_word(said: &Said) -> String {
    said.out.split_whitespace().max_by_key(|word| word.len()).unwrap_or_default().to_owned()
}

fn walk(folder: &Path, see: &mut impl FnMut(&Path)) {
    let Ok(items) = fs::read_dir(folder) else { return };
    for item in items.flatten() {
        let path = item.path();
        match item.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, see),
            Ok(kind) if kind.is_file() => see(&path),
            _ => {}
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the last of {}'s log\n{}", self.name, self.log_tail());
        }
        self.kill();
    }
}
