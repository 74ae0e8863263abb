// What stands around every page: the way between them, the state of the link, the transfers.

import { ActionIcon, Button, Group, Menu, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconArchive, IconCalendarClock, IconHelp, IconHistory, IconKeyboard, IconListCheck, IconLogout, IconPhoto, IconSettings, IconShieldLock, IconTopologyRing3, IconUserCircle } from '@tabler/icons-react';
import { Suspense, useEffect, useState } from 'react';
import { Link, NavLink, Outlet, useNavigate } from 'react-router';
import { remove } from '../api/client';
import { useLive } from '../api/live';
import { keys, restoreQuery, siteQuery } from '../api/queries';
import type { Action, Leave, Session } from '../api/types';
import { LanguageSwitch } from '../components/LanguageSwitch';
import { Mark } from '../components/Mark';
import { Waiting } from '../components/State';
import { CaseAlerts } from '../features/alerts/CaseAlerts';
import { TransferStrip } from '../features/transfers/TransferStrip';
import { useWords } from '../lib/language';
import { later, worded } from '../lib/later';
import { leaveTo } from '../api/leave';
import { unkeepAll } from '../lib/vault';
import { useAlive } from '../api/alive';
import { AlarmBell } from './AlarmBell';
import classes from './shell.module.css';

const Shortcuts = later(async () => (await import('./Shortcuts')).Shortcuts);
const RestoredBanner = worded(async () => (await import('./RestoredBanner')).RestoredBanner);

/** Alt and the key lead there; Alt 0 home. Alt 2 is the rosters'. */
const PAGES = [
  { to: '/cases', word: 'cases.title', needs: 'list-studies', icon: IconListCheck, key: '1' },
  { to: '/rosters', word: 'rosters.title', needs: 'list-studies', icon: IconCalendarClock, key: '2' },
  { to: '/studies', word: 'app.studies', needs: 'list-studies', icon: IconPhoto, key: '3' },
  { to: '/history', word: 'history.title', needs: 'read-studies', icon: IconHistory, key: '8' },
  { to: '/peers', word: 'app.peers', needs: 'administer', icon: IconTopologyRing3, key: '4' },
  { to: '/archive', word: 'archive.title', needs: 'reject-studies', icon: IconArchive, key: '5' },
  { to: '/log', word: 'app.log', needs: 'read-log', icon: IconShieldLock, key: '6' },
  { to: '/settings', word: 'app.settings', needs: 'administer', icon: IconSettings, key: '7' },
] as const satisfies readonly { to: string; word: string; needs: Action; icon: unknown; key: string }[];

/** A blip is not worth a banner. */
const LOST_AFTER_MS = 1_500;

function LostBanner({ reads }: { reads: boolean }) {
  const { t } = useWords();
  const { state, reconnect } = useLive();
  const lost = state === 'lost' || state === 'refused';
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(lost), lost ? LOST_AFTER_MS : 0);
    return () => clearTimeout(timer);
  }, [lost]);
  if (!shown) return null;
  return (
    <div className={classes.banner} role="alert">
      <span>
        <strong>{t('app.lost')}</strong> {t('app.lostMore')} {reads && t('cases.lostStill')}
      </span>
      <Button size="compact-xs" variant="white" color="dark" onClick={reconnect}>
        {t('app.reconnect')}
      </Button>
    </div>
  );
}

function Restored({ session }: { session: Session }) {
  const { data: restore } = useQuery(restoreQuery);
  if (!restore?.restored) return null;
  return (
    <Suspense fallback={null}>
      <RestoredBanner restore={restore} session={session} />
    </Suspense>
  );
}

function Account({ session }: { session: Session }) {
  const { t } = useWords();
  const client = useQueryClient();
  const live = useLive();
  const signOut = useMutation({
    mutationFn: () => remove<Leave | undefined>('/session'),
    onSuccess: leaveTo,
    onSettled: () => {
      live.leave();
      unkeepAll();
      client.setQueryData(keys.session, null);
      client.removeQueries({ predicate: query => query.queryKey[0] !== 'site' && query.queryKey[0] !== 'session' });
    },
  });
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <UnstyledButton className={classes.account} aria-label={`${t('app.account')} : ${session.person.name}`}>
          <IconUserCircle size={20} aria-hidden="true" />
          <span>{session.person.name}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.person.name} · {t(`role.${session.person.role}`)}
        </Menu.Label>
        <Menu.Item component={Link} to="/account" leftSection={<IconUserCircle size={16} />}>
          {t('account.title')}
        </Menu.Item>
        <Menu.Item component={Link} to="/help" leftSection={<IconHelp size={16} />}>
          {t('app.help')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => signOut.mutate()}>
          {t('app.signOut')}
        </Menu.Item>
        <Menu.Divider />
        <Text size="xs" c="dimmed" px="sm" py={6}>
          {t('app.notice')}
        </Text>
      </Menu.Dropdown>
    </Menu>
  );
}

export function Shell({ session }: { session: Session }) {
  const { t } = useWords();
  const navigate = useNavigate();
  const { state } = useLive();
  const site = useQuery(siteQuery).data;
  const [helpOpened, help] = useDisclosure();
  const [helped, setHelped] = useState(false);
  if (helpOpened && !helped) setHelped(true);
  useAlive(session.actions.includes('read-studies'));
  const pages = PAGES.filter(page => session.actions.includes(page.needs));
  useHotkeys([
    ['shift+?', help.open, { usePhysicalKeys: false }],
    ['?', help.open],
    ['alt+0', () => void navigate('/')],
    ...pages.map(({ key, to }): [string, () => void] => [`alt+${key}`, () => void navigate(to)]),
  ]);

  return (
    <div className={classes.shell}>
      <a className="visually-hidden skip" href="#content">
        {t('app.skip')}
      </a>
      <header className={classes.header}>
        <Link to="/" className={classes.site ?? ''}>
          <Mark />
          <span className="visually-hidden">{t('home.link')} : </span>
          <div>
            <div className={classes.siteName}>{site?.name}</div>
            <div className={classes.notice}>{t('app.notice')}</div>
          </div>
        </Link>
        <nav className={classes.nav} aria-label={t('app.menu')}>
          {pages.map(({ to, word, icon: Icon }) => (
            <NavLink key={to} to={to} className={classes.link ?? ''}>
              <Icon size={17} aria-hidden="true" />
              <span>{t(word)}</span>
            </NavLink>
          ))}
        </nav>
        <Group gap="xs" wrap="nowrap" className={classes.side}>
          {state === 'open' && (
            <Tooltip label={t('app.live')}>
              <i className={classes.live} role="img" aria-label={t('app.live')} />
            </Tooltip>
          )}
          <Tooltip label={t('app.shortcuts')}>
            <ActionIcon variant="subtle" color="gray" onClick={help.open} aria-label={t('app.shortcuts')} visibleFrom="sm">
              <IconKeyboard size={19} />
            </ActionIcon>
          </Tooltip>
          <AlarmBell />
          <LanguageSwitch />
          <Account session={session} />
        </Group>
      </header>
      <LostBanner reads={session.actions.includes('report-cases')} />
      {session.actions.includes('list-studies') && <CaseAlerts />}
      <Restored session={session} />
      <main id="content" className={classes.main} tabIndex={-1}>
        <Suspense fallback={<Waiting />}>
          <Outlet />
        </Suspense>
      </main>
      <TransferStrip />
      {helped && (
        <Suspense fallback={null}>
          <Shortcuts opened={helpOpened} onClose={help.close} />
        </Suspense>
      )}
    </div>
  );
}
