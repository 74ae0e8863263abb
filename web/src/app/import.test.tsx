// The import page in its states: what is seen on a medium, what is decided, and how it ends.

import { screen, waitFor } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { Language } from '../lib/language';
import { archiveNode } from '../testing/archiveNode';
import { openPortal } from '../testing/portal';

const patient = (change: object = {}) => ({
  id: '4711', issuer: null, name: 'DURAND^Anne', birth_date: '19710402', sex: 'F',
  studies: [{ study: '1.2.3', date: '20240102', modalities: ['CT'], instances: 40, held: 3 }],
  candidates: [], must_decide: false, ...change,
});
const total = (change: object = {}) => ({ stored: 0, known: 0, refused: 0, left_out: 0, undecided: 0, bytes: 0, ...change });
const odd = (path: string, code: string, detail = '') => ({ path, fault: { code, detail } });

/** A page on which a medium was looked at; `second` is what taking it in says. */
async function looked(first: unknown[], { second = [], language = 'en' }: { second?: unknown[]; language?: Language } = {}) {
  const node = archiveNode('nothing');
  const asked: { scan?: boolean; decisions?: unknown[] }[] = [];
  const handle = node.handle.bind(node);
  node.handle = (method, path, body) => {
    if (path !== '/import') return handle(method, path, body);
    asked.push(body as (typeof asked)[number]);
    return { status: 200, lines: asked.length === 1 ? first : second };
  };
  const { user } = await openPortal(node, { at: '/archive/import', as: 'admin', language });
  await user.type(await screen.findByLabelText(language === 'en' ? /^Path on the node/ : /^Chemin sur la machine/), '/media/cd');
  await user.click(screen.getByRole('button', { name: language === 'en' ? 'Look' : 'Examiner' }));
  return { user, node, asked };
}

const submit = () => screen.findByRole<HTMLButtonElement>('button', { name: 'Take in what is chosen' });

describe('a medium that was looked at', () => {
  test('without images says so, and nothing can be taken in', async () => {
    const { asked } = await looked([{ total: total({ patients: [] }) }]);
    await screen.findByText('No DICOM images are there.');
    expect((await submit()).disabled).toBe(true);
    expect(asked).toEqual([{ paths: ['/media/cd'], scan: true }]);
  });

  test('names the files that are not taken, each with its reason, and says how many more there are', async () => {
    const files = Array.from({ length: 14 }, (_, n) => odd(`autorun${n}.inf`, 'no-object', 'no preamble'));
    const { user } = await looked([...files, { total: total({ refused: 14, patients: [patient()] }) }]);
    await screen.findByText('14 files are not taken in.');
    await user.click(screen.getByText('Which, and why'));
    expect(screen.getByText('autorun0.inf: no readable DICOM object')).toBeTruthy();
    expect(screen.queryByText(/^autorun12/)).toBeNull();
    expect(screen.getByText('and 2 more')).toBeTruthy();
  });

  test('says the reasons in French', async () => {
    await looked([odd('NOTES.TXT', 'no-object'), { total: total({ refused: 1, patients: [patient()] }) }], { language: 'fr' });
    await screen.findByText('1 fichier n’est pas pris.');
    expect(screen.getByText('NOTES.TXT : pas d’objet DICOM lisible')).toBeTruthy();
  });

  test('of which the look was cut off says that too', async () => {
    await looked([{ path: 'a' }]);
    expect((await screen.findByRole('alert')).textContent).toContain('was cut off');
    expect((await submit()).disabled).toBe(true);
  });

  test('waits for the decision on a patient who clashes with one of ours', async () => {
    const { user, asked } = await looked([{ total: total({ patients: [patient({ must_decide: true })] }) }], {
      second: [{ path: 'a' }, { total: total({ stored: 40, known: 3 }) }],
    });
    await screen.findByText('A patient here has the same ID, and another name, birth date or sex.');
    const take = await submit();
    expect(take.disabled).toBe(true);
    await user.selectOptions(screen.getByRole('combobox', { name: /^Decision on/ }), 'Patient of elsewhere');
    expect(take.disabled).toBe(true);
    await user.type(screen.getByLabelText(/^Issuer of the IDs/), 'Clinique X');
    expect(take.disabled).toBe(false);
    await user.click(take);
    await screen.findByText('40 taken in, 3 known already, 0 refused, 0 left out, 0 undecided.');
    expect(asked[1]?.decisions).toEqual([
      { id: '4711', name: 'DURAND^Anne', birth_date: '19710402', decision: 'external', issuer: 'Clinique X' },
    ]);
  });

  test('is not taken in where everybody is left out', async () => {
    const { user } = await looked([{ total: total({ patients: [patient()] }) }]);
    await user.selectOptions(await screen.findByRole('combobox', { name: /^Decision on/ }), 'Leave out');
    expect((await submit()).disabled).toBe(true);
  });

  test('of which taking it in refuses some names those', async () => {
    const { user } = await looked([{ total: total({ patients: [patient()] }) }], {
      second: [odd('IM7', 'disk-full'), { total: total({ stored: 39, refused: 1 }) }],
    });
    await user.click(await submit());
    await screen.findByText('39 taken in, 0 known already, 1 refused, 0 left out, 0 undecided.');
    expect(screen.getByText('IM7: the disk is full')).toBeTruthy();
  });

  test('of which taking it in is cut off says how to go on', async () => {
    const { user } = await looked([{ total: total({ patients: [patient()] }) }], { second: [{ path: 'a' }] });
    await user.click(await submit());
    await screen.findByText('The import was cut off. The same again goes on.');
  });
});

test('a look at a medium that the node does not answer says that the node is gone', async () => {
  const node = archiveNode('nothing');
  node.unanswered.set('POST /import', 'lost');
  const { user } = await openPortal(node, { at: '/archive/import', as: 'admin' });
  await user.type(await screen.findByLabelText(/^Path on the node/), '/media/cd');
  await user.click(screen.getByRole('button', { name: 'Look' }));
  expect((await screen.findByRole('alert')).textContent).toContain('does not answer');
});

test('a look at a medium shows that it goes on', async () => {
  const node = archiveNode('nothing');
  node.unanswered.set('POST /import', 'waiting');
  const { user } = await openPortal(node, { at: '/archive/import', as: 'admin' });
  await user.type(await screen.findByLabelText(/^Path on the node/), '/media/cd');
  await user.click(screen.getByRole('button', { name: 'Look' }));
  await waitFor(() => expect(screen.getByText('0 files seen').getAttribute('role')).toBe('status'));
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Choose files' }).disabled).toBe(true);
});

test('who is no administrator brings a medium, and names no path', async () => {
  await openPortal(archiveNode('nothing'), { at: '/archive/import', as: 'radiologist' });
  await screen.findByRole('button', { name: 'Choose files' });
  expect(screen.queryByLabelText(/^Path on the node/)).toBeNull();
});
