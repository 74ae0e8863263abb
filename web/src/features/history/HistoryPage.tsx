// A patient looked for everywhere by an identifier, and the records that somebody has to compare, or has compared.

import { Badge, Button, Group, SegmentedControl, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { PatientLink, Whose } from '../../api/history';
import { decide, useHistory } from '../../api/history';
import { keys, patientLinksQuery, siteQuery, useMay } from '../../api/queries';
import { openReading } from '../../api/reading';
import { OpenedBy } from '../../components/CompareRecords';
import { Confirm } from '../../components/Confirm';
import { History } from '../../components/History';
import { Page } from '../../components/Page';
import { Problem, Section } from '../../components/parts';
import { useProblem } from '../../components/problem';
import { Denied, Failure, Waiting } from '../../components/State';
import { minute, patientName } from '../../lib/format';
import type { InsKind } from '../../lib/ins';
import { INS_ISSUERS, insOf } from '../../lib/ins';
import { useWords } from '../../lib/language';

function Found({ whose }: { whose: Whose }) {
  const { t, language } = useWords();
  const say = useProblem();
  const { history, again } = useHistory(whose, true);
  const [busy, setBusy] = useState(false);
  const open = async (study: string) => {
    setBusy(true);
    try {
      const { opened } = await openReading([study], language);
      if (!opened) notifications.show({ color: 'yellow', message: t('list.blocked') });
    } catch (error) {
      notifications.show({ color: 'red', message: say(error) });
    } finally {
      setBusy(false);
    }
  };
  const names = [...new Set(history.rows.map(row => patientName(row.study.patient.name)).filter(Boolean))];
  return (
    <>
      {names.length > 0 && <Text fw={600}>{names.join(' / ')}</Text>}
      <History history={history} again={again} beside={false} busy={busy} onOpen={row => void open(row.study.study)} />
    </>
  );
}

type Asked = 'hospital' | 'ins';

function Search() {
  const { t } = useWords();
  const site = useQuery(siteQuery).data;
  const [number, setNumber] = useState<Asked>('hospital');
  const [id, setId] = useState('');
  const [ins, setIns] = useState('');
  const [insKind, setInsKind] = useState<InsKind>('nir');
  // Never empty: a number means nothing without who issued it. Ours is written there until somebody writes another.
  const [written, setIssuer] = useState<string | null>(null);
  const issuer = written ?? site?.name ?? '';
  const [tried, setTried] = useState(false);
  const [whose, setWhose] = useState<Whose | null>(null);
  const submit = () => {
    setTried(true);
    if (number === 'hospital') {
      if (id.trim() && issuer.trim()) setWhose({ patient_id: id.trim(), issuer: issuer.trim() });
      return;
    }
    const whole = insOf(ins);
    if (whole) setWhose({ patient_id: whole, issuer: INS_ISSUERS[insKind] });
  };
  return (
    <Section title={t('history.search')} about={t('history.searchAbout')}>
      <form
        onSubmit={event => {
          event.preventDefault();
          submit();
        }}
      >
        <SegmentedControl
          mb="sm"
          maw="100%"
          style={{ flexWrap: 'wrap' }}
          aria-label={t('history.kind')}
          value={number}
          data={[
            { value: 'hospital', label: t('history.ofHospital') },
            { value: 'ins', label: t('history.ofIns') },
          ]}
          onChange={next => {
            setNumber(next);
            setTried(false);
          }}
        />
        <Group align="flex-start" gap="sm" mb="md">
          {number === 'hospital' ? (
            <>
              <TextInput label={t('history.id')} value={id} onChange={event => setId(event.currentTarget.value)} maxLength={64} required data-autofocus />
              <TextInput label={t('history.issuer')} description={t('history.issuerHelp', { site: site?.name ?? '' })} inputWrapperOrder={['label', 'input', 'description', 'error']} value={issuer} onChange={event => setIssuer(event.currentTarget.value)} maxLength={64} required />
            </>
          ) : (
            <>
              <TextInput
                label={t('history.ins')}
                description={t('history.insHelp')}
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                value={ins}
                inputMode="numeric"
                maxLength={24}
                required
                error={tried && insOf(ins) === null ? t('history.insWrong') : undefined}
                onChange={event => setIns(event.currentTarget.value)}
              />
              <Select
                label={t('history.insOf')}
                allowDeselect={false}
                value={insKind}
                data={[
                  { value: 'nir', label: t('history.nir') },
                  { value: 'nia', label: t('history.nia') },
                ]}
                onChange={next => setInsKind(next ?? 'nir')}
              />
            </>
          )}
          <Button type="submit" mt={24}>
            {t('history.ask')}
          </Button>
          {whose && (
            <Button variant="default" mt={24} onClick={() => setWhose(null)}>
              {t('history.clear')}
            </Button>
          )}
        </Group>
      </form>
      {whose && <Found key={JSON.stringify(whose)} whose={whose} />}
    </Section>
  );
}

const COLOURS = { candidate: 'yellow', confirmed: 'teal', rejected: 'gray', revoked: 'red' } as const;

function Links() {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const mayDecide = useMay('report-cases');
  const asked = useQuery(patientLinksQuery);
  const [undoing, setUndoing] = useState<PatientLink | null>(null);
  const undone = useMutation({
    mutationFn: (link: PatientLink) => decide(link.ours, link.theirs, link.peer, 'revoke'),
    onSuccess: () => {
      setUndoing(null);
      void client.invalidateQueries({ queryKey: keys.patientLinks });
    },
  });
  if (asked.error) return <Failure error={asked.error} retry={() => void asked.refetch()} />;
  if (!asked.data) return <Waiting />;
  return (
    <Section title={t('history.links')} about={t('history.linksAbout')}>
      {asked.data.length === 0 ? (
        <Text size="sm">{t('history.linksNone')}</Text>
      ) : (
        <Table.ScrollContainer minWidth={640}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('history.ours')}</Table.Th>
                <Table.Th>{t('history.theirs')}</Table.Th>
                <Table.Th>{t('history.decided')}</Table.Th>
                <Table.Th>
                  <span className="visually-hidden">{t('list.actions')}</span>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {asked.data.map(link => (
                <Table.Tr key={link.link}>
                  <Table.Td>
                    {link.ours.id} <Text size="xs" c="dimmed">{link.ours.issuer}</Text>
                  </Table.Td>
                  <Table.Td>
                    {link.theirs.id} <Text size="xs" c="dimmed">{link.theirs.issuer}</Text>
                  </Table.Td>
                  <Table.Td>
                    <Badge color={COLOURS[link.state]} variant="light">
                      {t(`history.state.${link.state}`)}
                    </Badge>
                    <Text size="xs" c="dimmed">
                      {[link.method === 'strict' ? t('history.automatic') : link.person, minute(link.at, locale)].filter(Boolean).join(' · ')}
                    </Text>
                    {link.state === 'revoked' && link.opened.length > 0 && <OpenedBy link={link} />}
                  </Table.Td>
                  <Table.Td>
                    {mayDecide && link.state === 'confirmed' && (
                      <Button size="compact-sm" variant="subtle" color="red" onClick={() => setUndoing(link)}>
                        {t('history.revoke')}
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Confirm
        opened={undoing !== null}
        title={t('history.revoke')}
        text={t('history.revokeAbout')}
        yes={t('history.revoke')}
        busy={undone.isPending}
        onYes={() => undoing && undone.mutate(undoing)}
        onClose={() => setUndoing(null)}
      >
        {undoing && <OpenedBy link={undoing} />}
        {undone.error && <Problem error={undone.error} />}
      </Confirm>
    </Section>
  );
}

export function HistoryPage() {
  const { t } = useWords();
  if (!useMay('read-studies')) return <Denied />;
  return (
    <Page title={t('history.title')} about={t('history.about')}>
      <Stack gap="lg">
        <Search />
        <Links />
      </Stack>
    </Page>
  );
}
