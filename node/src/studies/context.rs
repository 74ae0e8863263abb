//! Reading contexts: the studies that one person opened together, as a DICOMweb root of its own.
//!
//! A viewer asks for priors by Patient ID alone, which is no identity; within a context it finds only what was put
//! there. A context is its maker's only. In memory: after a restart the reader opens the study again from the list.
//!
//! # Not here
//! Permission: each study of a context is opened by [`super::Studies::open`] like any other.

use crate::trust::Person;
use lru::LruCache;
use protocol::{Uid, ids::Id128};
use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

/// Contexts kept: some hundreds of readers for a day. The least recently used goes.
const CONTEXTS_MAX: usize = 10_000;

/// Whose it is, what is in it, and by which links studies of other records stand there.
type Owned = (String, Arc<[Uid]>, Vec<Id128>);

/// The contexts.
#[derive(Debug)]
pub(super) struct Contexts(Mutex<LruCache<Id128, Owned>>);

impl Default for Contexts {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(CONTEXTS_MAX).unwrap_or(NonZeroUsize::MIN))))
    }
}

impl Contexts {
    pub(super) fn add(&self, person: &Person, studies: Vec<Uid>, links: Vec<Id128>) -> Id128 {
        let id = crate::tasks::random_id();
        let mut contexts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.put(id, (person.name.clone(), studies.into(), links));
        id
    }

    pub(super) fn of(&self, person: &Person, id: &Id128) -> Option<Arc<[Uid]>> {
        let mut contexts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.get(id).filter(|(owner, ..)| *owner == person.name).map(|(_, studies, _)| studies.clone())
    }

    /// A link is no longer: what it put together is no longer together.
    pub(super) fn part(&self, link: &Id128) {
        let mut contexts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<Id128> =
            contexts.iter().filter(|(_, (.., links))| links.contains(link)).map(|(id, _)| *id).collect();
        for id in over {
            contexts.pop(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Role;

    #[test]
    fn a_context_is_its_makers_only() {
        let contexts = Contexts::default();
        let durand = Person::new("durand".into(), Role::Radiologist);
        let martin = Person::new("martin".into(), Role::Radiologist);
        let study = Uid::parse("1.2.3").unwrap();
        let link = Id128([7; 16]);
        let id = contexts.add(&durand, vec![study.clone()], vec![link]);
        assert_eq!(contexts.of(&durand, &id).as_deref(), Some([study.clone()].as_slice()));
        assert_eq!(contexts.of(&martin, &id), None);
        assert_eq!(contexts.of(&durand, &Id128([0; 16])), None);
        let other = contexts.add(&durand, vec![study], Vec::new());
        contexts.part(&link);
        assert_eq!(contexts.of(&durand, &id), None, "what a link put together falls apart with it");
        assert!(contexts.of(&durand, &other).is_some());
    }
}
