//! What is still to be said to peers: kept in the site journal until the peer answers that it has it.
//!
//! It lies here because it is part of what was agreed and withdrawn, and has to survive with it.
//!
//! # Not here
//! Sending: `overlay::mail`.

use super::{Mail, Record, Trust, TrustError};
use crate::tasks;
use protocol::{SiteId, ids::Id128, message::Request};

/// Mail kept for one peer. Only people's decisions become mail; a peer that is gone for good is revoked by somebody.
const MAIL_MAX: usize = 512;

impl Trust {
    /// Keeps something to be said to a trusted peer.
    pub(crate) async fn keep_mail(&self, to: &SiteId, request: Request) -> Result<Mail, TrustError> {
        let changing = self.changing().await;
        if self.peer(to).is_none() {
            return Err(TrustError::NoPeer);
        }
        if self.mail_for(to).len() >= MAIL_MAX {
            return Err(TrustError::Refused(protocol::Refusal::Busy(60_000)));
        }
        let mail = Mail { id: tasks::random_id(), to: *to, request };
        self.commit(changing, Record::MailKept(mail.clone())).await?;
        Ok(mail)
    }

    /// What a peer has not yet answered, oldest first.
    pub(crate) fn mail_for(&self, peer: &SiteId) -> Vec<Mail> {
        self.state().mail.iter().filter(|m| m.to == *peer).cloned().collect()
    }

    /// Revoked sites that do not know yet that they are: they are told goodbye when met, and nothing else.
    pub(crate) fn farewells(&self) -> Vec<SiteId> {
        self.state().mail.iter().filter(|m| m.request == Request::Goodbye).map(|m| m.to).collect()
    }

    /// A revoked site knows, or said goodbye itself.
    pub(crate) async fn farewell_done(&self, site: &SiteId) -> Result<(), TrustError> {
        self.mail_done(&super::records::farewell(site)).await
    }

    /// The peer has it.
    pub(crate) async fn mail_done(&self, id: &Id128) -> Result<(), TrustError> {
        let changing = self.changing().await;
        if !self.state().mail.iter().any(|m| m.id == *id) {
            return Ok(());
        }
        self.commit(changing, Record::MailDone(*id)).await
    }
}
