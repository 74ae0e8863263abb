//! One heap for a node that serves.
//!
//! glibc gives threads heaps of their own, and what is given back in one of them is of no use in another: a node that had
//! taken in 20,000 studies held six times what it used (docs/decisions/0021). How many there are is read from the
//! environment as a program begins, so the program begins once more.
//!
//! # At a crash
//! Nothing has been opened yet.

use std::{os::unix::process::CommandExt, process::Command};

/// What glibc reads; whoever starts the node may say otherwise by it.
const HEAPS: &str = "MALLOC_ARENA_MAX";

/// Begins this program once more, in this process, unless the number of heaps is said. Goes on as it is where that cannot
/// be done.
pub(super) fn one() {
    if !cfg!(target_env = "gnu") || std::env::var_os(HEAPS).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut line = std::env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = line.next() {
        again.arg0(name);
    }
    // It comes back only where it failed.
    let _ = again.args(line).env(HEAPS, "1").exec();
}
