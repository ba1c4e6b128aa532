/**
 * A thousand tills whose relay was away come back at the same moment: `node bench/fleet/reconnect.ts [TILLS] [SALES]`. Once with clients that leave nothing to chance, and
 * once with those that spread themselves. Prints one line each, and exits 1 where a sale is missing.
 */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { BookId, OpRecord, Scope } from '@tallystick/oplog';
import { createRelayClient } from '@tallystick/relay-protocol';
import { createDice } from '@tallystick/testkit';
import { makeFolder } from '../machine.ts';
import { anySale } from '../sales.ts';
import { mustBe } from '../suite.ts';
import { startRelayProcess } from './relay-process.ts';
import { branchOf, createAuthor, keyOf, openFirm, TILLS_A_BRANCH } from './tills.ts';

const [tills = 1_000, sales = 20] = process.argv.slice(2).map(Number);
const program = fileURLToPath(new URL('../../apps/relay/src/program.ts', import.meta.url));
/** How long the relay is away once everybody asks for it. */
const AWAY_MS = 3_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

interface Till {
  readonly scope: Scope;
  readonly records: readonly OpRecord[];
}

/** As a till does: the client tries five times, then the till pauses ever longer, half of it by chance. */
async function handIn(
  url: string,
  book: BookId,
  till: Till,
  random: () => number,
  said: { tries: number; busy: number },
): Promise<number> {
  const counted: typeof fetch = async (...request) => {
    said.tries += 1;
    const answer = await fetch(...request);
    if (answer.status === 503 || answer.status === 429) said.busy += 1;
    return answer;
  };
  const client = createRelayClient({ url, fetch: counted, retry: { random } });
  for (let failures = 1; ; failures += 1) {
    try {
      const { results } = await client.push(book, till.scope, till.records);
      for (const { verdict } of results) mustBe('verdict', ['stored', 'exists'].includes(verdict), true);
      return performance.now();
    } catch {
      const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 16));
      await new Promise((resolve) => setTimeout(resolve, ceiling / 2 + (ceiling / 2) * random()));
    }
  }
}

async function outage(name: string, random: () => number): Promise<void> {
  const folder = makeFolder();
  try {
    let relay = await startRelayProcess(program, join(folder, 'relay'));
    const { port } = relay;
    const firm = openFirm();
    const client = createRelayClient({ url: relay.url });
    await client.push(firm.book, 'hq' as Scope, firm.opening);
    const fleet: Till[] = [];
    for (let first = 0; first < tills; first += TILLS_A_BRANCH) {
      const keys = Array.from({ length: Math.min(TILLS_A_BRANCH, tills - first) }, (_, at) =>
        keyOf(`till ${first + at}`),
      );
      const scope = branchOf(first);
      const enrolments = firm.enrol(scope, keys);
      await client.push(firm.book, scope, enrolments);
      for (const [at, key] of keys.entries()) {
        const author = createAuthor(key, firm.book, () => ({ seq: 0, hash: (enrolments[at] as OpRecord).hash }));
        const dice = createDice(first + at + 1);
        const records = Array.from({ length: sales }, () =>
          author.write(scope, 'sale.complete@1', anySale(dice).args as never),
        );
        fleet.push({ scope, records });
      }
    }
    await relay.stop('SIGTERM');
    const said = { tries: 0, busy: 0 };
    const returning = fleet.map((till) => handIn(`http://127.0.0.1:${port}`, firm.book, till, random, said));
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    relay = await startRelayProcess(program, join(folder, 'relay'), ['--port', String(port)]);
    const ready = performance.now();
    const times = (await Promise.all(returning)).map((ms) => ms - ready).sort((a, b) => a - b);
    const last = times.at(-1) ?? 0;
    const half = times[Math.floor(times.length / 2)] ?? 0;
    const cpuMs = relay.usage().cpuMs;
    console.log(
      `${name}: ${tills} tills x ${sales} sales, all handed in ${Math.round(last)} ms after the relay was back (half of them ${Math.round(half)} ms); ` +
        `${said.tries} requests, ${said.busy} told to come again; relay ${Math.round(cpuMs)} ms CPU`,
    );
    await relay.stop('SIGTERM');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await outage('nothing by chance', () => 0);
await outage('spread', Math.random);
