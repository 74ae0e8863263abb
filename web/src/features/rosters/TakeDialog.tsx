// Taking a shift: what has to work in the night is tried first, and what was found is kept with it.

import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconBell, IconVolume } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys } from '../../api/queries';
import type { Shift } from '../../api/types';
import { Problem } from '../../components/parts';
import { useWords } from '../../lib/language';

/** Two tones, as an urgent request has them. */
function play(): void {
  const audio = new AudioContext();
  for (const [pitch, at] of [
    [880, 0],
    [660, 0.25],
  ] as const) {
    const [tone, loudness] = [audio.createOscillator(), audio.createGain()];
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0.4, audio.currentTime + at);
    loudness.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.22);
    tone.connect(loudness).connect(audio.destination);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + at + 0.24);
  }
}

export function TakeDialog({ shift, onClose }: { shift: Shift; onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [heard, setHeard] = useState(false);
  const [seen, setSeen] = useState(false);
  const [denied, setDenied] = useState(false);
  const notify = async () => {
    const answer = 'Notification' in window ? await Notification.requestPermission() : 'denied';
    setDenied(answer !== 'granted');
    if (answer === 'granted') new Notification('Confrere', { body: t('shift.trial.body'), tag: 'confrere-trial' });
  };
  const take = useMutation({
    mutationFn: () => post<Shift>(`/shifts/${shift.id}/take`, { sound: heard, notifications: seen }),
    onSuccess: async said => {
      await client.invalidateQueries({ queryKey: keys.rosters });
      const away = said.taken?.unanswered ?? 0;
      notifications.show({ closeButtonProps: { 'aria-label': t('common.close') }, color: away > 0 ? 'yellow' : 'teal', message: away > 0 ? t('shift.trial.unanswered', { count: away }) : t('shift.trial.done') });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={t('shift.trial.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text size="sm">{t('shift.trial.about')}</Text>
        <Group justify="space-between">
          <Button variant="default" leftSection={<IconVolume size={17} />} onClick={play} data-autofocus>
            {t('shift.trial.sound')}
          </Button>
          <Checkbox label={t('shift.trial.heard')} checked={heard} onChange={event => setHeard(event.currentTarget.checked)} />
        </Group>
        <Group justify="space-between">
          <Button variant="default" leftSection={<IconBell size={17} />} onClick={() => void notify()}>
            {t('shift.trial.notify')}
          </Button>
          <Checkbox label={t('shift.trial.seen')} checked={seen} onChange={event => setSeen(event.currentTarget.checked)} />
        </Group>
        {denied && (
          <Text size="xs" c="yellow.4" role="alert">
            {t('shift.trial.denied')}
          </Text>
        )}
        <Text size="xs" c="dimmed">
          {t('shift.trial.links')}
        </Text>
        <Problem error={take.error} />
        <Group justify="flex-end">
          <Button loading={take.isPending} onClick={() => take.mutate()}>
            {t('shift.trial.submit')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
