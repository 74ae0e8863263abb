// Two administrators come to an agreement: drafted and read, signed, changed, suspended, and ended when all is read.

import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

async function atPeers(browser, seen, side) {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await page.setViewportSize({ width: 1440, height: 1700 });
  await signIn(page, side.portal, story.name, side.password);
  await page.getByRole('link', { name: 'Confrères' }).first().click();
  return page;
}

const dialogOf = page => page.getByRole('dialog').last();

async function accepted(page, shown) {
  await page.getByRole('button', { name: 'Accepter et signer' }).first().click();
  await dialogOf(page).getByText(shown).first().waitFor();
  await picture(page, `agreement-accept-${shown.includes('version') ? 'change' : 'first'}`);
  await dialogOf(page).getByRole('button', { name: 'Accepter et signer' }).click();
  await page.getByText('En vigueur', { exact: true }).first().waitFor();
}

await tell(async (browser, seen) => {
  const a = await atPeers(browser, seen, story.a);
  const b = await atPeers(browser, seen, story.b);

  await a.getByRole('button', { name: 'Proposer un accord' }).first().click();
  const form = dialogOf(a);
  await form.getByRole('radio', { name: 'Tout', exact: true }).click();
  await form.getByRole('button', { name: 'Autres clauses' }).click();
  const regions = form.getByRole('combobox', { name: 'Seulement ces régions' });
  await regions.fill('pas-une-région');
  await regions.press('Enter');
  await regions.press('Tab');
  await form.getByText(/une région est un code/).first().waitFor();
  await picture(a, 'agreement-wrong');
  seen.may_offer = await form.getByRole('button', { name: 'Signer et proposer' }).isEnabled();
  await regions.focus();
  await regions.press('Backspace');
  await regions.fill('head');
  await regions.press('Enter');
  // The list of proposals would lie over what comes next.
  await regions.press('Tab');
  await form.getByRole('checkbox', { name: 'Nom', exact: true }).uncheck();
  await form.getByLabel('Notre délégué à la protection des données').fill('dpo@nord.example');
  const preview = form.getByRole('region', { name: 'Ce que dit l’accord' });
  await preview.getByText(/de la région tête/).first().waitFor();
  await preview.getByText(/dpo@nord.example/).waitFor();
  await preview.scrollIntoViewIfNeeded();
  await picture(a, 'agreement-form');
  await preview.getByText('English').click();
  await preview.getByText(/of the head/).first().waitFor();
  await preview.scrollIntoViewIfNeeded();
  await picture(a, 'agreement-preview-english');
  // Each direction by itself, read at once; and as one again.
  await preview.getByText('Français').click();
  await form.getByRole('checkbox', { name: 'Des conditions différentes dans chaque sens' }).check();
  await form.getByText(`Ce que nous voyons de ${story.b.site}`).click();
  await form.getByRole('checkbox', { name: 'Seulement avec un dossier ouvert' }).check();
  await form.getByRole('checkbox', { name: 'Seulement qui est de garde' }).check();
  await preview.getByText(new RegExp(`tant que ${story.b.site} a un dossier ouvert`)).first().waitFor();
  seen.cases = await preview.getByText(/a un dossier ouvert/).count();
  await picture(a, 'agreement-apart');
  await form.getByText(`Ce que ${story.b.site} voit de nous`).click();
  seen.own_case = await form.getByRole('checkbox', { name: 'Seulement avec un dossier ouvert' }).isChecked();
  await form.getByRole('checkbox', { name: 'Des conditions différentes dans chaque sens' }).uncheck();
  await preview.getByText(/a un dossier ouvert/).first().waitFor({ state: 'detached' });
  await form.getByRole('button', { name: 'Signer et proposer' }).click();
  await form.waitFor({ state: 'detached' });
  await accepted(b, 'Il est en vigueur dès votre signature');

  await a.getByText('En vigueur', { exact: true }).first().waitFor();
  await a.getByRole('button', { name: 'Modifier…' }).click();
  const change = dialogOf(a);
  // What is in force stands in the form before anything is added to it.
  await change.getByText('HEAD', { exact: true }).first().waitFor();
  await change.getByRole('region', { name: 'Ce que dit l’accord' }).getByText(/de la région tête/).first().waitFor();
  await change.getByRole('combobox', { name: 'Seulement ces régions' }).click();
  await change.getByRole('combobox', { name: 'Seulement ces régions' }).pressSequentially('knee');
  await change.getByRole('combobox', { name: 'Seulement ces régions' }).press('Enter');
  const changes = change.getByRole('region', { name: 'Ce qui change par rapport à la version 1' });
  await changes.getByText(/tête, genou/).first().waitFor();
  seen.removed = await changes.locator('del').count();
  seen.added = await changes.locator('ins').count();
  await changes.scrollIntoViewIfNeeded();
  await picture(a, 'agreement-diff');
  await change.getByRole('button', { name: 'Signer et proposer' }).click();
  await change.waitFor({ state: 'detached' });
  await accepted(b, 'Ce qui change par rapport à la version 1');
  await a.getByText('version 2').first().waitFor();

  await b.getByRole('button', { name: 'Suspendre…' }).click();
  await dialogOf(b).getByRole('button', { name: 'Suspendre', exact: true }).click();
  await b.getByText(/^Suspendu par ce site/).waitFor();
  await a.getByText(`Suspendu par ${story.b.site}`, { exact: false }).waitFor();
  await picture(a, 'agreement-suspended');
  await b.getByRole('button', { name: 'Reprendre' }).click();
  await a.getByText('En vigueur', { exact: true }).first().waitFor();

  const shared = await a.evaluate(async ([study, site]) => {
    const body = JSON.stringify({ site, hours: 4 });
    const answer = await fetch(`/api/studies/${study}/share`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    return answer.status;
  }, [story.study, story.b.site]);
  seen.shared = shared;
  await a.getByRole('button', { name: 'Mettre fin…' }).click();
  await dialogOf(a).getByText('Partagés un à un, encore ouverts').waitFor();
  await picture(a, 'agreement-ending');
  await dialogOf(a).getByRole('button', { name: 'Mettre fin à l’accord' }).click();
  await a.getByText(/^Il prend fin/).waitFor();
  await b.getByText(/^Il prend fin/).waitFor();
  await picture(b, 'agreement-closing');
});
