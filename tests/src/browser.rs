//! A browser in the hands of a script of `tests/browser`, with Chromium and the portal's own playwright-core.

use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where pictures of what was seen are kept.
#[must_use]
pub fn screenshots() -> PathBuf {
    // The running story lies in `<target>/<profile>/deps`.
    let target = std::env::current_exe().ok().and_then(|exe| exe.ancestors().nth(3).map(Path::to_path_buf));
    let folder = target.unwrap_or_else(|| PathBuf::from("target")).join("screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs `tests/browser/NAME.mjs`, which reads `input` from its environment and prints what it found as one line of
/// JSON.
///
/// # Panics
/// When the script fails: with all it said.
#[must_use]
pub fn run(name: &str, input: &Value) -> Value {
    let script = crate::here().join("browser").join(format!("{name}.mjs"));
    let output = Command::new("node")
        .arg(&script)
        .env("STORY", input.to_string())
        .env("SCREENSHOTS", screenshots())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("node: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}.mjs failed; see {}\n{out}\n{err}", screenshots().display());
    let last = out.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{name}.mjs: {error}: {out}"))
}
