//! Sets the demo up, shows it, and takes it down.

use super::{
    DemoOptions, check,
    client::Client,
    hospital::{Hospital, Plan},
    objects::{self, MadeStudy},
    patients,
};
use crate::{
    dimse,
    tasks::Tasks,
    words::{in_language, spoken},
};
use anyhow::{Context as _, Result, bail};
use protocol::AeTitle;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};
use tokio::signal::unix::{SignalKind, signal};

/// What is needed to start a demo again, in its folder.
const PLANS_FILE: &str = "demo.json";
/// The seed of all pictures.
const SEED: u64 = 1895;

#[derive(Debug, Serialize, Deserialize)]
struct Plans {
    north: Plan,
    south: Plan,
}

/// Two hospitals at work.
#[derive(Debug)]
pub(crate) struct Demo {
    pub(crate) north: Hospital,
    pub(crate) south: Hospital,
    pub(crate) base: PathBuf,
    pub(crate) tasks: Tasks,
}

/// How long a C-STORE association took, and when it began and ended.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    pub(crate) instances: usize,
    pub(crate) bytes: u64,
}

/// Runs the demo until somebody stops it, or the check until it is through.
pub(crate) async fn run(options: DemoOptions) -> Result<ExitCode> {
    // Held to the end: dropping it removes the folder.
    let temporary = match options.dir {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("confrere-demo-").tempdir().context("no temporary folder")?),
    };
    let base = match (&options.dir, &temporary) {
        (Some(dir), _) => dir.clone(),
        (None, Some(folder)) => folder.path().to_owned(),
        (None, None) => bail!("no folder"),
    };
    std::fs::create_dir_all(&base).with_context(|| format!("cannot make {}", base.display()))?;
    let base = base.canonicalize()?;
    let mut stop = Stop::new()?;
    let outcome = tokio::select! {
        outcome = show(&options, &base) => outcome,
        () = stop.asked() => Ok((None, ExitCode::SUCCESS)),
    };
    let (demo, code) = outcome?;
    let Some(mut demo) = demo else { return Ok(code) };
    let code = if options.check { code } else { stay(&mut demo, &mut stop).await };
    say(&in_language!(spoken(), "\nStopping both hospitals …" | "\nArrêt des deux hôpitaux …"));
    let (north, south) = tokio::join!(demo.north.stop(), demo.south.stop());
    north.and(south)?;
    demo.tasks.stop(Duration::from_secs(2)).await;
    say(&in_language!(spoken(), "Stopped." | "Arrêtés."));
    Ok(code)
}

/// Everything up to the table, or to the verdict of the check.
async fn show(options: &DemoOptions, base: &Path) -> Result<(Option<Demo>, ExitCode)> {
    let is_new = !base.join(PLANS_FILE).exists();
    let mut demo = open(base).await?;
    if options.check {
        let held = check::check(&mut demo, is_new).await?;
        return Ok((Some(demo), if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }));
    }
    if is_new {
        pair(&mut demo).await?;
        let made = demo.make(&patients::studies()).await?;
        demo.store(&made).await?;
        save(&demo)?;
    }
    table(&demo);
    Ok((Some(demo), ExitCode::SUCCESS))
}

/// Waits for Ctrl-C, or for a hospital that ends by itself.
async fn stay(demo: &mut Demo, stop: &mut Stop) -> ExitCode {
    tokio::select! {
        () = stop.asked() => ExitCode::SUCCESS,
        why = demo.north.ended() => { say(&why); ExitCode::FAILURE }
        why = demo.south.ended() => { say(&why); ExitCode::FAILURE }
    }
}

struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Writes a line for whoever runs the demo; one who does not listen is no reason to stop.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

async fn open(base: &Path) -> Result<Demo> {
    let tasks = Tasks::default();
    let file = base.join(PLANS_FILE);
    let (plans, is_new) = match std::fs::read(&file) {
        Ok(bytes) => {
            (serde_json::from_slice(&bytes).with_context(|| format!("{} is not readable", file.display()))?, false)
        }
        Err(_) if base.join("nord").exists() => {
            bail!("{} holds a demo whose set-up did not finish, or a check: remove it or name another", base.display())
        }
        Err(_) => {
            let (north, south) = (Plan::new("CH Nord", "CHNORD", "nord")?, Plan::new("CH Sud", "CHSUD", "sud")?);
            (Plans { north, south }, true)
        }
    };
    say(&in_language!(
        spoken(),
        "Starting two hospitals in {} …" | "Démarrage de deux hôpitaux dans {} …",
        base.display()
    ));
    let north = Hospital::open(base, plans.north, &tasks);
    let south = Hospital::open(base, plans.south, &tasks);
    let (north, south) = tokio::join!(north, south);
    let mut demo = Demo { north: north?, south: south?, base: base.to_owned(), tasks };
    if is_new {
        for hospital in [&mut demo.north, &mut demo.south] {
            hospital.add_user("admin", "admin").await?;
        }
        demo.north.add_user("m.leroy", "technologist").await?;
        demo.south.add_user("dr.moreau", "radiologist").await?;
    }
    Ok(demo)
}

/// Keeps what is needed to start again; it holds passwords, so only its owner may read it.
fn save(demo: &Demo) -> Result<()> {
    let plans = Plans { north: demo.north.plan.clone(), south: demo.south.plan.clone() };
    let mut options = std::fs::File::options();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(demo.base.join(PLANS_FILE))?;
    Ok(file.write_all(serde_json::to_string_pretty(&plans)?.as_bytes())?)
}

impl Demo {
    /// Makes studies as files beside the hospitals.
    pub(crate) async fn make(&self, studies: &[patients::Study]) -> Result<Vec<MadeStudy>> {
        let folder = self.base.join("scanner");
        let now = i64::try_from(crate::tasks::now().0).unwrap_or(i64::MAX);
        let today = jiff::Timestamp::from_millisecond(now)?.to_zoned(jiff::tz::TimeZone::system()).date();
        let studies = studies.to_vec();
        let begun = Instant::now();
        let work = move || objects::make(&folder, &studies, SEED, today);
        let made = self.tasks.spawn_blocking("demo pictures", work).await??;
        let instances: usize = made.iter().map(|study| study.instances.len()).sum();
        say(&in_language!(
            spoken(),
            "Made {} studies, {instances} images, in {:.1} s" | "Fabriqué {} examens, {instances} images, en {:.1} s",
            made.len(),
            begun.elapsed().as_secs_f32()
        ));
        Ok(made)
    }

    /// Sends studies to the north over DICOM, as a scanner does, and removes the files.
    pub(crate) async fn store(&self, made: &[MadeStudy]) -> Result<Stored> {
        let paths: Vec<PathBuf> = made.iter().flat_map(|study| &study.instances).map(|i| i.path.clone()).collect();
        let (files, skipped) = dimse::find(&paths);
        if let Some(skipped) = skipped.first() {
            bail!("{}: {}", skipped.path.display(), skipped.reason);
        }
        let plan = &self.north.plan;
        let to: dimse::Destination = format!("{}@{}", plan.ae_title, plan.dimse).parse()?;
        let scanner = AeTitle::parse("SCANNER")?;
        dimse::echo(&to, &scanner).await?;
        let begun = Instant::now();
        let report = dimse::send(&files, &to, &scanner, &mut |_| {}).await?;
        let ended = Instant::now();
        if let Some(failed) = report.failed.first() {
            bail!("{} images were not stored, the first because: {}", report.failed.len(), failed.reason);
        }
        paths.iter().for_each(|path| drop(std::fs::remove_file(path)));
        let stored = Stored { begun, ended, instances: report.sent, bytes: report.bytes };
        say(&in_language!(
            spoken(),
            "Sent {} images to {} by C-STORE in {:.1} s" | "Envoyé {} images à {} par C-STORE en {:.1} s",
            stored.instances,
            plan.name,
            report.took.as_secs_f32()
        ));
        Ok(stored)
    }
}

/// Asks again until there is an answer, within a time.
pub(crate) async fn until<T>(
    what: &str,
    within: Duration,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask().await.with_context(|| what.to_owned())? {
            return Ok(found);
        }
        if begun.elapsed() > within {
            bail!("{what}: not within {} s", within.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

/// Pairs the two sites as their admins would, and agrees that each may read everything of the other.
pub(crate) async fn pair(demo: &mut Demo) -> Result<()> {
    let (north_site, south_site) = (demo.north.plan.site.clone(), demo.south.plan.site.clone());
    let (north, south) = (&mut demo.north.control, &mut demo.south.control);
    let invitation = north.post("/api/peers/invitations", json!({})).await?;
    let code = json!({"invitation": invitation["invitation"], "code": invitation["code"]});
    south.post("/api/peers/join", code).await?;
    let here = comparing(north, &south_site).await?;
    let there = comparing(south, &north_site).await?;
    if here["digits"] != there["digits"] || here["digits"].is_null() {
        bail!("the two sites show different digits: {} and {}", here["digits"], there["digits"]);
    }
    for (client, pairing) in [(&mut *north, &here), (&mut *south, &there)] {
        let id = pairing["id"].as_str().context("a pairing without an id")?;
        client.post(&format!("/api/pairings/{id}/confirm"), json!({"accept": true})).await?;
    }
    for (client, site) in [(&mut *north, &south_site), (&mut *south, &north_site)] {
        until("the peer is paired", PATIENCE, async || {
            let peers = client.get("/api/peers").await?;
            Ok(entry(&peers, "site", site)
                .filter(|peer| peer["paired"].is_string() && peer["connected"] == true)
                .map(|_| ()))
        })
        .await?;
    }
    say(&in_language!(
        spoken(),
        "Paired (both saw the digits {})" | "Appairés (les deux ont vu les chiffres {})",
        here["digits"].as_str().unwrap_or_default()
    ));
    agree(north, south, &south_site).await
}

async fn comparing(client: &mut Client, peer: &str) -> Result<Value> {
    until("the six digits are shown", PATIENCE, async || {
        let pairings = client.get("/api/pairings").await?;
        let all = pairings.as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(failed) = all.iter().find(|p| p["state"] == "failed") {
            bail!("the pairing failed: {}", failed["reason"]);
        }
        let ours = |p: &&Value| p["state"] == "compare" && (p["peer"] == peer || p["peer"].is_null());
        Ok(all.iter().find(ours).cloned())
    })
    .await
}

async fn agree(north: &mut Client, south: &mut Client, south_site: &str) -> Result<()> {
    let offered = north.post("/api/agreements", json!({"site": south_site, "preset": "all"})).await?;
    let id = offered["id"].as_str().context("an agreement without an id")?.to_owned();
    until("the offer arrives", PATIENCE, async || {
        let agreements = south.get("/api/agreements").await?;
        Ok(entry(&agreements, "id", &id).filter(|a| a["state"] == "received").map(|_| ()))
    })
    .await?;
    south.post(&format!("/api/agreements/{id}/accept"), json!({})).await?;
    for client in [north, south] {
        until("the agreement is in force", PATIENCE, async || {
            let agreements = client.get("/api/agreements").await?;
            Ok(entry(&agreements, "id", &id).filter(|a| a["state"] == "active").map(|_| ()))
        })
        .await?;
    }
    say(&in_language!(
        spoken(),
        "Agreed: each may find and read all studies of the other"
            | "Accord conclu : chacun peut trouver et lire tous les examens de l'autre"
    ));
    Ok(())
}

/// The entry of a list whose field has this value.
fn entry<'a>(list: &'a Value, field: &str, value: &str) -> Option<&'a Value> {
    list.as_array()?.iter().find(|entry| entry[field] == value)
}

/// What to try, for whoever looks at it now.
fn table(demo: &Demo) {
    say("");
    for hospital in [&demo.north, &demo.south] {
        let plan = &hospital.plan;
        say(&format!("  {:<8}  http://{}", plan.name, plan.portal));
        for user in &plan.users {
            say(&format!("            {:<10} {:<13} {}", user.name, user.role, user.password));
        }
        say(&format!("            DICOM      {}@{}", plan.ae_title, plan.dimse));
        say("");
    }
    let (north, south) = (&demo.north.plan, &demo.south.plan);
    say(&in_language!(spoken(), "  To try:" | "  À essayer :"));
    say(&in_language!(
        spoken(),
        "  1. Sign in at {} as dr.moreau: the studies of {} are in the list."
            | "  1. Connectez-vous à {} comme dr.moreau : les examens de {} sont dans la liste.",
        south.name,
        north.name
    ));
    say(&in_language!(
        spoken(),
        "  2. Open LEFÈVRE Hélène, scanner of today; images come from the other hospital as you scroll."
            | "  2. Ouvrez LEFÈVRE Hélène, scanner du jour ; les images viennent de l'autre hôpital pendant que vous défilez."
    ));
    say(&in_language!(
        spoken(),
        "     Her scan of last year is the prior to compare with."
            | "     Son scanner de l'an dernier est l'antérieur à comparer."
    ));
    say(&in_language!(
        spoken(),
        "  3. Send an image of your own: storescu +sd -aec {} {} {} FOLDER"
            | "  3. Envoyez une image à vous : storescu +sd -aec {} {} {} DOSSIER",
        north.ae_title,
        north.dimse.ip(),
        north.dimse.port()
    ));
    say(&in_language!(
        spoken(),
        "  4. As admin of {}, look at the access log; then revoke {} and try 2 again."
            | "  4. Comme admin de {}, regardez le journal d'accès ; puis révoquez {} et refaites le 2.",
        north.name,
        south.name
    ));
    say(&in_language!(
        spoken(),
        "\n  Everything is in {}. Ctrl-C stops both hospitals."
            | "\n  Tout est dans {}. Ctrl-C arrête les deux hôpitaux.",
        demo.base.display()
    ));
}
