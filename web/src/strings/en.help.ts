// The help, in English, for physicians and technologists. A line per paragraph.

export const helpWords = {
  title: 'Help',
  about: 'What the screens mean, and what happens when nobody does anything.',
  parts: 'Subjects',
  list: {
    title: 'The worklist',
    text: 'Every case of every covered hospital, the most urgent first: by priority, then by the time left. The time left is that of what is due next: an answer, a first report, a final report, a critical result to be heard.\nAbove the list each covered hospital says when it was last heard. A red hospital does not answer: an empty list then says nothing about it. Ring the number shown.\n“Reserved by” is the person who reads. Of two people who reserve in the same moment one has it; the other is told, and by whom.\n“Night board” shows who has what, who is free, and what lies with nobody.',
  },
  duty: {
    title: 'Taking and handing over a shift',
    text: 'To take a shift is to try the sound, the notifications and the link to every covered hospital: an alert has to be heard at 02:10. What failed is written with the shift.\nAs long as you are on duty a screen has to stay open, list or viewer. After a minute without one the alert goes out by telephone, then to the next rank.\nA shift does not end over open cases: it is handed over, and whoever comes says that they take them. Until then they are yours.',
  },
  asked: {
    title: 'When you are asked',
    text: 'Accept, or refuse with a reason: the requesting hospital sees it at once and the request goes to the next. If nobody answers in time it goes there by itself; at the end of the list the requester sees “not reached” and the numbers to ring.\nTo accept is not to reserve: accepting commits your site, reserving commits you. Give back what you will not read; nothing gives it back for you, except a long absence.',
  },
  images: {
    title: 'Images',
    text: 'Every byte is compared with what the hospital of origin signed before it is shown. What does not match is not shown, and it is said.\n“PREVIEW, NOT DIAGNOSTIC”: the image is reduced until the real one is here; measuring is off.\n“312/412”: 312 images are here, 412 are announced. “Count unconfirmed”: neither a person nor a machine said that no more will come. Images that arrive after you opened or reported the study are pointed out to you.\nSigning over missing, undecoded or unverified images needs a reason, which stays with the case.',
  },
  report: {
    title: 'The report',
    text: 'Preliminary: it counts at once and carries PROVISOIRE on every page. Final: it takes its place wherever it went. After a final report there are addenda; nothing is written over.\nSigning repeats the name, the birth date, the hospital and the date of the study. Where they differ from what is on your screen it is refused.\nThe draft is kept by the node; while the line is cut it is kept sealed in this browser, and leaves by itself when the line is back.',
  },
  critical: {
    title: 'The critical result',
    text: 'To open a report is not to have heard of it. A critical result stays open until a named physician of the requesting site says “I have it and act on it”, or until you write who heard it on the telephone and read it back.\nAfter fifteen minutes the requesting site’s telephone list is shown and the alarm rings at both ends.',
  },
  differ: {
    title: 'Two reports that differ',
    text: 'Where the final report does not say what the preliminary said, both texts stand side by side and a physician of the reading site classifies the difference. Whoever opened or printed the first has to say that they read the second.',
  },
  ask: {
    title: 'Asking for a reading',
    text: 'Choose a template: it fills in what goes without saying. What is missing is named in its place. Identity is checked with the patient or the wristband, not from memory.\nGive the telephone of the scanner room: that is where the radiologist rings. “Who was asked” says, rank by rank, who was asked, who was passed over, and why.\nConsent never holds up a life-threatening emergency.',
  },
  expert: {
    title: 'Asking for an opinion',
    text: 'Ask a question, choose the images that matter and the person, team or site. The expert can ask for more; the answer is in the case’s thread, with everything else.\nAn expert’s opinion does not take the place of the study’s report.',
  },
  priors: {
    title: 'Priors',
    text: 'Studies of the same patient, here and elsewhere, stand beside the case by an equal identifier of the same issuer, or by a link that a physician confirmed. A similar name and birth date make a candidate, to be compared, never a match.\nA link can be taken back: everything that was opened through it is then listed.',
  },
  cut: {
    title: 'When the line is cut',
    text: 'A banner says so. What is here can be read. Between this screen and your site, the report can be written and is kept in this browser; reserving and signing wait. Between two sites, you reserve and sign as ever, and all of it leaves when the line is back. Two sites that worked apart agree again by themselves, and nothing that was signed is lost.',
  },
  glass: {
    title: 'Emergency access',
    text: 'Where an agreement does not let you see a study and the patient is in danger, emergency access opens it with a reason, for a short time. It is written down at both hospitals and reviewed by the data protection officer.',
  },
  kept: {
    title: 'What is written down',
    text: 'Every access is written down here and at the hospital that holds the study: who, when, what, why. The patient can ask who looked at their images.',
  },
  not: {
    title: 'What Confrere is not',
    text: 'Confrere is not a certified medical device. It replaces neither the telephone in an emergency nor your judgement of the images’ quality.',
  },
};
