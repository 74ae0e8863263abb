// How much room the lists of the home page have. It is settled before they arrive and stays as long as the page does: where the lists
// were short when the page was last open in this browser, no card stands there empty and tall.

import { createContext, useCallback, useContext, useEffect, useState } from 'react';

const KEY = 'confrere.home-rows';
/** Short: so many rows at most. The style sheet knows the number, too. */
const SHORT = 3;

type Note = (list: string, rows: number) => void;

export const RoomContext = createContext<Note>(() => undefined);

/** Rows of the longest list, as it was last; many, where nobody knows. */
function kept(): number {
  try {
    return Number(localStorage.getItem(KEY) ?? Infinity);
  } catch {
    return Infinity;
  }
}

function keep(rows: number): void {
  try {
    localStorage.setItem(KEY, String(rows));
  } catch {
    // Next time there is room for all.
  }
}

/** Whether the lists are short, and how the next visit learns of it. */
export function useRoom(): { isShort: boolean; note: Note } {
  const [isShort] = useState(() => kept() <= SHORT);
  const [lists] = useState(() => new Map<string, number>());
  const note = useCallback(
    (list: string, rows: number) => {
      lists.set(list, rows);
      keep(Math.max(...lists.values()));
    },
    [lists],
  );
  return { isShort, note };
}

/** Remembers how long a list is; `undefined`: nobody knows yet. */
export function useLength(list: string, rows: number | undefined): void {
  const note = useContext(RoomContext);
  useEffect(() => {
    if (rows !== undefined) note(list, rows);
  }, [note, list, rows]);
}
