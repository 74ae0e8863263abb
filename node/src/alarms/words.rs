//! What is said of a condition, in the site's language. Never a patient, never a study.

use super::{Alarm, Kind, Notice, What};
use crate::words::{Language, in_language};

/// A line for a subject, and a sentence for a body.
pub(super) fn sentence(notice: &Notice, language: Language) -> String {
    let said = of(&notice.alarm, language);
    match notice.what {
        What::Test => in_language!(
            language,
            "This is a test of the alarms; there is nothing to do."
                | "Ceci est un essai des alertes ; il n'y a rien à faire."
        ),
        What::Raised => said,
        What::Over => in_language!(language, "This is over: {said}" | "C'est terminé : {said}"),
    }
}

fn of(alarm: &Alarm, language: Language) -> String {
    let Alarm { kind, subject, value, .. } = alarm;
    match kind {
        Kind::DiskFilling => in_language!(language, "the disk is {value} % full." | "le disque est plein à {value} %."),
        Kind::CertificateEnding => in_language!(
            language,
            "the certificate of {subject} ends in {value} days."
                | "le certificat de {subject} expire dans {value} jours."
        ),
        Kind::BackupOverdue => in_language!(
            language,
            "the last backup is {value} days old." | "la dernière sauvegarde date de {value} jours."
        ),
        Kind::PeerSilent => in_language!(
            language,
            "nothing was heard of {subject} for {value} hours." | "aucune nouvelle de {subject} depuis {value} heures."
        ),
        Kind::RotFound => in_language!(
            language,
            "objects no longer what was stored, set aside: {value}."
                | "objets altérés sur le disque, mis à l'écart : {value}."
        ),
        Kind::MigrationStopped => {
            in_language!(language, "the migration {subject} has stopped." | "la reprise {subject} s'est arrêtée.")
        }
        Kind::TierUnreachable => in_language!(
            language,
            "the storage tier {subject} cannot be reached." | "le niveau de stockage {subject} est injoignable."
        ),
        Kind::RotRepaired => repaired(alarm, language),
        Kind::SecondCopyOverdue => in_language!(
            language,
            "the second copy of the backup at {subject} is {value} days old."
                | "la seconde copie de la sauvegarde chez {subject} date de {value} jours."
        ),
        Kind::LedgerBroken | Kind::LedgerUnwitnessed | Kind::CopiesOverdue => of_evidence(alarm, language),
        Kind::KeyChanged | Kind::KeysPart | Kind::OwnKeysPart => of_keys(alarm, language),
        Kind::CasesWithoutImages
        | Kind::StudiesWithoutRequest
        | Kind::CasesLate
        | Kind::ResultsUnheard
        | Kind::CaseUnanswered
        | Kind::CaseWithoutImages
        | Kind::ReportsUnfiled => of_cases(alarm, language),
        Kind::CoverageHole | Kind::ScreenSilent | Kind::HandoverOwed => of_rosters(alarm, language),
        Kind::CollectorBehind => in_language!(
            language,
            "the audit collector has not taken events for {value} minutes; they wait in the log."
                | "le collecteur d'audit n'a pas pris d'événements depuis {value} minutes ; ils attendent dans le journal."
        ),
        Kind::ClockDiffers => in_language!(
            language,
            "the clocks of {subject} and of this node lie {value} seconds apart: agreed hours and grants are judged by them."
                | "les horloges de {subject} et de ce nœud diffèrent de {value} secondes : horaires et autorisations en dépendent."
        ),
        Kind::ReviewOverdue => overdue(*value, language),
        Kind::RestoreUnconfirmed => {
            in_language!(
                language,
                "this node was restored and serves nothing to peers; peers that have not answered yet: {value}."
                    | "ce nœud a été restauré et ne sert rien aux confrères ; sans réponse : {value}."
            )
        }
    }
}

fn overdue(value: u64, language: Language) -> String {
    in_language!(
        language,
        "uses of broken glass that nobody has reviewed in time: {value}."
            | "bris de glace que personne n'a contrôlés à temps : {value}."
    )
}

/// Objects repaired, from where.
fn repaired(Alarm { subject, value, .. }: &Alarm, language: Language) -> String {
    if subject.is_empty() {
        return in_language!(
            language,
            "objects no longer what was stored, repaired from our own disks: {value}."
                | "objets altérés sur le disque, réparés depuis nos propres disques : {value}."
        );
    }
    in_language!(
        language,
        "objects no longer what was stored, repaired from {subject}: {value}."
            | "objets altérés sur le disque, réparés depuis {subject} : {value}."
    )
}

/// Of cases: by their number, never by their patient.
fn of_cases(alarm: &Alarm, language: Language) -> String {
    let Alarm { subject, value, call, .. } = alarm;
    let priority = call.as_ref().map_or("", |call| call.priority.as_str());
    match alarm.kind {
        Kind::CasesWithoutImages => in_language!(
            language,
            "requests whose images have not come: {value}." | "demandes dont les images n'arrivent pas : {value}."
        ),
        Kind::StudiesWithoutRequest => in_language!(
            language,
            "studies that came without a request: {value}." | "examens arrivés sans demande : {value}."
        ),
        Kind::ResultsUnheard => in_language!(
            language,
            "{priority}: nobody has acknowledged a critical result in time; telephone. Case {subject}."
                | "{priority} : personne n'a accusé réception à temps d'un résultat critique ; téléphonez. Dossier {subject}."
        ),
        Kind::ReportsUnfiled => in_language!(
            language,
            "signed reports that are not in the archive beside their images: {value}."
                | "comptes rendus signés qui ne sont pas dans l'archive avec leurs images : {value}."
        ),
        Kind::CaseWithoutImages => in_language!(
            language,
            "{priority}: the images of a request have not come; ask the scanner room. Case {subject}."
                | "{priority} : les images d'une demande n'arrivent pas ; appelez la salle d'examen. Dossier {subject}."
        ),
        Kind::CaseUnanswered => in_language!(
            language,
            "{priority}: nobody answers a request; telephone. Case {subject}."
                | "{priority} : personne ne répond à une demande ; téléphonez. Dossier {subject}."
        ),
        _ => in_language!(
            language,
            "{priority}: something due is late. Case {subject}."
                | "{priority} : une échéance est dépassée. Dossier {subject}."
        ),
    }
}

/// Of keys that speak for sites.
fn of_keys(alarm: &Alarm, language: Language) -> String {
    let Alarm { kind, subject, value, .. } = alarm;
    match kind {
        Kind::KeyChanged => in_language!(
            language,
            "{subject} changed its key {value} days ago; the new key is signed by the one before."
                | "{subject} a changé de clé il y a {value} jours ; la nouvelle est signée par la précédente."
        ),
        Kind::OwnKeysPart => in_language!(
            language,
            "somebody else has signed a new key in the name of {subject}: a key of this site is in other hands. Change it now, as one that may be in other hands; telephone the peers, and pair again with those whose node stands still. (After a restore: the backup was from before a change of the key.)"
                | "quelqu'un d'autre a signé une nouvelle clé au nom de {subject} : une clé de ce site est dans d'autres mains. Changez-la maintenant, comme clé peut-être dans d'autres mains ; téléphonez aux confrères, et appairez à nouveau ceux dont le nœud s'est arrêté. (Après une restauration : la sauvegarde datait d'avant un changement de clé.)"
        ),
        _ => in_language!(
            language,
            "two different keys claim to follow the key of {subject}: one of them is not the site. Nothing passes until both administrators have spoken on the telephone and paired the sites again."
                | "deux clés différentes prétendent succéder à celle de {subject} : l'une n'est pas le site. Rien ne passe tant que les deux administrateurs ne se sont pas parlé au téléphone et n'ont pas appairé les sites à nouveau."
        ),
    }
}

/// Of who should be on duty. No person is named.
fn of_rosters(alarm: &Alarm, language: Language) -> String {
    let Alarm { kind, subject, value, .. } = alarm;
    match kind {
        Kind::CoverageHole => in_language!(
            language,
            "nobody is on duty for {value} minutes: {subject}."
                | "personne n'est de garde pendant {value} minutes : {subject}."
        ),
        Kind::ScreenSilent => in_language!(
            language,
            "no screen of the one on duty has been live for {value} seconds: {subject}. The next in rank is asked."
                | "aucun écran de la personne de garde n'est actif depuis {value} secondes : {subject}. Le rang suivant est sollicité."
        ),
        _ => in_language!(
            language,
            "the shift is over and {value} open cases have not been handed over: {subject}."
                | "la garde est finie et {value} dossiers ouverts n'ont pas été transmis : {subject}."
        ),
    }
}

/// Of what sites owe one another in evidence.
fn of_evidence(alarm: &Alarm, language: Language) -> String {
    let Alarm { kind, subject, value, .. } = alarm;
    match kind {
        Kind::LedgerBroken => in_language!(
            language,
            "the log of {subject} is not what was signed: {value} findings; see the access log."
                | "le journal de {subject} n'est pas ce qui a été signé : {value} constats ; voir le journal des accès."
        ),
        Kind::LedgerUnwitnessed => in_language!(
            language,
            "{subject} has not countersigned {value} events of ours."
                | "{subject} n'a pas contresigné {value} de nos événements."
        ),
        _ => in_language!(
            language,
            "{subject} has not said that {value} copies of our studies are erased that should be."
                | "{subject} n'a pas confirmé l'effacement de {value} copies de nos examens qui devraient l'être."
        ),
    }
}
