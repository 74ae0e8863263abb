// For what a peer's study is opened, where its agreement names more than one purpose.

import { Alert, Button, Group, Modal, Radio, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import type { Purpose, Purposes } from '../../api/types';
import { useProblem } from '../../components/problem';
import { useWords } from '../../lib/language';

interface PurposeDialogProps {
  study: string;
  site: string;
  known: Purposes;
  onChosen: () => void;
  onClose: () => void;
}

export function PurposeDialog({ study, site, known, onChosen, onClose }: PurposeDialogProps) {
  const { t } = useWords();
  const say = useProblem();
  const [purpose, setPurpose] = useState<Purpose>(known.purpose ?? 'care');
  const choose = useMutation({
    mutationFn: () => post<Purposes>(`/studies/${study}/purpose`, { purpose }),
    onSuccess: onChosen,
  });
  return (
    <Modal opened onClose={onClose} title={t('purpose.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          choose.mutate();
        }}
      >
        <Stack gap="md">
          <Text size="sm" c="dimmed">
            {t('purpose.about', { site })}
          </Text>
          <Radio.Group label={t('purpose.which')} value={purpose} onChange={value => setPurpose(value)}>
            <Stack gap="xs" mt={6}>
              {known.purposes.map(one => (
                <Radio key={one} value={one} label={t(`offer.purpose.${one}`)} data-autofocus={one === purpose || undefined} />
              ))}
            </Stack>
          </Radio.Group>
          {choose.isError && (
            <Alert color="red" variant="light" role="alert">
              {say(choose.error)}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={choose.isPending}>
              {t('purpose.open')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
