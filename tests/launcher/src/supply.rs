//! What is depended on: licences, sources and banned crates by cargo-deny, and known faults in crates and packages where
//! the lists of them can be reached.
//!
//! # Not here
//! Which crates may be used: `.deny.toml`.

use crate::{
    Stop,
    step::{self, npm},
    tools,
};
use std::process::Command;

const VERSION: &str = "0.20.2";

pub(crate) fn check() -> Result<(), Stop> {
    let program = tools::built("cargo-deny", VERSION, &[])?;
    let deny = |arguments: &[&str]| {
        let mut command = step::command(&program.display().to_string(), arguments);
        command.env("CARGO_TERM_COLOR", "never");
        command
    };
    // Those of other platforms too, which no build here has brought.
    step::run("cargo fetch", step::command("cargo", &["fetch", "--locked"]))?;
    // The fuzz targets are a workspace of their own: their lock follows what the node depends on.
    let targets = ["fetch", "--locked", "--manifest-path", "tests/fuzz/Cargo.toml"];
    step::run("cargo fetch: fuzz targets", step::command("cargo", &targets))?;
    let rules = ["--offline", "--config", ".deny.toml", "check", "bans", "licenses", "sources"];
    step::run("cargo deny: licences, sources, bans", deny(&rules))?;
    if answers(&mut deny(&["--config", ".deny.toml", "fetch", "db"])) {
        let known = ["--offline", "--config", ".deny.toml", "check", "advisories"];
        step::run("cargo deny: advisories", deny(&known))?;
    } else {
        println!("    cargo deny: the list of advisories cannot be reached from here: NOT CHECKED");
    }
    packages()
}

fn answers(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Known faults of severity "high" and above in what the portal ships.
fn packages() -> Result<(), Stop> {
    println!("\n==> npm audit");
    let output = npm(&["audit", "--omit=dev", "--audit-level=high", "--json"]).output();
    let output = output.map_err(|error| Stop::new(format!("npm audit: {error}")))?;
    match verdict(&String::from_utf8_lossy(&output.stdout), output.status.success()) {
        Verdict::Clean => println!("    npm audit: nothing known"),
        Verdict::Unreachable => println!("    npm audit: the registry does not answer audits from here: NOT CHECKED"),
        Verdict::Faulty => return Err(Stop::new("npm audit: packages with known faults; see `npm audit` in web/")),
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Clean,
    Faulty,
    Unreachable,
}

/// A report has a version; what has none is the registry's refusal.
fn verdict(report: &str, succeeded: bool) -> Verdict {
    match (report.contains("\"auditReportVersion\""), succeeded) {
        (true, true) => Verdict::Clean,
        (true, false) => Verdict::Faulty,
        (false, _) => Verdict::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_does_not_answer_is_not_taken_for_a_clean_report() {
        assert_eq!(verdict("{\"auditReportVersion\": 2, \"vulnerabilities\": {}}", true), Verdict::Clean);
        assert_eq!(verdict("{\"auditReportVersion\": 2, \"vulnerabilities\": {\"x\": {}}}", false), Verdict::Faulty);
        assert_eq!(verdict("{\"message\": \"405 Method Not Allowed\", \"error\": {}}", false), Verdict::Unreachable);
        assert_eq!(verdict("", true), Verdict::Unreachable);
    }
}
