//! Many objects at once: send, import, verify. Each with a bar that shows how far it is.

use super::{
    args::{Import, Send},
    node::Node,
    text,
};
use crate::dimse::{self, CommitPatience, Destination, Sent};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use protocol::{AeTitle, Uid};
use serde_json::{Value, json};
use std::{path::Path, process::ExitCode, time::Duration};

/// A bar on standard error; none where nobody looks.
pub(super) fn bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(word!(
        "{bar:30} {pos}/{len} {msg} {elapsed}, {eta} left" | "{bar:30} {pos}/{len} {msg} {elapsed}, encore {eta}"
    ));
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// For work of unknown length.
pub(super) fn spinner() -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
}

fn code(faults: u64) -> ExitCode {
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::from(super::FAILED) }
}

pub(super) async fn send(send: Send) -> anyhow::Result<ExitCode> {
    let mut to: Destination = send.to.parse()?;
    if let Some(ca) = &send.tls {
        let own = send.tls_cert.as_deref().zip(send.tls_key.as_deref());
        to.tls = Some((dimse::Calling::read(ca, own)?, None));
    }
    let from = AeTitle::parse(&send.from)?;
    let (files, skipped) = dimse::find(&send.paths);
    for skip in &skipped {
        eprintln!("{}: {}", skip.path.display(), text::spoken(&skip.reason.to_string()));
    }
    ensure!(!files.is_empty(), "there are no DICOM files to send" | "il n'y a pas de fichier DICOM à envoyer");
    let bar = bar(u64::try_from(files.len()).unwrap_or(u64::MAX));
    let mut there = Vec::new();
    let mut progress = |sent: Sent<'_>| {
        bar.set_position(u64::try_from(sent.done).unwrap_or(u64::MAX));
        match sent.fault {
            Some(fault) => bar.suspend(|| eprintln!("{}: {}", sent.file.path.display(), text::spoken(fault))),
            None => there.push((sent.file.sop_class.clone(), sent.file.sop_instance.clone())),
        }
    };
    let report = dimse::send(&files, &to, &from, &mut progress).await?;
    bar.finish_and_clear();
    let seconds = report.took.as_secs_f64();
    let (sent, of, bytes, failed) = (report.sent, files.len(), text::size(report.bytes), report.failed.len());
    println!(
        "{sent} of {of} sent to {to} ({bytes} in {seconds:.1} s), {failed} failed, {} skipped."
            | "{sent} sur {of} envoyés à {to} ({bytes} en {seconds:.1} s), {failed} en échec, {} laissés.",
        skipped.len()
    );
    let unsafe_there = if send.commit { commit(&send, &there, &to, &from).await? } else { 0 };
    Ok(code(u64::try_from(failed + unsafe_there).unwrap_or(u64::MAX)))
}

/// Asks whether what was sent is safe there; gives how many instances are not.
async fn commit(send: &Send, there: &[(Uid, Uid)], to: &Destination, from: &AeTitle) -> anyhow::Result<usize> {
    let patience = CommitPatience { within: Duration::from_secs(send.commit_within), listen: send.commit_at };
    let answer = dimse::commit(there, to, from, patience).await?;
    for (instance, reason) in &answer.failed {
        eprintln!(
            "{instance}: not committed ({reason:04X}, {})" | "{instance} : non garanti ({reason:04X}, {})",
            text::spoken(dimse::failure(*reason))
        );
    }
    println!("{} of {} committed by {to}." | "{} sur {} garantis par {to}.", answer.kept, there.len());
    Ok(answer.failed.len())
}

pub(super) async fn import(dir: &Path, asked: Import) -> anyhow::Result<ExitCode> {
    let mut whole = Vec::with_capacity(asked.paths.len());
    for path in &asked.paths {
        let found = path.canonicalize().map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))?;
        whole.push(found.display().to_string());
    }
    let mut node = Node::open(dir).await?;
    let bar = spinner();
    let (mut seen, mut total) = (0_u64, Value::Null);
    let body = json!({ "paths": whole, "scan": asked.scan, "patients": asked.patient, "own_ids": asked.own_ids,
        "decisions": decisions(&asked)? });
    node.lines("/api/import", &body, |line| {
        if !line["fault"].is_null() {
            bar.suspend(|| println!("{}: {}", text::field(&line, "path"), text::fault(&line["fault"])));
        }
        if line["total"].is_null() {
            seen += 1;
            bar.set_message(told!("{seen} files" | "{seen} fichiers"));
            bar.tick();
        } else {
            total = line["total"].clone();
        }
    })
    .await?;
    bar.finish_and_clear();
    node.close().await?;
    ensure!(
        !total.is_null(),
        "the import was cut off after {seen} files" | "l'import a été interrompu après {seen} fichiers"
    );
    let number = |key: &str| total[key].as_u64().unwrap_or(0);
    let (stored, known, refused) = (number("stored"), number("known"), number("refused"));
    if asked.scan {
        show(&total["patients"]);
        println!(
            "{refused} files are no readable DICOM objects. Nothing was taken in."
                | "{refused} fichiers ne sont pas des objets DICOM lisibles. Rien n'a été pris."
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "{stored} stored ({}), {known} known already, {refused} refused."
            | "{stored} conservés ({}), {known} déjà connus, {refused} refusés.",
        text::size(number("bytes"))
    );
    if number("left_out") > 0 {
        println!("{} left out, as chosen." | "{} laissés de côté, comme demandé.", number("left_out"));
    }
    let undecided = number("undecided");
    if undecided > 0 {
        println!(
            "{undecided} wait for a decision: a patient here has the same ID and another name, birth date or sex.\n\
             See --scan; then decide with --external, --link or --leave-out."
                | "{undecided} attendent une décision : un patient d'ici a le même ID et un autre nom, sexe ou date de naissance.\n\
             Voyez --scan ; puis décidez avec --external, --link ou --leave-out."
        );
    }
    Ok(code(refused + undecided))
}

fn decisions(asked: &Import) -> anyhow::Result<Vec<Value>> {
    let mut all = Vec::new();
    all.extend(asked.leave_out.iter().map(|id| json!({ "id": id, "decision": "leave-out" })));
    all.extend(asked.external.iter().map(|id| json!({ "id": id, "decision": "external", "issuer": asked.issuer })));
    for link in &asked.link {
        let (id, like) = link.rsplit_once('=').with_context(|| {
            told!(
                "--link takes a Patient ID, = and a Study Instance UID"
                    | "--link prend un Patient ID, = et un Study Instance UID"
            )
        })?;
        all.push(json!({ "id": id, "decision": "link", "like": like }));
    }
    Ok(all)
}

/// Who is on a medium, and who of ours might be meant.
fn show(patients: &Value) {
    for patient in patients.as_array().into_iter().flatten() {
        let field = |key| text::field(patient, key);
        let taken = if patient["chosen"] == true { "" } else { word!("   (left out)" | "   (laissé de côté)") };
        println!(
            "Patient {} {}  {}  {}  {}{taken}" | "Patient {} {}  {}  {}  {}{taken}",
            field("id"),
            field("issuer"),
            field("name"),
            field("birth_date"),
            field("sex")
        );
        for study in patient["studies"].as_array().into_iter().flatten() {
            let field = |key| text::field(study, key);
            let (count, held) = (field("instances"), field("held"));
            println!(
                "  {}  {}  {count} instances, {held} held already  {}"
                    | "  {}  {}  {count} instances, dont {held} déjà ici  {}",
                field("date"),
                field("modalities"),
                field("study")
            );
        }
        for candidate in patient["candidates"].as_array().into_iter().flatten() {
            let field = |key| text::field(candidate, key);
            let (what, why) = match field("by").as_str() {
                "id" => (word!("perhaps ours" | "peut-être des nôtres"), word!("same ID" | "même ID")),
                "traits" => (
                    word!("perhaps ours" | "peut-être des nôtres"),
                    word!("same name, birth date and sex" | "mêmes nom, date de naissance et sexe"),
                ),
                _ => (
                    word!("not the same as ours?" | "autre que le nôtre ?"),
                    word!(
                        "same ID, but other name, birth date or sex"
                            | "même ID, mais autre nom, sexe ou date de naissance"
                    ),
                ),
            };
            println!(
                "  {what}: {} {}  {}  {}  ({why})",
                field("id"),
                field("issuer"),
                field("name"),
                field("birth_date")
            );
            println!("    a study: {}" | "    un examen : {}", field("study"));
        }
        if patient["must_decide"] == true {
            println!(
                "  To be decided: --external, --link or --leave-out."
                    | "  À décider : --external, --link ou --leave-out."
            );
        }
    }
}

pub(super) async fn verify(dir: &Path) -> anyhow::Result<ExitCode> {
    let mut node = Node::open(dir).await?;
    let bar = bar(0);
    let mut total = Value::Null;
    node.lines("/api/verify", &json!({}), |line| {
        if let Some(fault) = line["fault"].as_str().map(text::spoken) {
            bar.suspend(|| println!("{}: {fault}", text::field(&line, "instance")));
        }
        let progress = &line["progress"];
        if !progress.is_null() {
            bar.set_length(progress["of"].as_u64().unwrap_or(0));
            bar.set_position(progress["objects"].as_u64().unwrap_or(0));
            bar.set_message(text::size(progress["bytes"].as_u64().unwrap_or(0)));
        }
        if !line["total"].is_null() {
            total = line["total"].clone();
        }
    })
    .await?;
    bar.finish_and_clear();
    node.close().await?;
    if let Some(error) = total["error"].as_str().map(text::spoken) {
        bail!("not all could be read: {error}" | "tout n'a pas pu être lu : {error}");
    }
    ensure!(!total.is_null(), "the check was cut off" | "le contrôle a été interrompu");
    let number = |key: &str| total[key].as_u64().unwrap_or(0);
    let faults = number("faults");
    println!(
        "{} objects checked ({}), {faults} faults." | "{} objets contrôlés ({}), {faults} défauts.",
        number("objects"),
        text::size(number("bytes"))
    );
    Ok(code(faults))
}
