//! Messages by way of the pixel plane: `overlay` and `transfer` do not know each other, and are joined here.

use crate::{
    config::Config,
    overlay::{Aside, Overlay},
    tasks::Tasks,
    transfer::Transfer,
};
use futures::{FutureExt, future::BoxFuture};
use protocol::SiteId;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

#[derive(Debug)]
struct ByPixels(Transfer);

impl Aside for ByPixels {
    fn ask(&self, site: SiteId, bytes: Vec<u8>) -> BoxFuture<'static, Option<Vec<u8>>> {
        let transfer = self.0.clone();
        async move { transfer.ask_aside(&site, &bytes).await }.boxed()
    }
    fn heard(&self) -> BTreeMap<SiteId, &'static str> {
        self.0.heard().into_iter().map(|(site, kind)| (site, kind.word())).collect()
    }
    fn miss(&self, sites: &BTreeSet<SiteId>) {
        self.0.keep_open(sites);
    }
}

/// Joins the two: messages both ways, and the calls of sites that pair.
pub(super) async fn join(config: &Config, overlay: &Overlay, transfer: &Transfer, tasks: &Tasks) {
    if config.pixels.tcp {
        let pairing = overlay.clone();
        transfer.hand_pairing_to(move |stream, from| pairing.pairing_call(stream, from));
    }
    overlay.reach_by(Arc::new(ByPixels(transfer.clone()))).await;
    let (mut messages, overlay, stop) = (transfer.messages(), overlay.clone(), tasks.stop_token());
    tasks.spawn("messages aside", async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                message = messages.recv() => match message {
                    Some(message) => overlay.hear(message.site, message.bytes, message.reply),
                    None => return,
                },
            }
        }
    });
}
