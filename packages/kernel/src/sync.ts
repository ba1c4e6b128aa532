/**
 * One exchange with a relay (DESIGN section 7): push what it does not have, keep its receipts, pull what it has beyond our settled prefix, check it,
 * fold it. The network is never waited for inside a transaction, so selling goes on meanwhile.
 */
import { parseVerifierKey } from '@tallystick/chain';
import type { DeviceId, Scope as ScopeName } from '@tallystick/oplog';
import { type RelayClient, RelayError, relayIdOf, signReads } from '@tallystick/relay-protocol';
import { requireReceipted } from './convict.ts';
import { joinLogs, requireListed } from './epoch.ts';
import { KernelError } from './errors.ts';
import { explainRetired, findRelay, inEpoch, requireUnmoved } from './find-relay.ts';
import { takeKept } from './kept-ops.ts';
import { mergeAsides } from './merge-records.ts';
import { convicting, pull } from './pull.ts';
import { type Exchange, push } from './push.ts';
import { askStanding, explainDenial, type ReadingDevice } from './relay-standing.ts';
import type { Replica } from './replica.ts';
import { inOrder } from './scope-order.ts';
import { NOTHING, sum, type SyncReport } from './sync-report.ts';

/** Which scopes an exchange is about: those named, those stored here, and where `isAll` every one that the relay lets this device read. */
export interface WantedScopes {
  readonly named: readonly ScopeName[];
  readonly isAll: boolean;
}

/**
 * Asks who answers, and pins its key or holds it against the one pinned, after the book's own word on which relay it is. Throws `kernel/no-book`,
 * `kernel/relay-key`, `kernel/relay-moved` where the book has appointed another relay than the one that answers.
 */
export async function openExchange(
  replica: Replica,
  client: RelayClient,
  devices: readonly ReadingDevice[],
  nowMs: number,
): Promise<Exchange> {
  const book = replica.book;
  if (book === undefined) throw new KernelError('kernel/no-book', 'there is no book to sync yet');
  const { vkey, reads, mirror } = await client.info();
  const { hasher } = replica.crypto;
  const answering = parseVerifierKey(vkey, hasher);
  if (!answering.ok) throw new KernelError('kernel/relay-key', `not a relay key: ${vkey}`);
  const id = relayIdOf(answering.value, hasher);
  const readers = reads === 'public' ? [] : devices.map((device) => ({ ...device, relay: id }));
  const signed = signReads(client, readers);
  const relay = await findRelay(replica, signed, vkey);
  const follows = mirror === undefined ? {} : { mirror };
  return { replica, client: signed, book, relay, nowMs, moved: new Set(), ...follows };
}

/** What the relay will not let this device read is an error once what it may hand in is handed in. */
export async function syncWith(
  opened: Exchange,
  wanted: WantedScopes,
  options: { readonly pull: boolean; readonly device: DeviceId },
): Promise<{ readonly scopes: readonly ScopeName[]; readonly report: SyncReport }> {
  const { replica, client } = opened;
  let standing = options.pull ? await askStanding(replica, client) : undefined;
  const exchange = await inEpoch(opened, standing?.epoch ?? 0);
  if (standing !== undefined && (await joinLogs(exchange))) standing = await askStanding(replica, client);
  const stored = replica.log.scopes();
  const scopes = inOrder([...wanted.named, ...stored, ...(wanted.isAll ? (standing?.scopes ?? []) : [])]);
  let report = NOTHING;
  // Nothing is handed to a relay that forgot what it said before that is known, and said.
  for (const scope of scopes)
    if (standing?.compare(scope) === 'other') report = sum(report, await pull(exchange, scope));
  // All is handed in before anything is read: a rotation in the last scope may bring the key that the reads are signed with.
  const sizes = new Map<ScopeName, number>();
  for (const scope of scopes) {
    const pushed = await convicting(exchange, scope, () => push(exchange, scope)).catch(async (error: unknown) => {
      throw await explainRetired(exchange, error);
    });
    report = sum(report, pushed.report);
    sizes.set(scope, pushed.size);
  }
  for (const scope of options.pull ? scopes : []) {
    const isNews = (sizes.get(scope) ?? 0) > replica.log.tip(scope).size || standing?.compare(scope) !== 'same';
    if (isNews) report = sum(report, await pullWanted(exchange, scope, wanted, options.device));
    if (report.denied !== undefined) continue;
    await requireReceipted({ ...exchange, scope }, exchange.moved);
  }
  if (options.pull) report = await readRest(exchange, scopes, report);
  const retried = await replica.exclusive(() => mergeAsides(replica));
  return { scopes, report: { ...report, refolded: report.refolded + retried.refolded } };
}

/** What is to be read and looked at once all logs are followed. */
async function readRest(exchange: Exchange, scopes: readonly ScopeName[], report: SyncReport): Promise<SyncReport> {
  await requireUnmoved(exchange);
  if (report.denied !== undefined) return report;
  await requireListed(exchange);
  if (exchange.mirror === undefined) return report;
  return sum(report, { ...NOTHING, refolded: await takeKept(exchange, exchange.mirror, scopes) });
}

/** A log that came here past the relay, and that nobody asked for, may be one that this device may not read there. */
async function pullWanted(
  exchange: Exchange,
  scope: ScopeName,
  { named }: WantedScopes,
  device: DeviceId,
): Promise<SyncReport> {
  try {
    return await pull(exchange, scope);
  } catch (error) {
    const code = error instanceof RelayError ? error.code : undefined;
    if (code === 'relay/mirror-behind' || (code === 'relay/scope' && !named.includes(scope))) return NOTHING;
    // A copy that lags may not know whom the home relay let in.
    if (exchange.mirror !== undefined) throw error;
    throw await explainDenial(exchange.replica, device, error);
  }
}
