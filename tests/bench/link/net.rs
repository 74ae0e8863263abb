//! The two places and the link between them: namespaces joined by the emulator.
//!
//! This process runs beside the reading site, in its namespace. What it asks of the holding site's own doors goes through a
//! socket file, past the link: the link carries what the sites say to one another and nothing else.

use serde_json::Value;
use std::{
    fs,
    net::SocketAddr,
    os::unix::{net::UnixDatagram, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Addresses that the emulator gives its first and second site.
pub(crate) const HOLDER: &str = "10.77.1.1";
pub(crate) const READER: &str = "10.77.2.1";
/// And its third, where there is one.
pub(crate) const CENTRE: &str = "10.77.3.1";
/// Says that the process is where it belongs.
const INSIDE: &str = "CONFRERE_LINK_INSIDE";
/// `link forward FILE ADDRESS`: the far end of [`Net::reach`].
pub(crate) const FORWARD: &str = "forward";

/// Whether this is the process beside the reading site.
pub(crate) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

fn emulator() -> PathBuf {
    let folder = std::env::var_os("CONFRERE_WAN").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| tests::here().join("../../shared/tools/wan"));
    fs::canonicalize(&folder).unwrap_or_else(|_| panic!("no emulator at {}: set CONFRERE_WAN", folder.display()))
}

/// The places of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Places {
    /// Holder and reader on one link.
    Two,
    /// And a third site, with a link of its own.
    Three,
    /// Two behind address translators of this kind, and a third that both reach.
    Apart(&'static str),
}

/// Builds the emulator where nothing is kept, makes the places, and runs this program again in the second.
pub(crate) fn enter(places: Places) -> ! {
    let wan = emulator();
    let target = std::env::temp_dir().join("confrere-wan");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--locked", "--manifest-path"])
        .arg(wan.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .env_remove("CARGO_TARGET_DIR")
        .status()
        .unwrap();
    assert!(built.success(), "the emulator is built");
    let in_time = Command::new("chrt").args(["-f", "10", "true"]).stderr(Stdio::null()).status();
    let mut command = Command::new("bash");
    command.arg(wan.join("wan-run.sh"));
    if in_time.is_ok_and(|status| status.success()) {
        command.arg("--rt");
    }
    let again = format!("{INSIDE}=1 exec ip netns exec \"$WAN_NS_reader\" \"$0\" \"$@\"");
    match places {
        Places::Two => command.args(["--site", "holder", "--site", "reader"]),
        Places::Three => command.args(["--site", "holder", "--site", "reader", "--site", "centre"]),
        Places::Apart(nat) => command
            .args(["--site", &format!("holder,nat={nat}"), "--site", &format!("reader,nat={nat}")])
            .args(["--site", "centre"]),
    };
    let failure = command
        .args(["--", "bash", "-c", &again])
        .arg(std::env::current_exe().unwrap())
        .args(std::env::args_os().skip(1))
        .env("WAN_BIN", target.join("release/wan"))
        .env("WAN_CC", "bbr")
        .exec();
    panic!("bash: {failure}");
}

/// A link of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) name: &'static str,
    pub(crate) bits_per_s: f64,
    pub(crate) rtt_ms: u32,
    pub(crate) loss: &'static str,
    /// Images read over it: all, or as many as it carries in the time one has.
    pub(crate) images: usize,
    /// What issue and design ask for.
    pub(crate) aim: &'static str,
}

impl Link {
    /// Seconds that so many bytes take at least: QUIC's payload is 95.5 % of IP, and this many round trips go before.
    pub(crate) fn floor_s(&self, bytes: f64, round_trips: f64) -> f64 {
        bytes * 8.0 / (0.955 * self.bits_per_s) + round_trips * f64::from(self.rtt_ms) / 1e3
    }
}

/// The emulator that runs, and the holder's namespace.
pub(crate) struct Net {
    control: PathBuf,
    pub(crate) holder: String,
    /// The namespace of the third place, where there is one.
    pub(crate) centre: Option<String>,
    socket: UnixDatagram,
    _folder: TempDir,
}

/// What the holder sent into the link.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) packets: f64,
    pub(crate) bytes: f64,
    pub(crate) dropped: f64,
}

impl Net {
    pub(crate) fn here() -> Self {
        let name = |key: &str| std::env::var(key).expect("wan-run.sh tells");
        let folder = TempDir::with_prefix("confrere-link-").unwrap();
        let socket = UnixDatagram::bind(folder.path().join("asks")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        Self {
            control: name("WAN_CTL").into(),
            holder: name("WAN_NS_holder"),
            centre: std::env::var("WAN_NS_centre").ok(),
            socket,
            _folder: folder,
        }
    }

    fn tell(&self, line: &str) -> String {
        self.socket.send_to(line.as_bytes(), &self.control).unwrap();
        let mut answer = vec![0; 64 << 10];
        let length = self.socket.recv(&mut answer).expect("the emulator answers");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    /// Makes the link what a row says.
    pub(crate) fn shape(&self, link: &Link) {
        self.shape_at("holder", link);
    }

    /// The same of the link of one place.
    pub(crate) fn shape_at(&self, place: &str, link: &Link) {
        let delay = f64::from(link.rtt_ms) / 2.0;
        let told = self.tell(&format!("{place} rate={},delay={delay}ms,loss={}", link.bits_per_s, link.loss));
        assert_eq!(told.trim(), "ok");
    }

    /// Links that are in nobody's way.
    pub(crate) fn unshape(&self) {
        for place in ["holder"].into_iter().chain(self.centre.as_ref().map(|_| "centre")) {
            assert_eq!(self.tell(&format!("{place} rate=0,delay=0ms,loss=0%")).trim(), "ok");
        }
    }

    /// Cuts the link, or mends it.
    pub(crate) fn cut(&self, is_down: bool) {
        self.cut_at("holder", is_down);
    }

    /// The same of the link of one place.
    pub(crate) fn cut_at(&self, place: &str, is_down: bool) {
        let word = if is_down { "yes" } else { "no" };
        assert_eq!(self.tell(&format!("{place} down={word}")).trim(), "ok");
    }

    /// Lets only TCP through, or all again.
    pub(crate) fn block_udp(&self, is_blocked: bool) {
        let word = if is_blocked { "yes" } else { "no" };
        assert_eq!(self.tell(&format!("holder drop-udp={word}")).trim(), "ok");
    }

    pub(crate) fn sent(&self) -> Sent {
        let stats: Value = serde_json::from_str(&self.tell("stats")).unwrap();
        let up = &stats["sites"]["holder"]["up"];
        let number = |key: &str| up[key].as_f64().unwrap();
        Sent { packets: number("packets_in"), bytes: number("bytes_in"), dropped: number("drop_queue") }
    }

    /// A command in the holder's namespace.
    pub(crate) fn at_holder(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        at(&self.holder, program)
    }

    /// A program that runs another in the holder's namespace with what it is given.
    pub(crate) fn wrapper(&self, folder: &Path, program: &Path) -> PathBuf {
        self.wrapper_at(&self.holder, folder, program)
    }

    /// The same of another namespace.
    pub(crate) fn wrapper_at(&self, place: &str, folder: &Path, program: &Path) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.join(format!("confrere-at-{place}"));
        let script = format!("#!/bin/sh\nexec ip netns exec {place} {} \"$@\"\n", program.display());
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Makes a loopback port of the holder's namespace be there in this one too, until the end of the process.
    pub(crate) async fn reach(&self, folder: &Path, port: SocketAddr) -> Child {
        Self::reach_at(&self.holder, folder, port).await
    }

    /// As [`Self::reach`], of another namespace.
    pub(crate) async fn reach_at(place: &str, folder: &Path, port: SocketAddr) -> Child {
        let file = folder.join(format!("port-{}", port.port()));
        let mut far = at(place, std::env::current_exe().unwrap());
        let far = far.arg(FORWARD).arg(&file).arg(port.to_string()).stdin(Stdio::null()).spawn().unwrap();
        let near = TcpListener::bind(port).await.unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = near.accept().await {
                let file = file.clone();
                tokio::spawn(async move {
                    if let Ok(mut there) = UnixStream::connect(&file).await {
                        let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
                    }
                });
            }
        });
        far
    }
}

/// A command in a namespace.
fn at(place: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", place]).arg(program);
    command
}

/// The far end of [`Net::reach`].
pub(crate) async fn forward(file: &Path, port: &str) {
    let listener = UnixListener::bind(file).unwrap();
    while let Ok((mut stream, _)) = listener.accept().await {
        let port = port.to_owned();
        tokio::spawn(async move {
            if let Ok(mut there) = TcpStream::connect(&port).await {
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
            }
        });
    }
}
