//! Images that were met otherwise than they were signed, on their way to where that is remembered: whoever meets one does not wait
//! for the disk, and nobody is kept from the next image.
//!
//! # At a crash
//! What was on its way is lost; its image was shown to nobody, and is met again when it is asked for again.
//!
//! # Not here
//! Remembering, and what follows for a report: `cases`, `desk`.

use crate::{
    cases::{Cases, SignedImage},
    tasks::Tasks,
};
use protocol::{Digest, Uid, manifest::Manifest};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// Images on their way. Beyond, they are met again.
const WAITING_MAX: usize = 4_096;
/// What could not be written down is tried again after so long.
const AGAIN: Duration = Duration::from_secs(5);

/// See the module. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Doubts {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    cases: Cases,
    /// What is to be written, and whether it is over.
    waiting: Mutex<BTreeMap<SignedImage, bool>>,
    news: Notify,
}

impl Doubts {
    pub(super) fn new(cases: Cases) -> Self {
        Self { inner: Arc::new(Inner { cases, waiting: Mutex::default(), news: Notify::new() }) }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<SignedImage, bool>> {
        self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes came that are not those of this image.
    pub(super) fn begin(&self, study: &Uid, digest: &Digest) {
        let of = SignedImage { study: study.clone(), digest: *digest };
        let mut waiting = self.waiting();
        if waiting.len() < WAITING_MAX || waiting.contains_key(&of) {
            let _ = waiting.insert(of, false);
            self.inner.news.notify_one();
        }
    }

    /// The image is here whole, byte for byte as it was signed. Cheap where nothing was wrong with it.
    pub(super) fn end(&self, study: &Uid, digest: &Digest) {
        let of = SignedImage { study: study.clone(), digest: *digest };
        let mut waiting = self.waiting();
        if waiting.contains_key(&of) || self.inner.cases.is_unverified(&of) {
            let _ = waiting.insert(of, true);
            self.inner.news.notify_one();
        }
    }

    /// The study is signed as this manifest says: of images that are not in it nothing is doubted any more.
    pub(crate) fn keep(&self, study: &Uid, manifest: &Manifest) {
        let doubted = self.inner.cases.unverified(study);
        if doubted.is_empty() {
            return;
        }
        let instances = manifest.series.iter().flat_map(|series| &series.instances);
        let signed: HashSet<Digest> = instances.map(|entry| entry.digest).collect();
        for digest in doubted.iter().filter(|digest| !signed.contains(digest)) {
            self.end(study, digest);
        }
    }

    fn next(&self) -> Option<(SignedImage, bool)> {
        self.waiting().first_key_value().map(|(of, is_over)| (of.clone(), *is_over))
    }

    /// Writes down what is on its way, until the node stops.
    pub(super) async fn run(self, tasks: Tasks) {
        loop {
            tokio::select! {
                () = self.inner.news.notified() => {}
                () = tasks.stopping() => return,
            }
            // It stands there until it is remembered: what ends meanwhile is not overlooked.
            while let Some((of, is_over)) = self.next() {
                if let Err(error) = self.inner.cases.compared(of.clone(), is_over).await {
                    tracing::error!(%error, study = %of.study, "an image that is not as it was signed is not remembered yet");
                    tasks.pause(AGAIN).await;
                    if tasks.stop_token().is_cancelled() {
                        return;
                    }
                    continue;
                }
                let mut waiting = self.waiting();
                if waiting.get(&of) == Some(&is_over) {
                    let _ = waiting.remove(&of);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{audit::Audit, cases::News, identity::Identity, journal::Journal, trust::Trust};
    use protocol::SiteId;
    use std::{collections::BTreeSet, path::Path};

    const WITHIN: Duration = Duration::from_secs(20);

    fn cases(dir: &Path, tasks: &Tasks) -> Cases {
        let identity = Arc::new(Identity::from_seed(&[9; 32]));
        let journal = Journal::open(&dir.join("journal").join("site"), tasks).unwrap();
        let trust = Trust::open(journal, identity.clone(), tasks).unwrap();
        let audit = Audit::open(dir, tasks).unwrap();
        Cases::open(dir, identity, trust, audit, tasks).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_met_is_remembered_and_ends_also_while_it_is_on_its_way() {
        let (dir, tasks) = (tempfile::tempdir().unwrap(), Tasks::default());
        let cases = cases(dir.path(), &tasks);
        let doubts = Doubts::new(cases.clone());
        let (study, digests) = ("1.2.1".parse::<Uid>().unwrap(), [1, 2, 3].map(|n| Digest([n; 32])));
        doubts.end(&study, &digests[0]);
        assert!(doubts.next().is_none(), "nothing was wrong with it");
        for digest in &digests {
            doubts.begin(&study, digest);
        }
        doubts.end(&study, &digests[1]);
        let mut news = cases.news();
        let running = tasks.spawn("doubts", doubts.clone().run(tasks.clone()));
        for _ in [0, 2] {
            let told = tokio::time::timeout(WITHIN, news.recv()).await.unwrap().unwrap();
            assert!(matches!(told, News::Settings), "{told:?}");
        }
        assert_eq!(cases.unverified(&study), BTreeSet::from([digests[0], digests[2]]));
        // Signed anew without either.
        let manifest = Manifest { custodian: SiteId([1; 32]), study: study.clone(), series: Vec::new() };
        doubts.keep(&study, &manifest);
        for _ in [0, 2] {
            let _ = tokio::time::timeout(WITHIN, news.recv()).await.unwrap().unwrap();
        }
        assert!(cases.unverified(&study).is_empty());
        drop((cases, doubts));
        assert_eq!(tasks.stop(WITHIN).await, Vec::<&str>::new());
        running.await.unwrap();
    }
}
