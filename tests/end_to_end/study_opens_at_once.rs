//! The first image of a study comes with its manifest and headers, in one answer; each is checked as by itself.

use crate::SITE;
use protocol::fetch::{ALPN_CODED, ALPNS};
use tests::{Instance, OverRoad, Pair, Study, multipart, road::Conduct};

async fn announce(pair: &Pair, instances: u32) -> Vec<Instance> {
    let study = Study::of(instances).size(512, 512);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    made
}

async fn reads(pair: &Pair, instance: &Instance) {
    let answer = pair.b.frame(&instance.path(), 1).await.ok();
    assert_eq!(multipart::parts(&answer), std::slice::from_ref(&instance.pixels));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_brings_the_first_image() {
    for world in [OverRoad::open(SITE).await, OverRoad::coded(SITE, &ALPNS).await] {
        // Of one image: nothing else is there to be asked for.
        let made = announce(&world.pair, 1).await;
        let before = world.road.asked();
        reads(&world.pair, &made[0]).await;
        assert_eq!(world.road.asked() - before, 1, "manifest, headers and image came together");
        let bytes = made[0].data_set().len() as u64;
        assert!(world.road.passed() <= bytes, "and once");
        // Headers were among it.
        let metadata = world.pair.b.get(&format!("/dicomweb{}/metadata", made[0].path())).await.ok().json();
        assert_eq!(metadata[0]["00080018"]["Value"][0], made[0].uid);
        assert_eq!(world.road.asked() - before, 1);
        // With more of them, the first comes so and the others by themselves.
        let made = announce(&world.pair, 6).await;
        for instance in made.iter().rev() {
            reads(&world.pair, instance).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_of_before_is_asked_for_each_by_itself() {
    let world = OverRoad::coded(SITE, &[ALPN_CODED]).await;
    let made = announce(&world.pair, 1).await;
    let before = world.road.asked();
    reads(&world.pair, &made[0]).await;
    assert_eq!(world.road.asked() - before, 3);
    assert!(world.pair.a.audit("&alerts=true").await.is_empty(), "A heard nothing that it cannot read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_at_once_is_believed_no_sooner() {
    let world = OverRoad::open(SITE).await;
    for conduct in [Conduct::WrongManifest, Conduct::WrongHeaders, Conduct::WrongList, Conduct::WrongByte] {
        let made = announce(&world.pair, 1).await;
        world.road.conduct(conduct);
        let answer = world.pair.b.frame(&made[0].path(), 1).await;
        assert_eq!(answer.status.as_u16(), 502, "{conduct:?}: {}", answer.text());
        assert_eq!(answer.json()["error"], "corrupt", "{conduct:?}");
        let alerts = world.pair.b.audit("&alerts=true").await;
        assert!(alerts.iter().any(|alert| alert["study"] == made[0].study), "{conduct:?} is told: {alerts:?}");
        world.road.conduct(Conduct::Honest);
    }
}
