// Key images and measurements that were saved in the viewer: beside the case, and ticked to be signed with a report.

import { Checkbox } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Case, KeyImage } from '../../api/types';
import { keyImagesOf } from '../../api/queries';
import { useWords } from '../../lib/language';
import { KEY_IMAGES_MAX, keyImageOf, nameOf } from './keyImages';
import { KeyPictures } from './KeyPictures';
import { Panel } from './Panels';
import classes from './pictures.module.css';
import { useImages } from './useImages';

export function useFound(id: string) {
  const { t, locale } = useWords();
  const asked = useQuery(keyImagesOf(id));
  const images = (asked.data?.images ?? []).map(found => keyImageOf(found, t, locale));
  return { images, partial: asked.data?.partial ?? asked.isError };
}

/** Those that are signed with it: all but what was unticked. */
export const signedWith = (images: readonly KeyImage[], left: ReadonlySet<string>): KeyImage[] =>
  images.filter(image => !left.has(nameOf(image))).slice(0, KEY_IMAGES_MAX);

export function FoundPanel({ of }: { of: Case }) {
  const { t } = useWords();
  const { images, partial } = useFound(of.case);
  const viewer = useImages();
  if (images.length === 0 && !partial) return null;
  return (
    <Panel title={t('images.found')}>
      {partial && <p>{t('images.foundPartial')}</p>}
      <KeyPictures images={images} busy={viewer.busy} onOpen={image => void viewer.open(of.studies, of.case, { ...image, instance: image.instance ?? null })} />
    </Panel>
  );
}

interface FoundChoiceProps {
  of: Case;
  images: readonly KeyImage[];
  partial: boolean;
  left: ReadonlySet<string>;
  onLeave: (left: ReadonlySet<string>) => void;
}

export function FoundChoice({ of, images, partial, left, onLeave }: FoundChoiceProps) {
  const { t } = useWords();
  const viewer = useImages();
  const taken = new Set(signedWith(images, left).map(nameOf));
  const tick = (name: string, isTaken: boolean) => {
    const next = new Set(left);
    if (isTaken) next.delete(name);
    else next.add(name);
    onLeave(next);
  };
  return (
    <section className={classes.found} aria-label={t('images.found')}>
      <h3>{t('images.found')}</h3>
      <p>
        {t(images.length > 0 ? 'images.foundHelp' : 'images.foundNone')} {images.length > KEY_IMAGES_MAX && t('images.atMost', { count: KEY_IMAGES_MAX })}{' '}
        {partial && t('images.foundPartial')}
      </p>
      <KeyPictures
        images={images}
        busy={viewer.busy}
        onOpen={image => void viewer.open(of.studies, of.case, { ...image, instance: image.instance ?? null })}
        beside={(image, text) => (
          <Checkbox
            mt={6}
            size="xs"
            label={t('images.withReport')}
            aria-label={t('images.take', { what: text })}
            checked={taken.has(nameOf(image))}
            onChange={event => tick(nameOf(image), event.currentTarget.checked)}
          />
        )}
      />
    </section>
  );
}
