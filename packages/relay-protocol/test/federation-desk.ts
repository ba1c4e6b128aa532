// A home relay, a relay that follows it over a line that can be cut, and clients of both, for the tests.
import type { BookId } from '@tallystick/oplog';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  createFollowingRelay,
  type FollowingRelay,
  type FollowingRelayOptions,
  type HomeLinkEvent,
  type Outbox,
} from '../src/federation.ts';
import {
  createMemoryRelayStore,
  createRelayClient,
  type Reader,
  type RelayClient,
  relayIdOf,
  type RelayOptions,
  type RelayStore,
  signReads,
} from '../src/index.ts';
import { createSqliteOutbox } from '../src/node.ts';
import { type Desk, openDesk } from './desk.ts';
import { createFleet, ed25519, type Fleet, hasher, relaySigner, type Writer } from './fleet.ts';

export interface Line {
  /** `lost`: the home relay gets the request, and its answer does not arrive. */
  state: 'up' | 'cut' | 'lost';
  requests: number;
}

export interface Follower extends FollowingRelay {
  readonly client: RelayClient;
  readonly store: RelayStore;
  readonly outbox: Outbox;
  readonly events: HomeLinkEvent[];
}

export interface Federation {
  readonly home: Desk;
  readonly fleet: Fleet;
  readonly line: Line;
  readonly branch: Follower;
  /** The client of a device, whose reads are signed. */
  as(writer: Writer, client?: RelayClient): RelayClient;
  /** Another process on the same outbox and store. */
  another(options?: Partial<FollowingRelayOptions>): Follower;
}

export function readerOf({ key }: Writer): Reader {
  return { device: key.device, sign: (message) => key.sign(message), relay: relayIdOf(relaySigner(), hasher) };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-federation-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A book at home with an auditor in it, under whose key the branch relay reads. */
export async function openFederation(
  options: Partial<FollowingRelayOptions> = {},
  homeOptions: Partial<RelayOptions> = {},
): Promise<Federation> {
  const home = openDesk({ reads: 'devices', ...homeOptions });
  const fleet = createFleet();
  const auditor = fleet.enrol('branch relay', 'auditor');
  await home.push(fleet.book, [fleet.genesis, auditor.enrolment]);
  const line: Line = { state: 'up', requests: 0 };
  const fetch = async (request: Request): Promise<Response> => {
    line.requests += 1;
    if (line.state === 'cut') throw new TypeError('no route to host');
    const answer = await home.relay.fetch(request);
    if (line.state === 'lost') throw new TypeError('connection reset');
    return answer;
  };
  const toHome = createRelayClient({ url: 'http://relay.test', fetch, retry: { attempts: 1 } });
  const client = signReads(toHome, [readerOf(auditor.writer)]);
  const path = join(temporaryFolder(), 'outbox.sqlite');
  const store = createMemoryRelayStore();
  const another = (more: Partial<FollowingRelayOptions> = {}): Follower => {
    const outbox = createSqliteOutbox(path);
    onTestFinished(() => outbox.close());
    const events: HomeLinkEvent[] = [];
    const following = createFollowingRelay({
      client,
      home: relaySigner(),
      mirror: 'branch.test',
      books: [fleet.book],
      node: 'node 1',
      store,
      outbox,
      hasher,
      ed25519,
      timing: { firstPauseMs: 1, maxPauseMs: 2 },
      onHome: (event) => void events.push(event),
      ...options,
      ...more,
    });
    const near = createRelayClient({
      url: 'http://branch.test',
      fetch: (request) => following.relay.fetch(request),
      retry: { baseMs: 0 },
    });
    return { ...following, client: near, store, outbox, events };
  };
  const branch = another();
  const as: Federation['as'] = (writer, near = branch.client) => signReads(near, [readerOf(writer)]);
  await branch.link.exchange();
  return { home, fleet, line, branch, as, another };
}

/** A relay that follows one which follows the home relay. */
export function openBehind(client: RelayClient, book: BookId): Omit<Follower, 'events'> {
  const [store, outbox] = [createMemoryRelayStore(), createSqliteOutbox(':memory:')];
  onTestFinished(() => outbox.close());
  const following = createFollowingRelay({
    client,
    home: relaySigner(),
    mirror: 'far.test',
    books: [book],
    node: 'far',
    store,
    outbox,
    hasher,
    ed25519,
    timing: { firstPauseMs: 1, maxPauseMs: 2 },
    reads: 'public',
  });
  const near = createRelayClient({ url: 'http://far.test', fetch: (request) => following.relay.fetch(request) });
  return { ...following, client: near, store, outbox };
}
