// Where a case stands, in the steps a requester counts, and in one plain sentence.

import type { TFunction } from 'i18next';
import type { Case, CaseRow, Stage } from '../../api/cases';
import { count } from '../../lib/format';

export type Mark = 'received' | 'accepted' | 'protocol' | 'images' | 'reading' | 'preliminary' | 'final' | 'acknowledged';
export type MarkState = 'done' | 'now' | 'ahead' | 'skipped';

const MARKS: readonly Mark[] = ['received', 'accepted', 'protocol', 'images', 'reading', 'preliminary', 'final', 'acknowledged'];
/** How far each stage is: the mark that is reached with it. */
const REACHED: Record<Stage, Mark> = {
  requested: 'received',
  offered: 'received',
  accepted: 'accepted',
  acquired: 'protocol',
  complemented: 'protocol',
  'images-ready': 'images',
  reading: 'images',
  preliminary: 'preliminary',
  final: 'final',
  delivered: 'final',
  reopened: 'final',
  acknowledged: 'acknowledged',
  closed: 'acknowledged',
  cancelled: 'received',
  unserved: 'received',
};

const ENDED: readonly Stage[] = ['closed', 'cancelled', 'unserved'];

export const isOver = (row: Pick<CaseRow, 'stage'>): boolean => ENDED.includes(row.stage);

/** `312/412`, or `312` where nobody said how many there will be; `412` once all can be read, here or from where they are. */
export function imagesOf(images: CaseRow['images'], locale: string): string {
  if (images.ready) return count(Math.max(images.expected ?? 0, images.here), locale);
  const here = count(images.here, locale);
  return images.expected === null ? here : `${here}/${count(images.expected, locale)}`;
}

/** The marks on the way, each with whether it is behind, now, or ahead. */
export function marksOf(of: Case): { mark: Mark; state: MarkState }[] {
  const reached = MARKS.indexOf(REACHED[of.stage]);
  const said = (standing: string) => of.reports.some(report => report.standing === standing);
  const without: Partial<Record<Mark, boolean>> = {
    protocol: !of.protocol,
    preliminary: !said('preliminary') && said('final'),
  };
  const now = isOver(of) ? -1 : of.stage === 'reading' ? MARKS.indexOf('reading') : reached + 1;
  const marks = MARKS.filter(mark => mark !== 'protocol' || of.kind === 'diagnosis');
  return marks.map(mark => {
    const place = MARKS.indexOf(mark);
    if (place <= reached) return { mark, state: without[mark] ? 'skipped' : 'done' };
    const isNow = place === now || (mark === 'images' && of.stage === 'accepted' && of.images.here > 0);
    return { mark, state: isNow ? 'now' : 'ahead' };
  });
}

/** "Accepted by CHU Rennes. 312/412 images are there." */
export function sentenceOf(of: Case, t: TFunction, locale: string): string {
  const reader = of.reader_name ?? t('cases.nobodyYet');
  const waiting = of.asked.find(one => one.answer === 'waiting');
  const person = of.claim?.person ?? of.reports.at(-1)?.person ?? '';
  switch (of.stage) {
    case 'requested':
      return of.flags.includes('escalated') ? t('cases.says.unanswered') : t('cases.says.requested');
    case 'offered':
      return t('cases.says.offered', { site: waiting?.site_name ?? reader });
    case 'accepted':
    case 'acquired':
    case 'complemented':
      return of.images.here > 0 || of.images.expected !== null
        ? t('cases.says.arriving', { site: reader, images: imagesOf(of.images, locale) })
        : t(of.studies.length > 0 ? 'cases.says.accepted' : 'cases.says.toMake', { site: reader });
    case 'images-ready':
      return of.claim
        ? t('cases.says.claimed', { person, site: of.claim.site_name, images: imagesOf(of.images, locale) })
        : t('cases.says.ready', { site: reader, images: imagesOf(of.images, locale) });
    case 'reading':
      return t('cases.says.reading', { person, site: of.claim?.site_name ?? reader });
    case 'preliminary':
      return t('cases.says.preliminary', { person, site: reader });
    case 'final':
      return t('cases.says.final', { person, site: reader });
    case 'delivered':
      return t('cases.says.delivered', { site: of.requester_name });
    case 'acknowledged':
      return t('cases.says.acknowledged', { site: of.requester_name });
    case 'reopened':
      return t('cases.says.reopened');
    case 'closed':
      return t('cases.says.closed');
    case 'cancelled':
      return t('cases.says.cancelled');
    case 'unserved':
      return t('cases.says.unserved');
  }
}

/** Whether all can be read, from where they are, and whether the count is somebody's word. */
export function countOf(of: Pick<CaseRow, 'images'>): 'complete' | 'remote' | 'arriving' | 'unconfirmed' {
  const { here, expected, ready, count_confirmed: isConfirmed } = of.images;
  if (expected !== null && here < expected) return ready ? 'remote' : 'arriving';
  return isConfirmed ? 'complete' : 'unconfirmed';
}

interface Read {
  study: string;
  version: number;
}

/** What there is to be read now: the newest version of each study that is known here. */
export function readOf(of: Case): Read[] {
  return of.study_list.flatMap(({ study, version_here, version }) => {
    const newest = version_here ?? version;
    return newest === null ? [] : [{ study, version: newest }];
  });
}

/** Studies of which more came than was read. */
export function lateOf(read: readonly Read[], of: Case): string[] {
  const known = new Map(read.map(one => [one.study, one.version]));
  return readOf(of).filter(one => one.version > (known.get(one.study) ?? -1)).map(one => one.study);
}

/** Why a signature needs a reason: images that are missing, not verified, not counted, or came after what was read. */
export function lackOf(of: Case, read: readonly Read[]): ('missing' | 'unverified' | 'unconfirmed' | 'late')[] {
  const lacks: ('missing' | 'unverified' | 'unconfirmed' | 'late')[] = [];
  // What is held elsewhere is not missing: it is read from there.
  const isShort = of.study_list.some(one => one.version_here === null || (one.expected !== null && one.instances < one.expected));
  if (isShort || of.study_list.length === 0 || countOf(of) === 'arriving') lacks.push('missing');
  if (of.study_list.some(one => !one.verified)) lacks.push('unverified');
  if (!of.images.count_confirmed || of.flags.includes('count-unconfirmed')) lacks.push('unconfirmed');
  if (lateOf(read, of).length > 0) lacks.push('late');
  return lacks;
}
