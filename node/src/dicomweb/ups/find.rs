//! Workitems found and retrieved (PS3.18 §11.5, 11.9).
//!
//! Found are the workitems of all cases, in the order of the portal's list: what is most urgent first, what is over last. Each is
//! answered with all its attributes.

use super::{
    super::{
        asker::Asker,
        error::Problem,
        query::{Condition, Search},
    },
    MORE, Target,
    item::View,
    may,
    set::Set,
    turn, warning,
};
use crate::{cases::Filter, trust::Action};
use axum::{http::HeaderMap, response::Response};
use dicom_dictionary_std::tags;
use serde_json::Value;
use std::sync::Arc;

/// Cases that one search looks through; beyond, it says that there may be more.
const LOOK_MAX: usize = 20_000;

pub(in crate::dicomweb) async fn retrieve(asker: Asker) -> Result<Response, Problem> {
    may(&asker, Action::ListStudies)?;
    let media = asker.json_type()?;
    let Target { whole, turn } = Target::of(&asker)?;
    asker.write_queried("a workitem".to_owned()).await?;
    asker.desk.door.cases.touch(&whole, &asker.person.name);
    let us = asker.desk.door.cases.us();
    let item = View { asker: &asker, us }.item(&whole, &turn).into_json();
    Ok(asker.answer(media, Value::Array(vec![item]).to_string().into(), None))
}

pub(in crate::dicomweb) async fn search(asker: Asker) -> Result<Response, Problem> {
    may(&asker, Action::ListStudies)?;
    let media = asker.json_type()?;
    let search = Search::parse(&asker.query)?;
    asker.write_queried(format!("workitems by {}", search.shape())).await?;
    let asker = Arc::new(asker);
    let (looking, tasks) = (asker.clone(), asker.desk.door.tasks.clone());
    let found = tasks.spawn_blocking("worklist search", move || look(&looking, &search)).await;
    let (found, is_partial) = found.map_err(|_| Problem::Internal("the search was stopped".to_owned()))?;
    let found: Vec<Value> = found.into_iter().map(Set::into_json).collect();
    let mut response = asker.answer(media, Value::Array(found).to_string().into(), None);
    let said: HeaderMap = if is_partial { warning(MORE) } else { HeaderMap::new() };
    response.headers_mut().extend(said);
    Ok(response)
}

/// What is found, and whether there is more.
fn look(asker: &Asker, search: &Search) -> (Vec<Set>, bool) {
    let cases = &asker.desk.door.cases;
    let view = View { asker, us: cases.us() };
    let rows = cases.list(&Filter { limit: usize::MAX, ..Filter::default() }).rows;
    let (mut found, mut to_skip) = (Vec::new(), search.offset);
    for whole in rows.iter().take(LOOK_MAX) {
        for turn in turn::turns(whole) {
            if !may_fit(&search.conditions, turn.progress.word()) {
                continue;
            }
            let item = view.item(whole, &turn);
            if !item.meets(&search.conditions, search.fuzzy) {
                continue;
            }
            if to_skip > 0 {
                to_skip -= 1;
            } else if found.len() >= search.limit() {
                // Whoever set a limit knows that there may be more.
                return (found, search.limit.is_none());
            } else {
                found.push(item);
            }
        }
    }
    (found, rows.len() > LOOK_MAX)
}

/// Most ask for what is scheduled: of others nothing is made.
fn may_fit(conditions: &[Condition], state: &str) -> bool {
    let mut of_state = conditions.iter().filter(|(path, _)| path.as_slice() == [tags::PROCEDURE_STEP_STATE]);
    let known = Set::of(&[(tags::PROCEDURE_STEP_STATE, state)]);
    of_state.all(|condition| known.meets(std::slice::from_ref(condition), false))
}
