// French and English: chosen from what the reader stored, else the browser; switchable at any moment.

import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import type { FirstStrings } from '../strings/en';
import type { PageStrings } from '../strings/en.pages';

export type Language = 'fr' | 'en';

/** The viewer reads the same key. */
export const LANGUAGE_KEY = 'confrere.language';

const languageOf = (tag: string): Language => (tag.toLowerCase().startsWith('fr') ? 'fr' : 'en');

function stored(): string | null {
  try {
    return localStorage.getItem(LANGUAGE_KEY);
  } catch {
    return null;
  }
}

export function detect(): Language {
  return languageOf(stored() ?? navigator.language);
}

/** One language is loaded, the other when somebody turns to it; what further pages say, with the first of them. */
const FIRST: Record<Language, () => Promise<FirstStrings>> = {
  en: async () => (await import('../strings/en')).en,
  fr: async () => (await import('../strings/fr')).fr,
};
const PAGES: Record<Language, () => Promise<PageStrings>> = {
  en: async () => (await import('../strings/en.pages')).enPages,
  fr: async () => (await import('../strings/fr.pages')).frPages,
};

/** Further pages were turned to: a language that is loaded is loaded whole. */
let isWhole = false;

const add = (language: Language, words: object): unknown => i18next.addResourceBundle(language, 'translation', words, true, true);

async function load(language: Language): Promise<void> {
  const [first, pages] = await Promise.all([FIRST[language](), isWhole ? PAGES[language]() : null]);
  add(language, first);
  if (pages) add(language, pages);
}

/** The words of further pages, in the language of the moment and in any that is turned to later. */
export async function wholeWords(): Promise<void> {
  isWhole = true;
  const language = languageOf(i18next.language);
  add(language, await PAGES[language]());
}

export async function startLanguage(language: Language = detect()): Promise<void> {
  await i18next.use(initReactI18next).init({ lng: language, fallbackLng: false, resources: {}, interpolation: { escapeValue: false }, returnNull: false });
  await load(language);
  document.documentElement.lang = language;
}

async function turnTo(language: Language): Promise<void> {
  await load(language);
  document.documentElement.lang = language;
  await i18next.changeLanguage(language);
}

export function choose(language: Language): void {
  try {
    localStorage.setItem(LANGUAGE_KEY, language);
  } catch {
    // Kept for this page only.
  }
  void turnTo(language);
}

/** The translation function, the language and the locale for dates and numbers. */
export function useWords() {
  const { t, i18n } = useTranslation();
  const language = languageOf(i18n.language);
  return { t, language, locale: language === 'fr' ? 'fr-FR' : 'en-GB' };
}

/** The sentence for a word of the node; what a person wrote is shown as it is, whatever stands in it. */
export const wordOf = (known: Readonly<Record<string, string>>, text: string): string => (Object.hasOwn(known, text) ? known[text] : undefined) ?? text;
