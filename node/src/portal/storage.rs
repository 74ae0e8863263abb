//! What takes room on the disk, how it grows, and how scrubbing and backup stand.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json::rfc3339,
    signin::Caller,
};
use crate::{
    archive::{RepairedFrom, RotRow},
    backup, tasks,
    trust::Action,
};
use axum::{Json, extract::State};
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};
use utoipa::ToSchema;

/// What the archive held, hour by hour: milliseconds since 1970 and bytes, a line each.
pub(crate) const SAMPLES: &str = "storage.samples";
/// Entries of folders that are counted file by file.
const ENTRIES_MAX: usize = 200_000;
const DAY_MS: u64 = 86_400_000;

/// Times in milliseconds with the bytes held then, oldest first.
pub(crate) fn samples(dir: &Path) -> Vec<(u64, u64)> {
    let text = std::fs::read_to_string(dir.join(SAMPLES)).unwrap_or_default();
    let pair = |line: &str| {
        let (at, bytes) = line.split_once(' ')?;
        Some((at.parse().ok()?, bytes.parse().ok()?))
    };
    text.lines().filter_map(pair).collect()
}

/// Bytes a day, over what is known of the last 30 days; `None` before a day is known.
fn growth(samples: &[(u64, u64)]) -> Option<u64> {
    let ((first, before), (last, now)) = (samples.first()?, samples.last()?);
    let span = last.checked_sub(*first).filter(|span| *span >= DAY_MS)?;
    Some(now.saturating_sub(*before) / (span / DAY_MS).max(1))
}

/// Bytes of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Use {
    /// `objects`, `journal`, `index`, `cache`, `aside`, `other`.
    kind: String,
    bytes: u64,
}

/// How reading again stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Scrub {
    /// Once in so many days; 0: never.
    days: u32,
    /// Studies of this pass read so far, of all.
    done: u64,
    of: u64,
    last: Option<String>,
    last_objects: u64,
    last_faults: u64,
    /// Files set aside under `objects/rotten`.
    aside: u64,
    /// Objects found no longer to be what was stored, ever; and those that still wait for a repair.
    found: u64,
    waiting: u64,
    repaired: Vec<Repaired>,
}

/// Rotten objects that became what was stored again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Repaired {
    /// `sender`, `here`, `peer` or `source` (a PACS beside the node).
    from: String,
    /// The peer's name.
    site: Option<String>,
    objects: u64,
}

/// How backup stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackupState {
    last: Option<String>,
    age_days: Option<u64>,
    new_bytes: u64,
    /// Overdue after so many days; 0: never.
    rule_days: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Storage {
    uses: Vec<Use>,
    disk_bytes: u64,
    free_bytes: u64,
    growth_bytes_per_day: Option<u64>,
    /// At the present rate; nothing where it does not grow.
    full_in_days: Option<u64>,
    scrub: Scrub,
    backup: BackupState,
}

#[utoipa::path(get, path = "/api/storage", responses((status = 200, body = Storage), (status = 403, body = ErrorBody)))]
pub(super) async fn storage(State(door): State<Door>, caller: Caller) -> Result<Json<Storage>, ApiError> {
    caller.may(Action::Administer)?;
    let shared = door.clone();
    let looked = door.tasks.spawn_blocking("storage", move || look(&shared)).await;
    Ok(Json(looked.map_err(|_| ApiError::NotRunning)??))
}

fn look(door: &Door) -> Result<Storage, ApiError> {
    let dir = &door.dir;
    let size = |name: &str| folder_bytes(&dir.join(name));
    let uses = [
        ("objects", door.archive.totals().bytes),
        ("journal", size("journal")),
        ("index", size("index")),
        ("cache", door.cache.bytes()),
        ("aside", size("objects/rotten").saturating_add(size("objects/tmp"))),
        ("other", size("manifests")),
    ];
    let uses = uses.map(|(kind, bytes)| Use { kind: kind.to_owned(), bytes }).into();
    let (disk_bytes, free_bytes) = match nix::sys::statvfs::statvfs(dir.as_path()) {
        Ok(stat) => {
            let of = |blocks: u64| blocks.saturating_mul(stat.fragment_size());
            // As `df` counts: what only root may use is not there.
            let used = stat.blocks().saturating_sub(stat.blocks_free());
            (of(used.saturating_add(stat.blocks_available())), of(stat.blocks_available()))
        }
        Err(_) => (0, door.archive.free_bytes()?),
    };
    let growth_bytes_per_day = growth(&samples(dir));
    let scrubbed = door.archive.scrubbed()?;
    let (last, rotten) = (backup::last(dir), door.archive.rotten()?);
    Ok(Storage {
        uses,
        disk_bytes,
        free_bytes,
        growth_bytes_per_day,
        full_in_days: growth_bytes_per_day.filter(|rate| *rate > 0).map(|rate| free_bytes / rate),
        scrub: Scrub {
            days: door.config.archive.scrub_days,
            done: scrubbed.done,
            of: scrubbed.of,
            last: scrubbed.last.map(|last| rfc3339(last.at)),
            last_objects: scrubbed.last.map_or(0, |last| last.objects),
            last_faults: scrubbed.last.map_or(0, |last| last.faults),
            aside: std::fs::read_dir(dir.join("objects/rotten")).map_or(0, Iterator::count) as u64,
            found: rotten.len() as u64,
            waiting: door.archive.to_repair()?.len() as u64,
            repaired: repaired(door, &rotten),
        },
        backup: BackupState {
            age_days: last.as_ref().map(|last| tasks::now().since(last.at).as_secs() / 86_400),
            new_bytes: last.as_ref().map_or(0, |last| last.new_bytes),
            last: last.map(|last| rfc3339(last.at)),
            rule_days: door.config.alarms.backup_days,
        },
    })
}

fn repaired(door: &Door, rotten: &[RotRow]) -> Vec<Repaired> {
    let mut counts: BTreeMap<RepairedFrom, u64> = BTreeMap::new();
    for (_, from) in rotten.iter().filter_map(|row| row.repaired) {
        *counts.entry(from).or_default() += 1;
    }
    let told = |(from, objects)| {
        let (from, site) = match from {
            RepairedFrom::Sender => ("sender", None),
            RepairedFrom::Here => ("here", None),
            RepairedFrom::Source => ("source", None),
            RepairedFrom::Peer(site) => {
                ("peer", Some(door.trust.peer(&site).map_or_else(|| site.short(), |peer| peer.name)))
            }
        };
        Repaired { from: from.to_owned(), site, objects }
    };
    counts.into_iter().map(told).collect()
}

/// Bytes of the files below a folder, up to a number of them.
fn folder_bytes(folder: &Path) -> u64 {
    let (mut waiting, mut bytes, mut seen) = (vec![folder.to_owned()], 0u64, 0);
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
            seen += 1;
            if seen > ENTRIES_MAX {
                return bytes;
            }
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => waiting.push(entry.path()),
                Ok(meta) => bytes = bytes.saturating_add(meta.len()),
                Err(_) => {}
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_known_after_a_day() {
        let hour = DAY_MS / 24;
        assert_eq!(growth(&[]), None);
        assert_eq!(growth(&[(0, 0), (5 * hour, 1000)]), None);
        assert_eq!(growth(&[(0, 100), (5 * hour, 500), (2 * DAY_MS, 1100)]), Some(500));
        assert_eq!(growth(&[(0, 100), (2 * DAY_MS, 50)]), Some(0));
    }
}
