//! An ISO 9660 image (ECMA-119, interchange level 1) with a Joliet tree beside it, written in one pass: files as they
//! come, then path tables and directories, then the descriptors in the room that was left for them in front.
//!
//! # Not here
//! Names: they come in eight and three capitals already. Files of 4 GiB and more, which one extent does not hold.

use super::{Head, Pack};
use crate::tasks;
use std::{
    collections::BTreeMap,
    io::{self, Seek, SeekFrom, Write},
};

const SECTOR: u64 = 2048;
/// The system area, and three descriptors behind it.
const FIRST_FILE: u32 = 19;
/// Directories of an image: path tables count in 16 bits.
const FOLDERS_MAX: usize = 60_000;

#[derive(Debug, Default)]
struct Folder {
    parent: usize,
    name: String,
    folders: BTreeMap<String, usize>,
    /// Sector and bytes.
    files: BTreeMap<String, (u32, u32)>,
}

/// The image.
#[derive(Debug)]
pub(crate) struct Iso<W> {
    pub(crate) out: W,
    label: String,
    /// Next free sector.
    next: u32,
    folders: Vec<Folder>,
    open: Option<(String, u32, u32, u64)>,
}

/// One of the two trees.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tree {
    Plain,
    Joliet,
}

impl Tree {
    fn name(self, name: &str) -> Vec<u8> {
        match self {
            Self::Plain => name.as_bytes().to_vec(),
            Self::Joliet => name.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }

    fn file(self, name: &str) -> Vec<u8> {
        match self {
            // A name has a dot and a version (ECMA-119 7.5.1).
            Self::Plain if name.contains('.') => format!("{name};1").into_bytes(),
            Self::Plain => format!("{name}.;1").into_bytes(),
            Self::Joliet => self.name(&format!("{name};1")),
        }
    }
}

/// Where a tree's tables lie.
struct Laid {
    little: u32,
    big: u32,
    table_bytes: u32,
    root: u32,
    root_bytes: u32,
}

fn both32(value: u32) -> [u8; 8] {
    let ([a, b, c, d], [e, f, g, h]) = (value.to_le_bytes(), value.to_be_bytes());
    [a, b, c, d, e, f, g, h]
}

fn both16(value: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (value.to_le_bytes(), value.to_be_bytes());
    [a, b, c, d]
}

fn sectors(bytes: u64) -> io::Result<u32> {
    u32::try_from(bytes.div_ceil(SECTOR)).map_err(|_| too_large())
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "an ISO 9660 image of this kind holds files below 4 GiB")
}

impl<W: Write + Seek> Iso<W> {
    /// Begins an image with this volume name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn begin(mut out: W, label: &str) -> io::Result<Self> {
        out.seek(SeekFrom::Start(u64::from(FIRST_FILE) * SECTOR))?;
        let folders = vec![Folder::default()];
        Ok(Self { out, label: label.to_owned(), next: FIRST_FILE, folders, open: None })
    }

    fn folder(&mut self, path: &str) -> io::Result<usize> {
        let mut at = 0;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let known = self.folders.get(at).and_then(|folder| folder.folders.get(name).copied());
            at = match known {
                Some(known) => known,
                None => {
                    let new = self.folders.len();
                    if new >= FOLDERS_MAX {
                        return Err(io::Error::other("too many folders for one image"));
                    }
                    self.folders.push(Folder { parent: at, name: name.to_owned(), ..Folder::default() });
                    if let Some(folder) = self.folders.get_mut(at) {
                        folder.folders.insert(name.to_owned(), new);
                    }
                    new
                }
            };
        }
        Ok(at)
    }

    /// Folders level by level, in the order of their parents and names, as a path table lists them.
    fn order(&self) -> Vec<usize> {
        let mut order = vec![0];
        let mut at = 0;
        while let Some(folder) = order.get(at).copied() {
            order.extend(self.folders.get(folder).into_iter().flat_map(|folder| folder.folders.values().copied()));
            at += 1;
        }
        order
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<u32> {
        let at = self.next;
        self.out.write_all(bytes)?;
        self.pad(bytes.len() as u64)?;
        self.next = at.checked_add(sectors(bytes.len() as u64)?).ok_or_else(too_large)?;
        Ok(at)
    }

    fn pad(&mut self, bytes: u64) -> io::Result<()> {
        let short = usize::try_from(bytes.next_multiple_of(SECTOR) - bytes).unwrap_or(0);
        self.out.write_all(&vec![0; short])
    }

    /// Records of a folder, none across the end of a sector.
    fn records(&self, folder: usize, tree: Tree, places: &[(u32, u32)]) -> Vec<u8> {
        let Some(own) = self.folders.get(folder) else { return Vec::new() };
        let place = |n: usize| places.get(n).copied().unwrap_or_default();
        let mut records = vec![record(&[0], place(folder), true), record(&[1], place(own.parent), true)];
        let mut named: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for (name, n) in &own.folders {
            named.push((tree.name(name), record(&tree.name(name), place(*n), true)));
        }
        for (name, file) in &own.files {
            named.push((tree.file(name), record(&tree.file(name), *file, false)));
        }
        named.sort();
        records.extend(named.into_iter().map(|(_, record)| record));
        let (mut out, sector) = (Vec::new(), usize::try_from(SECTOR).unwrap_or(2048));
        for record in records {
            if out.len() % sector + record.len() > sector {
                out.resize(usize::next_multiple_of(out.len(), sector), 0);
            }
            out.extend_from_slice(&record);
        }
        out.resize(usize::next_multiple_of(out.len(), sector), 0);
        out
    }

    fn lay(&mut self, tree: Tree) -> io::Result<Laid> {
        let order = self.order();
        // Lengths first: a record's length does not depend on what it points to.
        let mut places = vec![(0, 0); self.folders.len()];
        let mut at = self.next;
        for folder in &order {
            let bytes = self.records(*folder, tree, &[]).len() as u64;
            if let Some(place) = places.get_mut(*folder) {
                *place = (at, u32::try_from(bytes).map_err(|_| too_large())?);
            }
            at = at.checked_add(sectors(bytes)?).ok_or_else(too_large)?;
        }
        for folder in &order {
            let bytes = self.records(*folder, tree, &places);
            self.put(&bytes)?;
        }
        let numbers: BTreeMap<usize, usize> = order.iter().enumerate().map(|(n, folder)| (*folder, n + 1)).collect();
        let (mut little, mut big) = (Vec::new(), Vec::new());
        for folder in &order {
            let Some(own) = self.folders.get(*folder) else { continue };
            let name = if *folder == 0 { vec![0] } else { tree.name(&own.name) };
            let parent = u16::try_from(numbers.get(&own.parent).copied().unwrap_or(1)).unwrap_or(u16::MAX);
            let sector = places.get(*folder).map_or(0, |place| place.0);
            for (table, sector, parent) in [
                (&mut little, sector.to_le_bytes(), parent.to_le_bytes()),
                (&mut big, sector.to_be_bytes(), parent.to_be_bytes()),
            ] {
                table.extend_from_slice(&[u8::try_from(name.len()).unwrap_or(u8::MAX), 0]);
                table.extend_from_slice(&sector);
                table.extend_from_slice(&parent);
                table.extend_from_slice(&name);
                if name.len() % 2 == 1 {
                    table.push(0);
                }
            }
        }
        let table_bytes = u32::try_from(little.len()).map_err(|_| too_large())?;
        let (root, root_bytes) = places.first().copied().unwrap_or_default();
        Ok(Laid { little: self.put(&little)?, big: self.put(&big)?, table_bytes, root, root_bytes })
    }

    fn descriptor(&self, tree: Tree, laid: &Laid) -> Vec<u8> {
        let text = |text: &str, bytes: usize| -> Vec<u8> {
            let mut out = tree.name(text);
            out.truncate(bytes);
            while out.len() < bytes {
                out.extend_from_slice(if tree == Tree::Plain { b" " } else { b"\0 " });
            }
            out.truncate(bytes);
            out
        };
        let mut out = Vec::with_capacity(2048);
        out.extend_from_slice(&[if tree == Tree::Plain { 1 } else { 2 }]);
        out.extend_from_slice(b"CD001\x01\0");
        out.extend(text("", 32));
        out.extend(text(&self.label, 32));
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&both32(self.next));
        // UCS-2 level 3, or nothing.
        let mut escapes = if tree == Tree::Joliet { b"%/E".to_vec() } else { Vec::new() };
        escapes.resize(32, 0);
        out.extend(escapes);
        out.extend_from_slice(&both16(1));
        out.extend_from_slice(&both16(1));
        out.extend_from_slice(&both16(2048));
        out.extend_from_slice(&both32(laid.table_bytes));
        out.extend_from_slice(&laid.little.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&laid.big.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend(record(&[0], (laid.root, laid.root_bytes), true));
        for bytes in [128, 128, 128] {
            out.extend(text("", bytes));
        }
        out.extend(text("CONFRERE", 128));
        for bytes in [37, 37, 37] {
            out.extend(text("", bytes));
        }
        let now = format!("{}00\0", tasks::civil(tasks::now()));
        out.extend_from_slice(now.as_bytes());
        out.extend_from_slice(now.as_bytes());
        out.extend_from_slice(b"0000000000000000\0");
        out.extend_from_slice(b"0000000000000000\0");
        out.extend_from_slice(&[1, 0]);
        out.resize(2048, 0);
        out
    }
}

/// A directory record (ECMA-119 9.1).
fn record(name: &[u8], (sector, bytes): (u32, u32), is_folder: bool) -> Vec<u8> {
    let padded = (33 + name.len()).next_multiple_of(2);
    let mut out = vec![u8::try_from(padded).unwrap_or(u8::MAX), 0];
    out.extend_from_slice(&both32(sector));
    out.extend_from_slice(&both32(bytes));
    let civil = tasks::civil(tasks::now());
    let number = |at: usize, len: usize| civil.get(at..at + len).and_then(|t| t.parse::<u16>().ok()).unwrap_or(0);
    out.push(u8::try_from(number(0, 4).saturating_sub(1900)).unwrap_or(0));
    out.extend((0..5).map(|n| u8::try_from(number(4 + n * 2, 2)).unwrap_or(0)));
    // UTC; flags; no interleaving.
    out.extend_from_slice(&[0, if is_folder { 2 } else { 0 }, 0, 0]);
    out.extend_from_slice(&both16(1));
    out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(name);
    out.resize(padded, 0);
    out
}

impl<W: Write + Seek> Pack for Iso<W> {
    fn begin(&mut self, head: &Head) -> io::Result<()> {
        let bytes = u32::try_from(head.bytes).map_err(|_| too_large())?;
        self.open = Some((head.path.clone(), self.next, bytes, 0));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some((_, _, _, written)) = &mut self.open {
            *written += bytes.len() as u64;
        }
        self.out.write_all(bytes)
    }

    fn end(&mut self) -> io::Result<()> {
        let (path, at, bytes, written) = self.open.take().ok_or_else(|| io::Error::other("no file was begun"))?;
        self.pad(written)?;
        self.next = at.checked_add(sectors(written)?).ok_or_else(too_large)?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let folder = self.folder(folder)?;
        if let Some(folder) = self.folders.get_mut(folder) {
            folder.files.insert(name.to_owned(), (at, bytes));
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let (plain, joliet) = (self.lay(Tree::Plain)?, self.lay(Tree::Joliet)?);
        let descriptors = [self.descriptor(Tree::Plain, &plain), self.descriptor(Tree::Joliet, &joliet)].concat();
        self.out.seek(SeekFrom::Start(16 * SECTOR))?;
        self.out.write_all(&descriptors)?;
        let mut end = b"\xFFCD001\x01".to_vec();
        end.resize(2048, 0);
        self.out.write_all(&end)?;
        self.out.flush()
    }
}
