// Which backup to believe (docs/spec/recovery.md, "Choosing"): every file is judged by itself, and then the newest that is whole is chosen by
// the signed number, whatever arrived when, and whatever a place says of its files.
import type { Opener } from '@tallystick/custody';
import type { CryptoProvider } from '@tallystick/kernel';
import { openRecords, provenKeys, statementPreimage, unpacked } from '@tallystick/kernel/backup';
import { type BookId, decodeHex, type DeviceId, encodeHex, type OpRecord } from '@tallystick/oplog';
import { decodeBundle } from '@tallystick/oplog/transport';
import { type FindingCode, type PartCode, RecoveryError } from './errors.ts';
import { copiesIn } from './copies.ts';
import { chainOf, openPart, type OpenPart, type PartHead } from './part.ts';
import { parsePartName } from './place.ts';

/** A file as it was found. */
export interface FoundFile {
  readonly place: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Verdict {
  readonly place: string;
  readonly name: string;
  /** Undefined for a file that is believed. */
  readonly code: PartCode | undefined;
  readonly message: string;
  readonly number?: number;
}

export interface Finding {
  readonly code: FindingCode;
  readonly message: string;
}

/** A backup to restore: a whole, the deltas after it without a gap, and the archives of settled ops that were found. */
export interface Chosen {
  readonly book: BookId;
  readonly device: DeviceId;
  /** Signed number of its last part. */
  readonly number: number;
  readonly at: number;
  readonly whole: OpenPart;
  readonly deltas: readonly OpenPart[];
  readonly logs: readonly OpenPart[];
  readonly heads: readonly PartHead[];
  /** Believed parts that cannot be put on top, because one between is missing or damaged: their ops are taken as far as they fit, oldest first. */
  readonly beyond: readonly OpenPart[];
  /** The last op of each chain that any part of this backup or beyond it names: what is not held of these after a restore is missing. */
  readonly known: readonly PartHead[];
}

export interface Judgement {
  readonly verdicts: readonly Verdict[];
  readonly findings: readonly Finding[];
  /** Believed archives of settled ops, whatever there is besides. */
  readonly archives: readonly OpenPart[];
  /** Undefined where nothing that is believed can be restored. */
  readonly chosen: Chosen | undefined;
  /** What else can be restored, the best first, for a program that cannot open `chosen`. */
  readonly others: readonly Chosen[];
}

export interface JudgeOptions {
  readonly openers: readonly Opener[];
  readonly crypto: CryptoProvider;
  /** Whose books: anything else is foreign. The book that all believed files are of when left out; `recovery/which` where they differ. */
  readonly book?: BookId;
  /** Whose backup: the id of the device, or so many of its first digits that no other has them; the only device that has one when left out. */
  readonly device?: string;
  /** The last number that somebody knows of. */
  readonly knownNumber?: number;
  /** Heads that others know: a relay, another device. */
  readonly anchors?: readonly PartHead[];
}

/** A log section holds no more than this, unpacked. */
export const maxLogBytes: number = 1 << 30;

/** Ops are mostly hashes and signatures: what shrinks more is no log, and would only fill the memory before it is found to be forged. */
const mostShrunk = 64;
/** Key id and signature, which a record begins with. */
const sealBytes = 96;

interface Believed extends FoundFile {
  readonly part: OpenPart;
}

/** Throws `recovery/which` where believed files are of several books or devices and nobody said which. */
export async function judgeBackups(files: readonly FoundFile[], options: JudgeOptions): Promise<Judgement> {
  const verdicts: Verdict[] = [];
  const opened: Believed[] = [];
  const refuse = ({ place, name }: FoundFile, code: PartCode, message: string): void =>
    void verdicts.push({ place, name, code, message });
  for (const file of files) {
    const part = await openPart(file.bytes, options.openers, options.crypto.hasher);
    if (part.ok) opened.push({ ...file, part: part.value });
    else refuse(file, part.code, part.message);
  }
  const ofBook = opened.filter((file) => {
    if (options.book === undefined || file.part.header.book === options.book) return true;
    refuse(file, 'recovery/foreign', `it is of book ${file.part.header.book}`);
    return false;
  });
  // What anybody could have made asks nobody which book is meant: only signed parts count.
  const signed = await signedOnly(ofBook, options.crypto, refuse);
  if (options.book === undefined) onlyOne(signed, ({ header }) => header.book, 'book');
  const device = deviceMeant(signed, options.device);
  const own = signed.filter((file) => {
    if (file.part.header.device === device) return true;
    refuse(file, 'recovery/foreign', `it is of device ${file.part.header.device}`);
    return false;
  });
  for (const { place, name, part } of own)
    verdicts.push({ place, name, code: undefined, message: '', number: part.header.number });
  const { chosen, others, findings } = choose(own, options);
  const archives = own.map(({ part }) => part).filter(({ header }) => header.kind === 'log');
  return { verdicts, chosen, others, findings: [...findings, ...unusable(verdicts, own, chosen)], archives };
}

/** Throws `recovery/which` with what there is of each device, for a person to choose from. */
function deviceMeant(files: readonly Believed[], asked = ''): string {
  const newest = new Map<string, OpenPart['header']>();
  for (const { header } of files.map(({ part }) => part))
    if (header.device.startsWith(asked) && header.number >= (newest.get(header.device)?.number ?? 0))
      newest.set(header.device, header);
  if (newest.size <= 1) return [...newest.keys()][0] ?? asked;
  const words = [...newest].map(
    ([device, { number, at }]) => `${device} up to number ${number} of ${new Date(at).toISOString()}`,
  );
  throw new RecoveryError('recovery/which', `backups of more than one device: ${words.sort().join(', ')}`);
}

function onlyOne<T extends string>(files: readonly Believed[], of: (part: OpenPart) => T, what: string): T | undefined {
  const values = new Set(files.map(({ part }) => of(part)));
  if (values.size > 1)
    throw new RecoveryError('recovery/which', `backups of more than one ${what}: ${[...values].join(', ')}`);
  return [...values][0];
}

/**
 * Parts that were found and do not open whole, and that no place has better: by their names, for nothing else of them can be read. Their ops may yet stand in
 * later parts.
 */
function unusable(verdicts: readonly Verdict[], own: readonly Believed[], chosen: Chosen | undefined): Finding[] {
  const held = new Set(own.map(({ part: { header } }) => `${header.kind} ${header.number}`));
  const last = chosen === undefined ? '' : `; ${chosen.number} of ${new Date(chosen.at).toISOString()} is whole`;
  return verdicts.flatMap(({ place, name, code }): Finding[] => {
    const part = code === 'recovery/truncated' || code === 'recovery/damaged' ? parsePartName(name) : undefined;
    const isOwn = own.every(
      ({ part: { header } }) => part && header.book.startsWith(part.book) && header.device.startsWith(part.device),
    );
    if (part === undefined || !isOwn || held.has(`${part.kind} ${part.number}`)) return [];
    // An older whole and what came after it: nothing is missing for want of them.
    if (chosen !== undefined && part.kind !== 'log' && part.number <= chosen.number) return [];
    const what = part.kind === 'log' ? `the archive ${part.number}` : `part ${part.number}`;
    return [
      { code: 'recovery/incomplete', message: `${what} cannot be used (${code}, ${place}) and is nowhere else${last}` },
    ];
  });
}

/** Anybody can seal to a recipient. What counts is a signature by a key that an op of the book brought, back to the op whose hash is the book's id. */
async function signedOnly(
  files: readonly Believed[],
  crypto: CryptoProvider,
  refuse: (file: FoundFile, code: PartCode, message: string) => void,
): Promise<Believed[]> {
  const signed: Believed[] = [];
  for (const book of new Set(files.map(({ part }) => part.header.book))) {
    const ofBook = files.filter(({ part }) => part.header.book === book);
    signed.push(...(await signedOf(ofBook, book, crypto, refuse)));
  }
  return signed;
}

async function signedOf(
  files: readonly Believed[],
  book: BookId,
  crypto: CryptoProvider,
  refuse: (file: FoundFile, code: PartCode, message: string) => void,
): Promise<Believed[]> {
  const records = new Map<string, OpRecord>();
  for (const { part } of files) for (const record of await recordsOf(part, crypto)) records.set(sealOf(record), record);
  const keys = await provenKeys([...records.values()], book, crypto);
  const signed: Believed[] = [];
  for (const file of files) {
    const { header, line, signature } = file.part;
    const key = keys.find(({ device, keyId }) => device === header.device && keyId === header.keyId);
    const isSigned =
      key !== undefined &&
      /^[0-9a-f]{128}$/.test(signature) &&
      (await crypto.ed25519.verify(
        key.publicKey,
        statementPreimage('recovery/1', book, line, crypto.hasher),
        decodeHex(signature),
      ));
    if (isSigned) signed.push(file);
    else
      refuse(file, 'recovery/forged', key === undefined ? 'no device of the book signed it' : 'its signature is none');
  }
  return signed;
}

/** Of the same text under the same key there may be a forger's record too: it must not take the place of the one whose signature is good. */
function sealOf({ hash, bytes }: OpRecord): string {
  return `${hash} ${encodeHex(bytes.subarray(0, sealBytes))}`;
}

/** Everything in a part that may bring a key. What is no bundle brings none. */
async function recordsOf({ sections }: OpenPart, { hasher }: CryptoProvider): Promise<readonly OpRecord[]> {
  const records: OpRecord[] = [];
  for (const [name, bytes] of sections) {
    if (name !== 'proof' && name !== 'log') continue;
    try {
      const file = name === 'proof' ? bytes : await unpacked(bytes, Math.min(maxLogBytes, bytes.length * mostShrunk));
      const from = name === 'proof' ? 0 : file.indexOf(0x0a) + 1;
      records.push(...openRecords(decodeBundle(file.subarray(from)).frames, hasher).records);
    } catch {
      // Unsigned so far: it may be anything.
    }
  }
  return records;
}

function choose(
  files: readonly Believed[],
  { knownNumber, anchors = [], crypto }: JudgeOptions,
): Omit<Judgement, 'verdicts' | 'archives'> {
  const hashOf = ({ line }: OpenPart): string => crypto.hasher.sha256Hex(line);
  const parts = [...new Map(files.map(({ part }) => [hashOf(part), part])).values()];
  const findings: Finding[] = [];
  const candidates = parts
    .filter(({ header }) => header.kind === 'whole')
    .flatMap((whole) => chainsFrom(whole, parts, hashOf));
  const ranked = candidates.sort(
    (a, b) =>
      Number(contradicts(a, anchors)) - Number(contradicts(b, anchors)) ||
      b.number - a.number ||
      b.at - a.at ||
      b.whole.header.number - a.whole.header.number,
  );
  const counted = parts.filter(({ header }) => header.kind !== 'log');
  const copies = copiesIn(counted, hashOf);
  // Where a series goes on twice, what of the other one is also true is for people.
  const more = copies.length > 0 ? [] : parts;
  const [chosen, ...others] = ranked.map((one) => withBeyond(one, more, anchors));
  const newest = Math.max(0, ...counted.map(({ header }) => header.number));
  if (chosen === undefined) {
    if (newest > 0)
      findings.push({ code: 'recovery/withheld', message: `there are parts up to ${newest}, and no whole` });
    return { chosen, others, findings };
  }
  findings.push(...copies, ...withheld(files, chosen, newest), ...olderThan(chosen, knownNumber, anchors));
  return { chosen, others, findings };
}

/** With what was made after it and does not fit on it, unless that is of another series. */
function withBeyond(best: Chosen, parts: readonly OpenPart[], anchors: readonly PartHead[]): Chosen {
  const beyond = parts
    .filter(({ header }) =>
      header.kind === 'log' ? header.number > best.whole.header.number : header.number > best.number,
    )
    .filter(({ header }) => !contradicts(header, anchors) && !contradicts(header, best.heads))
    .sort(
      (a, b) => a.header.number - b.header.number || Number(a.header.kind !== 'log') - Number(b.header.kind !== 'log'),
    );
  const known = new Map<string, PartHead>();
  for (const head of [...best.heads, ...beyond.flatMap(({ header }) => header.heads)])
    if (head[2] >= (known.get(chainOf(head))?.[2] ?? 0)) known.set(chainOf(head), head);
  return { ...best, beyond, known: [...known.values()] };
}

/** From a whole through the deltas that name each other: one way, or several where a series went on twice. */
function chainsFrom(whole: OpenPart, parts: readonly OpenPart[], hashOf: (part: OpenPart) => string): Chosen[] {
  const walk = (last: OpenPart, deltas: readonly OpenPart[]): Chosen[] => {
    const { number, at } = last.header;
    const next = parts.filter(
      ({ header }) =>
        header.kind === 'delta' &&
        header.on === whole.header.number &&
        header.number === number + 1 &&
        header.previous === hashOf(last),
    );
    if (next.length > 0) return next.flatMap((delta) => walk(delta, [...deltas, delta]));
    const heads = new Map(
      [whole, ...deltas].flatMap(({ header }) => header.heads.map((head) => [head.slice(0, 2).join(' '), head])),
    );
    const logs = parts.filter(({ header }) => header.kind === 'log' && header.number <= whole.header.number);
    const { book, device } = whole.header;
    const known = [...heads.values()];
    return [{ book, device, number, at, whole, deltas, logs, heads: known, beyond: [], known }];
  };
  return walk(whole, []);
}

/** Others know another op at a place of a chain that the backup knows. */
function contradicts({ heads }: Pick<Chosen, 'heads'>, anchors: readonly PartHead[]): boolean {
  return heads.some(([scope, device, seq, hash]) =>
    anchors.some((known) => known[0] === scope && known[1] === device && known[2] === seq && known[3] !== hash),
  );
}

function withheld(files: readonly Believed[], chosen: Chosen, newest: number): Finding[] {
  const findings: Finding[] = [];
  if (newest > chosen.number)
    findings.push({
      code: 'recovery/withheld',
      message: `part ${chosen.number + 1} is missing: what was found up to ${newest} cannot be put on top of ${chosen.number}`,
    });
  for (const place of new Set(files.map((file) => file.place))) {
    const here = files.filter((file) => file.place === place && file.part.header.kind !== 'log');
    const last = Math.max(0, ...here.map(({ part }) => part.header.number));
    if (last < newest)
      findings.push({
        code: 'recovery/withheld',
        message: `${place} shows parts up to ${last}, others up to ${newest}`,
      });
  }
  return findings;
}

function olderThan(chosen: Chosen, knownNumber: number | undefined, anchors: readonly PartHead[]): Finding[] {
  const findings: Finding[] = [];
  if (knownNumber !== undefined && chosen.number < knownNumber)
    findings.push({
      code: 'recovery/older',
      message: `the newest that was found is ${chosen.number}, and ${knownNumber} was made`,
    });
  for (const [scope, device, seq] of anchors) {
    const head = chosen.heads.find((known) => known[0] === scope && known[1] === device);
    if (device === chosen.device && (head?.[2] ?? 0) < seq)
      findings.push({
        code: 'recovery/withheld',
        message: `others know op ${seq} of this device in ${scope}, the backup ends at ${head?.[2] ?? 0}: newer backups were withheld, or never made`,
      });
  }
  return findings;
}
