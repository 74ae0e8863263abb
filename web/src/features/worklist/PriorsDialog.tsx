import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useHistory } from '../../api/history';
import type { Study } from '../../api/types';
import { History } from '../../components/History';
import { dicomDate, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import { studyHour } from '../../lib/zone';

interface PriorsDialogProps {
  study: Study;
  onOpen: (studies: string[]) => void;
  onClose: () => void;
}

/** The patient's other studies, here and at all sites that may be asked; one click opens one beside this study. */
export function PriorsDialog({ study, onOpen, onClose }: PriorsDialogProps) {
  const { t, locale } = useWords();
  const { history, again } = useHistory({ study: study.study }, true);
  const line = [dicomDate(study.date, locale) ?? '—', studyHour(study, t('cases.zoneUnknown')), study.modalities.join('/'), study.description ?? t('list.noDescription')];
  return (
    <Modal opened onClose={onClose} size="xl" title={t('priors.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t('priors.about')}
        </Text>
        <div>
          <Text fw={600}>{patientName(study.patient.name) ?? t('list.unnamed')}</Text>
          <Text size="sm" c="dimmed">
            {t('priors.current')} · {line.filter(Boolean).join(' · ')}
          </Text>
        </div>
        <History history={history} again={again} beside onOpen={row => onOpen([study.study, row.study.study])} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.close')}
          </Button>
          <Button onClick={() => onOpen([study.study])}>{t('priors.alone')}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
