// Asks an office to admit this device: hands in the invitation and the public half of the device's key, gets the book to
// join, the relay to trust and the records that prove the admission.
import { type BookId, parseBookId, parseScope, type Scope } from '@tallystick/oplog';
import type { Backup, Outcome } from './port.ts';
import type { JoinRequest } from './requests.ts';

export interface Admission {
  readonly book: BookId;
  readonly scope: Scope;
  readonly relay: { readonly url: string; readonly vkey: string };
  /** A book file for `book.import`. */
  readonly bundle: Uint8Array;
}

const deadlineMs = 20_000;

/** The device that is to be let in; `key` is its public key as hex. */
export interface Joining {
  readonly device: string;
  readonly key: string;
}

/** Safe to repeat: an invitation answers the device that used it again. */
export async function askToJoin(
  request: JoinRequest,
  { device, key }: Joining,
  backups: readonly Backup[],
): Promise<Outcome<Admission>> {
  const { secret, till: name } = request;
  const body = JSON.stringify({ secret, device, key, name, backups });
  const headers = { 'content-type': 'application/json' };
  let response: Response;
  let answer: unknown;
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    response = await fetch(`${request.office}/api/join`, { method: 'POST', headers, body, signal });
    answer = await response.json();
  } catch (cause) {
    return { ok: false, code: 'till/office-unreachable', message: `the office did not answer: ${String(cause)}` };
  }
  if (!response.ok) return refusalOf(answer, response.status);
  const admission = parseAdmission(answer);
  if (admission !== undefined) return { ok: true, value: admission };
  return {
    ok: false,
    code: 'till/office-answer',
    message: 'The office answered something this till does not understand.',
  };
}

function refusalOf(answer: unknown, status: number): Outcome<Admission> {
  const { code, message } = (answer ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && typeof message === 'string') return { ok: false, code, message };
  return { ok: false, code: 'till/office-answer', message: `The office answered with status ${status}.` };
}

export function parseAdmission(answer: unknown): Admission | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const fields = answer as { book?: unknown; relay?: unknown; scope?: unknown; bundle?: unknown };
  const book = parseBookId(fields.book);
  const scope = parseScope(fields.scope);
  const { url, vkey } = (fields.relay ?? {}) as { url?: unknown; vkey?: unknown };
  const bundle = typeof fields.bundle === 'string' ? decodeBase64(fields.bundle) : undefined;
  if (book === undefined || scope === undefined || bundle === undefined) return undefined;
  if (typeof url !== 'string' || !URL.canParse(url) || typeof vkey !== 'string') return undefined;
  return { book, scope, relay: { url, vkey }, bundle };
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
