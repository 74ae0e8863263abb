//! GDCM and odil: two more toolkits that share no code with DCMTK.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// What a program said.
#[derive(Debug)]
pub struct Said {
    pub success: bool,
    pub text: String,
}

fn run(program: &str, package: &str, arguments: &[&str], files: &[PathBuf]) -> Said {
    let Output { status, stdout, stderr } = Command::new(program)
        .args(arguments)
        .args(files)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; `cargo ci tools` installs it (package {package})"));
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    Said { success: status.success(), text }
}

/// A program of GDCM.
///
/// # Panics
/// When it is not installed.
#[must_use]
pub fn gdcm(program: &str, arguments: &[&str]) -> Said {
    run(program, "libgdcm-tools", arguments, &[])
}

/// `gdcmscu` as `calling` to `called`: its mode, what it needs for that, and files.
///
/// # Panics
/// When it is not installed.
#[must_use]
pub fn gdcmscu(to: SocketAddr, [calling, called]: [&str; 2], mode: &[&str], files: &[PathBuf]) -> Said {
    let port = to.port().to_string();
    let arguments = [&["--aetitle", calling, "--call", called][..], mode, &["127.0.0.1", &port]].concat();
    run("gdcmscu", "libgdcm-tools", &arguments, files)
}

/// `odil` as `calling` to `called`: its command, what it needs for that behind the titles, and files.
///
/// # Panics
/// When it is not installed.
#[must_use]
pub fn odil(to: SocketAddr, [calling, called]: [&str; 2], command: &[&str], more: &[&str], files: &[PathBuf]) -> Said {
    let port = to.port().to_string();
    let arguments = [command, &["127.0.0.1", &port, calling, called][..], more].concat();
    run("odil", "odil", &arguments, files)
}

/// A script of `tests/conformance` that uses odil, with the Python it is built for.
///
/// # Panics
/// When Python is not installed.
#[must_use]
pub fn odil_script(name: &str, arguments: &[&str]) -> Said {
    let script = crate::here().join("conformance").join(name).display().to_string();
    run("/usr/bin/python3", "python3-odil", &[&[script.as_str()], arguments].concat(), &[])
}
