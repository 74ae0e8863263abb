// What the node's API speaks: the shapes of docs/openapi.json, with the words narrowed that the node takes from a fixed set.

import type { components } from './openapi';

type Schemas = components['schemas'];

/** What the node sends has every field, where need be as `null`; only what it is sent may leave fields out. */
type Sent<Name extends keyof Schemas> = Required<Schemas[Name]>;

/** `Shape` with some of its fields narrowed to `Fields`. */
type With<Shape, Fields extends { [Field in keyof Fields]: Field extends keyof Shape ? Shape[Field] : never }> = Omit<
  Shape,
  keyof Fields
> &
  Fields;

export type Role = 'admin' | 'radiologist' | 'referrer' | 'technologist' | 'auditor';
export type Action = 'list-studies' | 'read-studies' | 'store-studies' | 'share-studies' | 'reject-studies' | 'export-studies' | 'label-studies' | 'administer' | 'read-log' | 'break-glass' | 'request-readings' | 'report-cases' | 'prepare-cases';
export type Availability = 'online' | 'nearline' | 'remote' | 'unreachable' | 'closed';
/** Which studies a DICOM peer may find and retrieve. */
export type Reach = 'none' | 'own' | 'all';
export type Preset = 'all' | 'on-call' | 'case-only';

export type PresenceRow = With<Sent<'PresenceRow'>, { answer: 'knows' | 'does-not' | 'not-reached' | 'refused' | 'faulty'; studies: { kind: 'CT' | 'MR' | 'XR' | 'US' | 'MG' | 'NM' | 'XA' | 'OT'; studies: number }[] }>;
export type PresenceAnswers = With<Sent<'PresenceAnswers'>, { sites: PresenceRow[] }>;
export type Site = With<Sent<'SiteFacts'>, { language: 'fr' | 'en' }>;
export type Person = With<Sent<'PersonJson'>, { role: Role }>;
export type Must = 'password' | 'second-factor';
export type Session = With<Sent<'Session'>, { person: Person; actions: Action[]; must: Must | null }>;
export type User = With<Sent<'UserJson'>, { role: Role; origin: Origin | null }>;
export type Credential = Schemas['Credential'];
export type Account = With<Sent<'Account'>, { role: Role; origin: Origin | null }>;
export type SignedIn = Sent<'SignedIn'>;
export type ListedToken = With<Sent<'ListedToken'>, { role: Role; actions: Action[] }>;
export type RoleRow = With<Sent<'RoleRow'>, { role: Role; actions: Action[] }>;
export type Enrolment = Sent<'Enrolment'>;
export type Recovery = Sent<'Recovery'>;
export type Leaving = Sent<'Leaving'>;
export type Leave = Sent<'Leave'>;
export type Origin = Sent<'Origin'>;
export type AtProvider = Sent<'AtProvider'>;

export type Patient = Sent<'Patient'>;
export type GlassReason = 'danger-to-life' | 'cannot-consent' | 'urgent-transfer' | 'urgent-opinion' | 'other';
export type BrokenGlass = With<Sent<'Broken'>, { reason: GlassReason }>;
export type GlassVerdict = 'justified' | 'not-justified' | 'follow-up';
export type Review = With<Sent<'Review'>, { reason: GlassReason; verdict: GlassVerdict | null }>;
export type WithheldHow = 'opposed' | 'masked' | 'no-break-glass';
export type AskedBy = 'patient' | 'representative' | 'physician' | 'site';
export type Withheld = With<Sent<'Withheld'>, { how: WithheldHow; asked_by: AskedBy }>;
export type Study = With<
  Sent<'Study'>,
  {
    patient: Patient;
    completeness: 'arriving' | 'complete';
    availability: Availability;
    provenance: 'verified' | 'failed' | 'not-covered';
    withheld: Withheld[];
    break_glass: BrokenGlass | null;
  }
>;
export type ObjectSignature = With<
  Sent<'SignatureJson'>,
  {
    state: 'valid' | 'broken' | 'unchecked';
    why: 'incomplete' | 'method' | 'elements' | 'encoding' | null;
    signer: Sent<'SignerJson'> | null;
  }
>;
export type StudySignatures = With<
  Sent<'SignaturesJson'>,
  {
    standing: 'none' | 'valid' | 'unknown-signer' | 'weak' | 'unchecked' | 'broken';
    signatures: ObjectSignature[];
  }
>;
export type StudyPage = With<Sent<'StudyPage'>, { studies: Study[] }>;
export type Reading = Sent<'Reading'>;
/** A reading context for a viewer on the person's own machine. */
export type Viewing = Sent<'Viewing'>;
export type Transfer = With<Sent<'Transfer'>, { state: 'running' | 'waiting' | 'paused' | 'cancelled' | 'done' | 'refused' | 'corrupt' }>;
export type Forecast = Sent<'ForecastJson'>;
export type Glance = With<
  Sent<'GlanceJson'>,
  {
    series: With<Sent<'SeriesGlanceJson'>, { absent: 'no-picture' | 'unreadable' | 'no-room' | null }>[];
    conclusions: With<Sent<'ConclusionJson'>, { standing: 'preliminary' | 'final' | 'addendum' | 'second-reading' }>[];
  }
>;
export type Previews = Sent<'PreviewsJson'>;
export type Outgoing = With<Sent<'OutgoingJson'>, { priority: 'emergency' | 'screen' | 'series' | 'prefetch' | 'backup' | null }>;
export type Link = Sent<'LinkJson'>;
export type Trial = Sent<'TrialJson'>;

export type ConflictState = 'open' | 'keep' | 'take' | 'elsewhere';
export type Decided = Sent<'DecidedBy'>;
export type Conflict = With<
  Sent<'Conflict'>,
  { patient: Patient; state: ConflictState; decided: Decided | null; closed: Decided | null; closable: string | null }
>;
export type Side = With<Sent<'Side'>, { patient: Patient }>;
export type Compared = With<Sent<'Compared'>, { conflict: Conflict; first: Side | null; other: Side | null }>;
export type Correction = With<Sent<'CorrectionEntry'>, { kind: 'study' | 'merge'; undone: Decided | null }>;
export type Identity = With<Sent<'Identity'>, { patient: Patient }>;
export type Rejection = Sent<'Rejection'>;
export type RejectionNote = With<
  Sent<'Note'>,
  { done: 'obeyed' | 'not-permitted' | 'nothing-held' | 'proposed' | 'still-kept' | 'left' }
>;

export type Peer = Sent<'Peer'>;
export type Sealing = With<Sent<'SealingJson'>, { stage: 'none' | 'waits-for-backup' | 'working' | 'store-away' }>;
export type SiteKeys = With<Sent<'KeysJson'>, { sealing: Sealing }>;
export type RotatedKey = Sent<'RotatedJson'>;
export type Invitation = Sent<'Invitation'>;
export type Pairing = With<Sent<'Pairing'>, { state: 'waiting' | 'compare' | 'done' | 'failed' }>;

export type Clause = Sent<'ClauseJson'>;
export type AgreementChanges = Sent<'ChangesJson'>;
export type Level = 'card' | 'manifest' | 'headers' | 'pixels' | 'objects';
export type Field = 'patient-name' | 'birth-date' | 'sex' | 'patient-id' | 'description' | 'accession' | 'referrer';
export type Purpose = 'care' | 'on-call' | 'expertise' | 'emergency' | 'quality' | 'screening';
export type Agreement = With<
  Sent<'AgreementJson'>,
  {
    preset: Preset | 'custom';
    state: 'offered' | 'received' | 'active' | 'suspended' | 'closing' | 'ended';
    clauses: Clause[];
    parties: Sent<'PartyJson'>[];
    changes: AgreementChanges | null;
    suspended: Sent<'SuspendedJson'>[];
    closing: Sent<'ClosingJson'> | null;
  }
>;
type ClauseOffer = Partial<Schemas['ClauseOffer']>;
export type AgreementOffer = Omit<With<Schemas['Offer'], { preset: Preset; direction: 'both' | 'ours' | 'theirs' }>, 'ours' | 'theirs'> & {
  ours?: ClauseOffer;
  theirs?: ClauseOffer;
};
export type AgreementWrong = Sent<'WrongJson'>;
export type AgreementPreview = With<
  Sent<'PreviewJson'>,
  { sentences: Sent<'Sentences'> | null; changes: AgreementChanges | null; wrong: AgreementWrong[] }
>;
export type Under = With<
  Sent<'UnderJson'>,
  { reading: Sent<'ReadingJson'>[]; grants: Sent<'UnderGrant'>[]; cases: Sent<'UnderCase'>[] }
>;
export type Grant = Sent<'Grant'>;
export type GrantRow = With<Sent<'GrantJson'>, { level: Level; purpose: Purpose | null }>;
export type Purposes = With<Sent<'PurposesJson'>, { purposes: Purpose[]; purpose: Purpose | null }>;
export type Seen = With<Sent<'SeenJson'>, { patient: Patient; basis: 'agreement' | 'grant' }>;
export type Sees = With<Sent<'SeesJson'>, { studies: Seen[] }>;
export type Copy = With<
  Sent<'CopyJson'>,
  { state: 'held' | 'ending' | 'overdue' | 'unconfirmed' | 'erased'; erased: CopyReceipt | null }
>;
export type CopyReceipt = With<
  Sent<'CopyReceipt'>,
  { why: 'agreement-ended' | 'grant-ended' | 'withdrawn' | 'outdated' | 'lease-over' | 'room' | 'parted' | 'unknown' }
>;
export type Copies = With<Sent<'CopiesJson'>, { copies: Copy[] }>;
export type Step = With<Sent<'StepJson'>, { ground: 'sites' | 'agreement' | 'grant' }>;
export type Explanation = With<Sent<'ExplanationJson'>, { steps: Step[] }>;

export type AuditEntry = With<Sent<'AuditEntry'>, { outcome: 'done' | 'refused' | 'failed' }>;
export type AuditPage = With<Sent<'AuditPage'>, { entries: AuditEntry[] }>;

export type AddedUser = With<Sent<'AddedUser'>, { role: Role }>;
export type Token = Sent<'Token'>;
/** `heard`: only the node says it, so the description of what it takes is without. */
export type Ae = With<Sent<'Ae'>, { query: Reach }> & { heard: string | null };
export type Echoed = Sent<'Echoed'>;
export type SourcePurpose = 'list' | 'peers' | 'priors' | 'migrate' | 'reject';
/** A PACS beside the node. */
export type Source = With<Sent<'SourceJson'>, { purposes: SourcePurpose[] }>;
export type NewSource = Schemas['NewSource'];
export type Migration = With<Sent<'MigrationJson'>, { state: 'running' | 'paused' | 'cancelled' | 'done' }>;
export type Status = With<Sent<'Status'>, { peers: Peer[]; transfers: Transfer[] }>;

export type RuleConditions = Sent<'ConditionsJson'>;
export type RuleFetch = Sent<'FetchJson'>;
export type RuleActions = With<Sent<'ActionsJson'>, { fetch: RuleFetch | null }>;
/** Of which studies that peers tell of a rule is. */
export type RuleCards = Sent<'CardsJson'>;
/** A rule on arrival, as it is given. */
export interface RuleBody {
  name: string;
  on: boolean;
  /** `null`: the rule is on what arrives here. */
  cards: RuleCards | null;
  conditions: RuleConditions;
  actions: RuleActions;
}
export type Rule = Omit<Sent<'KeptRule'>, keyof RuleBody> & RuleBody;
export type RuleTried = With<Sent<'TriedOut'>, { studies: Sent<'Meant'>[] }>;
export type Route = With<Sent<'Route'>, { state: 'waiting' | 'sending' | 'failing' }>;
type PeerState = 'waiting' | 'sending' | 'failing' | 'done' | 'refused' | 'unknown' | 'gone' | 'rule-off' | 'dropped';
export type PeerOffer = With<Sent<'WithPeer'>, { state: PeerState }>;
export type PeerFetch = With<Sent<'Fetching'>, { state: PeerState; cause: 'offered' | 'announced' | 'prior' }>;
export type PeerRules = With<Sent<'PeerRules'>, { offers: PeerOffer[]; fetches: PeerFetch[]; waste: Sent<'WasteJson'> }>;
export type Label = Sent<'Label'>;

export type Moving = With<Sent<'Moving'>, { to: 'cold' | 'hot' }>;
export type ColdStudy = Sent<'ColdStudy'>;
export type Away = 'silent' | 'unmarked' | 'other-site' | 'credentials' | 'bucket' | 'region' | 'clock' | 'versions';
export type Tiers = With<Sent<'Tiers'>, { kind: 'folder' | 'store' | null; away: Away | null; rows: ColdStudy[]; moves: Moving[] }>;

export type KeptReason = With<
  Sent<'Reason'>,
  {
    code:
      | 'visit'
      | 'minor'
      | 'birth-unknown'
      | 'death'
      | 'practice'
      | 'at-hand'
      | 'hold'
      | 'visit-unknown'
      | 'visit-old'
      | 'unidentified'
      | 'contradicted'
      | 'undated';
  }
>;
export type Recorded = With<Sent<'Recorded'>, { claim: 'death' | 'visit' | 'hold' }>;
export type StudyKept = With<Sent<'StudyKept'>, { reasons: KeptReason[]; recorded: Recorded[] }>;
export type Proposed = Sent<'Proposed'>;
export type Erased = Sent<'Erased'>;

type UseKind = 'objects' | 'journal' | 'index' | 'cache' | 'aside' | 'other';
export type Storage = With<
  Sent<'Storage'>,
  { uses: With<Sent<'Use'>, { kind: UseKind }>[]; scrub: With<Sent<'Scrub'>, { repaired: With<Sent<'Repaired'>, { from: 'sender' | 'here' | 'peer' }>[] }>; backup: Sent<'BackupState'> }
>;
export type Restore = Sent<'Restore'>;
type SpareStanding = With<Sent<'StandingJson'>, { halt: 'full' | 'no-room' | null }>;
export type Proved = Sent<'ProvedJson'>;
export type Keeping = With<
  Sent<'KeepingJson'>,
  { state: 'offered' | 'received' | 'active' | 'ended'; standing: SpareStanding | null; proved: Proved | null; erased: Sent<'ErasedJson'> | null }
>;
export type KeepingOffer = Schemas['KeepingOffer'];
export type SecondCopies = With<Sent<'SecondCopies'>, { list: Sent<'ListJson'> | null; keepings: Keeping[] }>;
type AlarmKind =
  | 'disk-filling'
  | 'certificate-ending'
  | 'backup-overdue'
  | 'peer-silent'
  | 'rot-found'
  | 'migration-stopped'
  | 'tier-unreachable'
  | 'rot-repaired'
  | 'restore-unconfirmed'
  | 'second-copy-overdue'
  | 'ledger-broken'
  | 'ledger-unwitnessed'
  | 'collector-behind'
  | 'clock-differs'
  | 'review-overdue'
  | 'copies-overdue'
  | 'key-changed'
  | 'keys-part'
  | 'own-keys-part'
  | 'cases-without-images'
  | 'studies-without-request'
  | 'cases-late'
  | 'results-unheard'
  | 'reports-unfiled'
  | 'coverage-hole'
  | 'screen-silent'
  | 'handover-owed'
  | 'case-unanswered'
  | 'case-without-images';
export type Tier = 'own' | 'group' | 'department' | 'region' | 'company';
export type Holidays = 'none' | 'france' | 'alsace-moselle';
type CoverageParty = With<Sent<'CoverageParty'>, { tier: Tier | null }>;
export type Coverage = With<
  Sent<'CoverageJson'>,
  { state: 'offered' | 'received' | 'active' | 'ended'; holidays: Holidays; beneficiaries: CoverageParty[]; readers: CoverageParty[]; spans: [number, number][] }
>;
export type NewCoverage = Omit<Schemas['NewCoverage'], 'spans'> & { spans: [number, number][] };
export type Presence = 'garde' | 'astreinte';
export type TrialWord = 'worked' | 'not-noticed' | 'refused' | 'absent' | 'not-tried';
export type ShiftState = 'planned' | 'confirmed' | 'active' | 'handed-over' | 'ended';
export type Shift = With<
  Sent<'ShiftJson'>,
  { state: ShiftState; presence: Presence; taken: With<Sent<'TakenJson'>, { sound: TrialWord; notifications: TrialWord; link: TrialWord }> | null; relief: Sent<'OtherJson'> | null; relieves: Sent<'OtherJson'> | null }
>;
export type NewShift = Schemas['NewShiftJson'];
export type Hole = Sent<'HoleJson'>;
export type RosterDay = Sent<'DayJson'>;
export type Roster = With<Sent<'RosterJson'>, { coverage: Coverage | null; shifts: Shift[]; holes: Hole[]; days: RosterDay[]; asked: [string, string][] }>;
export type Handing = With<Sent<'HandingJson'>, { rows: CaseRow[]; unclaimed: CaseRow[]; next: Shift[]; offered: { shift: Shift; rows: CaseRow[] }[] }>;
export type ImportedRoster = With<Sent<'ImportJson'>, { events: With<Sent<'ImportedJson'>, { presence: Presence; fate: 'new' | 'moved' | 'same' | 'past' | 'cancelled' | 'unknown' | 'clash' }>[] }>;
export type Alarm = With<Sent<'AlarmJson'>, { kind: AlarmKind; level: 'notice' | 'warning' | 'critical' }>;
export type Alarms = With<Sent<'AlarmsJson'>, { standing: Alarm[] }>;
export type LedgerHead = Sent<'LedgerHeadJson'>;
export type LedgerFinding = With<
  Sent<'LedgerFindingJson'>,
  { wrong: 'shorter' | 'changed' | 'forked' | 'forged' | 'unreadable' | 'unwitnessed' }
>;
type LedgerPeer = With<Sent<'LedgerPeerJson'>, { cosigned: LedgerHead | null; held: LedgerHead | null }>;
export type Ledger = With<Sent<'LedgerJson'>, { peers: LedgerPeer[]; findings: LedgerFinding[] }>;
export type AlarmTest = Sent<'ToldJson'>;

// Cases. A case is named by 32 hex digits, an event (and so a report) by 64.
export type Kind = 'diagnosis' | 'expertise';
export type Priority = 'P0' | 'P1' | 'P2' | 'P3';
export type Consent = 'informed' | 'unable' | 'open';
export type Stage =
  | 'requested'
  | 'offered'
  | 'accepted'
  | 'acquired'
  | 'complemented'
  | 'images-ready'
  | 'reading'
  | 'preliminary'
  | 'final'
  | 'delivered'
  | 'acknowledged'
  | 'reopened'
  | 'closed'
  | 'cancelled'
  | 'unserved';
/** Quality of the patient's identity after the French national reference (RNIV). */
export type IdentityStatus = 'provisional' | 'retrieved' | 'validated' | 'qualified' | 'unknown';
export type Standing = 'preliminary' | 'final' | 'addendum' | 'second-reading';
export type DiffClass = 'none' | 'minor' | 'moderate' | 'major' | 'severe';
export type Tab = 'offered' | 'waiting' | 'ready' | 'reading' | 'preliminary' | 'reported' | 'done';
export type Flag =
  | 'escalated'
  | 'on-hold'
  | 'info-asked'
  | 'critical-unheard'
  | 'comparison-owed'
  | 'late-images'
  | 'other-patient'
  | 'no-images'
  | 'count-unconfirmed'
  | 'called-off'
  | 'unreachable'
  | 'breached';
export type CasePatient = With<Sent<'CasePatient'>, { identity: IdentityStatus }>;
/** What a mammography is made for; empty: not said. */
export type ExaminationWord = '' | 'clinical' | 'screening-first' | 'screening-second';
/** Why an examination is not read from afar. */
export type RuleWord = 'screening-first' | 'screening-second' | 'nuclear-alone';
/** What can be asked of whom. */
export type Askable = With<Sent<'Askable'>, { rule: RuleWord | null; sites: With<Sent<'AskableSite'>, { bar: 'not-agreed' | 'out-of-scope' | 'from-afar' | 'unreachable' | null }>[] }>;
export type Team = Sent<'TeamJson'>;
export type KeyImage = Sent<'KeyImageJson'>;
/** What documents of a case's studies point at. */
export type FoundImages = Sent<'FoundImagesJson'>;
export type FoundImage = FoundImages['images'][number];
/** What goes with a request beside its images; opened by its digest. */
export type Attachment = With<Sent<'AttachmentJson'>, { media: 'application/pdf' | 'image/jpeg' | 'image/png' }>;
export type CaseRow = With<
  Sent<'CaseRow'>,
  {
    kind: Kind;
    priority: Priority;
    stage: Stage;
    tab: Tab;
    role: 'requester' | 'reader' | 'asked' | 'party';
    patient: CasePatient;
    owner: Sent<'OwnerJson'>;
    due: With<Sent<'DueJson'>, { what: 'answer' | 'preliminary' | 'final' | 'hear' | 'wanted' | 'compare' }> | null;
    flags: Flag[];
    images: Sent<'ImagesJson'>;
  }
>;
export type Comparison = With<Sent<'ComparisonJson'>, { class: DiffClass | null }>;
export type ToldOf = With<Sent<'InHandJson'>, { way: 'screen' | 'printed' | 'dicom' }>;
export type Discordance = With<Sent<'DiscordanceJson'>, { patient: CasePatient; class: DiffClass; told: ToldOf }>;
export type Discordances = With<Sent<'DiscordancesJson'>, { mine: Discordance[]; others: Discordance[] }>;
export type CaseReport = With<Sent<'CaseReportJson'>, { standing: Standing; patient: CasePatient; key_images: KeyImage[] }>;
export type CaseStudy = With<Sent<'CaseStudyJson'>, { joined_by: 'request' | 'accession' | 'confirmed' }>;
export type CaseNumber = With<Sent<'NumberJson'>, { of: 'request' | 'shift' | 'coverage' | 'site' }>;
export type CaseEvent = With<Sent<'EventJson'>, { lost_to: Sent<'HolderJson'> | null }>;
export type Case = With<
  Sent<'CaseJson'>,
  CaseRow & {
    consent: Consent;
    key_images: KeyImage[];
    attachments: Attachment[];
    count_confirmed_by: 'technologist' | 'mpps' | 'pacs' | null;
    asked: With<Sent<'AskedJson'>, { answer: 'waiting' | 'timed-out' | 'accepted' | 'refused' }>[];
    reports: CaseReport[];
    comparisons: Comparison[];
    told: ToldOf[];
    thread: With<Sent<'MessageJson'>, { kind: 'said' | 'info-asked' | 'info-given' }>[];
    events: CaseEvent[];
    study_list: CaseStudy[];
    escalation: With<Sent<'EscalationJson'>, { telephones: CaseNumber[]; call: 'not-reached' | 'critical-unheard' | null }>;
    examination: ExaminationWord;
    identities: With<Sent<'IdentifiedJson'>, { patient: CasePatient }>[];
    patient_of_images: CasePatient | null;
    credentials: With<Sent<'CredentialsJson'>, { state: 'covered' | 'not-recorded' | 'no-credential' | 'credential-expired' }>;
    uncovered: Sent<'UncoveredJson'>[];
  }
>;
/** A site whose cases stand in the list, with the last word that came from it. */
export type CoveredSite = Sent<'CoveredSite'>;
export type CasePage = With<Sent<'CasePage'>, { rows: CaseRow[]; tabs: Record<Tab, number>; sites: CoveredSite[] }>;
/** Live news of one case. */
export interface CaseNews {
  case: string;
  step: string;
  person: string;
  site_name: string;
  priority: Priority;
  stage: Stage;
  tab: Tab;
}
export type AlertKind =
  | 'asked'
  | 'prioritised'
  | 'critical'
  | 'escalated'
  | 'late'
  | 'refused'
  | 'info-asked'
  | 'compared'
  | 'lost'
  | 'held'
  | 'lowered'
  | 'differs'
  | 'reopened'
  | 'cancelled'
  | 'named'
  | 'answered'
  | 'reported'
  | 'said'
  | 'given'
  | 'taken'
  | 'moved';
export type Alert = With<Sent<'AlertJson'>, { kind: AlertKind; priority: Priority; lost_to: Sent<'HolderJson'> | null }>;
export type Draft = With<Omit<Sent<'DraftJson'>, 'at' | 'person'>, { standing: Standing }>;
export type NewCase = With<
  Sent<'NewRequest'>,
  { kind: Kind; priority: Priority; consent: Consent | null; examination: ExaminationWord; answer_by: string | null; patient: CasePatient | null; key_images: KeyImage[]; to: Sent<'To'>[] }
>;
/** Why a signature needs a reason. */
export type Lack = 'missing' | 'unverified' | 'undecoded' | 'unconfirmed' | 'late' | 'other-patient';
export type SignedReport = With<Sent<'NewReport'>, { standing: Standing; key_images: KeyImage[]; despite_of: Lack[] }>;
export type StepBody = { step: Schemas['NewStep']['step'] } & Record<string, unknown>;
export type LooseStudy = With<Sent<'LooseStudy'>, { candidates: With<Sent<'Candidate'>, { why: 'accession' | 'patient-id' }>[] }>;
export type Loose = With<Sent<'LooseJson'>, { studies: LooseStudy[]; cases: CaseRow[]; joinable: CaseRow[] }>;
export type CaseSettings = With<Sent<'CaseSettings'>, { ranks: Sent<'RankJson'>[] }>;
export type CaseDelays = Sent<'DelaysJson'>;
export type CaseStatistics = With<Sent<'StatisticsJson'>, { groups: Sent<'GroupJson'>[] }>;

/** What is wrong elsewhere: a code, and what the system or the other side said of it. */
export type Fault = Schemas['Fault'];

/** A problem as the node tells it, or as the portal finds it where no node answered. */
export type Problem = Schemas['ErrorBody'];
