//! Python clients of `tests/conformance`, in an environment of their own under the target folder.

use serde_json::Value;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Runs `tests/conformance/NAME.py`, which reads `input` from its environment and prints what it saw as one line of JSON.
///
/// # Panics
/// When the script fails: with all it said.
#[must_use]
pub fn run(name: &str, input: &Value) -> Value {
    let script = folder().join(format!("{name}.py"));
    let out = said(Command::new(environment()).arg(&script).env("STORY", input.to_string()), name);
    let last = out.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{name}.py: {error}: {out}"))
}

fn folder() -> PathBuf {
    crate::here().join("conformance")
}

/// The Python of an environment with the packages of `requirements.txt`; made anew when they change.
pub(super) fn environment() -> PathBuf {
    let requirements = folder().join("requirements.txt");
    // The running story lies in `<target>/<profile>/deps`.
    let target = std::env::current_exe().ok().and_then(|exe| exe.ancestors().nth(3).map(Path::to_path_buf));
    let folder = target.unwrap_or_else(|| PathBuf::from("target")).join("python");
    fs::create_dir_all(&folder).unwrap();
    // Stories run in processes of their own: one makes it, the others wait.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let (python, made_of) = (folder.join("venv/bin/python"), folder.join("venv/made-of.txt"));
    let wanted = fs::read_to_string(&requirements).unwrap();
    if fs::read_to_string(&made_of).is_ok_and(|text| text == wanted) {
        return python;
    }
    let what = "`cargo ci tools` installs it (package python3-venv)";
    said(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder.join("venv")), what);
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-r"];
    said(Command::new(&python).args(pip).arg(&requirements), "pip");
    fs::write(made_of, wanted).unwrap();
    python
}

fn said(command: &mut Command, what: &str) -> String {
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}; {what}"));
    let out = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{command:?} failed ({what})\n{out}\n{}", String::from_utf8_lossy(&stderr));
    out
}
