import { expect, test } from 'vitest';
import { en } from './en';
import { fr } from './fr';

interface Tree { [key: string]: string | Tree }

function leaves(tree: Tree, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${path}${key}`, value] as [string, string]] : leaves(value, `${path}${key}.`),
  );
}

const holes = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(match => match[1]).sort();

test('both languages say the same things, and none is left empty', () => {
  const french = new Map(leaves(fr));
  expect([...french.keys()]).toEqual(leaves(en).map(([key]) => key));
  for (const [key, text] of french) expect(text.trim(), key).not.toBe('');
});

test('a sentence has the same holes in both languages', () => {
  const french = new Map(leaves(fr));
  for (const [key, text] of leaves(en)) expect(holes(french.get(key) ?? ''), key).toEqual(holes(text));
});

test('French is not left in English', () => {
  const same = new Set(['app.name', 'list.id', 'list.sexM', 'list.sexF', 'list.modality', 'list.site', 'list.images', 'list.held', 'list.description', 'archive.title', 'archive.pages.corrections', 'archive.pages.import', 'archive.corrections.nameForm', 'shift.short.garde', 'shift.short.astreinte', 'rosters.min', 'cases.pdf']);
  const shared = /^(Menu|Dates…|Patient|Site|Images?|Actions|Mod\.|images|Invitation|version.*|Version|DICOM|AE title|Instances?|Note|Indication|Technique|Conclusion|Justification|Date|Port|\{\{.*\}\} images?)$/;
  const french = new Map(leaves(fr));
  for (const [key, text] of leaves(en)) {
    if (!same.has(key) && !shared.test(text)) expect(french.get(key), key).not.toBe(text);
  }
});
