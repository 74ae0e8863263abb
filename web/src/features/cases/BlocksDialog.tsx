// A person's own text blocks, kept in this browser.

import { ActionIcon, Button, Group, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useWords } from '../../lib/language';
import { isName, ownBlocks, setOwnBlocks } from './blocks';

const BLOCKS_MAX = 100;

export function BlocksDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const [blocks, setBlocks] = useState(ownBlocks);
  const [name, setName] = useState('');
  const [text, setText] = useState('');
  const change = (next: typeof blocks) => {
    setBlocks(next);
    setOwnBlocks(next);
  };
  return (
    <Modal opened size="lg" onClose={onClose} title={t('cases.ownBlocks')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t('cases.ownBlocksAbout')}
        </Text>
        {blocks.map(block => (
          <Group key={block.name} wrap="nowrap" align="flex-start" gap="sm">
            <Text size="sm" fw={600} w={110}>
              /{block.name}
            </Text>
            <Text size="sm" flex={1} style={{ whiteSpace: 'pre-wrap' }}>
              {block.text}
            </Text>
            <ActionIcon variant="subtle" color="red" aria-label={t('common.labelled', { what: t('common.remove'), of: block.name })} onClick={() => change(blocks.filter(one => one.name !== block.name))}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
        <form
          onSubmit={event => {
            event.preventDefault();
            if (!isName(name) || text.trim() === '' || blocks.length >= BLOCKS_MAX) return;
            change([...blocks.filter(one => one.name !== name), { name, text }]);
            setName('');
            setText('');
          }}
        >
          <Stack gap="xs">
            <TextInput label={t('cases.blockName')} leftSection="/" value={name} maxLength={24} data-autofocus onChange={event => setName(event.currentTarget.value)} />
            <Textarea label={t('cases.blockText')} value={text} maxLength={2_000} autosize minRows={2} onChange={event => setText(event.currentTarget.value)} />
            <Group justify="flex-end">
              <Button type="submit" disabled={!isName(name) || text.trim() === ''}>
                {t('common.add')}
              </Button>
            </Group>
          </Stack>
        </form>
      </Stack>
    </Modal>
  );
}
