//! What the pixel plane borrows from `pixels`, which lies above it: small pictures of objects, for peers that wait for the
//! objects themselves.
//!
//! # Not here
//! Making them: `pixels`. Who gets them: `transfer`.

use crate::{
    pixels::{Decoders, reduce::Reducer, source::Source},
    tasks::Tasks,
    transfer::{Lent, Shown, Transfer},
};
use futures::FutureExt;
use std::sync::Arc;

/// Lends it.
pub(super) fn pictures(transfer: &Transfer, decoders: &Decoders, tasks: &Tasks) {
    let reducer = Reducer { decoders: decoders.clone(), tasks: tasks.clone() };
    transfer.lend(lent(reducer));
}

pub(crate) fn lent(reducer: Reducer) -> Lent {
    let sketcher = reducer.clone();
    Lent {
        sketch: Arc::new(move |shown: Shown, frame| {
            let sketcher = sketcher.clone();
            async move { sketcher.sketched(parts(shown), frame).await }.boxed()
        }),
        reduce: Arc::new(move |shown: Shown| {
            let reducer = reducer.clone();
            async move { reducer.reduced(parts(shown)).await }.boxed()
        }),
    }
}

fn parts(shown: Shown) -> (Source, protocol::manifest::InstanceEntry, bytes::Bytes) {
    let Shown { object, entry, header } = shown;
    (Source::Object(object, None), entry, header)
}
