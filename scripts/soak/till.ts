// A till of the soak: it signs a sale, pushes it until it is answered, and remembers the place that it was promised.
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpRecord } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { createConnection } from '../../bench/fleet/connection.ts';
import { type Author, branchOf, sales } from '../../bench/fleet/tills.ts';

export interface Till {
  readonly author: Author;
  /** Of answers that came to the first request. */
  readonly latenciesMs: number[];
  /** Pushes one sale after another until it is over; rejects on an answer that is no promise. */
  run(options: RunOptions): Promise<void>;
  acknowledged(): number;
  unanswered(): number;
  minor(): number;
  /** Whether this op was acknowledged at this place. */
  holds(record: OpRecord, position: number): boolean;
}

export interface RunOptions {
  readonly port: number;
  isOver(): boolean;
  /** From one sale to the next. */
  intervalMs(): number;
}

const retryMs = 50;

export function createTill(number: number, author: Author): Till {
  const scope = branchOf(number);
  const path = `/v1/books/${author.book}/scopes/${encodeURIComponent(scope)}/ops`;
  /** By seq: the place, and the first 48 bits of the hash, which is what a long soak has memory for. */
  const places: number[] = [];
  const marks: number[] = [];
  const latenciesMs: number[] = [];
  let [unanswered, minor] = [0, 0];
  const markOf = ({ hash }: Pick<OpRecord, 'hash'>): number => Number.parseInt(hash.slice(0, 12), 16);

  function requestOf(record: OpRecord): Buffer {
    const body = encodeBundle([record]);
    const head = `POST ${path} HTTP/1.1\r\nhost: relay\r\ncontent-type: application/octet-stream\r\ncontent-length: ${body.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head, 'latin1'), body]);
  }

  async function push(connection: ReturnType<typeof createConnection>, record: OpRecord): Promise<number> {
    const request = requestOf(record);
    for (let tries = 0; ; tries++) {
      const startMs = performance.now();
      const reply = await connection.send(request).catch(() => undefined);
      if (reply?.status === 200) {
        if (tries === 0) latenciesMs.push(performance.now() - startMs);
        const { results } = JSON.parse(reply.body.toString()) as { results: { verdict: string; position?: number }[] };
        const [{ verdict, position } = { verdict: 'none' }] = results;
        if (position === undefined || (verdict !== 'stored' && verdict !== 'exists'))
          throw new Error(`till ${number} was answered ${verdict}`);
        return position;
      }
      if (reply !== undefined && reply.status !== 503 && reply.status !== 429)
        throw new Error(`till ${number} was answered ${reply.status} ${reply.body.toString()}`);
      unanswered += 1;
      await sleep(retryMs);
    }
  }

  return {
    author,
    latenciesMs,
    async run({ port, isOver, intervalMs }) {
      const connection = createConnection(port);
      try {
        let dueMs = performance.now() + Math.random() * Math.min(1_000, intervalMs());
        while (!isOver()) {
          const waitMs = dueMs - performance.now();
          if (waitMs > 0) await sleep(waitMs);
          const [sale] = sales(number * 1_000_003 + places.length, author, 1, scope);
          if (sale === undefined) throw new Error('no sale was made');
          places.push(await push(connection, sale.record));
          marks.push(markOf(sale.record));
          minor += sale.minor;
          dueMs = Math.max(dueMs + intervalMs(), performance.now() - 1_000);
        }
      } finally {
        connection.close();
      }
    },
    acknowledged: () => places.length,
    unanswered: () => unanswered,
    minor: () => minor,
    holds: (record, position) => places[record.op.seq - 1] === position && marks[record.op.seq - 1] === markOf(record),
  };
}
