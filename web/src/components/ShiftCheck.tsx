// Before a shift counts: whether this screen would be heard and is heard. Sound, notifications, session, the link to the
// node, and the links to every covered hospital, each tried and each said.

import { Button, Group, Loader, Modal, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangle, IconBellCheck, IconBellX, IconCheck, IconVolume } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { casesQuery } from '../api/cases';
import { useLive } from '../api/live';
import { sessionQuery } from '../api/queries';
import { canChime, chime, wakeChime } from '../lib/chime';
import { hourMinute } from '../lib/format';
import { useWords } from '../lib/language';
import classes from './shift.module.css';

const KEY = 'confrere.shift-check';
/** A check of yesterday says nothing of tonight. */
const HOLDS_MS = 12 * 3_600_000;

const hearers = new Set<() => void>();

function lastCheck(): string | null {
  const at = sessionStorage.getItem(KEY);
  return at !== null && Date.now() - Date.parse(at) < HOLDS_MS ? at : null;
}

function passed(): void {
  sessionStorage.setItem(KEY, new Date().toISOString());
  for (const hear of hearers) hear();
}

/** When this tab was last checked, `null`: not in this shift. */
export function useShiftCheck(): string | null {
  return useSyncExternalStore(hear => {
    hearers.add(hear);
    return () => hearers.delete(hear);
  }, lastCheck);
}

/** Says whether the screen was checked, and checks it. */
export function ShiftChip() {
  const { t, locale } = useWords();
  const at = useShiftCheck();
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button
        size="compact-sm"
        variant="light"
        color={at ? 'teal' : 'yellow'}
        leftSection={at ? <IconBellCheck size={15} /> : <IconBellX size={15} />}
        onClick={() => setOpened(true)}
      >
        {at ? t('screen.checkedAt', { at: hourMinute(at, locale) }) : t('screen.unchecked')}
      </Button>
      {opened && <ShiftCheck onClose={() => setOpened(false)} />}
    </>
  );
}

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

function noticeState(): NotificationPermission | 'none' {
  return typeof Notification === 'function' ? Notification.permission : 'none';
}

export function ShiftCheck({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const live = useLive();
  const session = useQuery({ ...sessionQuery, staleTime: 0 });
  const list = useQuery(casesQuery('limit=1'));
  const [sound, setSound] = useState<'untried' | 'silent' | 'played' | 'heard'>('untried');
  const [notice, setNotice] = useState(noticeState);
  const play = async () => {
    await wakeChime();
    setSound(chime('urgent') ? 'played' : 'silent');
  };
  const ask = async () => setNotice(await Notification.requestPermission());
  const sites = (list.data?.sites ?? []).filter(site => !site.ours);
  const silent = sites.filter(site => site.silent);
  const isGood = sound === 'heard' && notice === 'granted' && Boolean(session.data) && live.state === 'open' && list.isSuccess;
  useEffect(() => {
    // What was refused is asked for in the browser's own settings: it may change under us.
    const timer = setInterval(() => setNotice(noticeState()), 2_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <Modal opened size="lg" onClose={onClose} title={t('screen.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t('screen.about')}
        </Text>
        <div className={classes.lines}>
          <Line
            outcome={sound === 'heard' ? 'good' : sound === 'silent' ? 'bad' : 'asked'}
            name={t('screen.sound')}
            text={t(`screen.soundIs.${sound}`)}
          >
            <Group gap="xs" wrap="nowrap">
              {sound === 'played' && (
                <Button size="compact-sm" onClick={() => setSound('heard')}>
                  {t('screen.heard')}
                </Button>
              )}
              <Button size="compact-sm" variant="default" onClick={() => void play()} data-autofocus>
                {t(canChime() && sound !== 'untried' ? 'screen.again' : 'screen.play')}
              </Button>
            </Group>
          </Line>
          <Line outcome={notice === 'granted' ? 'good' : notice === 'default' ? 'asked' : 'bad'} name={t('screen.notices')} text={t(`screen.noticesAre.${notice}`)}>
            {notice === 'default' && (
              <Button size="compact-sm" variant="default" onClick={() => void ask()}>
                {t('screen.allow')}
              </Button>
            )}
          </Line>
          <Line outcome={session.isFetching ? 'waiting' : session.data ? 'good' : 'bad'} name={t('screen.session')} text={t(session.data ? 'screen.sessionGood' : 'screen.sessionBad', { name: session.data?.person.name ?? '' })} />
          <Line outcome={live.state === 'open' ? 'good' : 'bad'} name={t('screen.link')} text={t(live.state === 'open' ? 'screen.linkGood' : 'screen.linkBad')} />
          <Line
            outcome={list.isLoading ? 'waiting' : list.isError || silent.length > 0 ? 'bad' : 'good'}
            name={t('screen.sites')}
            text={
              list.isError
                ? t('screen.sitesUnknown')
                : silent.length > 0
                  ? t('screen.sitesSilent', { sites: silent.map(site => site.site_name).join(', ') })
                  : t('screen.sitesGood', { count: sites.length })
            }
          />
        </div>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.close')}
          </Button>
          <Button
            disabled={!isGood}
            onClick={() => {
              passed();
              onClose();
            }}
          >
            {t(silent.length > 0 ? 'screen.doneAlthough' : 'screen.done')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
