// What a person does on the office's page about devices and about work that waits. Each is one op of the office's own chain; a refusal of
// the book is answered in words.
import type { Commit } from '@tallystick/kernel';
import type { DeviceId, OpHash } from '@tallystick/oplog';
import { z } from 'zod';
import { enrolDevice, enrolRoles, type ShopBook } from '../book.ts';
import { parseDeviceText } from '../device-text.ts';
import { OfficeError } from '../errors.ts';
import { refusalWords } from '../refusal-words.ts';
import { HttpRefusal, parseBody } from './http.ts';
import { hexSchema } from './join.ts';
import { personActs } from './persons.ts';
import { retentionActs } from './retention.ts';
import { settleVan } from './vans.ts';

export const revokeReasons = ['lost', 'stolen', 'retired', 'cloned', 'left', 'other'] as const;

const revokeSchema = z.strictObject({ device: hexSchema, reason: z.enum(revokeReasons) });
const enrolSchema = z.strictObject({
  text: z.string().min(1).max(200),
  name: z.string().trim().min(1).max(60),
  role: z.enum(enrolRoles),
});
const workSchema = z.strictObject({ ops: z.array(hexSchema).min(1).max(1_000) });
const dismissSchema = z.strictObject({ ops: workSchema.shape.ops, reason: z.string().trim().min(1).max(200) });
const nothingSchema = z.strictObject({});

type Act = (book: ShopBook, body: unknown) => Promise<void>;

/** By the path under `/api/acts/`. */
export const acts: Readonly<Record<string, Act>> = {
  ...Object.fromEntries(
    Object.entries({ ...personActs, ...retentionActs }).map(([name, act]): [string, Act] => [
      name,
      (book, body) => inWords(() => act(book, body)),
    ]),
  ),
  'settle-van': settleVan,
  revoke: async (book, body) => {
    const { device, reason } = parseBody(revokeSchema, body);
    requireDone([await book.commit('device.revoke', { device, reason })]);
  },
  rotate: async (book, body) => {
    parseBody(nothingSchema, body);
    requireDone(await book.rotate());
  },
  enrol: async (book, body) => {
    const { text, name, role } = parseBody(enrolSchema, body);
    const { device, publicKey } = await inWords(() => parseDeviceText(text));
    const known = book.query("SELECT name FROM devices WHERE scope = 'hq' AND device = ?", [device])[0];
    if (known !== undefined) throw new HttpRefusal(409, 'office/refused', refusalWords('kernel/already-enrolled'));
    await inWords(() => enrolDevice(book, { device, publicKey }, name, role));
  },
  adopt: async (book, body) => {
    const { ops } = parseBody(workSchema, body);
    requireDone(await book.commitAll(ops.map((op) => ({ verb: 'device.recover' as const, args: { op } }))));
  },
  dismiss: async (book, body) => {
    const { ops, reason } = parseBody(dismissSchema, body);
    requireDone(await book.commitAll(ops.map((op) => ({ verb: 'device.dismiss' as const, args: { op, reason } }))));
  },
};

/** All that could be done is done; the first refusal is answered. */
function requireDone(commits: readonly Commit[]): void {
  for (const commit of commits) if (!commit.ok) throw new HttpRefusal(409, 'office/refused', refusalWords(commit.code));
}

/** What the office says on purpose is for the person at the page. */
export async function inWords<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OfficeError) throw new HttpRefusal(409, error.code, error.message);
    throw error;
  }
}

/** Work without effect that waits for a person, as the page shows it. */
export interface WaitingWork {
  readonly hash: OpHash;
  readonly device: DeviceId;
  readonly name: string;
  readonly verb: string;
  readonly at: number;
  readonly code: string;
  /** What was tendered with it, less the change; null for other work. */
  readonly paidMinor: number | null;
  readonly lines: readonly string[];
}

const maxShown = 500;

export function readWaitingWork(book: ShopBook): readonly WaitingWork[] {
  const names = new Map(
    book
      .query<{ device: string; name: string }>("SELECT device, name FROM devices WHERE scope = 'hq'")
      .map(({ device, name }) => [device, name]),
  );
  return book
    .quarantine()
    .slice(0, maxShown)
    .map(({ hash, device, verb, at, code, args }) => ({
      hash,
      device,
      name: names.get(device) ?? device.slice(0, 8),
      verb,
      at,
      code,
      ...whatItSays(args),
    }));
}

function whatItSays(args: Readonly<Record<string, unknown>>): Pick<WaitingWork, 'paidMinor' | 'lines'> {
  const tenders = listOf(args['tenders']);
  const paid = tenders?.reduce((sum, { amountMinor }) => sum + Number(amountMinor ?? 0), 0);
  const names = (listOf(args['lines']) ?? []).map(({ name }) => name).filter((name) => typeof name === 'string');
  return {
    paidMinor: paid === undefined ? null : paid - Number(args['changeMinor'] ?? 0),
    lines: names.slice(0, 5),
  };
}

/** The objects of a list; what waits was written by anybody, and no verb has looked at it. */
function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter((item): item is Readonly<Record<string, unknown>> => typeof item === 'object' && item !== null);
}
