//! The holder goes down while its study is read elsewhere, and comes back.

use crate::SITE;
use std::time::{Duration, Instant};
use tests::{Pair, Preset, Study, eventually, hospital::peer, part10};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reader_says_so_at_once_keeps_what_it_has_and_goes_on_when_it_returns() {
    // At 40 Mbit/s 40 MB take eight seconds: more than passes between an image seen and the end of the holder.
    let pair = Pair::paired(SITE).await;
    let _ = pair.agree(&serde_json::json!({ "preset": "all", "kbits_max": 40_000 })).await;
    let study = Study { series: 2, ..Study::of(40) }.size(512, 512);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    // As a viewer opens it: first what the series consists of, then an image.
    let series = made[0].path().split("/instances/").next().unwrap().to_owned();
    let _ = pair.b.get(&format!("/dicomweb{series}/metadata")).await.ok();
    let _ = pair.b.frame(&made[0].path(), 1).await.ok();

    pair.a.kill();
    eventually!(8, "B's list says that A is away", {
        pair.b.listed(&study.uid).await.filter(|row| row["availability"] == "unreachable")
    });
    let began = Instant::now();
    let refused = pair.b.frame(&made[79].path(), 1).await;
    assert!(matches!(refused.status.as_u16(), 503 | 504), "{}: {}", refused.status, refused.text());
    assert!(began.elapsed() < Duration::from_secs(3), "at once, not after {:?}", began.elapsed());
    assert!(!refused.header("retry-after").is_empty());
    let kept = pair.b.frame(&made[0].path(), 1).await.ok();
    assert_eq!(tests::multipart::parts(&kept), [made[0].pixels.clone()]);

    pair.a.serve().await;
    eventually!(45, "the two meet again", peer(&pair.b, &pair.a_id).await.filter(|p| p["connected"] == true));
    for instance in made.iter().step_by(13) {
        let file = eventually!(20, "B reads on", pair.b.retrieve(&instance.path()).await.ok());
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_nothing_is_asked_of_is_seen_to_be_away_as_well() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let (read, other) = (Study::of(3), Study::of(3));
    let (made, paths) = read.write(&pair.a.scratch("scanner"));
    pair.announced(&read.uid, 3, &paths).await;
    let (_, paths) = other.write(&pair.a.scratch("second"));
    pair.announced(&other.uid, 3, &paths).await;
    let _ = pair.b.retrieve(&made[0].path()).await.unwrap();
    pair.a.kill();
    eventually!(8, "B's list of studies says so", {
        pair.b.listed(&other.uid).await.filter(|row| row["availability"] == "unreachable")
    });
    eventually!(1, "and that of peers", peer(&pair.b, &pair.a_id).await.filter(|p| p["connected"] == false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_while_the_reader_was_down_is_told_when_it_returns() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    pair.b.kill();
    let study = Study::of(3);
    let (_, paths) = study.write(&pair.a.scratch("scanner"));
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&study.uid, 3).await;
    pair.b.serve().await;
    let _ = pair.b.settled(&study.uid, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_killed_while_it_fetches_finishes_after_its_return() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(40).size(512, 512);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    let fetch = format!("/api/studies/{}/fetch", study.uid);
    let _ = pair.b.post(&fetch, &serde_json::json!({})).await.ok();
    eventually!(20, "some of it has arrived", {
        pair.b.listed(&study.uid).await.filter(|row| row["instances_here"].as_u64() > Some(2))
    });
    pair.b.kill();
    pair.b.serve().await;
    let _ = pair.b.settled(&study.uid, made.len()).await;
    let _ = eventually!(
        20,
        "the fetch is taken up",
        pair.b.post(&fetch, &serde_json::json!({})).await.status.is_success().then_some(())
    );
    eventually!(40, "all of it has arrived", {
        pair.b.listed(&study.uid).await.filter(|row| row["instances_here"].as_u64() == Some(made.len() as u64))
    });
    let file = pair.b.retrieve(&made[39].path()).await.unwrap();
    assert_eq!(&file[part10::data_set_at(&file)..], made[39].data_set());
}
