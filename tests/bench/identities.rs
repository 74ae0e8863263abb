//! Records of two hospitals compared as a node compares them: `cargo bench -p tests --bench identities [-- PAIRS]`.
//!
//! Pairs (1,000,000; the generator of `protocol::identity`'s tests, repeatable) of French people, half of them one person at two desks, half two
//! people who are easily taken for one. Each becomes what DICOM objects say (name, birth date, sex, Patient ID with its issuer), the node's
//! record of it is made, and the two are compared by `protocol::identity::between`: what `node::studies::history` decides by, before anybody
//! said anything of the two. Once as sites of before tell it, without how sure they are; once with it. A link by itself of two people
//! fails the run; so does less than 95 % of one person found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement stops where it fails")]

#[path = "../../protocol/src/identity/tests/people.rs"]
mod people;

use people::{Chance, again, other, somebody};
use protocol::{
    identity::{Between, Identifier, Record, Sex, Standing, between, names},
    manifest::Patient,
};
use std::time::Instant;

const PAIRS: u64 = 1_000_000;
const OURS: &str = "CHSUD";
const THEIRS: &str = "CHNORD";

/// A desk's record as its images and its site tell it.
struct Told {
    identifiers: Vec<Identifier>,
    record: Record,
}

impl Told {
    fn of(person: &Record, local: &Identifier, is_sure: bool, by_used_name: bool) -> Self {
        let family = match person.used_name.as_str() {
            used if by_used_name && !used.is_empty() => used,
            _ => &person.birth_name,
        };
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let sex = match person.sex {
            Sex::Female => "F",
            Sex::Male => "M",
            Sex::Unknown => "O",
        };
        let patient = Patient {
            name: text(&format!("{family}^{}", person.first_names.replace(' ', "^"))),
            birth_date: text(&person.birth_date),
            sex: text(sex),
            id: text(&local.id),
            issuer: text(&local.issuer),
        };
        let record = Record::of_study(&patient, &local.issuer);
        let identifiers = record.identifiers.clone();
        let national = person.national().map(|(issuer, _)| issuer.to_owned());
        let national = person.identifiers.iter().find(|one| national.as_deref() == Some(&one.issuer)).cloned();
        // As a site tells it of images with a national number: the number itself of qualified identities alone.
        let record = match national.filter(|_| is_sure) {
            Some(national) => {
                let is_qualified = person.standing == Standing::Qualified;
                record.identified(person.standing, Some(national).filter(|_| is_qualified))
            }
            None => record,
        };
        Self { identifiers, record }
    }

    fn is_qualified(&self) -> bool {
        self.record.standing == Standing::Qualified && self.record.national().is_some()
    }

    fn to(&self, other: &Self) -> Between {
        between((&self.identifiers, &self.record), (&other.identifiers, &other.record))
    }
}

#[derive(Debug, Default)]
struct Table {
    same: u64,
    found: u64,
    linked: u64,
    linkable: u64,
    other: u64,
    false_links: u64,
    shown: u64,
    borrowed: u64,
    borrowed_unseen: u64,
}

impl Table {
    /// Of one person at two desks.
    fn one_person(&mut self, ours: &Told, theirs: &Told) {
        let found = ours.to(theirs);
        self.same += 1;
        self.found += u64::from(!matches!(found, Between::Other));
        self.linked += u64::from(found == Between::Strict);
        self.linkable += u64::from(ours.is_qualified() && theirs.is_qualified());
    }

    /// Of two people.
    fn two_people(&mut self, ours: &Told, theirs: &Told) {
        let found = ours.to(theirs);
        if ours.identifiers == theirs.identifiers {
            self.borrowed += 1;
            self.borrowed_unseen += u64::from(found == Between::Same);
            return;
        }
        self.other += 1;
        self.false_links += u64::from(matches!(found, Between::Strict | Between::Same));
        self.shown += u64::from(matches!(found, Between::Alike(_)));
    }

    fn print(&self, what: &str) {
        let percent = |part: u64, of: u64| 100.0 * part as f64 / of.max(1) as f64;
        println!("{what}");
        println!("  one person at two desks       {:>9}", self.same);
        println!("    found (linked or proposed)  {:>9}  recall {:.2} %", self.found, percent(self.found, self.same));
        println!("    linked by itself            {:>9}  of {} qualified at both", self.linked, self.linkable);
        println!("  two people                    {:>9}", self.other);
        println!("    linked by itself (false)    {:>9}", self.false_links);
        println!("    proposed to be compared     {:>9}  {:.2} %", self.shown, percent(self.shown, self.other));
        println!("  two people with one card      {:>9}", self.borrowed);
        println!(
            "    not seen to be two          {:>9}  {:.2} %",
            self.borrowed_unseen,
            percent(self.borrowed_unseen, self.borrowed)
        );
    }
}

fn run(pairs: u64, is_sure: bool) -> Table {
    let (mut chance, mut table) = (Chance(20_260_131), Table::default());
    for pair in 0..pairs {
        let one = somebody(&mut chance);
        let local = |issuer: &str, id: u64| Identifier { issuer: issuer.to_owned(), id: format!("{id:08}") };
        let (ours, theirs) = (local(OURS, pair), local(THEIRS, pair));
        let by_used_name = chance.below(2) == 0;
        let told = |person: &Record, by: &Identifier| Told::of(person, by, is_sure, by_used_name);
        if pair % 2 == 0 {
            let second = again(&mut chance, &one);
            table.one_person(&told(&one, &ours), &told(&second, &theirs));
        } else {
            let second = other(&mut chance, &one);
            // Who came with another's card may have got their number at the desk, too.
            let is_borrowed = second.identifiers.first() == one.identifiers.first() && chance.below(2) == 0;
            table.two_people(&told(&one, &ours), &told(&second, if is_borrowed { &ours } else { &theirs }));
        }
    }
    table
}

fn main() {
    let pairs = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(PAIRS);
    for (is_sure, what) in [(false, "without how sure a site is"), (true, "with how sure a site is")] {
        let began = Instant::now();
        let table = run(pairs, is_sure);
        table.print(&format!("{pairs} pairs, {what} ({:.1} s)", began.elapsed().as_secs_f64()));
        assert_eq!(table.false_links, 0, "two people are linked");
        assert!(table.found * 100 >= table.same * 95, "{} of {} are found", table.found, table.same);
        assert_eq!(table.linked > 0, is_sure, "the strict rule needs two who are sure");
    }
}
