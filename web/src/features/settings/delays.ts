// Delays are kept in seconds and typed in minutes.

/** `90` → `1.5`. */
export function minutesOf(seconds: number): string {
  return String(Math.round((seconds / 60) * 100) / 100);
}

/** Minutes, with a point or a comma, as whole seconds; `null`: that is no delay. */
export function secondsOf(text: string): number | null {
  if (!/^\d{1,5}([.,]\d{1,2})?$/.test(text.trim())) return null;
  const seconds = Math.round(Number(text.trim().replace(',', '.')) * 60);
  return seconds > 0 ? seconds : null;
}
