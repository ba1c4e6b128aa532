// What a relay counts, in the form that Prometheus reads (docs/operating.md, "Metrics"). Labels are from closed lists: no id of a book or device, nothing
// that somebody could make up.
import { statSync } from 'node:fs';
import type { RelayEvent, RelayLoad, RelayStore } from '@tallystick/relay-protocol';
import type { HomeLink } from '@tallystick/relay-protocol/federation';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Connections } from './connections.ts';
import { freeBytesOf, type Health } from './health.ts';
import { measureHome } from './home-metrics.ts';
import type { Served } from './served.ts';

export interface Metrics {
  served(served: Served): void;
  event(event: RelayEvent): void;
  /** Something that calls for a person: `claims`, `behind` or `replica`. */
  alarm(kind: 'claims' | 'behind' | 'replica'): void;
  /** In the text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

export interface MeasuredRelay {
  readonly name: string;
  readonly engine: string;
  readonly dataDir: string;
  /** The file that the logs are in, where it is one. */
  readonly storePath: string | undefined;
  readonly store: RelayStore;
  readonly health: Health;
  readonly connections: Connections;
  load(): RelayLoad;
}

const prefix = 'tallystick_relay_';
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `link` of one that follows a home relay. */
export function createMetrics(measured: MeasuredRelay, link?: HomeLink): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[] = []): Counter<T> =>
    new Counter({ name: prefix + name, help, labelNames, registers });
  const seconds = <T extends string>(name: string, help: string, labelNames: readonly T[] = []): Histogram<T> =>
    new Histogram({ name: prefix + name, help, labelNames, registers, buckets: secondsBuckets });
  const requests = seconds(
    'request_seconds',
    'Time from the head of a request to the end of its answer; tails left out.',
    ['request', 'status'],
  );
  const refusals = counter('refusals_total', 'Requests that were refused, by code.', ['code']);
  const verdicts = counter('ops_total', 'Ops handed in, by verdict; `stored` are those that got a position.', [
    'verdict',
  ]);
  const commits = seconds('commit_seconds', 'Time of one commit: pushes judged together, made durable and signed for.');
  const committed = counter('committed_pushes_total', 'Pushes that became durable.');
  const signatures = counter('signatures_checked_total', 'Signatures of ops that were checked.');
  const opened = counter('books_opened_total', 'Books that began here.');
  const failures = counter('failures_total', 'Requests that this relay failed to answer.');
  const alarms = counter('alarms_total', 'What calls for a person.', ['kind']);
  for (const kind of ['claims', 'behind', 'replica']) alarms.inc({ kind }, 0);
  measureState(measured, registers);
  if (link !== undefined) measureHome(link, registers);
  return {
    served({ kind, status, code, durationMs }) {
      if (code !== undefined) refusals.inc({ code });
      if (kind !== 'tail')
        requests.observe({ request: kind, status: `${Math.floor(status / 100)}xx` }, durationMs / 1000);
    },
    event(event) {
      if (event.kind === 'committed') {
        commits.observe(event.durationMs / 1000);
        committed.inc(event.pushes);
        signatures.inc(event.signaturesChecked);
      }
      if (event.kind === 'pushed')
        for (const [verdict, count] of Object.entries(event.verdicts)) verdicts.inc({ verdict }, count);
      if (event.kind === 'opened') opened.inc();
      if (event.kind === 'failed') failures.inc();
      if (event.kind === 'alarm') alarms.inc({ kind: 'claims' });
      if (event.kind === 'behind') alarms.inc({ kind: 'behind' });
    },
    alarm: (kind) => alarms.inc({ kind }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** What is so at the moment that somebody asks. */
function measureState(measured: MeasuredRelay, registers: Registry[]): void {
  const { name, engine, dataDir, storePath, store, health, connections, load } = measured;
  const gauge = (at: string, help: string, read: () => number | Promise<number>): Gauge =>
    new Gauge({
      name: prefix + at,
      help,
      registers,
      async collect() {
        // What cannot be read now is no number: the sample is left out.
        await Promise.resolve()
          .then(read)
          .then(
            (value) => this.set(value),
            () => this.remove(),
          );
      },
    });
  new Gauge({ name: `${prefix}info`, help: 'Always 1.', labelNames: ['name', 'engine'], registers }).set(
    { name, engine },
    1,
  );
  gauge('ready', '1 while pushes are best sent here.', async () => ((await health.condition()) === 'ok' ? 1 : 0));
  gauge('pushes_in_flight', 'Pushes that are here whole and not answered.', () => load().pushes);
  gauge(
    'bytes_in_flight',
    'Bytes of bodies that wait or are half read, as they were sent and, once they are here whole, unpacked.',
    () => load().bytes,
  );
  gauge('tails', 'Streams of the tail that are open.', () => load().tails);
  gauge('connections', 'Open connections.', () => connections.count());
  gauge('connections_evicted', 'Silent connections that were ended to make room, since the start.', () =>
    connections.evicted(),
  );
  gauge('books', 'Books that are here.', async () => store.bookCount());
  gauge('disk_free_bytes', 'Room where the data folder is.', () => freeBytesOf(dataDir));
  if (storePath !== undefined) gauge('store_bytes', 'Size of the database file.', () => statSync(storePath).size);
}
