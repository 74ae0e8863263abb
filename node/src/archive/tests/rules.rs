//! Rules, labels and what waits because of them are the same after a crash, and from the journal alone.

use super::*;
use protocol::SiteId;

fn actor() -> Actor {
    Actor { person: "amy".into(), ..Actor::default() }
}

fn rule(name: &str) -> Rule {
    let actions = Actions { labels: vec!["night".into()], ..Actions::default() };
    let (name, conditions) = (name.into(), Conditions::default());
    Rule { name, is_on: true, trigger: Trigger::Arrival, conditions, actions }
}

const PEER: SiteId = SiteId([1; 32]);
const OTHER: SiteId = SiteId([2; 32]);

/// All that is kept of rules.
fn state(site: &Site, study: &Uid, to: &AeTitle) -> String {
    let archive = &site.archive;
    let (rules, row) = (archive.rules().unwrap(), archive.study(study).unwrap().unwrap());
    let (fired, route) = (archive.fired(study).unwrap(), archive.route(study, to).unwrap());
    let (open, due) = (archive.open_routes().unwrap(), archive.cold_due().unwrap());
    let (offers, fetches) = (archive.offers().unwrap(), archive.fetches().unwrap());
    let heard = archive.heard_offer(&uid("1.7"), &PEER).unwrap();
    let (senders, used) = (archive.senders(study).unwrap(), archive.labels().unwrap());
    format!(
        "{rules:?} {:?} {fired:?} {route:?} {open:?} {due:?} {senders:?} {used:?} {offers:?} {fetches:?} {heard:?}",
        row.labels
    )
}

#[tokio::test]
async fn they_are_the_same_after_a_crash_and_from_the_journal_alone() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 10);
    let made = Made::new("1.2", "1.2.1", "1.2.1.1");
    let ingested = site.store_as(made.form(), &made.data_set()).await.unwrap();
    site.settled(&ingested.study).await;
    let (study, to) = (ingested.study.clone(), AeTitle::parse("PACS2").unwrap());
    let archive = &site.archive;
    let gone = archive.set_rule(None, rule("first"), actor()).await.unwrap();
    archive.remove_rule(gone.id, actor()).await.unwrap();
    let kept = archive.set_rule(None, rule("second"), actor()).await.unwrap();
    let kept = archive.set_rule(Some(kept.id), rule("third"), actor()).await.unwrap();
    assert_eq!((gone.id, kept.id, kept.version), (1, 2, 2), "a number is not given twice");
    let firing = Firing {
        rules: vec![(kept.id, kept.version)],
        labels: vec!["night".into()],
        routes: vec![(to.clone(), kept.id), (AeTitle::parse("OTHER").unwrap(), kept.id)],
        cold_at: Some(protocol::Timestamp(7)),
        offers: vec![(PEER, kept.id), (OTHER, kept.id)],
    };
    archive.fire(&study, firing).await.unwrap();
    let sent = vec![print(&site.row(&ingested).entry.digest)];
    let routed = Routed { sent, is_done: true, ..Routed::default() };
    archive.routed(&study, &to, routed.clone()).await.unwrap();
    archive.routed(&study, &to, routed).await.unwrap();
    let (manifest, theirs) = (Digest([4; 32]), uid("1.7"));
    let refused = Ended::Refused(protocol::Refusal::NotPermitted);
    archive.offered(&study, PEER, (Some(manifest), refused)).await.unwrap();
    archive.hear_offer(PEER, &theirs, manifest).await.unwrap();
    let wanted = Wanted { holder: PEER, study: theirs.clone(), manifest, bytes: 9, cause: Cause::Offered };
    archive.want_fetched(kept.id, vec![wanted.clone(), Wanted { study: uid("1.8"), ..wanted }]).await.unwrap();
    archive.note_use(&theirs, OTHER).await.unwrap();
    assert_eq!(archive.fetch_row(&theirs, &PEER).unwrap().unwrap().used, None, "another site's copy");
    archive.note_use(&theirs, PEER).await.unwrap();
    archive.fetched(&theirs, PEER, (manifest, 10, Ended::Done)).await.unwrap();
    let row = archive.fetch_row(&theirs, &PEER).unwrap().unwrap();
    assert!(row.is_settled(&manifest) && !row.is_settled(&Digest([5; 32])) && row.used.is_some() && row.bytes == 10);
    archive.label(&study, (vec!["teaching".into()], vec!["night".into()]), actor()).await.unwrap();
    assert_eq!(archive.study(&study).unwrap().unwrap().labels, ["teaching"]);
    let route = archive.route(&study, &to).unwrap().unwrap();
    assert_eq!((route.sent, route.is_open), (1, false), "told twice, it counts once");
    assert_eq!(archive.open_routes().unwrap().len(), 1);
    let before = state(&site, &study, &to);

    site.kill().await;
    let site = Site::open(dir.path(), 10);
    assert_eq!(state(&site, &study, &to), before);
    site.close().await;
    rebuild(dir.path(), &mut |_| {}).unwrap();
    let site = Site::open(dir.path(), 10);
    assert_eq!(state(&site, &study, &to), before);
    let query = StudyQuery { labels: vec!["teaching".into()], ..StudyQuery::default() };
    assert_eq!(site.archive.studies(&query, 0, 9).unwrap().len(), 1);
    let query = StudyQuery { text: Some("teach".into()), ..StudyQuery::default() };
    assert_eq!(site.archive.studies(&query, 0, 9).unwrap().len(), 1);
    site.close().await;
}

#[tokio::test]
async fn what_cannot_be_worked_with_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 10);
    let refused = async |edit: &dyn Fn(&mut Rule)| {
        let mut wrong = rule("wrong");
        edit(&mut wrong);
        matches!(site.archive.set_rule(None, wrong, actor()).await, Err(RuleError::Unfit(_)))
    };
    assert!(refused(&|rule| rule.actions = Actions::default()).await, "it does nothing");
    assert!(refused(&|rule| rule.name = " ".into()).await);
    assert!(refused(&|rule| rule.actions.labels = vec!["a,b".into()]).await);
    assert!(refused(&|rule| rule.conditions.stations = vec![String::new()]).await);
    assert!(refused(&|rule| (rule.conditions.age_from, rule.conditions.age_to) = (Some(9), Some(3))).await);
    let on_cards = |rule: &mut Rule| {
        rule.trigger = Trigger::Card { peers: vec![PEER], is_offered: false };
        rule.actions = Actions { fetch: Some(Fetch::default()), ..Actions::default() };
    };
    let card = async |edit: &dyn Fn(&mut Rule)| {
        refused(&|rule| {
            on_cards(rule);
            edit(rule);
        })
        .await
    };
    assert!(refused(&|rule| rule.actions.fetch = Some(Fetch::default())).await, "there is nothing to fetch");
    assert!(card(&|rule| rule.conditions.stations = vec!["CT1".into()]).await, "a card names no station");
    assert!(card(&|rule| rule.actions.labels = vec!["x".into()]).await, "a peer's study");
    assert!(card(&|rule| rule.actions.offers = vec![PEER]).await);
    assert!(card(&|rule| rule.actions.fetch = None).await);
    assert!(card(&|rule| rule.actions.fetch = Some(Fetch { mb_s: Some(0), ..Fetch::default() })).await);
    let nowhere = site.archive.label(&uid("1.9"), (vec!["x".into()], Vec::new()), actor()).await;
    assert!(matches!(nowhere, Err(RuleError::NoStudy)));
    assert!(site.archive.rules().unwrap().is_empty());
    site.close().await;
}
