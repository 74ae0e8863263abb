//! A disk that fails when it is told to: `tests/fault/fault.c` preloaded into a node, and what it wrote down.
//!
//! [`Disk::arm`] says at which storage call what happens; [`Disk::cut_power`] takes from a folder what was never
//! synced, as [`Cut`] says, from the log of every call since the node started.
//!
//! # Not here
//! What must still be true afterwards: the stories.

mod model;

pub use model::{Cut, Model};

use std::{
    ffi::OsString,
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// What happens at the call that [`Disk::arm`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Mode {
    /// Nothing; calls are counted.
    Count = 0,
    /// The process dies before it.
    Kill = 1,
    /// It writes half, then the process dies.
    Torn = 2,
    /// It fails with an I/O error, once.
    Fail = 3,
    /// From there on nothing that takes room is taken.
    Full = 4,
    /// No room is said to be left.
    Scarce = 5,
}

/// How it went since the disk was armed.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Storage calls.
    pub calls: u64,
    /// Calls that were made to fail.
    pub hits: u64,
    /// The first of these: the call's name and file.
    pub what: String,
}

/// One node's disk.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    control: File,
    control_path: PathBuf,
    log: PathBuf,
    base: Option<Model>,
}

impl Disk {
    /// `folder` is the node's, `scratch` a folder outside it.
    #[must_use]
    pub fn new(folder: &Path, scratch: &Path) -> Self {
        let control_path = scratch.join("control");
        fs::write(&control_path, [0; 4096]).unwrap();
        let control = File::options().read(true).write(true).open(&control_path).unwrap();
        let folder = folder.canonicalize().unwrap();
        Self { folder, control, control_path, log: scratch.join("calls"), base: None }
    }

    /// What a process needs in its environment to write through this disk.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, OsString)> {
        [
            ("LD_PRELOAD", library().clone().into_os_string()),
            ("FAULT_DIR", self.folder.clone().into_os_string()),
            ("FAULT_CONTROL", self.control_path.clone().into_os_string()),
            ("FAULT_LOG", self.log.clone().into_os_string()),
            // Else the node begins once more to say so, without the library.
            ("MALLOC_ARENA_MAX", "1".into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Takes what is there for durable. To be called before a process starts on the folder.
    pub fn begin(&mut self) {
        self.base = Some(Model::of(&self.folder));
        fs::write(&self.log, []).unwrap();
    }

    /// The `at`-th storage call from now on is the one; the first is 1.
    pub fn arm(&self, mode: Mode, at: u64) {
        self.control.write_all_at(&[0; 544], 0).unwrap();
        self.control.write_all_at(&at.to_le_bytes(), 8).unwrap();
        self.control.write_all_at(&(mode as u32).to_le_bytes(), 4).unwrap();
        self.control.write_all_at(&1u32.to_le_bytes(), 0).unwrap();
    }

    pub fn disarm(&self) -> Seen {
        self.control.write_all_at(&[0; 4], 0).unwrap();
        self.seen()
    }

    /// Lets no further storage call begin and waits for the one under way, so that the log is whole when the process is
    /// killed.
    pub async fn hold(&self) {
        self.control.write_all_at(&2u32.to_le_bytes(), 0).unwrap();
        crate::eventually!(30, "no storage call is under way", {
            let mut busy = [0; 4];
            self.control.read_exact_at(&mut busy, 32).unwrap();
            (busy == [0; 4]).then_some(())
        });
    }

    #[must_use]
    pub fn seen(&self) -> Seen {
        let mut bytes = [0; 544];
        self.control.read_exact_at(&mut bytes, 0).unwrap();
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let what = bytes[40..].split(|byte| *byte == 0).next().unwrap_or_default();
        Seen { calls: number(16), hits: number(24), what: String::from_utf8_lossy(what).into_owned() }
    }

    /// The folder as a disk without power would hold it. No process may run on it.
    pub fn cut_power(&self, cut: Cut) {
        let mut model = self.base.clone().expect("the disk was begun");
        model.replay(&fs::read(&self.log).unwrap());
        // The model must know all that happened, else it would cut away too little.
        model.insist_it_is(&self.folder);
        model.write(&self.folder, cut);
    }
}

/// The library to preload, compiled once a run.
fn library() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = crate::here().join("fault/fault.c");
        let folder = std::env::temp_dir().join(format!("confrere-fault-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let library = folder.join("fault.so");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&library).arg(source);
        assert!(compile.args(["-ldl", "-lpthread"]).status().unwrap().success(), "fault.c compiles");
        library
    })
}
