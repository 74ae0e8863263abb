//! Transfers from peers: what is on its way, what would take how long, and how the links are.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    outgoing,
    signin::Caller,
    worklist::uid,
};
use crate::{
    archive::StudyQuery,
    studies::{Forecast, HolderRow, LinkRow, Steering, Studies, TransferRow},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use protocol::roads::RoadKind;
use serde::Serialize;
use std::fmt::Write;
use utoipa::ToSchema;

#[utoipa::path(get, path = "/api/transfers", operation_id = "transfers", responses((status = 200, body = Vec<Transfer>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<Transfer>>, ApiError> {
    caller.may(Action::ListStudies)?;
    let rows = door.studies()?.transfers();
    std::future::ready(Ok(Json(rows.into_iter().map(Into::into).collect()))).await
}

async fn steer(door: &Door, caller: &Caller, of: (&str, &str), steering: Steering) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let peer = door.trust.find_peer(of.0).ok_or(ApiError::NotFound)?;
    door.studies()?.steer(&caller.0, (&peer.site, &uid(of.1)?), steering).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings no more than what somebody looks at, until it goes on.
#[utoipa::path(post, path = "/api/transfers/{site}/{study}/pause", operation_id = "transfer_pause",
    params(("site" = String, Path), ("study" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn pause(
    State(door): State<Door>,
    caller: Caller,
    Path((site, study)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    steer(&door, &caller, (&site, &study), Steering::Pause).await
}

#[utoipa::path(post, path = "/api/transfers/{site}/{study}/resume", operation_id = "transfer_resume",
    params(("site" = String, Path), ("study" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn resume(
    State(door): State<Door>,
    caller: Caller,
    Path((site, study)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    steer(&door, &caller, (&site, &study), Steering::Resume).await
}

/// Gives up what is not here and nobody looks at; what is here stays.
#[utoipa::path(post, path = "/api/transfers/{site}/{study}/cancel", operation_id = "transfer_cancel",
    params(("site" = String, Path), ("study" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn cancel(
    State(door): State<Door>,
    caller: Caller,
    Path((site, study)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    steer(&door, &caller, (&site, &study), Steering::Cancel).await
}

/// One of several sites that a study comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BringerJson {
    site: String,
    site_name: String,
    /// `direct`, `punched`, `tcp`, `relay`, or `none`.
    road: &'static str,
    /// Verified bytes of the study that it brought.
    bytes: u64,
    bytes_per_s: f64,
}

impl From<HolderRow> for BringerJson {
    fn from(HolderRow { site, site_name, road, bytes, bytes_per_s }: HolderRow) -> Self {
        Self { site, site_name, road, bytes, bytes_per_s }
    }
}

/// A study on its way from a peer, or from the PACS.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Transfer {
    pub(super) study: String,
    pub(super) site: String,
    pub(super) site_name: String,
    pub(super) instances_done: u32,
    pub(super) instances_total: u32,
    /// Verified bytes of objects that are here.
    pub(super) bytes_done: u64,
    pub(super) bytes_total: u64,
    /// Verified bytes of objects a second: what `seconds_left` is told by.
    pub(super) bytes_per_s: f64,
    pub(super) seconds_left: Option<f64>,
    /// `running`, `waiting`, `paused`, `cancelled`, `done`, `refused` or `corrupt`.
    pub(super) state: String,
    /// `direct`, `punched`, `tcp`, `relay`; `none` where there is none now; `source`: from the PACS.
    pub(super) road: String,
    /// Images asked for that are not here yet.
    pub(super) waiting: u32,
    pub(super) rtt_ms: Option<f64>,
    /// Share of the site's packets to us, which carry the images, that is lost lately, 0 to 1; nothing where it does not tell.
    pub(super) lost: Option<f64>,
    /// Bytes over the wire a second: fewer than of objects, where they come coded.
    pub(super) wire_bytes_per_s: f64,
    /// What the link carries over the wire, as far as is known.
    pub(super) link_bytes_per_s: Option<f64>,
    /// Where several sites bring it: each of them, the custodian first.
    pub(super) holders: Vec<BringerJson>,
}

impl From<TransferRow> for Transfer {
    fn from(row: TransferRow) -> Self {
        Self {
            study: row.study,
            site: row.site,
            site_name: row.site_name,
            instances_done: row.instances_done,
            instances_total: row.instances_total,
            bytes_done: row.bytes_done,
            bytes_total: row.bytes_total,
            bytes_per_s: row.bytes_per_s,
            seconds_left: row.seconds_left,
            state: row.state.to_owned(),
            road: row.road.to_owned(),
            waiting: row.waiting,
            rtt_ms: row.rtt_ms,
            lost: row.lost,
            wire_bytes_per_s: row.wire_bytes_per_s,
            link_bytes_per_s: row.link_bytes_per_s,
            holders: row.holders.into_iter().map(Into::into).collect(),
        }
    }
}

/// What opening a peer's study will take.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ForecastJson {
    site: String,
    site_name: String,
    instances: u32,
    bytes: u64,
    /// Of these here already, about.
    bytes_here: u64,
    connected: bool,
    /// `direct`, `punched`, `tcp`, `relay`, or `none`.
    road: &'static str,
    /// Seconds until the first image; nothing where nothing is known of the link.
    first_s: Option<f64>,
    /// Seconds until all of it is here; of one that is coming, by the rate at which it comes.
    whole_s: Option<f64>,
}

impl From<Forecast> for ForecastJson {
    fn from(forecast: Forecast) -> Self {
        let Forecast { holder, site_name, instances, bytes, bytes_here, is_connected, road, first_s, whole_s } =
            forecast;
        let (site, connected) = (holder.to_string(), is_connected);
        Self { site, site_name, instances, bytes, bytes_here, connected, road, first_s, whole_s }
    }
}

#[utoipa::path(get, path = "/api/studies/{study}/forecast", params(("study" = String, Path)),
    responses((status = 200, body = Option<ForecastJson>), (status = 404, body = ErrorBody)))]
pub(super) async fn forecast(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<Option<ForecastJson>>, ApiError> {
    caller.may(Action::ListStudies)?;
    let studies = door.studies()?;
    let query = StudyQuery { study: vec![uid(&study)?], ..StudyQuery::default() };
    let found = studies.find(&caller.0, &query, None, 0, 1).await?;
    let found = found.first().ok_or(ApiError::NotFound)?;
    Ok(Json(studies.foresee(found).map(Into::into)))
}

/// The line to a peer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkJson {
    site: String,
    site_name: String,
    connected: bool,
    /// `direct`; `punched`: through both sites' address translators; `tcp`: by TLS over TCP, since UDP does not pass; `relay`:
    /// over a third site; `none`.
    road: &'static str,
    /// The name of the site that relays.
    via: Option<String>,
    rtt_ms: Option<f64>,
    /// Share of the site's packets to us, which carry the images, that is lost lately, 0 to 1; nothing where it does not tell.
    lost: Option<f64>,
    /// Bytes over the wire that come for images now, a second.
    bytes_per_s: f64,
    /// The highest of the last transfers, by the same measure.
    best_bytes_per_s: Option<f64>,
    /// Requests that wait, and that run.
    waiting: usize,
    running: usize,
}

impl LinkJson {
    fn of(studies: &Studies, (site_name, link): (String, LinkRow)) -> Self {
        Self {
            site: link.peer.to_string(),
            site_name,
            connected: link.is_connected,
            road: link.road.map_or("none", RoadKind::word),
            via: link.via.map(|via| studies.peer_name(&via)),
            rtt_ms: link.rtt_s.map(|s| s * 1e3),
            lost: link.lost,
            bytes_per_s: link.wire_bytes_per_s,
            best_bytes_per_s: link.best_wire_bytes_per_s,
            waiting: link.waiting,
            running: link.running,
        }
    }
}

#[utoipa::path(get, path = "/api/links", responses((status = 200, body = Vec<LinkJson>)))]
pub(super) async fn links(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<LinkJson>>, ApiError> {
    caller.may(Action::Administer)?;
    let studies = door.studies()?;
    let links = studies.links().into_iter().map(|link| LinkJson::of(studies, link)).collect();
    std::future::ready(Ok(Json(links))).await
}

/// What a trial of a link found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrialJson {
    site: String,
    site_name: String,
    bytes: u64,
    seconds: f64,
    bits_per_s: f64,
    rtt_ms: f64,
}

/// Has a peer send bytes that mean nothing, for five seconds at most. Stands in the ledgers of both.
#[utoipa::path(post, path = "/api/peers/{site}/test", operation_id = "peer_test", params(("site" = String, Path)),
    responses((status = 200, body = TrialJson), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn test(
    State(door): State<Door>,
    caller: Caller,
    Path(site): Path<String>,
) -> Result<Json<TrialJson>, ApiError> {
    caller.may(Action::Administer)?;
    let peer = door.trust.find_peer(&site).ok_or(ApiError::NotFound)?;
    let trial = door.studies()?.try_link(&caller.0, &peer.site).await?;
    Ok(Json(TrialJson {
        site: peer.site.to_string(),
        site_name: peer.name,
        bytes: trial.bytes,
        seconds: trial.took_s,
        bits_per_s: trial.bits_per_s(),
        rtt_ms: trial.rtt_s * 1e3,
    }))
}

/// Figures for a collector, in the text format of Prometheus.
#[utoipa::path(get, path = "/api/metrics", responses((status = 200, content_type = "text/plain")))]
pub(super) async fn metrics(State(door): State<Door>, caller: Caller) -> Result<impl IntoResponse, ApiError> {
    caller.may(Action::Administer)?;
    let studies = door.studies()?;
    let mut text = exposed(&studies.links(), &studies.transfers());
    text.push_str(&outgoing::exposed(&studies.given()));
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    std::future::ready(Ok((kind, text))).await
}

type Figure = (&'static str, &'static str, &'static str, fn(&LinkRow) -> Option<f64>);

const FIGURES: [Figure; 16] = [
    ("connected", "gauge", "whether a connection to the peer is open", |l| Some(f64::from(u8::from(l.is_connected)))),
    ("rtt_seconds", "gauge", "round trip", |l| l.rtt_s),
    ("receive_bytes_per_second", "gauge", "bytes over the wire that come for images now", |l| Some(l.wire_bytes_per_s)),
    ("best_bytes_per_second", "gauge", "highest rate of the last transfers over the wire", |l| l.best_wire_bytes_per_s),
    ("receive_lost_ratio", "gauge", "share of the peer's packets to us that is lost lately, as it tells", |l| l.lost),
    ("requests_waiting", "gauge", "requests that wait for their turn", |l| Some(l.waiting as f64)),
    ("requests_running", "gauge", "requests under way", |l| Some(l.running as f64)),
    ("window_bytes", "gauge", "bytes that may be on their way to the peer", |l| Some(l.window_bytes as f64)),
    ("peer_window_bytes", "gauge", "bytes that the peer lets be on their way to us", |l| {
        l.peer_window_bytes.map(|bytes| bytes as f64)
    }),
    ("image_bytes_total", "counter", "verified bytes of objects that came since the start", |l| Some(l.kept as f64)),
    ("wire_bytes_total", "counter", "bytes over the wire that came for images since the start", |l| {
        Some(l.came as f64)
    }),
    ("wasted_bytes_total", "counter", "of these, those that were of no use", |l| Some(l.wasted as f64)),
    ("received_bytes_total", "counter", "bytes received by the open connection", |l| Some(l.received as f64)),
    ("sent_bytes_total", "counter", "bytes sent by the open connection", |l| Some(l.sent as f64)),
    ("packets_sent_total", "counter", "packets sent by the open connection", |l| Some(l.packets_sent as f64)),
    ("packets_lost_total", "counter", "of these lost", |l| Some(l.packets_lost as f64)),
];

/// What stands between quotes in a label.
pub(super) fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ")
}

// Studies have no names here: a collector may keep what it is told for years.
fn exposed(links: &[(String, LinkRow)], transfers: &[TransferRow]) -> String {
    let mut text = String::new();
    for (name, kind, help, value) in FIGURES {
        let _ = writeln!(text, "# HELP confrere_link_{name} {help}\n# TYPE confrere_link_{name} {kind}");
        for (site, link) in links {
            if let Some(value) = value(link) {
                let labels = format!("site=\"{}\",key=\"{}\"", label(site), link.peer.short());
                let _ = writeln!(text, "confrere_link_{name}{{{labels}}} {value}");
            }
        }
    }
    let name = "confrere_transfers";
    let _ = writeln!(text, "# HELP {name} studies on their way from peers, by state\n# TYPE {name} gauge");
    for state in ["running", "waiting", "paused", "cancelled", "done", "refused", "corrupt"] {
        let count = transfers.iter().filter(|row| row.state == state).count();
        let _ = writeln!(text, "{name}{{state=\"{state}\"}} {count}");
    }
    let left: u64 = transfers.iter().map(|row| row.bytes_total.saturating_sub(row.bytes_done)).sum();
    let name = "confrere_transfers_left_bytes";
    let _ = writeln!(text, "# HELP {name} bytes of these that are not here yet\n# TYPE {name} gauge\n{name} {left}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::SiteId;

    #[test]
    fn figures_are_told_by_site_and_unknown_ones_not_at_all() {
        let link = LinkRow {
            peer: SiteId([7; 32]),
            is_connected: true,
            road: Some(RoadKind::Direct),
            via: None,
            rtt_s: Some(0.05),
            lost: Some(0.25),
            wire_bytes_per_s: 1e6,
            best_wire_bytes_per_s: None,
            waiting: 3,
            running: 8,
            came: 42,
            kept: 168,
            wasted: 7,
            received: 50,
            sent: 5,
            packets_sent: 4,
            packets_lost: 1,
            window_bytes: 262_144,
            peer_window_bytes: None,
        };
        let text = exposed(&[("CH \"Nord\"".to_owned(), link)], &[]);
        let key = SiteId([7; 32]).short();
        assert!(text.contains(&format!("confrere_link_rtt_seconds{{site=\"CH \\\"Nord\\\"\",key=\"{key}\"}} 0.05\n")));
        assert!(text.contains(&format!("key=\"{key}\"}} 262144\n")), "{text}");
        assert!(!text.contains("best_bytes_per_second{") && !text.contains("peer_window_bytes{"));
        let figure = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(&format!("confrere_link_{name}{{")));
            line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        };
        // What came over the wire, and what it became.
        assert_eq!((figure("wire_bytes_total"), figure("image_bytes_total")), (Some(42.0), Some(168.0)));
        assert_eq!(figure("receive_lost_ratio"), Some(0.25));
        assert!(text.contains("# TYPE confrere_link_packets_lost_total counter\n"));
        assert!(
            text.contains(&format!("confrere_link_wasted_bytes_total{{site=\"CH \\\"Nord\\\"\",key=\"{key}\"}} 7\n"))
        );
        assert!(text.contains("confrere_transfers{state=\"paused\"} 0\n"));
    }
}
