//! A folder: each file under its name only when it is whole and on disk, and two lists of all: `SHA256SUMS`, which
//! `sha256sum -c` reads, and `manifest.jsonl` with UIDs and digests, and a line for each study that is finished.
//!
//! # At a crash
//! A file on its way ends in `.part`. A study without its line in the manifest is written again.
//!
//! # Not here
//! Which files: [`super::super::give`].

use super::{Head, Pack};
use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

const MANIFEST: &str = "manifest.jsonl";
const SUMS: &str = "SHA256SUMS";

struct Open {
    file: File,
    part: PathBuf,
    path: PathBuf,
    head: Head,
    sum: Context,
}

/// The folder.
pub(crate) struct Folder {
    root: PathBuf,
    open: Option<Open>,
    /// Folders with new names in them.
    touched: BTreeSet<PathBuf>,
    /// Lines of files since the last study was finished.
    lines: Vec<String>,
    sums: Vec<String>,
    /// Whether lists are kept: a medium has a directory of its own.
    is_listed: bool,
}

impl Folder {
    /// A folder that is there or is made.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let root = root.to_owned();
        Ok(Self { root, open: None, touched: BTreeSet::new(), lines: Vec::new(), sums: Vec::new(), is_listed: true })
    }

    /// A folder that becomes a medium: without lists.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn bare(root: &Path) -> io::Result<Self> {
        Ok(Self { is_listed: false, ..Self::open(root)? })
    }

    fn append(&self, name: &str, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut file = OpenOptions::new().create(true).append(true).open(self.root.join(name))?;
        let mut text = lines.join("\n");
        text.push('\n');
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    /// Names first, then the lists that speak of them.
    fn settle(&mut self) -> io::Result<()> {
        for folder in std::mem::take(&mut self.touched) {
            File::open(&folder)?.sync_all()?;
        }
        let (sums, lines) = (std::mem::take(&mut self.sums), std::mem::take(&mut self.lines));
        if self.is_listed {
            self.append(SUMS, &sums)?;
            self.append(MANIFEST, &lines)?;
        }
        File::open(&self.root)?.sync_all()
    }
}

/// Studies that an earlier export into this folder finished, with how many instances of each.
///
/// # Errors
/// When there is a manifest that cannot be read.
pub(crate) fn finished(root: &Path) -> io::Result<Vec<(String, u64)>> {
    let file = match File::open(root.join(MANIFEST)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut studies = Vec::new();
    for line in BufReader::new(file).lines() {
        // A torn last line is of a study that is written again.
        let line: Value = serde_json::from_str(&line?).unwrap_or_default();
        if let (Some(study), Some(instances)) = (line["finished"].as_str(), line["instances"].as_u64()) {
            studies.push((study.to_owned(), instances));
        }
    }
    Ok(studies)
}

impl Pack for Folder {
    fn begin(&mut self, head: &Head) -> io::Result<()> {
        let path = self.root.join(&head.path);
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
            for folder in folder.ancestors().take_while(|folder| folder.starts_with(&self.root)) {
                self.touched.insert(folder.to_owned());
            }
        }
        let file = File::create(&part)?;
        self.open = Some(Open { file, part, path, head: head.clone(), sum: Context::new(&SHA256) });
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let open = self.open.as_mut().ok_or_else(|| io::Error::other("no file was begun"))?;
        open.sum.update(bytes);
        open.file.write_all(bytes)
    }

    fn end(&mut self) -> io::Result<()> {
        let open = self.open.take().ok_or_else(|| io::Error::other("no file was begun"))?;
        open.file.sync_all()?;
        fs::rename(&open.part, &open.path)?;
        let sum = data_encoding::HEXLOWER.encode(open.sum.finish().as_ref());
        let Head { path, bytes, held } = &open.head;
        self.sums.push(format!("{sum}  {path}"));
        let mut line = json!({ "path": path, "bytes": bytes, "sha256": sum });
        if let (Some(held), Some(fields)) = (held, line.as_object_mut()) {
            let named = json!({ "study": held.study, "series": held.series, "instance": held.instance,
                "data_set_blake3": held.digest, "meta_bytes": held.meta_bytes });
            fields.extend(named.as_object().cloned().unwrap_or_default());
        }
        self.lines.push(line.to_string());
        Ok(())
    }

    fn study(&mut self, study: &str, instances: u64) -> io::Result<()> {
        self.lines.push(json!({ "finished": study, "instances": instances }).to_string());
        self.settle()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.settle()
    }
}
