// Says of studies that are open by broken glass that they are, why, and until when.

import { IconAlertTriangle } from '@tabler/icons-react';
import type { Study } from '../../api/types';
import { minute } from '../../lib/format';
import { useWords } from '../../lib/language';
import { brokenFor } from './glass';
import classes from './list.module.css';

export function GlassBanner({ studies }: { studies: readonly Study[] }) {
  const { t, locale } = useWords();
  return brokenFor(studies).map(one => (
    <div key={one.request} className={classes.glass} role="status">
      <IconAlertTriangle size={16} aria-hidden="true" />
      <strong>{one.site_name}</strong>
      <span>{t('glass.banner', { reason: t(`glass.why.${one.reason}`), until: minute(one.ends, locale) })}</span>
    </div>
  ));
}
