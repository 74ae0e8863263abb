//! The disk fails or loses power while a study goes cold, comes back, is erased, is contested or is corrected: it is whole
//! before and after, and what was promised holds.
//!
//! The calls of each such work are counted once; where there are many, some of them are tried, from the first to the
//! last; all of them where `CONFRERE_EVERY_POINT` is set. The cold tier lies on the same disk.

#![allow(clippy::print_stdout, reason = "the table of what was done and seen: `--no-capture`")]

use crate::storage_fails::{Bed, large, one};
use hyper::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::PathBuf};
use tests::{
    Instance, Study, eventually,
    fault::{Cut, Mode},
    http::{self, Ask},
    part10,
    wait::holds,
};

/// Calls tried in each row of the table, unless all are.
const POINTS_MAX: u64 = 6;
const EVERY: &str = "CONFRERE_EVERY_POINT";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    GoingCold,
    Recall,
    Erasing,
    Conflict,
    Correction,
}

/// What a work is done to, and what of it was acknowledged.
struct Case {
    instance: Instance,
    /// Other bytes under the same UID.
    other: Vec<u8>,
    is_said: bool,
    is_kept_aside: bool,
}

impl Work {
    const fn name(self) -> &'static str {
        match self {
            Self::GoingCold => "going cold",
            Self::Recall => "recall",
            Self::Erasing => "erasing",
            Self::Conflict => "conflict",
            Self::Correction => "correction",
        }
    }
}

struct Stage {
    bed: Bed,
    work: Work,
    /// Who approves.
    ben: String,
    turn: u64,
    /// Works that were acknowledged.
    said: u64,
}

async fn ask(bed: &Bed, token: &str, method: Method, path: &str, body: &Value) -> Option<Value> {
    let ask = Ask::new(method, path).json(body).bearer(token);
    let answer = http::ask(bed.site.portal(), ask).await.ok().filter(|answer| answer.status.is_success())?;
    Some(if answer.text().is_empty() { Value::Null } else { answer.json() })
}

impl Stage {
    async fn set(work: Work) -> Self {
        let mut bed = Bed::new("CH Nord");
        bed.site.configure("archive", "cold", toml::Value::String("cold".to_owned()));
        let ben = bed.site.new_token("ben", "admin");
        bed.start().await;
        Self { bed, work, ben, turn: 0, said: 0 }
    }

    async fn post(&self, path: &str, body: &Value) -> Option<Value> {
        ask(&self.bed, &self.bed.site.token, Method::POST, path, body).await
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let answer = self.bed.site.try_ask(Ask::get(path)).await.ok()?;
        answer.status.is_success().then(|| answer.json())
    }

    /// Whether the study came to the tier; not, if its disk failed or its node died.
    async fn moved(&self, instance: &Instance, to: &str) -> bool {
        let path = format!("/api/studies/{}/tier", instance.study);
        if self.post(&path, &json!({ "tier": to })).await.is_none() {
            return false;
        }
        let mut is_there = false;
        eventually!(30, "the study moves, or its disk fails", {
            let now = self.get(&path).await;
            is_there = now.as_ref().is_some_and(|now| now["tier"] == to && now["moving"].is_null());
            // On a full disk the index says nothing more until there is room.
            let is_mute = now.is_none() && self.bed.disk.seen().hits > 0;
            let has_ended =
                is_mute || now.is_some_and(|now| now["moving"].is_null() || now["moving"]["error"].is_object());
            (has_ended || !self.bed.site.runs()).then_some(())
        });
        is_there
    }

    /// A settled study of one instance, large or small, and what must be so before the work.
    async fn prepare(&mut self) -> Case {
        self.turn += 1;
        let mut instance = if self.turn.is_multiple_of(2) { one() } else { large() };
        if self.work == Work::Erasing {
            let size = if self.turn.is_multiple_of(2) { 64 } else { 256 };
            instance = Study { date: "19900102".to_owned(), ..Study::of(1) }.size(size, size).make().remove(0);
        }
        assert!(self.bed.send(&instance, 0).await);
        let _ = self.bed.site.settled(&instance.study, 1).await;
        let is_cold = self.work == Work::Recall || self.work == Work::Erasing && self.turn % 4 < 2;
        assert!(!is_cold || self.moved(&instance, "cold").await);
        if self.work == Work::Erasing {
            let visit = json!({ "claim": "visit", "day": "19900102", "reason": "asked the HIS" });
            assert!(self.post(&format!("/api/studies/{}/retention", instance.study), &visit).await.is_some());
        }
        let mut other = instance.file.clone();
        let last = other.len() - 1;
        other[last] ^= 1;
        self.bed.kept.retain(|kept| kept.uid != instance.uid);
        Case { instance, other, is_said: false, is_kept_aside: false }
    }

    /// Does the work, as far as it can be done. What was acknowledged before stays acknowledged.
    async fn act(&self, case: &mut Case) {
        let study = case.instance.study.clone();
        let is_said = match self.work {
            Work::GoingCold => self.moved(&case.instance, "cold").await,
            Work::Recall if self.turn % 4 < 2 => self.moved(&case.instance, "hot").await,
            Work::Recall => self.bed.site.try_ask(Ask::get(format!("/dicomweb/studies/{study}"))).await.is_ok(),
            Work::Erasing => self.erase(&study).await,
            Work::Conflict => {
                let answer = self.stow(&case.other).await;
                case.is_kept_aside |= answer == Some(409);
                self.take(case).await
            }
            Work::Correction => {
                let body = json!({ "set": { "PatientName": "RIGHT^NAME" }, "note": "entered twice" });
                self.post(&format!("/api/studies/{study}/correct"), &body).await.is_some()
            }
        };
        case.is_said |= is_said;
    }

    async fn stow(&self, file: &[u8]) -> Option<u16> {
        let ask = Ask::new(Method::POST, "/dicomweb/studies")
            .body(&tests::multipart::dicom_type(), tests::multipart::body(&[file]));
        self.bed.site.try_ask(ask).await.ok().map(|answer| answer.status.as_u16())
    }

    async fn erase(&self, study: &str) -> bool {
        let body = json!({ "study": study, "reason": "time is past" });
        let _ = self.post("/api/retention/proposals", &body).await;
        let proposals = self.get("/api/retention/proposals").await.unwrap_or_default();
        let mine = proposals.as_array().and_then(|all| all.iter().find(|one| one["study"] == study).cloned());
        let Some(mine) = mine else { return self.is_erased(study).await };
        let path = format!("/api/retention/proposals/{}/approve", mine["id"]);
        ask(&self.bed, &self.ben, Method::POST, &path, &json!({})).await.is_some()
    }

    async fn is_erased(&self, study: &str) -> bool {
        let done = self.get("/api/retention/erased").await.unwrap_or_default();
        done.as_array().is_some_and(|all| all.iter().any(|one| one["study"] == study))
    }

    async fn take(&self, case: &Case) -> bool {
        let conflicts = self.get("/api/conflicts").await.unwrap_or_default();
        let is_mine = |one: &&Value| one["instance"] == case.instance.uid.as_str();
        let mine = conflicts.as_array().and_then(|all| all.iter().find(is_mine).cloned());
        let Some(mine) = mine else { return false };
        let path = format!("/api/conflicts/{}/resolve", mine["id"]);
        self.post(&path, &json!({ "decision": "take", "note": "sent again, corrected" })).await.is_some()
    }

    fn cold_copy(&self, instance: &Instance) -> PathBuf {
        let digest = instance.digest();
        self.bed.site.dir().join(format!("cold/{:02x}/{digest}.dcm.zst", digest.0[0]))
    }

    /// What must be so after the work, done, half done or not done.
    async fn check(&mut self, case: Case, what: &str) {
        let instance = &case.instance;
        self.said += u64::from(case.is_said);
        match self.work {
            Work::GoingCold | Work::Recall => self.bed.kept.push(case.instance),
            Work::Erasing if self.is_erased(&instance.study).await => {
                eventually!(30, "it is erased to the end", {
                    let done = self.get("/api/retention/erased").await.unwrap_or_default();
                    let mine = done.as_array()?.iter().find(|one| one["study"] == instance.study.as_str())?.clone();
                    holds(mine["done"] == json!(true))
                });
                assert!(self.bed.site.listed(&instance.study).await.is_none(), "{what}");
                let bytes = &instance.data_set()[..96];
                assert_eq!(self.bed.site.files_with(bytes), [], "bytes are left {what}");
                assert!(!self.cold_copy(instance).exists(), "a cold copy is left {what}");
            }
            Work::Erasing => {
                assert!(!case.is_said, "an erasure is lost {what}");
                self.bed.kept.push(case.instance);
            }
            Work::Conflict => self.check_conflict(&case, what).await,
            Work::Correction => {
                let row = self.bed.site.listed(&instance.study).await.expect("it is listed");
                let is_corrected = row["patient"]["name"] == "RIGHT^NAME";
                assert!(is_corrected || !case.is_said, "a correction is lost {what}");
                let read = self.bed.site.retrieve(&instance.path()).await.expect("it is read");
                assert!(read.ends_with(&instance.pixels[..]), "{what}");
                if !is_corrected {
                    self.bed.kept.push(case.instance);
                }
            }
        }
        let tmp = self.bed.site.dir().join("cold/tmp");
        eventually!(20, "nothing is left on its way to the cold tier", holds(fs::read_dir(&tmp).unwrap().count() == 0));
        self.bed.insist_nothing_is_lost(what).await;
    }

    async fn check_conflict(&mut self, case: &Case, what: &str) {
        let read = self.bed.site.retrieve(&case.instance.path()).await.expect("one of the two is read");
        let read = &read[part10::data_set_at(&read)..];
        let other = &case.other[case.instance.data_set_at..];
        assert!(read == other || read == case.instance.data_set(), "whole bytes of one of the two {what}");
        assert!(read == other || !case.is_said, "a decision is lost {what}");
        if case.is_kept_aside && !case.is_said && read != other {
            // It can still be decided, and then the other bytes are whole, too.
            assert!(self.take(case).await, "what was kept aside is lost {what}");
            let read = self.bed.site.retrieve(&case.instance.path()).await.expect("the other bytes are read");
            assert_eq!(read[part10::data_set_at(&read)..], *other, "{what}");
        }
    }

    /// How many storage calls the work makes.
    async fn count(&mut self) -> u64 {
        let mut case = self.prepare().await;
        self.bed.disk.arm(Mode::Count, 0);
        self.act(&mut case).await;
        let seen = self.bed.disk.disarm();
        assert!(case.is_said, "on a disk that is well");
        self.check(case, "on a disk that is well").await;
        seen.calls
    }

    /// The node dies at the call, then power goes.
    async fn cut(&mut self, at: u64) -> bool {
        let mut case = self.prepare().await;
        let cut = Cut::ALL[usize::try_from(self.turn).unwrap() % Cut::ALL.len()];
        self.bed.disk.arm(if cut == Cut::Half { Mode::Torn } else { Mode::Kill }, at);
        self.act(&mut case).await;
        if self.bed.disk.seen().hits == 0 {
            self.bed.site.stop().await;
        }
        let seen = self.bed.disk.seen();
        self.bed.died().await;
        let what = format!("after {} cut ({cut:?}) at call {at}: {}", self.work.name(), seen.what);
        println!("{what}");
        self.bed.disk.disarm();
        self.bed.disk.cut_power(cut);
        self.bed.start().await;
        self.check(case, &what).await;
        seen.hits > 0
    }

    /// The call fails, or from there on there is no room; then the disk is well again, and the work can be done without a restart.
    async fn fail(&mut self, at: u64) -> bool {
        let mut case = self.prepare().await;
        let mode = if self.turn.is_multiple_of(3) { Mode::Full } else { Mode::Fail };
        self.bed.disk.arm(mode, at);
        self.act(&mut case).await;
        let seen = self.bed.disk.disarm();
        let what = format!("after {} met {mode:?} at call {at}: {}", self.work.name(), seen.what);
        println!("{what}");
        assert!(self.bed.site.runs(), "{what}");
        if !case.is_said {
            self.bed.refused += 1;
            // The index mends itself within a second or two.
            eventually!(20, format!("it can be done {what}"), {
                self.act(&mut case).await;
                holds(case.is_said)
            });
        }
        self.bed.disk.hold().await;
        self.bed.site.kill();
        self.bed.disk.disarm();
        self.bed.disk.cut_power(Cut::Nothing);
        self.bed.start().await;
        self.check(case, &what).await;
        seen.hits > 0
    }
}

/// From the first to the last, no more than can be tried.
fn points(calls: u64) -> BTreeSet<u64> {
    let last = calls.max(1);
    let steps = if std::env::var_os(EVERY).is_some() { last } else { POINTS_MAX.min(last) };
    (0..steps).map(|step| 1 + step * (last - 1) / steps.saturating_sub(1).max(1)).collect()
}

async fn interrupted(work: Work, is_cut: bool) {
    let mut stage = Stage::set(work).await;
    let calls = stage.count().await;
    let points = points(calls);
    for at in &points {
        let is_hit = if is_cut { stage.cut(*at).await } else { stage.fail(*at).await };
        stage.bed.points += u64::from(is_hit);
    }
    assert!(stage.bed.points > 0);
    let how = if is_cut { "cut: each" } else { "fail, full" };
    // Whatever is lost or cannot be read has failed the story by now.
    println!(
        "{:<24} points {:>4} of {calls:>4} calls   acknowledged {:>4}   refused {:>4}   lost 0   phantoms 0",
        format!("{}, {how}", work.name()),
        stage.bed.points,
        stage.said,
        stage.bed.refused
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_study_goes_cold() {
    interrupted(Work::GoingCold, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_study_goes_cold_on_a_disk_that_fails() {
    interrupted(Work::GoingCold, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_study_is_recalled() {
    interrupted(Work::Recall, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_study_is_recalled_on_a_disk_that_fails() {
    interrupted(Work::Recall, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_study_is_erased() {
    interrupted(Work::Erasing, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_study_is_erased_on_a_disk_that_fails() {
    interrupted(Work::Erasing, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_are_kept_aside_and_taken() {
    interrupted(Work::Conflict, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_are_kept_aside_and_taken_on_a_disk_that_fails() {
    interrupted(Work::Conflict, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_study_is_corrected() {
    interrupted(Work::Correction, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_study_is_corrected_on_a_disk_that_fails() {
    interrupted(Work::Correction, false).await;
}
