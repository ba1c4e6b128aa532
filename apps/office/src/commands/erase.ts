// `tally erase`, `tally hold`, `tally retention`: a person is forgotten by everybody, unless the law keeps them, and data that is old enough is found.
import {
  certifyErasure,
  type ErasureStanding,
  readErasure,
  type RefreshReport,
  type SubjectDesk,
} from '@tallystick/kernel/subjects';
import type { DeviceKey } from '@tallystick/sign';
import { writeFileSync } from 'node:fs';
import type { ShopBook } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import type { Home } from '../home.ts';
import { keyInForce } from '../key-files.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { businessDay, openDesk, subjectOf } from '../subjects.ts';
import { changingCommand, type Done, exchangeOnce } from './changing.ts';

/** Asked again, it goes on where it stands: who has acknowledged since is in the certificate. */
export const erase: Command = changingCommand({
  name: 'erase',
  summary: 'Forget a person: destroy the keys of their data everywhere, and say who has not done so yet.',
  operands: 'SUBJECT',
  minOperands: 1,
  maxOperands: 1,
  options: {
    certificate: { type: 'string', value: 'FILE', help: 'write the signed certificate here' },
    retention: { type: 'boolean', help: 'because it is old enough, not because the person asked' },
    check: { type: 'boolean', help: 'only say where data of this person is, and how far an erasure has come' },
  },
  notes:
    'SUBJECT is a subject or the number of a customer. It cannot be undone, so keys are destroyed once the relay has given the op its place. The same command later asks who has acknowledged since.',
  async change(book, context, home) {
    const desk = await openDesk(book, home);
    const subject = subjectOf(book, context.positionals[0] ?? '');
    if (context.flag('check')) return answer(book, subject, undefined, []);
    const report = await forget(book, desk, subject, context, home);
    const written = await writeCertificate(book, subject, context, home);
    return answer(book, subject, report, written);
  },
});

async function forget(
  book: ShopBook,
  desk: SubjectDesk,
  subject: string,
  context: CommandContext,
  home: Home,
): Promise<RefreshReport> {
  // What others have ordered, and who has acknowledged, is asked first.
  await desk.during(() => exchangeOnce(book, home));
  if ((await readErasure(book, subject)) === undefined) {
    const day = businessDay(book);
    const basis = context.flag('retention') ? 'retention' : 'request';
    if (basis === 'request') mustBeCommitted(await book.commit('subject.request', { subject, kind: 'erasure', day }));
    mustBeCommitted(await book.commit('subject.shred', { subject, basis, day }));
  }
  const { report } = await desk.during(() => exchangeOnce(book, home));
  return report;
}

async function writeCertificate(
  book: ShopBook,
  subject: string,
  context: CommandContext,
  home: Home,
): Promise<readonly string[]> {
  const file = context.text('certificate');
  if (file === undefined) return [];
  const key: DeviceKey = await keyInForce(book, home);
  const text = await certifyErasure({ book, subject, day: businessDay(book), key });
  if (text === undefined) return ['no certificate yet: the order has no place in the log (tally sync, and again)'];
  writeFileSync(context.path(file), text);
  return [`certificate written to ${file}`];
}

async function answer(
  book: ShopBook,
  subject: string,
  report: RefreshReport | undefined,
  more: readonly string[],
): Promise<Done> {
  const standing = await readErasure(book, subject);
  const places = placesOf(book, subject);
  const lines = [
    `subject ${subject}`,
    ...standingLines(standing),
    ...(report === undefined || report.unreachable.length === 0
      ? []
      : [`not reached: ${report.unreachable.join('; ')}; what is left there is deleted the next time`]),
    ...places.map(({ place, holds }) => `${place}: ${holds}`),
    ...more,
  ];
  return { json: { subject, erasure: standing, places, report }, lines };
}

function standingLines(standing: ErasureStanding | undefined): readonly string[] {
  if (standing === undefined) return ['nobody has ordered this person to be forgotten'];
  const { position, acknowledged, outstanding } = standing;
  if (position === undefined)
    return ['ordered, and not settled: nothing is destroyed before it has a place in the log'];
  return [
    `ordered by op ${standing.op}, at position ${position} of hq`,
    `${acknowledged.length} devices have destroyed their keys`,
    ...(outstanding.length === 0
      ? ['nobody is left']
      : outstanding.map(
          ({ device, role, status }) =>
            `NOT YET: device ${device} (${role}${status === 'revoked' ? ', revoked: whoever has it may still read' : ''})`,
        )),
  ];
}

/** Where data of a person is, and what that is worth without the key. */
function placesOf(book: ShopBook, subject: string): readonly { readonly place: string; readonly holds: string }[] {
  const [keys] = book.query<{ count: number }>('SELECT count(*) AS count FROM subjectKeys WHERE subject = ?', [
    subject,
  ]);
  const [persons] = book.query<{ count: number }>('SELECT count(*) AS count FROM persons WHERE subject = ?', [subject]);
  const [replicas] = book.query<{ count: number }>(
    "SELECT count(DISTINCT device) AS count FROM devices WHERE status = 'active'",
  );
  return [
    { place: 'books', holds: `${persons?.count ?? 0} descriptions, sealed under ${keys?.count ?? 0} keys` },
    {
      place: 'replicas',
      holds: `${replicas?.count ?? 0} devices, each with the sealed texts, and the key if it may read`,
    },
    { place: 'relay and mirrors', holds: 'the sealed texts' },
    { place: 'snapshots, archives and backups of the books', holds: 'the sealed texts, never a key' },
    { place: 'keyring backup', holds: 'wrapped keys, deleted with the erasure' },
    {
      place: 'exports and metrics',
      holds: 'the sealed texts; what tally access or person printed is with whoever printed it',
    },
  ];
}

export const hold: Command = changingCommand({
  name: 'hold',
  summary: 'Keep a person from being forgotten because the law says so, or let go of them.',
  operands: 'SUBJECT',
  minOperands: 1,
  maxOperands: 1,
  options: {
    basis: { type: 'string', value: 'WORDS', help: 'why, such as tax-records; not needed to --release' },
    until: { type: 'string', value: 'DAY', help: 'the last day (default: until --release)' },
    release: { type: 'boolean', help: 'nothing keeps them any more' },
  },
  async change(book, context) {
    const subject = subjectOf(book, context.positionals[0] ?? '');
    const held = context.flag('release') ? 0 : 1;
    const basis = context.text('basis') ?? (held === 0 ? 'released' : undefined);
    if (basis === undefined) throw usage('--basis WORDS is missing', 'hold');
    const args = { subject, held, basis, untilDay: context.text('until') ?? '' } as const;
    mustBeCommitted(await book.commit('subject.hold', args));
    return { json: { ...args }, lines: [held === 1 ? `${subject} is kept (${basis})` : `${subject} is kept no more`] };
  },
});

const dayMs = 86_400_000;

export const retention: Command = changingCommand({
  name: 'retention',
  summary: 'Say how long data of a kind of person is kept, or list whose time is over.',
  operands: '[KIND DAYS]',
  minOperands: 0,
  maxOperands: 2,
  notes: 'tally erase SUBJECT --retention forgets one who is listed.',
  changes: (context) => context.positionals.length === 2,
  async change(book, context) {
    const [kind, days] = context.positionals;
    if (kind === undefined) return due(book);
    if (!/^[1-9][0-9]{0,4}$/.test(days ?? '')) throw usage('KIND DAYS: such as customer 3650', 'retention');
    mustBeCommitted(await book.commit('retention.set', { kind, days: Number(days) }));
    return { json: { kind, days: Number(days) }, lines: [`data of ${kind} is kept ${days} days`] };
  },
});

/** By the business day, from the day on which the newest key of a subject was opened; those under a hold are said to be. */
function due(book: ShopBook): Done {
  const today = Date.parse(businessDay(book));
  const rows = book.query<{ subject: string; kind: string; day: string; days: number; held: number }>(
    `SELECT k.subject, k.kind, max(k.day) AS day, r.days,
       EXISTS (SELECT 1 FROM legalHolds h WHERE h.subject = k.subject AND h.held = 1) AS held
     FROM subjectKeys k JOIN retentions r ON r.kind = k.kind
     WHERE NOT EXISTS (SELECT 1 FROM shreds s WHERE s.subject = k.subject) GROUP BY k.subject, k.kind, r.days ORDER BY day`,
  );
  const over = rows.filter(({ day, days }) => Date.parse(day) + days * dayMs < today);
  const lines = over.map(
    ({ subject, kind, day, held }) => `${subject} ${kind} since ${day}${held === 1 ? ' (held)' : ''}`,
  );
  return { json: { due: over }, lines: over.length === 0 ? ['nobody'] : lines };
}
