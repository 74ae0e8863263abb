//! Rules on arrival, and what waits because of them.

use super::{
    args::{RuleCommand, RuleWords},
    node::{Node, segment},
    text,
};
use anyhow::bail;
use hyper::Method;
use serde_json::{Value, json};
use std::path::Path;

pub(super) async fn rule(dir: &Path, command: RuleCommand) -> anyhow::Result<()> {
    let mut node = match command {
        RuleCommand::Routes { .. } | RuleCommand::Retry { .. } | RuleCommand::Drop { .. } => Node::running(dir).await?,
        _ => Node::open(dir).await?,
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
                eprintln!("The rule means what comes in from now on. Its number:");
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
            eprintln!("Rule {id} is changed.");
        }
        RuleCommand::On { id } => switch(&mut node, id, true).await?,
        RuleCommand::Off { id } => switch(&mut node, id, false).await?,
        RuleCommand::Remove { id } => {
            node.ask(Method::DELETE, &format!("/api/rules/{id}"), None).await?;
            eprintln!("Rule {id} is removed; what it set going goes on.");
        }
        RuleCommand::Test { study: Some(uid), .. } => {
            judged(&node.get(&format!("/api/studies/{}/rules", segment(&uid))).await?);
        }
        RuleCommand::Test { id, last, .. } => {
            let rule = kept(&mut node, id.unwrap_or_default()).await?;
            tried(&node.post("/api/rules/test", &json!({ "rule": rule, "last": last })).await?);
        }
        RuleCommand::Routes { json } => routes(&node.get("/api/routes").await?, json),
        RuleCommand::Retry { to, study } => {
            node.post("/api/routes/retry", &json!({ "to": to, "study": study })).await?;
            eprintln!("It is tried now.");
        }
        RuleCommand::Drop { to, study } => {
            node.post("/api/routes/drop", &json!({ "to": to, "study": study })).await?;
            eprintln!("What was not sent of it is not sent to {to}.");
        }
    }
    node.close().await
}

/// A rule as the API takes it.
async fn kept(node: &mut Node, id: u64) -> anyhow::Result<Value> {
    let rules = node.get("/api/rules").await?;
    let found = rules.as_array().into_iter().flatten().find(|rule| rule["id"] == json!(id));
    let Some(rule) = found else { bail!("there is no rule {id}") };
    Ok(json!({
        "name": rule["name"], "on": rule["on"], "conditions": rule["conditions"], "actions": rule["actions"],
    }))
}

async fn switch(node: &mut Node, id: u64, on: bool) -> anyhow::Result<()> {
    let mut rule = kept(node, id).await?;
    rule["on"] = json!(on);
    node.post(&format!("/api/rules/{id}"), &rule).await?;
    eprintln!("Rule {id} is {}.", if on { "on" } else { "off" });
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
            let all: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            Some(format!("{key} {}", all.join("|")))
        }
        Value::Number(number) if key != "priors" || number.as_u64() != Some(0) => Some(format!("{key} {number}")),
        Value::String(text) => Some(format!("{key} {text}")),
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
        let on = if rule["on"] == json!(true) { "on" } else { "off" };
        let (id, name) = (text::field(rule, "id"), text::field(rule, "name"));
        vec![id, on.to_owned(), name, line(&rule["conditions"]), line(&rule["actions"])]
    };
    let rows: Vec<Vec<String>> = rules.as_array().into_iter().flatten().map(row).collect();
    print!("{}", text::table(&["NUMBER", "", "NAME", "MEANS", "DOES"], &rows));
}

fn tried(tried: &Value) {
    println!("It would have meant {} of the last {} studies.", tried["matched"], tried["looked_at"]);
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
            (Value::Bool(true), ..) => "fired",
            (_, Value::Bool(false), _) => "does not mean it",
            (_, _, Value::Bool(false)) => "means it, and is off",
            _ => "means it; fires when something of it comes in",
        };
        println!("{} {}: {word}", rule["id"], text::field(rule, "name"));
        for check in rule["checks"].as_array().into_iter().flatten() {
            let holds = if check["holds"] == json!(true) { "yes" } else { "no " };
            let (condition, wanted) = (text::field(check, "condition"), text::field(check, "wanted"));
            println!("  {holds} {condition}: {wanted} (found: {})", text::field(check, "found"));
        }
    }
    for route in study["routes"].as_array().into_iter().flatten() {
        let word = if route["done"] == json!(true) { "done" } else { "waiting" };
        println!("to {}: {} sent, {} dropped, {word}", text::field(route, "to"), route["sent"], route["dropped"]);
    }
}

fn routes(routes: &Value, json: bool) {
    if json {
        println!("{routes}");
        return;
    }
    let row = |route: &Value| {
        let sent = format!("{} of {}", route["sent"], route["instances"]);
        let (to, study) = (text::field(route, "to"), text::field(route, "study"));
        let (state, again) = (text::field(route, "state"), text::time(route, "again"));
        vec![to, study, sent, state, again, text::field(route, "error")]
    };
    let rows: Vec<Vec<String>> = routes.as_array().into_iter().flatten().map(row).collect();
    print!("{}", text::table(&["TO", "STUDY", "SENT", "STATE", "AGAIN", "ERROR"], &rows));
}
