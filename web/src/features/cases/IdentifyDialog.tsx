// Who the patient is, said by the site that asked: beside whom it was until now, and what the images say.

import { Alert, Button, Checkbox, Group, Modal, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState } from 'react';
import type { Case, CasePatient, IdentityStatus, StepBody } from '../../api/types';
import { Problem } from '../../components/parts';
import { useWords } from '../../lib/language';
import classes from './marks.module.css';
import { isSame, lineOf } from '../../components/who';

const STATUSES: readonly IdentityStatus[] = ['provisional', 'retrieved', 'validated', 'qualified'];

interface IdentifyDialogProps {
  of: Case;
  busy: boolean;
  error: unknown;
  onYes: (body: StepBody) => void;
  onClose: () => void;
}

/** Of the images where they know more: a corrected archive comes first. */
function beginOf(of: Case): CasePatient {
  const held = of.patient_of_images;
  const known = of.patient.identity === 'unknown' && held?.name ? { ...of.patient, ...held } : of.patient;
  return { ...known, ins: of.patient.ins, identity: of.patient.identity === 'unknown' ? 'provisional' : of.patient.identity };
}

export function IdentifyDialog({ of, busy, error, onYes, onClose }: IdentifyDialogProps) {
  const { t, locale } = useWords();
  const [patient, setPatient] = useState(() => beginOf(of));
  const [checked, setChecked] = useState(false);
  const [tried, setTried] = useState(false);
  const set = (part: Partial<CasePatient>) => {
    setPatient(before => ({ ...before, ...part }));
    setChecked(false);
  };
  const [family = '', first = ''] = patient.name.split('^');
  const isNamed = patient.name.replaceAll('^', '').trim() !== '';
  const held = of.patient_of_images;
  return (
    <Modal opened size="lg" onClose={onClose} title={t('cases.step.identify.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          setTried(true);
          const ins = patient.identity === 'qualified' ? patient.ins : null;
          const shown = { name: of.patient.name, birth_date: of.patient.birth_date };
          if (isNamed && checked) onYes({ step: 'identify', patient: { ...patient, ins }, shown, checked });
        }}
      >
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {t('cases.step.identify.about')}
          </Text>
          <Text size="sm">
            <span className={classes.dim}>{t('cases.identify.until')} : </span>
            <strong>{lineOf(of.patient, of.case, t, locale)}</strong>
          </Text>
          {held && (
            <Text size="sm">
              <span className={classes.dim}>{t('cases.identify.images')} : </span>
              {lineOf({ ...held, identity: 'provisional' }, of.case, t, locale)}
            </Text>
          )}
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <TextInput label={t('glass.family')} withAsterisk data-autofocus error={tried && !isNamed ? t('cases.isMissing') : undefined} value={family} maxLength={60} onChange={event => set({ name: `${event.currentTarget.value}^${first}` })} />
            <TextInput label={t('glass.given')} value={first} maxLength={60} onChange={event => set({ name: `${family}^${event.currentTarget.value}` })} />
            <TextInput
              type="date"
              label={t('glass.birthDate')}
              value={patient.birth_date.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')}
              onChange={event => set({ birth_date: event.currentTarget.value.replaceAll('-', '') })}
            />
            <Select label={t('glass.sex')} value={patient.sex || null} data={['F', 'M', 'O']} clearable clearButtonProps={{ 'aria-label': t('list.clear') }} onChange={sex => set({ sex: sex ?? '' })} />
            <TextInput label={t('cases.patientId')} value={patient.id} maxLength={64} onChange={event => set({ id: event.currentTarget.value })} />
            <TextInput label={t('cases.issuer')} value={patient.issuer} maxLength={64} onChange={event => set({ issuer: event.currentTarget.value })} />
            <Select
              label={t('cases.identity')}
              description={t(`cases.identityHelp.${patient.identity}`)}
              allowDeselect={false}
              value={patient.identity}
              data={STATUSES.map(one => ({ value: one, label: t(`cases.identityIs.${one}`) }))}
              onChange={value => set({ identity: value ?? 'provisional' })}
            />
            {patient.identity === 'qualified' && (
              <TextInput label={t('cases.ins')} value={patient.ins ?? ''} maxLength={22} inputMode="numeric" onChange={event => set({ ins: event.currentTarget.value.trim() || null })} />
            )}
          </SimpleGrid>
          {held && isNamed && !isSame(held, patient) && (
            <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} role="note">
              {t('cases.identify.imagesDiffer')}
            </Alert>
          )}
          <Checkbox size="md" checked={checked} error={tried && !checked ? t('cases.isMissing') : undefined} label={t('cases.identify.checked')} onChange={event => setChecked(event.currentTarget.checked)} />
          {error !== null && error !== undefined && <Problem error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={busy}>
              {t('cases.step.identify.yes')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
