use super::{restore::MARK, *};
use protocol::wire;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const WORDS: &str = "quatre mots au hasard";

struct Bench {
    dir: TempDir,
}

impl Bench {
    /// A node's folder with one of each, and what does not belong into a backup.
    fn new() -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        bench.write("confrere.toml", b"[site]\n");
        bench.write("site.key", &[7; 32]);
        bench.write("dimse.pem", b"a certificate");
        bench.write("archive.state", b"running");
        bench.write("confrere.lock", b"1234");
        bench.write("journal/archive/00000000000000000000.log", &[1; 3000]);
        bench.write("journal/site/00000000000000000000.log", b"");
        bench.write("manifests/1.2.3", b"manifest");
        bench.write("objects/ab/ab01.dcm", &vec![3; CHUNKS * 2 + 17]);
        bench.write("objects/tmp/half", b"half");
        bench.write("cache/cache/copy", b"a peer's");
        bench.write("index/db", b"a view");
        bench
    }

    fn node(&self) -> PathBuf {
        self.dir.path().join("node")
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.node().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn to(&self) -> PathBuf {
        self.dir.path().join("backup")
    }

    fn back(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn take(&self) -> Result<(String, Copied), BackupError> {
        let mut vault = Vault::open_or_begin(&self.to(), WORDS)?;
        take(&self.node(), SiteId([5; 32]), &mut vault, &mut |_| {})
    }

    fn restore(&self, name: &str) -> Result<Copied, BackupError> {
        restore(&Vault::open(&self.to(), WORDS)?, None, &self.back(name), &mut |_| {})
    }

    /// The sealed files, largest first.
    fn sealed(&self) -> Vec<PathBuf> {
        let mut found = files(&self.to().join("data"));
        found.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().len()));
        found
    }
}

const CHUNKS: usize = 1 << 20;

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir).unwrap().map(|item| item.unwrap().path()) {
        if item.is_dir() { found.extend(files(&item)) } else { found.push(item) }
    }
    found.sort();
    found
}

#[test]
fn what_cannot_be_made_again_comes_back_byte_for_byte_and_nothing_else() {
    let bench = Bench::new();
    bench.take().unwrap();
    let copied = bench.restore("back").unwrap();
    let mut there: Vec<String> = Vec::new();
    for path in files(&bench.back("back")) {
        let below = path.strip_prefix(bench.back("back")).unwrap().to_str().unwrap().to_owned();
        if below != MARK {
            assert_eq!(fs::read(&path).unwrap(), fs::read(bench.node().join(&below)).unwrap(), "{below}");
        }
        there.push(below);
    }
    let wanted = [
        "confrere.toml",
        "dimse.pem",
        "journal/archive/00000000000000000000.log",
        "journal/site/00000000000000000000.log",
        "manifests/1.2.3",
        "objects/ab/ab01.dcm",
        MARK,
        "site.key",
    ];
    assert_eq!(there, wanted);
    assert_eq!(copied.files, 7);
}

#[test]
fn a_second_backup_writes_only_what_is_new_and_both_can_be_restored() {
    let bench = Bench::new();
    let (first, _) = bench.take().unwrap();
    bench.write("objects/cd/cd01.dcm", &[9; 10]);
    bench.write("journal/archive/00000000000000000000.log", &[1; 4000]);
    // Names of snapshots are seconds.
    let moved = bench.to().join("snapshots").join("20200101000000");
    fs::rename(bench.to().join("snapshots").join(&first), &moved).unwrap();
    assert!(matches!(bench.take(), Err(BackupError::Damaged(_))), "a snapshot does not answer to another's name");
    fs::rename(&moved, bench.to().join("snapshots").join(&first)).unwrap();
    let mut vault = Vault::open_or_begin(&bench.to(), WORDS).unwrap();
    let (_, copied) = take(&bench.node(), SiteId([5; 32]), &mut vault, &mut |_| {}).unwrap();
    assert_eq!((copied.files, copied.new_files, copied.new_bytes), (8, 2, 4010));
    bench.restore("newest").unwrap();
    assert!(bench.back("newest").join("objects/cd/cd01.dcm").exists());
}

#[test]
fn names_and_bytes_are_not_to_be_read_in_it() {
    let bench = Bench::new();
    bench.take().unwrap();
    for path in files(&bench.to()) {
        let bytes = fs::read(&path).unwrap();
        for secret in [&[7u8; 32][..], b"ab01", b"manifest", &[3; 64]] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
        }
        assert!(!path.to_str().unwrap().contains("ab01"));
    }
}

#[test]
fn another_passphrase_or_site_or_folder_is_refused() {
    let bench = Bench::new();
    assert!(matches!(Vault::open(&bench.to(), WORDS), Err(BackupError::NoBackup(_))));
    assert!(matches!(Vault::open_or_begin(&bench.to(), "court"), Err(BackupError::ShortPassphrase)));
    bench.take().unwrap();
    assert!(matches!(Vault::open(&bench.to(), "quatre mots au hasarD"), Err(BackupError::Passphrase)));
    let mut vault = Vault::open(&bench.to(), WORDS).unwrap();
    let other = take(&bench.node(), SiteId([6; 32]), &mut vault, &mut |_| {});
    assert!(matches!(other, Err(BackupError::OtherSite(_))));
    bench.restore("back").unwrap();
    assert!(matches!(bench.restore("back"), Err(BackupError::NotEmpty(_))));
}

/// Every byte of a sealed file counts, and so does its end; a whole chunk cannot be left out.
#[test]
fn damage_anywhere_is_found() {
    let bench = Bench::new();
    bench.take().unwrap();
    let path = bench.sealed().remove(0);
    let sound = fs::read(&path).unwrap();
    let sealed_chunk = CHUNKS + 16;
    let mut wrongs: Vec<Vec<u8>> = vec![
        sound[..sound.len() - 1].to_vec(),
        sound[..16 + sealed_chunk].to_vec(),
        sound[..16].to_vec(),
        Vec::new(),
        [&sound[..], &[0]].concat(),
        [&sound[..16], &sound[16 + sealed_chunk..]].concat(),
    ];
    for at in [0, 15, 16, 5000, 16 + sealed_chunk, sound.len() - 1] {
        let mut wrong = sound.clone();
        wrong[at] ^= 1;
        wrongs.push(wrong);
    }
    for (n, wrong) in wrongs.iter().enumerate() {
        fs::write(&path, wrong).unwrap();
        assert!(matches!(bench.restore(&format!("back{n}")), Err(BackupError::Damaged(_))), "{n}");
    }
    // Another file of the same backup in its place.
    let other = bench.sealed().pop().unwrap();
    fs::copy(other, &path).unwrap();
    assert!(matches!(bench.restore("swapped"), Err(BackupError::Damaged(_))));
    fs::write(&path, &sound).unwrap();
    bench.restore("sound").unwrap();
}

#[test]
fn a_snapshot_writes_nowhere_but_below_the_folder() {
    let bench = Bench::new();
    bench.take().unwrap();
    let mut vault = Vault::open(&bench.to(), WORDS).unwrap();
    let mut snapshot: Snapshot =
        wire::decode(&vault.snapshot(&vault.snapshots().unwrap().pop().unwrap()).unwrap()).unwrap();
    for path in ["../outside", "/outside", "objects/../../outside", "", "."] {
        snapshot.files[0].path = path.to_owned();
        vault.put_snapshot("29990101000000", &wire::encode(&snapshot)).unwrap();
        let back = bench.back(&format!("back-{}", path.len()));
        assert!(matches!(restore(&vault, None, &back, &mut |_| {}), Err(BackupError::Damaged(_))), "{path}");
        assert!(!bench.dir.path().join("outside").exists());
    }
}

#[test]
fn a_restored_node_bears_a_mark_until_it_is_taken_away() {
    let bench = Bench::new();
    assert_eq!(restored(&bench.node()).unwrap(), None);
    assert!(matches!(confirm(&bench.node()), Err(BackupError::NothingToConfirm)));
    let (taken, _) = bench.take().unwrap();
    bench.restore("back").unwrap();
    let back = bench.back("back");
    assert_eq!(restored(&back).unwrap(), Some(taken.clone()));
    assert!(forgotten(&back).is_empty());
    let study = protocol::Uid::parse("1.2.3").unwrap();
    let known = Forgotten { study, site: SiteId([3; 32]), version: 4, instances: 12, copied: 11 };
    note_forgotten(&back, std::slice::from_ref(&known)).unwrap();
    assert_eq!(forgotten(&back), [known]);
    assert_eq!(confirm(&back).unwrap(), taken);
    assert_eq!(restored(&back).unwrap(), None);
}
