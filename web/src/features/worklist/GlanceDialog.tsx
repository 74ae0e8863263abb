// A peer's study at a glance: one small picture of each series and what its last reports come to, in one round trip.

import { Alert, Badge, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangle } from '@tabler/icons-react';
import { get } from '../../api/client';
import { keys } from '../../api/queries';
import type { Glance, Study } from '../../api/types';
import { Failure, Waiting } from '../../components/State';
import { count, minute, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import classes from './glance.module.css';

export function GlanceDialog({ study, onClose, onOpen }: { study: Study; onClose: () => void; onOpen: () => void }) {
  const { t, locale } = useWords();
  const found = useQuery({
    queryKey: [...keys.studies, 'digest', study.study],
    queryFn: ({ signal }) => get<Glance | null>(`/studies/${encodeURIComponent(study.study)}/digest`, signal),
    gcTime: 0,
  });
  const glance = found.data;
  return (
    <Modal opened onClose={onClose} size="xl" title={t('previews.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text fw={600}>{patientName(study.patient.name) ?? t('list.unnamed')}</Text>
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} title={t('previews.mark')}>
          {t('previews.about')}
        </Alert>
        {found.isLoading && <Waiting />}
        {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
        {found.isSuccess && !glance && <Text size="sm">{t('previews.none')}</Text>}
        {glance && <Conclusions glance={glance} />}
        {glance && (
          <div className={classes.series}>
            {glance.series.map(one => {
              const name = [one.modality, one.description].filter(Boolean).join(' ');
              return (
                <figure key={one.series}>
                  <div className={classes.picture}>
                    {one.picture ? (
                      <>
                        <img src={`data:image/jpeg;base64,${one.picture.jpeg}`} alt={t('previews.picture', { series: name })} draggable={false} />
                        <span aria-hidden="true">{t('previews.mark')}</span>
                      </>
                    ) : (
                      one.absent && <em>{t(`previews.absent.${one.absent}`)}</em>
                    )}
                  </div>
                  <figcaption>
                    {name} · {t('previews.instances', { count: one.instances })}
                  </figcaption>
                </figure>
              );
            })}
          </div>
        )}
        {glance && glance.series_left_out > 0 && (
          <Text size="sm" c="dimmed">
            {t('previews.leftOut', { count: glance.series_left_out })}
          </Text>
        )}
        <Group justify="space-between" gap="xs">
          <Text size="xs" c="dimmed">
            {count(study.instances, locale)} {t('strip.images', { count: study.instances })}
          </Text>
          <Button onClick={onOpen} data-autofocus>
            {t('previews.open')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Conclusions({ glance }: { glance: Glance }) {
  const { t, locale } = useWords();
  if (glance.conclusions.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('previews.unsigned')}
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      {glance.conclusions.map(one => (
        <section key={`${one.site} ${one.at} ${one.person}`} aria-label={t('previews.conclusion')}>
          <Group gap="xs">
            <Badge color={one.standing === 'preliminary' ? 'yellow' : 'teal'} variant={one.standing === 'preliminary' ? 'filled' : 'light'} autoContrast>
              {one.standing === 'preliminary' ? t('previews.preliminary') : t(`cases.standing.${one.standing}`)}
            </Badge>
            <Text size="xs" c="dimmed">
              {t('previews.by', { person: one.person, site: one.site_name, at: minute(one.at, locale) })}
            </Text>
          </Group>
          <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
            {one.text}
          </Text>
          {one.cut && (
            <Text size="xs" c="dimmed">
              {t('previews.cut')}
            </Text>
          )}
        </section>
      ))}
    </Stack>
  );
}
