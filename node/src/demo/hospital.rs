//! One of the demo's hospitals: a folder, its addresses and the node process that serves it.

use super::client::{Client, Place};
use crate::tasks::Tasks;
use anyhow::{Context as _, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    fs::File,
    net::{SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

/// What must be known to start a hospital again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) ae_title: String,
    /// Of its folder, inside the demo's.
    pub(crate) folder: String,
    pub(crate) portal: SocketAddr,
    pub(crate) dimse: SocketAddr,
    pub(crate) overlay: SocketAddr,
    pub(crate) pixels: SocketAddr,
    #[serde(default)]
    pub(crate) site: String,
    #[serde(default)]
    pub(crate) users: Vec<User>,
}

/// An account made for the demo, with its password in the clear: these people do not exist.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) password: String,
}

/// A hospital whose node runs.
#[derive(Debug)]
pub(crate) struct Hospital {
    pub(crate) plan: Plan,
    pub(crate) folder: PathBuf,
    pub(crate) control: Client,
    node: Child,
}

/// A node is up within this time or has failed.
const START_S: u64 = 60;
/// And down within this.
const STOP_S: u64 = 20;

impl Plan {
    /// A hospital on free ports of this machine.
    pub(crate) fn new(name: &str, ae_title: &str, folder: &str) -> Result<Self> {
        let [portal, dimse, overlay, pixels] = free_addresses()?;
        Ok(Self {
            name: name.to_owned(),
            ae_title: ae_title.to_owned(),
            folder: folder.to_owned(),
            portal,
            dimse,
            overlay,
            pixels,
            site: String::new(),
            users: Vec::new(),
        })
    }
}

/// Addresses whose TCP and UDP ports are free now; all are held until all are found, so that they differ.
fn free_addresses() -> Result<[SocketAddr; 4]> {
    const TRIES: usize = 64;
    let mut held = Vec::new();
    for _ in 0..TRIES {
        let tcp = TcpListener::bind(("127.0.0.1", 0))?;
        let address = tcp.local_addr()?;
        if let Ok(udp) = UdpSocket::bind(address) {
            held.push((address, tcp, udp));
        }
        if let [a, b, c, d] = held.as_slice() {
            return Ok([a.0, b.0, c.0, d.0]);
        }
    }
    bail!("no free ports on this machine")
}

impl Hospital {
    /// Makes the folder where there is none, and starts the node.
    pub(crate) async fn open(base: &Path, mut plan: Plan, tasks: &Tasks) -> Result<Self> {
        let folder = base.join(&plan.folder);
        let log = base.join(format!("{}.log", plan.folder));
        if !folder.join("confrere.toml").exists() {
            init(&folder, &plan, &log).await?;
        }
        let node = program(&log)?.arg("serve").arg("--dir").arg(&folder).kill_on_drop(true).spawn()?;
        let control = Client::new(Place::Control(folder.join("control.sock")), None, tasks);
        let mut hospital = Self { plan: plan.clone(), folder, control, node };
        hospital.until_up(&log).await?;
        let site = hospital.control.get("/api/site").await?;
        plan.site = site["site_id"].as_str().context("the node does not say its site id")?.to_owned();
        hospital.plan = plan;
        Ok(hospital)
    }

    async fn until_up(&mut self, log: &Path) -> Result<()> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.node.try_wait()? {
                bail!("{} did not start ({status}): {}", self.plan.name, last_lines(log));
            }
            match self.control.get("/api/status").await {
                Ok(_) => return Ok(()),
                Err(error) if begun.elapsed() > Duration::from_secs(START_S) => {
                    return Err(error.context(format!("{} is not up: {}", self.plan.name, last_lines(log))));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Makes an account with a password that the node chooses.
    pub(crate) async fn add_user(&mut self, name: &str, role: &str) -> Result<()> {
        let made = self.control.post("/api/users", json!({"name": name, "role": role})).await?;
        let password = made["password"].as_str().context("no password was made")?.to_owned();
        self.plan.users.push(User { name: name.to_owned(), role: role.to_owned(), password });
        Ok(())
    }

    /// A client of the portal as a machine with this role.
    pub(crate) async fn machine(&mut self, role: &str, tasks: &Tasks) -> Result<Client> {
        let made = self.control.post("/api/tokens", json!({"name": format!("demo-{role}"), "role": role})).await?;
        let token = made["token"].as_str().context("no token was made")?.to_owned();
        Ok(Client::new(Place::Portal(self.plan.portal), Some(token), tasks))
    }

    /// Resident memory in MB, as the system sees it.
    pub(crate) fn resident_mb(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.node.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
    }

    /// Resolves when the node ends by itself.
    pub(crate) async fn ended(&mut self) -> String {
        let status = self.node.wait().await.map_or_else(|e| e.to_string(), |status| status.to_string());
        format!("{} stopped by itself ({status})", self.plan.name)
    }

    /// Asks the node to stop and waits for it.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let Some(pid) = self.node.id().and_then(|pid| i32::try_from(pid).ok()) else { return Ok(()) };
        kill(Pid::from_raw(pid), Signal::SIGTERM).context("cannot stop a node")?;
        match tokio::time::timeout(Duration::from_secs(STOP_S), self.node.wait()).await {
            Ok(status) if status.as_ref().is_ok_and(|s| s.success()) => Ok(()),
            Ok(status) => bail!("{} did not stop in order: {status:?}", self.plan.name),
            Err(_) => {
                self.node.kill().await?;
                bail!("{} did not stop within {STOP_S} s and was killed", self.plan.name)
            }
        }
    }
}

async fn init(folder: &Path, plan: &Plan, log: &Path) -> Result<()> {
    let mut command = program(log)?;
    command.arg("init").arg("--dir").arg(folder).args(["--site", &plan.name, "--ae-title", &plan.ae_title]);
    for (flag, address) in
        [("--portal", plan.portal), ("--dimse", plan.dimse), ("--overlay", plan.overlay), ("--pixels", plan.pixels)]
    {
        command.arg(flag).arg(address.to_string());
    }
    let status = command.status().await.context("cannot run init")?;
    if status.success() { Ok(()) } else { bail!("init of {} failed: {}", plan.name, last_lines(log)) }
}

/// This program, writing to a log file.
fn program(log: &Path) -> Result<Command> {
    let mut options = File::options();
    let out = options.create(true).append(true).open(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
    command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
    Ok(command)
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(6).collect();
    format!("{}\n(all of it: {})", lines.into_iter().rev().collect::<Vec<_>>().join("\n"), log.display())
}
