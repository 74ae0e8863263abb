//! What goes with cases, between the sites that take part: given whole to a party, and believed by its digest.
//!
//! No agreement but the case: whoever takes part in it has its events, and so what they name. Each giving is written down
//! before a byte leaves.
//!
//! # Not here
//! Keeping the bytes, sealed: `cases`. When they are asked for: `desk`.

use super::{Transfer, TransferError, give::Sender, serve::Server};
use crate::audit::{Act, Actor, Event};
use bytes::Bytes;
use protocol::{
    Digest, Refusal, SiteId,
    agreement::Purpose,
    case::event::Attachment,
    fetch::{Answer, Priority, Reader, Request, What},
    ids::Id128,
};
use std::time::Instant;

impl Server {
    /// Answers [`What::Attachment`] of a trusted peer. It is judged before it waits for a turn, which is the peer's own: whoever
    /// may not have it, or does not read what it asked for, keeps nobody else waiting.
    pub(super) async fn give_attachment(
        &self,
        peer: &SiteId,
        request: &Request,
        sender: &mut Sender<'_>,
    ) -> Result<(), Refusal> {
        let What::Attachment { case, digest } = request.what else { return Err(Refusal::Malformed) };
        self.may_have(peer, &case, &digest).await?;
        let _turn = self.attaching.take(*peer, Priority::Series).await.ok_or(Refusal::Internal)?;
        let bytes = self.attachment_for(peer, request, (case, digest)).await?;
        sender.head(&Answer::Blob { bytes: u32::try_from(bytes.len()).map_err(|_| Refusal::Internal)? }).await?;
        sender.piece(bytes).await?;
        sender.finish().await
    }

    /// Whether a site takes part in the case and the case names it. Of a case that is not here nothing is said.
    async fn may_have(&self, peer: &SiteId, case: &Id128, digest: &Digest) -> Result<(), Refusal> {
        let whole = self.cases.case(case).ok_or(Refusal::NotHeld)?;
        let is_named = whole.state.attachments.iter().any(|attached| attached.what.digest == *digest);
        if !is_named || !whole.state.parties.contains(peer) {
            self.alerts.security("what goes with a case of others was asked for", *peer, None).await;
            self.slow(*peer).await;
            return Err(Refusal::NotPermitted);
        }
        self.begun
            .take(peer, Instant::now())
            .map_err(|wait| Refusal::Busy(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).max(1)))
    }

    /// The bytes, with the evidence written.
    async fn attachment_for(
        &self,
        peer: &SiteId,
        request: &Request,
        (case, digest): (Id128, Digest),
    ) -> Result<Bytes, Refusal> {
        let read = self.cases.attachment(digest).await.map_err(|fault| {
            tracing::error!(%fault, "an attachment cannot be read");
            Refusal::Internal
        });
        let bytes = read?.ok_or(Refusal::NotHeld)?;
        let actor = Actor {
            person: request.reader.person.clone(),
            role: request.reader.role.clone(),
            site: Some(*peer),
            ..Actor::default()
        };
        let event = Event::new(Act::AttachmentServed, actor).peer(*peer).basis(case).amount(1, bytes.len() as u64);
        self.alerts.audit().record(event.note(digest.to_string())).await.map_err(|fault| {
            tracing::error!(%fault, "no evidence, no bytes");
            Refusal::Internal
        })?;
        Ok(bytes)
    }
}

impl Transfer {
    /// The bytes of what goes with a case, from a site that takes part in it; they are what was attached.
    ///
    /// # Errors
    /// [`TransferError`]; [`TransferError::Corrupt`] is in the audit log already.
    pub(crate) async fn attachment(
        &self,
        holder: &SiteId,
        case: Id128,
        what: &Attachment,
    ) -> Result<Bytes, TransferError> {
        let (person, role) = ("node".to_owned(), "node".to_owned());
        let reader = Reader { person, role, copy: None, purpose: Purpose::Care };
        let asked = What::Attachment { case, digest: what.digest };
        let request = Request { study: case.uid(), reader, priority: Priority::Series, what: asked };
        let most = usize::try_from(what.bytes).unwrap_or(usize::MAX);
        let bytes = self.blob(holder, &request, most).await?;
        if Digest::of(&bytes) == what.digest {
            return Ok(bytes);
        }
        let what = "what came with a case is not what was attached";
        Err(self.doubt(holder, &request.study, what, TransferError::Corrupt).await)
    }
}
