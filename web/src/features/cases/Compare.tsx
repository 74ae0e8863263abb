// Two reports side by side, part by part, what differs marked, and in which class they differ.

import { Button, Group, Modal, Radio, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import type { Case, CaseReport, DiffClass, StepBody } from '../../api/types';
import { Problem } from '../../components/parts';
import { moment } from '../../lib/format';
import { useWords } from '../../lib/language';
import classes from './report.module.css';
import { wordsThatDiffer } from './difference';
import { PARTS } from './Reports';

const CLASSES: readonly DiffClass[] = ['none', 'minor', 'moderate', 'major', 'severe'];

function Text({ own, other }: { own: string; other: string }) {
  return (
    <p>
      {wordsThatDiffer(own, other).map((piece, index) =>
        // Pieces have no other name than their place.
        piece.differs ? <mark key={index}>{piece.text}</mark> : <span key={index}>{piece.text}</span>,
      )}
    </p>
  );
}

interface CompareProps {
  of: Case;
  reports: string[];
  busy: boolean;
  error: unknown;
  onYes: (body: StepBody) => void;
  onClose: () => void;
}

export function Compare({ of, reports, busy, error, onYes, onClose }: CompareProps) {
  const { t, locale } = useWords();
  const pair = reports.map(id => of.reports.find(one => one.event === id)).filter((one): one is CaseReport => one !== undefined);
  const known = of.comparisons.find(one => one.reports.join() === reports.join());
  const may = of.actions.includes('compare') && (known?.class ?? null) === null;
  const [chosen, setChosen] = useState<DiffClass | null>(known?.class ?? null);
  const [text, setText] = useState(known?.text ?? '');
  const [first, second] = pair;
  return (
    <Modal opened size="min(1200px, 96vw)" onClose={onClose} title={t('cases.compareTitle')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          if (chosen) onYes({ step: 'compare', reports, class: chosen, text: text.trim() });
        }}
      >
        <Stack gap="md">
          {first && second && (
            <div className={classes.side}>
              {([[first, second], [second, first]] as const).map(([own, other]) => (
                <article key={own.event} data-standing={own.standing}>
                  <div className={classes.stand}>
                    <strong>{t(`cases.standing.${own.standing}`)}</strong>
                    <span>{t('cases.signedBy', { person: own.person, site: own.site_name, at: moment(own.at, locale) })}</span>
                  </div>
                  {PARTS.map(part => (
                    <section key={part}>
                      <h3>{t(`cases.part.${part}`)}</h3>
                      <Text own={own[part]} other={other[part]} />
                    </section>
                  ))}
                </article>
              ))}
            </div>
          )}
          {may ? (
            <>
              <Radio.Group label={t('cases.classLabel')} value={chosen} onChange={setChosen} required>
                <Group gap="lg" mt={8}>
                  {CLASSES.map(one => (
                    <Radio key={one} value={one} label={t(`cases.class.${one}`)} description={t(`cases.classHelp.${one}`)} />
                  ))}
                </Group>
              </Radio.Group>
              <Textarea
                label={t('cases.compareText')}
                value={text}
                maxLength={2_000}
                autosize
                minRows={2}
                required={chosen !== 'none'}
                onChange={event => setText(event.currentTarget.value)}
              />
              {error !== null && error !== undefined && <Problem error={error} />}
              <Group justify="flex-end" gap="xs">
                <Button variant="default" onClick={onClose}>
                  {t('common.cancel')}
                </Button>
                <Button type="submit" loading={busy} disabled={!chosen || (chosen !== 'none' && text.trim() === '')}>
                  {t('cases.compareYes')}
                </Button>
              </Group>
            </>
          ) : (
            known?.class && (
              <p className={classes.despite}>
                <strong>{t(`cases.class.${known.class}`)}</strong> · {[known.text, known.person].filter(Boolean).join(' · ')}
              </p>
            )
          )}
        </Stack>
      </form>
    </Modal>
  );
}
