// A night's cases, for looking at pages: strokes, an expert's opinion, a discordance, a silent hospital.

import type { Case, CaseStudy, CoveredSite, Flag, Priority, Stage } from '../api/types';
import type { CaseNode } from './caseNode';
import { CASE, caseOf, EVENT, reportOf } from './caseNode';

type Told = [Stage, Priority, string, string, string, string, string, number, Partial<Case>];

const WEST = 'westsite6eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee';

function coveredSite(site: string, site_name: string, seconds: number, now: number, change: Partial<CoveredSite> = {}): CoveredSite {
  return { site, site_name, ours: false, connected: true, last_contact: new Date(now - seconds * 1_000).toISOString(), silent: false, open_cases: 1, telephones: [], ...change };
}

/** Fills the node with the cases of a night at `now`, and with `more` routine ones. */
export function fillNight(node: CaseNode, north: string, coast: string, now: Date, more = 0): void {
  const at = (minutes: number) => new Date(now.getTime() + minutes * 60_000).toISOString();
  const day = `${now.getFullYear()}${String(now.getMonth() + 1).padStart(2, '0')}${String(now.getDate()).padStart(2, '0')}`;
  const claim = (person: string, minutes: number, mine: boolean) => ({ site: 'own', site_name: 'CH Sud', person, at: at(minutes), mine });
  const images = (here: number, expected: number | null, isConfirmed = expected !== null) => ({ here, expected, ready: expected === here, count_confirmed: isConfirmed });
  const study = (change: Partial<CaseStudy>): CaseStudy => ({ study: '1.2.840.9', version: 1, version_here: 1, instances: 180, here: 180, expected: null, date: day, time: null, time_zone: null, utc_offset_min: null, holder: null, holder_name: 'CH Nord', verified: true, undecoded: 0, joined_by: 'request', ...change });
  const flags = (...list: Flag[]) => ({ flags: list });
  const preliminary = reportOf({ event: EVENT(50), at: at(-50), critical: true, unheard: true, hear_by: at(6), person: 'dr.leroy' });
  const final = reportOf({
    event: EVENT(51), at: at(-20), standing: 'final', person: 'dr.bernard',
    findings: 'Défect endoluminal de l’artère lobaire inférieure droite, étendu à deux segmentaires.\nRapport VD/VG à 1,2.\nPas d’infarctus. Plèvre libre.',
    conclusion: 'Embolie pulmonaire lobaire inférieure droite, avec retentissement droit.',
  });
  const told: Told[] = [
    ['offered', 'P0', 'KERVELLA^Maïwenn', '19610524', 'F', 'Alerte AVC : hémorragie ? occlusion proximale ? Thrombolyse ?', 'CH Nord', 1.6, { role: 'asked', region: 'HEAD', images: images(0, null), study_list: [], reader: null, reader_name: null, protocol: null, complement: null, owner: { site: north, site_name: 'CH Nord', person: null, ours: false }, due: { what: 'answer', at: at(1.6), breached: false } }],
    ['images-ready', 'P0', 'LE GOFF^Yann', '19480307', 'M', 'Polytraumatisé, AVP 110 km/h. Saignement actif ?', 'Clinique de la Baie', 3.4, { region: 'WHOLEBODY', images: images(1_840, 1_840), ...flags() }],
    ['accepted', 'P0', 'NGUYÊN^Thị Hoa', '19720911', 'F', 'AVC du réveil, NIHSS 14. Mismatch ?', 'CH Nord', 8, { region: 'HEAD', images: images(312, 412), ...flags() }],
    ['images-ready', 'P1', 'DUPONT^Gérard', '19390212', 'M', 'Embolie pulmonaire ? Dyspnée brutale.', 'CH Nord', 14, { claim: claim('dr.bernard', -6, true) }],
    ['reading', 'P1', 'GARCÍA LÓPEZ^María José', '19840321', 'F', 'Appendicite ? Fièvre 39, CRP 210.', 'Clinique de la Baie', 21, { region: 'ABDOMEN', claim: claim('dr.leroy', -11, false), images: images(286, null, false), count_confirmed_by: null, ...flags('count-unconfirmed') }],
    ['preliminary', 'P1', 'O’CONNOR^Niamh', '19910630', 'F', 'Embolie pulmonaire ? J5 post-partum.', 'CH Nord', -2, { reports: [preliminary], due: { what: 'hear', at: at(6), breached: false }, ...flags('critical-unheard') }],
    ['final', 'P1', 'BENALI^Samira', '19550817', 'F', 'Embolie pulmonaire ?', 'CH Nord', 60, { reports: [preliminary, final].map(one => ({ ...one, unheard: false })), comparisons: [{ reports: [EVENT(50), EVENT(51)], class: null, text: null, person: null, event: null, unread: false, mine: false }], due: null, ...flags('comparison-owed') }],
    ['images-ready', 'P2', 'FRANÇOIS^Zoé', '20150402', 'F', 'Traumatisme du coude, fracture ?', 'Hôpital de l’Île', 96, { modality: 'DX', region: 'ELBOW', images: images(2, 2), ...flags() }],
    ['acquired', 'P2', 'VAN DEN BERGHE^Maximilien-Alexandre Édouard', '19670101', 'M', 'Colique néphrétique fébrile', 'Clinique de la Baie', 118, { region: 'ABDOMEN', images: images(0, null), study_list: [], ...flags('no-images') }],
    ['offered', 'P2', 'MARTIN^Éloïse', '19840321', 'F', 'Lésion hépatique segment IV : avis hépatobiliaire', 'CHU de l’Ouest', 26, { kind: 'expertise', role: 'requester', modality: 'MR', region: 'ABDOMEN', asked: [{ site: WEST, site_name: 'CHU de l’Ouest', whom: 'Pr Hamon', rank: 1, answer: 'waiting', reason: null, until: at(26) }], skipped: [], requester_name: 'CH Sud', requester: 'own', reader_name: 'CHU de l’Ouest', images: images(642, 642), ...flags() }],
    ['requested', 'P1', 'INCONNU^', '', 'M', 'Coma, découvert sur la voie publique', 'Hôpital de l’Île', -4, { region: 'HEAD', patient: { name: 'INCONNU^', birth_date: '', sex: 'M', id: 'TMP-88', issuer: 'ILE', ins: null, identity: 'unknown' }, images: images(96, null, false), reader: null, reader_name: null, escalation: { telephones: [{ site: WEST, site_name: 'CHU de l’Ouest', of: 'shift', name: 'dr.martin', number: '02 97 11 22 33' }, { site: 'own', site_name: 'CH Sud', of: 'site', name: 'Standard', number: '06 01 02 03 04' }], call: null, since: at(-4), reasons: ['nobody-answers'] }, asked: [{ site: WEST, site_name: 'CHU de l’Ouest', whom: '', rank: 1, answer: 'timed-out', reason: null, until: null }, { site: north, site_name: 'CH Nord', whom: '', rank: 2, answer: 'refused', reason: 'Surcharge : lecture impossible à temps', until: null }], ...flags('escalated', 'breached') }],
    ['delivered', 'P3', 'RIOU^Jean-Yves', '19520506', 'M', 'Suivi nodule pulmonaire', 'Clinique de la Baie', 800, { reports: [reportOf({ event: EVENT(60), standing: 'final', at: at(-200), conclusion: 'Nodule stable.' })], ...flags() }],
    ['closed', 'P3', 'TANGUY^Anne', '19770202', 'F', 'Contrôle', 'CH Nord', 0, { due: null }],
  ];
  const ids: Record<string, string> = { 'CH Nord': north, 'Clinique de la Baie': coast, 'Hôpital de l’Île': 'island', 'CHU de l’Ouest': WEST };
  told.forEach(([stage, priority, name, birth, sex, question, site, left, change], index) => {
    const id = CASE(index + 1);
    const { study_list, ...rest } = change;
    const here = change.images?.here ?? 412;
    node.cases.push(
      caseOf({
        case: id,
        stage,
        priority,
        requester: ids[site] ?? north,
        requester_name: site,
        patient: { name, birth_date: birth, sex, id: `10${index}234`, issuer: 'CHNORD', ins: null, identity: index % 3 === 0 ? 'qualified' : index % 3 === 1 ? 'validated' : 'provisional' },
        question,
        study_date: day,
        requested: at(-12 - index),
        changed: at(-index),
        due: { what: 'preliminary', at: at(left), breached: left < 0 },
        study_list: study_list ?? [study({ study: `1.2.840.${index + 1}`, instances: change.images?.expected ?? here, here, expected: change.images?.expected ?? (change.images ? null : 412), holder_name: site, version_here: index === 4 ? 2 : 1 })],
        thread: index === 3 ? [
          { event: EVENT(70), at: at(-9), site_name: 'CH Nord', person: 'martin', text: 'Patient en salle 2, SpO2 à 89 % sous 6 L.', kind: 'said' },
          { event: EVENT(71), at: at(-7), site_name: 'CH Sud', person: 'dr.bernard', text: 'Antécédent de thrombose ?', kind: 'info-asked' },
          { event: EVENT(72), at: at(-5), site_name: 'CH Nord', person: 'martin', text: 'TVP en 2019, anticoagulation arrêtée.', kind: 'info-given' },
        ] : [],
        ...rest,
      }),
    );
  });
  for (let index = 0; index < more; index += 1) {
    node.cases.push(
      caseOf({
        case: CASE(5_000 + index),
        stage: index % 5 === 0 ? 'accepted' : 'images-ready',
        priority: index % 3 === 0 ? 'P2' : 'P3',
        patient: { name: `ROUTINE${index}^Patient`, birth_date: '19600101', sex: index % 2 ? 'M' : 'F', id: `R${index}`, issuer: 'CHNORD', ins: null, identity: 'validated' },
        question: `Contrôle ${index}`,
        requested: at(-600 - index),
        changed: at(-300),
        study_date: day,
        due: { what: 'final', at: at(200 + index), breached: false },
      }),
    );
  }
  node.sites = [
    { ...coveredSite('own', 'CH Sud', 0, now.getTime()), ours: true },
    coveredSite(north, 'CH Nord', 2, now.getTime(), { open_cases: 6 }),
    coveredSite(coast, 'Clinique de la Baie', 4, now.getTime(), { open_cases: 4 }),
    coveredSite('island', 'Hôpital de l’Île', 430, now.getTime(), { connected: false, silent: true, open_cases: 2, telephones: ['02 97 55 66 77'] }),
    coveredSite(WEST, 'CHU de l’Ouest', 8, now.getTime(), { open_cases: 0 }),
  ];
  const waiting = node.cases.find(one => one.flags.includes('no-images'));
  node.loose = {
    studies: [
      { study: '1.2.840.77', name: 'VAN DEN BERGHE^Maximilien', birth_date: '19670101', sex: 'M', id: '108234', issuer: 'BAIE', date: day, modalities: ['CT'], accession: 'A77', arrived: at(-7), alarm: true, candidates: waiting ? [{ case: waiting.case, why: 'patient-id' }] : [] },
    ],
    cases: waiting ? [waiting] : [],
    joinable: waiting ? [waiting] : [],
  };
}
