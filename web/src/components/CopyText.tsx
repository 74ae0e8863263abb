import { ActionIcon, CopyButton, Group, Text, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useWords } from '../lib/language';

interface CopyTextProps {
  text: string;
  /** What is shown, where it differs from what is copied. */
  shown?: string;
  size?: string;
  label?: string;
}

export function CopyIcon({ text, label }: { text: string; label?: string | undefined }) {
  const { t } = useWords();
  return (
    <CopyButton value={text} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t('common.copied') : (label ?? t('common.copy'))}>
          <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} size="sm" onClick={copy} aria-label={label ?? t('common.copy')}>
            {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** Text for machines, to be read or copied as it is. */
export function CopyText({ text, shown, size = 'sm', label }: CopyTextProps) {
  return (
    <Group gap={4} wrap="nowrap">
      <Text ff="monospace" size={size} style={{ overflowWrap: 'anywhere' }}>
        {shown ?? text}
      </Text>
      <CopyIcon text={text} label={label} />
    </Group>
  );
}
