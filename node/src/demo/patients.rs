//! The demo's patients, their studies and series: invented people, computed pictures.

use super::phantom::{chest::View, head::Head, section::Weighting};

/// An invented person.
#[derive(Clone, Debug)]
pub(crate) struct Patient {
    pub(crate) name: &'static str,
    pub(crate) id: &'static str,
    pub(crate) birth_date: &'static str,
    pub(crate) sex: &'static str,
    /// Written in ISO 8859-1, as older equipment does, instead of UTF-8.
    pub(crate) latin: bool,
}

/// An examination.
#[derive(Clone, Debug)]
pub(crate) struct Study {
    pub(crate) patient: Patient,
    pub(crate) description: &'static str,
    pub(crate) accession: &'static str,
    pub(crate) referrer: &'static str,
    pub(crate) days_ago: i32,
    pub(crate) time: &'static str,
    pub(crate) series: Vec<Series>,
}

/// Objects of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) modality: &'static str,
    pub(crate) description: &'static str,
    pub(crate) body_part: &'static str,
    pub(crate) instances: usize,
    pub(crate) kind: Kind,
}

/// What the objects of a series are.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Ct { head: Box<Head>, bottom: f32, spacing: f32, thickness: f32 },
    Mr { head: Box<Head>, weighting: Weighting },
    Radiographs([View; 2]),
    Ultrasound { frames: usize },
    Document(&'static [&'static str]),
    Report(&'static [(&'static str, &'static str)]),
}

const LEFEVRE: Patient =
    Patient { name: "LEFÈVRE^Hélène^Marie", id: "CHN-104472", birth_date: "19561117", sex: "F", latin: false };
const GARCON: Patient =
    Patient { name: "GARÇON^Loïc", id: "CHN-118903", birth_date: "19890302", sex: "M", latin: false };
const NOEL: Patient =
    Patient { name: "NOËL^Françoise", id: "CHN-087215", birth_date: "19480624", sex: "F", latin: true };
const BEZARD: Patient =
    Patient { name: "BÉZARD-MÜLLER^Zoé^Anaïs", id: "CHN-120344", birth_date: "20010912", sex: "F", latin: false };

const PRIOR_REPORT: &[(&str, &str)] = &[
    ("Indication", "Céphalées inhabituelles chez une patiente hypertendue."),
    ("Technique", "Acquisition hélicoïdale sans injection, coupes de 5 mm."),
    ("Résultats", "Pas d’hémorragie intra ou péri-cérébrale. Système ventriculaire de taille normale pour l’âge."),
    ("Conclusion", "Pas d’anomalie aiguë décelée."),
];

const LETTER: &[&str] = &[
    "Centre hospitalier Nord - Service d'imagerie",
    "",
    "Compte rendu : radiographie du thorax de face et de profil",
    "",
    "Indication : toux fébrile depuis une semaine.",
    "Résultats : pas d'opacité parenchymateuse, silhouette cardiaque",
    "de taille normale, culs-de-sac pleuraux libres.",
    "Conclusion : examen sans anomalie décelable.",
    "",
    "Document de démonstration : cette personne n'existe pas.",
];

/// The head of the first patient, the same in both of her examinations.
fn her_head(bleeding: bool) -> Box<Head> {
    let mut head = Head::new(11);
    head.age = 1.25;
    head.bleeding = bleeding;
    Box::new(head)
}

/// All studies of the demo.
pub(crate) fn studies() -> Vec<Study> {
    vec![emergency(), prior(), magnetic(), radiographs(), ultrasound()]
}

fn emergency() -> Study {
    Study {
        patient: LEFEVRE,
        description: "Scanner cérébral sans injection",
        accession: "CHN24-55120",
        referrer: "PÉRÈS^Benoît",
        days_ago: 0,
        time: "031742",
        series: vec![Series {
            modality: "CT",
            description: "Encéphale 1 mm",
            body_part: "HEAD",
            instances: 160,
            kind: Kind::Ct { head: her_head(true), bottom: -62.0, spacing: 0.9, thickness: 0.9 },
        }],
    }
}

fn prior() -> Study {
    Study {
        patient: LEFEVRE,
        description: "Scanner cérébral de contrôle",
        accession: "CHN23-31077",
        referrer: "PÉRÈS^Benoît",
        days_ago: 371,
        time: "101503",
        series: vec![
            Series {
                modality: "CT",
                description: "Encéphale 4 mm",
                body_part: "HEAD",
                instances: 40,
                kind: Kind::Ct { head: her_head(false), bottom: -72.0, spacing: 4.0, thickness: 4.0 },
            },
            Series {
                modality: "SR",
                description: "Compte rendu",
                body_part: "HEAD",
                instances: 1,
                kind: Kind::Report(PRIOR_REPORT),
            },
        ],
    }
}

fn magnetic() -> Study {
    let mut head = Head::new(23);
    head.lesions = true;
    let series = |description, weighting| Series {
        modality: "MR",
        description,
        body_part: "BRAIN",
        instances: 30,
        kind: Kind::Mr { head: Box::new(head.clone()), weighting },
    };
    Study {
        patient: GARCON,
        description: "IRM encéphalique",
        accession: "CHN24-54988",
        referrer: "D’HÉROUVILLE^Maëlle",
        days_ago: 1,
        time: "164530",
        series: vec![series("T1 axial", Weighting::T1), series("FLAIR axial", Weighting::Flair)],
    }
}

fn radiographs() -> Study {
    Study {
        patient: NOEL,
        description: "Thorax face et profil",
        accession: "CHN24-55007",
        referrer: "LEMAÎTRE^Gaëtan",
        days_ago: 2,
        time: "091210",
        series: vec![
            Series {
                modality: "DX",
                description: "Thorax",
                body_part: "CHEST",
                instances: 2,
                kind: Kind::Radiographs([View::PosteroAnterior, View::Lateral]),
            },
            Series {
                modality: "DOC",
                description: "Courrier",
                body_part: "CHEST",
                instances: 1,
                kind: Kind::Document(LETTER),
            },
        ],
    }
}

fn ultrasound() -> Study {
    Study {
        patient: BEZARD,
        description: "Échographie abdominale",
        accession: "CHN24-54871",
        referrer: "LEMAÎTRE^Gaëtan",
        days_ago: 4,
        time: "140355",
        series: vec![Series {
            modality: "US",
            description: "Hypochondre droit",
            body_part: "ABDOMEN",
            instances: 1,
            kind: Kind::Ultrasound { frames: 24 },
        }],
    }
}

/// Small studies of their own for the check: one to be tampered with, one to be asked for after the revocation.
pub(crate) fn check_studies() -> Vec<Study> {
    let small = |accession, bottom| Study {
        patient: GARCON,
        description: "Scanner cérébral, contrôle du démonstrateur",
        accession,
        referrer: "",
        days_ago: 30,
        time: "080000",
        series: vec![Series {
            modality: "CT",
            description: "Quatre coupes",
            body_part: "HEAD",
            instances: 4,
            kind: Kind::Ct { head: Box::new(Head::new(23)), bottom, spacing: 5.0, thickness: 5.0 },
        }],
    };
    vec![small("CHN24-90001", 0.0), small("CHN24-90002", 20.0)]
}
