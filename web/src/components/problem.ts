// Failures in words, in the reader's language.

import { ApiError } from '../api/client';
import type { Fault } from '../api/types';
import { useWords } from '../lib/language';
import type { FirstStrings } from '../strings/en';
import type { PageStrings } from '../strings/en.pages';
import i18next from 'i18next';

type Code = keyof (FirstStrings & PageStrings)['error'];

function known(code: string): code is Code {
  return /^[\w-]+$/.test(code) && i18next.exists(`error.${code}`);
}

/** The line of a file that the node names. */
const lineOf = (message: string) => /^line (\d+)/.exec(message)?.[1] ?? '';

/** Says what went wrong; a reference is added where the node gave one. */
export function useProblem(): (error: unknown) => string {
  const { t } = useWords();
  return error => {
    if (!(error instanceof ApiError)) return t('error.other', { code: 'page' });
    const sentence = known(error.code)
      ? t(`error.${error.code}`, { seconds: error.retryS ?? 30, code: error.code, line: lineOf(error.message) })
      : t('error.other', { code: error.code });
    return error.reference ? `${sentence} ${t('common.reference', { reference: error.reference })}` : sentence;
  };
}

/** A refusal's code in words, where it came without an error (transfers, log). */
export function useReason(): (code: string) => string {
  const { t } = useWords();
  return code => (known(code) ? t(`error.${code}`, { seconds: 30, code, line: '' }) : code);
}

/** What is wrong somewhere else: its code in words, and what the system or the other side said of it. */
export function useFault(): (fault: Fault) => string {
  const { t } = useWords();
  return ({ code, detail }) => {
    const what = t(`fault.${code}`);
    return detail === '' ? what : t('fault.with', { what, detail });
  };
}
