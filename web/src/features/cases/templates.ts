// Beginnings of reports and requests, in either language. `[…]` is a gap to be filled.

import type { Block } from './blocks';
import type { Kind, NewCase, Priority } from '../../api/types';

type Language = 'fr' | 'en';
type Said = Record<Language, string>;

export interface ReportTemplate {
  id: 'stroke' | 'trauma' | 'embolism' | 'abdomen' | 'brain' | 'plain';
  modality: string;
  region: string | null;
  technique: Said;
  findings: Said;
  conclusion: Said;
}

const both = (fr: string, en: string): Said => ({ fr, en });

export const REPORT_TEMPLATES: readonly ReportTemplate[] = [
  {
    id: 'stroke',
    modality: 'CT',
    region: 'HEAD',
    technique: both(
      'Scanner cérébral sans injection, puis angioscanner des troncs supra-aortiques et du polygone de Willis. PDL : […] mGy·cm.',
      'Unenhanced CT of the head, then CT angiography of the supra-aortic arteries and the circle of Willis. DLP: […] mGy·cm.',
    ),
    findings: both(
      'Pas d’hémorragie intra- ou péricérébrale.\nSignes précoces d’ischémie : […]. ASPECTS : […]/10.\nOcclusion artérielle proximale : […].\nCollatéralité : […].\nAxes à destinée encéphalique : […].\nLigne médiane en place, pas d’engagement.',
      'No intra- or extra-axial haemorrhage.\nEarly ischaemic signs: […]. ASPECTS: […]/10.\nProximal arterial occlusion: […].\nCollaterals: […].\nCervical arteries: […].\nMidline in place, no herniation.',
    ),
    conclusion: both('[…]. Délai depuis le début des signes : […].', '[…]. Time since onset: […].'),
  },
  {
    id: 'trauma',
    modality: 'CT',
    region: null,
    technique: both(
      'Scanner corps entier : encéphale et rachis cervical sans injection, thorax-abdomen-pelvis au temps artériel et portal. PDL : […] mGy·cm.',
      'Whole-body CT: head and cervical spine unenhanced, chest-abdomen-pelvis in arterial and portal phases. DLP: […] mGy·cm.',
    ),
    findings: both(
      'Encéphale : […].\nRachis : […].\nThorax : pas de pneumothorax, pas d’hémothorax, aorte : […].\nAbdomen : pas d’épanchement, pas de lésion d’organe plein, pas de fuite active.\nBassin et membres : […].',
      'Head: […].\nSpine: […].\nChest: no pneumothorax, no haemothorax, aorta: […].\nAbdomen: no free fluid, no solid organ injury, no active bleeding.\nPelvis and limbs: […].',
    ),
    conclusion: both('[…].', '[…].'),
  },
  {
    id: 'embolism',
    modality: 'CT',
    region: 'CHEST',
    technique: both(
      'Angioscanner des artères pulmonaires après injection de […] mL. Qualité d’opacification : […]. PDL : […] mGy·cm.',
      'CT pulmonary angiography after […] mL of contrast. Quality of enhancement: […]. DLP: […] mGy·cm.',
    ),
    findings: both(
      'Artères pulmonaires : […] jusqu’à l’étage […].\nRapport VD/VG : […].\nParenchyme : […].\nPlèvre et médiastin : […].',
      'Pulmonary arteries: […] down to the […] level.\nRV/LV ratio: […].\nLungs: […].\nPleura and mediastinum: […].',
    ),
    conclusion: both('[…] d’embolie pulmonaire.', '[…] pulmonary embolism.'),
  },
  {
    id: 'abdomen',
    modality: 'CT',
    region: 'ABDOMEN',
    technique: both(
      'Scanner abdomino-pelvien au temps portal. PDL : […] mGy·cm.',
      'CT of the abdomen and pelvis, portal phase. DLP: […] mGy·cm.',
    ),
    findings: both(
      'Pas de pneumopéritoine, pas d’épanchement.\nTube digestif : […].\nAppendice : […].\nFoie, voies biliaires, pancréas, rate : […].\nReins et voies urinaires : […].\nVaisseaux : […].',
      'No free air, no free fluid.\nBowel: […].\nAppendix: […].\nLiver, bile ducts, pancreas, spleen: […].\nKidneys and urinary tract: […].\nVessels: […].',
    ),
    conclusion: both('[…].', '[…].'),
  },
  {
    id: 'brain',
    modality: 'MR',
    region: null,
    technique: both('IRM : diffusion, FLAIR, T2*, TOF. […].', 'MR: diffusion, FLAIR, T2*, TOF. […].'),
    findings: both(
      'Diffusion : […].\nFLAIR : […].\nT2* : pas d’hémorragie. […].\nTOF : […].',
      'Diffusion: […].\nFLAIR: […].\nT2*: no haemorrhage. […].\nTOF: […].',
    ),
    conclusion: both('[…].', '[…].'),
  },
  {
    id: 'plain',
    modality: '',
    region: null,
    technique: both('[…].', '[…].'),
    findings: both('[…].', '[…].'),
    conclusion: both('[…].', '[…].'),
  },
];

/** The template that fits an examination best; the plain one fits all. */
export function fitting(modality: string, region: string): ReportTemplate | undefined {
  return (
    REPORT_TEMPLATES.find(one => one.modality === modality && one.region === region) ??
    REPORT_TEMPLATES.find(one => one.modality === modality && one.region === null) ??
    REPORT_TEMPLATES.at(-1)
  );
}

export const BLOCKS: Record<Language, readonly Block[]> = {
  fr: [
    { name: 'normal', text: 'Pas d’anomalie décelable.' },
    { name: 'anterieur', text: 'Comparaison avec l’examen du […] : stable.' },
    { name: 'sansanterieur', text: 'Pas d’examen antérieur disponible pour comparaison.' },
    { name: 'appel', text: 'Résultat transmis par téléphone au Dr […] à […], relu et confirmé.' },
    { name: 'limite', text: 'Examen de qualité limitée par […].' },
  ],
  en: [
    { name: 'normal', text: 'No abnormality detected.' },
    { name: 'prior', text: 'Compared with the examination of […]: unchanged.' },
    { name: 'noprior', text: 'No prior examination is available for comparison.' },
    { name: 'call', text: 'Result given by telephone to Dr […] at […], read back and confirmed.' },
    { name: 'limited', text: 'Quality of the examination limited by […].' },
  ],
};

export interface RequestTemplate {
  id: 'stroke' | 'trauma' | 'embolism' | 'abdomen' | 'opinion';
  kind: Kind;
  priority: Priority;
  modality: string;
  region: string;
  question: Said;
  context: Said;
  justification: Said;
}

export const REQUEST_TEMPLATES: readonly RequestTemplate[] = [
  {
    id: 'stroke',
    kind: 'diagnosis',
    priority: 'P0',
    modality: 'CT',
    region: 'HEAD',
    question: both(
      'Alerte AVC : hémorragie ? occlusion proximale ? Thrombolyse / thrombectomie ?',
      'Stroke alert: haemorrhage? proximal occlusion? Thrombolysis / thrombectomy?',
    ),
    context: both('Début des signes à […]. NIHSS […]. Anticoagulants : […].', 'Onset at […]. NIHSS […]. Anticoagulants: […].'),
    justification: both('Urgence neurovasculaire, pas de radiologue sur place.', 'Neurovascular emergency, no radiologist on site.'),
  },
  {
    id: 'trauma',
    kind: 'diagnosis',
    priority: 'P0',
    modality: 'CT',
    region: 'WHOLEBODY',
    question: both('Polytraumatisé : bilan lésionnel, saignement actif ?', 'Polytrauma: injuries, active bleeding?'),
    context: both('Mécanisme : […]. PA […], Glasgow […].', 'Mechanism: […]. BP […], GCS […].'),
    justification: both('Urgence vitale, pas de radiologue sur place.', 'Danger to life, no radiologist on site.'),
  },
  {
    id: 'embolism',
    kind: 'diagnosis',
    priority: 'P1',
    modality: 'CT',
    region: 'CHEST',
    question: both('Embolie pulmonaire ?', 'Pulmonary embolism?'),
    context: both('Dyspnée depuis […]. D-dimères […].', 'Dyspnoea since […]. D-dimers […].'),
    justification: both('Urgence, pas de radiologue sur place.', 'Emergency, no radiologist on site.'),
  },
  {
    id: 'abdomen',
    kind: 'diagnosis',
    priority: 'P1',
    modality: 'CT',
    region: 'ABDOMEN',
    question: both('Urgence chirurgicale ? […]', 'Surgical emergency? […]'),
    context: both('Douleur […] depuis […]. Fièvre […]. CRP […].', 'Pain […] since […]. Fever […]. CRP […].'),
    justification: both('Urgence, pas de radiologue sur place.', 'Emergency, no radiologist on site.'),
  },
  {
    id: 'opinion',
    kind: 'expertise',
    priority: 'P2',
    modality: '',
    region: '',
    question: both('Avis demandé : […]', 'Opinion asked for: […]'),
    context: both('[…]', '[…]'),
    justification: both('Avis d’un référent qui n’est pas sur place.', 'Opinion of an expert who is not on site.'),
  },
];

/** The request with a template put in; what was written by hand stays, but for what an earlier template wrote. */
export function withTemplate(before: NewCase, template: RequestTemplate, language: Language): NewCase {
  const written = (field: 'question' | 'context' | 'justification') => {
    const isUntouched = before[field].trim() === '' || REQUEST_TEMPLATES.some(one => one[field].fr === before[field] || one[field].en === before[field]);
    return isUntouched ? template[field][language] : before[field];
  };
  return {
    ...before,
    kind: template.kind,
    priority: template.priority,
    modality: before.studies.length > 0 && before.modality ? before.modality : template.modality,
    region: before.studies.length > 0 && before.region ? before.region : template.region,
    question: written('question'),
    context: written('context'),
    justification: written('justification'),
  };
}
