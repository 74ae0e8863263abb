// The steps people take in a case: what each asks for before it is taken. Which of them a state allows, the node says.

import { hourOf } from './request';

export type StepWord =
  | 'offer'
  | 'accept'
  | 'refuse'
  | 'acquired'
  | 'complement'
  | 'images-ready'
  | 'expect'
  | 'claim'
  | 'release'
  | 'hand-over'
  | 'regulate'
  | 'read'
  | 'acknowledge'
  | 'hear'
  | 'compare'
  | 'ask'
  | 'answer'
  | 'hold'
  | 'resume'
  | 'escalate'
  | 'cancel'
  | 'unserved'
  | 'close'
  | 'reopen'
  | 'say'
  | 'prioritise'
  | 'specify'
  | 'identify'
  | 'uncover';

export interface Field {
  name: 'text' | 'reason' | 'protocol' | 'to' | 'whom' | 'priority' | 'instances' | 'study' | 'studies' | 'who' | 'read_back' | 'confirm_count' | 'confirmed' | 'examination' | 'on_site_physician' | 'answer_by';
  kind: 'area' | 'line' | 'colleague' | 'site' | 'priority' | 'number' | 'study' | 'uids' | 'check' | 'examination' | 'moment';
  required: boolean;
}

const area = (name: 'text' | 'reason' | 'protocol', required = true): Field => ({ name, kind: 'area', required });

/** No fields: it is taken at once. */
export const STEP_FIELDS: Record<StepWord, readonly Field[]> = {
  offer: [{ name: 'to', kind: 'site', required: true }, { name: 'whom', kind: 'line', required: false }],
  accept: [area('protocol', false)],
  refuse: [area('reason'), { name: 'confirmed', kind: 'check', required: false }],
  acquired: [{ name: 'studies', kind: 'uids', required: true }],
  complement: [area('text', false)],
  'images-ready': [{ name: 'confirm_count', kind: 'check', required: false }],
  expect: [{ name: 'study', kind: 'study', required: true }, { name: 'instances', kind: 'number', required: true }],
  claim: [],
  release: [area('reason', false)],
  'hand-over': [{ name: 'to', kind: 'line', required: true }],
  regulate: [{ name: 'to', kind: 'colleague', required: false }, area('reason'), { name: 'confirmed', kind: 'check', required: false }],
  read: [],
  acknowledge: [],
  hear: [{ name: 'who', kind: 'line', required: true }, { name: 'read_back', kind: 'check', required: true }],
  // Has a screen of its own: both texts side by side.
  compare: [],
  ask: [area('text')],
  answer: [area('text')],
  hold: [area('reason')],
  resume: [],
  escalate: [area('text')],
  cancel: [area('reason')],
  unserved: [area('reason')],
  close: [],
  reopen: [area('reason')],
  // Stands below the thread.
  say: [area('text')],
  prioritise: [{ name: 'priority', kind: 'priority', required: true }, area('reason')],
  specify: [
    { name: 'examination', kind: 'examination', required: false },
    { name: 'on_site_physician', kind: 'line', required: false },
    { name: 'answer_by', kind: 'moment', required: false },
  ],
  // Has a screen of its own: who it was until now, and what the images say.
  identify: [],
  uncover: [area('reason')],
};

export const DANGEROUS: ReadonlySet<StepWord> = new Set<StepWord>(['refuse', 'cancel', 'unserved']);

export function isStep(word: string): word is StepWord {
  return Object.hasOwn(STEP_FIELDS, word);
}

/** What is done most at each turn of a case comes first; the first that is allowed is the one button that stands out. */
const FIRST: readonly StepWord[] = ['claim', 'accept', 'answer', 'acquired', 'complement', 'images-ready', 'resume', 'close'];
/** Not among the buttons: they stand beside what they are about. */
const ELSEWHERE: ReadonlySet<StepWord> = new Set<StepWord>(['read', 'acknowledge', 'hear', 'compare', 'say', 'uncover']);

/** Splits what the node allows: the first, those beside it, and those that are rarer. What is done already may be done again, and is rare. */
export function arranged(actions: readonly string[], isReady = false): { first: StepWord | null; beside: StepWord[]; rarer: StepWord[] } {
  const steps = actions.filter(isStep).filter(word => !ELSEWHERE.has(word));
  const again: readonly StepWord[] = isReady ? ['acquired', 'images-ready'] : [];
  const first = FIRST.find(word => steps.includes(word) && !again.includes(word)) ?? null;
  const near: readonly StepWord[] = ['refuse', 'release', 'hand-over', 'expect', 'ask', 'claim', 'images-ready', 'complement', 'reopen'];
  const beside = near.filter(word => word !== first && steps.includes(word) && !again.includes(word));
  return { first, beside, rarer: steps.filter(word => word !== first && !beside.includes(word)) };
}

export type Given = Partial<Record<Field['name'], string | boolean>>;

/** What is asked for in a case: over somebody else only where somebody has it, and to whom where nobody has. */
export function fieldsOf(step: StepWord, claim: { mine: boolean } | null): Field[] {
  const isOthers = claim !== null && !claim.mine;
  return STEP_FIELDS[step]
    .filter(field => field.name !== 'confirmed' || isOthers)
    .map(field => (step === 'regulate' && field.name === 'to' && claim === null ? { ...field, required: true } : field));
}

/** Which required fields are empty. */
export function lacking(step: StepWord, given: Given, fields: readonly Field[] = STEP_FIELDS[step]): Field['name'][] {
  return fields
    .filter(field => field.required)
    .filter(({ name, kind }) => {
      const value = given[name];
      if (kind === 'check') return value !== true;
      const text = typeof value === 'string' ? value.trim() : '';
      return text === '' || (kind === 'number' && !/^[1-9]\d{0,6}$/.test(text));
    })
    .map(({ name }) => name);
}

/** The body of the step, as the node takes it. */
export function bodyOf(step: StepWord, given: Given): { step: StepWord } & Record<string, unknown> {
  const values = STEP_FIELDS[step].map(({ name, kind }): [string, unknown] => {
    const value = given[name];
    if (kind === 'check') return [name, value === true];
    const text = typeof value === 'string' ? value.trim() : '';
    if (kind === 'number') return [name, Number(text)];
    if (kind === 'moment') return [name, hourOf(text)];
    if (kind === 'uids') return [name, text.split(/[\s,;]+/).filter(Boolean)];
    return [name, text];
  });
  return { step, ...Object.fromEntries(values) };
}
