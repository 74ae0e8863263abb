// A request in under a minute: a template, the patient looked at, a question, and off. What is missing is named where it
// is missing.

import { Alert, Button, Checkbox, Group, Radio, SegmentedControl, Select, SimpleGrid, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { IconAlertTriangle, IconSend } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { lazy, Suspense, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { get, ApiError } from '../../api/client';
import { keys, makeCase, peersQuery, siteQuery, useMay } from '../../api/queries';
import type { CasePatient, NewCase, Study } from '../../api/types';
import { Page } from '../../components/Page';
import { Section } from '../../components/parts';
import { Denied, Failure, Waiting } from '../../components/State';
import { useWords } from '../../lib/language';
import { PRIORITIES } from './order';
import { PatientFields } from './PatientFields';
import { Addressee, AnswerBy, Practice, useAskable } from './Askable';
import type { Chosen } from './attach';
import { attachAll } from './attach';
import { AttachmentsField } from './Attachments';
import type { RequestField } from './request';
import { bodyOf, EMPTY_REQUEST, gapsOf, isUnknown, mayBeUnknown, missingOf } from './request';
import classes from './request.module.css';
import { REQUEST_TEMPLATES, withTemplate } from './templates';
import { useCaseProblem, useToldCase } from './useSteps';

const KeyImages = lazy(async () => ({ default: (await import('./KeyImages')).KeyImages }));

const TELEPHONE = 'confrere.telephone';
const REGIONS = ['HEAD', 'NECK', 'CHEST', 'ABDOMEN', 'PELVIS', 'SPINE', 'WHOLEBODY', 'KNEE', 'HIP', 'HAND', 'FOOT'];
const MODALITIES = ['CT', 'MR', 'CR', 'DX', 'US', 'XA', 'MG', 'NM', 'PT'];

export function RequestPage() {
  const may = useMay('request-readings');
  const [query] = useSearchParams();
  const uid = query.get('study');
  return may ? uid ? <OfStudy uid={uid} /> : <Form study={null} /> : <Denied />;
}

function OfStudy({ uid }: { uid: string }) {
  const study = useQuery({ queryKey: [...keys.studies, 'one', uid], queryFn: ({ signal }) => get<Study>(`/studies/${encodeURIComponent(uid)}`, signal) });
  if (study.data) return <Form key={uid} study={study.data} />;
  if (study.error) return <Failure error={study.error} retry={() => void study.refetch()} />;
  return <Waiting />;
}

function patientOf(study: Study): CasePatient {
  const { name, birth_date, sex, id, issuer } = study.patient;
  const known = sex && ['F', 'M', 'O'].includes(sex) ? sex : '';
  return { name: name ?? '', birth_date: birth_date ?? '', sex: known, id: id ?? '', issuer: issuer ?? '', ins: null, identity: 'provisional' };
}

function beginOf(study: Study | null): NewCase {
  const telephone = localStorage.getItem(TELEPHONE) ?? '';
  if (!study) return { ...EMPTY_REQUEST, telephone };
  return {
    ...EMPTY_REQUEST,
    telephone,
    studies: [study.study],
    patient: patientOf(study),
    modality: study.modalities.find(code => !['SR', 'KO', 'PR', 'DOC', 'SEG'].includes(code)) ?? '',
    region: study.body_parts[0] ?? '',
    accession: study.accession ?? '',
    accession_issuer: study.accession ? (study.patient.issuer ?? '') : '',
  };
}

/** A block of the form; one with something missing says so. */
function Part({ title, wrong, children }: { title: string; wrong?: boolean; children: ReactNode }) {
  return (
    <div className={classes.part} data-wrong={wrong ? true : undefined}>
      <Section title={title}>{children}</Section>
    </div>
  );
}

function Form({ study: given }: { study: Study | null }) {
  const { t, language } = useWords();
  const navigate = useNavigate();
  const told = useToldCase();
  const say = useCaseProblem();
  const [study, setStudy] = useState(given);
  const [typed, setRequest] = useState(() => beginOf(given));
  // Never empty: a number means nothing without who issued it. Ours is written there until somebody writes another.
  const [issuer, setIssuer] = useState<string | null>(null);
  const ours = useQuery(siteQuery).data?.name ?? '';
  const request = study ? typed : { ...typed, accession_issuer: issuer ?? ours };
  const [tried, setTried] = useState(false);
  const [papers, setPapers] = useState<Chosen[]>([]);
  const [sent, setSent] = useState<number | null>(null);
  const fit = papers.filter(one => one.unfit === null).map(one => one.file);
  const send = useMutation({
    // The request leaves first: nobody waits for its papers. What of them does not leave is said, and sent from the case.
    mutationFn: async (asked: NewCase) => {
      const made = await makeCase(asked);
      const attached = await attachAll(made.case, fit, setSent);
      for (const { file, why } of attached.failed) notifications.show({ color: 'red', autoClose: false, message: `${file.name} : ${say(why)} ${t('cases.attachFromCase')}`, closeButtonProps: { 'aria-label': t('common.close') } });
      return attached.told ?? made;
    },
    onSuccess: made => {
      localStorage.setItem(TELEPHONE, request.telephone);
      told(made);
      void navigate(`/cases/${made.case}`);
    },
  });
  const askable = useAskable(request);
  const missing = missingOf(request, askable);
  const refused = send.error instanceof ApiError ? send.error.fields : [];
  const isMissing = (field: RequestField) => (tried && missing.includes(field)) || refused.includes(field);
  const wrong = (field: RequestField) => (isMissing(field) ? t('cases.isMissing') : undefined);
  const set = (part: Partial<NewCase>) => {
    setRequest(before => ({ ...before, ...part }));
    send.reset();
  };
  const submit = () => {
    setTried(true);
    if (missing.length === 0) send.mutate(bodyOf(request));
    else document.getElementById(`request-${missing[0] ?? ''}`)?.scrollIntoView({ block: 'center' });
  };
  useHotkeys([['mod+Enter', submit]], []);
  const peers = (useQuery(peersQuery).data ?? []).filter(peer => !peer.revoked);
  const gaps = gapsOf(request);
  const text = (field: 'question' | 'context' | 'contraindications' | 'priors' | 'justification', rows: number, isRequired = false) => (
    <Textarea
      id={`request-${field}`}
      label={t(`cases.field.${field}`)}
      description={field === 'question' || field === 'priors' ? undefined : t(`cases.fieldHelp.${field}`)}
      value={request[field]}
      maxLength={4_000}
      autosize
      minRows={rows}
      withAsterisk={isRequired}
      error={field === 'question' || field === 'justification' ? wrong(field) : undefined}
      onChange={event => set({ [field]: event.currentTarget.value })}
    />
  );

  return (
    <Page title={t('cases.newTitle')} about={t('cases.newAbout')} width={1180}>
      <form
        className={classes.form}
        onSubmit={event => {
          event.preventDefault();
          submit();
        }}
      >
        <div className={classes.templates} role="group" aria-label={t('cases.requestTemplates')}>
          {REQUEST_TEMPLATES.map(template => (
            <Button key={template.id} variant="default" onClick={() => set(withTemplate(request, template, language))}>
              <span className={classes.prio} data-is={template.priority}>
                {template.priority}
              </span>
              {t(`cases.requestTemplate.${template.id}`)}
            </Button>
          ))}
        </div>
        <div className={classes.columns}>
          <Stack gap="md">
            <Part title={t('cases.who')} wrong={isMissing('patient') || isMissing('identity') || isMissing('accession_issuer')}>
              <PatientFields
                study={study}
                patient={request.patient}
                wrong={wrong('patient')}
                onStudy={chosen => {
                  setStudy(chosen);
                  setRequest(before => {
                    const { question, context, contraindications, priors, justification, priority, kind, consent, telephone, to, answer_by } = before;
                    return { ...beginOf(chosen), question, context, contraindications, priors, justification, priority, kind, consent, telephone, to, answer_by };
                  });
                }}
                mayBeUnknown={mayBeUnknown(request)}
                onPatient={patient => {
                  // Whoever is named anew was not compared with anybody yet.
                  set({ patient, identity_checked: false });
                }}
                accession={{ number: request.accession, issuer: request.accession_issuer, wrong: wrong('accession_issuer') }}
                onAccession={part => {
                  if (part.issuer !== undefined) setIssuer(part.issuer);
                  set({ accession: part.number ?? request.accession });
                }}
              />
              {!isUnknown(request) && (
                <Checkbox
                  id="request-identity"
                  mt="md"
                  size="md"
                  checked={request.identity_checked}
                  error={wrong('identity')}
                  label={t('cases.identityChecked')}
                  description={t('cases.identityCheckedHelp')}
                  onChange={event => set({ identity_checked: event.currentTarget.checked })}
                />
              )}
            </Part>
            <Part title={t('cases.what')} wrong={isMissing('question') || isMissing('justification')}>
              <Stack gap="sm">
                {text('question', 2, true)}
                {text('context', 2)}
                {text('contraindications', 1)}
                {text('priors', 1)}
                {text('justification', 1, request.priority !== 'P0')}
                {gaps.length > 0 && (
                  <Text size="sm" c="yellow.4">
                    {t('cases.gapsInRequest')}
                  </Text>
                )}
              </Stack>
            </Part>
          </Stack>
          <Stack gap="md">
            <Part title={t('cases.how')} wrong={isMissing('modality') || isMissing('consent')}>
              <Stack gap="md">
                <div>
                  <Text size="sm" fw={500} mb={4} id="urgency">
                    {t('cases.urgency')}
                  </Text>
                  <SegmentedControl
                    fullWidth
                    aria-labelledby="urgency"
                    value={request.priority}
                    data={PRIORITIES.map(one => ({ value: one, label: one }))}
                    onChange={priority => set({ priority })}
                  />
                  <Text size="xs" c="dimmed" mt={4}>
                    {t(`cases.priorityHelp.${request.priority}`)}
                  </Text>
                </div>
                <SegmentedControl
                  fullWidth
                  aria-label={t('cases.kindLabel')}
                  value={request.kind}
                  data={(['diagnosis', 'expertise'] as const).map(kind => ({ value: kind, label: t(`cases.kind.${kind}`) }))}
                  onChange={kind => set({ kind })}
                />
                <SimpleGrid cols={2} spacing="sm">
                  <Select
                    id="request-modality"
                    label={t('cases.modalityLabel')}
                    withAsterisk={request.studies.length === 0}
                    searchable
                    value={request.modality || null}
                    error={wrong('modality')}
                    data={[...new Set([...MODALITIES, ...(request.modality ? [request.modality] : [])])]}
                    onChange={modality => set({ modality: modality ?? '' })}
                  />
                  <Select
                    label={t('cases.region')}
                    searchable
                    clearable
                    clearButtonProps={{ 'aria-label': t('list.clear') }}
                    value={request.region || null}
                    data={[...new Set([...REGIONS, ...(request.region ? [request.region] : [])])]}
                    onChange={region => set({ region: region ?? '' })}
                  />
                </SimpleGrid>
                <Practice request={request} askable={askable} wrong={wrong} set={set} />
                <Radio.Group
                  id="request-consent"
                  label={t('cases.field.consent')}
                  withAsterisk={request.priority !== 'P0'}
                  value={request.consent}
                  error={wrong('consent')}
                  onChange={value => set({ consent: value })}
                >
                  <Stack gap={8} mt={6}>
                    <Radio value="informed" label={t('cases.consent.informed')} />
                    <Radio value="unable" label={t('cases.consent.unable')} />
                  </Stack>
                  {request.priority === 'P0' && (
                    <Text size="xs" c="dimmed" mt={6}>
                      {t('cases.consentP0')}
                    </Text>
                  )}
                </Radio.Group>
                <TextInput
                  id="request-telephone"
                  type="tel"
                  label={t('cases.telephone')}
                  description={t('cases.telephoneHelp')}
                  value={request.telephone}
                  maxLength={40}
                  error={wrong('telephone')}
                  onChange={event => set({ telephone: event.currentTarget.value })}
                />
              </Stack>
            </Part>
            <Part title={t('cases.whither')} wrong={isMissing('to')}>
              <TagsInput
                id="request-to"
                label={t('cases.to')}
                description={t('cases.toHelp')}
                placeholder={request.to.length === 0 ? t('cases.toRouting') : ''}
                data={peers.map(peer => peer.name)}
                value={request.to.map(one => peers.find(peer => peer.site === one.site)?.name ?? one.site)}
                error={wrong('to')}
                splitChars={[]}
                onChange={names =>
                  set({
                    to: names.flatMap(name => {
                      const peer = peers.find(one => one.name === name);
                      return peer ? [{ site: peer.site, whom: request.to.find(one => one.site === peer.site)?.whom ?? '' }] : [];
                    }),
                  })
                }
              />
              {request.to.map((one, index) => (
                <Addressee
                  key={one.site}
                  name={peers.find(peer => peer.site === one.site)?.name ?? one.site}
                  known={askable?.sites.find(site => site.site === one.site)}
                  whom={one.whom}
                  onChange={whom => set({ to: request.to.map((other, at) => (at === index ? { ...other, whom } : other)) })}
                />
              ))}
              <AnswerBy value={request.answer_by} usual={askable?.answer_by ?? null} onChange={answer_by => set({ answer_by })} />
            </Part>
            <Part title={t('cases.attachments')} wrong={papers.some(one => one.unfit !== null)}>
              <AttachmentsField chosen={papers} onChange={setPapers} />
            </Part>
            {study && (
              <Part title={t('cases.keyImages')}>
                <Suspense fallback={<Waiting />}>
                  <KeyImages study={study.study} chosen={request.key_images} onChange={key_images => set({ key_images })} />
                </Suspense>
              </Part>
            )}
          </Stack>
        </div>
        <div className={classes.foot}>
          <div role="status" className={classes.missing}>
            {send.isPending && sent !== null && t('cases.attaching', { done: sent, count: fit.length })}
            {tried && missing.length > 0 && (
              <>
                <IconAlertTriangle size={17} aria-hidden="true" />
                {t('cases.stillMissing', { fields: missing.map(field => t(`cases.missing.${field}`)).join(', ') })}
              </>
            )}
          </div>
          {send.error && (
            <Alert color="red" variant="light" role="alert" py={6}>
              {say(send.error)}
              {send.error instanceof ApiError && send.error.differs.length > 0 && ` ${send.error.differs.map(field => t(`cases.same.${field}` as 'cases.same.name', { defaultValue: field })).join(', ')}`}
            </Alert>
          )}
          <Group gap="xs" wrap="nowrap">
            <Text size="xs" c="dimmed" visibleFrom="sm">
              Ctrl + ↵
            </Text>
            <Button type="submit" size="md" loading={send.isPending} leftSection={<IconSend size={17} />}>
              {t('cases.send')}
            </Button>
          </Group>
        </div>
      </form>
    </Page>
  );
}
