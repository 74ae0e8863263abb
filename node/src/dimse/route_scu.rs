//! C-STORE as user for the rules on arrival: sends instances of a study to a known AE, as C-MOVE does.
//!
//! # Not here
//! What is sent where, and when again: `rules`.

use super::{
    Calling, Destination,
    association::Association,
    link::{LinkError, Patience},
    message::Command,
    pdu::Abort,
    retrieve_scp::{self, Ahead, Contexts, ahead, batch, way},
    store_scu,
};
use crate::{
    pixels::Decoders,
    rules::{Courier, Item, Ledger, NotSent},
    studies::OpenStudy,
    users::Users,
    words::{Code, Fault},
};
use futures::{FutureExt, future::BoxFuture};
use protocol::AeTitle;
use std::sync::Arc;

/// Sends in this node's name.
#[derive(Clone, Debug)]
pub(super) struct RouteScu {
    pub(super) title: AeTitle,
    pub(super) calling: Option<Calling>,
    pub(super) patience: Patience,
    pub(super) users: Users,
    pub(super) decoders: Decoders,
}

impl Courier for RouteScu {
    fn send<'a>(
        &'a self,
        to: &'a AeTitle,
        study: &'a Arc<OpenStudy>,
        items: &'a [Item],
        ledger: &'a mut dyn Ledger,
    ) -> BoxFuture<'a, Result<(), NotSent>> {
        self.sent(to, study, items, ledger).boxed()
    }
}

/// One association, with the instances it carries: as this door and as the rules name them.
struct Carried<'a> {
    theirs: &'a [Item],
    ours: &'a [retrieve_scp::Item],
}

impl RouteScu {
    async fn sent(
        &self,
        to: &AeTitle,
        study: &Arc<OpenStudy>,
        items: &[Item],
        ledger: &mut dyn Ledger,
    ) -> Result<(), NotSent> {
        let ours: Vec<retrieve_scp::Item> = items
            .iter()
            .map(|item| retrieve_scp::Item {
                study: study.clone(),
                series: item.series.clone(),
                entry: item.entry.clone(),
            })
            .collect();
        let (mut rest, mut theirs) = (&ours[..], items);
        while !rest.is_empty() {
            let (pairs, now, later) = batch(rest);
            let (carried, left) = theirs.split_at(now.len());
            (rest, theirs) = (later, left);
            let destination = self.destination(to)?;
            let connected = super::connect(&destination, &self.title, &pairs, self.patience).await;
            let mut there = connected.map_err(|error| NotSent::Away(Fault::new(Code::Unreachable, error)))?;
            let carried = Carried { theirs: carried, ours: now };
            match self.carry(&mut there, &destination, &carried, ledger).await {
                Ok(()) => {
                    if let Err(error) = there.release().await {
                        tracing::debug!(%error, "the association was not released in order");
                    }
                }
                Err(why) => {
                    there.abort(Abort::USER).await;
                    return Err(why);
                }
            }
        }
        Ok(())
    }

    fn destination(&self, to: &AeTitle) -> Result<Destination, NotSent> {
        let ae = self.users.ae(to).filter(|ae| ae.rights.destination);
        let ae = ae.ok_or_else(|| NotSent::Away(Code::UnknownAe.into()))?;
        Destination::of(ae, self.calling.as_ref()).ok_or_else(|| NotSent::Away(Code::NoTls.into()))
    }

    async fn carry(
        &self,
        there: &mut Association,
        destination: &Destination,
        carried: &Carried<'_>,
        ledger: &mut dyn Ledger,
    ) -> Result<(), NotSent> {
        if !ledger.begin().await {
            return Err(NotSent::Broken(Code::NoEvidence.into()));
        }
        let mut ready: Ahead = None;
        for (number, (item, named)) in carried.ours.iter().zip(carried.theirs).enumerate() {
            // What an admin takes away ends what runs.
            if !self.destination(&destination.title)?.is_same(destination) {
                return Err(NotSent::Away(Code::AeChanged.into()));
            }
            let id = u16::try_from(number % usize::from(u16::MAX)).unwrap_or_default() + 1;
            let sent = self.send_one(there, (item, carried.ours.get(number + 1), id), &mut ready).await;
            let (fault, broken) = match sent {
                Ok(Ok(())) => (None, None),
                Ok(Err(why)) => (Some(why), None),
                Err(error) => {
                    let why = Fault::new(Code::BrokeOff, error);
                    (Some(why.clone()), Some(NotSent::Broken(why)))
                }
            };
            let goes_on = ledger.answered(named, fault).await;
            if let Some(broken) = broken {
                return Err(broken);
            }
            if !goes_on {
                return Err(NotSent::Broken(Code::NoEvidence.into()));
            }
        }
        Ok(())
    }

    /// Sends one and makes the next one's way meanwhile; the inner error is the peer's or the instance's.
    async fn send_one(
        &self,
        there: &mut Association,
        (item, next, id): (&retrieve_scp::Item, Option<&retrieve_scp::Item>, u16),
        ready: &mut Ahead,
    ) -> Result<Result<(), Fault>, LinkError> {
        let made = match ready.take() {
            Some(made) => made,
            None => way(&self.decoders, item, Contexts::there(there, item)).await,
        };
        let Some((context, body)) = made else {
            return Ok(Err(Code::Mismatch.into()));
        };
        let next = next.map(|next| (next, Contexts::there(there, next)));
        let command = Command::store_request(id, &item.entry.sop_class, &item.entry.instance);
        let sending = async {
            retrieve_scp::send(there, &context, &command, body).await?;
            store_scu::answer(there, id).await
        };
        let (stored, following) = tokio::join!(sending, ahead(&self.decoders, next));
        *ready = following;
        Ok(stored?.map_err(|why| Fault::new(Code::Refused, why)))
    }
}
