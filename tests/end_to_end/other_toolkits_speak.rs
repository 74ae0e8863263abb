//! Workstations built on other toolkits than DCMTK: GDCM and odil, by DIMSE; and one that reads a manifest and fetches by
//! WADO-URI, as Weasis does.

use crate::SITE;
use std::path::{Path, PathBuf};
use tests::{
    Instance, Site, Study, eventually, http,
    http::Ask,
    part10::data_set_at,
    ports::Port,
    tools::other::{self, gdcm, gdcmscu, odil},
};

const ASKER: &str = "OTHERKIT";

/// The pixels of each file below a folder, in an order of their own. These toolkits write what they received anew.
fn pixels(folder: &Path) -> Vec<Vec<u8>> {
    let files = other::files(folder).into_iter().map(|path| std::fs::read(path).unwrap());
    let mut all: Vec<_> = files.map(|file| file[file.len().saturating_sub(64 * 64 * 2)..].to_vec()).collect();
    all.sort();
    all
}

fn originals(made: &[Instance]) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = made.iter().map(|instance| instance.pixels.clone()).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gdcm_echoes_stores_finds_and_moves() {
    let site = Site::open(SITE, "CH Nord").await;
    let (to, titles) = (site.dimse(), [ASKER, site.ae_title.as_str()]);
    let echo = gdcmscu(to, titles, &["--echo"], &[]);
    assert!(echo.success, "{}", echo.text);

    let study = Study::of(3);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let stored = gdcmscu(to, titles, &["--store"], &paths);
    assert!(stored.success, "{}", stored.text);
    let _ = site.settled(&study.uid, made.len()).await;

    let port = Port::reserve();
    site.add_ae(ASKER, port.number(), "own");
    let uid = format!("20,d={}", study.uid);
    let found = gdcmscu(to, titles, &["--find", "--studyroot", "--study", "--key", &uid, "--key", "10,10="], &[]);
    assert!(found.success && found.text.contains("Lef"), "{}", found.text);

    let folder = site.scratch("moved");
    let (at, out) = (port.number().to_string(), folder.display().to_string());
    let how = ["--move", "--studyroot", "--study", "--key", &uid, "--port-scp", &at, "--output", &out];
    let moved = gdcmscu(to, titles, &how, &[]);
    assert!(moved.success, "{}", moved.text);
    assert_eq!(pixels(&folder), originals(&made), "{}", moved.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gdcm_reads_what_the_doors_give() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(1).size(64, 64);
    let (made, plain) = study.write(&site.scratch("scanner"));
    // Compressed by GDCM itself, so that its own reader is asked what it makes of it.
    let path = |name: &str| site.scratch("made").join(name).display().to_string();
    let (source, compressed) = (plain[0].display().to_string(), path("jpegls.dcm"));
    let made_so = gdcm("gdcmconv", &["--jpegls", "-i", &source, "-o", &compressed]);
    assert!(made_so.success, "{}", made_so.text);
    let sent = std::fs::read(&compressed).unwrap();
    assert_eq!(site.stow(&[&sent]).await.status, 200);
    let _ = site.settled(&study.uid, 1).await;

    let got = site.retrieve(&made[0].path()).await.unwrap();
    assert_eq!(got[data_set_at(&got)..], sent[data_set_at(&sent)..]);
    let by_uri = format!(
        "/dicomweb/wado?requestType=WADO&studyUID={}&seriesUID={}&objectUID={}&contentType=application%2Fdicom",
        made[0].study, made[0].series, made[0].uid
    );
    let uncompressed = site.get(&format!("{by_uri}&transferSyntax=1.2.840.10008.1.2.1")).await.ok();
    for (name, bytes) in [("as-stored", &got), ("plain", &uncompressed.body)] {
        let (file, raw) = (path(&format!("{name}.dcm")), path(&format!("{name}.raw.dcm")));
        std::fs::write(&file, bytes).unwrap();
        let dumped = gdcm("gdcmdump", &[&file]);
        assert!(dumped.success && dumped.text.contains(&made[0].uid), "{name}: {}", dumped.text);
        let decoded = gdcm("gdcmconv", &["--raw", "-i", &file, "-o", &raw]);
        assert!(decoded.success, "{name}: {}", decoded.text);
        assert!(std::fs::read(&raw).unwrap().ends_with(&made[0].pixels), "{name}: the same pixels");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odil_echoes_stores_finds_and_gets() {
    let site = Site::open(SITE, "CH Nord").await;
    let (to, titles) = (site.dimse(), [ASKER, site.ae_title.as_str()]);
    let echo = odil(to, titles, &["echo"], &[], &[]);
    assert!(echo.success, "{}", echo.text);

    let study = Study::of(3);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let stored = odil(to, titles, &["store"], &[], &paths);
    assert!(stored.success, "{}", stored.text);
    let _ = site.settled(&study.uid, made.len()).await;

    site.add_ae(ASKER, 1, "own");
    let keys = ["study", "QueryRetrieveLevel=STUDY", &format!("StudyInstanceUID={}", study.uid)];
    let found = odil(to, titles, &["find"], &[&keys[..], &["PatientID"]].concat(), &[]);
    assert!(found.success && found.text.contains(&study.patient_id), "{}", found.text);

    let folder = site.scratch("got");
    let got = odil(to, titles, &["get", "--directory", &folder.display().to_string()], &keys, &[]);
    assert!(got.success, "{}", got.text);
    assert_eq!(pixels(&folder), originals(&made), "{}", got.text);
}

/// The instances that a manifest names: (study, series, instance), with the transfer syntax it asks for, if any.
fn named(manifest: &str) -> Vec<(String, Option<String>)> {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!("{name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let (mut study, mut series, mut syntax, mut all) = (String::new(), String::new(), None, Vec::new());
    for tag in manifest.split('<') {
        match tag.split_whitespace().next() {
            Some("Study") => study = attribute(tag, "StudyInstanceUID").unwrap(),
            Some("Series") => {
                (series, syntax) =
                    (attribute(tag, "SeriesInstanceUID").unwrap(), attribute(tag, "WadoTransferSyntaxUID"));
            }
            Some("Instance") => {
                let object = attribute(tag, "SOPInstanceUID").unwrap();
                all.push((format!("studyUID={study}&seriesUID={series}&objectUID={object}"), syntax.clone()));
            }
            _ => {}
        }
    }
    all
}

/// As a PACS connector writes it for Weasis: one series as it is stored, the other with a syntax asked for.
fn manifest(base: &str, made: &[Instance]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest xmlns=\"http://www.weasis.org/xsd/2.5\">\n<arcQuery \
         arcId=\"1\" baseUrl=\"{base}\" webLogin=\"\" requireOnlySOPInstanceUID=\"false\"><Patient PatientID=\"P\">\n\
         <Study StudyInstanceUID=\"{}\">\n",
        made[0].study
    );
    for (index, series) in made.chunk_by(|a, b| a.series == b.series).enumerate() {
        let syntax = if index == 0 { "" } else { " WadoTransferSyntaxUID=\"1.2.840.10008.1.2.1\"" };
        out += &format!("<Series SeriesInstanceUID=\"{}\"{syntax}>\n", series[0].series);
        for instance in series {
            out += &format!("<Instance SOPInstanceUID=\"{}\" InstanceNumber=\"{}\"/>\n", instance.uid, instance.number);
        }
        out += "</Series>\n";
    }
    out + "</Study></Patient></arcQuery></manifest>\n"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_with_a_manifest_fetches_by_wado_uri() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study { series: 2, ..Study::of(3) };
    let made = study.make();
    let folder = site.scratch("scanner");
    let plain = tests::part10::write(&made, &folder);
    let mut files: Vec<PathBuf> = plain.clone();
    // The second series is compressed where it is stored, and asked for without.
    for path in files.iter_mut().skip(3) {
        let out = path.with_extension("jls");
        let said = gdcm("gdcmconv", &["--jpegls", "-i", &path.display().to_string(), "-o", &out.display().to_string()]);
        assert!(said.success, "{}", said.text);
        *path = out;
    }
    let stored: Vec<Vec<u8>> = files.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert_eq!(site.stow(&stored.iter().map(Vec::as_slice).collect::<Vec<_>>()).await.status, 200);
    let _ = site.settled(&study.uid, made.len()).await;

    // It has several connections and the token of whoever opened it.
    let wanted = named(&manifest("/dicomweb/wado", &made));
    assert_eq!(wanted.len(), made.len());
    for ((named, syntax), (instance, file)) in wanted.into_iter().zip(made.iter().zip(&stored)) {
        let syntax = syntax.map_or_else(String::new, |syntax| format!("&transferSyntax={syntax}"));
        let path = format!("/dicomweb/wado?requestType=WADO&{named}&contentType=application%2Fdicom{syntax}");
        let answer = site.ask(Ask::get(&path).header("accept", "*/*")).await.ok();
        assert_eq!(answer.header("content-type"), "application/dicom");
        if syntax.is_empty() {
            assert_eq!(answer.body[data_set_at(&answer.body)..], file[data_set_at(file)..], "as it is stored");
        } else {
            assert!(answer.body.ends_with(&instance.pixels), "uncompressed");
        }
        let nobody = http::ask(site.portal(), Ask::get(&path)).await.unwrap();
        assert_eq!(nobody.status, 401, "a manifest is no right");
    }
    // A thumbnail, as its browser asks for the middle of a series.
    let middle = &made[1];
    let path = format!(
        "/dicomweb/wado?requestType=WADO&studyUID={}&seriesUID={}&objectUID={}&contentType=image%2Fjpeg&imageQuality=70&rows=256&columns=256",
        middle.study, middle.series, middle.uid
    );
    let picture = site.get(&path).await.ok();
    assert!(picture.header("content-type") == "image/jpeg" && picture.body.starts_with(&[0xff, 0xd8]));
    eventually!(10, "what was given is in the log", {
        site.audit("").await.iter().any(|entry| entry["study"] == study.uid && entry["outcome"] == "done").then_some(())
    });
}
