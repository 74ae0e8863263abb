// The minutes that nobody has, in words, each with the way to fill it.

import { Button, Group, Stack, Text } from '@mantine/core';
import { IconCircleCheck, IconUserPlus } from '@tabler/icons-react';
import type { Roster } from '../../api/types';
import { Section } from '../../components/parts';
import { useWords } from '../../lib/language';
import type { Planned } from './ShiftDialog';
import { useRosterWords } from './words';
import classes from './rosters.module.css';

export function HoleList({ data, onFill }: { data: Roster; onFill: (planned: Planned) => void }) {
  const { t } = useWords();
  const words = useRosterWords(data.time_zone);
  const now = Date.parse(data.now);
  const fillable = data.coverage?.reads_here ?? false;
  return (
    <Section title={t('rosters.holes')}>
      {data.holes.length === 0 ? (
        <Group gap="xs" c="teal.4" role="status">
          <IconCircleCheck size={20} aria-hidden="true" />
          <Text size="sm">{t('rosters.noHoles')}</Text>
        </Group>
      ) : (
        <Stack gap={6} component="ul" className={classes.holes ?? ''}>
          {data.holes.map(hole => {
            const said = words.hole(hole);
            const until = Date.parse(hole.until);
            return (
              <Group key={`${hole.from}${hole.modalities.join()}`} component="li" gap="sm" wrap="nowrap" justify="space-between">
                <Text size="sm" c={until > now ? 'red.4' : 'dimmed'}>
                  {said}
                </Text>
                {fillable && until > now && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    leftSection={<IconUserPlus size={15} />}
                    aria-label={t('rosters.fill', { what: said })}
                    onClick={() => onFill({ from: Math.max(now, Date.parse(hole.from)), until })}
                  >
                    {t('rosters.plan')}
                  </Button>
                )}
              </Group>
            );
          })}
        </Stack>
      )}
    </Section>
  );
}
