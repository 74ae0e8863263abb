// What stands around the pages about the archive: their tabs, as far as the person's role goes.

import { useQuery } from '@tanstack/react-query';
import { Suspense, useEffect, useRef } from 'react';
import { Navigate, NavLink, Route, Routes, useLocation } from 'react-router';
import { sessionQuery } from '../../api/queries';
import { Denied, Waiting } from '../../components/State';
import { useWords } from '../../lib/language';
import classes from './archive.module.css';
import { ARCHIVE_PAGES } from './pages';

export function ArchiveFrame() {
  const { t } = useWords();
  const actions = useQuery(sessionQuery).data?.actions ?? [];
  const pages = ARCHIVE_PAGES.filter(page => actions.includes(page.needs));
  const tabs = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    // On a phone the open tab may lie outside.
    tabs.current?.querySelector('[aria-current=page]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
  }, [pathname]);
  const first = pages[0];
  if (!first) return <Denied />;
  return (
    <div className={classes.frame}>
      <nav ref={tabs} className={classes.tabs} aria-label={t('archive.title')}>
        {pages.map(({ path, word }) => (
          <NavLink key={path} to={`/archive/${path}`} className={classes.tab ?? ''}>
            {t(word)}
          </NavLink>
        ))}
      </nav>
      <div className={classes.page}>
        <Suspense fallback={<Waiting />}>
          <Routes>
            <Route index element={<Navigate to={first.path} replace />} />
            {pages.map(({ path, page: Content }) => (
              <Route key={path} path={path} element={<Content />} />
            ))}
            <Route path="*" element={<Navigate to="/archive" replace />} />
          </Routes>
        </Suspense>
      </div>
    </div>
  );
}
