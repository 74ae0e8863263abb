// How values of medicine and machines are written for people, in the language of the page.

const numbers = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

/** Making one takes as long as writing hundreds of numbers with it. */
function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale} ${JSON.stringify(options)}`;
  const known = numbers.get(key) ?? new Intl.NumberFormat(locale, options);
  numbers.set(key, known);
  return known;
}

function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${JSON.stringify(options)}`;
  const known = dates.get(key) ?? new Intl.DateTimeFormat(locale, options);
  dates.set(key, known);
  return known;
}

/** `DUPONT^Éloïse^^Mme` → `DUPONT Éloïse`; the first (alphabetic) group is shown. */
export function patientName(name: string | null): string | null {
  const alphabetic = name?.split('=')[0]?.trim();
  if (!alphabetic) return null;
  const [family = '', given = '', middle = ''] = alphabetic.split('^');
  return [family, given, middle].map(part => part.trim()).filter(Boolean).join(' ') || null;
}

/** `19840321` (or `1984-03-21`) → a local date without a time zone in between; what does not parse is shown as it is. */
export function dicomDate(date: string | null, locale: string): string | null {
  if (!date) return null;
  const match = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(date);
  if (!match) return date;
  const [, year, month, day] = match;
  const value = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (value.getUTCMonth() !== Number(month) - 1) return date;
  return dateFormat(locale, { timeZone: 'UTC', year: 'numeric', month: '2-digit', day: '2-digit' }).format(value);
}

/** `143205.123` (or `14:32:05`) → `14:32`. */
export function dicomTime(time: string | null): string | null {
  const match = time ? /^(\d{2}):?(\d{2})/.exec(time) : null;
  return match ? `${match[1]}:${match[2]}` : null;
}

/** Whole years at `now`; `null` where the date is missing or not one. */
export function age(birth: string | null, now: Date): number | null {
  const match = birth ? /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(birth) : null;
  if (!match) return null;
  const [, year, month, day] = match.map(Number) as [number, number, number, number];
  const before = now.getMonth() + 1 < month || (now.getMonth() + 1 === month && now.getDate() < day);
  const years = now.getFullYear() - year - (before ? 1 : 0);
  return years >= 0 && years < 150 ? years : null;
}

export function count(value: number, locale: string, digits = 0): string {
  return numberFormat(locale, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);
}

const UNITS = { en: ['B', 'kB', 'MB', 'GB', 'TB'], fr: ['o', 'ko', 'Mo', 'Go', 'To'] };

export function bytes(value: number, locale: string): string {
  const units = locale.startsWith('fr') ? UNITS.fr : UNITS.en;
  let rest = Math.max(0, value);
  let step = 0;
  while (rest >= 1000 && step < units.length - 1) {
    rest /= 1000;
    step += 1;
  }
  return `${count(rest, locale, step === 0 || rest >= 100 ? 0 : 1)}\u00a0${units[step] ?? ''}`;
}

export function rate(bytesPerS: number, locale: string): string {
  return `${bytes(bytesPerS, locale)}/s`;
}

/** `75` → `1 min 15 s`; over an hour, `2 h 05`; over two days, `3 d`. */
export function duration(seconds: number, locale: string): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole}\u00a0s`;
  if (whole < 3600) {
    const rest = whole % 60;
    return `${Math.floor(whole / 60)}\u00a0min${rest ? `\u00a0${rest}\u00a0s` : ''}`;
  }
  const hours = Math.floor(whole / 3600);
  if (hours >= 48) return `${Math.floor(hours / 24)}\u00a0${locale.startsWith('fr') ? 'j' : 'd'}`;
  return `${hours}\u00a0h\u00a0${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}`;
}

/** As `duration`, with a tenth below ten seconds: `0.4 s`. */
export function shortTime(seconds: number, locale: string): string {
  return seconds < 9.95 ? `${count(Math.max(0.1, seconds), locale, 1)}\u00a0s` : duration(seconds, locale);
}

/** `0.0012` → `0.12 %`. */
export function share(part: number, locale: string): string {
  return numberFormat(locale, { style: 'percent', maximumFractionDigits: part < 0.1 ? 2 : 0 }).format(part);
}

/** Minutes and seconds until a moment, `0:00` once past. */
export function countdown(until: string, now: number): string {
  const left = Math.max(0, Math.floor((Date.parse(until) - now) / 1000));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
}

export function day(at: string, locale: string): string {
  return dateFormat(locale, { dateStyle: 'short' }).format(new Date(at));
}

/** To the minute: for people. */
export function minute(at: string, locale: string): string {
  return dateFormat(locale, { dateStyle: 'short', timeStyle: 'short' }).format(new Date(at));
}

/** To the second: for logs. */
export function moment(at: string, locale: string): string {
  return dateFormat(locale, { dateStyle: 'short', timeStyle: 'medium' }).format(new Date(at));
}

/** "3 minutes ago", in the language of the page. */
export function ago(at: string, locale: string, now: number): string {
  const seconds = (Date.parse(at) - now) / 1000;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const steps: [number, Intl.RelativeTimeFormatUnit][] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ];
  for (const [size, unit] of steps) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(Math.round(seconds), 'second');
}

/** A site's id in short, for people who compare. */
export function shortId(id: string): string {
  return id.length > 12 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}

/** `02:11`. */
export function hourMinute(at: string, locale: string): string {
  return dateFormat(locale, { hour: '2-digit', minute: '2-digit' }).format(new Date(at));
}
