// Asking the office for what a wiped till needs: the book, the sealed backups of its key, and the key out of escrow.
import { parseAdmission } from '../engine/join.ts';
import type { BackupKind, Outcome } from '../engine/port.ts';
import type { RestoreRequest } from '../engine/requests.ts';
import type { Invitation } from '../model/invitation.ts';

/** A till that can come back, and how. */
export interface Returning {
  readonly request: RestoreRequest;
  readonly name: string;
  readonly keyId: string;
  readonly backups: readonly { readonly kind: BackupKind; readonly sealed: string }[];
}

const deadlineMs = 20_000;
const kinds: ReadonlySet<unknown> = new Set<BackupKind>(['passkey', 'organisation', 'shares']);

/** Safe to repeat: the link answers the browser that used it again. `recipient` is the one-time key of this browser. */
export async function askForBackups(link: Invitation, recipient: string): Promise<Outcome<Returning>> {
  const asked = await ask(link, { recipient });
  if (!asked.ok) return asked;
  const returning = parseReturning(asked.value);
  return returning === undefined ? notUnderstood : { ok: true, value: returning };
}

/** The key sealed for this browser, or undefined as long as nobody at the office has opened the escrow. */
export async function askForRelease(link: Invitation, recipient: string): Promise<Outcome<string | undefined>> {
  const asked = await ask(link, { recipient, ask: true });
  if (!asked.ok) return asked;
  const { released } = asked.value;
  if (typeof released !== 'string') return notUnderstood;
  return { ok: true, value: released === '' ? undefined : released };
}

/** What the office shows beside the question, so that a person sees that this browser asks and no other that had the link. */
export function releaseCode(recipient: string): string {
  return (recipient.slice(4, 16).match(/.{1,4}/g) ?? []).join(' ');
}

const notUnderstood = {
  ok: false,
  code: 'till/office-answer',
  message: 'The office answered something this till does not understand.',
} as const;

type Fields = Readonly<Record<string, unknown>>;

async function ask({ office, secret }: Invitation, what: Fields): Promise<Outcome<Fields>> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ secret, ...what });
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const response = await fetch(`${office}/api/restore`, { method: 'POST', headers, body, signal });
    const answer = (await response.json()) as Fields;
    if (response.ok) return { ok: true, value: answer };
    const { code, message } = answer;
    if (typeof code === 'string' && typeof message === 'string') return { ok: false, code, message };
    return notUnderstood;
  } catch (cause) {
    return { ok: false, code: 'till/office-unreachable', message: `the office did not answer: ${String(cause)}` };
  }
}

export function parseReturning(answer: Fields): Returning | undefined {
  const admission = parseAdmission(answer);
  const { device, keyId, name, backups } = answer;
  if (admission === undefined || !isHash(device) || !isHash(keyId) || typeof name !== 'string') return undefined;
  if (!Array.isArray(backups)) return undefined;
  const read = (backups as readonly Fields[]).filter(
    ({ kind, sealed }) => kinds.has(kind) && typeof sealed === 'string',
  );
  return {
    request: { ...admission, device },
    name,
    keyId,
    backups: read as unknown as Returning['backups'],
  };
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
