// What people hold in their hands: a backup as one file, the attachment of a mail, the source of a mail pasted whole. Nothing of it is believed here;
// it is taken apart for `judgeBackups`. docs/spec/recovery.md, "Files of people".
import type { FoundFile } from './judge.ts';
import { joined } from './part.ts';
import type { BackupPlace } from './place.ts';
import { parsePartName } from './place.ts';

/** What was found in what a person chose or pasted. */
export interface PersonsFile {
  readonly files: readonly FoundFile[];
  /** Armored age texts that hold an identity: sealed to a passkey or a passphrase, for `openIdentity` of custody. */
  readonly openers: readonly string[];
}

const partLine = /^tallystick\/recovery\/1 (\d{1,12})\n/;
const openerLine = /^tallystick\/opener\/1 (\d{1,6})\n/;
const armorBegin = '-----BEGIN AGE ENCRYPTED FILE-----';
const armorEnd = '-----END AGE ENCRYPTED FILE-----';
const maxLineBytes = 40;
/** Of every first line: `t`. */
const firstByte = 0x74;
/** Base64 of what every part and every file of several begins with. */
const encodedStart = btoa('tallystick/').slice(0, -2);
/** Of a mail that holds more there is little to be believed. */
const maxFiles = 512;

/** One file of everything that a place holds of a device, the openers first. */
export async function joinFiles(place: BackupPlace, openers: readonly string[] = []): Promise<Uint8Array> {
  const pieces = openers.map((text) => {
    const bytes = new TextEncoder().encode(text);
    return joined([new TextEncoder().encode(`tallystick/opener/1 ${bytes.length}\n`), bytes]);
  });
  const names = (await place.list()).filter((name) => parsePartName(name) !== undefined);
  for (const name of names.sort(byUse)) {
    const bytes = await place.load(name);
    if (bytes !== undefined) pieces.push(bytes);
  }
  return joined(pieces);
}

/** What a restore needs first: of a file that was cut, the archives are lost before the rest. */
function byUse(a: string, b: string): number {
  const [one, other] = [parsePartName(a), parsePartName(b)];
  const isLog = Number(one?.kind === 'log') - Number(other?.kind === 'log');
  return isLog || (one?.number ?? 0) - (other?.number ?? 0);
}

/** Takes apart a file of one part or of several, an armored text, or a text with any of these in base64, as a mail has them. Never throws. */
export function filesOf(name: string, bytes: Uint8Array, place = 'file'): PersonsFile {
  const found = takeApart(name, bytes, place);
  if (found.files.length + found.openers.length > 0) return found;
  const inText = filesInText(name, new TextDecoder().decode(bytes), place);
  // What is nothing of ours is named, with the reason, by whoever judges.
  const isEmpty = inText.files.length + inText.openers.length === 0;
  return isEmpty ? { files: [{ place, name, bytes }], openers: [] } : inText;
}

function takeApart(name: string, bytes: Uint8Array, place: string): PersonsFile {
  const openers: string[] = [];
  const parts: { readonly start: number; readonly end: number }[] = [];
  let at = 0;
  while (at < bytes.length && parts.length + openers.length < maxFiles) {
    const line = new TextDecoder().decode(bytes.subarray(at, at + maxLineBytes));
    const part = partLine.exec(line);
    const opener = part === null ? openerLine.exec(line) : null;
    const [head, length] = part ?? opener ?? [];
    if (head === undefined) break;
    const said = at + head.length + Number(length);
    // A length that was changed, or bytes that were lost, cost the part they are of, and none that follows.
    const end = isBegin(bytes, said) ? said : nextBegin(bytes, at + head.length);
    if (part !== null) parts.push({ start: at, end: Math.min(end, bytes.length) });
    else openers.push(new TextDecoder().decode(bytes.subarray(at + head.length, end)));
    at = end;
  }
  const files = parts.map(({ start, end }, index): FoundFile => {
    const isLast = index === parts.length - 1;
    // What follows the last part makes it a damaged one, as it says itself.
    return {
      place,
      name: parts.length === 1 ? name : `${name} (${index + 1})`,
      bytes: bytes.slice(start, isLast ? bytes.length : end),
    };
  });
  return { files, openers };
}

function isBegin(bytes: Uint8Array, at: number): boolean {
  if (at >= bytes.length) return at === bytes.length;
  const line = new TextDecoder().decode(bytes.subarray(at, at + maxLineBytes));
  return partLine.test(line) || openerLine.test(line);
}

function nextBegin(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(firstByte, from); at >= 0; at = bytes.indexOf(firstByte, at + 1))
    if (isBegin(bytes, at)) return at;
  return bytes.length;
}

function filesInText(name: string, text: string, place: string): PersonsFile {
  const files: FoundFile[] = [];
  const openers: string[] = [];
  for (let at = text.indexOf(armorBegin); at >= 0; at = text.indexOf(armorBegin, at + 1)) {
    const end = text.indexOf(armorEnd, at);
    if (end < 0) break;
    openers.push(text.slice(at, end + armorEnd.length));
  }
  // Lines of base64 as mails break them, and one long line as a clipboard has it.
  for (const [run] of text.matchAll(/[A-Za-z0-9+/]+(?:\r?\n[A-Za-z0-9+/]+)*={0,2}/g)) {
    const start = run.indexOf(encodedStart);
    const bytes = start < 0 ? undefined : decoded(run.slice(start).replace(/\s/g, ''));
    if (bytes === undefined) continue;
    const inside = takeApart(name, bytes, place);
    files.push(...inside.files);
    openers.push(...inside.openers);
    if (files.length >= maxFiles) break;
  }
  return { files, openers };
}

function decoded(base64: string): Uint8Array | undefined {
  try {
    // A run that was cut is read as far as it goes, so that it can be called cut.
    const whole = base64.replace(/=+$/, '');
    const binary = atob(whole.slice(0, whole.length - (whole.length % 4 === 1 ? 1 : 0)));
    return Uint8Array.from(binary, (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
