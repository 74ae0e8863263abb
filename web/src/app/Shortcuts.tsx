// The keyboard's map, on `?`: what holds on this page first, then what holds everywhere.

import { Group, Kbd, Modal, Table, Text } from '@mantine/core';
import { useLocation } from 'react-router';
import { useWords } from '../lib/language';

type Section = 'cases' | 'case' | 'report' | 'request' | 'studies' | 'everywhere';

const LINES = {
  cases: [
    [['j', '↓'], 'next'],
    [['k', '↑'], 'previous'],
    [['Enter'], 'openCase'],
    [['o'], 'images'],
    [['c'], 'claim'],
    [['r'], 'release'],
    [['a'], 'accept'],
    [['w'], 'write'],
    [['n'], 'request'],
    [['b'], 'board'],
    [['[', ']'], 'tabs'],
    [['/'], 'search'],
    [['Esc'], 'leave'],
  ],
  case: [
    [['o'], 'images'],
    [['c'], 'claim'],
    [['r'], 'release'],
    [['a'], 'accept'],
    [['w'], 'write'],
    [['Esc'], 'back'],
  ],
  report: [
    [['Ctrl Enter'], 'sign'],
    [['Ctrl S'], 'save'],
    [['/…', 'Tab'], 'block'],
    [['Alt G'], 'gap'],
    [['Alt ↓', 'Alt ↑'], 'part'],
  ],
  request: [[['Ctrl Enter'], 'send']],
  studies: [
    [['j', '↓'], 'next'],
    [['k', '↑'], 'previous'],
    [['Enter', 'o'], 'open'],
    [['p'], 'priors'],
    [['f'], 'fetch'],
    [['s'], 'share'],
    [['/'], 'search'],
    [['Esc'], 'leave'],
  ],
  everywhere: [
    [['h'], 'heard'],
    [['Alt 0', '…', 'Alt 8'], 'go'],
    [['?'], 'help'],
  ],
} as const;

export function sectionsAt(path: string): Section[] {
  if (path === '/cases') return ['cases', 'everywhere'];
  if (path === '/cases/new') return ['request', 'everywhere'];
  if (/^\/cases\/[^/]+\/report$/.test(path)) return ['report', 'everywhere'];
  if (/^\/cases\/[^/]+$/.test(path)) return ['case', 'everywhere'];
  return path === '/studies' ? ['studies', 'everywhere'] : ['everywhere', 'cases'];
}

export function Shortcuts({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useWords();
  const { pathname } = useLocation();
  return (
    <Modal opened={opened} onClose={onClose} title={t('keys.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {sectionsAt(pathname).map(section => (
        <div key={section}>
          <Text size="xs" c="dimmed" fw={600} mt="sm" mb={2}>
            {t(`keys.in.${section}`)}
          </Text>
          <Table withRowBorders={false} verticalSpacing={4}>
            <Table.Tbody>
              {LINES[section].map(([combination, word]) => (
                <Table.Tr key={word}>
                  <Table.Td w={150}>
                    <Group gap={4}>
                      {combination.map(key => (
                        <Kbd key={key}>{key}</Kbd>
                      ))}
                    </Group>
                  </Table.Td>
                  <Table.Td>{t(`keys.${word}`)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      ))}
    </Modal>
  );
}
