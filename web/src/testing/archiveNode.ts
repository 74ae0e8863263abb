// What a node in use says on the archive's pages, and one that has nothing to say.

import type { Alarm, Alarms, Correction, Erased, Fault, Keeping, Migration, PeerFetch, PeerOffer, PeerRules, Proposed, Rejection, SecondCopies, Source, Storage, StudyKept, Tiers } from '../api/types';
import { FakeNode } from './fakeNode';

const AT = '2026-11-03T09:12:30Z';

export const alarm = (change: Partial<Alarm> = {}): Alarm => ({
  kind: 'backup-overdue', subject: '', level: 'warning', value: 9, since: AT, told: AT, ...change,
});

const storage: Storage = {
  disk_bytes: 2_000_000_000_000, free_bytes: 500_000_000_000, growth_bytes_per_day: 12_000_000_000, full_in_days: 41,
  uses: [{ kind: 'objects', bytes: 1_400_000_000_000 }, { kind: 'cache', bytes: 3_400_000_000 }],
  scrub: { days: 30, done: 400, of: 1_284, last: AT, last_faults: 2, last_objects: 1_284, aside: 2, found: 3, waiting: 1, repaired: [{ from: 'peer', site: 'CH Nord', objects: 2 }] },
  backup: { last: null, new_bytes: 0, age_days: null, rule_days: 7 },
};
const standing: NonNullable<Keeping['standing']> = {
  whole: AT, files: 1_284, bytes: 900_000_000_000, missing_files: 0, missing_bytes: 0, halt: null, needed_bytes: null,
};
export const keeping = {
  id: '00'.repeat(16), peer: 'b'.repeat(52), peer_name: 'CHU Sud', keeps: false, state: 'active',
  bytes_max: 2_000_000_000_000, bytes_per_second: 10_485_760, time_zone: null, spans: [], days_after: 30,
  drafted: AT, ended: null, replaced: false, told: AT, age_days: 2,
  standing,
  proved: { at: AT, files: 16, bad: 0 }, erased: null,
} satisfies Keeping as Keeping & { standing: typeof standing };
export const copies = (...keepings: Keeping[]): SecondCopies => ({
  list: { taken: AT, files: 1_284, bytes: 900_000_000_000 }, rule_days: 7, keepings,
});
const correction: Correction = {
  id: 3, at: AT, person: 'm.rossi', kind: 'study', study: '1.2.30', from_id: null, from_issuer: null,
  set: { PatientName: 'LE GOFF^Maël', PatientBirthDate: '19710402' }, note: 'typed wrongly', undone: null,
};
const rejection: Rejection = {
  id: 5, at: AT, person: 'm.rossi', study: '1.2.40', reason: '113038', note: 'wrong worklist entry',
  instances: 9, bytes: 15_900,
};
export const kept: StudyKept = {
  study: '1.2.50', patient_name: 'TANGUY^Gaëlle', date: '19910225', description: 'IRM lombaire', instances: 4, bytes: 529_000,
  rules: 'france-hospital', until: '2011-02-25', free: true,
  reasons: [{ code: 'visit', since: '1991-02-25', until: '2011-02-25', blocks: false }],
  recorded: [{ id: 7, at: AT, person: 'c.petit', claim: 'hold', day: null, reason: 'CCI 2026/118' }],
};
const proposal: Proposed = { id: 9, at: AT, person: 'c.petit', study: '1.2.51', rejection: null, reason: 'time is past', own: false };
const erased: Erased = {
  id: 11, at: AT, study: '1.2.52', instances: 2, bytes: 14_000_000, proposer: 'c.petit', approver: 'admin', reason: 'time is past', rejection: null, done: true,
};
const tiers: Tiers = {
  configured: true, reachable: true, kind: 'folder', place: '/mnt/cold', away: null, free_bytes: 8_000_000_000_000, pace: 100_000_000, studies: 1, bytes: 1_000_000_000,
  rows: [{ study: '1.2.60', patient_name: 'GIRARD^Stéphane', date: '20200102', description: 'TDM', bytes: 1_000_000_000, recall_s: 10 }],
  moves: [],
};
const source = {
  name: 'PACS-central', kind: 'dimse', at: 'PACS@10.20.0.9:104', retrieve: 'get', purposes: ['list', 'migrate'], issuer: null, hours: null,
  listed: 214, answered: AT, fault: null,
} as unknown as Source;
const migration = {
  id: 2, source: 'PACS-central', state: 'running', waiting: null, found: 40, studies: 12, complete: 11, instances: 1_480, bytes: 640_000_000,
} as unknown as Migration;

export const offer = (change: Partial<PeerOffer> = {}): PeerOffer => ({
  study: '1.2.70', patient_name: 'MARTIN^Éloïse', date: '20261102', description: 'TDM cérébral', site: 'peer-key', site_name: 'CHU Sud', rule: 1,
  since: AT, at: AT, state: 'done', reason: null, attempts: 0, again: null, ...change,
});
export const fetching = (change: Partial<PeerFetch> = {}): PeerFetch => ({
  ...offer(), state: 'sending', cause: 'offered', bytes: 40_000_000, kept_bytes: 10_000_000, opened: null, ...change,
});
const peerRules: PeerRules = {
  offers: [offer(), offer({ study: '1.2.71', state: 'refused', reason: 'not-permitted' })],
  fetches: [fetching(), fetching({ study: '1.2.72', state: 'done', cause: 'prior', kept_bytes: 0 })],
  waste: { fetched: 4, fetched_bytes: 160_000_000, unopened: 2, unopened_bytes: 80_000_000, wasted: 1, wasted_bytes: 40_000_000 },
};

type Said = Record<string, unknown>;

const NOTHING: Said = {
  '/spare': copies(),
  '/storage': { ...storage, growth_bytes_per_day: null, full_in_days: null, uses: [], scrub: { ...storage.scrub, days: 0 } },
  '/alarms': { standing: [], mail: false, webhook: false, fault: null } satisfies Alarms,
  '/conflicts': [],
  '/corrections': [],
  '/rejections': [],
  '/retention': [],
  '/retention/proposals': [],
  '/retention/erased': [],
  '/tiers': { ...tiers, studies: 0, bytes: 0, rows: [] },
  '/sources': [],
  '/migrations': [],
  '/rules': [],
  '/routes': [],
  '/labels': [],
  '/rules/peers': { offers: [], fetches: [], waste: { fetched: 0, fetched_bytes: 0, unopened: 0, unopened_bytes: 0, wasted: 0, wasted_bytes: 0 } } satisfies PeerRules,
};

const MUCH: Said = {
  '/spare': copies(keeping),
  '/storage': storage,
  '/alarms': { standing: [alarm(), alarm({ kind: 'rot-found', level: 'critical', value: 2, told: null })], mail: true, webhook: false, fault: null } satisfies Alarms,
  '/corrections': [correction, { ...correction, id: 2, study: '1.2.31', undone: { person: 'admin', at: AT, note: '' } }],
  '/rejections': [rejection],
  '/retention': [kept],
  '/retention/proposals': [proposal],
  '/retention/erased': [erased],
  '/tiers': tiers,
  '/sources': [source, { ...source, name: 'Ancien', listed: 0, answered: null, fault: { code: 'unreachable', detail: 'PACS@10.20.0.9:104' } satisfies Fault }],
  '/migrations': [migration],
  '/rules': [],
  '/routes': [],
  '/labels': [],
  '/rules/peers': peerRules,
};

/** A node whose archive has much to tell, or nothing. Conflicts are the fake node's own. */
export function archiveNode(what: 'much' | 'nothing'): FakeNode {
  const node = new FakeNode();
  for (const [path, body] of Object.entries(what === 'much' ? MUCH : NOTHING)) node.instead.set(`GET ${path}`, { status: 200, body });
  return node;
}
