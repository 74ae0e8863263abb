import { Button, Group, Modal, Stack, TagsInput, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys, labelsQuery } from '../../api/queries';
import type { Study } from '../../api/types';
import { Problem } from '../../components/parts';
import { useWords } from '../../lib/language';

export function LabelDialog({ study, onClose }: { study: Study; onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const used = useQuery(labelsQuery).data ?? [];
  const [labels, setLabels] = useState(study.labels);
  const add = labels.filter(label => !study.labels.includes(label));
  const remove = study.labels.filter(label => !labels.includes(label));
  const save = useMutation({
    mutationFn: () => post(`/studies/${study.study}/labels`, { add, remove }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.studies });
      void client.invalidateQueries({ queryKey: keys.labels });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={t('labels.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t('labels.about')}
        </Text>
        <TagsInput
          label={t('labels.field')}
          description={t('archive.rules.typed')}
          data={used.map(one => one.label)}
          value={labels}
          onChange={value => setLabels(value.map(label => label.trim()).filter(Boolean))}
          maxTags={32}
          acceptValueOnBlur
          data-autofocus
        />
        <Problem error={save.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button loading={save.isPending} disabled={add.length + remove.length === 0} onClick={() => save.mutate()}>
            {t('labels.save')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
