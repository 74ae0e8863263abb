// A question with one image of one series; the reader opens it by a click, signs what was measured with the report, and whoever asked
// opens the viewer from the report on that very image.

import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { inEnglish, send, sign } from './desk.mjs';
import { until } from './viewer.mjs';

/** Clicks what opens the viewer, and gives the image that it begins with. */
async function jump(context, page, button, uid) {
  const [viewer] = await Promise.all([context.waitForEvent('page'), button.click()]);
  const [first] = await until(viewer, now => now.some(one => one.uid === uid));
  await viewer.locator('canvas.cornerstone-canvas').first().waitFor();
  return { viewer, uid: first.uid };
}

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], jumped: [], signed: '', asked: 0, weasis: false });
  const [askers, experts] = [await sitDown(browser, seen), await sitDown(browser, seen)];
  const [asker, expert] = [await askers.newPage(), await experts.newPage()];
  await signIn(asker, story.a.portal, story.a.name, story.a.password, `/cases/new?study=${story.study}`);
  await asker.getByText(story.patient).first().waitFor();
  await asker.getByRole('button', { name: /^P2\s*Avis d’expert/ }).click();
  await asker.getByLabel(/Question posée/).fill('Lésion frontale ?');
  await asker.getByLabel(/Contexte clinique/).fill('Céphalées.');
  await asker.getByRole('radio', { name: 'informé, sans opposition' }).check();
  const to = asker.getByRole('combobox', { name: /Établissements, dans l’ordre/ });
  await to.fill(story.b.site);
  await asker.getByRole('option', { name: story.b.site }).click();
  await asker.keyboard.press('Escape');
  await asker.getByRole('button', { name: 'Choisir des coupes' }).nth(1).click();
  const one = asker.getByRole('button', { name: `coupe ${story.number}`, exact: true });
  await one.click();
  await asker.getByText('1 coupe choisie').waitFor();
  await judge(asker, 'key-images-chosen', seen);
  const id = await send(asker);

  // The reader sees it with the question, and one click opens it.
  await signIn(expert, story.b.portal, story.b.name, story.b.password, `/cases/${id}`);
  const question = expert.getByRole('region', { name: 'Demande' });
  await question.getByRole('heading', { name: 'Images à regarder d’abord' }).waitFor();
  const pictures = question.getByRole('button', { name: /^Ouvrir dans le visualiseur/ });
  seen.asked = await pictures.count();
  await judge(expert, 'key-images-asked', seen);
  const first = await jump(experts, expert, pictures.first(), story.chosen);
  seen.jumped.push(first.uid);
  await picture(first.viewer, 'key-image-opened');
  await first.viewer.close();

  await expert.getByRole('button', { name: 'Accepter', exact: true }).click();
  await expert.getByRole('dialog').getByRole('button', { name: 'Accepter' }).click();
  await expert.getByRole('button', { name: 'Réserver', exact: true }).click();
  await expert.getByRole('link', { name: 'Rédiger' }).waitFor();
  await expert.getByRole('button', { name: 'Autres actions' }).click();
  await expert.getByRole('menuitem', { name: 'Ouvrir dans Weasis' }).waitFor();
  seen.weasis = true;
  await expert.keyboard.press('Escape');
  await expert.getByRole('link', { name: 'Rédiger' }).click();
  await expert.getByLabel('Résultats').waitFor();
  const found = expert.getByRole('region', { name: 'Images clés et mesures' });
  const measured = found.getByRole('button', { name: /Longueur 23,4 mm/ });
  await measured.waitFor();
  const second = await jump(experts, expert, measured, story.measured);
  seen.jumped.push(second.uid);
  await second.viewer.close();
  const final = expert.locator('label', { hasText: /^Validé$/ });
  if (await final.count()) await final.click();
  await sign(expert, seen, { findings: 'Lésion frontale droite.', conclusion: 'Gliome probable.', critical: false, button: 'Valider' }, 'key-images-report');

  // Whoever asked has the image with the words, and opens it from there.
  const report = asker.getByRole('article', { name: 'Validé' });
  const shown = report.getByRole('button', { name: /Longueur 23,4 mm/ });
  await shown.waitFor();
  seen.signed = await shown.getAttribute('aria-label');
  await judge(asker, 'key-images-with-report', seen);
  const third = await jump(askers, asker, shown, story.measured);
  seen.jumped.push(third.uid);
  await picture(third.viewer, 'key-image-from-report');
  await third.viewer.close();
  await inEnglish(asker);
  await asker.getByRole('region', { name: 'Images with the report' }).waitFor();
  await picture(asker, 'key-images-english');
});
