// The parts of a rule on arrival, in the order in which they are shown.

import type { Rule, RuleBody, RuleCards } from '../../api/types';

/** Of each of these one pattern must fit. */
export const LISTS = ['modalities', 'stations', 'institutions', 'series_descriptions', 'body_parts', 'descriptions', 'referrers', 'senders'] as const;
/** What the card of a peer's study tells. */
export const CARD_LISTS = ['modalities', 'body_parts', 'descriptions', 'referrers'] as const;
export const CONDITIONS = [...LISTS, 'age_from', 'age_to', 'hours'] as const;
export const ACTIONS = ['routes', 'labels', 'priors', 'cold_after_h', 'offers'] as const;

export const NEW_RULE: RuleBody = {
  name: '',
  on: true,
  cards: null,
  conditions: {
    modalities: [],
    stations: [],
    institutions: [],
    series_descriptions: [],
    body_parts: [],
    descriptions: [],
    referrers: [],
    senders: [],
    age_from: null,
    age_to: null,
    hours: null,
  },
  actions: { routes: [], labels: [], priors: 0, cold_after_h: null, offers: [], fetch: null },
};

/** What of a kept rule is given to change it. */
export function bodyOf({ name, on, cards, conditions, actions }: RuleBody | Rule): RuleBody {
  return { name, on, cards, conditions, actions };
}

/** The rule on peers' studies, or on arrivals: what the other kind alone may ask or do is left out. */
export function turned(body: RuleBody, cards: RuleCards | null): RuleBody {
  const { conditions, actions } = body;
  if (!cards) return { ...body, cards, actions: { ...actions, fetch: null } };
  return {
    ...body,
    cards,
    conditions: { ...conditions, stations: [], series_descriptions: [], senders: [] },
    actions: { ...NEW_RULE.actions, priors: actions.priors, fetch: actions.fetch ?? { hours: null, mb_s: null } },
  };
}

export function doesSomething({ actions }: RuleBody): boolean {
  const lists = [actions.routes, actions.labels, actions.offers];
  return lists.some(list => list.length > 0) || actions.priors > 0 || actions.cold_after_h !== null || actions.fetch !== null;
}
