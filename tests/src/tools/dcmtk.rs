//! DCMTK: the modality and the workstation that everybody tests against.

use crate::{certificates::Issued, eventually, ports::Port};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output},
};

/// What a DCMTK tool said.
#[derive(Debug)]
pub struct Said {
    pub success: bool,
    pub text: String,
}

fn run(program: &str, arguments: &[&str], files: &[PathBuf]) -> Said {
    let Output { status, stdout, stderr } = Command::new(program)
        .args(arguments)
        .args(files)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; `cargo ci tools` installs it (package dcmtk)"));
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    Said { success: status.success(), text }
}

/// C-ECHO.
#[must_use]
pub fn echo(to: SocketAddr, title: &str) -> Said {
    run("echoscu", &["-v", "-to", "10", "-aec", title, "127.0.0.1", &to.port().to_string()], &[])
}

/// C-ECHO by TLS as `calling`: `shown` certificate and key, of whoever `ca` vouches for.
#[must_use]
pub fn echo_by_tls(to: SocketAddr, titles: [&str; 2], shown: Option<&Issued>, ca: &Path) -> Said {
    by_tls("echoscu", to, titles, shown, ca, &[])
}

/// C-STORE by TLS.
#[must_use]
pub fn store_by_tls(to: SocketAddr, titles: [&str; 2], shown: &Issued, ca: &Path, files: &[PathBuf]) -> Said {
    by_tls("storescu", to, titles, Some(shown), ca, files)
}

fn by_tls(
    program: &str,
    to: SocketAddr,
    [calling, called]: [&str; 2],
    shown: Option<&Issued>,
    ca: &Path,
    files: &[PathBuf],
) -> Said {
    let text = |path: &Path| path.display().to_string();
    let mut arguments = vec!["-v".to_owned(), "-to".to_owned(), "10".to_owned(), "+cf".to_owned(), text(ca)];
    match shown {
        Some(Issued { certificate, key, .. }) => arguments.extend(["+tls".to_owned(), text(key), text(certificate)]),
        None => arguments.push("+tla".to_owned()),
    }
    arguments.extend(["-aet", calling, "-aec", called, "127.0.0.1", &to.port().to_string()].map(str::to_owned));
    run(program, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), files)
}

/// C-STORE of files, in one association.
#[must_use]
pub fn store(to: SocketAddr, title: &str, files: &[PathBuf]) -> Said {
    run(
        "storescu",
        &["-v", "-R", "-to", "10", "-aet", "CT1", "-aec", title, "127.0.0.1", &to.port().to_string()],
        files,
    )
}

/// A file with its image as lossless JPEG (process 14, first-order prediction); gives the compressed one, beside it.
///
/// # Panics
/// When it cannot be compressed, or DCMTK is not installed.
#[must_use]
pub fn compress(file: &Path) -> PathBuf {
    let to = file.with_extension("jpeg");
    let text = |path: &Path| path.display().to_string();
    let made = run("dcmcjpeg", &["+e1", "+un", &text(file), &text(&to)], &[]);
    assert!(made.success, "{}", made.text);
    to
}

/// A file made from DCMTK's text form.
///
/// # Panics
/// When it is not well-formed, or DCMTK is not installed.
#[must_use]
pub fn from_dump(text: &str, to: &Path) -> PathBuf {
    let dump = to.with_extension("txt");
    std::fs::write(&dump, text).unwrap();
    let made = run("dump2dcm", &["+te", &dump.display().to_string(), &to.display().to_string()], &[]);
    assert!(made.success, "{}", made.text);
    to.to_owned()
}

/// Signs a file over all of its elements (PS3.15 Annex C, SHA-256); gives the signed one, beside it.
///
/// # Panics
/// When it cannot be signed, or DCMTK is not installed.
#[must_use]
pub fn sign(file: &Path, by: &Issued) -> PathBuf {
    let to = file.with_extension("signed");
    let text = |path: &Path| path.display().to_string();
    let (key, certificate) = (text(&by.key), text(&by.certificate));
    let made = run("dcmsign", &["+s", &key, &certificate, "+m2", &text(file), &text(&to)], &[]);
    assert!(made.success, "{}", made.text);
    to
}

/// Puts a reference into a file, and signs that one item of a sequence and nothing else; gives the signed file.
///
/// # Panics
/// When it cannot be signed, or DCMTK is not installed.
#[must_use]
pub fn sign_item(file: &Path, by: &Issued) -> PathBuf {
    let to = file.with_extension("item");
    let text = |path: &Path| path.display().to_string();
    let made = run("dcmodify", &["-nb", "-i", "(0008,1140)[0].(0008,1155)=1.2.826.9", &text(file)], &[]);
    assert!(made.success, "{}", made.text);
    let (key, certificate) = (text(&by.key), text(&by.certificate));
    let item = "ReferencedImageSequence[0]";
    let made = run("dcmsign", &["+si", &key, &certificate, item, "+m2", &text(file), &text(&to)], &[]);
    assert!(made.success, "{}", made.text);
    to
}

/// The data set of a file in implicit VR little endian, without its meta group.
///
/// # Panics
/// When DCMTK cannot read it, or is not installed.
#[must_use]
pub fn implicit(file: &Path) -> Vec<u8> {
    let to = file.with_extension("implicit");
    let made = run("dcmconv", &["-F", "+ti", &file.display().to_string(), &to.display().to_string()], &[]);
    assert!(made.success, "{}", made.text);
    std::fs::read(to).unwrap()
}

/// What a file says, in DCMTK's text form, values in full.
#[must_use]
pub fn dump(file: &Path) -> String {
    run("dcmdump", &["-q", "+L", &file.display().to_string()], &[]).text
}

/// What a structured report says, as DCMTK reads it: its header and its tree, or why it is none.
#[must_use]
pub fn report(file: &Path) -> Said {
    run("dsrdump", &["-v", "+Pl", &file.display().to_string()], &[])
}

/// Who asks in [`find`], [`get`] and [`move_to`].
pub const WORKSTATION: &str = "WORKSTATION";

fn question(program: &str, to: SocketAddr, title: &str, more: &[&str], keys: &[&str]) -> Said {
    let port = to.port().to_string();
    let mut arguments = vec!["-v", "-S", "-to", "10", "-aet", WORKSTATION, "-aec", title];
    arguments.extend(more);
    for key in keys {
        arguments.extend(["-k", key]);
    }
    arguments.extend(["127.0.0.1", &port]);
    run(program, &arguments, &[])
}

/// C-FIND, study root.
#[must_use]
pub fn find(to: SocketAddr, title: &str, keys: &[&str]) -> Said {
    question("findscu", to, title, &[], keys)
}

/// C-GET, study root, into a folder.
#[must_use]
pub fn get(to: SocketAddr, title: &str, folder: &Path, keys: &[&str]) -> Said {
    get_taking("-x=", to, title, folder, keys)
}

/// C-GET by a workstation that takes some transfer syntaxes only (an option of DCMTK).
#[must_use]
pub fn get_taking(syntaxes: &str, to: SocketAddr, title: &str, folder: &Path, keys: &[&str]) -> Said {
    question("getscu", to, title, &[syntaxes, "-od", &folder.display().to_string()], keys)
}

/// C-MOVE, study root, to another AE.
#[must_use]
pub fn move_to(to: SocketAddr, title: &str, destination: &str, keys: &[&str]) -> Said {
    question("movescu", to, title, &["-aem", destination], keys)
}

/// A workstation that waits for images, until it is dropped.
#[derive(Debug)]
pub struct Receiver {
    pub port: u16,
    pub folder: PathBuf,
    process: Child,
    _reserved: Port,
}

impl Receiver {
    /// # Panics
    /// When DCMTK is not installed.
    pub async fn start(folder: &Path) -> Self {
        Self::start_with(folder, &["+xa"]).await
    }

    /// One that takes some transfer syntaxes only (an option of DCMTK).
    ///
    /// # Panics
    /// When DCMTK is not installed.
    pub async fn taking(syntaxes: &str, folder: &Path) -> Self {
        Self::start_with(folder, &[syntaxes]).await
    }

    /// One that is called by TLS, by whom `ca` vouches for.
    pub async fn start_by_tls(folder: &Path, shown: &Issued, ca: &Path) -> Self {
        let [key, certificate, ca] = [&shown.key, &shown.certificate, ca].map(|path| path.display().to_string());
        Self::start_with(folder, &["+tls", &key, &certificate, "+cf", &ca, "+xa"]).await
    }

    /// One at a port that was reserved before.
    pub async fn at(reserved: Port, folder: &Path) -> Self {
        Self::start_at(reserved, folder, &["+xa"]).await
    }

    async fn start_with(folder: &Path, more: &[&str]) -> Self {
        Self::start_at(Port::reserve(), folder, more).await
    }

    async fn start_at(reserved: Port, folder: &Path, more: &[&str]) -> Self {
        let (port, address) = (reserved.number(), reserved.address());
        let process = Command::new("storescp")
            .args(more)
            .args(["-aet", WORKSTATION, "-od"])
            .arg(folder)
            .arg(port.to_string())
            .spawn()
            .expect("storescp; `cargo ci tools` installs it (package dcmtk)");
        eventually!(10, "the workstation listens", tokio::net::TcpStream::connect(address).await.ok());
        Self { port, folder: folder.to_owned(), process, _reserved: reserved }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
