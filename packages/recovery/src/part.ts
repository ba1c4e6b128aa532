// One file of a backup: a signed header, and the sections that it names, under an age seal. docs/spec/recovery.md, "File" and "Header".
import type { Hasher } from '@tallystick/chain';
import { type Opener, openSealedBytes, sealBytes } from '@tallystick/custody';
import type { SignedStatement } from '@tallystick/kernel/backup';
import { type BookId, type DeviceId, encodeHex, type KeyId, type OpHash, type Scope } from '@tallystick/oplog';
import { type PartResult, RecoveryError, refuse } from './errors.ts';

/** `whole`: rows, and ops without a position. `delta`: what came since the part before. `log`: settled ops, the archive of a period. */
export type PartKind = 'whole' | 'delta' | 'log';

/** How far a scope's log goes with this part. */
export interface PartScope {
  readonly scope: Scope;
  /** Position of the first settled op in the part. */
  readonly from: number;
  /** How many ops were settled. */
  readonly size: number;
  /** How many had no position. */
  readonly pending: number;
}

/** The last op of a chain when the part was made. */
export type PartHead = readonly [scope: string, device: string, seq: number, hash: string];

export interface Section {
  readonly name: string;
  /** As it is stored. */
  readonly bytes: number;
  /** SHA-256 of these, hex. */
  readonly hash: string;
}

export interface PartHeader {
  readonly tallystick: 'recovery/1';
  readonly book: BookId;
  readonly device: DeviceId;
  readonly keyId: KeyId;
  /** 1, 2, 3 ... for the wholes and deltas of a device; a log part has the number of its whole. */
  readonly number: number;
  readonly kind: PartKind;
  /** The whole that a delta goes with; its own number for others. */
  readonly on: number;
  /** SHA-256 of the header line of the whole or delta before; '' where a series begins. */
  readonly previous: string;
  /** By the clock of the device, in ms. */
  readonly at: number;
  /** The relay that the device believes, as a verifier key; '' for none. */
  readonly relay: string;
  /** Where the device writes. */
  readonly scope: Scope;
  readonly scopes: readonly PartScope[];
  readonly heads: readonly PartHead[];
  readonly sections: readonly Section[];
}

/** A part that was opened: whole, and nothing of it believed yet. */
export interface OpenPart {
  readonly header: PartHeader;
  /** The header as it was signed. */
  readonly line: string;
  readonly signature: string;
  readonly sections: ReadonlyMap<string, Uint8Array>;
}

export interface PartToSeal {
  readonly header: Omit<PartHeader, 'tallystick' | 'sections' | 'device' | 'keyId'>;
  readonly author: Pick<PartHeader, 'device' | 'keyId'>;
  readonly sections: ReadonlyMap<string, Uint8Array>;
  /** Signs the header line. */
  sign(line: string): Promise<SignedStatement>;
  /** 1 to 8 age recipients, any of whom opens it. */
  readonly recipients: readonly string[];
}

const outerLine = /^tallystick\/recovery\/1 (\d{1,12})\n/;
const maxOuterBytes = 40;

/** Throws `recovery/recipients`. Answers the file and the SHA-256 of its header line. */
export async function sealPart(part: PartToSeal, hasher: Hasher): Promise<{ bytes: Uint8Array; hash: string }> {
  const sections = [...part.sections].map(
    ([name, bytes]): Section => ({ name, bytes: bytes.length, hash: encodeHex(hasher.sha256(bytes)) }),
  );
  const { book, number, kind, on, previous, at, relay, scope, scopes, heads } = part.header;
  const { device, keyId } = part.author;
  const shared = { tallystick: 'recovery/1', book, device, keyId, number, kind, on, previous, at, relay } as const;
  const header: PartHeader = { ...shared, scope, scopes, heads, sections };
  const line = JSON.stringify(header);
  const { signature } = await part.sign(line);
  const head = new TextEncoder().encode(`${line}\n${signature}\n`);
  const sealed = await seal(joined([head, ...part.sections.values()]), part.recipients);
  const outer = new TextEncoder().encode(`tallystick/recovery/1 ${sealed.length}\n`);
  return { bytes: joined([outer, sealed]), hash: hasher.sha256Hex(line) };
}

async function seal(bytes: Uint8Array, recipients: readonly string[]): Promise<Uint8Array> {
  try {
    return await sealBytes(bytes, recipients);
  } catch (cause) {
    throw new RecoveryError('recovery/recipients', 'there is nobody to seal a backup to', { cause });
  }
}

/** Opens a file with the first opener that fits. Never throws for anything that `bytes` holds. */
export async function openPart(
  bytes: Uint8Array,
  openers: readonly Opener[],
  hasher: Hasher,
): Promise<PartResult<OpenPart>> {
  const outer = outerLine.exec(new TextDecoder().decode(bytes.subarray(0, maxOuterBytes)));
  if (outer === null) return refuse('recovery/not-a-backup', 'this is no file of a backup');
  const sealed = bytes.subarray(outer[0].length);
  const length = Number(outer[1]);
  if (sealed.length < length) return refuse('recovery/truncated', `${length - sealed.length} bytes are missing`);
  if (sealed.length > length) return refuse('recovery/damaged', 'there is more than the file says');
  for (const opener of openers) {
    const opened = await openSealedBytes(sealed, opener);
    if (opened.ok) return readPart(opened.value, hasher);
    if (opened.code !== 'custody/no-match') {
      const isDamaged = opened.code === 'custody/damaged' || opened.code === 'custody/not-sealed';
      return refuse(isDamaged ? 'recovery/damaged' : 'recovery/no-match', opened.message);
    }
  }
  return refuse('recovery/no-match', 'it is sealed to somebody else');
}

/** What stands inside the seal. Never throws; the signature is for whoever knows whose keys count. */
export function readPart(bytes: Uint8Array, hasher: Hasher): PartResult<OpenPart> {
  const first = bytes.indexOf(0x0a);
  const second = first < 0 ? -1 : bytes.indexOf(0x0a, first + 1);
  if (second < 0) return refuse('recovery/format', 'it has no header');
  const line = new TextDecoder().decode(bytes.subarray(0, first));
  const signature = new TextDecoder().decode(bytes.subarray(first + 1, second));
  const header = parseHeader(line);
  if (header === undefined) return refuse('recovery/format', 'its header is none of this version');
  const sections = new Map<string, Uint8Array>();
  let at = second + 1;
  for (const { name, bytes: length, hash } of header.sections) {
    const section = bytes.subarray(at, at + length);
    if (section.length < length) return refuse('recovery/truncated', `section ${name} is not whole`);
    if (encodeHex(hasher.sha256(section)) !== hash) return refuse('recovery/damaged', `section ${name} is another`);
    sections.set(name, section);
    at += length;
  }
  if (at !== bytes.length) return refuse('recovery/format', 'there is more than the header names');
  return { ok: true, value: { header, line, signature, sections } };
}

/** The section of the program that made the part. */
export const NOTE = 'note';
export const maxNoteUnits = 4_096;

/** What the program that made the part left in it; '' where it left nothing. */
export function noteOf({ sections }: OpenPart): string {
  const bytes = sections.get(NOTE);
  return bytes === undefined ? '' : new TextDecoder().decode(bytes).slice(0, maxNoteUnits);
}

const hashForm = /^[0-9a-f]{64}$/;
const isHash = (value: unknown): boolean => typeof value === 'string' && hashForm.test(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isNumber = (value: unknown): boolean => isCount(value) && (value as number) > 0;
const isKind = (value: unknown): boolean => value === 'whole' || value === 'delta' || value === 'log';
const isListOf = (value: unknown, is: (item: unknown) => boolean): boolean => Array.isArray(value) && value.every(is);
const isHead = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length === 4 &&
  isText(value[0]) &&
  isHash(value[1]) &&
  isNumber(value[2]) &&
  isHash(value[3]);

const members: Readonly<Record<keyof PartHeader, (value: unknown) => boolean>> = {
  tallystick: (value) => value === 'recovery/1',
  book: isHash,
  device: isHash,
  keyId: isHash,
  number: isNumber,
  kind: isKind,
  on: isNumber,
  previous: (value) => value === '' || isHash(value),
  at: isCount,
  relay: isText,
  scope: isText,
  scopes: (value) =>
    isListOf(value, (item) => hasExactly(item, { scope: isText, from: isCount, size: isCount, pending: isCount })),
  heads: (value) => isListOf(value, isHead),
  sections: (value) => isListOf(value, (item) => hasExactly(item, { name: isText, bytes: isCount, hash: isHash })),
};

function hasExactly(value: unknown, wanted: Readonly<Record<string, (member: unknown) => boolean>>): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const names = Object.keys(wanted);
  const object = value as Record<string, unknown>;
  return Object.keys(object).join() === names.join() && names.every((name) => wanted[name]?.(object[name]) === true);
}

/** The very text that `sealPart` writes, and nothing else. */
function parseHeader(line: string): PartHeader | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!hasExactly(value, members) || JSON.stringify(value) !== line) return undefined;
    const header = value as PartHeader;
    const isFit = header.kind === 'delta' ? header.on < header.number : header.on === header.number;
    return isFit ? header : undefined;
  } catch {
    return undefined;
  }
}

/** A head as a key of its chain. */
export const chainOf = ([scope, device]: PartHead): string => `${scope} ${device}`;
export const hashOfHead = (head: PartHead): OpHash => head[3] as OpHash;

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
