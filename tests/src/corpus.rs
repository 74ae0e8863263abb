//! The shared corpus of real and hostile DICOM files, where a machine has it.
//!
//! `CONFRERE_TEST_DATA` names its folder; otherwise it is looked for beside the checkout. Stories that want it make
//! files of their own where it is absent, so that they never prove nothing.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The folder of the corpus, if there is one.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let named = env::var_os("CONFRERE_TEST_DATA").map(PathBuf::from);
    let beside = crate::here().ancestors().nth(2)?.join("shared").join("data");
    named.into_iter().chain([beside]).find(|folder| folder.join("MANIFEST.csv").is_file())
}

/// One file of the corpus.
#[derive(Clone, Debug)]
pub struct Sample {
    /// From the corpus' root.
    pub name: String,
    pub path: PathBuf,
    /// Study Instance UID; empty where the object names none (media directories, colour palettes, broken objects).
    pub study: String,
    /// SOP Instance UID; empty where the object names none.
    pub instance: String,
}

/// Files whose names from the corpus' root begin with `under`; all of them when empty.
#[must_use]
pub fn samples(folder: &Path, under: &str) -> Vec<Sample> {
    let manifest = fs::read_to_string(folder.join("MANIFEST.csv")).unwrap();
    let rows = manifest.lines().skip(1).filter(|row| row.starts_with(under));
    rows.filter_map(|row| {
        let columns: Vec<&str> = row.split(',').take(9).collect();
        let text = |column: usize| columns.get(column).map(|text| (*text).to_owned());
        let name = text(0)?;
        Some(Sample { path: folder.join(&name), name, study: text(6)?, instance: text(8).unwrap_or_default() })
    })
    .filter(|sample| sample.path.is_file())
    .collect()
}
