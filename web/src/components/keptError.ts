import { useState } from 'react';

/** Why nothing came. It stands until something does: that it is asked for again takes it away no more than a second failure. */
export function useKeptError({ data, error }: { data: unknown; error: Error | null }): Error | null {
  const [kept, setKept] = useState(error);
  const next = data === undefined ? (error ?? kept) : null;
  if (next !== kept) setKept(next);
  return error ?? next;
}
