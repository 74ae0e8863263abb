//! The DIMSE services that there are, as the door's own code says: one that is not read here would leave what nobody
//! checks.

use std::{collections::BTreeSet, fs, path::Path};

/// Not services: transfer syntaxes, the application context, the service class of storage, a well-known instance, the
/// directory of a medium.
const NO_SERVICES: [&str; 5] = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.3.1.1.1",
    "1.2.840.10008.4.2",
    "1.2.840.10008.1.20.1.1",
    "1.2.840.10008.1.3.10",
];

/// Requests of the messages, SOP classes, operations that may be refused, reasons of rejections, levels of queries, and
/// the files by which the node calls others.
pub(super) fn services() -> BTreeSet<String> {
    let door = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/src/dimse");
    let text = |file: &str| {
        let text = fs::read_to_string(door.join(file)).unwrap();
        text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned()
    };
    let mut all = BTreeSet::from(["storage".to_owned()]);
    all.extend(names(&text("message.rs"), "const ", ": u16").into_iter().filter(|name| name.ends_with("_RQ")));
    all.extend(names(&text("pdu/mod.rs"), "const ", ": Self = Self { result"));
    all.extend(variants(&text("refusals.rs"), "enum Operation {"));
    all.extend(variants(&text("question.rs"), "enum Level {").into_iter().map(|level| format!("Level::{level}")));
    for folder in ["", "commitment/"] {
        for item in fs::read_dir(door.join(folder)).unwrap() {
            let name = item.unwrap().file_name().into_string().unwrap();
            let Some(file) = name.strip_suffix(".rs").filter(|file| !["tests", "fuzz"].contains(file)) else {
                continue;
            };
            if file.ends_with("scu") {
                all.insert(format!("{folder}{file}"));
            }
            all.extend(classes(&text(&format!("{folder}{name}"))));
        }
    }
    assert!(all.len() > 30, "the code is read wrongly: {all:?}");
    all
}

/// What stands between two texts in a line.
fn names(text: &str, before: &str, after: &str) -> Vec<String> {
    let name = |line: &str| {
        let (name, _) = line.split_once(before)?.1.split_once(after)?;
        Some(name.to_owned())
    };
    text.lines().filter_map(name).collect()
}

fn variants(text: &str, head: &str) -> Vec<String> {
    let body = text.split_once(head).unwrap().1.split_once("\n}").unwrap().0;
    let lines = body.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.is_empty());
    lines.map(|line| line.trim_end_matches(',').to_owned()).collect()
}

/// The classes that constants name.
fn classes(text: &str) -> Vec<String> {
    let literals = text.lines().filter(|line| {
        line.starts_with("const ") || line.starts_with("pub(crate) const ") || line.starts_with("    \"")
    });
    let uids = literals.filter_map(|line| line.split('"').nth(1)).filter(|uid| uid.starts_with("1.2.840.10008."));
    // Objects of all kinds are one service.
    let uids = uids.map(|uid| if uid.starts_with("1.2.840.10008.5.1.4.1.1.") { "storage" } else { uid });
    let is_service = |uid: &&str| {
        !uid.ends_with('.')
            && !NO_SERVICES.iter().any(|no| uid == no || no.len() == 17 && uid.starts_with(&format!("{no}.")))
    };
    uids.filter(is_service).map(str::to_owned).collect()
}
