//! pynetdicom: the services that DCMTK has no programs for. Its virtual environment is made once, below the target folder.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

/// What is installed, pinned.
const PACKAGE: &str = "pynetdicom==3.0.4";

/// Where cargo puts what it builds, found from where this program lies.
fn target() -> PathBuf {
    let program = env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap_or_else(|| Path::new("/tmp")).to_owned()
}

/// The interpreter that has pynetdicom.
///
/// # Panics
/// When there is no Python with `venv`, or no way to the package index.
fn python() -> PathBuf {
    let folder = target().join("pynetdicom");
    fs::create_dir_all(&folder).unwrap();
    // Stories run side by side: the first makes it, the others wait.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let (environment, ready) = (folder.join("venv"), folder.join(format!("ready {PACKAGE}")));
    let python = environment.join("bin").join("python");
    if !ready.exists() {
        let hint = "`cargo ci tools` installs it (package python3-venv)";
        let run = |command: &mut Command| {
            let Output { status, stderr, .. } = command.output().unwrap_or_else(|error| panic!("{error}; {hint}"));
            assert!(status.success(), "{}; {hint}", String::from_utf8_lossy(&stderr));
        };
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]));
        File::create(ready).unwrap();
    }
    python
}

fn script(name: &str) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance").join(name);
    let mut command = Command::new(python());
    command.arg(path).stdin(Stdio::null());
    command
}

/// Runs a script of `tests/conformance` to its end and gives what it printed.
///
/// # Panics
/// When it fails.
#[must_use]
pub fn run(name: &str, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = script(name).args(arguments).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{name}: {out}\n{err}");
    out.into_owned()
}

/// A script that serves until it is dropped.
#[derive(Debug)]
pub struct Serving(Child);

impl Serving {
    /// Starts a script of `tests/conformance`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        Self(script(name).args(arguments).spawn().unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}
