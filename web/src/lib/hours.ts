// Weekly hours of an on-call agreement, in minutes of the week from Monday 00:00.

const DAY = 24 * 60;
const WEEK = 7 * DAY;

export interface Hours {
  nights: boolean;
  weekend: boolean;
  /** `HH:MM`; when a night begins and ends. */
  begin: string;
  finish: string;
}

export const USUAL_HOURS: Hours = { nights: true, weekend: true, begin: '18:30', finish: '08:00' };

function minutes(clock: string): number | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(clock);
  return match ? Number(match[1]) * 60 + Number(match[2]) : null;
}

/** Joins what touches, so that both sites read the same few spans. */
function joined(spans: [number, number][]): [number, number][] {
  const result: [number, number][] = [];
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  const [first, last] = [result[0], result.at(-1)];
  // Sunday night runs into Monday morning: one span that wraps.
  if (result.length > 1 && first && last && first[0] === 0 && last[1] >= WEEK) {
    result.shift();
    last[1] = first[1];
  }
  return result;
}

/**
 * Half-open spans; `to` before `from` wraps over Sunday midnight. A night begins on Monday to Friday evening and ends the next
 * morning; the Monday morning that ends Sunday's on-call belongs to the weekend.
 */
export function spansOf({ nights, weekend, begin, finish }: Hours): [number, number][] {
  const from = minutes(begin);
  const to = minutes(finish);
  const spans: [number, number][] = [];
  if (nights && from !== null && to !== null) {
    for (let day = 0; day < 5; day += 1) {
      spans.push([day * DAY + from, to > from ? day * DAY + to : (day + 1) * DAY + to]);
    }
  }
  if (weekend) spans.push([5 * DAY, WEEK]);
  if (nights && weekend && from !== null && to !== null && to <= from) spans.push([0, to]);
  return joined(spans.filter(([a, b]) => a !== b));
}

export function timeZones(): string[] {
  return Intl.supportedValuesOf('timeZone');
}

export function ownTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'Europe/Paris';
}
