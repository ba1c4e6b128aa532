/** The text of a certificate of erasure: words for people, the same facts for programs, and the signature over both. Spec: docs/spec/erasure-certificate.md. */
import { encodeCanonical, encodeHex, type Json, type OpRecord, parseBookId, parseScope } from '@tallystick/oplog';
import { parseCanonical } from '@tallystick/oplog/strict';
import { parseSubject } from '@tallystick/erasure';
import { defaultRevokes } from '@tallystick/sign';
import { isExactly, isHash } from './builtin-tables.ts';
import type { Outstanding } from './subject-standing.ts';
import { isDayText } from './subject-verbs.ts';

/** How much of a scope its issuer had settled: devices that were enrolled there before `size` are in the certificate. */
export interface KnownScope {
  readonly scope: string;
  readonly size: number;
}

/** The part that programs read. */
export interface CertificateFacts {
  readonly book: string;
  readonly day: string;
  /** Strictly ascending by device. */
  readonly outstanding: readonly Outstanding[];
  /** Of the order, in `hq`. */
  readonly position: number;
  /** Records in hex: of the shred, and of each op that acknowledges it. */
  readonly records: readonly string[];
  /** Strictly ascending by name; `hq` is one of them, and reaches past the order. */
  readonly scopes: readonly KnownScope[];
  readonly subject: string;
}

/** What is signed begins with it. */
export const certificatePreamble = 'tallystick/erasure-certificate/1\n';
export const factsMark = '\nFor programs: ';
const roles = defaultRevokes('owner');

/** One line of canonical text, and the lists behind it, an entry a line: a fleet's are longer than an op may be. */
export function encodeFacts({ book, day, outstanding, position, records, scopes, subject }: CertificateFacts): string {
  const counts = { outstanding: outstanding.length, scopes: scopes.length };
  return [
    encodeCanonical({ book, day, position, subject, ...counts }),
    ...outstanding.map(({ device, role, status }) => `${device} ${role} ${status}`),
    ...scopes.map(({ scope, size }) => `${size} ${scope}`),
    ...records,
  ].join('\n');
}

/** Undefined for every other spelling. */
export function parseFacts(text: string): CertificateFacts | undefined {
  const [first = '', ...lines] = text.split('\n');
  const head = parseCanonical(first);
  const names = ['book', 'day', 'outstanding', 'position', 'scopes', 'subject'];
  if (!head.ok || !isExactly(head.value, names)) return undefined;
  const { book, day, position, subject, outstanding: left, scopes: known } = head.value;
  if (parseBookId(book) === undefined || !isDayText(day) || parseSubject(subject) === undefined) return undefined;
  if (!isCount(left) || !isCount(known) || !isCount(position)) return undefined;
  const outstanding = lines.slice(0, left).map(parseOutstanding);
  const scopes = lines.slice(left, left + known).map(parseKnown);
  const records = lines.slice(left + known);
  if (!isAscending(outstanding.map((one) => one?.device)) || !isAscending(scopes.map((one) => one?.scope)))
    return undefined;
  const reachesOrder = scopes.some((one) => one?.scope === 'hq' && one.size > position);
  if (!reachesOrder || records.length === 0 || !records.every((hex) => /^(?:[0-9a-f]{2})+$/.test(hex)))
    return undefined;
  return {
    book: book as string,
    day,
    outstanding: outstanding as Outstanding[],
    position,
    records,
    scopes: scopes as KnownScope[],
    subject: subject as string,
  };
}

function parseOutstanding(line: string): Outstanding | undefined {
  const [device, said, status, ...more] = line.split(' ');
  const role = roles.find((one) => one === said);
  const isWhole = isHash(device) && role !== undefined && (status === 'active' || status === 'revoked');
  return isWhole && more.length === 0 ? { device, role, status } : undefined;
}

function parseKnown(line: string): KnownScope | undefined {
  const [, digits, scope] = /^(0|[1-9][0-9]{0,15}) (.+)$/.exec(line) ?? [];
  const size = Number(digits);
  return Number.isSafeInteger(size) && parseScope(scope) !== undefined ? { scope: scope as string, size } : undefined;
}

/** Whether each comes after the one before, so that none comes twice; false where one is missing. */
export function isAscending(values: readonly (string | undefined)[]): boolean {
  return values.every((value, index) => value !== undefined && (index === 0 || (values[index - 1] as string) < value));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The same words for the same facts, so that neither can say more than the other. `records` are those of the facts, and hold what `saysSo` asks. */
export function wordsOf(facts: CertificateFacts, records: readonly OpRecord[]): string {
  const { book, day, outstanding, position, scopes, subject } = facts;
  const [shred, ...acks] = records;
  const { args, device } = (shred as OpRecord).op;
  const size = scopes.find(({ scope }) => scope === 'hq')?.size ?? 0;
  return [
    'CERTIFICATE OF ERASURE',
    '',
    `Book      ${book}`,
    `Subject   ${subject}`,
    `Ordered   on ${textOf(args['day'])} (${textOf(args['basis'])}) by device ${device}`,
    `          op ${(shred as OpRecord).hash}, at position ${position} of hq`,
    `Issued    on ${day}, knowing the devices of hq up to ${size} and of ${scopes.length - 1} other scopes`,
    '',
    `${acks.length} acknowledged: the keys of the subject's data are destroyed there.`,
    ...acks.map(({ op, hash }) => `  device ${op.device} on ${textOf(op.args['day'])}, op ${hash}`),
    '',
    outstanding.length === 0
      ? 'Nobody is left who has not acknowledged.'
      : `${outstanding.length} have NOT acknowledged yet, and may still have keys:`,
    ...outstanding.map(
      ({ device: left, role, status }) => `  device ${left} (${role}${status === 'revoked' ? ', revoked' : ''})`,
    ),
    '',
  ].join('\n');
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Records as the facts have them. */
export function encodeRecords(records: readonly OpRecord[]): string[] {
  return records.map(({ bytes }) => encodeHex(bytes));
}
