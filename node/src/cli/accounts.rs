//! Users, tokens and DICOM peers.

use super::{
    args::{AddAe, AeCommand, TokenCommand, UserCommand},
    node::{Node, segment},
    text,
};
use anyhow::Context;
use hyper::Method;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
};

/// A password file has one short line.
const PASSWORD_FILE_BYTES_MAX: u64 = 4096;

pub(super) async fn user(dir: &Path, command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { name, role, password_file } => {
            let password = password_file.as_deref().map(read_password).transpose()?;
            let mut node = Node::open(dir).await?;
            let body = json!({ "name": name, "role": role.word(), "password": password });
            let added = node.post("/api/users", &body).await?;
            node.close().await?;
            eprintln!("{name} may sign in as {}." | "{name} peut se connecter comme {}.", role.word());
            if let Some(password) = added["password"].as_str() {
                eprintln!("The password is printed this once:" | "Le mot de passe n'est affiché que cette fois :");
                println!("{password}");
            }
        }
        UserCommand::List => list(dir, "/api/users", &["name", "role", "disabled", "second_factor"]).await?,
        UserCommand::Password { name } => {
            let changed = tell(dir, Method::POST, &of_user(&name, "/password"), Some(&json!({}))).await?;
            eprintln!(
                "{name} must choose another password with this one, printed this once:"
                    | "{name} devra choisir un autre mot de passe avec celui-ci, affiché cette seule fois :"
            );
            println!("{}", text::field(&changed, "password"));
        }
        UserCommand::ResetFactor { name } => {
            tell(dir, Method::DELETE, &of_user(&name, "/second-factor"), None).await?;
            eprintln!("{name} has no second factor any more." | "{name} n'a plus de second facteur.");
        }
        UserCommand::Disable { name } => {
            let left =
                tell(dir, Method::POST, &of_user(&name, "/disabled"), Some(&json!({ "disabled": true }))).await?;
            eprintln!(
                "{name} is disabled; sessions ended: {}." | "{name} est désactivé ; sessions terminées : {}.",
                left["sessions"]
            );
            for token in left["tokens"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                eprintln!("The token {token} has ended." | "Le jeton {token} a pris fin.");
            }
        }
        UserCommand::Enable { name } => {
            tell(dir, Method::POST, &of_user(&name, "/disabled"), Some(&json!({ "disabled": false }))).await?;
            eprintln!("{name} may sign in again." | "{name} peut de nouveau se connecter.");
        }
        UserCommand::Link { name, subject, role_by_mapping } => {
            let body = json!({ "subject": subject, "role_by_mapping": role_by_mapping });
            tell(dir, Method::POST, &of_user(&name, "/origin"), Some(&body)).await?;
            eprintln!(
                "{name} comes in by the identity provider, as {subject} there."
                    | "{name} entre par le fournisseur d'identité, où son identifiant est {subject}."
            );
        }
        UserCommand::Unlink { name } => {
            tell(dir, Method::DELETE, &of_user(&name, "/origin"), None).await?;
            eprintln!(
                "{name} comes in by the identity provider no more."
                    | "{name} n'entre plus par le fournisseur d'identité."
            );
        }
    }
    Ok(())
}

fn of_user(name: &str, what: &str) -> String {
    format!("/api/users/{}{what}", segment(name))
}

async fn tell(dir: &Path, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
    let mut node = Node::open(dir).await?;
    let answer = node.ask(method, path, body).await?;
    node.close().await?;
    Ok(answer)
}

pub(super) fn read_password(path: &Path) -> anyhow::Result<String> {
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).with_context(|| path.display().to_string())?)
    };
    let mut line = String::new();
    BufReader::new(source.take(PASSWORD_FILE_BYTES_MAX)).read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    ensure!(
        !password.is_empty(),
        "{} has no password in its first line" | "la première ligne de {} ne contient pas de mot de passe",
        path.display()
    );
    Ok(password.to_owned())
}

pub(super) async fn token(dir: &Path, command: TokenCommand) -> anyhow::Result<()> {
    let (name, role, days, only) = match command {
        TokenCommand::Add { name, role, days, only } => (name, role, days, only),
        TokenCommand::List => return list(dir, "/api/tokens", &["name", "role", "owner", "expires"]).await,
        TokenCommand::Remove { name } => {
            tell(dir, Method::DELETE, &format!("/api/tokens/{}", segment(&name)), None).await?;
            eprintln!("{name} opens nothing any more." | "{name} n'ouvre plus rien.");
            return Ok(());
        }
    };
    let only = (!only.is_empty()).then_some(only);
    let mut node = Node::open(dir).await?;
    let added =
        node.post("/api/tokens", &json!({ "name": name, "role": role.word(), "days": days, "actions": only })).await?;
    node.close().await?;
    eprintln!(
        "{name} may come in as {} with `Authorization: Bearer` and this token, printed this once:"
            | "{name} peut entrer comme {} avec `Authorization: Bearer` et ce jeton, affiché cette seule fois :",
        role.word()
    );
    println!("{}", text::field(&added, "token"));
    Ok(())
}

pub(super) async fn ae(dir: &Path, command: AeCommand) -> anyhow::Result<()> {
    match command {
        AeCommand::Add(add) => {
            let AddAe {
                title,
                host,
                port,
                query,
                no_echo,
                no_store,
                no_destination,
                notify,
                reject,
                tls,
                certificate,
                ..
            } = add;
            let new = json!({
                "title": title, "host": host, "port": port, "query": query,
                "echo": !no_echo, "store": !no_store, "destination": !no_destination, "notify": notify,
                "reject": reject, "tls": tls, "certificate": certificate,
            });
            let mut node = Node::open(dir).await?;
            node.post("/api/aes", &new).await?;
            node.close().await?;
            eprintln!(
                "{title} is known at {host}:{port}; studies it may find and retrieve: {query}."
                    | "{title} est connu à {host}:{port} ; examens qu'il peut chercher et récupérer : {query}."
            );
        }
        AeCommand::List => {
            list(
                dir,
                "/api/aes",
                &["title", "host", "port", "echo", "store", "destination", "query", "notify", "reject", "tls"],
            )
            .await?;
        }
        AeCommand::Test { title } => {
            let mut node = Node::open(dir).await?;
            let told = node.post(&format!("/api/aes/{}/echo", segment(&title)), &json!({})).await?;
            node.close().await?;
            let Some(after_ms) = told["after_ms"].as_u64() else {
                let why = text::fault(&told["fault"]);
                bail!("{title} does not answer: {why}" | "{title} ne répond pas : {why}");
            };
            eprintln!("{title} answered after {after_ms} ms." | "{title} a répondu après {after_ms} ms.");
        }
        AeCommand::Remove { title } => {
            let mut node = Node::open(dir).await?;
            node.ask(Method::DELETE, &format!("/api/aes/{}", segment(&title)), None).await?;
            node.close().await?;
            eprintln!("{title} is not known any more." | "{title} n'est plus connu.");
        }
    }
    Ok(())
}

async fn list(dir: &Path, path: &str, columns: &[&str]) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let answer = node.get(path).await?;
    node.close().await?;
    let row = |row: &Value| columns.iter().map(|column| text::field(row, column)).collect();
    let rows: Vec<Vec<String>> = answer.as_array().into_iter().flatten().map(row).collect();
    print!("{}", text::table(&text::heads(columns), &rows));
    Ok(())
}
