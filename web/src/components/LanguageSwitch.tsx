import { SegmentedControl } from '@mantine/core';
import { choose, useWords } from '../lib/language';

export function LanguageSwitch() {
  const { t, language } = useWords();
  return (
    <SegmentedControl
      size="xs"
      aria-label={t('app.language')}
      value={language}
      onChange={value => choose(value === 'fr' ? 'fr' : 'en')}
      data={[
        { value: 'fr', label: 'FR' },
        { value: 'en', label: 'EN' },
      ]}
    />
  );
}
