//! Keeps the shape of the repository: what `docs/architecture.md` says under "House rules" and no compiler checks.
//!
//! Reads the files of the checkout (those git knows, or would know), applies every rule to each, and prints what is
//! wrong with path and line. Runs as a program (`cargo run -p tidy`) and as a test.
//!
//! # Not here
//! What rustfmt, clippy, eslint and the compiler already say.
#![allow(clippy::print_stdout, reason = "a program whose product is its output")]

mod languages;
mod layers;
mod proofs;
mod shape;
mod source;
mod supply;
mod tree;
mod words;

use std::{fmt, path::PathBuf, process::ExitCode};
use tree::{Entry, Tree};

/// One thing that is wrong.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    path: String,
    /// From 1; 0 where the file as a whole is meant.
    line: usize,
    says: String,
}

impl Fault {
    fn new(path: &str, line: usize, says: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, says: says.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.says),
            line => write!(f, "{}:{line}: {}", self.path, self.says),
        }
    }
}

/// Every rule over every file.
fn inspect(tree: &Tree) -> Vec<Fault> {
    let mut faults = shape::top_level(tree);
    for entry in &tree.entries {
        inspect_one(entry, &mut faults);
    }
    faults.extend(languages::lists(tree));
    faults.extend(proofs::named(tree));
    faults
}

fn inspect_one(entry: &Entry, faults: &mut Vec<Fault>) {
    faults.extend(shape::tracked(entry));
    let Some(text) = entry.text.as_deref() else { return };
    faults.extend(shape::length(&entry.path, text));
    faults.extend(shape::header(&entry.path, text));
    faults.extend(words::names(&entry.path, text));
    faults.extend(words::banned(&entry.path, text));
    faults.extend(words::machine_paths(&entry.path, text));
    faults.extend(languages::said_in_both(&entry.path, text));
    faults.extend(layers::arrows(&entry.path, text));
    faults.extend(supply::registries(&entry.path, text));
}

/// The checkout that cargo runs this in: with a target folder shared by checkouts, not always that it was compiled in.
fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let manifest = PathBuf::from(manifest);
    manifest.ancestors().nth(2).unwrap_or(&manifest).to_owned()
}

fn main() -> ExitCode {
    let tree = match Tree::read(&root()) {
        Ok(tree) => tree,
        Err(error) => {
            println!("tidy: cannot read the repository: {error}");
            return ExitCode::FAILURE;
        }
    };
    let faults = inspect(&tree);
    for fault in &faults {
        println!("{fault}");
    }
    if faults.is_empty() {
        println!("tidy: {} files, nothing to say", tree.entries.len());
        ExitCode::SUCCESS
    } else {
        println!("tidy: {} faults in {} files", faults.len(), tree.entries.len());
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let tree = Tree::read(&root()).unwrap();
        assert!(tree.entries.len() > 20, "the listing is not empty");
        let faults: Vec<String> = inspect(&tree).iter().map(ToString::to_string).collect();
        assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    }

    #[test]
    fn a_fault_names_its_place() {
        assert_eq!(Fault::new("a.rs", 3, "wrong").to_string(), "a.rs:3: wrong");
        assert_eq!(Fault::new("a.rs", 0, "wrong").to_string(), "a.rs: wrong");
    }

    #[test]
    fn every_rule_is_applied() {
        let bad =
            "// x\nuse crate::portal::x;\nstruct PeerManager;\nfn f() { todo!() }\n".to_owned() + &"\n".repeat(600);
        let tree = Tree {
            top: vec!["node".to_owned(), "stray".to_owned()],
            entries: vec![
                Entry { path: "node/src/archive/bad.rs".into(), bytes: 10, text: Some(bad) },
                Entry { path: "tests/scan.dcm".into(), bytes: 10, text: None },
                Entry { path: ".npmrc".into(), bytes: 10, text: Some("registry=http://mirror.local/\n".into()) },
                Entry { path: "docs/x.md".into(), bytes: 9, text: Some(concat!("see /wo", "rk/place").into()) },
            ],
        };
        let says: Vec<String> = inspect(&tree).iter().map(ToString::to_string).collect();
        for part in ["stray", "600", "header", "PeerManager", "todo!", "upward", "DICOM", "registr", "machine"] {
            assert!(says.iter().any(|s| s.contains(part)), "{part}: {says:?}");
        }
    }
}
