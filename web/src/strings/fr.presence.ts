// Si les confrères connaissent un patient.

export const presenceWords = {
  presence: {
    ask: 'Demander aux confrères s’ils connaissent ce patient',
    again: 'Redemander',
    asking: 'Les confrères sont interrogés…',
    about: 'Le matricule leur est caché : un site qui ne connaît pas le patient n’apprend rien. Les deux journaux disent que vous avez demandé, et non pour qui.',
    title: 'Qui connaît ce patient',
    nobody: 'Aucun site appairé.',
    none: 'Aucun de ceux qui ont été joints ne connaît le patient.',
    some_one: '{{count}} site connaît le patient.',
    some_other: '{{count}} sites connaissent le patient.',
    missing_one: '{{count}} site n’a pas répondu.',
    missing_other: '{{count}} sites n’ont pas répondu.',
    answer: {
      knows: 'connaît',
      'does-not': 'ne connaît pas',
      'not-reached': 'non joint',
      refused: 'ne peut le dire',
      faulty: 'réponse non crue',
    },
    why: {
      busy: 'trop demandé, ou pas prêt : à redemander plus tard',
      'outside-hours': 'seulement à d’autres heures',
      'off-duty': 'seulement pendant une garde ici',
      suspended: 'l’accord est suspendu',
      closing: 'l’accord prend fin',
      other: 'aucun accord ne permet de le demander',
    },
    asOf: 'au {{at}}',
    kind: { CT: 'scanner', MR: 'IRM', XR: 'radio', US: 'échographie', MG: 'mammographie', NM: 'médecine nucléaire', XA: 'angiographie', OT: 'autre' },
  },
};
