//! A node dies at any moment of taking instances in: nothing it acknowledged is lost.

use crate::SITE;
use hyper::Method;
use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tests::{Client, Instance, Site, Study, http::Ask, multipart, part10};

/// Senders at once: group commit has several to acknowledge together.
const SENDERS: usize = 4;

/// Sends instances one by one over several connections; kills the node after `kill_after` acknowledgements, with the
/// other senders in mid-sentence. Gives those acknowledged.
async fn send_until_killed(site: &Site, made: &[Instance], kill_after: usize) -> Vec<usize> {
    let (next, acknowledged) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let sender = async || {
        let Ok(mut client) = Client::connect(site.portal()).await else { return };
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(instance) = made.get(index) else { return };
            let ask = Ask::new(Method::POST, "/dicomweb/studies")
                .bearer(&site.token)
                .body(&multipart::dicom_type(), multipart::body(&[&instance.file]));
            match client.ask(ask).await {
                Ok(answer) if answer.status.is_success() => {
                    let mut done = acknowledged.lock().unwrap();
                    done.push(index);
                    if done.len() == kill_after {
                        site.kill();
                    }
                }
                Ok(answer) => panic!("{}: {}", answer.status, answer.text()),
                Err(_) => return,
            }
        }
    };
    let [a, b, c, d]: [_; SENDERS] = [sender(), sender(), sender(), sender()];
    tokio::join!(a, b, c, d);
    acknowledged.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_instance_is_there_after_each_of_many_deaths() {
    let site = Site::open(SITE, "CH Nord").await;
    let mut kept: Vec<Instance> = Vec::new();
    for round in [1, 7, 20, 33] {
        let made = Study::of(40).make();
        let acknowledged = send_until_killed(&site, &made, round).await;
        assert!(acknowledged.len() >= round && !site.runs());
        site.serve().await;
        kept.extend(acknowledged.iter().map(|&index| made[index].clone()));
        for instance in &kept {
            let file =
                site.retrieve(&instance.path()).await.unwrap_or_else(|e| panic!("lost: {} {}", e.status, e.text()));
            assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
        }
        // What was not acknowledged is sent again and is then complete.
        let files: Vec<&[u8]> = made.iter().map(|i| i.file.as_slice()).collect();
        assert!(site.stow(&files).await.status.is_success());
        let _ = site.settled(&made[0].study, made.len()).await;
    }
    let verified = site.cli(&["verify"]).ok();
    assert!(!verified.out.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanner_that_was_cut_off_sends_again_and_the_study_is_whole_at_both_sites() {
    let pair = tests::Pair::agreed(SITE, tests::Preset::All).await;
    let study = Study::of(30);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    let _ = pair.a.c_store(&paths[..11]).ok();
    pair.a.kill();
    pair.a.serve().await;
    pair.announced(&study.uid, made.len(), &paths).await;
    for instance in &made {
        let file = pair.b.retrieve(&instance.path()).await.unwrap();
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }
}
