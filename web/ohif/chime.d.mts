interface Calling {
  kind: string;
  priority: string;
}

/** Whether it rings nobody. */
export declare function isCalm(alert: Pick<Calling, 'kind'>): boolean;
/** Which of the two sounds; `null`: none. */
export declare function rings(alerts: readonly Calling[]): 'urgent' | 'calm' | null;
/** Whether a sound would be heard now. */
export declare function canChime(): boolean;
/** Wakes the sound; called where a person touches the page. */
export declare function wakeChime(): Promise<boolean>;
/** Plays; false where nothing can be heard. */
export declare function chime(kind: 'urgent' | 'calm'): boolean;
