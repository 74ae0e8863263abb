//! Images whose bytes were met and were not those that were signed: whoever signs a report must know, and say why they sign all
//! the same, also long after whoever met them has closed the study.
//!
//! A fact is of one image, named by what its data set was signed as. It ends when that image is here whole, which is to say
//! compared byte for byte, or when the study is signed anew without it.
//!
//! # At a crash
//! What was met is in the journal, or is met again when the image is asked for again.
//!
//! # Not here
//! Comparing: `transfer`. What follows for a report: `desk`.

use super::{CaseError, Cases, record::Record};
use crate::{
    audit::{Act, Actor, Event as Evidence},
    tasks,
};
use protocol::{Digest, Timestamp, Uid};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Images of which it is remembered. Beyond, the oldest are met again before anybody knows.
const IMAGES_MAX: usize = 10_000;

/// An image of a study, as it was signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct SignedImage {
    pub(crate) study: Uid,
    /// Of the data set.
    pub(crate) digest: Digest,
}

/// What became of comparing it, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Compared {
    pub(crate) of: SignedImage,
    /// Its bytes are those that were signed, or it is no image of the study any more.
    pub(crate) is_over: bool,
    pub(crate) at: Timestamp,
}

/// Images that were met otherwise than they were signed, by study, and when.
#[derive(Debug, Default)]
pub(super) struct Unverified(BTreeMap<Uid, BTreeMap<Digest, Timestamp>>);

impl Unverified {
    fn has(&self, of: &SignedImage) -> bool {
        self.0.get(&of.study).is_some_and(|study| study.contains_key(&of.digest))
    }

    pub(super) fn take(&mut self, compared: Compared) {
        let Compared { of: SignedImage { study, digest }, is_over, at } = compared;
        if is_over {
            if let Some(images) = self.0.get_mut(&study) {
                let _ = images.remove(&digest);
                if images.is_empty() {
                    let _ = self.0.remove(&study);
                }
            }
            return;
        }
        let _ = self.0.entry(study).or_default().insert(digest, at);
        if self.0.values().map(BTreeMap::len).sum::<usize>() > IMAGES_MAX {
            let all =
                self.0.iter().flat_map(|(study, images)| images.iter().map(move |(digest, at)| (at, study, digest)));
            let oldest = all.min().map(|(_, study, digest)| SignedImage { study: study.clone(), digest: *digest });
            if let Some(of) = oldest {
                self.take(Compared { of, is_over: true, at });
            }
        }
    }

    fn of(&self, study: &Uid) -> BTreeSet<Digest> {
        self.0.get(study).into_iter().flat_map(BTreeMap::keys).copied().collect()
    }
}

impl Cases {
    /// An image was compared with what was signed. Durable when it returns, where it is news.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn compared(&self, of: SignedImage, is_over: bool) -> Result<(), CaseError> {
        if self.is_unverified(&of) != is_over {
            return Ok(());
        }
        let note = match is_over {
            false => "the bytes of an image are not those that were signed",
            true => "an image is as it was signed after all, or no image of its study any more",
        };
        let actor = Actor { role: "node".to_owned(), ..Actor::default() };
        let evidence = Evidence::new(Act::CaseChanged, actor).study(&of.study).note(format!("{note}: {}", of.digest));
        self.change(Record::Compared(Compared { of, is_over, at: tasks::now() }), evidence).await
    }

    /// Whether an image was met otherwise than it was signed, and has not come right since.
    pub(crate) fn is_unverified(&self, of: &SignedImage) -> bool {
        self.book().unverified.has(of)
    }

    /// Images of a study that were met otherwise than they were signed.
    pub(crate) fn unverified(&self, study: &Uid) -> BTreeSet<Digest> {
        self.book().unverified.of(study)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{audit::Audit, identity::Identity, journal::Journal, tasks::Tasks, trust::Trust};
    use std::{path::Path, sync::Arc, time::Duration};

    fn image(study: &str, n: u32) -> SignedImage {
        SignedImage { study: study.parse().unwrap(), digest: Digest::of(&n.to_be_bytes()) }
    }

    fn open(dir: &Path) -> (Cases, Tasks) {
        let (identity, tasks) = (Arc::new(Identity::from_seed(&[7; 32])), Tasks::default());
        let journal = Journal::open(&dir.join("journal").join("site"), &tasks).unwrap();
        let trust = Trust::open(journal, identity.clone(), &tasks).unwrap();
        let audit = Audit::open(dir, &tasks).unwrap();
        (Cases::open(dir, identity, trust, audit, &tasks).unwrap(), tasks)
    }

    async fn again(dir: &Path, (cases, tasks): (Cases, Tasks)) -> (Cases, Tasks) {
        drop(cases);
        assert_eq!(tasks.stop(Duration::from_secs(20)).await, Vec::<&str>::new());
        open(dir)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn it_outlives_the_node_until_that_image_comes_right() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other, elsewhere) = (image("1.2.1", 1), image("1.2.1", 2), image("1.2.2", 1));
        let node = open(dir.path());
        node.0.compared(one.clone(), true).await.unwrap();
        assert!(node.0.unverified(&one.study).is_empty(), "what was never otherwise is no news");
        node.0.compared(one.clone(), false).await.unwrap();

        let node = again(dir.path(), node).await;
        assert_eq!(node.0.unverified(&one.study), BTreeSet::from([one.digest]));
        for sound in [&other, &elsewhere] {
            node.0.compared(sound.clone(), true).await.unwrap();
        }
        assert!(node.0.is_unverified(&one), "other images say nothing of this one");
        node.0.compared(one.clone(), true).await.unwrap();

        let node = again(dir.path(), node).await;
        assert!(node.0.unverified(&one.study).is_empty());
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut known = Unverified::default();
        for n in 0..=u32::try_from(IMAGES_MAX).unwrap() {
            known.take(Compared { of: image("1.2.1", n), is_over: false, at: Timestamp(u64::from(n)) });
        }
        assert_eq!(known.of(&"1.2.1".parse().unwrap()).len(), IMAGES_MAX);
        assert!(!known.has(&image("1.2.1", 0)) && known.has(&image("1.2.1", 1)));
    }
}
