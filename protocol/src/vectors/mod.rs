//! Committed byte vectors: what is written today must be readable by every later version, byte for byte.
//!
//! `CONFRERE_WRITE_VECTORS=1 cargo test -p protocol vectors` writes vectors of new types or versions; a vector that exists
//! is never rewritten: a shape that changes needs a new version and keeps reading the old vector.

mod agreements;
mod cases;
mod presence;
mod roads;

use crate::{
    agreement::{
        About, Agreement, BreakGlass, Clause, Closing, Ending, Field, Level, Party, Preset, Purpose, SignedAgreement,
        Suspension, WeeklyHours,
    },
    catalog::{Basis, Change, Cursor, Entry, Nearline, Offer, Page},
    copies::{CopyErased, CopyHeld, Why},
    digest::Digest,
    duty::{self, Duty, Licence, OpenCase, Presence, Relief, Relieves, Shift, ShiftState, Taken, Trial},
    fetch::{self, Priority, Reader, What},
    glass::{GlassRequest, Reason, Whom},
    grant::{Grant, GrantKind},
    ids::{Id128, SiteId, Uid},
    keeping::{Ask, Halt, Keeping, ListHead, ListPage, SealedFile, SealedName, SignedKeeping, Standing},
    ledger::{Crossing, Hash, Head, Receipt, Seen},
    manifest::{
        Amended, Amendment, Completeness, Edit, InstanceEntry, Manifest, ManifestRef, Patient, SeriesEntry, StudyCard,
    },
    message::{self, SiteRecord},
    refusal::Refusal,
    relearn::{Known, KnownStudy},
    roster::{Coverage, SignedCoverage},
    signed::Signed,
    succession::{Fork, SiteKey},
    time::{Timestamp, WeekMinute},
    wire::{self, Wire},
};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use std::{fs, path::PathBuf};

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn site() -> SiteId {
    SiteId(key().verifying_key().to_bytes())
}

fn uid(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}

fn card() -> StudyCard {
    StudyCard {
        custodian: site(),
        study: uid("2.25.1"),
        version: 3,
        completeness: Completeness::Complete,
        date: Some("20260131".into()),
        time: None,
        modalities: vec!["CT".into(), "SR".into()],
        body_parts: vec!["HEAD".into()],
        description: None,
        accession: Some("A1".into()),
        referrer: None,
        patient: Patient {
            name: Some("LEFÈVRE^Agnès".into()),
            birth_date: None,
            sex: Some("F".into()),
            id: None,
            issuer: None,
        },
        series: 2,
        instances: 161,
        bytes: 84_000_000,
        arrived: Timestamp(1_769_870_000_000),
        issued: Timestamp(1_769_870_003_000),
        manifest: Some(ManifestRef { digest: Digest([1; 32]), bytes: 4096 }),
        amended: Some(Amended {
            at: Timestamp(1_769_870_002_000),
            what: Amendment::Corrected,
            edits: vec![Edit { tag: 0x0010_0010, value: Some("LEFÈVRE^Agnès".into()) }],
        }),
    }
}

fn manifest() -> Manifest {
    let entry = InstanceEntry {
        instance: uid("2.25.3"),
        sop_class: uid("1.2.840.10008.5.1.4.1.1.2"),
        transfer_syntax: uid("1.2.840.10008.1.2.1"),
        number: Some(-1),
        frames: 1,
        bytes: 525_000,
        digest: Digest([2; 32]),
        header_bytes: 1800,
        header_digest: Digest([3; 32]),
    };
    let series = SeriesEntry { series: uid("2.25.2"), modality: "CT".into(), number: None, instances: vec![entry] };
    Manifest { custodian: site(), study: uid("2.25.1"), series: vec![series] }
}

fn agreement() -> Agreement {
    let other = SiteId([9; 32]);
    let clause = Clause {
        holder: site(),
        reader: other,
        announce: true,
        level: Level::Objects,
        modalities: vec!["CT".into()],
        modalities_excluded: vec!["MG".into()],
        since_days: Some(30),
        hours: Some(WeeklyHours {
            time_zone: "Europe/Paris".into(),
            spans: vec![(WeekMinute(1080), WeekMinute(1920))],
        }),
        fields: vec![Field::PatientName, Field::PatientId],
        cache_days: 7,
        regions: vec!["HEAD".into()],
        regions_excluded: vec!["BREAST".into()],
        onward: false,
        kbits_max: Some(100_000),
        break_glass: Some(BreakGlass { review_hours: 72 }),
        with_case: true,
        on_duty: true,
        presence: true,
    };
    Agreement {
        id: Id128([4; 16]),
        version: 2,
        parties: [Party { site: site(), name: "CH Nord".into() }, Party { site: other, name: "CH Sud".into() }],
        about: [About { national_id: "590000001".into(), privacy_contact: "dpo@example.org".into() }, About::default()],
        legal_reference: "L. 6316-1 CSP".into(),
        purposes: vec![Purpose::Care, Purpose::Emergency],
        preset: Preset::OnCall,
        clauses: vec![clause],
        not_before: Timestamp(5),
        not_after: None,
        drafted: Timestamp(4),
    }
}

fn grant() -> Grant {
    Grant {
        id: Id128([5; 16]),
        issuer: site(),
        subject: SiteId([9; 32]),
        basis: Id128([4; 16]),
        study: uid("2.25.1"),
        level: Level::Pixels,
        not_before: Timestamp(10),
        expires: Timestamp(20),
        kind: GrantKind::BreakGlass { request: glass().digest() },
        parent: Some(Id128([6; 16])),
        purpose: Some(Purpose::Emergency),
        copies_max: Some(2),
        forward: vec![SiteId([8; 32])],
    }
}

fn duties() -> [Duty; 2] {
    let shift = Shift {
        person: "dr.le-goff".into(),
        role: "radiologist".into(),
        competences: vec!["CT".into()],
        start: Timestamp(10),
        end: Timestamp(20),
        state: ShiftState::Confirmed,
        coverage: Some(Id128([5; 16])),
        presence: Presence::AtHome,
        rank: 2,
        telephone: "+33 1 00 00 00 00".into(),
        licences: vec![Licence { modalities: vec!["CT".into()], from: None, until: Some(Timestamp(40)) }],
        taken: Some(Taken {
            at: Timestamp(11),
            sound: Trial::Worked,
            notifications: Trial::Refused,
            link: Trial::Worked,
            answered: 2,
            unanswered: 1,
        }),
        silent: Some(Timestamp(12)),
        relief: Some(Relief { site: SiteId([9; 32]), shift: Id128([8; 16]), at: Timestamp(13), cases: 3 }),
        relieves: Some(Relieves { site: SiteId([9; 32]), shift: Id128([6; 16]), at: Timestamp(10) }),
    };
    let case = OpenCase {
        studies: vec![uid("2.25.1")],
        owner: "dr.le-goff".into(),
        parties: vec![SiteId([9; 32])],
        until: Timestamp(30),
        open: true,
    };
    [duty::What::Shift(shift), duty::What::Case(case)].map(|what| Duty {
        id: Id128([7; 16]),
        serial: 3,
        at: Timestamp(9),
        what,
    })
}

fn glass() -> GlassRequest {
    GlassRequest {
        id: Id128([6; 16]),
        holder: site(),
        at: Timestamp(10),
        person: "garde".into(),
        role: "radiologist".into(),
        rpps: "10001234567".into(),
        reason: Reason::DangerToLife,
        text: "polytraumatisé, intubé".into(),
        patient: whom().digest(&Id128([6; 16])),
    }
}

fn whom() -> Whom {
    Whom::Identifier { issuer: "1.2.250.1.213.1.4.8".into(), id: "1700175123456".into() }
}

fn record() -> SiteRecord {
    SiteRecord {
        name: "CH Nord".into(),
        overlay: vec!["127.0.0.1:7410".into()],
        pixels: vec!["127.0.0.1:7411".into()],
        issued: Timestamp(1),
    }
}

fn page() -> Page {
    let basis = Basis::Grant { id: Id128([5; 16]), agreement: Id128([4; 16]), expires: Timestamp(20) };
    let told = Change::Told { card: Signed::seal(&key(), &card()), basis };
    let withdrawn = Change::Withdrawn { study: uid("2.25.9") };
    let entries = vec![Entry { position: 1, change: told }, Entry { position: 4, change: withdrawn }];
    Page { epoch: 77, entries, more: false }
}

fn pixel_request() -> fetch::Request {
    fetch::Request {
        study: uid("2.25.1"),
        reader: Reader {
            person: "dr.le-goff".into(),
            role: "radiologist".into(),
            copy: Some(Id128([9; 16])),
            purpose: Purpose::Expertise,
        },
        priority: Priority::Screen,
        what: What::Range { digest: Digest([2; 32]), groups: true, first_group: 0, groups_wanted: 33 },
    }
}

fn known() -> Known {
    Known {
        agreements: Vec::new(),
        ended: vec![(Id128([3; 16]), site())],
        given: vec![Signed::seal(&key(), &grant())],
        received: vec![Id128([4; 16])],
        head: 12,
        studies: vec![KnownStudy { study: uid("2.25.1"), version: 12, instances: 161, copied: 160 }],
        more: false,
    }
}

#[expect(clippy::disallowed_methods, reason = "a test keeps its vectors in files; the crate itself has none")]
pub(crate) fn check<T: Wire + PartialEq + std::fmt::Debug>(name: &str, value: &T) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(format!("{name}.{}.hex", T::VERSION));
    let written = data_encoding::HEXLOWER.encode(&wire::encode(value));
    if !path.exists() && std::env::var_os("CONFRERE_WRITE_VECTORS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("{written}\n")).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_else(|_| panic!("no vector {}", path.display()));
    assert_eq!(kept.trim(), written, "{name}: today's bytes are not those committed");
    let bytes = data_encoding::HEXLOWER.decode(kept.trim().as_bytes()).unwrap();
    assert_eq!(wire::decode::<T>(&bytes).as_ref(), Ok(value), "{name}: the committed bytes do not read back");
}

#[test]
fn committed_bytes_are_read_and_written_the_same() {
    check("study-card", &card());
    check("manifest", &manifest());
    check("agreement", &agreement());
    check("agreement-ending", &Ending { agreement: Id128([4; 16]), at: Timestamp(6) });
    let suspension = Suspension { agreement: Id128([4; 16]), suspended: true, at: Timestamp(7) };
    check("agreement-suspension", &suspension);
    check("control-suspension", &message::Request::Suspension(Signed::seal(&key(), &suspension)));
    let reading = vec![uid("2.25.1")];
    check("agreement-closing", &Closing { agreement: Id128([4; 16]), reading, until: Timestamp(9), at: Timestamp(8) });
    check("control-refused-suspended", &message::Answer::Refused(Refusal::Suspended));
    check("signed-agreement-with-presence", &SignedAgreement::draft(&key(), &agreement()));
    check("grant", &grant());
    check("site-record", &record());
    check("pixel-request", &pixel_request());
    check("pixel-answer", &fetch::Answer::Range { object_bytes: 525_000, values: 33, bytes: 524_288 });
    let what = What::Return { digest: Digest([2; 32]), groups: true, first_group: 64, groups_wanted: 64 };
    check("pixel-return", &fetch::Request { what, ..pixel_request() });
    let what = What::Coded {
        digest: Digest([2; 32]),
        groups: true,
        first_group: 64,
        groups_wanted: 64,
        codings: crate::coding::KNOWN.to_vec(),
    };
    check("pixel-coded", &fetch::Request { what, ..pixel_request() });
    let coded = fetch::Answer::Coded { object_bytes: 525_000, values: 33, bytes: 525_000, coding: 1, coded: 140_000 };
    check("pixel-answer-coded", &coded);
    check("control-pull", &message::Request::Pull(Cursor { epoch: 77, position: 4 }));
    let record = Signed::seal(&key(), &record());
    check("control-hello", &message::Request::Hello { record, now: Timestamp(8) });
    check("control-grant-narrowed", &message::Request::Grant(Signed::seal(&key(), &grant())));
    check("glass", &glass());
    let asked = message::Request::BreakGlass { request: Signed::seal(&key(), &glass()), patient: whom() };
    check("control-glass", &asked);
    check("control-glass-grants-of-now", &message::Answer::Glass(vec![Signed::seal(&key(), &grant())]));
    check("control-page-amended", &message::Answer::Page(page()));
    let offer = Offer { to: site(), study: uid("2.25.1"), manifest: Digest::of(b"manifest"), at: Timestamp(7) };
    check("control-offer", &message::Request::Offer(Signed::seal(&key(), &offer)));
    check("control-relearn", &message::Request::Relearn { after: Some(uid("2.25.1")) });
    check("control-known-narrowed", &message::Answer::Known(Box::new(known())));
    check("control-where", &message::Request::Where(vec![uid("2.25.1"), uid("2.25.2")]));
    let nearline = Nearline { study: uid("2.25.1"), recall_s: Some(300) };
    check("control-nearline", &message::Answer::Nearline(vec![nearline]));
    check("control-card-back", &message::Request::CardBack { study: uid("2.25.1") });
    check("control-card", &message::Answer::Card(Box::new(Signed::seal(&key(), &card()))));
    check("control-refused", &message::Answer::Refused(Refusal::Busy(250)));
}

/// A vector of an earlier version.
fn old(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    data_encoding::HEXLOWER.decode(fs::read_to_string(path).unwrap().trim().as_bytes()).unwrap()
}

#[test]
fn cards_from_before_amendments_are_read() {
    let before = StudyCard { amended: None, ..card() };
    assert_eq!(wire::decode::<StudyCard>(&old("study-card.1.hex")), Ok(before.clone()));
    let Ok(message::Answer::Page(page)) = wire::decode(&old("control-page.1.hex")) else { panic!("no page") };
    let told = page.entries.iter().find_map(|entry| match &entry.change {
        Change::Told { card, .. } => Some(card.open(&site()).unwrap()),
        Change::Withdrawn { .. } => None,
    });
    assert_eq!(told, Some(before));
}

fn unnarrowed() -> Grant {
    Grant { parent: None, purpose: None, copies_max: None, forward: Vec::new(), ..grant() }
}

#[test]
fn grants_from_before_they_could_be_narrowed_are_read() {
    assert_eq!(wire::decode::<Grant>(&old("grant.2.hex")), Ok(unnarrowed()));
    let Ok(message::Request::Grant(signed)) = wire::decode(&old("control-grant-of-a-kind.1.hex")) else {
        panic!("no grant")
    };
    assert_eq!(signed.open(&site()), Ok(unnarrowed()), "the signature holds over the bytes of then");
    let Ok(message::Answer::Glass(given)) = wire::decode(&old("control-glass-grants.1.hex")) else {
        panic!("no grants")
    };
    assert_eq!(given.iter().map(|signed| signed.open(&site())).collect::<Vec<_>>(), [Ok(unnarrowed())]);
    let Ok(message::Answer::Known(known)) = wire::decode(&old("control-known-of-a-kind.1.hex")) else {
        panic!("nothing known")
    };
    assert_eq!(known.given.iter().map(|signed| signed.open(&site())).collect::<Vec<_>>(), [Ok(unnarrowed())]);
}

#[test]
fn facts_of_duty_stay_readable() {
    let [shift, case] = duties();
    check("duty-shift", &shift);
    check("duty-case", &case);
    check("control-duty-of-trials", &message::Request::Duty(Signed::seal(&key(), &shift)));
    check("control-delegated", &message::Request::Delegated(vec![Signed::seal(&key(), &grant())]));
    check("control-refused-off-duty", &message::Answer::Refused(Refusal::OffDuty));
}

#[test]
fn facts_of_duty_from_before_trials_gave_reasons_are_read() {
    let [shift, case] = duties();
    let duty::What::Shift(mut before) = shift.what.clone() else { panic!() };
    before.taken = before.taken.map(|taken| Taken { notifications: Trial::NotTried, link: Trial::NotTried, ..taken });
    let before = Duty { what: duty::What::Shift(before), ..shift };
    assert_eq!(wire::decode(&old("duty-shift.2.hex")), Ok(before.clone()));
    assert_eq!(wire::decode(&old("duty-case.2.hex")), Ok(case));
    let Ok(message::Request::Duty(signed)) = wire::decode(&old("control-duty-of-rosters.1.hex")) else {
        panic!("no duty")
    };
    assert_eq!(signed.open(&site()), Ok(before), "the signature holds over the bytes of then");
}

#[test]
fn facts_of_duty_from_before_rosters_are_read() {
    let [shift, case] = duties();
    let duty::What::Shift(now) = shift.what.clone() else { panic!() };
    let span = [now.start, now.end];
    let before = Shift { role: now.role, competences: now.competences, ..Shift::of(now.person, span, now.state) };
    assert_eq!(wire::decode(&old("duty-shift.1.hex")), Ok(Duty { what: duty::What::Shift(before), ..shift }));
    assert_eq!(wire::decode(&old("duty-case.1.hex")), Ok(case.clone()));
    let Ok(message::Request::Duty(signed)) = wire::decode(&old("control-duty.1.hex")) else { panic!("no duty") };
    assert_eq!(signed.open(&site()), Ok(case), "the signature holds over the bytes of then");
}

#[test]
fn grants_from_before_one_could_break_the_glass_are_read() {
    let before = Grant { kind: GrantKind::Shared, ..unnarrowed() };
    assert_eq!(wire::decode::<Grant>(&old("grant.1.hex")), Ok(before.clone()));
    let Ok(message::Request::Grant(signed)) = wire::decode(&old("control-grant.1.hex")) else { panic!("no grant") };
    assert_eq!(signed.open(&site()), Ok(before.clone()), "the signature holds over the bytes of then");
    let Ok(message::Answer::Known(known)) = wire::decode(&old("control-known.1.hex")) else { panic!("nothing known") };
    assert_eq!(known.given.iter().map(|signed| signed.open(&site())).collect::<Vec<_>>(), [Ok(before)]);
}

fn keeping() -> Keeping {
    Keeping {
        id: Id128([5; 16]),
        owner: Party { site: site(), name: "CH Nord".into() },
        keeper: Party { site: SiteId([4; 32]), name: "CHU Sud".into() },
        bytes_max: 4 << 40,
        bytes_per_second: 10 << 20,
        hours: Some(WeeklyHours {
            time_zone: "Europe/Paris".into(),
            spans: vec![(WeekMinute(1080), WeekMinute(1920))],
        }),
        days_after: 30,
        drafted: Timestamp(1_769_870_000_000),
    }
}

#[test]
fn keepings_stay_readable() {
    check("keeping", &keeping());
    check("signed-keeping", &SignedKeeping::draft(&key(), &keeping()));
    let list = ListHead {
        folder: Digest([6; 32]),
        snapshot: 20_260_131_030_000,
        taken: Timestamp(1_769_870_000_000),
        files: 3,
        bytes: 70_000,
        pages: vec![Digest([7; 32])],
    };
    check("backup-list", &list);
    check("signed-backup-list", &Signed::seal(&key(), &list));
    let file = |name| SealedFile { name, bytes: 300, digest: Digest([8; 32]) };
    let names = [SealedName::Data(Digest([9; 32])), SealedName::Description, SealedName::Snapshot(20_260_131_030_000)];
    check("backup-page", &ListPage(names.map(file).into()));
    let whole = Some((20_260_130_030_000, Timestamp(1_769_780_000_000)));
    let halt = Some(Halt::Full(5 << 40));
    let standing = Standing { whole, files: 2, bytes: 600, missing_files: 1, missing_bytes: 300, halt };
    let asked = |ask| fetch::Request { what: What::Kept(ask), study: keeping().uid(), ..pixel_request() };
    check("pixel-kept-head", &asked(Ask::Head(standing)));
    check("pixel-kept-prove", &asked(Ask::Prove { page: Digest([7; 32]), place: 2, key: Digest([1; 32]) }));
    check("control-keeping", &message::Request::Keeping(SignedKeeping::draft(&key(), &keeping())));
}

#[test]
fn requests_from_before_copies_had_names_are_read() {
    let mut before = pixel_request();
    before.reader.purpose = Purpose::Care;
    assert_eq!(wire::decode::<fetch::Request>(&old("pixel-request.2.hex")), Ok(before.clone()));
    before.reader.copy = None;
    assert_eq!(wire::decode::<fetch::Request>(&old("pixel-request.1.hex")), Ok(before));
}

#[test]
fn receipts_for_copies_stay_readable() {
    let (copy, study, bases) = (Id128([9; 16]), uid("2.25.1"), vec![Id128([3; 16])]);
    let (leased, at) = (Timestamp(1_769_870_000_000), Timestamp(1_769_880_000_000));
    let (instances, bytes, why) = (412, 216_000_000, Why::LeaseOver);
    let held =
        CopyHeld { copy, study: study.clone(), version: 3, bases: bases.clone(), instances, bytes, leased, until: at };
    let erased = CopyErased { copy, study: study.clone(), version: 3, bases, instances, bytes, leased, at, why };
    let signed = || vec![Signed::seal(&key(), &erased)];
    check("copy-receipt", &erased);
    check("control-copies-erased", &message::Request::CopiesErased(signed()));
    check("control-copies-asked", &message::Request::CopiesAsked(vec![(study.clone(), copy)]));
    check("control-copies-held", &message::Request::CopiesHeld { after: Some((study, copy)) });
    check("control-reader-gone", &message::Request::ReaderGone { person: "dr.le-goff".into() });
    check("control-copies", &message::Answer::Copies { held: vec![held], erased: signed() });
    check("control-parted", &message::Answer::Parted(signed()));
}

#[test]
fn the_ledger_stays_readable() {
    let head = Head { site: site(), size: 1_000_001, root: Hash::leaf(b"root"), at: Timestamp(1_769_870_000_000) };
    let seen = Seen { head: head.clone(), unbroken: true, at: Timestamp(1_769_870_000_100) };
    let crossing = Crossing {
        site: site(),
        peer: SiteId([4; 32]),
        place: 300,
        leaf: Hash::leaf(b"record"),
        number: 290,
        at: Timestamp(1_769_870_000_000),
        act: "study-served".into(),
        outcome: "done".into(),
        person: "durand".into(),
        role: "radiologist".into(),
        of_site: Some(SiteId([4; 32])),
        study: Some(uid("2.25.1")),
        basis: Some(Id128([3; 16])),
        instances: 412,
        bytes: 216_000_000,
    };
    let receipt = Receipt { of: crossing.hash(), place: 77, at: Timestamp(1_769_870_000_050) };
    check("ledger-head", &head);
    check("ledger-seen", &seen);
    check("ledger-crossing", &crossing);
    check("ledger-receipt", &receipt);
    check("control-witness", &message::Request::Witness(vec![Signed::seal(&key(), &crossing)]));
    check("control-witnessed", &message::Answer::Witnessed(vec![Signed::seal(&key(), &receipt)]));
    let proof = vec![Hash::leaf(b"a"), Hash::leaf(b"b")];
    let signed = || Signed::seal(&key(), &head);
    let shown = message::Request::LedgerHead { head: signed(), from: 999_000, proof: proof.clone() };
    check("control-ledger-head", &shown);
    check("control-ledger-seen", &message::Answer::LedgerSeen(Signed::seal(&key(), &seen)));
    check("control-ledger-held", &message::Answer::LedgerHeld(signed()));
    let asked = message::Request::LedgerProve { size: 1_000_001, places: vec![1, 300], old: Some(5) };
    check("control-ledger-prove", &asked);
    check("control-ledger-proofs", &message::Answer::LedgerProofs(vec![proof]));
    check("control-ledger-others", &message::Request::LedgerOthers(vec![crate::ledger::alias(&site())]));
    check("control-ledger-heads", &message::Answer::LedgerHeads(vec![signed()]));
}

fn never_panics<T: Wire>(bytes: &[u8]) {
    let _ = wire::decode::<T>(bytes);
}

fn decode_all(bytes: &[u8]) {
    never_panics::<StudyCard>(bytes);
    never_panics::<Manifest>(bytes);
    never_panics::<Agreement>(bytes);
    never_panics::<SignedAgreement>(bytes);
    never_panics::<SignedKeeping>(bytes);
    never_panics::<ListHead>(bytes);
    never_panics::<ListPage>(bytes);
    never_panics::<Grant>(bytes);
    never_panics::<Duty>(bytes);
    never_panics::<SignedCoverage>(bytes);
    never_panics::<Coverage>(bytes);
    never_panics::<GlassRequest>(bytes);
    never_panics::<Whom>(bytes);
    never_panics::<Head>(bytes);
    never_panics::<Seen>(bytes);
    never_panics::<Crossing>(bytes);
    never_panics::<Receipt>(bytes);
    never_panics::<CopyErased>(bytes);
    never_panics::<crate::case::event::Event>(bytes);
    never_panics::<fetch::Request>(bytes);
    never_panics::<fetch::Answer>(bytes);
    never_panics::<message::Request>(bytes);
    never_panics::<message::Answer>(bytes);
    never_panics::<Fork>(bytes);
}

#[test]
fn keys_and_what_they_sign() {
    let next =
        |of: &SiteKey, seed, at, void| of.succeed(SigningKey::from_bytes(&[seed; 32]), Timestamp(at), void).unwrap();
    let first = SiteKey::from(key());
    let third =
        next(&next(&first, 8, 1_769_870_000_000, None), 9, 1_769_880_000_000, Some(Timestamp(1_769_879_000_000)));
    check("keys-first", first.keys());
    check("keys-of-three", third.keys());
    let hello = message::Request::Hello { record: Signed::seal(&third, &record()), now: Timestamp(7) };
    check("control-hello-by-a-third-key", &hello);
    check("control-keys-part", &message::Request::KeysPart(third.keys().clone()));
    let other = next(&first, 10, 1_769_890_000_000, None);
    let fork = Fork { known: third.keys().clone(), shown: other.keys().clone(), at: Timestamp(1_769_900_000_000) };
    check("keys-fork", &fork);
    check("control-keys-fork", &message::Request::KeysFork(Box::new(Signed::seal(&key(), &fork))));
}

proptest! {
    #[test]
    fn any_bytes_decode_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        decode_all(&bytes);
        decode_all(&[&[1], bytes.as_slice()].concat());
    }

    #[test]
    fn damaged_messages_decode_or_are_refused(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        for good in [wire::encode(&message::Answer::Page(page())), wire::encode(&manifest()), wire::encode(&pixel_request())] {
            let mut bytes = good.clone();
            bytes[at.index(good.len())] = byte;
            decode_all(&bytes);
            decode_all(&good[..cut.index(good.len())]);
        }
    }

    #[test]
    fn a_changed_card_is_not_believed(at: prop::sample::Index, bit in 0u8..8) {
        let signed = Signed::seal(&key(), &card());
        let mut bytes = postcard::to_stdvec(&signed).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(changed) = postcard::from_bytes::<Signed<StudyCard>>(&bytes) {
            prop_assert!(changed == signed || changed.open(&site()).is_err());
        }
    }
}
