// What the viewer and the portal's tabs of this browser tell each other: which studies are open here and of whom, and of which patient
// a report is being written.

/** Tells the portal's tabs what is open here, and of whom; closes, or hides its images, when one of them asks for it. */
export function announce({ strip, services, studies, words, patients }) {
  const channel = new BroadcastChannel('confrere-viewer');
  const id = crypto.randomUUID();
  let patient = null;
  let isHidden = false;
  const tell = kind => {
    // Images that say another patient than their request are of nobody who is known.
    if (!isHidden) channel.postMessage({ kind, id, studies, patient: patients.hasDoubts ? null : patient });
  };
  const close = () => {
    tell('closed');
    isHidden = true;
    // What no script opened no script closes.
    window.close();
    strip.draw(words.closed);
  };
  tell('opened');
  void ofWhom(studies[0]).then(known => {
    patient = known;
    tell('opened');
  });
  patients.follow(() => tell('opened'));
  channel.onmessage = ({ data }) => {
    if (data?.kind === 'who') tell('opened');
    if (data?.kind === 'close' && data.ids?.includes(id)) close();
  };
  addEventListener('pagehide', () => tell('closed'));
  // Back from the browser's memory of pages.
  addEventListener('pageshow', ({ persisted }) => persisted && tell('opened'));
  const { measurementService } = services;
  if (measurementService?.subscribe && measurementService.EVENTS?.MEASUREMENT_ADDED) {
    measurementService.subscribe(measurementService.EVENTS.MEASUREMENT_ADDED, () => tell('measured'));
  }
}

/** The patient of a study, as the node says; `null`: it does not. */
async function ofWhom(study) {
  try {
    const answer = await fetch(`/api/studies/${study}`);
    const text = await answer.text();
    if (!answer.ok) return null;
    const { name, birth_date, id, issuer } = JSON.parse(text).patient;
    return { name: name ?? '', birth_date: birth_date ?? '', id: id ?? '', issuer: issuer ?? '' };
  } catch {
    return null;
  }
}

/** One browser, one patient: says so when a report is being written on a case that these studies are not of. */
export function watchReports({ strip, studies, words }) {
  const channel = new BroadcastChannel('confrere-report');
  const foreign = new Map();
  const show = () => {
    const [name] = foreign.values();
    if (name === undefined) strip.hide('report');
    else strip.show('report', words.otherReport.replace('{name}', name.split('^').filter(Boolean).join(' ')), { tone: 'bad' });
  };
  channel.onmessage = ({ data }) => {
    if (data?.kind !== 'bound' && data?.kind !== 'free') return;
    const isOurs = data.kind === 'free' || data.studies.some(study => studies.includes(study));
    if (isOurs) foreign.delete(data.id);
    else foreign.set(data.id, String(data.patient));
    show();
  };
  channel.postMessage({ kind: 'who' });
}
