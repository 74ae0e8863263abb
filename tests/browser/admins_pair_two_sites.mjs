// Two administrators, each at their own screen: invitation, spoken code, six digits, confirmation.

import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

async function atPeers(browser, seen, side) {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, side.portal, story.name, story.password);
  await page.getByRole('link', { name: 'Confrères' }).first().click();
  return page;
}

/** The six digits on a screen, without the space between them. */
async function digitsOn(page) {
  const shown = page.getByLabel(/^Six chiffres/).first();
  await shown.waitFor();
  const text = `${await shown.getAttribute('aria-label')} ${await shown.innerText()}`;
  return text.replace(/\s/g, '').match(/\d{6}/)?.[0];
}

await tell(async (browser, seen) => {
  const a = await atPeers(browser, seen, story.a);
  const b = await atPeers(browser, seen, story.b);

  const began = Date.now();
  const created = a.waitForResponse(r => r.url().endsWith('/api/peers/invitations') && r.request().method() === 'POST');
  await a.getByRole('button', { name: 'Inviter un site' }).first().click();
  const { invitation, code } = await (await created).json();
  await a.getByLabel(`Code à dicter : ${code}`).first().waitFor();
  await picture(a, 'pairing-invitation');

  await b.getByRole('button', { name: 'Répondre à une invitation' }).first().click();
  await b.getByRole('dialog').getByLabel('Invitation').fill(invitation);
  await b.getByRole('dialog').getByLabel('Code dicté').fill(code);
  await b.getByRole('dialog').getByRole('button', { name: 'Répondre', exact: true }).click();

  [seen.digits_a, seen.digits_b] = [await digitsOn(a), await digitsOn(b)];
  await picture(b, 'pairing-digits');
  for (const page of [a, b]) await page.getByRole('button', { name: 'Ils sont identiques' }).click();
  await a.getByText(`${story.b.site} est désormais un confrère.`).first().waitFor();
  await b.getByText(`${story.a.site} est désormais un confrère.`).first().waitFor();

  seen.seconds = { paired: (Date.now() - began) / 1000 };
  for (const page of [a, b]) await page.keyboard.press('Escape');
  await a.getByText(story.b.site).first().waitFor();
  await b.getByText(story.a.site).first().waitFor();
  await picture(a, 'peers');
});
