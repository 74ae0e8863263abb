//! Objects on their way between the tiers just now, so that what is erased does not come again: whoever copies says so
//! first and then looks whether the object is still held; whoever erases takes the rows away first and then waits here.
//!
//! # At a crash
//! Nothing of this is kept, and nothing is on its way.
//!
//! # Not here
//! Copying: [`super::tier`]. Erasing: [`super::retain`].

use super::lock;
use protocol::Digest;
use std::{
    collections::HashMap,
    sync::{Condvar, Mutex, PoisonError},
};

#[derive(Debug, Default)]
pub(super) struct Copying {
    /// How many copy it.
    all: Mutex<HashMap<Digest, usize>>,
    ended: Condvar,
}

/// Some objects are on their way until this is dropped.
#[derive(Debug)]
pub(super) struct Underway<'a> {
    copying: &'a Copying,
    digests: Vec<Digest>,
}

impl Copying {
    pub(super) fn begin(&self, digests: Vec<Digest>) -> Underway<'_> {
        let mut all = lock(&self.all);
        for digest in &digests {
            *all.entry(*digest).or_default() += 1;
        }
        drop(all);
        Underway { copying: self, digests }
    }

    /// Waits until none of these is on its way (blocking).
    pub(super) fn wait(&self, digests: &[Digest]) {
        let all = lock(&self.all);
        let is_underway = |all: &mut HashMap<Digest, usize>| digests.iter().any(|digest| all.contains_key(digest));
        drop(self.ended.wait_while(all, is_underway).unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        let mut all = lock(&self.copying.all);
        for digest in &self.digests {
            if let Some(count) = all.get_mut(digest) {
                *count -= 1;
                if *count == 0 {
                    all.remove(digest);
                }
            }
        }
        self.copying.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_goes_on_when_the_last_copy_has_ended_and_not_for_others() {
        let (copying, a, b) = (Copying::default(), Digest([1; 32]), Digest([2; 32]));
        let other = copying.begin(vec![b]);
        copying.wait(&[a]);
        let (first, second) = (copying.begin(vec![a, a]), copying.begin(vec![a]));
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                copying.wait(&[a]);
                tell.send(()).unwrap();
            });
            drop(first);
            assert!(told.try_recv().is_err());
            drop(second);
            told.recv().unwrap();
        });
        drop(other);
        copying.wait(&[a, b]);
        assert!(lock(&copying.all).is_empty());
    }
}
