// Two records side by side, and what a person who compared them says: one patient, two patients, or that it was wrong.

import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconAlertTriangle, IconCheck, IconQuestionMark } from '@tabler/icons-react';
import { get } from '../api/client';
import type { HistoryRow, Meant, PatientLink, Trait } from '../api/history';
import { decide } from '../api/history';
import { keys, useMay } from '../api/queries';
import { dicomDate, minute, patientName } from '../lib/format';
import { useWords } from '../lib/language';
import classes from './history.module.css';
import { Problem } from './parts';

/** What is to be seen of a trait. What the node finds not alike is not alike, however it is written. */
type Likeness = 'alike' | 'written' | 'issuer' | 'unknown' | 'differs';

const LOOKS = { alike: IconCheck, written: IconAlertTriangle, issuer: IconAlertTriangle, unknown: IconQuestionMark, differs: IconAlertTriangle } as const;

/** By an icon and a word, so that nobody needs the colour. */
function Likely({ is }: { is: Likeness }) {
  const { t } = useWords();
  const Icon = LOOKS[is];
  return (
    <span className={classes.likeness} data-is={is}>
      <Icon size={16} aria-hidden="true" />
      {t(`history.likeness.${is}`)}
    </span>
  );
}

interface CompareRecordsProps {
  meant: Meant;
  row: HistoryRow;
  onClose: () => void;
  onDecided: () => void;
}

/** What was opened by a link: who takes it back must know. */
export function OpenedBy({ link }: { link: PatientLink }) {
  const { t, locale } = useWords();
  if (link.opened.length === 0) return <Text size="sm">{t('history.openedNone')}</Text>;
  return (
    <div>
      <Text size="sm">{t('history.opened', { count: link.opened.length })}</Text>
      <ul className={classes.sites}>
        {link.opened.slice(0, 20).map(one => (
          <li key={`${one.study} ${one.at}`}>
            {minute(one.at, locale)} · {one.person} · {one.study}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function CompareRecords({ meant, row, onClose, onDecided }: CompareRecordsProps) {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const mayDecide = useMay('report-cases');
  const { patient } = row.study;
  const [ours] = meant.identifiers;
  const peer = row.holders.find(holder => holder.site !== null)?.site;
  const link = useQuery({
    queryKey: [...keys.patientLinks, row.link],
    queryFn: ({ signal }) => get<PatientLink>(`/patient-links/${encodeURIComponent(row.link ?? '')}`, signal),
    enabled: row.link !== null,
  });
  const decided = useMutation({
    mutationFn: (decision: 'confirm' | 'reject' | 'revoke') => {
      if (!ours || !row.identifier || !peer) throw new Error('no pair');
      return decide(ours, row.identifier, peer, decision);
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.patientLinks });
      onDecided();
    },
  });
  const sexOf = (sex: string | null) => (sex === 'F' ? t('list.sexF') : sex === 'M' ? t('list.sexM') : sex === 'O' ? t('list.sexO') : null);
  const lines: { trait: Trait; left: string | null; right: string | null }[] = [
    { trait: 'name', left: patientName(meant.name), right: patientName(patient.name) },
    { trait: 'birth-date', left: dicomDate(meant.birth_date, locale), right: dicomDate(patient.birth_date, locale) },
    { trait: 'sex', left: sexOf(meant.sex), right: sexOf(patient.sex) },
    { trait: 'identifier', left: meant.identifiers.map(one => `${one.id} (${one.issuer})`).join(', ') || null, right: row.identifier ? `${row.identifier.id} (${row.identifier.issuer})` : null },
    // Neither record's national number or birthplace is told here; that they are not alike is.
    ...(['national', 'birthplace'] as const).filter(trait => row.differs.includes(trait)).map(trait => ({ trait, left: null, right: null })),
  ];
  const isConfirmed = row.is === 'linked';
  // One number on two people is an error of registration, and no pair to be linked.
  const canPair = Boolean(ours && row.identifier && peer && !meant.identifiers.some(one => one.id === row.identifier?.id && one.issuer === row.identifier.issuer));
  const differs = (trait: Trait) => row.differs.includes(trait) || (trait === 'name' && row.differs.some(one => one === 'first-name' || one === 'names-swapped'));
  const likenessOf = ({ trait, left, right }: (typeof lines)[number]): Likeness => {
    if (differs(trait)) return 'differs';
    if (left === null || right === null) return 'unknown';
    if (trait !== 'identifier') return left === right ? 'alike' : 'written';
    const given = meant.identifiers.filter(one => one.issuer === row.identifier?.issuer);
    // Numbers of two issuers say nothing of one another.
    if (given.length === 0) return 'issuer';
    return given.some(one => one.id === row.identifier?.id) ? 'alike' : 'differs';
  };
  return (
    <Modal opened size="lg" onClose={onClose} title={t('history.compareTitle')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t('history.compareAbout')}
        </Text>
        <table className={classes.compare}>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">{t('history.what')}</span>
              </th>
              <th scope="col">{meant.site_name}</th>
              <th scope="col">{row.holders.map(holder => holder.site_name).join(' + ')}</th>
              <th scope="col">{t('history.likenessOf')}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map(line => {
              const is = likenessOf(line);
              return (
                <tr key={line.trait} data-is={is}>
                  <th scope="row">{t(`history.trait.${line.trait}`)}</th>
                  <td>{line.left ?? '—'}</td>
                  <td>{line.right ?? '—'}</td>
                  <td>
                    <Likely is={is} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {link.data && isConfirmed && <OpenedBy link={link.data} />}
        {!canPair && <Text size="sm">{t('history.sameNumber')}</Text>}
        {!mayDecide && canPair && <Text size="sm">{t('history.mayNot')}</Text>}
        <Problem error={decided.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('common.cancel')}
          </Button>
          {mayDecide && canPair && isConfirmed && (
            <Button color="red.9" loading={decided.isPending} onClick={() => decided.mutate('revoke')}>
              {t('history.revoke')}
            </Button>
          )}
          {mayDecide && canPair && !isConfirmed && (
            <>
              <Button loading={decided.isPending} onClick={() => decided.mutate('reject')}>
                {t('history.reject')}
              </Button>
              {/* It lets images of both stand side by side: the last to be reached, and not the one that stands out. */}
              <Button variant="default" loading={decided.isPending} onClick={() => decided.mutate('confirm')}>
                {t('history.confirm')}
              </Button>
            </>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
