// Before a signature: of which studies that were read not all images are here, whether previews stood for them or not; and where
// nobody can say, that nobody can. Studies that are held here have nothing to say.

import { Alert } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { get } from '../../api/client';
import { keys } from '../../api/queries';
import type { Previews } from '../../api/types';
import { count } from '../../lib/format';
import { useWords } from '../../lib/language';

/** An answer that does not come in this time is none, until it does. */
const LATE_MS = 1_500;
const AGAIN_MS = 5_000;

function Warning({ title, children }: { title: string; children: string }) {
  return (
    <Alert color="yellow" variant="light" role="alert" icon={<IconAlertTriangle size={18} />} title={title}>
      {children}
    </Alert>
  );
}

export function PreviewsLeft({ studies }: { studies: string[] }) {
  const { t, locale } = useWords();
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsLate(true), LATE_MS);
    return () => clearTimeout(timer);
  }, []);
  const found = useQueries({
    queries: studies.map(study => ({
      queryKey: [...keys.studies, 'previews', study],
      queryFn: ({ signal }: { signal: AbortSignal }) => get<Previews>(`/studies/${encodeURIComponent(study)}/previews`, signal),
      staleTime: 0,
      gcTime: 0,
      retry: false,
      refetchInterval: ({ state }: { state: { status: string } }) => (state.status === 'error' ? AGAIN_MS : false),
    })),
  });
  const isUnknown = found.some(one => one.isError || (one.isPending && isLate));
  return (
    <>
      {found.map(
        ({ data: tally }, place) =>
          tally &&
          tally.whole < tally.images && (
            <Warning key={studies[place]} title={t(tally.wanted ? 'previews.mark' : 'previews.notHere')}>
              {`${t('previews.signing', { count: tally.images, images: count(tally.images, locale), whole: count(tally.whole, locale) })} ${t(tally.wanted ? 'previews.seenAhead' : 'previews.notCome')}`}
            </Warning>
          ),
      )}
      {isUnknown && <Warning title={t('previews.unknown')}>{t('previews.unknownText')}</Warning>}
    </>
  );
}
