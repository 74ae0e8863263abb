//! `cargo ci`: every check and every test, in the order in which they fail fastest, stopping at the first that does.
//!
//! One build profile serves clippy and the tests (dev, with optimised dependencies). The test run is the last step and
//! its summary the last thing printed.

use crate::{
    Stop, portal,
    step::{self, npm},
    supply, tools,
};
use std::{ffi::OsString, process::Command};

type Step = fn() -> Result<(), Stop>;

const STEPS: [(&str, Step); 7] = [
    ("tools", find_tools),
    ("fmt", fmt),
    ("clippy", clippy),
    ("tidy", tidy),
    ("web", web),
    ("supply", supply),
    ("test", test),
];

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

fn clippy() -> Result<(), Stop> {
    let mut arguments = vec!["clippy", "--workspace", "--all-targets", "--locked", "--quiet"];
    arguments.extend(["--", "-D", "warnings"]);
    step::run("cargo clippy", cargo(&arguments))
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

fn test() -> Result<(), Stop> {
    portal::packages()?;
    portal::build()?;
    let has_nextest = step::output("cargo", &["nextest", "--version"]).is_some();
    let run: &[&str] =
        if has_nextest { &["nextest", "run", "--workspace", "--locked"] } else { &["test", "--workspace", "--locked"] };
    // Benches are measured in release; here they need only compile, which clippy has seen to.
    let built = ["build", "--workspace", "--lib", "--bins", "--tests", "--locked", "--quiet"];
    step::run("cargo build of the tests", cargo(&built))?;
    // Not through `step::run`: after the tests' own summary nothing more is printed.
    println!("\n==> cargo {}", run.join(" "));
    let status = cargo(run).status().map_err(|error| Stop::new(format!("cargo {}: {error}", run.join(" "))))?;
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
    fn the_tests_come_last() {
        assert_eq!(STEPS.last().map(|(name, _)| *name), Some("test"));
    }
}
