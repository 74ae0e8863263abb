// Four parts, written from the keyboard: templates, text blocks by `/name` and Tab, gaps by Alt+G, signed by Ctrl+Enter.
// Dictation comes through the browser's or the system's own input: the parts are plain text fields.

import { Button, Checkbox, Group, Kbd, Menu, SegmentedControl, Select, Text, Textarea } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconAlertTriangle, IconCheck, IconCloudOff, IconDeviceFloppy, IconSignature, IconTextPlus } from '@tabler/icons-react';
import type { KeyboardEvent, RefObject } from 'react';
import { useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import type { Case, Draft, Standing } from '../../api/types';
import { Waiting } from '../../components/State';
import { hourMinute } from '../../lib/format';
import { useWords } from '../../lib/language';
import type { Bound } from './binding';
import { BlocksDialog } from './BlocksDialog';
import { expandAt, nextGap, ownBlocks } from './blocks';
import classes from './editor.module.css';
import { EMPTY_DRAFT, isEmpty } from './draft';
import { FoundChoice, signedWith, useFound } from './FoundImages';
import { PARTS } from './Reports';
import { SignDialog } from './SignDialog';
import { BLOCKS, fitting, REPORT_TEMPLATES } from './templates';
import { useDraft } from './useDraft';

type Part = (typeof PARTS)[number];
const STANDINGS: readonly Standing[] = ['preliminary', 'final', 'addendum', 'second-reading'];
const TEXT_MAX = 32_000;

/** Which reports may be written now, in the order of a report's life. */
function standingsOf(of: Case): Standing[] {
  return STANDINGS.filter(standing => of.actions.includes(`report-${standing}`));
}

/** What a report begins with: the one before, where this one completes it; else the question. */
function beginOf(of: Case, standing: Standing, language: 'fr' | 'en'): Draft {
  const before = of.reports.findLast(one => one.standing === 'preliminary');
  const start = { ...EMPTY_DRAFT, standing, language };
  if (standing === 'final' && before) {
    const { indication, technique, findings, conclusion, critical } = before;
    // A critical result that was heard is not rung for a second time, unless the reader says so.
    return { ...start, indication, technique, findings, conclusion, critical: critical && before.unheard };
  }
  return { ...start, indication: [of.question, of.context].filter(Boolean).join('\n') };
}

function DraftLine({ state, savedAt, isFound }: { state: string; savedAt: number | null; isFound: boolean }) {
  const { t, locale } = useWords();
  const tone = state === 'here' || state === 'elsewhere' ? 'warn' : state === 'unkept' || state === 'refused' ? 'bad' : 'calm';
  const Icon = tone === 'warn' ? IconCloudOff : tone === 'bad' ? IconAlertTriangle : state === 'saved' ? IconCheck : IconDeviceFloppy;
  const at = savedAt === null ? null : hourMinute(new Date(savedAt).toISOString(), locale);
  return (
    <span className={classes.status} data-tone={tone} role="status">
      <Icon size={15} aria-hidden="true" />
      {state === 'saved' ? (at ? t('cases.draft.savedAt', { at }) : t('cases.draft.empty')) : t(`cases.draft.${state}` as 'cases.draft.typing')}
      {isFound && state === 'here' && ` ${t('cases.draft.found')}`}
    </span>
  );
}

interface EditorProps {
  of: Case;
  bound: Bound;
  read: { study: string; version: number }[];
  person: string;
  locked: boolean;
}

export function Editor({ of, bound, read, person, locked }: EditorProps) {
  const { t, language } = useWords();
  const standings = standingsOf(of);
  const preferred = standings.includes('final') && of.reports.some(one => one.standing === 'preliminary') ? 'final' : (standings[0] ?? 'preliminary');
  const draft = useDraft(of.case, person, beginOf(of, preferred, language));
  const fields = useRef<Partial<Record<Part, HTMLTextAreaElement | null>>>({});
  const [signing, setSigning] = useState(false);
  // What kept it from being signed took the dialog away: somebody asks for it anew.
  if (locked && signing) setSigning(false);
  const [managing, setManaging] = useState(false);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const { held, change } = draft;
  const found = useFound(of.case);
  useHotkeys(
    [
      ['mod+Enter', () => held && !locked && !isEmpty(held.draft) && setSigning(true)],
      ['mod+s', () => void draft.flush()],
    ],
    [],
  );
  if (!held) return <Waiting />;
  const { draft: text } = held;
  const standing = standings.includes(text.standing) ? text.standing : preferred;
  const blocks = [...ownBlocks(), ...BLOCKS[text.language === 'en' ? 'en' : 'fr']];

  const choose = (id: string | null) => {
    const template = REPORT_TEMPLATES.find(one => one.id === id);
    const said = text.language === 'en' ? 'en' : 'fr';
    if (!template) return;
    change({ technique: template.technique[said], findings: template.findings[said], conclusion: template.conclusion[said] });
    focusAt(fields, 'technique', nextGap(template.technique[said], 0));
  };
  const write = (part: Part, value: string, from: number, to: number) => {
    flushSync(() => change({ [part]: value }));
    focusAt(fields, part, { from, to });
  };
  const onKey = (part: Part) => (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const field = event.currentTarget;
    if (event.key === 'Tab' && !event.shiftKey) {
      const expanded = expandAt(field.value, field.selectionStart, blocks);
      if (!expanded) return;
      event.preventDefault();
      write(part, expanded.text, expanded.from, expanded.to);
    } else if (event.altKey && event.code === 'KeyG') {
      event.preventDefault();
      toNextGap(fields, text, part, field.selectionEnd);
    } else if (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      const to = PARTS[PARTS.indexOf(part) + (event.key === 'ArrowDown' ? 1 : -1)];
      if (to) fields.current[to]?.focus();
    }
  };
  const insert = (block: string) => {
    const field = document.activeElement instanceof HTMLTextAreaElement ? document.activeElement : fields.current.findings;
    const part = PARTS.find(one => fields.current[one] === field) ?? 'findings';
    const at = fields.current[part]?.selectionEnd ?? text[part].length;
    write(part, text[part].slice(0, at) + block + text[part].slice(at), at + block.length, at + block.length);
  };
  const best = fitting(of.modality, of.region)?.id;

  return (
    <section className={classes.editor} data-screen data-standing={standing} aria-label={t('cases.write')}>
      <div className={classes.band}>
        <strong>{t(`cases.standing.${standing}`)}</strong>
        <span>{t(standing === 'preliminary' ? 'cases.notFinal' : `cases.standingHelp.${standing}`)}</span>
      </div>
      <div className={classes.tools}>
        {standings.length > 1 && (
          <SegmentedControl
            size="xs"
            aria-label={t('cases.standingLabel')}
            value={standing}
            onChange={value => change({ standing: value })}
            data={standings.map(one => ({ value: one, label: t(`cases.standing.${one}`) }))}
          />
        )}
        <Select
          size="xs"
          w={190}
          aria-label={t('cases.template')}
          placeholder={t('cases.template')}
          value={null}
          data={[...REPORT_TEMPLATES].sort((a, b) => Number(b.id === best) - Number(a.id === best)).map(one => ({ value: one.id, label: t(`cases.templates.${one.id}`) }))}
          onChange={choose}
          disabled={locked}
        />
        <Menu position="bottom-start" width={340} withInitialFocusPlaceholder={false}>
          <Menu.Target>
            <Button size="xs" variant="default" leftSection={<IconTextPlus size={15} />} onMouseDown={event => event.preventDefault()}>
              {t('cases.blocks')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {blocks.map(block => (
              <Menu.Item key={`${block.name} ${block.text}`} rightSection={<Kbd size="xs">/{block.name}</Kbd>} onClick={() => insert(block.text)}>
                <Text size="xs" lineClamp={1}>
                  {block.text}
                </Text>
              </Menu.Item>
            ))}
            <Menu.Divider />
            <Menu.Item onClick={() => setManaging(true)}>{t('cases.ownBlocks')}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
        <SegmentedControl
          size="xs"
          aria-label={t('cases.reportLanguage')}
          value={text.language === 'en' ? 'en' : 'fr'}
          onChange={value => change({ language: value })}
          data={[
            { value: 'fr', label: 'FR' },
            { value: 'en', label: 'EN' },
          ]}
        />
        <span className={classes.hints}>
          <Kbd size="xs">/…</Kbd> <Kbd size="xs">Tab</Kbd> {t('cases.hintBlock')} · <Kbd size="xs">Alt G</Kbd> {t('cases.hintGap')}
        </span>
      </div>
      {held.state === 'elsewhere' && (
        <div className={classes.conflict} role="alert">
          <span>{t('cases.draft.elsewhereText')}</span>
          <Button size="compact-sm" variant="white" color="dark" onClick={() => void draft.takeTheirs()}>
            {t('cases.draft.takeTheirs')}
          </Button>
          <Button size="compact-sm" variant="white" color="dark" onClick={() => void draft.keepMine()}>
            {t('cases.draft.keepMine')}
          </Button>
        </div>
      )}
      {PARTS.map(part => (
        <Textarea
          key={part}
          ref={element => {
            fields.current[part] = element;
          }}
          lang={text.language}
          spellCheck
          label={t(`cases.part.${part}`)}
          value={text[part]}
          readOnly={locked}
          maxLength={TEXT_MAX}
          autosize
          minRows={part === 'findings' ? 8 : part === 'conclusion' ? 3 : 2}
          maxRows={24}
          data-part={part}
          autoFocus={part === 'findings'}
          onChange={event => change({ [part]: event.currentTarget.value })}
          onKeyDown={onKey(part)}
        />
      ))}
      <FoundChoice of={of} {...found} left={left} onLeave={setLeft} />
      <div className={classes.foot}>
        <Checkbox
          label={t('cases.criticalLabel')}
          description={t('cases.criticalHelp')}
          checked={text.critical}
          disabled={locked}
          onChange={event => change({ critical: event.currentTarget.checked })}
        />
        <Group gap="sm" ml="auto" wrap="nowrap">
          <DraftLine state={held.state} savedAt={held.savedAt} isFound={held.isFound} />
          <Button leftSection={<IconSignature size={17} />} disabled={locked || isEmpty(text)} onClick={() => setSigning(true)}>
            {t(`cases.sign.${standing}`)}
          </Button>
        </Group>
      </div>
      {signing && (
        <SignDialog
          id={of.case}
          bound={bound}
          text={{ ...text, standing }}
          read={read}
          images={signedWith(found.images, left)}
          onBefore={draft.flush}
          onSigned={draft.done}
          onClose={() => setSigning(false)}
        />
      )}
      {managing && <BlocksDialog onClose={() => setManaging(false)} />}
    </section>
  );
}

type Fields = RefObject<Partial<Record<Part, HTMLTextAreaElement | null>>>;

function focusAt(fields: Fields, part: Part, place: { from: number; to: number } | null) {
  // After the text is on the page.
  requestAnimationFrame(() => {
    const field = fields.current[part];
    field?.focus();
    if (place) field?.setSelectionRange(place.from, place.to);
  });
}

/** The next gap, in this part or one of those that follow. */
function toNextGap(fields: Fields, text: Draft, part: Part, from: number) {
  const order = [...PARTS.slice(PARTS.indexOf(part)), ...PARTS.slice(0, PARTS.indexOf(part))];
  const here = text[part].slice(from);
  const ahead = nextGap(here, 0);
  if (ahead) {
    focusAt(fields, part, { from: from + ahead.from, to: from + ahead.to });
    return;
  }
  const next = [...order.slice(1), part].find(one => nextGap(text[one], 0));
  if (next) focusAt(fields, next, nextGap(text[next], 0));
}
