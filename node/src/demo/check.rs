//! `confrere demo --check`: the main job without a person, with its times.
//!
//! Every claim is one line of the table; all are tried, so that one failure does not hide the others behind it, except
//! where nothing can follow.

use super::{
    client::{Answer, Client},
    objects::{MadeInstance, MadeStudy},
    patients,
    run::{Demo, Stored, pair, say, until},
};
use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use hyper::{Method, StatusCode};
use protocol::Digest;
use serde_json::Value;
use std::{
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const ANY_DICOM: &str = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
const ANY_FRAME: &str = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*";
const PATIENCE: Duration = Duration::from_secs(60);
/// A study is complete after this time without a new image (the default of the configuration).
const SETTLE: Duration = Duration::from_secs(3);

/// The lines of the table.
#[derive(Debug, Default)]
struct Verdicts {
    lines: Vec<(String, String, bool)>,
}

impl Verdicts {
    fn held(&mut self, what: &str, figure: String, held: bool) {
        say(&format!("  {} {what}: {figure}", if held { "ok    " } else { "FAILED" }));
        self.lines.push((what.to_owned(), figure, held));
    }

    /// A time with its bound.
    fn time(&mut self, what: &str, took: Duration, most: Duration) {
        let figure = format!("{:.3} s (at most {:.3} s)", took.as_secs_f64(), most.as_secs_f64());
        self.held(what, figure, took <= most);
    }
}

/// Runs the check; `true` when everything held.
pub(crate) async fn check(demo: &mut Demo, is_new: bool) -> Result<bool> {
    if !is_new {
        bail!("the check needs a folder of its own: {} holds a demo", demo.base.display());
    }
    let mut verdicts = Verdicts::default();
    pair(demo).await?;
    let made = demo.make(&patients::studies()).await?;
    let spare = demo.make(&patients::check_studies()).await?;
    let mut reader = demo.south.machine("radiologist", &demo.tasks).await?;
    let stored = announce(demo, &mut reader, &made, &mut verdicts).await?;
    say(&format!("Stored {} images, {} MB", stored.instances, stored.bytes / 1_000_000));
    read_all(&mut reader, &made, &mut verdicts).await?;
    demo.store(&spare).await?;
    let [tampered, late] = spare.as_slice() else { bail!("two spare studies were wanted") };
    for study in [tampered, late] {
        until("a spare study is complete at the reader", PATIENCE, async || {
            listed(&mut reader, &study.study, true).await
        })
        .await?;
    }
    tamper(demo, &mut reader, tampered, &mut verdicts).await?;
    evidence(demo, &made, &mut verdicts).await?;
    memory(demo, &mut verdicts);
    revoke(demo, &mut reader, (late, &made), &mut verdicts).await?;
    Ok(summary(&verdicts))
}

/// Sends the studies while watching the other hospital's list.
async fn announce(demo: &Demo, reader: &mut Client, made: &[MadeStudy], verdicts: &mut Verdicts) -> Result<Stored> {
    let first = made.first().context("no study was made")?;
    let seen = until("the first study shows at the other hospital", PATIENCE, async || {
        Ok(listed(reader, &first.study, false).await?.map(|()| Instant::now()))
    });
    let (stored, seen) = tokio::join!(demo.store(made), seen);
    let (stored, seen) = (stored?, seen?);
    verdicts.time("first C-STORE to the other hospital's list", seen - stored.begun, Duration::from_secs(2));
    for study in made {
        until("all studies are complete there", PATIENCE, async || listed(reader, &study.study, true).await).await?;
    }
    verdicts.time("last C-STORE to complete there", stored.ended.elapsed(), SETTLE + Duration::from_secs(2));
    let seconds = (stored.ended - stored.begun).as_secs_f64();
    let figure =
        format!("{} images, {:.1} s, {:.0} MB/s", stored.instances, seconds, megabytes(stored.bytes) / seconds);
    verdicts.held("stored by C-STORE", figure, true);
    Ok(stored)
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
}

/// Whether a study is in the list, and complete if that is wanted.
async fn listed(reader: &mut Client, study: &str, complete: bool) -> Result<Option<()>> {
    let list = reader.get("/api/studies?limit=200").await?;
    let found = list["studies"].as_array().and_then(|all| all.iter().find(|row| row["study"] == study));
    Ok(found.filter(|row| !complete || row["completeness"] == "complete").map(|_| ()))
}

fn instance_path(study: &MadeStudy, instance: &MadeInstance) -> String {
    format!("/dicomweb/studies/{}/series/{}/instances/{}", study.study, instance.series, instance.instance)
}

/// Reads every image and every frame at the other hospital and compares digests.
async fn read_all(reader: &mut Client, made: &[MadeStudy], verdicts: &mut Verdicts) -> Result<()> {
    let first = made.first().context("no study was made")?;
    let middle = first.instances.get(first.instances.len() / 2).context("a study without images")?;
    let begun = Instant::now();
    let path = format!("{}/frames/1", instance_path(first, middle));
    let answer = reader.ask(Method::GET, &path, ANY_FRAME, Bytes::new()).await?;
    verdicts.time("first frame of a study never opened", begun.elapsed(), Duration::from_millis(150));
    if answer.status != StatusCode::OK {
        bail!("the first frame was refused: {} {}", answer.status, answer.text());
    }
    for study in made {
        let begun = Instant::now();
        let (mut wrong, mut bytes) = (Vec::new(), 0u64);
        for instance in &study.instances {
            bytes += instance.data_set_bytes as u64;
            if let Err(error) = read_whole(reader, study, instance).await {
                wrong.push(format!("{error:#}"));
            }
        }
        let seconds = begun.elapsed().as_secs_f64().max(1e-3);
        let (count, speed) = (study.instances.len(), megabytes(bytes) / seconds);
        let figure = told(&wrong, format!("{count} images equal, {seconds:.2} s, {speed:.0} MB/s"));
        verdicts.held(&format!("« {} » read whole", study.description), figure, wrong.is_empty());
    }
    let begun = Instant::now();
    let (mut wrong, mut frames) = (Vec::new(), 0);
    for study in made {
        for instance in &study.instances {
            for (number, digest) in (1..).zip(&instance.frames) {
                frames += 1;
                let path = format!("{}/frames/{number}", instance_path(study, instance));
                if let Err(error) = read_frame(reader, &path, digest).await {
                    wrong.push(format!("{error:#}"));
                }
            }
        }
    }
    let figure = told(&wrong, format!("{frames} frames equal, {:.2} s", begun.elapsed().as_secs_f64()));
    verdicts.held("every frame by itself", figure, wrong.is_empty());
    Ok(())
}

fn told(wrong: &[String], right: String) -> String {
    wrong.first().map_or(right, |first| format!("{} wrong, the first: {first}", wrong.len()))
}

async fn read_whole(reader: &mut Client, study: &MadeStudy, instance: &MadeInstance) -> Result<()> {
    let answer = reader.ask(Method::GET, &instance_path(study, instance), ANY_DICOM, Bytes::new()).await?;
    let file = expect_part(&answer)?;
    let data_set = file.len().checked_sub(instance.data_set_bytes).and_then(|from| file.get(from..));
    let data_set = data_set.context("shorter than what was sent")?;
    if file.get(128..132) != Some(b"DICM".as_slice()) {
        bail!("not a Part 10 file");
    }
    if Digest::of(data_set) != instance.digest {
        bail!("{}: other bytes than were sent", instance.instance);
    }
    Ok(())
}

async fn read_frame(reader: &mut Client, path: &str, digest: &Digest) -> Result<()> {
    let answer = reader.ask(Method::GET, path, ANY_FRAME, Bytes::new()).await?;
    if Digest::of(&expect_part(&answer)?) == *digest { Ok(()) } else { bail!("{path}: other pixels than were sent") }
}

fn expect_part(answer: &Answer) -> Result<Bytes> {
    if answer.status != StatusCode::OK {
        bail!("{} {}", answer.status, answer.text());
    }
    answer.part()
}

/// Flips one byte in the holder's store and asks for that image at the other hospital.
async fn tamper(demo: &mut Demo, reader: &mut Client, study: &MadeStudy, verdicts: &mut Verdicts) -> Result<()> {
    let instance = study.instances.first().context("a study without images")?;
    let (folder, digest, bytes) = (demo.north.folder.clone(), instance.digest, instance.data_set_bytes);
    let search = move || stored_file(&folder, &digest, bytes).context("the holder's file was not found");
    let file = demo.tasks.spawn_blocking("demo search", search).await??;
    flip(&file, bytes)?;
    let frame = format!("{}/frames/1", instance_path(study, instance));
    let answer = reader.ask(Method::GET, &frame, ANY_FRAME, Bytes::new()).await?;
    let corrupt = answer.status == StatusCode::BAD_GATEWAY && answer.text().contains("corrupt");
    let figure = format!("{} {}", answer.status.as_u16(), answer.text());
    verdicts.held("a flipped byte is refused, and told as corrupt", figure, corrupt);
    // An answer that has begun can only be broken off; one that is complete would be a lie.
    let whole = read_whole(reader, study, instance).await;
    let figure = whole.as_ref().map_or_else(|e| format!("{e:#}"), |()| "it was given".to_owned());
    verdicts.held("nor is the image given as a whole", figure, whole.is_err());
    let alerted = until("the holder's log shows the alert", Duration::from_secs(5), async || {
        let log = demo.north.control.get("/api/audit?alerts=true&limit=50").await?;
        let entries = log["entries"].as_array().cloned().unwrap_or_default();
        Ok(entries.into_iter().find(|e| e["act"] == "security-alert" && e["study"] == study.study.as_str()))
    })
    .await;
    let figure = alerted.as_ref().map_or_else(|e| format!("{e:#}"), |entry| entry["note"].to_string());
    verdicts.held("the holder logs an alert", figure, alerted.is_ok());
    let other = study.instances.get(1).context("a study of one image")?;
    let whole = read_whole(reader, study, other).await;
    let figure = whole.as_ref().map_or_else(|e| format!("{e:#}"), |()| "equal".to_owned());
    verdicts.held("its sibling is still read", figure, whole.is_ok());
    Ok(())
}

/// The file below a folder that ends with this data set.
fn stored_file(folder: &Path, digest: &Digest, data_set_bytes: usize) -> Option<PathBuf> {
    const META_BYTES_MAX: u64 = 64 * 1024;
    let wanted = data_set_bytes as u64;
    for entry in std::fs::read_dir(folder).ok()?.filter_map(Result::ok) {
        let path = entry.path();
        let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            if let Some(found) = stored_file(&path, digest, data_set_bytes) {
                return Some(found);
            }
        } else if metadata.is_file() && (wanted..wanted + META_BYTES_MAX).contains(&metadata.len()) {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let tail = bytes.len().checked_sub(data_set_bytes).and_then(|from| bytes.get(from..));
            if tail.is_some_and(|tail| Digest::of(tail) == *digest) {
                return Some(path);
            }
        }
    }
    None
}

/// Flips a bit in the middle of the pixels.
fn flip(file: &Path, data_set_bytes: usize) -> Result<()> {
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))?;
    let mut file = std::fs::File::options().read(true).write(true).open(file)?;
    let back = i64::try_from(data_set_bytes / 2)?;
    let place = file.seek(SeekFrom::End(-back))?;
    let mut byte = [0u8];
    file.read_exact(&mut byte)?;
    file.seek(SeekFrom::Start(place))?;
    file.write_all(&[byte[0] ^ 0x10])?;
    Ok(file.sync_all()?)
}

/// Both hospitals know who read what.
async fn evidence(demo: &mut Demo, made: &[MadeStudy], verdicts: &mut Verdicts) -> Result<()> {
    let first = made.first().context("no study was made")?;
    let (north, south) = (&mut demo.north.control, &mut demo.south.control);
    for (client, act, what) in [
        (north, "study-served", "the holder's log says who was served"),
        (south, "study-opened", "the reader's log says who opened it"),
    ] {
        let log = client.get(&format!("/api/audit?study={}&limit=200", first.study)).await?;
        let found = log["entries"].as_array().and_then(|all| all.iter().find(|entry| entry["act"] == act)).cloned();
        let figure = found.as_ref().map_or_else(|| "no entry".to_owned(), words);
        verdicts.held(what, figure, found.is_some());
    }
    Ok(())
}

fn words(entry: &Value) -> String {
    let word = |field: &str| entry[field].as_str().unwrap_or("–").to_owned();
    format!("{} by {} ({})", word("act"), word("person"), word("role"))
}

fn memory(demo: &Demo, verdicts: &mut Verdicts) {
    for hospital in [&demo.north, &demo.south] {
        if let Some(resident) = hospital.resident_mb() {
            let what = format!("memory of {} after serving", hospital.plan.name);
            verdicts.held(&what, format!("{resident} MB (at most 200 MB)"), resident <= 200);
        }
    }
}

/// Revokes the reader's site at the holder and asks once more.
async fn revoke(
    demo: &mut Demo,
    reader: &mut Client,
    (late, made): (&MadeStudy, &[MadeStudy]),
    verdicts: &mut Verdicts,
) -> Result<()> {
    let before = late.instances.first().context("a study without images")?;
    read_whole(reader, late, before).await.context("before the revocation")?;
    let begun = Instant::now();
    let site = demo.south.plan.site.clone();
    demo.north.control.api(Method::DELETE, &format!("/api/peers/{site}"), &Value::Null).await?;
    let fresh = late.instances.get(1).context("a study of one image")?;
    refused(reader, ("an image not fetched before", late, fresh), begun, verdicts).await?;
    let first = made.first().context("no study was made")?;
    let copied = first.instances.first().context("a study without images")?;
    refused(reader, ("a copy kept from before", first, copied), begun, verdicts).await
}

async fn refused(
    reader: &mut Client,
    (what, study, instance): (&str, &MadeStudy, &MadeInstance),
    begun: Instant,
    verdicts: &mut Verdicts,
) -> Result<()> {
    let path = instance_path(study, instance);
    let refusal = until("the holder refuses", Duration::from_secs(10), async || {
        let answer = reader.ask(Method::GET, &path, ANY_DICOM, Bytes::new()).await?;
        Ok((!answer.status.is_success()).then_some(answer))
    })
    .await;
    let took = begun.elapsed();
    match refusal {
        Ok(answer) => {
            let figure = format!("{} after {:.3} s: {}", answer.status.as_u16(), took.as_secs_f64(), answer.text());
            verdicts.held(
                &format!("after the revocation, {what} is refused within 1 s"),
                figure,
                took.as_secs_f64() < 1.0,
            );
        }
        Err(error) => verdicts.held(&format!("after the revocation, {what} is refused"), format!("{error:#}"), false),
    }
    Ok(())
}

fn summary(verdicts: &Verdicts) -> bool {
    say("\n  What was checked");
    let width = verdicts.lines.iter().map(|(what, ..)| what.chars().count()).max().unwrap_or(0);
    for (what, figure, held) in &verdicts.lines {
        say(&format!("  {} {what:<width$}  {figure}", if *held { "ok    " } else { "FAILED" }));
    }
    let failed = verdicts.lines.iter().filter(|(.., held)| !held).count();
    say(&if failed == 0 { "\n  All of it held.".to_owned() } else { format!("\n  {failed} did not hold.") });
    failed == 0
}
