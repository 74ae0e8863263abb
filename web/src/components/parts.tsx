// What pages of settings and of the archive are made of.

import { Alert, Paper, Table, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { CopyText } from './CopyText';
import { useProblem } from './problem';
import { useWords } from '../lib/language';

/** Without a title where the page's own says it all. */
export function Section({ title, about, children }: { title?: string; about?: string; children: ReactNode }) {
  return (
    <Paper component="section" bg="var(--panel)" withBorder p={{ base: 'md', sm: 'lg' }} style={{ borderColor: 'var(--line)' }}>
      {title && (
        <Title order={2} mb={about ? 2 : 'md'}>
          {title}
        </Title>
      )}
      {about && (
        <Text c="dimmed" size="sm" mb="md">
          {about}
        </Text>
      )}
      {children}
    </Paper>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text component="div" size="sm" style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </div>
  );
}

/** A secret that the node tells once. */
export function Once({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  const { t } = useWords();
  return (
    <Alert color="teal" variant="light" title={name} withCloseButton closeButtonLabel={t('common.close')} onClose={onClose} role="status">
      <CopyText text={secret} size="md" />
      <Text size="xs" mt={4}>
        {t('common.shownOnce')}
      </Text>
    </Alert>
  );
}

/** The head of a column that holds buttons. */
export function ActsHead() {
  const { t } = useWords();
  return (
    <Table.Th>
      <span className="visually-hidden">{t('list.actions')}</span>
    </Table.Th>
  );
}

export function Problem({ error }: { error: unknown }) {
  const say = useProblem();
  return error ? (
    <Text size="sm" c="red.4" role="alert">
      {say(error)}
    </Text>
  ) : null;
}
