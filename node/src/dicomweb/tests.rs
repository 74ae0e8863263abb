//! The door's pure pieces over real objects. The objects are test data that is not kept in this repository: where the
//! folder is missing, there is nothing to read and the stories are short.

use super::{
    bulkdata,
    dataset::{self, DataSet, Syntax},
    metadata,
};
use crate::pixels::{
    Fault, decode,
    framed::{Framed, framed},
    map::FrameMap,
    picture::picture,
    source::Source,
};
use bytes::Bytes;
use protocol::{Digest, Uid, manifest::InstanceEntry};
use std::path::{Path, PathBuf};

struct File {
    path: PathBuf,
    data_set: Bytes,
    entry: InstanceEntry,
}

fn corpus(folder: &str) -> Vec<PathBuf> {
    let root = std::env::var("CONFRERE_TEST_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data").to_owned());
    let mut folders = vec![Path::new(&root).join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// Reads a Part 10 file as the archive would hold it.
fn read(path: &Path) -> Option<File> {
    let bytes = Bytes::from(std::fs::read(path).ok()?);
    let start = if bytes.get(128..132) == Some(b"DICM") { 132 } else { return None };
    let plain = Syntax::of(dataset::EXPLICIT_LE);
    let mut at = start;
    while let Some(head) = dataset::head(bytes.get(at..)?, plain, false).filter(|h| h.tag.0 == 2) {
        at += head.head_bytes + usize::try_from(head.length?).ok()?;
    }
    let meta = DataSet::parse(bytes.get(start..at)?, plain).ok()?;
    let transfer_syntax = Uid::parse(&meta.ascii(dicom_core::Tag(2, 0x10))?).ok()?;
    let data_set = bytes.slice(at..);
    let syntax = Syntax::of(transfer_syntax.as_str());
    let pixels: [u8; 4] = if syntax.big_endian { [0x7f, 0xe0, 0, 0x10] } else { [0xe0, 0x7f, 0x10, 0] };
    let header = data_set
        .windows(12)
        .position(|w| w.starts_with(&pixels) && (!syntax.explicit || w[4] == b'O'))
        .filter(|_| !syntax.deflated)
        .unwrap_or(data_set.len());
    let entry = InstanceEntry {
        instance: Uid::parse("1.2.3").ok()?,
        sop_class: Uid::parse(&meta.ascii(dicom_core::Tag(2, 2))?).ok()?,
        transfer_syntax,
        number: None,
        frames: 1,
        bytes: data_set.len() as u64,
        digest: Digest::of(&data_set),
        header_bytes: u32::try_from(header).ok()?,
        header_digest: Digest::of(&[]),
    };
    Some(File { path: path.to_owned(), data_set, entry })
}

impl File {
    fn header(&self) -> Bytes {
        self.data_set.slice(..self.entry.header_bytes as usize)
    }

    fn json(&self) -> serde_json::Value {
        let mut out = String::new();
        let uid = Uid::parse("1.2").unwrap();
        metadata::write_instance(&mut out, "/i", &uid, &uid, &self.entry, &self.header());
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{}: {e}", self.path.display()))
    }

    async fn framed(&self) -> Result<Framed, Fault> {
        let syntax = Syntax::of(self.entry.transfer_syntax.as_str());
        if syntax.deflated {
            let bytes = Bytes::from(dataset::inflate(&self.data_set)?);
            let entry = InstanceEntry { bytes: bytes.len() as u64, ..self.entry.clone() };
            let plain = Syntax { deflated: false, ..syntax };
            return framed(Source::Memory { from: 0, bytes: bytes.clone() }, entry, &bytes, 0, plain).await;
        }
        let from = self.entry.header_bytes.into();
        framed(
            Source::Memory { from: 0, bytes: self.data_set.clone() },
            self.entry.clone(),
            &self.header(),
            from,
            syntax,
        )
        .await
    }
}

#[test]
fn every_object_has_sound_metadata() {
    let dump = std::env::var_os("CONFRERE_DUMP_JSON").map(PathBuf::from);
    for folder in [
        "series",
        "objects",
        "objects-generated",
        "charsets-real",
        "charsets-generated",
        "transfer-syntaxes-generated",
        "bad",
    ] {
        for (i, path) in corpus(folder).iter().enumerate() {
            let Some(file) = read(path) else { continue };
            let json = file.json();
            if let Some(dump) = &dump {
                let line = serde_json::json!({ "path": path, "json": json }).to_string();
                std::fs::write(dump.join(format!("{folder}-{i}.json")), line).unwrap();
            }
            if folder == "bad" {
                continue;
            }
            assert!(json["0020000D"]["Value"][0].is_string(), "{}", path.display());
            assert!(json["00080018"]["Value"][0].is_string(), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn frames_are_the_stored_bytes() {
    for path in ["series", "objects", "transfer-syntaxes-generated", "objects-generated"].iter().flat_map(|f| corpus(f))
    {
        let Some(file) = read(&path) else { continue };
        if !file.data_set.windows(4).any(|w| w == [0xe0, 0x7f, 0x10, 0]) {
            continue;
        }
        let framed = match file.framed().await {
            Ok(framed) => framed,
            Err(problem) => {
                eprintln!("{}: {problem}", path.display());
                continue;
            }
        };
        let all = framed.map.frames();
        assert!(all > 0);
        for index in [0, all / 2, all - 1] {
            let frame = framed.held(index).await.unwrap();
            assert!(!frame.is_empty(), "{}", path.display());
            let syntax = file.entry.transfer_syntax.as_str();
            if let FrameMap::Encapsulated(_) = *framed.map {
                let jpeg = ["4.50", "4.51", "4.57", "4.70", "4.80", "4.81"].iter().any(|s| syntax.ends_with(s));
                // One object is filled with noise where its JPEG should be.
                let noise = path.ends_with("ts4.50__fo-dicom__genFile.dcm");
                assert!(!jpeg || noise || frame.starts_with(&[0xff, 0xd8]), "{} frame {index}", path.display());
            }
        }
        assert!(framed.map.frame(all).is_none());
    }
}

#[tokio::test]
async fn lossless_syntaxes_decode_to_the_same_pixels() {
    let folder = corpus("transfer-syntaxes-generated");
    let mut reference = None;
    let mut decoded = 0;
    for path in folder.iter().filter(|p| p.ends_with("1.2.840.10008.1.2.1-explicit-le.dcm")).chain(folder.iter()) {
        let Some(file) = read(path) else { continue };
        let Ok(framed) = file.framed().await else { continue };
        let picture = picture(&file.header(), &framed, 0).await.unwrap();
        let Ok(samples) = decode::samples(&picture) else { continue };
        let json = file.json();
        let grey = json["00280002"]["Value"][0] == 1 && json["00280100"]["Value"][0] == 16;
        let lossless = !["4.50", "4.51"].iter().any(|s| file.entry.transfer_syntax.as_str().ends_with(s));
        if !grey || !lossless {
            continue;
        }
        let reference = reference.get_or_insert_with(|| samples.bytes.clone());
        assert!(*reference == samples.bytes, "{}", path.display());
        decoded += 1;
    }
    assert!(folder.is_empty() || decoded > 4, "{decoded}");
}

#[tokio::test]
async fn bad_objects_are_refused_quickly() {
    for path in corpus("bad") {
        let Some(file) = read(&path) else { continue };
        let begun = std::time::Instant::now();
        let _ = file.json();
        let _ = bulkdata::in_header(&file.header(), &file.entry, "00081140/0/00081155");
        if let Ok(framed) = file.framed().await {
            for index in [0, framed.map.frames() - 1] {
                if let Ok(picture) = picture(&file.header(), &framed, index).await {
                    let _ = std::panic::catch_unwind(|| decode::samples(&picture));
                }
            }
        }
        assert!(begun.elapsed().as_secs() < 5, "{}", path.display());
    }
}
