// Images come when the report is signed, read and closed, or while it is written and are not looked at: both sites are called, both
// screens say which version it was read from and which one is there, until an addendum is signed that names all of them.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { beginFinal, called, follow, inEnglish, sign, since, store } from './desk.mjs';
import { until } from './viewer.mjs';

const FIRST = { findings: 'Pas de défect endoluminal sur les coupes lues.', conclusion: 'Pas d’embolie pulmonaire.', critical: false, button: 'Valider' };
const MORE = { findings: 'Série arrivée ensuite : pas de défect non plus.', conclusion: 'Conclusion inchangée, toutes les images lues.', critical: false, button: 'Signer l’additif' };
const CALLS = 'Des images sont arrivées après';
const FLAG = 'images tardives';

/** What a case's page says of the images that its report has not seen: which version it was read from, and which one is there. */
async function versions(page) {
  const late = page.getByText(/des images sont arrivées après le compte rendu \(version \d+\), à relire/);
  await late.waitFor();
  const report = page.getByRole('article', { name: 'Validé' });
  await report.getByText(/lu à la version \d+/).waitFor();
  const number = async (place, what) => Number(what.exec(await place.innerText())[1]);
  return { read: await number(report, /lu à la version (\d+)/), there: await number(late, /\(version (\d+)\)/) };
}

await tell(async (browser, seen) => {
  const name = story.while_writing ? 'late-while-writing' : 'late-after';
  Object.assign(seen, { grave: [], seconds: {}, versions: [], despite: '' });
  const desks = {};
  const contexts = {};
  for (const [who, at] of [['a', ''], ['b', '/report']]) {
    const { portal, name: person, password } = story[who];
    contexts[who] = await sitDown(browser, seen);
    desks[who] = await contexts[who].newPage();
    await signIn(desks[who], portal, person, password, `/cases/${story.case}${at}`);
  }
  const { a: asker, b: reader } = desks;
  const first = asker.getByRole('article', { name: 'Validé' });
  const began = performance.now();
  await reader.getByRole('button', { name: 'Réserver' }).click();
  await beginFinal(reader);
  if (story.while_writing) {
    const stored = await store(story.scanner, story.more);
    await reader.getByRole('alert').filter({ hasText: 'Des images sont arrivées depuis' }).waitFor();
    seen.seconds.told_while_writing = since(stored);
    await judge(reader, 'late-in-the-editor', seen);
    // They are not looked at: the report is signed with a reason, and says so.
    await sign(reader, seen, FIRST, name);
    await first.getByText(/^Signé bien que/).waitFor();
    seen.despite = await first.getByText(/^Signé bien que/).innerText();
    await called(asker, CALLS);
  } else {
    const { signed } = await sign(reader, seen, FIRST, name);
    await first.getByText(FIRST.conclusion).waitFor();
    seen.seconds.report_seen = since(signed);
    await first.getByRole('button', { name: 'Je l’ai lu' }).click();
    await reader.getByText('Clos.', { exact: true }).waitFor();
    for (const [page, { portal }] of [[asker, story.a], [reader, story.b]]) {
      await page.goto(new URL('/cases', portal).href);
      await page.getByRole('img', { name: 'En direct' }).waitFor();
    }
    // All was read and closed. The study settles before anybody is told of it.
    const stored = await store(story.scanner, story.more);
    const heard = async page => {
      await called(page, CALLS);
      return since(stored);
    };
    [seen.seconds.called_here, seen.seconds.called_there] = await Promise.all([heard(asker), heard(reader)]);
    await judge(reader, 'late-called', seen);
    for (const page of [asker, reader]) await follow(page, CALLS, story.case);
  }

  // Both screens say the same of it.
  for (const page of [asker, reader]) {
    await page.getByText(FLAG, { exact: true }).first().waitFor();
    seen.versions.push(await versions(page));
  }
  await judge(asker, `${name}-asker`, seen);
  await judge(reader, `${name}-reader`, seen);

  // Whoever read it looks at all of them, and adds to what was signed.
  const looked = performance.now();
  const [viewer] = await Promise.all([contexts.b.waitForEvent('page'), reader.getByRole('button', { name: 'Voir les images' }).click()]);
  await until(viewer, now => now.length > 0 && now[0].uid !== '');
  seen.seconds.images_open = since(looked);
  await picture(viewer, `${name}-viewer`);
  await viewer.close();
  await reader.getByRole('link', { name: 'Rédiger' }).first().click();
  await reader.getByLabel('Résultats').waitFor();
  const { signed: added } = await sign(reader, seen, MORE, `${name}-addendum`);
  const more = asker.getByRole('article', { name: 'Additif' });
  await more.getByText(MORE.conclusion).waitFor();
  seen.seconds.addendum_seen = since(added);
  for (const page of [asker, reader]) await page.getByText(FLAG, { exact: true }).waitFor({ state: 'detached' });
  seen.seconds.flag_gone = since(added);

  const read = performance.now();
  for (const report of [first, more]) {
    const button = report.getByRole('button', { name: 'Je l’ai lu' });
    if (await button.count()) {
      await button.click();
      await report.getByText('lu par le requérant').waitFor();
    }
  }
  await reader.getByText('Clos.', { exact: true }).waitFor();
  seen.seconds.acknowledged_seen = since(read);
  seen.seconds.whole = since(began);
  await inEnglish(asker);
  await asker.getByText('Closed.', { exact: true }).waitFor();
  await asker.getByRole('article', { name: 'Addendum' }).getByText(MORE.conclusion).waitFor();
  await picture(asker, `${name}-english`);
});
