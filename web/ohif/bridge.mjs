// The viewer's side of the portal: a runtime extension of OHIF.
//
// It shows how the images of the open studies arrive, says when the connection or the session is gone, tells the
// portal's tabs which studies are open here and of whom (tabs.mjs), and lays several studies out side by side. It draws a curtain before
// images that must no longer be used (standing.mjs), marks those that say another patient than their request (patients.mjs), lays previews over
// viewports that wait (previews.mjs), marks volumes that are not whole (volumes.mjs), lets studies side by side move together
// (together.mjs), says when an open study has more images than are shown (growth.mjs), and tells the node which images are shown
// (shown.mjs), which could not be decoded (undecoded.mjs), and that somebody sits before it (watch.mjs). It never touches pixels, tools
// or measurements.
import { Growth } from './growth.mjs';
import { hear } from './news.mjs';
import { Patients } from './patients.mjs';
import { Previews } from './previews.mjs';
import { Shown } from './shown.mjs';
import { Standing } from './standing.mjs';
import { announce, watchReports } from './tabs.mjs';
import { Together } from './together.mjs';
import { Undecoded } from './undecoded.mjs';
import { Volumes } from './volumes.mjs';
import { CALLING, Watch } from './watch.mjs';

const WORDS = {
  en: {
    images: 'images',
    verified: 'verified',
    waiting: 'waiting for the holding site',
    refused: 'The holding site refused: the permission is missing or was withdrawn.',
    corrupt: 'Refused: the bytes are not those the holding site signed.',
    lost: 'Connection to the node lost. Images already shown stay usable.',
    back: 'Connection restored.',
    expired: 'Your session has ended.',
    signIn: 'Sign in',
    corrected: 'This study was corrected by {site} at {time}.',
    rejected: 'Images of this study were rejected by {site} at {time}: they must not be used.',
    reinstated: 'A rejection of images of this study was taken back by {site} at {time}.',
    replaced: 'Images of this study were replaced by {site} at {time}.',
    withdrawn: 'This study was withdrawn by {site} at {time}: it must not be used.',
    fewer: 'Images of this study were rejected by {site} meanwhile: they must not be used.',
    unheard: 'This study was changed by {site}, last at {time}, while news of it could not be heard. Images may have been rejected or replaced: those that were shown must not be used.',
    anew: 'This study was removed by {site} meanwhile, and came again: the images that were shown must not be used.',
    gone: 'This study is no longer there. It was withdrawn or rejected by {site} meanwhile, or the right to read it ended: it must not be used.',
    reload: 'Reload',
    hidden: 'The images are no longer shown. Reload to see what is left of the study; measurements that were not stored are lost.',
    provenance: {
      verified: 'signed by {site}, verified',
      failed: 'Bytes were met that are not those {site} signed. They are not shown.',
      'not-covered': 'not signed yet',
    },
    before: 'What was changed before {site} received it cannot be seen.',
    signatures: {
      valid: 'digital signatures of the objects: valid',
      'unknown-signer': 'digital signatures of the objects: valid, by a certificate that this site does not know',
      weak: 'digital signatures of the objects: by a method that proves little',
      unchecked: 'digital signatures of the objects: cannot be checked',
      broken: 'A digital signature of an object is broken: something that it names is not what was signed.',
    },
    glass: 'Broken glass — {reason} — recorded at both sites — ends {time}',
    why: {
      'danger-to-life': 'danger to life',
      'cannot-consent': 'the patient cannot say what they want',
      'urgent-transfer': 'urgent transfer',
      'urgent-opinion': 'urgent opinion',
      other: 'other',
    },
    unavailable: 'Some images are not available now; the viewer asks again when you return to them.',
    alert: '{priority} · {site} · a case calls you',
    openCase: 'Open the case',
    heard: 'Heard',
    grown: '{count} images came after you opened this: {before} → {now}.',
    together: {
      off: 'Scrolling separately',
      registered: 'Scrolling together · same frame of reference: registered',
      parallel: 'Scrolling together · not registered: by millimetres, from the images that stand side by side',
      apart: 'These series have no orientation in common: they scroll separately',
      join: 'Scroll together',
      part: 'Separate',
    },
    superseded: 'A preliminary report lies with these images ({first}); it was superseded by the final one of {last}.',
    open: 'Open',
    closed: 'Closed: a report of another patient is being written in this browser.',
    otherReport: 'The report that is being written in this browser is of another patient: {name}.',
  },
  fr: {
    images: 'images',
    verified: 'vérifié',
    waiting: 'en attente du site détenteur',
    refused: 'Refus du site détenteur : l’autorisation manque ou a été retirée.',
    corrupt: 'Refusé : les octets ne sont pas ceux que le site détenteur a signés.',
    lost: 'Connexion au nœud perdue. Les images déjà affichées restent utilisables.',
    back: 'Connexion rétablie.',
    expired: 'Votre session est terminée.',
    signIn: 'Se connecter',
    corrected: 'Cet examen a été corrigé par {site} à {time}.',
    rejected: 'Des images de cet examen ont été rejetées par {site} à {time} : elles ne doivent pas être utilisées.',
    reinstated: 'Un rejet d’images de cet examen a été annulé par {site} à {time}.',
    replaced: 'Des images de cet examen ont été remplacées par {site} à {time}.',
    withdrawn: 'Cet examen a été retiré par {site} à {time} : il ne doit pas être utilisé.',
    fewer: 'Des images de cet examen ont été rejetées entre-temps par {site} : elles ne doivent pas être utilisées.',
    unheard: 'Cet examen a été modifié par {site}, en dernier à {time}, sans que la nouvelle puisse être reçue. Des images ont pu être rejetées ou remplacées : celles qui étaient affichées ne doivent pas être utilisées.',
    anew: 'Cet examen a été supprimé par {site} entre-temps, puis est revenu : les images qui étaient affichées ne doivent pas être utilisées.',
    gone: 'Cet examen n’est plus là. Entre-temps, {site} l’a retiré ou rejeté, ou le droit de le lire a pris fin : il ne doit pas être utilisé.',
    reload: 'Recharger',
    hidden: 'Les images ne sont plus affichées. Rechargez pour voir ce qui reste de l’examen ; les mesures non enregistrées sont perdues.',
    provenance: {
      verified: 'signé par {site}, vérifié',
      failed: 'Des octets ne sont pas ceux que {site} a signés. Ils ne sont pas affichés.',
      'not-covered': 'pas encore signé',
    },
    before: 'Une modification antérieure à la réception par {site} ne peut pas être vue.',
    signatures: {
      valid: 'signatures électroniques des objets : valides',
      'unknown-signer': 'signatures électroniques des objets : valides, d’un certificat que ce site ne connaît pas',
      weak: 'signatures électroniques des objets : d’une méthode qui prouve peu',
      unchecked: 'signatures électroniques des objets : non vérifiables',
      broken: 'Une signature électronique d’un objet est rompue : un élément qu’elle nomme n’est pas celui qui a été signé.',
    },
    glass: 'Bris de glace — {reason} — consigné par les deux sites — jusqu’à {time}',
    why: {
      'danger-to-life': 'pronostic vital',
      'cannot-consent': 'patient hors d’état d’exprimer sa volonté',
      'urgent-transfer': 'transfert en urgence',
      'urgent-opinion': 'avis urgent',
      other: 'autre',
    },
    unavailable: 'Certaines images ne sont pas disponibles pour le moment ; le visualiseur les redemandera.',
    alert: '{priority} · {site} · un dossier vous appelle',
    openCase: 'Ouvrir le dossier',
    heard: 'Entendu',
    grown: '{count} images sont arrivées après l’ouverture : {before} → {now}.',
    together: {
      off: 'Défilement séparé',
      registered: 'Défilement lié · même repère spatial : recalé',
      parallel: 'Défilement lié · non recalé : en millimètres, à partir des coupes placées côte à côte',
      apart: 'Ces séries n’ont pas d’orientation commune : défilement séparé',
      join: 'Lier le défilement',
      part: 'Séparer',
    },
    superseded: 'Un compte rendu provisoire accompagne ces images ({first}) ; il est remplacé par le compte rendu validé de {last}.',
    open: 'Ouvrir',
    closed: 'Fermé : le compte rendu d’un autre patient est en cours de rédaction dans ce navigateur.',
    otherReport: 'Le compte rendu en cours de rédaction dans ce navigateur est celui d’un autre patient : {name}.',
  },
};
const language = document.documentElement.lang.startsWith('fr') ? 'fr' : 'en';
const words = WORDS[language];
const locale = language === 'fr' ? 'fr-FR' : 'en-GB';
const number = (value, digits = 0) => value.toLocaleString(locale, { maximumFractionDigits: digits });
/** A date of DICOM as it is written here; what is none stays as it is. */
const day = text => {
  const [, year, month, date] = /^(\d{4})(\d{2})(\d{2})$/.exec(text ?? '') ?? [];
  return year ? new Date(Date.UTC(Number(year), Number(month) - 1, Number(date))).toLocaleDateString(locale, { timeZone: 'UTC' }) : text;
};

const query = new URLSearchParams(location.search);
const studies = (query.getAll('StudyInstanceUIDs').join(',') || '').split(',').filter(Boolean);

const STYLE = `
  .strip { position: fixed; left: 12px; bottom: 12px; z-index: 60; display: flex; flex-direction: column; gap: 6px;
    max-width: min(420px, calc(100vw - 24px)); font: 12.5px/1.4 system-ui, sans-serif; color: #e7ecf3; pointer-events: none; }
  .line { background: #141b26f2; border: 1px solid #2b3646; border-radius: 8px; padding: 7px 11px; overflow: hidden;
    position: relative; font-variant-numeric: tabular-nums; }
  .line[data-tone=bad] { border-color: #e0615a; background: #2a1416f5; pointer-events: auto; }
  .line[data-tone=wait] { border-color: #d29a3a; }
  .line[data-tone=good] { border-color: #3f9f6f; }
  .bar { position: absolute; left: 0; bottom: 0; height: 2px; background: #56a8f5; }
  .curtain { position: fixed; inset: 0; z-index: 55; display: grid; place-content: center; justify-items: center; gap: 14px;
    padding: 24px; text-align: center; background: #0b1017; color: #e7ecf3; font: 15px/1.5 system-ui, sans-serif; }
  .curtain strong { max-width: 44ch; font-size: 18px; }
  .curtain span { max-width: 60ch; color: #a9b7c8; }
  .curtain button { padding: 8px 18px; border: 0; border-radius: 8px; background: #1c6bb3; color: #fff; font: inherit; cursor: pointer; }
  .curtain button:focus-visible { outline: 2px solid #8cc4ff; outline-offset: 2px; }
  .line button { margin-left: 8px; padding: 1px 9px; border: 1px solid #3d4c61; border-radius: 6px; background: #1d2836; color: #cfe4fa;
    font: inherit; cursor: pointer; pointer-events: auto; }
  .line button:focus-visible { outline: 2px solid #8cc4ff; }
  a { color: #8cc4ff; margin-left: 8px; pointer-events: auto; }
  @media (prefers-reduced-motion: no-preference) { .bar { transition: width .2s linear; } }
`;

class Strip {
  constructor() {
    const host = document.createElement('div');
    host.id = 'confrere-strip';
    this.host = host;
    this.curtain = null;
    const root = host.attachShadow({ mode: 'open' });
    const style = document.createElement('style');
    style.textContent = STYLE;
    this.box = document.createElement('div');
    this.box.className = 'strip';
    this.box.setAttribute('role', 'status');
    this.box.setAttribute('aria-live', 'polite');
    root.append(style, this.box);
    document.body.append(host);
    this.lines = new Map();
  }

  show(key, text, { tone = '', share = null, link = null, button = null, leaveAfterMs = 0, title = '' } = {}) {
    let line = this.lines.get(key);
    if (!line) {
      line = { element: document.createElement('div'), timer: 0 };
      line.element.className = 'line';
      this.lines.set(key, line);
      this.box.append(line.element);
    }
    clearTimeout(line.timer);
    line.element.dataset.tone = tone;
    line.element.replaceChildren(text);
    line.element.title = title;
    if (link) {
      const anchor = document.createElement('a');
      anchor.href = link.href;
      anchor.textContent = link.text;
      if (link.target) anchor.target = link.target;
      line.element.append(anchor);
    }
    if (button) {
      const press = document.createElement('button');
      press.type = 'button';
      press.textContent = button.text;
      press.addEventListener('click', button.press);
      line.element.append(press);
    }
    if (share !== null) {
      const bar = document.createElement('div');
      bar.className = 'bar';
      bar.style.width = `${Math.round(share * 100)}%`;
      line.element.append(bar);
    }
    if (leaveAfterMs) line.timer = setTimeout(() => this.hide(key), leaveAfterMs);
  }

  hide(key) {
    const line = this.lines.get(key);
    if (!line) return;
    clearTimeout(line.timer);
    line.element.remove();
    this.lines.delete(key);
  }

  has(key) {
    return this.lines.has(key);
  }

  /** Whether a line says this, and nothing else. */
  says(key, text) {
    return this.lines.get(key)?.element.textContent === text;
  }

  /** Takes everything else off the screen until the page is loaded anew. A later reason takes the place of an earlier. */
  draw(text) {
    document.getElementById('confrere-curtain')?.remove();
    const hide = document.createElement('style');
    hide.id = 'confrere-curtain';
    hide.textContent = 'body > :not(#confrere-strip) { visibility: hidden !important; }';
    document.head.append(hide);
    for (const other of document.body.children) if (other !== this.host) other.inert = true;
    this.curtain?.remove();
    this.curtain = document.createElement('div');
    this.curtain.className = 'curtain';
    this.curtain.setAttribute('role', 'alertdialog');
    this.curtain.setAttribute('aria-label', text);
    // The viewer's own keys are not for what stands before it.
    for (const kind of ['keydown', 'keyup', 'keypress']) this.curtain.addEventListener(kind, event => event.stopPropagation());
    const [why, then, again] = ['strong', 'span', 'button'].map(name => document.createElement(name));
    why.textContent = text;
    then.textContent = words.hidden;
    again.textContent = words.reload;
    again.type = 'button';
    again.addEventListener('click', () => location.reload());
    this.curtain.append(why, then, again);
    this.box.before(this.curtain);
    // Its lines speak of images that are shown.
    this.box.style.display = 'none';
    again.focus();
  }
}

function showTransfer(strip, transfer) {
  if (!studies.includes(transfer.study)) return;
  const key = `transfer ${transfer.study}`;
  const count = `${number(transfer.instances_done)}/${number(transfer.instances_total)} ${words.images}`;
  const share = transfer.bytes_total > 0 ? transfer.bytes_done / transfer.bytes_total : null;
  if (transfer.state === 'done') {
    strip.show(key, `${transfer.site_name} · ${count} · ${words.verified}`, { tone: 'good', share: 1, leaveAfterMs: 4000 });
  } else if (transfer.state === 'waiting') {
    strip.show(key, `${transfer.site_name} · ${count} · ${words.waiting}`, { tone: 'wait', share });
  } else if (transfer.state === 'refused' || transfer.state === 'corrupt') {
    strip.show(key, `${transfer.site_name} · ${words[transfer.state]}`, { tone: 'bad' });
  } else {
    const parts = [transfer.site_name, count];
    if (transfer.bytes_per_s > 0) parts.push(`${number(transfer.bytes_per_s / 1e6, 1)} ${language === 'fr' ? 'Mo/s' : 'MB/s'}`);
    if (transfer.seconds_left !== null) parts.push(`${number(Math.ceil(transfer.seconds_left))} s`);
    strip.show(key, parts.join(' · '), { share });
  }
}

const TONES = { verified: 'good', failed: 'bad', 'not-covered': 'wait' };

/** Whether what is shown of a study is compared with what its site signed. It stands as long as the viewer is open. */
function showProvenance(strip, study) {
  const which = studies.length > 1 ? `${[day(study.date), study.modalities.join('/')].filter(Boolean).join(' ')} · ` : '';
  const text = `${which}${words.provenance[study.provenance].replace('{site}', study.custodian_name)}`;
  const title = words.before.replace('{site}', study.custodian_name);
  strip.show(`provenance ${study.study}`, text, { tone: TONES[study.provenance], title });
}

const SIGNATURE_TONES = { valid: 'good', 'unknown-signer': 'wait', weak: 'wait', unchecked: 'wait', broken: 'bad' };

/** A study has more images than when it was opened: they are not on the screen until the page is loaded anew. */
function showGrown(strip, { study, before, now }) {
  const text = words.grown.replace('{count}', number(now - before)).replace('{before}', number(before)).replace('{now}', number(now));
  strip.show(`grown ${study}`, text, { tone: 'bad', link: { href: location.href, text: words.reload } });
}

/** Whether studies side by side move together, and by what; with the way to change it. `null`: there are no two. */
function showTogether(strip, told) {
  if (!told) {
    strip.hide('together');
    return;
  }
  const { on, how, toggle } = told;
  const text = words.together[how === 'apart' || on ? how : 'off'];
  const button = how === 'apart' ? null : { text: on ? words.together.part : words.together.join, press: toggle };
  strip.show('together', text, { tone: on && how === 'registered' ? 'good' : on && how === 'parallel' ? 'wait' : '', button });
}

/** What became of the signatures that the objects of each open study carry. Nothing is said where there are none. */
async function showSignatures(strip) {
  for (const uid of studies) {
    try {
      const answer = await fetch(`/api/studies/${uid}/signatures`);
      const text = await answer.text();
      if (!answer.ok) continue;
      const { standing } = JSON.parse(text);
      const said = words.signatures[standing];
      if (said) strip.show(`signatures ${uid}`, said, { tone: SIGNATURE_TONES[standing] });
    } catch {
      strip.show('connection', words.lost, { tone: 'bad' });
    }
  }
}

/** A preliminary report that lies with the images, and that a final one took the place of, says so for as long as they are shown. */
async function showReports(strip) {
  const when = at => new Date(at).toLocaleString(locale, { day: '2-digit', month: '2-digit', hour: '2-digit', minute: '2-digit' });
  const by = one => `${one.person}, ${one.site_name}, ${when(one.at)}`;
  for (const uid of studies) {
    try {
      const answer = await fetch(`/api/studies/${uid}/reports`);
      const text = await answer.text();
      if (!answer.ok) continue;
      for (const { case: id, signed, superseded_by: last } of JSON.parse(text)) {
        if (!last) continue;
        const said = words.superseded.replace('{first}', by(signed)).replace('{last}', by(last));
        strip.show(`report ${signed.event}`, said, { tone: 'wait', link: { href: `/cases/${id}`, text: words.open, target: '_blank' } });
      }
    } catch {
      strip.show('connection', words.lost, { tone: 'bad' });
    }
  }
}

function showState(strip, state) {
  if (state === 'open') {
    if (strip.has('connection')) strip.show('connection', words.back, { tone: 'good', leaveAfterMs: 3000 });
    strip.hide('session');
  } else if (state === 'lost') {
    showLost(strip);
  }
}

/** What stands stays as it is, and is not read out again. */
function showLost(strip) {
  if (!strip.says('connection', words.lost)) strip.show('connection', words.lost, { tone: 'bad' });
}

/** Whether the session goes on, as far as anybody knows. */
async function checkSession(strip) {
  try {
    const answer = await fetch('/api/session');
    await answer.text();
    if (answer.status !== 401) return true;
    if (!strip.has('session')) strip.show('session', words.expired, { tone: 'bad', link: { href: '/', text: words.signIn } });
    return false;
  } catch {
    showLost(strip);
    return true;
  }
}

/** What the viewer hears of. */
const NEWS = ['transfer', 'amended', 'list', ...CALLING];

function listen({ strip, watch, growth, patients, standing }) {
  let last = '';
  /** Whoever is signed in and hears nothing is told so; after the session's end whoever signs in again opens the stream. */
  const onRefused = async () => {
    const goesOn = await checkSession(strip);
    if (goesOn && last === 'refused') showLost(strip);
    return goesOn;
  };
  const onState = state => {
    last = state;
    showState(strip, state);
    if (state === 'refused') return onRefused();
    if (state !== 'open') return true;
    // What was told while nobody listened is asked about.
    standing.reopened();
    patients.changed();
    growth.changed(null);
    watch.changed();
    void showRunning(strip);
    return true;
  };
  const onNews = (name, data) => {
    if (name === 'transfer') {
      const transfer = JSON.parse(data);
      showTransfer(strip, transfer);
      if (studies.includes(transfer.study) && ['done', 'corrupt'].includes(transfer.state)) standing.changed(0);
    } else if (name === 'amended') {
      const notice = JSON.parse(data);
      standing.told(notice);
      patients.ofStudy(notice.study);
    } else if (CALLING.includes(name)) {
      watch.changed();
      if (name === 'case') patients.ofCase(JSON.parse(data).case);
      else if (name === 'cases') patients.changed();
    } else if (name === 'list') {
      const study = JSON.parse(data)?.study ?? null;
      growth.changed(study);
      patients.ofStudy(study);
      standing.listed(study);
    }
  };
  // The node answers: where the news are heard, too, nothing is lost any more.
  standing.back = () => last === 'open' && showState(strip, last);
  hear({ names: NEWS, onState, onNews });
}

async function showRunning(strip) {
  try {
    const answer = await fetch('/api/transfers');
    if (!answer.ok) return;
    const transfers = await answer.json();
    for (const study of studies) {
      const key = `transfer ${study}`;
      const transfer = transfers.find(one => one.study === study);
      if (!transfer) strip.hide(key);
      else if (transfer.state !== 'done' || strip.has(key)) showTransfer(strip, transfer);
    }
  } catch {
    // The stream tells the same a moment later.
  }
}

/** A study that is open by broken glass says so for as long as it is on the screen. */
function showGlass(strip, broken) {
  const time = new Date(broken.ends).toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' });
  const text = words.glass.replace('{reason}', words.why[broken.reason] ?? words.why.other).replace('{time}', time);
  strip.show(`glass ${broken.request}`, `${broken.site_name} · ${text}`, { tone: 'bad' });
}

let started = false;
function start(services) {
  if (started) return;
  started = true;
  const strip = new Strip();
  const watch = new Watch({ strip, words });
  const growth = new Growth({ studies, tell: told => showGrown(strip, told) });
  void growth.start();
  const patients = new Patients({ studies, strip, language, day });
  const standing = new Standing({
    studies, strip, words, locale,
    show: study => {
      showProvenance(strip, study);
      if (study.break_glass) showGlass(strip, study.break_glass);
    },
    lost: () => showLost(strip),
  });
  void standing.ask();
  listen({ strip, watch, growth, patients, standing });
  watch.start();
  void showRunning(strip);
  void showSignatures(strip);
  void showReports(strip);
  patients.start(services);
  announce({ strip, services, studies, words, patients });
  watchReports({ strip, studies, words });
  new Previews({ strip, studies, language }).start(services);
  new Volumes({ language }).start(services);
  new Shown().start();
  new Undecoded({ studies }).start(services);
  new Together({ studies, tell: told => showTogether(strip, told), patients }).start(services);
  addEventListener('confrere:http-error', ({ detail }) => {
    if (detail.status === 401) void checkSession(strip);
    else if (detail.status === 0) showLost(strip);
    else if (detail.status >= 500) {
      strip.show('unavailable', words.unavailable, { tone: 'wait', leaveAfterMs: 8000 });
      if (detail.status === 502) standing.changed(0);
    }
  });
}

const MOST_COMPARED = 4;
/** The places of studies in the address that get a viewport. */
const places = studies.slice(0, MOST_COMPARED).map((_, place) => place);
const options = { viewportType: 'stack', toolGroupId: 'default', allowUnmatchedView: true };
const imagesOf = place => `study${place}`;

/** The images of the study at a place of the address: the current one is first, its priors follow. */
function selector(place) {
  return {
    studyMatchingRules: [
      { attribute: 'studyInstanceUIDsIndex', from: 'options', required: true, constraint: { equals: { value: place } } },
    ],
    seriesMatchingRules: [{ attribute: 'numImageFrames', required: true, constraint: { greaterThan: { value: 0 } } }],
  };
}

/** Studies side by side, one viewport each. */
const comparison = {
  id: 'confrere.compare',
  name: language === 'fr' ? 'Comparaison' : 'Comparison',
  protocolMatchingRules: [],
  toolGroupIds: ['default'],
  numberOfPriorsReferenced: 0,
  defaultViewport: { viewportOptions: options, displaySets: [{ id: imagesOf(0), matchedDisplaySetsIndex: -1 }] },
  displaySetSelectors: Object.fromEntries(places.map(place => [imagesOf(place), selector(place)])),
  stages: [
    {
      name: 'default',
      viewportStructure: {
        layoutType: 'grid',
        properties: places.length > 3 ? { rows: 2, columns: 2 } : { rows: 1, columns: Math.max(1, places.length) },
      },
      viewports: places.map(place => ({ viewportOptions: options, displaySets: [{ id: imagesOf(place) }] })),
    },
  ],
};

export default {
  id: 'confrere.bridge',
  getHangingProtocolModule: () => (places.length > 1 ? [{ name: comparison.id, protocol: comparison }] : []),
  preRegistration({ servicesManager }) {
    start(servicesManager.services);
  },
};
