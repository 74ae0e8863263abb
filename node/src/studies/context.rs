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

/// Whose it is, and what is in it.
type Owned = (String, Arc<[Uid]>);

/// The contexts.
#[derive(Debug)]
pub(super) struct Contexts(Mutex<LruCache<Id128, Owned>>);

impl Default for Contexts {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(CONTEXTS_MAX).unwrap_or(NonZeroUsize::MIN))))
    }
}

impl Contexts {
    pub(super) fn add(&self, person: &Person, studies: Vec<Uid>) -> Id128 {
        let id = crate::tasks::random_id();
        let mut contexts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.put(id, (person.name.clone(), studies.into()));
        id
    }

    pub(super) fn of(&self, person: &Person, id: &Id128) -> Option<Arc<[Uid]>> {
        let mut contexts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.get(id).filter(|(owner, _)| *owner == person.name).map(|(_, studies)| studies.clone())
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
        let id = contexts.add(&durand, vec![study.clone()]);
        assert_eq!(contexts.of(&durand, &id).as_deref(), Some([study].as_slice()));
        assert_eq!(contexts.of(&martin, &id), None);
        assert_eq!(contexts.of(&durand, &Id128([0; 16])), None);
    }
}
