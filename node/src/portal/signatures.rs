//! The digital signatures that a study's objects carry, checked when somebody asks.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json::rfc3339,
    signin::Caller,
};
use crate::{
    signatures::{self, Found, OfObject, Signature, State as Judged, Unchecked},
    trust::Action,
    x509::{Authorities, Signer},
};
use axum::{
    Json,
    extract::{Path, State},
};
use dicom_core::{
    Tag,
    dictionary::{DataDictionary, DataDictionaryEntry},
};
use dicom_dictionary_std::StandardDataDictionary;
use protocol::Uid;
use serde::Serialize;
use utoipa::ToSchema;

/// Signatures told at once.
const SIGNATURES_MAX: usize = 500;

/// Whose certificate it is, as the certificate says.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignerJson {
    subject: String,
    issuer: String,
    serial: String,
    from: String,
    to: String,
    /// An authority that this site named vouches for it (`signatures.ca`).
    known: bool,
    /// Its time is over, or has not come.
    out_of_date: bool,
}

impl From<Signer> for SignerJson {
    fn from(signer: Signer) -> Self {
        let now = crate::tasks::now();
        Self {
            out_of_date: now < signer.from || now > signer.to,
            subject: signer.subject,
            issuer: signer.issuer,
            serial: signer.serial,
            from: rfc3339(signer.from),
            to: rfc3339(signer.to),
            known: signer.is_vouched,
        }
    }
}

/// One signature of one object.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignatureJson {
    series: String,
    instance: String,
    /// Where the item stands that was signed, as `ContentSequence[2].ContentSequence[1]`; `null`: the object itself.
    item: Option<String>,
    /// `valid`: what it names is what was signed; `broken`: it is not; `unchecked`: that cannot be said.
    state: &'static str,
    /// Why it cannot be said: `incomplete`, `method`, `elements` or `encoding`.
    why: Option<&'static str>,
    /// As `SHA-256`; `null`: not known here.
    hash: Option<&'static str>,
    /// The hash is one that proves little.
    weak: bool,
    /// When it says that it was made (DT of DICOM), which nothing proves.
    at: Option<String>,
    purpose: Option<String>,
    signer: Option<SignerJson>,
    /// Elements that it names, and whether the pixels are among them. Of others it says nothing.
    elements: usize,
    pixels: bool,
}

impl SignatureJson {
    fn of(series: &Uid, instance: &Uid, signature: Signature) -> Self {
        let why = match signature.state {
            Judged::Unchecked(why) => Some(why.word()),
            Judged::Valid | Judged::Broken => None,
        };
        Self {
            series: series.to_string(),
            instance: instance.to_string(),
            item: (!signature.place.is_empty()).then(|| place(&signature.place)),
            state: signature.state.word(),
            why,
            hash: signature.hash.map(|hash| hash.word()),
            weak: signature.hash.is_some_and(|hash| hash.is_weak()),
            at: signature.at,
            purpose: signature.purpose,
            signer: signature.signer.map(Into::into),
            elements: signature.elements,
            pixels: signature.has_pixels,
        }
    }
}

/// Sequences by their keywords where they are of the standard.
fn place(place: &[(Tag, usize)]) -> String {
    let of = |(tag, number): &(Tag, usize)| match StandardDataDictionary.by_tag(*tag) {
        Some(entry) => format!("{}[{number}]", entry.alias()),
        None => format!("{tag}[{number}]"),
    };
    place.iter().map(of).collect::<Vec<_>>().join(".")
}

/// The signatures of a study.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignaturesJson {
    /// The worst of all: `broken`, `unchecked`, `weak`, `unknown-signer` (valid, by a certificate that this site does not
    /// know), `valid`; or `none`, where nothing is signed.
    standing: &'static str,
    /// Objects looked at, such as carry signatures, and of those such as are too large or too many to be checked at once.
    objects: usize,
    signed: usize,
    unread: usize,
    /// At most 500.
    signatures: Vec<SignatureJson>,
}

/// In the order of how little they hold.
const STANDINGS: [&str; 6] = ["broken", "unchecked", "weak", "unknown-signer", "valid", "none"];

fn standing(of: &Signature) -> &'static str {
    let is_known = of.signer.as_ref().is_some_and(|signer| signer.is_vouched);
    match of.state {
        Judged::Broken => "broken",
        Judged::Unchecked(Unchecked::Method) if of.hash.is_some_and(|hash| hash.is_weak()) => "weak",
        Judged::Unchecked(_) => "unchecked",
        Judged::Valid if of.hash.is_some_and(|hash| hash.is_weak()) => "weak",
        Judged::Valid if !is_known => "unknown-signer",
        Judged::Valid => "valid",
    }
}

fn shown(found: Found) -> SignaturesJson {
    let Found { objects, signed, unread, of_objects } = found;
    let all = || of_objects.iter().flat_map(|object| &object.signatures);
    let unread_one = (unread > 0).then_some("unchecked");
    let is_there = |word: &&&str| all().map(standing).chain(unread_one).any(|of| of == **word);
    let standing = STANDINGS.iter().find(is_there).copied().unwrap_or("none");
    let of_object = |object: OfObject| {
        let OfObject { series, instance, signatures } = object;
        signatures.into_iter().map(move |one| SignatureJson::of(&series, &instance, one)).collect::<Vec<_>>()
    };
    let signatures = of_objects.into_iter().flat_map(of_object).take(SIGNATURES_MAX).collect();
    SignaturesJson { standing, objects, signed, unread, signatures }
}

/// Checks the signatures that the objects of a study carry.
#[utoipa::path(get, path = "/api/studies/{study}/signatures", operation_id = "study_signatures",
    params(("study" = String, Path)),
    responses((status = 200, body = SignaturesJson), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn of_study(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<SignaturesJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let study = Uid::parse(&study).map_err(|_| ApiError::Bad("not a Study Instance UID"))?;
    let open = door.studies()?.open(&caller.0, &study).await?;
    let ca = door.config.signatures_ca.clone();
    let read = move || ca.map(|ca| Authorities::read(&ca)).transpose();
    let read = door.tasks.spawn_blocking("signers' authorities", read).await.map_err(|_| ApiError::Bad("stopping"))?;
    let authorities = read.unwrap_or_else(|error| {
        tracing::error!(%error, "no signer is known: the authorities cannot be read");
        None
    });
    // One study at a time: an object is in memory while it is checked.
    let _turn = door.signatures.acquire().await.map_err(|_| ApiError::Bad("stopping"))?;
    let found = signatures::of_study(&open, &authorities.unwrap_or_default(), &door.tasks).await?;
    Ok(Json(shown(found)))
}
