// What this site has recorded of what the caller may read, where a case asks for more, and who reads beyond it.

import { Button, Text } from '@mantine/core';
import { IconAlertTriangle, IconLock } from '@tabler/icons-react';
import type { Case } from '../../api/types';
import { useMay } from '../../api/queries';
import { useWords } from '../../lib/language';
import classes from './marks.module.css';

export function CredentialsNotice({ of, onOverride }: { of: Case; onOverride: (() => void) | null }) {
  const { t } = useWords();
  const reports = useMay('report-cases');
  const { state, lacking } = of.credentials;
  const isOver = of.stage === 'closed' || of.stage === 'cancelled' || of.stage === 'unserved';
  const isReader = of.role === 'reader' || of.role === 'asked' || of.reader === of.owner.site;
  const lacks = reports && !isOver && isReader && (state === 'no-credential' || state === 'credential-expired');
  return (
    <>
      {of.uncovered.map(said => (
        <p key={`${said.site} ${said.person} ${said.at}`} className={classes.beyond} role="note">
          <IconAlertTriangle size={16} aria-hidden="true" /> {t('cases.credentials.said', { person: said.person, site: said.site_name, reason: said.reason })}
        </p>
      ))}
      {lacks && (
        <div className={classes.beyond} role="note">
          <IconLock size={16} aria-hidden="true" />
          <span>
            {t(`cases.credentials.${state}`, { modalities: lacking.join(', ') || of.modality })} {onOverride && t('cases.credentials.override')}
          </span>
          {onOverride && (
            <Button size="compact-sm" color="red.9" onClick={onOverride}>
              {t('cases.step.uncover.yes')}
            </Button>
          )}
        </div>
      )}
      {reports && !isOver && isReader && state === 'not-recorded' && (
        <Text size="xs" c="dimmed">
          {t('cases.credentials.not-recorded')}
        </Text>
      )}
    </>
  );
}

/** What the button of the next turn would be, were it not for the caller's credentials. */
export function barredStep(of: Case): 'accept' | 'claim' | null {
  if (of.credentials.state !== 'no-credential' && of.credentials.state !== 'credential-expired') return null;
  if (of.role === 'asked') return of.actions.includes('accept') ? null : 'accept';
  return of.role === 'reader' && of.claim === null && !of.actions.includes('claim') && of.owner.ours ? 'claim' : null;
}
