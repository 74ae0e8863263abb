// Ending an agreement: what its end would cut is shown first, and it may wait until that has been read.

import { Alert, Button, Group, List, Modal, NumberInput, Radio, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from '../../api/client';
import type { Agreement, Under } from '../../api/types';
import { Failure, Waiting } from '../../components/State';
import { minute, shortId } from '../../lib/format';
import { useWords } from '../../lib/language';

interface EndDialogProps {
  agreement: Agreement;
  busy: boolean;
  /** `null`: now. */
  onEnd: (afterHours: number | null) => void;
  onClose: () => void;
}

const USUAL_HOURS = 24;

export function EndDialog({ agreement, busy, onEnd, onClose }: EndDialogProps) {
  const { t } = useWords();
  const [when, setWhen] = useState<'after' | 'now' | null>(null);
  const [hours, setHours] = useState<number | string>(USUAL_HOURS);
  const under = useQuery({
    queryKey: ['under', agreement.id],
    queryFn: ({ signal }) => get<Under>(`/agreements/${agreement.id}/under`, signal),
    refetchInterval: 5_000,
  });
  const runs = under.data !== undefined && under.data.reading.length + under.data.grants.length + under.data.cases.length > 0;
  const mayWait = runs && agreement.state !== 'closing';
  const chosen = mayWait ? (when ?? 'after') : 'now';
  return (
    <Modal opened onClose={onClose} size="lg" title={t('agreement.endTitle')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        {under.isError && !under.data && <Failure error={under.error} retry={() => void under.refetch()} />}
        {!under.data && !under.isError && <Waiting />}
        {under.data && <Runs under={under.data} />}
        {mayWait && (
          <Radio.Group label={t('agreement.endWhen')} value={chosen} onChange={value => setWhen(value)}>
            <Stack gap="xs" mt={6}>
              <Radio value="after" label={t('agreement.endAfter')} description={t('agreement.endAfterHelp')} />
              <NumberInput
                aria-label={t('agreement.endAfterHelp')}
                w={160}
                ml={30}
                min={1}
                max={168}
                suffix={` ${t('agreement.hours')}`}
                value={hours}
                disabled={chosen !== 'after'}
                onChange={setHours}
              />
              <Radio value="now" label={t('agreement.endNow')} description={t('agreement.endNowHelp')} />
            </Stack>
          </Radio.Group>
        )}
        {under.data && !mayWait && (
          <Alert color="yellow" variant="light">
            {t('agreement.endNowHelp')}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('common.cancel')}
          </Button>
          <Button
            color="red.9"
            loading={busy}
            disabled={under.isPending || (chosen === 'after' && !(Number(hours) >= 1))}
            onClick={() => onEnd(chosen === 'after' ? Number(hours) : null)}
          >
            {t('agreement.endYes')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Runs({ under }: { under: Under }) {
  const { t, locale } = useWords();
  if (under.reading.length + under.grants.length + under.cases.length === 0) return <Text size="sm">{t('agreement.underNothing')}</Text>;
  return (
    <>
      {under.reading.length > 0 && (
        <section aria-label={t('agreement.underReading')}>
          <Text size="sm" fw={600}>
            {t('agreement.underReading')}
          </Text>
          <List size="sm">
            {under.reading.map(row => (
              <List.Item key={`${row.study}${row.holder_name}`}>
                <span title={row.study}>{shortId(row.study)}</span> · {row.ours ? t('agreement.underOurs') : t('agreement.underTheirs', { site: row.holder_name })}
              </List.Item>
            ))}
          </List>
        </section>
      )}
      {under.cases.length > 0 && (
        <section aria-label={t('agreement.underCases')}>
          <Text size="sm" fw={600}>
            {t('agreement.underCases')}
          </Text>
          <List size="sm">
            {under.cases.map(row => (
              <List.Item key={row.case}>
                <span title={row.studies.join(', ')}>{shortId(row.studies[0] ?? '')}</span> · {t('agreement.underCase', { owner: row.owner })} · {t('agreement.underExpires', { date: minute(row.until, locale) })}
              </List.Item>
            ))}
          </List>
        </section>
      )}
      {under.grants.length > 0 && (
        <section aria-label={t('agreement.underGrants')}>
          <Text size="sm" fw={600}>
            {t('agreement.underGrants')}
          </Text>
          <List size="sm">
            {under.grants.map(row => (
              <List.Item key={row.grant}>
                <span title={row.study}>{shortId(row.study)}</span> · {t('agreement.underExpires', { date: minute(row.expires, locale) })}
              </List.Item>
            ))}
          </List>
        </section>
      )}
    </>
  );
}
