// The viewer is a screen that is live: whoever reads in it is on duty before it. It says so to the node every some seconds while
// it is shown, and shows and rings what calls its reader, until they say that they heard, here or on another screen.
//
// Not here: who is called, and when that is over. The node says so.
import { chime, isCalm, rings, wakeChime } from './chime.mjs';

const ALIVE_MS = 15_000;
const LOOK_MS = 30_000;
const RING_MS = 20_000;
const SHOWN = 3;
/** One page of the browser rings: the portal's and the viewer's ask for the same lock. */
const LOCK = 'confrere-alert-sound';
/** After which news of the node something else may call. */
export const CALLING = ['case', 'cases', 'alerts'];

export class Watch {
  constructor({ strip, words }) {
    this.strip = strip;
    this.words = words;
    this.alerts = [];
    /** What stands on the screen, by the alert. */
    this.lines = new Map();
    this.mine = false;
    this.timer = 0;
  }

  start() {
    const alive = () => {
      if (document.visibilityState === 'visible') void fetch('/api/shifts/alive', { method: 'POST' }).catch(() => undefined);
    };
    alive();
    setInterval(alive, ALIVE_MS);
    document.addEventListener('visibilitychange', alive);
    const wake = () => void wakeChime().then(awake => awake && this.ringHere());
    addEventListener('pointerdown', wake, { capture: true });
    addEventListener('keydown', wake, { capture: true });
    void this.look();
    setInterval(() => void this.look(), LOOK_MS);
    setInterval(() => this.ring(), RING_MS);
  }

  /** Something happened that may call, or be over. Several at once are asked about once. */
  changed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), 200);
  }

  ringHere() {
    if (this.asked) return;
    this.asked = true;
    if (!navigator.locks) this.mine = true;
    else void navigator.locks.request(LOCK, () => {
      this.mine = true;
      this.ring();
      return new Promise(() => undefined);
    });
  }

  ring() {
    const sound = rings(this.alerts);
    if (this.mine && sound) chime(sound);
  }

  async look() {
    try {
      const answer = await fetch('/api/cases/alerts');
      if (answer.ok) this.show(await answer.json());
    } catch {
      // What called still calls: it is asked about again.
    }
  }

  show(alerts) {
    const known = new Set(this.alerts.map(alert => alert.id));
    const isNew = alerts.some(alert => !known.has(alert.id) && !isCalm(alert));
    this.alerts = alerts;
    const wanted = alerts.slice(0, SHOWN);
    for (const id of [...this.lines.keys()].filter(one => !wanted.some(alert => alert.id === one))) {
      this.strip.hide(`alert ${id}`);
      this.lines.delete(id);
    }
    for (const alert of wanted) {
      const text = this.words.alert.replace('{priority}', alert.priority).replace('{site}', alert.site_name);
      // What stands stays as it is, with the focus on it, and is not read out again.
      if (this.lines.get(alert.id) === text) continue;
      this.lines.set(alert.id, text);
      this.strip.show(`alert ${alert.id}`, text, {
        tone: isCalm(alert) ? '' : 'bad',
        link: { href: `/cases/${alert.case}`, text: this.words.openCase, target: '_blank' },
        button: { text: this.words.heard, press: () => void this.heard(alert) },
      });
    }
    if (isNew) this.ring();
  }

  async heard({ id, case: name }) {
    try {
      await fetch(`/api/cases/${name}/alerts`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ alerts: [id] }) });
    } finally {
      await this.look();
    }
  }
}
