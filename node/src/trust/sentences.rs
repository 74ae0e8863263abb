//! Agreements in plain words, in French and in English: what an admin reads before signing.
//!
//! Made from the clauses, never from the preset's label: the words say what counts.

use protocol::{
    Timestamp,
    agreement::{Agreement, Clause, Field, Level, Purpose, WeeklyHours},
    time::{WEEK_MINUTES, WeekMinute},
};

/// Language of the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    French,
    English,
}

/// Each clause in a few sentences, then what is said of the whole. Whatever a clause says is said here.
pub(crate) fn sentences(agreement: &Agreement, language: Language) -> Vec<String> {
    let clauses = agreement.clauses.iter().flat_map(|clause| of_clause(agreement, clause, language));
    clauses.chain(of_whole(agreement, language)).collect()
}

/// What is said otherwise by one version than by another, in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) removed: Vec<String>,
    pub(crate) added: Vec<String>,
}

/// Sentences of the old version that are not in the new one, and the other way round.
pub(crate) fn changes(old: &Agreement, new: &Agreement, language: Language) -> Changes {
    let (old, new) = (sentences(old, language), sentences(new, language));
    let without = |list: &[String], other: &[String]| list.iter().filter(|s| !other.contains(s)).cloned().collect();
    Changes { removed: without(&old, &new), added: without(&new, &old) }
}

/// French or English.
fn say(language: Language, french: String, english: String) -> String {
    match language {
        Language::French => french,
        Language::English => english,
    }
}

fn of_clause(agreement: &Agreement, clause: &Clause, language: Language) -> Vec<String> {
    let name = |site| agreement.parties.iter().find(|p| p.site == site).map_or("?", |p| p.name.as_str());
    let (holder, reader) = (name(clause.holder), name(clause.reader));
    let mut said = vec![what(clause, holder, reader, language)];
    if !clause.announce {
        said.extend(without_effect(clause, holder, language));
    }
    if let Some(hours) = &clause.hours {
        said.push(when(hours, holder, reader, language));
    }
    said.extend(while_duty(clause, holder, reader, language));
    said.push(disclosed(clause, reader, language));
    said.push(copies(clause, holder, reader, language));
    if let Some(kbits) = clause.kbits_max {
        said.push(say(
            language,
            format!("{reader} ne prend pas plus de {kbits} kbit/s."),
            format!("{reader} takes no more than {kbits} kbit/s."),
        ));
    }
    if let Some(glass) = &clause.break_glass {
        let hours = glass.review_hours;
        said.push(say(
            language,
            format!(
                "En cas d’urgence, {reader} peut ouvrir d’autres études de {holder} sans accord préalable, en disant \
                 pourquoi ; chaque usage est relu dans les {hours} heures."
            ),
            format!(
                "In an emergency {reader} may open other studies of {holder} without asking, saying why; each use is \
                 reviewed within {hours} hours."
            ),
        ));
    }
    said
}

/// What the clause asks of cases and of who is on duty.
fn while_duty(clause: &Clause, holder: &str, reader: &str, language: Language) -> Vec<String> {
    let case = clause.with_case.then(|| {
        say(
            language,
            format!(
                "Une étude ne se voit et ne s’ouvre que tant que {holder} a un dossier ouvert sur elle avec {reader}."
            ),
            format!("A study is seen and opened only while {holder} has a case open on it with {reader}."),
        )
    });
    let duty = clause.on_duty.then(|| {
        say(
            language,
            format!("Seul qui est de garde à {reader} peut ouvrir les études, pendant sa garde."),
            format!("Only who is on duty at {reader} can open studies, and only while on duty."),
        )
    });
    case.into_iter().chain(duty).chain(presence(clause, holder, reader, language)).collect()
}

/// What one may ask without seeing anything.
fn presence(clause: &Clause, holder: &str, reader: &str, language: Language) -> Option<String> {
    clause.presence.then(|| {
        say(
            language,
            format!(
                "{reader} peut demander si {holder} connaît un patient, par son INS qualifiée et sans dire lequel ; la réponse \
                 est oui ou non, avec le nombre d’examens par modalité."
            ),
            format!(
                "{reader} may ask whether {holder} knows a patient, by the qualified national identity and without saying \
                 which; the answer is yes or no, with the number of studies by modality."
            ),
        )
    })
}

fn copies(clause: &Clause, holder: &str, reader: &str, language: Language) -> String {
    let days = clause.cache_days;
    let stay = say(
        language,
        format!(
            "Les copies faites par {reader} sont effacées après {days} jours, et aussitôt si l’accord prend fin ; "
        ),
        format!("Copies made by {reader} are erased after {days} days, and at once if the agreement ends; "),
    );
    let onward = if clause.onward {
        say(
            language,
            format!("{reader} peut transmettre les études de {holder} à des tiers."),
            format!("{reader} may pass studies of {holder} on to third parties."),
        )
    } else {
        say(language, "rien n’est transmis à des tiers.".into(), "nothing is passed on to third parties.".into())
    };
    stay + &onward
}

/// Which studies, as words behind "studies".
fn scope(clause: &Clause, language: Language) -> String {
    let mut text = String::new();
    let regions = regions(&clause.regions, language);
    if !regions.is_empty() {
        text += &say(language, format!(" de la région {regions}"), format!(" of the {regions}"));
    }
    let excluded = clause.modalities_excluded.join(", ");
    if !excluded.is_empty() {
        text += &say(language, format!(", sauf {excluded}"), format!(", except {excluded}"));
    }
    let excluded = self::regions(&clause.regions_excluded, language);
    if !excluded.is_empty() {
        text += &say(
            language,
            format!(", sauf celles de la région {excluded}"),
            format!(", except those of the {excluded}"),
        );
    }
    match clause.since_days {
        None => text,
        Some(1) => text + &say(language, ", datées d’hier ou d’aujourd’hui".into(), ", since yesterday".into()),
        Some(days) => {
            text + &say(language, format!(", datées de moins de {days} jours"), format!(", not older than {days} days"))
        }
    }
}

fn what(clause: &Clause, holder: &str, reader: &str, language: Language) -> String {
    use Language::{English, French};
    let opens = match (language, clause.level) {
        (French, Level::Card) => ", sans pouvoir les ouvrir.",
        (English, Level::Card) => ", and cannot open them.",
        (French, Level::Manifest) => " et la liste de leurs objets, sans rien en ouvrir.",
        (English, Level::Manifest) => " and the list of their objects, and opens nothing.",
        (French, Level::Headers) => " et leur description technique, sans les images.",
        (English, Level::Headers) => " and their technical description, without images.",
        (French, Level::Pixels) => " et peut en ouvrir les images.",
        (English, Level::Pixels) => " and may open their images.",
        (French, Level::Objects) => " et peut en ouvrir les images et les documents.",
        (English, Level::Objects) => " and may open their images and documents.",
    };
    let text = if clause.announce {
        let (list, scope) = (clause.modalities.join(", "), scope(clause, language));
        match language {
            French if list.is_empty() => format!("{reader} voit la liste de toutes les études de {holder}{scope}"),
            French => format!("{reader} voit la liste des études {list} de {holder}{scope}"),
            English if list.is_empty() => format!("{reader} sees the list of all studies of {holder}{scope}"),
            English => format!("{reader} sees the list of {list} studies of {holder}{scope}"),
        }
    } else {
        say(
            language,
            format!("{reader} ne voit aucune étude de {holder}, sauf celles que {holder} lui partage une à une"),
            format!("{reader} sees no study of {holder} except those that {holder} shares one by one"),
        )
    };
    text + opens
}

/// What a clause names that counts only where studies are listed without sharing.
fn without_effect(clause: &Clause, holder: &str, language: Language) -> Option<String> {
    let list = clause.modalities.join(", ");
    let named = match (list.is_empty(), scope(clause, language)) {
        (true, scope) if scope.is_empty() => return None,
        (true, scope) => scope,
        (false, scope) => format!(" {list}{scope}"),
    };
    Some(say(
        language,
        format!("Ce qui est partagé une à une n’est pas borné aux études{named} : {holder} choisit."),
        format!("What is shared one by one is not bound to studies{named}: {holder} chooses."),
    ))
}

/// Body parts as people call them; others as they are coded.
const REGIONS: [(&str, &str, &str); 16] = [
    ("HEAD", "tête", "head"),
    ("BRAIN", "cerveau", "brain"),
    ("NECK", "cou", "neck"),
    ("CHEST", "thorax", "chest"),
    ("BREAST", "sein", "breast"),
    ("HEART", "cœur", "heart"),
    ("ABDOMEN", "abdomen", "abdomen"),
    ("PELVIS", "bassin", "pelvis"),
    ("SPINE", "rachis", "spine"),
    ("CSPINE", "rachis cervical", "cervical spine"),
    ("LSPINE", "rachis lombaire", "lumbar spine"),
    ("SHOULDER", "épaule", "shoulder"),
    ("HAND", "main", "hand"),
    ("HIP", "hanche", "hip"),
    ("KNEE", "genou", "knee"),
    ("FOOT", "pied", "foot"),
];

fn regions(list: &[String], language: Language) -> String {
    let word = |code: &String| match REGIONS.iter().find(|(known, ..)| known == code) {
        Some((_, french, english)) => (match language {
            Language::French => *french,
            Language::English => *english,
        })
        .to_owned(),
        None => code.clone(),
    };
    list.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// A day in UTC with its hour and minute.
fn date(at: Timestamp) -> String {
    let at = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| "?".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// A purpose in words.
pub(super) const fn purpose(purpose: Purpose, language: Language) -> &'static str {
    match (language, purpose) {
        (Language::French, Purpose::Care) => "soins du patient",
        (Language::French, Purpose::OnCall) => "astreinte ou garde",
        (Language::French, Purpose::Expertise) => "avis d’expert",
        (Language::French, Purpose::Emergency) => "urgence vitale",
        (Language::French, Purpose::Quality) => "contrôle de qualité",
        (Language::French, Purpose::Screening) => "deuxième lecture de mammographies de dépistage, par dérogation",
        (Language::English, Purpose::Care) => "care of the patient",
        (Language::English, Purpose::OnCall) => "on-call reading",
        (Language::English, Purpose::Expertise) => "an expert’s opinion",
        (Language::English, Purpose::Emergency) => "danger to life",
        (Language::English, Purpose::Quality) => "review of quality",
        (Language::English, Purpose::Screening) => "second reading of screening mammograms, by derogation",
    }
}

/// Purposes, law, period and parties: what is said of both clauses together.
fn of_whole(agreement: &Agreement, language: Language) -> Vec<String> {
    let mut said = Vec::new();
    if !agreement.purposes.is_empty() {
        let word = |one: &Purpose| purpose(*one, language);
        let list = agreement.purposes.iter().map(word).collect::<Vec<_>>().join(", ");
        said.push(say(language, format!("Finalités : {list}."), format!("Purposes: {list}.")));
    }
    if !agreement.legal_reference.is_empty() {
        let law = &agreement.legal_reference;
        said.push(say(language, format!("Fondement : {law}."), format!("Legal basis: {law}.")));
    }
    if agreement.not_before > agreement.drafted {
        let from = date(agreement.not_before);
        said.push(say(language, format!("En vigueur à partir du {from}."), format!("In force from {from}.")));
    }
    if let Some(until) = agreement.not_after {
        let until = date(until);
        said.push(say(language, format!("En vigueur jusqu’au {until}."), format!("In force until {until}.")));
    }
    for (party, about) in agreement.parties.iter().zip(&agreement.about) {
        let number = (!about.national_id.is_empty()).then(|| {
            let id = &about.national_id;
            say(language, format!("numéro national {id}"), format!("national number {id}"))
        });
        let contact = (!about.privacy_contact.is_empty()).then(|| {
            let at = &about.privacy_contact;
            say(
                language,
                format!("délégué à la protection des données : {at}"),
                format!("data protection officer: {at}"),
            )
        });
        let known = number.into_iter().chain(contact).collect::<Vec<_>>().join(", ");
        if !known.is_empty() {
            said.push(say(language, format!("{} : {known}.", party.name), format!("{}: {known}.", party.name)));
        }
    }
    said
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
        Language::French if fields.is_empty() => {
            format!("La liste ne montre à {reader} ni nom, ni date de naissance, ni rien du patient ou de la demande.")
        }
        Language::English if fields.is_empty() => {
            format!("The list shows {reader} neither name nor birth date, and nothing of patient or request.")
        }
        Language::French => format!("La liste montre à {reader} : {fields}."),
        Language::English => format!("The list shows {reader}: {fields}."),
    }
}
