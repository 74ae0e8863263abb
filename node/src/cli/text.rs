//! How things are shown: tables, sizes, spans of time, questions.

use crate::words::{self, Language};
use serde_json::Value;
use std::io::{BufRead, Write};

/// Rows in columns as wide as their widest cell; the last column is not padded.
/// The heads stand in one text with a bar between them.
pub(super) fn table(heads: &str, rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = heads.split('|').map(str::to_owned).collect();
    let width = |n: usize| {
        let cells = rows.iter().filter_map(|row| row.get(n)).map(|cell| cell.chars().count());
        cells.chain(heads.get(n).map(|head| head.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let mut out = String::new();
    for row in std::iter::once(&heads).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The heads of a table of the API's fields.
pub(super) fn heads(columns: &[&str]) -> String {
    columns.iter().map(|column| named(column).to_uppercase()).collect::<Vec<_>>().join("|")
}

/// A field of the API, or a condition of a rule, as people call it.
pub(super) fn named(key: &str) -> &str {
    match key {
        "accession" => word!("accession" | "n° d'accès"),
        "age_from" => word!("age_from" | "âge minimal"),
        "age_to" => word!("age_to" | "âge maximal"),
        "age" => word!("age" | "âge"),
        "answered" => word!("answered" | "a répondu"),
        "at" => word!("at" | "adresse"),
        "birth_date" => word!("birth_date" | "né le"),
        "body_parts" => word!("body_parts" | "régions"),
        "bytes" => word!("bytes" | "octets"),
        "cold_after_h" => word!("cold_after_h" | "froid après h"),
        "columns" => word!("columns" | "colonnes"),
        "complete" => word!("complete" | "complets"),
        "descriptions" => word!("descriptions" | "descriptions"),
        "destination" => word!("destination" | "destination"),
        "fault" => word!("fault" | "défaut"),
        "found" => word!("found" | "trouvés"),
        "frames" => word!("frames" | "vues"),
        "host" => word!("host" | "hôte"),
        "hours" => word!("hours" | "horaires"),
        "issuer" => word!("issuer" | "émetteur"),
        "kind" => word!("kind" | "genre"),
        "labels" => word!("labels" | "étiquettes"),
        "listed" => word!("listed" | "listés"),
        "modalities" => word!("modalities" | "modalités"),
        "modality" => word!("modality" | "modalité"),
        "name" => word!("name" | "nom"),
        "notify" => word!("notify" | "avis"),
        "number" => word!("number" | "numéro"),
        "patient_id" => word!("patient_id" | "id patient"),
        "patient_name" => word!("patient_name" | "nom du patient"),
        "priors" => word!("priors" | "antérieurs"),
        "purposes" => word!("purposes" | "usages"),
        "query" => word!("query" | "recherche"),
        "referrers" => word!("referrers" | "prescripteurs"),
        "reject" => word!("reject" | "rejets"),
        "retrieve" => word!("retrieve" | "récupération"),
        "role" => word!("role" | "rôle"),
        "routes" => word!("routes" | "envois"),
        "rows" => word!("rows" | "lignes"),
        "senders" => word!("senders" | "expéditeurs"),
        "series" => word!("series" | "série"),
        "series_descriptions" => word!("series_descriptions" | "descriptions de série"),
        "sex" => word!("sex" | "sexe"),
        "state" => word!("state" | "état"),
        "stations" => word!("stations" | "stations"),
        "store" => word!("store" | "dépôt"),
        "studies" => word!("studies" | "examens"),
        "study" => word!("study" | "examen"),
        "time" => word!("time" | "heure"),
        "title" => word!("title" | "titre"),
        "transfer_syntax" => word!("transfer_syntax" | "syntaxe de transfert"),
        "waiting" => word!("waiting" | "attend"),
        other => other,
    }
}

/// A sentence that came in English, from an error or from the node.
pub(super) fn spoken(sentence: &str) -> String {
    match words::spoken() {
        Language::English => sentence.to_owned(),
        Language::French => words::french(sentence),
    }
}

/// A size with three digits.
pub(super) fn size(bytes: u64) -> String {
    let units = [
        (word!("TB" | "To"), 1_000_000_000_000_u64),
        (word!("GB" | "Go"), 1_000_000_000),
        (word!("MB" | "Mo"), 1_000_000),
        (word!("kB" | "ko"), 1_000),
    ];
    match units.iter().find(|(_, factor)| bytes >= *factor) {
        Some((unit, factor)) => {
            let tenths = bytes / (factor / 10);
            if tenths >= 1000 {
                format!("{} {unit}", tenths / 10)
            } else {
                format!("{}.{} {unit}", tenths / 10, tenths % 10)
            }
        }
        None => told!("{bytes} B" | "{bytes} o"),
    }
}

/// A span of time in its two largest units.
pub(super) fn span(seconds: u64) -> String {
    let units = [(word!("d" | "j"), 86_400_u64), ("h", 3_600), ("min", 60), ("s", 1)];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (unit, factor) in units {
        if left >= factor {
            parts.push(format!("{} {unit}", left / factor));
            left %= factor;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.into_iter().take(2).collect::<Vec<_>>().join(" ") }
}

/// A field as text; nothing for what is not there.
pub(super) fn field(row: &Value, key: &str) -> String {
    match &row[key] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(|v| v.as_str().unwrap_or_default()).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// A time of the API without fractions of seconds.
pub(super) fn time(row: &Value, key: &str) -> String {
    let text = field(row, key);
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// Writes to people or their scripts, whether or not they still read.
pub(super) fn say(to: &mut dyn Write, words: std::fmt::Arguments<'_>) {
    _ = to.write_fmt(words);
    _ = to.flush();
}

/// Asks on the terminal; anything but yes is no.
pub(super) fn ask(question: &str) -> bool {
    say(&mut std::io::stderr(), format_args!("{question} [{}] ", word!("y/N" | "o/N")));
    let mut answer = String::new();
    _ = std::io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "o" | "oui")
}
