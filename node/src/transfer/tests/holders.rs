//! Stories of several holders: a custodian, a site with a leased copy that may be passed on, and a reader.

use super::{
    world::{Road, Site, bytes_of, eventually, reader},
    *,
};
use crate::{
    archive::cache::Lease,
    trust::{ClauseTerms, Direction, Terms},
};
use protocol::{agreement::Preset, fetch::Reader, ids::Id128, pass::Pass};

/// A is the custodian, H has a whole copy, B reads.
struct World {
    a: Site,
    h: Site,
    b: Site,
    card: StudyCard,
    manifest: Manifest,
    named: Digest,
    /// Of A with H, and of A with B.
    agreed: (Id128, Id128),
    of_h: Lease,
    lease: Lease,
    reader: Reader,
    errand: Arc<Errand>,
}

async fn agree(a: &Site, other: &Site, onward: bool) -> Id128 {
    let peer = a.trust.peer(&other.id()).unwrap();
    let all = ClauseTerms { onward, ..ClauseTerms::default() };
    let terms = Terms { direction: Direction::Both, all, ..Terms::default() };
    let text = crate::trust::draft((a.id(), a.name), &peer, Preset::All, &terms).unwrap();
    let offered = a.trust.offer(text.clone()).await.unwrap();
    other.trust.receive(&a.id(), offered).await.unwrap();
    let signed = other.trust.accept(&text.id).await.unwrap();
    a.trust.receive(&other.id(), signed).await.unwrap();
    text.id
}

fn named_reader(person: &str, lease: &Lease) -> Reader {
    Reader { person: person.into(), copy: lease.copy(), ..reader() }
}

impl World {
    async fn new(onward: bool, images: u32, pixel_bytes: usize) -> Self {
        let (a, h) = (Site::new("CH Nord", 1).await, Site::new("CHU Centre", 3).await);
        let b = Site::new("Clinique Sud", 2).await;
        Self::of((a, h, b), None, onward, (images, pixel_bytes)).await
    }

    /// B's way to A leads over a road.
    async fn over_road(images: u32, pixel_bytes: usize) -> (Self, Road) {
        let (a, h) = (Site::new("CH Nord", 1).await, Site::new("CHU Centre", 3).await);
        let b = Site::new("Clinique Sud", 2).await;
        let road = Road::to(a.address(), &b.tasks).await;
        let world = Self::of((a, h, b), Some(road.address), true, (images, pixel_bytes)).await;
        (world, road)
    }

    async fn of(
        (a, h, b): (Site, Site, Site),
        road: Option<SocketAddr>,
        onward: bool,
        (images, pixel_bytes): (u32, usize),
    ) -> Self {
        a.pair(&h).await;
        h.pair(&b).await;
        match road {
            // Only B can dial: A is told a port where nobody listens.
            Some(address) => {
                a.pair_by(&b, SocketAddr::from(([127, 0, 0, 1], 9))).await;
                b.pair_by(&a, address).await;
            }
            None => a.pair(&b).await,
        }
        let agreed = (agree(&a, &h, onward).await, agree(&a, &b, false).await);
        let card = a.store("1.2.826.47", images, pixel_bytes).await;
        let named = card.manifest.unwrap().digest;
        let of_h = h.lease(&a, &card.study, agreed.0);
        let reads = named_reader("martin", &of_h);
        let (bytes, manifest) = h.transfer.manifest(&a.id(), &card, &reads).await.unwrap();
        of_h.put(&format!("manifest {named}"), bytes).await.unwrap();
        let errand = h.transfer.errand(&a.id(), &card.study, of_h.clone()).unwrap();
        want(&errand, &entries(&manifest), Priority::Prefetch, &reads);
        eventually("H has it all", || errand.tally().objects == u64::from(images)).await;
        let lease = b.lease(&a, &card.study, agreed.1);
        let reader = named_reader("durand", &lease);
        b.transfer.manifest(&a.id(), &card, &reader).await.unwrap();
        b.transfer.reach(&h.id(), Duration::from_secs(5)).await.unwrap();
        let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
        b.transfer.spread(&errand, named, &reader);
        Self { a, h, b, card, manifest, named, agreed, of_h, lease, reader, errand }
    }

    fn want_all(&self, priority: Priority) {
        want(&self.errand, &entries(&self.manifest), priority, &self.reader);
    }

    fn brought_by(&self, site: &Site) -> u64 {
        self.errand.brought().get(&site.id()).copied().unwrap_or(0)
    }

    async fn all_is_here(&self) {
        let all = self.manifest.instances() as u64;
        eventually("all is here", || self.errand.tally().objects == all).await;
        for entry in entries(&self.manifest) {
            assert_eq!(Digest::of(&bytes_of(&self.lease, &entry).await.unwrap()), entry.digest);
        }
    }
}

fn want(errand: &Errand, entries: &[InstanceEntry], priority: Priority, reader: &Reader) {
    for entry in entries {
        errand.want((&entry.digest, entry.bytes), (0, entry.bytes), priority, reader).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_holders_bring_a_study_together_and_all_three_write_it_down() {
    let world = World::new(true, 200, 600_000).await;
    world.want_all(Priority::Series);
    world.all_is_here().await;
    let (from_a, from_h) = (world.brought_by(&world.a), world.brought_by(&world.h));
    assert_eq!(from_a + from_h, world.manifest.bytes(), "no byte came twice");
    assert!(from_a > 0 && from_h > 0, "{from_a} and {from_h}");
    let given = world.a.events(Act::PassGiven);
    assert!(!given.is_empty() && given.iter().all(|e| e.peer == Some(world.b.id()) && e.actor.person == "durand"));
    assert!(given.iter().all(|e| e.note.contains(&world.h.id().to_string())), "{given:?}");
    let lent = world.h.events(Act::CopyLent);
    let told: Vec<_> = lent.iter().filter_map(|e| e.peer).collect();
    assert!(told.contains(&world.b.id()) && told.contains(&world.a.id()), "for the reader and for the custodian");
    assert!(lent.iter().all(|e| e.actor.person == "durand" && e.actor.site == Some(world.b.id())));
    assert!(lent.iter().all(|e| e.study.as_ref() == Some(&world.card.study) && e.basis == Some(world.agreed.0)));
    let copies = world.a.trust.copies_of(&world.card.study);
    assert_eq!(copies.len(), 2, "the custodian knows who has copies: {copies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_clause_nobody_passes_on() {
    let world = World::new(false, 20, 300_000).await;
    world.want_all(Priority::Series);
    world.all_is_here().await;
    assert_eq!(world.brought_by(&world.h), 0);
    assert!(world.a.events(Act::PassGiven).is_empty() && world.h.events(Act::CopyLent).is_empty());
}

/// Asks H for the first bytes of a study's first object, by a pass.
async fn ask_h(world: &World, pass: &protocol::Signed<Pass>, reader: &Reader) -> Result<usize, TransferError> {
    let entry = entries(&world.manifest).remove(0);
    let pump = world.b.transfer.inner.pump(&world.h.id()).unwrap();
    let live = pump.line().reach(Duration::from_secs(5)).await?;
    let what = What::Lent {
        pass: pass.clone(),
        digest: entry.digest,
        groups: true,
        first_group: 0,
        groups_wanted: 4,
        codings: Vec::new(),
    };
    let request = Request { study: world.card.study.clone(), reader: reader.clone(), priority: Priority::Screen, what };
    match fetch::piece(&live, &request, entry.bytes, None).await {
        Ok((_, bytes)) => Ok(bytes.len()),
        Err(Fault::Lost) => Err(TransferError::Unreachable),
        Err(Fault::Failed(failure)) => Err(failure.into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_is_the_custodians_word_for_one_reader_and_one_copy() {
    let world = World::new(true, 4, 300_000).await;
    let (now, good) = (crate::tasks::now(), pass_of(&world));
    let said = |pass: Pass| world.a.identity.seal(&pass);
    assert_eq!(ask_h(&world, &said(good.clone()), &world.reader).await.unwrap(), 65_536);
    let refused = |told: Result<usize, TransferError>| match told {
        Err(TransferError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    // Signed by the one who asks; by the one who holds; for another reader; of another manifest; over; under no agreement.
    let own = Pass { custodian: world.b.id(), ..good.clone() };
    assert_eq!(refused(ask_h(&world, &world.b.identity.seal(&own), &world.reader).await), Refusal::NotPermitted);
    let forged = world.b.identity.seal(&good);
    assert!(matches!(refused(ask_h(&world, &forged, &world.reader).await), Refusal::NotPermitted | Refusal::Malformed));
    let other = Reader { person: "autre".into(), ..world.reader.clone() };
    assert_eq!(refused(ask_h(&world, &said(good.clone()), &other).await), Refusal::NotPermitted);
    let old = Pass { manifest: Digest([9; 32]), ..good.clone() };
    assert_eq!(refused(ask_h(&world, &said(old), &world.reader).await), Refusal::NotHeld);
    let over = Pass { expires: now, ..good.clone() };
    assert_eq!(refused(ask_h(&world, &said(over), &world.reader).await), Refusal::Expired);
    let long = Pass { expires: now.after(Duration::from_secs(86_400)), ..good.clone() };
    assert_eq!(refused(ask_h(&world, &said(long), &world.reader).await), Refusal::Expired);
    let elsewhere = Pass { agreement: world.agreed.1, ..good.clone() };
    assert_eq!(refused(ask_h(&world, &said(elsewhere), &world.reader).await), Refusal::NotPermitted);
    let third = Pass { subject: world.a.id(), ..good.clone() };
    assert_eq!(refused(ask_h(&world, &said(third), &world.reader).await), Refusal::NotPermitted);
    // Taken back, it opens nothing any more.
    world.h.trust.pass_over(&world.a.id(), &good.id);
    assert_eq!(refused(ask_h(&world, &said(good), &world.reader).await), Refusal::Revoked);
    // The copy is erased: there is nothing to give.
    let fresh = Pass { id: Id128([8; 16]), issued: now, ..pass_of(&world) };
    assert_eq!(ask_h(&world, &said(fresh.clone()), &world.reader).await.unwrap(), 65_536);
    world.h.cache.end_study(&world.a.id(), &world.card.study, protocol::copies::Why::Withdrawn).unwrap();
    assert_eq!(refused(ask_h(&world, &said(fresh), &world.reader).await), Refusal::NotHeld);
    assert!(!world.of_h.is_alive());
}

fn pass_of(world: &World) -> Pass {
    let now = crate::tasks::now();
    Pass {
        id: Id128([7; 16]),
        custodian: world.a.id(),
        holder: world.h.id(),
        subject: world.b.id(),
        study: world.card.study.clone(),
        manifest: world.named,
        reader: world.reader.clone(),
        agreement: world.agreed.0,
        issued: now,
        expires: now.after(Duration::from_secs(60)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_cut_off_in_the_midst_of_a_span_is_not_waited_for() {
    let (world, road) = World::over_road(180, 1_000_000).await;
    world.want_all(Priority::Series);
    eventually("both bring", || world.brought_by(&world.a) > 0 && world.brought_by(&world.h) > 0).await;
    assert!(world.errand.tally().objects < 180, "in the midst of it");
    road.is_open.store(false, std::sync::atomic::Ordering::Relaxed);
    world.all_is_here().await;
    // Chunks that were being written when they were taken back may come twice: of a few streams.
    let total: u64 = world.errand.brought().values().sum();
    assert!(total.abs_diff(world.manifest.bytes()) <= 64 * 65_536, "{total}");
    let link = world.b.transfer.link(&world.a.id()).unwrap();
    assert!(link.wasted <= 64 * 65_536, "{} bytes of no use", link.wasted);
    assert!(world.b.events(Act::SecurityAlert).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_custodian_passed_is_read_while_it_is_away_and_nothing_else() {
    let (world, road) = World::over_road(30, 600_000).await;
    let all = entries(&world.manifest);
    want(&world.errand, &all[..1], Priority::Screen, &world.reader);
    eventually("a pass is here", || world.errand.has_other()).await;
    road.is_open.store(false, std::sync::atomic::Ordering::Relaxed);
    world.want_all(Priority::Series);
    world.all_is_here().await;
    assert!(world.brought_by(&world.h) >= world.manifest.bytes() / 2);
    // Another reader there has no pass of the custodian's, and nobody else can give one.
    let other = Reader { person: "autre".into(), ..world.reader.clone() };
    assert_eq!(world.errand.pass_at(&world.h.id(), &other), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_lies_is_named_and_left_and_the_study_comes() {
    // H's place is taken by a holder that speaks the protocol and changes bytes.
    let (a, b) = (Site::new("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
    a.pair(&b).await;
    let agreement = a.agree(&b).await;
    let card = a.store("1.2.826.48", 120, 600_000).await;
    let lease = b.lease(&a, &card.study, agreement);
    let reader = named_reader("durand", &lease);
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader).await.unwrap();
    let object: Bytes = vec![5; 600_000].into();
    let (liar, serving) = lying_holder(7, b.id(), object, |_, bytes| bytes[9] ^= 1);
    let c = Site::new("Menteur", 7).await;
    b.pair_by(&c, liar.local_addr().unwrap()).await;
    b.transfer.reach(&c.id(), Duration::from_secs(5)).await.unwrap();
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    let now = crate::tasks::now();
    let pass = Pass {
        id: Id128([7; 16]),
        custodian: a.id(),
        holder: c.id(),
        subject: b.id(),
        study: card.study.clone(),
        manifest: card.manifest.unwrap().digest,
        reader: reader.clone(),
        agreement,
        issued: now,
        expires: now.after(Duration::from_secs(60)),
    };
    let pump = b.transfer.inner.pump(&c.id()).unwrap();
    errand.add_other(&pump, &reader, a.identity.seal(&pass), pass.expires);
    want(&errand, &entries(&manifest), Priority::Series, &reader);
    eventually("all is here", || errand.tally().objects == 120).await;
    for entry in entries(&manifest) {
        assert_eq!(Digest::of(&bytes_of(&lease, &entry).await.unwrap()), entry.digest);
    }
    serving.abort();
    eventually("it is named", || !b.events(Act::SecurityAlert).is_empty()).await;
    let alerts = b.events(Act::SecurityAlert);
    assert!(alerts.iter().all(|e| e.peer == Some(c.id()) && e.study.as_ref() == Some(&card.study)), "{alerts:?}");
    assert_eq!((errand.others_now(), errand.tally().failure), (Vec::new(), None));
    assert_eq!(errand.brought().get(&c.id()), None, "nothing of it was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_at_the_custodian_stops_at_every_holder_within_a_second() {
    let world = World::new(true, 180, 1_000_000).await;
    world.want_all(Priority::Series);
    eventually("both bring", || world.brought_by(&world.a) > 0 && world.brought_by(&world.h) > 0).await;
    let passed = world.errand.pass_at(&world.h.id(), &world.reader).expect("B was given a pass");
    let ended = Instant::now();
    world.a.trust.end(&world.agreed.1, &world.a.id()).await.unwrap();
    eventually("the errand ended", || world.errand.ended.is_cancelled()).await;
    // Whatever B would still ask of H is refused there: its pass was taken back.
    assert!(world.b.transfer.is_connected(&world.h.id()), "H and B stay paired");
    let mut last = None;
    while ended.elapsed() < Duration::from_secs(5) {
        last = Some(ask_h(&world, &passed, &world.reader).await);
        if matches!(last, Some(Err(TransferError::Refused(Refusal::Revoked)))) {
            break;
        }
    }
    assert!(matches!(last, Some(Err(TransferError::Refused(Refusal::Revoked)))), "{last:?}");
    assert!(ended.elapsed() < Duration::from_secs(2), "{:?}", ended.elapsed());
    assert!(world.errand.tally().objects < 180, "the transfer was cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_whose_agreement_ends_is_left_and_the_custodian_brings_the_rest() {
    let world = World::new(true, 180, 1_000_000).await;
    world.want_all(Priority::Series);
    eventually("both bring", || world.brought_by(&world.a) > 0 && world.brought_by(&world.h) > 0).await;
    world.h.trust.end(&world.agreed.0, &world.h.id()).await.unwrap();
    world.all_is_here().await;
    assert_eq!(world.errand.others_now(), []);
    assert_eq!(world.errand.tally().failure, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_up_is_held_up_at_all_holders() {
    let world = World::new(true, 180, 1_000_000).await;
    world.want_all(Priority::Prefetch);
    eventually("both bring", || world.brought_by(&world.a) > 0 && world.brought_by(&world.h) > 0).await;
    world.errand.pause();
    eventually("nothing is asked", || {
        [&world.a, &world.h].iter().all(|site| {
            let link = world.b.transfer.link(&site.id()).unwrap();
            (link.waiting, link.running) == (0, 0)
        })
    })
    .await;
    let (objects, before) = (world.errand.tally().objects, world.errand.tally().fetched);
    assert!(objects < 180);
    // What somebody looks at comes all the same.
    let last = entries(&world.manifest).pop().unwrap();
    want(&world.errand, std::slice::from_ref(&last), Priority::Screen, &world.reader);
    eventually("the image is here", || world.errand.has(&last.digest)).await;
    assert!(world.errand.tally().fetched <= before + last.bytes);
    world.errand.resume();
    world.all_is_here().await;
}
