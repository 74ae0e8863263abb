// One browser, one patient: which case each tab writes a report on, told among the tabs, and what of the identity that a
// report was begun with no longer holds.

import { useEffect, useState } from 'react';
import type { ViewedPatient, Viewer } from '../../api/openViewers';
import type { Case } from '../../api/types';

/** What a report is bound to, as the editor shows it. */
export interface Bound {
  name: string;
  birth_date: string;
  hospital: string;
  study_date: string;
}

export type Differing = keyof Bound;

export function boundOf(of: Case): Bound {
  return {
    name: of.patient.name,
    birth_date: of.patient.birth_date,
    hospital: of.requester_name,
    study_date: of.study_date,
  };
}

/** In what the two differ; empty: the same patient, hospital and examination. */
export function differing(shown: Bound, fresh: Bound): Differing[] {
  return (['name', 'birth_date', 'hospital', 'study_date'] as const).filter(field => shown[field] !== fresh[field]);
}

/** Viewers that show another patient: none of their studies is of this case, and they do not say that it is the same patient. */
export function foreignTo(of: Pick<Case, 'studies' | 'study_list' | 'patient'>, viewers: readonly Viewer[]): readonly Viewer[] {
  const own = new Set([...of.studies, ...of.study_list.map(one => one.study)]);
  const { name, birth_date, id, issuer } = of.patient;
  const isSame = (other: ViewedPatient) => {
    // Two patients may have one name and one birth date: where one issuer numbered both, the numbers say who they are. Numbers that
    // nobody is named for are no word against the same name and birth date: each hospital has its own.
    if (id !== '' && other.id !== '' && issuer !== '' && issuer === other.issuer) return id === other.id && birth_date === other.birth_date;
    return name !== '' && birth_date !== '' && name === other.name && birth_date === other.birth_date;
  };
  return viewers.filter(viewer => !viewer.studies.some(study => own.has(study)) && !(viewer.patient && isSame(viewer.patient)));
}

interface Tab {
  id: string;
  case: string;
  patient: string;
  since: number;
}

type Message = ({ kind: 'bound'; studies: string[] } & Tab) | { kind: 'free'; id: string } | { kind: 'who' };

const CHANNEL = 'confrere-report';

/** Of other tabs: one that writes on the same case since earlier, and those that write on other patients' cases. */
export function othersOf(tabs: readonly Tab[], mine: Tab): { twin: boolean; others: Tab[] } {
  return {
    twin: tabs.some(tab => tab.case === mine.case && (tab.since < mine.since || (tab.since === mine.since && tab.id < mine.id))),
    others: tabs.filter(tab => tab.case !== mine.case),
  };
}

/** Tells the other tabs, and the viewer, what is written here; hears what they write. */
export function useBinding(of: Case): { twin: boolean; others: Tab[]; take: () => void } {
  const [mine, setMine] = useState(() => ({ id: Math.random().toString(36).slice(2), since: Date.now() }));
  const [tabs, setTabs] = useState<Tab[]>([]);
  const patient = of.patient.name;
  const studies = of.studies.join('\n');
  const { id, since } = mine;
  useEffect(() => {
    if (typeof BroadcastChannel !== 'function') return;
    const channel = new BroadcastChannel(CHANNEL);
    const say = (message: Message) => channel.postMessage(message);
    const tell = () => say({ kind: 'bound', id, since, case: of.case, patient, studies: studies.split('\n').filter(Boolean) });
    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.kind === 'who') tell();
      else {
        setTabs(known => {
          const rest = known.filter(tab => tab.id !== data.id);
          return data.kind === 'bound' ? [...rest, { id: data.id, case: data.case, patient: data.patient, since: data.since }] : rest;
        });
      }
    };
    const free = () => say({ kind: 'free', id });
    addEventListener('pagehide', free);
    say({ kind: 'who' });
    tell();
    return () => {
      removeEventListener('pagehide', free);
      free();
      channel.close();
    };
  }, [id, since, of.case, patient, studies]);
  // To be the earliest is to be the one that writes.
  const take = () => setMine(known => ({ ...known, since: 0 }));
  return { ...othersOf(tabs, { ...mine, case: of.case, patient }), take };
}
