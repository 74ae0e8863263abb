use super::*;
use crate::backup::{Second, Vault, take};
use ed25519_dalek::SigningKey;

struct Scene {
    dir: tempfile::TempDir,
    key: SigningKey,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { dir: tempfile::tempdir().unwrap(), key: SigningKey::from_bytes(&[1; 32]) };
        let node = scene.node();
        for folder in ["journal", "objects"] {
            fs::create_dir_all(node.join(folder)).unwrap();
        }
        fs::write(node.join("site.key"), "secret").unwrap();
        for n in 0..5u8 {
            scene.object(n, 3000);
        }
        scene
    }
    fn node(&self) -> PathBuf {
        self.dir.path().join("node")
    }
    fn owner(&self) -> SiteId {
        SiteId(self.key.verifying_key().to_bytes())
    }
    fn object(&self, n: u8, bytes: usize) {
        fs::write(self.node().join("objects").join(format!("o{n}")), vec![n; bytes]).unwrap();
    }
    fn back_up(&self) {
        let mut vault = Vault::open_or_begin(&self.dir.path().join("vault"), "quatre mots au hasard").unwrap();
        let _ = take(&self.node(), self.owner(), &mut vault, &mut |_| {}).unwrap();
    }
    fn held(&self) -> Held {
        Held::open(&self.dir.path().join("keeper"))
    }
    /// Takes the list over as `spare` does.
    fn list(&self, second: &Second, held: &Held) -> ListHead {
        let head = second.head().unwrap();
        for page in &head.pages {
            let bytes = second.page(page).unwrap();
            assert!(held.put_page(&self.owner(), &head.folder, page, &bytes).unwrap());
        }
        held.adopt(&self.owner(), &Signed::seal(&self.key, &head), &head).unwrap();
        head
    }
    /// Fetches what is missing by pieces of 1000 bytes. How many files came.
    fn fetch(&self, second: &Second, held: &Held, files_max: usize) -> usize {
        let (owner, plan) = (self.owner(), held.plan(&self.owner()).unwrap());
        let folder = plan.folder.unwrap();
        let mut came = 0;
        for file in plan.missing.iter().take(files_max) {
            let mut at = held.begun(&owner, &folder, file);
            loop {
                let piece = second.piece(&file.name, at, 1000).unwrap();
                match held.append(&owner, &folder, file, &piece).unwrap() {
                    Arrived::More(next) => at = next,
                    Arrived::Whole => break,
                    Arrived::Corrupt => panic!("corrupt"),
                }
            }
            came += 1;
        }
        came
    }
}

#[test]
fn a_copy_is_whole_grows_by_what_is_new_and_can_be_restored() {
    let scene = Scene::new();
    let (second, held, owner) = (Second::open(&scene.node()), scene.held(), scene.owner());
    assert!(!second.publish().unwrap(), "no backup, no list");
    scene.back_up();
    assert!(second.publish().unwrap());
    assert!(!second.publish().unwrap(), "once");
    let head = scene.list(&second, &held);
    assert_eq!(scene.fetch(&second, &held, 2), 2);
    assert_eq!(held.standing(&owner).unwrap().whole, None);
    // Anew, as after a crash: the folder itself says what is there.
    let held = scene.held();
    assert_eq!(scene.fetch(&second, &held, usize::MAX), usize::try_from(head.files).unwrap() - 2);
    held.note_whole(&owner, &head).unwrap();
    let standing = held.standing(&owner).unwrap();
    assert_eq!((standing.whole.unwrap().0, standing.files, standing.bytes), (head.snapshot, head.files, head.bytes));

    // The name of a snapshot is its second: another backup has another name when the clock has moved.
    let next = std::time::Instant::now();
    while tasks::civil(tasks::now()) == format!("{:014}", head.snapshot) {
        assert!(next.elapsed().as_secs() < 5);
        std::thread::yield_now();
    }
    scene.object(9, 100);
    scene.back_up();
    assert!(second.publish().unwrap());
    let grown = scene.list(&second, &held);
    assert_eq!(grown.folder, head.folder);
    // The object and the snapshot.
    assert_eq!(scene.fetch(&second, &held, usize::MAX), 2);

    let out = scene.dir.path().join("out");
    let (copied, bad) = held.export(&owner, &out, &mut |_| {}).unwrap();
    assert_eq!((copied.files, bad), (grown.files, 0));
    let vault = Vault::open(&out, "quatre mots au hasard").unwrap();
    let back = scene.dir.path().join("back");
    let _ = crate::backup::restore(&vault, None, &back, &mut |_| {}).unwrap();
    assert_eq!(fs::read(back.join("objects/o9")).unwrap(), vec![9; 100]);
    assert!(matches!(held.export(&owner, &out, &mut |_| {}), Err(BackupError::NotEmpty(_))));
}

#[test]
fn a_part_that_a_crash_hurt_begins_anew() {
    let scene = Scene::new();
    let (second, held, owner) = (Second::open(&scene.node()), scene.held(), scene.owner());
    scene.back_up();
    let _ = second.publish().unwrap();
    let _ = scene.list(&second, &held);
    let plan = held.plan(&owner).unwrap();
    let (folder, file) = (plan.folder.unwrap(), plan.missing.iter().find(|file| file.bytes > 100).unwrap());
    assert_eq!(held.append(&owner, &folder, file, &[0; 100]).unwrap(), Arrived::More(100));
    let rest = second.piece(&file.name, 100, 1 << 20).unwrap();
    assert_eq!(held.append(&owner, &folder, file, &rest).unwrap(), Arrived::Corrupt);
    assert_eq!(held.begun(&owner, &folder, file), 0);
    assert_eq!(held.plan(&owner).unwrap().missing.len(), plan.missing.len());
    // More than there is of it is not kept either.
    let _ = scene.fetch(&second, &held, usize::MAX);
}

#[test]
fn only_who_has_the_bytes_can_prove_it_and_what_rotted_is_fetched_again() {
    let scene = Scene::new();
    let (second, held, owner) = (Second::open(&scene.node()), scene.held(), scene.owner());
    scene.back_up();
    let _ = second.publish().unwrap();
    let head = scene.list(&second, &held);
    let _ = scene.fetch(&second, &held, usize::MAX);
    let sample = second.sample(1000);
    assert_eq!(sample.len(), usize::try_from(head.files).unwrap());
    let key = Digest([3; 32]);
    for (page, place, file) in &sample {
        let answer = held.prove(&owner, page, *place, &key).unwrap();
        assert_eq!(Some(answer), second.expected(file, &key));
        assert_ne!(Some(answer), second.expected(file, &Digest([4; 32])));
    }
    let (page, place, file) = &sample[0];
    let path = held.folder(&owner, &head.folder).join("copy").join(file.name.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[0] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(held.prove(&owner, page, *place, &key), Err(protocol::Refusal::Corrupt));
    assert_eq!(held.prove(&owner, page, *place, &key), Err(protocol::Refusal::NotHeld));
    assert_eq!(held.standing(&owner).unwrap().missing_files, 1);
    assert_eq!(scene.fetch(&second, &held, usize::MAX), 1);
    assert!(held.prove(&owner, page, *place, &key).is_ok());
}

#[test]
fn an_erasure_that_was_cut_off_says_all_that_it_erased() {
    let scene = Scene::new();
    let (second, held, owner) = (Second::open(&scene.node()), scene.held(), scene.owner());
    scene.back_up();
    let _ = second.publish().unwrap();
    let head = scene.list(&second, &held);
    let _ = scene.fetch(&second, &held, usize::MAX);
    let all = Amount { files: head.files, bytes: head.bytes };
    assert_eq!(held.erase(&owner).unwrap(), Some(all));
    assert_eq!(scene.held().erase(&owner).unwrap(), Some(all), "before the receipt is on its way");
    held.forget(&owner).unwrap();
    assert_eq!(held.erase(&owner).unwrap(), None);
    assert!(held.owners().is_empty());
}

#[test]
fn a_head_of_another_is_not_believed() {
    let scene = Scene::new();
    let (second, held) = (Second::open(&scene.node()), scene.held());
    scene.back_up();
    let _ = second.publish().unwrap();
    let head = scene.list(&second, &held);
    held.adopt(&scene.owner(), &Signed::seal(&SigningKey::from_bytes(&[2; 32]), &head), &head).unwrap();
    assert_eq!(held.head(&scene.owner()), None);
}
