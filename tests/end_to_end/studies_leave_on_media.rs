//! A hospital leaves with everything it has: files that any tool reads, and media that others open.

use crate::SITE;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tests::{
    Instance, Site, Study,
    http::Ask,
    part10,
    tools::{dcmtk, python},
};

async fn stored(site: &Site, studies: Vec<Study>) -> Vec<Instance> {
    let mut all = Vec::new();
    for study in studies {
        let made = study.make();
        let files: Vec<&[u8]> = made.iter().map(|i| i.file.as_slice()).collect();
        let _ = site.stow(&files).await.ok();
        let _ = site.settled(&study.uid, made.len()).await;
        all.extend(made);
    }
    all
}

fn export(site: &Site, to: &Path, more: &[&str]) -> tests::site::Said {
    let to = to.display().to_string();
    site.cli(&[&["export", "--to", &to, "--purpose", "second opinion"][..], more].concat())
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_under(&path)) } else { found.push(path) }
    }
    found
}

fn tool(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {told}");
    told
}

fn two_patients() -> Vec<Study> {
    let first = Study { series: 2, ..Study::of(3) };
    // Of the same patient, on another day; and of somebody else between.
    let again = Study { patient_id: first.patient_id.clone(), date: "20260401".to_owned(), ..Study::of(2) };
    vec![first, Study::of(4).named("Dupont^Jean").modality("MR"), again]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_files_and_into_an_empty_node_byte_for_byte() {
    let site = Site::open(SITE, "CH Nord").await;
    let all = stored(&site, two_patients()).await;
    let out = site.scratch("out").join("all");
    let said = export(&site, &out, &[]).ok();
    assert!(said.out.contains(&format!("{} instances of 3 studies", all.len())), "{}", said.out);
    // Again: what is there is not written again, and not said to have left again.
    let said = export(&site, &out, &[]).ok();
    assert!(said.out.contains("0 instances of 0 studies") && said.out.contains("3 studies were there"), "{}", said.out);
    let evidence = site.audit("").await;
    let left: Vec<&Value> = evidence.iter().filter(|entry| entry["act"] == "study-exported").collect();
    assert_eq!(left.len(), 3);
    assert!(left.iter().all(|entry| entry["note"].as_str().is_some_and(|note| note.contains("second opinion"))));

    let sums = tool("sh", &["-c", &format!("cd '{}' && sha256sum -c SHA256SUMS", out.display())]);
    assert_eq!(sums.matches(": OK").count(), all.len());
    for path in files_under(&out) {
        let name = path.strip_prefix(&out).unwrap().display().to_string();
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b)), "{name}");
    }
    let names: Vec<PathBuf> =
        files_under(&out).into_iter().filter(|p| p.extension().is_some_and(|e| e == "dcm")).collect();
    assert_eq!(names.len(), all.len());

    let empty = Site::open(SITE, "CH Sud").await;
    let _ = empty.cli(&["import", &out.display().to_string()]);
    for instance in &all {
        let file = empty.retrieve(&instance.path()).await.unwrap_or_else(|e| panic!("{}: {}", e.status, e.text()));
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }

    // A choice, and what is no choice.
    let said = export(&site, &site.scratch("out").join("mr"), &["--modality", "MR"]).ok();
    assert!(said.out.contains("4 instances of 1 studies"), "{}", said.out);
    assert_eq!(export(&site, &site.scratch("out").join("none"), &["--study", "1.2.3"]).code, Some(1));
    let to = site.scratch("out").join("mute").display().to_string();
    assert_eq!(site.cli(&["export", "--to", &to, "--purpose", " "]).code, Some(1));
}

/// What pydicom finds by the DICOMDIR.
fn read_by_directory(root: &Path, all: &[Instance], records: usize) {
    let seen = python::run("read_fileset", &json!({ "root": root }));
    let found: BTreeMap<&str, &Value> =
        seen["seen"].as_array().unwrap().iter().map(|row| (row["instance"].as_str().unwrap(), row)).collect();
    assert_eq!(found.len(), all.len());
    for instance in all {
        let row = found[instance.uid.as_str()];
        assert_eq!((&row["study"], &row["series"]), (&json!(instance.study), &json!(instance.series)));
        assert_eq!((&row["named"], &row["kind"]), (&json!(instance.uid), &json!("IMAGE")));
        assert_eq!(row["pixels"], instance.pixels.len());
    }
    assert_eq!(seen["records"], records);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_a_medium_that_dcmtk_and_pydicom_read() {
    let site = Site::open(SITE, "CH Nord").await;
    let all = stored(&site, two_patients()).await;
    // Patients, studies, series, images.
    let records = 2 + 3 + 4 + all.len();
    let out = site.scratch("out");

    let folder = out.join("medium");
    let _ = export(&site, &folder, &["--pdi"]).ok();
    read_by_directory(&folder, &all, records);
    let dump = tool("dcmdump", &["+W", &out.display().to_string(), &folder.join("DICOMDIR").display().to_string()]);
    assert_eq!(dump.matches("(0004,1430)").count(), records, "{dump}");
    assert!(!dump.contains("Warning") && !dump.contains("W:") && !dump.contains("E:"), "{dump}");
    // DCMTK opens it as a directory and adds to it, which it does only where all of it holds together.
    let more = Study::of(1).make();
    fs::write(folder.join("MORE"), &more[0].file).unwrap();
    let appended =
        tool("sh", &["-c", &format!("cd '{}' && dcmmkdir -v +A +D DICOMDIR +I -W MORE 2>&1", folder.display())]);
    assert!(!appended.contains("E: ") && !appended.contains("invent"), "{appended}");
    let dump = tool("dcmdump", &[&folder.join("DICOMDIR").display().to_string()]);
    assert_eq!(dump.matches("(0004,1430)").count(), records + 4, "{dump}");

    let page = fs::read_to_string(folder.join("INDEX.HTM")).unwrap();
    assert!(page.contains("Dupont Jean") && page.contains("PREVIEW/") && !page.contains("<script"), "{page}");
    let pictures = files_under(&folder.join("PREVIEW"));
    assert_eq!(pictures.len(), 4);
    assert!(pictures.iter().all(|path| fs::read(path).unwrap().starts_with(&[0xFF, 0xD8, 0xFF])));
    assert!(fs::read_to_string(folder.join("README.TXT")).unwrap().contains("DICOMDIR"));
    for path in files_under(&folder.join("DICOM")) {
        let eight = |part: &str| part.len() <= 8 && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let inside = path.strip_prefix(&folder).unwrap().display().to_string();
        assert!(inside.split('/').all(eight), "{inside}");
    }

    let image = out.join("medium.iso");
    let _ = export(&site, &image, &["--iso"]).ok();
    let mounted = out.join("mounted");
    tool(
        "xorriso",
        &["-osirrox", "on", "-indev", &image.display().to_string(), "-extract", "/", &mounted.display().to_string()],
    );
    tool("chmod", &["-R", "u+rwX", &mounted.display().to_string()]);
    read_by_directory(&mounted, &all, records);

    let zip = out.join("medium.zip");
    let _ = export(&site, &zip, &["--pdi", "--zip", "--plain"]).ok();
    let unzipped = out.join("unzipped");
    tool("python3", &["-m", "zipfile", "-t", &zip.display().to_string()]);
    tool("python3", &["-m", "zipfile", "-e", &zip.display().to_string(), &unzipped.display().to_string()]);
    read_by_directory(&unzipped, &all, records);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_a_browser_and_for_those_who_may() {
    let site = Site::open(SITE, "CH Nord").await;
    let all = stored(&site, vec![Study::of(3)]).await;
    let path = format!("/api/studies/{}/export?purpose=patient+copy", all[0].study);
    let zip = site.get(&path).await.ok();
    assert_eq!(zip.header("content-type"), "application/zip");
    let file = site.scratch("out").join("one.zip");
    fs::write(&file, &zip.body).unwrap();
    let unzipped = site.scratch("out").join("unzipped");
    tool("python3", &["-m", "zipfile", "-e", &file.display().to_string(), &unzipped.display().to_string()]);
    read_by_directory(&unzipped, &all, 3 + all.len());

    let referrer = site.new_token("referrer", "referrer");
    let refused = tests::http::ask(site.portal(), Ask::get(&path).bearer(&referrer)).await.unwrap();
    assert_eq!(refused.status, 403);
    let mute = site.get(&format!("/api/studies/{}/export?purpose=", all[0].study)).await;
    assert_eq!(mute.status, 400);
    let log = site.audit("").await;
    let exported = log.iter().filter(|entry| entry["act"] == "study-exported").collect::<Vec<_>>();
    let left = exported.iter().filter(|entry| entry["outcome"] == "done").count();
    assert_eq!((exported.len(), left), (2, 1), "what was refused did not leave, and is in the log: {exported:?}");
}

/// What was corrected leaves corrected, with what was there before; DCMTK reads both from the medium.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_a_medium_of_a_corrected_study() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(2).named("Lefevre^Zoe");
    let made = stored(&site, vec![study.clone()]).await;
    let set = ["--set", "PatientName=Martin^Paul", "--set", "PatientID=P-RIGHT", "--set", "PatientBirthDate=19610524"];
    let _ = site.cli(&[&["correct", "study", &study.uid][..], &set].concat()).ok();
    let folder = site.scratch("out").join("medium");
    let _ = export(&site, &folder, &["--pdi"]).ok();

    let directory = dcmtk::dump(&folder.join("DICOMDIR"));
    assert!(directory.contains("[Martin^Paul]") && directory.contains("[P-RIGHT]"), "{directory}");
    assert!(!directory.contains("Lefevre"), "{directory}");
    let files = files_under(&folder);
    let is_image =
        |path: &&PathBuf| fs::read(path).unwrap().get(128..132) == Some(&b"DICM"[..]) && !path.ends_with("DICOMDIR");
    let images: Vec<&PathBuf> = files.iter().filter(is_image).collect();
    assert_eq!(images.len(), made.len());
    for image in images {
        let _ = tool("dcmftest", &[&image.display().to_string()]);
        let said = dcmtk::dump(image);
        // Of the object itself, and of the Original Attributes Sequence in it.
        let lines = |tag: &str| said.lines().filter(|line| line.contains(tag)).collect::<Vec<_>>();
        for (tag, now, before) in [
            ("(0010,0010)", "[Martin^Paul]", "[Lefevre^Zoe]".to_owned()),
            ("(0010,0020)", "[P-RIGHT]", format!("[{}]", study.patient_id)),
        ] {
            let (own, inside): (Vec<&str>, Vec<&str>) = lines(tag).into_iter().partition(|line| line.starts_with('('));
            assert!(own.len() == 1 && own[0].contains(now), "{said}");
            assert!(inside.len() == 1 && inside[0].contains(&before), "{said}");
        }
        assert!(lines("(0010,0030)").iter().any(|line| line.starts_with('(') && line.contains("[19610524]")), "{said}");
        assert_eq!(lines("(0400,0561)").len(), 1, "{said}");
        assert!(
            lines("(0400,0565)")[0].contains("[CORRECT]") && lines("(0400,0563)")[0].contains("[CH Nord]"),
            "{said}"
        );
    }
}
