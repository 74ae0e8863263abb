// The pages about the archive, in the order of their tabs. A page stands here once, and is a file of its own.

import type { ComponentType, LazyExoticComponent } from 'react';
import { lazy } from 'react';
import type { Action } from '../../api/types';

interface ArchivePage {
  path: string;
  word: `archive.pages.${PageWord}`;
  needs: Action;
  page: LazyExoticComponent<ComponentType>;
}

type PageWord =
  | 'storage'
  | 'backup'
  | 'alarms'
  | 'conflicts'
  | 'corrections'
  | 'rejections'
  | 'retention'
  | 'tiers'
  | 'rules'
  | 'sources'
  | 'import';

export const ARCHIVE_PAGES: readonly ArchivePage[] = [
  {
    path: 'storage',
    word: 'archive.pages.storage',
    needs: 'administer',
    page: lazy(async () => ({ default: (await import('./StoragePage')).StoragePage })),
  },
  {
    path: 'backup',
    word: 'archive.pages.backup',
    needs: 'administer',
    page: lazy(async () => ({ default: (await import('./BackupPage')).BackupPage })),
  },
  {
    path: 'conflicts',
    word: 'archive.pages.conflicts',
    needs: 'reject-studies',
    page: lazy(async () => ({ default: (await import('./ConflictsPage')).ConflictsPage })),
  },
  {
    path: 'corrections',
    word: 'archive.pages.corrections',
    needs: 'reject-studies',
    page: lazy(async () => ({ default: (await import('./CorrectionsPage')).CorrectionsPage })),
  },
  {
    path: 'rejections',
    word: 'archive.pages.rejections',
    needs: 'reject-studies',
    page: lazy(async () => ({ default: (await import('./RejectionsPage')).RejectionsPage })),
  },
  {
    path: 'retention',
    word: 'archive.pages.retention',
    needs: 'administer',
    page: lazy(async () => ({ default: (await import('./RetentionPage')).RetentionPage })),
  },
  {
    path: 'tiers',
    word: 'archive.pages.tiers',
    needs: 'administer',
    page: lazy(async () => ({ default: (await import('./TiersPage')).TiersPage })),
  },
  {
    path: 'rules',
    word: 'archive.pages.rules',
    needs: 'administer',
    page: lazy(async () => ({ default: (await import('./RulesPage')).RulesPage })),
  },
  {
    path: 'sources',
    word: 'archive.pages.sources',
    needs: 'administer',
    page: lazy(async () => ({ default: (await import('./SourcesPage')).SourcesPage })),
  },
  {
    path: 'alarms',
    word: 'archive.pages.alarms',
    needs: 'administer',
    page: lazy(async () => ({ default: (await import('./AlarmsPage')).AlarmsPage })),
  },
  {
    path: 'import',
    word: 'archive.pages.import',
    needs: 'store-studies',
    page: lazy(async () => ({ default: (await import('./ImportPage')).ImportPage })),
  },
];
