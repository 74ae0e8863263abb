// A node made of plain objects, speaking the portal's API: tests and the development server use the same one.
//
// It keeps no promise of the real node (nothing is durable, nothing is signed); it answers as the contract says.

import type { Action, Ae, Agreement, AgreementOffer, AuditEntry, BrokenGlass, Explanation, Glance, GlassReason, Ledger, Pairing, Peer, Person, Previews, Purposes, Review, Role, Sees, Study, StudySignatures, Transfer, Under, User } from '../api/types';
import { historyOf, readingOf } from './history';
import { acted, agreementOf, OWN_SITE, previewOf } from './agreements';
import { CaseNode } from './caseNode';
import { fillNight } from './nightCases';
import type { NewsName } from '../api/events';

export interface Answer {
  status: number;
  body?: unknown;
  /** What is told line by line. */
  lines?: unknown[];
}

const ACTIONS: Record<Role, Action[]> = {
  admin: ['list-studies', 'read-studies', 'store-studies', 'share-studies', 'reject-studies', 'export-studies', 'label-studies', 'administer', 'read-log', 'request-readings', 'prepare-cases'],
  radiologist: ['list-studies', 'read-studies', 'store-studies', 'share-studies', 'export-studies', 'label-studies', 'break-glass', 'request-readings', 'report-cases', 'prepare-cases'],
  referrer: ['list-studies', 'read-studies', 'request-readings'],
  technologist: ['list-studies', 'read-studies', 'store-studies', 'reject-studies', 'export-studies', 'label-studies', 'prepare-cases'],
  auditor: ['read-log'],
};

export { OWN_SITE };
export const NORTH = 'northsite3bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb';
export const COAST = 'coastsite4cccccccccccccccccccccccccccccccccccccccccc';
export const PASSWORD = 'correct horse';

export function study(change: Partial<Study> & { study: string }): Study {
  return {
    patient: { name: 'MARTIN^Éloïse', birth_date: '19840321', sex: 'F', id: '100234', issuer: 'CHNORD' },
    date: '20250110',
    time: '021405',
    modalities: ['CT'],
    body_parts: ['HEAD'],
    description: 'Scanner cérébral sans injection',
    accession: 'A2501100007',
    referrer: 'LEROY^Paul',
    series: 3,
    instances: 180,
    bytes: 94_500_000,
    arrived: '2025-01-10T02:14:20Z',
    completeness: 'complete',
    holder: null,
    site_name: 'CH Sud',
    availability: 'online',
    source: null,
    source_instances: null,
    recall_s: null,
    ends: null,
    instances_here: 180,
    patient_conflict: false,
    provenance: 'verified',
    labels: [],
    withheld: [],
    break_glass: null,
    amended: null,
    custodian_name: 'CH Sud',
    time_zone: 'Europe/Paris',
    utc_offset_min: null,
    ...change,
  };
}

function peer(change: Partial<Peer> & { site: string; name: string }): Peer {
  return {
    paired: '2024-11-03T09:12:00Z',
    revoked: null,
    connected: true,
    last_contact: new Date().toISOString(),
    road: 'quic',
    clock_offset_ms: 40,
    studies_told: 214,
    addresses: ['192.0.2.10:4433'],
    held_bytes: 1_240_000_000,
    ...change,
  };
}

function refusal(status: number, error: string, more: object = {}): Answer {
  return { status, body: { error, message: error, ...more } };
}

/** An agreement at other hours, and no share. */
const EXPLAINED: Explanation = {
  peer_name: 'CH Sud',
  study: '1.2.3',
  theirs: false,
  at: '2025-01-10T12:00:00Z',
  allowed: false,
  refusal: 'outside-hours',
  until: null,
  steps: [
    { ground: 'sites', ground_id: null, version: null, link: 'paired', holds: true, fr: 'CH Sud est appairé avec ce site', en: 'CH Sud is paired with this site' },
    { ground: 'agreement', ground_id: 'a1', version: 2, link: 'not-ended', holds: true, fr: 'il n’y a pas été mis fin', en: 'it was not ended' },
    {
      ground: 'agreement', ground_id: 'a1', version: 2, link: 'hours', holds: false,
      fr: 'il est vendredi 13 h 00 (Europe/Paris) ; convenu : du vendredi 18 h 00 au samedi 08 h 00',
      en: 'it is Friday 13:00 (Europe/Paris); agreed: from Friday 18:00 to Saturday 08:00',
    },
  ],
};

function userOf(person: Person): User {
  return { ...person, disabled: false, must_change: false, second_factor: false, needs_second_factor: false, sessions: 0, professional: { rpps: null, credentials: [] }, origin: null };
}

export class FakeNode {
  person: Person | null = null;
  studies: Study[] = [];
  reviews: Review[] = [];
  readonly cases = new CaseNode((name, data) => this.tell(name, data));
  peers: Peer[] = [];
  pairings: Pairing[] = [];
  agreements: Agreement[] = [];
  purposes: Purposes = { purposes: [], purpose: null };
  under: Under = { reading: [], grants: [], cases: [] };
  transfers: Transfer[] = [];
  entries: AuditEntry[] = [];
  ledger: Ledger = {
    size: 1204,
    root: '00'.repeat(32),
    since: '2026-01-30T20:00:00Z',
    before: 12,
    peers: [],
    findings: [],
  };
  users: Person[] = [
    { name: 'admin', role: 'admin' },
    { name: 'dr.bernard', role: 'radiologist' },
  ];
  aes: Ae[] = [];
  /** Every request, as "GET /studies?…". */
  readonly requests: string[] = [];
  /** Answers given instead of the node's own, by "METHOD /path" without the query. */
  readonly instead = new Map<string, Answer>();
  /** Requests that get no answer, by "METHOD /path": lost on the way, or still under way. */
  readonly unanswered = new Map<string, 'lost' | 'waiting'>();
  private readonly listeners = new Set<(name: NewsName, data: unknown) => void>();
  private wrongs = 0;
  /** Of any study. */
  glance: Glance | null = null;
  previews: Previews = { wanted: false, over: false, images: 0, whole: 0, previewed: 0, absent: 0 };
  signatures: StudySignatures = { standing: 'none', objects: 4, signed: 0, unread: 0, signatures: [] };

  listen(listener: (name: NewsName, data: unknown) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(name: NewsName, data: unknown): void {
    for (const listener of this.listeners) listener(name, data);
  }

  /** `path` is below `/api`, with its query. */
  private decision = 'open';
  private closed: { at: string; person: string; note: string } | null = null;

  handle(method: string, path: string, body: unknown): Answer {
    this.requests.push(`${method} ${path}`);
    const url = new URL(path, 'http://node');
    const route = `${method} ${url.pathname}`;
    const instead = this.instead.get(route);
    if (instead) return instead;
    if (route === 'GET /site') {
      return { status: 200, body: { name: 'CH Sud', site_id: OWN_SITE, language: 'fr', version: '0.1.0', ae_title: 'CHSUD', portal_built: true, identity_provider: null } };
    }
    if (route === 'POST /session') return this.signIn(body as { name: string; password: string });
    if (!this.person) return refusal(401, 'not-signed-in');
    if (route === 'GET /session') return { status: 200, body: { person: this.person, actions: ACTIONS[this.person.role], must: null } };
    if (route === 'DELETE /session') {
      this.person = null;
      return { status: 204 };
    }
    return this.signedIn(method, url, body) ?? refusal(404, 'not-found');
  }

  private signIn({ name, password }: { name: string; password: string }): Answer {
    const user = this.users.find(known => known.name === name);
    if (!user || password !== PASSWORD) {
      this.wrongs += 1;
      return this.wrongs >= 5 ? refusal(429, 'throttled', { retry_s: 30 }) : refusal(401, 'wrong-password');
    }
    this.wrongs = 0;
    this.person = user;
    return { status: 200, body: { person: user } };
  }

  private amendmentsRoute(method: string, first: string | undefined, second: string | undefined, body: unknown): Answer {
    const conflict = {
      id: 7, at: '2026-03-01T10:00:00Z', person: 'CT_1', instance: '1.2.3.4', study: '1.2', series: '1.2.3',
      patient: { name: 'Durand^Anne', birth_date: '19610524', sex: 'F', id: 'P2', issuer: null },
      bytes: 500_000, state: this.decision, decided: null,
      closable: this.decision === 'open' || this.closed ? null : '2999-01-01T00:00:00Z', closed: this.closed, erased: this.closed && 'ab12',
    };
    const side = {
      study: '1.2', series: '1.2.3', patient: conflict.patient, date: '20260301', time: null, description: 'Thorax', accession: 'A1',
      modality: 'CT', number: 1, transfer_syntax: '1.2.840.10008.1.2.1', frames: 1, rows: 512, columns: 512, bytes: 500_000, digest: 'a',
    };
    if (second === 'resolve' && method === 'POST') {
      this.decision = (body as { decision: string }).decision;
      return { status: 200, body: { ...conflict, state: this.decision } };
    }
    if (first === 'close' && method === 'POST') {
      this.closed = { at: '2026-03-02T10:00:00Z', person: 'root', note: (body as { reason: string }).reason };
      return { status: 200, body: [{ ...conflict, closed: this.closed }] };
    }
    if (first === '7') {
      const before = { ...side, patient: { ...side.patient, name: 'Martin^Anne' } };
      return { status: 200, body: { conflict, first: before, other: side } };
    }
    return { status: 200, body: (this.decision === 'open' || this.requests.at(-1)?.includes('all=true')) && this.requests.at(-1)?.includes('/conflicts') ? [conflict] : [] };
  }

  private signedIn(method: string, url: URL, body: unknown): Answer | null {
    const [head, first, second] = url.pathname.split('/').slice(1);
    const may = (action: Action) => this.person !== null && ACTIONS[this.person.role].includes(action);
    const needs: Record<string, Action> = {
      studies: 'list-studies',
      cases: 'list-studies',
      readings: 'read-studies',
      history: 'read-studies',
      peers: 'list-studies',
      pairings: 'administer',
      agreements: 'administer',
      audit: 'read-log',
      ledger: 'read-log',
      reviews: 'read-log',
      emergencies: 'break-glass',
      withheld: 'reject-studies',
      users: 'administer',
      tokens: 'administer',
      roles: 'administer',
      aes: 'administer',
      status: 'administer',
    };
    const need = first === 'statistics' ? 'read-log' : needs[head ?? ''];
    if (need && !may(need)) return refusal(403, 'role');
    switch (head) {
      case 'conflicts':
      case 'corrections':
      case 'rejections':
        return may('reject-studies') ? this.amendmentsRoute(method, first, second, body) : refusal(403, 'role');
      case 'cases':
        return this.person ? this.cases.handle(method, url, body, this.person) : null;
      case 'studies':
        return this.studiesRoute(url, first, second);
      case 'readings':
        return { status: 200, body: readingOf(body as { studies: string[] }) };
      case 'transfers':
        return method === 'POST' ? { status: 204, body: null } : { status: 200, body: first === 'outgoing' ? [] : this.transfers };
      case 'shifts':
      case 'links':
      case 'patient-links':
        return { status: 200, body: [] };
      case 'history':
        return { status: 200, lines: historyOf(this.studies, body as { study?: string }) };
      case 'peers':
      case 'pairings':
        return this.peersRoute(method, head, first, second, body);
      case 'agreements':
        return this.agreementsRoute(method, first, second, body);
      case 'audit':
        return this.auditRoute(url);
      case 'reviews':
        return this.reviewsRoute(first, body);
      case 'emergencies':
        return this.emergency(body);
      case 'withheld':
        return { status: 200, body: {} };
      case 'ledger':
        return first === 'settle' ? this.settleLedger() : { status: 200, body: this.ledger };
      default:
        return this.settingsRoute(method, head ?? '', first, body);
    }
  }

  private reviewsRoute(first: string | undefined, body: unknown): Answer {
    if (!first) return { status: 200, body: this.reviews.filter(row => row.verdict === null) };
    const said = body as { verdict: Review['verdict']; note: string };
    const reviewed = { verdict: said.verdict, note: said.note, reviewer: this.person?.name ?? '', reviewed_at: new Date().toISOString() };
    this.reviews = this.reviews.map(row => (row.request === first ? { ...row, ...reviewed } : row));
    return { status: 200, body: this.reviews.find(row => row.request === first) };
  }

  /** Opens the study of that patient, for who proves who they are. */
  private emergency(body: unknown): Answer {
    const asked = body as { password: string; reason: GlassReason; text: string };
    if (asked.password !== PASSWORD) return refusal(401, 'wrong-password');
    const [study] = this.studies;
    const { reason, text } = asked;
    const [at, person] = [new Date().toISOString(), this.person?.name ?? ''];
    const ends = '2025-01-11T03:10:00Z';
    const broken: BrokenGlass = { request: 'e1', site_name: 'CH Nord', reason, text, person, at, ends, studies: study ? [study.study] : [] };
    this.studies = this.studies.map(row => (row === study ? { ...row, break_glass: broken } : row));
    return { status: 200, body: broken };
  }

  private studiesRoute(url: URL, first: string | undefined, second: string | undefined): Answer {
    const query = url.searchParams;
    if (second === 'fetch') return { status: 202, body: {} };
    if (second === 'digest') return { status: 200, body: this.glance };
    if (second === 'previews') return { status: 200, body: this.previews };
    if (second === 'signatures') return { status: 200, body: this.signatures };
    if (second === 'purpose') return { status: 200, body: this.purposes };
    if (second === 'share') return { status: 200, body: { grant: 'g1', expires: '2025-01-11T12:00:00Z' } };
    if (first) {
      const found = this.studies.find(known => known.study === first);
      return found ? { status: 200, body: found } : refusal(404, 'not-found');
    }
    const text = (query.get('text') ?? '').toLowerCase();
    const modalities = query.getAll('modality');
    const site = query.get('site');
    const found = this.studies.filter(
      known =>
        (!text || JSON.stringify([known.patient, known.description, known.accession]).toLowerCase().includes(text)) &&
        (!query.has('patient_id') || known.patient.id === query.get('patient_id')) &&
        (!query.has('from') || (known.date ?? '') >= (query.get('from') ?? '')) &&
        (!query.has('to') || (known.date ?? '') <= (query.get('to') ?? '')) &&
        (modalities.length === 0 || known.modalities.some(code => modalities.includes(code))) &&
        (!site || (site === 'own' ? known.holder === null : known.holder === site)),
    );
    const offset = Number(query.get('offset') ?? 0);
    const limit = Number(query.get('limit') ?? 50);
    return { status: 200, body: { studies: found.slice(offset, offset + limit), offset, more: found.length > offset + limit } };
  }

  private seenBy(site: string | undefined): Sees {
    const own = this.studies.filter(({ holder }) => holder === null);
    const studies = own.map(({ study, patient, date, modalities, body_parts, description, series, instances }, row) => ({
      study,
      patient: row === 0 ? patient : { name: null, birth_date: null, sex: null, id: null, issuer: null },
      date,
      modalities,
      body_parts,
      description,
      accession: null,
      referrer: null,
      series,
      instances,
      basis: row === 0 ? ('grant' as const) : ('agreement' as const),
      basis_id: 'a1',
      closed: row === 0 ? null : 'outside-hours',
    }));
    return { peer_name: this.peers.find(known => known.site === site)?.name ?? '', total: own.length, studies };
  }

  private peersRoute(method: string, head: string, first: string | undefined, second: string | undefined, body: unknown): Answer | null {
    if (head === 'pairings') {
      if (method === 'GET') return { status: 200, body: this.pairings };
      const pairing = this.pairings.find(({ id }) => id === first);
      if (!pairing || second !== 'confirm') return refusal(404, 'not-found');
      const { accept } = body as { accept: boolean };
      return { status: 200, body: this.changePairing(pairing.id, accept ? { confirmed_here: true } : { state: 'failed', reason: 'differ' }) };
    }
    if (method === 'GET' && second === 'sees') return { status: 200, body: this.seenBy(first) };
    if (method === 'GET' && second === 'explain') return { status: 200, body: EXPLAINED };
    if (method === 'GET') return { status: 200, body: this.peers };
    if (method === 'DELETE') {
      this.peers = this.peers.map(known => (known.site === first ? { ...known, revoked: new Date().toISOString(), connected: false } : known));
      return { status: 204 };
    }
    const expires = new Date(Date.now() + 600_000).toISOString();
    const blank = { tries_left: 3, peer_name: null, peer: null, digits: null, confirmed_here: false, confirmed_there: false, reason: null, expires };
    if (first === 'invitations') {
      this.pairings = [...this.pairings, { ...blank, id: 'p1', inviter: true, state: 'waiting' }];
      const invitation = `confrere:1:${'mfrggzdfmztwq2lknnwg23tpobyxe43uov3ho6dzpizdgnbvgy3tqojq'.repeat(4)}`;
      return { status: 200, body: { id: 'p1', invitation, code: '4821 9035', expires } };
    }
    if (first === 'join') {
      if (!(body as { invitation: string }).invitation.startsWith('confrere:')) return refusal(400, 'bad-invitation');
      const pairing: Pairing = { ...blank, id: 'p2', inviter: false, state: 'compare', peer_name: 'Clinique de la Baie', peer: COAST, digits: '307 918' };
      this.pairings = [...this.pairings, pairing];
      return { status: 200, body: pairing };
    }
    return null;
  }

  /** Changes a pairing and tells of it. */
  changePairing(id: string, change: Partial<Pairing>): Pairing | undefined {
    this.pairings = this.pairings.map(known => (known.id === id ? { ...known, ...change } : known));
    const changed = this.pairings.find(known => known.id === id);
    this.tell('pairing', changed);
    return changed;
  }

  private agreementsRoute(method: string, first: string | undefined, second: string | undefined, body: unknown): Answer {
    if (second === 'under') return { status: 200, body: this.under };
    if (method === 'GET') return { status: 200, body: this.agreements };
    if (first === 'preview') {
      const offer = body as AgreementOffer;
      const name = this.peers.find(({ site }) => site === offer.site)?.name ?? offer.site;
      return { status: 200, body: previewOf(offer, name, this.agreements.find(({ id }) => id === offer.replaces)) };
    }
    if (!first) {
      const offer = body as AgreementOffer;
      const made = agreementOf(offer, `a${this.agreements.length + 1}`, this.peers.find(({ site }) => site === offer.site)?.name ?? offer.site);
      this.agreements = [...this.agreements, made];
      return { status: 200, body: made };
    }
    this.agreements = this.agreements.map(known => (known.id === first ? { ...known, ...acted(second, body) } : known));
    return { status: 200, body: this.agreements.find(({ id }) => id === first) };
  }

  private settleLedger(): Answer {
    this.ledger.findings = this.ledger.findings.map(finding => ({ ...finding, settled: true }));
    return { status: 204, body: null };
  }

  private auditRoute(url: URL): Answer {
    const query = url.searchParams;
    const before = Number(query.get('before') ?? Infinity);
    const limit = Number(query.get('limit') ?? 50);
    const found = this.entries.filter(
      entry =>
        entry.number < before &&
        (query.get('alerts') !== 'true' || entry.act === 'security-alert') &&
        (!query.has('study') || entry.study === query.get('study')) &&
        (!query.has('peer') || entry.peer === query.get('peer')),
    );
    return { status: 200, body: { entries: found.slice(0, limit), more: found.length > limit } };
  }

  private settingsRoute(method: string, head: string, name: string | undefined, body: unknown): Answer | null {
    if (head === 'users') {
      if (method === 'GET') return { status: 200, body: name === undefined ? this.users.map(userOf) : [] };
      const { name: added, role, password } = body as Person & { password?: string };
      if (this.users.some(known => known.name === added)) return refusal(409, 'exists');
      this.users = [...this.users, { name: added, role }];
      return { status: 200, body: { name: added, role, ...(password ? {} : { password: 'tulipe-radar-92-moule' }) } };
    }
    if (head === 'tokens' && method === 'GET') return { status: 200, body: [] };
    if (head === 'roles') {
      const rows = Object.entries(ACTIONS).map(([role, actions]) => ({ role, actions, needs_second_factor: false }));
      return { status: 200, body: rows };
    }
    if (head === 'tokens') return { status: 200, body: { token: 'ct_5h2k8d0q1w7e3r9t' } };
    if (head === 'aes') {
      if (method === 'GET') return { status: 200, body: this.aes };
      if (method === 'DELETE') {
        this.aes = this.aes.filter(known => known.title !== name);
        return { status: 204, body: null };
      }
      const set = body as Ae;
      this.aes = [...this.aes.filter(known => known.title !== set.title), set];
      return { status: 200, body };
    }
    if (head !== 'status') return null;
    return {
      status: 200,
      body: {
        site: 'CH Sud',
        site_id: OWN_SITE,
        version: '0.1.0',
        uptime_s: 273_600,
        portal: '127.0.0.1:8080',
        dimse: '127.0.0.1:11112',
        overlay: '127.0.0.1:4001',
        pixels: '127.0.0.1:4433',
        studies: 1_284,
        instances: 402_118,
        bytes: 212_000_000_000,
        cache_bytes: 3_400_000_000,
        free_bytes: 812_000_000_000,
        rss_bytes: 58_000_000,
        peers: this.peers,
        transfers: this.transfers,
        associations: 1,
      },
    };
  }
}

function turn<T>(list: readonly [T, ...T[]], index: number): T {
  return list[index % list.length] ?? list[0];
}

const NAMES: readonly [string, ...string[]] = ['MARTIN^Éloïse', 'LE GOFF^Yann', 'BENALI^Samira', 'NGUYÊN^Thị Hoa', 'DUPONT^Gérard', 'GARCÍA LÓPEZ^María José', 'O’CONNOR^Niamh', 'FRANÇOIS^Zoé', 'VAN DEN BERGHE^Maximilien-Alexandre Édouard'];
type Kind = [string[], string, string, number, number];
const KINDS: readonly [Kind, ...Kind[]] = [
  [['CT'], 'HEAD', 'Scanner cérébral sans injection', 180, 95e6],
  [['CT'], 'CHEST', 'Angioscanner thoracique', 412, 210e6],
  [['MR'], 'BRAIN', 'IRM encéphalique, protocole AVC', 642, 118e6],
  [['CR'], 'CHEST', 'Thorax face et profil', 2, 18e6],
  [['US'], 'ABDOMEN', 'Échographie abdominale', 24, 31e6],
  [['CT', 'SR'], 'ABDOMEN', 'TAP avec injection', 1_240, 640e6],
  [['DX'], 'HAND', 'Main droite, deux incidences', 2, 14e6],
  [['MR', 'PR', 'KO'], 'KNEE', 'IRM genou gauche', 196, 27e6],
];

/** A node in the middle of a night on call. */
export function busyNode(now = new Date(), moreCases = 0): FakeNode {
  const node = new FakeNode();
  const pad = (value: number) => String(value).padStart(2, '0');
  type From = [string | null, string, Study['availability']];
  const from: readonly [From, ...From[]] = [
    [NORTH, 'CH Nord', 'remote'],
    [null, 'CH Sud', 'online'],
    [COAST, 'Clinique de la Baie', 'unreachable'],
    [null, 'CH Sud', 'online'],
  ];
  for (let index = 0; index < 230; index += 1) {
    const at = new Date(now.getTime() - index * 47 * 60_000);
    const [modalities, part, description, instances, bytes] = turn(KINDS, index);
    const [holder, site, availability] = turn(from, index);
    const name = turn(NAMES, index * 5);
    node.studies.push(
      study({
        study: `1.2.826.0.1.3680043.8.498.${1000 + index}`,
        patient: {
          name: index === 10 ? null : name,
          birth_date: index === 10 ? null : `${1938 + ((index * 7) % 70)}0${1 + (index % 9)}1${index % 9}`,
          sex: index === 10 ? null : index % 2 ? 'M' : 'F',
          id: `10${(index * 5) % NAMES.length}234`,
          issuer: holder === NORTH ? 'CHNORD' : 'CHSUD',
        },
        date: `${at.getFullYear()}${pad(at.getMonth() + 1)}${pad(at.getDate())}`,
        time: `${pad(at.getHours())}${pad(at.getMinutes())}00`,
        modalities,
        body_parts: [part],
        description: index === 13 ? null : description,
        accession: `A25${pad(at.getMonth() + 1)}${1000 + index}`,
        instances: index === 0 ? 57 : instances,
        series: Math.max(1, Math.round(instances / 90)),
        bytes,
        holder,
        site_name: site,
        availability,
        completeness: index === 0 ? 'arriving' : 'complete',
        instances_here: holder === null ? instances : index === 4 ? Math.round(instances * 0.4) : 0,
        patient_conflict: index === 7,
        provenance: index === 0 ? 'not-covered' : index === 3 ? 'failed' : 'verified',
      }),
    );
  }
  node.peers = [
    peer({ site: NORTH, name: 'CH Nord' }),
    peer({ site: COAST, name: 'Clinique de la Baie', connected: false, road: null, last_contact: new Date(now.getTime() - 4_300_000).toISOString(), studies_told: 58, held_bytes: 88_000_000, clock_offset_ms: 5_200 }),
    peer({ site: 'oldsite5dddddddddddddddddddddddddddddddddddddddddddd', name: 'Imagerie du Parc', revoked: '2024-12-20T10:00:00Z', connected: false }),
  ];
  const hours = { preset: 'on-call', direction: 'both', time_zone: 'Europe/Paris', spans: [[1110, 1920]] } as const;
  node.agreements = [
    {
      ...agreementOf({ ...hours, spans: [[1110, 1920]], site: NORTH }, 'a1', 'CH Nord'),
      state: 'active',
      sentences: {
        fr: [
          'CH Sud voit et lit les examens de CH Nord, du lundi au vendredi de 18 h 30 à 8 h et le week-end (Europe/Paris).',
          'CH Nord voit et lit les examens de CH Sud aux mêmes heures.',
          'Nom, date de naissance, sexe et identifiant du patient avec son émetteur sont communiqués.',
          'Les copies sont conservées 7 jours, puis effacées.',
        ],
        en: [
          'CH Sud sees and reads the studies of CH Nord, Monday to Friday from 18:30 to 08:00 and at weekends (Europe/Paris).',
          'CH Nord sees and reads the studies of CH Sud at the same hours.',
          'Name, birth date, sex and Patient ID with its issuer are disclosed.',
          'Copies are kept for 7 days, then erased.',
        ],
      },
    },
    { ...agreementOf({ preset: 'case-only', direction: 'both', site: COAST }, 'a2', 'Clinique de la Baie'), state: 'received', sentences: { fr: ['Rien n’est annoncé.', 'Seuls les examens partagés un à un sont lisibles, jusqu’à leur échéance.'], en: ['Nothing is announced.', 'Only studies shared one by one may be read, until their time is over.'] } },
  ];
  const transfer = { road: 'direct', seconds_left: null, bytes_per_s: 0, wire_bytes_per_s: 0, waiting: 12, rtt_ms: 20.4, lost: 0.001, link_bytes_per_s: 10e6, holders: [] };
  node.transfers = [
    { ...transfer, study: '1.2.826.0.1.3680043.8.498.1004', site: NORTH, site_name: 'CH Nord', instances_done: 54, instances_total: 180, bytes_done: 28e6, bytes_total: 94e6, bytes_per_s: 8.2e6, wire_bytes_per_s: 8.2e6, seconds_left: 8.1, state: 'running' },
    { ...transfer, study: '1.2.826.0.1.3680043.8.498.1006', site: COAST, site_name: 'Clinique de la Baie', instances_done: 12, instances_total: 24, bytes_done: 9e6, bytes_total: 31e6, state: 'waiting' },
  ];
  const acts: readonly [string, ...string[]] = ['study-opened', 'study-fetched', 'sign-in', 'study-served', 'studies-queried', 'study-received', 'security-alert', 'agreement-accepted'];
  for (let number = 140; number > 0; number -= 1) {
    const act = turn(acts, number);
    const alert = act === 'security-alert';
    const remote = ['study-fetched', 'study-served', 'security-alert', 'agreement-accepted'].includes(act);
    node.entries.push({
      number,
      at: new Date(now.getTime() - (140 - number) * 240_000).toISOString(),
      act,
      outcome: alert ? 'refused' : 'done',
      reason: alert ? 'corrupt' : null,
      person: alert ? '' : act === 'study-received' ? 'CTSCAN1' : 'dr.bernard',
      role: 'radiologist',
      address: alert ? null : '10.20.0.9',
      ae: act === 'study-received' ? 'CTSCAN1' : null,
      site: null, site_name: null,
      study: act.startsWith('study') || alert ? `1.2.826.0.1.3680043.8.498.${1000 + (number % 90)}` : null,
      peer: remote ? NORTH : null,
      peer_name: remote ? 'CH Nord' : null, basis: null,
      instances: act.startsWith('study-f') || act.startsWith('study-r') ? 180 : 0,
      bytes: act.startsWith('study-f') || act.startsWith('study-r') ? 94_500_000 : 0,
      note: alert ? 'instance 1.2.826…17: digest differs from the manifest' : '',
      note_fr: alert ? 'instance 1.2.826…17 : l’empreinte n’est pas celle du manifeste' : '',
    });
  }
  node.aes = [{ title: 'PACSCENTRAL', host: '10.20.0.5', port: 104, query: 'own', echo: true, store: true, destination: true, notify: false, reject: false, tls: false, certificate: null, heard: null }];
  fillNight(node.cases, NORTH, COAST, now, moreCases);
  node.users.push({ name: 'm.rossi', role: 'technologist' }, { name: 'dpo', role: 'auditor' }, { name: 'dr.martin', role: 'referrer' });
  return node;
}
