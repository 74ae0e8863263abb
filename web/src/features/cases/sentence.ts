// Where a case stands, in one plain sentence.

import type { TFunction } from 'i18next';
import type { Case } from '../../api/types';
import { imagesOf } from './state';

/** "Accepted by CHU Rennes. 312/412 images are there." */
export function sentenceOf(of: Case, t: TFunction, locale: string): string {
  const reader = of.reader_name ?? t('cases.nobodyYet');
  const waiting = of.asked.find(one => one.answer === 'waiting');
  const person = of.claim?.person ?? of.reports.at(-1)?.person ?? '';
  const all = Math.max(of.images.expected ?? 0, of.images.here);
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
        ? t('cases.says.claimed', { person, site: of.claim.site_name, images: imagesOf(of.images, locale), count: all })
        : t('cases.says.ready', { site: reader, images: imagesOf(of.images, locale), count: all });
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
