//! What is said of a condition, in the site's language. Never a patient, never a study.

use super::{Alarm, Kind, Notice, What};

/// A line for a subject, and a sentence for a body.
pub(super) fn sentence(notice: &Notice, language: &str) -> String {
    let french = language == "fr";
    let text = if french { french_of(&notice.alarm) } else { english_of(&notice.alarm) };
    match (notice.what, french) {
        (What::Test, true) => "Ceci est un essai des alertes ; il n'y a rien à faire.".to_owned(),
        (What::Test, false) => "This is a test of the alarms; there is nothing to do.".to_owned(),
        (What::Raised, _) => text,
        (What::Over, true) => format!("C'est terminé : {text}"),
        (What::Over, false) => format!("This is over: {text}"),
    }
}

fn english_of(alarm: &Alarm) -> String {
    let Alarm { kind, subject, value, .. } = alarm;
    match kind {
        Kind::DiskFilling => format!("the disk is {value} % full."),
        Kind::CertificateEnding => format!("the certificate of {subject} ends in {value} days."),
        Kind::BackupOverdue => format!("the last backup is {value} days old."),
        Kind::PeerSilent => format!("nothing was heard of {subject} for {value} hours."),
        Kind::RotFound => format!("objects no longer what was stored, set aside: {value}."),
        Kind::MigrationStopped => format!("the migration {subject} has stopped."),
        Kind::TierUnreachable => format!("the storage tier {subject} cannot be reached."),
        Kind::RotRepaired if subject.is_empty() => {
            format!("objects no longer what was stored, repaired from our own disks: {value}.")
        }
        Kind::RotRepaired => format!("objects no longer what was stored, repaired from {subject}: {value}."),
        Kind::SecondCopyOverdue => format!("the second copy of the backup at {subject} is {value} days old."),
        Kind::RestoreUnconfirmed => {
            format!("this node was restored and serves nothing to peers; peers that have not answered yet: {value}.")
        }
    }
}

fn french_of(alarm: &Alarm) -> String {
    let Alarm { kind, subject, value, .. } = alarm;
    match kind {
        Kind::DiskFilling => format!("le disque est plein à {value} %."),
        Kind::CertificateEnding => format!("le certificat de {subject} expire dans {value} jours."),
        Kind::BackupOverdue => format!("la dernière sauvegarde date de {value} jours."),
        Kind::PeerSilent => format!("aucune nouvelle de {subject} depuis {value} heures."),
        Kind::RotFound => format!("objets altérés sur le disque, mis à l'écart : {value}."),
        Kind::MigrationStopped => format!("la reprise {subject} s'est arrêtée."),
        Kind::TierUnreachable => format!("le niveau de stockage {subject} est injoignable."),
        Kind::RotRepaired if subject.is_empty() => {
            format!("objets altérés sur le disque, réparés depuis nos propres disques : {value}.")
        }
        Kind::RotRepaired => format!("objets altérés sur le disque, réparés depuis {subject} : {value}."),
        Kind::SecondCopyOverdue => format!("la seconde copie de la sauvegarde chez {subject} date de {value} jours."),
        Kind::RestoreUnconfirmed => {
            format!("ce nœud a été restauré et ne sert rien aux confrères ; sans réponse : {value}.")
        }
    }
}
