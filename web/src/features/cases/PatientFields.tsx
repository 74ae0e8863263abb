// Whose request it is: taken from a study and only looked at, or typed where there is no study yet.

import { Button, Select, SimpleGrid, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { get } from '../../api/client';
import { keys } from '../../api/queries';
import type { CasePatient, IdentityStatus, Study, StudyPage } from '../../api/types';
import { Problem } from '../../components/parts';
import { age, dicomDate, patientName } from '../../lib/format';
import { insOf } from '../../lib/ins';
import { useWords } from '../../lib/language';
import { studyHour } from '../../lib/zone';
import { AskPresence } from './Presence';
import { EMPTY_PATIENT } from './request';
import classes from './request.module.css';

const STATUSES: readonly IdentityStatus[] = ['provisional', 'retrieved', 'validated', 'qualified', 'unknown'];
const FOUND_MAX = 8;
const PAUSE_MS = 250;
/** What explains a field stands below it: two beside one another stay in line. */
const ORDER: ('label' | 'input' | 'description' | 'error')[] = ['label', 'input', 'description', 'error'];

interface PatientFieldsProps {
  study: Study | null;
  patient: CasePatient | null;
  wrong: string | undefined;
  /** An emergency: nobody waits until it is known who it is. */
  mayBeUnknown: boolean;
  /** Of an examination that is still to be made, where it is known already. */
  accession: { number: string; issuer: string; wrong: string | undefined };
  onStudy: (study: Study | null) => void;
  onPatient: (patient: CasePatient) => void;
  onAccession: (part: { number?: string; issuer?: string }) => void;
}

/** What is typed, once the typing pauses. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

function StudySearch({ onStudy }: { onStudy: (study: Study) => void }) {
  const { t, locale } = useWords();
  const [text, setText] = useState('');
  const asked = useSettled(text.trim());
  const found = useQuery({
    queryKey: [...keys.studies, 'for-request', asked],
    queryFn: ({ signal }) => get<StudyPage>(`/studies?${new URLSearchParams({ ...(asked ? { text: asked } : {}), limit: String(FOUND_MAX) }).toString()}`, signal),
  });
  return (
    <>
      <TextInput
        label={t('cases.findStudy')}
        description={t('cases.findStudyHelp')}
        leftSection={<IconSearch size={16} />}
        value={text}
        maxLength={64}
        onChange={event => setText(event.currentTarget.value)}
      />
      {found.error && <Problem error={found.error} />}
      <ul className={classes.found}>
        {found.data?.studies.slice(0, FOUND_MAX).map(study => (
          <li key={study.study}>
            <button type="button" onClick={() => onStudy(study)}>
              <strong>{patientName(study.patient.name) ?? t('list.unnamed')}</strong>
              <span>{[dicomDate(study.patient.birth_date, locale), dicomDate(study.date, locale), studyHour(study, t('cases.zoneUnknown')), study.modalities.join('/'), study.description, study.site_name].filter(Boolean).join(' · ')}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

export function PatientFields({ study, patient, wrong, mayBeUnknown, accession, onStudy, onPatient, onAccession }: PatientFieldsProps) {
  const { t, locale } = useWords();
  const [byHand, setByHand] = useState(false);
  const known = patient ?? EMPTY_PATIENT;
  const set = (part: Partial<CasePatient>) => onPatient({ ...known, ...part });
  if (!study && !byHand) {
    return (
      <>
        <StudySearch onStudy={onStudy} />
        {wrong && (
          <Text size="sm" c="red.4" role="alert" id="request-patient">
            {wrong}
          </Text>
        )}
        <Button size="compact-sm" variant="subtle" mt="xs" onClick={() => setByHand(true)}>
          {t('cases.noStudyYet')}
        </Button>
        {mayBeUnknown && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="yellow"
            mt="xs"
            onClick={() => {
              setByHand(true);
              onPatient({ ...EMPTY_PATIENT, identity: 'unknown' });
            }}
          >
            {t('cases.unknownPatient')}
          </Button>
        )}
      </>
    );
  }
  const status = (
    <Select
      label={t('cases.identity')}
      description={t(`cases.identityHelp.${known.identity}`)}
      allowDeselect={false}
      value={known.identity}
      data={STATUSES.map(one => ({ value: one, label: t(`cases.identityIs.${one}`) }))}
      onChange={value => set({ identity: value ?? 'provisional' })}
    />
  );
  const ins = known.identity === 'qualified' && (
    <TextInput label={t('cases.ins')} value={known.ins ?? ''} maxLength={24} inputMode="numeric" onChange={event => set({ ins: event.currentTarget.value.trim() || null })} />
  );
  // Another number is another question.
  const presence = known.identity === 'qualified' && known.ins !== null && insOf(known.ins) !== null && <AskPresence key={known.ins} ins={known.ins} />;
  if (study) {
    const years = age(known.birth_date, new Date());
    return (
      <>
        <div className={classes.identity}>
          <div>
            <strong>{patientName(known.name) ?? t('list.unnamed')}</strong>
            <span>
              {[known.sex, known.birth_date ? t('cases.born', { date: dicomDate(known.birth_date, locale) ?? '' }) : t('cases.bornUnknown'), years === null ? null : t('cases.years', { count: years })]
                .filter(Boolean)
                .join(' · ')}
            </span>
            <span>{[known.id, known.issuer].filter(Boolean).join(' · ')}</span>
          </div>
          <div>
            <span>{[dicomDate(study.date, locale), studyHour(study, t('cases.zoneUnknown')), study.modalities.join('/'), study.description].filter(Boolean).join(' · ')}</span>
            <span>{study.accession}</span>
            <Button size="compact-xs" variant="subtle" onClick={() => onStudy(null)}>
              {t('cases.otherStudy')}
            </Button>
          </div>
        </div>
        <SimpleGrid cols={{ base: 1, sm: 2 }} mt="sm">
          {status}
          {ins}
        </SimpleGrid>
        {presence}
      </>
    );
  }
  const [family = '', first = ''] = known.name.split('^');
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <TextInput id="request-patient" label={t('glass.family')} withAsterisk={!(known.identity === 'unknown' && mayBeUnknown)} error={wrong} value={family} maxLength={60} onChange={event => set({ name: `${event.currentTarget.value}^${first}` })} />
        <TextInput label={t('glass.given')} value={first} maxLength={60} onChange={event => set({ name: `${family}^${event.currentTarget.value}` })} />
        <TextInput
          type="date"
          label={t('glass.birthDate')}
          value={known.birth_date.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')}
          onChange={event => set({ birth_date: event.currentTarget.value.replaceAll('-', '') })}
        />
        <Select label={t('glass.sex')} value={known.sex || null} data={['F', 'M', 'O']} clearable clearButtonProps={{ 'aria-label': t('list.clear') }} onChange={sex => set({ sex: sex ?? '' })} />
        <TextInput label={t('cases.patientId')} value={known.id} maxLength={64} onChange={event => set({ id: event.currentTarget.value })} />
        <TextInput label={t('cases.issuer')} value={known.issuer} maxLength={64} onChange={event => set({ issuer: event.currentTarget.value })} />
        {status}
        {ins}
        <TextInput label={t('cases.accession')} description={t('cases.accessionHelp')} inputWrapperOrder={ORDER} value={accession.number} maxLength={64} onChange={event => onAccession({ number: event.currentTarget.value })} />
        <TextInput
          id="request-accession_issuer"
          label={t('cases.accessionIssuer')}
          description={t('cases.accessionIssuerHelp')}
          inputWrapperOrder={ORDER}
          error={accession.wrong}
          value={accession.issuer}
          maxLength={64}
          onChange={event => onAccession({ issuer: event.currentTarget.value })}
        />
      </SimpleGrid>
      {presence}
    </>
  );
}
