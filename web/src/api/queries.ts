// What the views ask of the node, and under which keys the answers are kept.

import { keepPreviousData, QueryCache, QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { setNodeTime } from '../lib/time';
import { ApiError, change, get, post, postText, remove } from './client';
import type { PatientLink } from './history';
import type { Account, Action, Ae, Agreement, Alarms, Alert, Attachment, Case, CasePage, CaseSettings, Coverage, Discordances, Draft, Erased, Forecast, FoundImages, Handing, Label, Link, ListedToken, Loose, Migration, NewCase, Outgoing, Pairing, Peer, PeerRules, Proposed, Restore, RoleRow, Roster, Route, Rule, SecondCopies, Session, Shift, SignedIn, SignedReport, Site, SiteKeys, Source, Status, StepBody, Storage, StudyKept, Team, Tiers, Transfer, User } from './types';

export const keys = {
  site: ['site'],
  session: ['session'],
  studies: ['studies'],
  transfers: ['transfers'],
  peers: ['peers'],
  siteKeys: ['siteKeys'],
  pairings: ['pairings'],
  agreements: ['agreements'],
  audit: ['audit'],
  users: ['users'],
  roles: ['roles'],
  tokens: ['tokens'],
  account: ['account'],
  aes: ['aes'],
  sources: ['sources'],
  migrations: ['migrations'],
  status: ['status'],
  conflicts: ['conflicts'],
  corrections: ['corrections'],
  rejections: ['rejections'],
  tiers: ['tiers'],
  retention: ['retention'],
  storage: ['storage'],
  restore: ['restore'],
  alarms: ['alarms'],
  rules: ['rules'],
  routes: ['routes'],
  peerRules: ['peer-rules'],
  labels: ['labels'],
  keepings: ['keepings'],
  reviews: ['reviews'],
  cases: ['cases'],
  alerts: ['alerts'],
  rosters: ['rosters'],
  patientLinks: ['patient-links'],
} as const;

/** Whether asking again may help: a lost or busy node, not a refusal. */
function worthRetrying(failures: number, error: Error): boolean {
  return error instanceof ApiError && (error.code === 'offline' || error.code === 'busy') && failures < 2;
}

export function newQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: error => {
        // The session ended under us: the sign-in takes the page's place, its address stays.
        if (error instanceof ApiError && error.code === 'not-signed-in') client.setQueryData(keys.session, null);
      },
    }),
    defaultOptions: {
      queries: { retry: worthRetrying, staleTime: 15_000, networkMode: 'always', refetchOnWindowFocus: true },
      mutations: {
        networkMode: 'always',
        onError: error => {
          if (error instanceof ApiError && error.code === 'not-signed-in') client.setQueryData(keys.session, null);
        },
      },
    },
  });
  return client;
}

export const siteQuery = queryOptions({
  queryKey: keys.site,
  queryFn: ({ signal }) => get<Site>('/site', signal),
  staleTime: Infinity,
});

/** `null`: nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: keys.session,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await get<Session>('/session', signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export function useSession(): Session | null {
  return useQuery(sessionQuery).data ?? null;
}

export function useMay(action: Action): boolean {
  return useSession()?.actions.includes(action) ?? false;
}

export const peersQuery = queryOptions({ queryKey: keys.peers, queryFn: ({ signal }) => get<Peer[]>('/peers', signal) });

export const siteKeysQuery = queryOptions({ queryKey: keys.siteKeys, queryFn: ({ signal }) => get<SiteKeys>('/keys', signal) });

export const pairingsQuery = queryOptions({
  queryKey: keys.pairings,
  queryFn: ({ signal }) => get<Pairing[]>('/pairings', signal),
});

export const agreementsQuery = queryOptions({
  queryKey: keys.agreements,
  queryFn: ({ signal }) => get<Agreement[]>('/agreements', signal),
});

export const transfersQuery = queryOptions({
  queryKey: keys.transfers,
  queryFn: ({ signal }) => get<Transfer[]>('/transfers', signal),
  staleTime: Infinity,
});

/** What opening a study will take; `null` of one that is here. */
export const forecastOf = (study: string) =>
  queryOptions({
    queryKey: ['forecast', study],
    queryFn: ({ signal }) => get<Forecast | null>(`/studies/${encodeURIComponent(study)}/forecast`, signal),
    staleTime: 2_000,
  });

/** What leaves from here: it is asked for while somebody looks. */
export const outgoingQuery = queryOptions({
  queryKey: ['outgoing'],
  queryFn: ({ signal }) => get<Outgoing[]>('/transfers/outgoing', signal),
  refetchInterval: 2_000,
});

export const linksQuery = queryOptions({
  queryKey: ['links'],
  queryFn: ({ signal }) => get<Link[]>('/links', signal),
  refetchInterval: 5_000,
});

export const usersQuery = queryOptions({ queryKey: keys.users, queryFn: ({ signal }) => get<User[]>('/users', signal) });

export const sessionsOf = (name: string) =>
  queryOptions({ queryKey: [...keys.users, name, 'sessions'], queryFn: ({ signal }) => get<SignedIn[]>(`/users/${encodeURIComponent(name)}/sessions`, signal) });

export const rolesQuery = queryOptions({ queryKey: keys.roles, queryFn: ({ signal }) => get<RoleRow[]>('/roles', signal), staleTime: Infinity });

export const tokensQuery = queryOptions({ queryKey: keys.tokens, queryFn: ({ signal }) => get<ListedToken[]>('/tokens', signal) });

export const accountQuery = queryOptions({ queryKey: keys.account, queryFn: ({ signal }) => get<Account>('/account', signal) });

export const ownSessionsQuery = queryOptions({
  queryKey: [...keys.account, 'sessions'],
  queryFn: ({ signal }) => get<SignedIn[]>('/account/sessions', signal),
});

export const ownTokensQuery = queryOptions({
  queryKey: [...keys.account, 'tokens'],
  queryFn: ({ signal }) => get<ListedToken[]>('/account/tokens', signal),
});

export const aesQuery = queryOptions({
  queryKey: keys.aes,
  queryFn: ({ signal }) => get<Ae[]>('/aes', signal),
  // No news tells that one was heard.
  refetchInterval: 10_000,
});

export const tiersQuery = queryOptions({
  queryKey: keys.tiers,
  queryFn: ({ signal }) => get<Tiers>('/tiers', signal),
  refetchInterval: 2_000,
  placeholderData: keepPreviousData,
});

export const keptQuery = queryOptions({
  queryKey: [...keys.retention, 'old'],
  queryFn: ({ signal }) => get<StudyKept[]>('/retention', signal),
});

export const proposalsQuery = queryOptions({
  queryKey: [...keys.retention, 'proposals'],
  queryFn: ({ signal }) => get<Proposed[]>('/retention/proposals', signal),
});

export const erasedQuery = queryOptions({
  queryKey: [...keys.retention, 'erased'],
  queryFn: ({ signal }) => get<Erased[]>('/retention/erased', signal),
});

export const sourcesQuery = queryOptions({
  queryKey: keys.sources,
  queryFn: ({ signal }) => get<Source[]>('/sources', signal),
  refetchInterval: 10_000,
});

export const migrationsQuery = queryOptions({
  queryKey: keys.migrations,
  queryFn: ({ signal }) => get<Migration[]>('/migrations', signal),
  refetchInterval: 3_000,
});

export const statusQuery = queryOptions({
  queryKey: keys.status,
  queryFn: ({ signal }) => get<Status>('/status', signal),
  refetchInterval: 10_000,
  placeholderData: keepPreviousData,
});

export const restoreQuery = queryOptions({
  queryKey: keys.restore,
  queryFn: ({ signal }) => get<Restore>('/restore', signal),
  refetchInterval: query => (query.state.data?.restored ? 5_000 : 300_000),
});

export const storageQuery = queryOptions({
  queryKey: keys.storage,
  queryFn: ({ signal }) => get<Storage>('/storage', signal),
  refetchInterval: 60_000,
  placeholderData: keepPreviousData,
});

export const sparesQuery = queryOptions({
  queryKey: keys.keepings,
  queryFn: ({ signal }) => get<SecondCopies>('/spare', signal),
  refetchInterval: 5_000,
  placeholderData: keepPreviousData,
});

export const alarmsQuery = queryOptions({
  queryKey: keys.alarms,
  queryFn: ({ signal }) => get<Alarms>('/alarms', signal),
  refetchInterval: 60_000,
});

export const rulesQuery = queryOptions({ queryKey: keys.rules, queryFn: ({ signal }) => get<Rule[]>('/rules', signal) });

export const routesQuery = queryOptions({
  queryKey: keys.routes,
  queryFn: ({ signal }) => get<Route[]>('/routes', signal),
  refetchInterval: 3_000,
});

export const peerRulesQuery = queryOptions({
  queryKey: keys.peerRules,
  queryFn: ({ signal }) => get<PeerRules>('/rules/peers', signal),
  refetchInterval: 3_000,
});

export const coveragesQuery = queryOptions({
  queryKey: [...keys.rosters, 'coverages'],
  queryFn: ({ signal }) => get<Coverage[]>('/coverages', signal),
});

/** Some days of a coverage, or (`null`) of the site's own shifts. */
export const rosterOf = (coverage: string | null, from: string, days: number, zone: string) =>
  queryOptions({
    queryKey: [...keys.rosters, 'days', coverage, from, days],
    queryFn: ({ signal }) => {
      const asked = new URLSearchParams({ from, days: String(days), zone });
      if (coverage) asked.set('coverage', coverage);
      return get<Roster>(`/rosters?${asked.toString()}`, signal);
    },
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });

/** All shifts that are known here: who looks finds their own. */
export const shiftsQuery = queryOptions({ queryKey: [...keys.rosters, 'shifts'], queryFn: ({ signal }) => get<Shift[]>('/shifts', signal), refetchInterval: 60_000 });

export const handingOf = (shift: string) =>
  queryOptions({
    queryKey: [...keys.rosters, 'handing', shift],
    queryFn: ({ signal }) => get<Handing>(`/shifts/${encodeURIComponent(shift)}/handing`, signal),
  });

export const labelsQuery = queryOptions({ queryKey: keys.labels, queryFn: ({ signal }) => get<Label[]>('/labels', signal) });

export const patientLinksQuery = queryOptions({ queryKey: keys.patientLinks, queryFn: ({ signal }) => get<PatientLink[]>('/patient-links', signal) });

export const caseKey = (id: string) => [...keys.cases, 'one', id] as const;
export const draftKey = (id: string) => [...keys.cases, 'draft', id] as const;

export const caseQuery = (id: string) =>
  queryOptions({ queryKey: caseKey(id), queryFn: ({ signal }) => get<Case>(`/cases/${id}`, signal), refetchInterval: 60_000 });

/** Images that documents of the case's studies point at: more come while somebody reads. */
export const keyImagesOf = (id: string) =>
  queryOptions({
    queryKey: [...keys.cases, 'key-images', id],
    queryFn: ({ signal }) => get<FoundImages>(`/cases/${id}/key-images`, signal),
    refetchInterval: 10_000,
    retry: 1,
  });

/** `question`: what stands after `?`, without the leading mark. */
/** What calls the person now. Asked again by itself: who is called depends on who is there, and time passes. */
export const alertsQuery = queryOptions({ queryKey: keys.alerts, queryFn: ({ signal }) => get<Alert[]>('/cases/alerts', signal), refetchInterval: 30_000, refetchIntervalInBackground: true, staleTime: 0 });

export const casesQuery = (question: string) =>
  queryOptions({
    queryKey: [...keys.cases, 'list', question],
    queryFn: async ({ signal }) => {
      const page = await get<CasePage>(`/cases?${question}`, signal);
      setNodeTime(page.now);
      return page;
    },
    // News tells of changes at once; this is for what no event tells, such as a site that falls silent.
    refetchInterval: 20_000,
  });

export const looseQuery = queryOptions({
  queryKey: [...keys.cases, 'loose'],
  queryFn: ({ signal }) => get<Loose>('/cases/loose', signal),
  refetchInterval: 30_000,
});

/** Under the key of cases: what is told in a case may be somebody's to know. */
export const discordancesQuery = queryOptions({
  queryKey: [...keys.cases, 'discordances'],
  queryFn: ({ signal }) => get<Discordances>('/cases/discordances', signal),
  refetchInterval: 30_000,
});
export const acknowledgeDiscordance = (id: string, event: string): Promise<Case> => post<Case>(`/cases/${id}/discordances/${event}`, {});

export const caseSettingsQuery = queryOptions({
  queryKey: [...keys.cases, 'settings'],
  queryFn: ({ signal }) => get<CaseSettings>('/cases/settings', signal),
});
export const setCaseSettings = (settings: CaseSettings): Promise<CaseSettings> => change<CaseSettings>('/cases/settings', settings);

export const teamsQuery = queryOptions({ queryKey: [...keys.cases, 'teams'], queryFn: ({ signal }) => get<Team[]>('/cases/teams', signal) });
export const setTeams = (teams: Team[]): Promise<Team[]> => change<Team[]>('/cases/teams', teams);

export const makeCase = (body: NewCase): Promise<Case> => post<Case>('/cases', body);
/** The node decides by the content what it is. */
export const attachFile = (id: string, file: File): Promise<Case> =>
  postText<Case>(`/cases/${id}/attachments?name=${encodeURIComponent(file.name)}`, 'application/octet-stream', file);
export const attachmentAddress = (id: string, { attachment }: Attachment): string => `/api/cases/${id}/attachments/${attachment}`;
export const takeStep = (id: string, body: StepBody): Promise<Case> => post<Case>(`/cases/${id}/steps`, body);
export const signReport = (id: string, body: SignedReport): Promise<Case> => post<Case>(`/cases/${id}/reports`, body);
export const getDraft = (id: string, signal?: AbortSignal): Promise<Draft> => get<Draft>(`/cases/${id}/draft`, signal);
export const putDraft = (id: string, draft: Draft): Promise<unknown> => change(`/cases/${id}/draft`, draft);
export const dropDraft = (id: string): Promise<unknown> => remove(`/cases/${id}/draft`);
export const joinStudy = (id: string, study: string, patient: { name: string; birth_date: string }, reason: string): Promise<Case> =>
  post<Case>(`/cases/${id}/join`, { study, patient, reason });
export const dismissStudy = (study: string, reason: string): Promise<unknown> => post(`/cases/loose/${study}/dismiss`, { reason });
