//! `cargo demo`: builds what is stale and becomes `confrere demo`.

use crate::{Stop, portal, step, target, tools};
use std::{ffi::OsString, os::unix::process::CommandExt, process::Command};

pub(crate) fn run(arguments: &[OsString]) -> Result<(), Stop> {
    tools::check_languages()?;
    tools::ensure(&[&tools::C_COMPILER])?;
    portal::packages()?;
    portal::build()?;
    step::run(
        "node: build",
        step::command("cargo", &["build", "--release", "--package", "node", "--bin", "confrere"]),
    )?;
    println!();
    // This process becomes the demo: its terminal, Ctrl-C and exit code are the demo's own.
    let confrere = target().join("release").join("confrere");
    let error = Command::new(&confrere).arg("demo").args(arguments).exec();
    Err(Stop::new(format!("{}: {error}", confrere.display())))
}
