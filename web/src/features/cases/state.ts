// Where a case stands, in the steps a requester counts.

import type { Case, CaseRow, Lack, Stage } from '../../api/types';
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

/** What the screen shows to differ between reports: the events that said so. */
export const differencesOf = (of: Case): string[] => of.comparisons.flatMap(one => one.event ?? []);

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

/**
 * Studies of which images came, or were changed, after what was read: by what the case says to be ready. A report that is filed makes a
 * newer version of a study as well, and no newer images.
 */
export function lateOf(read: readonly Read[], of: Case): string[] {
  const known = new Map(read.map(one => [one.study, one.version]));
  return of.study_list.filter(({ study, version, version_here }) => (known.has(study) ? (version ?? 0) > (known.get(study) ?? 0) : (version ?? version_here) !== null)).map(one => one.study);
}

/** Images of the case that could not be decoded. */
export const undecodedOf = (of: Case): number => of.study_list.reduce((sum, one) => sum + one.undecoded, 0);

/** Why a signature needs a reason: images that are missing, not verified, not decoded, not counted, another patient’s, or came after what was read. */
export function lackOf(of: Case, read: readonly Read[]): Lack[] {
  const lacks: Lack[] = of.flags.includes('other-patient') ? ['other-patient'] : [];
  // What is held elsewhere is not missing: it is read from there.
  const isShort = of.study_list.some(one => one.version_here === null || (one.expected !== null && one.instances < one.expected));
  if (isShort || of.study_list.length === 0 || countOf(of) === 'arriving') lacks.push('missing');
  if (of.study_list.some(one => !one.verified)) lacks.push('unverified');
  if (undecodedOf(of) > 0) lacks.push('undecoded');
  if (!of.images.count_confirmed || of.flags.includes('count-unconfirmed')) lacks.push('unconfirmed');
  if (lateOf(read, of).length > 0) lacks.push('late');
  return lacks;
}

/** What the node names a lack by when it refuses to sign despite it. */
const REFUSED: Readonly<Record<string, readonly Lack[]>> = {
  'images-missing': ['missing', 'unverified'],
  'images-undecoded': ['undecoded'],
  'count-unconfirmed': ['unconfirmed'],
  'late-images': ['late'],
  'images-of-another': ['other-patient'],
};

/** The lacks to be shown after such a refusal that were not when it was signed: those that the case says by now, else all of that name. */
export function refusedFor(code: string, shown: readonly Lack[], now: readonly Lack[]): readonly Lack[] {
  const unseen = (REFUSED[code] ?? []).filter(lack => !shown.includes(lack));
  const said = unseen.filter(lack => now.includes(lack));
  return said.length > 0 ? said : unseen;
}
