//! How things are shown: tables, sizes, spans of time, questions.

use crate::words::{self, Code, Language};
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
            // What came from outside must not command the terminal.
            line.extend(cell.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }));
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

/// How far a clock is ahead of UTC: `UTC+1`, `UTC-3:30`.
pub(super) fn utc(minutes: i32) -> String {
    let (hours, left) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
    let sign = if minutes < 0 { '-' } else { '+' };
    match (hours, left) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, left) => [format!("UTC{sign}{hours}"), format!("{left:02}")].join(":"),
    }
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
        "disabled" => word!("disabled" | "désactivé"),
        "expires" => word!("expires" | "fin"),
        "owner" => word!("owner" | "titulaire"),
        "second_factor" => word!("second_factor" | "second facteur"),
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

/// How far something is, as the API tells it.
fn state(word: &str) -> &str {
    match word {
        "active" => word!("active" | "en vigueur"),
        "closing" => word!("closing" | "en fin"),
        "cancelled" => word!("cancelled" | "abandonnée"),
        "done" => word!("done" | "terminé"),
        "dropped" => word!("dropped" | "abandonné"),
        "elsewhere" => word!("elsewhere" | "ailleurs"),
        "ended" => word!("ended" | "terminé"),
        "failing" => word!("failing" | "en échec"),
        "gone" => word!("gone" | "disparu"),
        "keep" => word!("keep" | "gardé"),
        "offered" => word!("offered" | "proposé"),
        "open" => word!("open" | "à trancher"),
        "paused" => word!("paused" | "en pause"),
        "received" => word!("received" | "reçu"),
        "refused" => word!("refused" | "refusé"),
        "rule-off" => word!("rule-off" | "règle inactive"),
        "running" => word!("running" | "en cours"),
        "sending" => word!("sending" | "envoi en cours"),
        "suspended" => word!("suspended" | "suspendu"),
        "take" => word!("take" | "remplacé"),
        "unknown" => word!("unknown" | "inconnu là-bas"),
        "waiting" => word!("waiting" | "en attente"),
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

/// What is wrong, as the API tells it: its code in words, and what there is to add.
pub(super) fn fault(told: &Value) -> String {
    let word = told["code"].as_str().unwrap_or_default();
    let sentence = Code::ALL.iter().find(|code| code.word() == word).map_or(word, |code| said(*code));
    match told["detail"].as_str() {
        None | Some("") => sentence.to_owned(),
        Some(detail) => {
            let detail = spoken(detail);
            told!("{sentence}: {detail}" | "{sentence} : {detail}")
        }
    }
}

fn said(code: Code) -> &'static str {
    match code {
        Code::Unreachable => word!("it cannot be reached" | "injoignable"),
        Code::BrokeOff => word!("it broke off" | "interrompu en cours de route"),
        Code::Refused => word!("it refuses" | "refus"),
        Code::NotUnderstood => word!("its answer is not understood" | "sa réponse n'est pas comprise"),
        Code::TooMany => word!("too many at once" | "trop à la fois"),
        Code::NotThere => word!("it is not there" | "absent là-bas"),
        Code::Hours => word!("waits for its hours" | "attend ses horaires"),
        Code::Unfit => word!("its settings cannot be" | "ses réglages ne conviennent pas"),
        Code::Here => word!("a fault of this node" | "un défaut de ce nœud"),
        Code::Stopping => word!("the node is stopping" | "le nœud s'arrête"),
        Code::UnknownAe => word!(
            "no AE of that title is known to which studies may be moved"
                | "aucune AE de ce titre n'est connue qui accepte des examens"
        ),
        Code::NoTls => word!(
            "it is to be called by TLS, which is not set up here" | "elle s'appelle par TLS, qui n'est pas réglé ici"
        ),
        Code::AeChanged => word!("the AE is another one now" | "l'AE n'est plus la même"),
        Code::NoEvidence => word!("it cannot be written down" | "cela ne peut pas être consigné"),
        Code::NoWay => {
            word!(
                "no way is set: see [alarms] in confrere.toml"
                    | "aucun moyen n'est réglé : voyez [alarms] dans confrere.toml"
            )
        }
        Code::Mail => word!("mail" | "courriel"),
        Code::Webhook => "webhook",
        Code::FilesLost => word!("its files cannot be read" | "ses fichiers ne peuvent pas être lus"),
        Code::NotWritten => word!("there is no room, or the disk fails" | "plus de place, ou disque en panne"),
        Code::NotCopied => word!("the cold tier does not take a copy" | "le niveau froid ne prend pas de copie"),
        Code::ColdUnreachable => word!("the cold tier cannot be reached" | "le niveau froid est injoignable"),
        Code::NoObject => word!("not a readable DICOM object" | "ce n'est pas un objet DICOM lisible"),
        Code::Mismatch => word!("it is not what it says" | "ce n'est pas ce qui est annoncé"),
        Code::OtherBytes => word!(
            "other bytes are stored under this SOP Instance UID"
                | "d'autres octets sont conservés sous ce SOP Instance UID"
        ),
        Code::Rejected => word!("it was rejected here" | "rejeté ici"),
        Code::DiskFull => word!("the disk is full" | "le disque est plein"),
        Code::TooLarge => word!("over the bound" | "au-delà de la limite"),
        Code::NoFile => word!("the file cannot be read" | "le fichier ne peut pas être lu"),
        Code::Divided => word!(
            "its study names two patients, decided differently"
                | "son examen nomme deux patients, dont il a été décidé différemment"
        ),
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
        Value::String(text) if key == "state" => state(text).to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(object) if object.contains_key("code") => fault(&row[key]),
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_state_is_told_in_french_and_told_to_programs_as_ever() {
        words::speak(Language::French);
        let told = |word: &str| field(&json!({ "state": word }), "state");
        // What agreements, routes, work with peers, migrations, conflicts and transfers may be.
        for word in [
            "offered",
            "received",
            "active",
            "ended",
            "suspended",
            "closing",
            "waiting",
            "sending",
            "failing",
            "done",
            "refused",
            "unknown",
            "gone",
            "rule-off",
            "dropped",
            "running",
            "paused",
            "cancelled",
            "open",
            "keep",
            "take",
            "elsewhere",
        ] {
            assert_ne!(told(word), word);
        }
        assert_eq!(told("what-comes-later"), "what-comes-later");
        assert_eq!(field(&json!({ "name": "open" }), "name"), "open", "a name stays a name");
    }
}
