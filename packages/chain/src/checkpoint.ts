// The text of a C2SP checkpoint (c2sp.org/tlog-checkpoint): origin, size and root of one scope's log. It is what the home
// relay signs as a note.
import { encodeHex, type Result, type RootHash } from '@tallystick/oplog';
import { encodeBase64, parseBase64 } from './base64.ts';
import { ChainError } from './errors.ts';
import { parseDigestHex } from './hex.ts';

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: RootHash;
}

const sizePattern = /^(?:0|[1-9][0-9]{0,15})$/;

/** The note body. Throws `chain/checkpoint` when a field cannot be written. */
export function encodeCheckpoint({ origin, size, root }: Checkpoint): string {
  const rootBytes = parseDigestHex(root);
  if (origin === '' || origin.includes('\n') || !Number.isSafeInteger(size) || size < 0 || rootBytes === undefined) {
    throw new ChainError('chain/checkpoint', `not a checkpoint: ${JSON.stringify({ origin, size, root })}`);
  }
  return `${origin}\n${size}\n${encodeBase64(rootBytes)}\n`;
}

/** Reads a note body; extension lines are allowed and ignored. Refusal: `chain/checkpoint-format`. */
export function parseCheckpoint(body: string): Result<Checkpoint> {
  const [origin = '', sizeText = '', rootText = '', ...rest] = body.split('\n');
  const root = parseBase64(rootText);
  const size = sizePattern.test(sizeText) ? Number(sizeText) : Number.NaN;
  // Every line ends in a newline, so the split leaves one empty text at the end and nowhere else.
  const closed = rest.length > 0 && rest.indexOf('') === rest.length - 1;
  if (origin === '' || !Number.isSafeInteger(size) || root?.length !== 32 || !closed) {
    return { ok: false, code: 'chain/checkpoint-format', message: 'not the text of a checkpoint' };
  }
  return { ok: true, value: { origin, size, root: encodeHex(root) as RootHash } };
}
