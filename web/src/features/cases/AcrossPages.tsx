// On paper: across every page, where a report on it is not final and could be taken for one.

import type { Case } from '../../api/types';
import { useWords } from '../../lib/language';
import classes from './case.module.css';
import { isSuperseded } from './Reports';

export function AcrossPages({ of }: { of: Case }) {
  const { t } = useWords();
  if (!of.reports.some(report => report.standing === 'preliminary' && !isSuperseded(of, report))) return null;
  return (
    <p className={classes.across} aria-hidden="true">
      {t('cases.acrossPages')}
    </p>
  );
}
