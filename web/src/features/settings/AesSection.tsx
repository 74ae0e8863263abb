// DICOM peers: where they are and what they may do here. One form adds a peer and changes one.

import { Badge, Button, Checkbox, Group, NumberInput, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post, remove } from '../../api/client';
import { aesQuery, keys } from '../../api/queries';
import type { Ae, Echoed, Reach } from '../../api/types';
import { AskTwice } from '../../components/AskTwice';
import { Failure } from '../../components/State';
import { Problem, Section } from '../../components/parts';
import { useFault } from '../../components/problem';
import { minute } from '../../lib/format';
import { useWords } from '../../lib/language';

const REACHES: readonly Reach[] = ['none', 'own', 'all'];
const RIGHTS = ['echo', 'store', 'destination', 'notify', 'reject'] as const;
const EMPTY: Ae = { title: '', host: '', port: 104, query: 'none', echo: true, store: true, destination: true, notify: false, reject: false, tls: false, certificate: null, heard: null };

export function AesSection() {
  const { t } = useWords();
  const aes = useQuery(aesQuery);
  const [changed, setChanged] = useState<Ae | null>(null);
  return (
    <Section title={t('settings.aes')} about={t('settings.aeHelp')}>
      <Stack gap="md">
        {aes.isError && <Failure error={aes.error} retry={() => void aes.refetch()} />}
        {aes.data?.length ? (
          <Table verticalSpacing={6} fz="sm">
            <Table.Tbody>
              {aes.data.map(ae => (
                <Row key={ae.title} ae={ae} onChange={() => setChanged(ae)} />
              ))}
            </Table.Tbody>
          </Table>
        ) : (
          <Text size="sm" c="dimmed">
            {t('settings.noAes')}
          </Text>
        )}
        <AeForm key={changed?.title ?? ''} known={changed} onDone={() => setChanged(null)} />
      </Stack>
    </Section>
  );
}

function Row({ ae, onChange }: { ae: Ae; onChange: () => void }) {
  const { t, locale } = useWords();
  const say = useFault();
  const client = useQueryClient();
  const forget = useMutation({
    mutationFn: () => remove(`/aes/${encodeURIComponent(ae.title)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.aes }),
  });
  const echo = useMutation({
    mutationFn: () => post<Echoed>(`/aes/${encodeURIComponent(ae.title)}/echo`),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.aes }),
  });
  const granted = RIGHTS.filter(right => ae[right]);
  return (
    <Table.Tr>
      <Table.Td>
        <Text fw={600} size="sm">
          {ae.title}
        </Text>
        <Text ff="monospace" fz="xs">
          {ae.host}:{ae.port}
        </Text>
        <Text size="xs" c="dimmed">
          {ae.heard ? t('settings.heardAe', { when: minute(ae.heard, locale) }) : t('settings.unheardAe')}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          {granted.map(right => (
            <Badge key={right} variant="light" style={{ textTransform: 'none' }}>
              {t(`settings.right.${right}`)}
            </Badge>
          ))}
          {ae.query !== 'none' && (
            <Badge variant="light" color="teal" style={{ textTransform: 'none' }}>
              {t(`settings.reach.${ae.query}`)}
            </Badge>
          )}
          {ae.tls && (
            <Badge variant="light" color="gray" style={{ textTransform: 'none' }}>
              TLS
            </Badge>
          )}
          {granted.length === 0 && ae.query === 'none' && (
            <Text size="xs" c="dimmed">
              {t('settings.right.nothing')}
            </Text>
          )}
        </Group>
        <div role="status">
          {echo.data && (
            <Text size="xs" c={echo.data.fault ? 'red.4' : 'teal.4'}>
              {echo.data.fault ? t('settings.echoFailed', { fault: say(echo.data.fault) }) : t('settings.echoed', { ms: echo.data.after_ms ?? 0 })}
            </Text>
          )}
        </div>
        <Problem error={forget.error ?? echo.error} />
      </Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <Button size="compact-sm" variant="subtle" loading={echo.isPending} onClick={() => echo.mutate()} aria-label={t('settings.echoAe', { name: ae.title })}>
            {t('settings.echo')}
          </Button>
          <Button size="compact-sm" variant="subtle" onClick={onChange} aria-label={t('settings.changeAe', { name: ae.title })}>
            {t('common.change')}
          </Button>
          <AskTwice
            word={t('common.remove')}
            really={t('common.confirm')}
            label={t('settings.removeAe', { name: ae.title })}
            reallyLabel={t('settings.reallyRemoveAe', { name: ae.title })}
            busy={forget.isPending}
            onYes={() => forget.mutate()}
          />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function AeForm({ known, onDone }: { known: Ae | null; onDone: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [ae, setAe] = useState<Ae>(known ?? EMPTY);
  const put = (part: Partial<Ae>) => setAe(old => ({ ...old, ...part }));
  const set = useMutation({
    mutationFn: () => post<Ae>('/aes', { ...ae, title: ae.title.trim(), host: ae.host.trim() }),
    onSuccess: () => {
      setAe(EMPTY);
      onDone();
      void client.invalidateQueries({ queryKey: keys.aes });
    },
  });
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        set.mutate();
      }}
    >
      <Stack gap="sm">
        {known && <Title order={3}>{t('settings.changeAe', { name: known.title })}</Title>}
        <Group align="flex-end" grow>
          <TextInput
            label={t('settings.title2')}
            maxLength={16}
            readOnly={known !== null}
            value={ae.title}
            onChange={event => put({ title: event.currentTarget.value })}
          />
          <TextInput label={t('settings.host')} value={ae.host} onChange={event => put({ host: event.currentTarget.value })} />
          <NumberInput
            label={t('settings.port')}
            min={1}
            max={65535}
            hideControls
            value={ae.port || ''}
            onChange={value => put({ port: Number(value) })}
          />
        </Group>
        <Group>
          {RIGHTS.map(right => (
            <Checkbox
              key={right}
              label={t(`settings.right.${right}`)}
              checked={ae[right]}
              onChange={event => put({ [right]: event.currentTarget.checked })}
            />
          ))}
        </Group>
        <Select
          label={t('settings.reach.label')}
          allowDeselect={false}
          data={REACHES.map(value => ({ value, label: t(`settings.reach.${value}`) }))}
          value={ae.query}
          onChange={value => put({ query: value ?? 'none' })}
        />
        <Checkbox
          label={t('settings.tls.only')}
          checked={ae.tls}
          onChange={event => put({ tls: event.currentTarget.checked, ...(event.currentTarget.checked ? {} : { certificate: null }) })}
        />
        {ae.tls && (
          <TextInput
            label={t('settings.tls.certificate')}
            description={t('settings.tls.certificateHelp')}
            value={ae.certificate ?? ''}
            onChange={event => put({ certificate: event.currentTarget.value })}
          />
        )}
        <Problem error={set.error} />
        <Group justify="flex-end">
          {known && (
            <Button variant="default" onClick={onDone}>
              {t('common.cancel')}
            </Button>
          )}
          <Button type="submit" loading={set.isPending} disabled={!ae.title.trim() || !ae.host.trim() || !ae.port}>
            {known ? t('common.save') : t('settings.addAe')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
