// Calls a person on every page: a bar, a sound until somebody says "heard", a notification of the browser. One tab of the
// browser rings, all tabs stop together. A notification names no patient: it may show on a locked screen.

import { Button } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconBellRinging, IconCheck, IconVolumeOff } from '@tabler/icons-react';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { useLive } from '../../api/live';
import { chime, wakeChime } from '../../lib/chime';
import { hourMinute } from '../../lib/format';
import { useWords } from '../../lib/language';
import type { CaseAlert } from './alerts';
import { rings, withAlert, withoutSettled } from './alerts';
import classes from './alerts.module.css';

const AGAIN_MS = 20_000;
const CHANNEL = 'confrere-alerts';
const LOCK = 'confrere-alert-sound';
const SHOWN = 3;

/** Whether this tab is the one that rings: the first whose sound a touch has woken. */
function useRinger() {
  const [awake, setAwake] = useState(false);
  const [mine, setMine] = useState(false);
  useEffect(() => {
    if (awake) return;
    const wake = () => void wakeChime().then(setAwake);
    addEventListener('pointerdown', wake);
    addEventListener('keydown', wake);
    return () => {
      removeEventListener('pointerdown', wake);
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
  return ({ kind, site_name, lost_to }: CaseAlert) =>
    kind === 'lost' && lost_to
      ? t('alerts.lostTo', { person: lost_to.person, at: lost_to.at ? hourMinute(lost_to.at, locale) : '—' })
      : t(`alerts.${kind}`, { site: site_name });
}

function useAlerts() {
  const say = useAlertWords();
  const { onCase } = useLive();
  const navigate = useNavigate();
  const [alerts, setAlerts] = useState<CaseAlert[]>([]);
  const channel = useRef<BroadcastChannel | null>(null);
  const hear = (id: string | null) => setAlerts(known => (id === null ? [] : known.filter(one => one.case !== id)));
  const notify = useEffectEvent((alert: CaseAlert) => {
    if (typeof Notification !== 'function' || Notification.permission !== 'granted') return;
    const made = new Notification(`${alert.priority} · ${alert.site_name}`, {
      body: say(alert),
      tag: `${alert.case} ${alert.kind}`,
      requireInteraction: true,
    });
    made.onclick = () => {
      focus();
      made.close();
      void navigate(`/cases/${alert.case}`);
    };
  });
  useEffect(
    () =>
      onCase(news => {
        const at = Date.now();
        setAlerts(known => withAlert(withoutSettled(known, news), news, at));
        const alert = withAlert([], news, at)[0];
        if (alert) notify(alert);
      }),
    [onCase],
  );
  useEffect(() => {
    if (typeof BroadcastChannel !== 'function') return;
    const made = new BroadcastChannel(CHANNEL);
    made.onmessage = ({ data }: MessageEvent<{ heard: string | null }>) => hear(data.heard);
    channel.current = made;
    return () => made.close();
  }, []);
  /** `null`: all. */
  const heard = (id: string | null) => {
    hear(id);
    channel.current?.postMessage({ heard: id });
  };
  return { alerts, heard };
}

export function CaseAlerts() {
  const { t, locale } = useWords();
  const say = useAlertWords();
  const navigate = useNavigate();
  const { alerts, heard } = useAlerts();
  const { awake, mine } = useRinger();
  const sound = rings(alerts);
  const newest = alerts.reduce((last, one) => Math.max(last, one.at), 0);
  useEffect(() => {
    if (!sound || !mine) return;
    chime(sound);
    const timer = setInterval(() => chime(sound), AGAIN_MS);
    return () => clearInterval(timer);
  }, [sound, mine, newest]);
  useHotkeys([['h', () => heard(null)]]);
  if (alerts.length === 0) return null;
  const open = (alert: CaseAlert) => {
    heard(alert.case);
    void navigate(`/cases/${alert.case}`);
  };
  return (
    <div className={classes.alerts} role="alert">
      {alerts.slice(0, SHOWN).map(alert => (
        <div key={`${alert.case} ${alert.kind}`} className={classes.alert} data-kind={alert.kind} data-priority={alert.priority}>
          <IconBellRinging size={18} aria-hidden="true" />
          <strong>{alert.priority}</strong>
          <span>
            {say(alert)} · {hourMinute(new Date(alert.at).toISOString(), locale)}
          </span>
          <Button size="compact-sm" variant="white" color="dark" onClick={() => open(alert)}>
            {t('alerts.open')}
          </Button>
          <Button size="compact-sm" variant="subtle" c="#fff" leftSection={<IconCheck size={15} />} onClick={() => heard(alert.case)}>
            {t('alerts.heard')}
          </Button>
        </div>
      ))}
      {(alerts.length > SHOWN || (!awake && sound)) && (
        <div className={classes.more}>
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
