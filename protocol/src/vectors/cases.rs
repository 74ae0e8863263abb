//! Events of cases, and the messages that bring them.

use super::{check, key, site};
use crate::{
    case::event::{
        Ask, Attachment, Class, Consent, Counted, Event, Examination, Heard, Joined, KeyImage, Kind, Media,
        Particulars, Patient, Priority, Report, Skip, Standing, Step, case_name,
    },
    digest::Digest,
    identity,
    ids::{Id128, Uid},
    message::{Answer, Request},
    refusal::Refusal,
    signed::Signed,
    time::Timestamp,
};

fn uid() -> Uid {
    Uid::parse("1.2.840.1").unwrap()
}

fn ask() -> Ask {
    Ask {
        nonce: Id128([7; 16]),
        kind: Kind::Expertise,
        priority: Priority::P1,
        question: "AVC ? Début 01:10".into(),
        patient: Patient {
            name: "DURAND^PAUL".into(),
            birth_date: "19500101".into(),
            sex: "M".into(),
            id: "4711".into(),
            issuer: "CHN".into(),
            national: "150017512345678".into(),
            standing: Some(identity::Standing::Qualified),
        },
        context: "HTA".into(),
        contraindications: "allergie".into(),
        priors: "IRM 2024".into(),
        justification: "pas de radiologue sur place".into(),
        consent: Consent::Unable,
        modality: "CT".into(),
        region: "HEAD".into(),
        studies: vec![uid()],
        accession: ("A1".into(), "CHN".into()),
        telephone: "+33 3 20 00 00 00".into(),
        key_images: vec![KeyImage {
            study: uid(),
            series: uid(),
            instance: Some(uid()),
            frame: Some(2),
            text: "ici".into(),
        }],
        to: vec![(site(), "neuro".into())],
    }
}

fn event(clock: u64, step: Step) -> Event {
    let (person, role) = ("garde".into(), "radiologist".into());
    let after = if clock == 0 { Vec::new() } else { vec![Digest([2; 32])] };
    let case = case_name(&site(), &Id128([7; 16]));
    Event { case, site: site(), person, role, clock, at: Timestamp(1_769_870_000_000), after, step }
}

fn report() -> Report {
    Report {
        standing: Standing::SecondReading,
        indication: "AVC".into(),
        technique: "TDM".into(),
        findings: "occlusion M1".into(),
        conclusion: "AVC ischémique".into(),
        language: "fr".into(),
        read: vec![(uid(), 3)],
        critical: true,
        despite: "une série manque".into(),
    }
}

#[test]
fn events_of_cases_stay_readable() {
    let (one, text) = (Digest([3; 32]), String::from("texte"));
    check("case-requested", &event(0, Step::Requested(Box::new(ask()))));
    check("case-reported", &event(9, Step::Reported(Box::new(report()))));
    let images = ask().key_images;
    check("case-illustrated", &event(9, Step::Illustrated { report: Box::new(report()), images }));
    let steps = [
        ("offered", Step::Offered { to: site(), whom: "neuro".into(), rank: 2, until: Timestamp(5) }),
        ("acquired", Step::Acquired { studies: vec![uid()], how: Joined::Accession }),
        ("images-ready", Step::ImagesReady { studies: vec![(uid(), 3)], count_confirmed: true }),
        ("heard", Step::Heard { report: one, how: Heard::Call { who: "Dr Y, urgences".into(), read_back: true } }),
        ("compared", Step::Compared { reports: [one, Digest([4; 32])], class: Class::Severe, text: text.clone() }),
        ("said", Step::Said { text: text.clone() }),
        ("skipped", Step::Skipped { rank: 1, whom: "CHU".into(), why: Skip::TimedOut }),
        ("prioritised", Step::Prioritised { priority: Priority::P0, reason: text }),
        ("expected", Step::Expected { study: uid(), instances: 412, by: Counted::Pacs }),
        (
            "attached",
            Step::Attached(Attachment { digest: one, bytes: 9, media: Media::Pdf, name: "courrier.pdf".into() }),
        ),
        ("reachable", Step::Reachable { numbers: vec![("Urgences".into(), "+33 3 20 00 00 01".into())] }),
        (
            "specified",
            Step::Specified(Particulars {
                examination: Examination::ScreeningSecond,
                on_site: "Dr Curie".into(),
                answer_by: Some(Timestamp(9)),
            }),
        ),
        ("identified", Step::Identified(Box::new(ask().patient))),
        ("uncovered", Step::Uncovered { reason: "seul de garde".into() }),
        ("regulated", Step::Regulated { from: "dr.un".into(), to: "dr.deux".into(), reason: "ne répond plus".into() }),
    ];
    for (name, step) in steps {
        check(&format!("case-{name}"), &event(4, step));
    }
    let name = case_name(&site(), &Id128([7; 16]));
    check("control-case-heads", &Request::CaseHeads(vec![(name, vec![one])]));
    check("control-case-heads-lacking", &Answer::CaseHeads(vec![(name, Vec::new())]));
    check("control-cases-heard", &Answer::CasesHeard(vec![(name, Refusal::Purpose)]));
    let signed = Signed::seal(&key(), &event(0, Step::Requested(Box::new(ask()))));
    check("control-case-events", &Request::CaseEvents(vec![signed]));
}
