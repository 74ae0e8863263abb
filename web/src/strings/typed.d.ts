import 'i18next';
import type { FirstStrings } from './en';
import type { PageStrings } from './en.pages';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: FirstStrings & PageStrings };
  }
}
