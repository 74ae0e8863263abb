// What takes room on the disk, when it will be full, and how reading again stands.

import { Progress, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { storageQuery } from '../../api/queries';
import type { Storage } from '../../api/types';
import { Page } from '../../components/Page';
import { Fact, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { bytes, count, minute } from '../../lib/format';
import { useWords } from '../../lib/language';

export function StoragePage() {
  const { t } = useWords();
  const { data: storage, error, refetch } = useQuery(storageQuery);
  return (
    <Page title={t('archive.pages.storage')}>
      {error && !storage ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : storage ? (
        <Stack gap="md">
          <Room storage={storage} />
          <Scrubbing scrub={storage.scrub} />
        </Stack>
      ) : (
        <Waiting />
      )}
    </Page>
  );
}

function Room({ storage }: { storage: Storage }) {
  const { t, locale } = useWords();
  const used = storage.disk_bytes - storage.free_bytes;
  const share = (100 * used) / Math.max(1, storage.disk_bytes);
  const rate = storage.growth_bytes_per_day;
  const days = storage.full_in_days;
  return (
    <Section title={t('archive.storage.room')}>
      <Stack gap="md">
        <Progress value={share} color={share >= 90 ? 'red' : share >= 80 ? 'yellow' : 'sky'} aria-label={t('archive.storage.used')} />
        <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="lg" verticalSpacing="md">
          <Fact name={t('archive.storage.used')}>
            {t('archive.storage.usedOf', { used: bytes(used, locale), disk: bytes(storage.disk_bytes, locale) })}
          </Fact>
          <Fact name={t('settings.free')}>{bytes(storage.free_bytes, locale)}</Fact>
          <Fact name={t('archive.storage.growth')}>
            {rate === null ? t('archive.storage.notYet') : t('archive.storage.perDay', { size: bytes(rate, locale) })}
          </Fact>
          <Fact name={t('archive.storage.forecast')}>
            {rate === null ? '—' : days === null ? t('archive.storage.noForecast') : t('archive.storage.fullIn', { count: days })}
          </Fact>
        </SimpleGrid>
        <Table verticalSpacing={6} maw={480} fz="sm" aria-label={t('archive.storage.byKind')}>
          <Table.Tbody>
            {storage.uses.map(({ kind, bytes: size }) => (
              <Table.Tr key={kind}>
                <Table.Th scope="row" fw={400} pl={0}>
                  {t(`archive.storage.uses.${kind}`)}
                </Table.Th>
                <Table.Td ta="right" pr={0}>{bytes(size, locale)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Stack>
    </Section>
  );
}

function Scrubbing({ scrub }: { scrub: Storage['scrub'] }) {
  const { t, locale } = useWords();
  const share = (100 * scrub.done) / Math.max(1, scrub.of);
  return (
    <Section title={t('archive.storage.scrub')} about={t('archive.storage.scrubAbout')}>
      {scrub.days === 0 ? (
        <Text size="sm">{t('archive.storage.scrubOff')}</Text>
      ) : (
        <Stack gap="md">
          <Progress value={share} aria-label={t('archive.storage.scrubPass')} />
          <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="lg" verticalSpacing="md">
            <Fact name={t('archive.storage.scrubPass')}>
              {t('archive.storage.scrubOf', { done: count(scrub.done, locale), of: count(scrub.of, locale) })}
            </Fact>
            <Fact name={t('archive.storage.scrubLast')}>
              {scrub.last === null ? t('archive.storage.never') : minute(scrub.last, locale)}
            </Fact>
            <Fact name={t('archive.storage.scrubFaults')}>
              <Found number={scrub.last_faults} />
            </Fact>
            <Fact name={t('archive.storage.aside')}>
              <Found number={scrub.aside} />
            </Fact>
            {scrub.found > 0 && (
              <>
                <Fact name={t('archive.storage.found')}>{count(scrub.found, locale)}</Fact>
                <Fact name={t('archive.storage.waiting')}>{count(scrub.waiting, locale)}</Fact>
                {scrub.repaired.map(({ from, site, objects }) => (
                  <Fact key={`${from} ${site ?? ''}`} name={t(`archive.storage.repairedFrom.${from}`, { site })}>
                    {count(objects, locale)}
                  </Fact>
                ))}
              </>
            )}
          </SimpleGrid>
        </Stack>
      )}
    </Section>
  );
}

/** A number that should be nought. */
function Found({ number }: { number: number }) {
  const { locale } = useWords();
  return (
    <Text size="sm" component="span" c={number > 0 ? 'red.4' : 'inherit'} fw={number > 0 ? 600 : 400}>
      {count(number, locale)}
    </Text>
  );
}
