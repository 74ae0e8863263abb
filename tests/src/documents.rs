//! Documents about images, as workstations save them: a key object selection, and a measurement (PS3.16 TID 1500).

use crate::part10::{Elements, Instance, Study, part10, uid};

const SELECTION: &str = "1.2.840.10008.5.1.4.1.1.88.59";
const MEASUREMENTS: &str = "1.2.840.10008.5.1.4.1.1.88.34";
const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";

/// What a document says of an image.
#[derive(Clone, Copy, Debug)]
pub enum Says<'a> {
    /// It was chosen.
    Selected(&'a str),
    /// Something was measured there: what it is, then name, value and unit.
    Measured(&'a str, [&'a str; 3]),
}

fn of(fill: impl FnOnce(&mut Elements)) -> Elements {
    let mut set = Elements::default();
    fill(&mut set);
    set
}

fn items(all: &[Elements]) -> Vec<u8> {
    all.iter().flat_map(Elements::item).collect()
}

fn code(value: &str, scheme: &str, meaning: &str) -> Elements {
    of(|set| {
        set.text(0x0008_0100, b"SH", value);
        set.text(0x0008_0102, b"SH", scheme);
        set.text(0x0008_0104, b"LO", meaning);
    })
}

/// A content item: relationship, value type, name, and what it holds between its name and the items below it.
fn item(kinds: (&str, &str), name: Option<Elements>, fill: impl FnOnce(&mut Elements), below: &[Elements]) -> Elements {
    of(|set| {
        set.text(0x0040_a010, b"CS", kinds.0);
        set.text(0x0040_a040, b"CS", kinds.1);
        if let Some(name) = name {
            set.element(0x0040_a043, b"SQ", &name.item());
        }
        fill(set);
        if !below.is_empty() {
            set.element(0x0040_a730, b"SQ", &items(below));
        }
    })
}

fn image(relationship: &str, of_image: &Instance) -> Elements {
    of(|set| {
        set.element(0x0008_1199, b"SQ", &named(of_image).item());
        set.text(0x0040_a010, b"CS", relationship);
        set.text(0x0040_a040, b"CS", "IMAGE");
    })
}

fn named(image: &Instance) -> Elements {
    of(|set| {
        set.text(0x0008_1150, b"UI", "1.2.840.10008.5.1.4.1.1.2");
        set.text(0x0008_1155, b"UI", &image.uid);
    })
}

fn measured(on: &Instance, label: &str, [name, value, unit]: [&str; 3]) -> Elements {
    let seen = item(
        ("CONTAINS", "CODE"),
        Some(code("363698007", "SCT", "Finding Site")),
        |set| set.element(0x0040_a168, b"SQ", &code("CORNERSTONEFREETEXT", "CORNERSTONEJS", label).item()),
        &[],
    );
    let drawn = item(("INFERRED FROM", "SCOORD"), None, |_| {}, &[image("SELECTED FROM", on)]);
    let number = of(|set| {
        set.element(0x0040_08ea, b"SQ", &code(unit, "UCUM", unit).item());
        set.text(0x0040_a30a, b"DS", value);
    });
    let number = item(
        ("CONTAINS", "NUM"),
        Some(code("410668003", "SCT", name)),
        |set| set.element(0x0040_a300, b"SQ", &number.item()),
        &[drawn],
    );
    let group =
        item(("CONTAINS", "CONTAINER"), Some(code("125007", "DCM", "Measurement Group")), |_| {}, &[seen, number]);
    item(("CONTAINS", "CONTAINER"), Some(code("126010", "DCM", "Imaging Measurements")), |_| {}, &[group])
}

impl Study {
    /// A document of this study about one of its images, as a Part 10 file.
    #[must_use]
    pub fn document(&self, on: &Instance, says: Says<'_>) -> Vec<u8> {
        let (class, modality, title, content) = match says {
            Says::Selected(text) => {
                let said = |set: &mut Elements| set.text(0x0040_a160, b"UT", text);
                let said = item(("CONTAINS", "TEXT"), Some(code("113012", "DCM", "Key Object Description")), said, &[]);
                (SELECTION, "KO", code("113000", "DCM", "Of Interest"), vec![said, image("CONTAINS", on)])
            }
            Says::Measured(label, numbers) => {
                let title = code("126000", "DCM", "Imaging Measurement Report");
                (MEASUREMENTS, "SR", title, vec![measured(on, label, numbers)])
            }
        };
        let series = of(|set| {
            set.element(0x0008_1199, b"SQ", &named(on).item());
            set.text(0x0020_000e, b"UI", &on.series);
        });
        let evidence = of(|set| {
            set.element(0x0008_1115, b"SQ", &series.item());
            set.text(0x0020_000d, b"UI", &self.uid);
        });
        let instance = uid();
        let set = of(|set| {
            set.text(0x0008_0005, b"CS", "ISO_IR 192");
            set.text(0x0008_0016, b"UI", class);
            set.text(0x0008_0018, b"UI", &instance);
            set.text(0x0008_0020, b"DA", &self.date);
            set.text(0x0008_0030, b"TM", "101500");
            set.text(0x0008_0050, b"SH", "A1");
            set.text(0x0008_0060, b"CS", modality);
            set.text(0x0010_0010, b"PN", &self.patient_name);
            set.text(0x0010_0020, b"LO", &self.patient_id);
            if let Some(issuer) = &self.issuer {
                set.text(0x0010_0021, b"LO", issuer);
            }
            set.text(0x0010_0030, b"DA", "19610524");
            set.text(0x0010_0040, b"CS", "F");
            set.text(0x0020_000d, b"UI", &self.uid);
            set.text(0x0020_000e, b"UI", &uid());
            set.text(0x0020_0011, b"IS", "900");
            set.text(0x0020_0013, b"IS", "1");
            set.text(0x0040_a040, b"CS", "CONTAINER");
            set.element(0x0040_a043, b"SQ", &title.item());
            set.text(0x0040_a050, b"CS", "SEPARATE");
            set.element(0x0040_a375, b"SQ", &evidence.item());
            set.element(0x0040_a730, b"SQ", &items(&content));
        });
        part10(class, &instance, &set.0, EXPLICIT_LE).0
    }
}
