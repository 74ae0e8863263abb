//! Studies into a folder, a zip or an image, written by whoever runs the command.

use super::{args::Export, node::Node, objects::bar, text};
use crate::media::{
    Piece, STUDIES_MAX, Said,
    pack::{self, Folder, Iso, Pack, Packing, Zip},
};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    process::ExitCode,
};

/// Rows asked for at once.
const PAGE: usize = 200;
/// Bytes gathered before a write.
const BUFFER_BYTES: usize = 1 << 20;

#[derive(Default)]
struct Seen {
    instances: u64,
    bytes: u64,
    left_out: u64,
    as_stored: u64,
}

pub(super) async fn export(dir: &Path, asked: Export) -> anyhow::Result<ExitCode> {
    let mut node = Node::open(dir).await?;
    let done = with(&mut node, &asked).await;
    node.close().await?;
    done
}

async fn with(node: &mut Node, asked: &Export) -> anyhow::Result<ExitCode> {
    let rows = chosen(node, asked).await?;
    ensure!(!rows.is_empty(), "no study of ours is meant by that" | "aucun de nos examens n'est visé par ces critères");
    let total = rows.iter().map(|row| row["instances"].as_u64().unwrap_or(0)).sum();
    let bar = bar(total);
    let mut seen = Seen::default();
    let medium = asked.zip || asked.iso || asked.pdi;
    let known = if medium {
        to_medium(node, asked, &rows, &bar, &mut seen).await?;
        0
    } else {
        to_folder(node, asked, &rows, &bar, &mut seen).await?
    };
    bar.finish_and_clear();
    let to = asked.to.display();
    println!(
        "{} instances of {} studies in {to} ({})." | "{} instances de {} examens dans {to} ({}).",
        seen.instances,
        rows.len() - known,
        text::size(seen.bytes)
    );
    if known > 0 {
        println!(
            "{known} studies were there from an earlier export."
                | "{known} examens s'y trouvaient déjà d'un export précédent."
        );
    }
    if seen.as_stored > 0 {
        println!(
            "{} instances cannot be made plain and are there as they are stored."
                | "{} instances ne peuvent pas être décompressées et y sont telles qu'elles sont conservées.",
            seen.as_stored
        );
    }
    if seen.left_out > 0 {
        println!(
            "{} instances are NOT there: they cannot be read here."
                | "{} instances N'Y SONT PAS : elles ne peuvent pas être lues ici.",
            seen.left_out
        );
    }
    Ok(ExitCode::from(if seen.left_out == 0 { 0 } else { super::FAILED }))
}

/// Rows of the studies meant.
async fn chosen(node: &mut Node, asked: &Export) -> anyhow::Result<Vec<Value>> {
    let mut query = String::from("/api/studies?site=own");
    let mut add = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            query.push_str(&format!("&{key}={}", super::node::segment(value)));
        }
    };
    add("patient_id", asked.patient.as_deref());
    add("from", asked.from.as_deref());
    add("to", asked.until.as_deref());
    add("modality", asked.modality.as_deref());
    let mut rows = Vec::new();
    loop {
        let page = node.get(&format!("{query}&limit={PAGE}&offset={}", rows.len())).await?;
        let studies = page["studies"].as_array().cloned().unwrap_or_default();
        let is_end = studies.is_empty() || page["more"] != true;
        rows.extend(studies);
        if is_end {
            break;
        }
    }
    if !asked.study.is_empty() {
        rows.retain(|row| asked.study.iter().any(|uid| row["study"] == uid.as_str()));
        ensure!(
            rows.len() == asked.study.len(),
            "not all of these studies are ours" | "ces examens ne sont pas tous les nôtres"
        );
    }
    Ok(rows)
}

fn uids(rows: &[Value]) -> Vec<&str> {
    rows.iter().filter_map(|row| row["study"].as_str()).collect()
}

/// Study by study, so that it can go on where it was cut off. Gives how many studies were there already.
async fn to_folder(
    node: &mut Node,
    asked: &Export,
    rows: &[Value],
    bar: &ProgressBar,
    seen: &mut Seen,
) -> anyhow::Result<usize> {
    let known: HashMap<String, u64> = pack::finished(&asked.to)?.into_iter().collect();
    let mut count = 0;
    for row in rows {
        let study = text::field(row, "study");
        if known.get(&study).copied() == row["instances"].as_u64() {
            count += 1;
            bar.inc(row["instances"].as_u64().unwrap_or(0));
            continue;
        }
        let body = body(asked, "files", &[&study]);
        run(node, &body, Packing::new(Folder::open(&asked.to)?), bar, seen).await?;
    }
    Ok(count)
}

async fn to_medium(
    node: &mut Node,
    asked: &Export,
    rows: &[Value],
    bar: &ProgressBar,
    seen: &mut Seen,
) -> anyhow::Result<()> {
    ensure!(
        rows.len() <= STUDIES_MAX,
        "at most {STUDIES_MAX} studies go on one medium; {} are meant"
            | "un support reçoit au plus {STUDIES_MAX} examens ; {} sont visés",
        rows.len()
    );
    let form = if asked.iso || asked.pdi { "pdi" } else { "files" };
    let body = body(asked, form, &uids(rows));
    if asked.zip {
        let (part, file) = begin(&asked.to)?;
        let packing = run(node, &body, Packing::new(Zip::new(file)), bar, seen).await?;
        return place(packing.pack.out, &part, &asked.to);
    }
    if asked.iso {
        let (part, file) = begin(&asked.to)?;
        let packing = run(node, &body, Packing::new(Iso::begin(file, "CONFRERE")?), bar, seen).await?;
        return place(packing.pack.out, &part, &asked.to);
    }
    let is_free = match fs::read_dir(&asked.to) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => true,
    };
    ensure!(
        is_free,
        "{} is not empty: a medium is made in a new folder"
            | "{} n'est pas vide : un support se fait dans un dossier neuf",
        asked.to.display()
    );
    run(node, &body, Packing::new(Folder::bare(&asked.to)?), bar, seen).await.map(drop)
}

/// A file that gets its name when it is whole.
fn begin(to: &Path) -> anyhow::Result<(std::path::PathBuf, BufWriter<File>)> {
    ensure!(!to.exists(), "{} is there already" | "{} existe déjà", to.display());
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = std::path::PathBuf::from(part);
    let file = File::create(&part).map_err(|error| anyhow::anyhow!("{}: {error}", part.display()))?;
    Ok((part, BufWriter::with_capacity(BUFFER_BYTES, file)))
}

fn place(mut file: BufWriter<File>, part: &Path, to: &Path) -> anyhow::Result<()> {
    file.flush()?;
    file.get_ref().sync_all()?;
    fs::rename(part, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    Ok(File::open(folder)?.sync_all()?)
}

fn body(asked: &Export, form: &str, studies: &[&str]) -> Value {
    json!({ "studies": studies, "form": form, "plain": asked.plain, "purpose": asked.purpose })
}

async fn run<P: Pack>(
    node: &mut Node,
    body: &Value,
    mut packing: Packing<P>,
    bar: &ProgressBar,
    seen: &mut Seen,
) -> anyhow::Result<Packing<P>> {
    node.pieces("/api/export", body, |piece| {
        packing.take(&piece)?;
        match &piece {
            Piece::Said(Said::File { held: Some(_), .. }) => bar.inc(1),
            Piece::Said(Said::LeftOut { instance, reason }) => {
                let reason = text::spoken(reason);
                bar.suspend(|| eprintln!("{instance}: left out: {reason}" | "{instance} : laissé de côté : {reason}"))
            }
            Piece::Said(Said::AsStored { .. }) => seen.as_stored += 1,
            Piece::Said(Said::Done { instances, bytes, left_out }) => {
                seen.instances += instances;
                seen.bytes += bytes;
                seen.left_out += left_out;
                bar.set_message(text::size(seen.bytes));
            }
            _ => {}
        }
        Ok(())
    })
    .await?;
    ensure!(packing.is_done(), "the export was cut off" | "l'export a été interrompu");
    Ok(packing)
}
