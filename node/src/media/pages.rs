//! What people read on a medium: README.TXT and INDEX.HTM (IHE RAD TF-2 4.47, PDI). Plain HTML, no scripts.
//!
//! # Not here
//! A viewer: the receiving house has its own, and the directory is for it.

use crate::archive::{SeriesRow, StudyRow};
use std::fmt::Write;

/// A study on the page.
#[derive(Debug)]
pub(super) struct Shown {
    patient: u32,
    name: String,
    id: String,
    birth: String,
    title: String,
    pub(super) series: Vec<ShownSeries>,
}

/// A series on the page.
#[derive(Debug)]
pub(super) struct ShownSeries {
    title: String,
    instances: u32,
    picture: Option<String>,
}

impl Shown {
    pub(super) fn of(row: &StudyRow, patient: u32) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let title = [day(row.date.as_deref()), row.modalities.join(" "), text(&row.description)].join(" · ");
        Self {
            patient,
            name: text(&row.patient.name).replace('^', " "),
            id: text(&row.patient.id),
            birth: day(row.patient.birth_date.as_deref()),
            title,
            series: Vec::new(),
        }
    }
}

impl ShownSeries {
    pub(super) fn of(row: &SeriesRow, picture: Option<String>) -> Self {
        let number = row.number.map(|n| n.to_string()).unwrap_or_default();
        let title = [number, row.modality.clone(), row.description.clone().unwrap_or_default()];
        let title = title.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        Self { title, instances: row.instances, picture }
    }
}

/// `YYYYMMDD` as ISO 8601.
fn day(date: Option<&str>) -> String {
    match date {
        Some(date) if date.len() == 8 && date.is_ascii() => {
            let (year, rest) = date.split_at(4);
            let (month, day) = rest.split_at(2);
            format!("{year}-{month}-{day}")
        }
        _ => String::new(),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// The index page in the site's language.
pub(super) fn index(site: &str, language: &str, shown: &[Shown]) -> String {
    let french = language == "fr";
    let say = |fr: &'static str, en: &'static str| if french { fr } else { en };
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title>\n<style>body{{font:16px/1.4 \
         sans-serif;margin:2em;max-width:70em;color:#111;background:#fff}}h2{{border-top:1px solid #777;padding-top:.6em}}ul{{\
         list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:1em}}li{{width:330px}}img{{max-width:320px;\
         background:#000}}</style></head><body>\n<h1>{}</h1>\n<p>{}</p>\n",
        if french { "fr" } else { "en" },
        say("Images médicales", "Medical images"),
        escaped(site),
        say(
            "Les images d'origine sont des fichiers DICOM, dans le dossier DICOM&nbsp;; le fichier DICOMDIR en est l'index. Ouvrez-les \
             avec un logiciel de visualisation. Les vignettes de cette page ne servent pas au diagnostic.",
            "The original images are DICOM files in the folder DICOM; the file DICOMDIR is their index. Open them with a \
             viewing program. The small pictures on this page are not for diagnosis.",
        ),
    );
    let mut order: Vec<&Shown> = shown.iter().collect();
    order.sort_by_key(|study| study.patient);
    let mut patient = 0;
    for study in order {
        if study.patient != patient {
            patient = study.patient;
            _ = writeln!(page, "<h2>{}</h2>\n<p>{} {}</p>", escaped(&study.name), escaped(&study.id), study.birth);
        }
        _ = writeln!(page, "<h3>{}</h3>\n<ul>", escaped(&study.title));
        for series in &study.series {
            let count = format!("{} {}", series.instances, say("objets", "objects"));
            let title = escaped(&series.title);
            match &series.picture {
                Some(path) => {
                    _ = writeln!(page, "<li><img src=\"{path}\" alt=\"{title}\"><br>{title} ({count})</li>");
                }
                None => _ = writeln!(page, "<li>{title} ({count})</li>"),
            }
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</body></html>\n");
    page
}

/// README.TXT in both languages, in letters that every system shows.
pub(super) fn readme(site: &str) -> String {
    let site: String = site.chars().map(|c| if c.is_ascii() && !c.is_control() { c } else { '?' }).collect();
    let text = format!(
        "{site}\n\n\
         EN\nThis medium holds medical images in DICOM format (folder DICOM, index DICOMDIR), as IHE\n\
         Portable Data for Imaging describes. Open INDEX.HTM in a browser for a list with small pictures.\n\
         They are not for diagnosis: use a DICOM viewing program, and import by DICOMDIR.\n\
         There is no program on this medium. It holds health data: keep it as such.\n\
         Written by: Confrere {version}. Ask {site} about its contents.\n\n\
         FR\nCe support contient des images medicales au format DICOM (dossier DICOM, index DICOMDIR), selon\n\
         le profil IHE Portable Data for Imaging. Ouvrez INDEX.HTM pour une liste avec des vignettes.\n\
         Elles ne servent pas au diagnostic : utilisez un logiciel DICOM, et importez par DICOMDIR.\n\
         Il n'y a aucun programme sur ce support. Il contient des donnees de sante : conservez-le comme tel.\n\
         Ecrit par : Confrere {version}. Pour toute question sur son contenu : {site}.\n",
        version = env!("CARGO_PKG_VERSION"),
    );
    text.replace('\n', "\r\n")
}
