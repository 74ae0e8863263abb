// Cases of the made-up node: enough of the contract that the pages can be looked at and tested. What is merged, signed or
// told to other sites is the real node's; here a step changes one object.

import type { Alert, Case, CaseNews, CasePage, CaseReport, CaseRow, CaseSettings, CaseStatistics, CoveredSite, Draft, FoundImages, Lack, Loose, NewCase, Person, SignedReport, Stage, Tab, Team } from '../api/types';
import type { Answer } from './fakeNode';

const TAB_OF: Record<Stage, Tab> = {
  requested: 'waiting',
  offered: 'offered',
  accepted: 'waiting',
  acquired: 'waiting',
  complemented: 'waiting',
  'images-ready': 'ready',
  reading: 'reading',
  preliminary: 'preliminary',
  final: 'reported',
  delivered: 'reported',
  acknowledged: 'reported',
  reopened: 'ready',
  closed: 'done',
  cancelled: 'done',
  unserved: 'done',
};

const TABS: readonly Tab[] = ['offered', 'waiting', 'ready', 'reading', 'preliminary', 'reported', 'done'];

export const CASE = (number: number) => number.toString(16).padStart(32, '0');
export const EVENT = (number: number) => number.toString(16).padStart(64, '0');

/** A case that is ready to be read, with what differs. */
export function caseOf(change: Partial<Case> & { case: string }): Case {
  const stage = change.stage ?? 'images-ready';
  return {
    kind: 'diagnosis',
    priority: 'P1',
    stage,
    tab: TAB_OF[stage],
    role: 'reader',
    requester: 'northsite3bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
    requester_name: 'CH Nord',
    requested_by: 'martin',
    reader: 'own',
    reader_name: 'CH Sud',
    patient: { name: 'DURAND^PAUL', birth_date: '19500101', sex: 'M', id: '4711', issuer: 'CHNORD', ins: null, identity: 'validated' },
    question: 'Embolie pulmonaire ?',
    modality: 'CT',
    region: 'CHEST',
    studies: [`1.2.840.${Number.parseInt(change.case.slice(-6), 16)}`],
    study_date: '20261129',
    accession: 'A2611290042',
    accession_issuer: 'CHNORD',
    telephone: '02 97 01 02 03',
    requested: '2026-11-29T02:00:00Z',
    changed: '2026-11-29T02:06:00Z',
    claim: null,
    owner: { site: 'own', site_name: 'CH Sud', person: null, ours: true },
    due: { what: 'preliminary', at: '2026-11-29T02:30:00Z', breached: false },
    flags: [],
    images: { here: 412, expected: 412, ready: true, count_confirmed: true },
    context: 'Dyspnée brutale depuis 01 h 20, SpO2 89 %. D-dimères 4 200.',
    contraindications: 'Créatinine 88 µmol/L. Pas d’allergie connue.',
    justification: 'Urgence, pas de radiologue sur place.',
    consent: 'informed',
    priors: 'Angioscanner 2023 au CH Nord.',
    key_images: [],
    attachments: [],
    count_confirmed_by: 'technologist',
    asked: [{ site: 'own', site_name: 'CH Sud', whom: '', rank: 2, answer: 'accepted', reason: null, until: null }],
    skipped: [{ rank: 1, whom: 'CHU de l’Ouest', why: 'nobody-on-duty', at: '2026-11-29T02:00:01Z' }],
    protocol: 'Angioscanner des artères pulmonaires, temps artériel pulmonaire, 60 mL à 4 mL/s.',
    complement: '60 mL d’iode, bien toléré. PDL 310 mGy·cm.',
    reports: [],
    comparisons: [],
    told: [],
    thread: [],
    events: [
      { event: EVENT(1), clock: 1, at: '2026-11-29T02:00:00Z', site: 'n', site_name: 'CH Nord', person: 'martin', role: 'referrer', step: 'requested', text: '', void: null, lost_to: null },
      { event: EVENT(2), clock: 2, at: '2026-11-29T02:00:01Z', site: 'n', site_name: 'CH Nord', person: '', role: '', step: 'offered', text: '', void: null, lost_to: null },
      { event: EVENT(3), clock: 3, at: '2026-11-29T02:01:10Z', site: 'own', site_name: 'CH Sud', person: 'dr.bernard', role: 'radiologist', step: 'accepted', text: '', void: null, lost_to: null },
      { event: EVENT(4), clock: 4, at: '2026-11-29T02:06:00Z', site: 'own', site_name: 'CH Sud', person: '', role: '', step: 'images-ready', text: '', void: null, lost_to: null },
    ],
    study_list: [
      { study: `1.2.840.${Number.parseInt(change.case.slice(-6), 16)}`, version: 3, version_here: 3, instances: 412, here: 412, expected: 412, holder: null, date: '20261129', time: '020500', time_zone: 'Europe/Paris', utc_offset_min: 60, holder_name: 'CH Nord', verified: true, undecoded: 0, joined_by: 'request' },
    ],
    escalation: { telephones: [{ site: 'northsite3bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', site_name: 'CH Nord', of: 'request', name: 'martin', number: '02 97 01 02 03' }], call: null, since: null, reasons: [] },
    answer_by: null,
    examination: '',
    on_site_physician: '',
    identities: [],
    patient_of_images: null,
    credentials: { state: 'not-recorded', lacking: [] },
    uncovered: [],
    actions: [],
    ...change,
  };
}

export function reportOf(change: Partial<CaseReport> & { event: string }): CaseReport {
  return {
    standing: 'preliminary',
    key_images: [],
    indication: 'Embolie pulmonaire ?',
    technique: 'Angioscanner des artères pulmonaires après injection de 60 mL. PDL 310 mGy·cm.',
    findings: 'Défect endoluminal de l’artère lobaire inférieure droite.\nRapport VD/VG à 0,8.\nPas d’infarctus. Plèvre libre.',
    conclusion: 'Embolie pulmonaire lobaire inférieure droite, sans retentissement droit.',
    language: 'fr',
    read: [{ study: '1.2.840.1', version: 3 }],
    critical: false,
    despite: '',
    site: 'own',
    site_name: 'CH Sud',
    person: 'dr.bernard',
    at: '2026-11-29T02:21:00Z',
    claimed: true,
    delivered: true,
    acknowledged: false,
    unheard: false,
    against_rules: false,
    patient: { name: 'DURAND^PAUL', birth_date: '19500101', sex: 'M', id: '4711', issuer: 'CHNORD', ins: null, identity: 'validated' },
    hear_by: null,
    heard: null,
    ...change,
  };
}

const refused = (status: number, error: string, more: object = {}): Answer => ({ status, body: { error, message: error, ...more } });
const order = (row: CaseRow) =>
  row.tab === 'done' ? `Z ${9e15 - Date.parse(row.changed)} ${row.case}` : `${row.priority} ${row.due?.at ?? '9'} ${row.requested} ${row.case}`;

export class CaseNode {
  cases: Case[] = [];
  sites: CoveredSite[] = [];
  loose: Loose = { studies: [], cases: [], joinable: [] };
  statistics: CaseStatistics = { from: '2026-10-30', to: '2026-11-29', cases: 0, groups: [], refusals: [], skips: [], justifications: [], unread: [] };
  settings: CaseSettings = {
    answer_s: [120, 300, 1_800, 86_400],
    preliminary_s: [900, 1_800, 14_400, 86_400],
    final_s: [43_200, 43_200, 86_400, 86_400],
    hear_s: 900,
    images_s: 300,
    idle_s: 1_800,
    silent_s: 60,
    telephones: [{ name: 'Standard', number: '02 97 11 22 33' }],
    ranks: [],
    requested_modalities: ['CT'],
  };
  teams: Team[] = [];
  alerts: Alert[] = [];
  drafts = new Map<string, Draft>();
  found: FoundImages = { images: [], partial: false };
  now = () => new Date().toISOString();
  private serial = 100;

  constructor(private readonly tell: (name: 'case' | 'cases', data: unknown) => void) {}

  /** Changes a case and tells of it. */
  change(id: string, change: Partial<Case>, news: Partial<CaseNews> = {}): Case | undefined {
    this.cases = this.cases.map(one => {
      if (one.case !== id) return one;
      const stage = change.stage ?? one.stage;
      return { ...one, tab: TAB_OF[stage], changed: this.now(), ...change };
    });
    const changed = this.cases.find(one => one.case === id);
    if (changed) {
      const { priority, stage, tab } = changed;
      this.tell('case', { case: id, step: 'said', person: '', site_name: changed.requester_name, priority, stage, tab, ...news });
    }
    return changed;
  }

  /** What may be done, by state and role; the real node knows more. */
  private actionsOf(of: Case, person: Person): string[] {
    if (of.actions.length > 0) return of.actions;
    const isReader = person.role === 'radiologist';
    const actions: string[] = of.tab === 'done' ? [] : ['say'];
    if (!isReader && of.role === 'requester' && of.tab !== 'done') actions.push('attach');
    if (isReader && of.tab === 'offered') actions.push('accept', 'refuse', 'ask');
    if (isReader && of.tab === 'ready' && !of.claim) actions.push('claim');
    if (isReader && of.claim?.mine) actions.push('release', 'hand-over', 'read', 'ask', 'hold', 'report-preliminary', 'report-final');
    if (isReader && of.tab === 'preliminary') actions.push('report-final');
    if (isReader && of.tab === 'reported') actions.push('report-addendum', 'report-second-reading');
    if (isReader && of.comparisons.some(one => one.class === null)) actions.push('compare');
    if (!isReader && of.role === 'requester') {
      if (of.tab === 'waiting' || of.tab === 'offered') actions.push('cancel', 'offer', 'prioritise');
      if (of.flags.includes('info-asked')) actions.push('answer');
      if (of.reports.some(report => !report.acknowledged)) actions.push('acknowledge');
      if (of.reports.some(report => report.unheard)) actions.push('hear', 'hear-here');
    }
    if (person.role === 'technologist' && of.tab !== 'done') actions.push('expect', 'complement', 'images-ready');
    return actions;
  }

  handle(method: string, url: URL, body: unknown, person: Person): Answer {
    const [, first, second, third] = url.pathname.split('/').slice(1);
    if (!first) return method === 'POST' ? this.make(body as NewCase, person) : this.list(url.searchParams, person);
    if (first === 'settings') {
      if (method === 'PUT') this.settings = body as CaseSettings;
      return { status: 200, body: this.settings };
    }
    if (first === 'teams') {
      if (method === 'PUT') this.teams = body as Team[];
      return { status: 200, body: this.teams };
    }
    if (first === 'statistics') return { status: 200, body: this.statistics };
    if (first === 'alerts') return { status: 200, body: this.alerts };
    if (first === 'discordances') return { status: 200, body: { mine: [], others: [] } };
    if (first === 'loose') return this.looseRoute(method, second, third);
    const found = this.cases.find(one => one.case === first);
    if (!found) return refused(404, 'not-found');
    const told = (): Answer => {
      const now = this.cases.find(one => one.case === first) ?? found;
      return { status: 200, body: { ...now, actions: this.actionsOf(now, person) } };
    };
    if (second === 'alerts') {
      const { alerts } = body as { alerts: string[] };
      this.alerts = this.alerts.filter(one => !alerts.includes(one.id));
      return { status: 204 };
    }
    if (second === undefined) return told();
    if (second === 'draft') return this.draft(method, `${person.name} ${first}`, body as Draft | undefined);
    if (second === 'key-images') return { status: 200, body: this.found };
    if (second === 'attachments') return this.attach(found, url.searchParams.get('name') ?? '') ?? told();
    if (second === 'reports') return this.sign(found, body as SignedReport, person) ?? told();
    if (second === 'join') {
      const { study } = body as { study: string };
      const rest = (rows: CaseRow[]) => rows.filter(one => one.case !== first);
      this.loose = { studies: this.loose.studies.filter(one => one.study !== study), cases: rest(this.loose.cases), joinable: rest(this.loose.joinable) };
      return told();
    }
    return this.step(found, body as { step: string } & Record<string, unknown>, person) ?? told();
  }

  private list(query: URLSearchParams, person: Person): Answer {
    const text = (query.get('q') ?? '').toLowerCase();
    const priorities = query.get('priority')?.split(',');
    const fits = this.cases.filter(
      row =>
        (!priorities || priorities.includes(row.priority)) &&
        (!query.get('site') || row.requester === query.get('site')) &&
        (!query.get('modality') || row.modality === query.get('modality')) &&
        (!query.get('kind') || row.kind === query.get('kind')) &&
        (query.get('mine') !== 'true' || row.claim?.person === person.name) &&
        (!text || `${row.patient.name} ${row.patient.id} ${row.accession} ${row.question}`.toLowerCase().includes(text)),
    );
    const tabs = Object.fromEntries(TABS.map(tab => [tab, fits.filter(row => row.tab === tab).length])) as CasePage['tabs'];
    const tab = query.get('tab');
    const all = fits.filter(row => !tab || row.tab === tab).sort((a, b) => (order(a) < order(b) ? -1 : 1));
    const after = query.get('after');
    const begin = after ? all.findIndex(row => order(row) > after) : 0;
    const rows = begin < 0 ? [] : all.slice(begin, begin + Number(query.get('limit') ?? 100));
    const last = rows.at(-1);
    const next = last && begin >= 0 && begin + rows.length < all.length ? order(last) : null;
    return { status: 200, body: { rows, next, total: all.length, tabs, sites: this.sites, now: this.now() } };
  }

  private make(asked: NewCase, person: Person): Answer {
    const fields = [asked.question ? [] : ['question'], asked.justification ? [] : ['justification'], asked.studies.length > 0 || asked.patient ? [] : ['patient']].flat();
    if (fields.length > 0) return refused(400, 'missing', { fields });
    this.serial += 1;
    const made = caseOf({
      ...asked,
      case: CASE(this.serial),
      stage: 'offered',
      role: 'requester',
      requester: 'own',
      requester_name: 'CH Sud',
      requested_by: person.name,
      reader: null,
      reader_name: null,
      consent: asked.consent ?? 'open',
      patient: asked.patient ?? caseOf({ case: CASE(0) }).patient,
      requested: this.now(),
      changed: this.now(),
      due: { what: 'answer', at: new Date(Date.parse(this.now()) + 120_000).toISOString(), breached: false },
      images: { here: 0, expected: null, ready: false, count_confirmed: false },
      study_list: [],
      protocol: null,
      complement: null,
      asked: [{ site: 'n', site_name: 'CH Nord', whom: '', rank: 2, answer: 'waiting', reason: null, until: new Date(Date.parse(this.now()) + 120_000).toISOString() }],
      events: [],
    });
    this.cases = [...this.cases, made];
    return { status: 201, body: { ...made, actions: this.actionsOf(made, person) } };
  }

  /** What files this node does not take, by name. */
  refusesFiles = new Set<string>();

  private attach(of: Case, name: string): Answer | null {
    if (this.refusesFiles.has(name)) return refused(415, 'other-content');
    this.serial += 1;
    const added = { attachment: EVENT(this.serial), name, media: 'application/pdf' as const, bytes: 9, person: 'martin', at: this.now(), here: true };
    this.cases = this.cases.map(one => (one.case === of.case ? { ...one, attachments: [...one.attachments, added] } : one));
    return null;
  }

  private draft(method: string, name: string, body: Draft | undefined): Answer {
    const known = this.drafts.get(name);
    if (method === 'GET') return known ? { status: 200, body: known } : refused(404, 'not-found');
    if (method === 'DELETE') {
      this.drafts.delete(name);
      return { status: 204 };
    }
    if (!body) return refused(400, 'malformed');
    if (known && body.serial <= known.serial) return refused(409, 'stale');
    this.drafts.set(name, body);
    return { status: 204 };
  }

  private sign(of: Case, body: SignedReport, person: Person): Answer | null {
    const differs = [
      body.patient.name === of.patient.name ? [] : ['name'],
      body.patient.birth_date === of.patient.birth_date ? [] : ['birth_date'],
      body.hospital === of.requester_name ? [] : ['hospital'],
      body.study_date === of.study_date ? [] : ['study_date'],
    ].flat();
    if (differs.length > 0) return refused(409, 'wrong-patient', { differs });
    const isLate = of.study_list.some(one => !body.read.some(read => read.study === one.study && read.version >= (one.version ?? 0)));
    const lacks: [boolean, Lack, string][] = [
      [of.flags.includes('other-patient'), 'other-patient', 'images-of-another'],
      [isLate, 'late', 'late-images'],
      [of.images.expected !== null && of.images.here < of.images.expected && !of.images.ready, 'missing', 'images-missing'],
      [of.study_list.some(one => !one.verified), 'unverified', 'images-missing'],
      [of.study_list.some(one => one.undecoded > 0), 'undecoded', 'images-undecoded'],
      [!of.images.count_confirmed, 'unconfirmed', 'count-unconfirmed'],
    ];
    const unseen = lacks.find(([is, lack]) => is && (body.despite === '' || !body.despite_of.includes(lack)));
    if (unseen) return refused(409, unseen[2]);
    this.serial += 1;
    const { standing, indication, technique, findings, conclusion, language, critical, despite, read, key_images } = body;
    const report = reportOf({ event: EVENT(this.serial), standing, indication, technique, findings, conclusion, language, critical, despite, read, key_images, person: person.name, at: this.now(), delivered: false, unheard: critical });
    this.drafts.delete(`${person.name} ${of.case}`);
    const differ = (one: CaseReport) => one.standing === 'preliminary' && standing === 'final' && (one.findings !== findings || one.conclusion !== conclusion);
    const owed = of.reports.filter(differ).map(one => ({ reports: [one.event, report.event], class: null, text: null, person: null, event: null, unread: false, mine: false }));
    this.change(
      of.case,
      { stage: standing === 'preliminary' ? 'preliminary' : 'final', reports: [...of.reports, report], comparisons: [...of.comparisons, ...owed], claim: null },
      { step: 'reported' },
    );
    return null;
  }

  private step(of: Case, { step, ...given }: { step: string } & Record<string, unknown>, person: Person): Answer | null {
    const text = typeof given.text === 'string' ? given.text : typeof given.reason === 'string' ? given.reason : '';
    if (step === 'claim') {
      if (of.claim && of.claim.person !== person.name) {
        return refused(409, 'claimed', { by: { person: of.claim.person, site_name: of.claim.site_name, at: of.claim.at } });
      }
      this.change(of.case, { claim: { site: 'own', site_name: 'CH Sud', person: person.name, at: this.now(), mine: true } }, { step: 'claimed', person: person.name });
    } else if (step === 'release') this.change(of.case, { claim: null, stage: 'images-ready' }, { step: 'released' });
    else if (step === 'accept') this.change(of.case, { stage: 'images-ready', protocol: typeof given.protocol === 'string' ? given.protocol : null }, { step: 'accepted' });
    else if (step === 'unserved') this.change(of.case, { stage: 'unserved' }, { step: 'unserved' });
    else if (step === 'refuse') this.change(of.case, { stage: 'unserved' }, { step: 'refused' });
    else if (step === 'read') this.change(of.case, { stage: 'reading' }, { step: 'reading' });
    else if (step === 'cancel') this.change(of.case, { stage: 'cancelled' }, { step: 'cancelled' });
    else if (step === 'acknowledge') {
      const shown = Array.isArray(given.differences) ? (given.differences as unknown[]) : [];
      const differs = of.comparisons.filter(one => one.class !== null && one.class !== 'none' && one.reports.some(event => event === given.report));
      if (differs.some(one => one.event && !shown.includes(one.event))) return refused(409, 'difference-not-shown');
      this.change(of.case, { stage: 'acknowledged', reports: of.reports.map(one => (one.event === given.report ? { ...one, acknowledged: true } : one)) }, { step: 'acknowledged' });
    } else if (step === 'hear') {
      if (given.who !== undefined && given.read_back !== true) return refused(409, 'not-read-back');
      this.change(of.case, { flags: of.flags.filter(flag => flag !== 'critical-unheard'), reports: of.reports.map(one => (one.event === given.report ? { ...one, unheard: false } : one)) }, { step: 'heard' });
    } else if (step === 'compare') {
      this.change(of.case, {
        flags: of.flags.filter(flag => flag !== 'comparison-owed'),
        comparisons: of.comparisons.map(one => ({ ...one, class: given.class as Case['comparisons'][number]['class'], text, person: person.name, event: EVENT(90), unread: given.class !== 'none', mine: false })),
      }, { step: 'compared' });
    } else if (step === 'say') {
      this.serial += 1;
      this.change(of.case, { thread: [...of.thread, { event: EVENT(this.serial), at: this.now(), site_name: 'CH Sud', person: person.name, text, kind: 'said' }] });
    } else this.change(of.case, {}, { step });
    return null;
  }

  private looseRoute(method: string, study: string | undefined, what: string | undefined): Answer {
    if (method === 'POST' && what === 'dismiss') {
      this.loose = { ...this.loose, studies: this.loose.studies.filter(one => one.study !== study) };
      return { status: 204 };
    }
    return { status: 200, body: this.loose };
  }
}
