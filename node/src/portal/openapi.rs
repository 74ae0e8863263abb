//! The API's description, made from the routes; `docs/openapi.json` is its committed copy.

use super::{
    access, account, agreements, alarms, amendments, audit, copies, error, events, export, grants, import, insight,
    json, labels, ledger, local, peers, people, rejections, restore, retention, rules, rules_with_peers, settings,
    signin, sources, spare, status, storage, tiers, uploads, worklist,
};
use axum::Json;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(title = "Confrere", description = "The API of a Confrere node: what its portal and its command line use."),
    paths(
        status::site,
        status::status,
        restore::show,
        restore::confirm,
        restore::fetch_back,
        storage::storage,
        alarms::list,
        alarms::test,
        signin::session,
        signin::sign_in,
        signin::sign_out,
        worklist::studies,
        worklist::study,
        worklist::fetch,
        worklist::share,
        amendments::conflicts,
        amendments::conflict,
        amendments::close,
        amendments::resolve,
        amendments::correct,
        amendments::merge,
        amendments::corrections,
        amendments::undo,
        amendments::identities,
        retention::of_study,
        retention::claim,
        retention::old,
        retention::proposals,
        retention::propose,
        retention::approve,
        retention::withdraw,
        retention::erasures,
        tiers::show,
        tiers::of_study,
        tiers::move_study,
        export::zip,
        export::stream,
        rejections::reject,
        rejections::list,
        rejections::notes,
        rejections::obey,
        rejections::leave,
        rejections::reinstate,
        worklist::new_reading,
        worklist::transfers,
        events::stream,
        peers::list,
        peers::invite,
        peers::join,
        peers::revoke,
        insight::sees,
        insight::explain,
        copies::of_study,
        copies::at_peer,
        peers::pairings,
        peers::confirm,
        agreements::list,
        agreements::offer,
        agreements::accept,
        agreements::end,
        grants::list,
        grants::revoke,
        audit::page,
        ledger::show,
        ledger::settle,
        ledger::export,
        access::patient,
        settings::users,
        settings::add_user,
        settings::remove_user,
        settings::set_password,
        settings::set_role,
        people::roles,
        people::sessions,
        people::end_sessions,
        people::end_session,
        people::reset_factor,
        people::set_disabled,
        people::set_professional,
        account::show,
        account::change_password,
        account::begin_factor,
        account::confirm_factor,
        account::sessions,
        account::end_sessions,
        account::end_session,
        account::tokens,
        account::add_token,
        account::remove_token,
        settings::tokens,
        settings::add_token,
        settings::remove_token,
        settings::aes,
        settings::add_ae,
        settings::remove_ae,
        sources::list,
        sources::set,
        sources::remove,
        sources::test,
        sources::find,
        sources::migrations,
        sources::migrate,
        sources::pause,
        sources::resume,
        sources::cancel,
        sources::report,
        sources::report_csv,
        import::import,
        uploads::begin,
        uploads::put,
        uploads::end,
        rules::list,
        rules::add,
        rules::change,
        rules::remove,
        rules::test,
        rules::of_study,
        rules::waiting,
        rules::retry,
        rules::drop_route,
        rules_with_peers::list,
        rules_with_peers::retry,
        rules_with_peers::drop_one,
        labels::list,
        labels::set,
        local::verify,
        local::backup,
        spare::list,
        spare::offer,
        spare::accept,
        spare::end,
        spare::prove,
        spare::export,
        spare::erase,
    ),
    components(schemas(error::ErrorBody, json::Session))
)]
struct Description;

pub(super) async fn document() -> Json<utoipa::openapi::OpenApi> {
    std::future::ready(Json(Description::openapi())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `CONFRERE_WRITE_OPENAPI=1 cargo test openapi` renews the committed copy.
    #[test]
    fn the_committed_description_is_that_of_the_routes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        let mut made = Description::openapi().to_pretty_json().unwrap();
        made.push('\n');
        if std::env::var_os("CONFRERE_WRITE_OPENAPI").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), made, "docs/openapi.json is out of date");
    }
}
