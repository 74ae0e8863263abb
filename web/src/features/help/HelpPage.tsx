// What the screens mean, in the words of those who read and ask; each part has an address of its own.

import { Anchor, Text } from '@mantine/core';
import { Page } from '../../components/Page';
import { useWords } from '../../lib/language';
import classes from './help.module.css';

const PARTS = ['list', 'duty', 'asked', 'images', 'report', 'critical', 'differ', 'ask', 'expert', 'priors', 'cut', 'glass', 'kept', 'not'] as const;

export function HelpPage() {
  const { t } = useWords();
  return (
    <Page title={t('help.title')} about={t('help.about')} width={860}>
      <nav className={classes.parts} aria-label={t('help.parts')}>
        {PARTS.map(part => (
          <Anchor key={part} href={`#${part}`} size="sm">
            {t(`help.${part}.title`)}
          </Anchor>
        ))}
      </nav>
      {PARTS.map(part => (
        <section key={part} id={part} className={classes.part} aria-labelledby={`${part}-title`}>
          <h2 id={`${part}-title`}>{t(`help.${part}.title`)}</h2>
          {t(`help.${part}.text`)
            .split('\n')
            .map(text => (
              <Text key={text} size="sm">
                {text}
              </Text>
            ))}
        </section>
      ))}
    </Page>
  );
}
