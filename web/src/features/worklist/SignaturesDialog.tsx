import { Alert, Badge, Group, Modal, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { get } from '../../api/client';
import { keys } from '../../api/queries';
import type { ObjectSignature, Study, StudySignatures } from '../../api/types';
import { Failure, Waiting } from '../../components/State';
import { count, day, dicomDate, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';

const COLORS = { valid: 'teal', broken: 'red', unchecked: 'yellow' };
const STANDING = { none: 'gray', valid: 'teal', 'unknown-signer': 'yellow', weak: 'yellow', unchecked: 'yellow', broken: 'red' };

/** What signers put into the objects of a study, checked now. */
export function SignaturesDialog({ study, onClose }: { study: Study; onClose: () => void }) {
  const { t, locale } = useWords();
  const found = useQuery({
    queryKey: [...keys.studies, 'signatures', study.study],
    queryFn: ({ signal }) => get<StudySignatures>(`/studies/${study.study}/signatures`, signal),
    gcTime: 0,
  });
  const { data } = found;
  return (
    <Modal opened onClose={onClose} size="lg" title={t('signatures.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t('signatures.about')}
        </Text>
        <Text fw={600}>{patientName(study.patient.name) ?? t('list.unnamed')}</Text>
        {found.isLoading && <Waiting />}
        {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
        {data && (
          <Alert color={STANDING[data.standing]} variant="light" role="status">
            {t(`signatures.standing.${data.standing}`)}{' '}
            {data.signed > 0 &&
              t('signatures.counted', { signed: count(data.signed, locale), objects: count(data.objects, locale) })}{' '}
            {data.unread > 0 && t('signatures.unread', { count: data.unread })}
          </Alert>
        )}
        {data?.signatures.map((one, place) => <Signature key={`${one.instance} ${place}`} one={one} />)}
      </Stack>
    </Modal>
  );
}

function Signature({ one }: { one: ObjectSignature }) {
  const { t, locale } = useWords();
  const { signer } = one;
  const date = one.at && dicomDate(one.at.slice(0, 8), locale);
  const facts = [
    one.purpose,
    date && t('signatures.at', { at: date }),
    t('signatures.covers', { count: one.elements }),
    t(one.pixels ? 'signatures.pixels' : 'signatures.noPixels'),
  ];
  return (
    <section aria-label={one.instance}>
      <Group gap="xs">
        <Badge variant="light" color={COLORS[one.state]} style={{ textTransform: 'none' }}>
          {t(`signatures.state.${one.state}`)}
        </Badge>
        {one.weak && (
          <Badge variant="light" color="yellow" style={{ textTransform: 'none' }}>
            {t('signatures.weak', { hash: one.hash ?? '' })}
          </Badge>
        )}
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {one.instance}
        </Text>
      </Group>
      {one.item && (
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {t('signatures.item', { item: one.item })}
        </Text>
      )}
      {one.why && <Text size="sm">{t(`signatures.why.${one.why}`)}</Text>}
      {signer && (
        <>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {t('signatures.by')} {signer.subject} · {t('signatures.issuer')} {signer.issuer}
          </Text>
          <Text size="sm" c={signer.known ? 'inherit' : 'var(--warn)'}>
            {t(signer.known ? 'signatures.known' : 'signatures.unknown')} {signer.out_of_date && t('signatures.outOfDate')}
          </Text>
          <Text size="xs" c="dimmed">
            {t('signatures.valid', { from: day(signer.from, locale), to: day(signer.to, locale) })}
          </Text>
        </>
      )}
      <Text size="xs" c="dimmed">
        {facts.filter(Boolean).join(' · ')}
      </Text>
    </section>
  );
}
