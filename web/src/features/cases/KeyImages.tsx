// What the reader should look at first: whole series, or single images of them, chosen by their pictures.

import { Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconArrowLeft, IconCheck, IconPhotoSearch } from '@tabler/icons-react';
import { useState } from 'react';
import type { KeyImage } from '../../api/types';
import { keys } from '../../api/queries';
import { useWords } from '../../lib/language';
import { KEY_IMAGES_MAX } from './keyImages';
import { Picture, pictureOf } from './KeyPictures';
import classes from './request.module.css';

type Dataset = Record<string, { Value?: unknown[] } | undefined>;

interface Series {
  uid: string;
  modality: string;
  text: string;
  instances: number;
}

interface Instance {
  uid: string;
  number: number | null;
}

/** Pictures shown of one series; a longer one shows every second, third, … */
const INSTANCES_MAX = 400;

function textOf(row: Dataset, tag: string): string {
  const one = row[tag]?.Value?.[0];
  return typeof one === 'string' || typeof one === 'number' ? String(one) : '';
}

const seriesOf = (row: Dataset): Series => ({
  uid: textOf(row, '0020000E'),
  modality: textOf(row, '00080060'),
  text: textOf(row, '0008103E'),
  instances: Number(textOf(row, '00201209') || 0),
});

async function rows(path: string, signal: AbortSignal): Promise<Dataset[]> {
  const answer = await fetch(`/dicomweb/studies/${path}`, { headers: { Accept: 'application/dicom+json' }, signal });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.status === 204 ? [] : ((await answer.json()) as Dataset[]);
}

async function seriesIn(study: string, signal: AbortSignal): Promise<Series[]> {
  const found = await rows(`${encodeURIComponent(study)}/series?includefield=0008103E`, signal);
  return found.map(seriesOf).filter(one => one.uid !== '' && !['SR', 'KO', 'PR'].includes(one.modality));
}

async function instancesIn(study: string, series: string, signal: AbortSignal): Promise<Instance[]> {
  const found = await rows(`${encodeURIComponent(study)}/series/${encodeURIComponent(series)}/instances?includefield=00200013`, signal);
  const all = found.map(row => ({ uid: textOf(row, '00080018'), number: textOf(row, '00200013') === '' ? null : Number(textOf(row, '00200013')) }));
  const named = all.filter(one => one.uid !== '').sort((a, b) => (a.number ?? 0) - (b.number ?? 0));
  const step = Math.ceil(named.length / INSTANCES_MAX);
  return named.filter((_, at) => at % step === 0);
}

interface KeyImagesProps {
  study: string;
  chosen: KeyImage[];
  onChange: (chosen: KeyImage[]) => void;
}

export function KeyImages({ study, chosen, onChange }: KeyImagesProps) {
  const { t } = useWords();
  const [inside, setInside] = useState<Series | null>(null);
  const found = useQuery({ queryKey: [...keys.studies, 'series', study], queryFn: ({ signal }) => seriesIn(study, signal), retry: 1 });
  if (found.error) {
    return (
      <Text size="sm" c="dimmed">
        {t('cases.seriesUnknown')}
      </Text>
    );
  }
  if (inside) return <Instances study={study} series={inside} chosen={chosen} onChange={onChange} onBack={() => setInside(null)} />;
  return (
    <>
      <Text size="xs" c="dimmed" mb="sm">
        {t('cases.keyImagesHelp')}
      </Text>
      <div className={classes.series}>
        {(found.data ?? []).map(series => {
          const isWhole = (one: KeyImage) => one.series === series.uid && !one.instance;
          const isChosen = chosen.some(isWhole);
          const single = chosen.filter(one => one.series === series.uid && one.instance).length;
          const whole: KeyImage = { study, series: series.uid, instance: null, frame: null, text: series.text };
          return (
            <div key={series.uid}>
              <button
                type="button"
                aria-pressed={isChosen}
                disabled={!isChosen && chosen.length >= KEY_IMAGES_MAX}
                onClick={() => onChange(isChosen ? chosen.filter(one => !isWhole(one)) : [...chosen, whole])}
              >
                <Picture src={pictureOf(whole)} />
                {isChosen && <IconCheck className={classes.tick ?? ''} size={16} aria-hidden="true" />}
                <span>{series.text || series.modality}</span>
                <small>{series.instances > 0 ? t('cases.seriesImages', { count: series.instances }) : series.modality}</small>
              </button>
              <Button size="compact-xs" variant="subtle" leftSection={<IconPhotoSearch size={13} />} onClick={() => setInside(series)}>
                {single > 0 ? t('images.chosen', { count: single }) : t('images.single')}
              </Button>
            </div>
          );
        })}
      </div>
    </>
  );
}

function Instances({ study, series, chosen, onChange, onBack }: KeyImagesProps & { series: Series; onBack: () => void }) {
  const { t } = useWords();
  const found = useQuery({
    queryKey: [...keys.studies, 'instances', study, series.uid],
    queryFn: ({ signal }) => instancesIn(study, series.uid, signal),
    retry: 1,
  });
  return (
    <>
      <Group justify="space-between" mb="xs">
        <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconArrowLeft size={14} />} onClick={onBack}>
          {t('images.back')}
        </Button>
        <Text size="xs" c="dimmed" role="status">
          {found.error ? t('cases.seriesUnknown') : t('images.chosen', { count: chosen.filter(one => one.series === series.uid && one.instance).length })}
        </Text>
      </Group>
      <div className={[classes.series, classes.inside].join(' ')} tabIndex={0} role="group" aria-label={series.text || series.modality}>
        {(found.data ?? []).map(one => {
          const isThis = (image: KeyImage) => image.instance === one.uid;
          const isChosen = chosen.some(isThis);
          const name = one.number === null ? t('images.unnamed') : t('images.image', { number: one.number });
          const image: KeyImage = { study, series: series.uid, instance: one.uid, frame: null, text: [series.text, name].filter(Boolean).join(' · ') };
          return (
            <button
              key={one.uid}
              type="button"
              aria-pressed={isChosen}
              disabled={!isChosen && chosen.length >= KEY_IMAGES_MAX}
              onClick={() => onChange(isChosen ? chosen.filter(other => !isThis(other)) : [...chosen, image])}
            >
              <Picture src={pictureOf(image)} />
              {isChosen && <IconCheck className={classes.tick ?? ''} size={16} aria-hidden="true" />}
              <span>{name}</span>
            </button>
          );
        })}
      </div>
      {chosen.length >= KEY_IMAGES_MAX && (
        <Text size="xs" c="yellow.4" mt="xs">
          {t('images.atMost', { count: KEY_IMAGES_MAX })}
        </Text>
      )}
    </>
  );
}
