//! Reports that were found to differ: whoever had the first in hand, on a screen, on paper or by DICOM, is told until they say
//! that they know, each for themselves; so is the site that asked, also where it had read the last one before. And a second
//! reading that finds what the first did not.

use crate::{
    SITE,
    cases::{get, post, sign, step},
};
use serde_json::{Value, json};
use tests::{
    Pair, Preset, Site, Study, eventually,
    http::{self, Ask},
    tools::{dcmtk, pacs::Pacs},
    wait::holds,
};

/// Names of those who are to know and have not said so, as somebody is told.
async fn told(site: &Site, token: &str, whose: &str) -> Vec<(String, String)> {
    let all = get(site, token, "/api/cases/discordances").await;
    let word = |row: &Value, field: &str| row["told"][field].as_str().unwrap().to_owned();
    let mut names: Vec<_> =
        all[whose].as_array().unwrap().iter().map(|row| (word(row, "person"), word(row, "way"))).collect();
    names.sort();
    names
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, way)| ((*name).to_owned(), (*way).to_owned())).collect()
}

async fn claimed_and_signed(site: &Site, token: &str, case: &str, (standing, findings): (&str, &str)) -> Value {
    let _ = step(site, token, case, json!({ "step": "claim" })).await;
    sign(site, token, case, standing, findings).await
}

/// How many events of a kind a person left.
async fn acts(site: &Site, act: &str, person: &str) -> usize {
    let log = site.audit("").await;
    log.iter().filter(|entry| entry["act"] == act && entry["person"] == person).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_had_the_preliminary_is_told_until_they_say_that_they_know() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(3).named("Kervella^Maïwenn");
    let case = crate::cases::ready(&pair, &study).await;
    let (a, b) = (&pair.a, &pair.b);
    let at_a = |name: &str| a.new_token(name, "referrer");
    let [morvan, lucas, house, late] = ["dr.morvan", "dr.lucas", "dr.house", "dr.late"].map(at_a);
    let (leroy, bernard) = (b.new_token("dr.leroy", "radiologist"), b.new_token("dr.bernard", "radiologist"));
    let path = format!("/api/cases/{case}");

    let signed = claimed_and_signed(b, &leroy, &case, ("preliminary", "pas d’embolie pulmonaire")).await;
    let _ = get(b, &leroy, &path).await;
    let first = signed["reports"][0]["event"].as_str().unwrap().to_owned();
    // One sees it on the screen, one prints it, one has it by DICOM. It lies in the archive when it is delivered.
    eventually!(10, "it is filed", holds(get(a, &morvan, &path).await["reports"][0]["delivered"] == true));
    let pdf = Ask::get(format!("{path}/reports/{first}/pdf")).bearer(&lucas);
    assert!(http::ask(a.portal(), pdf).await.unwrap().ok().body.starts_with(b"%PDF-"));
    let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    let objects = Ask::get(format!("/dicomweb/studies/{}", study.uid)).header("accept", accept).bearer(&house);
    let _ = http::ask(a.portal(), objects).await.unwrap().ok();
    assert_eq!(told(a, &lucas, "mine").await, [], "nothing differs yet");

    let _ = step(b, &leroy, &case, json!({ "step": "release" })).await;
    let signed =
        claimed_and_signed(b, &bernard, &case, ("final", "embolie pulmonaire lobaire inférieure droite")).await;
    let last = signed["reports"][1]["event"].as_str().unwrap().to_owned();
    // The site has read the last one before anybody says that it differs.
    eventually!(10, "it is there", holds(get(a, &morvan, &path).await["reports"][1]["event"] == last.as_str()));
    let _ = step(a, &morvan, &case, json!({ "step": "acknowledge", "report": last })).await;
    let compare = json!({ "step": "compare", "reports": [first, last], "class": "major", "text": "non vu la nuit" });
    let _ = step(b, &bernard, &case, compare).await;
    let mine = async |token: &str| told(a, token, "mine").await;
    eventually!(10, "who printed it is told", holds(mine(&lucas).await == pairs(&[("dr.lucas", "printed")])));
    assert_eq!(mine(&morvan).await, pairs(&[("dr.morvan", "screen")]));
    assert_eq!(mine(&house).await, pairs(&[("dr.house", "dicom")]));
    assert_eq!(told(b, &leroy, "mine").await, pairs(&[("dr.leroy", "screen")]), "who wrote the first learns of it");
    assert_eq!(told(b, &bernard, "mine").await, [], "who said so knows");

    // To look again is not to know; who comes after sees both beside one another and owes nothing.
    let seen = get(a, &lucas, &path).await;
    let comparison = &seen["comparisons"][0];
    assert_eq!((&comparison["mine"], &comparison["unread"]), (&json!(true), &json!(true)), "{comparison}");
    assert_eq!(get(a, &late, &path).await["comparisons"][0]["mine"], false);
    assert_eq!(seen["told"], json!([]), "who does not know is the administrator's to see");
    a.kill();
    a.serve().await;
    let (screen, printed, dicom) = (("dr.morvan", "screen"), ("dr.lucas", "printed"), ("dr.house", "dicom"));
    assert_eq!(told(a, &a.token, "others").await, pairs(&[dicom, printed, screen]), "kept over a restart");

    let event = comparison["event"].as_str().unwrap();
    let known = post(a, &lucas, &format!("{path}/discordances/{event}"), &json!({})).await;
    assert_eq!((&known["comparisons"][0]["mine"], &known["comparisons"][0]["unread"]), (&json!(false), &json!(true)));
    let none = Ask::new(hyper::Method::POST, format!("{path}/discordances/{event}")).json(&json!({})).bearer(&late);
    assert_eq!(http::ask(a.portal(), none).await.unwrap().status.as_u16(), 404, "nothing is theirs to know");
    assert_eq!(told(a, &a.token, "others").await, pairs(&[dicom, screen]));

    // The site's own acknowledgement, once more; the one who gives it knows. Then the case is over, and the third still is told.
    assert_eq!(get(a, &morvan, &path).await["stage"], "acknowledged", "not closed: the difference is not read");
    // From a screen that does not show it yet it is not acknowledged.
    let old = Ask::new(hyper::Method::POST, format!("{path}/steps"))
        .json(&json!({ "step": "acknowledge", "report": last }))
        .bearer(&morvan);
    assert_eq!(http::ask(a.portal(), old).await.unwrap().error_code(), "difference-not-shown");
    let shown = json!({ "step": "acknowledge", "report": last, "differences": [event] });
    let _ = step(a, &morvan, &case, shown).await;
    eventually!(10, "it is over", holds(get(a, &morvan, &path).await["stage"] == "closed"));
    assert_eq!(told(a, &a.token, "others").await, pairs(&[dicom]));
    assert_eq!(mine(&house).await.len(), 1);
    assert_eq!(
        (acts(a, "discordance-acknowledged", "dr.lucas").await, acts(a, "report-opened", "dr.house").await),
        (1, 1)
    );
    assert_eq!(acts(a, "discordance-acknowledged", "dr.house").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_reading_is_compared_and_its_difference_is_told() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let case = crate::cases::ready(&pair, &Study::of(3).named("Kervella^Maïwenn")).await;
    let (a, b) = (&pair.a, &pair.b);
    let morvan = a.new_token("dr.morvan", "referrer");
    let (leroy, bernard) = (b.new_token("dr.leroy", "radiologist"), b.new_token("dr.bernard", "radiologist"));
    let path = format!("/api/cases/{case}");
    let may = |case: &Value, word: &str| case["actions"].as_array().unwrap().contains(&json!(word));

    let signed = claimed_and_signed(b, &leroy, &case, ("final", "pas de nodule")).await;
    let _ = get(b, &leroy, &path).await;
    let first = signed["reports"][0]["event"].clone();
    assert!(!may(&signed, "report-second-reading"), "one's own is no second reading");
    assert!(may(&get(b, &bernard, &path).await, "report-second-reading"));
    eventually!(10, "it is there", holds(get(a, &morvan, &path).await["reports"][0]["event"] == first));
    let _ = step(a, &morvan, &case, json!({ "step": "acknowledge", "report": first })).await;
    eventually!(10, "it is over", holds(get(a, &morvan, &path).await["stage"] == "closed"));

    // The day after another physician reads it anew, and finds more.
    let second = sign(b, &bernard, &case, "second-reading", "nodule de 6 mm du lobe moyen").await;
    let second = second["reports"][1]["event"].clone();
    let owed = |case: &Value| case["flags"].as_array().unwrap().contains(&json!("comparison-owed"));
    let seen = eventually!(10, "both stand side by side there too", {
        let case = get(a, &morvan, &path).await;
        (case["reports"][1]["event"] == second).then_some(case)
    });
    assert!(owed(&seen) && !may(&seen, "compare"), "a physician of the reading site compares: {seen}");
    assert_eq!(seen["reports"][1]["standing"], "second-reading");
    let compare =
        json!({ "step": "compare", "reports": [first, second], "class": "moderate", "text": "contrôle à 6 mois" });
    let _ = step(b, &bernard, &case, compare).await;
    let seen = eventually!(10, "the site that asked is told", {
        let case = get(a, &morvan, &path).await;
        (case["comparisons"][0]["unread"] == true).then_some(case)
    });
    assert_eq!((&seen["comparisons"][0]["class"], &seen["comparisons"][0]["mine"]), (&json!("moderate"), &json!(true)));
    assert!(!owed(&seen) && seen["stage"] != "closed", "{seen}");
    assert_eq!(told(b, &leroy, "mine").await.len(), 1, "who read first learns what they did not see");
    for report in [&second, &first] {
        let differences = json!([seen["comparisons"][0]["event"]]);
        let known = json!({ "step": "acknowledge", "report": report, "differences": differences });
        let _ = step(a, &morvan, &case, known).await;
    }
    eventually!(10, "it is over again", holds(get(a, &morvan, &path).await["stage"] == "closed"));
}

/// Objects of reports that a PACS was given, as DCMTK reads them.
fn reports_at(pacs: &Pacs) -> Vec<String> {
    let files = std::fs::read_dir(pacs.images()).unwrap().map(|entry| entry.unwrap().path());
    let read = files.filter(|path| path.extension().is_none_or(|end| end != "dat")).map(|path| dcmtk::dump(&path));
    read.filter(|text| text.contains("CONFRERE-REPORT")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_final_report_follows_the_preliminary_one_to_the_pacs_and_supersedes_it() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let (a, b) = (&pair.a, &pair.b);
    let pacs = Pacs::dcmtk((&a.ae_title, a.dimse())).await;
    a.add_ae("PACS", pacs.at().rsplit(':').next().unwrap().parse().unwrap(), "none");
    let _ = a.cli(&["rule", "add", "all", "--route", "PACS"]).ok();
    let study = Study::of(3).named("Kervella^Maïwenn");
    let case = crate::cases::ready(&pair, &study).await;
    let (leroy, morvan) = (b.new_token("dr.leroy", "radiologist"), a.new_token("dr.morvan", "referrer"));
    let signed = claimed_and_signed(b, &leroy, &case, ("preliminary", "pas d’embolie pulmonaire")).await;
    let first = signed["reports"][0]["event"].as_str().unwrap().to_owned();
    eventually!(60, "the preliminary report goes the way of its images", holds(reports_at(&pacs).len() == 2));
    let none = get(a, &morvan, &format!("/api/studies/{}/reports", study.uid)).await;
    assert_eq!((&none[0]["signed"]["event"], &none[0]["superseded_by"]), (&json!(first), &Value::Null), "{none}");
    let _ = sign(b, &leroy, &case, "final", "embolie pulmonaire lobaire").await;
    let there = eventually!(60, "so does the final one", {
        let there = reports_at(&pacs);
        (there.len() == 4).then_some(there)
    });
    let naming = there.iter().filter(|text| text.contains("(0040,a360)")).count();
    assert_eq!(naming, 2, "its two objects name those that they take the place of");
    assert!(there.iter().any(|text| text.contains("UNVERIFIED")), "the preliminary one stays");

    // Said above the images at both sites, and across what is printed of it now.
    for (site, token) in [(a, &morvan), (b, &leroy)] {
        let told = eventually!(10, "it is said there", {
            let told = get(site, token, &format!("/api/studies/{}/reports", study.uid)).await;
            (told.as_array().unwrap().len() == 2).then_some(told)
        });
        assert_eq!(
            (&told[0]["superseded_by"]["person"], &told[1]["superseded_by"]),
            (&json!("dr.leroy"), &Value::Null)
        );
        let ask = Ask::get(format!("/api/cases/{case}/reports/{first}/pdf")).bearer(token);
        let printed = http::ask(site.portal(), ask).await.unwrap().ok().body;
        let shows = |digits: &[u8]| printed.windows(digits.len()).any(|window| window == digits);
        // REMPLACÉ, as letters beyond ASCII are written.
        assert!(shows(b"52454D504C4143C9") && !shows(b"(PROVISOIRE)"), "{}", site.name);
    }
}
