//! Coverages, rosters and shifts.

use super::{
    args::{CoverageWords, Days, OtherShift, RosterCommand, ShiftCommand, ShiftWords, WhoWords},
    duty::list,
    node::{Node, segment},
    text,
};
use anyhow::Context;
use hyper::Method;
use serde_json::{Value, json};
use std::{fmt::Write, io::Read, path::Path};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES: u16 = 1_440;
/// Of a calendar file that is read; the node says what is wrong with a larger one.
const FILE_BYTES_MAX: u64 = 1 << 20;

fn shown(rows: &Value, json: bool, table: impl FnOnce(&Value) -> String) {
    if json {
        println!("{rows:#}");
    } else {
        print!("{}", table(rows));
    }
}

fn query(pairs: &[(&str, Option<String>)]) -> String {
    let mut said = String::new();
    for (name, value) in pairs {
        if let Some(value) = value {
            let mark = if said.is_empty() { '?' } else { '&' };
            _ = write!(said, "{mark}{name}={}", segment(value));
        }
    }
    said
}

fn period(days: Days) -> Vec<(&'static str, Option<String>)> {
    vec![("from", days.from), ("days", days.days.map(|days| days.to_string()))]
}

pub(super) async fn roster(dir: &Path, command: RosterCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    match command {
        RosterCommand::List { json } => shown(&node.get("/api/coverages").await?, json, coverages),
        RosterCommand::Offer(words) => {
            let said = node.post("/api/coverages", &draft(words)?).await?;
            eprintln!(
                "Offered; it is in force when all its sites have signed. Its id:"
                    | "Proposé ; en vigueur quand tous ses sites auront signé. Son identifiant :"
            );
            println!("{}", text::field(&said, "id"));
        }
        RosterCommand::Accept { id } => {
            let said = node.post(&format!("/api/coverages/{}/accept", segment(&id)), &json!({})).await?;
            println!("{}", text::field(&said, "state"));
        }
        RosterCommand::End { id } => {
            let said = node.post(&format!("/api/coverages/{}/end", segment(&id)), &json!({})).await?;
            println!("{}", text::field(&said, "state"));
        }
        RosterCommand::Show { id, days, json } => {
            let mut pairs = period(days);
            pairs.push(("coverage", Some(id)));
            shown(&node.get(&format!("/api/rosters{}", query(&pairs))).await?, json, week);
        }
        RosterCommand::Who(WhoWords { site, modalities, regions, at, refused, json }) => {
            let asked =
                [("site", site), ("modalities", modalities), ("regions", regions), ("at", at), ("refused", refused)];
            shown(&node.get(&format!("/api/rosters/who{}", query(&asked))).await?, json, ladder);
        }
        RosterCommand::Export { id, days } => {
            let path = format!("/api/rosters/{}/calendar{}", segment(&id), query(&period(days)));
            print!("{}", node.text(&path).await?);
        }
        RosterCommand::Import { id, file, trial } => {
            let path = format!("/api/rosters/{}/calendar?trial={trial}", segment(&id));
            let said = node.post_text(&path, "text/calendar", contents(&file)?).await?;
            print!("{}", events(&said["events"]));
            if !trial && said["done"] != json!(true) {
                bail!(
                    "nothing was changed: see the lines marked unknown or clash"
                        | "rien n'a été modifié : voir les lignes marquées unknown ou clash"
                );
            }
        }
    }
    node.close().await
}

fn contents(file: &Path) -> anyhow::Result<String> {
    let read = |from: &mut dyn Read| {
        let mut bytes = Vec::new();
        from.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = if file == Path::new("-") {
        read(&mut std::io::stdin())?
    } else {
        let named = || file.display().to_string();
        read(&mut std::fs::File::open(file).with_context(named)?).with_context(named)?
    };
    String::from_utf8(bytes).map_err(|_| anyhow::Error::msg(told!("this is not text" | "ce n'est pas du texte")))
}

fn draft(words: CoverageWords) -> anyhow::Result<Value> {
    let reader = |text: &String| match text.rsplit_once(':') {
        Some((site, tier)) => json!({ "site": site, "tier": tier }),
        None => json!({ "site": text }),
    };
    let mut spans = Vec::new();
    for text in &words.hours {
        let Some(found) = hours(text) else {
            bail!(
                "not hours: {text} (for example \"daily 18:00-08:00\" or \"sat 13:00-mon 08:00\")"
                    | "ce ne sont pas des heures : {text} (par exemple « daily 18:00-08:00 » ou « sat 13:00-mon 08:00 »)"
            )
        };
        spans.extend(found);
    }
    Ok(json!({
        "id": words.id, "name": words.name, "beneficiaries": words.beneficiaries,
        "readers": words.readers.iter().map(reader).collect::<Vec<_>>(),
        "modalities": words.modalities, "regions": words.regions, "time_zone": words.time_zone, "spans": spans,
        "holidays": words.holidays, "extra_days": words.extra_day, "telephone": words.telephone,
        "from": words.from, "until": words.until,
    }))
}

fn day(text: &str) -> Option<u16> {
    DAYS.iter().position(|day| text.eq_ignore_ascii_case(day)).and_then(|day| u16::try_from(day).ok())
}

fn clock(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// `daily 18:00-08:00`, `mon-fri 12:00-14:00`, `sat 13:00-mon 08:00`, as minutes of the week.
fn hours(text: &str) -> Option<Vec<(u16, u16)>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let week = 7 * DAY_MINUTES;
    match words.as_slice() {
        [first, middle, last] => {
            let (from, then) = middle.split_once('-')?;
            let end = day(then)? * DAY_MINUTES + clock(last)?;
            Some(vec![(day(first)? * DAY_MINUTES + clock(from)?, end)])
        }
        [which, span] => {
            let (from, to) = span.split_once('-')?;
            let (from, to) = (clock(from)?, clock(to)?);
            let days: Vec<u16> = match which.split_once('-') {
                Some((first, last)) => {
                    let (first, last) = (day(first)?, day(last)?);
                    (0..7).map(|n| (first + n) % 7).take(usize::from((last + 7 - first) % 7) + 1).collect()
                }
                None if which.eq_ignore_ascii_case("daily") => (0..7).collect(),
                None => vec![day(which)?],
            };
            let length = if to > from { to - from } else { to + DAY_MINUTES - from };
            let of_day = |day: u16| {
                let start = day * DAY_MINUTES + from;
                (start, if start + length == week { week } else { (start + length) % week })
            };
            Some(days.into_iter().map(of_day).collect())
        }
        _ => None,
    }
}

pub(super) async fn shift(dir: &Path, command: ShiftCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let mut step = async |id: &str, word: &str, body: Value| {
        node.post(&format!("/api/shifts/{}/{word}", segment(id)), &body).await
    };
    let other = |other: OtherShift| json!({ "shift": other.shift, "site": other.site });
    let said = match command {
        ShiftCommand::List { json } => {
            shown(&node.get("/api/shifts").await?, json, shifts);
            None
        }
        ShiftCommand::Handing { id, json } => {
            shown(&node.get(&format!("/api/shifts/{}/handing", segment(&id))).await?, json, handing);
            None
        }
        ShiftCommand::Add(words) => {
            let said = node.post("/api/shifts", &planned(words)).await?;
            eprintln!(
                "{} is on duty until {}. The shift's id:" | "{} est de garde jusqu'au {}. Identifiant de la garde :",
                text::field(&said, "person"),
                text::time(&said, "end")
            );
            println!("{}", text::field(&said, "id"));
            None
        }
        ShiftCommand::Move { id, words } => {
            let path = format!("/api/shifts/{}", segment(&id));
            Some(node.ask(Method::PUT, &path, Some(&planned(words))).await?)
        }
        ShiftCommand::Confirm { id } => Some(step(&id, "confirm", json!({})).await?),
        ShiftCommand::Doubt { id } => Some(step(&id, "doubt", json!({})).await?),
        ShiftCommand::Keep { id } => Some(step(&id, "keep", json!({})).await?),
        ShiftCommand::End { id } => Some(step(&id, "end", json!({})).await?),
        ShiftCommand::Take { id, sound, notifications } => {
            let word = |did: bool| if did { "worked" } else { "not-noticed" };
            Some(step(&id, "take", json!({ "sound": word(sound), "notifications": word(notifications) })).await?)
        }
        ShiftCommand::Offer { id, to } => Some(step(&id, "offer", other(to)).await?),
        ShiftCommand::Relieve { id, from } => Some(step(&id, "relieve", other(from)).await?),
    };
    if let Some(said) = said {
        println!("{}", text::field(&said, "state"));
    }
    node.close().await
}

fn planned(words: ShiftWords) -> Value {
    json!({
        "person": words.person, "start": words.from, "end": words.until, "coverage": words.coverage,
        "presence": words.presence, "rank": words.rank, "competences": words.competences,
        "telephone": words.telephone, "confirmed": !words.planned,
    })
}

fn rows(list: &Value, row: impl Fn(&Value) -> Vec<String>) -> Vec<Vec<String>> {
    list.as_array().into_iter().flatten().map(row).collect()
}

fn names(row: &Value, key: &str) -> String {
    let named = row[key].as_array().into_iter().flatten().filter_map(|party| party["name"].as_str());
    named.collect::<Vec<_>>().join(",")
}

fn coverages(list: &Value) -> String {
    let row = |row: &Value| {
        let (waits, all) = (["beneficiaries", "readers"], "readers");
        let unsigned = waits.iter().flat_map(|key| row[*key].as_array().into_iter().flatten());
        let unsigned =
            unsigned.filter(|party| party["signed"] != json!(true)).filter_map(|party| party["name"].as_str());
        let mut unsigned: Vec<&str> = unsigned.collect();
        unsigned.sort_unstable();
        unsigned.dedup();
        vec![
            text::field(row, "id"),
            text::field(row, "name"),
            text::field(row, "version"),
            text::field(row, "state"),
            names(row, "beneficiaries"),
            names(row, all),
            unsigned.join(","),
        ]
    };
    let heads =
        word!("ID|NAME|VERSION|STATE|FOR|READ BY|NOT SIGNED BY" | "ID|NOM|VERSION|ÉTAT|POUR|LU PAR|PAS SIGNÉ PAR");
    text::table(heads, &rows(list, row))
}

fn shifts(list: &Value) -> String {
    let row = |row: &Value| {
        vec![
            text::field(row, "id"),
            row["coverage_name"].as_str().unwrap_or("–").to_owned(),
            text::field(row, "site_name"),
            text::field(row, "person"),
            text::field(row, "presence"),
            text::field(row, "rank"),
            text::time(row, "start"),
            text::time(row, "end"),
            text::field(row, "state"),
            list_or_all(row),
        ]
    };
    let heads = word!(
        "ID|COVERAGE|SITE|PERSON|KIND|RANK|FROM|UNTIL|STATE|READS"
            | "ID|COUVERTURE|SITE|PERSONNE|SORTE|RANG|DE|À|ÉTAT|LIT"
    );
    text::table(heads, &rows(list, row))
}

fn list_or_all(row: &Value) -> String {
    let all = list(row, "competences");
    if all.is_empty() { word!("all" | "tout").to_owned() } else { all }
}

fn holes(list_of: &Value) -> String {
    let row = |row: &Value| {
        let modalities = list(row, "modalities");
        let modalities = if modalities.is_empty() { word!("all" | "tout").to_owned() } else { modalities };
        vec![text::time(row, "from"), text::time(row, "until"), text::field(row, "minutes"), modalities]
    };
    let heads = word!("NOBODY FROM|UNTIL|MINUTES|FOR" | "PERSONNE DE|À|MINUTES|POUR");
    text::table(heads, &rows(list_of, row))
}

fn week(said: &Value) -> String {
    let empty = said["holes"].as_array().is_none_or(Vec::is_empty);
    let nobody = if empty {
        told!("Somebody is on duty in every minute.\n" | "Il y a quelqu'un de garde à chaque minute.\n")
    } else {
        holes(&said["holes"])
    };
    format!("{}\n{nobody}", shifts(&said["shifts"]))
}

fn ladder(list: &Value) -> String {
    let row = |row: &Value| {
        vec![
            text::field(row, "tier"),
            text::field(row, "site_name"),
            row["person"].as_str().unwrap_or("–").to_owned(),
            text::field(row, "rank"),
            row["telephone"].as_str().filter(|number| !number.is_empty()).unwrap_or("–").to_owned(),
            row["skip"].as_str().map_or_else(|| word!("asked" | "sollicité").to_owned(), str::to_owned),
        ]
    };
    let heads = word!("TIER|SITE|PERSON|RANK|TELEPHONE|WHY NOT" | "NIVEAU|SITE|PERSONNE|RANG|TÉLÉPHONE|POURQUOI PAS");
    text::table(heads, &rows(list, row))
}

fn events(list: &Value) -> String {
    let row = |row: &Value| {
        vec![
            text::field(row, "line"),
            text::field(row, "person"),
            text::time(row, "start"),
            text::time(row, "end"),
            text::field(row, "presence"),
            text::field(row, "fate"),
        ]
    };
    let heads = word!("LINE|PERSON|FROM|UNTIL|KIND|WHAT" | "LIGNE|PERSONNE|DE|À|SORTE|QUOI");
    text::table(heads, &rows(list, row))
}

fn handing(said: &Value) -> String {
    let case = |row: &Value| vec![text::field(row, "case"), list(row, "studies"), list(row, "sites")];
    let heads = word!("OPEN CASE|STUDIES|WITH" | "DOSSIER OUVERT|EXAMENS|AVEC");
    let open = text::table(heads, &rows(&said["cases"], case));
    let next = told!("It may go to:" | "Peut être transmis à :");
    let offered = told!("Offered to this shift:" | "Proposé à cette garde :");
    format!("{open}\n{next}\n{}\n{offered}\n{}", shifts(&said["next"]), shifts(&said["offered"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_minutes_of_the_week() {
        assert_eq!(hours("sat 13:00-mon 08:00"), Some(vec![(5 * 1440 + 780, 480)]));
        assert_eq!(hours("mon-fri 12:00-14:00").map(|all| all.len()), Some(5));
        let nights = hours("daily 18:00-08:00").unwrap();
        assert_eq!((nights[0], nights[6]), ((1_080, 1_440 + 480), (6 * 1_440 + 1_080, 480)));
        assert_eq!(hours("sun 20:00-00:00"), Some(vec![(6 * 1_440 + 1_200, 10_080)]));
        assert_eq!(hours("fri-mon 00:00-01:00").map(|all| all.len()), Some(4));
        for bad in ["", "daily", "daily 25:00-08:00", "everyday 18:00-08:00", "mon 18:00", "mon 1-2 3"] {
            assert_eq!(hours(bad), None, "{bad}");
        }
    }
}
