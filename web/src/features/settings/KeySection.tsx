// The key that speaks for this site, those of the peers, and changing ours.

import { Alert, Button, Checkbox, Group, Modal, PasswordInput, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys, siteKeysQuery } from '../../api/queries';
import type { RotatedKey } from '../../api/types';
import { CopyText } from '../../components/CopyText';
import { Fact, Problem, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { minute, shortId } from '../../lib/format';
import { useWords } from '../../lib/language';
import { SealSection } from './SealSection';

export function KeySection() {
  const { t, locale } = useWords();
  const [changing, setChanging] = useState(false);
  const { data, error, refetch } = useQuery(siteKeysQuery);
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const { own, peers } = data;
  return (
    <Section title={t('key.title')} about={t('key.about')}>
      <Stack gap="md">
        {[own, ...peers]
          .filter(site => site.conflict)
          .map(site => (
            <Alert key={site.site} role="alert" color="red" variant="light" icon={<IconAlertTriangle size={18} aria-hidden="true" />}>
              <Text size="sm">{site === own ? t('key.ownConflict') : t('key.conflict', { site: site.name })}</Text>
              {site.rival && (
                <Text size="sm" mt={4}>
                  {t('key.rival', { key: shortId(site.key), rival: shortId(site.rival.key), follows: shortId(site.rival.follows) })}
                </Text>
              )}
            </Alert>
          ))}
        <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="lg" verticalSpacing="md">
          <Fact name={t('key.own')}>
            <CopyText text={own.key} shown={shortId(own.key)} />
          </Fact>
          <Fact name={t('key.since')}>{own.changed ? minute(own.changed, locale) : t('key.first')}</Fact>
          <Fact name={t('key.left')}>{own.changes_left}</Fact>
        </SimpleGrid>
        {peers.length > 0 && (
          <Table aria-label={t('key.peers')}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('common.name')}</Table.Th>
                <Table.Th>{t('key.own')}</Table.Th>
                <Table.Th>{t('key.since')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {peers.map(peer => (
                <Table.Tr key={peer.site}>
                  <Table.Td>{peer.name}</Table.Td>
                  <Table.Td>
                    <CopyText text={peer.key} shown={shortId(peer.key)} />
                  </Table.Td>
                  <Table.Td>
                    {peer.changed ? minute(peer.changed, locale) : t('key.first')}
                    {peer.void_from && (
                      <Text size="xs" c="dimmed">
                        {t('key.void', { at: minute(peer.void_from, locale) })}
                      </Text>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        <Group>
          <Button variant="default" disabled={own.changes_left === 0} onClick={() => setChanging(true)}>
            {t('key.change')}
          </Button>
        </Group>
        {own.before.length > 0 && <SealSection sealing={data.sealing} />}
      </Stack>
      {changing && <ChangeDialog onClose={() => setChanging(false)} />}
    </Section>
  );
}

/** Once more who it is; and whether the key before may be in other hands. */
function ChangeDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [given, setGiven] = useState({ password: '', code: '', since: '', compromised: false });
  const set = (name: 'password' | 'code' | 'since') => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setGiven(before => ({ ...before, [name]: value }));
  };
  const change = useMutation({
    mutationFn: () =>
      post<RotatedKey>('/keys/rotate', {
        password: given.password,
        compromised: given.compromised,
        ...(given.code ? { code: given.code } : {}),
        ...(given.compromised && given.since ? { since: new Date(given.since).toISOString() } : {}),
      }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.siteKeys });
      void client.invalidateQueries({ queryKey: keys.peers });
    },
  });
  const done = change.data;
  return (
    <Modal opened onClose={onClose} title={t('key.change')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {done ? (
        <Stack gap="sm">
          <Alert role="status" color="teal" variant="light" title={t('key.done')}>
            {done.told.length > 0 && <Text size="sm">{t('key.told', { sites: done.told.join(', ') })}</Text>}
            {done.untold.length > 0 && <Text size="sm">{t('key.untold', { sites: done.untold.join(', ') })}</Text>}
          </Alert>
          <Group justify="flex-end">
            <Button onClick={onClose}>{t('common.close')}</Button>
          </Group>
        </Stack>
      ) : (
        <form
          onSubmit={event => {
            event.preventDefault();
            if (given.password) change.mutate();
          }}
        >
          <Stack gap="sm">
            <Text size="sm">{t('key.changeAbout')}</Text>
            <Checkbox
              label={t('key.compromised')}
              description={t('key.compromisedHelp')}
              checked={given.compromised}
              onChange={event => {
                const { checked } = event.currentTarget;
                setGiven(before => ({ ...before, compromised: checked }));
              }}
            />
            {given.compromised && <TextInput type="datetime-local" label={t('key.voidFrom')} value={given.since} onChange={set('since')} />}
            <PasswordInput label={t('glass.password')} value={given.password} onChange={set('password')} autoComplete="current-password" required />
            <TextInput
              label={t('glass.code')}
              placeholder={t('glass.codeHelp')}
              value={given.code}
              onChange={set('code')}
              autoComplete="one-time-code"
              maxLength={32}
            />
            <Problem error={change.error} />
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={onClose}>
                {t('common.cancel')}
              </Button>
              <Button type="submit" color="red" loading={change.isPending} disabled={!given.password}>
                {t('key.submit')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
