//! French people as admission desks write them: accents, hyphens, particles, married names, swapped dates and names, twins,
//! namesakes, borrowed cards. Repeatable by its seed.
//!
//! Also compiled by the measurement `tests/bench/identities.rs`.
//!
//! # Not here
//! Judging them.

use super::{Identifier, Record, Sex, Standing, names::words};

const NAMES: [&str; 44] = [
    "Martin",
    "Bernard",
    "Thomas",
    "Petit",
    "Robert",
    "Richard",
    "Durand",
    "Dubois",
    "Moreau",
    "Laurent",
    "Simon",
    "Michel",
    "Lefèvre",
    "Lefebvre",
    "Leroy",
    "Roux",
    "David",
    "Bertrand",
    "Morel",
    "Fournier",
    "Girard",
    "Bonnet",
    "Dupont",
    "Dupond",
    "Lambert",
    "Fontaine",
    "Rousseau",
    "Vincent",
    "Müller",
    "Faure",
    "André",
    "Mercier",
    "Blanc",
    "Guérin",
    "Boyer",
    "Garnier",
    "Le Goff",
    "Le Gall",
    "d'Ornano",
    "de La Tour",
    "Ben Saïd",
    "Nguyen",
    "Traoré",
    "Fernandes",
];
const WOMEN: [&str; 16] = [
    "Marie",
    "Nathalie",
    "Isabelle",
    "Sylvie",
    "Catherine",
    "Léa",
    "Chloé",
    "Zoé",
    "Anne-Sophie",
    "Marie-Claude",
    "Françoise",
    "Élise",
    "Fatima",
    "Noémie",
    "Inès",
    "Jeanne",
];
const MEN: [&str; 16] = [
    "Jean",
    "Pierre",
    "Michel",
    "André",
    "Philippe",
    "Jean-Pierre",
    "Jean-François",
    "Noël",
    "Loïc",
    "Théo",
    "Hugo",
    "Mohamed",
    "François",
    "Gérard",
    "René",
    "Jules",
];

/// SplitMix64.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

fn number(chance: &mut Chance, sex: Sex, date: &str, place: &str) -> Identifier {
    let first = if sex == Sex::Male { 1 } else { 2 };
    let order = 1 + chance.below(999);
    let number: u64 = format!("{first}{}{}{place}{order:03}", &date[2..4], &date[4..6]).parse().unwrap();
    Identifier { issuer: "1.2.250.1.213.1.4.8".to_owned(), id: format!("{number:013}{:02}", 97 - number % 97) }
}

fn born(chance: &mut Chance) -> String {
    format!("{}{:02}{:02}", 1930 + chance.below(95), 1 + chance.below(12), 1 + chance.below(28))
}

pub(crate) fn somebody(chance: &mut Chance) -> Record {
    let sex = if chance.below(2) == 0 { Sex::Female } else { Sex::Male };
    let firsts: &[&str] = if sex == Sex::Female { &WOMEN } else { &MEN };
    let first_names = format!("{} {}", chance.pick(firsts), chance.pick(firsts));
    let birth_date = born(chance);
    let birthplace = format!("{:02}{:03}", 1 + chance.below(19), 1 + chance.below(600));
    let national = number(chance, sex, &birth_date, &birthplace);
    Record {
        identifiers: vec![national],
        standing: Standing::Qualified,
        birth_name: chance.pick(&NAMES).to_owned(),
        first_names,
        used_name: String::new(),
        birth_date,
        sex,
        birthplace,
    }
}

fn swap_letters(text: &str, at: u64) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() > 2 {
        let at = usize::try_from(at).unwrap() % (letters.len() - 1);
        letters.swap(at, at + 1);
    }
    letters.into_iter().collect()
}

/// The same person at another desk.
pub(crate) fn again(chance: &mut Chance, one: &Record) -> Record {
    let mut record = one.clone();
    match chance.below(20) {
        0 => record.birth_name = record.birth_name.to_uppercase(),
        1 => record.birth_name = words(&record.birth_name).join(" "),
        2 => record.first_names = words(&record.first_names).join(" "),
        3 if record.sex == Sex::Female => record.used_name = chance.pick(&NAMES).to_owned(),
        4 => record.used_name = format!("{}-{}", record.birth_name, chance.pick(&NAMES)),
        5 => record.birth_date = [&one.birth_date[..4], &one.birth_date[6..], &one.birth_date[4..6]].concat(),
        6 => record.birth_name = swap_letters(&record.birth_name, chance.below(20)),
        7 => std::mem::swap(&mut record.birth_name, &mut record.first_names),
        8 => record.standing = Standing::Provisional,
        9 => record.identifiers.clear(),
        10 => record.first_names = record.first_names.split(' ').next().unwrap_or_default().to_owned(),
        11 => record.birthplace = String::new(),
        12 => record.sex = Sex::Unknown,
        _ => {}
    }
    record
}

/// Somebody else who is easily taken for the first.
pub(crate) fn other(chance: &mut Chance, one: &Record) -> Record {
    let mut record = somebody(chance);
    match chance.below(6) {
        // A twin.
        0 => {
            record.birth_name = one.birth_name.clone();
            record.birth_date = one.birth_date.clone();
            record.birthplace = one.birthplace.clone();
            // Also one who was admitted with the twin's card.
            if chance.below(4) == 0 {
                record.identifiers = one.identifiers.clone();
            }
            while words(&record.first_names).first() == words(&one.first_names).first() {
                record.first_names = somebody(chance).first_names;
            }
        }
        // Of the same name.
        1 => {
            record.birth_name = one.birth_name.clone();
            record.first_names = one.first_names.clone();
            record.sex = one.sex;
            while record.birth_date == one.birth_date {
                record.birth_date = born(chance);
            }
        }
        // Of the same name, born the same day elsewhere: another number.
        2 => {
            record = one.clone();
            record.birthplace = "97411".to_owned();
            record.identifiers = vec![number(chance, one.sex, &one.birth_date, "97411")];
        }
        // A child with a parent's card and name.
        3 => {
            record.birth_name = one.birth_name.clone();
            record.identifiers = one.identifiers.clone();
            while record.birth_date == one.birth_date {
                record.birth_date = born(chance);
            }
        }
        // Another patient of the same local number, at another hospital.
        4 => record.identifiers.push(Identifier { issuer: "CHNORD".to_owned(), id: "4711".to_owned() }),
        _ => {}
    }
    record
}
