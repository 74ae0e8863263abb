//! The routes that there are, as the doors' own tables say: a route that is not read here would be one nobody guards.

use std::{collections::BTreeSet, fs, path::Path};

/// `METHOD route` of all routes of both doors; those of a reading context are those of the root once more.
pub(super) fn routes() -> BTreeSet<String> {
    let doors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/src");
    let mut all = BTreeSet::new();
    for file in files(&doors.join("portal")) {
        let root = if file.ends_with("fhir.rs") { "/fhir" } else { "/api" };
        collect(&file, root, &mut all);
    }
    collect(&doors.join("dicomweb/routes.rs"), "/dicomweb", &mut all);
    all
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let items = fs::read_dir(folder).unwrap().map(|item| item.unwrap().path());
    let (folders, found): (Vec<_>, Vec<_>) = items.partition(|path| path.is_dir());
    found.into_iter().chain(folders.iter().flat_map(|folder| files(folder))).collect()
}

fn collect(file: &Path, root: &str, into: &mut BTreeSet<String>) {
    const INSTANCE: &str = "/studies/{study}/series/{series}/instances/{instance}";
    let text = fs::read_to_string(file).unwrap();
    for call in text.split(".route(").skip(1) {
        let call = inside(call);
        let (place, methods) = match call.split_once(',') {
            Some((place, methods)) => (place.trim(), methods),
            None => panic!("{}: {call}", file.display()),
        };
        let literal = place.split('"').nth(1).unwrap_or_default();
        let path = match place {
            "instance" => INSTANCE.to_owned(),
            _ if place.starts_with("&at(") => format!("{INSTANCE}{literal}"),
            _ if place.starts_with("&format!(") => literal.replace("{ROOT}", ""),
            _ => literal.to_owned(),
        };
        assert!(path.starts_with('/'), "{}: a route that cannot be read: {call}", file.display());
        // The root of a reading context is that of the tree once more.
        let path = path.strip_prefix("/contexts/{context}").unwrap_or(&path);
        let named: Vec<&str> = methods_of(methods).collect();
        assert!(!named.is_empty(), "{}: a route without a method: {call}", file.display());
        into.extend(named.into_iter().map(|method| format!("{method} {root}{path}")));
    }
}

/// What stands between the parentheses.
fn inside(text: &str) -> &str {
    let mut depth = 1usize;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}

fn methods_of(text: &str) -> impl Iterator<Item = &'static str> {
    const WORDS: [(&str, &[&str]); 10] = [
        ("get", &["GET"]),
        ("post", &["POST"]),
        ("put", &["PUT"]),
        ("patch", &["PATCH"]),
        ("delete", &["DELETE"]),
        ("root", &["GET"]),
        ("read", &["GET"]),
        ("store", &["GET", "POST"]),
        ("read_reject", &["GET", "DELETE"]),
        ("store_reject", &["GET", "POST", "DELETE"]),
    ];
    let called: BTreeSet<&str> = text
        .split('(')
        .map(|before| before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
        .collect();
    let is_any = called.contains("any").then_some(&["GET"][..]);
    let found: BTreeSet<&'static str> = WORDS
        .into_iter()
        .filter(|(word, _)| called.contains(word))
        .flat_map(|(_, methods)| methods)
        .chain(is_any.into_iter().flatten())
        .copied()
        .collect();
    found.into_iter()
}
