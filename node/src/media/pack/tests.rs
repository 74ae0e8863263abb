use super::*;
use std::io::Cursor;

fn file(packing: &mut Packing<impl Pack>, path: &str, bytes: &[u8]) -> Result<(), PackError> {
    let head = Said::File { path: path.to_owned(), bytes: bytes.len() as u64, held: None };
    packing.take(&Piece::Said(head))?;
    for piece in bytes.chunks(1000) {
        packing.take(&Piece::Bytes(piece.to_vec().into()))?;
    }
    packing.take(&Piece::Said(Said::Ended { blake3: blake3::hash(bytes).to_hex().to_string() }))
}

fn done(packing: &mut Packing<impl Pack>) {
    packing.take(&Piece::Said(Said::Done { instances: 0, bytes: 0, left_out: 0 })).unwrap();
    assert!(packing.is_done());
}

#[test]
fn what_is_not_what_was_sent_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut packing = Packing::new(Folder::open(dir.path()).unwrap());
    packing.take(&Piece::Said(Said::File { path: "A/B".into(), bytes: 3, held: None })).unwrap();
    packing.take(&Piece::Bytes(b"abc"[..].into())).unwrap();
    let ended = Piece::Said(Said::Ended { blake3: blake3::hash(b"abd").to_hex().to_string() });
    assert!(matches!(packing.take(&ended), Err(PackError::Differs(_))));
    assert!(!dir.path().join("A/B").exists());
    for path in ["../x", "/x", "a//b", "a/../b", "a/.b", "a\\b", "", "a\0"] {
        let head = Piece::Said(Said::File { path: path.into(), bytes: 0, held: None });
        assert!(matches!(packing.take(&head), Err(PackError::Path(_))), "{path}");
    }
}

#[test]
fn a_folder_knows_which_studies_are_finished() {
    let dir = tempfile::tempdir().unwrap();
    let mut packing = Packing::new(Folder::open(dir.path()).unwrap());
    file(&mut packing, "P/S/1.dcm", &[7; 5000]).unwrap();
    packing.take(&Piece::Said(Said::StudyEnded { study: "1.2".into(), instances: 1 })).unwrap();
    file(&mut packing, "P/T/1.dcm", b"x").unwrap();
    assert_eq!(finished(dir.path()).unwrap(), [("1.2".to_owned(), 1)]);
    assert_eq!(std::fs::read(dir.path().join("P/S/1.dcm")).unwrap(), [7; 5000]);
}

/// The image's own words, read back with no code of the writer.
#[test]
fn an_image_has_its_descriptors_and_its_files_where_it_says() {
    let mut packing = Packing::new(Iso::begin(Cursor::new(Vec::new()), "CONFRERE").unwrap());
    let large: Vec<u8> = (0..10_000u32).flat_map(u32::to_le_bytes).collect();
    file(&mut packing, "DICOM/PAT00001/IM1", &large).unwrap();
    for n in 0..100 {
        file(&mut packing, &format!("DICOM/PAT00002/{n:08}"), format!("file {n}").as_bytes()).unwrap();
    }
    file(&mut packing, "README.TXT", b"hello").unwrap();
    done(&mut packing);
    let image = packing.pack.out.into_inner();
    let le = |at: usize| u32::from_le_bytes(image[at..at + 4].try_into().unwrap()) as usize;
    for (descriptor, kind) in [(16 * 2048, 1), (17 * 2048, 2)] {
        assert_eq!((image[descriptor], &image[descriptor + 1..descriptor + 6]), (kind, &b"CD001"[..]));
        assert_eq!(le(descriptor + 80) * 2048, image.len());
        let root = le(descriptor + 156 + 2) * 2048;
        assert_eq!(le(root + 2) * 2048, root, "a folder's first record is its own");
    }
    assert_eq!(image[18 * 2048], 255);
    let root = le(16 * 2048 + 156 + 2) * 2048;
    let names = &image[root..root + 2048];
    let at = names.windows(12).position(|w| w == b"README.TXT;1").unwrap();
    let record = root + at - 33;
    assert_eq!(&image[le(record + 2) * 2048..][..le(record + 10)], b"hello");
}

#[test]
fn a_zip_begins_with_a_file_and_ends_with_its_directory() {
    let mut zip = Packing::new(Zip::new(Vec::new()));
    file(&mut zip, "A/B.TXT", b"hello").unwrap();
    done(&mut zip);
    let bytes = zip.pack.out;
    assert!(bytes.starts_with(b"PK\x03\x04") && bytes[bytes.len() - 22..].starts_with(b"PK\x05\x06"));
}
