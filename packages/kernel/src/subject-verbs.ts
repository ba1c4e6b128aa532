/**
 * The verbs of docs/erasure.md: whose personal data a book holds and under which keys, who may read it, and how a person is forgotten. No op here, and no row,
 * holds anything of a person: subjects are dice, keys are named by a hash.
 */
import { isRecipient, parseSubject } from '@tallystick/erasure';
import { defaultRevokes, type Role } from '@tallystick/sign';
import { businessDays, isExactly, isHash, schemaOf } from './builtin-tables.ts';
import { type RegisterTable, registerTable } from './table.ts';
import { defineVerb, refuse, type Refusal, type Verb, type View } from './verb.ts';

type Text = 'text';
type Int = 'integer';

/** Keys by the subject and generation that they are of, as `subjectKeyId` names them. `kind` is the sort of person, such as `customer`, which retention goes by. */
export const subjectKeys: RegisterTable<
  { subject: Text; generation: Int },
  { keyId: Text; kind: Text; day: Text; device: Text }
> = registerTable('subjectKeys', {
  key: { subject: 'text', generation: 'integer' },
  columns: { keyId: 'text', kind: 'text', day: 'text', device: 'text' },
});

/** To whom keys are wrapped, each device by its own word. */
export const readers: RegisterTable<{ device: Text }, { recipient: Text }> = registerTable('readers', {
  key: { device: 'text' },
  columns: { recipient: 'text' },
});

/** In `hq`: who may read personal data, a `role` or a `device`; `access` is 1 or 0. What says nothing of a device goes by its role, and by `readsByDefault`. */
export const readerGrants: RegisterTable<{ of: Text; name: Text }, { access: Int }> = registerTable('readerGrants', {
  key: { of: 'text', name: 'text' },
  columns: { access: 'integer' },
});

/** What somebody asked about a subject, by the op that says so. */
export const subjectRequests: RegisterTable<{ op: Text }, { subject: Text; kind: Text; day: Text }> = registerTable(
  'subjectRequests',
  { key: { op: 'text' }, columns: { subject: 'text', kind: 'text', day: 'text' } },
);

/** In `hq`: subjects whose data the law keeps, `held` 1, up to and with `untilDay`, or until it is said otherwise where that is ''. */
export const legalHolds: RegisterTable<{ subject: Text }, { held: Int; basis: Text; untilDay: Text }> = registerTable(
  'legalHolds',
  { key: { subject: 'text' }, columns: { held: 'integer', basis: 'text', untilDay: 'text' } },
);

/** In `hq`: subjects whose keys are to be destroyed everywhere, by the op `op`. */
export const shreds: RegisterTable<{ subject: Text }, { op: Text; basis: Text; day: Text }> = registerTable('shreds', {
  key: { subject: 'text' },
  columns: { op: 'text', basis: 'text', day: 'text' },
});

/** Devices that have destroyed what they had of a subject, by the op that says so. */
export const shredAcks: RegisterTable<{ subject: Text; device: Text }, { op: Text; day: Text }> = registerTable(
  'shredAcks',
  { key: { subject: 'text', device: 'text' }, columns: { op: 'text', day: 'text' } },
);

/** In `hq`: how many days after its key was opened the data of a subject of this kind is kept. */
export const retentions: RegisterTable<{ kind: Text }, { days: Int }> = registerTable('retentions', {
  key: { kind: 'text' },
  columns: { days: 'integer' },
});

export interface SubjectOpenArgs {
  readonly subject: string;
  readonly generation: number;
  readonly keyId: string;
  /** Lowercase words: `customer`. */
  readonly kind: string;
  readonly day: string;
}
export interface ReaderOfferArgs {
  /** `age1...` of an X25519 identity that never leaves the device. */
  readonly recipient: string;
}
export interface ReaderGrantArgs {
  readonly of: 'device' | 'role';
  readonly name: string;
  readonly access: 0 | 1;
}
export interface SubjectRequestArgs {
  readonly subject: string;
  readonly kind: 'access' | 'erasure' | 'rectification';
  readonly day: string;
}
export interface SubjectHoldArgs {
  readonly subject: string;
  readonly held: 0 | 1;
  /** Why, as lowercase words: `tax-records`. */
  readonly basis: string;
  readonly untilDay: string;
}
export interface SubjectShredArgs {
  readonly subject: string;
  readonly basis: 'request' | 'retention';
  readonly day: string;
}
export interface SubjectAcknowledgeArgs {
  readonly subjects: readonly string[];
  readonly day: string;
}
export interface RetentionSetArgs {
  readonly kind: string;
  readonly days: number;
}

const writers: readonly Role[] = defaultRevokes('owner').filter((role) => role !== 'auditor');
const isWord = (value: unknown): boolean => typeof value === 'string' && /^[a-z][a-z-]{0,39}$/.test(value);
const isSubject = (value: unknown): boolean => parseSubject(value) !== undefined;
const isCount = (value: unknown, most: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most;
const isOneOf = (value: unknown, names: readonly unknown[]): boolean => names.includes(value);
/** Days are compared and shown here, never counted, so that 31 April is nobody's harm and no calendar is asked. */
export const isDayText = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/.test(value);
const MAX_AT_ONCE = 500;

/** Whether a role reads personal data where the book does not say. */
export function readsByDefault(role: string): boolean {
  return role === 'owner' || role === 'manager';
}

export const subjectOpen: Verb<'subject.open', SubjectOpenArgs> = defineVerb({
  name: 'subject.open',
  version: 1,
  roles: writers,
  tables: [subjectKeys, shreds, readerGrants],
  args: schemaOf<SubjectOpenArgs>(
    (value) =>
      isExactly(value, ['subject', 'generation', 'keyId', 'kind', 'day']) &&
      isSubject(value['subject']) &&
      isCount(value['generation'], 999_999) &&
      isHash(value['keyId']) &&
      isWord(value['kind']) &&
      isDayText(value['day']),
    '{ subject, generation, keyId, kind: words, day }',
  ),
  plan: (view, op, { subject, generation, keyId, kind, day }) => {
    if (view.hq.get(shreds, { subject }) !== undefined) return refuse('erasure/shredded', { subject });
    const named = view.get(subjectKeys, { subject, generation }) ?? view.hq.get(subjectKeys, { subject, generation });
    if (named !== undefined) return refuse('erasure/key-exists', { subject, generation });
    // Everybody seals under the newest key: who may not read could else bring one that it knows.
    if (generation > 1 && !mayReadAt(view)) return refuse('erasure/not-a-reader', { subject, generation });
    return [subjectKeys.write({ subject, generation, keyId, kind, day, device: op.device })];
  },
});

/** Whether the author may read personal data, as of this place. */
function mayReadAt({ hq, author }: View): boolean {
  const { device, role } = author;
  const said = hq.get(readerGrants, { of: 'device', name: device }) ?? hq.get(readerGrants, { of: 'role', name: role });
  return said === undefined ? readsByDefault(role) : said.access === 1;
}

export const readerOffer: Verb<'reader.offer', ReaderOfferArgs> = defineVerb({
  name: 'reader.offer',
  version: 1,
  roles: defaultRevokes('owner'),
  tables: [readers],
  args: schemaOf<ReaderOfferArgs>(
    (value) => isExactly(value, ['recipient']) && isRecipient(value['recipient']),
    '{ recipient: age1... }',
  ),
  plan: (_view, op, { recipient }) => [readers.write({ device: op.device, recipient })],
});

export const readerGrant: Verb<'reader.grant', ReaderGrantArgs> = defineVerb({
  name: 'reader.grant',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [readerGrants],
  args: schemaOf<ReaderGrantArgs>(
    (value) =>
      isExactly(value, ['of', 'name', 'access']) &&
      isOneOf(value['access'], [0, 1]) &&
      (value['of'] === 'device' ? isHash(value['name']) : value['of'] === 'role' && isWord(value['name'])),
    '{ of: device | role, name, access: 0 | 1 }',
  ),
  plan: (_view, op, args) => (op.scope === 'hq' ? [readerGrants.write(args)] : refuse('kernel/only-hq')),
});

export const subjectRequest: Verb<'subject.request', SubjectRequestArgs> = defineVerb({
  name: 'subject.request',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van', 'agent'],
  tables: [subjectRequests],
  args: schemaOf<SubjectRequestArgs>(
    (value) =>
      isExactly(value, ['subject', 'kind', 'day']) &&
      isSubject(value['subject']) &&
      isOneOf(value['kind'], ['access', 'erasure', 'rectification']) &&
      isDayText(value['day']),
    '{ subject, kind: access | erasure | rectification, day }',
  ),
  plan: (_view, op, args) => [subjectRequests.write({ op: op.hash, ...args })],
});

export const subjectHold: Verb<'subject.hold', SubjectHoldArgs> = defineVerb({
  name: 'subject.hold',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [legalHolds, shreds],
  args: schemaOf<SubjectHoldArgs>(
    (value) =>
      isExactly(value, ['subject', 'held', 'basis', 'untilDay']) &&
      isSubject(value['subject']) &&
      isOneOf(value['held'], [0, 1]) &&
      isWord(value['basis']) &&
      (value['untilDay'] === '' || isDayText(value['untilDay'])),
    '{ subject, held: 0 | 1, basis: words, untilDay: day or empty }',
  ),
  plan: (view, op, args) => {
    if (op.scope !== 'hq') return refuse('kernel/only-hq');
    const { subject } = args;
    return view.get(shreds, { subject }) === undefined
      ? [legalHolds.write(args)]
      : refuse('erasure/shredded', { subject });
  },
});

/** Destroys nothing itself: each device does, once this op is settled. */
export const subjectShred: Verb<'subject.shred', SubjectShredArgs> = defineVerb({
  name: 'subject.shred',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [legalHolds, shreds, businessDays],
  args: schemaOf<SubjectShredArgs>(
    (value) =>
      isExactly(value, ['subject', 'basis', 'day']) &&
      isSubject(value['subject']) &&
      isOneOf(value['basis'], ['request', 'retention']) &&
      isDayText(value['day']),
    '{ subject, basis: request | retention, day }',
  ),
  plan: (view, op, { subject, basis, day }) => {
    if (op.scope !== 'hq') return refuse('kernel/only-hq');
    if (view.get(shreds, { subject }) !== undefined) return refuse('erasure/shredded', { subject });
    return heldBack(view, subject) ?? [shreds.write({ subject, op: op.hash, basis, day })];
  },
});

/** A hold ends with its last day by the business day of `hq`, never by a clock. */
function heldBack(view: View, subject: string): Refusal | undefined {
  const hold = view.get(legalHolds, { subject });
  if (hold === undefined || hold.held === 0) return undefined;
  const today = view.get(businessDays, { of: 'book' })?.day ?? '';
  const isOver = hold.untilDay !== '' && today > hold.untilDay;
  return isOver ? undefined : refuse('erasure/held', { subject, basis: hold.basis, untilDay: hold.untilDay });
}

/** A device says, once for all that it has learned of, that the keys are destroyed there. */
export const subjectAcknowledge: Verb<'subject.acknowledge', SubjectAcknowledgeArgs> = defineVerb({
  name: 'subject.acknowledge',
  version: 1,
  roles: defaultRevokes('owner'),
  tables: [shreds, shredAcks],
  args: schemaOf<SubjectAcknowledgeArgs>(isAcknowledgement, `{ subjects: [1 to ${MAX_AT_ONCE}, in order], day }`),
  plan: (view, op, { subjects, day }) => {
    const unknown = subjects.find((subject) => view.hq.get(shreds, { subject }) === undefined);
    if (unknown !== undefined) return refuse('erasure/not-shredded', { subject: unknown });
    return subjects.map((subject) => shredAcks.write({ subject, device: op.device, op: op.hash, day }));
  },
});

function isAcknowledgement(value: unknown): boolean {
  if (!isExactly(value, ['subjects', 'day']) || !Array.isArray(value['subjects']) || !isDayText(value['day']))
    return false;
  const subjects: readonly unknown[] = value['subjects'];
  const isInOrder = subjects.every((subject, i) => i === 0 || String(subjects[i - 1]) < String(subject));
  return isCount(subjects.length, MAX_AT_ONCE) && isInOrder && subjects.every(isSubject);
}

export const retentionSet: Verb<'retention.set', RetentionSetArgs> = defineVerb({
  name: 'retention.set',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [retentions],
  args: schemaOf<RetentionSetArgs>(
    (value) => isExactly(value, ['kind', 'days']) && isWord(value['kind']) && isCount(value['days'], 36_600),
    '{ kind: words, days: 1 to 36,600 }',
  ),
  plan: (_view, op, args) => (op.scope === 'hq' ? [retentions.write(args)] : refuse('kernel/only-hq')),
});

/** What a book passes to `openBook` beside the verbs of its domain. */
export const subjectVerbs: readonly [
  typeof subjectOpen,
  typeof readerOffer,
  typeof readerGrant,
  typeof subjectRequest,
  typeof subjectHold,
  typeof subjectShred,
  typeof subjectAcknowledge,
  typeof retentionSet,
] = [
  subjectOpen,
  readerOffer,
  readerGrant,
  subjectRequest,
  subjectHold,
  subjectShred,
  subjectAcknowledge,
  retentionSet,
];
