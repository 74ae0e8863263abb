//! An admin writes rules, and what comes in goes its way: to another AE, also over its outage and a power cut of ours;
//! with labels by which it is found; to the cold tier. What a rule does not mean stays where it is.

use crate::SITE;
use serde_json::{Value, json};
use std::path::Path;
use tests::{
    Instance, Pair, Preset, Site, Study, eventually, part10,
    ports::Port,
    tools::{dcmtk, pacs::Pacs},
    wait::holds,
};

/// The data sets that a receiver has.
fn received(folder: &Path) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .map(|file| file[part10::data_set_at(&file)..].to_vec())
        .collect();
    all.sort();
    all
}

fn sent(made: &[Instance]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = made.iter().map(|instance| instance.data_set().to_vec()).collect();
    all.sort();
    all
}

async fn routes(site: &Site) -> Vec<Value> {
    site.get("/api/routes").await.ok().json().as_array().cloned().unwrap_or_default()
}

async fn all_sent(site: &Site) {
    eventually!(60, "nothing waits any more", holds(routes(site).await.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_go_on_over_an_outage_there_and_a_power_cut_here() {
    let site = Site::open(SITE, "CH Nord").await;
    let port = Port::reserve();
    site.add_ae("WORKSTATION", port.number(), "none");
    let refused = site.cli(&["rule", "add", "nobody", "--route", "STRANGER"]);
    assert!(refused.code == Some(1) && refused.err.contains("known AEs"), "{refused:?}");
    let _ = site.cli(&["rule", "add", "CT to the workstation", "--modality", "ct", "--route", "WORKSTATION"]).ok();

    let (ct, mr) = (Study::of(5), Study::of(2).modality("MR"));
    let (made, paths) = ct.write(&site.scratch("ct"));
    let (_, others) = mr.write(&site.scratch("mr"));
    assert!(dcmtk::store(site.dimse(), &site.ae_title, &[paths.clone(), others].concat()).success);
    let _ = site.settled(&ct.uid, 5).await;
    let _ = site.settled(&mr.uid, 2).await;
    let waits = eventually!(30, "the AE is away, and that is told", {
        routes(&site).await.into_iter().find(|route| route["error"].is_object())
    });
    assert_eq!((&waits["study"], &waits["to"], &waits["sent"]), (&json!(ct.uid), &json!("WORKSTATION"), &json!(0)));
    assert_eq!(waits["instances"], 5);

    site.kill();
    let workstation = dcmtk::Receiver::at(port, &site.scratch("received")).await;
    site.serve().await;
    all_sent(&site).await;
    assert_eq!(received(&workstation.folder), sent(&made), "each byte of each instance, and no other study");
    let of_ct = site.get(&format!("/api/studies/{}/rules", ct.uid)).await.ok().json();
    assert_eq!((&of_ct["routes"][0]["sent"], &of_ct["routes"][0]["done"]), (&json!(5), &json!(true)), "{of_ct}");
    let told = site.cli(&["rule", "test", "--study", &mr.uid]).ok();
    assert!(told.out.contains("does not mean it") && told.out.contains("found: MR"), "{}", told.out);

    // Killed and its index lost: nothing is sent twice.
    site.kill();
    let _ = site.cli(&["rebuild"]).ok();
    std::fs::remove_dir_all(&workstation.folder).unwrap();
    std::fs::create_dir(&workstation.folder).unwrap();
    site.serve().await;
    // A later instance follows, and it alone.
    let later = ct.one(&made[0].series, 1, 77);
    let more = part10::write(std::slice::from_ref(&later), &site.scratch("more"));
    assert!(dcmtk::store(site.dimse(), &site.ae_title, &more).success);
    let _ = site.settled(&ct.uid, 6).await;
    eventually!(30, "it is there", holds(!received(&workstation.folder).is_empty()));
    all_sent(&site).await;
    assert_eq!(received(&workstation.folder), sent(&[later]));
    let log = site.audit("").await;
    let exported = log.iter().filter(|entry| entry["act"] == "study-exported" && entry["study"] == ct.uid).count();
    assert_eq!(exported, 2, "one for each time that something left: {log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_what_waits_can_be_dropped() {
    let site = Site::open(SITE, "CH Nord").await;
    let port = Port::reserve();
    site.add_ae("WORKSTATION", port.number(), "none");
    let _ = site.cli(&["rule", "add", "all", "--route", "WORKSTATION"]).ok();
    let study = Study::of(2);
    let (_, paths) = study.write(&site.scratch("ct"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, 2).await;
    eventually!(30, "it waits", holds(!routes(&site).await.is_empty()));
    let listed = site.cli(&["rule", "routes"]).ok();
    assert!(listed.out.contains("0 of 2"), "{}", listed.out);
    let _ = site.cli(&["rule", "drop", "WORKSTATION", &study.uid]).ok();
    assert!(routes(&site).await.is_empty());
    let again = site.cli(&["rule", "retry", "WORKSTATION"]);
    assert_eq!(again.code, Some(1), "{again:?}");

    let workstation = dcmtk::Receiver::at(port, &site.scratch("received")).await;
    site.kill();
    site.serve().await;
    let later = study.one(&part10::uid(), 2, 1);
    let more = part10::write(std::slice::from_ref(&later), &site.scratch("more"));
    let _ = site.c_store(&more).ok();
    let _ = site.settled(&study.uid, 3).await;
    eventually!(30, "the later one is there", holds(!received(&workstation.folder).is_empty()));
    all_sent(&site).await;
    assert_eq!(received(&workstation.folder), sent(&[later]), "what was dropped stays away");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_studies_are_labelled_found_by_it_and_go_cold() {
    let site = Site::init(SITE, "CH Nord");
    let cold = site.scratch("nas").join("cold");
    site.configure("archive", "cold", toml::Value::String(cold.to_string_lossy().into_owned()));
    site.serve().await;
    let before = Study::of(1);
    let (_, paths) = before.write(&site.scratch("before"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&before.uid, 1).await;

    let rule = ["--modality", "CT", "--label", "night reading", "--cold-after", "0"];
    let tried = site.cli(&[&["rule", "add", "night", "--dry-run"][..], &rule].concat()).ok();
    assert!(tried.out.contains("1 of the last 1 studies"), "{}", tried.out);
    let _ = site.cli(&[&["rule", "add", "night"][..], &rule].concat()).ok();
    let (ct, mr) = (Study::of(2), Study::of(1).modality("MR"));
    for (study, folder, count) in [(&ct, "ct", 2), (&mr, "mr", 1)] {
        let (_, paths) = study.write(&site.scratch(folder));
        let _ = site.c_store(&paths).ok();
        let _ = site.settled(&study.uid, count).await;
    }
    let found = async |query: &str| {
        let page = site.get(&format!("/api/studies?{query}")).await.ok().json();
        let studies = page["studies"].as_array().cloned().unwrap_or_default();
        studies.iter().map(|study| study["study"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    eventually!(20, "it is labelled", holds(found("label=night%20reading").await == [&*ct.uid]));
    assert_eq!(found("text=night").await, [&*ct.uid]);
    eventually!(60, "it is cold", {
        holds(site.listed(&ct.uid).await.is_some_and(|row| row["availability"] == "nearline"))
    });
    assert_eq!(site.listed(&before.uid).await.unwrap()["labels"], json!([]), "it was here before the rule");

    // By hand, by who may; and over a lost index.
    let labels = site.cli(&["study", "label", &mr.uid, "--add", "teaching"]).ok();
    assert_eq!(labels.out.trim(), "teaching");
    let removed = site.post(&format!("/api/studies/{}/labels", ct.uid), &json!({ "remove": ["night reading"] })).await;
    assert_eq!(removed.ok().json()["labels"], json!([]));
    site.kill();
    let _ = site.cli(&["rebuild"]).ok();
    site.serve().await;
    assert_eq!(found("label=teaching").await, [&*mr.uid]);
    assert!(found("label=night%20reading").await.is_empty(), "taken away by hand, it stays away");
    let used = site.get("/api/labels").await.ok().json();
    assert_eq!(used, json!([{ "label": "teaching", "studies": 1 }]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_earlier_studies_are_brought_from_the_pacs_and_from_the_confrere() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let reader = &pair.b;
    let of_patient = |study: Study| Study { patient_id: "77".to_owned(), issuer: Some("CH Nord".to_owned()), ..study };
    let (at_peer, at_pacs, new) = (of_patient(Study::of(3)), of_patient(Study::of(2)), of_patient(Study::of(1)));
    let (_, paths) = at_peer.write(&pair.a.scratch("scanner"));
    pair.announced(&at_peer.uid, 3, &paths).await;
    let pacs = Pacs::dcmtk((&reader.ae_title, reader.dimse())).await;
    let (_, paths) = at_pacs.write(&reader.scratch("pacs"));
    pacs.store(&paths);
    let _ =
        reader.cli(&["source", "add", "pacs", "--at", &pacs.at(), "--purposes", "list", "--issuer", "CH Nord"]).ok();
    let row = eventually!(30, "the PACS is listed", reader.listed(&at_pacs.uid).await);
    assert_eq!(row["instances_here"], 0, "nobody asked for it");

    let _ = reader.cli(&["rule", "add", "priors", "--priors", "3", "--label", "arrived"]).ok();
    let (_, paths) = new.write(&reader.scratch("scanner"));
    let _ = reader.c_store(&paths).ok();
    for (study, count) in [(&at_peer, 3), (&at_pacs, 2)] {
        eventually!(60, "an earlier study is here", {
            holds(reader.listed(&study.uid).await.is_some_and(|row| row["instances_here"] == json!(count)))
        });
    }
    let _ = reader.settled(&at_pacs.uid, 2).await;
    // The PACS names itself by C-GET: what it brings is no arrival.
    let judged = reader.get(&format!("/api/studies/{}/rules", at_pacs.uid)).await.ok().json();
    let rule = &judged["rules"][0];
    assert_eq!((&rule["matches"], &rule["fired"]), (&json!(false), &json!(false)), "{judged}");
    assert_eq!(rule["checks"][0]["found"], "source pacs");
    eventually!(20, "the new one is labelled", {
        holds(reader.listed(&new.uid).await.is_some_and(|row| row["labels"] == json!(["arrived"])))
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_what_an_ae_refuses_holds_up_nothing_else() {
    let site = Site::open(SITE, "CH Nord").await;
    let workstation = dcmtk::Receiver::taking("+xi", &site.scratch("received")).await;
    site.add_ae("WORKSTATION", workstation.port, "none");
    let _ = site.cli(&["rule", "add", "all", "--route", "WORKSTATION"]).ok();
    // A class of its own, which the workstation does not know.
    let odd = Study::of(1);
    let mut strange = odd.make().remove(0);
    let class = b"1.2.840.10008.5.1.4.1.1.2";
    let mut file = strange.file.clone();
    for at in 0..file.len() - class.len() {
        if file[at..].starts_with(class) && file[at + class.len()] == 0 {
            // Registered to nobody; as long as it was.
            file[at..at + class.len()].copy_from_slice(b"1.2.840.99999.5.1.4.1.1.2");
        }
    }
    strange.file = file;
    let paths = part10::write(&[strange], &site.scratch("odd"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&odd.uid, 1).await;
    let refused = eventually!(30, "the refusal is told", {
        routes(&site).await.into_iter().find(|route| route["study"] == json!(odd.uid) && route["error"].is_object())
    });
    assert_eq!(refused["sent"], 0, "{refused}");

    let study = Study::of(3);
    let (made, paths) = study.write(&site.scratch("ct"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, 3).await;
    eventually!(30, "the other study goes", holds(received(&workstation.folder).len() == 3));
    eventually!(10, "only the odd one waits", {
        let waits = routes(&site).await;
        holds(waits.len() == 1 && waits[0]["study"] == json!(odd.uid))
    });
    let pixels: Vec<&[u8]> = made.iter().map(|instance| &instance.pixels[..]).collect();
    for file in received(&workstation.folder) {
        assert!(pixels.iter().any(|pixels| file.ends_with(pixels)), "in another transfer syntax, the same pixels");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_mean_what_an_institution_referred() {
    let site = Site::open(SITE, "CH Nord").await;
    let of = |name: &str| Study { institution: Some(name.to_owned()), ..Study::of(1) };
    let send = async |study: &Study| {
        let (_, paths) = study.write(&site.scratch(&study.uid));
        let _ = site.c_store(&paths).ok();
        let _ = site.settled(&study.uid, 1).await;
    };
    let before = of("Clinique de l’Étang");
    send(&before).await;
    let words = ["--institution", "clinique*ETANG", "--label", "referred"];
    let tried = site.cli(&[&["rule", "add", "referred", "--dry-run"][..], &words].concat()).ok();
    assert!(tried.out.contains("1 of the last 1 studies"), "{}", tried.out);
    let _ = site.cli(&[&["rule", "add", "referred"][..], &words].concat()).ok();
    assert!(site.cli(&["rule", "list"]).ok().out.contains("institutions clinique*ETANG"));
    let (meant, ours, silent) = (of("Clinique de l'Étang"), of("CH Nord"), Study::of(1));
    for study in [&ours, &silent, &meant] {
        send(study).await;
    }
    let labels = async |study: &Study| site.listed(&study.uid).await.unwrap()["labels"].clone();
    eventually!(20, "it is labelled", holds(labels(&meant).await == json!(["referred"])));
    for other in [&before, &ours, &silent] {
        assert_eq!(labels(other).await, json!([]));
    }
    let told = site.cli(&["rule", "test", "--study", &ours.uid]).ok();
    assert!(told.out.contains("institutions") && told.out.contains("found: CH Nord"), "{}", told.out);

    // The journal tells it again.
    site.kill();
    std::fs::remove_dir_all(site.dir().join("index")).unwrap();
    site.serve().await;
    let tried = site.cli(&["rule", "test", "1"]).ok();
    assert!(tried.out.contains("2 of the last 4 studies"), "{}", tried.out);
}
