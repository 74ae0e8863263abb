// French and English: chosen from what the reader stored, else the browser; switchable at any moment.

import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import type { Strings } from '../strings/en';

export type Language = 'fr' | 'en';

/** The viewer reads the same key. */
export const LANGUAGE_KEY = 'confrere.language';

function stored(): string | null {
  try {
    return localStorage.getItem(LANGUAGE_KEY);
  } catch {
    return null;
  }
}

export function detect(): Language {
  const wished = stored() ?? navigator.language;
  return wished.toLowerCase().startsWith('fr') ? 'fr' : 'en';
}

/** One language is loaded, the other when somebody turns to it. */
const STRINGS: Record<Language, () => Promise<Strings>> = {
  en: async () => (await import('../strings/en')).en,
  fr: async () => (await import('../strings/fr')).fr,
};

export async function startLanguage(language: Language = detect()): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: await STRINGS[language]() } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = language;
}

async function turnTo(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, 'translation')) i18next.addResourceBundle(language, 'translation', await STRINGS[language]());
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
  const language: Language = i18n.language.startsWith('fr') ? 'fr' : 'en';
  return { t, language, locale: language === 'fr' ? 'fr-FR' : 'en-GB' };
}
