// A roster as a calendar file: saved, and read with what would become of it before anything does.

import { Badge, Button, FileButton, Group, Modal, Stack, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload, IconFileImport } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { postText } from '../../api/client';
import { keys } from '../../api/queries';
import type { Coverage, ImportedRoster } from '../../api/types';
import { Problem, Section } from '../../components/parts';
import { Wide } from '../../components/Wide';
import { useWords } from '../../lib/language';
import { useRosterWords } from './words';

const COLOURS = { new: 'teal', moved: 'sky', same: 'gray', past: 'gray', cancelled: 'yellow', unknown: 'red', clash: 'red' } as const;

export function FileDialog({ coverage, from, zone, onClose }: { coverage: Coverage; from: string; zone: string; onClose: () => void }) {
  const { t } = useWords();
  const words = useRosterWords(zone);
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const path = `/rosters/${coverage.id}/calendar`;
  const trial = useMutation({ mutationFn: (chosen: File) => postText<ImportedRoster>(`${path}?trial=true`, 'text/calendar', chosen) });
  const apply = useMutation({
    mutationFn: (chosen: File) => postText<ImportedRoster>(path, 'text/calendar', chosen),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.rosters });
      notifications.show({ closeButtonProps: { 'aria-label': t('common.close') }, color: 'teal', message: t('rosters.file_.done') });
      onClose();
    },
  });
  const events = trial.data?.events ?? [];
  const unfit = events.some(({ fate }) => fate === 'unknown' || fate === 'clash');
  return (
    <Modal opened onClose={onClose} size="xl" title={t('rosters.file_.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Section title={t('rosters.file_.save')} about={t('rosters.file_.saveHelp')}>
          <Button component="a" href={`/api${path}?from=${from}`} download="roster.ics" variant="default" leftSection={<IconDownload size={17} />}>
            {t('rosters.file_.save')}
          </Button>
        </Section>
        <Section title={t('rosters.file_.read')} about={t('rosters.file_.readHelp')}>
          <Stack gap="sm" align="flex-start">
            <FileButton
              accept=".ics,text/calendar"
              onChange={chosen => {
                setFile(chosen);
                if (chosen) trial.mutate(chosen);
              }}
            >
              {props => (
                <Button {...props} variant="default" loading={trial.isPending} leftSection={<IconFileImport size={17} />}>
                  {t('rosters.file_.choose')}
                </Button>
              )}
            </FileButton>
            <Problem error={trial.error ?? apply.error} />
            {events.length > 0 && (
              <Wide min={520} label={t('rosters.file_.read')}>
                <Table fz="sm" aria-label={t('rosters.file_.read')}>
                  <Table.Tbody>
                    {events.map(event => (
                      <Table.Tr key={event.line}>
                        <Table.Td>
                          {t('rosters.file_.line')} {event.line}
                        </Table.Td>
                        <Table.Td>{event.person}</Table.Td>
                        <Table.Td>{words.span(Date.parse(event.start), Date.parse(event.end)).join(' – ')}</Table.Td>
                        <Table.Td>{t(`shift.short.${event.presence}`)}</Table.Td>
                        <Table.Td>
                          <Badge variant="light" color={COLOURS[event.fate]} style={{ textTransform: 'none' }}>
                            {t(`rosters.file_.fate.${event.fate}`)}
                          </Badge>
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Wide>
            )}
            {unfit && (
              <Text size="sm" c="red.4" role="alert">
                {t('rosters.file_.unfit')}
              </Text>
            )}
            {file && trial.data && (
              <Group>
                <Button disabled={unfit || events.length === 0} loading={apply.isPending} onClick={() => apply.mutate(file)}>
                  {t('rosters.file_.apply')}
                </Button>
              </Group>
            )}
          </Stack>
        </Section>
      </Stack>
    </Modal>
  );
}
