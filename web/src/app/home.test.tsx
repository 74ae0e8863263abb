// The home page: every card has its place before the node has answered, and says what it knows, that there is nothing, that it may not
// be known, or that nobody answered.

import { notificationsStore } from '@mantine/notifications';
import { screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Role } from '../api/types';
import { caseOf, CASE } from '../testing/caseNode';
import { busyNode, FakeNode } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

const ASKED = ['GET /cases', 'GET /cases/loose', 'GET /cases/discordances', 'GET /alarms', 'GET /status'];
const LISTS = { admin: ['Critical results not yet heard', 'Waiting for images', 'Nobody answers'], radiologist: ['Asked of us', 'Ready to read', 'Reserved by you', 'Preliminary, to be finished', 'Critical results not yet heard'] };
const card = (name: string) => within(screen.getByRole('region', { name }));
const cards = () => [...document.querySelectorAll('main section')].map(one => one.getAttribute('aria-label'));
const refused = (status: number, error: string) => ({ status, body: { error, message: error } });
const opened = async (node: FakeNode, as: Role) => {
  const portal = await openPortal(node, { at: '/home', as });
  await screen.findByRole('heading', { name: /^Good day/ });
  return portal;
};

/** As it is when all that is asked is said. */
async function shownOf(node: FakeNode, as: Role) {
  await opened(node, as);
  await waitFor(() => expect(screen.queryAllByRole('status', { name: 'Loading…' })).toEqual([]));
  return cards();
}

beforeEach(() => sessionStorage.clear());

describe('a card of the home page', () => {
  test.each(['admin', 'radiologist'] as const)('has its place before anything is known (%s)', async as => {
    const node = busyNode();
    for (const asked of ASKED) node.unanswered.set(asked, 'waiting');
    await opened(node, as);
    const waiting = cards();
    expect(waiting).toEqual([...LISTS[as], 'Covered hospitals', 'What does not meet', ...(as === 'admin' ? ['Alarms'] : [])]);
    // As many rows as there will be at most.
    for (const name of [...LISTS[as], 'Covered hospitals']) expect(card(name).getByRole('status', { name: 'Loading…' }).querySelectorAll('li')).toHaveLength(6);
    // What is not known is not said to be nothing.
    expect(card('What does not meet').queryByText(/^Every study has its request/)).toBeNull();
    expect(card('What does not meet').queryByText('0')).toBeNull();
    if (as === 'admin') expect(card('Alarms').queryByText('No alarms')).toBeNull();
  });

  test('stands where it stood when what it waits for has come', async () => {
    const node = busyNode();
    const before = ['Asked of us', 'Ready to read', 'Reserved by you', 'Preliminary, to be finished', 'Critical results not yet heard', 'Covered hospitals', 'What does not meet'];
    expect(await shownOf(node, 'radiologist')).toEqual(before);
    expect(card('Ready to read').getAllByRole('listitem').length).toBeGreaterThan(1);
    expect(card('Covered hospitals').getAllByRole('listitem')[0]?.textContent).toContain('02 97 55 66 77 · silent, last heard');
  });

  test('says that there is nothing', async () => {
    await shownOf(new FakeNode(), 'radiologist');
    for (const text of ['Nobody waits for an answer.', 'Nothing waits to be read.', 'You have reserved nothing.', 'No preliminary report is open.', 'Every critical result was heard.', 'No other hospital is covered.']) expect(screen.getByText(text)).toBeTruthy();
    expect(card('What does not meet').getByText('Every study has its request, every request its images.')).toBeTruthy();
  });

  test('says nothing of cases that were not looked at', async () => {
    const node = new FakeNode();
    node.cases.cases = Array.from({ length: 130 }, (_, index) => caseOf({ case: CASE(index + 1) }));
    await shownOf(node, 'radiologist');
    expect(card('Critical results not yet heard').getByText('None among the 100 most urgent cases.')).toBeTruthy();
    expect(screen.queryByText('Every critical result was heard.')).toBeNull();
  });

  test('says that it did not work, and asks again', async () => {
    const node = busyNode();
    for (const asked of ASKED) node.instead.set(asked, refused(500, 'internal'));
    const { user } = await opened(node, 'admin');
    for (const name of [...LISTS.admin, 'Covered hospitals', 'What does not meet', 'Alarms']) await card(name).findByText('This did not work');
    expect((await screen.findAllByText(/^Whether reports that you had in hand differ is not known/)).length).toBeGreaterThan(0);
    node.instead.clear();
    node.instead.set('GET /alarms', { status: 200, body: { standing: [], mail: false, webhook: false, fault: null } });
    await user.click(card('Alarms').getByRole('button', { name: 'Try again' }));
    await card('Alarms').findByText('No alarms');
    await user.click(card('Waiting for images').getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(card('Waiting for images').getAllByRole('listitem').length).toBeGreaterThan(0));
  });

  test('says that it did not work as long as nothing comes, also while it asks again', async () => {
    const node = busyNode();
    node.instead.set('GET /cases/loose', refused(500, 'internal'));
    const { user } = await opened(node, 'radiologist');
    const loose = card('What does not meet');
    const button = await loose.findByRole('button', { name: 'Try again' });
    const alert = loose.getByRole('alert');
    const asks = vi.fn(fetch);
    vi.stubGlobal('fetch', asks);
    node.unanswered.set('GET /cases/loose', 'waiting');
    await user.click(button);
    await waitFor(() => expect(asks.mock.calls.map(([address]) => address)).toContain('/api/cases/loose'));
    await user.keyboard('{Shift}');
    expect(loose.queryByRole('status', { name: 'Loading…' })).toBeNull();
    expect(loose.getByRole('alert')).toBe(alert);
    expect(document.activeElement).toBe(button);
  });

  test('says that the node does not answer', async () => {
    const node = busyNode();
    for (const asked of ASKED) node.unanswered.set(asked, 'lost');
    await opened(node, 'radiologist');
    for (const name of [...LISTS.radiologist, 'Covered hospitals', 'What does not meet']) await card(name).findByText('The node does not answer');
  });

  test('says that it is not for this role', async () => {
    const node = busyNode();
    node.instead.set('GET /cases/loose', refused(403, 'role'));
    await opened(node, 'radiologist');
    await card('What does not meet').findByText('Not part of your role');
    expect(card('What does not meet').queryByRole('button', { name: 'Try again' })).toBeNull();
  });

  test('keeps what it shows when it cannot be asked for again, and says of when it is', async () => {
    const node = busyNode();
    await shownOf(node, 'radiologist');
    node.instead.set('GET /cases', refused(500, 'internal'));
    node.tell('cases', {});
    await card('Ready to read').findByText(/^The node does not answer\. The list is as it was at /);
    expect(card('Ready to read').getAllByRole('listitem').length).toBeGreaterThan(1);
  });

  test('is low where the lists were short', async () => {
    const isShort = () => document.querySelector('main [data-short]') !== null;
    const node = new FakeNode();
    node.cases.cases = [1, 2, 3].map(index => caseOf({ case: CASE(index) }));
    await shownOf(node, 'radiologist');
    expect(isShort()).toBe(false);
    expect(localStorage.getItem('confrere.home-rows')).toBe('3');
    // While it stands it stays as it is.
    node.cases.cases = Array.from({ length: 5 }, (_, index) => caseOf({ case: CASE(index + 1) }));
    node.tell('cases', {});
    await waitFor(() => expect(localStorage.getItem('confrere.home-rows')).toBe('5'));
    expect(isShort()).toBe(false);
  });

  test('is low from the first where they were short before', async () => {
    localStorage.setItem('confrere.home-rows', '2');
    await shownOf(busyNode(), 'radiologist');
    expect(document.querySelector('main [data-short]')).toBeTruthy();
  });
});

test('reports that differ have their place until the node has answered, as high as they were', async () => {
  sessionStorage.setItem('confrere-discordances-height', '84');
  const node = busyNode();
  node.unanswered.set('GET /cases/discordances', 'waiting');
  await shownOf(node, 'radiologist');
  const place = document.querySelector<HTMLElement>('main section')?.parentElement?.previousElementSibling;
  expect((place as HTMLElement | null)?.style.height).toBe('84px');
});

describe('that it is not known whether reports differ', () => {
  const TEXT = /^Whether reports that you had in hand differ is not known/;
  const asked = (node: FakeNode) => node.requests.filter(one => one === 'GET /cases/discordances').length;
  const askAgain = async (node: FakeNode) => {
    const before = asked(node);
    node.tell('cases', {});
    await waitFor(() => expect(asked(node)).toBeGreaterThan(before));
  };

  test('stands while it is asked for again', async () => {
    const node = busyNode();
    node.instead.set('GET /cases/discordances', refused(500, 'internal'));
    const { user } = await opened(node, 'radiologist');
    const said = await screen.findByText(TEXT);
    const asks = vi.fn(fetch);
    vi.stubGlobal('fetch', asks);
    node.unanswered.set('GET /cases/discordances', 'waiting');
    node.tell('cases', {});
    await waitFor(() => expect(asks.mock.calls.map(([address]) => address)).toContain('/api/cases/discordances'));
    await user.keyboard('{Shift}');
    const { notifications } = notificationsStore.getState();
    expect(notifications.map(one => one.id)).toContain('discordances-unknown');
    expect(screen.getByText(TEXT)).toBe(said);
  });

  test('is not said again once it was closed', async () => {
    const isSaid = () => notificationsStore.getState().notifications.some(one => one.id === 'discordances-unknown');
    const node = busyNode();
    node.instead.set('GET /cases/discordances', refused(500, 'internal'));
    const { user, address } = await opened(node, 'radiologist');
    await screen.findByText(TEXT);
    await user.click(screen.getByRole('button', { name: 'Close' }));
    expect(isSaid()).toBe(false);
    await askAgain(node);
    // Nor on the other page that says it.
    await user.click(card('Ready to read').getByRole('link', { name: 'Ready to read' }));
    await waitFor(() => expect(address()).toContain('/cases'));
    await askAgain(node);
    await user.keyboard('{Shift}');
    expect(isSaid()).toBe(false);
  });
});
