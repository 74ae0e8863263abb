//! The door's pure pieces over real objects. The objects are test data that is not kept in this repository: where the
//! folder is missing, there is nothing to read and the stories are short.

use super::{bulkdata, metadata};
use crate::pixels::tests::{File, corpus, read};
use protocol::Uid;
use std::path::PathBuf;

fn json(file: &File) -> serde_json::Value {
    let mut out = String::new();
    let uid = Uid::parse("1.2").unwrap();
    metadata::write_instance(&mut out, "/i", &uid, &uid, &file.entry, &file.header());
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("{}: {e}", file.path.display()))
}

#[test]
fn every_object_has_sound_metadata() {
    let dump = std::env::var_os("CONFRERE_DUMP_JSON").map(PathBuf::from);
    for folder in [
        "series",
        "objects",
        "objects-generated",
        "charsets-real",
        "charsets-generated",
        "transfer-syntaxes-generated",
        "bad",
    ] {
        for (i, path) in corpus(folder).iter().enumerate() {
            let Some(file) = read(path) else { continue };
            let json = json(&file);
            if let Some(dump) = &dump {
                let line = serde_json::json!({ "path": path, "json": json }).to_string();
                std::fs::write(dump.join(format!("{folder}-{i}.json")), line).unwrap();
            }
            if folder == "bad" {
                continue;
            }
            assert!(json["0020000D"]["Value"][0].is_string(), "{}", path.display());
            assert!(json["00080018"]["Value"][0].is_string(), "{}", path.display());
        }
    }
}

#[test]
fn bad_objects_are_refused_quickly() {
    for path in corpus("bad") {
        let Some(file) = read(&path) else { continue };
        let begun = std::time::Instant::now();
        let _ = json(&file);
        let _ = bulkdata::in_header(&file.header(), &file.entry, "00081140/0/00081155");
        assert!(begun.elapsed().as_secs() < 5, "{}", path.display());
    }
}
