//! Agreements in plain words, in French and in English: what an admin reads before signing.
//!
//! Made from the clauses, never from the preset's label: the words say what counts.

use protocol::{
    agreement::{Agreement, Clause, Field, Level, WeeklyHours},
    time::{WEEK_MINUTES, WeekMinute},
};

/// Language of the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    French,
    English,
}

/// Each clause in a few sentences.
pub(crate) fn sentences(agreement: &Agreement, language: Language) -> Vec<String> {
    agreement.clauses.iter().flat_map(|clause| of_clause(agreement, clause, language)).collect()
}

fn of_clause(agreement: &Agreement, clause: &Clause, language: Language) -> Vec<String> {
    let name = |site| agreement.parties.iter().find(|p| p.site == site).map_or("?", |p| p.name.as_str());
    let (holder, reader) = (name(clause.holder), name(clause.reader));
    let mut said = vec![what(clause, holder, reader, language)];
    if let Some(hours) = clause.hours.as_ref().filter(|_| clause.announce) {
        said.push(when(hours, holder, reader, language));
    }
    said.push(disclosed(clause, reader, language));
    said.push(match language {
        Language::French => format!(
            "Les copies faites par {reader} sont effacées après {} jours, et aussitôt si l’accord prend fin.",
            clause.cache_days
        ),
        Language::English => format!(
            "Copies made by {reader} are erased after {} days, and at once if the agreement ends.",
            clause.cache_days
        ),
    });
    said
}

fn what(clause: &Clause, holder: &str, reader: &str, language: Language) -> String {
    use Language::{English, French};
    let list = clause.modalities.join(", ");
    let excluded = clause.modalities_excluded.join(", ");
    let mut text = match (language, clause.announce) {
        (French, true) if list.is_empty() => format!("{reader} voit la liste de toutes les études de {holder}"),
        (French, true) => format!("{reader} voit la liste des études {list} de {holder}"),
        (English, true) if list.is_empty() => format!("{reader} sees the list of all studies of {holder}"),
        (English, true) => format!("{reader} sees the list of {list} studies of {holder}"),
        (French, false) => {
            return format!(
                "{reader} ne voit aucune étude de {holder}, sauf celles que {holder} lui partage une à une."
            );
        }
        (English, false) => {
            return format!("{reader} sees no study of {holder} except those that {holder} shares one by one.");
        }
    };
    if !excluded.is_empty() {
        text += &match language {
            French => format!(", sauf {excluded}"),
            English => format!(", except {excluded}"),
        };
    }
    if let Some(days) = clause.since_days {
        text += &match language {
            French => format!(", datées de moins de {days} jours"),
            English => format!(", not older than {days} days"),
        };
    }
    text + match (language, clause.level) {
        (French, Level::Card) => ", sans pouvoir les ouvrir.",
        (English, Level::Card) => ", and cannot open them.",
        (French, Level::Manifest | Level::Headers) => " et leur description technique, sans les images.",
        (English, Level::Manifest | Level::Headers) => " and their technical description, without images.",
        (French, Level::Pixels) => " et peut en ouvrir les images.",
        (English, Level::Pixels) => " and may open their images.",
        (French, Level::Objects) => " et peut en ouvrir les images et les documents.",
        (English, Level::Objects) => " and may open their images and documents.",
    }
}

const DAYS_FR: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
const DAYS_EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub(super) fn moment(minute: WeekMinute, language: Language) -> String {
    let minute = minute.0.min(WEEK_MINUTES);
    // The end of a day is said as 24:00 of that day.
    let (day, rest) = match (minute / 1440, minute % 1440) {
        (day, 0) if day > 0 => (day - 1, 1440),
        other => other,
    };
    let day = usize::from(day);
    match language {
        Language::French => format!("{} {:02} h {:02}", DAYS_FR.get(day).unwrap_or(&"?"), rest / 60, rest % 60),
        Language::English => format!("{} {:02}:{:02}", DAYS_EN.get(day).unwrap_or(&"?"), rest / 60, rest % 60),
    }
}

fn start(minute: WeekMinute, language: Language) -> String {
    if !minute.0.is_multiple_of(1440) {
        return moment(minute, language);
    }
    let day = usize::from(minute.0 / 1440);
    match language {
        Language::French => format!("{} 00 h 00", DAYS_FR.get(day).unwrap_or(&"?")),
        Language::English => format!("{} 00:00", DAYS_EN.get(day).unwrap_or(&"?")),
    }
}

/// The spans of weekly hours.
pub(super) fn spans(hours: &WeeklyHours, language: Language) -> String {
    let spans = hours.spans.iter().map(|&(from, to)| match language {
        Language::French => format!("du {} au {}", start(from, language), moment(to, language)),
        Language::English => format!("from {} to {}", start(from, language), moment(to, language)),
    });
    spans.collect::<Vec<_>>().join(", ")
}

fn when(hours: &WeeklyHours, holder: &str, reader: &str, language: Language) -> String {
    let spans = spans(hours, language);
    match language {
        Language::French => format!(
            "{reader} ne peut ouvrir les études de {holder} que {spans} (heure de {}) ; elles restent listées le reste du temps.",
            hours.time_zone
        ),
        Language::English => format!(
            "{reader} can open studies of {holder} only {spans} ({} time); they stay listed the rest of the time.",
            hours.time_zone
        ),
    }
}

fn disclosed(clause: &Clause, reader: &str, language: Language) -> String {
    let word = |field: &Field| match (language, field) {
        (Language::French, Field::PatientName) => "nom du patient",
        (Language::French, Field::BirthDate) => "date de naissance",
        (Language::French, Field::Sex) => "sexe",
        (Language::French, Field::PatientId) => "identifiant du patient et son émetteur",
        (Language::French, Field::Description) => "description de l’étude",
        (Language::French, Field::Accession) => "numéro d’accès",
        (Language::French, Field::Referrer) => "médecin demandeur",
        (Language::English, Field::PatientName) => "patient’s name",
        (Language::English, Field::BirthDate) => "birth date",
        (Language::English, Field::Sex) => "sex",
        (Language::English, Field::PatientId) => "patient ID and its issuer",
        (Language::English, Field::Description) => "study description",
        (Language::English, Field::Accession) => "accession number",
        (Language::English, Field::Referrer) => "referring physician",
    };
    let fields = clause.fields.iter().map(word).collect::<Vec<_>>().join(", ");
    match language {
        Language::French if fields.is_empty() => format!("La liste montre à {reader} ni nom ni date de naissance."),
        Language::English if fields.is_empty() => format!("The list shows {reader} neither name nor birth date."),
        Language::French => format!("La liste montre à {reader} : {fields}."),
        Language::English => format!("The list shows {reader}: {fields}."),
    }
}
