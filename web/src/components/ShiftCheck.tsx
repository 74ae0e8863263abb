// Taking a shift: sound, notifications, session, the link to the node, and the links to every covered hospital, each tried and
// each said. What failed is said with its reason, and written down with the shift. Without a shift the screen alone is tried.

import { Button, Group, Loader, Modal, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertTriangle, IconCheck, IconVolume } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { canChime, chime, wakeChime } from '../../ohif/chime.mjs';
import { post } from '../api/client';
import { useLive } from '../api/live';
import { casesQuery, keys, sessionQuery } from '../api/queries';
import type { Shift, TrialWord } from '../api/types';
import { useWords } from '../lib/language';
import { Problem } from './parts';
import classes from './shift.module.css';
import { passed } from './ShiftChip';

type Outcome = 'good' | 'bad' | 'asked' | 'waiting';

function Line({ outcome, name, text, children }: { outcome: Outcome; name: string; text: string; children?: ReactNode }) {
  return (
    <div className={classes.line} data-is={outcome}>
      {outcome === 'waiting' ? (
        <Loader size={18} />
      ) : outcome === 'good' ? (
        <IconCheck size={18} aria-hidden="true" />
      ) : outcome === 'bad' ? (
        <IconAlertTriangle size={18} aria-hidden="true" />
      ) : (
        <IconVolume size={18} aria-hidden="true" />
      )}
      <div>
        <strong>{name}</strong>
        <span>{text}</span>
      </div>
      {children}
    </div>
  );
}

type Sound = 'untried' | 'silent' | 'played' | 'heard' | 'unheard';
type Notice = 'untried' | 'shown' | 'seen' | 'unseen' | 'denied' | 'none';

/** What the node keeps of a trial; `null`: it is not over. */
const SOUND: Record<Sound, TrialWord | null> = { untried: null, played: null, heard: 'worked', unheard: 'not-noticed', silent: 'absent' };
const NOTICE: Record<Notice, TrialWord | null> = { untried: null, shown: null, seen: 'worked', unseen: 'not-noticed', denied: 'refused', none: 'absent' };

const outcomeOf = (trial: TrialWord | null): Outcome => (trial === null ? 'asked' : trial === 'worked' ? 'good' : 'bad');

/** A notification as an urgent request has it; whether somebody saw it, they say. */
async function show(body: string): Promise<Notice> {
  if (typeof Notification !== 'function') return 'none';
  if ((await Notification.requestPermission()) !== 'granted') return 'denied';
  try {
    new Notification('Confrere', { body, tag: 'confrere-trial' });
    return 'shown';
  } catch {
    // Browsers of telephones have the name, and show none from a page.
    return 'none';
  }
}

function Choice({ yes, no, onYes, onNo }: { yes: string; no: string; onYes: () => void; onNo: () => void }) {
  return (
    <>
      <Button size="compact-sm" onClick={onYes}>
        {yes}
      </Button>
      <Button size="compact-sm" variant="default" onClick={onNo}>
        {no}
      </Button>
    </>
  );
}

function useTake(shift: Shift | null, onDone: () => void) {
  const { t } = useWords();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (tried: { sound: TrialWord; notifications: TrialWord; link: TrialWord }) => (shift ? post<Shift>(`/shifts/${shift.id}/take`, tried) : Promise.resolve(null)),
    onSuccess: async said => {
      passed();
      await client.invalidateQueries({ queryKey: keys.rosters });
      const away = said?.taken?.unanswered ?? 0;
      if (said) notifications.show({ closeButtonProps: { 'aria-label': t('common.close') }, color: away > 0 ? 'yellow' : 'teal', message: away > 0 ? t('screen.unanswered', { count: away }) : t('screen.onDuty') });
      onDone();
    },
  });
}

export function ShiftCheck({ shift, onClose }: { shift: Shift | null; onClose: () => void }) {
  const { t } = useWords();
  const live = useLive();
  const session = useQuery({ ...sessionQuery, staleTime: 0 });
  const list = useQuery(casesQuery('limit=1'));
  const [sound, setSound] = useState<Sound>('untried');
  const [notice, setNotice] = useState<Notice>('untried');
  const take = useTake(shift, onClose);
  const play = async () => {
    await wakeChime();
    setSound(chime('urgent') ? 'played' : 'silent');
  };
  const sites = (list.data?.sites ?? []).filter(site => !site.ours);
  const silent = sites.filter(site => site.silent);
  const link: TrialWord = live.state === 'open' ? 'worked' : 'absent';
  const [heard, seen] = [SOUND[sound], NOTICE[notice]];
  const failed = [
    heard !== null && heard !== 'worked' && t('screen.sound'),
    seen !== null && seen !== 'worked' && t('screen.notices'),
    link !== 'worked' && t('screen.link'),
    (silent.length > 0 || list.isError) && t('screen.sites'),
  ].filter(one => one !== false);
  const isTried = heard !== null && seen !== null && Boolean(session.data) && !list.isLoading;
  return (
    <Modal opened size="lg" onClose={onClose} title={t(shift ? 'screen.take' : 'screen.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t('screen.about')} {t(shift ? 'screen.kept' : 'screen.noShift')}
        </Text>
        <div className={classes.lines}>
          <Line outcome={outcomeOf(heard)} name={t('screen.sound')} text={t(`screen.soundIs.${sound}`)}>
            <Group gap="xs" wrap="nowrap">
              {sound === 'played' && <Choice yes={t('screen.heard')} no={t('screen.notHeard')} onYes={() => setSound('heard')} onNo={() => setSound('unheard')} />}
              <Button size="compact-sm" variant="default" onClick={() => void play()} data-autofocus>
                {t(canChime() && sound !== 'untried' ? 'screen.again' : 'screen.play')}
              </Button>
            </Group>
          </Line>
          <Line outcome={outcomeOf(seen)} name={t('screen.notices')} text={t(`screen.noticesAre.${notice}`)}>
            <Group gap="xs" wrap="nowrap">
              {notice === 'shown' && <Choice yes={t('screen.seen')} no={t('screen.notSeen')} onYes={() => setNotice('seen')} onNo={() => setNotice('unseen')} />}
              <Button size="compact-sm" variant="default" onClick={() => void show(t('screen.trialBody')).then(setNotice)}>
                {t('screen.show')}
              </Button>
            </Group>
          </Line>
          <Line outcome={session.isFetching ? 'waiting' : session.data ? 'good' : 'bad'} name={t('screen.session')} text={t(session.data ? 'screen.sessionGood' : 'screen.sessionBad', { name: session.data?.person.name ?? '' })} />
          <Line outcome={link === 'worked' ? 'good' : 'bad'} name={t('screen.link')} text={t(link === 'worked' ? 'screen.linkGood' : 'screen.linkBad')} />
          <Line
            outcome={list.isLoading ? 'waiting' : list.isError || silent.length > 0 ? 'bad' : 'good'}
            name={t('screen.sites')}
            text={
              list.isError
                ? t('screen.sitesUnknown')
                : silent.length > 0
                  ? t('screen.sitesSilent', { sites: silent.map(site => [site.site_name, ...site.telephones.slice(0, 1)].join(' ')).join(', ') })
                  : t('screen.sitesGood', { count: sites.length })
            }
          />
        </div>
        {failed.length > 0 && (
          <Text size="sm" c="yellow.4" role="status">
            {t(shift ? 'screen.failedKept' : 'screen.failed', { what: failed.join(', ') })}
          </Text>
        )}
        <Problem error={take.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.close')}
          </Button>
          <Button disabled={!isTried || (!shift && failed.length > 0)} loading={take.isPending} onClick={() => heard && seen && take.mutate({ sound: heard, notifications: seen, link })}>
            {t(!shift ? 'screen.done' : failed.length > 0 ? 'screen.takeAlthough' : 'screen.here')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
