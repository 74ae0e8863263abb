// Reports that were found to differ: told to the site that asked, and to each person here who had one of them in hand before that was
// known. It stays until they say that they know; to look at it is not to say so.

import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconAlertOctagon, IconCheck } from '@tabler/icons-react';
import type { Case, Comparison, StepBody } from '../../api/types';
import { acknowledgeDiscordance, discordancesQuery } from '../../api/queries';
import { Problem } from '../../components/parts';
import { moment } from '../../lib/format';
import { useWords } from '../../lib/language';
import classes from './report.module.css';
import { Panel } from './Panels';
import { differencesOf } from './state';
import { useToldCase } from './useSteps';

interface DiscordantProps {
  of: Case;
  busy: boolean;
  onStep: (body: StepBody) => void;
  onCompare: (reports: string[]) => void;
}

/** Above the reports of a case, for whoever is to know. */
export function Discordant({ of, busy, onStep, onCompare }: DiscordantProps) {
  const isTheirs = (one: Comparison) => one.mine || (one.unread && of.role === 'requester');
  return of.comparisons.filter(isTheirs).map(one => <Told key={one.reports.join()} of={of} one={one} busy={busy} onStep={onStep} onCompare={onCompare} />);
}

function Told({ of, one, busy, onStep, onCompare }: DiscordantProps & { one: Comparison }) {
  const { t } = useWords();
  const told = useToldCase();
  const client = useQueryClient();
  const know = useMutation({
    mutationFn: (event: string) => acknowledgeDiscordance(of.case, event),
    onSuccess: known => {
      told(known);
      void client.invalidateQueries({ queryKey: discordancesQuery.queryKey });
    },
  });
  const last = one.reports[1];
  // For the site, where they may; they know it then themselves.
  const forSite = one.unread && of.role === 'requester' && of.actions.includes('acknowledge') && last !== undefined;
  const { event } = one;
  return (
    <div className={[classes.critical, classes.alone].join(' ')} role="alert">
      <IconAlertOctagon size={20} aria-hidden="true" />
      <div>
        <strong>{t('cases.discordant', { class: t(`cases.class.${one.class ?? 'none'}`) })}</strong>
        <span>
          {[one.text, one.person].filter(Boolean).join(' · ')} {one.mine && t('cases.discordantMine')} {one.unread && of.role === 'requester' && t('cases.discordantText')}
        </span>
        {know.error && <Problem error={know.error} />}
      </div>
      <Button size="sm" variant="white" color="dark" onClick={() => onCompare(one.reports)}>
        {t('cases.lookAtBoth')}
      </Button>
      {(forSite || (one.mine && event)) && (
        <Button
          size="sm"
          color="red.9"
          loading={busy || know.isPending}
          leftSection={<IconCheck size={16} />}
          onClick={() => (forSite ? onStep({ step: 'acknowledge', report: last, differences: differencesOf(of) }) : event && know.mutate(event))}
        >
          {t('cases.discordantKnown')}
        </Button>
      )}
    </div>
  );
}

/** Who had a report in hand that was found to differ since, and whether they know: for whoever administers. */
export function ToldPanel({ of }: { of: Case }) {
  const { t, locale } = useWords();
  if (of.told.length === 0) return null;
  return (
    <Panel title={t('cases.toldTitle')}>
      <ul className={classes.compared}>
        {of.told.map(one => (
          <li key={`${one.person} ${one.comparison}`} data-is={one.acknowledged ? undefined : 'major'}>
            <strong>{one.person}</strong>
            <span>{t(`cases.toldWay.${one.way}`, { at: moment(one.opened, locale) })}</span>
            <span>{one.acknowledged ? t('cases.toldKnown', { at: moment(one.acknowledged, locale) }) : t('cases.toldNot')}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
