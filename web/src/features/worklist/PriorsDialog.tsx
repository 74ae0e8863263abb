import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from '../../api/client';
import { keys } from '../../api/queries';
import type { Study, StudyPage } from '../../api/types';
import { Failure, Waiting } from '../../components/State';
import { count, dicomDate, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import { studyHour } from '../../lib/zone';
import { priorsOf } from './opening';

const CANDIDATES = 100;

interface PriorsDialogProps {
  study: Study;
  onOpen: (studies: string[]) => void;
  onClose: () => void;
}

function useLine() {
  const { t, locale } = useWords();
  return (study: Study) =>
    [dicomDate(study.date, locale) ?? '—', studyHour(study, t('cases.zoneUnknown')), study.modalities.join('/'), study.description ?? t('list.noDescription')].filter(Boolean).join(' · ');
}

export function PriorsDialog({ study, onOpen, onClose }: PriorsDialogProps) {
  const { t, locale } = useWords();
  const line = useLine();
  const [chosen, setChosen] = useState<string[]>([]);
  const { id, issuer } = study.patient;
  const found = useQuery({
    queryKey: [...keys.studies, 'priors', id],
    queryFn: ({ signal }) => get<StudyPage>(`/studies?patient_id=${encodeURIComponent(id ?? '')}&offset=0&limit=${CANDIDATES}`, signal),
    enabled: id !== null && id !== '',
  });
  const priors = priorsOf(study, found.data?.studies ?? []);

  return (
    <Modal opened onClose={onClose} size="lg" title={t('priors.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {id ? t('priors.about') : t('priors.noId')} {id && !issuer ? t('priors.noIssuer') : ''}
        </Text>
        <div>
          <Text fw={600}>{patientName(study.patient.name) ?? t('list.unnamed')}</Text>
          <Text size="sm" c="dimmed">
            {t('priors.current')} · {line(study)}
          </Text>
        </div>
        {found.isLoading && <Waiting />}
        {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
        {found.isSuccess && priors.length === 0 && <Text size="sm">{t('priors.none')}</Text>}
        <Stack gap={6}>
          {priors.map(prior => (
            <Checkbox
              key={prior.study}
              label={line(prior)}
              description={`${prior.site_name} · ${t(`list.${prior.availability}`)} · ${count(prior.instances, locale)} ${t('strip.images')}`}
              checked={chosen.includes(prior.study)}
              onChange={event =>
                setChosen(event.currentTarget.checked ? [...chosen, prior.study] : chosen.filter(uid => uid !== prior.study))
              }
            />
          ))}
        </Stack>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button onClick={() => onOpen([study.study, ...chosen])}>{t('priors.open', { count: chosen.length })}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
