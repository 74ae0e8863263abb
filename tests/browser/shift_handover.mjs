// A night changes hands: a shift is planned, taken with all that has to work tried, and handed over with the case that is open; the
// one who comes acknowledges it, and whoever asked sees whose it is. Each at their own screen; seconds are told from the outside.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { since } from './desk.mjs';

const roster = `/rosters?coverage=${story.coverage}`;

/** Tries all that the dialog asks for; `sees`: whether the notification was seen. */
async function take(page, name, sees, seen) {
  await page.getByRole('button', { name: 'Prendre la garde' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Prendre la garde' });
  await dialog.getByRole('button', { name: 'Jouer' }).click();
  const submit = dialog.getByRole('button', { name: /^Je suis là$|^Prendre la garde malgré tout$/ });
  if (!(await submit.isDisabled())) seen.errors.push('a shift can be taken untried');
  // A machine without any sound says so itself.
  const heard = dialog.getByRole('button', { name: 'J’ai entendu' });
  await heard.or(dialog.getByText('Le navigateur ne joue rien')).first().waitFor();
  if (await heard.isVisible()) await heard.click();
  await dialog.getByRole('button', { name: 'En montrer une' }).click();
  await dialog.getByRole('button', { name: sees ? 'Je l’ai vue' : 'Je n’ai rien vu' }).click();
  if (!sees) await dialog.getByText(/Échec : .*Notifications du navigateur/).waitFor();
  await judge(page, name, seen);
  await submit.click();
  await dialog.waitFor({ state: 'detached' });
}

async function atDesk(browser, seen, { portal, name, password }, at) {
  const context = await sitDown(browser, seen);
  await context.grantPermissions(['notifications']);
  const page = await context.newPage();
  await signIn(page, portal, name, password, at);
  return page;
}

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, listed: '' });
  const began = performance.now();

  // The administrator plans Martin over the hole that runs.
  const planner = await atDesk(browser, seen, story.planner, roster);
  await planner.getByRole('button', { name: 'Nouvelle garde' }).first().click();
  const plan = planner.getByRole('dialog', { name: 'Nouvelle garde' });
  await plan.getByRole('combobox', { name: 'Qui' }).or(plan.getByLabel('Qui')).first().click();
  await planner.getByRole('option', { name: story.martin.name }).click();
  await plan.getByLabel('La personne a dit oui').check();
  const planned = performance.now();
  await plan.getByRole('button', { name: 'Planifier' }).click();
  await planner.getByRole('region', { name: 'De garde maintenant' }).or(planner.locator('section[aria-label="De garde maintenant"]')).first().getByText(story.martin.name).waitFor();
  seen.seconds.planned = since(planned);
  await judge(planner, 'handover-planned', seen);

  // Martin takes it from the worklist; he sees no notification, and that is written down.
  const martin = await atDesk(browser, seen, story.martin, '/cases');
  const taking = performance.now();
  await take(martin, 'handover-take', false, seen);
  seen.seconds.taken = since(taking);
  const leroy = await atDesk(browser, seen, story.leroy, roster);
  await take(leroy, 'handover-take-second', true, seen);

  // A stroke is asked of whoever is on duty; Martin takes it.
  const asker = await atDesk(browser, seen, story.asker, '/cases');
  const request = { priority: 'P0', question: 'AVC ?', justification: 'pas de radiologue sur place', identity_checked: true, consent: 'unable', modality: 'CT', studies: [story.study], telephone: '02 97 00 00 00', to: [] };
  const made = await asker.evaluate(async body => (await fetch('/api/cases', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).json(), request);
  const row = martin.getByRole('row').filter({ hasText: story.patient }).first();
  await martin.getByRole('alert').filter({ hasText: /demande une lecture/ }).waitFor();
  await martin.keyboard.press('h');
  await row.click();
  await row.getByRole('button', { name: /^Accepter/ }).click();
  await martin.getByRole('dialog').getByRole('button', { name: 'Accepter' }).click();
  await row.getByRole('button', { name: /^Réserver/ }).click();
  await row.getByText(/^Réservé par vous/).waitFor();

  // He hands over: the list says whom, how urgent, how long, how far.
  await martin.goto(new URL(roster, story.martin.portal).href);
  await martin.getByRole('button', { name: 'Transmettre' }).first().click();
  const handing = martin.getByRole('dialog', { name: 'Relève' });
  const open = handing.getByRole('table', { name: 'Dossiers ouverts' });
  await open.getByText(story.patient).waitFor();
  seen.listed = await open.innerText();
  await judge(martin, 'handover-open', seen);
  await handing.getByRole('button', { name: 'Proposer' }).click();
  await handing.waitFor({ state: 'detached' });

  // Leroy sees what comes with it, and has it from then on.
  await leroy.goto(new URL(roster, story.leroy.portal).href);
  await leroy.getByRole('button', { name: 'Transmettre' }).first().click();
  const coming = leroy.getByRole('dialog', { name: 'Relève' });
  await coming.getByRole('table', { name: /Dossiers ouverts de/ }).getByText(story.patient).waitFor();
  await judge(leroy, 'handover-acknowledge', seen);
  await asker.goto(new URL(`/cases/${made.case}`, story.asker.portal).href);
  await asker.getByText(new RegExp(`Réservé par ${story.martin.name}`)).first().waitFor();
  const acknowledged = performance.now();
  await coming.getByRole('button', { name: 'Je l’ai désormais' }).click();
  const ownerSeen = async () => {
    await asker.getByText(new RegExp(`Réservé par ${story.leroy.name}`)).first().waitFor();
    seen.seconds.owner_seen = since(acknowledged);
  };
  // What was handed over is no longer drawn: the node of whoever had it says so.
  const handedOver = async () => {
    await martin.waitForFunction(async who => (await (await fetch('/api/shifts')).json()).some(one => one.person === who && one.state === 'handed-over'), story.martin.name);
    seen.seconds.handed_over = since(acknowledged);
  };
  await Promise.all([coming.waitFor({ state: 'detached' }), ownerSeen(), handedOver()]);
  await leroy.goto(`${story.leroy.portal}/cases/${made.case}`);
  await leroy.getByText(/^Réservé par vous/).first().waitFor();
  await picture(asker, 'handover-asker');
  await judge(leroy, 'handover-has-it', seen);
  seen.seconds.whole = since(began);
});
