/**
 * What is carried by hand between two scopes that do not read each other, as one line of text for a code or a message: the note of a transfer, and what
 * was counted on a van. Neither is signed; the op that is made of it is.
 */
// oxlint-disable @tallystick/no-catch, @tallystick/no-unordered -- at the edge, and of lists alone: what comes of it is recorded
import { type Scope, parseScope } from '@tallystick/oplog';
import * as z from 'zod';
import { amountMinor, currency, day, key } from '../fields.ts';
import type { TransferNote } from './args.ts';
import { counted, transferNoteArgs } from './schema.ts';

const notePrefix = 'tallystick:note/1/';
const countPrefix = 'tallystick:van/1/';

/** What lies in a van in the evening, and the cash of its seller's session, as the van counted it without knowing what should be there. */
export interface VanCount {
  readonly scope: Scope;
  readonly day: string;
  readonly currency: string;
  /** The open cash session, and what was counted in its drawer; both or neither. */
  readonly session?: string;
  readonly cashMinor?: number;
  /** How many documents its session had by then: who sells on has more. */
  readonly documents?: number;
  readonly lines: readonly { readonly sku: string; readonly counted: number }[];
}

export function transferNoteText({ transfer, dispatch, from, to, currency, lines }: TransferNote): string {
  const rows = lines.map(({ sku, name, quantity, quantityScale = 0, unitCostMilliMinor, lot }) => [
    sku,
    name,
    quantity,
    quantityScale,
    unitCostMilliMinor,
    ...(lot === undefined ? [] : [lot]),
  ]);
  return encoded(notePrefix, [transfer, dispatch, from, currency, rows, ...(to === undefined ? [] : [to])]);
}

/** Undefined for what is no such note. */
export function parseTransferNoteText(text: string): TransferNote | undefined {
  const [transfer, dispatch, from, money, rows, to] = decoded(notePrefix, text);
  const lines = listOf(rows).map((row) => {
    const [sku, name, quantity, quantityScale, unitCostMilliMinor, lot] = listOf(row);
    return { sku, name, quantity, quantityScale, unitCostMilliMinor, ...(lot === undefined ? {} : { lot }) };
  });
  const loadedFor = to === undefined ? {} : { to };
  const read = transferNoteArgs.safeParse({ transfer, dispatch, from, ...loadedFor, currency: money, lines });
  return read.success ? read.data : undefined;
}

export function vanCountText({ scope, day, currency, session, cashMinor, documents, lines }: VanCount): string {
  const drawer =
    session === undefined || cashMinor === undefined
      ? []
      : [session, cashMinor, ...(documents === undefined ? [] : [documents])];
  return encoded(countPrefix, [scope, day, currency, lines.map(({ sku, counted }) => [sku, counted]), ...drawer]);
}

/** Undefined for what is no such count. */
export function parseVanCountText(text: string): VanCount | undefined {
  const [place, dayOf, money, rows, session, cashMinor, documents] = decoded(countPrefix, text);
  const lines = listOf(rows).map((row) => {
    const [sku, counted] = listOf(row);
    return { sku, counted };
  });
  const drawer = session === undefined ? {} : { session, cashMinor, ...(documents === undefined ? {} : { documents }) };
  const read = vanCountArgs().safeParse({ day: dayOf, currency: money, lines, ...drawer });
  const scope = parseScope(place);
  return read.success && scope !== undefined ? { scope, ...read.data } : undefined;
}

/** Of `van.settle` what the van itself can say: who settles knows the rest. Made when it is asked for, so that who only writes counts does not carry it. */
function vanCountArgs(): z.ZodType<Omit<VanCount, 'scope'>> {
  return z
    .strictObject({
      day,
      currency,
      session: key.exactOptional(),
      cashMinor: amountMinor.exactOptional(),
      documents: counted.exactOptional(),
      lines: z.array(z.strictObject({ sku: key, counted })).max(2_000),
    })
    .refine(({ session, cashMinor }) => (session === undefined) === (cashMinor === undefined));
}

/** Letters, digits and `%` alone, so that a scanner types it on any keyboard that has those. */
function encoded(prefix: string, parts: readonly unknown[]): string {
  return prefix + encodeURIComponent(JSON.stringify(parts));
}

function decoded(prefix: string, text: string): readonly unknown[] {
  const trimmed = text.trim();
  if (!trimmed.startsWith(prefix)) return [];
  try {
    return listOf(JSON.parse(decodeURIComponent(trimmed.slice(prefix.length))));
  } catch {
    return [];
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
