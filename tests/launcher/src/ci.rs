//! `cargo ci`: every check and every test, in the order in which they fail fastest, stopping at the first that does.
//!
//! Everything is compiled once: clippy's compiler builds what the tests run (dev profile, with optimised dependencies), so that
//! nothing is checked first and then built again. The test run is the last step and its summary the last thing printed.

use crate::{
    Stop, portal,
    step::{self, npm},
    supply, tools,
};
use std::{ffi::OsString, fs, process::Command};

type Step = fn() -> Result<(), Stop>;

const STEPS: [(&str, Step); 7] = [
    ("tools", find_tools),
    ("fmt", fmt),
    ("tidy", tidy),
    ("web", web),
    ("supply", supply),
    ("clippy", clippy),
    ("test", test),
];

/// What `cargo clippy -- -D warnings` tells the compiler that it puts in the place of `rustc`.
const STRICT: [(&str, &str); 2] =
    [("RUSTC_WORKSPACE_WRAPPER", "clippy-driver"), ("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__")];
/// clippy objects to it, and `rustc` does not.
const OBJECTIONABLE: &str = "#[must_use]\npub fn one() -> u8 {\n    return 1;\n}\n";

pub(crate) fn run(arguments: &[OsString]) -> Result<(), Stop> {
    match arguments {
        [] => STEPS.iter().try_for_each(|(_, step)| step()),
        [one] => match STEPS.iter().find(|(name, _)| one == name) {
            Some((_, step)) => step(),
            None => Err(Stop { says: crate::USAGE.to_owned(), code: 2 }),
        },
        _ => Err(Stop { says: crate::USAGE.to_owned(), code: 2 }),
    }
}

fn cargo(arguments: &[&str]) -> Command {
    step::command("cargo", arguments)
}

fn find_tools() -> Result<(), Stop> {
    tools::check_languages()?;
    tools::check_components()?;
    tools::ensure(&[
        &tools::C_COMPILER,
        &tools::DCMTK,
        &tools::OPENSSL,
        &tools::GDCM,
        &tools::ODIL,
        &tools::ORTHANC,
        &tools::NGINX,
        &tools::IPROUTE,
        &tools::NFTABLES,
        &tools::XORRISO,
        &tools::RSYSLOG,
        &tools::XMLLINT,
        &tools::PYTHON,
        &tools::CHROMIUM,
    ])?;
    tools::object_store()?;
    tools::identity_provider()
}

fn fmt() -> Result<(), Stop> {
    step::run("cargo fmt --check", cargo(&["fmt", "--all", "--check"]))
}

fn tidy() -> Result<(), Stop> {
    step::run("tidy", cargo(&["run", "--quiet", "--locked", "--package", "tidy"]))
}

fn supply() -> Result<(), Stop> {
    portal::packages()?;
    supply::check()
}

fn web() -> Result<(), Stop> {
    portal::packages()?;
    for script in ["typecheck", "lint", "test"] {
        step::run(&format!("portal: {script}"), npm(&["run", script]))?;
    }
    portal::build()
}

/// cargo, with clippy in the place of the compiler for what is ours.
fn strict_cargo(arguments: &[&str]) -> Command {
    let mut command = cargo(arguments);
    command.envs(STRICT);
    command
}

/// That the words of [`STRICT`] still mean what they are to mean: another toolchain may have others, and would then refuse nothing.
fn insist_it_is_strict() -> Result<(), Stop> {
    let wrong = |error: std::io::Error| Stop::new(format!("clippy-driver: {error}"));
    let folder = crate::target().join("strict");
    fs::create_dir_all(&folder).map_err(wrong)?;
    let source = folder.join("objectionable.rs");
    fs::write(&source, OBJECTIONABLE).map_err(wrong)?;
    let mut driver =
        step::command("clippy-driver", &["--crate-type", "lib", "--edition", "2024", "--emit", "metadata"]);
    let output = driver.arg("--out-dir").arg(&folder).arg(&source).envs(STRICT).output().map_err(wrong)?;
    if output.status.success() {
        return Err(Stop::new("clippy let something pass that it objects to: see STRICT in tests/launcher/src/ci.rs"));
    }
    Ok(())
}

/// Builds all of it, also what is only measured with.
fn clippy() -> Result<(), Stop> {
    portal::packages()?;
    portal::build()?;
    insist_it_is_strict()?;
    let all = ["build", "--workspace", "--all-targets", "--locked", "--quiet"];
    step::run("cargo build, under clippy", strict_cargo(&all))
}

fn test() -> Result<(), Stop> {
    portal::packages()?;
    portal::build()?;
    let has_nextest = step::output("cargo", &["nextest", "--version"]).is_some();
    let run: &[&str] =
        if has_nextest { &["nextest", "run", "--workspace", "--locked"] } else { &["test", "--workspace", "--locked"] };
    // Not through `step::run`: after the tests' own summary nothing more is printed.
    println!("\n==> cargo {}", run.join(" "));
    let status = strict_cargo(run).status().map_err(|error| Stop::new(format!("cargo {}: {error}", run.join(" "))))?;
    if status.success() {
        return Ok(());
    }
    Err(Stop::new("the tests failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_a_usage_error() {
        assert_eq!(run(&["no-such-step".into()]).unwrap_err().code, 2);
        assert_eq!(run(&["fmt".into(), "tidy".into()]).unwrap_err().code, 2);
    }

    #[test]
    fn what_clippy_objects_to_is_refused() {
        insist_it_is_strict().unwrap();
    }

    #[test]
    fn the_tests_come_last() {
        assert_eq!(STEPS.last().map(|(name, _)| *name), Some("test"));
    }
}
