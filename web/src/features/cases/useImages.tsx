// The images of a case, in the one viewer tab that the case has.

import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import type { Place } from '../../api/reading';
import { openReading } from '../../api/reading';
import { useProblem } from '../../components/problem';
import { useWords } from '../../lib/language';

export function useImages() {
  const { t, language } = useWords();
  const say = useProblem();
  const [busy, setBusy] = useState(false);
  /** `place`: where the viewer begins. */
  const open = async (studies: string[], id: string, place: Place | null = null) => {
    setBusy(true);
    try {
      const { address, opened } = await openReading(studies, language, `confrere-${id}`, place);
      if (!opened) {
        notifications.show({
          color: 'yellow',
          autoClose: false,
          title: t('list.blocked'),
          message: (
            <a href={address} target={`confrere-${id}`}>
              {t('list.blockedOpen')}
            </a>
          ),
        });
      }
    } catch (error) {
      notifications.show({ color: 'red', message: say(error), autoClose: 8_000 });
    } finally {
      setBusy(false);
    }
  };
  return { busy, open };
}
