//! "Has anybody seen this patient?", asked so that whoever has not learns nothing: not the number, not whether it was asked for
//! before, not what came of it.

use crate::SITE;
use protocol::{
    Refusal,
    message::{Answer, Request},
    presence::{Element, KINDS, MINUTE_MAX, Proof, Subject, oprf::Asking, set::Records},
    wire,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{
    Pair, Site, Study, eventually,
    tools::confrere::{Confrere, Holding, INS, Paired, ins, subject},
    wait::holds,
};

async fn stored(site: &Site, study: &Study) {
    let (made, paths) = study.write(&site.scratch(&study.uid));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
}

fn of(number: &str, modality: &str) -> Study {
    let patient_id = number.to_owned();
    Study { patient_id, issuer: Some(INS.to_owned()), ..Study::of(2).modality(modality) }
}

/// What each site answers to somebody at a site, in the order of names.
async fn answers(site: &Site, number: &str) -> Vec<Value> {
    site.post("/api/presence", &json!({ "ins": number })).await.ok().json()["sites"].as_array().unwrap().clone()
}

async fn says(site: &Site, number: &str) -> String {
    let answers = answers(site, number).await;
    assert_eq!(answers.len(), 1);
    answers[0]["answer"].as_str().unwrap().to_owned()
}

async fn asked_events(site: &Site) -> Vec<Value> {
    site.audit("").await.into_iter().filter(|entry| entry["act"] == "presence-asked").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_knows_the_patient_says_so_with_how_much_and_nobody_names_the_patient() {
    let pair = Pair::paired(SITE).await;
    let (known, opposed, local) = (ins(1), ins(2), ins(3));
    for study in [of(&known, "CT"), of(&known, "MR"), of(&opposed, "CT")] {
        stored(&pair.a, &study).await;
    }
    // A local number that looks like a national one is none.
    stored(&pair.a, &Study { patient_id: local.clone(), ..Study::of(1) }).await;
    let refused = answers(&pair.b, &known).await;
    assert_eq!((&refused[0]["answer"], &refused[0]["reason"]), (&json!("refused"), &json!("not-permitted")));
    assert!(asked_events(&pair.a).await.is_empty(), "and it was not asked");

    // Nothing is announced under it, and yet one may ask.
    let agreed = pair.agree(&json!({ "preset": "case-only", "presence": true })).await;
    let sentences = agreed["sentences"]["fr"].to_string();
    assert!(sentences.contains("INS qualifiée"), "{agreed}");
    let row = answers(&pair.b, &known).await.remove(0);
    assert_eq!((&row["answer"], &row["site_name"]), (&json!("knows"), &json!("CH Nord")), "{row}");
    let counts = json!([{ "kind": "CT", "studies": 1 }, { "kind": "MR", "studies": 1 }]);
    assert_eq!(row["studies"], counts);
    for unknown in [&local, &ins(4)] {
        assert_eq!(says(&pair.b, unknown).await, "does-not");
    }
    assert_eq!(says(&pair.b, &opposed).await, "knows");

    // Another comes; and a patient opposes, which counts in the next answer.
    stored(&pair.a, &of(&ins(4), "US")).await;
    let _ = pair.a.cli(&["patient", "oppose", &opposed, "--issuer", INS]).ok();
    assert_eq!(says(&pair.b, &opposed).await, "does-not");
    assert_eq!(says(&pair.b, &ins(4)).await, "knows");

    let said = pair.b.cli(&["patient", "presence", &known]).ok();
    assert!(said.out.contains("CH Nord") && said.out.contains("CT 1, MR 1"), "{}", said.out);
    let said = pair.b.cli(&["patient", "presence", "255081416802539"]);
    assert_ne!(said.code, Some(0), "a number whose key does not fit");

    // Both sites have it, with who asked; neither has for whom.
    eventually!(10, "both logs have it", holds(!asked_events(&pair.a).await.is_empty()));
    for site in [&pair.a, &pair.b] {
        for entry in asked_events(site).await {
            assert!(entry["study"].is_null() && !entry.to_string().contains(&known), "{entry}");
        }
    }
    assert!(pair.b.files_with(known.as_bytes()).is_empty(), "the number is nowhere on the asker's disk");
    assert!(!pair.a.log().contains(&known) && !pair.b.log().contains(&known));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_site_without_the_patient_hears_is_the_same_for_all() {
    let site = Site::open(SITE, "CHU Sud").await;
    let holder =
        holder(&site, [ins(1)], |holding, blinded| Some(Answer::Presence(Box::new(holding.evaluate(blinded))))).await;
    holder.is_pulled().await;
    let _ = holder.heard();
    let mut transcripts = Vec::new();
    for number in [ins(7), ins(8), ins(7), ins(1)] {
        let expected = if number == ins(1) { "knows" } else { "does-not" };
        assert_eq!(says(&site, &number).await, expected);
        let heard = holder.heard();
        assert_eq!(heard.len(), 1, "one message: what is found makes no other");
        transcripts.push(heard[0].clone());
    }
    assert_eq!(transcripts.iter().map(Vec::len).collect::<BTreeSet<_>>().len(), 1, "one size");
    assert_eq!(transcripts.iter().collect::<BTreeSet<_>>().len(), 4, "the same question twice is two questions");
    for bytes in &transcripts {
        assert!(matches!(wire::decode(bytes), Ok(Request::Presence(_))));
        let (head, tail) = bytes.split_at(bytes.len() - 32);
        assert_eq!(head, &transcripts[0][..head.len()], "nothing but the point differs");
        assert_ne!(tail, [0; 32]);
    }
    // The log tells the holder who asked and when; it is the same for all as well.
    let entries = asked_events(&site).await;
    let same: BTreeSet<String> =
        entries.iter().map(|e| json!([e["person"], e["role"], e["note"], e["outcome"]]).to_string()).collect();
    assert_eq!((entries.len(), same.len()), (4, 1), "{entries:?}");
}

/// A played confrère that may be asked, and answers so.
async fn holder(
    site: &Site,
    patients: impl IntoIterator<Item = String>,
    answers: impl FnMut(&Holding, &Element) -> Option<Answer> + Send + 'static,
) -> Confrere {
    let patients: Vec<Subject> = patients.into_iter().map(|number| subject(&number)).collect();
    let holding = Holding::of([9; 32], patients, site.id().await.parse().unwrap());
    let holder = Paired::with(site, [42; 32], "CH Feint").await.meet(site, holding, answers).await;
    let _ = holder.agree(site, &json!({ "preset": "all", "direction": "both", "presence": true })).await;
    holder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_does_not_hold_is_never_taken_for_no() {
    let site = Site::open(SITE, "CHU Sud").await;
    let mut turn = 0;
    let mut before = None;
    let lies = move |holding: &Holding, blinded: &Element| {
        let mut good = holding.evaluate(blinded);
        let first = before.get_or_insert_with(|| good.clone()).clone();
        turn += 1;
        match turn {
            1 => {}
            2 => good = first,
            3 => good.element = Element([0; 32]),
            4 => good.element = Element([0xff; 32]),
            5 => good.proof = Proof([[1; 32]; 2]),
            6 => good.set.key = Element([0; 32]),
            7 => good.recent.records = Records::from_bytes(vec![0; 17]),
            8 => good.recent.records = Records::from_bytes(vec![0; 16 * 4096]),
            9 => return Some(Answer::Done),
            _ => return None,
        }
        Some(Answer::Presence(Box::new(good)))
    };
    let holder = holder(&site, [ins(1)], lies).await;
    holder.is_pulled().await;
    assert_eq!(says(&site, &ins(1)).await, "knows");
    for lie in 2..10 {
        assert_eq!(says(&site, &ins(1)).await, "faulty", "lie {lie}");
    }
    assert!(site.audit("").await.iter().any(|entry| entry["act"] == "security-alert"));
    let began = std::time::Instant::now();
    assert_eq!(says(&site, &ins(1)).await, "not-reached", "silence");
    assert!(began.elapsed().as_secs() < 4, "and it is named within seconds");
    // Ten in a minute are enough for one person.
    assert_eq!(site.post("/api/presence", &json!({ "ins": ins(1) })).await.status, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_asks_no_more_and_no_otherwise_than_agreed() {
    let site = Site::open(SITE, "CHU Sud").await;
    stored(&site, &of(&ins(1), "CT")).await;
    let peer = holder(&site, [], |_, _| None).await;
    let Some(Answer::PresenceSet(page)) = peer.ask(&Request::PresenceSet { set: None, page: 0 }).await else {
        panic!()
    };
    assert_eq!((page.records.len(), page.pages), (64, 1), "a size that says nothing");
    for (set, number) in [(None, 1), (None, u32::MAX), (Some(protocol::ids::Id128([1; 16])), 0)] {
        let answer = peer.ask(&Request::PresenceSet { set, page: number }).await;
        assert!(matches!(answer, Some(Answer::Refused(Refusal::Malformed | Refusal::NotHeld))), "{answer:?}");
    }
    for wrong in [[0; 32], [0xff; 32]] {
        let answer = peer.ask(&Request::Presence(Element(wrong))).await;
        assert_eq!(answer, Some(Answer::Refused(Refusal::Malformed)));
    }
    let find = async |number: &str, chance: u8| {
        let (asking, element) = Asking::blind(&subject(number), &[chance; 32]).unwrap();
        let Some(Answer::Presence(answer)) = peer.ask(&Request::Presence(element)).await else { return None };
        let output = asking.finish(&answer.set.key, &answer.element, &answer.proof).unwrap();
        assert_eq!(answer.set, page.set, "the key that was published");
        Some(protocol::presence::set::look(&output, &peer.id, (&page.records, &page.set.id), &answer.recent))
    };
    let counts = find(&ins(1), 1).await.unwrap();
    assert_eq!(counts.each().collect::<Vec<_>>(), [(KINDS[0].0, 1)]);
    // The same point again is another question, and gives the same.
    assert_eq!(find(&ins(1), 1).await.unwrap(), counts);
    assert!(!find(&ins(2), 2).await.unwrap().is_known());
    let mut given = 5;
    while find(&ins(2), 3).await.is_some() {
        given += 1;
    }
    assert_eq!(given, MINUTE_MAX, "and no more in this minute");
    let (_, element) = Asking::blind(&subject(&ins(1)), &[9; 32]).unwrap();
    let answer = peer.ask(&Request::Presence(element)).await;
    assert!(matches!(answer, Some(Answer::Refused(Refusal::Busy(_)))), "{answer:?}");
    assert!(site.audit("").await.iter().any(|entry| entry["act"] == "security-alert"));
}
