//! Rules on arrival and on peers' studies, and what waits because of them.

use super::{
    args::{RuleCommand, RuleWords},
    node::{Node, segment},
    text,
};
use hyper::Method;
use serde_json::{Value, json};
use std::path::Path;

pub(super) async fn rule(dir: &Path, command: RuleCommand) -> anyhow::Result<()> {
    let mut node = match command {
        RuleCommand::Routes { .. }
        | RuleCommand::Retry { .. }
        | RuleCommand::Drop { .. }
        | RuleCommand::Peers { .. }
        | RuleCommand::RetryPeer { .. }
        | RuleCommand::DropPeer { .. } => Node::running(dir).await?,
        RuleCommand::List { .. }
        | RuleCommand::Add { .. }
        | RuleCommand::Edit { .. }
        | RuleCommand::On { .. }
        | RuleCommand::Off { .. }
        | RuleCommand::Remove { .. }
        | RuleCommand::Test { .. } => Node::open(dir).await?,
    };
    match command {
        RuleCommand::List { json } => list(&node.get("/api/rules").await?, json),
        RuleCommand::Add { name, words, dry_run } => {
            let mut rule = json!({ "name": name, "on": true, "conditions": {}, "actions": {} });
            put(&mut rule, words);
            if dry_run {
                tried(&node.post("/api/rules/test", &json!({ "rule": rule })).await?);
            } else {
                let added = node.post("/api/rules", &rule).await?;
                eprintln!(
                    "The rule means what comes in from now on. Its number:"
                        | "La règle vise ce qui arrive désormais. Son numéro :"
                );
                println!("{}", added["id"]);
            }
        }
        RuleCommand::Edit { id, name, words } => {
            let mut rule = kept(&mut node, id).await?;
            if let Some(name) = name {
                rule["name"] = json!(name);
            }
            put(&mut rule, words);
            node.post(&format!("/api/rules/{id}"), &rule).await?;
            eprintln!("Rule {id} is changed." | "La règle {id} est modifiée.");
        }
        RuleCommand::On { id } => switch(&mut node, id, true).await?,
        RuleCommand::Off { id } => switch(&mut node, id, false).await?,
        RuleCommand::Remove { id } => {
            node.ask(Method::DELETE, &format!("/api/rules/{id}"), None).await?;
            eprintln!(
                "Rule {id} is removed; what it set going goes on."
                    | "La règle {id} est supprimée ; ce qu'elle a lancé continue."
            );
        }
        RuleCommand::Test { study: Some(uid), .. } => {
            judged(&node.get(&format!("/api/studies/{}/rules", segment(&uid))).await?);
        }
        RuleCommand::Test { id, last, .. } => {
            let rule = kept(&mut node, id.unwrap_or_default()).await?;
            tried(&node.post("/api/rules/test", &json!({ "rule": rule, "last": last })).await?);
        }
        waits @ (RuleCommand::Routes { .. }
        | RuleCommand::Retry { .. }
        | RuleCommand::Drop { .. }
        | RuleCommand::Peers { .. }
        | RuleCommand::RetryPeer { .. }
        | RuleCommand::DropPeer { .. }) => waiting(&mut node, waits).await?,
    }
    node.close().await
}

/// What waits because of rules.
async fn waiting(node: &mut Node, command: RuleCommand) -> anyhow::Result<()> {
    match command {
        RuleCommand::Routes { json } => routes(&node.get("/api/routes").await?, json),
        RuleCommand::Peers { json } => with_peers(&node.get("/api/rules/peers").await?, json),
        RuleCommand::RetryPeer { peer, study } => {
            node.post("/api/rules/peers/retry", &json!({ "site": peer, "study": study })).await?;
            eprintln!("It is tried now." | "Un essai est fait maintenant.");
        }
        RuleCommand::DropPeer { peer, study } => {
            node.post("/api/rules/peers/drop", &json!({ "site": peer, "study": study })).await?;
            eprintln!(
                "It is not offered to {peer}, and not fetched from there."
                    | "Il n'est pas proposé à {peer}, ni repris de là-bas."
            );
        }
        RuleCommand::Retry { to, study } => {
            node.post("/api/routes/retry", &json!({ "to": to, "study": study })).await?;
            eprintln!("It is tried now." | "Un essai est fait maintenant.");
        }
        RuleCommand::Drop { to, study } => {
            node.post("/api/routes/drop", &json!({ "to": to, "study": study })).await?;
            eprintln!(
                "What was not sent of it is not sent to {to}."
                    | "Ce qui n'en a pas été envoyé n'est pas envoyé à {to}."
            );
        }
        RuleCommand::List { .. }
        | RuleCommand::Add { .. }
        | RuleCommand::Edit { .. }
        | RuleCommand::On { .. }
        | RuleCommand::Off { .. }
        | RuleCommand::Remove { .. }
        | RuleCommand::Test { .. } => {
            bail!(
                "this command is about rules, not about what waits"
                    | "cette commande porte sur les règles, pas sur ce qui attend"
            )
        }
    }
    Ok(())
}

/// A rule as the API takes it.
async fn kept(node: &mut Node, id: u64) -> anyhow::Result<Value> {
    let rules = node.get("/api/rules").await?;
    let found = rules.as_array().into_iter().flatten().find(|rule| rule["id"] == json!(id));
    let Some(rule) = found else { bail!("there is no rule {id}" | "il n'y a pas de règle {id}") };
    Ok(json!({
        "name": rule["name"], "on": rule["on"], "cards": rule["cards"],
        "conditions": rule["conditions"], "actions": rule["actions"],
    }))
}

async fn switch(node: &mut Node, id: u64, on: bool) -> anyhow::Result<()> {
    let mut rule = kept(node, id).await?;
    rule["on"] = json!(on);
    node.post(&format!("/api/rules/{id}"), &rule).await?;
    if on {
        eprintln!("Rule {id} is on." | "La règle {id} est active.");
    } else {
        eprintln!("Rule {id} is off." | "La règle {id} est inactive.");
    }
    Ok(())
}

/// What was given, in the place of what was there.
fn put(rule: &mut Value, words: RuleWords) {
    let lists = [
        ("conditions", "modalities", words.modalities),
        ("conditions", "stations", words.stations),
        ("conditions", "institutions", words.institutions),
        ("conditions", "series_descriptions", words.series_descriptions),
        ("conditions", "body_parts", words.body_parts),
        ("conditions", "descriptions", words.descriptions),
        ("conditions", "referrers", words.referrers),
        ("conditions", "senders", words.senders),
        ("actions", "routes", words.routes),
        ("actions", "labels", words.labels),
        ("actions", "offers", words.offers),
        ("cards", "peers", words.of_peers),
    ];
    for (part, key, given) in lists {
        if let Some(given) = given {
            let given: Vec<String> = given.into_iter().filter(|value| !value.is_empty()).collect();
            rule[part][key] = json!(given);
        }
    }
    if words.any_age {
        rule["conditions"]["age_from"] = Value::Null;
        rule["conditions"]["age_to"] = Value::Null;
    }
    let numbers = [("age_from", words.age_from), ("age_to", words.age_to)];
    for (key, given) in numbers.into_iter().filter(|(_, given)| given.is_some()) {
        rule["conditions"][key] = json!(given);
    }
    if let Some(offered) = words.offered {
        rule["cards"]["offered"] = json!(offered);
    }
    if let Some(hours) = words.fetch_hours {
        rule["actions"]["fetch"]["hours"] = json!(Some(hours).filter(|hours| !hours.is_empty()));
    }
    if let Some(mb_s) = words.fetch_mb_s {
        rule["actions"]["fetch"]["mb_s"] = json!(Some(mb_s).filter(|mb_s| *mb_s > 0));
    }
    if let Some(hours) = words.hours {
        rule["conditions"]["hours"] = json!(Some(hours).filter(|hours| !hours.is_empty()));
    }
    if let Some(priors) = words.priors {
        rule["actions"]["priors"] = json!(priors);
    }
    if words.cold_after.is_some() || words.not_cold {
        rule["actions"]["cold_after_h"] = json!(words.cold_after);
    }
}

/// The members of an object that say something, in one line.
fn line(value: &Value) -> String {
    let said = value.as_object().into_iter().flatten().filter_map(|(key, value)| match value {
        Value::Array(all) if !all.is_empty() => {
            let all = all.iter().filter_map(Value::as_str);
            // Peers by their short keys, as `peer list` has them.
            let is_peers = matches!(key.as_str(), "peers" | "offers");
            let all: Vec<&str> = all.map(|text| text.get(..8).filter(|_| is_peers).unwrap_or(text)).collect();
            Some(format!("{} {}", text::named(key), all.join("|")))
        }
        Value::Number(number) if key != "priors" || number.as_u64() != Some(0) => {
            Some(format!("{} {number}", text::named(key)))
        }
        Value::String(text) => Some(format!("{} {text}", text::named(key))),
        Value::Bool(true) => Some(text::named(key).to_owned()),
        Value::Object(_) => Some(format!("{} {}", text::named(key), line(value)).trim_end().to_owned()),
        _ => None,
    });
    said.collect::<Vec<_>>().join(", ")
}

fn list(rules: &Value, json: bool) {
    if json {
        println!("{rules}");
        return;
    }
    let row = |rule: &Value| {
        let on = if rule["on"] == json!(true) { word!("on" | "active") } else { word!("off" | "inactive") };
        let (id, name) = (text::field(rule, "id"), text::field(rule, "name"));
        let means = match &rule["cards"] {
            Value::Null => line(&rule["conditions"]),
            cards => {
                let asked = [line(cards), line(&rule["conditions"])].join(" ");
                told!("studies of peers: {asked}" | "examens des confrères : {asked}").trim().to_owned()
            }
        };
        vec![id, on.to_owned(), name, means, line(&rule["actions"])]
    };
    let rows: Vec<Vec<String>> = rules.as_array().into_iter().flatten().map(row).collect();
    print!("{}", text::table(word!("NUMBER||NAME|MEANS|DOES" | "NUMÉRO||NOM|VISE|FAIT"), &rows));
}

fn tried(tried: &Value) {
    println!(
        "It would have meant {} of the last {} studies." | "Elle aurait visé {} des {} derniers examens.",
        tried["matched"], tried["looked_at"]
    );
    for study in tried["studies"].as_array().into_iter().flatten() {
        println!(
            "  {} {} {}",
            text::field(study, "study"),
            text::field(study, "date"),
            text::field(study, "description")
        );
    }
}

fn judged(study: &Value) {
    for rule in study["rules"].as_array().into_iter().flatten() {
        let word = match (&rule["fired"], &rule["matches"], &rule["on"]) {
            (Value::Bool(true), ..) => word!("fired" | "a agi"),
            (_, Value::Bool(false), _) => word!("does not mean it" | "ne le vise pas"),
            (_, _, Value::Bool(false)) => word!("means it, and is off" | "le vise, et est inactive"),
            _ => word!(
                "means it; fires when something of it comes in" | "le vise ; agit quand il en arrive quelque chose"
            ),
        };
        println!("{} {}: {word}", rule["id"], text::field(rule, "name"));
        for check in rule["checks"].as_array().into_iter().flatten() {
            let holds = if check["holds"] == json!(true) { word!("yes" | "oui") } else { word!("no " | "non") };
            let (condition, wanted) = (text::field(check, "condition"), text::field(check, "wanted"));
            let (condition, found) = (text::named(&condition), text::field(check, "found"));
            println!(
                "  {holds} {condition}: {wanted} (found: {found})"
                    | "  {holds} {condition} : {wanted} (trouvé : {found})"
            );
        }
    }
    for route in study["routes"].as_array().into_iter().flatten() {
        let word = if route["done"] == json!(true) { word!("done" | "fait") } else { word!("waiting" | "en attente") };
        println!(
            "to {}: {} sent, {} dropped, {word}" | "vers {} : {} envoyés, {} abandonnés, {word}",
            text::field(route, "to"),
            route["sent"],
            route["dropped"]
        );
    }
}

fn routes(routes: &Value, json: bool) {
    if json {
        println!("{routes}");
        return;
    }
    let row = |route: &Value| {
        let sent = told!("{} of {}" | "{} sur {}", route["sent"], route["instances"]);
        let (to, study) = (text::field(route, "to"), text::field(route, "study"));
        let (state, again) = (text::field(route, "state"), text::time(route, "again"));
        vec![to, study, sent, state, again, text::field(route, "error")]
    };
    let rows: Vec<Vec<String>> = routes.as_array().into_iter().flatten().map(row).collect();
    print!(
        "{}",
        text::table(word!("TO|STUDY|SENT|STATE|AGAIN|ERROR" | "VERS|EXAMEN|ENVOYÉ|ÉTAT|REPRISE|ERREUR"), &rows)
    );
}

fn with_peers(work: &Value, json: bool) {
    if json {
        println!("{work}");
        return;
    }
    let cells = |row: &Value| {
        let fields = ["site_name", "study", "rule", "state", "reason"].map(|key| text::field(row, key));
        let mut cells = fields.to_vec();
        cells.push(text::time(row, "again"));
        cells
    };
    let offers: Vec<Vec<String>> = work["offers"].as_array().into_iter().flatten().map(cells).collect();
    println!("Offered to peers:" | "Proposés aux confrères :");
    let heads = word!("TO|STUDY|RULE|STATE|REASON|AGAIN" | "À|EXAMEN|RÈGLE|ÉTAT|RAISON|NOUVEL ESSAI");
    print!("{}", text::table(heads, &offers));
    let fetched = |row: &Value| {
        let mut cells = cells(row);
        // On disk it is sealed, and a little more.
        let of = row["bytes"].as_u64().unwrap_or_default();
        let kept = row["kept_bytes"].as_u64().unwrap_or_default().min(of);
        let (kept, of) = (text::size(kept), text::size(of));
        let here = told!("{kept} of {of}" | "{kept} sur {of}");
        cells.extend([text::field(row, "cause"), here, text::time(row, "opened")]);
        cells
    };
    let fetches: Vec<Vec<String>> = work["fetches"].as_array().into_iter().flatten().map(fetched).collect();
    println!("Fetched from peers:" | "Repris des confrères :");
    let heads = word!(
        "FROM|STUDY|RULE|STATE|REASON|AGAIN|WHY|HERE|OPENED"
            | "DE|EXAMEN|RÈGLE|ÉTAT|RAISON|NOUVEL ESSAI|MOTIF|ICI|OUVERT"
    );
    print!("{}", text::table(heads, &fetches));
    let waste = &work["waste"];
    let (all, unopened, gone) = (&waste["fetched"], &waste["unopened"], &waste["wasted"]);
    let size = |key: &str| bytes(&waste[key]);
    let (all_size, unopened_size, gone_size) = (size("fetched_bytes"), size("unopened_bytes"), size("wasted_bytes"));
    println!(
        "Fetched by rules: {all} studies, {all_size}. Nobody has opened {unopened} of them, {unopened_size}; {gone} of those, {gone_size}, are here no more."
            | "Repris par règle : {all} examens, {all_size}. Personne n'en a ouvert {unopened}, {unopened_size} ; {gone} de ceux-là, {gone_size}, ne sont plus ici."
    );
}

fn bytes(value: &Value) -> String {
    text::size(value.as_u64().unwrap_or_default())
}
