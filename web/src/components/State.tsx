// What a view shows when it has nothing else to show.

import { Button, Center, Loader, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconAlertTriangle, IconLock, IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client';
import { useWords } from '../lib/language';
import { useProblem } from './problem';

interface BlankProps {
  icon: ReactNode;
  title: string;
  text?: string | undefined;
  color?: string;
  children?: ReactNode;
}

export function Blank({ icon, title, text, color = 'gray', children }: BlankProps) {
  return (
    <Center py={72} px="md">
      <Stack align="center" gap="sm" maw={440}>
        <ThemeIcon variant="light" color={color} size={54} radius="xl">
          {icon}
        </ThemeIcon>
        <Title order={2} ta="center">
          {title}
        </Title>
        {text && (
          <Text c="dimmed" ta="center" size="sm">
            {text}
          </Text>
        )}
        {children}
      </Stack>
    </Center>
  );
}

export function Waiting() {
  const { t } = useWords();
  return (
    <Center py={96} role="status" aria-label={t('common.loading')}>
      <Loader type="dots" color="sky.4" />
    </Center>
  );
}

export function Denied() {
  const { t } = useWords();
  return <Blank icon={<IconLock size={28} />} title={t('state.deniedTitle')} text={t('state.denied')} />;
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useWords();
  const say = useProblem();
  if (error instanceof ApiError && error.code === 'role') return <Denied />;
  const offline = error instanceof ApiError && error.code === 'offline';
  return (
    <div role="alert">
      <Blank
        icon={offline ? <IconPlugConnectedX size={28} /> : <IconAlertTriangle size={28} />}
        color={offline ? 'yellow' : 'red'}
        title={offline ? t('state.offlineTitle') : t('state.errorTitle')}
        text={offline ? t('state.offline') : say(error)}
      >
        {retry && (
          <Button variant="default" onClick={retry}>
            {t('common.retry')}
          </Button>
        )}
      </Blank>
    </div>
  );
}

interface ListedProps<T> {
  query: { data: T[] | undefined; error: unknown; refetch: () => unknown };
  /** What is said where there is nothing. */
  none: string;
  children: (rows: T[]) => ReactNode;
}

/** A list that is asked for: waiting, failed, empty, or there. What was there stays while it is asked for again. */
export function Listed<T>({ query: { data, error, refetch }, none, children }: ListedProps<T>) {
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  if (data.length > 0) return children(data);
  return (
    <Text size="sm" c="dimmed">
      {none}
    </Text>
  );
}
