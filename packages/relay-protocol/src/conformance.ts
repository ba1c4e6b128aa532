// @tallystick/relay-protocol/conformance: the whole protocol of docs/spec/relay.md against any implementation, from outside, one clause after another.
import { type Hasher, portableHasher, parseVerifierKey } from '@tallystick/chain';
import { type Ed25519, nobleEd25519 } from '@tallystick/sign';
import { createRelayClient, type RelayClientOptions } from './client.ts';
import type { Clause } from './conformance-clause.ts';
import { clauses } from './conformance-clauses.ts';
import { readerOf, type Subject, Violation } from './conformance-stage.ts';
import { RelayError } from './errors.ts';
import { signedHeaders } from './request-signature.ts';

export interface ConformanceOptions extends RelayClientOptions {
  /** The relay's key, pinned; what the relay says of itself when left out. */
  readonly vkey?: string;
  readonly crypto?: { readonly hasher: Hasher; readonly ed25519: Ed25519 };
  /** Kills the relay and starts it again over what it stored. Without it, what needs a restart is not run. */
  readonly restart?: () => Promise<void>;
  /** The names of the clauses to run; all when left out. */
  readonly only?: readonly string[];
  /** How long to wait for an event of a tail that must come, in ms. Default 10,000. */
  readonly patienceMs?: number;
  /** Told after each clause. */
  onVerdict?(verdict: ClauseVerdict): void;
}

export interface ClauseVerdict extends Pick<Clause, 'name' | 'section' | 'says'> {
  readonly outcome: 'pass' | 'fail' | 'not-run';
  /** Why it is not a pass. */
  readonly detail: string;
}

/** Every clause in order. Opens a book of its own for each, which stays there. Rejects where no relay answers at all, and with `relay/bad-request` for a name in `only` that no clause has. */
export async function runConformance(options: ConformanceOptions): Promise<readonly ClauseVerdict[]> {
  const { hasher = portableHasher, ed25519 = nobleEd25519 } = options.crypto ?? {};
  const client = createRelayClient(options);
  const { vkey, reads } = await client.info();
  const relay = parseVerifierKey(options.vkey ?? vkey, hasher);
  if (!relay.ok) throw new RelayError('relay/bad-answer', `not the key of a relay: ${options.vkey ?? vkey}`);
  const { fetch: ask = (request: Request) => fetch(request), patienceMs = 10_000, restart, only } = options;
  const url = options.url.replace(/\/+$/, '');
  const subject: Subject = {
    client,
    relay: relay.value,
    reads,
    hasher,
    ed25519,
    url,
    patienceMs,
    restart,
    async send(path, { signedBy, ...init }) {
      const request = new Request(url + path, init);
      const isSigned = signedBy !== undefined && reads === 'devices';
      const headers = isSigned ? await signedHeaders(request.url, readerOf(subject, signedBy), Date.now()) : {};
      for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
      return ask(request);
    },
  };
  const unknown = only?.find((wanted) => !clauses.some(({ name }) => name === wanted));
  if (unknown !== undefined) throw new RelayError('relay/bad-request', `there is no clause ${unknown}`);
  const verdicts: ClauseVerdict[] = [];
  for (const clause of clauses.filter(({ name }) => only?.includes(name) ?? true)) {
    const verdict = await judge(clause, subject);
    verdicts.push(verdict);
    options.onVerdict?.(verdict);
  }
  return verdicts;
}

async function judge({ name, section, says, check, needsRestart }: Clause, subject: Subject): Promise<ClauseVerdict> {
  const clause = { name, section, says };
  if (needsRestart === true && subject.restart === undefined)
    return { ...clause, outcome: 'not-run', detail: 'nothing was given to restart the relay with' };
  try {
    await check(subject);
    return { ...clause, outcome: 'pass', detail: '' };
  } catch (error) {
    return { ...clause, outcome: 'fail', detail: explain(error) };
  }
}

/** What a relay does that nobody foresaw, such as no JSON or no answer at all, is its fault like any other: the clauses after it are run. */
function explain(error: unknown): string {
  if (error instanceof Violation || error instanceof RelayError) return error.message;
  return `what came cannot be read: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
}
