// The last look before a signature: whose report it is, repeated from what the node says this moment and compared with
// what the editor was opened on; what of the images is missing, with a reason or not at all.

import { Alert, Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { IconAlertTriangle, IconUserCheck, IconUserX } from '@tabler/icons-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { Case, Draft, KeyImage, Lack } from '../../api/types';
import { ApiError, get } from '../../api/client';
import { keys, signReport } from '../../api/queries';
import { Waiting } from '../../components/State';
import { dicomDate, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import type { Bound } from './binding';
import { boundOf, differing } from './binding';
import classes from './editor.module.css';
import { GAP } from './blocks';
import { PreviewsLeft } from './PreviewsLeft';
import { PARTS } from './Reports';
import { lackOf, refusedFor, undecodedOf } from './state';
import { useCaseProblem, useToldCase } from './useSteps';
import { lineOf } from '../../components/who';

interface SignDialogProps {
  id: string;
  bound: Bound;
  text: Draft;
  /** The versions that were looked at. */
  read: { study: string; version: number }[];
  /** Images that it points at. */
  images: KeyImage[];
  /** What is typed is at the node before it is signed. */
  onBefore: () => Promise<void>;
  onSigned: () => void;
  onClose: () => void;
}

export function SignDialog(props: SignDialogProps) {
  const { t } = useWords();
  const say = useCaseProblem();
  // Not what the page has in hand, but what the node says now.
  const fresh = useQuery({ queryKey: [...keys.cases, 'signing', props.id], queryFn: ({ signal }) => get<Case>(`/cases/${props.id}`, signal), staleTime: 0, gcTime: 0 });
  // Asked anew it stays, with the reason that was typed.
  const of = fresh.isFetchedAfterMount ? fresh.data : undefined;
  return (
    <Modal
      opened
      size="lg"
      onClose={props.onClose}
      title={t(`cases.sign.${props.text.standing}`)}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {fresh.error && (
        <Alert color="yellow" variant="light" role="alert" title={t('cases.cannotSign')} mb="md">
          {say(fresh.error)} {t('cases.cannotSignText')}
        </Alert>
      )}
      {of ? <Ready {...props} of={of} onAgain={async () => (await fresh.refetch()).data} /> : !fresh.error && <Waiting />}
    </Modal>
  );
}

/** What may differ from a report before it: whoever has signed it compares the two at once. */
const COMPARED: readonly string[] = ['final', 'second-reading'];

interface ReadyProps extends SignDialogProps {
  of: Case;
  /** What the case says now, where it could be asked. */
  onAgain: () => Promise<Case | undefined>;
}

function Ready({ of, bound, text, read, images, onBefore, onSigned, onClose, onAgain }: ReadyProps) {
  const { t, locale } = useWords();
  const say = useCaseProblem();
  const told = useToldCase();
  const navigate = useNavigate();
  const [despite, setDespite] = useState('');
  const wrong = differing(bound, boundOf(of));
  const [found, setFound] = useState<readonly Lack[]>([]);
  const lacks = [...new Set([...lackOf(of, read), ...found])];
  const gaps = PARTS.filter(part => text[part].includes(GAP));
  const sign = useMutation({
    mutationFn: async (shown: Lack[]) => {
      await onBefore();
      const { standing, indication, technique, findings, conclusion, language, critical } = text;
      return signReport(of.case, {
        standing,
        indication,
        technique,
        findings,
        conclusion,
        language,
        critical,
        despite: despite.trim(),
        despite_of: shown,
        read,
        key_images: images,
        patient: { name: bound.name, birth_date: bound.birth_date },
        hospital: bound.hospital,
        study_date: bound.study_date,
      });
    },
    onSuccess: signed => {
      onSigned();
      told(signed);
      notifications.show({ color: 'teal', message: t('cases.signed', { patient: patientName(bound.name) ?? '' }), closeButtonProps: { 'aria-label': t('common.close') } });
      const owed = COMPARED.includes(text.standing) && signed.actions.includes('compare') ? signed.comparisons.findLast(one => one.class === null) : undefined;
      void navigate(`/cases/${of.case}`, { state: owed && { compare: owed.reports } });
    },
    onError: async (error, shown) => {
      if (!(error instanceof ApiError)) return;
      const now = (await onAgain()) ?? of;
      setFound(before => [...before, ...refusedFor(error.code, shown, lackOf(now, read))]);
    },
  });
  const refused = sign.error instanceof ApiError ? sign.error : null;
  const needsReason = lacks.length > 0;
  const isOther = lacks.includes('other-patient');
  const others = isOther && lacks.length > 1 ? lacks.filter(lack => lack !== 'other-patient') : lacks;
  const differs = [...new Set<string>([...wrong, ...(refused?.differs ?? [])])];
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (wrong.length === 0 && (!needsReason || despite.trim() !== '')) sign.mutate(lacks);
      }}
    >
      <Stack gap="md">
        <dl className={classes.identity} data-wrong={differs.length > 0 || undefined}>
          {(['name', 'birth_date', 'hospital', 'study_date'] as const).map(field => (
            <div key={field} data-wrong={differs.includes(field) || undefined}>
              <dt>{t(`cases.bound.${field}`)}</dt>
              <dd>{shown(bound, field, locale) ?? (field === 'name' && of.patient.identity === 'unknown' ? t('cases.unknownPatient') : '—')}</dd>
              {differs.includes(field) && <dd className={classes.now}>{t('cases.nowSays', { value: shown(boundOf(of), field, locale) ?? '—' })}</dd>}
            </div>
          ))}
        </dl>
        {differs.length > 0 ? (
          <Alert color="red" variant="light" role="alert" icon={<IconUserX size={18} />} title={t('cases.wrongPatient')}>
            {t('cases.wrongPatientText')}
          </Alert>
        ) : (
          <Text size="sm" className={classes.checked}>
            <IconUserCheck size={16} aria-hidden="true" /> {t('cases.isThisPatient')}
          </Text>
        )}
        {isOther && (
          <Alert color="red" variant="light" role="alert" icon={<IconUserX size={18} />} title={t('cases.lack.other-patient')}>
            {t('cases.otherPatientSign')} {of.patient_of_images && `${t('cases.identify.images')} : ${lineOf(of.patient_of_images, of.case, t, locale)}.`}
          </Alert>
        )}
        {text.critical && (
          <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('cases.critical')} role="note">
            {t('cases.criticalSign', { telephone: of.telephone || '—' })}
          </Alert>
        )}
        {images.length > 0 && (
          <Text size="sm" c="dimmed">
            {t('images.shown', { count: images.length })}
          </Text>
        )}
        <PreviewsLeft studies={read.map(({ study }) => study)} />
        {gaps.length > 0 && (
          <Text size="sm" c="yellow.4">
            {t('cases.gapsLeft', { parts: gaps.map(part => t(`cases.part.${part}`)).join(', ') })}
          </Text>
        )}
        {needsReason && (
          <Textarea
            label={others.map(lack => t(`cases.lack.${lack}`, { count: undecodedOf(of) })).join(' ')}
            description={t('cases.despiteHelp')}
            value={despite}
            maxLength={500}
            autosize
            minRows={2}
            required
            data-autofocus
            onChange={event => setDespite(event.currentTarget.value)}
          />
        )}
        {refused && refused.code !== 'wrong-patient' && (
          <Text size="sm" c="red.4" role="alert">
            {say(refused)} {refused.code === 'offline' && t('cases.cannotSignText')}
          </Text>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={sign.isPending} disabled={differs.length > 0 || (needsReason && despite.trim() === '')} {...(needsReason ? {} : { 'data-autofocus': true })}>
            {t(`cases.sign.${text.standing}`)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function shown(bound: Bound, field: keyof Bound, locale: string): string | null {
  if (field === 'name') return patientName(bound.name);
  return field === 'hospital' ? bound.hospital : dicomDate(bound[field], locale);
}
