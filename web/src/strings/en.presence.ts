// Whether the confrères know a patient.

export const presenceWords = {
  presence: {
    ask: 'Ask the confrères whether they know this patient',
    again: 'Ask again',
    asking: 'Asking the confrères…',
    about: 'The number is hidden from them: a site that does not know the patient learns nothing. Both logs show that you asked, not for whom.',
    title: 'Who knows this patient',
    nobody: 'No paired site.',
    none: 'None of those reached knows the patient.',
    some_one: '{{count}} site knows the patient.',
    some_other: '{{count}} sites know the patient.',
    missing_one: '{{count}} site gave no answer.',
    missing_other: '{{count}} sites gave no answer.',
    answer: {
      knows: 'knows',
      'does-not': 'does not know',
      'not-reached': 'not reached',
      refused: 'may not say',
      faulty: 'answer not believed',
    },
    why: {
      busy: 'asked too often, or not ready: again later',
      'outside-hours': 'only at other hours',
      'off-duty': 'only while somebody is on duty here',
      suspended: 'the agreement is suspended',
      closing: 'the agreement is ending',
      other: 'no agreement lets us ask',
    },
    asOf: 'as of {{at}}',
    kind: { CT: 'CT', MR: 'MR', XR: 'X-ray', US: 'ultrasound', MG: 'mammography', NM: 'nuclear medicine', XA: 'angiography', OT: 'other' },
  },
};
