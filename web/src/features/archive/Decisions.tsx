// Who is on a medium, who of ours might be meant, and what is decided of each.

import { NativeSelect, Table, Text } from '@mantine/core';
import { Wide } from '../../components/Wide';
import { dicomDate, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';

interface Candidate {
  id: string | null;
  issuer: string | null;
  name: string | null;
  birth_date: string | null;
  sex: string | null;
  /** A study of theirs. */
  study: string;
  by: 'id' | 'traits' | 'id-alone';
}

export interface Seen {
  id: string | null;
  issuer: string | null;
  name: string | null;
  birth_date: string | null;
  sex: string | null;
  studies: { study: string; date: string | null; modalities: string[]; instances: number; held: number }[];
  candidates: Candidate[];
  must_decide: boolean;
}

export type Decision = { kind: 'as-is' | 'external' | 'leave-out' | 'undecided' } | { kind: 'link'; like: string };

interface DecisionsProps {
  patients: Seen[];
  of: (n: number) => Decision;
  onDecide: (n: number, decision: Decision) => void;
  mayDecide: boolean;
}

export function Decisions({ patients, of, onDecide, mayDecide }: DecisionsProps) {
  const { t } = useWords();
  return (
    <Wide min={720} label={t('archive.import.found')}>
      <Table verticalSpacing="xs" layout="fixed" style={{ overflowWrap: 'anywhere' }}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('archive.import.patient')}</Table.Th>
            <Table.Th>{t('archive.import.studies')}</Table.Th>
            <Table.Th>{t('archive.import.ours')}</Table.Th>
            <Table.Th>{t('archive.import.decide')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {patients.map((patient, n) => (
            <Patient
              key={n}
              patient={patient}
              decision={of(n)}
              mayDecide={mayDecide}
              onDecide={decision => onDecide(n, decision)}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

const BY = { id: 'archive.import.byId', traits: 'archive.import.byTraits', 'id-alone': 'archive.import.byIdAlone' } as const;

interface PatientProps {
  patient: Seen;
  decision: Decision;
  mayDecide: boolean;
  onDecide: (decision: Decision) => void;
}

function Patient({ patient, decision, mayDecide, onDecide }: PatientProps) {
  const { t, locale } = useWords();
  const name = patientName(patient.name) ?? t('list.unnamed');
  const facts = (who: Candidate | Seen) => [dicomDate(who.birth_date, locale), who.sex, who.id, who.issuer].filter(Boolean).join(' · ');
  const label = (who: Candidate) => [patientName(who.name) ?? t('list.unnamed'), who.id, who.issuer].filter(Boolean).join(' · ');
  const options = [
    patient.must_decide
      ? { value: 'undecided', label: t('archive.import.undecided') }
      : { value: 'as-is', label: t('archive.import.asIs') },
    ...(mayDecide
      ? [
          { value: 'external', label: t('archive.import.external') },
          ...patient.candidates.map(who => ({ value: `link ${who.study}`, label: t('archive.import.link', { patient: label(who) }) })),
        ]
      : []),
    { value: 'leave-out', label: t('archive.import.leaveOut') },
  ];
  const decide = (value: string) => {
    if (value.startsWith('link ')) onDecide({ kind: 'link', like: value.slice(5) });
    else onDecide({ kind: value as 'as-is' | 'external' | 'leave-out' | 'undecided' });
  };
  return (
    <Table.Tr>
      <Table.Td>
        {name}
        <Text size="xs" c="dimmed">
          {facts(patient)}
        </Text>
      </Table.Td>
      <Table.Td>
        {patient.studies.map(({ study, date, modalities, instances, held }) => (
          <div key={study}>
            {[dicomDate(date, locale) ?? '—', modalities.join(', ')].join(' · ')}
            <Text size="xs" c="dimmed" span ml="xs">
              {t('archive.import.held', { held, of: instances })}
            </Text>
          </div>
        ))}
      </Table.Td>
      <Table.Td>
        {patient.candidates.map(who => (
          <div key={who.study}>
            {patientName(who.name) ?? t('list.unnamed')}
            <Text size="xs" c="dimmed">
              {facts(who)}
            </Text>
            <Text size="xs" fw={who.by === 'id-alone' ? 600 : 400}>
              {t(BY[who.by])}
            </Text>
          </div>
        ))}
      </Table.Td>
      <Table.Td>
        <NativeSelect
          aria-label={t('archive.import.decideOn', { patient: name })}
          data={options}
          value={decision.kind === 'link' ? `link ${decision.like}` : decision.kind}
          onChange={event => decide(event.currentTarget.value)}
          error={decision.kind === 'undecided' ? t('archive.import.clash') : undefined}
        />
      </Table.Td>
    </Table.Tr>
  );
}
