use super::{super::tests::Made, *};
use proptest::prelude::*;
use std::io::Write;

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";

fn made() -> Made {
    let mut made = Made::new("1.2.3", "1.2.3.4", "1.2.3.4.5");
    made.text(0x0020_0013, "IS", "12").text(0x0028_0008, "IS", "3");
    made
}

fn syntax(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}

fn scan_memory(bytes: &[u8], transfer_syntax: &str) -> Result<Scanned, ScanError> {
    scan(DataSet::Memory(bytes), &syntax(transfer_syntax))
}

/// The same through a file with something before it, as spooled objects are looked at.
fn scan_file(bytes: &[u8], transfer_syntax: &str) -> Result<Scanned, ScanError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"before").unwrap();
    file.write_all(bytes).unwrap();
    scan(DataSet::File(&file, 6, bytes.len() as u64), &syntax(transfer_syntax))
}

/// An explicit element with a 32-bit length.
fn long(tag: u32, vr: &str, length: u32, value: &[u8]) -> Vec<u8> {
    let [a, b, c, d] = tag.to_be_bytes();
    let head = [&[b, a, d, c], vr.as_bytes(), &[0, 0], &length.to_le_bytes()[..]].concat();
    [&head[..], value].concat()
}

fn bare(tag: u32, length: u32) -> Vec<u8> {
    let [a, b, c, d] = tag.to_be_bytes();
    [&[b, a, d, c], &length.to_le_bytes()[..]].concat()
}

const NONE: u32 = u32::MAX;

/// Sequences nested so deep, of undefined length, each closed.
fn nested(depth: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..depth {
        bytes.extend(long(0x0040_A730, "SQ", NONE, &bare(0xFFFE_E000, NONE)));
    }
    for _ in 0..depth {
        bytes.extend(bare(0xFFFE_E00D, 0));
        bytes.extend(bare(0xFFFE_E0DD, 0));
    }
    bytes
}

fn with(extra: &[u8]) -> Vec<u8> {
    let mut made = made();
    let pixels = made.pixels(&[]).data_set();
    let front = &pixels[..pixels.len() - 12];
    [front, extra].concat()
}

#[test]
fn rows_say_what_the_data_set_says() {
    let scanned = scan_memory(&made().data_set(), EXPLICIT).unwrap();
    assert_eq!(scanned.study.study, syntax("1.2.3"));
    assert_eq!(scanned.study.patient.name.as_deref(), Some("Test^Anna"));
    assert_eq!((scanned.number, scanned.frames), (Some(12), 3));
    assert_eq!(scanned.header_bytes as usize, made().data_set().len() - 112);
}

/// A Patient ID beside the first, with who issued it as text or as an object identifier.
fn other_id(id: &str, issuer: &str, universal: &str) -> Vec<u8> {
    let text = |tag: u32, value: &str| {
        let [a, b, c, d] = tag.to_be_bytes();
        let value = if value.len() % 2 == 1 { format!("{value} ") } else { value.to_owned() };
        let length = u16::try_from(value.len()).unwrap().to_le_bytes();
        [&[b, a, d, c], &b"LO"[..], &length, value.as_bytes()].concat()
    };
    let item = |inside: Vec<u8>| [bare(0xFFFE_E000, NONE), inside, bare(0xFFFE_E00D, 0)].concat();
    let sequence = |tag: u32, items: Vec<u8>| long(tag, "SQ", NONE, &[items, bare(0xFFFE_E0DD, 0)].concat());
    let qualifiers = sequence(0x0010_0024, item(text(0x0040_0032, universal)));
    item([text(0x0010_0020, id), text(0x0010_0021, issuer), qualifiers].concat())
}

#[test]
fn the_national_number_is_found_beside_the_patient_id_and_none_where_there_are_two() {
    const NUMBER: &str = "255081416802538";
    const OID: &str = "1.2.250.1.213.1.4.8";
    let national = |items: &[Vec<u8>]| {
        let extra = long(0x0010_1002, "SQ", NONE, &[items.concat(), bare(0xFFFE_E0DD, 0)].concat());
        let bytes = with(&extra);
        let found = scan_memory(&bytes, EXPLICIT).unwrap().study.national;
        assert_eq!(found, scan_file(&bytes, EXPLICIT).unwrap().study.national);
        found.map(|one| (one.issuer, one.id))
    };
    let found = Some((OID.to_owned(), NUMBER.to_owned()));
    let local = other_id("4711", "CHNORD", "1.2.3");
    assert_eq!(national(&[local.clone(), other_id(NUMBER, "INS-NIR", OID)]), found);
    assert_eq!(national(&[other_id("2 55 08 14 168 025 38", OID, ""), local.clone()]), found);
    assert_eq!(national(&[local]), None);
    assert_eq!(national(&[other_id(NUMBER, "CHNORD", "1.2.3")]), None, "not the national issuer");
    assert_eq!(national(&[other_id("255081416802539", "INS-NIR", OID)]), None, "the key does not fit");
    assert_eq!(national(&[other_id(NUMBER, "", OID), other_id(NUMBER, "", "1.2.250.1.213.1.4.9")]), None, "two");
    assert_eq!(national(&[other_id(NUMBER, "", OID), other_id(NUMBER, "", OID)]), found, "twice the same");
}

#[test]
fn nesting_is_walked_to_a_bound_and_refused_beyond() {
    assert!(scan_memory(&with(&nested(64)), EXPLICIT).is_ok());
    for depth in [65, 1000, 100_000] {
        assert!(matches!(scan_memory(&with(&nested(depth)), EXPLICIT), Err(ScanError::TooLarge(_))), "{depth}");
    }
}

#[test]
fn a_length_beyond_what_is_left_is_refused_wherever_it_stands() {
    let item_over = [bare(0xFFFE_E000, 100), vec![0; 8]].concat();
    let cases = [
        long(0x7FE0_0010, "OW", 0xFFFF_FFF0, &[0; 64]),
        long(0x7FE0_0010, "OW", 65, &[0; 64]),
        long(0x0040_A730, "SQ", 1 << 31, &[]),
        long(0x0040_A730, "SQ", 16, &item_over),
        long(0x7FE0_0010, "OB", NONE, &[bare(0xFFFE_E000, 9), vec![0; 8]].concat()),
        long(0x7FE0_0010, "OB", NONE, &bare(0xFFFE_E000, 0)),
        long(0x0008_0005, "UN", 0xFFFF_FFF0, &[]),
        long(0x0029_1010, "OB", NONE, &[0; 32]),
        vec![0x28, 0, 0x10, 0, b'U'],
    ];
    for case in &cases {
        for scanned in [scan_memory(&with(case), EXPLICIT), scan_file(&with(case), EXPLICIT)] {
            assert!(matches!(scanned, Err(ScanError::Malformed(_))), "{case:x?}");
        }
    }
}

#[test]
fn what_other_archives_take_is_taken() {
    let odd = long(0x0029_1010, "OB", 3, &[1, 2, 3]);
    let padded = [long(0x7FE0_0010, "OW", 4, &[1; 4]), vec![0; 777]].concat();
    let trailing = [long(0x7FE0_0010, "OW", 4, &[1; 4]), long(0xFFFC_FFFC, "OB", 4, &[9; 4])].concat();
    let implicit_inside = [bare(0xFFFE_E000, NONE), bare(0x0008_0100, 2), b"AB".to_vec(), bare(0xFFFE_E00D, 0)];
    let unknown = long(0x0029_1010, "UN", NONE, &[implicit_inside.concat(), bare(0xFFFE_E0DD, 0)].concat());
    let new_vr = long(0x0029_1010, "ZZ", 4, &[1; 4]);
    let fragments = [bare(0xFFFE_E000, 0), bare(0xFFFE_E000, 2), vec![1, 2], bare(0xFFFE_E0DD, 0)].concat();
    let encapsulated = long(0x7FE0_0010, "OB", NONE, &fragments);
    for case in [odd, padded, trailing, unknown, new_vr, encapsulated] {
        let bytes = with(&case);
        let (memory, file) = (scan_memory(&bytes, EXPLICIT).unwrap(), scan_file(&bytes, EXPLICIT).unwrap());
        assert_eq!(memory.header_bytes, file.header_bytes);
        assert!(memory.header_bytes as usize <= bytes.len());
    }
}

#[test]
fn the_header_ends_where_bulk_begins_and_never_inside_an_element() {
    let private = long(0x0029_1020, "OB", 100_000, &vec![1; 100_000]);
    let front = with(&private).len();
    let pixels = long(0x7FE0_0010, "OW", 4, &[1; 4]);
    assert_eq!(scan_memory(&with(&[&private[..], &pixels].concat()), EXPLICIT).unwrap().header_bytes as usize, front);
    let overlay = long(0x6000_3000, "OW", 100_000, &vec![1; 100_000]);
    assert_eq!(
        scan_memory(&with(&[&overlay[..], &pixels].concat()), EXPLICIT).unwrap().header_bytes as usize,
        with(&[]).len()
    );
    let small_first = long(0x0029_1018, "OB", 4, &[1; 4]);
    let huge = long(0x0029_1020, "OB", 20 << 20, &vec![1; 20 << 20]);
    let bytes = with(&[&small_first[..], &huge, &pixels].concat());
    assert_eq!(scan_memory(&bytes, EXPLICIT).unwrap().header_bytes as usize, with(&small_first).len());
    assert_eq!(scan_memory(&with(&[]), EXPLICIT).unwrap().header_bytes as usize, with(&[]).len());
}

#[test]
fn an_identity_that_stands_twice_with_two_values_is_refused() {
    let again = [&[0x10, 0, 0x20, 0][..], b"LO", &[2, 0], b"P9"].concat();
    assert!(scan_memory(&with(&again), EXPLICIT).is_err());
}

#[test]
fn deflated_bytes_are_read_through_and_kept_deflated() {
    use flate2::{Compression, write::DeflateEncoder};
    let deflate = |bytes: &[u8]| {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let bytes = deflate(&made().data_set());
    let deflated = "1.2.840.10008.1.2.1.99";
    for scanned in [scan_memory(&bytes, deflated), scan_file(&bytes, deflated)] {
        let scanned = scanned.unwrap();
        assert_eq!(scanned.header_bytes as usize, bytes.len());
        assert_eq!(scanned.series.series, syntax("1.2.3.4"));
    }
    let bomb = deflate(&with(&long(0x7FE0_0010, "OW", 200 << 20, &vec![0; 200 << 20])));
    assert!(matches!(scan_memory(&bomb, deflated), Err(ScanError::TooLarge(_))));
    assert!(matches!(scan_memory(&bytes[..bytes.len() / 2], deflated), Err(ScanError::Malformed(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn damaged_bytes_never_panic_and_file_and_memory_agree(
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
        implicit in any::<bool>(),
    ) {
        let nested = nested(3);
        let fragments = [bare(0xFFFE_E000, 0), bare(0xFFFE_E000, 4), vec![1; 4], bare(0xFFFE_E0DD, 0)].concat();
        let mut bytes = with(&[nested, long(0x7FE0_0010, "OB", NONE, &fragments)].concat());
        for (at, value) in hits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let transfer_syntax = if implicit { IMPLICIT } else { EXPLICIT };
        let (memory, file) = (scan_memory(&bytes, transfer_syntax), scan_file(&bytes, transfer_syntax));
        match (memory, file) {
            (Ok(memory), Ok(file)) => {
                prop_assert_eq!(memory.header_bytes, file.header_bytes);
                prop_assert!(memory.header_bytes as usize <= bytes.len());
                prop_assert_eq!(memory.study, file.study);
            }
            (memory, file) => prop_assert_eq!(memory.is_err(), file.is_err()),
        }
    }
}
