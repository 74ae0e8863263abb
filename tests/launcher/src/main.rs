//! The two commands of a newcomer: `cargo demo` shows the product at work, `cargo ci` runs every test of it.
//!
//! Both look for the tools they need first, install what is missing where they may (root on Debian), and say what is
//! missing and how to get it where they may not. Nothing but the standard library is used here, so that the launcher
//! itself is built in a second.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

mod ci;
mod demo;
mod portal;
mod step;
mod supply;
mod tools;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::OnceLock,
};

const USAGE: &str = "\
cargo demo [ARGUMENTS]   builds portal and node when stale, then runs `confrere demo ARGUMENTS`
cargo ci [STEP]          installs what the tests need and runs all of them, or one step:
                         tools, fmt, tidy, web, supply, clippy, test";

/// Why the launcher stopped, in words for whoever started it.
#[derive(Debug)]
struct Stop {
    says: String,
    code: u8,
}

impl Stop {
    fn new(says: impl Into<String>) -> Self {
        Self { says: says.into(), code: 1 }
    }
}

/// The checkout: where cargo says that it runs this program, which with a target folder shared by checkouts may be
/// another than it was compiled in.
fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let manifest = PathBuf::from(manifest);
        manifest.ancestors().nth(2).unwrap_or(&manifest).to_owned()
    })
}

/// Cargo's target folder: two above this program, which cargo put into `release/`.
fn target() -> PathBuf {
    let beside = env::current_exe().ok().and_then(|exe| exe.ancestors().nth(2).map(Path::to_path_buf));
    beside.unwrap_or_else(|| root().join("target"))
}

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<_> = arguments.collect();
    let ended = match command.to_str() {
        Some("demo") => demo::run(&rest),
        Some("ci") => ci::run(&rest),
        _ => Err(Stop { says: USAGE.to_owned(), code: 2 }),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("\n{}", stop.says);
            ExitCode::from(stop.code)
        }
    }
}
