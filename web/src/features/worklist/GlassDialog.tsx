// Break the glass: for whom, why, and once more who it is.

import { Alert, Button, Group, Modal, PasswordInput, SegmentedControl, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys, peersQuery } from '../../api/queries';
import type { BrokenGlass, GlassReason } from '../../api/types';
import { Problem } from '../../components/parts';
import { minute } from '../../lib/format';
import { useWords } from '../../lib/language';
import { GLASS_REASONS } from './glass';

/** The French national identity: who issues the number. */
const NATIONAL = '1.2.250.1.213.1.4.8';
const TEXT_MIN = 10;

type By = 'national' | 'local' | 'traits';

export function GlassDialog({ onClose }: { onClose: () => void }) {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const peers = (useQuery(peersQuery).data ?? []).filter(peer => !peer.revoked);
  const [site, setSite] = useState<string | null>(null);
  const [by, setBy] = useState<By>('traits');
  const [given, setGiven] = useState({ id: '', family: '', first: '', born: '', sex: '', text: '', password: '', code: '' });
  const [reason, setReason] = useState<GlassReason>('danger-to-life');
  const chosen = peers.find(peer => peer.site === (site ?? peers[0]?.site));
  const set = (name: keyof typeof given) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setGiven(before => ({ ...before, [name]: value }));
  };
  const whom = () => {
    if (by === 'traits') return { name: `${given.family.trim()}^${given.first.trim()}`, birth_date: given.born.replaceAll('-', ''), sex: given.sex };
    return { patient_id: given.id.trim(), issuer: by === 'national' ? NATIONAL : (chosen?.name ?? '') };
  };
  const told = by === 'traits' ? given.family.trim() && given.first.trim() && given.born && given.sex : given.id.trim();
  const ready = Boolean(chosen && told && given.text.trim().length >= TEXT_MIN && given.password);
  const broken = useMutation({
    mutationFn: () =>
      post<BrokenGlass>('/emergencies', {
        site: chosen?.site ?? '',
        ...whom(),
        reason,
        text: given.text.trim(),
        password: given.password,
        ...(given.code ? { code: given.code } : {}),
      }),
    onSuccess: used => {
      notifications.show({
        color: 'yellow',
        autoClose: 12_000,
        closeButtonProps: { 'aria-label': t('common.close') },
        message: t('glass.done', { count: used.studies.length, site: used.site_name, until: minute(used.ends, locale) }),
      });
      void client.invalidateQueries({ queryKey: keys.studies });
      onClose();
    },
  });
  return (
    <Modal opened size="lg" onClose={onClose} title={t('glass.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          if (ready) broken.mutate();
        }}
      >
        <Stack gap="sm">
          <Alert role="note" color="yellow" variant="light" icon={<IconAlertTriangle size={18} aria-hidden="true" />}>
            {t('glass.about')} {t('glass.masked')}
          </Alert>
          <Select
            label={t('glass.site')}
            data={peers.map(peer => ({ value: peer.site, label: peer.name }))}
            value={chosen?.site ?? null}
            onChange={setSite}
            allowDeselect={false}
            error={peers.length === 0 ? t('glass.noSites') : undefined}
          />
          <SegmentedControl
            fullWidth
            aria-label={t('glass.by')}
            value={by}
            onChange={value => setBy(value)}
            data={[
              { value: 'traits', label: t('glass.byTraits') },
              { value: 'national', label: t('glass.byNational') },
              { value: 'local', label: t('glass.byLocal') },
            ]}
          />
          {by === 'traits' ? (
            <>
              <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
                <TextInput label={t('glass.family')} value={given.family} onChange={set('family')} maxLength={64} required data-autofocus />
                <TextInput label={t('glass.given')} value={given.first} onChange={set('first')} maxLength={64} required />
                <TextInput type="date" label={t('glass.birthDate')} value={given.born} onChange={set('born')} required />
                <Select
                  label={t('glass.sex')}
                  value={given.sex || null}
                  onChange={value => setGiven(before => ({ ...before, sex: value ?? '' }))}
                  data={[
                    { value: 'F', label: t('list.sexF') },
                    { value: 'M', label: t('list.sexM') },
                    { value: 'O', label: t('list.sexO') },
                  ]}
                  required
                />
              </SimpleGrid>
              <Text size="xs" c="dimmed">
                {t('glass.traitsHelp')}
              </Text>
            </>
          ) : (
            <TextInput
              label={t(by === 'national' ? 'glass.id' : 'glass.localId')}
              value={given.id}
              onChange={set('id')}
              maxLength={64}
              required
            />
          )}
          <Select
            label={t('glass.reason')}
            value={reason}
            onChange={value => setReason((value ?? 'other'))}
            allowDeselect={false}
            data={GLASS_REASONS.map(value => ({ value, label: t(`glass.why.${value}`) }))}
          />
          <Textarea
            label={t('glass.text')}
            description={t('glass.textHelp')}
            value={given.text}
            onChange={event => {
              // One line: it is shown as it is.
              const value = event.currentTarget.value.replaceAll('\n', ' ');
              setGiven(before => ({ ...before, text: value }));
            }}
            maxLength={500}
            rows={2}
            required
          />
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <PasswordInput
              label={t('glass.password')}
              value={given.password}
              onChange={set('password')}
              autoComplete="current-password"
              required
            />
            <TextInput
              label={t('glass.code')}
              placeholder={t('glass.codeHelp')}
              value={given.code}
              onChange={set('code')}
              autoComplete="one-time-code"
              maxLength={32}
            />
          </SimpleGrid>
          <Problem error={broken.error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" color="red" loading={broken.isPending} disabled={!ready}>
              {t('glass.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
