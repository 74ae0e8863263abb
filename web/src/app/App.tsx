// Who is signed in decides what is shown; the address decides which page.

import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './global.css';

import { Button, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import type { QueryClient } from '@tanstack/react-query';
import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { IconMapPinOff } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { Link, Navigate, Route, Routes } from 'react-router';
import { LiveProvider } from '../api/live';
import { sessionQuery } from '../api/queries';
import type { Session } from '../api/types';
import { Blank, Failure, Waiting } from '../components/State';
import { SignIn } from '../features/session/SignIn';
import { useWords } from '../lib/language';
import { Shell } from './Shell';
import { theme } from './theme';

const HomePage = lazy(async () => ({ default: (await import('../features/home/HomePage')).HomePage }));
const Worklist = lazy(async () => ({ default: (await import('../features/cases/Worklist')).Worklist }));
const RequestPage = lazy(async () => ({ default: (await import('../features/cases/RequestPage')).RequestPage }));
const LoosePage = lazy(async () => ({ default: (await import('../features/cases/LoosePage')).LoosePage }));
const CasePage = lazy(async () => ({ default: (await import('../features/cases/CasePage')).CasePage }));
const ReportPage = lazy(async () => ({ default: (await import('../features/cases/ReportPage')).ReportPage }));
const HistoryPage = lazy(async () => ({ default: (await import('../features/history/HistoryPage')).HistoryPage }));
const StudyList = lazy(async () => ({ default: (await import('../features/worklist/StudyList')).StudyList }));
const PeersPage = lazy(async () => ({ default: (await import('../features/peers/PeersPage')).PeersPage }));
const AuditPage = lazy(async () => ({ default: (await import('../features/audit/AuditPage')).AuditPage }));
const AccountPage = lazy(async () => ({ default: (await import('../features/account/AccountPage')).AccountPage }));
const FirstPage = lazy(async () => ({ default: (await import('../features/account/AccountPage')).FirstPage }));
const ArchiveFrame = lazy(async () => ({ default: (await import('../features/archive/ArchiveFrame')).ArchiveFrame }));
const RostersPage = lazy(async () => ({ default: (await import('../features/rosters/RostersPage')).RostersPage }));
const StatisticsPage = lazy(async () => ({ default: (await import('../features/statistics/StatisticsPage')).StatisticsPage }));
const SettingsPage = lazy(async () => ({ default: (await import('../features/settings/SettingsPage')).SettingsPage }));

/** Everyone begins where their work is. */
export function homeOf(session: Session): string {
  return !session.actions.includes('list-studies') && session.actions.includes('read-log') ? '/log' : '/home';
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
          <Route index element={<Navigate to={homeOf(session.data)} replace />} />
          <Route path="home" element={<HomePage />} />
          <Route path="cases" element={<Worklist />} />
          <Route path="cases/new" element={<RequestPage />} />
          <Route path="cases/loose" element={<LoosePage />} />
          <Route path="cases/:id" element={<CasePage />} />
          <Route path="cases/:id/report" element={<ReportPage />} />
          <Route path="studies" element={<StudyList />} />
          <Route path="history" element={<HistoryPage />} />
          <Route path="peers" element={<PeersPage />} />
          <Route path="archive/*" element={<ArchiveFrame />} />
          <Route path="rosters" element={<RostersPage />} />
          <Route path="log" element={<AuditPage />} />
          <Route path="statistics" element={<StatisticsPage />} />
          <Route path="account" element={<AccountPage />} />
          <Route path="settings" element={<SettingsPage />} />
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
