// Images that came to a case after somebody began to look at it: said until that person says that they have seen them.

import { Alert, Button } from '@mantine/core';
import { useState } from 'react';
import type { Case } from '../../api/types';
import { useOpenViewers } from '../../api/openViewers';
import { useWords } from '../../lib/language';
import { lateOf, readOf } from './state';

/** What was there when a person began to look at the images; what came later counts once they say that they looked at it. */
export function LateImages({ of, onOpen }: { of: Case; onOpen: (() => void) | null }) {
  const { t } = useWords();
  const viewed = useOpenViewers();
  const looks = (of.claim?.mine ?? false) || of.studies.some(study => viewed.has(study));
  const [seen, setSeen] = useState(() => (looks ? readOf(of) : null));
  // From the moment when somebody begins to look.
  if (looks && seen === null) setSeen(readOf(of));
  const late = seen === null ? [] : lateOf(seen, of);
  if (late.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" role="alert" title={t('cases.lateTitle')} mb="sm">
      {t('images.late', { count: late.length })}{' '}
      {onOpen && (
        <Button size="compact-xs" mr={6} onClick={onOpen}>
          {t('images.openAgain')}
        </Button>
      )}
      <Button size="compact-xs" variant="white" color="dark" onClick={() => setSeen(readOf(of))}>
        {t('cases.lateSeen')}
      </Button>
    </Alert>
  );
}
