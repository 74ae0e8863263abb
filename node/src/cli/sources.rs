//! The PACS beside the node, and taking over their studies.

use super::{
    accounts::read_password,
    args::{AddSource, MigrateCommand, SourceCommand, StartMigration},
    node::{Node, segment},
    text,
};
use hyper::Method;
use serde_json::{Map, Value, json};
use std::path::Path;

pub(super) async fn source(dir: &Path, command: SourceCommand) -> anyhow::Result<()> {
    match command {
        SourceCommand::Add(add) => add_source(dir, *add).await?,
        SourceCommand::List => {
            let columns = ["name", "kind", "at", "retrieve", "issuer", "purposes", "listed", "answered", "fault"];
            list(dir, "/api/sources", &columns).await?;
        }
        SourceCommand::Remove { name } => {
            let mut node = Node::open(dir).await?;
            node.ask(Method::DELETE, &format!("/api/sources/{}", segment(&name)), None).await?;
            node.close().await?;
            eprintln!(
                "{name} is forgotten; what was taken over stays." | "{name} est oublié ; ce qui a été repris reste."
            );
        }
        SourceCommand::Test { name } => {
            let mut node = Node::running(dir).await?;
            let said = node.post(&format!("/api/sources/{}/test", segment(&name)), &json!({})).await?;
            println!(
                "{name} answers; {} studies of today." | "{name} répond ; {} examens d'aujourd'hui.",
                said["today"]
            );
        }
        SourceCommand::Find { name, keys, json } => {
            let keys: Map<String, Value> = keys.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
            let mut node = Node::running(dir).await?;
            let found = node.post(&format!("/api/sources/{}/find", segment(&name)), &Value::Object(keys)).await?;
            if json {
                println!("{found}");
            } else {
                let columns = ["study", "date", "modalities", "patient_id", "patient_name", "description", "instances"];
                show(&found, &columns);
            }
        }
    }
    Ok(())
}

async fn add_source(dir: &Path, add: AddSource) -> anyhow::Result<()> {
    let (title, host, port) = match add.at.as_deref() {
        None => (None, None, None),
        Some(at) => {
            let to: crate::dimse::Destination = at.parse()?;
            (Some(to.title.to_string()), Some(to.host), Some(to.port))
        }
    };
    let moves = add.r#move;
    let new = json!({
        "name": add.name, "title": title, "host": host, "port": port, "retrieve": if moves { "move" } else { "get" },
        "tls": add.tls, "certificate": add.certificate, "url": add.url, "ca": add.ca,
        "token": add.token_file.as_deref().map(read_password).transpose()?,
        "basic": add.basic_file.as_deref().map(read_password).transpose()?,
        "issuer": add.issuer, "purposes": (!add.purposes.is_empty()).then_some(add.purposes),
        "concurrent": add.concurrent, "mb_per_s": add.mb_per_s, "days": add.days, "prefetch": add.prefetch,
        "hours": add.hours,
    });
    let mut node = Node::open(dir).await?;
    node.post("/api/sources", &new).await?;
    node.close().await?;
    eprintln!("{} is a source of this node." | "{} est une source de ce nœud.", add.name);
    if let (true, Some(title)) = (moves, title) {
        eprintln!(
            "It sends studies by C-STORE: let it, with `confrere ae add {title} …`."
                | "Elle envoie les examens par C-STORE : permettez-le-lui par `confrere ae add {title} …`."
        );
    }
    Ok(())
}

pub(super) async fn migrate(dir: &Path, command: MigrateCommand) -> anyhow::Result<()> {
    match command {
        MigrateCommand::Start(start) => {
            let StartMigration { source, from, to, modalities, compare, concurrent, mb_per_s, hours } = start;
            let asked = json!({
                "source": source, "from": from, "to": to, "modalities": modalities, "compare": compare,
                "concurrent": concurrent, "mb_per_s": mb_per_s, "hours": hours,
            });
            let mut node = Node::running(dir).await?;
            let begun = node.post("/api/migrations", &asked).await?;
            eprintln!(
                "Begun; `confrere migrate status` tells how far it is. Its number:"
                    | "Commencé ; `confrere migrate status` dit où en est la reprise. Son numéro :"
            );
            println!("{}", text::field(&begun, "id"));
        }
        MigrateCommand::Status { json } => {
            let mut node = Node::open(dir).await?;
            let all = node.get("/api/migrations").await?;
            node.close().await?;
            if json {
                println!("{all}");
            } else {
                let columns =
                    ["id", "source", "state", "waiting", "found", "studies", "complete", "instances", "bytes"];
                show(&all, &columns);
            }
        }
        MigrateCommand::Pause { id } => steer(dir, id, "pause").await?,
        MigrateCommand::Resume { id } => steer(dir, id, "resume").await?,
        MigrateCommand::Cancel { id } => steer(dir, id, "cancel").await?,
        MigrateCommand::Report { id, json, csv } => {
            let mut node = Node::open(dir).await?;
            if csv {
                print!("{}", node.text(&format!("/api/migrations/{id}/report.csv")).await?);
                return node.close().await;
            }
            let report = node.get(&format!("/api/migrations/{id}/report")).await?;
            node.close().await?;
            if json { println!("{report}") } else { show_report(&report) }
        }
    }
    Ok(())
}

async fn steer(dir: &Path, id: u64, how: &str) -> anyhow::Result<()> {
    let mut node = Node::running(dir).await?;
    node.post(&format!("/api/migrations/{id}/{how}"), &json!({})).await?;
    eprintln!("Done." | "Fait.");
    Ok(())
}

/// The totals, then each study of which something lacks.
fn show_report(report: &Value) {
    let migration = &report["migration"];
    let studies = report["studies"].as_array().map_or(&[][..], Vec::as_slice);
    let sum = |key: &str| studies.iter().filter_map(|s| s[key].as_u64()).sum::<u64>();
    let count = |key: &str| studies.iter().filter_map(|s| s[key].as_array()).map(Vec::len).sum::<usize>();
    println!(
        "Migration {} of {}: {}" | "Reprise {} de {} : {}",
        migration["id"],
        text::field(migration, "source"),
        text::field(migration, "state")
    );
    println!(
        "Studies       {} gone through, {} complete" | "Examens       {} parcourus, {} complets",
        studies.len(),
        migration["complete"]
    );
    println!(
        "Instances     {} listed there, {} here before, {} taken in"
            | "Instances     {} annoncées là-bas, {} déjà ici, {} prises",
        sum("said"),
        sum("had"),
        sum("got")
    );
    println!("Bytes         {}" | "Octets        {}", text::size(sum("bytes")));
    let (missing, refused, conflicts) = (count("missing"), count("refused"), count("conflicts"));
    println!(
        "Lacking       {missing} missing, {refused} refused, {conflicts} with other bytes than here"
            | "Manque        {missing} absentes, {refused} refusées, {conflicts} aux octets différents d'ici"
    );
    for study in studies.iter().filter(|study| study["complete"] != true) {
        println!();
        println!(
            "{} ({} of {} here)" | "{} ({} sur {} ici)",
            text::field(study, "study"),
            study["had"].as_u64().unwrap_or(0) + study["got"].as_u64().unwrap_or(0),
            study["said"]
        );
        for (key, word) in
            [("missing", word!("missing" | "absente")), ("conflicts", word!("other bytes" | "autres octets"))]
        {
            for instance in study[key].as_array().into_iter().flatten() {
                let instance = instance.as_str().unwrap_or_default();
                println!("  {word}: {instance}" | "  {word} : {instance}");
            }
        }
        for refused in study["refused"].as_array().into_iter().flatten() {
            println!(
                "  refused: {}: {}" | "  refusée : {} : {}",
                text::field(refused, "instance"),
                text::field(refused, "reason")
            );
        }
        if !study["announced"].is_null() {
            println!(
                "  its study says {} instances, its series {}" | "  son examen annonce {} instances, ses séries {}",
                study["announced"], study["said"]
            );
        }
        if study["patient_differs"] == true {
            println!(
                "  the source names another patient than its instances"
                    | "  la source nomme un autre patient que ses instances"
            );
        }
        if let Some(error) = study["error"].as_str() {
            println!("  {}", text::spoken(error));
        }
    }
}

async fn list(dir: &Path, path: &str, columns: &[&str]) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let answer = node.get(path).await?;
    node.close().await?;
    show(&answer, columns);
    Ok(())
}

fn show(answer: &Value, columns: &[&str]) {
    let row = |row: &Value| columns.iter().map(|column| text::field(row, column)).collect();
    let rows: Vec<Vec<String>> = answer.as_array().into_iter().flatten().map(row).collect();
    print!("{}", text::table(&text::heads(columns), &rows));
}
