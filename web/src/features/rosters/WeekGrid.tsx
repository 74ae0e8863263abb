// A week as columns: shifts that are dragged, or moved by the keyboard, and the holes between them.

import { Badge, Text, VisuallyHidden } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { KeyboardEvent, PointerEvent } from 'react';
import { useRef, useState } from 'react';
import { change } from '../../api/client';
import { keys } from '../../api/queries';
import type { NewShift, Roster, Shift } from '../../api/types';
import { useProblem } from '../../components/problem';
import { useWords } from '../../lib/language';
import { atWall, clockOn, dateOn, daysLater } from '../../lib/zone';
import type { Column, Drag } from './layout';
import { columnOf, dragged, instantAt, marksOf, piecesOf, STEP_MS } from './layout';
import type { Planned } from './ShiftDialog';
import { mayChange, stands, useRosterWords } from './words';
import classes from './rosters.module.css';

interface Block {
  shift: Shift;
  from: number;
  until: number;
}

/** What is under way: a new span, or a known shift elsewhere than it is. */
type Draft = { kind: 'new'; anchor: number; from: number; until: number } | { kind: 'shift'; shift: Shift; from: number; until: number };

const STEPS: Readonly<Record<string, number>> = { ArrowUp: -STEP_MS, ArrowDown: STEP_MS };
const TURNS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };

interface WeekGridProps {
  data: Roster;
  onOpen: (shift: Shift) => void;
  onFill: (planned: Planned) => void;
}

/** The same shift at other hours, as the node takes it. */
export function movedTo(shift: Shift, from: number, until: number): NewShift {
  const { person, competences, coverage, presence, rank, telephone } = shift;
  return { person, competences, coverage, presence, rank, telephone, start: new Date(from).toISOString(), end: new Date(until).toISOString() };
}

export function WeekGrid({ data, onOpen, onFill }: WeekGridProps) {
  const { t } = useWords();
  const zone = data.time_zone;
  const words = useRosterWords(zone);
  const say = useProblem();
  const client = useQueryClient();
  const grid = useRef<HTMLDivElement>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const columns: Column[] = data.days.map(day => ({ date: day.date, start: Date.parse(day.start), end: Date.parse(day.end) }));
  const now = Date.parse(data.now);
  const mayPlan = !data.coverage || data.coverage.reads_here;
  const move = useMutation({
    mutationFn: ({ shift, from, until }: Block) => change<Shift>(`/shifts/${shift.id}`, movedTo(shift, from, until)),
    onSuccess: said => notifications.show({ closeButtonProps: { 'aria-label': t('common.close') }, color: 'teal', message: said.state === 'planned' ? t('rosters.saved', { person: said.person }) : t('rosters.savedOwn') }),
    onError: error => notifications.show({ closeButtonProps: { 'aria-label': t('common.close') }, color: 'red', message: say(error) }),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: keys.rosters });
      setDraft(null);
    },
  });

  const blocks: Block[] = data.shifts
    .filter(stands)
    .map(shift => (draft?.kind === 'shift' && draft.shift.id === shift.id && draft.shift.site === shift.site ? { shift, from: draft.from, until: draft.until } : { shift, from: Date.parse(shift.start), until: Date.parse(shift.end) }));
  const asked = data.asked.map(([from, until]) => ({ from: Date.parse(from), until: Date.parse(until) }));
  const holes = data.holes.map(hole => ({ hole, from: Date.parse(hole.from), until: Date.parse(hole.until) }));

  /** What the pointer means: the column it is over, and the half hour. */
  const pointed = (x: number, y: number): number | null => {
    const boxes = [...(grid.current?.querySelectorAll<HTMLElement>('[data-column]') ?? [])].map(one => one.getBoundingClientRect());
    const at = boxes.findIndex(box => x < box.right);
    const index = at < 0 ? boxes.length - 1 : at;
    const [box, day] = [boxes[index], columns[index]];
    return box && day ? instantAt(day, (y - box.top) / box.height) : null;
  };

  const follow = (event: PointerEvent<HTMLElement>, onMove: (at: number, by: number) => void, onDrop: (moved: boolean) => void) => {
    const begun = pointed(event.clientX, event.clientY);
    if (begun === null || event.button !== 0) return;
    event.preventDefault();
    const { currentTarget: target, pointerId } = event;
    target.setPointerCapture(pointerId);
    let moved = false;
    const moving = (next: globalThis.PointerEvent) => {
      const at = pointed(next.clientX, next.clientY);
      if (at === null || (!moved && Math.abs(next.clientX - event.clientX) + Math.abs(next.clientY - event.clientY) < 5)) return;
      moved = true;
      onMove(at, at - begun);
    };
    const dropped = () => {
      target.removeEventListener('pointermove', moving);
      onDrop(moved);
    };
    target.addEventListener('pointermove', moving);
    target.addEventListener('pointerup', dropped, { once: true });
    target.addEventListener('pointercancel', dropped, { once: true });
  };

  const drawn = (event: PointerEvent<HTMLElement>) => {
    if (!mayPlan || event.target !== event.currentTarget) return;
    const anchor = pointed(event.clientX, event.clientY);
    if (anchor === null) return;
    let last: Draft | null = null;
    follow(
      event,
      at => {
        last = { kind: 'new', anchor, from: Math.min(anchor, at), until: Math.max(anchor, at) };
        setDraft(last);
      },
      () => {
        setDraft(null);
        if (last && last.until > last.from) onFill({ from: last.from, until: last.until });
      },
    );
  };

  const dragOf = (event: PointerEvent<HTMLElement>, block: Block, how: Drag) => {
    if (!mayChange(block.shift, data.plans) || block.shift.taken) return;
    event.stopPropagation();
    let last = block;
    follow(
      event,
      (_, by) => {
        last = dragged(block, how, by);
        setDraft({ kind: 'shift', ...last });
      },
      moved => {
        if (moved && (last.from !== block.from || last.until !== block.until)) move.mutate(last);
        else if (moved) setDraft(null);
        else if (how === 'move') onOpen(block.shift);
      },
    );
  };

  /** A day on the wall, whatever the clock does in between. */
  const aDay = (at: number, days: number) => atWall(daysLater(dateOn(at, zone), days), clockOn(at, zone), zone);

  const typed = (event: KeyboardEvent<HTMLElement>, block: Block) => {
    const own = draft?.kind === 'shift' && draft.shift.id === block.shift.id;
    const may = mayChange(block.shift, data.plans) && !block.shift.taken;
    const by = STEPS[event.key];
    const days = TURNS[event.key];
    if (event.key === 'Enter') {
      event.preventDefault();
      if (own) move.mutate(block);
      else onOpen(block.shift);
    } else if (event.key === 'Escape' && own) setDraft(null);
    else if (may && by !== undefined) {
      event.preventDefault();
      setDraft({ kind: 'shift', ...dragged(block, event.shiftKey ? 'end' : 'move', by) });
    } else if (may && days !== undefined) {
      event.preventDefault();
      setDraft({ kind: 'shift', ...block, from: aDay(block.from, days), until: aDay(block.until, days) });
    }
  };

  const [draftFrom, draftUntil] = draft ? words.span(draft.from, draft.until) : ['', ''];
  const here = columnOf(columns, now);
  return (
    <div>
      <VisuallyHidden id="rosters-grid-help">{t('rosters.gridHelp')}</VisuallyHidden>
      <div className={classes.grid} ref={grid} role="group" aria-label={t('rosters.grid')} aria-describedby="rosters-grid-help" style={{ gridTemplateColumns: `repeat(${columns.length}, minmax(0, 1fr))` }}>
        {data.days.map((day, index) => (
          <div key={day.date} className={classes.head} data-today={index === here || undefined}>
            <Text size="sm" fw={600}>
              {words.day(Date.parse(day.start))}
            </Text>
            {day.holiday && (
              <Badge variant="light" color="sky" className={classes.badge ?? ''}>
                {t(`rosters.holiday.${day.holiday as 'christmas'}`)}
              </Badge>
            )}
            {day.hours !== 24 && (
              <Badge variant="light" color="yellow" className={classes.badge ?? ''}>
                {t('rosters.hours', { count: day.hours })}
              </Badge>
            )}
          </div>
        ))}
        {columns.map((day, column) => (
          <div key={day.date} className={classes.column} data-column={column} data-plan={mayPlan || undefined} onPointerDown={drawn}>
            {piecesOf(asked, columns)
              .filter(piece => piece.column === column)
              .map(piece => (
                <i key={piece.top} className={classes.asked} style={{ top: `${piece.top * 100}%`, height: `${piece.height * 100}%` }} />
              ))}
            {marksOf(day, zone).map((mark, index) => (
              <span key={index} className={classes.mark} style={{ top: `${mark.top * 100}%` }} aria-hidden="true">
                {mark.label}
              </span>
            ))}
            {piecesOf(holes, columns)
              .filter(piece => piece.column === column)
              .map(({ item: { hole, from, until }, top, height, begins }) => (
                <button
                  key={`${hole.from}${hole.modalities.join()}`}
                  type="button"
                  className={classes.hole}
                  data-past={until <= now || undefined}
                  style={{ top: `${top * 100}%`, height: `${height * 100}%` }}
                  title={words.hole(hole)}
                  tabIndex={begins ? 0 : -1}
                  aria-hidden={!begins}
                  onPointerDown={event => {
                    // A drag over a hole draws a shift, as over any free hour; a click fills it to the minute.
                    event.stopPropagation();
                    const anchor = pointed(event.clientX, event.clientY);
                    if (anchor === null || !mayPlan) return;
                    let last: Planned | null = null;
                    follow(
                      event,
                      at => {
                        // To the edge of the hole where the pointer is next to it: its minutes need not be half hours.
                        const near = (instant: number) => [from, until].find(edge => Math.abs(edge - instant) < STEP_MS) ?? instant;
                        last = { from: near(Math.min(anchor, at)), until: near(Math.max(anchor, at)) };
                        setDraft({ kind: 'new', anchor, ...last });
                      },
                      moved => {
                        setDraft(null);
                        if (moved && last && last.until > last.from) onFill(last);
                        else if (!moved && until > now) onFill({ from: Math.max(now, from), until });
                      },
                    );
                  }}
                  onKeyDown={event => {
                    if (event.key === 'Enter' || event.key === ' ') {
                      event.preventDefault();
                      if (until > now) onFill({ from: Math.max(now, from), until });
                    }
                  }}
                >
                  <span className="visually-hidden">{words.hole(hole)}</span>
                  <span aria-hidden="true">{t('rosters.nobody')}</span>
                  <span aria-hidden="true">
                    {clockOn(from, zone)}–{clockOn(until, zone)}
                  </span>
                  <span aria-hidden="true">{t('rosters.min', { count: hole.minutes })}</span>
                  {hole.modalities.length > 0 && <span aria-hidden="true">{hole.modalities.join(' ')}</span>}
                </button>
              ))}
            {piecesOf(blocks, columns)
              .filter(piece => piece.column === column)
              .map(({ item, top, height, lane, lanes, begins, ends }) => {
                const { shift } = item;
                const may = mayChange(shift, data.plans) && !shift.taken;
                const first = begins || column === 0;
                return (
                  <div
                    key={`${shift.site}${shift.id}`}
                    role="button"
                    tabIndex={first ? 0 : -1}
                    aria-hidden={!first}
                    title={words.shift(shift)}
                    className={classes.shift}
                    data-state={shift.state}
                    data-presence={shift.presence}
                    data-silent={shift.silent !== null || undefined}
                    data-may={may || undefined}
                    data-shift={shift.id}
                    style={{ top: `${top * 100}%`, height: `${height * 100}%`, left: `calc(34px + ${lane / lanes} * (100% - 36px))`, width: `calc((100% - 36px) / ${lanes})` }}
                    onPointerDown={event => (may ? dragOf(event, item, 'move') : event.stopPropagation())}
                    onClick={() => !may && onOpen(shift)}
                    onKeyDown={event => typed(event, item)}
                  >
                    {may && begins && <i className={classes.edge} data-edge="start" onPointerDown={event => dragOf(event, item, 'start')} />}
                    <span className="visually-hidden">{words.shift(shift)}</span>
                    <strong aria-hidden="true">{shift.person}</strong>
                    <span aria-hidden="true">
                      {clockOn(item.from, zone)}–{clockOn(item.until, zone)}
                    </span>
                    <span aria-hidden="true">
                      {t(`shift.short.${shift.presence}`)} {shift.rank} · {shift.site_name}
                    </span>
                    <span aria-hidden="true">{t(`shift.state.${shift.state}`)}</span>
                    {may && ends && <i className={classes.edge} data-edge="end" onPointerDown={event => dragOf(event, item, 'end')} />}
                  </div>
                );
              })}
            {draft?.kind === 'new' &&
              piecesOf([draft], columns)
                .filter(piece => piece.column === column)
                .map(piece => (
                  <i key="draft" className={classes.draft} style={{ top: `${piece.top * 100}%`, height: `${piece.height * 100}%` }}>
                    {draftFrom} – {draftUntil}
                  </i>
                ))}
            {column === here && <i className={classes.now} style={{ top: `${((now - day.start) / (day.end - day.start)) * 100}%` }} />}
          </div>
        ))}
      </div>
      <Text size="xs" c={draft ? 'yellow.4' : 'dimmed'} mt={6} aria-live="polite">
        {draft ? `${draft.kind === 'shift' ? `${draft.shift.person} : ` : ''}${draftFrom} – ${draftUntil}. ${draft.kind === 'shift' ? t('rosters.unsaved') : ''}` : t('rosters.gridHelp')}
      </Text>
    </div>
  );
}
