//! The signatures of a study, as far as somebody waits for them.

use super::{Signature, check::check};
use crate::{
    pixels::{dataset::Syntax, source::Source},
    studies::{OpenStudy, StudyError},
    tasks::Tasks,
    x509::Authorities,
};
use protocol::{Uid, fetch::Priority, manifest::InstanceEntry};
use std::sync::Arc;

/// Largest object whose signatures are checked: it is in memory while they are.
const OBJECT_BYTES_MAX: u64 = 256 << 20;
/// Of one study, in objects and bytes; what is over is counted and said.
const OBJECTS_MAX: usize = 200;
const STUDY_BYTES_MAX: u64 = 1 << 30;

/// One signed object.
#[derive(Clone, Debug)]
pub(crate) struct OfObject {
    pub(crate) series: Uid,
    pub(crate) instance: Uid,
    pub(crate) signatures: Vec<Signature>,
}

/// What was found in a study.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Objects looked at.
    pub(crate) objects: usize,
    /// Of these, such as carry signatures.
    pub(crate) signed: usize,
    /// Of those, such as are too large or too many to be checked now, or cannot be read.
    pub(crate) unread: usize,
    pub(crate) of_objects: Vec<OfObject>,
}

/// Looks at every header, and checks the signatures of the objects that have any.
///
/// # Errors
/// [`StudyError`] where the study cannot be read.
pub(crate) async fn of_study(
    study: &Arc<OpenStudy>,
    authorities: &Authorities,
    tasks: &Tasks,
) -> Result<Found, StudyError> {
    let (mut found, mut bytes) = (Found::default(), 0u64);
    for view in study.series().await?.iter() {
        for (entry, header) in study.headers(&view.series).await? {
            found.objects += 1;
            if !is_signed(&header, &entry) {
                continue;
            }
            found.signed += 1;
            bytes = bytes.saturating_add(entry.bytes);
            if entry.bytes > OBJECT_BYTES_MAX || bytes > STUDY_BYTES_MAX || found.of_objects.len() >= OBJECTS_MAX {
                found.unread += 1;
                continue;
            }
            let source = Source::of(study, Priority::Prefetch);
            let whole = source.whole(&entry, 0, entry.bytes).await?;
            let (authorities, syntax) = (authorities.clone(), entry.transfer_syntax.clone());
            let checked =
                tasks.spawn_blocking("signatures", move || check(&whole, syntax.as_str(), &authorities)).await;
            match checked {
                Ok(Ok(signatures)) => {
                    let (series, instance) = (view.series.clone(), entry.instance);
                    found.of_objects.push(OfObject { series, instance, signatures });
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, instance = %entry.instance, "the signatures of an object cannot be read");
                    found.unread += 1;
                }
                Err(_) => return Err(StudyError::Internal("the node is stopping".to_owned())),
            }
        }
    }
    Ok(found)
}

/// Whether a header has MAC parameters: they stand before the pixels, the signatures after them. A value that looks like
/// their tag costs one look at the object.
fn is_signed(header: &[u8], entry: &InstanceEntry) -> bool {
    let syntax = Syntax::of(entry.transfer_syntax.as_str());
    let Ok(header) = crate::pixels::dataset::readable(header, syntax) else { return false };
    let tag: &[u8] = if syntax.big_endian { &[0x4F, 0xFE, 0, 1] } else { &[0xFE, 0x4F, 1, 0] };
    memchr::memmem::find(&header, tag).is_some()
}
