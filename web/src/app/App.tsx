// Who is signed in decides what is shown; the address decides which page.

import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './global.css';

import { Button, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import type { QueryClient } from '@tanstack/react-query';
import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { IconMapPinOff } from '@tabler/icons-react';
import { Suspense, useState } from 'react';
import { Link, Navigate, Route, Routes } from 'react-router';
import { useFirstRun } from '../api/firstRun';
import { LiveProvider } from '../api/live';
import { sessionQuery } from '../api/queries';
import type { Session } from '../api/types';
import { Blank, Failure, Waiting } from '../components/State';
import { SignIn } from '../features/session/SignIn';
import { useWords } from '../lib/language';
import { later, worded } from '../lib/later';
import { Shell } from './Shell';
import { theme } from './theme';

const HomePage = later(async () => (await import('../features/home/HomePage')).HomePage);
const Worklist = later(async () => (await import('../features/cases/Worklist')).Worklist);
const Board = worded(async () => (await import('../features/cases/Board')).Board);
const RequestPage = worded(async () => (await import('../features/cases/RequestPage')).RequestPage);
const LoosePage = worded(async () => (await import('../features/cases/LoosePage')).LoosePage);
const CasePage = worded(async () => (await import('../features/cases/CasePage')).CasePage);
const ReportPage = worded(async () => (await import('../features/cases/ReportPage')).ReportPage);
const HelpPage = worded(async () => (await import('../features/help/HelpPage')).HelpPage);
const HistoryPage = worded(async () => (await import('../features/history/HistoryPage')).HistoryPage);
const StudyList = worded(async () => (await import('../features/worklist/StudyList')).StudyList);
const PeersPage = worded(async () => (await import('../features/peers/PeersPage')).PeersPage);
const AuditPage = worded(async () => (await import('../features/audit/AuditPage')).AuditPage);
const AccountPage = worded(async () => (await import('../features/account/AccountPage')).AccountPage);
const FirstPage = worded(async () => (await import('../features/account/AccountPage')).FirstPage);
const ArchiveFrame = worded(async () => (await import('../features/archive/ArchiveFrame')).ArchiveFrame);
const RostersPage = worded(async () => (await import('../features/rosters/RostersPage')).RostersPage);
const StatisticsPage = worded(async () => (await import('../features/statistics/StatisticsPage')).StatisticsPage);
const SetupPage = worded(async () => (await import('../features/settings/SetupPage')).SetupPage);
const SettingsPage = worded(async () => (await import('../features/settings/SettingsPage')).SettingsPage);

/** Everyone begins where their work is. */
export function homeOf(session: Session): string {
  return !session.actions.includes('list-studies') && session.actions.includes('read-log') ? '/log' : '/home';
}

/** A site that nobody has set up yet is set up first. */
function Begin({ session }: { session: Session }) {
  const may = session.actions.includes('administer');
  const { run, error } = useFirstRun(may);
  if (may && !run && !error) return <Waiting />;
  return <Navigate to={run?.isFresh && !run.isAway ? '/setup' : homeOf(session)} replace />;
}

function Missing() {
  const { t } = useWords();
  return (
    <Blank icon={<IconMapPinOff size={28} />} title={t('state.missingTitle')} text={t('state.missing')}>
      <Button component={Link} to="/" variant="default">
        {t('state.home')}
      </Button>
    </Blank>
  );
}

function Doorway() {
  const session = useQuery(sessionQuery);
  const signedIn = Boolean(session.data);
  // A session that was there and is gone has ended under its owner.
  const [hadSession, setHadSession] = useState(false);
  if (signedIn && !hadSession) setHadSession(true);

  if (session.isLoading) return <Waiting />;
  if (session.isError && session.data === undefined) return <Failure error={session.error} retry={() => void session.refetch()} />;
  if (!session.data) return <SignIn expired={hadSession} />;
  if (session.data.must) {
    return (
      <Suspense fallback={<Waiting />}>
        <FirstPage must={session.data.must} />
      </Suspense>
    );
  }
  return (
    <LiveProvider signedIn={signedIn}>
      <Routes>
        <Route element={<Shell session={session.data} />}>
          <Route index element={<Begin session={session.data} />} />
          <Route path="home" element={<HomePage />} />
          <Route path="cases" element={<Worklist />} />
          <Route path="cases/board" element={<Board />} />
          <Route path="cases/new" element={<RequestPage />} />
          <Route path="cases/loose" element={<LoosePage />} />
          <Route path="cases/:id" element={<CasePage />} />
          <Route path="cases/:id/report" element={<ReportPage />} />
          <Route path="studies" element={<StudyList />} />
          <Route path="history" element={<HistoryPage />} />
          <Route path="help" element={<HelpPage />} />
          <Route path="peers" element={<PeersPage />} />
          <Route path="archive/*" element={<ArchiveFrame />} />
          <Route path="rosters" element={<RostersPage />} />
          <Route path="log" element={<AuditPage />} />
          <Route path="statistics" element={<StatisticsPage />} />
          <Route path="account" element={<AccountPage />} />
          <Route path="settings" element={<SettingsPage />} />
          <Route path="setup" element={<SetupPage />} />
          <Route path="*" element={<Missing />} />
        </Route>
      </Routes>
    </LiveProvider>
  );
}

/** `env: 'test'` leaves out movement. */
export function App({ client, env = 'default' }: { client: QueryClient; env?: 'default' | 'test' }) {
  return (
    <MantineProvider theme={theme} forceColorScheme="dark" env={env}>
      <QueryClientProvider client={client}>
        <Notifications position="top-right" limit={4} />
        <Doorway />
      </QueryClientProvider>
    </MantineProvider>
  );
}
