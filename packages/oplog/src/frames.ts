// Groups of ops as text: a bundle cut into numbered frames with checksums, for QR codes, the clipboard and the body of an e-mail.
// docs/spec/op.md, "Frames".
import { encodeBase32, parseBase32 } from './base32.ts';
import { crc32c } from './crc32c.ts';
import { OplogError } from './errors.ts';

/** Bytes a frame of a QR code carries by default: at most 513 characters; version 14 holds 528 at error correction M. */
export const qrFrameBytes = 300;
const textFrameBytes = 1500;
const maxFrames = 9999;
const maxFrameBytes = 2500;
const lineLength = 72;
/** More bundles at once than anyone mixes up; further ones are refused, so that no text costs more than its length. */
const maxSets = 64;
const start = 'TALLY1.';
const framePattern = /TALLY1\.([A-Z2-7]{7})\.([1-9][0-9]{0,3})\.([1-9][0-9]{0,3})\.([A-Z2-7]{1,4000})\.([A-Z2-7]{7})/y;
/** What mail programs put into lines and people do not see: white space and quotation marks. */
const noise = /[\s>|]/g;
const utf8 = new TextEncoder();

/**
 * The frames of a bundle, or of a book file, which is a header and a bundle. Throws `frame/size` for an empty one, for one that
 * needs more than 9,999 frames, and for frames of less than 1 or more than 2,500 bytes.
 */
export function encodeFrames(bundle: Uint8Array, frameBytes: number = qrFrameBytes): string[] {
  const count = Math.ceil(bundle.length / frameBytes);
  const fits = Number.isInteger(frameBytes) && frameBytes >= 1 && frameBytes <= maxFrameBytes;
  if (!fits || count < 1 || count > maxFrames) {
    throw new OplogError('frame/size', `${bundle.length} bytes in frames of ${frameBytes}`);
  }
  const set = checksum(bundle);
  return Array.from({ length: count }, (_, i) => {
    const data = encodeBase32(bundle.subarray(i * frameBytes, (i + 1) * frameBytes));
    const frame = `${start}${set}.${i + 1}.${count}.${data}`;
    return `${frame}.${checksum(utf8.encode(frame))}`;
  });
}

/** A bundle for the clipboard or the body of an e-mail: the same frames, broken into lines. Throws `frame/size`. */
export function encodeText(bundle: Uint8Array): string {
  const lines = encodeFrames(bundle, textFrameBytes).flatMap((frame) => frame.match(linePattern) ?? []);
  return `${lines.join('\n')}\n`;
}

/** What has come of one bundle. */
export interface FrameSet {
  readonly id: string;
  readonly count: number;
  /** Numbers of the frames that have not come, from 1. */
  readonly missing: readonly number[];
  /** Up to the first frame that has not come: a bundle, cut short where one is missing. */
  readonly bundle: Uint8Array;
  /** `whole`; `partial` while frames are missing; `damaged` when all have come and do not make up what was sent. */
  readonly state: 'whole' | 'partial' | 'damaged';
}

export interface DamagedFrame {
  /** Line of the text in which it begins, from 1. */
  readonly line: number;
  /** The number it gives itself, if that can be read; a damaged number is possible. */
  readonly number: number | undefined;
}

export interface FrameCollector {
  /**
   * Takes every frame in a text: one scanned code, a pasted text, a whole e-mail with what people wrote around it. Frames
   * that came before are fine. Answers those that are damaged; never throws.
   */
  add(text: string): readonly DamagedFrame[];
  /** In the order in which their first frames came. */
  sets(): readonly FrameSet[];
}

export function createFrameCollector(): FrameCollector {
  const framesBySet = new Map<string, Map<number, Uint8Array>>();

  function take(match: RegExpExecArray): boolean {
    const [frame, set = '', number = '', count = '', text = '', sum = ''] = match;
    const data = parseBase32(text);
    const isWhole = data !== undefined && sum === checksum(utf8.encode(frame.slice(0, -sum.length - 1)));
    if (!isWhole || Number(number) > Number(count)) return false;
    const key = `${set}.${count}`;
    if (!framesBySet.has(key) && framesBySet.size === maxSets) return false;
    const frames = framesBySet.get(key) ?? new Map<number, Uint8Array>();
    framesBySet.set(key, frames);
    if (!frames.has(Number(number))) frames.set(Number(number), data);
    return true;
  }

  return {
    add(text) {
      const { squeezed, lineAt } = squeeze(text);
      const damaged: DamagedFrame[] = [];
      for (let at = squeezed.indexOf(start); at !== -1; at = squeezed.indexOf(start, at + start.length)) {
        framePattern.lastIndex = at;
        const match = framePattern.exec(squeezed);
        if (match !== null && take(match)) continue;
        const number = /^TALLY1\.[^.]{0,9}\.([1-9][0-9]{0,3})\./.exec(squeezed.slice(at, at + 24))?.[1];
        damaged.push({ line: lineAt(at), number: number === undefined ? undefined : Number(number) });
      }
      return damaged;
    },
    sets: () => [...framesBySet].map(([key, frames]) => assemble(key, frames)),
  };
}

function assemble(key: string, frames: ReadonlyMap<number, Uint8Array>): FrameSet {
  const [id = '', countText] = key.split('.');
  const count = Number(countText);
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  const missing = numbers.filter((number) => !frames.has(number));
  const whole = numbers
    .slice(0, (missing[0] ?? count + 1) - 1)
    .map((number) => frames.get(number) ?? new Uint8Array(0));
  const bundle = new Uint8Array(whole.reduce((size, data) => size + data.length, 0));
  let offset = 0;
  for (const data of whole) {
    bundle.set(data, offset);
    offset += data.length;
  }
  const state = missing.length > 0 ? 'partial' : checksum(bundle) === id ? 'whole' : 'damaged';
  return { id, count, missing, bundle, state };
}

/** The text without noise, and the line of the original in which a place of it stands. */
function squeeze(text: string): { squeezed: string; lineAt(index: number): number } {
  const lines = text.split('\n').map((line) => line.replace(noise, ''));
  let length = 0;
  const ends = lines.map((line) => (length += line.length));
  const lineAt = (index: number): number => {
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] as number) > index) high = middle;
      else low = middle + 1;
    }
    return low + 1;
  };
  return { squeezed: lines.join(''), lineAt };
}

/** CRC-32C in base32, 7 characters. */
function checksum(bytes: Uint8Array): string {
  const sum = crc32c(bytes);
  return encodeBase32(Uint8Array.of(sum >>> 24, sum >>> 16, sum >>> 8, sum));
}

const linePattern = new RegExp(`.{1,${lineLength}}`, 'g');
