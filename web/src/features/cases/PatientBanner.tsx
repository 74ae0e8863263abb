// Who it is about: the same at the head of every view of a case, so that nobody reads or writes on another patient.

import { Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconPhone, IconShieldCheck } from '@tabler/icons-react';
import type { CaseRow } from '../../api/types';
import { age, dicomDate } from '../../lib/format';
import { useWords } from '../../lib/language';
import classes from './case.module.css';
import { PriorityMark, TimeLeft } from './marks';
import { nameOf } from '../../components/who';

export function PatientBanner({ of }: { of: CaseRow }) {
  const { t, locale } = useWords();
  const { patient } = of;
  const years = age(patient.birth_date, new Date());
  const isKnown = patient.identity === 'qualified' || patient.identity === 'validated';
  return (
    <header className={classes.banner} data-priority={of.priority}>
      <PriorityMark priority={of.priority} large />
      <div className={classes.who}>
        <h1>{nameOf(patient, of.case, t)}</h1>
        <p>
          {[patient.sex, patient.birth_date ? t('cases.born', { date: dicomDate(patient.birth_date, locale) ?? '' }) : t('cases.bornUnknown'), years === null ? null : t('cases.years', { count: years })]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </div>
      <dl className={classes.facts}>
        <div>
          <dt>{t('cases.identity')}</dt>
          <dd>
            <Tooltip label={t(`cases.identityHelp.${patient.identity}`)} multiline maw={280}>
              <span className={classes.identity} data-known={isKnown || undefined}>
                {isKnown ? <IconShieldCheck size={14} aria-hidden="true" /> : <IconAlertTriangle size={14} aria-hidden="true" />}
                {t(`cases.identityIs.${patient.identity}`)}
              </span>
            </Tooltip>
          </dd>
        </div>
        <div>
          <dt>{patient.ins ? 'INS' : t('cases.patientId')}</dt>
          <dd>{patient.ins ?? ([patient.id, patient.issuer].filter(Boolean).join(' · ') || '—')}</dd>
        </div>
        <div>
          <dt>{t('cases.hospital')}</dt>
          <dd>{of.requester_name}</dd>
        </div>
        <div>
          <dt>{t('cases.examination')}</dt>
          <dd>{[of.modality, of.region, dicomDate(of.study_date, locale)].filter(Boolean).join(' · ') || '—'}</dd>
        </div>
        {of.telephone && (
          <div>
            <dt>{t('cases.telephone')}</dt>
            <dd>
              <a href={`tel:${of.telephone.replaceAll(/[^\d+]/g, '')}`}>
                <IconPhone size={14} aria-hidden="true" /> {of.telephone}
              </a>
            </dd>
          </div>
        )}
        {of.due && (
          <div data-screen>
            <dt>{t(`cases.dueName.${of.due.what}`)}</dt>
            <dd>
              <TimeLeft row={of} />
            </dd>
          </div>
        )}
      </dl>
    </header>
  );
}
