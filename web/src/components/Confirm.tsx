import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useWords } from '../lib/language';

interface ConfirmProps {
  opened: boolean;
  title: string;
  text: string;
  yes: string;
  danger?: boolean;
  busy?: boolean;
  /** What is asked beside it is not answered yet. */
  unready?: boolean;
  onYes: () => void;
  onClose: () => void;
  children?: ReactNode;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ opened, title, text, yes, danger = true, busy = false, unready = false, onYes, onClose, children }: ConfirmProps) {
  const { t } = useWords();
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text size="sm">{text}</Text>
        {children}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('common.cancel')}
          </Button>
          <Button color={danger ? 'red.9' : 'sky'} loading={busy} disabled={unready} onClick={onYes}>
            {yes}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
