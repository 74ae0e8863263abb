// Key images as pictures: one click opens the viewer on it.

import { useState } from 'react';
import type { ReactNode } from 'react';
import type { KeyImage } from '../../api/types';
import { useWords } from '../../lib/language';
import classes from './pictures.module.css';
import { nameOf } from './keyImages';

/** Where the node renders it small. */
export function pictureOf({ study, series, instance, frame }: Pick<KeyImage, 'study' | 'series' | 'instance' | 'frame'>): string {
  const path = [study, 'series', series, ...(instance ? ['instances', instance, ...(frame ? ['frames', String(frame)] : [])] : [])];
  return `/dicomweb/studies/${path.map(encodeURIComponent).join('/')}/thumbnail?viewport=192,192`;
}

export function Picture({ src }: { src: string }) {
  const [isBroken, setBroken] = useState(false);
  if (isBroken) return <span className={classes.noPicture} aria-hidden="true" />;
  return <img alt="" loading="lazy" src={src} onError={() => setBroken(true)} />;
}

interface KeyPicturesProps {
  images: readonly KeyImage[];
  busy: boolean;
  /** `null`: the reader may not open images. */
  onOpen: ((image: KeyImage) => void) | null;
  /** What stands below a picture, for example whether it is signed with the report. */
  beside?: (image: KeyImage, text: string) => ReactNode;
}

export function KeyPictures({ images, busy, onOpen, beside }: KeyPicturesProps) {
  const { t } = useWords();
  return (
    <ul className={classes.pictures}>
      {images.map(image => {
        const text = image.text || t('images.unnamed');
        return (
          <li key={nameOf(image)}>
            <button type="button" disabled={busy || !onOpen} aria-label={t('images.open', { what: text })} title={text} onClick={() => onOpen?.(image)}>
              <Picture src={pictureOf(image)} />
              <small>{text}</small>
            </button>
            {beside?.(image, text)}
          </li>
        );
      })}
    </ul>
  );
}
