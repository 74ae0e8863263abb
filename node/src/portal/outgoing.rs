//! What peers are being given of studies here: for people, and for collectors of figures.
//!
//! Sites, studies by their UIDs, and figures; no patient.
//!
//! # Not here
//! What comes from peers: [`super::transfers`]. Who was given what, as evidence: the access log.

use super::{Door, error::ApiError, signin::Caller, transfers::label};
use crate::{
    studies::{GivenTotal, OutgoingRow, Studies},
    trust::Action,
};
use axum::{Json, extract::State};
use protocol::{SiteId, fetch::Priority, roads::RoadKind};
use serde::Serialize;
use std::fmt::Write;
use utoipa::ToSchema;

/// A study that a site is being given, or was a moment ago.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutgoingJson {
    site: String,
    site_name: String,
    study: String,
    /// The highest of what runs: `emergency`, `screen`, `series`, `prefetch` or `backup`; nothing where none of it runs any more.
    priority: Option<&'static str>,
    /// Answers under way.
    streams: usize,
    /// Handed to the link since it is listed.
    bytes: u64,
    /// Over the last seconds.
    bytes_per_s: f64,
    /// Seconds since it is listed.
    seconds: u64,
    /// What is agreed of bandwidth, kbit/s.
    kbits_max: Option<u32>,
    /// Whether bytes wait for that now.
    held_back: bool,
    /// `direct`, `punched`, `tcp`, `relay`, or `none`.
    road: &'static str,
    /// The name of the site that relays.
    via: Option<String>,
    rtt_ms: Option<f64>,
    /// Share of the packets sent there that was lost, 0 to 1.
    lost: Option<f64>,
    /// Bytes that may be on their way there.
    window_bytes: Option<u64>,
    /// What the link carries, as this side measures it.
    link_bytes_per_s: Option<u64>,
}

impl OutgoingJson {
    fn of(studies: &Studies, (site_name, row): (String, OutgoingRow)) -> Self {
        let line = row.line;
        Self {
            site: row.peer.to_string(),
            site_name,
            study: row.study.to_string(),
            priority: row.priority.map(word),
            streams: row.streams,
            bytes: row.bytes,
            bytes_per_s: row.bytes_per_s,
            seconds: row.since.as_secs(),
            kbits_max: row.kbits_max,
            held_back: row.is_held_back,
            road: line.map_or("none", |line| RoadKind::word(line.road)),
            via: line.and_then(|line| line.via).map(|via| studies.peer_name(&via)),
            rtt_ms: line.map(|line| line.rtt_s * 1e3),
            lost: line.and_then(|line| line.lost),
            window_bytes: line.map(|line| line.window_bytes),
            link_bytes_per_s: line.and_then(|line| line.bytes_per_s),
        }
    }
}

const fn word(priority: Priority) -> &'static str {
    match priority {
        Priority::Emergency => "emergency",
        Priority::Screen => "screen",
        Priority::Series => "series",
        Priority::Prefetch => "prefetch",
        Priority::Backup => "backup",
    }
}

#[utoipa::path(get, path = "/api/transfers/outgoing", operation_id = "transfers_outgoing",
    responses((status = 200, body = Vec<OutgoingJson>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<OutgoingJson>>, ApiError> {
    caller.may(Action::Administer)?;
    let studies = door.studies()?;
    let rows = studies.outgoing().into_iter().map(|row| OutgoingJson::of(studies, row)).collect();
    std::future::ready(Ok(Json(rows))).await
}

/// As the figures of the links: by site, without studies.
pub(super) fn exposed(given: &[(String, SiteId, GivenTotal)]) -> String {
    let mut text = String::new();
    let name = "confrere_given_bytes_total";
    let _ = writeln!(text, "# HELP {name} bytes of studies handed to the links since the start\n# TYPE {name} counter");
    for (site, peer, total) in given {
        let _ = writeln!(text, "{name}{{site=\"{}\",key=\"{}\"}} {}", label(site), peer.short(), total.bytes);
    }
    let name = "confrere_giving_streams";
    let _ = writeln!(text, "# HELP {name} answers under way to the site\n# TYPE {name} gauge");
    for (site, peer, total) in given {
        let _ = writeln!(text, "{name}{{site=\"{}\",key=\"{}\"}} {}", label(site), peer.short(), total.streams);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_told_by_site() {
        let peer = SiteId([7; 32]);
        let text = exposed(&[("CH \"Nord\"".to_owned(), peer, GivenTotal { bytes: 42, streams: 3 })]);
        let labels = format!("{{site=\"CH \\\"Nord\\\"\",key=\"{}\"}}", peer.short());
        assert!(text.contains(&format!("\nconfrere_given_bytes_total{labels} 42\n")), "{text}");
        assert!(text.contains(&format!("\nconfrere_giving_streams{labels} 3\n")), "{text}");
        assert!(text.contains("# TYPE confrere_given_bytes_total counter\n"));
        assert!(!exposed(&[]).contains('{'));
    }
}
