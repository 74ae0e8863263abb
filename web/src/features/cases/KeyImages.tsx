// Which series the reader should look at first, chosen by their pictures.

import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconCheck } from '@tabler/icons-react';
import { useState } from 'react';
import type { KeyImage } from '../../api/cases';
import { keys } from '../../api/queries';
import { useWords } from '../../lib/language';
import classes from './request.module.css';

type Dataset = Record<string, { Value?: unknown[] } | undefined>;

interface Series {
  uid: string;
  modality: string;
  text: string;
  instances: number;
}

function seriesOf(row: Dataset): Series {
  const value = (tag: string) => row[tag]?.Value?.[0];
  const text = (tag: string) => {
    const one = value(tag);
    return typeof one === 'string' || typeof one === 'number' ? String(one) : '';
  };
  return { uid: text('0020000E'), modality: text('00080060'), text: text('0008103E'), instances: Number(value('00201209') ?? 0) };
}

async function seriesIn(study: string, signal: AbortSignal): Promise<Series[]> {
  const answer = await fetch(`/dicomweb/studies/${encodeURIComponent(study)}/series?includefield=0008103E`, { headers: { Accept: 'application/dicom+json' }, signal });
  if (!answer.ok) throw new Error(String(answer.status));
  return ((await answer.json()) as Dataset[]).map(seriesOf).filter(one => one.uid !== '' && !['SR', 'KO', 'PR'].includes(one.modality));
}

function Picture({ study, series }: { study: string; series: string }) {
  const [isBroken, setBroken] = useState(false);
  if (isBroken) return <span className={classes.noPicture} aria-hidden="true" />;
  return (
    <img
      alt=""
      loading="lazy"
      src={`/dicomweb/studies/${encodeURIComponent(study)}/series/${encodeURIComponent(series)}/thumbnail?viewport=128,128`}
      onError={() => setBroken(true)}
    />
  );
}

export function KeyImages({ study, chosen, onChange }: { study: string; chosen: KeyImage[]; onChange: (chosen: KeyImage[]) => void }) {
  const { t } = useWords();
  const found = useQuery({ queryKey: [...keys.studies, 'series', study], queryFn: ({ signal }) => seriesIn(study, signal), retry: 1 });
  if (found.error) {
    return (
      <Text size="sm" c="dimmed">
        {t('cases.seriesUnknown')}
      </Text>
    );
  }
  return (
    <>
      <Text size="xs" c="dimmed" mb="sm">
        {t('cases.keyImagesHelp')}
      </Text>
      <div className={classes.series}>
        {(found.data ?? []).map(series => {
          const isChosen = chosen.some(one => one.series === series.uid);
          return (
            <button
              key={series.uid}
              type="button"
              aria-pressed={isChosen}
              onClick={() =>
                onChange(isChosen ? chosen.filter(one => one.series !== series.uid) : [...chosen, { study, series: series.uid, instance: null, frame: null, text: series.text }])
              }
            >
              <Picture study={study} series={series.uid} />
              {isChosen && <IconCheck className={classes.tick ?? ''} size={16} aria-hidden="true" />}
              <span>{series.text || series.modality}</span>
              <small>{series.instances > 0 ? t('cases.seriesImages', { count: series.instances }) : series.modality}</small>
            </button>
          );
        })}
      </div>
    </>
  );
}
