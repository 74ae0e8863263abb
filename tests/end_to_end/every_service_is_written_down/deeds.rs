//! What is done for each row.

use crate::SITE;
use std::{collections::BTreeMap, net::SocketAddr};
use tests::{
    Instance, Site, Study,
    certificates::{Authority, Issued},
    eventually,
    ports::Port,
    tools::{
        association::{Answered, Association, Proposal},
        dcmtk::{self, Receiver},
        scu::element,
    },
};
use tokio::io::AsyncWriteExt;

const VERIFICATION: &str = "1.2.840.10008.1.1";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
const PATIENT_ROOT: [&str; 3] =
    ["1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.1.2", "1.2.840.10008.5.1.4.1.2.1.3"];
const STUDY_ROOT: [&str; 3] =
    ["1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.2", "1.2.840.10008.5.1.4.1.2.2.3"];
const PERFORMED: &str = "1.2.840.10008.3.1.2.3.3";
const PUSH_MODEL: &str = "1.2.840.10008.1.20.1";
/// Places for associations that do more than verify.
const PLACES: usize = 8;

/// A site that knows its machines, with one study, and one that came later.
pub(super) struct Bed {
    pub(super) site: Site,
    tls: Port,
    authority: Authority,
    made: Vec<Instance>,
    study: Study,
    later: Study,
    password: String,
    workstation: Receiver,
}

fn number(element_number: u16, value: u16) -> Vec<u8> {
    element(0, element_number, &value.to_le_bytes())
}

fn text(element_number: u16, value: &str) -> Vec<u8> {
    element(0, element_number, value.as_bytes())
}

/// A request that names its class as the affected one.
fn request(class: &str, field: u16) -> Vec<Vec<u8>> {
    let mut all = vec![text(2, class), number(0x100, field), number(0x110, 7)];
    if matches!(field, 0x20 | 0x21 | 0x10 | 1) {
        all.push(number(0x700, 0));
    }
    all
}

/// The keys of an identifier, in the order of their tags.
fn keys(level: &str, all: &[(u16, u16, &str)]) -> Vec<u8> {
    let mut keys: BTreeMap<(u16, u16), &str> = all.iter().map(|(group, tag, value)| ((*group, *tag), *value)).collect();
    keys.insert((8, 0x52), level);
    // A UID is padded with zero.
    let padded = |value: &str, is_uid: bool| {
        let mut bytes = value.as_bytes().to_vec();
        if is_uid && bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        bytes
    };
    keys.iter().flat_map(|((group, tag), value)| element(*group, *tag, &padded(value, *group == 0x20))).collect()
}

impl Bed {
    pub(super) async fn open() -> Self {
        let site = Site::init(SITE, "CH Nord");
        let tls = Port::reserve();
        let authority = Authority::found(&site.scratch("certificates"), "hospital");
        let own = authority.issue("node");
        let value = |text: String| toml::Value::String(text);
        site.configure("dimse", "tls_listen", value(tls.address().to_string()));
        site.configure("dimse", "tls_cert", value(own.certificate.display().to_string()));
        site.configure("dimse", "tls_key", value(own.key.display().to_string()));
        site.configure("dimse", "tls_ca", value(authority.certificate.display().to_string()));
        site.configure("dimse", "associations_max", toml::Value::Integer(i64::try_from(PLACES).unwrap()));
        site.serve().await;
        let workstation = Receiver::start(&site.scratch("workstation")).await;
        let viewers = std::iter::once("VIEWER".to_owned()).chain((1..=8).map(|n| format!("VIEWER{n}")));
        for viewer in viewers {
            site.add_ae(&viewer, 1, "own");
        }
        site.add_ae("WORKSTATION", workstation.port, "own");
        site.add_ae("DEAD", 1, "none");
        let knows = |title: &str, more: &[&str]| {
            let mut arguments = vec!["ae", "add", title, "127.0.0.1", "1"];
            arguments.extend(more);
            let _ = site.cli(&arguments).ok();
        };
        knows("NOECHO", &["--no-echo"]);
        knows("NOSTORE", &["--no-store"]);
        knows("NOSTORE1", &["--no-store"]);
        knows("NOSTORE2", &["--no-store"]);
        knows("NOTHING", &["--no-echo", "--no-store"]);
        let password = site.new_user("durand", "radiologist");
        let (study, later) = (Study::of(2), Study::of(1));
        let made = study.make();
        Self { site, tls, authority, made, study, later, password, workstation }
    }

    /// The study that a row is about.
    pub(super) fn study(&self, row: &str) -> &str {
        if row.starts_with("told") { &self.later.uid } else { &self.study.uid }
    }

    /// What must be in no log.
    pub(super) fn names(&self) -> Vec<String> {
        self.study.patient_name.split('^').map(str::to_owned).chain(["19610524".to_owned()]).collect()
    }

    fn proposal(&self, calling: &str, class: &str) -> Proposal {
        Proposal::new(&self.site.ae_title, calling, class)
    }

    async fn call(&self, calling: &str, class: &str) -> Association {
        self.proposal(calling, class).accepted(self.site.dimse()).await
    }

    async fn rejected(&self, proposal: Proposal, source: u8, reason: u8) {
        match proposal.send(self.site.dimse()).await.unwrap() {
            Answered::Rejected(by, why) => assert_eq!((by, why), (source, reason), "{proposal:?}"),
            Answered::Accepted(_) => panic!("{proposal:?} is accepted"),
        }
    }

    /// Stores one data set as an object of a class; gives the status.
    async fn store(&self, calling: &str, agreed: &str, class: &str, uid: &str, data: &[u8]) -> u16 {
        let mut association = self.call(calling, agreed).await;
        let mut request = request(class, 1);
        request.push(text(0x1000, uid));
        let status = association.ask(&request, Some(data)).await.unwrap();
        association.release().await.unwrap();
        status
    }

    async fn find(&self, calling: &str, class: &str, keys: &[u8]) -> u16 {
        let mut association = self.call(calling, class).await;
        let status = association.ask(&request(class, 0x20), Some(keys)).await.unwrap();
        association.release().await.unwrap();
        status
    }

    /// The keys that name the study, and more.
    fn named(&self, level: &str, more: &[(u16, u16, &str)]) -> Vec<u8> {
        keys(level, &[&[(0x20, 0xd, self.study.uid.as_str())], more].concat())
    }

    async fn get(&self, calling: &str, class: &str, keys: &[u8]) -> u16 {
        let mut association = self.call(calling, class).await;
        let status = association.ask(&request(class, 0x10), Some(keys)).await.unwrap();
        association.release().await.unwrap();
        status
    }

    async fn move_to(&self, calling: &str, class: &str, to: &str, keys: &[u8]) -> u16 {
        let mut association = self.call(calling, class).await;
        let mut request = request(class, 0x21);
        request.insert(3, text(0x600, &format!("{to:<16}")));
        let status = association.ask(&request, Some(keys)).await.unwrap();
        association.release().await.unwrap();
        status
    }

    /// Asks whether an instance is safe; where it is asked well, hears the report and answers it.
    async fn commit(&self, calling: &str, action: u16, instance: &str) -> u16 {
        let mut association = self.call(calling, PUSH_MODEL).await;
        let item = [element(8, 0x1150, &padded(CT)), element(8, 0x1155, &padded(instance))].concat();
        let item = [&[0xfe, 0xff, 0, 0xe0][..], &u32::try_from(item.len()).unwrap().to_le_bytes(), &item].concat();
        let data = [element(8, 0x1195, &padded(&tests::part10::uid())), element(8, 0x1199, &item)].concat();
        let request = [
            text(3, PUSH_MODEL),
            number(0x100, 0x130),
            number(0x110, 7),
            text(0x1001, "1.2.840.10008.1.20.1.1"),
            number(0x1008, action),
        ];
        let status = association.ask(&request, Some(&data)).await.unwrap();
        if status == 0 {
            let report = association.hear().await.unwrap();
            assert_eq!(report.number(0x100), Some(0x100), "N-EVENT-REPORT");
            let id = report.number(0x110).unwrap();
            let answer = [text(2, PUSH_MODEL), number(0x100, 0x8100), number(0x120, id), number(0x900, 0)];
            association.say(&answer, None).await.unwrap();
        }
        association.release().await.unwrap();
        status
    }

    /// Two requests in one breath: the second takes back the first.
    async fn cancelled(&self, calling: &str, class: &str, field: u16, keys: &[u8]) -> u16 {
        let mut association = self.call(calling, class).await;
        association.say(&request(class, field), Some(keys)).await.unwrap();
        association.say(&[number(0x100, 0xfff), number(0x120, 7)], None).await.unwrap();
        let status = association.last().await.unwrap();
        association.release().await.unwrap();
        status
    }

    /// Does what a row is about; `false`: nothing is done for it.
    pub(super) async fn does(&mut self, row: &str) -> bool {
        match row.split([' ', ',']).next().unwrap() {
            "echo" => self.echoes(row).await,
            "store" => self.stores(row).await,
            "find" | "identity" => self.finds(row).await,
            "get" | "move" => self.retrieves(row).await,
            "commit" | "told" => self.commits(row).await,
            "performed" => self.performs(row).await,
            "other" | "no" | "units" => self.is_refused(row).await,
            _ => return false,
        }
        true
    }

    async fn echoes(&self, row: &str) {
        let calling = if row == "echo" { "SCANNER" } else { "NOECHO" };
        let mut association = self.call(calling, VERIFICATION).await;
        let status = association.ask(&request(VERIFICATION, 0x30), None).await.unwrap();
        assert_eq!(status, if row == "echo" { 0 } else { 0x124 });
        association.release().await.unwrap();
    }

    async fn stores(&self, row: &str) {
        let first = &self.made[0];
        // In implicit VR, as was agreed: DCMTK says it so.
        let implicit = |instance: &Instance, name: &str| {
            let folder = self.site.scratch(name);
            let path = tests::part10::write(std::slice::from_ref(instance), &folder).remove(0);
            dcmtk::implicit(&path)
        };
        let data = implicit(first, "first");
        match row {
            "store" => {
                for (at, instance) in self.made.iter().enumerate() {
                    let data = implicit(instance, &format!("sent{at}"));
                    assert_eq!(self.store("SCANNER", CT, CT, &instance.uid, &data).await, 0);
                }
                let _ = self.site.settled(&self.study.uid, 2).await;
            }
            "store refused" => assert_eq!(self.store("NOSTORE", CT, CT, &first.uid, &data).await, 0x124),
            "store other class" => assert_eq!(self.store("SCANNER1", CT, MR, &first.uid, &data).await, 0x122),
            "store unreadable" => {
                let status = self.store("SCANNER2", CT, CT, &tests::part10::uid(), b"no data set").await;
                assert_eq!(status & 0xf000, 0xc000, "{status:04x}");
            }
            "store other bytes" => {
                let mut other = data.clone();
                *other.last_mut().unwrap() ^= 1;
                assert_eq!(self.store("SCANNER3", CT, CT, &first.uid, &other).await, 0x111);
            }
            _ => panic!("{row}"),
        }
    }

    async fn finds(&self, row: &str) {
        let (series, id) = (self.made[0].series.as_str(), self.study.patient_id.as_str());
        let of_study = self.named("STUDY", &[]);
        let status = match row {
            "find patients" => {
                self.find("VIEWER", PATIENT_ROOT[0], &keys("PATIENT", &[(0x10, 0x20, id), (0x10, 0x10, "")])).await
            }
            "find studies" => self.find("VIEWER", STUDY_ROOT[0], &of_study).await,
            "find series" => self.find("VIEWER", STUDY_ROOT[0], &self.named("SERIES", &[(0x20, 0xe, "")])).await,
            "find images" => {
                let keys = self.named("IMAGE", &[(0x20, 0xe, series), (8, 0x18, "")]);
                self.find("VIEWER", STUDY_ROOT[0], &keys).await
            }
            "find refused" => {
                assert_eq!(self.find("STRANGER", STUDY_ROOT[0], &of_study).await, 0x124);
                0
            }
            "find unfit" => {
                assert_eq!(self.find("VIEWER1", STUDY_ROOT[0], &keys("PATIENT", &[(0x10, 0x20, id)])).await, 0xa900);
                0
            }
            "find cancelled" => {
                let status = self.cancelled("VIEWER2", STUDY_ROOT[0], 0x20, &keys("STUDY", &[(0x10, 0x20, id)])).await;
                assert!([0, 0xfe00].contains(&status), "{status:04x}");
                0
            }
            _ => return self.identifies(row).await,
        };
        assert_eq!(status, 0, "{row}");
    }

    async fn identifies(&self, row: &str) {
        let identity = |password: &str| Some(("durand".to_owned(), password.to_owned()));
        let class = if row == "identity asks" { STUDY_ROOT[0] } else { VERIFICATION };
        if row == "identity wrong" {
            let proposal = Proposal { identity: identity("a guess, and wrong"), ..self.proposal("VIEWER8", class) };
            return self.rejected(proposal, 2, 1).await;
        }
        let proposal = Proposal { identity: identity(&self.password), ..self.proposal("VIEWER", class) };
        let mut association = proposal.accepted(self.site.dimse()).await;
        if row == "identity asks" {
            let keys = keys("STUDY", &[(0x10, 0x20, "nobody")]);
            assert_eq!(association.ask(&request(class, 0x20), Some(&keys)).await.unwrap(), 0);
        }
        association.release().await.unwrap();
    }

    async fn retrieves(&self, row: &str) {
        let of_study = self.named("STUDY", &[]);
        let [get, patient_get] = [STUDY_ROOT[2], PATIENT_ROOT[2]];
        match row {
            "get" => {
                let uid = format!("StudyInstanceUID={}", self.study.uid);
                let said = dcmtk::get(
                    self.site.dimse(),
                    &self.site.ae_title,
                    &self.site.scratch("got"),
                    &["QueryRetrieveLevel=STUDY", &uid],
                );
                assert!(said.success, "{}", said.text);
            }
            // No context was agreed on in which an object could come.
            "get, none taken" => assert_eq!(self.get("VIEWER3", patient_get, &of_study).await, 0xa702),
            "get, cancelled" => assert_eq!(self.cancelled("VIEWER4", get, 0x10, &of_study).await, 0xfe00),
            "get refused" => assert_eq!(self.get("STRANGER1", get, &of_study).await, 0x124),
            "get unfit" => assert_eq!(self.get("VIEWER5", get, &self.named("PATIENT", &[])).await, 0xa900),
            "move" => {
                assert_eq!(self.move_to("VIEWER", STUDY_ROOT[1], "WORKSTATION", &of_study).await, 0);
                assert_eq!(std::fs::read_dir(&self.workstation.folder).unwrap().count(), 2);
            }
            "move to nobody" => {
                assert_eq!(self.move_to("VIEWER6", PATIENT_ROOT[1], "NOBODY", &of_study).await, 0xa801);
            }
            "move to a dead one" => {
                assert_eq!(self.move_to("VIEWER7", STUDY_ROOT[1], "DEAD", &of_study).await, 0xa702);
            }
            _ => panic!("{row}"),
        }
    }

    async fn commits(&mut self, row: &str) {
        let uid = self.made[0].uid.clone();
        match row {
            "commit" => assert_eq!(self.commit("SCANNER4", 1, &uid).await, 0),
            "commit of what is not" => assert_eq!(self.commit("SCANNER5", 1, "1.2.3.4.5").await, 0),
            "commit refused" => assert_eq!(self.commit("NOSTORE1", 1, &uid).await, 0x124),
            "commit unfit" => assert_eq!(self.commit("SCANNER6", 2, &uid).await, 0x123),
            "told of a study" => {
                let _ = self.site.cli(&["ae", "add", "NOTIFIED", "127.0.0.1", "1", "--notify"]).ok();
                let (_, paths) = self.later.write(&self.site.scratch("later"));
                assert!(dcmtk::store(self.site.dimse(), &self.site.ae_title, &paths).success);
            }
            _ => panic!("{row}"),
        }
    }

    /// Says how far a step is; `field`: N-CREATE or N-SET.
    async fn perform(&self, calling: &str, field: u16, step: &str, data: &[u8]) -> u16 {
        let mut association = self.call(calling, PERFORMED).await;
        let (class, instance) = if field == 0x140 { (2, 0x1000) } else { (3, 0x1001) };
        let request = [text(class, PERFORMED), number(0x100, field), number(0x110, 7), text(instance, step)];
        let status = association.ask(&request, Some(data)).await.unwrap();
        association.release().await.unwrap();
        status
    }

    async fn performs(&self, row: &str) {
        let item = |value: &[u8]| {
            [&[0xfe, 0xff, 0, 0xe0][..], &u32::try_from(value.len()).unwrap().to_le_bytes(), value].concat()
        };
        let study = item(&element(0x20, 0xd, &padded(&self.study.uid)));
        let begin = [element(0x40, 0x252, b"IN PROGRESS "), element(0x40, 0x270, &study)].concat();
        let images: Vec<u8> = self.made.iter().flat_map(|made| item(&element(8, 0x1155, &padded(&made.uid)))).collect();
        let end =
            [element(0x40, 0x252, b"COMPLETED "), element(0x40, 0x340, &item(&element(8, 0x1140, &images)))].concat();
        let step = tests::part10::uid();
        match row {
            "performed" => {
                assert_eq!(self.perform("SCANNER14", 0x140, &step, &begin).await, 0);
                assert_eq!(self.perform("SCANNER14", 0x140, &step, &begin).await, 0x111);
                assert_eq!(self.perform("SCANNER14", 0x120, &step, &end).await, 0);
                assert_eq!(self.perform("SCANNER14", 0x120, &step, &end).await, 0x110);
            }
            "performed refused" => assert_eq!(self.perform("NOSTORE2", 0x140, &step, &begin).await, 0x124),
            "performed unfit" => assert_eq!(self.perform("SCANNER15", 0x120, &step, &end).await, 0x112),
            _ => panic!("{row}"),
        }
    }

    async fn is_refused(&self, row: &str) {
        let to = |calling: &str| self.proposal(calling, VERIFICATION);
        match row {
            "other operation" => {
                let mut association = self.call("SCANNER7", VERIFICATION).await;
                let status = association.ask(&request(VERIFICATION, 0x110), None).await.unwrap();
                assert_eq!(status, 0x211, "N-GET");
                association.release().await.unwrap();
            }
            "no right at all" => self.rejected(to("NOTHING"), 1, 3).await,
            "no calling title" => self.rejected(to(""), 1, 3).await,
            "other called title" => {
                self.rejected(Proposal::new("ELSEWHERE", "SCANNER8", VERIFICATION), 1, 7).await;
            }
            "other application" => {
                self.rejected(Proposal { application: "1.2.3".to_owned(), ..to("SCANNER9") }, 1, 2).await;
            }
            "other version" => self.rejected(Proposal { version: 2, ..to("SCANNER10") }, 2, 2).await,
            "units too short" => self.rejected(Proposal { pdu_max: 1, ..to("SCANNER11") }, 1, 1).await,
            "no place" => self.is_full().await,
            "no association at all" => {
                let mut stream = tokio::net::TcpStream::connect(self.site.dimse()).await.unwrap();
                stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            }
            "no certificate" => {
                assert!(!self.by_tls(None).success);
                assert!(self.by_tls(Some(&self.authority.issue("scanner"))).success);
            }
            _ => panic!("{row}"),
        }
    }

    fn by_tls(&self, shown: Option<&Issued>) -> dcmtk::Said {
        let address: SocketAddr = self.tls.address();
        dcmtk::echo_by_tls(address, ["CT1", &self.site.ae_title], shown, &self.authority.certificate)
    }

    /// All places are taken: one more that wants to store is turned away.
    async fn is_full(&self) {
        let (mut held, to) = (Vec::new(), self.proposal("SCANNER12", CT));
        // Associations that ended may be counted a moment longer.
        eventually!(20, "all places are taken", {
            match to.send(self.site.dimse()).await.unwrap() {
                Answered::Accepted(association) => {
                    held.push(association);
                    None
                }
                Answered::Rejected(source, reason) => {
                    assert_eq!((source, reason), (3, 2));
                    Some(())
                }
            }
        });
        assert!(held.len() <= PLACES);
    }
}

fn padded(uid: &str) -> Vec<u8> {
    let mut bytes = uid.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}
