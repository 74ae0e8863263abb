import { webcrypto } from 'node:crypto';
import { beforeEach, expect, test, vi } from 'vitest';
import { keep, kept, pageVault, unkeepAll } from './vault';

beforeEach(() => vi.stubGlobal('crypto', webcrypto));

test('what is kept is found again, and cannot be read where it lies', async () => {
  expect(await keep('report.1', 'Hématome capsulo-lenticulaire gauche')).toBe(true);
  const stored = localStorage.getItem('confrere.kept.report.1') ?? '';
  expect(stored).not.toContain('matome');
  expect(atob(stored.split('.')[1] ?? '')).not.toContain('matome');
  expect(await kept('report.1')).toBe('Hématome capsulo-lenticulaire gauche');
});

test('the same text is never the same box twice', async () => {
  const vault = pageVault();
  expect(await vault.seal('x')).not.toBe(await vault.seal('x'));
});

test('what another session kept does not open, and goes', async () => {
  const other = pageVault();
  localStorage.setItem('confrere.kept.report.2', (await other.seal('secret')) ?? '');
  expect(await kept('report.2')).toBeNull();
  expect(localStorage.getItem('confrere.kept.report.2')).toBeNull();
});

test('once the key is gone nothing opens', async () => {
  const vault = pageVault();
  const box = (await vault.seal('secret')) ?? '';
  vault.forget();
  expect(await vault.unseal(box)).toBeNull();
});

test('at sign-out nothing stays', async () => {
  await keep('report.3', 'text');
  localStorage.setItem('confrere.language', 'fr');
  unkeepAll();
  expect(Object.keys(localStorage)).toEqual(['confrere.language']);
});

test('without a cipher nothing is kept, and that is said', async () => {
  vi.stubGlobal('crypto', {});
  expect(await keep('report.4', 'text')).toBe(false);
  expect(localStorage.getItem('confrere.kept.report.4')).toBeNull();
});
