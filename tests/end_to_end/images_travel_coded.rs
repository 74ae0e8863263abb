//! Images travel in fewer bytes than they have, and are the same bytes again before anybody sees them.

use crate::SITE;
use protocol::fetch::{ALPN, ALPNS};
use serde_json::json;
use tests::{Instance, OverRoad, Pair, Study, eventually, multipart, part10, road::Conduct};

async fn announce(pair: &Pair, instances: u32) -> (Study, Vec<Instance>) {
    let study = Study::of(instances).size(512, 512);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    (study, made)
}

fn bytes_of(made: &[Instance]) -> u64 {
    made.iter().map(|instance| instance.data_set().len() as u64).sum()
}

async fn read_all(pair: &Pair, made: &[Instance]) {
    for instance in made {
        let answer = pair.b.frame(&instance.path(), 1).await.ok();
        assert_eq!(multipart::parts(&answer), std::slice::from_ref(&instance.pixels));
        let file = pair.b.retrieve(&instance.path()).await.unwrap();
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }
}

async fn alerts(pair: &Pair) -> Vec<serde_json::Value> {
    let all = pair.b.audit("&alerts=true").await;
    all.into_iter().filter(|entry| entry["peer"] == pair.a_id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_study_arrives_equal_in_half_its_bytes() {
    let world = OverRoad::coded(SITE, &ALPNS).await;
    let (_, made) = announce(&world.pair, 12).await;
    read_all(&world.pair, &made).await;
    let (whole, passed) = (bytes_of(&made), world.road.passed());
    assert_eq!(world.road.coded(), whole, "every one was coded");
    assert!(passed * 2 < whole, "{passed} of {whole} bytes");
    assert!(alerts(&world.pair).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_coding_is_found_told_and_done_without() {
    let world = OverRoad::coded(SITE, &ALPNS).await;
    let (pair, road) = (&world.pair, &world.road);
    road.conduct(Conduct::WrongCoding);
    let (study, made) = announce(pair, 4).await;
    read_all(pair, &made).await;
    assert!(road.coded() > 0, "some were coded, wrongly");
    let told = eventually!(5, "B's log has a security alert", Some(alerts(pair).await).filter(|a| !a.is_empty()));
    assert!(told.iter().any(|entry| entry["study"] == study.uid), "it names the study: {told:?}");
    // From now on A is asked for what it has as it has it.
    let (coded, passed) = (road.coded(), road.passed());
    let (_, made) = announce(pair, 4).await;
    read_all(pair, &made).await;
    assert_eq!(road.coded(), coded);
    assert!(road.passed() - passed >= bytes_of(&made));
    assert_eq!(alerts(pair).await.len(), told.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_of_before_is_asked_as_it_understands() {
    let world = OverRoad::coded(SITE, &[ALPN]).await;
    let (_, made) = announce(&world.pair, 4).await;
    read_all(&world.pair, &made).await;
    assert_eq!(world.road.coded(), 0);
    assert!(alerts(&world.pair).await.is_empty());
    let at_holder = world.pair.a.audit("&alerts=true").await;
    assert!(at_holder.is_empty(), "nor did A hear what it cannot read: {at_holder:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_killed_on_the_way_asks_only_for_what_is_missing() {
    let world = OverRoad::coded(SITE, &ALPNS).await;
    let (pair, road) = (&world.pair, &world.road);
    let (study, made) = announce(pair, 24).await;
    road.allow_only(3_000);
    let fetch = format!("/api/studies/{}/fetch", study.uid);
    let _ = pair.b.post(&fetch, &json!({})).await.ok();
    let here = eventually!(20, "some of it has arrived", {
        let row = pair.b.listed(&study.uid).await;
        row.and_then(|row| row["instances_here"].as_u64()).filter(|here| *here > 1)
    });
    pair.b.kill();
    road.allow_all();
    eventually!(20, "what was on its way is over", (road.lines() == 0).then_some(()));
    let before = road.coded();
    pair.b.serve().await;
    let _ = pair.b.settled(&study.uid, made.len()).await;
    let _ = eventually!(
        20,
        "the fetch is taken up",
        pair.b.post(&fetch, &json!({})).await.status.is_success().then_some(())
    );
    eventually!(40, "all of it has arrived", {
        pair.b.listed(&study.uid).await.filter(|row| row["instances_here"].as_u64() == Some(made.len() as u64))
    });
    let again = road.coded() - before;
    let kept = here * made[0].data_set().len() as u64;
    assert!(again <= bytes_of(&made) - kept, "{again} bytes after {here} images were here");
    read_all(pair, &made).await;
    assert!(alerts(pair).await.is_empty());
}
