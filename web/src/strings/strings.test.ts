import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { en } from './en';
import { enPages } from './en.pages';
import { fr } from './fr';
import { frPages } from './fr.pages';

interface Tree { [key: string]: string | Tree }

function leaves(tree: Tree, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${path}${key}`, value] as [string, string]] : leaves(value, `${path}${key}.`),
  );
}

const holes = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(match => match[1]).sort();

const english = [...leaves(en), ...leaves(enPages)];
const french = new Map([...leaves(fr), ...leaves(frPages)]);

test('both languages say the same things, and none is left empty', () => {
  expect(leaves(fr).map(([key]) => key)).toEqual(leaves(en).map(([key]) => key));
  expect([...french.keys()]).toEqual(english.map(([key]) => key));
  for (const [key, text] of french) expect(text.trim(), key).not.toBe('');
});

test('nothing is said twice', () => expect(new Set(english.map(([key]) => key)).size).toBe(english.length));

test('a sentence has the same holes in both languages', () => {
  for (const [key, text] of english) expect(holes(french.get(key) ?? ''), key).toEqual(holes(text));
});

test('French is not left in English', () => {
  const same = new Set(['app.name', 'list.id', 'list.sexM', 'list.sexF', 'list.modality', 'list.site', 'list.images', 'list.held', 'list.description', 'archive.title', 'archive.pages.corrections', 'archive.pages.import', 'archive.corrections.nameForm', 'shift.short.garde', 'shift.short.astreinte', 'rosters.min', 'cases.pdf']);
  const shared = /^(Menu|Dates…|Patient|Site|Images?|Actions|Mod\.|images?|Invitation|version.*|Version|DICOM|AE title|Instances?|Note|Indication|Technique|Conclusion|Justification|Date|Port|\{\{.*\}\} images?(, .*)?)$/;
  for (const [key, text] of english) {
    if (!same.has(key) && !shared.test(text)) expect(french.get(key), key).not.toBe(text);
  }
});

/** The text of a module and of all that it imports at once. */
function closure(path: string, seen = new Map<string, string>()): Map<string, string> {
  const file = [path, `${path}.ts`, `${path}.tsx`].find(one => /\.tsx?$/.test(one) && existsSync(one));
  if (!file || seen.has(file)) return seen;
  const text = readFileSync(file, 'utf8');
  seen.set(file, text);
  for (const [, from] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+)';/gms)) closure(resolve(dirname(file), from ?? ''), seen);
  return seen;
}

test('what is loaded first asks for no word that comes later', () => {
  const src = resolve('src');
  const first = ['main.tsx', 'features/cases/Worklist.tsx', 'features/home/HomePage.tsx'].map(name => join(src, name));
  const modules = new Map(first.flatMap(name => [...closure(name)]));
  expect(modules.size).toBeGreaterThan(40);
  const known = leaves(en).map(([key]) => key);
  const later = leaves(enPages).map(([key]) => key);
  for (const [file, text] of modules) {
    // A key, or how one begins that ends in a value.
    for (const [, key] of text.matchAll(/['`]([a-z][\w-]*\.[\w.-]*)(?=['`]|\$\{)/gi)) {
      const asks = (one: string) => one === key || one.replace(/_(zero|one|other)$/, '') === key || (key?.endsWith('.') && one.startsWith(key));
      if (!known.some(asks)) expect(later.filter(asks), `${file}: ${key}`).toEqual([]);
    }
  }
});
