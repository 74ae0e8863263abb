// What a browser that has never been here is sent until the worklist stands and nothing more comes, as it is sent: compressed. Answers
// of the API are counted apart: they grow with the night, not with the portal.

import { signIn, sitDown, story, tell } from './chromium.mjs';

await tell(async (browser, seen) => {
  Object.assign(seen, { bytes: 0, api_bytes: 0, files: {}, encodings: [] });
  const page = await (await sitDown(browser, seen)).newPage();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const pending = new Set();
  const answered = new Map();
  let quiet = () => {};
  // The stream of news never ends, nor is a page that was left answered to the end.
  const endless = url => /\/api\/events$|\/events-worker\.js$/.test(url) || !url.startsWith('http');
  session.on('Network.requestWillBeSent', ({ requestId, request }) => endless(request.url) || pending.add(requestId));
  session.on('Network.responseReceived', ({ requestId, response }) => answered.set(requestId, response));
  const over = ({ requestId, encodedDataLength = 0 }) => {
    pending.delete(requestId);
    if (pending.size === 0) quiet();
    const response = answered.get(requestId);
    if (!response) return;
    const { pathname } = new URL(response.url);
    if (pathname.startsWith('/api/')) {
      seen.api_bytes += encodedDataLength;
      return;
    }
    seen.bytes += encodedDataLength;
    seen.files[pathname] = (seen.files[pathname] ?? 0) + encodedDataLength;
    const encoding = response.headers['content-encoding'] ?? response.headers['Content-Encoding'];
    if (encoding && !seen.encodings.includes(encoding)) seen.encodings.push(encoding);
  };
  session.on('Network.loadingFinished', over);
  session.on('Network.loadingFailed', over);
  await signIn(page, story.portal, story.name, story.password, '/cases');
  await page.getByText('Aucun dossier en cours').waitFor();
  await page.getByRole('img', { name: 'En direct' }).waitFor();
  if (pending.size > 0) {
    await new Promise(resolve => {
      quiet = resolve;
      setTimeout(resolve, 5_000);
    });
  }
});
