// A report while it is written: kept at the node as typing pauses, and in this browser (sealed) from the first letter on
// until the node has it. A lost connection changes where it is kept, never whether. Two tabs that write the same report
// are told apart by the serial: the later does not overwrite the earlier without a person's word.

import type { Draft } from '../../api/types';
import { ApiError } from '../../api/client';

export type DraftState =
  /** Nothing written since the node had it. */
  | 'saved'
  /** Typed, not yet told to anybody. */
  | 'typing'
  | 'saving'
  /** The node does not answer: kept in this browser. */
  | 'here'
  /** The node does not answer, and this browser can keep nothing. */
  | 'unkept'
  /** Another tab or screen wrote a later one. */
  | 'elsewhere'
  /** The node refused it for another reason. */
  | 'refused';

export interface DraftDoors {
  put: (draft: Draft) => Promise<unknown>;
  keep: (text: string) => Promise<boolean>;
  unkeep: () => void;
  tell: (state: DraftState, error: unknown) => void;
}

const PAUSE_MS = 800;
const AGAIN_MS = 3_000;

export const EMPTY_DRAFT: Draft = { serial: 0, standing: 'preliminary', indication: '', technique: '', findings: '', conclusion: '', language: 'fr', critical: false };

export const isEmpty = (draft: Pick<Draft, 'indication' | 'technique' | 'findings' | 'conclusion'>): boolean =>
  [draft.indication, draft.technique, draft.findings, draft.conclusion].every(part => part.trim() === '');

/** Of what the node has and what this browser kept, the later one. */
export function later(node: Draft | null, here: Draft | null): Draft | null {
  if (!node || !here) return node ?? here;
  return here.serial > node.serial ? here : node;
}

export function parsed(text: string | null): Draft | null {
  if (text === null) return null;
  try {
    const draft = JSON.parse(text) as Partial<Draft> | null;
    return typeof draft?.serial === 'number' ? { ...EMPTY_DRAFT, ...draft } : null;
  } catch {
    return null;
  }
}

export class DraftKeeper {
  private draft: Draft;
  private sent: number;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy = false;
  private stopped = false;

  constructor(
    start: Draft,
    private readonly doors: DraftDoors,
    isAtNode: boolean,
  ) {
    this.draft = start;
    this.sent = isAtNode ? start.serial : start.serial - 1;
  }

  get current(): Draft {
    return this.draft;
  }

  /** Whether there is something the node does not have. */
  get owes(): boolean {
    return this.isBehind();
  }

  change(part: Partial<Omit<Draft, 'serial'>>): Draft {
    this.draft = { ...this.draft, ...part, serial: this.draft.serial + 1 };
    if (this.stopped) return this.draft;
    this.doors.tell('typing', null);
    void this.doors.keep(JSON.stringify(this.draft));
    this.in(PAUSE_MS);
    return this.draft;
  }

  /** Now: before signing, on leaving, when the connection is back. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    if (this.busy || this.stopped || !this.isBehind()) return;
    this.busy = true;
    const sending = this.draft;
    this.doors.tell('saving', null);
    try {
      await this.doors.put(sending);
      this.sent = Math.max(this.sent, sending.serial);
      if (!this.isBehind()) {
        this.doors.unkeep();
        this.doors.tell('saved', null);
      }
    } catch (error) {
      await this.failed(error);
    } finally {
      this.busy = false;
    }
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- typed on, or stopped, meanwhile
    if (this.draft.serial > sending.serial && !this.stopped) this.in(PAUSE_MS);
  }

  /** After a person chose: ours counts, over what another tab wrote up to `serial`. */
  insist(serial: number): void {
    this.stopped = false;
    this.sent = serial;
    this.draft = { ...this.draft, serial: Math.max(this.draft.serial, serial) + 1 };
    void this.flush();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private isBehind(): boolean {
    return this.draft.serial > this.sent;
  }

  private in(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), ms);
  }

  private async failed(error: unknown): Promise<void> {
    const code = error instanceof ApiError ? error.code : '';
    const isAway = code === 'offline' || code === 'not-signed-in' || (error instanceof ApiError && error.status >= 500);
    if (code === 'stale') {
      this.stop();
      this.doors.tell('elsewhere', error);
    } else if (isAway) {
      const isKept = await this.doors.keep(JSON.stringify(this.draft));
      this.doors.tell(isKept ? 'here' : 'unkept', error);
      if (!this.stopped) this.in(AGAIN_MS);
    } else {
      this.doors.tell('refused', error);
    }
  }
}
