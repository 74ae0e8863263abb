// Signatures électroniques portées par les objets.

export const signatureWords = {
  signatures: {
    menu: 'Signatures électroniques…',
    title: 'Signatures électroniques de cet examen',
    about:
      'Signatures que l’appareil ou un médecin a placées dans les objets, avant leur réception. Chacune porte sur les éléments qu’elle nomme, et sur aucun autre.',
    standing: {
      none: 'Aucun objet de cet examen ne porte de signature électronique.',
      valid: 'Toutes les signatures sont valides, de signataires connus de ce site.',
      'unknown-signer': 'Toutes les signatures sont valides, mais les certificats des signataires ne sont pas connus de ce site.',
      weak: 'Des signatures emploient une méthode qui prouve peu.',
      unchecked: 'Des signatures ne peuvent pas être vérifiées.',
      broken: 'Une signature est rompue : un élément qu’elle nomme n’est pas celui qui a été signé.',
    },
    counted: '{{signed}} objets sur {{objects}} sont signés.',
    unread_one: '{{count}} est trop gros, ou de trop, pour être vérifié en une fois.',
    unread_other: '{{count}} sont trop gros ou trop nombreux pour être vérifiés en une fois.',
    state: { valid: 'valide', broken: 'rompue', unchecked: 'non vérifiable' },
    why: {
      incomplete: 'Des parties manquent ou sont illisibles.',
      method: 'La méthode est trop faible, ou inconnue ici.',
      elements: 'Elle nomme des éléments qui ne doivent pas être signés.',
      encoding: 'Elle a été faite sur des pixels encodés autrement.',
    },
    item: 'D’un seul élément : {{item}}',
    by: 'Signé par',
    issuer: 'Certificat de',
    known: 'Ce site connaît l’autorité de ce certificat.',
    unknown: 'Signé par un certificat que ce site ne connaît pas.',
    outOfDate: 'Le certificat n’est pas en cours de validité.',
    valid: 'Valable du {{from}} au {{to}}',
    at: 'Faite le {{at}}, selon elle-même',
    covers_one: 'Elle nomme {{count}} élément.',
    covers_other: 'Elle nomme {{count}} éléments.',
    pixels: 'Les pixels en font partie.',
    noPixels: 'Les pixels n’en font pas partie.',
    weak: '{{hash}} : prouve peu',
  },
};
