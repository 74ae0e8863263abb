// A medium of somebody else's: looked at first, then a person chooses whose images are taken in.

import { Button, Checkbox, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { lines } from '../../api/client';
import { Page } from '../../components/Page';
import { Problem, Section } from '../../components/parts';
import { dicomDate, patientName } from '../../lib/format';
import { Wide } from '../../components/Wide';
import { useWords } from '../../lib/language';

interface Candidate {
  id: string | null;
  issuer: string | null;
  by: string;
}

interface Seen {
  id: string | null;
  issuer: string | null;
  name: string | null;
  birth_date: string | null;
  sex: string | null;
  studies: { study: string; date: string | null; modalities: string[]; instances: number; held: number }[];
  candidates: Candidate[];
}

interface Total {
  stored: number;
  known: number;
  refused: number;
  left_out: number;
  patients?: Seen[];
}

interface Line {
  total?: Total;
}

/** Runs an import, or a look at one; gives its last line. */
async function run(body: unknown, count: (seen: number) => void): Promise<Total | null> {
  let total: Total | null = null;
  let seen = 0;
  await lines<Line>('/import', body, line => {
    if (line.total) total = line.total;
    else count(++seen);
  });
  return total;
}

export function ImportPage() {
  const { t } = useWords();
  const [path, setPath] = useState('');
  const [seen, setSeen] = useState(0);
  const look = useMutation({ mutationFn: (from: string) => run({ paths: [from], scan: true }, setSeen) });
  return (
    <Page title={t('archive.pages.import')}>
      <Stack gap="md">
        <Section title={t('archive.import.from')} about={t('archive.import.about')}>
          <form
            onSubmit={event => {
              event.preventDefault();
              setSeen(0);
              look.mutate(path.trim());
            }}
          >
            <Group align="flex-end">
              <TextInput
                label={t('archive.import.path')}
                value={path}
                onChange={event => setPath(event.currentTarget.value)}
                style={{ flex: 1 }}
                required
              />
              <Button type="submit" loading={look.isPending} disabled={!path.trim().startsWith('/')}>
                {t('archive.import.look')}
              </Button>
            </Group>
          </form>
          {look.isPending && (
            <Text size="sm" mt="sm" role="status">
              {t('archive.import.seen', { count: seen })}
            </Text>
          )}
          <Problem error={look.error} />
        </Section>
        {look.isSuccess && <Choice key={look.submittedAt} path={look.variables} total={look.data} />}
      </Stack>
    </Page>
  );
}

function Choice({ path, total }: { path: string; total: Total | null }) {
  const { t } = useWords();
  const patients = total?.patients ?? [];
  const ids = [...new Set(patients.map(({ id }) => id ?? ''))];
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [seen, setSeen] = useState(0);
  const wanted = ids.filter(id => !left.has(id));
  const take = useMutation({
    mutationFn: () => run({ paths: [path], patients: left.size === 0 ? [] : wanted }, setSeen),
  });
  const toggle = (id: string) => {
    const next = new Set(left);
    if (!next.delete(id)) next.add(id);
    setLeft(next);
  };
  return (
    <Section title={t('archive.import.found')} about={t('archive.import.keeps')}>
      <Stack gap="sm">
        {patients.length === 0 ? (
          <Text size="sm">{t('archive.import.nothing')}</Text>
        ) : (
          <Wide min={640} label={t('archive.import.found')}>
            <Table verticalSpacing="xs" layout="fixed" style={{ overflowWrap: 'anywhere' }}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th w={90}>{t('archive.import.take')}</Table.Th>
                  <Table.Th>{t('archive.import.patient')}</Table.Th>
                  <Table.Th>{t('archive.import.studies')}</Table.Th>
                  <Table.Th>{t('archive.import.ours')}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {patients.map((patient, n) => (
                  <Patient key={n} patient={patient} taken={!left.has(patient.id ?? '')} onToggle={() => toggle(patient.id ?? '')} />
                ))}
              </Table.Tbody>
            </Table>
          </Wide>
        )}
        {total !== null && total.refused > 0 && (
          <Text size="sm" c="dimmed">
            {t('archive.import.refused', { count: total.refused })}
          </Text>
        )}
        <Group>
          <Button disabled={wanted.length === 0} loading={take.isPending} onClick={() => take.mutate()}>
            {t('archive.import.submit')}
          </Button>
          <Text size="sm" role="status">
            {take.isPending && t('archive.import.seen', { count: seen })}
            {take.isSuccess &&
              (take.data
                ? t('archive.import.done', {
                    stored: take.data.stored,
                    known: take.data.known,
                    refused: take.data.refused,
                    left: take.data.left_out,
                  })
                : t('archive.import.cut'))}
          </Text>
        </Group>
        <Problem error={take.error} />
      </Stack>
    </Section>
  );
}

function Patient({ patient, taken, onToggle }: { patient: Seen; taken: boolean; onToggle: () => void }) {
  const { t, locale } = useWords();
  const name = patientName(patient.name) ?? t('list.unnamed');
  const facts = [dicomDate(patient.birth_date, locale), patient.sex, patient.id, patient.issuer].filter(Boolean).join(' · ');
  return (
    <Table.Tr>
      <Table.Td>
        <Checkbox checked={taken} onChange={onToggle} aria-label={t('archive.import.takePatient', { patient: name })} />
      </Table.Td>
      <Table.Td>
        {name}
        <Text size="xs" c="dimmed">
          {facts}
        </Text>
      </Table.Td>
      <Table.Td>
        {patient.studies.map(({ study, date, modalities, instances, held }) => (
          <div key={study}>
            {[dicomDate(date, locale) ?? '—', modalities.join(', ')].join(' · ')}
            <Text size="xs" c="dimmed" span ml="xs">
              {t('archive.import.held', { held, of: instances })}
            </Text>
          </div>
        ))}
      </Table.Td>
      <Table.Td>
        {patient.candidates.map(({ id, issuer, by }) => (
          <div key={`${id} ${issuer}`}>
            {[id, issuer].filter(Boolean).join(' · ')}
            <Text size="xs" c="dimmed">
              {by.includes('issuer') ? t('archive.import.byId') : t('archive.import.byTraits')}
            </Text>
          </div>
        ))}
      </Table.Td>
    </Table.Tr>
  );
}
