//! DCMTK: the modality and the workstation that everybody tests against.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Output},
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

/// C-STORE of files, in one association.
#[must_use]
pub fn store(to: SocketAddr, title: &str, files: &[PathBuf]) -> Said {
    run(
        "storescu",
        &["-v", "-R", "-to", "10", "-aet", "CT1", "-aec", title, "127.0.0.1", &to.port().to_string()],
        files,
    )
}
