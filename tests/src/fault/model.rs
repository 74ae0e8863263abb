//! What a disk holds for certain: files and folders as they were last synced, and what was done to them since.
//!
//! A file's sync keeps its bytes and length, not its name; a folder's sync keeps its names. A sync that failed keeps
//! nothing, and what it was to keep is never kept by a later one. This is the least that POSIX promises; every file
//! system keeps more, at times.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt},
    },
    path::Path,
};

/// What a power cut leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    Nothing,
    /// Names, not bytes: files are as long as they were when synced.
    Names,
    /// Names and lengths, not bytes: zeros stand in their place.
    Zeros,
    /// Of each file and folder the first half of what was done to it; the last write is torn.
    Half,
}

impl Cut {
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Names, Self::Zeros, Self::Half];
}

type Names = BTreeMap<Vec<u8>, usize>;

#[derive(Clone, Debug)]
enum Node {
    /// `lost`: a sync failed, and what is in memory is on no disk.
    File {
        durable: Vec<u8>,
        since: Vec<Change>,
        lost: bool,
    },
    Folder {
        durable: Names,
        since: Vec<Change>,
        now: Names,
    },
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
    Insert(Vec<u8>, usize),
    Remove(Vec<u8>),
    /// Within a folder: both or neither.
    Rename(Vec<u8>, Vec<u8>, usize),
}

/// A folder and all below it.
#[derive(Clone, Debug)]
pub struct Model {
    nodes: Vec<Node>,
    /// Inode numbers are used again: this is who has them now.
    known: HashMap<u64, usize>,
    root: usize,
}

impl Model {
    /// What is there, all of it durable.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let mut model = Self { nodes: Vec::new(), known: HashMap::new(), root: 0 };
        model.root = model.take(folder);
        model
    }

    fn add(&mut self, inode: u64, node: Node) -> usize {
        self.nodes.push(node);
        self.known.insert(inode, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn take(&mut self, path: &Path) -> usize {
        let meta = fs::symlink_metadata(path).unwrap();
        if meta.is_file() {
            return self
                .add(meta.ino(), Node::File { durable: fs::read(path).unwrap(), since: Vec::new(), lost: false });
        }
        let mut names = Names::new();
        for item in fs::read_dir(path).unwrap().map(Result::unwrap) {
            let kind = item.file_type().unwrap();
            if kind.is_file() || kind.is_dir() {
                names.insert(item.file_name().as_bytes().to_vec(), self.take(&item.path()));
            }
        }
        self.add(meta.ino(), Node::Folder { durable: names.clone(), since: Vec::new(), now: names })
    }

    fn change(&mut self, inode: u64, change: Change) {
        let at = self.known[&inode];
        match (&mut self.nodes[at], change) {
            (Node::File { since, .. }, change) => since.push(change),
            (Node::Folder { since, now, .. }, change) => {
                apply_name(now, &change);
                since.push(change);
            }
        }
    }

    fn in_folder(&self, inode: u64, name: &[u8]) -> usize {
        match &self.nodes[self.known[&inode]] {
            Node::Folder { now, .. } => now[name],
            Node::File { .. } => panic!("a file has no names"),
        }
    }

    fn synced(&mut self, inode: u64, is_kept: bool) {
        let at = self.known[&inode];
        match &mut self.nodes[at] {
            Node::File { durable, since, lost } => {
                *lost |= !is_kept;
                for change in std::mem::take(since).iter().filter(|_| is_kept) {
                    apply_bytes(durable, change);
                }
            }
            Node::Folder { durable, since, .. } => {
                for change in std::mem::take(since).iter().filter(|_| is_kept) {
                    apply_name(durable, change);
                }
            }
        }
    }

    /// Takes in the calls of a log; its form is in `fault.c`.
    pub fn replay(&mut self, log: &[u8]) {
        let mut rest = log;
        while rest.len() >= 29 {
            let number = |at: usize| u64::from_le_bytes(rest[at..at + 8].try_into().unwrap());
            let (op, a, b, c) = (rest[0], number(1), number(9), number(17));
            let length = u32::from_le_bytes(rest[25..29].try_into().unwrap()) as usize;
            let bytes = rest[29..29 + length].to_vec();
            rest = &rest[29 + length..];
            let place = usize::try_from(b).unwrap();
            match op {
                1 => self.change(a, Change::Write(place, bytes)),
                2 => self.change(a, Change::Length(place)),
                3 => self.synced(a, true),
                4 => {
                    let node = match c {
                        0 => Node::File { durable: Vec::new(), since: Vec::new(), lost: false },
                        _ => Node::Folder { durable: Names::new(), since: Vec::new(), now: Names::new() },
                    };
                    let id = self.add(b, node);
                    self.change(a, Change::Insert(bytes, id));
                }
                5 => self.change(a, Change::Remove(bytes)),
                6 => {
                    let cut = bytes.iter().position(|byte| *byte == 0).unwrap();
                    let (from, to) = (&bytes[..cut], &bytes[cut + 1..]);
                    let id = self.in_folder(a, from);
                    if a == b {
                        self.change(a, Change::Rename(from.to_vec(), to.to_vec(), id));
                    } else {
                        self.change(a, Change::Remove(from.to_vec()));
                        self.change(b, Change::Insert(to.to_vec(), id));
                    }
                }
                7 => self.synced(a, false),
                _ => panic!("a log of unknown form"),
            }
        }
        assert!(rest.is_empty(), "the log is whole");
    }

    /// Insists that all that was done, synced or not, is what the folder shows.
    pub fn insist_it_is(&self, folder: &Path) {
        self.compare(self.root, folder);
    }

    fn compare(&self, id: usize, path: &Path) {
        match &self.nodes[id] {
            Node::File { lost: true, .. } => {}
            Node::File { durable, since, .. } => {
                let bytes = since.iter().fold(durable.clone(), |mut bytes, change| {
                    apply_bytes(&mut bytes, change);
                    bytes
                });
                assert!(bytes == fs::read(path).unwrap(), "{} is as the log has it", path.display());
            }
            Node::Folder { now, .. } => {
                let mut there: Vec<Vec<u8>> = fs::read_dir(path)
                    .unwrap()
                    .map(Result::unwrap)
                    .filter(|item| item.file_type().is_ok_and(|kind| kind.is_file() || kind.is_dir()))
                    .map(|item| item.file_name().as_bytes().to_vec())
                    .collect();
                there.sort();
                let known: Vec<Vec<u8>> = now.keys().cloned().collect();
                assert_eq!(known, there, "{} is as the log has it", path.display());
                for (name, id) in now {
                    self.compare(*id, &path.join(OsStr::from_bytes(name)));
                }
            }
        }
    }

    /// Writes what is left after a cut in place of what is there.
    pub fn write(&self, folder: &Path, cut: Cut) {
        for item in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match item.file_type().unwrap().is_dir() {
                true => fs::remove_dir_all(item.path()).unwrap(),
                false => fs::remove_file(item.path()).unwrap(),
            }
        }
        self.write_node(self.root, folder, cut);
    }

    fn write_node(&self, id: usize, path: &Path, cut: Cut) {
        match &self.nodes[id] {
            Node::File { durable, since, .. } => {
                let mut bytes = durable.clone();
                match cut {
                    Cut::Nothing | Cut::Names => {}
                    Cut::Zeros => since.iter().for_each(|change| zero(&mut bytes, change)),
                    Cut::Half => half(since).iter().for_each(|change| apply_bytes(&mut bytes, change)),
                }
                fs::write(path, bytes).unwrap();
                // Keys are nobody else's to read, and a node insists on that.
                fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
            }
            Node::Folder { durable, since, now } => {
                let names = match cut {
                    Cut::Nothing => durable.clone(),
                    Cut::Names | Cut::Zeros => now.clone(),
                    Cut::Half => half(since).iter().fold(durable.clone(), |mut names, change| {
                        apply_name(&mut names, change);
                        names
                    }),
                };
                fs::create_dir_all(path).unwrap();
                for (name, id) in names {
                    self.write_node(id, &path.join(OsStr::from_bytes(&name)), cut);
                }
            }
        }
    }
}

fn apply_bytes(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(at, new) => {
            let end = at + new.len();
            bytes.resize(bytes.len().max(end), 0);
            bytes[*at..end].copy_from_slice(new);
        }
        Change::Length(length) => bytes.resize(*length, 0),
        Change::Insert(..) | Change::Remove(_) | Change::Rename(..) => panic!("a file has no names"),
    }
}

/// As [`apply_bytes`], but of bytes that were not there before only the room.
fn zero(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(at, new) => bytes.resize(bytes.len().max(at + new.len()), 0),
        other => apply_bytes(bytes, other),
    }
}

fn apply_name(names: &mut Names, change: &Change) {
    match change {
        Change::Insert(name, id) => {
            names.insert(name.clone(), *id);
        }
        Change::Remove(name) => {
            names.remove(name);
        }
        Change::Rename(from, to, id) => {
            names.remove(from);
            names.insert(to.clone(), *id);
        }
        Change::Write(..) | Change::Length(_) => panic!("a folder has no bytes"),
    }
}

/// The first half of the changes; the last of it, if a write, is torn.
fn half(since: &[Change]) -> Vec<Change> {
    let mut kept = since[..since.len().div_ceil(2)].to_vec();
    if let Some(Change::Write(_, bytes)) = kept.last_mut() {
        bytes.truncate(bytes.len() / 2);
    }
    kept
}
