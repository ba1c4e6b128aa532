// `tally erase`, `tally verify-erasure`: a person is forgotten by everybody, every place that is known is searched, and a certificate says who has done it.
import {
  certifyErasure,
  type ErasureStanding,
  readErasure,
  type RefreshReport,
  type SubjectBook,
  verifyByBook,
} from '@tallystick/kernel/subjects';
import { encodeHex } from '@tallystick/oplog';
import { createFileKeyring } from '@tallystick/erasure/node';
import type { SubjectId } from '@tallystick/erasure';
import { nodeEd25519 } from '@tallystick/sign/node';
import { readFileSync, writeFileSync } from 'node:fs';
import { archiveOptions, askedArchives, isAbout, isOfErasure, readArchived, withArchived } from '../archived-log.ts';
import type { ShopBook } from '../book.ts';
import { type Command, type CommandContext, dataOption } from '../command.ts';
import { forget } from '../forget.ts';
import { type Home, homeAt } from '../home.ts';
import { keyInForce } from '../key-files.ts';
import { archivedLines, readPersonFile } from '../person-file.ts';
import { findPlaces, type Place } from '../places.ts';
import { needlesOf } from '../raw-search.ts';
import { businessDay, keyringFolders, openDesk, subjectOf } from '../subjects.ts';
import { changingCommand, type Done } from './changing.ts';
import { requireData } from './init.ts';
import { withBook } from './reading.ts';

/** Asked again, it goes on where it stands: who has acknowledged since is in the certificate. */
export const erase: Command = changingCommand({
  name: 'erase',
  summary:
    'Forget a person: destroy the keys of their data everywhere, search every place, and say who has not done so yet.',
  operands: 'SUBJECT',
  minOperands: 1,
  maxOperands: 1,
  options: {
    certificate: { type: 'string', value: 'FILE', help: 'write the signed certificate here' },
    retention: { type: 'boolean', help: 'because it is old enough, not because the person asked' },
    check: { type: 'boolean', help: 'only say where data of this person is, and how far an erasure has come' },
    search: { type: 'string', value: 'FILE', help: 'search for these texts too, one a line; - reads them from stdin' },
    ...archiveOptions,
  },
  notes:
    'SUBJECT is a subject or the number of a customer. It cannot be undone, so keys are destroyed once the relay has given the op its place. The first time, all that is known of the person is searched for in the raw files afterwards; later, and for names in other spellings, --search says what to look for. The exit status is 1 where something was found. Ops that say a word of the name in the clear, as a code or in a memo, are shown to be looked at: they stand for ever, and may be about something else.',
  changes: (context) => !context.flag('check'),
  async change(book, context, home) {
    const desk = await openDesk(book, home);
    const subject = subjectOf(book, context.positionals[0] ?? '');
    const given = readLines(context.text('search'), context);
    const archived = await readArchived(book, await askedArchives(context, 'erase'), isAbout(subject));
    const whole = withArchived(book, archived);
    if (context.flag('check'))
      return answer(book, home, await readErasure(whole, subject), {
        subject,
        needles: needlesOf(given),
        names: given,
      });
    const { texts, begins } = await readPersonFile(book, desk, subject, archived);
    const known = texts.flatMap(({ reading }) => (reading.state === 'shown' ? [reading.text] : []));
    const names = texts.flatMap(({ field, reading }) =>
      field === 'name' && reading.state === 'shown' ? [reading.text] : [],
    );
    const keys = await createFileKeyring(keyringFolders(home).keyring).keys(subject);
    const hex = keys.map(({ key }) => encodeHex(key));
    const needles = [...needlesOf([...given, ...known, ...hex]), ...keys.map(({ key }) => Buffer.from(key))];
    const { report } = await forget(book, home, [subject], context.flag('retention') ? 'retention' : 'request', desk);
    const written = await writeCertificate(book, whole, subject, context, home);
    const erasure = await readErasure(whole, subject);
    const unsearched = archivedLines({ begins }, 'was searched for');
    return answer(book, home, erasure, {
      subject,
      // Until it is settled the keys are here, and should be.
      needles: erasure?.isSettled === true ? needles : [],
      names: [...given, ...names],
      report,
      more: [...written, ...unsearched],
    });
  },
});

/** The lines of a file, `-` for stdin, so that no name stands in the history of a shell. */
export function readLines(file: string | undefined, context: Pick<CommandContext, 'path'>): readonly string[] {
  if (file === undefined) return [];
  const text = readFileSync(file === '-' ? 0 : context.path(file), 'utf8');
  return text.split(/\r?\n/).filter((line) => line !== '');
}

async function writeCertificate(
  book: ShopBook,
  whole: SubjectBook,
  subject: string,
  context: CommandContext,
  home: Home,
): Promise<readonly string[]> {
  const file = context.text('certificate');
  if (file === undefined) return [];
  const key = await keyInForce(book, home);
  const text = await certifyErasure({ book: whole, subject, day: businessDay(book), key });
  if (text === undefined) return ['no certificate yet: the order has no place in the log (tally sync, and again)'];
  writeFileSync(context.path(file), text);
  return [`certificate written to ${file}`];
}

interface Said {
  readonly subject: SubjectId;
  readonly needles: readonly Buffer[];
  readonly names: readonly string[];
  readonly report?: RefreshReport;
  readonly more?: readonly string[];
}

async function answer(
  book: ShopBook,
  home: Home,
  erasure: ErasureStanding | undefined,
  { subject, needles, names, report, more = [] }: Said,
): Promise<Done> {
  const places = await findPlaces({ book, home, erasure, needles, names });
  const lines = [
    `subject ${subject}`,
    ...standingLines(erasure),
    ...(report === undefined || report.unreachable.length === 0
      ? []
      : [`not reached: ${report.unreachable.join('; ')}; what is left there is deleted the next time`]),
    ...places.flatMap(placeLines),
    ...more,
  ];
  const status = places.some(({ state }) => state === 'found') ? 1 : 0;
  return { json: { subject, erasure, places, report }, lines, status };
}

function placeLines({ kind, where, state, words, found }: Place): string[] {
  return [
    `${kind} ${where}: ${state.toUpperCase()}; ${words}`,
    ...found.map((path) => `  ${state === 'look' ? 'LOOK AT' : 'FOUND in'} ${path}`),
  ];
}

function standingLines(standing: ErasureStanding | undefined): readonly string[] {
  if (standing === undefined) return ['nobody has ordered this person to be forgotten'];
  const { isSettled, position, acknowledged, outstanding } = standing;
  if (!isSettled) return ['ordered, and not settled: nothing is destroyed before it has a place in the log'];
  return [
    `ordered by op ${standing.op}, ${position === undefined ? 'which is in an archive' : `at position ${position} of hq`}`,
    `${acknowledged.length} devices have destroyed their keys`,
    ...(outstanding.length === 0
      ? ['nobody is left']
      : outstanding.map(
          ({ device, role, status }) =>
            `NOT YET: device ${device} (${role}${status === 'revoked' ? ', revoked: whoever has it may still read' : ''})`,
        )),
  ];
}

/** Offline: with the keys of the book's devices, from a directory that has the book. */
export const verifyErasure: Command = {
  name: 'verify-erasure',
  summary: 'Check a certificate that a person was forgotten; needs no relay and no network.',
  operands: 'FILE',
  minOperands: 1,
  maxOperands: 1,
  options: { data: { ...dataOption, help: 'a directory with the book, whose devices signed it' }, ...archiveOptions },
  notes:
    'The exit status is 0 where the certificate is whole, whoever is still outstanding in it. A device that the book had by then and that is not in it makes it false. NOT JUDGED says that the order is in an archive: nothing was found against the certificate, but this directory cannot vouch for it without --archives.',
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'verify-erasure', context.path));
    const text = readFileSync(context.path(context.positionals[0] as string), 'utf8');
    const files = await askedArchives(context, 'verify-erasure');
    return withBook(home, async (book) => {
      const archived = await readArchived(book, files, isOfErasure);
      const checked = await verifyByBook(text, withArchived(book, archived), nodeEd25519);
      const lines = checked.ok
        ? [
            `GENUINE: subject ${checked.subject}, ordered by op ${checked.op} at position ${checked.position} of hq`,
            `${checked.acknowledged.length} devices have destroyed their keys`,
            ...checked.outstanding.map(({ device, role, status }) => `NOT YET: device ${device} (${role}, ${status})`),
            ...checked.unseen.map((scope) => `NOT SEEN: who issued it does not know all the devices of ${scope}`),
          ]
        : [
            `${checked.code === 'erasure/certificate-archived' ? 'NOT JUDGED' : 'NOT GENUINE'}: ${checked.code}: ${checked.message}`,
          ];
      for (const line of context.json ? [JSON.stringify(checked)] : lines) context.print(line);
      return checked.ok ? 0 : 1;
    });
  },
};
