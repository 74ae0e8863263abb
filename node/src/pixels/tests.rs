//! Real objects, decoded and made plain. They are test data that is not kept in this repository: where the folder is
//! missing, there is nothing to read and the stories are short.

use super::{
    Decoders, Fault, Plain, Transcoded,
    dataset::{self, DataSet, Syntax},
    decode,
    framed::{Framed, framed},
    is_video,
    map::FrameMap,
    picture::{Picture, picture},
    source::Source,
};
use crate::tasks::Tasks;
use bytes::Bytes;
use dicom_dictionary_std::tags;
use protocol::{Digest, Uid, manifest::InstanceEntry};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Filled with noise where its JPEG should be.
const NOISE: &str = "ts4.50__fo-dicom__genFile.dcm";

pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) data_set: Bytes,
    pub(crate) entry: InstanceEntry,
}

fn root() -> PathBuf {
    std::env::var("CONFRERE_TEST_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data").to_owned())
        .into()
}

pub(crate) fn corpus(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join(folder)];
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
pub(crate) fn read(path: &Path) -> Option<File> {
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
    pub(crate) fn header(&self) -> Bytes {
        self.data_set.slice(..self.entry.header_bytes as usize)
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
                let noise = path.ends_with(NOISE);
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
        let layout = &picture.layout;
        let grey = layout.samples == 1 && layout.allocated == 16;
        let lossless = !["4.50", "4.51", "4.53", "4.55", "4.81", "4.91", "4.203", "4.112"]
            .iter()
            .any(|s| file.entry.transfer_syntax.as_str().ends_with(s));
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
    let decoders = Decoders::new(Tasks::default());
    for path in corpus("bad") {
        let Some(file) = read(&path) else { continue };
        let begun = std::time::Instant::now();
        if let Ok(framed) = file.framed().await {
            for index in [0, framed.map.frames() - 1] {
                if let Ok(picture) = picture(&file.header(), &framed, index).await {
                    let _ = decoders.samples(&picture).await;
                }
            }
        }
        if let Some(file) = scanned(&path) {
            let _ = file.made_plain(&decoders, Plain::Explicit).await;
        }
        assert!(begun.elapsed().as_secs() < 30, "{}", path.display());
    }
}

/// The samples, bits outside Bits Stored cut off, as they are compared.
fn stored_bits(bytes: &[u8], picture: &Picture) -> Vec<u8> {
    let width = picture.layout.allocated as usize / 8;
    let mask = u64::MAX >> (64 - picture.stored);
    let masked = bytes.chunks_exact(width).flat_map(|word| {
        let mut whole = [0; 8];
        whole[..width].copy_from_slice(word);
        (u64::from_le_bytes(whole) & mask).to_le_bytes()[..width].to_vec()
    });
    masked.collect()
}

/// Planes to samples side by side.
fn side_by_side(bytes: Vec<u8>, planar: bool, picture: &Picture) -> Vec<u8> {
    let (samples, width) = (picture.layout.samples as usize, picture.layout.allocated as usize / 8);
    if !planar || samples == 1 {
        return bytes;
    }
    let plane = bytes.len() / samples;
    let at = |pixel: usize, sample: usize| bytes[sample * plane + pixel * width..][..width].to_vec();
    (0..plane / width).flat_map(|pixel| (0..samples).flat_map(move |sample| at(pixel, sample))).collect()
}

/// `frames.tsv` has the CRC-32 of a frame's samples as pydicom with pylibjpeg (libjpeg, OpenJPEG) and CharLS decodes it.
#[tokio::test]
async fn frames_decode_as_others_decode_them() {
    let root = root();
    let mut table: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for line in include_str!("frames.tsv").lines() {
        let mut fields = line.split('\t');
        let (path, index, crc) = (fields.next().unwrap(), fields.next().unwrap(), fields.next().unwrap());
        let path = root.join(path);
        let Some(file) = read(&path) else { continue };
        let framed = file.framed().await.unwrap();
        let picture = picture(&file.header(), &framed, index.parse().unwrap()).await.unwrap();
        let samples = decode::samples(&picture).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let bytes = stored_bits(&side_by_side(samples.bytes, samples.planar, &picture), &picture);
        let is_exact = format!("{:08x}", crc32fast::hash(&bytes)) == crc;
        let counts = table.entry(file.entry.transfer_syntax.to_string()).or_default();
        counts[usize::from(!is_exact)] += 1;
        if !is_exact {
            eprintln!("{} frame {index} differs", path.display());
        }
    }
    for (syntax, [exact, other]) in &table {
        println!("{syntax:24} {exact:4} exact {other:4} other");
    }
    assert!(table.values().all(|[_, other]| *other == 0), "{table:?}");
    // A corpus that is whole has them all; another one has some, or none.
    let compared: usize = table.values().map(|[exact, _]| exact).sum();
    let there =
        include_str!("frames.tsv").lines().filter(|l| l.split('\t').next().is_some_and(|p| root.join(p).exists()));
    assert_eq!(compared, there.count());
}

/// Every object of the corpus, in both plain syntaxes: what could be decoded reads back with the same samples, and with
/// every other element; the rest is refused before a byte is given.
#[tokio::test]
async fn objects_are_made_plain() {
    let decoders = Decoders::new(Tasks::default());
    let (mut made, mut refused) = (0, Vec::new());
    for folder in ["objects", "objects-generated", "transfer-syntaxes-generated", "charsets-generated", "charsets-real"]
    {
        for path in corpus(folder) {
            let Some(file) = scanned(&path) else { continue };
            // The other writes the same through the same code: the generated objects do for it.
            let generated = folder.ends_with("-generated");
            for plain in Plain::ALL.into_iter().filter(|plain| *plain == Plain::Explicit || generated) {
                match file.made_plain(&decoders, plain).await {
                    Ok(bytes) => {
                        check_plain(&file, plain, &bytes).await;
                        made += 1;
                    }
                    // Videos, and the one object that is filled with noise where its JPEG should be.
                    Err(_) if is_video(file.entry.transfer_syntax.as_str()) || path.ends_with(NOISE) => {}
                    Err(fault) => refused.push(format!("{} ({}): {fault}", path.display(), file.entry.transfer_syntax)),
                }
            }
        }
    }
    assert!(refused.is_empty(), "{made} made plain; refused:\n{}", refused.join("\n"));
}

/// With the header that the archive would find.
fn scanned(path: &Path) -> Option<File> {
    let mut file = read(path)?;
    let whole = std::fs::File::open(path).ok()?;
    let start = whole.metadata().ok()?.len() - file.entry.bytes;
    let header = crate::archive::header_bytes(&whole, start, file.entry.bytes, &file.entry.transfer_syntax);
    file.entry.header_bytes = header.ok()?;
    Some(file)
}

impl File {
    async fn made_plain(&self, decoders: &Decoders, plain: Plain) -> Result<Vec<u8>, Fault> {
        let source = Source::Memory { from: 0, bytes: self.data_set.clone() };
        let mut made = Transcoded::begin(decoders, source, self.entry.clone(), &self.header(), plain).await?;
        let (mut bytes, told) = (Vec::new(), made.bytes());
        while let Some(piece) = made.next().await? {
            bytes.extend_from_slice(&piece);
        }
        assert_eq!(bytes.len() as u64, told, "{}", self.path.display());
        Ok(bytes)
    }
}

async fn check_plain(file: &File, plain: Plain, bytes: &[u8]) {
    let name = file.path.display();
    let (before, after) = (Syntax::of(file.entry.transfer_syntax.as_str()), Syntax::of(plain.uid()));
    let header = dataset::readable(&file.data_set, before).unwrap();
    let (old, new) = (DataSet::parse(&header, before).unwrap(), DataSet::parse_whole(bytes, after).unwrap());
    for element in old.elements.iter().filter(|e| e.tag.1 != 0 && e.tag < tags::EXTENDED_OFFSET_TABLE) {
        let gone = element.tag == tags::ICON_IMAGE_SEQUENCE;
        assert!(new.element(element.tag).is_some() || gone, "{name}: {} is gone", element.tag);
    }
    if new.element(tags::PIXEL_DATA).is_none() {
        return;
    }
    let entry = InstanceEntry {
        transfer_syntax: Uid::parse(plain.uid()).unwrap(),
        bytes: bytes.len() as u64,
        ..file.entry.clone()
    };
    let bytes = Bytes::copy_from_slice(bytes);
    let source = Source::Memory { from: 0, bytes: bytes.clone() };
    let (Ok(was), Ok(is)) = (file.framed().await, framed(source, entry, &bytes, 0, after).await) else { return };
    assert_eq!(was.map.frames(), is.map.frames(), "{name}");
    let last = was.map.frames() - 1;
    let (Ok(one), Ok(two)) = (picture(&file.header(), &was, last).await, picture(&bytes, &is, last).await) else {
        return;
    };
    let (one, two) = (decode::samples(&one).unwrap(), decode::samples(&two).unwrap());
    assert_eq!(one.photometric, two.photometric, "{name}");
    assert!(one.bytes == two.bytes, "{name}: other samples");
}
