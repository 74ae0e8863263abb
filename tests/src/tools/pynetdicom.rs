//! pynetdicom: the services that DCMTK has no programs for.

use super::python;
use std::process::{Child, Command, Output, Stdio};

fn script(name: &str) -> Command {
    let path = crate::here().join("conformance").join(name);
    let mut command = Command::new(python::environment());
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
