//! The web door: sign-in, the portal's API, its live events and its files.
//!
//! The portal can do nothing an API client could not: every page asks the routes here, and the command line asks the
//! same routes over the control socket. Routes translate and decide nothing; who may do what is `trust`'s table, asked
//! by [`signin::Caller`].
//!
//! # Not here
//! DICOMweb, which stands behind the same sign-in; TLS and listening, which are `site`'s.

mod access;
mod account;
mod agreements;
mod agreements_json;
mod alarms;
mod amendments;
mod amendments_json;
mod assets;
mod audit;
mod cases;
mod cases_alerts;
mod cases_ask;
mod cases_attachments;
mod cases_desk;
mod cases_discordance;
mod cases_json;
mod cases_key_images;
mod cases_may;
mod cases_readers;
mod cases_report;
mod cases_request;
mod cases_row;
mod cases_sign;
mod cases_statistics;
mod cases_teams;
mod copies;
mod duty;
mod error;
mod events;
mod export;
mod fault;
mod fhir;
mod fhir_cases;
mod fhir_cases_json;
mod fhir_search;
mod glass;
mod grants;
mod history;
mod import;
mod insight;
mod json;
mod keys;
mod labels;
mod ledger;
mod linked;
mod local;
mod openapi;
mod outgoing;
mod peers;
mod people;
mod people_json;
mod presence;
mod previews;
mod provider;
mod purpose;
mod rejections;
mod restore;
mod retention;
mod rosters;
mod rosters_json;
mod rules;
mod rules_with_peers;
mod settings;
mod shifts;
mod shown;
mod signatures;
mod signin;
mod sources;
mod spare;
mod status;
mod storage;
mod study_cases;
mod study_reports;
mod tiers;
mod transfers;
mod undecoded;
mod uploads;
mod withheld;
mod witness;
mod worklist;

pub(crate) use storage::{SAMPLES, samples};
pub(crate) use uploads::Uploads;

use crate::{
    alarms::Alarms,
    archive::{Archive, cache::Cache},
    audit::Audit,
    backup::{Held, Second},
    cases::Cases,
    config::{Addresses, Config},
    desk::Desk,
    identity::Identity,
    links::Links,
    media::Media,
    overlay::Overlay,
    reseal::Reseal,
    roster::Roster,
    rules::Rules,
    sources::Sources,
    spare::Spare,
    studies::Studies,
    tasks::Tasks,
    trust::Trust,
    users::{Oidc, Users},
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{delete, get, post, put},
};
use error::ApiError;
use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Instant,
};
use tokio::sync::Semaphore;

/// Marks a request that came over the control socket: whoever can open it (mode 0600) is the node's owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local;

/// What the door needs. Overlay and studies are absent when the command line works on a folder without a node.
#[derive(Clone, Debug)]
pub(crate) struct PortalDoor {
    /// The node's folder.
    pub(crate) dir: std::path::PathBuf,
    pub(crate) config: Arc<Config>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) audit: Audit,
    pub(crate) users: Users,
    /// `None`: people sign in by password only.
    pub(crate) oidc: Option<Oidc>,
    pub(crate) trust: Trust,
    pub(crate) archive: Archive,
    pub(crate) cache: Cache,
    pub(crate) sources: Sources,
    pub(crate) cases: Cases,
    pub(crate) links: Links,
    pub(crate) desk: Option<Desk>,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) studies: Option<Studies>,
    /// A turn at checking the signatures of a study.
    pub(crate) signatures: Arc<Semaphore>,
    pub(crate) rules: Option<Rules>,
    pub(crate) spare: Option<Spare>,
    pub(crate) reseal: Option<Reseal>,
    pub(crate) second: Second,
    pub(crate) held: Held,
    pub(crate) media: Media,
    pub(crate) uploads: Uploads,
    pub(crate) alarms: Alarms,
    pub(crate) roster: Roster,
    pub(crate) tasks: Tasks,
    pub(crate) associations: Arc<AtomicUsize>,
    pub(crate) bound: Addresses,
    pub(crate) started: Instant,
}

type Door = Arc<PortalDoor>;

impl PortalDoor {
    fn overlay(&self) -> Result<&Overlay, ApiError> {
        self.overlay.as_ref().ok_or(ApiError::NotRunning)
    }

    fn desk(&self) -> Result<&Desk, ApiError> {
        self.desk.as_ref().ok_or(ApiError::NotRunning)
    }

    fn rules(&self) -> Result<&Rules, ApiError> {
        self.rules.as_ref().ok_or(ApiError::NotRunning)
    }

    fn studies(&self) -> Result<&Studies, ApiError> {
        self.studies.as_ref().ok_or(ApiError::NotRunning)
    }

    /// The name of a site: ours, a peer's, or the short key of a stranger.
    fn site_name(&self, site: &protocol::SiteId) -> String {
        if *site == self.identity.site() {
            return self.config.site.name.clone();
        }
        self.trust.peers().into_iter().find(|p| p.site == *site).map_or_else(|| site.short(), |p| p.name)
    }
}

/// Largest body of an API request, bytes: the largest is an invitation or a list of import paths.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// All routes of the web door; those of `dicomweb` stand behind the same sign-in.
pub(crate) fn router(door: PortalDoor, dicomweb: Router) -> Router {
    let door: Door = Arc::new(door);
    let api = api_routes()
        .merge(rules::routes())
        .merge(account::routes())
        .merge(people::routes())
        .merge(provider::routes())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(door.clone());
    let signed_in =
        Router::new().nest("/api", api).nest("/fhir", fhir::routes().with_state(door.clone())).merge(dicomweb).layer(
            middleware::from_fn_with_state((door.clone(), Arc::<witness::Witness>::default()), signin::identify),
        );
    let files = Router::new().fallback(assets::file).with_state(door);
    signed_in.fallback_service(files).layer(middleware::from_fn(assets::security_headers))
}

fn decision_routes() -> Router<Door> {
    Router::new()
        .merge(emergency_routes())
        .route("/rejections", get(rejections::list))
        .route("/rejections/notes", get(rejections::notes))
        .route("/rejections/notes/{id}/obey", post(rejections::obey))
        .route("/rejections/notes/{id}/leave", post(rejections::leave))
        .route("/rejections/{id}/reinstate", post(rejections::reinstate))
        .route("/conflicts", get(amendments::conflicts))
        .route("/conflicts/close", post(amendments::close))
        .route("/conflicts/{id}", get(amendments::conflict))
        .route("/conflicts/{id}/resolve", post(amendments::resolve))
}

/// Second copies of backups.
fn spare_routes() -> Router<Door> {
    Router::new()
        .route("/spare", get(spare::list).post(spare::offer))
        .route("/spare/export", post(spare::export))
        .route("/spare/erase", post(spare::erase))
        .route("/spare/{id}/accept", post(spare::accept))
        .route("/spare/{id}/end", post(spare::end))
        .route("/spare/{id}/prove", post(spare::prove))
}

fn agreement_routes() -> Router<Door> {
    Router::new()
        .route("/agreements", get(agreements::list).post(agreements::offer))
        .route("/agreements/preview", post(agreements::preview))
        .route("/agreements/{id}/accept", post(agreements::accept))
        .route("/agreements/{id}/suspend", post(agreements::suspend))
        .route("/agreements/{id}/resume", post(agreements::resume))
        .route("/agreements/{id}/under", get(agreements::under))
        .route("/agreements/{id}/close", post(agreements::close))
        .route("/agreements/{id}/end", post(agreements::end))
}

/// One patient's studies everywhere, and which records are of one patient.
fn history_routes() -> Router<Door> {
    Router::new()
        .route("/history", post(history::tell))
        .route("/patient-links", get(linked::list).post(linked::decide))
        .route("/patient-links/{id}", get(linked::show))
}

/// Who is on duty, which cases are open, and for what one reads.
fn duty_routes() -> Router<Door> {
    Router::new()
        .merge(case_routes())
        .merge(cases_alerts::routes())
        .merge(cases_attachments::routes())
        .merge(cases_teams::routes())
        .merge(history_routes())
        .merge(rosters::routes())
        .merge(shifts::routes())
        .route("/duty", get(duty::list))
        .route("/duty/cases", post(duty::case))
        .route("/duty/{id}/end", post(duty::end))
        .route("/studies/{study}/purpose", get(purpose::show).post(purpose::set))
}

/// Requests, readings and reports.
fn case_routes() -> Router<Door> {
    Router::new()
        .route("/cases", get(cases::list).post(cases_request::begin))
        .route("/cases/askable", get(cases_ask::show))
        .route("/cases/loose", get(cases_desk::loose))
        .route("/cases/loose/{study}/dismiss", post(cases_desk::dismiss))
        .route("/cases/discordances", get(cases_discordance::list))
        .route("/cases/settings", get(cases_desk::settings).put(cases_desk::set))
        .route("/cases/statistics", get(cases_statistics::show))
        .route("/cases/statistics.csv", get(cases_statistics::csv))
        .route("/cases/{case}", get(cases::show))
        .route("/cases/{case}/key-images", get(cases_key_images::show))
        .route("/cases/{case}/steps", post(cases::take_step))
        .route("/cases/{case}/reports", post(cases_sign::sign))
        .route("/cases/{case}/reports/{report}/pdf", get(cases_report::show))
        .route("/cases/{case}/draft", get(cases_sign::draft).put(cases_sign::keep_draft).delete(cases_sign::drop_draft))
        .route("/cases/{case}/discordances/{comparison}", post(cases_discordance::acknowledge))
        .route("/cases/{case}/join", post(cases_desk::join))
        .route("/studies/{study}/undecoded", post(undecoded::tell))
}

/// How the node itself stands.
fn upkeep_routes() -> Router<Door> {
    Router::new()
        .route("/storage", get(storage::storage))
        .route("/restore", get(restore::show))
        .route("/restore/confirm", post(restore::confirm))
        .route("/restore/fetch-back", post(restore::fetch_back))
        .route("/ledger", get(ledger::show))
        .route("/ledger/settle", post(ledger::settle))
        .route("/ledger/evidence", post(ledger::export))
        .route("/alarms", get(alarms::list))
        .route("/alarms/test", post(alarms::test))
}

/// What is held back, what an emergency opens all the same, and who looks at that.
fn emergency_routes() -> Router<Door> {
    Router::new()
        .route("/withheld", get(withheld::list).post(withheld::withhold))
        .route("/withheld/{id}/release", post(withheld::release))
        .route("/emergencies", post(glass::break_glass))
        .route("/reviews", get(glass::reviews))
        .route("/reviews/{id}", post(glass::review))
}

/// What peers may have of ours, and what they have.
fn insight_routes() -> Router<Door> {
    Router::new()
        .route("/peers/{site}/sees", get(insight::sees))
        .route("/peers/{site}/explain", get(insight::explain))
        .route("/peers/{site}/copies", get(copies::at_peer))
        .route("/studies/{study}/holders", get(copies::of_study))
        .route("/studies/{study}/signatures", get(signatures::of_study))
        .route("/studies/{study}/reports", get(study_reports::of_study))
        .route("/studies/{study}/cases", get(study_cases::of_study))
        .route("/presence", post(presence::ask))
}

/// Keys that speak for sites.
fn key_routes() -> Router<Door> {
    Router::new()
        .route("/keys", get(keys::list))
        .route("/keys/rotate", post(keys::rotate))
        .route("/keys/reseal", post(keys::reseal))
}

/// What is on its way from peers, and how the links to them are.
fn transfer_routes() -> Router<Door> {
    Router::new()
        .route("/transfers", get(transfers::list))
        .route("/transfers/outgoing", get(outgoing::list))
        .route("/transfers/{site}/{study}/pause", post(transfers::pause))
        .route("/transfers/{site}/{study}/resume", post(transfers::resume))
        .route("/transfers/{site}/{study}/cancel", post(transfers::cancel))
        .route("/studies/{study}/forecast", get(transfers::forecast))
        .route("/studies/{study}/digest", get(previews::glance))
        .route("/studies/{study}/previews", get(previews::tally).post(previews::begin))
        .route("/studies/{study}/previews/{series}/{instance}", get(previews::picture))
        .route("/studies/{study}/shown", post(shown::say))
        .route("/links", get(transfers::links))
        .route("/peers/{site}/test", post(transfers::test))
        .route("/metrics", get(transfers::metrics))
}

fn ae_routes() -> Router<Door> {
    Router::new()
        .route("/aes", get(settings::aes).post(settings::add_ae))
        .route("/aes/{title}", delete(settings::remove_ae))
        .route("/aes/{title}/echo", post(settings::echo_ae))
}

fn api_routes() -> Router<Door> {
    Router::new()
        .route("/site", get(status::site))
        .route("/status", get(status::status))
        .merge(upkeep_routes())
        .merge(spare_routes())
        .route("/session", get(signin::session).post(signin::sign_in).delete(signin::sign_out))
        .route("/studies", get(worklist::studies))
        .route("/studies/{study}", get(worklist::study))
        .route("/studies/{study}/fetch", post(worklist::fetch))
        .route("/studies/{study}/share", post(worklist::share))
        .route("/studies/{study}/reject", post(rejections::reject))
        .route("/studies/{study}/correct", post(amendments::correct))
        .route("/studies/{study}/identities", get(amendments::identities))
        .merge(decision_routes())
        .route("/corrections", get(amendments::corrections))
        .route("/corrections/{id}/undo", post(amendments::undo))
        .route("/patients/merge", post(amendments::merge))
        .route("/studies/{study}/tier", get(tiers::of_study).post(tiers::move_study))
        .route("/tiers", get(tiers::show))
        .route("/studies/{study}/retention", get(retention::of_study).post(retention::claim))
        .route("/retention", get(retention::old))
        .route("/retention/proposals", get(retention::proposals).post(retention::propose))
        .route("/retention/proposals/{id}", delete(retention::withdraw))
        .route("/retention/proposals/{id}/approve", post(retention::approve))
        .route("/retention/erased", get(retention::erasures))
        .route("/studies/{study}/export", get(export::zip))
        .route("/export", post(export::stream))
        .route("/readings", post(worklist::new_reading))
        .route("/readings/viewer", post(worklist::new_viewing))
        .merge(transfer_routes())
        .route("/events", get(events::stream))
        .route("/peers", get(peers::list))
        .route("/peers/invitations", post(peers::invite))
        .route("/peers/join", post(peers::join))
        .route("/peers/{site}", delete(peers::revoke))
        .merge(insight_routes())
        .merge(key_routes())
        .route("/pairings", get(peers::pairings))
        .route("/pairings/{id}/confirm", post(peers::confirm))
        .merge(agreement_routes())
        .route("/grants", get(grants::list))
        .route("/grants/{id}", delete(grants::revoke))
        .route("/grants/{id}/narrow", post(grants::narrow))
        .merge(duty_routes())
        .route("/audit", get(audit::page))
        .route("/audit/patient", get(access::patient))
        .route("/users", get(settings::users).post(settings::add_user))
        .route("/users/{name}", delete(settings::remove_user))
        .route("/users/{name}/password", post(settings::set_password))
        .route("/users/{name}/role", post(settings::set_role))
        .route("/tokens", get(settings::tokens).post(settings::add_token))
        .route("/tokens/{name}", delete(settings::remove_token))
        .merge(ae_routes())
        .route("/sources", get(sources::list).post(sources::set))
        .route("/sources/{name}", delete(sources::remove))
        .route("/sources/{name}/test", post(sources::test))
        .route("/sources/{name}/find", post(sources::find))
        .route("/migrations", get(sources::migrations).post(sources::migrate))
        .route("/migrations/{id}/pause", post(sources::pause))
        .route("/migrations/{id}/resume", post(sources::resume))
        .route("/migrations/{id}/cancel", post(sources::cancel))
        .route("/migrations/{id}/report", get(sources::report))
        .route("/migrations/{id}/report.csv", get(sources::report_csv))
        .route("/import", post(import::import))
        .route("/uploads", post(uploads::begin))
        .route("/uploads/{id}", put(uploads::put).delete(uploads::end))
        .route("/verify", post(local::verify))
        .route("/backup", post(local::backup))
        .route("/openapi.json", get(openapi::document))
        .fallback(error::no_route)
}
