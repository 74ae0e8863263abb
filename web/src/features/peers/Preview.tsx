// How a draft reads, while it is drafted: the node's own sentences, in either language.

import { Group, SegmentedControl, Text } from '@mantine/core';
import type { AgreementPreview } from '../../api/types';
import { useWords } from '../../lib/language';
import { Changes } from './Changes';
import classes from './peers.module.css';

interface PreviewProps {
  preview: AgreementPreview;
  language: 'fr' | 'en';
  onLanguage: (language: 'fr' | 'en') => void;
}

export function Preview({ preview, language, onLanguage }: PreviewProps) {
  const { t } = useWords();
  const { sentences, changes, wrong } = preview;
  return (
    <section className={classes.preview} aria-label={t('offer.preview')} aria-live="polite">
      <Group justify="space-between" gap="sm">
        <Text size="sm" fw={600}>
          {t('offer.preview')}
        </Text>
        <SegmentedControl
          size="xs"
          aria-label={t('offer.previewIn')}
          value={language}
          onChange={onLanguage}
          data={[
            { value: 'fr', label: 'Français' },
            { value: 'en', label: 'English' },
          ]}
        />
      </Group>
      <div lang={language}>
        {wrong.map(({ term, fr, en }) => (
          <Text key={`${term}${en}`} size="sm" c="red.4" mt={6} role="alert">
            {language === 'fr' ? fr : en}
          </Text>
        ))}
        {changes && (
          <div className={classes.changed}>
            <Changes changes={changes} language={language} />
          </div>
        )}
        {sentences && (
          <ul>
            {sentences[language].map(sentence => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
