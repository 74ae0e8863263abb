//! Everything that strangers' bytes reach, one function per format. The fuzz targets of `tests/fuzz` call them with
//! what the fuzzer makes up, the tests here with the corpora that were kept of it: no input may panic, and what each
//! function promises about what was read is asserted.
//!
//! # Not here
//! The functions themselves: beside what they try, in each part's `fuzz.rs`. No product has any of this in it.

use crate::{archive, audit, dicomweb, dimse, pixels, roster, signatures, transfer, trust};

/// What a target tries with one input.
pub type Target = fn(&[u8]);

/// All targets, by the names of their corpora.
pub const TARGETS: [(&str, Target); 23] = [
    ("pdu", dimse::fuzz::pdu),
    ("message", dimse::fuzz::message),
    ("identifier", dimse::fuzz::identifier),
    ("prescan", archive::fuzz::prescan),
    ("part10", archive::fuzz::part10),
    ("matching", archive::fuzz::matching),
    ("multipart", dicomweb::fuzz::multipart),
    ("query", dicomweb::fuzz::query),
    ("json", dicomweb::fuzz::json),
    ("frames", pixels::fuzz::frames),
    ("codecs", pixels::fuzz::codecs),
    ("ledger", audit::fuzz::ledger),
    ("evidence", audit::fuzz::evidence),
    ("trust", trust::fuzz::trust),
    ("pairing", trust::fuzz::pairing),
    ("signatures", signatures::fuzz::signatures),
    ("succession", trust::fuzz::succession),
    ("case", trust::fuzz::case),
    ("coding", transfer::fuzz::coding),
    ("calendar", roster::fuzz::calendar),
    ("tunnel", transfer::fuzz::tunnel),
    ("preview", pixels::fuzz::preview),
    ("presence", trust::fuzz::presence),
];

/// Tries this input with the target of this name.
///
/// # Panics
/// Where there is no such target, or the input shows a fault.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    assert!(target.is_some(), "no target {name}");
    if let Some((_, run)) = target {
        run(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, panic, path::PathBuf};

    fn folder() -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "..", "tests", "fuzz"].iter().collect()
    }

    /// The fuzzers need a compiler of their own; what they found, and what reaches every line they reached, does not.
    #[test]
    fn the_corpora_are_gone_through_without_a_fault() {
        for (name, run) in TARGETS {
            let inputs: Vec<PathBuf> =
                fs::read_dir(folder().join("corpus").join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert!(!inputs.is_empty(), "{name} has no corpus");
            for path in inputs {
                let bytes = fs::read(&path).unwrap();
                let tried = panic::catch_unwind(|| run(&bytes));
                assert!(tried.is_ok(), "{}", path.display());
            }
        }
    }

    #[test]
    fn every_target_has_its_program() {
        let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
        for (name, _) in TARGETS {
            assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
            let program = fs::read_to_string(folder().join("targets").join(name).with_extension("rs")).unwrap();
            assert!(program.contains(&format!("run(\"{name}\", bytes)")), "{name}: {program}");
        }
        assert_eq!(fs::read_dir(folder().join("targets")).unwrap().count(), TARGETS.len());
    }
}
