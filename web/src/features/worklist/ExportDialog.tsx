// A study leaves the house as a zip: how, and why. The browser fetches it by itself.

import { Button, Checkbox, Group, Modal, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Study } from '../../api/types';
import { useWords } from '../../lib/language';

const PURPOSE_MAX = 120;

export function ExportDialog({ study, onClose }: { study: Study; onClose: () => void }) {
  const { t } = useWords();
  const [form, setForm] = useState('pdi');
  const [plain, setPlain] = useState(false);
  const [purpose, setPurpose] = useState('');
  const query = new URLSearchParams({ form, plain: String(plain), purpose: purpose.trim() });
  return (
    <Modal opened onClose={onClose} title={t('export.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          window.location.assign(`/api/studies/${study.study}/export?${query.toString()}`);
          onClose();
        }}
      >
        <Stack gap="md">
          <Text size="sm" c="dimmed">
            {t('export.about')}
          </Text>
          <TextInput
            label={t('export.purpose')}
            description={t('export.purposeAbout')}
            value={purpose}
            maxLength={PURPOSE_MAX}
            required
            data-autofocus
            onChange={event => setPurpose(event.currentTarget.value)}
          />
          <Radio.Group label={t('export.form')} value={form} onChange={setForm}>
            <Stack gap={6} mt={6}>
              <Radio value="pdi" label={t('export.pdi')} />
              <Radio value="files" label={t('export.files')} />
            </Stack>
          </Radio.Group>
          <Checkbox
            label={t('export.plain')}
            description={t('export.plainAbout')}
            checked={plain}
            onChange={event => setPlain(event.currentTarget.checked)}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" disabled={purpose.trim() === ''}>
              {t('export.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
