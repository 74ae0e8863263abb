// The patient's earlier studies beside the case: most helpful first, one click from standing beside what is read.

import { Button } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import type { Case } from '../../api/types';
import { useHistory } from '../../api/history';
import { History } from '../../components/History';
import { useWords } from '../../lib/language';
import { Panel } from './Panels';
import { useImages } from './useImages';

export function PriorsPanel({ of }: { of: Case }) {
  const { t } = useWords();
  const { history, again } = useHistory({ case: of.case }, true);
  const images = useImages();
  const others = { ...history, rows: history.rows.filter(row => !of.studies.includes(row.study.study)) };
  const [first, ...more] = of.studies;
  // The prior beside the case's first study; its others follow, and none is lost.
  const beside = (prior: string) => [...(first === undefined ? [] : [first]), prior, ...more];
  return (
    <Panel
      title={t('history.title')}
      beside={
        <Button size="compact-xs" variant="subtle" color="gray" disabled={!history.done} leftSection={<IconRefresh size={14} />} onClick={again}>
          {t('history.again')}
        </Button>
      }
    >
      <History
        history={others}
        again={again}
        busy={images.busy}
        beside={first !== undefined}
        onOpen={row => void images.open(beside(row.study.study), of.case)}
      />
    </Panel>
  );
}
