// What one exchange with the relay, or the lack of one, lets the till say about its connection.
import type { SyncReport } from '@tallystick/kernel';
import type { RelayError } from '@tallystick/relay-protocol';
import type { Link } from './port.ts';
import type { RelaySilence } from './standing.ts';

const distrustCodes: ReadonlySet<string> = new Set([
  'relay/inconsistent',
  'relay/rolled-back',
  'kernel/relay-key',
  'kernel/invalid-log',
]);
const silenceByCode: ReadonlyMap<string, RelaySilence> = new Map([
  ['', 'unreachable'],
  ['relay/unreachable', 'unreachable'],
  ['relay/aborted', 'silent'],
  ['relay/bad-answer', 'garbled'],
  ['relay/busy', 'busy'],
  ['relay/rate', 'busy'],
]);

/** After an exchange that came to its end. */
export function linkAfterReport({ notTaken }: Pick<SyncReport, 'notTaken'>, at: number): Link {
  const [first] = notTaken;
  if (first === undefined) return { kind: 'linked', at };
  if (notTaken.some((result) => result.verdict === 'unknown-device')) return { kind: 'not-enrolled' };
  const count = notTaken.length;
  return { kind: 'refused', reason: `${count} not taken, the first as “${first.verdict}”.` };
}

/** After one that failed. `before` keeps the time since which nobody answers. */
export function linkAfterFailure(error: unknown, before: Link, hasNetwork: boolean, at: number): Link {
  const code = codeOf(error);
  if (distrustCodes.has(code)) return { kind: 'relay-distrusted', reason: messageOf(error) };
  if (code === 'relay/unknown-book') return { kind: 'refused', reason: 'It does not keep this shop’s book.' };
  if (code === 'relay/not-enrolled') return { kind: 'not-enrolled' };
  if (!hasNetwork) return { kind: 'no-network', since: before.kind === 'no-network' ? before.since : at };
  // A server's error that is none of a relay's own: a proxy in front of it does not reach it.
  const isInFront = code === 'relay/refused' && ((error as RelayError).status ?? 0) >= 500;
  const silence = silenceByCode.get(isInFront ? '' : code);
  if (silence !== undefined) {
    const since = before.kind === 'relay-unreachable' ? before.since : at;
    const how = isTimeout(error) ? 'silent' : silence;
    return { kind: 'relay-unreachable', since, reason: messageOf(error), how };
  }
  return { kind: 'refused', reason: `${messageOf(error)}.` };
}

/** The relay was given its time and said nothing. A browser does not tell whether anybody took the call. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof DOMException && error.cause.name === 'TimeoutError';
}

/** The literal code of an error of any of our packages, or ''. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** How long the relay asked to be left alone, in ms; 0 where it did not. The client believes half a minute. */
export function retryAfterMs(error: unknown): number {
  const details = typeof error === 'object' && error !== null && 'details' in error ? error.details : undefined;
  const { retryAfterSeconds } = (details ?? {}) as { readonly retryAfterSeconds?: unknown };
  const isTime = typeof retryAfterSeconds === 'number' && retryAfterSeconds > 0;
  return isTime ? retryAfterSeconds * 1000 : 0;
}
