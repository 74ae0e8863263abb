//! Trust that is withdrawn ends what runs under it, now.

use crate::SITE;
use serde_json::json;
use std::time::{Duration, Instant};
use tests::{Instance, OverRoad, Study, eventually, wait::holds};

/// What is withdrawn ends within this, on both sides, from the administrator's click.
const SOON: Duration = Duration::from_secs(1);

/// A study that B fetches, over a road that has let the first of it pass and holds the rest.
struct Running {
    world: OverRoad,
    study: Study,
    made: Vec<Instance>,
}

async fn running() -> Running {
    let world = OverRoad::open(SITE).await;
    let (pair, road) = (&world.pair, &world.road);
    // 50 MB: more than all windows between the two can hold.
    let study = Study::of(100).size(512, 512);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    road.allow_only(2_000);
    let _ = pair.b.post(&format!("/api/studies/{}/fetch", study.uid), &json!({})).await.ok();
    eventually!(20, "the transfer runs", holds(road.passed() > 1_000_000 && road.lines() > 0));
    Running { world, study, made }
}

impl Running {
    async fn is_cut(&self, withdrawn: Instant) {
        let total: u64 = self.made.iter().map(|i| i.data_set().len() as u64).sum();
        eventually!(1, "the holder's line is cut", holds(self.world.road.lines() == 0));
        let cut = withdrawn.elapsed();
        self.world.pair.withdrawn(&self.study.uid).await;
        let listed = withdrawn.elapsed();
        assert!(listed < SOON, "cut after {cut:?}, no longer listed after {listed:?}");
        self.world.road.allow_all();
        assert!(self.world.road.passed() < total, "{} of {total} bytes", self.world.road.passed());
        for instance in [&self.made[0], &self.made[99]] {
            let answer = self.world.pair.b.frame(&instance.path(), 1).await;
            assert!(matches!(answer.status.as_u16(), 403 | 404), "nothing is shown any more: {}", answer.status);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_peer_is_revoked() {
    let running = running().await;
    let began = Instant::now();
    let answer = running.world.pair.a.delete(&format!("/api/peers/{}", running.world.pair.b_id)).await;
    assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
    running.is_cut(began).await;
    let log = running.world.pair.a.audit("").await;
    assert!(log.iter().any(|e| e["act"].as_str().is_some_and(|act| act.contains("revoked"))), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agreement_is_ended_and_copies_are_no_longer_shown() {
    let running = running().await;
    let began = Instant::now();
    let path = format!("/api/agreements/{}/end", running.world.agreement);
    let _ = running.world.pair.a.post(&path, &json!({})).await.ok();
    let total: u64 = running.made.iter().map(|i| i.data_set().len() as u64).sum();
    running.world.pair.withdrawn(&running.study.uid).await;
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    running.world.road.allow_all();
    let answer = running.world.pair.b.frame(&running.made[0].path(), 1).await;
    assert!(matches!(answer.status.as_u16(), 403 | 404), "{}", answer.status);
    assert!(running.world.road.passed() < total);
}
