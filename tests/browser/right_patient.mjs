// Two cases of one reader in tabs of one browser: the viewer of one and the editor of the other.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { since } from './desk.mjs';

/** Whether the report can be written and signed, as the fields say. */
async function ability(page) {
  return { writes: await page.getByLabel('Résultats').isEditable(), signs: await page.getByRole('button', { name: /^Signer|^Valider/ }).isEnabled() };
}

/** Opens the images of a case from its page, and waits for the viewer's tab. */
async function openImages(context, page) {
  const [viewer] = await Promise.all([context.waitForEvent('page'), page.getByRole('button', { name: 'Voir les images' }).click()]);
  await viewer.locator('#confrere-strip').waitFor({ state: 'attached' });
  return viewer;
}

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {} });
  const { portal, name, password } = story.b;
  const [one, other] = story.cases;
  const context = await sitDown(browser, seen);
  const editor = await context.newPage();
  await signIn(editor, portal, name, password, `/cases/${one}/report`);
  const began = performance.now();
  await editor.getByRole('button', { name: 'Réserver' }).click();
  await editor.getByLabel('Résultats').fill('Texte de l’un.');

  // The images of the case itself.
  const page = await context.newPage();
  await page.goto(new URL(`/cases/${one}`, portal).href);
  const own = await openImages(context, page);
  await editor.bringToFront();
  await page.getByRole('button', { name: 'Voir les images' }).waitFor();
  seen.own_viewer = await ability(editor);
  await own.close();

  // And those of another patient.
  await page.goto(new URL(`/cases/${other}`, portal).href);
  const opened = performance.now();
  const viewer = await openImages(context, page);
  const alert = editor.getByRole('alert').filter({ hasText: 'Le visualiseur montre un autre patient' });
  await alert.waitFor();
  seen.seconds.locked = since(opened);
  await alert.getByText(story.patients[1], { exact: false }).waitFor();
  seen.says_whom = true;
  seen.other_viewer = await ability(editor);
  await editor.bringToFront();
  await editor.keyboard.press('Control+Enter');
  seen.signed_by_keyboard = await editor.getByRole('dialog').count();
  await judge(editor, 'right-patient-locked', seen);
  await viewer.getByText(`celui d’un autre patient : ${story.patients[0]}`).waitFor();
  seen.viewer_warns = true;
  await picture(viewer, 'right-patient-viewer');

  // Under the other's name nothing is signed, whatever a page sends.
  seen.other_name = await editor.evaluate(
    async ([id, otherId]) => {
      const read = async path => (await fetch(path)).json();
      const [mine, theirs] = [await read(`/api/cases/${id}`), await read(`/api/cases/${otherId}`)];
      const body = { standing: 'final', findings: 'x', despite: 'x', patient: { name: theirs.patient.name, birth_date: mine.patient.birth_date }, hospital: mine.requester_name, study_date: mine.study_date };
      const answer = await fetch(`/api/cases/${id}/reports`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      const { error, differs } = await answer.json();
      return [answer.status, error, differs];
    },
    [one, other],
  );

  // The way out.
  const gone = viewer.waitForEvent('close');
  gone.catch(() => undefined);
  await editor.getByRole('button', { name: 'Fermer les images de l’autre patient' }).click();
  await alert.waitFor({ state: 'detached' });
  seen.after_closing = await ability(editor);
  seen.kept = await editor.getByLabel('Résultats').inputValue();
  // It closes, or hides its images.
  await Promise.any([gone, viewer.getByRole('alertdialog').waitFor()]);
  seen.viewer_gone = true;
  await picture(editor, 'right-patient-open-again');
  seen.seconds.whole = since(began);
});
