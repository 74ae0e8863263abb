// Opening studies: the node makes a reading context of exactly the studies asked for, the viewer opens on it.

import { post } from './client';
import type { Reading, Viewing } from './types';

/** Where the viewer begins: a series, and an image of it. */
export interface Place {
  study: string;
  series: string;
  instance: string | null;
}

/**
 * Gives the viewer's address; `opened` is false where the browser did not let a tab open. `name`: the tab of that name is
 * used again, so that one case has one viewer. `place`: that image is shown, alone.
 */
export async function openReading(studies: string[], language: 'fr' | 'en', name = '_blank', place: Place | null = null): Promise<{ address: string; opened: boolean }> {
  // The viewer looks for the image from the first study on.
  const ordered = place ? [place.study, ...studies.filter(study => study !== place.study)] : studies;
  const reading = await post<Reading>('/readings', { studies: ordered });
  const address = `${reading.viewer}&lng=${language === 'fr' ? 'fr' : 'en-US'}${shownAt(ordered, place)}`;
  return { address, opened: window.open(address, name) !== null };
}

/**
 * The address by which Weasis opens on the person's own machine, with a token that reads these studies alone, for a short time and
 * no longer than the session.
 */
export async function weasisAddress(studies: string[]): Promise<string> {
  const viewing = await post<Viewing>('/readings/viewer', { studies });
  const named = studies.map(study => ` -r "studyUID=${study}"`).join('');
  const command = `$dicom:rs --url "${location.origin}${viewing.dicomweb_root}"${named} -H "Authorization: Bearer ${viewing.token}"`;
  return `weasis://${encodeURIComponent(command)}`;
}

function shownAt(studies: string[], place: Place | null): string {
  if (!place) {
    // The first study and its prior side by side; by itself the viewer may show a prior alone.
    return studies.length > 1 ? '&hangingProtocolId=confrere.compare' : '';
  }
  const asked = new URLSearchParams({ hangingProtocolId: 'default', initialSeriesInstanceUID: place.series });
  if (place.instance !== null) asked.set('initialSOPInstanceUID', place.instance);
  return `&${asked.toString()}`;
}
