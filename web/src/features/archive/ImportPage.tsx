// A medium of somebody else's: looked at first, then a person decides whose images are taken in, and as whose.

import { Button, FileButton, Group, List, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { lines } from '../../api/client';
import { useMay } from '../../api/queries';
import type { Fault } from '../../api/types';
import { Page } from '../../components/Page';
import { Problem, Section } from '../../components/parts';
import { useWords } from '../../lib/language';
import { Decisions, type Decision, type Seen } from './Decisions';
import { type Brought, bring, chosen, dropped, forget } from './upload';

interface Total {
  stored: number;
  known: number;
  refused: number;
  left_out: number;
  undecided: number;
  patients?: Seen[];
}

interface Refused {
  path: string;
  fault: Fault;
}

interface Line {
  path?: string;
  fault?: Fault;
  total?: Total;
}

/** How an import, or a look, ended: its last line, where it came to one, and the first files that were not taken. */
interface Outcome {
  total: Total | null;
  refused: Refused[];
}

/** A medium may hold thousands of files that are no images: enough to see what they are. */
const REFUSED_SHOWN = 12;

/** What is imported: paths on the node's machine, or what was brought. */
type Medium = { paths: string[] } | { upload: string };

/** Runs an import, or a look at one. */
async function run(body: unknown, count: (seen: number) => void): Promise<Outcome> {
  const outcome: Outcome = { total: null, refused: [] };
  let seen = 0;
  await lines<Line>('/import', body, line => {
    if (line.total) outcome.total = line.total;
    else count(++seen);
    if (line.fault && outcome.refused.length < REFUSED_SHOWN) outcome.refused.push({ path: line.path ?? '', fault: line.fault });
  });
  return outcome;
}

export function ImportPage() {
  const { t } = useWords();
  const mayPaths = useMay('administer');
  const mayDecide = useMay('reject-studies');
  const [seen, setSeen] = useState(0);
  const [brought, setBrought] = useState<{ done: number; of: number } | null>(null);
  const before = useRef<string | null>(null);
  const look = useMutation({
    mutationFn: async (from: string | Brought[]): Promise<{ medium: Medium; looked: Outcome }> => {
      setSeen(0);
      if (before.current) await forget(before.current);
      before.current = null;
      let medium: Medium;
      if (typeof from === 'string') medium = { paths: [from] };
      else {
        setBrought({ done: 0, of: from.length });
        const upload = await bring(from, (done, of) => setBrought({ done, of }));
        before.current = upload;
        medium = { upload };
      }
      setBrought(null);
      return { medium, looked: await run({ ...medium, scan: true }, setSeen) };
    },
    onSettled: () => setBrought(null),
  });
  return (
    <Page title={t('archive.pages.import')}>
      <Stack gap="md">
        <Section title={t('archive.import.from')} about={t('archive.import.about')}>
          <Stack gap="md">
            <Sources onFiles={files => look.mutate(files)} isBusy={look.isPending} />
            {mayPaths && <PathForm onPath={path => look.mutate(path)} isBusy={look.isPending} />}
            {look.isPending && (
              <Text size="sm" role="status">
                {brought ? t('archive.import.bringing', brought) : t('archive.import.seen', { count: seen })}
              </Text>
            )}
            <Problem error={look.error} />
          </Stack>
        </Section>
        {look.isSuccess && (
          <Choice key={look.submittedAt} medium={look.data.medium} looked={look.data.looked} mayDecide={mayDecide} />
        )}
      </Stack>
    </Page>
  );
}

function Sources({ onFiles, isBusy }: { onFiles: (files: Brought[]) => void; isBusy: boolean }) {
  const { t } = useWords();
  const [isOver, setOver] = useState(false);
  const take = (files: Brought[]) => {
    if (files.length > 0) onFiles(files);
  };
  return (
    <Paper
      withBorder
      p="lg"
      {...(isOver ? { bg: 'var(--mantine-color-default-hover)' } : {})}
      style={{ borderStyle: 'dashed' }}
      onDragOver={event => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        event.preventDefault();
        setOver(false);
        if (!isBusy) void dropped(event.dataTransfer.items).then(take);
      }}
    >
      <Stack align="center" gap="sm">
        <Text size="sm" c="dimmed">
          {t('archive.import.drop')}
        </Text>
        <Group>
          <FileButton multiple onChange={files => take(files.map(file => ({ name: file.name, file })))}>
            {props => (
              <Button {...props} variant="default" disabled={isBusy}>
                {t('archive.import.files')}
              </Button>
            )}
          </FileButton>
          <FolderButton onFiles={take} isBusy={isBusy} />
        </Group>
      </Stack>
    </Paper>
  );
}

function FolderButton({ onFiles, isBusy }: { onFiles: (files: Brought[]) => void; isBusy: boolean }) {
  const { t } = useWords();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={node => {
          input.current = node;
          node?.setAttribute('webkitdirectory', '');
        }}
        type="file"
        hidden
        aria-hidden="true"
        onChange={event => {
          onFiles(chosen(event.currentTarget.files));
          event.currentTarget.value = '';
        }}
      />
      <Button variant="default" disabled={isBusy} onClick={() => input.current?.click()}>
        {t('archive.import.folder')}
      </Button>
    </>
  );
}

function PathForm({ onPath, isBusy }: { onPath: (path: string) => void; isBusy: boolean }) {
  const { t } = useWords();
  const [path, setPath] = useState('');
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        onPath(path.trim());
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
        <Button type="submit" loading={isBusy} disabled={!path.trim().startsWith('/')}>
          {t('archive.import.look')}
        </Button>
      </Group>
    </form>
  );
}

/** What was not taken in, and why: file by file, as far as is of use. */
function NotTaken({ count, some }: { count: number; some: Refused[] }) {
  const { t } = useWords();
  if (count === 0) return null;
  return (
    <div>
      <Text size="sm">{t('archive.import.refused', { count })}</Text>
      <details>
        <summary style={{ fontSize: 'var(--mantine-font-size-sm)' }}>{t('archive.import.which')}</summary>
        <List size="xs" mt={4}>
          {some.map(({ path, fault }, n) => (
            <List.Item key={n} style={{ overflowWrap: 'anywhere' }}>
              {t('common.labelled', { what: path, of: t(`fault.${fault.code}`) })}
            </List.Item>
          ))}
          {count > some.length && <List.Item>{t('archive.import.more', { count: count - some.length })}</List.Item>}
        </List>
      </details>
    </div>
  );
}

function Choice({ medium, looked, mayDecide }: { medium: Medium; looked: Outcome; mayDecide: boolean }) {
  const { t } = useWords();
  const patients = looked.total?.patients ?? [];
  const [decisions, setDecisions] = useState<ReadonlyMap<number, Decision>>(new Map());
  const [issuer, setIssuer] = useState('');
  const [seen, setSeen] = useState(0);
  const of = (n: number): Decision => decisions.get(n) ?? { kind: patients[n]?.must_decide ? 'undecided' : 'as-is' };
  const all = patients.map((_, n) => of(n));
  const isExternal = all.some(decision => decision.kind === 'external');
  const isReady = all.some(({ kind }) => kind !== 'leave-out' && kind !== 'undecided') && (!isExternal || issuer.trim() !== '');
  const take = useMutation({
    mutationFn: () => {
      const told = all.flatMap((decision, n) => {
        const seen = patients[n];
        if (!seen || decision.kind === 'as-is' || decision.kind === 'undecided') return [];
        const who = { id: seen.id ?? '', name: seen.name ?? '', birth_date: seen.birth_date ?? '' };
        if (decision.kind === 'external') return [{ ...who, decision: 'external', issuer: issuer.trim() }];
        if (decision.kind === 'link') return [{ ...who, decision: 'link', like: decision.like }];
        return [{ ...who, decision: 'leave-out' }];
      });
      return run({ ...medium, decisions: told }, setSeen);
    },
  });
  return (
    <Section title={t('archive.import.found')} about={t('archive.import.keeps')}>
      <Stack gap="sm">
        {patients.length === 0 ? (
          <Text size="sm">{t('archive.import.nothing')}</Text>
        ) : (
          <Decisions
            patients={patients}
            of={of}
            mayDecide={mayDecide}
            onDecide={(n, decision) => setDecisions(new Map(decisions).set(n, decision))}
          />
        )}
        {isExternal && (
          <TextInput
            label={t('archive.import.issuer')}
            description={t('archive.import.issuerHelp')}
            value={issuer}
            maxLength={64}
            onChange={event => setIssuer(event.currentTarget.value)}
            required
            maw={480}
          />
        )}
        {looked.total === null && (
          <Text size="sm" c="red.4" role="alert">
            {t('archive.import.cut')}
          </Text>
        )}
        {!take.isSuccess && <NotTaken count={looked.total?.refused ?? 0} some={looked.refused} />}
        <Group>
          <Button disabled={!isReady} loading={take.isPending} onClick={() => take.mutate()}>
            {t('archive.import.submit')}
          </Button>
          <Text size="sm" role="status">
            {take.isPending && t('archive.import.seen', { count: seen })}
            {take.isSuccess &&
              (take.data.total
                ? t('archive.import.done', {
                    stored: take.data.total.stored,
                    known: take.data.total.known,
                    refused: take.data.total.refused,
                    left: take.data.total.left_out,
                    undecided: take.data.total.undecided,
                  })
                : t('archive.import.cut'))}
          </Text>
        </Group>
        {take.data && <NotTaken count={take.data.total?.refused ?? 0} some={take.data.refused} />}
        <Problem error={take.error} />
      </Stack>
    </Section>
  );
}
