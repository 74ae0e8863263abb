//! A study of one image and one of three thousand are listed, told of, and read at the other site alike.

use crate::SITE;
use tests::{Pair, Preset, Study, eventually, multipart};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_image_and_three_thousand() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    for count in [1, 3_000] {
        let study = Study::of(count).size(16, 16);
        let (made, paths) = study.write(&pair.a.scratch(&format!("scanner{count}")));
        pair.announced(&study.uid, made.len(), &paths).await;
        // Headers of thousands take the holder a while to pack: until then the door says when to come again.
        let metadata = eventually!(30, "the metadata are here", {
            let answer = pair.b.get(&format!("/dicomweb/studies/{}/metadata", study.uid)).await;
            assert!(answer.status != 503 || !answer.header("retry-after").is_empty(), "{}", answer.text());
            (answer.status != 503).then_some(answer)
        });
        let metadata = metadata.ok();
        let listed: serde_json::Value = serde_json::from_slice(&metadata.body).unwrap();
        assert_eq!(listed.as_array().unwrap().len(), made.len());
        for instance in [&made[0], &made[made.len() / 2], &made[made.len() - 1]] {
            let frame = pair.b.frame(&instance.path(), 1).await.ok();
            assert_eq!(multipart::parts(&frame)[0], instance.pixels);
        }
        assert!(pair.b.memory(true) < 200 << 20, "{} bytes", pair.b.memory(true));
    }
}
