//! The disk fails, fills or loses power at any storage call: what was acknowledged is there, and what is listed is read.
//!
//! Each point is a new instance sent while the next call in the row is made to fail, from the instance's first byte to
//! the node's clean end. What was refused may be there nevertheless: a sender that heard nothing, or no, sends again.

#![allow(clippy::print_stdout, reason = "the table of what was done and seen: `--no-capture`")]

use crate::SITE;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tests::{
    Instance, Site, Study, eventually,
    fault::{Cut, Disk, Mode, Seen},
    http::Ask,
    multipart, part10,
};

/// A site on such a disk, and what it acknowledged.
pub(crate) struct Bed {
    pub(crate) site: Site,
    pub(crate) disk: Disk,
    pub(crate) kept: Vec<Instance>,
    /// For the table.
    pub(crate) points: u64,
    pub(crate) refused: u64,
    lost: u64,
    phantoms: u64,
}

impl Bed {
    pub(crate) fn new(name: &str) -> Self {
        let site = Site::init(SITE, name);
        site.configure("archive", "settle", toml::Value::String("100ms".to_owned()));
        let disk = Disk::new(&site.dir(), &site.scratch("disk"));
        site.environment(&disk.environment());
        Self { site, disk, kept: Vec::new(), points: 0, refused: 0, lost: 0, phantoms: 0 }
    }

    pub(crate) async fn start(&mut self) {
        self.disk.begin();
        self.site.serve().await;
    }

    /// Sends by STOW-RS or by C-STORE, in turn. Whether it was acknowledged.
    pub(crate) async fn send(&mut self, instance: &Instance, turn: u64) -> bool {
        let is_acknowledged = if turn.is_multiple_of(2) {
            let ask = Ask::new(hyper::Method::POST, "/dicomweb/studies")
                .body(&multipart::dicom_type(), multipart::body(&[&instance.file]));
            self.site.try_ask(ask).await.is_ok_and(|answer| answer.status == 200)
        } else {
            let path = self.site.scratch("sent").join("one.dcm");
            fs::write(&path, &instance.file).unwrap();
            self.site.c_store(&[path]).code == Some(0)
        };
        if is_acknowledged {
            self.kept.push(instance.clone());
        } else {
            self.refused += 1;
        }
        is_acknowledged
    }

    /// Waits until the study has settled or the disk did its worst.
    async fn settled_or_hit(&self, study: &str) {
        eventually!(30, "the study settles or the disk fails", {
            let is_settled =
                async || self.site.listed(study).await.is_some_and(|row| row["completeness"] == "complete");
            (self.disk.seen().hits > 0 || !self.site.runs() || is_settled().await).then_some(())
        });
    }

    pub(crate) async fn died(&self) {
        eventually!(30, "the node is dead", (!self.site.runs()).then_some(()));
        self.site.kill();
    }

    /// Every acknowledged instance is there, byte for byte, and listed; every listed one can be read.
    pub(crate) async fn insist_nothing_is_lost(&mut self, at: &str) {
        let listed = self.rows("/dicomweb/studies?limit=1000").await;
        for instance in &self.kept {
            let row = listed.iter().find(|row| value(row, "0020000D") == instance.study);
            let held = self.kept.iter().filter(|kept| kept.study == instance.study).count();
            let is_listed = row.is_some_and(|row| row["00201208"]["Value"][0] == held);
            let read = self.site.retrieve(&instance.path()).await;
            let is_read = read.is_ok_and(|file| file[part10::data_set_at(&file)..] == *instance.data_set());
            self.lost += u64::from(!is_listed || !is_read);
        }
        for study in &listed {
            let uid = value(study, "0020000D");
            if self.kept.iter().any(|kept| kept.study == uid) {
                continue;
            }
            for row in self.rows(&format!("/dicomweb/studies/{uid}/instances")).await {
                let (series, sop) = (value(&row, "0020000E"), value(&row, "00080018"));
                let path = format!("/studies/{uid}/series/{series}/instances/{sop}");
                self.phantoms += u64::from(self.site.retrieve(&path).await.is_err());
            }
        }
        assert_eq!((self.lost, self.phantoms), (0, 0), "lost, and listed but not to be read {at}");
    }

    pub(crate) async fn rows(&self, path: &str) -> Vec<Value> {
        self.site.get(path).await.ok().json().as_array().unwrap().clone()
    }

    fn row(&self, mode: &str) {
        println!(
            "{mode:<24} points {:>4}   acknowledged {:>4}   refused {:>4}   lost {}   phantoms {}",
            self.points,
            self.kept.len(),
            self.refused,
            self.lost,
            self.phantoms
        );
    }
}

fn value(row: &Value, tag: &str) -> String {
    row[tag]["Value"][0].as_str().unwrap().to_owned()
}

/// One whose bytes go into the journal with its record.
pub(crate) fn one() -> Instance {
    Study::of(1).make().remove(0)
}

/// One whose file is synced before its record.
pub(crate) fn large() -> Instance {
    Study::of(1).size(256, 256).make().remove(0)
}

/// One of either kind, in turn, each by both doors.
pub(crate) fn either(turn: u64) -> Instance {
    if turn % 4 < 2 { one() } else { large() }
}

/// The node dies at each call of an ingest, of the settling and of its end.
async fn dies_at_every_call(name: &str, mode: Mode, cut: Option<Cut>) {
    let mut bed = Bed::new("CH Nord");
    bed.start().await;
    for make in [one, large] {
        dies(&mut bed, make, name, mode, cut).await;
    }
    assert!(bed.points > 0 && !bed.kept.is_empty());
    bed.row(name);
}

async fn dies(bed: &mut Bed, make: fn() -> Instance, name: &str, mode: Mode, cut: Option<Cut>) {
    let mut at = 1;
    loop {
        let instance = make();
        bed.disk.arm(mode, at);
        if bed.send(&instance, bed.points).await {
            bed.settled_or_hit(&instance.study).await;
        }
        if bed.disk.seen().hits == 0 {
            bed.site.stop().await;
        }
        let seen = bed.disk.seen();
        bed.died().await;
        let what = format!("after {name} at call {at}: {}", seen.what);
        println!("{what}");
        bed.disk.disarm();
        if let Some(cut) = cut {
            bed.disk.cut_power(cut);
        }
        bed.start().await;
        bed.insist_nothing_is_lost(&what).await;
        if seen.hits == 0 {
            break;
        }
        bed.points += 1;
        at += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_is_killed() {
    dies_at_every_call("kill", Mode::Kill, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_write_is_torn() {
    dies_at_every_call("torn", Mode::Torn, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_is_cut_and_nothing_unsynced_is_left() {
    dies_at_every_call("cut: nothing", Mode::Kill, Some(Cut::Nothing)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_is_cut_and_names_are_left() {
    dies_at_every_call("cut: names", Mode::Kill, Some(Cut::Names)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_is_cut_and_zeros_are_left() {
    dies_at_every_call("cut: zeros", Mode::Kill, Some(Cut::Zeros)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_is_cut_and_half_is_left() {
    dies_at_every_call("cut: half", Mode::Torn, Some(Cut::Half)).await;
}

/// One call fails, or from one on nothing has room; then the disk is well again, and the node needs no restart.
async fn fails_at_every_call(name: &str, mode: Mode) {
    let mut bed = Bed::new("CH Nord");
    bed.start().await;
    for make in [one, large] {
        fails(&mut bed, make, name, mode).await;
    }
    assert!(bed.points > 0);
    bed.row(name);
}

async fn fails(bed: &mut Bed, make: fn() -> Instance, name: &str, mode: Mode) {
    let mut at = 1;
    loop {
        let instance = make();
        bed.disk.arm(mode, at);
        let is_acknowledged = bed.send(&instance, bed.points).await;
        if is_acknowledged {
            bed.settled_or_hit(&instance.study).await;
        }
        let is_ending = bed.disk.seen().hits == 0;
        if is_ending {
            bed.site.stop().await;
        }
        let seen: Seen = bed.disk.disarm();
        let what = format!("after {name} at call {at}: {}", seen.what);
        println!("{what}");
        if is_ending {
            bed.died().await;
        } else {
            // Without a restart: the same one again, one more, and all that was acknowledged.
            assert!(bed.site.runs(), "{what}");
            assert!(is_acknowledged || bed.send(&instance, bed.points).await, "not taken {what}");
            let next = make();
            assert!(bed.send(&next, bed.points + 1).await, "the next is not taken {what}");
            let _ = bed.site.settled(&instance.study, 1).await;
            let _ = bed.site.settled(&next.study, 1).await;
            bed.insist_nothing_is_lost(&what).await;
            bed.disk.hold().await;
            bed.site.kill();
            bed.disk.disarm();
        }
        bed.disk.cut_power(Cut::Nothing);
        bed.start().await;
        bed.insist_nothing_is_lost(&what).await;
        if seen.hits == 0 {
            break;
        }
        bed.points += 1;
        at += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_fails() {
    fails_at_every_call("fail, then cut: nothing", Mode::Fail).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_is_full() {
    fails_at_every_call("full, then cut: nothing", Mode::Full).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_is_scarce_and_reading_goes_on() {
    let mut bed = Bed::new("CH Nord");
    bed.start().await;
    assert!(bed.send(&one(), 0).await);
    bed.disk.arm(Mode::Scarce, 0);
    let (by_stow, by_store) = (one(), one());
    assert_eq!(bed.site.stow(&[&by_stow.file]).await.status, 507);
    let path = bed.site.scratch("sent").join("one.dcm");
    fs::write(&path, &by_store.file).unwrap();
    let said = bed.site.c_store(&[path]);
    assert!(said.code != Some(0) && format!("{}{}", said.out, said.err).contains("A700"), "{said:?}");
    let before = bed.site.audit("").await.len();
    bed.insist_nothing_is_lost("while room is scarce").await;
    assert!(bed.site.audit("").await.len() > before, "reading leaves evidence while room is scarce");
    assert!(bed.disk.disarm().hits > 0);
    assert!(bed.send(&by_stow, 0).await && bed.send(&by_store, 1).await);
    bed.insist_nothing_is_lost("after room was scarce").await;
}

/// A rejection is made or is not; what it names is whole either way, and comes back byte for byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejection_is_interrupted() {
    let mut bed = Bed::new("CH Nord");
    bed.start().await;
    let mut at = 1;
    loop {
        let instance = either(at);
        assert!(bed.send(&instance, at).await);
        let _ = bed.site.settled(&instance.study, 1).await;
        bed.kept.pop();
        bed.disk.arm(Mode::Kill, at);
        let path = format!("/api/studies/{}/reject", instance.study);
        let ask = Ask::new(hyper::Method::POST, path).json(&serde_json::json!({ "reason": "quality" }));
        let is_rejected = bed.site.try_ask(ask).await.is_ok_and(|answer| answer.status == 200);
        if bed.disk.seen().hits == 0 {
            bed.site.stop().await;
        }
        let seen = bed.disk.seen();
        bed.died().await;
        let cut = Cut::ALL[usize::try_from(at).unwrap() % Cut::ALL.len()];
        let what = format!("after a rejection cut ({cut:?}) at call {at}: {}", seen.what);
        println!("{what}");
        bed.disk.disarm();
        bed.disk.cut_power(cut);
        bed.start().await;
        bed.insist_nothing_is_lost(&what).await;
        let standing = bed.rows("/api/rejections").await;
        let mine = standing.iter().find(|row| row["study"] == instance.study.as_str());
        assert!(mine.is_some() || !is_rejected, "a rejection is lost {what}");
        assert_eq!(bed.site.retrieve(&instance.path()).await.is_ok(), mine.is_none(), "{what}");
        if let Some(mine) = mine {
            let path = format!("/api/rejections/{}/reinstate", mine["id"]);
            let _ = bed.site.post(&path, &serde_json::json!({})).await.ok();
        }
        bed.kept.push(instance);
        bed.insist_nothing_is_lost(&what).await;
        if seen.hits == 0 {
            break;
        }
        bed.points += 1;
        at += 1;
    }
    assert!(bed.points > 0);
    bed.row("rejection, cut: each");
}

/// A site made, started and used on its first day, all on a disk that keeps nothing by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_is_cut_on_the_first_day() {
    for cut in Cut::ALL {
        let mut site = Site::unmade(SITE, "CH Nord");
        fs::create_dir_all(site.dir()).unwrap();
        let mut disk = Disk::new(&site.dir(), &site.scratch("disk"));
        disk.begin();
        site.make(&disk.environment());
        site.environment(&disk.environment());
        let mut bed = Bed { site, disk, kept: Vec::new(), points: 0, refused: 0, lost: 0, phantoms: 0 };
        bed.site.serve().await;
        assert!(bed.send(&one(), 0).await && bed.send(&large(), 1).await);
        bed.disk.hold().await;
        bed.site.kill();
        bed.disk.disarm();
        bed.disk.cut_power(cut);
        bed.start().await;
        bed.insist_nothing_is_lost(&format!("after the first day ({cut:?})")).await;
    }
}

/// Copies a folder as it is.
fn copy(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (kind, target) = (item.file_type().unwrap(), to.join(item.file_name()));
        match (kind.is_dir(), kind.is_file()) {
            (true, _) => copy(&item.path(), &target),
            (_, true) => drop(fs::copy(item.path(), target).unwrap()),
            _ => {}
        }
    }
}

/// A folder that a node left in the midst of its work, power gone, with acknowledged instances.
async fn left_dirty(bed: &mut Bed, saved: &Path, make: fn(u64) -> Instance) {
    bed.start().await;
    for turn in 0..4 {
        assert!(bed.send(&make(turn), turn).await);
    }
    bed.disk.hold().await;
    bed.site.kill();
    bed.disk.disarm();
    bed.disk.cut_power(Cut::Half);
    copy(&bed.site.dir(), saved);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovery_is_interrupted() {
    let mut bed = Bed::new("CH Nord");
    let saved = bed.site.scratch("saved");
    left_dirty(&mut bed, &saved, either).await;
    let mut at = 1;
    loop {
        copy(&saved, &bed.site.dir());
        bed.disk.begin();
        bed.disk.arm(Mode::Kill, at);
        bed.site.start();
        eventually!(30, "the node is up or dead", {
            let is_up = async || bed.site.try_ask(Ask::get("/dicomweb/studies")).await.is_ok();
            (!bed.site.runs() || is_up().await).then_some(())
        });
        let seen = bed.disk.seen();
        if seen.hits == 0 {
            bed.disk.hold().await;
            bed.site.kill();
            break;
        }
        bed.died().await;
        let cut = Cut::ALL[usize::try_from(at).unwrap() % Cut::ALL.len()];
        let what = format!("after a recovery cut ({cut:?}) at call {at}: {}", seen.what);
        println!("{what}");
        bed.disk.disarm();
        bed.disk.cut_power(cut);
        bed.start().await;
        bed.insist_nothing_is_lost(&what).await;
        bed.site.kill();
        bed.points += 1;
        at += 1;
    }
    assert!(bed.points > 0);
    bed.row("recovery, cut: each");
}

async fn rebuild_is_interrupted(name: &str, make: fn(u64) -> Instance, spoil: impl Fn(&Path)) {
    let mut bed = Bed::new("CH Nord");
    let saved: PathBuf = bed.site.scratch("saved");
    left_dirty(&mut bed, &saved, make).await;
    let environment = bed.disk.environment();
    let mut at = 1;
    loop {
        copy(&saved, &bed.site.dir());
        spoil(&bed.site.dir());
        bed.disk.begin();
        bed.disk.arm(Mode::Kill, at);
        let said = bed.site.cli_in(&environment, &["rebuild"]);
        let seen = bed.disk.disarm();
        if seen.hits == 0 {
            let _ = said.ok();
            break;
        }
        assert_eq!(said.code, None, "killed");
        let cut = Cut::ALL[usize::try_from(at).unwrap() % Cut::ALL.len()];
        let what = format!("after a rebuild cut ({cut:?}) at call {at}: {}", seen.what);
        println!("{what}");
        bed.disk.cut_power(cut);
        let _ = bed.site.cli(&["rebuild"]).ok();
        bed.start().await;
        bed.insist_nothing_is_lost(&what).await;
        bed.site.kill();
        bed.points += 1;
        at += 1;
    }
    assert!(bed.points > 0);
    bed.row(name);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_is_interrupted() {
    rebuild_is_interrupted("rebuild, cut: each", either, |_| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_of_a_damaged_journal_is_interrupted() {
    // Large ones: a small one's only copy after a power cut is the journal, and nothing makes up for damage to that.
    rebuild_is_interrupted(
        "salvage, cut: each",
        |_| large(),
        |folder| {
            let segment = folder.join("journal/archive/00000000000000000000.log");
            let mut bytes = fs::read(&segment).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            fs::write(&segment, bytes).unwrap();
        },
    )
    .await;
}
