// The sound of an alert, of the portal and of the viewer: made by the browser itself, so that nothing has to be loaded at 02:10.
// A browser plays nothing before somebody touched the page; `canChime` says whether it would be heard now.

/** What is read when there is time; it stands behind what calls, and rings nobody. */
const CALM = ['named', 'answered', 'reported', 'said', 'moved'];

export const isCalm = alert => CALM.includes(alert.kind);

/** Which of the two sounds, until it was heard; a lost claim is told once, and does not ring on. */
export function rings(alerts) {
  const ringing = alerts.filter(alert => alert.kind !== 'lost' && !isCalm(alert));
  if (ringing.length === 0) return null;
  return ringing.some(alert => alert.priority === 'P0' || alert.kind === 'critical' || alert.kind === 'escalated') ? 'urgent' : 'calm';
}

let context = null;

function audio() {
  if (typeof AudioContext !== 'function') return null;
  context ??= new AudioContext();
  return context;
}

export const canChime = () => context?.state === 'running';

/** Wakes the sound; called where a person touches the page. */
export async function wakeChime() {
  const made = audio();
  if (!made) return false;
  if (made.state !== 'running') await made.resume().catch(() => undefined);
  return made.state === 'running';
}

/** Pitches in hertz: rising for what is most urgent, two of one pitch else. */
const TONES = { urgent: [660, 880, 1_175, 880, 1_175], calm: [660, 660] };
const TONE_S = 0.17;
const LOUD = 0.35;

/** Plays; false where nothing can be heard. */
export function chime(kind) {
  const made = audio();
  if (made?.state !== 'running') return false;
  TONES[kind].forEach((pitch, index) => {
    const from = made.currentTime + index * TONE_S;
    const tone = made.createOscillator();
    const volume = made.createGain();
    tone.type = 'triangle';
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(LOUD, from + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.001, from + TONE_S);
    tone.connect(volume).connect(made.destination);
    tone.start(from);
    tone.stop(from + TONE_S);
  });
  return true;
}
