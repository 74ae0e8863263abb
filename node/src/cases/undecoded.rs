//! Images that could not be decoded: whoever signs must know how many there were, and say why they sign all the same.
//!
//! A fact is of certain bytes, of one frame, and of whoever tried: this node, or a viewer of one of its people. It ends when
//! the same one decodes that frame, or bytes that stand in their place. It is learnt as images are looked at: nobody decodes
//! a study only to find out.
//!
//! # At a crash
//! What was learnt is in the journal, or is learnt again at the next look.
//!
//! # Not here
//! Decoding: `pixels`, and the viewer. What follows for a report: `desk`.

use super::{CaseError, Cases, record::Record};
use crate::{
    audit::{Act, Actor, Event as Evidence},
    tasks,
};
use protocol::{Digest, Timestamp, Uid, manifest::InstanceEntry};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Images of which it is remembered. Beyond, the oldest are tried again before anybody knows.
const IMAGES_MAX: usize = 10_000;

/// Who tried to decode it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TriedBy {
    Node,
    Viewer,
}

/// A frame of an image, and in which bytes it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TriedFrame {
    pub(crate) study: Uid,
    pub(crate) instance: Uid,
    /// Of the data set.
    pub(crate) digest: Digest,
    /// From 0.
    pub(crate) frame: u64,
}

impl TriedFrame {
    pub(crate) fn of(study: &Uid, entry: &InstanceEntry, frame: u64) -> Self {
        Self { study: study.clone(), instance: entry.instance.clone(), digest: entry.digest, frame }
    }
}

/// What became of a try, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tried {
    pub(crate) of: TriedFrame,
    pub(crate) by: TriedBy,
    pub(crate) is_decoded: bool,
    pub(crate) at: Timestamp,
}

/// Images that could not be decoded, by study.
#[derive(Debug, Default)]
pub(super) struct Undecoded(BTreeMap<Uid, BTreeMap<Uid, Tried>>);

impl Undecoded {
    /// Whether a try changes what is known.
    fn is_news(&self, of: &TriedFrame, by: TriedBy, is_decoded: bool) -> bool {
        let known = self.0.get(&of.study).and_then(|study| study.get(&of.instance));
        match known {
            None => !is_decoded,
            Some(known) if is_decoded => known.of.digest != of.digest || (known.by, known.of.frame) == (by, of.frame),
            Some(known) => known.of.digest != of.digest,
        }
    }

    pub(super) fn take(&mut self, tried: Tried) {
        let (study, instance) = (tried.of.study.clone(), tried.of.instance.clone());
        if tried.is_decoded {
            if let Some(images) = self.0.get_mut(&study) {
                let _ = images.remove(&instance);
                if images.is_empty() {
                    let _ = self.0.remove(&study);
                }
            }
            return;
        }
        let _ = self.0.entry(study).or_default().insert(instance, tried);
        if self.0.values().map(BTreeMap::len).sum::<usize>() > IMAGES_MAX {
            let oldest = self.0.values().flat_map(BTreeMap::values).min_by_key(|tried| tried.at).cloned();
            if let Some(oldest) = oldest {
                self.take(Tried { is_decoded: true, ..oldest });
            }
        }
    }

    fn of(&self, study: &Uid) -> Vec<(Uid, Digest)> {
        let images = self.0.get(study).into_iter().flat_map(BTreeMap::iter);
        images.map(|(instance, tried)| (instance.clone(), tried.of.digest)).collect()
    }
}

impl Cases {
    /// A frame was tried. Durable when it returns, where it is news.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn tried(
        &self,
        of: TriedFrame,
        by: TriedBy,
        is_decoded: bool,
        actor: Actor,
    ) -> Result<(), CaseError> {
        if !self.book().undecoded.is_news(&of, by, is_decoded) {
            return Ok(());
        }
        let instance = &of.instance;
        let note = match (by, is_decoded) {
            (TriedBy::Node, false) => format!("an image could not be decoded here: {instance}"),
            (TriedBy::Viewer, false) => format!("an image could not be decoded in the viewer: {instance}"),
            (_, true) => format!("an image can be decoded after all: {instance}"),
        };
        let evidence = Evidence::new(Act::CaseChanged, actor).study(&of.study).note(note);
        self.change(Record::Tried(Tried { of, by, is_decoded, at: tasks::now() }), evidence).await
    }

    /// Images of a study that could not be decoded, and in which bytes.
    pub(crate) fn undecoded(&self, study: &Uid) -> Vec<(Uid, Digest)> {
        self.book().undecoded.of(study)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(instance: &str, digest: u8, (by, frame): (TriedBy, u64), at: u64) -> Tried {
        let (study, instance) = ("1.2".parse().unwrap(), instance.parse().unwrap());
        let of = TriedFrame { study, instance, digest: Digest([digest; 32]), frame };
        Tried { of, by, is_decoded: false, at: Timestamp(at) }
    }

    fn count(known: &Undecoded) -> usize {
        known.of(&"1.2".parse().unwrap()).len()
    }

    #[test]
    fn it_ends_when_the_same_one_decodes_the_same_frame_or_other_bytes() {
        let mut known = Undecoded::default();
        let first = tried("1.2.1", 1, (TriedBy::Node, 3), 1);
        assert!(known.is_news(&first.of, first.by, false) && !known.is_news(&first.of, first.by, true));
        known.take(first.clone());
        assert!(!known.is_news(&first.of, TriedBy::Node, false), "it is known");
        let other_frame = TriedFrame { frame: 4, ..first.of.clone() };
        assert!(!known.is_news(&other_frame, TriedBy::Node, true), "another frame says nothing of this one");
        assert!(!known.is_news(&first.of, TriedBy::Viewer, true), "nor does another decoder");
        assert!(known.is_news(&first.of, TriedBy::Node, true));
        let replaced = TriedFrame { digest: Digest([2; 32]), ..other_frame };
        assert!(known.is_news(&replaced, TriedBy::Viewer, true), "other bytes stand there now");
        known.take(Tried { of: replaced, is_decoded: true, ..first });
        assert_eq!(count(&known), 0);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut known = Undecoded::default();
        for n in 0..=IMAGES_MAX {
            known.take(tried(&format!("1.2.{}", n + 1), 1, (TriedBy::Node, 0), n as u64));
        }
        assert_eq!(count(&known), IMAGES_MAX);
        assert!(!known.of(&"1.2".parse().unwrap()).iter().any(|(instance, _)| instance.as_str() == "1.2.1"));
    }
}
