import i18next from 'i18next';
import { beforeAll, describe, expect, test } from 'vitest';
import { startLanguage } from '../../lib/language';
import { CASE, caseOf, EVENT, reportOf } from '../../testing/caseNode';
import { arranged, bodyOf as stepBody, lacking } from './acts';
import { boundOf, differing, othersOf } from './binding';
import { expandAt, nextGap } from './blocks';
import { wordsThatDiffer } from './difference';
import { bodyOf, EMPTY_PATIENT, EMPTY_REQUEST, missingOf } from './request';
import { lackOf, lateOf, marksOf, readOf, sentenceOf } from './state';
import { REQUEST_TEMPLATES, withTemplate } from './templates';

beforeAll(() => startLanguage('fr'));

const base = caseOf({ case: CASE(1) });
const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ');

describe('where a case stands', () => {
  test('is said in a sentence', () => {
    const says = (change: object) => plain(sentenceOf({ ...base, ...change }, i18next.t, 'fr-FR'));
    expect(says({ stage: 'accepted', images: { here: 312, expected: 412, ready: false, count_confirmed: true } })).toBe('Accepté par CH Sud. Images 312/412 arrivées.');
    expect(says({ stage: 'requested', flags: ['escalated'] })).toBe('Personne n’a répondu : téléphonez.');
    expect(says({ stage: 'images-ready' })).toBe('Prêt à être lu à CH Sud : 412 images. Personne ne l’a réservé.');
    expect(says({ claim: { site: 'o', site_name: 'CH Sud', person: 'leroy', at: '2026-11-29T02:11:00Z', mine: false } })).toContain('Réservé par leroy (CH Sud)');
  });

  test('is marked on the way, with what was not needed', () => {
    const states = (change: object) => Object.fromEntries(marksOf({ ...base, ...change }).map(({ mark, state }) => [mark, state]));
    expect(states({ stage: 'accepted' })).toMatchObject({ received: 'done', accepted: 'done', protocol: 'now', images: 'now', reading: 'ahead' });
    expect(states({ stage: 'reading' })).toMatchObject({ images: 'done', reading: 'now', preliminary: 'ahead' });
    expect(states({ stage: 'final', protocol: null, reports: [reportOf({ event: EVENT(1), standing: 'final' })] })).toMatchObject({ protocol: 'skipped', preliminary: 'skipped', final: 'done', acknowledged: 'now' });
    expect(states({ stage: 'cancelled' })).toMatchObject({ received: 'done', accepted: 'ahead' });
  });
});

describe('what a signature lacks', () => {
  const read = readOf(base);
  test('is nothing where all images are here, counted and verified', () => expect(lackOf(base, read)).toEqual([]));
  test('is told one by one', () => {
    const [study] = base.study_list;
    if (!study) throw new Error('no study');
    expect(lackOf({ ...base, images: { here: 312, expected: 412, ready: false, count_confirmed: true } }, read)).toEqual(['missing']);
    expect(lackOf({ ...base, images: { here: 312, expected: null, ready: true, count_confirmed: false } }, read)).toEqual(['unconfirmed']);
    expect(lackOf({ ...base, study_list: [{ ...study, version_here: 4, verified: false }] }, read)).toEqual(['unverified', 'late']);
    expect(lackOf({ ...base, study_list: [{ ...study, version_here: null }] }, read)).toEqual(['missing']);
    expect(lackOf({ ...base, study_list: [{ ...study, instances: 400 }] }, read)).toEqual(['missing']);
    // Held elsewhere, and read from there.
    expect(lackOf({ ...base, images: { here: 0, expected: 412, ready: true, count_confirmed: true }, study_list: [{ ...study, here: 0 }] }, read)).toEqual([]);
    // A study that was not there when reading began.
    expect(lateOf([], base)).toEqual([study.study]);
  });
});

describe('the right patient', () => {
  test('what a report is bound to is compared field by field', () => {
    const bound = boundOf(base);
    expect(bound).toEqual({ name: 'DURAND^PAUL', birth_date: '19500101', hospital: 'CH Nord', study_date: '20261129' });
    expect(differing(bound, boundOf(base))).toEqual([]);
    expect(differing(bound, boundOf({ ...base, patient: { ...base.patient, birth_date: '19500110' }, requester_name: 'CH Est' }))).toEqual(['birth_date', 'hospital']);
  });

  test('of two tabs on one case the earlier writes; other patients’ tabs are named', () => {
    const tab = (id: string, on: string, since: number) => ({ id, case: on, patient: on, since });
    expect(othersOf([tab('a', 'x', 1)], tab('b', 'x', 2))).toEqual({ twin: true, others: [] });
    expect(othersOf([tab('b', 'x', 2)], tab('a', 'x', 1))).toEqual({ twin: false, others: [] });
    expect(othersOf([tab('b', 'y', 2)], tab('a', 'x', 1)).others).toHaveLength(1);
  });
});

describe('steps', () => {
  test('ask for what they need, and send it as the node takes it', () => {
    expect(lacking('refuse', {})).toEqual(['reason']);
    expect(lacking('refuse', { reason: '  ' })).toEqual(['reason']);
    expect(lacking('accept', {})).toEqual([]);
    expect(lacking('expect', { study: '1.2', instances: 'many' })).toEqual(['instances']);
    expect(lacking('hear', { who: 'Dr Y' })).toEqual(['read_back']);
    expect(stepBody('expect', { study: '1.2', instances: ' 412 ' })).toEqual({ step: 'expect', study: '1.2', instances: 412 });
    expect(stepBody('acquired', { studies: '1.2, 1.3\n1.4' })).toEqual({ step: 'acquired', studies: ['1.2', '1.3', '1.4'] });
  });

  test('stand in the order of their turn, and what is not a step is left out', () => {
    expect(arranged(['say', 'refuse', 'accept', 'escalate', 'report-final', 'hear'])).toEqual({ first: 'accept', beside: ['refuse'], rarer: ['escalate'] });
    expect(arranged([])).toEqual({ first: null, beside: [], rarer: [] });
    expect(arranged(['images-ready', 'ask'], true)).toEqual({ first: null, beside: ['ask'], rarer: ['images-ready'] });
  });
});

describe('a request', () => {
  const stroke = REQUEST_TEMPLATES[0];
  if (!stroke) throw new Error('no template');
  test('names what is missing, and an emergency does not wait for consent', () => {
    expect(missingOf(EMPTY_REQUEST, false)).toEqual(['patient', 'identity', 'question', 'modality', 'justification', 'consent']);
    expect(bodyOf({ ...EMPTY_REQUEST, accession: 'A1' })).toMatchObject({ accession: '', accession_issuer: '' });
    const urgent = withTemplate({ ...EMPTY_REQUEST, studies: ['1.2'] }, stroke, 'fr');
    expect(missingOf(urgent, true)).toEqual([]);
    expect(bodyOf(urgent)).toMatchObject({ priority: 'P0', consent: 'open', modality: 'CT', region: 'HEAD' });
    expect(missingOf({ ...urgent, priority: 'P1' }, true)).toEqual(['consent']);
  });

  test('a template never writes over what a person wrote', () => {
    const mine = { ...EMPTY_REQUEST, question: 'Dissection carotidienne ?' };
    expect(withTemplate(mine, stroke, 'fr').question).toBe('Dissection carotidienne ?');
    const other = REQUEST_TEMPLATES[1];
    if (!other) throw new Error('no template');
    expect(withTemplate(withTemplate(EMPTY_REQUEST, stroke, 'fr'), other, 'fr').question).toBe(other.question.fr);
  });

  test('a national number travels only when it is qualified', () => {
    const patient = { ...EMPTY_PATIENT, name: 'DURAND^PAUL', ins: '150019900000000' };
    expect(bodyOf({ ...EMPTY_REQUEST, patient: { ...patient, identity: 'validated' } }).patient?.ins).toBeNull();
    expect(bodyOf({ ...EMPTY_REQUEST, patient: { ...patient, identity: 'qualified' } }).patient?.ins).toBe('150019900000000');
  });
});

describe('text that is not typed again', () => {
  const blocks = [{ name: 'appel', text: 'Transmis au Dr […] à […].' }, { name: 'normal', text: 'Pas d’anomalie.' }];
  test('a block is written out where it is called, and its first gap is next', () => {
    expect(expandAt('Poumons. /normal', 16, blocks)).toEqual({ text: 'Poumons. Pas d’anomalie.', from: 24, to: 24 });
    expect(expandAt('/appel suite', 6, blocks)).toMatchObject({ text: 'Transmis au Dr […] à […]. suite', from: 15, to: 18 });
    expect(expandAt('20/normal', 9, blocks)).toBeNull();
    expect(expandAt('/autre', 6, blocks)).toBeNull();
  });
  test('gaps are found from a place on, round to the beginning', () => {
    expect(nextGap('a […] b […]', 5)).toEqual({ from: 8, to: 11 });
    expect(nextGap('a […] b', 6)).toEqual({ from: 2, to: 5 });
    expect(nextGap('a', 0)).toBeNull();
  });
});

test('of two texts the words are marked that the other lacks', () => {
  const marked = (own: string, other: string) => wordsThatDiffer(own, other).filter(piece => piece.differs).map(piece => piece.text.trim());
  expect(marked('Embolie lobaire droite sans retentissement.', 'Embolie lobaire droite avec retentissement.')).toEqual(['sans']);
  expect(marked('Pas de fracture.', 'Pas de fracture.')).toEqual([]);
  expect(wordsThatDiffer('un  deux\ntrois', 'x').map(piece => piece.text).join('')).toBe('un  deux\ntrois');
});
