// The parts of a rule on arrival, in the order in which they are shown.

import type { Rule, RuleBody } from '../../api/types';

/** Of each of these one pattern must fit. */
export const LISTS = ['modalities', 'stations', 'institutions', 'series_descriptions', 'body_parts', 'descriptions', 'referrers', 'senders'] as const;
export const CONDITIONS = [...LISTS, 'age_from', 'age_to', 'hours'] as const;
export const ACTIONS = ['routes', 'labels', 'priors', 'cold_after_h'] as const;

export const NEW_RULE: RuleBody = {
  name: '',
  on: true,
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
  actions: { routes: [], labels: [], priors: 0, cold_after_h: null },
};

/** What of a kept rule is given to change it. */
export function bodyOf({ name, on, conditions, actions }: RuleBody | Rule): RuleBody {
  return { name, on, conditions, actions };
}

export function doesSomething({ actions }: RuleBody): boolean {
  return actions.routes.length > 0 || actions.labels.length > 0 || actions.priors > 0 || actions.cold_after_h !== null;
}
