//! Grants that narrow others, and facts of duty.

use super::*;
use protocol::{
    agreement::Purpose,
    duty::{Duty, OpenCase, Shift, ShiftState, What},
    grant::{Grant, GrantKind, Narrow},
};

const HOUR: u64 = 3_600_000;

fn key(of: usize) -> Arc<Identity> {
    identity(u8::try_from(of).unwrap())
}

fn case_only(onward: bool) -> Terms {
    Terms { all: ClauseTerms { onward, ..ClauseTerms::default() }, ..Terms::default() }
}

/// A's grant to B, B's to the third site, and so on: `depth` of them narrow the first one.
fn made(text: &Agreement, depth: usize, now: Timestamp) -> Vec<Grant> {
    (0..=depth)
        .map(|at| Grant {
            id: Id128([u8::try_from(at + 1).unwrap(); 16]),
            issuer: key(at + 1).site(),
            subject: key(at + 2).site(),
            basis: text.id,
            study: "1.2.3".parse().unwrap(),
            level: Level::Pixels,
            not_before: Timestamp(now.0 - HOUR),
            expires: Timestamp(now.0 + HOUR),
            kind: GrantKind::Shared,
            parent: at.checked_sub(1).map(|above| Id128([u8::try_from(above + 1).unwrap(); 16])),
            purpose: Some(Purpose::Care),
            copies_max: Some(4),
            forward: (at + 3..=depth + 2).map(|site| key(site).site()).collect(),
        })
        .collect()
}

/// Makes the link at a place, and what hangs on it, wider in one thing. Gives who signs the link.
fn widen(chain: &mut [Grant], place: usize, what: Narrow) -> Option<usize> {
    if what == Narrow::Subject {
        let subject = chain[place].subject;
        chain[place - 1].forward.retain(|site| *site != subject);
        return None;
    }
    if what == Narrow::Issuer {
        chain[place].issuer = key(9).site();
        return Some(9);
    }
    for grant in &mut chain[place..] {
        match what {
            Narrow::Basis => grant.basis = Id128([77; 16]),
            Narrow::Study => grant.study = "1.2.4".parse().unwrap(),
            Narrow::Level => grant.level = Level::Objects,
            Narrow::Purpose => grant.purpose = None,
            Narrow::Copies => grant.copies_max = Some(5),
            Narrow::Forward => grant.forward.push(key(9).site()),
            Narrow::Begins => grant.not_before.0 -= 1,
            Narrow::Ends => grant.expires.0 += 1,
            Narrow::Kind | Narrow::Issuer | Narrow::Subject => {}
        }
    }
    if what == Narrow::Kind {
        chain.last_mut().unwrap().kind = GrantKind::BreakGlass { request: protocol::Digest([1; 32]) };
    }
    None
}

/// How the holder judges the last one's subject, and what it says is wrong, with the grant it is said of.
fn asked(
    text: &Agreement,
    chain: &[Grant],
    signer: Option<(usize, usize)>,
    without: Option<usize>,
    now: Timestamp,
) -> (Result<(), Refusal>, Vec<(Ground, Link)>) {
    let (a, b) = (key(1), key(2));
    let mut signed = SignedAgreement::draft(&a.key(), text);
    signed.sign(&b.key());
    let mut state = State::new(a.site());
    for site in 2..=6 {
        state.apply(Record::PeerAdded(peer(&key(site), "P")));
    }
    state.apply(Record::Agreement { peer: b.site(), signed });
    for (place, grant) in chain.iter().enumerate().filter(|(place, _)| Some(*place) != without) {
        let by = signer.filter(|(at, _)| *at == place).map_or(place + 1, |(_, by)| by);
        state.apply(Record::Grant(key(by).seal(grant)));
    }
    let leaf = chain.last().unwrap();
    let study = facts(leaf.study.as_str(), "CT");
    let by = By { person: None, purpose: Some(Purpose::Care), copy: None };
    let (holder, level) = (a.site(), Level::Pixels);
    let question = Question { holder: &holder, reader: &leaf.subject, study: &study, level, told: None, by };
    let mut wrong = Vec::new();
    let verdict = state.judge_aloud(&question, now, &mut |step| {
        let of_chain = matches!(step.ground, Ground::Grant(_)) || step.link == Link::Onward;
        if !step.holds && of_chain {
            wrong.push((step.ground, step.link));
        }
    });
    (verdict.map(|_| ()), wrong)
}

fn agreed(onward: bool, now: Timestamp) -> Agreement {
    presets::draft_at((key(1).site(), "A"), &peer(&key(2), "B"), Preset::CaseOnly, &case_only(onward), now).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_chain_opens_only_whole_and_only_where_each_link_is_narrower(depth in 1usize..=3, hour in 1u64..24 * 365) {
        let now = at("2026-01-01T00:00:00Z").after(Duration::from_secs(hour * 3600));
        let text = agreed(true, now);
        let chain = made(&text, depth, now);
        prop_assert_eq!(asked(&text, &chain, None, None, now), (Ok(()), vec![]));
        for place in 1..=depth {
            for what in Narrow::ALL.into_iter().filter(|what| *what != Narrow::Kind || place == depth) {
                let mut wide = chain.clone();
                let signer = widen(&mut wide, place, what).map(|by| (place, by));
                let (verdict, wrong) = asked(&text, &wide, signer, None, now);
                prop_assert!(verdict.is_err(), "{:?} at {}", what, place);
                let named = (Ground::Grant(wide[place].id), Link::Narrow(what));
                prop_assert_eq!(wrong, vec![named], "the link that failed is named");
            }
        }
        for gone in 0..depth {
            let (verdict, wrong) = asked(&text, &chain, None, Some(gone), now);
            prop_assert!(verdict.is_err());
            prop_assert_eq!(wrong, vec![(Ground::Grant(chain[gone + 1].id), Link::Parent)]);
        }
        prop_assert!(asked(&text, &chain, None, Some(depth), now).0.is_err());
        let late = Timestamp(now.0 + HOUR);
        prop_assert_eq!(asked(&text, &chain, None, None, late).0, Err(Refusal::Expired));
    }
}

#[test]
fn nothing_is_passed_on_by_default_nor_more_than_three_times() {
    let now = at("2026-06-01T00:00:00Z");
    let text = agreed(false, now);
    let (verdict, wrong) = asked(&text, &made(&text, 1, now), None, None, now);
    assert!(verdict.is_err());
    assert_eq!(wrong, [(Ground::Agreement(text.id), Link::Onward)]);
    let text = agreed(true, now);
    let chain = made(&text, 4, now);
    let (verdict, wrong) = asked(&text, &chain, None, None, now);
    assert!(verdict.is_err() && wrong.iter().all(|(_, link)| *link == Link::Depth), "{wrong:?}");
}

/// A shares a study with B, who may pass it on to C.
async fn three(copies_max: Option<u32>) -> (Site, Site, Site, Id128, Vec<Signed<Grant>>) {
    let (a, b) = two_peers().await;
    let c = Site::open(3);
    for (site, other, name) in [(&a, &c, "Clinique"), (&b, &c, "Clinique"), (&c, &a, "CH Nord"), (&c, &b, "CH Sud")] {
        site.trust.add_peer(peer(&other.identity, name)).await.unwrap();
    }
    agree(&a, &b, Preset::CaseOnly, &case_only(true)).await;
    let given = Given { forward: vec![c.site()], copies_max, ..Given::hours(24) };
    let root = a.trust.share(&"1.2.3".parse().unwrap(), &b.site(), &given).await.unwrap();
    b.trust.receive_grant(&a.site(), root.clone()).await.unwrap();
    let root = root.open(&a.site()).unwrap().id;
    let chain = b.trust.narrow(&root, &c.site(), &Given::hours(2)).unwrap();
    (a, b, c, root, chain)
}

fn basis_of(chain: &[Signed<Grant>]) -> (Id128, Basis) {
    let leaf = chain[0].open(&chain[0].claimed_signer()).unwrap();
    (leaf.id, Basis::Grant { id: leaf.id, agreement: leaf.basis, expires: leaf.expires })
}

#[tokio::test]
async fn what_is_passed_on_is_read_by_the_third_site_until_its_parent_goes() {
    let (a, b, c, root, chain) = three(None).await;
    let ct = facts("1.2.3", "CT");
    assert!(
        reads(&a, &c, &ct).is_err() && a.trust.may_tell(&c.site(), &ct).is_none(),
        "the holder has not heard of it"
    );
    assert!(a.trust.receive_narrowed(&b.site(), chain.clone()).await.unwrap().is_some());
    assert!(a.trust.receive_narrowed(&b.site(), chain.clone()).await.unwrap().is_none(), "told twice, kept once");
    b.trust.keep_narrowed(&chain).await.unwrap();
    assert!(c.trust.receive_narrowed(&b.site(), chain.clone()).await.unwrap().is_some());
    let (leaf, basis) = basis_of(&chain);
    let permit = reads(&a, &c, &ct).unwrap();
    assert_eq!(a.trust.may_tell(&c.site(), &ct).map(|(basis, _)| basis), Some(basis));
    assert!(c.trust.in_force(&a.site(), &basis) && !c.trust.in_force(&b.site(), &basis));
    let (person, a_site) = (radiologist(), a.site());
    let there =
        |c: &Site| c.trust.authorize(Caller::Person(&person), &ct, Held::ByPeer(&a_site, &basis), Level::Pixels);
    assert!(there(&c).is_ok() && reads(&b, &c, &ct).is_err(), "what is lent is not B's to give");
    let row = a.trust.grants().into_iter().find(|row| row.grant.id == leaf).unwrap();
    assert_eq!((row.through, row.ancestors), (vec![a.site(), b.site()], vec![root]));

    // Over a restart, and then the parent goes.
    let (a, c) = (a.again(1).await, c.again(3).await);
    assert!(reads(&a, &c, &ct).is_ok() && there(&c).is_ok());
    drop(permit);
    let permit = reads(&a, &c, &ct).unwrap();
    let told = a.trust.revoke_grant(&root, &a.site()).await.unwrap();
    assert_eq!(permit.ended().await, Refusal::Revoked);
    assert!(reads(&a, &c, &ct).is_err() && reads(&a, &b, &ct).is_err());
    assert!(told.contains(&(b.site(), root)) && told.contains(&(c.site(), leaf)), "{told:?}");
    b.trust.revoke_grant(&root, &a.site()).await.unwrap();
    assert!(b.trust.grants().is_empty(), "with it what B passed on");
    c.trust.revoke_grant(&leaf, &a.site()).await.unwrap();
    assert!(there(&c).is_err() && !c.trust.in_force(&a.site(), &basis));
}

#[tokio::test]
async fn the_holder_refuses_what_is_wider_or_for_a_stranger() {
    let (a, b, c, root, chain) = three(None).await;
    let wider = |what: Result<_, TrustError>| match what {
        Err(TrustError::Wider(what)) => what,
        other => panic!("{other:?}"),
    };
    let narrow = |given: Given| b.trust.narrow(&root, &c.site(), &given).map(|_| ());
    assert_eq!(wider(narrow(Given::hours(48))), "narrower-end");
    assert_eq!(wider(narrow(Given { forward: vec![b.site()], ..Given::hours(1) })), "narrower-forward");
    let leaf = chain[0].open(&b.site()).unwrap();
    let spoilt = |change: &dyn Fn(&mut Grant)| {
        let mut grant = leaf.clone();
        change(&mut grant);
        vec![b.identity.seal(&grant), chain[1].clone()]
    };
    let long = spoilt(&|g| g.expires.0 += 48 * HOUR);
    assert_eq!(wider(a.trust.receive_narrowed(&b.site(), long.clone()).await.map(|_| ())), "narrower-end");
    assert_eq!(
        wider(c.trust.receive_narrowed(&b.site(), long).await.map(|_| ())),
        "narrower-end",
        "nor does C take it"
    );
    let strange = spoilt(&|g| g.subject = identity(4).site());
    assert!(a.trust.receive_narrowed(&b.site(), strange).await.is_err());
    assert!(a.trust.receive_narrowed(&c.site(), chain.clone()).await.is_err(), "it is B that passes it on");
    let forged = vec![c.identity.seal(&leaf), chain[1].clone()];
    assert!(matches!(a.trust.receive_narrowed(&b.site(), forged).await, Err(TrustError::Refused(Refusal::Malformed))));
    // The next version of the agreement lets nothing be passed on.
    let id = a.trust.agreements()[0].agreement.id;
    agree(&a, &b, Preset::CaseOnly, &Terms { replaces: Some(id), ..case_only(false) }).await;
    assert_eq!(wider(a.trust.receive_narrowed(&b.site(), chain).await.map(|_| ())), "onward");
    let given = Given { forward: vec![c.site()], ..Given::hours(1) };
    assert_eq!(wider(a.trust.share(&"1.2.3".parse().unwrap(), &b.site(), &given).await.map(|_| ())), "onward");
}

#[tokio::test]
async fn copies_count_for_all_links_and_each_once() {
    let (a, b, c, _, chain) = three(Some(2)).await;
    a.trust.receive_narrowed(&b.site(), chain.clone()).await.unwrap();
    let ct = facts("1.2.3", "CT");
    let reader = |copy: u8| Reader {
        person: "garde".to_owned(),
        role: "radiologist".to_owned(),
        copy: Some(Id128([copy; 16])),
        purpose: Purpose::Care,
    };
    let (b_site, c_site) = (b.site(), c.site());
    let read = async |a: &Site, site: &SiteId, copy: u8| {
        let reader = reader(copy);
        let permit = a.trust.authorize(Caller::Reader(site, &reader), &ct, Held::Here, Level::Pixels)?;
        a.trust.note_read_into(permit.basis.as_ref(), reader.copy).await.map_err(|_| Refusal::NotPermitted)?;
        Ok::<_, Refusal>(permit)
    };
    let first = read(&a, &c_site, 1).await.unwrap();
    read(&a, &c_site, 1).await.unwrap();
    read(&a, &b_site, 2).await.unwrap();
    assert_eq!(read(&a, &c_site, 3).await.unwrap_err(), Refusal::NotPermitted);
    assert_eq!(read(&a, &b_site, 4).await.unwrap_err(), Refusal::NotPermitted, "two in all");
    assert_eq!(first.allows(&ct.study, Level::Pixels), Ok(()));
    let a = a.again(1).await;
    read(&a, &c_site, 1).await.unwrap();
    assert!(read(&a, &c_site, 3).await.is_err(), "it survives a restart");
}

fn shift(person: &str, now: Timestamp, state: ShiftState) -> What {
    What::Shift(Shift {
        role: "radiologist".to_owned(),
        competences: vec!["CT".to_owned()],
        ..Shift::of(person.to_owned(), [Timestamp(now.0 - 1), Timestamp(now.0 + HOUR)], state)
    })
}

fn case(with: &Site, study: &str, now: Timestamp, open: bool) -> What {
    What::Case(OpenCase {
        studies: vec![study.parse().unwrap()],
        owner: "dr".to_owned(),
        parties: vec![with.site()],
        until: Timestamp(now.0 + HOUR),
        open,
    })
}

/// What a site would tell another just now is heard there.
async fn told(from: &Site, to: &Site) -> usize {
    let said = from.trust.duties_for(&to.site());
    let mut news = 0;
    for signed in said {
        news += usize::from(to.trust.hear_duty(&from.site(), signed).await.unwrap().is_some());
    }
    news
}

#[tokio::test]
async fn a_study_opens_with_its_case_and_closes_with_it() {
    let (a, b) = two_peers().await;
    let now = tasks::now();
    let (ct, other) = (facts("1.2.3", "CT"), facts("1.2.4", "CT"));
    let all = ClauseTerms { with_case: true, ..ClauseTerms::default() };
    let id = agree(&a, &b, Preset::All, &Terms { all, ..Terms::default() }).await;
    assert_eq!(reads(&a, &b, &ct).unwrap_err(), Refusal::NoCase);
    assert_eq!(a.trust.may_tell(&b.site(), &ct), None, "nor is it listed");
    // Who would read cannot open it by itself.
    b.trust.state_duty(None, case(&a, "1.2.3", now, true)).await.unwrap();
    assert_eq!(told(&b, &a).await, 1);
    assert_eq!(reads(&a, &b, &ct).unwrap_err(), Refusal::NoCase);

    let duty = a.trust.state_duty(None, case(&b, "1.2.3", now, true)).await.unwrap();
    let first = a.trust.duties_for(&b.site());
    assert_eq!((told(&a, &b).await, told(&a, &b).await), (1, 0), "told twice, news once");
    let permit = reads(&a, &b, &ct).unwrap();
    assert_eq!(permit.expires, Some(Timestamp(now.0 + HOUR)), "no longer than the case");
    assert!(a.trust.may_tell(&b.site(), &ct).is_some() && reads(&a, &b, &other).is_err());
    let (person, a_site, basis) = (radiologist(), a.site(), Basis::Agreement(id));
    let there =
        |b: &Site| b.trust.authorize(Caller::Person(&person), &ct, Held::ByPeer(&a_site, &basis), Level::Pixels);
    assert!(there(&b).is_ok());
    assert_eq!(a.trust.under(&id).cases.len(), 2, "of either side");
    let a = a.again(1).await;
    assert!(reads(&a, &b, &ct).is_ok());

    let permit = reads(&a, &b, &ct).unwrap();
    let closed = a.trust.state_duty(Some(duty.id), case(&b, "1.2.3", now, false)).await.unwrap();
    assert!(closed.serial > duty.serial);
    assert_eq!(permit.ended().await, Refusal::Revoked);
    assert_eq!(told(&a, &b).await, 1);
    assert_eq!(there(&b).unwrap_err(), Refusal::NoCase);
    for old in first {
        let again = b.trust.hear_duty(&a.site(), old.clone()).await;
        assert!(matches!(again, Err(TrustError::Refused(Refusal::Expired))), "an older word opens nothing again");
        assert!(b.trust.hear_duty(&b.site(), old).await.is_err(), "nor another's");
    }
}

#[tokio::test]
async fn who_is_on_duty_reads_and_nobody_else() {
    let (a, b) = two_peers().await;
    let now = tasks::now();
    let (ct, mr) = (facts("1.2.3", "CT"), facts("1.2.4", "MR"));
    let all = ClauseTerms { on_duty: true, ..ClauseTerms::default() };
    agree(&a, &b, Preset::All, &Terms { all, ..Terms::default() }).await;
    let as_who = |person: &str| Reader {
        person: person.to_owned(),
        role: "radiologist".to_owned(),
        copy: None,
        purpose: Purpose::OnCall,
    };
    let b_site = b.site();
    let read = |a: &Site, person: &str, study: &StudyFacts| {
        a.trust.authorize(Caller::Reader(&b_site, &as_who(person)), study, Held::Here, Level::Pixels)
    };
    assert_eq!(read(&a, "garde", &ct).unwrap_err(), Refusal::OffDuty);
    assert!(a.trust.may_tell(&b.site(), &ct).is_some(), "it stays listed");
    let planned = b.trust.state_duty(None, shift("garde", now, ShiftState::Planned)).await.unwrap();
    assert_eq!(told(&b, &a).await, 1);
    assert_eq!(read(&a, "garde", &ct).unwrap_err(), Refusal::OffDuty, "planned is not confirmed");
    b.trust.state_duty(Some(planned.id), shift("garde", now, ShiftState::Active)).await.unwrap();
    told(&b, &a).await;
    let permit = read(&a, "garde", &ct).unwrap();
    assert_eq!(permit.expires, Some(Timestamp(now.0 + HOUR)), "no longer than the shift");
    assert_eq!(read(&a, "other", &ct).unwrap_err(), Refusal::OffDuty);
    assert_eq!(read(&a, "garde", &mr).unwrap_err(), Refusal::OffDuty, "it is not what the person reads");
    // A site speaks for itself alone.
    a.trust.state_duty(None, shift("other", now, ShiftState::Active)).await.unwrap();
    assert!(read(&a, "other", &ct).is_err());
    b.trust.state_duty(Some(planned.id), shift("garde", now, ShiftState::HandedOver)).await.unwrap();
    told(&b, &a).await;
    assert_eq!(permit.ended().await, Refusal::Revoked);
    let note = a.trust.explain(&Caller::Reader(&b_site, &as_who("garde")), &ct, &Held::Here, Level::Pixels, now);
    assert!(note.note().ends_with("on-duty"), "{}", note.note());
    assert!(note.wrong().any(|step| step.english.contains("“garde” is not on duty at CH Sud")));
}

#[tokio::test]
async fn an_end_after_these_waits_for_open_cases() {
    let (a, b) = two_peers().await;
    let now = tasks::now();
    let ct = facts("1.2.3", "CT");
    let id = agree(&a, &b, Preset::All, &Terms::default()).await;
    let duty = a.trust.state_duty(None, case(&b, "1.2.3", now, true)).await.unwrap();
    told(&a, &b).await;
    let said = a.trust.close(&id, 24).await.unwrap();
    b.trust.hear_closing(&a.site(), said).await.unwrap();
    assert!(reads(&a, &b, &ct).is_ok(), "what the case is about stays open");
    assert_eq!(reads(&a, &b, &facts("1.2.4", "CT")).unwrap_err(), Refusal::Closing);
    let later = now.after(Duration::from_secs(16 * 60));
    assert_eq!(a.trust.due(later), vec![]);
    a.trust.state_duty(Some(duty.id), case(&b, "1.2.3", now, false)).await.unwrap();
    assert_eq!(a.trust.due(later).len(), 1);
}

#[tokio::test]
async fn what_a_peer_states_is_bounded_and_its_own() {
    let (a, b) = two_peers().await;
    agree(&a, &b, Preset::All, &Terms::default()).await;
    let now = tasks::now();
    let seal = |duty: &Duty| b.identity.seal(duty);
    let duty =
        |at: Timestamp| Duty { id: Id128([1; 16]), serial: 1, at, what: shift("garde", now, ShiftState::Active) };
    let future = a.trust.hear_duty(&b.site(), seal(&duty(now.after(Duration::from_secs(3600))))).await;
    assert!(matches!(future, Err(TrustError::Refused(Refusal::Malformed))));
    let over = Duty {
        what: shift("garde", now.before(Duration::from_secs(7200)), ShiftState::Active),
        ..duty(now.before(Duration::from_secs(7200)))
    };
    assert_eq!(a.trust.hear_duty(&b.site(), seal(&over)).await.unwrap(), None, "nobody waits for it");
    assert!(a.trust.hear_duty(&b.site(), seal(&duty(now))).await.unwrap().is_some());
    let twin = Duty { what: shift("other", now, ShiftState::Active), ..duty(now) };
    assert!(a.trust.hear_duty(&b.site(), seal(&twin)).await.is_err(), "another word under the same serial");
    assert!(b.trust.state_duty(Some(Id128([9; 16])), shift("garde", now, ShiftState::Active)).await.is_err());
    assert!(a.trust.duties_for(&b.site()).is_empty(), "a site tells its own");
    let stranger = Site::open(4);
    assert!(a.trust.state_duty(None, case(&stranger, "1.2.3", now, true)).await.is_err());
}
