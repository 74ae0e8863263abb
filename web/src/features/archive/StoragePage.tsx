// How much the archive holds and how much room is left.

import { Progress, SimpleGrid, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { statusQuery } from '../../api/queries';
import { Page } from '../../components/Page';
import { Failure, Waiting } from '../../components/State';
import { bytes, count } from '../../lib/format';
import { useWords } from '../../lib/language';
import { Fact, Section } from '../../components/parts';

export function StoragePage() {
  const { t } = useWords();
  return (
    <Page title={t('archive.pages.storage')}>
      <Room />
    </Page>
  );
}

function Room() {
  const { t, locale } = useWords();
  const { data: status, error, refetch } = useQuery(statusQuery);
  if (error && !status) return <Failure error={error} retry={() => void refetch()} />;
  if (!status) return <Waiting />;
  const held = status.bytes + status.cache_bytes;
  const share = (100 * held) / Math.max(1, held + status.free_bytes);
  return (
    <Section title={t('archive.storage.room')}>
      <Stack gap="md">
        <Progress value={share} aria-label={t('archive.storage.room')} />
        <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }} spacing="lg" verticalSpacing="md">
          <Fact name={t('settings.studies')}>{count(status.studies, locale)}</Fact>
          <Fact name={t('settings.instances')}>{count(status.instances, locale)}</Fact>
          <Fact name={t('settings.stored')}>{bytes(status.bytes, locale)}</Fact>
          <Fact name={t('settings.cache')}>{bytes(status.cache_bytes, locale)}</Fact>
          <Fact name={t('settings.free')}>{bytes(status.free_bytes, locale)}</Fact>
        </SimpleGrid>
      </Stack>
    </Section>
  );
}
