//! How much an earlier study helps to read another: by region, by modality, by age.
//!
//! The ranking says in which order priors are listed and which are worth fetching before anybody asks. It never says
//! whose they are: only studies of one patient are ranked ([`crate::identity`]).

/// A study, as far as the ranking looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    /// Modalities in Study.
    pub modalities: &'a [String],
    /// Body Part Examined (0018,0015) of its series.
    pub regions: &'a [String],
    /// Study Description; regions are read from it where the objects name none.
    pub description: Option<&'a str>,
    /// Study Date as days since 1970-01-01; `None`: not known.
    pub day: Option<i64>,
}

/// From here on a prior is worth having before it is asked for.
pub const RELEVANT: u8 = 60;

/// Words of one part of the body, as devices and people write them; folded to upper case, without accents.
const REGIONS: [(&str, &[&str]); 9] = [
    (
        "head",
        &["HEAD", "BRAIN", "SKULL", "CEREBR", "CRANE", "CRANI", "ENCEPHAL", "TETE", "SINUS", "ORBIT", "EAR", "FACE"],
    ),
    ("neck", &["NECK", "COU", "TSA", "CAROTID", "THYROID", "LARYN"]),
    ("chest", &["CHEST", "THORA", "LUNG", "POUMON", "PULMON", "HEART", "COEUR", "CARDIA", "RIB", "MEDIASTIN", "TAP"]),
    ("abdomen", &["ABDOM", "LIVER", "FOIE", "KIDNEY", "REIN", "RENAL", "PANCREA", "TAP"]),
    ("pelvis", &["PELVI", "BASSIN", "PROSTAT", "UTERU", "HIP", "HANCHE", "TAP"]),
    ("breast", &["BREAST", "SEIN", "MAMMO"]),
    ("spine", &["SPINE", "RACHIS", "CSPINE", "TSPINE", "LSPINE", "LUMBAR", "LOMBAIRE", "VERTEB"]),
    ("arm", &["SHOULDER", "EPAULE", "ARM", "BRAS", "ELBOW", "COUDE", "WRIST", "POIGNET", "HAND", "MAIN", "FINGER"]),
    ("leg", &["LEG", "JAMBE", "KNEE", "GENOU", "ANKLE", "CHEVILLE", "FOOT", "PIED", "FEMUR", "CUISSE", "TIBIA"]),
];

/// Modalities that show much the same.
const ALIKE: [&[&str]; 3] = [&["CT", "PT", "MR", "NM"], &["CR", "DX", "RG", "RF"], &["MG", "US", "MR"]];

/// Objects that are no images.
const BESIDE: [&str; 5] = ["SR", "PR", "KO", "DOC", "SEG"];

fn has_word(text: &str, word: &str) -> bool {
    // A short word must stand alone: LEG is not in "college".
    let parts = || text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    if word.len() <= 4 { parts().any(|part| part == word) } else { parts().any(|part| part.starts_with(word)) }
}

fn regions(of: &Looked<'_>) -> Vec<&'static str> {
    let folded = |text: &str| crate::identity::names::words(text).join(" ");
    let mut said: Vec<String> = of.regions.iter().map(|region| folded(region)).collect();
    if said.iter().all(String::is_empty) {
        said = of.description.map(folded).into_iter().collect();
    }
    let is_said = |words: &[&str]| said.iter().any(|text| words.iter().any(|word| has_word(text, word)));
    REGIONS.iter().filter(|(_, words)| is_said(words)).map(|(name, _)| *name).collect()
}

fn region_points(one: &Looked<'_>, other: &Looked<'_>) -> u8 {
    let (ours, theirs) = (regions(one), regions(other));
    match (ours.is_empty() || theirs.is_empty(), ours.iter().any(|region| theirs.contains(region))) {
        // Nobody says: it may well be.
        (true, _) => 25,
        (false, true) => 50,
        (false, false) => 0,
    }
}

fn modality_points(one: &Looked<'_>, other: &Looked<'_>) -> u8 {
    let images = |of: &Looked<'_>| -> Vec<String> {
        of.modalities.iter().filter(|m| !BESIDE.contains(&m.as_str())).cloned().collect()
    };
    let (ours, theirs) = (images(one), images(other));
    if ours.iter().any(|modality| theirs.contains(modality)) {
        return 30;
    }
    let has = |list: &[String], group: &[&str]| list.iter().any(|m| group.contains(&m.as_str()));
    if ALIKE.iter().any(|group| has(&ours, group) && has(&theirs, group)) { 18 } else { 0 }
}

fn age_points(one: &Looked<'_>, other: &Looked<'_>) -> u8 {
    let (Some(ours), Some(theirs)) = (one.day, other.day) else { return 5 };
    match ours.saturating_sub(theirs).unsigned_abs() {
        0..=366 => 20,
        367..=1_100 => 14,
        1_101..=3_700 => 8,
        _ => 3,
    }
}

/// How much `prior` helps to read `current`: 0 to 100.
#[must_use]
pub fn relevance(current: &Looked<'_>, prior: &Looked<'_>) -> u8 {
    region_points(current, prior) + modality_points(current, prior) + age_points(current, prior)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Study(Vec<String>, Vec<String>, &'static str, i64);

    impl Study {
        fn of(modality: &str, region: &str, description: &'static str, day: i64) -> Self {
            let region = Some(region.to_owned()).filter(|region| !region.is_empty());
            Self(vec![modality.to_owned(), "SR".to_owned()], region.into_iter().collect(), description, day)
        }
        fn looked(&self) -> Looked<'_> {
            Looked { modalities: &self.0, regions: &self.1, description: Some(self.2), day: Some(self.3) }
        }
    }

    #[test]
    fn the_same_part_by_the_same_device_lately_comes_first() {
        let current = Study::of("CT", "HEAD", "TDM cérébrale", 20_000);
        let in_order = [
            Study::of("CT", "BRAIN", "", 19_900),
            Study::of("MR", "HEAD", "", 19_900),
            Study::of("CT", "HEAD", "", 10_000),
            Study::of("CT", "", "", 19_900),
            Study::of("CT", "CHEST", "", 19_900),
            Study::of("MG", "BREAST", "", 10_000),
        ];
        let points: Vec<u8> = in_order.iter().map(|prior| relevance(&current.looked(), &prior.looked())).collect();
        assert!(points.windows(2).all(|two| two[0] > two[1]), "{points:?}");
        assert_eq!(points[0], 100);
        assert!(points[2] >= RELEVANT && points[4] < RELEVANT, "{points:?}");
    }

    #[test]
    fn a_report_alone_makes_no_two_studies_alike() {
        let (one, other) = (Study::of("CT", "HEAD", "", 0), Study::of("US", "LIVER", "", 0));
        assert_eq!(relevance(&one.looked(), &other.looked()), 20, "only the day");
    }

    #[test]
    fn a_region_is_read_from_the_description_where_no_object_names_it() {
        let current = Study::of("CT", "", "Scanner thoraco-abdomino-pelvien", 20_000);
        let chest = Study::of("DX", "CHEST", "", 20_000);
        let knee = Study::of("DX", "", "Genou droit", 20_000);
        assert!(relevance(&current.looked(), &chest.looked()) > relevance(&current.looked(), &knee.looked()));
        assert_eq!(regions(&Study::of("CT", "", "College medical", 0).looked()), Vec::<&str>::new());
    }
}
