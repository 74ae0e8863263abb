// Before a signature: of which studies that were read some images were here as previews only.

import { Alert } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { IconAlertTriangle } from '@tabler/icons-react';
import { get } from '../../api/client';
import { keys } from '../../api/queries';
import type { Previews } from '../../api/types';
import { count } from '../../lib/format';
import { useWords } from '../../lib/language';

export function PreviewsLeft({ studies }: { studies: string[] }) {
  const { t, locale } = useWords();
  const found = useQueries({
    queries: studies.map(study => ({
      queryKey: [...keys.studies, 'previews', study],
      queryFn: ({ signal }: { signal: AbortSignal }) => get<Previews>(`/studies/${encodeURIComponent(study)}/previews`, signal),
      staleTime: 0,
      gcTime: 0,
      retry: false,
    })),
  });
  const left = found.map(one => one.data).filter(tally => tally?.wanted && tally.whole < tally.images);
  return left.map(
    (tally, place) =>
      tally && (
        <Alert key={place} color="yellow" variant="light" role="alert" icon={<IconAlertTriangle size={18} />} title={t('previews.mark')}>
          {t('previews.signing', { count: tally.images, images: count(tally.images, locale), whole: count(tally.whole, locale) })}
        </Alert>
      ),
  );
}
