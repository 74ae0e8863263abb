// L’aide, en français, pour les médecins et les manipulateurs. Une ligne par paragraphe.

export const helpWords = {
  title: 'Aide',
  about: 'Ce que les écrans veulent dire, et ce qui se passe quand personne ne fait rien.',
  parts: 'Sujets',
  list: {
    title: 'La liste de travail',
    text: 'Tous les dossiers de tous les hôpitaux couverts, le plus urgent en haut : d’abord la priorité, puis le temps qui reste. Le temps qui reste est celui de la prochaine échéance : répondre, premier compte rendu, compte rendu définitif, résultat critique à transmettre.\nAu-dessus de la liste, chaque hôpital couvert dit quand on l’a entendu pour la dernière fois. Un hôpital rouge ne répond plus : une liste vide ne veut alors rien dire de lui. Téléphonez au numéro indiqué.\n« Réservé par » est la personne qui lit. Deux personnes qui réservent au même instant : une seule l’a, l’autre est prévenue et sait par qui.\n« Régulation » montre qui a quoi, qui est disponible et ce qui n’est à personne.',
  },
  duty: {
    title: 'Prendre et passer une garde',
    text: 'Prendre sa garde, c’est essayer le son, les notifications et le lien vers chaque hôpital couvert : une alerte doit être entendue à 2 h 10. Ce qui n’a pas marché est écrit avec la garde.\nTant que vous êtes de garde, un écran doit rester ouvert, liste ou visualiseur. Après une minute sans écran, l’alerte part par téléphone, puis au rang suivant.\nUne garde ne se termine pas avec des dossiers ouverts : elle se passe, et la personne qui arrive dit qu’elle les prend. Jusque-là ils sont à vous.',
  },
  asked: {
    title: 'Quand on vous sollicite',
    text: 'Acceptez, ou refusez avec un motif : l’hôpital demandeur le voit aussitôt et la demande va au suivant. Si personne ne répond dans le délai, elle y va d’elle-même ; au bout de la liste, le demandeur voit « non joint » et les numéros à appeler.\nAccepter n’est pas réserver : accepter engage votre site, réserver vous engage, vous. Rendez un dossier que vous ne lirez pas ; rien ne le rend à votre place, sauf une longue absence.',
  },
  images: {
    title: 'Les images',
    text: 'Chaque octet est comparé à ce que l’hôpital d’origine a signé avant d’être affiché. Ce qui ne correspond pas n’est pas montré, et c’est dit.\n« APERÇU, NON DIAGNOSTIQUE » : l’image est réduite en attendant la vraie ; les mesures sont coupées.\n« 312/412 » : 312 images sont ici, 412 sont annoncées. « Compte non confirmé » : personne, ni machine, n’a dit qu’il n’en viendrait plus. Des images qui arrivent après que vous avez ouvert ou rendu l’examen vous sont signalées.\nSigner malgré des images manquantes, non décodées ou non vérifiées demande un motif, qui reste au dossier.',
  },
  report: {
    title: 'Le compte rendu',
    text: 'Préliminaire : il compte tout de suite et porte PROVISOIRE sur chaque page. Validé : il le remplace partout où il est allé. Après un compte rendu validé, on ajoute un addendum ; rien n’est réécrit.\nLa signature répète le nom, la date de naissance, l’hôpital et la date de l’examen. S’ils diffèrent de ce que vous avez à l’écran, elle est refusée.\nLe brouillon est gardé par le nœud ; si la ligne est coupée, il est gardé scellé dans ce navigateur et part de lui-même quand elle revient.',
  },
  critical: {
    title: 'Le résultat critique',
    text: 'Ouvrir un compte rendu n’est pas en avoir pris connaissance. Un résultat critique reste ouvert tant qu’un médecin nommé du site demandeur n’a pas dit « Je l’ai reçu et j’agis », ou que vous n’avez pas écrit qui l’a reçu au téléphone et l’a relu.\nAprès quinze minutes, la liste téléphonique du site demandeur s’affiche et l’alarme sonne des deux côtés.',
  },
  differ: {
    title: 'Deux comptes rendus qui diffèrent',
    text: 'Quand le définitif ne dit pas la même chose que le préliminaire, les deux textes sont mis côte à côte et un médecin du site lecteur classe l’écart. Qui a ouvert ou imprimé le premier doit dire qu’il a lu le second.',
  },
  ask: {
    title: 'Demander une lecture',
    text: 'Choisissez un modèle : il remplit ce qui va de soi. Ce qui manque est nommé à sa place. L’identité se contrôle avec le patient ou son bracelet, pas avec la mémoire.\nDonnez le téléphone de la salle d’examen : c’est là que le radiologue appelle. « Qui a été sollicité » dit, à chaque rang, qui a été demandé, qui a été sauté et pourquoi.\nLe consentement ne bloque jamais une urgence vitale.',
  },
  expert: {
    title: 'Demander un avis',
    text: 'Posez une question, choisissez les images qui comptent et la personne, l’équipe ou le site. L’expert peut demander un complément ; la réponse est dans les échanges du dossier, avec tout le reste.\nUn avis d’expert ne remplace pas le compte rendu de l’examen.',
  },
  priors: {
    title: 'Les antériorités',
    text: 'Les examens du même patient, ici et ailleurs, viennent à côté par un identifiant égal du même émetteur, ou par un lien confirmé par un médecin. Un nom et une date de naissance qui se ressemblent font un candidat, à comparer, jamais un rapprochement.\nUn lien se reprend : tout ce qui a été ouvert par lui est alors listé.',
  },
  cut: {
    title: 'Quand la ligne est coupée',
    text: 'Une bannière le dit. Ce qui est ici reste lisible. Entre cet écran et votre site, le compte rendu s’écrit et reste gardé dans ce navigateur ; réservations et signatures attendent. Entre deux sites, on réserve et on signe comme d’habitude, et tout part au retour de la ligne. Deux sites qui ont travaillé chacun de leur côté se remettent d’accord d’eux-mêmes, et rien de signé n’est perdu.',
  },
  glass: {
    title: 'L’accès d’urgence',
    text: 'Si un accord ne vous laisse pas voir un examen et que le patient est en danger, l’accès d’urgence l’ouvre avec un motif, pour un temps court. Il est écrit dans les deux hôpitaux et relu par le délégué à la protection des données.',
  },
  kept: {
    title: 'Ce qui est tracé',
    text: 'Chaque consultation est écrite ici et dans l’hôpital qui détient l’examen : qui, quand, quoi, pourquoi. Le patient peut demander qui a regardé ses images.',
  },
  not: {
    title: 'Ce que Confrere n’est pas',
    text: 'Confrere n’est pas un dispositif médical certifié. Il ne remplace ni le téléphone quand il y a urgence, ni votre jugement sur la qualité des images.',
  },
};
