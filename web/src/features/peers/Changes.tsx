// What a version of an agreement says otherwise than the one in force: the node's own sentences, those that go and those
// that come.

import { List, Text } from '@mantine/core';
import type { AgreementChanges } from '../../api/types';
import { useWords } from '../../lib/language';
import classes from './peers.module.css';

interface ChangesProps {
  changes: AgreementChanges;
  language: 'fr' | 'en';
}

export function Changes({ changes, language }: ChangesProps) {
  const { t } = useWords();
  const removed = changes.removed[language];
  const added = changes.added[language];
  const title = t('agreement.changeOfVersion', { version: changes.version });
  return (
    <section aria-label={title}>
      <Text size="sm" fw={600} mb={4}>
        {title}
      </Text>
      {removed.length + added.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('agreement.nothingChanges')}
        </Text>
      )}
      <List size="sm" spacing={4} listStyleType="none" className={classes.changes}>
        {removed.map(sentence => (
          <List.Item key={`-${sentence}`} data-is="removed">
            <del>
              <span className={classes.spoken}>{t('agreement.removed')}</span>
              {sentence}
            </del>
          </List.Item>
        ))}
        {added.map(sentence => (
          <List.Item key={`+${sentence}`} data-is="added">
            <ins>
              <span className={classes.spoken}>{t('agreement.added')}</span>
              {sentence}
            </ins>
          </List.Item>
        ))}
      </List>
    </section>
  );
}
