import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { newQueryClient } from '../../api/queries';
import type { Previews } from '../../api/types';
import { startLanguage, wholeWords } from '../../lib/language';
import { PreviewsLeft } from './PreviewsLeft';

const OURS: Previews = { wanted: false, over: false, images: 0, whole: 0, previewed: 0, absent: 0 };
type Answer = Previews | number | 'lost' | 'waiting';

/** What the node answers of each study, by its name. */
function show(answers: Record<string, Answer>) {
  const asked = vi.fn((address: string) => {
    const answer = answers[decodeURIComponent(address.split('/')[3] ?? '')] ?? 404;
    if (answer === 'lost') return Promise.reject(new TypeError('no network'));
    if (answer === 'waiting') return new Promise<Response>(() => undefined);
    return Promise.resolve(typeof answer === 'number' ? new Response('{}', { status: answer }) : new Response(JSON.stringify(answer)));
  });
  vi.stubGlobal('fetch', asked);
  render(
    <MantineProvider>
      <QueryClientProvider client={newQueryClient()}>
        <PreviewsLeft studies={Object.keys(answers)} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return asked;
}

const answered = (asked: ReturnType<typeof show>) =>
  act(async () => {
    await Promise.all(asked.mock.results.map(one => (one.value as Promise<Response>).catch(() => undefined)));
    await Promise.resolve();
  });

beforeEach(async () => {
  await startLanguage('en');
  await wholeWords();
});

describe('before a signature', () => {
  test('nothing is said of studies that are held here, or that came whole', async () => {
    const asked = show({ '1.1': OURS, '1.2': { ...OURS, images: 412, whole: 412 } });
    await waitFor(() => expect(asked).toHaveBeenCalledTimes(2));
    await answered(asked);
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('images that are not here are named, where previews stood for them', async () => {
    show({ '1.1': OURS, '1.2': { ...OURS, wanted: true, images: 412, whole: 12, previewed: 400 } });
    const warning = await screen.findByRole('alert');
    expect(warning.textContent).toContain('PREVIEW, NOT DIAGNOSTIC');
    expect(warning.textContent).toContain('Of 412 images of a study that you sign for, 12 are here in full. Previews, which are not diagnostic, are shown');
  });

  test('and where none were asked for, or the node forgot that they were', async () => {
    show({ '1.2': { ...OURS, images: 412, whole: 12 } });
    const warning = await screen.findByRole('alert');
    expect(warning.textContent).toContain('NOT ALL IMAGES ARE HERE');
    expect(warning.textContent).toContain('12 are here in full. What is missing has not come');
    expect(warning.textContent).not.toContain('PREVIEW');
  });

  test.each<Answer>([503, 403, 'lost'])('no answer is no leave to sign without a word: %s', async answer => {
    show({ '1.1': OURS, '1.2': answer });
    expect((await screen.findByRole('alert')).textContent).toContain('WHETHER ALL IMAGES ARE HERE IS NOT KNOWN');
  });

  test('nor is an answer that does not come', async () => {
    show({ '1.2': 'waiting' });
    expect(screen.queryByRole('alert')).toBeNull();
    expect((await screen.findByRole('alert')).textContent).toContain('WHETHER ALL IMAGES ARE HERE IS NOT KNOWN');
  });
});
