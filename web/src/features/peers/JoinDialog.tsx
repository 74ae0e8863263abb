import { Alert, Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { withPairing } from '../../api/live';
import { keys } from '../../api/queries';
import type { Pairing } from '../../api/types';
import { useProblem } from '../../components/problem';
import { useWords } from '../../lib/language';

interface JoinDialogProps {
  onPairing: (id: string) => void;
  onClose: () => void;
}

/** `12345678` and `1234-5678` are said as `1234 5678`. */
export function spoken(code: string): string {
  const digits = code.replaceAll(/\D/g, '').slice(0, 8);
  return digits.length > 4 ? `${digits.slice(0, 4)} ${digits.slice(4)}` : digits;
}

export function JoinDialog({ onPairing, onClose }: JoinDialogProps) {
  const { t } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const [invitation, setInvitation] = useState('');
  const [code, setCode] = useState('');
  const join = useMutation({
    mutationFn: () => post<Pairing>('/peers/join', { invitation: invitation.trim(), code }),
    onSuccess: pairing => {
      // News may have come first and know more; it must not be undone by this answer.
      client.setQueryData<Pairing[]>(keys.pairings, known =>
        known?.some(({ id, state }) => id === pairing.id && state !== 'waiting') ? known : withPairing(known, pairing),
      );
      onPairing(pairing.id);
    },
  });
  return (
    <Modal opened onClose={onClose} size="lg" title={t('join.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          join.mutate();
        }}
      >
        <Stack gap="md">
          <Textarea
            label={t('join.invitation')}
            description={t('join.invitationHelp')}
            rows={4}
            ff="monospace"
            spellCheck={false}
            data-autofocus
            value={invitation}
            onChange={event => setInvitation(event.currentTarget.value)}
          />
          <TextInput
            label={t('join.code')}
            description={t('join.codeHelp')}
            inputMode="numeric"
            autoComplete="off"
            placeholder="1234 5678"
            size="lg"
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', letterSpacing: '0.12em' } }}
            value={code}
            onChange={event => setCode(spoken(event.currentTarget.value))}
          />
          {join.isError && (
            <Alert color="red" variant="light" role="alert">
              {say(join.error)}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={join.isPending} disabled={!invitation.trim() || code.length < 9}>
              {t('join.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
