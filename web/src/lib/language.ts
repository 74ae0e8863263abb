// French and English: chosen from what the reader stored, else the browser; switchable at any moment.

import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import { en } from '../strings/en';
import { fr } from '../strings/fr';

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

export async function startLanguage(language: Language = detect()): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    resources: { en: { translation: en }, fr: { translation: fr } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = language;
}

export function choose(language: Language): void {
  try {
    localStorage.setItem(LANGUAGE_KEY, language);
  } catch {
    // Kept for this page only.
  }
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

/** The translation function, the language and the locale for dates and numbers. */
export function useWords() {
  const { t, i18n } = useTranslation();
  const language: Language = i18n.language.startsWith('fr') ? 'fr' : 'en';
  return { t, language, locale: language === 'fr' ? 'fr-FR' : 'en-GB' };
}
