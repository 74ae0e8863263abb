// An administrator looks who holds copies: of a study, and at a site.

import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

await tell(async (browser, seen) => {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, story.portal, story.name, story.password);
  await page.goto(`${story.portal}/peers`);
  const card = page.getByRole('region', { name: story.peer });
  await card.getByRole('button', { name: 'Copies détenues' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(story.study).waitFor();
  seen.held = await dialog.getByText('détenue', { exact: true }).count();
  await picture(page, 'copies-at-site');
  await page.setViewportSize({ width: 390, height: 844 });
  await picture(page, 'copies-at-site-narrow');
});
