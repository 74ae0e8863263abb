// Where things stand in a week: days are columns, as long as they are (23 or 25 hours on two days of the year).

import { clockOn } from '../../lib/zone';

export const STEP_MS = 30 * 60_000;
const HOUR_MS = 3_600_000;

export interface Column {
  date: string;
  start: number;
  end: number;
}

export interface Piece<T> {
  item: T;
  column: number;
  /** Of the column's height. */
  top: number;
  height: number;
  lane: number;
  lanes: number;
  /** The item begins, or ends, in this column. */
  begins: boolean;
  ends: boolean;
}

interface Spanned {
  from: number;
  until: number;
}

/** Pieces of spans in the columns that they touch; those that meet stand side by side. */
export function piecesOf<T extends Spanned>(items: readonly T[], columns: readonly Column[]): Piece<T>[] {
  return columns.flatMap((day, column) => {
    const length = day.end - day.start;
    const here = items.filter(item => item.from < day.end && item.until > day.start).sort((a, b) => a.from - b.from || a.until - b.until);
    const ends: number[] = [];
    const placed = here.map(item => {
      const free = ends.findIndex(end => end <= item.from);
      const lane = free < 0 ? ends.length : free;
      ends[lane] = item.until;
      return { item, lane };
    });
    return placed.map(({ item, lane }) => {
      const from = Math.max(item.from, day.start);
      const until = Math.min(item.until, day.end);
      return {
        item,
        column,
        top: (from - day.start) / length,
        height: (until - from) / length,
        lane,
        lanes: ends.length,
        begins: item.from >= day.start,
        ends: item.until <= day.end,
      };
    });
  });
}

/** The instant at a height of a column, on the half hour. */
export function instantAt(day: Column, fraction: number): number {
  const at = Math.min(1, Math.max(0, fraction)) * (day.end - day.start);
  return day.start + Math.round(at / STEP_MS) * STEP_MS;
}

/** The column of an instant; the last one for the end of the week. */
export function columnOf(columns: readonly Column[], at: number): number {
  const found = columns.findIndex(day => day.start <= at && at < day.end);
  return found < 0 && at >= (columns.at(-1)?.end ?? 0) ? columns.length - 1 : found;
}

export interface Mark {
  top: number;
  label: string;
}

/** Every third hour, and on the day of a change each: as the wall shows it. */
export function marksOf(day: Column, zone: string): Mark[] {
  const hours = Math.round((day.end - day.start) / HOUR_MS);
  const every = hours === 24 ? 3 : 1;
  const marks: Mark[] = [];
  for (let hour = every; hour < hours; hour += every) {
    marks.push({ top: hour / hours, label: clockOn(day.start + hour * HOUR_MS, zone) });
  }
  return marks;
}

export type Drag = 'move' | 'start' | 'end';

/** A span after its edge, or all of it, was moved by so much; never shorter than a step. */
export function dragged<T extends Spanned>(span: T, how: Drag, by: number): T {
  if (how === 'start') return { ...span, from: Math.min(span.from + by, span.until - STEP_MS) };
  if (how === 'end') return { ...span, until: Math.max(span.until + by, span.from + STEP_MS) };
  return { ...span, from: span.from + by, until: span.until + by };
}
