//! The arrows between the parts of `node`: use goes down, never sideways (docs/architecture.md, "Parts").

use crate::{
    Fault,
    source::{code_only, is_test, without_tests},
};

/// The parts from the top down; those on one line may not use one another, except on the floor, which is ordered too.
const LAYERS: [&[&str]; 20] = [
    &["fuzz"],
    &["cli"],
    &["demo"],
    &["site"],
    &["dimse", "dicomweb", "portal"],
    &["media", "rules", "signatures"],
    &["desk"],
    &["reports"],
    &["pixels"],
    &["studies", "spare", "reseal", "collect"],
    &["overlay", "transfer"],
    &["sources", "roster"],
    &["archive", "users", "backup", "cases", "links"],
    &["trust"],
    &["alarms"],
    &["audit"],
    &["identity"],
    &["journal"],
    &["config"],
    &["tasks", "multipart", "pace", "seal", "words", "x509"],
];

/// Bytes of peers are asked for by these alone; everybody else opens a study.
const TRANSFER_USERS: [&str; 6] = ["cli", "demo", "fuzz", "site", "spare", "studies"];

fn layer(part: &str) -> Option<usize> {
    LAYERS.iter().position(|parts| parts.contains(&part))
}

/// Faults in what a file of `node/src` uses.
pub(crate) fn arrows(path: &str, text: &str) -> Vec<Fault> {
    let Some(inside) = path.strip_prefix("node/src/").filter(|p| p.ends_with(".rs")) else { return Vec::new() };
    let part = inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs");
    // Tests of a part may set the scene with any other part.
    if matches!(part, "main" | "lib") || is_test(inside) {
        return Vec::new();
    }
    let Some(own) = layer(part) else {
        return vec![Fault::new(
            path,
            0,
            format!("no layer is known for part `{part}`: add it to tests/tidy/src/layers.rs"),
        )];
    };
    let code = code_only(text);
    let mut faults = Vec::new();
    for (line, used) in uses(without_tests(&code)) {
        let Some(other) = layer(&used) else { continue };
        if used == part {
            continue;
        }
        if other < own {
            faults.push(Fault::new(path, line, format!("`{part}` uses `{used}`: an upward arrow")));
        } else if other == own {
            faults.push(Fault::new(path, line, format!("`{part}` uses `{used}`: a sideways arrow")));
        } else if used == "transfer" && !TRANSFER_USERS.contains(&part) {
            faults.push(Fault::new(path, line, format!("`{part}` uses `transfer`: only `studies` and `site` do")));
        }
    }
    faults
}

/// Every `crate::part`, also inside a brace group, with its line.
fn uses(code: &str) -> Vec<(usize, String)> {
    const ROOT: &str = "crate::";
    let mut found = Vec::new();
    for (at, _) in code.match_indices(ROOT) {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + ROOT.len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_heads(group).into_iter().map(|(down, head)| (line + down, head))),
            None => found.push((line, first_word(rest))),
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first words of the items of a brace group, with the number of lines down from its brace.
fn group_heads(group: &str) -> Vec<(usize, String)> {
    let (mut depth, mut down, mut fresh) = (0usize, 0, true);
    let mut heads = Vec::new();
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            '\n' => down += 1,
            c if c.is_whitespace() => {}
            _ if fresh && depth == 0 => {
                heads.push((down, first_word(&group[at..])));
                fresh = false;
            }
            _ => {}
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(path: &str, text: &str) -> Vec<String> {
        arrows(path, text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn down_is_allowed() {
        assert!(says("node/src/site/mod.rs", "use crate::{portal::Door, transfer, trust::{Role, Person}};").is_empty());
        assert!(says("node/src/audit/mod.rs", "use crate::{identity::Identity, journal::Journal, tasks};").is_empty());
    }

    #[test]
    fn up_and_sideways_are_not() {
        let text = "//! x\nuse crate::{\n    audit::Audit,\n    portal::x,\n};\nfn f() { crate::users::y(); }\n";
        assert_eq!(
            says("node/src/archive/ingest.rs", text),
            [
                "node/src/archive/ingest.rs:4: `archive` uses `portal`: an upward arrow",
                "node/src/archive/ingest.rs:6: `archive` uses `users`: a sideways arrow"
            ]
        );
        assert_eq!(says("node/src/dimse/mod.rs", "use crate::dicomweb::multipart;").len(), 1);
        assert_eq!(says("node/src/journal/mod.rs", "use crate::audit::Audit;").len(), 1);
    }

    #[test]
    fn only_studies_and_site_reach_for_bytes() {
        assert_eq!(says("node/src/portal/transfers.rs", "use crate::transfer::Transfer;").len(), 1);
        assert!(says("node/src/studies/open.rs", "use crate::transfer::Transfer;").is_empty());
    }

    #[test]
    fn a_part_without_a_layer_is_named() {
        assert_eq!(says("node/src/extras/mod.rs", "").len(), 1);
    }

    #[test]
    fn comments_strings_and_tests_do_not_count() {
        let text =
            "// crate::portal\nconst A: &str = \"crate::portal\";\n#[cfg(test)]\nmod tests {\n use crate::portal;\n}\n";
        assert!(says("node/src/archive/a.rs", text).is_empty());
    }
}
