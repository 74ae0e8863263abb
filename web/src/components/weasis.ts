// Opening studies in Weasis on the reader's own machine.

import { notifications } from '@mantine/notifications';
import { weasisAddress } from '../api/reading';
import { useWords } from '../lib/language';
import { useProblem } from './problem';

export function useWeasis() {
  const { t } = useWords();
  const say = useProblem();
  return async (studies: string[]) => {
    try {
      // A scheme of the machine's own: the page stays, the system asks and opens the program.
      location.assign(await weasisAddress(studies));
      notifications.show({ title: t('images.weasis'), message: t('images.weasisHelp'), autoClose: 12_000, closeButtonProps: { 'aria-label': t('common.close') } });
    } catch (error) {
      notifications.show({ color: 'red', message: say(error), autoClose: 8_000 });
    }
  };
}
