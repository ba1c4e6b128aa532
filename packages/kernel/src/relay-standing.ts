/**
 * Where a relay says the book stands, held against what is settled here, before anything is handed in (docs/spec/relay.md, "Handshake"): a relay that was
 * wiped or put back is noticed at once, and a log that has nothing new is not asked for.
 */
import type { OpHash, Scope as ScopeName } from '@tallystick/oplog';
import { type Handshake, type Reader, type RelayClient, RelayError } from '@tallystick/relay-protocol';
import { devices } from './builtin.ts';
import type { Replica } from './replica.ts';
import { rootOfTip } from './roots.ts';

/** How a scope's log at the relay compares with the settled prefix here. */
export type Comparison = 'same' | 'more' | 'other' | 'unknown';

/** A device that asks, under one of its keys. */
export type ReadingDevice = Pick<Reader, 'device' | 'sign'>;

/** What the relay said; undefined where it would not tell this device anything, which it may after a push. */
export interface RelayStanding {
  /** In which the relay says that it signs. */
  readonly epoch: number;
  readonly scopes: readonly ScopeName[];
  compare(scope: ScopeName): Comparison;
}

/** Roots that one handshake may ask for; of further scopes the sizes alone are compared. */
const maxKnown = 64;
/** What it hands in may begin the book, let this device in, take its revocation back, or bring the key that it signs with. */
const beforePush: ReadonlySet<string> = new Set([
  'relay/unknown-book',
  'relay/not-enrolled',
  'relay/revoked',
  'relay/signature',
  'relay/mirror-behind',
]);

export async function askStanding(replica: Replica, client: RelayClient): Promise<RelayStanding | undefined> {
  const { book, log, crypto } = replica;
  if (book === undefined) return undefined;
  const known = log.scopes().flatMap((scope) => {
    const { size } = log.tip(scope);
    return size === 0 ? [] : [{ scope, size, root: rootOfTip(log.tip(scope), crypto.hasher) }];
  });
  let said: Handshake;
  try {
    said = await client.handshake(book, known.slice(0, maxKnown));
  } catch (error) {
    if (error instanceof RelayError && beforePush.has(error.code)) return undefined;
    throw error;
  }
  const saidByScope = new Map(said.scopes.map((standing) => [standing.scope, standing]));
  const rootByScope = new Map(known.slice(0, maxKnown).map(({ scope, root }) => [scope, root]));
  return {
    epoch: said.epoch,
    scopes: said.scopes.map(({ scope }) => scope),
    compare(scope) {
      const { size } = log.tip(scope);
      const there = saidByScope.get(scope);
      if (there === undefined) return 'unknown';
      const root = rootByScope.get(scope);
      if (there.size < size || (root !== undefined && there.rootAtKnown !== root)) return 'other';
      return there.size > size ? 'more' : 'same';
    },
  };
}

/**
 * What a refusal to read means where the relay had let this device in once: it has the op no more that did so, which it said it would keep. Others
 * are the refusal that they are.
 */
export async function explainDenial(replica: Replica, device: string, error: unknown): Promise<unknown> {
  if (!(error instanceof RelayError) || error.code !== 'relay/not-enrolled') return error;
  for (const { scope, enrolment } of enrolmentsOf(replica, device)) {
    const { position } = (await replica.log.get(enrolment)) ?? {};
    const { note, size } = replica.log.tip(scope);
    if (position === undefined || position >= size || note === '') continue;
    const message = `the relay does not know the op at ${position} of ${scope} any more, which let this device in`;
    return new RelayError('relay/rolled-back', message, { cause: error, evidence: [note] });
  }
  return error;
}

function enrolmentsOf(replica: Replica, device: string): readonly { scope: ScopeName; enrolment: OpHash }[] {
  const rows = replica.sql.query(`SELECT scope, enrolment FROM ${devices.name} WHERE device = ?`, [device]);
  return rows as unknown as { scope: ScopeName; enrolment: OpHash }[];
}
