//! Finds DICOM files to send and reads of each only what an association needs to know: the meta group and
//! the first elements of the data set.

use super::announce;
use bytes::Buf;
use protocol::Uid;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// A file to send: what it is, and where its data set begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DicomFile {
    pub(crate) path: PathBuf,
    pub(crate) sop_class: Uid,
    pub(crate) sop_instance: Uid,
    pub(crate) transfer_syntax: Uid,
    pub(crate) data_set_offset: u64,
    pub(crate) data_set_bytes: u64,
}

/// A file that is not sent, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub(crate) path: PathBuf,
    pub(crate) reason: String,
}

/// Folders inside folders; deeper ones are loops of links.
const DEPTH_MAX: usize = 32;
/// The meta group is read no further than this; real ones have a few hundred bytes.
const META_BYTES_MAX: u64 = 1 << 20;
/// The media directory is not an object to store.
const MEDIA_DIRECTORY: &str = "1.2.840.10008.1.3.10";

/// Looks through files and folders, in the order given, folders in the order of names.
pub(crate) fn find(paths: &[PathBuf]) -> (Vec<DicomFile>, Vec<Skipped>) {
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    for path in paths {
        walk(path, 0, &mut found, &mut skipped);
    }
    (found, skipped)
}

fn walk(path: &Path, depth: usize, found: &mut Vec<DicomFile>, skipped: &mut Vec<Skipped>) {
    let skip = |reason: String| Skipped { path: path.to_owned(), reason };
    let is_dir = match std::fs::metadata(path) {
        Ok(metadata) => metadata.is_dir(),
        Err(e) => return skipped.push(skip(e.to_string())),
    };
    if !is_dir {
        return match DicomFile::open(path) {
            Ok(file) => found.push(file),
            Err(reason) => skipped.push(skip(reason)),
        };
    }
    if depth >= DEPTH_MAX {
        return skipped.push(skip("folders too deep".to_owned()));
    }
    match std::fs::read_dir(path) {
        Ok(entries) => {
            let mut inside: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
            inside.sort();
            inside.iter().for_each(|path| walk(path, depth + 1, found, skipped));
        }
        Err(e) => skipped.push(skip(e.to_string())),
    }
}

impl DicomFile {
    /// Reads what a file says it is: a Part 10 file, with or without preamble, or a data set alone.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let mut file = File::open(path).map_err(|e| e.to_string())?;
        let bytes = file.metadata().map_err(|e| e.to_string())?.len();
        let meta = Meta::of(&mut file).map_err(|e| e.to_string())?.ok_or("not a DICOM file")?;
        let transfer_syntax = meta.transfer_syntax.ok_or("the meta group lacks the transfer syntax")?;
        let own = announce::read(&mut file, meta.bytes, transfer_syntax.as_str());
        let sop_class = own.sop_class.or(meta.sop_class).ok_or("neither meta group nor data set has a SOP class")?;
        if sop_class.as_str() == MEDIA_DIRECTORY {
            return Err("a media directory, not an object".to_owned());
        }
        let sop_instance = own.sop_instance.or(meta.sop_instance);
        Ok(Self {
            path: path.to_owned(),
            sop_class,
            sop_instance: sop_instance.ok_or("neither meta group nor data set has a SOP instance")?,
            transfer_syntax,
            data_set_offset: meta.bytes,
            data_set_bytes: bytes.saturating_sub(meta.bytes),
        })
    }
}

#[derive(Debug, Default)]
struct Meta {
    sop_class: Option<Uid>,
    sop_instance: Option<Uid>,
    transfer_syntax: Option<Uid>,
    /// Bytes before the data set.
    bytes: u64,
}

impl Meta {
    fn of(file: &mut File) -> io::Result<Option<Self>> {
        // Read little first: most files tell everything in their first kilobytes.
        let mut reader = io::BufReader::with_capacity(4096, file.take(META_BYTES_MAX));
        if let Some(meta) = Self::read(&mut reader, &mut Vec::with_capacity(256))? {
            return Ok(Some(meta));
        }
        file.seek(SeekFrom::Start(0))?;
        let mut front = [0u8; 8];
        let got = read_up_to(file, &mut front)?;
        let transfer_syntax = announce::guess_syntax(front.get(..got).unwrap_or_default());
        Ok(transfer_syntax.map(|syntax| Self { transfer_syntax: Some(syntax), ..Self::default() }))
    }

    /// Element by element up to the first outside group 0002: the group's stated length is often wrong. `None`: no DICOM.
    fn read(reader: &mut impl Read, value: &mut Vec<u8>) -> io::Result<Option<Self>> {
        let mut start = [0u8; 132];
        let mut meta = Self::default();
        let got = read_up_to(reader, &mut start)?;
        let start = start.get(..got).unwrap_or_default();
        let mut before: &[u8] = match start.get(128..132) {
            Some(b"DICM") => {
                meta.bytes = 132;
                &[]
            }
            _ if start.starts_with(&[2, 0]) => start,
            _ => return Ok(None),
        };
        let mut reader = Read::chain(&mut before, reader);
        let mut any = false;
        while let Some((element, header, length)) = element(&mut reader)? {
            let length = u64::from(length);
            if length > META_BYTES_MAX {
                return Ok(None);
            }
            value.clear();
            if reader.by_ref().take(length).read_to_end(value)? as u64 != length {
                return Ok(None);
            }
            meta.bytes += header + length;
            any = true;
            let uid = || std::str::from_utf8(value).ok().and_then(|text| Uid::parse(text).ok());
            match element {
                0x0002 => meta.sop_class = uid(),
                0x0003 => meta.sop_instance = uid(),
                0x0010 => meta.transfer_syntax = uid(),
                _ => {}
            }
        }
        Ok(any.then_some(meta))
    }
}

/// Number, header bytes and length of the next element of group 0002; `None` at its end.
fn element(reader: &mut impl Read) -> io::Result<Option<(u16, u64, u32)>> {
    let mut short = [0u8; 8];
    if read_up_to(reader, &mut short)? < short.len() {
        return Ok(None);
    }
    let mut fields = &short[..];
    let (group, element) = (fields.get_u16_le(), fields.get_u16_le());
    if group != 2 {
        return Ok(None);
    }
    if !matches!(fields.get(..2), Some(b"OB" | b"OW" | b"UN" | b"UT" | b"SQ" | b"UC" | b"UR")) {
        fields.advance(2);
        return Ok(Some((element, 8, u32::from(fields.get_u16_le()))));
    }
    let mut long = [0u8; 4];
    if read_up_to(reader, &mut long)? < long.len() {
        return Ok(None);
    }
    Ok(Some((element, 12, u32::from_le_bytes(long))))
}

fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while let Some(rest) = buffer.get_mut(got..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest)? {
            0 => break,
            bytes => got += bytes,
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A meta group of class, instance and syntax; `length` is what the group says of itself.
    fn meta(preamble: bool, length: u32) -> Vec<u8> {
        let mut bytes = if preamble { vec![0u8; 128] } else { Vec::new() };
        if preamble {
            bytes.extend(b"DICM");
        }
        bytes.extend([2, 0, 0, 0, b'U', b'L', 4, 0]);
        bytes.extend(length.to_le_bytes());
        bytes.extend([2, 0, 1, 0, b'O', b'B', 0, 0, 2, 0, 0, 0, 0, 1]);
        for (element, value) in [(2, "1.2.840.10008.5.1.4.1.1.2\0"), (3, "2.25.4\0\0"), (16, "1.2.840.10008.1.2.1\0")] {
            bytes.extend([2, 0, element, 0, b'U', b'I', u8::try_from(value.len()).unwrap(), 0]);
            bytes.extend(value.bytes());
        }
        bytes
    }

    #[test]
    fn the_data_set_begins_behind_the_group_whatever_its_length_says() {
        for (preamble, length) in [(true, 78), (true, 0), (true, 4_000_000_000), (false, 78)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a");
            let mut bytes = meta(preamble, length);
            let offset = bytes.len() as u64;
            bytes.extend([8, 0, 5, 0, b'C', b'S', 2, 0, b' ', b' ']);
            std::fs::write(&path, &bytes).unwrap();
            let file = DicomFile::open(&path).unwrap();
            assert_eq!((file.data_set_offset, file.data_set_bytes), (offset, 10));
            assert_eq!(file.sop_instance.as_str(), "2.25.4");
        }
    }

    #[test]
    fn other_files_are_passed_over_with_a_word() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("README.txt"), "hello").unwrap();
        std::fs::write(folder.path().join("empty"), "").unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        std::fs::write(folder.path().join("sub/image"), meta(true, 78)).unwrap();
        let (found, skipped) = find(&[folder.path().to_owned(), folder.path().join("gone")]);
        assert_eq!(found.len(), 1);
        assert_eq!(skipped.len(), 3);
    }
}
