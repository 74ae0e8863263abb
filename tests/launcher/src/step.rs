//! One step: a heading, a command with its output passed through, and the time it took.

use crate::{Stop, root};
use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};

/// A command in the checkout, free of what the cargo that started us says about *this* package: build scripts that
/// watch those variables would otherwise run again each time.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_CRATE_NAME" {
            command.env_remove(&name);
        }
    }
    command
}

/// The same, below `web/`.
pub(crate) fn npm(arguments: &[&str]) -> Command {
    let mut command = command("npm", arguments);
    command.current_dir(root().join("web")).env("npm_config_update_notifier", "false").env("npm_config_fund", "false");
    command
}

/// Runs a command under a heading; its output goes where ours goes.
pub(crate) fn run(title: &str, mut command: Command) -> Result<(), Stop> {
    println!("\n==> {title}");
    let began = Instant::now();
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|w| w.to_string_lossy().into_owned())
        .collect();
    let status = command.status().map_err(|error| Stop::new(format!("{}: {error}", words.join(" "))))?;
    if !status.success() {
        return Err(Stop::new(format!("failed after {}: {} ({status})", clock(began.elapsed()), words.join(" "))));
    }
    println!("    {title}: {}", clock(began.elapsed()));
    Ok(())
}

/// What a command prints, if it succeeds.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = command(program, arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

fn clock(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_stops_and_a_missing_one_is_named() {
        assert!(run("true", command("true", &[])).is_ok());
        assert!(run("false", command("false", &[])).unwrap_err().says.contains("false"));
        assert!(run("none", command("no-such-program", &[])).unwrap_err().says.contains("no-such-program"));
    }

    #[test]
    fn times_read_well() {
        assert_eq!(clock(Duration::from_millis(340)), "340 ms");
        assert_eq!(clock(Duration::from_secs(42)), "42 s");
        assert_eq!(clock(Duration::from_secs(61)), "1 min 01 s");
    }
}
