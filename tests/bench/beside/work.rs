//! The pieces of work. Each is done on one server and gives what was reached and what it cost.

use crate::{
    dimse::Finder,
    load::{self, Load},
    server::{RECEIVER, Server},
};
use serde_json::Value;
use std::{
    collections::HashMap,
    fs,
    net::SocketAddr,
    process::{Command, Stdio},
    time::Instant,
};
use tests::{Client, http::Ask};

/// One measurement.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    /// In the unit of the work.
    pub(crate) value: f64,
    /// Seconds of the server's CPU, and of what amount: shown as `cpu / amount`.
    pub(crate) cpu: f64,
    pub(crate) amount: f64,
    /// MB, resident, at most during the work.
    pub(crate) peak: f64,
}

/// What is measured: `(name, unit, aim)` in [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    StoreCt(usize, Sender),
    StoreTiny(usize, Sender),
    StowCt,
    StowTiny,
    Frames(usize),
    WholeStudy,
    Metadata,
    MetadataAgain,
    Rendered,
    Get,
    Move,
    FindStudy,
    FindPatient,
    FindAccession,
    QidoStudy,
    QidoRate,
    OneDay,
    OneMonth,
    MonthCt,
    NamePrefix,
    NameInfix,
    FirstPage,
    LastPage,
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The node's own: several requests under way on an association, where the server takes them (ours does, Orthanc does
    /// not).
    Node,
    /// DCMTK's `storescu`: each request waits for the answer to the one before.
    Dcmtk,
}

impl Sender {
    fn of(self, binary: &str) -> Option<&str> {
        match self {
            Self::Node => Some(binary),
            Self::Dcmtk => None,
        }
    }
}

/// How a work's value reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    MbPerSecond,
    PerSecond,
    Milliseconds,
}

/// In the order of measuring: stores first, then reading of one study, then the register of many.
pub(crate) const TABLE: [(Work, &str, Unit, &str); 32] = [
    (Work::StoreCt(1, Sender::Node), "C-STORE 500 CT, 1 association", Unit::MbPerSecond, ">= 2.5x"),
    (Work::StoreCt(4, Sender::Node), "C-STORE 500 CT, 4 associations", Unit::MbPerSecond, ">= 2x"),
    (Work::StoreCt(1, Sender::Dcmtk), "C-STORE 500 CT, 1 storescu", Unit::MbPerSecond, ">= 2.5x"),
    (Work::StoreCt(4, Sender::Dcmtk), "C-STORE 500 CT, 4 storescu", Unit::MbPerSecond, ">= 2x"),
    (Work::StoreTiny(1, Sender::Node), "C-STORE tiny, 1 association", Unit::PerSecond, ">= 2x"),
    (Work::StoreTiny(4, Sender::Node), "C-STORE tiny, 4 associations", Unit::PerSecond, ">= 4x"),
    (Work::StoreTiny(1, Sender::Dcmtk), "C-STORE tiny, 1 storescu", Unit::PerSecond, ">= 2x"),
    (Work::StoreTiny(4, Sender::Dcmtk), "C-STORE tiny, 4 storescu", Unit::PerSecond, ">= 4x"),
    (Work::StowCt, "STOW 25 CT a request", Unit::MbPerSecond, ">= 3x"),
    (Work::StowTiny, "STOW 100 tiny a request", Unit::PerSecond, ">= 3x"),
    (Work::Metadata, "metadata of 500, first", Unit::Milliseconds, "<= 60 ms"),
    (Work::MetadataAgain, "metadata of 500, repeated", Unit::Milliseconds, "<= 5 ms"),
    (Work::Frames(1), "frames, 1 connection", Unit::PerSecond, ">= 1.5x"),
    (Work::Frames(8), "frames, 8 connections", Unit::PerSecond, ">= 1.5x"),
    (Work::Frames(32), "frames, 32 connections", Unit::PerSecond, ">= 1.5x"),
    (Work::WholeStudy, "whole study of 500", Unit::MbPerSecond, ">= 1.2x"),
    (Work::Rendered, "rendered JPEG, 8 connections", Unit::PerSecond, ">= 2x"),
    (Work::Get, "C-GET of 500 CT", Unit::MbPerSecond, ">= 1x"),
    (Work::Move, "C-MOVE of 500 CT", Unit::MbPerSecond, ">= 1x"),
    (Work::FindStudy, "C-FIND by study UID", Unit::Milliseconds, "<= 0.4 ms"),
    (Work::FindPatient, "C-FIND by Patient ID", Unit::Milliseconds, "<= 0.4 ms"),
    (Work::FindAccession, "C-FIND by name, exact", Unit::Milliseconds, ""),
    (Work::QidoStudy, "QIDO by study UID", Unit::Milliseconds, "<= 0.35 ms"),
    (Work::QidoRate, "QIDO, 8 connections", Unit::PerSecond, ">= 8000"),
    (Work::OneDay, "QIDO one day", Unit::Milliseconds, ">= 10x"),
    (Work::OneMonth, "QIDO one month", Unit::Milliseconds, ">= 10x"),
    (Work::MonthCt, "QIDO one month, CT", Unit::Milliseconds, ">= 10x"),
    (Work::NamePrefix, "QIDO name prefix", Unit::Milliseconds, ">= 10x"),
    (Work::NameInfix, "QIDO name infix", Unit::Milliseconds, ">= 10x"),
    (Work::FirstPage, "QIDO page 1", Unit::Milliseconds, ">= 10x"),
    (Work::LastPage, "QIDO last page", Unit::Milliseconds, ">= 10x"),
    (Work::Frames(8), "frames, 8 connections, beside the register", Unit::PerSecond, ""),
];

/// Studies of the register.
pub(crate) const REGISTER: u32 = 20_000;

/// What all works share: what is read, and where.
pub(crate) struct Stage {
    pub(crate) binary: &'static str,
    /// The study that is read, held by both.
    pub(crate) study: Load,
    /// The register, sent to both.
    pub(crate) register: Option<Load>,
    pub(crate) tiny: u32,
    pub(crate) images: u32,
}

impl Work {
    pub(crate) fn needs_register(self) -> bool {
        use Work::*;
        matches!(
            self,
            FindStudy
                | FindPatient
                | FindAccession
                | QidoStudy
                | QidoRate
                | OneDay
                | OneMonth
                | MonthCt
                | NamePrefix
                | NameInfix
                | FirstPage
                | LastPage
        )
    }

    /// Fresh instances for a store, made before anything is measured.
    pub(crate) fn fresh(self, stage: &Stage) -> Option<Load> {
        match self {
            Self::StoreCt(..) => Some(load::load(1, stage.images, 512)),
            Self::StowCt => Some(load::load(1, 100, 512)),
            Self::StoreTiny(..) | Self::StowTiny => Some(load::load(20, stage.tiny / 20, 64)),
            _ => None,
        }
    }

    /// What `storescu` reaches with a receiver that keeps nothing: more than it can send no server takes.
    pub(crate) fn at_most(self, receiver: SocketAddr, fresh: Option<&Load>) -> Option<f64> {
        let fresh = fresh?;
        let (amount, associations) = match self {
            Self::StoreCt(n, Sender::Dcmtk) => (fresh.bytes / 1e6, n),
            Self::StoreTiny(n, Sender::Dcmtk) => (fresh.paths.len() as f64, n),
            _ => return None,
        };
        Some(amount / load::store_at(None, (RECEIVER, receiver), &fresh.paths, associations))
    }

    pub(crate) async fn run(self, server: &Server, stage: &Stage, fresh: Option<&Load>) -> Sample {
        server.forget_peak();
        let before = server.cpu();
        let (value, amount) = self.done(server, stage, fresh).await;
        Sample { value, cpu: server.cpu() - before, amount, peak: server.memory().1 }
    }

    /// The value, and the amount of work for the CPU's share: GB for bytes, one for each otherwise.
    async fn done(self, server: &Server, stage: &Stage, fresh: Option<&Load>) -> (f64, f64) {
        let study = &stage.study.studies[0];
        let uid = &study[0].study;
        let all = stage.study.bytes;
        match self {
            Self::StoreCt(n, sender) => {
                let fresh = fresh.unwrap();
                (fresh.bytes / 1e6 / load::store(sender.of(stage.binary), server, &fresh.paths, n), fresh.bytes / 1e9)
            }
            Self::StoreTiny(n, sender) => {
                let fresh = fresh.unwrap();
                let count = fresh.paths.len() as f64;
                (count / load::store(sender.of(stage.binary), server, &fresh.paths, n), count)
            }
            Self::StowCt => {
                let fresh = fresh.unwrap();
                (fresh.bytes / 1e6 / load::stow(server, &fresh.studies[0], 25).await, fresh.bytes / 1e9)
            }
            Self::StowTiny => {
                let fresh = fresh.unwrap().studies.concat();
                let count = fresh.len() as f64;
                (count / load::stow(server, &fresh, 100).await, count)
            }
            Self::Frames(connections) => {
                let accept = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*";
                let asks: Vec<Ask> = (0..1000)
                    .map(|n| format!("{}/frames/1", study[n % study.len()].path()))
                    .map(|path| server.ask(&path).header("accept", accept))
                    .collect();
                (1000.0 / together(server, &asks, connections).await, 1000.0)
            }
            Self::Rendered => {
                let asks: Vec<Ask> = (0..400)
                    .map(|n| format!("{}/rendered", study[n % study.len()].path()))
                    .map(|path| server.ask(&path).header("accept", "image/jpeg"))
                    .collect();
                (400.0 / together(server, &asks, 8).await, 400.0)
            }
            Self::WholeStudy => {
                let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
                let ask = server.ask(&format!("/studies/{uid}")).header("accept", accept);
                let mut client = Client::connect(server.http).await.unwrap();
                let began = Instant::now();
                let answer = client.ask(ask).await.unwrap().ok();
                assert!(answer.body.len() as f64 > all, "{}: the whole study", server.name);
                (all / 1e6 / began.elapsed().as_secs_f64(), all / 1e9)
            }
            Self::Metadata | Self::MetadataAgain => {
                let path = format!("/studies/{uid}/series/{}/metadata", study[0].series);
                let ask = server.ask(&path).header("accept", "application/dicom+json");
                let mut client = Client::connect(server.http).await.unwrap();
                let answer = client.ask(ask).await.unwrap().ok();
                assert_eq!(answer.json().as_array().unwrap().len(), study.len());
                (answer.whole_after.as_secs_f64() * 1e3, 1.0)
            }
            Self::Get | Self::Move => self.retrieve(server, stage),
            _ => self.search(server, stage).await,
        }
    }

    /// By DCMTK.
    fn retrieve(self, server: &Server, stage: &Stage) -> (f64, f64) {
        let study = &stage.study.studies[0];
        let all = stage.study.bytes;
        let key = format!("StudyInstanceUID={}", study[0].study);
        let level = ["-k", "QueryRetrieveLevel=STUDY", "-k", &key];
        let seconds = if self == Self::Get {
            let folder = tempfile::TempDir::with_prefix("confrere-got-").unwrap();
            let got = folder.path().display().to_string();
            let seconds = dcmtk("getscu", server, &[&["-S", "-od", &got][..], &level].concat());
            let count = fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(count, study.len(), "{} sends all", server.name);
            seconds
        } else {
            dcmtk("movescu", server, &[&["-S", "-aem", RECEIVER][..], &level].concat())
        };
        (all / 1e6 / seconds, all / 1e9)
    }

    async fn search(self, server: &Server, stage: &Stage) -> (f64, f64) {
        let register = stage.register.as_ref().unwrap();
        let nth = |n: usize| &register.studies[(n * 7919) % register.studies.len()][0].study;
        let id = |n: usize| format!("R{:07}", (n * 7919) % register.studies.len());
        let level = (0x0008, 0x0052, "STUDY");
        let date = (0x0008, 0x0020, "");
        match self {
            Self::FindStudy => find(server, 300, |n, finder| {
                finder.find(&[date, level, (0x0010, 0x0010, ""), (0x0020, 0x000d, nth(n))])
            }),
            Self::FindPatient => find(server, 300, |n, finder| {
                finder.find(&[date, level, (0x0010, 0x0020, &id(n)), (0x0020, 0x000d, "")])
            }),
            Self::FindAccession => find(server, 50, |n, finder| {
                let n = (n * 7919) % register.studies.len();
                // Names without accents, so that both read the question alike.
                let n = n - n % 12;
                finder.find(&[date, level, (0x0010, 0x0010, &format!("Martin^Anne{n:06}")), (0x0020, 0x000d, "")])
            }),
            Self::QidoStudy => {
                let asks: Vec<Ask> =
                    (0..500).map(|n| server.ask(&format!("/studies?StudyInstanceUID={}", nth(n)))).collect();
                (each(server, &asks, 1).await, 500.0)
            }
            Self::QidoRate => {
                let asks: Vec<Ask> =
                    (0..8000).map(|n| server.ask(&format!("/studies?StudyInstanceUID={}", nth(n)))).collect();
                let asks = if server.name == "node" { &asks[..] } else { &asks[..1000] };
                let seconds = together(server, asks, 8).await;
                (asks.len() as f64 / seconds, asks.len() as f64)
            }
            Self::OneDay => repeat(server, "/studies?StudyDate=20250304&limit=1000", 7, 1).await,
            Self::OneMonth => repeat(server, "/studies?StudyDate=20250301-20250331&limit=1000", 5, 100).await,
            Self::MonthCt => {
                let path = "/studies?StudyDate=20250301-20250331&ModalitiesInStudy=CT&limit=1000";
                repeat(server, path, 5, 20).await
            }
            Self::NamePrefix => repeat(server, "/studies?PatientName=Martin*&limit=100", 5, 100).await,
            Self::NameInfix => repeat(server, "/studies?PatientName=*Anne0199*&limit=100", 5, 100).await,
            Self::FirstPage => repeat(server, "/studies?limit=100", 7, 100).await,
            Self::LastPage => {
                let offset = register.studies.len() - 100;
                repeat(server, &format!("/studies?limit=100&offset={offset}"), 7, 100).await
            }
            _ => unreachable!("not a search"),
        }
    }
}

/// DCMTK against a server, without its Nagle delay; seconds.
fn dcmtk(program: &str, server: &Server, arguments: &[&str]) -> f64 {
    let mut command = Command::new(program);
    command.env("TCP_NODELAY", "1").args(["-aet", "WORKSTATION", "-aec", &server.title]).args(arguments);
    command.args(["127.0.0.1", &server.dimse.port().to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    assert!(command.status().unwrap().success(), "{program} of {}", server.name);
    began.elapsed().as_secs_f64()
}

/// Median milliseconds of questions on one association.
fn find(server: &Server, times: usize, mut ask: impl FnMut(usize, &mut Finder) -> usize) -> (f64, f64) {
    let mut finder = Finder::open(server.dimse, &server.title);
    let mut took: Vec<f64> = (0..times)
        .map(|n| {
            let began = Instant::now();
            let found = ask(n, &mut finder);
            assert_eq!(found, 1, "{} finds the one study", server.name);
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    (median(&mut took), times as f64)
}

/// Median milliseconds of one search; it must find so many at least.
async fn repeat(server: &Server, path: &str, times: usize, at_least: usize) -> (f64, f64) {
    let asks = vec![server.ask(path); times];
    (each(server, &asks, at_least).await, times as f64)
}

async fn each(server: &Server, asks: &[Ask], at_least: usize) -> f64 {
    let mut client = Client::connect(server.http).await.unwrap();
    let mut took = Vec::new();
    for ask in asks {
        let answer = client.ask(ask.clone().header("accept", "application/dicom+json")).await.unwrap().ok();
        took.push(answer.whole_after.as_secs_f64() * 1e3);
        let rows = answer.json().as_array().map_or(0, Vec::len);
        assert!(rows >= at_least, "{} finds {rows}, not {at_least}", server.name);
    }
    median(&mut took)
}

/// Seconds for all, over so many connections.
async fn together(server: &Server, asks: &[Ask], connections: usize) -> f64 {
    let mut tasks = tokio::task::JoinSet::new();
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(Client::connect(server.http).await.unwrap());
    }
    let mut shares: HashMap<usize, Vec<Ask>> = HashMap::new();
    for (n, ask) in asks.iter().enumerate() {
        shares.entry(n % connections).or_default().push(ask.clone());
    }
    let began = Instant::now();
    for (n, mut client) in clients.into_iter().enumerate() {
        let share = shares.remove(&n).unwrap_or_default();
        tasks.spawn(async move {
            for ask in share {
                assert!(client.ask(ask).await.unwrap().status.is_success());
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    began.elapsed().as_secs_f64()
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Puts the study or the register into both, and waits until both find the last of it.
pub(crate) async fn fill(servers: &[Server], stage: &Stage) {
    for server in servers {
        if let Some(register) = &stage.register {
            let began = Instant::now();
            load::store_all(stage.binary, server, &register.paths);
            println!("{:>8}: {} studies in {:.1} s", server.name, register.paths.len(), began.elapsed().as_secs_f64());
        } else {
            load::store(Some(stage.binary), server, &stage.study.paths, 4);
        }
        let last = stage.register.as_ref().map_or(&stage.study, |register| register);
        let uid = last.studies.last().unwrap()[0].study.clone();
        tests::eventually!(120, "the last study is found", {
            let ask = server.ask(&format!("/studies?StudyInstanceUID={uid}"));
            let answer = tests::http::ask(server.http, ask).await.ok()?;
            let rows: Value = serde_json::from_slice(&answer.body).ok()?;
            (rows.as_array()?.len() == 1).then_some(())
        });
    }
}
