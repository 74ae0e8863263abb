//! What goes with a case, brought from a site that takes part in it and kept here, with evidence here too.
//!
//! # Not here
//! Which are lacking, and whom to ask: `desk`.

use super::{Studies, StudyError};
use crate::{
    audit::{Act, Actor, Event},
    cases::Cases,
};
use protocol::{SiteId, case::event::Attachment, ids::Id128};

impl Studies {
    /// Brings it. On disk when it returns.
    ///
    /// # Errors
    /// When the site cannot be reached or does not give it; [`StudyError::Corrupt`] where it is not what was attached.
    pub(crate) async fn bring_attachment(
        &self,
        cases: &Cases,
        (holder, case): (&SiteId, Id128),
        what: &Attachment,
    ) -> Result<(), StudyError> {
        let bytes = self.shared.transfer.attachment(holder, case, what).await?;
        let actor = Actor { role: "node".to_owned(), ..Actor::default() };
        let event = Event::new(Act::AttachmentFetched, actor).peer(*holder).basis(case).amount(1, bytes.len() as u64);
        self.shared.audit.record(event.note(what.digest.to_string())).await.map_err(StudyError::internal)?;
        cases.keep_attachment(what.digest, bytes).await.map_err(StudyError::internal)
    }
}
