// Agreements, as the node of the tests has them.

import type { Agreement, AgreementOffer, AgreementPreview } from '../api/types';

export const OWN_SITE = 'ownsite2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';

export function agreementOf(offer: AgreementOffer, id: string, name: string): Agreement {
  const clause = {
    holder: OWN_SITE,
    reader: offer.site,
    announce: offer.preset !== 'case-only',
    level: 'pixels',
    modalities: offer.modalities ?? [],
    modalities_excluded: offer.modalities_excluded ?? [],
    regions: offer.regions ?? [],
    regions_excluded: offer.regions_excluded ?? [],
    onward: offer.onward ?? false,
    kbits_max: offer.kbits_max ?? null,
    break_glass_hours: offer.break_glass_hours ?? null,
    since_days: offer.since_days ?? null,
    hours: offer.preset === 'on-call' ? { time_zone: offer.time_zone ?? 'Europe/Paris', spans: offer.spans ?? [] } : null,
    fields: offer.fields ?? ['patient-name', 'birth-date', 'sex', 'patient-id'],
    cache_days: offer.cache_days ?? 7,
    with_case: offer.with_case ?? false,
    on_duty: offer.on_duty ?? false,
    presence: offer.presence ?? false,
  };
  return {
    id,
    version: offer.replaces ? 2 : 1,
    peer: offer.site,
    peer_name: name,
    preset: offer.preset,
    state: 'offered',
    drafted: new Date().toISOString(),
    not_before: new Date().toISOString(),
    not_after: null,
    parties: [
      { site: OWN_SITE, name: 'CH Sud', national_id: offer.our_national_id ?? '', privacy_contact: offer.our_privacy_contact ?? '' },
      { site: offer.site, name, national_id: offer.their_national_id ?? '', privacy_contact: offer.their_privacy_contact ?? '' },
    ],
    legal_reference: offer.legal_reference ?? '',
    purposes: offer.purposes ?? [],
    clauses: [clause],
    sentences: sentencesOf(offer, name),
    changes: null,
    suspended: [],
    closing: null,
  };
}

function sentencesOf(offer: AgreementOffer, name: string) {
  const of = (offer.regions ?? []).join(', ');
  const days = offer.cache_days ?? 7;
  return {
    fr: [`${name} voit et lit tous les examens de CH Sud${of && ` de la région ${of}`}.`, `Les copies sont effacées après ${days} jours.`],
    en: [`${name} sees and reads all studies of CH Sud${of && ` of the ${of}`}.`, `Copies are erased after ${days} days.`],
  };
}

/** What the node says to a draft; a region is a code. */
export function previewOf(offer: AgreementOffer, name: string, old: Agreement | undefined): AgreementPreview {
  const isCode = (code: string) => /^[A-Z0-9_ ]{1,16}$/.test(code);
  if (!(offer.regions ?? []).every(isCode)) {
    return { sentences: null, changes: null, wrong: [{ term: 'regions', fr: 'une région est un code', en: 'a region is a code' }] };
  }
  const sentences = sentencesOf(offer, name);
  const without = (list: string[], other: string[]) => list.filter(sentence => !other.includes(sentence));
  const changes = old && {
    version: old.version,
    removed: { fr: without(old.sentences.fr, sentences.fr), en: without(old.sentences.en, sentences.en) },
    added: { fr: without(sentences.fr, old.sentences.fr), en: without(sentences.en, old.sentences.en) },
  };
  return { sentences, changes: changes ?? null, wrong: [] };
}

/** What becomes of an agreement that is acted upon. */
export function acted(act: string | undefined, body: unknown): Partial<Agreement> {
  const [site, name, since] = [OWN_SITE, 'CH Sud', '2026-01-02T10:00:00Z'];
  if (act === 'suspend') return { state: 'suspended', suspended: [{ site, name, since, ours: true }] };
  if (act === 'close') {
    const { hours } = body as { hours: number };
    return { state: 'closing', closing: { site, name, until: new Date(Date.parse(since) + hours * 3_600_000).toISOString() } };
  }
  return act === 'end' ? { state: 'ended' } : { state: 'active', suspended: [] };
}
