// Who holds copies of our studies, or which a site holds: what was served, less what was erased with a receipt.

import { Badge, Checkbox, Modal, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from '../../api/client';
import type { Copies, Copy } from '../../api/types';
import { Failure, Waiting } from '../../components/State';
import { Wide } from '../../components/Wide';
import { bytes, count, minute } from '../../lib/format';
import { useWords } from '../../lib/language';

const COLOURS: Record<Copy['state'], string> = {
  held: 'blue',
  ending: 'yellow',
  overdue: 'red',
  unconfirmed: 'orange',
  erased: 'teal',
};

interface CopiesDialogProps {
  /** Of a study at all sites, or of all studies at one. */
  of: { study: string } | { site: string; name: string };
  onClose: () => void;
}

export function CopiesDialog({ of, onClose }: CopiesDialogProps) {
  const { t, locale } = useWords();
  const [all, setAll] = useState(false);
  const isStudy = 'study' in of;
  const path = isStudy ? `/studies/${of.study}/holders` : `/peers/${of.site}/copies?all=${all}`;
  const copies = useQuery({ queryKey: ['copies', path], queryFn: ({ signal }) => get<Copies>(path, signal), refetchInterval: 5_000 });
  const title = isStudy ? t('copies.ofStudy') : t('copies.atSite', { site: of.name });
  return (
    <Modal opened onClose={onClose} title={title} size="xl" closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        {!isStudy && <Checkbox checked={all} onChange={event => setAll(event.currentTarget.checked)} label={t('copies.all')} />}
        {copies.isError && !copies.data ? (
          <Failure error={copies.error} retry={() => void copies.refetch()} />
        ) : copies.data ? (
          <>
            <Text size="sm" aria-live="polite">
              {t('copies.count', { count: copies.data.held, held: count(copies.data.held, locale) })}
              {copies.data.overdue > 0 && ` ${t('copies.overdueCount', { count: copies.data.overdue })}`}
            </Text>
            {copies.data.copies.length > 0 && <Rows copies={copies.data.copies} isStudy={isStudy} />}
          </>
        ) : (
          <Waiting />
        )}
      </Stack>
    </Modal>
  );
}

function Rows({ copies, isStudy }: { copies: Copy[]; isStudy: boolean }) {
  const { t, locale } = useWords();
  const heads = [
    t(isStudy ? 'copies.site' : 'copies.study'),
    t('copies.stands'),
    t('copies.since'),
    t('copies.until'),
    t('copies.most'),
    t('copies.receipt'),
  ];
  return (
    <Wide min={720} label={heads.join(', ')}>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            {heads.map(head => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {copies.map(copy => (
            <Table.Tr key={`${copy.peer} ${copy.study} ${copy.copy}`}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{isStudy ? copy.peer_name : copy.study}</Table.Td>
              <Table.Td>
                <Badge variant="light" color={COLOURS[copy.state]} style={{ textTransform: 'none' }}>
                  {t(`copies.state.${copy.state}`)}
                </Badge>
              </Table.Td>
              <Table.Td>{minute(copy.since, locale)}</Table.Td>
              <Table.Td>{copy.erased ? '–' : minute(copy.until, locale)}</Table.Td>
              <Table.Td>{`${count(copy.instances, locale)} · ${bytes(copy.bytes, locale)}`}</Table.Td>
              <Table.Td>{copy.erased ? `${minute(copy.erased.at, locale)} · ${t(`copies.why.${copy.erased.why}`)}` : '–'}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}
