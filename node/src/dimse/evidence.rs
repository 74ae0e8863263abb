//! What the log says of a retrieval: before its first byte leaves, and after its last where not all arrived.

use super::{Destination, question::Asker, retrieve_scp::Item, status::Status};
use crate::audit::{Act, Event, Outcome};
use protocol::Uid;
use std::collections::BTreeMap;

fn way(to: Option<&Destination>) -> String {
    to.map_or_else(|| "C-GET".to_owned(), |to| format!("C-MOVE to {}", to.title))
}

/// Which studies go where: evidence before the first byte leaves.
pub(super) async fn write_sent(asker: &Asker, items: &[Item], to: Option<&Destination>) -> Result<(), Status> {
    let mut studies: BTreeMap<Uid, (u64, u64)> = BTreeMap::new();
    for item in items {
        let (instances, bytes) = studies.entry(item.study.study().clone()).or_default();
        *instances += 1;
        *bytes = bytes.saturating_add(item.entry.bytes);
    }
    let note = way(to);
    for (study, (instances, bytes)) in studies {
        let event = Event::new(Act::StudyExported, asker.person.actor());
        asker.write(event.study(&study).amount(instances, bytes).note(note.as_str())).await?;
    }
    Ok(())
}

/// Of which studies less arrived than was said before: failed, cancelled, or cut off. `arrived`: instances, by study.
pub(super) async fn write_short(
    asker: &Asker,
    items: &[Item],
    to: Option<&Destination>,
    (arrived, is_cancelled): (&BTreeMap<Uid, u64>, bool),
) {
    let mut wanted: BTreeMap<Uid, u64> = BTreeMap::new();
    for item in items {
        *wanted.entry(item.study.study().clone()).or_default() += 1;
    }
    let by = way(to);
    for (study, wanted) in wanted {
        let arrived = arrived.get(&study).copied().unwrap_or_default();
        if arrived == wanted {
            continue;
        }
        let why = if is_cancelled { ", cancelled" } else { "" };
        let note = format!("{by}: {arrived} of {wanted} arrived{why}");
        let event = Event::new(Act::StudyExported, asker.person.actor()).study(&study).note(note);
        if asker.write(event.amount(arrived, 0).outcome(Outcome::Failed)).await.is_err() {
            tracing::warn!(%study, arrived, wanted, "less arrived than the log says");
        }
    }
}
