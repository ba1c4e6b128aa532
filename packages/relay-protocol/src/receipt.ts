// The two notes a relay signs: the checkpoint of a scope's log, and the receipt that names ops with their positions
// (docs/spec/relay.md, "Notes").
import {
  type Checkpoint,
  type Hasher,
  type NoteKey,
  openNote,
  parseCheckpoint,
  type VerifySignature,
} from '@tallystick/chain';
import { type BookId, type OpHash, parseOpHash, type ReceiptLine, type Result, type Scope } from '@tallystick/oplog';

const receiptLine = 'tallystick-receipt/1';
const linePattern = /^(0|[1-9][0-9]{0,15}) ([0-9a-f]{64})$/;

export interface NoteCheck {
  /** The relay's pinned key: never one that came with the note. */
  readonly key: NoteKey;
  readonly origin: string;
  readonly verify: VerifySignature;
  readonly hasher: Hasher;
}

export interface Receipt {
  /** In position order, each position once. */
  readonly lines: readonly ReceiptLine[];
}

/** First line of every note about one scope's log. */
export function originOf(relayName: string, book: BookId, scope: Scope): string {
  return `${relayName}/${book}/${scope}`;
}

/** The text to sign; `lines` in any order. */
export function encodeReceipt(origin: string, lines: readonly ReceiptLine[]): string {
  const hashesByPosition = new Map(lines.map(({ position, hash }) => [position, hash]));
  const sorted = [...hashesByPosition].sort(([left], [right]) => left - right);
  return `${origin}\n${receiptLine}\n${sorted.map(([position, hash]) => `${position} ${hash}\n`).join('')}`;
}

/** Refusals: those of chain's `openNote`, `relay/receipt-format`, `relay/receipt-origin`. */
export async function verifyReceipt(note: string, check: NoteCheck): Promise<Result<Receipt>> {
  const opened = await openNote(note, check.key, check.verify, check.hasher);
  if (!opened.ok) return opened;
  const [origin, kind, ...rest] = opened.value.body.split('\n');
  if (origin !== check.origin) {
    return { ok: false, code: 'relay/receipt-origin', message: `the receipt is about ${origin}, not ${check.origin}` };
  }
  const lines = parseLines(rest.slice(0, -1));
  return kind === receiptLine && lines !== undefined
    ? { ok: true, value: { lines } }
    : { ok: false, code: 'relay/receipt-format', message: 'not the text of a receipt' };
}

/** Refusals: those of chain's `openNote` and `parseCheckpoint`, `relay/checkpoint-origin`. */
export async function verifyCheckpoint(note: string, check: NoteCheck): Promise<Result<Checkpoint>> {
  const opened = await openNote(note, check.key, check.verify, check.hasher);
  if (!opened.ok) return opened;
  const checkpoint = parseCheckpoint(opened.value.body);
  if (!checkpoint.ok || checkpoint.value.origin === check.origin) return checkpoint;
  const message = `the checkpoint is about ${checkpoint.value.origin}, not ${check.origin}`;
  return { ok: false, code: 'relay/checkpoint-origin', message };
}

function parseLines(texts: readonly string[]): ReceiptLine[] | undefined {
  const lines: ReceiptLine[] = [];
  let last = -1;
  for (const text of texts) {
    const [, digits, hex] = linePattern.exec(text) ?? [];
    const position = Number(digits);
    const hash: OpHash | undefined = parseOpHash(hex);
    if (hash === undefined || !Number.isSafeInteger(position) || position <= last) return undefined;
    lines.push({ position, hash });
    last = position;
  }
  return lines.length > 0 ? lines : undefined;
}
