//! Signatures made by DCMTK, over what stands in every syntax, are found right; and wrong after one bit.

use super::{State, Unchecked, check::check};
use crate::x509::{Authorities, Hash};
use dicom_dictionary_std::tags;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Sequences, an empty one, odd values, private elements, and pixels.
const OBJECT: &str = "\
(0008,0016) UI [1.2.840.10008.5.1.4.1.1.7]
(0008,0018) UI [1.2.3.4]
(0008,0020) DA [20260301]
(0008,0060) CS [OT]
(0008,1140) SQ
(fffe,e000) na
(0008,1150) UI [1.2.840.10008.5.1.4.1.1.7]
(0008,1155) UI [1.2.3]
(0040,a170) SQ
(fffe,e000) na
(0008,0100) SH [121311]
(fffe,e00d) na
(fffe,e0dd) na
(fffe,e00d) na
(fffe,e000) na
(0008,1155) UI [1.2.4]
(fffe,e00d) na
(fffe,e0dd) na
(0010,0010) PN [Test^Odd]
(0010,0020) LO [P12]
(0020,000d) UI [1.2]
(0020,000e) UI [1.2.1]
(0028,0002) US 1
(0028,0004) CS [MONOCHROME2]
(0028,0010) US 8
(0028,0011) US 8
(0028,0100) US 8
(0028,0101) US 8
(0028,0102) US 7
(0028,0103) US 0
";

struct Bench {
    folder: tempfile::TempDir,
    authority: PathBuf,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; `cargo ci tools` installs it"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut above = params("hospital");
        above.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = KeyPair::generate().unwrap();
        let authority = folder.path().join("authority.pem");
        fs::write(&authority, above.self_signed(&root).unwrap().pem()).unwrap();
        let issuer = Issuer::new(above, root);
        let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        for (name, key) in [("rsa", rsa), ("ec", KeyPair::generate().unwrap())] {
            let certificate = params(name).signed_by(&key, &issuer).unwrap();
            fs::write(folder.path().join(format!("{name}.crt")), certificate.pem()).unwrap();
            fs::write(folder.path().join(format!("{name}.key")), key.serialize_pem()).unwrap();
        }
        let bench = Self { folder, authority };
        let pixels: Vec<String> = (0..64).map(|n| format!("{n:02x}")).collect();
        let dump = format!("{OBJECT}(7fe0,0010) OB {}\n", pixels.join("\\"));
        fs::write(bench.path("object.txt"), dump).unwrap();
        run("dump2dcm", &["+te", &bench.text("object.txt"), &bench.text("explicit")]);
        for (option, name) in [("+ti", "implicit"), ("+tb", "big")] {
            run("dcmconv", &[option, &bench.text("explicit"), &bench.text(name)]);
        }
        run("dcmcrle", &[&bench.text("explicit"), &bench.text("rle")]);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Signs one item of an object, in place.
    fn sign_item(&self, object: &str, key: &str, item: &str) {
        let (key, certificate) = (self.text(&format!("{key}.key")), self.text(&format!("{key}.crt")));
        let (path, to) = (self.text(object), self.text("item"));
        run("dcmsign", &["+si", &key, &certificate, item, "+m2", "+t=", "-uc", &path, &to]);
        fs::rename(to, path).unwrap();
    }

    /// The data set of an object signed by DCMTK.
    fn signed(&self, object: &str, key: &str, options: &[&str]) -> Vec<u8> {
        let (key, certificate, to) =
            (self.text(&format!("{key}.key")), self.text(&format!("{key}.crt")), self.text("signed"));
        let from = self.text(object);
        let all = [&["+s", &key, &certificate][..], options, &["+t=", "-uc", &from, &to]].concat();
        run("dcmsign", &all);
        data_set(&self.path("signed"))
    }

    fn authorities(&self) -> Authorities {
        Authorities::read(&self.authority).unwrap()
    }
}

/// Behind preamble and meta group.
fn data_set(file: &Path) -> Vec<u8> {
    let bytes = fs::read(file).unwrap();
    let length: [u8; 4] = bytes[140..144].try_into().unwrap();
    bytes[144 + usize::try_from(u32::from_le_bytes(length)).unwrap()..].to_vec()
}

fn syntax(object: &str) -> &'static str {
    match object {
        "implicit" => "1.2.840.10008.1.2",
        "explicit" => "1.2.840.10008.1.2.1",
        "big" => "1.2.840.10008.1.2.2",
        _ => "1.2.840.10008.1.2.5",
    }
}

/// Key, options of DCMTK, and what is signed over.
const WAYS: [(&str, &[&str], Hash); 6] = [
    ("rsa", &["+m2"], Hash::Sha256),
    ("rsa", &["+m3"], Hash::Sha384),
    ("rsa", &["+m5", "+sp", "1"], Hash::Sha512),
    ("rsa", &["+ms"], Hash::Sha1),
    ("rsa", &["+pb", "+m2"], Hash::Sha256),
    ("ec", &["+m2"], Hash::Sha256),
];

#[test]
fn what_dcmtk_signed_holds_and_one_bit_breaks_it() {
    let bench = Bench::new();
    let authorities = bench.authorities();
    let mut broken = 0;
    for object in ["implicit", "explicit", "big", "rle"] {
        for (key, options, hash) in WAYS {
            let bytes = bench.signed(object, key, options);
            let found = check(&bytes, syntax(object), &authorities).unwrap();
            let [signature] = &found[..] else { panic!("{object} {options:?}: {found:?}") };
            assert_eq!(signature.state, State::Valid, "{object} {options:?}: {signature:?}");
            assert_eq!(signature.hash, Some(hash));
            let signer = signature.signer.as_ref().unwrap();
            assert_eq!((signer.subject.as_str(), signer.is_vouched), (format!("CN={key}").as_str(), true));
            assert!(signature.at.is_some() && signature.elements > 0);
            let unknown = check(&bytes, syntax(object), &Authorities::default()).unwrap();
            assert!(!unknown[0].signer.as_ref().unwrap().is_vouched);
            // A letter of the patient's ID, one of an item, one of the pixels.
            for needle in [&b"P12"[..], b"121311", &[7, 8, 9, 10]] {
                let Some(at) = memchr::memmem::find(&bytes, needle) else { continue };
                let is_named = options[0] != "+pb" && (object != "rle" || needle[0] != 7);
                let mut altered = bytes.clone();
                altered[at] ^= 1;
                let state = check(&altered, syntax(object), &authorities).unwrap()[0].state;
                if is_named {
                    assert_eq!(state, State::Broken, "{object} {options:?} {needle:?}");
                    broken += 1;
                }
            }
        }
    }
    assert!(broken > 50, "{broken}");
}

#[test]
fn items_of_sequences_are_signed_by_themselves() {
    let bench = Bench::new();
    let authorities = bench.authorities();
    let (inner, outer) = ("ReferencedImageSequence[0].PurposeOfReferenceCodeSequence[0]", "ReferencedImageSequence[0]");
    let first = (tags::REFERENCED_IMAGE_SEQUENCE, 1);
    let places = [vec![first], vec![first, (tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, 1)], vec![(first.0, 2)]];
    for object in ["implicit", "explicit", "big", "rle"] {
        for (key, item) in [("ec", inner), ("rsa", outer), ("ec", "ReferencedImageSequence[1]")] {
            bench.sign_item(object, key, item);
        }
        let bytes = data_set(&bench.path(object));
        let found = check(&bytes, syntax(object), &authorities).unwrap();
        assert_eq!(found.iter().map(|one| one.place.clone()).collect::<Vec<_>>(), places, "{object}");
        for (one, key) in found.iter().zip(["rsa", "ec", "ec"]) {
            assert_eq!((one.state, one.has_pixels), (State::Valid, false), "{object} {one:?}");
            let signer = one.signer.as_ref().unwrap();
            assert_eq!((signer.subject.as_str(), signer.is_vouched), (format!("CN={key}").as_str(), true));
        }
        // One letter of the innermost item breaks it and the one around it, and says nothing of the others.
        let mut altered = bytes.clone();
        altered[memchr::memmem::find(&bytes, b"121311").unwrap()] ^= 1;
        let states: Vec<State> =
            check(&altered, syntax(object), &authorities).unwrap().iter().map(|one| one.state).collect();
        assert_eq!(states, [State::Broken, State::Broken, State::Valid], "{object}");
        let mut altered = bytes.clone();
        altered[memchr::memmem::find(&bytes, b"P12").unwrap()] ^= 1;
        let found = check(&altered, syntax(object), &authorities).unwrap();
        assert!(found.iter().all(|one| one.state == State::Valid), "{object}: of the object they say nothing");
        // The object is signed over its signed items.
        let bytes = bench.signed(object, "rsa", &["+m2"]);
        let found = check(&bytes, syntax(object), &authorities).unwrap();
        assert_eq!((found.len(), found[0].place.len()), (4, 0));
        assert!(found.iter().all(|one| one.state == State::Valid), "{object}: {found:?}");
    }
}

#[test]
fn what_cannot_be_judged_is_said_so() {
    let bench = Bench::new();
    let authorities = bench.authorities();
    for (option, hash) in [("+mr", Hash::Ripemd160), ("+mm", Hash::Md5)] {
        let bytes = bench.signed("explicit", "rsa", &[option]);
        let signature = check(&bytes, syntax("explicit"), &authorities).unwrap().remove(0);
        assert_eq!((signature.state, signature.hash), (State::Unchecked(Unchecked::Method), Some(hash)));
        assert!(hash.is_weak());
    }
    // Signed plainly, then compressed: the pixels that were signed are no longer there.
    let _ = bench.signed("explicit", "rsa", &["+m2"]);
    run("dcmcrle", &["+un", &bench.text("signed"), &bench.text("compressed")]);
    let found = check(&data_set(&bench.path("compressed")), syntax("rle"), &authorities).unwrap();
    assert_eq!(found[0].state, State::Unchecked(Unchecked::Encoding));
    assert!(found[0].has_pixels);
    let plain = data_set(&bench.path("explicit"));
    assert_eq!(check(&plain, syntax("explicit"), &authorities).unwrap(), []);
    // Cut off anywhere, nothing panics and nothing holds that does not.
    let bytes = bench.signed("explicit", "rsa", &["+m2"]);
    for end in (0..bytes.len()).step_by(7) {
        let found = check(&bytes[..end], syntax("explicit"), &authorities).unwrap();
        assert!(found.iter().all(|signature| signature.state != State::Valid), "cut at {end}");
    }
}
