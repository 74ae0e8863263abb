//! What comes in from outside: folders, zips and ISO 9660 images, and which files of them are meant.
//!
//! Where there is a DICOMDIR it says which files are images; everything else on the medium (viewers, pages) is left
//! alone. No length that a zip or an image states is believed: offsets lie inside the file, folders are walked once and
//! in bounds, and inflated bytes end where the directory said they do.
//!
//! # At a crash
//! Nothing is written here.
//!
//! # Not here
//! Taking in what was found: `archive::ingest`.

use crate::pixels::dataset::{DataSet, Syntax};
use dicom_dictionary_std::tags;
use flate2::read::DeflateDecoder;
use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Files of one zip or image, or named by one DICOMDIR.
const ITEMS_MAX: usize = 1_000_000;
/// Bytes of a zip's directory, of a folder of an image, of a DICOMDIR.
const DIRECTORY_BYTES_MAX: u64 = 256 << 20;
const SECTOR: u64 = 2048;

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// For people: the path, and the name inside it.
    pub(crate) name: String,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    /// A range of an image.
    Range {
        path: PathBuf,
        at: u64,
        len: u64,
    },
    /// An entry of a zip, whose data lie behind its local head; deflated ones with the bytes they become.
    Zip {
        path: PathBuf,
        head: u64,
        len: u64,
        inflated: Option<u64>,
    },
}

/// What a path is.
pub(crate) enum Found {
    /// Files of a medium, a zip or an image.
    Items(Vec<Item>),
    /// A folder to walk.
    Folder,
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Item {
    pub(crate) fn file(path: &Path) -> Self {
        Self { name: path.display().to_string(), place: Place::File(path.to_owned()) }
    }

    /// Its bytes.
    ///
    /// # Errors
    /// When it cannot be read, or is not where its directory says.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let (path, at, len, inflated) = match &self.place {
            Place::File(path) => return Ok(Box::new(File::open(path)?)),
            Place::Range { path, at, len } => (path, *at, *len, None),
            Place::Zip { path, head, len, inflated } => {
                let mut local = [0; 30];
                File::open(path)?.read_exact_at(&mut local, *head)?;
                if !local.starts_with(b"PK\x03\x04") {
                    return Err(bad("the zip's directory leads astray"));
                }
                let skip = u64::from(word(&local, 26)) + u64::from(word(&local, 28));
                (path, head.saturating_add(30).saturating_add(skip), *len, *inflated)
            }
        };
        let mut file = File::open(path)?;
        if at.saturating_add(len) > file.metadata()?.len() {
            return Err(bad("the file is cut off"));
        }
        file.seek(SeekFrom::Start(at))?;
        let range = BufReader::new(file).take(len);
        Ok(match inflated {
            None => Box::new(range),
            Some(bytes) => Box::new(DeflateDecoder::new(range).take(bytes)),
        })
    }
}

/// Looks at a path.
///
/// # Errors
/// When it cannot be read, or is a zip or an image that cannot.
pub(crate) fn look(path: &Path) -> io::Result<Found> {
    if path.is_dir() {
        let directory = std::fs::read_dir(path)?.filter_map(Result::ok).find(|entry| is_directory(&entry.file_name()));
        let Some(directory) = directory else { return Ok(Found::Folder) };
        let bytes = bounded(File::open(directory.path())?)?;
        let Some(named) = named_in(&bytes) else { return Ok(Found::Folder) };
        let items = named.into_iter().map(|id| Item::file(&on_disk(path, &id))).collect();
        return Ok(Found::Items(items));
    }
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut front = [0; 4];
    let is_zip = file.read_exact_at(&mut front, 0).is_ok() && matches!(&front, b"PK\x03\x04" | b"PK\x05\x06");
    let mut mark = [0; 5];
    let is_image = file.read_exact_at(&mut mark, 16 * SECTOR + 1).is_ok() && &mark == b"CD001";
    let items = if is_zip {
        zip(&file, length, path)?
    } else if is_image {
        image(&file, length, path)?
    } else {
        return Ok(Found::Items(vec![Item::file(path)]));
    };
    Ok(Found::Items(by_directory(items)?.into_iter().map(|(_, item)| item).collect()))
}

fn is_directory(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| name.trim_end_matches('.').eq_ignore_ascii_case("DICOMDIR"))
}

fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(DIRECTORY_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Names in a zip or image as File IDs are compared: capitals, no dot at the end, `/` between.
fn compared(name: &str) -> String {
    name.trim_start_matches("./").trim_end_matches('.').replace('\\', "/").to_ascii_uppercase()
}

/// Of all files, those that a DICOMDIR among them names; all of them where there is none.
fn by_directory(items: Vec<(String, Item)>) -> io::Result<Vec<(String, Item)>> {
    let directory = items.iter().find(|(name, _)| is_directory(Path::new(name).file_name().unwrap_or_default()));
    let Some((name, directory)) = directory else { return Ok(items) };
    let Some(named) = named_in(&bounded(directory.open()?)?) else { return Ok(items) };
    let root = compared(name.rsplit_once('/').map_or("", |(root, _)| root));
    let wanted: HashSet<String> = named
        .iter()
        .map(|id| if root.is_empty() { compared(id) } else { format!("{root}/{}", compared(id)) })
        .collect();
    Ok(items.into_iter().filter(|(name, _)| wanted.contains(&compared(name))).collect())
}

/// File IDs of a DICOMDIR, with `/` between components; `None` where it cannot be read.
fn named_in(bytes: &[u8]) -> Option<Vec<String>> {
    let meta = bytes.get(132..)?;
    if bytes.get(128..132)? != b"DICM" {
        return None;
    }
    let group = usize::try_from(long(meta, 8)).ok()?;
    let syntax = Syntax::of(crate::pixels::dataset::EXPLICIT_LE);
    let set = DataSet::parse(meta.get(12usize.checked_add(group)?..)?, syntax).ok()?;
    let ids = set.items(tags::DIRECTORY_RECORD_SEQUENCE).iter().filter_map(|item| item.ascii(tags::REFERENCED_FILE_ID));
    let fit =
        |id: &String| id.split('\\').all(|part| !part.is_empty() && part != ".." && part != "." && !part.contains('/'));
    let ids: Vec<String> = ids.filter(fit).take(ITEMS_MAX).map(|id| id.replace('\\', "/")).collect();
    (!ids.is_empty()).then_some(ids)
}

/// A File ID below a folder: as it is written, or as a disk that knows no capitals has it.
fn on_disk(root: &Path, id: &str) -> PathBuf {
    let exact = root.join(id);
    let lower = root.join(id.to_ascii_lowercase());
    if !exact.exists() && lower.exists() { lower } else { exact }
}

fn word(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at.saturating_add(2)).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at.saturating_add(4)).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn wide(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at.saturating_add(8)).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// Entries of a zip (APPNOTE 4.3), by its directory.
fn zip(file: &File, length: u64, path: &Path) -> io::Result<Vec<(String, Item)>> {
    let tail = length.min(66_000);
    let mut end = vec![0; usize::try_from(tail).unwrap_or(0)];
    file.read_exact_at(&mut end, length - tail)?;
    let at = end.windows(4).rposition(|four| four == b"PK\x05\x06").ok_or_else(|| bad("the zip has no end"))?;
    let record = end.get(at..).unwrap_or_default();
    let (mut size, mut begin) = (u64::from(long(record, 12)), u64::from(long(record, 16)));
    let locator = at.checked_sub(20).and_then(|at| end.get(at..at + 20)).filter(|l| l.starts_with(b"PK\x06\x07"));
    if let Some(locator) = locator {
        let mut large = [0; 56];
        file.read_exact_at(&mut large, wide(locator, 8))?;
        (size, begin) = (wide(&large, 40), wide(&large, 48));
    }
    if size > DIRECTORY_BYTES_MAX || begin.saturating_add(size) > length {
        return Err(bad("the zip's directory is over the bound"));
    }
    let mut directory = vec![0; usize::try_from(size).unwrap_or(0)];
    file.read_exact_at(&mut directory, begin)?;
    let (mut items, mut rest) = (Vec::new(), directory.as_slice());
    while rest.starts_with(b"PK\x01\x02") && items.len() < ITEMS_MAX {
        let (name_len, extra_len) = (usize::from(word(rest, 28)), usize::from(word(rest, 30)));
        let next = 46 + name_len + extra_len + usize::from(word(rest, 32));
        let name = String::from_utf8_lossy(rest.get(46..46 + name_len).unwrap_or_default()).into_owned();
        let extra = rest.get(46 + name_len..46 + name_len + extra_len).unwrap_or_default();
        let (len, bytes, head) = sizes(rest, extra);
        let is_secret = word(rest, 8) & 1 == 1;
        let inflated = match word(rest, 10) {
            0 => Some(None),
            8 => Some(Some(bytes)),
            _ => None,
        };
        if let (Some(inflated), false) = (inflated, is_secret || name.ends_with('/')) {
            let place = Place::Zip { path: path.to_owned(), head, len, inflated };
            items.push((name.clone(), Item { name: format!("{}:{name}", path.display()), place }));
        }
        rest = rest.get(next..).unwrap_or_default();
    }
    Ok(items)
}

/// Packed and plain size, and where the local head is; from the ZIP64 field where the short ones are full.
fn sizes(entry: &[u8], mut extra: &[u8]) -> (u64, u64, u64) {
    let (mut len, mut bytes, mut head) =
        (u64::from(long(entry, 20)), u64::from(long(entry, 24)), u64::from(long(entry, 42)));
    while extra.len() >= 4 {
        let size = usize::from(word(extra, 2));
        if word(extra, 0) == 1 {
            let mut at = 4;
            for value in [&mut bytes, &mut len, &mut head] {
                if *value == u64::from(u32::MAX) {
                    *value = wide(extra, at);
                    at += 8;
                }
            }
        }
        extra = extra.get(4 + size..).unwrap_or_default();
    }
    (len, bytes, head)
}

/// Files of an ISO 9660 image, by its first tree: DICOM's names are in capitals there.
fn image(file: &File, length: u64, path: &Path) -> io::Result<Vec<(String, Item)>> {
    let mut descriptor = [0; 2048];
    file.read_exact_at(&mut descriptor, 16 * SECTOR)?;
    let root = (u64::from(long(&descriptor, 158)), u64::from(long(&descriptor, 166)));
    let mut waiting = vec![(String::new(), root)];
    let (mut seen, mut items) = (HashMap::new(), Vec::new());
    while let Some((folder, (sector, bytes))) = waiting.pop() {
        let at = sector.saturating_mul(SECTOR);
        if bytes > DIRECTORY_BYTES_MAX || at.saturating_add(bytes) > length {
            return Err(bad("a folder of the image lies outside of it"));
        }
        if seen.insert(sector, ()).is_some() {
            continue;
        }
        let mut records = vec![0; usize::try_from(bytes).unwrap_or(0)];
        file.read_exact_at(&mut records, at)?;
        for (name, flags, place) in records_of(&records) {
            let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if items.len() + waiting.len() >= ITEMS_MAX {
                return Err(bad("the image has too many files"));
            }
            if flags & 2 == 2 {
                waiting.push((name, place));
                continue;
            }
            let place = Place::Range { path: path.to_owned(), at: place.0.saturating_mul(SECTOR), len: place.1 };
            items.push((name.clone(), Item { name: format!("{}:{name}", path.display()), place }));
        }
    }
    Ok(items)
}

/// Names, flags and places of a folder's records, without those of itself and its parent (ECMA-119 9.1).
fn records_of(records: &[u8]) -> Vec<(String, u8, (u64, u64))> {
    let (mut found, mut at) = (Vec::new(), 0usize);
    let sector = usize::try_from(SECTOR).unwrap_or(2048);
    while let Some(length) = records.get(at).map(|length| usize::from(*length)) {
        if length == 0 {
            at = (at / sector + 1) * sector;
            continue;
        }
        let record = records.get(at..at + length).unwrap_or_default();
        let name_len = record.get(32).map_or(0, |len| usize::from(*len));
        let name = record.get(33..33 + name_len).unwrap_or_default();
        if name.len() > 1 || name.first().is_some_and(|first| *first > 1) {
            let name = String::from_utf8_lossy(name).into_owned();
            let name = name.split(';').next().unwrap_or_default().trim_end_matches('.').to_owned();
            let flags = record.get(25).copied().unwrap_or(0);
            found.push((name, flags, (u64::from(long(record, 2)), u64::from(long(record, 10)))));
        }
        at += length;
    }
    found
}
