//! A patient asks who saw what: the house answers with a list in plain words, and asking is in it.

use crate::SITE;
use tests::{Pair, Preset, Study};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_names_own_people_and_peers_and_no_patient() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(2);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, 2, &paths).await;
    let _ = pair.a.retrieve(&made[0].path()).await.unwrap();
    let _ = pair.b.retrieve(&made[0].path()).await.unwrap();

    let said = pair.a.cli(&["audit", "patient", &study.patient_id]).ok();
    for part in ["story", "opened it", "read images of it from here", &format!("of {}", pair.b.name), &study.uid] {
        assert!(said.out.contains(part), "{part}\n{}", said.out);
    }
    for word in study.patient_name.split(['^', ' ']).filter(|word| word.len() > 3) {
        assert!(!said.out.contains(word), "{word}\n{}", said.out);
    }
    // Asking again shows who asked before, in French as well.
    let french = pair.a.cli(&["--lang", "fr", "audit", "patient", &study.patient_id]).ok();
    assert!(
        french.out.contains("a lu cette liste") && french.out.contains("en a lu des images d'ici"),
        "{}",
        french.out
    );
    // Another patient's list is not this one's.
    let nobody = pair.a.cli(&["audit", "patient", "NOBODY*"]);
    assert_eq!(nobody.code, Some(1), "{}", nobody.out);
}
