// The line is cut in the midst of a report: what is typed is kept, sealed, and is at the node by itself when the line is
// back; a tab that is loaded anew meanwhile finds it. Nothing of it can be read on the disk, and nothing is signed while it is cut.

import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { line } from './line.mjs';

const BEFORE = 'Hématome capsulo-lenticulaire gauche';
const DURING = ', 32 mm, sans effet de masse';
const AFTER = '. Ligne médiane en place.';

/** All that the page keeps on disk under its own address. */
const onDisk = () => JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage });

await tell(async (browser, seen) => {
  const wire = await line(story.portal);
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, wire.portal, story.name, story.password, `/cases/${story.case}/report`);
  await page.getByRole('button', { name: 'Réserver' }).click();
  const findings = page.getByLabel('Résultats');
  const draftAt = () => page.evaluate(async path => (await fetch(path)).json(), `/api/cases/${story.case}/draft`);
  await findings.fill(BEFORE);
  await page.getByText(/gardé par le nœud/).waitFor();
  seen.before = (await draftAt()).findings;

  // Another tab of the same browser stays open, as the viewer's does.
  const other = await context.newPage();
  await other.goto(`${wire.portal}/cases`);
  // It is at work, and so one of those that hold the key, before the line is cut.
  await other.getByText('dr.leroy', { exact: true }).waitFor();
  await page.bringToFront();

  wire.cut();
  await findings.press('End');
  await findings.pressSequentially(DURING);
  await page.getByText(/gardé dans ce navigateur, scellé/).waitFor();
  await page.getByRole('alert').filter({ hasText: /restent utilisables/ }).waitFor();
  seen.readable = /capsulo|masse/.test(await page.evaluate(onDisk));
  seen.sealed = (await page.evaluate(onDisk)).includes('confrere.kept.report');
  await picture(page, 'cut');

  // What it is about cannot be repeated now: nothing is signed. The dialog stays, for when it can.
  await page.keyboard.press('Control+Enter');
  const signing = page.getByRole('dialog', { name: 'Signer en provisoire' });
  await signing.getByText('Signature impossible pour l’instant').waitFor();
  const signs = signing.getByRole('button', { name: 'Signer en provisoire' });
  if (await signs.count()) throw new Error('it can be signed while the line is cut');

  const back = Date.now();
  wire.mend();
  await page.getByText(/gardé par le nœud/).waitFor();
  seen.seconds = { to_node: (Date.now() - back) / 1000 };
  seen.during = (await draftAt()).findings;
  await signing.getByText('Est-ce bien celui que vous avez lu', { exact: false }).waitFor();
  await signing.getByText('Signature impossible pour l’instant').waitFor({ state: 'detached' });
  const reason = signing.getByRole('textbox');
  if (await reason.count()) await reason.fill('Série complète, vue avec la salle d’examen.');
  // It could be pressed now.
  await signs.click({ trial: true });
  await signing.getByRole('button', { name: 'Annuler' }).click();
  await signing.waitFor({ state: 'detached' });

  // The node refuses to be told, and the tab is loaded anew: the text comes from this browser.
  await page.route('**/draft', route => route.abort());
  // In one go: what is said to be sealed is then all of it.
  await findings.fill((await findings.inputValue()) + AFTER);
  await page.getByText(/gardé dans ce navigateur, scellé/).waitFor();
  page.on('dialog', dialog => void dialog.accept());
  await page.reload();
  await findings.waitFor();
  await page.waitForFunction(text => document.querySelector('[data-part=findings] textarea, textarea[data-part=findings]')?.value.includes(text), AFTER);
  seen.found = await findings.inputValue();
  await picture(page, 'found-again');
  await page.unroute('**/draft');
  await page.getByText(/gardé par le nœud/).waitFor();
  seen.after = (await draftAt()).findings;
  seen.left = (await page.evaluate(onDisk)).includes('confrere.kept.report');
  wire.close();
});
