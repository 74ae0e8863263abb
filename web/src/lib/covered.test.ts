import { expect, test } from 'vitest';
import { isCovered } from './covered';

test('the key that closes a dialog is not the page’s as well', () => {
  const heard: boolean[] = [];
  const dialog = document.createElement('div');
  dialog.setAttribute('role', 'dialog');
  document.body.append(dialog);
  window.addEventListener('keydown', () => dialog.remove(), { capture: true, once: true });
  const hear = () => heard.push(isCovered());
  document.addEventListener('keydown', hear);
  const press = () => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  press();
  press();
  document.removeEventListener('keydown', hear);
  expect(heard).toEqual([true, false]);
});
