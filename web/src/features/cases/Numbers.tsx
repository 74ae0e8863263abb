// Whom to ring up about a case, each with what the number is of; and the box that says that it has to be done now.

import { IconPhone } from '@tabler/icons-react';
import type { Case, CaseNumber } from '../../api/types';
import { hourMinute } from '../../lib/format';
import { useWords, wordOf } from '../../lib/language';
import classes from './numbers.module.css';

export const telephoneOf = (number: string): string => `tel:${number.replaceAll(/[^\d+]/g, '')}`;

/** Those to be rung up now: the other side's, as the node says why; without a reason, all. */
export function numbersFor(of: Case): CaseNumber[] {
  const all = of.escalation.telephones;
  switch (of.escalation.call) {
    case 'not-reached':
      return all.filter(one => one.site !== of.requester);
    case 'critical-unheard':
      return all.filter(one => one.site === of.requester);
    case null:
      return all;
  }
}

export function useNumberWords() {
  const { t } = useWords();
  return ({ of, name, site_name }: CaseNumber) => t(`cases.numberOf.${of}`, { name, site: site_name });
}

/** All numbers of a case, one below the other. */
export function NumberList({ numbers }: { numbers: readonly CaseNumber[] }) {
  const say = useNumberWords();
  return numbers.map(one => (
    <a key={`${one.site} ${one.number}`} className={classes.telephone} href={telephoneOf(one.number)}>
      <IconPhone size={18} aria-hidden="true" />
      <strong>{one.number}</strong>
      <span>{say(one)}</span>
    </a>
  ));
}

/** Screens did not do it: whom to telephone, at once. */
export function CallBox({ of }: { of: Case }) {
  const { t, locale } = useWords();
  const say = useNumberWords();
  const { call, since, reasons } = of.escalation;
  const isEscalated = of.flags.includes('escalated');
  if (!isEscalated && call === null) return null;
  const numbers = numbersFor(of);
  return (
    <div className={classes.escalated} role="alert">
      {call && <strong>{t(`cases.call.${call}`)}</strong>}
      {isEscalated && (
        <span>
          {since && t('cases.escalatedSince', { at: hourMinute(since, locale) })} {reasons.map(reason => wordOf(t('cases.byNode', { returnObjects: true }), reason)).join(' ')}
        </span>
      )}
      <span>{t(numbers.length > 0 ? 'cases.escalatedText' : 'cases.noNumber')}</span>
      {numbers.map(one => (
        <a key={`${one.site} ${one.number}`} href={telephoneOf(one.number)} title={say(one)}>
          {one.number} · {say(one)}
        </a>
      ))}
    </div>
  );
}
