// Calls a person on every page: a bar, a sound until they say "heard", a notification of the browser. One tab of the browser
// rings; the node knows what was heard, and all screens of the person stop together.

import { Button } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconBellRinging, IconCheck, IconVolumeOff } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { chime, rings, wakeChime } from '../../../ohif/chime.mjs';
import { post } from '../../api/client';
import { alertsQuery, useMay } from '../../api/queries';
import type { Alert } from '../../api/types';
import { hourMinute } from '../../lib/format';
import { useWords, wordOf } from '../../lib/language';
import { added, toneOf } from './alerts';
import classes from './alerts.module.css';

const AGAIN_MS = 20_000;
const NONE: readonly Alert[] = [];
const LOCK = 'confrere-alert-sound';
const SHOWN = 3;
/** How high the bar was in this tab when it was drawn last, in CSS pixels. */
const PLACE = 'confrere-alerts-height';

/** Whether this tab is the one that rings: the first whose sound a touch has woken. */
function useRinger() {
  const [awake, setAwake] = useState(false);
  const [mine, setMine] = useState(false);
  useEffect(() => {
    if (awake) return;
    // What was pressed is drawn first: the browser's sound takes long to be made.
    const wake = () => requestAnimationFrame(() => setTimeout(() => void wakeChime().then(setAwake)));
    // Not when the button goes down: the line that asks for it goes, all moves up, and the click would miss what it was meant for.
    addEventListener('click', wake);
    addEventListener('keydown', wake);
    return () => {
      removeEventListener('click', wake);
      removeEventListener('keydown', wake);
    };
  }, [awake]);
  useEffect(() => {
    if (!awake) return;
    if (!('locks' in navigator)) return;
    const over = new AbortController();
    let release: () => void = () => undefined;
    navigator.locks
      .request(LOCK, { signal: over.signal }, () => {
        setMine(true);
        return new Promise<void>(resolve => {
          release = resolve;
        });
      })
      .catch(() => undefined);
    return () => {
      over.abort();
      release();
    };
  }, [awake]);
  // Without locks every tab rings: better twice than not.
  return { awake, mine: mine || (awake && !('locks' in navigator)) };
}

function useAlertWords() {
  const { t, locale } = useWords();
  const known = t('alerts.why', { returnObjects: true });
  return ({ kind, site_name, text, lost_to }: Alert) => {
    if (lost_to) return t('alerts.lostTo', { person: lost_to.person, at: lost_to.at ? hourMinute(lost_to.at, locale) : '—' });
    const [said, why] = [t(`alerts.${kind}`, { site: site_name }), wordOf(known, text)];
    if (why === '') return said;
    return kind === 'escalated' ? `${said} ${why}` : t('common.labelled', { what: said, of: why });
  };
}

/** What calls now, by the node's word: it rings again after a reload, on another screen, after a cut line. */
function useAlerts() {
  const say = useAlertWords();
  const { t } = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const asked = useQuery({ ...alertsQuery, enabled: useMay('list-studies') });
  const alerts = asked.data ?? NONE;
  const before = useRef<readonly Alert[]>(NONE);
  const notify = useEffectEvent((alert: Alert) => {
    if (typeof Notification !== 'function' || Notification.permission !== 'granted') return;
    // It names no patient and says nothing that a person wrote: it may show on a locked screen.
    try {
      const made = new Notification(`${alert.priority} · ${alert.site_name}`, { body: say({ ...alert, text: '' }), tag: alert.id, requireInteraction: toneOf(alert) !== 'calm' });
      made.onclick = () => {
        focus();
        made.close();
        void navigate(`/cases/${alert.case}`);
      };
    } catch {
      // Browsers of telephones show none from a page: the bar and the sound call all the same.
    }
  });
  useEffect(() => {
    for (const alert of added(before.current, alerts)) notify(alert);
    before.current = alerts;
  }, [alerts]);
  const tell = useMutation({
    mutationFn: (heard: readonly Alert[]) => Promise.all(heard.map(one => post(`/cases/${one.case}/alerts`, { alerts: [one.id] }))),
    onMutate: async heard => {
      // An answer that is still on its way would bring back what was heard.
      await client.cancelQueries({ queryKey: alertsQuery.queryKey });
      client.setQueryData<Alert[]>(alertsQuery.queryKey, known => added(heard, known ?? []));
    },
    onError: () => notifications.show({ closeButtonProps: { 'aria-label': t('common.close') }, color: 'red', message: t('alerts.notTold') }),
    onSettled: () => client.invalidateQueries({ queryKey: alertsQuery.queryKey }),
  });
  return { alerts, isAsking: asked.isLoading, heard: (of: readonly Alert[]) => of.length > 0 && tell.mutate(of) };
}

/** The place of the bar while a page is opened and the node has not answered: what is below does not move away under a click. */
function usePlace(newest: string | null, isAwake: boolean) {
  const bar = useRef<HTMLDivElement>(null);
  const [kept] = useState(() => Number(sessionStorage.getItem(PLACE)) || 0);
  useEffect(() => {
    if (newest !== null) sessionStorage.setItem(PLACE, String(bar.current?.offsetHeight ?? 0));
  }, [newest, isAwake]);
  return { bar, kept };
}

export function CaseAlerts() {
  const { t, locale } = useWords();
  const say = useAlertWords();
  const navigate = useNavigate();
  const { alerts, heard, isAsking } = useAlerts();
  const { awake, mine } = useRinger();
  const sound = rings(alerts);
  const newest = isAsking ? null : alerts.map(one => one.id).join();
  const calling = alerts.filter(one => toneOf(one) !== 'calm').map(one => one.id).join();
  const { bar, kept } = usePlace(newest, awake);
  useEffect(() => {
    if (!sound || !mine) return;
    chime(sound);
    const timer = setInterval(() => chime(sound), AGAIN_MS);
    return () => clearInterval(timer);
  }, [sound, mine, calling]);
  // What is not drawn nobody has heard of.
  const shown = alerts.slice(0, SHOWN);
  useHotkeys([['h', () => heard(shown)]]);
  if (alerts.length === 0) return isAsking && kept > 0 ? <div style={{ height: kept }} aria-hidden="true" /> : null;
  const open = (alert: Alert) => {
    heard(alerts.filter(one => one.case === alert.case));
    void navigate(`/cases/${alert.case}`);
  };
  return (
    <div ref={bar} role="alert">
      {shown.map(alert => (
        <div key={alert.id} className={classes.alert} data-tone={toneOf(alert)} data-priority={alert.priority}>
          <IconBellRinging size={18} aria-hidden="true" />
          <strong>{alert.priority}</strong>
          <span>
            {say(alert)} · {hourMinute(alert.at, locale)}
          </span>
          <Button size="compact-sm" variant="white" color="dark" onClick={() => open(alert)}>
            {t('alerts.open')}
          </Button>
          <Button size="compact-sm" variant="subtle" c="#fff" leftSection={<IconCheck size={15} />} onClick={() => heard([alert])}>
            {t('alerts.heard')}
          </Button>
        </div>
      ))}
      {(alerts.length > SHOWN || (!awake && sound)) && (
        <div className={classes.more} data-calm={sound === null || undefined}>
          {alerts.length > SHOWN && t('alerts.more', { count: alerts.length - SHOWN })}
          {!awake && sound && (
            <>
              <IconVolumeOff size={15} aria-hidden="true" /> {t('alerts.asleep')}
            </>
          )}
        </div>
      )}
    </div>
  );
}
